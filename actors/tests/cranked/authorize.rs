//! What an authorization request must be, and what the PGO must be asked for.

use actors::{
    crank::{
        Silent,
        small::{AFSPRAKEN, DIGID, GP, LABORATORIUM, PGO, PHARMACY, Small, XIS, ZA},
    },
    sessions::SessionPolicy,
};
use protocol::{
    catalogue::{Gegevensdienst, Scope},
    id::{NameId, Opaque, ZorgaanbiederId},
    message::{Authorize, Browse, InvalidCause, Kind, Page, Peer, Request, Response, ResponseType},
    release::Release,
    rule::{self, Rule, covers},
    trace::{Limit, Note},
    uri::{Uri, UriFlags},
};

use crate::talk::Talk;

/// What the ZA gateway says to a request that is altered in one place.
fn invalid(alter: impl FnOnce(&mut Authorize)) -> (InvalidCause, Rule) {
    let mut talk = Talk::new(Small::default());
    let mut request = talk.authorization();
    alter(&mut request);
    match talk.browse(ZA, None, Browse::Authorize(request)) {
        (Response::Page { page: Page::RequestInvalid(cause), set_cookie: None }, Some(rule)) => {
            (cause, rule)
        }
        other => panic!("a page that says what is wrong, not {other:?}"),
    }
}

#[test]
fn a_client_that_is_not_on_the_list_is_not_served() {
    covers(&[rule::CLIENT_KNOWN, rule::EXCEPTION_REQUEST]);
    let found = invalid(|request| request.client = NameId(99));
    assert_eq!(found, (InvalidCause::UnknownClient, rule::CLIENT_KNOWN));
}

#[test]
fn a_redirect_uri_that_is_not_full_and_https_is_not_redirected_to() {
    covers(&[rule::REDIRECT_FULL_HTTPS]);
    let good = UriFlags { https: true, full: true, ..UriFlags::default() };
    for flags in [
        UriFlags { https: false, ..good },
        UriFlags { full: false, ..good },
        UriFlags { query_or_fragment: true, ..good },
        UriFlags { port: true, ..good },
    ] {
        let found = invalid(|request| request.redirect = Uri::new(0, request.redirect.host, flags));
        assert_eq!(found, (InvalidCause::RedirectUri, rule::REDIRECT_FULL_HTTPS), "{flags:?}");
    }
}

#[test]
fn a_redirect_uri_at_another_host_is_not_redirected_to() {
    covers(&[rule::REDIRECT_OF_CLIENT]);
    let other = Small::default().pgos[1].redirect;
    let found = invalid(|request| request.redirect = other);
    assert_eq!(found, (InvalidCause::RedirectUri, rule::REDIRECT_OF_CLIENT));
}

#[test]
fn only_a_code_can_be_asked_for() {
    covers(&[rule::RESPONSE_TYPE_CODE, rule::GRANT_TYPE]);
    for response_type in [ResponseType::Token, ResponseType::Other] {
        let found = invalid(|request| request.response_type = response_type);
        assert_eq!(found, (InvalidCause::ResponseType, rule::RESPONSE_TYPE_CODE));
    }
}

#[test]
fn a_request_without_a_state_is_invalid() {
    covers(&[rule::STATE_REQUIRED]);
    let found = invalid(|request| request.state = None);
    assert_eq!(found, (InvalidCause::NoState, rule::STATE_REQUIRED));
}

#[test]
fn a_request_is_for_exactly_one_service() {
    covers(&[rule::SINGLE_SCOPE]);
    let none = Scope::single(GP, Gegevensdienst(99));
    for scope in [none, Scope::single(GP, LABORATORIUM).with(AFSPRAKEN)] {
        let found = invalid(|request| request.scope = scope);
        assert_eq!(found, (InvalidCause::Scope, rule::SINGLE_SCOPE), "{scope:?}");
    }
}

#[test]
fn a_gateway_serves_only_whom_and_what_it_serves() {
    covers(&[rule::SCOPE_OFFERED]);
    for scope in [
        Scope::single(PHARMACY, LABORATORIUM),
        Scope::single(ZorgaanbiederId(77), LABORATORIUM),
        Scope::single(GP, Gegevensdienst(0)),
    ] {
        let found = invalid(|request| request.scope = scope);
        assert_eq!(found, (InvalidCause::Scope, rule::SCOPE_OFFERED), "{scope:?}");
    }
}

#[test]
fn what_cannot_be_trusted_comes_first_when_several_things_are_wrong() {
    covers(&[rule::CLIENT_KNOWN, rule::REDIRECT_FULL_HTTPS]);
    let found = invalid(|request| {
        request.client = NameId(99);
        request.state = None;
    });
    assert_eq!(found.1, rule::CLIENT_KNOWN);
    let found = invalid(|request| {
        request.redirect = Uri::new(0, request.redirect.host, UriFlags::default());
        request.response_type = ResponseType::Token;
        request.state = None;
    });
    assert_eq!(found.1, rule::REDIRECT_FULL_HTTPS);
}

#[test]
fn a_release_that_the_gateway_does_not_speak_is_refused_at_every_door() {
    covers(&[rule::RELEASE_SPOKEN]);
    let mut talk = Talk::new(Small::default());
    let (front, back) = (talk.small.zas[0].front, talk.small.zas[0].back);
    let authorize = Request::Browse(Browse::Authorize(talk.authorization()));
    let offer = Request::OfferCode(talk.offer_of(Opaque(1)));
    let fetch = Request::Fetch(talk.fetch_with(Opaque(1)));
    let pgo = talk.pgo();
    for (to, from, request) in
        [(front, Peer::Browser(None), authorize), (back, pgo, offer), (back, pgo, fetch)]
    {
        let exchange = talk.crank.send_to(ZA, to, from, Release::R1_1, request);
        talk.crank.settle();
        let (_, rule) = talk.crank.record.answer(exchange).unwrap();
        assert_eq!(rule, Some(rule::RELEASE_SPOKEN));
    }
}

#[test]
fn a_browser_that_was_led_to_another_server_is_not_served() {
    covers(&[rule::REAL_SERVER]);
    let mut talk = Talk::new(Small::default());
    let request = Request::Browse(Browse::Authorize(talk.authorization()));
    let (response, rule) = talk.ask(ZA, NameId(99), Peer::Browser(None), request);
    assert_eq!((response, rule), (Response::BadRequest, Some(rule::REAL_SERVER)));
}

#[test]
fn more_sessions_than_the_limit_are_turned_away() {
    covers(&[rule::SESSIONS_BOUNDED]);
    let mut small = Small::default();
    small.zas[0].sessions = SessionPolicy { limit: 2, ..small.zas[0].sessions };
    let mut talk = Talk::new(small);
    let request = Browse::Authorize(talk.authorization());
    for _ in 0..2 {
        assert_eq!(talk.browse(ZA, None, request).1, None);
    }
    let (response, rule) = talk.browse(ZA, None, request);
    assert_eq!((response, rule), (Response::Unavailable, Some(rule::SESSIONS_BOUNDED)));
    let limit = Note::LimitReached(Limit::Sessions);
    assert!(talk.crank.record.notes(ZA).any(|note| note == limit));
    // Once the old ones are past remembering, there is room again.
    talk.seconds(2_000);
    assert_eq!(talk.browse(ZA, None, request).1, None);
}

#[test]
fn a_client_with_countless_redirect_uris_is_turned_away_and_others_are_not() {
    covers(&[rule::SESSIONS_BOUNDED]);
    let mut talk = Talk::new(Small::default());
    let good = UriFlags { https: true, full: true, ..UriFlags::default() };
    let mut request = talk.authorization();
    let mut last = None;
    for place in 0..100 {
        request.redirect = Uri::new(place, request.client, good);
        last = talk.browse(ZA, None, Browse::Authorize(request)).1;
    }
    assert_eq!(last, Some(rule::SESSIONS_BOUNDED));
    let other = talk.small.pgos[1].clone();
    let request = Authorize { client: other.name, redirect: other.redirect, ..request };
    assert_eq!(talk.browse(ZA, None, Browse::Authorize(request)).1, None);
}

#[test]
fn the_same_request_from_the_same_browser_goes_on_with_the_same_session() {
    let mut talk = Talk::new(Small::default());
    let request = Browse::Authorize(talk.authorization());
    let first = talk.browse(ZA, None, request).0;
    let Response::Redirect { set_cookie, .. } = first else { panic!("{first:?}") };
    assert_eq!(talk.browse(ZA, set_cookie, request).0, first);
}

#[test]
fn a_pgo_sends_nobody_where_its_zal_does_not_say() {
    covers(&[rule::ZAL_BY_UCI, rule::SERVICE_IN_CATALOGUE, rule::STEP_OFFER]);
    let mut talk = Talk::new(Small::default());
    for (dienst, rule) in
        [(AFSPRAKEN, rule::ZAL_BY_UCI), (Gegevensdienst(200), rule::SERVICE_IN_CATALOGUE)]
    {
        let (cookie, csrf) = talk.at_the_offer();
        let choice = Browse::Choose { zorgaanbieder: GP, dienst, csrf };
        let page = Response::Page { page: Page::NotOffered, set_cookie: None };
        assert_eq!(talk.browse(PGO, cookie, choice), (page, Some(rule)));
    }
}

#[test]
fn a_pgo_does_not_speak_a_release_that_the_gateway_does_not() {
    covers(&[rule::RELEASE_SPOKEN]);
    let mut talk = Talk::new(Small::default());
    let (cookie, csrf) = talk.at_the_offer();
    let choice = Browse::Choose { zorgaanbieder: GP, dienst: LABORATORIUM, csrf };
    let (to, from) = (talk.small.pgos[0].name, Peer::Browser(cookie));
    let exchange = talk.crank.send_to(PGO, to, from, Release::R1_1, Request::Browse(choice));
    talk.crank.settle();
    assert_eq!(talk.crank.record.answer(exchange).unwrap().1, Some(rule::RELEASE_SPOKEN));
}

#[test]
fn a_pgo_whose_redirect_uri_is_not_full_and_https_asks_nobody_to_use_it() {
    covers(&[rule::REDIRECT_OFFERED_HTTPS]);
    let mut small = Small::default();
    small.pgos[0].redirect = small.names.uri("http://pgo1.example.nl/callback");
    let mut talk = Talk::new(small);
    let (cookie, csrf) = talk.at_the_offer();
    let choice = Browse::Choose { zorgaanbieder: GP, dienst: LABORATORIUM, csrf };
    assert_eq!(talk.browse(PGO, cookie, choice).1, Some(rule::REDIRECT_OFFERED_HTTPS));
}

#[test]
fn a_choice_from_a_page_that_was_never_shown_leads_nowhere() {
    let mut talk = Talk::new(Small::default());
    let (cookie, csrf) = talk.at_the_offer();
    let page = Response::Page { page: Page::NoSession, set_cookie: None };
    for (cookie, csrf) in [(None, csrf), (cookie, Opaque(csrf.0 ^ 1 << 99))] {
        let choice = Browse::Choose { zorgaanbieder: GP, dienst: LABORATORIUM, csrf };
        assert_eq!(talk.browse(PGO, cookie, choice), (page.clone(), None));
    }
}

#[test]
fn a_host_that_is_asked_for_what_it_does_not_serve_says_so() {
    let small = Small::default();
    let mut crank = small.build(Silent);
    for host in [PGO, ZA, DIGID, XIS] {
        let list = Request::GetList(protocol::register::ListKind::Zal);
        let exchange =
            crank.send_to(host, small.zas[0].front, Peer::Browser(None), small.release, list);
        crank.settle();
        let (response, _) = crank.record.answer(exchange).unwrap();
        assert_eq!(*response, Response::BadRequest, "{}", Small::host_name(host));
        let unexpected = Note::Unexpected(Kind::GetList);
        assert!(crank.record.notes(host).any(|note| note == unexpected));
    }
}
