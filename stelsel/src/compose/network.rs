//! What the kernel is told of a network: stations, doors, links and costs.

use std::collections::BTreeMap;

use protocol::world::{
    cost::{Cost, CostClass, Costs},
    link::{Link, LinkClass, Links},
    network::{Door, HostSpec, LimitClass, NameSpec, Network},
};
use protocol::{
    contract::Work,
    id::{HostId, NameId, Serial},
    message::Certificate,
    role::Role,
    time::WallTime,
};

use super::{patterns, roster::Roster};
use crate::{
    plan::{LinkEnds, LinkPlan, Topology},
    problem::Problems,
};

/// The network of a topology.
///
/// # Errors
/// A link names hosts that are not there.
pub fn network(topology: &Topology, roster: &Roster) -> Result<Network, Problems> {
    let (links, link_of, visitor_link) = links(&topology.links, roster)?;
    let mut costs = Costs::default();
    let class_of: Vec<(Role, CostClass)> = Role::ALL
        .into_iter()
        .map(|role| (role, costs.add(|work| cost(topology, role, work))))
        .collect();
    let hosts = roster
        .hosts
        .iter()
        .enumerate()
        .map(|(place, host)| HostSpec {
            workers: host.station.workers,
            queue: host.station.queue,
            open: host.station.open,
            costs: class_of[host.role as usize].1,
            link: link_of[place],
            certificate: certificate(roster, HostId(place as u32), host.back),
        })
        .collect();
    Ok(Network {
        hosts,
        names: names(roster),
        links,
        costs,
        visitor_link,
        tls: topology.tls,
        limits: topology.limits,
    })
}

fn cost(topology: &Topology, role: Role, work: Work) -> Option<Cost> {
    let line = topology.costs.iter().find(|(of, at, _)| *of == role && *at == work)?;
    Some(line.2.clone())
}

/// The number of a host's certificate. A serial number is positive (RFC 5280 §4.1.2.2).
pub const fn serial(host: HostId) -> Serial {
    Serial(host.0 + 1)
}

/// What a host shows at a mutual door.
pub fn certificate(roster: &Roster, host: HostId, subject: NameId) -> Option<Certificate> {
    let has_one =
        matches!(roster.host(host).role, Role::Pgo | Role::Za | Role::Digid | Role::Stelselnode);
    has_one.then_some(Certificate {
        serial: serial(host),
        subject,
        not_after: WallTime::FAR_FUTURE,
        trusted_chain: true,
    })
}

/// The door that stands behind a host's back name.
fn back_door(role: Role) -> Door {
    match role {
        Role::Pgo | Role::Person => Door::Front,
        Role::Za => Door::Mutual { answerer_decides: true, limit: LimitClass::Back },
        Role::Digid => Door::Mutual { answerer_decides: false, limit: LimitClass::Back },
        Role::Stelselnode => Door::Mutual { answerer_decides: true, limit: LimitClass::List },
        Role::Ocsp => Door::Plain(LimitClass::Ocsp),
        Role::Xis => Door::Behind,
    }
}

fn names(roster: &Roster) -> Vec<NameSpec> {
    let nowhere = NameSpec {
        leads_to: None,
        door: Door::Mutual { answerer_decides: false, limit: LimitClass::Back },
        for_browsers: false,
        certificate: None,
    };
    let mut names = vec![nowhere; roster.names.host_count()];
    for (place, host) in roster.hosts.iter().enumerate() {
        let id = HostId(place as u32);
        let leads_to = Some(id);
        let front = NameSpec { leads_to, door: Door::Front, for_browsers: true, certificate: None };
        names[host.front.index()] = front;
        for name in [host.back].iter().chain(&host.others) {
            let certificate = certificate(roster, id, *name);
            // Nobody goes to the stelselnode by a browser.
            let for_browsers = *name == host.front && host.role != Role::Stelselnode;
            let door = back_door(host.role);
            names[name.index()] = NameSpec { leads_to, door, for_browsers, certificate };
        }
    }
    names
}

/// All links, the class of each host, and that of people's browsers. Hosts to which the same lines apply share
/// a class.
fn links(plan: &LinkPlan, roster: &Roster) -> Result<(Links, Vec<LinkClass>, LinkClass), Problems> {
    let mut problems = Vec::new();
    let mut all = Vec::new();
    for line in &plan.lines {
        let ends = match &line.ends {
            LinkEnds::Either(end) => vec![end],
            LinkEnds::Directed(from, to) => vec![from, to],
        };
        for end in ends {
            match patterns::set(roster, end) {
                Ok(set) => all.push((end.value.as_str(), set)),
                Err(problem) => problems.push(problem),
            }
        }
    }
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    // Which patterns fit a host: hosts that are fitted alike are of one class.
    let mut classes: BTreeMap<Vec<bool>, LinkClass> = BTreeMap::new();
    let mut class = |fitted: Vec<bool>| {
        let next = LinkClass(classes.len() as u16);
        *classes.entry(fitted).or_insert(next)
    };
    let visitor_link = class(all.iter().map(|(_, set)| set.visitors).collect());
    let link_of = (0..roster.hosts.len() as u32)
        .map(|host| {
            let has = |set: &protocol::world::link::HostSet| {
                set.hosts.binary_search(&HostId(host)).is_ok()
            };
            class(all.iter().map(|(_, set)| has(set)).collect())
        })
        .collect();

    let fitted: BTreeMap<LinkClass, &Vec<bool>> =
        classes.iter().map(|(fitted, class)| (*class, fitted)).collect();
    let fits = |class: LinkClass, pattern: &str| {
        let place = all.iter().position(|(one, _)| *one == pattern);
        place.is_some_and(|place| fitted[&class][place])
    };
    let mut choices: Vec<Link> = vec![plan.default.clone()];
    choices.extend(plan.lines.iter().map(|line| line.link.clone()));
    let choose = |from: LinkClass, to: LinkClass| {
        let lines = plan.lines.iter().enumerate().filter_map(|(place, line)| {
            let closeness = match &line.ends {
                LinkEnds::Either(end) => {
                    let either = fits(from, &end.value) || fits(to, &end.value);
                    either.then(|| patterns::closeness(roster, &end.value))
                }
                LinkEnds::Directed(sender, receiver) => {
                    let both = fits(from, &sender.value) && fits(to, &receiver.value);
                    both.then(|| {
                        // Whoever names both ends says more than whoever names one.
                        10_000
                            + patterns::closeness(roster, &sender.value)
                            + patterns::closeness(roster, &receiver.value)
                    })
                }
            };
            closeness.map(|closeness| (closeness, place))
        });
        lines.max().map_or(0, |(_, place)| place + 1)
    };
    Ok((Links::new(choices, classes.len(), choose), link_of, visitor_link))
}
