//! Exchanges in progress, and the limits of those that wait for them.
//!
//! An exchange has one message under way at a time, first its request and then its response; the message
//! lives here and events only name its place. A place is used again once neither end, nor any event, refers
//! to it. Does not decide anything: the simulation does.

use std::collections::VecDeque;

use protocol::{
    contract::{Ask, Failure, Input},
    id::{ConnectionId, ExchangeId, HostId, NameId},
    message::{Envelope, Kind, Message, Peer, Request},
    release::Release,
    rule::Rule,
    time::Instant,
    trace::FlowRef,
};

use protocol::world::network::LimitClass;

/// One exchange. In three lines of a processor's cache, because every event touches one.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(crate) struct Exchange {
    /// The message that is under way, or that was delivered last.
    pub envelope: Envelope,
    /// When the message that is under way left.
    pub sent: Instant,
    /// When the request arrived.
    pub arrived: Instant,
    /// The flow that it belongs to.
    pub flow: Option<FlowRef>,
    /// The exchange that waits for this one; for a Hello, the one whose connection is being opened.
    pub parent: Option<ExchangeId>,
    /// Who asked; none for a driver or an operator.
    pub asker: Option<HostId>,
    /// Who answers; none if the name leads nowhere.
    pub answerer: Option<HostId>,
    /// Which exchange of its flow, or of its asker if no flow caused it: part of the key of its draws.
    pub number: u32,
    /// The next message that leaves at the end of the same service.
    pub next_held: Place,
    /// What the asker waits for.
    pub asker_side: AskerSide,
    /// What the answerer is at.
    pub answerer_side: AnswererSide,
    /// The event in the queue that names this exchange, if there is one.
    pub pending: Option<Pending>,
    /// How its connection is being opened.
    pub opening: Opening,
    /// How it failed, if it did.
    pub failure: Failure,
    /// What was asked: the response takes the place of the request.
    pub kind: Kind,
    /// The rule that was given as the reason, if the response is a refusal.
    pub refusal: Option<Rule>,
}

const _: () = assert!(size_of::<Exchange>() == 192);

/// A place in the table, or none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place(u32);

impl Default for Place {
    fn default() -> Self {
        Self::NONE
    }
}

impl Place {
    pub(crate) const NONE: Self = Self(u32::MAX);

    pub(crate) const fn at(place: u32) -> Self {
        Self(place)
    }

    pub(crate) const fn get(self) -> Option<u32> {
        if self.0 == u32::MAX { None } else { Some(self.0) }
    }
}

/// What the asker of an exchange waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AskerSide {
    /// The request leaves at the end of the service in which it was made.
    Held,
    /// The response, or the limit.
    Waits,
    /// The failure was found; the asker is about to learn of it.
    Failed,
    /// The response came; it waits in the asker's queue.
    Answered,
    /// Nothing any more: delivered, or the asker is gone.
    Done,
}

/// What the answerer of an exchange is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AnswererSide {
    /// Nothing yet: the request has not come.
    Unaware,
    /// The request waits in its queue.
    Queued,
    /// The request was delivered and is not answered.
    Busy,
    /// The response leaves at the end of the service in which it was made.
    Replying,
    /// Nothing any more: the response left, or the answerer is gone.
    Done,
}

/// What an event in the queue means for its exchange.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pending {
    /// The round trips of the opening are done: the asker sees the certificate.
    Opened,
    /// The request arrives.
    Request,
    /// The response arrives.
    Response,
    /// The asker learns that the exchange failed.
    Failure(Failure),
}

/// How the connection of an exchange is being opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Opening {
    /// The answerer has not given its verdict yet.
    pub answerer_decides: bool,
    /// The request stands before the door.
    pub at_door: bool,
    /// The answerer closed the door.
    pub denied: bool,
    /// TLS work that the answerer has yet to do for it.
    pub handshake: Handshake,
}

/// TLS work that an end has to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Handshake {
    /// None: the connection stood, has no TLS, or the work is done.
    #[default]
    None,
    /// A full handshake.
    Full,
    /// An abbreviated one.
    Resumed,
}

impl Exchange {
    /// How the asker hears of the failure.
    pub(crate) const fn as_failure(&self) -> Input<'_> {
        Input::Failed(self.envelope.exchange, self.failure)
    }

    /// A place that was never used.
    fn vacant(place: u32) -> Self {
        Self {
            envelope: Envelope {
                from: Peer::Operator,
                to: NameId(u32::MAX),
                exchange: ExchangeId { place, turn: 0 },
                connection: ConnectionId(0),
                release: Release::R1_0,
                message: Message::Request(Request::Browse(protocol::message::Browse::Open)),
            },
            sent: Instant::START,
            arrived: Instant::START,
            flow: None,
            parent: None,
            asker: None,
            answerer: None,
            number: 0,
            next_held: Place::NONE,
            asker_side: AskerSide::Done,
            answerer_side: AnswererSide::Done,
            pending: None,
            opening: Opening::default(),
            failure: Failure::TimedOut,
            kind: Kind::Open,
            refusal: None,
        }
    }
}

/// Every exchange in progress.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    slots: Vec<Exchange>,
    /// Which turn of each place is in progress; none if it is free. Apart from the exchanges, so that a
    /// look at it brings no exchange into the cache.
    turns: Vec<Option<u32>>,
    limits: [LimitQueue; LimitClass::ALL.len()],
    open: usize,
}

/// Exchanges that have the same limit and therefore pass it in the order in which they were asked. One
/// that ends in time stays in the queue until it is passed by, or until most of the queue is such.
#[derive(Debug, Default)]
struct LimitQueue {
    waiting: VecDeque<(Instant, ExchangeId)>,
    /// Whether an event is due for the first of them.
    armed: bool,
}

impl Exchanges {
    /// A new exchange in its place; what it is about is for its maker to fill in.
    pub(crate) fn begin(
        &mut self,
        id: ExchangeId,
        from: Peer,
        ask: &Ask,
        flow: Option<FlowRef>,
    ) -> &mut Exchange {
        let place = id.place as usize;
        while place >= self.slots.len() {
            self.slots.push(Exchange::vacant(self.slots.len() as u32));
            self.turns.push(None);
        }
        self.turns[place] = Some(id.turn);
        self.open += 1;
        let exchange = &mut self.slots[place];
        exchange.envelope.from = from;
        exchange.envelope.to = ask.to;
        exchange.envelope.exchange = id;
        exchange.envelope.release = ask.release;
        exchange.envelope.message = Message::Request(ask.request);
        exchange.kind = ask.request.kind();
        exchange.parent = ask.parent;
        exchange.flow = flow;
        exchange.asker = None;
        exchange.answerer = None;
        exchange.next_held = Place::NONE;
        exchange.asker_side = AskerSide::Held;
        exchange.answerer_side = AnswererSide::Unaware;
        exchange.pending = None;
        exchange.opening = Opening::default();
        exchange.refusal = None;
        exchange
    }

    /// The exchange at a place. Whoever holds a place knows that it is in use.
    pub(crate) fn at(&mut self, place: u32) -> &mut Exchange {
        &mut self.slots[place as usize]
    }

    /// The host at which the message of an exchange is about to arrive.
    pub(crate) fn glance(&self, place: u32) -> Option<HostId> {
        let exchange = self.slots.get(place as usize)?;
        std::hint::black_box(exchange.envelope.to);
        match exchange.pending {
            Some(Pending::Request) => exchange.answerer,
            _ => exchange.asker,
        }
    }

    /// The exchange with an id, if it is still in progress.
    pub(crate) fn find(&mut self, id: ExchangeId) -> Option<&mut Exchange> {
        self.is_open(id).then(|| &mut self.slots[id.place as usize])
    }

    fn is_open(&self, id: ExchangeId) -> bool {
        self.turns.get(id.place as usize) == Some(&Some(id.turn))
    }

    /// Whether some exchange has this place.
    pub(crate) fn in_use(&self, place: u32) -> bool {
        matches!(self.turns.get(place as usize), Some(Some(_)))
    }

    /// The places of all in progress for which `wanted` holds.
    pub(crate) fn places(&self, mut wanted: impl FnMut(&Exchange) -> bool) -> Vec<u32> {
        let open = |place: &u32| self.in_use(*place) && wanted(&self.slots[*place as usize]);
        (0..self.slots.len() as u32).filter(open).collect()
    }

    /// Frees the place if nothing refers to it any more, and gives back the id that may be used again.
    pub(crate) fn end_if_done(&mut self, place: u32) -> Option<(ExchangeId, Option<FlowRef>)> {
        let exchange = self.at(place);
        let done = exchange.asker_side == AskerSide::Done
            && matches!(exchange.answerer_side, AnswererSide::Done | AnswererSide::Unaware)
            && exchange.pending.is_none();
        if !done {
            return None;
        }
        let (id, flow) = (exchange.envelope.exchange, exchange.flow);
        self.turns[place as usize] = None;
        self.open -= 1;
        Some((id, flow))
    }

    /// The asker of an exchange waits until this moment. Gives the moment if an event must come then: none
    /// is due for this class of limits.
    pub(crate) fn limit(
        &mut self,
        class: LimitClass,
        id: ExchangeId,
        deadline: Instant,
    ) -> Option<Instant> {
        let queue = &mut self.limits[class as usize];
        if queue.waiting.len() > 2 * self.open + 1_000 {
            let turns = &self.turns;
            queue.waiting.retain(|(_, id)| turns.get(id.place as usize) == Some(&Some(id.turn)));
        }
        queue.waiting.push_back((deadline, id));
        (!std::mem::replace(&mut queue.armed, true)).then_some(deadline)
    }

    /// An event for a class of limits came: takes the oldest exchange whose asker still waits though its
    /// limit has passed, or says when the next event must come, if any must.
    pub(crate) fn overdue(&mut self, class: LimitClass, now: Instant) -> Overdue {
        while let Some((deadline, id)) = self.limits[class as usize].waiting.front().copied() {
            let waits =
                self.find(id).is_some_and(|exchange| exchange.asker_side == AskerSide::Waits);
            let queue = &mut self.limits[class as usize];
            if !waits {
                queue.waiting.pop_front();
            } else if deadline <= now {
                queue.waiting.pop_front();
                return Overdue::Exchange(id.place);
            } else {
                return Overdue::Later(deadline);
            }
        }
        self.limits[class as usize].armed = false;
        Overdue::None
    }
}

/// What came of an event for a class of limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Overdue {
    /// The limit of this exchange has passed.
    Exchange(u32),
    /// The next one passes then, at the earliest.
    Later(Instant),
    /// Nobody waits.
    None,
}
