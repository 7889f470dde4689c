//! Reads a result folder back.
//!
//! Not flows.csv and steps.csv, which only people and notebooks read. Of hosts.csv the systems of
//! Zorgaanbieder are only counted: there may be 50,000, and the figures of all of them are in the summary.

use std::{
    fs::{self, File},
    io::{self, BufReader},
    path::Path,
};

use protocol::role::Role;
use serde::{Deserialize, de::DeserializeOwned};
use watch::study::{
    figures::{BucketRow, Figures, ValueRow},
    summary::{Summary, summarise},
};

use super::{
    lines::{BucketLine, HostLine, RegistryLine, RuleLine, TimelineLine, TokensLine, ValueLine},
    manifest::{FORMAT, FolderKind, Manifest},
    publish::MARK,
    summary::SummaryFile,
};
use crate::problem::{Place, Problem, Problems};

/// A result folder that was read.
#[derive(Clone, Debug)]
pub struct Folder {
    /// manifest.json.
    pub manifest: Manifest,
    /// summary.json: the answer in sentences, expectations and breaches.
    pub told: SummaryFile,
    /// replications.csv and histograms.csv: the figures of each replication.
    pub figures: Vec<Figures>,
    /// What they say together, as in summary.csv.
    pub summary: Summary,
    /// hosts.csv, without the systems of Zorgaanbieders.
    pub hosts: Vec<HostLine>,
    /// timeline.csv.
    pub timeline: Vec<TimelineLine>,
    /// rules.csv.
    pub rules: Vec<RuleLine>,
    /// registry.csv.
    pub registry: Vec<RegistryLine>,
    /// tokens.csv.
    pub tokens: Vec<TokensLine>,
}

impl Folder {
    /// Reads the folder `dir`.
    ///
    /// # Errors
    /// When it is no result folder, is of another format, or a file of it is missing or damaged: names the
    /// file, and the line in a table.
    pub fn open(dir: &Path) -> Result<Self, Problems> {
        let manifest = manifest(dir)?;
        let values: Vec<ValueRow> =
            lines::<ValueLine>(dir, "replications.csv")?.into_iter().map(Into::into).collect();
        let buckets: Vec<BucketRow> =
            lines::<BucketLine>(dir, "histograms.csv")?.into_iter().map(Into::into).collect();
        let figures = Figures::from_rows(manifest.seed, &values, &buckets).map_err(|fault| {
            place(dir, "replications.csv or histograms.csv").problem(fault.to_string())
        })?;
        let mut hosts = Vec::new();
        each(dir, "hosts.csv", |line: HostLine| {
            if line.role != Role::Xis.name() {
                hosts.push(line);
            }
        })?;
        Ok(Self {
            told: json(dir, "summary.json")?,
            summary: summarise(&figures),
            figures,
            hosts,
            timeline: lines(dir, "timeline.csv")?,
            rules: lines(dir, "rules.csv")?,
            registry: lines(dir, "registry.csv")?,
            tokens: lines(dir, "tokens.csv")?,
            manifest,
        })
    }
}

/// What a folder is the result of.
///
/// # Errors
/// It is no result folder, or of another format.
pub fn kind_of(dir: &Path) -> Result<FolderKind, Problem> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    #[derive(Deserialize)]
    struct Kind {
        kind: FolderKind,
    }
    if !dir.join(MARK).is_file() {
        let folder = Place::whole(dir.to_string_lossy());
        return Err(folder.expected("a folder of results", format!("none with a {MARK}")));
    }
    // What else stands in a manifest of another format is unknown.
    let Format { format } = json(dir, MARK)?;
    if format != FORMAT {
        return Err(place(dir, MARK).expected(format!("format {FORMAT}"), format));
    }
    let Kind { kind } = json(dir, MARK)?;
    Ok(kind)
}

fn manifest(dir: &Path) -> Result<Manifest, Problem> {
    match kind_of(dir)? {
        FolderKind::Run => json(dir, MARK),
        other => {
            Err(Place::whole(dir.to_string_lossy()).expected(FolderKind::Run.what(), other.what()))
        }
    }
}

fn json<T: DeserializeOwned>(dir: &Path, name: &str) -> Result<T, Problem> {
    let text = fs::read(dir.join(name)).map_err(|error| unreadable(dir, name, &error))?;
    serde_json::from_slice(&text).map_err(|error| {
        let line = u32::try_from(error.line()).ok().filter(|line| *line > 0);
        Place { line, ..place(dir, name) }.problem(format!("cannot be read: {error}"))
    })
}

fn lines<L: DeserializeOwned>(dir: &Path, name: &str) -> Result<Vec<L>, Problem> {
    let mut lines = Vec::new();
    each(dir, name, |line| lines.push(line))?;
    Ok(lines)
}

fn each<L: DeserializeOwned>(
    dir: &Path,
    name: &str,
    mut take: impl FnMut(L),
) -> Result<(), Problem> {
    let file = File::open(dir.join(name)).map_err(|error| unreadable(dir, name, &error))?;
    let mut table = csv::Reader::from_reader(BufReader::with_capacity(1 << 16, file));
    for line in table.deserialize() {
        take(line.map_err(|error| {
            let line = error.position().and_then(|position| u32::try_from(position.line()).ok());
            Place { line, ..place(dir, name) }.problem(format!("cannot be read: {error}"))
        })?);
    }
    Ok(())
}

fn place(dir: &Path, name: &str) -> Place {
    Place::whole(dir.join(name).to_string_lossy())
}

fn unreadable(dir: &Path, name: &str, error: &io::Error) -> Problem {
    place(dir, name).problem(format!("cannot be read: {error}"))
}
