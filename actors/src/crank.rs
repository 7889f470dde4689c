//! A driver that is cranked by hand, for tests: passes messages along at once, keeps a clock and timers, opens
//! connections, and has things go wrong when told to. Behind the feature `crank`.
//!
//! Emits the events that a real driver emits, so that checkers can be tried on it. Has no stations (work costs
//! nothing), no links (messages take no time unless a meddler says so) and no queue limits: those
//! belong to `sim`. Everything that happens is on record.

mod exchanges;
mod record;
pub mod small;

use std::{collections::BTreeMap, fmt, mem};

use protocol::{
    contract::{Action, Actor, Chance, Failure, Input, Outbox, TimerId},
    draw::{Draws, Purpose},
    id::{ConnectionId, ExchangeId, FlowId, HostId, NameId},
    message::{Certificate, Envelope, Message, OcspAnswer, Peer, Request, Side},
    release::Release,
    role::Role,
    time::{Duration, Instant, Now, WallTime},
    trace::{Event, FlowFacts, FlowRef, HostChange, Sink, Stamp},
};

use crate::party::{Blueprint, Party};

pub use record::{Record, Records, said};

/// A network, cranked by hand.
pub struct Crank<S> {
    now: Instant,
    outbox: Outbox,
    hosts: Vec<Host>,
    visitors: Vec<Host>,
    names: BTreeMap<NameId, HostId>,
    exchanges: BTreeMap<ExchangeId, Exchange>,
    due: BTreeMap<(Instant, u64), Due>,
    sequence: u64,
    connections: u32,
    release: Release,
    meddler: Option<Meddler>,
    /// Everything that happened.
    pub record: Records,
    sink: S,
}

/// Who may meddle with a message on its way, and rewrite it.
pub type Meddler = Box<dyn FnMut(&mut Envelope) -> Fate>;

/// What becomes of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It arrives.
    Pass,
    /// It arrives that much later.
    Delay(Duration),
    /// Its exchange ends like this, at once.
    Fail(Failure),
    /// It never arrives; the asker's limit ends the exchange.
    Lose,
}

/// A sink that keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Sink for Silent {
    fn event(&mut self, _: Stamp, _: Event<'_>) {}
}

/// A host as the crank is told of it.
#[derive(Debug)]
pub struct HostSpec {
    /// What its party is made from.
    pub blueprint: Blueprint,
    /// The names that lead to it.
    pub names: Vec<NameId>,
    /// What it shows at handshakes, if it has a certificate.
    pub certificate: Option<Certificate>,
}

struct Host {
    role: Role,
    blueprint: Option<Blueprint>,
    party: Option<Party>,
    certificate: Option<Certificate>,
    /// How many values it drew since it was built.
    drawn: u32,
    incarnation: u32,
    is_up: bool,
    /// How far its calendar clock is ahead, in nanoseconds.
    skew: i64,
    staple: Option<OcspAnswer>,
    timers: BTreeMap<TimerId, (Instant, u64)>,
    visit: Option<Visit>,
}

/// What a visitor's flows are about.
struct Visit {
    facts: FlowFacts,
    arrival: u32,
    attempt: u16,
    is_over: bool,
}

struct Exchange {
    asker: Option<HostId>,
    answerer: Option<HostId>,
    request: Envelope,
    flow: Option<FlowRef>,
    stage: Stage,
    arrived: Instant,
    /// How much later the request arrives.
    later: Duration,
    limit: Option<(Instant, u64)>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Stage {
    /// So many ends still have to admit the other.
    Opening(u8),
    /// The request is on its way or being served.
    Asked,
    /// The response is on its way.
    Answered,
    /// It asks one end of a new connection for its verdict on the other.
    Verdict { of: ExchangeId, side: Side },
}

enum Due {
    Start(HostId),
    Arrive { host: HostId, envelope: Envelope, sent: Instant },
    Fail(ExchangeId, Failure),
    Timer(HostId, TimerId, Option<FlowRef>),
}

impl<S: Sink> Crank<S> {
    /// An empty network.
    pub fn new(seed: u64, release: Release, sink: S) -> Self {
        let draws = Draws::new(seed, 0, Purpose::Host);
        Self {
            now: Instant::START,
            outbox: Outbox::new(Chance::Keyed { draws, entity: u64::MAX, count: 0 }),
            hosts: Vec::new(),
            visitors: Vec::new(),
            names: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            due: BTreeMap::new(),
            sequence: 0,
            connections: 0,
            release,
            meddler: None,
            record: Records::default(),
            sink,
        }
    }

    /// Adds a host, which starts as soon as the crank is turned.
    pub fn add(&mut self, spec: HostSpec, party: Party) -> HostId {
        let id = HostId(self.hosts.len() as u32);
        for name in &spec.names {
            self.names.insert(*name, id);
        }
        let role = spec.blueprint.role();
        let host = Self::host_of(role, party);
        let HostSpec { blueprint, certificate, .. } = spec;
        self.hosts.push(Host { blueprint: Some(blueprint), certificate, ..host });
        self.schedule(self.now, Due::Start(id));
        id
    }

    /// Has a visitor come now.
    pub fn visit(&mut self, party: Party, arrival: u32, facts: FlowFacts) -> HostId {
        let id = HostId::visitor(self.visitors.len() as u32);
        let visit = Visit { facts, arrival, attempt: 1, is_over: false };
        let host = Self::host_of(Role::Person, party);
        self.visitors.push(Host { visit: Some(visit), ..host });
        self.flow_begins(id);
        self.schedule(self.now, Due::Start(id));
        id
    }

    fn host_of(role: Role, party: Party) -> Host {
        Host {
            role,
            blueprint: None,
            party: Some(party),
            certificate: None,
            drawn: 0,
            incarnation: 0,
            is_up: true,
            skew: 0,
            staple: None,
            timers: BTreeMap::new(),
            visit: None,
        }
    }

    /// What time it is.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The sink.
    pub const fn sink(&mut self) -> &mut S {
        &mut self.sink
    }

    /// The party at a host, if it is still there.
    pub fn party(&self, host: HostId) -> Option<&Party> {
        self.host(host)?.party.as_ref()
    }

    /// The host that a name leads to.
    pub fn leads_to(&self, name: NameId) -> Option<HostId> {
        self.names.get(&name).copied()
    }

    /// Has somebody meddle with every message from now on.
    pub fn meddle(&mut self, meddler: impl FnMut(&mut Envelope) -> Fate + 'static) {
        self.meddler = Some(Box::new(meddler));
    }

    /// Nobody meddles any more.
    pub fn leave_alone(&mut self) {
        self.meddler = None;
    }

    /// A name leads to another host from now on, or to none.
    pub fn point(&mut self, name: NameId, to: Option<HostId>) {
        match to {
            Some(host) => self.names.insert(name, host),
            None => self.names.remove(&name),
        };
        self.emit(None, Event::NameMoved { name, to });
    }

    /// The host refuses connections, or takes them again.
    pub fn set_up(&mut self, host: HostId, is_up: bool) {
        if let Some(host) = self.host_mut(host) {
            host.is_up = is_up;
        }
        let change = if is_up { HostChange::Up } else { HostChange::Down };
        self.emit(None, Event::Host { host, change });
    }

    /// The host's calendar clock is ahead by that many nanoseconds from now on.
    pub fn skew(&mut self, host: HostId, nanos: i64) {
        if let Some(host) = self.host_mut(host) {
            host.skew = nanos;
        }
        self.emit(None, Event::Host { host, change: HostChange::Skewed(nanos) });
    }

    /// The host's certificate ends at that time.
    pub fn end_certificate(&mut self, host: HostId, not_after: WallTime) {
        if let Some(certificate) = self.host_mut(host).and_then(|host| host.certificate.as_mut()) {
            certificate.not_after = not_after;
        }
        self.emit(None, Event::Host { host, change: HostChange::CertificateEnds(not_after) });
    }

    /// The host shows this at handshakes from now on.
    pub fn show(&mut self, host: HostId, certificate: Certificate) {
        if let Some(host) = self.host_mut(host) {
            host.certificate = Some(certificate);
        }
    }

    /// The host loses everything but what is durable, and starts again.
    pub fn crash(&mut self, id: HostId) {
        let Some(host) = self.host_mut(id) else { return };
        let (Some(blueprint), Some(party)) = (&host.blueprint, &host.party) else { return };
        let durable = party.durable().clone();
        host.party = Some(Party::rebuild(blueprint, durable));
        host.incarnation += 1;
        host.drawn = 0;
        host.staple = None;
        for key in mem::take(&mut host.timers).into_values() {
            self.due.remove(&key);
        }
        self.emit(None, Event::Host { host: id, change: HostChange::Crashed });
        let lost: Vec<ExchangeId> = self
            .exchanges
            .iter()
            .filter(|(_, exchange)| exchange.asker == Some(id) || exchange.answerer == Some(id))
            .map(|(id, _)| *id)
            .collect();
        for exchange in lost {
            self.schedule(self.now, Due::Fail(exchange, Failure::Reset));
        }
        self.due.retain(|_, due| !matches!(due, Due::Arrive { host, .. } if *host == id));
        self.schedule(self.now, Due::Start(id));
    }

    /// An operator asks this of a host; its answer is on record.
    pub fn operate(&mut self, host: HostId, request: Request) -> ExchangeId {
        self.send_to(host, NameId(0), Peer::Operator, self.release, request)
    }

    /// A stranger sends a request to a host, as whoever it says it is; the answer is on record.
    pub fn send_to(
        &mut self,
        host: HostId,
        to: NameId,
        from: Peer,
        release: Release,
        request: Request,
    ) -> ExchangeId {
        let exchange = self.outbox.exchanges().next();
        let connection = self.next_connection();
        let message = Message::Request(request);
        let envelope = Envelope { from, to, exchange, connection, release, message };
        self.open(exchange, None, Some(host), envelope.clone(), None, Stage::Asked);
        self.schedule(self.now, Due::Arrive { host, envelope, sent: self.now });
        exchange
    }

    /// Turns the crank until nothing is due before that moment any more.
    pub fn run_until(&mut self, end: Instant) {
        while let Some(entry) = self.due.first_entry() {
            if entry.key().0 > end {
                break;
            }
            let ((at, _), due) = entry.remove_entry();
            self.now = self.now.max(at);
            self.happen(due);
        }
        self.now = self.now.max(end);
    }

    /// Turns the crank for that long.
    pub fn run_for(&mut self, length: Duration) {
        self.run_until(self.now + length);
    }

    /// Turns the crank until nothing is due now any more.
    pub fn settle(&mut self) {
        self.run_until(self.now);
    }

    /// The run is over.
    pub fn end(&mut self) {
        self.emit(None, Event::RunEnded);
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Start(host) => {
                let flow = self.flow_of(host);
                self.call(host, Input::Start, flow);
            }
            Due::Timer(host, timer, flow) => {
                if let Some(host) = self.host_mut(host) {
                    host.timers.remove(&timer);
                }
                self.call(host, Input::Timer(timer), flow);
            }
            Due::Fail(exchange, failure) => self.fail(exchange, failure),
            Due::Arrive { host, envelope, sent } => self.arrive(host, &envelope, sent),
        }
    }

    fn arrive(&mut self, host: HostId, envelope: &Envelope, sent: Instant) {
        let id = envelope.exchange;
        let is_response = matches!(envelope.message, Message::Response(_));
        let (now, is_up) = (self.now, self.host(host).is_some_and(|host| host.is_up));
        let Some(exchange) = self.exchanges.get_mut(&id) else { return };
        if !is_response && !is_up {
            return self.fail(id, Failure::Refused);
        }
        exchange.arrived = now;
        let flow = exchange.flow;
        let is_local = matches!(exchange.stage, Stage::Verdict { .. });
        if is_response {
            self.close(id);
        }
        if self.host(host).is_none_or(|host| host.party.is_none()) {
            self.emit(flow, Event::TooLate { host, exchange: id });
            return;
        }
        let wall = self.clock(host).wall;
        if !is_local {
            self.emit(flow, Event::Arrived { host, sent, envelope, wall });
        }
        if !host.is_visitor() {
            self.emit(flow, Event::Queued { host });
        }
        self.call(host, Input::Deliver(envelope), flow);
    }

    /// Calls an actor, and does what it wants.
    fn call(&mut self, id: HostId, input: Input<'_>, flow: Option<FlowRef>) {
        let now = self.clock(id);
        let is_job = matches!(input, Input::Deliver(_) | Input::Failed(..)) && !id.is_visitor();
        let Some(host) = self.host_mut(id) else { return };
        let Some(mut party) = host.party.take() else { return };
        let entity = u64::from(id.0) << 32 | u64::from(host.incarnation);
        let drawn = host.drawn;
        self.outbox.draw_for(entity, drawn);
        party.handle(input, now, &mut self.outbox);
        let drawn = self.outbox.drawn();
        if let Some(host) = self.host_mut(id) {
            (host.party, host.drawn) = (Some(party), drawn);
        }
        let actions = mem::take(self.outbox.actions_mut());
        let works = mem::take(self.outbox.works_mut());
        if is_job {
            let (queued, began) = (self.now, self.now);
            self.emit(flow, Event::ServiceBegan { host: id, queued });
            for work in works {
                self.emit(flow, Event::Worked { host: id, work, cost: Duration::ZERO });
            }
            self.emit(flow, Event::ServiceEnded { host: id, began });
        }
        for action in actions {
            // A new attempt is a flow of its own.
            let flow = if id.is_visitor() { self.flow_of(id) } else { flow };
            self.perform(id, action, flow);
        }
    }

    fn perform(&mut self, host: HostId, action: Action, flow: Option<FlowRef>) {
        match action {
            Action::Ask(exchange, ask) => self.ask(host, exchange, &ask, flow),
            Action::Reply(exchange, response, refusal) => {
                self.reply(host, exchange, response, refusal);
            }
            Action::Arm(timer, at) => {
                self.disarm(host, timer);
                let key = self.schedule(at, Due::Timer(host, timer, flow));
                if let Some(host) = self.host_mut(host) {
                    host.timers.insert(timer, key);
                }
            }
            Action::Disarm(timer) => self.disarm(host, timer),
            Action::Note(note) => {
                self.record.push(Record::Noted { host, note });
                self.emit(flow, Event::Noted { host, note });
            }
            Action::Staple(answer) => {
                if let Some(host) = self.host_mut(host) {
                    host.staple = Some(answer);
                }
            }
            Action::BeginAttempt => {
                if let Some(visit) = self.visit_mut(host) {
                    visit.attempt += 1;
                    visit.is_over = false;
                }
                self.flow_begins(host);
            }
            Action::EndAttempt => {
                let waiting = self.exchanges.values().any(|open| open.asker == Some(host));
                if let Some(visit) = self.visit_mut(host) {
                    visit.is_over = true;
                }
                self.record.push(Record::Ended { host, waiting });
                self.emit(flow, Event::FlowEnded { host, waiting });
            }
            Action::Leave => {
                if let Some(gone) = self.host_mut(host) {
                    gone.party = None;
                    for key in mem::take(&mut gone.timers).into_values() {
                        self.due.remove(&key);
                    }
                }
                self.emit(flow, Event::VisitorLeft { host });
            }
        }
    }

    fn disarm(&mut self, host: HostId, timer: TimerId) {
        let armed = self.host_mut(host).and_then(|host| host.timers.remove(&timer));
        if let Some(key) = armed {
            self.due.remove(&key);
        }
    }

    fn schedule(&mut self, at: Instant, due: Due) -> (Instant, u64) {
        self.sequence += 1;
        let key = (at.max(self.now), self.sequence);
        self.due.insert(key, due);
        key
    }

    fn next_connection(&mut self) -> ConnectionId {
        self.connections += 1;
        ConnectionId(self.connections)
    }

    fn emit(&mut self, flow: Option<FlowRef>, event: Event<'_>) {
        self.sink.event(Stamp { at: self.now, flow }, event);
    }

    fn clock(&self, host: HostId) -> Now {
        let skew = self.host(host).map_or(0, |host| host.skew);
        let exact = WallTime::exact(self.now).as_nanos();
        Now { monotonic: self.now, wall: WallTime::from_nanos(exact.saturating_add(skew)) }
    }

    fn flow_begins(&mut self, host: HostId) {
        let Some(facts) = self.visit_mut(host).map(|visit| visit.facts) else { return };
        let flow = self.flow_of(host);
        self.emit(flow, Event::FlowBegan { host, facts: &facts });
    }

    fn flow_of(&self, host: HostId) -> Option<FlowRef> {
        let visit = self.host(host)?.visit.as_ref()?;
        let id = FlowId { arrival: visit.arrival, attempt: visit.attempt };
        Some(FlowRef { place: host.place() as u32, id })
    }

    fn host(&self, id: HostId) -> Option<&Host> {
        let of = if id.is_visitor() { &self.visitors } else { &self.hosts };
        of.get(id.place())
    }

    fn host_mut(&mut self, id: HostId) -> Option<&mut Host> {
        let of = if id.is_visitor() { &mut self.visitors } else { &mut self.hosts };
        of.get_mut(id.place())
    }

    fn visit_mut(&mut self, host: HostId) -> Option<&mut Visit> {
        self.host_mut(host)?.visit.as_mut()
    }
}

impl<S> fmt::Debug for Crank<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "crank at {:?}, {} due", self.now, self.due.len())
    }
}
