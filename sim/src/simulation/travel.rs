//! Messages on their way: connections, their doors, links, and what arrives.

use protocol::{
    contract::{Ask, Failure},
    id::{ConnectionId, HostId, NameId},
    message::{Hello, Message, Peer, Request, Response, Side},
    time::{Duration, WallTime},
    trace::{Event, Sink, Stamp},
};

use super::{Cast, Leg, Simulation};
use crate::{
    connection::Idle,
    exchange::{AnswererSide, AskerSide, Handshake, Opening, Pending},
    station::Job,
    visitor::Arrivals,
};
use protocol::world::{
    link::{LinkClass, Segment, Verdict},
    network::{Door, Resumption},
};

/// How the way to a name begins.
struct Way {
    connection: ConnectionId,
    /// Round trips before the request can leave; none on a connection that stands.
    round_trips: u32,
    resumed: bool,
}

/// Requests leave, and connections are opened for them.
impl<C, V, S> Simulation<C, V, S>
where
    C: Cast,
    V: Arrivals<Actor = C::Actor>,
    S: Sink,
{
    /// An event that names an exchange.
    pub(super) fn exchange_event(&mut self, place: u32) {
        match self.exchanges.at(place).pending.take() {
            Some(Pending::Opened) => self.opened(place),
            Some(Pending::Request) => self.request_arrives(place),
            Some(Pending::Response) => self.response_arrives(place),
            Some(Pending::Failure(failure)) => self.fail(place, failure),
            None => {}
        }
        self.settle_if_in_use(place);
    }

    /// A request leaves its asker, on a connection that stands or by opening one.
    pub(super) fn request_leaves(&mut self, place: u32) {
        let now = self.now;
        let exchange = self.exchanges.at(place);
        let Some(asker) = exchange.asker else { return };
        let (to, id) = (exchange.envelope.to, exchange.envelope.exchange);
        let (door, answerer) = (self.door(to, asker), self.leads_to(to));
        let way = self.way(asker, to, door, answerer);
        let exchange = self.exchanges.at(place);
        exchange.asker_side = AskerSide::Waits;
        exchange.answerer = answerer;
        exchange.sent = now;
        exchange.envelope.connection = way.connection;
        self.sink.event(
            Stamp { at: now, flow: exchange.flow },
            Event::Asked {
                from: asker,
                to: answerer,
                parent: exchange.parent,
                envelope: &exchange.envelope,
            },
        );
        if asker.is_visitor() {
            self.visitor_asked(asker, place);
        }
        let limit = door.limit();
        if let Some(at) = self.exchanges.limit(limit, id, now + self.limits.of(limit)) {
            self.push_own_timer(at, limit as u32);
        }
        let Some(answerer) = answerer else {
            // Nobody has that address: the refusal comes from the network itself.
            let delay = self.delay(place, asker, asker, Leg::Notice, 0).unwrap_or_default();
            self.push_exchange(now + delay, place, Pending::Failure(Failure::Refused));
            return;
        };
        if way.round_trips == 0 {
            self.send_request(place, asker, answerer);
        } else {
            self.open(place, asker, answerer, door, &way);
        }
    }

    /// A connection that stands, or the number of a new one and what opening it takes.
    fn way(&mut self, asker: HostId, to: NameId, door: Door, answerer: Option<HostId>) -> Way {
        if door == Door::Behind {
            // Outside the network no connection is modelled.
            return Way { connection: ConnectionId(0), round_trips: 0, resumed: false };
        }
        let incarnation = answerer.map_or(0, |host| self.stations[host.place()].incarnation);
        let (now, keep_alive) = (self.now, self.tls.keep_alive);
        let stands = |idle: &Idle| {
            answerer.is_some_and(|peer| idle.stands(now, keep_alive, peer, incarnation))
        };
        let (standing, met) = if asker.is_visitor() {
            let visitor = self.visitors.get(asker);
            visitor.map_or((None, false), |visitor| visitor.kept.take(to, stands))
        } else {
            self.stations[asker.place()].apart.pools.take(to, stands)
        };
        if let Some(connection) = standing {
            return Way { connection, round_trips: 0, resumed: false };
        }
        self.connections = self.connections.wrapping_add(1);
        let resumed = met && self.tls.resumption == Resumption::On;
        Way {
            connection: ConnectionId(self.connections),
            round_trips: self.tls.round_trips(door, resumed),
            resumed,
        }
    }

    /// Opens a connection: round trips first, and then, where somebody decides, the verdicts.
    fn open(&mut self, place: u32, asker: HostId, answerer: HostId, door: Door, way: &Way) {
        let handshake = match door {
            Door::Plain(_) | Door::Behind => Handshake::None,
            Door::Front | Door::Mutual { .. } if way.resumed => Handshake::Resumed,
            Door::Front | Door::Mutual { .. } => Handshake::Full,
        };
        let answerer_decides = matches!(door, Door::Mutual { answerer_decides: true, .. });
        self.exchanges.at(place).opening =
            Opening { answerer_decides, handshake, ..Opening::default() };
        let trips = self.round_trips(place, asker, answerer, way.round_trips);
        let Some(trips) = trips.filter(|trips| *trips <= self.limits.connect) else {
            // Nothing comes back in time: the asker gives up.
            let at = self.now + self.limits.connect;
            self.push_exchange(at, place, Pending::Failure(Failure::TimedOut));
            return;
        };
        let opened = self.now + trips;
        if matches!(door, Door::Mutual { .. }) {
            self.push_exchange(opened, place, Pending::Opened);
        } else {
            // Nobody decides: the request follows on the heels of the handshake.
            let bytes = self.bytes(place);
            if let Some(delay) = self.delay(place, asker, answerer, Leg::Request, bytes) {
                self.push_exchange(opened + delay, place, Pending::Request);
            }
        }
    }

    /// How long so many round trips take; none if something on the way never arrives.
    fn round_trips(
        &mut self,
        place: u32,
        asker: HostId,
        answerer: HostId,
        count: u32,
    ) -> Option<Duration> {
        let mut words = self.link_words(place, Leg::Opening);
        let (there, back) = (self.link_class(asker), self.link_class(answerer));
        let mut total = Duration::ZERO;
        for trip in 0..count {
            total += self.links.between(there, back).delay(0, &mut words);
            total += self.links.between(back, there).delay(0, &mut words);
            if self.link_faults.none() {
                continue;
            }
            let segment = if trip == 0 { Segment::Opening } else { Segment::Data };
            for (from, to) in [(asker, answerer), (answerer, asker)] {
                match self.link_faults.verdict(from, to, segment, &mut words) {
                    Verdict::Pass => {}
                    Verdict::Delay(delay) => total += delay,
                    Verdict::Drop => return None,
                }
            }
        }
        Some(total)
    }

    /// The round trips are done. Each end that decides is shown the other's certificate.
    fn opened(&mut self, place: u32) {
        let exchange = self.exchanges.at(place);
        if exchange.asker_side != AskerSide::Waits {
            return;
        }
        let (Some(asker), Some(answerer)) = (exchange.asker, exchange.answerer) else { return };
        let (opening, to) = (exchange.opening, exchange.envelope.to);
        if !self.stations[answerer.place()].is_reachable() {
            self.fail(place, Failure::Refused);
            return;
        }
        let server = self.certificates[to.index()];
        let client = self.certificate_of(asker);
        if opening.answerer_decides && client.is_none() {
            // It demands a certificate, and browsers have none.
            self.notice(place, answerer, Failure::ClosedByPeer);
            return;
        }
        let staple = self.stations[answerer.place()]
            .apart
            .staple
            .filter(|staple| server.is_some_and(|certificate| certificate.serial == staple.serial));
        if opening.answerer_decides
            && let Some(certificate) = client
        {
            let name = certificate.subject;
            let hello = Hello { side: Side::Answerer, certificate, name, staple: None };
            // The client's certificate comes with its last flight of the handshake.
            let Some(delay) = self.delay(place, asker, answerer, Leg::Request, 0) else { return };
            self.say_hello(place, answerer, asker, hello, delay);
        }
        if let Some(certificate) = server.filter(|_| !asker.is_visitor()) {
            let hello = Hello { side: Side::Asker, certificate, name: to, staple };
            self.say_hello(place, asker, answerer, hello, Duration::ZERO);
        }
        if opening.answerer_decides {
            // It does the work of the handshake with its verdict, not with the first request.
            self.exchanges.at(place).opening.handshake = Handshake::None;
        }
    }

    /// Shows one end of a connection what the other presents. Its verdict comes as the answer.
    fn say_hello(&mut self, about: u32, host: HostId, peer: HostId, hello: Hello, delay: Duration) {
        let id = self.outbox.exchanges().next();
        let main = self.exchanges.at(about);
        let (flow, connection) = (main.flow, main.envelope.connection);
        let handshake = main.opening.handshake;
        // Not an exchange of the flow's own: it has its number from the one that it is about.
        let own = match hello.side {
            Side::Asker => 1 << 24,
            Side::Answerer => 1 << 25,
        };
        let number = main.number | own;
        let ask = Ask {
            to: main.envelope.to,
            release: main.envelope.release,
            parent: Some(main.envelope.exchange),
            cookie: None,
            request: Request::Hello(hello),
        };
        let exchange = self.exchanges.begin(id, Peer::Operator, &ask, flow);
        exchange.envelope.connection = connection;
        exchange.answerer = Some(host);
        exchange.asker_side = AskerSide::Done;
        exchange.number = number;
        exchange.opening.handshake = handshake;
        if let Some(flow) = flow {
            self.flows.refer(flow);
        }
        let Hello { side, certificate, name, staple } = hello;
        let wall = self.stations[host.place()].now(self.now).wall;
        let (certificate, staple) = (&certificate, staple.as_ref());
        self.emit(
            flow,
            Event::Handshake { connection, host, side, peer, certificate, name, staple, wall },
        );
        self.push_exchange(self.now + delay, id.place, Pending::Request);
    }

    /// One end of a connection gave its verdict on the other.
    fn verdict(&mut self, host: HostId, hello: u32) {
        let exchange = self.exchanges.at(hello);
        let (about, flow, refusal) = (exchange.parent, exchange.flow, exchange.refusal);
        let admitted = matches!(exchange.envelope.message, Message::Response(Response::Admit));
        let connection = exchange.envelope.connection;
        exchange.answerer_side = AnswererSide::Done;
        let wall = self.stations[host.place()].now(self.now).wall;
        let Some(main) = about.and_then(|about| self.exchanges.find(about)) else {
            self.settle(hello);
            return;
        };
        let side = if main.asker == Some(host) { Side::Asker } else { Side::Answerer };
        let (place, asker, answerer) = (main.envelope.exchange.place, main.asker, main.answerer);
        self.emit(flow, Event::Verdict { connection, host, side, admitted, refusal, wall });
        self.settle(hello);
        let exchange = self.exchanges.at(place);
        match (side, asker, answerer) {
            (Side::Asker, Some(asker), Some(answerer)) if admitted => {
                if exchange.asker_side == AskerSide::Waits {
                    self.send_request(place, asker, answerer);
                }
            }
            (Side::Asker, ..) => self.fail(place, Failure::TlsAlert),
            (Side::Answerer, ..) => {
                exchange.opening.answerer_decides = false;
                exchange.opening.denied = !admitted;
                if std::mem::take(&mut exchange.opening.at_door) {
                    self.enter(place, host);
                }
            }
        }
        self.settle_if_in_use(place);
    }

    /// A request goes out on a connection that stands and that its asker has admitted.
    fn send_request(&mut self, place: u32, asker: HostId, answerer: HostId) {
        let bytes = self.bytes(place);
        self.exchanges.at(place).sent = self.now;
        // What is lost for good ends at the asker's limit.
        if let Some(delay) = self.delay(place, asker, answerer, Leg::Request, bytes) {
            self.push_exchange(self.now + delay, place, Pending::Request);
        }
    }
}

/// What arrives.
impl<C, V, S> Simulation<C, V, S>
where
    C: Cast,
    V: Arrivals<Actor = C::Actor>,
    S: Sink,
{
    fn request_arrives(&mut self, place: u32) {
        let exchange = self.exchanges.at(place);
        let Some(host) = exchange.answerer else { return };
        if exchange.opening.answerer_decides {
            exchange.opening.at_door = true;
            return;
        }
        self.enter(place, host);
    }

    /// A request is at its host: the host takes it, turns it away, or is not there.
    fn enter(&mut self, place: u32, host: HostId) {
        let now = self.now;
        let exchange = self.exchanges.at(place);
        // What its own driver or operator says comes by no connection, and always finds room.
        let local = exchange.asker.is_none();
        let station = &self.stations[host.place()];
        let there = station.is_reachable() || local && station.apart.condition.dead == 0;
        if exchange.opening.denied || !there {
            let denied = exchange.opening.denied;
            let failure = if denied { Failure::ClosedByPeer } else { Failure::Refused };
            self.notice(place, host, failure);
            return;
        }
        let has_room = station.has_free_worker() || station.queue.has_room();
        exchange.arrived = now;
        exchange.answerer_side = AnswererSide::Queued;
        let flow = exchange.flow;
        self.sink.event(
            Stamp { at: now, flow },
            Event::Arrived {
                host,
                sent: exchange.sent,
                envelope: &exchange.envelope,
                wall: station.now(now).wall,
            },
        );
        if has_room || local {
            self.enqueue(host, Job::Request(place), flow);
        } else {
            self.turn_away(host, place);
        }
    }

    /// A response leaves the host that was asked.
    pub(super) fn response_leaves(&mut self, host: HostId, place: u32) {
        let now = self.now;
        let exchange = self.exchanges.at(place);
        if exchange.asker.is_none() && exchange.parent.is_some() {
            self.verdict(host, place);
            return;
        }
        exchange.answerer_side = AnswererSide::Done;
        exchange.sent = now;
        self.sink.event(
            Stamp { at: now, flow: exchange.flow },
            Event::Answered {
                from: host,
                envelope: &exchange.envelope,
                asked: exchange.arrived,
                refusal: exchange.refusal,
                wall: self.stations[host.place()].now(now).wall,
            },
        );
        if let Some(asker) = exchange.asker {
            let bytes = self.bytes(place);
            if let Some(delay) = self.delay(place, host, asker, Leg::Response, bytes) {
                self.push_exchange(now + delay, place, Pending::Response);
            }
        }
        self.settle(place);
    }

    fn response_arrives(&mut self, place: u32) {
        let now = self.now;
        let exchange = self.exchanges.at(place);
        let (flow, id) = (exchange.flow, exchange.envelope.exchange);
        let (Some(asker), Some(peer)) = (exchange.asker, exchange.answerer) else { return };
        if exchange.asker_side != AskerSide::Waits {
            self.emit(flow, Event::TooLate { host: asker, exchange: id });
            return;
        }
        exchange.asker_side = AskerSide::Answered;
        self.tally.replies += 1;
        let wall = if asker.is_visitor() {
            WallTime::exact(now)
        } else {
            self.stations[asker.place()].now(now).wall
        };
        self.sink.event(
            Stamp { at: now, flow },
            Event::Arrived { host: asker, sent: exchange.sent, envelope: &exchange.envelope, wall },
        );
        let (to, connection) = (exchange.envelope.to, exchange.envelope.connection);
        if self.door(to, asker) != Door::Behind {
            let incarnation = self.stations[peer.place()].incarnation;
            self.keep(asker, to, Idle { connection, peer, incarnation, since: now });
        }
        if asker.is_visitor() {
            self.visitor_response(asker, place);
        } else {
            self.enqueue(asker, Job::Response(place), flow);
        }
    }

    /// A connection has no exchange any more: it is kept for a while.
    fn keep(&mut self, host: HostId, to: NameId, idle: Idle) {
        if !host.is_visitor() {
            self.stations[host.place()].apart.pools.keep(to, idle);
        } else if let Some(visitor) = self.visitors.get(host) {
            visitor.kept.keep(to, idle);
        }
    }

    /// The limit of an exchange has passed.
    pub(super) fn limit_passed(&mut self, place: u32) {
        self.fail(place, Failure::TimedOut);
        self.settle_if_in_use(place);
    }

    /// The host that was asked has the asker learn that nothing will come.
    pub(super) fn notice(&mut self, place: u32, host: HostId, failure: Failure) {
        let exchange = self.exchanges.at(place);
        exchange.answerer_side = AnswererSide::Done;
        match (exchange.asker, exchange.parent) {
            (Some(asker), _) => {
                if let Some(delay) = self.delay(place, host, asker, Leg::Notice, 0) {
                    self.push_exchange(self.now + delay, place, Pending::Failure(failure));
                }
            }
            // A host that is gone before it could decide leaves no connection either.
            (None, Some(about)) => {
                let Some(main) = self.exchanges.find(about) else { return };
                main.opening.answerer_decides = false;
                main.opening.denied = true;
                if std::mem::take(&mut main.opening.at_door) {
                    self.notice(about.place, host, failure);
                }
            }
            (None, None) => {}
        }
    }

    /// How long a message of that size is on its way; none if it never arrives.
    fn delay(
        &mut self,
        place: u32,
        from: HostId,
        to: HostId,
        leg: Leg,
        bytes: u64,
    ) -> Option<Duration> {
        let mut words = self.link_words(place, leg);
        let link = self.links.between(self.link_class(from), self.link_class(to));
        let delay = link.delay(bytes, &mut words);
        if self.link_faults.none() {
            return Some(delay);
        }
        match self.link_faults.verdict(from, to, Segment::Data, &mut words) {
            Verdict::Pass => Some(delay),
            Verdict::Delay(more) => Some(delay + more),
            Verdict::Drop => None,
        }
    }

    fn link_class(&self, host: HostId) -> LinkClass {
        if host.is_visitor() { self.visitor_link } else { self.link_of[host.place()] }
    }

    fn bytes(&mut self, place: u32) -> u64 {
        self.exchanges.at(place).envelope.message.bytes()
    }

    fn settle_if_in_use(&mut self, place: u32) {
        if self.exchanges.in_use(place) {
            self.settle(place);
        }
    }

    /// An operator says something at a host's console.
    pub(super) fn tell(&mut self, host: HostId, request: Request) {
        let id = self.outbox.exchanges().next();
        let ask = Ask::for_the_sake_of(None, NameId(u32::MAX), self.release, request);
        let number = self.next_number(host);
        let now = self.now;
        let exchange = self.exchanges.begin(id, Peer::Operator, &ask, None);
        exchange.envelope.connection = ConnectionId(0);
        exchange.answerer = Some(host);
        exchange.asker_side = AskerSide::Done;
        exchange.number = number;
        exchange.sent = now;
        self.push_exchange(now, id.place, Pending::Request);
    }
}
