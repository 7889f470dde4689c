//! What befalls hosts from outside: faults, and what an operator says at a host's console.
//!
//! No actor knows of a fault. Faults of links are the transport's (`travel`).

use std::sync::Arc;

use actors::party::Party;
use protocol::{
    contract::Actor as _,
    id::{ConnectionId, ExchangeId, HostId, NameId},
    message::Request,
    trace::{Event, HostChange, Sink},
};

use crate::world::World;

impl<S: Sink + Send + 'static> World<S> {
    /// A host refuses connections, or takes them again. Such faults add up.
    pub fn down(&self, host: HostId, begins: bool) {
        let mut core = self.core();
        let was = core.hosts[host.place()].is_up();
        let faults = &mut core.hosts[host.place()].faults;
        *faults = if begins { *faults + 1 } else { faults.saturating_sub(1) };
        let is = core.hosts[host.place()].is_up();
        if was != is {
            let change = if is { HostChange::Up } else { HostChange::Down };
            core.emit(None, Event::Host { host, change });
        }
    }

    /// Services of a host that begin from now on cost so many times as much; 1 is normal.
    pub fn slow(&self, host: HostId, factor: f64) {
        let mut core = self.core();
        core.hosts[host.place()].slow = factor;
        core.emit(None, Event::Host { host, change: HostChange::Slowed(factor) });
    }

    /// The calendar clock of a host jumps by so many nanoseconds.
    pub fn skew(&self, host: HostId, nanos: i64) {
        let mut core = self.core();
        let skew = &mut core.hosts[host.place()].skew;
        *skew = skew.saturating_add(nanos);
        core.emit(None, Event::Host { host, change: HostChange::Skewed(nanos) });
    }

    /// A host loses all that is not durable, and stands still until it is restarted.
    pub fn crash(&self, host: HostId) {
        self.down(host, true);
        let mut core = self.core();
        let blueprint = &self.network.hosts[host.place()].blueprint;
        let state = &mut core.hosts[host.place()];
        let durable = state.party.durable().clone();
        state.party = Party::rebuild(blueprint, durable);
        state.incarnation = state.incarnation.wrapping_add(1);
        state.staple = None;
        core.disarm_all(host);
        core.emit(None, Event::Host { host, change: HostChange::Crashed });
        // Whoever waits for it learns that nothing will come; what it awaits finds nobody.
        let ids: Vec<ExchangeId> = core.exchanges.keys().copied().collect();
        for id in ids {
            let Some(exchange) = core.exchanges.get_mut(&id) else { continue };
            if exchange.answerer == Some(host) {
                exchange.reply = None;
            }
            if exchange.asker == Some(host) {
                exchange.is_awaited = false;
            }
            core.settle(id);
        }
    }

    /// A crashed host starts again, from what is durable.
    pub fn restart(self: &Arc<Self>, host: HostId) {
        self.down(host, false);
        self.start(host);
    }

    /// An operator says something at the console of a host.
    pub fn operate(self: &Arc<Self>, host: HostId, request: Request) {
        // What comes of it stands in the events.
        drop(self.tell(host, request, (NameId(u32::MAX), ConnectionId(0), None)));
    }
}
