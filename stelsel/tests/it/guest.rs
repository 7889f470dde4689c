//! Somebody else plays a host of a twin: another twin, which knows the first by its sockets alone.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use protocol::{
    id::HostId,
    role::Role,
    trace::{Event, Sink, Stamp},
};
use sim::visitor::Arrivals as _;
use stelsel::{
    compose::Composed,
    guest::{all_but, two_free_ports},
};
use twin::{
    network::Network,
    open::{Options, Twin},
    visit::Visit,
    world::Witness,
};
use watch::{
    directory::Window,
    rules::Verdict,
    statistics::{Outcome, Settings},
    watcher::Watcher,
};

use crate::world;

const NETWORK: &str = r#"
name = "guests"
release = "1.1"
[[pgo]]
[[za]]
providers = 3
services = ["46"]
[xis]
fetch = "fixed(1ms)"
no_data = 0.0
[costs]
from = "none"
[population]
people = 100
"#;

const PEOPLE: &str = r#"
horizon = "1min"
[arrivals]
rate = "1/s"
[persons]
choose = "fixed(5ms)"
login = "fixed(5ms)"
consent = "fixed(5ms)"
refuse_consent = 0
cancel_login = 0
wrong_password = 0
go_back = 0
reload = 0
double_submit = 0
"#;

/// Judges, and counts who was served.
struct Eye {
    watcher: Option<Watcher>,
    completed: u32,
}

impl Sink for Eye {
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        let Some(watcher) = &mut self.watcher else { return };
        watcher.event(stamp, event);
        self.completed += u32::from(watcher.last_end() == Some(Outcome::Completed));
    }
}

impl Witness for Eye {}

fn composed(deviant: &str) -> Composed {
    let study = world::study(NETWORK, &format!("{PEOPLE}{deviant}"), &[]);
    Composed::for_twin(&study.topology, &study.scenario).unwrap()
}

fn place(composed: &Composed, role: Role) -> HostId {
    let place = composed.directory.hosts.iter().position(|host| host.role == role).unwrap();
    HostId(place as u32)
}

fn eye(composed: &Composed, strangers: Vec<HostId>) -> Eye {
    let Window { warm_up, horizon } = composed.window();
    let settings = Settings::new(Window { warm_up, horizon }, 1, 0);
    let watcher = Watcher::of_strangers(&composed.directory, settings, strangers);
    Eye { watcher: Some(watcher), completed: 0 }
}

fn options(dir: &Path, port: u16) -> Options {
    let listen = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Options { dir: dir.to_owned(), listen, port, seed: 1, console: None, tells: true }
}

/// People come to a twin whose gateway another twin plays. How many were served, and what the first says of the
/// gateway.
fn collected(people: u32, deviant: &str) -> (u32, Vec<Verdict>) {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (host, guest) = (composed(""), composed(deviant));
    let za = place(&host, Role::Za);
    let at = two_free_ports().unwrap();
    runtime.block_on(async {
        let network = Network { elsewhere: BTreeMap::from([(za, at)]), ..host.twin(0) };
        let first =
            Twin::open(network, &options(dir.path(), 0), eye(&host, vec![za])).await.unwrap();
        let elsewhere = all_but(&guest.directory, za, false, first.world.doors);
        let network = Network { elsewhere, ..guest.twin(0) };
        let second = Twin::open(network, &options(dir.path(), at.port()), eye(&guest, Vec::new()))
            .await
            .unwrap();
        let mut crowd = host.crowd(0);
        for _ in 0..people {
            let arrival = crowd.next().unwrap();
            let (number, party, facts) = (arrival.number, arrival.actor, arrival.facts);
            first.world.come(Visit { number, party, facts });
            for _ in 0..1_000 {
                if !first.world.is_here(number) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        let world = Arc::clone(&first.world);
        first.close(Duration::from_secs(1)).await;
        second.close(Duration::from_secs(1)).await;
        world.look(|eye| {
            let verdicts = eye.watcher.take().unwrap().finish().verdicts;
            (eye.completed, verdicts)
        })
    })
}

fn broken(verdicts: &[Verdict]) -> Vec<&'static str> {
    verdicts.iter().filter(|verdict| verdict.broken()).map(|verdict| verdict.rule.name()).collect()
}

#[test]
fn a_gateway_that_somebody_else_plays_serves_people_and_is_judged_by_its_edge() {
    let (completed, verdicts) = collected(4, "");
    assert_eq!(broken(&verdicts), [""; 0]);
    assert_eq!(completed, 4);
    // It was put to the test, and nobody else was.
    let tested = verdicts.iter().filter(|verdict| verdict.evaluated > 0).count();
    assert!(tested > 10, "{tested}");
}

#[test]
fn a_guest_that_breaks_a_rule_is_found_out() {
    let deviant = "[[deviant]]\nhost = \"za-1\"\nbreaks = \"refresh-token-issued\"\n";
    let (_, verdicts) = collected(3, deviant);
    assert_eq!(broken(&verdicts), ["NO_REFRESH_TOKENS"]);
}

#[test]
fn whoever_plays_a_host_is_given_what_it_needs() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let composed = composed("");
    let at = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);
    let hosts = [Role::Za, Role::Pgo].map(|role| (place(&composed, role), at));
    let network = Network { elsewhere: BTreeMap::from(hosts), ..composed.twin(0) };
    let (options, eye) = (options(dir.path(), 0), eye(&composed, Vec::new()));
    let twin = runtime.block_on(Twin::open(network, &options, eye)).unwrap();
    let za = dir.path().join("external/za-1");
    for file in ["ca.pem", "saml.key.pem", "saml.xml", "digid.xml", "MedMij_Whitelist.xml"] {
        assert!(za.join(file).is_file(), "{file}");
    }
    let page = std::fs::read_to_string(za.join("README.html")).unwrap();
    for said in ["za-1", "/token/", "stelselnode", "127.0.0.1:9"] {
        assert!(page.contains(said), "{said}");
    }
    let page = dir.path().join("external/pgo-1/README.html");
    assert!(std::fs::read_to_string(page).unwrap().contains("client_id"));
    runtime.block_on(twin.close(Duration::from_secs(1)));
}
