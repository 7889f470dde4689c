//! The checkers: trace events in, a verdict per rule out; the same in every world.
//!
//! A rule is judged by evidence: what was asked, what arrived, what was answered, the clocks at the wire, the
//! register and the lists as they crossed the wire. What an actor says of itself, a [`Note`] or the rule that it
//! gives as the reason for a refusal, is believed only for rules that nothing else can show, and those rows of
//! the rulebook say so. A breach is claimed only where no conforming actor could have left the evidence,
//! whatever queues, delays and clocks there were; every rule whose text the evidence contradicts is broken by it.
//!
//! One module per conversation: [`pgo`](self) offers and collects, `authorize` and `consent` are the front of
//! the ZA GW, `grants` and `resource` its back, `digid` the login, `admission` the handshakes, `lists` and
//! `registry` what is published and used, `logs` testimony, `data` who saw what. Memory is bounded by flows in
//! progress, exchanges that are open, and two lifetimes of codes and tokens.
//!
//! [`Note`]: protocol::trace::Note

mod admission;
mod authorize;
mod cast;
mod consent;
mod data;
mod digid;
mod exchanges;
mod flows;
mod grants;
mod lists;
mod logs;
mod pgo;
mod places;
mod registry;
mod resource;
#[cfg(any(test, feature = "script"))]
#[expect(missing_docs, reason = "an event's fields are described where events are")]
pub mod script;
#[cfg(test)]
mod tests;
mod verdict;
mod why;

use std::sync::Arc;

use protocol::{
    contract::Failure,
    id::{ExchangeId, HostId},
    message::{Browse, Envelope, Kind, Message, Page, Request, Response},
    release::Norms,
    role::Role,
    rule,
    time::{Instant, WallTime},
    trace::{Event, FlowRef, HostChange, Sink, Stamp},
};

pub use data::Ledger;
pub use verdict::{Breach, Finding, Verdict, is_judged};
pub use why::Why;

use crate::directory::Directory;
use admission::{Admission, Seen};
use cast::Cast;
use exchanges::{Answer, Asked, Exchange, Exchanges};
use flows::{Flows, Handle};
use grants::Grants;
use lists::Lists;
use registry::Registry;
use verdict::Docket;

/// What the checkers must know of a run besides its network.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Which replication it is, to be kept with a breach.
    pub replication: u32,
    /// Hosts that are not ours. If there are any, they alone are judged, by what crosses their edge: their
    /// driver gives the events that can be seen there (what leaves them, what reaches them), and what happens
    /// inside is not observable.
    pub strangers: Vec<HostId>,
}

/// Judges every rule of the rulebook that can be judged in a run.
#[derive(Debug)]
pub struct Checkers {
    now: Instant,
    docket: Docket,
    cast: Cast,
    exchanges: Exchanges,
    flows: Flows,
    grants: Grants,
    admission: Admission,
    lists: Lists,
    registry: Registry,
    ledger: Ledger,
    ended: bool,
}

impl Sink for Checkers {
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        self.event(stamp, &event);
    }
}

impl Checkers {
    /// Checkers of a network that stands as the directory has it.
    pub fn new(directory: &Arc<Directory>, settings: Settings) -> Self {
        let strangers = &settings.strangers;
        let on_trial = (!strangers.is_empty()).then(|| {
            (0..directory.hosts.len())
                .map(|place| strangers.contains(&HostId(place as u32)))
                .collect()
        });
        Self {
            now: Instant::START,
            docket: Docket::new(settings.replication, on_trial),
            cast: Cast::new(directory, strangers),
            exchanges: Exchanges::new(),
            flows: Flows::new(),
            grants: Grants::new(directory.hosts.len()),
            admission: Admission::new(directory.hosts.len()),
            lists: Lists::new(directory),
            registry: Registry::new(Arc::clone(directory)),
            ledger: Ledger::default(),
            ended: false,
        }
    }

    /// Takes one event. Events come in the order in which they happened.
    pub fn event(&mut self, stamp: Stamp, event: &Event<'_>) {
        // Most events are of stations and their queues, which no rule is about.
        match *event {
            Event::Asked { from, to, parent, envelope } => {
                self.open(stamp);
                self.asked(from, to, parent, stamp.flow, envelope);
            }
            Event::Arrived { host, envelope, wall, .. } => {
                self.open(stamp);
                self.arrived(host, stamp.flow, envelope, wall);
            }
            Event::Answered { from, envelope, asked, wall, .. } => {
                self.open(stamp);
                self.answered(from, envelope, asked, wall);
            }
            Event::Failed { host, peer, exchange, kind, failure } => {
                self.open(stamp);
                self.failed(host, peer, exchange, kind, failure);
            }
            Event::Handshake { connection, host, side, peer, certificate, name, staple, wall } => {
                self.open(stamp);
                let seen = Seen { connection, host, side, peer, certificate, name, staple, wall };
                self.handshake(&seen);
            }
            Event::Verdict { connection, host, side, admitted, wall, .. } => {
                self.open(stamp);
                self.verdict(connection, host, side, admitted, wall);
            }
            Event::Noted { note, .. } => self.noted(stamp.flow, note),
            Event::FlowBegan { facts, .. } => {
                if let Some(flow) = stamp.flow {
                    self.flows.begin(flow, facts);
                }
            }
            Event::Host { host, change } => {
                self.open(stamp);
                self.host_changed(host, change);
            }
            Event::NameMoved { name, to } => self.cast.name_moved(name, to),
            Event::RunEnded => {
                self.open(stamp);
                self.end();
            }
            _ => {}
        }
    }

    /// Who saw what so far.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// A verdict for every rule that [`is_judged`], in the order of the rulebook.
    pub fn finish(mut self) -> Vec<Verdict> {
        self.end();
        self.verdicts()
    }

    /// The same as far as the run has come: what is due later is not judged yet.
    pub fn verdicts(&self) -> Vec<Verdict> {
        self.docket.verdicts()
    }

    fn open(&mut self, stamp: Stamp) {
        // Time does not go back; if an event says so, it is as late as the one before.
        self.now = self.now.max(stamp.at);
        self.docket.open(stamp);
    }

    fn end(&mut self) {
        if !self.ended {
            self.ended = true;
            self.judge_pulls_due();
        }
    }
}

/// Which conversation an event is of.
impl Checkers {
    fn asked(
        &mut self,
        from: HostId,
        to: Option<HostId>,
        parent: Option<ExchangeId>,
        flow: Option<FlowRef>,
        envelope: &Envelope,
    ) {
        let Message::Request(request) = &envelope.message else { return };
        let asked = Asked { kind: request.kind(), asker: from, server: to, parent };
        let open = self.exchanges.asked(envelope.exchange, asked, flow);
        let told_of = Handle::of(flow);
        let flow = open.as_ref().map_or(Handle::NONE, |open| open.flow());
        match request {
            Request::Browse(_) => {}
            Request::OfferCode(offer) => {
                let notes_are_its_own = told_of == flow;
                self.offers_code(from, envelope.to, parent, flow, offer, notes_are_its_own);
            }
            Request::Fetch(fetch) => self.fetches(from, envelope.to, flow, fetch),
            Request::CheckAvailability(subject) if self.cast.role(from) == Role::Za => {
                self.asks_availability(from, flow, subject);
            }
            Request::OcspQuery(serial) => {
                if let Some(open) = open {
                    open.detail = serial.0;
                }
            }
            Request::GetList(kind) => {
                if let Some(open) = open {
                    open.small = *kind as u8;
                }
                self.asks_list(from, to, *kind);
            }
            _ => {}
        }
    }

    fn arrived(
        &mut self,
        host: HostId,
        flow: Option<FlowRef>,
        envelope: &Envelope,
        wall: WallTime,
    ) {
        let role = self.cast.role(host);
        self.ledger.reached(role, &envelope.message);
        match &envelope.message {
            Message::Request(request) => self.request_arrived(host, role, flow, envelope, request),
            Message::Response(Response::Ocsp(answer)) => {
                self.status_arrives(host, envelope.exchange, answer, wall);
            }
            Message::Response(response) if role != Role::Person => {
                self.response_arrived(host, role, flow, envelope.exchange, response);
            }
            Message::Response(_) => {}
        }
    }

    fn request_arrived(
        &mut self,
        host: HostId,
        role: Role,
        flow: Option<FlowRef>,
        envelope: &Envelope,
        request: &Request,
    ) {
        let Envelope { from, exchange, release, .. } = *envelope;
        let open = self.exchanges.arrived(exchange, request.kind(), host, flow);
        let flow = open.map_or(Handle::NONE, |open| open.flow());
        match (role, request) {
            (_, Request::Browse(Browse::LogIn { secret, .. })) => {
                self.credentials_arrive(host, flow, *secret);
            }
            (Role::Pgo, Request::Browse(Browse::Choose { zorgaanbieder, dienst, .. })) => {
                self.choice_arrives(exchange, *zorgaanbieder, *dienst);
            }
            (Role::Pgo, Request::Browse(browse)) => self.callback_arrives(exchange, flow, browse),
            (Role::Za, Request::Browse(Browse::Authorize(request))) => {
                self.authorization_request_arrives(host, exchange, flow, from, release, request);
            }
            (Role::Za, Request::Browse(Browse::ReturnArtifact { relay_state, .. })) => {
                self.artifact_returns(exchange, flow, *relay_state);
            }
            (Role::Za, Request::Browse(Browse::AnswerConsent { answer, csrf })) => {
                self.consent_answer_arrives(exchange, flow, *answer, *csrf);
            }
            (Role::Za, Request::OfferCode(offer)) => {
                self.code_arrives(host, exchange, from, release, offer);
            }
            (Role::Za, Request::Fetch(fetch)) => {
                self.token_arrives(host, exchange, from, release, fetch);
            }
            (Role::Digid, Request::ResolveArtifact { artifact, .. }) => {
                self.artifact_arrives(exchange, from, *artifact);
            }
            (Role::Stelselnode, Request::GetList(kind)) => {
                self.list_is_asked(exchange, *kind, from);
            }
            (Role::Stelselnode, Request::ChangeRegister(change)) => {
                self.registry.change_arrived(exchange, *change);
            }
            _ => {}
        }
    }

    fn response_arrived(
        &mut self,
        host: HostId,
        role: Role,
        told_of: Option<FlowRef>,
        exchange: ExchangeId,
        response: &Response,
    ) {
        let Some(open) = self.exchanges.get(exchange) else { return };
        let flow = open.flow();
        let notes_are_its_own = Handle::of(told_of) == flow;
        match (role, open.kind, response) {
            (_, Kind::GetList, Response::List(list)) => {
                self.lists.delivered(host, list, self.now);
            }
            (Role::Pgo, Kind::OfferCode | Kind::Fetch, _) => {
                self.back_answer_arrives(flow, response, notes_are_its_own);
            }
            (Role::Za, Kind::ResolveArtifact, Response::ArtifactResponse(assertion)) => {
                self.assertion_arrives(exchange, flow, assertion);
            }
            (Role::Za, Kind::CheckAvailability, Response::Availability(availability)) => {
                self.availability_arrives(exchange, flow, *availability);
            }
            (Role::Za, Kind::CheckAvailability, _) => self.lookup_failed(exchange),
            (Role::Za, Kind::FetchDossier, _) => {
                self.source_answers(exchange, matches!(response, Response::Dossier(_)));
            }
            _ => {}
        }
    }

    fn answered(&mut self, from: HostId, envelope: &Envelope, asked: Instant, wall: WallTime) {
        let Message::Response(response) = &envelope.message else { return };
        let Envelope { exchange, release, .. } = *envelope;
        if let Response::Page { page: Page::Login { .. }, .. } = response {
            self.asks_credentials(from);
        }
        let Some(open) = self.exchanges.get(exchange).copied() else { return };
        let flow = open.flow();
        let answer = &Answer { from, exchange, open, flow, response, release, asked, wall };
        match (self.cast.role(from), open.kind) {
            (Role::Pgo, _) => self.pgo_answers(answer),
            (Role::Digid, _) => self.digid_answers(answer),
            (Role::Za, Kind::OfferCode) => {
                self.judge_time(answer);
                self.answers_offer(answer);
            }
            (Role::Za, Kind::Fetch) => {
                self.judge_time(answer);
                self.answers_fetch(answer);
            }
            (Role::Za, Kind::Authorize) => {
                self.answers_authorization(answer);
                self.answers_browser(answer);
            }
            (Role::Za, Kind::ReturnArtifact | Kind::AnswerConsent) => self.answers_browser(answer),
            (Role::Stelselnode, Kind::GetList) => self.answers_list(answer),
            (Role::Stelselnode, Kind::ChangeRegister) => {
                let changed = self.registry.change_answered(exchange, response, asked, self.now);
                if let Some((node, host)) =
                    changed.and_then(|node| Some((node, self.cast.leads_to(node)?)))
                {
                    let so = self.registry.takes_part(node);
                    self.lists.takes_part(host, so, &self.cast, self.now);
                }
            }
            _ => {}
        }
    }

    fn failed(
        &mut self,
        host: HostId,
        peer: Option<HostId>,
        exchange: ExchangeId,
        kind: Kind,
        failure: Failure,
    ) {
        let flow = self.exchanges.get(exchange).map_or(Handle::NONE, Exchange::flow);
        match (kind, self.cast.role(host)) {
            (Kind::OfferCode | Kind::Fetch, role) => {
                self.never_answered(exchange);
                if role == Role::Pgo {
                    self.back_answer_lost(flow);
                }
            }
            (Kind::CheckAvailability, _) => self.lookup_failed(exchange),
            (Kind::FetchDossier, _) => self.source_answers(exchange, false),
            // Who was not admitted, or did not admit the stelselnode, cannot say that lists are not to be had.
            (Kind::GetList, _) if !matches!(failure, Failure::ClosedByPeer | Failure::TlsAlert) => {
                self.list_failed(peer, exchange);
            }
            (Kind::ChangeRegister, _) => self.registry.changes_lost(),
            _ => {}
        }
    }

    fn host_changed(&mut self, host: HostId, change: HostChange) {
        self.cast.host_changed(host, change, self.now);
        if change == HostChange::Crashed {
            self.lists.crashed(host);
            if self.cast.role(host) == Role::Stelselnode {
                self.registry.changes_lost();
            }
        }
    }
}

/// How soon the ZA GW answers, at its own edge.
impl Checkers {
    fn judge_time(&mut self, answer: &Answer<'_>) {
        let Answer { from: za, exchange, response, asked, .. } = *answer;
        let Some(open) = self.exchanges.get_mut(exchange) else { return };
        if open.has(Exchange::OVER) {
            return;
        }
        open.marks |= Exchange::OVER;
        let (rule, limit) = match open.kind {
            Kind::OfferCode => (rule::NORM_TOKEN_ANSWER, Norms::R2.token_answer),
            _ => (rule::NORM_RESOURCE_ANSWER, Norms::R2.resource_answer),
        };
        // Lack of capacity is no answer.
        let in_time = self.now.since(asked) <= limit && !matches!(response, Response::Unavailable);
        self.docket.judge(rule, za, in_time, Why::AnsweredLate);
    }

    /// The asker gave up, or lost the connection.
    fn never_answered(&mut self, exchange: ExchangeId) {
        let Some(open) = self.exchanges.get_mut(exchange) else { return };
        // What never reached the gateway's edge is not its doing.
        if open.has(Exchange::OVER) || !open.has(Exchange::ARRIVED) {
            return;
        }
        open.marks |= Exchange::OVER;
        let rule = match open.kind {
            Kind::OfferCode => rule::NORM_TOKEN_ANSWER,
            _ => rule::NORM_RESOURCE_ANSWER,
        };
        let za = open.server;
        self.docket.judge(rule, za, false, Why::AnsweredLate);
    }
}
