//! What work costs here: a twin whose topology charges nothing is used by one person after another, and each job of
//! each host is timed.
//!
//! A job's time goes to the weightiest work that it names, and what it names beside that counts as nothing, so that
//! the sum is right where works go together. Handshakes are timed apart, in memory. Writes the costs in the form that
//! topologies read; measures no waiting, no disks and no systems behind, of which this machine knows nothing.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr},
    path::Path,
    sync::Arc,
    time,
};

use protocol::{
    contract::Work,
    id::{HostId, NameId},
    role::Role,
    time::{Duration, Instant},
    trace::{Event, Sink, Stamp},
};
use sim::visitor::{Arrival, Arrivals as _};
use twin::{
    open::{Options, Twin},
    visit::Visit,
    world::{Witness, World},
};

use crate::{
    compose::Composed,
    problem::{Place, Problems},
    run::wall::told,
    validate::worlds,
};

/// People who come, one after another, before anything is timed: caches fill and lists are fetched.
const FIRST: u32 = 5;

/// Handshakes that are timed at each end.
const HANDSHAKES: usize = 200;

/// Nobody needs longer for a flow that waits for nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long jobs took, by role and work.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Costs(BTreeMap<(Role, &'static str), Vec<Duration>>);

/// Times jobs.
#[derive(Default)]
struct Stopwatch {
    is_on: bool,
    roles: Vec<Role>,
    jobs: BTreeMap<(HostId, Instant), Vec<Work>>,
    costs: Costs,
}

impl Sink for Stopwatch {
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        match event {
            Event::Worked { host, work, .. } if self.is_on => {
                self.jobs.entry((host, stamp.at)).or_default().push(work);
            }
            Event::ServiceEnded { host, began } => {
                let Some(works) = self.jobs.remove(&(host, began)) else { return };
                let weightiest = works.into_iter().max_by_key(|work| weight(*work));
                let role = self.roles.get(host.place());
                if let (Some(work), Some(role)) = (weightiest, role) {
                    self.costs.add(*role, work, stamp.at.since(began));
                }
            }
            _ => {}
        }
    }
}

impl Witness for Stopwatch {}

/// Of works that go together the one that takes most of the time: signatures first, then data, lists and pages.
fn weight(work: Work) -> usize {
    const LIGHTEST_FIRST: [Work; 21] = [
        Work::TlsResumption,
        Work::TlsHandshake,
        Work::CheckCertificate,
        Work::Query,
        Work::Redirect,
        Work::CheckCredentials,
        Work::CheckToken,
        Work::RefuseGrant,
        Work::CheckAuthorization,
        Work::LogConsent,
        Work::IssueCode,
        Work::IssueToken,
        Work::CheckAvailability,
        Work::RenderPage,
        Work::ServeList,
        Work::StoreDossier,
        Work::FetchDossier,
        Work::BuildFhir,
        Work::SignOcsp,
        Work::VerifySignature,
        Work::SignAuthnRequest,
    ];
    // What is not here outweighs all: assertions are signed twice, and lists are read whole.
    LIGHTEST_FIRST.iter().position(|known| *known == work).unwrap_or(LIGHTEST_FIRST.len())
}

impl Costs {
    fn add(&mut self, role: Role, work: Work, took: Duration) {
        self.0.entry((role, work.name())).or_default().push(took);
    }

    /// As a file of costs, for the table `costs` of topologies: medians and 95th percentiles of log-normal
    /// distributions.
    pub fn file(&self, machine: &str) -> String {
        let mut text = format!(
            "# What work costs here, as `stelsel calibrate` measured it in a twin without load.\n\
             # {machine}\n\
             # A job's time stands with the weightiest work that it names. What is not here did not occur.\n\
             from = \"none\"\n\n"
        );
        for ((role, work), took) in &self.0 {
            let mut sorted = took.clone();
            sorted.sort_unstable();
            let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize].as_nanos();
            // A distribution needs some width, and a clock has an end of its precision.
            let (median, p95) = (at(0.5).max(1), at(0.95).max(at(0.5) + 1).max(2));
            let sum: u64 = sorted.iter().map(|took| took.as_nanos()).sum();
            let mean = sum as f64 / sorted.len() as f64 / 1e3;
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "\"{}.{work}\" = \"lognormal(median={:.3}us, p95={:.3}us)\"  # {} times, mean {mean:.0} us",
                role.name(),
                median as f64 / 1e3,
                p95 as f64 / 1e3,
                sorted.len()
            );
        }
        text
    }

    /// The same as settings of a topology.
    pub fn settings(&self) -> Vec<(String, String)> {
        let file = self.file("");
        let lines = file.lines().filter_map(|line| {
            let (key, rest) = line.strip_prefix('"')?.split_once("\" = \"")?;
            let (value, _) = rest.split_once('"')?;
            Some((format!("topology.costs.\"{key}\""), value.to_owned()))
        });
        lines.collect()
    }

    /// Whether nothing was timed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What this machine is, and what day it is.
#[expect(clippy::disallowed_methods, reason = "the day of a measurement stands with it")]
pub fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("a processor that does not say its name", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let now = time::SystemTime::now().duration_since(time::UNIX_EPOCH).unwrap_or_default();
    let day = wire::list::Timestamp::from_unix(now.as_secs() as i64, 0).to_string();
    format!("{model}, {cores} cores, {}", day.get(..10).unwrap_or(&day))
}

/// The shipped network whose work costs nothing but what it does, and whose people and links take no time.
pub(crate) fn free() -> Vec<(String, String)> {
    let nothing =
        ["\"pgo.*\"", "\"za.*\"", "\"digid.*\""].map(|line| format!("topology.costs.{line}"));
    nothing
        .into_iter()
        .chain(["topology.xis.fetch".to_owned(), "topology.links.default".to_owned()])
        .map(|key| (key, "fixed(0s)".to_owned()))
        .collect()
}

/// Times a twin, opened in that folder, with so many people. None if it was stopped.
///
/// # Errors
/// The twin cannot be opened, or somebody is not served.
pub fn run(
    seed: u64,
    people: u32,
    dir: &Path,
    stopped: &dyn Fn() -> bool,
    each: &dyn Fn(),
) -> Result<Option<Costs>, Problems> {
    let mut set = free();
    for time in ["choose", "login", "consent"] {
        set.push((format!("persons.{time}"), "fixed(1ms)".to_owned()));
    }
    let set: Vec<(&str, &str)> =
        set.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let study = worlds::CASE.study(seed, &set)?;
    let composed = Composed::for_twin(&study.topology, &study.scenario)?;
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Place::whole("threads").problem(format!("cannot be had: {error}")))?;
    let options = Options {
        dir: dir.to_owned(),
        listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port: 0,
        seed,
        console: None,
        tells: true,
    };
    runtime.block_on(async {
        let roles = composed.directory.hosts.iter().map(|host| host.role).collect();
        let stopwatch = Stopwatch { roles, ..Stopwatch::default() };
        let twin = Twin::open(composed.twin(0), &options, stopwatch).await.map_err(told)?;
        let world = Arc::clone(&twin.world);
        let mut crowd = composed.crowd(0);
        for come in 0..FIRST + people {
            if stopped() {
                return Ok(None);
            }
            world.look(|stopwatch| stopwatch.is_on = come >= FIRST);
            let Some(Arrival { number, actor, facts, .. }) = crowd.next() else { break };
            world.come(Visit { number, party: actor, facts });
            let began = world.now();
            while world.is_here(number) {
                if world.now().since(began) > PATIENCE {
                    let problem = Place::whole("the twin").problem("a person was not served");
                    return Err(problem.into());
                }
                tokio::time::sleep(time::Duration::from_millis(2)).await;
            }
            each();
        }
        let mut costs = world.look(|stopwatch| std::mem::take(&mut stopwatch.costs));
        handshakes(&world, &composed, &mut costs);
        twin.close(time::Duration::from_secs(1)).await;
        Ok(Some(costs))
    })
}

/// Times handshakes at every kind of node: as who is sought, and as who seeks.
fn handshakes(world: &World<Stopwatch>, composed: &Composed, costs: &mut Costs) {
    let directory = &composed.directory;
    let of = |role: Role| {
        directory.hosts.iter().position(|host| host.role == role).map(|place| HostId(place as u32))
    };
    let back =
        |host: HostId| -> Option<NameId> { Some(world.network.hosts.get(host.place())?.back) };
    let pairs = [(Role::Pgo, Role::Za), (Role::Za, Role::Digid), (Role::Pgo, Role::Stelselnode)];
    for (asker, answerer) in pairs {
        let Some((from, to)) = of(asker).zip(of(answerer).and_then(back)) else { continue };
        for _ in 0..HANDSHAKES {
            let Some(took) = world.measure_handshake(Some(from), to) else { break };
            costs.add(asker, Work::TlsHandshake, took.asker);
            costs.add(answerer, Work::TlsHandshake, took.answerer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files;

    #[test]
    fn a_twin_is_timed_and_what_was_found_is_a_file_of_costs() {
        let dir = tempfile::tempdir().unwrap();
        let costs = run(1, 4, &dir.path().join("twin"), &|| false, &|| ()).unwrap().unwrap();
        let file = costs.file("a machine");
        for line in
            ["pgo.render-page", "za.sign-authn-request", "za.tls-handshake", "digid.sign-assertion"]
        {
            assert!(file.contains(&format!("\"{line}\" = \"lognormal(")), "{line}: {file}");
        }
        // A topology takes it as it is.
        std::fs::write(dir.path().join("costs.toml"), &file).unwrap();
        let topology = format!(
            "{}\n[costs]\nfrom = \"costs.toml\"\n",
            include_str!("../../topologies/minimal.toml")
        );
        std::fs::write(dir.path().join("t.toml"), topology).unwrap();
        let (topology, ..) = files::read_topology(&dir.path().join("t.toml"), &[]).unwrap();
        let costs_of = |role, work| {
            topology.costs.iter().find(|(of, what, _)| (*of, *what) == (role, work)).is_some()
        };
        assert!(costs_of(Role::Za, Work::SignAuthnRequest));
        assert!(!costs_of(Role::Za, Work::RefuseGrant));
    }

    #[test]
    fn whoever_stops_it_gets_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(run(1, 4, dir.path(), &|| true, &|| ()).unwrap(), None);
    }
}
