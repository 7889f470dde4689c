//! Distributions that topologies and scenarios name: how long, how many, how large.
//!
//! Does not parse text (`stelsel`), hold a generator or know a unit: a duration is drawn in seconds, a
//! size in bytes. Sampling is `rand_distr` over keyed words, with `libm`, so that every machine draws
//! the same number.

use std::sync::Arc;

use rand_distr::{Distribution as _, Exp1, StandardNormal};

use crate::{draw::Words, time::Duration};

/// A distribution of numbers that are zero or more.
#[derive(Clone, PartialEq, Debug)]
pub enum Distribution {
    /// Always the same.
    Fixed(f64),
    /// Exponential.
    Exp {
        /// Its mean.
        mean: f64,
    },
    /// Log-normal.
    Lognormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Every number between two bounds alike.
    Uniform {
        /// Lower bound.
        a: f64,
        /// Upper bound.
        b: f64,
    },
    /// One of these, each alike.
    Empirical(Arc<[f64]>),
}

/// The 95th percentile of the standard normal distribution.
const NORMAL_P95: f64 = 1.644_853_626_951_472_2;

impl Distribution {
    /// The log-normal distribution with this median and this 95th percentile; both above zero, `p95` at
    /// least `median`.
    pub fn lognormal(median: f64, p95: f64) -> Self {
        Self::Lognormal { mu: libm::log(median), sigma: libm::log(p95 / median) / NORMAL_P95 }
    }

    /// Draws a number.
    #[inline]
    pub fn sample(&self, words: &mut Words) -> f64 {
        match self {
            Self::Fixed(value) => *value,
            Self::Exp { mean } => {
                let unit: f64 = Exp1.sample(words);
                mean * unit
            }
            Self::Lognormal { mu, sigma } => {
                let normal: f64 = StandardNormal.sample(words);
                libm::exp(mu + sigma * normal)
            }
            Self::Uniform { a, b } => a + (b - a) * words.unit(),
            Self::Empirical(values) => values[(words.unit() * values.len() as f64) as usize],
        }
    }

    /// Draws a length of time; the numbers are seconds.
    #[inline]
    pub fn duration(&self, words: &mut Words) -> Duration {
        Duration::from_secs_f64(self.sample(words))
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Fixed(value) => *value,
            Self::Exp { mean } => *mean,
            Self::Lognormal { mu, sigma } => libm::exp(mu + sigma * sigma / 2.0),
            Self::Uniform { a, b } => (a + b) / 2.0,
            Self::Empirical(values) => values.iter().sum::<f64>() / values.len() as f64,
        }
    }

    /// Whether every draw is exactly zero.
    #[inline]
    pub fn is_zero(&self) -> bool {
        matches!(self, Self::Fixed(value) if *value == 0.0)
    }

    /// The same distribution with every number multiplied.
    pub fn scaled(&self, factor: f64) -> Self {
        match self {
            Self::Fixed(value) => Self::Fixed(value * factor),
            Self::Exp { mean } => Self::Exp { mean: mean * factor },
            Self::Lognormal { mu, sigma } => {
                Self::Lognormal { mu: mu + libm::log(factor), sigma: *sigma }
            }
            Self::Uniform { a, b } => Self::Uniform { a: a * factor, b: b * factor },
            Self::Empirical(values) => {
                Self::Empirical(values.iter().map(|value| value * factor).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Draws, Purpose};

    fn mean_of(distribution: &Distribution) -> f64 {
        let draws = Draws::new(1, 0, Purpose::Toy);
        let n = 200_000;
        (0..n).map(|k| distribution.sample(&mut draws.of(k, 0))).sum::<f64>() / n as f64
    }

    #[test]
    fn every_distribution_has_the_mean_it_says() {
        for distribution in [
            Distribution::Fixed(3.0),
            Distribution::Exp { mean: 0.25 },
            Distribution::lognormal(8.0, 25.0),
            Distribution::Uniform { a: 2.0, b: 6.0 },
            Distribution::Empirical([1.0, 2.0, 6.0].into()),
        ] {
            let (found, said) = (mean_of(&distribution), distribution.mean());
            assert!((found / said - 1.0).abs() < 0.01, "{distribution:?}: {found} against {said}");
            let doubled = mean_of(&distribution.scaled(2.0));
            assert!((doubled / said - 2.0).abs() < 0.02, "{distribution:?} scaled: {doubled}");
        }
    }

    #[test]
    fn a_lognormal_has_the_median_and_percentile_it_was_asked_for() {
        let distribution = Distribution::lognormal(8.0, 25.0);
        let draws = Draws::new(1, 0, Purpose::Toy);
        let mut values: Vec<f64> =
            (0..100_000).map(|k| distribution.sample(&mut draws.of(k, 0))).collect();
        values.sort_by(f64::total_cmp);
        assert!((values[50_000] / 8.0 - 1.0).abs() < 0.02);
        assert!((values[95_000] / 25.0 - 1.0).abs() < 0.02);
    }
}
