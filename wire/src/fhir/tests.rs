//! Answers as a PGO gets them.

use protocol::{
    catalogue::{CATALOGUE, Gegevensdienst},
    id::{Opaque, ZorgaanbiederId},
    message::{Content, Fetch, FhirAnswer, Fingerprint, Issue, Request, Response},
    time::WallTime,
};
use serde_json::Value;

use crate::codec::tests::desk::{Desk, epoch, host};

fn answered(dienst: Gegevensdienst, call: usize, response: &Response) -> http::Response<Vec<u8>> {
    let fetch = Fetch {
        token: Opaque(1),
        zorgaanbieder: ZorgaanbiederId(0),
        dienst,
        call: call as u8,
        document: 0,
        bsn: None,
    };
    let epoch = epoch();
    let codec = Desk::Own.codec(&epoch);
    codec.write_response(host("za.example.nl"), &Request::Fetch(fetch), response).unwrap()
}

fn data(bytes: u32, documents: u16) -> Response {
    let content = Content {
        fingerprint: Fingerprint(0x0123_4567_89ab_cdef),
        version: 3,
        created: WallTime::from_nanos(86_400_000_000_123),
        bytes,
        documents,
    };
    Response::Fhir(FhirAnswer { content, bsn: None })
}

fn body(response: &http::Response<Vec<u8>>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// Every query of the catalogue, with the resource type that it asks for.
fn queries() -> impl Iterator<Item = (Gegevensdienst, usize, &'static str, u32)> {
    CATALOGUE.iter().enumerate().flat_map(|(place, service)| {
        service.calls.iter().enumerate().map(move |(call, asks)| {
            let kind = asks.query.split(['?', '/']).next().unwrap_or_default();
            (Gegevensdienst(place as u8), call, kind, asks.mean_bytes)
        })
    })
}

#[test]
fn every_query_is_answered_with_resources_of_the_type_that_it_asks_for() {
    for (dienst, call, kind, bytes) in queries() {
        let response = answered(dienst, call, &data(bytes, 3));
        assert_eq!(response.body().len(), bytes as usize, "{kind}");
        assert_eq!(response.headers()[http::header::CONTENT_TYPE], "application/fhir+json");
        let body = body(&response);
        if kind == "Binary" {
            assert_eq!(body["resourceType"], "Binary");
            continue;
        }
        assert_eq!((&body["resourceType"], &body["type"]), (&"Bundle".into(), &"searchset".into()));
        let entries = body["entry"].as_array().unwrap();
        assert!(!entries.is_empty(), "{kind}");
        assert_eq!(body["total"], entries.len(), "{kind}");
        for entry in entries {
            assert_eq!(entry["resource"]["resourceType"], kind);
            assert_ne!(entry["resource"]["code"]["text"], "Nagebootst gegeven", "{kind}");
        }
    }
}

#[test]
fn who_asks_for_vital_signs_gets_those_and_not_the_laboratory() {
    let codes = |id: &str| {
        let dienst = Gegevensdienst::from_id(id).unwrap();
        let body = body(&answered(dienst, 0, &data(8_000, 0)));
        let entries = body["entry"].as_array().unwrap().clone();
        let code = |entry: Value| entry["resource"]["code"]["text"].as_str().unwrap().to_owned();
        entries.into_iter().map(code).collect::<std::collections::BTreeSet<_>>()
    };
    let vital = codes("52");
    assert_eq!(
        vital.iter().map(String::as_str).collect::<Vec<_>>(),
        ["Bloeddruk", "Lichaamsgewicht", "Lichaamslengte"]
    );
    assert!(codes("46").contains("Hemoglobine") && codes("46").is_disjoint(&vital));
}

#[test]
fn nothing_in_an_answer_says_who_the_person_is() {
    for (dienst, call, kind, bytes) in queries() {
        let text = String::from_utf8(answered(dienst, call, &data(bytes, 3)).into_body()).unwrap();
        assert!(!text.contains("NamingSystem/bsn") && !text.contains("birthDate"), "{kind}");
    }
}

#[test]
fn documents_that_can_be_fetched_are_listed_by_the_number_that_fetches_them() {
    let documents = Gegevensdienst::from_id("51").unwrap();
    let body = body(&answered(documents, 1, &data(20_000, 3)));
    let urls: Vec<&str> = body["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["resource"]["content"][0]["attachment"]["url"].as_str().unwrap())
        .collect();
    assert_eq!(urls, ["Binary/0", "Binary/1", "Binary/2"]);
}

#[test]
fn an_outcome_has_the_issue_and_the_status_that_its_exception_has() {
    let (dienst, call) = (Gegevensdienst(0), 0);
    let suppressed = answered(dienst, call, &Response::OperationOutcome(Issue::Suppressed));
    assert_eq!(suppressed.status(), http::StatusCode::UNAUTHORIZED);
    let challenge = &suppressed.headers()[http::header::WWW_AUTHENTICATE];
    assert_eq!(challenge, "Bearer error=\"invalid_token\"");
    assert_eq!(body(&suppressed)["issue"][0]["code"], "suppressed");
    let incomplete = answered(dienst, call, &Response::OperationOutcome(Issue::Incomplete));
    assert_eq!(incomplete.status(), http::StatusCode::BAD_GATEWAY);
    assert_eq!(body(&incomplete)["issue"][0]["code"], "incomplete");
}

#[test]
fn a_small_bundle_reads_as_it_should() {
    let allergies = Gegevensdienst::from_id("54").unwrap();
    let body = body(&answered(allergies, 0, &data(2_600, 0)));
    insta::assert_snapshot!("bundle", serde_json::to_string_pretty(&body).unwrap());
}
