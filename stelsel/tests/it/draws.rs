//! Common random numbers and conservation, over whole runs (semantics 6 and 11).

use std::collections::BTreeMap;

use protocol::trace::{Event, FlowFacts, Sink, Stamp};
use stelsel::run::Options;
use watch::statistics::FlowsKept;

use crate::world;

const SCENARIO: &str = r#"
horizon = "1h"
warm_up = "5min"
replications = 2
seed = 5
[arrivals]
rate = "1/s"
[persons]
refuse_consent = 0.02
retry = { probability = 0.5, after = "exp(mean=5min)" }
"#;

const FAULTS: &str = r#"
[[fault]]
at = "10min"
for = "5min"
host = "digid"
kind = "down"
[[fault]]
at = "20min"
for = "5min"
host = "za-1"
kind = "slow(x20)"
[[fault]]
at = "30min"
for = "1min"
host = "za-2"
kind = "crash"
[[fault]]
at = "35min"
for = "5min"
link = "pgo-1>za-*"
kind = "partition"
"#;

/// First attempts: when they began and what they are about.
#[derive(Default)]
struct First(BTreeMap<u32, (u64, FlowFacts)>);

impl Sink for First {
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        if let (Event::FlowBegan { facts, .. }, Some(flow)) = (event, stamp.flow)
            && flow.id.attempt == 1
        {
            self.0.insert(flow.id.arrival, (stamp.at.as_nanos(), *facts));
        }
    }
}

#[test]
fn a_fault_moves_no_first_attempt() {
    let first = |scenario: &str| {
        let study = world::study(world::TOPOLOGY, scenario, &[]);
        world::watch(&study, First::default()).0
    };
    let calm = first(SCENARIO);
    let stormy = first(&format!("{SCENARIO}{FAULTS}"));
    // One run may go on a little longer than the other, for its cohort to end.
    let both = calm.len().min(stormy.len());
    assert!(both > 3_500, "{both}");
    assert!(calm.iter().take(both).eq(stormy.iter().take(both)));
}

#[test]
fn every_flow_and_every_exchange_is_accounted_for_whatever_befalls() {
    let scenario = format!("{SCENARIO}{FAULTS}");
    let study = world::study(world::TOPOLOGY, &scenario, &[]);
    let answer = world::answer(study, &Options::default());
    for replication in &answer.replications {
        assert!(replication.conservation.holds(), "{:?}", replication.conservation);
        let bad = replication.hosts.iter().filter(|host| !host.balances()).count();
        assert_eq!(bad, 0);
    }
    let broken: Vec<_> = answer.verdicts.iter().filter(|one| one.broken()).collect();
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn the_number_of_jobs_changes_nothing() {
    let run = |jobs, seed: &str| {
        let study = world::study(world::TOPOLOGY, SCENARIO, &[seed, "replications=3"]);
        let options =
            Options { jobs: Some(jobs), flows: FlowsKept::All, traces: 3, ..Options::default() };
        let answer = world::answer(study, &options);
        (answer.replications, answer.verdicts)
    };
    let one = run(1, "seed=5");
    assert!(one == run(2, "seed=5"));
    assert!(one.0 != run(2, "seed=6").0);
}
