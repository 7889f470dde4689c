//! Visitors: they arrive, begin and end attempts, and leave.

use protocol::{
    contract::{Action, Actor, Input, TimerId},
    id::{FlowId, HostId},
    time::{Instant, Now},
    trace::{Event, FlowRef, Sink},
};

use super::{ARRIVAL, Cast, Simulation};
use crate::{
    connection::Kept,
    exchange::AskerSide,
    timer::{Due, Timers},
    visitor::{Arrival, Arrivals, Visitor},
};

impl<C, V, S> Simulation<C, V, S>
where
    C: Cast,
    V: Arrivals<Actor = C::Actor>,
    S: Sink,
{
    /// Has an event come for the next arrival.
    pub(super) fn await_arrival(&mut self) {
        self.next_arrival = self.arrivals.next();
        if let Some(arrival) = &self.next_arrival {
            let at = arrival.at;
            self.push_own_timer(at, ARRIVAL);
        }
    }

    /// The next visitor comes and begins its first attempt.
    pub(super) fn arrive(&mut self) {
        let Some(Arrival { number, actor, facts, .. }) = self.next_arrival.take() else { return };
        let in_cohort = (self.phases.warm_up..self.phases.horizon).contains(&self.now);
        self.cohort += u64::from(in_cohort);
        self.tally.arrivals += 1;
        let host = self.visitors.come(Visitor {
            actor,
            facts,
            flow: None,
            number,
            attempts: 0,
            in_cohort,
            timers: Timers::default(),
            kept: Kept::default(),
            open: Default::default(),
            drawn: 0,
        });
        self.begin_attempt(host);
        self.call_visitor(host, Why::Start);
        self.await_arrival();
    }

    pub(super) fn visitor_timer(&mut self, host: HostId, id: TimerId) {
        let now = self.now;
        let Some(visitor) = self.visitors.get(host) else { return };
        match visitor.timers.timer(id).came(now, now) {
            Due::Stale => {}
            Due::Later(due) => self.push_timer(due, host, id),
            Due::Now => self.call_visitor(host, Why::Timer(id)),
        }
    }

    pub(super) fn visitor_asked(&mut self, host: HostId, place: u32) {
        if let Some(visitor) = self.visitors.get(host) {
            visitor.open.push(place);
        }
    }

    pub(super) fn visitor_response(&mut self, host: HostId, place: u32) {
        self.visitor_no_longer_awaits(host, place);
        self.call_visitor(host, Why::Response(place));
        self.exchanges.at(place).asker_side = AskerSide::Done;
        self.settle(place);
    }

    pub(super) fn visitor_failure(&mut self, host: HostId, place: u32) {
        self.visitor_no_longer_awaits(host, place);
        self.call_visitor(host, Why::Failure(place));
        self.exchanges.at(place).asker_side = AskerSide::Done;
    }

    fn visitor_no_longer_awaits(&mut self, host: HostId, place: u32) {
        if let Some(visitor) = self.visitors.get(host) {
            visitor.open.retain(|other| *other != place);
        }
    }

    fn call_visitor(&mut self, host: HostId, why: Why) {
        let now = Now::exact(self.now);
        let Some(visitor) = self.visitors.get(host) else { return };
        let entity = u64::from(HostId::visitor(0).0) << 32 | u64::from(visitor.number);
        self.outbox.draw_for(entity, visitor.drawn);
        let input = match why {
            Why::Start => Input::Start,
            Why::Timer(id) => Input::Timer(id),
            Why::Response(place) => Input::Deliver(&self.exchanges.at(place).envelope),
            Why::Failure(place) => self.exchanges.at(place).as_failure(),
        };
        visitor.actor.handle(input, now, &mut self.outbox);
        visitor.drawn = self.outbox.drawn();
        self.carry(now.wall);
        // A visitor's work is human time, which its actor keeps with timers.
        self.outbox.works_mut().clear();
        self.carry_out_for_visitor(host);
    }

    /// Carries out what a visitor wants, in order: what it sends leaves at once.
    fn carry_out_for_visitor(&mut self, host: HostId) {
        let mut actions = std::mem::take(&mut self.actions);
        std::mem::swap(&mut actions, self.outbox.actions_mut());
        for action in actions.drain(..) {
            let flow = self.visitor_flow(host);
            match action {
                Action::Ask(id, ask) => {
                    let place = self.hold_ask(host, id, ask, flow);
                    self.request_leaves(place);
                }
                // Nobody asks a visitor anything, and no visitor shows a certificate.
                Action::Reply(..) | Action::Staple(_) => {}
                Action::Arm(id, due) => self.arm_visitor(host, id, due),
                Action::Disarm(id) => {
                    if let Some(visitor) = self.visitors.get(host) {
                        visitor.timers.timer(id).due = Instant::NEVER;
                    }
                }
                Action::Note(note) => self.emit(flow, Event::Noted { host, note }),
                Action::BeginAttempt => {
                    self.end_attempt(host);
                    self.begin_attempt(host);
                }
                Action::EndAttempt => self.end_attempt(host),
                Action::Leave => self.leave(host),
            }
        }
        self.actions = actions;
    }

    fn visitor_flow(&mut self, host: HostId) -> Option<FlowRef> {
        self.visitors.get(host)?.flow
    }

    fn arm_visitor(&mut self, host: HostId, id: TimerId, due: Instant) {
        let Some(visitor) = self.visitors.get(host) else { return };
        if visitor.timers.timer(id).arm(due, due) {
            self.push_timer(due, host, id);
        }
    }

    fn begin_attempt(&mut self, host: HostId) {
        let Some(visitor) = self.visitors.get(host) else { return };
        visitor.attempts = visitor.attempts.saturating_add(1);
        let id = FlowId { arrival: visitor.number, attempt: visitor.attempts };
        let flow = self.flows.begin(id);
        visitor.flow = Some(flow);
        let facts = visitor.facts;
        self.emit(Some(flow), Event::FlowBegan { host, facts: &facts });
    }

    fn end_attempt(&mut self, host: HostId) {
        let Some(visitor) = self.visitors.get(host) else { return };
        let Some(flow) = visitor.flow.take() else { return };
        let waiting = !visitor.open.is_empty();
        self.emit(Some(flow), Event::FlowEnded { host, waiting });
        self.flows.release(flow);
    }

    /// A visitor goes for good. What it awaits will find nobody.
    fn leave(&mut self, host: HostId) {
        self.end_attempt(host);
        let Some(visitor) = self.visitors.leave(host) else { return };
        self.cohort -= u64::from(visitor.in_cohort);
        for place in visitor.open {
            self.exchanges.at(place).asker_side = AskerSide::Done;
            self.tally.left += 1;
            self.settle(place);
        }
        self.emit(None, Event::VisitorLeft { host });
    }
}

/// Why a visitor is called.
#[derive(Clone, Copy)]
enum Why {
    Start,
    Timer(TimerId),
    Response(u32),
    Failure(u32),
}
