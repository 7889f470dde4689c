//! What is open: for each exchange who asked whom for what, and what its answer will be judged by.
//!
//! One place per exchange that is open, used again by later ones. An answer says little of its question; what
//! a judge needs of the question is kept here, as marks that each conversation defines for itself.

use protocol::{
    id::{ExchangeId, HostId},
    message::{Kind, Response},
    release::Release,
    time::{Instant, WallTime},
    trace::FlowRef,
};

use super::{flows::Handle, places::Places};

/// No host, and no value.
pub(super) const NONE: u32 = u32::MAX;

/// One exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    turn: u32,
    parent: u32,
    pub asker: HostId,
    pub server: HostId,
    /// One value that the conversation wants back with the answer.
    pub detail: u32,
    flow_place: u32,
    flow_tag: u16,
    parent_turn: u16,
    /// What was found when the request arrived, and what came back from nested exchanges.
    pub marks: u16,
    /// The request.
    pub kind: Kind,
    /// One small value that the conversation wants back with the answer.
    pub small: u8,
}

const _: () = assert!(size_of::<Exchange>() <= 32, "one per exchange that is open");

impl Exchange {
    /// The request reached its server. Of every kind.
    pub const ARRIVED: u16 = 1 << 15;
    /// It ended without an answer, or its answer was counted. Of every kind.
    pub const OVER: u16 = 1 << 14;

    const BLANK: Self = Self {
        turn: NONE,
        parent: NONE,
        asker: HostId(NONE),
        server: HostId(NONE),
        detail: NONE,
        flow_place: Handle::NONE.place,
        flow_tag: Handle::NONE.tag,
        parent_turn: 0,
        marks: 0,
        kind: Kind::Open,
        small: 0,
    };

    /// Whose exchange it is: that of the browser at the head of the chain of which it is a part.
    pub const fn flow(&self) -> Handle {
        Handle { place: self.flow_place, tag: self.flow_tag }
    }

    const fn set_flow(&mut self, flow: Handle) {
        (self.flow_place, self.flow_tag) = (flow.place, flow.tag);
    }

    pub const fn has(&self, mark: u16) -> bool {
        self.marks & mark != 0
    }

    /// Sets a mark, if so.
    pub const fn mark(&mut self, mark: u16, so: bool) {
        if so {
            self.marks |= mark;
        }
    }
}

/// A request as it leaves.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub kind: Kind,
    pub asker: HostId,
    pub server: Option<HostId>,
    pub parent: Option<ExchangeId>,
}

/// One answer as it leaves, and what it answers.
#[derive(Clone, Copy)]
pub(super) struct Answer<'a> {
    pub from: HostId,
    pub exchange: ExchangeId,
    pub open: Exchange,
    pub flow: Handle,
    pub response: &'a Response,
    pub release: Release,
    /// When the request arrived.
    pub asked: Instant,
    /// The calendar time that its host believes in.
    pub wall: WallTime,
}

/// All exchanges that are open.
#[derive(Debug)]
pub(super) struct Exchanges {
    places: Places<Exchange>,
}

impl Exchanges {
    pub const fn new() -> Self {
        Self { places: Places::new(Exchange::BLANK) }
    }

    /// A request left its asker. It belongs to the flow of the exchange that waits for it: what one call
    /// of a host does for several flows may all be told as of one of them. If that exchange has ended, it
    /// is not known whose this one is.
    #[inline]
    pub fn asked(
        &mut self,
        id: ExchangeId,
        request: Asked,
        flow: Option<FlowRef>,
    ) -> Option<&mut Exchange> {
        let Asked { kind, asker, server, parent } = request;
        let flow = match parent {
            None => Handle::of(flow),
            Some(parent) => self.get(parent).map_or(Handle::NONE, Exchange::flow),
        };
        let place = self.places.at(id.place)?;
        *place = Exchange {
            turn: id.turn,
            parent: parent.map_or(NONE, |parent| parent.place),
            parent_turn: parent.map_or(0, |parent| parent.turn as u16),
            asker,
            server: server.unwrap_or(HostId(NONE)),
            kind,
            ..Exchange::BLANK
        };
        place.set_flow(flow);
        Some(place)
    }

    /// A request reached its server; one that came from nowhere, as an operator's does, is new.
    #[inline]
    pub fn arrived(
        &mut self,
        id: ExchangeId,
        kind: Kind,
        server: HostId,
        flow: Option<FlowRef>,
    ) -> Option<&mut Exchange> {
        let place = self.places.at(id.place)?;
        if place.turn != id.turn || place.kind != kind {
            *place = Exchange { turn: id.turn, kind, ..Exchange::BLANK };
            place.set_flow(Handle::of(flow));
        }
        place.server = server;
        place.marks |= Exchange::ARRIVED;
        Some(place)
    }

    #[inline]
    pub fn get(&self, id: ExchangeId) -> Option<&Exchange> {
        self.places.get(id.place).filter(|place| place.turn == id.turn)
    }

    #[inline]
    pub fn get_mut(&mut self, id: ExchangeId) -> Option<&mut Exchange> {
        self.places.get_mut(id.place).filter(|place| place.turn == id.turn)
    }

    /// The exchange that waits for this one, if it still does.
    pub fn parent_of(&mut self, id: ExchangeId) -> Option<&mut Exchange> {
        let Exchange { parent, parent_turn, .. } = *self.get(id)?;
        self.places.get_mut(parent).filter(|place| place.turn as u16 == parent_turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::id::FlowId;

    const fn id(place: u32, turn: u32) -> ExchangeId {
        ExchangeId { place, turn }
    }

    fn ask(exchanges: &mut Exchanges, id: ExchangeId, parent: Option<ExchangeId>, flow: u32) {
        let flow = FlowRef { place: flow, id: FlowId { arrival: flow, attempt: 1 } };
        let (kind, asker) = (Kind::Fetch, HostId(1));
        exchanges.asked(id, Asked { kind, asker, server: None, parent }, Some(flow));
    }

    #[test]
    fn a_place_that_is_used_again_has_forgotten_its_earlier_exchange() {
        let mut exchanges = Exchanges::new();
        ask(&mut exchanges, id(1, 0), None, 1);
        ask(&mut exchanges, id(2, 0), Some(id(1, 0)), 1);
        exchanges.parent_of(id(2, 0)).unwrap().mark(1, true);
        assert!(exchanges.get(id(1, 0)).unwrap().has(1));
        ask(&mut exchanges, id(1, 1), None, 1);
        assert!(exchanges.get(id(1, 0)).is_none());
        assert!(exchanges.parent_of(id(2, 0)).is_none(), "a late answer marks no stranger");
        assert!(!exchanges.get(id(1, 1)).unwrap().has(1));
    }

    #[test]
    fn an_exchange_belongs_to_the_flow_of_the_one_that_waits_for_it() {
        let mut exchanges = Exchanges::new();
        let flow = |exchanges: &Exchanges, place| exchanges.get(id(place, 0)).unwrap().flow().place;
        ask(&mut exchanges, id(1, 0), None, 7);
        ask(&mut exchanges, id(2, 0), Some(id(1, 0)), 8);
        assert_eq!((flow(&exchanges, 1), flow(&exchanges, 2)), (7, 7));
        ask(&mut exchanges, id(3, 0), Some(id(9, 0)), 8);
        assert_eq!(flow(&exchanges, 3), Handle::NONE.place, "whose it is, is not known any more");
    }

    #[test]
    fn a_request_that_came_from_nowhere_is_known_from_its_arrival() {
        let mut exchanges = Exchanges::new();
        let arrived = exchanges.arrived(id(0, 7), Kind::ChangeRegister, HostId(4), None);
        let found = *arrived.unwrap();
        assert_eq!((found.server, found.asker), (HostId(4), HostId(NONE)));
        assert!(exchanges.get(id(0, 7)).unwrap().has(Exchange::ARRIVED));
    }
}
