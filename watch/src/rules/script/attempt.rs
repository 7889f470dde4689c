//! One attempt of one person, step by step, as the script has it.
//!
//! Each method is a message or a few that belong together. Judges nothing.

use super::*;

/// One person's attempt, step by step.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub flow: Option<FlowRef>,
    pub visitor: HostId,
    pub person: PersonId,
    pub pgo: HostId,
    pub za: HostId,
    pub zorgaanbieder: ZorgaanbiederId,
    pub dienst: Gegevensdienst,
    pub state: Opaque,
    pub relay_state: Opaque,
    pub artifact: Opaque,
    pub csrf: Opaque,
    pub code: Opaque,
    pub token: Opaque,
}

impl Script {
    /// A person begins.
    pub fn begin(&mut self, person: u32) -> Attempt {
        self.begin_at(person, HOSPITAL, LAB)
    }

    /// A person begins with that wish.
    pub fn begin_at(
        &mut self,
        person: u32,
        zorgaanbieder: ZorgaanbiederId,
        dienst: Gegevensdienst,
    ) -> Attempt {
        let place = self.arrivals;
        self.arrivals += 1;
        let flow = Some(FlowRef { place, id: FlowId { arrival: place, attempt: 1 } });
        let visitor = HostId::visitor(place);
        let za = self.directory.provider_gateway[zorgaanbieder.index()];
        let attempt = Attempt {
            flow,
            visitor,
            person: PersonId(person),
            pgo: PGO,
            za,
            zorgaanbieder,
            dienst,
            state: self.value(),
            relay_state: self.value(),
            artifact: self.value(),
            csrf: self.value(),
            code: self.value(),
            token: self.value(),
        };
        let facts = FlowFacts {
            kind: FlowKind::Verzamelen,
            parent: None,
            person: Some(attempt.person),
            pgo: PGO,
            za,
            zorgaanbieder,
            dienst,
            release: self.directory.release,
        };
        self.tell(flow, Told::FlowBegan { host: visitor, facts });
        attempt
    }

    /// A request of the person's browser.
    pub fn browse(&mut self, attempt: &Attempt, host: HostId, request: Browse) -> ExchangeId {
        let (to, cookie) = (self.name(host, false), Cookie { place: 1, tag: host.0 });
        let from = Peer::Browser(Some(cookie));
        self.ask(attempt.flow, attempt.visitor, to, from, None, Request::Browse(request))
    }

    /// A page comes back.
    pub fn show(&mut self, exchange: ExchangeId, page: Page) {
        self.answer(exchange, Response::Page { page, set_cookie: None });
    }

    /// A redirect comes back.
    pub fn redirect(&mut self, exchange: ExchangeId, host: HostId, request: Browse) {
        let to = self.name(host, false);
        let set_cookie = Some(Cookie { place: 1, tag: 2 });
        self.answer(exchange, Response::Redirect { to, request, set_cookie });
    }

    /// The authorization request that the PGO GW makes.
    pub fn request(&self, attempt: &Attempt) -> Authorize {
        Authorize {
            client: self.name(attempt.pgo, true),
            redirect: self.redirect_uri(attempt.pgo),
            scope: Scope::single(attempt.zorgaanbieder, attempt.dienst),
            state: Some(attempt.state),
            response_type: ResponseType::Code,
        }
    }

    /// The redirect URI of a PGO GW.
    pub fn redirect_uri(&self, pgo: HostId) -> Uri {
        self.redirects[pgo.place()]
    }

    /// Steps 1 and 2: the PGO offers, the person chooses.
    pub fn choose(&mut self, attempt: &Attempt) {
        let exchange = self.browse(attempt, attempt.pgo, Browse::Open);
        let csrf = self.value();
        self.show(exchange, Page::Offer { csrf });
        self.wait(Duration::from_secs(10));
        let Attempt { zorgaanbieder, dienst, .. } = *attempt;
        let choice = Browse::Choose { zorgaanbieder, dienst, csrf };
        let exchange = self.browse(attempt, attempt.pgo, choice);
        let request = Browse::Authorize(self.request(attempt));
        self.redirect(exchange, attempt.za, request);
    }

    /// Steps 3 and 4: the ZA GW sends the browser to DigiD.
    pub fn authorize(&mut self, attempt: &Attempt) {
        let exchange = self.browse(attempt, attempt.za, Browse::Authorize(self.request(attempt)));
        let request = Browse::Authenticate(self.authn_request(attempt));
        self.redirect(exchange, DIGID, request);
    }

    fn authn_request(&self, attempt: &Attempt) -> AuthnRequest {
        AuthnRequest {
            issuer: self.name(attempt.za, true),
            id: attempt.relay_state,
            relay_state: attempt.relay_state,
            level: Assurance::Midden,
            signed: true,
        }
    }

    /// Steps 5 and 6: the person logs in.
    pub fn log_in(&mut self, attempt: &Attempt) {
        let request = Browse::Authenticate(self.authn_request(attempt));
        let exchange = self.browse(attempt, DIGID, request);
        let csrf = self.value();
        self.show(exchange, Page::Login { csrf, again: false });
        self.wait(Duration::from_secs(25));
        let secret = Secret::Right(Assurance::Midden);
        let request = Browse::LogIn { account: attempt.person, secret, csrf };
        let exchange = self.browse(attempt, DIGID, request);
        let Attempt { artifact, relay_state, .. } = *attempt;
        self.redirect(exchange, attempt.za, Browse::ReturnArtifact { artifact, relay_state });
    }

    /// The browser brings the artifact.
    pub fn return_artifact(&mut self, attempt: &Attempt) -> ExchangeId {
        let Attempt { artifact, relay_state, .. } = *attempt;
        self.browse(attempt, attempt.za, Browse::ReturnArtifact { artifact, relay_state })
    }

    /// Step 7: DigiD says who it is.
    pub fn identify(&mut self, attempt: &Attempt, returned: ExchangeId, status: SamlStatus) {
        let issuer = self.name(attempt.za, true);
        let request = Request::ResolveArtifact { artifact: attempt.artifact, issuer, signed: true };
        let exchange = self.ask_back(attempt.flow, attempt.za, DIGID, Some(returned), request);
        let wall = self.wall(DIGID);
        let assertion = Assertion {
            status,
            signed: true,
            level: Assurance::Midden,
            bsn: Bsn(attempt.person),
            audience: issuer,
            in_response_to: attempt.relay_state,
            not_before: wall - Duration::from_secs(120),
            not_on_or_after: wall + Duration::from_secs(120),
        };
        self.answer(exchange, Response::ArtifactResponse(assertion));
    }

    /// Step 8: the source says whether there is anything.
    pub fn look_up(&mut self, attempt: &Attempt, returned: ExchangeId, availability: Availability) {
        let request = Request::CheckAvailability(subject(attempt));
        let exchange = self.ask_source(attempt, returned, request);
        self.answer(exchange, Response::Availability(availability));
    }

    /// The ZA GW asks the source.
    pub fn ask_source(
        &mut self,
        attempt: &Attempt,
        parent: ExchangeId,
        request: Request,
    ) -> ExchangeId {
        let xis = HostId(XIS.0 + attempt.zorgaanbieder.0);
        let (to, from) = (self.name(xis, true), Peer::Node(self.name(attempt.za, true)));
        self.ask(attempt.flow, attempt.za, to, from, Some(parent), request)
    }

    /// Step 9: the question.
    pub fn question(&mut self, attempt: &Attempt, exchange: ExchangeId) {
        let Attempt { csrf, zorgaanbieder, dienst, .. } = *attempt;
        let client = self.name(attempt.pgo, true);
        self.show(exchange, Page::ConsentQuestion { csrf, zorgaanbieder, dienst, client });
        self.wait(Duration::from_secs(12));
    }

    /// Steps 7 to 9.
    pub fn ask_consent(&mut self, attempt: &Attempt) {
        let returned = self.return_artifact(attempt);
        self.identify(attempt, returned, SamlStatus::Success);
        self.look_up(attempt, returned, Availability::Available);
        self.question(attempt, returned);
    }

    /// The browser brings an answer to the question.
    pub fn answer_consent(&mut self, attempt: &Attempt, answer: ConsentAnswer) -> ExchangeId {
        let request = Browse::AnswerConsent { answer, csrf: attempt.csrf };
        self.browse(attempt, attempt.za, request)
    }

    /// Step 10: the code.
    pub fn give_code(&mut self, attempt: &Attempt, exchange: ExchangeId) {
        self.note(attempt.flow, attempt.za, Note::ConsentLogged);
        let Attempt { code, state, .. } = *attempt;
        self.redirect(exchange, attempt.pgo, Browse::Callback { code, state });
    }

    /// An exception instead of a code.
    pub fn tell_pgo(
        &mut self,
        attempt: &Attempt,
        exchange: ExchangeId,
        error: OAuthError,
        description: Description,
    ) {
        let state = attempt.state;
        self.redirect(exchange, attempt.pgo, Browse::CallbackError { error, description, state });
    }

    /// The PGO GW tells the person what it was told.
    pub fn tell_person(
        &mut self,
        attempt: &Attempt,
        error: OAuthError,
        description: Description,
        exception: Exception,
    ) {
        let request = Browse::CallbackError { error, description, state: attempt.state };
        let exchange = self.browse(attempt, attempt.pgo, request);
        self.show(exchange, Page::Told(exception));
    }

    /// Step 11: the browser brings the code.
    pub fn bring_code(&mut self, attempt: &Attempt) -> ExchangeId {
        let Attempt { code, state, .. } = *attempt;
        let exchange = self.browse(attempt, attempt.pgo, Browse::Callback { code, state });
        self.note(attempt.flow, attempt.pgo, Note::CodeTakenAsConsent);
        exchange
    }

    /// Step 12: the offer.
    pub fn offer(&mut self, attempt: &Attempt, brought: ExchangeId) -> ExchangeId {
        let offer = OfferCode {
            grant_type: GrantType::AuthorizationCode,
            code: attempt.code,
            client: self.name(attempt.pgo, true),
            redirect: self.redirect_uri(attempt.pgo),
        };
        let request = Request::OfferCode(offer);
        self.ask_back(attempt.flow, attempt.pgo, attempt.za, Some(brought), request)
    }

    /// Step 13: the token.
    pub fn grant(&mut self, attempt: &Attempt, offered: ExchangeId) {
        let grant = TokenGrant {
            token: attempt.token,
            scope: Scope::single(attempt.zorgaanbieder, attempt.dienst),
            expires_in: 900,
            token_type: TokenType::Bearer,
            refresh_token: None,
        };
        self.answer(offered, Response::Token(grant));
    }

    /// Step 14: one query.
    pub fn fetch(&mut self, attempt: &Attempt, brought: ExchangeId, call: u8) -> ExchangeId {
        let Attempt { token, zorgaanbieder, dienst, .. } = *attempt;
        let fetch = Fetch { token, zorgaanbieder, dienst, call, document: 0, bsn: None };
        let request = Request::Fetch(fetch);
        self.ask_back(attempt.flow, attempt.pgo, attempt.za, Some(brought), request)
    }

    /// The data of a person.
    pub fn content(&self, attempt: &Attempt, person: PersonId, call: u8) -> Content {
        let Attempt { zorgaanbieder, dienst, .. } = *attempt;
        Content {
            fingerprint: fingerprint(person, zorgaanbieder, dienst, call, 1),
            version: 1,
            created: WallTime::default(),
            bytes: 20_000,
            documents: 0,
        }
    }

    /// Step 15: the source gives, and so does the ZA GW.
    pub fn give(&mut self, attempt: &Attempt, fetched: ExchangeId, call: u8) {
        let request = Request::FetchDossier { subject: subject(attempt), call, document: 0 };
        let asked = self.ask_source(attempt, fetched, request);
        let content = self.content(attempt, attempt.person, call);
        self.answer(asked, Response::Dossier(content));
        self.answer(fetched, Response::Fhir(FhirAnswer { content, bsn: None }));
    }

    /// Step 16: one answer is stored.
    pub fn store(&mut self, attempt: &Attempt, call: u8) {
        let Attempt { zorgaanbieder, dienst, pgo, .. } = *attempt;
        let received = self.wall(pgo);
        let stored = Stored { zorgaanbieder, dienst, call, bytes: 20_000, received, version: 1 };
        self.note(attempt.flow, pgo, Note::Stored(stored));
    }

    /// Steps 14 to 16, and the end.
    pub fn collect(&mut self, attempt: &Attempt, brought: ExchangeId) {
        let calls = attempt.dienst.calls();
        for call in (0..calls.len()).filter(|call| !calls[*call].per_document) {
            let fetched = self.fetch(attempt, brought, call as u8);
            self.give(attempt, fetched, call as u8);
            self.store(attempt, call as u8);
        }
        self.show(brought, Page::Collected { answers: calls.len() as u16 });
        self.finish(attempt);
    }

    /// The person is done.
    pub fn finish(&mut self, attempt: &Attempt) {
        self.tell(attempt.flow, Told::FlowEnded { host: attempt.visitor });
    }

    /// Steps 1 to 9.
    pub fn until_question(&mut self, attempt: &Attempt) {
        self.choose(attempt);
        self.authorize(attempt);
        self.log_in(attempt);
        self.ask_consent(attempt);
    }

    /// Steps 1 to 10.
    pub fn until_code(&mut self, attempt: &Attempt) {
        self.until_question(attempt);
        let answered = self.answer_consent(attempt, ConsentAnswer::Given);
        self.give_code(attempt, answered);
    }

    /// All sixteen steps.
    pub fn verzamelen(&mut self, person: u32) -> Attempt {
        let attempt = self.begin(person);
        self.all_steps(&attempt);
        attempt
    }

    /// All sixteen steps of an attempt.
    pub fn all_steps(&mut self, attempt: &Attempt) {
        self.until_code(attempt);
        let brought = self.bring_code(attempt);
        let offered = self.offer(attempt, brought);
        self.grant(attempt, offered);
        self.collect(attempt, brought);
    }
}

fn subject(attempt: &Attempt) -> Subject {
    let Attempt { person, zorgaanbieder, dienst, .. } = *attempt;
    Subject { bsn: Bsn(person), zorgaanbieder, dienst }
}
