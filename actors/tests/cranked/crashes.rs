//! What a crash forgets, and what it does not. When all is over, everybody serves again.

use actors::{
    crank::{
        Crank, Silent,
        small::{DIGID, OCSP, PGO, STELSELNODE, Small, XIS, ZA},
    },
    person::RetryHabit,
};
use protocol::{
    contract::Actor,
    distribution::Distribution,
    id::HostId,
    message::{Page, Request, Response},
    register::{Change, Edition, ListKind},
    rule::{self, covers},
    time::{Duration, Instant},
    trace::Note,
};

use crate::talk::Talk;

const HOSTS: [HostId; 7] = [PGO, ZA, DIGID, STELSELNODE, OCSP, XIS, HostId(3)];

fn last_page(crank: &Crank<Silent>, person: HostId) -> Page {
    *crank.record.pages(person).last().unwrap()
}

/// When the messages of one flow leave, in seconds: so that a crash can fall between any two.
const MOMENTS: [f64; 8] = [0.0, 2.0, 5.0, 15.0, 25.0, 30.0, 35.0, 36.0];

#[test]
fn a_person_gets_what_they_want_after_any_host_crashed_at_any_moment() {
    covers(&[rule::COLLECTS_BY_UCI]);
    let mut small = Small::default();
    small.habits.retry =
        RetryHabit { probability: 1.0, after: Distribution::Fixed(60.0), max_attempts: 3 };
    for host in HOSTS {
        for moment in MOMENTS {
            let mut crank = small.build(Silent);
            let person = small.visit(&mut crank, small.wish(1));
            crank.run_until(Instant::from_nanos((moment * 1e9) as u64));
            crank.crash(host);
            crank.run_for(Duration::from_secs(600));
            let page = last_page(&crank, person);
            let what = format!("{} at {moment} s: {page:?}", Small::host_name(host));
            assert_eq!(page, Page::Collected { answers: 1 }, "{what}");
            assert!(crank.party(person).is_none(), "{what}");
        }
    }
}

#[test]
fn a_crash_while_messages_are_under_way_leaves_no_flow_behind() {
    let mut small = Small::default();
    small.habits.retry =
        RetryHabit { probability: 1.0, after: Distribution::Fixed(30.0), max_attempts: 5 };
    for host in HOSTS {
        let mut crank = small.build(Silent);
        // Everything takes a while, so that something is always under way.
        crank.meddle(|_| actors::crank::Fate::Delay(Duration::from_millis(300)));
        let persons: Vec<HostId> = (0..20)
            .map(|number| {
                let person = small.visit(&mut crank, small.wish(number));
                crank.run_for(Duration::from_millis(2_700));
                person
            })
            .collect();
        crank.crash(host);
        crank.run_for(Duration::from_secs(900));
        for person in persons {
            assert_eq!(last_page(&crank, person), Page::Collected { answers: 1 });
            assert!(crank.party(person).is_none());
        }
    }
}

#[test]
fn a_crash_forgets_codes_tokens_and_sessions() {
    covers(&[rule::CODE_KNOWN, rule::TOKEN_KNOWN, rule::STORED_TOKENS_SAFE]);
    let mut talk = Talk::new(Small::default());
    let token = talk.token();
    let code = talk.code();
    let asked = talk.asked();
    talk.crank.crash(ZA);
    talk.crank.settle();
    let (pgo, offer, fetch) = (talk.pgo(), talk.offer_of(code), talk.fetch_with(token));
    assert_eq!(talk.offer(pgo, offer).1, Some(rule::CODE_KNOWN));
    assert_eq!(talk.fetch(pgo, fetch).1, Some(rule::TOKEN_KNOWN));
    let answer = protocol::message::ConsentAnswer::Given;
    let yes = protocol::message::Browse::AnswerConsent { answer, csrf: asked.csrf };
    assert_eq!(talk.browse(ZA, asked.cookie, yes).1, Some(rule::OWNER_PRESENT));
}

#[test]
fn a_crash_keeps_what_was_logged_and_stored() {
    covers(&[rule::STEP_STORE, rule::NORM_LOGGING]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(60));
    for host in [PGO, ZA] {
        let before = crank.party(host).unwrap().durable().clone();
        crank.crash(host);
        crank.settle();
        assert_eq!(crank.party(host).unwrap().durable(), &before);
    }
    let durable = crank.party(ZA).unwrap().durable();
    assert_eq!(durable.consents.count(), 1);
}

#[test]
fn a_restart_pulls_its_lists_at_once_and_keeps_its_rhythm() {
    covers(&[rule::WHITELIST_PULLED, rule::WHITELIST_BY_UCI]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    let phases = |crank: &Crank<Silent>| crank.party(PGO).unwrap().durable().phases;
    let before = phases(&crank);
    crank.run_for(Duration::from_secs(100));
    crank.record.clear();
    crank.crash(PGO);
    crank.run_for(Duration::from_millis(1));
    let lists: Vec<Request> = crank
        .record
        .requests(PGO)
        .filter(|request| matches!(request, Request::GetList(_)))
        .copied()
        .collect();
    assert_eq!(lists, [ListKind::Zal, ListKind::Whitelist].map(Request::GetList));
    let in_use = |note: &Note| matches!(note, Note::ListInUse(..));
    assert_eq!(crank.record.notes(PGO).filter(in_use).count(), 2);
    assert_eq!(phases(&crank), before);
}

#[test]
fn a_gateway_that_just_restarted_waits_for_its_lists_before_it_decides() {
    covers(&[rule::WHITELIST_AT_HANDSHAKE]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    crank.meddle(|envelope| match envelope.message.kind() {
        protocol::message::Kind::GetList => actors::crank::Fate::Delay(Duration::from_secs(3)),
        _ => actors::crank::Fate::Pass,
    });
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(30));
    crank.crash(PGO);
    crank.crash(ZA);
    crank.run_for(Duration::from_secs(20));
    assert_ne!(last_page(&crank, person), Page::Collected { answers: 1 });
    crank.crash(ZA);
    crank.settle();
    let person = small.visit(&mut crank, small.wish(2));
    crank.run_for(Duration::from_secs(60));
    assert_eq!(last_page(&crank, person), Page::Collected { answers: 1 });
}

#[test]
fn without_a_whitelist_nobody_is_let_in() {
    covers(&[rule::WHITELIST_AT_HANDSHAKE]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(34));
    crank.set_up(STELSELNODE, false);
    let mut talk = Talk { small, crank };
    // The code is out; the gateway restarts and cannot have its lists.
    talk.crank.crash(ZA);
    talk.seconds(30);
    assert_eq!(talk.crank.record.refusals(ZA), [rule::OWNER_PRESENT]);
    assert_eq!(last_page(&talk.crank, person), Page::NoSession);
    let Response::Page { page, .. } =
        talk.browse(ZA, None, protocol::message::Browse::Authorize(talk.authorization())).0
    else {
        panic!("a page")
    };
    let cause = protocol::message::InvalidCause::UnknownClient;
    assert_eq!(page, Page::RequestInvalid(cause));
}

#[test]
fn the_register_and_what_was_published_survive_a_crash() {
    covers(&[rule::ZAL_UPDATED, rule::ZAL_REFRESHED]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    let added = Request::ChangeRegister(Change::AddService(0));
    crank.operate(STELSELNODE, added);
    crank.operate(STELSELNODE, Request::Publish(ListKind::Zal, Edition::OfRegister));
    crank.settle();
    let before = crank.party(STELSELNODE).unwrap().durable().clone();
    crank.crash(STELSELNODE);
    crank.settle();
    assert_eq!(crank.party(STELSELNODE).unwrap().durable(), &before);
    // A day on which it was not there to publish is made good at once.
    crank.run_for(Duration::from_secs(3_600 * 23));
    crank.record.clear();
    crank.skew(STELSELNODE, 2 * 24 * 3_600 * 1_000_000_000);
    crank.crash(STELSELNODE);
    crank.settle();
    let published = |note: &Note| matches!(note, Note::Published(..));
    assert_eq!(crank.record.notes(STELSELNODE).filter(published).count(), 4);
}

#[test]
fn a_revocation_survives_a_crash_of_the_responder() {
    covers(&[rule::OCSP_AT_HANDSHAKE]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    crank.operate(OCSP, Request::Revoke(protocol::id::Serial(ZA.0)));
    crank.settle();
    crank.crash(OCSP);
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(60));
    assert_eq!(last_page(&crank, person), Page::Unreachable);
    assert!(crank.record.refusals(PGO).contains(&rule::OCSP_AT_HANDSHAKE));
}
