//! Who is who while a run goes on: roles, names that move, and what befell each host.
//!
//! Begins as the [`Directory`] has it; what changes comes as events.

use protocol::{
    id::{HostId, NameId},
    release::ReleaseSet,
    role::Role,
    time::{Duration, Instant},
    trace::HostChange,
};

use crate::directory::Directory;

#[derive(Debug)]
pub(super) struct Cast {
    /// Apart from the rest, because every message asks for it and there may be tens of thousands of hosts.
    roles: Vec<Role>,
    members: Vec<Member>,
    leads_to: Vec<Option<HostId>>,
}

#[derive(Debug)]
struct Member {
    stranger: bool,
    releases: ReleaseSet,
    crashed: Option<Instant>,
    clock_changed: Option<Instant>,
    /// Since when it is down or paused, and for how long it was so before.
    away: Option<Instant>,
    was_away: Duration,
}

impl Cast {
    pub fn new(directory: &Directory, strangers: &[HostId]) -> Self {
        let members = directory.hosts.iter().enumerate().map(|(place, host)| Member {
            stranger: strangers.contains(&HostId(place as u32)),
            releases: host.releases,
            crashed: None,
            clock_changed: None,
            away: None,
            was_away: Duration::ZERO,
        });
        Self {
            roles: directory.hosts.iter().map(|host| host.role).collect(),
            members: members.collect(),
            leads_to: directory.name_leads_to.clone(),
        }
    }

    #[inline]
    pub fn role(&self, host: HostId) -> Role {
        // A visitor's place is one in another table.
        if host.is_visitor() { Role::Person } else { self.role_of_place(host.place()) }
    }

    fn role_of_place(&self, place: usize) -> Role {
        self.roles.get(place).copied().unwrap_or(Role::Person)
    }

    /// How many hosts have a station.
    pub fn count(&self) -> usize {
        self.roles.len()
    }

    /// The host behind a name.
    #[inline]
    pub fn leads_to(&self, name: NameId) -> Option<HostId> {
        self.leads_to.get(name.index()).copied().flatten()
    }

    pub fn name_moved(&mut self, name: NameId, to: Option<HostId>) {
        if let Some(host) = self.leads_to.get_mut(name.index()) {
            *host = to;
        }
    }

    pub fn releases(&self, host: HostId) -> ReleaseSet {
        self.member(host).map_or(ReleaseSet::default(), |member| member.releases)
    }

    /// Whether a host is a stranger's, so that only what crosses its edge can be seen.
    pub fn is_stranger(&self, host: HostId) -> bool {
        self.member(host).is_some_and(|member| member.stranger)
    }

    /// Whether a host lost what it had in memory at that moment or later.
    pub fn crashed_since(&self, host: HostId, moment: Instant) -> bool {
        self.member(host).and_then(|member| member.crashed).is_some_and(|at| at >= moment)
    }

    /// Whether a host's calendar clock was changed at that moment or later, so that no two readings of it
    /// from before and after can be compared.
    pub fn clock_changed_since(&self, host: HostId, moment: Instant) -> bool {
        self.member(host).and_then(|member| member.clock_changed).is_some_and(|at| at >= moment)
    }

    /// For how long a host was down or paused up to now: time that it could not use to keep a deadline.
    pub fn away(&self, host: HostId, now: Instant) -> Duration {
        self.member(host).map_or(Duration::ZERO, |member| {
            member.was_away + member.away.map_or(Duration::ZERO, |since| now.since(since))
        })
    }

    pub fn host_changed(&mut self, host: HostId, change: HostChange, now: Instant) {
        let Some(member) =
            (!host.is_visitor()).then(|| self.members.get_mut(host.place())).flatten()
        else {
            return;
        };
        match change {
            HostChange::Down | HostChange::Paused => member.away = member.away.or(Some(now)),
            HostChange::Up | HostChange::Resumed => {
                if let Some(since) = member.away.take() {
                    member.was_away += now.since(since);
                }
            }
            HostChange::Crashed => member.crashed = Some(now),
            HostChange::Skewed(_) | HostChange::Drifts(_) => member.clock_changed = Some(now),
            HostChange::Slowed(_) | HostChange::CertificateEnds(_) => {}
        }
    }

    fn member(&self, host: HostId) -> Option<&Member> {
        if host.is_visitor() { None } else { self.members.get(host.place()) }
    }
}
