//! What a watcher must know of a network before its first event: who is who.
//!
//! Made by whoever composes the run; never changed while it goes on. What changes (names that move,
//! lists, certificates) comes as events.

use std::sync::Arc;

use protocol::{
    id::{HostId, NameId, Serial, ZorgaanbiederId},
    names::Names,
    register::{ListVersion, Register},
    release::{Release, ReleaseSet},
    role::Role,
    time::{Duration, Instant},
};

/// The network as it stands at the start of a run.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Every host with a station, in the order of their ids.
    pub hosts: Vec<Host>,
    /// Which host each name leads to, in the order of the names' ids; none for a name that leads nowhere.
    pub name_leads_to: Vec<Option<HostId>>,
    /// The type of each Zorgaanbieder, in the order of their ids: a place in `provider_types`.
    pub provider_type: Vec<u8>,
    /// Types of Zorgaanbieders, as the topology names them: `huisarts`, `ziekenhuis`.
    pub provider_types: Vec<String>,
    /// The gateway behind which each Zorgaanbieder stands, in the order of their ids.
    pub provider_gateway: Vec<HostId>,
    /// The texts behind ids.
    pub names: Arc<Names>,
    /// The register at the start.
    pub register: Register,
    /// The lists that everybody knows at the start, in the order of [`protocol::register::ListKind::ALL`].
    pub lists: [Arc<ListVersion>; 4],
    /// The release that the network speaks where nothing else is agreed.
    pub release: Release,
}

/// One host with a station.
#[derive(Clone, Debug)]
pub struct Host {
    /// As files name it: `za-2`.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Parallel servers of its station.
    pub workers: u32,
    /// Its node name, if it is a node: the subject of its certificate.
    pub node: Option<NameId>,
    /// The serial number of its certificate, if it has one.
    pub serial: Option<Serial>,
    /// The releases that it speaks.
    pub releases: ReleaseSet,
    /// For a xIS: whose it is.
    pub zorgaanbieder: Option<ZorgaanbiederId>,
}

/// The part of a run that is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Flows that begin before this moment fill the network and are not counted.
    pub warm_up: Instant,
    /// Flows that begin from this moment on are load only.
    pub horizon: Instant,
}

impl Window {
    /// Whether a flow that begins at that moment is of the cohort.
    pub fn has(&self, began: Instant) -> bool {
        (self.warm_up..self.horizon).contains(&began)
    }

    /// Its length.
    pub fn length(&self) -> Duration {
        self.horizon.since(self.warm_up)
    }
}

impl Directory {
    /// The host of that id, if it has a station.
    pub fn host(&self, host: HostId) -> Option<&Host> {
        if host.is_visitor() { None } else { self.hosts.get(host.place()) }
    }

    /// The role that a host plays; visitors are persons.
    pub fn role(&self, host: HostId) -> Role {
        self.host(host).map_or(Role::Person, |entry| entry.role)
    }
}
