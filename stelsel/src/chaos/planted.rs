//! Who breaks a rule on purpose, so that it can be shown that chaos notices.
//!
//! Says which deviations are looked for, and which cannot show within half an hour. Does not deviate (`actors`).

use actors::deviant::Deviation;
use protocol::{
    role::Role,
    rule::{Rule, RuleKind},
};

use crate::{
    files::nearest_name,
    problem::{Place, Problem},
};

/// Deviations that break a safety rule and that no schedule can show on beta-2018, with the reason.
pub const CANNOT_SHOW: &[(Deviation, &str)] = &[(
    Deviation::StaleOcspAccepted,
    "an OCSP answer is valid for an hour there, twice as long as a schedule lasts",
)];

/// The deviations that break a safety rule.
pub fn of_safety() -> impl Iterator<Item = Deviation> {
    let breaks =
        |one: &Deviation| one.rules().iter().any(|rule| rule.row().kind == RuleKind::Safety);
    Deviation::ALL.iter().copied().filter(breaks)
}

/// The deviation of that name or that breaks the rule of that name, and the one that must go with it.
///
/// # Errors
/// There is none.
pub fn find(flag: &str, name: &str) -> Result<Vec<Deviation>, Problem> {
    let found = Role::ALL.into_iter().find_map(|role| Deviation::find(role, name));
    let Some(deviation) = found else {
        let names: Vec<String> = Deviation::ALL.iter().map(|one| one.name()).collect();
        let rules =
            Deviation::ALL.iter().flat_map(|one| one.rules()).map(|rule: &Rule| rule.name());
        let known = names.iter().map(String::as_str).chain(rules);
        let found = format!("\"{}\"", name.escape_debug());
        let problem = Place::whole(flag).expected("a deviation, or a rule that one breaks", found);
        return Err(match nearest_name(name, known) {
            Some(near) => problem.hint(format!("did you mean \"{near}\"?")),
            None => problem.hint(format!("deviations are {}", names.join(", "))),
        });
    };
    Ok([deviation].into_iter().chain(deviation.companion()).collect())
}
