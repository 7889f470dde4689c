//! Who comes, when, and with what wish.
//!
//! Every arrival is a pure function of its number: what it is like is drawn by keys of its own, so that nothing
//! else in a run moves it (semantics 6).

use std::sync::Arc;

use actors::{
    deviant::Deviation,
    party::Party,
    person::{Habits, HumanDraws, Person, RetryHabit, Wish},
};
use protocol::{
    catalogue::{CATALOGUE, Gegevensdienst},
    draw::{Draws, Purpose},
    id::{HostId, NameId, PersonId, ZorgaanbiederId},
    message::Assurance,
    release::Release,
    trace::{FlowFacts, FlowKind},
};
use sim::visitor::{Arrival, Arrivals};

use super::{
    intensity::{Intensity, Moments},
    roster::Roster,
    schedule::EVERYBODY,
};
use crate::{
    plan::{ArrivalPlan, Persons, Scenario, Topology, moment},
    problem::Problems,
};

/// What people can wish for, and how often they do. Shared by all replications.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// PGO gateways.
    pgos: Choice<(HostId, NameId)>,
    /// Services …
    diensten: Choice<usize>,
    /// … and, for each of these, who offers it, through which gateway.
    at: Vec<Choice<(ZorgaanbiederId, HostId)>>,
    offered: Vec<Gegevensdienst>,
    people: u32,
    release: Release,
}

/// One of several, by weight.
#[derive(Clone, Debug)]
struct Choice<T> {
    options: Vec<T>,
    /// Sums of the weights so far, the last of which is 1 or a little less.
    sums: Vec<f64>,
}

impl<T: Copy> Choice<T> {
    fn new(options: impl IntoIterator<Item = (T, f64)>) -> Self {
        let (options, weights): (Vec<T>, Vec<f64>) =
            options.into_iter().filter(|(_, weight)| *weight > 0.0).unzip();
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let sums = weights
            .iter()
            .map(|weight| {
                sum += weight / total;
                sum
            })
            .collect();
        Self { options, sums }
    }

    fn pick(&self, unit: f64) -> Option<T> {
        let place = self.sums.partition_point(|sum| *sum <= unit);
        self.options.get(place).or(self.options.last()).copied()
    }
}

impl Wishes {
    /// What people wish for in that network.
    ///
    /// # Errors
    /// A service has a weight and nobody offers it.
    pub fn new(topology: &Topology, roster: &Roster) -> Result<Self, Problems> {
        let over = topology.population.over_pgos.weights(roster.pgos);
        let pgos = Choice::new(roster.pgo_hosts().zip(over).map(|(host, weight)| {
            let entry = roster.host(host);
            ((host, entry.front), weight * topology.pgos[entry.group].share)
        }));
        let mut offers: Vec<Vec<((ZorgaanbiederId, HostId), f64)>> =
            vec![Vec::new(); CATALOGUE.len()];
        for (place, provider) in roster.providers.iter().enumerate() {
            for offer in &provider.offers {
                let at = (ZorgaanbiederId(place as u32), offer.gateway);
                offers[usize::from(offer.dienst.0)].push((at, provider.weight));
            }
        }
        let offered: Vec<Gegevensdienst> = (0..CATALOGUE.len() as u8)
            .map(Gegevensdienst)
            .filter(|dienst| offers[usize::from(dienst.0)].iter().any(|(_, weight)| *weight > 0.0))
            .collect();
        let mut problems = Vec::new();
        for (dienst, weight) in &topology.services {
            if *weight > 0.0 && !offered.contains(dienst) {
                let place =
                    crate::problem::Place { key: "services".into(), ..topology.place.clone() };
                let found = format!("{} ({})", dienst.id(), name_of(*dienst));
                problems.push(place.expected("a service that some Zorgaanbieder offers", found));
            }
        }
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let weight = |dienst: Gegevensdienst| match topology.services.is_empty() {
            true => 1.0,
            false => topology
                .services
                .iter()
                .find(|(id, _)| *id == dienst)
                .map_or(0.0, |(_, weight)| *weight),
        };
        let diensten =
            Choice::new(offered.iter().enumerate().map(|(place, dienst)| (place, weight(*dienst))));
        if diensten.options.is_empty() || pgos.options.is_empty() {
            let found = "one in which nobody has anything to collect, or no PGO to collect it with";
            return Err(topology
                .place
                .expected("a network in which people can collect data", found)
                .into());
        }
        let at = offered
            .iter()
            .map(|dienst| Choice::new(std::mem::take(&mut offers[usize::from(dienst.0)])))
            .collect();
        let people = topology.population.people;
        Ok(Self { pgos, diensten, at, offered, people, release: topology.release })
    }
}

fn name_of(dienst: Gegevensdienst) -> &'static str {
    dienst.service().map_or("?", |service| service.name)
}

/// The people of one replication, in the order in which they come.
#[derive(Debug)]
pub struct Crowd {
    moments: Moments,
    wishes: Arc<Wishes>,
    habits: Arc<Habits>,
    /// Deviants among them: everybody is [`EVERYBODY`].
    deviants: Arc<[(HostId, Deviation)]>,
    /// Traits of persons: the same in every replication.
    traits: Draws,
    person: Draws,
    wish: Draws,
}

impl Crowd {
    /// The people of that replication.
    pub fn new(
        scenario: &Scenario,
        wishes: Arc<Wishes>,
        deviants: &[(HostId, Deviation)],
        replication: u32,
    ) -> Self {
        let seed = scenario.seed;
        let draws = |purpose| Draws::new(seed, replication, purpose);
        Self {
            moments: Moments::new(intensity(&scenario.arrivals), draws(Purpose::Arrival)),
            wishes,
            habits: Arc::new(habits(&scenario.persons, HumanDraws::new(seed, replication))),
            deviants: deviants.iter().filter(|(host, _)| host.is_visitor()).copied().collect(),
            traits: Draws::new(seed, 0, Purpose::Person),
            person: draws(Purpose::Person),
            wish: draws(Purpose::Wish),
        }
    }
}

impl Arrivals for Crowd {
    type Actor = Party;

    fn next(&mut self) -> Option<Arrival<Party>> {
        let (number, at) = self.moments.next()?;
        let wishes = &self.wishes;
        let entity = u64::from(number);
        let person = (self.person.unit(entity, 0) * f64::from(wishes.people)) as u32;
        // Traits are the person's, whenever they come: their entities lie above those of arrivals.
        let trait_of = u64::from(person) | 1 << 40;
        let (pgo, pgo_name) = wishes.pgos.pick(self.traits.unit(trait_of, 0))?;
        let service = wishes.diensten.pick(self.wish.unit(entity, 0))?;
        let (zorgaanbieder, za) = wishes.at[service].pick(self.wish.unit(entity, 1))?;
        let (dienst, release) = (wishes.offered[service], wishes.release);
        let account = PersonId(person);
        let wish =
            Wish { pgo: pgo_name, zorgaanbieder, dienst, account, level: Assurance::Hoog, release };
        let mut actor = Party::Person(Person::new(Arc::clone(&self.habits), number, wish));
        for (host, deviation) in self.deviants.iter() {
            if *host == EVERYBODY || host.place() == number as usize {
                actor = actor.deviant(*deviation);
            }
        }
        let facts = FlowFacts {
            kind: FlowKind::Verzamelen,
            parent: None,
            person: Some(account),
            pgo,
            za,
            zorgaanbieder,
            dienst,
            release,
        };
        Some(Arrival { at, number, actor, facts })
    }
}

fn intensity(plan: &ArrivalPlan) -> Intensity {
    match plan {
        ArrivalPlan::Rate(rate) => Intensity::constant(*rate),
        ArrivalPlan::Hours(rates) => Intensity::Cycle {
            piece: protocol::time::Duration::from_secs(3_600),
            rates: rates.clone(),
        },
        ArrivalPlan::Burst { at, within, people } => {
            Intensity::Burst { at: moment(*at), within: *within, people: *people }
        }
    }
}

fn habits(persons: &Persons, draws: HumanDraws) -> Habits {
    let Persons { choose, login, consent, patience, .. } = persons.clone();
    Habits {
        choose,
        login,
        consent,
        patience,
        refuse_consent: persons.refuse_consent,
        cancel_login: persons.cancel_login,
        wrong_password: persons.wrong_password,
        go_back: persons.go_back,
        reload: persons.reload,
        double_submit: persons.double_submit,
        consult_dossier: persons.consult_dossier,
        retry: RetryHabit {
            probability: persons.retry_probability,
            after: persons.retry_after.clone(),
            max_attempts: persons.attempts,
        },
        draws,
    }
}
