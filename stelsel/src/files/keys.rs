//! Every key that people can write, with its kind, its default and what it says.
//!
//! From these tables come the checks of files, the defaults in `resolved`, and the JSON Schemas.

mod scenario;
mod topology;

pub(super) use scenario::SCENARIO;
pub(super) use topology::{COSTS, LINK, TOPOLOGY};

use super::kinds::{Absent, Key, Kind};

const fn needed(name: &'static str, kind: Kind, what: &'static str) -> Key {
    Key { name, kind, absent: Absent::Wrong, what }
}

const fn maybe(name: &'static str, kind: Kind, what: &'static str) -> Key {
    Key { name, kind, absent: Absent::Fine, what }
}

const fn or(default: &'static str, name: &'static str, kind: Kind, what: &'static str) -> Key {
    Key { name, kind, absent: Absent::Is(default), what }
}

/// A whole number that fits 32 bits.
const fn count(least: i64) -> Kind {
    Kind::Count { least, most: u32::MAX as i64 }
}
