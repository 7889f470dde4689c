//! What the checkers cost per event, on conforming flows of which 10,000 are always in progress.

use std::{hint::black_box, time::Duration};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use protocol::{
    id::{FlowId, HostId, Opaque, PersonId},
    message::{Browse, Message, Page, Request, Response},
    time::Instant,
    trace::{FlowRef, Stamp},
};
use watch::rules::{
    Checkers, Settings,
    script::{Script, Told},
};

/// Flows in progress at any moment.
const FLOWS: u32 = 10_000;

/// One flow of the script, to be told again for another person, place and time.
struct Copy {
    events: Vec<(Stamp, Told)>,
    /// Exchanges that it has open at once.
    exchanges: u32,
}

impl Copy {
    fn of(script: &Script) -> Self {
        let exchanges = script.events.iter().filter_map(|(_, told)| match told {
            Told::Asked { envelope, .. } => Some(envelope.exchange.place + 1),
            _ => None,
        });
        Self { exchanges: exchanges.max().unwrap_or(0), events: script.events.clone() }
    }

    /// The `n`-th event of the flow in that place, which is the `round`-th there.
    fn tell(&self, n: usize, place: u32, round: u32, now: Instant) -> (Stamp, Told) {
        let (stamp, mut told) = self.events[n].clone();
        let flow = FlowRef { place, id: FlowId { arrival: place + round * FLOWS, attempt: 1 } };
        let stamp = Stamp { at: now, flow: stamp.flow.map(|_| flow) };
        let salt = u128::from(place + round * FLOWS) << 80 | u128::from(place) << 4;
        let exchange = |id: &mut protocol::id::ExchangeId| {
            id.turn += round * 16;
            id.place += place * self.exchanges;
        };
        match &mut told {
            Told::FlowBegan { host, facts } => {
                *host = HostId::visitor(place);
                facts.person = Some(PersonId(1));
            }
            Told::FlowEnded { host } => *host = HostId::visitor(place),
            Told::Asked { envelope, parent, .. } => {
                if let Some(parent) = parent {
                    exchange(parent);
                }
                exchange(&mut envelope.exchange);
                salted(&mut envelope.message, salt);
            }
            Told::Arrived { envelope, sent, .. } => {
                exchange(&mut envelope.exchange);
                salted(&mut envelope.message, salt);
                *sent = now;
            }
            Told::Answered { envelope, asked, .. } => {
                exchange(&mut envelope.exchange);
                salted(&mut envelope.message, salt);
                *asked = now;
            }
            Told::Handshake { connection, .. } | Told::Verdict { connection, .. } => {
                connection.0 += (place + round * FLOWS) * 16;
            }
            _ => {}
        }
        (stamp, told)
    }
}

/// Gives the values of a message to another flow.
fn salted(message: &mut Message, salt: u128) {
    let salted = |value: &mut Opaque| *value = Opaque::uuid_v4(value.0 ^ salt);
    let browse = |browse: &mut Browse| match browse {
        Browse::Authorize(request) => {
            request.state = request.state.map(|mut state| {
                salted(&mut state);
                state
            })
        }
        Browse::Authenticate(request) => salted(&mut request.relay_state),
        Browse::ReturnArtifact { artifact, relay_state } => {
            salted(artifact);
            salted(relay_state);
        }
        Browse::AnswerConsent { csrf, .. } => salted(csrf),
        Browse::Callback { code, state } => {
            salted(code);
            salted(state);
        }
        _ => {}
    };
    match message {
        Message::Request(Request::Browse(request)) => browse(request),
        Message::Response(Response::Redirect { request, .. }) => browse(request),
        Message::Response(Response::Page { page: Page::ConsentQuestion { csrf, .. }, .. }) => {
            salted(csrf)
        }
        Message::Request(Request::OfferCode(offer)) => salted(&mut offer.code),
        Message::Request(Request::Fetch(fetch)) => salted(&mut fetch.token),
        Message::Request(Request::ResolveArtifact { artifact, .. }) => salted(artifact),
        Message::Response(Response::Token(grant)) => salted(&mut grant.token),
        _ => {}
    }
}

/// Rounds in which every flow in progress takes one step, each at another one: so all kinds of events mix.
fn interleaved(script: &Script) -> Vec<(Stamp, Told)> {
    let copy = Copy::of(script);
    let steps = copy.events.len();
    let mut events = Vec::with_capacity(2 * steps * FLOWS as usize / 10);
    let mut now = Instant::START;
    // A tenth of a turn is measured: enough to leave no cache warm.
    for step in 0..steps + steps / 10 {
        for place in 0..FLOWS {
            let offset = place as usize * steps / FLOWS as usize;
            let (n, round) = ((step + offset) % steps, ((step + offset) / steps) as u32);
            now = now + protocol::time::Duration::from_nanos(30_000);
            events.push(copy.tell(n, place, round, now));
        }
    }
    events
}

fn bench(criterion: &mut Criterion) {
    let mut script = Script::new();
    script.verzamelen(1);
    let per_flow = script.events.len();
    let events = interleaved(&script);
    // The first turn fills the network and is not measured.
    let (before, measured) = events.split_at(per_flow * FLOWS as usize);
    let tell = |checkers: &mut Checkers, events: &[(Stamp, Told)]| {
        for (stamp, told) in events {
            checkers.event(*stamp, &told.event());
        }
    };
    let filled = || {
        let mut checkers = Checkers::new(&script.directory, Settings::default());
        tell(&mut checkers, before);
        checkers
    };
    let mut group = criterion.benchmark_group("rules");
    group.throughput(Throughput::Elements(measured.len() as u64));
    group.sample_size(20).measurement_time(Duration::from_secs(8));
    group.bench_function(format!("{per_flow} events a flow, {FLOWS} flows"), |bencher| {
        bencher.iter_batched_ref(
            filled,
            |checkers| tell(checkers, measured),
            BatchSize::PerIteration,
        );
    });
    // What it takes to walk the events without judging any.
    group.bench_function("the events alone", |bencher| {
        bencher.iter(|| {
            for (stamp, told) in measured {
                black_box((*stamp, told.event()));
            }
        });
    });
    group.finish();
    let mut checkers = filled();
    tell(&mut checkers, measured);
    let broken = checkers.finish().into_iter().filter(|verdict| verdict.broken());
    // Flows that were under way when the first event was told have a past that nobody saw.
    println!("broken: {:?}", broken.map(|verdict| verdict.rule).collect::<Vec<_>>());
}

criterion_group!(benches, bench);
criterion_main!(benches);
