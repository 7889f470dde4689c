//! Every deviation fires exactly the checkers it should, in a network where much else happens too; and with
//! honest parties every checker stays silent there.

use std::collections::BTreeSet;

use actors::deviant::Deviation;
use protocol::{
    role::Role,
    rule::{Rule, RuleKind},
};
use stelsel::run::Options;

use crate::world;

/// Three days: long enough for every list to be late and every OCSP answer to be stale.
const SCENARIO: &str = r#"
horizon = "3d"
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
retry = { probability = 0.5, after = "exp(mean=5min)" }
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
"#;

fn broken(deviants: &[(Role, Deviation)]) -> BTreeSet<Rule> {
    let host = |role: Role| match role {
        Role::Person => "person".to_owned(),
        role => format!("{}-1", role.name()),
    };
    let plan: String = deviants
        .iter()
        .map(|(role, one)| format!("[[deviant]]\nhost = \"{}\"\nbreaks = \"{one}\"\n", host(*role)))
        .collect();
    let study = world::study(world::TOPOLOGY, &format!("{SCENARIO}{plan}"), &[]);
    let answer = world::answer(study, &Options::default());
    assert!(answer.replications[0].conservation.holds());
    answer
        .verdicts
        .iter()
        .filter(|verdict| verdict.broken() && verdict.rule.row().kind != RuleKind::ServiceLevel)
        .map(|verdict| verdict.rule)
        .collect()
}

#[test]
fn honest_parties_break_no_rule_whatever_befalls_them() {
    assert_eq!(broken(&[]), BTreeSet::new());
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
            if found != should {
                wrong.push(format!("{deviation} at a {}: {found:?}, not {should:?}", role.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
