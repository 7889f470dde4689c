//! The resource server: a token and a query come in, a FHIR answer goes out (steps 14 and 15, exceptions 7
//! and 8).
//!
//! A token is a bearer token (RFC 6750): whoever shows it is served, if it is a node at all. Does not
//! hold data: it asks the systems behind, in the name of the person whom the token stands for.

use protocol::{
    contract::{Ask, Outbox, Work},
    id::{ExchangeId, NameId},
    message::{Envelope, Fetch, FhirAnswer, Issue, Request as Asks, Response, Subject},
    rule::{self, Rule},
    time::{Duration, Now},
};

use super::{Asked, Za, grants::Grant};

impl Za {
    /// Step 14.
    pub(super) fn on_fetch(
        &mut self,
        fetch: &Fetch,
        envelope: &Envelope,
        now: Now,
        out: &mut Outbox,
    ) {
        match self.covered(fetch, now, out) {
            Ok((subject, xis)) => {
                out.work(Work::CheckToken);
                let asks =
                    Asks::FetchDossier { subject, call: fetch.call, document: fetch.document };
                let parent = Some(envelope.exchange);
                let ask = Ask::for_the_sake_of(parent, xis, envelope.release, asks);
                let exchange = out.ask(ask, Work::Query);
                self.asked.insert(exchange, Asked::Data(envelope.exchange));
            }
            Err(rule) => {
                let response = Response::OperationOutcome(Issue::Suppressed);
                out.refuse(rule, envelope.exchange, response, Work::RefuseGrant); // Exception 7.
            }
        }
    }

    /// Whose data the token covers, and where they are.
    fn covered(
        &self,
        fetch: &Fetch,
        now: Now,
        out: &mut Outbox,
    ) -> Result<(Subject, NameId), Rule> {
        if fetch.bsn.is_some() {
            return Err(rule::NO_IDENTITY_BETWEEN);
        }
        let validity = |grant: &Grant| self.token_validity(grant);
        let grant = self.grants.check(fetch.token, validity, now.monotonic, out)?;
        let scope = self.clients.scope(grant.zorgaanbieder, grant.services);
        if !scope.covers(fetch.zorgaanbieder, fetch.dienst) {
            return Err(rule::TOKEN_COVERS);
        }
        let behind = self.behind(grant.zorgaanbieder).ok_or(rule::TOKEN_COVERS)?;
        let Grant { bsn, zorgaanbieder, .. } = grant;
        Ok((Subject { bsn, zorgaanbieder, dienst: fetch.dienst }, behind.xis))
    }

    /// Step 15: the systems behind answered, or did not (exception 8).
    pub(super) fn on_data(exchange: ExchangeId, response: Option<&Response>, out: &mut Outbox) {
        let response = match response {
            Some(Response::Dossier(content)) => {
                Response::Fhir(FhirAnswer { content: *content, bsn: None })
            }
            _ => Response::OperationOutcome(Issue::Incomplete),
        };
        out.reply(exchange, response, Work::BuildFhir);
    }

    pub(super) fn token_validity(&self, grant: &Grant) -> Duration {
        let release =
            self.clients.get(grant.client).map_or(self.config.node.release, |row| row.release);
        self.config.terms.of(release).token_validity
    }
}
