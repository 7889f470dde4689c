//! The authorization endpoint: an authorization request comes in, the browser goes to DigiD (steps 3 and 4).
//!
//! What is wrong with a request is shown to the person, without a redirect (exception 1). Does not
//! authenticate anybody (`login.rs`) or ask for consent (`consent.rs`).

use protocol::{
    contract::{Outbox, Work},
    id::{ExchangeId, Opaque},
    message::{
        AuthnRequest, Authorize, Browse, Envelope, InvalidCause, Message, Page, Peer,
        Request as Asks, Response, ResponseType,
    },
    register::ListKind,
    release::Release,
    rule::{self, Rule},
    time::Now,
    trace::{Limit, Note},
};

use super::{Behind, Client, Place, Request, Session, Za, refuse};
use crate::lists::Miss;

impl Za {
    /// Step 3.
    pub(super) fn on_authorize(
        &mut self,
        envelope: &Envelope,
        request: &Authorize,
        now: Now,
        out: &mut Outbox,
    ) {
        out.work(Work::CheckAuthorization);
        match self.check(request, envelope.release).copied() {
            Err(rule::CLIENT_KNOWN)
                if self.node.miss(ListKind::OauthClients, envelope, now, out) == Miss::Waits => {}
            verdict => self.decide(envelope, request, verdict, now, out),
        }
    }

    /// What waited for the OAuth client list goes on; the list is as new as it will get.
    pub(super) fn on_settled(&mut self, waiting: &[Envelope], now: Now, out: &mut Outbox) {
        for envelope in waiting {
            if let Message::Request(Asks::Browse(Browse::Authorize(request))) = &envelope.message {
                let verdict = self.check(request, envelope.release).copied();
                self.decide(envelope, request, verdict, now, out);
            }
        }
    }

    fn decide(
        &mut self,
        envelope: &Envelope,
        request: &Authorize,
        verdict: Result<Behind, Rule>,
        now: Now,
        out: &mut Outbox,
    ) {
        let exchange = envelope.exchange;
        let behind = match verdict {
            Ok(behind) => behind,
            Err(rule) => {
                refuse(rule, Page::RequestInvalid(cause(rule)), exchange, out);
                return;
            }
        };
        let Some(request) = self.remember(request, envelope.release) else {
            self.turn_away(exchange, out);
            return;
        };
        let place = match self.going_on(envelope, request, now) {
            Some(place) => Some(place),
            None => self.sessions.open(Session::AwaitsArtifact(request), now.monotonic, out),
        };
        match place {
            Some(place) => self.send_to_digid(place, behind, exchange, out),
            None => {
                out.note(Note::LimitReached(Limit::Sessions));
                self.turn_away(exchange, out);
            }
        }
    }

    /// Everything that an authorization request must be, in this order, and the rule by which it is not.
    /// The reference implementation of 2018 has the same order: what cannot be trusted comes first.
    fn check(&self, request: &Authorize, release: Release) -> Result<&Behind, Rule> {
        let clients = self.node.list(ListKind::OauthClients);
        if clients.and_then(|clients| clients.client(request.client)).is_none() {
            return Err(rule::CLIENT_KNOWN);
        }
        if !request.redirect.may_be_redirected_to() {
            return Err(rule::REDIRECT_FULL_HTTPS);
        }
        if request.redirect.host != request.client {
            return Err(rule::REDIRECT_OF_CLIENT);
        }
        if request.response_type != ResponseType::Code {
            return Err(rule::RESPONSE_TYPE_CODE);
        }
        if request.state.is_none() {
            return Err(rule::STATE_REQUIRED);
        }
        let most = self.config.terms.of(release).services_per_scope;
        if !(1..=most).contains(&request.scope.len()) {
            return Err(rule::SINGLE_SCOPE);
        }
        let behind = self.behind(request.scope.zorgaanbieder).ok_or(rule::SCOPE_OFFERED)?;
        let offered = |dienst| behind.scope.covers(behind.scope.zorgaanbieder, dienst);
        if !request.scope.services().all(offered) {
            return Err(rule::SCOPE_OFFERED);
        }
        if !self.config.releases.has(release) {
            return Err(rule::RELEASE_SPOKEN);
        }
        Ok(behind)
    }

    /// A request that was found good, in few bytes. None if its client has too many redirect URIs.
    fn remember(&mut self, request: &Authorize, release: Release) -> Option<Request> {
        let Authorize { client: name, redirect, scope, state, .. } = *request;
        Some(Request {
            state: state?,
            zorgaanbieder: scope.zorgaanbieder,
            client: self.clients.intern(Client { name, release, redirect })?,
            services: self.clients.intern_services(scope)?,
        })
    }

    /// The session that goes on, where this browser sent the same request before.
    fn going_on(&self, envelope: &Envelope, request: Request, now: Now) -> Option<Place> {
        let Peer::Browser(cookie) = envelope.from else { return None };
        let place = self.sessions.of_browser(cookie)?;
        let same = self.sessions.get(place) == Some(&Session::AwaitsArtifact(request));
        (same && self.is_alive(place, now.monotonic)).then_some(place)
    }

    /// Step 4: to DigiD, with the way back.
    fn send_to_digid(&self, place: Place, behind: Behind, exchange: ExchangeId, out: &mut Outbox) {
        out.work(Work::SignAuthnRequest);
        let relay_state = self.sessions.key(place);
        let request = Browse::Authenticate(AuthnRequest {
            issuer: self.config.back,
            id: request_id(relay_state),
            relay_state,
            level: behind.level,
            signed: true,
        });
        let set_cookie = Some(self.sessions.cookie(place));
        let response = Response::Redirect { to: self.config.digid_front, request, set_cookie };
        out.reply(exchange, response, Work::Redirect);
    }
}

/// ID of the AuthnRequest. It goes the same way as RelayState, so one secret serves both.
pub(super) const fn request_id(relay_state: Opaque) -> Opaque {
    Opaque(!relay_state.0)
}

/// What the person is told of an invalid request.
fn cause(rule: Rule) -> InvalidCause {
    match rule {
        rule::CLIENT_KNOWN => InvalidCause::UnknownClient,
        rule::RESPONSE_TYPE_CODE => InvalidCause::ResponseType,
        rule::STATE_REQUIRED => InvalidCause::NoState,
        rule::SINGLE_SCOPE | rule::SCOPE_OFFERED => InvalidCause::Scope,
        rule::RELEASE_SPOKEN => InvalidCause::Release,
        _ => InvalidCause::RedirectUri,
    }
}
