//! The difference that a change makes: replication by replication, for every metric and group.
//!
//! Both sides must have been run with the same seed, so that replication n of one has the arrivals, persons
//! and human times of replication n of the other (common random numbers). The interval is that of the
//! paired differences.

use std::{collections::BTreeMap, fmt};

use super::{
    estimate::{
        Estimate, Interval, half_width, interval_of_mean, interval_of_none, mean, quantile,
    },
    figures::{Figures, Group},
    metrics::{MetricId, MetricKind},
    summary::{Groups, all_or_none, tallies, value},
    tally::{Quantile, Tally},
};

/// The difference in one metric and group.
#[derive(Clone, PartialEq, Debug)]
pub struct Difference {
    /// The metric.
    pub metric: MetricId,
    /// The group; empty for all.
    pub group: Group,
    /// The estimate of the first side, over the replications that both have.
    pub before: Estimate,
    /// The estimate of the second side, over the same.
    pub after: Estimate,
    /// The second minus the first; none where one of them is no number.
    pub difference: Option<f64>,
    /// Its interval; for a maximum the range. None for one replication.
    pub interval: Option<Interval>,
    /// How many pairs of replications it is made of.
    pub replications: u32,
}

/// Why two sets of replications cannot be compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompareFault {
    /// They were run with different seeds.
    Seeds(u64, u64),
    /// They have no replication in common.
    NothingInCommon,
}

impl fmt::Display for CompareFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seeds(one, other) => {
                write!(f, "expected two runs with the same seed; found {one} and {other}")
            }
            Self::NothingInCommon => {
                f.write_str("expected runs with replications in common; found none")
            }
        }
    }
}

impl std::error::Error for CompareFault {}

/// The differences of `after` and `before`, at a confidence, over the replications that both have.
pub fn compare(
    before: &[Figures],
    after: &[Figures],
    confidence: f64,
) -> Result<Vec<Difference>, CompareFault> {
    let numbered: BTreeMap<u32, &Figures> =
        after.iter().map(|figures| (figures.replication, figures)).collect();
    let mut pairs: Vec<(&Figures, &Figures)> = before
        .iter()
        .filter_map(|figures| Some((figures, *numbered.get(&figures.replication)?)))
        .collect();
    pairs.sort_by_key(|(figures, _)| figures.replication);
    if pairs.is_empty() {
        return Err(CompareFault::NothingInCommon);
    }
    if let Some((one, other)) = pairs.iter().find(|(one, other)| one.seed != other.seed) {
        return Err(CompareFault::Seeds(one.seed, other.seed));
    }
    let before: Vec<Figures> = pairs.iter().map(|(one, _)| (*one).clone()).collect();
    let after: Vec<Figures> = pairs.iter().map(|(_, other)| (*other).clone()).collect();
    let groups = Groups::of(before.iter().chain(&after));
    let sides = Sides { before: &before, after: &after, confidence };
    let differences = MetricId::all().flat_map(|metric| {
        groups.of_metric(metric).filter_map(move |group| sides.difference(metric, group))
    });
    Ok(differences.collect())
}

#[derive(Clone, Copy)]
struct Sides<'a> {
    before: &'a [Figures],
    after: &'a [Figures],
    confidence: f64,
}

impl Sides<'_> {
    fn difference(self, metric: MetricId, group: &Group) -> Option<Difference> {
        match metric.metric().kind {
            MetricKind::Distribution => None,
            MetricKind::Quantile { of, q } => Some(self.of_quantiles(metric, group, of, q)),
            kind => self.of_values(metric, group, kind),
        }
    }

    fn of_values(self, metric: MetricId, group: &Group, kind: MetricKind) -> Option<Difference> {
        let pairs: Vec<(f64, f64)> = self
            .before
            .iter()
            .zip(self.after)
            .filter_map(|(before, after)| {
                Some((value(metric, group, before)?, value(metric, group, after)?))
            })
            .collect();
        let before: Vec<f64> = pairs.iter().map(|(before, _)| *before).collect();
        let after: Vec<f64> = pairs.iter().map(|(_, after)| *after).collect();
        let steps: Vec<f64> = pairs.iter().map(|(before, after)| after - before).collect();
        let largest = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let several = steps.len() > 1;
        let (before, after, interval) = match kind {
            MetricKind::Max => {
                let low = steps.iter().copied().fold(f64::INFINITY, f64::min);
                let range = Interval { low, high: largest(&steps) };
                (largest(&before), largest(&after), several.then_some(range))
            }
            _ => {
                let spread = interval_of_mean(&steps, self.confidence);
                let exact = if several { self.of_nothing_seen(group, kind, &pairs) } else { None };
                (mean(&before)?, mean(&after)?, exact.or(spread))
            }
        };
        Some(Difference {
            metric,
            group: group.clone(),
            before: Estimate::Value(before),
            after: Estimate::Value(after),
            difference: Some(after - before).filter(|difference| difference.is_finite()),
            interval,
            replications: steps.len() as u32,
        })
        .filter(|difference| difference.difference.is_some())
    }

    /// Where neither side saw any, or both saw nothing else, the differences are all zero, and say nothing
    /// of how sure that is: then the two sides' own intervals do.
    fn of_nothing_seen(
        self,
        group: &Group,
        kind: MetricKind,
        pairs: &[(f64, f64)],
    ) -> Option<Interval> {
        let (before, after) = match kind {
            MetricKind::Share { kept, of } => (
                all_or_none(kept, of, group, self.before, self.confidence)?,
                all_or_none(kept, of, group, self.after, self.confidence)?,
            ),
            MetricKind::Count if pairs.iter().all(|pair| *pair == (0.0, 0.0)) => {
                let none = interval_of_none(pairs.len() as u64, self.confidence)?;
                (none, none)
            }
            _ => return None,
        };
        Some(Interval { low: after.low - before.high, high: after.high - before.low })
    }

    fn of_quantiles(self, metric: MetricId, group: &Group, of: MetricId, q: f64) -> Difference {
        let nothing = Tally::default();
        let before = tallies(of, group, self.before, &nothing);
        let after = tallies(of, group, self.after, &nothing);
        let (one, one_interval) = quantile(&before, q, self.confidence);
        let (other, other_interval) = quantile(&after, q, self.confidence);
        let difference = one.value().zip(other.value()).map(|(one, other)| other - one);
        let steps: Vec<f64> = before
            .iter()
            .zip(&after)
            .filter_map(|(one, other)| Some(at(other, q)? - at(one, q)?))
            .collect();
        // Both must have an interval at all: else some replication's quantile is among what never ended.
        let known =
            |interval: Option<Interval>| interval.is_some_and(|known| known.high.is_finite());
        let interval = difference
            .filter(|_| known(one_interval) && known(other_interval) && steps.len() == before.len())
            .and_then(|middle| {
                // Both quantiles are known to their buckets and no better.
                let widths = width(&before, q) + width(&after, q);
                let spread = half_width(&steps, self.confidence)?.max(widths / 2.0);
                Some(Interval { low: middle - spread, high: middle + spread })
            });
        Difference {
            metric,
            group: group.clone(),
            before: one,
            after: other,
            difference,
            interval,
            replications: before.len() as u32,
        }
    }
}

/// Width of the bucket in which the quantile of all replications lies.
fn width(tallies: &[&Tally], q: f64) -> f64 {
    let mut merged = Tally::default();
    for tally in tallies {
        merged.merge(tally);
    }
    match merged.quantile(q) {
        Some(Quantile::At { low, high, .. }) => high - low,
        _ => 0.0,
    }
}

fn at(tally: &Tally, q: f64) -> Option<f64> {
    match tally.quantile(q)? {
        Quantile::At { value, .. } => Some(value),
        Quantile::Beyond(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::tally::Bucket;
    use protocol::{
        draw::{Draws, Purpose},
        time::Duration,
    };

    fn metric(name: &str) -> MetricId {
        MetricId::of(name).unwrap()
    }

    fn figures(seed: u64, replication: u32, values: &[(&str, f64)]) -> Figures {
        let mut figures = Figures::new(seed, replication);
        for (name, value) in values {
            figures.set(metric(name), Group::all(), *value);
        }
        figures
    }

    fn of<'a>(differences: &'a [Difference], name: &str) -> &'a Difference {
        differences.iter().find(|row| row.metric == metric(name)).unwrap()
    }

    #[test]
    fn what_both_sides_share_does_not_blur_the_difference() {
        let draws = Draws::new(1, 0, Purpose::Toy);
        let side = |shift: f64| -> Vec<Figures> {
            (0..10)
                .map(|n| {
                    figures(1, n, &[("wishes.attempts", 10.0 * draws.unit(n.into(), 0) + shift)])
                })
                .collect()
        };
        // The second side comes in another order, and has one replication more.
        let mut after = side(0.5);
        after.push(figures(1, 99, &[("wishes.attempts", 100.0)]));
        after.reverse();
        let differences = compare(&side(0.0), &after, 0.95).unwrap();
        let row = of(&differences, "wishes.attempts");
        assert_eq!(row.replications, 10);
        let interval = row.interval.unwrap();
        assert!((row.difference.unwrap() - 0.5).abs() < 1e-9);
        assert!(interval.half_width() < 1e-6, "the draws are common: {interval:?}");
    }

    #[test]
    fn other_seeds_and_nothing_in_common_are_refused() {
        let one = [figures(1, 0, &[("flows.started", 1.0)])];
        let other = [figures(2, 0, &[("flows.started", 1.0)])];
        assert_eq!(compare(&one, &other, 0.95), Err(CompareFault::Seeds(1, 2)));
        let later = [figures(1, 1, &[("flows.started", 1.0)])];
        assert_eq!(compare(&one, &later, 0.95), Err(CompareFault::NothingInCommon));
    }

    #[test]
    fn two_sides_that_saw_none_are_not_sure_to_be_equal() {
        let side = |started: f64| -> Vec<Figures> {
            let values =
                [("flows.started", started), ("flows.completed", started), ("flows.proper", 0.0)];
            (0..3).map(|n| figures(1, n, &values)).collect()
        };
        let differences = compare(&side(100.0), &side(100.0), 0.95).unwrap();
        for name in ["flows.proper", "flows.proper_ratio", "flows.completed_ratio"] {
            let row = of(&differences, name);
            assert_eq!(row.difference, Some(0.0));
            let interval = row.interval.unwrap();
            assert!(interval.low < 0.0 && interval.high > 0.0, "{name}: {interval:?}");
        }
        // As many started on both sides in every replication: that is no chance.
        assert_eq!(
            of(&differences, "flows.started").interval,
            Some(Interval { low: 0.0, high: 0.0 })
        );
    }

    #[test]
    fn a_quantile_is_compared_section_by_section_and_one_pair_has_no_interval() {
        let side = |shift: u64| -> Vec<Figures> {
            (0..4u64)
                .map(|n| {
                    let mut tally = Tally::default();
                    for step in 0..100 {
                        let low = Duration::from_millis(1_000 * n + 10 * step + shift);
                        let high = low + Duration::from_millis(10);
                        tally.add(Bucket { low, high, count: 10 });
                    }
                    let mut figures = Figures::new(1, n as u32);
                    figures.set_tally(metric("latency.machine"), Group::all(), tally);
                    figures
                })
                .collect()
        };
        let (before, after) = (side(0), side(200));
        let differences = compare(&before, &after, 0.95).unwrap();
        let row = of(&differences, "latency.machine.p50");
        assert!((row.difference.unwrap() - 0.2).abs() < 1e-9);
        // Every section moved alike; what is left is the width of a bucket.
        assert!((row.interval.unwrap().half_width() - 0.01).abs() < 1e-9);
        let differences = compare(&before[..1], &after[..1], 0.95).unwrap();
        assert_eq!(of(&differences, "latency.machine.p50").interval, None);
    }

    #[test]
    fn maxima_are_compared_by_their_ranges() {
        let side = |values: [f64; 3]| -> Vec<Figures> {
            let of = |(n, value)| figures(1, n, &[("hosts.za.queue.max", value)]);
            (0..3).zip(values).map(of).collect()
        };
        let differences = compare(&side([3.0, 5.0, 4.0]), &side([4.0, 9.0, 4.0]), 0.95).unwrap();
        let row = of(&differences, "hosts.za.queue.max");
        assert_eq!(row.difference, Some(4.0));
        assert_eq!(row.interval, Some(Interval { low: 0.0, high: 4.0 }));
    }
}
