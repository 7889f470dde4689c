//! Who is in a network: hosts, names, Zorgaanbieders, and the register that says so.
//!
//! Made from a topology, either with names of its own or with those of real lists. The order of hosts is that of
//! their ids: PGO gateways, ZA gateways, DigiD, stelselnode, OCSP responder, then one xIS per Zorgaanbieder.
//! Does not say what the hosts are made of (`parties`) or what happens to them (`schedule`).

use protocol::{
    catalogue::Gegevensdienst,
    id::{HostId, NameId, ZorgaanbiederId},
    message::Assurance,
    names::Names,
    register::{Addresses, Gateway, Listing, Offer, ParticipantKind, Register},
    release::ReleaseSet,
    role::Role,
    uri::Uri,
};

use crate::{
    lists::{self, Clients, Imported, gateways::Found},
    plan::{StationPlan, Topology, ZaGroup},
    problem::{Located, Problems},
};

/// Who is in a network.
#[derive(Clone, Debug)]
pub struct Roster {
    /// The texts behind ids.
    pub names: Names,
    /// Every host with a station, in the order of their ids.
    pub hosts: Vec<RosterHost>,
    /// Every Zorgaanbieder, in the order of their ids.
    pub providers: Vec<Provider>,
    /// Types of Zorgaanbieders.
    pub provider_types: Vec<String>,
    /// The register at the start, before any scenario has changes in it. The addresses of the offers of an
    /// invented network stand in the order of the ZA gateways.
    pub register: Register,
    /// Where each PGO gateway wants browsers to be redirected to.
    pub redirects: Vec<Uri>,
    /// How many PGO gateways there are; ZA gateways follow them.
    pub pgos: usize,
    /// How many ZA gateways there are; DigiD follows them.
    pub zas: usize,
}

/// A host with a station.
#[derive(Clone, Debug)]
pub struct RosterHost {
    /// As files name it: `za-2`.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Its station.
    pub station: StationPlan,
    /// Its name for browsers. Who has but one name has it here and as `back`.
    pub front: NameId,
    /// Its name for gateways: the subject of a node's certificate.
    pub back: NameId,
    /// More names that lead to it, entered as `back` is.
    pub others: Vec<NameId>,
    /// The releases that it speaks.
    pub releases: ReleaseSet,
    /// The group of the topology that it belongs to, for gateways.
    pub group: usize,
}

/// A Zorgaanbieder.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its type: a place among the types.
    pub kind: u8,
    /// What it offers.
    pub offers: Vec<Offered>,
    /// The level of assurance that it wants of a login.
    pub level: Assurance,
    /// How often it is chosen, as a share of 1 over all Zorgaanbieders.
    pub weight: f64,
}

/// A service that a Zorgaanbieder offers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Offered {
    /// What.
    pub dienst: Gegevensdienst,
    /// Through which ZA gateway.
    pub gateway: HostId,
    /// Where that is: a place among the register's addresses.
    pub addresses: u32,
}

/// The names of a ZA gateway.
#[derive(Clone, Debug)]
pub struct ZaNames {
    /// For browsers.
    pub front: NameId,
    /// For gateways.
    pub back: NameId,
    /// More of these.
    pub others: Vec<NameId>,
}

impl Roster {
    /// DigiD.
    pub fn digid(&self) -> HostId {
        HostId((self.pgos + self.zas) as u32)
    }

    /// The stelselnode.
    pub fn stelselnode(&self) -> HostId {
        HostId(self.digid().0 + 1)
    }

    /// The OCSP responder.
    pub fn ocsp(&self) -> HostId {
        HostId(self.digid().0 + 2)
    }

    /// The PGO gateways.
    pub fn pgo_hosts(&self) -> impl Iterator<Item = HostId> + use<> {
        (0..self.pgos as u32).map(HostId)
    }

    /// The ZA gateways.
    pub fn za_hosts(&self) -> impl Iterator<Item = HostId> + use<> {
        (self.pgos as u32..(self.pgos + self.zas) as u32).map(HostId)
    }

    /// The host of that id.
    pub fn host(&self, host: HostId) -> &RosterHost {
        &self.hosts[host.place()]
    }

    /// The systems of a Zorgaanbieder.
    pub fn xis(&self, zorgaanbieder: ZorgaanbiederId) -> HostId {
        HostId(self.ocsp().0 + 1 + zorgaanbieder.0)
    }

    /// Who is in a topology that names no real lists.
    ///
    /// # Errors
    /// There are more Zorgaanbieders of a type than names for them.
    pub fn invented(topology: &Topology) -> Result<Self, Problems> {
        let mut names = Names::default();
        let text = |given: &Option<Located<String>>, own: String| match given {
            Some(given) => given.value.clone(),
            None => own,
        };
        let mut pgos = Vec::new();
        for group in &topology.pgos {
            for host in &group.hosts {
                pgos.push(names.host(&text(&group.hostname, format!("{host}.stelsel.example"))));
            }
        }
        let mut zas = Vec::new();
        for group in &topology.zas {
            for host in &group.hosts {
                let front = text(&group.front, format!("{host}.stelsel.example"));
                let back = text(&group.back, format!("node.{host}.stelsel.example"));
                let (front, back) = (names.host(&front), names.host(&back));
                zas.push(ZaNames { front, back, others: Vec::new() });
            }
        }
        let mut roster = Self::gateways(topology, names, &pgos, zas);
        roster.register.addresses = roster
            .za_hosts()
            .map(|za| {
                let RosterHost { front, back, releases, .. } = *roster.host(za);
                addresses_at(&mut roster.names, front, back, releases)
            })
            .collect();
        let mut first = roster.pgos as u32;
        for group in &topology.zas {
            roster.invent_providers(group, HostId(first))?;
            first += group.hosts.len() as u32;
        }
        roster.behind(topology);
        Ok(roster)
    }

    /// Who is in a topology, as it says itself or as the real lists that it names do.
    ///
    /// # Errors
    /// As of [`Roster::invented`] and [`Roster::imported`].
    pub fn of(topology: &Topology) -> Result<Self, Problems> {
        match &topology.source {
            Some(source) => Self::imported(topology, lists::read(source)?),
            None => Self::invented(topology),
        }
    }

    /// Who is in a topology that names real lists.
    ///
    /// # Errors
    /// A gateway of the lists is in no group, or a group is on no list.
    pub fn imported(topology: &Topology, lists: Imported) -> Result<Self, Problems> {
        let Imported { mut names, zal, gateways, whitelist, clients, .. } = lists;
        let mut problems = Vec::new();
        let mut pgos = Vec::new();
        for group in &topology.pgos {
            pgos.extend(group.hostname.as_ref().map(|name| names.host(&name.value)));
        }
        let mut groups: Vec<Option<usize>> = vec![None; gateways.len()];
        let mut zas = Vec::new();
        for group in &topology.zas {
            let own: Vec<&Located<String>> = group.front.iter().chain(&group.back).collect();
            let named = |gateway: &Found| {
                own.iter().all(|name| {
                    let id = names.find_host(&name.value);
                    id.is_some_and(|id| gateway.hosts.contains(&id))
                })
            };
            let Some(place) = gateways.iter().position(named) else {
                let name = own.first().map_or("", |name| name.value.as_str());
                problems.push(group.place.expected(
                    "the names of one gateway, as offers of the ZAL have them together",
                    format!("`{name}` or another, which the ZAL does not have there"),
                ));
                continue;
            };
            if groups[place].replace(zas.len()).is_some() {
                let name = names.host_text(gateways[place].back);
                let twice = format!("a second one with names of the gateway of {name}");
                problems.push(group.place.expected("a gateway once", twice));
            }
            let Found { front, back, others, .. } = gateways[place].clone();
            zas.push(ZaNames { front, back, others });
        }
        for gateway in gateways.iter().zip(&groups).filter(|(_, group)| group.is_none()) {
            let name = names.host_text(gateway.0.front);
            problems.push(
                topology
                    .place
                    .problem(format!("no [[za]] has front = \"{name}\", a gateway of the ZAL")),
            );
        }
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let mut roster = Self::gateways(topology, names, &pgos, zas);
        roster.register.addresses =
            (0..).map_while(|place| zal.addresses(place)).cloned().collect();
        // Nobody could be on the Whitelist of whom no list knows.
        let exempt = if clients == Clients::Assumed { &pgos[..] } else { &[] };
        roster.import_nodes(whitelist.as_ref(), exempt);
        let mut gateway_of = std::collections::BTreeMap::new();
        for (found, za) in gateways.iter().zip(&groups) {
            let host = HostId((roster.pgos + za.unwrap_or(0)) as u32);
            gateway_of.extend(found.hosts.iter().map(|name| (*name, host)));
        }
        for (_, offers) in zal.rows() {
            let offered = |offer: &Offer| {
                let at = zal.addresses(offer.addresses)?.authorization.host;
                let gateway = *gateway_of.get(&at)?;
                Some(Offered { dienst: offer.dienst, gateway, addresses: offer.addresses })
            };
            let offers: Vec<Offered> = offers.iter().filter_map(offered).collect();
            let first = offers.first().map_or(roster.digid(), |offer| offer.gateway);
            let group = &topology.zas[roster.host(first).group];
            let kind = roster.kind_of(group);
            roster.providers.push(Provider { kind, offers, level: group.level, weight: 0.0 });
        }
        roster.share_out(topology);
        roster.behind(topology);
        Ok(roster)
    }

    /// The Whitelist of an imported network: each name of a gateway for gateways is a node of its own.
    fn import_nodes(
        &mut self,
        whitelist: Option<&std::collections::BTreeSet<NameId>>,
        exempt: &[NameId],
    ) {
        for za in self.za_hosts() {
            let RosterHost { back, others, .. } = self.host(za).clone();
            let of = self.register.gateways.iter().find(|gateway| gateway.node == back);
            let Some(first) = of.cloned() else { continue };
            for node in others {
                self.register.gateways.push(Gateway { node, ..first.clone() });
            }
        }
        if let Some(whitelist) = whitelist {
            for gateway in &mut self.register.gateways {
                gateway.listed =
                    whitelist.contains(&gateway.node) || exempt.contains(&gateway.node);
            }
        }
    }

    /// How often each Zorgaanbieder is chosen, by the weight of its group and its place among those of the group.
    fn share_out(&mut self, topology: &Topology) {
        let mut of_group: Vec<Vec<usize>> = vec![Vec::new(); topology.zas.len()];
        for (n, provider) in self.providers.iter().enumerate() {
            if let Some(offer) = provider.offers.first() {
                of_group[self.host(offer.gateway).group].push(n);
            }
        }
        for (group, providers) in topology.zas.iter().zip(of_group) {
            let popularity = group.popularity.weights(providers.len());
            for (n, popularity) in providers.into_iter().zip(popularity) {
                self.providers[n].weight = group.weight * popularity;
            }
        }
    }

    /// The gateways and what is central, before any Zorgaanbieder.
    pub(super) fn gateways(
        topology: &Topology,
        names: Names,
        pgos: &[NameId],
        zas: Vec<ZaNames>,
    ) -> Self {
        let mut provider_types: Vec<String> = Vec::new();
        for group in &topology.zas {
            if !provider_types.contains(&group.provider_type) {
                provider_types.push(group.provider_type.clone());
            }
        }
        let mut roster = Self {
            names,
            hosts: Vec::new(),
            providers: Vec::new(),
            provider_types,
            register: Register::default(),
            redirects: Vec::new(),
            pgos: pgos.len(),
            zas: zas.len(),
        };
        let mut pgos = pgos.iter().copied();
        for (place, group) in topology.pgos.iter().enumerate() {
            for (host, front) in group.hosts.iter().zip(&mut pgos) {
                roster.enrol(front, group.organisation.as_deref(), host, ParticipantKind::Dvp);
                let callback = format!("https://{}/callback", roster.names.host_text(front));
                roster.redirects.push(roster.names.uri(&callback));
                roster.hosts.push(RosterHost {
                    name: host.clone(),
                    role: Role::Pgo,
                    station: group.station,
                    front,
                    back: front,
                    others: Vec::new(),
                    releases: group.releases,
                    group: place,
                });
            }
        }
        let mut zas = zas.into_iter();
        for (place, group) in topology.zas.iter().enumerate() {
            for (host, ZaNames { front, back, others }) in group.hosts.iter().zip(&mut zas) {
                roster.enrol(back, group.organisation.as_deref(), host, ParticipantKind::Dvza);
                roster.hosts.push(RosterHost {
                    name: host.clone(),
                    role: Role::Za,
                    station: group.station,
                    front,
                    back,
                    others,
                    releases: group.releases,
                    group: place,
                });
            }
        }
        roster.central(topology);
        roster
    }

    fn enrol(&mut self, node: NameId, named: Option<&str>, host: &str, kind: ParticipantKind) {
        let own = match kind {
            ParticipantKind::Dvp => format!("PGO {host}"),
            ParticipantKind::Dvza => format!("Dienstverlener {host}"),
        };
        let organisation = self.names.organisation(named.unwrap_or(&own));
        self.register.gateways.push(Gateway { node, organisation, kind, listed: true });
    }

    fn central(&mut self, topology: &Topology) {
        let mut host = |name: &str, role, station, front: &str, back: &str| {
            let (front, back) = (self.names.host(front), self.names.host(back));
            self.hosts.push(RosterHost {
                name: name.to_owned(),
                role,
                station,
                front,
                back,
                others: Vec::new(),
                releases: ReleaseSet::only(topology.release),
                group: 0,
            });
        };
        let Topology { digid, stelselnode, ocsp, .. } = topology;
        let (front, back) = ("digid.stelsel.example", "was.digid.stelsel.example");
        host("digid-1", Role::Digid, digid.station, front, back);
        let name = "stelselnode.stelsel.example";
        host("stelselnode-1", Role::Stelselnode, stelselnode.station, name, name);
        let name = "ocsp.stelsel.example";
        host("ocsp-1", Role::Ocsp, ocsp.station, name, name);
    }

    /// The Zorgaanbieders of one group, spread over its hosts, of which `first` is the first.
    fn invent_providers(&mut self, group: &ZaGroup, first: HostId) -> Result<(), Problems> {
        let count = group.providers.unwrap_or(0) as usize;
        let kind = self.kind_of(group);
        let over_hosts = group.providers_over_hosts.weights(group.hosts.len());
        let popularity = group.popularity.weights(count);
        for (n, popularity) in popularity.into_iter().enumerate() {
            // Each host has its share of them, spread evenly over the popular and the others.
            let gateway = pick_evenly(&over_hosts, n);
            let place = self.providers.len();
            let naam = zorgaanbiedernaam(&group.provider_type, place);
            let known = self.names.zorgaanbieder_count();
            if self.names.zorgaanbieder(&naam).index() != known {
                let more = group.place.expected(
                    "a provider type of which every Zorgaanbieder can have a name of its own",
                    format!("`{}`, of which two would be called `{naam}`", group.provider_type),
                );
                return Err(more.into());
            }
            let addresses = first.0 - self.pgos as u32 + gateway as u32;
            let gateway = HostId(first.0 + gateway as u32);
            let offers = group
                .services
                .iter()
                .map(|dienst| Offered { dienst: *dienst, gateway, addresses })
                .collect();
            self.providers.push(Provider {
                kind,
                offers,
                level: group.level,
                weight: group.weight * popularity,
            });
        }
        Ok(())
    }

    /// The type of a group's Zorgaanbieders.
    pub(super) fn kind_of(&self, group: &ZaGroup) -> u8 {
        let same = |name: &String| *name == group.provider_type;
        self.provider_types.iter().position(same).unwrap_or(0) as u8
    }

    /// Everything that follows from the Zorgaanbieders: their systems, their shares, their rows in the register.
    pub(super) fn behind(&mut self, topology: &Topology) {
        let total: f64 = self.providers.iter().map(|provider| provider.weight).sum();
        let releases = ReleaseSet::only(topology.release);
        for (place, provider) in self.providers.iter_mut().enumerate() {
            provider.weight /= total;
            let name = format!("xis-{}", place + 1);
            let back = self.names.host(&format!("{name}.stelsel.example"));
            self.hosts.push(RosterHost {
                name,
                role: Role::Xis,
                station: topology.xis.station,
                front: back,
                back,
                others: Vec::new(),
                releases,
                group: 0,
            });
            let offer =
                |offered: &Offered| Offer { dienst: offered.dienst, addresses: offered.addresses };
            self.register.listings.push(Listing {
                zorgaanbieder: ZorgaanbiederId(place as u32),
                listed: true,
                offers: provider.offers.iter().map(offer).collect(),
            });
        }
    }
}

/// The endpoints of a gateway with these names.
pub(super) fn addresses_at(
    names: &mut Names,
    front: NameId,
    back: NameId,
    releases: ReleaseSet,
) -> Addresses {
    let mut uri = |host: NameId, path: &str| {
        let text = format!("https://{}/{path}", names.host_text(host));
        names.uri(&text)
    };
    Addresses {
        releases,
        authorization: uri(front, "authorize"),
        token: uri(back, "token"),
        resources: vec![uri(back, "fhir")],
    }
}

/// To which of things with these weights the n-th goes, if they go round in turn: the one that is furthest
/// behind its share (a low-discrepancy sequence, so that no draw is needed).
fn pick_evenly(weights: &[f64], n: usize) -> usize {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let point = ((n as f64 + 0.5) * GOLDEN).fract();
    let mut sum = 0.0;
    for (place, weight) in weights.iter().enumerate() {
        sum += weight;
        if point < sum {
            return place;
        }
    }
    weights.len().saturating_sub(1)
}

/// An invented Zorgaanbiedernaam: letters of the type, and letters that are its number.
fn zorgaanbiedernaam(provider_type: &str, number: usize) -> String {
    let mut naam: String =
        provider_type.chars().filter(char::is_ascii_lowercase).take(40).collect();
    let mut rest = number;
    for _ in 0..4 {
        naam.push((b'a' + (rest % 26) as u8) as char);
        rest /= 26;
    }
    naam + "@medmij"
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::names::check_zorgaanbiedernaam;

    #[test]
    fn invented_names_of_zorgaanbieders_are_good_and_differ() {
        let naam = |n| zorgaanbiedernaam("ggz-instelling", n);
        for n in [0, 1, 25, 26, 49_999, 456_975] {
            assert_eq!(check_zorgaanbiedernaam(&naam(n)), Ok(()), "{}", naam(n));
        }
        let all: std::collections::BTreeSet<String> = (0..60_000).map(naam).collect();
        assert_eq!(all.len(), 60_000);
    }

    #[test]
    fn shares_are_kept_to_by_going_round_in_turn() {
        let weights = [0.5, 0.3, 0.2];
        let mut counts = [0u32; 3];
        for n in 0..1_000 {
            counts[pick_evenly(&weights, n)] += 1;
        }
        assert!(counts.iter().zip([500u32, 300, 200]).all(|(n, share)| n.abs_diff(share) <= 4));
    }
}
