//! Who is let in, and who is dealt with: certificates, OCSP, the Whitelist.

use actors::{
    admission::{OcspCache, Stapling},
    crank::{
        Crank, Fate, Record, Silent,
        small::{DIGID, OCSP, OTHER_PGO, PGO, STELSELNODE, Small, ZA},
    },
};
use protocol::{
    contract::Failure,
    id::{HostId, NameId, Serial},
    message::{CertStatus, Certificate, Kind, Message, OcspAnswer, Page, Request, Response, Side},
    register::{Change, Edition, ListKind},
    rule::{self, Rule, covers},
    time::{Duration, Instant, WallTime},
};

/// Runs one flow in this network after some preparation, and gives what each door refused.
fn refusals(small: &Small, prepare: impl FnOnce(&mut Crank<Silent>)) -> (Crank<Silent>, Page) {
    let mut crank = small.build(Silent);
    prepare(&mut crank);
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(60));
    let last = *crank.record.pages(person).last().unwrap();
    (crank, last)
}

fn queries(crank: &Crank<Silent>, host: HostId) -> usize {
    let queries = |request: &&Request| matches!(request, Request::OcspQuery(_));
    crank.record.requests(host).filter(queries).count()
}

fn rules(crank: &Crank<Silent>, host: HostId, side: Side) -> Vec<Rule> {
    let refusal = |record: &Record| match record {
        Record::Verdict { host: of, side: at, refusal, .. } if *of == host && *at == side => {
            *refusal
        }
        _ => None,
    };
    crank.record.all().iter().filter_map(refusal).collect()
}

#[test]
fn both_ends_of_the_back_channel_ask_ocsp_at_every_handshake() {
    covers(&[rule::OCSP_AT_HANDSHAKE]);
    let (crank, _) = refusals(&Small::default(), |_| {});
    // PGO: token and one query. ZA: the same two, and DigiD.
    assert_eq!((queries(&crank, PGO), queries(&crank, ZA)), (2, 3));
}

#[test]
fn no_answer_means_no_session() {
    covers(&[rule::OCSP_AT_HANDSHAKE]);
    for how in [Fate::Fail(Failure::TimedOut), Fate::Fail(Failure::Refused), Fate::Lose] {
        let (crank, last) = refusals(&Small::default(), |crank| {
            crank.meddle(move |envelope| match envelope.message.kind() {
                Kind::OcspQuery => how,
                _ => Fate::Pass,
            });
        });
        assert_eq!(rules(&crank, ZA, Side::Asker), [rule::OCSP_AT_HANDSHAKE], "{how:?}");
        assert!(matches!(last, Page::Told(protocol::message::Exception::Identity)), "{last:?}");
        let alert = |record: &Record| {
            matches!(record, Record::Failed { host: ZA, failure: Failure::TlsAlert, .. })
        };
        assert!(crank.record.all().iter().any(alert));
    }
}

#[test]
fn a_responder_without_capacity_means_no_session() {
    covers(&[rule::OCSP_AT_HANDSHAKE]);
    let (crank, _) = refusals(&Small::default(), |crank| {
        crank.meddle(|envelope| {
            if let Message::Response(response @ Response::Ocsp(_)) = &mut envelope.message {
                *response = Response::Unavailable;
            }
            Fate::Pass
        });
    });
    assert_eq!(rules(&crank, ZA, Side::Asker), [rule::OCSP_AT_HANDSHAKE]);
}

#[test]
fn a_revoked_certificate_is_refused_at_either_end() {
    covers(&[rule::OCSP_AT_HANDSHAKE]);
    for (revoked, refuser, side) in
        [(ZA, PGO, Side::Asker), (PGO, ZA, Side::Answerer), (DIGID, ZA, Side::Asker)]
    {
        let (crank, _) = refusals(&Small::default(), |crank| {
            crank.operate(OCSP, Request::Revoke(Serial(revoked.0)));
        });
        assert_eq!(rules(&crank, refuser, side), [rule::OCSP_AT_HANDSHAKE]);
    }
}

#[test]
fn a_certificate_that_was_never_issued_is_refused() {
    covers(&[rule::OCSP_AT_HANDSHAKE]);
    let mut small = Small::default();
    small.ocsp.issued = ZA.0;
    let (crank, _) = refusals(&small, |_| {});
    assert_eq!(rules(&crank, ZA, Side::Asker), [rule::OCSP_AT_HANDSHAKE], "DigiD's");
}

/// What the ZA gateway makes of OCSP answers that are altered on their way.
fn altered(alter: impl Fn(&mut OcspAnswer) + 'static) -> Vec<Rule> {
    let (crank, _) = refusals(&Small::default(), |crank| {
        crank.meddle(move |envelope| {
            if let Message::Response(Response::Ocsp(answer)) = &mut envelope.message {
                alter(answer);
            }
            Fate::Pass
        });
    });
    rules(&crank, ZA, Side::Asker)
}

#[test]
fn an_ocsp_answer_counts_only_if_signed_and_for_that_certificate_and_in_time() {
    covers(&[rule::OCSP_FRESH]);
    let stale = [rule::OCSP_FRESH];
    assert_eq!(altered(|_| {}), []);
    assert_eq!(altered(|answer| answer.signed = false), stale);
    assert_eq!(altered(|answer| answer.serial = Serial(99)), stale);
    assert_eq!(altered(|answer| answer.this_update = WallTime::FAR_FUTURE), stale);
    assert_eq!(altered(|answer| answer.next_update = WallTime::default()), stale);
    assert_eq!(altered(|answer| answer.status = CertStatus::Revoked), [rule::OCSP_AT_HANDSHAKE]);
}

#[test]
fn a_clock_behind_the_responders_sees_only_answers_of_the_future() {
    covers(&[rule::OCSP_FRESH]);
    let (crank, _) = refusals(&Small::default(), |crank| crank.skew(ZA, -90_000_000_000));
    assert_eq!(rules(&crank, ZA, Side::Asker), [rule::OCSP_FRESH]);
}

#[test]
fn a_node_that_keeps_answers_asks_once_in_their_time() {
    covers(&[rule::OCSP_AT_HANDSHAKE, rule::OCSP_FRESH]);
    let mut small = Small::default();
    small.pgos[0].node.ocsp.cache = OcspCache::Node;
    let mut crank = small.build(Silent);
    for minutes in [0, 10, 20] {
        crank.run_until(Instant::from_nanos(minutes * 60_000_000_000));
        small.visit(&mut crank, small.wish(1));
    }
    crank.run_for(Duration::from_secs(600));
    let about_za = |crank: &Crank<Silent>| {
        let query = Request::OcspQuery(Serial(ZA.0));
        crank.record.requests(PGO).filter(|request| **request == query).count()
    };
    assert_eq!(about_za(&crank), 1);
    crank.run_for(Duration::from_secs(3_600));
    small.visit(&mut crank, small.wish(2));
    crank.run_for(Duration::from_secs(60));
    assert_eq!(about_za(&crank), 2, "the answer's time was over");
}

#[test]
fn handshakes_that_wait_for_the_same_answer_share_the_query() {
    covers(&[rule::OCSP_AT_HANDSHAKE]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    crank.meddle(|envelope| match envelope.message.kind() {
        Kind::OcspQuery => Fate::Delay(Duration::from_secs(1)),
        _ => Fate::Pass,
    });
    let persons: Vec<_> = (0..10).map(|n| small.visit(&mut crank, small.wish(n))).collect();
    crank.run_for(Duration::from_secs(60));
    assert_eq!(queries(&crank, PGO), 2);
    for person in persons {
        let collected = Page::Collected { answers: 1 };
        assert_eq!(crank.record.pages(person).last(), Some(&collected));
    }
}

#[test]
fn a_stapled_answer_saves_the_query_and_a_stale_one_does_not() {
    covers(&[rule::OCSP_AT_HANDSHAKE, rule::OCSP_FRESH]);
    let mut small = Small::default();
    small.zas[0].node.ocsp.stapling = Stapling::Own(Serial(ZA.0));
    let mut crank = small.build(Silent);
    small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(60));
    let about_za = |crank: &Crank<Silent>| {
        let query = Request::OcspQuery(Serial(ZA.0));
        crank.record.requests(PGO).filter(|request| **request == query).count()
    };
    assert_eq!(about_za(&crank), 0);
    // The responder goes down; the staple is not renewed, and the asker can ask nobody either.
    crank.set_up(OCSP, false);
    crank.run_for(Duration::from_secs(3_700));
    crank.set_up(OCSP, true);
    small.visit(&mut crank, small.wish(2));
    crank.run_for(Duration::from_secs(10));
    crank.run_for(Duration::from_secs(50));
    let renewed = crank
        .record
        .requests(ZA)
        .filter(|request| **request == Request::OcspQuery(Serial(ZA.0)))
        .count();
    assert!(renewed > 3, "half-way, and then every minute: {renewed}");
}

#[test]
fn digid_and_the_stelselnode_staple_too() {
    covers(&[rule::OCSP_AT_HANDSHAKE]);
    let mut small = Small::default();
    let own = |host: HostId| Stapling::Own(Serial(host.0));
    let mut policy = small.stelselnode.ocsp;
    policy.stapling = own(DIGID);
    small.digid.ocsp = Some(policy);
    small.stelselnode.ocsp.stapling = own(STELSELNODE);
    let mut crank = small.build(Silent);
    small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(3_700));
    for host in [DIGID, STELSELNODE] {
        let query = Request::OcspQuery(Serial(host.0));
        assert!(!crank.record.requests(ZA).any(|request| *request == query));
    }
}

#[test]
fn a_certificate_that_is_over_or_ends_elsewhere_is_refused() {
    covers(&[rule::PKIO_CERTIFICATE]);
    let (crank, _) = refusals(&Small::default(), |crank| {
        crank.end_certificate(PGO, WallTime::exact(Instant::from_nanos(34_000_000_000)));
    });
    assert_eq!(rules(&crank, ZA, Side::Answerer), [rule::PKIO_CERTIFICATE]);
    let small = Small::default();
    let stranger =
        Certificate { trusted_chain: false, ..Small::certificate(ZA, small.zas[0].back) };
    let (crank, _) = refusals(&small, |crank| crank.show(ZA, stranger));
    assert_eq!(rules(&crank, PGO, Side::Asker), [rule::PKIO_CERTIFICATE]);
}

#[test]
fn a_certificate_is_good_until_the_last_moment_of_its_validity() {
    covers(&[rule::PKIO_CERTIFICATE]);
    let exactly = WallTime::exact(Instant::from_nanos(35_000_000_000));
    let (crank, last) = refusals(&Small::default(), |crank| crank.end_certificate(PGO, exactly));
    assert_eq!(rules(&crank, ZA, Side::Answerer), []);
    assert_eq!(last, Page::Collected { answers: 1 });
}

#[test]
fn a_certificate_must_be_for_the_name_that_was_dialled() {
    covers(&[rule::CERTIFICATE_OF_NAME]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    let person = small.visit(&mut crank, small.wish(1));
    // The person is reading the consent question; the next to dial the gateway is the PGO.
    crank.run_for(Duration::from_secs(30));
    crank.show(ZA, Small::certificate(ZA, small.zas[1].back));
    crank.run_for(Duration::from_secs(30));
    assert_eq!(rules(&crank, PGO, Side::Asker), [rule::CERTIFICATE_OF_NAME]);
    assert_eq!(crank.record.pages(person).last(), Some(&Page::Unreachable));
}

#[test]
fn a_host_may_show_another_certificate_for_the_same_name() {
    covers(&[rule::SEVERAL_CERTIFICATES]);
    let small = Small::default();
    let second = Certificate { serial: Serial(500), ..Small::certificate(PGO, small.pgos[0].name) };
    let (crank, last) = refusals(&small, |crank| crank.show(PGO, second));
    assert_eq!(rules(&crank, ZA, Side::Answerer), []);
    assert_eq!(last, Page::Collected { answers: 1 });
}

#[test]
fn who_is_not_on_the_whitelist_is_not_let_in() {
    covers(&[rule::WHITELIST_AT_HANDSHAKE]);
    let mut small = Small::default();
    small.stelselnode.register.apply(Change::RemoveGateway(small.pgos[0].name));
    // Its own OAuth client list, so that only the Whitelist is in the way.
    let (crank, _) = refusals(&small, |_| {});
    let mut talk = crate::talk::Talk { small, crank };
    let name = talk.small.pgos[0].name;
    assert!(!talk.small.stelselnode.register.takes_part(name));
    talk.crank.operate(PGO, Request::FetchListNow(ListKind::Whitelist));
    talk.seconds(1);
    assert_eq!(rules(&talk.crank, STELSELNODE, Side::Answerer), [rule::WHITELIST_AT_HANDSHAKE]);
}

#[test]
fn a_gateway_that_was_removed_is_neither_let_in_nor_dealt_with() {
    covers(&[rule::WHITELIST_AT_HANDSHAKE, rule::WHITELIST_OF_ASKED]);
    for (removed, refuser, side, rule) in [
        (PGO, ZA, Side::Answerer, rule::WHITELIST_AT_HANDSHAKE),
        (ZA, PGO, Side::Asker, rule::WHITELIST_OF_ASKED),
    ] {
        let small = Small::default();
        let node = if removed == PGO { small.pgos[0].name } else { small.zas[0].back };
        let (crank, last) = refusals(&small, |crank| {
            crank.operate(STELSELNODE, Request::ChangeRegister(Change::RemoveGateway(node)));
            crank.operate(STELSELNODE, Request::Publish(ListKind::Whitelist, Edition::OfRegister));
            crank.settle();
            crank.operate(refuser, Request::FetchListNow(ListKind::Whitelist));
            crank.settle();
        });
        assert_eq!(rules(&crank, refuser, side), [rule], "{}", Small::host_name(removed));
        assert_eq!(last, Page::Unreachable);
    }
}

#[test]
fn the_stelselnode_gives_lists_to_nodes_only() {
    covers(&[rule::MUTUAL_CERTIFICATES]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    let list = Request::GetList(ListKind::Zal);
    let from = protocol::message::Peer::Browser(None);
    let exchange = crank.send_to(STELSELNODE, NameId(0), from, small.release, list);
    crank.settle();
    let (response, rule) = crank.record.answer(exchange).unwrap();
    assert_eq!((response, rule), (&Response::BadRequest, Some(rule::MUTUAL_CERTIFICATES)));
}

#[test]
fn nobody_but_its_own_driver_can_have_a_host_decide_on_a_certificate() {
    let small = Small::default();
    let mut crank = small.build(Silent);
    let certificate = Small::certificate(OTHER_PGO, small.pgos[1].name);
    let name = certificate.subject;
    let hello = protocol::message::Hello { side: Side::Answerer, certificate, name, staple: None };
    for host in [PGO, ZA, STELSELNODE, DIGID, OCSP] {
        let from = protocol::message::Peer::Node(name);
        let request = Request::Hello(hello);
        let exchange = crank.send_to(host, name, from, small.release, request);
        crank.settle();
        assert_eq!(crank.record.answer(exchange).unwrap().0, &Response::BadRequest);
    }
}
