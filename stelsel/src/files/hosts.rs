//! Which hosts a topology has, as far as its file says, and what a pattern finds among them.
//!
//! Where real lists say who is there, nothing is known before they are read: then `compose` asks again.

use std::collections::BTreeSet;

use protocol::role::Role;

use crate::{
    plan::{LinkEnds, Topology},
    problem::{Located, Place, Problem},
};

/// The hosts of a topology.
pub(super) struct Hosts<'a> {
    gateways: Vec<(Role, &'a str)>,
    providers: u32,
}

impl<'a> Hosts<'a> {
    /// None if lists say who is there.
    pub fn of(topology: &'a Topology) -> Option<Self> {
        if topology.source.is_some() {
            return None;
        }
        let pgos = topology.pgos.iter().flat_map(|group| &group.hosts);
        let zas = topology.zas.iter().flat_map(|group| &group.hosts);
        let gateways = pgos
            .map(|host| (Role::Pgo, host.as_str()))
            .chain(zas.map(|host| (Role::Za, host.as_str())))
            .chain([
                (Role::Digid, "digid-1"),
                (Role::Stelselnode, "stelselnode-1"),
                (Role::Ocsp, "ocsp-1"),
            ])
            .collect();
        let providers = topology.zas.iter().filter_map(|group| group.providers);
        let providers = providers.fold(0, u32::saturating_add);
        Some(Self { gateways, providers })
    }

    /// The roles of the hosts that a pattern finds.
    pub fn roles(&self, pattern: &str) -> BTreeSet<Role> {
        if let Some(role) = Role::from_name(pattern) {
            return [role].into();
        }
        let mut roles: BTreeSet<Role> = self
            .gateways
            .iter()
            .filter(|(_, host)| matches(pattern, host))
            .map(|(role, _)| *role)
            .collect();
        // There may be a million of these, so they are only written out where they can match.
        let may_be_xis = pattern.starts_with('*') || pattern.starts_with('x');
        if may_be_xis && (1..=self.providers).any(|n| matches(pattern, &format!("xis-{n}"))) {
            roles.insert(Role::Xis);
        }
        roles
    }

    /// The role of the host of exactly this name.
    pub fn role(&self, name: &str) -> Option<Role> {
        self.gateways.iter().find(|(_, host)| *host == name).map(|(role, _)| *role)
    }

    /// The problem that a pattern finds no host.
    pub fn missing(&self, host: &Located<String>) -> Problem {
        host.place.expected(format!("a host of the topology: {self}"), format!("{:?}", host.value))
    }

    /// What is wrong with the ends of a link.
    pub fn check_ends(&self, ends: &LinkEnds) -> Vec<Problem> {
        let ends = match ends {
            LinkEnds::Either(end) => vec![end],
            LinkEnds::Directed(from, to) => vec![from, to],
        };
        let known = |end: &Located<String>| {
            matches(&end.value, "person")
                || end.value.starts_with("person-")
                || !self.roles(&end.value).is_empty()
        };
        ends.into_iter().filter(|end| !known(end)).map(|end| self.missing(end)).collect()
    }
}

impl std::fmt::Display for Hosts<'_> {
    /// Names, of which those in a row are drawn together: `pgo-1 to pgo-20, digid-1`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = self.gateways.as_slice();
        while let [(_, first), ..] = rest {
            let row = rest
                .iter()
                .zip(rest.iter().skip(1))
                .take_while(|((_, one), (_, next))| follows(one, next));
            let length = 1 + row.count();
            match rest[..length] {
                [.., (_, last)] if length > 2 => write!(f, "{first} to {last}, ")?,
                [_, (_, last)] => write!(f, "{first}, {last}, ")?,
                _ => write!(f, "{first}, ")?,
            }
            rest = &rest[length..];
        }
        match self.providers {
            1 => f.write_str("xis-1"),
            providers => write!(f, "xis-1 to xis-{providers}"),
        }
    }
}

/// Whether two names differ in a number at their end, which is one more in the second.
fn follows(one: &str, next: &str) -> bool {
    let parts = |name: &str| {
        let (front, number) = name.rsplit_once('-')?;
        Some((front.to_owned(), number.parse::<u32>().ok()?))
    };
    match (parts(one), parts(next)) {
        (Some((left, n)), Some((right, m))) => left == right && n.checked_add(1) == Some(m),
        _ => false,
    }
}

/// Whether a pattern, in which `*` stands for any characters or none, fits a name.
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A place under which two things have the same name.
pub(super) fn duplicates(names: &[(String, Place)], what: &str) -> Vec<Problem> {
    let mut seen: std::collections::BTreeMap<&str, &Place> = std::collections::BTreeMap::new();
    let mut problems = Vec::new();
    for (name, place) in names {
        match seen.get(name.as_str()) {
            Some(first) => problems.push(place.problem(format!(
                "expected {what} of its own; found \"{name}\", which {first} has"
            ))),
            None => {
                seen.insert(name, place);
            }
        }
    }
    problems
}
