//! Probes of a care provider's gateway: authorization server, resource server, service provider of DigiD, node.
//!
//! What is judged where, and what cannot be seen of it from outside. Does nothing by itself.

mod clocks;
mod codes;
mod doors;
mod endings;
mod habits;
mod lists;
mod login;
mod question;
mod requests;
mod steps;
mod tokens;
mod walk;

use protocol::rule::{self, Rule};

pub use self::steps::Survey;
use crate::{probe::Probe, waiting::Wait};

/// Every probe, in the order in which they are made.
pub fn probes() -> Vec<Probe> {
    [
        walk::PROBES,
        requests::PROBES,
        login::PROBES,
        endings::PROBES,
        codes::PROBES,
        tokens::PROBES,
        doors::PROBES,
        clocks::PROBES,
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
    [clocks::WAITS, lists::WAITS].into_iter().flatten().copied()
}

/// Why a rule that binds a care provider's gateway cannot be seen from outside.
pub fn hidden(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        rule::BRON_OFFERS_SERVICE | rule::NAAM_FORM => {
            "it shows on the ZAL: see `stelsel check lists`"
        }
        rule::REAL_SERVER => "it depends on the names that a person's browser resolves",
        rule::SESSIONS_BOUNDED | rule::MADE_UP_CODES_BOUNDED => {
            "it takes an attack to see where the bound is"
        }
        rule::STORED_CODES_SAFE => {
            "a store is not seen; that a code works once, briefly and for one client is judged as APP 10, 12 and 13"
        }
        rule::AGE_LIMIT => "no test person is under 16",
        rule::NO_CROSS_READ | rule::STEP_ANSWER => {
            "whose data they are, only the gateway's own systems say"
        }
        rule::NORM_LOGGING => "a log never reaches the wire",
        rule::WHITELIST_OF_ASKED => "a care provider's gateway seeks no gateway in release 1.x",
        rule::RELEASE_SPOKEN => "one release is spoken in the network of a check",
        rule::WHITELIST_ON_DEMAND => "it is asked for between people",
        rule::ZAL_BY_UCI => "a care provider's gateway has no duty to fetch the ZAL",
        rule::ZAL_VALIDATED => "what it does with a ZAL does not show outside",
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
    }

    #[test]
    fn what_is_judged_is_not_said_to_be_hidden() {
        for rule in probes().iter().flat_map(|probe| probe.rules) {
            assert_eq!(hidden(*rule), None, "{rule}");
        }
    }
}
