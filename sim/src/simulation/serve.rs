//! Stations at work: jobs begin and end, actors are called, and what they want is carried out.

use protocol::{
    contract::{Action, Actor, Ask, Failure, Input, TimerId, Work},
    id::{ExchangeId, HostId},
    message::{Certificate, Message, Peer, Response},
    rule::Rule,
    time::{Duration, Instant},
    trace::{Event, FlowRef, Sink, Stamp},
};

use super::{Cast, Drawer, Simulation};
use crate::{
    exchange::{AnswererSide, AskerSide, Exchanges, Handshake, Place},
    queue::Class,
    station::{Deferred, Job, Service},
    timer::Due,
    visitor::Arrivals,
};
use protocol::world::network::Door;

/// What a call of an actor left to be done when its service ends.
struct Outcome {
    /// The first message that leaves then.
    held: Place,
    /// How long the service takes.
    cost: Duration,
}

/// The exchange whose job it is, for the key of its cost: its number and which way its message went.
type JobKey = (Drawer, u32);

impl<C, V, S> Simulation<C, V, S>
where
    C: Cast,
    V: Arrivals<Actor = C::Actor>,
    S: Sink,
{
    /// A job joins the queue of a station, and begins at once if a worker is free.
    pub(super) fn enqueue(&mut self, host: HostId, job: Job, flow: Option<FlowRef>) {
        self.emit(flow, Event::Queued { host });
        let station = &mut self.stations[host.place()];
        if station.has_free_worker() && station.queue.is_passed() {
            self.begin_service(host, self.now, job);
        } else {
            station.queue.push(self.now, job);
            self.serve(host);
        }
    }

    /// Free workers take jobs.
    pub(super) fn serve(&mut self, host: HostId) {
        while self.stations[host.place()].has_free_worker() {
            let Some((queued, job)) = self.stations[host.place()].queue.take() else { return };
            self.begin_service(host, queued, job);
        }
    }

    /// A free worker takes a job.
    fn begin_service(&mut self, host: HostId, queued: Instant, job: Job) {
        let (flow, outcome) = self.call_for(host, queued, job);
        let cost = self.stations[host.place()].at_its_speed(outcome.cost);
        if cost.is_zero() {
            self.emit(flow, Event::ServiceEnded { host, began: self.now });
            self.release_held(host, outcome.held);
            return;
        }
        let station = &mut self.stations[host.place()];
        station.busy += 1;
        let service = self.services.put(Service {
            host: host.0,
            incarnation: station.incarnation,
            began: self.now,
            paused: station.paused_until(self.now),
            held: outcome.held,
            flow,
        });
        self.queue.push(self.now + cost, Class::ServiceEnd, service);
    }

    /// A worker takes a job: the actor is called now, and its state changes now.
    fn call_for(&mut self, host: HostId, queued: Instant, job: Job) -> (Option<FlowRef>, Outcome) {
        let flow = match job {
            Job::Request(place) | Job::Response(place) | Job::Failure(place) => {
                self.exchanges.at(place).flow
            }
            Job::Deferred(place) => self.deferred.at(place).flow,
        };
        self.emit(flow, Event::ServiceBegan { host, queued });
        let outcome = match job {
            Job::Request(place) => {
                let key = self.job_key(place, false);
                let exchange = self.exchanges.at(place);
                exchange.answerer_side = AnswererSide::Busy;
                let work = exchange.opening.handshake.work();
                exchange.opening.handshake = Handshake::None;
                self.call_station(host, CallFor::Exchange(place), flow, key, work)
            }
            Job::Response(place) => {
                let key = self.job_key(place, true);
                let outcome = self.call_station(host, CallFor::Exchange(place), flow, key, None);
                self.exchanges.at(place).asker_side = AskerSide::Done;
                self.settle(place);
                outcome
            }
            Job::Failure(place) => {
                let key = self.job_key(place, true);
                let outcome = self.call_station(host, CallFor::Failure(place), flow, key, None);
                self.exchanges.at(place).asker_side = AskerSide::Done;
                self.settle(place);
                outcome
            }
            Job::Deferred(place) => {
                let Deferred { cost, held, .. } = self.deferred.take(place);
                Outcome { held, cost }
            }
        };
        (flow, outcome)
    }

    fn job_key(&mut self, place: u32, response: bool) -> JobKey {
        let number = self.exchanges.at(place).number;
        (self.drawer(place), number << 6 | u32::from(response) << 5)
    }

    /// The end of a service: what was held leaves, and the worker is free.
    pub(super) fn end_service(&mut self, place: u32) {
        let service = *self.services.at(place);
        let host = HostId(service.host);
        let station = &mut self.stations[host.place()];
        if service.incarnation != station.incarnation {
            // The host crashed meanwhile: what it had not sent is gone.
            self.services.take(place);
            return;
        }
        let frozen = station.paused_until(self.now);
        if frozen > service.paused {
            // For so long nothing was done: the rest is still to do.
            let late = frozen.saturating_sub(service.paused);
            self.services.at(place).paused = frozen;
            self.queue.push(self.now + late, Class::ServiceEnd, place);
            return;
        }
        self.services.take(place);
        station.busy -= 1;
        self.emit(service.flow, Event::ServiceEnded { host, began: service.began });
        self.release_held(host, service.held);
        self.serve(host);
    }

    /// Whatever a call left to be sent leaves now.
    pub(super) fn release_held(&mut self, host: HostId, first: Place) {
        let mut next = first;
        while let Some(place) = next.get() {
            let exchange = self.exchanges.at(place);
            next = std::mem::replace(&mut exchange.next_held, Place::NONE);
            if exchange.answerer_side == AnswererSide::Replying {
                self.response_leaves(host, place);
            } else {
                self.request_leaves(place);
            }
        }
    }

    /// A host begins, for the first time or again.
    pub(super) fn start_station(&mut self, host: HostId) {
        self.call_outside_jobs(host, CallFor::Start, None);
    }

    /// A timer event came for a station.
    pub(super) fn station_timer(&mut self, host: HostId, id: TimerId) {
        if !self.is_station(host) {
            return;
        }
        let station = &mut self.stations[host.place()];
        let monotonic = station.now(self.now).monotonic;
        match station.apart.timers.timer(id).came(self.now, monotonic) {
            Due::Stale => {}
            Due::Later(due) => self.arm_station(host, id, due),
            Due::Now if station.is_running() => self.timer_due(host, id),
            Due::Now => station.apart.condition.missed.push(id),
        }
    }

    /// A timer of a running station is due.
    pub(super) fn timer_due(&mut self, host: HostId, id: TimerId) {
        let flow = self.stations[host.place()].apart.timers.timer(id).flow;
        let flow = self.flows.live(flow);
        self.call_outside_jobs(host, CallFor::Timer(id), flow);
    }

    /// `Start` and timers reach the actor at once; work that they name becomes a job.
    fn call_outside_jobs(&mut self, host: HostId, what: CallFor, flow: Option<FlowRef>) {
        let number = self.next_number(host);
        let drawer = match flow {
            Some(flow) => Drawer::Flow(flow.id),
            None => self.drawer_of_host(host),
        };
        let Outcome { held, cost } =
            self.call_station(host, what, flow, (drawer, number << 6), None);
        if cost.is_zero() {
            self.release_held(host, held);
        } else {
            let job = self.deferred.put(Deferred { cost, held, flow });
            self.enqueue(host, Job::Deferred(job), flow);
        }
    }

    fn call_station(
        &mut self,
        host: HostId,
        what: CallFor,
        flow: Option<FlowRef>,
        key: JobKey,
        first_work: Option<Work>,
    ) -> Outcome {
        let station = &mut self.stations[host.place()];
        let now = station.now(self.now);
        let entity = u64::from(host.0) << 32 | u64::from(station.incarnation);
        self.outbox.draw_for(entity, station.drawn);
        self.outbox.works_mut().extend(first_work);
        let input = match what {
            CallFor::Start => Input::Start,
            CallFor::Timer(id) => Input::Timer(id),
            CallFor::Exchange(place) => Input::Deliver(&self.exchanges.at(place).envelope),
            CallFor::Failure(place) => self.exchanges.at(place).as_failure(),
        };
        station.actor.handle(input, now, &mut self.outbox);
        station.drawn = self.outbox.drawn();
        self.carry(now.wall);
        let (held, bytes) = self.carry_out(host, flow);
        let cost = self.cost(host, flow, key, bytes);
        Outcome { held, cost }
    }

    /// The cost of all work that a call named.
    fn cost(
        &mut self,
        host: HostId,
        flow: Option<FlowRef>,
        (drawer, number): JobKey,
        bytes: u64,
    ) -> Duration {
        if self.outbox.works().is_empty() {
            return Duration::ZERO;
        }
        let (draws, entity) = drawer.key(self.draws.service, self.draws.host_service);
        let class = self.stations[host.place()].costs;
        let mut total = Duration::ZERO;
        for place in 0..self.outbox.works().len() {
            let work = self.outbox.works()[place];
            let Some(cost) = self.costs.of(class, work) else { continue };
            let spent = cost.draw(bytes, &mut draws.of(entity, number | work as u32));
            total += spent;
            self.sink
                .event(Stamp { at: self.now, flow }, Event::Worked { host, work, cost: spent });
        }
        self.outbox.works_mut().clear();
        total
    }

    /// Carries out what an actor wants. What it wants to send is held; gives the first of it, and how many
    /// bytes of it vary in size.
    fn carry_out(&mut self, host: HostId, flow: Option<FlowRef>) -> (Place, u64) {
        let mut actions = std::mem::take(&mut self.actions);
        std::mem::swap(&mut actions, self.outbox.actions_mut());
        let mut held = Held::default();
        let mut bytes = 0;
        for action in actions.drain(..) {
            match action {
                Action::Ask(id, ask) => {
                    let place = self.hold_ask(host, id, ask, flow);
                    held.add(place, &mut self.exchanges);
                }
                Action::Reply(id, response, rule) => {
                    let message = Message::Response(response);
                    bytes += message.bytes() - Message::FRAME;
                    let Message::Response(response) = message else { continue };
                    if let Some(place) = self.hold_reply(host, id, response, rule) {
                        held.add(place, &mut self.exchanges);
                    }
                }
                Action::Arm(timer, due) => {
                    self.stations[host.place()].apart.timers.timer(timer).flow = flow;
                    self.arm_station(host, timer, due);
                }
                Action::Disarm(timer) => {
                    self.stations[host.place()].apart.timers.timer(timer).due = Instant::NEVER;
                }
                Action::Note(note) => self.emit(flow, Event::Noted { host, note }),
                Action::Staple(answer) => self.stations[host.place()].apart.staple = Some(answer),
                // Only visitors come and go.
                Action::BeginAttempt | Action::EndAttempt | Action::Leave => {}
            }
        }
        self.actions = actions;
        (held.first, bytes)
    }

    /// Has an event come when the host's clock reaches that moment.
    pub(super) fn arm_station(&mut self, host: HostId, timer: TimerId, due: Instant) {
        let apart = &mut self.stations[host.place()].apart;
        let at = apart.clock.when(due, self.now);
        if apart.timers.timer(timer).arm(due, at) {
            self.push_timer(at, host, timer);
        }
    }

    /// A request that leaves at the end of this service.
    pub(super) fn hold_ask(
        &mut self,
        host: HostId,
        id: ExchangeId,
        ask: Ask,
        flow: Option<FlowRef>,
    ) -> u32 {
        let door = self.door(ask.to, host);
        let from = match door {
            Door::Mutual { .. } => self
                .certificate_of(host)
                .map_or(Peer::Browser(None), |certificate| Peer::Node(certificate.subject)),
            Door::Front | Door::Plain(_) | Door::Behind => Peer::Browser(ask.cookie),
        };
        let number = match flow {
            Some(flow) => {
                self.flows.refer(flow);
                self.flows.count(flow)
            }
            None if self.is_station(host) => self.next_number(host),
            None => 0,
        };
        let exchange = self.exchanges.begin(id, from, &ask, flow);
        exchange.asker = Some(host);
        exchange.number = number;
        self.tally.asks += 1;
        id.place
    }

    /// A response that leaves at the end of this service, if its exchange still wants one of this host.
    fn hold_reply(
        &mut self,
        host: HostId,
        id: ExchangeId,
        response: Response,
        rule: Option<Rule>,
    ) -> Option<u32> {
        let exchange = self.exchanges.find(id).filter(|exchange| {
            exchange.answerer == Some(host) && exchange.answerer_side == AnswererSide::Busy
        })?;
        exchange.envelope.from = Peer::Node(exchange.envelope.to);
        exchange.envelope.message = Message::Response(response);
        exchange.refusal = rule;
        exchange.answerer_side = AnswererSide::Replying;
        self.stations[host.place()].queue.answered();
        Some(id.place)
    }

    /// What a host shows when it asks over mutual TLS. Visitors have nothing to show.
    pub(super) fn certificate_of(&self, host: HostId) -> Option<Certificate> {
        if host.is_visitor() { None } else { self.stations[host.place()].apart.certificate }
    }

    /// The station has one answer for a request when its queue is full: HTTP 503, without a worker.
    pub(super) fn turn_away(&mut self, host: HostId, place: u32) {
        let flow = self.exchanges.at(place).flow;
        self.emit(flow, Event::TurnedAway { host });
        let exchange = self.exchanges.at(place);
        exchange.envelope.from = Peer::Node(exchange.envelope.to);
        exchange.envelope.message = Message::Response(Response::Unavailable);
        exchange.answerer_side = AnswererSide::Replying;
        self.response_leaves(host, place);
    }

    /// The asker of an exchange learns that it failed.
    pub(super) fn fail(&mut self, place: u32, failure: Failure) {
        let exchange = self.exchanges.at(place);
        if exchange.asker_side != AskerSide::Waits {
            return;
        }
        exchange.asker_side = AskerSide::Failed;
        exchange.failure = failure;
        let (asker, peer, kind, flow) =
            (exchange.asker, exchange.answerer, exchange.kind, exchange.flow);
        let id = exchange.envelope.exchange;
        let Some(host) = asker else { return };
        self.tally.failures += 1;
        self.emit(flow, Event::Failed { host, peer, exchange: id, kind, failure });
        if host.is_visitor() {
            self.visitor_failure(host, place);
        } else {
            self.enqueue(host, Job::Failure(place), flow);
        }
    }
}

/// Why an actor is called.
#[derive(Clone, Copy)]
pub(super) enum CallFor {
    Start,
    Timer(TimerId),
    Exchange(u32),
    Failure(u32),
}

/// Messages that leave together, first to last.
#[derive(Default)]
pub(super) struct Held {
    pub first: Place,
    last: Place,
}

impl Held {
    pub(super) fn add(&mut self, place: u32, exchanges: &mut Exchanges) {
        match self.last.get() {
            Some(last) => exchanges.at(last).next_held = Place::at(place),
            None => self.first = Place::at(place),
        }
        self.last = Place::at(place);
    }
}

impl Handshake {
    /// The work of it.
    pub(super) const fn work(self) -> Option<Work> {
        match self {
            Self::None => None,
            Self::Full => Some(Work::TlsHandshake),
            Self::Resumed => Some(Work::TlsResumption),
        }
    }
}
