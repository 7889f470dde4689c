//! What statistics cost per event: a scripted flow of all sixteen steps, 10,000 of them interleaved.

#[path = "../tests/script/mod.rs"]
mod script;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use protocol::{
    id::{FlowId, HostId},
    time::{Duration, Instant},
    trace::{Event, FlowRef, Stamp},
};
use script::{Owned, Script, directory, window};
use watch::statistics::{FlowsKept, Settings, Statistics};

const FLOWS: u32 = 10_000;

/// All flows take the same step at the same time, which is hard on the caches: between two events of one
/// flow come those of all others.
fn interleaved(
    events: &[(Stamp, Owned)],
    later: Duration,
    mut take: impl FnMut(Stamp, u32, &Owned),
) {
    for (stamp, owned) in events {
        let mut owned = shifted(owned, later);
        for place in 0..FLOWS {
            of_flow(&mut owned, place);
            take(Stamp { at: stamp.at + later, ..*stamp }, place, &owned);
        }
    }
}

/// The same event, so much later.
fn shifted(owned: &Owned, later: Duration) -> Owned {
    let mut owned = owned.clone();
    match &mut owned {
        Owned::Arrived { sent: moment, .. }
        | Owned::Answered { asked: moment, .. }
        | Owned::Plain(
            Event::ServiceBegan { queued: moment, .. } | Event::ServiceEnded { began: moment, .. },
        ) => *moment = *moment + later,
        _ => {}
    }
    owned
}

/// Makes an event one of the flow at that place.
fn of_flow(owned: &mut Owned, place: u32) {
    let (host, envelope) = match owned {
        Owned::Began { host, .. } => (Some(host), None),
        Owned::Asked { from, envelope, .. } => (Some(from), Some(envelope)),
        Owned::Arrived { host, envelope, .. } => (Some(host), Some(envelope)),
        Owned::Answered { envelope, .. } => (None, Some(envelope)),
        Owned::Plain(Event::FlowEnded { host, .. } | Event::VisitorLeft { host }) => {
            (Some(host), None)
        }
        Owned::Plain(_) => (None, None),
    };
    if let Some(host) = host.filter(|host| host.is_visitor()) {
        *host = HostId::visitor(place);
    }
    if let Some(envelope) = envelope {
        envelope.exchange.place = envelope.exchange.place % 64 + place * 64;
    }
}

fn statistics(criterion: &mut Criterion) {
    let mut script = Script::flow(0, Instant::START);
    script.verzamelen(1, 1);
    let events = script.events;
    println!("{} events a flow, {FLOWS} flows interleaved", events.len());

    let mut group = criterion.benchmark_group("per event");
    group.throughput(Throughput::Elements(events.len() as u64 * u64::from(FLOWS)));
    group.sample_size(20);
    group.bench_function("statistics", |bench| {
        let flows_kept = FlowsKept::AtMost(1_000);
        let settings = Settings { flows_kept, ..Settings::new(window(0.0, 1e6), 1, 0) };
        let mut statistics = Statistics::new(directory(), settings);
        let mut round = 0u32;
        bench.iter(|| {
            let later = Duration::from_secs(100).saturating_mul(round.into());
            interleaved(&events, later, |stamp, place, owned| {
                let arrival = round.wrapping_mul(FLOWS).wrapping_add(place);
                let flow = FlowRef { place, id: FlowId { arrival, attempt: 1 } };
                let flow = stamp.flow.map(|_| flow);
                statistics.event(Stamp { flow, ..stamp }, &owned.event());
            });
            round += 1;
        });
        assert!(statistics.finish().conservation.holds());
    });
    group.bench_function("the loop alone", |bench| {
        bench.iter(|| {
            interleaved(&events, Duration::ZERO, |stamp, place, owned| {
                black_box((stamp, place, owned.event()));
            });
        });
    });
    group.finish();
}

criterion_group!(benches, statistics);
criterion_main!(benches);
