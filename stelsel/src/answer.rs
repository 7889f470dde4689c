//! What a study gave: everything that result files, the report and the terminal tell of.
//!
//! Plain data. Does not run anything (`run`) or write anything (`results`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use watch::{
    directory::Directory,
    rules::Verdict,
    statistics::Replication,
    study::summary::{Summary, summarise},
};

use crate::plan::{Scenario, Topology};

/// A topology and a scenario as they were read.
#[derive(Clone, Debug)]
pub struct Study {
    /// Who is in the network.
    pub topology: Topology,
    /// What happens in it.
    pub scenario: Scenario,
    /// Both as files would say them with every default filled in: `{"topology": …, "scenario": …}`.
    pub resolved: serde_json::Value,
    /// Every file that was read, for the manifest.
    pub inputs: Vec<InputFile>,
}

/// A file that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InputFile {
    /// Its path as files or flags named it, never absolute where they did not.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// What came out of a study.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked.
    pub study: Study,
    /// Who is who in the network.
    pub directory: Arc<Directory>,
    /// One or more replications, in order; fewer than were asked for after an interruption.
    pub replications: Vec<Replication>,
    /// Every judged rule, over all replications.
    pub verdicts: Vec<Verdict>,
    /// Flows that each replication was to keep in flows.csv, over all replications; none for all.
    pub flows_kept: Option<u32>,
    /// By which rule there are as many replications as there are; none where the scenario said how many.
    pub until: Option<Stopped>,
}

/// How a run that added replications until an interval was narrow enough came to its end.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Stopped {
    /// The rule, as the flag had it: `latency.machine.p95=±2%`.
    pub until: String,
    /// At most so many replications.
    pub most: u32,
    /// How often the interval was looked at.
    pub looks: u32,
    /// Half of the interval as a share of the estimate, at the last look; none where there was no interval.
    pub half_width: Option<f64>,
    /// Whether that is narrow enough.
    pub is_reached: bool,
}

impl Answer {
    /// Every metric, estimated over all replications.
    pub fn summary(&self) -> Summary {
        let figures: Vec<_> = self.replications.iter().map(|one| one.figures.clone()).collect();
        summarise(&figures)
    }
}

impl Study {
    /// Has so many replications, in what was asked as well: as if the file had said so.
    pub fn set_replications(&mut self, replications: u32) {
        self.scenario.replications = replications;
        if let Some(asked) = self.resolved.pointer_mut("/scenario/replications") {
            *asked = replications.into();
        }
    }
}
