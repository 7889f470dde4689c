//! `stelsel capacity`: the highest load that keeps a norm.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::{Ending, Outcome, interrupt, run::flag_overrides};
use crate::{
    capacity::{self, Norm},
    files,
    problem::Problem,
    results,
    run::Progress,
};

/// Find the highest load that keeps a norm
///
/// Runs the scenario with its arrivals multiplied until one load keeps the norm and another, at most --within more,
/// does not. The answer is in collections per hour, with the busiest host there and the load at which its workers
/// would always be at work. The published norms are token (an answer within 10 s in 99.5 % of requests), resource (60 s
/// in 98.5 %) and lists (available 99.9 %); `served` is that no more than 1 % of the wishes that the scenario's own load
/// gets served are lost; any metric and a comparison will do as well.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel capacity scenarios/first-look.toml --norm token
  stelsel capacity scenarios/first-look.toml --norm token --norm resource --within 5%
  stelsel capacity scenarios/first-look.toml --norm 'latency.machine.p95<=30s'")]
pub struct Arguments {
    /// The scenario file
    #[arg(value_name = "SCENARIO", value_hint = ValueHint::FilePath)]
    pub scenario: PathBuf,
    /// token, resource, lists, served, or a metric and a comparison; may be repeated
    #[arg(long, value_name = "NORM", default_values = ["token", "resource", "served"])]
    pub norm: Vec<Norm>,
    /// How far a load that breaks the norm may be above one that keeps it
    #[arg(long, value_name = "SHARE%", default_value = "2%", value_parser = share)]
    pub within: f64,
    /// Key of all random draws, in place of the scenario's
    #[arg(long, value_name = "N")]
    pub seed: Option<String>,
    /// How many replications each probe has, in place of the scenario's
    #[arg(long, value_name = "N")]
    pub replications: Option<String>,
    /// How long the measured part lasts, in place of the scenario's: 4h
    #[arg(long, value_name = "DURATION")]
    pub horizon: Option<String>,
    /// How many replications run at a time; without it, as many as there are cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Set a key of the scenario, or after `topology.` of the topology; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Where the results go, in place of results/NAME-capacity/
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Print the answers as JSON
    #[arg(long)]
    pub json: bool,
    /// Print nothing but errors
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    let share = text.strip_suffix('%').and_then(|share| share.trim().parse::<f64>().ok());
    match share {
        Some(share) if (0.1..=100.0).contains(&share) => Ok(share / 100.0),
        _ => Err("expected a share from 0.1% to 100%, such as 2%".to_owned()),
    }
}

/// Runs the command.
///
/// # Errors
/// The files or flags say what cannot be, or the results cannot be written.
pub fn run(arguments: &Arguments) -> Outcome {
    let Arguments { set, seed, replications, horizon, .. } = arguments;
    let set = flag_overrides(set, seed, replications, horizon)?;
    let study = files::read(&arguments.scenario, &set)?;
    let dir = arguments.out.clone().unwrap_or_else(|| {
        PathBuf::from("results").join(format!("{}-capacity", study.scenario.name))
    });
    results::check_target(&dir)?;
    let bar = Bar::new(arguments.quiet)?;
    let jobs = arguments.jobs.map(usize::from);
    let run = capacity::simulated(jobs, &bar);
    let found = capacity::search(study, &arguments.norm, arguments.within, None, &run)?;
    bar.0.finish_and_clear();
    if found.probes.is_empty() {
        super::say("interrupted before any probe was done: nothing was written");
        return Ok(Ending::Interrupted);
    }
    let folder = capacity::write(&found, &dir)?;
    if !arguments.quiet {
        let text = match arguments.json {
            true => format!("{:#}\n", serde_json::json!({ "answers": folder.manifest.answers })),
            false => {
                let sentences = folder.sentences();
                let told: String =
                    sentences.iter().map(|sentence| results::wrapped(sentence, "")).collect();
                format!("{told}\nResults, of {} probes: {}\n", found.probes.len(), dir.display())
            }
        };
        super::print(&text)?;
    }
    match found.is_whole {
        true => Ok(Ending::Done),
        false => {
            super::say("interrupted: the probes that were done are kept");
            Ok(Ending::Interrupted)
        }
    }
}

/// A progress bar on standard error, if that is a terminal; and Ctrl-C. It begins anew with every probe.
struct Bar(ProgressBar);

impl Bar {
    fn new(quiet: bool) -> Result<Self, Problem> {
        interrupt::catch()?;
        let bar = super::progress_bar(0, "{msg} {pos} of {len} replications")?;
        if quiet {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Ok(Self(bar))
    }
}

impl Progress for Bar {
    fn expects(&self, replications: u32) {
        self.0.reset();
        self.0.set_length(replications.into());
        self.0.set_message("probe:");
    }

    fn at(&self, _: u32, _: f64) {}

    fn finished(&self, _: u32) {
        self.0.inc(1);
    }

    fn stopped(&self) -> bool {
        interrupt::asked()
    }
}
