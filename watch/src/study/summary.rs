//! Estimates of every metric, for every group, over all replications: the rows of summary.csv.
//!
//! Does not write them. How each kind of metric is estimated stands at [`MetricKind`].

use std::collections::{BTreeMap, BTreeSet};

use super::{
    estimate::{
        CONFIDENCE, Estimate, Interval, clopper_pearson, interval_of_mean, interval_of_none, mean,
        quantile,
    },
    figures::{Figures, Group},
    metrics::{MetricId, MetricKind},
    tally::Tally,
};

/// Estimates of every metric that the replications have.
#[derive(Clone, PartialEq, Debug)]
pub struct Summary {
    /// How sure the intervals are.
    pub confidence: f64,
    /// How many replications there are.
    pub replications: u32,
    /// One row per metric and group, in the order of the table of metrics and of groups.
    pub rows: Vec<SummaryRow>,
}

/// One row of summary.csv.
#[derive(Clone, PartialEq, Debug)]
pub struct SummaryRow {
    /// The metric.
    pub metric: MetricId,
    /// The group; empty for all.
    pub group: Group,
    /// The estimate.
    pub estimate: Estimate,
    /// Its interval; none for one replication, for which nothing is known of the spread.
    pub interval: Option<Interval>,
    /// How many replications have a value.
    pub replications: u32,
}

impl Summary {
    /// The row of a metric and group.
    pub fn row(&self, metric: MetricId, group: &Group) -> Option<&SummaryRow> {
        let key = (metric, group);
        let place = self.rows.binary_search_by(|row| (row.metric, &row.group).cmp(&key)).ok()?;
        Some(&self.rows[place])
    }

    /// The row of the metric of that name, for all groups together.
    pub fn overall(&self, name: &str) -> Option<&SummaryRow> {
        self.row(MetricId::of(name)?, &Group::all())
    }

    /// The rows of the metric of that name, one per group that is not all.
    pub fn groups(&self, name: &str) -> impl Iterator<Item = &SummaryRow> {
        let metric = MetricId::of(name);
        self.rows.iter().filter(move |row| Some(row.metric) == metric && row.group != Group::all())
    }
}

/// Estimates at 95 %.
pub fn summarise(replications: &[Figures]) -> Summary {
    summarise_at(replications, CONFIDENCE)
}

/// Estimates at another confidence.
pub fn summarise_at(replications: &[Figures], confidence: f64) -> Summary {
    let groups = Groups::of(replications);
    let mut rows = Vec::new();
    for metric in MetricId::all() {
        for group in groups.of_metric(metric) {
            if let Some(row) = estimate(metric, group, replications, confidence) {
                rows.push(row);
            }
        }
    }
    Summary { confidence, replications: replications.len() as u32, rows }
}

fn estimate(
    metric: MetricId,
    group: &Group,
    replications: &[Figures],
    confidence: f64,
) -> Option<SummaryRow> {
    let row = |estimate, interval: Option<Interval>, count: usize| {
        // Nothing that is measured here can be negative.
        let interval = interval.map(|known| Interval { low: known.low.max(0.0), ..known });
        let replications = count as u32;
        Some(SummaryRow { metric, group: group.clone(), estimate, interval, replications })
    };
    if let MetricKind::Quantile { of, q } = metric.metric().kind {
        let nothing = Tally::default();
        let tallies = tallies(of, group, replications, &nothing);
        let (estimate, interval) = quantile(&tallies, q, confidence);
        return row(estimate, interval, tallies.len());
    }
    let values: Vec<f64> =
        replications.iter().filter_map(|figures| value(metric, group, figures)).collect();
    let middle = mean(&values)?;
    let spread = interval_of_mean(&values, confidence);
    match metric.metric().kind {
        MetricKind::Count if values.iter().all(|value| *value == 0.0) => {
            let interval = interval_of_none(values.len() as u64, confidence);
            row(Estimate::Value(0.0), interval, values.len())
        }
        MetricKind::Share { kept, of } => {
            let interval = spread.and_then(|spread| {
                all_or_none(kept, of, group, replications, confidence)
                    .or(Some(Interval { high: spread.high.min(1.0), ..spread }))
            });
            row(Estimate::Value(middle), interval, values.len())
        }
        MetricKind::Max => {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let range = (values.len() > 1).then_some(Interval { low, high });
            row(Estimate::Value(high), range, values.len())
        }
        _ => row(Estimate::Value(middle), spread, values.len()),
    }
}

/// The value of a metric in one replication. None where it has none, and for quantiles and distributions.
pub(super) fn value(metric: MetricId, group: &Group, figures: &Figures) -> Option<f64> {
    match metric.metric().kind {
        MetricKind::Count => Some(figures.value(metric, group).unwrap_or(0.0)),
        MetricKind::Mean | MetricKind::Max => figures.value(metric, group),
        MetricKind::Share { kept, of } => {
            let of = value(of, group, figures).filter(|of| *of > 0.0)?;
            Some(value(kept, group, figures)? / of)
        }
        MetricKind::Quantile { .. } | MetricKind::Distribution => None,
    }
}

/// The distribution of a group in each replication; `nothing` where there is none.
pub(super) fn tallies<'a>(
    distribution: MetricId,
    group: &Group,
    replications: &'a [Figures],
    nothing: &'a Tally,
) -> Vec<&'a Tally> {
    let of = |figures: &'a Figures| figures.tally(distribution, group).unwrap_or(nothing);
    replications.iter().map(of).collect()
}

/// The interval of a share that is none or all of what was seen in all replications together.
pub(super) fn all_or_none(
    kept: MetricId,
    of: MetricId,
    group: &Group,
    replications: &[Figures],
    confidence: f64,
) -> Option<Interval> {
    let total = |metric| -> u64 {
        let counts = replications.iter().filter_map(|figures| value(metric, group, figures));
        counts.map(|count| count as u64).sum()
    };
    let (kept, of) = (total(kept), total(of));
    if kept == 0 || kept == of { clopper_pearson(kept, of, confidence) } else { None }
}

/// Which groups each metric has, in any replication.
pub(super) struct Groups<'a>(BTreeMap<MetricId, BTreeSet<&'a Group>>);

impl<'a> Groups<'a> {
    pub(super) fn of(replications: impl IntoIterator<Item = &'a Figures>) -> Self {
        let mut groups: BTreeMap<MetricId, BTreeSet<&Group>> = BTreeMap::new();
        for figures in replications {
            for (metric, group, _) in figures.values() {
                groups.entry(metric).or_default().insert(group);
            }
            for (metric, group, _) in figures.tallies() {
                groups.entry(metric).or_default().insert(group);
            }
        }
        Self(groups)
    }

    /// The groups of a metric, in order.
    pub(super) fn of_metric(&self, metric: MetricId) -> impl Iterator<Item = &'a Group> {
        let source = match metric.metric().kind {
            MetricKind::Share { of, .. } | MetricKind::Quantile { of, .. } => of,
            _ => metric,
        };
        let found =
            self.0.get(&source).filter(|_| metric.metric().kind != MetricKind::Distribution);
        found.into_iter().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::tally::Bucket;
    use protocol::time::Duration;

    fn metric(name: &str) -> MetricId {
        MetricId::of(name).unwrap()
    }

    /// One replication with these values.
    fn figures(replication: u32, values: &[(&str, &str, f64)]) -> Figures {
        let mut figures = Figures::new(1, replication);
        for (name, group, value) in values {
            figures.set(metric(name), (*group).into(), *value);
        }
        figures
    }

    fn times(count: u64, beyond: u64) -> Tally {
        let mut tally = Tally::default();
        for second in 0..count {
            let edge = Duration::from_secs;
            tally.add(Bucket { low: edge(second), high: edge(second + 1), count: 1 });
        }
        tally.add_beyond(beyond);
        tally
    }

    fn row<'a>(summary: &'a Summary, name: &str, group: &str) -> &'a SummaryRow {
        summary.row(metric(name), &group.into()).unwrap_or_else(|| panic!("{name} {group}"))
    }

    #[test]
    fn one_replication_has_estimates_and_no_interval() {
        let mut one = figures(0, &[("flows.started", "", 4.0), ("flows.completed", "", 3.0)]);
        one.set_tally(metric("latency.machine"), Group::all(), times(1_000, 0));
        let summary = summarise(&[one]);
        for name in ["flows.started", "flows.completed_ratio", "latency.machine.p95"] {
            let row = row(&summary, name, "");
            assert!(row.estimate.value().is_some(), "{name}");
            assert_eq!((row.interval, row.replications), (None, 1), "{name}");
        }
        assert_eq!(row(&summary, "flows.completed_ratio", "").estimate, Estimate::Value(0.75));
    }

    #[test]
    fn a_count_that_a_replication_has_not_is_none_and_a_mean_that_it_has_not_is_left_out() {
        let summary = summarise(&[
            figures(0, &[("wishes.unserved", "cause=left", 6.0), ("wishes.attempts", "", 2.0)]),
            figures(1, &[("wishes.unserved", "", 0.0)]),
            figures(2, &[("wishes.attempts", "", 3.0)]),
        ]);
        let left = row(&summary, "wishes.unserved", "cause=left");
        assert_eq!((left.estimate, left.replications), (Estimate::Value(2.0), 3));
        assert_eq!(left.interval.unwrap().low, 0.0, "a count is never negative");
        let attempts = row(&summary, "wishes.attempts", "");
        assert_eq!((attempts.estimate, attempts.replications), (Estimate::Value(2.5), 2));
    }

    #[test]
    fn none_and_all_have_intervals_that_are_not_zero() {
        let one = |replication| {
            let started = ("flows.started", "", 100.0);
            let completed = ("flows.completed", "", 100.0);
            let proper = ("flows.proper", "", 0.0);
            figures(replication, &[started, completed, proper, ("tokens.collisions", "", 0.0)])
        };
        let summary = summarise(&[one(0), one(1)]);
        let all = row(&summary, "flows.completed_ratio", "");
        assert_eq!(all.estimate, Estimate::Value(1.0));
        assert_eq!(all.interval, clopper_pearson(200, 200, 0.95));
        let none = row(&summary, "flows.proper_ratio", "");
        assert_eq!(none.interval, clopper_pearson(0, 200, 0.95));
        let collisions = row(&summary, "tokens.collisions", "");
        assert_eq!(collisions.interval, interval_of_none(2, 0.95));
    }

    #[test]
    fn a_maximum_has_the_range_of_the_replications() {
        let of =
            |replication, value| figures(replication, &[("hosts.za.utilisation.max", "", value)]);
        let summary = summarise(&[of(0, 0.7), of(1, 0.9), of(2, 0.8)]);
        let row = row(&summary, "hosts.za.utilisation.max", "");
        assert_eq!(row.estimate, Estimate::Value(0.9));
        assert_eq!(row.interval, Some(Interval { low: 0.7, high: 0.9 }));
    }

    #[test]
    fn a_quantile_needs_enough_beyond_it_in_every_replication() {
        let with = |replication, count, beyond| {
            let mut figures = Figures::new(1, replication);
            figures.set_tally(metric("latency.machine"), Group::all(), times(count, beyond));
            figures
        };
        let summary = summarise(&[with(0, 400, 0), with(1, 399, 0)]);
        assert_eq!(row(&summary, "latency.machine.p50", "").estimate, Estimate::Value(199.75));
        let p95 = row(&summary, "latency.machine.p95", "");
        assert_eq!((p95.estimate, p95.interval), (Estimate::TooFew(399), None));
        let nobody = Figures::new(1, 1);
        let summary = summarise(&[with(0, 4_000, 0), nobody]);
        assert_eq!(row(&summary, "latency.machine.p50", "").estimate, Estimate::TooFew(0));
    }

    #[test]
    fn a_quantile_among_what_never_ended_is_more_than_the_longest() {
        let with = |replication, beyond| {
            let mut figures = Figures::new(1, replication);
            figures.set_tally(metric("latency.machine"), Group::all(), times(400, beyond));
            figures
        };
        let summary = summarise(&[with(0, 400), with(1, 500)]);
        let p95 = row(&summary, "latency.machine.p95", "");
        assert_eq!((p95.estimate, p95.interval), (Estimate::MoreThan(400.0), None));
        // In one replication the median is among them, in both together it is not.
        let summary = summarise(&[with(0, 410), with(1, 0)]);
        let p50 = row(&summary, "latency.machine.p50", "");
        assert!(p50.estimate.value().is_some());
        assert_eq!(p50.interval.unwrap().high, f64::INFINITY);
    }

    #[test]
    fn rows_stand_in_the_order_of_the_table_and_of_groups_and_can_be_found() {
        let summary = summarise(&[figures(
            0,
            &[
                ("flows.started", "pgo=pgo-10", 1.0),
                ("flows.started", "pgo=pgo-9", 1.0),
                ("flows.started", "", 2.0),
            ],
        )]);
        let names: Vec<&str> =
            summary.groups("flows.started").map(|row| row.group.name()).collect();
        assert_eq!(names, ["pgo=pgo-9", "pgo=pgo-10"]);
        assert_eq!(summary.overall("flows.started").unwrap().estimate, Estimate::Value(2.0));
        assert_eq!(summary.overall("flows.nonsense"), None);
    }
}
