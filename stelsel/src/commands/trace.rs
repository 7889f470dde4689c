//! `stelsel trace`: one flow as a sequence diagram.

use std::{fs, path::PathBuf};

use clap::{Args, ValueHint};

use super::{Ending, Outcome};
use crate::{
    diagram::{self, FlowName, Traces},
    problem::Place,
};

/// Draw one flow: every message with its step of UCI Verzamelen and the rules that bear on it
///
/// Flows are recorded by `stelsel run SCENARIO --trace N`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel run scenarios/first-look.toml --trace 20
  stelsel trace results/first-look 122
  stelsel trace results/first-look 0:122.1 --perfetto flow.json   (open it at ui.perfetto.dev)")]
pub struct Arguments {
    /// The result folder
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// The flow: arrival, arrival.attempt or replication:arrival.attempt; without it, the first that was recorded
    #[arg(value_name = "FLOW", value_parser = FlowName::parse)]
    flow: Option<FlowName>,
    /// Write the flow to this file, in the format that Perfetto opens, and draw nothing
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    perfetto: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Nothing was recorded, not this flow, or nothing can be written.
pub fn run(arguments: &Arguments) -> Outcome {
    let traces = Traces::read(&arguments.dir)?;
    let trace = match arguments.flow {
        Some(name) => traces.find(name)?,
        None => traces.flows.first().ok_or_else(|| {
            Place::whole(diagram::FILE)
                .problem("no flow was recorded: none began in the measured part of the run")
        })?,
    };
    match &arguments.perfetto {
        Some(path) => {
            fs::write(path, format!("{}\n", diagram::perfetto(trace))).map_err(|error| {
                Place::whole(path.display().to_string()).problem(format!("cannot write: {error}"))
            })?
        }
        None => super::print(&diagram::text(trace))?,
    }
    Ok(Ending::Done)
}
