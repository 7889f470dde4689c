//! The stelselnode: MedMij Registratie, which keeps the register, publishes lists from it, and serves them to
//! the nodes that are on its current Whitelist (PI 10 to 18, APP 17, 18, 20, 21).
//!
//! Does not decide who may take part (people do, before an operator changes the register), and does not know
//! when anybody fetches.

use std::sync::Arc;

use protocol::{
    contract::{Actor, Input, Outbox, TimerId, Work},
    id::ExchangeId,
    message::{Envelope, Hello, Message, Peer, Request, Response, Side},
    register::{Edition, ListKind, ListVersion, Register},
    release::Release,
    rule,
    time::{Duration, Now, WallTime},
    trace::Note,
};

use crate::{
    admission::{Answered, Gate, OcspPolicy, Standing},
    durable::{Durable, Registration},
    lists::next_on_grid,
    node::deny,
};

/// How MedMij Registratie works.
#[derive(Clone, PartialEq, Debug)]
pub struct StelselnodeConfig {
    /// The register at the very start, before any change.
    pub register: Register,
    /// From one publication of the ZAL to the next (APP 18: at least daily).
    pub zal_publish: Duration,
    /// The same for the other lists (APP 21: at least daily).
    pub whitelist_publish: Duration,
    /// OCSP.
    pub ocsp: OcspPolicy,
    /// The release under which it speaks to the OCSP responder.
    pub release: Release,
}

/// The lists of one publication timer.
const WITH_THE_WHITELIST: [ListKind; 3] =
    [ListKind::Whitelist, ListKind::OauthClients, ListKind::Gegevensdiensten];

/// The stelselnode.
#[derive(Clone, Debug)]
pub struct Stelselnode {
    config: Arc<StelselnodeConfig>,
    durable: Durable,
    gate: Gate,
    /// Used again for every OCSP answer.
    ready: Vec<Answered>,
}

impl Stelselnode {
    /// As it begins for the first time: with these lists published, or, if there are none, with those that
    /// the register gives.
    pub fn new(config: Arc<StelselnodeConfig>, lists: &[Arc<ListVersion>]) -> Self {
        let register = config.register.clone();
        let of_register = register.publish_all();
        let published = ListKind::ALL
            .into_iter()
            .zip(of_register)
            .map(|(kind, own)| lists.iter().find(|list| list.kind == kind).cloned().unwrap_or(own));
        let published = published.collect();
        let registration = Registration { published, register, ..Registration::default() };
        Self::rebuild(config, Durable { registration, ..Durable::NOTHING })
    }

    /// As it begins after a crash.
    pub fn rebuild(config: Arc<StelselnodeConfig>, durable: Durable) -> Self {
        let gate = Gate::new(config.ocsp, config.release);
        Self { config, durable, gate, ready: Vec::new() }
    }
}

impl Actor for Stelselnode {
    type Durable = Durable;

    fn durable(&self) -> &Durable {
        &self.durable
    }

    fn handle(&mut self, input: Input<'_>, now: Now, out: &mut Outbox) {
        match input {
            Input::Start => {
                self.gate.start(out);
                self.publish_what_is_overdue(now, out);
                self.arm(TimerId::PublishZal, now, out);
                self.arm(TimerId::PublishWhitelist, now, out);
            }
            Input::Timer(timer @ TimerId::PublishZal) => {
                self.publish(ListKind::Zal, Edition::OfRegister, now.wall, out);
                self.arm(timer, now, out);
            }
            Input::Timer(timer @ TimerId::PublishWhitelist) => {
                for kind in WITH_THE_WHITELIST {
                    self.publish(kind, Edition::OfRegister, now.wall, out);
                }
                self.arm(timer, now, out);
            }
            Input::Timer(TimerId::RenewStaple) => self.gate.renew_staple(out),
            Input::Timer(stale) => out.note(Note::StaleTimer(stale)),
            Input::Failed(exchange, failure) => {
                let mut ready = std::mem::take(&mut self.ready);
                if !self.gate.on_failed(exchange, failure, now, out, &mut ready) {
                    out.note(Note::PeerLost(failure));
                }
                self.let_in(ready, out);
            }
            Input::Deliver(envelope) => match &envelope.message {
                Message::Request(request) => self.on_request(envelope, request, now, out),
                Message::Response(response) => {
                    let mut ready = std::mem::take(&mut self.ready);
                    let exchange = envelope.exchange;
                    if !self.gate.on_response(exchange, response, now, out, &mut ready) {
                        out.note(Note::Unexpected(response.kind()));
                    }
                    self.let_in(ready, out);
                }
            },
        }
    }
}

impl Stelselnode {
    fn on_request(&mut self, envelope: &Envelope, request: &Request, now: Now, out: &mut Outbox) {
        let exchange = envelope.exchange;
        match (request, envelope.from) {
            (Request::GetList(kind), Peer::Node(_)) => {
                let response = match self.durable.registration.current(*kind) {
                    Some(list) => Response::List(Arc::clone(list)),
                    None => Response::Unavailable,
                };
                out.reply(exchange, response, Work::ServeList);
            }
            (Request::GetList(_), _) => {
                let rule = rule::MUTUAL_CERTIFICATES;
                out.refuse(rule, exchange, Response::BadRequest, Work::ServeList);
            }
            (Request::Hello(hello), Peer::Operator) => {
                match self.gate.judge(exchange, hello, now, out) {
                    Standing::Trusted => self.admit_if_listed(exchange, hello, out),
                    Standing::Refused(rule) => deny(rule, exchange, out),
                    Standing::Waits => {}
                }
            }
            (Request::ChangeRegister(change), Peer::Operator) => {
                if self.durable.registration.register.apply(*change) {
                    out.note(Note::RegisterChanged);
                    out.reply(exchange, Response::Done, Work::Query);
                } else {
                    // Beheer checks a change before it makes it.
                    let rule = rule::PROCESS_REGISTRATION;
                    out.refuse(rule, exchange, Response::NotDone, Work::Query);
                }
            }
            (Request::Publish(kind, Edition::Previous), Peer::Operator) => {
                let is_back = self.durable.registration.take_back(*kind);
                let response = if is_back { Response::Done } else { Response::NotDone };
                out.reply(exchange, response, Work::Query);
            }
            (Request::Publish(kind, edition), Peer::Operator) => {
                self.publish(*kind, *edition, now.wall, out);
                out.reply(exchange, Response::Done, Work::Query);
            }
            (Request::ChangeRegister(_) | Request::Publish(..), _) => {
                let rule = rule::PROCESS_REGISTRATION;
                out.refuse(rule, exchange, Response::NotDone, Work::Query);
            }
            _ => {
                out.note(Note::Unexpected(request.kind()));
                out.reply(exchange, Response::BadRequest, Work::Query);
            }
        }
    }

    fn let_in(&mut self, mut ready: Vec<Answered>, out: &mut Outbox) {
        for Answered { hello, shown, verdict } in ready.drain(..) {
            match verdict {
                Ok(()) => self.admit_if_listed(hello, &shown, out),
                Err(rule) => deny(rule, hello, out),
            }
        }
        self.ready = ready;
    }

    /// NET 5, with the Whitelist that it published itself.
    fn admit_if_listed(&self, exchange: ExchangeId, hello: &Hello, out: &mut Outbox) {
        let is_listed = self
            .durable
            .registration
            .current(ListKind::Whitelist)
            .is_some_and(|whitelist| whitelist.has_node(hello.certificate.subject));
        // It dials nobody who has to show a certificate, so it only decides where it was sought.
        if is_listed && hello.side == Side::Answerer {
            out.reply(exchange, Response::Admit, Work::CheckCertificate);
        } else {
            deny(rule::WHITELIST_AT_HANDSHAKE, exchange, out);
        }
    }

    /// The list as the register has it now, under the next number.
    fn publish(&mut self, kind: ListKind, edition: Edition, wall: WallTime, out: &mut Outbox) {
        let registration = &mut self.durable.registration;
        let number = registration.next_number(kind);
        let fits_schema = edition != Edition::Broken;
        let list = registration.register.publish(kind, number, wall);
        registration.put(ListVersion { fits_schema, ..list });
        out.note(Note::Published(kind, number));
    }

    /// After a crash: what should have been published meanwhile is published now.
    fn publish_what_is_overdue(&mut self, now: Now, out: &mut Outbox) {
        for kind in ListKind::ALL {
            let every = self.every(kind);
            let is_overdue = self
                .durable
                .registration
                .current(kind)
                .is_some_and(|list| now.wall > list.published + every);
            if is_overdue {
                self.publish(kind, Edition::OfRegister, now.wall, out);
            }
        }
    }

    fn arm(&self, timer: TimerId, now: Now, out: &mut Outbox) {
        let kind = if timer == TimerId::PublishZal { ListKind::Zal } else { ListKind::Whitelist };
        out.arm(timer, next_on_grid(Duration::ZERO, self.every(kind), now.monotonic));
    }

    fn every(&self, kind: ListKind) -> Duration {
        match kind {
            ListKind::Zal => self.config.zal_publish,
            _ => self.config.whitelist_publish,
        }
    }
}
