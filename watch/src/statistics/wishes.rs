//! Wishes: one arrival with all its attempts.
//!
//! Kept per visitor, from the first attempt until the visitor leaves for good. A wish is served once an
//! attempt is completed.

use std::collections::BTreeMap;

use protocol::{
    id::{FlowId, HostId},
    time::Instant,
};

use super::{cause::Cause, cohort::Cohort, flow::Subject, groups::Start, outcome::Outcome};
use crate::directory::Window;

/// The wishes of the visitors who are there now.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    table: Vec<Option<Wish>>,
}

/// One wish.
#[derive(Clone, Debug)]
struct Wish {
    /// What the first attempt was about.
    subject: Subject,
    arrival: u32,
    attempts: u16,
    cohort: bool,
    served: bool,
    start: Start,
    last: Outcome,
    cause: Option<Cause>,
}

const _: () = assert!(size_of::<Option<Wish>>() <= 32, "there is one of these per visitor");

impl Wishes {
    /// An attempt begins.
    pub fn began(
        &mut self,
        visitor: HostId,
        flow: FlowId,
        subject: Subject,
        now: Instant,
        window: Window,
        cohort: &mut Cohort,
    ) {
        let place = visitor.place();
        // Places are given out densely; one far beyond the rest is no place of this driver's.
        if !visitor.is_visitor() || place > self.table.len() + (1 << 16) {
            return;
        }
        if place >= self.table.len() {
            self.table.resize(place + 1, None);
        }
        match &mut self.table[place] {
            Some(wish) if wish.arrival == flow.arrival => {
                wish.attempts = wish.attempts.saturating_add(1);
                wish.last = Outcome::Running;
                wish.cause = None;
            }
            // A visitor's place is used again once it has left; if nobody said so, it has all the same.
            other => {
                if let Some(wish) = other.take() {
                    wish.end(cohort);
                }
                *other = Some(Wish {
                    subject,
                    arrival: flow.arrival,
                    attempts: 1,
                    // A wish is of the cohort if its first attempt is.
                    cohort: flow.attempt == 1 && window.has(now),
                    served: false,
                    start: cohort.groups.start(&subject, now),
                    last: Outcome::Running,
                    cause: None,
                });
            }
        }
    }

    /// An attempt ended.
    pub fn ended(&mut self, visitor: HostId, flow: FlowId, outcome: Outcome, cause: Option<Cause>) {
        let wish = self.table.get_mut(visitor.place()).filter(|_| visitor.is_visitor());
        if let Some(Some(wish)) = wish
            && wish.arrival == flow.arrival
        {
            wish.attempted(outcome, cause);
        }
    }

    /// A visitor left for good.
    pub fn left(&mut self, visitor: HostId, cohort: &mut Cohort) {
        let wish = self.table.get_mut(visitor.place()).filter(|_| visitor.is_visitor());
        if let Some(wish) = wish.and_then(Option::take) {
            wish.end(cohort);
        }
    }

    /// The run is over: so are the wishes of those who are still there. `running`: what came of the flows
    /// that had not ended, by arrival.
    pub fn close(
        &mut self,
        running: &BTreeMap<u32, (Outcome, Option<Cause>)>,
        cohort: &mut Cohort,
    ) {
        for mut wish in std::mem::take(&mut self.table).into_iter().flatten() {
            if let Some((outcome, cause)) = running.get(&wish.arrival).copied() {
                wish.attempted(outcome, cause);
            }
            wish.end(cohort);
        }
    }
}

impl Wish {
    fn attempted(&mut self, outcome: Outcome, cause: Option<Cause>) {
        self.served |= outcome == Outcome::Completed;
        (self.last, self.cause) = (outcome, cause);
    }

    fn end(self, cohort: &mut Cohort) {
        if self.cohort {
            let last = (!self.served).then_some((self.cause, self.last));
            cohort.wish(&self.subject, self.start, self.attempts, last);
        }
    }
}
