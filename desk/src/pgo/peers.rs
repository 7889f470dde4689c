//! Care providers' gateways that are not what they should be: the PGO brings them no code (NET 3, NET 5).

use std::time::Duration;

use protocol::{
    id::NameId,
    rule::{self, Rule},
};

use super::steps::Walk;
use crate::{
    desk::Disguise,
    mischief::Standing,
    probe::{Case, Going, Probe, Stop},
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "za-not-vouched-for",
        rules: &[rule::SEVERAL_CERTIFICATES, rule::OCSP_AT_HANDSHAKE, rule::OCSP_FRESH],
        go: |case| Box::pin(not_vouched_for(case)) as Going<'_>,
    },
    Probe {
        name: "za-in-disguise",
        rules: &[rule::PKIO_CERTIFICATE, rule::CERTIFICATE_OF_NAME],
        go: |case| Box::pin(in_disguise(case)) as Going<'_>,
    },
];

/// The name for nodes of the gateway that serves the first offer.
pub(super) fn node(case: &Case<'_>) -> Result<NameId, Stop> {
    let offer = case.desk.offers.first().ok_or_else(|| Stop::because("nothing is offered"))?;
    Ok(case.desk.world.network().hosts[offer.host.place()].back)
}

/// Whether a code is brought to the care provider's gateway, once there is one.
pub(super) async fn brings_code(case: &Case<'_>) -> Result<bool, Stop> {
    brings_code_while(case, &|_| Ok(())).await
}

/// The same while something is wrong, which is so from the moment on at which there is a code: before, the gateway must
/// itself be trusted by others.
async fn brings_code_while(
    case: &Case<'_>,
    wrong: &dyn Fn(bool) -> Result<(), String>,
) -> Result<bool, Stop> {
    let mut walk = Walk::new(case)?;
    let back = walk.way_back().await?;
    wrong(true).map_err(Stop)?;
    let ended = walk.ends_at(back).await;
    let brings = walk.offers().await;
    wrong(false).map_err(Stop)?;
    ended?;
    Ok(brings)
}

/// The same, where it is to show what is done at a handshake: over a connection that was kept, or in a session that is
/// resumed, no certificate is shown.
async fn brings_code_past(
    case: &Case<'_>,
    wrong: &dyn Fn(bool) -> Result<(), String>,
) -> Result<bool, Stop> {
    let before = case.desk.world.handshakes_of_guests();
    let brings = brings_code_while(case, wrong).await?;
    match brings && case.desk.world.handshakes_of_guests() == before {
        true => Err(Stop::because("no new handshake was made")),
        false => Ok(brings),
    }
}

/// Judges that nothing is brought to a gateway of which something is wrong.
async fn judge(
    case: &Case<'_>,
    rule: Rule,
    what: &str,
    wrong: &dyn Fn(bool) -> Result<(), String>,
) -> Result<(), Stop> {
    let brings = brings_code_past(case, wrong).await?;
    let expected = format!("a gateway {what} is brought no code");
    case.judge(
        rule,
        !brings,
        &expected,
        if brings { "it was brought one" } else { "it was brought none" },
    );
    Ok(())
}

async fn not_vouched_for(case: &Case<'_>) -> Result<(), Stop> {
    let (desk, name) = (case.desk, node(case)?);
    let new = |standing| {
        move |begins: bool| desk.disguise(name, begins.then_some(Disguise::New(standing)))
    };
    if !brings_code(case).await? {
        return Err(Stop::because("no code is brought to a gateway"));
    }
    let brings = brings_code_past(case, &new(Standing::Good)).await?;
    let expected =
        "a gateway that shows another certificate of its own, new and good, is brought codes";
    let found = if brings { "it was brought one" } else { "it was brought none" };
    case.judge(rule::SEVERAL_CERTIFICATES, brings, expected, found);
    if !brings {
        return Err(Stop::because("no code is brought to who shows a new certificate"));
    }
    let queried = case.queries() > 0;
    let expected =
        "the responder is asked about a gateway's certificate that was never seen before";
    let found =
        if queried { "it was asked" } else { "it was not, and the gateway was brought a code" };
    case.judge(rule::OCSP_AT_HANDSHAKE, queried, expected, found);
    for (what, standing, rule) in [
        ("whose certificate is revoked", Standing::Revoked, rule::OCSP_AT_HANDSHAKE),
        ("about which the responder says nothing", Standing::Silent, rule::OCSP_AT_HANDSHAKE),
        ("that was good in an answer whose time is over", Standing::Old, rule::OCSP_FRESH),
        ("that is good in an answer that is wrongly signed", Standing::Forged, rule::OCSP_FRESH),
    ] {
        if rule == rule::OCSP_FRESH && !queried {
            return Err(Stop::because("the responder is not asked about gateways"));
        }
        judge(case, rule, what, &new(standing)).await?;
    }
    Ok(())
}

async fn in_disguise(case: &Case<'_>) -> Result<(), Stop> {
    let (desk, name) = (case.desk, node(case)?);
    if !brings_code(case).await? {
        return Err(Stop::because("no code is brought to a gateway"));
    }
    for (what, disguise, rule) in [
        ("with a certificate of another chain", Disguise::OfAnotherChain, rule::PKIO_CERTIFICATE),
        (
            "with a certificate that ended an hour ago",
            Disguise::Ended(Duration::from_secs(3_600)),
            rule::PKIO_CERTIFICATE,
        ),
        ("with a certificate of another name", Disguise::OfAnotherName, rule::CERTIFICATE_OF_NAME),
    ] {
        let wrong = |begins: bool| desk.disguise(name, begins.then_some(disguise));
        judge(case, rule, what, &wrong).await?;
    }
    Ok(())
}
