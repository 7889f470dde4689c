//! From a plan to a twin: the same hosts, names, doors, costs and limits, as the twin wants to be told of them.
//!
//! On the wire a request of release 1.0 names a Gegevensdienst and no Zorgaanbieder: that follows from the address
//! (GegevensdienstZorgaanbieder has an address of its own in the metamodel). So in a twin each Zorgaanbieder of an
//! invented network has addresses of its own at its gateway. Opens nothing.

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    contract::Work,
    id::{HostId, NameId, Serial},
    names::Names,
    register::{Addresses, Register},
    role::Role,
    uri::Uri,
};
use sim::network as virtual_time;
use twin::network::{Cost, Door, Entrance, Host, LimitClass, Limits, Network, Tls, Version};

use super::{
    Composed,
    parties::{self, Grounds},
    roster::Roster,
    schedule::Script,
};
use crate::{
    plan::{Scenario, Topology},
    problem::Problems,
};

impl Composed {
    /// Puts a study together for a twin.
    ///
    /// # Errors
    /// As of [`Composed::new`]; and real lists have several Zorgaanbieders at one address.
    pub fn for_twin(topology: &Topology, scenario: &Scenario) -> Result<Self, Problems> {
        let mut roster = Roster::of(topology)?;
        match &topology.source {
            None => give_addresses(&mut roster.names, &mut roster.register),
            Some(_) => every_address_is_of_one(topology, &roster)?,
        }
        Self::of(roster, topology, scenario)
    }

    /// The network, as a twin wants to be told of it.
    pub fn twin(&self, replication: u32) -> Network {
        let Self { topology, scenario, roster, script, network, .. } = self;
        let Script { register, later, deviants, .. } = script;
        let grounds = Grounds { topology, scenario, roster, register, later, deviants };
        let company = parties::company(grounds, replication);
        let costs: BTreeMap<Role, Arc<BTreeMap<Work, Cost>>> =
            Role::ALL.into_iter().map(|role| (role, Arc::new(costs(topology, role)))).collect();
        let hosts = roster
            .hosts
            .iter()
            .zip(company.blueprints())
            .map(|(host, blueprint)| Host {
                name: host.name.clone(),
                blueprint: blueprint.clone(),
                workers: host.station.workers,
                queue: host.station.queue,
                front: host.front,
                back: host.back,
                costs: Arc::clone(&costs[&host.role]),
                release: topology.release,
            })
            .collect();
        let names = (0u32..).map(NameId).zip(&network.names);
        let names = names.filter_map(|(id, name)| Some((id, entrance(id, name)?))).collect();
        Network {
            hosts,
            names,
            texts: roster.names.clone(),
            register: register.clone(),
            lists: register.publish_all(),
            tls: tls(network.tls),
            limits: limits(network.limits),
            release: topology.release,
        }
    }
}

/// Each Zorgaanbieder has addresses of its own, at the hosts that it had.
fn give_addresses(names: &mut Names, register: &mut Register) {
    let gateways = std::mem::take(&mut register.addresses);
    for listing in &mut register.listings {
        let naam = names.zorgaanbieder_text(listing.zorgaanbieder);
        let own = naam.strip_suffix("@medmij").unwrap_or(naam).to_owned();
        let mut given: BTreeMap<u32, u32> = BTreeMap::new();
        for offer in &mut listing.offers {
            offer.addresses = *given.entry(offer.addresses).or_insert_with(|| {
                let Addresses { releases, authorization, token, resources } =
                    &gateways[offer.addresses as usize];
                let mut at = |uri: Uri| {
                    let text = format!("{}/{own}", names.uri_text(uri));
                    names.uri(&text)
                };
                register.addresses.push(Addresses {
                    releases: *releases,
                    authorization: at(*authorization),
                    token: at(*token),
                    resources: resources.iter().map(|uri| at(*uri)).collect(),
                });
                register.addresses.len() as u32 - 1
            });
        }
    }
}

/// Of real lists each authorization endpoint must be of one Zorgaanbieder.
fn every_address_is_of_one(topology: &Topology, roster: &Roster) -> Result<(), Problems> {
    let mut whose = BTreeMap::new();
    for listing in &roster.register.listings {
        for offer in &listing.offers {
            let Some(found) = roster.register.addresses.get(offer.addresses as usize) else {
                continue;
            };
            let other = *whose.entry(found.authorization).or_insert(listing.zorgaanbieder);
            if other != listing.zorgaanbieder {
                let names = &roster.names;
                let text = |id| names.zorgaanbieder_text(id).to_owned();
                let found = format!(
                    "{} of both {} and {}",
                    names.uri_text(found.authorization),
                    text(other),
                    text(listing.zorgaanbieder)
                );
                let wanted =
                    "authorization endpoints of one Zorgaanbieder each, because requests name none";
                return Err(topology.place.expected(wanted, found).into());
            }
        }
    }
    Ok(())
}

/// Costs of a role's work. A handshake costs what it costs: the twin does it.
fn costs(topology: &Topology, role: Role) -> BTreeMap<Work, Cost> {
    let is_done_here = |work: Work| matches!(work, Work::TlsHandshake | Work::TlsResumption);
    topology
        .costs
        .iter()
        .filter(|(of, work, _)| *of == role && !is_done_here(*work))
        .map(|(_, work, cost)| {
            let sim::cost::Cost { base, per_megabyte } = cost.clone();
            (*work, Cost { base, per_megabyte })
        })
        .collect()
}

fn entrance(id: NameId, name: &virtual_time::NameSpec) -> Option<Entrance> {
    let host = name.leads_to?;
    let (door, serial) = match name.door {
        virtual_time::Door::Front => (Door::Front, Some(serial(id, name, host))),
        virtual_time::Door::Mutual { answerer_decides, limit: class } => {
            let door = Door::Mutual { answerer_decides, limit: limit(class) };
            (door, Some(serial(id, name, host)))
        }
        virtual_time::Door::Plain(class) => (Door::Plain(limit(class)), None),
        virtual_time::Door::Behind => (Door::Plain(LimitClass::Back), None),
    };
    Some(Entrance { host, door, for_browsers: name.for_browsers, serial })
}

/// The number of what a name shows: its host's, as actors know it, or for what only browsers see one beyond all of
/// these.
fn serial(id: NameId, name: &virtual_time::NameSpec, host: HostId) -> Serial {
    name.certificate.map_or(Serial(1 << 24 | id.0), |certificate| {
        debug_assert_eq!(certificate.serial, Serial(host.0));
        certificate.serial
    })
}

fn limit(class: virtual_time::LimitClass) -> LimitClass {
    match class {
        virtual_time::LimitClass::Front => LimitClass::Front,
        virtual_time::LimitClass::Back => LimitClass::Back,
        virtual_time::LimitClass::Ocsp => LimitClass::Ocsp,
        virtual_time::LimitClass::List => LimitClass::List,
    }
}

fn limits(limits: virtual_time::Limits) -> Limits {
    let virtual_time::Limits { connect, front, back, ocsp, list } = limits;
    Limits { connect, front, back, ocsp, list }
}

fn tls(tls: virtual_time::Tls) -> Tls {
    Tls {
        version: match tls.version {
            virtual_time::TlsVersion::V1_2 => Version::V1_2,
            virtual_time::TlsVersion::V1_3 => Version::V1_3,
        },
        resumption: tls.resumption == virtual_time::Resumption::On,
        keep_alive: tls.keep_alive,
    }
}
