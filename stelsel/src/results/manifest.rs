//! manifest.json: what was asked, with which program and inputs, so that it can be done again.
//!
//! Holds no moment of wall time and no absolute path: the same study gives the same bytes anywhere.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::answer::{Answer, InputFile, Stopped};

/// The format of result folders: raised when a column or a key changes its meaning.
pub const FORMAT: u32 = 2;

/// What a folder is the result of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FolderKind {
    /// A run.
    Run,
    /// A sweep.
    Sweep,
    /// Two results compared.
    Comparison,
    /// A search for the highest load.
    Capacity,
}

impl FolderKind {
    /// What a folder of the kind holds.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Run => "results of a run",
            Self::Sweep => "results of a sweep",
            Self::Comparison => "a comparison",
            Self::Capacity => "results of a search for capacity",
        }
    }
}

/// manifest.json.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// `run`.
    pub kind: FolderKind,
    /// The program: `stelsel`.
    pub program: String,
    /// Its version.
    pub version: String,
    /// The format of the folder.
    pub format: u32,
    /// Name of the scenario.
    pub name: String,
    /// The scenario file as it was named; its last part alone where that was an absolute path.
    pub scenario_file: String,
    /// Key of all draws.
    pub seed: u64,
    /// Replications asked and done.
    pub replications: Replications,
    /// By which rule there are as many; none where it was said how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Stopped>,
    /// What flows.csv holds.
    pub flows: Flows,
    /// How many Zorgaanbieders there are.
    pub zorgaanbieders: u64,
    /// The release of the Afsprakenstelsel that rules are cited from where they do not say another.
    pub rules_release: String,
    /// SHA-256 of `scenario` and `topology` as they stand below, as JSON without spaces: two folders with
    /// the same one answer the same question.
    pub study_sha256: String,
    /// SHA-256 of the lines `sha256  name` of all inputs, in order: `sha256sum FILE… | sha256sum`.
    pub inputs_sha256: String,
    /// Every file that was read.
    pub inputs: Vec<Input>,
    /// The scenario, every default and every `--set` filled in.
    pub scenario: Value,
    /// The topology, likewise.
    pub topology: Value,
}

/// How many replications.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Replications {
    /// Asked for.
    pub asked: u32,
    /// Done; fewer after an interruption.
    pub done: u32,
}

/// Which flows flows.csv and steps.csv have.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Flows {
    /// `all`, `none` or `uniform sample`.
    pub sample: String,
    /// So many …
    pub kept: u64,
    /// … of all these.
    pub of: u64,
}

/// A file that was read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Input {
    /// Its name, never absolute.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// Of this answer.
    pub fn of(answer: &Answer) -> Self {
        let study = &answer.study;
        let part = |key: &str| study.resolved.get(key).cloned().unwrap_or(Value::Null);
        let inputs: Vec<Input> = study.inputs.iter().map(Input::from).collect();
        let lines: String =
            inputs.iter().map(|input| format!("{}  {}\n", input.sha256, input.name)).collect();
        Self {
            kind: FolderKind::Run,
            program: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            format: FORMAT,
            name: study.scenario.name.clone(),
            scenario_file: relative(&study.scenario.place.source),
            seed: study.scenario.seed,
            replications: Replications {
                asked: study.scenario.replications,
                done: answer.replications.len() as u32,
            },
            until: answer.until.clone(),
            flows: Flows::of(answer),
            zorgaanbieders: answer.directory.provider_gateway.len() as u64,
            rules_release: protocol::rule::CITED_RELEASE.to_owned(),
            study_sha256: hexadecimal(study.resolved.to_string().as_bytes()),
            inputs_sha256: hexadecimal(lines.as_bytes()),
            inputs,
            scenario: part("scenario"),
            topology: part("topology"),
        }
    }
}

impl Flows {
    fn of(answer: &Answer) -> Self {
        let kept = answer.replications.iter().map(|done| done.flows.len() as u64).sum();
        let of = answer.replications.iter().map(|done| done.conservation.flows).sum();
        let sample = match kept {
            all if all == of => "all",
            0 => "none",
            _ => "uniform sample",
        };
        Self { sample: sample.to_owned(), kept, of }
    }
}

impl From<&InputFile> for Input {
    fn from(file: &InputFile) -> Self {
        Self { name: relative(&file.name), sha256: file.sha256.clone() }
    }
}

/// A name that says nothing of the machine: the last part of an absolute path.
pub(crate) fn relative(name: &str) -> String {
    let path = Path::new(name);
    match path.file_name() {
        Some(last) if path.is_absolute() => last.to_string_lossy().into_owned(),
        _ => name.to_owned(),
    }
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
