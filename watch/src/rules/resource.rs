//! The resource endpoint: tokens come in, data go out (steps 14 and 15, exceptions 7 and 8).
//!
//! Whose data an answer holds is told by its fingerprint, which no actor can read. Times are judged as in
//! `grants.rs`.

use protocol::{
    bsn::fingerprint,
    id::{ExchangeId, HostId, PersonId},
    live_set::Ticket,
    message::{Fetch, FhirAnswer, Issue, Peer, Response},
    release::{Release, Terms},
    rule,
};

use super::{
    Checkers,
    exchanges::{Answer, Exchange},
    grants::{MARGIN, Token},
    verdict::Why,
};

// What was found of a request when it arrived, and what came back from the source since.
/// The token was issued here.
const KNOWN: u16 = 1;
/// Its time was over already.
const DEAD: u16 = 1 << 1;
/// It covers what is asked.
const COVERED: u16 = 1 << 2;
/// The client showed a certificate.
const NODE: u16 = 1 << 3;
/// It says nothing of who the person is.
const ANONYMOUS: u16 = 1 << 4;
/// The catalogue has such a query for the service.
const IN_CATALOGUE: u16 = 1 << 8;
/// It is no token that was issued here, but a value that went through a URL.
const IN_URL: u16 = 1 << 7;
/// The source gave data.
const GAVE: u16 = 1 << 5;
/// The source did not.
const GAVE_NOT: u16 = 1 << 6;

impl Checkers {
    pub(super) fn token_arrives(
        &mut self,
        za: HostId,
        exchange: ExchangeId,
        from: Peer,
        release: Release,
        fetch: &Fetch,
    ) {
        let now = self.now;
        let Some(open) = self.exchanges.get_mut(exchange) else { return };
        let node = matches!(from, Peer::Node(_));
        self.docket.judge(rule::CONFIDENTIAL_CLIENT, open.asker, node, Why::ThroughBrowser);
        open.small = fetch.call;
        open.mark(NODE, node);
        open.mark(ANONYMOUS, fetch.bsn.is_none());
        open.mark(IN_CATALOGUE, usize::from(fetch.call) < fetch.dienst.calls().len());
        let Some(server) = self.grants.server(za) else { return };
        let Some(ticket) = server.tokens.ticket_of(fetch.token) else {
            open.mark(IN_URL, server.was_in_url(fetch.token));
            return;
        };
        let Some((since, token)) = server.tokens.at(ticket) else { return };
        let covered = token.zorgaanbieder == fetch.zorgaanbieder && token.dienst == fetch.dienst;
        open.detail = ticket.0;
        open.mark(KNOWN, true);
        open.mark(COVERED, covered);
        open.mark(DEAD, now.since(since) >= Terms::of(release).token_validity);
        let own = token.client == open.asker || token.collided;
        self.docket.judge(rule::ACCESS_TOKENS_KEPT, open.asker, own, Why::TokenOfOther);
    }

    /// The source answered the ZA GW, or did not.
    pub(super) fn source_answers(&mut self, exchange: ExchangeId, gave: bool) {
        if let Some(parent) = self.exchanges.parent_of(exchange) {
            parent.marks |= if gave { GAVE } else { GAVE_NOT };
        }
    }

    pub(super) fn answers_fetch(&mut self, answer: &Answer<'_>) {
        let Answer { from: za, ref open, flow, response, release, .. } = *answer;
        let token = self.grants.server(za).and_then(|server| {
            let (since, token) =
                server.tokens.at(Ticket(open.detail)).filter(|_| open.has(KNOWN))?;
            Some((since, *token, server.may_be_revoked(token, since)))
        });
        match response {
            Response::Unavailable => {}
            Response::Fhir(fhir) => {
                let person = self.flows.get(flow).and_then(|flow| flow.person());
                self.gives_data(za, open, token.map(|(_, token, _)| token), person, fhir);
            }
            _ => {
                let (now, lifetime) = (self.now, Terms::of(release).token_validity);
                let surely_good = token.is_some_and(|(since, _, may_be_revoked)| {
                    now.since(since) + MARGIN < lifetime
                        && !may_be_revoked
                        && !self.cast.crashed_since(za, since)
                });
                self.gives_no_data(za, open, surely_good, response);
            }
        }
    }

    fn gives_data(
        &mut self,
        za: HostId,
        open: &Exchange,
        token: Option<Token>,
        asker: Option<PersonId>,
        answer: &FhirAnswer,
    ) {
        let docket = &mut self.docket;
        let node = open.has(NODE);
        docket.judge(rule::MUTUAL_CERTIFICATES, za, node, Why::WithoutCertificate);
        docket.judge(rule::NORM_CRYPTOGRAPHY, za, node, Why::WithoutCertificate);
        docket.judge(rule::TOKEN_KNOWN, za, open.has(KNOWN), Why::NeverIssued);
        docket.judge(rule::TOKEN_THREATS, za, !open.has(IN_URL), Why::TokenInUrl);
        let anonymous = answer.bsn.is_none();
        docket.judge(rule::NO_IDENTITY_BETWEEN, za, anonymous, Why::BsnInAnswer);
        docket.judge(rule::STEP_BSN, za, anonymous, Why::BsnInAnswer);
        docket.judge(rule::CATALOGUE_STANDARDS, za, open.has(IN_CATALOGUE), Why::OtherQuery);
        let Some(token) = token else { return };
        docket.judge(rule::TOKEN_VALIDITY, za, !open.has(DEAD), Why::HonouredTooLate);
        let covered = open.has(COVERED);
        docket.judge(rule::TOKEN_COVERS, za, covered, Why::OutsideScope);
        if self.cast.is_stranger(za) {
            return;
        }
        if open.has(GAVE_NOT) && !open.has(GAVE) {
            docket.judge(rule::EXCEPTION_DELIVERY, za, false, Why::OtherForm);
        }
        if !covered {
            return docket.judge(rule::STEP_ANSWER, za, false, Why::OutsideScope);
        }
        let content = answer.content;
        let is_of = |person: Option<PersonId>| {
            person.is_none_or(|person| {
                let Token { zorgaanbieder, dienst, .. } = token;
                content.fingerprint
                    == fingerprint(person, zorgaanbieder, dienst, open.small, content.version)
            })
        };
        let of_asker = is_of(asker);
        let of_token = if token.person() == asker { of_asker } else { is_of(token.person()) };
        docket.judge(rule::NO_CROSS_READ, za, of_asker, Why::DataOfOther);
        docket.judge(rule::STEP_ANSWER, za, of_token, Why::DataOfOther);
    }

    fn gives_no_data(
        &mut self,
        za: HostId,
        open: &Exchange,
        surely_good: bool,
        response: &Response,
    ) {
        // What is wrong with it is said in another form.
        if !open.has(NODE) || !open.has(ANONYMOUS) {
            return;
        }
        let docket = &mut self.docket;
        let issue = match response {
            Response::OperationOutcome(issue) => Some(*issue),
            _ => None,
        };
        if !open.has(KNOWN) || open.has(DEAD) || !open.has(COVERED) {
            let form = issue == Some(Issue::Suppressed);
            return docket.judge(rule::EXCEPTION_TOKEN, za, form, Why::OtherForm);
        }
        if open.has(GAVE_NOT) {
            let form = issue == Some(Issue::Incomplete);
            return docket.judge(rule::EXCEPTION_DELIVERY, za, form, Why::OtherForm);
        }
        if !surely_good {
            return;
        }
        match issue {
            Some(Issue::Suppressed) => {
                docket.judge(rule::TOKEN_VALIDITY, za, false, Why::GoodTokenRefused);
                docket.judge(rule::STEP_ANSWER, za, false, Why::GoodTokenRefused);
            }
            // Without a word from the source, the gateway may know on its own that it is away.
            Some(Issue::Incomplete) if open.has(GAVE) => {
                docket.judge(rule::EXCEPTION_DELIVERY, za, false, Why::ToldPgoOther);
                docket.judge(rule::STEP_ANSWER, za, false, Why::GoodTokenRefused);
            }
            Some(Issue::Incomplete) => {}
            None => docket.judge(rule::STEP_ANSWER, za, false, Why::GoodTokenRefused),
        }
    }
}
