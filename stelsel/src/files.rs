//! Files that people write: topologies and scenarios, as TOML, and what flags say instead.
//!
//! One table of keys (`keys`) says what there is; from it come the checks, the defaults and the JSON
//! Schemas. A file becomes a tree that remembers lines (`tree`), flags change the tree (`overrides`), defaults
//! are filled in (`kinds`), and then it becomes a plan (`topology`, `scenario`). Complaints come all
//! together. Does not read the lists that a topology names and does not run anything.

mod across;
mod changes;
mod costs;
mod expect;
mod field;
mod forms;
mod hosts;
mod keys;
mod kinds;
mod near;
mod opened;
mod overrides;
mod profiles;
mod scenario;
mod schema;

mod topology;
mod tree;
mod units;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use protocol::time::Duration;
use serde_json::json;
use watch::study::metrics::MetricId;

pub use hosts::matches as host_matches;
pub use overrides::Override;
pub use schema::{Which, schema};

use crate::{
    answer::{InputFile, Study},
    plan::{Comparison, Scenario, Topology},
    problem::{Place, Problem, Problems},
};
use field::Field;
use kinds::{Key, Kind};
use opened::Opened;
use tree::Node;

/// More complaints than this help nobody.
const MOST_PROBLEMS: usize = 100;

/// Reads a scenario, its topology and the files that these name, with what flags say instead.
///
/// Paths of overrides lead into the scenario, or after `topology.` into the topology.
///
/// # Errors
///
/// Everything that is wrong with any of them, as far as one mistake does not hide another.
pub fn read(path: &Path, set: &[Override]) -> Result<Study, Problems> {
    let opened = Opened::default();
    let mut problems = Vec::new();
    let (of_topology, of_scenario) = split(set, &mut problems);
    let node = tree_of(
        path,
        &Place::whole(name(path)),
        &of_scenario,
        keys::SCENARIO,
        &opened,
        &mut problems,
    );
    let scenario = node.as_ref().and_then(|node| whole_scenario(node, &opened, &mut problems));

    let named = node.as_ref().and_then(|(node, _)| {
        let field = Field::root(node, &opened).child("topology")?;
        let file = field.text().filter(|text| !text.trim().is_empty())?;
        Some((opened::beside(&field.node.origin.source, file), field.place()))
    });
    let found = named.and_then(|(path, place)| {
        whole_topology(&path, &place, &of_topology, &opened, &mut problems)
    });
    if let (Some((topology, _)), Some(scenario)) = (&found, &scenario) {
        across::check(topology, scenario, &mut problems);
    }
    match (found, scenario, node) {
        (Some((topology, resolved)), Some(scenario), Some((node, _))) if problems.is_empty() => {
            let resolved = json!({ "topology": resolved, "scenario": node.json() });
            Ok(Study { topology, scenario, resolved, inputs: opened.into_inputs() })
        }
        _ => Err(all(problems, path)),
    }
}

/// Reads a topology and the files that it names, with what flags say instead. Beside what it means come
/// the topology with every default filled in, and the files that were read.
///
/// Paths of overrides may begin with `topology.`, and need not.
///
/// # Errors
///
/// As [`read`].
pub fn read_topology(
    path: &Path,
    set: &[Override],
) -> Result<(Topology, serde_json::Value, Vec<InputFile>), Problems> {
    let opened = Opened::default();
    let mut problems = Vec::new();
    let (mut into, rest) = split(set, &mut problems);
    into.extend(rest);
    let place = Place::whole(name(path));
    match whole_topology(path, &place, &into, &opened, &mut problems) {
        Some((topology, resolved)) if problems.is_empty() => {
            Ok((topology, resolved, opened.into_inputs()))
        }
        _ => Err(all(problems, path)),
    }
}

/// Reads a scenario that is no file yet, for a topology that was read before. `name` is what problems call it.
///
/// # Errors
///
/// As [`read`].
pub fn scenario_of(text: &str, name: &str, topology: &Topology) -> Result<Scenario, Problems> {
    let opened = Opened::default();
    let source = tree::Source { name: name.into(), prefix: "", folder: PathBuf::new() };
    let mut node = tree::parse(text, &Arc::new(source)).map_err(Problems)?;
    let mut problems = Vec::new();
    kinds::complete(&mut node, keys::SCENARIO);
    Kind::Table(keys::SCENARIO).check(&Field::root(&node, &opened), &mut problems);
    let fits = problems.is_empty();
    let scenario = whole_scenario(&(node, fits), &opened, &mut problems);
    if let Some(scenario) = &scenario {
        across::check(topology, scenario, &mut problems);
    }
    match scenario {
        Some(scenario) if problems.is_empty() => Ok(scenario),
        _ => Err(all(problems, Path::new(name))),
    }
}

/// An override, the keys of its path, and what went before them.
type Way<'a> = (&'a Override, Vec<String>, &'static str);

/// Overrides of the topology, and those of the scenario.
fn split<'a>(set: &'a [Override], problems: &mut Vec<Problem>) -> (Vec<Way<'a>>, Vec<Way<'a>>) {
    let (mut topology, mut scenario) = (Vec::new(), Vec::new());
    for one in set {
        match one.segments() {
            Ok(mut segments) if segments.len() > 1 && segments[0] == "topology" => {
                topology.push((one, segments.split_off(1), "topology."));
            }
            Ok(segments) => scenario.push((one, segments, "")),
            Err(problem) => problems.push(problem),
        }
    }
    (topology, scenario)
}

/// A file's tree with flags and defaults in it, and whether it fits its keys. None if it is no tree.
fn tree_of(
    path: &Path,
    place: &Place,
    set: &[Way<'_>],
    keys: &'static [Key],
    opened: &Opened,
    problems: &mut Vec<Problem>,
) -> Option<(Node, bool)> {
    let mut node = match opened.tree(path, place) {
        Ok(node) => node,
        Err(found) => {
            problems.extend(found);
            return None;
        }
    };
    let before = problems.len();
    for (one, segments, prefix) in set {
        problems.extend(one.apply(&mut node, segments, prefix).err());
    }
    kinds::complete(&mut node, keys);
    Kind::Table(keys).check(&Field::root(&node, opened), problems);
    let fits = problems.len() == before;
    Some((node, fits))
}

fn whole_topology(
    path: &Path,
    place: &Place,
    set: &[Way<'_>],
    opened: &Opened,
    problems: &mut Vec<Problem>,
) -> Option<(Topology, serde_json::Value)> {
    let (mut node, fits) = tree_of(path, place, set, keys::TOPOLOGY, opened, problems)?;
    if !fits {
        return None;
    }
    topology::derive(&mut node);
    let topology = topology::read(&Field::root(&node, opened), problems)?;
    Some((topology, node.json()))
}

fn whole_scenario(
    (node, fits): &(Node, bool),
    opened: &Opened,
    problems: &mut Vec<Problem>,
) -> Option<Scenario> {
    fits.then(|| scenario::read(&Field::root(node, opened), problems)).flatten()
}

/// A value that has a size, and its unit: `"15min"` is 900 s, `"skew(90s)"` 90 s, `"4"` has no unit. None for
/// what cannot be put along an axis.
pub fn magnitude(text: &str) -> Option<(f64, &'static str)> {
    units::magnitude(text)
}

/// A length of time, as a flag has it: `5min`.
///
/// # Errors
/// What would do, if it is none.
pub fn duration(text: &str) -> Result<Duration, String> {
    units::duration(text)
}

/// A rate in 1/s, as a flag has it: `50/s`.
///
/// # Errors
/// What would do, if it is none.
pub fn rate(text: &str) -> Result<f64, String> {
    units::rate(text)
}

/// A metric and a comparison in its unit, as a flag has them: `wishes.served_ratio` and `>=0.75`.
///
/// # Errors
/// There is no such metric, or the comparison is not in its unit.
pub fn expectation(name: &str, comparison: &str) -> Result<(MetricId, Comparison, f64), String> {
    expect::of_flag(name, comparison)
}

/// The name in `names` that is nearest to one that is not among them; none if none is near.
pub fn nearest_name<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    near::nearest(name, names)
}

fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// At least one complaint, and not too many.
fn all(mut problems: Vec<Problem>, path: &Path) -> Problems {
    let place = Place::whole(name(path));
    if problems.len() > MOST_PROBLEMS {
        let more = problems.len() - MOST_PROBLEMS;
        problems.truncate(MOST_PROBLEMS);
        problems.push(place.problem(format!("and {more} problems more")));
    }
    if problems.is_empty() {
        problems.push(place.problem("cannot be used"));
    }
    Problems(problems)
}

#[cfg(test)]
mod tests;
