//! What comes from outside: faults of hosts and links, names that move, operators, and the run's phases.

use protocol::{
    contract::{Actor, Failure},
    id::HostId,
    message::Certificate,
    time::WallTime,
    trace::{Event, HostChange, Sink},
};

use super::{Cast, Simulation};
use crate::{
    exchange::{AnswererSide, AskerSide},
    station::Job,
    visitor::Arrivals,
};
use protocol::world::{
    link::{HostSet, LinkFault},
    schedule::Happening,
};

impl<C, V, S> Simulation<C, V, S>
where
    C: Cast,
    V: Arrivals<Actor = C::Actor>,
    S: Sink,
{
    /// The scheduled happening of that number, or a phase of the run.
    pub(super) fn befall(&mut self, number: usize) {
        let Some(scheduled) = self.schedule.get(number) else {
            if number == self.schedule.len() {
                self.emit(None, Event::HorizonReached);
            }
            return;
        };
        match scheduled.what.clone() {
            Happening::Down(host) => self.down(host, 1, 0),
            Happening::Up(host) => self.down(host, 0, 1),
            Happening::Crash(host) => self.crash(host),
            Happening::Restart(host) => self.restart(host),
            Happening::Pause(host) => self.pause(host),
            Happening::Resume(host) => self.resume(host),
            Happening::Slow { host, fault, factor } => {
                let Some(station) = self.stations.get_mut(host.place()) else { return };
                station.befall(|apart| {
                    apart.condition.slow.retain(|(other, _)| *other != fault);
                    apart.condition.slow.extend(factor.map(|factor| (fault, factor)));
                });
                let factor = station.apart.condition.factor();
                self.changed(host, HostChange::Slowed(factor));
            }
            Happening::Skew(host, nanos) => {
                let Some(station) = self.stations.get_mut(host.place()) else { return };
                station.befall(|apart| apart.clock.skew(nanos));
                self.changed(host, HostChange::Skewed(nanos));
            }
            Happening::Drift { host, fault, drift } => {
                let Some(station) = self.stations.get_mut(host.place()) else { return };
                let mut total = 0.0;
                station.befall(|apart| {
                    let drifts = &mut apart.condition.drifts;
                    drifts.retain(|(other, _)| *other != fault);
                    drifts.extend(drift.map(|drift| (fault, drift)));
                    total = drifts.iter().map(|(_, drift)| drift).sum();
                    apart.clock.drift(self.now, total);
                });
                // The host's clock reaches what its timers wait for at another moment now.
                for (timer, due) in station.apart.timers.armed() {
                    self.arm_station(host, timer, due);
                }
                self.changed(host, HostChange::Drifts(total * 1e6));
            }
            Happening::CertificateEnds(host, at) => self.certificates_end(host, at),
            Happening::LinkFails { fault, link } => self.link_fails(fault, link),
            Happening::LinkHeals { fault } => self.link_heals(fault),
            Happening::Tell(host, request) => self.tell(host, request),
            Happening::MoveName(name, to) => {
                if let Some((_, host)) = self.doors.get_mut(name.index()) {
                    *host = to;
                    self.emit(None, Event::NameMoved { name, to });
                }
            }
        }
    }

    fn changed(&mut self, host: HostId, change: HostChange) {
        self.emit(None, Event::Host { host, change });
    }

    fn down(&mut self, host: HostId, begins: u32, ends: u32) {
        let Some(station) = self.stations.get_mut(host.place()) else { return };
        let was = station.is_reachable();
        station.befall(|apart| {
            apart.condition.down = (apart.condition.down + begins).saturating_sub(ends);
        });
        self.tell_reachability(host, was);
    }

    fn tell_reachability(&mut self, host: HostId, was: bool) {
        match (was, self.stations[host.place()].is_reachable()) {
            (true, false) => self.changed(host, HostChange::Down),
            (false, true) => self.changed(host, HostChange::Up),
            _ => {}
        }
    }

    fn pause(&mut self, host: HostId) {
        let Some(station) = self.stations.get_mut(host.place()) else { return };
        station.befall(|apart| apart.condition.pauses += 1);
        if station.apart.condition.pauses == 1 {
            station.apart.condition.paused_since = self.now;
            self.changed(host, HostChange::Paused);
        }
    }

    fn resume(&mut self, host: HostId) {
        let Some(station) = self.stations.get_mut(host.place()) else { return };
        if station.apart.condition.pauses == 1 {
            let mut missed = Vec::new();
            station.befall(|apart| {
                apart.condition.paused = apart.condition.paused_until(self.now);
                apart.condition.pauses = 0;
                missed = std::mem::take(&mut apart.condition.missed);
            });
            self.changed(host, HostChange::Resumed);
            for id in missed {
                self.timer_due(host, id);
            }
            self.serve(host);
        } else {
            station.befall(|apart| {
                apart.condition.pauses = apart.condition.pauses.saturating_sub(1);
            });
        }
    }

    /// Queue, unsent messages, timers and all that is not durable are gone; open exchanges fail at both
    /// ends.
    fn crash(&mut self, host: HostId) {
        let Some(station) = self.stations.get_mut(host.place()) else { return };
        let was = station.is_reachable();
        station.befall(|apart| apart.condition.dead += 1);
        if station.apart.condition.dead > 1 {
            return;
        }
        let in_service = std::mem::take(&mut station.busy);
        station.incarnation = station.incarnation.wrapping_add(1);
        station.drawn = 0;
        station.apart.staple = None;
        station.apart.timers.disarm_all();
        station.apart.condition.missed.clear();
        station.apart.pools.forget();
        let waiting = station.queue.drain();
        station.actor = self.cast.rebuild(host, station.actor.durable());
        self.changed(host, HostChange::Crashed);
        let dropped = Event::Dropped { host, waiting: waiting.len() as u32, in_service };
        self.emit(None, dropped);
        for job in waiting {
            if let Job::Deferred(place) = job {
                self.deferred.take(place);
            }
        }
        self.tell_reachability(host, was);
        let asked = self.exchanges.places(|exchange| {
            exchange.asker == Some(host) && exchange.asker_side != AskerSide::Done
        });
        for place in asked {
            let exchange = self.exchanges.at(place);
            if matches!(exchange.asker_side, AskerSide::Held | AskerSide::Waits) {
                self.tally.left += 1;
            }
            exchange.asker_side = AskerSide::Done;
            self.settle(place);
        }
        let answered = self.exchanges.places(|exchange| {
            exchange.answerer == Some(host)
                && matches!(
                    exchange.answerer_side,
                    AnswererSide::Queued | AnswererSide::Busy | AnswererSide::Replying
                )
        });
        for place in answered {
            self.notice(place, host, Failure::Reset);
            self.settle(place);
        }
    }

    fn restart(&mut self, host: HostId) {
        let Some(station) = self.stations.get_mut(host.place()) else { return };
        let was = station.is_reachable();
        station.befall(|apart| {
            apart.condition.dead = apart.condition.dead.saturating_sub(1);
        });
        if station.apart.condition.dead == 0 {
            self.tell_reachability(host, was);
            self.start_station(host);
        }
    }

    fn certificates_end(&mut self, host: HostId, not_after: WallTime) {
        let Some(station) = self.stations.get_mut(host.place()) else { return };
        let ends = |certificate: &mut Option<Certificate>| {
            if let Some(certificate) = certificate {
                certificate.not_after = not_after;
            }
        };
        ends(&mut station.apart.certificate);
        for ((_, leads_to), certificate) in self.doors.iter().zip(&mut self.certificates) {
            if *leads_to == Some(host) {
                ends(certificate);
            }
        }
        self.changed(host, HostChange::CertificateEnds(not_after));
    }

    fn link_fails(&mut self, fault: usize, link: LinkFault) {
        self.tell_link(&link.from, &link.to, true);
        self.link_faults.begin(fault, link);
    }

    fn link_heals(&mut self, fault: usize) {
        if let Some(link) = self.link_faults.end(fault) {
            self.tell_link(&link.from, &link.to, false);
        }
    }

    fn tell_link(&mut self, from: &HostSet, to: &HostSet, faulty: bool) {
        for from in &from.hosts {
            for to in &to.hosts {
                self.emit(None, Event::Link { from: *from, to: *to, faulty });
            }
        }
    }
}
