//! Whole networks of the real actors in which theory knows what must come out: the shipped scenarios
//! `validation-*`, run as `stelsel run` runs them.
//!
//! Collisions of codes and tokens beside the birthday bound (semantics 9); the pull lag of nodes that fetch at
//! their own phases, which is half the distance between fetches (semantics 10); and Little's law at each host.

use std::{fs, path::Path};

use protocol::register::ListKind;
use watch::statistics::Replication;

use super::{Quantity, Row, Sample};
use crate::{
    answer::{Answer, Study},
    files::{self, Override},
    problem::{Place, Problems},
    run::{self, Options, Ran, Unwatched},
};

/// A shipped scenario with its topology.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its file.
    pub name: &'static str,
    /// What stands in it.
    pub scenario: &'static str,
    /// The topology's file, and what stands in that.
    pub topology: (&'static str, &'static str),
}

/// A shipped scenario and what theory says of it.
pub struct NetworkCase {
    shipped: Shipped,
    /// What is set otherwise, in the same scenario: path and value.
    set: &'static [(&'static str, &'static str)],
    read: fn(&Answer) -> Vec<Row>,
}

/// The birthday bound at other numbers of bits, loads and lifetimes.
const fn birthday_at(set: &'static [(&'static str, &'static str)]) -> NetworkCase {
    NetworkCase {
        shipped: Shipped {
            name: "validation-birthday.toml",
            scenario: include_str!("../../../scenarios/validation-birthday.toml"),
            topology: ("minimal.toml", include_str!("../../../topologies/minimal.toml")),
        },
        set,
        read: birthday,
    }
}

/// Spread polling at other distances between fetches.
const fn pull_lag_at(set: &'static [(&'static str, &'static str)]) -> NetworkCase {
    NetworkCase {
        shipped: Shipped {
            name: "validation-pull-lag.toml",
            scenario: include_str!("../../../scenarios/validation-pull-lag.toml"),
            topology: (
                "validation-nodes.toml",
                include_str!("../../../topologies/validation-nodes.toml"),
            ),
        },
        set,
        read: pull_lag,
    }
}

/// Every network.
pub const ALL: [NetworkCase; 11] = [
    birthday_at(&[]),
    birthday_at(&[("tokens.entropy_bits", "12"), ("arrivals.rate", "1/s"), ("horizon", "2h")]),
    birthday_at(&[("tokens.entropy_bits", "13"), ("arrivals.rate", "2/s"), ("horizon", "2h")]),
    birthday_at(&[("tokens.entropy_bits", "14"), ("arrivals.rate", "4/s")]),
    birthday_at(&[
        ("tokens.entropy_bits", "15"),
        ("arrivals.rate", "4/s"),
        ("tokens.lifetime", "20min"),
        ("horizon", "2h"),
    ]),
    NetworkCase { read: little, ..birthday_at(&[("horizon", "20min")]) },
    pull_lag_at(&[]),
    pull_lag_at(&[("lists.whitelist_pull.every", "5min")]),
    pull_lag_at(&[("lists.whitelist_pull.every", "15min")]),
    pull_lag_at(&[("lists.whitelist_pull.every", "30min")]),
    pull_lag_at(&[("lists.whitelist_pull.every", "90min")]),
];

impl NetworkCase {
    /// Runs it.
    ///
    /// # Errors
    /// There is no room for files, or no threads.
    pub fn rows(
        &self,
        seed: u64,
        jobs: Option<usize>,
        step: &(impl Fn() + Sync),
    ) -> Result<Vec<Row>, Problems> {
        let study = self.shipped.study(seed, self.set)?;
        let options = Options { jobs, judged: watch::watcher::Judged::No, ..Options::default() };
        let rows = match run::run(study, &options, &Unwatched)? {
            Ran::Whole(answer) => (self.read)(&answer),
            Ran::Part(_) | Ran::Nothing => Vec::new(),
        };
        step();
        Ok(rows)
    }
}

impl Shipped {
    /// The study, with that seed and with these keys set otherwise.
    ///
    /// # Errors
    /// There is no room for files, or a key cannot be set so.
    pub fn study(&self, seed: u64, set: &[(&str, &str)]) -> Result<Study, Problems> {
        let one = |flag: &str, path: &str, value: &str| Override {
            flag: flag.into(),
            path: path.into(),
            value: value.into(),
        };
        let seed = one("--seed", "seed", &seed.to_string());
        let set = set.iter().map(|(path, value)| one("--set", path, value));
        let set: Vec<Override> = [seed].into_iter().chain(set).collect();
        self.in_files(|scenario| files::read(scenario, &set))
    }

    /// Files name each other by their paths, so they are read from a folder as everybody's are.
    fn in_files<T>(&self, read: impl FnOnce(&Path) -> Result<T, Problems>) -> Result<T, Problems> {
        let folder =
            tempfile::tempdir().map_err(|error| unwritable(&std::env::temp_dir(), &error))?;
        let write = |dir: &str, name: &str, text: &str| {
            let dir = folder.path().join(dir);
            let file = dir.join(name);
            fs::create_dir_all(&dir)
                .and_then(|()| fs::write(&file, text))
                .map(|()| file.clone())
                .map_err(|error| unwritable(&file, &error))
        };
        write("topologies", self.topology.0, self.topology.1)?;
        read(&write("scenarios", self.name, self.scenario)?)
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Problems {
    Place::whole(path.display().to_string()).problem(format!("cannot write: {error}")).into()
}

fn samples(answer: &Answer, of: impl Fn(&Replication) -> f64) -> Vec<Sample> {
    answer.replications.iter().map(|one| Sample::Value(of(one))).collect()
}

/// Collisions over pairs that could have been equal / 2^bits. A value that was equal to a live one is made again
/// and may be equal again, so that there are live/(2^bits − live) collisions for each value issued; with people
/// coming at a steady rate the number live grows for one lifetime and then stays.
fn birthday(answer: &Answer) -> Vec<Row> {
    let scenario = &answer.study.scenario;
    let values = f64::from(scenario.tokens.entropy_bits).exp2();
    let lifetime = scenario.tokens.lifetime.as_secs_f64();
    let lifetimes = scenario.horizon.as_secs_f64() / lifetime;
    let rate = |one: &Replication| {
        let codes: u64 = one.tokens.iter().map(|row| row.codes).sum();
        codes as f64 / scenario.horizon.as_secs_f64()
    };
    let ratio = |one: &Replication| {
        let collisions: u64 = one.tokens.iter().map(|row| row.collisions()).sum();
        let pairs: u64 = one.tokens.iter().map(|row| row.pairs).sum();
        let taken = rate(one) * lifetime / values;
        let again = (-(1.0 - taken).ln() / taken - 1.0 + (lifetimes - 1.0) * taken / (1.0 - taken))
            / (taken / 2.0 + (lifetimes - 1.0) * taken);
        collisions as f64 / (pairs as f64 / values * again)
    };
    let bits = scenario.tokens.entropy_bits;
    let name = format!("collisions over Σ live/2^{bits}, {:.0} min", lifetime / 60.0);
    let bound = Quantity::mean(name, "", 1.0);
    vec![Row::of("Birthday bound", &bound, &samples(answer, ratio))]
}

/// Little's law at every host with a queue in every replication.
fn little(answer: &Answer) -> Vec<Row> {
    let law = |host| {
        move |one: &Replication| {
            let rows = one.hosts.iter().filter(|row| row.work.is_none() && row.host == host);
            let little = rows.filter_map(|row| row.little).next();
            little.map_or(f64::NAN, |little| little.waiting / little.rate_times_wait)
        }
    };
    let Some(first) = answer.replications.first() else { return Vec::new() };
    let mut rows = Vec::new();
    for row in first.hosts.iter().filter(|row| row.work.is_none()) {
        let ratio = law(row.host);
        if answer.replications.iter().any(|one| ratio(one).is_nan()) {
            continue;
        }
        let name = answer.directory.host(row.host).map_or("", |host| &host.name);
        let law = Quantity::mean("L over λW", "", 1.0);
        let mut row = Row::of("Little's law", &law, &samples(answer, ratio));
        row.quantity = format!("{} of {name}", row.quantity);
        rows.push(row);
    }
    rows
}

/// Known − published, over all nodes that came to know.
fn pull_lag(answer: &Answer) -> Vec<Row> {
    let every = answer.study.scenario.lists.pulls[ListKind::Whitelist as usize].every.as_secs_f64();
    let lag = |one: &Replication| {
        let rows = one.registry.iter().filter(|row| row.list == ListKind::Whitelist);
        let lags: Vec<f64> =
            rows.filter_map(|row| Some(row.known?.since(row.published?).as_secs_f64())).collect();
        lags.iter().sum::<f64>() / lags.len() as f64
    };
    let name = format!("mean lag (T/2), T = {:.0} min", every / 60.0);
    let quantity = Quantity::mean(name, "s", every / 2.0);
    vec![Row::of("Spread polling", &quantity, &samples(answer, lag))]
}
