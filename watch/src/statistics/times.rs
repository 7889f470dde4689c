//! Recording how long things took, in fixed memory and with a bounded relative error.
//!
//! An HdrHistogram (Gil Tene; crate `hdrhistogram`) in nanoseconds. Everything is kept in memory that does
//! not grow with the number of observations.

use hdrhistogram::Histogram;
use protocol::time::Duration;

use crate::study::tally::{Bucket, Tally};

/// How fine the buckets are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Precision {
    /// Buckets at most 1/128 wide, relative to what is in them; 18 kB.
    Fine,
    /// Buckets at most 1/16 wide, and only as many as the longest time so far needs, at most 3 kB: for
    /// what there is one of per host or per group.
    Coarse,
}

/// Recorded times.
#[derive(Clone, Debug)]
pub struct Times {
    histogram: Histogram<u32>,
    sum: u128,
    beyond: u64,
}

impl Times {
    /// Shorter times than this share the lowest buckets.
    const SHORTEST: u64 = 1_000;
    /// Longer times than eleven days count as that long.
    const LONGEST: u64 = 1_000_000_000_000_000;

    /// Nothing recorded yet.
    pub fn new(precision: Precision) -> Self {
        let (longest, figures) = match precision {
            Precision::Fine => (Self::LONGEST, 2),
            Precision::Coarse => (2 * Self::SHORTEST, 1),
        };
        let mut histogram = Histogram::new_with_bounds(Self::SHORTEST, longest, figures)
            .expect("the bounds are constants that the crate accepts");
        histogram.auto(precision == Precision::Coarse);
        Self { histogram, sum: 0, beyond: 0 }
    }

    /// Records one time.
    pub fn record(&mut self, time: Duration) {
        let nanos = time.as_nanos();
        // It grows as far as it may; what is longer than that counts as that long.
        if self.histogram.record(nanos.min(Self::LONGEST)).is_err() {
            self.histogram.saturating_record(nanos);
        }
        self.sum += u128::from(nanos);
    }

    /// Records that something never ended.
    pub fn record_beyond(&mut self, count: u64) {
        self.beyond += count;
    }

    /// How many times were recorded.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The mean of the times recorded, in seconds, exact; what never ended is left out.
    pub fn mean(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum as f64 / (1e9 * self.count() as f64))
    }

    /// What was recorded.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for step in self.histogram.iter_recorded() {
            let value = step.value_iterated_to();
            tally.add(Bucket {
                low: Duration::from_nanos(self.histogram.lowest_equivalent(value)),
                high: Duration::from_nanos(self.histogram.next_non_equivalent(value)),
                count: step.count_at_value().into(),
            });
        }
        tally.add_beyond(self.beyond);
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::tally::Quantile;
    use proptest::prelude::*;

    #[test]
    fn memory_is_what_the_precision_says() {
        for (precision, longest, bytes) in [
            (Precision::Fine, Duration::ZERO, 18_000),
            (Precision::Coarse, Duration::from_millis(1), 900),
            (Precision::Coarse, Duration::from_secs(10), 1_600),
            (Precision::Coarse, Duration::MAX, 3_000),
        ] {
            let mut times = Times::new(precision);
            times.record(longest);
            let buckets = times.histogram.distinct_values();
            assert!(buckets * size_of::<u32>() <= bytes, "{precision:?}: {buckets} buckets");
            assert_eq!(times.tally().count(), 1);
        }
    }

    #[test]
    fn the_mean_is_exact() {
        let mut times = Times::new(Precision::Coarse);
        for millis in [1, 2, 6] {
            times.record(Duration::from_millis(millis));
        }
        times.record_beyond(1);
        assert_eq!(times.mean(), Some(0.003));
        assert_eq!(times.tally().count(), 4);
    }

    proptest! {
        #[test]
        fn no_time_is_off_by_more_than_its_bucket_is_wide(nanos in 70_000u64..900_000_000_000_000) {
            for (precision, width) in [(Precision::Fine, 128.0), (Precision::Coarse, 16.0)] {
                let mut times = Times::new(precision);
                times.record(Duration::from_nanos(nanos));
                let Some(Quantile::At { low, high, .. }) = times.tally().quantile(0.5) else {
                    panic!("one time was recorded");
                };
                let secs = nanos as f64 / 1e9;
                prop_assert!(low <= secs && secs < high);
                prop_assert!(high - low <= secs / width * 1.0001, "{low} {high}");
            }
        }
    }
}
