//! Scripted events: a small network, and flows through it whose every nanosecond is known.
//!
//! Shared by the tests and the bench of this crate. Takes part in no run: there is no actor behind it.

#![allow(dead_code, reason = "each test and bench uses a part of it")]

pub mod flow;

use std::sync::Arc;

use protocol::{
    catalogue::Gegevensdienst,
    contract::{Failure, Work},
    id::{
        ConnectionId, Cookie, ExchangeId, FlowId, HostId, NameId, PersonId, Serial, ZorgaanbiederId,
    },
    message::{Envelope, Message, Peer, Request, Response},
    names::{Names, OrganisationId},
    register::{
        Addresses, Gateway, Listing, Offer, ParticipantKind, PreparedMove, PreparedOffer, Register,
    },
    release::{Release, ReleaseSet},
    role::Role,
    rule::Rule,
    time::{Duration, Instant, WallTime},
    trace::{Event, FlowFacts, FlowKind, FlowRef, Stamp},
};
use watch::directory::{Directory, Host, Window};

pub const PGO: HostId = HostId(0);
pub const OTHER_PGO: HostId = HostId(1);
pub const ZA: HostId = HostId(2);
pub const OTHER_ZA: HostId = HostId(3);
pub const DIGID: HostId = HostId(4);
pub const STELSELNODE: HostId = HostId(5);
pub const OCSP: HostId = HostId(6);
pub const XIS: HostId = HostId(7);

pub const PGO_NAME: NameId = NameId(0);
pub const OTHER_PGO_NAME: NameId = NameId(1);
pub const ZA_FRONT: NameId = NameId(2);
pub const ZA_BACK: NameId = NameId(3);
pub const OTHER_ZA_FRONT: NameId = NameId(4);
pub const OTHER_ZA_BACK: NameId = NameId(5);
pub const DIGID_FRONT: NameId = NameId(6);
pub const DIGID_BACK: NameId = NameId(7);
pub const STELSELNODE_NAME: NameId = NameId(8);
pub const OCSP_NAME: NameId = NameId(9);
pub const XIS_NAME: NameId = NameId(10);
/// A host that is ready to join, and does not take part yet.
pub const NEW_PGO: HostId = HostId(8);
pub const NEW_PGO_NAME: NameId = NameId(11);

pub const HUISARTS: ZorgaanbiederId = ZorgaanbiederId(0);
pub const LAB: Gegevensdienst = Gegevensdienst(3);

/// Two PGOs and one that is to join, two ZA gateways, DigiD, stelselnode, OCSP responder and a xIS.
pub fn directory() -> Arc<Directory> {
    let mut names = Names::default();
    for name in [
        "pgo-1.example.nl",
        "pgo-2.example.nl",
        "za-1.example.nl",
        "back.za-1.example.nl",
        "za-2.example.nl",
        "back.za-2.example.nl",
        "digid.example.nl",
        "back.digid.example.nl",
        "stelselnode.example.nl",
        "ocsp.example.nl",
        "xis-1.example.nl",
        "pgo-3.example.nl",
    ] {
        names.host(name);
    }
    names.zorgaanbieder("huisartsdevries@medmij");
    let addresses = |names: &mut Names, host: &str| Addresses {
        releases: ReleaseSet::only(Release::R1_0),
        authorization: names.uri(&format!("https://{host}/authorize")),
        token: names.uri(&format!("https://back.{host}/token")),
        resources: vec![names.uri(&format!("https://back.{host}/fhir"))],
    };
    let (here, there) =
        (addresses(&mut names, "za-1.example.nl"), addresses(&mut names, "za-2.example.nl"));
    let gateway =
        |node, kind, listed| Gateway { node, organisation: OrganisationId(0), kind, listed };
    let register = Register {
        gateways: vec![
            gateway(PGO_NAME, ParticipantKind::Dvp, true),
            gateway(OTHER_PGO_NAME, ParticipantKind::Dvp, true),
            gateway(ZA_BACK, ParticipantKind::Dvza, true),
            gateway(OTHER_ZA_BACK, ParticipantKind::Dvza, true),
            gateway(NEW_PGO_NAME, ParticipantKind::Dvp, false),
        ],
        listings: vec![Listing {
            zorgaanbieder: HUISARTS,
            listed: true,
            offers: vec![Offer { dienst: LAB, addresses: 0 }],
        }],
        addresses: vec![here],
        moves: vec![vec![PreparedMove { place: 0, addresses: there }]],
        prepared: vec![PreparedOffer {
            zorgaanbieder: HUISARTS,
            offer: Offer { dienst: Gegevensdienst(6), addresses: 0 },
        }],
    };
    let host = |name: &str, role, node: Option<NameId>, workers| Host {
        name: name.to_owned(),
        role,
        workers,
        node,
        serial: node.map(|node| Serial(node.0)),
        releases: ReleaseSet::only(Release::R1_0),
        zorgaanbieder: (role == Role::Xis).then_some(HUISARTS),
    };
    let leads = |host| Some(host);
    Arc::new(Directory {
        hosts: vec![
            host("pgo-1", Role::Pgo, Some(PGO_NAME), 4),
            host("pgo-2", Role::Pgo, Some(OTHER_PGO_NAME), 4),
            host("za-1", Role::Za, Some(ZA_BACK), 4),
            host("za-2", Role::Za, Some(OTHER_ZA_BACK), 4),
            host("digid-1", Role::Digid, Some(DIGID_BACK), 16),
            host("stelselnode-1", Role::Stelselnode, Some(STELSELNODE_NAME), 2),
            host("ocsp-1", Role::Ocsp, Some(OCSP_NAME), 4),
            host("xis-1", Role::Xis, None, 2),
            host("pgo-3", Role::Pgo, Some(NEW_PGO_NAME), 4),
        ],
        name_leads_to: vec![
            leads(PGO),
            leads(OTHER_PGO),
            leads(ZA),
            leads(ZA),
            leads(OTHER_ZA),
            leads(OTHER_ZA),
            leads(DIGID),
            leads(DIGID),
            leads(STELSELNODE),
            leads(OCSP),
            leads(XIS),
            leads(NEW_PGO),
        ],
        provider_type: vec![0],
        provider_types: vec!["huisarts".to_owned()],
        provider_gateway: vec![ZA],
        lists: register.publish_all(),
        register,
        names: Arc::new(names),
        release: Release::R1_0,
    })
}

/// Seconds since the start of the run.
pub fn at(seconds: f64) -> Instant {
    Instant::START + Duration::from_secs_f64(seconds)
}

/// A window of these seconds.
pub fn window(warm_up: f64, horizon: f64) -> Window {
    Window { warm_up: at(warm_up), horizon: at(horizon) }
}

/// What a flow is about.
pub fn facts(person: u32) -> FlowFacts {
    FlowFacts {
        kind: FlowKind::Verzamelen,
        parent: None,
        person: Some(PersonId(person)),
        pgo: PGO,
        za: ZA,
        zorgaanbieder: HUISARTS,
        dienst: LAB,
        release: Release::R1_0,
    }
}

/// An event that owns what it refers to.
#[derive(Clone, Debug)]
pub enum Owned {
    Began { host: HostId, facts: FlowFacts },
    Asked { from: HostId, to: Option<HostId>, parent: Option<ExchangeId>, envelope: Envelope },
    Arrived { host: HostId, sent: Instant, envelope: Envelope },
    Answered { from: HostId, envelope: Envelope, asked: Instant, refusal: Option<Rule> },
    Plain(Event<'static>),
}

impl Owned {
    pub fn event(&self) -> Event<'_> {
        let wall = WallTime::default();
        match self {
            Self::Began { host, facts } => Event::FlowBegan { host: *host, facts },
            Self::Asked { from, to, parent, envelope } => {
                Event::Asked { from: *from, to: *to, parent: *parent, envelope }
            }
            Self::Arrived { host, sent, envelope } => {
                Event::Arrived { host: *host, sent: *sent, envelope, wall }
            }
            Self::Answered { from, envelope, asked, refusal } => {
                let (from, asked, refusal) = (*from, *asked, *refusal);
                Event::Answered { from, envelope, asked, refusal, wall }
            }
            Self::Plain(event) => *event,
        }
    }
}

/// An exchange that was asked.
#[derive(Clone, Debug)]
pub struct Open {
    pub from: HostId,
    pub to: HostId,
    pub envelope: Envelope,
    pub asked: Instant,
    pub arrived: Instant,
}

/// Where the time of a script went, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Spent {
    pub human: u64,
    pub network: u64,
    pub wait: u64,
    pub service: u64,
}

impl Spent {
    pub fn machine(&self) -> Duration {
        Duration::from_nanos(self.network + self.wait + self.service)
    }
}

/// Events in the making, all of one flow or of none.
#[derive(Clone, Debug)]
pub struct Script {
    pub events: Vec<(Stamp, Owned)>,
    pub now: Instant,
    pub spent: Spent,
    pub flow: Option<FlowRef>,
    pub visitor: HostId,
    /// How long a message is on its way, a job waits, and a job takes, in milliseconds.
    pub pace: [u64; 3],
    exchange: u32,
}

impl Script {
    /// Of a flow: arrival `n`, first attempt, at place `n`.
    pub fn flow(n: u32, start: Instant) -> Self {
        let id = FlowId { arrival: n, attempt: 1 };
        Self {
            flow: Some(FlowRef { place: n, id }),
            visitor: HostId::visitor(n),
            exchange: n * 64,
            ..Self::nobody(start)
        }
    }

    /// Of no flow.
    pub fn nobody(start: Instant) -> Self {
        Self {
            events: Vec::new(),
            now: start,
            spent: Spent::default(),
            flow: None,
            visitor: HostId::visitor(0),
            pace: [10, 3, 5],
            exchange: 50_000,
        }
    }

    pub fn push(&mut self, owned: Owned) {
        self.events.push((Stamp { at: self.now, flow: self.flow }, owned));
    }

    pub fn plain(&mut self, event: Event<'static>) {
        self.push(Owned::Plain(event));
    }

    fn pass(&mut self, millis: u64) -> u64 {
        self.now = self.now + Duration::from_millis(millis);
        millis * 1_000_000
    }

    pub fn think(&mut self, millis: u64) {
        self.spent.human += self.pass(millis);
    }

    pub fn wait(&mut self, millis: u64) {
        self.spent.wait += self.pass(millis);
    }

    pub fn begin(&mut self, facts: FlowFacts) {
        self.push(Owned::Began { host: self.visitor, facts });
    }

    pub fn end(&mut self, waiting: bool) {
        self.plain(Event::FlowEnded { host: self.visitor, waiting });
    }

    pub fn leave(&mut self) {
        let flow = self.flow.take();
        self.plain(Event::VisitorLeft { host: self.visitor });
        self.flow = flow;
    }

    /// The next attempt of the same person begins.
    pub fn again(&mut self, place: u32) {
        let flow = self.flow.as_mut().expect("only a flow has attempts");
        flow.place = place;
        flow.id.attempt += 1;
        self.spent = Spent::default();
    }

    fn peer(&self, host: HostId) -> Peer {
        match host {
            _ if host.is_visitor() => Peer::Browser(Some(Cookie { place: 0, tag: 0 })),
            PGO => Peer::Node(PGO_NAME),
            ZA => Peer::Node(ZA_BACK),
            OTHER_ZA => Peer::Node(OTHER_ZA_BACK),
            DIGID => Peer::Node(DIGID_BACK),
            STELSELNODE => Peer::Node(STELSELNODE_NAME),
            OCSP => Peer::Node(OCSP_NAME),
            NEW_PGO => Peer::Node(NEW_PGO_NAME),
            XIS => Peer::Node(XIS_NAME),
            _ => Peer::Node(OTHER_PGO_NAME),
        }
    }

    /// A request leaves.
    pub fn ask(&mut self, from: HostId, to: HostId, name: NameId, request: Request) -> Open {
        let exchange = ExchangeId { place: self.exchange, turn: 0 };
        self.exchange += 1;
        let envelope = Envelope {
            from: self.peer(from),
            to: name,
            exchange,
            connection: ConnectionId(0),
            release: Release::R1_0,
            message: Message::Request(request),
        };
        self.push(Owned::Asked { from, to: Some(to), parent: None, envelope: envelope.clone() });
        Open { from, to, envelope, asked: self.now, arrived: self.now }
    }

    /// It arrives.
    pub fn arrive(&mut self, open: &mut Open) {
        let sent = self.now;
        self.spent.network += self.pass(self.pace[0]);
        open.arrived = self.now;
        self.push(Owned::Arrived { host: open.to, sent, envelope: open.envelope.clone() });
    }

    /// A job waits and is served.
    pub fn serve(&mut self, host: HostId, works: &[Work]) {
        let queued = self.now;
        self.plain(Event::Queued { host });
        self.wait(self.pace[1]);
        let began = self.now;
        self.plain(Event::ServiceBegan { host, queued });
        let cost = Duration::from_millis(self.pace[2] / works.len().max(1) as u64);
        for work in works {
            self.plain(Event::Worked { host, work: *work, cost });
        }
        self.spent.service += self.pass(self.pace[2]);
        self.plain(Event::ServiceEnded { host, began });
    }

    /// The response leaves.
    pub fn answer(&mut self, open: &Open, response: Response, refusal: Option<Rule>) -> Envelope {
        let envelope = Envelope {
            from: self.peer(open.to),
            message: Message::Response(response),
            ..open.envelope.clone()
        };
        let asked = open.arrived;
        self.push(Owned::Answered { from: open.to, envelope: envelope.clone(), asked, refusal });
        envelope
    }

    /// It arrives at the asker.
    pub fn come_back(&mut self, open: &Open, envelope: Envelope) {
        let sent = self.now;
        self.spent.network += self.pass(self.pace[0]);
        self.push(Owned::Arrived { host: open.from, sent, envelope });
    }

    /// It ends without a response after so many milliseconds.
    pub fn fail(&mut self, open: &Open, failure: Failure, after: u64) {
        self.wait(after);
        let kind = open.envelope.message.kind();
        let exchange = open.envelope.exchange;
        self.plain(Event::Failed { host: open.from, peer: Some(open.to), exchange, kind, failure });
    }

    /// A whole exchange: asked, arrived, served, answered, come back, and served there if it is a host.
    pub fn call(
        &mut self,
        from: HostId,
        to: HostId,
        name: NameId,
        request: Request,
        response: Response,
        refusal: Option<Rule>,
    ) {
        let mut open = self.ask(from, to, name, request);
        self.arrive(&mut open);
        self.serve(to, &[Work::Query]);
        let envelope = self.answer(&open, response, refusal);
        self.come_back(&open, envelope);
        if !from.is_visitor() {
            self.serve(from, &[Work::VerifySignature]);
        }
    }
}

/// Feeds events to statistics, in order of time and else as they stand.
pub fn play(
    statistics: &mut watch::statistics::Statistics,
    scripts: impl IntoIterator<Item = Script>,
) {
    let mut events: Vec<(Stamp, Owned)> =
        scripts.into_iter().flat_map(|script| script.events).collect();
    events.sort_by_key(|(stamp, _)| stamp.at);
    for (stamp, owned) in &events {
        statistics.event(*stamp, &owned.event());
    }
}

/// Statistics over a window that keep every flow.
pub fn all_kept(window: Window) -> watch::statistics::Statistics {
    use watch::statistics::{FlowsKept, Settings, Statistics};
    let settings = Settings { flows_kept: FlowsKept::All, ..Settings::new(window, 1, 0) };
    Statistics::new(directory(), settings)
}

/// A value of a replication, for a group.
pub fn value_of(
    replication: &watch::statistics::Replication,
    metric: &str,
    group: &str,
) -> Option<f64> {
    let metric = watch::study::metrics::MetricId::of(metric).expect("a metric of the table");
    replication.figures.value(metric, &group.into())
}

/// A value of a replication.
pub fn value(replication: &watch::statistics::Replication, metric: &str) -> f64 {
    value_of(replication, metric, "").unwrap_or_else(|| panic!("{metric} has no value"))
}

/// A distribution of a replication.
pub fn tally(
    replication: &watch::statistics::Replication,
    metric: &str,
) -> watch::study::tally::Tally {
    let metric = watch::study::metrics::MetricId::of(metric).expect("a metric of the table");
    replication.figures.tally(metric, &"".into()).cloned().unwrap_or_default()
}
