//! Requests on their way in: connections are taken, whoever opened them is judged where that must be, requests are
//! read and handed to the actor behind the name, and its answers go back.
//!
//! Whatever comes is bounded in time and size; what cannot be understood is answered with a refusal that says why,
//! and all others go on. Does not ask (`travel`).

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use protocol::{
    id::{ConnectionId, Cookie, ExchangeId, HostId, NameId},
    message::{Authorize, Browse, Envelope, Message, Page, Peer, Request, Response, Side},
    trace::{Event, FlowFacts, FlowKind, FlowRef},
    world::network::Door,
};
use rustls::HandshakeKind;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tokio_rustls::LazyConfigAcceptor;

use crate::{
    network::Entrance,
    recognise::visitor,
    station::{Handshake, Job},
    travel::Opening,
    wording::Beheld,
    world::{Answer, Core, Ends, Exchange, Passage, Whole, Witness, World, length},
};

/// The largest request that is read, in bytes.
const LARGEST: usize = 1 << 20;

/// How much of a request's head is read, in bytes.
const HEAD: usize = 32 << 10;

/// How long a client may take for the head of a request, and for its body; and how long it may be silent, beside the time
/// for which connections are kept.
const SLOWEST: time::Duration = time::Duration::from_secs(20);

/// A connection, from the end that was sought.
#[derive(Clone, Copy)]
struct Line {
    entrance: Entrance,
    name: NameId,
    connection: ConnectionId,
    way: Way,
    /// What the other end showed.
    subject: Option<NameId>,
    /// The handshake, whose work is done with the first request.
    handshake: Option<Handshake>,
}

/// How a request comes.
#[derive(Clone, Copy)]
enum Way {
    /// Over a connection.
    Socket(Ends),
    /// From an asker of our own who needs none, as this exchange.
    Beside(ExchangeId),
}

impl Way {
    /// The exchange, if it is of an asker of our own.
    fn own<S>(self, core: &Core<S>) -> Option<Option<ExchangeId>> {
        match self {
            Self::Socket(ends) => core.connections.get(&ends).map(|carried| carried.exchange),
            Self::Beside(exchange) => Some(Some(exchange)),
        }
    }
}

/// A request that was taken.
struct Taken {
    exchange: ExchangeId,
    flow: Option<FlowRef>,
    answer: oneshot::Receiver<Answer>,
}

impl<S: Witness> World<S> {
    /// Takes connections for names with TLS, for as long as the twin runs.
    pub(crate) async fn listen_tls(self: Arc<Self>, listener: TcpListener) {
        self.listen(listener, |world, stream, ends| async move {
            // Whoever does not get that far has nothing to be told.
            let _ = tokio::time::timeout(SLOWEST, world.welcome(stream, ends)).await;
        })
        .await;
    }

    /// Takes connections for names without TLS.
    pub(crate) async fn listen_plain(self: Arc<Self>, listener: TcpListener) {
        self.listen(listener, |world, stream, ends| async move {
            world.serve(TokioIo::new(stream), ends, None).await;
        })
        .await;
    }

    async fn listen<F, T>(self: Arc<Self>, listener: TcpListener, take: F)
    where
        F: Fn(Arc<Self>, TcpStream, Ends) -> T + Copy + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        loop {
            let Ok(place) = Arc::clone(&self.strangers).acquire_owned().await else { return };
            let (stream, from) = match listener.accept().await {
                Ok(taken) => taken,
                Err(_) => {
                    // No file descriptor is free: some connection will end.
                    tokio::time::sleep(time::Duration::from_millis(20)).await;
                    continue;
                }
            };
            // A failure to do so costs time and nothing else.
            let _ = stream.set_nodelay(true);
            let Ok(to) = stream.local_addr() else { continue };
            let world = Arc::clone(&self);
            tokio::spawn(async move {
                take(world, stream, Ends { from, to }).await;
                drop(place);
            });
        }
    }

    /// The handshake: by the name that is sought it is known what is shown and what is demanded.
    async fn welcome(self: Arc<Self>, stream: TcpStream, ends: Ends) {
        let acceptor = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream);
        let Ok(start) = acceptor.await else { return };
        let sought = start.client_hello().server_name().map(str::to_owned);
        let name = sought.and_then(|text| self.texts.with(|names| names.find_host(&text)));
        let found = name.and_then(|name| Some((name, self.entrance(name)?)));
        let Some((name, entrance)) = found else { return };
        if self.network.elsewhere.contains_key(&entrance.host)
            || !self.core().hosts[entrance.host.place()].is_up()
        {
            return;
        }
        let began = self.now();
        let Ok(mut stream) = start.into_stream(self.tls.server(entrance)).await else { return };
        let handshake = Handshake(self.now().since(began));
        self.handshakes[usize::from(entrance.is_mutual())].fetch_add(1, Ordering::Relaxed);
        let (connection, flow) = self.carried(ends);
        let mut subject = None;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        if let Door::Mutual { answerer_decides, .. } = entrance.door
            && !(entrance.for_browsers && chain.is_empty())
        {
            let Some(seen) = self.tls.look(chain) else { return };
            subject = seen.names.first().map(|text| {
                use wire::places::Places as _;
                self.texts.host(text)
            });
            let peer = subject
                .and_then(|name| Some(self.entrance(name)?.host))
                .unwrap_or(HostId::visitor(HostId::visitor(0).0 - 1));
            let is_full = stream.get_ref().1.handshake_kind() != Some(HandshakeKind::Resumed);
            if is_full && self.network.elsewhere.contains_key(&peer) {
                self.handshakes_of_guests.fetch_add(1, Ordering::Relaxed);
            }
            let side = Side::Answerer;
            let opening =
                Opening { connection, side, peer, name: None, staple: None, flow, handshake };
            if answerer_decides && !self.hello(entrance.host, &seen, opening).await {
                // It goes without a word of HTTP, but says that it goes.
                let _ = stream.shutdown().await;
                return;
            }
        }
        let is_done = matches!(entrance.door, Door::Mutual { answerer_decides: true, .. });
        let handshake = (!is_done).then_some(handshake);
        let way = Way::Socket(ends);
        let line = Line { entrance, name, connection, way, subject, handshake };
        // From here on it may take its time: requests have limits of their own.
        tokio::spawn(async move { self.serve(TokioIo::new(stream), ends, Some(line)).await });
    }

    /// The number of a connection and the flow on it, if it is one of our own.
    fn carried(&self, ends: Ends) -> (ConnectionId, Option<FlowRef>) {
        let mut core = self.core();
        let carried = core.connections.get(&ends).copied();
        let flow = carried
            .and_then(|carried| core.exchanges.get(&carried.exchange?))
            .and_then(|exchange| exchange.flow);
        match carried {
            Some(carried) => (carried.connection, flow),
            None => (core.open_connection(), None),
        }
    }

    async fn serve<T>(self: Arc<Self>, io: TokioIo<T>, ends: Ends, line: Option<Line>)
    where
        T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let is_kept = match line {
            // A browser asks for several things, one after another.
            Some(line) if line.entrance.door == Door::Front => true,
            _ => !self.network.told.tls.keep_alive.is_zero(),
        };
        // Who asks lets go of a connection first, lest a request meet its end.
        let silent = SLOWEST + length(self.network.told.tls.keep_alive);
        let world = Arc::clone(&self);
        let first = AtomicBool::new(true);
        let service = service_fn(move |request: http::Request<Incoming>| {
            let world = Arc::clone(&world);
            let is_first = first.swap(false, Ordering::Relaxed);
            let line =
                line.map(|line| Line { handshake: line.handshake.filter(|_| is_first), ..line });
            async move { Ok::<_, Infallible>(world.request(request, ends, line).await) }
        });
        // Why it ended does not matter: what was on it is dropped.
        let _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(silent)
            .keep_alive(is_kept)
            .max_buf_size(HEAD)
            .serve_connection(io, service)
            .await;
    }

    /// One request, and its answer.
    async fn request(
        self: Arc<Self>,
        request: http::Request<Incoming>,
        ends: Ends,
        line: Option<Line>,
    ) -> http::Response<Full<Bytes>> {
        let Some(line) = line.or_else(|| self.plain_line(&request, ends)) else {
            return refused(421, "No host of this network has that name here.");
        };
        let (parts, body) = request.into_parts();
        // What is said to be too much need not be waited for.
        if hyper::body::Body::size_hint(&body).lower() > LARGEST as u64 {
            return refused(413, "That is more than is read here.");
        }
        let body = tokio::time::timeout(SLOWEST, Limited::new(body, LARGEST).collect()).await;
        let body = match body {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return refused(413, "That is more than is read here."),
            Err(_) => return refused(408, "That took too long."),
        };
        let request = http::Request::from_parts(parts, Vec::from(body));
        self.hear(line, &request).await.map(|body| Full::new(Bytes::from(body)))
    }

    /// A request of one host or person of this network to another, who need no connection.
    pub(crate) async fn hear_beside(
        self: Arc<Self>,
        (entrance, name): (Entrance, NameId),
        (connection, exchange): (ConnectionId, ExchangeId),
        request: &http::Request<Vec<u8>>,
    ) -> http::Response<Vec<u8>> {
        let way = Way::Beside(exchange);
        let line = Line { entrance, name, connection, way, subject: None, handshake: None };
        self.hear(line, request).await
    }

    async fn hear(
        self: Arc<Self>,
        line: Line,
        request: &http::Request<Vec<u8>>,
    ) -> http::Response<Vec<u8>> {
        let (decoded, cookie) = match self.wording.read_request(line.name, request) {
            Ok(decoded) => decoded,
            Err(refusal) => {
                self.passed(line, None, None, Whole::Request(request));
                self.passed(line, None, None, Whole::Response(&refusal));
                return *refusal;
            }
        };
        let Some(Taken { exchange, flow, answer }) = self.take(line, decoded, cookie) else {
            let asked = Response::Unavailable;
            let bytes =
                self.wording.write_response(line.name, &decoded, &asked, &Beheld::default());
            return bytes.unwrap_or_else(|| refusal(503, "Too busy."));
        };
        self.passed(line, flow, Some(exchange), Whole::Request(request));
        let waits = Waits { world: Arc::clone(&self), exchange };
        let limit =
            length(self.network.told.limits.front).max(length(self.network.told.limits.back)) * 2;
        let answer = tokio::time::timeout(limit, answer).await;
        drop(waits);
        match answer {
            Ok(Ok(Answer { is_withheld: true, .. })) => {
                tokio::time::sleep(limit).await;
                refusal(504, "No answer came.")
            }
            Ok(Ok(Answer { bytes: Some(bytes), envelope, .. })) => {
                self.passed(line, flow, Some(exchange), Whole::Response(&bytes));
                self.told(line, cookie, flow, &envelope);
                bytes
            }
            // Nobody answers: its host crashed, or had nothing to say.
            _ => refusal(504, "No answer came."),
        }
    }

    /// Tells the witness what a stranger asks and is answered; of our own askers it knows that from them.
    fn passed(
        &self,
        line: Line,
        flow: Option<FlowRef>,
        exchange: Option<ExchangeId>,
        whole: Whole<'_>,
    ) {
        let mut core = self.core();
        if line.way.own(&core).is_none() {
            core.pass(flow, Passage { exchange, name: line.name, whole });
        }
    }

    /// Who is meant on a connection without TLS.
    fn plain_line(&self, request: &http::Request<Incoming>, ends: Ends) -> Option<Line> {
        let host = request.headers().get(http::header::HOST)?.to_str().ok()?;
        let host = host.split(':').next().unwrap_or(host);
        let name = self.texts.with(|names| names.find_host(host))?;
        let entrance = self.entrance(name)?;
        let is_up = self.core().hosts[entrance.host.place()].is_up();
        let is_plain = entrance.is_plain() && !self.network.elsewhere.contains_key(&entrance.host);
        (is_plain && is_up).then(|| {
            let (connection, _) = self.carried(ends);
            let way = Way::Socket(ends);
            Line { entrance, name, connection, way, subject: None, handshake: None }
        })
    }

    /// A request has come: it waits for a worker, or is turned away.
    fn take(
        self: &Arc<Self>,
        line: Line,
        request: Request,
        cookie: Option<Cookie>,
    ) -> Option<Taken> {
        let host = line.entrance.host;
        let (sender, answer) = oneshot::channel();
        let message = Message::Request(request);
        let mut core = self.core();
        let now = core.now();
        let of_our_own = line.way.own(&core).flatten();
        let from = match (line.entrance.door, line.subject) {
            (Door::Mutual { .. }, Some(subject)) => Peer::Node(subject),
            _ => Peer::Browser(cookie),
        };
        let known = of_our_own.filter(|id| {
            core.exchanges.get(id).is_some_and(|exchange| exchange.answerer.is_none())
        });
        let (id, flow, sent, release) = match known {
            Some(id) => {
                let exchange = core.exchanges.get_mut(&id)?;
                exchange.answerer = Some(host);
                (id, exchange.flow, exchange.sent, exchange.request.release)
            }
            None if self.ending.load(Ordering::Relaxed) => return None,
            None => {
                let id = core.outbox.exchanges().next();
                let flow = core.flows.find(host, cookie, &message);
                let flow = self.begins(&mut core, host, &request, flow).or(flow);
                if let Some(flow) = flow {
                    core.flows.learn(flow, host, cookie, &message, now);
                }
                (id, flow, now, self.network.release)
            }
        };
        let (to, connection) = (line.name, line.connection);
        let envelope = Envelope { from, to, exchange: id, connection, release, message };
        if known.is_none() {
            let exchange = Exchange {
                request: envelope.clone(),
                asker: None,
                answerer: Some(host),
                flow,
                sent,
                arrived: now,
                reply: None,
                is_awaited: false,
            };
            core.exchanges.insert(id, exchange);
            // Of strangers it is known who they are where somebody plays a host of the network.
            if let Some(from) = self.guest(line).or(flow.map(visitor)) {
                let asked =
                    Event::Asked { from, to: Some(host), parent: None, envelope: &envelope };
                core.emit(flow, asked);
            }
        }
        let wall = core.clock(host).wall;
        core.emit(flow, Event::Arrived { host, sent, envelope: &envelope, wall });
        let exchange = core.exchanges.get_mut(&id)?;
        exchange.arrived = now;
        exchange.request = envelope.clone();
        if !self.gates[host.place()].has_room() {
            core.emit(flow, Event::TurnedAway { host });
            let message = Message::Response(Response::Unavailable);
            let answer = Envelope { from: Peer::Node(to), message, ..envelope };
            let (envelope, refusal) = (&answer, None);
            core.emit(flow, Event::Answered { from: host, envelope, asked: now, refusal, wall });
            core.settle(id);
            return None;
        }
        exchange.reply = Some(sender);
        drop(core);
        tokio::spawn(Arc::clone(self).work(host, Job::Deliver(envelope, line.handshake), flow));
        Some(Taken { exchange: id, flow, answer })
    }

    /// Who is at the other end, if it is a host that somebody else plays.
    fn guest(&self, line: Line) -> Option<HostId> {
        let host = self.entrance(line.subject?)?.host;
        self.network.elsewhere.contains_key(&host).then_some(host)
    }

    /// The flow that begins with a request, if one does: a person chooses.
    fn begins(
        &self,
        core: &mut Core<S>,
        host: HostId,
        request: &Request,
        known: Option<FlowRef>,
    ) -> Option<FlowRef> {
        let (pgo, zorgaanbieder, dienst) = match *request {
            Request::Browse(Browse::Choose { zorgaanbieder, dienst, .. }) => {
                (host, zorgaanbieder, dienst)
            }
            // At a PGO that somebody else plays nobody sees the choice.
            Request::Browse(Browse::Authorize(Authorize { client, scope, .. })) => {
                let pgo = self.entrance(client)?.host;
                let is_guest = self.network.elsewhere.contains_key(&pgo) && known.is_none();
                (is_guest.then_some(pgo)?, scope.zorgaanbieder, scope.services().next()?)
            }
            _ => return None,
        };
        let addresses = self.network.addresses(zorgaanbieder, dienst)?;
        let za = self.entrance(addresses.authorization.host)?.host;
        let facts = FlowFacts {
            kind: FlowKind::Verzamelen,
            parent: None,
            person: None,
            pgo,
            za,
            zorgaanbieder,
            dienst,
            release: self.network.release,
        };
        let now = core.now();
        let (visitor, flow) = core.flows.begin(now);
        core.emit(Some(flow), Event::FlowBegan { host: visitor, facts: &facts });
        Some(flow)
    }

    /// A browser has its answer.
    fn told(&self, line: Line, cookie: Option<Cookie>, flow: Option<FlowRef>, envelope: &Envelope) {
        let mut core = self.core();
        if line.way.own(&core).is_some() {
            return;
        }
        let (host, now) = (line.entrance.host, core.now());
        if let Some(guest) = self.guest(line) {
            let wall = core.clock(guest).wall;
            core.emit(flow, Event::Arrived { host: guest, sent: now, envelope, wall });
            return;
        }
        // What it was asked tells whose it is better than new values in the answer do.
        let found = || core.flows.find(host, cookie, &envelope.message);
        let Some(flow) = flow.or_else(found) else { return };
        let set = match &envelope.message {
            Message::Response(
                Response::Page { set_cookie, .. } | Response::Redirect { set_cookie, .. },
            ) => *set_cookie,
            _ => None,
        };
        core.flows.learn(flow, host, set.or(cookie), &envelope.message, now);
        let visitor = visitor(flow);
        let wall = core.clock(visitor).wall;
        core.emit(Some(flow), Event::Arrived { host: visitor, sent: now, envelope, wall });
        if let Message::Response(Response::Page { page, .. }) = &envelope.message
            && is_last(page)
        {
            self.over(&mut core, flow);
        }
    }

    /// A flow is over.
    pub(crate) fn over(&self, core: &mut Core<S>, flow: FlowRef) {
        let now = core.now();
        if core.flows.end(flow, now) {
            core.emit(Some(flow), Event::FlowEnded { host: visitor(flow), waiting: false });
            core.emit(None, Event::VisitorLeft { host: visitor(flow) });
        }
    }

    /// Flows of people from whom nothing was heard for long are over.
    pub(crate) async fn forget(self: Arc<Self>) {
        loop {
            tokio::time::sleep(time::Duration::from_secs(60)).await;
            let mut core = self.core();
            for flow in core.flows.silent(self.now()) {
                self.over(&mut core, flow);
            }
        }
    }
}

/// Whether nothing follows after a page.
fn is_last(page: &Page) -> bool {
    match page {
        Page::Collected { .. }
        | Page::Told(_)
        | Page::Unreachable
        | Page::Stopped
        | Page::NotOffered
        | Page::DigidRefuses
        | Page::NoSession
        | Page::RequestInvalid(_) => true,
        Page::Offer { .. }
        | Page::Login { .. }
        | Page::ConsentQuestion { .. }
        | Page::Dossier { .. } => false,
    }
}

/// Somebody waits for an answer; when they no longer do, none is due.
struct Waits<S: Witness> {
    world: Arc<World<S>>,
    exchange: ExchangeId,
}

impl<S: Witness> Drop for Waits<S> {
    fn drop(&mut self) {
        let mut core = self.world.core();
        if let Some(exchange) = core.exchanges.get_mut(&self.exchange) {
            exchange.reply = None;
        }
        core.settle(self.exchange);
    }
}

fn refused(status: u16, why: &'static str) -> http::Response<Full<Bytes>> {
    refusal(status, why).map(|body| Full::new(Bytes::from(body)))
}

fn refusal(status: u16, why: &'static str) -> http::Response<Vec<u8>> {
    let mut response = http::Response::new(Vec::from(why));
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::BAD_REQUEST);
    response
}
