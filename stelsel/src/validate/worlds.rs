//! The two worlds side by side: one scenario in virtual time and in a twin, at 30, 50 and 70 % load of its busiest
//! station (semantics 2, *stations*).
//!
//! Costs are fixed and people come at the same moments in both, so that what differs is the world and nothing else.
//! How much of a machine bare costs take is another question, which this does not ask.

use std::{net::IpAddr, path::Path};

use serde::Serialize;
use watch::study::summary::{Summary, summarise};

use super::networks::Shipped;
use crate::{
    answer::Answer,
    calibrate,
    problem::Problems,
    run::{self, Options, Progress, Ran, Unwatched, wall::Site},
};

/// What is run.
pub(crate) const CASE: Shipped = Shipped {
    name: "validation-twin.toml",
    scenario: include_str!("../../../scenarios/validation-twin.toml"),
    topology: ("validation-twin.toml", include_str!("../../../topologies/validation-twin.toml")),
};

/// How busy the busiest station is to be, in the order of the table.
pub const LOADS: [(&str, f64); 3] = [("30 %", 0.3), ("50 %", 0.5), ("70 %", 0.7)];

/// What the row of the machine's own costs are called.
pub const MACHINE: &str = "machine";

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
    /// Whether it must be within [`ALLOWED`].
    pub is_judged: bool,
}

impl Row {
    /// How far what was measured is from what was predicted, as a share of that.
    pub fn error(&self) -> f64 {
        self.measured / self.predicted - 1.0
    }

    /// Whether it is near enough, where it must be.
    pub fn passes(&self) -> bool {
        // Not a number is not near.
        !self.is_judged || self.error().abs() <= ALLOWED
    }
}

/// Runs all loads in both worlds; a twin is opened in that folder. None if it was stopped.
///
/// # Errors
/// The twin cannot be opened.
pub fn run(seed: u64, dir: &Path, progress: &impl Progress) -> Result<Option<Vec<Row>>, Problems> {
    let Some(bare) = simulated(seed, "1ms")? else { return Ok(None) };
    let mut rows = Vec::new();
    for (of, load) in LOADS {
        // The busier, the longer its work takes: utilisation is proportional to that.
        let cost = format!("{:.6}ms", load / utilisation(&bare));
        let Some(predicted) = simulated(seed, &cost)? else { return Ok(None) };
        let Some(measured) = measured(seed, &cost, dir, progress)? else { return Ok(None) };
        rows.extend(compare(of, &predicted, &measured, true));
    }
    Ok(machine(seed, dir, progress)?.map(|machine| {
        rows.extend(machine);
        rows
    }))
}

/// The machine's own costs, measured first: what they predict beside a twin in which nothing else takes time.
fn machine(seed: u64, dir: &Path, progress: &impl Progress) -> Result<Option<Vec<Row>>, Problems> {
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
    let options = Options { twin: Some(site(dir)), ..Options::default() };
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
    progress: &impl Progress,
) -> Result<Option<Answer>, Problems> {
    one(seed, cost, Options { twin: Some(site(dir)), ..Options::default() }, progress)
}

fn site(dir: &Path) -> Site {
    Site { dir: dir.to_owned(), listen: IpAddr::from([127, 0, 0, 1]), port: 0 }
}

fn one(
    seed: u64,
    cost: &str,
    options: Options,
    progress: &impl Progress,
) -> Result<Option<Answer>, Problems> {
    let cost = format!("fixed({cost})");
    set(seed, &[("topology.costs.\"za.*\"".to_owned(), cost)], options, progress)
}

fn set(
    seed: u64,
    set: &[(String, String)],
    options: Options,
    progress: &impl Progress,
) -> Result<Option<Answer>, Problems> {
    let set: Vec<(&str, &str)> =
        set.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let study = CASE.study(seed, &set)?;
    Ok(match run::run(study, &options, progress)? {
        Ran::Whole(answer) => Some(*answer),
        Ran::Part(_) | Ran::Nothing => None,
    })
}

fn compare(of: &'static str, predicted: &Answer, measured: &Answer, is_judged: bool) -> Vec<Row> {
    let summaries = [predicted, measured].map(|answer| {
        let figures: Vec<_> = answer.replications.iter().map(|one| one.figures.clone()).collect();
        summarise(&figures)
    });
    let overall = |summary: &Summary, name: &str| {
        let row = summary.overall(name);
        row.and_then(|row| row.estimate.value()).unwrap_or(f64::NAN)
    };
    let row = |quantity, unit, name, is_judged| {
        let [predicted, measured] = [0, 1].map(|place| overall(&summaries[place], name));
        Row { of, quantity, unit, predicted, measured, is_judged }
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
            is_judged: false,
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
            is_judged: true,
        };
        assert!(row(1.149).passes() && row(0.851).passes());
        assert!(!row(1.151).passes() && !row(0.849).passes() && !row(f64::NAN).passes());
        assert!(Row { is_judged: false, ..row(3.0) }.passes());
    }
}
