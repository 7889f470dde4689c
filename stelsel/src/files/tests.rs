//! Files that are good, files that are not, and what is said about them.

mod bad;
mod good;
mod hostile;

use super::*;

/// A topology that is right.
const TOPOLOGY: &str = r#"
name = "small"
release = "1.1"
[[pgo]]
count = 2
[[za]]
count = 2
providers = 10
services = ["49", "51"]
"#;

/// A scenario that is right.
const SCENARIO: &str = r#"
name = "short"
topology = "small.toml"
horizon = "1h"
[arrivals]
rate = "2/s"
"#;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Reads `short.toml` beside these files, with what `--set` says.
fn read_beside(files: &[(&str, &[u8])], set: &[&str]) -> Result<Study, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("small.toml", TOPOLOGY.as_bytes()), ("short.toml", SCENARIO.as_bytes())]
        .iter()
        .chain(files)
    {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let set: Vec<Override> = set.iter().map(|text| Override::parse_set(text).unwrap()).collect();
    super::read(&folder.path().join("short.toml"), &set).map_err(|problems| {
        problems.to_string().replace(&format!("{}/", folder.path().to_string_lossy()), "")
    })
}

/// The complaints about a scenario with this at its end.
fn of_scenario(more: &str) -> String {
    of_files(&[("short.toml", format!("{SCENARIO}{more}").as_bytes())])
}

/// The complaints about a topology with this at its end.
fn of_topology(more: &str) -> String {
    of_files(&[("small.toml", format!("{TOPOLOGY}{more}").as_bytes())])
}

fn of_files(files: &[(&str, &[u8])]) -> String {
    read_beside(files, &[]).map_or_else(|problems| problems, |_| "nothing is wrong".into())
}

/// The complaints about what `--set` says.
fn of_set(set: &[&str]) -> String {
    read_beside(&[], set).map_or_else(|problems| problems, |_| "nothing is wrong".into())
}
