//! Axes: where a value stands, and which values are written beside an axis.

/// Values along a line of the page.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    low: f64,
    high: f64,
    logarithmic: bool,
    /// Where the lowest and the highest value stand.
    from: f64,
    to: f64,
}

impl Scale {
    /// From nought to a round value at or above `high`.
    pub fn linear(high: f64, from: f64, to: f64) -> Self {
        let high = if high.is_finite() && high > 0.0 { high } else { 1.0 };
        let step = step(high);
        Self { low: 0.0, high: (high / step - 1e-9).ceil() * step, logarithmic: false, from, to }
    }

    /// From one value to another, neither of them rounded.
    pub fn between(low: f64, high: f64, from: f64, to: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, logarithmic: false, from, to }
    }

    /// From `low` to `high`, both above nought, with equal factors as far apart everywhere.
    pub fn logarithmic(low: f64, high: f64, from: f64, to: f64) -> Self {
        let low = low.max(1e-9);
        let high = if high > low { high } else { low * 10.0 };
        Self { low, high, logarithmic: true, from, to }
    }

    /// Where a value stands; at the end of the line where it is beyond it.
    pub fn at(&self, value: f64) -> f64 {
        let share = match self.logarithmic {
            true => libm::log(value.max(self.low) / self.low) / libm::log(self.high / self.low),
            false => (value - self.low) / (self.high - self.low),
        };
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// The values to write beside the line: some five round ones, or powers of ten.
    pub fn ticks(&self) -> Vec<f64> {
        if self.logarithmic {
            let decades = libm::log10(self.high / self.low);
            let factors: &[f64] = if decades > 2.5 { &[1.0] } else { &[1.0, 2.0, 5.0] };
            let first = libm::floor(libm::log10(self.low)) as i32;
            let powers = (first..first + 30).map(|power| libm::pow(10.0, power.into()));
            return powers
                .flat_map(|power| factors.iter().map(move |factor| power * factor))
                .skip_while(|tick| *tick < self.low * 0.999)
                .take_while(|tick| *tick <= self.high * 1.001)
                .collect();
        }
        let step = step(self.high - self.low);
        let first = (self.low / step).ceil();
        (0..20)
            .map(|place| (first + f64::from(place)) * step)
            .take_while(|tick| *tick <= self.high + step * 1e-6)
            .collect()
    }
}

/// A round distance of which four to eight fit in a range.
fn step(range: f64) -> f64 {
    let power = libm::pow(10.0, libm::floor(libm::log10(range / 4.0)));
    let factors = [1.0, 2.0, 5.0, 10.0];
    let fits = |factor: &&f64| range / (power * **factor) <= 6.0;
    power * factors.iter().find(fits).unwrap_or(&10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within_the_axis() {
        assert_eq!(
            Scale::linear(0.93, 0.0, 1.0).ticks(),
            [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]
        );
        assert_eq!(Scale::linear(17.0, 0.0, 1.0).ticks(), [0.0, 5.0, 10.0, 15.0, 20.0]);
        let decades = Scale::logarithmic(0.012, 80.0, 0.0, 1.0).ticks();
        assert_eq!(decades.len(), 3);
        assert!((decades[0] - 0.1).abs() < 1e-9);
        for scale in [Scale::linear(f64::NAN, 0.0, 1.0), Scale::linear(0.0, 0.0, 1.0)] {
            assert_eq!(scale.ticks().last(), Some(&1.0));
        }
    }

    #[test]
    fn what_is_beyond_the_axis_stands_at_its_end() {
        let scale = Scale::logarithmic(1.0, 100.0, 50.0, 150.0);
        assert_eq!([scale.at(0.0), scale.at(10.0), scale.at(1e9)], [50.0, 100.0, 150.0]);
    }
}
