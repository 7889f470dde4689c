//! Probes of a PGO's gateway: OAuth client, node, and what it shows to people.
//!
//! The other ends are hosts of the twin, behind which it is seen what the PGO asks; people at browsers are the desk's.
//! Does nothing by itself.

mod collect;
mod doors;
mod dossier;
mod endings;
mod habits;
mod lists;
mod peers;
mod states;
mod steps;

use protocol::rule::{self, Rule};

use crate::{probe::Probe, waiting::Wait};

/// Every probe, in the order in which they are made.
pub fn probes() -> Vec<Probe> {
    [
        collect::PROBES,
        states::PROBES,
        endings::PROBES,
        peers::PROBES,
        doors::PROBES,
        lists::PROBES,
        habits::PROBES,
    ]
    .into_iter()
    .flatten()
    .copied()
    .collect()
}

/// What probes really wait for, where no clock can be made later.
pub fn waits() -> impl Iterator<Item = Wait> {
    lists::WAITS.iter().copied()
}

/// Why a rule that binds a PGO's gateway cannot be seen from outside.
pub fn hidden(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        rule::STEP_PGO_LOGS | rule::NORM_LOGGING => "a log never reaches the wire",
        rule::WHITELIST_AT_HANDSHAKE => "no gateway seeks a PGO in release 1.x",
        rule::RELEASE_SPOKEN => "one release is spoken in the network of a check",
        rule::WHITELIST_ON_DEMAND => "it is asked for between people",
        rule::TLS_BACK_GOOD => "a PGO is sought by browsers only in release 1.x",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn probes_have_names_of_their_own_and_judge_something() {
        let probes = probes();
        let names: BTreeSet<&str> = probes.iter().map(|probe| probe.name).collect();
        assert_eq!(names.len(), probes.len());
        let looks_only = probes.iter().filter(|probe| probe.rules.is_empty());
        assert_eq!(looks_only.map(|probe| probe.name).collect::<Vec<_>>(), ["habits"]);
        assert!(waits().all(|wait| names.contains(wait.probe)));
        for rule in probes.iter().flat_map(|probe| probe.rules) {
            assert_eq!(hidden(*rule), None, "{rule}");
        }
    }
}
