//! What flags say instead of files: a path into a tree, and a value.
//!
//! Does not know which paths there are: what a flag puts where nothing belongs is an unknown key like any
//! other.

use std::{path::PathBuf, sync::Arc};

use super::tree::{self, Giver, Node, Origin, Source, Table, Value};
use crate::problem::{Place, Problem};

/// A value that a flag gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Override {
    /// The flag: `--set`, `--seed`.
    pub flag: String,
    /// Where the value goes: `persons.login`, `topology.digid.workers`, `topology.costs."digid.*"`.
    pub path: String,
    /// The value: TOML if it is TOML, else a text.
    pub value: String,
}

impl Override {
    /// What `--set path=value` says. The problem that there is no path or no `=` names the flag.
    pub fn parse_set(text: &str) -> Result<Self, Problem> {
        let mut is_quoted = false;
        let equals = text.char_indices().find(|(_, c)| {
            is_quoted ^= *c == '"';
            *c == '=' && !is_quoted
        });
        match equals.map(|(place, _)| (text[..place].trim(), text[place + 1..].trim())) {
            Some((path, value)) if !path.is_empty() => {
                Ok(Self { flag: "--set".into(), path: path.into(), value: value.into() })
            }
            _ => Err(Place::whole("--set").expected(
                "path=value, such as arrivals.rate=3/s",
                format!("\"{}\"", text.escape_debug()),
            )),
        }
    }

    /// The keys of its path; a segment in quotes may have dots.
    pub(super) fn segments(&self) -> Result<Vec<String>, Problem> {
        let mut segments = vec![String::new()];
        let mut is_quoted = false;
        for c in self.path.chars() {
            match (c, segments.last_mut()) {
                ('"', _) => is_quoted = !is_quoted,
                ('.', _) if !is_quoted => segments.push(String::new()),
                (_, Some(last)) => last.push(c),
                (_, None) => {}
            }
        }
        if is_quoted || segments.iter().any(String::is_empty) {
            return Err(self
                .place()
                .problem("expected keys with dots between them, such as persons.login"));
        }
        Ok(segments)
    }

    fn place(&self) -> Place {
        Place { key: self.path.clone(), ..Place::whole(self.flag.as_str()) }
    }

    /// Puts the value into a tree.
    pub(super) fn apply(
        &self,
        root: &mut Node,
        segments: &[String],
        prefix: &'static str,
    ) -> Result<(), Problem> {
        let source = Source { name: self.flag.as_str().into(), prefix, folder: PathBuf::new() };
        let origin = Origin::whole(&Arc::new(source));
        let mut value = tree::parse_value(&self.value, &origin);
        // Not what is in a list or a table: that is only what TOML takes it for.
        value.origin.giver = Giver::Flag(self.value.as_str().into());
        let Some((last, way)) = segments.split_last() else { return Ok(()) };
        let mut at = root;
        for (depth, segment) in way.iter().enumerate() {
            at = self.step(at, segment, &segments[..depth], &origin)?;
        }
        match &mut at.value {
            Value::Table(table) => table.put(last, value),
            Value::List(_) => *self.step(at, last, way, &origin)? = value,
            _ => return Err(self.no_keys(way, at)),
        }
        Ok(())
    }

    /// What stands under a key or a number; a table that is not there is made.
    fn step<'a>(
        &self,
        at: &'a mut Node,
        segment: &str,
        way: &[String],
        origin: &Origin,
    ) -> Result<&'a mut Node, Problem> {
        if !matches!(at.value, Value::Table(_) | Value::List(_)) {
            return Err(self.no_keys(way, at));
        }
        match &mut at.value {
            Value::Table(table) => {
                if table.get(segment).is_none() {
                    let made = Value::Table(Table::default());
                    table.put(segment, Node { value: made, origin: origin.clone() });
                }
                table.get_mut(segment).ok_or_else(|| self.place().problem("cannot be set"))
            }
            Value::List(items) => {
                let place = self.item(items, segment, way)?;
                items.get_mut(place).ok_or_else(|| self.place().problem("cannot be set"))
            }
            _ => Err(self.place().problem("cannot be set")),
        }
    }

    /// The place of the item that a segment names: by its number or by its host.
    fn item(&self, items: &[Node], segment: &str, way: &[String]) -> Result<usize, Problem> {
        let list = way.join(".");
        if let Ok(number) = segment.parse::<usize>() {
            return match number < items.len() {
                true => Ok(number),
                false => Err(self.place().expected(
                    format!("a number below {}, because {list} has as many", items.len()),
                    segment,
                )),
            };
        }
        let text = |item: &Node, key: &str| match &item.value {
            Value::Table(table) => match table.get(key).map(|node| &node.value) {
                Some(Value::Text(text)) => Some(text.clone()),
                Some(Value::Integer(number)) => Some(number.to_string()),
                _ => None,
            },
            _ => None,
        };
        let named = items.iter().position(|item| text(item, "host").as_deref() == Some(segment));
        if let Some(place) = named {
            return Ok(place);
        }
        // Hosts without a name of their own are numbered over all groups.
        let role = way.last().map_or("", String::as_str);
        let mut first = 1_u64;
        for (place, item) in items.iter().enumerate() {
            let count = text(item, "count").and_then(|count| count.parse().ok()).unwrap_or(1_u64);
            let next = first.saturating_add(count);
            let number = segment.strip_prefix(role).and_then(|rest| rest.strip_prefix('-'));
            let number = number.and_then(|number| number.parse::<u64>().ok());
            let is_in = number.is_some_and(|number| (first..next).contains(&number));
            if is_in && text(item, "host").is_none() {
                if count == 1 {
                    return Ok(place);
                }
                return Err(self.place().problem(format!(
                    "{segment} is one of {count} hosts that are alike: set {list}.{place} for all of them, or give it a group of its own"
                )));
            }
            first = next;
        }
        Err(self.place().expected(
            format!("a number from 0 or a host of {list}"),
            format!("\"{}\"", segment.escape_debug()),
        ))
    }

    fn no_keys(&self, way: &[String], at: &Node) -> Problem {
        self.place().problem(format!("{} has no keys: it is {}", way.join("."), at.value))
    }
}
