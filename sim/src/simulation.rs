//! The simulation: drives actors through virtual time, event by event.
//!
//! Knows the contract and nothing of what messages mean. Here are its parts and the loop; what an event
//! brings about is told in [`serve`] (stations and what actors want), [`travel`] (messages on links,
//! connections and their doors), [`visit`] (visitors and their flows) and [`befall`] (what comes from
//! outside). All that happens leaves as trace events.

mod befall;
mod serve;
mod travel;
mod visit;

use protocol::{
    contract::{Action, Actor, Chance, Outbox, TimerId},
    draw::{Draws, Purpose, Words},
    id::{FlowId, HostId, NameId},
    message::Certificate,
    release::Release,
    time::{Instant, WallTime},
    trace::{Event, FlowRef, Sink, Stamp},
};

use crate::{
    carrier::Carrier,
    exchange::{Exchanges, Overdue, Pending},
    flow::Flows,
    queue::{Class, EventQueue},
    station::{Deferred, Service, Slab, Station},
    visitor::{Arrival, Arrivals, Visitors},
};
use protocol::world::{
    cost::Costs,
    link::{ActiveFaults, LinkClass, Links},
    network::{Door, LimitClass, Limits, NameSpec, Network, Phases, Tls},
    schedule::Scheduled,
};

/// Who plays whom, and how an actor is made anew after a crash.
pub trait Cast {
    /// All actors of the run.
    type Actor: Actor;

    /// The actor of a host that crashed, from what survived.
    fn rebuild(&self, host: HostId, durable: &<Self::Actor as Actor>::Durable) -> Self::Actor;
}

/// All that a run is made of.
pub struct Run<C: Cast, V, S> {
    /// The network.
    pub network: Network,
    /// Its actors, in the order of the hosts.
    pub actors: Vec<C::Actor>,
    /// How they are made anew.
    pub cast: C,
    /// Who comes.
    pub arrivals: V,
    /// What befalls it, in any order.
    pub schedule: Vec<Scheduled>,
    /// Its phases.
    pub phases: Phases,
    /// The release under which operators speak.
    pub release: Release,
    /// Key of all draws.
    pub seed: u64,
    /// Which replication: part of the key.
    pub replication: u32,
    /// Who reads the events.
    pub sink: S,
}

/// The doors behind a name.
#[derive(Clone, Copy, Debug)]
struct Entrance {
    hosts: Door,
    visitors: Door,
}

impl Entrance {
    const fn of(name: &NameSpec) -> Self {
        let visitors = if name.for_browsers { Door::Front } else { name.door };
        Self { hosts: name.door, visitors }
    }

    const fn of_asker(self, asker: HostId) -> Door {
        if asker.is_visitor() { self.visitors } else { self.hosts }
    }
}

/// What a run counted of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Events that were taken out of the queue.
    pub events: u64,
    /// Exchanges that were asked.
    pub asks: u64,
    /// Of these, answered in time.
    pub replies: u64,
    /// Of these, failed.
    pub failures: u64,
    /// Of these, left open because their asker was gone.
    pub left: u64,
    /// Of these, still open when the run ended.
    pub open: u64,
    /// Visitors that came.
    pub arrivals: u64,
    /// Visitors that were still there when the run ended.
    pub present: u64,
    /// When it ended.
    pub ended: Instant,
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Its cohort has left, or its time was over.
    Over(Tally),
    /// It was told to stop.
    Interrupted,
}

/// A run in progress.
pub struct Simulation<C: Cast, V, S> {
    queue: EventQueue,
    now: Instant,
    stations: Vec<Station<C::Actor>>,
    visitors: Visitors<C::Actor>,
    cast: C,
    /// Where each name leads and how one enters there …
    doors: Vec<(Entrance, Option<HostId>)>,
    /// … and what is shown there.
    certificates: Vec<Option<Certificate>>,
    links: Links,
    link_of: Vec<LinkClass>,
    visitor_link: LinkClass,
    link_faults: ActiveFaults,
    costs: Costs,
    tls: Tls,
    limits: Limits,
    exchanges: Exchanges,
    flows: Flows,
    services: Slab<Service>,
    deferred: Slab<Deferred>,
    connections: u32,
    draws: AllDraws,
    outbox: Outbox,
    actions: Vec<Action>,
    schedule: Vec<Scheduled>,
    arrivals: V,
    next_arrival: Option<Arrival<C::Actor>>,
    phases: Phases,
    cohort: u64,
    release: Release,
    sink: S,
    /// Stands between what actors want to send and what leaves, if anything does.
    carrier: Option<Box<dyn Carrier>>,
    tally: Tally,
}

/// Draws by what they are for.
#[derive(Clone, Copy, Debug)]
struct AllDraws {
    service: Draws,
    link: Draws,
    host_service: Draws,
    host_link: Draws,
}

/// Whose draw it is: part of its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Drawer {
    Flow(FlowId),
    Host { host: HostId, incarnation: u32 },
}

impl Drawer {
    /// The draws for this flow or host out of a pair, and the entity that they are keyed by.
    fn key(self, of_flow: Draws, of_host: Draws) -> (Draws, u64) {
        match self {
            Self::Flow(flow) => (of_flow, u64::from(flow.arrival) << 16 | u64::from(flow.attempt)),
            Self::Host { host, incarnation } => {
                (of_host, u64::from(host.0) << 32 | u64::from(incarnation))
            }
        }
    }
}

/// What a timer event says beside which timer: bits of its payload.
const OF_VISITOR: u32 = 1 << 30;
const TIMER_SHIFT: u32 = 26;
const PLACE_MASK: u32 = (1 << TIMER_SHIFT) - 1;
/// The timer number of the kernel's own: limits and arrivals.
const OWN: u32 = 15;
const ARRIVAL: u32 = 8;

const TIMERS: [TimerId; 15] = [
    TimerId::HumanDone,
    TimerId::PatienceEnds,
    TimerId::TryAgain,
    TimerId::ForgetCodes,
    TimerId::ForgetTokens,
    TimerId::ForgetSessions,
    TimerId::PullZal,
    TimerId::PullWhitelist,
    TimerId::PullOauthClients,
    TimerId::PullGegevensdiensten,
    TimerId::PublishZal,
    TimerId::PublishWhitelist,
    TimerId::RenewStaple,
    TimerId::Retry,
    TimerId::Toy,
];

/// How many events pass between two looks at whether to stop.
const LOOK: u64 = 1 << 16;

impl<C, V, S> Simulation<C, V, S>
where
    C: Cast,
    V: Arrivals<Actor = C::Actor>,
    S: Sink,
{
    /// A run that is about to begin.
    pub fn new(run: Run<C, V, S>) -> Self {
        let Run { network, actors, cast, arrivals, mut schedule, phases, release, .. } = run;
        schedule.sort_by_key(|scheduled| scheduled.at);
        let draws = |purpose| Draws::new(run.seed, run.replication, purpose);
        let host = draws(Purpose::Host);
        let stations = actors
            .into_iter()
            .zip(&network.hosts)
            .map(|(actor, spec)| Station::new(actor, spec))
            .collect();
        Self {
            queue: EventQueue::default(),
            now: Instant::START,
            stations,
            visitors: Visitors::default(),
            cast,
            doors: network.names.iter().map(|name| (Entrance::of(name), name.leads_to)).collect(),
            certificates: network.names.iter().map(|name| name.certificate).collect(),
            links: network.links,
            link_of: network.hosts.iter().map(|host| host.link).collect(),
            visitor_link: network.visitor_link,
            link_faults: ActiveFaults::default(),
            costs: network.costs,
            tls: network.tls,
            limits: network.limits,
            exchanges: Exchanges::default(),
            flows: Flows::default(),
            services: Slab::default(),
            deferred: Slab::default(),
            connections: 0,
            draws: AllDraws {
                service: draws(Purpose::Service),
                link: draws(Purpose::Link),
                host_service: draws(Purpose::HostService),
                host_link: draws(Purpose::HostLink),
            },
            outbox: Outbox::new(Chance::Keyed { draws: host, entity: 0, count: 0 }),
            actions: Vec::new(),
            schedule,
            arrivals,
            next_arrival: None,
            phases,
            cohort: 0,
            release,
            sink: run.sink,
            carrier: None,
            tally: Tally::default(),
        }
    }

    /// The same run, in which everything that actors want to send passes there.
    #[must_use]
    pub fn carried_by(self, carrier: Box<dyn Carrier>) -> Self {
        Self { carrier: Some(carrier), ..self }
    }

    /// Runs to the end, or until `stop` says so; it is asked now and then, and told what time it is. Gives the
    /// sink back.
    pub fn run(mut self, mut stop: impl FnMut(Instant) -> bool) -> (S, Ending) {
        self.begin();
        while let Some((at, class, payload)) = self.queue.pop() {
            if self.is_over(at) {
                break;
            }
            self.now = at;
            self.tally.events += 1;
            self.look_ahead();
            if self.tally.events.is_multiple_of(LOOK) && stop(at) {
                return (self.sink, Ending::Interrupted);
            }
            match class {
                Class::Delivery => self.exchange_event(payload),
                Class::ServiceEnd => self.end_service(payload),
                Class::Timer => self.timer_event(payload),
                Class::Host => self.befall(payload as usize),
            }
        }
        let ending = self.finish();
        (self.sink, ending)
    }

    /// Reads a little of what the next events will need, so that memory brings it while this one is dealt
    /// with: with many hosts and flows, waiting for memory is half of what an event costs.
    #[inline]
    fn look_ahead(&self) {
        if let Some((Class::Delivery, place)) = self.queue.peek(2) {
            std::hint::black_box(self.exchanges.glance(place));
        }
        let host = match self.queue.peek(0) {
            Some((Class::Delivery, place)) => self.exchanges.glance(place),
            Some((Class::ServiceEnd, place)) => {
                let service = self.services.get(place);
                if let Some(held) = service.held.get() {
                    std::hint::black_box(self.exchanges.glance(held));
                }
                Some(HostId(service.host))
            }
            _ => None,
        };
        if let Some(station) = host.and_then(|host| self.stations.get(host.place())) {
            std::hint::black_box(station.has_free_worker());
        }
    }

    fn begin(&mut self) {
        for (number, scheduled) in self.schedule.iter().enumerate() {
            self.queue.push(scheduled.at, Class::Host, number as u32);
        }
        self.queue.push(self.phases.horizon, Class::Host, self.schedule.len() as u32);
        self.queue.push(
            self.phases.horizon + self.phases.drain,
            Class::Host,
            self.schedule.len() as u32 + 1,
        );
        for place in 0..self.stations.len() {
            self.start_station(HostId(place as u32));
        }
        self.await_arrival();
    }

    /// Once the horizon is past, the run is over when its cohort has left or the drain has passed.
    fn is_over(&self, at: Instant) -> bool {
        at >= self.phases.horizon
            && (self.cohort == 0 && self.now >= self.phases.horizon
                || at > self.phases.horizon + self.phases.drain)
    }

    fn finish(&mut self) -> Ending {
        self.emit(None, Event::RunEnded);
        self.tally.ended = self.now;
        self.tally.present = self.visitors.len() as u64;
        self.tally.open =
            self.tally.asks - self.tally.replies - self.tally.failures - self.tally.left;
        Ending::Over(self.tally)
    }

    fn timer_event(&mut self, payload: u32) {
        let place = payload & PLACE_MASK;
        match payload >> TIMER_SHIFT & 0xf {
            OWN if place == ARRIVAL => self.arrive(),
            OWN => self.limit_event(LimitClass::ALL[place as usize % LimitClass::ALL.len()]),
            number => {
                let id = TIMERS[number as usize];
                if payload & OF_VISITOR != 0 {
                    self.visitor_timer(HostId::visitor(place), id);
                } else {
                    self.station_timer(HostId(place), id);
                }
            }
        }
    }

    fn push_timer(&mut self, at: Instant, host: HostId, id: TimerId) {
        let visitor = if host.is_visitor() { OF_VISITOR } else { 0 };
        let payload = visitor | (id as u32) << TIMER_SHIFT | host.place() as u32;
        self.queue.push(at, Class::Timer, payload);
    }

    fn push_own_timer(&mut self, at: Instant, what: u32) {
        self.queue.push(at, Class::Timer, OWN << TIMER_SHIFT | what);
    }

    /// The limit of some exchanges of this class has passed.
    fn limit_event(&mut self, class: LimitClass) {
        loop {
            match self.exchanges.overdue(class, self.now) {
                Overdue::Exchange(place) => self.limit_passed(place),
                Overdue::Later(at) => {
                    self.push_own_timer(at, class as u32);
                    return;
                }
                Overdue::None => return,
            }
        }
    }

    /// What the actor that was called last wants passes the carrier, if there is one.
    #[inline]
    fn carry(&mut self, wall: WallTime) {
        if let Some(carrier) = &mut self.carrier {
            for action in self.outbox.actions_mut() {
                carrier.carry(action, wall);
            }
        }
    }

    fn emit(&mut self, flow: Option<FlowRef>, event: Event<'_>) {
        self.sink.event(Stamp { at: self.now, flow }, event);
    }

    /// Has an event come for an exchange.
    fn push_exchange(&mut self, at: Instant, place: u32, pending: Pending) {
        self.exchanges.at(place).pending = Some(pending);
        self.queue.push(at, Class::Delivery, place);
    }

    /// Who draws for an exchange.
    fn drawer(&mut self, place: u32) -> Drawer {
        let exchange = self.exchanges.at(place);
        match (exchange.flow, exchange.asker) {
            (Some(flow), _) => Drawer::Flow(flow.id),
            (None, Some(host)) => self.drawer_of_host(host),
            (None, None) => {
                let answerer = exchange.answerer.unwrap_or(HostId(0));
                self.drawer_of_host(answerer)
            }
        }
    }

    fn drawer_of_host(&self, host: HostId) -> Drawer {
        let incarnation = self.stations.get(host.place()).map_or(0, |station| station.incarnation);
        Drawer::Host { host, incarnation }
    }

    /// The words for the delay of one leg of an exchange.
    fn link_words(&mut self, place: u32, leg: Leg) -> Words {
        let (draws, entity) = self.drawer(place).key(self.draws.link, self.draws.host_link);
        draws.of(entity, self.exchanges.at(place).number << 3 | leg as u32)
    }

    /// The exchange may be over for both ends: then its place is free again.
    fn settle(&mut self, place: u32) {
        if let Some((id, flow)) = self.exchanges.end_if_done(place) {
            self.outbox.exchanges().release(id);
            if let Some(flow) = flow {
                self.flows.release(flow);
            }
        }
    }

    /// The number of the next exchange that no flow causes, at a host with a station.
    fn next_number(&mut self, host: HostId) -> u32 {
        let station = &mut self.stations[host.place()];
        station.asked = station.asked.wrapping_add(1);
        station.asked
    }

    /// How this host enters by a name. One that leads nowhere has a front door that nobody opens.
    fn door(&self, name: NameId, asker: HostId) -> Door {
        self.doors.get(name.index()).map_or(Door::Front, |(entrance, _)| entrance.of_asker(asker))
    }

    /// The host that a name leads to.
    fn leads_to(&self, name: NameId) -> Option<HostId> {
        self.doors.get(name.index()).and_then(|(_, host)| *host)
    }
}

/// The ways of an exchange over a link: part of the key of its delays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
enum Leg {
    Request,
    Response,
    Opening,
    Notice,
}

impl<C: Cast, V, S> Simulation<C, V, S> {
    fn is_station(&self, host: HostId) -> bool {
        !host.is_visitor() && host.place() < self.stations.len()
    }
}
