//! What a world is told of a network: hosts with their stations, names and the doors behind them,
//! links, costs, TLS and limits.
//!
//! Plain data, made by whoever composes a run. Says nothing of roles, protocols or people.

use crate::{
    id::HostId,
    message::Certificate,
    time::{Duration, Instant},
};

use super::{
    cost::{CostClass, Costs},
    link::{LinkClass, Links},
};

/// A network at the start of a run.
#[derive(Clone, Debug)]
pub struct Network {
    /// Every host with a station, in the order of their ids.
    pub hosts: Vec<HostSpec>,
    /// Every name, in the order of their ids.
    pub names: Vec<NameSpec>,
    /// Links between hosts.
    pub links: Links,
    /// What work costs.
    pub costs: Costs,
    /// The link class of visitors.
    pub visitor_link: LinkClass,
    /// How connections are opened and kept.
    pub tls: Tls,
    /// How long an asker waits.
    pub limits: Limits,
}

/// A host: one actor behind one station.
#[derive(Clone, Debug)]
pub struct HostSpec {
    /// Parallel servers of its station; at least one.
    pub workers: u32,
    /// How many jobs may wait.
    pub queue: u32,
    /// How many requests it may have begun without having answered; none for as many as come.
    pub open: Option<u32>,
    /// What its work costs.
    pub costs: CostClass,
    /// Where it is.
    pub link: LinkClass,
    /// What it shows when it asks over mutual TLS.
    pub certificate: Option<Certificate>,
}

/// A name and the door behind it.
#[derive(Clone, Debug)]
pub struct NameSpec {
    /// The host that it leads to, if it leads anywhere.
    pub leads_to: Option<HostId>,
    /// How one enters there.
    pub door: Door,
    /// Whether browsers enter as at a front door all the same: one name for browsers and hosts.
    pub for_browsers: bool,
    /// What is shown there.
    pub certificate: Option<Certificate>,
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
    /// No TLS, on a connection of its own.
    Plain(LimitClass),
    /// Outside the network: no connection is modelled.
    Behind,
}

impl Door {
    /// Which limit an asker keeps who enters by it.
    pub const fn limit(self) -> LimitClass {
        match self {
            Self::Front => LimitClass::Front,
            Self::Mutual { limit, .. } | Self::Plain(limit) => limit,
            Self::Behind => LimitClass::Back,
        }
    }
}

/// How connections are opened and kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tls {
    /// The version that is spoken: the strongest that the network has.
    pub version: TlsVersion,
    /// Whether a peer that was met before is met by an abbreviated handshake.
    pub resumption: Resumption,
    /// How long a connection is kept after an exchange.
    pub keep_alive: Duration,
}

/// Versions of TLS that the NCSC calls good or sufficient.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TlsVersion {
    /// 1.2
    V1_2,
    /// 1.3
    V1_3,
}

/// Whether sessions are resumed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resumption {
    /// They are.
    On,
    /// They are not.
    Off,
}

impl Tls {
    /// Round trips before the asker can send: TCP, and TLS unless plain (semantics 3).
    pub const fn round_trips(self, door: Door, resumed: bool) -> u32 {
        match (door, self.version) {
            (Door::Behind, _) => 0,
            (Door::Plain(_), _) => 1,
            (_, TlsVersion::V1_3) => 2,
            (_, TlsVersion::V1_2) => {
                if resumed {
                    2
                } else {
                    3
                }
            }
        }
    }
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

impl Default for Limits {
    /// As semantics 1 has them.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            front: Duration::from_secs(60),
            back: Duration::from_secs(10),
            ocsp: Duration::from_secs(5),
            list: Duration::from_secs(30),
        }
    }
}

/// Which limit an exchange has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum LimitClass {
    /// In the browser.
    Front,
    /// Between gateways.
    Back,
    /// OCSP.
    Ocsp,
    /// Lists.
    List,
}

impl LimitClass {
    /// Every class.
    pub const ALL: [Self; 4] = [Self::Front, Self::Back, Self::Ocsp, Self::List];
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

/// The phases of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Phases {
    /// Visitors that arrive from then on are of the cohort.
    pub warm_up: Instant,
    /// Visitors that arrive from then on are load only.
    pub horizon: Instant,
    /// How long after the horizon the run waits for the cohort to leave.
    pub drain: Duration,
}
