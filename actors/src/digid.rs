//! DigiD as a SAML identity provider: asks a person for credentials and vouches for the person to the service
//! provider that sent them, by an artifact that is resolved once (steps 5 to 7).
//!
//! Does not know MedMij, consent or care. There is no single sign-on: every AuthnRequest is a login of its
//! own, because MedMij's service providers share no domain for it.

use std::sync::Arc;

use protocol::{
    bsn::Bsn,
    contract::{Actor, Input, Outbox, TimerId, Work},
    id::{Cookie, ExchangeId, NameId, Opaque, PersonId},
    message::{
        Assertion, Assurance, AuthnRequest, Browse, Envelope, Message, Page, Peer, Request,
        Response, SamlStatus, Secret,
    },
    release::Release,
    rule,
    time::{Duration, Now, WallTime},
    trace::{Limit, Note},
};

use crate::{
    admission::{Gate, OcspPolicy},
    durable::Durable,
    sessions::{Place, SessionPolicy, Sessions},
};

/// How DigiD works.
#[derive(Clone, PartialEq, Debug)]
pub struct DigidConfig {
    /// Its name for browsers.
    pub front: NameId,
    /// Its name for service providers: artifact resolution.
    pub back: NameId,
    /// The service providers that it knows.
    pub providers: Vec<ServiceProvider>,
    /// After this many wrong tries a login has failed.
    pub tries: u8,
    /// How long a login may take, and how long it is remembered.
    pub sessions: SessionPolicy,
    /// How long an artifact can be resolved.
    pub artifact_validity: Duration,
    /// An assertion counts from this long before it is made until this long after (two minutes in the
    /// recorded samples).
    pub window: Duration,
    /// For an OCSP answer on its own certificate, to present at handshakes.
    pub ocsp: Option<OcspPolicy>,
    /// The release under which it speaks to the OCSP responder.
    pub release: Release,
}

/// A service provider that DigiD knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ServiceProvider {
    /// As it calls itself in messages: its back name, the subject of its certificate.
    pub issuer: NameId,
    /// Where its assertion consumer service is: its front name.
    pub return_to: NameId,
}

impl DigidConfig {
    /// With the values of the recorded samples, and service providers still to be named.
    pub fn new(front: NameId, back: NameId, release: Release) -> Self {
        Self {
            front,
            back,
            providers: Vec::new(),
            tries: 5,
            sessions: SessionPolicy {
                lifetime: Duration::from_secs(900),
                ..SessionPolicy::default()
            },
            artifact_validity: Duration::from_secs(120),
            window: Duration::from_secs(120),
            ocsp: None,
            release,
        }
    }
}

/// DigiD.
#[derive(Clone, Debug)]
pub struct Digid {
    config: Arc<DigidConfig>,
    sessions: Sessions<Session>,
    gate: Option<Gate>,
}

/// One login.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Session {
    /// The login page is out; its form carries the session's key.
    AwaitsCredentials { request: Asked, wrong: u8 },
    /// The artifact is out: the session's key, which was renewed for it.
    AwaitsResolution { request: Asked, outcome: Outcome },
    /// The artifact was resolved.
    Resolved { request: Asked },
}

const _: () = assert!(Sessions::<Session>::SLOT <= 72);

/// What an AuthnRequest asked for.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Asked {
    id: Opaque,
    relay_state: Opaque,
    /// Place among the known service providers.
    provider: u16,
    level: Assurance,
}

/// What DigiD will say when the artifact is resolved.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Outcome {
    bsn: Bsn,
    status: SamlStatus,
    level: Assurance,
}

/// In an assertion without success: nobody.
const NOBODY: Bsn = Bsn(PersonId(u32::MAX));

impl Digid {
    /// DigiD at its start, the first or after a crash: it keeps nothing durable.
    pub fn new(config: Arc<DigidConfig>) -> Self {
        let gate = config.ocsp.map(|policy| Gate::new(policy, config.release));
        Self { sessions: Sessions::new(config.sessions), gate, config }
    }
}

impl Actor for Digid {
    type Durable = Durable;

    fn durable(&self) -> &Durable {
        const { &Durable::NOTHING }
    }

    fn handle(&mut self, input: Input<'_>, now: Now, out: &mut Outbox) {
        match input {
            Input::Start => {
                if let Some(gate) = &mut self.gate {
                    gate.start(out);
                }
            }
            Input::Timer(TimerId::ForgetSessions) => {
                self.sessions.forget(now.monotonic, out, |_, _, _| None);
            }
            Input::Timer(TimerId::RenewStaple) => {
                if let Some(gate) = &mut self.gate {
                    gate.renew_staple(out);
                }
            }
            Input::Timer(stale) => out.note(Note::StaleTimer(stale)),
            Input::Failed(exchange, failure) => {
                let heard = self.gate.as_mut().is_some_and(|gate| {
                    gate.on_failed(exchange, failure, now, out, &mut Vec::new())
                });
                if !heard {
                    out.note(Note::PeerLost(failure));
                }
            }
            Input::Deliver(envelope) => match &envelope.message {
                Message::Request(request) => self.on_request(envelope, request, now, out),
                Message::Response(response) => {
                    let heard = self.gate.as_mut().is_some_and(|gate| {
                        gate.on_response(envelope.exchange, response, now, out, &mut Vec::new())
                    });
                    if !heard {
                        out.note(Note::Unexpected(response.kind()));
                    }
                }
            },
        }
    }
}

impl Digid {
    fn on_request(&mut self, envelope: &Envelope, request: &Request, now: Now, out: &mut Outbox) {
        let exchange = envelope.exchange;
        match (request, envelope.from) {
            (Request::Browse(Browse::Authenticate(request)), Peer::Browser(cookie)) => {
                self.on_authenticate(request, cookie, exchange, now, out);
            }
            (Request::Browse(Browse::LogIn { account, secret, csrf }), Peer::Browser(cookie)) => {
                let login = self.login(cookie, *csrf, now);
                self.on_log_in(login, *account, *secret, exchange, now, out);
            }
            (Request::Browse(Browse::CancelLogin { csrf }), Peer::Browser(cookie)) => {
                match self.login(cookie, *csrf, now) {
                    Login::Asked(place, request, _) => {
                        let outcome = Outcome::without(SamlStatus::AuthnFailed, request.level);
                        self.send_back(place, request, outcome, exchange, now, out);
                    }
                    Login::Done(place, request) => self.repeat(place, request, exchange, out),
                    Login::Unknown => no_session(exchange, out),
                }
            }
            (Request::ResolveArtifact { artifact, issuer, signed }, from) => {
                out.work(Work::VerifySignature);
                match self.resolve(*artifact, *issuer, *signed, from, now) {
                    Ok(assertion) => {
                        let response = Response::ArtifactResponse(assertion);
                        out.reply(exchange, response, Work::SignAssertion);
                    }
                    Err(reason) => {
                        let denied = self.assertion(
                            Outcome::without(SamlStatus::RequestDenied, Assurance::Basis),
                            *issuer,
                            Opaque(0),
                            now.wall,
                        );
                        let response = Response::ArtifactResponse(denied);
                        match reason {
                            Some(rule) => out.refuse(rule, exchange, response, Work::SignAssertion),
                            None => out.reply(exchange, response, Work::SignAssertion),
                        }
                    }
                }
            }
            _ => {
                out.note(Note::Unexpected(request.kind()));
                out.reply(exchange, Response::BadRequest, Work::RenderPage);
            }
        }
    }

    /// Step 5: a browser comes with an AuthnRequest.
    fn on_authenticate(
        &mut self,
        request: &AuthnRequest,
        cookie: Option<Cookie>,
        exchange: ExchangeId,
        now: Now,
        out: &mut Outbox,
    ) {
        out.work(Work::VerifySignature);
        let known =
            self.config.providers.iter().position(|provider| provider.issuer == request.issuer);
        let provider = known.and_then(|place| u16::try_from(place).ok());
        let (Some(provider), true) = (provider, request.signed) else {
            let rule = rule::SERVICE_PROVIDER_KNOWN;
            let page = Response::Page { page: Page::DigidRefuses, set_cookie: None };
            out.refuse(rule, exchange, page, Work::RenderPage);
            return;
        };
        let asked = Asked {
            id: request.id,
            relay_state: request.relay_state,
            provider,
            level: request.level,
        };
        // The page was loaded again: the same login goes on.
        if let Some(place) = self.sessions.of_browser(cookie)
            && let Some(Session::AwaitsCredentials { request, .. }) = self.sessions.get(place)
            && *request == asked
            && !self.sessions.is_past_lifetime(place, now.monotonic)
        {
            self.show_login(place, false, exchange, out);
            return;
        }
        let session = Session::AwaitsCredentials { request: asked, wrong: 0 };
        match self.sessions.open(session, now.monotonic, out) {
            Some(place) => self.show_login(place, false, exchange, out),
            None => {
                out.note(Note::LimitReached(Limit::Sessions));
                out.reply(exchange, Response::Unavailable, Work::RenderPage);
            }
        }
    }

    /// Step 5: credentials came.
    fn on_log_in(
        &mut self,
        login: Login,
        account: PersonId,
        secret: Secret,
        exchange: ExchangeId,
        now: Now,
        out: &mut Outbox,
    ) {
        match login {
            Login::Asked(place, request, wrong) => {
                out.work(Work::CheckCredentials);
                match secret {
                    Secret::Right(level) if level >= request.level => {
                        let status = SamlStatus::Success;
                        let outcome = Outcome { bsn: Bsn(account), status, level };
                        self.send_back(place, request, outcome, exchange, now, out);
                    }
                    Secret::Right(level) => {
                        let outcome = Outcome::without(SamlStatus::NoAuthnContext, level);
                        self.send_back(place, request, outcome, exchange, now, out);
                    }
                    Secret::Wrong if wrong + 1 < self.config.tries => {
                        let wrong = wrong + 1;
                        self.sessions.set(place, Session::AwaitsCredentials { request, wrong });
                        self.show_login(place, true, exchange, out);
                    }
                    Secret::Wrong => {
                        let outcome = Outcome::without(SamlStatus::AuthnFailed, request.level);
                        self.send_back(place, request, outcome, exchange, now, out);
                    }
                }
            }
            // The form was sent twice: the second time gets what the first time got.
            Login::Done(place, request) => self.repeat(place, request, exchange, out),
            Login::Unknown => no_session(exchange, out),
        }
    }

    fn show_login(&self, place: Place, again: bool, exchange: ExchangeId, out: &mut Outbox) {
        let page = Page::Login { csrf: self.sessions.key(place), again };
        let set_cookie = Some(self.sessions.cookie(place));
        out.reply(exchange, Response::Page { page, set_cookie }, Work::RenderPage);
    }

    /// The login that a form belongs to.
    fn login(&self, cookie: Option<Cookie>, csrf: Opaque, now: Now) -> Login {
        let Some(place) = self.sessions.of_browser(cookie) else { return Login::Unknown };
        match self.sessions.get(place) {
            Some(Session::AwaitsCredentials { request, wrong })
                if self.sessions.key(place) == csrf
                    && !self.sessions.is_past_lifetime(place, now.monotonic) =>
            {
                Login::Asked(place, *request, *wrong)
            }
            Some(Session::AwaitsResolution { request, .. } | Session::Resolved { request }) => {
                Login::Done(place, *request)
            }
            _ => Login::Unknown,
        }
    }

    /// Step 6: the browser goes back with an artifact, whatever came of the login.
    fn send_back(
        &mut self,
        place: Place,
        request: Asked,
        outcome: Outcome,
        exchange: ExchangeId,
        now: Now,
        out: &mut Outbox,
    ) {
        let session = Session::AwaitsResolution { request, outcome };
        // A new key, so that whoever saw the login page has not seen the artifact.
        self.sessions.renew(place, session, now.monotonic, out);
        self.repeat(place, request, exchange, out);
    }

    fn repeat(&self, place: Place, request: Asked, exchange: ExchangeId, out: &mut Outbox) {
        let Some(provider) = self.config.providers.get(usize::from(request.provider)) else {
            no_session(exchange, out);
            return;
        };
        let artifact = self.sessions.key(place);
        let browse = Browse::ReturnArtifact { artifact, relay_state: request.relay_state };
        let response =
            Response::Redirect { to: provider.return_to, request: browse, set_cookie: None };
        out.reply(exchange, response, Work::Redirect);
    }

    /// Step 7. The error is the rule, where one is broken.
    fn resolve(
        &mut self,
        artifact: Opaque,
        issuer: NameId,
        signed: bool,
        from: Peer,
        now: Now,
    ) -> Result<Assertion, Option<rule::Rule>> {
        let known = self.config.providers.iter().any(|provider| provider.issuer == issuer);
        if !signed || !known {
            return Err(Some(rule::SERVICE_PROVIDER_KNOWN));
        }
        if from != Peer::Node(issuer) {
            return Err(Some(rule::ARTIFACT_OF_PROVIDER));
        }
        let place = self.sessions.of_key(artifact).ok_or(None)?;
        let session = *self.sessions.get(place).ok_or(None)?;
        let (request, outcome) = match session {
            Session::AwaitsCredentials { .. } => return Err(None),
            Session::AwaitsResolution { request, outcome } => (request, Ok(outcome)),
            Session::Resolved { request } => (request, Err(Some(rule::ARTIFACT_ONCE))),
        };
        let asked_by = self.config.providers.get(usize::from(request.provider));
        if asked_by.is_none_or(|provider| provider.issuer != issuer) {
            return Err(Some(rule::ARTIFACT_OF_PROVIDER));
        }
        let outcome = outcome?;
        if self.sessions.age(place, now.monotonic) >= self.config.artifact_validity {
            return Err(None);
        }
        self.sessions.end(place, Session::Resolved { request }, now.monotonic);
        Ok(self.assertion(outcome, issuer, request.id, now.wall))
    }

    fn assertion(
        &self,
        outcome: Outcome,
        audience: NameId,
        in_response_to: Opaque,
        wall: WallTime,
    ) -> Assertion {
        Assertion {
            status: outcome.status,
            signed: true,
            level: outcome.level,
            bsn: outcome.bsn,
            audience,
            in_response_to,
            not_before: wall - self.config.window,
            not_on_or_after: wall + self.config.window,
        }
    }
}

impl Outcome {
    const fn without(status: SamlStatus, level: Assurance) -> Self {
        Self { bsn: NOBODY, status, level }
    }
}

/// What a form of the login page belongs to.
enum Login {
    /// A login that goes on, with how many tries were wrong.
    Asked(Place, Asked, u8),
    /// A login that is over.
    Done(Place, Asked),
    /// None of this browser.
    Unknown,
}

fn no_session(exchange: ExchangeId, out: &mut Outbox) {
    let page = Response::Page { page: Page::NoSession, set_cookie: None };
    out.reply(exchange, page, Work::RenderPage);
}
