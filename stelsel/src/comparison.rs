//! Two results beside each other, pair by pair of replications: what a change made of the same people's wishes.
//!
//! Reads two result folders and writes one of its own. The estimates are `watch::study::compare`'s; this says what
//! can be compared at all, what differs in what was asked, and who is hurt.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use watch::study::{
    compare::{Difference, compare},
    estimate::{CONFIDENCE, Estimate},
    metrics::{MetricId, MetricKind},
};

use crate::{
    problem::{Place, Problem, Problems},
    report,
    results::{
        Draft, FORMAT, Folder, FolderKind, MARK, Manifest, columns, dictionary,
        lines::Number,
        shown::{Shown, brief, grouped},
        table, write_json,
    },
};

/// A line of comparison.csv.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DifferenceLine {
    /// Name of the metric.
    pub metric: String,
    /// Group; empty for all.
    pub group: String,
    /// Unit of all figures; `1` for shares.
    pub unit: String,
    /// The first side: a number, `> 3600` or `too few (17)`.
    pub before: String,
    /// The second side.
    pub after: String,
    /// The second minus the first.
    pub difference: Option<Number>,
    /// Lower end of its interval; of a maximum the range.
    pub ci_low: Option<Number>,
    /// Upper end.
    pub ci_high: Option<Number>,
    /// Pairs of replications.
    pub replications: u32,
    /// Whether the interval leaves out nought: `yes`, `no`, or nothing where there is no interval.
    pub distinguishable: String,
}

impl From<&Difference> for DifferenceLine {
    fn from(row: &Difference) -> Self {
        let estimate = |estimate: Estimate| match estimate {
            Estimate::Value(value) => Number(value).to_string(),
            other => other.to_string(),
        };
        let metric = row.metric.metric();
        Self {
            metric: metric.name.clone(),
            group: row.group.name().to_owned(),
            unit: metric.unit.to_owned(),
            before: estimate(row.before),
            after: estimate(row.after),
            difference: row.difference.map(Number),
            ci_low: row.interval.map(|interval| Number(interval.low)),
            ci_high: row.interval.map(|interval| Number(interval.high)),
            replications: row.replications,
            distinguishable: match is_distinguishable(row) {
                Some(true) => "yes",
                Some(false) => "no",
                None => "",
            }
            .to_owned(),
        }
    }
}

/// Whether a difference is distinguishable from none. None where it has no interval: one pair, a maximum, or a
/// quantile that is not known on one side.
pub fn is_distinguishable(row: &Difference) -> Option<bool> {
    if row.metric.metric().kind == MetricKind::Max {
        return None;
    }
    row.interval.map(|interval| !interval.has(0.0))
}

/// Whether a row says how many wishes of some group of people were served.
pub fn is_of_somebody(row: &Difference) -> bool {
    let name = row.metric.name();
    !row.group.name().is_empty()
        && (name == "wishes.started" || name == "wishes.served" || name == "wishes.served_ratio")
}

/// Something that was asked differently.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Changed {
    /// Where: `scenario.fault.0.for`, `topology.digid.workers`.
    pub key: String,
    /// What the first side has; null for nothing.
    pub before: Value,
    /// What the second side has.
    pub after: Value,
}

/// People for whom the change makes a difference.
#[derive(Clone, PartialEq, Debug)]
pub struct Hurt {
    /// The group: `pgo=pgo-3`.
    pub group: String,
    /// Wishes a replication that are no longer served; negative for more than before.
    pub wishes: f64,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// The same as a share of the group's wishes.
    pub share: f64,
}

/// Two results and their differences.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The first side.
    pub before: Folder,
    /// The second.
    pub after: Folder,
    /// What they are called: the names of their folders.
    pub names: [String; 2],
    /// What was asked differently.
    pub changed: Vec<Changed>,
    /// Every difference.
    pub differences: Vec<Difference>,
}

/// manifest.json of a comparison.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct ComparisonManifest {
    kind: FolderKind,
    program: String,
    version: String,
    format: u32,
    before: Side,
    after: Side,
    pairs: u32,
    changed: Vec<Changed>,
}

/// One side, in the manifest.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Side {
    folder: String,
    name: String,
    seed: u64,
    replications: u32,
    study_sha256: String,
}

impl Comparison {
    /// Reads two folders and compares them. `across`: whether scenarios of different names may be.
    ///
    /// # Errors
    /// A folder cannot be read, or they cannot be compared: other seeds, other versions of the program, other times that
    /// were measured, nothing in common, or other scenarios although that was not wanted.
    pub fn open(before: &Path, after: &Path, across: bool) -> Result<Self, Problems> {
        let (one, two) = (Folder::open(before)?, Folder::open(after)?);
        let place = Place::whole(after.to_string_lossy());
        check(&one.manifest, &two.manifest, across, &place)?;
        let differences = compare(&one.figures, &two.figures, CONFIDENCE)
            .map_err(|fault| place.problem(fault.to_string()))?;
        let names = [before, after].map(name_of);
        let changed = changed(&one.manifest, &two.manifest);
        Ok(Self { before: one, after: two, names, changed, differences })
    }

    /// The difference in a metric over all groups.
    pub fn overall(&self, name: &str) -> Option<&Difference> {
        let metric = MetricId::of(name)?;
        self.differences.iter().find(|row| row.metric == metric && row.group.name().is_empty())
    }

    /// How many pairs of replications there are.
    pub fn pairs(&self) -> u32 {
        self.overall("flows.started").map_or(0, |row| row.replications)
    }

    /// Who is hurt, the group with the largest lost share first. `kind`: `pgo`, `gateway`, `provider_type` …
    pub fn hurt(&self, kind: &str) -> Vec<Hurt> {
        let served = MetricId::of("wishes.served");
        let started = MetricId::of("wishes.started");
        let of_kind =
            |row: &&Difference| Some(row.metric) == served && row.group.member(kind).is_some();
        let mut hurt: Vec<Hurt> = self
            .differences
            .iter()
            .filter(of_kind)
            .filter_map(|row| {
                let all = self
                    .differences
                    .iter()
                    .find(|other| Some(other.metric) == started && other.group == row.group)
                    .and_then(|other| other.before.value())
                    .filter(|all| *all > 0.0)?;
                let lost = -row.difference?;
                Some(Hurt {
                    group: row.group.member(kind)?.to_owned(),
                    wishes: lost,
                    interval: row.interval.map(|known| (-known.high, -known.low)),
                    share: lost / all,
                })
            })
            .collect();
        hurt.sort_by(|one, other| other.share.total_cmp(&one.share));
        hurt
    }

    /// What it comes to: a sentence for each main metric that both have.
    pub fn sentences(&self) -> Vec<String> {
        MAIN.iter()
            .filter_map(|(name, what)| sentence(self.overall(name)?, what, self.pairs()))
            .collect()
    }

    /// Writes comparison.csv, manifest.json and the report to the folder `dir`, whole or not at all.
    ///
    /// # Errors
    /// `dir` holds something else than results, or cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), Problems> {
        let draft = Draft::begin(dir)?;
        let lines = self.differences.iter().map(DifferenceLine::from);
        draft.file("comparison.csv", |file| {
            table(file, columns::header(columns::DIFFERENCES), lines)
        })?;
        let fields = columns::fields(columns::DIFFERENCES);
        let manifest = self.manifest();
        let name = format!("{}-beside-{}", self.names[1], self.names[0]);
        let digest = format!("{}+{}", manifest.before.study_sha256, manifest.after.study_sha256);
        dictionary(&draft, &name, "a comparison", &digest, [("comparison.csv", fields)])?;
        draft.file(MARK, |file| write_json(file, &manifest))?;
        let page = report::comparison(self);
        draft.file("report.html", |file| file.write_all(page.as_bytes()))?;
        Ok(draft.publish()?)
    }

    /// The closing summary for programs.
    pub fn json(&self) -> Value {
        let lines: Vec<DifferenceLine> = MAIN
            .iter()
            .filter_map(|(name, _)| self.overall(name))
            .map(DifferenceLine::from)
            .collect();
        json!({
            "before": self.names[0],
            "after": self.names[1],
            "pairs": self.pairs(),
            "changed": self.changed,
            "sentences": self.sentences(),
            "differences": lines,
        })
    }

    fn manifest(&self) -> ComparisonManifest {
        let side = |folder: &Folder, name: &str| Side {
            folder: name.to_owned(),
            name: folder.manifest.name.clone(),
            seed: folder.manifest.seed,
            replications: folder.manifest.replications.done,
            study_sha256: folder.manifest.study_sha256.clone(),
        };
        ComparisonManifest {
            kind: FolderKind::Comparison,
            program: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            format: FORMAT,
            before: side(&self.before, &self.names[0]),
            after: side(&self.after, &self.names[1]),
            pairs: self.pairs(),
            changed: self.changed.clone(),
        }
    }
}

/// The metrics that a comparison tells of first, and what they are in a sentence.
pub const MAIN: [(&str, &str); 9] = [
    ("wishes.served_ratio", "The share of wishes that were served"),
    ("flows.completed_ratio", "The share of flows that were completed"),
    ("latency.machine.p50", "The median of machine time"),
    ("latency.machine.p95", "The 95 % point of machine time"),
    ("norm.token.share", "The share of token requests within the norm"),
    ("norm.resource.share", "The share of resource requests within the norm"),
    ("registry.exposed_exchanges", "The number of requests exchanged with gateways that had left"),
    ("tokens.collisions", "The number of collisions of codes and tokens"),
    ("tokens.cross_person_reads", "The number of answers with another person's data"),
];

/// Whether neither side saw anything of it, or both saw nothing else.
pub fn is_no_news(row: &Difference) -> bool {
    let is_share = row.metric.metric().unit == "1";
    row.before == row.after
        && (row.before == Estimate::Value(0.0) || is_share && row.before == Estimate::Value(1.0))
}

fn sentence(row: &Difference, what: &str, pairs: u32) -> Option<String> {
    if is_no_news(row) {
        return None;
    }
    let unit = row.metric.metric().unit;
    let shown = |estimate| Shown::figure(estimate, None, unit).with_unit();
    let (before, after) = (shown(row.before), shown(row.after));
    let Some(difference) = row.difference else {
        return Some(format!("{what} went from {before} to {after}: no difference can be given."));
    };
    let (difference, interval) = difference_shown(row, difference);
    let verdict = match (is_distinguishable(row), row.interval) {
        (Some(true), _) => "which is distinguishable from none".to_owned(),
        (Some(false), _) => format!("which {pairs} pairs cannot tell from none"),
        (None, _) => "of which one pair gives no interval".to_owned(),
    };
    Some(format!(
        "{what} went from {before} to {after}: a difference of {difference}{interval}, {verdict}."
    ))
}

/// A difference and its interval, in words: `-3.31 points`, ` (-3.60 to -3.02)`.
pub fn difference_shown(row: &Difference, difference: f64) -> (String, String) {
    let (factor, unit) = match row.metric.metric().unit {
        "1" => (100.0, "points"),
        "s" if difference.abs() < 1.0 => (1e3, "ms"),
        unit => (1.0, unit),
    };
    // As many decimals as show the half-width of the interval.
    let half_width = row.interval.map_or(0.0, |interval| interval.half_width() * factor);
    let shows = |decimals: &usize| half_width * 10f64.powi(*decimals as i32) >= 2.0;
    let decimals = if half_width > 0.0 { (0..6).find(shows).unwrap_or(6) } else { 3 };
    let show = |value: f64| match half_width > 0.0 {
        true => grouped(&format!("{:.decimals$}", value * factor)),
        false => brief(value * factor),
    };
    let interval = row
        .interval
        .map(|interval| format!(" ({} to {})", show(interval.low), show(interval.high)));
    (format!("{} {unit}", show(difference)), interval.unwrap_or_default())
}

fn check(one: &Manifest, two: &Manifest, across: bool, place: &Place) -> Result<(), Problem> {
    if one.version != two.version {
        let expected = format!("results of version {}, as the other", one.version);
        return Err(place.expected(expected, format!("version {}", two.version)));
    }
    if one.name != two.name && !across {
        return Err(place
            .expected(
                format!("results of the same scenario, `{}`", one.name),
                format!("`{}`", two.name),
            )
            .hint("--across compares different scenarios"));
    }
    for key in ["warm_up", "horizon", "drain"] {
        let (first, second) = (&one.scenario[key], &two.scenario[key]);
        if first != second {
            let text =
                |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            return Err(place.expected(
                format!(
                    "the same {key}, {}: else the flows that are measured are others",
                    text(first)
                ),
                text(second),
            ));
        }
    }
    Ok(())
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| "results".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// What was asked differently, key by key.
fn changed(one: &Manifest, two: &Manifest) -> Vec<Changed> {
    let mut changed = Vec::new();
    differ("scenario", &one.scenario, &two.scenario, &mut changed);
    differ("topology", &one.topology, &two.topology, &mut changed);
    changed
}

fn differ(key: &str, one: &Value, two: &Value, changed: &mut Vec<Changed>) {
    match (one, two) {
        (Value::Object(first), Value::Object(second)) => {
            let mut names: Vec<&String> = first.keys().chain(second.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let of = |table: &serde_json::Map<String, Value>| {
                    table.get(name).cloned().unwrap_or(Value::Null)
                };
                differ(&format!("{key}.{name}"), &of(first), &of(second), changed);
            }
        }
        (Value::Array(first), Value::Array(second)) => {
            for place in 0..first.len().max(second.len()) {
                let of = |list: &[Value]| list.get(place).cloned().unwrap_or(Value::Null);
                differ(&format!("{key}.{place}"), &of(first), &of(second), changed);
            }
        }
        (one, two) if one != two => {
            changed.push(Changed { key: key.to_owned(), before: one.clone(), after: two.clone() })
        }
        _ => {}
    }
}
