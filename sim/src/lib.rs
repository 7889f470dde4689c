//! Virtual time: an event queue, stations, links, connections and faults, and a driver that runs any
//! actors in it. The same seed gives the same events, on every machine.
//!
//! Knows the contract ([`protocol::contract`]) and no actor, no role and no meaning of a message. Reads no
//! clock and does no IO: what happened leaves as trace events to a [`protocol::trace::Sink`].

pub mod carrier;
mod connection;
mod exchange;
mod flow;
pub mod queue;
pub mod simulation;
mod station;
mod timer;
pub mod visitor;
