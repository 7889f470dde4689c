//! When there are replications enough: as soon as the interval of a figure is narrow enough.
//!
//! The interval is looked at after so many replications, then after half as many again, and so on. Whoever looks
//! repeatedly and stops when it suits stops too early now and then: with ten replications to begin with, a 95 %
//! interval found in this way covers the truth in some 93 of 100 cases (`tests`, on normally distributed replications; see
//! Law, *Simulation Modeling and Analysis*, 5th ed., §9.4.1). For an exact one, run again with another seed and as many.

use std::str::FromStr;

use watch::{
    study::{
        estimate::Estimate,
        figures::{Figures, Group},
        metrics::{self, MetricId, MetricKind},
        summary::summarise,
    },
    watcher::Sight,
};

use crate::{answer::Stopped, files};

/// A rule that says when to stop.
#[derive(Clone, PartialEq, Debug)]
pub struct Until {
    metric: MetricId,
    group: Group,
    /// Half of the interval may be this share of the estimate.
    share: f64,
    text: String,
    /// At most so many replications.
    pub most: u32,
}

/// Fewer than this say too little of their own spread to stop by it.
const FEWEST: u32 = 10;

impl Until {
    /// More replications than this are not added unless somebody says so.
    pub const MOST: u32 = 200;

    /// The same with another cap.
    #[must_use]
    pub fn at_most(self, most: u32) -> Self {
        Self { most, ..self }
    }

    /// How many replications to begin with, where the scenario says `asked`.
    pub(super) fn first(&self, asked: u32) -> u32 {
        asked.max(FEWEST).min(self.most)
    }

    /// How many are next, after `done`; none if there may not be more.
    pub(super) fn next(&self, done: u32) -> Option<u32> {
        (done < self.most).then(|| done.saturating_add(done.div_ceil(2)).min(self.most))
    }

    pub(super) fn holds(&self, sights: &[(u32, Sight)]) -> bool {
        self.half_width(sights).is_some_and(|half_width| half_width <= self.share)
    }

    /// How it came to its end.
    pub(super) fn told(&self, sights: &[(u32, Sight)], looks: u32) -> Stopped {
        Stopped {
            until: self.text.clone(),
            most: self.most,
            looks,
            half_width: self.half_width(sights),
            is_reached: self.holds(sights),
        }
    }

    /// Half of the interval as a share of the estimate.
    fn half_width(&self, sights: &[(u32, Sight)]) -> Option<f64> {
        // Only what the figure is made of: a summary of everything would cost more than a short replication.
        let only = |figures: &Figures| {
            let mut only = Figures::new(figures.seed, figures.replication);
            for metric in parts(self.metric) {
                if let Some(value) = figures.value(metric, &self.group) {
                    only.set(metric, self.group.clone(), value);
                }
                if let Some(tally) = figures.tally(metric, &self.group) {
                    only.set_tally(metric, self.group.clone(), tally.clone());
                }
            }
            only
        };
        let figures: Vec<Figures> =
            sights.iter().map(|(_, sight)| only(&sight.replication.figures)).collect();
        let summary = summarise(&figures);
        let row = summary.row(self.metric, &self.group)?;
        let Estimate::Value(estimate) = row.estimate else { return None };
        let half_width = row.interval?.half_width();
        (estimate != 0.0 && half_width.is_finite()).then(|| half_width / estimate.abs())
    }
}

/// The metrics that a metric is made of.
fn parts(metric: MetricId) -> Vec<MetricId> {
    match metric.metric().kind {
        MetricKind::Share { kept, of } => vec![kept, of],
        MetricKind::Quantile { of, .. } => vec![of],
        _ => vec![metric],
    }
}

impl FromStr for Until {
    type Err = String;

    /// `latency.machine.p95=±2%`, `wishes.served_ratio@pgo=pgo-1=±1%`.
    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "expected METRIC=±SHARE%, such as latency.machine.p95=±2%";
        let (name, share) = text.rsplit_once('=').ok_or(FORM)?;
        let share = share.trim().trim_start_matches('±').trim_start_matches("+-");
        let share: f64 =
            share.strip_suffix('%').and_then(|share| share.trim().parse().ok()).ok_or(FORM)?;
        if !(share > 0.0 && share < 100.0) {
            return Err(format!("expected a share between 0 and 100 %; found {share} %"));
        }
        let (name, group) = name.split_once('@').unwrap_or((name, ""));
        let name = name.trim();
        let fits = |kind| matches!(kind, MetricKind::Distribution | MetricKind::Max);
        let metric = MetricId::of(name).filter(|metric| !fits(metric.metric().kind));
        let metric = metric.ok_or_else(|| {
            let known = metrics::table().iter().filter(|metric| !fits(metric.kind));
            let near = files::nearest_name(name, known.map(|metric| metric.name.as_str()));
            let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
            format!("there is no metric \"{name}\" that has an interval{near}")
        })?;
        let (text, group) = (text.to_owned(), Group::from(group.trim()));
        Ok(Self { metric, group, share: share / 100.0, text, most: Self::MOST })
    }
}

#[cfg(test)]
mod tests {
    use protocol::draw::{Draws, Purpose};
    use watch::study::estimate::{half_width, mean};

    use super::*;

    #[test]
    fn a_rule_names_a_metric_that_has_an_interval_and_a_share() {
        let until: Until = "latency.machine.p95=±2%".parse().unwrap();
        assert_eq!((until.metric.name(), until.share), ("latency.machine.p95", 0.02));
        let until: Until = "wishes.served_ratio@pgo=pgo-1=0.5%".parse().unwrap();
        assert_eq!((until.group.name(), until.share), ("pgo=pgo-1", 0.005));
        for (text, expected) in [
            ("latency.machine.p95", "expected METRIC=±SHARE%"),
            ("latency.machine.p95=2", "expected METRIC=±SHARE%"),
            ("latency.machine.p95=±0%", "between 0 and 100"),
            ("latency.machine=±2%", "did you mean"),
            ("latency.machine.p59=±2%", "did you mean \"latency.machine.p"),
            ("hosts.za.queue.max=±2%", "that has an interval"),
        ] {
            let found = text.parse::<Until>().unwrap_err();
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn looks_come_half_as_many_later_and_never_beyond_the_cap() {
        let until: Until = "latency.machine.p95=±2%".parse::<Until>().unwrap().at_most(30);
        assert_eq!(until.first(3), 10);
        assert_eq!(until.first(100), 30);
        let looks: Vec<u32> = std::iter::successors(Some(10), |done| until.next(*done)).collect();
        assert_eq!(looks, [10, 15, 23, 30]);
    }

    /// What the documentation says that repeated looking costs.
    #[test]
    fn an_interval_found_by_looking_repeatedly_covers_the_truth_a_little_less_often() {
        let draws = Draws::new(1, 0, Purpose::Toy);
        let until: Until = "latency.machine.p95=±2%".parse().unwrap();
        let studies = 4_000u32;
        let covered = (0..u64::from(studies))
            .filter(|study| {
                // A coefficient of variation for which some forty replications are needed.
                let value = |n: u32| {
                    // Box and Muller.
                    let (one, two) = (draws.unit(*study, 2 * n), draws.unit(*study, 2 * n + 1));
                    let radius = libm::sqrt(-2.0 * libm::log(1.0 - one));
                    1.0 + 0.0625 * radius * libm::cos(std::f64::consts::TAU * two)
                };
                let mut done = until.first(1);
                loop {
                    let values: Vec<f64> = (0..done).map(value).collect();
                    let (middle, half) =
                        (mean(&values).unwrap(), half_width(&values, 0.95).unwrap());
                    match until.next(done) {
                        Some(next) if half > until.share * middle => done = next,
                        _ => return (middle - 1.0).abs() <= half,
                    }
                }
            })
            .count();
        let share = covered as f64 / f64::from(studies);
        assert!((0.92..0.945).contains(&share), "{share}");
    }
}
