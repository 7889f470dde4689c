//! The simulator beside closed forms: does it give what theory says, and does it say so precisely enough?
//!
//! Queues with toy customers (`queues`), and whole networks of the real actors where theory knows what must
//! come out (`networks`). A row passes if theory lies inside the 99.9 % interval over replications and that
//! interval is narrow enough to mean something (semantics 11). Closed forms are claimed for Poisson arrivals
//! only. Does not print.

pub(crate) mod networks;
mod queues;
mod toy;
pub mod worlds;

use rayon::prelude::*;
use serde::Serialize;
use watch::study::{
    estimate::{Interval, interval_of_mean, mean, quantile},
    tally::Tally,
};

use crate::problem::{Place, Problems};

/// How sure the intervals are.
pub const CONFIDENCE: f64 = 0.999;

/// The half-width of an interval is at most this share of the theory …
pub const PRECISE: f64 = 0.02;

/// … and in the tail, this.
pub const PRECISE_IN_THE_TAIL: f64 = 0.05;

/// Independent replications of every queue.
const REPLICATIONS: u32 = 20;

/// What theory says of one quantity.
#[derive(Clone, Debug)]
struct Quantity {
    name: String,
    unit: &'static str,
    theory: f64,
    is_tail: bool,
}

impl Quantity {
    fn mean(name: impl Into<String>, unit: &'static str, theory: f64) -> Self {
        Self { name: name.into(), unit, theory, is_tail: false }
    }

    /// The 95th percentile of times.
    fn tail(name: impl Into<String>, unit: &'static str, theory: f64) -> Self {
        Self { name: name.into(), unit, theory, is_tail: true }
    }
}

/// What one replication gave for one quantity.
#[derive(Clone, Debug)]
enum Sample {
    /// A value, of which the mean is asked; not a number where there is none.
    Value(f64),
    /// Times, of which the 95th percentile is asked.
    Times(Tally),
}

/// One replication of a case, by seed and number: a sample for each quantity.
type Replicate = Box<dyn Fn(u64, u32) -> Vec<Sample> + Sync + Send>;

/// One model with what theory says of it.
struct Case {
    name: &'static str,
    quantities: Vec<Quantity>,
    run: Replicate,
}

/// One line of the table.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    /// The model.
    pub model: String,
    /// What of it.
    pub quantity: String,
    /// Its unit; empty for a number or a share.
    pub unit: &'static str,
    /// What theory says.
    pub theory: f64,
    /// What was simulated; none if nothing was observed.
    pub simulated: Option<f64>,
    /// Lower end of the interval; none if it has none.
    pub low: Option<f64>,
    /// Upper end of the interval; none if it has none.
    pub high: Option<f64>,
    /// How it ended.
    pub verdict: Verdict,
}

/// How a row ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Theory lies in an interval that is narrow enough.
    Passed,
    /// Theory lies outside the interval, or there is none.
    Failed,
    /// Theory lies in the interval, but much else would.
    NotPrecise,
}

impl Row {
    /// Half the length of the interval as a share of the theory.
    pub fn half_width(&self) -> Option<f64> {
        Some((self.high? - self.low?) / 2.0 / self.theory.abs())
    }

    fn of(model: &str, quantity: &Quantity, samples: &[Sample]) -> Self {
        let (simulated, interval) = estimate(samples);
        let allowed = if quantity.is_tail { PRECISE_IN_THE_TAIL } else { PRECISE };
        let verdict = match interval {
            Some(interval) if interval.has(quantity.theory) => {
                match interval.half_width() <= allowed * quantity.theory.abs() {
                    true => Verdict::Passed,
                    false => Verdict::NotPrecise,
                }
            }
            _ => Verdict::Failed,
        };
        Self {
            model: model.to_owned(),
            quantity: quantity.name.clone(),
            unit: quantity.unit,
            theory: quantity.theory,
            simulated,
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            verdict,
        }
    }
}

/// The estimate over replications and its interval; none where a replication observed nothing.
fn estimate(samples: &[Sample]) -> (Option<f64>, Option<Interval>) {
    let mut values = Vec::new();
    let mut tallies = Vec::new();
    for sample in samples {
        match sample {
            Sample::Value(value) if value.is_nan() => return (None, None),
            Sample::Value(value) => values.push(*value),
            Sample::Times(times) => tallies.push(times),
        }
    }
    if tallies.is_empty() {
        return (mean(&values), interval_of_mean(&values, CONFIDENCE));
    }
    let (value, interval) = quantile(&tallies, 0.95, CONFIDENCE);
    (value.value(), interval)
}

/// Runs everything, with so many threads (none for as many as there are cores). `step` is called after each
/// of [`steps`]. The same rows for any number of threads.
///
/// # Errors
/// Threads cannot be had.
pub fn run(
    seed: u64,
    jobs: Option<usize>,
    step: &(impl Fn() + Sync),
) -> Result<Vec<Row>, Problems> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.unwrap_or(0))
        .build()
        .map_err(|error| Place::whole("--jobs").problem(format!("no threads: {error}")))?;
    let cases = queues::cases(queues::CUSTOMERS);
    let mut rows = pool.install(|| rows_of(&cases, seed, REPLICATIONS, step));
    for network in networks::ALL {
        rows.extend(network.rows(seed, jobs, step)?);
    }
    Ok(rows)
}

/// How often [`run`] calls its `step`.
pub fn steps() -> u64 {
    let queues = queues::cases(queues::CUSTOMERS).len() as u64 * u64::from(REPLICATIONS);
    queues + networks::ALL.len() as u64
}

fn rows_of(cases: &[Case], seed: u64, replications: u32, step: &(impl Fn() + Sync)) -> Vec<Row> {
    let works: Vec<(usize, u32)> = (0..cases.len())
        .flat_map(|case| (0..replications).map(move |replication| (case, replication)))
        .collect();
    // In the order of the works, whoever did them.
    let samples: Vec<Vec<Sample>> = works
        .par_iter()
        .with_max_len(1)
        .map(|(case, replication)| {
            let samples = (cases[*case].run)(seed, *replication);
            step();
            samples
        })
        .collect();
    let mut rows = Vec::new();
    for (case, samples) in cases.iter().zip(samples.chunks(replications as usize)) {
        for (place, quantity) in case.quantities.iter().enumerate() {
            let of_it: Vec<Sample> =
                samples.iter().filter_map(|samples| samples.get(place).cloned()).collect();
            rows.push(Row::of(case.name, quantity, &of_it));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMERS: f64 = 60_000.0;

    fn verdicts(case: Case) -> Vec<(String, Verdict)> {
        let rows = rows_of(&[case], 1, 10, &|| {});
        rows.into_iter().map(|row| (row.quantity, row.verdict)).collect()
    }

    fn of(verdicts: &[(String, Verdict)], quantity: &str) -> Verdict {
        verdicts.iter().find(|(name, _)| name.contains(quantity)).expect("a row of it").1
    }

    #[test]
    fn an_honest_queue_is_not_failed_however_short_it_ran() {
        for case in [queues::mm1(1.0, CUSTOMERS), queues::mmc(4, 1.0, CUSTOMERS)] {
            let verdicts = verdicts(case);
            assert!(
                !verdicts.iter().any(|(_, verdict)| *verdict == Verdict::Failed),
                "{verdicts:?}"
            );
            assert_eq!(of(&verdicts, "utilisation"), Verdict::Passed);
        }
    }

    #[test]
    fn services_that_take_three_percent_longer_than_they_should_fail() {
        for case in [queues::mm1(1.03, CUSTOMERS), queues::mmc(4, 1.03, CUSTOMERS)] {
            let verdicts = verdicts(case);
            assert_eq!(of(&verdicts, "utilisation"), Verdict::Failed, "{verdicts:?}");
            assert_ne!(of(&verdicts, "mean wait"), Verdict::Passed, "{verdicts:?}");
        }
    }

    #[test]
    fn one_worker_fewer_than_there_should_be_fails() {
        let verdicts = verdicts(queues::mmc(3, 1.0, CUSTOMERS));
        for quantity in ["utilisation", "mean wait", "number waiting", "95th percentile"] {
            assert_eq!(of(&verdicts, quantity), Verdict::Failed, "{verdicts:?}");
        }
    }

    #[test]
    fn a_wide_interval_is_not_precise_and_no_interval_has_failed() {
        let quantity = Quantity::mean("anything", "s", 1.0);
        let row = |values: &[f64]| {
            let samples: Vec<Sample> = values.iter().map(|value| Sample::Value(*value)).collect();
            Row::of("model", &quantity, &samples).verdict
        };
        assert_eq!(row(&[0.99, 1.0, 1.01, 1.0, 0.99, 1.01, 1.0, 1.0]), Verdict::Passed);
        assert_eq!(row(&[0.5, 1.5, 1.0]), Verdict::NotPrecise);
        assert_eq!(row(&[1.0]), Verdict::Failed);
        assert_eq!(row(&[1.0, f64::NAN, 1.0]), Verdict::Failed);
        assert_eq!(row(&[1.1, 1.1, 1.1001]), Verdict::Failed);
    }
}
