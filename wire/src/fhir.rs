//! The resource endpoint: one FHIR query of a service in, a FHIR STU3 answer out (steps 14 and 15, exceptions 7 and 8).
//!
//! An answer holds invented data of the kind that was asked, as many bytes of it as the message says; what the network
//! has to know of them travels in `meta`. Judges no token.

mod bundle;
mod observations;
mod pdf;
mod query;
mod resources;
#[cfg(test)]
mod tests;

use http::{HeaderValue, StatusCode, header};
use protocol::{
    catalogue::{Gegevensdienst, Scope},
    id::{NameId, Opaque, ZorgaanbiederId},
    message::{Fetch, FhirAnswer, Issue, Request, Response},
};
use serde_json::{Value, json};

use crate::{
    codec::{self, Codec, expect_get, path_of, value},
    fault::Fault,
    front,
    places::{Endpoint, NOBODY, Place},
};

const JSON: &str = "application/fhir+json";
const ACCEPT: HeaderValue = HeaderValue::from_static("application/fhir+json; fhirVersion=3.0");
/// The naming system of the BSN, which has no business between a PGO and a ZA GW (APP 5).
const BSN: &str = "http://fhir.nl/fhir/NamingSystem/bsn";

/// What only we send, and only where several services or Zorgaanbieders share an address and ask the same: the service.
const DIENST: &str = "x-gegevensdienst";
/// Likewise, the Zorgaanbieder.
const ZORGAANBIEDER: &str = "x-zorgaanbieder";

/// A GET of the query below the resource endpoint. A query that the catalogue does not have leads nowhere.
pub(crate) fn write_request(
    codec: &Codec<'_>,
    to: NameId,
    fetch: &Fetch,
) -> http::Request<Vec<u8>> {
    let mut request = codec::get(&query::write(codec, to, fetch));
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, ACCEPT);
    let token = format!("Bearer {}", codec.places.opaque_text(fetch.token));
    headers.insert(header::AUTHORIZATION, value(&token));
    let path = request.uri().path();
    let understood = codec
        .places
        .place(to, path)
        .and_then(|place| read_request(codec, to, place, &request).ok());
    if understood.is_none_or(|understood| understood.dienst != fetch.dienst) {
        request.headers_mut().insert(DIENST, value(fetch.dienst.id()));
    }
    if understood.is_none_or(|understood| understood.zorgaanbieder != fetch.zorgaanbieder) {
        let naam = front::zorgaanbieder_text(codec, fetch.zorgaanbieder);
        request.headers_mut().insert(ZORGAANBIEDER, value(&naam));
    }
    request
}

/// Whose data a query asks for stands in its address, or else in its token: a FHIR query names neither.
pub(crate) fn read_request(
    codec: &Codec<'_>,
    to: NameId,
    place: Place,
    request: &http::Request<Vec<u8>>,
) -> Result<Fetch, Fault> {
    expect_get(request.method())?;
    let token = token(codec, request);
    let granted = codec.places.granted(token);
    let (path, rest) = request.uri().path().split_at(place.length);
    let asked = query::Asked::read(rest, request.uri().query().unwrap_or_default())?;
    let said = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let zorgaanbieder = match (said(ZORGAANBIEDER), place.zorgaanbieder) {
        (Some(naam), _) => front::zorgaanbieder_from(codec, naam),
        (None, Some(known)) => known,
        (None, None) => granted.map_or(NOBODY, |scope| scope.zorgaanbieder),
    };
    let candidates: Vec<query::Match> = asked.matches().collect();
    let found = match said(DIENST) {
        Some(id) => candidates.iter().find(|found| found.dienst.id() == id),
        None => likeliest(codec, to, &candidates, zorgaanbieder, granted, path),
    };
    let found = found.ok_or_else(|| Fault::nothing_at(request.uri().path()))?;
    Ok(Fetch {
        token,
        zorgaanbieder,
        dienst: found.dienst,
        call: found.call,
        document: found.document,
        bsn: asked.bsn,
    })
}

/// Whether that is how ordinary FHIR clients begin: by asking a server what it can (STU3, `capabilities`).
pub(crate) fn asks_what_it_can(
    codec: &Codec<'_>,
    to: NameId,
    request: &http::Request<Vec<u8>>,
) -> bool {
    let path = request.uri().path();
    let place = codec.places.place(to, path).filter(|place| place.endpoint == Endpoint::Resource);
    request.method() == http::Method::GET
        && place.is_some_and(|place| path[place.length..] == *"/metadata")
}

/// As little of that as there must be: nothing of it is a message of the network.
pub(crate) fn write_what_it_can() -> http::Response<Vec<u8>> {
    let body = json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2019-01-01",
        "kind": "capability",
        "fhirVersion": "3.0.1",
        "acceptUnknown": "no",
        "format": ["json"],
        "rest": [{ "mode": "server" }],
    });
    codec::answer(StatusCode::OK, JSON, body.to_string().into_bytes())
}

/// Of services that ask the same: one that the token covers, or else one that is served at that very address, or else
/// the first of the catalogue.
fn likeliest<'c>(
    codec: &Codec<'_>,
    to: NameId,
    candidates: &'c [query::Match],
    zorgaanbieder: ZorgaanbiederId,
    granted: Option<Scope>,
    path: &str,
) -> Option<&'c query::Match> {
    let covered =
        |dienst: Gegevensdienst| granted.is_some_and(|scope| scope.covers(zorgaanbieder, dienst));
    let here = |found: &query::Match| {
        let query::Match { dienst, call, .. } = *found;
        zorgaanbieder != NOBODY
            && path_of(&codec.places.address(to, Endpoint::Resource, zorgaanbieder, dienst, call))
                == path
    };
    let [first, ..] = candidates else { return None };
    if candidates.len() == 1 {
        return Some(first);
    }
    candidates
        .iter()
        .find(|found| covered(found.dienst))
        .or_else(|| candidates.iter().find(|found| here(found)))
        .or(Some(first))
}

/// The bearer token of RFC 6750 §2.1. Who shows none has one that nobody knows.
fn token(codec: &Codec<'_>, request: &http::Request<Vec<u8>>) -> Opaque {
    let credentials =
        request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = credentials
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map_or("", |(_, token)| token);
    codec.places.opaque(token)
}

pub(crate) fn write_answer(
    codec: &Codec<'_>,
    to: &Request,
    answer: &FhirAnswer,
) -> http::Response<Vec<u8>> {
    codec::answer(StatusCode::OK, JSON, bundle::write(codec, to, answer))
}

pub(crate) fn write_outcome(issue: Issue) -> http::Response<Vec<u8>> {
    let (status, code, what) = match issue {
        Issue::Suppressed => {
            (StatusCode::UNAUTHORIZED, "suppressed", "Het access-token is niet geldig.")
        }
        // A gateway that got no good answer from behind (RFC 9110 §15.6.3). 503 stays for one that has no capacity
        // itself.
        Issue::Incomplete => {
            (StatusCode::BAD_GATEWAY, "incomplete", "Het bronsysteem kan niet leveren.")
        }
    };
    let body = json!({
        "resourceType": "OperationOutcome",
        "issue": [{ "severity": "error", "code": code, "diagnostics": what }],
    });
    let mut response = codec::answer(status, JSON, body.to_string().into_bytes());
    if issue == Issue::Suppressed {
        // RFC 6750 §3.1.
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

pub(crate) fn read_answer(
    codec: &Codec<'_>,
    response: &http::Response<Vec<u8>>,
) -> Result<Response, Fault> {
    let body = serde_json::from_slice::<Value>(response.body()).unwrap_or_default();
    if body["resourceType"] == "OperationOutcome" {
        let issues = body["issue"].as_array().map_or(&[][..], Vec::as_slice);
        let has = |code: &str| issues.iter().any(|issue| issue["code"] == code);
        if has("suppressed") {
            return Ok(Response::OperationOutcome(Issue::Suppressed));
        }
        if has("incomplete") {
            return Ok(Response::OperationOutcome(Issue::Incomplete));
        }
    }
    match response.status() {
        StatusCode::OK if body["resourceType"] != "OperationOutcome" => {
            bundle::read(codec, response, &body).map(Response::Fhir)
        }
        // Not every source says it in FHIR.
        StatusCode::UNAUTHORIZED => Ok(Response::OperationOutcome(Issue::Suppressed)),
        StatusCode::INTERNAL_SERVER_ERROR
        | StatusCode::BAD_GATEWAY
        | StatusCode::GATEWAY_TIMEOUT => Ok(Response::OperationOutcome(Issue::Incomplete)),
        other => codec::refused(other).unwrap_or_else(|| {
            let said = body["issue"].to_string();
            Err(Fault::malformed("a FHIR answer, or an issue suppressed or incomplete", &said))
        }),
    }
}
