//! Exchanges: how a request gets to its answerer and how it ends; connections and the verdicts on them.

use protocol::{
    contract::{Ask, Failure, Input},
    id::{ConnectionId, ExchangeId, HostId},
    message::{Envelope, Hello, Message, Peer, Request, Response, Side},
    role::Role,
    rule::Rule,
    time::Duration,
    trace::{Event, FlowRef, Sink},
};

use super::{Crank, Due, Exchange, Fate, Record, Stage};

impl<S: Sink> Crank<S> {
    pub(super) fn ask(&mut self, asker: HostId, id: ExchangeId, ask: &Ask, flow: Option<FlowRef>) {
        let answerer = self.names.get(&ask.to).copied();
        let connection = self.next_connection();
        let mut envelope = Envelope {
            from: self.seen_by(asker, answerer, ask),
            to: ask.to,
            exchange: id,
            connection,
            release: ask.release,
            message: Message::Request(ask.request),
        };
        let parent = ask.parent;
        self.emit(flow, Event::Asked { from: asker, to: answerer, parent, envelope: &envelope });
        let fate = self.fate(&mut envelope);
        self.record.push(Record::Said {
            from: Some(asker),
            to: answerer,
            envelope: envelope.clone(),
            refusal: None,
        });
        let limit = match ask.request {
            Request::Browse(_) => Duration::from_secs(60),
            Request::GetList(_) => Duration::from_secs(30),
            Request::OcspQuery(_) => Duration::from_secs(5),
            _ => Duration::from_secs(10),
        };
        self.open(id, Some(asker), answerer, envelope.clone(), flow, Stage::Asked);
        let limit = self.schedule(self.now + limit, Due::Fail(id, Failure::TimedOut));
        let later = if let Fate::Delay(later) = fate { later } else { Duration::ZERO };
        if let Some(exchange) = self.exchanges.get_mut(&id) {
            (exchange.limit, exchange.later) = (Some(limit), later);
        }
        let sent = self.now;
        let is_up = answerer.and_then(|host| self.host(host)).is_some_and(|host| host.is_up);
        match (fate, answerer) {
            (Fate::Fail(failure), _) => {
                self.schedule(self.now, Due::Fail(id, failure));
            }
            (Fate::Lose, _) => {}
            (Fate::Pass | Fate::Delay(_), Some(host)) if is_up => {
                if !self.shake_hands(id, connection, asker, host, ask) {
                    self.schedule(sent + later, Due::Arrive { host, envelope, sent });
                }
            }
            (Fate::Pass | Fate::Delay(_), _) => {
                self.schedule(self.now, Due::Fail(id, Failure::Refused));
            }
        }
    }

    fn fate(&mut self, envelope: &mut Envelope) -> Fate {
        self.meddler.as_mut().map_or(Fate::Pass, |meddler| meddler(envelope))
    }

    /// What the answerer can know of the asker.
    fn seen_by(&self, asker: HostId, answerer: Option<HostId>, ask: &Ask) -> Peer {
        let subject = self.host(asker).and_then(|host| host.certificate).map(|it| it.subject);
        let plain = answerer.and_then(|host| self.host(host)).map(|it| it.role) == Some(Role::Ocsp);
        match (ask.request, subject) {
            (Request::Browse(_), _) => Peer::Browser(ask.cookie),
            (_, Some(subject)) if !plain => Peer::Node(subject),
            _ => Peer::Browser(None),
        }
    }

    /// Asks every end that has to decide for its verdict. `false`: none has to.
    fn shake_hands(
        &mut self,
        id: ExchangeId,
        connection: ConnectionId,
        asker: HostId,
        answerer: HostId,
        ask: &Ask,
    ) -> bool {
        let role = |crank: &Self, host| crank.host(host).map(|host| host.role);
        let sides: &[Side] = match (ask.request, role(self, asker), role(self, answerer)) {
            (Request::Browse(_), ..) => &[],
            (_, Some(Role::Pgo | Role::Za), Some(Role::Za | Role::Stelselnode)) => {
                &[Side::Asker, Side::Answerer]
            }
            (_, Some(Role::Za), Some(Role::Digid)) => &[Side::Asker],
            _ => &[],
        };
        if let Some(exchange) = self.exchanges.get_mut(&id) {
            exchange.stage = Stage::Opening(sides.len() as u8);
        }
        let flow = self.exchanges.get(&id).and_then(|exchange| exchange.flow);
        for side in sides.iter().copied() {
            let (host, peer) = match side {
                Side::Asker => (asker, answerer),
                Side::Answerer => (answerer, asker),
            };
            let shown = self.host(peer).and_then(|peer| Some((peer.certificate?, peer.staple)));
            let Some((certificate, staple)) = shown else {
                self.schedule(self.now, Due::Fail(id, Failure::TlsAlert));
                return true;
            };
            let (name, staple) = match side {
                Side::Asker => (ask.to, staple),
                Side::Answerer => (certificate.subject, None),
            };
            let wall = self.clock(host).wall;
            let (shown, stapled) = (&certificate, staple.as_ref());
            self.emit(
                flow,
                Event::Handshake {
                    connection,
                    host,
                    side,
                    peer,
                    certificate: shown,
                    name,
                    staple: stapled,
                    wall,
                },
            );
            let hello = self.outbox.exchanges().next();
            let request = Request::Hello(Hello { side, certificate, name, staple });
            let envelope = Envelope {
                from: Peer::Operator,
                to: ask.to,
                exchange: hello,
                connection,
                release: ask.release,
                message: Message::Request(request),
            };
            let stage = Stage::Verdict { of: id, side };
            self.open(hello, None, Some(host), envelope.clone(), flow, stage);
            self.schedule(self.now, Due::Arrive { host, envelope, sent: self.now });
        }
        if sides.is_empty()
            && let Some(exchange) = self.exchanges.get_mut(&id)
        {
            exchange.stage = Stage::Asked;
        }
        !sides.is_empty()
    }

    pub(super) fn reply(
        &mut self,
        host: HostId,
        id: ExchangeId,
        response: Response,
        refusal: Option<Rule>,
    ) {
        let Some(exchange) = self.exchanges.get_mut(&id) else { return };
        if exchange.answerer != Some(host) || exchange.stage == Stage::Answered {
            return;
        }
        let Exchange { asker, flow, stage, arrived, .. } = *exchange;
        if let Stage::Verdict { of, side } = stage {
            let connection = exchange.request.connection;
            self.close(id);
            let admitted = response == Response::Admit;
            self.verdict(host, of, side, connection, admitted, refusal, flow);
            return;
        }
        exchange.stage = Stage::Answered;
        let request = &exchange.request;
        let mut envelope = Envelope {
            from: Peer::Node(request.to),
            message: Message::Response(response),
            ..request.clone()
        };
        let wall = self.clock(host).wall;
        let asked = arrived;
        self.record.push(Record::Said {
            from: Some(host),
            to: asker,
            envelope: envelope.clone(),
            refusal,
        });
        let answered = Event::Answered { from: host, envelope: &envelope, asked, refusal, wall };
        self.emit(flow, answered);
        let Some(host) = asker else {
            self.close(id);
            return;
        };
        let sent = self.now;
        let at = match self.fate(&mut envelope) {
            Fate::Pass => sent,
            Fate::Delay(later) => sent + later,
            Fate::Fail(failure) => {
                self.schedule(sent, Due::Fail(id, failure));
                return;
            }
            Fate::Lose => return,
        };
        self.schedule(at, Due::Arrive { host, envelope, sent });
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a verdict is as much as this, and has one caller"
    )]
    fn verdict(
        &mut self,
        host: HostId,
        of: ExchangeId,
        side: Side,
        connection: ConnectionId,
        admitted: bool,
        refusal: Option<Rule>,
        flow: Option<FlowRef>,
    ) {
        let wall = self.clock(host).wall;
        self.record.push(Record::Verdict { host, side, admitted, refusal });
        self.emit(flow, Event::Verdict { connection, host, side, admitted, refusal, wall });
        let Some(exchange) = self.exchanges.get_mut(&of) else { return };
        let Stage::Opening(left) = exchange.stage else { return };
        if !admitted {
            let failure = match side {
                Side::Asker => Failure::TlsAlert,
                Side::Answerer => Failure::ClosedByPeer,
            };
            return self.fail(of, failure);
        }
        exchange.stage = if left > 1 { Stage::Opening(left - 1) } else { Stage::Asked };
        if exchange.stage == Stage::Asked
            && let Some(host) = exchange.answerer
        {
            let (envelope, sent) = (exchange.request.clone(), self.now);
            let at = sent + exchange.later;
            self.schedule(at, Due::Arrive { host, envelope, sent });
        }
    }

    /// An exchange ends without a response.
    pub(super) fn fail(&mut self, id: ExchangeId, failure: Failure) {
        let Some(Exchange { asker, answerer, flow, request, .. }) = self.close(id) else { return };
        let Some(host) = asker else { return };
        let kind = request.message.kind();
        self.record.push(Record::Failed { host, kind, failure });
        self.emit(flow, Event::Failed { host, peer: answerer, exchange: id, kind, failure });
        self.call(host, Input::Failed(id, failure), flow);
    }

    pub(super) fn open(
        &mut self,
        id: ExchangeId,
        asker: Option<HostId>,
        answerer: Option<HostId>,
        request: Envelope,
        flow: Option<FlowRef>,
        stage: Stage,
    ) {
        let (arrived, later, limit) = (self.now, Duration::ZERO, None);
        let exchange = Exchange { asker, answerer, request, flow, stage, arrived, later, limit };
        self.exchanges.insert(id, exchange);
    }

    pub(super) fn close(&mut self, id: ExchangeId) -> Option<Exchange> {
        let exchange = self.exchanges.remove(&id)?;
        if let Some(limit) = exchange.limit {
            self.due.remove(&limit);
        }
        self.outbox.exchanges().release(id);
        Some(exchange)
    }
}
