//! What a twin is told of a network, beside what every world is told ([`protocol::world::network`]): names of hosts, who
//! plays them, the register and the texts behind ids.
//!
//! Plain data, made by whoever composes a twin. Says nothing of sockets.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use actors::party::Blueprint;
use protocol::{
    catalogue::Gegevensdienst,
    id::{HostId, NameId, Serial, ZorgaanbiederId},
    names::Names,
    register::{Addresses, ListVersion, Register},
    release::Release,
    role::Role,
    world::network::{Door, LimitClass, NameSpec, Network as Told},
};

/// A network, ready to be started.
#[derive(Clone, Debug)]
pub struct Network {
    /// Stations, doors, links, costs and limits.
    pub told: Told,
    /// Every host, in the order of their ids.
    pub hosts: Vec<Host>,
    /// The texts behind ids.
    pub texts: Names,
    /// The register at the start.
    pub register: Register,
    /// The lists that everybody knows at the start.
    pub lists: [Arc<ListVersion>; 4],
    /// The release that is spoken where nothing else is agreed.
    pub release: Release,
    /// Hosts that somebody else plays, and where: their names lead there.
    pub elsewhere: BTreeMap<HostId, SocketAddr>,
    /// Whether what passes between hosts and people of this network needs no socket, where no certificate is demanded:
    /// for who looks at a host that somebody else plays, and would have the others cost little.
    pub beside: bool,
}

/// A host, beside its station.
#[derive(Clone, Debug)]
pub struct Host {
    /// As files name it: `za-2`.
    pub name: String,
    /// What its party is made from.
    pub blueprint: Blueprint,
    /// The name for browsers.
    pub front: NameId,
    /// The name for gateways: the subject of its certificate.
    pub back: NameId,
}

/// Where a name leads, and how one enters there.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Entrance {
    /// The host.
    pub host: HostId,
    /// The door.
    pub door: Door,
    /// Whether browsers enter as at a front door all the same: one name for browsers and hosts.
    pub for_browsers: bool,
}

impl Entrance {
    /// Whether there is no TLS.
    pub const fn is_plain(&self) -> bool {
        matches!(self.door, Door::Plain(_) | Door::Behind)
    }

    /// Whether both ends show a certificate.
    pub const fn is_mutual(&self) -> bool {
        matches!(self.door, Door::Mutual { .. })
    }

    /// Which limit an asker keeps.
    pub const fn limit(&self, asker: HostId) -> LimitClass {
        if asker.is_visitor() && self.for_browsers { LimitClass::Front } else { self.door.limit() }
    }
}

impl Host {
    /// The role that it plays.
    pub fn role(&self) -> Role {
        self.blueprint.role()
    }
}

impl Network {
    /// Where a name leads, if anywhere.
    pub fn entrance(&self, name: NameId) -> Option<Entrance> {
        let NameSpec { leads_to, door, for_browsers, .. } = *self.told.names.get(name.index())?;
        Some(Entrance { host: leads_to?, door, for_browsers })
    }

    /// Every name that leads somewhere.
    pub fn names(&self) -> impl Iterator<Item = (NameId, Entrance)> {
        let names = (0..self.told.names.len() as u32).map(NameId);
        names.filter_map(|name| Some((name, self.entrance(name)?)))
    }

    /// The number of what a name shows: its host's, as actors know it, or for what only browsers see one beyond all
    /// of these.
    pub fn serial(&self, name: NameId) -> Serial {
        let shown = self.told.names.get(name.index()).and_then(|spec| spec.certificate);
        shown.map_or(Serial(1 << 24 | name.0), |certificate| certificate.serial)
    }

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
