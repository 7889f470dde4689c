//! The Whitelist: whether it is fetched, validated and obeyed (APP 20 to 22, NET 5).

use protocol::{register::ListKind, rule};
use wire::places::Places as _;

use super::doors::{is_let_in, is_open};
use crate::{
    mischief::{BadList, Standing},
    probe::{Case, Going, Probe, Stop},
    waiting::{Wait, after_an_hour},
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "whitelist-fetched",
        rules: &[rule::WHITELIST_BY_UCI, rule::WHITELIST_PULLED, rule::UCI_WHITELIST],
        go: |case| Box::pin(fetched(case)) as Going<'_>,
    },
    Probe {
        name: "whitelist-not-valid",
        rules: &[rule::WHITELIST_VALIDATED],
        go: |case| Box::pin(not_valid(case)) as Going<'_>,
    },
    Probe {
        name: "whitelist-obeyed",
        rules: &[rule::WHITELIST_AT_HANDSHAKE],
        go: |case| Box::pin(obeyed(case)) as Going<'_>,
    },
];

pub(super) const WAITS: &[Wait] = &[
    Wait::hours("whitelist-fetched", 1),
    Wait::hours("whitelist-not-valid", 1),
    Wait::hours("whitelist-obeyed", 2),
];

async fn fetched(case: &Case<'_>) -> Result<(), Stop> {
    let is_fetched = after_an_hour(case, ListKind::Whitelist).await?;
    let expected = "after an hour it asks the stelselnode for the Whitelist";
    let found = if is_fetched { "it asked" } else { "it did not ask" };
    case.judge(rule::WHITELIST_PULLED, is_fetched, expected, found);
    if is_fetched {
        for rule in [rule::WHITELIST_BY_UCI, rule::UCI_WHITELIST] {
            case.judge(rule, true, expected, found);
        }
    }
    Ok(())
}

async fn not_valid(case: &Case<'_>) -> Result<(), Stop> {
    is_open(case).await?;
    let desk = case.desk;
    let name = "nieuw.example";
    let id = desk.world.texts().host(name);
    let stranger = || desk.stranger(name, Standing::Good).map_err(Stop);
    if is_let_in(case, &stranger()?).await? {
        return Err(Stop::because("who is on no list is let in"));
    }
    desk.mischief.spoil_list(ListKind::Whitelist, Some(BadList::FitsNoSchema(id)));
    let is_fetched = after_an_hour(case, ListKind::Whitelist).await;
    let is_in = is_let_in(case, &stranger()?).await;
    desk.mischief.spoil_list(ListKind::Whitelist, None);
    if !is_fetched? {
        return Err(Stop::because("the Whitelist is not fetched"));
    }
    let is_in = is_in?;
    let expected = "who stands on a Whitelist that fits no schema, and on no other: no session";
    let found = if is_in { "an answer" } else { "no session" };
    case.judge(rule::WHITELIST_VALIDATED, !is_in, expected, found);
    Ok(())
}

async fn obeyed(case: &Case<'_>) -> Result<(), Stop> {
    is_open(case).await?;
    let desk = case.desk;
    let gone = desk.pgos.get(1).ok_or_else(|| Stop::because("the network has one PGO"))?;
    if !is_let_in(case, &gone.identity).await? {
        return Err(Stop::because("a PGO of the network is not let in"));
    }
    desk.mischief.spoil_list(ListKind::Whitelist, Some(BadList::Without(gone.id)));
    let is_fetched = after_an_hour(case, ListKind::Whitelist).await;
    let is_in = is_let_in(case, &gone.identity).await;
    desk.mischief.spoil_list(ListKind::Whitelist, None);
    // Whoever is on it again is to be let in by what comes after.
    let _ = after_an_hour(case, ListKind::Whitelist).await;
    if !is_fetched? {
        return Err(Stop::because("the Whitelist is not fetched"));
    }
    let is_in = is_in?;
    let expected = "who is on the newest Whitelist no longer: no session";
    let found = if is_in { "an answer" } else { "no session" };
    case.judge(rule::WHITELIST_AT_HANDSHAKE, !is_in, expected, found);
    Ok(())
}
