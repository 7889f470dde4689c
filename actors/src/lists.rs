//! Lists, as a node uses them: fetched on a fixed grid, on demand and on a miss; validated; used until a newer
//! valid one comes (APP 17 to 22).
//!
//! Does not decide what a list is used for, nor what becomes of an exchange that waited for one: the actor
//! does. Lists in use are volatile; only the place in the period survives a crash, so that a restart
//! pulls at once and keeps its rhythm.

use std::sync::Arc;

use protocol::{
    contract::{Ask, Failure, Outbox, TimerId, Work},
    id::{ExchangeId, NameId},
    message::{Request, Response},
    register::{ListFault, ListKind, ListVersion},
    release::Release,
    rule,
    time::{Duration, Instant, Now},
    trace::{Limit, Note},
};

/// When and how one list is fetched.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ListPolicy {
    /// Which list.
    pub kind: ListKind,
    /// From one fetch to the next.
    pub every: Duration,
    /// Where in that period.
    pub phase: Phase,
    /// Each fetch is made this much later than the grid says, at most; drawn anew each time. A node that
    /// must fetch hourly (APP 21) leaves room for it in `every`.
    pub jitter: Duration,
    /// What to do when something is not on the list.
    pub on_miss: OnMiss,
    /// How long after a failed fetch to try again; none to wait for the grid.
    pub retry: Option<Duration>,
}

impl ListPolicy {
    /// Hourly, spread, without jitter, without a fetch on a miss, and again a minute after a failure.
    pub const fn hourly(kind: ListKind) -> Self {
        Self {
            kind,
            every: Duration::from_secs(3_600),
            phase: Phase::Spread,
            jitter: Duration::ZERO,
            on_miss: OnMiss::Refuse,
            retry: Some(Duration::from_secs(60)),
        }
    }
}

/// Where in the period the fetches of a node fall.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Anywhere, drawn once per node.
    Spread,
    /// Where everybody's fall.
    Synchronised,
}

/// What to do when something is not on a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnMiss {
    /// It is not on the list.
    Refuse,
    /// It may be on a newer one: fetch that first, but not more often than this.
    Pull {
        /// At most one such fetch in this time.
        at_most_every: Duration,
    },
}

/// What became of a look at a list that did not have what was sought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Miss {
    /// The exchange waits for a newer list; it will be given back.
    Waits,
    /// There is no newer list to wait for: decide.
    Decide,
}

/// At most this many exchanges wait for one list.
const WAITING_LIMIT: usize = 1_000;

/// The lists of one node, and what waits for each of them: a `W` per exchange.
#[derive(Clone, Debug)]
pub struct Lists<W> {
    stelselnode: NameId,
    release: Release,
    readers: Vec<Reader<W>>,
}

#[derive(Clone, Debug)]
struct Reader<W> {
    policy: ListPolicy,
    current: Option<Arc<ListVersion>>,
    fetch: Option<Fetch>,
    /// Operators who asked while a fetch was under way that may have been answered before they did.
    operators: Vec<ExchangeId>,
    waiting: Vec<W>,
    missed: Option<Instant>,
    failed: bool,
}

#[derive(Clone, Debug)]
struct Fetch {
    exchange: ExchangeId,
    /// The operators for whom it is made; then an older list is accepted too.
    operators: Vec<ExchangeId>,
}

impl<W> Lists<W> {
    /// The lists of these kinds, with what is in use already.
    pub fn new(
        stelselnode: NameId,
        release: Release,
        policies: &[ListPolicy],
        in_use: &[Arc<ListVersion>],
    ) -> Self {
        let reader = |policy: &ListPolicy| Reader {
            policy: *policy,
            current: in_use.iter().find(|list| list.kind == policy.kind).cloned(),
            fetch: None,
            operators: Vec::new(),
            waiting: Vec::new(),
            missed: None,
            failed: false,
        };
        Self { stelselnode, release, readers: policies.iter().map(reader).collect() }
    }

    /// The list in use.
    pub fn current(&self, kind: ListKind) -> Option<&Arc<ListVersion>> {
        self.reader(kind)?.current.as_ref()
    }

    /// The host begins. What is not in use is fetched at once; the grid goes on as it was.
    pub fn start(&mut self, phases: &mut [Option<Duration>], now: Now, out: &mut Outbox) {
        for place in 0..self.readers.len() {
            let policy = self.readers[place].policy;
            if let Some(phase) = phases.get_mut(policy.kind as usize)
                && phase.is_none()
            {
                *phase = Some(policy.draw_phase(out));
            }
            policy.arm(phases, now, out);
            if self.readers[place].current.is_none() {
                self.fetch(place, None, Vec::new(), out);
            }
        }
    }

    /// A timer came. `false`: it is none of the lists'.
    pub fn on_timer(
        &mut self,
        timer: TimerId,
        phases: &[Option<Duration>],
        now: Now,
        out: &mut Outbox,
    ) -> bool {
        if timer == TimerId::Retry {
            for place in 0..self.readers.len() {
                if self.readers[place].failed {
                    self.fetch(place, None, Vec::new(), out);
                }
            }
            return true;
        }
        let Some(place) =
            self.readers.iter().position(|reader| timer_of(reader.policy.kind) == timer)
        else {
            return false;
        };
        self.readers[place].policy.arm(phases, now, out);
        self.fetch(place, None, Vec::new(), out);
        true
    }

    /// An operator wants the newest list now (APP 21). `false`: this node has no use for that list.
    pub fn fetch_now(&mut self, kind: ListKind, operator: ExchangeId, out: &mut Outbox) -> bool {
        let Some(place) = self.readers.iter().position(|reader| reader.policy.kind == kind) else {
            return false;
        };
        if self.readers[place].fetch.is_some() {
            self.readers[place].operators.push(operator);
        } else {
            self.fetch(place, Some(operator), vec![operator], out);
        }
        true
    }

    /// Something is not on a list, or there is no list yet: shall its exchange wait for a newer one?
    pub fn miss(
        &mut self,
        kind: ListKind,
        exchange: ExchangeId,
        waiting: impl FnOnce() -> W,
        now: Now,
        out: &mut Outbox,
    ) -> Miss {
        let Some(place) = self.readers.iter().position(|reader| reader.policy.kind == kind) else {
            return Miss::Decide;
        };
        let reader = &mut self.readers[place];
        let under_way = reader.fetch.is_some();
        let waits = match reader.policy.on_miss {
            // Without any list nothing can be decided: the first fetch is waited for, whatever the policy.
            _ if reader.current.is_none() && under_way => true,
            OnMiss::Refuse => false,
            OnMiss::Pull { at_most_every } => {
                under_way
                    || reader.missed.is_none_or(|last| now.monotonic.since(last) >= at_most_every)
            }
        };
        if !waits {
            return Miss::Decide;
        }
        if reader.waiting.len() >= WAITING_LIMIT {
            out.note(Note::LimitReached(Limit::Sessions));
            return Miss::Decide;
        }
        reader.waiting.push(waiting());
        if !under_way {
            reader.missed = Some(now.monotonic);
            self.fetch(place, Some(exchange), Vec::new(), out);
        }
        Miss::Waits
    }

    /// A response came. None: it is not to a fetch of these. Otherwise, what waited for the list.
    pub fn on_response(
        &mut self,
        exchange: ExchangeId,
        response: &Response,
        now: Now,
        out: &mut Outbox,
    ) -> Option<Vec<W>> {
        let place = self.fetched_by(exchange)?;
        match response {
            Response::List(list) => Some(self.settle(place, Ok(list), now, out)),
            _ => Some(self.settle(place, Err(Failure::Refused), now, out)),
        }
    }

    /// An ask failed. None: it is not a fetch of these. Otherwise, what waited for the list.
    pub fn on_failed(
        &mut self,
        exchange: ExchangeId,
        failure: Failure,
        now: Now,
        out: &mut Outbox,
    ) -> Option<Vec<W>> {
        let place = self.fetched_by(exchange)?;
        Some(self.settle(place, Err(failure), now, out))
    }

    fn reader(&self, kind: ListKind) -> Option<&Reader<W>> {
        self.readers.iter().find(|reader| reader.policy.kind == kind)
    }

    fn fetched_by(&self, exchange: ExchangeId) -> Option<usize> {
        self.readers.iter().position(|reader| {
            reader.fetch.as_ref().is_some_and(|fetch| fetch.exchange == exchange)
        })
    }

    /// One fetch at a time: whoever wants the list meanwhile shares it.
    fn fetch(
        &mut self,
        place: usize,
        parent: Option<ExchangeId>,
        operators: Vec<ExchangeId>,
        out: &mut Outbox,
    ) {
        let reader = &mut self.readers[place];
        reader.failed = false;
        if reader.fetch.is_none() {
            let request = Request::GetList(reader.policy.kind);
            let ask = Ask::for_the_sake_of(parent, self.stelselnode, self.release, request);
            reader.fetch = Some(Fetch { exchange: out.ask(ask, Work::Query), operators });
        }
    }

    fn settle(
        &mut self,
        place: usize,
        outcome: Result<&Arc<ListVersion>, Failure>,
        now: Now,
        out: &mut Outbox,
    ) -> Vec<W> {
        let reader = &mut self.readers[place];
        let Some(fetch) = reader.fetch.take() else { return Vec::new() };
        let in_use = match outcome {
            Ok(list) => reader.take(list, !fetch.operators.is_empty(), out),
            Err(failure) => {
                out.note(Note::PeerLost(failure));
                reader.failed = true;
                if let Some(pause) = reader.policy.retry {
                    out.arm(TimerId::Retry, now.monotonic + pause);
                }
                false
            }
        };
        for operator in fetch.operators {
            if in_use {
                out.reply(operator, Response::Done, Work::Query);
            } else {
                let rule = rule::WHITELIST_ON_DEMAND;
                out.refuse(rule, operator, Response::NotDone, Work::Query);
            }
        }
        let operators = std::mem::take(&mut reader.operators);
        let waiting = std::mem::take(&mut reader.waiting);
        if let Some(first) = operators.first().copied() {
            self.fetch(place, Some(first), operators, out);
        }
        waiting
    }
}

impl<W> Reader<W> {
    /// Takes a list into use, if it is valid and new. `true`: what came is what is in use now.
    fn take(&mut self, list: &Arc<ListVersion>, may_be_older: bool, out: &mut Outbox) -> bool {
        let kind = self.policy.kind;
        if self.current.as_ref().is_some_and(|current| current.number == list.number) {
            out.note(Note::ListUnchanged(kind, list.number));
            return true;
        }
        out.work(Work::ValidateList);
        let older = self.current.as_ref().is_some_and(|current| list.number < current.number);
        let verdict = match list.check() {
            Ok(()) if list.kind != kind => Err(ListFault::OtherKind),
            Ok(()) if older && !may_be_older => Err(ListFault::Older),
            verdict => verdict,
        };
        match verdict {
            Ok(()) => {
                out.note(Note::ListInUse(kind, list.number));
                self.current = Some(Arc::clone(list));
                true
            }
            // The one in use stays in use (APP 19, APP 22).
            Err(fault) => {
                out.note(Note::ListRejected(kind, list.number, fault));
                false
            }
        }
    }
}

impl ListPolicy {
    fn draw_phase(self, out: &mut Outbox) -> Duration {
        match self.phase {
            Phase::Spread => part_of(self.every, out),
            Phase::Synchronised => Duration::ZERO,
        }
    }

    /// Arms the timer for the next point of the grid.
    fn arm(self, phases: &[Option<Duration>], now: Now, out: &mut Outbox) {
        let phase = phases.get(self.kind as usize).copied().flatten().unwrap_or_default();
        let jitter = if self.jitter.is_zero() { Duration::ZERO } else { part_of(self.jitter, out) };
        out.arm(timer_of(self.kind), next_on_grid(phase, self.every, now.monotonic) + jitter);
    }
}

/// The first moment after `now` that is `phase` plus a whole number of periods.
pub(crate) fn next_on_grid(phase: Duration, every: Duration, now: Instant) -> Instant {
    let first = Instant::START + phase;
    let every = every.max(Duration::from_nanos(1));
    if first > now {
        return first;
    }
    let passed = now.since(first).as_nanos() / every.as_nanos();
    first + every.saturating_mul(passed + 1)
}

/// A part of a length of time, each alike.
fn part_of(length: Duration, out: &mut Outbox) -> Duration {
    Duration::from_nanos((out.draw() % u128::from(length.as_nanos().max(1))) as u64)
}

const fn timer_of(kind: ListKind) -> TimerId {
    match kind {
        ListKind::Zal => TimerId::PullZal,
        ListKind::Whitelist => TimerId::PullWhitelist,
        ListKind::OauthClients => TimerId::PullOauthClients,
        ListKind::Gegevensdiensten => TimerId::PullGegevensdiensten,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_next_fetch_is_the_first_point_of_the_grid_that_is_yet_to_come(
            phase in 0u64..10_000, every in 1u64..10_000, now in 0u64..1_000_000
        ) {
            let next = next_on_grid(
                Duration::from_nanos(phase),
                Duration::from_nanos(every),
                Instant::from_nanos(now),
            );
            let next = next.as_nanos();
            prop_assert!(next > now || next == phase && phase >= now);
            prop_assert_eq!((next - phase) % every, 0);
            prop_assert!(next == phase || next - every <= now);
        }
    }

    #[test]
    fn a_period_of_nothing_is_taken_for_the_shortest() {
        let next = next_on_grid(Duration::ZERO, Duration::ZERO, Instant::from_nanos(5));
        assert_eq!(next, Instant::from_nanos(6));
    }
}
