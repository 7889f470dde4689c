//! `stelsel calibrate`: what work costs on this machine.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{Ending, Outcome, interrupt};
use crate::{calibrate, run::wall::told};

/// Measure what work costs on this machine, for topologies
///
/// Opens a twin whose topology charges nothing, has people collect one after another, and times every job of every
/// host and the handshakes between them. Writes a file that a topology can name: `[costs] from = "costs.toml"`. Quiet
/// machines give better figures; the file says which machine it was.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel calibrate
  stelsel calibrate --people 500 --out topologies/costs-here.toml

Exit status: 0 written, 2 cannot be done, 130 interrupted (nothing is written).")]
pub struct Arguments {
    /// How many people collect
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    people: u32,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "costs.toml", value_hint = ValueHint::FilePath)]
    out: PathBuf,
    /// The twin's folder
    #[arg(long, value_name = "DIR", default_value = "twin", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// Key of the draws that are not secret
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Runs the command.
///
/// # Errors
/// The twin cannot be opened, or the file not be written.
pub fn run(arguments: &Arguments) -> Outcome {
    interrupt::catch()?;
    let bar = super::progress_bar(u64::from(arguments.people), "{pos} of {len} people")?;
    let each = || bar.inc(1);
    let costs =
        calibrate::run(arguments.seed, arguments.people, &arguments.dir, &interrupt::asked, &each)?;
    bar.finish_and_clear();
    let Some(costs) = costs else {
        super::say("interrupted before it was done");
        return Ok(Ending::Interrupted);
    };
    let path = &arguments.out;
    twin::open::whole(path, costs.file(&calibrate::machine()).as_bytes()).map_err(told)?;
    super::print(&format!("{}\n", path.display()))?;
    Ok(Ending::Done)
}
