//! One replication, measured: events in, figures and rows out.
//!
//! [`Statistics`] reads every event of a run once, in order, and keeps counts, distributions and integrals
//! of fixed size: its memory is bounded by the flows in flight and by what the caller asks for, never by how
//! many flows are run. It allocates nothing per event. [`Replication`] is what comes out: figures for
//! `study`, and the rows of the result files as values. Does not judge rules (`rules`), write files
//! (`stelsel`) or look at more than one replication (`study`).
//!
//! What is counted where: the *cohort* is the flows that started in [warm-up, horizon), followed to their
//! end; hosts, norms and lists are measured over that window; codes, changes of the register, conservation
//! and totals over the whole run.

pub(crate) mod breakdown;
pub mod cause;
pub(crate) mod cohort;
mod describe;
pub(crate) mod exchanges;
pub mod faults;
mod flow;
mod flows;
mod groups;
mod list_age;
mod lists;
mod network;
pub mod outcome;
mod radius;
mod recovery;
mod registry;
mod replication;
mod sample;
mod slots;
mod stations;
pub mod steps;
mod timeline;
pub mod times;
mod tokens;
mod traces;
mod wishes;

use std::sync::Arc;

use protocol::{
    id::HostId,
    message::{Envelope, Kind, Message, Page, Request, Response},
    release::Norms,
    role::Role,
    time::{Duration, Instant},
    trace::{Event, FlowRef, Note, Sink, Stamp},
};

use crate::directory::{Directory, Window};

use self::{
    exchanges::Exchanges,
    faults::Phases,
    flow::{Mark, Part},
    flows::{Flows, Moment},
    groups::Groups,
    lists::ListLoad,
    network::Network,
    recovery::Backlogs,
    registry::Registry,
    stations::Stations,
    timeline::Timeline,
    tokens::{Asked, Tokens},
    traces::Recorder,
};

pub use self::{
    cause::{Cause, Why},
    exchanges::{FAILURES, Totals},
    faults::FaultSpan,
    flow::{Parts, StepTime},
    outcome::Outcome,
    registry::{Harm, RegistryRow},
    replication::{Conservation, Replication},
    sample::{FlowRow, FlowsKept, StepRow},
    stations::{HostRow, Little},
    timeline::{Series, TimelineRow},
    tokens::TokensRow,
    traces::{Trace, TraceEvent, TraceMessage, TraceRecord, Traces, exchange_text},
};

/// What to measure.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The part of the run that is measured.
    pub window: Window,
    /// The seed of the run.
    pub seed: u64,
    /// Which replication.
    pub replication: u32,
    /// How many flows are kept for flows.csv and steps.csv.
    pub flows_kept: FlowsKept,
    /// Distance between the points of the timeline, of which there are at most 100,000; zero for none.
    pub timeline_step: Duration,
    /// Which flows are recorded event by event.
    pub traces: Traces,
    /// How long codes and tokens live.
    pub token_lifetime: Duration,
    /// How many bits of a code or token are drawn.
    pub entropy_bits: u8,
    /// The norms to measure against.
    pub norms: Norms,
    /// The faults of the run, as scheduled.
    pub faults: Vec<FaultSpan>,
}

impl Settings {
    /// Flows that are kept over all replications of a run, where nothing else is asked.
    pub const FLOWS_KEPT: u32 = 100_000;

    /// Points of a timeline until the horizon, where nothing else is asked.
    pub const TIMELINE_POINTS: u64 = 200;

    /// Points are not closer than this: a point costs a look at every host.
    pub const SHORTEST_STEP: Duration = Duration::from_secs(1);

    /// The usual: a sample of flows, about 200 points, no traces, lifetimes of release 1.0, all bits of a UUID
    /// drawn, norms of 2.x and no faults.
    pub fn new(window: Window, seed: u64, replication: u32) -> Self {
        let run = window.horizon.since(Instant::START).as_nanos();
        Self {
            window,
            seed,
            replication,
            flows_kept: FlowsKept::AtMost(Self::FLOWS_KEPT),
            timeline_step: Duration::from_nanos(run / Self::TIMELINE_POINTS)
                .max(Self::SHORTEST_STEP),
            traces: Traces::None,
            token_lifetime: Duration::from_secs(900),
            entropy_bits: 122,
            norms: Norms::R2,
            faults: Vec::new(),
        }
    }
}

/// Measures one replication.
#[derive(Clone, Debug)]
pub struct Statistics {
    settings: Settings,
    network: Network,
    flows: Flows,
    exchanges: Exchanges,
    stations: Stations,
    backlogs: Backlogs,
    tokens: Tokens,
    registry: Registry,
    lists: ListLoad,
    timeline: Timeline,
    recorder: Recorder,
    events: u64,
    now: Instant,
    /// The next moment at which something is due: an edge of the window, a point of the timeline, or the end
    /// of a fault.
    next_due: Instant,
    phase: Phase,
    /// How the flow that the last event ended came to its end.
    last_end: Option<Outcome>,
}

/// Where a run is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    WarmingUp,
    Measuring,
    Draining,
}

impl Statistics {
    /// Ready for the first event of a run in this network.
    pub fn new(directory: Arc<Directory>, settings: Settings) -> Self {
        let network = Network::new(directory);
        let window = settings.window;
        let groups = Groups::new(&network, Phases::of(&settings.faults));
        let Settings { flows_kept, seed, replication, .. } = settings;
        let mut statistics = Self {
            flows: Flows::new(groups, window, flows_kept, seed, replication),
            exchanges: Exchanges::new(&network, window, &settings.norms),
            stations: Stations::new(&network.directory, window),
            backlogs: Backlogs::new(&settings.faults),
            tokens: Tokens::new(&network),
            registry: Registry::new(&network),
            lists: ListLoad::default(),
            timeline: Timeline::new(settings.timeline_step),
            recorder: Recorder::new(settings.traces.clone()),
            events: 0,
            now: Instant::START,
            next_due: Instant::START,
            phase: Phase::WarmingUp,
            last_end: None,
            network,
            settings,
        };
        statistics.schedule();
        statistics
    }

    /// Takes one event.
    pub fn event(&mut self, stamp: Stamp, event: &Event<'_>) {
        self.events += 1;
        self.last_end = None;
        let now = stamp.at;
        if now >= self.next_due {
            self.pass(now);
        }
        self.now = self.now.max(now);
        self.of_hosts(now, event);
        if let Some(flow) = stamp.flow {
            self.of_flow(flow, now, event);
        }
        match event {
            Event::Asked { to, envelope, .. } => self.asked(stamp, *to, envelope),
            Event::Arrived { host, envelope, .. } => self.arrived(now, *host, envelope),
            Event::Answered { from, envelope, asked, .. } => {
                self.answered(stamp, *from, envelope, *asked);
            }
            Event::Failed { exchange, kind, failure, .. } => {
                self.exchanges.failed(*exchange, *kind, *failure);
            }
            Event::TooLate { .. } => self.exchanges.totals.late += 1,
            Event::Handshake { connection, side, certificate, .. } if !self.registry.is_quiet() => {
                self.registry.handshake(*connection, *side, certificate.subject);
            }
            Event::Verdict { connection, host, side, admitted, refusal, .. }
                if !self.registry.is_quiet() =>
            {
                let flow = stamp.flow.and_then(|flow| self.flows.get_mut(flow));
                self.registry.verdict(*connection, *side, *host, *refusal, *admitted, flow);
            }
            Event::Noted { host, note } => self.noted(*host, note, now),
            Event::NameMoved { name, to } => self.network.name_moved(*name, *to),
            _ => {}
        }
    }

    /// How the flow that the last event ended came to its end; none if it ended none.
    pub fn last_end(&self) -> Option<Outcome> {
        self.last_end
    }

    /// What an event says of stations and visitors, whether or not a flow caused it.
    fn of_hosts(&mut self, now: Instant, event: &Event<'_>) {
        match event {
            Event::Queued { host } => self.stations.queued(*host, now),
            Event::TurnedAway { host } => self.stations.turned_away(*host, now),
            Event::ServiceBegan { host, queued } => {
                self.stations.began(*host, *queued, now);
                self.shortened(*host, now);
            }
            Event::Worked { host, work, cost } => self.stations.worked(*host, *work, *cost),
            Event::ServiceEnded { host, began } => self.stations.ended(*host, *began, now),
            Event::Dropped { host, waiting, in_service } => {
                self.stations.dropped(*host, *waiting, *in_service, now);
                self.shortened(*host, now);
            }
            Event::Host { host, change } => {
                self.network.host_changed(*host, *change, now);
                self.stations.host_changed(*host, *change, now);
            }
            Event::VisitorLeft { host } => self.flows.visitor_left(*host),
            _ => {}
        }
    }

    /// The queue of a host may be empty now.
    fn shortened(&mut self, host: HostId, now: Instant) {
        if !self.backlogs.is_quiet() && !self.stations.has_queue(host) {
            self.backlogs.emptied(host, now);
        }
    }

    /// What an event says of the flow that caused it.
    fn of_flow(&mut self, flow: FlowRef, now: Instant, event: &Event<'_>) {
        let moment = Moment { flow, now, network: &self.network };
        match event {
            Event::FlowBegan { host, facts } => {
                self.timeline.started();
                if let Some(cohort) = self.flows.began(moment, *host, facts)
                    && self.recorder.begin(flow.id, cohort)
                    && let Some(known) = self.flows.get_mut(flow)
                {
                    known.mark(Mark::Traced);
                }
            }
            Event::FlowEnded { host, waiting } => {
                if let Some(outcome) = self.flows.ended(moment, *host, *waiting) {
                    self.timeline.ended(outcome);
                    self.last_end = Some(outcome);
                }
            }
            Event::Asked { from, envelope, .. } => self.flows.asked(moment, *from, envelope),
            Event::Arrived { host, sent, envelope, .. } => {
                self.flows.arrived(moment, *host, envelope, *sent);
            }
            Event::Answered { from, envelope, refusal, .. } => {
                if let Message::Response(response) = &envelope.message {
                    self.flows.answered(moment, *from, response, *refusal);
                }
            }
            Event::Failed { host, peer, exchange, failure, .. } => {
                self.flows.failed(moment, *host, *peer, *exchange, *failure);
            }
            Event::TurnedAway { host } => self.flows.turned_away(moment, *host),
            Event::ServiceBegan { .. } => self.flows.spent(moment, Part::Wait),
            Event::ServiceEnded { .. } => self.flows.spent(moment, Part::Service),
            // The round trips that opened the connection.
            Event::Handshake { .. } => self.flows.spent(moment, Part::Network),
            Event::Verdict { host, admitted: false, refusal, .. } => {
                self.flows.not_admitted(moment, *host, *refusal);
            }
            _ => {}
        }
        if self.recorder.is_at_work()
            && self.flows.get_mut(flow).is_some_and(|known| known.has(Mark::Traced))
        {
            self.recorder.record(flow.id, now, event, &self.network);
        }
    }

    /// The run is over, at its last event.
    pub fn finish(mut self) -> Replication {
        let now = self.now;
        self.stations.end_window(now.min(self.settings.window.horizon));
        let open = self.exchanges.open();
        self.flows.close_all(now, &self.network);
        self.exchanges.token.close();
        self.exchanges.resource.close();
        replication::of(self, open)
    }

    fn asked(&mut self, stamp: Stamp, to: Option<HostId>, envelope: &Envelope) {
        let kind = envelope.message.kind();
        self.exchanges.asked(envelope.exchange, kind, to, stamp.at, &self.network);
        if !self.registry.is_quiet()
            && let Some(known) = stamp.flow.and_then(|flow| self.flows.get_mut(flow))
        {
            self.registry.asked(envelope.to, known, &self.network);
        }
    }

    fn arrived(&mut self, now: Instant, host: HostId, envelope: &Envelope) {
        let message = &envelope.message;
        let bytes = message.bytes();
        self.exchanges.arrived(envelope.exchange, message.kind(), bytes, now);
        match message {
            Message::Request(Request::GetList(list)) if self.phase == Phase::Measuring => {
                self.lists.requested(*list, now);
            }
            Message::Request(Request::ChangeRegister(change)) => {
                self.registry.change_asked(envelope.exchange, *change);
            }
            _ => {}
        }
        if !self.registry.is_quiet() {
            let is_request = matches!(message, Message::Request(_));
            self.registry.arrived(host, envelope.from, is_request, bytes, &self.network);
        }
    }

    fn answered(&mut self, stamp: Stamp, from: HostId, envelope: &Envelope, asked: Instant) {
        let Message::Response(response) = &envelope.message else { return };
        let (now, network) = (stamp.at, &self.network);
        let kind = response.kind();
        self.exchanges.answered(envelope.exchange, from, kind, asked, now, network);
        match response {
            Response::Token(_) | Response::Redirect { .. } | Response::Fhir(_) => {
                let known = stamp.flow.and_then(|flow| self.flows.get_mut(flow));
                let whose = known.and_then(|known| {
                    Some(Asked {
                        person: known.person()?,
                        zorgaanbieder: known.zorgaanbieder(),
                        dienst: known.dienst(),
                        call: known.call,
                    })
                });
                let lifetime = self.settings.token_lifetime;
                self.tokens.answered(from, response, whose, lifetime, now, network);
            }
            Response::List(list) => {
                if self.phase == Phase::Measuring {
                    self.lists.given(list.kind, envelope.message.bytes());
                }
                // Where nobody notes a publication, the first time that a version is given shows it.
                let published = list.published.as_nanos().max(0) as u64;
                let published = Instant::from_nanos(published).min(now);
                self.registry.published(list.kind, list.number, published, network);
            }
            Response::Done | Response::NotDone => {
                let made = kind == Kind::Done;
                self.registry.change_answered(envelope.exchange, made, now, network);
            }
            Response::Page { page: Page::RequestInvalid(_) | Page::NotOffered, .. }
                if !self.registry.is_quiet() =>
            {
                self.turned_down(stamp, from, response);
            }
            _ => {}
        }
    }

    /// A gateway told a person that it cannot serve a flow: perhaps because it does not know a newcomer yet.
    fn turned_down(&mut self, stamp: Stamp, from: HostId, response: &Response) {
        use protocol::message::InvalidCause::UnknownClient;
        let Some(known) = stamp.flow.and_then(|flow| self.flows.get_mut(flow)) else { return };
        match response {
            Response::Page { page: Page::RequestInvalid(UnknownClient), .. } => {
                let pgo = self.network.pgos().get(usize::from(known.pgo()));
                let node = pgo.and_then(|pgo| self.network.directory.host(*pgo)?.node);
                if let Some(node) = node {
                    self.registry.client_unknown(from, node, Some(known));
                }
            }
            Response::Page { page: Page::NotOffered, .. } => {
                self.registry.not_offered(from, Some(known), &self.network);
            }
            _ => {}
        }
    }

    fn noted(&mut self, host: HostId, note: &Note, now: Instant) {
        let network = &self.network;
        match note {
            Note::ListInUse(list, number) => {
                self.registry.in_use(host, *list, *number, now);
                self.flows.cohort.groups.ages.in_use(host, *list, *number, now, network);
            }
            Note::Published(list, number) => {
                self.registry.published(*list, *number, now, network);
                self.flows.cohort.groups.ages.published(*list, *number, now);
            }
            Note::RegisterChanged if network.role(host) == Role::Stelselnode => {
                self.registry.change_noted(now, network);
            }
            Note::CollisionDetected(_) | Note::CollisionUndetected(_) => {
                self.tokens.noted(host, note, now, network);
            }
            _ => {}
        }
    }

    /// Everything that was due by now.
    fn pass(&mut self, now: Instant) {
        while self.next_due <= now && self.next_due != Instant::NEVER {
            let due = self.next_due;
            let Window { warm_up, horizon } = self.settings.window;
            if self.phase == Phase::WarmingUp && due >= warm_up {
                self.stations.begin_window(due);
                self.phase = Phase::Measuring;
            }
            if self.phase == Phase::Measuring && due >= horizon {
                self.stations.end_window(due);
                self.phase = Phase::Draining;
            }
            if due >= self.timeline.next() {
                self.timeline.point(&self.stations.busiest(due));
            }
            if due >= self.backlogs.next() {
                self.backlogs.faults_end(due, &self.stations);
            }
            self.schedule();
        }
    }

    fn schedule(&mut self) {
        let Window { warm_up, horizon } = self.settings.window;
        let edge = match self.phase {
            Phase::WarmingUp => warm_up,
            Phase::Measuring => horizon,
            Phase::Draining => Instant::NEVER,
        };
        self.next_due = edge.min(self.timeline.next()).min(self.backlogs.next());
    }
}

impl Sink for Statistics {
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        Self::event(self, stamp, &event);
    }
}
