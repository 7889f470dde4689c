//! The PGO gateway: offers what the ZAL has, sends the person to the authorization server, takes the code that
//! comes back, and collects (steps 1, 2, 11, 12, 14 and 16).
//!
//! Here stands what it says to browsers; `collect.rs` has its back channel. Does not know who the person is:
//! a browser session is all it has, because its own login is not part of the network. Does not decide what a
//! list says, who is admitted (`node.rs`), or how pages look.

mod collect;

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    catalogue::{Gegevensdienst, Scope},
    contract::{Actor, Input, Outbox, TimerId, Work},
    id::{Cookie, ExchangeId, NameId, Opaque, ZorgaanbiederId},
    message::{
        Authorize, Browse, Description, Envelope, Exception, Message, OAuthError, Page, Peer,
        Request, Response, ResponseType,
    },
    register::{Addresses, ListKind, ListVersion},
    release::{Release, ReleaseSet},
    rule::{self, Rule},
    time::Now,
    trace::{Limit, Note},
    uri::Uri,
};

use crate::{
    durable::Durable,
    lists::Miss,
    node::{Heard, Node, NodeConfig},
    sessions::{Place, SessionPolicy, Sessions},
};

/// How a PGO gateway works.
#[derive(Clone, PartialEq, Debug)]
pub struct PgoConfig {
    /// Its one name: website, OAuth client id, and subject of its certificate.
    pub name: NameId,
    /// Where it wants to be redirected to.
    pub redirect: Uri,
    /// The releases that it speaks.
    pub releases: ReleaseSet,
    /// As a node of the network.
    pub node: NodeConfig,
    /// How long it keeps sessions with browsers.
    pub sessions: SessionPolicy,
    /// At most this many documents of one collection are fetched.
    pub max_documents: u16,
}

/// A PGO gateway.
#[derive(Clone, Debug)]
pub struct Pgo {
    config: Arc<PgoConfig>,
    durable: Durable,
    node: Node,
    sessions: Sessions<Session>,
    /// Which session waits for the answer to what was asked of a ZA gateway.
    asked: BTreeMap<ExchangeId, Cookie>,
    /// Browsers that loaded a page again while its session waits: they get the same answer.
    also: Vec<(Cookie, ExchangeId)>,
}

/// One browser's session. Its key is the value of the Offer page's form first, and `state` after that.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Session {
    /// Step 1: the Offer page is out.
    AwaitsChoice,
    /// Step 2: the browser was sent to the authorization endpoint.
    AwaitsCallback(Collection),
    /// Step 12: the code was offered.
    AwaitsToken { collection: Collection, browser: ExchangeId },
    /// Step 14: the answer to one query is awaited.
    AwaitsAnswer {
        token: Opaque,
        browser: ExchangeId,
        collection: Collection,
        /// Documents that the last answer listed.
        documents: u16,
        document: u16,
        call: u8,
    },
    /// The person was told how it ended.
    Over(Ending),
}

const _: () = assert!(Sessions::<Session>::SLOT <= 64);

/// What is collected, and under which release. Packed, so that a session stays small.
#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(Rust, packed(2))]
struct Collection {
    zorgaanbieder: ZorgaanbiederId,
    dienst: Gegevensdienst,
    release: Release,
}

/// How a collection ended, as its person was told.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Ending {
    Collected(u16),
    Told(Exception),
    Unreachable,
    Stopped,
}

/// At most this many reloaded pages wait at once.
const ALSO_LIMIT: usize = 1_000;

impl Pgo {
    /// A PGO gateway at its very start, which knows these lists (semantics 10).
    pub fn new(config: Arc<PgoConfig>, lists: &[Arc<ListVersion>]) -> Self {
        Self::with(config, Durable::NOTHING, lists)
    }

    /// A PGO gateway after a crash.
    pub fn rebuild(config: Arc<PgoConfig>, durable: Durable) -> Self {
        Self::with(config, durable, &[])
    }

    fn with(config: Arc<PgoConfig>, durable: Durable, lists: &[Arc<ListVersion>]) -> Self {
        Self {
            node: Node::new(&config.node, lists),
            sessions: Sessions::new(config.sessions),
            asked: BTreeMap::new(),
            also: Vec::new(),
            config,
            durable,
        }
    }
}

impl Actor for Pgo {
    type Durable = Durable;

    fn durable(&self) -> &Durable {
        &self.durable
    }

    fn handle(&mut self, input: Input<'_>, now: Now, out: &mut Outbox) {
        match input {
            Input::Start => self.node.start(&mut self.durable.phases, now, out),
            Input::Timer(TimerId::ForgetSessions) => self.forget_sessions(now, out),
            Input::Timer(timer) => {
                if !self.node.on_timer(timer, &self.durable.phases, now, out) {
                    out.note(Note::StaleTimer(timer));
                }
            }
            Input::Failed(exchange, failure) => {
                if let Some(session) = self.asked.remove(&exchange) {
                    out.note(Note::PeerLost(failure));
                    self.on_no_answer(session, now, out);
                } else {
                    match self.node.on_failed(exchange, failure, now, out) {
                        Heard::Settled(waiting) => self.on_settled(&waiting, now, out),
                        Heard::NotMine => out.note(Note::PeerLost(failure)),
                    }
                }
            }
            Input::Deliver(envelope) => match &envelope.message {
                Message::Request(request) => self.on_request(envelope, request, now, out),
                Message::Response(response) => {
                    if let Some(session) = self.asked.remove(&envelope.exchange) {
                        self.on_answer(session, response, now, out);
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

impl Pgo {
    /// The ZAL from which it offers now, if it has one: what its first page has to choose from.
    pub fn zal(&self) -> Option<&Arc<ListVersion>> {
        self.node.list(ListKind::Zal)
    }

    fn on_request(&mut self, envelope: &Envelope, request: &Request, now: Now, out: &mut Outbox) {
        if self.node.on_request(envelope, now, out) {
            return;
        }
        let exchange = envelope.exchange;
        let (Request::Browse(browse), Peer::Browser(cookie)) = (request, envelope.from) else {
            out.note(Note::Unexpected(request.kind()));
            out.reply(exchange, Response::BadRequest, Work::RenderPage);
            return;
        };
        let place = self.sessions.of_browser(cookie);
        match browse {
            Browse::Open => self.on_open(place, exchange, now, out),
            Browse::Choose { zorgaanbieder, dienst, csrf } => {
                let (zorgaanbieder, dienst) = (*zorgaanbieder, *dienst);
                let collection = Collection { zorgaanbieder, dienst, release: envelope.release };
                match self.choosing(place, *csrf, collection, now) {
                    Some(place) => match self.offer(collection) {
                        Ok(to) => self.send_to(to, collection, place, exchange, out),
                        Err(rule::ZAL_BY_UCI)
                            if self.node.miss(ListKind::Zal, envelope, now, out) == Miss::Waits => {
                        }
                        Err(rule) => refuse(rule, Page::NotOffered, exchange, out),
                    },
                    None => show(Page::NoSession, exchange, out),
                }
            }
            Browse::Callback { code, state } => match self.awaiting(place, *state, now) {
                Ok((place, Session::AwaitsCallback(collection))) => {
                    self.offer_code(place, collection, *code, exchange, now, out);
                }
                Ok((place, session)) => self.show_again(place, session, exchange, out),
                Err(rule) => refuse(rule, Page::NoSession, exchange, out),
            },
            Browse::CallbackError { error, description, state } => {
                match self.awaiting(place, *state, now) {
                    Ok((place, Session::AwaitsCallback(_))) => {
                        let ending = told(*error, *description);
                        self.sessions.end(place, Session::Over(ending), now.monotonic);
                        show(ending.page(), exchange, out);
                    }
                    Ok((place, session)) => self.show_again(place, session, exchange, out),
                    Err(rule) => refuse(rule, Page::NoSession, exchange, out),
                }
            }
            Browse::StopFlow => {
                if let Some(place) = place {
                    self.finish(place, Ending::Stopped, now, out);
                }
                show(Page::Stopped, exchange, out);
            }
            Browse::ConsultDossier => self.on_consult(place, exchange, out),
            Browse::Authorize(_)
            | Browse::Authenticate(_)
            | Browse::LogIn { .. }
            | Browse::CancelLogin { .. }
            | Browse::ReturnArtifact { .. }
            | Browse::AnswerConsent { .. } => {
                out.note(Note::Unexpected(browse.kind()));
                out.reply(exchange, Response::BadRequest, Work::RenderPage);
            }
        }
    }

    /// What waited for a list goes on; the list is as new as it will get.
    fn on_settled(&mut self, waiting: &[Envelope], now: Now, out: &mut Outbox) {
        for envelope in waiting {
            let Message::Request(Request::Browse(Browse::Choose { zorgaanbieder, dienst, csrf })) =
                envelope.message
            else {
                continue;
            };
            let collection = Collection { zorgaanbieder, dienst, release: envelope.release };
            let Peer::Browser(cookie) = envelope.from else { continue };
            let place = self.sessions.of_browser(cookie);
            let exchange = envelope.exchange;
            match (self.choosing(place, csrf, collection, now), self.offer(collection)) {
                (Some(place), Ok(to)) => self.send_to(to, collection, place, exchange, out),
                (Some(_), Err(rule)) => refuse(rule, Page::NotOffered, exchange, out),
                (None, _) => show(Page::NoSession, exchange, out),
            }
        }
    }

    /// Step 1.
    fn on_open(&mut self, place: Option<Place>, exchange: ExchangeId, now: Now, out: &mut Outbox) {
        let idle = place.filter(|place| {
            !matches!(
                self.sessions.get(*place),
                Some(Session::AwaitsToken { .. } | Session::AwaitsAnswer { .. })
            )
        });
        let place = match idle {
            Some(place) => {
                self.sessions.renew(place, Session::AwaitsChoice, now.monotonic, out);
                place
            }
            None => match self.sessions.open(Session::AwaitsChoice, now.monotonic, out) {
                Some(place) => place,
                None => {
                    out.note(Note::LimitReached(Limit::Sessions));
                    out.reply(exchange, Response::Unavailable, Work::RenderPage);
                    return;
                }
            },
        };
        let page = Page::Offer { csrf: self.sessions.key(place) };
        let set_cookie = Some(self.sessions.cookie(place));
        out.reply(exchange, Response::Page { page, set_cookie }, Work::RenderPage);
    }

    /// The session whose person chooses. One that went back, or sent the form twice, chooses the same again.
    fn choosing(
        &self,
        place: Option<Place>,
        csrf: Opaque,
        collection: Collection,
        now: Now,
    ) -> Option<Place> {
        let place = place?;
        let awaits_this = match self.sessions.get(place)? {
            Session::AwaitsChoice => true,
            Session::AwaitsCallback(before) => *before == collection,
            _ => false,
        };
        let counts = awaits_this
            && self.sessions.key(place) == csrf
            && !self.sessions.is_past_lifetime(place, now.monotonic);
        counts.then_some(place)
    }

    /// What the newest valid ZAL says of a choice, or the rule by which it cannot be collected.
    fn offer(&self, collection: Collection) -> Result<Uri, Rule> {
        if !self.config.redirect.may_be_redirected_to() {
            return Err(rule::REDIRECT_OFFERED_HTTPS);
        }
        if collection.dienst.service().is_none() {
            return Err(rule::SERVICE_IN_CATALOGUE);
        }
        let addresses = self.addresses(collection).ok_or(rule::ZAL_BY_UCI)?;
        let both = self.config.releases.has(collection.release)
            && addresses.releases.has(collection.release);
        if both { Ok(addresses.authorization) } else { Err(rule::RELEASE_SPOKEN) }
    }

    fn addresses(&self, collection: Collection) -> Option<&Addresses> {
        let zal = self.zal()?.zal()?;
        zal.find(collection.zorgaanbieder, collection.dienst)
    }

    /// Step 2: to the authorization endpoint, with a `state` that is this browser's.
    fn send_to(
        &mut self,
        authorization: Uri,
        collection: Collection,
        place: Place,
        exchange: ExchangeId,
        out: &mut Outbox,
    ) {
        self.sessions.set(place, Session::AwaitsCallback(collection));
        let request = Browse::Authorize(Authorize {
            client: self.config.name,
            redirect: self.config.redirect,
            scope: Scope::single(collection.zorgaanbieder, collection.dienst),
            state: Some(self.sessions.key(place)),
            response_type: ResponseType::Code,
        });
        let redirect = Response::Redirect { to: authorization.host, request, set_cookie: None };
        out.reply(exchange, redirect, Work::Redirect);
    }

    /// The session to which an authorization response belongs: this browser's, and with its `state`
    /// (RFC 6819 §4.4.1.8).
    fn awaiting(
        &self,
        place: Option<Place>,
        state: Opaque,
        now: Now,
    ) -> Result<(Place, Session), Rule> {
        let place = place.ok_or(rule::STATE_BOUND)?;
        let session = *self.sessions.get(place).ok_or(rule::STATE_BOUND)?;
        let counts = match session {
            Session::AwaitsChoice => false,
            Session::AwaitsCallback(_) => !self.sessions.is_past_lifetime(place, now.monotonic),
            Session::AwaitsToken { .. } | Session::AwaitsAnswer { .. } | Session::Over(_) => true,
        };
        if counts && self.sessions.key(place) == state {
            Ok((place, session))
        } else {
            Err(rule::STATE_BOUND)
        }
    }

    /// The page that the person loaded again: the code is not offered again, the result is the same.
    fn show_again(
        &mut self,
        place: Place,
        session: Session,
        exchange: ExchangeId,
        out: &mut Outbox,
    ) {
        match session {
            Session::Over(ending) => show(ending.page(), exchange, out),
            _ if self.also.len() < ALSO_LIMIT => {
                self.also.push((self.sessions.cookie(place), exchange));
            }
            _ => {
                out.note(Note::LimitReached(Limit::Sessions));
                out.reply(exchange, Response::Unavailable, Work::RenderPage);
            }
        }
    }

    /// The person is told how it ended, by every page that waits for it.
    fn finish(&mut self, place: Place, ending: Ending, now: Now, out: &mut Outbox) {
        let waits = match self.sessions.get(place) {
            Some(Session::AwaitsToken { browser, .. } | Session::AwaitsAnswer { browser, .. }) => {
                Some(*browser)
            }
            _ => None,
        };
        self.sessions.end(place, Session::Over(ending), now.monotonic);
        if let Some(browser) = waits {
            tell(ending, self.sessions.cookie(place), browser, &mut self.also, out);
        }
    }

    /// UC to consult the Dossier (PI 2): what came over MedMij and has not changed since (PI 3).
    fn on_consult(&self, place: Option<Place>, exchange: ExchangeId, out: &mut Outbox) {
        let Some(place) = place else {
            refuse(rule::OFFERS_DOSSIER, Page::NoSession, exchange, out);
            return;
        };
        out.note(Note::DossierConsulted);
        let session = self.sessions.cookie(place);
        let (mut found, mut changed) = (0, 0);
        for (item, is_unchanged) in self.durable.dossier.newest_first() {
            if item.session == session {
                found += 1;
                changed += u32::from(!is_unchanged);
            }
        }
        // The journal keeps the newest items of all sessions; the session knows how many it had.
        let collected = match self.sessions.get(place) {
            Some(Session::Over(Ending::Collected(answers))) => u32::from(*answers),
            _ => 0,
        };
        let page = Page::Dossier { items: collected.max(found) - changed };
        if changed > 0 {
            refuse(rule::PROVENANCE_VISIBLE, page, exchange, out);
        } else {
            show(page, exchange, out);
        }
    }

    fn forget_sessions(&mut self, now: Now, out: &mut Outbox) {
        let also = &mut self.also;
        self.sessions.forget(now.monotonic, out, |cookie, session, out| {
            if let Session::AwaitsToken { browser, .. } | Session::AwaitsAnswer { browser, .. } =
                session
            {
                tell(Ending::Unreachable, cookie, browser, also, out);
            }
            None
        });
    }
}

impl Ending {
    const fn page(self) -> Page {
        match self {
            Self::Collected(answers) => Page::Collected { answers },
            Self::Told(exception) => Page::Told(exception),
            Self::Unreachable => Page::Unreachable,
            Self::Stopped => Page::Stopped,
        }
    }
}

/// What an error response means to the person (UCI Verzamelen, exceptions 2 to 5).
const fn told(error: OAuthError, description: Description) -> Ending {
    match (error, description) {
        (OAuthError::UnauthorizedClient, _) => Ending::Told(Exception::Identity),
        (OAuthError::AccessDenied, Description::NoSuchResources) => Ending::Told(Exception::NoData),
        (OAuthError::AccessDenied, Description::AuthorizationDenied) => {
            Ending::Told(Exception::Refused)
        }
        (OAuthError::AccessDenied, Description::AuthorizationFailed) => {
            Ending::Told(Exception::Authorization)
        }
        (OAuthError::AccessDenied, Description::None) => Ending::Told(Exception::NoDataOrRefused),
        _ => Ending::Unreachable,
    }
}

/// Answers a browser, and those of the same session that loaded the page again.
fn tell(
    ending: Ending,
    session: Cookie,
    browser: ExchangeId,
    also: &mut Vec<(Cookie, ExchangeId)>,
    out: &mut Outbox,
) {
    show(ending.page(), browser, out);
    also.retain(|(cookie, exchange)| {
        let is_other = *cookie != session;
        if !is_other {
            show(ending.page(), *exchange, out);
        }
        is_other
    });
}

fn show(page: Page, exchange: ExchangeId, out: &mut Outbox) {
    out.reply(exchange, Response::Page { page, set_cookie: None }, Work::RenderPage);
}

fn refuse(rule: Rule, page: Page, exchange: ExchangeId, out: &mut Outbox) {
    let response = Response::Page { page, set_cookie: None };
    out.refuse(rule, exchange, response, Work::RenderPage);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crank::small::{GP, LABORATORIUM, Small},
        durable::DossierItem,
    };
    use protocol::{
        contract::{Action, Chance},
        draw::{Draws, Purpose},
        id::ConnectionId,
        message::Fingerprint,
        rule::covers,
        trace::Stored,
    };

    fn handle(pgo: &mut Pgo, cookie: Option<Cookie>, browse: Browse) -> (Response, Option<Rule>) {
        let draws = Draws::new(1, 0, Purpose::Host);
        let mut out = Outbox::new(Chance::Keyed { draws, entity: 0, count: 0 });
        let envelope = Envelope {
            from: Peer::Browser(cookie),
            to: pgo.config.name,
            exchange: ExchangeId { place: 0, turn: 0 },
            connection: ConnectionId(0),
            release: Release::R1_0,
            message: Message::Request(Request::Browse(browse)),
        };
        pgo.handle(Input::Deliver(&envelope), Now::default(), &mut out);
        let reply = out.actions().iter().find_map(|action| match action {
            Action::Reply(_, response, rule) => Some((response.clone(), *rule)),
            _ => None,
        });
        reply.expect("an answer")
    }

    #[test]
    fn an_item_that_was_changed_is_not_shown_as_what_came_over_medmij() {
        covers(&[rule::PROVENANCE_VISIBLE]);
        let mut pgo = Pgo::new(Arc::new(Small::default().pgos[0].clone()), &[]);
        let (Response::Page { set_cookie, .. }, _) = handle(&mut pgo, None, Browse::Open) else {
            panic!("the offer");
        };
        let stored = Stored {
            zorgaanbieder: GP,
            dienst: LABORATORIUM,
            call: 0,
            bytes: 1_000,
            received: Now::default().wall,
            version: 1,
        };
        let session = set_cookie.unwrap();
        for _ in 0..2 {
            pgo.durable.dossier.write(DossierItem { session, stored, fingerprint: Fingerprint(1) });
        }
        let dossier = |pgo: &mut Pgo| match handle(pgo, set_cookie, Browse::ConsultDossier) {
            (Response::Page { page: Page::Dossier { items }, .. }, rule) => (items, rule),
            other => panic!("the Dossier, not {other:?}"),
        };
        assert_eq!(dossier(&mut pgo), (2, None));
        pgo.durable.dossier.tamper(|item| item.stored.bytes += 1);
        assert_eq!(dossier(&mut pgo), (1, Some(rule::PROVENANCE_VISIBLE)));
    }

    #[test]
    fn every_error_response_means_something_to_the_person() {
        covers(&[rule::UC_IDENTITY, rule::UC_NO_DATA, rule::UC_REFUSED, rule::UC_NO_ANSWER]);
        let denied = OAuthError::AccessDenied;
        for (error, description, page) in [
            (OAuthError::UnauthorizedClient, Description::None, Page::Told(Exception::Identity)),
            (denied, Description::NoSuchResources, Page::Told(Exception::NoData)),
            (denied, Description::AuthorizationDenied, Page::Told(Exception::Refused)),
            (denied, Description::AuthorizationFailed, Page::Told(Exception::Authorization)),
            (denied, Description::None, Page::Told(Exception::NoDataOrRefused)),
            (OAuthError::ServerError, Description::None, Page::Unreachable),
            (OAuthError::InvalidRequest, Description::None, Page::Unreachable),
        ] {
            assert_eq!(told(error, description).page(), page, "{error:?} {description:?}");
        }
    }
}
