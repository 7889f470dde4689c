//! `stelsel run`: a scenario in, results and an answer out.

use std::{path::PathBuf, sync::Mutex};

use actors::deviant::Deviation;
use clap::{Args, ValueEnum, ValueHint};
use indicatif::{ProgressBar, ProgressDrawTarget};
use protocol::{
    role::Role,
    rule::{Rule, RuleKind},
};
use watch::{statistics::FlowsKept, study::summary::Summary};

use crate::{
    answer::Answer,
    commands::{Ending, Outcome, interrupt},
    diagram::{self, Traces},
    files::{self, Override},
    problem::{Problem, Problems},
    results,
    run::{self, Options, Progress, Ran, Until, wall::Site},
};

/// Run a scenario and write its results.
///
/// The answer goes to standard output, progress to standard error. Results are written to results/NAME/, where
/// NAME is the scenario's; an earlier run's results there are replaced once the new ones are complete.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel run scenarios/morning-peak.toml
  stelsel run scenarios/first-look.toml --seed 7 --replications 20 --jobs 2
  stelsel run scenarios/first-look.toml --set arrivals.rate=3/s --set topology.digid.workers=8
  stelsel run scenarios/exceptions.toml --trace 20 --out /tmp/exceptions")]
pub struct Arguments {
    /// The scenario file
    #[arg(value_name = "SCENARIO", value_hint = ValueHint::FilePath)]
    pub scenario: PathBuf,
    /// Key of all random draws, in place of the scenario's
    #[arg(long, value_name = "N")]
    pub seed: Option<String>,
    /// How many independent replications, in place of the scenario's
    #[arg(long, value_name = "N")]
    pub replications: Option<String>,
    /// How long the measured part lasts, in place of the scenario's: 4h
    #[arg(long, value_name = "DURATION")]
    pub horizon: Option<String>,
    /// How many replications run at a time; without it, as many as there are cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Add replications until half of a figure's interval is this share of it: latency.machine.p95=±2%
    ///
    /// The interval is looked at after the scenario's replications, but ten at least, and then after half as many again
    /// each time. Looking repeatedly makes the last interval a little too sure of itself: a 95 % interval covers the truth in
    /// some 93 of 100 cases. If the cap is reached first, the results are kept and the exit status is 3.
    #[arg(long, value_name = "METRIC=±SHARE%", conflicts_with = "replications")]
    pub until: Option<Until>,
    /// With --until: at most this many replications
    #[arg(long, value_name = "N", default_value_t = Until::MOST, requires = "until",
        value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub most: u32,
    /// Set a key of the scenario, or after `topology.` of the topology; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Where the results go, in place of results/NAME/
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// How many flows flows.csv and steps.csv keep: all, none or a number
    #[arg(long, value_name = "all|none|N", value_parser = flows, default_value = "100000")]
    pub flows: FlowsKept,
    /// Record this many flows event by event, for `stelsel trace`
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub trace: u32,
    /// Where it runs: in virtual time, or in a twin on this machine, which takes as long as the scenario says
    #[arg(long, value_name = "WORLD", value_enum, default_value_t = World::Virtual)]
    pub world: World,
    /// With --world twin or --through-bytes: the folder of the twin, which keeps keys and certificates
    #[arg(long, value_name = "DIR", default_value = "twin", value_hint = ValueHint::DirPath)]
    pub dir: PathBuf,
    /// In virtual time, pass every message through its bytes on the wire, really signed: results must be the same
    #[arg(long, conflicts_with = "world")]
    pub through_bytes: bool,
    /// Print the closing summary as JSON
    #[arg(long)]
    pub json: bool,
    /// Print nothing but errors
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

/// Where a scenario runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum World {
    /// In virtual time.
    Virtual,
    /// Behind real sockets, in real time.
    Twin,
}

fn flows(text: &str) -> Result<FlowsKept, String> {
    match text {
        "all" => Ok(FlowsKept::All),
        "none" => Ok(FlowsKept::None),
        number => match number.parse() {
            Ok(0) => Ok(FlowsKept::None),
            Ok(flows) => Ok(FlowsKept::AtMost(flows)),
            Err(_) => Err("expected all, none or a number of flows".to_owned()),
        },
    }
}

fn world(arguments: &Arguments) -> run::World {
    let dir = arguments.dir.clone();
    match arguments.world {
        World::Twin => run::World::Twin(Site::here(&dir)),
        World::Virtual if arguments.through_bytes => run::World::ThroughBytes(dir),
        World::Virtual => run::World::Virtual,
    }
}

/// Runs the command.
///
/// # Errors
/// The files or flags say what cannot be, or the results cannot be written.
pub fn run(arguments: &Arguments) -> Outcome {
    let study = files::read(
        &arguments.scenario,
        &flag_overrides(
            &arguments.set,
            &arguments.seed,
            &arguments.replications,
            &arguments.horizon,
        )?,
    )?;
    let dir = match &arguments.out {
        Some(dir) => dir.clone(),
        None => PathBuf::from("results").join(&study.scenario.name),
    };
    results::check_target(&dir)?;
    let options = Options {
        jobs: arguments.jobs.map(usize::from),
        flows: arguments.flows,
        traces: arguments.trace,
        until: arguments.until.clone().map(|until| until.at_most(arguments.most)),
        world: world(arguments),
        ..Options::default()
    };
    let progress = Bar::new(arguments.quiet)?;
    let ran = run::run(study, &options, &progress)?;
    progress.clear();
    let (answer, is_whole) = match ran {
        Ran::Whole(answer) => (answer, true),
        Ran::Part(answer) => (answer, false),
        Ran::Nothing => {
            super::say("interrupted before any replication was done: nothing was written");
            return Ok(Ending::Interrupted);
        }
    };
    let traces = traces(arguments, &answer);
    let further: Vec<_> = traces.iter().map(|text| (diagram::FILE, text.as_str())).collect();
    let summary = results::write_with(&answer, &dir, &further)?;
    tell(arguments, &answer, &summary, &dir)?;
    if !is_whole {
        let (done, asked) = (answer.replications.len(), answer.study.scenario.replications);
        super::say(&format!("interrupted: {done} of {asked} replications were done and are kept"));
        return Ok(Ending::Interrupted);
    }
    if let Some(stopped) = answer.until.as_ref().filter(|stopped| !stopped.is_reached) {
        let half_width = stopped.half_width.map(|half| format!(": it is ±{:.2} %", half * 100.0));
        super::say(&format!(
            "{} was not reached with {} replications{}",
            stopped.until,
            answer.replications.len(),
            half_width.unwrap_or_else(|| ", for it has no interval".to_owned()),
        ));
        return Ok(Ending::Unmet);
    }
    Ok(ending(&answer, &summary))
}

/// What flags set in place of files: first those of their own, then every `--set`.
pub(super) fn flag_overrides(
    set: &[String],
    seed: &Option<String>,
    replications: &Option<String>,
    horizon: &Option<String>,
) -> Result<Vec<Override>, Problems> {
    let flag = |flag: &str, path: &str, value: &Option<String>| {
        value.as_ref().map(|value| Override {
            flag: flag.to_owned(),
            path: path.to_owned(),
            value: value.clone(),
        })
    };
    let flags = [
        flag("--seed", "seed", seed),
        flag("--replications", "replications", replications),
        flag("--horizon", "horizon", horizon),
    ];
    let mut overrides: Vec<Override> = flags.into_iter().flatten().collect();
    let mut problems: Vec<Problem> = Vec::new();
    for text in set {
        match Override::parse_set(text) {
            Ok(set) => overrides.push(set),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(overrides) } else { Err(Problems(problems)) }
}

/// The flows that were recorded, as their file has them; none if none were asked for.
fn traces(arguments: &Arguments, answer: &Answer) -> Option<String> {
    let first = answer.replications.first().filter(|_| arguments.trace > 0)?;
    let replication = first.figures.replication;
    Some(Traces { replication, flows: first.traces.clone() }.json())
}

/// Prints the answer on standard output.
fn tell(
    arguments: &Arguments,
    answer: &Answer,
    summary: &Summary,
    dir: &std::path::Path,
) -> Result<(), Problem> {
    if arguments.quiet {
        return Ok(());
    }
    let text = match arguments.json {
        true => format!("{:#}\n", results::json(answer, summary)),
        false => format!("{}Results: {}\n", results::terminal(answer, summary), dir.display()),
    };
    super::print(&text)
}

fn ending(answer: &Answer, summary: &Summary) -> Ending {
    let conserved = answer.replications.iter().all(|one| one.conservation.holds());
    // A service level that is not met is a finding, and what a deviant was planted to break is no surprise.
    let planted = planted(answer);
    let broken = answer.verdicts.iter().any(|verdict| {
        let is_level = verdict.rule.row().kind == RuleKind::ServiceLevel;
        verdict.broken() && !is_level && !planted.contains(&verdict.rule)
    });
    if !conserved || broken {
        return Ending::CheckFailed;
    }
    match results::expectations(answer, summary).iter().all(|checked| checked.holds) {
        true => Ending::Done,
        false => Ending::Unmet,
    }
}

/// The rules that the scenario's deviants break.
fn planted(answer: &Answer) -> Vec<Rule> {
    let deviants = &answer.study.scenario.deviants;
    let of_any_role = |name: &str| {
        let found = Role::ALL.into_iter().filter_map(|role| Deviation::find(role, name));
        found.flat_map(Deviation::rules).copied().collect::<Vec<Rule>>()
    };
    deviants.iter().flat_map(|deviant| of_any_role(&deviant.breaks.value)).collect()
}

/// A progress bar on standard error, if that is a terminal; and Ctrl-C.
struct Bar {
    bar: ProgressBar,
    shares: Mutex<Vec<f64>>,
}

/// Steps of the bar for each replication.
const STEPS: f64 = 1_000.0;

impl Bar {
    fn new(quiet: bool) -> Result<Self, Problems> {
        interrupt::catch()?;
        let bar = super::progress_bar(0, "{msg}")?;
        if quiet {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Ok(Self { bar, shares: Mutex::default() })
    }

    fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn expects(&self, replications: u32) {
        if let Ok(mut shares) = self.shares.lock() {
            let done = shares.len();
            shares.resize(replications as usize, 0.0);
            self.bar.set_length((f64::from(replications) * STEPS) as u64);
            self.bar.set_message(format!("{done} of {replications} replications"));
        }
    }

    fn at(&self, replication: u32, share: f64) {
        if let Ok(mut shares) = self.shares.lock() {
            shares[replication as usize] = share;
            self.bar.set_position((shares.iter().sum::<f64>() * STEPS) as u64);
        }
    }

    fn finished(&self, replication: u32) {
        self.at(replication, 1.0);
        if let Ok(shares) = self.shares.lock() {
            let done = shares.iter().filter(|share| **share >= 1.0).count();
            self.bar.set_message(format!("{done} of {} replications", shares.len()));
        }
    }

    fn stopped(&self) -> bool {
        interrupt::asked()
    }
}
