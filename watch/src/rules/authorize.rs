//! The authorization endpoint: a request arrives, and the person is sent to DigiD or told that it is invalid
//! (steps 3 and 4, exception 1).
//!
//! What is invalid is found from the request and the lists; what the ZA GW gives as its reason is only
//! compared with that. Login and consent are in `consent.rs`.

use protocol::{
    id::{ExchangeId, HostId, NameId},
    message::{
        AuthnRequest, Authorize, Browse, InvalidCause, OAuthError, Page, Peer, Response,
        ResponseType,
    },
    release::Release,
    role::Role,
    rule,
};

use super::{
    Checkers,
    exchanges::Answer,
    flows::{Flow, Handle, tag},
    verdict::Why,
};

// What was found of an authorization request when it arrived.
/// The redirect URI is not one that may be redirected to.
const REDIRECT_INVALID: u16 = 1;
/// The redirect URI is not at the client's host.
const REDIRECT_ELSEWHERE: u16 = 1 << 1;
const NO_STATE: u16 = 1 << 2;
const OTHER_RESPONSE_TYPE: u16 = 1 << 3;
const NOT_ONE_SERVICE: u16 = 1 << 4;
/// The newest ZAL that was served lists what is asked at this gateway.
const SERVICE_LISTED: u16 = 1 << 5;
const OTHER_RELEASE: u16 = 1 << 6;
/// The browser has a session here already.
const HAS_SESSION: u16 = 1 << 7;

/// What makes a request invalid whatever lists are in use.
const INVALID: u16 =
    REDIRECT_INVALID | REDIRECT_ELSEWHERE | NO_STATE | OTHER_RESPONSE_TYPE | NOT_ONE_SERVICE;

impl Checkers {
    pub(super) fn authorization_request_arrives(
        &mut self,
        za: HostId,
        exchange: ExchangeId,
        flow: Handle,
        from: Peer,
        release: Release,
        request: &Authorize,
    ) {
        let Authorize { client, redirect, scope, state, response_type } = *request;
        let flags = redirect.flags();
        let listed = self.registry.zal().is_some_and(|zal| {
            scope
                .only()
                .and_then(|dienst| zal.find(scope.zorgaanbieder, dienst))
                .is_some_and(|found| self.cast.leads_to(found.authorization.host) == Some(za))
        });
        if let Some(flow) = self.flows.get(flow) {
            flow.zorgaanbieder = scope.zorgaanbieder;
            flow.dienst = scope.only().unwrap_or(flow.dienst);
            flow.client = client;
            flow.begin_session(self.now);
            flow.asked_state = state.map_or(0, tag);
            flow.forget(Flow::STATE | Flow::REDIRECT_BAD | Flow::REDIRECT_AT_CLIENT);
            flow.forget(Flow::QUESTION_OPEN);
            flow.saw(Flow::STATE, state.is_some());
            flow.saw(Flow::REDIRECT_BAD, !(flags.https && flags.full));
            flow.saw(Flow::REDIRECT_AT_CLIENT, redirect.host == client);
        }
        let Some(open) = self.exchanges.get_mut(exchange) else { return };
        open.detail = client.0;
        open.mark(REDIRECT_INVALID, !redirect.may_be_redirected_to());
        open.mark(REDIRECT_ELSEWHERE, redirect.host != client);
        open.mark(NO_STATE, state.is_none());
        open.mark(OTHER_RESPONSE_TYPE, response_type != ResponseType::Code);
        open.mark(NOT_ONE_SERVICE, scope.len() != 1);
        open.mark(SERVICE_LISTED, listed);
        open.mark(OTHER_RELEASE, !self.cast.releases(za).has(release));
        open.mark(HAS_SESSION, matches!(from, Peer::Browser(Some(_))));
    }

    /// What the ZA GW answers to an authorization request.
    pub(super) fn answers_authorization(&mut self, answer: &Answer<'_>) {
        let Answer { from: za, ref open, response, .. } = *answer;
        match response {
            Response::Redirect { to, request: Browse::Authenticate(request), set_cookie } => {
                self.sends_to_digid(answer, *to, request, set_cookie.is_some());
            }
            Response::Page { page: Page::RequestInvalid(cause), .. } => {
                self.calls_invalid(answer, *cause);
            }
            Response::Redirect { request: Browse::CallbackError { error, .. }, .. } => {
                // Lack of capacity may be told in this way, of a request that is valid.
                let own_trouble =
                    matches!(error, OAuthError::ServerError | OAuthError::TemporarilyUnavailable);
                if open.has(INVALID) {
                    self.docket.judge(rule::EXCEPTION_REQUEST, za, false, Why::InvalidRedirected);
                } else if !own_trouble {
                    self.docket.judge(rule::DIGID_FIRST, za, false, Why::NotSentToDigid);
                }
            }
            Response::Page { page: Page::ConsentQuestion { .. }, .. }
            | Response::Redirect { request: Browse::Callback { .. }, .. } => {
                for rule in [rule::DIGID_FIRST, rule::STEP_TO_DIGID] {
                    self.docket.judge(rule, za, false, Why::NotSentToDigid);
                }
            }
            _ => {}
        }
    }

    fn sends_to_digid(
        &mut self,
        answer: &Answer<'_>,
        to: NameId,
        request: &AuthnRequest,
        opened: bool,
    ) {
        let Answer { from: za, ref open, asked, .. } = *answer;
        let (_, client_known) = self.lists.knows_client(za, NameId(open.detail), asked);
        let docket = &mut self.docket;
        docket.judge(rule::CLIENT_KNOWN, za, client_known, Why::UnknownClientServed);
        let at_client = !open.has(REDIRECT_ELSEWHERE);
        docket.judge(rule::REDIRECT_OF_CLIENT, za, at_client, Why::RedirectOfOther);
        let one_service = !open.has(NOT_ONE_SERVICE);
        docket.judge(rule::SINGLE_SCOPE, za, one_service, Why::ScopeNotSingle);
        let for_code = !open.has(OTHER_RESPONSE_TYPE);
        docket.judge(rule::GRANT_TYPE, za, for_code, Why::OtherGrantType);
        if !client_known || open.has(INVALID) {
            docket.judge(rule::UC_REQUEST_INVALID, za, false, Why::InvalidServed);
        } else if open.has(SERVICE_LISTED) {
            docket.judge(rule::LISTED_IS_SERVED, za, true, Why::ListedNotServed);
        }
        let to_digid =
            self.cast.leads_to(to).is_none_or(|host| self.cast.role(host) == Role::Digid);
        docket.judge(rule::DIGID_FIRST, za, to_digid, Why::NotSentToDigid);
        docket.judge(rule::COLLECTS_BY_UCI, za, to_digid, Why::NotSentToDigid);
        let way_back = self.cast.leads_to(request.issuer) == Some(za);
        docket.judge(rule::STEP_TO_DIGID, za, to_digid && way_back, Why::NoWayBack);
        let session = opened || open.has(HAS_SESSION);
        docket.judge(rule::STEP_SESSION, za, session, Why::NoSession);
    }

    /// Exception 1: the person is told that the request is invalid, and why.
    fn calls_invalid(&mut self, answer: &Answer<'_>, cause: InvalidCause) {
        let Answer { from: za, ref open, asked, .. } = *answer;
        let (client_listed, _) = self.lists.knows_client(za, NameId(open.detail), asked);
        let valid = client_listed && open.has(SERVICE_LISTED) && !open.has(INVALID | OTHER_RELEASE);
        if valid {
            return self.docket.judge(rule::LISTED_IS_SERVED, za, false, Why::ListedNotServed);
        }
        let so = match cause {
            InvalidCause::UnknownClient => !client_listed,
            InvalidCause::RedirectUri => open.has(REDIRECT_INVALID | REDIRECT_ELSEWHERE),
            InvalidCause::ResponseType => open.has(OTHER_RESPONSE_TYPE),
            InvalidCause::NoState => open.has(NO_STATE),
            InvalidCause::Scope => open.has(NOT_ONE_SERVICE) || !open.has(SERVICE_LISTED),
            InvalidCause::Release => open.has(OTHER_RELEASE),
        };
        self.docket.judge(rule::EXCEPTION_REQUEST, za, true, Why::InvalidRedirected);
        self.docket.judge(rule::UC_REQUEST_INVALID, za, so, Why::OtherCauseTold);
    }
}
