//! The ZA gateway: OAuth authorization server, SAML service provider and resource server in one (steps 3, 4, 7
//! to 10, 13 and 15, and all eight exceptions).
//!
//! Here stand the door and what all its conversations share; each conversation has a module of its own:
//! `authorize.rs` (step 3 and 4), `login.rs` (6 to 8), `consent.rs` (9 and 10), `token.rs` (12 and 13) and
//! `resource.rs` (14 and 15). Does not hold health data (the xIS does), know credentials (DigiD does), or
//! decide what a list says. Codes, tokens and sessions are volatile: a crash forgets them.

mod authorize;
mod clients;
mod config;
mod consent;
mod grants;
mod guesses;
mod login;
mod resource;
mod token;

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    bsn::Bsn,
    catalogue::Scope,
    contract::{Actor, Input, Outbox, TimerId, Work},
    id::{Cookie, ExchangeId, Opaque, ZorgaanbiederId},
    message::{
        Browse, Description, Envelope, Message, OAuthError, Page, Peer, Request as Asks, Response,
    },
    register::ListVersion,
    release::{DenialDetail, Release},
    rule::{self, Rule},
    time::{Instant, Now},
    trace::Note,
};

use crate::{
    durable::Durable,
    node::{Heard, Node},
    sessions::{Place, Sessions},
};

pub use config::{Behind, TermsByRelease, ZaConfig};
pub use grants::{CheckAgainst, Detection, Generators, Issuance};
pub use guesses::GuessPolicy;

use clients::{Client, ClientId, Clients, Services};
use grants::Grants;
use guesses::Guesses;

/// A ZA gateway.
#[derive(Clone, Debug)]
pub struct Za {
    config: Arc<ZaConfig>,
    durable: Durable,
    node: Node,
    sessions: Sessions<Session>,
    clients: Clients,
    grants: Grants,
    guesses: Guesses,
    /// What was asked of DigiD and of the systems behind, and for whom.
    asked: BTreeMap<ExchangeId, Asked>,
    /// Browsers that loaded a page again while its session waits: they get the same answer.
    also: Vec<(Cookie, ExchangeId)>,
}

/// One browser's OAuth session. Its key is RelayState.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Session {
    /// Step 4: the browser was sent to DigiD.
    AwaitsArtifact(Request),
    /// Step 7: DigiD was asked what the artifact stands for.
    AwaitsAssertion { request: Request, artifact: ArtifactMark, browser: ExchangeId },
    /// Step 8: the systems behind were asked whether there is anything.
    AwaitsAvailability { request: Request, artifact: ArtifactMark, browser: ExchangeId, bsn: Bsn },
    /// Step 9: the consent question is out.
    AwaitsConsent { request: Request, artifact: ArtifactMark, bsn: Bsn, form: FormSecret },
    /// The browser was sent back to the PGO with this.
    Answered { request: Request, answer: Answer },
    /// Its lifetime passed; the PGO can still be told (exception 5).
    Expired(Request),
}

const _: () = assert!(Sessions::<Session>::SLOT <= 80);

/// The authorization request of a session.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Request {
    state: Opaque,
    zorgaanbieder: ZorgaanbiederId,
    client: ClientId,
    services: Services,
}

/// Enough of an artifact to tell a page that was loaded again from another login. Whoever hits it by chance
/// only sees the page again.
type ArtifactMark = u32;

fn mark(artifact: Opaque) -> ArtifactMark {
    (artifact.0 >> 96) as u32
}

/// The secret part of the consent form's value: another one than RelayState, which went through DigiD.
type FormSecret = [u32; 2];

/// What an authorization request came to.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Answer {
    /// Step 10.
    Code(Opaque),
    /// Exceptions 2 to 5.
    Denied(Denial),
}

/// Why nothing is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Denial {
    /// Exception 2.
    Identity,
    /// Exception 3.
    NoData,
    /// Exception 4.
    Refused,
    /// Exception 5.
    Authorization,
    /// No code could be made (semantics 9).
    Server,
}

/// For whom something was asked.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Asked {
    /// Of DigiD, what an artifact stands for.
    Assertion(Cookie),
    /// Of the systems behind, whether there is anything.
    Availability(Cookie),
    /// Of the systems behind, data for this request of a PGO.
    Data(ExchangeId),
}

/// At most this many reloaded pages wait at once.
const ALSO_LIMIT: usize = 1_000;

impl Za {
    /// A ZA gateway at its very start, which knows these lists (semantics 10).
    pub fn new(config: Arc<ZaConfig>, lists: &[Arc<ListVersion>]) -> Self {
        Self::with(config, Durable::NOTHING, lists)
    }

    /// A ZA gateway after a crash.
    pub fn rebuild(config: Arc<ZaConfig>, durable: Durable) -> Self {
        Self::with(config, durable, &[])
    }

    fn with(config: Arc<ZaConfig>, durable: Durable, lists: &[Arc<ListVersion>]) -> Self {
        Self {
            node: Node::new(&config.node, lists),
            sessions: Sessions::new(config.sessions),
            clients: Clients::default(),
            grants: Grants::new(config.issuance),
            guesses: Guesses::new(config.guesses),
            asked: BTreeMap::new(),
            also: Vec::new(),
            config,
            durable,
        }
    }
}

impl Actor for Za {
    type Durable = Durable;

    fn durable(&self) -> &Durable {
        &self.durable
    }

    fn handle(&mut self, input: Input<'_>, now: Now, out: &mut Outbox) {
        match input {
            Input::Start => self.node.start(&mut self.durable.phases, now, out),
            Input::Timer(TimerId::ForgetSessions) => self.forget_sessions(now, out),
            Input::Timer(TimerId::ForgetCodes) => self.grants.forget_codes(now.monotonic, out),
            Input::Timer(TimerId::ForgetTokens) => self.grants.forget_tokens(now.monotonic, out),
            Input::Timer(timer) => {
                if !self.node.on_timer(timer, &self.durable.phases, now, out) {
                    out.note(Note::StaleTimer(timer));
                }
            }
            Input::Failed(exchange, failure) => {
                if let Some(asked) = self.asked.remove(&exchange) {
                    out.note(Note::PeerLost(failure));
                    self.on_no_answer(asked, now, out);
                } else {
                    match self.node.on_failed(exchange, failure, now, out) {
                        Heard::Settled(waiting) => self.on_settled(&waiting, now, out),
                        Heard::NotMine => out.note(Note::PeerLost(failure)),
                    }
                }
            }
            Input::Deliver(envelope) => match &envelope.message {
                Message::Request(request) => {
                    if !self.node.on_request(envelope, now, out) {
                        self.on_request(envelope, request, now, out);
                    }
                }
                Message::Response(response) => {
                    if let Some(asked) = self.asked.remove(&envelope.exchange) {
                        self.on_answer(asked, response, now, out);
                    } else {
                        match self.node.on_response(envelope.exchange, response, now, out) {
                            Heard::Settled(waiting) => self.on_settled(&waiting, now, out),
                            Heard::NotMine => out.note(Note::Unexpected(response.kind())),
                        }
                    }
                }
            },
        }
    }
}

impl Za {
    fn on_request(&mut self, envelope: &Envelope, request: &Asks, now: Now, out: &mut Outbox) {
        let exchange = envelope.exchange;
        match (request, envelope.from) {
            (Asks::Browse(_), Peer::Browser(_)) if envelope.to != self.config.front => {
                // This is not the server that the ZAL names (RFC 6819 §4.2.1).
                let response = Response::BadRequest;
                out.refuse(rule::REAL_SERVER, exchange, response, Work::RenderPage);
            }
            (Asks::Browse(Browse::Authorize(request)), Peer::Browser(_)) => {
                self.on_authorize(envelope, request, now, out);
            }
            (
                Asks::Browse(Browse::ReturnArtifact { artifact, relay_state }),
                Peer::Browser(cookie),
            ) => {
                self.on_return(*artifact, *relay_state, cookie, exchange, now, out);
            }
            (Asks::Browse(Browse::AnswerConsent { answer, csrf }), Peer::Browser(cookie)) => {
                self.on_consent(*answer, *csrf, cookie, exchange, now, out);
            }
            (Asks::OfferCode(_) | Asks::Fetch(_), Peer::Browser(_) | Peer::Operator) => {
                // Nobody is served at the back door without a certificate (APP 14).
                let response = Response::BadRequest;
                out.refuse(rule::MUTUAL_CERTIFICATES, exchange, response, Work::RefuseGrant);
            }
            (Asks::OfferCode(_) | Asks::Fetch(_), _)
                if !self.config.releases.has(envelope.release) =>
            {
                let response = Response::BadRequest;
                out.refuse(rule::RELEASE_SPOKEN, exchange, response, Work::RefuseGrant);
            }
            (Asks::OfferCode(offer), Peer::Node(client)) => {
                self.on_offer(client, offer, exchange, now, out);
            }
            (Asks::Fetch(fetch), Peer::Node(_)) => self.on_fetch(fetch, envelope, now, out),
            _ => {
                out.note(Note::Unexpected(request.kind()));
                out.reply(exchange, Response::BadRequest, Work::RenderPage);
            }
        }
    }

    fn on_answer(&mut self, asked: Asked, response: &Response, now: Now, out: &mut Outbox) {
        match asked {
            Asked::Assertion(session) => self.on_assertion(session, Some(response), now, out),
            Asked::Availability(session) => self.on_availability(session, Some(response), now, out),
            Asked::Data(exchange) => Self::on_data(exchange, Some(response), out),
        }
    }

    fn on_no_answer(&mut self, asked: Asked, now: Now, out: &mut Outbox) {
        match asked {
            Asked::Assertion(session) => self.on_assertion(session, None, now, out),
            Asked::Availability(session) => self.on_availability(session, None, now, out),
            Asked::Data(exchange) => Self::on_data(exchange, None, out),
        }
    }

    /// Who serves a Zorgaanbieder behind this gateway.
    fn behind(&self, zorgaanbieder: ZorgaanbiederId) -> Option<&Behind> {
        let behind = &self.config.behind;
        let place =
            behind.binary_search_by_key(&zorgaanbieder, |row| row.scope.zorgaanbieder).ok()?;
        behind.get(place)
    }

    fn scope(&self, request: Request) -> Scope {
        self.clients.scope(request.zorgaanbieder, request.services)
    }

    fn release(&self, request: Request) -> Release {
        self.clients.get(request.client).map_or(self.config.node.release, |client| client.release)
    }

    /// Ends a session: sends the browser back to the PGO, and every other browser page that waits.
    fn conclude(
        &mut self,
        place: Place,
        (request, answer): (Request, Answer),
        why: Option<Rule>,
        browser: ExchangeId,
        now: Now,
        out: &mut Outbox,
    ) {
        let waits = self.sessions.get(place).and_then(|session| session.waits());
        self.sessions.end(place, Session::Answered { request, answer }, now.monotonic);
        for other in waits.into_iter().filter(|other| *other != browser) {
            self.send_back(request, answer, None, other, out);
        }
        self.send_back(request, answer, why, browser, out);
        let session = self.sessions.cookie(place);
        while let Some(place) = self.also.iter().position(|(cookie, _)| *cookie == session) {
            let (_, other) = self.also.swap_remove(place);
            self.send_back(request, answer, None, other, out);
        }
    }

    /// Redirects a browser to the client, with the answer. A refusal names its rule.
    fn send_back(
        &self,
        request: Request,
        answer: Answer,
        why: Option<Rule>,
        browser: ExchangeId,
        out: &mut Outbox,
    ) {
        let Some(Client { redirect, release, .. }) = self.clients.get(request.client) else {
            return show(Page::NoSession, browser, out);
        };
        let state = request.state;
        let back = match answer {
            Answer::Code(code) => Browse::Callback { code, state },
            Answer::Denied(denial) => {
                let detail = self.config.terms.of(release).denial_detail;
                let (error, description) = denial.told(detail);
                Browse::CallbackError { error, description, state }
            }
        };
        let response = Response::Redirect { to: redirect.host, request: back, set_cookie: None };
        match why {
            Some(rule) => out.refuse(rule, browser, response, Work::Redirect),
            None => out.reply(browser, response, Work::Redirect),
        }
    }

    /// A page was loaded again while its session waits for a peer: it gets the same answer.
    fn join(&mut self, place: Place, browser: ExchangeId, out: &mut Outbox) {
        if self.also.len() < ALSO_LIMIT {
            self.also.push((self.sessions.cookie(place), browser));
        } else {
            self.turn_away(browser, out);
        }
    }

    /// There is no room for one session more (RFC 6819 §4.4.1.11).
    fn turn_away(&self, browser: ExchangeId, out: &mut Outbox) {
        let rule = rule::SESSIONS_BOUNDED;
        out.refuse(rule, browser, Response::Unavailable, Work::RenderPage);
    }

    fn forget_sessions(&mut self, now: Now, out: &mut Outbox) {
        let mut overdue: Vec<(Request, ExchangeId)> = Vec::new();
        let also = &mut self.also;
        self.sessions.forget(now.monotonic, out, |cookie, session, _| {
            let request = session.request();
            overdue.extend(session.waits().map(|browser| (request, browser)));
            also.retain(|(other, browser)| {
                if *other == cookie {
                    overdue.push((request, *browser));
                }
                *other != cookie
            });
            Some(Session::Expired(request))
        });
        for (request, browser) in overdue {
            self.send_back(request, Answer::Denied(Denial::Authorization), None, browser, out);
        }
    }

    /// The session's lifetime passed before it came to an answer (exception 5).
    fn tell_too_late(
        &mut self,
        place: Place,
        request: Request,
        browser: ExchangeId,
        now: Now,
        out: &mut Outbox,
    ) {
        let answer = Answer::Denied(Denial::Authorization);
        self.conclude(place, (request, answer), None, browser, now, out);
    }

    /// Whether a session that is open still counts.
    fn is_alive(&self, place: Place, now: Instant) -> bool {
        !self.sessions.is_past_lifetime(place, now)
    }
}

impl Session {
    const fn request(self) -> Request {
        match self {
            Self::AwaitsArtifact(request)
            | Self::AwaitsAssertion { request, .. }
            | Self::AwaitsAvailability { request, .. }
            | Self::AwaitsConsent { request, .. }
            | Self::Answered { request, .. }
            | Self::Expired(request) => request,
        }
    }

    /// The browser's exchange that cannot be answered yet.
    const fn waits(self) -> Option<ExchangeId> {
        match self {
            Self::AwaitsAssertion { browser, .. } | Self::AwaitsAvailability { browser, .. } => {
                Some(browser)
            }
            _ => None,
        }
    }
}

impl Denial {
    /// As the PGO is told (UCI Verzamelen, exceptions 2 to 5).
    const fn told(self, detail: DenialDetail) -> (OAuthError, Description) {
        match (self, detail) {
            (Self::Identity, _) => (OAuthError::UnauthorizedClient, Description::None),
            (Self::NoData, DenialDetail::Told) => {
                (OAuthError::AccessDenied, Description::NoSuchResources)
            }
            (Self::Refused, DenialDetail::Told) => {
                (OAuthError::AccessDenied, Description::AuthorizationDenied)
            }
            (Self::NoData | Self::Refused, DenialDetail::Hidden) => {
                (OAuthError::AccessDenied, Description::None)
            }
            (Self::Authorization, _) => {
                (OAuthError::AccessDenied, Description::AuthorizationFailed)
            }
            (Self::Server, _) => (OAuthError::ServerError, Description::None),
        }
    }
}

fn show(page: Page, exchange: ExchangeId, out: &mut Outbox) {
    out.reply(exchange, Response::Page { page, set_cookie: None }, Work::RenderPage);
}

fn refuse(rule: Rule, page: Page, exchange: ExchangeId, out: &mut Outbox) {
    let response = Response::Page { page, set_cookie: None };
    out.refuse(rule, exchange, response, Work::RenderPage);
}
