//! What a world is told, whichever it is: hosts with their stations, doors, links, costs, clocks, and what befalls them.
//!
//! Virtual time and wall time are told the same in the same words, so that a scenario means the same in both. Drives
//! nothing: that is for `sim` and `twin`.

pub mod clock;
pub mod cost;
pub mod link;
pub mod network;
pub mod schedule;
