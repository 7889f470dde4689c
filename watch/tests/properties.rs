//! What holds for any run: parts add up, everything is accounted for, nothing panics, and the same events
//! give the same figures.

mod script;

use proptest::prelude::*;
use protocol::{
    contract::{Failure, Work},
    id::{ConnectionId, ExchangeId, FlowId, HostId, NameId, PersonId},
    message::{
        Availability, Browse, ConsentAnswer, Description, Exception, InvalidCause, Issue, Kind,
        OAuthError, Page, Request, Response, Side,
    },
    register::{Change, ListKind},
    rule,
    time::{Duration, Instant, WallTime},
    trace::{Event, FlowRef, HostChange, Note, Secret, Stamp},
};
use script::{flow::*, *};
use watch::{
    statistics::{FaultSpan, FlowsKept, Outcome, Settings, Statistics, TraceEvent, Traces},
    study::{figures::Figures, summary::summarise},
};

/// A way for a flow to go.
fn way(script: &mut Script, person: u32, way: u8) {
    let denied = |description| callback_error(OAuthError::AccessDenied, description);
    match way % 12 {
        0 => script.verzamelen(person, 1),
        1 => script.verzamelen(person, 7),
        2 => {
            script.reach_consent(person);
            script.end(false);
        }
        3 => {
            script.open(person);
            script.choose();
            script.browse(
                ZA,
                ZA_FRONT,
                authorize(),
                page(Page::RequestInvalid(InvalidCause::Scope)),
            );
            script.think(100);
            script.browse(PGO, PGO_NAME, Browse::StopFlow, page(Page::Stopped));
            script.end(false);
        }
        4 => {
            script.reach_consent(person);
            let error = denied(Description::AuthorizationDenied);
            script.consent(ConsentAnswer::Refused, redirect(PGO_NAME, error));
            script.browse(PGO, PGO_NAME, error, page(Page::Told(Exception::Refused)));
            script.end(false);
        }
        5 => {
            script.open(person);
            script.choose();
            script.reach_digid();
            let open = script.log_in(person, Availability::Nothing);
            let error = denied(Description::NoSuchResources);
            script.give(&open, redirect(PGO_NAME, error), Some(rule::EXCEPTION_NO_DATA));
            script.browse(PGO, PGO_NAME, error, page(Page::Told(Exception::NoData)));
            script.end(false);
        }
        6 => {
            let open = script.reach_code(person);
            let refused = Response::TokenError(OAuthError::InvalidGrant);
            script.call(PGO, ZA, ZA_BACK, offer_code(), refused, Some(rule::CODE_KNOWN));
            script.give(&open, page(Page::Told(Exception::Code)), None);
            script.end(false);
        }
        7 => {
            let open = script.reach_code(person);
            let offered = script.ask(PGO, ZA, ZA_BACK, offer_code());
            script.fail(&offered, Failure::TimedOut, 10_000);
            script.give(&open, page(Page::Unreachable), None);
            script.end(false);
        }
        8 => {
            let open = script.reach_code(person);
            script.call(PGO, ZA, ZA_BACK, offer_code(), token(), None);
            script.query(person, 0);
            let incomplete = Response::OperationOutcome(Issue::Incomplete);
            script.call(PGO, ZA, ZA_BACK, fetch(1), incomplete, Some(rule::EXCEPTION_DELIVERY));
            script.give(&open, page(Page::Told(Exception::Delivery)), None);
            script.end(false);
        }
        9 => {
            script.open(person);
            script.think(500);
            let _ = script.ask(script.visitor, PGO, PGO_NAME, Request::Browse(choose()));
            script.wait(20_000);
            script.end(true);
            script.leave();
        }
        10 => {
            script.reach_consent(person);
            let consent = Request::Browse(answer_consent(ConsentAnswer::Given));
            let open = script.ask(script.visitor, ZA, ZA_FRONT, consent);
            script.fail(&open, Failure::Reset, 50);
            script.end(false);
        }
        _ => script.reach_consent(person),
    }
}

prop_compose! {
    fn scripts()(
        flows in proptest::collection::vec((0u64..100_000, any::<u8>(), 0u64..50, 0u64..20, 0u64..30), 1..40)
    ) -> Vec<Script> {
        flows
            .into_iter()
            .enumerate()
            .map(|(n, (start, go, network, wait, service))| {
                let start = Instant::START + Duration::from_millis(start);
                let mut script = Script::flow(n as u32, start);
                script.pace = [network, wait, service];
                way(&mut script, n as u32, go);
                script
            })
            .collect()
    }
}

proptest! {
    #[test]
    fn every_nanosecond_of_every_flow_goes_somewhere_and_everything_is_accounted_for(
        scripts in scripts(),
        faults in faults(),
        warm_up in 0.0..50.0f64,
        horizon in 50.0..120.0f64,
    ) {
        let window = window(warm_up, horizon);
        let with_faults = !faults.is_empty();
        let settings = Settings { flows_kept: FlowsKept::All, faults, ..Settings::new(window, 1, 0) };
        let mut statistics = Statistics::new(directory(), settings);
        play(&mut statistics, scripts.clone());
        let replication = statistics.finish();
        prop_assert!(replication.conservation.holds(), "{:?}", replication.conservation);
        prop_assert_eq!(replication.flows.len(), scripts.len());
        for (row, script) in replication.flows.iter().zip(&scripts) {
            if let Some(ended) = row.ended {
                prop_assert_eq!(ended.since(row.started), row.human + row.machine);
                prop_assert_eq!(row.human.as_nanos(), script.spent.human);
                prop_assert_eq!(row.machine, script.spent.machine());
            }
            let steps: Vec<_> = replication.steps.iter().filter(|step| step.flow == row.flow).collect();
            let human: u64 = steps.iter().map(|step| step.time.human.as_nanos()).sum();
            let machine: u64 = steps.iter().map(|step| step.time.parts.total().as_nanos()).sum();
            prop_assert_eq!(human, row.human.as_nanos());
            prop_assert_eq!(machine, row.machine.as_nanos());
            prop_assert!(steps.windows(2).all(|pair| pair[0].time.step < pair[1].time.step));
            prop_assert!(row.cause.is_none() || row.outcome != Outcome::Completed);
        }
        let cohort = replication.flows.iter().filter(|row| window.has(row.started));
        prop_assert_eq!(cohort.count() as f64, value(&replication, "flows.started"));
        let outcomes: f64 = Outcome::ALL
            .iter()
            .map(|outcome| value(&replication, &format!("flows.outcome.{}", outcome.name())))
            .sum();
        prop_assert_eq!(outcomes, value(&replication, "flows.started"));
        let completed = value(&replication, "flows.completed");
        let not = value(&replication, "flows.not_completed");
        prop_assert_eq!(completed + not, value(&replication, "flows.started"));
        let served = value(&replication, "wishes.served");
        prop_assert_eq!(served + value(&replication, "wishes.unserved"), value(&replication, "wishes.started"));
        for metric in ["flows.started", "flows.completed", "wishes.started", "wishes.served"] {
            let phases = ["before", "during", "after"];
            let of = |phase| value_of(&replication, metric, &format!("phase={phase}"));
            let sum: f64 = phases.into_iter().filter_map(of).sum();
            prop_assert_eq!(sum, if with_faults { value(&replication, metric) } else { 0.0 });
        }
        prop_assert!(value(&replication, "failures.noticed") <= not);
        prop_assert!(value(&replication, "radius.people") <= value(&replication, "failures.noticed"));
        for row in replication.hosts.iter().filter_map(|row| row.little) {
            prop_assert!((row.waiting - row.rate_times_wait).abs() < 1e-9);
        }
    }

    #[test]
    fn the_parts_of_the_steps_add_up_to_what_flows_took(scripts in scripts(), warm_up in 0.0..50.0f64) {
        let window = window(warm_up, 120.0);
        let mut statistics = all_kept(window);
        play(&mut statistics, scripts);
        let replication = statistics.finish();
        let mean = |metric: &str| value_of(&replication, metric, "");
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.abs().max(b.abs());
        let step = |prefix: &str, step: usize, part: &str| {
            mean(&format!("{prefix}step.{step:02}.{part}.mean"))
        };
        let machine = ["network", "wait", "service"];
        for (prefix, latency, completed) in [("", "latency", true), ("failed.", "latency.failed", false)] {
            let kept: Vec<_> = replication
                .flows
                .iter()
                .filter(|row| window.has(row.started) && row.ended.is_some())
                .filter(|row| (row.outcome == Outcome::Completed) == completed)
                .collect();
            if kept.is_empty() {
                prop_assert_eq!(step(prefix, 1, "network"), None);
                continue;
            }
            let all = |part: &str| -> f64 {
                (1..=16).map(|number| step(prefix, number, part).expect("there are such flows")).sum()
            };
            let human = all("human");
            let parts = machine.map(all);
            let total = human + parts.iter().sum::<f64>();
            let whole = |part: &str| mean(&format!("{latency}.{part}.mean")).expect("there are flows");
            prop_assert!(close(total, whole("total")));
            prop_assert!(close(human, whole("human")));
            let machine_mean = whole("machine");
            prop_assert!(close(parts.iter().sum(), machine_mean));
            for (part, sum) in machine.iter().zip(parts) {
                prop_assert!(close(sum, whole(part)));
            }
            for number in 1..=16u8 {
                let rows = replication.steps.iter().filter(|row| row.time.step == number);
                let wait = rows
                    .filter(|row| kept.iter().any(|flow| flow.flow == row.flow))
                    .map(|row| row.time.parts.wait.as_secs_f64())
                    .sum::<f64>();
                let found = step(prefix, number.into(), "wait").unwrap();
                prop_assert!(close(found * kept.len() as f64, wait), "step {}", number);
            }
            if completed {
                let slowest: f64 = machine
                    .iter()
                    .flat_map(|part| (1..=16).map(move |number| (number, part)))
                    .map(|(number, part)| step("slowest.", number, part).unwrap())
                    .sum();
                let longest = kept.iter().map(|row| row.machine.as_secs_f64()).fold(0.0, f64::max);
                prop_assert!(slowest >= machine_mean * (1.0 - 1e-6));
                prop_assert!(slowest <= longest * (1.0 + 1e-6));
                prop_assert!(slowest >= longest * 15.0 / 16.0);
            }
        }
    }

    #[test]
    fn figures_that_went_through_rows_give_the_same_summary(runs in proptest::collection::vec(scripts(), 1..4)) {
        let figures: Vec<Figures> = runs
            .into_iter()
            .enumerate()
            .map(|(n, scripts)| {
                let settings = Settings::new(window(0.0, 60.0), 7, n as u32);
                let mut statistics = Statistics::new(directory(), settings);
                play(&mut statistics, scripts);
                statistics.finish().figures
            })
            .collect();
        let rows: Vec<_> = figures.iter().map(Figures::to_rows).collect();
        let values = rows.iter().flat_map(|(values, _)| values.clone()).collect::<Vec<_>>();
        let buckets = rows.into_iter().flat_map(|(_, buckets)| buckets).collect::<Vec<_>>();
        let back = Figures::from_rows(7, &values, &buckets).unwrap();
        prop_assert_eq!(&back, &figures);
        prop_assert_eq!(summarise(&back), summarise(&figures));
    }

    #[test]
    fn the_same_events_give_the_same_replication(scripts in scripts()) {
        let run = |scripts: Vec<Script>| {
            let flows_kept = FlowsKept::AtMost(10);
            let traces = Traces::First(2);
            let settings = Settings { flows_kept, traces, ..Settings::new(window(0.0, 60.0), 7, 0) };
            let mut statistics = Statistics::new(directory(), settings);
            play(&mut statistics, scripts);
            statistics.finish()
        };
        prop_assert_eq!(run(scripts.clone()), run(scripts));
    }
}

/// Any faults, in any order.
fn faults() -> impl Strategy<Value = Vec<FaultSpan>> {
    let moment = || prop_oneof![0u64..200_000_000_000, any::<u64>()].prop_map(Instant::from_nanos);
    let fault = (moment(), proptest::option::of(moment()));
    let fault = fault.prop_map(|(begins, ends)| FaultSpan { begins, ends });
    proptest::collection::vec(fault, 0..4)
}

/// Any event at all, of a few flows, hosts and exchanges, in any order.
fn odd_event() -> impl Strategy<Value = (u64, Option<FlowRef>, Owned)> {
    let host = prop_oneof![
        (0u32..12).prop_map(HostId),
        (0u32..4).prop_map(HostId::visitor),
        any::<u32>().prop_map(HostId)
    ];
    let flow = proptest::option::of((prop_oneof![0u32..6, any::<u32>()], 0u32..6, 0u16..3))
        .prop_map(|flow| {
            flow.map(|(place, arrival, attempt)| FlowRef { place, id: FlowId { arrival, attempt } })
        });
    let at = prop_oneof![0u64..200_000_000_000, any::<u64>()];
    (
        at,
        flow,
        host.clone(),
        host,
        0u8..40,
        prop_oneof![0u32..8, any::<u32>()],
        any::<bool>(),
        any::<u64>(),
    )
        .prop_map(|(at, flow, host, peer, which, place, yes, then)| {
            let mut script = Script::nobody(Instant::START);
            let then = Instant::from_nanos(then);
            let exchange = ExchangeId { place, turn: u32::from(yes) };
            let requests = [
                Request::Browse(Browse::Open),
                Request::Browse(authorize()),
                Request::Browse(authenticate()),
                Request::Browse(return_artifact()),
                Request::Browse(answer_consent(ConsentAnswer::Refused)),
                Request::Browse(callback()),
                offer_code(),
                fetch(3),
                Request::GetList(ListKind::Zal),
                Request::ChangeRegister(Change::MoveEndpoint(place)),
                Request::ChangeRegister(Change::RemoveGateway(NameId(place))),
                Request::ChangeRegister(Change::AddProvider(HUISARTS)),
            ];
            let responses = [
                page(Page::Collected { answers: 1 }),
                page(Page::Unreachable),
                page(Page::NotOffered),
                page(Page::RequestInvalid(InvalidCause::UnknownClient)),
                page(Page::NoSession),
                redirect(PGO_NAME, callback()),
                redirect(DIGID_FRONT, authenticate()),
                token(),
                fhir(1, 0),
                Response::Availability(Availability::Available),
                Response::Unavailable,
                Response::Done,
                Response::List(directory().lists[0].clone()),
            ];
            let mut open = script.ask(
                host,
                peer,
                NameId(place % 16),
                requests[place as usize % requests.len()],
            );
            open.envelope.exchange = exchange;
            let answer = script.answer(
                &open,
                responses[place as usize % responses.len()].clone(),
                yes.then_some(rule::CODE_ONCE),
            );
            let wall = WallTime::default();
            let owned = match which {
                0..4 => Owned::Began {
                    host,
                    facts: protocol::trace::FlowFacts {
                        pgo: host,
                        za: peer,
                        person: yes.then_some(PersonId(place)),
                        ..facts(1)
                    },
                },
                4..7 => Owned::Plain(Event::FlowEnded { host, waiting: yes }),
                7 => Owned::Plain(Event::VisitorLeft { host }),
                8..12 => Owned::Asked {
                    from: host,
                    to: yes.then_some(peer),
                    parent: None,
                    envelope: open.envelope,
                },
                12..15 => Owned::Arrived { host, sent: then, envelope: open.envelope },
                15..19 => Owned::Arrived { host, sent: then, envelope: answer },
                19..23 => Owned::Answered {
                    from: host,
                    envelope: answer,
                    asked: then,
                    refusal: yes.then_some(rule::CODE_ONCE),
                },
                23 => Owned::Plain(Event::Failed {
                    host,
                    peer: yes.then_some(peer),
                    exchange,
                    kind: Kind::Fetch,
                    failure: Failure::Refused,
                }),
                24 => Owned::Plain(Event::TooLate { host, exchange }),
                25 => Owned::Plain(Event::TurnedAway { host }),
                26 => Owned::Plain(Event::Queued { host }),
                27 => Owned::Plain(Event::ServiceBegan { host, queued: then }),
                28 => Owned::Plain(Event::Worked { host, work: Work::Query, cost: Duration::MAX }),
                29 => Owned::Plain(Event::ServiceEnded { host, began: then }),
                30 => Owned::Plain(Event::Dropped { host, waiting: place, in_service: place }),
                31 => Owned::Plain(Event::Verdict {
                    connection: ConnectionId(place),
                    host,
                    side: Side::Asker,
                    admitted: yes,
                    refusal: Some(rule::WHITELIST_OF_ASKED),
                    wall,
                }),
                32 => {
                    Owned::Plain(Event::Noted { host, note: Note::CollisionDetected(Secret::Code) })
                }
                33 => Owned::Plain(Event::Noted { host: STELSELNODE, note: Note::RegisterChanged }),
                34 => Owned::Plain(Event::Noted {
                    host,
                    note: Note::Published(ListKind::Whitelist, place),
                }),
                35 => Owned::Plain(Event::Noted {
                    host,
                    note: Note::ListInUse(ListKind::Whitelist, place),
                }),
                36 => Owned::Plain(Event::Host {
                    host,
                    change: if yes { HostChange::Down } else { HostChange::Paused },
                }),
                37 => {
                    Owned::Plain(Event::NameMoved { name: NameId(place), to: yes.then_some(peer) })
                }
                38 => Owned::Plain(Event::HorizonReached),
                _ => Owned::Plain(Event::RunEnded),
            };
            (at, flow, owned)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn no_order_of_events_however_odd_makes_it_panic(
        events in proptest::collection::vec(odd_event(), 0..60),
        sorted: bool,
        faults in faults(),
    ) {
        let mut events = events;
        if sorted {
            events.sort_by_key(|(at, ..)| *at);
        }
        let settings = Settings {
            flows_kept: FlowsKept::AtMost(2),
            traces: Traces::First(1),
            timeline_step: Duration::from_nanos(1 << 52),
            faults,
            ..Settings::new(window(1.0, 100.0), 1, 0)
        };
        let mut statistics = Statistics::new(directory(), settings);
        for (at, flow, owned) in &events {
            statistics.event(Stamp { at: Instant::from_nanos(*at), flow: *flow }, &owned.event());
        }
        let replication = statistics.finish();
        prop_assert!(replication.flows.len() <= 2);
        summarise(&[replication.figures]);
    }
}

#[test]
fn a_sample_keeps_whole_flows_and_as_many_as_asked() {
    let run = |kept| {
        let settings = Settings { flows_kept: kept, ..Settings::new(window(0.0, 1e4), 3, 0) };
        let mut statistics = Statistics::new(directory(), settings);
        // One after another, so that places in the sample are taken over from flows that have ended.
        let scripts = (0..100).map(|n| {
            let mut script = Script::flow(n, at(f64::from(n) * 10.0));
            way(&mut script, n, (n % 9) as u8);
            script
        });
        play(&mut statistics, scripts);
        statistics.finish()
    };
    let (all, some) = (run(FlowsKept::All), run(FlowsKept::AtMost(20)));
    assert_eq!((all.flows.len(), some.flows.len()), (100, 20));
    assert!(some.flows.iter().all(|row| all.flows.contains(row)));
    for row in &some.flows {
        let of = |steps: &[watch::statistics::StepRow]| -> Vec<watch::statistics::StepRow> {
            steps.iter().filter(|step| step.flow == row.flow).copied().collect()
        };
        assert_eq!(of(&some.steps), of(&all.steps));
    }
    assert_eq!(some.figures, all.figures, "what is kept does not change what is counted");
    assert!(run(FlowsKept::None).flows.is_empty());
}

#[test]
fn a_traced_flow_is_recorded_event_by_event_in_words_and_survives_json() {
    let traces = Traces::Flows(vec![FlowId { arrival: 1, attempt: 1 }]);
    let settings = Settings { traces, ..Settings::new(window(0.0, 100.0), 1, 0) };
    let mut statistics = Statistics::new(directory(), settings);
    let scripts = [0, 1, 2].map(|n| {
        let mut script = Script::flow(n, at(1.0));
        script.verzamelen(n, 1);
        script
    });
    play(&mut statistics, scripts);
    let replication = statistics.finish();
    let [trace] = &replication.traces[..] else { panic!("one trace") };
    assert_eq!((trace.arrival, trace.attempt), (1, 1));
    // All but joining a queue, which the beginning of service tells, and the person's leaving.
    let queued =
        trace.records.iter().filter(|r| matches!(r.event, TraceEvent::ServiceBegan { .. })).count();
    assert_eq!(trace.records.len(), 127 - queued - 1);
    let said: Vec<String> = trace
        .records
        .iter()
        .filter_map(|record| match &record.event {
            TraceEvent::Asked { from, to, message } => {
                Some(format!("{from} > {}: {}", to.as_deref().unwrap_or("?"), message.text))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        said[..5],
        [
            "person > pgo-1: open the PGO",
            "person > pgo-1: Laboratoriumresultaten at huisartsdevries@medmij",
            "person > za-1: authorization request of pgo-1.example.nl: Laboratoriumresultaten at \
             huisartsdevries@medmij, state 00000000, back to https://za-1.example.nl/authorize",
            "person > digid-1: AuthnRequest of za-1.example.nl, RelayState 00000000",
            "person > digid-1: right credentials, level Midden",
        ]
    );
    let json = serde_json::to_string(trace).unwrap();
    assert_eq!(serde_json::from_str::<watch::statistics::Trace>(&json).unwrap(), *trace);
}
