//! How a run went over time: one point per step of the timeline, from the start of the run to its end.
//!
//! Bounded: the caller sets the step, and after [`POINTS`] points there are no more. Whether a flow is of the
//! cohort does not matter here.

use protocol::{
    role::Role,
    time::{Duration, Instant},
};

use super::{outcome::Outcome, stations::Busiest};

/// One value at one moment: a row of timeline.csv.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TimelineRow {
    /// The end of the step that it is about.
    pub at: Instant,
    /// What.
    pub series: Series,
    /// The value.
    pub value: f64,
}

/// What is followed over time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Series {
    /// Flows that started in the step.
    Started,
    /// Flows that were completed in the step.
    Completed,
    /// Flows that ended otherwise in the step.
    Failed,
    /// Flows in progress at its end.
    InFlight,
    /// Utilisation of the busiest host of a role over the step.
    Utilisation(Role),
    /// Longest queue of a host of a role at the end of the step.
    Queue(Role),
}

impl Series {
    /// As result files name it.
    pub const fn metric(self) -> &'static str {
        match self {
            Self::Started => "flows.started",
            Self::Completed => "flows.completed",
            Self::Failed => "flows.not_completed",
            Self::InFlight => "flows.in_flight",
            Self::Utilisation(_) => "hosts.utilisation.max",
            Self::Queue(_) => "hosts.queue.max",
        }
    }

    /// As result files name its group: empty for the whole network.
    pub fn group(self) -> String {
        match self {
            Self::Utilisation(role) | Self::Queue(role) => format!("role={}", role.name()),
            _ => String::new(),
        }
    }
}

/// The most points of a timeline.
pub const POINTS: u32 = 100_000;

/// The points so far.
#[derive(Clone, Debug)]
pub struct Timeline {
    step: Duration,
    next: Instant,
    left: u32,
    started: u64,
    completed: u64,
    failed: u64,
    in_flight: u64,
    rows: Vec<TimelineRow>,
}

impl Timeline {
    /// A timeline with that step; none if it is zero.
    pub fn new(step: Duration) -> Self {
        let next = if step.is_zero() { Instant::NEVER } else { Instant::START + step };
        Self {
            step,
            next,
            left: POINTS,
            started: 0,
            completed: 0,
            failed: 0,
            in_flight: 0,
            rows: Vec::new(),
        }
    }

    /// When the next point is due.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// A flow started.
    pub fn started(&mut self) {
        self.started += 1;
        self.in_flight += 1;
    }

    /// A flow ended.
    pub fn ended(&mut self, outcome: Outcome) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match outcome {
            Outcome::Completed => self.completed += 1,
            _ => self.failed += 1,
        }
    }

    /// A point is due.
    pub fn point(&mut self, busiest: &[Busiest; Role::ALL.len()]) {
        let at = self.next;
        self.next = at + self.step;
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.next = Instant::NEVER;
        }
        let counts = [
            (Series::Started, std::mem::take(&mut self.started)),
            (Series::Completed, std::mem::take(&mut self.completed)),
            (Series::Failed, std::mem::take(&mut self.failed)),
            (Series::InFlight, self.in_flight),
        ];
        let row = |(series, value): (Series, u64)| TimelineRow { at, series, value: value as f64 };
        self.rows.extend(counts.map(row));
        for (role, busiest) in Role::ALL.into_iter().zip(busiest) {
            // A role without hosts has no utilisation, ever; one whose hosts are all down has none now.
            if let Some(value) = busiest.utilisation {
                let queue = f64::from(busiest.queue);
                self.rows.push(TimelineRow { at, series: Series::Utilisation(role), value });
                self.rows.push(TimelineRow { at, series: Series::Queue(role), value: queue });
            }
        }
    }

    /// The rows of timeline.csv.
    pub fn into_rows(self) -> Vec<TimelineRow> {
        self.rows
    }
}
