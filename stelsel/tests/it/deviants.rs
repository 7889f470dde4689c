//! Every deviation fires exactly the checkers it should, in a network where much else happens too; and with
//! honest parties every checker stays silent there.

use std::collections::{BTreeMap, BTreeSet};

use actors::deviant::Deviation;
use protocol::{
    role::Role,
    rule::{Rule, RuleKind},
};
use stelsel::run::Options;
use watch::rules::{Breach, Why};

use crate::world;

const POPULATION: &str = "[population]\nunder_age = 0.05\n";

/// More than three days: long enough for every list to be late and every OCSP answer to be stale.
const SCENARIO: &str = r#"
horizon = "80h"
warm_up = "0s"
replications = 1
seed = 11
[arrivals]
rate = "40/h"
[persons]
refuse_consent = 0.1
cancel_login = 0.1
wrong_password = 0.2
go_back = 0.02
reload = 0.02
double_submit = 0.02
consult_dossier = 0.2
consent = "lognormal(median=40s, p95=5min)"
retry = { probability = 0.5, after = "exp(mean=5min)" }
# Long enough for a gateway to know from its Whitelist who left, and not yet from the OAuth client list.
[lists]
ocl_pull = { every = "12h" }
[[fault]]
at = "30h"
for = "20min"
host = "digid"
kind = "down"
[[fault]]
at = "32h"
for = "10min"
host = "xis-*"
kind = "down"
[[fault]]
at = "40h"
host = "pgo-2"
kind = "revoke"
[[fault]]
at = "45h"
host = "pgo-3"
kind = "expire"
[[fault]]
at = "50h"
host = "za-3"
kind = "expire"
[[change]]
at = "20h"
kind = "remove-gateway"
host = "za-2"
publish = "at-once"
[[change]]
at = "25h"
kind = "add-provider"
zorgaanbieder = "xis-7"
[[change]]
at = "28h"
kind = "remove-provider"
zorgaanbieder = "xis-9"
[[change]]
at = "74h"
kind = "remove-gateway"
host = "pgo-1"
publish = "at-once"
"#;

/// The systems behind go away again and again for five minutes, so that some are gone between a person's
/// consent question and the data.
fn outages() -> String {
    (0..24)
        .map(|quarter| {
            let at = 33 * 60 + 15 * quarter;
            format!(
                "[[fault]]\nat = \"{at}min\"\nfor = \"5min\"\nhost = \"xis-*\"\nkind = \"down\"\n"
            )
        })
        .collect()
}

fn host(role: Role) -> String {
    match role {
        Role::Person => "person".to_owned(),
        role => format!("{}-1", role.name()),
    }
}

/// The rules that are broken when those deviate, with who broke each first and what was seen.
fn broken(deviants: &[(Role, Deviation)]) -> BTreeMap<Rule, (String, Why)> {
    let plan: String = deviants
        .iter()
        .map(|(role, one)| format!("[[deviant]]\nhost = \"{}\"\nbreaks = \"{one}\"\n", host(*role)))
        .collect();
    let topology = format!("{}{POPULATION}", world::TOPOLOGY);
    let study = world::study(&topology, &format!("{SCENARIO}{}{plan}", outages()), &[]);
    let answer = world::answer(study, &Options::default());
    assert!(answer.replications[0].conservation.holds());
    answer
        .verdicts
        .iter()
        .filter(|verdict| verdict.broken() && verdict.rule.row().kind != RuleKind::ServiceLevel)
        .map(|verdict| {
            let Breach { host, why, .. } = verdict.first.expect("it was broken some time");
            let who = if host.is_visitor() {
                self::host(Role::Person)
            } else {
                answer.directory.hosts[host.place()].name.clone()
            };
            (verdict.rule, (who, why))
        })
        .collect()
}

#[test]
fn honest_parties_break_no_rule_whatever_befalls_them() {
    assert_eq!(broken(&[]), BTreeMap::new());
}

#[test]
fn every_deviation_fires_exactly_the_checkers_that_it_should() {
    let mut wrong = Vec::new();
    for deviation in Deviation::ALL {
        for role in deviation.roles() {
            let companion = deviation.companion().map(|one| (one.roles()[0], one));
            let deviants: Vec<_> = [(*role, *deviation)].into_iter().chain(companion).collect();
            let found = broken(&deviants);
            let should: BTreeSet<Rule> =
                deviants.iter().flat_map(|(_, one)| one.rules()).copied().collect();
            let by_others =
                found.values().any(|(who, _)| deviants.iter().all(|(role, _)| *who != host(*role)));
            if by_others || !found.keys().eq(&should) {
                wrong.push(format!("{deviation} at a {}: {found:?}, not {should:?}", role.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
