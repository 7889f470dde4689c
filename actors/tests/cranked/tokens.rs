//! Codes and tokens: what they are worth, to whom, and for how long.

use actors::{
    crank::small::{AFSPRAKEN, HOSPITAL, LABORATORIUM, OTHER_PGO, PGO, Small, ZA},
    za::{CheckAgainst, Detection, Generators},
};
use protocol::{
    bsn::Bsn,
    catalogue::Scope,
    draw::{Draws, Purpose},
    id::{Opaque, PersonId},
    message::{
        Fetch, GrantType, Issue, OAuthError, OfferCode, Peer, Response, TokenGrant, TokenType,
    },
    rule::{self, Rule, covers},
    time::Duration,
    trace::{Limit, Note, Secret},
};

use crate::talk::{Answer, Talk};

fn grant(answer: Answer) -> TokenGrant {
    match answer {
        (Response::Token(grant), None) => grant,
        other => panic!("a token, not {other:?}"),
    }
}

fn invalid_grant(rule: Rule) -> Answer {
    (Response::TokenError(OAuthError::InvalidGrant), Some(rule))
}

fn suppressed(rule: Rule) -> Answer {
    (Response::OperationOutcome(Issue::Suppressed), Some(rule))
}

#[test]
fn a_code_works_at_899_s_and_is_dead_at_900_s() {
    covers(&[rule::CODE_VALIDITY]);
    for (age, works) in [(899_999, true), (900_000, false)] {
        let mut talk = Talk::new(Small::default());
        let code = talk.code();
        talk.crank.run_for(Duration::from_millis(age));
        let answer = talk.offer(talk.pgo(), talk.offer_of(code));
        if works {
            grant(answer);
        } else {
            assert_eq!(answer, invalid_grant(rule::CODE_VALIDITY));
            let expired = Note::Expired(Secret::Code);
            assert!(talk.crank.record.notes(ZA).any(|note| note == expired));
        }
    }
}

#[test]
fn a_dead_code_is_known_as_such_for_one_more_lifetime() {
    covers(&[rule::CODE_VALIDITY, rule::CODE_KNOWN]);
    for (age, rule) in [(1_790, rule::CODE_VALIDITY), (2_000, rule::CODE_KNOWN)] {
        let mut talk = Talk::new(Small::default());
        let code = talk.code();
        talk.seconds(age);
        let answer = talk.offer(talk.pgo(), talk.offer_of(code));
        assert_eq!(answer, invalid_grant(rule));
    }
}

#[test]
fn a_code_works_once_and_a_second_offer_takes_back_what_the_first_gave() {
    covers(&[rule::CODE_ONCE, rule::STORED_CODES_SAFE]);
    let mut talk = Talk::new(Small::default());
    let code = talk.code();
    let (pgo, offer) = (talk.pgo(), talk.offer_of(code));
    let token = grant(talk.offer(pgo, offer)).token;
    assert!(matches!(talk.fetch(pgo, talk.fetch_with(token)), (Response::Fhir(_), None)));
    assert_eq!(talk.offer(pgo, offer), invalid_grant(rule::CODE_ONCE));
    assert!(talk.crank.record.notes(ZA).any(|note| note == Note::BreachSuspected));
    let answer = talk.fetch(pgo, talk.fetch_with(token));
    assert_eq!(answer, suppressed(rule::CODE_ONCE));
    assert_eq!(talk.offer(pgo, offer), invalid_grant(rule::CODE_ONCE), "and a third");
}

#[test]
fn a_code_is_retired_by_its_first_offer_even_if_that_is_refused() {
    covers(&[rule::CODE_ONCE, rule::CODE_OWN_CLIENT]);
    let mut talk = Talk::new(Small::default());
    let code = talk.code();
    let offer = talk.offer_of(code);
    let thief = talk.other_pgo();
    assert_eq!(talk.offer(thief, offer), invalid_grant(rule::CODE_OWN_CLIENT));
    assert_eq!(talk.offer(talk.pgo(), offer), invalid_grant(rule::CODE_ONCE));
}

#[test]
fn certificate_and_client_id_and_redirect_uri_must_all_be_those_of_the_code() {
    covers(&[rule::CODE_OWN_CLIENT]);
    let alter: [fn(&mut Peer, &mut OfferCode, &Talk); 3] = [
        |from, _, talk| *from = talk.other_pgo(),
        |_, offer, talk| offer.client = talk.small.pgos[1].name,
        |_, offer, talk| offer.redirect = talk.small.pgos[1].redirect,
    ];
    for alter in alter {
        let mut talk = Talk::new(Small::default());
        let code = talk.code();
        let (mut from, mut offer) = (talk.pgo(), talk.offer_of(code));
        alter(&mut from, &mut offer, &talk);
        assert_eq!(talk.offer(from, offer), invalid_grant(rule::CODE_OWN_CLIENT));
    }
}

#[test]
fn another_grant_type_is_refused_and_costs_the_code_nothing() {
    covers(&[rule::GRANT_TYPE]);
    let mut talk = Talk::new(Small::default());
    let code = talk.code();
    let offer = talk.offer_of(code);
    for grant_type in [GrantType::RefreshToken, GrantType::Other] {
        let answer = talk.offer(talk.pgo(), OfferCode { grant_type, ..offer });
        let error = Response::TokenError(OAuthError::UnsupportedGrantType);
        assert_eq!(answer, (error, Some(rule::GRANT_TYPE)));
    }
    grant(talk.offer(talk.pgo(), offer));
}

#[test]
fn a_client_that_makes_up_codes_is_held_off_for_the_rest_of_the_minute() {
    covers(&[rule::CODE_KNOWN, rule::CODE_NOT_GUESSED]);
    let mut talk = Talk::new(Small::default());
    let code = talk.code();
    let mut refused = Vec::new();
    for guess in 0..12 {
        refused.extend(talk.offer(talk.pgo(), talk.offer_of(Opaque(guess))).1);
    }
    assert_eq!(refused[..11], [rule::CODE_KNOWN; 11]);
    assert_eq!(refused[11], rule::CODE_NOT_GUESSED);
    let limit = Note::LimitReached(Limit::Guesses);
    assert!(talk.crank.record.notes(ZA).any(|note| note == limit));
    // Even a good code is not looked up, and so not retired.
    let (pgo, offer) = (talk.pgo(), talk.offer_of(code));
    assert_eq!(talk.offer(pgo, offer), invalid_grant(rule::CODE_NOT_GUESSED));
    talk.seconds(60);
    grant(talk.offer(pgo, offer));
}

#[test]
fn many_clients_that_make_up_codes_cannot_exhaust_the_gateway() {
    covers(&[rule::MADE_UP_CODES_BOUNDED]);
    let mut small = Small::default();
    small.zas[0].guesses.in_all = 3;
    let mut talk = Talk::new(small);
    for guess in 0..4 {
        talk.offer(talk.pgo(), talk.offer_of(Opaque(guess)));
    }
    let answer = talk.offer(talk.other_pgo(), talk.offer_of(Opaque(9)));
    let later = Response::TokenError(OAuthError::TemporarilyUnavailable);
    assert_eq!(answer, (later, Some(rule::MADE_UP_CODES_BOUNDED)));
}

#[test]
fn nobody_is_served_at_the_back_door_without_a_certificate() {
    covers(&[rule::MUTUAL_CERTIFICATES, rule::NORM_CRYPTOGRAPHY]);
    let mut talk = Talk::new(Small::default());
    let code = talk.code();
    for from in [Peer::Browser(None), Peer::Operator] {
        let refused = (Response::BadRequest, Some(rule::MUTUAL_CERTIFICATES));
        assert_eq!(talk.offer(from, talk.offer_of(code)), refused);
        assert_eq!(talk.fetch(from, talk.fetch_with(code)), refused);
    }
    grant(talk.offer(talk.pgo(), talk.offer_of(code)));
}

#[test]
fn a_token_is_a_bearer_token_for_one_service_without_a_refresh_token() {
    covers(&[
        rule::BEARER,
        rule::NO_REFRESH_TOKENS,
        rule::SINGLE_SCOPE,
        rule::TOKEN_VALIDITY,
        rule::UUID_V4,
    ]);
    let mut talk = Talk::new(Small::default());
    let code = talk.code();
    let grant = grant(talk.offer(talk.pgo(), talk.offer_of(code)));
    assert_eq!(grant.token_type, TokenType::Bearer);
    assert_eq!(grant.refresh_token, None);
    assert_eq!(grant.expires_in, 900);
    assert_eq!(grant.scope, Scope::single(actors::crank::small::GP, LABORATORIUM));
    assert!(code.is_uuid_v4() && grant.token.is_uuid_v4());
}

#[test]
fn a_token_works_at_899_s_and_is_dead_at_900_s() {
    covers(&[rule::TOKEN_VALIDITY]);
    for (age, works) in [(899_999, true), (900_000, false)] {
        let mut talk = Talk::new(Small::default());
        let token = talk.token();
        talk.crank.run_for(Duration::from_millis(age));
        let answer = talk.fetch(talk.pgo(), talk.fetch_with(token));
        if works {
            assert!(matches!(answer, (Response::Fhir(_), None)), "{answer:?}");
        } else {
            assert_eq!(answer, suppressed(rule::TOKEN_VALIDITY));
        }
    }
}

#[test]
fn a_token_is_good_for_more_than_one_query_and_for_no_other_service_or_zorgaanbieder() {
    covers(&[rule::TOKEN_COVERS, rule::STEP_ANSWER]);
    let mut talk = Talk::new(Small::default());
    let token = talk.token();
    let (pgo, fetch) = (talk.pgo(), talk.fetch_with(token));
    for _ in 0..2 {
        assert!(matches!(talk.fetch(pgo, fetch), (Response::Fhir(_), None)));
    }
    for fetch in [Fetch { dienst: AFSPRAKEN, ..fetch }, Fetch { zorgaanbieder: HOSPITAL, ..fetch }]
    {
        assert_eq!(talk.fetch(pgo, fetch), suppressed(rule::TOKEN_COVERS));
    }
}

#[test]
fn a_token_that_was_never_issued_opens_nothing() {
    covers(&[rule::TOKEN_KNOWN]);
    let mut talk = Talk::new(Small::default());
    let code = talk.code();
    // Codes and tokens are two spaces.
    for value in [Opaque(1), code] {
        let answer = talk.fetch(talk.pgo(), talk.fetch_with(value));
        assert_eq!(answer, suppressed(rule::TOKEN_KNOWN));
    }
}

#[test]
fn a_request_that_names_the_person_is_refused() {
    covers(&[rule::NO_IDENTITY_BETWEEN]);
    let mut talk = Talk::new(Small::default());
    let token = talk.token();
    let fetch = Fetch { bsn: Some(Bsn(PersonId(7))), ..talk.fetch_with(token) };
    assert_eq!(talk.fetch(talk.pgo(), fetch), suppressed(rule::NO_IDENTITY_BETWEEN));
}

#[test]
fn a_token_is_a_bearer_token_so_another_node_that_has_it_is_served() {
    covers(&[rule::BEARER]);
    let mut talk = Talk::new(Small::default());
    let token = talk.token();
    let answer = talk.fetch(talk.other_pgo(), talk.fetch_with(token));
    assert!(matches!(answer, (Response::Fhir(_), None)), "{answer:?}");
}

#[test]
fn a_query_that_the_catalogue_does_not_have_cannot_be_delivered() {
    covers(&[rule::EXCEPTION_DELIVERY]);
    let mut talk = Talk::new(Small::default());
    let token = talk.token();
    let fetch = Fetch { call: 200, ..talk.fetch_with(token) };
    let answer = talk.fetch(talk.pgo(), fetch);
    assert_eq!(answer, (Response::OperationOutcome(Issue::Incomplete), None));
}

/// How many persons in a row got codes, with how many collisions seen and not seen.
fn collisions(small: Small, persons: u32) -> (usize, usize) {
    let mut talk = Talk::new(small);
    for _ in 0..persons {
        talk.code();
    }
    let count = |wanted: Note| talk.crank.record.notes(ZA).filter(|note| *note == wanted).count();
    (count(Note::CollisionDetected(Secret::Code)), count(Note::CollisionUndetected(Secret::Code)))
}

#[test]
fn a_code_that_is_equal_to_a_live_one_is_made_again() {
    covers(&[rule::UNIQUE_WHILE_LIVE]);
    let mut small = Small::default();
    small.zas[0].issuance.entropy_bits = 4;
    let (detected, undetected) = collisions(small, 12);
    assert!(detected > 0);
    assert_eq!(undetected, 0);
}

#[test]
fn instances_that_check_against_their_own_values_only_do_not_see_each_others() {
    covers(&[rule::UNIQUE_WHILE_LIVE]);
    let small = |check_against, detection| {
        let mut small = Small::default();
        let issuance = &mut small.zas[0].issuance;
        (issuance.entropy_bits, issuance.instances) = (5, 2);
        (issuance.check_against, issuance.detection) = (check_against, detection);
        small
    };
    let own = collisions(small(CheckAgainst::Own, Detection::On), 24);
    assert!(own.0 > 0 && own.1 > 0, "{own:?}");
    let at_once = collisions(small(CheckAgainst::Lag(Duration::ZERO), Detection::On), 24);
    assert_eq!(at_once.1, 0);
    let late = collisions(small(CheckAgainst::Lag(Duration::from_secs(60)), Detection::On), 24);
    assert!(late.1 > 0);
    let blind = collisions(small(CheckAgainst::All, Detection::Off), 24);
    assert_eq!(blind.0, 0);
    assert!(blind.1 > 0);
}

#[test]
fn instances_made_from_one_image_draw_the_same_values() {
    covers(&[rule::UNIQUE_WHILE_LIVE, rule::UUID_V4]);
    let mut small = Small::default();
    let issuance = &mut small.zas[0].issuance;
    issuance.instances = 2;
    issuance.generators = Generators::Cloned { draws: Draws::new(1, 0, Purpose::Host), family: 3 };
    issuance.check_against = CheckAgainst::Own;
    assert_eq!(collisions(small, 4), (0, 2), "every second is equal to the one before");
}

#[test]
fn a_pgo_offers_its_codes_for_itself_only() {
    covers(&[rule::STEP_OFFER_CODE, rule::CODE_OFFERED_ONCE]);
    let mut talk = Talk::new(Small::default());
    let wish = talk.small.wish(1);
    let other = actors::person::Wish { pgo: talk.small.pgos[1].name, ..talk.small.wish(2) };
    talk.small.visit(&mut talk.crank, wish);
    talk.small.visit(&mut talk.crank, other);
    talk.seconds(60);
    for (host, pgo) in [(PGO, 0), (OTHER_PGO, 1)] {
        let offers: Vec<_> = talk
            .crank
            .record
            .requests(host)
            .filter_map(|request| match request {
                protocol::message::Request::OfferCode(offer) => Some(offer.client),
                _ => None,
            })
            .collect();
        assert_eq!(offers, [talk.small.pgos[pgo].name]);
    }
}
