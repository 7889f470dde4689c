//! What a sweep runs: axes, and the grid of cells that they span.
//!
//! Every cell is read and checked before anything runs. Does not know what a setting means: `files` does.

use std::{fmt, path::Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    answer::Study,
    compose::Composed,
    files::{self, Override},
    problem::{Place, Problem, Problems},
    results::FORMAT,
};

/// More cells than this are a mistake.
const MOST_CELLS: usize = 100_000;
/// Keys that all cells must have in common: pairs of replications are made by them.
const COMMON: [&str; 3] = ["name", "seed", "replications"];

/// Settings that are varied together: row by row, one value for each path.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Axis {
    /// What is set: `arrivals.rate`, `topology.digid.workers`.
    pub paths: Vec<String>,
    /// For each step along the axis, a value for each path, as the flag had it.
    pub rows: Vec<Vec<String>>,
}

/// One combination of settings.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Its number, from 0; the last axis runs fastest.
    pub number: u32,
    /// The study that it is.
    pub study: Study,
}

/// A sweep.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario file as it was named.
    pub scenario_file: String,
    /// What else was set, for every cell: path and value.
    pub set: Vec<(String, String)>,
    /// The axes.
    pub axes: Vec<Axis>,
    /// The cells, by number; at least one.
    pub cells: Vec<Cell>,
}

/// Which part of a sweep a process runs: units whose number leaves `index` when divided by `of`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Shard {
    /// Which, from 0.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Whether a unit belongs to it.
    pub fn has(self, unit: u64) -> bool {
        unit % u64::from(self.of) == u64::from(self.index)
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    /// `3/8`: the fourth of eight.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(index, of)| {
            Some(Self { index: index.parse().ok()?, of: of.parse().ok()? })
        });
        match parts {
            Some(shard) if shard.index < shard.of => Ok(shard),
            Some(Self { of: 0, .. }) | None => {
                Err("expected INDEX/OF, such as 3/8; shards count from 0".to_owned())
            }
            Some(Self { of, .. }) => {
                Err(format!("expected a shard from 0 to {}; shards count from 0", of - 1))
            }
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// A flag that varies something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VaryFlag {
    /// `--vary`: an axis of its own.
    Vary,
    /// `--list`: together with every other `--list`, row by row.
    List,
}

impl VaryFlag {
    const fn name(self) -> &'static str {
        match self {
            Self::Vary => "--vary",
            Self::List => "--list",
        }
    }
}

/// A path and the values that it takes, as a flag says them.
struct Varied {
    path: String,
    values: Vec<String>,
}

impl Plan {
    /// Reads a scenario once per cell: with what `set` says for all of them, and what the axes say for each.
    ///
    /// `vary` and `list` are texts as the flags have them: `path=v1,v2`.
    ///
    /// # Errors
    /// A flag that cannot be read, an empty grid, or whatever is wrong with any cell.
    pub fn read(
        path: &Path,
        set: &[Override],
        vary: &[String],
        list: &[String],
    ) -> Result<Self, Problems> {
        let axes = axes(vary, list)?;
        let total = axes.iter().try_fold(1usize, |all, axis| all.checked_mul(axis.rows.len()));
        let Some(total) = total.filter(|total| *total <= MOST_CELLS) else {
            let most = format!("at most {MOST_CELLS} cells");
            return Err(Place::whole("--vary").expected(most, "more").into());
        };
        let mut problems: Vec<Problem> = Vec::new();
        let mut cells = Vec::with_capacity(total);
        for number in 0..total {
            let steps = steps(&axes, number);
            let own = overrides(&axes, &steps);
            let all: Vec<Override> = set.iter().cloned().chain(own).collect();
            let checked = files::read(path, &all).and_then(|study| {
                Composed::new(&study.topology, &study.scenario)?;
                Ok(study)
            });
            match checked {
                Ok(study) => cells.push(Cell { number: number as u32, study }),
                // What is wrong with a value is wrong in every cell that has it.
                Err(Problems(found)) => {
                    problems.extend(
                        found.into_iter().filter(|one| !problems.contains(one)).collect::<Vec<_>>(),
                    );
                }
            }
        }
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let set = set.iter().map(|one| (one.path.clone(), one.value.clone())).collect();
        Ok(Self { scenario_file: path.to_string_lossy().into_owned(), set, axes, cells })
    }

    /// The study of the first cell, which has what all cells share.
    pub fn base(&self) -> &Study {
        &self.cells[0].study
    }

    /// How many replications each cell has.
    pub fn replications(&self) -> u32 {
        self.base().scenario.replications
    }

    /// How many units there are.
    pub fn units(&self) -> u64 {
        self.cells.len() as u64 * u64::from(self.replications())
    }

    /// The cell and replication of a unit.
    pub fn unit(&self, unit: u64) -> (u32, u32) {
        let replications = u64::from(self.replications());
        ((unit / replications) as u32, (unit % replications) as u32)
    }

    /// SHA-256 of everything that a result depends on: two plans with the same one have the same results.
    pub fn digest(&self) -> String {
        let mut sha = Sha256::new();
        let mut add = |text: &str| {
            sha.update(text.as_bytes());
            sha.update(b"\n");
        };
        add(&format!("{} {FORMAT}", env!("CARGO_PKG_VERSION")));
        for cell in &self.cells {
            add(&cell.study.resolved.to_string());
            for input in &cell.study.inputs {
                add(&input.sha256);
            }
        }
        sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The step along each axis of a cell; the last axis runs fastest.
pub(super) fn steps(axes: &[Axis], number: usize) -> Vec<usize> {
    let mut rest = number;
    let mut steps: Vec<usize> = axes
        .iter()
        .rev()
        .map(|axis| {
            let step = rest % axis.rows.len();
            rest /= axis.rows.len();
            step
        })
        .collect();
    steps.reverse();
    steps
}

fn overrides(axes: &[Axis], steps: &[usize]) -> Vec<Override> {
    let of_axis = |(axis, step): (&Axis, &usize)| {
        let flag = if axis.paths.len() > 1 { VaryFlag::List } else { VaryFlag::Vary };
        let row = axis.paths.iter().zip(axis.rows[*step].clone());
        row.map(move |(path, value)| Override {
            flag: flag.name().into(),
            path: path.clone(),
            value,
        })
        .collect::<Vec<Override>>()
    };
    axes.iter().zip(steps).flat_map(of_axis).collect()
}

fn axes(vary: &[String], list: &[String]) -> Result<Vec<Axis>, Problems> {
    let mut problems = Vec::new();
    let mut read = |texts: &[String], flag| -> Vec<Varied> {
        let mut read = Vec::new();
        for text in texts {
            match varied(text, flag) {
                Ok(varied) => read.push(varied),
                Err(problem) => problems.push(problem),
            }
        }
        read
    };
    let (vary, list) = (read(vary, VaryFlag::Vary), read(list, VaryFlag::List));
    let all: Vec<&Varied> = vary.iter().chain(&list).collect();
    for (place, one) in all.iter().enumerate() {
        if all[..place].iter().any(|before| before.path == one.path) {
            let place = Place { key: one.path.clone(), ..Place::whole("--vary") };
            problems.push(place.problem("is varied twice"));
        }
    }
    if let Some((first, other)) = list.first().and_then(|first| {
        Some((first, list.iter().find(|other| other.values.len() != first.values.len())?))
    }) {
        let place = Place { key: other.path.clone(), ..Place::whole("--list") };
        problems.push(place.expected(
            format!("{} values, as {} has", first.values.len(), first.path),
            other.values.len(),
        ));
    }
    if problems.is_empty() && all.is_empty() {
        problems.push(
            Place::whole("--vary")
                .expected("something to vary, such as --vary arrivals.rate=1/s,2/s", "nothing"),
        );
    }
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    let single = |varied: Varied| Axis {
        paths: vec![varied.path],
        rows: varied.values.into_iter().map(|value| vec![value]).collect(),
    };
    let mut axes: Vec<Axis> = vary.into_iter().map(single).collect();
    if let Some(first) = list.first() {
        let rows = (0..first.values.len())
            .map(|row| list.iter().map(|varied| varied.values[row].clone()).collect())
            .collect();
        axes.push(Axis { paths: list.into_iter().map(|varied| varied.path).collect(), rows });
    }
    Ok(axes)
}

fn varied(text: &str, flag: VaryFlag) -> Result<Varied, Problem> {
    let place = || Place::whole(flag.name());
    let wrong = || {
        place().expected(
            "path=value,value,…, such as arrivals.rate=1/s,2/s",
            format!("\"{}\"", text.escape_debug()),
        )
    };
    let Override { path, value, .. } = Override::parse_set(text).map_err(|_| wrong())?;
    let values = split(&value);
    let place = Place { key: path.clone(), ..place() };
    if values.iter().any(String::is_empty) {
        return Err(place
            .expected("values with commas between them", format!("\"{}\"", value.escape_debug())));
    }
    if let Some(common) = COMMON.iter().find(|common| **common == path) {
        return Err(place.problem(format!("{common} is the same in every cell of a sweep")));
    }
    if let Some((at, value)) =
        values.iter().enumerate().find(|(at, value)| values[..*at].contains(value))
    {
        return Err(
            place.expected("different values", format!("\"{value}\" again, as value {}", at + 1))
        );
    }
    Ok(Varied { path, values })
}

/// Splits at commas outside brackets and quotes.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut is_quoted) = (0u32, false);
    for letter in text.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '(' | '[' | '{' if !is_quoted => depth += 1,
            ')' | ']' | '}' if !is_quoted => depth = depth.saturating_sub(1),
            ',' if !is_quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(letter);
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problems(vary: &[&str], list: &[&str]) -> String {
        let texts =
            |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        axes(&texts(vary), &texts(list)).expect_err("something is wrong").to_string()
    }

    #[test]
    fn values_split_at_commas_outside_brackets_and_quotes() {
        assert_eq!(split("1/s, 2/s"), ["1/s", "2/s"]);
        assert_eq!(
            split(r#"exp(mean=5s),"a,b",{ x = [1, 2] },lognormal(median=1s, p95=2s)"#),
            ["exp(mean=5s)", "\"a,b\"", "{ x = [1, 2] }", "lognormal(median=1s, p95=2s)"]
        );
    }

    #[test]
    fn the_last_axis_runs_fastest_and_lists_are_one_axis() {
        let axes =
            axes(&["a=1,2".to_owned()], &["b=x,y,z".to_owned(), "c=p,q,r".to_owned()]).unwrap();
        assert_eq!(axes.len(), 2);
        assert_eq!(axes[1].rows[2], ["z", "r"]);
        let all: Vec<Vec<usize>> = (0..6).map(|number| steps(&axes, number)).collect();
        assert_eq!(all, [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
    }

    #[test]
    fn flags_that_say_nothing_are_refused_with_their_place() {
        for (vary, list, expected) in [
            (&[][..], &[][..], "--vary: expected something to vary"),
            (&["arrivals.rate="], &[], "--vary: arrivals.rate: expected values with commas"),
            (&["arrivals.rate=1/s,,2/s"], &[], "expected values with commas"),
            (&["1/s,2/s"], &[], "--vary: expected path=value,value,…"),
            (&["a=1,1"], &[], "--vary: a: expected different values; found \"1\" again"),
            (&["a=1,2", "a=3"], &[], "a: is varied twice"),
            (&["seed=1,2"], &[], "seed is the same in every cell"),
            (&[], &["a=1,2", "b=1"], "--list: b: expected 2 values, as a has; found 1"),
        ] {
            let found = problems(vary, list);
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn shards_count_from_nought() {
        assert_eq!("0/1".parse(), Ok(Shard::WHOLE));
        for bad in ["", "3", "3/3", "4/3", "-1/2", "1/0", "a/b"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_unit_is_of_one_shard(of in 1u32..20, unit in 0u64..1_000) {
            let having = (0..of).filter(|index| Shard { index: *index, of }.has(unit));
            prop_assert_eq!(having.count(), 1);
        }
    }
}
