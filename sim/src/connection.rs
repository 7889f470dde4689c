//! Connections that are kept after an exchange, for the next one.
//!
//! A connection carries one exchange at a time, so an asker has as many to one name as it had exchanges
//! under way at once. Whether one still stands is found out when it is wanted: it may have been idle for
//! too long, or its other end may have crashed or moved. Does not open connections and gives no verdicts.

use protocol::{
    id::{ConnectionId, HostId, NameId},
    time::{Duration, Instant},
};
use smallvec::SmallVec;

/// A connection without an exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Idle {
    pub connection: ConnectionId,
    /// The host at the other end, and its incarnation.
    pub peer: HostId,
    pub incarnation: u32,
    /// Since when it carries nothing.
    pub since: Instant,
}

impl Idle {
    /// Whether it still stands.
    pub(crate) fn stands(
        &self,
        now: Instant,
        keep_alive: Duration,
        peer: HostId,
        incarnation: u32,
    ) -> bool {
        self.peer == peer && self.incarnation == incarnation && now.since(self.since) < keep_alive
    }
}

/// What a host or a visitor keeps for one name.
#[derive(Debug)]
struct Pool {
    name: NameId,
    /// The newest last.
    idle: SmallVec<[Idle; 1]>,
}

/// What a host with a station keeps, by name.
#[derive(Debug, Default)]
pub(crate) struct Pools(Vec<Pool>);

impl Pools {
    /// The connection to that name that was used last, and whether the name was met before.
    pub(crate) fn take(
        &mut self,
        name: NameId,
        mut stands: impl FnMut(&Idle) -> bool,
    ) -> (Option<ConnectionId>, bool) {
        let Ok(place) = self.find(name) else { return (None, false) };
        let pool = &mut self.0[place];
        // The newest is at the end: if it is gone, so are those before it.
        match pool.idle.pop() {
            Some(newest) if stands(&newest) => (Some(newest.connection), true),
            _ => {
                pool.idle.clear();
                (None, true)
            }
        }
    }

    /// Keeps a connection.
    pub(crate) fn keep(&mut self, name: NameId, idle: Idle) {
        match self.find(name) {
            Ok(place) => self.0[place].idle.push(idle),
            Err(place) => {
                let idle = SmallVec::from_elem(idle, 1);
                self.0.insert(place, Pool { name, idle });
            }
        }
    }

    /// Everything is forgotten: connections, and who was met.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }

    fn find(&self, name: NameId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&name, |pool| pool.name)
    }
}

/// What a visitor keeps: the last connection to each of the few names that it visits.
#[derive(Debug, Default)]
pub(crate) struct Kept(SmallVec<[Visit; 3]>);

#[derive(Clone, Copy, Debug)]
struct Visit {
    name: NameId,
    idle: Option<PackedIdle>,
}

/// As [`Idle`], in less room: a flow in flight has three of these.
#[derive(Clone, Copy, Debug)]
#[repr(Rust, packed(4))]
struct PackedIdle {
    connection: ConnectionId,
    peer: HostId,
    incarnation: u32,
    since: Instant,
}

impl Kept {
    /// As [`Pools::take`].
    pub(crate) fn take(
        &mut self,
        name: NameId,
        mut stands: impl FnMut(&Idle) -> bool,
    ) -> (Option<ConnectionId>, bool) {
        let Some(visit) = self.0.iter_mut().find(|visit| visit.name == name) else {
            return (None, false);
        };
        let idle = visit.idle.take().map(|PackedIdle { connection, peer, incarnation, since }| {
            Idle { connection, peer, incarnation, since }
        });
        (idle.filter(|idle| stands(idle)).map(|idle| idle.connection), true)
    }

    /// As [`Pools::keep`].
    pub(crate) fn keep(&mut self, name: NameId, idle: Idle) {
        let Idle { connection, peer, incarnation, since } = idle;
        let idle = Some(PackedIdle { connection, peer, incarnation, since });
        match self.0.iter_mut().find(|visit| visit.name == name) {
            Some(visit) => visit.idle = idle,
            None => self.0.push(Visit { name, idle }),
        }
    }
}
