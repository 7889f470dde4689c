//! Stations, links, connections and limits, with toy actors whose course is known beforehand.

mod toy;

use protocol::world::network::{Door, LimitClass, Limits, Resumption, Tls, TlsVersion};
use protocol::{
    contract::Failure,
    distribution::Distribution,
    id::{HostId, NameId},
    time::Duration,
};
use toy::{At, Digest, Log, Means, Pinger, Poisson, Server, Toy, World, failed};

fn server() -> Toy {
    Toy::Server(Server::default())
}

fn customers(at: &[f64]) -> At {
    At(at.iter().map(|at| (*at, Toy::Customer(NameId(0)))).collect(), 0)
}

fn log(world: World, at: &[f64]) -> Log {
    world.run(customers(at), Log::default()).0
}

#[track_caller]
fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
}

#[test]
fn jobs_are_served_first_come_first_served_by_the_workers_there_are() {
    let two = || World { service: Distribution::Fixed(10.0), ..World::new(vec![server()]) };
    let one_worker = log(two(), &[1.0, 2.0, 3.0]);
    assert_eq!(one_worker.at("ended host-0 took 10s"), [11.0, 21.0, 31.0]);
    assert_eq!(one_worker.at("began host-0 waited 18s"), [21.0]);
    let two_workers = log(World { workers: 2, ..two() }, &[1.0, 2.0, 3.0]);
    assert_eq!(two_workers.at("ended host-0"), [11.0, 12.0, 21.0]);
}

#[test]
fn waiting_for_a_peer_holds_no_worker_but_may_hold_a_slot() {
    let world = |open| World {
        open,
        service: Distribution::Fixed(1.0),
        latency: Distribution::Fixed(5.0),
        ..World::new(vec![
            Toy::Server(Server { behind: Some(NameId(1)), ..Server::default() }),
            server(),
        ])
    };
    // Request 5, served 1, to the host behind 5, served 1, back 5, served 1, back 5.
    let unlimited = log(world(None), &[0.0, 0.0]);
    assert_eq!(unlimited.at("left"), [23.0, 24.0]);
    let one_slot = log(world(Some(1)), &[0.0, 0.0]);
    assert_eq!(one_slot.at("left"), [23.0, 36.0], "the second begins when the first is answered");
}

#[test]
fn a_full_queue_answers_at_once_without_a_worker() {
    let world =
        World { queue: 1, service: Distribution::Fixed(10.0), ..World::new(vec![server()]) };
    let (log, tally) = world.run(customers(&[1.0, 2.0, 3.0]), Log::default());
    assert_eq!(log.at("turned away host-0"), [3.0]);
    assert_eq!(log.at("answered Unavailable host-0"), [3.0]);
    assert_eq!(tally.replies, 3, "a 503 is an answer");
}

#[test]
fn an_asker_waits_until_its_limit_and_no_longer() {
    let world = World {
        service: Distribution::Fixed(30.0),
        limits: Limits { back: Duration::from_secs(10), ..Limits::default() },
        ..World::new(vec![server()])
    };
    let (log, tally) = world.run(customers(&[1.0]), Log::default());
    assert_eq!(log.at(&failed(Failure::TimedOut)), [11.0]);
    assert_eq!(log.at("ended host-0 took 30s"), [31.0], "work goes on though its asker gave up");
    assert_eq!(log.at("too late"), [31.0]);
    assert_eq!((tally.asks, tally.replies, tally.failures), (1, 0, 1));
}

#[test]
fn a_name_that_leads_nowhere_refuses() {
    let world = World { latency: Distribution::Fixed(0.5), ..World::new(vec![server()]) };
    let nowhere = At(vec![(1.0, Toy::Customer(NameId(7)))], 0);
    let (log, _) = world.run(nowhere, Log::default());
    assert_eq!(log.at(&failed(Failure::Refused)), [1.5]);
}

fn tls(keep_alive: u64, version: TlsVersion, resumption: Resumption) -> Tls {
    Tls { version, resumption, keep_alive: Duration::from_secs(keep_alive) }
}

#[test]
fn a_connection_costs_round_trips_and_handshakes_unless_it_is_kept() {
    let pinger = || {
        let every = Duration::from_secs(10);
        Toy::Pinger(Pinger { to: NameId(0), every, starts: 0 })
    };
    let answered = |tls| {
        let door = Door::Mutual { answerer_decides: true, limit: LimitClass::Back };
        let world = World {
            door,
            tls,
            latency: Distribution::Fixed(0.1),
            handshake: Duration::from_secs(1),
            horizon: 25.0,
            drain: 0.0,
            ..World::new(vec![server(), pinger()])
        };
        world.run(customers(&[]), Log::default()).0
    };
    // Two round trips 0.4, the asker's handshake 1.0 beside the answerer's 0.1 + 1.0, request 0.1 at the
    // door until the answerer has decided, response 0.1.
    let each = answered(tls(0, TlsVersion::V1_3, Resumption::Off));
    assert_eq!(each.at("arrived Done"), [11.6, 21.6]);
    assert_eq!(each.count("handshake Asker"), 2);
    assert_eq!(each.count("verdict Answerer true"), 2);
    let kept = answered(tls(20, TlsVersion::V1_3, Resumption::Off));
    assert_eq!(kept.at("arrived Done"), [11.6, 20.2]);
    assert_eq!(kept.count("handshake"), 2, "one at each end, once");
    let idle_too_long = answered(tls(5, TlsVersion::V1_3, Resumption::Off));
    assert_eq!(idle_too_long.count("handshake"), 4);
    let resumed = answered(tls(0, TlsVersion::V1_3, Resumption::On));
    assert_eq!(resumed.at("arrived Done"), [11.6, 21.1]);
    assert_eq!(resumed.count("worked tls-resumption"), 2);
    let older = answered(tls(0, TlsVersion::V1_2, Resumption::Off));
    assert_close(older.at("arrived Done")[0], 11.8);
}

#[test]
fn a_browser_opens_connections_without_verdicts() {
    let world = World {
        door: Door::Front,
        latency: Distribution::Fixed(0.1),
        handshake: Duration::from_secs(1),
        ..World::new(vec![server()])
    };
    let log = log(world, &[1.0]);
    assert_eq!(log.count("handshake"), 0);
    assert_eq!(log.at("arrived OcspQuery host-0"), [1.5], "two round trips and the request");
    assert_eq!(log.at("left"), [2.6], "the server's handshake is part of its first job");
}

#[test]
fn a_name_for_both_admits_browsers_without_verdicts_and_hosts_by_theirs() {
    let every = Duration::from_secs(10);
    let world = World {
        door: Door::Mutual { answerer_decides: true, limit: LimitClass::Back },
        for_browsers: true,
        latency: Distribution::Fixed(0.1),
        horizon: 15.0,
        drain: 0.0,
        ..World::new(vec![server(), Toy::Pinger(Pinger { to: NameId(0), every, starts: 0 })])
    };
    let (log, _) = world.run(customers(&[1.0]), Log::default());
    assert_eq!(log.at("arrived OcspQuery host-0"), [1.5, 10.5], "two round trips and the request");
    assert!(log.at("handshake").iter().all(|at| *at > 10.0), "the browser shows nothing");
    assert_eq!(log.count("verdict Answerer true"), 1);
}

#[test]
fn an_asker_that_cannot_connect_in_time_gives_up() {
    let world = World {
        door: Door::Front,
        latency: Distribution::Fixed(2.0),
        limits: Limits { connect: Duration::from_secs(5), ..Limits::default() },
        ..World::new(vec![server()])
    };
    assert_eq!(log(world, &[1.0]).at(&failed(Failure::TimedOut)), [6.0]);
}

#[test]
fn a_visitor_that_leaves_is_not_waited_for_and_not_found() {
    let world = World { service: Distribution::Fixed(30.0), ..World::new(vec![server()]) };
    let impatient = Toy::Impatient(NameId(0), Duration::from_secs(5));
    let (log, tally) = world.run(At(vec![(1.0, impatient)], 0), Log::default());
    assert_eq!(log.at("flow ended host-2147483648 waiting true"), [6.0]);
    assert_eq!((tally.left, tally.open, tally.present), (1, 0, 0));
}

#[test]
fn the_run_ends_when_its_cohort_has_left_and_not_before() {
    let world = || World {
        service: Distribution::Fixed(30.0),
        warm_up: 10.0,
        horizon: 20.0,
        drain: 100.0,
        ..World::new(vec![server()])
    };
    let (_, tally) = world().run(customers(&[1.0, 15.0, 500.0]), Log::default());
    assert_close(tally.ended.as_secs_f64(), 61.0);
    let (_, tally) = World { drain: 5.0, ..world() }.run(customers(&[15.0]), Log::default());
    assert_eq!((tally.present, tally.open), (1, 1), "the drain has passed: what runs, runs");
    assert!(tally.ended.as_secs_f64() <= 25.0);
}

#[test]
fn every_exchange_is_accounted_for() {
    let world = World {
        workers: 3,
        queue: 4,
        service: Distribution::Exp { mean: 2.0 },
        latency: Distribution::Exp { mean: 0.3 },
        limits: Limits { back: Duration::from_secs(5), ..Limits::default() },
        horizon: 2_000.0,
        ..World::new(vec![server()])
    };
    let arrivals = Poisson::new(1, 0.5, Toy::Impatient(NameId(0), Duration::from_secs(4)));
    let (_, tally) = world.run(arrivals, Means::default());
    assert!(tally.asks > 3_000 && tally.left > 0 && tally.replies > 0);
    assert_eq!(tally.asks, tally.replies + tally.failures + tally.left + tally.open);
}

#[test]
fn the_same_seed_gives_the_same_events_and_another_does_not() {
    let digest = |seed| {
        let world = World {
            service: Distribution::Exp { mean: 0.5 },
            latency: Distribution::lognormal(0.01, 0.05),
            seed,
            ..World::new(vec![server()])
        };
        world.run(Poisson::new(seed, 1.0, Toy::Customer(NameId(0))), Digest::default())
    };
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1).0, digest(2).0);
}

#[test]
fn a_queue_waits_as_long_as_erlang_says() {
    // M/M/2 at 60 %: the mean wait is C(2, 1.2) / (2μ − λ) with Erlang's C = 0.45.
    let (workers, load) = (2u32, 0.6);
    let world = World {
        workers,
        service: Distribution::Exp { mean: 1.0 },
        horizon: 400_000.0,
        ..World::new(vec![server()])
    };
    let arrivals = Poisson::new(7, 1.0 / (load * f64::from(workers)), Toy::Customer(NameId(0)));
    let (means, _) = world.run(arrivals, Means { from: 1_000.0, ..Means::default() });
    let erlang_c = 0.45;
    let wait = erlang_c / (f64::from(workers) * (1.0 - load));
    let found = means.waited / means.served;
    assert!((found / wait - 1.0).abs() < 0.02, "{found} instead of {wait}");
    let delayed = means.delayed / means.served;
    assert!((delayed / erlang_c - 1.0).abs() < 0.02, "{delayed} instead of {erlang_c}");
}

#[test]
fn hosts_are_numbered_as_they_were_given() {
    assert!(HostId::visitor(0).is_visitor() && !HostId(0).is_visitor());
}
