//! Flows from their events: how they end and why, which steps they took, and where the time went.

mod script;

use protocol::{
    contract::{Failure, Work},
    id::ConnectionId,
    message::{
        Availability, Browse, ConsentAnswer, Description, Exception, InvalidCause, Issue,
        OAuthError, Page, Request, Response, SamlStatus, Secret, Side,
    },
    rule,
    time::{Duration, WallTime},
    trace::{Event, HostChange},
};
use script::{flow::*, *};
use watch::statistics::{FlowRow, Outcome, Replication};

/// Plays scripts in a window of 1,000 seconds, all flows kept.
fn replication(scripts: impl IntoIterator<Item = Script>) -> Replication {
    let mut statistics = all_kept(window(0.0, 1_000.0));
    play(&mut statistics, scripts);
    let replication = statistics.finish();
    assert!(replication.conservation.holds(), "{:?}", replication.conservation);
    replication
}

/// The only flow of a script: its row, checked against what the script knows.
fn only_flow(script: Script) -> FlowRow {
    let spent = script.spent;
    let replication = replication([script]);
    let [row] = replication.flows[..] else { panic!("one flow") };
    assert_eq!(row.human.as_nanos(), spent.human, "human time of {row:?}");
    assert_eq!(row.machine, spent.machine(), "machine time of {row:?}");
    assert_eq!(row.ended.map(|ended| ended.since(row.started)), Some(row.human + row.machine));
    let parts = |of: fn(&watch::statistics::StepTime) -> Duration| -> u64 {
        replication.steps.iter().map(|row| of(&row.time).as_nanos()).sum()
    };
    assert_eq!(parts(|time| time.human), spent.human);
    assert_eq!(parts(|time| time.parts.network), spent.network);
    assert_eq!(parts(|time| time.parts.wait), spent.wait);
    assert_eq!(parts(|time| time.parts.service), spent.service);
    row
}

/// Outcome and cause of the only flow of a script, and its step.
fn end_of(script: Script) -> (Outcome, String, u8) {
    let row = only_flow(script);
    (row.outcome, row.cause.map_or(String::new(), |cause| cause.text(&directory())), row.step)
}

fn script() -> Script {
    Script::flow(0, at(1.0))
}

fn expect(script: Script, outcome: Outcome, cause: &str, step: u8) {
    assert_eq!(end_of(script), (outcome, cause.to_owned(), step));
}

#[test]
fn a_flow_through_all_sixteen_steps_is_completed_and_its_time_is_known_to_the_nanosecond() {
    let mut script = script();
    script.verzamelen(5, 1);
    let row = only_flow(script.clone());
    assert_eq!((row.outcome, row.cause, row.step, row.calls), (Outcome::Completed, None, 16, 1));
    // Every message is 10 ms on its way, every job waits 3 ms and takes 5 ms.
    let expected = [
        // step, human, network, wait, service; milliseconds
        (1, 0, 20, 3, 5),
        (2, 2_000, 30, 3, 5), // There and back to the PGO, then to the ZA GW.
        (3, 0, 0, 3, 5),
        (4, 0, 20, 0, 0),
        (5, 20_000, 20, 3, 5),
        (6, 0, 20, 3, 5),
        (7, 0, 20, 6, 10),
        (8, 0, 20, 6, 10),
        (9, 10_000, 20, 6 - 3, 10 - 5),
        (10, 0, 20, 3, 5),
        (11, 0, 0, 3, 5),
        (12, 0, 10, 0, 0),
        (13, 0, 10, 3, 5),
        (14, 0, 10, 3, 5),
        (15, 0, 30, 9, 15),
        (16, 0, 10, 3, 5),
    ];
    let replication = replication([script]);
    let found: Vec<(u8, u64, u64, u64, u64)> = replication
        .steps
        .iter()
        .map(|row| {
            let ms = |time: Duration| time.as_nanos() / 1_000_000;
            let parts = row.time.parts;
            (
                row.time.step,
                ms(row.time.human),
                ms(parts.network),
                ms(parts.wait),
                ms(parts.service),
            )
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn the_steps_of_several_queries_add_up_and_end_when_they_were_left_last() {
    let mut script = script();
    script.verzamelen(5, 28);
    let end = script.now;
    let row = only_flow(script.clone());
    assert_eq!((row.outcome, row.step, row.calls), (Outcome::Completed, 16, 28));
    let replication = replication([script]);
    let [fourteen, fifteen, sixteen] = replication.steps[13..] else { panic!("three steps") };
    let ms = Duration::from_millis;
    assert_eq!(fourteen.time.parts.network, ms(28 * 10));
    assert_eq!(fifteen.time.parts.network, ms(28 * 30));
    assert_eq!(sixteen.time.parts.service, ms(28 * 5));
    assert_eq!(sixteen.time.ended, end);
    // After the last answer: 8 ms to store it, 10 ms to show it. Before that: a query of 10 + 54 ms.
    assert_eq!(end.since(fifteen.time.ended), ms(18));
    assert_eq!(end.since(fourteen.time.ended), ms(18 + 54));
}

#[test]
fn an_invalid_request_is_exception_1_and_stays_so_when_the_person_has_the_pgo_stop() {
    let invalid = |script: &mut Script| {
        script.open(5);
        script.choose();
        let page = page(Page::RequestInvalid(InvalidCause::RedirectUri));
        script.refused(ZA, ZA_FRONT, authorize(), page, rule::REDIRECT_OF_CLIENT);
    };
    let cause = "REDIRECT_OF_CLIENT@za-1";
    let mut stopped = script();
    invalid(&mut stopped);
    stopped.think(3_000);
    stopped.browse(PGO, PGO_NAME, Browse::StopFlow, page(Page::Stopped));
    stopped.end(false);
    expect(stopped, Outcome::InvalidRequest, cause, 3);

    let mut unreachable = script();
    invalid(&mut unreachable);
    let open =
        unreachable.ask(unreachable.visitor, PGO, PGO_NAME, Request::Browse(Browse::StopFlow));
    unreachable.fail(&open, Failure::Refused, 10);
    unreachable.end(false);
    expect(unreachable, Outcome::InvalidRequest, cause, 3);

    let mut impatient = script();
    invalid(&mut impatient);
    let _ = impatient.ask(impatient.visitor, PGO, PGO_NAME, Request::Browse(Browse::StopFlow));
    impatient.wait(1_000);
    impatient.end(true);
    expect(impatient, Outcome::InvalidRequest, cause, 3);
}

#[test]
fn who_cancels_at_digid_is_told_exception_2_and_is_its_cause() {
    let mut script = script();
    script.open(5);
    script.choose();
    script.reach_digid();
    script.think(4_000);
    let cancel = Browse::CancelLogin { csrf: protocol::id::Opaque(1) };
    script.browse(DIGID, DIGID_FRONT, cancel, redirect(ZA_FRONT, return_artifact()));
    let mut open = script.ask(script.visitor, ZA, ZA_FRONT, Request::Browse(return_artifact()));
    script.arrive(&mut open);
    script.serve(ZA, &[Work::Query]);
    let failed = assertion(SamlStatus::AuthnFailed, 5);
    let resolve = Request::ResolveArtifact {
        artifact: protocol::id::Opaque(5),
        issuer: ZA_FRONT,
        signed: true,
    };
    script.call(ZA, DIGID, DIGID_BACK, resolve, failed, None);
    let error = callback_error(OAuthError::UnauthorizedClient, Description::None);
    script.give(&open, redirect(PGO_NAME, error), Some(rule::EXCEPTION_IDENTITY));
    script.browse(PGO, PGO_NAME, error, page(Page::Told(Exception::Identity)));
    script.end(false);
    expect(script, Outcome::NoIdentity, "cancelled", 7);
}

/// A flow that is told so after step 8 found nothing.
fn nothing_there(availability: Availability, told: Exception) -> Script {
    let mut script = script();
    script.open(5);
    script.choose();
    script.reach_digid();
    let open = script.log_in(5, availability);
    let error = callback_error(OAuthError::AccessDenied, Description::NoSuchResources);
    script.give(&open, redirect(PGO_NAME, error), Some(rule::EXCEPTION_NO_DATA));
    script.browse(PGO, PGO_NAME, error, page(Page::Told(told)));
    script.end(false);
    script.leave();
    script
}

/// A flow in which the person answers no.
fn said_no(told: Exception) -> Script {
    let mut script = script();
    script.reach_consent(5);
    let error = callback_error(OAuthError::AccessDenied, Description::AuthorizationDenied);
    script.consent(ConsentAnswer::Refused, redirect(PGO_NAME, error));
    script.browse(PGO, PGO_NAME, error, page(Page::Told(told)));
    script.end(false);
    script.leave();
    script
}

#[test]
fn nothing_there_is_exception_3_and_a_no_is_exception_4_told_apart_or_not() {
    use Availability::{Nothing, UnderAge};
    expect(nothing_there(Nothing, Exception::NoData), Outcome::NoData, "nothing-there@xis-1", 8);
    expect(nothing_there(UnderAge, Exception::NoData), Outcome::NoData, "under-age@xis-1", 8);
    let hidden = nothing_there(Nothing, Exception::NoDataOrRefused);
    expect(hidden, Outcome::NoData, "nothing-there@xis-1", 8);
    expect(said_no(Exception::Refused), Outcome::ConsentRefused, "said-no", 9);
    expect(said_no(Exception::NoDataOrRefused), Outcome::ConsentRefused, "said-no", 9);
}

#[test]
fn exceptions_3_and_4_are_proper_only_where_they_tell_the_truth() {
    let proper = |script| value(&replication([script]), "flows.proper");
    assert_eq!(proper(nothing_there(Availability::Nothing, Exception::NoData)), 1.0);
    assert_eq!(proper(nothing_there(Availability::UnderAge, Exception::NoData)), 1.0);
    assert_eq!(proper(said_no(Exception::Refused)), 1.0);
    assert_eq!(proper(said_no(Exception::NoData)), 0.0, "there may be something");
    assert_eq!(proper(nothing_there(Availability::Nothing, Exception::Refused)), 0.0);
    assert_eq!(proper(nothing_there(Availability::Nothing, Exception::Authorization)), 0.0);
}

#[test]
fn an_answer_that_is_not_understood_is_exception_5() {
    let mut script = script();
    script.reach_consent(5);
    script.think(1_000);
    let error = callback_error(OAuthError::AccessDenied, Description::AuthorizationFailed);
    let unclear = answer_consent(ConsentAnswer::Unclear);
    script.refused(ZA, ZA_FRONT, unclear, redirect(PGO_NAME, error), rule::EXCEPTION_AUTHORIZATION);
    script.browse(PGO, PGO_NAME, error, page(Page::Told(Exception::Authorization)));
    script.end(false);
    expect(script, Outcome::NoAuthorization, "EXCEPTION_AUTHORIZATION@za-1", 9);
}

#[test]
fn a_refused_code_is_exception_6() {
    let mut script = script();
    let open = script.reach_code(5);
    let refused = Response::TokenError(OAuthError::InvalidGrant);
    script.call(PGO, ZA, ZA_BACK, offer_code(), refused, Some(rule::CODE_VALIDITY));
    script.give(&open, page(Page::Told(Exception::Code)), None);
    script.end(false);
    expect(script, Outcome::CodeRefused, "CODE_VALIDITY@za-1", 13);
}

#[test]
fn a_refused_token_is_exception_7_even_after_a_query_that_went_well() {
    let mut script = script();
    let open = script.reach_code(5);
    script.call(PGO, ZA, ZA_BACK, offer_code(), token(), None);
    script.query(5, 0);
    let refused = Response::OperationOutcome(Issue::Suppressed);
    script.call(PGO, ZA, ZA_BACK, fetch(1), refused, Some(rule::TOKEN_VALIDITY));
    script.give(&open, page(Page::Told(Exception::Token)), None);
    script.end(false);
    let row = only_flow(script.clone());
    assert_eq!((row.outcome, row.step, row.calls), (Outcome::TokenRefused, 15, 2));
    expect(script, Outcome::TokenRefused, "TOKEN_VALIDITY@za-1", 15);
}

#[test]
fn a_source_that_does_not_answer_is_exception_8_and_its_cause() {
    let mut script = script();
    let open = script.reach_code(5);
    script.call(PGO, ZA, ZA_BACK, offer_code(), token(), None);
    let mut fetching = script.ask(PGO, ZA, ZA_BACK, fetch(0));
    script.arrive(&mut fetching);
    script.serve(ZA, &[Work::CheckToken]);
    let dossier = Request::FetchDossier { subject: subject(5), call: 0, document: 0 };
    let behind = script.ask(ZA, XIS, XIS_NAME, dossier);
    script.fail(&behind, Failure::TimedOut, 10_000);
    script.serve(ZA, &[Work::BuildFhir]);
    let incomplete = Response::OperationOutcome(Issue::Incomplete);
    script.give(&fetching, incomplete, Some(rule::EXCEPTION_DELIVERY));
    script.serve(PGO, &[Work::RenderPage]);
    script.give(&open, page(Page::Told(Exception::Delivery)), None);
    script.end(false);
    expect(script, Outcome::NotDelivered, "timed-out@xis-1", 15);
}

#[test]
fn who_leaves_first_has_abandoned() {
    let mut at_a_page = script();
    at_a_page.open(5);
    at_a_page.think(60_000);
    at_a_page.end(false);
    expect(at_a_page, Outcome::Abandoned, "left", 2);

    let mut waiting = script();
    waiting.open(5);
    waiting.think(1_000);
    let _ = waiting.ask(waiting.visitor, PGO, PGO_NAME, Request::Browse(choose()));
    waiting.wait(20_000);
    waiting.end(true);
    expect(waiting, Outcome::Abandoned, "left", 2);

    let mut not_offered = script();
    not_offered.open(5);
    not_offered.think(1_000);
    not_offered.browse(PGO, PGO_NAME, choose(), page(Page::NotOffered));
    not_offered.end(false);
    expect(not_offered, Outcome::Abandoned, "not-offered@pgo-1", 2);
}

#[test]
fn who_is_done_while_an_older_click_is_still_unanswered_has_seen_what_was_shown() {
    let mut script = script();
    script.open(5);
    script.think(1_000);
    let _ = script.ask(script.visitor, PGO, PGO_NAME, Request::Browse(choose()));
    script.browse(PGO, PGO_NAME, choose(), page(Page::NoSession));
    script.end(true);
    expect(script, Outcome::Lost, "no-session@pgo-1", 2);
}

#[test]
fn a_chain_of_redirects_without_end_is_lost() {
    let mut script = script();
    script.open(5);
    script.think(1_000);
    for _ in 0..20 {
        script.browse(PGO, PGO_NAME, choose(), redirect(PGO_NAME, choose()));
    }
    script.end(false);
    expect(script, Outcome::Lost, "", 2);
}

#[test]
fn a_limit_of_the_browser_or_of_a_gateway_is_timed_out() {
    let mut browser = script();
    browser.open(5);
    browser.think(1_000);
    let open = browser.ask(browser.visitor, PGO, PGO_NAME, Request::Browse(choose()));
    browser.fail(&open, Failure::TimedOut, 60_000);
    browser.end(false);
    expect(browser, Outcome::TimedOut, "timed-out@pgo-1", 2);

    let mut gateway = script();
    let open = gateway.reach_code(5);
    let offered = gateway.ask(PGO, ZA, ZA_BACK, offer_code());
    gateway.fail(&offered, Failure::TimedOut, 10_000);
    gateway.serve(PGO, &[Work::RenderPage]);
    gateway.give(&open, page(Page::Unreachable), None);
    gateway.end(false);
    expect(gateway, Outcome::TimedOut, "timed-out@za-1", 12);
}

#[test]
fn a_connection_that_is_not_admitted_is_refused_tls_and_names_the_rule() {
    let mut script = script();
    let open = script.reach_code(5);
    let offered = script.ask(PGO, ZA, ZA_BACK, offer_code());
    script.wait(30);
    script.plain(Event::Verdict {
        connection: ConnectionId(1),
        host: ZA,
        side: Side::Answerer,
        admitted: false,
        refusal: Some(rule::WHITELIST_AT_HANDSHAKE),
        wall: WallTime::default(),
    });
    script.fail(&offered, Failure::ClosedByPeer, 10);
    script.serve(PGO, &[Work::RenderPage]);
    script.give(&open, page(Page::Unreachable), None);
    script.end(false);
    expect(script, Outcome::RefusedTls, "WHITELIST_AT_HANDSHAKE@za-1", 12);
}

#[test]
fn an_ocsp_responder_that_is_silent_is_the_cause_of_a_refused_connection() {
    let mut script = script();
    let open = script.reach_code(5);
    let offered = script.ask(PGO, ZA, ZA_BACK, offer_code());
    let ocsp = script.ask(PGO, OCSP, OCSP_NAME, Request::OcspQuery(protocol::id::Serial(3)));
    script.fail(&ocsp, Failure::TimedOut, 5_000);
    script.plain(Event::Verdict {
        connection: ConnectionId(1),
        host: PGO,
        side: Side::Asker,
        admitted: false,
        refusal: Some(rule::OCSP_AT_HANDSHAKE),
        wall: WallTime::default(),
    });
    script.fail(&offered, Failure::TlsAlert, 0);
    script.serve(PGO, &[Work::RenderPage]);
    script.give(&open, page(Page::Unreachable), None);
    script.end(false);
    expect(script, Outcome::RefusedTls, "timed-out@ocsp-1", 12);
}

#[test]
fn what_breaks_off_for_another_reason_is_lost_and_blamed_on_what_is_known() {
    let mut down = script();
    down.open(5);
    down.choose();
    down.plain(Event::Host { host: ZA, change: HostChange::Down });
    let open = down.ask(down.visitor, ZA, ZA_FRONT, Request::Browse(authorize()));
    down.fail(&open, Failure::Refused, 1);
    down.end(false);
    expect(down, Outcome::Lost, "down@za-1", 2);

    let mut busy = script();
    busy.open(5);
    busy.choose();
    let mut open = busy.ask(busy.visitor, ZA, ZA_FRONT, Request::Browse(authorize()));
    busy.arrive(&mut open);
    busy.plain(Event::TurnedAway { host: ZA });
    busy.give(&open, Response::Unavailable, None);
    busy.end(false);
    expect(busy, Outcome::Lost, "queue-full@za-1", 3);

    let mut forgotten = script();
    forgotten.reach_consent(5);
    forgotten.plain(Event::Host { host: ZA, change: HostChange::Crashed });
    forgotten.consent(ConsentAnswer::Given, page(Page::NoSession));
    forgotten.end(false);
    expect(forgotten, Outcome::Lost, "crashed@za-1", 10);

    let mut expired = script();
    expired.reach_consent(5);
    expired.consent(ConsentAnswer::Given, page(Page::NoSession));
    expired.end(false);
    expect(expired, Outcome::Lost, "no-session@za-1", 10);

    let mut stranger = script();
    stranger.open(5);
    stranger.choose();
    let to_digid = redirect(DIGID_FRONT, authenticate());
    stranger.browse(ZA, ZA_FRONT, authorize(), to_digid);
    let refusal = page(Page::DigidRefuses);
    stranger.refused(DIGID, DIGID_FRONT, authenticate(), refusal, rule::SERVICE_PROVIDER_KNOWN);
    stranger.end(false);
    expect(stranger, Outcome::Lost, "SERVICE_PROVIDER_KNOWN@digid-1", 5);
}

#[test]
fn a_flow_that_has_not_ended_is_running_and_counts_as_longer_than_all() {
    let mut script = script();
    script.reach_consent(5);
    let replication = replication([script]);
    let row = replication.flows[0];
    assert_eq!((row.outcome, row.ended, row.step), (Outcome::Running, None, 9));
    assert_eq!(tally(&replication, "latency.machine").beyond(), 1);
    assert_eq!(value(&replication, "flows.outcome.running"), 1.0);
    assert_eq!(value(&replication, "wishes.started"), 1.0);
    assert_eq!(value(&replication, "wishes.served"), 0.0);
}

#[test]
fn a_failure_that_was_got_over_is_no_cause() {
    let mut script = script();
    script.open(5);
    script.think(1_000);
    let open = script.ask(script.visitor, PGO, PGO_NAME, Request::Browse(choose()));
    script.fail(&open, Failure::Reset, 100);
    script.choose();
    script.reach_digid();
    script.think(1_000);
    let again = page(Page::Login { csrf: protocol::id::Opaque(1), again: true });
    script.browse(DIGID, DIGID_FRONT, log_in(Secret::Wrong), again);
    let open = script.log_in(5, Availability::Nothing);
    let error = callback_error(OAuthError::AccessDenied, Description::NoSuchResources);
    script.give(&open, redirect(PGO_NAME, error), Some(rule::EXCEPTION_NO_DATA));
    script.browse(PGO, PGO_NAME, error, page(Page::Told(Exception::NoData)));
    script.end(false);
    expect(script, Outcome::NoData, "nothing-there@xis-1", 8);
}

#[test]
fn a_person_who_thinks_better_of_it_is_no_cause() {
    let mut script = script();
    script.reach_consent(5);
    let error = callback_error(OAuthError::AccessDenied, Description::AuthorizationDenied);
    script.consent(ConsentAnswer::Refused, redirect(PGO_NAME, error));
    let told = page(Page::Told(Exception::NoDataOrRefused));
    script.browse(PGO, PGO_NAME, error, told.clone());
    // Back to the question, and yes; but the gateway has had its answer.
    script.think(1_000);
    let yes = answer_consent(ConsentAnswer::Given);
    script.refused(ZA, ZA_FRONT, yes, redirect(PGO_NAME, error), rule::EXCEPTION_AUTHORIZATION);
    script.browse(PGO, PGO_NAME, error, told);
    script.end(false);
    // The yes arrived, which is as far as step 9 goes.
    expect(script, Outcome::NoData, "EXCEPTION_AUTHORIZATION@za-1", 10);
}

#[test]
fn the_answer_to_an_older_click_is_not_what_the_person_sees() {
    let mut script = script();
    script.reach_consent(5);
    script.think(5_000);
    // The form is sent twice; the first answer would have ended the flow.
    let consent = Request::Browse(answer_consent(ConsentAnswer::Given));
    let mut first = script.ask(script.visitor, ZA, ZA_FRONT, consent);
    let mut second = script.ask(script.visitor, ZA, ZA_FRONT, consent);
    script.arrive(&mut first);
    script.arrive(&mut second);
    script.serve(ZA, &[Work::IssueCode]);
    script.give(&first, page(Page::NoSession), None);
    script.give(&second, redirect(PGO_NAME, callback()), None);
    let open = script.call_back();
    script.call(PGO, ZA, ZA_BACK, offer_code(), token(), None);
    script.query(5, 0);
    script.give(&open, page(Page::Collected { answers: 1 }), None);
    script.end(false);
    expect(script, Outcome::Completed, "", 16);
}

#[test]
fn time_at_a_page_is_the_persons_whatever_goes_on_behind_it() {
    let mut script = script();
    script.open(5);
    script.think(1_000);
    let choose = Request::Browse(choose());
    let mut old = script.ask(script.visitor, PGO, PGO_NAME, choose);
    script.arrive(&mut old);
    // A reload: its answer is a page, while the first request is still being served.
    let mut new = script.ask(script.visitor, PGO, PGO_NAME, choose);
    script.arrive(&mut new);
    script.serve(PGO, &[Work::RenderPage]);
    let offer = page(Page::Offer { csrf: protocol::id::Opaque(1) });
    script.give(&new, offer.clone(), None);
    let (before, spent) = (script.now, script.spent);
    script.serve(PGO, &[Work::RenderPage]);
    script.give(&old, offer, None);
    script.think(3_000);
    let at_page = script.now.since(before);
    script.spent = Spent { human: spent.human + at_page.as_nanos(), ..spent };
    script.end(false);
    expect(script, Outcome::Abandoned, "left", 2);
}

#[test]
fn a_page_is_waited_for_from_the_click_over_redirects_and_reloads() {
    let mut script = script();
    script.verzamelen(5, 1);
    let replication = replication([script]);
    // Offer; login page over two redirects; consent question; the collection.
    let waits = tally(&replication, "page.wait");
    assert_eq!(waits.count(), 4);
    let all = value(&replication, "page.wait.mean") * 4.0;
    let row = replication.flows[0];
    assert!((all - row.machine.as_secs_f64()).abs() < 1e-9, "no machine time but waits for pages");
}

#[test]
fn going_back_and_doing_a_step_again_takes_time_in_the_step_in_progress() {
    let mut script = script();
    script.reach_consent(5);
    script.think(1_000);
    // Back to the login page, and on from there.
    let login = page(Page::Login { csrf: protocol::id::Opaque(1), again: false });
    script.browse(DIGID, DIGID_FRONT, authenticate(), login);
    let open = script.log_in(5, Availability::Available);
    script.give(&open, consent_question(), None);
    script.consent(ConsentAnswer::Given, redirect(PGO_NAME, callback()));
    let open = script.call_back();
    script.call(PGO, ZA, ZA_BACK, offer_code(), token(), None);
    script.query(5, 0);
    script.give(&open, page(Page::Collected { answers: 1 }), None);
    script.end(false);
    let row = only_flow(script.clone());
    assert_eq!((row.outcome, row.step), (Outcome::Completed, 16));
    let replication = replication([script]);
    let steps: Vec<u8> = replication.steps.iter().map(|row| row.time.step).collect();
    assert_eq!(steps, Vec::from_iter(1..=16));
    assert_eq!(replication.steps[8].time.human, Duration::from_secs(1 + 20 + 10));
}

#[test]
fn a_wish_is_served_once_an_attempt_is_completed() {
    let mut script = script();
    script.open(5);
    script.think(1_000);
    script.end(false);
    script.think(60_000);
    script.again(1);
    script.verzamelen(5, 1);
    let replication = replication([script]);
    for (metric, expected) in [
        ("wishes.started", 1.0),
        ("wishes.served", 1.0),
        ("wishes.attempts", 2.0),
        ("flows.started", 2.0),
        ("flows.completed", 1.0),
        ("flows.outcome.abandoned", 1.0),
    ] {
        assert_eq!(value(&replication, metric), expected, "{metric}");
        assert_eq!(value_of(&replication, metric, "pgo=pgo-1"), Some(expected), "{metric} by PGO");
    }
    assert_eq!(value_of(&replication, "flows.started", "pgo=pgo-2"), None);
    assert_eq!(value_of(&replication, "flows.not_completed", "cause=left"), Some(1.0));
    assert_eq!(value_of(&replication, "wishes.unserved", "cause=left"), None);
    for group in ["gateway=za-1", "provider_type=huisarts", "service=4", "release=1.0"] {
        assert_eq!(value_of(&replication, "wishes.served", group), Some(1.0), "{group}");
    }
}

#[test]
fn a_wish_that_is_given_up_names_the_cause_of_its_last_attempt() {
    let mut script = script();
    script.open(5);
    script.end(false);
    script.think(1_000);
    script.again(1);
    script.begin(facts(5));
    script.plain(Event::Host { host: PGO, change: HostChange::Down });
    let open = script.ask(script.visitor, PGO, PGO_NAME, Request::Browse(Browse::Open));
    script.fail(&open, Failure::Refused, 1);
    script.end(false);
    script.leave();
    let replication = replication([script]);
    assert_eq!(value(&replication, "wishes.unserved"), 1.0);
    assert_eq!(value_of(&replication, "wishes.unserved", "cause=down@pgo-1"), Some(1.0));
}

#[test]
fn the_cohort_is_what_starts_from_the_warm_up_on_and_before_the_horizon() {
    let mut statistics = all_kept(window(10.0, 100.0));
    let flows = [9.999_999_999, 10.0, 50.0, 99.999_999_999, 100.0, 150.0];
    let scripts = flows.iter().enumerate().map(|(n, start)| {
        let mut script = Script::flow(n as u32, at(*start));
        script.verzamelen(5, 1);
        script
    });
    play(&mut statistics, scripts);
    let replication = statistics.finish();
    assert!(replication.conservation.holds());
    assert_eq!(replication.conservation.flows, 6, "conservation is over all flows");
    assert_eq!(replication.flows.len(), 6);
    assert_eq!(value(&replication, "flows.started"), 3.0);
    assert_eq!(value(&replication, "flows.completed"), 3.0, "the last ended after the horizon");
    assert_eq!(value(&replication, "wishes.served"), 3.0);
    assert_eq!(tally(&replication, "latency.total").count(), 3);
    assert_eq!(tally(&replication, "step.07.machine").count(), 3);
}

#[test]
fn another_persons_data_is_a_cross_person_read_by_evidence() {
    let mut script = script();
    let open = script.reach_code(5);
    script.call(PGO, ZA, ZA_BACK, offer_code(), token(), None);
    script.query(5, 0);
    script.query(6, 1);
    script.give(&open, page(Page::Collected { answers: 2 }), None);
    script.end(false);
    let replication = replication([script]);
    assert_eq!(replication.tokens[0].cross_person_reads, 1);
    assert_eq!(replication.tokens[1].cross_person_reads, 0);
    let tokens = replication.tokens[0];
    assert_eq!((tokens.codes, tokens.tokens, tokens.live_max), (1, 1, 2));
    assert_eq!(value(&replication, "tokens.cross_person_reads"), 1.0);
    let of = |gateway| value_of(&replication, "tokens.cross_person_reads", gateway);
    assert_eq!([of("gateway=za-1"), of("gateway=za-2")], [Some(1.0), None]);
    assert_eq!(value(&replication, "tokens.issued"), 2.0);
}
