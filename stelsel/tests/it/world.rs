//! Studies for tests: files written to a folder that goes away, read as the program reads them.

use std::path::Path;

use protocol::trace::Sink;
use stelsel::{
    answer::{Answer, Study},
    compose::Composed,
    files::{self, Override},
    run::{self, Options, Ran, Unwatched},
};

/// Three PGO gateways, three ZA gateways, sixty Zorgaanbieders.
pub const TOPOLOGY: &str = r#"
name = "world"
release = "1.0"
[[pgo]]
count = 3
[[za]]
count = 3
providers = 60
services = ["4", "6", "7"]
[stelselnode]
zal_publish = "23h"
whitelist_publish = "23h"
"#;

/// A study of that topology and this scenario, whose `name` and `topology` stand before it.
pub fn study(topology: &str, scenario: &str, set: &[&str]) -> Study {
    let folder = tempfile::tempdir().expect("a folder for files");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file in it");
    };
    write("topology.toml", topology);
    let head = "name = \"test\"\ntopology = \"topology.toml\"\n";
    write("scenario.toml", &format!("{head}{scenario}"));
    read(&folder.path().join("scenario.toml"), set)
}

/// The study in that file.
pub fn read(path: &Path, set: &[&str]) -> Study {
    let overrides: Vec<Override> =
        set.iter().map(|text| Override::parse_set(text).expect("path=value")).collect();
    match files::read(path, &overrides) {
        Ok(study) => study,
        Err(problems) => panic!("{problems}"),
    }
}

/// Runs a study.
pub fn answer(study: Study, options: &Options) -> Answer {
    match run::run(study, options, &Unwatched) {
        Ok(Ran::Whole(answer)) => *answer,
        Ok(_) => panic!("nobody stopped it"),
        Err(problems) => panic!("{problems}"),
    }
}

/// Runs the first replication with somebody who reads its events.
pub fn watch<S: Sink>(study: &Study, sink: S) -> S {
    match Composed::new(&study.topology, &study.scenario) {
        Ok(composed) => composed.replicate(0, sink).run(|_| false).0,
        Err(problems) => panic!("{problems}"),
    }
}
