//! Lists: how they are published, fetched, judged and used.

use std::sync::Arc;

use actors::{
    crank::{
        Crank, Fate, Silent,
        small::{AFSPRAKEN, GP, OTHER_PGO, OTHER_ZA, PGO, STELSELNODE, Small, ZA},
    },
    deviant::Deviation,
    lists::{OnMiss, Phase},
    person::Wish,
};
use protocol::{
    contract::Failure,
    id::{HostId, ZorgaanbiederId},
    message::{Kind, Message, Page, Request, Response},
    register::{Change, Edition, ListFault, ListKind, ListVersion},
    rule::{self, covers},
    time::{Duration, Instant},
    trace::Note,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// When a host asked for a list, in seconds.
fn fetches(small: &Small, host: HostId, kind: ListKind, hours: u64) -> Vec<f64> {
    let mut crank = small.build(Silent);
    let mut times = Vec::new();
    let mut seen = 0;
    while crank.now() < Instant::START + HOUR.saturating_mul(hours) {
        crank.run_for(Duration::from_secs(1));
        let wanted = Request::GetList(kind);
        let count = crank.record.requests(host).filter(|request| **request == wanted).count();
        if count > seen {
            times.push(crank.now().as_secs_f64());
            seen = count;
        }
    }
    times
}

fn operate(crank: &mut Crank<Silent>, host: HostId, request: Request) -> Response {
    let exchange = crank.operate(host, request);
    crank.run_for(Duration::from_secs(1));
    crank.record.answer(exchange).expect("an answer").0.clone()
}

fn numbers(crank: &Crank<Silent>, host: HostId, kind: ListKind) -> Vec<u32> {
    let number = |note: Note| match note {
        Note::ListInUse(of, number) if of == kind => Some(number),
        _ => None,
    };
    crank.record.notes(host).filter_map(number).collect()
}

#[test]
fn every_gateway_fetches_the_whitelist_hourly_on_a_grid_of_its_own() {
    covers(&[rule::WHITELIST_PULLED, rule::WHITELIST_BY_UCI, rule::UCI_WHITELIST]);
    let small = Small::default();
    let mut phases = Vec::new();
    for host in [PGO, OTHER_PGO, ZA, OTHER_ZA] {
        let times = fetches(&small, host, ListKind::Whitelist, 4);
        assert_eq!(times.len(), 4, "{}: {times:?}", Small::host_name(host));
        for pair in times.windows(2) {
            assert!((pair[1] - pair[0] - 3_600.0).abs() < 1.5, "{times:?}");
        }
        phases.push(times[0] as u64);
    }
    phases.sort_unstable();
    phases.dedup();
    assert_eq!(phases.len(), 4, "spread");
}

#[test]
fn synchronised_nodes_fetch_on_the_hour() {
    let mut small = Small::default();
    for policy in &mut small.pgos[0].node.lists {
        policy.phase = Phase::Synchronised;
    }
    let times = fetches(&small, PGO, ListKind::Whitelist, 3);
    assert_eq!(times, [3_600.0, 7_200.0, 10_800.0]);
}

#[test]
fn jitter_makes_fetches_later_and_moves_no_later_one() {
    let mut small = Small::default();
    for policy in &mut small.pgos[0].node.lists {
        policy.phase = Phase::Synchronised;
        policy.jitter = Duration::from_secs(100);
    }
    let times = fetches(&small, PGO, ListKind::Whitelist, 6);
    for (place, time) in times.iter().enumerate() {
        let late = time - 3_600.0 * (place + 1) as f64;
        assert!((0.0..=101.0).contains(&late), "{times:?}");
    }
    assert!(times.iter().any(|time| time % 3_600.0 > 2.0));
}

#[test]
fn lists_are_published_daily_with_the_next_number() {
    covers(&[rule::ZAL_REFRESHED, rule::WHITELIST_REFRESHED, rule::ZAL_SERVED, rule::UCI_ZAL]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    crank.run_for(HOUR.saturating_mul(49));
    let published: Vec<(ListKind, u32)> = crank
        .record
        .notes(STELSELNODE)
        .filter_map(|note| match note {
            Note::Published(kind, number) => Some((kind, number)),
            _ => None,
        })
        .collect();
    for kind in ListKind::ALL {
        let numbers: Vec<u32> =
            published.iter().filter(|(of, _)| *of == kind).map(|(_, number)| *number).collect();
        assert_eq!(numbers, [2, 3], "{}", kind.name());
    }
    assert_eq!(numbers(&crank, PGO, ListKind::Zal), [2, 3]);
}

#[test]
fn a_change_is_on_the_next_list_and_in_use_after_the_next_fetch() {
    covers(&[rule::ZAL_UPDATED, rule::ZAL_BY_UCI, rule::STEP_OFFER]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    let wish = Wish { dienst: AFSPRAKEN, ..small.wish(1) };
    let last = |crank: &mut Crank<Silent>| {
        let person = small.visit(crank, wish);
        crank.run_for(Duration::from_secs(60));
        *crank.record.pages(person).last().unwrap()
    };
    let added = Request::ChangeRegister(Change::AddService(0));
    assert_eq!(operate(&mut crank, STELSELNODE, added), Response::Done);
    assert_eq!(last(&mut crank), Page::NotOffered);
    assert_eq!(
        operate(&mut crank, STELSELNODE, Request::Publish(ListKind::Zal, Edition::OfRegister)),
        Response::Done
    );
    assert_eq!(last(&mut crank), Page::NotOffered, "not fetched yet");
    crank.run_for(HOUR);
    assert_eq!(last(&mut crank), Page::Collected { answers: 1 });
}

#[test]
fn a_pgo_that_misses_something_may_fetch_a_newer_list_first() {
    covers(&[rule::ZAL_BY_UCI]);
    let mut small = Small::default();
    for policy in &mut small.pgos[0].node.lists {
        policy.on_miss = OnMiss::Pull { at_most_every: Duration::from_secs(60) };
        policy.phase = Phase::Synchronised;
    }
    let mut crank = small.build(Silent);
    operate(&mut crank, STELSELNODE, Request::ChangeRegister(Change::AddService(0)));
    operate(&mut crank, STELSELNODE, Request::Publish(ListKind::Zal, Edition::OfRegister));
    let wish = Wish { dienst: AFSPRAKEN, ..small.wish(1) };
    let persons = [small.visit(&mut crank, wish), small.visit(&mut crank, wish)];
    crank.run_for(Duration::from_secs(60));
    for person in persons {
        assert_eq!(crank.record.pages(person).last(), Some(&Page::Collected { answers: 1 }));
    }
    let fetches = |crank: &Crank<Silent>| {
        let zal = Request::GetList(ListKind::Zal);
        crank.record.requests(PGO).filter(|request| **request == zal).count()
    };
    assert_eq!(fetches(&crank), 1, "both share it");
    // What is on no list is not found by fetching more often than the policy says.
    let nowhere = Wish { zorgaanbieder: ZorgaanbiederId(77), ..wish };
    for _ in 0..5 {
        let person = small.visit(&mut crank, nowhere);
        crank.run_for(Duration::from_secs(10));
        assert_eq!(crank.record.pages(person).last(), Some(&Page::NotOffered));
    }
    assert_eq!(fetches(&crank), 2);
}

#[test]
fn a_newcomer_among_clients_and_peers_is_known_at_once_by_pulling_on_a_miss() {
    covers(&[rule::CLIENT_KNOWN, rule::WHITELIST_AT_HANDSHAKE]);
    for (on_miss, expected) in [
        (OnMiss::Refuse, Page::Stopped),
        (OnMiss::Pull { at_most_every: Duration::ZERO }, Page::Collected { answers: 1 }),
    ] {
        let mut small = Small::default();
        small.stelselnode.register.apply(Change::RemoveGateway(small.pgos[0].name));
        for policy in &mut small.zas[0].node.lists {
            policy.on_miss = on_miss;
        }
        let mut crank = small.build(Silent);
        let added = Change::AddGateway(small.pgos[0].name);
        operate(&mut crank, STELSELNODE, Request::ChangeRegister(added));
        for kind in [ListKind::Whitelist, ListKind::OauthClients] {
            operate(&mut crank, STELSELNODE, Request::Publish(kind, Edition::OfRegister));
        }
        let person = small.visit(&mut crank, small.wish(1));
        crank.run_for(Duration::from_secs(60));
        assert_eq!(crank.record.pages(person).last(), Some(&expected));
    }
}

/// What a PGO makes of a ZAL that is altered on its way.
fn altered(alter: impl Fn(&mut ListVersion) + 'static) -> (Crank<Silent>, Vec<Note>) {
    let small = Small::default();
    let mut crank = small.build(Silent);
    operate(&mut crank, STELSELNODE, Request::Publish(ListKind::Zal, Edition::OfRegister));
    crank.meddle(move |envelope| {
        if let Message::Response(Response::List(list)) = &mut envelope.message {
            let mut changed = (**list).clone();
            alter(&mut changed);
            *list = Arc::new(changed);
        }
        Fate::Pass
    });
    let done = operate(&mut crank, PGO, Request::FetchListNow(ListKind::Zal));
    assert_eq!(done, Response::NotDone);
    assert_eq!(crank.record.refusals(PGO), [rule::WHITELIST_ON_DEMAND]);
    crank.leave_alone();
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(60));
    let collected = Page::Collected { answers: 1 };
    assert_eq!(crank.record.pages(person).last(), Some(&collected), "the old list is in use");
    let notes = crank.record.notes(PGO).collect();
    (crank, notes)
}

#[test]
fn an_invalid_list_is_not_used_and_the_old_one_stays() {
    covers(&[rule::ZAL_VALIDATED, rule::WHITELIST_ON_DEMAND]);
    let rejected = |fault| Note::ListRejected(ListKind::Zal, 2, fault);
    let (_, notes) = altered(|list| list.fits_schema = false);
    assert!(notes.contains(&rejected(ListFault::Schema)), "{notes:?}");
    let (_, notes) = altered(|list| {
        list.content = protocol::register::ListContent::Zal(protocol::register::Zal::default())
    });
    assert!(notes.contains(&rejected(ListFault::Empty)), "{notes:?}");
    let (_, notes) = altered(|list| {
        *list =
            Small::default().stelselnode.register.publish(ListKind::Whitelist, 2, list.published);
    });
    assert!(notes.contains(&rejected(ListFault::OtherKind)), "{notes:?}");
}

#[test]
fn an_invalid_whitelist_is_not_used_and_the_old_one_stays() {
    covers(&[rule::WHITELIST_VALIDATED]);
    let small = Small::default().deviant(STELSELNODE, Deviation::ListsBroken);
    let mut crank = small.build(Silent);
    crank.run_for(HOUR);
    let rejected = Note::ListRejected(ListKind::Whitelist, 2, ListFault::Schema);
    assert!(crank.record.notes(ZA).any(|note| note == rejected));
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(60));
    assert_eq!(crank.record.pages(person).last(), Some(&Page::Collected { answers: 1 }));
}

#[test]
fn a_rollback_gives_the_version_before_and_its_number_is_never_used_again() {
    covers(&[rule::WHITELIST_ON_DEMAND]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    let kind = ListKind::Whitelist;
    let in_use = |crank: &Crank<Silent>, host| {
        crank
            .record
            .notes(host)
            .filter_map(|note| match note {
                Note::ListInUse(list, number) if list == kind => Some(number),
                _ => None,
            })
            .last()
    };
    // Broken by mistake: nobody uses it.
    operate(&mut crank, STELSELNODE, Request::Publish(kind, Edition::Broken));
    assert_eq!(operate(&mut crank, ZA, Request::FetchListNow(kind)), Response::NotDone);
    let before = in_use(&crank, ZA);
    // Valid, but with wrong content; then taken back.
    operate(&mut crank, STELSELNODE, Request::Publish(kind, Edition::OfRegister));
    assert_eq!(operate(&mut crank, ZA, Request::FetchListNow(kind)), Response::Done);
    assert_eq!(in_use(&crank, ZA), Some(3));
    assert_ne!(before, Some(3));
    let back = Request::Publish(kind, Edition::Previous);
    assert_eq!(operate(&mut crank, STELSELNODE, back), Response::Done);
    assert_eq!(operate(&mut crank, STELSELNODE, back), Response::NotDone, "nothing before that");
    assert_eq!(
        operate(&mut crank, ZA, Request::FetchListNow(kind)),
        Response::NotDone,
        "version 2 is broken still"
    );
    operate(&mut crank, STELSELNODE, Request::Publish(kind, Edition::OfRegister));
    assert_eq!(operate(&mut crank, ZA, Request::FetchListNow(kind)), Response::Done);
    assert_eq!(in_use(&crank, ZA), Some(4), "3 was taken back, and stays taken");
}

#[test]
fn an_older_list_is_taken_only_for_an_operator() {
    covers(&[rule::WHITELIST_ON_DEMAND]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    for _ in 0..2 {
        operate(
            &mut crank,
            STELSELNODE,
            Request::Publish(ListKind::Whitelist, Edition::OfRegister),
        );
    }
    assert_eq!(
        operate(&mut crank, PGO, Request::FetchListNow(ListKind::Whitelist)),
        Response::Done
    );
    assert_eq!(numbers(&crank, PGO, ListKind::Whitelist), [3]);
    // Beheer rolls back: the stelselnode serves the first list again.
    let old = small.stelselnode.register.publish_all();
    crank.meddle(move |envelope| {
        if let Message::Response(Response::List(list)) = &mut envelope.message {
            *list = Arc::clone(&old[list.kind as usize]);
        }
        Fate::Pass
    });
    crank.run_for(HOUR);
    let older = Note::ListRejected(ListKind::Whitelist, 1, ListFault::Older);
    assert!(crank.record.notes(PGO).any(|note| note == older));
    assert_eq!(numbers(&crank, PGO, ListKind::Whitelist), [3]);
    assert_eq!(
        operate(&mut crank, PGO, Request::FetchListNow(ListKind::Whitelist)),
        Response::Done
    );
    assert_eq!(numbers(&crank, PGO, ListKind::Whitelist), [3, 1]);
}

#[test]
fn an_operator_who_asks_while_a_fetch_is_under_way_gets_one_of_their_own() {
    covers(&[rule::WHITELIST_ON_DEMAND]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    crank.meddle(|envelope| match envelope.message.kind() {
        Kind::GetList => Fate::Delay(Duration::from_secs(2)),
        _ => Fate::Pass,
    });
    let first = crank.operate(PGO, Request::FetchListNow(ListKind::Whitelist));
    crank.run_for(Duration::from_secs(1));
    let second = crank.operate(PGO, Request::FetchListNow(ListKind::Whitelist));
    crank.run_for(Duration::from_secs(10));
    for operator in [first, second] {
        assert_eq!(crank.record.answer(operator).unwrap().0, &Response::Done);
    }
    let whitelist = Request::GetList(ListKind::Whitelist);
    assert_eq!(crank.record.requests(PGO).filter(|request| **request == whitelist).count(), 2);
}

#[test]
fn a_list_that_a_host_has_no_use_for_is_not_fetched() {
    let small = Small::default();
    let mut crank = small.build(Silent);
    let unused = Request::FetchListNow(ListKind::Gegevensdiensten);
    assert_eq!(operate(&mut crank, PGO, unused), Response::NotDone);
}

#[test]
fn a_fetch_that_failed_is_tried_again_before_the_next_is_due() {
    covers(&[rule::WHITELIST_PULLED]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    crank.set_up(STELSELNODE, false);
    let refused = |crank: &Crank<Silent>| {
        crank.record.notes(PGO).filter(|note| *note == Note::PeerLost(Failure::Refused)).count()
    };
    while refused(&crank) == 0 {
        crank.run_for(Duration::from_secs(1));
    }
    crank.run_for(Duration::from_secs(301));
    assert!(refused(&crank) >= 5, "{}", refused(&crank));
    crank.set_up(STELSELNODE, true);
    let before = crank.record.all().len();
    crank.run_for(Duration::from_secs(61));
    let after = format!("{:?}", &crank.record.all()[before..]);
    assert!(after.contains("ListUnchanged"), "{after}");
}

#[test]
fn the_register_changes_only_as_beheer_has_checked() {
    covers(&[rule::PROCESS_REGISTRATION, rule::ONE_BRON]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    let unknown = Request::ChangeRegister(Change::AddProvider(ZorgaanbiederId(99)));
    assert_eq!(operate(&mut crank, STELSELNODE, unknown), Response::NotDone);
    let good = Request::ChangeRegister(Change::RemoveProvider(GP));
    let stranger = protocol::message::Peer::Node(small.pgos[0].name);
    for request in [good, Request::Publish(ListKind::Zal, Edition::OfRegister)] {
        let to = small.pgos[0].name;
        let exchange = crank.send_to(STELSELNODE, to, stranger, small.release, request);
        crank.settle();
        assert_eq!(crank.record.answer(exchange).unwrap().0, &Response::NotDone);
    }
    assert_eq!(crank.record.refusals(STELSELNODE), [rule::PROCESS_REGISTRATION; 3]);
    assert_eq!(operate(&mut crank, STELSELNODE, good), Response::Done);
    assert!(crank.record.notes(STELSELNODE).any(|note| note == Note::RegisterChanged));
}

#[test]
fn an_endpoint_that_moves_is_where_people_go_once_the_list_says_so() {
    covers(&[rule::ZAL_BY_UCI, rule::REAL_SERVER]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    operate(&mut crank, STELSELNODE, Request::ChangeRegister(Change::MoveEndpoint(0)));
    operate(&mut crank, STELSELNODE, Request::Publish(ListKind::Zal, Edition::OfRegister));
    operate(&mut crank, PGO, Request::FetchListNow(ListKind::Zal));
    crank.record.clear();
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(60));
    assert_eq!(crank.record.pages(person).last(), Some(&Page::Collected { answers: 1 }));
    assert_eq!(crank.record.said(ZA).filter(|said| said.to == small.zas[0].front).count(), 0);
    assert!(crank.record.said(OTHER_ZA).count() > 0);
}
