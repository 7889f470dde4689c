//! A replication in wall time: the same people, faults and changes, in a twin of the same network (semantics 2).
//!
//! Takes as long as the scenario says. Does not decide how messages look or travel (`twin`).

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time,
};

use desk::{ledger::Ledger, mischief::Mischief, usher::Usher};
use protocol::world::schedule::{Happening, Scheduled};
use protocol::{
    id::HostId,
    time::{Duration, Instant},
    trace::{Event, Sink, Stamp},
};
use sim::visitor::{Arrival, Arrivals as _};
use twin::{
    network::Network,
    open::{Options, Twin},
    visit::Visit,
    world::{Passage, Witness, World},
};
use watch::{
    rules::Verdict,
    watcher::{Sight, Watcher},
};

use super::Progress;
use crate::{
    compose::Composed,
    console::{Live, Record},
    guest::LOOPBACK,
    meter::Meter,
    plan::Scenario,
    problem::{Place, Problems},
};

/// Where a twin is opened.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its folder.
    pub dir: PathBuf,
    /// Where it listens.
    pub listen: IpAddr,
    /// The port for TLS; 0 takes any.
    pub port: u16,
    /// Hosts that somebody else plays, and where.
    pub elsewhere: BTreeMap<HostId, SocketAddr>,
    /// Whether its own hosts need no sockets between them where no certificate is demanded.
    pub beside: bool,
    /// Who leads people over the pages of those hosts; nobody where there are none.
    pub usher: Option<Arc<Usher>>,
}

impl Site {
    /// On this machine, at any port, with every host in it.
    pub fn here(dir: &Path) -> Self {
        let (dir, elsewhere) = (dir.to_owned(), BTreeMap::new());
        Self { dir, listen: LOOPBACK, port: 0, elsewhere, beside: false, usher: None }
    }
}

/// What came of a replication.
pub(crate) struct Played {
    /// What was seen.
    pub sight: Sight,
    /// How much later than planned each arrival came, in the order of arrivals.
    pub late: Vec<Duration>,
    /// How long it took, from the first moment to the last.
    pub took: Duration,
    /// What each meter read of that; none where the system tells nothing.
    pub spent: Vec<Option<time::Duration>>,
    /// The share of this machine's cores that was at work in the busiest seconds; none where the system tells nothing.
    pub busiest: Option<f64>,
    /// Connections that this machine had no socket or port for.
    pub no_sockets: u64,
}

/// Whoever listens to a twin, until it says what it heard; and what a console shows of it, where there is one.
pub(crate) struct Ear {
    watcher: Option<Watcher>,
    live: Option<Live>,
    lent: Option<Ledger>,
}

impl Ear {
    /// Nothing was heard yet.
    pub fn new(watcher: Watcher, live: Option<Live>) -> Self {
        Self { watcher: Some(watcher), live, lent: None }
    }

    /// What was heard, from now on no more.
    pub fn take(&mut self) -> Option<Watcher> {
        self.watcher.take()
    }

    /// From now on a ledger hears everything too, or none does.
    pub fn lend(&mut self, ledger: Option<Ledger>) {
        self.lent = ledger;
    }

    /// What a console shows.
    pub fn live(&self) -> Option<&Live> {
        self.live.as_ref()
    }

    /// A verdict on every judged rule, so far.
    pub fn verdicts(&self) -> Vec<Verdict> {
        self.watcher.as_ref().map(Watcher::verdicts).unwrap_or_default()
    }

    /// The recording, if one goes on, which ends with this.
    pub fn end_record(&mut self) -> Option<Record> {
        self.live.as_mut()?.end_record()
    }
}

impl Sink for Ear {
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        if let Some(ledger) = &mut self.lent {
            ledger.event(stamp, event);
        }
        let Some(watcher) = &mut self.watcher else { return };
        watcher.event(stamp, event);
        if let Some(live) = &mut self.live {
            live.event(stamp, &event, watcher.last_end());
        }
    }
}

impl Witness for Ear {
    fn passed(&mut self, stamp: Stamp, passage: Passage<'_>) {
        if let Some(ledger) = &mut self.lent {
            ledger.passed(stamp, passage);
        }
        if let Some(live) = &mut self.live {
            let host = live.name(passage.name).unwrap_or("?").to_owned();
            live.passed(stamp, passage, &host);
        }
    }
}

/// How often it is looked whether anything is to be done that no timer tells.
const TICK: time::Duration = time::Duration::from_millis(20);

/// Runs one replication; none if it was stopped.
///
/// # Errors
/// The twin cannot be opened.
pub(crate) fn replicate(
    composed: &Composed,
    scenario: &Scenario,
    site: &Site,
    replication: u32,
    watcher: Watcher,
    meters: &[Meter],
    progress: &dyn Progress,
) -> Result<Option<Played>, Problems> {
    let mut schedule = composed.schedule().to_vec();
    // Stable: what happens at one moment stays in its order.
    schedule.sort_by_key(|scheduled| scheduled.at);
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Place::whole("threads").problem(format!("cannot be had: {error}")))?;
    let options = Options {
        dir: site.dir.clone(),
        listen: site.listen,
        port: site.port,
        seed: scenario.seed,
        console: None,
        tells: true,
    };
    runtime.block_on(async {
        let ear = Ear::new(watcher, None);
        let Site { elsewhere, beside, .. } = site.clone();
        let network = Network { elsewhere, beside, ..composed.twin(replication) };
        let twin = Twin::open(network, &options, ear).await.map_err(told)?;
        let world = Arc::clone(&twin.world);
        if let Some(usher) = &site.usher {
            world.be_guided(Arc::clone(usher) as _);
            // Lists have numbers of their time, so that a gateway finds them newer than any that it saw before.
            world.meddle(Arc::new(Mischief::default()));
        }
        let read = || meters.iter().map(Meter::read).collect::<Vec<_>>();
        let (before, began) = (read(), world.now());
        let busy = Busy::watch(&world);
        let late = play(composed, scenario, replication, &world, schedule, progress).await;
        let (after, took) = (read(), world.now().since(began));
        let (busiest, no_sockets) = (busy.busiest(), world.no_sockets());
        twin.close(time::Duration::from_secs(1)).await;
        let spent = before.iter().zip(after);
        let spent = spent.map(|(before, after)| Some(after?.saturating_sub((*before)?))).collect();
        let heard = world.look(Ear::take);
        Ok(late.zip(heard).map(|(late, heard)| {
            let sight = heard.finish();
            Played { sight, late, took, spent, busiest, no_sockets }
        }))
    })
}

/// How busy this machine was, second by second.
struct Busy {
    seen: Arc<Mutex<Vec<(Instant, time::Duration)>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Busy {
    fn watch(world: &Arc<World<Ear>>) -> Self {
        let world = Arc::clone(world);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut second = tokio::time::interval(time::Duration::from_secs(1));
            loop {
                second.tick().await;
                let Some(spent) = Meter::Machine.read() else { return };
                let mut seen = kept.lock().unwrap_or_else(PoisonError::into_inner);
                seen.push((world.now(), spent));
            }
        });
        Self { seen, task }
    }

    /// The greatest share of all cores over so many seconds.
    fn busiest(self) -> Option<f64> {
        self.task.abort();
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let share = |window: &[(Instant, time::Duration)]| {
            let [(began, before), .., (ended, after)] = window else { return 0.0 };
            let took = ended.since(*began).as_secs_f64();
            if took > 0.0 {
                after.saturating_sub(*before).as_secs_f64() / (took * cores)
            } else {
                0.0
            }
        };
        seen.windows(BUSY_SECONDS + 1).map(share).reduce(f64::max)
    }
}

/// Over how many seconds it is said how busy the machine was.
pub(crate) const BUSY_SECONDS: usize = 3;

/// Has everybody come and everything happen in its time; gives how late they came, if it came to its end.
async fn play(
    composed: &Composed,
    scenario: &Scenario,
    replication: u32,
    world: &Arc<World<Ear>>,
    schedule: Vec<Scheduled>,
    progress: &dyn Progress,
) -> Option<Vec<Duration>> {
    let window = composed.window();
    let last = window.horizon + scenario.drain;
    let mut crowd = composed.crowd(replication);
    let mut next = crowd.next();
    let mut schedule = schedule.into_iter().peekable();
    let mut cohort: Vec<u32> = Vec::new();
    let mut horizon_reached = false;
    let mut late = Vec::new();
    loop {
        let now = world.now();
        progress.at(replication, (now.as_secs_f64() / window.horizon.as_secs_f64()).min(1.0));
        if progress.stopped() {
            return None;
        }
        while let Some(happening) = schedule.next_if(|scheduled| scheduled.at <= now) {
            befall(world, happening.what);
        }
        if !horizon_reached && now >= window.horizon {
            horizon_reached = true;
            world.mark(Event::HorizonReached);
        }
        while let Some(Arrival { at, number, actor, facts }) = next.take_if(|next| next.at <= now) {
            if window.has(at) {
                cohort.push(number);
            }
            world.come(Visit { number, party: actor, facts });
            late.push(world.now().since(at));
            next = crowd.next();
        }
        if horizon_reached {
            cohort.retain(|number| world.is_here(*number));
            if cohort.is_empty() || now >= last {
                world.mark(Event::RunEnded);
                return Some(late);
            }
        }
        let arrives = next.as_ref().map_or(Instant::NEVER, |next| next.at);
        let wait = arrives.since(world.now()).as_nanos();
        // A timer of the runtime comes in whole milliseconds, and when a busy worker finds time for it.
        async_io::Timer::after(TICK.min(time::Duration::from_nanos(wait))).await;
    }
}

/// Has something befall a twin.
pub(crate) fn befall(world: &Arc<World<Ear>>, what: Happening) {
    match what {
        Happening::Down(host) => world.down(host, true),
        Happening::Up(host) => world.down(host, false),
        Happening::Crash(host) => world.crash(host),
        Happening::Restart(host) => world.restart(host),
        Happening::Pause(host) => world.pause(host, true),
        Happening::Resume(host) => world.pause(host, false),
        Happening::Slow { host, fault, factor } => world.slow(host, fault, factor),
        Happening::Skew(host, nanos) => world.skew(host, nanos),
        Happening::Drift { host, fault, drift } => world.drift(host, fault, drift),
        Happening::CertificateEnds(host, at) => world.certificates_end(host, at),
        Happening::LinkFails { fault, link } => world.link_fails(fault, link),
        Happening::LinkHeals { fault } => world.link_heals(fault),
        Happening::Tell(host, request) => world.operate(host, request),
        Happening::MoveName(name, to) => world.move_name(name, to),
    }
}

/// What is wrong, in everybody's words.
pub(crate) fn told(fault: twin::open::Fault) -> Problems {
    Place::whole(fault.place).problem(fault.reason).into()
}
