//! The certificates of a network: a chain shaped like PKIoverheid Private, made here and trusted nowhere else.
//!
//! Does not open sockets and does not decide whom to trust: that is for TLS and the actors.
