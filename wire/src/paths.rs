//! The paths that every host of a kind has, beside those that the ZAL tells of.
//!
//! No two kinds of hosts have the same, so that a path says what is asked without saying of whom.

/// A PGO: what is on offer.
pub const OPEN: &str = "/";
/// A PGO: the choice.
pub const CHOOSE: &str = "/kies";
/// A PGO: the redirect URI, where a ZA GW sends a browser back.
pub const CALLBACK: &str = "/callback";
/// A PGO: stop (exception 1).
pub const STOP: &str = "/stop";
/// A PGO: the Dossier.
pub const DOSSIER: &str = "/dossier";
/// A ZA GW: the assertion consumer service, where DigiD sends a browser back.
pub const ASSERTION_CONSUMER: &str = "/saml/acs";
/// A ZA GW: the answer to the consent question.
pub const CONSENT: &str = "/toestemming";
/// DigiD: an AuthnRequest, by SAML's POST binding.
pub const AUTHENTICATE: &str = "/saml/idp/request_authentication";
/// DigiD: credentials.
pub const LOG_IN: &str = "/inloggen";
/// DigiD: the person cancels.
pub const CANCEL: &str = "/annuleren";
/// DigiD, back channel: an artifact, by SAML's SOAP binding.
pub const RESOLVE_ARTIFACT: &str = "/saml/idp/resolve_artifact";
/// A certificate authority: OCSP over HTTP.
pub const OCSP: &str = "/ocsp";
/// The same with the request in the address.
pub(crate) const OCSP_GET: &str = "/ocsp/";
/// A system behind a ZA GW: is there anything?
pub const AVAILABILITY: &str = "/beschikbaarheid";
/// A system behind a ZA GW: what there is.
pub const RECORDS: &str = "/dossiergegevens";
