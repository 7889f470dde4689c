//! Chaos on the network of 2018: honest parties stay clean, deviants are caught, and what is kept breaks again.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use actors::deviant::Deviation;
use proptest::prelude::*;
use protocol::{
    role::Role,
    rule::{Rule, RuleKind},
    time::Duration,
};
use rayon::prelude::*;
use stelsel::{
    chaos::{
        Arena, Bag, Hunt, Kept, Progress,
        draw::MOST_FAULTS,
        keep::Folder,
        oracle::{self, Broken, Found, Look},
        planted,
        schedule::{Crowd, Fault, Harm, QUIET, RESTLESS, Schedule, UNDER_AGE},
        shrink,
    },
    compose::Composed,
    files,
    run::Options,
};

use crate::world;

fn beta() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../topologies/beta-2018.toml")
}

fn arena() -> Arena {
    Arena::read(beta()).unwrap()
}

/// Stops once so many schedules are done.
struct StopsAfter(AtomicU32);

impl StopsAfter {
    fn never() -> Self {
        Self(AtomicU32::new(u32::MAX))
    }
}

impl Progress for StopsAfter {
    fn finished(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
    fn shrinking(&self, _: u32) {}
    fn stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

fn hunt(schedules: u32, planted: &[Deviation], jobs: usize, progress: &StopsAfter) -> Bag {
    let look = Look::AtSteps;
    let hunt = Hunt { schedules, seed: 1, planted: planted.to_vec(), jobs: Some(jobs), look };
    arena().hunt(&hunt, progress).unwrap()
}

#[test]
fn honest_parties_break_nothing_whatever_is_loosed_on_them() {
    let bag = hunt(100, &[], 2, &StopsAfter::never());
    assert_eq!(bag.broken, []);
    assert_eq!((bag.schedules, bag.kept.len(), bag.is_part), (100, 0, false));
    assert!(bag.flows > 10_000 && bag.evaluated > bag.flows, "{bag:?}");
    assert!((200..=800).contains(&bag.faults) && bag.changes > 20, "{bag:?}");
    let (empty, all) = bag.coverage.empty();
    assert!(empty < all / 2, "{empty} of {all}");
}

#[test]
fn how_many_run_at_a_time_changes_nothing() {
    let planted = planted::find("", "code-honoured-twice").unwrap();
    let one = hunt(6, &planted, 1, &StopsAfter::never());
    assert!(!one.kept.is_empty());
    assert_eq!(hunt(6, &planted, 3, &StopsAfter::never()), one);
}

#[test]
fn what_was_found_before_an_interruption_is_kept() {
    let planted = planted::find("", "BEARER").unwrap();
    let bag = hunt(1_000, &planted, 1, &StopsAfter(AtomicU32::new(3)));
    assert!(bag.is_part);
    assert_eq!((bag.schedules, bag.kept.len()), (3, 1), "{bag:?}");
    let whole = arena().schedule(1, bag.kept[0].schedule.of.1, &planted);
    assert_eq!(bag.kept[0].schedule, whole, "there was no time to make it smaller");
}

/// The first schedule in which that deviation breaks a rule of its own, a safety rule if it breaks any, and what is
/// left of it.
fn caught(arena: &Arena, deviation: Deviation) -> Option<(u32, Kept)> {
    let planted: Vec<_> = [deviation].into_iter().chain(deviation.companion()).collect();
    let of_safety = |rule: &Rule| rule.row().kind == RuleKind::Safety;
    let any_of_safety = deviation.rules().iter().any(of_safety);
    let is_its_own = |found: &Found| match found.broken {
        Broken::Rule(rule) => {
            deviation.rules().contains(&rule) && (of_safety(&rule) || !any_of_safety)
        }
        _ => false,
    };
    (0..500).find_map(|number| {
        let schedule = arena.schedule(1, number, &planted);
        let judgement = arena.judge(&schedule, Look::Away, || false).unwrap()?;
        let found = judgement.found.into_iter().find(is_its_own)?;
        let drawn = schedule.happenings();
        let (schedule, found) = shrink::shrink(arena, schedule, found, || false).unwrap();
        Some((number + 1, Kept { found, schedule, drawn }))
    })
}

#[test]
fn every_deviation_that_can_show_is_caught_and_takes_three_faults_at_most() {
    let arena = arena();
    let breaks = |one: &&Deviation| !one.rules().is_empty();
    let deviations: Vec<&Deviation> = Deviation::ALL.iter().filter(breaks).collect();
    let all: Vec<_> = deviations.par_iter().map(|one| (**one, caught(&arena, **one))).collect();
    let mut missed = Vec::new();
    for (deviation, caught) in all {
        let Some((schedules, kept)) = caught else {
            missed.push(deviation);
            continue;
        };
        let left = kept.schedule.happenings();
        println!("{deviation}: after {schedules}, {left} of {} left", kept.drawn);
        assert!(left <= 3, "{deviation}: {kept:?}");
    }
    let cannot: Vec<Deviation> = planted::CANNOT_SHOW.iter().map(|(one, _)| *one).collect();
    assert_eq!(missed, cannot);
}

/// Keeps what a deviation breaks, and runs the file.
fn rerun(name: &str) -> (String, Found, bool) {
    let (_, kept) = caught(&arena(), planted::find("", name).unwrap()[0]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("deep/er");
    let path = Folder::open(&dir, &beta()).unwrap().keep(&kept, "stelsel chaos …").unwrap();
    assert_eq!(path.file_name().unwrap(), format!("{}.toml", kept.schedule.name()).as_str());
    let text = std::fs::read_to_string(&path).unwrap();
    let set: &[&str] = if text.contains("--set") { &[UNDER_AGE] } else { &[] };
    let answer = world::answer(world::read(&path, set), &Options::default());
    let Broken::Rule(rule) = kept.found.broken else { panic!("{kept:?}") };
    let verdict = answer.verdicts.iter().find(|verdict| verdict.rule == rule).unwrap();
    assert!(verdict.broken(), "{rule}\n{text}");
    (text, kept.found, !set.is_empty())
}

#[test]
fn a_file_that_was_kept_breaks_the_same_rule_when_it_is_run() {
    let (text, found, needs_young) = rerun("code-honoured-twice");
    assert!(!needs_young);
    for part in ["STORED_CODES_SAFE", "APP 8", "stelsel run ", "stelsel chaos …", &found.evidence]
    {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let (text, ..) = rerun("expired-certificate-accepted");
    assert!(text.contains("kind = \"expire\""), "{text}");
    let (text, ..) = rerun("whitelist-ignored");
    assert!(text.contains("[[change]]"), "{text}");
    let (text, _, needs_young) = rerun("under-age-served");
    assert!(needs_young && text.contains(&format!("--set {UNDER_AGE}")), "{text}");
}

fn calm() -> Schedule {
    Schedule {
        faults: Vec::new(),
        changes: Vec::new(),
        crowd: Crowd::Steady { people: 100 },
        ..arena().schedule(1, 0, &[])
    }
}

fn broken(composed: &Composed, schedule: &Schedule) -> Vec<Broken> {
    let judgement = oracle::judge(composed, schedule, Look::Away, || false).unwrap();
    judgement.found.into_iter().map(|found| found.broken).collect()
}

#[test]
fn health_is_missed_where_a_fault_never_ends_or_a_flow_does_not() {
    let arena = arena();
    let calm = calm();
    assert_eq!(broken(&arena.compose(&calm).unwrap(), &calm), []);

    let mut down = calm.clone();
    let of_hosts = (0..100).flat_map(|number| arena.schedule(1, number, &[]).faults);
    let fault = of_hosts.into_iter().find(|fault| fault.harm.to_string() == "down").unwrap();
    down.faults.push(Fault { lasts: None, ..fault });
    assert_eq!(broken(&arena.compose(&down).unwrap(), &down), [Broken::HostSilent]);

    // What was begun while a host was slow takes as long as that takes, and is no sign that it does not serve.
    let mut slow = calm.clone();
    let (place, roles) = ("xis".to_owned(), vec![Role::Xis]);
    let (at, lasts) = (Duration::from_secs(600), Some(Duration::from_secs(590)));
    let fault = Fault { at, lasts, place, roles, harm: Harm::Slow(100_000) };
    slow.faults.push(fault);
    assert_eq!(broken(&arena.compose(&slow).unwrap(), &slow), []);

    // Many people, so that one of them still waits a minute after another asked in vain.
    let crowded = Schedule { crowd: Crowd::Steady { people: 300 }, ..calm.clone() };
    let never = files::Override::parse_set("topology.xis.fetch=fixed(2h)").unwrap();
    let (topology, ..) = files::read_topology(&beta(), &[never]).unwrap();
    let scenario = files::scenario_of(&crowded.scenario("beta"), "never", &topology).unwrap();
    let composed = Composed::new(&topology, &scenario).unwrap();
    assert_eq!(broken(&composed, &crowded), [Broken::HostSilent]);

    let (topology, ..) = files::read_topology(&beta(), &[]).unwrap();
    let slow_people = calm.scenario("beta").replace("uniform(a=2s, b=20s)", "fixed(30min)");
    let scenario = files::scenario_of(&slow_people, "slow", &topology).unwrap();
    let composed = Composed::new(&topology, &scenario).unwrap();
    assert_eq!(broken(&composed, &calm), [Broken::FlowRuns]);
}

#[test]
fn a_folder_that_cannot_be_used_and_an_unknown_deviant_are_problems_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let problem = Folder::open(&file.join("below"), &beta()).unwrap_err().to_string();
    assert!(problem.contains("cannot be used"), "{problem}");
    let problem = planted::find("--deviant", "code-honored-twice").unwrap_err().to_string();
    assert!(problem.starts_with("--deviant: expected a deviation"), "{problem}");
    assert!(problem.contains("did you mean \"code-honoured-twice\"?"), "{problem}");
    let problem = planted::find("--deviant", "zal-late").unwrap_err().to_string();
    assert!(problem.contains("the ZAL is late after a day"), "{problem}");
    let problem = planted::find("--deviant", "nonsense").unwrap_err().to_string();
    assert!(problem.contains("deviations are ocsp-ignored"), "{problem}");
    std::fs::write(&file, "name = 3").unwrap();
    let problems = Arena::read(file).unwrap_err().to_string();
    assert!(problems.contains("file:1: name: expected"), "{problems}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_schedule_can_be_composed_and_leaves_ten_quiet_minutes(seed: u64, number: u32) {
        let arena = Arena::read(beta().with_file_name("minimal.toml")).unwrap();
        let schedule = arena.schedule(seed, number, &[]);
        prop_assert!((1..=MOST_FAULTS as usize).contains(&schedule.faults.len()));
        for fault in &schedule.faults {
            let ends = fault.lasts.map(|lasts| fault.at + lasts);
            prop_assert!(fault.at < RESTLESS && ends.is_none_or(|ends| ends < RESTLESS));
            prop_assert_eq!(ends.is_none(), fault.harm.is_of_certificate());
        }
        let composed = arena.compose(&schedule).map_err(|problems| {
            TestCaseError::fail(format!("{problems}\n{}", schedule.scenario("minimal.toml")))
        })?;
        prop_assert_eq!(composed.window().length() + QUIET, Duration::from_secs(30 * 60));
    }
}
