//! The token endpoint: a code comes in, an access token goes out (steps 12 and 13, exception 6).
//!
//! Does not ask consent (`consent.rs`), serve FHIR (`resource.rs`), or know bytes (`wire`).

use protocol::{
    contract::{Outbox, Work},
    id::{ExchangeId, NameId},
    message::{GrantType, OAuthError, OfferCode, Response, TokenGrant, TokenType},
    rule::{self, Rule},
    time::Now,
    trace::{Limit, Note},
};

use super::{Za, grants::Grant};

impl Za {
    /// Step 12. `from` is the subject of the certificate that the client showed.
    pub(super) fn on_offer(
        &mut self,
        from: NameId,
        offer: &OfferCode,
        exchange: ExchangeId,
        now: Now,
        out: &mut Outbox,
    ) {
        match self.redeem(from, offer, now, out) {
            Ok(grant) => self.issue(offer, grant, exchange, now, out),
            Err(rule) => {
                if rule == rule::CODE_KNOWN && self.guesses.count(from, now.monotonic) {
                    out.note(Note::LimitReached(Limit::Guesses));
                }
                let error = match rule {
                    rule::GRANT_TYPE => OAuthError::UnsupportedGrantType,
                    rule::MADE_UP_CODES_BOUNDED => OAuthError::TemporarilyUnavailable,
                    _ => OAuthError::InvalidGrant,
                };
                let response = Response::TokenError(error);
                out.refuse(rule, exchange, response, Work::RefuseGrant); // Exception 6.
            }
        }
    }

    fn redeem(
        &mut self,
        from: NameId,
        offer: &OfferCode,
        now: Now,
        out: &mut Outbox,
    ) -> Result<Grant, Rule> {
        if let Some(rule) = self.guesses.hold_off(from, now.monotonic) {
            return Err(rule);
        }
        if offer.grant_type != GrantType::AuthorizationCode {
            return Err(rule::GRANT_TYPE);
        }
        let clients = &self.clients;
        // Certificate, client id and redirect URI, all three (APP 13).
        let is_for = |grant: &Grant| {
            clients.get(grant.client).is_some_and(|client| {
                from == client.name
                    && offer.client == client.name
                    && offer.redirect == client.redirect
            })
        };
        let validity = |grant: &Grant| {
            let release =
                clients.get(grant.client).map_or(self.config.node.release, |row| row.release);
            self.config.terms.of(release).code_validity
        };
        self.grants.redeem(offer.code, is_for, validity, now.monotonic, out)
    }

    /// Step 13.
    fn issue(
        &mut self,
        offer: &OfferCode,
        grant: Grant,
        exchange: ExchangeId,
        now: Now,
        out: &mut Outbox,
    ) {
        let validity = self.token_validity(&grant);
        let scope = self.clients.scope(grant.zorgaanbieder, grant.services);
        let made = self.grants.issue_token(offer.code, grant, validity, now.monotonic, out);
        let response = match made {
            Some(token) => Response::Token(TokenGrant {
                token,
                scope,
                expires_in: (validity.as_nanos() / 1_000_000_000) as u32,
                token_type: TokenType::Bearer,
                refresh_token: None,
            }),
            None => Response::TokenError(OAuthError::ServerError),
        };
        out.reply(exchange, response, Work::IssueToken);
    }
}
