//! Texts with units and what they mean: durations, rates, bandwidths, shares of a million, comparisons, and
//! distributions of durations or of numbers.
//!
//! An error says what would have done. Does not open the file of an empirical distribution: whoever asks
//! brings its values.

use std::sync::Arc;

use protocol::{distribution::Distribution, time::Duration};

use crate::plan::Comparison;

/// What would have done.
pub(super) type Unfit = String;

/// No duration may be longer: a hundred years.
pub(super) const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Units of time, with their length in nanoseconds.
const TIMES: &[(&str, f64)] = &[
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("min", 60e9),
    ("h", 3_600e9),
    ("d", 86_400e9),
];

/// A number without a sign, as patterns of the JSON Schema have it.
pub(super) const NUMBER: &str = r"[0-9]+(\.[0-9]+)?";
/// Units of time, as patterns of the JSON Schema have them.
pub(super) const TIME_UNITS: &str = "(ns|us|µs|ms|s|min|h|d)";

/// The number at the beginning of a text and the unit after it.
fn split(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let whole = number.bytes().next()?.is_ascii_digit() && !number.ends_with('.');
    Some((number.parse().ok().filter(|_| whole)?, unit))
}

fn quantity(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let (number, unit) = split(text)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    Some(number * factor)
}

/// `25s`, `120ms`, `15min`.
pub(super) fn duration(text: &str) -> Result<Duration, Unfit> {
    let nanos = quantity(text, TIMES).ok_or("a duration with a unit, such as \"25s\"")?;
    if nanos > LONGEST.as_nanos() as f64 {
        return Err("a duration of at most 100 years".into());
    }
    Ok(Duration::from_nanos((nanos + 0.5) as u64))
}

/// `40/s`, `100/h`: per second, above zero.
pub(super) fn rate(text: &str) -> Result<f64, Unfit> {
    let form = || "a rate above zero, such as \"40/s\" or \"100/h\"".to_string();
    let (number, unit) = text.split_once('/').ok_or_else(form)?;
    let seconds = match unit {
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return Err(form()),
    };
    let number = self::number(number).map_err(|_| form())?;
    if number <= 0.0 {
        return Err(form());
    }
    if number / seconds > 1e6 {
        return Err("a rate of at most 1000000/s".into());
    }
    Ok(number / seconds)
}

/// `100Mbit/s`: bytes per second, above zero.
pub(super) fn bandwidth(text: &str) -> Result<f64, Unfit> {
    let units = [("bit/s", 1.0), ("kbit/s", 1e3), ("Mbit/s", 1e6), ("Gbit/s", 1e9)];
    quantity(text, &units)
        .filter(|bits| *bits > 0.0 && bits.is_finite())
        .map(|bits| bits / 8.0)
        .ok_or_else(|| "a bandwidth above zero, such as \"100Mbit/s\"".into())
}

/// `54kB`, `1MiB`: bytes.
pub(super) fn size(text: &str) -> Result<f64, Unfit> {
    let units = [
        ("B", 1.0),
        ("kB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("KiB", 1024.0),
        ("MiB", 1_048_576.0),
        ("GiB", 1_073_741_824.0),
    ];
    quantity(text, &units)
        .filter(|bytes| bytes.is_finite())
        .ok_or_else(|| "a size with a unit, such as \"54kB\"".into())
}

/// `3`, `0.25`: a number without a unit.
pub(super) fn number(text: &str) -> Result<f64, Unfit> {
    split(text)
        .filter(|(number, unit)| unit.is_empty() && number.is_finite())
        .map(|(number, _)| number)
        .ok_or_else(|| "a number of zero or more, such as 0.25".into())
}

/// What a text in the form `name(inside)` holds.
pub(super) fn call(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once('(')?;
    Some((name.trim(), rest.strip_suffix(')')?.trim()))
}

/// A value that has a size, and its unit: `"4"` has none, `"15min"` is 900 s, `"skew(90s)"` 90 s. None for what
/// cannot be put along an axis.
pub(super) fn magnitude(text: &str) -> Option<(f64, &'static str)> {
    let text = text.trim().trim_matches('"');
    if let Ok(value) = number(text) {
        return Some((value, ""));
    }
    if let Ok(value) = duration(text) {
        return Some((value.as_secs_f64(), "s"));
    }
    if let Ok(value) = rate(text) {
        return Some((value, "1/s"));
    }
    if let Ok(value) = size(text) {
        return Some((value, "B"));
    }
    let (_, inside) = call(text)?;
    let inside = inside.trim_start_matches('x');
    let value = inside.rsplit_once('=').map_or(inside, |(_, value)| value);
    if inside.contains(',') { None } else { magnitude(value) }
}

/// `even` and `zipf(1.0)`.
pub(super) fn zipf(text: &str) -> Result<f64, Unfit> {
    match call(text) {
        Some(("zipf", inside)) => number(inside).ok().filter(|exponent| *exponent <= 10.0),
        _ => None,
    }
    .ok_or_else(|| "\"even\" or \"zipf(s)\" with s from 0 to 10, such as \"zipf(1.0)\"".into())
}

/// What a value is compared with: a text such as `>= 0.95` or `< 2s` in its two parts.
pub(super) fn comparison(text: &str) -> Result<(Comparison, &str), Unfit> {
    // Longer signs first, so that `<=` is not taken for `<`.
    [Comparison::AtMost, Comparison::AtLeast, Comparison::Less, Comparison::More, Comparison::Equal]
        .into_iter()
        .find_map(|comparison| Some((comparison, text.strip_prefix(comparison.sign())?.trim())))
        .ok_or_else(|| "a comparison, such as \">= 0.95\" or \"< 2s\"".into())
}

/// What the numbers of a distribution are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Dimension {
    /// Seconds.
    Time,
    /// No unit.
    Plain,
}

impl Dimension {
    /// A number, or a duration in seconds.
    pub fn value(self, text: &str) -> Result<f64, Unfit> {
        match self {
            Self::Time => duration(text).map(Duration::as_secs_f64),
            Self::Plain => number(text),
        }
    }

    /// A mean above this is absurd.
    fn largest_mean(self) -> (f64, &'static str) {
        match self {
            Self::Time => (LONGEST.as_secs_f64(), "a mean of at most 100 years"),
            Self::Plain => (1e12, "a mean of at most 1000000000000"),
        }
    }

    /// What would do where a distribution is wanted.
    pub fn example(self) -> &'static str {
        match self {
            Self::Time => {
                "a duration with a unit, such as \"25s\", or a distribution of durations, such as \"exp(mean=25s)\" or \"lognormal(median=8s, p95=40s)\""
            }
            Self::Plain => {
                "a number or a distribution of numbers, such as \"exp(mean=3)\" or \"lognormal(median=2, p95=8)\""
            }
        }
    }
}

/// A distribution as it was written.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Written<'a> {
    /// One that needs nothing else.
    Known(Distribution),
    /// The values of a file.
    File(&'a str),
}

/// `exp(mean=120ms)` and its like; a single value is itself each time.
pub(super) fn distribution(text: &str, dimension: Dimension) -> Result<Written<'_>, Unfit> {
    let example = || dimension.example().to_string();
    if let Ok(value) = dimension.value(text) {
        return Ok(Written::Known(Distribution::Fixed(value)));
    }
    let (name, inside) = call(text).ok_or_else(example)?;
    let named = |names: [&str; 2]| -> Result<[f64; 2], Unfit> {
        let (first, second) = inside.split_once(',').ok_or_else(example)?;
        Ok([value_of(first, names[0], dimension)?, value_of(second, names[1], dimension)?])
    };
    let known = match name {
        "fixed" => Distribution::Fixed(dimension.value(inside)?),
        "exp" => {
            let mean = value_of(inside, "mean", dimension)?;
            above_zero(mean, "a mean")?;
            Distribution::Exp { mean }
        }
        "lognormal" => {
            let [median, p95] = named(["median", "p95"])?;
            above_zero(median, "a median")?;
            if p95 < median {
                return Err("a p95 that is not below the median".into());
            }
            Distribution::lognormal(median, p95)
        }
        "uniform" => {
            let [a, b] = named(["a", "b"])?;
            if b < a {
                return Err("bounds a and b of which b is not the lower".into());
            }
            Distribution::Uniform { a, b }
        }
        "empirical" if !inside.is_empty() => return Ok(Written::File(inside)),
        _ => return Err(example()),
    };
    let (largest, expected) = dimension.largest_mean();
    // Not a number is no mean either.
    if known.mean() <= largest { Ok(Written::Known(known)) } else { Err(expected.into()) }
}

fn value_of(text: &str, name: &str, dimension: Dimension) -> Result<f64, Unfit> {
    let value = text
        .split_once('=')
        .filter(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim())
        .ok_or_else(|| dimension.example())?;
    dimension.value(value).map_err(|expected| format!("{expected}, as the {name}"))
}

fn above_zero(value: f64, what: &str) -> Result<(), Unfit> {
    if value > 0.0 { Ok(()) } else { Err(format!("{what} above zero")) }
}

/// The values of an empirical distribution: one to a line, perhaps below a line that names the column. An
/// error comes with its line.
pub(super) fn values(text: &str, dimension: Dimension) -> Result<Arc<[f64]>, (Option<u32>, Unfit)> {
    let mut values = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let line = line.trim();
        match dimension.value(line) {
            Ok(value) => values.push(value),
            Err(_) if line.is_empty() || place == 0 => {}
            Err(expected) => {
                return Err((u32::try_from(place + 1).ok(), format!("{expected}; found {line:?}")));
            }
        }
    }
    match values.is_empty() {
        true => Err((None, "at least one value, one to a line".into())),
        false => Ok(values.into()),
    }
}
