//! `[expect]`: what must hold of a result, and whether it does.
//!
//! An expectation is about the estimate, not its interval. What has no estimate does not hold: a promise
//! that was not put to the test was not kept.

use watch::study::{
    estimate::{Estimate, Interval},
    figures::Group,
    metrics::{MetricId, MetricKind},
    summary::Summary,
};

use crate::{
    answer::Answer,
    plan::{Comparison, Expectation},
};

/// An expectation that was checked.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What was expected.
    pub expectation: Expectation,
    /// What the result has; none where it has no such figure.
    pub estimate: Option<Estimate>,
    /// The estimate's interval; none for one replication.
    pub interval: Option<Interval>,
    /// Whether the one is as the other wants it.
    pub holds: bool,
}

impl Checked {
    /// What was expected, as files write it: `flows.completed_ratio >= 0.95`.
    pub fn text(&self) -> String {
        let Expectation { metric, comparison, value } = &self.expectation;
        format!("{} {} {value}", metric.value, comparison.sign())
    }
}

/// Every expectation of the study, checked, in the order of the file.
pub fn expectations(answer: &Answer, summary: &Summary) -> Vec<Checked> {
    answer.study.scenario.expect.iter().map(|expectation| check(expectation, summary)).collect()
}

fn check(expectation: &Expectation, summary: &Summary) -> Checked {
    let (name, group) = match expectation.metric.value.split_once('@') {
        Some((name, group)) => (name, Group::from(group)),
        None => (expectation.metric.value.as_str(), Group::all()),
    };
    let row = MetricId::of(name).and_then(|metric| summary.row(metric, &group));
    let estimate = row.map(|row| row.estimate).or_else(|| {
        // A cause that no flow had has no row, and its count is none.
        let counts = MetricId::of(name)?.metric().kind == MetricKind::Count;
        (counts && group.member("cause").is_some()).then_some(Estimate::Value(0.0))
    });
    let Expectation { comparison, value, .. } = expectation;
    let holds = match estimate {
        Some(Estimate::Value(found)) => comparison.holds(found, *value),
        // More than so much is certainly more than anything smaller, and nothing else is certain.
        Some(Estimate::MoreThan(least)) => {
            matches!(comparison, Comparison::More | Comparison::AtLeast) && least >= *value
        }
        Some(Estimate::TooFew(_)) | None => false,
    };
    Checked {
        expectation: expectation.clone(),
        estimate,
        interval: row.and_then(|row| row.interval),
        holds,
    }
}
