//! The ZA gateways behind the addresses of a ZAL.
//!
//! A ZAL names addresses, not gateways. An authorization server, a token endpoint and resource servers that one offer
//! names share codes and tokens, so they are one gateway here; hostnames that are linked by any chain of offers are the
//! same one. Does not read files.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    id::NameId,
    names::Names,
    register::{Addresses, Offer, Zal},
};

/// A gateway that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Every hostname that leads to it, in the order in which the ZAL first names them.
    pub hosts: Vec<NameId>,
    /// Its name for browsers: the authorization endpoint of most offers.
    pub front: NameId,
    /// Its name for gateways: the token endpoint of most offers, one on the Whitelist if any is.
    pub back: NameId,
    /// Its other names for gateways.
    pub others: Vec<NameId>,
    /// How many Zorgaanbieders have their first offer there.
    pub zorgaanbieders: usize,
    /// The services that are offered there.
    pub services: BTreeSet<protocol::catalogue::Gegevensdienst>,
}

/// The gateways of a ZAL.
pub fn find(zal: &Zal, whitelist: Option<&BTreeSet<NameId>>) -> Vec<Found> {
    let addresses: Vec<&Addresses> = (0..).map_while(|place| zal.addresses(place)).collect();
    let mut sets = Sets::default();
    for one in &addresses {
        let first = one.authorization.host;
        one.hosts().for_each(|host| sets.join(first, host));
    }
    // How many offers there are at each place.
    let mut offers = vec![0usize; addresses.len()];
    for offer in zal.rows().flat_map(|(_, offers)| offers) {
        offers[offer.addresses as usize] += 1;
    }
    let mut found: Vec<Found> = Vec::new();
    let mut number: BTreeMap<NameId, usize> = BTreeMap::new();
    let mut fronts: Vec<BTreeMap<NameId, usize>> = Vec::new();
    let mut backs: Vec<BTreeMap<NameId, usize>> = Vec::new();
    for (one, offers) in addresses.iter().zip(&offers) {
        let root = sets.root(one.authorization.host);
        let place = *number.entry(root).or_insert_with(|| {
            found.push(Found {
                hosts: Vec::new(),
                front: one.authorization.host,
                back: one.token.host,
                others: Vec::new(),
                zorgaanbieders: 0,
                services: BTreeSet::new(),
            });
            fronts.push(BTreeMap::new());
            backs.push(BTreeMap::new());
            found.len() - 1
        });
        for host in one.hosts() {
            if !found[place].hosts.contains(&host) {
                found[place].hosts.push(host);
            }
        }
        *fronts[place].entry(one.authorization.host).or_default() += offers;
        *backs[place].entry(one.token.host).or_default() += offers;
        for resource in &one.resources {
            backs[place].entry(resource.host).or_default();
        }
    }
    for ((gateway, fronts), backs) in found.iter_mut().zip(&fronts).zip(&backs) {
        let listed = |host: &NameId| whitelist.is_none_or(|list| list.contains(host));
        // The one of most offers; among equals the one that the list names first.
        let order = |host: &NameId| gateway.hosts.iter().position(|known| known == host);
        let most = |hosts: &BTreeMap<NameId, usize>, only_listed: bool| {
            let hosts = hosts.iter().filter(|(host, _)| !only_listed || listed(host));
            hosts
                .max_by_key(|(host, offers)| (**offers, std::cmp::Reverse(order(host))))
                .map(|(host, _)| *host)
        };
        let front = most(fronts, false).unwrap_or(gateway.front);
        let back = most(backs, true).or_else(|| most(backs, false)).unwrap_or(gateway.back);
        let others = backs.keys().copied().filter(|host| *host != back).collect();
        (gateway.front, gateway.back, gateway.others) = (front, back, others);
    }
    for (_, offers) in zal.rows() {
        for (nth, offer) in offers.iter().enumerate() {
            let root = sets.root(addresses[offer.addresses as usize].authorization.host);
            let gateway = &mut found[number[&root]];
            gateway.zorgaanbieders += usize::from(nth == 0);
            gateway.services.insert(offer.dienst);
        }
    }
    found
}

/// The same ZAL with every authorization endpoint at the first name of its gateway, and at how many places it was
/// at another. A browser keeps its cookies by name, and a gateway here has one name for browsers.
pub fn with_one_front_each(zal: &Zal, gateways: &[Found], names: &mut Names) -> (Zal, usize) {
    let front: BTreeMap<NameId, NameId> = gateways
        .iter()
        .flat_map(|gateway| gateway.hosts.iter().map(|host| (*host, gateway.front)))
        .collect();
    let mut moved = 0;
    let addresses: Vec<Addresses> = (0..)
        .map_while(|place| zal.addresses(place))
        .map(|one| {
            let mut one = one.clone();
            let host = one.authorization.host;
            let first = front.get(&host).copied().unwrap_or(host);
            if first != host {
                moved += 1;
                let (from, to) = (names.host_text(host), names.host_text(first));
                let text = names.uri_text(one.authorization).replacen(from, to, 1);
                one.authorization = names.uri(&text);
            }
            one
        })
        .collect();
    let rows: Vec<(protocol::id::ZorgaanbiederId, Vec<Offer>)> =
        zal.rows().map(|(zorgaanbieder, offers)| (zorgaanbieder, offers.to_vec())).collect();
    (Zal::new(rows, addresses), moved)
}

/// Disjoint sets of names (R. E. Tarjan, Journal of the ACM 22 (1975) 215), in order of ids.
#[derive(Default)]
struct Sets(BTreeMap<NameId, NameId>);

impl Sets {
    fn root(&mut self, name: NameId) -> NameId {
        let mut root = name;
        while let Some(above) = self.0.get(&root).filter(|above| **above != root) {
            root = *above;
        }
        self.0.insert(name, root);
        root
    }

    fn join(&mut self, one: NameId, other: NameId) {
        let (one, other) = (self.root(one), self.root(other));
        self.0.insert(one.max(other), one.min(other));
        self.0.entry(one.min(other)).or_insert(one.min(other));
    }
}
