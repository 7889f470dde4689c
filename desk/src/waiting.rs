//! Time that passes for the gateway: by its control door, or really.

use std::time::{Duration, Instant};

use protocol::{message::Request as Asked, register::ListKind};

use crate::{
    ledger::Heard,
    probe::{Case, Stop},
};

/// What a probe really waits for, where no clock can be made later.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// The probe.
    pub probe: &'static str,
    /// How often.
    pub times: u32,
    /// How long each time, in seconds, if nothing ends it before.
    pub seconds: u64,
}

impl Wait {
    pub(crate) const fn hours(probe: &'static str, times: u32) -> Self {
        Self { probe, times, seconds: HOUR }
    }

    pub(crate) const fn days(probe: &'static str, times: u32) -> Self {
        Self { probe, times, seconds: DAY }
    }

    /// All of it.
    pub fn whole(&self) -> Duration {
        Duration::from_secs(self.seconds) * self.times
    }
}

/// The longest that a Whitelist may be used (APP 21), and a moment.
const HOUR: u64 = 3_601;

/// The longest that a ZAL is newest (APP 18), and a moment: no rule says how often a PGO fetches it.
const DAY: u64 = 86_401;

/// How long a fetch is waited for between one hour of a day and the next, where they are made to pass.
const BETWEEN: Duration = Duration::from_millis(300);

/// How long a fetch may take once it is due: a gateway may look once a minute what is.
const FETCHING: Duration = Duration::from_secs(75);

/// How long what came takes to be used at the least …
const USING: Duration = Duration::from_millis(300);

/// … and at the most, …
const STORING: Duration = Duration::from_secs(10);

/// … and how long it is waited for where nothing is to come of it.
const SETTLING: Duration = Duration::from_secs(3);

/// How often it is looked whether something was fetched.
const LOOK: Duration = Duration::from_millis(50);

/// Makes the gateway's clocks so much later, if it has a control door; else sees whether so long may really be waited.
/// Says whether they are later.
async fn hasten(case: &Case<'_>, seconds: u64) -> Result<bool, Stop> {
    let desk = case.desk;
    if desk.steer("advance", &seconds.to_string()).await.map_err(Stop)? {
        return Ok(true);
    }
    if Duration::from_secs(seconds) > desk.patience() {
        let text = format!(
            "it takes {seconds} s: tell how to make its clocks later (--control), or have it wait (--patience)"
        );
        return Err(Stop(text));
    }
    Ok(false)
}

/// Lets time pass until so long after a moment, for the gateway; says how much of it was not really waited for.
pub(crate) async fn pass_since(
    case: &Case<'_>,
    moment: Instant,
    seconds: u64,
) -> Result<Duration, Stop> {
    let until = Duration::from_secs(seconds);
    // A control door knows whole seconds: what is left of one is waited for.
    let left = until.saturating_sub(moment.elapsed()).as_secs();
    let hastened = match hasten(case, left).await? {
        true => Duration::from_secs(left),
        false => Duration::ZERO,
    };
    tokio::time::sleep(until.saturating_sub(hastened + moment.elapsed())).await;
    Ok(hastened)
}

/// Lets an hour pass, or less, if that list is fetched before it is over; says whether it was.
pub(crate) async fn after_an_hour(case: &Case<'_>, kind: ListKind) -> Result<bool, Stop> {
    let fetches = Fetches::of(case, kind);
    let limit = match hasten(case, HOUR).await? {
        true => FETCHING,
        false => Duration::from_secs(HOUR) + FETCHING,
    };
    Ok(fetches.come(limit).await)
}

/// The same with a day.
pub(crate) async fn after_a_day(case: &Case<'_>, kind: ListKind) -> Result<bool, Stop> {
    let fetches = Fetches::of(case, kind);
    if case.desk.told.control.is_none() {
        hasten(case, DAY).await?;
        return Ok(fetches.come(Duration::from_secs(DAY) + FETCHING).await);
    }
    // By the hour, as what comes once an hour is not to come a day late.
    for _ in 0..DAY / HOUR {
        hasten(case, HOUR).await?;
        if fetches.come(BETWEEN).await {
            return Ok(true);
        }
    }
    hasten(case, HOUR).await?;
    Ok(fetches.come(FETCHING).await)
}

/// Looks at something that is to become so, until it is or has had the time; says what was seen.
pub(crate) async fn becomes(
    look: &impl AsyncFn() -> Result<bool, Stop>,
    wanted: bool,
) -> Result<bool, Stop> {
    let until = Instant::now() + STORING;
    loop {
        let seen = look().await?;
        if seen == wanted || Instant::now() > until {
            return Ok(seen);
        }
        tokio::time::sleep(USING).await;
    }
}

/// Looks at something that is to stay as it is, once it has had the time to become otherwise.
pub(crate) async fn stays(look: &impl AsyncFn() -> Result<bool, Stop>) -> Result<bool, Stop> {
    tokio::time::sleep(SETTLING).await;
    look().await
}

/// Requests for a list, from now on.
struct Fetches<'c> {
    case: &'c Case<'c>,
    kind: ListKind,
    before: usize,
}

impl<'c> Fetches<'c> {
    fn of(case: &'c Case<'c>, kind: ListKind) -> Self {
        Self { before: Self::count(case, kind), case, kind }
    }

    fn count(case: &Case<'_>, kind: ListKind) -> usize {
        let is_one = |one: &&Heard| matches!(one.request, Asked::GetList(of) if of == kind);
        case.heard(|heard| heard.iter().filter(is_one).count())
    }

    /// Waits for one, but no longer than that; says whether it came.
    async fn come(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        while Instant::now() < until {
            if Self::count(self.case, self.kind) > self.before {
                // What came is taken into use right after.
                tokio::time::sleep(USING).await;
                return true;
            }
            tokio::time::sleep(LOOK).await;
        }
        false
    }
}
