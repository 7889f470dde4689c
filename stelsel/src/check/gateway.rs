//! A gateway that somebody else plays, beside a twin that is opened for it: which rules it keeps.
//!
//! Opens the twin, waits for the gateway, has a [`desk`] go through its probes. Knows neither (`twin`, `desk`).

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time,
};

use desk::{
    desk::{Desk, Told as OfGateway},
    ledger::Ledger,
    probe::Next,
    stage::Stage,
    verdict::Report,
    waiting::Wait,
};
use protocol::{id::HostId, role::Role};
use twin::{network::Network, open::Twin};
use url::Url;

use super::door::ControlDoor;
use crate::{
    compose::Composed,
    files::{self, Override, nearest_name},
    guest,
    plan::Topology,
    problem::{Place, Problem, Problems},
    run::wall::told,
};

/// The network of checks, where no other is named.
const TOPOLOGY: &str = include_str!("../../../topologies/desk.toml");

/// A scenario of nothing: whoever comes, the desk has come.
const SCENARIO: &str =
    "name = \"desk\"\ntopology = \"-\"\nhorizon = \"1s\"\nseed = 1\n[arrivals]\nrate = \"1/h\"\n";

/// What is to be seen of a gateway, wherever its network is.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The role that the gateway plays.
    pub role: Role,
    /// How long to wait for the gateway.
    pub wait: time::Duration,
    /// What is told of the gateway.
    pub told: OfGateway,
    /// The probes that are made; all, where none is named.
    pub only: Vec<String>,
    /// The command that asks for the same, but for probes and files.
    pub command: String,
}

/// What is checked, and beside what network, which is opened for it.
#[derive(Clone, Debug)]
pub struct Order {
    /// What is to be seen.
    pub plan: Plan,
    /// Where it is; none for one of our own, that another twin plays.
    pub host: Option<SocketAddr>,
    /// For one of our own: what it breaks on purpose.
    pub deviant: Option<String>,
    /// The network; none for that of checks.
    pub topology: Option<PathBuf>,
    /// What of it is set otherwise.
    pub set: Vec<Override>,
    /// The folder of the twin.
    pub dir: PathBuf,
    /// Where the twin listens.
    pub listen: IpAddr,
    /// Its port; 0 for any.
    pub port: u16,
}

/// What is told while a check goes on.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// Something for people.
    Word(&'a str),
    /// The gateway is waited for.
    Waiting,
    /// The next probe.
    Probe(Next),
}

/// Sees that every name is that of a probe; `flag` is where they were named.
///
/// # Errors
/// One is none.
pub fn are_probes(flag: &str, role: Role, names: &[String]) -> Result<(), Problem> {
    let probes = desk::check::probes(role);
    let known: Vec<&str> = probes.iter().map(|probe| probe.name).collect();
    let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) else {
        return Ok(());
    };
    let problem =
        Place::whole(flag).expected(format!("one of {}", known.join(", ")), format!("`{name}`"));
    Err(match nearest_name(name, known.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem,
    })
}

/// Sees that where clocks are steered, if that is said, is plain HTTP; `flag` is where it was said.
///
/// # Errors
/// It is not.
pub fn control_is_plain(flag: &str, control: Option<&Url>) -> Result<(), Problem> {
    match control {
        Some(control) if control.scheme() != "http" => {
            let expected = "an address of plain HTTP, such as http://127.0.0.1:9446/";
            Err(Place::whole(flag).expected(expected, format!("`{control}`")))
        }
        _ => Ok(()),
    }
}

/// Checks a gateway. `say` is told what goes on, and says whether to go on.
///
/// # Errors
/// The topology says what cannot be, the folder cannot be used, or a port is taken.
pub fn check(order: &Order, say: &dyn Fn(Told<'_>) -> bool) -> Result<Report, Problems> {
    let topology = topology(order)?;
    let composed = composed(&topology, "")?;
    let role = order.plan.role;
    let place = composed.directory.hosts.iter().position(|host| host.role == role);
    let place = place.ok_or_else(|| {
        Place::whole(&*topology.place.source).expected(format!("a {}", role.name()), "none")
    })?;
    let host = HostId(place as u32);
    let own = order.host.is_none().then(guest::two_free_ports).transpose()?;
    let at = order.host.or(own).unwrap_or_else(|| SocketAddr::new(guest::LOOPBACK, 0));
    let network_name = composed.directory.hosts[host.place()].name.clone();
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Place::whole("threads").problem(format!("cannot be had: {error}")))?;
    runtime.block_on(async {
        let network = Network { elsewhere: BTreeMap::from([(host, at)]), ..composed.twin(0) };
        let ledger = Ledger::of(&network);
        let options = guest::options(&order.dir, order.listen, order.port);
        let twin = Twin::open(network, &options, ledger.clone()).await.map_err(told)?;
        let guest = match own {
            Some(at) => {
                let played = self::composed(&topology, &deviants(order, &network_name))?;
                Some(guest::play(&played, &order.dir, twin.world.doors, host, at).await?)
            }
            None => None,
        };
        let mut plan = order.plan.clone();
        let door = match &guest {
            Some(guest) => Some(ControlDoor::open(&guest.world, host, &twin.world).await?),
            None => {
                let folder = order.dir.join("external").join(&network_name);
                let path = folder.join("README.html");
                say(Told::Word(&format!("what the gateway needs is in {}", path.display())));
                None
            }
        };
        if let Some(door) = &door {
            plan.told.control = Some(door.url.clone());
        }
        let stage = Arc::clone(&twin.world) as Arc<dyn Stage>;
        let checked = examine(&plan, stage, ledger, (host, at), say).await;
        if let Some(guest) = guest {
            guest.close(time::Duration::from_secs(1)).await;
        }
        twin.close(time::Duration::from_secs(1)).await;
        checked.map_err(|why| Place::whole(order.dir.display().to_string()).problem(why).into())
    })
}

/// Checks whoever plays a host of a twin, there.
///
/// # Errors
/// Certificates of the network cannot be had.
pub(crate) async fn examine(
    plan: &Plan,
    stage: Arc<dyn Stage>,
    ledger: Ledger,
    (host, at): (HostId, SocketAddr),
    say: &dyn Fn(Told<'_>) -> bool,
) -> Result<Report, String> {
    let Plan { role, only, command, told, wait } = plan;
    if let Err(why) = desk::desk::wait_for(at, *wait, &|| say(Told::Waiting)).await {
        let why = format!("nobody answers at {at}: {why}");
        return Ok(Report::nothing(role.name(), at.to_string(), command.clone(), why));
    }
    let desk = Desk::new(stage, ledger, host, told.clone())?;
    let waits = desk::check::waits(*role, only, told);
    if let Some(waiting) = waiting(&waits) {
        say(Told::Word(&waiting));
    }
    let next = |next| say(Told::Probe(next));
    Ok(desk::check::check(&desk, *role, only, command, &next).await)
}

/// What is said beforehand of real waiting, if there will be any.
fn waiting(waits: &[Wait]) -> Option<String> {
    let minutes = |time: time::Duration| format!("{} min", time.as_secs().div_ceil(60));
    let each: Vec<String> =
        waits.iter().map(|wait| format!("{} {}", wait.probe, minutes(wait.whole()))).collect();
    let all = minutes(waits.iter().map(Wait::whole).sum());
    (!each.is_empty()).then(|| format!("really waits, at most {all} in all: {}", each.join(", ")))
}

/// The network of an order.
fn topology(order: &Order) -> Result<Topology, Problems> {
    let path = match &order.topology {
        Some(path) => path.clone(),
        None => {
            let wrong = |error: std::io::Error| {
                Problems::from(
                    Place::whole(order.dir.display().to_string()).problem(error.to_string()),
                )
            };
            fs::create_dir_all(&order.dir).map_err(wrong)?;
            let path = order.dir.join("desk.toml");
            twin::open::whole(&path, TOPOLOGY.as_bytes()).map_err(told)?;
            path
        }
    };
    let (topology, ..) = files::read_topology(&path, &order.set)?;
    Ok(topology)
}

fn composed(topology: &Topology, deviants: &str) -> Result<Composed, Problems> {
    let scenario = files::scenario_of(&format!("{SCENARIO}{deviants}"), "check", topology)?;
    Composed::for_twin(topology, &scenario)
}

/// The deviant of an order, as a scenario has it.
fn deviants(order: &Order, host: &str) -> String {
    let deviant = order.deviant.as_ref().map(|breaks| {
        let (name, breaks) = (toml::Value::from(host), toml::Value::from(breaks.as_str()));
        format!("[[deviant]]\nhost = {name}\nbreaks = {breaks}\n")
    });
    deviant.unwrap_or_default()
}
