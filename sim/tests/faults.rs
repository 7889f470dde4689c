//! What befalls hosts and links, with toy actors whose course is known beforehand.

mod toy;

use proptest::prelude::*;
use protocol::world::{
    link::{HostSet, LinkFault, LinkFaultKind},
    network::{Door, LimitClass, Limits, Resumption, Tls, TlsVersion},
    schedule::{Happening, Scheduled},
};
use protocol::{
    contract::Failure,
    distribution::Distribution,
    id::{HostId, NameId},
    message::Request,
    register::ListKind,
    time::{Duration, WallTime},
};

use toy::{At, Digest, Log, Pinger, Poisson, Server, Toy, World, failed, second};

const HOST: HostId = HostId(0);

fn world(schedule: &[(f64, Happening)]) -> World {
    World {
        service: Distribution::Fixed(10.0),
        latency: Distribution::Fixed(0.5),
        limits: Limits { back: Duration::from_secs(100), ..Limits::default() },
        schedule: schedule
            .iter()
            .map(|(at, what)| Scheduled { at: second(*at), what: what.clone() })
            .collect(),
        ..World::new(vec![Toy::Server(Server::default())])
    }
}

fn customers(at: &[f64]) -> At {
    At(at.iter().map(|at| (*at, Toy::Customer(NameId(0)))).collect(), 0)
}

fn log(world: World, at: &[f64]) -> Log {
    world.run(customers(at), Log::default()).0
}

#[test]
fn a_host_that_is_down_refuses_what_comes_and_finishes_what_it_has() {
    let schedule = [(5.0, Happening::Down(HOST)), (20.0, Happening::Up(HOST))];
    let log = log(world(&schedule), &[1.0, 10.0, 20.0]);
    assert_eq!(log.at(&failed(Failure::Refused)), [11.0], "there and back");
    assert_eq!(log.at("ended host-0"), [11.5, 30.5]);
    assert_eq!((log.at("down"), log.at("up")), (vec![5.0], vec![20.0]));
}

#[test]
fn two_faults_at_once_end_apart() {
    let schedule = [
        (5.0, Happening::Down(HOST)),
        (6.0, Happening::Down(HOST)),
        (7.0, Happening::Up(HOST)),
        (9.0, Happening::Up(HOST)),
    ];
    let log = log(world(&schedule), &[7.0, 9.0]);
    assert_eq!(log.count(&failed(Failure::Refused)), 1);
    assert_eq!((log.at("down"), log.at("up")), (vec![5.0], vec![9.0]));
}

#[test]
fn a_crash_loses_queue_service_and_open_exchanges() {
    let schedule = [(5.0, Happening::Crash(HOST)), (8.0, Happening::Restart(HOST))];
    // In service, in the queue, on its way, after the restart.
    let log = log(world(&schedule), &[1.0, 2.0, 4.7, 9.0]);
    assert_eq!(log.at("dropped host-0 1 1"), [5.0]);
    assert_eq!(log.at(&failed(Failure::Reset)), [5.5, 5.5]);
    assert_eq!(log.at(&failed(Failure::Refused)), [5.7]);
    assert_eq!(log.at("ended host-0"), [19.5], "what was in service never ends");
    assert_eq!(log.at("left").len(), 4);
}

#[test]
fn a_crashed_asker_is_rebuilt_from_what_is_durable_and_hears_of_nothing_from_before() {
    let pinger = Toy::Pinger(Pinger { to: NameId(0), every: Duration::from_secs(4), starts: 0 });
    let schedule = [(5.0, Happening::Crash(HostId(1))), (7.0, Happening::Restart(HostId(1)))];
    let world = World {
        actors: vec![Toy::Server(Server::default()), pinger],
        horizon: 14.0,
        drain: 100.0,
        ..world(&schedule)
    };
    let (log, tally) = world.run(customers(&[13.9]), Log::default());
    // Asked at 4, crashed at 5; started again at 7, asked at 11; the first answer finds nobody who waits.
    assert_eq!(log.at("asked host-1")[..2], [4.0, 11.0]);
    assert_eq!(log.at("too late host-1"), [15.0]);
    assert_eq!(tally.left, 1);
}

#[test]
fn a_pause_freezes_services_and_they_go_on() {
    let schedule = [(5.0, Happening::Pause(HOST)), (25.0, Happening::Resume(HOST))];
    let log = log(world(&schedule), &[1.0, 6.0]);
    assert_eq!(log.at("ended host-0"), [31.5, 41.5], "20 s later than without");
    assert_eq!(log.at("began host-0"), [1.5, 31.5]);
    // A pause that begins and ends while a service runs only puts it off.
    let schedule = [(5.0, Happening::Pause(HOST)), (7.0, Happening::Resume(HOST))];
    assert_eq!(self::log(world(&schedule), &[1.0]).at("ended host-0"), [13.5]);
}

#[test]
fn a_frozen_host_hears_its_timers_when_it_goes_on() {
    let pinger = Toy::Pinger(Pinger { to: NameId(0), every: Duration::from_secs(4), starts: 0 });
    let schedule = [(3.0, Happening::Pause(HostId(1))), (6.0, Happening::Resume(HostId(1)))];
    let world = World {
        actors: vec![Toy::Server(Server::default()), pinger],
        horizon: 11.0,
        drain: 0.0,
        ..world(&schedule)
    };
    let (log, _) = world.run(customers(&[]), Log::default());
    assert_eq!(log.at("asked host-1"), [6.0, 10.0]);
}

#[test]
fn a_slow_host_slows_services_that_begin_meanwhile() {
    let slow = |factor| Happening::Slow { host: HOST, fault: 0, factor };
    let schedule = [(5.0, slow(Some(3.0))), (12.0, slow(None))];
    let log = log(world(&schedule), &[1.0, 2.0, 3.0]);
    assert_eq!(log.at("ended host-0 took 10s"), [11.5, 51.5]);
    assert_eq!(log.at("ended host-0 took 30s"), [41.5], "it began at 11.5");
}

#[test]
fn a_skewed_clock_moves_no_timer_and_a_drifting_one_does() {
    let pings = |what| {
        let every = Duration::from_secs(100);
        let pinger = Toy::Pinger(Pinger { to: NameId(0), every, starts: 0 });
        let world = World {
            actors: vec![Toy::Server(Server::default()), pinger],
            horizon: 205.0,
            drain: 0.0,
            ..world(&[(0.0, what)])
        };
        world.run(customers(&[]), Log::default()).0.at("asked host-1")
    };
    assert_eq!(pings(Happening::Skew(HostId(1), 90_000_000_000)), [100.0, 200.0]);
    let drift = Happening::Drift { host: HostId(1), fault: 0, drift: Some(0.25) };
    assert_eq!(pings(drift), [80.0, 160.0], "a clock that runs fast rings early");
}

fn link(kind: LinkFaultKind, visitors_to_host: bool) -> LinkFault {
    let visitors = HostSet { visitors: true, hosts: vec![] };
    let host = HostSet { visitors: false, hosts: vec![HOST] };
    match visitors_to_host {
        true => LinkFault { from: visitors, to: host, kind },
        false => LinkFault { from: host, to: visitors, kind },
    }
}

#[test]
fn a_partition_ends_exchanges_at_their_limit_and_heals() {
    for to_host in [true, false] {
        let schedule = [
            (0.0, Happening::LinkFails { fault: 3, link: link(LinkFaultKind::Partition, to_host) }),
            (50.0, Happening::LinkHeals { fault: 3 }),
        ];
        let log = log(world(&schedule), &[1.0, 60.0]);
        assert_eq!(log.at(&failed(Failure::TimedOut)), [101.0], "{to_host}");
        assert_eq!(log.count("answered Done"), if to_host { 1 } else { 2 });
    }
}

#[test]
fn a_partition_is_found_at_connecting() {
    let schedule =
        [(0.0, Happening::LinkFails { fault: 3, link: link(LinkFaultKind::Partition, false) })];
    let log = log(World { door: Door::Front, ..world(&schedule) }, &[1.0]);
    assert_eq!(log.at(&failed(Failure::TimedOut)), [6.0], "5 s for connecting");
}

#[test]
fn a_delayed_link_delays_each_message_once() {
    let delay = LinkFaultKind::Delay(Distribution::Fixed(2.0));
    let schedule = [(0.0, Happening::LinkFails { fault: 3, link: link(delay, true) })];
    assert_eq!(log(world(&schedule), &[1.0]).at("left"), [14.0]);
}

#[test]
fn an_operator_reaches_a_host_that_is_down() {
    let tell = Happening::Tell(HOST, Request::FetchListNow(ListKind::Zal));
    let log = log(world(&[(1.0, Happening::Down(HOST)), (2.0, tell)]), &[]);
    assert_eq!(log.at("answered Done host-0"), [12.0]);
}

#[test]
fn a_name_can_move_and_certificates_can_end() {
    let schedule = [
        (5.0, Happening::MoveName(NameId(0), None)),
        (10.0, Happening::MoveName(NameId(0), Some(HostId(1)))),
        (10.0, Happening::CertificateEnds(HostId(1), WallTime::from_nanos(7))),
    ];
    let world = World {
        actors: vec![Toy::Server(Server::default()), Toy::Server(Server::default())],
        ..world(&schedule)
    };
    let log = log(world, &[1.0, 6.0, 11.0]);
    assert_eq!(log.at("answered Done host-0"), [11.5]);
    assert_eq!(log.at(&failed(Failure::Refused)), [6.5]);
    assert_eq!(log.at("answered Done host-1"), [21.5]);
    assert_eq!(log.count("CertificateEnds"), 1);
}

#[test]
fn a_crash_closes_kept_connections() {
    let every = Duration::from_secs(10);
    let pinger = Toy::Pinger(Pinger { to: NameId(0), every, starts: 0 });
    let handshakes = |schedule: &[(f64, Happening)]| {
        let world = World {
            actors: vec![Toy::Server(Server::default()), pinger.clone()],
            service: Distribution::Fixed(0.1),
            door: Door::Mutual { answerer_decides: true, limit: LimitClass::Back },
            tls: Tls {
                version: TlsVersion::V1_3,
                resumption: Resumption::Off,
                keep_alive: Duration::from_secs(60),
            },
            horizon: 45.0,
            drain: 0.0,
            ..world(schedule)
        };
        world.run(customers(&[]), Log::default()).0.count("handshake Asker")
    };
    assert_eq!(handshakes(&[]), 1);
    let crash = [(25.0, Happening::Crash(HOST)), (26.0, Happening::Restart(HOST))];
    assert_eq!(handshakes(&crash), 2);
}

#[test]
fn a_fault_moves_no_arrival_and_no_draw_of_another_flow() {
    // With enough workers flows do not meet, so that a fault can only touch those it hits.
    let run = |schedule: &[(f64, Happening)]| {
        let world = World {
            workers: 1_000,
            service: Distribution::Exp { mean: 1.0 },
            latency: Distribution::Exp { mean: 0.1 },
            ..world(schedule)
        };
        world.run(Poisson::new(3, 0.5, Toy::Customer(NameId(0))), Log::default()).0
    };
    let calm = run(&[]);
    let troubled = run(&[(300.0, Happening::Down(HOST)), (400.0, Happening::Up(HOST))]);
    assert_eq!(calm.at("flow began"), troubled.at("flow began"));
    let later =
        |log: &Log| -> Vec<f64> { log.at("left").into_iter().filter(|at| *at > 420.0).collect() };
    assert!(later(&calm).len() > 500);
    assert_eq!(later(&calm), later(&troubled));
}

fn happenings() -> impl Strategy<Value = Happening> {
    let host = (0u32..3).prop_map(HostId);
    let fault = 0usize..4;
    prop_oneof![
        host.clone().prop_map(Happening::Down),
        host.clone().prop_map(Happening::Up),
        host.clone().prop_map(Happening::Crash),
        host.clone().prop_map(Happening::Restart),
        host.clone().prop_map(Happening::Pause),
        host.clone().prop_map(Happening::Resume),
        (host.clone(), fault.clone(), proptest::option::of(0.5f64..9.0))
            .prop_map(|(host, fault, factor)| Happening::Slow { host, fault, factor }),
        (host.clone(), -1_000_000i64..1_000_000)
            .prop_map(|(host, skew)| Happening::Skew(host, skew)),
        (host.clone(), fault.clone(), proptest::option::of(-0.4f64..0.4))
            .prop_map(|(host, fault, drift)| Happening::Drift { host, fault, drift }),
        host.clone().prop_map(|host| Happening::CertificateEnds(host, WallTime::from_nanos(5))),
        fault.clone().prop_map(|fault| Happening::LinkFails {
            fault,
            link: link(LinkFaultKind::Loss(0.3), true)
        }),
        fault.clone().prop_map(|fault| Happening::LinkFails {
            fault,
            link: link(LinkFaultKind::Partition, false)
        }),
        fault.prop_map(|fault| Happening::LinkHeals { fault }),
        host.prop_map(|host| Happening::Tell(host, Request::FetchListNow(ListKind::Zal))),
        (0u32..4).prop_map(|name| Happening::MoveName(NameId(name), Some(HostId(1)))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn whatever_befalls_a_network_every_exchange_is_accounted_for_and_runs_repeat(
        schedule in proptest::collection::vec((0.0f64..60.0, happenings()), 0..25),
        plain: bool,
    ) {
        let run = || {
            let behind = Server { behind: Some(NameId(1)), ..Server::default() };
            let every = Duration::from_secs(3);
            World {
                actors: vec![
                    Toy::Server(behind),
                    Toy::Server(Server::default()),
                    Toy::Pinger(Pinger { to: NameId(0), every, starts: 0 }),
                ],
                workers: 2,
                queue: 5,
                open: plain.then_some(3),
                service: Distribution::Exp { mean: 0.8 },
                latency: Distribution::Exp { mean: 0.1 },
                door: if plain { Door::Plain(LimitClass::Back) } else {
                    Door::Mutual { answerer_decides: true, limit: LimitClass::Back }
                },
                limits: Limits { back: Duration::from_secs(6), ..Limits::default() },
                handshake: Duration::from_millis(50),
                horizon: 60.0,
                drain: 60.0,
                ..world(&schedule)
            }
        };
        let patience = Duration::from_secs(5);
        let arrivals = || Poisson { until: 60, ..Poisson::new(9, 1.0, Toy::Impatient(NameId(0), patience)) };
        let (first, tally) = run().run(arrivals(), Digest::default());
        prop_assert_eq!(tally.asks, tally.replies + tally.failures + tally.left + tally.open);
        prop_assert_eq!(tally.present, 0, "the impatient always leave");
        let (again, _) = run().run(arrivals(), Digest::default());
        prop_assert_eq!(first, again);
    }
}
