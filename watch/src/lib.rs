//! Trace events in, verdicts per rule and statistics out; the same in every world.
//!
//! Knows no actor and no world, and does no IO. [`directory`] says who is who at the start of a run;
//! everything else comes as [`protocol::trace::Event`]. [`statistics`] measures one replication; [`study`]
//! says what several replications say together.

pub mod directory;
pub mod rules;
pub mod statistics;
pub mod study;
pub mod watcher;
