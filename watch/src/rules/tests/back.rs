//! The back channel: codes, tokens, data and what the PGO makes of them.

use protocol::{
    catalogue::{Gegevensdienst, Scope},
    contract::Failure,
    id::{ExchangeId, Opaque, PersonId, ZorgaanbiederId},
    message::{
        Browse, ConsentAnswer, Exception, Fetch, FhirAnswer, GrantType, Issue, Message, OAuthError,
        OfferCode, Page, Peer, Request, Response, TokenGrant, TokenType,
    },
    rule::{self, covers},
    time::Duration,
    trace::{HostChange, Note},
};

use super::{NOBODYS, Verdict, breaks, verdicts};
use crate::rules::script::{
    Attempt, DOCUMENTS, GP, HOSPITAL, LAB, OTHER_PGO, PGO, Script, Told, ZA,
};

/// A whole flow, in which the token is changed.
fn granted(change: impl Fn(&mut TokenGrant) + 'static) -> Script {
    let mut script = Script::new();
    script.twist(move |envelope| {
        if let Message::Response(Response::Token(grant)) = &mut envelope.message {
            change(grant);
        }
    });
    script.verzamelen(1);
    script
}

/// A whole flow, in which the requests for data are changed.
fn fetched(change: impl Fn(&mut Fetch) + 'static) -> Script {
    let mut script = Script::new();
    script.twist(move |envelope| {
        if let Message::Request(Request::Fetch(fetch)) = &mut envelope.message {
            change(fetch);
        }
    });
    script.verzamelen(1);
    script
}

/// A flow whose code came to the PGO GW.
pub(super) fn until_brought(script: &mut Script) -> (Attempt, ExchangeId) {
    let attempt = script.begin(1);
    script.until_code(&attempt);
    let brought = script.bring_code(&attempt);
    (attempt, brought)
}

/// A flow whose token came to the PGO GW.
fn until_token(script: &mut Script) -> (Attempt, ExchangeId) {
    let (attempt, brought) = until_brought(script);
    let offered = script.offer(&attempt, brought);
    script.grant(&attempt, offered);
    (attempt, brought)
}

pub(super) const INVALID_GRANT: Response = Response::TokenError(OAuthError::InvalidGrant);

#[test]
fn a_client_that_offers_a_code_twice_breaks_its_rule_and_not_that_of_the_server_that_refuses() {
    covers(&[rule::CODE_OFFERED_ONCE]);
    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    let offered = script.offer(&attempt, brought);
    script.answer(offered, INVALID_GRANT);
    breaks(&script, &[rule::CODE_OFFERED_ONCE]);
}

#[test]
fn a_code_that_is_honoured_twice_breaks_the_server_s_rules_too() {
    covers(&[rule::CODE_OFFERED_ONCE, rule::CODE_ONCE, rule::STORED_CODES_SAFE]);
    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    let offered = script.offer(&attempt, brought);
    let again = Attempt { token: script.value(), ..attempt };
    script.grant(&again, offered);
    breaks(&script, &[rule::CODE_OFFERED_ONCE, rule::CODE_ONCE, rule::STORED_CODES_SAFE]);
}

#[test]
fn of_two_offers_at_once_the_later_one_may_be_the_one_that_is_honoured() {
    covers(&[rule::CODE_ONCE]);
    let mut script = Script::new();
    let (attempt, brought) = until_brought(&mut script);
    let first = script.offer(&attempt, brought);
    let second = script.offer(&attempt, brought);
    script.grant(&attempt, second);
    script.answer(first, INVALID_GRANT);
    breaks(&script, &[rule::CODE_OFFERED_ONCE]);
}

#[test]
fn a_code_that_was_refused_is_retired_as_well() {
    covers(&[rule::CODE_ONCE, rule::STORED_CODES_SAFE]);
    let mut script = Script::new();
    let (attempt, brought) = until_brought(&mut script);
    let thief = Attempt { pgo: OTHER_PGO, ..attempt.clone() };
    let stolen = script.offer(&thief, brought);
    script.answer(stolen, INVALID_GRANT);
    script.note(attempt.flow, PGO, Note::CodeTakenAsConsent);
    let offered = script.offer(&attempt, brought);
    script.grant(&attempt, offered);
    breaks(&script, &[rule::CODE_ONCE, rule::STORED_CODES_SAFE]);
}

#[test]
fn a_token_for_another_client_than_the_code_was_issued_to_breaks_the_rule() {
    covers(&[rule::CODE_OWN_CLIENT, rule::STORED_CODES_SAFE]);
    let mut script = Script::new();
    let (attempt, brought) = until_brought(&mut script);
    let thief = Attempt { pgo: OTHER_PGO, ..attempt };
    let stolen = script.offer(&thief, brought);
    script.grant(&thief, stolen);
    breaks(&script, &[rule::CODE_OWN_CLIENT, rule::STORED_CODES_SAFE]);
}

#[test]
fn a_code_that_is_honoured_899_s_after_it_left_is_in_time_and_one_of_900_s_is_dead() {
    covers(&[rule::CODE_VALIDITY, rule::STORED_CODES_SAFE]);
    let honoured_after = |age: Duration| {
        let mut script = Script::new();
        script.handshakes = false;
        let attempt = script.begin(1);
        script.until_code(&attempt);
        let left =
            script.events.iter().rev().find_map(|(stamp, told)| {
                matches!(told, Told::Answered { .. }).then_some(stamp.at)
            });
        // Two messages of 8 ms each are still to come before the offer arrives.
        let arrives = left.unwrap() + age;
        script.wait(arrives.since(script.now).saturating_sub(Duration::from_millis(16)));
        let brought = script.bring_code(&attempt);
        let offered = script.offer(&attempt, brought);
        assert_eq!(script.now, arrives);
        script.grant(&attempt, offered);
        script
    };
    breaks(&honoured_after(Duration::from_millis(899_999)), &[]);
    let dead = honoured_after(Duration::from_secs(900));
    breaks(&dead, &[rule::CODE_VALIDITY, rule::STORED_CODES_SAFE]);
}

#[test]
fn a_young_code_that_is_said_to_be_invalid_breaks_its_validity() {
    covers(&[rule::CODE_VALIDITY, rule::STEP_TOKEN]);
    let mut script = Script::new();
    let (attempt, brought) = until_brought(&mut script);
    script.wait(Duration::from_secs(600));
    let offered = script.offer(&attempt, brought);
    script.answer(offered, INVALID_GRANT);
    breaks(&script, &[rule::CODE_VALIDITY, rule::STEP_TOKEN]);
}

#[test]
fn a_good_code_that_is_answered_by_something_else_breaks_step_13() {
    covers(&[rule::STEP_TOKEN]);
    let mut script = Script::new();
    let (attempt, brought) = until_brought(&mut script);
    let offered = script.offer(&attempt, brought);
    script.answer(offered, Response::BadRequest);
    breaks(&script, &[rule::STEP_TOKEN]);
}

#[test]
fn a_code_that_a_crash_forgot_may_be_refused() {
    covers(&[rule::CODE_VALIDITY, rule::STEP_TOKEN]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.until_code(&attempt);
    script.befalls(ZA, HostChange::Crashed);
    let brought = script.bring_code(&attempt);
    let offered = script.offer(&attempt, brought);
    script.answer(offered, INVALID_GRANT);
    script.show(brought, Page::Told(Exception::Code));
    breaks(&script, &[]);
}

#[test]
fn a_code_of_a_client_that_guessed_before_may_be_refused_for_a_while() {
    covers(&[rule::CODE_VALIDITY]);
    let mut script = Script::new();
    let (attempt, brought) = until_brought(&mut script);
    let guess = Attempt { code: NOBODYS, ..attempt.clone() };
    let offered = script.offer(&guess, brought);
    script.answer(offered, INVALID_GRANT);
    let offered = script.offer(&attempt, brought);
    script.answer(offered, INVALID_GRANT);
    // The PGO that offers what nobody gave it is not without blame.
    breaks(&script, &[rule::STEP_OFFER_CODE]);
}

#[test]
fn a_token_for_a_code_that_was_never_issued_breaks_the_rule() {
    covers(&[rule::CODE_KNOWN]);
    let mut script = Script::new();
    let (attempt, brought) = until_brought(&mut script);
    let guess = Attempt { code: NOBODYS, ..attempt };
    let offered = script.offer(&guess, brought);
    script.grant(&guess, offered);
    breaks(&script, &[rule::CODE_KNOWN, rule::STEP_OFFER_CODE]);
}

#[test]
fn a_dead_code_that_is_refused_in_another_form_breaks_exception_6() {
    covers(&[rule::EXCEPTION_CODE]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.until_code(&attempt);
    script.wait(Duration::from_secs(900));
    let brought = script.bring_code(&attempt);
    let offered = script.offer(&attempt, brought);
    script.answer(offered, Response::TokenError(OAuthError::InvalidRequest));
    breaks(&script, &[rule::EXCEPTION_CODE]);
}

#[test]
fn another_grant_type_breaks_the_rule_at_the_client_and_where_it_is_honoured() {
    covers(&[rule::GRANT_TYPE]);
    let offers = |grant: bool| {
        let mut script = Script::new();
        script.twist(|envelope| {
            if let Message::Request(Request::OfferCode(offer)) = &mut envelope.message {
                offer.grant_type = GrantType::RefreshToken;
            }
        });
        let (attempt, brought) = until_brought(&mut script);
        let offered = script.offer(&attempt, brought);
        if grant {
            script.grant(&attempt, offered);
        } else {
            script.answer(offered, Response::TokenError(OAuthError::UnsupportedGrantType));
        }
        script
    };
    breaks(&offers(false), &[rule::GRANT_TYPE]);
    breaks(&offers(true), &[rule::GRANT_TYPE]);
}

#[test]
fn a_code_that_a_browser_offers_is_not_handled_by_the_client_s_server() {
    covers(&[rule::CONFIDENTIAL_CLIENT, rule::STEP_OFFER_CODE, rule::MUTUAL_CERTIFICATES]);
    let offers = |grant: bool| {
        let mut script = Script::new();
        let attempt = script.begin(1);
        script.until_code(&attempt);
        let offer = OfferCode {
            grant_type: GrantType::AuthorizationCode,
            code: attempt.code,
            client: script.name(PGO, true),
            redirect: script.redirect_uri(PGO),
        };
        let (to, from) = (script.name(ZA, true), Peer::Browser(None));
        let request = Request::OfferCode(offer);
        let offered = script.ask(attempt.flow, attempt.visitor, to, from, None, request);
        if grant {
            script.grant(&attempt, offered);
        } else {
            script.answer(offered, Response::TokenError(OAuthError::InvalidClient));
        }
        script
    };
    breaks(&offers(false), &[rule::CONFIDENTIAL_CLIENT, rule::STEP_OFFER_CODE]);
    breaks(
        &offers(true),
        &[
            rule::CONFIDENTIAL_CLIENT,
            rule::STEP_OFFER_CODE,
            rule::MUTUAL_CERTIFICATES,
            rule::NORM_CRYPTOGRAPHY,
            rule::CODE_OWN_CLIENT,
            rule::STORED_CODES_SAFE,
        ],
    );
}

#[test]
fn a_code_that_is_offered_at_another_address_breaks_step_12() {
    covers(&[rule::STEP_OFFER_CODE]);
    let mut script = Script::new();
    let (attempt, brought) = until_brought(&mut script);
    let astray = Attempt { za: crate::rules::script::OTHER_ZA, ..attempt };
    let offered = script.offer(&astray, brought);
    script.answer(offered, INVALID_GRANT);
    breaks(&script, &[rule::STEP_OFFER_CODE]);
}

#[test]
fn a_code_that_is_offered_before_it_was_logged_breaks_step_11_by_testimony() {
    covers(&[rule::STEP_PGO_LOGS]);
    let mut script = Script::new();
    script.verzamelen(1);
    script
        .events
        .retain(|(_, told)| !matches!(told, Told::Noted { note: Note::CodeTakenAsConsent, .. }));
    breaks(&script, &[rule::STEP_PGO_LOGS]);
}

#[test]
fn a_token_of_another_lifetime_breaks_its_validity() {
    covers(&[rule::TOKEN_VALIDITY]);
    breaks(&granted(|grant| grant.expires_in = 901), &[rule::TOKEN_VALIDITY]);
}

#[test]
fn a_token_with_a_refresh_token_breaks_that_rule() {
    covers(&[rule::NO_REFRESH_TOKENS]);
    breaks(&granted(|grant| grant.refresh_token = Some(NOBODYS)), &[rule::NO_REFRESH_TOKENS]);
}

#[test]
fn a_token_of_another_type_breaks_the_rule_of_the_bearer() {
    covers(&[rule::BEARER]);
    breaks(&granted(|grant| grant.token_type = TokenType::Other), &[rule::BEARER]);
}

#[test]
fn a_token_for_two_services_is_neither_single_nor_what_was_shown() {
    covers(&[rule::SINGLE_SCOPE, rule::SCOPE_SHOWN]);
    let script = granted(|grant| grant.scope = grant.scope.with(DOCUMENTS));
    breaks(&script, &[rule::SINGLE_SCOPE, rule::SCOPE_SHOWN]);
}

#[test]
fn a_token_that_does_not_say_its_scope_is_for_what_was_asked() {
    let nobody = ZorgaanbiederId(u32::MAX);
    let nothing = Scope::single(nobody, Gegevensdienst(u8::MAX));
    breaks(&granted(move |grant| grant.scope = nothing), &[]);
    breaks(&granted(move |grant| grant.scope = grant.scope.at(nobody)), &[]);
    // What it says counts.
    let other = [rule::SINGLE_SCOPE, rule::SCOPE_SHOWN, rule::TOKEN_COVERS, rule::STEP_ANSWER];
    breaks(&granted(|grant| grant.scope = Scope::single(GP, DOCUMENTS)), &other);
}

#[test]
fn a_value_that_is_no_uuid_of_version_4_breaks_the_form() {
    covers(&[rule::UUID_V4]);
    let mut script = Script::new();
    let mut attempt = script.begin(1);
    attempt.token = Opaque(attempt.token.0 & !(0xf << 76));
    script.all_steps(&attempt);
    breaks(&script, &[rule::UUID_V4]);
    let mut script = Script::new();
    let mut attempt = script.begin(1);
    attempt.code = Opaque(attempt.code.0 & !(0xf << 76));
    script.all_steps(&attempt);
    breaks(&script, &[rule::UUID_V4]);
}

#[test]
fn two_equal_codes_that_are_both_valid_break_uniqueness_and_two_that_are_not_do_not() {
    covers(&[rule::UNIQUE_WHILE_LIVE]);
    let twice = |between: Duration| {
        let mut script = Script::new();
        let first = script.begin(1);
        script.until_code(&first);
        script.wait(between);
        let second = Attempt { code: first.code, ..script.begin(2) };
        script.until_code(&second);
        script
    };
    breaks(&twice(Duration::from_secs(600)), &[rule::UNIQUE_WHILE_LIVE]);
    breaks(&twice(Duration::from_secs(900)), &[]);
}

#[test]
fn a_token_that_two_persons_share_gives_one_of_them_the_other_s_data() {
    covers(&[rule::UNIQUE_WHILE_LIVE, rule::NO_CROSS_READ]);
    let mut script = Script::new();
    let (first, brought) = until_token(&mut script);
    let second = Attempt { token: first.token, ..script.begin(2) };
    script.all_steps(&second);
    // The later grant took the place of the earlier one: its server gives what that covers.
    let fetched = script.fetch(&first, brought, 0);
    let content = script.content(&first, PersonId(2), 0);
    script.answer(fetched, Response::Fhir(FhirAnswer { content, bsn: None }));
    breaks(&script, &[rule::UNIQUE_WHILE_LIVE, rule::NO_CROSS_READ]);
}

#[test]
fn the_data_of_another_person_break_the_reason_for_it_all() {
    covers(&[rule::NO_CROSS_READ, rule::STEP_ANSWER]);
    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    let fetched = script.fetch(&attempt, brought, 0);
    let content = script.content(&attempt, PersonId(2), 0);
    script.answer(fetched, Response::Fhir(FhirAnswer { content, bsn: None }));
    breaks(&script, &[rule::NO_CROSS_READ, rule::STEP_ANSWER]);
}

#[test]
fn a_valid_token_in_a_url_breaks_the_rule_of_token_threats() {
    covers(&[rule::TOKEN_THREATS]);
    // What the ZA GW sent through the browser works as a token.
    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    let in_url = Attempt { token: attempt.code, ..attempt };
    let fetched = script.fetch(&in_url, brought, 0);
    script.give(&in_url, fetched, 0);
    breaks(&script, &[rule::TOKEN_THREATS, rule::TOKEN_KNOWN, rule::STEP_REQUEST]);
}

#[test]
fn a_token_that_another_client_uses_was_not_kept() {
    covers(&[rule::ACCESS_TOKENS_KEPT]);
    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    let thief = Attempt { pgo: OTHER_PGO, ..attempt };
    let fetched = script.fetch(&thief, brought, 0);
    script.give(&thief, fetched, 0);
    breaks(&script, &[rule::ACCESS_TOKENS_KEPT]);
}

#[test]
fn a_bsn_in_a_request_breaks_anonymity_and_step_14() {
    covers(&[rule::NO_IDENTITY_BETWEEN, rule::STEP_REQUEST]);
    let script = fetched(|fetch| fetch.bsn = Some(protocol::bsn::Bsn(PersonId(1))));
    breaks(&script, &[rule::NO_IDENTITY_BETWEEN, rule::STEP_REQUEST]);
}

#[test]
fn a_bsn_in_an_answer_breaks_anonymity_and_step_7() {
    covers(&[rule::NO_IDENTITY_BETWEEN, rule::STEP_BSN]);
    let mut script = Script::new();
    script.twist(|envelope| {
        if let Message::Response(Response::Fhir(answer)) = &mut envelope.message {
            answer.bsn = Some(protocol::bsn::Bsn(PersonId(1)));
        }
    });
    script.verzamelen(1);
    breaks(&script, &[rule::NO_IDENTITY_BETWEEN, rule::STEP_BSN]);
}

#[test]
fn a_query_that_the_catalogue_does_not_have_breaks_its_standards() {
    covers(&[rule::CATALOGUE_STANDARDS]);
    // The same query is still made once, so that none is missing in the end.
    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    let extra = script.fetch(&attempt, brought, 9);
    script.give(&attempt, extra, 9);
    script.store(&attempt, 9);
    script.collect(&attempt, brought);
    breaks(&script, &[rule::CATALOGUE_STANDARDS]);
}

#[test]
fn a_gateway_that_has_data_for_a_query_outside_the_catalogue_breaks_the_standards_as_well() {
    covers(&[rule::CATALOGUE_STANDARDS]);
    let breaches = |gives: bool| {
        let mut script = Script::new();
        let (attempt, brought) = until_token(&mut script);
        let extra = script.fetch(&attempt, brought, 9);
        if gives {
            script.give(&attempt, extra, 9);
        } else {
            script.answer(extra, Response::OperationOutcome(Issue::Incomplete));
        }
        let of_standards = |verdict: &Verdict| verdict.rule == rule::CATALOGUE_STANDARDS;
        verdicts(&script).into_iter().find(of_standards).map(|verdict| verdict.breaches)
    };
    assert_eq!(breaches(false), Some(1), "the client asked");
    assert_eq!(breaches(true), Some(2), "and the server answered");
}

#[test]
fn a_collection_that_ends_without_every_query_breaks_the_standards_too() {
    covers(&[rule::CATALOGUE_STANDARDS]);
    let mut script = Script::new();
    let attempt = script.begin_at(1, HOSPITAL, DOCUMENTS);
    script.until_code(&attempt);
    let brought = script.bring_code(&attempt);
    let offered = script.offer(&attempt, brought);
    script.grant(&attempt, offered);
    let fetched = script.fetch(&attempt, brought, 0);
    script.give(&attempt, fetched, 0);
    script.store(&attempt, 0);
    script.show(brought, Page::Collected { answers: 1 });
    breaks(&script, &[rule::CATALOGUE_STANDARDS]);
}

#[test]
fn an_answer_that_is_not_stored_breaks_step_16_by_testimony() {
    covers(&[rule::STEP_STORE]);
    let mut script = Script::new();
    script.verzamelen(1);
    script.events.retain(|(_, told)| !matches!(told, Told::Noted { note: Note::Stored(_), .. }));
    breaks(&script, &[rule::STEP_STORE]);
}

#[test]
fn data_for_a_token_that_was_never_issued_break_the_rule() {
    covers(&[rule::TOKEN_KNOWN, rule::STEP_REQUEST]);
    let script = fetched(|fetch| fetch.token = NOBODYS);
    breaks(&script, &[rule::TOKEN_KNOWN, rule::STEP_REQUEST]);
}

#[test]
fn data_that_the_token_does_not_cover_break_the_rule() {
    covers(&[rule::TOKEN_COVERS, rule::STEP_ANSWER]);
    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    let other = Attempt { dienst: DOCUMENTS, ..attempt };
    let fetched = script.fetch(&other, brought, 0);
    script.give(&other, fetched, 0);
    breaks(&script, &[rule::TOKEN_COVERS, rule::STEP_ANSWER]);
}

#[test]
fn data_that_are_asked_at_another_address_break_step_14() {
    covers(&[rule::STEP_REQUEST]);
    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    let astray = Attempt { zorgaanbieder: GP, ..attempt };
    let fetched = script.fetch(&astray, brought, 0);
    script.answer(fetched, Response::OperationOutcome(Issue::Suppressed));
    breaks(&script, &[rule::STEP_REQUEST]);
}

#[test]
fn data_for_a_token_of_900_s_break_its_validity() {
    covers(&[rule::TOKEN_VALIDITY]);
    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    script.wait(Duration::from_secs(900));
    let fetched = script.fetch(&attempt, brought, 0);
    script.give(&attempt, fetched, 0);
    breaks(&script, &[rule::TOKEN_VALIDITY]);
}

#[test]
fn a_young_token_that_is_refused_breaks_its_validity_and_step_15() {
    covers(&[rule::TOKEN_VALIDITY, rule::STEP_ANSWER]);
    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    let fetched = script.fetch(&attempt, brought, 0);
    script.answer(fetched, Response::OperationOutcome(Issue::Suppressed));
    breaks(&script, &[rule::TOKEN_VALIDITY, rule::STEP_ANSWER]);
}

#[test]
fn a_token_whose_code_was_offered_again_may_be_refused() {
    covers(&[rule::TOKEN_VALIDITY]);
    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    let offered = script.offer(&attempt, brought);
    script.answer(offered, INVALID_GRANT);
    let fetched = script.fetch(&attempt, brought, 0);
    script.answer(fetched, Response::OperationOutcome(Issue::Suppressed));
    breaks(&script, &[rule::CODE_OFFERED_ONCE]);
}

#[test]
fn a_dead_token_that_is_refused_in_another_form_breaks_exception_7() {
    covers(&[rule::EXCEPTION_TOKEN]);
    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    script.wait(Duration::from_secs(900));
    let fetched = script.fetch(&attempt, brought, 0);
    script.answer(fetched, Response::OperationOutcome(Issue::Incomplete));
    breaks(&script, &[rule::EXCEPTION_TOKEN]);
}

#[test]
fn a_source_that_failed_and_is_told_in_another_form_breaks_exception_8() {
    covers(&[rule::EXCEPTION_DELIVERY]);
    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    let fetched = script.fetch(&attempt, brought, 0);
    let subject = protocol::message::Subject {
        bsn: protocol::bsn::Bsn(attempt.person),
        zorgaanbieder: HOSPITAL,
        dienst: LAB,
    };
    let request = Request::FetchDossier { subject, call: 0, document: 0 };
    let asked = script.ask_source(&attempt, fetched, request);
    script.fail(asked, Failure::TimedOut);
    script.answer(fetched, Response::OperationOutcome(Issue::Suppressed));
    breaks(&script, &[rule::EXCEPTION_DELIVERY]);
}

#[test]
fn a_pgo_that_was_refused_and_says_that_all_was_collected_keeps_it_from_the_person() {
    covers(&[rule::UC_NOT_SUPPLIED]);
    let told = |page| {
        let mut script = Script::new();
        let attempt = script.begin(1);
        script.until_code(&attempt);
        script.wait(Duration::from_secs(900));
        let brought = script.bring_code(&attempt);
        let offered = script.offer(&attempt, brought);
        script.answer(offered, INVALID_GRANT);
        script.show(brought, page);
        script
    };
    breaks(&told(Page::Told(Exception::Code)), &[]);
    breaks(&told(Page::Collected { answers: 0 }), &[rule::UC_NOT_SUPPLIED]);
    breaks(&told(Page::Told(Exception::Token)), &[rule::UC_NOT_SUPPLIED]);
}

#[test]
fn a_collection_that_is_answered_too_late_or_not_at_all_breaks_the_norms() {
    covers(&[rule::NORM_TOKEN_ANSWER, rule::NORM_RESOURCE_ANSWER]);
    let mut script = Script::new();
    let (attempt, brought) = until_brought(&mut script);
    let offered = script.offer(&attempt, brought);
    script.wait(Duration::from_secs(10));
    script.grant(&attempt, offered);
    breaks(&script, &[rule::NORM_TOKEN_ANSWER]);

    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    let fetched = script.fetch(&attempt, brought, 0);
    script.fail(fetched, Failure::Reset);
    script.show(brought, Page::Unreachable);
    breaks(&script, &[rule::NORM_RESOURCE_ANSWER]);
}

#[test]
fn a_request_that_never_reached_the_gateway_is_not_its_delay() {
    covers(&[rule::NORM_TOKEN_ANSWER]);
    let mut script = Script::new();
    let (attempt, brought) = until_brought(&mut script);
    let offered = script.offer(&attempt, brought);
    script.events.retain(
        |(_, told)| !matches!(told, Told::Arrived { envelope, .. } if envelope.exchange == offered),
    );
    script.fail(offered, Failure::Refused);
    script.show(brought, Page::Unreachable);
    breaks(&script, &[]);
}

#[test]
fn a_code_that_is_answered_twice_with_the_same_redirect_is_issued_once() {
    covers(&[rule::CONSENT_FIRST, rule::UNIQUE_WHILE_LIVE]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.until_question(&attempt);
    for _ in 0..2 {
        let answered = script.answer_consent(&attempt, ConsentAnswer::Given);
        script.give_code(&attempt, answered);
    }
    let Attempt { code, state, .. } = attempt;
    let reloaded = script.browse(&attempt, PGO, Browse::Callback { code, state });
    let brought = script.bring_code(&attempt);
    let offered = script.offer(&attempt, brought);
    script.grant(&attempt, offered);
    script.collect(&attempt, brought);
    script.show(reloaded, Page::Collected { answers: 1 });
    breaks(&script, &[]);
}

#[test]
fn two_equal_codes_of_one_client_are_each_offered_once() {
    covers(&[rule::CODE_OFFERED_ONCE, rule::UNIQUE_WHILE_LIVE]);
    let mut script = Script::new();
    let (first, brought) = until_brought(&mut script);
    let second = Attempt { code: first.code, ..script.begin(2) };
    script.until_code(&second);
    let offered = script.offer(&first, brought);
    // The later grant took the place of the earlier one.
    script.grant(&first, offered);
    let brought = script.bring_code(&second);
    let offered = script.offer(&second, brought);
    script.answer(offered, INVALID_GRANT);
    breaks(&script, &[rule::UNIQUE_WHILE_LIVE]);
}

#[test]
fn the_same_token_twice_for_one_code_is_a_breach_of_the_code_and_not_of_the_token() {
    covers(&[rule::CODE_OFFERED_ONCE, rule::CODE_ONCE, rule::STORED_CODES_SAFE]);
    let mut script = Script::new();
    let (attempt, brought) = until_token(&mut script);
    let offered = script.offer(&attempt, brought);
    script.grant(&attempt, offered);
    script.collect(&attempt, brought);
    breaks(&script, &[rule::CODE_OFFERED_ONCE, rule::CODE_ONCE, rule::STORED_CODES_SAFE]);
}
