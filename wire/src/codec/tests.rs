//! Whatever is written is read back as it was, and whatever bytes come, a reader answers.

pub(crate) mod desk;
mod hostile;
pub(crate) mod strategies;

use std::collections::BTreeSet;

use http::{Method, StatusCode, header};
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use protocol::{
    id::{NameId, Opaque},
    message::{
        Browse, FhirAnswer, Page, Request, Response,
        table::{Channel, Kind, ROWS},
    },
};

use super::Codec;
use desk::{Desk, epoch, host, opaque};

fn codec_with<T>(desk: Desk, test: impl FnOnce(Codec<'_>) -> T) -> T {
    test(desk.codec(&epoch()))
}

fn desks() -> impl Strategy<Value = Desk> {
    proptest::sample::select(&[Desk::Own, Desk::Shared][..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_request_comes_back_as_it_was(
        desk in desks(),
        to in strategies::name(),
        request in strategies::request(),
        cookie in prop::option::of(strategies::cookie()),
    ) {
        let cookie = cookie.filter(|_| matches!(request, Request::Browse(_)));
        let (written, read) = codec_with(desk, |codec| {
            let written = codec.write_request(to, &request, cookie).unwrap();
            let read = codec.read_request(to, &written);
            (written, read)
        });
        prop_assert_eq!(read, Ok((request, cookie)), "{:?}", written);
    }

    #[test]
    fn every_response_comes_back_as_it_was(
        desk in desks(),
        from in strategies::name(),
        (request, response) in strategies::exchange(),
    ) {
        let (written, read) = codec_with(desk, |codec| {
            let written = codec.write_response(from, &request, &response).unwrap();
            let read = codec.read_response(from, &request, &written);
            (written, read)
        });
        prop_assert_eq!(read, Ok(response), "{:?}", written.headers());
    }

    #[test]
    fn health_data_are_as_long_as_they_say(
        fetch in strategies::fetch(),
        content in strategies::content(),
    ) {
        let answer = FhirAnswer { content, bsn: None };
        let response = Response::Fhir(answer);
        let body = codec_with(Desk::Own, |codec| {
            codec.write_response(host("za.example.nl"), &Request::Fetch(fetch), &response).unwrap()
        })
        .into_body();
        let bare = 2_500;
        if content.bytes as usize >= bare {
            prop_assert_eq!(body.len(), content.bytes as usize);
        } else {
            prop_assert!(body.len() <= bare, "{}", body.len());
        }
    }
}

/// Messages of every kind that travels, enough of them to have each kind.
fn samples() -> Vec<(Request, Response)> {
    let mut runner = TestRunner::deterministic();
    let strategy = strategies::exchange();
    (0..2_000).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

#[test]
fn every_row_of_the_table_that_travels_has_a_codec_and_no_other() {
    let mut travelled = BTreeSet::new();
    let from = host("za.example.nl");
    codec_with(Desk::Own, |codec| {
        for (request, response) in samples() {
            let written = codec.write_request(from, &request, None).unwrap();
            assert_eq!(codec.read_request(from, &written), Ok((request, None)));
            travelled.insert(request.kind());
            let written = codec.write_response(from, &request, &response).unwrap();
            assert_eq!(codec.read_response(from, &request, &written), Ok(response.clone()));
            travelled.insert(response.kind());
        }
        for response in [Response::Admit, Response::Deny, Response::Done, Response::NotDone] {
            let request = Request::Browse(Browse::Open);
            assert!(codec.write_response(from, &request, &response).is_none());
        }
    });
    let expected: BTreeSet<Kind> =
        ROWS.iter().filter(|row| row.channel != Channel::Local).map(|row| row.kind).collect();
    assert_eq!(travelled, expected);
}

#[test]
fn what_is_local_is_never_written() {
    let local = Request::FetchListNow(protocol::register::ListKind::Whitelist);
    codec_with(Desk::Own, |codec| {
        assert!(codec.write_request(host("za.example.nl"), &local, None).is_none());
        let response = http::Response::new(Vec::new());
        assert!(codec.read_response(host("za.example.nl"), &local, &response).is_err());
    });
}

fn write(request: &Request) -> http::Request<Vec<u8>> {
    codec_with(Desk::Own, |codec| codec.write_request(host("za.example.nl"), request, None))
        .unwrap()
}

fn answered(request: Browse, response: &Response) -> http::Response<Vec<u8>> {
    let request = Request::Browse(request);
    codec_with(Desk::Own, |codec| codec.write_response(host("pgo.example.nl"), &request, response))
        .unwrap()
}

fn redirect(to: NameId, request: Browse) -> Response {
    Response::Redirect { to, request, set_cookie: None }
}

#[test]
fn a_redirect_is_303_after_a_post_and_302_after_a_get() {
    let back = redirect(
        host("pgo.example.nl"),
        Browse::Callback { code: Opaque(1), state: opaque("a b&c") },
    );
    let csrf = Opaque(2);
    let posted = answered(Browse::CancelLogin { csrf }, &back);
    assert_eq!(posted.status(), StatusCode::SEE_OTHER);
    let asked = answered(Browse::Open, &back);
    assert_eq!(asked.status(), StatusCode::FOUND);
    let location = asked.headers()[header::LOCATION].to_str().unwrap();
    let expected =
        "https://pgo.example.nl/callback?code=00000000-0000-0000-0000-000000000001&state=a+b%26c";
    assert_eq!(location, expected);
}

#[test]
fn a_redirect_uri_that_is_said_not_to_be_over_tls_is_written_so() {
    let uri = desk::uri("https://pgo.example.nl/callback");
    let flags = protocol::uri::UriFlags { https: false, ..uri.flags() };
    let redirect = protocol::uri::Uri::new(uri.place() as u32, uri.host, flags);
    let sample = samples().into_iter().find_map(|(request, _)| match request {
        Request::OfferCode(offer) => Some(offer),
        _ => None,
    });
    let offer = protocol::message::OfferCode { redirect, ..sample.unwrap() };
    let written = write(&Request::OfferCode(offer));
    let body = str::from_utf8(written.body()).unwrap();
    assert!(body.contains("redirect_uri=http%3A%2F%2Fpgo.example.nl%2Fcallback"), "{body}");
}

#[test]
fn a_browser_goes_back_to_the_redirect_uri_that_was_asked_for() {
    let state = Opaque::uuid_v4(9);
    let back = redirect(host("vreemd.example.nl"), Browse::Callback { code: Opaque(1), state });
    let written = answered(Browse::Open, &back);
    let location = written.headers()[header::LOCATION].to_str().unwrap();
    assert!(location.starts_with("https://vreemd.example.nl/oauth/terug?code="), "{location}");
}

proptest! {
    #[test]
    fn what_is_posted_is_known_without_writing_it(browse in strategies::browse()) {
        let target = codec_with(Desk::Own, |codec| {
            crate::front::write(&codec, host("za.example.nl"), &browse)
        });
        prop_assert_eq!(crate::front::is_posted(&browse), target.form.is_some());
    }
}

#[test]
fn a_cookie_is_set_for_one_host_and_kept_from_scripts() {
    let set_cookie = Some(protocol::id::Cookie { place: 1, tag: 2 });
    let response = Response::Page { page: Page::Stopped, set_cookie };
    let written = answered(Browse::StopFlow, &response);
    let expected = "stelsel=0000000100000002; Path=/; Secure; HttpOnly; SameSite=Lax";
    assert_eq!(written.headers()[header::SET_COOKIE], expected);
}

#[test]
fn every_page_says_what_a_browser_may_do_with_it() {
    for response in [
        Response::Page { page: Page::Stopped, set_cookie: None },
        Response::Unavailable,
        Response::BadRequest,
    ] {
        let written = answered(Browse::Open, &response);
        let headers = written.headers();
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
    }
}

#[test]
fn a_fhir_query_stands_below_the_address_of_its_service_with_the_token_in_a_header() {
    let fetch = protocol::message::Fetch {
        token: Opaque::uuid_v4(7),
        zorgaanbieder: protocol::id::ZorgaanbiederId(1),
        dienst: protocol::catalogue::Gegevensdienst::from_id("49").unwrap(),
        call: 2,
        document: 0,
        bsn: None,
    };
    let written = write(&Request::Fetch(fetch));
    let dienst = fetch.dienst.0;
    assert_eq!(
        written.uri().to_string(),
        format!(
            "/za/1/fhir/{dienst}/MedicationRequest?periodofuse=ge2018-06-02\
             &category=http://snomed.info/sct%7C16076005&_include=MedicationRequest:medication"
        )
    );
    let bearer = "Bearer 00000000-0000-4000-8000-000000000007";
    assert_eq!(written.headers()[header::AUTHORIZATION], bearer);
    assert_eq!(written.headers()[header::HOST], "za.example.nl");
    assert!(!written.headers().contains_key("x-gegevensdienst"));
}

#[test]
fn a_resource_server_says_what_it_can_and_no_other_place_does() {
    let answered = |path: &str| {
        let request = http::Request::get(path).body(Vec::new()).unwrap();
        codec_with(Desk::Own, |codec| {
            let fault = codec.read_request(host("za.example.nl"), &request).unwrap_err();
            codec.write_fault(host("za.example.nl"), &request, &fault)
        })
    };
    let answer = answered("/za/1/fhir/0/metadata");
    assert_eq!(answer.status(), StatusCode::OK);
    let said: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(said["fhirVersion"], "3.0.1");
    assert_eq!(answered("/za/1/fhir/0/metadata/x").status(), StatusCode::NOT_FOUND);
}

#[test]
fn the_responder_is_asked_in_an_address_too() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let asked = Request::OcspQuery(protocol::id::Serial(0x03ff_fbfe));
    let text = STANDARD.encode(write(&asked).body());
    let escaped: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    for text in [text, escaped] {
        let request = http::Request::get(format!("/ocsp/{text}")).body(Vec::new()).unwrap();
        let read =
            codec_with(Desk::Own, |codec| codec.read_request(host("za.example.nl"), &request));
        assert_eq!(read, Ok((asked, None)), "{text}");
    }
}

#[test]
fn at_a_shared_address_a_token_tells_whose_data_are_asked() {
    let request = http::Request::get("/fhir/Patient?_include=Patient:general-practitioner")
        .header(header::AUTHORIZATION, format!("bearer {}", Opaque::uuid_v4(48)))
        .body(Vec::new())
        .unwrap();
    let read =
        codec_with(Desk::Shared, |codec| codec.read_request(host("za.example.nl"), &request));
    let (Request::Fetch(fetch), None) = read.unwrap() else { panic!("no query") };
    assert_eq!((fetch.zorgaanbieder.0, fetch.dienst.id()), (1, "48"));
}

#[test]
fn scopes_are_read_in_the_manner_of_release_1_0_and_of_1_4() {
    let scope = |path: &str, scope: &str| {
        let request = http::Request::get(format!("{path}?scope={scope}")).body(Vec::new()).unwrap();
        let desk = if path == "/authorize" { Desk::Shared } else { Desk::Own };
        let read = codec_with(desk, |codec| codec.read_request(host("za.example.nl"), &request));
        match read.unwrap().0 {
            Request::Browse(Browse::Authorize(request)) => request.scope,
            other => panic!("{other:?}"),
        }
    };
    let own = "/za/1/authorize";
    assert_eq!(scope(own, "48").only().map(|dienst| dienst.id()), Some("48"));
    assert_eq!(scope(own, "ziekenhuisoost~48"), scope(own, "48"));
    assert_eq!(scope("/authorize", "ziekenhuisoost~48"), scope(own, "48"));
    assert!(scope(own, "48+999").is_empty(), "what is unknown covers nothing");
    assert!(scope(own, "huisartsdevries~48").is_empty(), "of another Zorgaanbieder");
    assert!(scope("/authorize", "ziekenhuisoost~48+huisartsdevries~48").is_empty());
    assert_eq!(scope("/authorize", "niemand~48").zorgaanbieder, crate::places::NOBODY);
}

#[test]
fn a_browser_can_go_back_to_the_login_page_and_to_no_other() {
    let cache = |page| {
        let answer = Response::Page { page, set_cookie: None };
        answered(Browse::Open, &answer).headers()[header::CACHE_CONTROL].clone()
    };
    assert_eq!(cache(Page::Login { csrf: Opaque(1), again: false }), "private, no-cache");
    assert_eq!(cache(Page::NoSession), "no-store");
}

#[test]
fn token_answers_are_kept_by_nobody() {
    let offer = samples().into_iter().find(|(request, _)| request.kind() == Kind::OfferCode);
    let (request, _) = offer.unwrap();
    let error = Response::TokenError(protocol::message::OAuthError::InvalidGrant);
    let written = codec_with(Desk::Own, |codec| {
        codec.write_response(host("za.example.nl"), &request, &error)
    })
    .unwrap();
    assert_eq!(written.status(), StatusCode::BAD_REQUEST);
    assert_eq!(written.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(written.headers()[header::PRAGMA], "no-cache");
    assert_eq!(written.body(), br#"{"error":"invalid_grant"}"#);
    assert_eq!(write(&request).method(), Method::POST);
}
