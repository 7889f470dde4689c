//! Lists that a gateway of any kind fetches: whether it does, and what is seen of it while one of them is bad.
//!
//! What that shows of a rule, probes say (`za/lists.rs`, `pgo/lists.rs`).

use protocol::{register::ListKind, rule};

use crate::{
    mischief::BadList,
    probe::{Case, Stop},
    waiting::{after_a_day, after_an_hour},
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

/// Looks at something while a list is bad that the gateway has had the time to fetch; says what was seen, and whether it
/// was fetched. What comes after finds the list good again.
pub(crate) async fn while_bad<T>(
    case: &Case<'_>,
    kind: ListKind,
    bad: BadList,
    look: impl AsyncFnOnce() -> Result<T, Stop>,
) -> Result<(T, bool), Stop> {
    let passes = async || match kind {
        ListKind::Zal => after_a_day(case, kind).await,
        _ => after_an_hour(case, kind).await,
    };
    case.desk.mischief.spoil_list(kind, Some(bad));
    let is_fetched = passes().await;
    let seen = match &is_fetched {
        Ok(_) => Some(look().await),
        Err(_) => None,
    };
    case.desk.mischief.spoil_list(kind, None);
    let is_fetched = is_fetched?;
    if is_fetched {
        // Whether it is fetched again was judged elsewhere.
        let _ = passes().await;
    }
    match seen {
        Some(seen) => Ok((seen?, is_fetched)),
        None => Err(Stop::because("no time passed")),
    }
}
