//! Visitors: actors that come, stay for a while and go, without a station. People's browsers are visitors.
//!
//! A visitor has no queue: whatever comes reaches its actor at once, and what it sends leaves at once.
//! Its place is used again as soon as it has gone. Does not know why anybody comes.

use protocol::{
    contract::Actor,
    id::HostId,
    time::Instant,
    trace::{FlowFacts, FlowRef},
};
use smallvec::SmallVec;

use crate::{connection::Kept, timer::Timers};

/// A visitor that is about to come.
#[derive(Debug)]
pub struct Arrival<A> {
    /// When.
    pub at: Instant,
    /// Which arrival: its number is the key of its draws.
    pub number: u32,
    /// Who.
    pub actor: A,
    /// What its flows are about.
    pub facts: FlowFacts,
}

/// Visitors, in the order in which they come.
pub trait Arrivals {
    /// What they are.
    type Actor: Actor;

    /// The next one; none when nobody comes any more.
    fn next(&mut self) -> Option<Arrival<Self::Actor>>;
}

/// Nobody ever comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody<A>(std::marker::PhantomData<A>);

impl<A> Nobody<A> {
    /// Nobody.
    pub const fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<A: Actor> Arrivals for Nobody<A> {
    type Actor = A;

    fn next(&mut self) -> Option<Arrival<A>> {
        None
    }
}

/// A visitor that is here.
#[derive(Debug)]
pub(crate) struct Visitor<A> {
    pub actor: A,
    pub facts: FlowFacts,
    /// The flow of its present attempt; none between attempts.
    pub flow: Option<FlowRef>,
    /// Which arrival it was.
    pub number: u32,
    /// How many attempts it began.
    pub attempts: u16,
    /// Whether the run waits for it to leave.
    pub in_cohort: bool,
    pub timers: Timers<()>,
    pub kept: Kept,
    /// Exchanges of which it awaits the end.
    pub open: SmallVec<[u32; 2]>,
    /// How many values it drew for itself.
    pub drawn: u32,
}

/// Every visitor that is here, in places that are used again.
#[derive(Debug)]
pub(crate) struct Visitors<A> {
    places: Vec<Option<Visitor<A>>>,
    free: Vec<u32>,
}

impl<A> Default for Visitors<A> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }
}

impl<A> Visitors<A> {
    pub(crate) fn come(&mut self, visitor: Visitor<A>) -> HostId {
        let place = match self.free.pop() {
            Some(place) => {
                self.places[place as usize] = Some(visitor);
                place
            }
            None => {
                self.places.push(Some(visitor));
                self.places.len() as u32 - 1
            }
        };
        HostId::visitor(place)
    }

    pub(crate) fn get(&mut self, host: HostId) -> Option<&mut Visitor<A>> {
        self.places.get_mut(host.place())?.as_mut()
    }

    pub(crate) fn leave(&mut self, host: HostId) -> Option<Visitor<A>> {
        let visitor = self.places.get_mut(host.place())?.take()?;
        self.free.push(host.place() as u32);
        Some(visitor)
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }
}
