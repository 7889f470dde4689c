//! The JSON Schemas of both files, made of the table of keys, so that editors complete and check them.
//!
//! A schema accepts what the reader accepts as far as the form of one value shows it; what keys mean
//! together, and whether hosts and files are there, only the reader tells.

use std::path::PathBuf;

use protocol::{catalogue::CATALOGUE, contract::Work, release::Release, role::Role};
use serde_json::{Map, Value, json};
use watch::study::metrics::{self, MetricKind};

use super::{
    keys,
    kinds::{Absent, Key, Kind, Line},
    tree::{self, Origin, Source},
    units::{NUMBER, TIME_UNITS},
};

/// Of which file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// Topologies.
    Topology,
    /// Scenarios.
    Scenario,
}

/// The JSON Schema (draft 2020-12) of a file, as its TOML is in JSON.
pub fn schema(which: Which) -> Value {
    let (title, keys) = match which {
        Which::Topology => ("A topology of stelsel: who is in the network", keys::TOPOLOGY),
        Which::Scenario => ("A scenario of stelsel: what happens in a network", keys::SCENARIO),
    };
    let mut schema = table(keys, None);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(title);
    schema
}

fn table(keys: &[Key], line: Option<Line>) -> Value {
    let mut properties: Map<String, Value> =
        keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> =
        keys.iter().filter(|key| matches!(key.absent, Absent::Wrong)).map(|key| key.name).collect();
    let mut schema = json!({ "type": "object", "additionalProperties": false });
    match line {
        None => {}
        Some(Line::Link) => {
            schema["patternProperties"] = json!({ LINK_ENDS: of(&Kind::Link) });
        }
        Some(Line::Cost) => {
            let line = cost_line();
            schema["patternProperties"] = json!({
                format!("^{line}$"): of(&Kind::Durations),
                format!("^{line}/MB$"): of(&Kind::Duration),
            });
        }
        Some(Line::Service) => {
            for service in CATALOGUE {
                let mut weight = of(&Kind::PositiveNumber);
                weight["description"] = json!(service.name);
                properties.insert(service.id.to_owned(), weight);
            }
        }
        Some(Line::Expectation) => {
            let expected = || pattern("^(<|<=|>|>=|=) *[0-9].*$", &[">= 0.95", "< 2s"]);
            for metric in metrics::table().iter().filter(|one| one.kind != MetricKind::Distribution)
            {
                let mut value = expected();
                value["description"] = json!(format!("{}, in {}", metric.what, metric.unit));
                properties.insert(metric.name.clone(), value);
            }
            schema["patternProperties"] = json!({ "^[a-z0-9._-]+@[^=]+=.+$": expected() });
        }
    }
    schema["properties"] = Value::Object(properties);
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn property(key: &Key) -> Value {
    let mut schema = of(&key.kind);
    schema["description"] = json!(key.what);
    if let Absent::Is(default) = key.absent {
        let nobody = Source { name: "".into(), prefix: "", folder: PathBuf::new() };
        schema["default"] = tree::parse_value(default, &Origin::whole(&nobody.into())).json();
    }
    schema
}

const LINK_ENDS: &str = "^[a-z0-9*-]+( *> *[a-z0-9*-]+)?$";
const FAULTS: &str = r"down|crash|pause|revoke|expire|partition|slow\(x[0-9.]+\)|skew\(-?[0-9.]+[a-zµ]+\)|drift\(-?[0-9.]+ppm\)|loss\([0-9.]+\)|delay\(.+\)";

fn of(kind: &Kind) -> Value {
    match kind {
        Kind::Text | Kind::Path | Kind::PathOr | Kind::Deviation => {
            json!({ "type": "string", "minLength": 1 })
        }
        Kind::StudyName => pattern("^[A-Za-z0-9][A-Za-z0-9._-]*$", &["morning-peak"]),
        Kind::Hostname => {
            pattern(r"^([a-z0-9][a-z0-9-]*\.)+[a-z0-9][a-z0-9-]*[a-z0-9]$", &["gateway.example.nl"])
        }
        Kind::Organisation => json!({ "type": "string", "minLength": 3, "maxLength": 50 }),
        Kind::HostName => pattern("^[a-z][a-z0-9-]*$", &["za-2"]),
        Kind::Hosts => pattern("^[a-z0-9*-]+$", &["za-2", "za", "za-*"]),
        Kind::Ends => pattern(LINK_ENDS, &["za-2>digid", "person-*"]),
        Kind::Provider => pattern(
            "^([a-z]+(\\.[a-z]+)*@medmij|xis-[1-9][0-9]*)$",
            &["huisartsbaaa@medmij", "xis-2"],
        ),
        Kind::ProviderType => pattern("^[a-z][a-z-]*$", &["huisarts"]),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Release => json!({ "enum": Release::ALL.map(Release::name) }),
        Kind::Service => {
            json!({ "enum": CATALOGUE.iter().map(|service| service.id).collect::<Vec<_>>() })
        }
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Duration | Kind::Length => {
            pattern(&format!("^{NUMBER}{TIME_UNITS}$"), &["25s", "120ms", "15min"])
        }
        Kind::Rate => pattern(&format!("^{NUMBER}/(s|min|h|d)$"), &["40/s", "100/h"]),
        Kind::Bandwidth => pattern(&format!("^{NUMBER}(k|M|G)?bit/s$"), &["100Mbit/s"]),
        Kind::Share => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Kind::PositiveNumber => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Kind::Number { least, most } => {
            json!({ "type": "number", "minimum": least, "maximum": most })
        }
        Kind::Count { least, most } => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Kind::Durations => distribution(
            &format!("{NUMBER}{TIME_UNITS}"),
            &[
                "exp(mean=120ms)",
                "lognormal(median=8s, p95=40s)",
                "fixed(20ms)",
                "empirical(file.csv)",
            ],
        ),
        Kind::Numbers => {
            let text = distribution(NUMBER, &["exp(mean=3)", "lognormal(median=2, p95=8)"]);
            json!({ "anyOf": [{ "type": "number", "minimum": 0 }, text] })
        }
        Kind::Spread => pattern(&format!(r"^(even|zipf\( *{NUMBER} *\))$"), &["even", "zipf(1.0)"]),
        Kind::Fault => pattern(&format!("^({FAULTS})$"), &["down", "slow(x4)", "delay(200ms)"]),
        Kind::CheckAgainst => pattern(
            &format!(r"^(all|own|lag\( *{NUMBER}{TIME_UNITS} *\))$"),
            &["all", "own", "lag(500ms)"],
        ),
        Kind::Link => json!({ "anyOf": [of(&Kind::Durations), table(keys::LINK, None)] }),
        Kind::List(kind) => {
            json!({ "type": "array", "items": of(kind), "minItems": 1, "uniqueItems": true })
        }
        Kind::Table(keys) => table(keys, None),
        Kind::Tables(keys) => json!({ "type": "array", "items": table(keys, None) }),
        Kind::Lines(keys, line) => table(keys, Some(*line)),
    }
}

fn pattern(pattern: &str, examples: &[&str]) -> Value {
    json!({ "type": "string", "pattern": pattern, "examples": examples })
}

/// A distribution of values of which `value` is the pattern.
fn distribution(value: &str, examples: &[&str]) -> Value {
    let named = |name: &str| format!(" *{name} *= *{value} *");
    let forms = [
        value.to_owned(),
        format!(r"fixed\( *{value} *\)"),
        format!(r"exp\({}\)", named("mean")),
        format!(r"lognormal\({},{}\)", named("median"), named("p95")),
        format!(r"uniform\({},{}\)", named("a"), named("b")),
        r"empirical\(.+\)".to_owned(),
    ];
    pattern(&format!("^({})$", forms.join("|")), examples)
}

/// The pattern of a line of costs, without `/MB`.
fn cost_line() -> String {
    let roles: Vec<&str> =
        Role::ALL.into_iter().filter(|role| *role != Role::Person).map(Role::name).collect();
    let works: Vec<&str> =
        Work::ALL.into_iter().filter(|work| *work != Work::Toy).map(Work::name).collect();
    format!(r"(\*|({}|\*)\.({}|\*))", roles.join("|"), works.join("|"))
}
