//! Trace events in, verdicts per rule and statistics out; the same in every world.
//!
//! Knows no actor and no world, and does no IO. [`directory`] says who is who at the start of a run;
//! everything else comes as [`protocol::trace::Event`].

pub mod directory;
pub mod rules;
