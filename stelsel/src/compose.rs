//! From a plan to a run: who is who, what they are made of, and what happens when.
//!
//! [`Composed`] is made once per study and shared by its replications, which differ in their draws alone. Does
//! not read files (`files`), run anything (`run`) or measure anything (`watch`).

mod crowd;
pub mod intensity;
mod network;
mod parties;
mod patterns;
pub mod roster;
mod schedule;
mod twin;

use std::sync::Arc;

use protocol::world::{
    network::{Network, Phases},
    schedule::Scheduled,
};
use protocol::{names::Names, register::Register, role::Role, trace::Sink};
use sim::simulation::{Run, Simulation};
use watch::directory::{Directory, Host, Window};

use self::{
    crowd::{Crowd, Wishes},
    parties::{Company, Grounds},
    roster::Roster,
    schedule::Script,
};
use crate::{
    plan::{Scenario, Topology, moment},
    problem::Problems,
};

/// A study, ready to be run.
#[derive(Clone, Debug)]
pub struct Composed {
    topology: Topology,
    scenario: Scenario,
    roster: Roster,
    network: Network,
    script: Script,
    wishes: Arc<Wishes>,
    /// Who is who, for watchers.
    pub directory: Arc<Directory>,
}

/// One replication, about to begin.
pub type Replicate<S> = Simulation<Company, Crowd, S>;

impl Composed {
    /// Puts a study together.
    ///
    /// # Errors
    /// The files say what cannot be: a host that is not there, a service that nobody offers.
    pub fn new(topology: &Topology, scenario: &Scenario) -> Result<Self, Problems> {
        Self::of(Roster::of(topology)?, topology, scenario)
    }

    fn of(mut roster: Roster, topology: &Topology, scenario: &Scenario) -> Result<Self, Problems> {
        let script = schedule::script(scenario, &mut roster)?;
        let network = network::network(topology, &roster)?;
        let wishes = Arc::new(Wishes::new(topology, &roster)?);
        let directory = Arc::new(directory(topology, &roster, &script));
        Ok(Self {
            topology: topology.clone(),
            scenario: scenario.clone(),
            roster,
            network,
            script,
            wishes,
            directory,
        })
    }

    /// The part of a run that is measured.
    pub fn window(&self) -> Window {
        Window { warm_up: moment(self.scenario.warm_up), horizon: moment(self.scenario.horizon) }
    }

    /// What happens from outside, in no order.
    pub fn schedule(&self) -> &[Scheduled] {
        &self.script.schedule
    }

    /// Who comes in a replication.
    pub fn crowd(&self, replication: u32) -> Crowd {
        let wishes = Arc::clone(&self.wishes);
        Crowd::new(&self.scenario, wishes, &self.script.deviants, replication)
    }

    /// A replication, with somebody who reads its events.
    pub fn replicate<S: Sink>(&self, replication: u32, sink: S) -> Replicate<S> {
        let Self { topology, scenario, roster, script, .. } = self;
        let Script { register, later, deviants, .. } = script;
        let grounds = Grounds { topology, scenario, roster, register, later, deviants };
        let company = parties::company(grounds, replication);
        let Window { warm_up, horizon } = self.window();
        Simulation::new(Run {
            network: self.network.clone(),
            actors: company.begin(register),
            cast: company,
            arrivals: self.crowd(replication),
            schedule: script.schedule.clone(),
            phases: Phases { warm_up, horizon, drain: scenario.drain },
            release: topology.release,
            seed: scenario.seed,
            replication,
            sink,
        })
    }
}

/// The register of a topology and the texts behind its ids, as they are before anything happens.
///
/// # Errors
/// The topology is of a network that cannot be.
pub fn register_of(topology: &Topology) -> Result<(Names, Register), Problems> {
    let roster = Roster::of(topology)?;
    Ok((roster.names, roster.register))
}

fn directory(topology: &Topology, roster: &Roster, script: &Script) -> Directory {
    let host = |(place, host): (usize, &roster::RosterHost)| {
        let id = protocol::id::HostId(place as u32);
        let is_node = matches!(host.role, Role::Pgo | Role::Za | Role::Stelselnode);
        let certificate = network::certificate(roster, id, host.back);
        let first_xis = roster.ocsp().0 + 1;
        Host {
            name: host.name.clone(),
            role: host.role,
            workers: host.station.workers,
            node: is_node.then_some(host.back),
            serial: certificate.map(|certificate| certificate.serial),
            releases: script.later.releases(roster, id),
            zorgaanbieder: (host.role == Role::Xis)
                .then(|| protocol::id::ZorgaanbiederId(id.0 - first_xis)),
        }
    };
    let mut name_leads_to = vec![None; roster.names.host_count()];
    for (place, host) in roster.hosts.iter().enumerate() {
        for name in [host.front, host.back].iter().chain(&host.others) {
            name_leads_to[name.index()] = Some(protocol::id::HostId(place as u32));
        }
    }
    let gateway = |provider: &roster::Provider| {
        provider.offers.first().map_or(roster.digid(), |offer| offer.gateway)
    };
    Directory {
        hosts: roster.hosts.iter().enumerate().map(host).collect(),
        name_leads_to,
        provider_type: roster.providers.iter().map(|provider| provider.kind).collect(),
        provider_types: roster.provider_types.clone(),
        provider_gateway: roster.providers.iter().map(gateway).collect(),
        names: Arc::new(roster.names.clone()),
        register: script.register.clone(),
        lists: script.register.publish_all(),
        release: topology.release,
    }
}
