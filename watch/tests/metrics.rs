//! The table of metrics against a run: no row that nobody fills, no figure that no row explains.

mod script;

use std::collections::BTreeSet;

use protocol::{
    contract::{Failure, Work},
    message::{Peer, Request, Response},
    register::{Change, ListKind},
    trace::{Event, Note, Secret},
};
use script::*;
use watch::{
    statistics::{FaultSpan, Settings, Statistics},
    study::{
        headline::headline,
        metrics::{MetricId, MetricKind},
        summary::summarise,
    },
};

/// A run in which everything happens that a metric counts.
fn everything() -> Vec<Script> {
    let mut completed = Script::flow(0, at(20.0));
    completed.verzamelen(0, 2);
    let mut abandoned = Script::flow(1, at(30.0));
    abandoned.open(1);
    abandoned.end(false);
    abandoned.leave();

    let mut lists = Script::nobody(at(40.0));
    let list = Response::List(directory().lists[ListKind::Whitelist as usize].clone());
    let whitelist = Request::GetList(ListKind::Whitelist);
    lists.call(ZA, STELSELNODE, STELSELNODE_NAME, whitelist, list, None);
    let open = lists.ask(ZA, OCSP, OCSP_NAME, Request::OcspQuery(protocol::id::Serial(1)));
    lists.serve(OCSP, &[Work::SignOcsp]);
    lists.fail(&open, Failure::Reset, 1);
    lists.plain(Event::Noted { host: ZA, note: Note::CollisionDetected(Secret::Code) });
    lists.serve(OTHER_PGO, &[Work::RenderPage]);
    lists.serve(OTHER_ZA, &[Work::RenderPage]);

    let mut change = Script::nobody(at(50.0));
    let request = Request::ChangeRegister(Change::RemoveGateway(OTHER_ZA_BACK));
    let mut open = change.ask(STELSELNODE, STELSELNODE, STELSELNODE_NAME, request);
    open.envelope.from = Peer::Operator;
    change.arrive(&mut open);
    change.plain(Event::Noted { host: STELSELNODE, note: Note::RegisterChanged });
    for list in [ListKind::Whitelist, ListKind::Zal] {
        change.plain(Event::Noted { host: STELSELNODE, note: Note::Published(list, 2) });
        for host in [PGO, OTHER_PGO, ZA] {
            change.plain(Event::Noted { host, note: Note::ListInUse(list, 2) });
        }
    }
    change.now = at(100.0);
    change.plain(Event::RunEnded);
    vec![completed, abandoned, lists, change]
}

#[test]
fn every_metric_of_the_table_gets_a_value_in_a_run_in_which_everything_happens() {
    let faults = vec![FaultSpan { begins: at(60.0), ends: Some(at(70.0)) }];
    let settings = Settings { faults, ..Settings::new(window(10.0, 300.0), 1, 0) };
    let mut statistics = Statistics::new(directory(), settings);
    let recovered = (2..5).map(|n| {
        let mut completed = Script::flow(n, at(70.0 + 60.0 * f64::from(n - 2)));
        completed.verzamelen(n, 1);
        completed
    });
    play(&mut statistics, everything().into_iter().chain(recovered));
    let figures = statistics.finish().figures;
    let found: BTreeSet<MetricId> =
        figures.values().map(|(id, ..)| id).chain(figures.tallies().map(|(id, ..)| id)).collect();
    let derived = |id: &MetricId| {
        matches!(id.metric().kind, MetricKind::Share { .. } | MetricKind::Quantile { .. })
    };
    let missing: Vec<&str> = MetricId::all()
        .filter(|id| !derived(id) && !found.contains(id))
        .map(MetricId::name)
        .collect();
    assert_eq!(missing, [""; 0]);

    let summary = summarise(&[figures]);
    let estimated: BTreeSet<MetricId> = summary.rows.iter().map(|row| row.metric).collect();
    let missing: Vec<&str> = MetricId::all()
        .filter(|id| id.metric().kind != MetricKind::Distribution && !estimated.contains(id))
        .map(MetricId::name)
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn a_run_has_an_answer_in_three_sentences() {
    let runs: Vec<_> = (0..3)
        .map(|n| {
            let settings = Settings::new(window(10.0, 90.0), 1, n);
            let mut statistics = Statistics::new(directory(), settings);
            play(&mut statistics, everything());
            statistics.finish().figures
        })
        .collect();
    let sentences = headline(&summarise(&runs));
    assert_eq!(
        sentences[0],
        "Of 2 wishes a replication 50.0 % (50.0 to 50.0) were served; most of the rest \
         (50.0 % of all) ended because the person left."
    );
    assert!(sentences[1].contains("too few observations: 1"), "{}", sentences[1]);
    assert!(
        sentences[2].starts_with("The busiest host was za-1, at work 0.017 % (0.017 to 0.017)"),
        "{}",
        sentences[2]
    );
}
