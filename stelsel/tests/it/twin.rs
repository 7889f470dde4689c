//! The same network in both worlds: people who come to a twin by real sockets are served as in virtual time, and
//! nobody who knocks in another way keeps them from it.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    time::Duration,
};

use protocol::trace::{Event, Sink, Stamp};
use stelsel::{
    answer::Answer,
    compose::Composed,
    run::{Options, World, wall::Site},
};
use twin::{
    open::{Options as Opening, Twin},
    world::Witness,
};
use watch::study::{figures::Group, metrics::MetricId};

use crate::world;

const NETWORK: &str = r#"
name = "small"
release = "1.1"
[[pgo]]
count = 2
[[za]]
count = 2
providers = 6
services = ["46", "51"]
[xis]
fetch = "fixed(20ms)"
no_data = 0.2
[links]
default = "fixed(2ms)"
[population]
people = 500
"#;

const PEOPLE: &str = r#"
horizon = "6s"
drain = "20s"
replications = 1
[arrivals]
rate = "5/s"
[persons]
choose = "fixed(100ms)"
login = "fixed(200ms)"
consent = "fixed(100ms)"
patience = "fixed(15s)"
refuse_consent = 0.1
cancel_login = 0.1
wrong_password = 0.1
go_back = 0.05
reload = 0.05
double_submit = 0.05
consult_dossier = 0.1
"#;

/// The same study in virtual time and in a twin.
fn both(scenario: &str) -> [Answer; 2] {
    let dir = tempfile::tempdir().unwrap();
    let study = || world::study(NETWORK, scenario, &[]);
    let twin = Options { world: World::Twin(Site::here(dir.path())), ..Options::default() };
    [world::answer(study(), &Options::default()), world::answer(study(), &twin)]
}

fn count(answer: &Answer, metric: &str) -> f64 {
    let metric = MetricId::of(metric).unwrap();
    answer.replications[0].figures.value(metric, &Group::all()).unwrap_or(0.0)
}

const OUTCOMES: [&str; 6] = [
    "flows.started",
    "flows.outcome.completed",
    "flows.outcome.exception-2",
    "flows.outcome.exception-3",
    "flows.outcome.exception-4",
    "flows.outcome.running",
];

fn nothing_is_broken_or_lost(answer: &Answer) {
    for verdict in &answer.verdicts {
        assert!(!verdict.broken(), "{verdict:?}");
    }
    let conservation = &answer.replications[0].conservation;
    assert!(conservation.holds(), "{conservation:?}");
}

#[test]
fn the_same_people_meet_the_same_end_in_both_worlds() {
    let [simulated, real] = both(PEOPLE);
    nothing_is_broken_or_lost(&real);
    for outcome in OUTCOMES {
        assert_eq!(count(&simulated, outcome), count(&real, outcome), "{outcome}");
    }
    assert!(count(&real, "flows.outcome.completed") > 10.0);
    assert!(count(&real, "flows.outcome.exception-3") > 0.0);
}

#[test]
fn who_needs_no_sockets_between_its_own_hosts_serves_the_same_people() {
    let dir = tempfile::tempdir().unwrap();
    let site = |beside| Site { beside, ..Site::here(dir.path()) };
    let answer = |beside| {
        let options = Options { world: World::Twin(site(beside)), ..Options::default() };
        world::answer(world::study(NETWORK, PEOPLE, &[]), &options)
    };
    let [over_sockets, beside] = [answer(false), answer(true)];
    nothing_is_broken_or_lost(&beside);
    for outcome in OUTCOMES {
        assert_eq!(count(&over_sockets, outcome), count(&beside, outcome), "{outcome}");
    }
}

/// The longest silence that a server bears where connections are not kept is 20 s.
#[test]
fn a_connection_that_is_kept_is_used_again_after_a_long_silence() {
    let dir = tempfile::tempdir().unwrap();
    let people = "horizon = \"5s\"\ndrain = \"30s\"\nreplications = 1\n\
        [arrivals]\nburst = { at = \"1s\", within = \"2s\", people = 40 }\n\
        [persons]\nchoose = \"fixed(20s)\"\nlogin = \"fixed(50ms)\"\nconsent = \"fixed(50ms)\"\n";
    let sets = ["topology.tls.keep_alive=25s", "topology.xis.no_data=0"];
    let twin = Options { world: World::Twin(Site::here(dir.path())), ..Options::default() };
    let real = world::answer(world::study(NETWORK, people, &sets), &twin);
    nothing_is_broken_or_lost(&real);
    assert_eq!(count(&real, "flows.outcome.completed"), 40.0);
}

#[test]
fn an_outage_is_an_outage_in_both_worlds() {
    let outage = "[[fault]]\nat = \"2s\"\nfor = \"2s\"\nhost = \"digid\"\nkind = \"down\"\n";
    let [simulated, real] = both(&format!("{PEOPLE}{outage}"));
    nothing_is_broken_or_lost(&real);
    let served = |answer: &Answer| count(answer, "flows.outcome.completed");
    let undisturbed = world::answer(world::study(NETWORK, PEOPLE, &[]), &Options::default());
    assert!(served(&simulated) < served(&undisturbed));
    // Who came at the very edge of it may have been a little sooner or later.
    assert!((served(&simulated) - served(&real)).abs() <= 2.0, "{}", served(&real));
}

/// Hears nothing.
struct Deaf;

impl Sink for Deaf {
    fn event(&mut self, _: Stamp, _: Event<'_>) {}
}

impl Witness for Deaf {}

fn composed() -> Composed {
    let study = world::study(NETWORK, PEOPLE, &[]);
    Composed::for_twin(&study.topology, &study.scenario).unwrap()
}

fn opening(dir: &Path, port: u16) -> Opening {
    let listen = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Opening { dir: dir.to_owned(), listen, port, seed: 1, console: None, tells: true }
}

/// What a host says to these bytes, before it closes the connection or ten seconds have passed.
fn knock(at: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // It may hang up while we still talk.
    let _ = stream.write_all(bytes);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    said
}

#[test]
fn who_knocks_in_another_way_is_turned_away_and_others_are_served() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let composed = composed();
    let twin =
        runtime.block_on(Twin::open(composed.twin(0), &opening(dir.path(), 0), Deaf)).unwrap();
    let world = Arc::clone(&twin.world);
    let (tls, plain) = (world.doors.tls, world.doors.plain);
    // People who say nothing, for as long as the others come.
    let silent: Vec<TcpStream> =
        (0..1_000).map(|place| TcpStream::connect([tls, plain][place % 2]).unwrap()).collect();
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x16, 3, 1, 0xff, 0xff], &[0; 70_000]] {
        assert!(!knock(tls, garbage).starts_with(b"HTTP"));
    }
    let mut long = b"GET / HTTP/1.1\r\nHost: xis-1.stelsel.example\r\nX-Long: ".to_vec();
    long.resize(10 << 20, b'a');
    let said = knock(plain, &long);
    assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 431"), "{said:?}");
    let large =
        b"POST / HTTP/1.1\r\nHost: ocsp.stelsel.example\r\nContent-Length: 99999999\r\n\r\n";
    assert!(knock(plain, large).starts_with(b"HTTP/1.1 4"));
    let nobody =
        knock(plain, b"GET / HTTP/1.1\r\nHost: nobody.example\r\nConnection: close\r\n\r\n");
    assert!(nobody.starts_with(b"HTTP/1.1 421"), "{}", String::from_utf8_lossy(&nobody));
    // And a gateway is no OCSP responder.
    let front =
        knock(plain, b"GET / HTTP/1.1\r\nHost: pgo-1.stelsel.example\r\nConnection: close\r\n\r\n");
    assert!(front.starts_with(b"HTTP/1.1 421"), "{}", String::from_utf8_lossy(&front));
    let mut crowd = composed.crowd(0);
    runtime.block_on(async {
        use sim::visitor::Arrivals as _;
        for _ in 0..5 {
            let arrival = crowd.next().unwrap();
            let (number, party, facts) = (arrival.number, arrival.actor, arrival.facts);
            world.come(twin::visit::Visit { number, party, facts });
        }
        for _ in 0..1_000 {
            if (0..5).all(|number| !world.is_here(number)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!((0..5).all(|number| !world.is_here(number)), "somebody is still not served");
    });
    drop(silent);
    runtime.block_on(twin.close(Duration::from_secs(1)));
}

#[test]
fn a_port_that_is_taken_and_a_folder_that_cannot_be_used_are_said_by_name() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let open = |dir: &Path, port| {
        let opened = runtime.block_on(Twin::open(composed().twin(0), &opening(dir, port), Deaf));
        opened.err().map(|fault| fault.to_string()).unwrap()
    };
    let fault = open(dir.path(), port);
    assert!(fault.contains(&port.to_string()) && fault.contains("--port"), "{fault}");
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let fault = open(&file.join("below"), 0);
    assert!(fault.contains("below"), "{fault}");
}
