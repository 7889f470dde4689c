//! From the tree of a scenario to what it means.
//!
//! The tree has been checked against the table of keys: what is checked here is what keys mean together.
//! Whether the hosts that it names exist is asked in `across`.

use protocol::{distribution::Distribution, register::ListKind, time::Duration};

use super::{
    changes, expect,
    field::Field,
    forms::{self, FaultForm},
    kinds::ENOUGH,
    profiles, topology,
    units::{self, Dimension},
};
use crate::{
    plan::{
        ArrivalPlan, CheckAgainst, DeviantPlan, Fault, FaultKind, HostFault, Lists, Persons, Pull,
        Scenario, Tokens,
    },
    problem::Problem,
};

/// What a scenario means. What is wrong is added to `problems`.
pub(super) fn read(root: &Field<'_>, problems: &mut Vec<Problem>) -> Option<Scenario> {
    let before = problems.len();
    match assemble(root, problems) {
        Ok(scenario) => (problems.len() == before).then_some(scenario),
        Err(problem) => {
            problems.push(problem);
            None
        }
    }
}

fn assemble(root: &Field<'_>, problems: &mut Vec<Problem>) -> Result<Scenario, Problem> {
    let duration = |key| root.need(key).and_then(|field| field.duration());
    let (horizon, warm_up, drain) =
        (duration("horizon")?, duration("warm_up")?, duration("drain")?);
    if warm_up >= horizon {
        problems.push(root.need("warm_up")?.expected("a warm-up shorter than the horizon"));
    }
    let end = horizon + drain;
    // One problem of these does not hide another.
    let mut each = |found: Result<(), Problem>| problems.extend(found.err());
    let mut arrivals = ArrivalPlan::Rate(0.0);
    each(self::arrivals(&root.need("arrivals")?, horizon).map(|plan| arrivals = plan));
    let (mut faults, mut happenings, mut deviants, mut expectations) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for table in root.items("fault") {
        each(fault(&table, end).map(|fault| faults.push(fault)));
    }
    for table in root.items("change") {
        each(changes::read(&table, end).map(|change| happenings.push(change)));
    }
    for table in root.items("deviant") {
        each(deviant(&table).map(|deviant| deviants.push(deviant)));
    }
    for (metric, field) in root.need("expect")?.children().take(ENOUGH) {
        each(expect::read(metric, &field).map(|expectation| expectations.push(expectation)));
    }
    each(check_retry(&root.need("persons")?.need("retry")?));
    each(check_tokens(&root.need("tokens")?));
    Ok(Scenario {
        name: root.need("name")?.string()?,
        horizon,
        warm_up,
        drain,
        replications: root.need("replications")?.count()?,
        seed: root.need("seed")?.count()?,
        arrivals,
        persons: persons(&root.need("persons")?)?,
        lists: lists(&root.need("lists")?)?,
        tokens: tokens(&root.need("tokens")?)?,
        faults,
        changes: happenings,
        deviants,
        expect: expectations,
        place: root.place(),
    })
}

/// The problem with something that happens when the run is over.
pub(super) fn check_moment(at: &Field<'_>, end: Duration) -> Result<Duration, Problem> {
    let moment = at.duration()?;
    if moment >= end {
        return Err(at
            .expected("a moment before the end of the run, which is at horizon + drain")
            .hint("it would have no effect in this run"));
    }
    Ok(moment)
}

fn arrivals(table: &Field<'_>, horizon: Duration) -> Result<ArrivalPlan, Problem> {
    let given: Vec<Field<'_>> =
        ["rate", "profile", "burst"].into_iter().filter_map(|key| table.child(key)).collect();
    let [given] = given.as_slice() else {
        let found = match given.len() {
            0 => "none",
            _ => "more than one",
        };
        return Err(table.place().expected("one of rate, profile and burst", found));
    };
    if table.child("profile").is_none()
        && let Some(field) = ["peak", "total", "from"].iter().find_map(|key| table.child(key))
    {
        return Err(field.place().problem("without effect: it belongs to a profile"));
    }
    if let Some(rate) = table.child("rate") {
        return Ok(ArrivalPlan::Rate(rate.read(units::rate)?));
    }
    match table.child("burst") {
        Some(burst) => self::burst(&burst, horizon),
        None => profile(table, given, horizon),
    }
}

fn burst(burst: &Field<'_>, horizon: Duration) -> Result<ArrivalPlan, Problem> {
    let at = burst.need("at")?;
    if at.duration()? >= horizon {
        return Err(at.expected("a beginning before the horizon"));
    }
    Ok(ArrivalPlan::Burst {
        at: at.duration()?,
        within: burst.need("within")?.duration()?,
        people: burst.need("people")?.count()?,
    })
}

fn profile(
    table: &Field<'_>,
    profile: &Field<'_>,
    horizon: Duration,
) -> Result<ArrivalPlan, Problem> {
    const HOUR: Duration = Duration::from_secs(3_600);
    let mut hours = profiles::hours(profile.word(profiles::NAMES)?);
    if let Some(from) = table.child("from") {
        let nanos = from.duration()?.as_nanos();
        let hour = nanos / HOUR.as_nanos();
        if nanos % HOUR.as_nanos() != 0 || hour >= hours.len() as u64 {
            let expected = format!("whole hours, fewer than the {} of the profile", hours.len());
            return Err(from.expected(&expected));
        }
        hours.rotate_left(hour as usize);
    }
    let scale = match (table.child("peak"), table.child("total")) {
        (Some(peak), None) => {
            peak.read(units::rate)? / hours.iter().copied().fold(f64::MIN_POSITIVE, f64::max)
        }
        (None, Some(total)) => total.number()? / expected(&hours, horizon.as_secs_f64()),
        _ => return Err(profile.place().problem("expected either peak or total beside a profile")),
    };
    Ok(ArrivalPlan::Hours(hours.into_iter().map(|weight| weight * scale).collect()))
}

/// What rates by the hour, over and over, add up to in so many seconds.
fn expected(hours: &[f64], seconds: f64) -> f64 {
    let cycle = 3_600.0 * hours.len() as f64;
    let whole = (seconds / cycle).floor();
    let mut left = seconds - whole * cycle;
    let mut total = whole * 3_600.0 * hours.iter().sum::<f64>();
    for rate in hours {
        total += rate * left.clamp(0.0, 3_600.0);
        left -= 3_600.0;
    }
    total
}

fn persons(table: &Field<'_>) -> Result<Persons, Problem> {
    let time = |key| table.need(key).and_then(|field| field.distribution(Dimension::Time));
    let pace = table.need("pace")?.number()?;
    let at_pace = |times: Distribution| times.scaled(1.0 / pace);
    let share = |key| table.need(key).and_then(|field| field.number());
    let retry = table.need("retry")?;
    Ok(Persons {
        choose: at_pace(time("choose")?),
        login: at_pace(time("login")?),
        consent: at_pace(time("consent")?),
        patience: time("patience")?,
        refuse_consent: share("refuse_consent")?,
        cancel_login: share("cancel_login")?,
        wrong_password: share("wrong_password")?,
        go_back: share("go_back")?,
        reload: share("reload")?,
        double_submit: share("double_submit")?,
        consult_dossier: share("consult_dossier")?,
        retry_probability: retry.need("probability")?.number()?,
        retry_after: at_pace(retry.need("after")?.distribution(Dimension::Time)?),
        attempts: retry.need("attempts")?.count()?,
    })
}

fn check_retry(retry: &Field<'_>) -> Result<(), Problem> {
    let probability = retry.need("probability")?;
    if probability.number()? > 0.0 {
        return Ok(());
    }
    let given = ["after", "attempts"].into_iter().filter_map(|key| retry.child(key));
    match given.into_iter().find(|field| field.node.is_given()) {
        Some(field) => Err(field.place().problem("without effect: retry.probability is 0")),
        None => Ok(()),
    }
}

fn lists(table: &Field<'_>) -> Result<Lists, Problem> {
    let pull = |kind: ListKind| {
        let pull = table.need(&format!("{}_pull", kind.name()))?;
        Ok(Pull {
            every: pull.need("every")?.duration()?,
            synchronised: pull.need("phase")?.text() == Some("synchronised"),
            jitter: pull.need("jitter")?.duration()?,
        })
    };
    let [zal, whitelist, ocl, gnl] = ListKind::ALL;
    Ok(Lists {
        pulls: [pull(zal)?, pull(whitelist)?, pull(ocl)?, pull(gnl)?],
        pull_on_miss: table.child("pull_on_miss").map(|field| field.duration()).transpose()?,
    })
}

fn tokens(table: &Field<'_>) -> Result<Tokens, Problem> {
    Ok(Tokens {
        entropy_bits: table.need("entropy_bits")?.count()?,
        cloned: table.need("generators")?.text() == Some("cloned"),
        instances: table.need("instances")?.count()?,
        check_against: table.need("check_against")?.read(forms::check_against)?,
        detection: table.need("detection")?.boolean()?,
        lifetime: table.need("lifetime")?.duration()?,
    })
}

fn check_tokens(table: &Field<'_>) -> Result<(), Problem> {
    let against = table.need("check_against")?;
    let is_all = against.read(forms::check_against)? == CheckAgainst::All;
    if table.need("instances")?.integer()? == 1 && !is_all {
        return Err(against.place().problem(
            "without effect: with one instance all live values are its own; give instances above 1 too",
        ));
    }
    if !table.need("detection")?.boolean()? && against.node.is_given() {
        return Err(against.place().problem("without effect: detection is false"));
    }
    Ok(())
}

fn fault(table: &Field<'_>, end: Duration) -> Result<Fault, Problem> {
    let kind = table.need("kind")?;
    let lasting = table.child("for");
    let kind = match (table.child("host"), table.child("link"), kind.read(forms::fault)?) {
        (Some(host), None, FaultForm::Host(fault)) => {
            if let (HostFault::Revoke | HostFault::Expire, Some(lasting)) = (fault, &lasting) {
                let text = "without effect: a certificate that is revoked or has expired stays so";
                return Err(lasting.place().problem(text));
            }
            FaultKind::Host(host.located(host.string()?), fault)
        }
        (None, Some(link), FaultForm::Link(fault)) => {
            FaultKind::Link(topology::ends(&link, &link.string()?), fault)
        }
        (Some(_), None, FaultForm::Link(_)) => {
            return Err(kind.expected("a fault of a host: down, crash, slow(x4), pause, skew(90s), drift(200ppm), revoke or expire")
                .hint("delay, loss and partition befall a link: give link = \"from>to\""));
        }
        (None, Some(_), FaultForm::Host(_)) => {
            return Err(kind.expected("a fault of a link: delay(200ms), loss(0.05) or partition"));
        }
        (Some(_), Some(_), _) => {
            return Err(table.place().expected("either host or link", "both"));
        }
        (None, None, _) => {
            return Err(table.place().expected("either host or link", "neither"));
        }
    };
    Ok(Fault {
        at: check_moment(&table.need("at")?, end)?,
        lasts: lasting.map(|lasting| lasting.duration()).transpose()?,
        kind,
        place: table.place(),
    })
}

fn deviant(table: &Field<'_>) -> Result<DeviantPlan, Problem> {
    let located = |field: Field<'_>| Ok(field.located(field.string()?));
    Ok(DeviantPlan { host: located(table.need("host")?)?, breaks: located(table.need("breaks")?)? })
}
