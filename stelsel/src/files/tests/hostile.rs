//! Whatever is in a file, reading it ends with a plan or with complaints; and schemas agree with the reader.

use proptest::prelude::*;
use protocol::time::Duration;
use serde_json::Value;

use super::*;
use crate::files::{
    forms,
    units::{self, Dimension},
};

/// The shipped scenarios and topologies, those of studies included, each with its text.
fn shipped(folder: &str) -> Vec<String> {
    let mut paths = Vec::new();
    files_in(&root().join(folder), &mut paths);
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Every TOML file of a folder and the folders in it.
fn files_in(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_in(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            found.push(path);
        }
    }
}

/// One of the files with some bytes replaced.
fn mutated(folder: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..6);
    (prop::sample::select(shipped(folder)), bytes).prop_map(|(text, changes)| {
        let mut bytes = text.into_bytes();
        for (place, byte, way) in changes {
            let place = place.index(bytes.len());
            match way {
                0 => bytes[place] = byte,
                1 => bytes.truncate(place.max(1)),
                2 => bytes[place] = b"\"[]{}=.,()*>@0-\n"[usize::from(byte & 15)],
                _ => {
                    let line = b"\n[[fault]]\nat = \"1s\"\nkind = \"slow(x2)\"\nhost = \"*a*\"\n";
                    bytes.splice(place..place, line.iter().copied());
                }
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_is_read_or_complained_of(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "[\\[\\]a-z\"=.{}0-9\n ]{0,200}") {
        for bytes in [&bytes[..], text.as_bytes()] {
            prop_assert!(!of_files(&[("short.toml", bytes)]).is_empty());
            prop_assert!(!of_files(&[("small.toml", bytes)]).is_empty());
        }
    }

    #[test]
    fn a_damaged_scenario_is_read_or_complained_of(bytes in mutated("scenarios")) {
        prop_assert!(!of_files(&[("short.toml", &bytes)]).is_empty());
    }

    #[test]
    fn a_damaged_topology_is_read_or_complained_of(bytes in mutated("topologies")) {
        prop_assert!(!of_files(&[("small.toml", &bytes)]).is_empty());
    }

    #[test]
    fn any_flag_is_taken_or_complained_of(path in "(topology\\.)?[a-z\\.\"*0-9-]{0,30}", value in ".{0,30}") {
        if let Ok(one) = Override::parse_set(&format!("{path}={value}")) {
            let text = format!("{}={}", one.path, one.value);
            prop_assert!(!of_set(&[&text]).is_empty());
        }
    }

    #[test]
    fn any_text_has_a_meaning_or_an_error(text in "\\PC{0,40}", inside in "[0-9a-z=,.µ -]{0,30}") {
        let call = |name: &str| format!("{name}({inside})");
        let texts = ["fixed", "exp", "lognormal", "uniform", "slow", "skew", "drift", "loss", "delay", "lag", "zipf"];
        for text in texts.map(call).into_iter().chain([text.clone(), inside.clone()]) {
            let _ = (units::duration(&text), units::rate(&text), units::size(&text), units::bandwidth(&text));
            let _ = (units::comparison(&text), units::zipf(&text), forms::fault(&text), forms::check_against(&text));
            for dimension in [Dimension::Time, Dimension::Plain] {
                if let Ok(units::Written::Known(found)) = units::distribution(&text, dimension) {
                    prop_assert!(found.mean() >= 0.0, "{text}");
                }
            }
        }
    }

    #[test]
    fn a_duration_is_read_back_as_it_was_shown(nanos in 0..1u64 << 50) {
        let duration = Duration::from_nanos(nanos);
        prop_assert_eq!(units::duration(&duration.to_string()), Ok(duration));
    }

    #[test]
    fn a_quantity_is_its_number_times_its_unit(number in 1..100_000u32) {
        let number_f64 = f64::from(number);
        prop_assert_eq!(units::rate(&format!("{number}/min")), Ok(number_f64 / 60.0));
        prop_assert_eq!(units::size(&format!("{number}kB")), Ok(number_f64 * 1e3));
        prop_assert_eq!(units::bandwidth(&format!("{number}Mbit/s")), Ok(number_f64 * 125_000.0));
        prop_assert_eq!(units::duration(&format!("{number}min")), Ok(Duration::from_secs(u64::from(number) * 60)));
    }
}

#[test]
fn patterns_find_the_hosts_that_they_should() {
    for (pattern, name) in
        [("*", "za-1"), ("za-*", "za-12"), ("*-1", "pgo-1"), ("za-1", "za-1"), ("*a*-*", "za-1")]
    {
        assert!(host_matches(pattern, name), "{pattern} {name}");
    }
    for (pattern, name) in
        [("za-*", "pgo-1"), ("za-1", "za-12"), ("*-1", "za-12"), ("", "za-1"), ("a*a", "a")]
    {
        assert!(!host_matches(pattern, name), "{pattern} {name}");
    }
}

/// A file as its schema sees it.
fn as_json(text: &str) -> Value {
    let source =
        tree::Source { name: "test".into(), prefix: "", folder: std::path::PathBuf::new() };
    tree::parse(text, &source.into()).unwrap().json()
}

#[test]
fn the_schemas_accept_every_shipped_file_and_what_defaults_make_of_it() {
    for (folder, which) in [("topologies", Which::Topology), ("scenarios", Which::Scenario)] {
        let validator = jsonschema::validator_for(&schema(which)).unwrap();
        for text in shipped(folder) {
            let errors: Vec<String> =
                validator.iter_errors(&as_json(&text)).map(|error| error.to_string()).collect();
            assert_eq!(errors, [""; 0], "{text}");
        }
    }
    let study = read_beside(&[], &[]).unwrap();
    for (key, which) in [("topology", Which::Topology), ("scenario", Which::Scenario)] {
        let validator = jsonschema::validator_for(&schema(which)).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&study.resolved[key]).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{key}");
    }
}

#[test]
fn the_schemas_refuse_what_the_reader_refuses() {
    let scenario = jsonschema::validator_for(&schema(Which::Scenario)).unwrap();
    for bad in [
        "[persons]\npatiens = \"fixed(1s)\"",
        "[persons]\nlogin = 25",
        "[persons]\nlogin = \"exp(median=3s)\"",
        "[persons]\nreload = 1.5",
        "[tokens]\nentropy_bits = 123",
        "[[fault]]\nat = \"1h\"\nkind = \"explode\"\nhost = \"za\"",
        "[[change]]\nat = \"1h\"\nkind = \"removal\"",
        "[expect]\n\"no.such_metric\" = \"> 0\"",
    ] {
        assert_ne!(of_scenario(bad), "nothing is wrong", "{bad}");
        assert!(!scenario.is_valid(&as_json(&format!("{SCENARIO}{bad}"))), "{bad}");
    }
    let topology = jsonschema::validator_for(&schema(Which::Topology)).unwrap();
    for bad in [
        "[digid]\nworkers = 0",
        "[costs]\n\"za.sign\" = \"fixed(1ms)\"",
        "[services]\n\"4711\" = 1",
        "[[pgo]]\nhostname = \"gateway\"",
        "[ocsp]\ncache = \"all\"",
        "[links]\ndefault = { bandwidth = \"1Mbit/s\" }",
    ] {
        assert_ne!(of_topology(bad), "nothing is wrong", "{bad}");
        assert!(!topology.is_valid(&as_json(&format!("{TOPOLOGY}{bad}"))), "{bad}");
    }
}

#[test]
fn every_key_says_what_it_means_and_has_a_default_that_fits() {
    fn look(schema: &Value, path: &str, seen: &mut usize) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            *seen += 1;
            let what = property["description"].as_str().unwrap_or_default();
            assert!(what.len() >= 5, "{path}.{name}");
            if let Some(default) = property.get("default").filter(|default| {
                !default.is_object() && default.as_array().is_none_or(|list| !list.is_empty())
            }) {
                assert!(jsonschema::is_valid(property, default), "{path}.{name}: {default}");
            }
            look(property, &format!("{path}.{name}"), seen);
            look(&property["items"], &format!("{path}.{name}"), seen);
        }
    }
    let mut seen = 0;
    look(&schema(Which::Topology), "topology", &mut seen);
    look(&schema(Which::Scenario), "scenario", &mut seen);
    assert!(seen > 150, "{seen}");
}
