//! Faults: which flows are of which phase, how far failures reach, and how long it takes to get over them.

mod script;

use protocol::{
    contract::Failure,
    id::{HostId, PersonId},
    message::{Availability, ConsentAnswer, Exception, OAuthError, Page, Request, Response},
    rule,
    time::Instant,
    trace::{Event, FlowFacts, HostChange, Stamp},
};
use script::{flow::*, *};
use watch::{
    statistics::{FaultSpan, Replication, Settings, Statistics},
    study::{metrics::MetricId, summary::summarise},
};

fn fault(begins: f64, ends: Option<f64>) -> FaultSpan {
    FaultSpan { begins: at(begins), ends: ends.map(at) }
}

/// Plays scripts in a run with these faults, in a window of 2,000 seconds.
fn replication(faults: Vec<FaultSpan>, scripts: impl IntoIterator<Item = Script>) -> Replication {
    let settings = Settings { faults, ..Settings::new(window(0.0, 2_000.0), 1, 0) };
    let mut statistics = Statistics::new(directory(), settings);
    play(&mut statistics, scripts);
    statistics.finish()
}

fn completed(n: u32, start: f64) -> Script {
    let mut script = Script::flow(n, at(start));
    script.verzamelen(n, 1);
    script
}

/// Breaks off because the ZA gateway resets the PGO's request for a token.
fn broken(n: u32, start: f64, facts: FlowFacts) -> Script {
    let mut script = Script::flow(n, at(start));
    let mut open = script.reach_code(n);
    for (_, owned) in &mut script.events {
        if let Owned::Began { facts: of_flow, .. } = owned {
            *of_flow = facts;
        }
    }
    let offered = script.ask(PGO, ZA, ZA_BACK, offer_code());
    script.fail(&offered, Failure::Reset, 50);
    open.arrived = script.now;
    script.give(&open, page(Page::Unreachable), None);
    script.end(false);
    script.leave();
    script
}

#[test]
fn a_flow_and_its_wish_are_of_the_phase_in_which_they_started() {
    // The second flow starts as the first fault begins, and its next attempt after the last.
    let mut during = broken(1, 100.0, facts(1));
    during.again(4);
    during.now = at(300.0);
    during.verzamelen(1, 1);
    during.events.retain(|(stamp, owned)| {
        stamp.at > at(299.0) || !matches!(owned, Owned::Plain(Event::VisitorLeft { .. }))
    });
    let faults = vec![fault(150.0, Some(250.0)), fault(100.0, Some(160.0))];
    let scripts = || [completed(0, 99.0), during.clone(), completed(2, 250.0)];
    let with = replication(faults, scripts());
    let of = |metric: &str, phase: &str| value_of(&with, metric, &format!("phase={phase}"));
    for (phase, started, completed, wishes, served) in [
        ("before", 1.0, 1.0, 1.0, 1.0),
        ("during", 1.0, 0.0, 1.0, 1.0),
        ("after", 2.0, 2.0, 1.0, 1.0),
    ] {
        assert_eq!(of("flows.started", phase), Some(started), "{phase}");
        assert_eq!(of("flows.completed", phase), Some(completed), "{phase}");
        assert_eq!(of("wishes.started", phase), Some(wishes), "{phase}");
        assert_eq!(of("wishes.served", phase), Some(served), "{phase}");
    }
    let summary = summarise(std::slice::from_ref(&with.figures));
    let ratio = MetricId::of("flows.completed_ratio").unwrap();
    let phases = summary.rows.iter().filter(|row| row.metric == ratio);
    let phases: Vec<_> = phases.filter_map(|row| row.group.member("phase")).collect();
    assert_eq!(phases.len(), 3);

    let without = replication(Vec::new(), scripts());
    for phase in ["before", "during", "after"] {
        assert_eq!(value_of(&without, "flows.started", &format!("phase={phase}")), None);
    }
}

#[test]
fn the_radius_counts_whom_technical_failures_met_and_nobody_else() {
    let mut cancelled = Script::flow(0, at(1.0));
    cancelled.reach_consent(0);
    let refused = callback_error(
        OAuthError::AccessDenied,
        protocol::message::Description::AuthorizationDenied,
    );
    cancelled.consent(ConsentAnswer::Refused, redirect(PGO_NAME, refused));
    cancelled.browse(PGO, PGO_NAME, refused, page(Page::Told(Exception::Refused)));
    cancelled.end(false);
    let mut empty = Script::flow(1, at(1.0));
    empty.open(1);
    empty.choose();
    empty.reach_digid();
    let open = empty.log_in(1, Availability::Nothing);
    let told =
        callback_error(OAuthError::AccessDenied, protocol::message::Description::NoSuchResources);
    empty.give(&open, redirect(PGO_NAME, told), Some(rule::EXCEPTION_NO_DATA));
    empty.browse(PGO, PGO_NAME, told, page(Page::Told(Exception::NoData)));
    empty.end(false);
    let mut left = Script::flow(2, at(1.0));
    left.open(2);
    let _ = left.ask(left.visitor, PGO, PGO_NAME, Request::Browse(choose()));
    left.wait(20_000);
    left.end(true);
    let harmless = || [cancelled.clone(), empty.clone(), left.clone(), completed(3, 1.0)];
    let names = [
        "radius.people",
        "radius.zorgaanbieders",
        "radius.pgos",
        "radius.gateways",
        "failures.noticed",
    ];
    let counts = |replication: &Replication| names.map(|name| value(replication, name));
    let quiet = replication(Vec::new(), harmless());
    assert_eq!(counts(&quiet), [0.0; 5]);

    // The same person twice; another through another PGO; a third whose browser gets no answer.
    let elsewhere = FlowFacts { pgo: OTHER_PGO, ..facts(5) };
    let mut alone = Script::flow(7, at(1.0));
    alone.begin(FlowFacts { person: Some(PersonId(6)), ..facts(6) });
    let open = alone.ask(alone.visitor, PGO, PGO_NAME, Request::Browse(choose()));
    alone.fail(&open, Failure::Refused, 10);
    alone.end(false);
    let mut refused = Script::flow(8, at(1.0));
    let open = refused.reach_code(5);
    let error = Response::TokenError(OAuthError::InvalidGrant);
    refused.call(PGO, ZA, ZA_BACK, offer_code(), error, Some(rule::CODE_KNOWN));
    refused.give(&open, page(Page::Told(Exception::Code)), None);
    refused.end(false);
    let harmful = [
        broken(4, 1.0, facts(4)),
        broken(5, 1.0, facts(4)),
        broken(6, 1.0, elsewhere),
        alone,
        refused,
    ];
    let struck = replication(Vec::new(), harmless().into_iter().chain(harmful));
    assert_eq!(counts(&struck), [3.0, 1.0, 2.0, 1.0, 5.0]);
    let by = |role: &str| value_of(&struck, "failures.noticed", &format!("by={role}"));
    assert_eq!([by("person"), by("pgo"), by("za")], [Some(1.0), Some(3.0), Some(1.0)]);
    assert_eq!(by("digid"), None);
}

/// Plays events of stations in a run with these faults.
fn stations(faults: Vec<FaultSpan>, events: &[(f64, Event<'static>)]) -> Replication {
    let settings = Settings { faults, ..Settings::new(window(0.0, 2_000.0), 1, 0) };
    let mut statistics = Statistics::new(directory(), settings);
    for (seconds, event) in events {
        statistics.event(Stamp { at: at(*seconds), flow: None }, event);
    }
    statistics.finish()
}

#[test]
fn a_backlog_lasts_until_the_last_queue_that_the_fault_left_behind_was_empty() {
    let queued = |host: HostId| Event::Queued { host };
    let began = |host: HostId| Event::ServiceBegan { host, queued: Instant::START };
    let events = [
        (8.0, queued(ZA)),
        (8.0, queued(ZA)),
        (9.0, queued(XIS)),
        // The first fault ends at 10 s: two jobs wait at the ZA gateway, one at the xIS.
        (11.0, began(XIS)),
        (12.0, queued(XIS)),
        (13.0, began(ZA)),
        // Another ends at 14 s: now one waits at each.
        (15.0, Event::Dropped { host: ZA, waiting: 1, in_service: 1 }),
        (18.0, began(XIS)),
        // The third finds no queue, but one comes after it.
        (21.0, queued(DIGID)),
        (30.0, Event::Host { host: DIGID, change: HostChange::Up }),
    ];
    let faults = vec![
        fault(1.0, Some(10.0)),
        fault(2.0, Some(14.0)),
        fault(19.0, Some(20.0)),
        fault(3.0, None),
    ];
    let run = stations(faults, &events);
    let of = |fault: &str| value_of(&run, "recovery.backlog.max", fault);
    assert_eq!([of("fault=0"), of("fault=1"), of("fault=2")], [Some(5.0), Some(4.0), Some(0.0)]);
    assert_eq!(of("fault=3"), None, "it does not end");
    assert_eq!(value(&run, "recovery.backlog.mean"), 3.0);
    assert_eq!(value(&run, "recovery.backlog.max"), 5.0);
    assert_eq!(value(&run, "recovery.not_emptied"), 0.0);

    let stuck = stations(vec![fault(1.0, Some(22.0))], &events);
    assert_eq!(value(&stuck, "recovery.not_emptied"), 1.0);
    assert_eq!(value_of(&stuck, "recovery.backlog.mean", ""), None);
    let quiet = stations(Vec::new(), &events);
    assert_eq!(value_of(&quiet, "recovery.backlog.mean", ""), None);
    assert_eq!(value(&quiet, "recovery.not_emptied"), 0.0);
}

#[test]
fn a_network_has_recovered_when_flows_that_start_are_completed_as_before() {
    // One flow a minute. Those of the first minute after the fault still break off.
    let run = |broken_after: f64| {
        let scripts = (0..20).map(|n| {
            let start = 30.0 + 60.0 * f64::from(n);
            if (300.0..broken_after).contains(&start) {
                broken(n, start, facts(n))
            } else {
                completed(n, start)
            }
        });
        replication(vec![fault(300.0, Some(600.0))], scripts)
    };
    let late = run(660.0);
    assert_eq!(value(&late, "recovery.flows.max"), 60.0);
    assert_eq!(value(&late, "recovery.flows.mean"), 60.0);
    assert_eq!(value(&late, "recovery.not_recovered"), 0.0);
    assert_eq!(value(&run(300.0), "recovery.flows.max"), 0.0);
    let never = run(2_000.0);
    assert_eq!(value_of(&never, "recovery.flows.max", ""), None);
    assert_eq!(value(&never, "recovery.not_recovered"), 1.0);
    let endless = replication(vec![fault(300.0, None)], [completed(0, 1.0)]);
    assert_eq!(value_of(&endless, "recovery.flows.max", ""), None);
    assert_eq!(value(&endless, "recovery.not_recovered"), 0.0);
}
