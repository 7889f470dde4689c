//! What a study gave: everything that result files, the report and the terminal tell of.
//!
//! Plain data. Does not run anything (`run`) or write anything (`results`).

use std::sync::Arc;

use watch::{directory::Directory, rules::Verdict, statistics::Replication};

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
}
