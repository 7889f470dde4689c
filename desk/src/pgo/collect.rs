//! The straight way: one person collects, and everything on the way is looked at.

use protocol::{
    message::{Fetch, GrantType},
    rule,
};
use url::Url;

use super::{
    dossier::look_at_dossier,
    steps::{Walk, base_name},
};
use crate::{
    browser::Form,
    desk::Offer,
    evidence::{Exchange, Outcome},
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
            rule::BEARER,
            rule::ACCESS_TOKENS_KEPT,
            rule::CONFIDENTIAL_CLIENT,
            rule::CATALOGUE_STANDARDS,
            rule::SERVICE_IN_CATALOGUE,
            rule::MUTUAL_CERTIFICATES,
            rule::NORM_CRYPTOGRAPHY,
            rule::COLLECTS_BY_UCI,
            rule::STEP_STORE,
            rule::PROVENANCE_VISIBLE,
            rule::OFFERS_DOSSIER,
            rule::NO_CROSS_READ,
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
    walk.settles().await;
    look_at_offers(case, &walk);
    let ended = match look_at_fetches(case, &walk) {
        Ok(()) => look_at_dossier(case, &mut walk, page).await,
        Err(stop) => Err(stop),
    };
    look_at_device(case, &walk);
    ended
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
    if let Some(other) = case.strange().iter().find(|other| is_query(other)) {
        let found = format!("no query of the catalogue: {}", first_line(&other.request));
        case.judge(rule::CATALOGUE_STANDARDS, false, expected, found);
    }
    case.judge(rule::SERVICE_IN_CATALOGUE, true, asks(rule::SERVICE_IN_CATALOGUE), wanted.id());
    case.judge(rule::COLLECTS_BY_UCI, true, asks(rule::COLLECTS_BY_UCI), "all sixteen steps");
    Ok(())
}

/// Whether something that no host understood is a query: not what ordinary clients ask before, of FHIR servers and of the
/// responder.
fn is_query(exchange: &Exchange) -> bool {
    let path = exchange.request.strip_prefix("GET ").and_then(|rest| rest.split([' ', '?']).next());
    path.is_some_and(|path| !path.ends_with("/metadata") && !path.starts_with(wire::paths::OCSP))
}

/// Tokens stay at the gateway: no browser is told one (RFC 6819 §4.1.3, RFC 6750 §5.3).
fn look_at_device(case: &Case<'_>, walk: &Walk<'_>) {
    let tokens = walk.tokens();
    if tokens.is_empty() {
        return;
    }
    let has = |text: &str| tokens.iter().any(|token| text.contains(token));
    let told = |exchange: &Exchange| match &exchange.outcome {
        Outcome::Answer { raw, .. } => raw.clone(),
        Outcome::Failure(_) => String::new(),
    };
    let browsed = walk.browsed();
    let seen = browsed.iter().find(|one| has(&one.request) || has(&told(one)));
    let found = seen.map_or_else(|| "none has it".to_owned(), Exchange::line);
    let expected = "what browsers say and are told has no token";
    for rule in [rule::ACCESS_TOKENS_KEPT, rule::CONFIDENTIAL_CLIENT] {
        case.judge(rule, seen.is_none(), expected, found.clone());
    }
    let is_kept = |line: &str| {
        let line = line.to_lowercase();
        ["set-cookie:", "cookie:", "location:"].iter().any(|name| line.starts_with(name))
    };
    let lies_about = |one: &&Exchange| {
        has(&first_line(&one.request))
            || told(one).lines().chain(one.request.lines()).any(|line| is_kept(line) && has(line))
    };
    let kept = browsed.iter().find(lies_about);
    let found = kept.map_or_else(|| "none has it".to_owned(), Exchange::line);
    case.judge(rule::TOKEN_THREATS, kept.is_none(), "no token in an address or a cookie", found);
}

/// The scheme of a request's Authorization header (RFC 9110 §11.6.2).
fn scheme(raw: &str) -> Option<&str> {
    let mut headers = raw.lines().skip(1).take_while(|line| !line.is_empty());
    let value = headers.find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("authorization").then_some(value)
    })?;
    value.split(' ').next()
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
    let is_other = |raw: &&String| match scheme(raw) {
        Some(scheme) => !scheme.eq_ignore_ascii_case("bearer"),
        None => !first_line(raw).contains("access_token"),
    };
    let queries = || fetches.iter().map(|(_, raw)| raw);
    if queries().next().is_some() {
        let other = queries().find(is_other);
        let found = other.map_or_else(|| "so it is".to_owned(), |raw| first_line(raw));
        let expected = "every query has its token as a bearer token";
        case.judge(rule::BEARER, other.is_none(), expected, found);
    }
    match bsn.or(in_address) {
        Some(raw) if fetches.iter().all(|(_, understood)| understood != raw) => {
            Err(Stop(format!("not understood: {}", first_line(raw))))
        }
        // Of some queries only the token tells of which service they are.
        _ if queries().any(|raw| is_other(&raw)) => {
            Err(Stop::because("queries without a bearer token are refused"))
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

/// What tells fields apart in which one chooses from what the network has.
struct Known {
    namen: Vec<String>,
    services: Vec<String>,
    ids: Vec<&'static str>,
}

impl Known {
    fn is(&self, (_, value, text): &(String, String, String)) -> bool {
        let says = |text: &str, words: &[String]| words.iter().any(|word| text.contains(word));
        let said = [value.to_lowercase(), text.to_lowercase()];
        self.ids.contains(&value.as_str())
            || said.iter().any(|text| says(text, &self.namen) || says(text, &self.services))
    }
}

/// The first that is on no ZAL of what can be chosen in a field that has something of it, if there is such a field. What
/// stands for nothing yet is neither.
fn first_strange<'p>(
    forms: &'p [Form],
    known: &Known,
) -> Option<Option<&'p (String, String, String)>> {
    let all = || forms.iter().flat_map(|form| form.choices.iter().map(move |one| (form, one)));
    let mut ours = all()
        .filter(|(form, (name, ..))| form.choices.iter().any(|one| one.0 == *name && known.is(one)))
        .map(|(_, one)| one)
        .peekable();
    ours.peek()?;
    Some(ours.find(|one| !one.1.is_empty() && !known.is(one)))
}

/// What can be chosen on its first page is on the ZAL.
async fn offers(case: &Case<'_>) -> Result<(), Stop> {
    let desk = case.desk;
    let mut walk = Walk::new(case)?;
    let start = walk.start()?;
    let page = walk.ends_at(start).await?;
    let naam = |offer: &Offer| offer.naam.trim_end_matches("@medmij").to_lowercase();
    let known = Known {
        namen: desk.offers.iter().map(naam).collect(),
        services: desk.offers.iter().map(base_name).collect(),
        ids: desk.offers.iter().map(|offer| offer.dienst.id()).collect(),
    };
    let Some(strange) = first_strange(&page.forms, &known) else {
        return Err(Stop::because("on its first page nothing of the ZAL can be chosen"));
    };
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
    use super::*;

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

    #[test]
    fn a_token_is_a_bearer_token_if_its_header_says_so() {
        assert_eq!(scheme("GET / HTTP/1.1\nhost: a\nauthorization: Bearer x\n\n"), Some("Bearer"));
        assert_eq!(scheme("GET / HTTP/1.1\nhost: a\n\nauthorization: Bearer x"), None);
    }

    #[test]
    fn only_fields_that_have_something_of_the_zal_must_have_no_more() {
        let known = Known {
            namen: vec!["huisartsaaaa".to_owned()],
            services: vec!["huisartsgegevens".to_owned()],
            ids: vec!["49"],
        };
        let form = |choices: &[(&str, &str, &str)]| {
            let own = |(name, value, text): &(&str, &str, &str)| {
                ((*name).to_owned(), (*value).to_owned(), (*text).to_owned())
            };
            let url = Url::parse("https://pgo.example.nl/").unwrap();
            let choices = choices.iter().map(own).collect();
            [Form { choices, ..Form::bare(&url) }]
        };
        let good = [
            ("wie", "", "Kies een zorgaanbieder"),
            ("wie", "3", "Huisartsaaaa"),
            ("wat", "7", "Huisartsgegevens"),
            ("onthoud", "on", "Onthoud mij"),
            ("taal", "en", "English"),
        ];
        assert_eq!(first_strange(&form(&good), &known), Some(None));
        let more = [&good[..], &[("wie", "9", "Kliniek De Droom")]].concat();
        let more = form(&more);
        let found = first_strange(&more, &known).flatten();
        assert_eq!(found.map(|(_, value, _)| value.as_str()), Some("9"));
        assert_eq!(first_strange(&form(&good[3..]), &known), None);
    }
}
