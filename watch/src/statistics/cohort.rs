//! What became of the cohort: the flows started in [warm-up, horizon), followed to their end, and the wishes
//! whose first attempt is one of those.
//!
//! Counts outcomes, causes and times, for the whole network and by group. Does not decide them.

use std::collections::BTreeMap;

use protocol::time::{Duration, Instant};

use super::{
    breakdown::{Breakdown, Slowest, Steps},
    cause::Cause,
    flow::{Flow, Mark, Parts, StepTime, Subject},
    groups::{Groups, Start},
    outcome::Outcome,
    radius::Radius,
    recovery::FlowRecovery,
    steps::STEPS,
    times::{Precision, Times},
};
use crate::directory::Window;

/// The cohort of one replication.
#[derive(Clone, Debug)]
pub struct Cohort {
    /// Its groups.
    pub groups: Groups,
    /// Over all.
    pub all: Counts,
    /// By group.
    pub by_group: Vec<Counts>,
    /// Times of completed flows; those that are running count as longer than all.
    pub completed: Latency,
    /// Times of flows that ended otherwise.
    pub failed: Latency,
    /// Where the time of completed flows went.
    pub completed_steps: Breakdown,
    /// Where the time of flows that ended otherwise went.
    pub failed_steps: Breakdown,
    /// Where the time of the slowest completed flows went.
    pub slowest: Slowest,
    /// Machine time of completed flows, by group.
    pub machine_by_group: Vec<Times>,
    /// Machine time of each step where it was completed; of the steps that repeat, in completed flows.
    pub steps: [Times; STEPS],
    /// How long persons waited for pages.
    pub pages: Times,
    /// Why flows were not completed.
    pub flow_causes: Causes,
    /// Why the last attempts of wishes that were not served were not completed.
    pub wish_causes: Causes,
    /// How far technical failures reached.
    pub radius: Radius,
    /// How long it took until flows were completed as before the faults.
    pub recovery: FlowRecovery,
}

/// Why, or at least how.
pub type Causes = BTreeMap<(Option<Cause>, Option<Outcome>), u64>;

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Flows started.
    pub started: u64,
    /// Flows by outcome.
    pub outcomes: [u64; Outcome::COUNT],
    /// Flows completed, or ended by exception 3 or 4 that told the truth.
    pub proper: u64,
    /// Wishes: persons who came for something.
    pub wishes: u64,
    /// Wishes that were served, in whichever attempt.
    pub served: u64,
    /// Attempts of all these wishes.
    pub attempts: u64,
}

/// Time from start to end, all of it and by where it went: one distribution for each of [`LATENCIES`].
#[derive(Clone, Debug)]
pub struct Latency([Times; LATENCIES.len()]);

/// What time is told apart into, as metrics name it, and what each means.
pub const LATENCIES: [(&str, &str); 6] = [
    ("total", "time from start to end"),
    ("machine", "time that machines took"),
    ("human", "time that the person took"),
    ("network", "machine time on links"),
    ("wait", "machine time in queues and waiting for peers"),
    ("service", "machine time at workers"),
];

impl Latency {
    fn new() -> Self {
        Self(std::array::from_fn(|_| Times::new(Precision::Fine)))
    }

    fn record(&mut self, flow: &Flow, Parts { network, wait, service }: Parts) {
        let times = [flow.total(), flow.machine(), flow.human(), network, wait, service];
        for (distribution, time) in self.0.iter_mut().zip(times) {
            distribution.record(time);
        }
    }

    fn record_beyond(&mut self) {
        for distribution in &mut self.0 {
            distribution.record_beyond(1);
        }
    }

    /// Every distribution, as metrics name it.
    pub fn by_name(&self) -> impl Iterator<Item = (&'static str, &Times)> {
        LATENCIES.iter().map(|(name, _)| *name).zip(&self.0)
    }
}

impl Cohort {
    /// Nothing counted yet.
    pub fn new(groups: Groups, window: Window) -> Self {
        let by_group = vec![Counts::default(); groups.len()];
        let machine_by_group = vec![Times::new(Precision::Coarse); groups.len()];
        let recovery = FlowRecovery::new(groups.phases, window);
        Self {
            groups,
            all: Counts::default(),
            by_group,
            completed: Latency::new(),
            failed: Latency::new(),
            completed_steps: Breakdown::default(),
            failed_steps: Breakdown::default(),
            slowest: Slowest::new(),
            machine_by_group,
            steps: std::array::from_fn(|_| Times::new(Precision::Fine)),
            pages: Times::new(Precision::Fine),
            flow_causes: Causes::new(),
            wish_causes: Causes::new(),
            radius: Radius::default(),
            recovery,
        }
    }

    /// A flow of the cohort started.
    pub fn started(&mut self, subject: &Subject, now: Instant) {
        let start = self.groups.start(subject, now);
        self.count(subject, start, |counts| counts.started += 1);
    }

    /// A flow of the cohort ended, and these are the times of its steps.
    pub fn ended(&mut self, flow: &Flow, outcome: Outcome, steps: &Steps) {
        let proper = match outcome {
            Outcome::Completed => true,
            Outcome::NoData => flow.has(Mark::NothingThere),
            Outcome::ConsentRefused => flow.has(Mark::SaidNo),
            _ => false,
        };
        let subject = flow.subject();
        let start = self.groups.start(&subject, flow.started());
        self.recovery.ended(flow.started(), outcome == Outcome::Completed);
        self.count(&subject, start, |counts| {
            counts.outcomes[outcome as usize] += 1;
            counts.proper += u64::from(proper);
        });
        if outcome != Outcome::Completed {
            count_cause(&mut self.flow_causes, flow.cause, outcome);
            self.radius.failed(flow);
        }
        match outcome {
            Outcome::Completed => {
                self.completed.record(flow, steps.parts());
                self.completed_steps.record(steps);
                self.slowest.record(flow.machine(), steps);
                for group in self.groups.of(&subject, start) {
                    self.machine_by_group[group].record(flow.machine());
                }
            }
            Outcome::Running => {
                self.completed.record_beyond();
                for group in self.groups.of(&subject, start) {
                    self.machine_by_group[group].record_beyond(1);
                }
            }
            _ => {
                self.failed.record(flow, steps.parts());
                self.failed_steps.record(steps);
            }
        }
    }

    /// A step of a flow of the cohort was completed.
    pub fn step(&mut self, time: &StepTime) {
        if let Some(times) = self.steps.get_mut(usize::from(time.step).wrapping_sub(1)) {
            times.record(time.parts.total());
        }
    }

    /// A person of the cohort waited so long for a page.
    pub fn page(&mut self, waited: Duration) {
        self.pages.record(waited);
    }

    /// A wish ended whose first attempt started so. `last`: how its last attempt ended, if it was not served.
    pub fn wish(
        &mut self,
        subject: &Subject,
        start: Start,
        attempts: u16,
        last: Option<(Option<Cause>, Outcome)>,
    ) {
        self.count(subject, start, |counts| {
            counts.wishes += 1;
            counts.served += u64::from(last.is_none());
            counts.attempts += u64::from(attempts);
        });
        if let Some((cause, outcome)) = last {
            count_cause(&mut self.wish_causes, cause, outcome);
        }
    }

    fn count(&mut self, subject: &Subject, start: Start, count: impl Fn(&mut Counts)) {
        count(&mut self.all);
        for group in self.groups.of(subject, start) {
            count(&mut self.by_group[group]);
        }
    }
}

fn count_cause(causes: &mut Causes, cause: Option<Cause>, outcome: Outcome) {
    let how = if cause.is_none() { Some(outcome) } else { None };
    *causes.entry((cause, how)).or_default() += 1;
}
