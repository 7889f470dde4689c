//! Codes and tokens over a run: how many collisions were to be expected, and when a gateway sees the first.

mod script;

use protocol::trace::{Event, Note, Secret};
use script::*;
use watch::statistics::{Replication, Settings, Statistics};

/// Three flows that are issued a code and a token each, all live at once, and these notes of gateways.
fn replication(entropy_bits: u8, notes: &[(f64, protocol::id::HostId, Note)]) -> Replication {
    let settings = Settings { entropy_bits, ..Settings::new(window(0.0, 100.0), 1, 0) };
    let mut statistics = Statistics::new(directory(), settings);
    let flows = (0..3).map(|n| {
        let mut flow = Script::flow(n, at(1.0));
        flow.verzamelen(n, 1);
        flow
    });
    let mut gateways = Script::nobody(at(0.0));
    for (seconds, host, note) in notes {
        gateways.now = at(*seconds);
        gateways.plain(Event::Noted { host: *host, note: *note });
    }
    gateways.now = at(1_800.0);
    gateways.plain(Event::RunEnded);
    play(&mut statistics, flows.chain([gateways]));
    statistics.finish()
}

#[test]
fn as_many_collisions_are_expected_as_values_live_at_each_issue_over_those_possible() {
    // Of three codes none, one and two others were live; of the tokens too.
    let run = replication(4, &[]);
    assert_eq!(value(&run, "tokens.pairs"), 6.0);
    assert_eq!(value(&run, "tokens.expected_collisions"), 6.0 / 16.0);
    let of = |gateway| value_of(&run, "tokens.expected_collisions", gateway);
    assert_eq!([of("gateway=za-1"), of("gateway=za-2")], [Some(6.0 / 16.0), None]);
    let all_bits = value(&replication(122, &[]), "tokens.expected_collisions");
    assert_eq!(all_bits, 6.0 / 122f64.exp2());
}

#[test]
fn a_gateway_sees_that_values_are_too_few_when_it_detects_a_collision_and_not_before() {
    let detected = |seconds, host| (seconds, host, Note::CollisionDetected(Secret::Code));
    let run = replication(
        4,
        &[
            (5.0, ZA, Note::CollisionUndetected(Secret::Token)),
            detected(20.0, ZA),
            detected(30.0, ZA),
            detected(25.0, OTHER_ZA),
        ],
    );
    let groups = ["", "gateway=za-1", "gateway=za-2"];
    let of = |metric: &str| groups.map(|group| value_of(&run, metric, group));
    assert_eq!(of("tokens.first_detected"), [Some(20.0), Some(20.0), Some(25.0)]);
    // In half an hour.
    assert_eq!(of("tokens.detected_per_hour"), [Some(6.0), Some(4.0), Some(2.0)]);

    let unseen = replication(4, &[(5.0, ZA, Note::CollisionUndetected(Secret::Token))]);
    assert_eq!(value_of(&unseen, "tokens.first_detected", ""), None);
    assert_eq!(value(&unseen, "tokens.detected_per_hour"), 0.0);
}
