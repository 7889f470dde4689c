//! UC Verzamelen, step by step, and ways out of it.

use protocol::{
    bsn::{Bsn, fingerprint},
    catalogue::Scope,
    contract::Work,
    id::{NameId, Opaque, PersonId},
    message::{
        Assertion, Assurance, AuthnRequest, Authorize, Availability, Browse, ConsentAnswer,
        Content, Description, Fetch, FhirAnswer, GrantType, OAuthError, OfferCode, Page, Request,
        Response, ResponseType, SamlStatus, Secret, Subject, TokenGrant, TokenType,
    },
    rule::Rule,
    time::WallTime,
    uri::{Uri, UriFlags},
};

use super::*;

const CSRF: Opaque = Opaque(1);
const STATE: Opaque = Opaque(2);
const CODE: Opaque = Opaque(3);
const TOKEN: Opaque = Opaque(4);
const ARTIFACT: Opaque = Opaque(5);

pub fn page(page: Page) -> Response {
    Response::Page { page, set_cookie: None }
}

pub fn redirect(to: NameId, request: Browse) -> Response {
    Response::Redirect { to, request, set_cookie: None }
}

pub fn choose() -> Browse {
    Browse::Choose { zorgaanbieder: HUISARTS, dienst: LAB, csrf: CSRF }
}

pub fn authorize() -> Browse {
    Browse::Authorize(Authorize {
        client: PGO_NAME,
        redirect: Uri::new(0, PGO_NAME, UriFlags::default()),
        scope: Scope::single(HUISARTS, LAB),
        state: Some(STATE),
        response_type: ResponseType::Code,
    })
}

pub fn authenticate() -> Browse {
    Browse::Authenticate(AuthnRequest {
        issuer: ZA_FRONT,
        id: Opaque(7),
        relay_state: Opaque(8),
        level: Assurance::Midden,
        signed: true,
    })
}

pub fn log_in(secret: Secret) -> Browse {
    Browse::LogIn { account: PersonId(1), secret, csrf: CSRF }
}

pub fn return_artifact() -> Browse {
    Browse::ReturnArtifact { artifact: ARTIFACT, relay_state: Opaque(8) }
}

pub fn answer_consent(answer: ConsentAnswer) -> Browse {
    Browse::AnswerConsent { answer, csrf: CSRF }
}

pub fn callback() -> Browse {
    Browse::Callback { code: CODE, state: STATE }
}

pub fn callback_error(error: OAuthError, description: Description) -> Browse {
    Browse::CallbackError { error, description, state: STATE }
}

pub fn offer_code() -> Request {
    Request::OfferCode(OfferCode {
        grant_type: GrantType::AuthorizationCode,
        code: CODE,
        client: PGO_NAME,
        redirect: Uri::new(0, PGO_NAME, UriFlags::default()),
    })
}

pub fn fetch(call: u8) -> Request {
    Request::Fetch(Fetch {
        token: TOKEN,
        zorgaanbieder: HUISARTS,
        dienst: LAB,
        call,
        document: 0,
        bsn: None,
    })
}

pub fn token() -> Response {
    Response::Token(TokenGrant {
        token: TOKEN,
        scope: Scope::single(HUISARTS, LAB),
        expires_in: 900,
        token_type: TokenType::Bearer,
        refresh_token: None,
    })
}

pub fn content(person: u32, call: u8) -> Content {
    Content {
        fingerprint: fingerprint(PersonId(person), HUISARTS, LAB, call, 1),
        version: 1,
        created: WallTime::default(),
        bytes: 20_000,
        documents: 0,
    }
}

pub fn fhir(person: u32, call: u8) -> Response {
    Response::Fhir(FhirAnswer { content: content(person, call), bsn: None })
}

pub fn assertion(status: SamlStatus, person: u32) -> Response {
    Response::ArtifactResponse(Assertion {
        status,
        signed: true,
        level: Assurance::Midden,
        bsn: Bsn(PersonId(person)),
        audience: ZA_FRONT,
        in_response_to: Opaque(7),
        not_before: WallTime::default(),
        not_on_or_after: WallTime::FAR_FUTURE,
    })
}

pub fn consent_question() -> Response {
    page(Page::ConsentQuestion {
        csrf: CSRF,
        zorgaanbieder: HUISARTS,
        dienst: LAB,
        client: PGO_NAME,
    })
}

pub fn subject(person: u32) -> Subject {
    Subject { bsn: Bsn(PersonId(person)), zorgaanbieder: HUISARTS, dienst: LAB }
}

/// Person `person` goes through UC Verzamelen; each method does the next steps.
impl Script {
    pub fn browse(&mut self, to: HostId, name: NameId, request: Browse, response: Response) {
        self.call(self.visitor, to, name, Request::Browse(request), response, None);
    }

    pub fn refused(
        &mut self,
        to: HostId,
        name: NameId,
        request: Browse,
        response: Response,
        rule: Rule,
    ) {
        self.call(self.visitor, to, name, Request::Browse(request), response, Some(rule));
    }

    /// Step 1.
    pub fn open(&mut self, person: u32) {
        self.begin(facts(person));
        self.browse(PGO, PGO_NAME, Browse::Open, page(Page::Offer { csrf: CSRF }));
    }

    /// Step 2, but for the arrival at the ZA GW.
    pub fn choose(&mut self) {
        self.think(2_000);
        self.browse(PGO, PGO_NAME, choose(), redirect(ZA_FRONT, authorize()));
    }

    /// The rest of step 2, to the login page of step 5.
    pub fn reach_digid(&mut self) {
        self.browse(ZA, ZA_FRONT, authorize(), redirect(DIGID_FRONT, authenticate()));
        let login = page(Page::Login { csrf: CSRF, again: false });
        self.browse(DIGID, DIGID_FRONT, authenticate(), login);
    }

    /// Steps 5 to 8: until the answer of the xIS has been looked at. Gives the exchange that the browser
    /// waits for.
    pub fn log_in(&mut self, person: u32, available: Availability) -> Open {
        self.think(20_000);
        let right = log_in(Secret::Right(Assurance::Midden));
        self.browse(DIGID, DIGID_FRONT, right, redirect(ZA_FRONT, return_artifact()));
        self.identify(person, available)
    }

    /// The rest of step 6, to step 8.
    pub fn identify(&mut self, person: u32, available: Availability) -> Open {
        let mut open = self.ask(self.visitor, ZA, ZA_FRONT, Request::Browse(return_artifact()));
        self.arrive(&mut open);
        self.serve(ZA, &[Work::Query]);
        let resolve =
            Request::ResolveArtifact { artifact: ARTIFACT, issuer: ZA_FRONT, signed: true };
        self.call(ZA, DIGID, DIGID_BACK, resolve, assertion(SamlStatus::Success, person), None);
        let check = Request::CheckAvailability(subject(person));
        self.call(ZA, XIS, XIS_NAME, check, Response::Availability(available), None);
        open
    }

    /// A page or redirect for the exchange that the browser waits for.
    pub fn give(&mut self, open: &Open, response: Response, refusal: Option<Rule>) {
        let envelope = self.answer(open, response, refusal);
        self.come_back(open, envelope);
    }

    /// Step 9 and most of step 10, if the answer is yes.
    pub fn consent(&mut self, answer: ConsentAnswer, response: Response) {
        self.think(10_000);
        self.browse(ZA, ZA_FRONT, answer_consent(answer), response);
    }

    /// The rest of step 10, and step 11. Gives the exchange that the browser waits for.
    pub fn call_back(&mut self) -> Open {
        let mut open = self.ask(self.visitor, PGO, PGO_NAME, Request::Browse(callback()));
        self.arrive(&mut open);
        self.serve(PGO, &[Work::LogConsent]);
        open
    }

    /// Steps 14 to 16 for one query, asked by the PGO GW.
    pub fn query(&mut self, person: u32, call: u8) {
        let mut open = self.ask(PGO, ZA, ZA_BACK, fetch(call));
        self.arrive(&mut open);
        self.serve(ZA, &[Work::CheckToken]);
        let dossier = Request::FetchDossier { subject: subject(person), call, document: 0 };
        self.call(ZA, XIS, XIS_NAME, dossier, Response::Dossier(content(person, call)), None);
        let envelope = self.answer(&open, fhir(person, call), None);
        self.come_back(&open, envelope);
        self.serve(PGO, &[Work::StoreDossier]);
    }

    /// Up to the consent question.
    pub fn reach_consent(&mut self, person: u32) {
        self.open(person);
        self.choose();
        self.reach_digid();
        let open = self.log_in(person, Availability::Available);
        self.give(&open, consent_question(), None);
    }

    /// Up to the moment at which the PGO GW has the code.
    pub fn reach_code(&mut self, person: u32) -> Open {
        self.reach_consent(person);
        self.consent(ConsentAnswer::Given, redirect(PGO_NAME, callback()));
        self.call_back()
    }

    /// All sixteen steps, with so many queries.
    pub fn verzamelen(&mut self, person: u32, queries: u8) {
        let open = self.reach_code(person);
        self.call(PGO, ZA, ZA_BACK, offer_code(), token(), None);
        for call in 0..queries {
            self.query(person, call);
        }
        self.give(&open, page(Page::Collected { answers: queries.into() }), None);
        self.end(false);
        self.leave();
    }
}
