//! summary.json: the figures of summary.csv by metric and group, with the answer in sentences, the rules
//! that were not kept and the expectations.
//!
//! Estimates nothing; `watch::study::summary` does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use watch::{
    rules::Verdict,
    study::{
        estimate::{Estimate, Interval},
        headline::headline,
        metrics::MetricId,
        summary::{Summary, SummaryRow},
    },
};

use super::{
    expectations::{Checked, expectations},
    manifest::Replications,
    shown::brief,
};
use crate::answer::Answer;

/// summary.json.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SummaryFile {
    /// Name of the scenario.
    pub name: String,
    /// Key of all draws.
    pub seed: u64,
    /// Replications asked and done.
    pub replications: Replications,
    /// How sure the intervals are: 0.95.
    pub confidence: f64,
    /// The answer in three sentences.
    pub sentences: Vec<String>,
    /// What `[expect]` asks, in the order of the file.
    pub expectations: Vec<ExpectationEntry>,
    /// Rules that were not always kept, broken or not, in the order of the rulebook.
    pub breaches: Vec<BreachEntry>,
    /// Every metric that has a figure, by name.
    pub metrics: BTreeMap<String, MetricEntry>,
}

/// One metric.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MetricEntry {
    /// What it means.
    pub what: String,
    /// Unit; `1` for shares.
    pub unit: String,
    /// The figure for all groups together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overall: Option<Figure>,
    /// Figures by kind of group and member: `pgo`, `pgo-3`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, BTreeMap<String, Figure>>,
}

/// An estimate and its interval.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Figure {
    /// The estimate; none where one of the next two stands.
    pub estimate: Option<f64>,
    /// The estimate is more than this: the quantile is among what never ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_than: Option<f64>,
    /// There are too few observations in a replication: this many in the one with fewest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_few: Option<u64>,
    /// Lower end of the interval; none for one replication.
    pub ci_low: Option<f64>,
    /// Upper end; none, too, for an interval that is open above.
    pub ci_high: Option<f64>,
    /// How many replications have a value.
    pub replications: u32,
}

/// An expectation and what became of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ExpectationEntry {
    /// As files write it: `flows.completed_ratio >= 0.95`.
    pub expected: String,
    /// What was found, as summary.csv writes it; none where the result has no such figure.
    pub found: Option<String>,
    /// Unit of the metric.
    pub unit: String,
    /// Lower end of its interval.
    pub ci_low: Option<f64>,
    /// Upper end of its interval.
    pub ci_high: Option<f64>,
    /// Whether the one is as the other wants it.
    pub holds: bool,
}

/// A rule that was not always kept, and the first time that it was not.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BreachEntry {
    /// Its stable name.
    pub rule: String,
    /// Its citation.
    pub citation: String,
    /// How often it was put to the test.
    pub evaluated: u64,
    /// How often it was not kept.
    pub breaches: u64,
    /// Whether that breaks it: of a service level some breaches are allowed.
    pub broken: bool,
    /// The first time.
    pub first: Option<FirstBreach>,
}

/// The first time that a rule was not kept.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FirstBreach {
    /// In which replication.
    pub replication: u32,
    /// When, in seconds from its start.
    pub at_s: f64,
    /// In which flow, if in any.
    pub flow: Option<String>,
    /// Who did not keep it.
    pub host: String,
    /// What was seen.
    pub why: String,
}

impl SummaryFile {
    /// Everything that is known.
    pub fn of(answer: &Answer, summary: &Summary) -> Self {
        Self::with(answer, summary, |_| true)
    }

    /// Only the metrics that `wanted` takes, over all groups.
    pub fn overall(answer: &Answer, summary: &Summary, wanted: impl Fn(MetricId) -> bool) -> Self {
        Self::with(answer, summary, |row| row.group.name().is_empty() && wanted(row.metric))
    }

    fn with(answer: &Answer, summary: &Summary, wanted: impl Fn(&SummaryRow) -> bool) -> Self {
        let scenario = &answer.study.scenario;
        let mut metrics = BTreeMap::<String, MetricEntry>::new();
        for row in summary.rows.iter().filter(|row| wanted(row)) {
            let metric = row.metric.metric();
            let entry = metrics.entry(metric.name.clone()).or_insert_with(|| MetricEntry {
                what: metric.what.clone(),
                unit: metric.unit.to_owned(),
                overall: None,
                groups: BTreeMap::new(),
            });
            match row.group.name().split_once('=') {
                Some((kind, member)) => {
                    let members = entry.groups.entry(kind.to_owned()).or_default();
                    members.insert(member.to_owned(), Figure::from(row));
                }
                None => entry.overall = Some(Figure::from(row)),
            }
        }
        let kept = |verdict: &&Verdict| verdict.breaches > 0;
        Self {
            name: scenario.name.clone(),
            seed: scenario.seed,
            replications: Replications {
                asked: scenario.replications,
                done: answer.replications.len() as u32,
            },
            confidence: summary.confidence,
            sentences: headline(summary),
            expectations: expectations(answer, summary).iter().map(Into::into).collect(),
            breaches: answer
                .verdicts
                .iter()
                .filter(kept)
                .map(|verdict| BreachEntry::of(verdict, answer))
                .collect(),
            metrics,
        }
    }
}

impl From<&SummaryRow> for Figure {
    fn from(row: &SummaryRow) -> Self {
        let (ci_low, ci_high) = ends(row.interval);
        let figure = Self { ci_low, ci_high, replications: row.replications, ..Self::default() };
        match row.estimate {
            Estimate::Value(value) => Self { estimate: Some(value), ..figure },
            Estimate::MoreThan(value) => Self { more_than: Some(value), ..figure },
            Estimate::TooFew(count) => Self { too_few: Some(count), ..figure },
        }
    }
}

/// Both ends of an interval, as JSON can say them.
fn ends(interval: Option<Interval>) -> (Option<f64>, Option<f64>) {
    let end = |of: fn(&Interval) -> f64| interval.as_ref().map(of).filter(|end| end.is_finite());
    (end(|known| known.low), end(|known| known.high))
}

impl From<&Checked> for ExpectationEntry {
    fn from(checked: &Checked) -> Self {
        let (ci_low, ci_high) = ends(checked.interval);
        let metric = &checked.expectation.metric.value;
        let name = metric.split_once('@').map_or(metric.as_str(), |(name, _)| name);
        Self {
            expected: checked.text(),
            found: checked.estimate.map(|estimate| estimate.to_string()),
            unit: MetricId::of(name).map_or("", |metric| metric.metric().unit).to_owned(),
            ci_low,
            ci_high,
            holds: checked.holds,
        }
    }
}

impl ExpectationEntry {
    /// What was found, with few digits.
    pub fn found_briefly(&self) -> String {
        let found = self.found.as_deref().unwrap_or("no such figure");
        found.parse().map_or_else(|_| found.to_owned(), brief)
    }
}

impl BreachEntry {
    fn of(verdict: &Verdict, answer: &Answer) -> Self {
        let row = verdict.rule.row();
        let host = |host| {
            let known = answer.directory.host(host);
            // Whoever has no station is somebody's browser.
            known.map_or_else(|| "person".to_owned(), |host| host.name.clone())
        };
        Self {
            rule: row.name.to_owned(),
            citation: row.cite.to_owned(),
            evaluated: verdict.evaluated,
            breaches: verdict.breaches,
            broken: verdict.broken(),
            first: verdict.first.map(|breach| FirstBreach {
                replication: breach.replication,
                at_s: breach.at.as_secs_f64(),
                flow: breach.flow.map(|flow| flow.to_string()),
                host: host(breach.host),
                why: breach.why.text().to_owned(),
            }),
        }
    }
}
