//! Runs the replications of a study, several at a time, and gathers what they gave.
//!
//! Which replication runs on which thread changes nothing: each is a function of its number. Does not read
//! files, write results or print anything.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use protocol::time::Instant;
use rayon::prelude::*;
use sim::simulation::Ending;
use watch::{
    statistics::{FaultSpan, FlowsKept, Settings, Traces},
    watcher::{Judged, Sight, Watcher},
};

use crate::{
    answer::{Answer, Study},
    compose::Composed,
    problem::{Place, Problems},
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
}

impl Default for Options {
    /// As many jobs as cores, a sample of flows, no traces, rules judged.
    fn default() -> Self {
        Self {
            jobs: None,
            flows: FlowsKept::AtMost(Settings::FLOWS_KEPT),
            traces: 0,
            judged: Judged::Yes,
        }
    }
}

/// Whoever is told how far a study is, and may stop it. Called from several threads.
pub trait Progress: Sync {
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
pub fn run(study: Study, options: &Options, progress: &impl Progress) -> Result<Ran, Problems> {
    let composed = Composed::new(&study.topology, &study.scenario)?;
    let wanted = study.scenario.replications;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs.unwrap_or(0))
        .build()
        .map_err(|error| Place::whole("--jobs").problem(format!("no threads: {error}")))?;
    let stopped = AtomicBool::new(false);
    let sights: Mutex<Vec<(u32, Sight)>> = Mutex::default();
    pool.install(|| {
        // One at a time from the front, so that what is done after a stop is the first so many.
        (0..wanted).into_par_iter().with_max_len(1).for_each(|replication| {
            let sight = replicate(&composed, &study, options, replication, progress);
            match sight {
                Some(sight) => {
                    progress.finished(replication);
                    if let Ok(mut sights) = sights.lock() {
                        sights.push((replication, sight));
                    }
                }
                None => stopped.store(true, Ordering::Relaxed),
            }
        });
    });
    let mut sights = sights.into_inner().unwrap_or_default();
    sights.sort_by_key(|(replication, _)| *replication);
    let flows_kept = match options.flows {
        FlowsKept::All => None,
        FlowsKept::None => Some(0),
        FlowsKept::AtMost(flows) => Some(flows),
    };
    let Some(answer) = answer(study, &composed, sights, flows_kept) else {
        return Ok(Ran::Nothing);
    };
    Ok(match stopped.into_inner() {
        true => Ran::Part(Box::new(answer)),
        false => Ran::Whole(Box::new(answer)),
    })
}

/// Runs one replication; none if it was stopped.
fn replicate(
    composed: &Composed,
    study: &Study,
    options: &Options,
    replication: u32,
    progress: &impl Progress,
) -> Option<Sight> {
    if progress.stopped() {
        return None;
    }
    let scenario = &study.scenario;
    let share_of_flows = |flows: u32| flows / scenario.replications.max(1);
    let settings = Settings {
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
    };
    let watcher = Watcher::new(&composed.directory, settings, options.judged);
    let simulation = composed.replicate(replication, watcher);
    let until = composed.window().horizon.as_secs_f64();
    let (watcher, ending) = simulation.run(|now| {
        progress.at(replication, (now.as_secs_f64() / until).min(1.0));
        progress.stopped()
    });
    match ending {
        Ending::Over(_) => Some(watcher.finish()),
        Ending::Interrupted => None,
    }
}

fn answer(
    study: Study,
    composed: &Composed,
    sights: Vec<(u32, Sight)>,
    flows_kept: Option<u32>,
) -> Option<Answer> {
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
    Some(Answer { study, directory, replications, verdicts, flows_kept })
}
