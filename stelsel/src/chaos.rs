//! Chaos: random schedules of faults, each run and judged, and what broke made as small as it gets.
//!
//! A schedule has 1 to 8 faults of hosts and links, of every kind and overlapping, and now and then changes of the
//! register and lists that go wrong, in 20 minutes, and then 10 quiet ones. It is a pure function of a key and a number
//! (`draw`), and it is a scenario file (`schedule`). The oracle (`oracle`) asks for the safety rules by evidence, for
//! conservation, and for health at the end. What it finds is shrunk (`shrink`) and kept (`keep`).
//!
//! How many people come: as many as half the capacity of the network serves in 20 minutes, and at most
//! [`MOST_PEOPLE`]; evenly, or more often all at once, which no network of a few gateways serves in time. Its capacity is
//! bounded as operational analysis does it, by workers / demand of the role that is busiest; the demand of a role is
//! taken as the mean cost of each of its kinds of work once, spread evenly over its hosts.
//!
//! Does not read flags or print anything (`commands::chaos`).

pub mod coverage;
pub mod draw;
pub mod keep;
pub mod oracle;
pub mod planted;
pub mod schedule;
pub mod shrink;

use std::{collections::BTreeSet, path::PathBuf, sync::Mutex};

use actors::deviant::Deviation;
use protocol::role::Role;
use rayon::prelude::*;

use self::{
    coverage::Coverage,
    draw::{HOST_ROLES, Targets},
    oracle::{Broken, Judgement, Look},
    schedule::{RESTLESS, Schedule},
};
use crate::{
    compose::Composed,
    files,
    plan::Topology,
    problem::{Place, Problems},
};

/// At most so many people come in one schedule.
pub const MOST_PEOPLE: u32 = 300;

/// A network on which schedules are loosed.
#[derive(Clone, Debug)]
pub struct Arena {
    /// The file of the topology.
    pub path: PathBuf,
    /// As the file has it.
    topology: Topology,
    /// The same with some people under the age limit, where the file has none.
    with_young: Topology,
    targets: Targets,
}

/// What to do.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// How many schedules.
    pub schedules: u32,
    /// Their key.
    pub seed: u64,
    /// Who breaks rules on purpose in all of them.
    pub planted: Vec<Deviation>,
    /// How many run at a time; none for as many as there are cores.
    pub jobs: Option<usize>,
    /// Whether to look where flows are when faults begin.
    pub look: Look,
}

/// Whoever is told how far a hunt is, and may stop it. Called from several threads.
pub trait Progress: Sync {
    /// A schedule is done.
    fn finished(&self);
    /// What broke in a schedule is being made smaller.
    fn shrinking(&self, number: u32);
    /// Whether to stop. What was found is kept.
    fn stopped(&self) -> bool;
}

/// What a hunt found.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Bag {
    /// Schedules that were run.
    pub schedules: u32,
    /// Faults that they had, and changes of the register and of lists.
    pub faults: u64,
    /// The latter.
    pub changes: u64,
    /// Flows that were run.
    pub flows: u64,
    /// How often a rule was put to the test.
    pub evaluated: u64,
    /// What broke, in how many schedules, and the first of them.
    pub broken: Vec<(Broken, u32, u32)>,
    /// For each thing that broke, a schedule that breaks it, made as small as it gets.
    pub kept: Vec<Kept>,
    /// Where flows were when faults began.
    pub coverage: Coverage,
    /// Whether it was stopped before its end.
    pub is_part: bool,
}

/// A schedule that breaks something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// What it breaks.
    pub found: oracle::Found,
    /// The schedule.
    pub schedule: Schedule,
    /// How many faults and changes it had when it was drawn.
    pub drawn: usize,
}

impl Arena {
    /// Reads the topology.
    ///
    /// # Errors
    /// It says what cannot be.
    pub fn read(path: PathBuf) -> Result<Self, Problems> {
        let (topology, ..) = files::read_topology(&path, &[])?;
        let under_age = topology.population.under_age == 0.0;
        let with_young = match files::Override::parse_set(schedule::UNDER_AGE) {
            Ok(set) if under_age => files::read_topology(&path, &[set])?.0,
            Ok(_) => topology.clone(),
            Err(problem) => return Err(problem.into()),
        };
        let idle = Schedule {
            of: (0, 0),
            seed: 0,
            crowd: schedule::Crowd::Steady { people: 1 },
            fetched_every: protocol::time::Duration::from_secs(3_600),
            under_age: false,
            faults: Vec::new(),
            changes: Vec::new(),
            deviants: Vec::new(),
        };
        let targets =
            Targets { hosts: Default::default(), services: Vec::new(), people: 1, under_age };
        let mut arena = Self { path, topology, with_young, targets };
        let directory = arena.compose(&idle)?.directory;
        for host in &directory.hosts {
            arena.targets.hosts[host.role as usize].push(host.name.clone());
        }
        let listings = directory.register.listings.iter();
        let offers = listings.flat_map(|listing| &listing.offers);
        let offered: BTreeSet<&str> = offers.map(|offer| offer.dienst.id()).collect();
        arena.targets.services = offered.into_iter().map(str::to_owned).collect();
        if let Some(role) =
            HOST_ROLES.iter().find(|role| arena.targets.hosts[**role as usize].is_empty())
        {
            let found = format!("one without any {}", role.name());
            return Err(arena
                .topology
                .place
                .expected("a network with hosts of every role", found)
                .into());
        }
        arena.targets.people = arena.people();
        Ok(arena)
    }

    /// How many people come in a schedule.
    fn people(&self) -> u32 {
        let workers = |role: Role| -> f64 {
            let topology = &self.topology;
            let of_group = |hosts: usize, workers: u32| hosts as f64 * f64::from(workers);
            match role {
                Role::Pgo => topology
                    .pgos
                    .iter()
                    .map(|one| of_group(one.hosts.len(), one.station.workers))
                    .sum(),
                Role::Za => topology
                    .zas
                    .iter()
                    .map(|one| of_group(one.hosts.len(), one.station.workers))
                    .sum(),
                Role::Digid => topology.digid.station.workers.into(),
                Role::Stelselnode => topology.stelselnode.station.workers.into(),
                Role::Ocsp => topology.ocsp.station.workers.into(),
                Role::Xis | Role::Person => of_group(
                    self.targets.hosts[Role::Xis as usize].len(),
                    topology.xis.station.workers,
                ),
            }
        };
        let demand = |role: Role| -> f64 {
            let of_role = self.topology.costs.iter().filter(|(of, ..)| *of == role);
            of_role.map(|(_, _, cost)| cost.base.mean()).sum()
        };
        let capacity = HOST_ROLES
            .into_iter()
            .map(|role| workers(role) / demand(role).max(1e-9))
            .fold(f64::INFINITY, f64::min);
        (capacity / 2.0 * RESTLESS.as_secs_f64()).clamp(1.0, f64::from(MOST_PEOPLE)) as u32
    }

    /// The schedule of that number.
    pub fn schedule(&self, seed: u64, number: u32, planted: &[Deviation]) -> Schedule {
        self.targets.schedule(seed, number, planted)
    }

    /// A schedule, ready to be run.
    ///
    /// # Errors
    /// The network cannot be composed, or the schedule has what cannot be in it.
    pub fn compose(&self, schedule: &Schedule) -> Result<Composed, Problems> {
        let topology = if schedule.under_age { &self.with_young } else { &self.topology };
        let scenario =
            files::scenario_of(&schedule.scenario("topology"), &schedule.name(), topology)?;
        Composed::new(topology, &scenario)
    }

    /// Runs a schedule and judges it; none if `stop` said so first.
    ///
    /// # Errors
    /// As [`Self::compose`].
    pub fn judge(
        &self,
        schedule: &Schedule,
        look: Look,
        stop: impl Fn() -> bool,
    ) -> Result<Option<Judgement>, Problems> {
        Ok(oracle::judge(&self.compose(schedule)?, schedule, look, stop))
    }

    /// Draws, runs and judges schedules, and makes small what broke something.
    ///
    /// # Errors
    /// Threads cannot be had, or a schedule has what cannot be.
    pub fn hunt(&self, hunt: &Hunt, progress: &dyn Progress) -> Result<Bag, Problems> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(hunt.jobs.unwrap_or(0))
            .build()
            .map_err(|error| Place::whole("--jobs").problem(format!("no threads: {error}")))?;
        let judged: Mutex<(Vec<(u32, Judgement)>, Coverage)> = Mutex::default();
        let one = |number: u32| -> Result<(), Problems> {
            let schedule = self.schedule(hunt.seed, number, &hunt.planted);
            if progress.stopped() {
                return Ok(());
            }
            if let Some(mut judgement) = self.judge(&schedule, hunt.look, || progress.stopped())? {
                progress.finished();
                if let Ok(mut judged) = judged.lock() {
                    // Sums do not care who comes first, and thousands of tables take room.
                    if let Some(coverage) = judgement.coverage.take() {
                        judged.1.add(&coverage);
                    }
                    judged.0.push((number, judgement));
                }
            }
            Ok(())
        };
        pool.install(|| (0..hunt.schedules).into_par_iter().with_max_len(1).try_for_each(one))?;
        let (mut judged, coverage) = judged.into_inner().unwrap_or_default();
        // By number, whichever was done first.
        judged.sort_by_key(|(number, _)| *number);
        let is_part = (judged.len() as u32) < hunt.schedules;
        let mut bag = Bag { is_part, coverage, ..Bag::default() };
        for (number, judgement) in &judged {
            bag.add(&self.schedule(hunt.seed, *number, &hunt.planted), judgement);
        }
        for (number, judgement) in judged {
            let is_new = |one: &&oracle::Found| bag.is_first(one.broken, number);
            let Some(found) = judgement.found.iter().find(is_new) else { continue };
            progress.shrinking(number);
            let schedule = self.schedule(hunt.seed, number, &hunt.planted);
            let drawn = schedule.happenings();
            let (schedule, found) = pool
                .install(|| shrink::shrink(self, schedule, found.clone(), || progress.stopped()))?;
            bag.kept.push(Kept { found, schedule, drawn });
        }
        Ok(bag)
    }
}

impl Bag {
    fn add(&mut self, schedule: &Schedule, judgement: &Judgement) {
        self.schedules += 1;
        self.faults += schedule.faults.len() as u64;
        self.changes += schedule.changes.len() as u64;
        self.flows += judgement.flows;
        self.evaluated += judgement.evaluated;
        for found in &judgement.found {
            match self.broken.iter_mut().find(|(broken, ..)| *broken == found.broken) {
                Some((_, times, _)) => *times += 1,
                None => self.broken.push((found.broken, 1, schedule.of.1)),
            }
        }
    }

    /// Whether this schedule was the first to break that.
    fn is_first(&self, broken: Broken, number: u32) -> bool {
        self.broken.iter().any(|(known, _, first)| *known == broken && *first == number)
    }
}
