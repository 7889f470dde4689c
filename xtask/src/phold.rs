//! PHOLD, the usual measure of event queues (Fujimoto, 1990): entities pass messages on, each after an
//! exponential delay of mean one second, so that as many events wait as there are entities.
//!
//! The same model four times: over a plain `std::collections::BinaryHeap`; over the kernel's event queue;
//! through stations, links and the actor contract; and in NeXosim (feature `nexosim`). Every entity passes
//! on to one other, fixed beforehand, because NeXosim's ports are connected beforehand. Only ratios that
//! were measured side by side mean anything on a shared machine.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    hint::black_box,
    time::{Duration as RealTime, Instant as RealClock},
};

use protocol::world::{
    cost::{Cost, Costs},
    link::{LinkClass, Links},
    network::{Door, HostSpec, Limits, NameSpec, Network, Phases, Resumption, Tls, TlsVersion},
};
use protocol::{
    contract::{Actor, Ask, Input, Outbox, Work},
    distribution::Distribution,
    draw::{Draws, Purpose},
    id::{HostId, NameId, Serial},
    message::{Message, Request, Response},
    release::Release,
    time::{Duration, Instant, Now},
    trace::{Event, Sink, Stamp},
};
use sim::{
    queue::{Class, EventQueue},
    simulation::{Cast, Ending, Run, Simulation},
    visitor::Nobody,
};

/// How fast it went.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    /// Events that were taken out of a queue.
    pub events: u64,
    /// How long that took.
    pub took: RealTime,
}

impl Speed {
    /// Events per second.
    pub fn per_second(&self) -> f64 {
        self.events as f64 / self.took.as_secs_f64()
    }
}

/// A generator that costs next to nothing, so that the queue is what is measured.
struct Xorshift(u64);

impl Xorshift {
    const SEED: u64 = 88_172_645_463_325_252;

    /// An exponential delay of mean one second, in nanoseconds.
    fn delay(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let unit = ((self.0 >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64);
        (-unit.ln() * 1e9) as u64
    }
}

/// To whom each entity passes on: a permutation without a pattern that a cache could follow.
fn neighbours(entities: usize) -> Vec<u32> {
    let draws = Draws::new(1, 0, Purpose::Toy);
    let mut order: Vec<u32> = (0..entities as u32).collect();
    order.sort_by_key(|entity| draws.bits(u64::from(*entity), 0));
    order
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn timed(events: impl FnOnce() -> u64) -> Speed {
    let began = RealClock::now();
    let events = events();
    Speed { events, took: began.elapsed() }
}

/// Over a plain binary heap.
pub fn binary_heap(entities: usize, events: u64) -> Speed {
    let next = neighbours(entities);
    let mut random = Xorshift(Xorshift::SEED);
    let mut queue = BinaryHeap::new();
    let mut sequence = 0u64;
    for entity in 0..entities as u32 {
        queue.push(Reverse((random.delay(), sequence, entity)));
        sequence += 1;
    }
    timed(|| {
        for _ in 0..events {
            let Some(Reverse((at, _, entity))) = queue.pop() else { break };
            queue.push(Reverse((at + random.delay(), sequence, next[entity as usize])));
            sequence += 1;
        }
        black_box(&queue);
        events
    })
}

/// Over the kernel's event queue.
pub fn event_queue(entities: usize, events: u64) -> Speed {
    let next = neighbours(entities);
    let mut random = Xorshift(Xorshift::SEED);
    let mut queue = EventQueue::default();
    for entity in 0..entities as u32 {
        queue.push(Instant::from_nanos(random.delay()), Class::Delivery, entity);
    }
    timed(|| {
        for _ in 0..events {
            let Some((at, class, entity)) = queue.pop() else { break };
            let at = at + Duration::from_nanos(random.delay());
            queue.push(at, class, next[entity as usize]);
        }
        black_box(queue.len());
        events
    })
}

/// An entity as an actor: it answers whoever passes it a message, and passes one on.
struct Entity {
    next: NameId,
}

impl Actor for Entity {
    type Durable = ();

    fn durable(&self) -> &() {
        &()
    }

    fn handle(&mut self, input: Input<'_>, _: Now, out: &mut Outbox) {
        match input {
            Input::Start => {}
            Input::Deliver(envelope) => match envelope.message {
                Message::Request(_) => out.reply(envelope.exchange, Response::Done, Work::Toy),
                Message::Response(_) => return,
            },
            Input::Failed(..) | Input::Timer(_) => return,
        }
        let request = Request::OcspQuery(Serial(1));
        out.ask(Ask::for_the_sake_of(None, self.next, Release::R1_0, request), Work::Query);
    }
}

struct NobodyCrashes;

impl Cast for NobodyCrashes {
    type Actor = Entity;

    fn rebuild(&self, _: HostId, (): &()) -> Entity {
        Entity { next: NameId(0) }
    }
}

/// Nobody reads the events: what statistics cost is measured elsewhere.
struct Unread;

impl Sink for Unread {
    fn event(&mut self, _: Stamp, _: Event<'_>) {}
}

/// Through stations (an exponential service of mean 10 ms), links (exponential, mean one second) and the
/// actor contract: a request arrives, its service ends, the response arrives.
pub fn stations(entities: usize, virtual_seconds: u64) -> Speed {
    let mut costs = Costs::default();
    let service = Cost { base: Distribution::Exp { mean: 0.01 }, per_megabyte: Duration::ZERO };
    let class = costs.add(|work| (work == Work::Toy).then(|| service.clone()));
    let host = HostSpec {
        workers: 1,
        queue: 1_000,
        open: None,
        costs: class,
        link: LinkClass(0),
        certificate: None,
    };
    let name = |host| NameSpec {
        leads_to: Some(HostId(host)),
        door: Door::Behind,
        for_browsers: false,
        certificate: None,
    };
    let network = Network {
        hosts: vec![host; entities],
        names: (0..entities as u32).map(name).collect(),
        links: Links::uniform(Distribution::Exp { mean: 1.0 }),
        costs,
        visitor_link: LinkClass(0),
        tls: Tls {
            version: TlsVersion::V1_3,
            resumption: Resumption::Off,
            keep_alive: Duration::ZERO,
        },
        limits: Limits::default(),
    };
    let actors = neighbours(entities).into_iter().map(|next| Entity { next: NameId(next) });
    let simulation = Simulation::new(Run {
        network,
        actors: actors.collect(),
        cast: NobodyCrashes,
        arrivals: Nobody::new(),
        schedule: Vec::new(),
        phases: Phases {
            warm_up: Instant::START,
            horizon: Instant::START + Duration::from_secs(virtual_seconds),
            drain: Duration::ZERO,
        },
        release: Release::R1_0,
        seed: 1,
        replication: 0,
        sink: Unread,
    });
    timed(|| match simulation.run(|_| false) {
        (_, Ending::Over(tally)) => tally.events,
        (_, Ending::Interrupted) => 0,
    })
}

/// In NeXosim 1.0, on one thread.
#[cfg(feature = "nexosim")]
pub mod nexosim_model {
    use std::time::Duration as RealTime;

    use nexosim::{
        model::{Context, Model, schedulable},
        ports::Output,
        simulation::{Mailbox, SimInit},
        time::MonotonicTime,
    };
    use serde::{Deserialize, Serialize};

    use super::{Speed, Xorshift, neighbours, timed};

    /// An entity as a model.
    #[derive(Default, Serialize, Deserialize)]
    pub struct Entity {
        /// To whom it passes on.
        pub output: Output<u32>,
        random: u64,
        passed: u64,
    }

    #[Model]
    impl Entity {
        #[nexosim(init)]
        async fn begin(&mut self, cx: &Context<Self>) {
            self.input(0, cx);
        }

        /// A message comes; it is passed on after a while.
        pub fn input(&mut self, value: u32, cx: &Context<Self>) {
            let mut random = Xorshift(self.random);
            let delay = RealTime::from_nanos(random.delay().max(1));
            self.random = random.0;
            let _ = cx.schedule_event(delay, schedulable!(Self::pass_on), value);
        }

        #[nexosim(schedulable)]
        async fn pass_on(&mut self, value: u32) {
            self.passed += 1;
            self.output.send(value).await;
        }
    }

    /// So many virtual seconds; as many events pass as there are entities, every second on average.
    ///
    /// # Panics
    /// If NeXosim refuses the model.
    pub fn run(entities: usize, virtual_seconds: u64) -> Speed {
        let next = neighbours(entities);
        let mailboxes: Vec<Mailbox<Entity>> = (0..entities).map(|_| Mailbox::new()).collect();
        let mut bench = SimInit::with_num_threads(1);
        let mut models: Vec<Entity> = (0..entities as u64)
            .map(|n| Entity { random: Xorshift::SEED ^ (n + 1), ..Entity::default() })
            .collect();
        for (model, next) in models.iter_mut().zip(next) {
            model.output.connect(Entity::input, &mailboxes[next as usize]);
        }
        for (number, (model, mailbox)) in models.into_iter().zip(mailboxes).enumerate() {
            bench = bench.add_model(model, mailbox, &format!("entity-{number}"));
        }
        let mut simulation = bench.init(MonotonicTime::EPOCH).expect("NeXosim takes the model");
        timed(|| {
            let until = RealTime::from_secs(virtual_seconds);
            simulation.step_until(until).expect("NeXosim runs the model");
            entities as u64 * virtual_seconds
        })
    }
}
