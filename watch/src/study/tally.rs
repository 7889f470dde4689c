//! A distribution as it is kept once its replication has ended: how many observations fell in each bucket.
//!
//! Small, exact to add up, and the same thing as the rows of histograms.csv. Does not record: that is
//! `statistics::times`, with an HdrHistogram.

use protocol::time::Duration;

/// A distribution of times. Buckets rise and do not overlap; none is empty.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    buckets: Vec<Bucket>,
    beyond: u64,
}

/// One bucket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bucket {
    /// The shortest time that belongs to it.
    pub low: Duration,
    /// The shortest time that does not belong to it any more.
    pub high: Duration,
    /// How many observations fell in it.
    pub count: u64,
}

/// Where a quantile lies.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Quantile {
    /// There; times are seconds, interpolated within a bucket of that width.
    At {
        /// In seconds.
        value: f64,
        /// Lower edge of the bucket, in seconds.
        low: f64,
        /// Upper edge of the bucket, in seconds.
        high: f64,
    },
    /// Among what never ended: longer than this, the upper edge of the last bucket, in seconds.
    Beyond(f64),
}

impl Tally {
    /// Adds observations that fell in one bucket. Empty buckets and buckets that end before they begin
    /// are left out.
    pub fn add(&mut self, bucket: Bucket) {
        if bucket.count == 0 || bucket.high <= bucket.low {
            return;
        }
        match self.buckets.binary_search_by_key(&bucket.low, |known| known.low) {
            Ok(place) => self.buckets[place].count += bucket.count,
            Err(place) => self.buckets.insert(place, bucket),
        }
    }

    /// Adds observations that never ended.
    pub fn add_beyond(&mut self, count: u64) {
        self.beyond += count;
    }

    /// Adds another distribution that was recorded with the same buckets.
    pub fn merge(&mut self, other: &Self) {
        let mut merged = Vec::with_capacity(self.buckets.len() + other.buckets.len());
        let (mut ours, mut theirs) =
            (self.buckets.iter().peekable(), other.buckets.iter().peekable());
        loop {
            let next = match (ours.peek(), theirs.peek()) {
                (Some(a), Some(b)) if a.low == b.low => {
                    let count = a.count + b.count;
                    let bucket = Bucket { count, ..**a };
                    theirs.next();
                    ours.next();
                    bucket
                }
                (Some(a), Some(b)) if a.low < b.low => {
                    let bucket = **a;
                    ours.next();
                    bucket
                }
                (_, Some(b)) => {
                    let bucket = **b;
                    theirs.next();
                    bucket
                }
                (Some(a), None) => {
                    let bucket = **a;
                    ours.next();
                    bucket
                }
                (None, None) => break,
            };
            merged.push(next);
        }
        self.buckets = merged;
        self.beyond += other.beyond;
    }

    /// The buckets, rising.
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// How many observations never ended.
    pub const fn beyond(&self) -> u64 {
        self.beyond
    }

    /// How many observations there are, those that never ended included.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.count).sum::<u64>() + self.beyond
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty() && self.beyond == 0
    }

    /// The smallest time that at least a share `q` of the observations do not exceed; within a bucket the
    /// observations are taken as spread evenly. None without observations.
    pub fn quantile(&self, q: f64) -> Option<Quantile> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let wanted = q.clamp(0.0, 1.0) * count as f64;
        let mut below = 0u64;
        for bucket in &self.buckets {
            let with = below + bucket.count;
            if with as f64 >= wanted {
                let share = (wanted - below as f64).max(0.0) / bucket.count as f64;
                let (low, high) = (bucket.low.as_secs_f64(), bucket.high.as_secs_f64());
                return Some(Quantile::At { value: low + share * (high - low), low, high });
            }
            below = with;
        }
        Some(Quantile::Beyond(self.buckets.last().map_or(0.0, |last| last.high.as_secs_f64())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bucket(low: u64, high: u64, count: u64) -> Bucket {
        Bucket { low: Duration::from_secs(low), high: Duration::from_secs(high), count }
    }

    fn at(tally: &Tally, q: f64) -> f64 {
        match tally.quantile(q) {
            Some(Quantile::At { value, .. }) => value,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_quantile_lies_where_its_share_of_the_observations_ends() {
        let mut tally = Tally::default();
        tally.add(bucket(1, 2, 10));
        tally.add(bucket(4, 8, 10));
        assert_eq!(at(&tally, 0.5), 2.0);
        assert_eq!(at(&tally, 0.25), 1.5);
        assert_eq!(at(&tally, 0.75), 6.0);
        assert_eq!(at(&tally, 1.0), 8.0);
        assert_eq!(at(&tally, 0.0), 1.0);
    }

    #[test]
    fn what_never_ended_is_longer_than_everything() {
        let mut tally = Tally::default();
        tally.add(bucket(1, 2, 9));
        tally.add_beyond(1);
        assert_eq!(at(&tally, 0.9), 2.0);
        assert_eq!(tally.quantile(0.91), Some(Quantile::Beyond(2.0)));
        assert_eq!(Tally::default().quantile(0.5), None);
    }

    proptest! {
        #[test]
        fn adding_up_two_tallies_is_the_same_as_adding_their_buckets(
            ours in proptest::collection::vec((0u64..40, 0u64..5), 0..30),
            theirs in proptest::collection::vec((0u64..40, 0u64..5), 0..30),
        ) {
            let of = |entries: &[(u64, u64)]| {
                let mut tally = Tally::default();
                for (low, count) in entries {
                    tally.add(bucket(*low, low + 1, *count));
                }
                tally
            };
            let mut merged = of(&ours);
            merged.merge(&of(&theirs));
            prop_assert_eq!(merged, of(&[ours, theirs].concat()));
        }
    }
}
