//! `stelsel trace`: one flow as a sequence diagram.

use std::{fs, path::PathBuf};

use clap::{Args, ValueHint};

use super::{Ending, Outcome};
use watch::statistics::Trace;

use crate::{
    console::{self, Line},
    diagram::{self, FlowName, Traces},
    problem::Place,
};

/// Draw one flow: every message with its step of UCI Verzamelen and the rules that bear on it
///
/// Flows are recorded by `stelsel run SCENARIO --trace N`, and by `stelsel twin TOPOLOGY --record DIR`, which keeps
/// every message as bytes too.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel run scenarios/first-look.toml --trace 20
  stelsel trace results/first-look 122
  stelsel trace seen 2147483649 --bytes
  stelsel trace results/first-look 0:122.1 --perfetto flow.json   (open it at ui.perfetto.dev)")]
pub struct Arguments {
    /// The result folder, or the folder of a recording
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// The flow: arrival, arrival.attempt or replication:arrival.attempt; without it, the first that was recorded
    #[arg(value_name = "FLOW", value_parser = FlowName::parse)]
    flow: Option<FlowName>,
    /// Write the flow to this file, in the format that Perfetto opens, and draw nothing
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    perfetto: Option<PathBuf>,
    /// Print every request and answer of the flow as it stood on the wire, and draw nothing
    #[arg(long, conflicts_with = "perfetto")]
    bytes: bool,
}

/// Runs the command.
///
/// # Errors
/// Nothing was recorded, not this flow, or nothing can be written.
pub fn run(arguments: &Arguments) -> Outcome {
    let recording = console::path_in(&arguments.dir);
    let lines = recording.as_deref().map(console::read).transpose()?;
    let traces = match &lines {
        Some(lines) => Traces {
            replication: 0,
            flows: lines.iter().filter_map(Line::trace).cloned().collect(),
        },
        None => Traces::read(&arguments.dir)?,
    };
    let trace = match arguments.flow {
        Some(name) => traces.find(name)?,
        None => traces.flows.first().ok_or_else(|| {
            let text = match &lines {
                Some(_) => "no flow was recorded: none ended yet",
                None => "no flow was recorded: none began in the measured part of the run",
            };
            Place::whole(arguments.dir.display().to_string()).problem(text)
        })?,
    };
    if arguments.bytes {
        return bytes(arguments, lines.as_deref(), trace);
    }
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

/// What passed in a flow, as it stood on the wire.
fn bytes(arguments: &Arguments, lines: Option<&[Line]>, of: &Trace) -> Outcome {
    let Some(lines) = lines else {
        let problem = Place::whole(arguments.dir.display().to_string())
            .problem("no bytes were kept: these flows were simulated")
            .hint("`stelsel twin TOPOLOGY --record DIR` keeps them");
        return Err(problem.into());
    };
    let whole = lines.iter().find_map(|line| match line {
        Line::Flow(seen) if seen.trace == *of => Some(&seen.bytes),
        Line::Flow(_) | Line::Apart(_) => None,
    });
    for passed in whole.into_iter().flatten() {
        let at = passed.at_ns as f64 / 1e9;
        let answer = match &passed.response {
            Some(response) => response.as_text(),
            None => "(no answer)\n".to_owned(),
        };
        let request = passed.request.as_text();
        super::print(&format!("== {at:.3} s, {}\n{request}\n-- answer\n{answer}\n", passed.host))?;
    }
    Ok(Ending::Done)
}
