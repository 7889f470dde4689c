//! A value under its key: typed readings of it, each of which says what would have done.
//!
//! Does not know which keys there are (`keys`) or what may stand under them (`kinds`).

use protocol::{catalogue::Gegevensdienst, distribution::Distribution, release::Release};

use super::{
    forms,
    near::nearest,
    opened::Opened,
    tree::{Giver, Node, Table, Value},
    units::{self, Dimension, Unfit, Written},
};
use crate::{
    plan::Spread,
    problem::{Located, Place, Problem},
};

/// A value under its key.
#[derive(Clone)]
pub(super) struct Field<'a> {
    pub node: &'a Node,
    /// The key as complaints name it: `persons.login`, `fault.0.at`.
    pub path: String,
    /// Files that were opened for the sake of values.
    pub opened: &'a Opened,
}

impl<'a> Field<'a> {
    /// A file as a whole.
    pub fn root(node: &'a Node, opened: &'a Opened) -> Self {
        Self { node, path: String::new(), opened }
    }

    pub fn place(&self) -> Place {
        self.node.origin.place(&self.path)
    }

    /// The problem that something else was expected here.
    pub fn expected(&self, expected: &str) -> Problem {
        self.place().expected(expected, &self.node.value)
    }

    /// This value and where it was written.
    pub fn located<T>(&self, value: T) -> Located<T> {
        Located { value, place: self.place() }
    }

    /// What stands under a key of this table.
    pub fn child(&self, key: &str) -> Option<Self> {
        match &self.node.value {
            Value::Table(table) => table.get(key).map(|node| self.below(key, node)),
            _ => None,
        }
    }

    /// The same, for a key that must be there.
    pub fn need(&self, key: &str) -> Result<Self, Problem> {
        self.child(key).ok_or_else(|| self.place_of(key).problem("missing, and it has no default"))
    }

    /// Where a key of this table would stand.
    pub fn place_of(&self, key: &str) -> Place {
        self.node.origin.place(&join(&self.path, key))
    }

    /// Everything in this table; nothing if it is none.
    pub fn children(&self) -> impl Iterator<Item = (&'a str, Self)> {
        let table = match &self.node.value {
            Value::Table(table) => table.0.as_slice(),
            _ => &[],
        };
        table.iter().map(|(key, node)| (key.as_str(), self.below(key, node)))
    }

    /// Everything in the list under a key of this table; nothing if there is none.
    pub fn items(&self, key: &str) -> Vec<Self> {
        match self.child(key) {
            Some(list) => list.elements().unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// Everything in this list; none if it is no list.
    pub fn elements(&self) -> Option<Vec<Self>> {
        match &self.node.value {
            Value::List(nodes) => Some(
                nodes
                    .iter()
                    .enumerate()
                    .map(|(place, node)| self.below(&place.to_string(), node))
                    .collect(),
            ),
            _ => None,
        }
    }

    fn below(&self, key: &str, node: &'a Node) -> Self {
        Self { node, path: join(&self.path, key), opened: self.opened }
    }

    /// The text that stands here. What a flag says is a text if a text is wanted.
    pub fn text(&self) -> Option<&'a str> {
        match (&self.node.value, &self.node.origin.giver) {
            (Value::Text(text), _) => Some(text),
            (Value::List(_) | Value::Table(_), _) => None,
            (_, Giver::Flag(text)) => Some(text),
            _ => None,
        }
    }

    /// What a text means.
    pub fn read<T>(&self, mut parse: impl FnMut(&str) -> Result<T, Unfit>) -> Result<T, Problem> {
        match self.text() {
            Some(text) => parse(text).map_err(|expected| self.expected(&expected)),
            None => {
                let expected = parse("").err().unwrap_or_else(|| "a text".into());
                Err(self.expected(&expected))
            }
        }
    }

    pub fn string(&self) -> Result<String, Problem> {
        self.read(|text| forms::text(text).map(str::to_owned))
    }

    pub fn duration(&self) -> Result<protocol::time::Duration, Problem> {
        self.read(units::duration)
    }

    pub fn table(&self) -> Result<&'a Table, Problem> {
        match &self.node.value {
            Value::Table(table) => Ok(table),
            _ => Err(self.expected("a table")),
        }
    }

    pub fn integer(&self) -> Result<i64, Problem> {
        match self.node.value {
            Value::Integer(value) => Ok(value),
            _ => Err(self.expected("a whole number")),
        }
    }

    /// A whole number that has been checked to fit.
    pub fn count<T: TryFrom<i64>>(&self) -> Result<T, Problem> {
        T::try_from(self.integer()?).map_err(|_| self.expected("a whole number that fits"))
    }

    /// A number, whole or not.
    pub fn number(&self) -> Result<f64, Problem> {
        match self.node.value {
            Value::Integer(value) => Ok(value as f64),
            Value::Float(value) if value.is_finite() => Ok(value),
            _ => Err(self.expected("a number")),
        }
    }

    pub fn word(&self, words: &[&'static str]) -> Result<&'static str, Problem> {
        let found = self.text();
        if let Some(word) = words.iter().find(|word| Some(**word) == found) {
            return Ok(word);
        }
        let problem = self.expected(&forms::one_of(words));
        Err(match found.and_then(|found| nearest(found, words.iter().copied())) {
            Some(near) => problem.hint(format!("did you mean \"{near}\"?")),
            None => problem,
        })
    }

    pub fn boolean(&self) -> Result<bool, Problem> {
        match self.node.value {
            Value::Bool(value) => Ok(value),
            _ => Err(self.expected("true or false")),
        }
    }

    pub fn release(&self) -> Result<Release, Problem> {
        self.read(forms::release)
    }

    pub fn service(&self) -> Result<Gegevensdienst, Problem> {
        self.read(forms::service)
    }

    pub fn spread(&self) -> Result<Spread, Problem> {
        match self.text() {
            Some("even") => Ok(Spread::Even),
            _ => self.read(units::zipf).map(Spread::Zipf),
        }
    }

    pub fn distribution(&self, dimension: Dimension) -> Result<Distribution, Problem> {
        if let (Dimension::Plain, Ok(number)) = (dimension, self.number())
            && number >= 0.0
        {
            return Ok(Distribution::Fixed(number));
        }
        self.read(|text| units::distribution(text, dimension).map(drop))?;
        match self.text().map(|text| units::distribution(text, dimension)) {
            Some(Ok(Written::Known(distribution))) => Ok(distribution),
            Some(Ok(Written::File(file))) => {
                self.opened.values(self, file, dimension).map(Distribution::Empirical)
            }
            _ => Err(self.expected(dimension.example())),
        }
    }
}

/// A key below another.
pub(super) fn join(path: &str, key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let key = match !key.is_empty() && key.chars().all(plain) {
        true => key.to_owned(),
        false => format!("\"{}\"", key.escape_debug()),
    };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}
