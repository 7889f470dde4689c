//! Who breaks a rule on purpose, so that it can be shown that chaos notices.
//!
//! Says what a name means, and which deviations cannot show within half an hour. Does not deviate (`actors`).

use actors::deviant::Deviation;
use protocol::{role::Role, rule::Rule};

use crate::{
    files::nearest_name,
    problem::{Place, Problem},
};

/// Deviations that break a rule and that no schedule can show, with the reason.
pub const CANNOT_SHOW: &[(Deviation, &str)] = &[
    (Deviation::WhitelistPulledSeldom, "it shows after an hour without a fetch"),
    (Deviation::ZalLate, "the ZAL is late after a day"),
    (Deviation::WhitelistLate, "the Whitelist is late after a day"),
];

/// The deviation of that name or that breaks the rule of that name, and the one that must go with it.
///
/// # Errors
/// There is none, or nobody could see it deviate.
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
    if let Some((_, why)) = CANNOT_SHOW.iter().find(|(one, _)| *one == deviation) {
        let problem = format!("{deviation} cannot show within the half hour of a schedule: {why}");
        return Err(Place::whole(flag).problem(problem));
    }
    Ok([deviation].into_iter().chain(deviation.companion()).collect())
}
