//! Runs the replications of a study, several at a time, and gathers what they gave.
//!
//! Which replication runs on which thread changes nothing: each is a function of its number. When there are
//! enough is for the scenario to say, or for `until`. Does not read files, write results or print anything.

mod bytes;
mod until;
pub mod wall;

use std::{
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use protocol::time::Instant;
use rayon::prelude::*;
use sim::simulation::Ending;
use twin::carry::Pens;
use watch::{
    statistics::{FaultSpan, FlowsKept, Settings, Traces},
    watcher::{Judged, Sight, Watcher},
};

use self::bytes::{ThroughBytes, Wrong};
pub use self::until::Until;
use crate::{
    answer::{Answer, Stopped, Study},
    compose::Composed,
    plan::Scenario,
    problem::{Place, Problem, Problems},
};

/// How to run a study.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many replications run at a time; none for as many as there are cores.
    pub jobs: Option<usize>,
    /// How many flows are kept for flows.csv, over all replications.
    pub flows: FlowsKept,
    /// How many flows of the first replication are recorded event by event.
    pub traces: u32,
    /// Whether rules are judged.
    pub judged: Judged,
    /// Until which interval is narrow enough replications are added; none for as many as the scenario says.
    pub until: Option<Until>,
    /// In which world.
    pub world: World,
}

/// In which world a study runs.
#[derive(Clone, Debug)]
pub enum World {
    /// In virtual time.
    Virtual,
    /// In virtual time, every message through its bytes; the folder of a twin, which keeps the keys.
    ThroughBytes(PathBuf),
    /// In a twin, which is opened there.
    Twin(wall::Site),
}

impl Default for Options {
    /// As many jobs as cores, a sample of flows, no traces, rules judged.
    fn default() -> Self {
        Self {
            jobs: None,
            flows: FlowsKept::AtMost(Settings::FLOWS_KEPT),
            traces: 0,
            judged: Judged::Yes,
            until: None,
            world: World::Virtual,
        }
    }
}

/// Whoever is told how far a study is, and may stop it. Called from several threads, and seldom: as an object, so that the
/// whole of a world is not compiled once for each.
pub trait Progress: Sync {
    /// So many replications are to be run, those that are done included; said again when there are to be more.
    fn expects(&self, replications: u32);
    /// A replication is about as far as this share of its events; called now and then.
    fn at(&self, replication: u32, share: f64);
    /// A replication is done.
    fn finished(&self, replication: u32);
    /// Whether to stop. Replications that are done are kept.
    fn stopped(&self) -> bool;
}

/// Nobody is told anything, and nobody stops it.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn expects(&self, _: u32) {}
    fn at(&self, _: u32, _: f64) {}
    fn finished(&self, _: u32) {}
    fn stopped(&self) -> bool {
        false
    }
}

/// What came of a study.
#[derive(Clone, Debug)]
pub enum Ran {
    /// Every replication is done.
    Whole(Box<Answer>),
    /// It was stopped; these replications are done.
    Part(Box<Answer>),
    /// It was stopped before any replication was done.
    Nothing,
}

/// Runs a study.
///
/// # Errors
/// The network cannot be composed, or threads cannot be had.
pub fn run(study: Study, options: &Options, progress: &dyn Progress) -> Result<Ran, Problems> {
    let mut study = study;
    let composed = match &options.world {
        World::Virtual => Composed::new(&study.topology, &study.scenario)?,
        World::ThroughBytes(_) | World::Twin(_) => {
            Composed::for_twin(&study.topology, &study.scenario)?
        }
    };
    let stage = match &options.world {
        World::Virtual => Stage::Virtual(None),
        World::ThroughBytes(dir) => {
            Stage::Virtual(Some(bytes::pens(&composed, &study.topology, dir)?))
        }
        World::Twin(site) => Stage::Twin(site),
    };
    // Twins would be in each other's way.
    let pool = pool(if matches!(stage, Stage::Twin(_)) { Some(1) } else { options.jobs })?;
    let failed: Mutex<Option<Problems>> = Mutex::default();
    let stopped = AtomicBool::new(false);
    let mut sights: Vec<(u32, Sight)> = Vec::new();
    let mut wanted = match &options.until {
        Some(until) => until.first(study.scenario.replications),
        None => study.scenario.replications,
    };
    let mut looks = 0;
    loop {
        progress.expects(wanted);
        let more: Mutex<Vec<(u32, Sight)>> = Mutex::default();
        let one = |replication: u32| {
            let scenario = &study.scenario;
            if stopped.load(Ordering::Relaxed) {
                return;
            }
            match replicate(&composed, scenario, options, &stage, replication, progress) {
                Ok(Some(sight)) => {
                    progress.finished(replication);
                    if let Ok(mut more) = more.lock() {
                        more.push((replication, sight));
                    }
                }
                Ok(None) => stopped.store(true, Ordering::Relaxed),
                Err(problems) => {
                    stopped.store(true, Ordering::Relaxed);
                    if let Ok(mut failed) = failed.lock() {
                        failed.get_or_insert(problems);
                    }
                }
            }
        };
        // One at a time from the front, so that what is done after a stop is the first so many.
        let rest = sights.len() as u32..wanted;
        pool.install(|| rest.into_par_iter().with_max_len(1).for_each(one));
        if let Some(problems) = failed.lock().ok().and_then(|mut failed| failed.take()) {
            return Err(problems);
        }
        sights.extend(more.into_inner().unwrap_or_default());
        sights.sort_by_key(|(replication, _)| *replication);
        let Some(until) = &options.until else { break };
        looks += 1;
        if stopped.load(Ordering::Relaxed) || until.holds(&sights) {
            break;
        }
        let Some(next) = until.next(wanted) else { break };
        wanted = next;
    }
    study.set_replications(wanted);
    let until = options.until.as_ref().map(|until| until.told(&sights, looks));
    let Some(answer) = answer(study, &composed, sights, options.flows, until) else {
        return Ok(Ran::Nothing);
    };
    Ok(match stopped.into_inner() {
        true => Ran::Part(Box::new(answer)),
        false => Ran::Whole(Box::new(answer)),
    })
}

/// Threads for so many jobs; none for as many as there are cores.
pub(crate) fn pool(jobs: Option<usize>) -> Result<rayon::ThreadPool, Problem> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.unwrap_or(0))
        .build()
        .map_err(|error| Place::whole("--jobs").problem(format!("no threads: {error}")))
}

/// What replications need of their world.
pub(crate) enum Stage<'a> {
    /// Nothing, or what signs their messages.
    Virtual(Option<Pens>),
    /// Where each is opened.
    Twin(&'a wall::Site),
}

/// Runs one replication; none if it was stopped.
///
/// # Errors
/// A twin of the network cannot be opened, or a message cannot be read from its bytes.
pub(crate) fn replicate(
    composed: &Composed,
    scenario: &Scenario,
    options: &Options,
    stage: &Stage<'_>,
    replication: u32,
    progress: &dyn Progress,
) -> Result<Option<Sight>, Problems> {
    if progress.stopped() {
        return Ok(None);
    }
    let settings = settings(composed, scenario, options, replication);
    let watcher = Watcher::new(&composed.directory, settings, options.judged);
    let pens = match stage {
        Stage::Twin(site) => {
            let played =
                wall::replicate(composed, scenario, site, replication, watcher, &[], progress)?;
            return Ok(played.map(|played| played.sight));
        }
        Stage::Virtual(pens) => pens.as_ref(),
    };
    let mut simulation = composed.replicate(replication, watcher);
    let wrong = Wrong::default();
    if let Some(pens) = pens {
        let carrier = ThroughBytes::new(composed, pens, replication, &wrong);
        simulation = simulation.carried_by(Box::new(carrier));
    }
    let until = composed.window().horizon.as_secs_f64();
    let (watcher, ending) = simulation.run(|now| {
        progress.at(replication, (now.as_secs_f64() / until).min(1.0));
        progress.stopped() || wrong.borrow().is_some()
    });
    if let Some(problem) = wrong.take() {
        return Err(problem.into());
    }
    Ok(match ending {
        Ending::Over(_) => Some(watcher.finish()),
        Ending::Interrupted => None,
    })
}

/// What is to be kept of a replication.
pub(crate) fn settings(
    composed: &Composed,
    scenario: &Scenario,
    options: &Options,
    replication: u32,
) -> Settings {
    // As many as there may be at most, so that what a replication keeps does not depend on how many follow.
    let most = options.until.as_ref().map_or(scenario.replications, |until| until.most);
    let share_of_flows = |flows: u32| flows / most.max(1);
    Settings {
        flows_kept: match options.flows {
            FlowsKept::AtMost(flows) => FlowsKept::AtMost(share_of_flows(flows).max(1)),
            other => other,
        },
        traces: match options.traces {
            0 => Traces::None,
            flows if replication == 0 => Traces::First(flows),
            _ => Traces::None,
        },
        token_lifetime: scenario.tokens.lifetime,
        entropy_bits: scenario.tokens.entropy_bits,
        faults: scenario
            .faults
            .iter()
            .map(|fault| {
                let begins = Instant::START + fault.at;
                FaultSpan { begins, ends: fault.lasts.map(|lasts| begins + lasts) }
            })
            .collect(),
        ..Settings::new(composed.window(), scenario.seed, replication)
    }
}

/// What sights of a study are together; none if there is none.
pub(crate) fn answer(
    study: Study,
    composed: &Composed,
    sights: Vec<(u32, Sight)>,
    flows: FlowsKept,
    until: Option<Stopped>,
) -> Option<Answer> {
    let flows_kept = match flows {
        FlowsKept::All => None,
        FlowsKept::None => Some(0),
        FlowsKept::AtMost(flows) => Some(flows),
    };
    let mut sights = sights.into_iter().map(|(_, sight)| sight);
    let Sight { replication, mut verdicts } = sights.next()?;
    let mut replications = vec![replication];
    for sight in sights {
        for (all, one) in verdicts.iter_mut().zip(&sight.verdicts) {
            all.merge(one);
        }
        replications.push(sight.replication);
    }
    let directory = std::sync::Arc::clone(&composed.directory);
    Some(Answer { study, directory, replications, verdicts, flows_kept, until })
}
