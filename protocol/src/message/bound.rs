//! By which steps and rules a message is bound: what stands beside it where a person reads a trace.
//!
//! A guide for readers. Enforces and checks nothing, so the house check does not count it as a guard; what a rule
//! asks stands in its row.

use super::{Browse, Exception, Message, Page, Request, Response};
use crate::{register::ListKind, rule, rule::Rule};

/// Steps of UCI Verzamelen, and rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bound {
    /// The steps that the message belongs to, in order.
    pub steps: &'static [u8],
    /// The rules that bear on it most, the step's first.
    pub rules: &'static [Rule],
}

const fn bound(steps: &'static [u8], rules: &'static [Rule]) -> Bound {
    Bound { steps, rules }
}

const NOTHING: Bound = bound(&[], &[]);

impl Message {
    /// By which steps and rules it is bound.
    pub fn bound(&self) -> Bound {
        match self {
            Self::Request(request) => of_request(request),
            Self::Response(response) => of_response(response),
        }
    }
}

fn of_request(request: &Request) -> Bound {
    match request {
        Request::Browse(browse) => of_browse(browse),
        Request::OfferCode(_) => {
            bound(&[12], &[rule::STEP_OFFER_CODE, rule::GRANT_TYPE, rule::CODE_OFFERED_ONCE])
        }
        Request::Fetch(_) => {
            bound(&[14], &[rule::STEP_REQUEST, rule::BEARER, rule::NO_IDENTITY_BETWEEN])
        }
        Request::ResolveArtifact { .. } => bound(&[7], &[rule::STEP_BSN, rule::ARTIFACT_ONCE]),
        Request::GetList(kind) => match kind {
            ListKind::Zal => bound(&[], &[rule::UCI_ZAL]),
            ListKind::Whitelist => bound(&[], &[rule::UCI_WHITELIST, rule::WHITELIST_PULLED]),
            ListKind::OauthClients | ListKind::Gegevensdiensten => NOTHING,
        },
        Request::OcspQuery(_) => bound(&[], &[rule::OCSP_AT_HANDSHAKE]),
        Request::CheckAvailability(_) => bound(&[8], &[rule::STEP_AVAILABILITY]),
        Request::FetchDossier { .. } => bound(&[15], &[rule::STEP_ANSWER]),
        Request::Hello(_) => bound(
            &[],
            &[rule::PKIO_CERTIFICATE, rule::OCSP_AT_HANDSHAKE, rule::WHITELIST_AT_HANDSHAKE],
        ),
        Request::ChangeRegister(_) => bound(&[], &[rule::PROCESS_REGISTRATION]),
        Request::FetchListNow(_) => bound(&[], &[rule::WHITELIST_ON_DEMAND]),
        Request::Publish(..) | Request::Revoke(_) => NOTHING,
    }
}

fn of_browse(browse: &Browse) -> Bound {
    match browse {
        Browse::Open => bound(&[1], &[rule::STEP_OFFER]),
        Browse::Choose { .. } => bound(&[2], &[rule::STEP_CHOOSE]),
        Browse::Authorize(_) => {
            bound(&[2, 3], &[rule::STEP_CHOOSE, rule::STEP_SESSION, rule::REDIRECT_OFFERED_HTTPS])
        }
        Browse::Authenticate(_) => bound(&[4], &[rule::STEP_TO_DIGID, rule::DIGID_FIRST]),
        Browse::LogIn { .. } | Browse::CancelLogin { .. } => {
            bound(&[5], &[rule::STEP_CREDENTIALS, rule::NO_EMBEDDED_BROWSER])
        }
        Browse::ReturnArtifact { .. } => {
            bound(&[6], &[rule::STEP_ARTIFACT, rule::SESSION_OF_BROWSER])
        }
        Browse::AnswerConsent { .. } => bound(&[9], &[rule::STEP_CONSENT, rule::OWNER_PRESENT]),
        Browse::Callback { .. } => bound(
            &[10, 11],
            &[rule::STEP_CODE, rule::CODE_VALIDITY, rule::STEP_PGO_LOGS, rule::STATE_BOUND],
        ),
        Browse::CallbackError { .. } => bound(
            &[],
            &[
                rule::EXCEPTION_IDENTITY,
                rule::EXCEPTION_NO_DATA,
                rule::EXCEPTION_REFUSED,
                rule::EXCEPTION_AUTHORIZATION,
            ],
        ),
        Browse::StopFlow => bound(&[], &[rule::UC_REQUEST_INVALID]),
        Browse::ConsultDossier => bound(&[], &[rule::OFFERS_DOSSIER]),
    }
}

fn of_response(response: &Response) -> Bound {
    match response {
        Response::Page { page, .. } => of_page(page),
        Response::Redirect { request, .. } => of_browse(request),
        Response::Token(_) => bound(
            &[13],
            &[rule::STEP_TOKEN, rule::CODE_ONCE, rule::CODE_OWN_CLIENT, rule::TOKEN_VALIDITY],
        ),
        Response::TokenError(_) => bound(&[13], &[rule::EXCEPTION_CODE]),
        Response::Fhir(_) => bound(&[15], &[rule::STEP_ANSWER, rule::SINGLE_SCOPE]),
        Response::OperationOutcome(super::Issue::Suppressed) => {
            bound(&[15], &[rule::EXCEPTION_TOKEN])
        }
        Response::OperationOutcome(super::Issue::Incomplete) => {
            bound(&[15], &[rule::EXCEPTION_DELIVERY])
        }
        Response::ArtifactResponse(_) => bound(&[7], &[rule::STEP_BSN, rule::IDENTITY_FIRST]),
        Response::List(list) => match list.kind {
            ListKind::Zal => bound(&[], &[rule::ZAL_VALIDATED]),
            ListKind::Whitelist => bound(&[], &[rule::WHITELIST_VALIDATED]),
            ListKind::OauthClients | ListKind::Gegevensdiensten => NOTHING,
        },
        Response::Ocsp(_) => bound(&[], &[rule::OCSP_AT_HANDSHAKE, rule::OCSP_FRESH]),
        Response::Availability(_) => bound(&[8], &[rule::STEP_AVAILABILITY]),
        Response::Dossier(_) => bound(&[15], &[rule::STEP_ANSWER]),
        Response::Admit | Response::Deny => {
            bound(&[], &[rule::OCSP_AT_HANDSHAKE, rule::WHITELIST_AT_HANDSHAKE])
        }
        Response::Done | Response::NotDone | Response::Unavailable | Response::BadRequest => {
            NOTHING
        }
    }
}

fn of_page(page: &Page) -> Bound {
    match page {
        Page::Offer { .. } => bound(&[1], &[rule::STEP_OFFER, rule::ZAL_BY_UCI]),
        Page::NotOffered => bound(&[2], &[rule::ZAL_BY_UCI]),
        Page::Login { .. } => bound(&[5], &[rule::STEP_CREDENTIALS]),
        Page::DigidRefuses => bound(&[4], &[rule::SERVICE_PROVIDER_KNOWN]),
        Page::ConsentQuestion { .. } => {
            bound(&[9], &[rule::STEP_CONSENT, rule::IDENTITY_FIRST, rule::SCOPE_SHOWN])
        }
        Page::RequestInvalid(_) => {
            bound(&[3], &[rule::EXCEPTION_REQUEST, rule::UC_REQUEST_INVALID])
        }
        Page::Collected { .. } => bound(&[16], &[rule::STEP_STORE]),
        Page::Told(exception) => bound(&[], told(*exception)),
        Page::Stopped => bound(&[], &[rule::UC_REQUEST_INVALID]),
        Page::Dossier { .. } => bound(&[], &[rule::OFFERS_DOSSIER, rule::PROVENANCE_VISIBLE]),
        Page::NoSession | Page::Unreachable => NOTHING,
    }
}

fn told(exception: Exception) -> &'static [Rule] {
    match exception {
        Exception::Identity => &[rule::UC_IDENTITY],
        Exception::NoData => &[rule::UC_NO_DATA],
        Exception::Refused => &[rule::UC_REFUSED],
        Exception::NoDataOrRefused => &[rule::UC_NO_DATA, rule::UC_REFUSED],
        Exception::Authorization => &[rule::UC_NO_ANSWER],
        Exception::Code | Exception::Token | Exception::Delivery => &[rule::UC_NOT_SUPPLIED],
    }
}
