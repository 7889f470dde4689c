//! Estimates with intervals: Student's t for means, Clopper–Pearson for shares of none or all, sectioning
//! for quantiles.
//!
//! References: A. M. Law, *Simulation Modeling and Analysis*, 5th ed., §4.5 and §9.4 (replications, means);
//! S. Asmussen and P. W. Glynn, *Stochastic Simulation*, §III.5 (sectioning); C. J. Clopper and E. S. Pearson,
//! Biometrika 26 (1934) 404; F. Garwood, Biometrika 28 (1936) 437. Quantiles of Student's t and of the beta distribution
//! are those of crate `statrs`, rounded so that the last bit of a platform's logarithm does not show in a
//! result.

use std::fmt;

use statrs::distribution::{Beta, ContinuousCDF, Normal, StudentsT};

use super::tally::{Quantile, Tally};

/// How sure intervals are: 95 %.
pub const CONFIDENCE: f64 = 0.95;

/// A quantile needs this many observations beyond it in each replication.
pub const BEYOND_A_QUANTILE: f64 = 20.0;

/// What is estimated.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Estimate {
    /// This.
    Value(f64),
    /// More than this: the quantile is among what never ended.
    MoreThan(f64),
    /// Nothing, for there are too few observations in a replication: this many in the one with fewest.
    TooFew(u64),
}

impl Estimate {
    /// The value, if there is one.
    pub const fn value(self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(value),
            Self::MoreThan(_) | Self::TooFew(_) => None,
        }
    }
}

impl fmt::Display for Estimate {
    /// As result files write it: `0.96`, `> 3600`, `too few (17)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{value}"),
            Self::MoreThan(value) => write!(f, "> {value}"),
            Self::TooFew(count) => write!(f, "too few ({count})"),
        }
    }
}

/// Where the true value lies, as sure as the confidence asked for; for a maximum: the range.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interval {
    /// Not below this.
    pub low: f64,
    /// Not above this.
    pub high: f64,
}

impl Interval {
    /// Half its length.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// Whether it has this value.
    pub fn has(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    fn around(middle: f64, half_width: f64) -> Self {
        Self { low: middle - half_width, high: middle + half_width }
    }
}

/// The mean of values, added in their order; none of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The standard deviation of values around their mean, with n − 1; none of fewer than two.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    let middle = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|value| (value - middle) * (value - middle)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// The interval of the mean of independent values: mean ± t·s/√n. None of fewer than two values.
pub fn interval_of_mean(values: &[f64], confidence: f64) -> Option<Interval> {
    Some(Interval::around(mean(values)?, half_width(values, confidence)?))
}

/// t·s/√n. None of fewer than two values.
pub fn half_width(values: &[f64], confidence: f64) -> Option<f64> {
    let deviation = standard_deviation(values)?;
    let t = student_t(values.len() as u64 - 1, confidence)?;
    Some(t * deviation / (values.len() as f64).sqrt())
}

/// The two-sided quantile of Student's t: 12.706 for one degree of freedom and 0.95. None without a degree
/// of freedom, or for a confidence outside (0, 1).
pub fn student_t(freedom: u64, confidence: f64) -> Option<f64> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let freedom = freedom as f64;
    let share = 0.5 + confidence / 2.0;
    if freedom <= 10_000.0 {
        return Some(rounded(StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(share)));
    }
    // Beyond that the crate loses digits (2·10⁻⁴ at a million). Abramowitz and Stegun 26.7.5, of which the
    // next term is below 10⁻¹¹ here.
    let z = Normal::new(0.0, 1.0).ok()?.inverse_cdf(share);
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    Some(rounded(z + first / freedom + second / (freedom * freedom)))
}

/// The exact interval of a probability, of which `kept` of `of` were seen (Clopper and Pearson). None of
/// nothing.
pub fn clopper_pearson(kept: u64, of: u64, confidence: f64) -> Option<Interval> {
    if of == 0 || kept > of || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let tail = (1.0 - confidence) / 2.0;
    let beta = |a: u64, b: u64, share| Some(Beta::new(a as f64, b as f64).ok()?.inverse_cdf(share));
    let missed = of - kept;
    // None and all have closed forms: 1 − tail^(1/n), and its mirror image.
    let edge = -(tail.ln() / of as f64).exp_m1();
    let low = match (kept, missed) {
        (0, _) => 0.0,
        (_, 0) => 1.0 - edge,
        _ => beta(kept, missed + 1, tail)?,
    };
    let high = match (kept, missed) {
        (0, _) => edge,
        (_, 0) => 1.0,
        _ => beta(kept + 1, missed, 1.0 - tail)?,
    };
    Some(Interval { low: rounded(low), high: rounded(high) })
}

/// The exact interval of the mean number of rare things in a replication, of which none was seen in any
/// (Garwood). None of fewer than two replications.
pub fn interval_of_none(replications: u64, confidence: f64) -> Option<Interval> {
    if replications < 2 || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let tail = (1.0 - confidence) / 2.0;
    Some(Interval { low: 0.0, high: rounded(-tail.ln()) / replications as f64 })
}

/// The quantile of all replications' distributions added, with its interval by sectioning: half-width
/// t·s/√R over the quantiles of the R replications, and never narrower than the bucket that it lies in.
/// Fewer than 20/(1 − q) observations in a replication are too few.
pub fn quantile(tallies: &[&Tally], q: f64, confidence: f64) -> (Estimate, Option<Interval>) {
    let fewest = tallies.iter().map(|tally| tally.count()).min().unwrap_or(0);
    // With a little leave for the rounding of 1 − q.
    if (fewest as f64) * (1.0 - q) < BEYOND_A_QUANTILE - 1e-9 {
        return (Estimate::TooFew(fewest), None);
    }
    let mut merged = Tally::default();
    for tally in tallies {
        merged.merge(tally);
    }
    let (value, width) = match merged.quantile(q) {
        Some(Quantile::At { value, low, high }) => (value, high - low),
        Some(Quantile::Beyond(last)) => return (Estimate::MoreThan(last), None),
        None => return (Estimate::TooFew(0), None),
    };
    let mut sections = Vec::with_capacity(tallies.len());
    for tally in tallies {
        match tally.quantile(q) {
            Some(Quantile::At { value, .. }) => sections.push(value),
            _ => sections.push(f64::INFINITY),
        }
    }
    let interval = if sections.iter().all(|section| section.is_finite()) {
        half_width(&sections, confidence)
            .map(|half_width| Interval::around(value, half_width.max(width / 2.0)))
    } else {
        // In some replications it lies among what never ended: no spread can be given, a range can.
        let low = sections.iter().copied().fold(value, f64::min);
        (sections.len() > 1).then_some(Interval { low, high: f64::INFINITY })
    };
    (Estimate::Value(value), interval)
}

/// To 36 bits, ten significant digits or so.
fn rounded(value: f64) -> f64 {
    const DROPPED: u32 = 16;
    let half = 1 << (DROPPED - 1);
    f64::from_bits(value.to_bits().saturating_add(half) >> DROPPED << DROPPED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() <= within, "found {found}, expected {expected}");
    }

    /// Percentage points of Student's t, from the table in NIST/SEMATECH e-Handbook of Statistical
    /// Methods, §1.3.6.7.2: two-sided 95 % and 99 %.
    #[test]
    fn quantiles_of_students_t_are_those_of_the_published_table() {
        for (freedom, t95, t99) in [
            (1, 12.706, 63.657),
            (2, 4.303, 9.925),
            (4, 2.776, 4.604),
            (9, 2.262, 3.250),
            (10, 2.228, 3.169),
            (29, 2.045, 2.756),
            (100, 1.984, 2.626),
        ] {
            near(student_t(freedom, 0.95).unwrap(), t95, 0.0006);
            near(student_t(freedom, 0.99).unwrap(), t99, 0.0006);
        }
        near(student_t(10_000, 0.95).unwrap(), 1.960_201_239_89, 1e-10);
        near(student_t(10_001, 0.95).unwrap(), 1.960_201_216_12, 1e-10);
        near(student_t(1_000_000, 0.95).unwrap(), 1.959_966_356_81, 1e-10);
        assert_eq!(student_t(0, 0.95), None);
        assert_eq!(student_t(5, 1.0), None);
        assert_eq!(student_t(5, f64::NAN), None);
    }

    /// Examples whose bounds are known in closed form or widely published: none of n (1 − 0.025^(1/n)),
    /// and 10 of 100 and 1 of 10 as printed by R's `binom.test`.
    #[test]
    fn clopper_and_pearsons_interval_is_the_published_one() {
        let bounds = |kept, of| {
            let interval = clopper_pearson(kept, of, 0.95).unwrap();
            (interval.low, interval.high)
        };
        let (low, high) = bounds(0, 10);
        assert_eq!(low, 0.0);
        near(high, 0.3084971, 1e-6);
        let (low, high) = bounds(10, 10);
        near(low, 0.6915029, 1e-6);
        assert_eq!(high, 1.0);
        let (low, high) = bounds(10, 100);
        near(low, 0.04900469, 1e-6);
        near(high, 0.1762226, 1e-6);
        let (low, high) = bounds(1, 10);
        near(low, 0.002528579, 1e-6);
        near(high, 0.4450161, 1e-6);
        let (_, high) = bounds(0, 1_000_000);
        near(high, 3.688873e-6, 1e-9);
        assert_eq!(clopper_pearson(0, 0, 0.95), None);
        assert_eq!(clopper_pearson(2, 1, 0.95), None);
    }

    #[test]
    fn none_in_ten_replications_is_not_sure_to_be_none_in_the_next() {
        let interval = interval_of_none(10, 0.95).unwrap();
        assert_eq!(interval.low, 0.0);
        near(interval.high, 0.3688879, 1e-6);
        assert_eq!(interval_of_none(1, 0.95), None);
    }

    #[test]
    fn an_estimate_is_written_as_what_it_is() {
        assert_eq!(Estimate::Value(0.96).to_string(), "0.96");
        assert_eq!(Estimate::MoreThan(3_600.0).to_string(), "> 3600");
        assert_eq!(Estimate::TooFew(17).to_string(), "too few (17)");
    }

    #[test]
    fn one_value_has_no_interval() {
        assert_eq!(interval_of_mean(&[3.0], 0.95), None);
        assert_eq!(interval_of_mean(&[], 0.95), None);
        // Mean 2, s = 1, t = 4.303: the textbook example of three values.
        let interval = interval_of_mean(&[1.0, 2.0, 3.0], 0.95).unwrap();
        near(interval.low, 2.0 - 4.302653 / 3f64.sqrt(), 1e-6);
        near(interval.half_width(), 4.302653 / 3f64.sqrt(), 1e-6);
    }
}

#[cfg(test)]
mod coverage {
    //! Intervals must hold the true value as often as they say, seen over a thousand trials of a known
    //! distribution. Of 1,000 trials at 95 %, 950 are expected, with a standard deviation of 7.

    use super::*;
    use crate::statistics::times::{Precision, Times};
    use protocol::{
        draw::{Draws, Purpose},
        time::Duration,
    };

    const TRIALS: u32 = 1_000;
    const REPLICATIONS: u32 = 10;

    /// The n-th time of one replication of one trial, exponential with mean 1 s.
    fn time(draws: &Draws, trial: u32, replication: u32, n: u32) -> f64 {
        let entity = u64::from(trial) << 32 | u64::from(replication);
        -(1.0 - draws.unit(entity, n)).ln()
    }

    fn covered(holds: impl Fn(&Draws, u32) -> bool) -> u32 {
        let draws = Draws::new(2018, 0, Purpose::Toy);
        (0..TRIALS).map(|trial| u32::from(holds(&draws, trial))).sum()
    }

    #[test]
    fn the_interval_of_a_mean_holds_it_in_95_of_100_trials() {
        let covered = covered(|draws, trial| {
            let values: Vec<f64> = (0..REPLICATIONS)
                .map(|replication| {
                    let times: Vec<f64> =
                        (0..50).map(|n| time(draws, trial, replication, n)).collect();
                    mean(&times).unwrap()
                })
                .collect();
            interval_of_mean(&values, 0.95).unwrap().has(1.0)
        });
        assert!((930..=970).contains(&covered), "{covered}");
    }

    #[test]
    fn the_interval_of_a_quantile_holds_it_in_95_of_100_trials() {
        for (q, observations) in [(0.5, 400), (0.95, 1_000)] {
            let truth = -f64::ln(1.0 - q);
            let covered = covered(|draws, trial| {
                let tallies: Vec<Tally> = (0..REPLICATIONS)
                    .map(|replication| {
                        let mut times = Times::new(Precision::Fine);
                        for n in 0..observations {
                            let time = time(draws, trial, replication, n);
                            times.record(Duration::from_secs_f64(time));
                        }
                        times.tally()
                    })
                    .collect();
                let tallies: Vec<&Tally> = tallies.iter().collect();
                let (_, interval) = quantile(&tallies, q, 0.95);
                interval.unwrap().has(truth)
            });
            assert!((925..=975).contains(&covered), "{q}: {covered}");
        }
    }

    #[test]
    fn the_exact_interval_of_a_share_holds_it_at_least_as_often_as_it_says() {
        for truth in [0.001, 0.02, 0.3] {
            let covered = covered(|draws, trial| {
                let of = 200;
                let kept = (0..of).filter(|n| draws.unit(trial.into(), *n) < truth).count();
                clopper_pearson(kept as u64, of.into(), 0.95).unwrap().has(truth)
            });
            assert!(covered >= 935, "{truth}: {covered}");
        }
    }

    #[test]
    fn the_exact_interval_of_none_holds_a_mean_that_gives_none_one_time_in_forty() {
        // Poisson with mean m per replication gives none in ten with probability e^(-10 m).
        let high = interval_of_none(10, 0.95).unwrap().high;
        assert!(((-10.0 * high).exp() - 0.025).abs() < 1e-9);
    }
}
