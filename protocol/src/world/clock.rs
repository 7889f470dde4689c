//! A host's clocks, which may be off.
//!
//! `skew` shifts the calendar clock; `drift` bends both (semantics 7). Does not decide who looks at which.

use crate::time::{Duration, Instant, Now, WallTime};

/// The two clocks of one host.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HostClock {
    /// Since when they run as they do now, in true time …
    since: Instant,
    /// … and what the monotonic one said then.
    monotonic: Instant,
    /// How far the calendar clock is ahead of the monotonic one, in nanoseconds.
    ahead: i64,
    /// How much too fast both run; 0 for right.
    drift: f64,
}

impl Default for HostClock {
    fn default() -> Self {
        Self { since: Instant::START, monotonic: Instant::START, ahead: 0, drift: 0.0 }
    }
}

impl HostClock {
    /// What the clocks say at a true moment.
    pub fn now(&self, at: Instant) -> Now {
        let monotonic = self.monotonic(at);
        let wall = (monotonic.as_nanos() as i64).saturating_add(self.ahead);
        Now { monotonic, wall: WallTime::from_nanos(wall) }
    }

    /// The true moment, not before `at`, at which the monotonic clock says `monotonic`.
    pub fn when(&self, monotonic: Instant, at: Instant) -> Instant {
        if self.drift == 0.0 {
            let left = monotonic.since(self.monotonic(at));
            return at + left;
        }
        let left = monotonic.since(self.monotonic(at)).as_nanos() as f64 / (1.0 + self.drift);
        at + Duration::from_nanos(left.ceil() as u64)
    }

    /// Shifts the calendar clock by so many nanoseconds.
    pub fn skew(&mut self, nanos: i64) {
        self.ahead = self.ahead.saturating_add(nanos);
    }

    /// Makes the monotonic clock so much later at once; the calendar stays.
    pub fn hasten(&mut self, by: Duration) {
        self.monotonic = self.monotonic + by;
        self.ahead = self.ahead.saturating_sub(i64::try_from(by.as_nanos()).unwrap_or(i64::MAX));
    }

    /// Lets both clocks run this much too fast from now on.
    pub fn drift(&mut self, at: Instant, drift: f64) {
        self.monotonic = self.monotonic(at);
        self.since = at;
        self.drift = drift;
    }

    fn monotonic(&self, at: Instant) -> Instant {
        let passed = at.since(self.since);
        if self.drift == 0.0 {
            self.monotonic + passed
        } else {
            self.monotonic + passed.mul_f64(1.0 + self.drift)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(secs: u64) -> Instant {
        Instant::from_nanos(secs * 1_000_000_000)
    }

    #[test]
    fn a_skew_moves_the_calendar_and_nothing_else() {
        let mut clock = HostClock::default();
        clock.skew(90_000_000_000);
        let now = clock.now(at(10));
        assert_eq!((now.monotonic, now.wall), (at(10), WallTime::exact(at(100))));
    }

    #[test]
    fn a_jump_ages_what_is_measured_and_leaves_the_calendar() {
        let mut clock = HostClock::default();
        clock.drift(at(5), 0.5);
        clock.hasten(Duration::from_secs(900));
        let now = clock.now(at(5));
        assert_eq!((now.monotonic, now.wall), (at(905), WallTime::exact(at(5))));
        assert_eq!(clock.when(at(908), at(5)), at(7));
    }

    #[test]
    fn a_drift_bends_both_clocks_from_then_on() {
        let mut clock = HostClock::default();
        clock.drift(at(1_000), 200e-6);
        let now = clock.now(at(6_000));
        assert_eq!((now.monotonic, now.wall), (at(6_001), WallTime::exact(at(6_001))));
        clock.drift(at(6_000), 0.0);
        assert_eq!(clock.now(at(7_000)).monotonic, at(7_001), "what was gained stays");
    }

    proptest! {
        #[test]
        fn a_timer_never_fires_before_its_clock_says_so(drift in -0.5f64..0.5, wait in 0u64..1_000_000_000_000) {
            let mut clock = HostClock::default();
            clock.drift(at(5), drift);
            let due = clock.now(at(9)).monotonic + Duration::from_nanos(wait);
            let fires = clock.when(due, at(9));
            prop_assert!(clock.now(fires + Duration::from_nanos(2)).monotonic >= due);
        }
    }
}
