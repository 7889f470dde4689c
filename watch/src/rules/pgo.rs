//! The PGO GW: what it offers, where it sends people, what it asks on the back channel, and what it tells
//! the person (steps 1, 2, 11, 12, 14 and 16; the second half of every exception).
//!
//! Does not judge codes and tokens themselves (`grants.rs`, `resource.rs`) or how lists come (`lists.rs`).

use protocol::{
    catalogue::{Gegevensdienst, Scope},
    id::{ExchangeId, HostId, NameId, ZorgaanbiederId},
    message::{
        Authorize, Browse, Description, Exception, Fetch, GrantType, Issue, Kind, OAuthError,
        OfferCode, Page, Response, ResponseType,
    },
    register::{Addresses, ListKind, ListVersion},
    role::Role,
    rule,
    uri::Uri,
};

use super::{
    Checkers,
    exchanges::Answer,
    flows::{Flow, Handle, tag},
    verdict::Why,
};

/// The `state` that came back is one that was given to this browser.
const STATE_OURS: u16 = 1;

/// What the PGO GW must tell the person after an error came back, as [`Exchange::small`] keeps it.
const MUST_TELL: [Exception; 5] = [
    Exception::Identity,
    Exception::NoData,
    Exception::Refused,
    Exception::Authorization,
    Exception::NoDataOrRefused,
];

fn must_tell(error: OAuthError, description: Description) -> Option<Exception> {
    match (error, description) {
        (OAuthError::UnauthorizedClient, _) => Some(Exception::Identity),
        (OAuthError::AccessDenied, Description::NoSuchResources) => Some(Exception::NoData),
        (OAuthError::AccessDenied, Description::AuthorizationDenied) => Some(Exception::Refused),
        (OAuthError::AccessDenied, Description::AuthorizationFailed) => {
            Some(Exception::Authorization)
        }
        (OAuthError::AccessDenied, Description::None) => Some(Exception::NoDataOrRefused),
        _ => None,
    }
}

/// What came back to the PGO GW while the person waits.
impl Checkers {
    /// The person chose.
    pub(super) fn choice_arrives(
        &mut self,
        exchange: ExchangeId,
        zorgaanbieder: ZorgaanbiederId,
        dienst: Gegevensdienst,
    ) {
        if let Some(open) = self.exchanges.get_mut(exchange) {
            open.detail = zorgaanbieder.0;
            open.small = dienst.0;
        }
    }

    /// The browser brings a code or an error back.
    pub(super) fn callback_arrives(&mut self, exchange: ExchangeId, flow: Handle, browse: &Browse) {
        let Some(flow) = self.flows.get(flow) else { return };
        let (state, told) = match *browse {
            Browse::Callback { code, state } => {
                let ours = flow.states.may_be(state);
                if !flow.has(Flow::CODE) || flow.code != tag(code) {
                    // Another collection begins.
                    flow.forget(Flow::TOLD_CODE | Flow::TOLD_TOKEN | Flow::TOLD_DELIVERY);
                    flow.forget(Flow::LOST | Flow::CODE_LOGGED | Flow::FORGED | Flow::TOKEN);
                    (flow.calls, flow.unstored) = (0, 0);
                }
                flow.code = tag(code);
                flow.saw(Flow::CODE, true);
                flow.saw(Flow::FORGED, !ours);
                (state, None)
            }
            Browse::CallbackError { error, description, state } => {
                (state, must_tell(error, description))
            }
            _ => return,
        };
        let ours = flow.states.may_be(state);
        if let Some(open) = self.exchanges.get_mut(exchange) {
            open.mark(STATE_OURS, ours);
            let place = told.and_then(|told| MUST_TELL.iter().position(|known| *known == told));
            open.small = place.unwrap_or(usize::from(u8::MAX)) as u8;
        }
    }

    /// An answer on the back channel reached the PGO GW.
    pub(super) fn back_answer_arrives(
        &mut self,
        flow: Handle,
        response: &Response,
        notes_are_its_own: bool,
    ) {
        let Some(flow) = self.flows.get(flow) else { return };
        match response {
            Response::Token(grant) => {
                flow.tokens.give(grant.token);
                flow.saw(Flow::TOKEN, true);
                flow.forget(Flow::TOLD_CODE);
            }
            // Who has a token already is not held up by what becomes of another offer.
            Response::TokenError(OAuthError::InvalidGrant) => {
                flow.saw(Flow::TOLD_CODE, !flow.has(Flow::TOKEN));
            }
            Response::Fhir(_) => {
                flow.unstored = flow.unstored.saturating_add(notes_are_its_own.into());
            }
            Response::OperationOutcome(Issue::Suppressed) => flow.saw(Flow::TOLD_TOKEN, true),
            Response::OperationOutcome(Issue::Incomplete) => flow.saw(Flow::TOLD_DELIVERY, true),
            _ => flow.saw(Flow::LOST, true),
        }
    }

    /// An answer on the back channel will never reach it.
    pub(super) fn back_answer_lost(&mut self, flow: Handle) {
        if let Some(flow) = self.flows.get(flow) {
            flow.saw(Flow::LOST, true);
        }
    }
}

/// What it asks.
impl Checkers {
    /// It offers a code at a token endpoint (step 12). What a host does for one flow may be told as of
    /// another, as when one timer serves several; then it is not known whose its notes were.
    pub(super) fn offers_code(
        &mut self,
        asker: HostId,
        to: NameId,
        parent: Option<ExchangeId>,
        flow: Handle,
        offer: &OfferCode,
        notes_are_its_own: bool,
    ) {
        let docket = &mut self.docket;
        if asker.is_visitor() {
            return docket.judge(rule::STEP_OFFER_CODE, asker, false, Why::ThroughBrowser);
        }
        if self.cast.role(asker) != Role::Pgo {
            return;
        }
        let granted = offer.grant_type == GrantType::AuthorizationCode;
        docket.judge(rule::GRANT_TYPE, asker, granted, Why::OtherGrantType);
        let Some(flow) = self.flows.get(flow) else { return };
        let callback = parent.and_then(|parent| self.exchanges.get(parent));
        let bound = match callback.filter(|parent| parent.kind == Kind::Callback) {
            Some(callback) => callback.has(STATE_OURS),
            None => !flow.has(Flow::FORGED),
        };
        docket.judge(rule::STATE_BOUND, asker, bound, Why::StateNotGiven);
        if notes_are_its_own && !self.cast.is_stranger(asker) {
            let logged = flow.has(Flow::CODE_LOGGED);
            docket.judge(rule::STEP_PGO_LOGS, asker, logged, Why::NotLogged);
        }
        let came = flow.has(Flow::CODE) && flow.code == tag(offer.code);
        let (zorgaanbieder, dienst) = (flow.zorgaanbieder, flow.dienst);
        let endpoint =
            self.endpoint(asker, zorgaanbieder, dienst, to, |addresses| Some(addresses.token));
        let why = if came { Why::OtherEndpoint } else { Why::CodeOfNobody };
        self.docket.judge(rule::STEP_OFFER_CODE, asker, came && endpoint.is_some(), why);
        let tls = endpoint.unwrap_or(true);
        self.docket.judge(rule::TLS_EVERYWHERE, asker, tls, Why::WithoutTls);
    }

    /// It asks for data at a resource endpoint (step 14).
    pub(super) fn fetches(&mut self, asker: HostId, to: NameId, flow: Handle, fetch: &Fetch) {
        if self.cast.role(asker) != Role::Pgo {
            return;
        }
        let docket = &mut self.docket;
        let anonymous = fetch.bsn.is_none();
        docket.judge(rule::NO_IDENTITY_BETWEEN, asker, anonymous, Why::BsnInRequest);
        let known = fetch.dienst.service().is_some();
        docket.judge(rule::SERVICE_IN_CATALOGUE, asker, known, Why::NotInCatalogue);
        let call = fetch.dienst.calls().get(usize::from(fetch.call));
        let prescribed = call.is_some_and(|call| call.per_document || fetch.document == 0);
        docket.judge(rule::CATALOGUE_STANDARDS, asker, prescribed, Why::OtherQuery);
        let Some(flow) = self.flows.get(flow) else { return };
        flow.calls |= 1u32.checked_shl(fetch.call.into()).unwrap_or(0);
        let own_token = flow.has(Flow::TOKEN) && flow.tokens.may_be(fetch.token);
        let endpoint = self.endpoint(asker, fetch.zorgaanbieder, fetch.dienst, to, |addresses| {
            addresses.resource(fetch.call)
        });
        let why = match (own_token, anonymous) {
            (false, _) => Why::TokenOfNobody,
            (true, false) => Why::BsnInRequest,
            (true, true) => Why::OtherEndpoint,
        };
        let kept = own_token && anonymous && endpoint.is_some();
        self.docket.judge(rule::STEP_REQUEST, asker, kept, why);
        let tls = endpoint.unwrap_or(true);
        self.docket.judge(rule::TLS_EVERYWHERE, asker, tls, Why::WithoutTls);
    }

    /// Whether a ZAL that the PGO GW had lately has its endpoint at that name; and if so, whether that is
    /// reached by TLS. A collection may go on with the addresses with which it began.
    fn endpoint(
        &self,
        pgo: HostId,
        zorgaanbieder: ZorgaanbiederId,
        dienst: Gegevensdienst,
        to: NameId,
        of: impl Fn(&Addresses) -> Option<Uri>,
    ) -> Option<bool> {
        // Whether a list may be used at all is judged where the collection begins.
        let (valid, invalid) =
            (self.lists.lately(pgo, ListKind::Zal), self.lists.invalid(pgo, ListKind::Zal));
        valid
            .chain(invalid)
            .filter_map(|list| of(list.zal()?.find(zorgaanbieder, dienst)?))
            .find(|uri| uri.host == to)
            .map(|uri| uri.flags().https)
    }
}

/// What it answers to the browser.
impl Checkers {
    pub(super) fn pgo_answers(&mut self, answer: &Answer<'_>) {
        let Answer { from: pgo, ref open, response, .. } = *answer;
        match (open.kind, response) {
            (_, Response::Unavailable) => {}
            (Kind::Open, _) => {
                let offers = matches!(response, Response::Page { page: Page::Offer { .. }, .. });
                self.docket.judge(rule::OFFERS_COLLECTING, pgo, offers, Why::NoOffer);
            }
            (Kind::Choose, Response::Redirect { to, request: Browse::Authorize(request), .. }) => {
                self.sends_to_za(answer, *to, request);
            }
            (Kind::Choose, Response::Page { page: Page::NotOffered, .. }) => {
                self.offers_not(answer);
            }
            (Kind::Callback, Response::Page { page, .. }) => self.tells_result(answer, *page),
            (Kind::CallbackError, Response::Page { page, .. }) => {
                self.tells_exception(answer, *page);
            }
            (Kind::StopFlow, Response::Page { page, .. }) => {
                // The session may be gone by then, which stops the flow as well.
                let stops = matches!(page, Page::Stopped | Page::NoSession);
                self.docket.judge(rule::UC_REQUEST_INVALID, pgo, stops, Why::NotStopped);
            }
            _ => {}
        }
    }

    /// Step 2: the browser goes to an authorization endpoint.
    fn sends_to_za(&mut self, answer: &Answer<'_>, to: NameId, request: &Authorize) {
        let Answer { from: pgo, ref open, flow, asked, .. } = *answer;
        let choice = (ZorgaanbiederId(open.detail), Gegevensdienst(open.small));
        let endpoint = |list: &ListVersion| {
            list.zal()?.find(choice.0, choice.1).map(|addresses| addresses.authorization)
        };
        let leads_there = |uri: &Uri| uri.host == to;
        let mut listed =
            self.lists.possible(pgo, ListKind::Zal, asked).filter_map(endpoint).peekable();
        let offered = listed.peek().is_some();
        let found = listed.find(leads_there);
        let mut invalid = self.lists.invalid(pgo, ListKind::Zal).peekable();
        let has_invalid = invalid.peek().is_some();
        let misled = found.is_none() && invalid.filter_map(endpoint).any(|uri| leads_there(&uri));

        let docket = &mut self.docket;
        if has_invalid {
            docket.judge(rule::ZAL_VALIDATED, pgo, !misled, Why::InvalidListUsed);
        }
        if !misled {
            docket.judge(rule::ZAL_BY_UCI, pgo, found.is_some(), Why::OtherEndpoint);
            docket.judge(rule::STEP_OFFER, pgo, offered, Why::NotOnZal);
        }
        if let Some(uri) = found {
            docket.judge(rule::TLS_EVERYWHERE, pgo, uri.flags().https, Why::WithoutTls);
        }
        let own_name = self.cast.leads_to(request.client) == Some(pgo);
        let as_chosen = request.scope == Scope::single(choice.0, choice.1);
        let (kept, why) = match (found.is_some() || misled, request.state, as_chosen && own_name) {
            (false, ..) => (false, Why::OtherEndpoint),
            (true, None, _) => (false, Why::NoState),
            (true, Some(_), fits) => (fits, Why::OtherRequest),
        };
        docket.judge(rule::STEP_CHOOSE, pgo, kept, why);
        let known = !request.scope.is_empty() && choice.1.service().is_some();
        docket.judge(rule::SERVICE_IN_CATALOGUE, pgo, known, Why::NotInCatalogue);
        let flags = request.redirect.flags();
        let safe = flags.https && flags.full;
        docket.judge(rule::REDIRECT_OFFERED_HTTPS, pgo, safe, Why::RedirectNotHttps);
        docket.judge(rule::STATE_REQUIRED, pgo, request.state.is_some(), Why::NoState);
        let asks_code = request.response_type == ResponseType::Code;
        docket.judge(rule::RESPONSE_TYPE_CODE, pgo, asks_code, Why::OtherResponseType);
        if let (Some(flow), Some(state)) = (self.flows.get(flow), request.state) {
            flow.states.give(state);
        }
    }

    /// Step 1: it says that it has no such offer.
    fn offers_not(&mut self, answer: &Answer<'_>) {
        let Answer { from: pgo, ref open, asked, .. } = *answer;
        let choice = (ZorgaanbiederId(open.detail), Gegevensdienst(open.small));
        let has = |list: &ListVersion| {
            list.zal().is_some_and(|zal| zal.find(choice.0, choice.1).is_some())
        };
        let mut possible = self.lists.possible(pgo, ListKind::Zal, asked).peekable();
        let holds_one = self.lists.surely_holds(pgo, ListKind::Zal, asked);
        let listed = holds_one && possible.peek().is_some() && possible.all(has);
        let mut invalid = self.lists.invalid(pgo, ListKind::Zal).peekable();
        if invalid.peek().is_some() {
            let misled = listed && invalid.any(|list| !has(list));
            self.docket.judge(rule::ZAL_VALIDATED, pgo, !misled, Why::InvalidListUsed);
            if misled {
                return;
            }
        }
        self.docket.judge(rule::STEP_OFFER, pgo, !listed, Why::ListedNotOffered);
    }

    /// What became of the collection.
    fn tells_result(&mut self, answer: &Answer<'_>, page: Page) {
        let Answer { from: pgo, ref open, flow, .. } = *answer;
        if !open.has(STATE_OURS) {
            return;
        }
        let Some(flow) = self.flows.get(flow) else { return };
        let docket = &mut self.docket;
        let told = flow.has(Flow::TOLD_CODE | Flow::TOLD_TOKEN | Flow::TOLD_DELIVERY);
        match page {
            Page::Collected { .. } if told => {
                docket.judge(rule::UC_NOT_SUPPLIED, pgo, false, Why::NotToldPerson);
            }
            Page::Collected { .. } => {
                let due = (flow.dienst.calls().iter().enumerate())
                    .filter(|(_, call)| !call.per_document)
                    .fold(0, |due, (place, _)| due | 1u32 << place);
                let all = flow.calls & due == due;
                docket.judge(rule::CATALOGUE_STANDARDS, pgo, all, Why::QueryMissing);
                if !self.cast.is_stranger(pgo) {
                    let stored = flow.unstored == 0;
                    docket.judge(rule::STEP_STORE, pgo, stored, Why::NotStored);
                }
            }
            Page::Told(exception) if told => {
                let kept = match exception {
                    Exception::Code => flow.has(Flow::TOLD_CODE),
                    Exception::Token => flow.has(Flow::TOLD_TOKEN),
                    Exception::Delivery => flow.has(Flow::TOLD_DELIVERY),
                    _ => false,
                };
                docket.judge(rule::UC_NOT_SUPPLIED, pgo, kept, Why::ToldPersonOther);
            }
            Page::Unreachable if told => {
                let kept = flow.has(Flow::LOST);
                docket.judge(rule::UC_NOT_SUPPLIED, pgo, kept, Why::ToldPersonOther);
            }
            _ => {}
        }
    }

    /// The ZA GW told it an exception; now it tells the person.
    fn tells_exception(&mut self, answer: &Answer<'_>, page: Page) {
        let Answer { from: pgo, ref open, flow, .. } = *answer;
        let Some(must_tell) = MUST_TELL.get(usize::from(open.small)).copied() else { return };
        // Its session may be gone or stopped, and then it cannot know whose exception it is.
        if !open.has(STATE_OURS) || matches!(page, Page::NoSession | Page::Stopped) {
            return;
        }
        let refused = self.flows.get(flow).is_some_and(|flow| flow.has(Flow::REFUSED));
        let rule = match must_tell {
            Exception::Identity => rule::UC_IDENTITY,
            Exception::NoData => rule::UC_NO_DATA,
            Exception::Refused => rule::UC_REFUSED,
            Exception::NoDataOrRefused if refused => rule::UC_REFUSED,
            Exception::NoDataOrRefused => rule::UC_NO_DATA,
            _ => rule::UC_NO_ANSWER,
        };
        let kept = match page {
            Page::Told(Exception::NoDataOrRefused) => {
                matches!(
                    must_tell,
                    Exception::NoData | Exception::Refused | Exception::NoDataOrRefused
                )
            }
            Page::Told(told) => told == must_tell,
            _ => false,
        };
        self.docket.judge(rule, pgo, kept, Why::ToldPersonOther);
    }
}
