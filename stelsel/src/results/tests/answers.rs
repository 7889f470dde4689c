//! Answers whose figures are known, made by hand: no simulation takes part.

use std::sync::Arc;

use protocol::world::{
    link::Link,
    network::{Limits, Resumption, Tls, TlsVersion},
};
use protocol::{
    contract::Work,
    distribution::Distribution,
    id::HostId,
    register::ListKind,
    release::Release,
    role::Role,
    rule,
    time::{Duration, Instant},
};
use serde_json::json;

use watch::{
    directory::{Directory, Window},
    rules::{Breach, Verdict, Why, script::Script},
    statistics::{
        FlowsKept, Harm, HostRow, Outcome, RegistryRow, Replication, Series, Settings, Statistics,
        TimelineRow, TokensRow,
    },
    study::{
        figures::{Figures, Group},
        metrics::MetricId,
        tally::{Bucket, Tally},
    },
};

use crate::{
    answer::{Answer, InputFile, Study},
    plan::*,
    problem::{Located, Place},
};

/// An answer of so many replications, with nothing out of the ordinary.
pub fn answer(replications: u32) -> Answer {
    let done: Vec<Replication> = (0..replications).map(replication).collect();
    Answer {
        study: study("first-look", replications),
        directory: Script::new().directory,
        replications: done,
        verdicts: vec![
            verdict(rule::CODE_ONCE, 54_000, 0),
            verdict(rule::CODE_VALIDITY, 54_000, 0),
            verdict(rule::NORM_TOKEN_ANSWER, 54_000, 3),
        ],
        flows_kept: None,
        until: None,
    }
}

/// Three of four replications, with something in every file: broken rules, changes of the register,
/// collisions, flows that never ended, expectations.
pub fn busy_answer() -> Answer {
    let mut answer = answer(3);
    answer.study = study("digid-outage", 4);
    answer.study.scenario.expect = vec![
        expectation("flows.completed_ratio", Comparison::AtLeast, 0.95),
        expectation("norm.token.share@gateway=za-2", Comparison::AtLeast, 0.999),
    ];
    let breach = |rule, why| {
        let at = Instant::START + Duration::from_millis(4_512_250);
        let flow = Some(protocol::id::FlowId { arrival: 8_112, attempt: 1 });
        let first = Some(Breach { replication: 1, at, flow, host: HostId(3), why });
        Verdict { first, ..verdict(rule, 54_000, 7) }
    };
    answer.verdicts = vec![
        verdict(rule::CODE_VALIDITY, 54_000, 0),
        breach(rule::CODE_ONCE, Why::HonouredTwice),
        breach(rule::NORM_TOKEN_ANSWER, Why::AnsweredLate),
        verdict(rule::EXCEPTION_DELIVERY, 0, 0),
        verdict(rule::NORM_RESOURCE_ANSWER, 60_000, 0),
    ];
    for replication in &mut answer.replications {
        let mut set = |name: &str, group: &str, value: f64| {
            replication.figures.set(metric(name), group.into(), value);
        };
        set("registry.changes", "", 1.0);
        set("registry.full_propagation.max", "", 3_612.5);
        set("tokens.cross_person_reads", "", 2.0);
        let mut waits = Tally::default();
        waits.add(bucket(100, 200, 20_000));
        waits.add(bucket(1_000, 2_000, 6_000));
        waits.add_beyond(4_000);
        replication.figures.set_tally(metric("page.wait"), Group::all(), waits);
        let number = replication.figures.replication;
        replication.registry =
            vec![change(number, HostId(0), Some(3_600)), change(number, HostId(1), None)];
        replication.tokens = [2, 3].map(|place| tokens(HostId(place))).into();
    }
    answer
}

/// A study of that name, in the network of [`Script`].
pub fn study(name: &str, replications: u32) -> Study {
    let topology = topology();
    let scenario = scenario(name, replications);
    let resolved = json!({
        "topology": {
            "name": "small", "release": "1.0",
            "pgo": [{"count": 2, "workers": 4}],
            "za": [{"count": 2, "workers": 4, "providers": 2, "services": ["4", "6"]}],
            "digid": {"workers": 16},
            "population": {"people": 1000},
        },
        "scenario": {
            "name": name, "topology": "../topologies/small.toml", "horizon": "4h", "warm_up": "20min",
            "replications": replications, "seed": 1,
            "arrivals": {"rate": "2/s"},
            "persons": {"login": "lognormal(median=25s, p95=90s)", "refuse_consent": 0.02},
            "fault": [{"at": "1h", "for": "20min", "host": "digid-1", "kind": "down"}],
        },
    });
    let input = |name: &str, digit: &str| InputFile { name: name.into(), sha256: digit.repeat(64) };
    Study {
        topology,
        scenario,
        resolved,
        inputs: vec![input("topologies/small.toml", "a"), input("scenarios/first-look.toml", "b")],
    }
}

pub fn expectation(name: &str, comparison: Comparison, value: f64) -> Expectation {
    let metric = Located { value: name.to_owned(), place: Place::whole("scenario.toml") };
    Expectation { metric, comparison, value }
}

fn verdict(rule: rule::Rule, evaluated: u64, breaches: u64) -> Verdict {
    Verdict { rule, evaluated, breaches, first: None, observable: true }
}

fn metric(name: &str) -> MetricId {
    MetricId::of(name).unwrap()
}

fn bucket(low: u64, high: u64, count: u64) -> Bucket {
    let edge = Duration::from_millis;
    Bucket { low: edge(low), high: edge(high), count }
}

/// Flows and steps are those of a script; everything else is set.
fn replication(number: u32) -> Replication {
    let mut script = Script::new();
    for person in 0..3 {
        script.verzamelen(person);
    }
    let attempt = script.begin(3);
    script.choose(&attempt);
    script.end();
    let window =
        Window { warm_up: Instant::START, horizon: Instant::START + Duration::from_secs(14_400) };
    let settings = Settings { flows_kept: FlowsKept::All, ..Settings::new(window, 1, number) };
    let mut statistics = Statistics::new(Arc::clone(&script.directory), settings);
    for (stamp, told) in &script.events {
        statistics.event(*stamp, &told.event());
    }
    let mut replication = statistics.finish();
    replication.figures = figures(number);
    replication.hosts = hosts(&script.directory, number);
    replication.timeline = timeline(number);
    replication
}

fn figures(number: u32) -> Figures {
    let mut figures = Figures::new(1, number);
    // Each replication is a little different from the last.
    let n = f64::from(number);
    let mut set = |name: &str, group: &str, value: f64| {
        figures.set(metric(name), group.into(), value);
    };
    let (wishes, served) = (27_310.0 + 40.0 * n, 26_250.0 + 60.0 * n);
    set("wishes.started", "", wishes);
    set("wishes.served", "", served);
    set("wishes.unserved", "", wishes - served);
    set("wishes.unserved", "cause=down@digid-1", 600.0 - 20.0 * n);
    set("wishes.unserved", "cause=said-no", 100.0);
    set("flows.started", "", wishes + 800.0);
    set("flows.completed", "", served);
    set("flows.proper", "", served + 500.0);
    set("flows.not_completed", "", wishes + 800.0 - served);
    set("flows.not_completed", "cause=said-no", 500.0);
    for outcome in Outcome::ALL {
        let count = match outcome {
            Outcome::Completed => served,
            Outcome::ConsentRefused => 500.0,
            Outcome::TimedOut => 60.0 + n,
            Outcome::Abandoned => wishes + 240.0 - served - n,
            _ => 0.0,
        };
        set(&format!("flows.outcome.{}", outcome.name()), "", count);
    }
    for (group, share) in [
        ("pgo=pgo-1", 0.6),
        ("pgo=pgo-2", 0.4),
        ("gateway=za-1", 0.9),
        ("gateway=za-2", 0.1),
        ("provider_type=huisarts", 0.7),
        ("provider_type=ziekenhuis", 0.3),
        ("service=4", 0.8),
        ("service=6", 0.2),
        ("release=1.0", 1.0),
    ] {
        set("flows.started", group, (share * (wishes + 800.0)).round());
        set("flows.completed", group, (share * served).round());
        set("wishes.started", group, (share * wishes).round());
        set("wishes.served", group, (share * served).round());
    }
    for (host, busy) in [("digid-1", 0.82), ("pgo-1", 0.31), ("za-1", 0.44), ("za-2", 0.05)] {
        set("host.utilisation", &format!("host={host}"), busy + n / 100.0);
    }
    for (norm, requests) in [("token", 27_000.0), ("resource", 30_000.0)] {
        set(&format!("norm.{norm}.requests"), "", requests);
        set(&format!("norm.{norm}.kept"), "", requests - n);
        set(&format!("norm.{norm}.requests"), "gateway=za-2", requests / 10.0);
        set(&format!("norm.{norm}.kept"), "gateway=za-2", requests / 10.0);
    }
    for step in 1..=16u64 {
        let mut tally = Tally::default();
        tally.add(bucket(20 + 10 * (step % 5), 22 + 10 * (step % 5), 26_000));
        figures.set_tally(metric(&format!("step.{step:02}.machine")), Group::all(), tally);
        figures.set(
            metric(&format!("step.{step:02}.machine.mean")),
            Group::all(),
            0.021 + 0.01 * (step % 5) as f64,
        );
        for prefix in ["", "failed.", "slowest."] {
            let parts = [("human", 0.5), ("network", 0.006), ("wait", 0.005), ("service", 0.01)];
            for (part, value) in parts.into_iter().skip(usize::from(prefix == "slowest.")) {
                let name = format!("{prefix}step.{step:02}.{part}.mean");
                figures.set(metric(&name), Group::all(), value * step as f64);
            }
        }
    }
    for (name, middle) in [("latency.machine", 1_000), ("latency.human", 40_000)] {
        let mut tally = Tally::default();
        for place in 0..40u64 {
            // A hump with a long tail.
            let low = middle * (20 + place * place / 4) / 40;
            let high = middle * (20 + (place + 1) * (place + 1) / 4) / 40;
            let count = 3_000 * (place + 1) / (1 + place * place / 8) + u64::from(number);
            tally.add(bucket(low, high, count));
        }
        figures.set_tally(metric(name), Group::all(), tally);
    }
    figures
}

fn hosts(directory: &Directory, number: u32) -> Vec<HostRow> {
    let rows = directory.hosts.iter().zip(0..).filter(|(host, _)| host.name != "xis-2");
    rows.flat_map(|(host, place)| {
        let total = HostRow {
            host: HostId(place),
            work: None,
            workers: host.workers,
            arrivals: 54_321,
            served: 54_300,
            rejected: Some(0),
            dropped: Some(21),
            utilisation: Some((0.8 + f64::from(number) / 100.0) / f64::from(place + 1)),
            mean_wait: Some(0.012_5),
            p95_wait: Some(0.25),
            mean_service: Some(0.004),
            mean_queue: Some(0.125),
            max_queue: Some(17),
            down: Some(if host.role == Role::Digid { 1_200.0 } else { 0.0 }),
            paused: Some(0.0),
            there: Some((0, 0)),
            little: None,
        };
        let work = HostRow {
            work: Some(Work::Query),
            rejected: None,
            dropped: None,
            mean_wait: None,
            p95_wait: None,
            mean_queue: None,
            max_queue: None,
            down: None,
            paused: None,
            there: None,
            ..total.clone()
        };
        [total, work]
    })
    .collect()
}

fn timeline(number: u32) -> Vec<TimelineRow> {
    let step = Duration::from_secs(600);
    let mut at = Instant::START;
    let mut rows = Vec::new();
    for point in 0..24u32 {
        at = at + step;
        let outage = (6..8).contains(&point);
        let started = 1_100.0 + 15.0 * f64::from(point % 7) + f64::from(number);
        for (series, value) in [
            (Series::Started, started),
            (Series::Completed, if outage { 40.0 } else { started - 30.0 }),
            (Series::Failed, if outage { started - 50.0 } else { 25.0 }),
            (Series::InFlight, if outage { 300.0 } else { 90.0 }),
            (Series::Utilisation(Role::Digid), if outage { 0.0 } else { 0.8 }),
            (Series::Utilisation(Role::Za), 0.4 + f64::from(point % 3) / 50.0),
            (Series::Queue(Role::Za), 3.0),
        ] {
            rows.push(TimelineRow { at, series, value });
        }
    }
    rows
}

fn change(number: u32, node: HostId, known_after: Option<u64>) -> RegistryRow {
    let changed = Instant::START + Duration::from_secs(7_200);
    let published = changed + Duration::from_millis(12_500);
    let wait = |seconds| Duration::from_secs(seconds + u64::from(number));
    RegistryRow {
        change: 0,
        kind: "remove-gateway",
        list: ListKind::Whitelist,
        node,
        changed,
        published: Some(published),
        known: known_after.map(|seconds| published + wait(seconds)),
        harm: Harm { exposed_handshakes: [1, 2], exposed_bytes: [10, 5], ..Harm::default() },
    }
}

fn tokens(authorization_server: HostId) -> TokensRow {
    TokensRow {
        authorization_server,
        codes: 26_000,
        tokens: 26_000,
        live_max: 1_712,
        detected: 3,
        first_detected: None,
        undetected: 1,
        cross_person_reads: 1,
        pairs: 80_000_000,
    }
}

fn topology() -> Topology {
    let station = StationPlan { workers: 4, queue: 100, open: None };
    let fixed = Distribution::Fixed;
    Topology {
        name: "small".into(),
        release: Release::R1_0,
        pgos: Vec::new(),
        zas: Vec::new(),
        xis: XisPlan {
            station,
            no_data: 0.0,
            documents: fixed(1.0),
            size_sigma: 0.0,
            age: fixed(3_600.0),
        },
        digid: DigidPlan {
            station,
            artifact_validity: Duration::from_secs(60),
            window: Duration::from_secs(120),
            session: Duration::from_secs(900),
            tries: 3,
        },
        stelselnode: StelselnodePlan {
            station,
            zal_publish: Duration::from_secs(86_400),
            whitelist_publish: Duration::from_secs(86_400),
        },
        ocsp: OcspPlan {
            station,
            answer_valid: Duration::from_secs(3_600),
            cache: true,
            stapling: false,
        },
        links: LinkPlan {
            default: Link { latency: fixed(0.008), bandwidth: None },
            lines: Vec::new(),
        },
        tls: Tls {
            version: TlsVersion::V1_3,
            resumption: Resumption::On,
            keep_alive: Duration::from_secs(60),
        },
        limits: Limits::default(),
        costs: Vec::new(),
        services: Vec::new(),
        population: Population { people: 1_000, under_age: 0.0, over_pgos: Spread::Even },
        source: None,
        place: Place::whole("topologies/small.toml"),
    }
}

fn scenario(name: &str, replications: u32) -> Scenario {
    let fixed = Distribution::Fixed;
    let pull =
        Pull { every: Duration::from_secs(3_600), synchronised: false, jitter: Duration::ZERO };
    Scenario {
        name: name.into(),
        horizon: Duration::from_secs(14_400),
        warm_up: Duration::from_secs(1_200),
        drain: Duration::from_secs(3_600),
        replications,
        seed: 1,
        arrivals: ArrivalPlan::Rate(2.0),
        persons: Persons {
            choose: fixed(2.0),
            login: fixed(25.0),
            consent: fixed(12.0),
            patience: fixed(20.0),
            refuse_consent: 0.02,
            cancel_login: 0.0,
            wrong_password: 0.0,
            go_back: 0.0,
            reload: 0.0,
            double_submit: 0.0,
            consult_dossier: 0.0,
            retry_probability: 0.5,
            retry_after: fixed(300.0),
            attempts: 3,
        },
        lists: Lists { pulls: [pull; ListKind::ALL.len()], pull_on_miss: None },
        tokens: Tokens {
            entropy_bits: 122,
            cloned: false,
            instances: 1,
            check_against: CheckAgainst::All,
            detection: true,
            lifetime: Duration::from_secs(900),
        },
        faults: Vec::new(),
        changes: Vec::new(),
        deviants: Vec::new(),
        expect: Vec::new(),
        place: Place::whole("scenarios/first-look.toml"),
    }
}
