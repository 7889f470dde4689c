//! What every gateway has in common as a node of the network: a door (NET 2, 3 and 5) and lists.
//!
//! Does not know what the actor behind the door does, nor what it looks up on its lists. The stelselnode has
//! a door too, but its Whitelist is its own (`stelselnode.rs`).

use std::sync::Arc;

use protocol::{
    contract::{Failure, Outbox, TimerId, Work},
    id::{ExchangeId, NameId},
    message::{Envelope, Hello, Message, Peer, Request, Response, Side},
    register::{ListKind, ListVersion},
    release::Release,
    rule::{self, Rule},
    time::{Duration, Now},
};

use crate::{
    admission::{Answered, Gate, OcspPolicy, Standing},
    lists::{ListPolicy, Lists, Miss},
};

/// How a gateway takes part as a node.
#[derive(Clone, PartialEq, Debug)]
pub struct NodeConfig {
    /// The stelselnode.
    pub stelselnode: NameId,
    /// Names that it dials without looking at the Whitelist, beside the stelselnode: DigiD.
    pub configured: Vec<NameId>,
    /// OCSP.
    pub ocsp: OcspPolicy,
    /// The lists that it fetches.
    pub lists: Vec<ListPolicy>,
    /// The release under which it speaks to the stelselnode and the OCSP responder.
    pub release: Release,
}

/// A gateway as a node of the network.
#[derive(Clone, Debug)]
pub struct Node {
    configured: Vec<NameId>,
    gate: Gate,
    lists: Lists<Waiting>,
    /// Used again for every answer.
    ready: Vec<Answered>,
}

/// What waits for a list.
#[derive(Clone, Debug)]
enum Waiting {
    Opening(ExchangeId, Hello),
    Request(Envelope),
}

/// What became of an input that may have been the node's.
#[derive(Debug)]
pub enum Heard {
    /// It was not.
    NotMine,
    /// It was. These requests waited for a list, which is now as new as it will get.
    Settled(Vec<Envelope>),
}

impl Node {
    /// A node with these lists in use.
    pub fn new(config: &NodeConfig, in_use: &[Arc<ListVersion>]) -> Self {
        let mut configured = config.configured.clone();
        configured.push(config.stelselnode);
        Self {
            configured,
            gate: Gate::new(config.ocsp, config.release),
            lists: Lists::new(config.stelselnode, config.release, &config.lists, in_use),
            ready: Vec::new(),
        }
    }

    /// The list in use.
    pub fn list(&self, kind: ListKind) -> Option<&Arc<ListVersion>> {
        self.lists.current(kind)
    }

    /// The host begins.
    pub fn start(&mut self, phases: &mut [Option<Duration>], now: Now, out: &mut Outbox) {
        self.gate.start(out);
        self.lists.start(phases, now, out);
    }

    /// A timer came. `false`: it is none of the node's.
    pub fn on_timer(
        &mut self,
        timer: TimerId,
        phases: &[Option<Duration>],
        now: Now,
        out: &mut Outbox,
    ) -> bool {
        if timer == TimerId::RenewStaple {
            self.gate.renew_staple(out);
            return true;
        }
        self.lists.on_timer(timer, phases, now, out)
    }

    /// A request came. `false`: it is none of the node's.
    pub fn on_request(&mut self, envelope: &Envelope, now: Now, out: &mut Outbox) -> bool {
        let exchange = envelope.exchange;
        match &envelope.message {
            Message::Request(Request::Hello(hello)) if envelope.from == Peer::Operator => {
                match self.gate.judge(exchange, hello, now, out) {
                    Standing::Trusted => self.admit_if_listed(exchange, hello, now, out),
                    Standing::Refused(rule) => deny(rule, exchange, out),
                    Standing::Waits => {}
                }
            }
            Message::Request(Request::FetchListNow(kind)) if envelope.from == Peer::Operator => {
                if !self.lists.fetch_now(*kind, exchange, out) {
                    out.reply(exchange, Response::NotDone, Work::Query);
                }
            }
            _ => return false,
        }
        true
    }

    /// A response came.
    pub fn on_response(
        &mut self,
        exchange: ExchangeId,
        response: &Response,
        now: Now,
        out: &mut Outbox,
    ) -> Heard {
        let mut ready = std::mem::take(&mut self.ready);
        let at_the_gate = self.gate.on_response(exchange, response, now, out, &mut ready);
        self.let_in(ready, now, out);
        if at_the_gate {
            return Heard::Settled(Vec::new());
        }
        let settled = self.lists.on_response(exchange, response, now, out);
        self.settle(settled, out)
    }

    /// An ask failed.
    pub fn on_failed(
        &mut self,
        exchange: ExchangeId,
        failure: Failure,
        now: Now,
        out: &mut Outbox,
    ) -> Heard {
        let mut ready = std::mem::take(&mut self.ready);
        let at_the_gate = self.gate.on_failed(exchange, failure, now, out, &mut ready);
        self.let_in(ready, now, out);
        if at_the_gate {
            return Heard::Settled(Vec::new());
        }
        let settled = self.lists.on_failed(exchange, failure, now, out);
        self.settle(settled, out)
    }

    /// A request names what is not on a list: shall it wait for a newer one?
    pub fn miss(
        &mut self,
        kind: ListKind,
        envelope: &Envelope,
        now: Now,
        out: &mut Outbox,
    ) -> Miss {
        let waiting = || Waiting::Request(envelope.clone());
        self.lists.miss(kind, envelope.exchange, waiting, now, out)
    }

    fn let_in(&mut self, mut ready: Vec<Answered>, now: Now, out: &mut Outbox) {
        for Answered { hello, shown, verdict } in ready.drain(..) {
            match verdict {
                Ok(()) => self.admit_if_listed(hello, &shown, now, out),
                Err(rule) => deny(rule, hello, out),
            }
        }
        self.ready = ready;
    }

    /// The last question: the Whitelist. It comes after the certificate, as in a real server, where TLS is
    /// done before anything of the application looks at the peer.
    fn admit_if_listed(&mut self, exchange: ExchangeId, hello: &Hello, now: Now, out: &mut Outbox) {
        if self.is_listed(hello) {
            out.reply(exchange, Response::Admit, Work::CheckCertificate);
            return;
        }
        let waiting = || Waiting::Opening(exchange, *hello);
        match self.lists.miss(ListKind::Whitelist, exchange, waiting, now, out) {
            Miss::Waits => {}
            Miss::Decide => deny(not_listed(hello.side), exchange, out),
        }
    }

    fn is_listed(&self, hello: &Hello) -> bool {
        let is_configured = hello.side == Side::Asker && self.configured.contains(&hello.name);
        is_configured
            || self
                .lists
                .current(ListKind::Whitelist)
                .is_some_and(|whitelist| whitelist.has_node(hello.certificate.subject))
    }

    fn settle(&self, settled: Option<Vec<Waiting>>, out: &mut Outbox) -> Heard {
        let Some(waiting) = settled else { return Heard::NotMine };
        let mut requests = Vec::new();
        for waiting in waiting {
            match waiting {
                Waiting::Request(envelope) => requests.push(envelope),
                Waiting::Opening(exchange, hello) => {
                    // No second wait: the list is as new as it will get.
                    if self.is_listed(&hello) {
                        out.reply(exchange, Response::Admit, Work::CheckCertificate);
                    } else {
                        deny(not_listed(hello.side), exchange, out);
                    }
                }
            }
        }
        Heard::Settled(requests)
    }
}

/// NET 5 binds the end that is sought; the other end's check is a rule of our own.
const fn not_listed(side: Side) -> Rule {
    match side {
        Side::Answerer => rule::WHITELIST_AT_HANDSHAKE,
        Side::Asker => rule::WHITELIST_OF_ASKED,
    }
}

/// Refuses the other end of a new connection.
pub(crate) fn deny(rule: Rule, exchange: ExchangeId, out: &mut Outbox) {
    out.refuse(rule, exchange, Response::Deny, Work::CheckCertificate);
}
