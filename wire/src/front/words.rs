//! The words that RFC 6749, MedMij and our own forms have for closed choices.
//!
//! One table for each, read both ways.

use protocol::message::{Assurance, Description, OAuthError, ResponseType};

const ERRORS: [(OAuthError, &str); 10] = [
    (OAuthError::InvalidRequest, "invalid_request"),
    (OAuthError::UnauthorizedClient, "unauthorized_client"),
    (OAuthError::AccessDenied, "access_denied"),
    (OAuthError::UnsupportedResponseType, "unsupported_response_type"),
    (OAuthError::InvalidScope, "invalid_scope"),
    (OAuthError::ServerError, "server_error"),
    (OAuthError::TemporarilyUnavailable, "temporarily_unavailable"),
    (OAuthError::InvalidClient, "invalid_client"),
    (OAuthError::InvalidGrant, "invalid_grant"),
    (OAuthError::UnsupportedGrantType, "unsupported_grant_type"),
];

/// As UCI Verzamelen prescribes them, to the full stop.
const DESCRIPTIONS: [(Description, &str); 4] = [
    (Description::None, ""),
    (Description::NoSuchResources, "No such resources."),
    (Description::AuthorizationDenied, "Authorization denied."),
    (Description::AuthorizationFailed, "Authorization failed."),
];

const LEVELS: [(Assurance, &str); 4] = [
    (Assurance::Basis, "basis"),
    (Assurance::Midden, "midden"),
    (Assurance::Substantieel, "substantieel"),
    (Assurance::Hoog, "hoog"),
];

const RESPONSE_TYPES: [(ResponseType, &str); 3] = [
    (ResponseType::Code, "code"),
    (ResponseType::Token, "token"),
    (ResponseType::Other, "id_token"),
];

/// The word of a value.
pub(crate) fn word<T: PartialEq>(table: &[(T, &'static str)], value: &T) -> &'static str {
    table.iter().find(|(known, _)| known == value).map_or("", |(_, word)| word)
}

/// The value of a word.
pub(crate) fn meaning<T: Copy>(table: &[(T, &'static str)], found: &str) -> Option<T> {
    table.iter().find(|(_, word)| *word == found).map(|(value, _)| *value)
}

pub(crate) fn error_text(error: OAuthError) -> &'static str {
    word(&ERRORS, &error)
}

pub(crate) fn error_from(text: &str) -> Option<OAuthError> {
    meaning(&ERRORS, text)
}

pub(super) fn description_text(description: Description) -> &'static str {
    word(&DESCRIPTIONS, &description)
}

/// A description in other words says nothing to a program.
pub(super) fn description_from(text: &str) -> Description {
    meaning(&DESCRIPTIONS, text).unwrap_or(Description::None)
}

pub(crate) fn level_text(level: Assurance) -> &'static str {
    word(&LEVELS, &level)
}

pub(crate) fn level_from(text: &str) -> Option<Assurance> {
    meaning(&LEVELS, text)
}

pub(super) fn response_type_text(response_type: ResponseType) -> &'static str {
    word(&RESPONSE_TYPES, &response_type)
}

pub(super) fn response_type_from(text: &str) -> ResponseType {
    meaning(&RESPONSE_TYPES, text).unwrap_or(ResponseType::Other)
}
