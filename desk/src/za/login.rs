//! What DigiD vouches for, and who DigiD is: assertions that are none, artifacts in the wrong hands, and a DigiD whose
//! certificate is not good.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::header;
use protocol::{
    message::Request as Asked,
    role::Role,
    rule::{self, Rule},
};
use url::Url;

use super::{
    endings::{NOTHING_THERE, told_as},
    steps::{Walk, is_served, seen},
};
use crate::{
    desk::Disguise,
    habits::host,
    ledger::Heard,
    mischief::{Spoilt, Standing},
    probe::{Case, Going, Probe, Stop},
    way::{self, Came, bsn_of, sent},
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "login-in-another-browser",
        rules: &[rule::SESSION_OF_BROWSER],
        go: |case| Box::pin(another_browser(case)) as Going<'_>,
    },
    Probe {
        name: "login-with-artifact-of-another",
        rules: &[rule::ASSERTION_VALID],
        go: |case| Box::pin(artifact_of_another(case)) as Going<'_>,
    },
    Probe {
        name: "login-spoilt",
        rules: &[rule::ASSERTION_VALID],
        go: |case| Box::pin(spoilt(case)) as Going<'_>,
    },
    Probe {
        name: "digid-not-vouched-for",
        rules: &[rule::OCSP_AT_HANDSHAKE, rule::OCSP_FRESH],
        go: |case| Box::pin(not_vouched_for(case)) as Going<'_>,
    },
    Probe {
        name: "digid-in-disguise",
        rules: &[rule::PKIO_CERTIFICATE, rule::CERTIFICATE_OF_NAME],
        go: |case| Box::pin(in_disguise(case)) as Going<'_>,
    },
];

/// Logs in, and gives the address to which DigiD sends the browser, which stays where it is.
async fn way_back(case: &Case<'_>, walk: &mut Walk<'_>) -> Result<Url, Stop> {
    let account = walk.somebody().await?;
    let page = walk.reach_digid().await?;
    let request = way::login(case.desk, &page, &account)?;
    let answer = walk.browser.send_once(&case.desk.lines, request).await?;
    let location = answer.header(header::LOCATION);
    page.url.join(&location).map_err(|_| Stop::because("DigiD sent nobody back"))
}

async fn another_browser(case: &Case<'_>) -> Result<(), Stop> {
    // A gateway where nobody comes further than a login keeps every rule about it.
    Walk::new(case)?.reach_question().await?;
    let mut own = Walk::new(case)?;
    let back = way_back(case, &mut own).await?;
    let mut other = Walk::new(case)?;
    let came = seen(other.go(back).await?)?;
    let expected = "an artifact that comes from another browser leads to nothing, or to a login";
    case.judge(rule::SESSION_OF_BROWSER, !is_served(&came), expected, came.told());
    Ok(())
}

async fn artifact_of_another(case: &Case<'_>) -> Result<(), Stop> {
    Walk::new(case)?.reach_question().await?;
    let (mut own, mut other) = (Walk::new(case)?, Walk::new(case)?);
    let (theirs, mut ours) = (way_back(case, &mut own).await?, way_back(case, &mut other).await?);
    let artifact = theirs
        .query_pairs()
        .find(|(name, _)| name == "SAMLart")
        .map(|(_, value)| value.into_owned());
    let artifact = artifact.ok_or_else(|| Stop::because("DigiD gave no artifact"))?;
    let pairs: Vec<(String, String)> = ours
        .query_pairs()
        .map(|(name, value)| match &*name {
            "SAMLart" => (name.into_owned(), artifact.clone()),
            _ => (name.into_owned(), value.into_owned()),
        })
        .collect();
    ours.query_pairs_mut().clear().extend_pairs(pairs);
    let came = seen(other.go(ours).await?)?;
    let expected = "an artifact of somebody else's request (InResponseTo) logs nobody in";
    case.judge(rule::ASSERTION_VALID, !is_served(&came), expected, came.told());
    Ok(())
}

async fn spoilt(case: &Case<'_>) -> Result<(), Stop> {
    // Without anything wrong it must go well, or a refusal would say nothing.
    Walk::new(case)?.reach_question().await?;
    let asks_for_more = asks_for_more(case);
    for (what, spoilt) in [
        ("without a signature", Spoilt::Unsigned),
        ("for another service provider", Spoilt::OtherAudience),
        ("to another request", Spoilt::OtherRequest),
        ("whose time is over", Spoilt::Over),
        ("whose time is yet to come", Spoilt::ToCome),
        ("at a lower level of assurance than was asked", Spoilt::Low),
    ] {
        if spoilt == Spoilt::Low && !asks_for_more {
            continue;
        }
        let came = logs_in(case, spoilt).await?;
        let expected = format!("an assertion {what} logs nobody in");
        // Whoever says nothing at all serves nobody either.
        let goes_on = came.as_ref().is_ok_and(is_served);
        case.judge(rule::ASSERTION_VALID, !goes_on, &expected, told(&came));
    }
    wrapped(case).await
}

/// Somebody for whom there is something logs in by an assertion that is spoilt: where that led, or why nowhere.
async fn logs_in(case: &Case<'_>, spoilt: Spoilt) -> Result<Result<Came, Stop>, Stop> {
    let mut walk = Walk::new(case)?;
    let account = walk.somebody().await?;
    let page = walk.reach_digid().await?;
    case.desk.mischief.spoil_logins(Some(spoilt));
    let came = walk.log_in(&page, &account).await;
    case.desk.mischief.spoil_logins(None);
    match came {
        Ok(came) => Ok(Ok(seen(came)?)),
        Err(why) => Ok(Err(why)),
    }
}

fn told(came: &Result<Came, Stop>) -> String {
    match came {
        Ok(came) => came.told(),
        Err(Stop(why)) => why.clone(),
    }
}

/// Whether the gateway's last AuthnRequest asks for more than the lowest level of assurance, which is for a Zorgaanbieder to
/// say.
fn asks_for_more(case: &Case<'_>) -> bool {
    const MORE: [&str; 2] = ["MobileTwoFactorContract", "Smartcard"];
    let asked = case.desk.lines.since(0);
    let mut asked = asked.iter().rev().flat_map(|exchange| &exchange.meaning);
    let request = asked.find(|(name, _)| name == "SAMLRequest");
    let text = request.and_then(|(_, value)| STANDARD.decode(value).ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    MORE.iter().any(|class| text.contains(class))
}

/// Whether somebody was sent back as if there was nothing for them: where the release has a description of that, with it.
fn has_nothing(case: &Case<'_>, came: &Result<Came, Stop>) -> bool {
    let description = told_as(case, NOTHING_THERE);
    matches!(came, Ok(Came::Back(url)) if sent(url, "error").as_deref() == Some("access_denied")
        && description.is_none_or(|of| sent(url, "error_description").as_deref() == Some(of)))
}

/// A signed assertion in company of one that is not and speaks of somebody for whom there is nothing: whose data are looked
/// for says which of them was read.
async fn wrapped(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    let account = walk.nobody().await?;
    let page = walk.reach_digid().await?;
    let came = walk.log_in(&page, &account).await;
    if !has_nothing(case, &came) {
        let why = "it does not tell of somebody for whom there is nothing as such";
        return Err(Stop(format!("{why}: {}", told(&came))));
    }
    let other = bsn_of(&account);
    let other = other.ok_or_else(|| Stop::because("accounts of DigiD that are no numbers"))?;
    if has_nothing(case, &logs_in(case, Spoilt::Unsigned).await?) {
        let why = "it tells of an assertion that counts for nothing as of a person for whom there is nothing";
        return Err(Stop::because(why));
    }
    for (what, spoilt) in [
        ("behind one of somebody else that is not signed", Spoilt::WrappedInside(other)),
        ("inside a message about somebody else", Spoilt::WrappedAround(other)),
    ] {
        let came = logs_in(case, spoilt).await?;
        let expected =
            format!("of an assertion {what} only what was signed is read, if anything is");
        case.judge(rule::ASSERTION_VALID, !has_nothing(case, &came), &expected, told(&came));
    }
    Ok(())
}

/// Whether the gateway brings an artifact to DigiD while somebody logs in.
async fn resolves(case: &Case<'_>) -> Result<bool, Stop> {
    let mut walk = Walk::new(case)?;
    let account = walk.somebody().await?;
    let page = walk.reach_digid().await?;
    let before = case.heard(<[_]>::len);
    // How it goes on for the person is judged elsewhere.
    let _ = walk.log_in(&page, &account).await;
    let is_one = |one: &Heard| matches!(one.request, Asked::ResolveArtifact { .. });
    Ok(case.heard(|heard| heard.iter().skip(before).any(is_one)))
}

/// The same while DigiD shows another certificate than its own.
async fn resolves_at(case: &Case<'_>, disguise: Disguise) -> Result<bool, Stop> {
    let digid = case.desk.world.network().hosts[host(case, Role::Digid)?.place()].back;
    case.desk.disguise(digid, Some(disguise)).map_err(Stop)?;
    let resolved = resolves(case).await;
    case.desk.disguise(digid, None).map_err(Stop)?;
    resolved
}

async fn not_vouched_for(case: &Case<'_>) -> Result<(), Stop> {
    if !resolves_at(case, Disguise::New(Standing::Good)).await? {
        return Err(Stop::because(
            "no artifact is brought to a DigiD whose certificate is new and good",
        ));
    }
    let queried = case.queries() > 0;
    let expected =
        "the responder is asked about a certificate of DigiD's that was never seen before";
    let found =
        if queried { "it was asked" } else { "it was not, and DigiD was brought an artifact" };
    case.judge(rule::OCSP_AT_HANDSHAKE, queried, expected, found);
    for (what, standing, rule) in [
        ("revoked", Standing::Revoked, rule::OCSP_AT_HANDSHAKE),
        ("not answered for", Standing::Silent, rule::OCSP_AT_HANDSHAKE),
        ("good in an answer of yesterday only", Standing::Old, rule::OCSP_FRESH),
        ("good in an answer that is wrongly signed only", Standing::Forged, rule::OCSP_FRESH),
    ] {
        if rule == rule::OCSP_FRESH && !queried {
            return Err(Stop::because("the responder is not asked about DigiD"));
        }
        let resolved = resolves_at(case, Disguise::New(standing)).await?;
        let expected = format!("DigiD, whose certificate is {what}, is told nothing");
        let found = if resolved { "it was brought an artifact" } else { "it was told nothing" };
        case.judge(rule, !resolved, &expected, found);
    }
    Ok(())
}

async fn in_disguise(case: &Case<'_>) -> Result<(), Stop> {
    if !resolves(case).await? {
        return Err(Stop::because("no artifact is brought to DigiD"));
    }
    let tries: [(&str, Disguise, Rule); 3] = [
        ("of another chain", Disguise::OfAnotherChain, rule::PKIO_CERTIFICATE),
        (
            "that ended an hour ago",
            Disguise::Ended(Duration::from_secs(3_600)),
            rule::PKIO_CERTIFICATE,
        ),
        ("for another name", Disguise::OfAnotherName, rule::CERTIFICATE_OF_NAME),
    ];
    for (what, disguise, rule) in tries {
        let resolved = resolves_at(case, disguise).await?;
        let expected = format!("DigiD, which shows a certificate {what}, is told nothing");
        let found = if resolved { "it was brought an artifact" } else { "it was told nothing" };
        case.judge(rule, !resolved, &expected, found);
    }
    Ok(())
}
