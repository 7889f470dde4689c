//! The search for capacity, where theory says where it must end.

use stelsel::{
    capacity::{self, Norm},
    run::Unwatched,
};

use crate::world;

/// DigiD has one worker, of whom every person takes two seconds and a little for the rest: 1,800 an hour and no more.
const SCENARIO: &str = r#"
horizon = "2h"
warm_up = "20min"
replications = 6
seed = 3
[arrivals]
rate = "900/h"
[persons]
patience = "fixed(30s)"
"#;

fn topology() -> String {
    let digid = "[digid]\nworkers = 1\n[costs]\n\"digid.*\" = \"fixed(0s)\"\n";
    format!("{}{digid}\"digid.check-credentials\" = \"fixed(2s)\"\n", world::TOPOLOGY)
}

#[test]
fn the_search_ends_at_the_bound_of_the_bottleneck_and_names_it() {
    let norms: Vec<Norm> = vec!["served".parse().unwrap()];
    let study = world::study(&topology(), SCENARIO, &[]);
    let found = capacity::search(study, &norms, 0.05, None, &capacity::simulated(None, &Unwatched))
        .unwrap();
    assert!(found.is_whole);
    let answer = &found.answers[0];
    let (kept, broken) =
        (&found.probes[answer.kept.unwrap()], &found.probes[answer.broken.unwrap()]);
    assert!(broken.factor / kept.factor <= 1.05 + 1e-9);
    let busiest = kept.busiest.as_ref().unwrap();
    assert_eq!(busiest.host, "digid-1");
    // A person who is not served has taken DigiD's time as well; 1,800 an hour log in, and that is the bound.
    assert!((busiest.bound_per_hour / 1_800.0 - 1.0).abs() < 0.06, "{busiest:?}");
    assert!(kept.per_hour < busiest.bound_per_hour, "{} {busiest:?}", kept.per_hour);
    // A gateway waits ten seconds for DigiD, in the same queue: with one worker of two seconds that is too long for
    // one in a hundred from a load of some two thirds on (M/D/1).
    let load = kept.per_hour / busiest.bound_per_hour;
    assert!((0.55..0.8).contains(&load), "{load}");
    assert!(found.probes.is_sorted_by(|one, other| one.factor < other.factor));
}

#[test]
fn a_norm_that_load_does_not_break_and_one_that_no_load_keeps_are_told_as_that() {
    let norms: Vec<Norm> =
        vec!["flows.started >= 0".parse().unwrap(), "latency.machine.p50 <= 1ms".parse().unwrap()];
    let study = world::study(
        world::TOPOLOGY,
        SCENARIO,
        &["horizon=25min", "replications=1", "arrivals.rate=1/h"],
    );
    let found =
        capacity::search(study, &norms, 0.5, None, &capacity::simulated(None, &Unwatched)).unwrap();
    assert_eq!(found.answers[0].broken, None);
    assert_eq!(found.answers[1].kept, None);
    let folder = tempfile::tempdir().unwrap();
    let folder = capacity::write(&found, &folder.path().join("capacity")).unwrap();
    let sentences = folder.sentences();
    assert!(sentences[0].contains("holds at every load tried"), "{sentences:?}");
    assert!(sentences[1].contains("load is not what breaks it"), "{sentences:?}");
}
