//! What a clock shows (APP 10): codes and tokens of 899, 900 and 901 seconds.
//!
//! By the gateway's control door where it has one, which makes its clocks so much later; else by really waiting, where
//! that is wanted, and then for all ages at once.

use std::time::{Duration, Instant};

use protocol::rule::{self, Rule};

use super::{
    steps::{Walk, is_data, token_of},
    tokens::reach_data,
};
use crate::{
    line::Answer,
    probe::{Case, Going, Probe, Stop},
    waiting::{Wait, pass_since},
    way::said,
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "code-of-899-seconds",
        rules: &[rule::CODE_VALIDITY],
        go: |case| Box::pin(ages(case, Value::Code)) as Going<'_>,
    },
    Probe {
        name: "token-of-899-seconds",
        rules: &[rule::TOKEN_VALIDITY],
        go: |case| Box::pin(ages(case, Value::Token)) as Going<'_>,
    },
];

pub(super) const WAITS: &[Wait] = &[
    Wait { probe: "code-of-899-seconds", times: 1, seconds: OLDEST },
    Wait { probe: "token-of-899-seconds", times: 1, seconds: OLDEST },
];

/// Codes and tokens are good for so many seconds (APP 10).
const LIFETIME: Duration = Duration::from_secs(900);

const OLDEST: u64 = 901;

/// Ages at which it must be good yet, the last moment first. What a slow gateway is asked may be dead by the time that it
/// looks: then a younger one is tried.
const ALIVE: [u64; 3] = [899, 895, 870];

/// Ages at which it must be dead.
const DEAD: [u64; 2] = [900, OLDEST];

/// Of what the age is looked at.
#[derive(Clone, Copy)]
enum Value {
    Code,
    Token,
}

impl Value {
    const fn rule(self) -> Rule {
        match self {
            Self::Code => rule::CODE_VALIDITY,
            Self::Token => rule::TOKEN_VALIDITY,
        }
    }

    /// What it is called, and what it is good for.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Code => ("code", "a token"),
            Self::Token => ("token", "data"),
        }
    }

    /// Brings it when it is of that age: not older where `is_alive`, else not younger, because the moment at which it was
    /// issued is known by when it was asked for and when it came. Says whether it was honoured, by what answer, and how
    /// old it was then at most.
    async fn brought(
        self,
        case: &Case<'_>,
        seconds: u64,
        is_alive: bool,
    ) -> Result<(bool, Answer, Duration), Stop> {
        let mut walk = Walk::new(case)?;
        let (asked, value) = match self {
            Self::Code => {
                let (_, question) = walk.reach_question().await?;
                (Instant::now(), walk.consent(&question).await?)
            }
            Self::Token => {
                let code = walk.reach_code().await?;
                let asked = Instant::now();
                let answer = walk.offer_code(&code, &[]).await?;
                let token = token_of(&answer);
                (asked, token.ok_or_else(|| Stop(format!("no token: {}", said(&answer))))?)
            }
        };
        let since = if is_alive { asked } else { Instant::now() };
        let advanced = pass_since(case, since, seconds).await?;
        let answer = match self {
            Self::Code => walk.offer_code(&value, &[]).await?,
            Self::Token => walk.fetch(Some(&value), 0).await?,
        };
        let is_honoured = match self {
            Self::Code => token_of(&answer).is_some(),
            Self::Token => is_data(&answer),
        };
        // Of a gateway that fails for itself, nothing is known of what it would have done.
        if !is_honoured && answer.status.is_server_error() {
            let (name, _) = self.words();
            return Err(Stop(format!("a {name} of {seconds} s: {}", said(&answer))));
        }
        Ok((is_honoured, answer, advanced + asked.elapsed()))
    }
}

async fn ages(case: &Case<'_>, value: Value) -> Result<(), Stop> {
    // New ones are good, or what becomes of old ones says nothing.
    let mut walk = Walk::new(case)?;
    match value {
        Value::Code => walk.reach_token().await?,
        Value::Token => reach_data(&mut walk).await?,
    };
    if case.desk.told.control.is_some() {
        // There is one clock: each age after the other.
        alive(case, value).await?;
        for seconds in DEAD {
            dead(case, value, seconds).await?;
        }
        return Ok(());
    }
    tokio::try_join!(alive(case, value), dead(case, value, DEAD[0]), dead(case, value, DEAD[1]))?;
    Ok(())
}

async fn alive(case: &Case<'_>, value: Value) -> Result<(), Stop> {
    let (name, good) = value.words();
    for seconds in ALIVE {
        let (is_honoured, answer, at_most) = value.brought(case, seconds, true).await?;
        if is_honoured || at_most < LIFETIME {
            let expected = format!("a {name} of {seconds} s: {good}");
            case.judge(value.rule(), is_honoured, &expected, said(&answer));
            return Ok(());
        }
    }
    Err(Stop::because(format!(
        "the gateway is so slow that a {name} of {} s is one of 900 s by the time that it answers",
        ALIVE[ALIVE.len() - 1]
    )))
}

async fn dead(case: &Case<'_>, value: Value, seconds: u64) -> Result<(), Stop> {
    let (name, good) = value.words();
    let (is_honoured, answer, _) = value.brought(case, seconds, false).await?;
    let expected = format!("a {name} of {seconds} s: not {good}");
    case.judge(value.rule(), !is_honoured, &expected, said(&answer));
    Ok(())
}
