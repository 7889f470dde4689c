//! Its doors: which TLS, and who is let in at the back (NET 1 to 5, APP 14).

use std::time::Duration;

use protocol::rule::{self, Rule};

use super::steps::{MADE_UP, Walk};
use crate::{
    line::{Failure, Identity},
    mischief::Standing,
    probe::{Case, Going, Probe, Stop},
    tls::{old_and_weak, serves_without},
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "door-without-certificate",
        rules: &[rule::MUTUAL_CERTIFICATES, rule::NORM_CRYPTOGRAPHY],
        go: |case| Box::pin(without_certificate(case)) as Going<'_>,
    },
    Probe {
        name: "door-certificate-not-good",
        rules: &[rule::PKIO_CERTIFICATE],
        go: |case| Box::pin(not_good(case)) as Going<'_>,
    },
    Probe {
        name: "door-not-vouched-for",
        rules: &[rule::OCSP_AT_HANDSHAKE, rule::OCSP_FRESH],
        go: |case| Box::pin(not_vouched_for(case)) as Going<'_>,
    },
    Probe {
        name: "door-not-on-whitelist",
        rules: &[rule::WHITELIST_AT_HANDSHAKE],
        go: |case| Box::pin(not_listed(case)) as Going<'_>,
    },
    Probe {
        name: "tls-old-and-weak",
        rules: &[rule::TLS_BACK_GOOD, rule::TLS_FRONT_SUFFICIENT, rule::TLS_STRONGEST_FIRST],
        go: |case| Box::pin(both_doors(case)) as Going<'_>,
    },
    Probe {
        name: "tls-none",
        rules: &[rule::TLS_EVERYWHERE],
        go: |case| Box::pin(no_tls(case)) as Going<'_>,
    },
];

/// Whether somebody gets an answer at the back door.
pub(super) async fn is_let_in(case: &Case<'_>, who: &Identity) -> Result<bool, Stop> {
    let walk = Walk::new(case)?;
    let request = walk.fetch_request(&walk.offer, Some(MADE_UP), 0);
    match case.desk.lines.ask(who, request).await {
        Ok(_) | Err(Failure::TooLarge) => Ok(true),
        Err(Failure::NoSession(_) | Failure::Closed(_) | Failure::TimedOut(_)) => Ok(false),
        Err(other) => Err(other.into()),
    }
}

/// A good PGO is let in; otherwise that others are not says nothing.
pub(super) async fn is_open(case: &Case<'_>) -> Result<(), Stop> {
    let pgo = case.desk.pgos.first().ok_or_else(|| Stop::because("the network has no PGO"))?;
    match is_let_in(case, &pgo.identity).await? {
        true => Ok(()),
        false => Err(Stop::because("a PGO of the network is not let in")),
    }
}

/// Judges that somebody is kept out.
async fn is_kept_out(
    case: &Case<'_>,
    rule: Rule,
    what: &str,
    who: &Identity,
) -> Result<bool, Stop> {
    let is_in = is_let_in(case, who).await?;
    let expected = format!("{what}: no session");
    case.judge(rule, !is_in, &expected, if is_in { "an answer" } else { "no session" });
    Ok(!is_in)
}

async fn without_certificate(case: &Case<'_>) -> Result<(), Stop> {
    is_open(case).await?;
    let nobody = case.desk.lines.nobody();
    let is_out =
        is_kept_out(case, rule::MUTUAL_CERTIFICATES, "who shows no certificate", nobody).await?;
    let found = if is_out { "no session" } else { "an answer" };
    case.judge(rule::NORM_CRYPTOGRAPHY, is_out, "a back channel of mutual TLS", found);
    Ok(())
}

async fn not_good(case: &Case<'_>) -> Result<(), Stop> {
    is_open(case).await?;
    let name = &case.desk.pgos[0].name;
    let foreign = case.desk.foreigner(name).map_err(Stop)?;
    let what = "a PGO's name in a certificate of another chain";
    is_kept_out(case, rule::PKIO_CERTIFICATE, what, &foreign).await?;
    let expired = case.desk.expired(name, Duration::from_secs(3_600)).map_err(Stop)?;
    let what = "a certificate that ended an hour ago";
    is_kept_out(case, rule::PKIO_CERTIFICATE, what, &expired).await?;
    Ok(())
}

async fn not_vouched_for(case: &Case<'_>) -> Result<(), Stop> {
    is_open(case).await?;
    let name = case.desk.pgos[0].name.clone();
    let stranger = |standing| case.desk.stranger(&name, standing).map_err(Stop);
    if !is_let_in(case, &stranger(Standing::Good)?).await? {
        return Err(Stop::because("a PGO with a new certificate that is good is not let in"));
    }
    let queried = case.queries() > 0;
    let expected = "the responder is asked about a certificate that was never seen before";
    let found = if queried { "it was asked" } else { "it was not, and who showed it was let in" };
    case.judge(rule::OCSP_AT_HANDSHAKE, queried, expected, found);
    let what = "a PGO whose certificate is revoked";
    is_kept_out(case, rule::OCSP_AT_HANDSHAKE, what, &stranger(Standing::Revoked)?).await?;
    let what = "a PGO about whose certificate the responder says nothing";
    is_kept_out(case, rule::OCSP_AT_HANDSHAKE, what, &stranger(Standing::Silent)?).await?;
    if !queried {
        return Err(Stop::because("the responder is not asked"));
    }
    let what = "a PGO whose certificate was good in an answer whose time is over";
    is_kept_out(case, rule::OCSP_FRESH, what, &stranger(Standing::Old)?).await?;
    let what = "a PGO whose certificate is good in an answer that is wrongly signed";
    is_kept_out(case, rule::OCSP_FRESH, what, &stranger(Standing::Forged)?).await?;
    Ok(())
}

async fn not_listed(case: &Case<'_>) -> Result<(), Stop> {
    is_open(case).await?;
    let stranger = case.desk.stranger("vreemd.example", Standing::Good).map_err(Stop)?;
    let what = "a host with a good certificate that is not on the Whitelist";
    is_kept_out(case, rule::WHITELIST_AT_HANDSHAKE, what, &stranger).await?;
    Ok(())
}

async fn both_doors(case: &Case<'_>) -> Result<(), Stop> {
    let subject = &case.desk.subject;
    old_and_weak(case, "back", &subject.back, rule::TLS_BACK_GOOD, true).await?;
    // At the front what the NCSC calls sufficient will do, which the suites of old mostly are.
    old_and_weak(case, "front", &subject.front, rule::TLS_FRONT_SUFFICIENT, false).await
}

async fn no_tls(case: &Case<'_>) -> Result<(), Stop> {
    let url = Walk::new(case)?.request(&[]);
    serves_without(case, &url[url::Position::BeforePath..]).await
}
