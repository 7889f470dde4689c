//! Stations over the window: how its edges are cut, what adds up, and Little's law.

mod script;

use proptest::prelude::*;
use protocol::{
    contract::Work,
    id::HostId,
    time::{Duration, Instant},
    trace::{Event, HostChange, Stamp},
};
use script::*;
use watch::statistics::{HostRow, Replication, Settings, Statistics};

/// Plays events of stations in a window.
fn replication(window: watch::directory::Window, events: &[(f64, Event<'static>)]) -> Replication {
    let mut statistics = Statistics::new(directory(), Settings::new(window, 1, 0));
    for (seconds, event) in events {
        statistics.event(Stamp { at: at(*seconds), flow: None }, event);
    }
    statistics.finish()
}

fn total(replication: &Replication, host: HostId) -> &HostRow {
    let row = replication.hosts.iter().find(|row| row.host == host && row.work.is_none());
    row.expect("every host has a row")
}

fn queued(host: HostId) -> Event<'static> {
    Event::Queued { host }
}

fn began(host: HostId, queued: f64) -> Event<'static> {
    Event::ServiceBegan { host, queued: at(queued) }
}

fn ended(host: HostId, began: f64) -> Event<'static> {
    Event::ServiceEnded { host, began: at(began) }
}

#[test]
fn integrals_are_cut_at_the_edges_of_the_window_and_jobs_add_up() {
    // A job waits over the beginning of the window, another over its end.
    let replication = replication(
        window(10.0, 20.0),
        &[
            (5.0, queued(XIS)),
            (12.0, began(XIS, 5.0)),
            (16.0, ended(XIS, 12.0)),
            (18.0, queued(XIS)),
            (19.0, began(XIS, 18.0)),
            (19.5, queued(XIS)),
            (23.0, ended(XIS, 19.0)),
            (24.0, began(XIS, 19.5)),
            (25.0, ended(XIS, 24.0)),
        ],
    );
    let row = total(&replication, XIS);
    assert_eq!((row.arrivals, row.served), (2, 1));
    assert_eq!(row.there, Some((1, 2)), "one at the start; at the end one in service, one waiting");
    assert!(row.balances());
    // Two workers, ten seconds: busy 4 + 1 worker-seconds.
    assert_eq!(row.utilisation, Some(5.0 / 20.0));
    // Waiting 2 + 1 + 0.5 seconds.
    assert_eq!(row.mean_queue, Some(3.5 / 10.0));
    assert_eq!(row.max_queue, Some(1));
    assert_eq!(row.mean_wait, Some((7.0 + 1.0) / 2.0), "waits count whole");
    assert_eq!(row.mean_service, Some(4.0), "only one service ended in the window");
    let little = row.little.unwrap();
    assert_eq!(little.waiting, 0.35);
    assert_eq!(little.rate_times_wait, 0.35);
    assert!(replication.conservation.holds());
}

#[test]
fn what_is_turned_away_or_dropped_is_accounted_for() {
    let replication = replication(
        window(0.0, 10.0),
        &[
            (1.0, queued(ZA)),
            (1.0, began(ZA, 1.0)),
            (2.0, queued(ZA)),
            (2.0, Event::TurnedAway { host: ZA }),
            (3.0, Event::Dropped { host: ZA, waiting: 1, in_service: 1 }),
            (3.0, Event::Host { host: ZA, change: HostChange::Crashed }),
        ],
    );
    let row = total(&replication, ZA);
    assert_eq!((row.arrivals, row.served), (3, 0));
    assert_eq!((row.rejected, row.dropped), (Some(1), Some(2)));
    assert!(row.balances());
    assert_eq!(row.little, None, "how long the dropped job waited is not known");
    assert_eq!(value(&replication, "hosts.za.rejected"), 1.0);
    assert_eq!(value(&replication, "hosts.za.dropped"), 2.0);
}

#[test]
fn utilisation_is_of_the_time_up_and_not_paused() {
    let host = |host, change| Event::Host { host, change };
    let replication = replication(
        window(0.0, 10.0),
        &[
            (0.0, queued(XIS)),
            (0.0, began(XIS, 0.0)),
            (2.0, host(XIS, HostChange::Paused)),
            (5.0, host(XIS, HostChange::Resumed)),
            (7.0, ended(XIS, 0.0)),
            (8.0, host(XIS, HostChange::Down)),
            (12.0, host(XIS, HostChange::Up)),
        ],
    );
    let row = total(&replication, XIS);
    // Up and not paused for five seconds, one of two workers busy for four of them.
    assert_eq!(row.utilisation, Some(4.0 / 10.0));
    assert_eq!((row.paused, row.down), (Some(3.0), Some(2.0)));
    assert_eq!(value(&replication, "hosts.xis.down"), 2.0);
}

#[test]
fn a_host_that_was_never_up_has_no_utilisation() {
    let down = Event::Host { host: DIGID, change: HostChange::Down };
    let replication = replication(window(0.0, 10.0), &[(0.0, down), (12.0, queued(ZA))]);
    assert_eq!(total(&replication, DIGID).utilisation, None);
    assert_eq!(total(&replication, DIGID).down, Some(10.0));
}

#[test]
fn works_have_rows_of_their_own_with_what_a_work_can_have() {
    let worked =
        |work, millis| Event::Worked { host: ZA, work, cost: Duration::from_millis(millis) };
    let replication = replication(
        window(1.0, 11.0),
        &[
            (0.5, worked(Work::IssueToken, 1_000)),
            (2.0, queued(ZA)),
            (2.0, began(ZA, 2.0)),
            (2.0, worked(Work::CheckToken, 100)),
            (2.0, worked(Work::BuildFhir, 300)),
            (2.4, ended(ZA, 2.0)),
            (3.0, worked(Work::CheckToken, 300)),
            (12.0, worked(Work::CheckToken, 900)),
        ],
    );
    let rows: Vec<&HostRow> = replication.hosts.iter().filter(|row| row.host == ZA).collect();
    assert_eq!(rows.len(), 3, "the total and the two works of the window");
    assert_eq!(rows[1].work, Some(Work::CheckToken));
    assert_eq!((rows[1].served, rows[1].mean_service), (2, Some(0.2)));
    assert_eq!(rows[1].utilisation, Some(0.4 / (10.0 * 4.0)));
    assert_eq!((rows[1].mean_wait, rows[1].mean_queue, rows[1].rejected), (None, None, None));
    assert_eq!(rows[2].work, Some(Work::BuildFhir));
}

#[test]
fn a_queue_that_was_there_for_no_time_was_no_queue_and_the_95th_percentile_counts_zero_waits() {
    let mut events = Vec::new();
    for n in 0..100 {
        let begin = f64::from(n);
        let wait = if n < 90 { 0.0 } else { 0.5 };
        events.push((begin, queued(ZA)));
        events.push((begin + wait, began(ZA, begin)));
        events.push((begin + 0.75, ended(ZA, begin + wait)));
    }
    let calm = replication(window(0.0, 90.0), &events);
    assert_eq!(total(&calm, ZA).max_queue, Some(0));
    assert_eq!(total(&calm, ZA).p95_wait, Some(0.0));
    let whole = replication(window(0.0, 100.0), &events);
    assert_eq!(total(&whole, ZA).max_queue, Some(1));
    let p95 = total(&whole, ZA).p95_wait.unwrap();
    assert!((p95 - 0.5).abs() < 0.5 / 128.0, "{p95}");
    assert_eq!(total(&whole, ZA).mean_wait, Some(0.05));
}

#[test]
fn the_busiest_host_of_a_role_and_its_queue_are_followed_over_time() {
    let mut settings = Settings::new(window(0.0, 4.0), 1, 0);
    settings.timeline_step = Duration::from_secs(1);
    let mut statistics = Statistics::new(directory(), settings);
    for (seconds, event) in [
        (0.5, queued(XIS)),
        (0.5, began(XIS, 0.5)),
        (1.5, ended(XIS, 0.5)),
        (1.5, queued(XIS)),
        (3.5, began(XIS, 1.5)),
    ] {
        statistics.event(Stamp { at: at(seconds), flow: None }, &event);
    }
    let replication = statistics.finish();
    let follow = |metric: &str| -> Vec<f64> {
        let rows = replication.timeline.iter();
        rows.filter(|row| row.series.metric() == metric && row.series.group() == "role=xis")
            .map(|row| row.value)
            .collect()
    };
    assert_eq!(follow("hosts.utilisation.max"), [0.25, 0.25, 0.0]);
    assert_eq!(follow("hosts.queue.max"), [0.0, 1.0, 1.0]);
}

/// What a station with two workers and one queue does with these jobs: (arrival, service), in
/// milliseconds.
fn station(jobs: &[(u64, u64)]) -> Vec<(u64, u64, u64)> {
    let mut free_at = [0u64; 2];
    let mut now = 0;
    jobs.iter()
        .map(|(passed, service)| {
            now += passed;
            let worker = if free_at[0] <= free_at[1] { 0 } else { 1 };
            let begin = now.max(free_at[worker]);
            free_at[worker] = begin + service;
            (now, begin, begin + service)
        })
        .collect()
}

proptest! {
    #[test]
    fn any_run_of_a_station_gives_the_integrals_of_its_jobs_and_keeps_littles_law(
        jobs in proptest::collection::vec((0u64..300, 0u64..900), 1..60),
        warm_up in 0u64..4_000,
        length in 1u64..6_000,
    ) {
        let jobs = station(&jobs);
        let ms = |millis: u64| Instant::START + Duration::from_millis(millis);
        let mut events = Vec::new();
        for (arrived, begin, end) in &jobs {
            // In the order in which a station says so, where several fall together.
            events.push((*end, 0, Event::ServiceEnded { host: XIS, began: ms(*begin) }));
            events.push((*arrived, 1, Event::Queued { host: XIS }));
            events.push((*begin, 2, Event::ServiceBegan { host: XIS, queued: ms(*arrived) }));
            if begin == end {
                events.swap_remove(events.len() - 3);
                events.push((*end, 3, Event::ServiceEnded { host: XIS, began: ms(*begin) }));
            }
        }
        events.sort_by_key(|(at, order, _)| (*at, *order));
        let (from, to) = (warm_up, warm_up + length);
        let window = watch::directory::Window { warm_up: ms(from), horizon: ms(to) };
        let settings = Settings { timeline_step: Duration::ZERO, ..Settings::new(window, 1, 0) };
        let mut statistics = Statistics::new(directory(), settings);
        for (at, _, event) in &events {
            statistics.event(Stamp { at: ms(*at), flow: None }, event);
        }
        statistics.event(Stamp { at: ms(1_000_000), flow: None }, &Event::RunEnded);
        let replication = statistics.finish();
        prop_assert!(replication.conservation.holds(), "{:?}", replication.conservation);
        let within = |a: u64, b: u64| b.clamp(from, to) - a.clamp(from, to);
        let waiting: u64 = jobs.iter().map(|(arrived, begin, _)| within(*arrived, *begin)).sum();
        let busy: u64 = jobs.iter().map(|(_, begin, end)| within(*begin, *end)).sum();
        let Some(row) = replication.hosts.iter().find(|row| row.host == XIS && row.work.is_none()) else {
            // A xIS that nobody asked in the window has no row.
            prop_assert!(jobs.iter().all(|(arrived, ..)| !(from..to).contains(arrived)));
            return Ok(());
        };
        let length = length as f64;
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
        prop_assert!(close(row.mean_queue.unwrap(), waiting as f64 / length));
        prop_assert!(close(row.utilisation.unwrap(), busy as f64 / (2.0 * length)));
        let little = row.little.unwrap();
        prop_assert!(close(little.waiting, little.rate_times_wait), "{:?}", little);
    }
}
