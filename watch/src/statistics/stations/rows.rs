//! What is written of a host: the rows of hosts.csv.

use protocol::{contract::Work, id::HostId, role::Role, time::Duration};

use super::{Measured, Station, Stations};
use crate::study::tally::Quantile;

/// One row of hosts.csv: a host over the window, or one kind of its work. What a row cannot have is none: a
/// wait and a queue belong to jobs, and a job can be several kinds of work.
#[derive(Clone, PartialEq, Debug)]
pub struct HostRow {
    /// The host.
    pub host: HostId,
    /// The work; none for the host's total, which files write as `*`.
    pub work: Option<Work>,
    /// Its workers.
    pub workers: u32,
    /// Jobs that came, turned away or not. For a work: how often it was done.
    pub arrivals: u64,
    /// Jobs that a worker finished. For a work: how often it was done.
    pub served: u64,
    /// Jobs that found the queue full.
    pub rejected: Option<u64>,
    /// Jobs that were lost in a crash.
    pub dropped: Option<u64>,
    /// Share of worker-seconds with a job, of those in which the host was up; none if it never was. For a
    /// work: the share that its cost makes.
    pub utilisation: Option<f64>,
    /// Mean time that jobs waited before a worker took them, in seconds.
    pub mean_wait: Option<f64>,
    /// 95 % of jobs waited no longer than this, in seconds.
    pub p95_wait: Option<f64>,
    /// Mean time that a worker had a job, in seconds. For a work: its mean cost.
    pub mean_service: Option<f64>,
    /// Time-averaged number of jobs waiting.
    pub mean_queue: Option<f64>,
    /// Most jobs waiting.
    pub max_queue: Option<u32>,
    /// Seconds down.
    pub down: Option<f64>,
    /// Seconds paused.
    pub paused: Option<f64>,
    /// Jobs waiting or in service when the window began and when it ended.
    pub there: Option<(u32, u32)>,
    /// Little's law; none where jobs were lost.
    pub little: Option<Little>,
}

/// Little's law of one queue, L = λW, with both sides cut at the edges of the window and counted apart: the
/// left by how many waited at each moment, the right by how long each job waited that a worker took before
/// the run ended.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Little {
    /// L: time-averaged number of jobs waiting.
    pub waiting: f64,
    /// λW: jobs per second times mean wait.
    pub rate_times_wait: f64,
}

impl HostRow {
    /// Whether every job of the window is accounted for: arrivals + there at its start = served +
    /// rejected + dropped + there at its end. True for the row of a work.
    pub fn balances(&self) -> bool {
        let Some((start, end)) = self.there else { return true };
        let gone = self.served + self.rejected.unwrap_or(0) + self.dropped.unwrap_or(0);
        self.arrivals + u64::from(start) == gone + u64::from(end)
    }
}

/// What one role did, all its hosts together.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct RoleTotals {
    /// Utilisation of the busiest host.
    pub utilisation_max: Option<f64>,
    /// Utilisation of all together.
    pub utilisation: Option<f64>,
    /// Mean wait over all jobs, in seconds.
    pub mean_wait: Option<f64>,
    /// Most jobs waiting at one host.
    pub max_queue: u32,
    /// Jobs turned away.
    pub rejected: u64,
    /// Jobs lost in crashes.
    pub dropped: u64,
    /// Seconds down, added up.
    pub down: f64,
}

impl Stations {
    /// The rows of hosts.csv: per host its total and then its works. A xIS that nobody asked has none.
    pub fn rows(&self) -> Vec<HostRow> {
        let mut rows = Vec::new();
        for (place, station) in self.stations.iter().enumerate() {
            if station.role == Role::Xis && station.measured.arrivals == 0 {
                continue;
            }
            let host = HostId(place as u32);
            rows.push(station.total(host, self.measured));
            rows.extend(station.works(host));
        }
        rows
    }

    /// How much of the window was measured.
    pub fn measured(&self) -> Duration {
        self.measured
    }

    /// Share of the window in which the hosts of a role were up; none without host or window.
    pub fn share_up(&self, role: Role) -> Option<f64> {
        let hosts = self.stations.iter().filter(|station| station.role == role);
        let (count, down) = hosts.fold((0u32, 0.0), |(count, down), station| {
            (count + 1, down + station.measured.down.as_secs_f64())
        });
        let whole = f64::from(count) * self.measured.as_secs_f64();
        (whole > 0.0).then(|| 1.0 - down / whole)
    }

    /// The totals of one role; none if there is no such host.
    pub fn role(&self, role: Role) -> Option<RoleTotals> {
        let mut stations = self.stations.iter().filter(|station| station.role == role).peekable();
        stations.peek()?;
        let mut totals = RoleTotals::default();
        let (mut busy, mut capacity, mut waited, mut began) = (0u128, 0u128, 0u128, 0u64);
        for station in stations {
            let measured = &station.measured;
            totals.utilisation_max =
                larger(totals.utilisation_max, station.utilisation(measured.busy));
            totals.max_queue = totals.max_queue.max(measured.most_waiting);
            totals.rejected += measured.rejected;
            totals.dropped += measured.dropped;
            totals.down += measured.down.as_secs_f64();
            busy += u128::from(measured.busy);
            capacity += u128::from(measured.up.as_nanos()) * u128::from(station.workers);
            waited += measured.waited;
            began += measured.began;
        }
        totals.utilisation = (capacity > 0).then(|| busy as f64 / capacity as f64);
        totals.mean_wait = mean(waited, began);
        Some(totals)
    }
}

fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}

impl Station {
    fn total(&self, host: HostId, window: Duration) -> HostRow {
        let measured = &self.measured;
        let over_window = |integral: u128| {
            if window.is_zero() { 0.0 } else { integral as f64 / window.as_nanos() as f64 }
        };
        HostRow {
            host,
            work: None,
            workers: self.workers,
            arrivals: measured.arrivals,
            served: measured.served,
            rejected: Some(measured.rejected),
            dropped: Some(measured.dropped),
            utilisation: self.utilisation(measured.busy),
            mean_wait: mean(measured.waited, measured.began),
            p95_wait: measured.p95_wait(),
            mean_service: mean(measured.in_service, measured.served),
            mean_queue: Some(over_window(measured.waiting)),
            max_queue: Some(measured.most_waiting),
            down: Some(measured.down.as_secs_f64()),
            paused: Some(measured.paused.as_secs_f64()),
            there: Some((measured.there_at_start, measured.there_at_end)),
            little: (measured.dropped == 0).then(|| Little {
                waiting: over_window(measured.waiting),
                rate_times_wait: over_window(measured.waited_within),
            }),
        }
    }

    fn works(&self, host: HostId) -> impl Iterator<Item = HostRow> {
        let loads = self.measured.works.as_deref();
        Work::ALL.into_iter().filter_map(move |work| {
            let load = loads?[work as usize];
            (load.times > 0).then(|| HostRow {
                host,
                work: Some(work),
                workers: self.workers,
                arrivals: load.times,
                served: load.times,
                rejected: None,
                dropped: None,
                utilisation: self.utilisation(load.cost),
                mean_wait: None,
                p95_wait: None,
                mean_service: mean(load.cost.into(), load.times),
                mean_queue: None,
                max_queue: None,
                down: None,
                paused: None,
                there: None,
                little: None,
            })
        })
    }

    fn utilisation(&self, busy: u64) -> Option<f64> {
        let capacity = self.measured.up.as_nanos() as f64 * f64::from(self.workers);
        (capacity > 0.0).then(|| busy as f64 / capacity)
    }
}

impl Measured {
    fn p95_wait(&self) -> Option<f64> {
        if self.began == 0 {
            return None;
        }
        let wanted = 0.95 * self.began as f64;
        let waited = self.waits.as_ref().map_or(0, |waits| waits.count());
        let at_once = (self.began - waited) as f64;
        if wanted <= at_once {
            return Some(0.0);
        }
        let tally = self.waits.as_ref()?.tally();
        match tally.quantile((wanted - at_once) / waited as f64)? {
            Quantile::At { value, .. } | Quantile::Beyond(value) => Some(value),
        }
    }
}

/// A mean in seconds of nanoseconds.
fn mean(nanos: u128, count: u64) -> Option<f64> {
    (count > 0).then(|| nanos as f64 / (1e9 * count as f64))
}
