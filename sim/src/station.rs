//! A station: workers, one bounded queue, and the actor that they all serve (semantics 2).
//!
//! A job is an input for the actor, or work that an actor named outside a job. The worker calls the actor
//! when service begins, and what the actor sends leaves when service ends. Waiting for a peer holds no
//! worker. Does not call the actor (the simulation does) and knows no message.

use std::collections::VecDeque;

use protocol::{
    contract::TimerId,
    message::{Certificate, OcspAnswer},
    time::{Duration, Instant, Now},
    trace::FlowRef,
};

use crate::{connection::Pools, exchange::Place, timer::Timers};
use protocol::world::{clock::HostClock, cost::CostClass, network::HostSpec};

/// A host with its actor. What every job looks at stands here, the rest in [`Apart`]: with many hosts
/// memory is what a job costs most.
#[derive(Debug)]
pub(crate) struct Station<A> {
    /// The actor.
    pub actor: A,
    /// Jobs that wait.
    pub queue: JobQueue,
    /// What few jobs look at.
    pub apart: Box<Apart>,
    /// Workers at work.
    pub busy: u32,
    workers: u32,
    /// How often it was rebuilt: part of the key of its draws.
    pub incarnation: u32,
    /// How many values it drew in this incarnation.
    pub drawn: u32,
    /// How many exchanges it began that no flow caused: part of the key of their draws.
    pub asked: u32,
    /// Which cost its work has.
    pub costs: CostClass,
    state: State,
}

/// What [`Condition`] comes to, as far as every job asks.
#[derive(Clone, Copy, Debug)]
struct State {
    reachable: bool,
    running: bool,
    /// Neither slow nor with clocks that are off, and never frozen so far.
    ordinary: bool,
}

/// The part of a host that few jobs look at.
#[derive(Debug, Default)]
pub(crate) struct Apart {
    /// What it shows when it asks over mutual TLS.
    pub certificate: Option<Certificate>,
    /// The OCSP answer that it staples.
    pub staple: Option<OcspAnswer>,
    /// Its clocks.
    pub clock: HostClock,
    /// Timers that are armed.
    pub timers: Timers<Option<FlowRef>>,
    /// Connections that it keeps.
    pub pools: Pools,
    /// Its condition.
    pub condition: Condition,
}

/// What befell a host. Several faults may overlap, so they are counted.
#[derive(Debug, Default)]
pub(crate) struct Condition {
    /// Faults that have it refuse connections.
    pub down: u32,
    /// Crashes from which it has not started again.
    pub dead: u32,
    /// Faults that freeze it.
    pub pauses: u32,
    /// Since when it is frozen.
    pub paused_since: Instant,
    /// How long it was frozen before.
    pub paused: Duration,
    /// Timers that came while it was frozen.
    pub missed: Vec<TimerId>,
    /// Faults that slow it down, each with its number in the schedule.
    pub slow: Vec<(usize, f64)>,
    /// Faults that bend its clocks, each with its number in the schedule.
    pub drifts: Vec<(usize, f64)>,
}

impl Condition {
    /// How many times as much a service costs that begins now.
    pub(crate) fn factor(&self) -> f64 {
        self.slow.iter().map(|(_, factor)| factor).product()
    }

    /// How long it was frozen in all, until now.
    pub(crate) fn paused_until(&self, now: Instant) -> Duration {
        if self.pauses == 0 { self.paused } else { self.paused + now.since(self.paused_since) }
    }
}

/// An input that waits for a worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Job {
    /// A request came, with this exchange.
    Request(u32),
    /// A response came.
    Response(u32),
    /// The exchange failed.
    Failure(u32),
    /// Work that was named outside a job, and what leaves after it.
    Deferred(u32),
}

/// Jobs that wait, first come first served.
#[derive(Debug)]
pub(crate) struct JobQueue {
    jobs: VecDeque<(Instant, Job)>,
    slots: Option<Box<OpenSlots>>,
    capacity: u32,
}

/// Where the number of requests that were begun and not answered is limited, as with one thread for each,
/// requests wait apart, so that they do not stand in the way of the responses that would end others.
#[derive(Debug)]
struct OpenSlots {
    requests: VecDeque<(Instant, Job)>,
    limit: u32,
    taken: u32,
}

impl JobQueue {
    fn new(spec: &HostSpec) -> Self {
        let slots = |limit| Box::new(OpenSlots { requests: VecDeque::new(), limit, taken: 0 });
        Self { jobs: VecDeque::new(), slots: spec.open.map(slots), capacity: spec.queue }
    }

    /// Whether one more may wait.
    pub(crate) fn has_room(&self) -> bool {
        let apart = self.slots.as_ref().map_or(0, |slots| slots.requests.len());
        self.jobs.len() + apart < self.capacity as usize
    }

    /// Whether a job that comes now and finds a free worker need not wait at all.
    pub(crate) fn is_passed(&self) -> bool {
        self.jobs.is_empty() && self.slots.is_none()
    }

    pub(crate) fn push(&mut self, now: Instant, job: Job) {
        match (&mut self.slots, job) {
            (Some(slots), Job::Request(_)) => slots.requests.push_back((now, job)),
            _ => self.jobs.push_back((now, job)),
        }
    }

    /// The next job that a worker may take, and since when it waits.
    pub(crate) fn take(&mut self) -> Option<(Instant, Job)> {
        let Some(slots) = &mut self.slots else { return self.jobs.pop_front() };
        let request = slots.requests.front().filter(|_| slots.taken < slots.limit);
        let request_is_next = match (self.jobs.front(), request) {
            (Some((job, _)), Some((request, _))) => request < job,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if request_is_next {
            slots.taken += 1;
            slots.requests.pop_front()
        } else {
            self.jobs.pop_front()
        }
    }

    /// A request that was begun is answered.
    pub(crate) fn answered(&mut self) {
        if let Some(slots) = &mut self.slots {
            slots.taken = slots.taken.saturating_sub(1);
        }
    }

    /// Everything is forgotten; the jobs that waited come back.
    pub(crate) fn drain(&mut self) -> Vec<Job> {
        let mut waited: Vec<Job> = self.jobs.drain(..).map(|(_, job)| job).collect();
        if let Some(slots) = &mut self.slots {
            slots.taken = 0;
            waited.extend(slots.requests.drain(..).map(|(_, job)| job));
        }
        waited
    }
}

impl<A> Station<A> {
    pub(crate) fn new(actor: A, spec: &HostSpec) -> Self {
        Self {
            actor,
            queue: JobQueue::new(spec),
            apart: Box::new(Apart { certificate: spec.certificate, ..Apart::default() }),
            busy: 0,
            workers: spec.workers,
            incarnation: 0,
            drawn: 0,
            asked: 0,
            costs: spec.costs,
            state: State { reachable: true, running: true, ordinary: true },
        }
    }

    /// Whether a worker is free to take a job.
    pub(crate) fn has_free_worker(&self) -> bool {
        self.busy < self.workers && self.state.running
    }

    /// Whether it takes connections.
    pub(crate) fn is_reachable(&self) -> bool {
        self.state.reachable
    }

    /// Whether its process works: it neither crashed nor is frozen.
    pub(crate) fn is_running(&self) -> bool {
        self.state.running
    }

    /// What its clocks say.
    pub(crate) fn now(&self, at: Instant) -> Now {
        if self.state.ordinary { Now::exact(at) } else { self.apart.clock.now(at) }
    }

    /// What a service that begins now costs, if it would cost this at full speed.
    pub(crate) fn at_its_speed(&self, cost: Duration) -> Duration {
        if self.state.ordinary { cost } else { cost.mul_f64(self.apart.condition.factor()) }
    }

    /// How long it was frozen in all, until now.
    pub(crate) fn paused_until(&self, now: Instant) -> Duration {
        if self.state.ordinary { Duration::ZERO } else { self.apart.condition.paused_until(now) }
    }

    /// Changes what befell it.
    pub(crate) fn befall(&mut self, change: impl FnOnce(&mut Apart)) {
        change(&mut self.apart);
        let Apart { condition, clock, .. } = &*self.apart;
        self.state = State {
            reachable: condition.down == 0 && condition.dead == 0,
            running: condition.pauses == 0 && condition.dead == 0,
            ordinary: condition.slow.is_empty()
                && condition.pauses == 0
                && condition.paused.is_zero()
                && *clock == HostClock::default(),
        };
    }
}

/// A job in service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// Where.
    pub host: u32,
    /// Which incarnation of the host began it.
    pub incarnation: u32,
    /// Since when.
    pub began: Instant,
    /// How long the host had been frozen when it began, or when its end was last put off.
    pub paused: Duration,
    /// The first message that leaves at its end.
    pub held: Place,
    /// The flow that it belongs to.
    pub flow: Option<FlowRef>,
}

/// Work that was named outside a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deferred {
    /// What it costs.
    pub cost: Duration,
    /// The first message that leaves at its end.
    pub held: Place,
    /// The flow that it belongs to.
    pub flow: Option<FlowRef>,
}

/// Things in places that are used again.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    things: Vec<T>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { things: Vec::new(), free: Vec::new() }
    }
}

impl<T: Copy> Slab<T> {
    pub(crate) fn put(&mut self, thing: T) -> u32 {
        match self.free.pop() {
            Some(place) => {
                self.things[place as usize] = thing;
                place
            }
            None => {
                self.things.push(thing);
                self.things.len() as u32 - 1
            }
        }
    }

    pub(crate) fn at(&mut self, place: u32) -> &mut T {
        &mut self.things[place as usize]
    }

    pub(crate) fn get(&self, place: u32) -> &T {
        &self.things[place as usize]
    }

    pub(crate) fn take(&mut self, place: u32) -> T {
        self.free.push(place);
        self.things[place as usize]
    }
}
