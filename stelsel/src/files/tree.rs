//! A file as a tree: values with the line that each was written on, in the order of the file.
//!
//! Does not know which keys there are or what they mean.

use std::{fmt, path::PathBuf, sync::Arc};

use serde_json::{Map, Number};
use toml::{
    Spanned,
    de::{DeTable, DeValue, Error},
};

use crate::problem::{Place, Problem};

/// What values were read from.
#[derive(Debug)]
pub(super) struct Source {
    /// The file as it was named, or the flag.
    pub name: Arc<str>,
    /// What goes before keys where they are named: `topology.` for a flag that was typed so.
    pub prefix: &'static str,
    /// From where paths in it lead.
    pub folder: PathBuf,
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub source: Arc<Source>,
    /// None for a flag and for the file as a whole.
    pub line: Option<u32>,
    /// Who gave it.
    pub giver: Giver,
}

/// Who gave a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Giver {
    /// Whoever wrote the file.
    File,
    /// Whoever typed the flag, as this text.
    Flag(Arc<str>),
    /// Nobody: it is the default.
    Default,
}

/// A value and where it comes from.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub value: Value,
    pub origin: Origin,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Table(Table),
    /// What TOML knows and we have no use for: dates, and whole numbers of more than 64 bits.
    Other(String),
}

/// Keys and values in the order of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Table(pub Vec<(String, Node)>);

impl Table {
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.0.iter_mut().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// Puts a value in the place of what was there, or at the end.
    pub fn put(&mut self, key: &str, node: Node) {
        match self.get_mut(key) {
            Some(old) => *old = node,
            None => self.0.push((key.to_owned(), node)),
        }
    }
}

impl Origin {
    /// The file as a whole.
    pub fn whole(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), line: None, giver: Giver::File }
    }

    /// A default in that file.
    pub fn default_of(source: &Arc<Source>) -> Self {
        Self { giver: Giver::Default, ..Self::whole(source) }
    }

    /// This place, for a key.
    pub fn place(&self, key: &str) -> Place {
        let key = format!("{}{key}", self.source.prefix);
        Place { source: Arc::clone(&self.source.name), line: self.line, key }
    }
}

impl Node {
    /// Whether a person gave it.
    pub fn is_given(&self) -> bool {
        self.origin.giver != Giver::Default
    }

    /// As JSON, in which a number that JSON does not have is a text.
    pub fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Bool(value) => (*value).into(),
            Value::Integer(value) => (*value).into(),
            Value::Float(value) => Number::from_f64(*value)
                .map_or_else(|| value.to_string().into(), serde_json::Value::Number),
            Value::Text(value) | Value::Other(value) => value.as_str().into(),
            Value::List(items) => items.iter().map(Self::json).collect(),
            Value::Table(table) => table
                .0
                .iter()
                .map(|(key, node)| (key.clone(), node.json()))
                .collect::<Map<_, _>>()
                .into(),
        }
    }
}

impl fmt::Display for Value {
    /// As complaints show what was found.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// What is longer than this is cut off.
        const SHOWN: usize = 80;
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(text) if text.chars().count() > SHOWN => {
                let shown: String = text.chars().take(SHOWN).collect();
                write!(f, "{shown:?} and more")
            }
            Self::Text(text) => write!(f, "\"{}\"", text.escape_debug()),
            Self::List(items) if items.is_empty() => f.write_str("an empty list"),
            Self::List(_) => f.write_str("a list"),
            Self::Table(_) => f.write_str("a table"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// Reads a file of TOML. All that is wrong with its form comes as problems.
pub(super) fn parse(text: &str, source: &Arc<Source>) -> Result<Node, Vec<Problem>> {
    let lines = Lines::of(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        let origin = Origin::whole(source);
        let value = Value::Table(table(root.into_inner(), &origin, &lines));
        return Ok(Node { value, origin });
    }
    Err(errors
        .iter()
        .map(|error| {
            let line = error.span().map(|span| lines.line(span.start));
            let place = Origin { line, ..Origin::whole(source) }.place("");
            place.problem(format!("not TOML: {}", said(error)))
        })
        .collect())
}

/// Reads a value that stands by itself, as TOML if it is TOML and else as the text that it is.
pub(super) fn parse_value(text: &str, origin: &Origin) -> Node {
    match DeValue::parse(text) {
        Ok(parsed) => node(parsed.into_inner(), origin, &Lines::default()),
        Err(_) => Node { value: Value::Text(text.to_owned()), origin: origin.clone() },
    }
}

fn said(error: &Error) -> String {
    error.message().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn table(from: DeTable<'_>, origin: &Origin, lines: &Lines) -> Table {
    let mut entries: Vec<(Spanned<_>, Spanned<DeValue<'_>>)> = from.into_iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    Table(
        entries
            .into_iter()
            .map(|(key, value)| {
                let origin = lines.of_span(origin, key.span().start);
                (key.into_inner().into_owned(), node(value.into_inner(), &origin, lines))
            })
            .collect(),
    )
}

fn node(value: DeValue<'_>, origin: &Origin, lines: &Lines) -> Node {
    let value = match value {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::Other(number.to_string()), Value::Integer),
        DeValue::Float(number) => {
            number.as_str().parse().map_or_else(|_| Value::Other(number.to_string()), Value::Float)
        }
        DeValue::Boolean(value) => Value::Bool(value),
        DeValue::Datetime(moment) => Value::Other(moment.to_string()),
        DeValue::Array(items) => Value::List(
            items
                .into_iter()
                .map(|item| {
                    let origin = lines.of_span(origin, item.span().start);
                    node(item.into_inner(), &origin, lines)
                })
                .collect(),
        ),
        DeValue::Table(entries) => Value::Table(table(entries, origin, lines)),
    };
    Node { value, origin: origin.clone() }
}

/// Where the lines of a text begin; empty for a text that has none.
#[derive(Default)]
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(std::iter::once(0).chain(breaks.map(|(place, _)| place + 1)).collect())
    }

    fn line(&self, place: usize) -> u32 {
        u32::try_from(self.0.partition_point(|begin| *begin <= place)).unwrap_or(u32::MAX)
    }

    /// The same origin at a place of the text, where a text has places.
    fn of_span(&self, origin: &Origin, place: usize) -> Origin {
        match self.0.is_empty() {
            true => origin.clone(),
            false => Origin { line: Some(self.line(place)), ..origin.clone() },
        }
    }
}
