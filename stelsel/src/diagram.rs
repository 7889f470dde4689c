//! Flows that were recorded event by event: the file that keeps them, and what is made of one.
//!
//! `text` draws a sequence diagram for a terminal, `perfetto` writes the format that Perfetto opens. Does not record
//! (`watch` does) and judges nothing.

mod perfetto;
mod text;

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use watch::statistics::{Trace, TraceMessage};

use crate::problem::{Place, Problem, Problems};

pub use perfetto::perfetto;
pub use text::text;

/// Whether a message is on any wire: what a driver and its host say to each other is not.
fn is_on_a_wire(message: &TraceMessage) -> bool {
    message.channel != "local"
}

/// The file in a result folder.
pub const FILE: &str = "traces.json";

/// What the file holds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Traces {
    /// The replication of which flows were recorded.
    pub replication: u32,
    /// The flows, in the order in which they began.
    pub flows: Vec<Trace>,
}

/// A flow as people name it: `0:12.1` is the first attempt of arrival 12 in replication 0; `12.1` and `12` are the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlowName {
    /// The replication.
    pub replication: u32,
    /// Number of the arrival.
    pub arrival: u32,
    /// Number of the attempt, from 1.
    pub attempt: u16,
}

impl FlowName {
    /// Reads a name.
    ///
    /// # Errors
    /// What a name looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (replication, flow) = text.split_once(':').unwrap_or(("0", text));
        let (arrival, attempt) = flow.split_once('.').unwrap_or((flow, "1"));
        let number = |text: &str| text.parse::<u32>().ok();
        match (number(replication), number(arrival), attempt.parse()) {
            (Some(replication), Some(arrival), Ok(attempt)) => {
                Ok(Self { replication, arrival, attempt })
            }
            _ => Err("expected a flow such as 12, 12.1 (arrival.attempt) or 0:12.1 \
                      (replication:arrival.attempt)"
                .to_owned()),
        }
    }
}

impl Traces {
    /// As the file has it: JSON, the same bytes for the same flows.
    pub fn json(&self) -> String {
        // Texts and numbers only, all of which JSON can say.
        serde_json::to_string_pretty(self).map_or_else(|_| String::new(), |text| text + "\n")
    }

    /// Reads the file of a result folder.
    ///
    /// # Errors
    /// There is none, or it is something else.
    pub fn read(dir: &Path) -> Result<Self, Problems> {
        let path = dir.join(FILE);
        let place = Place::whole(path.display().to_string());
        let text = fs::read_to_string(&path).map_err(|error| {
            place
                .problem(format!("cannot read: {error}"))
                .hint("`stelsel run SCENARIO --trace N` records flows")
        })?;
        serde_json::from_str(&text)
            .map_err(|error| place.problem(format!("not a file of traces: {error}")).into())
    }

    /// The flow of that name.
    ///
    /// # Errors
    /// It was not recorded: says which were.
    pub fn find(&self, name: FlowName) -> Result<&Trace, Problem> {
        let found = self.flows.iter().find(|flow| {
            (self.replication, flow.arrival, flow.attempt)
                == (name.replication, name.arrival, name.attempt)
        });
        found.ok_or_else(|| {
            const SHOWN: usize = 12;
            let mut known: Vec<String> = self
                .flows
                .iter()
                .take(SHOWN)
                .map(|flow| format!("{}:{}.{}", self.replication, flow.arrival, flow.attempt))
                .collect();
            if self.flows.len() > SHOWN {
                known.push(format!("{} more", self.flows.len() - SHOWN));
            }
            let FlowName { replication, arrival, attempt } = name;
            Place::whole(FILE)
                .problem(format!("flow {replication}:{arrival}.{attempt} was not recorded"))
                .hint(format!("recorded are {}", known.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests;
