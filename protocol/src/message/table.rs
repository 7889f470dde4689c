//! The table of all messages: channel, step, fields with their data class, and possible answers.
//!
//! `wire` has one codec per row, and a test counts both.

use super::{Browse, Request, Response};

/// Which row of [`ROWS`] a message is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is described by its row")]
pub enum Kind {
    Open,
    Choose,
    Authorize,
    Authenticate,
    LogIn,
    CancelLogin,
    ReturnArtifact,
    AnswerConsent,
    Callback,
    CallbackError,
    StopFlow,
    ConsultDossier,
    OfferCode,
    Fetch,
    ResolveArtifact,
    GetList,
    OcspQuery,
    CheckAvailability,
    FetchDossier,
    Hello,
    ChangeRegister,
    Publish,
    FetchListNow,
    Revoke,
    Page,
    Redirect,
    Token,
    TokenError,
    Fhir,
    OperationOutcome,
    ArtifactResponse,
    List,
    Ocsp,
    Availability,
    Dossier,
    Admit,
    Deny,
    Done,
    NotDone,
    Unavailable,
    BadRequest,
}

/// Where a message travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Channel {
    /// Between a browser and a gateway or DigiD.
    Front,
    /// Between gateways, or between a gateway and DigiD.
    Back,
    /// Between a node and the stelselnode.
    Lists,
    /// Between a node and a certificate authority's OCSP responder.
    Ocsp,
    /// Between a ZA GW and the systems behind it: outside the network.
    Behind,
    /// Nowhere: between a host and its own driver or operator.
    Local,
}

/// What a field gives away about a person, so that who saw what can be counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum DataClass {
    /// Nothing.
    None,
    /// That the person and a Zorgaanbieder have to do with each other.
    Relation,
    /// What lets its holder act for the person: codes, tokens, passwords, cookies.
    Credential,
    /// Health data.
    Content,
    /// Who the person is.
    Identity,
}

/// One row: one kind of message.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which.
    pub kind: Kind,
    /// Where it travels; for a response that several requests can have, the first of them.
    pub channel: Channel,
    /// The steps of UCI Verzamelen in which it is used; empty for other use cases.
    pub steps: &'static [u8],
    /// Its fields and what each gives away.
    pub fields: &'static [(&'static str, DataClass)],
    /// For a request: what can come back. Empty for a response.
    pub answers: &'static [Kind],
    /// What it is, in one line.
    pub what: &'static str,
}

use DataClass::{Content, Credential, Identity, None as Nothing, Relation};

const fn row(
    kind: Kind,
    channel: Channel,
    steps: &'static [u8],
    fields: &'static [(&'static str, DataClass)],
    answers: &'static [Kind],
    what: &'static str,
) -> Row {
    Row { kind, channel, steps, fields, answers, what }
}

/// Every message, in the order of [`Kind`].
pub const ROWS: &[Row] = &[
    row(
        Kind::Open,
        Channel::Front,
        &[1],
        &[],
        &[Kind::Page, Kind::Unavailable],
        "the person opens the PGO",
    ),
    row(
        Kind::Choose,
        Channel::Front,
        &[2],
        &[("zorgaanbieder", Relation), ("dienst", Relation), ("csrf", Credential)],
        &[Kind::Redirect, Kind::Page, Kind::Unavailable],
        "the person chooses; also when sent twice, or again after going back",
    ),
    row(
        Kind::Authorize,
        Channel::Front,
        &[2, 3],
        &[
            ("client", Nothing),
            ("redirect", Nothing),
            ("scope", Relation),
            ("state", Credential),
            ("response_type", Nothing),
        ],
        &[Kind::Redirect, Kind::Page, Kind::Unavailable],
        "authorization request, RFC 6749 §4.1.1; also on reloading",
    ),
    row(
        Kind::Authenticate,
        Channel::Front,
        &[4],
        &[
            ("issuer", Nothing),
            ("id", Nothing),
            ("relay_state", Credential),
            ("level", Nothing),
            ("signed", Nothing),
        ],
        &[Kind::Page, Kind::Unavailable],
        "SAML AuthnRequest; also when going back to DigiD",
    ),
    row(
        Kind::LogIn,
        Channel::Front,
        &[5],
        &[("account", Identity), ("secret", Credential), ("csrf", Credential)],
        &[Kind::Redirect, Kind::Page, Kind::Unavailable],
        "credentials for DigiD; also when sent twice",
    ),
    row(
        Kind::CancelLogin,
        Channel::Front,
        &[5],
        &[("csrf", Credential)],
        &[Kind::Redirect, Kind::Page, Kind::Unavailable],
        "the person cancels at DigiD",
    ),
    row(
        Kind::ReturnArtifact,
        Channel::Front,
        &[6],
        &[("artifact", Credential), ("relay_state", Credential)],
        &[Kind::Page, Kind::Redirect, Kind::Unavailable],
        "the artifact comes back from DigiD; also on reloading",
    ),
    row(
        Kind::AnswerConsent,
        Channel::Front,
        &[9, 10],
        &[("answer", Relation), ("csrf", Credential)],
        &[Kind::Redirect, Kind::Page, Kind::Unavailable],
        "the answer to the consent question; also when sent twice",
    ),
    row(
        Kind::Callback,
        Channel::Front,
        &[10, 11],
        &[("code", Credential), ("state", Credential)],
        &[Kind::Page, Kind::Unavailable],
        "authorization response, RFC 6749 §4.1.2; also on reloading",
    ),
    row(
        Kind::CallbackError,
        Channel::Front,
        &[],
        &[("error", Relation), ("description", Relation), ("state", Credential)],
        &[Kind::Page, Kind::Unavailable],
        "error response, RFC 6749 §4.1.2.1: exceptions 2 to 5",
    ),
    row(
        Kind::StopFlow,
        Channel::Front,
        &[],
        &[],
        &[Kind::Page, Kind::Unavailable],
        "exception 1: the person has the PGO stop",
    ),
    row(
        Kind::ConsultDossier,
        Channel::Front,
        &[],
        &[],
        &[Kind::Page, Kind::Unavailable],
        "UC to consult the Dossier",
    ),
    row(
        Kind::OfferCode,
        Channel::Back,
        &[12],
        &[
            ("grant_type", Nothing),
            ("code", Credential),
            ("client", Nothing),
            ("redirect", Nothing),
        ],
        &[Kind::Token, Kind::TokenError, Kind::Unavailable],
        "access token request, RFC 6749 §4.1.3",
    ),
    row(
        Kind::Fetch,
        Channel::Back,
        &[14],
        &[
            ("token", Credential),
            ("zorgaanbieder", Relation),
            ("dienst", Relation),
            ("call", Nothing),
            ("document", Nothing),
            ("bsn", Identity),
        ],
        &[Kind::Fhir, Kind::OperationOutcome, Kind::Unavailable],
        "resource request, RFC 6750 §2.1; one per FHIR query",
    ),
    row(
        Kind::ResolveArtifact,
        Channel::Back,
        &[7],
        &[("artifact", Credential), ("issuer", Nothing), ("signed", Nothing)],
        &[Kind::ArtifactResponse, Kind::Unavailable],
        "SAML ArtifactResolve",
    ),
    row(
        Kind::GetList,
        Channel::Lists,
        &[],
        &[("kind", Nothing)],
        &[Kind::List, Kind::Unavailable],
        "UCI Opvragen ZAL, UCI Opvragen Whitelist, and the other two lists",
    ),
    row(
        Kind::OcspQuery,
        Channel::Ocsp,
        &[],
        &[("serial", Nothing)],
        &[Kind::Ocsp, Kind::Unavailable],
        "OCSP request, RFC 6960",
    ),
    row(
        Kind::CheckAvailability,
        Channel::Behind,
        &[8],
        &[("bsn", Identity), ("zorgaanbieder", Relation), ("dienst", Relation)],
        &[Kind::Availability, Kind::Unavailable],
        "is there anything for this person and service?",
    ),
    row(
        Kind::FetchDossier,
        Channel::Behind,
        &[15],
        &[
            ("bsn", Identity),
            ("zorgaanbieder", Relation),
            ("dienst", Relation),
            ("call", Nothing),
            ("document", Nothing),
        ],
        &[Kind::Dossier, Kind::Unavailable],
        "one FHIR query's worth of data",
    ),
    row(
        Kind::Hello,
        Channel::Local,
        &[],
        &[("certificate", Nothing), ("name", Nothing), ("staple", Nothing)],
        &[Kind::Admit, Kind::Deny],
        "the opening of a connection: admit the other end?",
    ),
    row(
        Kind::ChangeRegister,
        Channel::Local,
        &[],
        &[("change", Nothing)],
        &[Kind::Done, Kind::NotDone],
        "Beheer changes the register",
    ),
    row(
        Kind::Publish,
        Channel::Local,
        &[],
        &[("kind", Nothing)],
        &[Kind::Done, Kind::NotDone],
        "Beheer publishes a list at once",
    ),
    row(
        Kind::FetchListNow,
        Channel::Local,
        &[],
        &[("kind", Nothing)],
        &[Kind::Done, Kind::NotDone],
        "an operator fetches a list at once (APP 21)",
    ),
    row(
        Kind::Revoke,
        Channel::Local,
        &[],
        &[("serial", Nothing)],
        &[Kind::Done, Kind::NotDone],
        "the certificate authority revokes a certificate",
    ),
    row(
        Kind::Page,
        Channel::Front,
        &[1, 5, 9, 16],
        &[
            ("page", Relation),
            ("csrf", Credential),
            ("zorgaanbieder", Relation),
            ("dienst", Relation),
            ("set_cookie", Credential),
        ],
        &[],
        "a page for the person",
    ),
    row(
        Kind::Redirect,
        Channel::Front,
        &[2, 4, 6, 10],
        &[("to", Nothing), ("request", Relation), ("set_cookie", Credential)],
        &[],
        "go there, with this request",
    ),
    row(
        Kind::Token,
        Channel::Back,
        &[13],
        &[
            ("token", Credential),
            ("scope", Relation),
            ("expires_in", Nothing),
            ("token_type", Nothing),
            ("refresh_token", Credential),
        ],
        &[],
        "access token response, RFC 6749 §5.1",
    ),
    row(
        Kind::TokenError,
        Channel::Back,
        &[],
        &[("error", Nothing)],
        &[],
        "token error response, RFC 6749 §5.2: exception 6",
    ),
    row(
        Kind::Fhir,
        Channel::Back,
        &[15],
        &[
            ("fingerprint", Content),
            ("version", Content),
            ("created", Content),
            ("bytes", Content),
            ("documents", Content),
            ("bsn", Identity),
        ],
        &[],
        "a FHIR answer",
    ),
    row(
        Kind::OperationOutcome,
        Channel::Back,
        &[],
        &[("issue", Nothing)],
        &[],
        "a FHIR OperationOutcome: exceptions 7 and 8",
    ),
    row(
        Kind::ArtifactResponse,
        Channel::Back,
        &[7],
        &[
            ("status", Nothing),
            ("signed", Nothing),
            ("level", Nothing),
            ("bsn", Identity),
            ("audience", Nothing),
            ("in_response_to", Nothing),
            ("not_before", Nothing),
            ("not_on_or_after", Nothing),
        ],
        &[],
        "SAML ArtifactResponse",
    ),
    row(Kind::List, Channel::Lists, &[], &[("list", Nothing)], &[], "a list"),
    row(
        Kind::Ocsp,
        Channel::Ocsp,
        &[],
        &[
            ("serial", Nothing),
            ("status", Nothing),
            ("this_update", Nothing),
            ("next_update", Nothing),
            ("signed", Nothing),
        ],
        &[],
        "OCSP response, RFC 6960",
    ),
    row(
        Kind::Availability,
        Channel::Behind,
        &[8],
        &[("availability", Relation)],
        &[],
        "there is something, or not",
    ),
    row(
        Kind::Dossier,
        Channel::Behind,
        &[15],
        &[
            ("fingerprint", Content),
            ("version", Content),
            ("created", Content),
            ("bytes", Content),
            ("documents", Content),
        ],
        &[],
        "what the source has",
    ),
    row(Kind::Admit, Channel::Local, &[], &[], &[], "the other end is admitted"),
    row(Kind::Deny, Channel::Local, &[], &[], &[], "the other end is refused"),
    row(Kind::Done, Channel::Local, &[], &[], &[], "carried out"),
    row(Kind::NotDone, Channel::Local, &[], &[], &[], "not carried out"),
    row(Kind::Unavailable, Channel::Front, &[], &[], &[], "HTTP 503: no capacity to answer"),
    row(
        Kind::BadRequest,
        Channel::Front,
        &[],
        &[],
        &[],
        "HTTP 400: not served here; any request can have it",
    ),
];

impl Kind {
    /// Its row of the table.
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }
}

impl Request {
    /// Which row of the table it is.
    #[inline]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Browse(browse) => browse.kind(),
            Self::OfferCode(_) => Kind::OfferCode,
            Self::Fetch(_) => Kind::Fetch,
            Self::ResolveArtifact { .. } => Kind::ResolveArtifact,
            Self::GetList(_) => Kind::GetList,
            Self::OcspQuery(_) => Kind::OcspQuery,
            Self::CheckAvailability(_) => Kind::CheckAvailability,
            Self::FetchDossier { .. } => Kind::FetchDossier,
            Self::Hello(_) => Kind::Hello,
            Self::ChangeRegister(_) => Kind::ChangeRegister,
            Self::Publish(..) => Kind::Publish,
            Self::FetchListNow(_) => Kind::FetchListNow,
            Self::Revoke(_) => Kind::Revoke,
        }
    }
}

impl Browse {
    /// Which row of the table it is.
    #[inline]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Open => Kind::Open,
            Self::Choose { .. } => Kind::Choose,
            Self::Authorize(_) => Kind::Authorize,
            Self::Authenticate(_) => Kind::Authenticate,
            Self::LogIn { .. } => Kind::LogIn,
            Self::CancelLogin { .. } => Kind::CancelLogin,
            Self::ReturnArtifact { .. } => Kind::ReturnArtifact,
            Self::AnswerConsent { .. } => Kind::AnswerConsent,
            Self::Callback { .. } => Kind::Callback,
            Self::CallbackError { .. } => Kind::CallbackError,
            Self::StopFlow => Kind::StopFlow,
            Self::ConsultDossier => Kind::ConsultDossier,
        }
    }
}

impl Response {
    /// Which row of the table it is.
    #[inline]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Page { .. } => Kind::Page,
            Self::Redirect { .. } => Kind::Redirect,
            Self::Token(_) => Kind::Token,
            Self::TokenError(_) => Kind::TokenError,
            Self::Fhir(_) => Kind::Fhir,
            Self::OperationOutcome(_) => Kind::OperationOutcome,
            Self::ArtifactResponse(_) => Kind::ArtifactResponse,
            Self::List(_) => Kind::List,
            Self::Ocsp(_) => Kind::Ocsp,
            Self::Availability(_) => Kind::Availability,
            Self::Dossier(_) => Kind::Dossier,
            Self::Admit => Kind::Admit,
            Self::Deny => Kind::Deny,
            Self::Done => Kind::Done,
            Self::NotDone => Kind::NotDone,
            Self::Unavailable => Kind::Unavailable,
            Self::BadRequest => Kind::BadRequest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_stands_in_its_own_row() {
        for (place, row) in ROWS.iter().enumerate() {
            assert_eq!(row.kind as usize, place, "{:?}", row.kind);
            assert_eq!(row.kind.row().what, row.what);
        }
        assert_eq!(ROWS.last().unwrap().kind, Kind::BadRequest);
    }

    #[test]
    fn requests_come_before_responses_and_only_they_have_answers() {
        let first_response = Kind::Page as usize;
        for row in ROWS {
            assert_eq!(
                row.answers.is_empty(),
                row.kind as usize >= first_response,
                "{:?}",
                row.kind
            );
            assert!(row.answers.iter().all(|answer| *answer as usize >= first_response));
        }
    }

    #[test]
    fn the_sixteen_steps_are_all_covered() {
        for step in 1..=16 {
            assert!(ROWS.iter().any(|row| row.steps.contains(&step)), "step {step}");
        }
    }

    #[test]
    fn nothing_between_pgo_and_za_but_unused_elements_says_who_the_person_is() {
        for row in ROWS.iter().filter(|row| row.channel == Channel::Back) {
            for (field, class) in row.fields {
                let saml = matches!(row.kind, Kind::ArtifactResponse);
                assert!(
                    *class != Identity
                        || *field == "bsn"
                            && (saml || row.kind == Kind::Fetch || row.kind == Kind::Fhir)
                );
            }
        }
    }
}
