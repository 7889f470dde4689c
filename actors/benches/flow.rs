//! What the actors of one flow cost, without a simulator around them: a driver that only passes envelopes on.
//!
//! A complete Verzamelen of laboratory results, with every handshake and OCSP query of its back channel.

use std::{collections::VecDeque, hint::black_box, sync::Arc};

use actors::{
    crank::small::{DIGID, PGO, Small, ZA},
    party::{Blueprint, Party},
    person::Person,
    sessions::SessionPolicy,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use protocol::{
    contract::{Action, Actor, Ask, Chance, Input, Outbox, TimerId},
    draw::{Draws, Purpose},
    id::{ConnectionId, ExchangeId, HostId, NameId, ZorgaanbiederId},
    message::{Envelope, Hello, Message, Peer, Request, Response, Side},
    release::Release,
    time::{Duration, Instant, Now},
};

/// Everybody, and the messages under way.
struct Bare {
    parties: Vec<Party>,
    names: Vec<Option<u32>>,
    subjects: Vec<Option<NameId>>,
    outbox: Outbox,
    exchanges: Vec<Open>,
    queue: VecDeque<(u32, Envelope)>,
    /// Timers that a person waits for fire at once; the others when their time has come.
    timers: VecDeque<(u32, TimerId)>,
    later: Vec<(Instant, u32, TimerId)>,
    now: Instant,
    calls: u64,
}

#[derive(Clone)]
struct Open {
    asker: u32,
    envelope: Option<Envelope>,
    /// Verdicts that are still to come; for a verdict, the exchange it is on.
    verdicts: u8,
    of: Option<ExchangeId>,
}

/// The place of the visitor.
const PERSON: u32 = 10;

impl Bare {
    fn new(small: &Small) -> Self {
        let lists = small.stelselnode.register.publish_all();
        let xis = |place| Blueprint::Xis(Arc::new(small.records.clone()), ZorgaanbiederId(place));
        let blueprints = [
            Blueprint::Pgo(Arc::new(small.pgos[0].clone())),
            Blueprint::Pgo(Arc::new(small.pgos[1].clone())),
            Blueprint::Za(Arc::new(small.zas[0].clone())),
            Blueprint::Za(Arc::new(small.zas[1].clone())),
            Blueprint::Digid(Arc::new(small.digid.clone())),
            Blueprint::Stelselnode(Arc::new(small.stelselnode.clone())),
            Blueprint::Ocsp(Arc::new(small.ocsp)),
            xis(0),
            xis(1),
            xis(2),
        ];
        let crank = small.build(actors::crank::Silent);
        let names: Vec<Option<u32>> = (0..small.names.host_count() as u32)
            .map(|name| crank.leads_to(NameId(name)).map(|host| host.0))
            .collect();
        let subjects = vec![
            Some(small.pgos[0].name),
            Some(small.pgos[1].name),
            Some(small.zas[0].back),
            Some(small.zas[1].back),
            Some(small.digid.back),
        ];
        let draws = Draws::new(1, 0, Purpose::Host);
        Self {
            parties: blueprints.iter().map(|blueprint| Party::begin(blueprint, &lists)).collect(),
            names,
            subjects,
            outbox: Outbox::new(Chance::Keyed { draws, entity: 1, count: 0 }),
            exchanges: Vec::new(),
            queue: VecDeque::new(),
            timers: VecDeque::new(),
            later: Vec::new(),
            now: Instant::START,
            calls: 0,
        }
    }

    /// One flow, from the first page to the last.
    fn flow(&mut self, person: Person) {
        self.parties.truncate(PERSON as usize);
        self.parties.push(Party::Person(person));
        // A flow a second: sessions, codes and tokens come and go as in a run.
        self.now = self.now + Duration::from_secs(1);
        while let Some(place) = self.later.iter().position(|(at, ..)| *at <= self.now) {
            let (_, host, timer) = self.later.swap_remove(place);
            self.call(host, Input::Timer(timer));
        }
        self.call(PERSON, Input::Start);
        loop {
            if let Some((host, envelope)) = self.queue.pop_front() {
                self.call(host, Input::Deliver(&envelope));
                if let Message::Response(_) = envelope.message {
                    self.outbox.exchanges().release(envelope.exchange);
                }
            } else if let Some((host, timer)) = self.timers.pop_front() {
                self.call(host, Input::Timer(timer));
            } else {
                return;
            }
        }
    }

    fn call(&mut self, host: u32, input: Input<'_>) {
        self.calls += 1;
        let now = Now::exact(self.now);
        self.parties[host as usize].handle(input, now, &mut self.outbox);
        let mut actions = std::mem::take(self.outbox.actions_mut());
        self.outbox.works_mut().clear();
        for action in actions.drain(..) {
            match action {
                Action::Ask(exchange, ask) => self.ask(host, exchange, &ask),
                Action::Reply(exchange, response, _) => self.reply(exchange, response),
                Action::Arm(timer @ TimerId::HumanDone, _) => self.timers.push_back((host, timer)),
                Action::Arm(
                    timer
                    @ (TimerId::ForgetSessions | TimerId::ForgetCodes | TimerId::ForgetTokens),
                    at,
                ) => self.later.push((at, host, timer)),
                _ => {}
            }
        }
        *self.outbox.actions_mut() = actions;
    }

    fn open(&mut self, exchange: ExchangeId, open: Open) {
        let place = exchange.place as usize;
        if place >= self.exchanges.len() {
            self.exchanges.resize(place + 1, open);
        } else {
            self.exchanges[place] = open;
        }
    }

    fn ask(&mut self, asker: u32, exchange: ExchangeId, ask: &Ask) {
        let Some(Some(answerer)) = self.names.get(ask.to.index()).copied() else { return };
        let subject = self.subjects.get(asker as usize).copied().flatten();
        let from = match (ask.request, subject) {
            (Request::Browse(_), _) | (_, None) => Peer::Browser(ask.cookie),
            (_, Some(subject)) => Peer::Node(subject),
        };
        let envelope = Envelope {
            from,
            to: ask.to,
            exchange,
            connection: ConnectionId(0),
            release: ask.release,
            message: Message::Request(ask.request),
        };
        let sides: &[(Side, u32, u32)] = match ask.request {
            Request::OfferCode(_) | Request::Fetch(_) => {
                &[(Side::Asker, PGO.0, ZA.0), (Side::Answerer, ZA.0, PGO.0)]
            }
            Request::ResolveArtifact { .. } => &[(Side::Asker, ZA.0, DIGID.0)],
            _ => &[],
        };
        let verdicts = sides.len() as u8;
        let waits = (verdicts > 0).then(|| envelope.clone());
        self.open(exchange, Open { asker, envelope: waits, verdicts, of: None });
        if verdicts == 0 {
            self.queue.push_back((answerer, envelope));
            return;
        }
        for (side, host, peer) in sides.iter().copied() {
            let hello = self.outbox.exchanges().next();
            let subject = self.subjects[peer as usize].unwrap_or(ask.to);
            let certificate = Small::certificate(HostId(peer), subject);
            let name = if side == Side::Asker { ask.to } else { subject };
            let request = Request::Hello(Hello { side, certificate, name, staple: None });
            self.open(hello, Open { asker: host, envelope: None, verdicts: 0, of: Some(exchange) });
            let envelope = Envelope {
                from: Peer::Operator,
                exchange: hello,
                message: Message::Request(request),
                to: ask.to,
                connection: ConnectionId(0),
                release: Release::R1_0,
            };
            self.queue.push_back((host, envelope));
        }
    }

    fn reply(&mut self, exchange: ExchangeId, response: Response) {
        let Open { asker, of, .. } = self.exchanges[exchange.place as usize];
        if let Some(of) = of {
            assert_eq!(response, Response::Admit, "everybody is admitted here");
            self.outbox.exchanges().release(exchange);
            let open = &mut self.exchanges[of.place as usize];
            open.verdicts -= 1;
            if open.verdicts == 0
                && let Some(envelope) = open.envelope.take()
            {
                let answerer = self.names[envelope.to.index()].unwrap_or(0);
                self.queue.push_back((answerer, envelope));
            }
            return;
        }
        let envelope = Envelope {
            from: Peer::Node(NameId(0)),
            to: NameId(0),
            exchange,
            connection: ConnectionId(0),
            release: Release::R1_0,
            message: Message::Response(response),
        };
        self.queue.push_back((asker, envelope));
    }
}

fn flows(criterion: &mut Criterion) {
    let mut small = Small::default();
    let policy = SessionPolicy { lifetime: Duration::from_secs(900), ..SessionPolicy::default() };
    small.zas[0].sessions = policy;
    let habits = Arc::new(small.habits.clone());
    let mut bare = Bare::new(&small);
    let mut arrival = 0;
    let mut one = |bare: &mut Bare| {
        arrival += 1;
        let person = Person::new(Arc::clone(&habits), arrival, small.wish(arrival));
        bare.flow(black_box(person));
    };
    one(&mut bare);
    let calls = bare.calls;
    let stored = bare.parties[PGO.place()].durable().dossier.count();
    assert_eq!(stored, 1, "the flow ends with something stored");
    let mut group = criterion.benchmark_group("actors");
    group.throughput(Throughput::Elements(calls));
    group.bench_function(format!("a flow of {calls} calls"), |bencher| {
        bencher.iter(|| one(&mut bare));
    });
    group.finish();
}

criterion_group!(benches, flows);
criterion_main!(benches);
