//! How many complete flows a second a twin serves here, beside what its handshakes and signatures alone would allow.
//!
//! The floor is made in the same run, with the same library and keys, on as many threads as there are cores: as many
//! full handshakes with browsers and between hosts as a flow had, and the SAML messages of a login. Once with a
//! connection for each exchange, and once with connections that are kept. Run: `cargo bench -p stelsel --bench twin`.

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::{
    net::{IpAddr, Ipv4Addr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use protocol::{
    id::HostId,
    role::Role,
    trace::{Event, Sink, Stamp},
};
use sim::visitor::Arrivals as _;
use stelsel::{
    compose::Composed,
    files::{self, Override},
};
use twin::{
    open::{Options, Twin},
    visit::Visit,
    world::{Witness, World},
};
use watch::{
    directory::Window,
    statistics::{Outcome, Settings},
    watcher::{Judged, Watcher},
};

const SCENARIO: &str = r#"
name = "bench"
topology = "-"
horizon = "1h"
[arrivals]
rate = "1000/s"
[persons]
choose = "fixed(1ms)"
login = "fixed(1ms)"
consent = "fixed(1ms)"
patience = "fixed(5min)"
refuse_consent = 0
cancel_login = 0
wrong_password = 0
go_back = 0
reload = 0
double_submit = 0
"#;

/// Flows that are served, and how many of them at a time.
const FLOWS: u32 = 1_000;
const AT_A_TIME: usize = 64;

/// How long the floor is looked for.
const FLOOR: Duration = Duration::from_secs(5);

/// Counts flows that were completed, and those that came to another end that the rulebook knows: for persons under the
/// age limit there is nothing.
struct Counter {
    watcher: Watcher,
    completed: u64,
    told: u64,
}

impl Sink for Counter {
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        self.watcher.event(stamp, event);
        let end = self.watcher.last_end();
        self.completed += u64::from(end == Some(Outcome::Completed));
        self.told += u64::from(end.is_some_and(Outcome::is_told));
    }
}

impl Witness for Counter {}

fn composed(keep_alive: &str) -> Composed {
    let set = |path: &str, value: &str| Override {
        flag: "--set".into(),
        path: path.into(),
        value: value.into(),
    };
    let set = [
        set("costs.from", "none"),
        set("costs.\"pgo.*\"", "fixed(0s)"),
        set("costs.\"za.*\"", "fixed(0s)"),
        set("costs.\"digid.*\"", "fixed(0s)"),
        set("xis.fetch", "fixed(0s)"),
        set("xis.no_data", "0.0"),
        set("links.default", "fixed(0s)"),
        set("tls.keep_alive", keep_alive),
    ];
    let topology = Path::new(env!("CARGO_MANIFEST_DIR")).join("../topologies/validation-twin.toml");
    let (topology, ..) = files::read_topology(&topology, &set).unwrap();
    let scenario = files::scenario_of(SCENARIO, "bench", &topology).unwrap();
    Composed::for_twin(&topology, &scenario).unwrap()
}

/// Serves flows; gives how long that took, how many were completed, and the handshakes that it took.
async fn serve(world: &Arc<World<Counter>>, composed: &Composed) -> (Duration, u64, [u64; 2]) {
    let mut crowd = composed.crowd(0);
    let mut here: Vec<u32> = Vec::new();
    let before = world.handshakes();
    let began = Instant::now();
    let mut come = 0;
    while come < FLOWS || !here.is_empty() {
        here.retain(|number| world.is_here(*number));
        while come < FLOWS && here.len() < AT_A_TIME {
            let arrival = crowd.next().unwrap();
            let (number, party, facts) = (arrival.number, arrival.actor, arrival.facts);
            world.come(Visit { number, party, facts });
            here.push(number);
            come += 1;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let after = world.handshakes();
    let handshakes = [0, 1].map(|place| after[place] - before[place]);
    (began.elapsed(), world.look(|counter| counter.completed), handshakes)
}

/// Flows a second that so many handshakes a flow and one login's signatures would allow.
fn floor(world: &Arc<World<Counter>>, handshakes: [f64; 2]) -> f64 {
    let of = |role: Role| {
        let place = world.network.hosts.iter().position(|host| host.role() == role).unwrap();
        (HostId(place as u32), world.network.hosts[place].front, world.network.hosts[place].back)
    };
    let ((pgo, front, _), (_, _, back)) = (of(Role::Pgo), of(Role::Za));
    let done = AtomicU64::new(0);
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                // What is owed of each kind, so that fractions of a handshake come out right.
                let mut owed = [0.0, 0.0];
                while began.elapsed() < FLOOR {
                    for (owed, handshakes) in owed.iter_mut().zip(handshakes) {
                        *owed += handshakes;
                    }
                    while owed[0] >= 1.0 {
                        world.measure_handshake(None, front).unwrap();
                        owed[0] -= 1.0;
                    }
                    while owed[1] >= 1.0 {
                        world.measure_handshake(Some(pgo), back).unwrap();
                        owed[1] -= 1.0;
                    }
                    world.measure_login().unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

fn main() {
    // `cargo test --benches` and the like only ask whether it runs.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!(
        "{:28} {:>8} {:>22} {:>8} {:>6}",
        "", "flows/s", "handshakes a flow", "floor/s", "share"
    );
    for (what, keep_alive) in [("a connection an exchange", "0s"), ("connections kept", "1min")] {
        let composed = composed(keep_alive);
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let window = composed.window();
        let settings = Settings::new(Window { ..window }, 1, 0);
        let watcher = Watcher::new(&composed.directory, settings, Judged::Yes);
        let counter = Counter { watcher, completed: 0, told: 0 };
        let options = Options {
            dir: dir.path().to_owned(),
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            seed: 1,
            console: None,
            tells: true,
        };
        let (twin, (took, completed, handshakes)) = runtime.block_on(async {
            let twin = Twin::open(composed.twin(0), &options, counter).await.unwrap();
            let served = serve(&twin.world, &composed).await;
            (twin, served)
        });
        let told = twin.world.look(|counter| counter.told);
        assert_eq!(told, u64::from(FLOWS), "a flow was not served");
        let rate = completed as f64 / took.as_secs_f64();
        let handshakes = handshakes.map(|count| count as f64 / completed as f64);
        let floor = floor(&twin.world, handshakes);
        println!(
            "{what:28} {rate:>8.1} {:>10.2} + {:>4.2} both {floor:>8.1} {:>5.0} %",
            handshakes[0],
            handshakes[1],
            100.0 * rate / floor
        );
        runtime.block_on(twin.close(Duration::from_secs(1)));
    }
}
