//! How long a network takes to get over its faults, once they have ended.
//!
//! Two ways to see it: *backlogs*, until every queue has been empty once, and *flows*, until as many of those
//! that start are completed as before. Does not say what went wrong in between (`cause`, `radius`).

use std::collections::BTreeSet;

use protocol::{
    id::HostId,
    time::{Duration, Instant},
};

use super::{
    faults::{FaultSpan, Phase, Phases},
    stations::Stations,
};
use crate::directory::Window;

/// From the end of each fault until the queue of every host has been empty at least once since.
#[derive(Clone, Debug)]
pub struct Backlogs {
    /// Faults that have an end, the earliest last.
    to_come: Vec<(Instant, usize)>,
    open: Vec<Backlog>,
    /// How long each fault's backlog lasted, by number; none for one that is open or has not begun.
    pub lasted: Vec<Option<Duration>>,
}

/// What a fault left behind.
#[derive(Clone, Debug)]
struct Backlog {
    fault: usize,
    since: Instant,
    /// Hosts whose queue has not been empty since.
    waiting: BTreeSet<HostId>,
}

impl Backlogs {
    /// No fault has ended.
    pub fn new(faults: &[FaultSpan]) -> Self {
        let ends = faults.iter().enumerate();
        let mut to_come: Vec<_> =
            ends.filter_map(|(number, fault)| Some((fault.ends?, number))).collect();
        to_come.sort();
        to_come.reverse();
        Self { to_come, open: Vec::new(), lasted: vec![None; faults.len()] }
    }

    /// When the next fault ends.
    pub fn next(&self) -> Instant {
        self.to_come.last().map_or(Instant::NEVER, |(at, _)| *at)
    }

    /// Faults that end now leave behind whatever waits now.
    pub fn faults_end(&mut self, now: Instant, stations: &Stations) {
        while let Some((since, fault)) = self.to_come.pop_if(|(at, _)| *at <= now) {
            let waiting: BTreeSet<HostId> = stations.with_queues().collect();
            if waiting.is_empty() {
                self.lasted[fault] = Some(Duration::ZERO);
            } else {
                self.open.push(Backlog { fault, since, waiting });
            }
        }
    }

    /// Whether there is none, so that no queue matters.
    pub fn is_quiet(&self) -> bool {
        self.open.is_empty()
    }

    /// The queue of a host is empty.
    pub fn emptied(&mut self, host: HostId, now: Instant) {
        let lasted = &mut self.lasted;
        self.open.retain_mut(|backlog| {
            if backlog.waiting.remove(&host) && backlog.waiting.is_empty() {
                lasted[backlog.fault] = Some(now.since(backlog.since));
            }
            !backlog.waiting.is_empty()
        });
    }

    /// Faults that ended and whose backlog did not.
    pub fn open(&self) -> u64 {
        self.open.len() as u64
    }
}

/// From the end of the last fault until as many flows are completed as before the first.
#[derive(Clone, Debug)]
pub struct FlowRecovery {
    phases: Option<Phases>,
    before: Share,
    /// By minute since the last fault ended.
    minutes: Vec<Share>,
    /// How many whole minutes there are until the horizon.
    whole: usize,
}

/// Flows that started, and those of them that were completed.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    started: u32,
    completed: u32,
}

impl FlowRecovery {
    /// How many minutes running must be as good as before.
    const RUNNING: u32 = 3;

    /// How many standard errors below the share before still are as good.
    const STANDARD_ERRORS: f64 = 2.0;

    const MINUTE: Duration = Duration::from_secs(60);

    /// Ten years: what is not over by then never will be.
    const MINUTES_LIMIT: u64 = 10 * 366 * 24 * 60;

    /// No flow has ended.
    pub fn new(phases: Option<Phases>, window: Window) -> Self {
        let whole = phases.map_or(0, |Phases { end, .. }| {
            window.horizon.since(end).as_nanos() / Self::MINUTE.as_nanos()
        });
        let whole = whole.min(Self::MINUTES_LIMIT) as usize;
        Self { phases, before: Share::default(), minutes: Vec::new(), whole }
    }

    /// A flow of the cohort ended.
    pub fn ended(&mut self, started: Instant, completed: bool) {
        let Some(phases) = self.phases else { return };
        let share = match phases.at(started) {
            Phase::Before => &mut self.before,
            Phase::During => return,
            Phase::After => {
                let minute = started.since(phases.end).as_nanos() / Self::MINUTE.as_nanos();
                let minute = minute as usize;
                if minute >= self.whole {
                    return;
                }
                if minute >= self.minutes.len() {
                    self.minutes.resize(minute + 1, Share::default());
                }
                &mut self.minutes[minute]
            }
        };
        share.started += 1;
        share.completed += u32::from(completed);
    }

    /// From the end of the last fault to the beginning of the first of three minutes running in which flows
    /// started of which as large a share was completed as before the first fault, less two binomial standard
    /// errors of a minute's share. Flows of the cohort count by when they started, so those that the first fault
    /// caught in progress are of before it. Only whole minutes until the horizon count; those in which no flow
    /// started are passed over. `Some(None)`: there were no such minutes. `None`: there is nothing to compare, because no fault ended before
    /// the horizon, or no flow of the cohort started before the first.
    pub fn recovered(&self) -> Option<Option<Duration>> {
        if self.whole == 0 || self.before.started == 0 {
            return None;
        }
        let before = self.before.share();
        let mut running = (0, 0);
        for (minute, share) in (0u64..).zip(&self.minutes).filter(|(_, share)| share.started > 0) {
            let error = (before * (1.0 - before) / f64::from(share.started)).sqrt();
            let good = share.share() >= before - Self::STANDARD_ERRORS * error;
            running = match running {
                (0, _) if good => (1, minute),
                (count, first) if good => (count + 1, first),
                _ => (0, 0),
            };
            if running.0 == Self::RUNNING {
                return Some(Some(Self::MINUTE.saturating_mul(running.1)));
            }
        }
        Some(None)
    }
}

impl Share {
    fn share(self) -> f64 {
        f64::from(self.completed) / f64::from(self.started)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    /// Flows before a fault from 600 to 1,200 seconds, and in each minute after it: started, completed.
    fn recovery(before: (u32, u32), minutes: &[(u32, u32)], horizon: u64) -> FlowRecovery {
        let phases = Phases { begin: at(600), end: at(1_200) };
        let window = Window { warm_up: at(0), horizon: at(horizon) };
        let mut recovery = FlowRecovery::new(Some(phases), window);
        let mut record = |second, (started, completed): (u32, u32)| {
            for flow in 0..started {
                recovery.ended(at(second), flow < completed);
            }
        };
        record(300, before);
        record(700, (50, 0));
        for (minute, share) in (0..).zip(minutes) {
            record(1_200 + 60 * minute + 59, *share);
        }
        recovery
    }

    fn minutes(count: u64) -> Option<Option<Duration>> {
        Some(Some(Duration::from_secs(60 * count)))
    }

    #[test]
    fn a_network_has_recovered_once_three_minutes_running_are_as_good_as_before() {
        // Of 100 flows 90 % less two standard errors of 3 % is 84 %.
        let found = |shares: &[(u32, u32)]| recovery((1_000, 900), shares, 9_000).recovered();
        let (good, bad) = ((100, 85), (100, 83));
        assert_eq!(found(&[good, good, good]), minutes(0));
        assert_eq!(found(&[bad, good, good, good]), minutes(1));
        assert_eq!(found(&[good, good, bad, good, good, good]), minutes(3));
        assert_eq!(
            found(&[bad, good, (0, 0), good, good]),
            minutes(1),
            "an empty minute says nothing"
        );
        assert_eq!(found(&[good, good, bad]), Some(None));
        assert_eq!(found(&[]), Some(None));
    }

    #[test]
    fn where_there_is_nothing_to_compare_nothing_is_said() {
        let good = [(10, 10); 3];
        assert_eq!(recovery((0, 0), &good, 9_000).recovered(), None, "no flow before");
        assert_eq!(recovery((10, 10), &good, 1_259).recovered(), None, "no whole minute after");
        assert_eq!(
            recovery((10, 10), &good, 1_379).recovered(),
            Some(None),
            "two minutes are not three"
        );
        assert_eq!(recovery((10, 10), &good, 1_380).recovered(), minutes(0));
        let window = Window { warm_up: at(0), horizon: at(100) };
        assert_eq!(FlowRecovery::new(None, window).recovered(), None, "no faults");
    }

    proptest! {
        #[test]
        fn what_starts_during_a_fault_changes_nothing_and_what_is_always_completed_recovers_at_once(
            started in proptest::collection::vec(1u32..40, 3..20),
            before in 1u32..50,
        ) {
            let shares: Vec<_> = started.iter().map(|flows| (*flows, *flows)).collect();
            prop_assert_eq!(recovery((before, before), &shares, 9_000).recovered(), minutes(0));
            // Nothing missed before: two standard errors of that are none.
            let shares: Vec<_> = started.iter().map(|flows| (*flows, *flows - 1)).collect();
            prop_assert_eq!(recovery((before, before), &shares, 9_000).recovered(), Some(None));
        }
    }
}
