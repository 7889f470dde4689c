//! How a ZA gateway is set up: its names, its peers, whom it serves, and the numbers of each release.

use protocol::{
    catalogue::Scope,
    id::NameId,
    message::Assurance,
    release::{Release, ReleaseSet, Terms},
};

use super::{GuessPolicy, Issuance};
use crate::{node::NodeConfig, sessions::SessionPolicy};

/// How a ZA gateway works.
#[derive(Clone, Debug)]
pub struct ZaConfig {
    /// Its name for browsers.
    pub front: NameId,
    /// Its name for gateways: the subject of its certificate, and its node name on the Whitelist.
    pub back: NameId,
    /// DigiD's name for browsers.
    pub digid_front: NameId,
    /// DigiD's name for artifact resolution.
    pub digid_back: NameId,
    /// The releases that it speaks.
    pub releases: ReleaseSet,
    /// The numbers of each release.
    pub terms: TermsByRelease,
    /// As a node of the network.
    pub node: NodeConfig,
    /// Whom it serves, sorted by Zorgaanbieder.
    pub behind: Vec<Behind>,
    /// How long it keeps sessions with browsers, and how many.
    pub sessions: SessionPolicy,
    /// How codes and tokens are made.
    pub issuance: Issuance,
    /// When a client that guesses codes is held off.
    pub guesses: GuessPolicy,
}

/// A Zorgaanbieder behind a ZA gateway.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Behind {
    /// What it offers through this gateway.
    pub scope: Scope,
    /// Its systems.
    pub xis: NameId,
    /// The level of assurance that it wants of a login.
    pub level: Assurance,
}

/// The numbers of each release, as this gateway keeps them.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TermsByRelease(pub [Terms; Release::ALL.len()]);

impl TermsByRelease {
    /// The numbers of a release.
    pub const fn of(&self, release: Release) -> &Terms {
        &self.0[release as usize]
    }
}

impl Default for TermsByRelease {
    /// As each release sets them.
    fn default() -> Self {
        Self(Release::ALL.map(Terms::of))
    }
}
