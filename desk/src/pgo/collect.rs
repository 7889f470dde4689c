//! The straight way: one person collects, and everything on the way is looked at.

use protocol::{
    message::{Fetch, GrantType},
    rule,
};
use url::Url;

use super::steps::{Walk, base_name};
use crate::{
    probe::{Case, Going, Probe, Stop},
    way::{Came, asks, bsn_of, sent},
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "collect",
        rules: &[
            rule::OFFERS_COLLECTING,
            rule::STEP_OFFER,
            rule::STEP_CHOOSE,
            rule::RESPONSE_TYPE_CODE,
            rule::REDIRECT_OFFERED_HTTPS,
            rule::STATE_REQUIRED,
            rule::STEP_OFFER_CODE,
            rule::CODE_OFFERED_ONCE,
            rule::GRANT_TYPE,
            rule::STEP_REQUEST,
            rule::NO_IDENTITY_BETWEEN,
            rule::TOKEN_THREATS,
            rule::CATALOGUE_STANDARDS,
            rule::SERVICE_IN_CATALOGUE,
            rule::MUTUAL_CERTIFICATES,
            rule::NORM_CRYPTOGRAPHY,
            rule::COLLECTS_BY_UCI,
            rule::STEP_STORE,
            rule::PROVENANCE_VISIBLE,
            rule::OFFERS_DOSSIER,
        ],
        go: |case| Box::pin(collect(case)) as Going<'_>,
    },
    Probe {
        name: "offers",
        rules: &[rule::STEP_OFFER],
        go: |case| Box::pin(offers(case)) as Going<'_>,
    },
];

/// What the authorization request says.
fn look_at_request(case: &Case<'_>, walk: &Walk<'_>, url: &Url) {
    let own = &case.desk.subject.front;
    let mut bare = url.clone();
    bare.set_query(None);
    let (client, scope) = (sent(url, "client_id"), sent(url, "scope"));
    let is_right = bare == walk.offer.authorization
        && client.as_deref() == Some(own)
        && scope.as_deref() == Some(walk.offer.dienst.id());
    let expected = format!(
        "to {} with client_id {own} and scope {}",
        walk.offer.authorization,
        walk.offer.dienst.id()
    );
    case.judge(rule::STEP_CHOOSE, is_right, &expected, url.as_str());
    let kind = sent(url, "response_type").unwrap_or_default();
    let found = format!("response_type {kind:?}");
    case.judge(rule::RESPONSE_TYPE_CODE, kind == "code", "response_type code", found);
    let redirect = sent(url, "redirect_uri").unwrap_or_default();
    let at = Url::parse(&redirect).ok();
    let is_full = at.is_some_and(|at| {
        at.scheme() == "https" && at.host_str() == Some(own) && at.fragment().is_none()
    });
    let found = format!("redirect_uri {redirect:?}");
    case.judge(
        rule::REDIRECT_OFFERED_HTTPS,
        is_full,
        "a redirect_uri that is full and HTTPS",
        found,
    );
    let state = sent(url, "state").unwrap_or_default();
    let found = format!("state {state:?}");
    case.judge(rule::STATE_REQUIRED, !state.is_empty(), "a state", found);
}

async fn collect(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    let came = walk.begin().await?;
    let Some(url) = walk.request().cloned() else {
        let text = format!("it leads to no care provider: {} (--recipe tells how)", came.told());
        return Err(Stop(text));
    };
    case.judge(rule::OFFERS_COLLECTING, true, asks(rule::OFFERS_COLLECTING), "it leads to one");
    case.judge(rule::STEP_OFFER, true, asks(rule::STEP_OFFER), "what the ZAL has can be chosen");
    look_at_request(case, &walk, &url);
    if !matches!(came, Came::ToDigid(_)) {
        return Err(Stop(format!("the care provider's gateway does not go on: {}", came.told())));
    }
    let mut walk = Walk::new(case)?;
    let page = walk.collect().await?;
    look_at_offers(case, &walk);
    look_at_fetches(case, &walk)?;
    look_at_end(case, &mut walk, &page.url.clone()).await
}

fn look_at_offers(case: &Case<'_>, walk: &Walk<'_>) {
    let offers = walk.offered();
    let number = offers.len();
    let found = format!("{number} requests with a code");
    case.judge(
        rule::STEP_OFFER_CODE,
        number > 0,
        "a code is offered over the back channel",
        found.clone(),
    );
    for rule in [rule::MUTUAL_CERTIFICATES, rule::NORM_CRYPTOGRAPHY] {
        // The gateways of the network let in nobody without.
        if number > 0 {
            case.judge(rule, true, asks(rule), "it came in by a door of mutual TLS");
        }
    }
    if number > 0 {
        case.judge(rule::CODE_OFFERED_ONCE, number == 1, "a code is offered once", found);
        let is_code = offers.iter().all(|offer| offer.grant_type == GrantType::AuthorizationCode);
        let expected = "grant_type authorization_code";
        let found = if is_code { "so it is" } else { "another grant_type" };
        case.judge(rule::GRANT_TYPE, is_code, expected, found);
    }
}

fn look_at_fetches(case: &Case<'_>, walk: &Walk<'_>) -> Result<(), Stop> {
    let (fetches, wanted) = (walk.fetched(), walk.offer.dienst);
    look_for_secrets(case, &fetches)?;
    if fetches.is_empty() {
        return Err(Stop::because("nothing was asked for"));
    }
    let other = fetches.iter().find(|(fetch, _)| fetch.dienst != wanted);
    let found = other
        .map_or_else(|| format!("{} requests for it", fetches.len()), |(_, raw)| first_line(raw));
    let expected = format!("what is asked for is of service {}", wanted.id());
    case.judge(rule::STEP_REQUEST, other.is_none(), &expected, found);
    if let Some(refused) = walk.refused() {
        return Err(Stop(format!("a query was refused: {refused}")));
    }
    let mut missing = wanted.calls().iter().enumerate().filter(|(place, call)| {
        !call.per_document && fetches.iter().all(|(fetch, _)| usize::from(fetch.call) != *place)
    });
    let missing = missing.next().map(|(_, call)| call.query);
    let found =
        missing.map_or_else(|| "all are made".to_owned(), |query| format!("not made: {query}"));
    let expected = "the queries that the catalogue has for the service";
    case.judge(rule::CATALOGUE_STANDARDS, missing.is_none(), expected, found);
    if let Some(other) = case.strange().iter().find(|other| other.request.starts_with("GET ")) {
        let found = format!("no query of the catalogue: {}", first_line(&other.request));
        case.judge(rule::CATALOGUE_STANDARDS, false, expected, found);
    }
    case.judge(rule::SERVICE_IN_CATALOGUE, true, asks(rule::SERVICE_IN_CATALOGUE), wanted.id());
    case.judge(rule::COLLECTS_BY_UCI, true, asks(rule::COLLECTS_BY_UCI), "all sixteen steps");
    Ok(())
}

/// No request says who somebody is, and none has its token where logs keep it. One that does either is none that the
/// network knows, and what follows on it says nothing more.
fn look_for_secrets(case: &Case<'_>, fetches: &[(Fetch, String)]) -> Result<(), Stop> {
    let strange = case.strange();
    let raws = || {
        let understood = fetches.iter().map(|(_, raw)| raw);
        understood.chain(strange.iter().map(|exchange| &exchange.request))
    };
    if raws().next().is_none() {
        return Ok(());
    }
    let persons: Vec<String> = case
        .desk
        .persons
        .iter()
        .filter_map(|account| bsn_of(account))
        .map(|bsn| bsn.to_string())
        .collect();
    let bsn = raws().find(|raw| names_somebody(raw, &persons));
    let found = bsn.map_or_else(|| "none has one".to_owned(), |raw| first_line(raw));
    case.judge(rule::NO_IDENTITY_BETWEEN, bsn.is_none(), "no request has a BSN", found);
    let in_address = raws().find(|raw| first_line(raw).contains("access_token"));
    let found = in_address.map_or_else(|| "none has one".to_owned(), |raw| first_line(raw));
    case.judge(rule::TOKEN_THREATS, in_address.is_none(), "no token in an address", found);
    match bsn.or(in_address) {
        Some(raw) if fetches.iter().all(|(_, understood)| understood != raw) => {
            Err(Stop(format!("not understood: {}", first_line(raw))))
        }
        _ => Ok(()),
    }
}

/// Whether a request names a person: the naming system of the BSN, or the BSN of somebody of the check.
fn names_somebody(request: &str, persons: &[String]) -> bool {
    const SYSTEMS: [&str; 2] = ["NamingSystem/bsn", "2.16.840.1.113883.2.4.6.3"];
    // Escapes undone, wherever they stand.
    let pieces = url::form_urlencoded::parse(request.as_bytes());
    let text: String = pieces.map(|(name, value)| format!("{name} {value} ")).collect();
    let is_theirs = |digits: &str| persons.iter().any(|person| person == digits);
    SYSTEMS.iter().any(|system| text.contains(system))
        || text.split(|c: char| !c.is_ascii_digit()).any(is_theirs)
}

fn first_line(raw: &str) -> String {
    raw.lines().next().unwrap_or_default().to_owned()
}

/// The Dossier: what came is there, with where it came from, for its person only.
async fn look_at_end(case: &Case<'_>, walk: &mut Walk<'_>, end: &Url) -> Result<(), Stop> {
    let naam = walk.offer.naam.trim_end_matches("@medmij").to_lowercase();
    let service = base_name(&walk.offer);
    let dossier = dossier(case, walk, end).await?;
    let shown = dossier.text.to_lowercase();
    let has = shown.contains(&naam) && shown.contains(&service);
    let expected = format!("the Dossier shows {service} of {naam}");
    case.judge(rule::STEP_STORE, has, &expected, dossier.named());
    if has {
        let says = shown.contains("medmij");
        let expected = "the Dossier says that it came over MedMij";
        case.judge(rule::PROVENANCE_VISIBLE, says, expected, dossier.named());
    }
    let mut other = Walk::of_another(case)?;
    let seen = other.ends_at(dossier.url.clone()).await?;
    let is_theirs = !(has
        && seen.text.to_lowercase().contains(&naam)
        && seen.text.to_lowercase().contains(&service)
        && seen.text == dossier.text);
    let expected = "another browser does not see it";
    case.judge(rule::OFFERS_DOSSIER, is_theirs, expected, seen.named());
    Ok(())
}

/// The page of the Dossier: a link of the last page or of the first says where it is; else it is the last page.
async fn dossier(
    case: &Case<'_>,
    walk: &mut Walk<'_>,
    end: &Url,
) -> Result<Box<crate::browser::Page>, Stop> {
    let start = walk.start()?;
    for url in [end.clone(), start] {
        let page = walk.ends_at(url).await?;
        let link = page.links.iter().find(|(text, url)| {
            text.to_lowercase().contains("dossier") || url.path().contains("dossier")
        });
        if let Some((_, url)) = link {
            return walk.ends_at(url.clone()).await;
        }
    }
    let text = format!("https://{}/dossier", case.desk.subject.front);
    let url = Url::parse(&text).map_err(|error| Stop(error.to_string()))?;
    walk.ends_at(url).await
}

/// Its first page has every Zorgaanbieder of the ZAL, and no other.
async fn offers(case: &Case<'_>) -> Result<(), Stop> {
    let desk = case.desk;
    let mut walk = Walk::new(case)?;
    let start = walk.start()?;
    let page = walk.ends_at(start).await?;
    let known: Vec<String> = desk
        .offers
        .iter()
        .map(|offer| offer.naam.trim_end_matches("@medmij").to_lowercase())
        .collect();
    let ids: Vec<&str> = desk.offers.iter().map(|offer| offer.dienst.id()).collect();
    let choices = || page.forms.iter().flat_map(|form| &form.choices);
    let is_known = |text: &str| {
        let text = text.to_lowercase();
        known.iter().any(|naam| text.contains(naam))
            || ids.contains(&text.as_str())
            || text.is_empty()
    };
    let strange = choices().find(|(_, value, text)| !is_known(value) && !is_known(text));
    if choices().next().is_none() {
        return Err(Stop::because("its first page has nothing to choose from"));
    }
    let expected = "what can be chosen is on the ZAL";
    let found = strange.map_or_else(
        || "all of it is".to_owned(),
        |(name, value, text)| format!("{name}={value:?} ({text})"),
    );
    case.judge(rule::STEP_OFFER, strange.is_none(), expected, found);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::names_somebody;

    #[test]
    fn a_bsn_is_seen_however_it_is_written() {
        let persons = ["999900006".to_owned()];
        for request in [
            "GET /fhir/Patient?identifier=999900006 HTTP/1.1",
            "GET /fhir/Condition?patient.identifier=http%3A%2F%2Ffhir.nl%2Ffhir%2FNamingSystem%2Fbsn%7C123456782 HTTP/1.1",
            "GET /fhir/Patient HTTP/1.1\nx-bsn: 999900006",
        ] {
            assert!(names_somebody(request, &persons), "{request}");
        }
        let token = "GET /fhir/Patient HTTP/1.1\nauthorization: Bearer 19999000061-999900007";
        assert!(!names_somebody(token, &persons));
    }
}
