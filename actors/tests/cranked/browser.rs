//! What people and their browsers do: loading again, going back, sending twice, giving up, coming back.

use actors::{
    crank::{
        Crank, Fate, Silent,
        small::{DIGID, GP, LABORATORIUM, PGO, Small, ZA},
    },
    deviant::Deviation,
    party::Party,
    person::{Person, RetryHabit},
};
use protocol::{
    contract::{Action, Actor, Chance, Input, Outbox, TimerId},
    distribution::Distribution,
    draw::{Draws, Purpose},
    id::{ConnectionId, HostId, Opaque},
    message::{
        Assurance, Browse, ConsentAnswer, Envelope, Exception, Kind, Message, Page, Peer, Request,
        Response, Secret,
    },
    rule::{self, covers},
    time::{Duration, Now},
    trace::{Note, Stored},
};

use crate::talk::{Asked, STATE, Talk};

/// Has a person of this network try, and gives what came of it.
fn try_once(small: &Small) -> (Crank<Silent>, HostId) {
    let mut crank = small.build(Silent);
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(300));
    (crank, person)
}

fn collected(crank: &Crank<Silent>, person: HostId) -> usize {
    let is_collected = |page: &&Page| matches!(page, Page::Collected { .. });
    crank.record.pages(person).iter().filter(is_collected).count()
}

fn asked(crank: &Crank<Silent>, host: HostId, kind: Kind) -> usize {
    crank.record.requests(host).filter(|request| request.kind() == kind).count()
}

#[test]
fn pages_that_are_loaded_again_change_nothing() {
    covers(&[rule::CODE_OFFERED_ONCE, rule::ARTIFACT_ONCE]);
    let mut small = Small::default();
    small.habits.reload = 1.0;
    let (crank, person) = try_once(&small);
    let reloads = crank.record.notes(person).filter(|note| *note == Note::Reloaded).count();
    assert_eq!(reloads, 4, "offer, login, consent question, result");
    assert_eq!(collected(&crank, person), 2, "the same result twice");
    assert_eq!(asked(&crank, PGO, Kind::OfferCode), 1);
    assert_eq!(asked(&crank, ZA, Kind::ResolveArtifact), 1);
    assert_eq!(crank.record.refusals(ZA), []);
    assert_eq!(crank.record.refusals(DIGID), []);
}

#[test]
fn forms_that_are_sent_twice_count_once() {
    covers(&[rule::CODE_OFFERED_ONCE, rule::CONSENT_FIRST, rule::ARTIFACT_ONCE]);
    let mut small = Small::default();
    small.habits.double_submit = 1.0;
    let (crank, person) = try_once(&small);
    let twice = crank.record.notes(person).filter(|note| *note == Note::SentTwice).count();
    assert_eq!(twice, 3, "choice, credentials, consent");
    assert_eq!(collected(&crank, person), 1);
    let codes = crank
        .record
        .notes(ZA)
        .filter(|note| *note == Note::Issued(protocol::trace::Secret::Code))
        .count();
    assert_eq!(codes, 1);
    let logged = crank.record.notes(ZA).filter(|note| *note == Note::ConsentLogged).count();
    assert_eq!(logged, 1);
}

#[test]
fn a_person_who_goes_back_to_the_offer_chooses_again() {
    let mut small = Small::default();
    small.habits.go_back = 1.0;
    let (crank, person) = try_once(&small);
    assert_eq!(asked(&crank, person, Kind::Open), 2);
    assert_eq!(asked(&crank, person, Kind::Choose), 2);
    assert_eq!(collected(&crank, person), 1);
}

#[test]
fn a_person_who_goes_back_from_the_consent_question_logs_in_anew() {
    covers(&[rule::IDENTITY_FIRST, rule::SESSION_OF_BROWSER]);
    let mut talk = Talk::new(Small::default());
    let (cookie, authenticate) = talk.way_to_digid();
    let back = talk.log_in(authenticate, Secret::Right(Assurance::Midden));
    let (Response::Page { page: first, .. }, _) = talk.browse(ZA, cookie, back) else { panic!() };
    // Back at DigiD's page, with the same AuthnRequest.
    let again = talk.log_in(authenticate, Secret::Right(Assurance::Midden));
    assert_ne!(again, back, "another login, another artifact");
    let (Response::Page { page: second, .. }, _) = talk.browse(ZA, cookie, again) else { panic!() };
    assert_ne!(second, first, "another form");
    let Page::ConsentQuestion { csrf, .. } = second else { panic!("{second:?}") };
    let yes = Browse::AnswerConsent { answer: ConsentAnswer::Given, csrf };
    let (Response::Redirect { request, .. }, None) = talk.browse(ZA, cookie, yes) else { panic!() };
    assert!(matches!(request, Browse::Callback { state: STATE, .. }));
}

#[test]
fn wrong_passwords_are_tried_again_on_the_same_page() {
    covers(&[rule::STEP_CREDENTIALS]);
    let mut small = Small::default();
    small.habits.wrong_password = 1.0;
    let (crank, person) = try_once(&small);
    let again = |page: &&Page| matches!(page, Page::Login { again: true, .. });
    assert_eq!(crank.record.pages(person).iter().filter(again).count(), 3);
    assert_eq!(collected(&crank, person), 1);
}

#[test]
fn too_many_wrong_passwords_end_the_login() {
    covers(&[rule::EXCEPTION_IDENTITY]);
    let mut small = Small::default();
    small.habits.wrong_password = 1.0;
    small.digid.tries = 3;
    let (crank, person) = try_once(&small);
    assert_eq!(crank.record.pages(person).last(), Some(&Page::Told(Exception::Identity)));
}

#[test]
fn a_person_whose_patience_ends_leaves_and_comes_back() {
    let mut small = Small::default();
    small.habits.patience = Distribution::Fixed(8.0);
    small.habits.retry =
        RetryHabit { probability: 1.0, after: Distribution::Fixed(60.0), max_attempts: 2 };
    let mut crank = small.build(Silent);
    crank.meddle(|envelope| match envelope.message.kind() {
        Kind::Authorize => Fate::Lose,
        _ => Fate::Pass,
    });
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(30));
    assert!(crank.record.notes(person).any(|note| note == Note::PatienceEnded));
    crank.leave_alone();
    crank.run_for(Duration::from_secs(150));
    assert_eq!(collected(&crank, person), 1);
    assert!(crank.party(person).is_none(), "gone");
}

#[test]
fn a_person_tries_as_often_as_they_like_and_no_more() {
    let mut small = Small::default();
    small.habits.retry =
        RetryHabit { probability: 1.0, after: Distribution::Fixed(10.0), max_attempts: 3 };
    let mut crank = small.build(Silent);
    crank.set_up(PGO, false);
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(300));
    assert_eq!(asked(&crank, person, Kind::Open), 3);
    assert!(crank.party(person).is_none());
}

#[test]
fn a_person_who_refused_does_not_come_back() {
    let mut small = Small::default();
    small.habits.refuse_consent = 1.0;
    small.habits.retry =
        RetryHabit { probability: 1.0, after: Distribution::Fixed(10.0), max_attempts: 3 };
    let (crank, person) = try_once(&small);
    assert_eq!(asked(&crank, person, Kind::Open), 1);
    assert!(crank.party(person).is_none());
}

#[test]
fn a_fault_moves_nobodys_time() {
    let mut small = Small::default();
    small.habits.choose = Distribution::Exp { mean: 5.0 };
    small.habits.login = Distribution::Exp { mean: 20.0 };
    small.habits.consent = Distribution::Exp { mean: 10.0 };
    let consent_at = |slow: bool| {
        let mut crank = small.build(Silent);
        if slow {
            crank.meddle(|envelope| match envelope.message.kind() {
                Kind::ResolveArtifact => Fate::Delay(Duration::from_secs(3)),
                _ => Fate::Pass,
            });
        }
        let person = small.visit(&mut crank, small.wish(1));
        let mut at = None;
        while at.is_none() && crank.now().as_secs_f64() < 300.0 {
            crank.run_for(Duration::from_millis(10));
            let answers = asked(&crank, person, Kind::AnswerConsent);
            at = (answers > 0).then_some(crank.now().as_secs_f64());
        }
        at.unwrap()
    };
    assert!((consent_at(true) - consent_at(false) - 3.0).abs() < 0.05);
}

#[test]
fn a_site_that_has_no_capacity_may_be_tried_once_more() {
    let mut small = Small::default();
    small.habits.reload = 0.5;
    small.pgos[0].sessions.limit = 0;
    let (crank, person) = try_once(&small);
    assert!((1..=2).contains(&asked(&crank, person, Kind::Open)));
    assert!(crank.party(person).is_none());
}

#[test]
fn a_code_that_comes_with_a_state_of_nobody_is_not_taken() {
    covers(&[rule::STATE_BOUND]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    let habits = std::sync::Arc::new(small.habits.clone());
    let person = Party::Person(Person::new(habits, 0, small.wish(1)));
    small.visit_as(&mut crank, person.deviant(Deviation::StateForged), small.wish(1));
    crank.run_for(Duration::from_secs(60));
    assert_eq!(crank.record.refusals(PGO), [rule::STATE_BOUND]);
    assert_eq!(asked(&crank, PGO, Kind::OfferCode), 0);
}

#[test]
fn a_code_counts_only_in_the_browser_that_was_sent_for_it() {
    covers(&[rule::STATE_BOUND]);
    let mut talk = Talk::new(Small::default());
    let (cookie, csrf) = talk.at_the_offer();
    let choice = Browse::Choose { zorgaanbieder: GP, dienst: LABORATORIUM, csrf };
    let (Response::Redirect { request: Browse::Authorize(request), .. }, _) =
        talk.browse(PGO, cookie, choice)
    else {
        panic!("a redirect to the authorization endpoint");
    };
    let (other, _) = talk.at_the_offer();
    let stolen = Browse::Callback { code: Opaque(1), state: request.state.unwrap() };
    for cookie in [None, other] {
        let page = Response::Page { page: Page::NoSession, set_cookie: None };
        assert_eq!(talk.browse(PGO, cookie, stolen), (page, Some(rule::STATE_BOUND)));
    }
}

#[test]
fn an_answer_counts_only_from_the_browser_that_saw_the_question() {
    covers(&[rule::OWNER_PRESENT]);
    let mut talk = Talk::new(Small::default());
    let Asked { csrf, .. } = talk.asked();
    let yes = Browse::AnswerConsent { answer: ConsentAnswer::Given, csrf };
    let page = Response::Page { page: Page::NoSession, set_cookie: None };
    assert_eq!(talk.browse(ZA, None, yes), (page, Some(rule::OWNER_PRESENT)));
    // A browser that is still on its way to DigiD saw no question.
    let (cookie, _) = talk.way_to_digid();
    assert_eq!(talk.browse(ZA, cookie, yes).1, Some(rule::OWNER_PRESENT));
}

#[test]
fn an_answer_from_within_another_page_counts_for_nothing() {
    covers(&[rule::NO_CLICKJACKING]);
    let mut talk = Talk::new(Small::default());
    let Asked { cookie, csrf, relay_state, .. } = talk.asked();
    for forged in [Opaque(0), Opaque(csrf.0 ^ 1 << 64), relay_state] {
        let yes = Browse::AnswerConsent { answer: ConsentAnswer::Given, csrf: forged };
        let mut talk = Talk::new(Small::default());
        let fresh = talk.asked();
        assert_eq!(fresh.cookie, cookie, "the same draws");
        assert_eq!(talk.browse(ZA, cookie, yes).1, Some(rule::NO_CLICKJACKING));
    }
}

#[test]
fn an_answer_that_is_neither_yes_nor_no_establishes_nothing() {
    covers(&[rule::EXCEPTION_AUTHORIZATION]);
    let mut talk = Talk::new(Small::default());
    let Asked { cookie, csrf, .. } = talk.asked();
    let unclear = Browse::AnswerConsent { answer: ConsentAnswer::Unclear, csrf };
    let (Response::Redirect { request, .. }, None) = talk.browse(ZA, cookie, unclear) else {
        panic!("a redirect")
    };
    assert!(matches!(request, Browse::CallbackError { state: STATE, .. }));
}

#[test]
fn the_dossier_can_be_consulted_by_its_person_only() {
    covers(&[rule::OFFERS_DOSSIER, rule::PROVENANCE_VISIBLE]);
    let mut small = Small::default();
    small.habits.consult_dossier = 1.0;
    let (crank, person) = try_once(&small);
    assert_eq!(crank.record.pages(person).last(), Some(&Page::Dossier { items: 1 }));
    assert!(crank.record.notes(PGO).any(|note| note == Note::DossierConsulted));
    assert!(crank.party(person).is_none());
    let mut talk = Talk::new(small);
    let page = Response::Page { page: Page::NoSession, set_cookie: None };
    assert_eq!(talk.browse(PGO, None, Browse::ConsultDossier), (page, Some(rule::OFFERS_DOSSIER)));
}

#[test]
fn a_person_can_have_the_pgo_stop_at_any_time() {
    covers(&[rule::UC_REQUEST_INVALID]);
    let mut talk = Talk::new(Small::default());
    let (cookie, _) = talk.at_the_offer();
    let page = Response::Page { page: Page::Stopped, set_cookie: None };
    for cookie in [cookie, None] {
        assert_eq!(talk.browse(PGO, cookie, Browse::StopFlow), (page.clone(), None));
    }
}

#[test]
fn a_page_that_is_loaded_again_while_the_pgo_collects_gets_the_same_result() {
    covers(&[rule::CODE_OFFERED_ONCE]);
    let mut talk = Talk::new(Small::default());
    let (cookie, csrf) = talk.at_the_offer();
    let choice = Browse::Choose { zorgaanbieder: GP, dienst: LABORATORIUM, csrf };
    let (Response::Redirect { request: Browse::Authorize(request), .. }, _) =
        talk.browse(PGO, cookie, choice)
    else {
        panic!("a redirect")
    };
    talk.crank.meddle(|envelope| match envelope.message.kind() {
        Kind::OfferCode => Fate::Delay(Duration::from_secs(3)),
        _ => Fate::Pass,
    });
    let back = Browse::Callback { code: Opaque(1), state: request.state.unwrap() };
    let (to, from) = (talk.small.pgos[0].name, Peer::Browser(cookie));
    let release = talk.small.release;
    let sent: Vec<_> = (0..3)
        .map(|_| {
            let exchange = talk.crank.send_to(PGO, to, from, release, Request::Browse(back));
            talk.seconds(1);
            exchange
        })
        .collect();
    talk.seconds(5);
    for exchange in sent {
        let told = Response::Page { page: Page::Told(Exception::Code), set_cookie: None };
        assert_eq!(talk.crank.record.answer(exchange).unwrap().0, &told);
    }
    assert_eq!(asked(&talk.crank, PGO, Kind::OfferCode), 1);
}

#[test]
fn what_comes_after_the_person_left_is_not_delivered_and_harms_nobody() {
    let mut small = Small::default();
    small.habits.patience = Distribution::Fixed(2.0);
    let mut crank = small.build(Silent);
    crank.meddle(|envelope| match envelope.message.kind() {
        Kind::Fetch => Fate::Delay(Duration::from_secs(5)),
        _ => Fate::Pass,
    });
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(120));
    assert!(crank.party(person).is_none());
    let stored = |note: &Note| matches!(note, Note::Stored(Stored { .. }));
    assert_eq!(crank.record.notes(PGO).filter(stored).count(), 1, "the PGO collects all the same");
    let after = Message::Response(Response::Page {
        page: Page::Collected { answers: 1 },
        set_cookie: None,
    });
    assert!(crank.record.said(PGO).any(|envelope| envelope.message == after));
}

/// How many requests a person makes when every one of them is answered like this.
fn requests_when_always_answered(small: &Small, response: &Response) -> usize {
    let mut person = Person::new(small.habits.clone().into(), 0, small.wish(1));
    let draws = Draws::new(1, 0, Purpose::Host);
    let mut out = Outbox::new(Chance::Keyed { draws, entity: 0, count: 0 });
    person.handle(Input::Start, Now::default(), &mut out);
    let mut requests = 0;
    loop {
        let actions = std::mem::take(out.actions_mut());
        if actions.contains(&Action::Leave) {
            return requests;
        }
        for action in actions {
            match action {
                Action::Ask(exchange, ask) => {
                    requests += 1;
                    let envelope = Envelope {
                        from: Peer::Node(ask.to),
                        to: ask.to,
                        exchange,
                        connection: ConnectionId(0),
                        release: small.release,
                        message: Message::Response(response.clone()),
                    };
                    person.handle(Input::Deliver(&envelope), Now::default(), &mut out);
                }
                Action::Arm(timer @ TimerId::HumanDone, _) => {
                    person.handle(Input::Timer(timer), Now::default(), &mut out);
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_browser_does_not_follow_redirects_for_ever() {
    let small = Small::default();
    let (to, request) = (small.pgos[0].name, Browse::Open);
    let response = Response::Redirect { to, request, set_cookie: None };
    assert_eq!(requests_when_always_answered(&small, &response), 21);
}

#[test]
fn a_person_does_not_click_for_ever() {
    let small = Small::default();
    for page in [
        Page::Offer { csrf: Opaque(1) },
        Page::Login { csrf: Opaque(1), again: true },
        Page::RequestInvalid(protocol::message::InvalidCause::Scope),
    ] {
        let response = Response::Page { page, set_cookie: None };
        assert_eq!(requests_when_always_answered(&small, &response), 60, "{page:?}");
    }
}
