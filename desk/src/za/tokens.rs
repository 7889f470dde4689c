//! Tokens at the resource endpoint (steps 14 and 15, exception 7).

use http::header;
use protocol::rule::{self, Rule};

use super::steps::{MADE_UP, Walk, is_data, issue_of};
use crate::{
    line::{Answer, Request},
    probe::{Case, Going, Probe, Stop},
    way::said,
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "token-made-up",
        rules: &[rule::TOKEN_KNOWN, rule::EXCEPTION_TOKEN, rule::UC_NOT_SUPPLIED],
        go: |case| Box::pin(made_up(case)) as Going<'_>,
    },
    Probe {
        name: "token-of-other-service",
        rules: &[rule::TOKEN_COVERS, rule::EXCEPTION_TOKEN],
        go: |case| Box::pin(other_service(case)) as Going<'_>,
    },
    Probe {
        name: "token-in-address",
        rules: &[rule::TOKEN_THREATS],
        go: |case| Box::pin(in_address(case)) as Going<'_>,
    },
];

/// A request that must be refused: that it is, by `rule`, and in which form, by that of exception 7.
fn is_refused(case: &Case<'_>, rule: Rule, what: &str, answer: &Answer) {
    let served = is_data(answer);
    case.judge(rule, !served, &format!("{what}: no data"), said(answer));
    if served {
        return;
    }
    let body = answer.json();
    let kept = issue_of(&body) == Some("suppressed");
    let expected = format!("{what}: an OperationOutcome with issue suppressed");
    case.judge(rule::EXCEPTION_TOKEN, kept, &expected, said(answer));
}

/// Goes all the way to a token for what the walk is for, which is good for data; otherwise that others are not says
/// nothing.
pub(super) async fn reach_data(walk: &mut Walk<'_>) -> Result<String, Stop> {
    let token = walk.reach_token().await?;
    let good = walk.fetch(Some(&token), 0).await?;
    match is_data(&good) {
        true => Ok(token),
        false => Err(Stop(format!("no data for a good token: {}", said(&good)))),
    }
}

async fn made_up(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    reach_data(&mut walk).await?;
    let answer = walk.fetch(Some(MADE_UP), 0).await?;
    is_refused(case, rule::TOKEN_KNOWN, "a token that was never issued", &answer);
    if !is_data(&answer) {
        let is_told = issue_of(&answer.json()).is_some();
        let expected = "a token that is refused: the PGO is told so";
        case.judge(rule::UC_NOT_SUPPLIED, is_told, expected, said(&answer));
    }
    let answer = walk.fetch(None, 0).await?;
    is_refused(case, rule::TOKEN_KNOWN, "no token", &answer);
    Ok(())
}

async fn other_service(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    let token = reach_data(&mut walk).await?;
    let offers: Vec<_> = case.desk.own_offers().cloned().collect();
    let other_service =
        offers.iter().find(|of| of.dienst != walk.offer.dienst && of.naam == walk.offer.naam);
    let elsewhere = offers.iter().find(|of| of.naam != walk.offer.naam);
    if other_service.is_none() && elsewhere.is_none() {
        return Err(Stop::because("it offers one service at one Zorgaanbieder"));
    }
    for (what, other) in [
        ("a token for another service", other_service),
        ("a token for another Zorgaanbieder", elsewhere),
    ] {
        let Some(other) = other else { continue };
        reach_data(&mut Walk::of(case, other.clone(), 0)?).await?;
        let request = walk.fetch_request(other, Some(&token), 0);
        let answer = case.desk.lines.ask(&walk.pgo.identity, request).await?;
        is_refused(case, rule::TOKEN_COVERS, what, &answer);
    }
    Ok(())
}

async fn in_address(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    let token = reach_data(&mut walk).await?;
    let Request { mut url, .. } = walk.fetch_request(&walk.offer, None, 0);
    url.query_pairs_mut().append_pair("access_token", &token);
    let request = Request::get(url).with(header::ACCEPT, "application/fhir+json");
    let answer = case.desk.lines.ask(&walk.pgo.identity, request).await?;
    let expected = "a token in the address and not in the header (RFC 6750 §5.3): no data";
    case.judge(rule::TOKEN_THREATS, !is_data(&answer), expected, said(&answer));
    Ok(())
}
