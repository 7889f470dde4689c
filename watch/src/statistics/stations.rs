//! What the hosts did: jobs, waiting, work, outages.
//!
//! Everything is measured over the window [warm-up, horizon). A count is of the window when its event is;
//! an integral over time is cut at both edges; a wait or a service counts whole, in the window in which it
//! ended its waiting or its service. So over the window
//! arrivals + there at its start = served + rejected + dropped + there at its end.
//! Utilisation is the share of worker-seconds in which a worker had a job, of those in which the host was
//! up and not paused.

mod rows;

use protocol::{
    contract::Work,
    id::HostId,
    role::Role,
    time::{Duration, Instant},
    trace::HostChange,
};

use super::times::{Precision, Times};
use crate::directory::{Directory, Window};

pub use rows::{HostRow, Little};

/// What every host with a station did.
#[derive(Clone, Debug)]
pub struct Stations {
    stations: Vec<Station>,
    window: Window,
    measuring: bool,
    /// How much of the window has passed.
    measured: Duration,
    strays: u64,
}

/// What one host did.
#[derive(Clone, Debug)]
struct Station {
    role: Role,
    workers: u32,
    waiting: u32,
    busy: u32,
    down: bool,
    paused: bool,
    /// Up to when the integrals run.
    settled: Instant,
    /// Worker-seconds with a job while up and not paused, in nanoseconds, since the start of the run.
    busy_ever: u64,
    /// Time up and not paused since the start of the run.
    up_ever: Duration,
    /// Both as they stood when [`Stations::busiest`] last looked.
    looked_at: (u64, Duration),
    measured: Measured,
}

/// What one host did in the window.
#[derive(Clone, Debug, Default)]
struct Measured {
    there_at_start: u32,
    there_at_end: u32,
    arrivals: u64,
    began: u64,
    served: u64,
    rejected: u64,
    dropped: u64,
    /// Worker-nanoseconds with a job while up and not paused.
    busy: u64,
    up: Duration,
    down: Duration,
    paused: Duration,
    /// Nanoseconds times jobs waiting.
    waiting: u128,
    /// Nanoseconds that jobs waited within the window, job by job. With no job dropped this is the same
    /// number as `waiting`, counted the other way: Little's law.
    waited_within: u128,
    waited: u128,
    in_service: u128,
    most_waiting: u32,
    /// Waits that were not zero.
    waits: Option<Box<Times>>,
    works: Option<Box<[Load; Work::ALL.len()]>>,
}

/// What one kind of work added up to.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    times: u64,
    cost: u64,
}

impl Stations {
    /// Every station, idle.
    pub fn new(directory: &Directory, window: Window) -> Self {
        let stations = directory
            .hosts
            .iter()
            .map(|host| Station {
                role: host.role,
                workers: host.workers,
                waiting: 0,
                busy: 0,
                down: false,
                paused: false,
                settled: Instant::START,
                busy_ever: 0,
                up_ever: Duration::ZERO,
                looked_at: (0, Duration::ZERO),
                measured: Measured::default(),
            })
            .collect();
        Self { stations, window, measuring: false, measured: Duration::ZERO, strays: 0 }
    }

    /// The window begins.
    pub fn begin_window(&mut self, now: Instant) {
        self.settle_all(now);
        self.measuring = true;
        for station in &mut self.stations {
            station.measured.there_at_start = station.waiting + station.busy;
            station.measured.most_waiting = 0;
        }
    }

    /// The window ends, at the horizon or with the run.
    pub fn end_window(&mut self, now: Instant) {
        if self.measuring {
            self.settle_all(now);
            self.measured = now.since(self.window.warm_up);
            for station in &mut self.stations {
                station.measured.there_at_end = station.waiting + station.busy;
            }
            self.measuring = false;
        }
    }

    /// A job joined the queue or went straight to a worker.
    pub fn queued(&mut self, host: HostId, now: Instant) {
        let measuring = self.measuring;
        let Some(station) = self.settled(host, now) else { return };
        station.waiting += 1;
        station.measured.arrivals += u64::from(measuring);
    }

    /// A job was turned away.
    pub fn turned_away(&mut self, host: HostId, now: Instant) {
        let measuring = self.measuring;
        let Some(station) = self.settled(host, now) else { return };
        station.measured.arrivals += u64::from(measuring);
        station.measured.rejected += u64::from(measuring);
    }

    /// A worker took a job that had joined at `queued`.
    pub fn began(&mut self, host: HostId, queued: Instant, now: Instant) {
        let (measuring, window) = (self.measuring, self.window);
        let Some(station) = self.settled(host, now) else { return };
        let known = station.waiting > 0;
        station.waiting = station.waiting.saturating_sub(1);
        station.busy += 1;
        let within = now.min(window.horizon).since(queued.max(window.warm_up));
        station.measured.waited_within += u128::from(within.as_nanos());
        if measuring {
            station.measured.waited(now.since(queued), station.role);
        }
        self.strays += u64::from(!known);
    }

    /// A job's work was named.
    pub fn worked(&mut self, host: HostId, work: Work, cost: Duration) {
        if !self.measuring || host.is_visitor() {
            return;
        }
        if let Some(station) = self.stations.get_mut(host.place()) {
            let load = &mut station.measured.works.get_or_insert_default()[work as usize];
            load.times += 1;
            load.cost = load.cost.saturating_add(cost.as_nanos());
        }
    }

    /// A worker finished a job that it took at `began`.
    pub fn ended(&mut self, host: HostId, began: Instant, now: Instant) {
        let measuring = self.measuring;
        let Some(station) = self.settled(host, now) else { return };
        let known = station.busy > 0;
        station.busy = station.busy.saturating_sub(1);
        if measuring {
            station.measured.served += 1;
            station.measured.in_service += u128::from(now.since(began).as_nanos());
        }
        self.strays += u64::from(!known);
    }

    /// Jobs were lost in a crash.
    pub fn dropped(&mut self, host: HostId, waiting: u32, in_service: u32, now: Instant) {
        let measuring = self.measuring;
        let Some(station) = self.settled(host, now) else { return };
        let known = station.waiting >= waiting && station.busy >= in_service;
        station.waiting = station.waiting.saturating_sub(waiting);
        station.busy = station.busy.saturating_sub(in_service);
        if measuring {
            station.measured.dropped += u64::from(waiting) + u64::from(in_service);
        }
        self.strays += u64::from(!known);
    }

    /// Something happened to a host.
    pub fn host_changed(&mut self, host: HostId, change: HostChange, now: Instant) {
        let Some(station) = self.settled(host, now) else { return };
        match change {
            HostChange::Down => station.down = true,
            HostChange::Up => station.down = false,
            HostChange::Paused => station.paused = true,
            HostChange::Resumed => station.paused = false,
            _ => {}
        }
    }

    /// Events that fit no state: a service that began without a job waiting, and the like. None in a run
    /// whose driver keeps its word.
    pub fn strays(&self) -> u64 {
        self.strays
    }

    /// Since the last look, the highest utilisation among the hosts of each role that were up, and the
    /// longest queue now; in the order of [`Role::ALL`].
    pub fn busiest(&mut self, now: Instant) -> [Busiest; Role::ALL.len()] {
        self.settle_all(now);
        let mut busiest = [Busiest::default(); Role::ALL.len()];
        for station in &mut self.stations {
            let (busy, up) = (station.busy_ever, station.up_ever);
            let (busy_then, up_then) = std::mem::replace(&mut station.looked_at, (busy, up));
            let worker_time = up.saturating_sub(up_then).saturating_mul(station.workers.into());
            let entry = &mut busiest[station.role as usize];
            if !worker_time.is_zero() {
                let utilisation = (busy - busy_then) as f64 / worker_time.as_nanos() as f64;
                entry.utilisation =
                    Some(entry.utilisation.map_or(utilisation, |known| known.max(utilisation)));
            }
            entry.queue = entry.queue.max(station.waiting);
        }
        busiest
    }

    /// Hosts at which jobs wait now.
    pub fn with_queues(&self) -> impl Iterator<Item = HostId> {
        let stations = (0..).map(HostId).zip(&self.stations);
        stations.filter(|(_, station)| station.waiting > 0).map(|(host, _)| host)
    }

    /// Whether jobs wait at a host.
    pub fn has_queue(&self, host: HostId) -> bool {
        let station = self.stations.get(host.place()).filter(|_| !host.is_visitor());
        station.is_some_and(|station| station.waiting > 0)
    }

    fn settle_all(&mut self, now: Instant) {
        let measuring = self.measuring;
        for station in &mut self.stations {
            station.settle(now, measuring);
        }
    }

    fn settled(&mut self, host: HostId, now: Instant) -> Option<&mut Station> {
        if host.is_visitor() {
            return None;
        }
        let station = self.stations.get_mut(host.place())?;
        station.settle(now, self.measuring);
        Some(station)
    }
}

/// What [`Stations::busiest`] found for one role.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Busiest {
    /// The highest utilisation; none if no host was up.
    pub utilisation: Option<f64>,
    /// The longest queue.
    pub queue: u32,
}

impl Station {
    /// Brings the integrals up to `now`. A queue that was there for no time at all was no queue.
    fn settle(&mut self, now: Instant, measuring: bool) {
        let passed = now.since(self.settled);
        if passed.is_zero() {
            return;
        }
        self.settled = now;
        let up = !self.down && !self.paused;
        let busy = if up { passed.as_nanos().saturating_mul(self.busy.into()) } else { 0 };
        let up = if up { passed } else { Duration::ZERO };
        self.busy_ever = self.busy_ever.saturating_add(busy);
        self.up_ever += up;
        if !measuring {
            return;
        }
        let measured = &mut self.measured;
        measured.busy = measured.busy.saturating_add(busy);
        measured.up += up;
        if self.down {
            measured.down += passed;
        }
        if self.paused {
            measured.paused += passed;
        }
        measured.waiting += u128::from(passed.as_nanos()) * u128::from(self.waiting);
        measured.most_waiting = measured.most_waiting.max(self.waiting);
    }
}

impl Measured {
    /// A job waited so long.
    fn waited(&mut self, wait: Duration, role: Role) {
        self.began += 1;
        self.waited += u128::from(wait.as_nanos());
        if !wait.is_zero() {
            // There is a xIS per Zorgaanbieder: tens of thousands.
            let precision = if role == Role::Xis { Precision::Coarse } else { Precision::Fine };
            self.waits.get_or_insert_with(|| Box::new(Times::new(precision))).record(wait);
        }
    }
}
