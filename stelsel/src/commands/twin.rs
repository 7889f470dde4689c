//! `stelsel twin`: a network behind real sockets, for as long as one likes.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time,
};

use clap::{Args, ValueHint};
use protocol::{id::HostId, role::Role, time::Instant};
use serde_json::json;
use twin::{
    network::Network,
    open::{Options, Twin},
    world::Doors,
};
use watch::{
    directory::{Directory, Host, Window},
    rules::Verdict,
    statistics::{FlowsKept, Settings},
    study::{figures::Group, metrics::MetricId},
    watcher::{Sight, Watcher},
};

use super::{Ending, Outcome, interrupt};
use crate::{
    compose::Composed,
    console::{self, Console, Live, Record},
    files::{self, Override},
    guest,
    problem::{Place, Problem, Problems},
    run::wall::{Ear, told},
};

/// Start a network behind real sockets on this machine
///
/// Every host of the topology answers under its own names, over TLS with certificates of a chain made for it: PGO and
/// ZA gateways, DigiD, the stelselnode, OCSP and the systems behind. The same actors run as in `run`. Prints
/// `ready DIR/endpoints.json` when every host answers; that file says what is where, with which certificate, and how
/// names are mapped for a browser, curl or a server of your own. Its console, a page that shows what goes on and has
/// switches for faults, is named there too. Ends at Ctrl-C or SIGTERM, when requests in progress
/// are answered, with a verdict on every rule.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel twin topologies/minimal.toml
  stelsel twin topologies/beta-2018.toml --dir twin --port 9443
  stelsel twin topologies/minimal.toml --record seen --deviant pgo-1=code-offered-twice
  stelsel twin topologies/minimal.toml --external za=127.0.0.1:9999

Exit status: 0 ended when asked to, 1 a rule of safety broke, 2 bad input.")]
pub struct Arguments {
    /// The topology file
    #[arg(value_name = "TOPOLOGY", value_hint = ValueHint::FilePath)]
    topology: PathBuf,
    /// Its folder: certificates, keys, endpoints.json
    #[arg(long, value_name = "DIR", default_value = "twin", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// The address that it listens on
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// The port for TLS; OCSP and the systems behind gateways have the next. 0 takes two that are free
    #[arg(long, value_name = "P", default_value_t = 8443)]
    port: u16,
    /// The port of the console, on the same address; 0 takes any that is free [default: two above --port]
    #[arg(long, value_name = "P")]
    console: Option<u16>,
    /// Keep every exchange in this folder, decoded and as bytes, for `stelsel trace`
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    record: Option<PathBuf>,
    /// Play no such host: a server of your own does. za is the last gateway of a Zorgaanbieder, pgo the last of a PGO,
    /// and za-2 that one. What your server needs is put into DIR/external
    #[arg(long, value_name = "HOST=ADDRESS:PORT")]
    external: Vec<String>,
    /// Play this host only, with the systems behind it: another twin of the same network, which has it as --external, plays
    /// the others. Uses the folder of that
    #[arg(long, value_name = "HOST", requires = "peers", conflicts_with = "external")]
    only: Option<String>,
    /// With --only: where the other twin listens for TLS; what has no TLS is at the next port
    #[arg(long, value_name = "ADDRESS:PORT", requires = "only")]
    peers: Option<SocketAddr>,
    /// Have hosts break a rule: pgo-2=other-client-named
    #[arg(long, value_name = "HOST=RULE")]
    deviant: Vec<String>,
    /// Key of all draws that are not secret: what people's records hold, and costs
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Set a key of the topology (topology.digid.workers=8)
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Print what it says at the end as JSON
    #[arg(long)]
    json: bool,
}

/// Longer than any twin runs.
const ALWAYS: Instant = Instant::from_nanos(u64::MAX / 4);

/// How long requests in progress may take when it is told to end.
const PATIENCE: time::Duration = time::Duration::from_secs(20);

/// Runs the command.
///
/// # Errors
/// The topology says what cannot be, the folder cannot be used, or a port is taken.
pub fn run(arguments: &Arguments) -> Outcome {
    super::hold_many_sockets();
    let set = arguments
        .set
        .iter()
        .map(|text| Override::parse_set(text))
        .collect::<Result<Vec<Override>, Problem>>()?;
    let (topology, ..) = files::read_topology(&arguments.topology, &set)?;
    let scenario = files::scenario_of(&scenario(arguments)?, "twin", &topology)?;
    let composed = Composed::for_twin(&topology, &scenario)?;
    let window = Window { warm_up: Instant::START, horizon: ALWAYS };
    let settings = Settings {
        flows_kept: FlowsKept::None,
        timeline_step: protocol::time::Duration::ZERO,
        ..Settings::new(window, arguments.seed, 0)
    };
    let elsewhere = match (&arguments.only, arguments.peers) {
        (Some(host), Some(tls)) => all_but(&composed.directory, host, tls)?,
        _ => elsewhere(&arguments.external, &composed.directory)?,
    };
    let strangers = elsewhere.keys().copied().collect();
    let watcher = Watcher::of_strangers(&composed.directory, settings, strangers);
    let network = Network { elsewhere, ..composed.twin(0) };
    let record = arguments.record.as_deref().map(Record::begin).transpose()?;
    let ear = Ear::new(watcher, Some(Live::new(&composed.directory, record)));
    interrupt::catch()?;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Place::whole("threads").problem(format!("cannot be had: {error}")))?;
    let console_port = match (arguments.console, arguments.port) {
        (Some(port), _) => port,
        (None, 0) => 0,
        (None, port) => port.saturating_add(2),
    };
    let console = SocketAddr::new(arguments.listen, console_port);
    let (sight, recorded) = runtime.block_on(async {
        let console = console::bind(console).await?;
        let address = console.local_addr().ok();
        let options = Options {
            dir: arguments.dir.clone(),
            listen: arguments.listen,
            port: arguments.port,
            seed: arguments.seed,
            console: address.map(|address| format!("http://{address}/")),
            tells: arguments.only.is_none(),
        };
        let twin = Twin::open(network, &options, ear).await.map_err(told)?;
        let console = Console::open(console, &twin.world, &topology)?;
        super::say(&format!("console http://{}/", console.address));
        super::print(&format!("ready {}\n", twin.endpoints.display()))?;
        while !interrupt::asked() {
            tokio::time::sleep(time::Duration::from_millis(50)).await;
        }
        super::say("ending");
        let world = Arc::clone(&twin.world);
        twin.close(PATIENCE).await;
        drop(console);
        let recorded = world.look(Ear::end_record).map_or(Ok(()), Record::end);
        Ok::<_, Problems>((world.look(|ear| ear.take().map(Watcher::finish)), recorded))
    })?;
    let Some(sight) = sight else { return Ok(Ending::Done) };
    let broken: Vec<&Verdict> = sight.verdicts.iter().filter(|verdict| verdict.broken()).collect();
    super::print(&match arguments.json {
        true => format!("{:#}\n", as_json(&sight, &broken)),
        false => as_text(&sight, &broken),
    })?;
    recorded?;
    Ok(if broken.is_empty() { Ending::Done } else { Ending::CheckFailed })
}

/// Hosts that the other twin plays, for one that plays one host only.
fn all_but(
    directory: &Directory,
    name: &str,
    tls: SocketAddr,
) -> Result<BTreeMap<HostId, SocketAddr>, Problem> {
    let place = directory.hosts.iter().position(|host| host.name == name);
    let place = place.ok_or_else(|| {
        let names = directory.hosts.iter().map(|host| host.name.as_str());
        let problem = Place::whole("--only").expected("a host of the network", format!("`{name}`"));
        match files::nearest_name(name, names) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem,
        }
    })?;
    let plain = SocketAddr::new(tls.ip(), tls.port().saturating_add(1));
    Ok(guest::all_but(directory, HostId(place as u32), true, Doors { tls, plain }))
}

/// Hosts that somebody else plays, and where.
fn elsewhere(
    external: &[String],
    directory: &Directory,
) -> Result<BTreeMap<HostId, SocketAddr>, Problem> {
    let flag = Place::whole("--external");
    let playable = |role: Role| matches!(role, Role::Pgo | Role::Za);
    let mut elsewhere = BTreeMap::new();
    for text in external {
        let wanted = "a host and where it is, such as za=127.0.0.1:9999";
        let (name, address) =
            text.split_once('=').ok_or_else(|| flag.expected(wanted, format!("`{text}`")))?;
        let fits = |host: &Host| host.name == name || host.role.name() == name;
        let found = directory.hosts.iter().rposition(|host| fits(host) && playable(host.role));
        let Some(place) = found else {
            let hosts = directory.hosts.iter().filter(|host| playable(host.role));
            let names: Vec<&str> = hosts.map(|host| host.name.as_str()).take(12).collect();
            let wanted = format!("pgo, za, or one of {}", names.join(", "));
            return Err(flag.expected(wanted, format!("`{name}`")));
        };
        let at = super::resolved(address)
            .map_err(|error| flag.expected(wanted, format!("`{address}`: {error}")))?;
        if elsewhere.insert(HostId(place as u32), at).is_some() {
            return Err(flag.expected("each host once", format!("`{name}` again")));
        }
    }
    Ok(elsewhere)
}

/// The scenario of a twin to which everybody comes through real doors. It must have somebody come all the same.
fn scenario(arguments: &Arguments) -> Result<String, Problem> {
    let mut text = format!(
        "name = \"twin\"\ntopology = \"-\"\nhorizon = \"1s\"\nseed = {}\n[arrivals]\nrate = \"1/h\"\n",
        arguments.seed
    );
    for deviant in &arguments.deviant {
        let Some((host, rule)) = deviant.split_once('=') else {
            let wanted = "a host and what it breaks, such as pgo-1=code-offered-twice";
            return Err(Place::whole("--deviant").expected(wanted, format!("`{deviant}`")));
        };
        let (host, rule) = (toml::Value::from(host), toml::Value::from(rule));
        text.push_str(&format!("[[deviant]]\nhost = {host}\nbreaks = {rule}\n"));
    }
    Ok(text)
}

fn count(sight: &Sight, metric: &str) -> f64 {
    MetricId::of(metric)
        .and_then(|metric| sight.replication.figures.value(metric, &Group::all()))
        .unwrap_or(0.0)
}

fn as_text(sight: &Sight, broken: &[&Verdict]) -> String {
    let mut text = format!(
        "Flows: {} began, {} were completed\n",
        count(sight, "flows.started"),
        count(sight, "flows.outcome.completed")
    );
    let judged = sight.verdicts.len();
    match broken {
        [] => text.push_str(&format!("Rules: none of the {judged} judged was broken\n")),
        broken => {
            for verdict in broken {
                let why = verdict.first.map(|breach| breach.why.text()).unwrap_or_default();
                text.push_str(&format!(
                    "{}: broken {} times; first: {why}\n",
                    verdict.rule, verdict.breaches
                ));
            }
        }
    }
    text
}

fn as_json(sight: &Sight, broken: &[&Verdict]) -> serde_json::Value {
    let told_json = |verdict: &&Verdict| json!({ "rule": verdict.rule.name(), "citation": verdict.rule.row().cite, "breaches": verdict.breaches });
    json!({
        "flows_started": count(sight, "flows.started"),
        "flows_completed": count(sight, "flows.outcome.completed"),
        "rules_judged": sight.verdicts.len(),
        "broken": broken.iter().map(told_json).collect::<Vec<_>>(),
    })
}
