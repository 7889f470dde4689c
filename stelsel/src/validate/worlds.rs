//! The two worlds side by side: one scenario in virtual time and in a twin, at 30, 50 and 70 % load of its busiest
//! station (semantics 2, *stations*).
//!
//! Costs are fixed and people come at the same moments in both, so that what differs is the world and nothing else.
//! Beside that an outage, whose counts must be such as virtual time gives, and the machine's own costs, measured
//! first, with which virtual time predicts a twin that charges nothing; that error is told and not judged.

use std::path::Path;

use serde::Serialize;
use watch::study::{estimate::half_width, figures::Group, metrics::MetricId, summary::Summary};

use super::networks::Shipped;
use crate::{
    answer::Answer,
    calibrate,
    problem::Problems,
    run::{self, Options, Progress, Ran, Unwatched, World, wall::Site},
};

/// What is run.
pub(crate) const CASE: Shipped = Shipped {
    name: "validation-twin.toml",
    scenario: include_str!("../../../scenarios/validation-twin.toml"),
    topology: ("validation-twin.toml", include_str!("../../../topologies/validation-twin.toml")),
};

/// What happens meanwhile, so that not everybody is served.
const OUTAGE: Shipped = Shipped {
    name: "validation-outage.toml",
    scenario: include_str!("../../../scenarios/validation-outage.toml"),
    topology: CASE.topology,
};

/// How busy the busiest station is to be, in the order of the table.
pub const LOADS: [(&str, f64); 3] = [("30 %", 0.3), ("50 %", 0.5), ("70 %", 0.7)];

/// What rows of the machine's own costs are of.
pub const MACHINE: &str = "machine";

/// What rows of the outage are of.
pub const IN_AN_OUTAGE: &str = "outage";

/// Ends of flows that are counted in an outage.
const ENDS: [(&str, &str); 4] = [
    ("flows completed", "flows.outcome.completed"),
    ("logins cancelled", "flows.outcome.exception-2"),
    ("consents refused", "flows.outcome.exception-4"),
    ("flows lost", "flows.outcome.lost"),
];

/// People with whom costs are measured first.
const CALIBRATED: u32 = 40;

/// Median and 95th percentile differ by at most this share of what was predicted.
pub const ALLOWED: f64 = 0.15;

/// The station that is busiest.
const BUSIEST: &str = "za-1";

/// One line of the table.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    /// What was set: a load of stations, or the machine's own costs.
    pub of: &'static str,
    /// What is compared.
    pub quantity: &'static str,
    /// Its unit; empty for a share.
    pub unit: &'static str,
    /// What virtual time says.
    pub predicted: f64,
    /// What the twin gave.
    pub measured: f64,
    /// What it must be within; none for what is not judged.
    pub within: Option<Within>,
}

/// What a measured value must be within.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Within {
    /// This share of what was predicted.
    Share(f64),
    /// These numbers: where one more replication in virtual time would be, 95 times of 100.
    Interval(f64, f64),
}

impl Row {
    /// How far what was measured is from what was predicted, as a share of that.
    pub fn error(&self) -> f64 {
        self.measured / self.predicted - 1.0
    }

    /// Whether it is near enough, where it must be.
    pub fn passes(&self) -> bool {
        // Not a number is not near.
        match self.within {
            None => true,
            Some(Within::Share(share)) => self.error().abs() <= share,
            Some(Within::Interval(low, high)) => (low..=high).contains(&self.measured),
        }
    }
}

/// Runs all loads in both worlds; a twin is opened in that folder. None if it was stopped.
///
/// # Errors
/// The twin cannot be opened.
pub fn run(seed: u64, dir: &Path, progress: &dyn Progress) -> Result<Option<Vec<Row>>, Problems> {
    let Some(bare) = simulated(seed, "1ms")? else { return Ok(None) };
    let mut rows = Vec::new();
    for (of, load) in LOADS {
        // The busier, the longer its work takes: utilisation is proportional to that.
        let cost = format!("{:.6}ms", load / utilisation(&bare));
        let Some(predicted) = simulated(seed, &cost)? else { return Ok(None) };
        let Some(measured) = measured(seed, &cost, dir, progress)? else { return Ok(None) };
        rows.extend(compare(of, &predicted, &measured, true));
    }
    let Some(outage) = outage(seed, dir, progress)? else { return Ok(None) };
    rows.extend(outage);
    Ok(machine(seed, dir, progress)?.map(|machine| {
        rows.extend(machine);
        rows
    }))
}

/// How many are served while DigiD is down for a while.
fn outage(seed: u64, dir: &Path, progress: &dyn Progress) -> Result<Option<Vec<Row>>, Problems> {
    let Some(predicted) =
        whole(run::run(OUTAGE.study(seed, &[])?, &Options::default(), &Unwatched)?)
    else {
        return Ok(None);
    };
    // A seed of its own: the twin is another draw of the same, not the same draw.
    let study = OUTAGE.study(seed + 1, &[("replications", "1")])?;
    let options = Options { world: World::Twin(Site::here(dir)), ..Options::default() };
    let Some(measured) = whole(run::run(study, &options, progress)?) else { return Ok(None) };
    let count = |answer: &Answer, metric: &str| -> Vec<f64> {
        let Some(metric) = MetricId::of(metric) else { return Vec::new() };
        let of = |one: &watch::statistics::Replication| {
            one.figures.value(metric, &Group::all()).unwrap_or(0.0)
        };
        answer.replications.iter().map(of).collect()
    };
    Ok(Some(
        ENDS.into_iter()
            .map(|(quantity, metric)| {
                let each = count(&predicted, metric);
                let (mean, low, high) = next_of(&each);
                Row {
                    of: IN_AN_OUTAGE,
                    quantity,
                    unit: "",
                    predicted: mean,
                    measured: count(&measured, metric).first().copied().unwrap_or(f64::NAN),
                    within: Some(Within::Interval(low, high)),
                }
            })
            .collect(),
    ))
}

/// The mean of some values, and where one more of them would be, 95 times of 100: the prediction interval of normal
/// values.
fn next_of(values: &[f64]) -> (f64, f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    // Of the mean t·s/√n, of one more value t·s·√(1 + 1/n).
    let half = half_width(values, 0.95).map_or(f64::NAN, |half| half * (count + 1.0).sqrt());
    (mean, mean - half, mean + half)
}

fn whole(ran: Ran) -> Option<Answer> {
    match ran {
        Ran::Whole(answer) => Some(*answer),
        Ran::Part(_) | Ran::Nothing => None,
    }
}

/// The machine's own costs, measured first: what they predict beside a twin in which nothing else takes time.
fn machine(seed: u64, dir: &Path, progress: &dyn Progress) -> Result<Option<Vec<Row>>, Problems> {
    let stopped = || progress.stopped();
    let Some(costs) = calibrate::run(seed, CALIBRATED, dir, &stopped, &|| ())? else {
        return Ok(None);
    };
    let free = calibrate::free();
    let mut priced = free.clone();
    priced.extend(costs.settings());
    let Some(predicted) = set(seed, &priced, Options::default(), &Unwatched)? else {
        return Ok(None);
    };
    let options = Options { world: World::Twin(Site::here(dir)), ..Options::default() };
    let Some(measured) = set(seed, &free, options, progress)? else { return Ok(None) };
    Ok(Some(compare(MACHINE, &predicted, &measured, false)))
}

fn simulated(seed: u64, cost: &str) -> Result<Option<Answer>, Problems> {
    one(seed, cost, Options::default(), &Unwatched)
}

fn measured(
    seed: u64,
    cost: &str,
    dir: &Path,
    progress: &dyn Progress,
) -> Result<Option<Answer>, Problems> {
    one(seed, cost, Options { world: World::Twin(Site::here(dir)), ..Options::default() }, progress)
}

fn one(
    seed: u64,
    cost: &str,
    options: Options,
    progress: &dyn Progress,
) -> Result<Option<Answer>, Problems> {
    let cost = format!("fixed({cost})");
    set(seed, &[("topology.costs.\"za.*\"".to_owned(), cost)], options, progress)
}

fn set(
    seed: u64,
    set: &[(String, String)],
    options: Options,
    progress: &dyn Progress,
) -> Result<Option<Answer>, Problems> {
    let set: Vec<(&str, &str)> =
        set.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    Ok(whole(run::run(CASE.study(seed, &set)?, &options, progress)?))
}

fn compare(of: &'static str, predicted: &Answer, measured: &Answer, is_judged: bool) -> Vec<Row> {
    let summaries = [predicted, measured].map(Answer::summary);
    let overall = |summary: &Summary, name: &str| {
        let row = summary.overall(name);
        row.and_then(|row| row.estimate.value()).unwrap_or(f64::NAN)
    };
    let row = |quantity, unit, name, is_judged: bool| {
        let within = is_judged.then_some(Within::Share(ALLOWED));
        let [predicted, measured] = [0, 1].map(|place| overall(&summaries[place], name));
        Row { of, quantity, unit, predicted, measured, within }
    };
    let window = predicted.study.scenario.horizon.saturating_sub(predicted.study.scenario.warm_up);
    let completed = row("throughput", "/s", "flows.completed", false);
    let per_second = |count: f64| count / window.as_secs_f64();
    vec![
        Row {
            predicted: per_second(completed.predicted),
            measured: per_second(completed.measured),
            ..completed
        },
        row("median of machine time", "s", "latency.machine.p50", is_judged),
        row("95th percentile of it", "s", "latency.machine.p95", is_judged),
        Row {
            of,
            quantity: "utilisation of za-1",
            unit: "",
            predicted: utilisation(predicted),
            measured: utilisation(measured),
            within: None,
        },
    ]
}

/// How busy the busiest station was.
fn utilisation(answer: &Answer) -> f64 {
    let of_it = answer.replications.iter().flat_map(|one| &one.hosts).find(|row| {
        let host = answer.directory.host(row.host);
        row.work.is_none() && host.is_some_and(|host| host.name == BUSIEST)
    });
    of_it.and_then(|row| row.utilisation).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_that_is_too_far_off_does_not_pass_and_nothing_at_all_does_not_either() {
        let row = |measured| Row {
            of: "50 %",
            quantity: "median",
            unit: "s",
            predicted: 1.0,
            measured,
            within: Some(Within::Share(ALLOWED)),
        };
        assert!(row(1.149).passes() && row(0.851).passes());
        assert!(!row(1.151).passes() && !row(0.849).passes() && !row(f64::NAN).passes());
        assert!(Row { within: None, ..row(3.0) }.passes());
        let counted = |measured| Row { within: Some(Within::Interval(3.0, 7.0)), ..row(measured) };
        assert!(counted(3.0).passes() && !counted(2.0).passes() && !counted(f64::NAN).passes());
    }
}
