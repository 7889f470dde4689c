//! The result folder of a search: its probes, and the answer for each norm.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answered, Busiest, Capacity};
use crate::{
    problem::{Place, Problem, Problems},
    report,
    results::{
        Draft, FORMAT, FolderKind, Input, MARK, columns, dictionary, hexadecimal, kind_of,
        lines::Number, relative, table, write_json,
    },
};

/// manifest.json of a search, with its answers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CapacityManifest {
    /// `capacity`.
    pub kind: FolderKind,
    /// The program: `stelsel`.
    pub program: String,
    /// Its version.
    pub version: String,
    /// The format of the folder.
    pub format: u32,
    /// Name of the scenario.
    pub name: String,
    /// The scenario file as it was named.
    pub scenario_file: String,
    /// Key of all draws.
    pub seed: u64,
    /// Replications of each probe.
    pub replications: u32,
    /// How narrow the answer was to be.
    pub within: f64,
    /// Whether the search came to its end.
    pub is_whole: bool,
    /// The answers.
    pub answers: Vec<AnswerEntry>,
    /// Every file that was read.
    pub inputs: Vec<Input>,
    /// The scenario, every default and every `--set` filled in.
    pub scenario: Value,
    /// The topology, likewise.
    pub topology: Value,
}

/// The answer for one norm.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AnswerEntry {
    /// The norm, as it was asked for.
    pub norm: String,
    /// What it says: `norm.token.share >= 0.995`.
    pub text: String,
    /// The metric.
    pub metric: String,
    /// The value that it is compared with.
    pub value: f64,
    /// Collections an hour up to which it is kept; none if no load kept it.
    pub kept_per_hour: Option<f64>,
    /// How many of these are completed: norms of answers say nothing of those who never get so far as to ask.
    pub completed_per_hour: Option<f64>,
    /// Collections an hour that break it; none if no load did.
    pub broken_per_hour: Option<f64>,
    /// The busiest host where it is just kept, or, if it never is, where load is least.
    pub bottleneck: Option<Busiest>,
}

/// A line of probes.csv: one norm in one probe.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ProbeLine {
    /// What arrivals were multiplied by.
    pub factor: Number,
    /// Collections begun per hour of the measured time.
    pub per_hour: Number,
    /// How many of them were completed.
    pub completed_per_hour: Number,
    /// The norm, as it was asked for.
    pub norm: String,
    /// Its metric.
    pub metric: String,
    /// The estimate; empty where there is none.
    pub estimate: Option<Number>,
    /// Lower end of its interval.
    pub ci_low: Option<Number>,
    /// Upper end.
    pub ci_high: Option<Number>,
    /// `yes` or `no`.
    pub kept: String,
    /// The busiest host.
    pub busiest: Option<String>,
    /// Its utilisation.
    pub utilisation: Option<Number>,
    /// Collections per hour at which it would always be at work.
    pub bound_per_hour: Option<Number>,
}

/// A folder that was read.
#[derive(Clone, Debug)]
pub struct CapacityFolder {
    /// manifest.json.
    pub manifest: CapacityManifest,
    /// probes.csv.
    pub probes: Vec<ProbeLine>,
}

impl CapacityFolder {
    /// Reads the folder `dir`.
    ///
    /// # Errors
    /// It is none of a search, or a file is missing or damaged.
    pub fn open(dir: &Path) -> Result<Self, Problem> {
        let place = |name: &str| Place::whole(dir.join(name).to_string_lossy());
        match kind_of(dir)? {
            FolderKind::Capacity => {}
            other => {
                let place = Place::whole(dir.to_string_lossy());
                return Err(place.expected(FolderKind::Capacity.what(), other.what()));
            }
        }
        let failed =
            |name: &str, error: String| place(name).problem(format!("cannot be read: {error}"));
        let text = fs::read(dir.join(MARK)).map_err(|error| failed(MARK, error.to_string()))?;
        let manifest =
            serde_json::from_slice(&text).map_err(|error| failed(MARK, error.to_string()))?;
        let name = "probes.csv";
        let mut table = csv::Reader::from_path(dir.join(name))
            .map_err(|error| failed(name, error.to_string()))?;
        let probes = table.deserialize().collect::<Result<Vec<ProbeLine>, _>>();
        Ok(Self { manifest, probes: probes.map_err(|error| failed(name, error.to_string()))? })
    }

    /// The answers in words.
    pub fn sentences(&self) -> Vec<String> {
        self.manifest.answers.iter().map(AnswerEntry::sentence).collect()
    }
}

impl AnswerEntry {
    fn of(answered: &Answered, capacity: &Capacity) -> Self {
        let probe = |place: Option<usize>| place.map(|place| &capacity.probes[place]);
        let kept = probe(answered.kept);
        Self {
            norm: answered.norm.name.clone(),
            text: answered.norm.text(),
            metric: answered.norm.metric.name().to_owned(),
            value: answered.norm.value,
            kept_per_hour: kept.map(|probe| probe.per_hour),
            completed_per_hour: kept.map(|probe| probe.completed_per_hour),
            broken_per_hour: probe(answered.broken).map(|probe| probe.per_hour),
            bottleneck: kept.or(capacity.probes.first()).and_then(|probe| probe.busiest.clone()),
        }
    }

    /// The answer in words.
    fn sentence(&self) -> String {
        let whole = |value: f64| crate::results::shown::grouped(&format!("{value:.0}"));
        let busiest = self.bottleneck.as_ref().map_or_else(String::new, |busiest| {
            format!(
                "; the busiest host there is {}, at work {:.1} % of the time, and at {} an hour its {} would \
                 always be at work",
                busiest.host,
                busiest.utilisation * 100.0,
                whole(busiest.bound_per_hour),
                match busiest.workers {
                    1 => "worker".to_owned(),
                    workers => format!("{workers} workers"),
                },
            )
        });
        let text = &self.text;
        let completed = self.completed_per_hour.map_or_else(String::new, |completed| {
            format!(" ({} of them completed)", whole(completed))
        });
        match (self.kept_per_hour, self.broken_per_hour) {
            (Some(kept), Some(broken)) => format!(
                "{text} holds up to {} collections an hour{completed} and is broken at {}{busiest}.",
                whole(kept),
                whole(broken)
            ),
            (Some(kept), None) => {
                format!(
                    "{text} holds at every load tried, up to {} collections an hour{completed}{busiest}.",
                    whole(kept)
                )
            }
            (None, Some(broken)) => format!(
                "{text} is broken at every load tried, down to {} collections an hour: load is not what breaks it.",
                whole(broken)
            ),
            (None, None) => format!("{text} was not tried."),
        }
    }
}

/// Writes what a search found to the folder `dir`, whole or not at all.
///
/// # Errors
/// `dir` holds something else than results, or cannot be written.
pub fn write(capacity: &Capacity, dir: &Path) -> Result<CapacityFolder, Problems> {
    let study = &capacity.study;
    let part = |key: &str| study.resolved.get(key).cloned().unwrap_or(Value::Null);
    let manifest = CapacityManifest {
        kind: FolderKind::Capacity,
        program: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        format: FORMAT,
        name: study.scenario.name.clone(),
        scenario_file: relative(&study.scenario.place.source),
        seed: study.scenario.seed,
        replications: study.scenario.replications,
        within: capacity.within,
        is_whole: capacity.is_whole,
        answers: capacity.answers.iter().map(|one| AnswerEntry::of(one, capacity)).collect(),
        inputs: study.inputs.iter().map(Input::from).collect(),
        scenario: part("scenario"),
        topology: part("topology"),
    };
    let probes = capacity.probes.iter().flat_map(|probe| {
        capacity.answers.iter().zip(&probe.figures).enumerate().map(
            |(number, (answered, figure))| ProbeLine {
                factor: Number(probe.factor),
                per_hour: Number(probe.per_hour),
                completed_per_hour: Number(probe.completed_per_hour),
                norm: answered.norm.name.clone(),
                metric: answered.norm.metric.name().to_owned(),
                estimate: figure.estimate.and_then(|estimate| estimate.value()).map(Number),
                ci_low: figure.interval.map(|interval| Number(interval.low)),
                ci_high: figure.interval.map(|interval| Number(interval.high)),
                kept: if probe.keeps(number, &answered.norm) { "yes" } else { "no" }.to_owned(),
                busiest: probe.busiest.as_ref().map(|busiest| busiest.host.clone()),
                utilisation: probe.busiest.as_ref().map(|busiest| Number(busiest.utilisation)),
                bound_per_hour: probe
                    .busiest
                    .as_ref()
                    .map(|busiest| Number(busiest.bound_per_hour)),
            },
        )
    });
    let draft = Draft::begin(dir)?;
    draft.file("probes.csv", |file| table(file, columns::header(columns::PROBES), probes))?;
    let digest = digest(&manifest);
    let fields = columns::fields(columns::PROBES);
    dictionary(&draft, &manifest.name, "a search for capacity", &digest, [("probes.csv", fields)])?;
    draft.file(MARK, |file| write_json(file, &manifest))?;
    let folder = CapacityFolder::open(draft.path())?;
    let page = report::capacity(&folder);
    draft.file("report.html", |file| file.write_all(page.as_bytes()))?;
    draft.publish()?;
    Ok(folder)
}

/// SHA-256 of what was asked.
fn digest(manifest: &CapacityManifest) -> String {
    let norms: Vec<&str> = manifest.answers.iter().map(|answer| answer.text.as_str()).collect();
    let asked = serde_json::json!([manifest.scenario, manifest.topology, norms, manifest.within]);
    hexadecimal(asked.to_string().as_bytes())
}
