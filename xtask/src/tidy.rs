//! Holds the source against the promises of ARCHITECTURE.md.
//!
//! What clippy can check is in `clippy.toml` and the workspace's lints; here is the rest. Each check gives
//! the breaches that it finds, in words that say what to do.

use std::io;

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::source::{File, files, root};

/// Who may stand on whom: DESIGN's ladder. Dependencies outside the workspace are not its affair.
const LADDER: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("actors", &["protocol"]),
    ("sim", &["protocol"]),
    ("wire", &["protocol"]),
    ("watch", &["protocol"]),
    ("twin", &["protocol", "actors", "wire", "watch"]),
    ("desk", &["protocol", "wire", "twin"]),
    ("stelsel", &["protocol", "actors", "sim", "wire", "watch", "twin", "desk"]),
    ("xtask", &["protocol", "actors", "sim", "wire", "watch", "twin", "desk", "stelsel"]),
];

/// Crates that read no clock and depend on no hash order: all below the twin.
const PURE: &[&str] = &["protocol", "actors", "sim", "wire", "watch"];

/// Longer product files have a second subject. Tables are exempt: their length is their content.
const LONGEST: usize = 700;
const TABLES: &[&str] = &["protocol/src/message.rs"];

/// All breaches, or why they could not be looked for.
pub fn check() -> Result<Vec<String>, String> {
    let wrong = |error: io::Error| format!("cannot read the workspace: {error}");
    let sources = files(&[".rs"]).map_err(wrong)?;
    let texts =
        files(&[".rs", ".md", ".toml", ".html", ".css", ".js", ".sh", "run"]).map_err(wrong)?;
    let mut breaches = ladder()?;
    breaches.extend(clippy_files(&files(&["clippy.toml"]).map_err(wrong)?));
    for file in &sources {
        breaches.extend(headers(file));
        breaches.extend(length(file));
        breaches.extend(hash_maps(file));
        breaches.extend(one_world(file));
        breaches.extend(unfinished(file));
    }
    for file in &texts {
        breaches.extend(machine_paths(file));
    }
    breaches.extend(architecture(&texts)?);
    Ok(breaches)
}

/// No crate imports sideways or upwards.
fn ladder() -> Result<Vec<String>, String> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .map_err(|error| format!("cannot read cargo metadata: {error}"))?;
    let mut breaches = Vec::new();
    for package in metadata.workspace_packages() {
        let Some((_, allowed)) = LADDER.iter().find(|(name, _)| package.name == *name) else {
            breaches
                .push(format!("{}: a crate without a rung on the ladder of imports", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let inside = LADDER.iter().any(|(name, _)| dependency.name == *name);
            let for_tests = dependency.kind == DependencyKind::Development;
            if inside && !for_tests && !allowed.contains(&dependency.name.as_str()) {
                breaches.push(format!(
                    "{} imports {}: it may stand on {allowed:?} only",
                    package.name, dependency.name
                ));
            }
        }
    }
    Ok(breaches)
}

/// The nearest `clippy.toml` replaces the root's, so every pure crate has the same one.
fn clippy_files(found: &[File]) -> Vec<String> {
    let text = |path: &str| found.iter().find(|file| file.path == path).map(|file| &file.text);
    let Some(wanted) = text("clippy.toml") else {
        return vec!["clippy.toml is missing at the root".into()];
    };
    let differs = |house: &&&str| text(&format!("{house}/clippy.toml")) != Some(wanted);
    let say = |house: &&str| format!("{house}/clippy.toml differs from the root's: copy it");
    PURE.iter().filter(differs).map(say).collect()
}

/// A module opens with what it is.
fn headers(file: &File) -> Option<String> {
    (!file.text.starts_with("//!"))
        .then(|| format!("{}: opens without `//!` that says what it is and is not", file.path))
}

fn length(file: &File) -> Option<String> {
    let lines = file.product().lines().count();
    let exempt = TABLES.contains(&file.path.as_str());
    (lines > LONGEST && !exempt)
        .then(|| format!("{}: {lines} lines of product code: find the second subject", file.path))
}

/// `LiveSet` is the one hash table below the twin (semantics 7).
fn hash_maps(file: &File) -> Option<String> {
    let pure = PURE.contains(&file.house()) && file.path != "protocol/src/live_set.rs";
    let hashes = ["hashbrown", "HashMap", "HashSet", "RandomState"];
    let found = hashes.iter().find(|name| file.product().contains(*name))?;
    pure.then(|| {
        format!(
            "{}: {found} depends on hash order: use protocol::live_set or a BTreeMap",
            file.path
        )
    })
}

/// One set of actors in both worlds: no line of theirs is compiled, or runs, in one of them only. What is built for
/// tests alone is no line of theirs.
fn one_world(file: &File) -> Vec<String> {
    if !matches!(file.house(), "actors" | "protocol") || !file.path.contains("/src/") {
        return Vec::new();
    }
    let for_tests = |line: &str| line == "#[cfg(test)]" || line == "#[cfg(feature = \"crank\")]";
    let tells = ["cfg(", "cfg!(", "cfg_attr(", "std::env", "env!(", "tokio", "type_name"];
    let told = |line: &str| tells.iter().any(|tell| line.contains(tell)) && !for_tests(line.trim());
    file.product()
        .lines()
        .enumerate()
        .filter(|(_, line)| told(line) && !line.trim_start().starts_with("//"))
        .map(|(number, _)| {
            let place = format!("{}:{}", file.path, number + 1);
            format!("{place}: may differ between the worlds: say it by the contract")
        })
        .collect()
}

/// What is not done is left out, not marked.
fn unfinished(file: &File) -> Vec<String> {
    let marks = ["TO", "FIX", "XX", "HACK"].map(|mark| match mark {
        "TO" => "TODO",
        "FIX" => "FIXME",
        "XX" => "XXX",
        other => other,
    });
    let marked = |line: &str| marks.iter().any(|mark| line.contains(&format!("// {mark}")));
    file.text
        .lines()
        .enumerate()
        .filter(|(_, line)| marked(line))
        .map(|(number, line)| format!("{}:{}: {}", file.path, number + 1, line.trim()))
        .collect()
}

/// Nothing names a place of one machine.
fn machine_paths(file: &File) -> Vec<String> {
    let places = ["/home/", "/root/", "/Users/", "/work/"].map(|place| format!(" {place}"));
    let named = |line: &str| {
        places
            .iter()
            .any(|place| format!(" {}", line.replace(['"', '`', '(', '='], " ")).contains(place))
    };
    file.text
        .lines()
        .enumerate()
        .filter(|(_, line)| file.path != "xtask/src/tidy.rs" && named(line))
        .map(|(number, _)| format!("{}:{}: names a path of one machine", file.path, number + 1))
        .collect()
}

/// ARCHITECTURE.md has a section per crate and a row per dependency.
fn architecture(texts: &[File]) -> Result<Vec<String>, String> {
    let Some(file) = texts.iter().find(|file| file.path == "ARCHITECTURE.md") else {
        return Ok(vec!["ARCHITECTURE.md is missing".into()]);
    };
    let mut breaches = Vec::new();
    for (house, _) in LADDER {
        if !file.text.contains(&format!("### `{house}`")) {
            breaches.push(format!("ARCHITECTURE.md has no section on `{house}`"));
        }
    }
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .map_err(|error| format!("cannot read cargo metadata: {error}"))?;
    let mut outside: Vec<String> = metadata
        .workspace_packages()
        .iter()
        .flat_map(|package| &package.dependencies)
        .map(|dependency| dependency.name.clone())
        .filter(|name| LADDER.iter().all(|(house, _)| house != name))
        .collect();
    outside.sort();
    outside.dedup();
    for name in outside {
        if !file.text.contains(&format!("| {name} |")) {
            breaches.push(format!("ARCHITECTURE.md has no row on the dependency {name}"));
        }
    }
    Ok(breaches)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    #[test]
    fn each_check_finds_its_breach_and_leaves_the_rest_alone() {
        assert!(headers(&file("sim/src/a.rs", "use x;")).is_some());
        assert!(headers(&file("sim/src/a.rs", "//! A.\nuse x;")).is_none());
        let long = "//! A.\n".repeat(LONGEST + 1);
        assert!(length(&file("sim/src/a.rs", &long)).is_some());
        assert!(length(&file("sim/tests/a.rs", &long)).is_none());
        assert!(hash_maps(&file("sim/src/a.rs", "use std::collections::HashMap;")).is_some());
        assert!(hash_maps(&file("stelsel/src/a.rs", "use std::collections::HashMap;")).is_none());
        let worldly = file("actors/src/a.rs", "//! A.\n#[cfg(feature = \"twin\")]\nfn x() {}");
        assert_eq!(one_world(&worldly).len(), 1);
        assert_eq!(
            one_world(&file("actors/src/a.rs", "//! A.\n#[cfg(test)]\nmod tests {}")),
            [""; 0]
        );
        assert_eq!(one_world(&file("sim/src/a.rs", "if cfg!(debug_assertions) {}")), [""; 0]);
        assert_eq!(unfinished(&file("a.rs", &["// TO", "DO: later"].concat())).len(), 1);
        assert_eq!(machine_paths(&file("a.md", &["see /ho", "me/me/x"].concat())).len(), 1);
        assert_eq!(machine_paths(&file("a.md", "see ../shared and https://x.nl/work/y")).len(), 0);
        let same = |house: &str| file(&format!("{house}clippy.toml"), "same");
        let mut all: Vec<File> = PURE.iter().map(|house| same(&format!("{house}/"))).collect();
        all.push(same(""));
        assert_eq!(clippy_files(&all), [""; 0]);
        all[1].text = "other".into();
        assert_eq!(clippy_files(&all).len(), 1);
    }
}
