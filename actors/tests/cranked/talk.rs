//! Talking to single hosts of the small network, message by message.

use actors::crank::{
    Crank, Silent,
    small::{DIGID, GP, LABORATORIUM, PGO, Small, ZA},
};
use protocol::{
    catalogue::Scope,
    id::{Cookie, HostId, NameId, Opaque, PersonId},
    message::{
        Assurance, Authorize, Browse, ConsentAnswer, Fetch, GrantType, OfferCode, Page, Peer,
        Request, Response, ResponseType, Secret,
    },
    rule::Rule,
    time::Duration,
};

/// The small network, and somebody who talks to its hosts.
pub struct Talk {
    pub small: Small,
    pub crank: Crank<Silent>,
}

/// A browser that stands before the consent question.
pub struct Asked {
    pub cookie: Option<Cookie>,
    pub csrf: Opaque,
    /// What brought it there.
    pub relay_state: Opaque,
}

pub const STATE: Opaque = Opaque(0x5747_4154_4521);

pub type Answer = (Response, Option<Rule>);

impl Talk {
    pub fn new(small: Small) -> Self {
        let crank = small.build(Silent);
        Self { small, crank }
    }

    pub fn seconds(&mut self, seconds: u64) {
        self.crank.run_for(Duration::from_secs(seconds));
    }

    /// What a host answers to a request.
    pub fn ask(&mut self, host: HostId, to: NameId, from: Peer, request: Request) -> Answer {
        let exchange = self.crank.send_to(host, to, from, self.small.release, request);
        self.crank.settle();
        let (response, rule) = self.crank.record.answer(exchange).expect("an answer at once");
        (response.clone(), rule)
    }

    /// What a host answers to a browser with this cookie.
    pub fn browse(&mut self, host: HostId, cookie: Option<Cookie>, request: Browse) -> Answer {
        let to = match host {
            ZA => self.small.zas[0].front,
            DIGID => self.small.digid.front,
            _ => self.small.pgos[0].name,
        };
        self.ask(host, to, Peer::Browser(cookie), Request::Browse(request))
    }

    /// A good authorization request.
    pub fn authorization(&self) -> Authorize {
        Authorize {
            client: self.small.pgos[0].name,
            redirect: self.small.pgos[0].redirect,
            scope: Scope::single(GP, LABORATORIUM),
            state: Some(STATE),
            response_type: ResponseType::Code,
        }
    }

    /// A browser with its way to DigiD: its cookie at the ZA gateway, and the request for DigiD.
    pub fn way_to_digid(&mut self) -> (Option<Cookie>, Browse) {
        let request = Browse::Authorize(self.authorization());
        let (Response::Redirect { request, set_cookie, .. }, _) = self.browse(ZA, None, request)
        else {
            panic!("a redirect to DigiD");
        };
        (set_cookie, request)
    }

    /// Logs a person in at DigiD: what the browser brings back from there.
    pub fn log_in(&mut self, authenticate: Browse, secret: Secret) -> Browse {
        let (Response::Page { page: Page::Login { csrf, .. }, set_cookie }, _) =
            self.browse(DIGID, None, authenticate)
        else {
            panic!("a login page");
        };
        let account = PersonId(7);
        let credentials = Browse::LogIn { account, secret, csrf };
        let (Response::Redirect { request, .. }, _) = self.browse(DIGID, set_cookie, credentials)
        else {
            panic!("a way back");
        };
        request
    }

    /// A browser that stands before the consent question.
    pub fn asked(&mut self) -> Asked {
        let (cookie, authenticate) = self.way_to_digid();
        let back = self.log_in(authenticate, Secret::Right(Assurance::Midden));
        let Browse::ReturnArtifact { relay_state, .. } = back else {
            panic!("an artifact");
        };
        let (Response::Page { page: Page::ConsentQuestion { csrf, .. }, .. }, _) =
            self.browse(ZA, cookie, back)
        else {
            panic!("the consent question");
        };
        Asked { cookie, csrf, relay_state }
    }

    /// A fresh code.
    pub fn code(&mut self) -> Opaque {
        let Asked { cookie, csrf, .. } = self.asked();
        let yes = Browse::AnswerConsent { answer: ConsentAnswer::Given, csrf };
        match self.browse(ZA, cookie, yes) {
            (Response::Redirect { request: Browse::Callback { code, state }, .. }, None) => {
                assert_eq!(state, STATE);
                code
            }
            other => panic!("a code, not {other:?}"),
        }
    }

    /// A good offer of that code.
    pub fn offer_of(&self, code: Opaque) -> OfferCode {
        OfferCode {
            grant_type: GrantType::AuthorizationCode,
            code,
            client: self.small.pgos[0].name,
            redirect: self.small.pgos[0].redirect,
        }
    }

    /// What the ZA gateway answers to an offer of that node.
    pub fn offer(&mut self, from: Peer, offer: OfferCode) -> Answer {
        let back = self.small.zas[0].back;
        self.ask(ZA, back, from, Request::OfferCode(offer))
    }

    /// A fresh token.
    pub fn token(&mut self) -> Opaque {
        let code = self.code();
        let offer = self.offer_of(code);
        match self.offer(self.pgo(), offer) {
            (Response::Token(grant), None) => grant.token,
            other => panic!("a token, not {other:?}"),
        }
    }

    /// A good request for data.
    pub fn fetch_with(&self, token: Opaque) -> Fetch {
        let (zorgaanbieder, dienst) = (GP, LABORATORIUM);
        Fetch { token, zorgaanbieder, dienst, call: 0, document: 0, bsn: None }
    }

    /// What the ZA gateway answers to a request for data of that node.
    pub fn fetch(&mut self, from: Peer, fetch: Fetch) -> Answer {
        let back = self.small.zas[0].back;
        self.ask(ZA, back, from, Request::Fetch(fetch))
    }

    /// The first PGO gateway, as others see it.
    pub fn pgo(&self) -> Peer {
        Peer::Node(self.small.pgos[0].name)
    }

    /// The second PGO gateway, as others see it.
    pub fn other_pgo(&self) -> Peer {
        Peer::Node(self.small.pgos[1].name)
    }

    /// A browser on the PGO's Offer page: its cookie, and the value of the form.
    pub fn at_the_offer(&mut self) -> (Option<Cookie>, Opaque) {
        match self.browse(PGO, None, Browse::Open) {
            (Response::Page { page: Page::Offer { csrf }, set_cookie }, None) => (set_cookie, csrf),
            other => panic!("an offer, not {other:?}"),
        }
    }
}
