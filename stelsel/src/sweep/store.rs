//! The working folder of a sweep: one file per finished unit, so that work can stop and go on at any moment.
//!
//! A unit's file appears whole or not at all. The folder says which plan it belongs to, and no other plan can
//! use it. What the figures mean is for `watch::study`.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use protocol::time::Duration;
use serde::{Deserialize, Serialize};
use watch::{
    study::{
        figures::{Figures, Group},
        metrics::MetricId,
        tally::{Bucket, Tally},
    },
    watcher::Sight,
};

use super::{folder::SweepManifest, plan::Shard};
use crate::{
    problem::{Place, Problem},
    results::FORMAT,
};

/// Says which plan a folder belongs to.
const HEAD: &str = "sweep.json";
/// Marks a shard of which every unit is done.
pub const SUCCESS: &str = "_SUCCESS";

/// Which plan a working folder belongs to, and which part of it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Head {
    /// The part of the plan that is done here.
    pub shard: Shard,
    /// The plan, as its results will tell of it.
    pub manifest: SweepManifest,
}

/// What one replication of one cell gave.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Unit {
    /// Its number in the plan.
    pub unit: u64,
    /// Which replication of its cell.
    pub replication: u32,
    /// Metric, group and value.
    values: Vec<(String, String, f64)>,
    /// Metric, group, how many never ended, and buckets: low and high edge in nanoseconds, count.
    tallies: Vec<(String, String, u64, Vec<[u64; 3]>)>,
    /// Rules that were put to the test.
    pub rules: Vec<UnitRule>,
    /// Whether everything that began is accounted for.
    pub is_conserved: bool,
}

/// What one replication shows of one rule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UnitRule {
    /// Its name.
    pub rule: String,
    /// How often it was put to the test.
    pub evaluated: u64,
    /// How often it was not kept.
    pub breaches: u64,
    /// The flow of the first time, if it was in any.
    pub first_flow: Option<String>,
}

impl Unit {
    /// Of what a watcher saw.
    pub fn of(unit: u64, sight: &Sight) -> Self {
        let figures = &sight.replication.figures;
        let bucket = |one: &Bucket| [one.low.as_nanos(), one.high.as_nanos(), one.count];
        let rules =
            sight.verdicts.iter().filter(|verdict| verdict.evaluated + verdict.breaches > 0);
        Self {
            unit,
            replication: figures.replication,
            values: figures
                .values()
                .map(|(metric, group, value)| (metric.name().into(), group.name().into(), value))
                .collect(),
            tallies: figures
                .tallies()
                .map(|(metric, group, tally)| {
                    let buckets = tally.buckets().iter().map(bucket).collect();
                    (metric.name().into(), group.name().into(), tally.beyond(), buckets)
                })
                .collect(),
            rules: rules
                .map(|verdict| UnitRule {
                    rule: verdict.rule.name().to_owned(),
                    evaluated: verdict.evaluated,
                    breaches: verdict.breaches,
                    first_flow: verdict.first.and_then(|breach| Some(breach.flow?.to_string())),
                })
                .collect(),
            is_conserved: sight.replication.conservation.holds(),
        }
    }

    /// Its figures. Metrics that this program does not know are left out: the plan's digest has its version.
    pub fn figures(&self, seed: u64) -> Figures {
        let mut figures = Figures::new(seed, self.replication);
        for (metric, group, value) in &self.values {
            if let Some(metric) = MetricId::of(metric) {
                figures.set(metric, Group::from(group.as_str()), *value);
            }
        }
        for (metric, group, beyond, buckets) in &self.tallies {
            let mut tally = Tally::default();
            for [low, high, count] in buckets {
                let (low, high) = (Duration::from_nanos(*low), Duration::from_nanos(*high));
                tally.add(Bucket { low, high, count: *count });
            }
            tally.add_beyond(*beyond);
            if let Some(metric) = MetricId::of(metric) {
                figures.set_tally(metric, Group::from(group.as_str()), tally);
            }
        }
        figures
    }
}

/// A working folder.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
    /// What it is of.
    pub head: Head,
}

impl Store {
    /// Begins a folder, or goes on with one that was begun for the same part of the same plan.
    ///
    /// # Errors
    /// There is something else, or it cannot be written.
    pub fn begin(folder: &Path, head: Head) -> Result<Self, Problem> {
        let store = Self { folder: folder.to_owned(), head };
        match fs::read_dir(folder) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    let Self { head: found, .. } = Self::open(folder)?;
                    store.must_be(&found)?;
                    return Ok(store);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(folder).map_err(|error| failed(folder, "made", &error))?;
            }
            Err(error) => return Err(failed(folder, "read", &error)),
        }
        store.write(HEAD, &store.head)?;
        Ok(store)
    }

    /// Opens the folder of a shard, begun or done.
    ///
    /// # Errors
    /// It is none, or of another version.
    pub fn open(folder: &Path) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Version {
            version: String,
            format: u32,
        }
        #[derive(Deserialize)]
        struct Versions {
            manifest: Version,
        }
        let place = Place::whole(folder.to_string_lossy());
        let text = fs::read(folder.join(HEAD)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                place.expected("a shard of a sweep", format!("a folder without a {HEAD}"))
            }
            _ => failed(&folder.join(HEAD), "read", &error),
        })?;
        let damaged = |error: serde_json::Error| {
            Place::whole(folder.join(HEAD).to_string_lossy())
                .problem(format!("cannot be read: {error}"))
        };
        let Versions { manifest: Version { version, format } } =
            serde_json::from_slice(&text).map_err(damaged)?;
        let ours = env!("CARGO_PKG_VERSION");
        if version != ours || format != FORMAT {
            let found = format!("version {version}, format {format}");
            return Err(place.expected(format!("version {ours}, format {FORMAT}"), found));
        }
        let head = serde_json::from_slice(&text).map_err(damaged)?;
        Ok(Self { folder: folder.to_owned(), head })
    }

    fn must_be(&self, found: &Head) -> Result<(), Problem> {
        let is_same_plan = found.manifest.plan_sha256 == self.head.manifest.plan_sha256;
        if is_same_plan && found.shard == self.head.shard {
            return Ok(());
        }
        let place = Place::whole(self.folder.to_string_lossy());
        let what = if is_same_plan { "shard" } else { "sweep" };
        Err(place
            .problem(format!("holds the unfinished work of another {what}"))
            .hint("remove it, or choose another --out"))
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of each unit that is done.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn done(&self) -> Result<BTreeMap<u64, PathBuf>, Problem> {
        let entries =
            fs::read_dir(&self.folder).map_err(|error| failed(&self.folder, "read", &error))?;
        let mut done = BTreeMap::new();
        for entry in entries {
            let path = entry.map_err(|error| failed(&self.folder, "read", &error))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let number = name.as_deref().and_then(|name| {
                name.strip_prefix("unit-")?.strip_suffix(".json")?.parse::<u64>().ok()
            });
            if let Some(number) = number.filter(|number| *number < self.head.manifest.units()) {
                done.insert(number, path);
            }
        }
        Ok(done)
    }

    /// Keeps a unit.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&self, unit: &Unit) -> Result<(), Problem> {
        self.write(&format!("unit-{:07}.json", unit.unit), unit)
    }

    /// Whether every unit is done and said to be.
    pub fn is_published(&self) -> bool {
        self.folder.join(SUCCESS).is_file()
    }

    /// Says that every unit is done, and gives the folder its last name.
    ///
    /// # Errors
    /// It cannot be written, or something stands at that name.
    pub fn publish(self, target: &Path) -> Result<(), Problem> {
        fs::write(self.folder.join(SUCCESS), b"")
            .and_then(|()| fs::rename(&self.folder, target))
            .map_err(|error| failed(target, "put in place", &error))
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<(), Problem> {
        let path = self.folder.join(name);
        let write = || -> io::Result<()> {
            let mut draft = tempfile::NamedTempFile::new_in(&self.folder)?;
            let text = serde_json::to_vec(value)?;
            draft.write_all(&text)?;
            draft.as_file().sync_data()?;
            draft.persist(&path)?;
            Ok(())
        };
        write().map_err(|error| failed(&path, "written", &error))
    }
}

/// Reads the file of a unit.
///
/// # Errors
/// It cannot be read or is damaged.
pub fn read_unit(path: &Path) -> Result<Unit, Problem> {
    let text = fs::read(path).map_err(|error| failed(path, "read", &error))?;
    serde_json::from_slice(&text).map_err(|error| {
        Place::whole(path.to_string_lossy()).problem(format!("cannot be read: {error}"))
    })
}

fn failed(path: &Path, what: &str, error: &io::Error) -> Problem {
    Place::whole(path.to_string_lossy()).problem(format!("cannot be {what}: {error}"))
}
