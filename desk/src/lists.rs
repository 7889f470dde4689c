//! Lists that a gateway of any kind fetches: whether it does, and what is seen of it while one of them is bad.
//!
//! What that shows of a rule, probes say (`za/lists.rs`, `pgo/lists.rs`).

use protocol::{register::ListKind, rule};

use crate::{
    mischief::BadList,
    probe::{Case, Stop},
    waiting::{after_a_day, after_an_hour, becomes, stays},
};

/// Judges that the Whitelist is asked for within the hour (APP 20, APP 21).
pub(crate) async fn whitelist_is_fetched(case: &Case<'_>) -> Result<(), Stop> {
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

/// Looks whether something goes on while a list is bad that the gateway has had the time to fetch; says whether it does,
/// and whether the list was fetched. What comes after finds the list good again.
pub(crate) async fn while_bad(
    case: &Case<'_>,
    kind: ListKind,
    bad: BadList,
    look: impl AsyncFn() -> Result<bool, Stop>,
) -> Result<(bool, bool), Stop> {
    let passes = async || match kind {
        ListKind::Zal => after_a_day(case, kind).await,
        _ => after_an_hour(case, kind).await,
    };
    case.desk.mischief.spoil_list(kind, Some(bad));
    let is_fetched = passes().await;
    let seen = match (&is_fetched, bad) {
        // A good list may take a moment to be used, and so may a bad one by who does not look at it.
        (Ok(true), BadList::Without(_) | BadList::WithoutLast) => Some(becomes(&look, false).await),
        (Ok(true), _) => Some(stays(&look).await),
        (Ok(false), _) => Some(look().await),
        (Err(_), _) => None,
    };
    case.desk.mischief.spoil_list(kind, None);
    let is_fetched = is_fetched?;
    if is_fetched {
        // Whether it is fetched again was judged elsewhere.
        let _ = passes().await;
        if !matches!(bad, BadList::FitsNoSchema(_)) {
            // Whoever comes next sees what has become of it.
            let _ = becomes(&look, true).await;
        }
    }
    match seen {
        Some(seen) => Ok((seen?, is_fetched)),
        None => Err(Stop::because("no time passed")),
    }
}
