//! Figures as people read them: scaled to a fitting unit, with as many decimals as the interval is worth.
//!
//! Files have the exact numbers; this is for the terminal and the report. Words are `watch::study::headline`'s.

use watch::study::{
    estimate::{Estimate, Interval},
    summary::SummaryRow,
};

/// A figure in words and digits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// The estimate: `96.1`, `> 3,600`, `too few (17)`.
    pub value: String,
    /// The interval: `95.7 to 96.6`; none for one replication.
    pub interval: Option<String>,
    /// The unit of both: `%`, `ms`; empty where there is none to a text.
    pub unit: &'static str,
}

impl Shown {
    /// A row of a summary.
    pub fn of(row: &SummaryRow) -> Self {
        Self::figure(row.estimate, row.interval, row.metric.metric().unit)
    }

    /// An estimate in a unit of the table of metrics.
    pub fn figure(estimate: Estimate, interval: Option<Interval>, unit: &'static str) -> Self {
        let middle = match estimate {
            Estimate::Value(value) | Estimate::MoreThan(value) => value,
            Estimate::TooFew(_) => {
                return Self { value: estimate.to_string(), interval: None, unit: "" };
            }
        };
        let bound = interval.map(|known| known.high).filter(|high| high.is_finite());
        let scale = Scale::of(unit, if middle == 0.0 { bound.unwrap_or(0.0) } else { middle });
        let half_width = match interval {
            Some(known) if known.high.is_finite() => known.half_width() * scale.factor,
            _ => 0.0,
        };
        let show = |value: f64| number(value * scale.factor, half_width, middle * scale.factor);
        Self {
            value: match estimate {
                Estimate::MoreThan(_) => format!("> {}", show(middle)),
                _ => show(middle),
            },
            interval: interval.map(|known| match known.high.is_finite() {
                true => format!("{} to {}", show(known.low), show(known.high)),
                false => format!("{} or more", show(known.low)),
            }),
            unit: scale.unit,
        }
    }

    /// A number without an interval, in a unit of the table of metrics.
    pub fn plain(value: f64, unit: &'static str) -> Self {
        Self::figure(Estimate::Value(value), None, unit)
    }

    /// Estimate and unit: `96.1 %`.
    pub fn with_unit(&self) -> String {
        match self.unit {
            "" => self.value.clone(),
            unit => format!("{} {unit}", self.value),
        }
    }
}

/// How a unit is shown for values of some size.
#[derive(Clone, Copy)]
struct Scale {
    factor: f64,
    unit: &'static str,
}

impl Scale {
    fn of(unit: &'static str, value: f64) -> Self {
        let value = value.abs();
        let (factor, unit) = match unit {
            "1" => (100.0, "%"),
            "s" if value == 0.0 => (1.0, "s"),
            "s" if value < 1.0 => (1e3, "ms"),
            "s" if value < 600.0 => (1.0, "s"),
            "s" if value < 36_000.0 => (1.0 / 60.0, "min"),
            "s" => (1.0 / 3_600.0, "h"),
            "B" if value >= 1e9 => (1e-9, "GB"),
            "B" if value >= 1e6 => (1e-6, "MB"),
            "B" if value >= 1e3 => (1e-3, "kB"),
            other => (1.0, other),
        };
        Self { factor, unit }
    }
}

/// As many decimals as show the half-width of its interval; without one three significant digits.
fn number(value: f64, half_width: f64, middle: f64) -> String {
    if !value.is_finite() {
        return "∞".to_owned();
    }
    // A width far below the value is of equal values and their rounding.
    let known = half_width > middle.abs() * 1e-6;
    let enough = |decimals: &usize| {
        let shift = 10f64.powi(*decimals as i32);
        match known {
            true => half_width * shift >= 2.0,
            false => middle.fract() == 0.0 || middle.abs() * shift >= 100.0,
        }
    };
    let decimals = (0..4).find(enough).unwrap_or(4);
    grouped(&format!("{value:.decimals$}"))
}

/// A number in the unit that it has, with four significant digits at least: `0.9346`.
pub fn brief(value: f64) -> String {
    let decimals = match value.abs() {
        large if large >= 1_000.0 => 0,
        middle if middle >= 1.0 => 3,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    let short =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    // What is above nought is not shown as nought.
    if short == "0" && value != 0.0 { value.to_string() } else { grouped(short) }
}

/// `27,310.5`.
pub fn grouped(digits: &str) -> String {
    let (sign, rest) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits),
    };
    let (whole, fraction) = match rest.find('.') {
        Some(point) => rest.split_at(point),
        None => (rest, ""),
    };
    let mut text = sign.to_owned();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: f64, interval: Option<(f64, f64)>, unit: &'static str) -> (String, String) {
        let interval = interval.map(|(low, high)| Interval { low, high });
        let shown = Shown::figure(Estimate::Value(value), interval, unit);
        (shown.with_unit(), shown.interval.unwrap_or_default())
    }

    #[test]
    fn a_figure_has_the_unit_that_fits_it_and_the_decimals_that_its_interval_is_worth() {
        let both = |value: &str, interval: &str| (value.to_owned(), interval.to_owned());
        assert_eq!(shown(0.9612, Some((0.957, 0.966)), "1"), both("96.1 %", "95.7 to 96.6"));
        assert_eq!(shown(0.0421, Some((0.042, 0.0423)), "s"), both("42.10 ms", "42.00 to 42.30"));
        assert_eq!(
            shown(27_310.4, Some((27_000.0, 27_600.0)), "flows"),
            both("27,310 flows", "27,000 to 27,600")
        );
        assert_eq!(shown(75.0, None, "s"), both("75 s", ""));
        assert_eq!(shown(1.234_56, None, "s"), both("1.23 s", ""));
        assert_eq!(shown(7_200.0, None, "s"), both("120 min", ""));
        assert_eq!(shown(0.0, Some((0.0, 3.7)), "jobs"), both("0.0 jobs", "0.0 to 3.7"));
        assert_eq!(shown(12_345_678.0, None, "B"), both("12.3 MB", ""));
        assert_eq!(shown(4.0, Some((3.0, f64::INFINITY)), "s").1, "3 or more");
    }

    #[test]
    fn a_brief_number_keeps_four_digits() {
        let brief = [0.934_635_118, 0.95, 1.0, 12.345_678, 27_310.4, 0.0, 0.000_01].map(brief);
        assert_eq!(brief, ["0.9346", "0.95", "1", "12.346", "27,310", "0", "0.00001"]);
    }

    #[test]
    fn what_is_no_number_says_so() {
        let shown = |estimate| Shown::figure(estimate, None, "s").with_unit();
        assert_eq!(shown(Estimate::MoreThan(3_600.0)), "> 60 min");
        assert_eq!(shown(Estimate::TooFew(17)), "too few (17)");
    }
}
