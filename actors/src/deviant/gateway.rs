//! Deviations of any node: its door and its lists.

use std::sync::Arc;

use protocol::{
    contract::{Action, Outbox},
    message::{CertStatus, Envelope, Hello, Message, OcspAnswer, Request, Response},
    register::{ListKind, ListVersion},
    rule,
    time::{Duration, Now, WallTime},
};

use super::{
    Deviation,
    wrapper::{Hearing, Hears, Says, Scheme, remember},
};
use crate::{lists::ListPolicy, party::Blueprint, za::Detection};

impl Deviation {
    /// The blueprint of a party with this deviation, as far as it is a matter of altered numbers.
    pub(crate) fn alter(self, blueprint: &Blueprint) -> Blueprint {
        let mut altered = blueprint.clone();
        match (self, &mut altered) {
            (Self::WhitelistPulledSeldom, Blueprint::Pgo(config)) => {
                pull_seldom(&mut Arc::make_mut(config).node.lists);
            }
            (Self::WhitelistPulledSeldom, Blueprint::Za(config)) => {
                pull_seldom(&mut Arc::make_mut(config).node.lists);
            }
            (Self::CodeLivesLonger, Blueprint::Za(config)) => {
                for terms in &mut Arc::make_mut(config).terms.0 {
                    terms.code_validity += Duration::from_secs(1);
                }
            }
            (Self::TokenLivesLonger, Blueprint::Za(config)) => {
                for terms in &mut Arc::make_mut(config).terms.0 {
                    terms.token_validity += Duration::from_secs(1);
                }
            }
            (Self::EqualValues, Blueprint::Za(config)) => {
                let issuance = &mut Arc::make_mut(config).issuance;
                (issuance.entropy_bits, issuance.detection) = (2, Detection::Off);
            }
            (Self::ZalLate, Blueprint::Stelselnode(config)) => {
                Arc::make_mut(config).zal_publish = Duration::from_secs(2 * 24 * 3_600);
            }
            (Self::WhitelistLate, Blueprint::Stelselnode(config)) => {
                Arc::make_mut(config).whitelist_publish = Duration::from_secs(2 * 24 * 3_600);
            }
            _ => {}
        }
        altered
    }
}

fn pull_seldom(lists: &mut [ListPolicy]) {
    for policy in lists.iter_mut().filter(|policy| policy.kind == ListKind::Whitelist) {
        policy.every = Duration::from_secs(2 * 3_600);
    }
}

pub(super) fn scheme(deviation: Deviation) -> Option<Box<dyn Scheme>> {
    Some(match deviation {
        Deviation::OcspIgnored => Box::new(Hears(vouch_for_everybody)),
        Deviation::StaleOcspAccepted => Box::new(NeverAsksAgain::default()),
        Deviation::ExpiredCertificateAccepted => Box::new(Hears(|envelope, _| {
            if let Some(hello) = hello(envelope) {
                hello.certificate.not_after = WallTime::FAR_FUTURE;
            }
        })),
        Deviation::WhitelistIgnored | Deviation::WhitelistOfAskedIgnored => {
            Box::new(Says(|action| {
                if let Action::Reply(
                    _,
                    response @ Response::Deny,
                    why @ Some(rule::WHITELIST_AT_HANDSHAKE | rule::WHITELIST_OF_ASKED),
                ) = action
                {
                    (*response, *why) = (Response::Admit, None);
                }
            }))
        }
        Deviation::WhitelistNotValidated => Box::new(Hears(|envelope, _| {
            take_for_valid(envelope, ListKind::Whitelist);
        })),
        Deviation::ZalNotValidated => Box::new(Hears(|envelope, _| {
            take_for_valid(envelope, ListKind::Zal);
        })),
        _ => return None,
    })
}

fn hello(envelope: &mut Envelope) -> Option<&mut Hello> {
    match &mut envelope.message {
        Message::Request(Request::Hello(hello)) => Some(hello),
        _ => None,
    }
}

/// An answer that nobody gave, as if it had come with the certificate.
fn vouch_for_everybody(envelope: &mut Envelope, now: Now) {
    if let Some(hello) = hello(envelope) {
        hello.staple = Some(OcspAnswer {
            serial: hello.certificate.serial,
            status: CertStatus::Good,
            this_update: now.wall,
            next_update: now.wall,
            signed: true,
        });
    }
}

fn take_for_valid(envelope: &mut Envelope, kind: ListKind) {
    if let Message::Response(Response::List(list)) = &mut envelope.message
        && list.kind == kind
        && !list.fits_schema
    {
        *list = Arc::new(ListVersion { fits_schema: true, ..(**list).clone() });
    }
}

/// The first answer on a certificate is good for ever.
#[derive(Debug, Default)]
struct NeverAsksAgain {
    answers: Vec<OcspAnswer>,
}

impl Scheme for NeverAsksAgain {
    fn hear(&mut self, envelope: &mut Envelope, now: Now, _: &mut Outbox) -> Hearing {
        if let Message::Response(Response::Ocsp(answer)) = &envelope.message
            && !self.answers.iter().any(|known| known.serial == answer.serial)
        {
            remember(&mut self.answers, *answer);
        }
        if let Some(hello) = hello(envelope)
            && let Some(known) =
                self.answers.iter().find(|known| known.serial == hello.certificate.serial)
        {
            let still_good = OcspAnswer { this_update: now.wall, next_update: now.wall, ..*known };
            hello.staple = Some(still_good);
        }
        Hearing::Pass
    }
}
