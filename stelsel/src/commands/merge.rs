//! `stelsel merge`: the shards of a sweep become its results.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{Ending, Outcome};
use crate::sweep::{self, SweepManifest};

/// Make results of the shards of a sweep
///
/// Every shard knows the whole plan. Where shards are missing nothing is written, their numbers go to standard
/// output with commas between them, as array jobs take them, and the exit status is 3.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel sweep scenarios/first-look.toml --vary arrivals.rate=1/s,2/s --shard 0/2
  stelsel sweep scenarios/first-look.toml --vary arrivals.rate=1/s,2/s --shard 1/2
  stelsel merge results/first-look-sweep.shard-*")]
pub struct Arguments {
    /// Folders of shards
    #[arg(value_name = "DIR", required = true, value_hint = ValueHint::DirPath)]
    pub dirs: Vec<PathBuf>,
    /// Where the results go, in place of results/NAME-sweep/
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// A folder is no shard of the same sweep, two overlap, or the results cannot be written.
pub fn run(arguments: &Arguments) -> Outcome {
    let target = |manifest: &SweepManifest| {
        arguments.out.clone().unwrap_or_else(|| super::sweep::default_out(&manifest.name))
    };
    match sweep::merge(&arguments.dirs, target)? {
        Ok((target, is_good)) => {
            super::print(&format!("Results: {}\n", target.display()))?;
            Ok(if is_good { Ending::Done } else { Ending::CheckFailed })
        }
        Err(sweep::Incomplete(missing)) => {
            let numbers: Vec<String> = missing.iter().map(u32::to_string).collect();
            super::say("shards are missing or not whole; run these again:");
            super::print(&format!("{}\n", numbers.join(",")))?;
            Ok(Ending::Unmet)
        }
    }
}
