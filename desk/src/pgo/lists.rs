//! Whitelist and ZAL: whether they are fetched, validated and obeyed, the one within the hour, the other within the day of
//! which it is the newest (APP 17 to 22).

use protocol::{register::ListKind, rule};

use super::{
    peers::{brings_code, node},
    steps::Walk,
};
use crate::{
    mischief::BadList,
    probe::{Case, Going, Probe, Stop},
    waiting::{Wait, after_a_day, after_an_hour},
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "lists-fetched",
        rules: &[rule::WHITELIST_PULLED, rule::WHITELIST_BY_UCI, rule::UCI_WHITELIST],
        go: |case| Box::pin(fetched(case)) as Going<'_>,
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

async fn whitelist_obeyed(case: &Case<'_>) -> Result<(), Stop> {
    let (desk, gone) = (case.desk, node(case)?);
    if !brings_code(case).await? {
        return Err(Stop::because("no code is brought to a gateway"));
    }
    desk.mischief.spoil_list(ListKind::Whitelist, Some(BadList::Without(gone)));
    let is_fetched = after_an_hour(case, ListKind::Whitelist).await;
    let brings = brings_code(case).await;
    desk.mischief.spoil_list(ListKind::Whitelist, None);
    // What comes after is to find it on the list again.
    let _ = after_an_hour(case, ListKind::Whitelist).await;
    if !is_fetched? {
        return Err(Stop::because("the Whitelist is not fetched"));
    }
    let brings = brings?;
    let expected = "a gateway that is on the newest Whitelist no longer is brought no code";
    let found = if brings { "it was brought one" } else { "it was brought none" };
    case.judge(rule::WHITELIST_OF_ASKED, !brings, expected, found);
    Ok(())
}

async fn whitelist_not_valid(case: &Case<'_>) -> Result<(), Stop> {
    let (desk, gone) = (case.desk, node(case)?);
    if !brings_code(case).await? {
        return Err(Stop::because("no code is brought to a gateway"));
    }
    desk.mischief.spoil_list(ListKind::Whitelist, Some(BadList::InvalidWithout(gone)));
    let is_fetched = after_an_hour(case, ListKind::Whitelist).await;
    let brings = brings_code(case).await;
    desk.mischief.spoil_list(ListKind::Whitelist, None);
    let _ = after_an_hour(case, ListKind::Whitelist).await;
    if !is_fetched? {
        return Err(Stop::because("the Whitelist is not fetched"));
    }
    let brings = brings?;
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

async fn zal_obeyed(case: &Case<'_>) -> Result<(), Stop> {
    let desk = case.desk;
    if !is_last_offered(case).await? {
        return Err(Stop::because("its first page does not show every Zorgaanbieder"));
    }
    desk.mischief.spoil_list(ListKind::Zal, Some(BadList::WithoutLast));
    let passed = after_a_day(case, ListKind::Zal).await;
    let is_offered = is_last_offered(case).await;
    desk.mischief.spoil_list(ListKind::Zal, None);
    let is_fetched = passed?;
    let is_offered = is_offered?;
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
    // What comes after is to find it offered again.
    let _ = after_a_day(case, ListKind::Zal).await;
    Ok(())
}

async fn zal_not_valid(case: &Case<'_>) -> Result<(), Stop> {
    let desk = case.desk;
    if !is_last_offered(case).await? {
        return Err(Stop::because("its first page does not show every Zorgaanbieder"));
    }
    desk.mischief.spoil_list(ListKind::Zal, Some(BadList::InvalidWithoutLast));
    let is_fetched = after_a_day(case, ListKind::Zal).await;
    let is_offered = is_last_offered(case).await;
    desk.mischief.spoil_list(ListKind::Zal, None);
    if !is_fetched? {
        return Err(Stop::because("the ZAL is not fetched"));
    }
    let is_offered = is_offered?;
    let expected = "a ZAL that fits no schema, and lacks a Zorgaanbieder, changes nothing";
    let found = if is_offered { "nothing changed" } else { "it is offered no longer" };
    case.judge(rule::ZAL_VALIDATED, is_offered, expected, found);
    let _ = after_a_day(case, ListKind::Zal).await;
    Ok(())
}
