//! Any input in any state: no actor panics, every request is answered, no code works twice, and no token
//! goes to another client than its code was issued to.

use std::sync::Arc;

use actors::{
    crank::small::{DOCUMENTEN, GP, HOSPITAL, LABORATORIUM, Small},
    deviant::Deviation,
    party::{Blueprint, Party},
    person::Person,
    xis::Records,
};
use proptest::prelude::*;
use protocol::{
    bsn::Bsn,
    catalogue::{Gegevensdienst, Scope},
    contract::{Action, Actor, Chance, Failure, Input, Outbox, TimerId},
    draw::{Draws, Purpose},
    id::{ConnectionId, Cookie, ExchangeId, NameId, Opaque, PersonId, Serial, ZorgaanbiederId},
    message::{
        Assertion, Assurance, AuthnRequest, Authorize, Availability, Browse, CertStatus,
        Certificate, ConsentAnswer, Content, Description, Envelope, Exception, Fetch, FhirAnswer,
        Fingerprint, GrantType, Hello, InvalidCause, Issue, Message, OAuthError, OcspAnswer,
        OfferCode, Page, Peer, Request, Response, ResponseType, SamlStatus, Secret, Side, Subject,
        TokenGrant, TokenType,
    },
    register::{Change, Edition, ListKind},
    release::Release,
    role::Role,
    rule::{self, covers},
    time::{Instant, Now, WallTime},
    uri::{Uri, UriFlags},
};

/// A step of a random run: numbers that are made into an input by the state that the run is in.
type Step = (u8, u8, u8, u8, u64);

/// A party under random inputs. Values that it gave out come back to it, often rightly and often not.
struct Trial {
    small: Small,
    party: Party,
    out: Outbox,
    now: u64,
    cookies: Vec<Option<Cookie>>,
    values: Vec<Opaque>,
    asked: Vec<ExchangeId>,
    sent: u32,
    /// Requests that are not answered yet.
    open: Vec<ExchangeId>,
    /// Who offered which code as whom, for the offers that are not answered yet.
    offers: Vec<(ExchangeId, Peer, OfferCode)>,
    honoured: Vec<Opaque>,
    issued_to: Vec<(Opaque, NameId)>,
    /// The last page and the last redirect that it answered with.
    page: Option<Page>,
    redirect: Option<Browse>,
}

impl Trial {
    fn new(small: Small, party: Party) -> Self {
        let draws = Draws::new(1, 0, Purpose::Host);
        Self {
            small,
            party,
            out: Outbox::new(Chance::Keyed { draws, entity: 1, count: 0 }),
            now: 0,
            cookies: vec![None],
            values: vec![Opaque(0)],
            asked: Vec::new(),
            sent: 0,
            open: Vec::new(),
            offers: Vec::new(),
            honoured: Vec::new(),
            issued_to: Vec::new(),
            page: None,
            redirect: None,
        }
    }

    /// Goes the right way for so many steps, so that random ones begin where something is at stake.
    fn walk(&mut self, role: Role, steps: u8) {
        for step in 0..steps {
            let cookie = self.cookies.last().copied().flatten();
            let browser = Peer::Browser(cookie);
            let pgo = &self.small.pgos[0];
            let (client, redirect, back) = (pgo.name, pgo.redirect, self.small.zas[0].back);
            let content = Content {
                fingerprint: Fingerprint(1),
                version: 1,
                created: WallTime::default(),
                bytes: 1,
                documents: 0,
            };
            let csrf = match self.page {
                Some(
                    Page::Offer { csrf }
                    | Page::Login { csrf, .. }
                    | Page::ConsentQuestion { csrf, .. },
                ) => csrf,
                _ => Opaque(0),
            };
            let scope = Scope::single(GP, LABORATORIUM);
            match (role, step, self.redirect) {
                (Role::Za, 0, _) => {
                    let (state, response_type) = (Some(Opaque(7)), ResponseType::Code);
                    let request = Authorize { client, redirect, scope, state, response_type };
                    self.send(browser, Request::Browse(Browse::Authorize(request)));
                }
                (Role::Za, 1, Some(Browse::Authenticate(AuthnRequest { relay_state, .. }))) => {
                    let request = Browse::ReturnArtifact { artifact: Opaque(8), relay_state };
                    self.send(browser, Request::Browse(request));
                }
                (Role::Za, 2, Some(Browse::Authenticate(AuthnRequest { id, .. }))) => {
                    let minute = protocol::time::Duration::from_secs(60);
                    self.answer(Response::ArtifactResponse(Assertion {
                        status: SamlStatus::Success,
                        signed: true,
                        level: Assurance::Hoog,
                        bsn: Bsn(PersonId(1)),
                        audience: back,
                        in_response_to: id,
                        not_before: WallTime::default() - minute,
                        not_on_or_after: WallTime::default() + minute,
                    }));
                }
                (Role::Za, 3, _) => self.answer(Response::Availability(Availability::Available)),
                (Role::Za, 4, _) => {
                    let answer = ConsentAnswer::Given;
                    self.send(browser, Request::Browse(Browse::AnswerConsent { answer, csrf }));
                }
                (Role::Za, 5, Some(Browse::Callback { code, .. })) => {
                    let grant_type = GrantType::AuthorizationCode;
                    let offer = OfferCode { grant_type, code, client, redirect };
                    self.send(Peer::Node(client), Request::OfferCode(offer));
                }
                (Role::Pgo, 0, _) => self.send(browser, Request::Browse(Browse::Open)),
                (Role::Pgo, 1, _) => {
                    let (zorgaanbieder, dienst) = (GP, LABORATORIUM);
                    let choice = Browse::Choose { zorgaanbieder, dienst, csrf };
                    self.send(browser, Request::Browse(choice));
                }
                (Role::Pgo, 2, Some(Browse::Authorize(Authorize { state: Some(state), .. }))) => {
                    let back = Browse::Callback { code: Opaque(9), state };
                    self.send(browser, Request::Browse(back));
                }
                (Role::Pgo, 3, _) => self.answer(Response::Token(TokenGrant {
                    token: Opaque(10),
                    scope,
                    expires_in: 900,
                    token_type: TokenType::Bearer,
                    refresh_token: None,
                })),
                (Role::Pgo, 4, _) => {
                    self.answer(Response::Fhir(FhirAnswer { content, bsn: None }));
                }
                (Role::Digid, 0, _) => {
                    self.send(
                        browser,
                        Request::Browse(Browse::Authenticate(AuthnRequest {
                            issuer: back,
                            id: Opaque(11),
                            relay_state: Opaque(12),
                            level: Assurance::Midden,
                            signed: true,
                        })),
                    );
                }
                (Role::Digid, 1, _) => {
                    let (account, secret) = (PersonId(1), Secret::Right(Assurance::Hoog));
                    self.send(browser, Request::Browse(Browse::LogIn { account, secret, csrf }));
                }
                _ => {}
            }
            let _ = self.look();
        }
    }

    fn send(&mut self, from: Peer, request: Request) {
        self.sent += 1;
        // Far above what the outbox gives out.
        let exchange = ExchangeId { place: 1 << 30 | self.sent, turn: 0 };
        if let Request::OfferCode(offer) = request {
            self.offers.push((exchange, from, offer));
        }
        self.open.push(exchange);
        let to = self.small.zas[0].front;
        let now = Now::exact(Instant::from_nanos(self.now));
        self.deliver(exchange, from, to, Message::Request(request), now);
    }

    fn answer(&mut self, response: Response) {
        if let Some(exchange) = self.asked.pop() {
            let now = Now::exact(Instant::from_nanos(self.now));
            let from = Peer::Node(self.small.zas[0].back);
            self.deliver(exchange, from, self.name(0), Message::Response(response), now);
        }
    }

    fn value(&self, n: u8) -> Opaque {
        // The newest first: they are the ones that fit.
        let known = self.values.len();
        self.values[known - 1 - usize::from(n) % known.min(6)]
    }

    fn name(&self, n: u8) -> NameId {
        let za = &self.small.zas[0];
        [za.front, za.back, self.small.pgos[0].name, self.small.pgos[1].name, NameId(999)]
            [usize::from(n) % 5]
    }

    fn scope(&self, n: u8) -> Scope {
        let scope = Scope::single(self.zorgaanbieder(n), self.dienst(n));
        if n % 16 == 15 { scope.with(DOCUMENTEN) } else { scope }
    }

    fn zorgaanbieder(&self, n: u8) -> ZorgaanbiederId {
        [GP, GP, GP, HOSPITAL, ZorgaanbiederId(u32::MAX)][usize::from(n / 8) % 5]
    }

    fn dienst(&self, n: u8) -> Gegevensdienst {
        [LABORATORIUM, LABORATORIUM, DOCUMENTEN, Gegevensdienst(n)][usize::from(n) % 4]
    }

    fn redirect(&self, n: u8) -> Uri {
        let pgo = &self.small.pgos[usize::from(n / 4) % 2];
        if n % 4 == 3 { Uri::new(3, pgo.name, UriFlags::default()) } else { pgo.redirect }
    }

    fn browse(&self, (kind, a, b, c, _): Step) -> Browse {
        let csrf = self.value(a);
        match kind % 12 {
            0 => Browse::Open,
            1 => Browse::Choose {
                zorgaanbieder: self.zorgaanbieder(b),
                dienst: self.dienst(c),
                csrf,
            },
            2 => Browse::Authorize(Authorize {
                client: self.small.pgos[usize::from(b) % 2].name,
                redirect: self.redirect(c),
                scope: self.scope(b),
                state: (b % 8 != 7).then_some(csrf),
                response_type: if c % 8 == 7 { ResponseType::Token } else { ResponseType::Code },
            }),
            3 => Browse::Authenticate(AuthnRequest {
                issuer: self.name(1),
                id: self.value(b),
                relay_state: csrf,
                level: Assurance::Midden,
                signed: c % 8 != 7,
            }),
            4 => Browse::LogIn {
                account: PersonId(b.into()),
                secret: [
                    Secret::Wrong,
                    Secret::Right(Assurance::Basis),
                    Secret::Right(Assurance::Hoog),
                ][usize::from(c) % 3],
                csrf,
            },
            5 => Browse::CancelLogin { csrf },
            6 => Browse::ReturnArtifact { artifact: self.value(b), relay_state: csrf },
            7 => Browse::AnswerConsent {
                answer: [ConsentAnswer::Given, ConsentAnswer::Refused, ConsentAnswer::Unclear]
                    [usize::from(b / 4) % 3],
                csrf,
            },
            8 => Browse::Callback { code: self.value(b), state: csrf },
            9 => Browse::CallbackError {
                error: OAuthError::AccessDenied,
                description: Description::None,
                state: csrf,
            },
            10 => Browse::StopFlow,
            _ => Browse::ConsultDossier,
        }
    }

    fn certificate(&self, a: u8, b: u8) -> Certificate {
        let not_after = if b % 4 == 3 { WallTime::default() } else { WallTime::FAR_FUTURE };
        let (serial, subject) = (Serial(u32::from(a) % 8), self.name(a));
        Certificate { serial, subject, not_after, trusted_chain: b % 8 != 7 }
    }

    fn ocsp(&self, a: u8, b: u8, wall: WallTime) -> OcspAnswer {
        OcspAnswer {
            serial: Serial(u32::from(a) % 8),
            status: [CertStatus::Good, CertStatus::Good, CertStatus::Revoked][usize::from(b) % 3],
            this_update: wall,
            next_update: wall + protocol::time::Duration::from_secs(b.into()),
            signed: b % 8 != 7,
        }
    }

    fn request(&self, step: Step, wall: WallTime) -> Request {
        let (kind, a, b, c, _) = step;
        let kinds = [
            ListKind::Zal,
            ListKind::Whitelist,
            ListKind::OauthClients,
            ListKind::Gegevensdiensten,
        ];
        let list = kinds[usize::from(a) % 4];
        let bsn = Bsn(PersonId(a.into()));
        let subject = Subject { bsn, zorgaanbieder: self.zorgaanbieder(b), dienst: self.dienst(c) };
        match kind % 24 {
            12 | 13 => Request::OfferCode(OfferCode {
                grant_type: if c % 16 == 15 {
                    GrantType::Other
                } else {
                    GrantType::AuthorizationCode
                },
                code: self.value(a),
                client: self.small.pgos[usize::from(b) % 2].name,
                redirect: self.redirect(c),
            }),
            14 => Request::Fetch(Fetch {
                token: self.value(a),
                zorgaanbieder: self.zorgaanbieder(b),
                dienst: self.dienst(b),
                call: c,
                document: c.into(),
                bsn: (c % 16 == 15).then_some(bsn),
            }),
            15 => Request::ResolveArtifact {
                artifact: self.value(a),
                issuer: self.name(b),
                signed: c % 8 != 7,
            },
            16 => Request::GetList(list),
            17 => Request::OcspQuery(Serial(a.into())),
            18 => Request::CheckAvailability(subject),
            19 => Request::FetchDossier { subject, call: a, document: b.into() },
            20 => {
                let certificate = self.certificate(a, b);
                let side = if c % 2 == 0 { Side::Asker } else { Side::Answerer };
                let staple = (c % 4 == 3).then(|| self.ocsp(a, b, wall));
                let name = certificate.subject;
                Request::Hello(Hello { side, certificate, name, staple })
            }
            21 => Request::ChangeRegister(
                [
                    Change::AddGateway(self.name(a)),
                    Change::RemoveGateway(self.name(a)),
                    Change::MoveEndpoint(a.into()),
                    Change::RemoveProvider(self.zorgaanbieder(a)),
                    Change::AddService(a.into()),
                    Change::EnableRelease(a.into(), Release::R1_1),
                ][usize::from(b) % 6],
            ),
            22 => [
                Request::Publish(list, Edition::OfRegister),
                Request::Publish(list, Edition::Broken),
                Request::Publish(list, Edition::Previous),
                Request::FetchListNow(list),
            ][usize::from(b) % 4],
            23 => Request::Revoke(Serial(a.into())),
            _ => Request::Browse(self.browse(step)),
        }
    }

    fn response(&self, step: Step, wall: WallTime) -> Response {
        let (kind, a, b, c, _) = step;
        let token = self.value(a);
        let minute = protocol::time::Duration::from_secs(60);
        let content = Content {
            fingerprint: Fingerprint(a.into()),
            version: 1,
            created: wall,
            bytes: u32::from(b) << 24,
            documents: u16::from(c) << 8,
        };
        let page = [
            Page::Offer { csrf: token },
            Page::Login { csrf: token, again: b % 2 == 0 },
            Page::RequestInvalid(InvalidCause::Scope),
            Page::Collected { answers: b.into() },
            Page::Told(Exception::Delivery),
            Page::NoSession,
        ][usize::from(c) % 6];
        match kind % 18 {
            0 | 1 => Response::ArtifactResponse(Assertion {
                status: if b % 8 == 7 { SamlStatus::AuthnFailed } else { SamlStatus::Success },
                signed: b % 16 != 15,
                level: Assurance::Hoog,
                bsn: Bsn(PersonId(a.into())),
                audience: self.small.zas[0].back,
                // Rightly so for the newest session: the ID is what its RelayState makes it.
                in_response_to: Opaque(!self.value(c).0),
                not_before: wall - minute,
                not_on_or_after: wall + minute,
            }),
            2 | 3 => Response::Availability(
                [Availability::Available, Availability::Available, Availability::UnderAge]
                    [usize::from(a) % 3],
            ),
            4 => Response::Dossier(content),
            5 => Response::Fhir(FhirAnswer { content, bsn: None }),
            6 => Response::Token(TokenGrant {
                token,
                scope: self.scope(b),
                expires_in: a.into(),
                token_type: if c % 8 == 7 { TokenType::Other } else { TokenType::Bearer },
                refresh_token: None,
            }),
            7 => Response::TokenError(OAuthError::InvalidGrant),
            8 => Response::OperationOutcome(Issue::Incomplete),
            9 | 10 => Response::Ocsp(self.ocsp(a, b, wall)),
            11 => {
                let mut register = self.small.stelselnode.register.clone();
                if b % 2 == 0 {
                    register.apply(Change::RemoveGateway(self.name(c)));
                }
                let kind = ListKind::ALL[usize::from(a) % 4];
                let mut list = register.publish(kind, b.into(), wall);
                list.fits_schema = c % 8 != 7;
                Response::List(Arc::new(list))
            }
            12 => Response::Page {
                page,
                set_cookie: self.cookies[usize::from(a) % self.cookies.len()],
            },
            13 => Response::Redirect {
                to: self.name(a),
                request: self.browse((b, a, c, b, 0)),
                set_cookie: None,
            },
            14 => Response::Unavailable,
            15 => Response::BadRequest,
            16 => Response::Admit,
            _ => Response::Done,
        }
    }

    fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        let (choice, a, b, c, passed) = step;
        self.now += passed;
        let at = Instant::from_nanos(self.now);
        let now = Now::exact(at);
        match choice / 64 {
            // A response or a failure for something that was asked.
            0 if !self.asked.is_empty() => {
                let place = usize::from(b) % self.asked.len();
                let exchange = self.asked.swap_remove(place);
                if a % 8 == 7 {
                    let failure = [Failure::Refused, Failure::TimedOut, Failure::ClosedByPeer]
                        [usize::from(c) % 3];
                    self.party.handle(Input::Failed(exchange, failure), now, &mut self.out);
                } else {
                    let message = Message::Response(self.response((choice, a, b, c, 0), now.wall));
                    self.deliver(exchange, Peer::Node(self.name(a)), self.name(b), message, now);
                }
            }
            1 if choice % 8 == 7 => {
                let timers = [
                    TimerId::HumanDone,
                    TimerId::PatienceEnds,
                    TimerId::TryAgain,
                    TimerId::ForgetCodes,
                    TimerId::ForgetTokens,
                    TimerId::ForgetSessions,
                    TimerId::PullZal,
                    TimerId::PullWhitelist,
                    TimerId::PublishZal,
                    TimerId::PublishWhitelist,
                    TimerId::RenewStaple,
                    TimerId::Retry,
                    TimerId::Toy,
                ];
                let timer = timers[usize::from(a) % timers.len()];
                self.party.handle(Input::Timer(timer), now, &mut self.out);
            }
            1 if choice % 64 == 64 - 2 => self.party.handle(Input::Start, now, &mut self.out),
            _ => {
                let request = self.request((choice, a, b, c, 0), now.wall);
                self.sent += 1;
                // Far above what the outbox gives out.
                let exchange = ExchangeId { place: 1 << 30 | self.sent, turn: 0 };
                let cookie = self.cookies
                    [self.cookies.len() - 1 - usize::from(c) % self.cookies.len().min(3)];
                let from = match request {
                    Request::Browse(_) => Peer::Browser(cookie),
                    Request::Hello(_) | Request::ChangeRegister(_) | Request::Publish(..) => {
                        Peer::Operator
                    }
                    _ => [Peer::Node(self.name(b | 2)), Peer::Browser(None), Peer::Operator]
                        [usize::from(a / 16) % 3],
                };
                let to = match request {
                    Request::Browse(_) if a % 16 != 15 => self.small.zas[0].front,
                    _ => self.name(a),
                };
                if let Request::OfferCode(offer) = request {
                    self.offers.push((exchange, from, offer));
                }
                self.open.push(exchange);
                self.deliver(exchange, from, to, Message::Request(request), now);
            }
        }
        self.look()
    }

    fn deliver(
        &mut self,
        exchange: ExchangeId,
        from: Peer,
        to: NameId,
        message: Message,
        now: Now,
    ) {
        let (connection, release) = (ConnectionId(0), Release::R1_0);
        let envelope = Envelope { from, to, exchange, connection, release, message };
        self.party.handle(Input::Deliver(&envelope), now, &mut self.out);
    }

    /// Looks at what the party wants, and learns the values that it gives out.
    fn look(&mut self) -> Result<(), TestCaseError> {
        for action in std::mem::take(self.out.actions_mut()) {
            match action {
                Action::Ask(exchange, ask) => {
                    self.asked.push(exchange);
                    let message = Message::Request(ask.request);
                    self.values.extend(message.marks());
                }
                Action::Reply(exchange, response, _) => {
                    self.open.retain(|open| *open != exchange);
                    self.judge(exchange, &response)?;
                    if let Response::Page { set_cookie, .. } | Response::Redirect { set_cookie, .. } =
                        &response
                        && set_cookie.is_some()
                    {
                        self.cookies.push(*set_cookie);
                    }
                    match &response {
                        Response::Page { page, .. } => self.page = Some(*page),
                        Response::Redirect { request, .. } => self.redirect = Some(*request),
                        _ => {}
                    }
                    if let Response::Redirect {
                        to, request: Browse::Callback { code, .. }, ..
                    } = &response
                    {
                        self.issued_to.push((*code, *to));
                    }
                    self.values.extend(Message::Response(response).marks());
                }
                _ => {}
            }
        }
        self.out.works_mut().clear();
        Ok(())
    }

    fn judge(&mut self, exchange: ExchangeId, response: &Response) -> Result<(), TestCaseError> {
        let Some(place) = self.offers.iter().position(|(known, ..)| *known == exchange) else {
            return Ok(());
        };
        let (_, from, offer) = self.offers.swap_remove(place);
        if let Response::Token(_) = response {
            prop_assert!(!self.honoured.contains(&offer.code), "a code worked twice");
            self.honoured.push(offer.code);
            let issued = self.issued_to.iter().rev().find(|(code, _)| *code == offer.code);
            let Some((_, client)) = issued else {
                return Err(TestCaseError::fail("a code that was never issued worked"));
            };
            prop_assert_eq!(from, Peer::Node(*client), "another client got the token");
            prop_assert_eq!(offer.client, *client);
        }
        Ok(())
    }
}

fn blueprint(small: &Small, role: Role) -> Blueprint {
    match role {
        Role::Pgo => Blueprint::Pgo(Arc::new(small.pgos[0].clone())),
        Role::Digid => Blueprint::Digid(Arc::new(small.digid.clone())),
        Role::Stelselnode => Blueprint::Stelselnode(Arc::new(small.stelselnode.clone())),
        Role::Ocsp => Blueprint::Ocsp(Arc::new(small.ocsp)),
        Role::Xis => Blueprint::Xis(Arc::new(Records::clone(&small.records)), GP),
        Role::Za | Role::Person => Blueprint::Za(Arc::new(small.zas[0].clone())),
    }
}

fn party(small: &Small, role: Role, deviation: Option<Deviation>) -> Party {
    if role == Role::Person {
        let person = Person::new(Arc::new(small.habits.clone()), 0, small.wish(1));
        let person = Party::Person(person);
        return match deviation {
            Some(deviation) => person.deviant(deviation),
            None => person,
        };
    }
    let honest = blueprint(small, role);
    let blueprint = match deviation {
        Some(deviation) => Blueprint::Deviant(Box::new(honest), deviation),
        None => honest,
    };
    Party::begin(&blueprint, &small.stelselnode.register.publish_all())
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Mostly little time passes, sometimes more than a lifetime.
    let passed = prop_oneof![4 => 0u64..1_000_000_000, 1 => 0u64..1_000_000_000_000];
    proptest::collection::vec((any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>(), passed), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_actor_takes_any_input_in_any_state(
        role in proptest::sample::select(&Role::ALL[..]),
        right in 0u8..8,
        steps in steps(),
    ) {
        covers(&[rule::CODE_ONCE, rule::CODE_OWN_CLIENT, rule::CODE_KNOWN]);
        let small = Small::default();
        let party = party(&small, role, None);
        let mut trial = Trial::new(small, party);
        trial.party.handle(Input::Start, Now::default(), &mut trial.out);
        trial.walk(role, right);
        for step in steps {
            trial.step(step)?;
        }
    }

    #[test]
    fn every_deviant_takes_any_input_in_any_state(
        deviation in proptest::sample::select(Deviation::ALL),
        place in 0usize..3,
        right in 0u8..8,
        steps in steps(),
    ) {
        let roles = deviation.roles();
        let small = Small::default();
        let role = roles[place % roles.len()];
        let party = party(&small, role, Some(deviation));
        let mut trial = Trial::new(small, party);
        trial.party.handle(Input::Start, Now::default(), &mut trial.out);
        trial.walk(role, right);
        for step in steps {
            // Whatever a deviant does, it does not panic.
            let _ = trial.step(step);
        }
    }

    /// Once every ask has ended, every request has been answered: nobody is kept waiting.
    #[test]
    fn every_request_is_answered_once_everything_that_was_asked_has_ended(
        role in proptest::sample::select(
            &[Role::Pgo, Role::Za, Role::Digid, Role::Stelselnode, Role::Ocsp, Role::Xis][..]
        ),
        right in 0u8..8,
        steps in steps(),
    ) {
        let small = Small::default();
        let party = party(&small, role, None);
        let mut trial = Trial::new(small, party);
        trial.party.handle(Input::Start, Now::default(), &mut trial.out);
        trial.walk(role, right);
        for step in steps {
            trial.step(step)?;
        }
        let mut rounds = 0;
        while let Some(exchange) = trial.asked.pop() {
            let now = Now::exact(Instant::from_nanos(trial.now));
            trial.party.handle(Input::Failed(exchange, Failure::TimedOut), now, &mut trial.out);
            trial.look()?;
            rounds += 1;
            prop_assert!(rounds < 10_000, "it asks for ever");
        }
        prop_assert_eq!(&trial.open, &Vec::new());
    }
}

#[test]
fn the_way_that_trials_begin_with_leads_to_a_token_and_to_a_collection() {
    let small = Small::default();
    let mut za = Trial::new(Small::default(), party(&small, Role::Za, None));
    za.walk(Role::Za, 6);
    assert_eq!(za.honoured.len(), 1);
    let mut pgo = Trial::new(Small::default(), party(&small, Role::Pgo, None));
    pgo.walk(Role::Pgo, 5);
    assert_eq!(pgo.page, Some(Page::Collected { answers: 1 }));
    let mut digid = Trial::new(Small::default(), party(&small, Role::Digid, None));
    digid.walk(Role::Digid, 2);
    assert!(matches!(digid.redirect, Some(Browse::ReturnArtifact { .. })));
}
