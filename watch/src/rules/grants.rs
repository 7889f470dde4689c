//! Codes and tokens at each authorization server: what was issued to whom, and what became of it (steps 12
//! and 13, exception 6).
//!
//! A code counts from the moment at which it left, which is a little after the one from which its server counts;
//! an offer counts from its arrival, which is a little before its service began. So an offer that is honoured
//! although it came 900 s after the code left is honoured too late, whatever queues there were. Refusing too
//! early is judged with a margin for what cannot be seen.

use protocol::{
    catalogue::{Gegevensdienst, Scope},
    id::{ExchangeId, HostId, NameId, Opaque, PersonId, ZorgaanbiederId},
    live_set::{LiveSet, Ticket},
    message::{GrantType, OAuthError, OfferCode, Peer, Response, TokenGrant, TokenType},
    release::{Release, Terms},
    rule,
    time::{Duration, Instant},
};

use super::{
    Checkers,
    exchanges::{Answer, Exchange, NONE},
    flows::{Flow, Handle},
    verdict::Why,
};

/// What a server may have counted before we could: from the service that made a value until it left, and
/// from a request's arrival until its service began.
pub(super) const MARGIN: Duration = Duration::from_secs(60);

/// A client that offered codes that were never issued may be held off for a while (RFC 6819 §4.4.1.3).
const HELD_OFF: Duration = Duration::from_secs(120);

/// What is known of one code.
#[derive(Clone, Copy, Debug)]
struct Code {
    client: NameId,
    person: u32,
    zorgaanbieder: ZorgaanbiederId,
    /// Enough of the number of the flow that it was made for.
    flow: u16,
    dienst: Gegevensdienst,
    fate: u8,
}

const _: () = assert!(size_of::<Code>() <= 16, "one per live code, beside what a LiveSet takes");

impl Code {
    /// Somebody offered it.
    const OFFERED: u8 = 1;
    /// Its own client did.
    const OFFERED_BY_OWN: u8 = 1 << 1;
    /// It was honoured.
    const HONOURED: u8 = 1 << 2;
    /// It was refused.
    const REFUSED: u8 = 1 << 3;
    /// It was offered more than once.
    const OFFERED_AGAIN: u8 = 1 << 4;
    /// It was issued to somebody else as well, so that who offers it may be either.
    const COLLIDED: u8 = 1 << 5;
    /// What an offer makes of it.
    const TOUCHED: u8 = Self::OFFERED | Self::REFUSED | Self::HONOURED;
}

/// What is known of one token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub client: HostId,
    person: u32,
    pub zorgaanbieder: ZorgaanbiederId,
    pub dienst: Gegevensdienst,
    /// It was issued to somebody else as well, so that who uses it may be either.
    pub collided: bool,
    /// Its code had been offered again before it was issued, so that it may have been revoked at once
    /// (RFC 6749 §4.1.2).
    pub may_be_revoked: bool,
}

const _: () = assert!(size_of::<Token>() <= 16, "one per live token, beside what a LiveSet takes");

impl Token {
    /// The person who consented.
    pub fn person(&self) -> Option<PersonId> {
        (self.person != NONE).then_some(PersonId(self.person))
    }
}

/// What one authorization server issued and may still have to answer for.
#[derive(Debug, Default)]
pub(super) struct Server {
    codes: LiveSet<Code>,
    pub tokens: LiveSet<Token>,
    /// When a code came last that it never issued.
    guessed: Option<Instant>,
    /// When a code came last that had been offered before: its token may have been revoked (RFC 6749 §4.1.2).
    offered_again: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Grants {
    servers: Vec<Option<Box<Server>>>,
}

impl Grants {
    pub fn new(hosts: usize) -> Self {
        Self { servers: std::iter::repeat_with(|| None).take(hosts).collect() }
    }

    pub fn server(&mut self, za: HostId) -> Option<&mut Server> {
        if za.is_visitor() {
            return None;
        }
        Some(self.servers.get_mut(za.place())?.get_or_insert_default())
    }
}

impl Server {
    /// Values are remembered for two lifetimes, so that the rule that is broken is the true one.
    fn forget_before(&mut self, now: Instant, terms: &Terms) {
        let long_ago = |lifetime: Duration| {
            Instant::from_nanos(
                now.as_nanos().saturating_sub(lifetime.saturating_mul(2).as_nanos()),
            )
        };
        self.codes.forget_before(long_ago(terms.code_validity), |_, _| {});
        self.tokens.forget_before(long_ago(terms.token_validity), |_, _| {});
    }

    /// Whether a value left this server in a URL, as a code does.
    pub fn was_in_url(&self, value: Opaque) -> bool {
        self.codes.contains(value)
    }

    /// Whether a token that was issued at that moment may have been revoked.
    pub fn may_be_revoked(&self, token: &Token, issued: Instant) -> bool {
        token.may_be_revoked || self.offered_again.is_some_and(|at| at >= issued)
    }
}

/// Whether a value that was put in at `earlier` is equal to a live one for sure.
fn surely_live(earlier: Instant, now: Instant, lifetime: Duration) -> bool {
    now.since(earlier) + MARGIN < lifetime
}

// What was found of an offer when it arrived.
/// The code was issued here.
const KNOWN: u16 = 1;
/// The client that it was issued to offers it, and says so.
const OWN_CLIENT: u16 = 1 << 1;
/// Nobody offered it before.
const FIRST: u16 = 1 << 2;
/// Its time was over already.
const DEAD: u16 = 1 << 3;
const CODE_GRANT: u16 = 1 << 4;
/// The client showed a certificate.
const NODE: u16 = 1 << 5;
/// It had been refused before.
const AFTER_REFUSAL: u16 = 1 << 6;

/// What a token is for. Whoever does not say it means what was asked (RFC 6749 §5.1), and a scope of release 1.x names no
/// Zorgaanbieder.
fn granted(said: Scope, asked: Option<(ZorgaanbiederId, Gegevensdienst)>) -> Scope {
    match asked {
        Some((zorgaanbieder, dienst)) if said.is_empty() => Scope::single(zorgaanbieder, dienst),
        Some((zorgaanbieder, _)) if said.zorgaanbieder.0 == NONE => said.at(zorgaanbieder),
        _ => said,
    }
}

impl Checkers {
    /// A redirect with a code leaves the ZA GW. Gives whether the code is a new one.
    pub(super) fn issues_code(
        &mut self,
        za: HostId,
        flow: Handle,
        to: NameId,
        code: Opaque,
        release: Release,
    ) -> bool {
        let (now, terms) = (self.now, Terms::of(release));
        let made_for = flow.tag;
        let flow = self.flows.get(flow).copied();
        let Some(server) = self.grants.server(za) else { return false };
        server.forget_before(now, &terms);
        let person = flow.map_or(NONE, |flow| flow.person_number());
        let earlier = server.codes.get(code).map(|(since, known)| (since, *known));
        // A page that was sent or loaded twice may be answered twice with the same redirect.
        // Whose it is may have been forgotten with the flow.
        let is_same = |known: &Code| {
            (known.person, known.flow) == (person, made_for)
                || known.person == NONE
                || person == NONE
        };
        if earlier.is_some_and(|(_, known)| is_same(&known)) {
            return false;
        }
        let docket = &mut self.docket;
        docket.judge(rule::UUID_V4, za, code.is_uuid_v4(), Why::NotUuidV4);
        let twice = earlier.is_some_and(|(since, _)| surely_live(since, now, terms.code_validity));
        docket.judge(rule::UNIQUE_WHILE_LIVE, za, !twice, Why::EqualValues);
        let (client, zorgaanbieder, dienst) = flow
            .map_or((to, ZorgaanbiederId(NONE), Gegevensdienst(u8::MAX)), |flow| {
                (flow.client, flow.zorgaanbieder, flow.dienst)
            });
        let fate = if earlier.is_some() { Code::COLLIDED } else { 0 };
        let made = Code { client, person, zorgaanbieder, flow: made_for, dienst, fate };
        server.codes.insert(code, now, made);
        true
    }

    /// An offer reaches the ZA GW.
    pub(super) fn code_arrives(
        &mut self,
        za: HostId,
        exchange: ExchangeId,
        from: Peer,
        release: Release,
        offer: &OfferCode,
    ) {
        let now = self.now;
        let Some(open) = self.exchanges.get_mut(exchange) else { return };
        let node = matches!(from, Peer::Node(_));
        self.docket.judge(rule::CONFIDENTIAL_CLIENT, open.asker, node, Why::ThroughBrowser);
        open.mark(NODE, node);
        open.mark(CODE_GRANT, offer.grant_type == GrantType::AuthorizationCode);
        let Some(server) = self.grants.server(za) else { return };
        let Some(ticket) = server.codes.ticket_of(offer.code) else {
            server.guessed = Some(now);
            return;
        };
        open.detail = ticket.0;
        open.mark(KNOWN, true);
        let Some((since, code)) = server.codes.at_mut(ticket) else { return };
        let own = from == Peer::Node(code.client) && offer.client == code.client;
        let again = code.fate & Code::OFFERED_BY_OWN != 0;
        let first = code.fate & Code::TOUCHED == 0;
        let collided = code.fate & Code::COLLIDED != 0;
        open.mark(OWN_CLIENT, own);
        open.mark(FIRST, first && !collided);
        open.mark(AFTER_REFUSAL, code.fate & Code::REFUSED != 0);
        open.mark(DEAD, now.since(since) >= Terms::of(release).code_validity);
        code.fate |= if first { Code::OFFERED } else { Code::OFFERED_AGAIN };
        if own && !collided {
            code.fate |= Code::OFFERED_BY_OWN;
            self.docket.judge(rule::CODE_OFFERED_ONCE, open.asker, !again, Why::OfferedAgain);
        }
        if !first {
            server.offered_again = Some(now);
        }
    }

    /// The ZA GW answers an offer.
    pub(super) fn answers_offer(&mut self, answer: &Answer<'_>) {
        let response = answer.response;
        match response {
            Response::Unavailable => {}
            Response::Token(grant) => self.honours_code(answer, grant),
            _ => self.refuses_code(answer),
        }
    }

    fn honours_code(&mut self, answer: &Answer<'_>, grant: &TokenGrant) {
        let Answer { from: za, ref open, flow, .. } = *answer;
        let flow = self.flows.get(flow).copied();
        let Some(server) = self.grants.server(za) else { return };
        let docket = &mut self.docket;
        let node = open.has(NODE);
        docket.judge(rule::MUTUAL_CERTIFICATES, za, node, Why::WithoutCertificate);
        docket.judge(rule::NORM_CRYPTOGRAPHY, za, node, Why::WithoutCertificate);
        docket.judge(rule::GRANT_TYPE, za, open.has(CODE_GRANT), Why::OtherGrantType);
        // Of a stranger it was not seen what it issued to a browser that is nobody of ours.
        let asked_here = flow.is_some_and(|flow| flow.has(Flow::REDIRECT_AT_CLIENT));
        if asked_here || !self.cast.is_stranger(za) {
            docket.judge(rule::CODE_KNOWN, za, open.has(KNOWN), Why::NeverIssued);
        }
        let code = server.codes.at_mut(Ticket(open.detail)).filter(|_| open.has(KNOWN));
        let code = code.map(|(_, code)| {
            let once = code.fate & Code::HONOURED == 0 && !open.has(AFTER_REFUSAL);
            code.fate |= Code::HONOURED;
            let (own, alive) = (open.has(OWN_CLIENT), !open.has(DEAD));
            docket.judge(rule::CODE_ONCE, za, once, Why::HonouredTwice);
            docket.judge(rule::CODE_OWN_CLIENT, za, own, Why::HonouredForOther);
            docket.judge(rule::CODE_VALIDITY, za, alive, Why::HonouredTooLate);
            let why = match (once, own) {
                (false, _) => Why::HonouredTwice,
                (true, false) => Why::HonouredForOther,
                (true, true) => Why::HonouredTooLate,
            };
            docket.judge(rule::STORED_CODES_SAFE, za, once && own && alive, why);
            docket.judge(rule::STEP_TOKEN, za, true, Why::GoodCodeRefused);
            *code
        });
        self.issues_token(answer, flow, code, grant);
    }

    fn issues_token(
        &mut self,
        answer: &Answer<'_>,
        flow: Option<Flow>,
        code: Option<Code>,
        grant: &TokenGrant,
    ) {
        let Answer { from: za, open: Exchange { asker: client, .. }, release, .. } = *answer;
        let (now, terms) = (self.now, Terms::of(release));
        let docket = &mut self.docket;
        let bearer = grant.token_type == TokenType::Bearer;
        docket.judge(rule::BEARER, za, bearer, Why::OtherTokenType);
        let none = grant.refresh_token.is_none();
        docket.judge(rule::NO_REFRESH_TOKENS, za, none, Why::RefreshToken);
        docket.judge(rule::UUID_V4, za, grant.token.is_uuid_v4(), Why::NotUuidV4);
        let lifetime = Duration::from_secs(grant.expires_in.into()) == terms.token_validity;
        docket.judge(rule::TOKEN_VALIDITY, za, lifetime, Why::OtherLifetime);
        let of_code =
            code.map(|code| (code.zorgaanbieder, code.dienst)).filter(|(at, _)| at.0 != NONE);
        let asked = of_code.or(flow.map(|flow| (flow.zorgaanbieder, flow.dienst)));
        let scope = granted(grant.scope, asked);
        let only = scope.only();
        let as_asked = of_code.is_none_or(|(at, dienst)| scope.covers(at, dienst));
        let single = scope.len() == terms.services_per_scope && as_asked;
        docket.judge(rule::SINGLE_SCOPE, za, single, Why::ScopeNotSingle);
        let person = code.map_or(NONE, |code| code.person);
        // A code that collided may be that of another person, who was shown something else.
        let shown_to = |flow: &Flow| flow.has(Flow::QUESTION) && flow.person_number() == person;
        if let Some(flow) = flow.filter(shown_to).filter(|_| code.is_some()) {
            let at_whom =
                flow.has(Flow::QUESTION_FITS) && { scope.zorgaanbieder } == flow.zorgaanbieder;
            let shown = at_whom && only == Some(flow.shown);
            docket.judge(rule::SCOPE_SHOWN, za, shown, Why::GrantedOther);
        }
        let Some(server) = self.grants.server(za) else { return };
        let earlier = server.tokens.get(grant.token).map(|(since, token)| (since, *token));
        if earlier.is_some_and(|(_, of)| (of.client, of.person) == (client, person)) {
            // The same token once more: a breach where its code counted twice, and nothing else.
            return;
        }
        let twice = earlier.is_some_and(|(since, _)| surely_live(since, now, terms.token_validity));
        docket.judge(rule::UNIQUE_WHILE_LIVE, za, !twice, Why::EqualValues);
        let token = Token {
            client,
            person,
            collided: earlier.is_some(),
            may_be_revoked: code.is_some_and(|code| code.fate & Code::OFFERED_AGAIN != 0),
            zorgaanbieder: scope.zorgaanbieder,
            // A token for several services is a breach by itself; it covers what was asked.
            dienst: only.or(code.map(|code| code.dienst)).unwrap_or(Gegevensdienst(u8::MAX)),
        };
        server.tokens.insert(grant.token, now, token);
    }

    fn refuses_code(&mut self, answer: &Answer<'_>) {
        let Answer { from: za, ref open, response, release, asked, .. } = *answer;
        let (now, terms) = (self.now, Terms::of(release));
        let Some(server) = self.grants.server(za) else { return };
        let invalid_grant = matches!(response, Response::TokenError(OAuthError::InvalidGrant));
        let held_off = server.guessed.is_some_and(|at| at + HELD_OFF > asked);
        // What is wrong with it is said in another form.
        if !open.has(NODE) || !open.has(CODE_GRANT) {
            return;
        }
        let known = open.has(KNOWN);
        let code = server.codes.at_mut(Ticket(open.detail)).filter(|_| known);
        let Some((since, code)) = code else {
            let form = invalid_grant || held_off;
            return self.docket.judge(rule::EXCEPTION_CODE, za, form, Why::OtherForm);
        };
        code.fate |= Code::REFUSED;
        // Of two offers at once either may be the one that its server takes first.
        let only = open.has(FIRST) && code.fate & Code::OFFERED_AGAIN == 0;
        let good = open.has(OWN_CLIENT) && only;
        if !good || open.has(DEAD) {
            let form = invalid_grant || held_off;
            return self.docket.judge(rule::EXCEPTION_CODE, za, form, Why::OtherForm);
        }
        // It may have died, or been forgotten, between what we saw and what its server saw.
        let surely_good = surely_live(since, now, terms.code_validity)
            && !self.cast.crashed_since(za, since)
            && !held_off;
        let own_trouble = matches!(
            response,
            Response::TokenError(OAuthError::ServerError | OAuthError::TemporarilyUnavailable)
        );
        if surely_good && !own_trouble {
            self.docket.judge(rule::STEP_TOKEN, za, false, Why::GoodCodeRefused);
            if invalid_grant {
                self.docket.judge(rule::CODE_VALIDITY, za, false, Why::GoodCodeRefused);
            }
        }
    }
}
