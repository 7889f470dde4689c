//! Time that passes for the gateway: by its control door, or really.

use std::time::Duration;

use protocol::{message::Request as Asked, register::ListKind};

use crate::probe::{Case, Stop};

/// Lets a time pass for the gateway.
pub(crate) async fn pass(case: &Case<'_>, seconds: u64) -> Result<(), Stop> {
    let desk = case.desk;
    if desk.steer("advance", &seconds.to_string()).await.map_err(Stop)? {
        return Ok(());
    }
    let wait = Duration::from_secs(seconds);
    if wait > desk.patience() {
        let text = format!(
            "it takes {seconds} s: tell how to make its clocks later (--control), or have it wait (--patience)"
        );
        return Err(Stop(text));
    }
    tokio::time::sleep(wait).await;
    Ok(())
}

/// What of the time that passed was really waited for.
pub(crate) fn waited(case: &Case<'_>, seconds: u64) -> Duration {
    if case.desk.told.control.is_some() { Duration::ZERO } else { Duration::from_secs(seconds) }
}

/// The longest that a Whitelist may be used (APP 21), and a moment.
const HOUR: u64 = 3_601;

/// How long a fetch may take once it is due.
const FETCHING: Duration = Duration::from_secs(15);

/// Lets an hour pass; says whether that list was fetched then.
pub(crate) async fn after_an_hour(case: &Case<'_>, kind: ListKind) -> Result<bool, Stop> {
    let is_fetch =
        |one: &crate::ledger::Heard| matches!(one.request, Asked::GetList(of) if of == kind);
    let before = case.heard(|heard| heard.iter().filter(|one| is_fetch(one)).count());
    pass(case, HOUR).await?;
    let until = tokio::time::Instant::now() + FETCHING;
    while tokio::time::Instant::now() < until {
        if case.heard(|heard| heard.iter().filter(|one| is_fetch(one)).count()) > before {
            // What came is taken into use right after.
            tokio::time::sleep(Duration::from_millis(300)).await;
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(false)
}
