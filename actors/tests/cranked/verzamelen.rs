//! Whole collections, from the first page to the last.

use actors::crank::{
    Silent,
    small::{DOCUMENTEN, HOSPITAL, OTHER_PGO, PGO, PHARMACY, Small, ZA},
};
use protocol::{
    catalogue::{Gegevensdienst, Scope},
    contract::Actor,
    message::{Message, Page, Request, Response},
    release::Release,
    rule::{self, covers},
    time::Duration,
    trace::Note,
};

const A_MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_person_collects_in_sixteen_steps() {
    covers(&[
        rule::COLLECTS_BY_UCI,
        rule::STEP_OFFER,
        rule::STEP_CHOOSE,
        rule::STEP_SESSION,
        rule::STEP_TO_DIGID,
        rule::STEP_CREDENTIALS,
        rule::STEP_ARTIFACT,
        rule::STEP_BSN,
        rule::STEP_AVAILABILITY,
        rule::STEP_CONSENT,
        rule::STEP_CODE,
        rule::STEP_PGO_LOGS,
        rule::STEP_OFFER_CODE,
        rule::STEP_TOKEN,
        rule::STEP_REQUEST,
        rule::STEP_ANSWER,
        rule::STEP_STORE,
    ]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(40));
    assert_eq!(crank.record.pages(person).last(), Some(&Page::Collected { answers: 1 }));
    assert!(crank.party(person).is_none(), "the person has left");
    insta::assert_snapshot!(crank.record.transcript(Small::host_name));
}

#[test]
fn documents_are_fetched_one_by_one_as_the_list_says() {
    covers(&[rule::CATALOGUE_STANDARDS, rule::SERVICE_IN_CATALOGUE]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    let wish = actors::person::Wish { dienst: DOCUMENTEN, ..small.wish(1) };
    let person = small.visit(&mut crank, wish);
    crank.run_for(A_MINUTE);
    let fetched: Vec<(u8, u16)> = crank
        .record
        .requests(PGO)
        .filter_map(|request| match request {
            Request::Fetch(fetch) => Some((fetch.call, fetch.document)),
            _ => None,
        })
        .collect();
    assert_eq!(fetched, [(0, 0), (1, 0), (2, 0), (2, 1)]);
    assert_eq!(crank.record.pages(person).last(), Some(&Page::Collected { answers: 4 }));
}

#[test]
fn a_service_without_documents_to_fetch_is_collected_without_them() {
    let mut small = Small::default();
    small.records.documents = protocol::distribution::Distribution::Fixed(0.0);
    let mut crank = small.build(Silent);
    let wish = actors::person::Wish { dienst: DOCUMENTEN, ..small.wish(1) };
    let person = small.visit(&mut crank, wish);
    crank.run_for(A_MINUTE);
    assert_eq!(crank.record.pages(person).last(), Some(&Page::Collected { answers: 2 }));
}

#[test]
fn more_documents_than_a_pgo_takes_are_left_where_they_are() {
    let mut small = Small::default();
    small.records.documents = protocol::distribution::Distribution::Fixed(500.0);
    let mut crank = small.build(Silent);
    let wish = actors::person::Wish { dienst: DOCUMENTEN, ..small.wish(1) };
    let person = small.visit(&mut crank, wish);
    crank.run_for(A_MINUTE);
    assert_eq!(crank.record.pages(person).last(), Some(&Page::Collected { answers: 22 }));
    let limit = Note::LimitReached(protocol::trace::Limit::Documents);
    assert!(crank.record.notes(PGO).any(|note| note == limit));
}

#[test]
fn every_service_of_the_catalogue_can_be_collected_by_its_queries() {
    covers(&[rule::CATALOGUE_STANDARDS, rule::LISTED_IS_SERVED]);
    for place in 0..protocol::catalogue::CATALOGUE.len() as u8 {
        let dienst = Gegevensdienst(place);
        let mut small = Small::default();
        for za in &mut small.zas {
            for behind in &mut za.behind {
                behind.scope = Scope::single(behind.scope.zorgaanbieder, dienst);
            }
        }
        for listing in &mut small.stelselnode.register.listings {
            listing.offers.truncate(1);
            listing.offers[0].dienst = dienst;
        }
        let mut crank = small.build(Silent);
        let person = small.visit(&mut crank, actors::person::Wish { dienst, ..small.wish(1) });
        crank.run_for(A_MINUTE);
        let documents = dienst.calls().iter().any(|call| call.per_document);
        let answers = dienst.calls().len() as u16 + u16::from(documents);
        assert_eq!(crank.record.pages(person).last(), Some(&Page::Collected { answers }));
    }
}

#[test]
fn many_persons_at_two_pgos_and_two_gateways_each_get_their_own_data() {
    covers(&[rule::NO_CROSS_READ, rule::STEP_ANSWER, rule::LISTED_IS_SERVED]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    let mut persons = Vec::new();
    for number in 0..40 {
        let pgo = small.pgos[number as usize % 2].name;
        let zorgaanbieder = [HOSPITAL, PHARMACY][number as usize / 2 % 2];
        let wish = actors::person::Wish { pgo, zorgaanbieder, ..small.wish(number) };
        persons.push((small.visit(&mut crank, wish), wish));
        crank.run_for(Duration::from_millis(1_700));
    }
    crank.run_for(A_MINUTE);
    let dossier = |pgo| crank.party(pgo).unwrap().durable().dossier.clone();
    let stored: Vec<_> = [PGO, OTHER_PGO]
        .into_iter()
        .flat_map(|pgo| {
            dossier(pgo).newest_first().map(|(item, _)| item.fingerprint).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(stored.len(), 40);
    for (person, wish) in persons {
        assert_eq!(crank.record.pages(person).last(), Some(&Page::Collected { answers: 1 }));
        let own = protocol::bsn::fingerprint(wish.account, wish.zorgaanbieder, wish.dienst, 0, 1);
        assert_eq!(stored.iter().filter(|print| **print == own).count(), 1);
    }
}

#[test]
fn the_dossier_says_where_an_answer_came_from_and_when() {
    covers(&[rule::STEP_STORE, rule::PROVENANCE_VISIBLE]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    small.visit(&mut crank, small.wish(1));
    crank.run_for(A_MINUTE);
    let durable = crank.party(PGO).unwrap().durable();
    let item = durable.dossier.newest().unwrap();
    assert_eq!(item.stored.zorgaanbieder, small.wish(1).zorgaanbieder);
    assert_eq!(item.stored.received.as_nanos(), 35_000_000_000);
    assert_eq!(durable.proofs.count(), 1);
    assert_eq!(crank.party(ZA).unwrap().durable().consents.count(), 1);
}

#[test]
fn nothing_between_the_gateways_says_who_the_person_is() {
    covers(&[rule::NO_IDENTITY_BETWEEN, rule::CONFIDENTIAL_CLIENT, rule::TOKEN_THREATS]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(A_MINUTE);
    for envelope in crank.record.said(PGO).chain(crank.record.said(ZA)) {
        match &envelope.message {
            Message::Request(Request::Fetch(fetch)) => assert_eq!(fetch.bsn, None),
            Message::Response(Response::Fhir(answer)) => assert_eq!(answer.bsn, None),
            _ => {}
        }
    }
    let tokens = crank.record.said(ZA).filter_map(|envelope| match &envelope.message {
        Message::Response(Response::Token(grant)) => Some(grant.token),
        _ => None,
    });
    for token in tokens {
        for envelope in crank.record.said(person) {
            assert!(envelope.message.marks().all(|mark| mark != token));
        }
    }
}

#[test]
fn release_1_1_is_spoken_where_both_speak_it() {
    covers(&[rule::RELEASE_SPOKEN]);
    let small = Small::new(Release::R1_1);
    let mut crank = small.build(Silent);
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(A_MINUTE);
    assert_eq!(crank.record.pages(person).last(), Some(&Page::Collected { answers: 1 }));
    assert!(crank.record.said(PGO).all(|envelope| envelope.release == Release::R1_1));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || {
        let mut small = Small::default();
        small.habits.login = protocol::distribution::Distribution::lognormal(20.0, 60.0);
        small.habits.reload = 0.3;
        small.habits.double_submit = 0.3;
        small.habits.go_back = 0.3;
        small.habits.wrong_password = 0.3;
        let mut crank = small.build(Silent);
        for person in 0..50 {
            small.visit(&mut crank, small.wish(person));
            crank.run_for(Duration::from_secs(3));
        }
        crank.run_for(Duration::from_secs(600));
        crank.record.all().to_vec()
    };
    assert_eq!(run(), run());
}
