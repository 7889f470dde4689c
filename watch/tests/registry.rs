//! Changes of the register: when they are published and known, and what goes wrong until then.

mod script;

use protocol::{
    catalogue::Gegevensdienst,
    id::{ConnectionId, HostId, NameId, Serial},
    message::{Certificate, InvalidCause, Page, Peer, Request, Response, Side},
    register::{Change, ListKind},
    rule,
    rule::{Rule, covers},
    time::{Instant, WallTime},
    trace::{Event, Note},
};
use script::{flow::*, *};
use watch::statistics::{RegistryRow, Replication};

/// A script of no flow, and what one can do at moments of it.
fn beheer() -> Script {
    Script::nobody(at(0.0))
}

fn note(script: &mut Script, seconds: f64, host: HostId, note: Note) {
    script.now = at(seconds);
    script.plain(Event::Noted { host, note });
}

/// Beheer changes the register; the stelselnode says so at once and answers later.
fn change(script: &mut Script, seconds: f64, change: Change) {
    script.now = at(seconds);
    let request = Request::ChangeRegister(change);
    let mut open = script.ask(STELSELNODE, STELSELNODE, STELSELNODE_NAME, request);
    open.envelope.from = Peer::Operator;
    script.pace[0] = 0;
    script.arrive(&mut open);
    script.plain(Event::Noted { host: STELSELNODE, note: Note::RegisterChanged });
    script.now = at(seconds + 0.5);
    script.answer(&open, Response::Done, None);
    script.pace[0] = 10;
}

fn handshake(
    script: &mut Script,
    subject: NameId,
    peer: HostId,
    host: HostId,
    refusal: Option<Rule>,
) {
    let (connection, side) = (ConnectionId(7), Side::Answerer);
    let certificate: &'static Certificate = Box::leak(Box::new(Certificate {
        serial: Serial(subject.0),
        subject,
        not_after: WallTime::FAR_FUTURE,
        trusted_chain: true,
    }));
    let name = subject;
    let (staple, wall) = (None, WallTime::default());
    script.plain(Event::Handshake {
        connection,
        host,
        side,
        peer,
        certificate,
        name,
        staple,
        wall,
    });
    let admitted = refusal.is_none();
    script.plain(Event::Verdict { connection, host, side, admitted, refusal, wall });
}

fn replication(scripts: impl IntoIterator<Item = Script>) -> Replication {
    let mut statistics = all_kept(window(0.0, 10_000.0));
    play(&mut statistics, scripts);
    statistics.finish()
}

fn row(replication: &Replication, list: ListKind, node: HostId) -> &RegistryRow {
    let row = replication.registry.iter().find(|row| row.list == list && row.node == node);
    row.unwrap_or_else(|| panic!("{list:?} at {node:?} has no row"))
}

fn known(row: &RegistryRow) -> (Instant, Option<Instant>, Option<Instant>) {
    (row.changed, row.published, row.known)
}

#[test]
fn a_newcomer_is_published_and_then_known_to_each_node_that_has_to_know() {
    covers(&[rule::WHITELIST_UPDATED]);
    let mut script = beheer();
    note(&mut script, 50.0, STELSELNODE, Note::Published(ListKind::Whitelist, 2));
    change(&mut script, 100.0, Change::AddGateway(NEW_PGO_NAME));
    note(&mut script, 150.0, ZA, Note::ListInUse(ListKind::Whitelist, 2));
    note(&mut script, 200.0, STELSELNODE, Note::Published(ListKind::Whitelist, 3));
    note(&mut script, 200.0, STELSELNODE, Note::Published(ListKind::OauthClients, 2));
    note(&mut script, 260.0, ZA, Note::ListInUse(ListKind::Whitelist, 3));
    note(&mut script, 300.0, OTHER_ZA, Note::ListInUse(ListKind::Whitelist, 5));
    note(&mut script, 310.0, ZA, Note::ListInUse(ListKind::Whitelist, 5));
    note(&mut script, 320.0, PGO, Note::ListInUse(ListKind::Whitelist, 3));
    note(&mut script, 330.0, OTHER_PGO, Note::ListInUse(ListKind::Whitelist, 3));
    note(&mut script, 400.0, ZA, Note::ListInUse(ListKind::OauthClients, 2));
    note(&mut script, 500.0, OTHER_ZA, Note::ListInUse(ListKind::OauthClients, 2));
    let replication = replication([script]);
    let whitelist = |node| known(row(&replication, ListKind::Whitelist, node));
    let time = |seconds| Some(at(seconds));
    assert_eq!(whitelist(ZA), (at(100.0), time(200.0), time(260.0)));
    assert_eq!(whitelist(OTHER_ZA), (at(100.0), time(200.0), time(300.0)));
    assert_eq!(whitelist(STELSELNODE), (at(100.0), time(200.0), time(200.0)));
    let clients = |node| known(row(&replication, ListKind::OauthClients, node));
    assert_eq!(clients(OTHER_ZA), (at(100.0), time(200.0), time(500.0)));
    // Four nodes and the stelselnode for the Whitelist, two for the clients; not the newcomer itself.
    assert_eq!(replication.registry.len(), 7);
    assert!(replication.registry.iter().all(|row| row.kind == "add-gateway"));
    assert_eq!(value(&replication, "registry.changes"), 1.0);
    assert_eq!(value(&replication, "registry.publication_lag.max"), 100.0);
    assert_eq!(value(&replication, "registry.full_propagation.max"), 400.0);
    assert_eq!(value(&replication, "registry.unknown_at_end"), 0.0);
    let lags = [60.0, 100.0, 120.0, 130.0, 200.0, 300.0];
    assert_eq!(value(&replication, "registry.pull_lag.mean"), lags.iter().sum::<f64>() / 6.0);
    assert_eq!(value(&replication, "registry.pull_lag.max"), 300.0);
}

#[test]
fn a_change_that_not_all_know_by_the_end_has_no_full_propagation() {
    let mut script = beheer();
    change(&mut script, 100.0, Change::AddGateway(NEW_PGO_NAME));
    note(&mut script, 200.0, STELSELNODE, Note::Published(ListKind::Whitelist, 2));
    note(&mut script, 300.0, ZA, Note::ListInUse(ListKind::Whitelist, 2));
    let replication = replication([script]);
    assert_eq!(value_of(&replication, "registry.full_propagation.max", ""), None);
    assert_eq!(value(&replication, "registry.unknown_at_end"), 5.0);
    assert_eq!(row(&replication, ListKind::OauthClients, ZA).published, None);
}

#[test]
fn a_change_that_cannot_be_made_is_none() {
    let mut script = beheer();
    script.now = at(1.0);
    let unknown = Request::ChangeRegister(Change::AddGateway(NameId(999)));
    let mut open = script.ask(STELSELNODE, STELSELNODE, STELSELNODE_NAME, unknown);
    script.arrive(&mut open);
    script.answer(&open, Response::NotDone, None);
    let replication = replication([script]);
    assert!(replication.registry.is_empty());
    assert_eq!(value(&replication, "registry.changes"), 0.0);
}

#[test]
fn a_publication_that_nobody_noted_shows_when_the_list_is_given() {
    let mut script = beheer();
    change(&mut script, 100.0, Change::Rename(PGO_NAME, protocol::names::OrganisationId(9)));
    script.now = at(250.0);
    let directory = directory();
    let mut list = (*directory.lists[ListKind::OauthClients as usize]).clone();
    list.number = 2;
    list.published = WallTime::exact(at(200.0));
    let response = Response::List(list.into());
    let request = Request::GetList(ListKind::OauthClients);
    script.call(ZA, STELSELNODE, STELSELNODE_NAME, request, response, None);
    note(&mut script, 251.0, ZA, Note::ListInUse(ListKind::OauthClients, 2));
    let replication = replication([script]);
    let clients = known(row(&replication, ListKind::OauthClients, ZA));
    assert_eq!(clients, (at(100.0), Some(at(200.0)), Some(at(251.0))));
}

#[test]
fn flows_are_blocked_where_a_peer_does_not_know_a_newcomer_yet() {
    let mut script = beheer();
    change(&mut script, 10.0, Change::AddGateway(NEW_PGO_NAME));
    change(&mut script, 20.0, Change::AddService(0));
    note(&mut script, 300.0, STELSELNODE, Note::Published(ListKind::Whitelist, 2));
    note(&mut script, 300.0, ZA, Note::ListInUse(ListKind::Whitelist, 2));

    let of_newcomer = |n: u32, start: f64| {
        let mut flow = Script::flow(n, at(start));
        flow.begin(protocol::trace::FlowFacts { pgo: NEW_PGO, ..facts(n) });
        flow
    };
    let refusal = Some(rule::WHITELIST_AT_HANDSHAKE);
    // Twice in one flow counts once; after the gateway knows, it is another matter.
    let mut handshaking = of_newcomer(0, 100.0);
    handshake(&mut handshaking, NEW_PGO_NAME, NEW_PGO, ZA, refusal);
    handshake(&mut handshaking, NEW_PGO_NAME, NEW_PGO, ZA, refusal);
    let mut later = of_newcomer(1, 400.0);
    handshake(&mut later, NEW_PGO_NAME, NEW_PGO, ZA, refusal);
    let mut other_rule = of_newcomer(2, 100.0);
    handshake(&mut other_rule, NEW_PGO_NAME, NEW_PGO, ZA, Some(rule::OCSP_AT_HANDSHAKE));

    let mut unknown_client = of_newcomer(3, 100.0);
    let invalid = page(Page::RequestInvalid(InvalidCause::UnknownClient));
    unknown_client.browse(ZA, ZA_FRONT, authorize(), invalid);

    let mut not_offered = Script::flow(4, at(100.0));
    let dienst = Gegevensdienst(6);
    not_offered.begin(protocol::trace::FlowFacts { dienst, ..facts(4) });
    not_offered.browse(PGO, PGO_NAME, choose(), page(Page::NotOffered));
    let mut another_service = Script::flow(5, at(100.0));
    another_service.begin(facts(5));
    another_service.browse(PGO, PGO_NAME, choose(), page(Page::NotOffered));

    let scripts =
        [script, handshaking, later, other_rule, unknown_client, not_offered, another_service];
    let replication = replication(scripts);
    let blocked = |list, node| row(&replication, list, node).harm.blocked_flows;
    assert_eq!(blocked(ListKind::Whitelist, ZA), 1);
    assert_eq!(blocked(ListKind::OauthClients, ZA), 1);
    assert_eq!(blocked(ListKind::Zal, PGO), 1);
    assert_eq!(value(&replication, "registry.blocked_flows"), 3.0);
}

#[test]
fn exposure_runs_from_the_change_and_is_split_at_its_publication() {
    let mut script = beheer();
    let talk = |script: &mut Script, seconds: f64| {
        script.now = at(seconds);
        handshake(script, OTHER_PGO_NAME, OTHER_PGO, ZA, None);
        script.pace = [0, 0, 0];
        script.call(OTHER_PGO, ZA, ZA_BACK, offer_code(), token(), None);
    };
    talk(&mut script, 50.0);
    change(&mut script, 100.0, Change::RemoveGateway(OTHER_PGO_NAME));
    talk(&mut script, 150.0);
    note(&mut script, 200.0, STELSELNODE, Note::Published(ListKind::Whitelist, 2));
    talk(&mut script, 250.0);
    talk(&mut script, 260.0);
    note(&mut script, 300.0, ZA, Note::ListInUse(ListKind::Whitelist, 2));
    // A connection that was kept alive lets traffic go on after that.
    script.now = at(310.0);
    script.call(OTHER_PGO, ZA, ZA_BACK, offer_code(), token(), None);
    let replication = replication([script]);
    let harm = row(&replication, ListKind::Whitelist, ZA).harm;
    assert_eq!(harm.exposed_handshakes, [1, 2]);
    assert_eq!(harm.exposed_exchanges, [1, 3]);
    assert_eq!(harm.exposed_bytes, [1_600, 4_800]);
    assert_eq!(value(&replication, "registry.exposed_handshakes"), 3.0);
    assert_eq!(value(&replication, "registry.exposed_bytes.before_publication"), 1_600.0);
    let none = row(&replication, ListKind::Whitelist, OTHER_ZA).harm;
    assert_eq!(none, Default::default());
    assert!(replication.registry.iter().all(|row| row.node != OTHER_PGO), "it has nothing to know");
}

#[test]
fn a_flow_that_asks_an_old_address_after_a_move_is_misdirected_once() {
    let mut script = beheer();
    change(&mut script, 100.0, Change::MoveEndpoint(0));
    let mut before = Script::flow(0, at(1.0));
    before.verzamelen(0, 1);
    let mut after = Script::flow(1, at(200.0));
    after.verzamelen(1, 1);
    let replication = replication([script, before, after]);
    assert_eq!(row(&replication, ListKind::Zal, PGO).harm.misdirected_flows, 1);
    assert_eq!(value(&replication, "registry.misdirected_flows"), 1.0);
}

#[test]
fn figures_of_changes_are_told_apart_by_kind_and_pull_lags_by_list() {
    let mut script = beheer();
    change(&mut script, 100.0, Change::RemoveGateway(OTHER_PGO_NAME));
    note(&mut script, 150.0, STELSELNODE, Note::Published(ListKind::Whitelist, 2));
    note(&mut script, 150.0, STELSELNODE, Note::Published(ListKind::OauthClients, 2));
    note(&mut script, 160.0, ZA, Note::ListInUse(ListKind::Whitelist, 2));
    note(&mut script, 180.0, ZA, Note::ListInUse(ListKind::OauthClients, 2));
    script.now = at(200.0);
    handshake(&mut script, OTHER_PGO_NAME, OTHER_PGO, OTHER_ZA, None);
    change(&mut script, 1_000.0, Change::MoveEndpoint(0));
    let mut misdirected = Script::flow(1, at(1_100.0));
    misdirected.verzamelen(1, 1);
    note(&mut script, 1_300.0, STELSELNODE, Note::Published(ListKind::Zal, 2));
    note(&mut script, 1_400.0, PGO, Note::ListInUse(ListKind::Zal, 2));
    let replication = replication([script, misdirected]);
    let of = |metric: &str| {
        ["change=remove-gateway", "change=move-endpoint", "change=add-gateway"]
            .map(|group| value_of(&replication, &format!("registry.{metric}"), group))
    };
    assert_eq!(of("changes"), [Some(1.0), Some(1.0), None]);
    assert_eq!(of("publication_lag.max"), [Some(50.0), Some(300.0), None]);
    assert_eq!(of("pull_lag.mean"), [Some(20.0), Some(100.0), None]);
    assert_eq!(of("pull_lag.max"), [Some(30.0), Some(100.0), None]);
    assert_eq!(of("full_propagation.max"), [None, Some(400.0), None], "not all know who left");
    assert_eq!(of("exposed_handshakes"), [Some(1.0), Some(0.0), None]);
    assert_eq!(of("exposed_handshakes.after_publication"), [Some(1.0), Some(0.0), None]);
    assert_eq!(of("misdirected_flows"), [Some(0.0), Some(1.0), None]);
    for metric in ["changes", "unknown_at_end", "misdirected_flows", "exposed_bytes"] {
        let metric = format!("registry.{metric}");
        let kinds = ["remove-gateway", "move-endpoint"];
        let of = |kind| value_of(&replication, &metric, &format!("change={kind}")).unwrap_or(0.0);
        let sum: f64 = kinds.map(of).iter().sum();
        assert_eq!(sum, value(&replication, &metric), "{metric}");
    }
    let lists = ["list=whitelist", "list=ocl", "list=zal", "list=gegevensdiensten"];
    let lags = lists.map(|list| value_of(&replication, "registry.pull_lag.max", list));
    assert_eq!(lags, [Some(10.0), Some(30.0), Some(100.0), None]);
}
