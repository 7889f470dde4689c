//! `stelsel validate`: the simulator beside closed forms, in one table.

use clap::Args;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::json;

use super::{Ending, Outcome};
use crate::validate::{self, CONFIDENCE, PRECISE, PRECISE_IN_THE_TAIL, Row, Verdict};

/// Compare the simulator with closed forms
///
/// Queues (M/M/1, M/M/c, M/G/1, M/D/1, M/M/1/K), a Jackson network, outages, and whole networks of the real actors:
/// the birthday bound for codes and tokens, the pull lag of spread polling, Little's law at each host. A row passes
/// when theory lies inside the 99.9 % interval and the interval is narrow; exit status 1 if one does not.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel validate
  stelsel validate --seed 7 --json")]
pub struct Arguments {
    /// Key of all random draws
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many replications run at a time; without it, as many as there are cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Print the rows as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Threads cannot be had, or nothing can be printed.
pub fn run(arguments: &Arguments) -> Outcome {
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
