//! What is known of the hosts while a run goes on: who is behind which name, who is down, who crashed when.
//!
//! Starts from the [`Directory`] and follows the events. Does not measure anything.

use std::sync::Arc;

use protocol::{
    id::{HostId, NameId},
    message::Peer,
    role::Role,
    time::Instant,
    trace::HostChange,
};

use super::flow::Subject;
use crate::directory::Directory;

/// The hosts, as they stand now.
#[derive(Clone, Debug)]
pub struct Network {
    /// Who is who at the start.
    pub directory: Arc<Directory>,
    /// Where names lead, front names and node names alike.
    leads_to: Vec<Option<HostId>>,
    /// The host whose certificate has this name as its subject.
    nodes: Vec<Option<HostId>>,
    /// Hosts of a role, in the order of their ids.
    pgos: Vec<HostId>,
    zas: Vec<HostId>,
    states: Vec<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    role: Role,
    down: bool,
    /// Place among the hosts of its role, for gateways.
    place: u16,
    crashed: Option<Instant>,
}

impl Network {
    /// The network as it stands at the start.
    pub fn new(directory: Arc<Directory>) -> Self {
        let mut network = Self {
            leads_to: directory.name_leads_to.clone(),
            nodes: vec![None; directory.names.host_count()],
            pgos: Vec::new(),
            zas: Vec::new(),
            states: Vec::with_capacity(directory.hosts.len()),
            directory: Arc::clone(&directory),
        };
        for (place, host) in directory.hosts.iter().enumerate() {
            let id = HostId(place as u32);
            let gateways = match host.role {
                Role::Pgo => Some(&mut network.pgos),
                Role::Za => Some(&mut network.zas),
                _ => None,
            };
            let place = gateways.map_or(Subject::NONE, |gateways| {
                gateways.push(id);
                u16::try_from(gateways.len() - 1).unwrap_or(Subject::NONE)
            });
            network.states.push(State { role: host.role, down: false, place, crashed: None });
            if let Some(slot) = host.node.and_then(|node| network.nodes.get_mut(node.index())) {
                *slot = Some(id);
            }
        }
        network
    }

    /// The PGOs, in the order of their places.
    pub fn pgos(&self) -> &[HostId] {
        &self.pgos
    }

    /// The ZA gateways, in the order of their places.
    pub fn zas(&self) -> &[HostId] {
        &self.zas
    }

    /// The role of a host; persons have no station.
    pub fn role(&self, host: HostId) -> Role {
        self.state(host).map_or(Role::Person, |state| state.role)
    }

    /// The place of a gateway among those of its role; [`Subject::NONE`] for a host of another role.
    pub fn place(&self, host: HostId, role: Role) -> u16 {
        let state = self.state(host).filter(|state| state.role == role);
        state.map_or(Subject::NONE, |state| state.place)
    }

    /// The place of a ZA gateway among those.
    pub fn za(&self, host: HostId) -> Option<usize> {
        let place = self.place(host, Role::Za);
        (place != Subject::NONE).then_some(usize::from(place))
    }

    /// Whether a host is down.
    pub fn is_down(&self, host: HostId) -> bool {
        self.state(host).is_some_and(|state| state.down)
    }

    /// Whether a host crashed since then.
    pub fn crashed_since(&self, host: HostId, since: Instant) -> bool {
        self.state(host).is_some_and(|state| state.crashed.is_some_and(|at| at >= since))
    }

    /// Something happened to a host.
    pub fn host_changed(&mut self, host: HostId, change: HostChange, now: Instant) {
        let Some(state) = self.states.get_mut(host.place()).filter(|_| !host.is_visitor()) else {
            return;
        };
        match change {
            HostChange::Down => state.down = true,
            HostChange::Up => state.down = false,
            HostChange::Crashed => state.crashed = Some(now),
            _ => {}
        }
    }

    /// A name leads to another host.
    pub fn name_moved(&mut self, name: NameId, to: Option<HostId>) {
        if let Some(slot) = self.leads_to.get_mut(name.index()) {
            *slot = to;
        }
    }

    /// The host whose certificate has this name as its subject.
    pub fn node(&self, name: NameId) -> Option<HostId> {
        self.nodes.get(name.index()).copied().flatten()
    }

    /// The host that sent a message, if its receiver can know.
    pub fn sender(&self, from: Peer) -> Option<HostId> {
        match from {
            Peer::Node(name) => {
                self.node(name).or_else(|| self.leads_to.get(name.index()).copied().flatten())
            }
            Peer::Browser(_) | Peer::Operator => None,
        }
    }

    fn state(&self, host: HostId) -> Option<&State> {
        if host.is_visitor() { None } else { self.states.get(host.place()) }
    }
}
