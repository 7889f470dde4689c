//! Time as the network sees it: durations, a host's monotonic clock and the calendar time it believes in.
//!
//! Whole nanoseconds everywhere, so that the same run gives the same bytes on every machine. Does not
//! read any clock: a driver passes [`Now`] to every call.

use std::{
    fmt,
    ops::{Add, AddAssign, Sub},
};

/// A length of time, in whole nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than any run.
    pub const MAX: Self = Self(u64::MAX);

    /// That many nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// That many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// That many seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1_000_000_000)
    }

    /// The nearest whole nanosecond; negative and not-a-number become zero, what is too long becomes [`Self::MAX`].
    #[inline]
    pub fn from_secs_f64(secs: f64) -> Self {
        Self((secs * 1e9 + 0.5) as u64)
    }

    /// Whole nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds, as reports write them.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Whether this is no time at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This minus `other`, never below zero.
    #[inline]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This many times over, never above [`Self::MAX`].
    pub const fn saturating_mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }

    /// Stretched by a factor, to the nearest nanosecond.
    #[inline]
    pub fn mul_f64(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor + 0.5) as u64)
    }
}

impl Add for Duration {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Duration {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Duration {
    /// In the largest unit that keeps it readable: `900s`, `12.5ms`, `40µs`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => write!(f, "0s"),
            nanos if nanos >= 1_000_000_000 => write!(f, "{}s", nanos as f64 / 1e9),
            nanos if nanos >= 1_000_000 => write!(f, "{}ms", nanos as f64 / 1e6),
            nanos if nanos >= 1_000 => write!(f, "{}µs", nanos as f64 / 1e3),
            nanos => write!(f, "{nanos}ns"),
        }
    }
}

/// A moment on a monotonic clock, counted from the start of the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The start of the run.
    pub const START: Self = Self(0);
    /// After everything.
    pub const NEVER: Self = Self(u64::MAX);

    /// That many nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the start, as reports write them.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// How long ago `earlier` was; zero if it is yet to come.
    #[inline]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    #[inline]
    fn add(self, length: Duration) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t={}", Duration(self.0))
    }
}

/// Calendar time as one host believes it, in nanoseconds since the epoch of the run. A skewed or
/// drifting host believes another time than its peers (semantics 7).
///
/// Packed to four bytes, so that an [`crate::message::Envelope`] stays small.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(Rust, packed(4))]
pub struct WallTime(i64);

impl WallTime {
    /// Beyond every date in use.
    pub const FAR_FUTURE: Self = Self(i64::MAX);

    /// Nanoseconds since the epoch of the run.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the epoch of the run.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The second that it is in: many formats have whole seconds only.
    #[must_use]
    pub const fn whole_second(self) -> Self {
        Self(self.0.saturating_sub(self.0.rem_euclid(1_000_000_000)))
    }

    /// Calendar time of a moment, at a host whose clock is right.
    pub const fn exact(at: Instant) -> Self {
        Self(at.0 as i64)
    }
}

impl Add<Duration> for WallTime {
    type Output = Self;
    #[inline]
    fn add(self, length: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(length.0))
    }
}

impl Sub<Duration> for WallTime {
    type Output = Self;
    #[inline]
    fn sub(self, length: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(length.0))
    }
}

impl fmt::Debug for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wall={}s", self.as_nanos() as f64 / 1e9)
    }
}

/// What a host's clocks say when it is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Now {
    /// For deadlines that this process set itself.
    pub monotonic: Instant,
    /// For deadlines that another process judges: SAML conditions, OCSP answers, certificates.
    pub wall: WallTime,
}

impl Now {
    /// The given moment at a host whose calendar clock is right.
    pub const fn exact(at: Instant) -> Self {
        Self { monotonic: at, wall: WallTime::exact(at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_in_the_second_that_began_last() {
        for (nanos, second) in [(0, 0), (999_999_999, 0), (1_000_000_001, 1), (-1, -1)] {
            let whole = WallTime::from_nanos(nanos).whole_second();
            assert_eq!(whole, WallTime::from_nanos(second * 1_000_000_000));
        }
        let least = WallTime::from_nanos(i64::MIN);
        assert_eq!(least.whole_second(), least);
    }

    #[test]
    fn a_duration_shows_itself_in_its_largest_unit() {
        assert_eq!(Duration::from_secs(900).to_string(), "900s");
        assert_eq!(Duration::from_nanos(12_500_000).to_string(), "12.5ms");
        assert_eq!(Duration::from_nanos(40_000).to_string(), "40µs");
    }

    #[test]
    fn seconds_that_make_no_sense_become_the_nearest_length_that_does() {
        assert_eq!(Duration::from_secs_f64(-1.0), Duration::ZERO);
        assert_eq!(Duration::from_secs_f64(f64::NAN), Duration::ZERO);
        assert_eq!(Duration::from_secs_f64(1e30), Duration::MAX);
    }

    #[test]
    fn time_never_wraps_around() {
        assert_eq!(Instant::NEVER + Duration::from_secs(1), Instant::NEVER);
        assert_eq!(Instant::START.since(Instant::from_nanos(5)), Duration::ZERO);
        assert_eq!(WallTime::FAR_FUTURE + Duration::from_secs(1), WallTime::FAR_FUTURE);
    }
}
