//! What bytes do not say by themselves: the texts behind ids, and what is served where.
//!
//! Whoever keeps these (a twin, a simulator that passes messages through bytes) lends them to the codecs. Keeps
//! nothing itself.

use protocol::{
    catalogue::{Gegevensdienst, Scope},
    id::{NameId, Opaque, ZorgaanbiederId},
    uri::Uri,
};

/// The doors of a gateway that the ZAL tells of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Endpoint {
    /// Of a browser, in step 2.
    Authorization,
    /// Step 12.
    Token,
    /// Step 14.
    Resource,
}

/// What a path of a host leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Which door.
    pub endpoint: Endpoint,
    /// Whose; none where several share the address.
    pub zorgaanbieder: Option<ZorgaanbiederId>,
    /// How many bytes of the path are its address: what follows is a query of the resource server.
    pub length: usize,
}

/// What a Zorgaanbiedernaam that nobody has leads to: a Zorgaanbieder that offers nothing. It has no text.
pub const NOBODY: ZorgaanbiederId = ZorgaanbiederId(u32::MAX);

/// The texts behind ids, and what is served where. A text of a stranger gets an id too; every id gives back its text
/// byte for byte.
pub trait Places {
    /// The id of a hostname.
    fn host(&self, text: &str) -> NameId;
    /// Its text.
    fn host_text(&self, host: NameId) -> String;
    /// The id of a URI, hostile or not.
    fn uri(&self, text: &str) -> Uri;
    /// Its text.
    fn uri_text(&self, uri: Uri) -> String;
    /// The value of `state`, RelayState, a code or a token: a UUID in its canonical form is the number that it writes;
    /// anything else is kept.
    fn opaque(&self, text: &str) -> Opaque;
    /// Its text.
    fn opaque_text(&self, value: Opaque) -> String;
    /// The id of a Zorgaanbieder, by its Zorgaanbiedernaam.
    fn zorgaanbieder(&self, naam: &str) -> Option<ZorgaanbiederId>;
    /// The Zorgaanbiedernaam, with `@medmij`.
    fn zorgaanbieder_text(&self, zorgaanbieder: ZorgaanbiederId) -> String;
    /// The name of an organisation or service as people read it: of a PGO by its hostname on the OAuth client list.
    fn organisation_text(&self, client: NameId) -> String;
    /// Where a host serves that for a Zorgaanbieder: the text of a URI without query.
    fn address(
        &self,
        host: NameId,
        endpoint: Endpoint,
        zorgaanbieder: ZorgaanbiederId,
        dienst: Gegevensdienst,
        call: u8,
    ) -> String;
    /// Where a host takes codes: the text of a URI without query. A token request names no Zorgaanbieder, so that a
    /// host has one such place.
    fn token_address(&self, host: NameId) -> String {
        self.address(host, Endpoint::Token, ZorgaanbiederId(0), Gegevensdienst(0), 0)
    }
    /// What a token gives access to, where it is known: a resource server needs it if its address tells neither the
    /// Zorgaanbieder nor the service.
    fn granted(&self, _token: Opaque) -> Option<Scope> {
        None
    }
    /// The redirect URI of the authorization request that had this `state`, if it is kept and at that host; none: the one
    /// that our own PGOs have. It keeps a stranger's callback where the stranger has it.
    fn redirect_text(&self, _to: NameId, _state: Opaque) -> Option<String> {
        None
    }
    /// What a path of a host leads to, if the ZAL tells of it.
    fn place(&self, host: NameId, path: &str) -> Option<Place>;
}
