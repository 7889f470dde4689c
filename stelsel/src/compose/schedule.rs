//! What happens in a run from outside: faults of hosts and links, changes of the register, deviants.
//!
//! Checks what only the whole network can tell: whether a host is there and whether what should befall it can.

use actors::deviant::Deviation;
use protocol::world::{
    link::{HostSet, LinkFault},
    schedule::{Happening, Scheduled},
};
use protocol::{
    id::{HostId, NameId},
    message::Request,
    register::{Change, Edition, ListKind, Offer, PreparedMove, PreparedOffer, Register},
    role::Role,
    time::{Instant, WallTime},
};

use super::{
    network,
    parties::Later,
    patterns,
    roster::{Roster, RosterHost, addresses_at},
};
use crate::{
    plan::{
        ChangeKind, DeviantPlan, Fault, FaultKind, HostFault, LinkEnds, RegisterChange, Scenario,
        moment,
    },
    problem::{Located, Problem, Problems},
};

/// Everything that happens, and what must be prepared for it.
#[derive(Clone, Debug)]
pub struct Script {
    /// What happens.
    pub schedule: Vec<Scheduled>,
    /// The register at the start.
    pub register: Register,
    /// What ZA gateways will be able to serve.
    pub later: Later,
    /// Gateways that were removed by changes read so far.
    removed: Vec<NameId>,
    /// Who breaks which rules. A visitor's id stands for an arrival; [`EVERYBODY`] for all.
    pub deviants: Vec<(HostId, Deviation)>,
}

/// In place of an arrival: all people.
pub const EVERYBODY: HostId = HostId::visitor(u32::MAX >> 2);

/// What a scenario has happen.
///
/// # Errors
/// Something names what is not there, or cannot befall it.
pub fn script(scenario: &Scenario, roster: &mut Roster) -> Result<Script, Problems> {
    let mut script = Script {
        schedule: Vec::new(),
        register: roster.register.clone(),
        later: Later::default(),
        removed: Vec::new(),
        deviants: Vec::new(),
    };
    let mut problems = Vec::new();
    for (number, fault) in scenario.faults.iter().enumerate() {
        problems.extend(script.fault(fault, number, roster).err());
    }
    // In the order of time, whatever that of the file, so that who comes back is known to have left.
    let mut changes: Vec<&RegisterChange> = scenario.changes.iter().collect();
    changes.sort_by_key(|change| change.at);
    for change in changes {
        problems.extend(script.change(change, roster).err());
    }
    for deviant in &scenario.deviants {
        problems.extend(script.deviant(deviant, roster).err());
    }
    if problems.is_empty() { Ok(script) } else { Err(Problems(problems)) }
}

impl Script {
    fn fault(&mut self, fault: &Fault, number: usize, roster: &Roster) -> Result<(), Problem> {
        match &fault.kind {
            FaultKind::Host(pattern, kind) => {
                for host in patterns::hosts(roster, pattern)? {
                    self.host_fault(fault, *kind, number, host, roster)?;
                }
                Ok(())
            }
            FaultKind::Link(ends, kind) => {
                let everybody = || HostSet {
                    visitors: true,
                    hosts: (0..roster.hosts.len() as u32).map(HostId).collect(),
                };
                let ways = match ends {
                    LinkEnds::Directed(from, to) => {
                        vec![(patterns::set(roster, from)?, patterns::set(roster, to)?)]
                    }
                    LinkEnds::Either(end) => {
                        let end = patterns::set(roster, end)?;
                        vec![(end.clone(), everybody()), (everybody(), end)]
                    }
                };
                for (way, (from, to)) in ways.into_iter().enumerate() {
                    // Each way is a fault of its own; there are at most two.
                    let fault_number = number * 2 + way;
                    let link = LinkFault { from, to, kind: kind.clone() };
                    let begins = Happening::LinkFails { fault: fault_number, link };
                    let ends = Happening::LinkHeals { fault: fault_number };
                    self.lasts(fault, begins, Some(ends));
                }
                Ok(())
            }
        }
    }

    fn host_fault(
        &mut self,
        fault: &Fault,
        kind: HostFault,
        number: usize,
        host: HostId,
        roster: &Roster,
    ) -> Result<(), Problem> {
        let (begins, ends) = match kind {
            HostFault::Down => (Happening::Down(host), Some(Happening::Up(host))),
            HostFault::Crash => (Happening::Crash(host), Some(Happening::Restart(host))),
            HostFault::Pause => (Happening::Pause(host), Some(Happening::Resume(host))),
            HostFault::Slow(factor) => (
                Happening::Slow { host, fault: number, factor: Some(factor) },
                Some(Happening::Slow { host, fault: number, factor: None }),
            ),
            HostFault::Skew(nanos) => {
                (Happening::Skew(host, nanos), Some(Happening::Skew(host, -nanos)))
            }
            HostFault::Drift(drift) => (
                Happening::Drift { host, fault: number, drift: Some(drift) },
                Some(Happening::Drift { host, fault: number, drift: None }),
            ),
            HostFault::Revoke | HostFault::Expire => {
                let entry = roster.host(host);
                if network::certificate(roster, host, entry.back).is_none() {
                    let found = format!("{}, which has none", entry.name);
                    return Err(fault.place.expected("a host with a certificate", found));
                }
                let begins = match kind {
                    HostFault::Revoke => {
                        Happening::Tell(roster.ocsp(), Request::Revoke(network::serial(host)))
                    }
                    _ => Happening::CertificateEnds(host, WallTime::exact(moment(fault.at))),
                };
                (begins, None)
            }
        };
        self.lasts(fault, begins, ends);
        Ok(())
    }

    /// A fault begins, and ends if it lasts so long only and can end.
    fn lasts(&mut self, fault: &Fault, begins: Happening, ends: Option<Happening>) {
        let at = moment(fault.at);
        self.schedule.push(Scheduled { at, what: begins });
        if let (Some(lasts), Some(ends)) = (fault.lasts, ends) {
            self.schedule.push(Scheduled { at: at + lasts, what: ends });
        }
    }

    fn change(&mut self, change: &RegisterChange, roster: &mut Roster) -> Result<(), Problem> {
        const GATEWAYS: [Role; 2] = [Role::Pgo, Role::Za];
        let at = moment(change.at);
        let every = &[ListKind::Zal, ListKind::Whitelist, ListKind::OauthClients][..];
        let (made, lists) = match &change.kind {
            ChangeKind::AddGateway(host) => {
                let gateway = roster.host(patterns::one(roster, host, &GATEWAYS)?).clone();
                // Who was removed before and comes back was there from the start.
                let comes_back = self.removed.contains(&gateway.back);
                for node in nodes(&gateway).filter(|_| !comes_back) {
                    for known in &mut self.register.gateways {
                        known.listed &= known.node != node;
                    }
                }
                self.further_nodes(&gateway, at, Change::AddGateway, roster);
                (Change::AddGateway(gateway.back), every)
            }
            ChangeKind::RemoveGateway(host) => {
                let gateway = roster.host(patterns::one(roster, host, &GATEWAYS)?).clone();
                self.further_nodes(&gateway, at, Change::RemoveGateway, roster);
                self.removed.push(gateway.back);
                (Change::RemoveGateway(gateway.back), every)
            }
            ChangeKind::MoveEndpoint { host, to, closes } => {
                let from = patterns::one(roster, host, &[Role::Za])?;
                let target = patterns::one(roster, to, &[Role::Za])?;
                if from == target {
                    return Err(to.place.expected("another gateway", format!("`{}`", to.value)));
                }
                let number = self.move_endpoint(from, target, roster);
                if *closes {
                    let names =
                        [roster.host(from).front].into_iter().chain(nodes(roster.host(from)));
                    for name in names {
                        let what = Happening::MoveName(name, None);
                        self.schedule.push(Scheduled { at, what });
                    }
                }
                (Change::MoveEndpoint(number), &[ListKind::Zal][..])
            }
            ChangeKind::AddProvider(naam) => {
                let zorgaanbieder = provider(roster, naam)?;
                self.register.listings[zorgaanbieder].listed = false;
                let zorgaanbieder = self.register.listings[zorgaanbieder].zorgaanbieder;
                (Change::AddProvider(zorgaanbieder), &[ListKind::Zal][..])
            }
            ChangeKind::RemoveProvider(naam) => {
                let place = provider(roster, naam)?;
                let zorgaanbieder = self.register.listings[place].zorgaanbieder;
                (Change::RemoveProvider(zorgaanbieder), &[ListKind::Zal][..])
            }
            ChangeKind::AddService(naam, dienst) => {
                let place = provider(roster, naam)?;
                let listing = &mut self.register.listings[place];
                let zorgaanbieder = listing.zorgaanbieder;
                let entry = &roster.providers[place];
                let same = entry.offers.iter().find(|offer| offer.dienst == dienst.value);
                let Some(offer) = same.or(entry.offers.first()).copied() else {
                    let none = "a Zorgaanbieder that offers something already";
                    return Err(naam.place.expected(none, format!("`{}`", naam.value)));
                };
                listing.offers.retain(|offer| offer.dienst != dienst.value);
                let number = self.register.prepared.len() as u32;
                let prepared = Offer { dienst: dienst.value, addresses: offer.addresses };
                self.register.prepared.push(PreparedOffer { zorgaanbieder, offer: prepared });
                self.later.offers.push((offer.gateway, zorgaanbieder, dienst.value));
                (Change::AddService(number), &[ListKind::Zal][..])
            }
            ChangeKind::Rename(host, organisation) => {
                let node = roster.host(patterns::one(roster, host, &GATEWAYS)?).back;
                let organisation = roster.names.organisation(organisation);
                (Change::Rename(node, organisation), &[ListKind::OauthClients][..])
            }
            ChangeKind::PublishBroken(list) => {
                self.tell_to_publish(at, *list, Edition::Broken, roster);
                return Ok(());
            }
            ChangeKind::Publish(list) => {
                self.tell_to_publish(at, *list, Edition::OfRegister, roster);
                return Ok(());
            }
            ChangeKind::RollBack(list) => {
                self.tell_to_publish(at, *list, Edition::Previous, roster);
                return Ok(());
            }
            ChangeKind::FetchList(hosts, list) => {
                for host in patterns::hosts(roster, hosts)? {
                    if GATEWAYS.contains(&roster.host(host).role) {
                        let what = Happening::Tell(host, Request::FetchListNow(*list));
                        self.schedule.push(Scheduled { at, what });
                    }
                }
                return Ok(());
            }
            ChangeKind::Release(host, release) => {
                let host_id = patterns::one(roster, host, &[Role::Za])?;
                if roster.host(host_id).releases.has(*release) {
                    let found = format!("{release}, which `{}` speaks already", host.value);
                    return Err(host.place.expected("a release that is new there", found));
                }
                self.later.releases.push((host_id, *release));
                let places = self.places_of(host_id, roster);
                for place in &places {
                    let what = Request::ChangeRegister(Change::EnableRelease(*place, *release));
                    let what = Happening::Tell(roster.stelselnode(), what);
                    self.schedule.push(Scheduled { at, what });
                }
                self.publish(change, &[ListKind::Zal], roster);
                return Ok(());
            }
        };
        let what = Happening::Tell(roster.stelselnode(), Request::ChangeRegister(made));
        self.schedule.push(Scheduled { at, what });
        self.publish(change, lists, roster);
        Ok(())
    }

    /// The same change for the other nodes of a gateway that has several, as real lists have them.
    fn further_nodes(
        &mut self,
        gateway: &RosterHost,
        at: Instant,
        change: fn(NameId) -> Change,
        roster: &Roster,
    ) {
        for node in &gateway.others {
            let what = Request::ChangeRegister(change(*node));
            let what = Happening::Tell(roster.stelselnode(), what);
            self.schedule.push(Scheduled { at, what });
        }
    }

    fn publish(&mut self, change: &RegisterChange, lists: &[ListKind], roster: &Roster) {
        if change.publish_at_once {
            for list in lists {
                self.tell_to_publish(moment(change.at), *list, Edition::OfRegister, roster);
            }
        }
    }

    fn tell_to_publish(&mut self, at: Instant, list: ListKind, how: Edition, roster: &Roster) {
        let what = Happening::Tell(roster.stelselnode(), Request::Publish(list, how));
        self.schedule.push(Scheduled { at, what });
    }

    /// Where the addresses of a ZA gateway stand in the register.
    fn places_of(&self, za: HostId, roster: &Roster) -> Vec<u32> {
        let offers = roster.providers.iter().flat_map(|provider| &provider.offers);
        let mut places: Vec<u32> =
            offers.filter(|offer| offer.gateway == za).map(|offer| offer.addresses).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Prepares a move of everything that one gateway serves to another; gives its number.
    fn move_endpoint(&mut self, from: HostId, to: HostId, roster: &mut Roster) -> u32 {
        let target = roster.host(to).clone();
        let addresses = addresses_at(&mut roster.names, target.front, target.back, target.releases);
        let moves = self
            .places_of(from, roster)
            .into_iter()
            .map(|place| PreparedMove { place, addresses: addresses.clone() })
            .collect();
        for listing in &self.register.listings {
            let entry = &roster.providers[listing.zorgaanbieder.index()];
            let moved = entry.offers.iter().filter(|offer| offer.gateway == from);
            let later = moved.map(|offer| (to, listing.zorgaanbieder, offer.dienst));
            self.later.offers.extend(later);
        }
        self.register.moves.push(moves);
        self.register.moves.len() as u32 - 1
    }

    fn deviant(&mut self, plan: &DeviantPlan, roster: &Roster) -> Result<(), Problem> {
        let DeviantPlan { host, breaks } = plan;
        let mut found = Vec::new();
        if patterns::means_persons(&host.value) {
            found.push((EVERYBODY, Role::Person));
        } else if let Some(number) = host.value.strip_prefix("person-") {
            let arrival: u32 = number
                .parse()
                .ok()
                .and_then(|number: u32| number.checked_sub(1))
                .filter(|arrival| *arrival < EVERYBODY.place() as u32)
                .ok_or_else(|| host.place.expected("a number from 1", format!("`{number}`")))?;
            found.push((HostId::visitor(arrival), Role::Person));
        }
        if found.is_empty() {
            let hosts = patterns::hosts(roster, host)?;
            found.extend(hosts.into_iter().map(|host| (host, roster.host(host).role)));
        }
        for (id, role) in found {
            let Some(deviation) = Deviation::find(role, &breaks.value) else {
                let of_role = Deviation::ALL.iter().filter(|one| one.roles().contains(&role));
                let names: Vec<String> = of_role.map(|one| one.name()).collect();
                let expected = format!("a rule or a deviation that fits a {}", role.name());
                let found = format!("`{}`", breaks.value);
                let hint = match names.is_empty() {
                    true => format!("no deviation fits a {}", role.name()),
                    false => format!("these fit: {}", names.join(", ")),
                };
                return Err(breaks.place.expected(expected, found).hint(hint));
            };
            self.deviants.push((id, deviation));
        }
        Ok(())
    }
}

/// The node names of a gateway: one in networks of our own, perhaps more in real ones.
fn nodes(gateway: &RosterHost) -> impl Iterator<Item = NameId> + use<> {
    [gateway.back].into_iter().chain(gateway.others.clone())
}

/// The place of a Zorgaanbieder, by its name or that of its systems.
fn provider(roster: &Roster, naam: &Located<String>) -> Result<usize, Problem> {
    let by_name = roster.names.find_zorgaanbieder(&naam.value).map(|id| id.index());
    let by_xis = || {
        let number: usize = naam.value.strip_prefix("xis-")?.parse().ok()?;
        number.checked_sub(1)
    };
    by_name.or_else(by_xis).filter(|place| *place < roster.providers.len()).ok_or_else(|| {
        let first = roster.names.zorgaanbieder_text(protocol::id::ZorgaanbiederId(0)).to_owned();
        naam.place.expected(
            format!("a Zorgaanbieder of this network, such as {first} or xis-1"),
            format!("`{}`", naam.value),
        )
    })
}
