//! Runs the units of a sweep, several at a time, and leaves each in the working folder.
//!
//! Which unit runs where and when changes nothing: each is a function of its number. Does not make results of
//! them (`folder`).

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use rayon::prelude::*;
use watch::statistics::FlowsKept;

use super::{
    plan::Plan,
    store::{Store, Unit},
};
use crate::{
    compose::Composed,
    problem::Problems,
    run::{self, Options, Stage},
};

/// Whoever is told how far a sweep is, and may stop it. Called from several threads.
pub trait Progress: Sync {
    /// So many units were done before, by an earlier process.
    fn resumes(&self, done: u64);
    /// A unit is done.
    fn finished(&self);
    /// Whether to stop. Units that are done are kept.
    fn stopped(&self) -> bool;
}

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ran {
    /// Every unit of the shard is done.
    Whole,
    /// It was stopped; so many units of the shard are done.
    Part(u64),
}

/// Runs the units of the store's shard that are not done yet.
///
/// # Errors
/// A cell cannot be composed, or a unit's file cannot be written.
pub fn run(
    plan: &Plan,
    store: &Store,
    jobs: Option<usize>,
    progress: &dyn Progress,
) -> Result<Ran, Problems> {
    let done = store.done()?;
    let mine: Vec<u64> = (0..plan.units()).filter(|unit| store.head.shard.has(*unit)).collect();
    let rest: Vec<u64> = mine.iter().copied().filter(|unit| !done.contains_key(unit)).collect();
    progress.resumes((mine.len() - rest.len()) as u64);
    let cells = Cells::of(plan, &rest);
    let failed: Mutex<Option<Problems>> = Mutex::default();
    let stopped = AtomicBool::new(false);
    let one = |unit: &u64| {
        if stopped.load(Ordering::Relaxed) || progress.stopped() {
            stopped.store(true, Ordering::Relaxed);
            return;
        }
        let ran = cells.run(*unit, progress).and_then(|unit| match unit {
            Some(unit) => Ok(store.keep(&unit).map(|()| true)?),
            None => Ok(false),
        });
        match ran {
            Ok(true) => progress.finished(),
            Ok(false) => stopped.store(true, Ordering::Relaxed),
            Err(problems) => {
                stopped.store(true, Ordering::Relaxed);
                if let Ok(mut failed) = failed.lock() {
                    failed.get_or_insert(problems);
                }
            }
        }
    };
    // One at a time from the front, so that few cells are in memory at once.
    run::pool(jobs)?.install(|| rest.par_iter().with_max_len(1).for_each(one));
    if let Some(problems) = failed.into_inner().unwrap_or_default() {
        return Err(problems);
    }
    Ok(match stopped.into_inner() {
        true => Ran::Part(store.done()?.len() as u64),
        false => Ran::Whole,
    })
}

/// A unit asks whether to stop as well, for it may take minutes.
struct Within<'a>(&'a dyn Progress);

impl run::Progress for Within<'_> {
    fn expects(&self, _: u32) {}
    fn at(&self, _: u32, _: f64) {}
    fn finished(&self, _: u32) {}
    fn stopped(&self) -> bool {
        self.0.stopped()
    }
}

/// The cells of a plan, each composed while somebody runs it.
struct Cells<'a> {
    plan: &'a Plan,
    slots: Vec<Mutex<Slot>>,
    options: Options,
}

/// A cell, and how many of its units are still to be run.
struct Slot {
    composed: Option<Arc<Composed>>,
    left: usize,
}

impl<'a> Cells<'a> {
    fn of(plan: &'a Plan, units: &[u64]) -> Self {
        let left = |cell: u32| units.iter().filter(|unit| plan.unit(**unit).0 == cell).count();
        let slot = |cell| Mutex::new(Slot { composed: None, left: left(cell) });
        let slots = (0..plan.cells.len() as u32).map(slot).collect();
        Self { plan, slots, options: Options { flows: FlowsKept::None, ..Options::default() } }
    }

    /// Runs a unit; none if it was stopped.
    fn run(&self, number: u64, progress: &dyn Progress) -> Result<Option<Unit>, Problems> {
        let (cell, replication) = self.plan.unit(number);
        let study = &self.plan.cells[cell as usize].study;
        let composed = self.composed(cell as usize)?;
        let progress = Within(progress);
        let sight = run::replicate(
            &composed,
            &study.scenario,
            &self.options,
            &Stage::Virtual(None),
            replication,
            &progress,
        )?;
        Ok(sight.map(|sight| Unit::of(number, &sight)))
    }

    fn composed(&self, cell: usize) -> Result<Arc<Composed>, Problems> {
        let study = &self.plan.cells[cell].study;
        let compose = || Ok(Arc::new(Composed::new(&study.topology, &study.scenario)?));
        let Ok(mut slot) = self.slots[cell].lock() else { return compose() };
        let composed = match slot.composed.take() {
            Some(composed) => composed,
            None => compose()?,
        };
        slot.left = slot.left.saturating_sub(1);
        // The last one to need it takes it along.
        if slot.left > 0 {
            slot.composed = Some(Arc::clone(&composed));
        }
        Ok(composed)
    }
}
