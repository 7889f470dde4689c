//! From a plan to a twin: the same hosts, names, doors, costs and limits, as the twin wants to be told of them.
//!
//! On the wire a request of release 1.0 names a Gegevensdienst and no Zorgaanbieder: that follows from the address
//! (GegevensdienstZorgaanbieder has an address of its own in the metamodel). So in a twin each Zorgaanbieder of an
//! invented network has addresses of its own at its gateway. Opens nothing.

use std::collections::BTreeMap;

use protocol::{
    names::Names,
    register::{Addresses, Register},
    uri::Uri,
};
use twin::network::{Host, Network};

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
        let hosts = roster
            .hosts
            .iter()
            .zip(company.blueprints())
            .map(|(host, blueprint)| Host {
                name: host.name.clone(),
                blueprint: blueprint.clone(),
                front: host.front,
                back: host.back,
            })
            .collect();
        Network {
            told: network.clone(),
            hosts,
            texts: roster.names.clone(),
            register: register.clone(),
            lists: register.publish_all(),
            release: topology.release,
            elsewhere: BTreeMap::new(),
            beside: false,
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
