//! Load on the stelselnode: requests for lists and the bytes that they cost, in the window.
//!
//! How changes spread is in `registry`, how often a list could be had in `exchanges`.

use protocol::time::{Duration, Instant};

/// Requests for lists as they arrive at the stelselnode.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ListLoad {
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
    pub fn requested(&mut self, now: Instant) {
        let second = now.as_nanos() / Duration::from_secs(1).as_nanos();
        if second != self.second {
            (self.second, self.in_second) = (second, 0);
        }
        self.requests += 1;
        self.in_second += 1;
        self.busiest_second = self.busiest_second.max(self.in_second);
    }

    /// A list is given.
    pub fn given(&mut self, bytes: u64) {
        self.bytes += bytes;
    }
}
