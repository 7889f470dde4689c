//! Toy actors and networks for the kernel's tests: a server, a customer, a pinger. They speak the contract
//! and mean nothing by it.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use protocol::world::{
    cost::{Cost, Costs},
    link::{LinkClass, Links},
    network::{
        Door, HostSpec, LimitClass, Limits, NameSpec, Network, Phases, Resumption, Tls, TlsVersion,
    },
    schedule::Scheduled,
};
use protocol::{
    catalogue::Gegevensdienst,
    contract::{Actor, Ask, Failure, Input, Outbox, TimerId, Work},
    distribution::Distribution,
    draw::{Draws, Purpose},
    id::{HostId, NameId, Serial, ZorgaanbiederId},
    message::{Certificate, Envelope, Message, Request, Response},
    release::Release,
    time::{Duration, Instant, Now, WallTime},
    trace::{Event, FlowFacts, FlowKind, HostChange, Sink, Stamp},
};
use sim::{
    simulation::{Cast, Ending, Run, Simulation, Tally},
    visitor::{Arrival, Arrivals},
};

/// Every toy.
#[derive(Clone, Debug)]
pub enum Toy {
    /// Answers every request, as often as it was rebuilt remembering how many.
    Server(Server),
    /// Asks one name at every tick of a timer.
    Pinger(Pinger),
    /// Comes, asks once, and leaves with the answer or the failure.
    Customer(NameId),
    /// As a customer, but leaves after a while without waiting.
    Impatient(NameId, Duration),
}

#[derive(Clone, Debug, Default)]
pub struct Server {
    /// Requests served since it was made: volatile.
    pub served: u32,
    /// Starts ever: durable.
    pub starts: u32,
    /// Whom it asks before it answers.
    pub behind: Option<NameId>,
    pub waiting: Vec<(protocol::id::ExchangeId, protocol::id::ExchangeId)>,
}

#[derive(Clone, Debug)]
pub struct Pinger {
    pub to: NameId,
    pub every: Duration,
    pub starts: u32,
}

impl Actor for Toy {
    type Durable = u32;

    fn durable(&self) -> &u32 {
        match self {
            Self::Server(server) => &server.starts,
            Self::Pinger(pinger) => &pinger.starts,
            Self::Customer(_) | Self::Impatient(..) => &0,
        }
    }

    fn handle(&mut self, input: Input<'_>, now: Now, out: &mut Outbox) {
        match self {
            Self::Server(server) => server.handle(input, out),
            Self::Pinger(pinger) => pinger.handle(input, now, out),
            Self::Customer(to) => customer(*to, None, input, now, out),
            Self::Impatient(to, patience) => customer(*to, Some(*patience), input, now, out),
        }
    }
}

impl Server {
    fn handle(&mut self, input: Input<'_>, out: &mut Outbox) {
        match input {
            Input::Start => self.starts += 1,
            Input::Deliver(Envelope { exchange, message: Message::Request(request), .. }) => {
                if let Request::Hello(_) = request {
                    return out.reply(*exchange, Response::Admit, Work::CheckCertificate);
                }
                self.served += 1;
                match self.behind {
                    None => out.reply(*exchange, Response::Done, Work::Toy),
                    Some(to) => {
                        let asked = out.ask(ask(Some(*exchange), to), Work::Toy);
                        self.waiting.push((asked, *exchange));
                    }
                }
            }
            Input::Deliver(envelope) => self.answered(envelope.exchange, Response::Done, out),
            Input::Failed(exchange, _) => self.answered(exchange, Response::NotDone, out),
            Input::Timer(_) => {}
        }
    }

    fn answered(&mut self, asked: protocol::id::ExchangeId, response: Response, out: &mut Outbox) {
        if let Some(place) = self.waiting.iter().position(|(other, _)| *other == asked) {
            let (_, exchange) = self.waiting.swap_remove(place);
            out.reply(exchange, response, Work::Toy);
        }
    }
}

impl Pinger {
    fn handle(&mut self, input: Input<'_>, now: Now, out: &mut Outbox) {
        match input {
            Input::Start => {
                self.starts += 1;
                out.arm(TimerId::Toy, now.monotonic + self.every);
            }
            Input::Timer(_) => {
                out.ask(ask(None, self.to), Work::Query);
                out.arm(TimerId::Toy, now.monotonic + self.every);
            }
            Input::Deliver(Envelope {
                exchange,
                message: Message::Request(Request::Hello(_)),
                ..
            }) => out.reply(*exchange, Response::Admit, Work::CheckCertificate),
            Input::Deliver(_) | Input::Failed(..) => {}
        }
    }
}

fn customer(to: NameId, patience: Option<Duration>, input: Input<'_>, now: Now, out: &mut Outbox) {
    match input {
        Input::Start => {
            out.ask(ask(None, to), Work::Toy);
            if let Some(patience) = patience {
                out.arm(TimerId::PatienceEnds, now.monotonic + patience);
            }
        }
        Input::Deliver(_) | Input::Failed(..) | Input::Timer(_) => {
            out.end_attempt();
            out.leave();
        }
    }
}

fn ask(parent: Option<protocol::id::ExchangeId>, to: NameId) -> Ask {
    Ask::for_the_sake_of(parent, to, Release::R1_0, Request::OcspQuery(Serial(1)))
}

/// Makes toys anew after a crash.
#[derive(Clone, Debug, Default)]
pub struct Workshop {
    pub actors: Vec<Toy>,
}

impl Cast for Workshop {
    type Actor = Toy;

    fn rebuild(&self, host: HostId, durable: &u32) -> Toy {
        let mut toy = self.actors[host.place()].clone();
        match &mut toy {
            Toy::Server(server) => {
                *server = Server { starts: *durable, served: 0, ..server.clone() }
            }
            Toy::Pinger(pinger) => pinger.starts = *durable,
            Toy::Customer(_) | Toy::Impatient(..) => {}
        }
        toy
    }
}

/// Customers that come at a rate.
pub struct Poisson {
    pub draws: Draws,
    pub mean: f64,
    pub number: u32,
    pub at: f64,
    pub toy: Toy,
    pub until: u32,
}

impl Poisson {
    pub fn new(seed: u64, mean: f64, toy: Toy) -> Self {
        let draws = Draws::new(seed, 0, Purpose::Arrival);
        Self { draws, mean, number: 0, at: 0.0, toy, until: u32::MAX }
    }
}

impl Arrivals for Poisson {
    type Actor = Toy;

    fn next(&mut self) -> Option<Arrival<Toy>> {
        if self.number >= self.until {
            return None;
        }
        let gap = Distribution::Exp { mean: self.mean };
        self.at += gap.sample(&mut self.draws.of(self.number.into(), 0));
        self.number += 1;
        Some(Arrival {
            at: Instant::START + Duration::from_secs_f64(self.at),
            number: self.number - 1,
            actor: self.toy.clone(),
            facts: facts(),
        })
    }
}

/// Customers that come at given seconds.
pub struct At(pub Vec<(f64, Toy)>, pub usize);

impl Arrivals for At {
    type Actor = Toy;

    fn next(&mut self) -> Option<Arrival<Toy>> {
        let (at, actor) = self.0.get(self.1).cloned()?;
        self.1 += 1;
        Some(Arrival { at: second(at), number: self.1 as u32 - 1, actor, facts: facts() })
    }
}

pub fn facts() -> FlowFacts {
    FlowFacts {
        kind: FlowKind::Verzamelen,
        parent: None,
        person: None,
        pgo: HostId(0),
        za: HostId(0),
        zorgaanbieder: ZorgaanbiederId(0),
        dienst: Gegevensdienst(0),
        release: Release::R1_0,
    }
}

pub fn second(at: f64) -> Instant {
    Instant::START + Duration::from_secs_f64(at)
}

/// What toys live in: hosts with one name each, costs of `Toy` work, and fixed links.
pub struct World {
    pub actors: Vec<Toy>,
    pub workers: u32,
    pub queue: u32,
    pub open: Option<u32>,
    pub service: Distribution,
    pub latency: Distribution,
    pub door: Door,
    pub for_browsers: bool,
    pub tls: Tls,
    pub limits: Limits,
    pub handshake: Duration,
    pub schedule: Vec<Scheduled>,
    pub horizon: f64,
    pub warm_up: f64,
    pub drain: f64,
    pub seed: u64,
}

impl World {
    pub fn new(actors: Vec<Toy>) -> Self {
        Self {
            actors,
            workers: 1,
            queue: 1_000_000,
            open: None,
            service: Distribution::Fixed(0.0),
            latency: Distribution::Fixed(0.0),
            door: Door::Behind,
            for_browsers: false,
            tls: Tls {
                version: TlsVersion::V1_3,
                resumption: Resumption::Off,
                keep_alive: Duration::ZERO,
            },
            limits: Limits {
                back: Duration::from_secs(1_000_000),
                front: Duration::from_secs(1_000_000),
                ..Limits::default()
            },
            handshake: Duration::ZERO,
            schedule: Vec::new(),
            horizon: 1_000.0,
            warm_up: 0.0,
            drain: 1_000.0,
            seed: 1,
        }
    }

    pub fn run<V: Arrivals<Actor = Toy>, S: Sink>(self, arrivals: V, sink: S) -> (S, Tally) {
        let certificate = |n: u32| Certificate {
            serial: Serial(n),
            subject: NameId(n),
            not_after: WallTime::FAR_FUTURE,
            trusted_chain: true,
        };
        let mut costs = Costs::default();
        let fixed = |length: Duration| Cost {
            base: Distribution::Fixed(length.as_secs_f64()),
            per_megabyte: Duration::ZERO,
        };
        let class = costs.add(|work| match work {
            Work::Toy => Some(Cost { base: self.service.clone(), per_megabyte: Duration::ZERO }),
            Work::TlsHandshake => Some(fixed(self.handshake)),
            Work::TlsResumption => Some(fixed(self.handshake.mul_f64(0.5))),
            _ => None,
        });
        let count = self.actors.len() as u32;
        let network = Network {
            hosts: (0..count)
                .map(|n| HostSpec {
                    workers: self.workers,
                    queue: self.queue,
                    open: self.open,
                    costs: class,
                    link: LinkClass(0),
                    certificate: Some(certificate(n)),
                })
                .collect(),
            names: (0..count)
                .map(|n| NameSpec {
                    leads_to: Some(HostId(n)),
                    door: self.door,
                    for_browsers: self.for_browsers,
                    certificate: Some(certificate(n)),
                })
                .collect(),
            links: Links::uniform(self.latency.clone()),
            costs,
            visitor_link: LinkClass(0),
            tls: self.tls,
            limits: self.limits,
        };
        let run = Run {
            network,
            cast: Workshop { actors: self.actors.clone() },
            actors: self.actors,
            arrivals,
            schedule: self.schedule,
            phases: Phases {
                warm_up: second(self.warm_up),
                horizon: second(self.horizon),
                drain: Duration::from_secs_f64(self.drain),
            },
            release: Release::R1_0,
            seed: self.seed,
            replication: 0,
            sink,
        };
        match Simulation::new(run).run(|_| false) {
            (sink, Ending::Over(tally)) => (sink, tally),
            (_, Ending::Interrupted) => panic!("nobody interrupts a toy"),
        }
    }
}

/// Keeps a line per event that a test may ask about.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub lines: Vec<(f64, String)>,
}

impl Log {
    /// The moments of lines that begin so.
    pub fn at(&self, start: &str) -> Vec<f64> {
        self.lines.iter().filter(|(_, line)| line.starts_with(start)).map(|(at, _)| *at).collect()
    }

    pub fn count(&self, start: &str) -> usize {
        self.at(start).len()
    }
}

impl Sink for Log {
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        let line = match event {
            Event::Asked { from, to, .. } => format!("asked {from:?} {to:?}"),
            Event::Arrived { host, envelope, .. } => {
                format!("arrived {:?} {host:?}", envelope.message.kind())
            }
            Event::Answered { from, envelope, .. } => {
                format!("answered {:?} {from:?}", envelope.message.kind())
            }
            Event::Failed { host, failure, .. } => format!("failed {failure:?} {host:?}"),
            Event::TooLate { host, .. } => format!("too late {host:?}"),
            Event::TurnedAway { host } => format!("turned away {host:?}"),
            Event::ServiceBegan { host, queued } => {
                format!("began {host:?} waited {}", stamp.at.since(queued))
            }
            Event::ServiceEnded { host, began } => {
                format!("ended {host:?} took {}", stamp.at.since(began))
            }
            Event::Dropped { host, waiting, in_service } => {
                format!("dropped {host:?} {waiting} {in_service}")
            }
            Event::Handshake { host, side, .. } => format!("handshake {side:?} {host:?}"),
            Event::Verdict { side, admitted, .. } => format!("verdict {side:?} {admitted}"),
            Event::Host { host, change } => match change {
                HostChange::Down => format!("down {host:?}"),
                HostChange::Up => format!("up {host:?}"),
                other => format!("{other:?} {host:?}"),
            },
            Event::FlowBegan { host, .. } => format!("flow began {host:?}"),
            Event::FlowEnded { host, waiting } => format!("flow ended {host:?} waiting {waiting}"),
            Event::VisitorLeft { host } => format!("left {host:?}"),
            Event::Worked { host, work, .. } => format!("worked {} {host:?}", work.name()),
            Event::HorizonReached => "horizon".into(),
            Event::RunEnded => "run ended".into(),
            other => format!("{other:?}"),
        };
        self.lines.push((stamp.at.as_secs_f64(), line));
    }
}

/// A digest of every event: equal if and only if two runs were the same to the byte.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Digest(pub u64, pub u64);

impl Sink for Digest {
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        for byte in format!("{stamp:?}{event:?}").bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
        self.1 += 1;
    }
}

/// Means of what stations did, per host.
#[derive(Clone, Debug, Default)]
pub struct Means {
    pub from: f64,
    pub served: f64,
    pub waited: f64,
    pub delayed: f64,
    pub worked: f64,
    pub rejected: f64,
}

impl Sink for Means {
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        if stamp.at.as_secs_f64() < self.from {
            return;
        }
        match event {
            Event::ServiceBegan { queued, .. } => {
                self.served += 1.0;
                self.waited += stamp.at.since(queued).as_secs_f64();
                self.delayed += f64::from(u8::from(stamp.at > queued));
            }
            Event::ServiceEnded { began, .. } => self.worked += stamp.at.since(began).as_secs_f64(),
            Event::TurnedAway { .. } => self.rejected += 1.0,
            _ => {}
        }
    }
}

/// The limit class that no test of limits uses.
pub const BACK: LimitClass = LimitClass::Back;

/// How an exchange failed, in the log's words.
pub fn failed(failure: Failure) -> String {
    format!("failed {failure:?}")
}
