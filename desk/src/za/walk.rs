//! The straight way: one person collects, and everything on the way is looked at.

use protocol::{catalogue::Call, rule};
use serde_json::Value;

use super::{
    question::look_at_question,
    steps::{Walk, is_data, is_uuid_v4, seen, token_of, unanswered},
};
use crate::{
    probe::{Case, Going, Probe, Stop},
    way::{Came, asks, bsn_of, said, sent},
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "collect",
        rules: &[
            rule::COLLECTS_BY_UCI,
            rule::CONSENT_FIRST,
            rule::IDENTITY_FIRST,
            rule::DIGID_FIRST,
            rule::GOES_ON_AT_ONCE,
            rule::STEP_SESSION,
            rule::STEP_TO_DIGID,
            rule::STEP_CONSENT,
            rule::NO_EMBEDDED_BROWSER,
            rule::NO_CLICKJACKING,
            rule::CONSENT_WORDS,
            rule::SCOPE_SHOWN,
            rule::STEP_BSN,
            rule::STEP_CODE,
            rule::STEP_TOKEN,
            rule::UUID_V4,
            rule::BEARER,
            rule::TOKEN_VALIDITY,
            rule::NO_REFRESH_TOKENS,
            rule::SINGLE_SCOPE,
            rule::ACCESS_TOKENS_KEPT,
            rule::CATALOGUE_STANDARDS,
            rule::NO_IDENTITY_BETWEEN,
            rule::PKIO_CERTIFICATE,
        ],
        go: |case| Box::pin(collect(case)) as Going<'_>,
    },
    Probe {
        name: "every-offer",
        rules: &[rule::LISTED_IS_SERVED],
        go: |case| Box::pin(every_offer(case)) as Going<'_>,
    },
];

async fn collect(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    let began = walk.begin().await;
    let text = asks;
    let first = match began {
        Err(Stop(why)) if why.contains("certificate is not good") => {
            case.judge(rule::PKIO_CERTIFICATE, false, text(rule::PKIO_CERTIFICATE), why.clone());
            return Err(Stop(why));
        }
        other => other?,
    };
    let shows = "its certificate is for its name, and its chain ends at the network's root";
    case.judge(rule::PKIO_CERTIFICATE, true, text(rule::PKIO_CERTIFICATE), shows);
    let page = match first {
        Came::ToDigid(page) => page,
        Came::ToQuestion(page, _) => {
            let found = format!("before any login: {}", page.named());
            case.judge(rule::DIGID_FIRST, false, text(rule::DIGID_FIRST), found.clone());
            case.judge(rule::IDENTITY_FIRST, false, text(rule::IDENTITY_FIRST), found.clone());
            return Err(Stop(found));
        }
        Came::Back(url) if sent(&url, "code").is_some() => {
            let found = format!("a code before any login: {url}");
            for rule in [rule::DIGID_FIRST, rule::IDENTITY_FIRST, rule::CONSENT_FIRST] {
                case.judge(rule, false, text(rule), found.clone());
            }
            return Err(Stop(found));
        }
        other => return Err(Stop(format!("no login at DigiD: {}", other.told()))),
    };
    case.judge(rule::DIGID_FIRST, true, text(rule::DIGID_FIRST), "DigiD is next");
    let is_taken = page.asks_for_secrets();
    let said_there = format!("DigiD shows {}", page.named());
    case.judge(
        rule::STEP_TO_DIGID,
        is_taken,
        "an AuthnRequest that DigiD takes",
        said_there.clone(),
    );
    if !is_taken {
        return Err(Stop(said_there));
    }
    let account = walk.somebody().await?;
    let (page, question) = match walk.log_in(&page, &account).await? {
        Came::ToQuestion(page, question) => (page, question),
        Came::Back(url) if sent(&url, "code").is_some() => {
            let found = "a code right after the login".to_owned();
            case.judge(rule::CONSENT_FIRST, false, text(rule::CONSENT_FIRST), found.clone());
            return Err(Stop(found));
        }
        other => return Err(Stop(format!("no consent question: {}", other.told()))),
    };
    for rule in
        [rule::STEP_SESSION, rule::GOES_ON_AT_ONCE, rule::IDENTITY_FIRST, rule::STEP_CONSENT]
    {
        case.judge(rule, true, text(rule), "after the login the question comes");
    }
    case.judge(
        rule::CONSENT_FIRST,
        true,
        text(rule::CONSENT_FIRST),
        "it asks before it gives a code",
    );
    look_at_question(case, &walk, &page);

    let came = walk.answer(&question, true).await?;
    let Came::Back(back) = &came else {
        return Err(Stop(format!("after a yes: {}", came.told())));
    };
    let (code, state) = (sent(back, "code"), sent(back, "state"));
    let bare = {
        let mut bare = back.clone();
        bare.set_query(None);
        bare
    };
    let is_right = state.as_deref() == Some(&walk.state) && bare.as_str() == walk.pgo.redirect();
    let expected = "back to the redirect_uri, with the state as it was given";
    case.judge(rule::STEP_CODE, is_right, expected, format!("back to {back}"));
    let Some(code) = code else { return Err(Stop(format!("no code: {back}"))) };
    no_bsn_on_the_way(case, &walk, &account);

    let offered = walk.offer_code(&code, &[]).await;
    let answer = offered.map_err(|failure| unanswered(case, failure))?;
    let token = token_of(&answer);
    case.judge(rule::STEP_TOKEN, token.is_some(), text(rule::STEP_TOKEN), said(&answer));
    let Some(token) = token else { return Err(Stop(format!("no token: {}", said(&answer)))) };
    look_at_grant(case, &walk, &code, &token, &answer);
    fetch_all(case, &walk, &token, &account).await?;
    case.judge(rule::COLLECTS_BY_UCI, true, text(rule::COLLECTS_BY_UCI), "all sixteen steps");
    Ok(())
}

/// Nobody but the gateway gets the BSN: it stands in no address that the browser was sent to.
fn no_bsn_on_the_way(case: &Case<'_>, walk: &Walk<'_>, account: &str) {
    let Some(bsn) = bsn_of(account).map(|bsn| bsn.to_string()) else { return };
    let found = walk.browser.trail.iter().find(|url| url.as_str().contains(&bsn));
    let text = match found {
        Some(url) => format!("the BSN stands in {url}"),
        None => "no address that the browser was sent to has it".to_owned(),
    };
    case.judge(rule::STEP_BSN, found.is_none(), asks(rule::STEP_BSN), text);
}

fn look_at_grant(
    case: &Case<'_>,
    walk: &Walk<'_>,
    code: &str,
    token: &str,
    answer: &crate::line::Answer,
) {
    let body = answer.json();
    let uuids = is_uuid_v4(code) && is_uuid_v4(token);
    let found = format!("code {code:?}, token {token:?}");
    case.judge(rule::UUID_V4, uuids, asks(rule::UUID_V4), found);
    let kind = body.get("token_type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_bearer = kind.eq_ignore_ascii_case("bearer");
    case.judge(rule::BEARER, is_bearer, "token_type Bearer", format!("token_type {kind:?}"));
    // It need not say so (RFC 6749 §5.1), and what it says proves nothing: how long a token lives, clocks show.
    let given = |name: &str| body.get(name).filter(|value| !value.is_null());
    if let Some(expires) = given("expires_in").filter(|expires| !is_lifetime(expires)) {
        let found = format!("expires_in {expires}");
        case.judge(rule::TOKEN_VALIDITY, false, "expires_in 900", found);
    }
    let refresh = given("refresh_token").is_some();
    let found = if refresh { "a refresh_token" } else { "none" };
    case.judge(rule::NO_REFRESH_TOKENS, !refresh, "no refresh_token", found);
    let asked = walk.offer.dienst.id();
    let scope = body.get("scope").and_then(Value::as_str);
    let is_single = scope.is_none_or(|scope| scope == asked);
    let found = scope.map_or_else(
        || "no scope, which means what was asked".to_owned(),
        |scope| format!("scope {scope:?}"),
    );
    case.judge(rule::SINGLE_SCOPE, is_single, &format!("scope {asked:?}, or none"), found);
    let kept = answer.header(http::header::CACHE_CONTROL);
    let is_kept = is_never_stored(&kept);
    let expected = "a token answer with Cache-Control: no-store (RFC 6749 §5.1)";
    case.judge(rule::ACCESS_TOKENS_KEPT, is_kept, expected, format!("Cache-Control: {kept:?}"));
}

/// Whether it says of a token that it lives for 900 s: what is left of it when that is written may be a second less.
fn is_lifetime(expires: &Value) -> bool {
    let seconds = expires.as_f64().or_else(|| expires.as_str()?.parse().ok());
    seconds.is_some_and(|seconds| (899.0..=900.0).contains(&seconds))
}

/// Whether a Cache-Control has nobody keep an answer.
fn is_never_stored(control: &str) -> bool {
    control.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("no-store"))
}

/// Makes every query of the service.
async fn fetch_all(
    case: &Case<'_>,
    walk: &Walk<'_>,
    token: &str,
    account: &str,
) -> Result<(), Stop> {
    let calls: &[Call] = walk.offer.dienst.calls();
    let bsn = bsn_of(account).map(|bsn| bsn.to_string());
    for (place, call) in calls.iter().enumerate().filter(|(_, call)| !call.per_document) {
        let fetched = walk.fetch(Some(token), place).await;
        let answer = fetched.map_err(|failure| {
            let Stop(why) = unanswered(case, failure);
            Stop(format!("{}: {why}", call.query))
        })?;
        let body = answer.json();
        let resource = body.get("resourceType").and_then(Value::as_str).unwrap_or_default();
        let is_fhir = answer.header(http::header::CONTENT_TYPE).contains("fhir");
        let is_right =
            answer.status.is_success() && is_fhir && matches!(resource, "Bundle" | "Binary");
        let expected = format!("{}: a Bundle of FHIR STU3", call.query);
        case.judge(rule::CATALOGUE_STANDARDS, is_right, &expected, said(&answer));
        let text = answer.text();
        let has_bsn = bsn.as_ref().is_some_and(|bsn| text.contains(bsn));
        let found = if has_bsn { "the BSN of the person" } else { "none" };
        let expected = format!("{}: no BSN in the answer", call.query);
        case.judge(rule::NO_IDENTITY_BETWEEN, !has_bsn, &expected, found);
        // Nobody has collected who has no data.
        if !is_data(&answer) {
            return Err(Stop(format!("{}: no data: {}", call.query, said(&answer))));
        }
    }
    Ok(())
}

/// Whatever the ZAL lists is served to every PGO.
async fn every_offer(case: &Case<'_>) -> Result<(), Stop> {
    let offers: Vec<_> = case.desk.own_offers().cloned().collect();
    for (place, offer) in offers.into_iter().enumerate() {
        let mut walk = Walk::of(case, offer, place % case.desk.pgos.len())?;
        let came = seen(walk.begin().await?)?;
        let is_served = matches!(came, Came::ToDigid(_) | Came::ToQuestion(..));
        let expected =
            format!("service {} of {} is served", walk.offer.dienst.id(), walk.offer.naam);
        case.judge(rule::LISTED_IS_SERVED, is_served, &expected, came.told());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lifetime_is_900_seconds_or_what_is_left_of_them_when_it_is_written() {
        for good in [json!(900), json!(899), json!(899.5), json!("900")] {
            assert!(is_lifetime(&good), "{good}");
        }
        for bad in [json!(901), json!(898), json!(3_600), json!(-900), json!("kort"), json!([900])]
        {
            assert!(!is_lifetime(&bad), "{bad}");
        }
    }

    #[test]
    fn only_a_whole_directive_forbids_to_store() {
        assert!(is_never_stored("no-cache, No-Store") && is_never_stored("no-store"));
        assert!(!is_never_stored("private=\"no-store-x\"") && !is_never_stored("no-storeroom"));
        assert!(!is_never_stored(""));
    }
}
