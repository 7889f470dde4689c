//! What may stand under a key, and the check of a whole file against its table of keys.
//!
//! The tables themselves are in `keys`; what values mean together is for `topology`, `scenario` and `across`.

use protocol::{contract::Work, role::Role};

use super::{
    field::Field,
    forms,
    near::nearest,
    tree::{self, Giver, Node, Origin, Value},
    units::{self, Dimension, Unfit},
};
use crate::problem::Problem;

/// A key of a table.
pub(super) struct Key {
    pub name: &'static str,
    pub kind: Kind,
    pub absent: Absent,
    /// What it says, with its unit, in one sentence.
    pub what: &'static str,
}

/// What it means when a key is not there.
#[derive(Clone, Copy)]
pub(super) enum Absent {
    /// That the file is wrong.
    Wrong,
    /// What `what` says.
    Fine,
    /// That it is this, as somebody would have typed it after `--set key=`.
    Is(&'static str),
}

/// What may stand under a key.
pub(super) enum Kind {
    Text,
    StudyName,
    Path,
    /// A path, or a word that stands for something else.
    PathOr,
    Hostname,
    Organisation,
    HostName,
    Hosts,
    Ends,
    Provider,
    ProviderType,
    Word(&'static [&'static str]),
    Release,
    Service,
    Boolean,
    Duration,
    /// A duration above zero.
    Length,
    Rate,
    Bandwidth,
    Share,
    PositiveNumber,
    Number {
        least: f64,
        most: f64,
    },
    Count {
        least: i64,
        most: i64,
    },
    /// A distribution of durations.
    Durations,
    /// A distribution of numbers.
    Numbers,
    Spread,
    Fault,
    CheckAgainst,
    Deviation,
    /// A distribution of latencies, or a table of latency and bandwidth.
    Link,
    /// A list of at least one, each once.
    List(&'static Kind),
    Table(&'static [Key]),
    /// An array of tables; may be empty.
    Tables(&'static [Key]),
    /// A table of these keys and of lines whose keys are data.
    Lines(&'static [Key], Line),
}

/// Lines whose keys are data.
#[derive(Clone, Copy)]
pub(super) enum Line {
    /// Links: ends and what is between them.
    Link,
    /// Costs: `role.work` and its distribution, `role.work/MB` and its duration.
    Cost,
    /// Services and their weights.
    Service,
    /// Metrics and what is expected of them.
    Expectation,
}

impl Line {
    /// Checks the key of a line.
    pub fn check_key(self, key: &str) -> Result<(), Unfit> {
        match self {
            Self::Link => forms::ends(key),
            Self::Cost => cost_line(key).map(drop),
            Self::Service => forms::service(key).map(drop),
            // Which metrics there are is asked where their units are known.
            Self::Expectation => Ok(()),
        }
    }

    /// What stands under the key of a line.
    pub fn kind(self, key: &str) -> &'static Kind {
        match self {
            Self::Link => &Kind::Link,
            Self::Cost if key.ends_with("/MB") => &Kind::Duration,
            Self::Cost => &Kind::Durations,
            Self::Service => &Kind::PositiveNumber,
            Self::Expectation => &Kind::Text,
        }
    }
}

/// Which work a line of costs is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct CostLine {
    /// None for all.
    pub role: Option<Role>,
    /// None for all.
    pub work: Option<Work>,
    /// Whether it is a cost for each megabyte.
    pub per_megabyte: bool,
}

/// `za.issue-token`, `digid.*`, `*.render-page`, `*`, and each with `/MB`.
pub(super) fn cost_line(key: &str) -> Result<CostLine, Unfit> {
    let (line, per_megabyte) = match key.strip_suffix("/MB") {
        Some(line) => (line, true),
        None => (key, false),
    };
    let (role, work) = line.split_once('.').unwrap_or((line, if line == "*" { "*" } else { "" }));
    let role = match role {
        "*" => None,
        _ => Some(Role::from_name(role).filter(|role| *role != Role::Person).ok_or_else(|| {
            let roles = Role::ALL.map(Role::name);
            format!("role.work with a role of {}, or * for all", forms::one_of(&roles[1..]))
        })?),
    };
    let work = match work {
        "*" => None,
        _ => Some(Work::from_name(work).filter(|work| *work != Work::Toy).ok_or_else(|| {
            let works: Vec<&str> =
                Work::ALL.into_iter().filter(|work| *work != Work::Toy).map(Work::name).collect();
            format!("role.work with a work of {}, or * for all", forms::one_of(&works))
        })?),
    };
    Ok(CostLine { role, work, per_megabyte })
}

impl Kind {
    /// Adds what is wrong with a value of this kind.
    pub fn check(&self, field: &Field<'_>, problems: &mut Vec<Problem>) {
        match self {
            Self::List(kind) => match field.elements() {
                Some(items) if !items.is_empty() => check_list(&items, kind, problems),
                _ => problems.push(field.expected("a list of at least one")),
            },
            Self::Table(keys) => check_table(field, keys, None, problems),
            Self::Lines(keys, line) => check_table(field, keys, Some(*line), problems),
            Self::Tables(keys) => match field.elements() {
                Some(items) => {
                    items.iter().for_each(|item| check_table(item, keys, None, problems))
                }
                None => problems.push(field.expected("tables, each under its own [[…]]")),
            },
            Self::Link if matches!(field.node.value, Value::Table(_)) => {
                check_table(field, super::keys::LINK, None, problems);
            }
            _ => problems.extend(self.check_single(field).err()),
        }
    }

    /// Checks a value that holds no others.
    fn check_single(&self, field: &Field<'_>) -> Result<(), Problem> {
        match self {
            Self::Text => field.string().map(drop),
            Self::StudyName => field.read(forms::study_name),
            Self::Path | Self::PathOr => field.read(|text| forms::text(text).map(drop)),
            Self::Hostname => field.read(forms::hostname),
            Self::Organisation => field.read(forms::organisation),
            Self::HostName => field.read(forms::host_name),
            Self::Hosts => field.read(forms::hosts),
            Self::Ends => field.read(forms::ends),
            Self::Provider => field.read(forms::provider),
            Self::ProviderType => field.read(forms::provider_type),
            Self::Deviation => field.string().map(drop),
            Self::Word(words) => field.word(words).map(drop),
            Self::Release => field.release().map(drop),
            Self::Service => field.service().map(drop),
            Self::Boolean => field.boolean().map(drop),
            Self::Duration => field.duration().map(drop),
            Self::Length => match field.duration()?.is_zero() {
                true => Err(field.expected("a duration above zero, such as \"25s\"")),
                false => Ok(()),
            },
            Self::Rate => field.read(units::rate).map(drop),
            Self::Bandwidth => field.read(units::bandwidth).map(drop),
            Self::Share => {
                check_number(field, "a share from 0 to 1", |share| (0.0..=1.0).contains(&share))
            }
            Self::PositiveNumber => {
                check_number(field, "a number above zero", |number| number > 0.0 && number <= 1e12)
            }
            Self::Number { least, most } => {
                check_number(field, &format!("a number from {least} to {most}"), |number| {
                    (*least..=*most).contains(&number)
                })
            }
            Self::Count { least, most } => {
                let good = field.integer().is_ok_and(|number| (*least..=*most).contains(&number));
                let expected = || match *most {
                    i64::MAX => format!("a whole number of at least {least}"),
                    most => format!("a whole number from {least} to {most}"),
                };
                if good { Ok(()) } else { Err(field.expected(&expected())) }
            }
            Self::Durations => field.distribution(Dimension::Time).map(drop),
            Self::Numbers => field.distribution(Dimension::Plain).map(drop),
            Self::Link => field.distribution(Dimension::Time).map(drop).map_err(|problem| {
                problem.hint(
                    "or a table such as { latency = \"fixed(8ms)\", bandwidth = \"100Mbit/s\" }",
                )
            }),
            Self::Spread => field.spread().map(drop),
            Self::Fault => field.read(|text| forms::fault(text).map(drop)),
            Self::CheckAgainst => field.read(|text| forms::check_against(text).map(drop)),
            Self::List(_) | Self::Table(_) | Self::Tables(_) | Self::Lines(..) => Ok(()),
        }
    }
}

/// After so many problems nothing more is looked at: a hostile file may have millions.
pub(super) const ENOUGH: usize = 10_000;

fn check_number(
    field: &Field<'_>,
    expected: &str,
    good: impl Fn(f64) -> bool,
) -> Result<(), Problem> {
    match field.number() {
        Ok(number) if good(number) => Ok(()),
        _ => Err(field.expected(expected)),
    }
}

fn check_list(items: &[Field<'_>], kind: &Kind, problems: &mut Vec<Problem>) {
    let mut seen = std::collections::BTreeSet::new();
    for item in items {
        if problems.len() >= ENOUGH {
            return;
        }
        kind.check(item, problems);
        if !seen.insert(item.node.value.to_string()) {
            problems.push(item.expected("each value once"));
        }
    }
}

fn check_table(field: &Field<'_>, keys: &[Key], line: Option<Line>, problems: &mut Vec<Problem>) {
    if let Err(problem) = field.table() {
        problems.push(problem);
        return;
    }
    for (name, child) in field.children() {
        if problems.len() >= ENOUGH {
            return;
        }
        match (keys.iter().find(|key| key.name == name), line) {
            (Some(key), _) => key.kind.check(&child, problems),
            (None, Some(line)) => match line.check_key(name) {
                Ok(()) => line.kind(name).check(&child, problems),
                Err(expected) => problems
                    .push(child.place().problem(format!("unknown key: expected {expected}"))),
            },
            (None, None) => problems.push(unknown(&child, name, keys)),
        }
    }
    for key in keys.iter().filter(|key| matches!(key.absent, Absent::Wrong)) {
        if field.child(key.name).is_none() {
            problems.push(field.place_of(key.name).problem(format!("missing: {}", key.what)));
        }
    }
}

fn unknown(child: &Field<'_>, name: &str, keys: &[Key]) -> Problem {
    let problem = child.place().problem("unknown key");
    let names = || keys.iter().map(|key| key.name);
    problem.hint(match nearest(name, names()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("known here are {}", names().collect::<Vec<_>>().join(", ")),
    })
}

/// Fills in every default that a table leaves out.
pub(super) fn complete(node: &mut Node, keys: &'static [Key]) {
    let origin = Origin::default_of(&node.origin.source);
    let Value::Table(table) = &mut node.value else { return };
    for key in keys {
        if let (Absent::Is(default), None) = (key.absent, table.get(key.name)) {
            table.put(key.name, tree::parse_value(default, &origin));
        }
        let Some(child) = table.get_mut(key.name) else { continue };
        match (&key.kind, &mut child.value) {
            (Kind::Table(keys) | Kind::Lines(keys, _), Value::Table(_)) => complete(child, keys),
            (Kind::Tables(keys), Value::List(items)) => {
                items.iter_mut().for_each(|item| complete(item, keys));
            }
            _ => {}
        }
    }
}

/// Puts a value that follows from others under a key of a table, where nothing stands.
pub(super) fn derive(node: &mut Node, key: &str, value: Value) {
    let origin = Origin { giver: Giver::Default, ..node.origin.clone() };
    if let Value::Table(table) = &mut node.value
        && table.get(key).is_none()
    {
        table.put(key, Node { value, origin });
    }
}
