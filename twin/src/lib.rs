//! Wall time: the same actors behind real sockets, real TLS and a PKI of its own.
//!
//! Decides nothing: actors do, and they cannot tell this world from virtual time. Never imports `sim`.

pub mod pki;
