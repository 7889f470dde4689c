//! Visitors who are actors: people of a scenario, behind browsers that speak HTTP to the same doors as a real one.
//!
//! They arrive, begin and end attempts, and leave; what they ask travels as everybody's (`travel`).

use std::sync::Arc;

use actors::party::Party;
use protocol::{
    contract::{Action, Actor as _, Input, TimerId},
    id::{ExchangeId, FlowId, HostId},
    trace::{Event, FlowFacts, FlowRef, Sink},
};

use crate::world::{Core, Witness, World};

/// Somebody who comes.
#[derive(Debug)]
pub struct Visit {
    /// The arrival's number.
    pub number: u32,
    /// The person.
    pub party: Party,
    /// What the wish is about.
    pub facts: FlowFacts,
}

/// A visitor in the network.
pub(crate) struct Visitor {
    party: Party,
    pub(crate) facts: FlowFacts,
    number: u32,
    attempts: u16,
    flow: Option<FlowRef>,
    open: Vec<ExchangeId>,
}

/// Places of visitors who are actors lie above those of real browsers.
const FIRST: u32 = 1 << 24;

impl<S: Witness> World<S> {
    /// Somebody comes now and begins a first attempt.
    pub fn come(self: &Arc<Self>, visit: Visit) {
        let Visit { number, party, facts } = visit;
        let mut core = self.core();
        let host = HostId::visitor(FIRST + number);
        let visitor = Visitor { party, facts, number, attempts: 0, flow: None, open: Vec::new() };
        core.visitors.insert(host, visitor);
        core.begin_attempt(host);
        self.call_visitor(&mut core, host, Input::Start);
    }

    /// Whether the visitor of an arrival is still here.
    pub fn is_here(&self, number: u32) -> bool {
        self.core().visitors.contains_key(&HostId::visitor(FIRST + number))
    }

    /// A visitor's timer is due, or what it asked has come to an end.
    pub(crate) fn call_visitor(
        self: &Arc<Self>,
        core: &mut Core<S>,
        host: HostId,
        input: Input<'_>,
    ) {
        let now = core.clock(host);
        let Core { outbox, visitors, .. } = core;
        let Some(visitor) = visitors.get_mut(&host) else { return };
        match &input {
            Input::Deliver(envelope) => visitor.open.retain(|id| *id != envelope.exchange),
            Input::Failed(exchange, _) => visitor.open.retain(|id| id != exchange),
            Input::Start | Input::Timer(_) => {}
        }
        visitor.party.handle(input, now, outbox);
        let actions = std::mem::take(outbox.actions_mut());
        // A visitor's work is human time, which its actor keeps with timers.
        outbox.works_mut().clear();
        for action in actions {
            let flow = core.visitors.get(&host).and_then(|visitor| visitor.flow);
            match action {
                Action::Ask(id, ask) => {
                    self.hold(core, host, id, &ask, flow);
                    if let Some(visitor) = core.visitors.get_mut(&host) {
                        visitor.open.push(id);
                    }
                    let world = Arc::clone(self);
                    tokio::spawn(async move {
                        let bytes = world.wording.write_request(&ask);
                        world.ask(host, id, ask.to, bytes).await;
                    });
                }
                // Nobody asks a visitor anything, and no visitor shows a certificate.
                Action::Reply(..) | Action::Staple(_) => {}
                Action::Arm(timer, at) => {
                    if core.arm(host, timer, at) {
                        self.timers.notify_one();
                    }
                }
                Action::Disarm(timer) => core.disarm(host, timer),
                Action::Note(note) => core.emit(flow, Event::Noted { host, note }),
                Action::BeginAttempt => {
                    // The browser was closed in between.
                    self.browser_closed(host);
                    core.end_attempt(host);
                    core.begin_attempt(host);
                }
                Action::EndAttempt => core.end_attempt(host),
                Action::Leave => self.leaves(core, host),
            }
        }
    }

    /// A visitor goes for good. What it awaits will find nobody.
    fn leaves(self: &Arc<Self>, core: &mut Core<S>, host: HostId) {
        core.end_attempt(host);
        let Some(visitor) = core.visitors.remove(&host) else { return };
        core.disarm_all(host);
        for id in visitor.open {
            if let Some(exchange) = core.exchanges.get_mut(&id) {
                exchange.is_awaited = false;
            }
            self.later(move |core| core.settle(id));
        }
        self.pools.forget(host);
        self.browser_closed(host);
        core.emit(None, Event::VisitorLeft { host });
    }

    pub(crate) fn visitor_timer(self: &Arc<Self>, host: HostId, timer: TimerId) {
        self.call_visitor(&mut self.core(), host, Input::Timer(timer));
    }
}

impl<S: Sink> Core<S> {
    fn begin_attempt(&mut self, host: HostId) {
        let now = self.now();
        let Some(visitor) = self.visitors.get_mut(&host) else { return };
        visitor.attempts = visitor.attempts.saturating_add(1);
        let id = FlowId { arrival: visitor.number, attempt: visitor.attempts };
        let facts = visitor.facts;
        let flow = self.flows.begin_as(id, now);
        if let Some(visitor) = self.visitors.get_mut(&host) {
            visitor.flow = Some(flow);
        }
        self.emit(Some(flow), Event::FlowBegan { host, facts: &facts });
    }

    fn end_attempt(&mut self, host: HostId) {
        let now = self.now();
        let Some(visitor) = self.visitors.get_mut(&host) else { return };
        let Some(flow) = visitor.flow.take() else { return };
        let waiting = !visitor.open.is_empty();
        self.flows.end(flow, now);
        self.emit(Some(flow), Event::FlowEnded { host, waiting });
    }
}
