//! The world of a twin: who is in it, what is going on in it, and what time it is.
//!
//! Actors, exchanges, flows and the sink of events stand behind one lock, which is held for as long as an actor
//! thinks: microseconds. Whatever takes longer (sockets, signatures, costs) happens outside it ([`crate::station`],
//! [`crate::travel`], [`crate::serve`]). Decides nothing.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time,
};

use actors::party::Party;
use protocol::{
    contract::{Chance, Outbox, TimerId},
    draw::{Draws, Purpose},
    id::{ConnectionId, ExchangeId, HostId, NameId},
    message::Envelope,
    time::{Duration, Instant, Now},
    trace::{Event, FlowRef, Sink, Stamp},
    world::{clock::HostClock, link::ActiveFaults, network::HostSpec},
};
use tokio::{
    runtime::Handle,
    sync::{Notify, Semaphore, oneshot},
};

use crate::{
    guide::Guide,
    meddle::Meddler,
    network::{Entrance, Network},
    pki::Authority,
    recognise::Flows,
    station::Gate,
    texts::Texts,
    tls::Tls,
    visit::Visitor,
    wording::Wording,
};

/// A running twin. Shared by all of its tasks.
pub struct World<S> {
    /// Who is in it.
    pub network: Network,
    /// The texts behind ids.
    pub texts: Arc<Texts>,
    /// How messages look.
    pub wording: Wording,
    /// Keys and certificates.
    pub tls: Tls,
    /// Who issues certificates.
    pub authority: Authority,
    /// Where it listens.
    pub doors: Doors,
    pub(crate) gates: Vec<Gate>,
    pub(crate) timers: Notify,
    pub(crate) costs: Draws,
    pub(crate) delays: Draws,
    /// Who changes answers, if anybody does.
    pub(crate) meddler: RwLock<Option<Arc<dyn Meddler>>>,
    /// Who leads visitors over pages of others, if anybody does.
    pub(crate) guide: RwLock<Option<Arc<dyn Guide>>>,
    /// Names that lead elsewhere than they did at the start.
    pub(crate) moved: RwLock<BTreeMap<NameId, Option<HostId>>>,
    /// Connections that a stranger may hold at once, over all.
    pub(crate) strangers: Arc<Semaphore>,
    pub(crate) pools: crate::travel::Pools,
    /// Whether it is ending: who is not served yet will not be.
    pub(crate) ending: AtomicBool,
    /// Full handshakes with browsers, and between hosts.
    pub(crate) handshakes: [AtomicU64; 2],
    /// Those of them, resumed ones left out, in which a host showed itself that somebody else plays.
    pub(crate) handshakes_of_guests: AtomicU64,
    /// Connections that were not opened because this machine had nothing to open them with.
    pub(crate) no_sockets: AtomicU64,
    started: time::Instant,
    core: Mutex<Core<S>>,
}

/// Where a twin listens: names lead there, by SNI or by Host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Doors {
    /// For TLS.
    pub tls: SocketAddr,
    /// For what has none: OCSP and the systems behind gateways.
    pub plain: SocketAddr,
}

/// What stands behind the lock.
pub(crate) struct Core<S> {
    pub outbox: Outbox,
    pub hosts: Vec<HostState>,
    pub visitors: HashMap<HostId, Visitor>,
    pub exchanges: HashMap<ExchangeId, Exchange>,
    timers: BTreeMap<(HostId, TimerId), (Instant, u64)>,
    pub flows: Flows,
    pub due: BTreeMap<(Instant, u64), (HostId, TimerId)>,
    pub link_faults: ActiveFaults,
    /// How many delays of links were drawn.
    pub delays: u32,
    /// The exchange that a connection of our own carries now.
    pub connections: HashMap<Ends, Carried>,
    sequence: u64,
    next_connection: u32,
    last: Instant,
    sink: S,
}

/// Both ends of a connection. From one port connections may lead to several others at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Ends {
    /// That opened it.
    pub from: SocketAddr,
    /// That was sought.
    pub to: SocketAddr,
}

/// What a connection of our own carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carried {
    pub connection: ConnectionId,
    pub exchange: Option<ExchangeId>,
}

/// A host, beside its station's gate.
pub(crate) struct HostState {
    pub party: Party,
    /// How often it crashed.
    pub incarnation: u32,
    pub clock: HostClock,
    /// How many faults keep it from taking connections.
    pub faults: u32,
    /// Services that begin now cost so many times as much, by the number of each fault.
    pub slow: Vec<(usize, f64)>,
    /// How much too fast its clocks run, by the number of each fault.
    pub drifts: Vec<(usize, f64)>,
    /// Timers that came while its services were frozen.
    pub missed: Vec<TimerId>,
    /// How many costs were drawn.
    pub drawn: u32,
}

impl HostState {
    /// Whether it takes connections.
    pub const fn is_up(&self) -> bool {
        self.faults == 0
    }
}

/// An exchange in progress.
pub(crate) struct Exchange {
    /// The request.
    pub request: Envelope,
    pub asker: Option<HostId>,
    pub answerer: Option<HostId>,
    pub flow: Option<FlowRef>,
    /// When the request left.
    pub sent: Instant,
    /// When it arrived.
    pub arrived: Instant,
    /// Who waits for the answer at the end that is asked.
    pub reply: Option<oneshot::Sender<Answer>>,
    /// Whether the asker still waits.
    pub is_awaited: bool,
}

/// What an actor answers.
pub(crate) struct Answer {
    /// As bytes; none for what never leaves its host.
    pub bytes: Option<http::Response<Vec<u8>>>,
    /// The answer.
    pub envelope: Envelope,
    /// The rule that it names, for a refusal.
    pub refusal: Option<protocol::rule::Rule>,
    /// Whether it never leaves, by a meddler's doing.
    pub is_withheld: bool,
}

/// All that a world is made of.
pub struct Making<S> {
    /// Who is in it.
    pub network: Network,
    /// The texts behind ids.
    pub texts: Arc<Texts>,
    /// How messages look.
    pub wording: Wording,
    /// Keys and certificates.
    pub tls: Tls,
    /// Who issues certificates.
    pub authority: Authority,
    /// Where it listens.
    pub doors: Doors,
    /// Key of the draws of costs.
    pub seed: u64,
    /// When its time began.
    pub started: time::Instant,
    /// Who reads its events.
    pub sink: S,
}

/// Longer than a request lies unread.
const UNREAD: time::Duration = time::Duration::from_secs(60);

/// How many connections strangers may have at once.
const STRANGERS: usize = 4_096;

/// The operating system's random numbers. Without them nothing can be secret, and there is no way on.
pub(crate) fn secret() -> u128 {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has random numbers");
    u128::from_ne_bytes(bytes)
}

impl<S: Witness> World<S> {
    /// A world whose time begins now. Nothing moves before it is [started](Self::begin).
    pub fn new(making: Making<S>) -> Arc<Self> {
        let Making { network, texts, wording, tls, authority, doors, seed, started, sink } = making;
        let state = |host: &crate::network::Host| HostState {
            party: Party::begin(&host.blueprint, &network.lists),
            incarnation: 0,
            clock: HostClock::default(),
            faults: 0,
            slow: Vec::new(),
            drifts: Vec::new(),
            missed: Vec::new(),
            drawn: 0,
        };
        let core = Core {
            outbox: Outbox::new(Chance::Outside(secret)),
            hosts: network.hosts.iter().map(state).collect(),
            visitors: HashMap::new(),
            exchanges: HashMap::new(),
            timers: BTreeMap::new(),
            flows: Flows::default(),
            due: BTreeMap::new(),
            link_faults: ActiveFaults::default(),
            delays: 0,
            connections: HashMap::new(),
            sequence: 0,
            next_connection: 0,
            last: Instant::START,
            sink,
        };
        let gate = |host: &HostSpec| Gate::new(host.workers, host.queue);
        Arc::new(Self {
            gates: network.told.hosts.iter().map(gate).collect(),
            timers: Notify::new(),
            costs: Draws::new(seed, 0, Purpose::Service),
            delays: Draws::new(seed, 0, Purpose::Link),
            meddler: RwLock::default(),
            guide: RwLock::default(),
            moved: RwLock::default(),
            strangers: Arc::new(Semaphore::new(STRANGERS)),
            pools: crate::travel::Pools::default(),
            network,
            texts,
            wording,
            tls,
            authority,
            doors,
            ending: AtomicBool::new(false),
            handshakes: Default::default(),
            handshakes_of_guests: AtomicU64::default(),
            no_sockets: AtomicU64::default(),
            started,
            core: Mutex::new(core),
        })
    }

    /// What stands behind the lock. An actor never panics; if one did, the others go on.
    pub(crate) fn core(&self) -> MutexGuard<'_, Core<S>> {
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        // Events are told in the order of the lock, and time stands still at worst.
        core.last = core.last.max(self.now());
        core
    }

    /// How long this world has been going on.
    pub fn now(&self) -> Instant {
        let nanos = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Instant::from_nanos(nanos)
    }

    /// When that moment is, for timers of the runtime.
    pub(crate) fn wake_at(&self, at: Instant) -> tokio::time::Instant {
        // A year is longer than any wait, and short enough for every clock.
        let wait = at.since(Instant::START).as_nanos().min(31_536_000_000_000_000);
        tokio::time::Instant::from_std(self.started + time::Duration::from_nanos(wait))
    }

    /// Where a name leads now, if anywhere.
    pub(crate) fn entrance(&self, name: NameId) -> Option<Entrance> {
        let entrance = self.network.entrance(name);
        let moved = self.moved.read().unwrap_or_else(PoisonError::into_inner);
        match moved.get(&name) {
            Some(to) => Some(Entrance { host: (*to)?, ..entrance? }),
            None => entrance,
        }
    }

    /// Tells the sink what is of the run as a whole.
    pub fn mark(&self, event: Event<'_>) {
        self.core().emit(None, event);
    }

    /// Whether somebody waits for an answer.
    pub(crate) fn is_busy(&self) -> bool {
        let waits = |exchange: &Exchange| exchange.is_awaited || exchange.reply.is_some();
        self.core().exchanges.values().any(waits)
    }

    /// Has something done when nobody can be at it any more: a request that was given up may lie unread for a while.
    pub(crate) fn later(self: &Arc<Self>, act: impl FnOnce(&mut Core<S>) + Send + 'static) {
        // Without a runtime the world is ending, and nothing of it matters.
        if let Ok(runtime) = Handle::try_current() {
            let world = Arc::clone(self);
            runtime.spawn(async move {
                tokio::time::sleep(UNREAD).await;
                act(&mut world.core());
            });
        }
    }

    /// How many full handshakes there were: with browsers, and between hosts.
    pub fn handshakes(&self) -> [u64; 2] {
        self.handshakes.each_ref().map(|count| count.load(Ordering::Relaxed))
    }

    /// Connections that were not opened because this machine had no socket or port left.
    pub fn no_sockets(&self) -> u64 {
        self.no_sockets.load(Ordering::Relaxed)
    }

    /// How many handshakes there were in which certificates were shown, by hosts that somebody else plays.
    pub fn handshakes_of_guests(&self) -> u64 {
        self.handshakes_of_guests.load(Ordering::Relaxed)
    }

    /// Accounts of people who can log in at DigiD.
    pub fn accounts(&self) -> Vec<String> {
        self.wording.persons().iter().map(|person| person.account.0.to_string()).collect()
    }

    /// Reads what the sink has seen so far.
    pub fn look<T>(&self, look: impl FnOnce(&mut S) -> T) -> T {
        look(&mut self.core().sink)
    }
}

/// Whoever watches a twin: events as in every world, and what passes as bytes.
pub trait Witness: Sink + Send + 'static {
    /// A request or an answer passes. Of an exchange between two hosts of the twin each passes once.
    fn passed(&mut self, _: Stamp, _: Passage<'_>) {}
}

/// What passes.
#[derive(Clone, Copy, Debug)]
pub struct Passage<'a> {
    /// The exchange; none for what no actor was asked, because it could not be understood.
    pub exchange: Option<ExchangeId>,
    /// The name that was asked.
    pub name: NameId,
    /// The bytes.
    pub whole: Whole<'a>,
}

/// A whole message of HTTP.
#[derive(Clone, Copy, Debug)]
pub enum Whole<'a> {
    /// A request.
    Request(&'a http::Request<Vec<u8>>),
    /// Its answer.
    Response(&'a http::Response<Vec<u8>>),
}

impl<S: Witness> Core<S> {
    /// Tells the witness of bytes.
    pub fn pass(&mut self, flow: Option<FlowRef>, passage: Passage<'_>) {
        self.sink.passed(Stamp { at: self.last, flow }, passage);
    }
}

impl<S: Sink> Core<S> {
    /// What time it is.
    pub fn now(&self) -> Instant {
        self.last
    }

    /// What the clocks of a host say.
    pub fn clock(&self, host: HostId) -> Now {
        match host.is_visitor() {
            true => Now::exact(self.last),
            false => self.hosts[host.place()].clock.now(self.last),
        }
    }

    /// Tells the sink.
    pub fn emit(&mut self, flow: Option<FlowRef>, event: Event<'_>) {
        self.sink.event(Stamp { at: self.last, flow }, event);
    }

    /// The number of a new connection.
    pub fn open_connection(&mut self) -> ConnectionId {
        self.next_connection = self.next_connection.wrapping_add(1);
        ConnectionId(self.next_connection)
    }

    /// Arms a timer of a host, or moves it; says whether it is now the first of all.
    ///
    /// It comes when the host's clock says `due`; one of the runtime that is early for it is armed again.
    pub fn arm(&mut self, host: HostId, timer: TimerId, due: Instant) -> bool {
        self.disarm(host, timer);
        let at = match host.is_visitor() {
            true => due,
            false => self.hosts[host.place()].clock.when(due, self.last),
        };
        self.sequence += 1;
        let key = (at, self.sequence);
        self.due.insert(key, (host, timer));
        self.timers.insert((host, timer), key);
        self.due.first_key_value().is_some_and(|(first, _)| *first == key)
    }

    /// Disarms a timer of a host.
    pub fn disarm(&mut self, host: HostId, timer: TimerId) {
        if let Some(key) = self.timers.remove(&(host, timer)) {
            self.due.remove(&key);
        }
    }

    /// The timers of a host that are armed, and when each is due.
    pub fn armed(&self, host: HostId) -> Vec<(TimerId, Instant)> {
        let all = (host, TimerId::HumanDone)..=(host, TimerId::Toy);
        self.timers.range(all).map(|((_, timer), (at, _))| (*timer, *at)).collect()
    }

    /// Disarms every timer of a host.
    pub fn disarm_all(&mut self, host: HostId) {
        for (timer, _) in self.armed(host) {
            self.disarm(host, timer);
        }
    }

    /// The first timer that is due, which it is no longer then.
    pub fn take_due(&mut self) -> Option<(HostId, TimerId)> {
        let now = self.last;
        let first = self.due.first_entry().filter(|first| first.key().0 <= now)?;
        let due = first.remove();
        self.timers.remove(&due);
        Some(due)
    }

    /// The asker or the answerer of an exchange is done with it; when both are, its number is free again.
    pub fn settle(&mut self, id: ExchangeId) {
        let Some(exchange) = self.exchanges.get(&id) else { return };
        if !exchange.is_awaited && exchange.reply.is_none() {
            self.exchanges.remove(&id);
            self.outbox.exchanges().release(id);
        }
    }
}

/// A length of time, as the standard library has it.
pub(crate) const fn length(of: Duration) -> time::Duration {
    time::Duration::from_nanos(of.as_nanos())
}
