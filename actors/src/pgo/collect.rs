//! The PGO gateway's back channel: the code is offered once, then the queries of the service go one by one with
//! the token, and every answer is stored (steps 11, 12, 14 and 16).
//!
//! Does not see a browser, nor anything that says who the person is.

use protocol::{
    contract::{Ask, Outbox, Work},
    id::{Cookie, ExchangeId, NameId, Opaque},
    message::{
        Exception, Fetch, FhirAnswer, GrantType, Issue, OAuthError, OfferCode, Request, Response,
        TokenType,
    },
    rule,
    time::Now,
    trace::{Limit, Note, Stored},
};

use super::{Collection, Ending, Pgo, Place, Session};
use crate::durable::{DossierItem, ProofOfConsent};

impl Pgo {
    /// Steps 11 and 12. A code is offered at most once (APP 12): the session goes on at once.
    pub(super) fn offer_code(
        &mut self,
        place: Place,
        collection: Collection,
        code: Opaque,
        browser: ExchangeId,
        now: Now,
        out: &mut Outbox,
    ) {
        let Collection { zorgaanbieder, dienst, .. } = collection;
        let proof = ProofOfConsent { at: now.wall, code, zorgaanbieder, dienst };
        self.durable.proofs.write(proof);
        out.note(Note::CodeTakenAsConsent);
        out.work(Work::LogConsent);
        self.sessions.set(place, Session::AwaitsToken { collection, browser });
        let Some(to) = self.addresses(collection).map(|addresses| addresses.token.host) else {
            // The list changed since the person chose.
            self.finish(place, Ending::Unreachable, now, out);
            return;
        };
        let request = Request::OfferCode(OfferCode {
            grant_type: GrantType::AuthorizationCode,
            code,
            client: self.config.name,
            redirect: self.config.redirect,
        });
        self.ask(place, collection, browser, to, request, out);
    }

    /// A ZA gateway answered.
    pub(super) fn on_answer(
        &mut self,
        session: Cookie,
        response: &Response,
        now: Now,
        out: &mut Outbox,
    ) {
        let Some(place) = self.sessions.of_browser(Some(session)) else {
            out.note(Note::Unexpected(response.kind()));
            return;
        };
        match (self.sessions.get(place).copied(), response) {
            (Some(Session::AwaitsToken { collection, browser }), Response::Token(grant)) => {
                if grant.token_type != TokenType::Bearer {
                    // APP 7. The person learns no more than that it failed.
                    let page = Ending::Unreachable.page();
                    super::refuse(rule::BEARER, page, browser, out);
                    self.sessions.end(place, Session::Over(Ending::Unreachable), now.monotonic);
                    return;
                }
                let token = grant.token;
                let first = Session::AwaitsAnswer {
                    token,
                    browser,
                    collection,
                    documents: 0,
                    document: 0,
                    call: 0,
                };
                self.fetch(place, first, now, out);
            }
            (Some(Session::AwaitsToken { .. }), Response::TokenError(error)) => {
                let ending = match error {
                    OAuthError::ServerError | OAuthError::TemporarilyUnavailable => {
                        Ending::Unreachable
                    }
                    _ => Ending::Told(Exception::Code),
                };
                self.finish(place, ending, now, out);
            }
            (Some(session @ Session::AwaitsAnswer { .. }), Response::Fhir(answer)) => {
                self.store(place, session, answer, now, out);
            }
            (Some(Session::AwaitsAnswer { .. }), Response::OperationOutcome(issue)) => {
                let exception = match issue {
                    Issue::Suppressed => Exception::Token,
                    Issue::Incomplete => Exception::Delivery,
                };
                self.finish(place, Ending::Told(exception), now, out);
            }
            (Some(Session::AwaitsToken { .. } | Session::AwaitsAnswer { .. }), _) => {
                out.note(Note::Unexpected(response.kind()));
                self.finish(place, Ending::Unreachable, now, out);
            }
            // The person had the PGO stop meanwhile.
            _ => out.note(Note::Unexpected(response.kind())),
        }
    }

    /// A ZA gateway did not answer.
    pub(super) fn on_no_answer(&mut self, session: Cookie, now: Now, out: &mut Outbox) {
        if let Some(place) = self.sessions.of_browser(Some(session))
            && let Some(Session::AwaitsToken { .. } | Session::AwaitsAnswer { .. }) =
                self.sessions.get(place)
        {
            self.finish(place, Ending::Unreachable, now, out);
        }
    }

    /// Step 16: with its origin, the time, and how consent was given. An element that would identify the
    /// person is left where it is (APP 5): nothing here keeps it.
    fn store(
        &mut self,
        place: Place,
        session: Session,
        answer: &FhirAnswer,
        now: Now,
        out: &mut Outbox,
    ) {
        let Session::AwaitsAnswer { token, browser, collection, documents, document, call } =
            session
        else {
            return;
        };
        let content = answer.content;
        let stored = Stored {
            zorgaanbieder: collection.zorgaanbieder,
            dienst: collection.dienst,
            call,
            bytes: content.bytes,
            received: now.wall,
            version: content.version,
        };
        self.durable.dossier.write(DossierItem {
            session: self.sessions.cookie(place),
            stored,
            fingerprint: content.fingerprint,
        });
        out.note(Note::Stored(stored));
        out.work(Work::StoreDossier);
        let calls = collection.dienst.calls();
        let is_per_document =
            |call: u8| calls.get(usize::from(call)).is_some_and(|call| call.per_document);
        let after = call.saturating_add(1);
        let (call, document, documents) = if is_per_document(call) {
            let last = document.saturating_add(1) >= documents;
            if last { (after, 0, documents) } else { (call, document + 1, documents) }
        } else if is_per_document(after) {
            (after, 0, self.documents_to_fetch(content.documents, out))
        } else {
            (after, 0, documents)
        };
        let next = Session::AwaitsAnswer { token, browser, collection, documents, document, call };
        self.fetch(place, next, now, out);
    }

    fn documents_to_fetch(&self, listed: u16, out: &mut Outbox) -> u16 {
        if listed > self.config.max_documents {
            out.note(Note::LimitReached(Limit::Documents));
        }
        listed.min(self.config.max_documents)
    }

    /// Step 14, for the query where `next` stands, or the end if there is none left.
    fn fetch(&mut self, place: Place, next: Session, now: Now, out: &mut Outbox) {
        let Session::AwaitsAnswer { token, browser, collection, documents, document, mut call } =
            next
        else {
            return;
        };
        let calls = collection.dienst.calls();
        while let Some(asked) = calls.get(usize::from(call))
            && asked.per_document
            && documents == 0
        {
            call += 1;
        }
        self.sessions.set(
            place,
            Session::AwaitsAnswer { token, browser, collection, documents, document, call },
        );
        if usize::from(call) >= calls.len() {
            let single = calls.iter().filter(|call| !call.per_document).count() as u16;
            let answers = single.saturating_add(documents);
            self.finish(place, Ending::Collected(answers), now, out);
            return;
        }
        let resource = self.addresses(collection).and_then(|addresses| addresses.resource(call));
        let Some(to) = resource.map(|resource| resource.host) else {
            self.finish(place, Ending::Unreachable, now, out);
            return;
        };
        let request = Request::Fetch(Fetch {
            token,
            zorgaanbieder: collection.zorgaanbieder,
            dienst: collection.dienst,
            call,
            document,
            bsn: None,
        });
        self.ask(place, collection, browser, to, request, out);
    }

    fn ask(
        &mut self,
        place: Place,
        collection: Collection,
        browser: ExchangeId,
        to: NameId,
        request: Request,
        out: &mut Outbox,
    ) {
        let ask = Ask::for_the_sake_of(Some(browser), to, collection.release, request);
        let exchange = out.ask(ask, Work::Query);
        self.asked.insert(exchange, self.sessions.cookie(place));
    }
}
