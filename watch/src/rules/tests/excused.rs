//! What looks like a breach and may be the work of somebody who keeps every rule; and, beside it, what is one.

use protocol::{
    id::Opaque,
    message::{ConsentAnswer, Description, Issue, OAuthError, Response},
    rule::{self, covers},
};

use super::{
    NOBODYS,
    back::{INVALID_GRANT, until_brought},
    breaks,
};
use crate::rules::script::{Attempt, PGO, Script, Told};

#[test]
fn after_several_questions_only_an_answer_to_the_last_is_sure_to_count() {
    covers(&[rule::STEP_CODE, rule::EXCEPTION_REFUSED, rule::NORM_LOGGING]);
    let refused = |csrf: Option<Opaque>, answer: ConsentAnswer| {
        let mut script = Script::new();
        let attempt = script.begin(1);
        script.until_question(&attempt);
        let again = Attempt { csrf: script.value(), ..attempt };
        let returned = script.return_artifact(&again);
        script.question(&again, returned);
        let answers = Attempt { csrf: csrf.unwrap_or(again.csrf), ..again };
        let answered = script.answer_consent(&answers, answer);
        let told = (OAuthError::AccessDenied, Description::AuthorizationFailed);
        script.tell_pgo(&answers, answered, told.0, told.1);
        script
    };
    breaks(&refused(Some(NOBODYS), ConsentAnswer::Given), &[]);
    breaks(&refused(Some(NOBODYS), ConsentAnswer::Refused), &[]);
    breaks(&refused(None, ConsentAnswer::Given), &[rule::STEP_CODE]);
    let not_told = [rule::EXCEPTION_REFUSED, rule::NORM_LOGGING];
    breaks(&refused(None, ConsentAnswer::Refused), &not_told);
}

#[test]
fn a_token_that_was_issued_after_the_second_offer_may_be_taken_back_at_once() {
    covers(&[rule::TOKEN_VALIDITY, rule::STEP_ANSWER]);
    let refused = |offers: usize| {
        let mut script = Script::new();
        let (attempt, brought) = until_brought(&mut script);
        let offered: Vec<_> = (0..offers).map(|_| script.offer(&attempt, brought)).collect();
        script.grant(&attempt, offered[0]);
        for again in &offered[1..] {
            script.answer(*again, INVALID_GRANT);
        }
        let fetched = script.fetch(&attempt, brought, 0);
        script.answer(fetched, Response::OperationOutcome(Issue::Suppressed));
        script
    };
    breaks(&refused(2), &[rule::CODE_OFFERED_ONCE]);
    breaks(&refused(1), &[rule::TOKEN_VALIDITY, rule::STEP_ANSWER]);
}

#[test]
fn notes_that_are_told_of_another_flow_do_not_show_that_anything_is_missing_from_this_one() {
    covers(&[rule::STEP_PGO_LOGS, rule::STEP_STORE]);
    let told_of = |its_own: bool, notes: bool| {
        let mut script = Script::new();
        let attempt = script.begin(1);
        script.until_code(&attempt);
        let before = script.events.len();
        let brought = script.bring_code(&attempt);
        let offered = script.offer(&attempt, brought);
        script.grant(&attempt, offered);
        script.collect(&attempt, brought);
        for (stamp, _) in script.events[before..].iter_mut().filter(|_| !its_own) {
            stamp.flow = None;
        }
        // The browser's own request is surely of its flow.
        script.events[before].0.flow = attempt.flow;
        script.events.retain(|(_, told)| notes || !matches!(told, Told::Noted { host: PGO, .. }));
        script
    };
    breaks(&told_of(false, true), &[]);
    breaks(&told_of(true, true), &[]);
    breaks(&told_of(true, false), &[rule::STEP_PGO_LOGS, rule::STEP_STORE]);
}

#[test]
fn a_code_that_is_equal_to_that_of_an_earlier_attempt_is_another_code() {
    covers(&[rule::UNIQUE_WHILE_LIVE, rule::CODE_ONCE, rule::STORED_CODES_SAFE]);
    let mut script = Script::new();
    let first = script.begin(1);
    let second = Attempt { code: first.code, ..script.begin(1) };
    for attempt in [first, second] {
        script.until_code(&attempt);
        let brought = script.bring_code(&attempt);
        let offered = script.offer(&attempt, brought);
        script.grant(&attempt, offered);
        script.collect(&attempt, brought);
    }
    breaks(&script, &[rule::UNIQUE_WHILE_LIVE]);
}
