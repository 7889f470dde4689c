//! Host patterns, as files write them: a name, a role, or a name with `*` for any letters.

use protocol::world::link::HostSet;
use protocol::{id::HostId, role::Role};

use super::roster::Roster;
use crate::problem::{Located, Problem};

/// Whether a pattern fits a host of that name and role.
fn fits(pattern: &str, name: &str, role: Role) -> bool {
    pattern == role.name() || glob(pattern, name)
}

/// `*` stands for any number of any letters.
fn glob(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => match name.strip_prefix(head) {
            None => false,
            Some(tail) => (0..=tail.len())
                .filter(|from| tail.is_char_boundary(*from))
                .any(|from| glob(rest, &tail[from..])),
        },
    }
}

/// Whether a pattern means people's browsers.
pub(super) fn means_persons(pattern: &str) -> bool {
    fits(pattern, "person-1", Role::Person)
}

/// The hosts with a station that a pattern fits; at least one.
///
/// # Errors
/// There is none: the problem names what there is.
pub fn hosts(roster: &Roster, pattern: &Located<String>) -> Result<Vec<HostId>, Problem> {
    let found: Vec<HostId> = roster
        .hosts
        .iter()
        .enumerate()
        .filter(|(_, host)| fits(&pattern.value, &host.name, host.role))
        .map(|(place, _)| HostId(place as u32))
        .collect();
    if found.is_empty() { Err(unknown(roster, pattern)) } else { Ok(found) }
}

/// The same, where people's browsers may be meant as well.
///
/// # Errors
/// It fits nobody.
pub fn set(roster: &Roster, pattern: &Located<String>) -> Result<HostSet, Problem> {
    let visitors = means_persons(&pattern.value);
    match hosts(roster, pattern) {
        Ok(hosts) => Ok(HostSet { visitors, hosts }),
        Err(_) if visitors => Ok(HostSet { visitors, hosts: Vec::new() }),
        Err(problem) => Err(problem),
    }
}

/// The one host of that name and role.
///
/// # Errors
/// There is none, or it has another role.
pub fn one(roster: &Roster, name: &Located<String>, roles: &[Role]) -> Result<HostId, Problem> {
    let found = hosts(roster, name)?;
    let known: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    let wanted = format!("the name of one host, of role {}", known.join(" or "));
    match found[..] {
        [host] if roles.contains(&roster.host(host).role) => Ok(host),
        [host] => {
            let role = roster.host(host).role.name();
            Err(name.place.expected(wanted, format!("`{}`, of role {role}", name.value)))
        }
        _ => {
            let fits = format!("`{}`, which fits {} hosts", name.value, found.len());
            Err(name.place.expected(wanted, fits))
        }
    }
}

/// How closely a pattern says whom it means: letters that are not `*`; a whole name counts more.
pub(super) fn closeness(roster: &Roster, pattern: &str) -> usize {
    let letters = pattern.chars().filter(|letter| *letter != '*').count();
    let is_name = roster.hosts.iter().any(|host| host.name == pattern);
    letters + if is_name { 1_000 } else { 0 }
}

fn unknown(roster: &Roster, pattern: &Located<String>) -> Problem {
    let mut parts: Vec<String> = Vec::new();
    for role in Role::ALL {
        let of_role = || roster.hosts.iter().filter(|host| host.role == role);
        match (of_role().next(), of_role().next_back()) {
            (Some(first), Some(last)) if first.name != last.name => {
                parts.push(format!("{} to {}", first.name, last.name));
            }
            (Some(only), _) => parts.push(only.name.clone()),
            _ => {}
        }
    }
    let found = format!("`{}`, which fits none of {}", pattern.value, parts.join(", "));
    pattern.place.expected("the name of a host, a role, or a pattern such as za-*", found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_by_name_by_role_and_by_star() {
        let za = |pattern| fits(pattern, "za-12", Role::Za);
        for good in ["za-12", "za", "za-*", "*", "z*2", "za-1*", "**"] {
            assert!(za(good), "{good}");
        }
        for bad in ["za-1", "z", "pgo", "pgo-*", "*3", "za-12-*", ""] {
            assert!(!za(bad), "{bad}");
        }
        assert!(means_persons("person") && means_persons("person-*") && means_persons("*"));
        assert!(!means_persons("pgo-*"));
    }
}
