//! When people arrive: a Poisson process of unit rate, stretched by an intensity; or a crowd within a window.
//!
//! Two intensities stretch the same unit process, so that 2/s and 3/s share their draws (semantics 6).
//! Does not know who arrives.

use protocol::{
    distribution::Distribution,
    draw::Draws,
    time::{Duration, Instant},
};

/// How many people arrive per second, over time.
#[derive(Clone, Debug, PartialEq)]
pub enum Intensity {
    /// Piecewise constant, repeated for ever.
    Cycle {
        /// Length of each piece.
        piece: Duration,
        /// Arrivals per second in each piece.
        rates: Vec<f64>,
    },
    /// So many people, each at a moment of their own within a window.
    Burst {
        /// Its beginning.
        at: Instant,
        /// Its length.
        within: Duration,
        /// How many.
        people: u32,
    },
}

impl Intensity {
    /// The same rate for ever, in arrivals per second.
    pub fn constant(rate: f64) -> Self {
        Self::Cycle { piece: Duration::from_secs(3_600), rates: vec![rate] }
    }

    /// How many arrivals are expected before that moment.
    pub fn expected(&self, until: Instant) -> f64 {
        match self {
            Self::Cycle { piece, rates } => {
                let piece = piece.as_secs_f64();
                let until = until.as_secs_f64();
                let cycle = piece * rates.len() as f64;
                let per_cycle: f64 = rates.iter().sum::<f64>() * piece;
                let mut left = until % cycle;
                let mut total = (until / cycle).floor() * per_cycle;
                for rate in rates {
                    total += rate * left.clamp(0.0, piece);
                    left -= piece;
                }
                total
            }
            Self::Burst { at, within, people } => {
                let share = until.since(*at).as_secs_f64() / within.as_secs_f64();
                f64::from(*people) * share.min(1.0)
            }
        }
    }
}

/// The moments of arrivals, one after another.
#[derive(Clone, Debug)]
pub struct Moments {
    intensity: Intensity,
    draws: Draws,
    number: u32,
    /// For a cycle: the piece in which the last arrival was, and how far into it, in seconds.
    piece: u64,
    into: f64,
    /// For a burst: the share of the window that is past.
    share: f64,
}

impl Moments {
    /// The moments that these draws (of purpose `Arrival`) give.
    pub fn new(intensity: Intensity, draws: Draws) -> Self {
        Self { intensity, draws, number: 0, piece: 0, into: 0.0, share: 0.0 }
    }
}

/// The number of each arrival and its moment; ends when nobody comes any more.
impl Iterator for Moments {
    type Item = (u32, Instant);

    fn next(&mut self) -> Option<(u32, Instant)> {
        let number = self.number;
        let at = match &self.intensity {
            Intensity::Cycle { piece, rates } => {
                if rates.iter().all(|rate| *rate <= 0.0) {
                    return None;
                }
                // The unit process: what is left of an exponential step is used up piece by piece.
                let mut step =
                    Distribution::Exp { mean: 1.0 }.sample(&mut self.draws.of(number.into(), 0));
                let length = piece.as_secs_f64();
                loop {
                    let rate = rates[(self.piece % rates.len() as u64) as usize];
                    let room = (length - self.into) * rate;
                    if step < room {
                        self.into += step / rate;
                        break;
                    }
                    step -= room;
                    self.piece += 1;
                    self.into = 0.0;
                }
                let begins = Duration::from_nanos(piece.as_nanos().saturating_mul(self.piece));
                Instant::START + begins + Duration::from_secs_f64(self.into)
            }
            Intensity::Burst { at, within, people } => {
                let left = people.checked_sub(number).filter(|left| *left > 0)?;
                // The next of `left` uniform order statistics above `share`.
                let unit = 1.0 - self.draws.unit(number.into(), 0);
                self.share = 1.0 - (1.0 - self.share) * libm::pow(unit, 1.0 / f64::from(left));
                *at + within.mul_f64(self.share)
            }
        };
        self.number = number.checked_add(1)?;
        Some((number, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::draw::Purpose;

    fn moments(intensity: Intensity, until: f64) -> Vec<f64> {
        let draws = Draws::new(1, 0, Purpose::Arrival);
        let moments = Moments::new(intensity, draws);
        moments.map(|(_, at)| at.as_secs_f64()).take_while(|at| *at < until).collect()
    }

    #[test]
    fn as_many_arrive_as_are_expected_in_every_piece() {
        let rates = vec![1.0, 0.0, 5.0, 2.0];
        let cycle = Intensity::Cycle { piece: Duration::from_secs(100), rates: rates.clone() };
        let all = moments(cycle.clone(), 40_000.0);
        for (place, rate) in rates.iter().enumerate() {
            let here = |at: &&f64| (**at % 400.0 / 100.0) as usize == place;
            let found = all.iter().filter(here).count() as f64;
            let expected = rate * 10_000.0;
            assert!((found - expected).abs() <= 4.0 * expected.sqrt(), "{place}: {found}");
        }
        let expected = cycle.expected(Instant::START + Duration::from_secs(40_000));
        assert!((expected - 80_000.0).abs() < 1e-6);
        let part = cycle.expected(Instant::START + Duration::from_secs(650));
        assert!((part - (800.0 + 100.0 + 250.0)).abs() < 1e-6, "{part}");
    }

    #[test]
    fn two_rates_stretch_the_same_process() {
        let slow = moments(Intensity::constant(2.0), 1_000.0);
        let fast = moments(Intensity::constant(3.0), 600.0);
        for (slow, fast) in slow.iter().zip(&fast) {
            assert!((slow * 2.0 - fast * 3.0).abs() < 1e-3, "{slow} {fast}");
        }
    }

    #[test]
    fn a_crowd_comes_whole_within_its_window_and_evenly() {
        let burst = Intensity::Burst {
            at: Instant::START + Duration::from_secs(50),
            within: Duration::from_secs(100),
            people: 20_000,
        };
        let all = moments(burst, 1e9);
        assert_eq!(all.len(), 20_000);
        assert!(all.is_sorted());
        assert!(all[0] >= 50.0 && all[19_999] <= 150.0);
        let first_half = all.iter().filter(|at| **at < 100.0).count() as f64;
        assert!((first_half - 10_000.0).abs() < 4.0 * 71.0);
    }

    #[test]
    fn nobody_comes_at_a_rate_of_nothing() {
        assert_eq!(moments(Intensity::constant(0.0), 1e9), [0.0; 0]);
    }
}
