//! Load on the stelselnode: requests for lists and the bytes that they cost, in the window.
//!
//! How changes spread is in `registry`, how often a list could be had in `exchanges`.

use protocol::{
    register::ListKind,
    time::{Duration, Instant},
};

/// Requests for lists as they arrive at the stelselnode.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ListLoad {
    /// For any list.
    pub all: Load,
    /// For one, in the order of [`ListKind::ALL`].
    pub by_list: [Load; ListKind::ALL.len()],
}

/// Some of the requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Requests that arrived.
    pub requests: u64,
    /// Bytes of the lists that were given.
    pub bytes: u64,
    /// Requests in the busiest second.
    pub busiest_second: u64,
    second: u64,
    in_second: u64,
}

impl ListLoad {
    /// A request arrives.
    pub fn requested(&mut self, list: ListKind, now: Instant) {
        let second = now.as_nanos() / Duration::from_secs(1).as_nanos();
        self.all.requested(second);
        self.by_list[list as usize].requested(second);
    }

    /// A list is given.
    pub fn given(&mut self, list: ListKind, bytes: u64) {
        self.all.bytes += bytes;
        self.by_list[list as usize].bytes += bytes;
    }
}

impl Load {
    fn requested(&mut self, second: u64) {
        if second != self.second {
            (self.second, self.in_second) = (second, 0);
        }
        self.requests += 1;
        self.in_second += 1;
        self.busiest_second = self.busiest_second.max(self.in_second);
    }
}
