//! Timers of hosts and visitors: one of each id, few in all.
//!
//! Arming a timer again moves it, and most timers are moved or disarmed before they come. So a timer keeps
//! one event in the queue where it can: an event that comes too early is put off to the moment that is now
//! due, and one that nobody waits for is dropped.

use protocol::{contract::TimerId, time::Instant};
use smallvec::SmallVec;

/// One timer, with what else its user keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timer<T> {
    id: TimerId,
    /// When it is due by its host's monotonic clock; never if it is not armed.
    pub due: Instant,
    /// The moment of its event in the queue; never if it has none.
    event: Instant,
    /// The flow that caused it to be armed, for hosts.
    pub flow: T,
}

/// What to do about an event that came for a timer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Due {
    /// The timer is due.
    Now,
    /// It was moved: its event must come again, at that moment of the host's clock.
    Later(Instant),
    /// Nobody waits for it.
    Stale,
}

/// The timers of one host or visitor. Two of them take no memory elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Timers<T>(SmallVec<[Timer<T>; 2]>);

impl<T: Copy + Default> Timers<T> {
    /// The timer of that id, new or known.
    pub(crate) fn timer(&mut self, id: TimerId) -> &mut Timer<T> {
        let place = self.0.iter().position(|timer| timer.id == id).unwrap_or_else(|| {
            let (due, event) = (Instant::NEVER, Instant::NEVER);
            self.0.push(Timer { id, due, event, flow: T::default() });
            self.0.len() - 1
        });
        &mut self.0[place]
    }

    /// The timers that are armed, and when each is due.
    pub(crate) fn armed(&self) -> Vec<(TimerId, Instant)> {
        let armed = self.0.iter().filter(|timer| timer.due != Instant::NEVER);
        armed.map(|timer| (timer.id, timer.due)).collect()
    }

    /// Nothing is armed any more; events in the queue stay.
    pub(crate) fn disarm_all(&mut self) {
        for timer in &mut self.0 {
            timer.due = Instant::NEVER;
        }
    }
}

impl<T> Timer<T> {
    /// Has it come at that moment of the host's clock, `at` in true time. Whether an event must be put in
    /// the queue for it.
    pub(crate) fn arm(&mut self, due: Instant, at: Instant) -> bool {
        self.due = due;
        let needs_event = at < self.event;
        if needs_event {
            self.event = at;
        }
        needs_event
    }

    /// An event came for it, `at` in true time, when the host's clock said `now`.
    pub(crate) fn came(&mut self, at: Instant, now: Instant) -> Due {
        if at != self.event {
            // An earlier event took its place.
            return Due::Stale;
        }
        self.event = Instant::NEVER;
        if self.due == Instant::NEVER {
            Due::Stale
        } else if now < self.due {
            Due::Later(self.due)
        } else {
            self.due = Instant::NEVER;
            Due::Now
        }
    }
}
