//! The same run with every message through its bytes gives the same results, to the byte: nothing that an actor knows
//! of a message is lost on the wire, whoever deviates and whatever befalls them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use actors::deviant::Deviation;
use protocol::role::Role;
use stelsel::{
    answer::Study,
    results,
    run::{self, Options, Unwatched, World},
};
use watch::statistics::FlowsKept;

use crate::world;

const HEAD: &str = r#"
warm_up = "0s"
replications = 1
seed = 5
[persons]
login = "exp(mean=30s)"
refuse_consent = 0.1
cancel_login = 0.1
wrong_password = 0.2
go_back = 0.1
reload = 0.1
double_submit = 0.1
consult_dossier = 0.3
retry = { probability = 0.5, after = "exp(mean=1min)" }
"#;

/// What befalls a network in three hours.
const EVENTS: &str = r#"
[[fault]]
at = "20min"
for = "10min"
host = "xis-*"
kind = "down"
[[fault]]
at = "50min"
host = "pgo-2"
kind = "revoke"
[[fault]]
at = "80min"
for = "20min"
host = "ocsp"
kind = "down"
[[fault]]
at = "100min"
for = "10min"
host = "za-1"
kind = "skew(900s)"
[[change]]
at = "30min"
kind = "remove-gateway"
host = "za-2"
publish = "at-once"
[[change]]
at = "45min"
kind = "add-provider"
zorgaanbieder = "xis-7"
[[change]]
at = "60min"
kind = "publish-broken"
list = "zal"
"#;

/// Every file of a result folder.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(dir).expect("a result folder");
    entries
        .map(|entry| entry.expect("an entry of it").path())
        .map(|path| {
            let name = path.file_name().expect("a name").into();
            (name, std::fs::read(&path).expect("a result file"))
        })
        .collect()
}

/// The results of a study in a world.
fn results_of(study: Study, world: World, dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let options = Options { flows: FlowsKept::All, traces: 20, world, ..Options::default() };
    let answer = world::answer(study, &options);
    results::write_with(&answer, dir, &[]).expect("a folder that can be written");
    files(dir)
}

/// The names of files that differ between the run and the same run through bytes.
fn differing(keys: &Path, scenario: &str) -> Vec<PathBuf> {
    let folder = tempfile::tempdir().expect("a folder for results");
    let set = ["topology.population.people=9091"];
    let study = || world::study(world::TOPOLOGY, scenario, &set);
    let plain = results_of(study(), World::Virtual, &folder.path().join("plain"));
    let through = World::ThroughBytes(keys.to_owned());
    let carried = results_of(study(), through, &folder.path().join("carried"));
    assert!(plain.keys().eq(carried.keys()), "the same files");
    plain
        .into_iter()
        .filter(|(name, bytes)| carried[name] != *bytes)
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn results_are_the_same_bytes_whatever_befalls_the_network() {
    let keys = tempfile::tempdir().expect("a folder for keys");
    let scenario = format!("horizon = \"3h\"\n{HEAD}[arrivals]\nrate = \"150/h\"\n{EVENTS}");
    assert_eq!(differing(keys.path(), &scenario), Vec::<PathBuf>::new());
}

#[test]
fn results_are_the_same_bytes_whoever_deviates() {
    let keys = tempfile::tempdir().expect("a folder for keys");
    let mut wrong = Vec::new();
    for deviation in Deviation::ALL {
        for role in deviation.roles() {
            let host = match role {
                Role::Person => "person".to_owned(),
                role => format!("{}-1", role.name()),
            };
            let scenario = format!(
                "horizon = \"1h\"\n{HEAD}[arrivals]\nrate = \"40/h\"\n\
                [[deviant]]\nhost = \"{host}\"\nbreaks = \"{deviation}\"\n"
            );
            let differ = differing(keys.path(), &scenario);
            if !differ.is_empty() {
                wrong.push(format!("{deviation} at {host}: {differ:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn more_people_than_invented_bsns_are_refused() {
    let keys = tempfile::tempdir().expect("a folder for keys");
    let study = world::study(
        world::TOPOLOGY,
        "horizon = \"1h\"\n[arrivals]\nrate = \"1/h\"\n",
        &["topology.population.people=9092"],
    );
    let through = World::ThroughBytes(keys.path().to_owned());
    let options = Options { world: through, ..Options::default() };
    let Err(refused) = run::run(study, &options, &Unwatched) else { panic!("it was not refused") };
    let refused = refused.to_string();
    assert!(refused.contains("population.people"), "{refused}");
    assert!(refused.contains("at most 9091 people"), "{refused}");
}
