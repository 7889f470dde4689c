//! The one table of metrics: from it come summary.csv, replications.csv, histograms.csv, the names that
//! `[expect]` knows, and their documentation.
//!
//! Names are stable and dotted; results that are kept use them. Does not compute anything.

mod rows;

use std::sync::LazyLock;

/// A metric, by its place in [`table`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MetricId(u16);

/// One metric.
#[derive(Clone, PartialEq, Debug)]
pub struct Metric {
    /// Stable name: `latency.machine.p95`.
    pub name: String,
    /// Unit of its values; `1` for shares, empty for distributions.
    pub unit: &'static str,
    /// How an estimate is made of the values of replications.
    pub kind: MetricKind,
    /// What it means.
    pub what: String,
}

/// How an estimate is made of the values of replications.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum MetricKind {
    /// A number of things in a replication: mean over replications; a replication without a value had none.
    Count,
    /// A mean over replications, Student-t interval; a replication without a value is left out.
    Mean,
    /// A share: mean over replications of one count divided by another.
    Share {
        /// So many …
        kept: MetricId,
        /// … of these.
        of: MetricId,
    },
    /// A maximum: the largest over replications, with the range of the replications' maxima.
    Max,
    /// A quantile of a distribution over all replications.
    Quantile {
        /// Of which distribution.
        of: MetricId,
        /// Which: 0.95.
        q: f64,
    },
    /// A distribution of seconds, itself no row of a summary.
    Distribution,
}

impl MetricId {
    /// The metric of that name.
    pub fn of(name: &str) -> Option<Self> {
        TABLE.names.get(name).copied()
    }

    /// Its row.
    pub fn metric(self) -> &'static Metric {
        &TABLE.metrics[usize::from(self.0)]
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        &self.metric().name
    }

    /// Every metric, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..TABLE.metrics.len() as u16).map(Self)
    }
}

/// Every metric, in the order in which result files have them.
pub fn table() -> &'static [Metric] {
    &TABLE.metrics
}

static TABLE: LazyLock<rows::Table> = LazyLock::new(rows::table);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_a_name_of_its_own_and_can_be_found_by_it() {
        assert_eq!(TABLE.names.len(), TABLE.metrics.len());
        for id in MetricId::all() {
            assert_eq!(MetricId::of(id.name()), Some(id));
            let metric = id.metric();
            assert!(metric.what.len() > 10 && !metric.unit.is_empty(), "{}", metric.name);
            assert!(
                metric
                    .name
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')),
                "{}",
                metric.name
            );
        }
    }

    #[test]
    fn the_names_that_people_rely_on_are_there() {
        for name in [
            "flows.started",
            "flows.completed_ratio",
            "flows.proper_ratio",
            "flows.outcome.exception-3",
            "wishes.served_ratio",
            "latency.total.p50",
            "latency.machine.p95",
            "latency.human.p99",
            "latency.failed.machine.p95",
            "step.07.machine.mean",
            "token.answer.p95",
            "norm.token.share",
            "norm.resource.share",
            "norm.lists.share",
            "registry.full_propagation.max",
            "hosts.za.utilisation.max",
            "tokens.collisions",
            "page.wait.p95",
        ] {
            assert!(MetricId::of(name).is_some(), "{name}");
        }
        assert_eq!(MetricId::of("latency.p95"), None);
    }
}
