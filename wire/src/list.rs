//! The lists of MedMij Registratie as XML: Zorgaanbiederslijst (ZAL), Whitelist, OAuth client list (OCL) and
//! Gegevensdienstnamenlijst (GNL).
//!
//! Reading judges a list as its XML schema does, and says where each fault is. It goes through the bytes
//! once: what it needs beside the list itself does not grow with the list. In a few points the schemas let
//! pass what means nothing, such as port 99999; reading refuses those too and says so ([`Fault::beyond_schema`]).
//! Writing gives what the schema of the chosen format takes, or an error. Between a document and the values
//! that the network works with stands [`version`].
//!
//! Fetches nothing and knows no clock. Does not say whether a list is the newest, whether a name is taken, or
//! whether anybody answers at an address.
//!
//! Schemas: of releases 1.0 and 1.1 those that MedMij published in 2018. Of the ZAL since release 1.4 no schema
//! is public; that format is inferred from the published example of file version 9.3 and said so where it matters.

mod document;
mod fault;
mod gnl;
mod ocl;
mod read;
pub mod served;
mod tag;
mod timestamp;
mod value;
pub mod version;
mod whitelist;
mod write;
mod zal;

pub use crate::xml::{Place, XmlFault};
pub use document::{
    Aanbiedertype, Abonneren, Gegevensdienst, GegevensdienstenDocument, Gegevensdienstnaam, Header,
    Interfaceversie, ListDocument, ListFormat, OauthClient, OauthClientsDocument, Offers,
    Systeemrol, WhitelistDocument, ZalDocument, Zorgaanbieder,
};
pub use fault::{Fault, Found, ListError, Path, Problem};
pub use read::{Value, read, read_as, read_with_values};
pub use timestamp::Timestamp;
pub use value::Facet;
pub use write::{WriteError, write};
