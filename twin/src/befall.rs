//! What befalls hosts from outside: faults, and what an operator says at a host's console.
//!
//! No actor knows of a fault. What a fault of a link does to a message is the transport's affair (`travel`).

use std::sync::{Arc, PoisonError};

use actors::party::Party;
use protocol::{
    contract::{Actor as _, Input},
    id::{ConnectionId, ExchangeId, HostId, NameId},
    message::Request,
    time::{Duration, WallTime},
    trace::{Event, HostChange, Sink},
    world::{clock::HostClock, link::LinkFault},
};

use wire::places::Places as _;

use crate::{
    open::Issued,
    pki::Wanted,
    world::{Core, Witness, World},
};

impl<S: Witness> World<S> {
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

    /// Services of a host that begin from now on cost so many times as much, until the fault of that number ends.
    pub fn slow(&self, host: HostId, fault: usize, factor: Option<f64>) {
        let mut core = self.core();
        let slow = &mut core.hosts[host.place()].slow;
        slow.retain(|(other, _)| *other != fault);
        slow.extend(factor.map(|factor| (fault, factor)));
        let factor = slow.iter().map(|(_, factor)| factor).product();
        core.emit(None, Event::Host { host, change: HostChange::Slowed(factor) });
    }

    /// The calendar clock of a host jumps by so many nanoseconds.
    pub fn skew(&self, host: HostId, nanos: i64) {
        let mut core = self.core();
        core.hosts[host.place()].clock.skew(nanos);
        core.emit(None, Event::Host { host, change: HostChange::Skewed(nanos) });
    }

    /// Both clocks of a host run this much too fast, until the fault of that number ends.
    pub fn drift(&self, host: HostId, fault: usize, drift: Option<f64>) {
        let mut core = self.core();
        let now = core.now();
        let state = &mut core.hosts[host.place()];
        state.drifts.retain(|(other, _)| *other != fault);
        state.drifts.extend(drift.map(|drift| (fault, drift)));
        let total: f64 = state.drifts.iter().map(|(_, drift)| drift).sum();
        core.set_clock(host, |clock| clock.drift(now, total));
        core.emit(None, Event::Host { host, change: HostChange::Drifts(total * 1e6) });
        self.timers.notify_one();
    }

    /// What a host measures ages with is so much later at once; its calendar stays.
    pub fn hasten(&self, host: HostId, by: Duration) {
        self.core().set_clock(host, |clock| clock.hasten(by));
        self.timers.notify_one();
    }

    /// Services of a host freeze, or go on. Such faults add up.
    pub fn pause(self: &Arc<Self>, host: HostId, begins: bool) {
        let (was, is) = self.gates[host.place()].freeze(begins);
        if was == is {
            return;
        }
        let change = if is { HostChange::Paused } else { HostChange::Resumed };
        let missed = {
            let mut core = self.core();
            core.emit(None, Event::Host { host, change });
            if is { Vec::new() } else { std::mem::take(&mut core.hosts[host.place()].missed) }
        };
        for timer in missed {
            self.call_outside_jobs(host, Input::Timer(timer));
        }
    }

    /// The certificates of a host end at that time: it shows new ones that do, with the same numbers.
    pub fn certificates_end(&self, host: HostId, at: WallTime) {
        let seconds = (at.as_nanos() + self.wording.epoch()).div_euclid(1_000_000_000);
        let names = self.network.names().filter(|(_, entrance)| entrance.host == host);
        for (name, _) in names.filter(|(_, entrance)| !entrance.is_plain()) {
            let text = self.texts.host_text(name);
            let wanted = Wanted::server(text.clone(), self.network.serial(name)).until(seconds);
            let issued = self.authority.issue_all(&[wanted]).ok().and_then(|mut all| all.pop());
            let shown = issued.and_then(|issued| Issued::from(issued).shown(&text).ok());
            // An authority that has issued all the others can issue this one too.
            if let Some(shown) = shown {
                let _ = self.tls.show(&text, shown);
            }
        }
        let change = HostChange::CertificateEnds(at);
        self.core().emit(None, Event::Host { host, change });
    }

    /// Links fail.
    pub fn link_fails(&self, fault: usize, link: LinkFault) {
        let mut core = self.core();
        core.tell_link(&link, true);
        core.link_faults.begin(fault, link);
    }

    /// They no longer do.
    pub fn link_heals(&self, fault: usize) {
        let mut core = self.core();
        if let Some(link) = core.link_faults.end(fault) {
            core.tell_link(&link, false);
        }
    }

    /// A name leads elsewhere from now on, or nowhere.
    pub fn move_name(&self, name: NameId, to: Option<HostId>) {
        self.moved.write().unwrap_or_else(PoisonError::into_inner).insert(name, to);
        self.core().emit(None, Event::NameMoved { name, to });
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
        state.missed.clear();
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
        drop(self.tell(host, request, (NameId(u32::MAX), ConnectionId(0), None), None));
    }
}

impl<S: Sink> Core<S> {
    /// The clocks of a host go otherwise from now on, and its timers with them.
    fn set_clock(&mut self, host: HostId, set: impl FnOnce(&mut HostClock)) {
        // What its timers wait for, by its own clock, before that runs otherwise.
        let clock = &mut self.hosts[host.place()].clock;
        let before = *clock;
        set(clock);
        for (timer, at) in self.armed(host) {
            self.arm(host, timer, before.now(at).monotonic);
        }
    }

    fn tell_link(&mut self, link: &LinkFault, faulty: bool) {
        for from in &link.from.hosts {
            for to in &link.to.hosts {
                self.emit(None, Event::Link { from: *from, to: *to, faulty });
            }
        }
    }
}
