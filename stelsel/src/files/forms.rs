//! Texts of a set form that are no quantities: words, names of hosts and links, releases, services, kinds of
//! faults.
//!
//! An error says what would have done. Whether a host exists is for `hosts`.

use protocol::world::link::LinkFaultKind;
use protocol::{
    catalogue::{CATALOGUE, Gegevensdienst},
    names,
    release::Release,
    role::Role,
};

use super::units::{self, Dimension, Unfit, Written};
use crate::plan::{CheckAgainst, HostFault};

/// Words to choose from, as complaints list them.
pub(super) fn one_of(words: &[&str]) -> String {
    match words {
        [only] => format!("\"{only}\""),
        _ => format!("one of \"{}\"", words.join("\", \"")),
    }
}

/// A text that is there.
pub(super) fn text(text: &str) -> Result<&str, Unfit> {
    let good = !text.trim().is_empty() && !text.contains(|c: char| c.is_control());
    if good { Ok(text) } else { Err("a text of one line".into()) }
}

/// A name that can be that of a folder on every system.
pub(super) fn study_name(name: &str) -> Result<(), Unfit> {
    let good = name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !name.ends_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if good {
        Ok(())
    } else {
        Err("a name of letters, digits, -, _ and . for its folder, such as \"morning-peak\"".into())
    }
}

pub(super) fn release(text: &str) -> Result<Release, Unfit> {
    Release::from_name(text).ok_or_else(|| one_of(&Release::ALL.map(Release::name)))
}

pub(super) fn service(text: &str) -> Result<Gegevensdienst, Unfit> {
    Gegevensdienst::from_id(text).ok_or_else(|| {
        let ids: Vec<&str> = CATALOGUE.iter().map(|service| service.id).collect();
        format!("a Gegevensdienst of the catalogue, by its id as a text: {}", one_of(&ids))
    })
}

pub(super) fn hostname(text: &str) -> Result<(), Unfit> {
    names::check_hostname(text).map_err(|fault| fault.to_string())
}

pub(super) fn organisation(text: &str) -> Result<(), Unfit> {
    names::check_organisation(text).map_err(|fault| format!("a name of {fault}"))
}

fn is_label(text: &str, more: &[char]) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.len() <= 63 && text.chars().all(|c| letter(c) || more.contains(&c))
}

/// A name for a host.
pub(super) fn host_name(text: &str) -> Result<(), Unfit> {
    let taken = Role::ALL.iter().any(|role| role.name() == text);
    if is_label(text, &[]) && text.starts_with(|c: char| c.is_ascii_lowercase()) && !taken {
        Ok(())
    } else {
        Err("a name for a host: lower-case letters, digits and -, and not that of a role, such as \"za-large\"".into())
    }
}

/// Hosts: a name, a role, or a pattern.
pub(super) fn hosts(text: &str) -> Result<(), Unfit> {
    if is_label(text, &['*']) {
        Ok(())
    } else {
        Err("a host such as \"za-2\", a role such as \"za\", or a pattern such as \"za-*\"".into())
    }
}

/// Ends of links: hosts, or `from>to`.
pub(super) fn ends(text: &str) -> Result<(), Unfit> {
    let good = match text.split_once('>') {
        Some((from, to)) => hosts(from.trim()).is_ok() && hosts(to.trim()).is_ok(),
        None => hosts(text).is_ok(),
    };
    if good {
        Ok(())
    } else {
        Err("a link such as \"za-2>digid\", \"person-*\" or \"za-2\"".into())
    }
}

/// A Zorgaanbieder as files name it.
pub(super) fn provider(text: &str) -> Result<(), Unfit> {
    let is_naam = names::check_dotted_zorgaanbiedernaam(text).is_ok();
    let number = text.strip_prefix("xis-").and_then(|number| number.parse::<u32>().ok());
    if is_naam || number.is_some_and(|number| number > 0) {
        Ok(())
    } else {
        Err("a Zorgaanbieder, such as \"huisartsbaaa@medmij\", or its systems, such as \"xis-2\""
            .into())
    }
}

/// A kind of Zorgaanbieders.
pub(super) fn provider_type(text: &str) -> Result<(), Unfit> {
    let good = text.len() <= 30 && text.starts_with(|c: char| c.is_ascii_lowercase());
    if good && text.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
        Ok(())
    } else {
        Err("a kind of Zorgaanbieders in at most 30 lower-case letters, such as \"huisarts\""
            .into())
    }
}

/// What befalls a host or a link.
pub(super) enum FaultForm {
    Host(HostFault),
    Link(LinkFaultKind),
}

const FAULTS: &str = "down, crash, slow(x4), pause, skew(90s), drift(200ppm), revoke or expire for a host; delay(200ms), loss(0.05) or partition for a link";

/// `down`, `slow(x4)`, `loss(0.05)`.
pub(super) fn fault(text: &str) -> Result<FaultForm, Unfit> {
    use HostFault::{Crash, Down, Drift, Expire, Pause, Revoke, Skew, Slow};
    let (name, inside) = units::call(text).unwrap_or((text, ""));
    let host = match (name, inside) {
        ("down", "") => Down,
        ("crash", "") => Crash,
        ("pause", "") => Pause,
        ("revoke", "") => Revoke,
        ("expire", "") => Expire,
        ("slow", factor) => Slow(slow(factor)?),
        ("skew", skew) => {
            Skew(signed(skew, |text| units::duration(text).map(|ahead| ahead.as_nanos() as f64))?
                as i64)
        }
        ("drift", drift) => Drift(signed(drift, parts_per_million)?),
        ("partition", "") => return Ok(FaultForm::Link(LinkFaultKind::Partition)),
        ("loss", share) => return Ok(FaultForm::Link(LinkFaultKind::Loss(loss(share)?))),
        ("delay", delay) => return Ok(FaultForm::Link(LinkFaultKind::Delay(self::delay(delay)?))),
        _ => return Err(FAULTS.into()),
    };
    Ok(FaultForm::Host(host))
}

fn slow(text: &str) -> Result<f64, Unfit> {
    text.strip_prefix('x')
        .and_then(|factor| units::number(factor).ok())
        .filter(|factor| *factor > 0.0 && *factor <= 1e6)
        .ok_or_else(|| "slow(xN) with N above zero, such as \"slow(x4)\"".into())
}

fn loss(text: &str) -> Result<f64, Unfit> {
    units::number(text)
        .ok()
        .filter(|share| *share > 0.0 && *share <= 1.0)
        .ok_or_else(|| "loss(p) with p above 0 and at most 1, such as \"loss(0.05)\"".into())
}

fn delay(text: &str) -> Result<protocol::distribution::Distribution, Unfit> {
    let form = || {
        "delay(…) of a duration or a distribution of durations, such as \"delay(200ms)\""
            .to_string()
    };
    if let Ok(fixed) = units::duration(text) {
        return Ok(protocol::distribution::Distribution::Fixed(fixed.as_secs_f64()));
    }
    match units::distribution(text, Dimension::Time) {
        Ok(Written::Known(distribution)) => Ok(distribution),
        Ok(Written::File(_)) | Err(_) => Err(form()),
    }
}

fn signed(text: &str, parse: impl Fn(&str) -> Result<f64, Unfit>) -> Result<f64, Unfit> {
    match text.strip_prefix('-') {
        Some(text) => parse(text).map(|value| -value),
        None => parse(text),
    }
}

fn parts_per_million(text: &str) -> Result<f64, Unfit> {
    text.strip_suffix("ppm")
        .and_then(|parts| units::number(parts).ok())
        .filter(|parts| *parts <= 1e5)
        .map(|parts| parts * 1e-6)
        .ok_or_else(|| "a drift of at most 100000ppm, such as \"drift(200ppm)\"".into())
}

/// `all`, `own`, `lag(500ms)`.
pub(super) fn check_against(text: &str) -> Result<CheckAgainst, Unfit> {
    match (text, units::call(text)) {
        ("all", _) => Some(CheckAgainst::All),
        ("own", _) => Some(CheckAgainst::Own),
        (_, Some(("lag", lag))) => units::duration(lag).ok().map(CheckAgainst::Lag),
        _ => None,
    }
    .ok_or_else(|| "\"all\", \"own\" or \"lag(…)\" with a duration, such as \"lag(500ms)\"".into())
}
