//! Makes a schedule smaller for as long as it still breaks the same: first what can go goes, then what stays gets
//! shorter, weaker and rarer.
//!
//! Every step is run and judged, so that the schedule that is left breaks what it is said to break. Does not draw
//! anything: the same schedule always shrinks to the same.

use protocol::time::Duration;

use super::{
    Arena,
    oracle::{Found, Look},
    schedule::{Crowd, Fault, Harm, Schedule},
};
use crate::problem::Problems;

/// So many attempts at most: after that it is small enough.
const MOST_ATTEMPTS: u32 = 400;

/// The smallest schedule that was found to break the same, and the evidence there. Stopped early, it is less small.
///
/// # Errors
/// A schedule has what cannot be, which a smaller one has only if it had it before.
pub fn shrink(
    arena: &Arena,
    schedule: Schedule,
    found: Found,
    stop: impl Fn() -> bool,
) -> Result<(Schedule, Found), Problems> {
    let mut shrinking = Shrinking { arena, best: schedule, found, attempts: 0, stop };
    shrinking.without_happenings()?;
    loop {
        let before = shrinking.best.clone();
        shrinking.without_each()?;
        shrinking.weaker()?;
        if shrinking.best == before || shrinking.is_over() {
            return Ok((shrinking.best, shrinking.found));
        }
    }
}

struct Shrinking<'a, F> {
    arena: &'a Arena,
    best: Schedule,
    found: Found,
    attempts: u32,
    stop: F,
}

impl<F: Fn() -> bool> Shrinking<'_, F> {
    fn is_over(&self) -> bool {
        self.attempts >= MOST_ATTEMPTS || (self.stop)()
    }

    /// Takes a schedule if it still breaks the same. Says whether it does.
    fn attempt(&mut self, schedule: Schedule) -> Result<bool, Problems> {
        if schedule == self.best || self.is_over() {
            return Ok(false);
        }
        self.attempts += 1;
        let judgement = self.arena.judge(&schedule, Look::Away, &self.stop)?;
        let same = judgement.and_then(|judgement| {
            judgement.found.into_iter().find(|found| found.broken == self.found.broken)
        });
        let Some(found) = same else { return Ok(false) };
        (self.best, self.found) = (schedule, found);
        Ok(true)
    }

    /// Perhaps nothing needs to happen at all: deviants need little help.
    fn without_happenings(&mut self) -> Result<(), Problems> {
        let nothing = Schedule { faults: Vec::new(), changes: Vec::new(), ..self.best.clone() };
        if !self.attempt(nothing)? {
            let no_faults = Schedule { faults: Vec::new(), ..self.best.clone() };
            self.attempt(no_faults)?;
            let no_changes = Schedule { changes: Vec::new(), ..self.best.clone() };
            self.attempt(no_changes)?;
        }
        Ok(())
    }

    /// Leaves out one after another, the last first.
    fn without_each(&mut self) -> Result<(), Problems> {
        for place in (0..self.best.faults.len()).rev() {
            let mut smaller = self.best.clone();
            smaller.faults.remove(place);
            self.attempt(smaller)?;
        }
        for place in (0..self.best.changes.len()).rev() {
            let mut smaller = self.best.clone();
            smaller.changes.remove(place);
            self.attempt(smaller)?;
        }
        Ok(())
    }

    /// Fewer people, nobody under age, faults that are shorter and milder.
    fn weaker(&mut self) -> Result<(), Problems> {
        let older = Schedule { under_age: false, ..self.best.clone() };
        self.attempt(older)?;
        while let Some(crowd) = fewer(self.best.crowd) {
            let smaller = Schedule { crowd, ..self.best.clone() };
            if !self.attempt(smaller)? {
                break;
            }
        }
        for place in 0..self.best.faults.len() {
            for step in [shorter, milder] {
                while let Some(fault) = step(&self.best.faults[place]) {
                    let mut smaller = self.best.clone();
                    smaller.faults[place] = fault;
                    if !self.attempt(smaller)? {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

fn fewer(crowd: Crowd) -> Option<Crowd> {
    match crowd {
        Crowd::Steady { people } if people > 1 => Some(Crowd::Steady { people: people / 2 }),
        Crowd::Burst { at, within, people } if people > 1 => {
            Some(Crowd::Burst { at, within, people: people / 2 })
        }
        Crowd::Steady { .. } | Crowd::Burst { .. } => None,
    }
}

/// Half as long, in whole seconds.
fn shorter(fault: &Fault) -> Option<Fault> {
    let seconds = fault.lasts?.as_nanos() / 1_000_000_000;
    let half = Duration::from_secs(seconds / 2);
    (seconds > 1).then(|| Fault { lasts: Some(half), ..fault.clone() })
}

/// The mildest of its kind.
fn milder(fault: &Fault) -> Option<Fault> {
    let harm = match fault.harm {
        Harm::Slow(times) if times > 2 => Harm::Slow((times / 4).max(2)),
        Harm::Skew(seconds) if seconds.abs() > 1 => Harm::Skew(seconds / 2),
        Harm::Drift(ppm) if ppm.abs() > 50 => Harm::Drift(ppm / 2),
        Harm::Delay(millis) if millis > 50 => Harm::Delay((millis / 4).max(50)),
        Harm::Loss(percent) if percent > 1 => Harm::Loss(percent / 2),
        _ => return None,
    };
    Some(Fault { harm, ..fault.clone() })
}
