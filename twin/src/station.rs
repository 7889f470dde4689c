//! Stations at work: a job waits for a worker, its actor is called, what that wants is put into bytes, and it leaves
//! when the cost of the work has passed (semantics 2).
//!
//! Does not carry anything anywhere (`travel`, `serve`).

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time,
};

use actors::party::Party;
use protocol::{
    contract::{Action, Actor as _, Ask, Failure, Input, Work},
    id::{ExchangeId, HostId, NameId},
    message::{Envelope, Message, Page, Peer, Request, Response},
    rule::Rule,
    time::{Duration, Instant},
    trace::{Event, FlowRef},
};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot, watch};

use crate::{
    wording::Beheld,
    world::{Answer, Core, Exchange, Witness, World, length},
};

/// Who lets jobs of a host through: as many at once as it has workers, in the order in which they came.
pub(crate) struct Gate {
    workers: Semaphore,
    waiting: AtomicU32,
    queue: u32,
    /// How many faults freeze its services.
    frozen: watch::Sender<u32>,
}

impl Gate {
    pub fn new(workers: u32, queue: u32) -> Self {
        let workers = Semaphore::new(workers as usize);
        Self { workers, waiting: AtomicU32::new(0), queue, frozen: watch::Sender::new(0) }
    }

    /// Whether one more request can wait here.
    pub fn has_room(&self) -> bool {
        self.workers.available_permits() > 0 || self.waiting.load(Ordering::Relaxed) < self.queue
    }

    /// A fault freezes services, or ends; says whether they were frozen before, and whether they are now.
    pub fn freeze(&self, begins: bool) -> (bool, bool) {
        let mut change = (false, false);
        self.frozen.send_modify(|faults| {
            change.0 = *faults > 0;
            *faults = if begins { *faults + 1 } else { faults.saturating_sub(1) };
            change.1 = *faults > 0;
        });
        change
    }

    /// Whether services are frozen.
    pub fn is_frozen(&self) -> bool {
        *self.frozen.borrow() > 0
    }

    /// Lets that much service pass: time in which services are frozen does not count.
    async fn serve(&self, service: time::Duration) {
        let mut frozen = self.frozen.subscribe();
        let mut left = service;
        loop {
            // The sender lives as long as the gate.
            let _ = frozen.wait_for(|faults| *faults == 0).await;
            if left.is_zero() {
                return;
            }
            let began = time::Instant::now();
            tokio::select! {
                _ = async_io::Timer::after(left) => return,
                _ = frozen.wait_for(|faults| *faults > 0) => {}
            }
            left = left.saturating_sub(began.elapsed());
        }
    }

    async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let permit = self.workers.acquire().await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        permit.ok()
    }
}

/// What a worker does for a host.
pub(crate) enum Job {
    /// A request, or the response to an `ask`; with the handshake that was made for it.
    Deliver(Envelope, Option<Handshake>),
    /// An `ask` that ended without a response.
    Failed(ExchangeId, Failure),
    /// Work that a timer brought about.
    Deferred(Outcome),
}

/// A handshake that is the work of a host: how long it took already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handshake(pub Duration);

/// What a call of an actor left to be done.
pub(crate) struct Outcome {
    held: Vec<Held>,
    cost: Duration,
}

/// What leaves when service ends.
enum Held {
    Ask(ExchangeId, Ask),
    Reply(ExchangeId, Response, Option<Rule>),
}

/// The same, in bytes.
enum Outgoing {
    Ask(ExchangeId, NameId, Option<http::Request<Vec<u8>>>),
    Reply(ExchangeId, Answer),
}

type Done = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<S: Witness> World<S> {
    /// Has a worker of that host do a job, from its place in the queue until all has left.
    pub(crate) fn work(self: Arc<Self>, host: HostId, job: Job, flow: Option<FlowRef>) -> Done {
        // Boxed, because what leaves brings about jobs of other hosts.
        Box::pin(async move {
            let (queued, lives) = {
                let mut core = self.core();
                core.emit(flow, Event::Queued { host });
                (core.now(), core.hosts[host.place()].incarnation)
            };
            let gate = &self.gates[host.place()];
            let Some(_worker) = gate.enter().await else { return };
            gate.serve(time::Duration::ZERO).await;
            let mut done = Duration::ZERO;
            let (outcome, incarnation, began) = {
                let mut core = self.core();
                if core.hosts[host.place()].incarnation != lives {
                    // The host crashed while it waited.
                    core.emit(flow, Event::Dropped { host, waiting: 1, in_service: 0 });
                    return;
                }
                core.emit(flow, Event::ServiceBegan { host, queued });
                let outcome = match job {
                    Job::Deliver(envelope, handshake) => {
                        if let Some(Handshake(took)) = handshake {
                            done = took;
                            core.outbox.works_mut().push(Work::TlsHandshake);
                        }
                        self.call(&mut core, host, Input::Deliver(&envelope), flow)
                    }
                    Job::Failed(exchange, failure) => {
                        self.call(&mut core, host, Input::Failed(exchange, failure), flow)
                    }
                    Job::Deferred(outcome) => outcome,
                };
                (outcome, core.hosts[host.place()].incarnation, core.now())
            };
            let Outcome { held, cost } = outcome;
            let outgoing: Vec<Outgoing> =
                held.into_iter().filter_map(|held| self.put_into_bytes(host, held)).collect();
            // What was done already is part of it: the handshake, and just now the encoding.
            gate.serve(length((began + cost.saturating_sub(done)).since(self.now()))).await;
            let mut core = self.core();
            if core.hosts[host.place()].incarnation != incarnation {
                // The host crashed meanwhile: what it had not sent is gone.
                core.emit(flow, Event::Dropped { host, waiting: 0, in_service: 1 });
                return;
            }
            core.emit(flow, Event::ServiceEnded { host, began });
            for outgoing in outgoing {
                self.leave(&mut core, host, outgoing);
            }
        })
    }

    /// A host begins, for the first time or again.
    pub(crate) fn start(self: &Arc<Self>, host: HostId) {
        self.call_outside_jobs(host, Input::Start);
    }

    /// `Start` and timers reach the actor at once; work that they name becomes a job.
    pub(crate) fn call_outside_jobs(self: &Arc<Self>, host: HostId, input: Input<'_>) {
        let outcome = self.call(&mut self.core(), host, input, None);
        if !outcome.held.is_empty() || !outcome.cost.is_zero() {
            tokio::spawn(Arc::clone(self).work(host, Job::Deferred(outcome), None));
        }
    }

    /// Calls an actor. What it wants to send is held.
    fn call(
        &self,
        core: &mut Core<S>,
        host: HostId,
        input: Input<'_>,
        flow: Option<FlowRef>,
    ) -> Outcome {
        let now = core.clock(host);
        let Core { outbox, hosts, .. } = core;
        hosts[host.place()].party.handle(input, now, outbox);
        let actions = std::mem::take(outbox.actions_mut());
        let works = std::mem::take(outbox.works_mut());
        let mut held = Vec::new();
        let mut bytes = 0;
        for action in actions {
            match action {
                Action::Ask(id, ask) => {
                    self.hold(core, host, id, &ask, flow);
                    held.push(Held::Ask(id, ask));
                }
                Action::Reply(id, response, rule) => {
                    let message = Message::Response(response);
                    bytes += message.bytes() - Message::FRAME;
                    if let Message::Response(response) = message {
                        held.push(Held::Reply(id, response, rule));
                    }
                }
                Action::Arm(timer, at) => {
                    if core.arm(host, timer, at) {
                        self.timers.notify_one();
                    }
                }
                Action::Disarm(timer) => core.disarm(host, timer),
                Action::Note(note) => core.emit(flow, Event::Noted { host, note }),
                Action::Staple(answer) => {
                    use wire::places::Places as _;
                    let name = self.texts.host_text(self.network.hosts[host.place()].back);
                    self.tls.staple(&name, self.wording.write_staple(&answer));
                }
                // Only visitors come and go.
                Action::BeginAttempt | Action::EndAttempt | Action::Leave => {}
            }
        }
        let cost = self.cost(core, host, &works, bytes, flow);
        Outcome { held, cost }
    }

    /// The cost of all work that a call named, as the topology has it.
    fn cost(
        &self,
        core: &mut Core<S>,
        host: HostId,
        works: &[Work],
        bytes: u64,
        flow: Option<FlowRef>,
    ) -> Duration {
        let mut total = Duration::ZERO;
        for work in works {
            let state = &mut core.hosts[host.place()];
            state.drawn = state.drawn.wrapping_add(1);
            let words = &mut self.costs.of(host.0.into(), state.drawn);
            let slow: f64 = state.slow.iter().map(|(_, factor)| factor).product();
            let class = self.network.told.hosts[host.place()].costs;
            // A handshake costs what it costs: it is done here.
            let given = self.network.told.costs.of(class, *work);
            let cost = given.map_or(Duration::ZERO, |cost| cost.draw(bytes, words));
            let cost = cost.mul_f64(slow);
            total += cost;
            core.emit(flow, Event::Worked { host, work: *work, cost });
        }
        total
    }

    /// A request begins to be one.
    pub(crate) fn hold(
        &self,
        core: &mut Core<S>,
        host: HostId,
        id: ExchangeId,
        ask: &Ask,
        flow: Option<FlowRef>,
    ) {
        let mutual = self.network.entrance(ask.to).is_some_and(|entrance| entrance.is_mutual());
        let from = match mutual && !host.is_visitor() {
            true => Peer::Node(self.network.hosts[host.place()].back),
            false => Peer::Browser(ask.cookie),
        };
        let request = Envelope {
            from,
            to: ask.to,
            exchange: id,
            connection: protocol::id::ConnectionId(0),
            release: ask.release,
            message: Message::Request(ask.request),
        };
        let now = core.now();
        core.exchanges.insert(
            id,
            Exchange {
                request,
                asker: Some(host),
                answerer: None,
                flow,
                sent: now,
                arrived: now,
                reply: None,
                is_awaited: true,
            },
        );
    }

    /// Encodes what leaves, in the worker's time: signatures and pages are its work.
    fn put_into_bytes(&self, host: HostId, held: Held) -> Option<Outgoing> {
        match held {
            Held::Ask(id, ask) => {
                let bytes = self.wording.write_request(&ask);
                Some(Outgoing::Ask(id, ask.to, bytes))
            }
            Held::Reply(id, mut response, refusal) => {
                let (request, beheld) = {
                    let core = self.core();
                    let exchange = core.exchanges.get(&id)?;
                    let request =
                        (exchange.answerer == Some(host)).then(|| exchange.request.clone())?;
                    let party = &core.hosts[host.place()].party;
                    let beheld = beheld(party, request.from, &response);
                    (request, beheld)
                };
                let Message::Request(asked) = &request.message else { return None };
                let meddler = self.meddler().filter(|_| !matches!(asked, Request::Hello(_)));
                if let Some(meddler) = &meddler {
                    meddler.alter(host, &request, &mut response);
                }
                let mut bytes = match asked {
                    Request::Hello(_) => None,
                    _ => self.wording.write_response(request.to, asked, &response, &beheld),
                };
                if let (Some(meddler), Some(bytes)) = (&meddler, &mut bytes) {
                    meddler.spoil(host, &request, bytes);
                }
                let is_withheld = meddler.is_some_and(|meddler| meddler.withholds(host, &request));
                let from = Peer::Node(request.to);
                let message = Message::Response(response);
                let envelope = Envelope { from, message, ..request };
                Some(Outgoing::Reply(id, Answer { bytes, envelope, refusal, is_withheld }))
            }
        }
    }

    /// What a service left to be sent leaves now.
    fn leave(self: &Arc<Self>, core: &mut Core<S>, host: HostId, outgoing: Outgoing) {
        match outgoing {
            Outgoing::Ask(id, to, bytes) => {
                tokio::spawn(Arc::clone(self).ask(host, id, to, bytes));
            }
            Outgoing::Reply(id, answer) => {
                let (now, wall) = (core.now(), core.clock(host).wall);
                let Some(exchange) = core.exchanges.get_mut(&id) else { return };
                let (flow, asked) = (exchange.flow, exchange.arrived);
                let Some(waiting) = exchange.reply.take() else { return };
                exchange.sent = now;
                let is_local = answer.is_local();
                if !is_local {
                    let Answer { envelope, refusal, .. } = &answer;
                    let refusal = *refusal;
                    core.emit(flow, Event::Answered { from: host, envelope, asked, refusal, wall });
                }
                // Whoever waited may be gone.
                let _ = waiting.send(answer);
                core.settle(id);
            }
        }
    }

    /// Puts a question to a host that comes by no connection: its own driver's, or its operator's.
    pub(crate) fn tell(
        self: &Arc<Self>,
        host: HostId,
        request: Request,
        about: (NameId, protocol::id::ConnectionId, Option<FlowRef>),
        handshake: Option<Handshake>,
    ) -> oneshot::Receiver<Answer> {
        let (to, connection, flow) = about;
        let (sender, receiver) = oneshot::channel();
        let envelope = {
            let mut core = self.core();
            let exchange = core.outbox.exchanges().next();
            let release = self.network.release;
            let message = Message::Request(request);
            let envelope =
                Envelope { from: Peer::Operator, to, exchange, connection, release, message };
            let now = core.now();
            core.exchanges.insert(
                exchange,
                Exchange {
                    request: envelope.clone(),
                    asker: None,
                    answerer: Some(host),
                    flow,
                    sent: now,
                    arrived: now,
                    reply: Some(sender),
                    is_awaited: false,
                },
            );
            let wall = core.clock(host).wall;
            core.emit(flow, Event::Arrived { host, sent: now, envelope: &envelope, wall });
            envelope
        };
        tokio::spawn(Arc::clone(self).work(host, Job::Deliver(envelope, handshake), flow));
        receiver
    }

    /// Has timers come when they are due, for as long as the twin runs.
    pub(crate) async fn keep_time(self: Arc<Self>) {
        loop {
            let next = self.core().due.first_key_value().map(|((at, _), _)| *at);
            let due = match next {
                Some(at) => at <= self.now(),
                None => false,
            };
            if due {
                self.timers_due();
                continue;
            }
            let until = self.wake_at(next.unwrap_or(Instant::NEVER));
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = self.timers.notified() => {}
            }
        }
    }

    fn timers_due(self: &Arc<Self>) {
        loop {
            let due = self.core().take_due();
            match due {
                Some((host, timer)) if host.is_visitor() => self.visitor_timer(host, timer),
                Some((host, timer)) if self.gates[host.place()].is_frozen() => {
                    self.core().hosts[host.place()].missed.push(timer);
                }
                Some((host, timer)) => self.call_outside_jobs(host, Input::Timer(timer)),
                None => return,
            }
        }
    }
}

impl Answer {
    /// Whether it answers its host's own driver.
    fn is_local(&self) -> bool {
        matches!(&self.envelope.message, Message::Response(Response::Admit | Response::Deny))
    }
}

/// What a page shows beside its message, which says no more than a simulated person looks at: of a PGO's first page what
/// is on offer, and of a Dossier what is kept of the session of whoever looks, and whether it is as it came.
fn beheld(party: &Party, from: Peer, response: &Response) -> Beheld {
    let mut beheld = Beheld::default();
    match (from, response) {
        (_, Response::Page { page: Page::Offer { .. }, .. }) => beheld.zal = party.zal().cloned(),
        (Peer::Browser(Some(session)), Response::Page { page: Page::Dossier { .. }, .. }) => {
            let all = party.durable().dossier.newest_first();
            let own = all.filter(|(item, _)| item.session == session);
            beheld.kept = own.map(|(item, is_unchanged)| (item.stored, is_unchanged)).collect();
        }
        _ => {}
    }
    beheld
}
