//! SAML 2.0 as DigiD speaks it: AuthnRequest, artifact, ArtifactResolve and ArtifactResponse, signed.
//!
//! Signatures are rsa-sha256 over exclusive canonicalisation with sha256 digests, enveloped. Whether one is right is a
//! value that is read, never an error: who must refuse is an actor. Values are read only from the element that a right
//! signature is over, so that wrapping another element into a message gains nothing. A document with a DOCTYPE, with
//! two elements of one ID, or with a comment inside a value is no message at all.
//!
//! Keeps no keys and knows no clock.

mod artifact;
mod key;
mod metadata;
mod read;
mod write;

pub use artifact::{read_artifact, write_artifact};
pub use key::{KeyFault, SigningKey, VerifyingKey};
pub use metadata::{identity_provider, service_provider};
pub use read::{Reader, read_artifact_resolve, read_artifact_response, read_authn_request};
pub use write::{Writer, write_artifact_resolve, write_artifact_response, write_authn_request};

use protocol::{
    id::{NameId, Opaque},
    message::Assurance,
};

use crate::places::Places;

/// Namespace of SAML's protocols.
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// Namespace of assertions.
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// Namespace of SOAP 1.1.
const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// Status codes stand below this.
const STATUS: &str = "urn:oasis:names:tc:SAML:2.0:status:";
/// The sector of BSNs, before the number in a NameID.
const BSN_SECTOR: &str = "s00000000:";

/// Where DigiD takes AuthnRequests.
pub const SINGLE_SIGN_ON: &str = "/saml/idp/request_authentication";
/// Where DigiD resolves artifacts.
pub const ARTIFACT_RESOLUTION: &str = "/saml/idp/resolve_artifact";
/// Where a service provider takes artifacts.
pub const ASSERTION_CONSUMER: &str = "/saml/acs";
/// Where a party's metadata are; its entity id is that URL.
pub const METADATA: &str = "/saml/metadata";

/// The class of a level of assurance, as DigiD 3.x names it.
const fn class(level: Assurance) -> &'static str {
    match level {
        Assurance::Basis => "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        Assurance::Midden => "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
        Assurance::Substantieel => "urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard",
        Assurance::Hoog => "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI",
    }
}

fn level(text: &str) -> Option<Assurance> {
    [Assurance::Basis, Assurance::Midden, Assurance::Substantieel, Assurance::Hoog]
        .into_iter()
        .find(|level| class(*level) == text)
}

/// The entity id of a host: the URL of its metadata.
pub fn entity_id(places: &dyn Places, host: NameId) -> String {
    format!("https://{}{METADATA}", places.host_text(host))
}

/// The host whose entity id this is.
fn host_of(places: &dyn Places, entity: &str) -> Option<NameId> {
    Some(places.host(entity.strip_prefix("https://")?.strip_suffix(METADATA)?))
}

/// An ID: a name may not begin with a digit, so a UUID has an underscore before it.
fn id_text(places: &dyn Places, id: Opaque) -> String {
    let text = places.opaque_text(id);
    if text == id.to_string() { format!("_{text}") } else { text }
}

/// What an ID is. One of a stranger is kept as it stands.
fn id_of(places: &dyn Places, text: &str) -> Opaque {
    match text.strip_prefix('_') {
        Some(rest) if places.opaque(rest).to_string() == rest => places.opaque(rest),
        _ => places.opaque(text),
    }
}

#[cfg(test)]
mod tests;
