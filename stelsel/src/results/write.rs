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
    columns::{self, Columns},
    folder::Folder,
    lines::{
        BucketLine, FlowLine, HostLine, RegistryLine, RuleLine, StepLine, SummaryLine,
        TimelineLine, TokensLine, ValueLine,
    },
    manifest::Manifest,
    publish::{Draft, MARK},
    summary::SummaryFile,
};
use crate::{
    answer::Answer,
    problem::{Problem, Problems},
    report,
};

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
    draft.file("summary.csv", |file| table(file, columns::header(columns::SUMMARY), lines))?;
    let told = SummaryFile::of(answer, &summary);
    draft.file("summary.json", |file| json(file, &told))?;
    for (name, content) in further {
        draft.file(name, |file| file.write_all(content.as_bytes()))?;
    }
    let manifest = Manifest::of(answer);
    dictionary(
        &draft,
        &manifest.name,
        "a run",
        &manifest.study_sha256,
        TABLES.map(|(name, columns)| (name, columns::fields(columns))),
    )?;
    draft.file(MARK, |file| json(file, &manifest))?;
    // The report is made of what was written, so that `report` makes the same of the folder at any time.
    let report = report::html(&Folder::open(draft.path())?)?;
    draft.file("report.html", |file| file.write_all(report.as_bytes()))?;
    draft.publish()?;
    Ok(summary)
}

/// Writes the data dictionary of a folder, and how to cite it.
pub(crate) fn dictionary(
    draft: &Draft,
    name: &str,
    what: &str,
    digest: &str,
    tables: impl IntoIterator<Item = (&'static str, Vec<serde_json::Value>)>,
) -> Result<(), Problem> {
    let title = format!("{name}: results of {what} of stelsel");
    let package = columns::data_package(name, &title, tables);
    draft.file("datapackage.json", |file| json(file, &package))?;
    let citation = columns::citation(&title, digest);
    draft.file("CITATION.cff", |file| file.write_all(citation.as_bytes()))
}

/// The tables of a run.
const TABLES: [(&str, Columns); 10] = [
    ("summary.csv", columns::SUMMARY),
    ("replications.csv", columns::REPLICATIONS),
    ("histograms.csv", columns::HISTOGRAMS),
    ("flows.csv", columns::FLOWS),
    ("steps.csv", columns::STEPS),
    ("hosts.csv", columns::HOSTS),
    ("timeline.csv", columns::TIMELINE),
    ("tokens.csv", columns::TOKENS),
    ("registry.csv", columns::REGISTRY),
    ("rules.csv", columns::RULES),
];

fn tables(answer: &Answer, figures: &[Figures], draft: &Draft) -> Result<(), Problems> {
    let directory = &*answer.directory;
    let done = || answer.replications.iter().map(|done| (done.figures.replication, done));
    let (values, buckets): (Vec<_>, Vec<_>) = figures.iter().map(Figures::to_rows).unzip();
    let values = values.into_iter().flatten().map(ValueLine::from);
    draft.file("replications.csv", |file| {
        table(file, columns::header(columns::REPLICATIONS), values)
    })?;
    let buckets = buckets.into_iter().flatten().map(BucketLine::from);
    draft.file("histograms.csv", |file| {
        table(file, columns::header(columns::HISTOGRAMS), buckets)
    })?;
    let flows = done()
        .flat_map(|(n, done)| done.flows.iter().map(move |row| FlowLine::new(n, row, directory)));
    draft.file("flows.csv", |file| table(file, columns::header(columns::FLOWS), flows))?;
    let steps =
        done().flat_map(|(n, done)| done.steps.iter().map(move |row| StepLine::new(n, row)));
    draft.file("steps.csv", |file| table(file, columns::header(columns::STEPS), steps))?;
    let hosts = done()
        .flat_map(|(n, done)| done.hosts.iter().map(move |row| HostLine::new(n, row, directory)));
    draft.file("hosts.csv", |file| table(file, columns::header(columns::HOSTS), hosts))?;
    let timeline =
        done().flat_map(|(n, done)| done.timeline.iter().map(move |row| TimelineLine::new(n, row)));
    draft.file("timeline.csv", |file| table(file, columns::header(columns::TIMELINE), timeline))?;
    let tokens = done().flat_map(|(n, done)| {
        done.tokens.iter().map(move |row| TokensLine::new(n, row, directory))
    });
    draft.file("tokens.csv", |file| table(file, columns::header(columns::TOKENS), tokens))?;
    let registry = done().flat_map(|(n, done)| {
        done.registry.iter().map(move |row| RegistryLine::new(n, row, directory))
    });
    draft.file("registry.csv", |file| table(file, columns::header(columns::REGISTRY), registry))?;
    let rules = answer.verdicts.iter().map(RuleLine::from);
    Ok(draft.file("rules.csv", |file| table(file, columns::header(columns::RULES), rules))?)
}

/// Writes a table as RFC 4180 has it, except that lines end in a line feed alone.
///
/// The header is given apart, because a table without lines has one, too.
pub(crate) fn table<L: Serialize>(
    file: &mut dyn Write,
    header: impl IntoIterator<Item = impl AsRef<[u8]>>,
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
