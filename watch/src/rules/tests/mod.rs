//! Each rule broken once, and all of them kept in one long run.

mod back;
mod chaos;
mod excused;
mod front;
mod network;

use std::sync::Arc;

use protocol::{
    contract::Failure,
    id::Opaque,
    message::{
        Availability, Browse, ConsentAnswer, Description, Exception, InvalidCause, Issue,
        OAuthError, Page, Response, SamlStatus,
    },
    names::OrganisationId,
    register::{Change, ListKind, ListVersion},
    rule,
    rule::Rule,
    time::Duration,
    trace::Note,
};

use super::{
    Checkers, Finding, Settings, Verdict, is_judged,
    script::{self, DOCUMENTS, GP, HOSPITAL, HOUR, LAB, OTHER_PGO, OTHER_ZA, PGO, Script, ZA},
};

/// What the checkers find in a script.
fn verdicts(script: &Script) -> Vec<Verdict> {
    verdicts_on(script, Settings::default())
}

fn verdicts_on(script: &Script, settings: Settings) -> Vec<Verdict> {
    let mut checkers = Checkers::new(&script.directory, settings);
    for (stamp, told) in &script.events {
        checkers.event(*stamp, &told.event());
    }
    checkers.finish()
}

/// These rules are broken, and no other.
#[track_caller]
fn breaks(script: &Script, expected: &[Rule]) {
    let verdicts = verdicts(script);
    let mut expected = expected.to_vec();
    expected.sort();
    let broken: Vec<Rule> = verdicts
        .iter()
        .filter(|verdict| verdict.breaches > 0)
        .map(|verdict| verdict.rule)
        .collect();
    if broken != expected {
        for breach in
            verdicts.iter().filter_map(|verdict| verdict.first.map(|first| (verdict.rule, first)))
        {
            eprintln!(
                "{}: {} at {:?} by {:?}",
                breach.0,
                breach.1.why.text(),
                breach.1.at,
                breach.1.host
            );
        }
        panic!("broken {broken:?}, expected {expected:?}");
    }
}

/// Gateways fetch their lists for that many hours; once a day they are published.
fn hours_pass(script: &mut Script, hours: u32, numbers: &mut u32) {
    let mut lists: Vec<Arc<ListVersion>> =
        ListKind::ALL.map(|kind| script.publish(kind, *numbers)).into();
    for hour in 0..hours {
        if hour % 24 == 23 {
            *numbers += 1;
            lists = ListKind::ALL.map(|kind| script.publish(kind, *numbers)).into();
        }
        let before = script.now;
        for gateway in [PGO, OTHER_PGO, ZA, OTHER_ZA] {
            for list in &lists {
                script.fetch_list(gateway, list);
            }
        }
        let passed = script.now.since(before);
        script.wait(HOUR.saturating_sub(passed));
    }
}

/// A long run in which everybody keeps every rule, and in which every rule is put to the test.
fn conforming() -> Script {
    let mut script = Script::new();
    let mut numbers = 2;
    script.verzamelen(1);
    let attempt = script.begin_at(2, HOSPITAL, DOCUMENTS);
    script.all_steps(&attempt);
    let attempt = script.begin_at(3, GP, LAB);
    script.all_steps(&attempt);
    exceptions_on_the_front(&mut script);
    exceptions_on_the_back(&mut script);

    // A person who loads the page of the artifact again, and one who answers the question twice.
    let attempt = script.begin(20);
    script.choose(&attempt);
    script.authorize(&attempt);
    script.log_in(&attempt);
    script.ask_consent(&attempt);
    let again = script.return_artifact(&attempt);
    script.identify(&attempt, again, SamlStatus::RequestDenied);
    script.show(again, Page::NoSession);
    let first = script.answer_consent(&attempt, ConsentAnswer::Given);
    let second = script.answer_consent(&attempt, ConsentAnswer::Given);
    script.give_code(&attempt, first);
    script.show(second, Page::NoSession);

    script.change(Change::AddService(0));
    hours_pass(&mut script, 30, &mut numbers);
    script.change(Change::Rename(script.name(PGO, true), OrganisationId(3)));

    numbers += 1;
    // Lists that are not valid reach two nodes, which go on with what they had.
    for (node, kind) in [(PGO, ListKind::Zal), (ZA, ListKind::Whitelist)] {
        let broken = ListVersion { fits_schema: false, ..(*script.publish(kind, numbers)).clone() };
        script.fetch_list(node, &Arc::new(broken));
    }
    script.verzamelen(21);
    numbers += 1;
    hours_pass(&mut script, 20, &mut numbers);
    script.end();
    script
}

fn exceptions_on_the_front(script: &mut Script) {
    // 1: what is asked is not to be had at this gateway.
    let attempt = script.begin(4);
    script.choose(&attempt);
    let elsewhere = script::Attempt { zorgaanbieder: GP, ..attempt.clone() };
    let request = script.request(&elsewhere);
    let exchange = script.browse(&attempt, ZA, Browse::Authorize(request));
    script.show(exchange, Page::RequestInvalid(InvalidCause::Scope));
    let exchange = script.browse(&attempt, PGO, Browse::StopFlow);
    script.show(exchange, Page::Stopped);
    script.finish(&attempt);
    // 2
    let attempt = script.begin(5);
    script.choose(&attempt);
    script.authorize(&attempt);
    script.log_in(&attempt);
    let returned = script.return_artifact(&attempt);
    script.identify(&attempt, returned, SamlStatus::AuthnFailed);
    let told = (OAuthError::UnauthorizedClient, Description::None);
    script.tell_pgo(&attempt, returned, told.0, told.1);
    script.tell_person(&attempt, told.0, told.1, Exception::Identity);
    // 3
    for (person, availability) in [(6, Availability::Nothing), (7, Availability::UnderAge)] {
        let attempt = script.begin(person);
        script.choose(&attempt);
        script.authorize(&attempt);
        script.log_in(&attempt);
        let returned = script.return_artifact(&attempt);
        script.identify(&attempt, returned, SamlStatus::Success);
        script.look_up(&attempt, returned, availability);
        let told = (OAuthError::AccessDenied, Description::NoSuchResources);
        script.tell_pgo(&attempt, returned, told.0, told.1);
        script.tell_person(&attempt, told.0, told.1, Exception::NoData);
    }
    // 4 and 5
    let answers = [
        (ConsentAnswer::Refused, Description::AuthorizationDenied, Exception::Refused),
        (ConsentAnswer::Unclear, Description::AuthorizationFailed, Exception::Authorization),
    ];
    for (person, (answer, description, exception)) in (8..).zip(answers) {
        let attempt = script.begin(person);
        script.until_question(&attempt);
        let answered = script.answer_consent(&attempt, answer);
        if answer == ConsentAnswer::Refused {
            script.note(attempt.flow, ZA, Note::RefusalLogged);
        }
        script.tell_pgo(&attempt, answered, OAuthError::AccessDenied, description);
        script.tell_person(&attempt, OAuthError::AccessDenied, description, exception);
    }
}

fn exceptions_on_the_back(script: &mut Script) {
    // 6: the code is 900 s old.
    let attempt = script.begin(10);
    script.until_code(&attempt);
    script.wait(Duration::from_secs(900));
    let brought = script.bring_code(&attempt);
    let offered = script.offer(&attempt, brought);
    script.answer(offered, Response::TokenError(OAuthError::InvalidGrant));
    script.show(brought, Page::Told(Exception::Code));
    // 7: the token is.
    let attempt = script.begin(11);
    script.until_code(&attempt);
    let brought = script.bring_code(&attempt);
    let offered = script.offer(&attempt, brought);
    script.grant(&attempt, offered);
    script.wait(Duration::from_secs(900));
    let fetched = script.fetch(&attempt, brought, 0);
    script.answer(fetched, Response::OperationOutcome(Issue::Suppressed));
    script.show(brought, Page::Told(Exception::Token));
    // 8: the source does not answer.
    let attempt = script.begin(12);
    script.until_code(&attempt);
    let brought = script.bring_code(&attempt);
    let offered = script.offer(&attempt, brought);
    script.grant(&attempt, offered);
    let fetched = script.fetch(&attempt, brought, 0);
    let subject = protocol::message::Subject {
        bsn: protocol::bsn::Bsn(attempt.person),
        zorgaanbieder: HOSPITAL,
        dienst: LAB,
    };
    let request = protocol::message::Request::FetchDossier { subject, call: 0, document: 0 };
    let asked = script.ask_source(&attempt, fetched, request);
    script.fail(asked, Failure::TimedOut);
    script.answer(fetched, Response::OperationOutcome(Issue::Incomplete));
    script.show(brought, Page::Told(Exception::Delivery));
}

#[test]
fn where_everybody_keeps_the_rules_every_one_is_put_to_the_test_and_kept() {
    let script = conforming();
    for verdict in verdicts(&script) {
        assert_eq!(verdict.finding(), Finding::Kept, "{}: {:?}", verdict.rule, verdict.first);
    }
}

#[test]
fn there_is_a_verdict_for_every_rule_that_is_judged_and_for_no_other() {
    let found: Vec<Rule> = verdicts(&Script::new()).iter().map(|verdict| verdict.rule).collect();
    let judged: Vec<Rule> = Rule::all().filter(|rule| is_judged(*rule)).collect();
    assert_eq!(found, judged);
}

/// What the tests of this folder say of themselves.
const SOURCES: [&str; 3] =
    [include_str!("back.rs"), include_str!("front.rs"), include_str!("network.rs")];

#[test]
fn every_rule_that_is_judged_has_a_test_in_which_it_is_broken() {
    let mut broken = std::collections::BTreeSet::new();
    for call in SOURCES.iter().flat_map(|source| source.split("breaks(").skip(1)) {
        let rules = call.split(");").next().unwrap_or_default();
        for name in rules.split("rule::").skip(1) {
            let end = name.find(|letter: char| {
                !letter.is_ascii_uppercase() && letter != '_' && !letter.is_ascii_digit()
            });
            broken.extend(Rule::from_name(&name[..end.unwrap_or(name.len())]));
        }
    }
    let missing: Vec<Rule> =
        Rule::all().filter(|rule| is_judged(*rule) && !broken.contains(rule)).collect();
    assert_eq!(missing, []);
}

#[test]
fn of_a_stranger_what_happens_inside_is_not_observable_and_others_are_not_judged() {
    let script = conforming();
    let settings = Settings { strangers: vec![ZA], ..Settings::default() };
    let verdicts = verdicts_on(&script, settings);
    let finding = |rule| verdicts.iter().find(|verdict| verdict.rule == rule).map(Verdict::finding);
    assert_eq!(finding(rule::STEP_AVAILABILITY), Some(Finding::NotObservable));
    assert_eq!(finding(rule::NORM_LOGGING), Some(Finding::NotObservable));
    assert_eq!(finding(rule::CODE_ONCE), Some(Finding::Kept));
    assert_eq!(finding(rule::STATE_REQUIRED), Some(Finding::DidNotArise), "the PGO is ours");
    assert!(verdicts.iter().all(|verdict| !verdict.broken()));
}

#[test]
fn who_saw_what_is_counted_by_role_and_class() {
    use protocol::{message::DataClass, role::Role};
    let mut script = Script::new();
    script.verzamelen(1);
    let mut checkers = Checkers::new(&script.directory, Settings::default());
    for (stamp, told) in &script.events {
        checkers.event(*stamp, &told.event());
    }
    let ledger = checkers.ledger();
    assert_eq!(ledger.seen(Role::Pgo, DataClass::Identity), 0, "APP 5");
    assert_eq!(ledger.seen(Role::Pgo, DataClass::Content), 1);
    assert!(ledger.seen(Role::Xis, DataClass::Identity) == 2);
    assert_eq!(ledger.seen(Role::Ocsp, DataClass::Relation), 0);
    let mut twice = ledger.clone();
    twice.merge(ledger);
    assert_eq!(twice.seen(Role::Pgo, DataClass::Content), 2);
}

/// A value that nobody gave.
const NOBODYS: Opaque = Opaque(77);

fn a_host_of_nobody(script: &Script) -> protocol::id::NameId {
    script.redirects[3].host
}
