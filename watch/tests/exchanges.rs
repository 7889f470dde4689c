//! Exchanges: that each ends once, and how norms are judged.

mod script;

use protocol::{
    contract::{Failure, Work},
    id::{ExchangeId, NameId},
    message::{Kind, OAuthError, Request, Response},
    register::{Edition, ListKind},
    rule,
    rule::covers,
    time::Duration,
    trace::{Event, HostChange},
};
use script::{flow::*, *};
use watch::statistics::Replication;

fn replication(script: Script) -> Replication {
    let mut statistics = all_kept(window(100.0, 1_000.0));
    play(&mut statistics, [script]);
    statistics.finish()
}

/// A token request that the gateway answers after so many milliseconds of service.
fn answered(script: &mut Script, service: u64, response: Response) {
    let pace = std::mem::replace(&mut script.pace, [10, 0, service]);
    let mut open = script.ask(PGO, ZA, ZA_BACK, offer_code());
    script.arrive(&mut open);
    script.serve(ZA, &[Work::IssueToken]);
    let envelope = script.answer(&open, response, None);
    script.come_back(&open, envelope);
    script.pace = pace;
}

#[test]
fn the_norm_is_judged_at_the_edge_of_the_gateway_and_no_answer_misses_it() {
    covers(&[rule::NORM_TOKEN_ANSWER]);
    let mut script = Script::nobody(at(120.0));
    answered(&mut script, 10_000, token());
    // The asker waits 20 ms longer than the gateway takes.
    script.wait(60_000);
    answered(&mut script, 10_001, token());
    script.wait(60_000);
    answered(&mut script, 100, Response::TokenError(OAuthError::InvalidGrant));
    answered(&mut script, 100, Response::Unavailable);
    let open = script.ask(PGO, OTHER_ZA, OTHER_ZA_BACK, offer_code());
    script.fail(&open, Failure::Refused, 10);
    let replication = replication(script);
    assert!(replication.conservation.holds(), "{:?}", replication.conservation);
    for (metric, expected) in [
        ("norm.token.requests", 5.0),
        ("norm.token.kept", 2.0),
        ("norm.token.asker_kept", 1.0),
        ("norm.token.minutes", 3.0),
        ("norm.token.minutes_kept", 1.0),
        ("norm.resource.requests", 0.0),
    ] {
        assert_eq!(value(&replication, metric), expected, "{metric}");
    }
    assert_eq!(value_of(&replication, "norm.token.kept", "gateway=za-1"), Some(2.0));
    assert_eq!(value_of(&replication, "norm.token.requests", "gateway=za-2"), Some(1.0));
    assert_eq!(value_of(&replication, "norm.token.kept", "gateway=za-2"), Some(0.0));
    let edge = tally(&replication, "token.answer");
    assert_eq!((edge.count(), edge.beyond()), (5, 2));
    let asked = tally(&replication, "token.asked");
    assert_eq!((asked.count(), asked.beyond()), (5, 2));
}

#[test]
fn a_gateway_that_answers_after_its_asker_gave_up_can_still_keep_the_norm() {
    let mut script = Script::nobody(at(120.0));
    let mut open = script.ask(PGO, ZA, ZA_BACK, offer_code());
    script.arrive(&mut open);
    script.fail(&open, Failure::TimedOut, 5_000);
    script.wait(1_000);
    let envelope = script.answer(&open, token(), None);
    script.wait(10);
    script.plain(Event::TooLate { host: PGO, exchange: envelope.exchange });
    let replication = replication(script);
    assert!(replication.conservation.holds());
    assert_eq!(value(&replication, "norm.token.kept"), 1.0);
    assert_eq!(value(&replication, "norm.token.asker_kept"), 0.0);
    assert_eq!(value(&replication, "totals.late"), 1.0);
    assert_eq!(value(&replication, "totals.failures.timed-out"), 1.0);
    assert_eq!(tally(&replication, "token.answer").beyond(), 0);
    assert_eq!(tally(&replication, "token.asked").beyond(), 1);
}

#[test]
fn a_request_is_of_the_window_in_which_it_was_asked() {
    let mut script = Script::nobody(at(99.0));
    answered(&mut script, 2_000, token());
    script.now = at(999.0);
    answered(&mut script, 2_000, token());
    script.now = at(1_000.0);
    answered(&mut script, 2_000, token());
    let replication = replication(script);
    assert_eq!(value(&replication, "norm.token.requests"), 1.0);
    assert_eq!(value(&replication, "norm.token.kept"), 1.0);
    assert_eq!(value(&replication, "totals.asks"), 3.0);
}

#[test]
fn lists_that_cannot_be_had_miss_their_norm() {
    covers(&[rule::NORM_LISTS]);
    let list = |kind: ListKind| Response::List(directory().lists[kind as usize].clone());
    let mut script = Script::nobody(at(120.0));
    let whitelist = Request::GetList(ListKind::Whitelist);
    for _ in 0..3 {
        let list = list(ListKind::Whitelist);
        script.call(ZA, STELSELNODE, STELSELNODE_NAME, whitelist, list, None);
    }
    script.call(ZA, STELSELNODE, STELSELNODE_NAME, whitelist, Response::Unavailable, None);
    script.plain(Event::Host { host: STELSELNODE, change: HostChange::Down });
    let open = script.ask(ZA, STELSELNODE, STELSELNODE_NAME, whitelist);
    script.fail(&open, Failure::Refused, 90_000);
    script.plain(Event::Host { host: STELSELNODE, change: HostChange::Up });
    script.now = at(1_000.0);
    script.plain(Event::RunEnded);
    let replication = replication(script);
    assert_eq!(value(&replication, "norm.lists.requests"), 5.0);
    assert_eq!(value(&replication, "norm.lists.kept"), 3.0);
    assert_eq!(value(&replication, "norm.lists.up"), 0.9);
    assert_eq!(value(&replication, "lists.requests"), 4.0);
    assert_eq!(value(&replication, "lists.rate.max"), 4.0);
    assert!(value(&replication, "lists.bytes") > 2_400.0);
    assert!(value(&replication, "totals.bytes.lists") > value(&replication, "lists.bytes"));
}

#[test]
fn load_on_the_stelselnode_is_told_apart_by_list() {
    let mut script = Script::nobody(at(120.0));
    for kind in [ListKind::Zal, ListKind::Whitelist, ListKind::Whitelist] {
        let list = Response::List(directory().lists[kind as usize].clone());
        script.call(ZA, STELSELNODE, STELSELNODE_NAME, Request::GetList(kind), list, None);
        script.pace = [0, 0, 0];
    }
    script.now = at(1_000.0);
    script.plain(Event::RunEnded);
    let replication = replication(script);
    let of = |metric: &str| {
        ["", "list=zal", "list=whitelist", "list=ocl"]
            .map(|group| value_of(&replication, metric, group))
    };
    assert_eq!(of("lists.requests"), [Some(3.0), Some(1.0), Some(2.0), None]);
    assert_eq!(of("lists.rate.max"), [Some(3.0), Some(1.0), Some(2.0), None]);
    let [all, zal, whitelist, _] = of("lists.bytes").map(Option::unwrap_or_default);
    assert_eq!(all, zal + whitelist);
    assert!(zal > 0.0 && whitelist > 0.0);
}

#[test]
fn an_exchange_that_ends_twice_or_never_began_breaks_conservation() {
    let mut twice = Script::nobody(at(1.0));
    let open = twice.ask(PGO, ZA, ZA_BACK, offer_code());
    twice.fail(&open, Failure::Reset, 1);
    twice.fail(&open, Failure::Reset, 1);
    assert!(!replication(twice).conservation.holds());

    let mut unasked = Script::nobody(at(1.0));
    let exchange = ExchangeId { place: 7, turn: 3 };
    let (kind, failure) = (Kind::Fetch, Failure::Reset);
    unasked.plain(Event::Failed { host: PGO, peer: None, exchange, kind, failure });
    assert!(!replication(unasked).conservation.holds());

    let mut open = Script::nobody(at(1.0));
    let _ = open.ask(PGO, ZA, ZA_BACK, offer_code());
    let replication = replication(open);
    assert!(replication.conservation.holds(), "open at the end is accounted for");
    assert_eq!(value(&replication, "totals.open"), 1.0);
}

#[test]
fn an_exchange_whose_asker_was_gone_is_accounted_for_when_its_place_is_used_again() {
    let mut script = Script::nobody(at(1.0));
    let open = script.ask(PGO, ZA, ZA_BACK, offer_code());
    let gone = open.envelope.exchange;
    script.wait(10);
    let mut next = script.ask(PGO, ZA, ZA_BACK, offer_code());
    // The driver gives the same place out again, at its next turn.
    let again = ExchangeId { turn: gone.turn + 1, ..gone };
    if let Some((_, Owned::Asked { envelope, .. })) = script.events.last_mut() {
        envelope.exchange = again;
    }
    next.envelope.exchange = again;
    script.fail(&next, Failure::Reset, 1);
    let replication = replication(script);
    assert!(replication.conservation.holds(), "{:?}", replication.conservation);
    assert_eq!(replication.conservation.exchanges.left, 1);
    assert_eq!(value(&replication, "totals.open"), 1.0);
}

#[test]
fn an_answer_ends_its_exchange_whatever_it_says() {
    let mut script = Script::nobody(at(1.0));
    script.call(PGO, ZA, ZA_BACK, offer_code(), Response::Done, None);
    let replication = replication(script);
    assert!(replication.conservation.holds());
    assert_eq!(value(&replication, "totals.replies"), 1.0);
}

#[test]
fn what_a_host_asks_of_its_own_driver_is_no_exchange_of_the_network() {
    let mut script = Script::nobody(at(1.0));
    let publish = Request::Publish(ListKind::Zal, Edition::OfRegister);
    let mut open = script.ask(STELSELNODE, STELSELNODE, NameId(8), publish);
    script.arrive(&mut open);
    let envelope = script.answer(&open, Response::Done, None);
    script.come_back(&open, envelope);
    let replication = replication(script);
    assert!(replication.conservation.holds());
    assert_eq!(value(&replication, "totals.asks"), 0.0);
}

#[test]
fn a_name_that_leads_nowhere_still_misses_the_norm() {
    let mut script = Script::nobody(at(120.0));
    let open = script.ask(PGO, ZA, ZA_BACK, offer_code());
    if let Some((_, Owned::Asked { to, .. })) = script.events.last_mut() {
        *to = None;
    }
    script.wait(1);
    let (exchange, kind) = (open.envelope.exchange, Kind::OfferCode);
    let failure = Failure::Refused;
    script.plain(Event::Failed { host: PGO, peer: None, exchange, kind, failure });
    let replication = replication(script);
    assert_eq!(value(&replication, "norm.token.requests"), 1.0);
    assert_eq!(value(&replication, "norm.token.kept"), 0.0);
    assert_eq!(value_of(&replication, "norm.token.requests", "gateway=za-1"), None);
    assert_eq!(Duration::from_secs(10), protocol::release::Norms::R2.token_answer);
}
