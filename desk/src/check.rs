//! A check of a gateway, from its first probe to a verdict on every rule.

use std::time::{Duration, Instant};

use protocol::role::Role;

use crate::{
    desk::{Desk, Told, wait_for},
    observe::observe,
    pgo,
    probe::{self, Next, Probe},
    verdict::{Report, untested, verdicts},
    waiting::Wait,
    za,
};

/// How long a gateway may take to answer once more when all is done: whoever runs it may have it begin again by itself.
const STILL_THERE: Duration = Duration::from_secs(10);

/// All probes of a gateway.
pub fn probes(role: Role) -> Vec<Probe> {
    match role {
        Role::Pgo => pgo::probes(),
        _ => za::probes(),
    }
}

/// What will really be waited for in a check by those probes, or by all: nothing that a control door makes needless, or that
/// takes more patience.
pub fn waits(role: Role, only: &[String], told: &Told) -> Vec<Wait> {
    let all: Vec<Wait> = match role {
        Role::Pgo => pgo::waits().collect(),
        _ => za::waits().collect(),
    };
    let is_made = |wait: &Wait| {
        told.control.is_none()
            && Duration::from_secs(wait.seconds) <= told.patience
            && (only.is_empty() || only.iter().any(|name| name == wait.probe))
    };
    all.into_iter().filter(is_made).collect()
}

/// Checks the gateway of a PGO or of a care provider by all probes, or by those that are named. `say` is told of each
/// before it begins, and says whether to go on. `command` is what makes the same check again.
pub async fn check(
    desk: &Desk,
    role: Role,
    only: &[String],
    command: &str,
    say: &dyn Fn(Next) -> bool,
) -> Report {
    let began = Instant::now();
    let probes = probes(role);
    let chosen: Vec<&Probe> = probes
        .iter()
        .filter(|probe| only.is_empty() || only.iter().any(|name| name == probe.name))
        .collect();
    let waits = waits(role, only, &desk.told);
    let ran = probe::run(desk, &chosen, &waits, say).await;
    let mut observed = observe(desk).await;
    observed.extend(ran.observed);
    let planned = probe::planned(&probes);
    let made: Vec<&'static str> = chosen.iter().map(|probe| probe.name).collect();
    let hidden = match role {
        Role::Pgo => pgo::hidden,
        _ => za::hidden,
    };
    let name = role.name();
    let verdicts = verdicts(name, ran.judgements, &ran.unreached, &planned, &made, &hidden);
    let first = chosen.first().filter(|_| only.is_empty()).map(|probe| probe.name);
    let silent = match ran.is_whole {
        true => wait_for(desk.subject.at, STILL_THERE, &|| true).await.err(),
        false => None,
    };
    let untested = untested(&verdicts, &ran.unreached, first, silent);
    Report {
        role: name,
        host: desk.subject.at.to_string(),
        command: command.to_owned(),
        took_s: began.elapsed().as_secs_f64(),
        verdicts,
        observed,
        unreached: ran.unreached,
        untested,
    }
}
