//! The command line. Says what went wrong and ends the program; everything else is in the library.

use std::{io::Write, process::ExitCode};

use clap::{Parser, Subcommand};
use stelsel::{commands, problem::Problems};

/// Runs the MedMij network, in virtual time or behind real sockets: who is in it and what happens to it stand in two
/// files, and the answer comes with figures, intervals and a report. Checks gateways of others, and puts load on them.
#[derive(Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  stelsel run scenarios/morning-peak.toml
  stelsel run scenarios/first-look.toml --set persons.login='lognormal(median=40s, p95=2min)'
  stelsel check za --host 127.0.0.1:9444

Exit status: 0 done, 1 a check failed or a rule broke, 2 bad input, 3 an
[expect] is not met or shards are missing, 4 a gateway could not be tested, 130
interrupted (what was finished is kept)."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a scenario and write its results
    Run(commands::run::Arguments),
    /// Run a scenario over a grid of settings
    Sweep(commands::sweep::Arguments),
    /// Make results of the shards of a sweep
    Merge(commands::merge::Arguments),
    /// Compare two results, pair by pair of replications
    Compare(commands::compare::Arguments),
    /// Find the highest load that keeps a norm
    Capacity(commands::capacity::Arguments),
    /// Loose random faults on a network, and keep what breaks a rule
    Chaos(commands::chaos::Arguments),
    /// Hold what others made against the rules: gateways and lists
    Check(commands::check::Arguments),
    /// Put load on a gateway, as hundreds of PGOs and thousands of people do
    Load(commands::load::Arguments),
    /// Make the report of a result folder again
    Report(commands::report::Arguments),
    /// Compare the simulator with closed forms
    Validate(commands::validate::Arguments),
    /// Make a topology of real MedMij lists, or the lists of a topology
    Topology(commands::topology::Arguments),
    /// Start a network behind real sockets on this machine
    Twin(commands::twin::Arguments),
    /// Issue certificates of a twin's authority
    Pki(commands::pki::Arguments),
    /// Measure what work costs on this machine
    Calibrate(commands::calibrate::Arguments),
    /// Draw one flow as a sequence diagram
    Trace(commands::trace::Arguments),
    /// Print the rulebook: every rule, how it is watched, and where
    Rules(commands::rules::Arguments),
    /// Print the JSON Schema of topology or scenario files
    Schema(commands::schema::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(arguments) => commands::run::run(&arguments),
        Command::Sweep(arguments) => commands::sweep::run(&arguments),
        Command::Merge(arguments) => commands::merge::run(&arguments),
        Command::Compare(arguments) => commands::compare::run(&arguments),
        Command::Capacity(arguments) => commands::capacity::run(&arguments),
        Command::Chaos(arguments) => commands::chaos::run(&arguments),
        Command::Check(arguments) => commands::check::run(&arguments),
        Command::Load(arguments) => commands::load::run(&arguments),
        Command::Report(arguments) => commands::report::run(&arguments),
        Command::Validate(arguments) => commands::validate::run(&arguments),
        Command::Topology(arguments) => commands::topology::run(&arguments),
        Command::Twin(arguments) => commands::twin::run(&arguments),
        Command::Pki(arguments) => commands::pki::run(&arguments),
        Command::Calibrate(arguments) => commands::calibrate::run(&arguments),
        Command::Trace(arguments) => commands::trace::run(&arguments),
        Command::Rules(arguments) => commands::rules::run(&arguments),
        Command::Schema(arguments) => commands::schema::run(&arguments),
    };
    match outcome {
        Ok(ending) => ending.into(),
        Err(problems) => {
            complain(&problems);
            ExitCode::from(2)
        }
    }
}

/// Writes every complaint on standard error. If that is gone there is nobody left to tell.
fn complain(problems: &Problems) {
    let mut to = std::io::stderr().lock();
    for problem in &problems.0 {
        let _ = writeln!(to, "error: {problem}");
    }
}
