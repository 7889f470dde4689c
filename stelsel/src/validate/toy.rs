//! Stations whose course has a closed form: customers come as a Poisson process, go from station to station
//! and leave.
//!
//! The kernel, its stations, links and draws, and the instruments of `watch` are those of every run; only the
//! actors are toys. Does not know what should come out.

use std::sync::Arc;

use protocol::world::{
    cost::{Cost, Costs},
    link::{LinkClass, Links},
    network::{Door, HostSpec, Limits, NameSpec, Network, Phases, Resumption, Tls, TlsVersion},
    schedule::{Happening, Scheduled},
};
use protocol::{
    catalogue::Gegevensdienst,
    contract::{Actor, Ask, Failure, Input, Outbox, Work},
    distribution::Distribution,
    draw::{Draws, Purpose},
    id::{HostId, NameId, Serial, ZorgaanbiederId},
    message::{Envelope, Message, Request, Response},
    names::Names,
    register::Register,
    release::{Release, ReleaseSet},
    role::Role,
    time::{Duration, Instant, Now},
    trace::{Event, FlowFacts, FlowKind, HostChange, Sink, Stamp},
};
use sim::{
    simulation::{Cast, Run, Simulation},
    visitor::{Arrival, Arrivals},
};
use watch::{
    directory::{Directory, Host, Window},
    statistics::{
        FlowsKept, HostRow, Settings, Statistics,
        times::{Precision, Times},
    },
    study::tally::Tally,
};

/// One station: its servers, its waiting room and how long it serves, in seconds.
#[derive(Clone, Debug)]
pub struct Place {
    /// Parallel servers.
    pub workers: u32,
    /// Jobs that may wait.
    pub room: u32,
    /// Seconds of service.
    pub service: Distribution,
}

impl Place {
    /// A station in which as many may wait as come.
    pub const fn new(workers: u32, service: Distribution) -> Self {
        Self { workers, room: u32::MAX, service }
    }
}

/// A network of stations. Customers begin at the first.
#[derive(Clone, Debug)]
pub struct Model {
    /// Customers per second.
    pub rate: f64,
    /// The stations.
    pub places: Vec<Place>,
    /// For each station: how likely its customers go to each station next; else they leave.
    pub routes: Arc<[Vec<f64>]>,
    /// Seconds under way, each time.
    pub latency: Distribution,
    /// How the first station goes down and comes up again, if it does.
    pub outages: Option<Outages>,
    /// How many customers a replication is long.
    pub customers: f64,
}

/// What befalls the first station in an outage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outage {
    /// It refuses whoever comes.
    Down,
    /// Its services freeze, and whoever comes waits.
    Pause,
}

/// Times between failures and times to repair, in seconds.
#[derive(Clone, Debug)]
pub struct Outages {
    /// What they are.
    pub kind: Outage,
    /// How long it is up.
    pub up: Distribution,
    /// How long it is down.
    pub down: Distribution,
}

impl Model {
    /// One station, from which customers leave, at the other end of a link without delay.
    pub fn single(rate: f64, place: Place, customers: f64) -> Self {
        Self {
            rate,
            places: vec![place],
            routes: [vec![0.0]].into(),
            latency: Distribution::Fixed(0.0),
            outages: None,
            customers,
        }
    }

    /// Runs one replication, of which the first tenth is not measured.
    pub fn observe(&self, seed: u64, replication: u32) -> Observed {
        let seconds = self.customers / self.rate;
        let moment = |at: f64| Instant::START + Duration::from_secs_f64(at);
        let window = Window { warm_up: moment(seconds / 10.0), horizon: moment(seconds) };
        let directory = Arc::new(self.directory());
        let settings = Settings {
            flows_kept: FlowsKept::None,
            timeline_step: Duration::ZERO,
            ..Settings::new(window, seed, replication)
        };
        let sink = Instruments {
            statistics: Statistics::new(directory, settings),
            window,
            waits: Times::new(Precision::Fine),
            present: 0.0,
            integral: 0.0,
            since: window.warm_up,
            came: 0,
            refused: 0,
            resumed: None,
            recoveries: Vec::new(),
        };
        let actors = vec![Toy::Server; self.places.len()];
        let run = Run {
            network: self.network(),
            actors: actors.clone(),
            cast: Workshop,
            arrivals: Poisson {
                arrivals: Draws::new(seed, replication, Purpose::Arrival),
                ways: Draws::new(seed, replication, Purpose::Toy),
                mean: 1.0 / self.rate,
                number: 0,
                at: 0.0,
                routes: Arc::clone(&self.routes),
            },
            schedule: self.schedule(seed, replication, seconds),
            phases: Phases {
                warm_up: window.warm_up,
                horizon: window.horizon,
                drain: Duration::ZERO,
            },
            release: Release::R1_0,
            seed,
            replication,
            sink,
        };
        let (instruments, _) = Simulation::new(run).run(|_| false);
        instruments.read()
    }

    fn schedule(&self, seed: u64, replication: u32, until: f64) -> Vec<Scheduled> {
        let Some(outages) = &self.outages else { return Vec::new() };
        let draws = Draws::new(seed, replication, Purpose::Chaos);
        let mut schedule = Vec::new();
        let mut at = 0.0;
        for n in 0.. {
            at += outages.up.sample(&mut draws.of(0, n));
            if at >= until {
                break;
            }
            let down = Instant::START + Duration::from_secs_f64(at);
            let (begins, ends) = match outages.kind {
                Outage::Down => (Happening::Down(HostId(0)), Happening::Up(HostId(0))),
                Outage::Pause => (Happening::Pause(HostId(0)), Happening::Resume(HostId(0))),
            };
            schedule.push(Scheduled { at: down, what: begins });
            at += outages.down.sample(&mut draws.of(1, n));
            let up = Instant::START + Duration::from_secs_f64(at);
            schedule.push(Scheduled { at: up, what: ends });
        }
        schedule
    }

    fn network(&self) -> Network {
        let mut costs = Costs::default();
        let hosts = self
            .places
            .iter()
            .map(|place| {
                let served = Cost { base: place.service.clone(), per_megabyte: Duration::ZERO };
                HostSpec {
                    workers: place.workers,
                    queue: place.room,
                    open: None,
                    costs: costs.add(|work| (work == Work::Toy).then(|| served.clone())),
                    link: LinkClass(0),
                    certificate: None,
                }
            })
            .collect();
        let name = |place: usize| NameSpec {
            leads_to: Some(HostId(place as u32)),
            door: Door::Behind,
            for_browsers: false,
            certificate: None,
        };
        let ever = Duration::from_secs(1_000_000_000);
        Network {
            hosts,
            names: (0..self.places.len()).map(name).collect(),
            links: Links::uniform(self.latency.clone()),
            costs,
            visitor_link: LinkClass(0),
            tls: Tls {
                version: TlsVersion::V1_3,
                resumption: Resumption::Off,
                keep_alive: Duration::ZERO,
            },
            limits: Limits { connect: ever, back: ever, front: ever, ..Limits::default() },
        }
    }

    fn directory(&self) -> Directory {
        let register = Register::default();
        let host = |(n, place): (usize, &Place)| Host {
            name: format!("station-{}", n + 1),
            role: Role::Ocsp,
            workers: place.workers,
            node: None,
            serial: Some(Serial(n as u32)),
            releases: ReleaseSet::only(Release::R1_0),
            zorgaanbieder: None,
        };
        Directory {
            hosts: self.places.iter().enumerate().map(host).collect(),
            name_leads_to: (0..self.places.len()).map(|n| Some(HostId(n as u32))).collect(),
            provider_type: Vec::new(),
            provider_types: Vec::new(),
            provider_gateway: Vec::new(),
            names: Arc::new(Names::default()),
            lists: register.publish_all(),
            register,
            release: Release::R1_0,
        }
    }
}

/// What the instruments read in one replication.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The totals of each station.
    pub hosts: Vec<HostRow>,
    /// How long each job waited at the first station.
    pub waits: Tally,
    /// How many customers were in the network, on average over time.
    pub present: f64,
    /// Of the customers that came, the share that found the first station down.
    pub refused: f64,
    /// Seconds from the end of a pause until nobody was there any more: mean over pauses that ended while it was
    /// measured; not a number without any.
    pub recovery: f64,
}

#[derive(Clone, Debug)]
enum Toy {
    Server,
    Customer(Customer),
}

#[derive(Clone, Debug)]
struct Customer {
    ways: Draws,
    number: u32,
    visits: u32,
    place: usize,
    routes: Arc<[Vec<f64>]>,
}

impl Actor for Toy {
    type Durable = ();

    fn durable(&self) -> &() {
        &()
    }

    fn handle(&mut self, input: Input<'_>, _: Now, out: &mut Outbox) {
        match (self, input) {
            (
                Self::Server,
                Input::Deliver(Envelope { exchange, message: Message::Request(_), .. }),
            ) => out.reply(*exchange, Response::Done, Work::Toy),
            (Self::Server, _) => {}
            (Self::Customer(customer), Input::Start) => customer.ask(out),
            (
                Self::Customer(customer),
                Input::Deliver(Envelope { message: Message::Response(Response::Done), .. }),
            ) => customer.go_on(out),
            (Self::Customer(_), _) => leave(out),
        }
    }
}

impl Customer {
    fn ask(&self, out: &mut Outbox) {
        let to = NameId(self.place as u32);
        let request = Request::OcspQuery(Serial(1));
        out.ask(Ask::for_the_sake_of(None, to, Release::R1_0, request), Work::Toy);
    }

    fn go_on(&mut self, out: &mut Outbox) {
        let mut draw = self.ways.unit(self.number.into(), self.visits);
        self.visits += 1;
        let next = self.routes[self.place].iter().position(|share| {
            draw -= share;
            draw < 0.0
        });
        match next {
            Some(place) => {
                self.place = place;
                self.ask(out);
            }
            None => leave(out),
        }
    }
}

fn leave(out: &mut Outbox) {
    out.end_attempt();
    out.leave();
}

/// Toys have nothing that a crash could take.
#[derive(Clone, Copy, Debug)]
struct Workshop;

impl Cast for Workshop {
    type Actor = Toy;

    fn rebuild(&self, _: HostId, (): &()) -> Toy {
        Toy::Server
    }
}

struct Poisson {
    arrivals: Draws,
    ways: Draws,
    mean: f64,
    number: u32,
    at: f64,
    routes: Arc<[Vec<f64>]>,
}

impl Arrivals for Poisson {
    type Actor = Toy;

    fn next(&mut self) -> Option<Arrival<Toy>> {
        let number = self.number;
        let gap = Distribution::Exp { mean: self.mean };
        self.at += gap.sample(&mut self.arrivals.of(number.into(), 0));
        self.number += 1;
        Some(Arrival {
            at: Instant::START + Duration::from_secs_f64(self.at),
            number,
            actor: Toy::Customer(Customer {
                ways: self.ways,
                number,
                visits: 0,
                place: 0,
                routes: Arc::clone(&self.routes),
            }),
            facts: FlowFacts {
                kind: FlowKind::Verzamelen,
                parent: None,
                person: None,
                pgo: HostId(0),
                za: HostId(0),
                zorgaanbieder: ZorgaanbiederId(0),
                dienst: Gegevensdienst(0),
                release: Release::R1_0,
            },
        })
    }
}

/// The statistics of every run, and beside them what they do not keep.
struct Instruments {
    statistics: Statistics,
    window: Window,
    waits: Times,
    present: f64,
    integral: f64,
    since: Instant,
    came: u64,
    refused: u64,
    /// When the first station last resumed, if somebody has been there ever since.
    resumed: Option<Instant>,
    recoveries: Vec<f64>,
}

impl Instruments {
    fn read(mut self) -> Observed {
        self.pass(self.window.horizon);
        let replication = self.statistics.finish();
        Observed {
            hosts: replication.hosts.into_iter().filter(|row| row.work.is_none()).collect(),
            waits: self.waits.tally(),
            present: self.integral / self.window.length().as_secs_f64(),
            refused: self.refused as f64 / self.came as f64,
            recovery: self.recoveries.iter().sum::<f64>() / self.recoveries.len() as f64,
        }
    }

    /// Nobody is there any more, perhaps for the first time since a pause.
    fn recovered(&mut self, now: Instant) {
        if self.present == 0.0
            && let Some(resumed) = self.resumed.take()
        {
            self.recoveries.push(now.since(resumed).as_secs_f64());
        }
    }

    /// Time goes on to this moment, with as many present as there are.
    fn pass(&mut self, now: Instant) {
        let now = now.min(self.window.horizon);
        if now > self.since {
            self.integral += self.present * now.since(self.since).as_secs_f64();
            self.since = now;
        }
    }
}

impl Sink for Instruments {
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        self.statistics.event(stamp, &event);
        let measuring = self.window.has(stamp.at);
        match event {
            Event::FlowBegan { .. } => {
                self.pass(stamp.at);
                self.present += 1.0;
                self.came += u64::from(measuring);
            }
            Event::VisitorLeft { .. } => {
                self.pass(stamp.at);
                self.present -= 1.0;
                self.recovered(stamp.at);
            }
            Event::Host { host: HostId(0), change: HostChange::Resumed } if measuring => {
                self.resumed = Some(stamp.at);
                self.recovered(stamp.at);
            }
            Event::Failed { failure: Failure::Refused, .. } => {
                self.refused += u64::from(measuring);
            }
            Event::ServiceBegan { host: HostId(0), queued } if measuring => {
                self.waits.record(stamp.at.since(queued));
            }
            _ => {}
        }
    }
}
