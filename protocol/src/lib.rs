//! The network on paper: names, releases, messages, rules and the contract between actors and their world.
//!
//! No IO, no clock, no randomness of its own, no actor and no bytes: every other crate of the workspace
//! stands on this one, and this one stands on none of them. Read [`contract`] first, then [`message`],
//! [`rule`] and [`trace`].

pub mod bsn;
pub mod catalogue;
pub mod contract;
pub mod distribution;
pub mod draw;
pub mod id;
pub mod live_set;
pub mod message;
pub mod names;
pub mod register;
pub mod release;
pub mod role;
pub mod rule;
pub mod time;
pub mod trace;
pub mod uri;
pub mod world;
