//! Authorization requests that are none (exception 1): the person is told, and sent to nobody who is not trusted.

use protocol::rule::{self, Rule};
use url::{Position, Url};

use super::steps::{Walk, seen};
use crate::{
    probe::{Case, Going, Probe, Stop},
    way::{Came, sent},
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "request-unknown-client",
        rules: &[rule::CLIENT_KNOWN, rule::EXCEPTION_REQUEST, rule::UC_REQUEST_INVALID],
        go: |case| Box::pin(unknown_client(case)) as Going<'_>,
    },
    Probe {
        name: "request-redirect-elsewhere",
        rules: &[rule::REDIRECT_OF_CLIENT, rule::EXCEPTION_REQUEST],
        go: |case| Box::pin(redirect_elsewhere(case)) as Going<'_>,
    },
    Probe {
        name: "request-redirect-not-https",
        rules: &[rule::REDIRECT_FULL_HTTPS, rule::EXCEPTION_REQUEST],
        go: |case| Box::pin(redirect_not_https(case)) as Going<'_>,
    },
    Probe {
        name: "request-other-response-type",
        rules: &[rule::GRANT_TYPE, rule::EXCEPTION_REQUEST],
        go: |case| Box::pin(other_response_type(case)) as Going<'_>,
    },
    Probe {
        name: "request-scope-not-offered",
        rules: &[rule::SCOPE_OFFERED, rule::EXCEPTION_REQUEST],
        go: |case| Box::pin(scope_not_offered(case)) as Going<'_>,
    },
    Probe {
        name: "request-doubled-parameters",
        rules: &[rule::EXCEPTION_REQUEST],
        go: |case| Box::pin(doubled(case)) as Going<'_>,
    },
];

/// Where a request has the browser sent back, and so in which form it may be refused.
#[derive(Clone, Copy)]
enum Back<'a> {
    /// To a client that is known, at an address of its own. Exception 1 has the person told, because the PGO may be unknown or
    /// untrusted, and in the form of RFC 6749 §4.1.2.1, which for a PGO that is neither is a redirect. So either will do: a
    /// redirect with the error that the exception names, or with this one, which the RFC has for the cause.
    Trusted(&'static str),
    /// To whom is not known, or at this address, if any, which is not to be trusted: nobody is sent anywhere.
    Untrusted(Option<&'a str>),
}

/// A good request is served; otherwise that others are not says nothing.
async fn is_served(case: &Case<'_>) -> Result<(), Stop> {
    match Walk::new(case)?.begin().await? {
        Came::ToDigid(_) | Came::ToQuestion(..) => Ok(()),
        other => Err(Stop(format!("a good request is not served: {}", other.told()))),
    }
}

/// A request that must be refused. Whether it went on is judged by `rule`, and the form of the refusal by that of
/// exception 1.
async fn is_refused(
    case: &Case<'_>,
    rule: Rule,
    what: &str,
    url: Url,
    back: Back<'_>,
) -> Result<(), Stop> {
    // Whoever is sent anywhere but to DigiD is sent back, wherever that is.
    let mut walk = Walk::new(case)?;
    let came = match walk.go(url.clone()).await {
        Ok(came) => came,
        // A redirect to a name that is nobody's is one all the same.
        Err(Stop(why)) if why.starts_with("no host of the network") => {
            let expected = format!("{what}: nobody is sent anywhere");
            case.judge(rule, false, &expected, format!("a redirect: {why}"));
            return Ok(());
        }
        Err(Stop(why)) if why.contains("closed without an answer") => {
            return Err(Stop(format!("{what}: {why}")));
        }
        Err(other) => return Err(other),
    };
    let sent_there = match back {
        Back::Untrusted(Some(named)) => leads_to(&walk.browser.trail, &url, named),
        _ => None,
    };
    if let Some(there) = sent_there {
        let expected = format!("{what}: nobody is sent there");
        case.judge(rule, false, &expected, format!("a redirect to {there}"));
        return Ok(());
    }
    let came = seen(came)?;
    let goes_on =
        came.goes_on() || matches!(&came, Came::Back(_) if rule == rule::REDIRECT_FULL_HTTPS);
    case.judge(rule, !goes_on, &format!("{what}: refused"), came.told());
    if goes_on {
        return Ok(());
    }
    let own = &case.desk.subject.front;
    let is_told = match (&came, back) {
        (Came::Nowhere(page), _) => {
            page.url.host_str() == Some(own)
                && !page.answer.status.is_server_error()
                && !page.text.is_empty()
        }
        (Came::Back(url), Back::Trusted(error)) => tells_of(url, &walk, error),
        _ => false,
    };
    let or_back = match back {
        Back::Trusted(error) => format!(", or error invalid_request or {error} with the state"),
        Back::Untrusted(_) => ", and no redirect".to_owned(),
    };
    let expected = format!("{what}: a page of the gateway's that says so{or_back}");
    case.judge(rule::EXCEPTION_REQUEST, is_told, &expected, came.told());
    if rule == rule::CLIENT_KNOWN {
        case.judge(rule::UC_REQUEST_INVALID, is_told, &expected, came.told());
    }
    Ok(())
}

/// Where a browser was sent from that first address, if it was to the place that is named: whatever of it that the
/// browser had to fill in.
fn leads_to<'t>(trail: &'t [Url], first: &Url, named: &str) -> Option<&'t Url> {
    let named = first.join(named).ok()?;
    let place = |url: &Url| {
        (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.path().to_owned())
    };
    trail.iter().skip(1).find(|url| place(url) == place(&named))
}

/// Whether a PGO is told that its request is invalid, by that error or by that of exception 1.
fn tells_of(url: &Url, walk: &Walk<'_>, error: &str) -> bool {
    let told = sent(url, "error");
    told.is_some_and(|told| told == error || told == INVALID)
        && sent(url, "state").as_deref() == Some(&walk.state)
        && url[..Position::AfterPath] == walk.pgo.redirect()
}

/// The error of exception 1.
const INVALID: &str = "invalid_request";

/// A name that no list has.
const STRANGER: &str = "vreemd.example";

async fn unknown_client(case: &Case<'_>) -> Result<(), Stop> {
    is_served(case).await?;
    let walk = Walk::new(case)?;
    let own = format!("https://{STRANGER}/callback");
    for (what, instead) in [
        (
            "client_id of nobody, with its own redirect_uri",
            vec![("client_id", Some(STRANGER)), ("redirect_uri", Some(own.as_str()))],
        ),
        ("client_id of nobody", vec![("client_id", Some(STRANGER))]),
        ("no client_id", vec![("client_id", None)]),
    ] {
        let untrusted = Back::Untrusted(None);
        is_refused(case, rule::CLIENT_KNOWN, what, walk.request(&instead), untrusted).await?;
    }
    Ok(())
}

async fn redirect_elsewhere(case: &Case<'_>) -> Result<(), Stop> {
    is_served(case).await?;
    let walk = Walk::new(case)?;
    let host = &walk.pgo.name;
    let others = case.desk.pgos.get(1).map(|other| other.redirect());
    let places = [
        format!("https://{STRANGER}/callback"),
        format!("https://{host}.{STRANGER}/callback"),
        format!("https://{host}@{STRANGER}/callback"),
        format!("https://{STRANGER}\\@{host}/callback"),
        format!("https://{STRANGER}#@{host}/callback"),
    ];
    for place in places.into_iter().chain(others) {
        let url = walk.request(&[("redirect_uri", Some(&place))]);
        let (what, untrusted) = (format!("redirect_uri {place:?}"), Back::Untrusted(Some(&place)));
        is_refused(case, rule::REDIRECT_OF_CLIENT, &what, url, untrusted).await?;
    }
    Ok(())
}

async fn redirect_not_https(case: &Case<'_>) -> Result<(), Stop> {
    is_served(case).await?;
    let walk = Walk::new(case)?;
    let host = &walk.pgo.name;
    let places =
        [format!("http://{host}/callback"), format!("//{host}/callback"), "/callback".to_owned()];
    for place in places {
        let url = walk.request(&[("redirect_uri", Some(&place))]);
        let (what, untrusted) = (format!("redirect_uri {place:?}"), Back::Untrusted(Some(&place)));
        is_refused(case, rule::REDIRECT_FULL_HTTPS, &what, url, untrusted).await?;
    }
    let url = walk.request(&[("redirect_uri", None)]);
    let untrusted = Back::Untrusted(None);
    is_refused(case, rule::REDIRECT_FULL_HTTPS, "no redirect_uri", url, untrusted).await
}

async fn other_response_type(case: &Case<'_>) -> Result<(), Stop> {
    is_served(case).await?;
    let walk = Walk::new(case)?;
    for (what, value) in [("response_type token", Some("token")), ("no response_type", None)] {
        let url = walk.request(&[("response_type", value)]);
        let back = Back::Trusted("unsupported_response_type");
        is_refused(case, rule::GRANT_TYPE, what, url, back).await?;
    }
    Ok(())
}

async fn scope_not_offered(case: &Case<'_>) -> Result<(), Stop> {
    is_served(case).await?;
    let walk = Walk::new(case)?;
    let offered: Vec<&str> = case
        .desk
        .own_offers()
        .filter(|offer| offer.authorization == walk.offer.authorization)
        .map(|offer| offer.dienst.id())
        .collect();
    let known = protocol::catalogue::CATALOGUE.iter().map(|service| service.id);
    let other = known.into_iter().find(|id| !offered.contains(id)).unwrap_or("1");
    for (what, value) in [
        (format!("scope {other}, which is not offered"), Some(other)),
        ("a scope that is none".to_owned(), Some("geen-gegevensdienst")),
        ("no scope".to_owned(), None),
    ] {
        let (url, back) = (walk.request(&[("scope", value)]), Back::Trusted("invalid_scope"));
        is_refused(case, rule::SCOPE_OFFERED, &what, url, back).await?;
    }
    Ok(())
}

async fn doubled(case: &Case<'_>) -> Result<(), Stop> {
    is_served(case).await?;
    let walk = Walk::new(case)?;
    for (name, value) in
        [("redirect_uri", walk.pgo.redirect()), ("scope", walk.offer.dienst.id().to_owned())]
    {
        let mut url = walk.request(&[]);
        url.query_pairs_mut().append_pair(name, &value);
        let what = format!("{name} twice (RFC 6749 §3.1)");
        is_refused(case, rule::EXCEPTION_REQUEST, &what, url, Back::Trusted(INVALID)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_to_half_an_address_leads_to_what_the_browser_makes_of_it() {
        let at = |text: &str| Url::parse(text).unwrap();
        let first = at("https://za.example.nl/authorize?redirect_uri=/callback");
        let refused = [first.clone(), at("https://za.example.nl/fout?reden=redirect_uri")];
        assert_eq!(leads_to(&refused, &first, "/callback"), None);
        let sent = [first.clone(), at("https://za.example.nl/callback?error=invalid_request")];
        assert_eq!(leads_to(&sent, &first, "/callback"), Some(&sent[1]));
        assert_eq!(leads_to(&sent, &first, "https://za.example.nl/callback"), Some(&sent[1]));
        assert_eq!(leads_to(&sent, &first, "http://za.example.nl/callback"), None);
    }
}
