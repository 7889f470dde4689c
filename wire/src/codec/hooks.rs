//! What a codec borrows for the formats that have keys or files of their own.
//!
//! Says only what goes in and what comes out; who implements these keeps the keys.

use std::sync::Arc;

use protocol::{
    id::{NameId, Opaque, Serial},
    message::{Assertion, AuthnRequest, OcspAnswer, Request},
    register::{ListKind, ListVersion},
};

use crate::fault::Fault;

/// The SAML messages between a ZA GW and DigiD.
pub trait Saml {
    /// An AuthnRequest to that host in Base64, as a form carries it. RelayState goes beside it.
    fn write_authn_request(&self, to: NameId, request: &AuthnRequest) -> String;
    /// What it says, and the RelayState that came with it.
    ///
    /// # Errors
    /// It is no AuthnRequest.
    fn read_authn_request(
        &self,
        to: NameId,
        text: &str,
        relay_state: Opaque,
    ) -> Result<AuthnRequest, Fault>;
    /// An artifact as a query carries it.
    fn write_artifact(&self, artifact: Opaque) -> String;
    /// What it is.
    ///
    /// # Errors
    /// It is no artifact.
    fn read_artifact(&self, text: &str) -> Result<Opaque, Fault>;
    /// A SOAP envelope with an ArtifactResolve to that host.
    fn write_artifact_resolve(
        &self,
        to: NameId,
        artifact: Opaque,
        issuer: NameId,
        signed: bool,
    ) -> Vec<u8>;
    /// The artifact, the issuer, and whether its signature is right.
    ///
    /// # Errors
    /// It is no ArtifactResolve.
    fn read_artifact_resolve(
        &self,
        to: NameId,
        body: &[u8],
    ) -> Result<(Opaque, NameId, bool), Fault>;
    /// A SOAP envelope with the ArtifactResponse of that host to that request.
    fn write_artifact_response(&self, from: NameId, to: &Request, assertion: &Assertion)
    -> Vec<u8>;
    /// What it says.
    ///
    /// # Errors
    /// It is no ArtifactResponse.
    fn read_artifact_response(
        &self,
        from: NameId,
        artifact: Opaque,
        body: &[u8],
    ) -> Result<Assertion, Fault>;
}

/// OCSP (RFC 6960).
pub trait Ocsp {
    /// The DER of a request.
    fn write_query(&self, serial: Serial) -> Vec<u8>;
    /// The certificate that it asks of.
    ///
    /// # Errors
    /// It is no OCSP request.
    fn read_query(&self, body: &[u8]) -> Result<Serial, Fault>;
    /// The DER of an answer to that request.
    fn write_answer(&self, to: &Request, answer: &OcspAnswer) -> Vec<u8>;
    /// What an answer on that certificate says.
    ///
    /// # Errors
    /// It is no OCSP response.
    fn read_answer(&self, asked: Serial, body: &[u8]) -> Result<OcspAnswer, Fault>;
}

/// The lists of MedMij Registratie as files.
pub trait Lists {
    /// The path of the newest version.
    fn path(&self, kind: ListKind) -> String;
    /// The list of which this is the path.
    fn kind(&self, path: &str) -> Option<ListKind>;
    /// A version as XML.
    fn write(&self, list: &ListVersion) -> Vec<u8>;
    /// The version that this is; one that fits no schema is a version too.
    ///
    /// # Errors
    /// It is not even that.
    fn read(&self, kind: ListKind, body: &[u8]) -> Result<Arc<ListVersion>, Fault>;
}
