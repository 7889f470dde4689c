//! How much load a network carries before it no longer keeps a norm: found by search, not by hand.
//!
//! A probe runs the scenario with its arrivals multiplied by a factor; all probes share their draws. The factor is
//! doubled or halved until one probe keeps the norm and another does not, and then the gap is halved, on a
//! logarithmic scale, until it is narrow enough. Beside the answer stands the host that is busiest there, and the
//! bound that operational analysis gives it: throughput cannot exceed workers / demand, where the demand of a
//! collection is utilisation × workers / throughput (Denning and Buzen, ACM Computing Surveys 10 (1978) 225).
//!
//! A norm is taken as kept where the estimate keeps it; the estimate's interval stands beside it in every probe. Where
//! traffic has collapsed no norm is kept: the few requests that still arrive say nothing. That is where fewer than half as
//! many of the collections begun are completed as is usual: as is told, or else as under the scenario's own load, which is
//! therefore probed first. Load above capacity makes queues that grow for as long as it lasts, so that the answer holds for
//! the scenario's horizon.

mod folder;
mod norm;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use watch::{
    statistics::FlowsKept,
    study::{
        estimate::{Estimate, Interval},
        figures::Group,
    },
    watcher::Judged,
};

pub use self::{
    folder::{AnswerEntry, CapacityFolder, CapacityManifest, ProbeLine, write},
    norm::Norm,
};
use crate::{
    answer::{Answer, Study},
    problem::Problems,
    run::{self, Options, Progress, Ran},
};

/// A factor beyond this, either way, ends the search: the norm does not depend on load.
const FURTHEST: f64 = 4_096.0;

/// What one probe found.
#[derive(Clone, PartialEq, Debug)]
pub struct Probe {
    /// What arrivals were multiplied by.
    pub factor: f64,
    /// Collections that were begun per hour of the measured time: mean over replications.
    pub per_hour: f64,
    /// How many of them were completed.
    pub completed_per_hour: f64,
    /// Whether traffic has collapsed, so that no norm is kept.
    pub is_collapsed: bool,
    /// For each norm, in the order asked: its figure.
    pub figures: Vec<NormFigure>,
    /// The busiest host.
    pub busiest: Option<Busiest>,
}

impl Probe {
    /// Whether it keeps the norm of that number.
    pub fn keeps(&self, number: usize, norm: &Norm) -> bool {
        !self.is_collapsed && self.figures[number].keeps(norm)
    }

    /// The share of collections begun that were completed.
    fn completed(&self) -> f64 {
        if self.per_hour > 0.0 { self.completed_per_hour / self.per_hour } else { 1.0 }
    }
}

/// Traffic has collapsed where less than this share of what is usual is completed.
pub(crate) const COLLAPSED: f64 = 0.5;

/// The figure of a norm in a probe.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct NormFigure {
    /// The estimate; none where the run has no such figure.
    pub estimate: Option<Estimate>,
    /// Its interval.
    pub interval: Option<Interval>,
}

impl NormFigure {
    /// Whether it keeps the norm. What has no figure does not.
    fn keeps(&self, norm: &Norm) -> bool {
        self.estimate.is_some_and(|estimate| norm.is_kept(estimate))
    }
}

/// The busiest host of a probe.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Busiest {
    /// Its name.
    pub host: String,
    /// Its workers.
    pub workers: u32,
    /// Their utilisation: mean over replications.
    pub utilisation: f64,
    /// Collections per hour at which all of them would always be at work.
    pub bound_per_hour: f64,
}

/// The answer for one norm.
#[derive(Clone, PartialEq, Debug)]
pub struct Answered {
    /// The norm.
    pub norm: Norm,
    /// The probe with the most load that kept it; none if no load did.
    pub kept: Option<usize>,
    /// The probe with the least load above that which broke it; none if no load did.
    pub broken: Option<usize>,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Capacity {
    /// What was asked.
    pub study: Study,
    /// The narrowness that was asked for: the load that breaks a norm is at most this share above one that keeps it.
    pub within: f64,
    /// Every probe, by rising load.
    pub probes: Vec<Probe>,
    /// The answer for each norm, in the order asked.
    pub answers: Vec<Answered>,
    /// Whether the search came to its end.
    pub is_whole: bool,
}

/// How probes run in virtual time, so many replications at a time; none for as many as there are cores.
pub fn simulated(
    jobs: Option<usize>,
    progress: &dyn Progress,
) -> impl Fn(Study) -> Result<Option<Answer>, Problems> + use<'_> {
    move |study| {
        let options =
            Options { jobs, flows: FlowsKept::None, judged: Judged::No, ..Options::default() };
        Ok(match run::run(study, &options, progress)? {
            Ran::Whole(answer) => Some(*answer),
            Ran::Part(_) | Ran::Nothing => None,
        })
    }
}

/// Searches, for each norm, for the highest load that keeps it. `usual` is the share of collections that is completed where
/// nothing collapses; none for that of the scenario's own load. `run` runs a probe; it gives none if it was stopped.
///
/// # Errors
/// Those of `run`.
pub fn search(
    study: Study,
    norms: &[Norm],
    within: f64,
    usual: Option<f64>,
    run: &dyn Fn(Study) -> Result<Option<Answer>, Problems>,
) -> Result<Capacity, Problems> {
    let probes = BTreeMap::new();
    let mut search = Search { study: &study, norms: norms.to_vec(), usual, run, probes };
    // Others are measured against the scenario's own load.
    let mut is_whole = search.probe(1.0)?.is_some();
    if is_whole {
        search.settle();
    }
    for number in 0..norms.len() {
        is_whole = is_whole && search.narrow(number, within)?;
    }
    let Search { probes, norms, .. } = search;
    let probes: Vec<Probe> = probes.into_values().collect();
    let answers = norms.iter().enumerate().map(|(number, norm)| answered(number, norm, &probes));
    Ok(Capacity { answers: answers.collect(), within, is_whole, probes, study })
}

/// The bracket of a norm among all probes.
fn answered(number: usize, norm: &Norm, probes: &[Probe]) -> Answered {
    // From below: the load up to which everything kept it.
    let broken = probes.iter().position(|probe| !probe.keeps(number, norm));
    let kept = match broken {
        Some(first) => first.checked_sub(1),
        None => probes.len().checked_sub(1),
    };
    Answered { norm: norm.clone(), kept, broken }
}

struct Search<'a> {
    study: &'a Study,
    norms: Vec<Norm>,
    usual: Option<f64>,
    run: &'a dyn Fn(Study) -> Result<Option<Answer>, Problems>,
    /// By the bits of the factor, which for factors above nought rise as the factors do.
    probes: BTreeMap<u64, Probe>,
}

impl Search<'_> {
    /// Gives norms that are relative to the scenario's own load their values.
    fn settle(&mut self) {
        if let Some(own) = self.probes.get(&1f64.to_bits()) {
            for (norm, figure) in self.norms.iter_mut().zip(&own.figures) {
                norm.settle(figure.estimate.and_then(|estimate| estimate.value()));
            }
        }
    }

    /// Brings the load that keeps a norm and the load that breaks it together. Gives whether nobody stopped it.
    fn narrow(&mut self, norm: usize, within: f64) -> Result<bool, Problems> {
        let (mut low, mut high) = (None, None);
        // What other norms' searches found is of use, too.
        let known: Vec<(f64, bool)> =
            self.probes.values().map(|probe| (probe.factor, self.keeps(probe, norm))).collect();
        for (factor, is_kept) in known {
            match (is_kept, high) {
                (true, None) => low = Some(factor),
                (false, None) => high = Some(factor),
                _ => {}
            }
        }
        loop {
            let next = match (low, high) {
                (None, None) => 1.0,
                (Some(low), None) if low < FURTHEST => low * 2.0,
                (None, Some(high)) if high > 1.0 / FURTHEST => high / 2.0,
                (Some(low), Some(high)) if high / low > 1.0 + within => libm::sqrt(low * high),
                _ => return Ok(true),
            };
            let Some(probe) = self.probe(next)? else { return Ok(false) };
            match self.keeps(&probe, norm) {
                true => low = Some(next),
                false => high = Some(next),
            }
        }
    }

    fn keeps(&self, probe: &Probe, norm: usize) -> bool {
        probe.keeps(norm, &self.norms[norm])
    }

    /// Runs a probe, unless it was run before; none if it was stopped.
    fn probe(&mut self, factor: f64) -> Result<Option<Probe>, Problems> {
        let key = factor.to_bits();
        if !self.probes.contains_key(&key) {
            let mut study = self.study.clone();
            study.scenario.arrivals = study.scenario.arrivals.times(factor);
            let Some(answer) = (self.run)(study)? else { return Ok(None) };
            let mut probe = probe(factor, &answer, &self.norms);
            let own = self.probes.get(&1f64.to_bits()).map(Probe::completed);
            let usual = self.usual.or(own);
            probe.is_collapsed = usual.is_some_and(|usual| probe.completed() < COLLAPSED * usual);
            self.probes.insert(key, probe);
        }
        Ok(self.probes.get(&key).cloned())
    }
}

fn probe(factor: f64, answer: &Answer, norms: &[Norm]) -> Probe {
    let summary = answer.summary();
    let scenario = &answer.study.scenario;
    let hours = (scenario.horizon.as_secs_f64() - scenario.warm_up.as_secs_f64()) / 3_600.0;
    let flows = |name: &str| summary.overall(name).and_then(|row| row.estimate.value());
    let per_hour = flows("flows.started").unwrap_or(0.0) / hours;
    let of_norm = |norm: &Norm| {
        let row = summary.row(norm.metric, &Group::all());
        NormFigure {
            estimate: row.map(|row| row.estimate),
            interval: row.and_then(|row| row.interval),
        }
    };
    Probe {
        factor,
        per_hour,
        completed_per_hour: flows("flows.completed").unwrap_or(0.0) / hours,
        is_collapsed: false,
        figures: norms.iter().map(of_norm).collect(),
        busiest: busiest(answer, per_hour),
    }
}

/// The host that was busiest, on average over replications; the systems of Zorgaanbieders included.
fn busiest(answer: &Answer, per_hour: f64) -> Option<Busiest> {
    // Sum of utilisations, and workers, by host.
    let mut hosts: BTreeMap<u32, (f64, u32)> = BTreeMap::new();
    for row in answer.replications.iter().flat_map(|one| &one.hosts) {
        if let (None, Some(utilisation)) = (row.work, row.utilisation) {
            let known = hosts.entry(row.host.0).or_insert((0.0, row.workers));
            known.0 += utilisation;
        }
    }
    let (place, (sum, workers)) = hosts
        .into_iter()
        .reduce(|most, host| if host.1.0 > most.1.0 { host } else { most })
        .filter(|(_, (sum, _))| *sum > 0.0)?;
    let utilisation = sum / answer.replications.len() as f64;
    let host = answer.directory.host(protocol::id::HostId(place))?.name.clone();
    Some(Busiest { host, workers, utilisation, bound_per_hour: per_hour / utilisation })
}
