//! Authorization requests that are none (exception 1): the person is told, and sent nowhere.

use protocol::rule::{self, Rule};
use url::Url;

use super::steps::Walk;
use crate::{
    probe::{Case, Going, Probe, Stop},
    way::Came,
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

/// A request that must end at a page of the gateway. Whether it went on is judged by `rule`, and the form of the refusal
/// by that of exception 1.
async fn is_refused(case: &Case<'_>, rule: Rule, what: &str, url: Url) -> Result<(), Stop> {
    // Whoever is sent anywhere but to DigiD is sent back, wherever that is.
    let mut walk = Walk::new(case)?;
    let came = match walk.go(url).await {
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
    let goes_on =
        came.goes_on() || matches!(&came, Came::Back(_) if rule == rule::REDIRECT_FULL_HTTPS);
    case.judge(rule, !goes_on, &format!("{what}: refused"), came.told());
    if goes_on {
        return Ok(());
    }
    let own = &case.desk.subject.front;
    let is_told = matches!(&came, Came::Nowhere(page)
        if page.url.host_str() == Some(own) && !page.answer.status.is_server_error());
    let expected = format!("{what}: a page of the gateway's that says so, and no redirect");
    case.judge(rule::EXCEPTION_REQUEST, is_told, &expected, came.told());
    if rule == rule::CLIENT_KNOWN {
        case.judge(rule::UC_REQUEST_INVALID, is_told, &expected, came.told());
    }
    Ok(())
}

/// A name that no list has.
const STRANGER: &str = "vreemd.example";

async fn unknown_client(case: &Case<'_>) -> Result<(), Stop> {
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
        is_refused(case, rule::CLIENT_KNOWN, what, walk.request(&instead)).await?;
    }
    Ok(())
}

async fn redirect_elsewhere(case: &Case<'_>) -> Result<(), Stop> {
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
        is_refused(case, rule::REDIRECT_OF_CLIENT, &format!("redirect_uri {place:?}"), url).await?;
    }
    Ok(())
}

async fn redirect_not_https(case: &Case<'_>) -> Result<(), Stop> {
    let walk = Walk::new(case)?;
    let host = &walk.pgo.name;
    let places =
        [format!("http://{host}/callback"), format!("//{host}/callback"), "/callback".to_owned()];
    for place in places {
        let url = walk.request(&[("redirect_uri", Some(&place))]);
        is_refused(case, rule::REDIRECT_FULL_HTTPS, &format!("redirect_uri {place:?}"), url)
            .await?;
    }
    let url = walk.request(&[("redirect_uri", None)]);
    is_refused(case, rule::REDIRECT_FULL_HTTPS, "no redirect_uri", url).await
}

async fn other_response_type(case: &Case<'_>) -> Result<(), Stop> {
    let walk = Walk::new(case)?;
    for (what, value) in [("response_type token", Some("token")), ("no response_type", None)] {
        let url = walk.request(&[("response_type", value)]);
        is_refused(case, rule::GRANT_TYPE, what, url).await?;
    }
    Ok(())
}

async fn scope_not_offered(case: &Case<'_>) -> Result<(), Stop> {
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
        is_refused(case, rule::SCOPE_OFFERED, &what, walk.request(&[("scope", value)])).await?;
    }
    Ok(())
}

async fn doubled(case: &Case<'_>) -> Result<(), Stop> {
    let walk = Walk::new(case)?;
    for (name, value) in
        [("redirect_uri", walk.pgo.redirect()), ("scope", walk.offer.dienst.id().to_owned())]
    {
        let mut url = walk.request(&[]);
        url.query_pairs_mut().append_pair(name, &value);
        let what = format!("{name} twice (RFC 6749 §3.1)");
        is_refused(case, rule::EXCEPTION_REQUEST, &what, url).await?;
    }
    Ok(())
}
