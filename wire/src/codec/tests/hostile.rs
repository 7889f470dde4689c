//! Bytes of strangers: a reader answers each with a value or a fault, and repeats none of it as markup.

use http::{HeaderValue, StatusCode, header};
use proptest::{prelude::*, sample::select};
use protocol::{
    catalogue::Gegevensdienst,
    id::{Opaque, ZorgaanbiederId},
    message::{AuthnRequest, Browse, Page, Request, Response},
    time::WallTime,
};

use super::{
    codec_with,
    desk::{Desk, host, opaque, status},
    samples,
    strategies::{self, HOSTILE},
};
use crate::codec::{MAX_REQUEST, MAX_RESPONSE};

fn get(target: &str) -> http::Request<Vec<u8>> {
    http::Request::get(target).body(Vec::new()).unwrap()
}

fn post(path: &str, media: &str, body: &[u8]) -> http::Request<Vec<u8>> {
    http::Request::post(path).header(header::CONTENT_TYPE, media).body(body.to_vec()).unwrap()
}

fn read(request: &http::Request<Vec<u8>>) -> Option<StatusCode> {
    codec_with(Desk::Own, |codec| status(codec.read_request(host("za.example.nl"), request)))
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn what_is_not_served_has_the_status_that_says_why() {
    assert_eq!(read(&get("/onbekend")), Some(StatusCode::NOT_FOUND));
    assert_eq!(read(&get("/za/0/fhir/0/Onbekend")), Some(StatusCode::NOT_FOUND));
    assert_eq!(read(&get("/kies")), Some(StatusCode::METHOD_NOT_ALLOWED));
    assert_eq!(read(&get("/token")), Some(StatusCode::METHOD_NOT_ALLOWED));
    assert_eq!(read(&post("/dossier", FORM, b"")), Some(StatusCode::METHOD_NOT_ALLOWED));
    assert_eq!(read(&post("/kies", FORM, b"csrf=1")), Some(StatusCode::BAD_REQUEST));
    assert_eq!(read(&post("/token", "text/plain", b"")), Some(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    assert_eq!(read(&post("/token", FORM, b"\xff")), Some(StatusCode::BAD_REQUEST));
}

#[test]
fn a_person_sees_a_page_where_a_program_reads_a_line() {
    let mut request = get("/onbekend");
    codec_with(Desk::Own, |codec| {
        let from = host("za.example.nl");
        let fault = codec.read_request(from, &request).unwrap_err();
        let line = codec.write_fault(from, &request, &fault);
        assert_eq!(
            line.body(),
            b"404: expected a path that this host serves; found \"/onbekend\"\n"
        );
        let accept = HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8");
        request.headers_mut().insert(header::ACCEPT, accept);
        let page = codec.write_fault(from, &request, &fault);
        assert_eq!(page.status(), StatusCode::NOT_FOUND);
        let asked = Request::Browse(Browse::Open);
        assert_eq!(codec.read_response(from, &asked, &page), Ok(Response::BadRequest));
    });
}

#[test]
fn what_a_deviant_asks_beyond_a_service_still_asks_for_that_service() {
    let (request, _) =
        samples().into_iter().find(|(request, _)| matches!(request, Request::Fetch(_))).unwrap();
    let Request::Fetch(fetch) = request else { return };
    let asked = |dienst, call| {
        let fetch = Request::Fetch(protocol::message::Fetch { dienst, call, ..fetch });
        codec_with(Desk::Shared, |codec| {
            let written = codec.write_request(host("za.example.nl"), &fetch, None).unwrap();
            codec.read_request(host("za.example.nl"), &written)
        })
    };
    match asked(fetch.dienst, u8::MAX) {
        Ok((Request::Fetch(read), None)) => assert_eq!(read.dienst, fetch.dienst),
        other => panic!("{other:?}"),
    }
    assert_eq!(status(asked(Gegevensdienst(u8::MAX), 0)), Some(StatusCode::NOT_FOUND));
}

#[test]
fn a_parameter_that_comes_twice_is_refused_with_the_rule_that_says_so() {
    let request = get("/callback?code=1&state=2&state=3");
    let fault = codec_with(Desk::Own, |codec| {
        codec.read_request(host("pgo.example.nl"), &request).unwrap_err()
    });
    assert_eq!(fault.status, StatusCode::BAD_REQUEST);
    assert!(fault.to_string().contains("RFC 6749 §3.1"), "{fault}");
}

#[test]
fn parameters_that_nobody_knows_are_passed_over() {
    assert_eq!(read(&get("/callback?code=1&state=2&medmij-request-id=3")), None);
    assert_eq!(
        read(&post(
            "/token",
            "application/x-www-form-urlencoded; charset=UTF-8",
            b"grant_type=x&y=z"
        )),
        None
    );
}

#[test]
fn there_is_a_limit_to_everything() {
    let large = |bytes: usize| post("/token", FORM, &vec![b'a'; bytes]);
    assert_eq!(read(&large(MAX_REQUEST + 1)), Some(StatusCode::PAYLOAD_TOO_LARGE));
    assert_eq!(read(&large(MAX_REQUEST)), Some(StatusCode::BAD_REQUEST));
    let long = format!("/callback?code=1&state={}", "a".repeat(20_000));
    assert_eq!(read(&get(&long)), Some(StatusCode::PAYLOAD_TOO_LARGE));
    let mut headers = get("/");
    for number in 0..100 {
        let name = http::HeaderName::from_bytes(format!("x-{number}").as_bytes()).unwrap();
        headers.headers_mut().insert(name, HeaderValue::from_static("1"));
    }
    assert_eq!(read(&headers), Some(StatusCode::PAYLOAD_TOO_LARGE));
    let mut header = get("/");
    let long = HeaderValue::from_str(&"a".repeat(40_000)).unwrap();
    header.headers_mut().insert(header::COOKIE, long);
    assert_eq!(read(&header), Some(StatusCode::PAYLOAD_TOO_LARGE));
    let (request, _) =
        samples().into_iter().find(|(request, _)| matches!(request, Request::Fetch(_))).unwrap();
    let response = http::Response::new(vec![b' '; MAX_RESPONSE + 1]);
    let fault = codec_with(Desk::Own, |codec| {
        codec.read_response(host("za.example.nl"), &request, &response).unwrap_err()
    });
    assert_eq!(fault.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn hostile_texts_come_back_byte_for_byte_and_are_no_markup() {
    let long = "<\"%é&'".repeat(290);
    for text in HOSTILE.into_iter().chain([long.as_str()]) {
        let (csrf, relay_state) = (opaque(text), opaque(text));
        let page = Response::Page { page: Page::Offer { csrf }, set_cookie: None };
        let request = AuthnRequest {
            issuer: host("za.example.nl"),
            id: Opaque(1),
            relay_state,
            level: protocol::message::Assurance::Midden,
            signed: true,
        };
        let forward = Response::Redirect {
            to: host("digid.example.nl"),
            request: Browse::Authenticate(request),
            set_cookie: None,
        };
        for response in [page, forward] {
            let asked = Request::Browse(Browse::Open);
            codec_with(Desk::Own, |codec| {
                let from = host("pgo.example.nl");
                let written = codec.write_response(from, &asked, &response).unwrap();
                let html = str::from_utf8(written.body()).unwrap();
                if text.contains('<') {
                    assert!(!html.contains(text), "{text}");
                }
                assert_eq!(codec.read_response(from, &asked, &written), Ok(response.clone()));
            });
        }
    }
}

#[test]
fn a_bundle_of_a_stranger_is_known_by_its_bytes() {
    let body = br#"{"resourceType":"Bundle","entry":[
        {"resource":{"resourceType":"DocumentReference","content":[{"attachment":{"url":"Binary/a"}}]}},
        {"resource":{"resourceType":"Patient"}}]}"#;
    let mut response = http::Response::new(body.to_vec());
    let date = HeaderValue::from_static("Fri, 01 Jun 2018 00:00:05 GMT");
    response.headers_mut().insert(header::DATE, date);
    let (request, _) =
        samples().into_iter().find(|(request, _)| matches!(request, Request::Fetch(_))).unwrap();
    let read = |response: &http::Response<Vec<u8>>| {
        codec_with(Desk::Own, |codec| {
            match codec.read_response(host("za.example.nl"), &request, response) {
                Ok(Response::Fhir(answer)) => answer.content,
                other => panic!("{other:?}"),
            }
        })
    };
    let content = read(&response);
    assert_eq!(content.bytes as usize, body.len());
    assert_eq!((content.version, content.documents), (1, 1));
    assert_eq!(content.created, WallTime::from_nanos(5_000_000_000));
    response.body_mut().push(b' ');
    assert_ne!(read(&response).fingerprint, content.fingerprint);
}

#[test]
fn what_only_looks_like_an_answer_is_a_fault() {
    let from = host("za.example.nl");
    for (request, _) in samples().into_iter().take(200) {
        for body in ["", "{}", "[]", "null", "<main>", "<html><main data-page=\"?\">", "\u{0}"] {
            let response = http::Response::new(body.as_bytes().to_vec());
            codec_with(Desk::Own, |codec| {
                match (codec.read_response(from, &request, &response), &request) {
                    // An empty object is some stranger's resource.
                    (Ok(Response::Fhir(_)), Request::Fetch(_)) => assert_eq!(body, "{}"),
                    (Err(_), _) => {}
                    other => panic!("{body:?}: {other:?}"),
                }
            });
        }
    }
}

#[test]
fn no_fault_repeats_a_token_or_a_number_of_a_person() {
    let from = host("za.example.nl");
    let (offer, _) = samples()
        .into_iter()
        .find(|(request, _)| matches!(request, Request::OfferCode(_)))
        .unwrap();
    let response = http::Response::new(br#"{"access_token":"geheim","scope":"1"}"#.to_vec());
    let bodies = [r#"{"bsn":123456782}"#, r#"{"bsn":"123456782"}"#];
    codec_with(Desk::Own, |codec| {
        let fault = codec.read_response(from, &offer, &response).unwrap_err();
        assert!(!fault.to_string().contains("geheim"), "{fault}");
        for body in bodies {
            let request = post("/beschikbaarheid", "application/json", body.as_bytes());
            let fault = codec.read_request(from, &request).unwrap_err();
            assert!(!fault.to_string().contains("123456782"), "{fault}");
        }
    });
}

#[test]
fn a_redirect_leads_to_a_host_over_https_and_to_no_port() {
    let asked = Request::Browse(Browse::Open);
    for location in [
        "http://pgo.example.nl/",
        "//pgo.example.nl/",
        "/",
        "https://a@pgo.example.nl/",
        "https://pgo.example.nl:8443/",
        "javascript:alert(1)",
        "",
    ] {
        let mut response = http::Response::new(Vec::new());
        *response.status_mut() = StatusCode::FOUND;
        response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(location));
        codec_with(Desk::Own, |codec| {
            let read = codec.read_response(host("za.example.nl"), &asked, &response);
            assert!(read.is_err(), "{location}: {read:?}");
        });
    }
}

#[test]
fn a_zorgaanbieder_that_nobody_knows_is_nobody() {
    let request = post("/kies", FORM, b"zorgaanbieder=dokter+who&gegevensdienst=999&csrf=1");
    let read = codec_with(Desk::Own, |codec| {
        codec.read_request(host("pgo.example.nl"), &request).unwrap()
    });
    let Request::Browse(Browse::Choose { zorgaanbieder, dienst, .. }) = read.0 else {
        panic!("{read:?}")
    };
    assert_eq!(zorgaanbieder, ZorgaanbiederId(u32::MAX));
    assert_eq!(dienst, Gegevensdienst(u8::MAX));
}

fn targets() -> impl Strategy<Value = String> {
    const PATHS: &[&str] = &[
        "/",
        "/kies",
        "/callback",
        "/stop",
        "/dossier",
        "/saml/acs",
        "/toestemming",
        "/inloggen",
        "/annuleren",
        "/saml/idp/request_authentication",
        "/saml/idp/resolve_artifact",
        "/ocsp",
        "/token",
        "/za/1/authorize",
        "/za/1/fhir/0/",
        "/za/1/fhir/0/Binary/",
        "/za/9/fhir/0/Patient",
        "/beschikbaarheid",
        "/dossiergegevens",
        "/lijst/1",
        "/%2e%2e/",
    ];
    (select(PATHS).prop_map(str::to_owned), "[a-z0-9%&=+_.~-]{0,60}")
        .prop_map(|(path, query)| format!("{path}?{query}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_request_is_read_or_refused(
        target in targets(),
        posts: bool,
        media in select(&[FORM, "application/json", "text/xml", "application/ocsp-request", "?"][..]),
        credentials in "(Bearer )?[ -~]{0,20}",
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..120),
            "(csrf|state|scope|testpersoon|grant_type|SAMLRequest)=[a-z0-9%&=]{0,40}".prop_map(String::into_bytes),
            "\\{\"(bsn|vraag)\":[\"0-9\\{\\}\\[\\],]{0,20}".prop_map(String::into_bytes),
        ],
    ) {
        let mut request = if posts { post(&target, media, &body) } else { get(&target) };
        let header = HeaderValue::from_str(&credentials).unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, header.clone());
        request.headers_mut().insert(header::COOKIE, header);
        for desk in [Desk::Own, Desk::Shared] {
            codec_with(desk, |codec| {
                if let Err(fault) = codec.read_request(host("za.example.nl"), &request) {
                    assert!(fault.response().status().is_client_error());
                }
            });
        }
    }

    #[test]
    fn any_response_is_read_or_refused(
        (request, response) in strategies::exchange(),
        place: prop::sample::Index,
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        status in 200u16..600,
        keeps: bool,
    ) {
        let from = host("za.example.nl");
        codec_with(Desk::Own, |codec| {
            let mut written = codec.write_response(from, &request, &response).unwrap();
            *written.status_mut() = StatusCode::from_u16(status).unwrap();
            // What was written, with a piece of it replaced; or those bytes alone.
            if keeps && !written.body().is_empty() {
                let place = place.index(written.body().len());
                let end = (place + bytes.len()).min(written.body().len());
                written.body_mut().splice(place..end, bytes);
            } else {
                *written.body_mut() = bytes;
            }
            let _ = codec.read_response(from, &request, &written);
        });
    }
}
