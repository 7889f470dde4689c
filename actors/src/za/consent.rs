//! The consent question and its answer: on a yes a code is made (steps 9 and 10, exceptions 4 and 5).
//!
//! The answer counts only from the browser that saw the question (OWNER_PRESENT) and with the value of its
//! form, which no other page knows (NO_CLICKJACKING). Does not decide whether there is anything to
//! consent to (`login.rs`) or what a code is worth (`token.rs`).

use protocol::{
    bsn::Bsn,
    contract::{Outbox, Work},
    id::{Cookie, ExchangeId, Opaque},
    message::{ConsentAnswer, Page, Response},
    rule,
    time::Now,
    trace::Note,
};

use super::{
    Answer, ArtifactMark, Denial, FormSecret, Place, Request, Session, Za, grants::Grant, refuse,
};
use crate::durable::Consent;

impl Za {
    /// Step 9.
    pub(super) fn ask_consent(
        &mut self,
        place: Place,
        request: Request,
        artifact: ArtifactMark,
        bsn: Bsn,
        browser: ExchangeId,
        out: &mut Outbox,
    ) {
        let random = out.draw();
        let form = [random as u32, (random >> 32) as u32];
        self.sessions.set(place, Session::AwaitsConsent { request, artifact, bsn, form });
        self.show_question(place, request, form, browser, out);
        let session = self.sessions.cookie(place);
        while let Some(other) = self.also.iter().position(|(cookie, _)| *cookie == session) {
            let (_, browser) = self.also.swap_remove(other);
            self.show_question(place, request, form, browser, out);
        }
    }

    /// In the prescribed words: to this Zorgaanbieder, for this Gegevensdienst, with this PGO.
    pub(super) fn show_question(
        &self,
        place: Place,
        request: Request,
        form: FormSecret,
        browser: ExchangeId,
        out: &mut Outbox,
    ) {
        let page = match (self.clients.get(request.client), self.scope(request).services().next()) {
            (Some(client), Some(dienst)) => Page::ConsentQuestion {
                csrf: self.form_value(place, form),
                zorgaanbieder: request.zorgaanbieder,
                dienst,
                client: client.name,
            },
            _ => Page::NoSession,
        };
        out.reply(browser, Response::Page { page, set_cookie: None }, Work::RenderPage);
    }

    /// Step 10.
    pub(super) fn on_consent(
        &mut self,
        answer: ConsentAnswer,
        csrf: Opaque,
        cookie: Option<Cookie>,
        browser: ExchangeId,
        now: Now,
        out: &mut Outbox,
    ) {
        let place = self.sessions.of_browser(cookie);
        let session = place.and_then(|place| self.sessions.get(place)).copied();
        let (Some(place), Some(session)) = (place, session) else {
            return refuse(rule::OWNER_PRESENT, Page::NoSession, browser, out);
        };
        let not_established = Answer::Denied(Denial::Authorization);
        match session {
            // The form was sent twice: the second time gets what the first time got.
            Session::Answered { request, answer } => {
                self.send_back(request, answer, None, browser, out);
            }
            // Nobody saw the question in this session.
            Session::AwaitsArtifact(request)
            | Session::AwaitsAssertion { request, .. }
            | Session::AwaitsAvailability { request, .. } => {
                let why = Some(rule::OWNER_PRESENT);
                self.conclude(place, (request, not_established), why, browser, now, out);
            }
            Session::Expired(request) => self.tell_too_late(place, request, browser, now, out),
            Session::AwaitsConsent { request, .. } if !self.is_alive(place, now.monotonic) => {
                self.tell_too_late(place, request, browser, now, out);
            }
            Session::AwaitsConsent { request, form, .. }
                if csrf != self.form_value(place, form) =>
            {
                let why = Some(rule::NO_CLICKJACKING);
                self.conclude(place, (request, not_established), why, browser, now, out);
            }
            Session::AwaitsConsent { request, bsn, .. } => {
                let answer = self.weigh(answer, request, bsn, now, out);
                self.conclude(place, (request, answer), None, browser, now, out);
            }
        }
    }

    /// What follows from the person's answer. Both answers are logged.
    fn weigh(
        &mut self,
        answer: ConsentAnswer,
        request: Request,
        bsn: Bsn,
        now: Now,
        out: &mut Outbox,
    ) -> Answer {
        match answer {
            ConsentAnswer::Given => {
                self.log(answer, request, bsn, now, out);
                out.note(Note::ConsentLogged);
                out.work(Work::IssueCode);
                let grant = Grant {
                    bsn,
                    zorgaanbieder: request.zorgaanbieder,
                    client: request.client,
                    services: request.services,
                    instance: 0,
                };
                let validity = self.config.terms.of(self.release(request)).code_validity;
                match self.grants.issue_code(grant, validity, now.monotonic, out) {
                    Some(code) => Answer::Code(code),
                    None => Answer::Denied(Denial::Server),
                }
            }
            ConsentAnswer::Refused => {
                self.log(answer, request, bsn, now, out);
                out.note(Note::RefusalLogged);
                Answer::Denied(Denial::Refused)
            }
            ConsentAnswer::Unclear => Answer::Denied(Denial::Authorization),
        }
    }

    fn log(
        &mut self,
        answer: ConsentAnswer,
        request: Request,
        bsn: Bsn,
        now: Now,
        out: &mut Outbox,
    ) {
        let client = self.clients.get(request.client).map(|client| client.name);
        let dienst = self.scope(request).services().next();
        if let (Some(client), Some(dienst)) = (client, dienst) {
            let zorgaanbieder = request.zorgaanbieder;
            let consent = Consent { at: now.wall, bsn, zorgaanbieder, dienst, client, answer };
            self.durable.consents.write(consent);
        }
        out.work(Work::LogConsent);
    }

    /// The value of the consent form: its secret, and the session's place.
    fn form_value(&self, place: Place, [low, high]: FormSecret) -> Opaque {
        let place = u128::from(self.sessions.cookie(place).place);
        Opaque(u128::from(high) << 96 | u128::from(low) << 64 | place)
    }
}
