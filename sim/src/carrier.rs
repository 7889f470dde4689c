//! What may stand between what an actor wants to send and what leaves.
//!
//! Knows no form of a message; whoever implements it does.

use protocol::{contract::Action, time::WallTime};

/// Takes everything that actors want, before any of it is carried out, and may put other values in its place.
pub trait Carrier {
    /// An actor wants this; `wall` is its clock.
    fn carry(&mut self, action: &mut Action, wall: WallTime);
}
