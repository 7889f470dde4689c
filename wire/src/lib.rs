//! How the network looks as bytes: bytes in, values out, and back.
//!
//! Opens no file and no socket, reads no clock, decides nothing and knows no actor: whoever has bytes asks
//! this crate what they mean, and whoever has values asks it how they are written. Bytes may come from a
//! stranger: every reader here has limits and answers each input with a value or with an error that says
//! where and why.
//!
//! Every message of the network as HTTP: [`codec`]. The lists of MedMij Registratie: [`list`].

mod behind;
pub mod codec;
pub mod fault;
mod fhir;
mod form;
mod front;
pub mod list;
mod oauth;
pub mod ocsp;
pub mod pages;
pub mod paths;
pub mod places;
pub mod saml;
mod xml;

pub use front::PASSWORD;
