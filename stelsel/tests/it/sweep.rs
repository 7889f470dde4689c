//! Sweeps and comparisons over real runs: shards, interruptions, and what cannot be compared.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use stelsel::{
    comparison::Comparison,
    files::Override,
    results,
    run::Options,
    sweep::{self, Head, Plan, Progress, Ran, Shard, Store, SweepFolder, SweepManifest},
};
use tempfile::{TempDir, tempdir};
use watch::study::{compare::Difference, summary::summarise};

use crate::world;

const SCENARIO: &str = r#"
horizon = "40min"
warm_up = "5min"
replications = 3
seed = 5
[arrivals]
rate = "100/h"
"#;

/// A folder with a scenario and its topology in it.
fn files() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("topology.toml"), world::TOPOLOGY).unwrap();
    let scenario = folder.path().join("scenario.toml");
    fs::write(&scenario, format!("name = \"test\"\ntopology = \"topology.toml\"\n{SCENARIO}"))
        .unwrap();
    (folder, scenario)
}

fn plan(scenario: &Path, set: &[&str], vary: &[&str], list: &[&str]) -> Result<Plan, String> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let set: Vec<Override> = set.iter().map(|text| Override::parse_set(text).unwrap()).collect();
    Plan::read(scenario, &set, &texts(vary), &texts(list)).map_err(|problems| problems.to_string())
}

/// Stops after so many units.
struct Stop {
    after: u32,
    done: AtomicU32,
}

impl Stop {
    fn after(after: u32) -> Self {
        Self { after, done: AtomicU32::new(0) }
    }
}

impl Progress for Stop {
    fn resumes(&self, _: u64) {}
    fn finished(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
    fn stopped(&self) -> bool {
        self.done.load(Ordering::Relaxed) >= self.after
    }
}

fn begin(plan: &Plan, shard: Shard, folder: &Path) -> Store {
    let manifest = SweepManifest::of(plan, &[]);
    Store::begin(folder, Head { shard, manifest }).unwrap()
}

/// Every file of a folder, by name.
fn bytes(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

const RATES: &str = "arrivals.rate=100/h,200/h";
const WORKERS: &str = "topology.digid.workers=1,8";

#[test]
fn shards_merge_to_the_bytes_of_the_whole_however_it_is_cut_and_stopped() {
    let (folder, scenario) = files();
    let plan = plan(&scenario, &[], &[RATES, WORKERS], &[]).unwrap();
    assert_eq!(plan.units(), 12);
    let at = |name: &str| folder.path().join(name);

    // The whole, stopped after five units and gone on with.
    let store = begin(&plan, Shard::WHOLE, &at("whole.part"));
    let ran = sweep::run(&plan, &store, Some(1), &Stop::after(5)).unwrap();
    assert_eq!(ran, Ran::Part(5));
    let store = begin(&plan, Shard::WHOLE, &at("whole.part"));
    let rest = Stop::after(u32::MAX);
    assert_eq!(sweep::run(&plan, &store, Some(2), &rest).unwrap(), Ran::Whole);
    assert_eq!(rest.done.into_inner(), 7, "what was done is not done again");
    let manifest = SweepManifest::of(&plan, &[]);
    assert!(sweep::write(&manifest, &store.done().unwrap(), &at("whole")).unwrap());

    // The same in five shards, of which one is missing at first.
    let shard = |index: u32| {
        let shard = Shard { index, of: 5 };
        let store = begin(&plan, shard, &at(&format!("s{index}.part")));
        sweep::run(&plan, &store, Some(2), &Stop::after(u32::MAX)).unwrap();
        store.publish(&at(&format!("s{index}"))).unwrap();
        at(&format!("s{index}"))
    };
    let mut dirs: Vec<PathBuf> = [0, 2, 4].map(shard).into();
    let merge = |dirs: &[PathBuf]| sweep::merge(dirs, |_| at("merged"));
    assert_eq!(merge(&dirs).unwrap(), Err(sweep::Incomplete(vec![1, 3])));
    assert!(!at("merged").exists(), "nothing is half merged");
    dirs.extend([1, 3].map(shard));
    let (_, is_good) = merge(&dirs).unwrap().unwrap();
    assert!(is_good);
    assert_eq!(bytes(&at("whole")), bytes(&at("merged")));

    // Every cell is what a run of its own gives.
    let read = SweepFolder::open(&at("merged")).unwrap();
    let answer = world::answer(plan.cells[2].study.clone(), &Options::default());
    let figures: Vec<_> = answer.replications.iter().map(|one| one.figures.clone()).collect();
    let own = summarise(&figures);
    for metric in ["wishes.served_ratio", "latency.machine.p50", "hosts.digid.utilisation.max"] {
        let line = read.figure(2, metric).unwrap();
        assert_eq!(line.estimate(), own.overall(metric).map(|row| row.estimate), "{metric}");
    }

    // A shard twice, and one of another sweep.
    dirs.push(at("s1"));
    let problem = merge(&dirs).unwrap_err().to_string();
    assert!(problem.contains("overlaps with"), "{problem}");
    let other = self::plan(&scenario, &[], &[RATES], &[]).unwrap();
    begin(&other, Shard { index: 1, of: 5 }, &at("other"));
    let problem = merge(&[at("s0"), at("other")]).unwrap_err().to_string();
    assert!(problem.contains("other: expected a shard of the same sweep"), "{problem}");
    begin(&plan, Shard { index: 1, of: 4 }, &at("cut"));
    let problem = merge(&[at("s0"), at("cut")]).unwrap_err().to_string();
    assert!(problem.contains("expected one of 5 shards"), "{problem}");
    let problem = merge(&[at("merged")]).unwrap_err().to_string();
    assert!(problem.contains("expected a shard of a sweep"), "{problem}");
}

#[test]
fn unfinished_work_of_another_sweep_is_not_touched() {
    let (folder, scenario) = files();
    let one = plan(&scenario, &[], &[RATES], &[]).unwrap();
    let two = plan(&scenario, &["seed=6"], &[RATES], &[]).unwrap();
    let at = folder.path().join("x.part");
    begin(&one, Shard::WHOLE, &at);
    let before = bytes(&at);
    let again = |plan: &Plan, shard| {
        let manifest = SweepManifest::of(plan, &[]);
        Store::begin(&at, Head { shard, manifest }).map(drop)
    };
    assert!(again(&one, Shard::WHOLE).is_ok());
    let problem = again(&two, Shard::WHOLE).unwrap_err().to_string();
    assert!(problem.contains("unfinished work of another sweep"), "{problem}");
    let problem = again(&one, Shard { index: 0, of: 2 }).unwrap_err().to_string();
    assert!(problem.contains("unfinished work of another shard"), "{problem}");
    assert_eq!(bytes(&at), before);
    let text = fs::read_to_string(at.join("sweep.json")).unwrap();
    let older = text.replacen(
        &format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION")),
        "\"version\":\"0.0.1\"",
        1,
    );
    assert_ne!(text, older);
    fs::write(at.join("sweep.json"), older).unwrap();
    let problem = again(&one, Shard::WHOLE).unwrap_err().to_string();
    assert!(problem.contains("found version 0.0.1"), "{problem}");
}

#[test]
fn a_grid_that_cannot_be_says_which_flag_is_wrong() {
    let (_folder, scenario) = files();
    for (vary, list, expected) in [
        (&["arivals.rate=1/s,2/s"][..], &[][..], "--vary: arivals: unknown key"),
        (&["arrivals.rate=1/s,fast"], &[], "--vary: arrivals.rate: expected a rate"),
        (&["topology.digid.workers=1,0"], &[], "--vary: topology.digid.workers"),
        (&["topology.za.7.workers=1,2"], &[], "expected a number below 1"),
        (&[], &["seed=1,2"], "--list: seed: seed is the same in every cell"),
        (&[], &[], "expected something to vary"),
    ] {
        let found = plan(&scenario, &[], vary, list).expect_err("it cannot be");
        assert!(found.contains(expected), "{found}");
        assert_eq!(found.matches(expected).count(), 1, "said once: {found}");
    }
    let lists =
        plan(&scenario, &[], &[], &["arrivals.rate=100/h,200/h", "topology.digid.workers=2,4"]);
    assert_eq!(lists.unwrap().cells.len(), 2);
}

/// Results of the scenario, in a folder.
fn result(folder: &Path, name: &str, set: &[&str], more: &str) -> PathBuf {
    let study = world::study(world::TOPOLOGY, &format!("{SCENARIO}{more}"), set);
    let dir = folder.join(name);
    results::write(&world::answer(study, &Options::default()), &dir).unwrap();
    dir
}

const OUTAGE: &str =
    "[[fault]]\nat = \"15min\"\nfor = \"10min\"\nhost = \"digid\"\nkind = \"down\"\n";

#[test]
fn common_draws_make_the_interval_of_an_outage_three_times_narrower_at_least() {
    let folder = tempdir().unwrap();
    let retry = "persons.retry={ probability = 0.5, after = \"exp(mean=5min)\" }";
    let set = ["replications=12", "arrivals.rate=300/h", "horizon=4h", retry];
    let none = result(folder.path(), "none", &set, "");
    let outage = result(folder.path(), "outage", &set, OUTAGE);
    let comparison = Comparison::open(&none, &outage, false).unwrap();
    let served = |comparison: &Comparison| -> Difference {
        comparison.overall("wishes.served").cloned().unwrap()
    };
    let paired = served(&comparison).interval.unwrap().half_width();
    // What two independent sets of runs would have given, by their own intervals: the variances add up.
    let own = |side: &stelsel::results::Folder| {
        let row = side.summary.overall("wishes.served").unwrap();
        row.interval.unwrap().half_width()
    };
    let (one, two) = (own(&comparison.before), own(&comparison.after));
    let independent = (one * one + two * two).sqrt();
    assert!(independent > 3.0 * paired, "{independent} against {paired}");
    assert!(served(&comparison).difference.unwrap() < -20.0, "the outage is seen");
    assert_eq!(comparison.changed.len(), 1);
    assert_eq!(comparison.changed[0].key, "scenario.fault.0");
    let hurt = comparison.hurt("pgo");
    assert_eq!(hurt.len(), 3);
    assert!(hurt.iter().all(|one| one.wishes > 0.0 && one.share > 0.02), "{hurt:?}");

    // The comparison of a result with itself says so, and hurts nobody.
    let same = Comparison::open(&none, &none, false).unwrap();
    assert!(same.sentences()[0].contains("cannot tell from none"), "{:?}", same.sentences());
    assert!(same.hurt("pgo").iter().all(|one| one.wishes == 0.0));
    let dir = folder.path().join("comparison");
    comparison.write(&dir).unwrap();
    let names: Vec<String> = bytes(&dir).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["CITATION.cff", "comparison.csv", "datapackage.json", "manifest.json", "report.html"]
    );
}

#[test]
fn what_does_not_belong_together_is_not_compared() {
    let folder = tempdir().unwrap();
    let base = result(folder.path(), "base", &[], "");
    let refused = |name: &str, set: &[&str]| {
        let other = result(folder.path(), name, set, "");
        Comparison::open(&base, &other, false).unwrap_err().to_string()
    };
    for (name, set, expected) in [
        ("seed", "seed=6", "expected two runs with the same seed; found 5 and 6"),
        ("horizon", "horizon=41min", "expected the same horizon, 40min"),
        ("warm", "warm_up=6min", "expected the same warm_up, 5min"),
        (
            "name",
            "name=\"another\"",
            "expected results of the same scenario, `test`; found `another`; --across",
        ),
    ] {
        let problem = refused(name, &[set]);
        assert!(problem.contains(expected), "{problem}");
    }
    let named = folder.path().join("name");
    assert!(Comparison::open(&base, &named, true).is_ok());
    let manifest = base.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    fs::write(&manifest, text.replace(&version, "\"version\": \"0.0.1\"")).unwrap();
    let problem = Comparison::open(&base, &named, true).unwrap_err().to_string();
    assert!(problem.contains("expected results of version 0.0.1"), "{problem}");
}
