//! Who takes part in the network: person, PGO gateway, ZA gateway, DigiD, stelselnode, OCSP responder and xIS.
//!
//! Every actor is a state machine without any IO: one total `handle`, everything leaves by the Outbox.
//! No actor knows in which world it is, how long work takes, or whose flow an input belongs to; none reads
//! a clock or contains a fault.

pub mod admission;
#[cfg(feature = "crank")]
pub mod crank;
pub mod deviant;
pub mod digid;
pub mod durable;
pub mod ledger;
pub mod lists;
pub mod node;
pub mod ocsp;
pub mod party;
pub mod person;
pub mod pgo;
pub mod sessions;
pub mod stelselnode;
pub mod xis;
pub mod za;
