//! Every message of the network, as a small value.
//!
//! Messages carry what the wire carries and nothing else: no flow, no session of ours, no person where
//! the wire names none. Does not know bytes (`wire`); verdicts about signatures, schemas and chains are
//! fields, because both worlds reach them before an actor is called. The table of all messages, with
//! channel, step, fields and possible answers, is [`table::ROWS`].

mod bound;
pub mod table;

use std::sync::Arc;

use crate::{
    bsn::Bsn,
    catalogue::{Gegevensdienst, Scope},
    id::{ConnectionId, Cookie, ExchangeId, NameId, Opaque, PersonId, Serial, ZorgaanbiederId},
    register::{Change, Edition, ListKind, ListVersion},
    release::Release,
    time::WallTime,
    uri::Uri,
};

pub use bound::Bound;
pub use table::{Channel, DataClass, Kind};

/// One message on its way: the request or the response of one exchange.
#[derive(Clone, PartialEq, Debug)]
pub struct Envelope {
    /// Who sent it, as far as the receiver can know.
    pub from: Peer,
    /// The name it was sent to.
    pub to: NameId,
    /// The exchange it belongs to.
    pub exchange: ExchangeId,
    /// The connection it came by.
    pub connection: ConnectionId,
    /// The release under which it is spoken.
    pub release: Release,
    /// What it says.
    pub message: Message,
}

const _: () = assert!(size_of::<Envelope>() <= 96, "an envelope is at most 96 bytes (semantics 4)");

/// What a host can know of the other end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Peer {
    /// The subject of the certificate that it showed.
    Node(NameId),
    /// A browser, known by the cookie that this host set in it before, if it did.
    Browser(Option<Cookie>),
    /// The host's own organisation, not the network: an operator at the console, or the host's own driver.
    Operator,
}

/// A request or a response.
#[derive(Clone, PartialEq, Debug)]
pub enum Message {
    /// What is asked.
    Request(Request),
    /// What came of it.
    Response(Response),
}

/// What can be asked.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Request {
    /// Front channel: from a person's browser.
    Browse(Browse),
    /// Step 12: the PGO GW offers its code at the token endpoint.
    OfferCode(OfferCode),
    /// Step 14: the PGO GW asks the resource endpoint for one FHIR query.
    Fetch(Fetch),
    /// Step 7: the ZA GW fetches what DigiD vouches for.
    ResolveArtifact {
        /// The artifact.
        artifact: Opaque,
        /// The service provider that asks.
        issuer: NameId,
        /// Whether the signature over the message is right.
        signed: bool,
    },
    /// UCI Opvragen ZAL, UCI Opvragen Whitelist and their like.
    GetList(ListKind),
    /// RFC 6960: is this certificate still good?
    OcspQuery(Serial),
    /// Step 8, behind the ZA GW: is there anything for this person and service?
    CheckAvailability(Subject),
    /// Step 15, behind the ZA GW: one FHIR query's worth of data.
    FetchDossier {
        /// Whose data, and which.
        subject: Subject,
        /// Which query of the service.
        call: u8,
        /// Which document, for queries that fetch one document each.
        document: u16,
    },
    /// From the driver at the opening of a connection: the other end shows this. Admit it?
    Hello(Hello),
    /// From Beheer at its console: the register changes.
    ChangeRegister(Change),
    /// From Beheer at its console: publish this list now.
    Publish(ListKind, Edition),
    /// From an operator: fetch this list now (APP 21).
    FetchListNow(ListKind),
    /// From the certificate authority at its console: this certificate is revoked.
    Revoke(Serial),
}

/// Front channel: what a browser asks. A redirect carries one of these, which the browser repeats word
/// for word.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Browse {
    /// Step 1: the person opens the PGO.
    Open,
    /// Step 2: the person chooses.
    Choose {
        /// At whom.
        zorgaanbieder: ZorgaanbiederId,
        /// What.
        dienst: Gegevensdienst,
        /// The value that the page carried.
        csrf: Opaque,
    },
    /// Step 2, redirected: the authorization request (RFC 6749 §4.1.1).
    Authorize(Authorize),
    /// Step 4, redirected: the AuthnRequest for DigiD.
    Authenticate(AuthnRequest),
    /// Step 5: credentials for DigiD.
    LogIn {
        /// Which account.
        account: PersonId,
        /// Whether the password and second factor are right.
        secret: Secret,
        /// The value that the page carried.
        csrf: Opaque,
    },
    /// Step 5: the person cancels at DigiD.
    CancelLogin {
        /// The value that the page carried.
        csrf: Opaque,
    },
    /// Step 6, redirected: the artifact comes back to the assertion consumer service.
    ReturnArtifact {
        /// The artifact.
        artifact: Opaque,
        /// RelayState, as it was given with the AuthnRequest.
        relay_state: Opaque,
    },
    /// Step 9: the answer to the consent question.
    AnswerConsent {
        /// What the person answered.
        answer: ConsentAnswer,
        /// The value that the page carried.
        csrf: Opaque,
    },
    /// Step 10, redirected: the authorization response with the code (RFC 6749 §4.1.2).
    Callback {
        /// `code`.
        code: Opaque,
        /// `state`.
        state: Opaque,
    },
    /// Redirected: the error response (RFC 6749 §4.1.2.1), exceptions 2 to 5.
    CallbackError {
        /// `error`.
        error: OAuthError,
        /// `error_description`.
        description: Description,
        /// `state`.
        state: Opaque,
    },
    /// Exception 1: the person has the PGO GW stop.
    StopFlow,
    /// UC to consult the Dossier (PI 2).
    ConsultDossier,
}

/// An authorization request (RFC 6749 §4.1.1).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Authorize {
    /// `client_id`: the client's hostname on the OAuth client list.
    pub client: NameId,
    /// `redirect_uri`.
    pub redirect: Uri,
    /// `scope`, and the Zorgaanbieder whose endpoint was addressed.
    pub scope: Scope,
    /// `state`; none where the client sent none.
    pub state: Option<Opaque>,
    /// `response_type`.
    pub response_type: ResponseType,
}

/// `response_type` of an authorization request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResponseType {
    /// `code`: the only one allowed (APP 6).
    Code,
    /// `token`: the implicit grant.
    Token,
    /// Anything else, or nothing.
    Other,
}

/// A SAML AuthnRequest.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AuthnRequest {
    /// The service provider.
    pub issuer: NameId,
    /// ID of the request, which the assertion must answer.
    pub id: Opaque,
    /// RelayState, to come back unchanged.
    pub relay_state: Opaque,
    /// The lowest level of assurance asked.
    pub level: Assurance,
    /// Whether the signature over the message is right.
    pub signed: bool,
}

/// DigiD's levels of assurance, lowest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Assurance {
    /// Basis.
    Basis,
    /// Midden.
    Midden,
    /// Substantieel.
    Substantieel,
    /// Hoog.
    Hoog,
}

/// What a person types at DigiD.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Secret {
    /// Right, reaching this level.
    Right(Assurance),
    /// Wrong.
    Wrong,
}

/// The answer to the consent question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConsentAnswer {
    /// Yes.
    Given,
    /// No.
    Refused,
    /// Neither can be made out of what came.
    Unclear,
}

/// An access token request (RFC 6749 §4.1.3).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OfferCode {
    /// `grant_type`.
    pub grant_type: GrantType,
    /// `code`.
    pub code: Opaque,
    /// `client_id`.
    pub client: NameId,
    /// `redirect_uri`.
    pub redirect: Uri,
}

/// `grant_type` of a token request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GrantType {
    /// `authorization_code`: the only one allowed (APP 6).
    AuthorizationCode,
    /// `refresh_token`: no such tokens in 1.x (APP 10).
    RefreshToken,
    /// Anything else.
    Other,
}

/// A resource request (RFC 6750 §2.1).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fetch {
    /// The access token.
    pub token: Opaque,
    /// The Zorgaanbieder whose resource endpoint is addressed.
    pub zorgaanbieder: ZorgaanbiederId,
    /// The service whose query it is.
    pub dienst: Gegevensdienst,
    /// Which query of the service.
    pub call: u8,
    /// Which document, for queries that fetch one document each.
    pub document: u16,
    /// An element that would identify the person; unused or empty (APP 5).
    pub bsn: Option<Bsn>,
}

/// Whose data, and which: what a ZA GW asks of the systems behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subject {
    /// The person.
    pub bsn: Bsn,
    /// At whom.
    pub zorgaanbieder: ZorgaanbiederId,
    /// What.
    pub dienst: Gegevensdienst,
}

/// What one end of a new connection sees of the other.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hello {
    /// Which end decides.
    pub side: Side,
    /// The certificate that the other end shows.
    pub certificate: Certificate,
    /// The name that was dialled, for the asker; the subject of the certificate, for the answerer.
    pub name: NameId,
    /// An OCSP answer that the server stapled.
    pub staple: Option<OcspAnswer>,
}

/// The two ends of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// It opened the connection.
    Asker,
    /// It was sought.
    Answerer,
}

/// A certificate, as the one who must trust it sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// Serial number.
    pub serial: Serial,
    /// The hostname it is for.
    pub subject: NameId,
    /// End of its validity.
    pub not_after: WallTime,
    /// Whether its chain ends at PKIoverheid.
    pub trusted_chain: bool,
}

/// What can come back.
#[derive(Clone, PartialEq, Debug)]
pub enum Response {
    /// A page for the person.
    Page {
        /// The page.
        page: Page,
        /// A cookie for this browser.
        set_cookie: Option<Cookie>,
    },
    /// Go there, with this request.
    Redirect {
        /// Where.
        to: NameId,
        /// The request that the browser makes there.
        request: Browse,
        /// A cookie for this browser.
        set_cookie: Option<Cookie>,
    },
    /// Step 13: the access token (RFC 6749 §5.1).
    Token(TokenGrant),
    /// The token endpoint's refusal (RFC 6749 §5.2).
    TokenError(OAuthError),
    /// Step 15: a FHIR answer.
    Fhir(FhirAnswer),
    /// A FHIR OperationOutcome: exceptions 7 and 8.
    OperationOutcome(Issue),
    /// Step 7: what DigiD vouches for, or why it does not.
    ArtifactResponse(Assertion),
    /// A list.
    List(Arc<ListVersion>),
    /// RFC 6960.
    Ocsp(OcspAnswer),
    /// Step 8, behind the ZA GW.
    Availability(Availability),
    /// Step 15, behind the ZA GW.
    Dossier(Content),
    /// The verdict on a Hello.
    Admit,
    /// The verdict on a Hello.
    Deny,
    /// An operator's request was carried out.
    Done,
    /// An operator's request was refused.
    NotDone,
    /// HTTP 503: no capacity to answer.
    Unavailable,
    /// HTTP 400: a request that this host does not serve.
    BadRequest,
}

/// A page that a person sees.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Page {
    /// Step 1: the PGO offers what the ZAL has.
    Offer {
        /// To be given back with the choice.
        csrf: Opaque,
    },
    /// The PGO's lists do not have what was chosen.
    NotOffered,
    /// Step 5: DigiD asks for credentials.
    Login {
        /// To be given back with the credentials.
        csrf: Opaque,
        /// Whether an earlier try on this page was wrong.
        again: bool,
    },
    /// DigiD does not know the service provider, or its signature is wrong.
    DigidRefuses,
    /// Step 9: the consent question, in the prescribed words.
    ConsentQuestion {
        /// To be given back with the answer.
        csrf: Opaque,
        /// At whom.
        zorgaanbieder: ZorgaanbiederId,
        /// What.
        dienst: Gegevensdienst,
        /// For which PGO: its hostname on the OAuth client list, which has its friendly name.
        client: NameId,
    },
    /// Exception 1: the ZA GW tells the person that the PGO's request is invalid, and why.
    RequestInvalid(InvalidCause),
    /// The host has no session with this browser (any more).
    NoSession,
    /// Step 16: the PGO has stored what it collected.
    Collected {
        /// How many answers were stored.
        answers: u16,
    },
    /// The PGO tells the person an exception (2 to 8).
    Told(Exception),
    /// The PGO tells the person that a party it needs does not answer.
    Unreachable,
    /// The PGO stopped, as the person had it do (exception 1).
    Stopped,
    /// The Dossier: what came over MedMij and has not changed since (PI 3).
    Dossier {
        /// How many items.
        items: u32,
    },
}

/// Why an authorization request is invalid (exception 1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InvalidCause {
    /// The client is not on the OAuth client list.
    UnknownClient,
    /// The redirect URI is not full, not HTTPS, or not at the client's host.
    RedirectUri,
    /// Not `response_type=code`.
    ResponseType,
    /// No `state`.
    NoState,
    /// The scope is not one Gegevensdienst, or this gateway does not serve it.
    Scope,
    /// The gateway does not speak that release.
    Release,
}

/// The exceptions that the PGO tells the person (UCI Verzamelen 2 to 8).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exception {
    /// 2: identity not established.
    Identity,
    /// 3: nothing for this service at this Zorgaanbieder.
    NoData,
    /// 4: consent refused.
    Refused,
    /// 3 or 4, not told apart (practice since release 1.1).
    NoDataOrRefused,
    /// 5: authorization not established.
    Authorization,
    /// 6: the code was not accepted.
    Code,
    /// 7: the access token was not accepted.
    Token,
    /// 8: the systems behind could not deliver.
    Delivery,
}

/// Error codes of RFC 6749 §4.1.2.1 and §5.2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OAuthError {
    /// `invalid_request`.
    InvalidRequest,
    /// `unauthorized_client`.
    UnauthorizedClient,
    /// `access_denied`.
    AccessDenied,
    /// `unsupported_response_type`.
    UnsupportedResponseType,
    /// `invalid_scope`.
    InvalidScope,
    /// `server_error`.
    ServerError,
    /// `temporarily_unavailable`.
    TemporarilyUnavailable,
    /// `invalid_client`.
    InvalidClient,
    /// `invalid_grant`.
    InvalidGrant,
    /// `unsupported_grant_type`.
    UnsupportedGrantType,
}

/// `error_description`, as UCI Verzamelen prescribes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Description {
    /// None.
    None,
    /// Exception 3.
    NoSuchResources,
    /// Exception 4.
    AuthorizationDenied,
    /// Exception 5.
    AuthorizationFailed,
}

/// An access token response (RFC 6749 §5.1).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TokenGrant {
    /// `access_token`.
    pub token: Opaque,
    /// `scope`.
    pub scope: Scope,
    /// `expires_in`, in seconds.
    pub expires_in: u32,
    /// `token_type`.
    pub token_type: TokenType,
    /// `refresh_token`; none in 1.x (APP 10).
    pub refresh_token: Option<Opaque>,
}

/// `token_type`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenType {
    /// `Bearer`: the only one allowed (APP 7).
    Bearer,
    /// Anything else.
    Other,
}

/// One FHIR answer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FhirAnswer {
    /// What it holds.
    pub content: Content,
    /// An element that would identify the person; unused or empty (APP 5).
    pub bsn: Option<Bsn>,
}

/// Health data, as far as a network needs to know them: how much, and a fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Content {
    /// Fingerprint of the data ([`crate::bsn::fingerprint`]): the same person, Zorgaanbieder, service and
    /// version give the same. It tells drivers whose data these are; no actor can read that from it.
    pub fingerprint: Fingerprint,
    /// Version of the source's record.
    pub version: u32,
    /// When the source made that version.
    pub created: WallTime,
    /// Size in bytes.
    pub bytes: u32,
    /// Documents that can be fetched one by one after this answer.
    pub documents: u16,
}

/// A digest of health data, packed to four bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(Rust, packed(4))]
pub struct Fingerprint(pub u64);

/// The issue of an OperationOutcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Issue {
    /// Exception 7: security/suppressed.
    Suppressed,
    /// Exception 8: processing/incomplete.
    Incomplete,
}

/// What DigiD says of an artifact.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Assertion {
    /// Success, or why not.
    pub status: SamlStatus,
    /// Whether the signatures are right.
    pub signed: bool,
    /// The level of assurance reached.
    pub level: Assurance,
    /// The person; nobody in particular without success.
    pub bsn: Bsn,
    /// The service provider it is for.
    pub audience: NameId,
    /// The request that it answers.
    pub in_response_to: Opaque,
    /// Not valid before.
    pub not_before: WallTime,
    /// Not valid from then on.
    pub not_on_or_after: WallTime,
}

/// SAML status codes that DigiD uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SamlStatus {
    /// Success.
    Success,
    /// Responder/AuthnFailed: cancelled or failed.
    AuthnFailed,
    /// Responder/NoAuthnContext: the level was not reached.
    NoAuthnContext,
    /// Requester/RequestDenied: artifact unknown, expired or used before.
    RequestDenied,
}

/// An OCSP answer (RFC 6960).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OcspAnswer {
    /// The certificate.
    pub serial: Serial,
    /// Its status.
    pub status: CertStatus,
    /// From when.
    pub this_update: WallTime,
    /// Until when.
    pub next_update: WallTime,
    /// Whether the responder's signature is right.
    pub signed: bool,
}

/// Certificate status of RFC 6960 §2.2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CertStatus {
    /// Good.
    Good,
    /// Revoked.
    Revoked,
    /// Unknown to this responder.
    Unknown,
}

/// Step 8's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Availability {
    /// There is something.
    Available,
    /// There is nothing.
    Nothing,
    /// The person is under the age limit: no data follow.
    UnderAge,
}

impl Message {
    /// Which row of the table it is.
    #[inline]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Request(request) => request.kind(),
            Self::Response(response) => response.kind(),
        }
    }

    /// Size on the wire, in bytes, as far as a link with a bandwidth cares: what varies is counted, the
    /// rest is [`Self::FRAME`].
    #[inline]
    pub fn bytes(&self) -> u64 {
        let body = match self {
            Self::Response(Response::Fhir(answer)) => answer.content.bytes.into(),
            Self::Response(Response::Dossier(content)) => content.bytes.into(),
            Self::Response(Response::List(list)) => list.bytes(),
            _ => 0,
        };
        Self::FRAME + body
    }

    /// HTTP head and a small body.
    pub const FRAME: u64 = 800;

    /// The values that tie messages of one flow together, for a driver that has to recognise whose a
    /// message is (semantics 5). Cookies are in the envelope.
    pub fn marks(&self) -> impl Iterator<Item = Opaque> + use<> {
        let marks: [Option<Opaque>; 2] = match self {
            Self::Request(request) => request.marks(),
            Self::Response(response) => match response {
                Response::Redirect { request, .. } => request.marks(),
                Response::Token(grant) => [Some(grant.token), None],
                Response::ArtifactResponse(assertion) => [Some(assertion.in_response_to), None],
                Response::Page {
                    page:
                        Page::Offer { csrf }
                        | Page::Login { csrf, .. }
                        | Page::ConsentQuestion { csrf, .. },
                    ..
                } => [Some(*csrf), None],
                _ => [None, None],
            },
        };
        marks.into_iter().flatten()
    }
}

impl Request {
    fn marks(&self) -> [Option<Opaque>; 2] {
        match self {
            Self::Browse(browse) => browse.marks(),
            Self::OfferCode(offer) => [Some(offer.code), None],
            Self::Fetch(fetch) => [Some(fetch.token), None],
            Self::ResolveArtifact { artifact, .. } => [Some(*artifact), None],
            _ => [None, None],
        }
    }
}

impl Browse {
    fn marks(&self) -> [Option<Opaque>; 2] {
        match self {
            Self::Open | Self::StopFlow | Self::ConsultDossier => [None, None],
            Self::Choose { csrf, .. }
            | Self::LogIn { csrf, .. }
            | Self::CancelLogin { csrf }
            | Self::AnswerConsent { csrf, .. } => [Some(*csrf), None],
            Self::Authorize(request) => [request.state, None],
            Self::Authenticate(request) => [Some(request.relay_state), Some(request.id)],
            Self::ReturnArtifact { artifact, relay_state } => [Some(*artifact), Some(*relay_state)],
            Self::Callback { code, state } => [Some(*code), Some(*state)],
            Self::CallbackError { state, .. } => [Some(*state), None],
        }
    }
}
