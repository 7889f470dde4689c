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
