//! What a complete Verzamelen costs, in whole runs: beside the floor, which is a bare binary heap that does nothing but
//! the same number of events with as many waiting, in the same process.
//!
//! `cargo bench --package stelsel --bench flow`; with `-- million` the row of a million in flight as well.
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::{collections::BinaryHeap, hint::black_box, path::Path, time::Instant};

use protocol::trace::{Event, Sink, Stamp};
use sim::simulation::{Ending, Tally};
use stelsel::{
    answer::Study,
    compose::Composed,
    files::{self, Override},
};
use watch::{
    statistics::{FlowsKept, Settings},
    watcher::{Judged, Watcher},
};

/// One row.
struct Row {
    name: &'static str,
    set: &'static [&'static str],
    judged: Option<Judged>,
    in_flight: usize,
}

const ROWS: [Row; 5] = [
    Row { name: "standard, nobody watches", set: &[], judged: None, in_flight: 10_000 },
    Row { name: "standard, statistics", set: &[], judged: Some(Judged::No), in_flight: 10_000 },
    Row {
        name: "standard, statistics and rules",
        set: &[],
        judged: Some(Judged::Yes),
        in_flight: 10_000,
    },
    Row {
        name: "Basisgegevens Zorg, 28 queries",
        set: &["topology.services.48=1000000", "horizon=100s"],
        judged: Some(Judged::Yes),
        in_flight: 10_000,
    },
    Row {
        name: "standard, a million in flight",
        set: &["arrivals.rate=15000/s", "horizon=100s"],
        judged: Some(Judged::Yes),
        in_flight: 1_000_000,
    },
];

struct Nobody;

impl Sink for Nobody {
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        black_box((stamp, &event));
    }
}

fn study(set: &[&str]) -> Study {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/standard.toml");
    let overrides: Vec<Override> = set
        .iter()
        .map(|text| Override::parse_set(text).unwrap_or_else(|problem| panic!("{problem}")))
        .collect();
    files::read(&file, &overrides).unwrap_or_else(|problems| panic!("{problems}"))
}

fn tally(ending: Ending) -> Tally {
    match ending {
        Ending::Over(tally) => tally,
        Ending::Interrupted => panic!("nobody interrupts a bench"),
    }
}

/// Seconds, and what the run counted of itself.
fn run(study: &Study, judged: Option<Judged>) -> (f64, Tally) {
    let composed = match Composed::new(&study.topology, &study.scenario) {
        Ok(composed) => composed,
        Err(problems) => panic!("{problems}"),
    };
    let begin = Instant::now();
    let ending = match judged {
        None => composed.replicate(0, Nobody).run(|_| false).1,
        Some(judged) => {
            let settings = Settings {
                flows_kept: FlowsKept::None,
                ..Settings::new(composed.window(), study.scenario.seed, 0)
            };
            let watcher = Watcher::new(&composed.directory, settings, judged);
            let (watcher, ending) = composed.replicate(0, watcher).run(|_| false);
            black_box(watcher.finish());
            ending
        }
    };
    (begin.elapsed().as_secs_f64(), tally(ending))
}

/// A bare heap that does so many events and nothing else, with so many waiting at a time: seconds.
fn floor(events: u64, waiting: usize) -> f64 {
    let mut state = 1u64;
    let mut step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 24
    };
    let mut heap: BinaryHeap<std::cmp::Reverse<(u64, u64)>> =
        (0..waiting as u64).map(|n| std::cmp::Reverse((step(), n))).collect();
    let begin = Instant::now();
    for n in 0..events {
        if let Some(std::cmp::Reverse((at, _))) = heap.pop() {
            heap.push(std::cmp::Reverse((at + step(), n)));
        }
    }
    black_box(heap.len());
    begin.elapsed().as_secs_f64()
}

/// The most memory that this process had so far, in bytes; none where the system does not say.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// What the checkers of rules cost: the median of rounds in which a run with them follows one without.
fn checkers() {
    const ROUNDS: usize = 7;
    let study = study(&["horizon=60s"]);
    let mut ratios: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let without = run(&study, Some(Judged::No)).0;
            run(&study, Some(Judged::Yes)).0 / without
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "checkers on take {:.2} times as long as off (median of {ROUNDS})",
        ratios[ROUNDS / 2]
    );
}

fn main() {
    let million = std::env::args().any(|argument| argument == "million");
    println!(
        "{:32} {:>9} {:>9} {:>8} {:>11} {:>8}",
        "", "flows/s", "events/s", "ev/flow", "ns/event", "x floor"
    );
    for Row { name, set, judged, in_flight } in &ROWS {
        if *in_flight > 100_000 && !million {
            continue;
        }
        let before = peak();
        let (seconds, tally) = run(&study(set), *judged);
        let flows = tally.arrivals as f64;
        let events = tally.events as f64;
        let floor = floor(tally.events, *in_flight);
        println!(
            "{name:32} {:>9.0} {:>9.0} {:>8.1} {:>11.0} {:>8.1}",
            flows / seconds,
            events / seconds,
            events / flows,
            seconds / events * 1e9,
            seconds / floor,
        );
        if *in_flight > 100_000
            && let (Some(before), Some(after)) = (before, peak())
        {
            let each = after.saturating_sub(before) as f64 / *in_flight as f64;
            println!(
                "{:32} {each:.0} B of memory for each flow in flight, codes and tokens included",
                ""
            );
        }
    }
    checkers();
}
