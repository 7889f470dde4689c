//! Wall time: the same actors behind real sockets, real TLS and a PKI of its own.
//!
//! Decides nothing: actors do, and they cannot tell this world from virtual time. Never imports `sim`.

mod befall;
pub mod carry;
pub mod endpoints;
mod guest;
pub mod guide;
pub mod measure;
pub mod meddle;
pub mod network;
pub mod open;
pub mod pki;
mod recognise;
mod serve;
mod station;
pub mod texts;
pub mod tls;
mod travel;
pub mod visit;
mod wording;
pub mod world;
