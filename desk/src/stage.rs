//! The twin beside which a desk stands, whoever else listens to it.

use std::sync::Arc;

use protocol::time::Instant;
use twin::{
    meddle::Meddler,
    network::Network,
    pki::Authority,
    texts::Texts,
    tls::Tls,
    world::{Doors, Witness, World},
};

/// What a desk needs of a twin.
pub trait Stage: Send + Sync {
    /// Who is in it.
    fn network(&self) -> &Network;
    /// The texts behind ids.
    fn texts(&self) -> &Texts;
    /// Who issues certificates.
    fn authority(&self) -> &Authority;
    /// What its hosts show.
    fn tls(&self) -> &Tls;
    /// Where it listens.
    fn doors(&self) -> Doors;
    /// How long it has been going on.
    fn now(&self) -> Instant;
    /// How many handshakes there were in which certificates were shown, by hosts that somebody else plays.
    fn handshakes_of_guests(&self) -> u64;
    /// Accounts of people who can log in.
    fn accounts(&self) -> Vec<String>;
    /// From now on this one changes answers.
    fn meddle(&self, meddler: Arc<dyn Meddler>);
}

impl<S: Witness> Stage for World<S> {
    fn network(&self) -> &Network {
        &self.network
    }

    fn texts(&self) -> &Texts {
        &self.texts
    }

    fn authority(&self) -> &Authority {
        &self.authority
    }

    fn tls(&self) -> &Tls {
        &self.tls
    }

    fn doors(&self) -> Doors {
        self.doors
    }

    fn now(&self) -> Instant {
        Self::now(self)
    }

    fn handshakes_of_guests(&self) -> u64 {
        Self::handshakes_of_guests(self)
    }

    fn accounts(&self) -> Vec<String> {
        Self::accounts(self)
    }

    fn meddle(&self, meddler: Arc<dyn Meddler>) {
        Self::meddle(self, meddler);
    }
}
