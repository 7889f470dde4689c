//! The SAML service provider: an artifact comes back from DigiD, DigiD says whose it is, and the systems behind
//! say whether there is anything for that person (steps 6 to 8, exceptions 2 and 3).
//!
//! Does not ask for credentials (DigiD does) or for consent (`consent.rs`).

use protocol::{
    bsn::Bsn,
    contract::{Ask, Outbox, Work},
    id::{Cookie, ExchangeId, Opaque},
    message::{
        Assertion, Assurance, Availability, Kind, Page, Request as Asks, Response, SamlStatus,
        Subject,
    },
    rule,
    time::{Now, WallTime},
    trace::Note,
};

use super::{
    Answer, ArtifactMark, Asked, Denial, Place, Request, Session, Za, authorize::request_id, mark,
    refuse,
};

impl Za {
    /// Step 6.
    pub(super) fn on_return(
        &mut self,
        artifact: Opaque,
        relay_state: Opaque,
        cookie: Option<Cookie>,
        browser: ExchangeId,
        now: Now,
        out: &mut Outbox,
    ) {
        let place = self.sessions.of_browser(cookie);
        let session = place.and_then(|place| self.sessions.get(place)).copied();
        let (Some(place), Some(session)) = (place, session) else {
            return refuse(rule::SESSION_OF_BROWSER, Page::NoSession, browser, out);
        };
        if self.sessions.key(place) != relay_state {
            return refuse(rule::SESSION_OF_BROWSER, Page::NoSession, browser, out);
        }
        match session {
            Session::Answered { request, answer } => {
                self.send_back(request, answer, None, browser, out);
            }
            Session::AwaitsAssertion { .. } | Session::AwaitsAvailability { .. } => {
                self.join(place, browser, out);
            }
            Session::Expired(request) => self.tell_too_late(place, request, browser, now, out),
            Session::AwaitsArtifact(request) | Session::AwaitsConsent { request, .. }
                if !self.is_alive(place, now.monotonic) =>
            {
                self.tell_too_late(place, request, browser, now, out);
            }
            Session::AwaitsConsent { request, artifact: before, form, .. }
                if before == mark(artifact) =>
            {
                // The page was loaded again: an artifact is resolved once, the question is the same.
                self.show_question(place, request, form, browser, out);
            }
            // In a session that awaits consent: the person went back, and logged in anew.
            Session::AwaitsArtifact(request) | Session::AwaitsConsent { request, .. } => {
                self.resolve(place, request, artifact, browser, out);
            }
        }
    }

    /// Step 7, over the back channel.
    fn resolve(
        &mut self,
        place: Place,
        request: Request,
        artifact: Opaque,
        browser: ExchangeId,
        out: &mut Outbox,
    ) {
        let resolve = Asks::ResolveArtifact { artifact, issuer: self.config.back, signed: true };
        let release = self.release(request);
        let ask = Ask::for_the_sake_of(Some(browser), self.config.digid_back, release, resolve);
        let exchange = out.ask(ask, Work::Query);
        self.asked.insert(exchange, Asked::Assertion(self.sessions.cookie(place)));
        let artifact = mark(artifact);
        self.sessions.set(place, Session::AwaitsAssertion { request, artifact, browser });
    }

    /// DigiD answered, or did not.
    pub(super) fn on_assertion(
        &mut self,
        session: Cookie,
        response: Option<&Response>,
        now: Now,
        out: &mut Outbox,
    ) {
        let place = self.sessions.of_browser(Some(session));
        let session = place.and_then(|place| self.sessions.get(place)).copied();
        let (Some(place), Some(Session::AwaitsAssertion { request, artifact, browser })) =
            (place, session)
        else {
            // It was answered otherwise meanwhile.
            out.note(Note::Unexpected(Kind::ArtifactResponse));
            return;
        };
        out.work(Work::VerifySignature);
        let not_established = (request, Answer::Denied(Denial::Identity));
        let why = match response {
            Some(Response::ArtifactResponse(assertion)) => {
                if self.is_valid(assertion, place, request, now.wall) {
                    self.ask_availability(place, request, artifact, assertion.bsn, browser, out);
                    return;
                }
                // A person who cancels breaks no rule.
                let is_an_answer = assertion.signed && assertion.status != SamlStatus::Success;
                (!is_an_answer).then_some(rule::ASSERTION_VALID)
            }
            other => {
                unhelpful(other, out);
                None
            }
        };
        self.conclude(place, not_established, why, browser, now, out);
    }

    /// Signed, a success, for this service provider and this request, in time, at the level asked.
    fn is_valid(
        &self,
        assertion: &Assertion,
        place: Place,
        request: Request,
        wall: WallTime,
    ) -> bool {
        let level =
            self.behind(request.zorgaanbieder).map_or(Assurance::Hoog, |behind| behind.level);
        assertion.signed
            && assertion.status == SamlStatus::Success
            && assertion.audience == self.config.back
            && assertion.in_response_to == request_id(self.sessions.key(place))
            && assertion.not_before <= wall
            && wall < assertion.not_on_or_after
            && assertion.level >= level
    }

    /// Step 8, behind the gateway.
    fn ask_availability(
        &mut self,
        place: Place,
        request: Request,
        artifact: ArtifactMark,
        bsn: Bsn,
        browser: ExchangeId,
        out: &mut Outbox,
    ) {
        let zorgaanbieder = request.zorgaanbieder;
        let dienst = self.scope(request).services().next();
        let xis = self.behind(zorgaanbieder).map(|behind| behind.xis);
        // Both were there when the request was found good, and neither can go.
        let (Some(dienst), Some(xis)) = (dienst, xis) else { return };
        let asks = Asks::CheckAvailability(Subject { bsn, zorgaanbieder, dienst });
        let release = self.release(request);
        let exchange =
            out.ask(Ask::for_the_sake_of(Some(browser), xis, release, asks), Work::Query);
        self.asked.insert(exchange, Asked::Availability(self.sessions.cookie(place)));
        self.sessions.set(place, Session::AwaitsAvailability { request, artifact, browser, bsn });
    }

    /// The systems behind answered, or did not.
    pub(super) fn on_availability(
        &mut self,
        session: Cookie,
        response: Option<&Response>,
        now: Now,
        out: &mut Outbox,
    ) {
        let place = self.sessions.of_browser(Some(session));
        let session = place.and_then(|place| self.sessions.get(place)).copied();
        let (Some(place), Some(Session::AwaitsAvailability { request, artifact, browser, bsn })) =
            (place, session)
        else {
            out.note(Note::Unexpected(Kind::Availability));
            return;
        };
        let (denial, why) = match response {
            Some(Response::Availability(Availability::Available)) => {
                self.ask_consent(place, request, artifact, bsn, browser, out);
                return;
            }
            Some(Response::Availability(Availability::Nothing)) => (Denial::NoData, None),
            // Told as if there were nothing, and counted apart.
            Some(Response::Availability(Availability::UnderAge)) => {
                (Denial::NoData, Some(rule::AGE_LIMIT))
            }
            // Whether there is anything is not known, so nobody can be asked for consent to it. The source
            // has exception 8 for systems that do not answer, but that needs a token: exception 5 it is.
            other => {
                unhelpful(other, out);
                (Denial::Authorization, None)
            }
        };
        self.conclude(place, (request, Answer::Denied(denial)), why, browser, now, out);
    }
}

/// A peer answered, but not what was asked.
fn unhelpful(response: Option<&Response>, out: &mut Outbox) {
    if let Some(response) = response {
        out.note(Note::Unexpected(response.kind()));
    }
}
