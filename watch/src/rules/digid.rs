//! DigiD and the login (steps 5 to 7).
//!
//! Does not judge what the ZA GW makes of DigiD's word (`front.rs`), nor assertions field by field, which
//! the ZA GW enforces.

use protocol::{
    id::{ExchangeId, HostId, Opaque},
    message::{Browse, Kind, Page, Peer, Response, SamlStatus, Secret},
    role::Role,
    rule,
};

use super::{
    Checkers,
    exchanges::Answer,
    flows::{Flow, Handle, wide_tag},
    verdict::Why,
};

/// The artifact came with a certificate.
const NODE: u16 = 1;

impl Checkers {
    /// Credentials reach a host.
    pub(super) fn credentials_arrive(&mut self, host: HostId, flow: Handle, secret: Secret) {
        let at_digid = self.cast.role(host) == Role::Digid;
        self.docket.judge(rule::NO_EMBEDDED_BROWSER, host, at_digid, Why::CredentialsElsewhere);
        if let Some(flow) = self.flows.get(flow) {
            flow.saw(Flow::CREDENTIALS, at_digid && matches!(secret, Secret::Right(_)));
        }
    }

    /// An artifact comes to be resolved.
    pub(super) fn artifact_arrives(&mut self, exchange: ExchangeId, from: Peer, artifact: Opaque) {
        if let Some(open) = self.exchanges.get_mut(exchange) {
            open.detail = wide_tag(artifact);
            open.mark(NODE, matches!(from, Peer::Node(_)));
        }
    }

    /// A host shows a page that asks for credentials.
    pub(super) fn asks_credentials(&mut self, host: HostId) {
        let at_digid = self.cast.role(host) == Role::Digid;
        self.docket.judge(rule::NO_EMBEDDED_BROWSER, host, at_digid, Why::CredentialsElsewhere);
    }

    pub(super) fn digid_answers(&mut self, answer: &Answer<'_>) {
        let Answer { from: digid, ref open, flow, response, .. } = *answer;
        if open.kind == Kind::Authenticate {
            match response {
                Response::Page { page, .. } => {
                    // It asks, or says that it does not know who sent the browser.
                    let asks = matches!(page, Page::Login { .. } | Page::DigidRefuses);
                    self.docket.judge(
                        rule::STEP_CREDENTIALS,
                        digid,
                        asks,
                        Why::NotAskedCredentials,
                    );
                }
                Response::Redirect { .. } => {
                    let why = Why::NotAskedCredentials;
                    self.docket.judge(rule::STEP_CREDENTIALS, digid, false, why);
                }
                _ => {}
            }
        }
        let Some(flow) = self.flows.get(flow) else { return };
        match response {
            Response::Redirect {
                to, request: Browse::ReturnArtifact { relay_state, .. }, ..
            } => {
                let to_za =
                    self.cast.leads_to(*to).is_none_or(|host| self.cast.role(host) == Role::Za);
                let kept = to_za && flow.relays.may_be(*relay_state);
                self.docket.judge(rule::STEP_ARTIFACT, digid, kept, Why::OtherWayBack);
            }
            Response::ArtifactResponse(assertion) if open.kind == Kind::ResolveArtifact => {
                let artifact = open.detail;
                let again = flow.has(Flow::RESOLVED) && flow.artifact == artifact;
                let vouched = assertion.status == SamlStatus::Success;
                self.docket.judge(
                    rule::ARTIFACT_ONCE,
                    digid,
                    !(again && vouched),
                    Why::ResolvedTwice,
                );
                if vouched {
                    let entitled = flow.has(Flow::CREDENTIALS);
                    self.docket.judge(rule::STEP_ARTIFACT, digid, entitled, Why::NoCredentials);
                    let to_za = open.has(NODE) && self.cast.role(open.asker) == Role::Za;
                    self.docket.judge(rule::STEP_BSN, open.asker, to_za, Why::BsnToOther);
                    flow.artifact = artifact;
                    flow.saw(Flow::RESOLVED, true);
                }
            }
            _ => {}
        }
    }
}
