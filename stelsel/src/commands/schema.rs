//! `stelsel schema`: prints the JSON Schema of topologies or scenarios, for editors.

use clap::{Args, ValueEnum};

use super::{Ending, Outcome};
use crate::files::{self, Which};

/// Print the JSON Schema of topologies or scenarios, so that an editor completes and checks them
///
/// Example: stelsel schema scenario > scenario.schema.json
#[derive(Args, Debug)]
pub struct Arguments {
    /// Of which file
    #[arg(value_name = "topology|scenario")]
    of: File,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum File {
    Topology,
    Scenario,
}

/// Prints it to the standard output.
///
/// # Errors
///
/// If nothing can be written there.
pub fn run(arguments: &Arguments) -> Outcome {
    let schema = files::schema(match arguments.of {
        File::Topology => Which::Topology,
        File::Scenario => Which::Scenario,
    });
    super::print(&format!("{schema:#}\n"))?;
    Ok(Ending::Done)
}
