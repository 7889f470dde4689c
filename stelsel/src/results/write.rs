//! Writes the files of a result folder.
//!
//! What stands in a line is for `lines` to say, and that the folder appears whole for `publish`.

use std::{
    io::{self, Write},
    path::Path,
};

use serde::Serialize;
use watch::study::{
    figures::Figures,
    summary::{Summary, summarise},
};

use super::{
    folder::Folder,
    lines::{
        BucketLine, FlowLine, HostLine, RegistryLine, RuleLine, StepLine, SummaryLine,
        TimelineLine, TokensLine, ValueLine,
    },
    manifest::Manifest,
    publish::{Draft, MARK},
    summary::SummaryFile,
};
use crate::{answer::Answer, problem::Problems, report};

/// Writes every result file of `answer` to the folder `dir`, which is afterwards there as a whole, or as it
/// was before.
///
/// An older result at `dir` is replaced.
///
/// # Errors
/// When `dir` holds something else than results, or cannot be written: the system's reason and the path.
pub fn write(answer: &Answer, dir: &Path) -> Result<(), Problems> {
    write_with(answer, dir, &[]).map(drop)
}

/// The same, with further files: name and content. Gives the summary that was written.
///
/// # Errors
/// As of [`write`].
pub fn write_with(
    answer: &Answer,
    dir: &Path,
    further: &[(&str, &str)],
) -> Result<Summary, Problems> {
    let draft = Draft::begin(dir)?;
    let figures: Vec<Figures> =
        answer.replications.iter().map(|replication| replication.figures.clone()).collect();
    tables(answer, &figures, &draft)?;
    let summary = summarise(&figures);
    let lines = summary.rows.iter().map(SummaryLine::from);
    draft.file("summary.csv", |file| table(file, SUMMARY, lines))?;
    let told = SummaryFile::of(answer, &summary);
    draft.file("summary.json", |file| json(file, &told))?;
    for (name, content) in further {
        draft.file(name, |file| file.write_all(content.as_bytes()))?;
    }
    draft.file(MARK, |file| json(file, &Manifest::of(answer)))?;
    // The report is made of what was written, so that `report` makes the same of the folder at any time.
    let report = report::html(&Folder::open(draft.path())?)?;
    draft.file("report.html", |file| file.write_all(report.as_bytes()))?;
    draft.publish()?;
    Ok(summary)
}

fn tables(answer: &Answer, figures: &[Figures], draft: &Draft) -> Result<(), Problems> {
    let directory = &*answer.directory;
    let done = || answer.replications.iter().map(|done| (done.figures.replication, done));
    let (values, buckets): (Vec<_>, Vec<_>) = figures.iter().map(Figures::to_rows).unzip();
    let values = values.into_iter().flatten().map(ValueLine::from);
    draft.file("replications.csv", |file| table(file, REPLICATIONS, values))?;
    let buckets = buckets.into_iter().flatten().map(BucketLine::from);
    draft.file("histograms.csv", |file| table(file, HISTOGRAMS, buckets))?;
    let flows = done()
        .flat_map(|(n, done)| done.flows.iter().map(move |row| FlowLine::new(n, row, directory)));
    draft.file("flows.csv", |file| table(file, FLOWS, flows))?;
    let steps =
        done().flat_map(|(n, done)| done.steps.iter().map(move |row| StepLine::new(n, row)));
    draft.file("steps.csv", |file| table(file, STEPS, steps))?;
    let hosts = done()
        .flat_map(|(n, done)| done.hosts.iter().map(move |row| HostLine::new(n, row, directory)));
    draft.file("hosts.csv", |file| table(file, HOSTS, hosts))?;
    let timeline =
        done().flat_map(|(n, done)| done.timeline.iter().map(move |row| TimelineLine::new(n, row)));
    draft.file("timeline.csv", |file| table(file, TIMELINE, timeline))?;
    let tokens = done().flat_map(|(n, done)| {
        done.tokens.iter().map(move |row| TokensLine::new(n, row, directory))
    });
    draft.file("tokens.csv", |file| table(file, TOKENS, tokens))?;
    let registry = done().flat_map(|(n, done)| {
        done.registry.iter().map(move |row| RegistryLine::new(n, row, directory))
    });
    draft.file("registry.csv", |file| table(file, REGISTRY, registry))?;
    let rules = answer.verdicts.iter().map(RuleLine::from);
    Ok(draft.file("rules.csv", |file| table(file, RULES, rules))?)
}

/// Writes a table as RFC 4180 has it, except that lines end in a line feed alone.
///
/// The header is given apart, because a table without lines has one, too.
pub(crate) fn table<L: Serialize>(
    file: &mut dyn Write,
    header: &[&str],
    lines: impl IntoIterator<Item = L>,
) -> io::Result<()> {
    let mut table = csv::WriterBuilder::new().has_headers(false).from_writer(file);
    table.write_record(header)?;
    for line in lines {
        table.serialize(line)?;
    }
    table.flush()
}

pub(crate) fn json(file: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *file, value)?;
    file.write_all(b"\n")
}

type Columns = &'static [&'static str];

pub(crate) const SUMMARY: Columns =
    &["metric", "group", "unit", "estimate", "ci_low", "ci_high", "replications"];
const REPLICATIONS: Columns = &["metric", "group", "unit", "replication", "value"];
const HISTOGRAMS: Columns =
    &["metric", "group", "replication", "bucket_low", "bucket_high", "count"];
const FLOWS: Columns = &[
    "replication",
    "flow",
    "arrival",
    "attempt",
    "kind",
    "person",
    "pgo",
    "za",
    "provider",
    "service",
    "release",
    "started_s",
    "ended_s",
    "outcome",
    "cause",
    "step",
    "human_s",
    "machine_s",
    "calls",
];
const STEPS: Columns =
    &["replication", "flow", "step", "ended_s", "human_s", "network_s", "wait_s", "service_s"];
const HOSTS: Columns = &[
    "replication",
    "host",
    "role",
    "work",
    "workers",
    "arrivals",
    "served",
    "rejected",
    "dropped",
    "utilisation",
    "mean_wait_s",
    "p95_wait_s",
    "mean_service_s",
    "mean_queue",
    "max_queue",
    "down_s",
    "paused_s",
];
const TIMELINE: Columns = &["replication", "t_s", "metric", "group", "value"];
const TOKENS: Columns = &[
    "replication",
    "authorization_server",
    "issued",
    "live_max",
    "collisions",
    "detected",
    "undetected",
    "cross_person_reads",
];
const REGISTRY: Columns = &[
    "replication",
    "change",
    "kind",
    "list",
    "node",
    "changed_s",
    "published_s",
    "known_s",
    "blocked_flows",
    "exposed_handshakes",
    "exposed_exchanges",
    "exposed_bytes",
    "misdirected_flows",
];
const RULES: Columns = &[
    "rule",
    "citation",
    "kind",
    "release",
    "evaluated",
    "breaches",
    "first_replication",
    "first_flow",
];
