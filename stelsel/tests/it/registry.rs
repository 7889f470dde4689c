//! What becomes of lists that are wrong: broken ones, bad ones, and rollbacks, in whole runs.

use stelsel::{answer::Answer, run::Options};
use watch::study::summary::{Summary, summarise};

use crate::world;

/// Hourly pulls, all at the same moment: at every whole hour.
const SCENARIO: &str = r#"
horizon = "6h"
warm_up = "0s"
replications = 2
seed = 9
[arrivals]
rate = "240/h"
[lists.whitelist_pull]
every = "1h"
phase = "synchronised"
"#;

fn run(changes: &str) -> (Answer, Summary) {
    let study = world::study(world::TOPOLOGY, &format!("{SCENARIO}{changes}"), &[]);
    let answer = world::answer(study, &Options::default());
    assert!(answer.replications.iter().all(|one| one.conservation.holds()));
    let figures: Vec<_> = answer.replications.iter().map(|one| one.figures.clone()).collect();
    let summary = summarise(&figures);
    (answer, summary)
}

fn value(summary: &Summary, name: &str) -> f64 {
    summary.overall(name).and_then(|row| row.estimate.value()).unwrap_or(f64::NAN)
}

fn change(at: &str, rest: &str) -> String {
    format!("[[change]]\nat = \"{at}\"\n{rest}\n")
}

#[test]
fn a_broken_list_changes_nothing_for_people() {
    let (_, none) = run("");
    let broken: String = ["whitelist", "zal", "ocl"]
        .map(|list| change("30min", &format!("kind = \"publish-broken\"\nlist = \"{list}\"")))
        .concat();
    let (answer, summary) = run(&broken);
    for name in ["wishes.served", "flows.completed", "registry.blocked_flows"] {
        assert_eq!(value(&summary, name), value(&none, name), "{name}");
    }
    let broken: Vec<_> = answer.verdicts.iter().filter(|verdict| verdict.broken()).collect();
    assert!(broken.is_empty(), "the old one stays in use, as it must: {broken:?}");
}

#[test]
fn a_bad_list_blocks_until_it_is_rolled_back_by_hand_or_the_register_is_mended() {
    let refused = |changes: &str| value(&run(changes).1, "flows.outcome.refused-tls");
    // za-1 is taken from the Whitelist by mistake, and everybody knows at two o'clock.
    let mistake =
        change("90min", "kind = \"remove-gateway\"\nhost = \"za-1\"\npublish = \"at-once\"");
    let back = change("150min", "kind = \"roll-back\"\nlist = \"whitelist\"");
    let fetch = |host: &str| {
        change("151min", &format!("kind = \"fetch-list\"\nlist = \"whitelist\"\nhost = \"{host}\""))
    };
    let mended = change("210min", "kind = \"add-gateway\"\nhost = \"za-1\"\npublish = \"at-once\"");

    let none = refused("");
    let never = refused(&mistake);
    let not_fetched = refused(&format!("{mistake}{back}"));
    let by_hand = refused(&format!("{mistake}{back}{}", fetch("pgo") + &fetch("za")));
    let in_register = refused(&format!("{mistake}{mended}"));
    assert_eq!(none, 0.0);
    // From two o'clock on it is blocked for half an hour, for two hours, or for ever. PGOs that fetch a ZAL meanwhile
    // no longer offer what is behind za-1, so that fewer are refused as time goes on.
    assert!(
        by_hand > 5.0 && in_register > 2.5 * by_hand && never > 1.4 * in_register,
        "{by_hand} {in_register} {never}"
    );
    assert_eq!(not_fetched, never, "an older number is taken by hand only");
}

#[test]
fn wishes_are_told_apart_by_the_age_of_the_list_that_the_pgo_held() {
    // Published at eleven, and fetched by all at every whole hour.
    let topology = world::TOPOLOGY.replace("zal_publish = \"23h\"", "zal_publish = \"11h\"");
    let pulls = "[lists.zal_pull]\nevery = \"1h\"\nphase = \"synchronised\"\n";
    let study = world::study(&topology, &format!("{SCENARIO}{pulls}"), &["horizon=14h"]);
    let answer = world::answer(study, &Options::default());
    let figures: Vec<_> = answer.replications.iter().map(|one| one.figures.clone()).collect();
    let summary = summarise(&figures);
    let started = |age: &str| {
        let group = format!("list_age={age}");
        let rows = summary.groups("wishes.started").filter(|row| row.group.name() == group);
        rows.filter_map(|row| row.estimate.value()).sum::<f64>() / 240.0
    };
    // Hours: 0 to 1 of the first list and of the next, 1 to 6 of both, 6 to 11 of the first.
    for (age, hours) in [("0-1h", 2.0), ("1-6h", 7.0), ("6-24h", 5.0), ("24h+", 0.0)] {
        assert!((started(age) - hours).abs() < 0.25, "{age}: {}", started(age));
    }
}
