//! What a clock shows (APP 10): codes and tokens of 899, 900 and 901 seconds.
//!
//! By the gateway's control door where it has one, which makes its clocks so much later; else by really waiting, where
//! that is wanted.

use std::time::{Duration, Instant};

use protocol::rule;

use super::steps::{Walk, token_of};
use crate::{
    probe::{Case, Going, Probe, Stop},
    waiting::{pass, waited},
    way::said,
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "code-of-899-seconds",
        rules: &[rule::CODE_VALIDITY],
        go: |case| Box::pin(codes(case)) as Going<'_>,
    },
    Probe {
        name: "token-of-899-seconds",
        rules: &[rule::TOKEN_VALIDITY],
        go: |case| Box::pin(tokens(case)) as Going<'_>,
    },
];

/// Seconds at which something is tried, and whether it must be good yet.
const TRIES: [(u64, bool); 3] = [(899, true), (900, false), (901, false)];

/// What was tried took so long that it may be older than was meant.
const SLACK: Duration = Duration::from_millis(900);

async fn codes(case: &Case<'_>) -> Result<(), Stop> {
    for (seconds, is_good) in TRIES {
        let mut walk = Walk::new(case)?;
        let began = Instant::now();
        let code = walk.reach_code().await?;
        pass(case, seconds).await?;
        let answer = walk.offer_code(&code, &[]).await?;
        let kept = token_of(&answer).is_some() == is_good;
        if is_good && !kept && began.elapsed().saturating_sub(waited(case, seconds)) > SLACK {
            return Err(Stop::because("the gateway is too slow to tell 899 from 900 seconds"));
        }
        let what = if is_good { "a token" } else { "no token" };
        let expected = format!("a code of {seconds} s: {what}");
        case.judge(rule::CODE_VALIDITY, kept, &expected, said(&answer));
    }
    Ok(())
}

async fn tokens(case: &Case<'_>) -> Result<(), Stop> {
    for (seconds, is_good) in TRIES {
        let mut walk = Walk::new(case)?;
        let code = walk.reach_code().await?;
        let began = Instant::now();
        let answer = walk.offer_code(&code, &[]).await?;
        let token =
            token_of(&answer).ok_or_else(|| Stop(format!("no token: {}", said(&answer))))?;
        pass(case, seconds).await?;
        let answer = walk.fetch(Some(&token), 0).await?;
        let kept = answer.status.is_success() == is_good;
        if is_good && !kept && began.elapsed().saturating_sub(waited(case, seconds)) > SLACK {
            return Err(Stop::because("the gateway is too slow to tell 899 from 900 seconds"));
        }
        let what = if is_good { "data" } else { "no data" };
        let expected = format!("a token of {seconds} s: {what}");
        case.judge(rule::TOKEN_VALIDITY, kept, &expected, said(&answer));
    }
    Ok(())
}
