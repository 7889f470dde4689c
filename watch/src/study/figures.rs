//! The figures of one replication: values and distributions, by metric and group.
//!
//! All that estimates are made of. They can be turned into the rows of replications.csv and
//! histograms.csv and back without loss, so that `merge` and `compare` work from files alone. Does not
//! read or write a file.

use std::{cmp::Ordering, collections::BTreeMap, fmt};

use protocol::time::Duration;

use super::{
    metrics::{MetricId, MetricKind},
    tally::{Bucket, Tally},
};

/// The figures of one replication.
#[derive(Clone, PartialEq, Debug)]
pub struct Figures {
    /// The seed of the run: only replications of the same seed can be compared in pairs.
    pub seed: u64,
    /// Which replication.
    pub replication: u32,
    values: BTreeMap<(MetricId, Group), f64>,
    tallies: BTreeMap<(MetricId, Group), Tally>,
}

/// A group of flows or hosts, as result files name it: empty for all, else `pgo=pgo-3`. Numbers inside are
/// sorted as numbers.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Group(Box<str>);

impl Group {
    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// As result files name it.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// What stands after `key=`.
    pub fn member(&self, key: &str) -> Option<&str> {
        self.0.strip_prefix(key)?.strip_prefix('=')
    }
}

impl From<&str> for Group {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ord for Group {
    fn cmp(&self, other: &Self) -> Ordering {
        natural(&self.0, &other.0).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Group {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `pgo-2` before `pgo-10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (text_a, rest_a) = a.split_at(a.find(|c: char| c.is_ascii_digit()).unwrap_or(a.len()));
        let (text_b, rest_b) = b.split_at(b.find(|c: char| c.is_ascii_digit()).unwrap_or(b.len()));
        if text_a != text_b || rest_a.is_empty() || rest_b.is_empty() {
            return text_a.cmp(text_b).then(rest_a.cmp(rest_b));
        }
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number_a, after_a) = rest_a.split_at(digits(rest_a));
        let (number_b, after_b) = rest_b.split_at(digits(rest_b));
        let (value_a, value_b) =
            (number_a.trim_start_matches('0'), number_b.trim_start_matches('0'));
        let order = value_a.len().cmp(&value_b.len()).then(value_a.cmp(value_b));
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (after_a, after_b);
    }
}

/// A row of replications.csv.
#[derive(Clone, PartialEq, Debug)]
pub struct ValueRow {
    /// Name of the metric.
    pub metric: String,
    /// Group; empty for all.
    pub group: String,
    /// Unit of the value.
    pub unit: String,
    /// Which replication.
    pub replication: u32,
    /// The value.
    pub value: f64,
}

/// A row of histograms.csv. Buckets are in seconds.
#[derive(Clone, PartialEq, Debug)]
pub struct BucketRow {
    /// Name of the distribution.
    pub metric: String,
    /// Group; empty for all.
    pub group: String,
    /// Which replication.
    pub replication: u32,
    /// The shortest time in the bucket.
    pub bucket_low: f64,
    /// The shortest time not in it any more; infinite for what never ended.
    pub bucket_high: f64,
    /// How many.
    pub count: u64,
}

/// Why rows are not the figures of any replication.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RowFault {
    /// There is no such metric, or it is no value.
    NoValue(String),
    /// There is no such metric, or it is no distribution.
    NoDistribution(String),
    /// A value or an edge of a bucket is not a number that makes sense there.
    NoNumber(String),
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoValue(name) => {
                write!(f, "metric: expected the name of a metric with values; found {name:?}")
            }
            Self::NoDistribution(name) => {
                write!(f, "metric: expected the name of a distribution; found {name:?}")
            }
            Self::NoNumber(name) => write!(f, "{name}: expected a number that can be such a value"),
        }
    }
}

impl std::error::Error for RowFault {}

impl Figures {
    /// No figures yet.
    pub fn new(seed: u64, replication: u32) -> Self {
        Self { seed, replication, values: BTreeMap::new(), tallies: BTreeMap::new() }
    }

    /// Sets a value. Only finite values of metrics that have values are kept.
    pub fn set(&mut self, metric: MetricId, group: Group, value: f64) {
        if value.is_finite() && metric.metric().kind != MetricKind::Distribution {
            self.values.insert((metric, group), value);
        }
    }

    /// Sets a distribution. One without observations is not kept: it says nothing.
    pub fn set_tally(&mut self, metric: MetricId, group: Group, tally: Tally) {
        if !tally.is_empty() && metric.metric().kind == MetricKind::Distribution {
            self.tallies.insert((metric, group), tally);
        }
    }

    /// A value.
    pub fn value(&self, metric: MetricId, group: &Group) -> Option<f64> {
        self.values.get(&(metric, group.clone())).copied()
    }

    /// A distribution.
    pub fn tally(&self, metric: MetricId, group: &Group) -> Option<&Tally> {
        self.tallies.get(&(metric, group.clone()))
    }

    /// Every value, in the order of the table of metrics and of groups.
    pub fn values(&self) -> impl Iterator<Item = (MetricId, &Group, f64)> {
        self.values.iter().map(|((metric, group), value)| (*metric, group, *value))
    }

    /// Every distribution, in the same order.
    pub fn tallies(&self) -> impl Iterator<Item = (MetricId, &Group, &Tally)> {
        self.tallies.iter().map(|((metric, group), tally)| (*metric, group, tally))
    }

    /// The rows of replications.csv and histograms.csv.
    pub fn to_rows(&self) -> (Vec<ValueRow>, Vec<BucketRow>) {
        let replication = self.replication;
        let values = self.values().map(|(metric, group, value)| ValueRow {
            metric: metric.name().to_owned(),
            group: group.name().to_owned(),
            unit: metric.metric().unit.to_owned(),
            replication,
            value,
        });
        let buckets = self.tallies().flat_map(|(metric, group, tally)| {
            let row = move |bucket_low, bucket_high, count| BucketRow {
                metric: metric.name().to_owned(),
                group: group.name().to_owned(),
                replication,
                bucket_low,
                bucket_high,
                count,
            };
            let last = tally.buckets().last().map_or(0.0, |bucket| bucket.high.as_secs_f64());
            let beyond = (tally.beyond() > 0).then(|| row(last, f64::INFINITY, tally.beyond()));
            let bucket = move |bucket: &Bucket| {
                row(bucket.low.as_secs_f64(), bucket.high.as_secs_f64(), bucket.count)
            };
            tally.buckets().iter().map(bucket).chain(beyond)
        });
        (values.collect(), buckets.collect())
    }

    /// The figures of every replication that the rows have, in order.
    pub fn from_rows(
        seed: u64,
        values: &[ValueRow],
        buckets: &[BucketRow],
    ) -> Result<Vec<Self>, RowFault> {
        let mut replications: BTreeMap<u32, Self> = BTreeMap::new();
        for row in values {
            let metric = MetricId::of(&row.metric)
                .filter(|metric| metric.metric().kind != MetricKind::Distribution)
                .ok_or_else(|| RowFault::NoValue(row.metric.clone()))?;
            if !row.value.is_finite() {
                return Err(RowFault::NoNumber(row.metric.clone()));
            }
            let figures = replications
                .entry(row.replication)
                .or_insert_with(|| Self::new(seed, row.replication));
            figures.set(metric, row.group.as_str().into(), row.value);
        }
        for row in buckets {
            let metric = MetricId::of(&row.metric)
                .filter(|metric| metric.metric().kind == MetricKind::Distribution)
                .ok_or_else(|| RowFault::NoDistribution(row.metric.clone()))?;
            let figures = replications
                .entry(row.replication)
                .or_insert_with(|| Self::new(seed, row.replication));
            let tally = figures.tallies.entry((metric, row.group.as_str().into())).or_default();
            if row.bucket_high == f64::INFINITY {
                tally.add_beyond(row.count);
            } else if row.bucket_low >= 0.0 && row.bucket_low < row.bucket_high && row.count > 0 {
                tally.add(Bucket {
                    low: Duration::from_secs_f64(row.bucket_low),
                    high: Duration::from_secs_f64(row.bucket_high),
                    count: row.count,
                });
            } else {
                return Err(RowFault::NoNumber(row.metric.clone()));
            }
        }
        Ok(replications.into_values().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn groups_are_sorted_by_the_numbers_in_them() {
        let mut groups: Vec<Group> = [
            "pgo=pgo-10",
            "",
            "pgo=pgo-9",
            "gateway=za-1",
            "pgo=pgo-1",
            "release=1.10",
            "release=1.9",
        ]
        .map(Group::from)
        .into();
        groups.sort();
        let names: Vec<&str> = groups.iter().map(Group::name).collect();
        assert_eq!(
            names,
            [
                "",
                "gateway=za-1",
                "pgo=pgo-1",
                "pgo=pgo-9",
                "pgo=pgo-10",
                "release=1.9",
                "release=1.10"
            ]
        );
    }

    #[test]
    fn rows_that_mean_nothing_are_refused() {
        let value = |metric: &str, value| ValueRow {
            metric: metric.to_owned(),
            group: String::new(),
            unit: String::new(),
            replication: 0,
            value,
        };
        let refused = |row| Figures::from_rows(1, &[row], &[]).unwrap_err();
        assert_eq!(refused(value("flows.strated", 1.0)), RowFault::NoValue("flows.strated".into()));
        assert_eq!(
            refused(value("latency.machine", 1.0)),
            RowFault::NoValue("latency.machine".into())
        );
        assert!(matches!(refused(value("flows.started", f64::NAN)), RowFault::NoNumber(_)));
        let bucket = |metric: &str, bucket_low, bucket_high| BucketRow {
            metric: metric.to_owned(),
            group: String::new(),
            replication: 0,
            bucket_low,
            bucket_high,
            count: 1,
        };
        let refused = |row| Figures::from_rows(1, &[], &[row]).unwrap_err();
        assert!(matches!(refused(bucket("flows.started", 0.0, 1.0)), RowFault::NoDistribution(_)));
        assert!(matches!(refused(bucket("latency.machine", 2.0, 1.0)), RowFault::NoNumber(_)));
        assert!(matches!(refused(bucket("latency.machine", f64::NAN, 1.0)), RowFault::NoNumber(_)));
    }

    proptest! {
        #[test]
        fn figures_come_back_from_their_rows_as_they_were(
            values in proptest::collection::vec((0u16..60, 0u8..4, any::<f64>()), 0..40),
            buckets in proptest::collection::vec((0u8..4, 0u64..1 << 50, 1u64..1 << 40, 1u64..1000), 0..40),
            beyond in 0u64..3,
        ) {
            let mut figures = Figures::new(9, 4);
            let all: Vec<MetricId> = MetricId::all().collect();
            for (metric, group, value) in values {
                let group = Group::from(format!("pgo=pgo-{group}").as_str());
                figures.set(all[usize::from(metric)], group, value);
            }
            let latency = MetricId::of("latency.machine").unwrap();
            let mut tally = Tally::default();
            for (_, low, length, count) in &buckets {
                let edge = |nanos| Duration::from_nanos(nanos);
                tally.add(Bucket { low: edge(*low), high: edge(low + length), count: *count });
            }
            tally.add_beyond(beyond);
            figures.set_tally(latency, Group::all(), tally);
            let (values, buckets) = figures.to_rows();
            let back = Figures::from_rows(9, &values, &buckets).unwrap();
            if values.is_empty() && buckets.is_empty() {
                prop_assert!(back.is_empty());
            } else {
                prop_assert_eq!(back, [figures]);
            }
        }

        #[test]
        fn the_order_of_groups_is_an_order(a in "[a-c0-3.=-]{0,6}", b in "[a-c0-3.=-]{0,6}", c in "[a-c0-3.=-]{0,6}") {
            let [a, b, c] = [a, b, c].map(|name| Group::from(name.as_str()));
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
        }
    }
}
