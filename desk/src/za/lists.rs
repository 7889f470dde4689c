//! The Whitelist: whether it is fetched, validated and obeyed (APP 20 to 22, NET 5).

use protocol::{register::ListKind, rule};
use wire::places::Places as _;

use super::doors::{is_let_in, is_open};
use crate::{
    lists::{while_bad, whitelist_is_fetched},
    mischief::{BadList, Standing},
    probe::{Case, Going, Probe, Stop},
    waiting::Wait,
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "whitelist-fetched",
        rules: &[rule::WHITELIST_BY_UCI, rule::WHITELIST_PULLED, rule::UCI_WHITELIST],
        go: |case| Box::pin(whitelist_is_fetched(case)) as Going<'_>,
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
    Wait::hours("whitelist-not-valid", 2),
    Wait::hours("whitelist-obeyed", 2),
];

const NOT_FETCHED: &str = "the Whitelist is not fetched";

async fn not_valid(case: &Case<'_>) -> Result<(), Stop> {
    is_open(case).await?;
    let desk = case.desk;
    let name = "nieuw.example";
    let id = desk.world.texts().host(name);
    let stranger = || desk.stranger(name, Standing::Good).map_err(Stop);
    if is_let_in(case, &stranger()?).await? {
        return Err(Stop::because("who is on no list is let in"));
    }
    let look = async || is_let_in(case, &stranger()?).await;
    let (is_in, is_fetched) =
        while_bad(case, ListKind::Whitelist, BadList::FitsNoSchema(id), look).await?;
    if !is_fetched {
        return Err(Stop::because(NOT_FETCHED));
    }
    let expected = "who stands on a Whitelist that fits no schema, and on no other: no session";
    let found = if is_in { "an answer" } else { "no session" };
    case.judge(rule::WHITELIST_VALIDATED, !is_in, expected, found);
    Ok(())
}

async fn obeyed(case: &Case<'_>) -> Result<(), Stop> {
    is_open(case).await?;
    let gone = case.desk.pgos.get(1).ok_or_else(|| Stop::because("the network has one PGO"))?;
    if !is_let_in(case, &gone.identity).await? {
        return Err(Stop::because("a PGO of the network is not let in"));
    }
    let look = async || is_let_in(case, &gone.identity).await;
    let (is_in, is_fetched) =
        while_bad(case, ListKind::Whitelist, BadList::Without(gone.id), look).await?;
    if !is_fetched {
        return Err(Stop::because(NOT_FETCHED));
    }
    let expected = "who is on the newest Whitelist no longer: no session";
    let found = if is_in { "an answer" } else { "no session" };
    case.judge(rule::WHITELIST_AT_HANDSHAKE, !is_in, expected, found);
    Ok(())
}
