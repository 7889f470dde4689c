//! The closing summary of a run: for a terminal of 80 columns, and as JSON.
//!
//! Says no more than the result files. Does not print: the command does.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;
use watch::study::{
    headline::headline,
    metrics::MetricId,
    summary::{Summary, SummaryRow},
};

use super::{
    shown::{Shown, brief},
    summary::{BreachEntry, ExpectationEntry, SummaryFile},
};
use crate::answer::Answer;

/// How wide the summary is at most.
const WIDTH: usize = 80;

/// The metrics that the summary shows, if the result has them.
const MAIN: [&str; 12] = [
    "wishes.served_ratio",
    "flows.started",
    "flows.completed_ratio",
    "flows.proper_ratio",
    "latency.machine.p50",
    "latency.machine.p95",
    "latency.machine.p99",
    "latency.human.p50",
    "page.wait.p95",
    "norm.token.share",
    "norm.resource.share",
    "norm.lists.share",
];

/// Metrics that the summary shows as well, where they are not zero: most studies have no such thing.
const WHERE_NOT_ZERO: [&str; 6] = [
    "registry.full_propagation.max",
    "registry.blocked_flows",
    "registry.misdirected_flows",
    "registry.exposed_exchanges",
    "tokens.collisions",
    "tokens.cross_person_reads",
];

/// The closing summary, for a terminal: sentences, main figures, expectations and rules.
pub fn terminal(answer: &Answer, summary: &Summary) -> String {
    let told = told(answer, summary);
    let mut text = wrapped(&headline(summary).join(" "), "");
    text.push('\n');
    let replications = &told.replications;
    if replications.done < replications.asked {
        let (done, asked) = (replications.done, replications.asked);
        text.push_str(&wrapped(
            &format!("Interrupted: only {done} of {asked} replications were done."),
            "",
        ));
        text.push('\n');
    }
    text.push_str(&figures(summary));
    text.push_str(&expectations(&told.expectations));
    text.push_str(&rules(&told.breaches, answer.verdicts.len()));
    text
}

/// The closing summary, for programs: what [`terminal`] says.
pub fn json(answer: &Answer, summary: &Summary) -> Value {
    // A summary file holds texts and numbers only, all of which JSON can say.
    serde_json::to_value(told(answer, summary)).unwrap_or(Value::Null)
}

fn told(answer: &Answer, summary: &Summary) -> SummaryFile {
    SummaryFile::overall(answer, summary, |metric| {
        summary.overall(metric.name()).is_some_and(|row| is_shown(metric, row))
    })
}

fn is_shown(metric: MetricId, row: &SummaryRow) -> bool {
    let name = metric.name();
    MAIN.contains(&name)
        || WHERE_NOT_ZERO.contains(&name) && row.estimate.value().is_some_and(|value| value > 0.0)
}

fn figures(summary: &Summary) -> String {
    let mut table = Table::new();
    let interval = format!("{} % interval", summary.confidence * 100.0);
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["", "estimate", "unit", interval.as_str()]);
    let names = MAIN.iter().chain(&WHERE_NOT_ZERO);
    for (name, row) in names.filter_map(|name| Some((*name, summary.overall(name)?))) {
        if is_shown(row.metric, row) {
            let shown = Shown::of(row);
            let interval = shown.interval.unwrap_or_else(|| "none".to_owned());
            table.add_row([name, &shown.value, shown.unit, &interval]);
        }
    }
    for column in [1, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    trimmed(&table)
}

fn expectations(entries: &[ExpectationEntry]) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let unmet = entries.iter().filter(|entry| !entry.holds).count();
    let mut text = match unmet {
        0 => format!("\nExpectations: all {} met\n", entries.len()),
        _ => format!("\nExpectations: {unmet} of {} NOT met\n", entries.len()),
    };
    for entry in entries {
        let found = entry.found_briefly();
        let verdict = if entry.holds { "met" } else { "NOT met" };
        text.push_str(&wrapped(
            &format!("{}: {verdict}, found {found}{}", entry.expected, interval_of(entry)),
            "  ",
        ));
    }
    text
}

fn interval_of(entry: &ExpectationEntry) -> String {
    match (entry.ci_low, entry.ci_high) {
        (Some(low), Some(high)) => format!(" ({} to {})", brief(low), brief(high)),
        (Some(low), None) => format!(" ({} or more)", brief(low)),
        _ => String::new(),
    }
}

fn rules(breaches: &[BreachEntry], judged: usize) -> String {
    let broken: Vec<&BreachEntry> = breaches.iter().filter(|entry| entry.broken).collect();
    if broken.is_empty() {
        return format!("\nRules: none of the {judged} judged was broken\n");
    }
    let was = if broken.len() == 1 { "was" } else { "were" };
    let mut text = format!("\nRules: {} of the {judged} judged {was} BROKEN\n", broken.len());
    for entry in broken {
        let mut line = format!(
            "{} ({}): {} of {} times",
            entry.rule, entry.citation, entry.breaches, entry.evaluated
        );
        if let Some(first) = &entry.first {
            line.push_str(&format!("; first by {}: {}", first.host, first.why));
            if let Some(flow) = &first.flow {
                line.push_str(&format!(" (flow {}:{flow})", first.replication));
            }
        }
        text.push_str(&wrapped(&line, "  "));
    }
    text
}

/// A table without the blanks that end its lines.
fn trimmed(table: &Table) -> String {
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// As a shell is given a word.
pub(crate) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,%@+".contains(c);
    match word.chars().all(is_plain) && !word.is_empty() {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Lines of at most 80 columns; the first begins with `indent`, the others with two blanks more if there is
/// any.
pub(crate) fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut line = indent.to_owned();
    for word in text.split_whitespace() {
        let fits = line.chars().count() + 1 + word.chars().count() <= WIDTH;
        if !fits && line.trim() != "" {
            lines.push_str(&line);
            lines.push('\n');
            line = indent.repeat(2);
        }
        if line.trim() != "" {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push_str(&line);
    lines.push('\n');
    lines
}
