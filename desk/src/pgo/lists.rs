//! Whitelist and ZAL: whether they are fetched, validated and obeyed, the one within the hour, the other within the day of
//! which it is the newest (APP 17 to 22).

use protocol::{register::ListKind, rule};

use super::{
    peers::{brings_code, node},
    steps::Walk,
};
use crate::{
    lists::{while_bad, whitelist_is_fetched},
    mischief::BadList,
    probe::{Case, Going, Probe, Stop},
    waiting::Wait,
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "lists-fetched",
        rules: &[rule::WHITELIST_PULLED, rule::WHITELIST_BY_UCI, rule::UCI_WHITELIST],
        go: |case| Box::pin(whitelist_is_fetched(case)) as Going<'_>,
    },
    Probe {
        name: "whitelist-obeyed",
        rules: &[rule::WHITELIST_OF_ASKED],
        go: |case| Box::pin(whitelist_obeyed(case)) as Going<'_>,
    },
    Probe {
        name: "whitelist-not-valid",
        rules: &[rule::WHITELIST_VALIDATED],
        go: |case| Box::pin(whitelist_not_valid(case)) as Going<'_>,
    },
    Probe {
        name: "zal-obeyed",
        rules: &[rule::ZAL_BY_UCI, rule::UCI_ZAL],
        go: |case| Box::pin(zal_obeyed(case)) as Going<'_>,
    },
    Probe {
        name: "zal-not-valid",
        rules: &[rule::ZAL_VALIDATED],
        go: |case| Box::pin(zal_not_valid(case)) as Going<'_>,
    },
];

pub(super) const WAITS: &[Wait] = &[
    Wait::hours("lists-fetched", 1),
    Wait::hours("whitelist-obeyed", 2),
    Wait::hours("whitelist-not-valid", 2),
    Wait::days("zal-obeyed", 2),
    Wait::days("zal-not-valid", 2),
];

/// Whether a code is brought to a gateway while a Whitelist is bad that was fetched.
async fn brings_code_while(case: &Case<'_>, bad: BadList) -> Result<bool, Stop> {
    if !brings_code(case).await? {
        return Err(Stop::because("no code is brought to a gateway"));
    }
    let look = async || brings_code(case).await;
    match while_bad(case, ListKind::Whitelist, bad, look).await? {
        (brings, true) => Ok(brings),
        (_, false) => Err(Stop::because("the Whitelist is not fetched")),
    }
}

async fn whitelist_obeyed(case: &Case<'_>) -> Result<(), Stop> {
    let brings = brings_code_while(case, BadList::Without(node(case)?)).await?;
    let expected = "a gateway that is on the newest Whitelist no longer is brought no code";
    let found = if brings { "it was brought one" } else { "it was brought none" };
    case.judge(rule::WHITELIST_OF_ASKED, !brings, expected, found);
    Ok(())
}

async fn whitelist_not_valid(case: &Case<'_>) -> Result<(), Stop> {
    let brings = brings_code_while(case, BadList::InvalidWithout(node(case)?)).await?;
    let expected = "a Whitelist that fits no schema, and lacks a gateway, changes nothing";
    let found = if brings { "nothing changed" } else { "the gateway is brought no code" };
    case.judge(rule::WHITELIST_VALIDATED, brings, expected, found);
    Ok(())
}

/// Whether the last Zorgaanbieder of the ZAL is offered.
async fn is_last_offered(case: &Case<'_>) -> Result<bool, Stop> {
    let last = case.desk.offers.last().cloned();
    let last = last.ok_or_else(|| Stop::because("nothing is offered"))?;
    Walk::of(case, last).is_offered().await
}

/// The same while a ZAL is bad, and whether that was fetched.
async fn is_last_offered_while(case: &Case<'_>, bad: BadList) -> Result<(bool, bool), Stop> {
    if !is_last_offered(case).await? {
        return Err(Stop::because("its first page does not show every Zorgaanbieder"));
    }
    while_bad(case, ListKind::Zal, bad, async || is_last_offered(case).await).await
}

async fn zal_obeyed(case: &Case<'_>) -> Result<(), Stop> {
    let (is_offered, is_fetched) = is_last_offered_while(case, BadList::WithoutLast).await?;
    let expected = "a Zorgaanbieder that the ZAL lacks for a day is not offered";
    let found = match (is_offered, is_fetched) {
        (true, true) => "the ZAL was fetched, and it is offered",
        (true, false) => "the ZAL was not fetched, and it is offered",
        (false, _) => "it is not",
    };
    case.judge(rule::ZAL_BY_UCI, !is_offered, expected, found);
    if is_fetched {
        case.judge(rule::UCI_ZAL, true, "it asks the stelselnode for the ZAL", "it asked");
    }
    Ok(())
}

async fn zal_not_valid(case: &Case<'_>) -> Result<(), Stop> {
    let (is_offered, is_fetched) = is_last_offered_while(case, BadList::InvalidWithoutLast).await?;
    if !is_fetched {
        return Err(Stop::because("the ZAL is not fetched"));
    }
    let expected = "a ZAL that fits no schema, and lacks a Zorgaanbieder, changes nothing";
    let found = if is_offered { "nothing changed" } else { "it is offered no longer" };
    case.judge(rule::ZAL_VALIDATED, is_offered, expected, found);
    Ok(())
}
