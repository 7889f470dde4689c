//! Requests on their way out: a connection is taken or opened, the asker's verdict on the other end awaited, and the
//! answer brought back (semantics 1, 3).
//!
//! Every `ask` ends here in a reply or in a failure, within its limit. Does not serve (`serve`).

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use protocol::{
    contract::{Failure, Input},
    id::{ConnectionId, ExchangeId, HostId, NameId, Serial},
    message::{Certificate, Envelope, Hello, Message, OcspAnswer, Peer, Request, Response, Side},
    time::{Duration, Instant},
    trace::{Event, FlowRef},
    world::link::{Segment, Verdict},
};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{
    guide::{Fetch, Later},
    network::Entrance,
    station::{Handshake, Job},
    tls::{Seen, in_run},
    world::{Carried, Core, Ends, Passage, Whole, Witness, World, length},
};

/// How long after a request is sent somebody hangs up who hangs up half-way.
const HALF_WAY: std::time::Duration = std::time::Duration::from_millis(50);

/// The largest answer that is read.
const LARGEST: usize = 256 << 20;

/// Connections that stand idle, by who opened them and which name they lead to.
#[derive(Default)]
pub(crate) struct Pools(Mutex<BTreeMap<(HostId, NameId), Vec<Idle>>>);

struct Idle {
    since: Instant,
    line: Line,
}

/// A connection, from the end that opened it.
struct Line {
    sender: SendRequest<Full<Bytes>>,
    connection: ConnectionId,
    ends: Ends,
    /// Whether an exchange went over it before.
    is_used: bool,
}

impl Pools {
    fn take(&self, key: (HostId, NameId), fresh: impl Fn(Instant) -> bool) -> Option<Line> {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = pools.get_mut(&key)?;
        while let Some(Idle { since, line }) = idle.pop() {
            if fresh(since) && !line.sender.is_closed() {
                return Some(line);
            }
        }
        None
    }

    /// A visitor is gone, and its connections with it.
    pub(crate) fn forget(&self, host: HostId) {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<(HostId, NameId)> = pools
            .range((host, NameId(0))..=(host, NameId(u32::MAX)))
            .map(|(key, _)| *key)
            .collect();
        for key in gone {
            pools.remove(&key);
        }
    }

    fn keep(&self, key: (HostId, NameId), since: Instant, line: Line) {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pools.entry(key).or_default().push(Idle { since, line });
    }
}

/// Whether no connection could be opened because nothing was left to open it with: not the other end's doing.
fn is_of_this_machine(error: &io::Error) -> bool {
    // ENFILE and EMFILE, which have no kind of their own.
    const NO_FILES: [i32; 2] = [23, 24];
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.raw_os_error().is_some_and(|code| NO_FILES.contains(&code))
}

/// What a visitor's browser asks at a gateway, within one exchange of the visitor's.
struct Fetching<'a, S> {
    world: &'a Arc<World<S>>,
    asker: HostId,
    id: ExchangeId,
    to: NameId,
    entrance: Entrance,
}

impl<S: Witness> Fetch for Fetching<'_, S> {
    fn fetch(&self, request: http::Request<Vec<u8>>) -> Later<'_, http::Response<Vec<u8>>> {
        let Self { world, asker, id, to, entrance } = *self;
        Box::pin(world.carry(asker, id, to, entrance, request))
    }
}

impl<S: Witness> World<S> {
    /// Carries a request to whoever has that name, and brings back what comes of it.
    pub(crate) async fn ask(
        self: Arc<Self>,
        asker: HostId,
        id: ExchangeId,
        to: NameId,
        bytes: Option<http::Request<Vec<u8>>>,
    ) {
        let entrance = self.entrance(to);
        let asked = {
            let mut core = self.core();
            let now = core.now();
            let Some(exchange) = core.exchanges.get_mut(&id) else { return };
            exchange.sent = now;
            let (flow, envelope) = (exchange.flow, exchange.request.clone());
            let answerer = entrance.map(|entrance| entrance.host);
            // Which exchange waits for this one is not known here: who asks does not say it on the wire.
            let asked =
                Event::Asked { from: asker, to: answerer, parent: None, envelope: &envelope };
            core.emit(flow, asked);
            self.learns(&mut core, flow, asker, &envelope);
            envelope.message
        };
        let Message::Request(asked) = asked else { return };
        let result = match (entrance, bytes) {
            (Some(entrance), Some(bytes)) => {
                let limit = length(self.network.told.limits.of(entrance.limit(asker)));
                let answer = self.answer_of(asker, id, (to, &asked), entrance, bytes);
                tokio::time::timeout(limit, answer).await.unwrap_or(Err(Failure::TimedOut))
            }
            _ => Err(Failure::Refused),
        };
        match result {
            Ok(response) => self.answered(asker, id, to, response),
            Err(failure) => self.failed(asker, id, entrance, failure),
        }
    }

    /// What comes of a request: by one exchange, or by all that a guide has the browser make.
    async fn answer_of(
        self: &Arc<Self>,
        asker: HostId,
        id: ExchangeId,
        (to, asked): (NameId, &Request),
        entrance: Entrance,
        bytes: http::Request<Vec<u8>>,
    ) -> Result<Response, Failure> {
        match self.guide(asker, entrance) {
            Some(guide) => {
                let fetch = Fetching { world: self, asker, id, to, entrance };
                self.led(&*guide, asker, (to, asked), bytes, &fetch).await
            }
            None => {
                let answer = self.carry(asker, id, to, entrance, bytes).await?;
                Ok(self.wording.read_response(to, asked, &answer))
            }
        }
    }

    fn answered(self: &Arc<Self>, asker: HostId, id: ExchangeId, to: NameId, response: Response) {
        let request = self.core().exchanges.get(&id).map(|exchange| exchange.request.clone());
        let Some(request) = request else { return };
        let (envelope, flow) = {
            let mut core = self.core();
            let Some(exchange) = core.exchanges.get_mut(&id) else { return };
            exchange.is_awaited = false;
            let (flow, sent) = (exchange.flow, exchange.sent);
            let connection = exchange.request.connection;
            let (asked, guest) = (exchange.arrived, exchange.answerer);
            let guest = guest.filter(|guest| self.network.elsewhere.contains_key(guest));
            let (from, message) = (Peer::Node(to), Message::Response(response));
            let envelope = Envelope { from, message, connection, ..request };
            if let Some(from) = guest {
                let wall = core.clock(from).wall;
                let (envelope, refusal) = (&envelope, None);
                core.emit(flow, Event::Answered { from, envelope, asked, refusal, wall });
            }
            let wall = core.clock(asker).wall;
            core.emit(flow, Event::Arrived { host: asker, sent, envelope: &envelope, wall });
            self.learns(&mut core, flow, asker, &envelope);
            core.settle(id);
            (envelope, flow)
        };
        match asker.is_visitor() {
            true => self.call_visitor(&mut self.core(), asker, Input::Deliver(&envelope)),
            false => {
                drop(tokio::spawn(Arc::clone(self).work(asker, Job::Deliver(envelope, None), flow)))
            }
        }
    }

    /// Where somebody else plays a host, what that asks is known again by the values that it was told.
    fn learns(&self, core: &mut Core<S>, flow: Option<FlowRef>, host: HostId, envelope: &Envelope) {
        if let Some(flow) = flow.filter(|_| !self.network.elsewhere.is_empty()) {
            let now = core.now();
            core.flows.learn(flow, host, None, &envelope.message, now);
        }
    }

    /// A request reaches a host that somebody else plays: what can be seen of that is that it was sent.
    fn reaches_guest(&self, guest: HostId, id: ExchangeId) {
        let mut core = self.core();
        let now = core.now();
        let Some(exchange) = core.exchanges.get_mut(&id) else { return };
        // What else a browser asks there on one way is part of it.
        if exchange.answerer.replace(guest).is_some() {
            return;
        }
        exchange.arrived = now;
        let (flow, sent, envelope) = (exchange.flow, exchange.sent, exchange.request.clone());
        let wall = core.clock(guest).wall;
        core.emit(flow, Event::Arrived { host: guest, sent, envelope: &envelope, wall });
    }

    fn failed(
        self: &Arc<Self>,
        asker: HostId,
        id: ExchangeId,
        entrance: Option<Entrance>,
        failure: Failure,
    ) {
        let flow = {
            let mut core = self.core();
            let Some(exchange) = core.exchanges.get_mut(&id) else { return };
            exchange.is_awaited = false;
            let (flow, kind) = (exchange.flow, exchange.request.message.kind());
            let peer = entrance.map(|entrance| entrance.host);
            core.emit(flow, Event::Failed { host: asker, peer, exchange: id, kind, failure });
            flow
        };
        // It may have been sent, and be read and answered yet.
        self.later(move |core| core.settle(id));
        match asker.is_visitor() {
            true => self.call_visitor(&mut self.core(), asker, Input::Failed(id, failure)),
            false => {
                drop(tokio::spawn(Arc::clone(self).work(asker, Job::Failed(id, failure), flow)))
            }
        }
    }

    async fn carry(
        self: &Arc<Self>,
        asker: HostId,
        id: ExchangeId,
        to: NameId,
        entrance: Entrance,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Failure> {
        let is_ours = !self.network.elsewhere.contains_key(&entrance.host);
        if self.network.beside && is_ours && !entrance.is_mutual() {
            return self.carry_beside((asker, id), (entrance, to), request).await;
        }
        let keep_alive = self.network.told.tls.keep_alive;
        let (now, key) = (self.now(), (asker, to));
        let standing = self.pools.take(key, |since| now.since(since) < keep_alive);
        let mut line = match standing {
            Some(line) => line,
            None => self.open(asker, id, to, entrance).await?,
        };
        self.goes_by(id, &line);
        let passes = |whole: Whole<'_>| {
            let mut core = self.core();
            let flow = core.exchanges.get(&id).and_then(|exchange| exchange.flow);
            core.pass(flow, Passage { exchange: Some(id), name: to, whole });
        };
        passes(Whole::Request(&request));
        self.pass((asker, entrance.host), Segment::Data, request.body().len()).await;
        if !is_ours {
            self.reaches_guest(entrance.host, id);
        }
        let (parts, body) = request.into_parts();
        let request = http::Request::from_parts(parts, Full::new(Bytes::from(body)));
        if !is_ours && self.is_cut((entrance.host, asker)) {
            // Its answer would not come. Whoever plays that host is to see it, too: the asker hangs up half-way.
            let _ = tokio::time::timeout(HALF_WAY, line.sender.send_request(request)).await;
            drop(line);
            return std::future::pending().await;
        }
        let gone = |is_used: bool| match is_used || !entrance.is_mutual() {
            true => Failure::Reset,
            false => Failure::ClosedByPeer,
        };
        let response = match line.sender.try_send_request(request).await {
            Ok(response) => response,
            Err(mut error) => match error.take_message() {
                // The connection ended while nothing was on it: not a byte of this was sent.
                Some(unsent) if line.is_used => {
                    line = self.open(asker, id, to, entrance).await?;
                    self.goes_by(id, &line);
                    line.sender.send_request(unsent).await.map_err(|_| gone(false))?
                }
                _ => return Err(gone(line.is_used)),
            },
        };
        let (parts, body) = response.into_parts();
        let body =
            Limited::new(body, LARGEST).collect().await.map_err(|_| Failure::Reset)?.to_bytes();
        self.pass((entrance.host, asker), Segment::Data, body.len()).await;
        if !keep_alive.is_zero() {
            line.is_used = true;
            self.pools.keep(key, self.now(), line);
        }
        let response = http::Response::from_parts(parts, body.into());
        passes(Whole::Response(&response));
        Ok(response)
    }

    /// From one host or person of this network to another without a socket; links take their time all the same.
    async fn carry_beside(
        self: &Arc<Self>,
        (asker, id): (HostId, ExchangeId),
        (entrance, to): (Entrance, NameId),
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Failure> {
        let host = entrance.host;
        let connection = {
            let mut core = self.core();
            if !core.hosts[host.place()].is_up() {
                return Err(Failure::Refused);
            }
            let (now, connection) = (core.now(), core.open_connection());
            if let Some(exchange) = core.exchanges.get_mut(&id) {
                (exchange.request.connection, exchange.sent) = (connection, now);
            }
            connection
        };
        self.pass((asker, host), Segment::Data, request.body().len()).await;
        let heard = Arc::clone(self).hear_beside((entrance, to), (connection, id), &request);
        let response = heard.await;
        self.pass((host, asker), Segment::Data, response.body().len()).await;
        Ok(response)
    }

    /// A request is about to be sent over a connection.
    fn goes_by(&self, id: ExchangeId, line: &Line) {
        let mut core = self.core();
        let now = core.now();
        if let Some(carried) = core.connections.get_mut(&line.ends) {
            carried.exchange = Some(id);
        }
        if let Some(exchange) = core.exchanges.get_mut(&id) {
            exchange.request.connection = line.connection;
            exchange.sent = now;
        }
    }

    /// Opens a connection, and has the asker judge who is at the other end where it must.
    async fn open(
        self: &Arc<Self>,
        asker: HostId,
        id: ExchangeId,
        to: NameId,
        entrance: Entrance,
    ) -> Result<Line, Failure> {
        let is_up = self.core().hosts[entrance.host.place()].is_up();
        if !is_up {
            return Err(Failure::Refused);
        }
        let is_plain = entrance.is_plain();
        let ours = if is_plain { self.doors.plain } else { self.doors.tls };
        let elsewhere = self.network.elsewhere.get(&entrance.host).copied();
        let address = elsewhere.unwrap_or(ours);
        let connect = length(self.network.told.limits.connect);
        let trips = async {
            for trip in 0..self.network.told.tls.round_trips(entrance.door, false) {
                let segment = if trip == 0 { Segment::Opening } else { Segment::Data };
                self.pass((asker, entrance.host), segment, 0).await;
                // Who plays a host elsewhere answers over a network of its own.
                if elsewhere.is_none() {
                    self.pass((entrance.host, asker), segment, 0).await;
                }
            }
            TcpStream::connect(address).await
        };
        let stream = tokio::time::timeout(connect, trips)
            .await
            .map_err(|_| Failure::TimedOut)?
            .map_err(|error| {
                if is_of_this_machine(&error) {
                    self.no_sockets.fetch_add(1, Ordering::Relaxed);
                }
                Failure::Refused
            })?;
        // A failure to do so costs time and nothing else.
        let _ = stream.set_nodelay(true);
        let ends = stream.local_addr().and_then(|from| Ok(Ends { from, to: stream.peer_addr()? }));
        let ends = ends.map_err(|_| Failure::Refused)?;
        let connection = {
            let mut core = self.core();
            let connection = core.open_connection();
            let carried = Carried { connection, exchange: Some(id) };
            core.connections.insert(ends, carried);
            connection
        };
        let opened = Opened { world: Arc::clone(self), connection, ends };
        let sender = match is_plain {
            true => self.talk(TokioIo::new(stream), opened).await?,
            false => {
                let text = self.texts.with(|names| names.host_text(to).to_owned());
                let name = ServerName::try_from(text).map_err(|_| Failure::Refused)?;
                let shows = (!asker.is_visitor())
                    .then(|| self.network.hosts[asker.place()].back)
                    .map(|back| self.texts.with(|names| names.host_text(back).to_owned()));
                let (config, server) =
                    self.tls.client(shows.as_deref()).map_err(|_| Failure::TlsAlert)?;
                let began = self.now();
                let connector = TlsConnector::from(Arc::new(config));
                let stream = tokio::time::timeout(connect, connector.connect(name, stream))
                    .await
                    .map_err(|_| Failure::TimedOut)?
                    .map_err(|_| Failure::ClosedByPeer)?;
                let decides = entrance.is_mutual() && !asker.is_visitor();
                if decides {
                    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
                    let seen = self.tls.look(chain).ok_or(Failure::TlsAlert)?;
                    let serial = Serial(seen.serial.unwrap_or(u32::MAX));
                    let staple = server
                        .staple()
                        .and_then(|staple| self.wording.read_staple(serial, &staple).ok());
                    let flow = self.core().exchanges.get(&id).and_then(|exchange| exchange.flow);
                    let opening = Opening {
                        connection,
                        side: Side::Asker,
                        peer: entrance.host,
                        name: Some(to),
                        staple,
                        flow,
                        handshake: Handshake(self.now().since(began)),
                    };
                    if !self.hello(asker, &seen, opening).await {
                        return Err(Failure::TlsAlert);
                    }
                }
                self.talk(TokioIo::new(stream), opened).await?
            }
        };
        Ok(Line { sender, connection, ends, is_used: false })
    }

    /// Lets so many bytes pass a link, which takes as long as the topology says. What is lost for good never comes:
    /// the asker's limit ends it.
    async fn pass(&self, ends: (HostId, HostId), segment: Segment, bytes: usize) {
        let (verdict, delay) = self.fate(ends, segment, bytes);
        match verdict {
            Verdict::Pass => wait(delay).await,
            Verdict::Delay(more) => wait(delay + more).await,
            Verdict::Drop => std::future::pending().await,
        }
    }

    /// What becomes of so many bytes on a link now, and how long it takes where no fault is in their way.
    fn fate(
        &self,
        (from, to): (HostId, HostId),
        segment: Segment,
        bytes: usize,
    ) -> (Verdict, Duration) {
        let told = &self.network.told;
        let class = |host: HostId| match host.is_visitor() {
            true => told.visitor_link,
            false => told.hosts[host.place()].link,
        };
        let mut core = self.core();
        core.delays = core.delays.wrapping_add(1);
        let words = &mut self.delays.of(0, core.delays);
        let delay = told.links.between(class(from), class(to)).delay(bytes as u64, words);
        (core.link_faults.verdict(from, to, segment, words), delay)
    }

    /// Whether a fault lets nothing pass from one to the other now.
    fn is_cut(&self, ends: (HostId, HostId)) -> bool {
        self.fate(ends, Segment::Data, 0).0 == Verdict::Drop
    }

    /// HTTP over an open connection, which is forgotten when it ends.
    async fn talk<T>(
        self: &Arc<Self>,
        io: TokioIo<T>,
        opened: Opened<S>,
    ) -> Result<SendRequest<Full<Bytes>>, Failure>
    where
        T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::handshake(io).await.map_err(|_| Failure::Reset)?;
        tokio::spawn(async move {
            // Why it ended, the exchange on it learns by itself.
            let _ = connection.await;
            drop(opened);
        });
        Ok(sender)
    }

    /// Shows a host what the other end of a connection presents; says whether it admits that.
    pub(crate) async fn hello(
        self: &Arc<Self>,
        host: HostId,
        seen: &Seen,
        opening: Opening,
    ) -> bool {
        let Opening { connection, side, peer, name, staple, flow, handshake } = opening;
        let certificate = self.certificate(seen, name);
        let name = name.unwrap_or(certificate.subject);
        {
            let mut core = self.core();
            let wall = core.clock(host).wall;
            let (certificate, staple) = (&certificate, staple.as_ref());
            core.emit(
                flow,
                Event::Handshake { connection, host, side, peer, certificate, name, staple, wall },
            );
        }
        let hello = Request::Hello(Hello { side, certificate, name, staple });
        let verdict = self.tell(host, hello, (name, connection, flow), Some(handshake)).await.ok();
        let refusal = verdict.as_ref().and_then(|verdict| verdict.refusal);
        let admitted = verdict.is_some_and(|verdict| {
            matches!(verdict.envelope.message, Message::Response(Response::Admit))
        });
        let mut core = self.core();
        let wall = core.clock(host).wall;
        core.emit(flow, Event::Verdict { connection, host, side, admitted, refusal, wall });
        admitted
    }

    /// A certificate, as actors see it. Of several names it is for the one that was dialled.
    fn certificate(&self, seen: &Seen, dialled: Option<NameId>) -> Certificate {
        use wire::places::Places as _;
        let text = dialled.map(|name| self.texts.host_text(name));
        let subject = seen
            .names
            .iter()
            .find(|name| Some(*name) == text.as_ref())
            .or(seen.names.first())
            .map_or("", String::as_str);
        Certificate {
            // A stranger's is no number of ours; the responder knows no such.
            serial: Serial(seen.serial.unwrap_or(u32::MAX)),
            subject: self.texts.host(subject),
            not_after: in_run(seen.not_after, self.wording.epoch()),
            trusted_chain: seen.trusted_chain,
        }
    }
}

/// A connection that is being opened, as one of its ends sees it.
pub(crate) struct Opening {
    pub connection: ConnectionId,
    pub side: Side,
    pub peer: HostId,
    /// The name that was dialled, for the asker.
    pub name: Option<NameId>,
    pub staple: Option<OcspAnswer>,
    pub flow: Option<FlowRef>,
    pub handshake: Handshake,
}

/// A connection of our own, forgotten some time after it is dropped: what was sent on it may still be read.
struct Opened<S: Witness> {
    world: Arc<World<S>>,
    connection: ConnectionId,
    ends: Ends,
}

impl<S: Witness> Drop for Opened<S> {
    fn drop(&mut self) {
        let (connection, ends) = (self.connection, self.ends);
        self.world.later(move |core| {
            // Another may have its port by now.
            if core.connections.get(&ends).is_some_and(|carried| carried.connection == connection) {
                core.connections.remove(&ends);
            }
        });
    }
}

/// Lets time pass, to a tenth of a millisecond: the runtime's own timers have whole ones.
async fn wait(delay: Duration) {
    if !delay.is_zero() {
        async_io::Timer::after(length(delay)).await;
    }
}
