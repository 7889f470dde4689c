//! What work costs: lines of the topology over lines of a file over the shipped ones.
//!
//! Does not measure anything: that is `calibrate`.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use protocol::world::cost::Cost;
use protocol::{contract::Work, distribution::Distribution, role::Role, time::Duration};

use super::{
    field::Field,
    keys,
    kinds::{self, Kind, Line},
    opened,
    tree::{self, Node, Source},
    units::Dimension,
};
use crate::problem::Problem;

/// The shipped costs.
const SHIPPED: &str = include_str!("default-costs.toml");
const KIND: Kind = Kind::Lines(keys::COSTS, Line::Cost);
/// Files that name one another in a longer row are refused.
const LONGEST_ROW: usize = 16;

/// The lines of one place.
#[derive(Default)]
struct Layer {
    bases: BTreeMap<Subject, Distribution>,
    per_megabyte: BTreeMap<Subject, Duration>,
}

/// A role and a work, each none for all. Of two that fit, the one with a role is the more specific.
type Subject = (Option<Role>, Option<Work>);

/// The costs of a topology, from its table `costs` and from what fetching at an xIS takes.
pub(super) fn read(
    table: &Field<'_>,
    fetch: Distribution,
    problems: &mut Vec<Problem>,
) -> Result<Vec<(Role, Work, Cost)>, Problem> {
    let mut layers = vec![layer(table)?];
    let mut xis = Layer::default();
    for work in [Work::CheckAvailability, Work::FetchDossier] {
        xis.bases.insert((Some(Role::Xis), Some(work)), fetch.clone());
    }
    layers.push(xis);
    below(table, &mut Vec::new(), &mut layers, problems)?;

    let mut costs = Vec::new();
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Person) {
        for work in Work::ALL.into_iter().filter(|work| *work != Work::Toy) {
            let base = find(&layers, role, work, |layer| &layer.bases);
            let per_megabyte = find(&layers, role, work, |layer| &layer.per_megabyte);
            let cost = Cost {
                base: base.unwrap_or(Distribution::Fixed(0.0)),
                per_megabyte: per_megabyte.unwrap_or(Duration::ZERO),
            };
            if !cost.base.is_zero() || !cost.per_megabyte.is_zero() {
                costs.push((role, work, cost));
            }
        }
    }
    Ok(costs)
}

/// What the first layer that has a line for it says, by its most specific line.
fn find<T: Clone>(
    layers: &[Layer],
    role: Role,
    work: Work,
    lines: impl Fn(&Layer) -> &BTreeMap<Subject, T>,
) -> Option<T> {
    let keys = [(Some(role), Some(work)), (Some(role), None), (None, Some(work)), (None, None)];
    layers.iter().find_map(|layer| keys.iter().find_map(|key| lines(layer).get(key))).cloned()
}

fn layer(table: &Field<'_>) -> Result<Layer, Problem> {
    let mut layer = Layer::default();
    for (key, field) in table.children() {
        let Ok(line) = kinds::cost_line(key) else { continue };
        if line.per_megabyte {
            layer.per_megabyte.insert((line.role, line.work), field.duration()?);
        } else {
            layer.bases.insert((line.role, line.work), field.distribution(Dimension::Time)?);
        }
    }
    Ok(layer)
}

/// Adds the layers that a table's `from` names.
fn below(
    table: &Field<'_>,
    row: &mut Vec<PathBuf>,
    layers: &mut Vec<Layer>,
    problems: &mut Vec<Problem>,
) -> Result<(), Problem> {
    let from = table.need("from")?;
    let node = match from.text() {
        Some("none") => return Ok(()),
        Some("default") => shipped(),
        Some(file) => {
            let path = opened::beside(&from.node.origin.source, file);
            // Two ways to write one path are one file.
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            if row.contains(&real) || row.len() >= LONGEST_ROW {
                return Err(from.place().problem(format!(
                    "expected costs that do not come from themselves; found {file:?}, which is read already"
                )));
            }
            row.push(real);
            table.opened.tree(&path, &from.place())
        }
        None => return Ok(()),
    };
    let mut node = match node {
        Ok(node) => node,
        Err(found) => {
            problems.extend(found);
            return Ok(());
        }
    };
    kinds::complete(&mut node, keys::COSTS);
    let root = Field::root(&node, table.opened);
    let before = problems.len();
    KIND.check(&root, problems);
    if problems.len() > before {
        return Ok(());
    }
    layers.push(layer(&root)?);
    below(&root, row, layers, problems)
}

fn shipped() -> Result<Node, Vec<Problem>> {
    let source = Source { name: "the shipped costs".into(), prefix: "", folder: PathBuf::new() };
    tree::parse(SHIPPED, &Arc::new(source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::opened::Opened;

    #[test]
    fn the_shipped_costs_are_right_and_rest_on_nothing_else() {
        let (mut node, opened) = (shipped().unwrap(), Opened::default());
        kinds::complete(&mut node, keys::COSTS);
        let root = Field::root(&node, &opened);
        let mut problems = Vec::new();
        KIND.check(&root, &mut problems);
        assert_eq!(problems, []);
        assert_eq!(root.child("from").and_then(|from| from.text()), Some("none"));
    }
}
