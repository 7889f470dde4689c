//! `stelsel sweep`: a scenario over a grid of settings, whole or a shard of it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, ValueHint};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::json;
use watch::study::metrics::{self, MetricId, MetricKind};

use super::{Ending, Outcome, interrupt, run::flag_overrides};
use crate::{
    files,
    problem::{Place, Problem, Problems},
    report::last_key,
    results::{self, shown::Shown},
    sweep::{self, Plan, Progress, Ran, Shard, Store, SweepFolder, SweepManifest},
};

/// Run a scenario over a grid of settings
///
/// Every --vary is an axis of the grid; all --list go together, row by row, as one axis. Each cell of the grid is the
/// scenario with those settings and the same draws, so that cells differ by what is varied alone. Interrupted, the
/// same command goes on where it stopped. With --shard I/N only every N-th unit is run (one replication of one cell),
/// for a cluster; `stelsel merge` makes results of all shards, the same bytes as without.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel sweep scenarios/first-look.toml --vary arrivals.rate=0.1/s,0.2/s,0.4/s
  stelsel sweep scenarios/first-look.toml --vary topology.digid.workers=2,4,8 \\
      --vary 'persons.patience=fixed(20s),fixed(60s)' --show latency.machine.p95
  stelsel sweep scenarios/first-look.toml --vary arrivals.rate=0.1/s,0.2/s --shard 0/4")]
pub struct Arguments {
    /// The scenario file
    #[arg(value_name = "SCENARIO", value_hint = ValueHint::FilePath)]
    pub scenario: PathBuf,
    /// Vary a key of the scenario, or after `topology.` of the topology, along an axis of its own; may be repeated
    #[arg(long, value_name = "PATH=V,V,…")]
    pub vary: Vec<String>,
    /// Vary a key together with every other --list, value by value; may be repeated
    #[arg(long, value_name = "PATH=V,V,…")]
    pub list: Vec<String>,
    /// Set a key for every cell; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Key of all random draws, in place of the scenario's
    #[arg(long, value_name = "N")]
    pub seed: Option<String>,
    /// How many replications each cell has, in place of the scenario's
    #[arg(long, value_name = "N")]
    pub replications: Option<String>,
    /// How long the measured part lasts, in place of the scenario's: 4h
    #[arg(long, value_name = "DURATION")]
    pub horizon: Option<String>,
    /// How many replications run at a time; without it, as many as there are cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Run one shard only, counted from 0: 3/8
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Metrics to show, in place of those that differ between cells; may be repeated
    #[arg(long, value_name = "METRIC")]
    pub show: Vec<String>,
    /// Where the results go, in place of results/NAME-sweep/; a shard's folder has its number behind that
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Print the closing table as JSON
    #[arg(long)]
    pub json: bool,
    /// Print nothing but errors
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

/// Where the results of a sweep go.
pub fn default_out(name: &str) -> PathBuf {
    PathBuf::from("results").join(format!("{name}-sweep"))
}

/// Runs the command.
///
/// # Errors
/// The files or flags say what cannot be, another sweep's work is in the way, or something cannot be written.
pub fn run(arguments: &Arguments) -> Outcome {
    check_metrics(&arguments.show)?;
    let set = flag_overrides(
        &arguments.set,
        &arguments.seed,
        &arguments.replications,
        &arguments.horizon,
    )?;
    let plan = Plan::read(&arguments.scenario, &set, &arguments.vary, &arguments.list)?;
    let manifest = SweepManifest::of(&plan, &arguments.show);
    let out = arguments.out.clone().unwrap_or_else(|| default_out(&manifest.name));
    let (shard, target) = match arguments.shard {
        Some(shard) => (shard, beside(&out, &format!("shard-{}-of-{}", shard.index, shard.of))),
        None => (Shard::WHOLE, out),
    };
    let head = sweep::Head { shard, manifest: manifest.clone() };
    if arguments.shard.is_none() {
        results::check_target(&target)?;
    } else if target.exists() {
        return already(&target, &head);
    }
    let store = Store::begin(&beside(&target, "part"), head)?;
    let bar = Bar::new((0..plan.units()).filter(|unit| shard.has(*unit)).count(), arguments.quiet)?;
    let ran = sweep::run(&plan, &store, arguments.jobs.map(usize::from), &bar)?;
    bar.0.finish_and_clear();
    if let Ran::Part(done) = ran {
        super::say(&format!(
            "interrupted: {done} replications are done and kept in {}; the same command goes on with them",
            store.folder().display()
        ));
        return Ok(Ending::Interrupted);
    }
    if arguments.shard.is_some() {
        store.publish(&target)?;
        if !arguments.quiet {
            super::print(&format!("Shard: {}\n", target.display()))?;
        }
        return Ok(Ending::Done);
    }
    let is_good = sweep::write(&manifest, &store.done()?, &target)?;
    // What cannot be cleared away does no harm: the results stand.
    let _ = fs::remove_dir_all(store.folder());
    if !arguments.quiet {
        let folder = SweepFolder::open(&target)?;
        let text = match arguments.json {
            true => format!("{:#}\n", as_json(&folder)),
            false => format!("{}\nResults: {}\n", table(&folder), target.display()),
        };
        super::print(&text)?;
    }
    Ok(if is_good { Ending::Done } else { Ending::CheckFailed })
}

/// `results/x.part` beside `results/x`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{suffix}"));
    path.with_file_name(name)
}

/// A shard that is done is not done again.
fn already(target: &Path, head: &sweep::Head) -> Outcome {
    let found = Store::open(target)?;
    let place = Place::whole(target.to_string_lossy());
    if found.head.manifest.plan_sha256 != head.manifest.plan_sha256 || !found.is_published() {
        return Err(place
            .problem("holds something else than this shard")
            .hint("remove it, or choose another --out")
            .into());
    }
    super::print(&format!("Shard: {} (done before)\n", target.display()))?;
    Ok(Ending::Done)
}

fn check_metrics(names: &[String]) -> Result<(), Problems> {
    let place = Place::whole("--show");
    let wrong = |name: &&String| {
        MetricId::of(name).is_none_or(|id| id.metric().kind == MetricKind::Distribution)
    };
    let problem = |name: &String| {
        let known =
            metrics::table().iter().filter(|metric| metric.kind != MetricKind::Distribution);
        let problem = place.problem(format!("there is no metric \"{name}\" with one value"));
        match files::nearest_name(name, known.map(|metric| metric.name.as_str())) {
            Some(near) => problem.hint(format!("did you mean \"{near}\"?")),
            None => problem,
        }
    };
    let problems: Vec<Problem> = names.iter().filter(wrong).map(problem).collect();
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
}

/// How many cells a terminal shows, and how many metrics.
const MOST_CELLS: u32 = 24;
const MOST_METRICS: usize = 2;

/// The closing table, for a terminal.
fn table(folder: &SweepFolder) -> String {
    let manifest = &folder.manifest;
    let metrics = folder.shown();
    let shown: Vec<&String> = metrics.iter().take(MOST_METRICS).collect();
    let mut table = Table::new();
    let header = ["cell".to_owned()]
        .into_iter()
        .chain(manifest.paths().map(|path| last_key(path).to_owned()))
        .chain(shown.iter().map(|metric| (*metric).clone()));
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    for cell in 0..manifest.cells().min(MOST_CELLS) {
        let figures = shown.iter().map(|metric| figure(folder, cell, metric));
        let settings = manifest.settings(cell).map(str::to_owned);
        table.add_row([cell.to_string()].into_iter().chain(settings).chain(figures));
    }
    for column in table.column_iter_mut().skip(1 + manifest.paths().count()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let lines = table.to_string();
    let mut text: String = lines.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    if manifest.cells() > MOST_CELLS {
        text.push_str(&format!(
            "and {} cells more, in the report\n",
            manifest.cells() - MOST_CELLS
        ));
    }
    text
}

fn figure(folder: &SweepFolder, cell: u32, metric: &str) -> String {
    let shown = folder.figure(cell, metric).and_then(|line| {
        let unit = MetricId::of(metric)?.metric().unit;
        Some(Shown::figure(line.estimate()?, line.interval(), unit))
    });
    shown.map_or_else(
        || "none".to_owned(),
        |shown| {
            let interval = shown.interval.as_ref().map(|interval| format!(" ({interval})"));
            format!("{}{}", shown.with_unit(), interval.unwrap_or_default())
        },
    )
}

fn as_json(folder: &SweepFolder) -> serde_json::Value {
    let manifest = &folder.manifest;
    let shown = folder.shown();
    let cell = |cell: u32| {
        let settings: serde_json::Map<String, serde_json::Value> = manifest
            .paths()
            .zip(manifest.settings(cell))
            .map(|(path, value)| (path.to_owned(), value.into()))
            .collect();
        let lines: Vec<_> = shown.iter().filter_map(|metric| folder.figure(cell, metric)).collect();
        json!({ "cell": cell, "settings": settings, "figures": lines })
    };
    json!({
        "name": manifest.name,
        "seed": manifest.seed,
        "replications": manifest.replications,
        "cells": (0..manifest.cells()).map(cell).collect::<Vec<_>>(),
    })
}

/// A progress bar on standard error, if that is a terminal; and Ctrl-C.
struct Bar(ProgressBar);

impl Bar {
    fn new(units: usize, quiet: bool) -> Result<Self, Problem> {
        interrupt::catch()?;
        let bar = super::progress_bar(units as u64, "{pos} of {len} replications")?;
        if quiet {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Ok(Self(bar))
    }
}

impl Progress for Bar {
    fn resumes(&self, done: u64) {
        self.0.set_position(done);
        self.0.reset_eta();
    }

    fn finished(&self) {
        self.0.inc(1);
    }

    fn stopped(&self) -> bool {
        interrupt::asked()
    }
}
