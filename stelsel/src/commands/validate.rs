//! `stelsel validate`: the simulator beside closed forms, in one table.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use indicatif::ProgressBar;
use serde_json::json;

use super::{Ending, Outcome, interrupt};
use crate::{
    calibrate, report,
    run::{Progress, wall::told},
    validate::{self, CONFIDENCE, PRECISE, PRECISE_IN_THE_TAIL, Row, Verdict, worlds},
};

/// Compare the simulator with closed forms
///
/// Queues (M/M/1, M/M/c, M/G/1, M/D/1, M/M/1/K), a Jackson network, outages, and whole networks of the real actors:
/// the birthday bound for codes and tokens, the pull lag of spread polling, Little's law at each host. A row passes
/// when theory lies inside the 99.9 % interval and the interval is narrow; exit status 1 if one does not.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel validate
  stelsel validate --seed 7 --json
  stelsel validate --twin")]
pub struct Arguments {
    /// Key of all random draws
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many replications run at a time; without it, as many as there are cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// In place of that: run one scenario in virtual time and in a twin on this machine, at 30, 50 and 70 % load, and
    /// hold one beside the other; then an outage, and the machine's own costs, measured first, which are not judged. Takes eight minutes;
    /// exit status 1 if a median or 95th percentile differs by over 15 %
    #[arg(long)]
    twin: bool,
    /// With --twin: the twin's folder
    #[arg(long, value_name = "DIR", default_value = "twin", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// With --twin: write a page with pictures there too
    #[arg(long, value_name = "FILE", requires = "twin", value_hint = ValueHint::FilePath)]
    report: Option<PathBuf>,
    /// Print the rows as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Threads cannot be had, or nothing can be printed.
pub fn run(arguments: &Arguments) -> Outcome {
    if arguments.twin {
        return beside_a_twin(arguments);
    }
    let bar = super::progress_bar(validate::steps(), "{pos} of {len} steps")?;
    let rows = validate::run(arguments.seed, arguments.jobs.map(usize::from), &|| bar.inc(1))?;
    bar.finish_and_clear();
    let text = match arguments.json {
        true => format!("{:#}\n", json!({ "confidence": CONFIDENCE, "rows": rows })),
        false => table(&rows),
    };
    super::print(&text)?;
    match rows.iter().all(|row| row.verdict == Verdict::Passed) {
        true => Ok(Ending::Done),
        false => Ok(Ending::CheckFailed),
    }
}

fn beside_a_twin(arguments: &Arguments) -> Outcome {
    interrupt::catch()?;
    let bar = Bar(super::progress_bar((worlds::LOADS.len() as u64 + 2) * 1_000, "{percent} %")?);
    let rows = worlds::run(arguments.seed, &arguments.dir, &bar)?;
    bar.0.finish_and_clear();
    let Some(rows) = rows else {
        super::say("interrupted before it was done");
        return Ok(Ending::Interrupted);
    };
    let passes = rows.iter().all(worlds::Row::passes);
    if let Some(path) = &arguments.report {
        let page = report::worlds(&rows, &calibrate::machine());
        twin::open::whole(path, page.as_bytes()).map_err(told)?;
    }
    super::print(&match arguments.json {
        true => format!("{:#}\n", json!({ "allowed": worlds::ALLOWED, "rows": rows })),
        false => worlds_table(&rows),
    })?;
    Ok(if passes { Ending::Done } else { Ending::CheckFailed })
}

fn worlds_table(rows: &[worlds::Row]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["load", "", "predicted", "measured", "error", "unit", ""]);
    for row in rows {
        let verdict = match (row.within, row.passes()) {
            (None, _) => String::new(),
            (Some(worlds::Within::Share(_)), true) => "passed".to_owned(),
            (Some(worlds::Within::Interval(low, high)), true) => {
                format!("passed: within {low:.0} to {high:.0}")
            }
            (Some(worlds::Within::Share(_)), false) => "FAILED".to_owned(),
            (Some(worlds::Within::Interval(low, high)), false) => {
                format!("FAILED: not within {low:.0} to {high:.0}")
            }
        };
        table.add_row([
            row.of.to_owned(),
            row.quantity.to_owned(),
            format!("{:.4}", row.predicted),
            format!("{:.4}", row.measured),
            format!("{:+.1} %", row.error() * 100.0),
            row.unit.to_owned(),
            verdict,
        ]);
    }
    for column in [0, 2, 3, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// How far the twins are, one after another.
struct Bar(ProgressBar);

impl Progress for Bar {
    fn expects(&self, _: u32) {}

    fn at(&self, _: u32, share: f64) {
        let done = self.0.position() / 1_000 * 1_000;
        self.0.set_position(done + (share * 999.0) as u64);
    }

    fn finished(&self, _: u32) {
        self.0.set_position((self.0.position() / 1_000 + 1) * 1_000);
    }

    fn stopped(&self) -> bool {
        interrupt::asked()
    }
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["", "theory", "simulated", "±", "unit", ""]);
    let mut model = "";
    for row in rows {
        if row.model != model {
            model = &row.model;
            table.add_row([model]);
        }
        let number = |value: f64| format!("{value:.4}");
        let simulated = row.simulated.map_or_else(|| "none".to_owned(), number);
        let half = row
            .half_width()
            .map_or_else(|| "none".to_owned(), |half| format!("{:.1} %", half * 100.0));
        let quantity = format!("  {}", row.quantity);
        let verdict = match row.verdict {
            Verdict::Passed => "passed",
            Verdict::Failed => "FAILED",
            Verdict::NotPrecise => "NOT PRECISE",
        };
        table.add_row([&quantity, &number(row.theory), &simulated, &half, row.unit, verdict]);
    }
    for column in [1, 2, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines = table.to_string();
    let mut text: String = lines.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let passed = rows.iter().filter(|row| row.verdict == Verdict::Passed).count();
    text.push_str(&format!(
        "\n{passed} of {} rows passed: theory inside the {} % interval, and half of that at most\n{} % of it \
         ({} % in the tail).\n",
        rows.len(),
        CONFIDENCE * 100.0,
        PRECISE * 100.0,
        PRECISE_IN_THE_TAIL * 100.0,
    ));
    text
}
