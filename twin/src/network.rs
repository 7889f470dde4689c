//! What a twin is told of a network: hosts with their stations, names and the doors behind them, costs and limits.
//!
//! Plain data, made by whoever composes a twin. Says nothing of sockets.

use std::collections::BTreeMap;

use actors::party::Blueprint;
use protocol::{
    catalogue::Gegevensdienst,
    contract::Work,
    distribution::Distribution,
    id::{HostId, NameId, Serial, ZorgaanbiederId},
    names::Names,
    register::{Addresses, ListVersion, Register},
    release::Release,
    role::Role,
    time::Duration,
};
use std::sync::Arc;

/// A network, ready to be started.
#[derive(Clone, Debug)]
pub struct Network {
    /// Every host, in the order of their ids.
    pub hosts: Vec<Host>,
    /// Every name that leads somewhere.
    pub names: BTreeMap<NameId, Entrance>,
    /// The texts behind ids.
    pub texts: Names,
    /// The register at the start.
    pub register: Register,
    /// The lists that everybody knows at the start.
    pub lists: [Arc<ListVersion>; 4],
    /// How connections are opened and kept.
    pub tls: Tls,
    /// How long an asker waits.
    pub limits: Limits,
    /// The release that is spoken where nothing else is agreed.
    pub release: Release,
}

/// A host: one actor behind one station.
#[derive(Clone, Debug)]
pub struct Host {
    /// As files name it: `za-2`.
    pub name: String,
    /// What its party is made from.
    pub blueprint: Blueprint,
    /// Parallel servers of its station; at least one.
    pub workers: u32,
    /// How many jobs may wait.
    pub queue: u32,
    /// The name for browsers.
    pub front: NameId,
    /// The name for gateways: the subject of its certificate.
    pub back: NameId,
    /// What its work costs; what has no cost takes what it takes.
    pub costs: Arc<BTreeMap<Work, Cost>>,
    /// The releases that it speaks, the newest first.
    pub release: Release,
}

/// What one kind of work costs.
#[derive(Clone, PartialEq, Debug)]
pub struct Cost {
    /// Seconds, whatever the size of what is sent.
    pub base: Distribution,
    /// More, for each megabyte (10⁶ bytes) of what is sent.
    pub per_megabyte: Duration,
}

/// Where a name leads, and how one enters there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entrance {
    /// The host.
    pub host: HostId,
    /// The door.
    pub door: Door,
    /// Whether browsers enter as at a front door all the same: one name for browsers and hosts.
    pub for_browsers: bool,
    /// The serial number of the certificate that is shown there; none where there is no TLS.
    pub serial: Option<Serial>,
}

/// How one enters a host by one of its names (semantics 3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Door {
    /// TLS with a server certificate; nobody in our network decides. For browsers.
    Front,
    /// TLS with certificates on both sides. The asker decides, and the answerer if `answerer_decides`.
    Mutual {
        /// Whether the host that is asked decides too.
        answerer_decides: bool,
        /// Which limit the asker keeps.
        limit: LimitClass,
    },
    /// No TLS.
    Plain(LimitClass),
}

/// Which limit an exchange has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LimitClass {
    /// In the browser.
    Front,
    /// Between gateways, or between a gateway and a system behind it.
    Back,
    /// OCSP.
    Ocsp,
    /// Lists.
    List,
}

/// How long an asker waits before an exchange has failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// For a connection to be opened.
    pub connect: Duration,
    /// For an answer in the browser.
    pub front: Duration,
    /// For an answer between gateways, or from a system behind one.
    pub back: Duration,
    /// For an OCSP answer.
    pub ocsp: Duration,
    /// For a list.
    pub list: Duration,
}

/// How connections are opened and kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tls {
    /// Whether TLS 1.3 is spoken, or 1.2 alone.
    pub version: Version,
    /// Whether sessions are resumed.
    pub resumption: bool,
    /// How long a connection is kept after an exchange.
    pub keep_alive: Duration,
}

/// The strongest version of TLS that a network speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Version {
    /// 1.2
    V1_2,
    /// 1.3, and 1.2 for who cannot.
    V1_3,
}

impl Door {
    /// Which limit the asker keeps.
    pub const fn limit(self) -> LimitClass {
        match self {
            Self::Front => LimitClass::Front,
            Self::Mutual { limit, .. } | Self::Plain(limit) => limit,
        }
    }
}

impl Limits {
    /// The limit of that class.
    pub const fn of(&self, class: LimitClass) -> Duration {
        match class {
            LimitClass::Front => self.front,
            LimitClass::Back => self.back,
            LimitClass::Ocsp => self.ocsp,
            LimitClass::List => self.list,
        }
    }
}

impl Host {
    /// The role that it plays.
    pub fn role(&self) -> Role {
        self.blueprint.role()
    }
}

impl Network {
    /// Where a service of a Zorgaanbieder is served, as the register has it.
    pub fn addresses(
        &self,
        zorgaanbieder: ZorgaanbiederId,
        dienst: Gegevensdienst,
    ) -> Option<&Addresses> {
        let listing = self.register.listings.get(zorgaanbieder.index())?;
        let offer = listing.offers.iter().find(|offer| offer.dienst == dienst)?;
        self.register.addresses.get(offer.addresses as usize)
    }
}
