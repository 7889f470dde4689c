//! How the network looks as bytes: bytes in, values out, and back.
//!
//! Opens no file and no socket, reads no clock, decides nothing and knows no actor: whoever has bytes asks
//! this crate what they mean, and whoever has values asks it how they are written. Bytes may come from a
//! stranger: every reader here has limits and answers each input with a value or with an error that says
//! where and why.
//!
//! So far it knows the lists of MedMij Registratie: see [`list`].

pub mod list;
mod xml;
