//! A small network and what happens in it, written by hand as a driver would tell it: for tests and benches.
//!
//! The actors of this script keep every rule. A test changes what they say with a [`Script::twist`], leaves a
//! step out, or adds one. Knows nothing of the checkers.

use std::{fmt, sync::Arc};

use protocol::{
    bsn::{Bsn, fingerprint},
    catalogue::{Gegevensdienst, Scope},
    contract::{ExchangeIds, Failure, Work},
    id::{
        ConnectionId, Cookie, ExchangeId, FlowId, HostId, NameId, Opaque, PersonId, Serial,
        ZorgaanbiederId,
    },
    message::{
        Assertion, Assurance, AuthnRequest, Authorize, Availability, Browse, CertStatus,
        Certificate, ConsentAnswer, Content, Description, Envelope, Exception, Fetch, FhirAnswer,
        GrantType, Kind, Message, OAuthError, OcspAnswer, OfferCode, Page, Peer, Request, Response,
        ResponseType, SamlStatus, Secret, Side, Subject, TokenGrant, TokenType,
    },
    names::Names,
    register::{
        Addresses, Change, Gateway, ListKind, ListVersion, Listing, Offer, ParticipantKind,
        PreparedMove, PreparedOffer, Register,
    },
    release::{Release, ReleaseSet},
    role::Role,
    rule::Rule,
    time::{Duration, Instant, WallTime},
    trace::{Event, FlowFacts, FlowKind, FlowRef, HostChange, Note, Stamp, Stored},
    uri::Uri,
};

mod attempt;

pub use attempt::Attempt;

use crate::directory::{Directory, Host};

/// The hosts, in the order of the directory.
pub const PGO: HostId = HostId(0);
pub const OTHER_PGO: HostId = HostId(1);
pub const ZA: HostId = HostId(2);
pub const OTHER_ZA: HostId = HostId(3);
pub const DIGID: HostId = HostId(4);
pub const STELSELNODE: HostId = HostId(5);
pub const OCSP: HostId = HostId(6);
/// Of [`HOSPITAL`].
pub const XIS: HostId = HostId(7);

/// A Zorgaanbieder behind [`ZA`], with the services [`LAB`] and [`DOCUMENTS`].
pub const HOSPITAL: ZorgaanbiederId = ZorgaanbiederId(0);
/// A Zorgaanbieder behind [`OTHER_ZA`], with the service [`LAB`].
pub const GP: ZorgaanbiederId = ZorgaanbiederId(1);
/// One query.
pub const LAB: Gegevensdienst = Gegevensdienst(3);
/// Two queries, and one per document.
pub const DOCUMENTS: Gegevensdienst = Gegevensdienst(5);

const REDIRECTS: [&str; 4] = [
    "https://pgo-1.example.nl/callback",
    "https://pgo-2.example.nl/callback",
    "http://pgo-1.example.nl/callback",
    "https://elsewhere.example.nl/callback",
];

/// How often gateways fetch the Whitelist.
pub const HOUR: Duration = Duration::from_secs(3_600);

/// One event that can be kept.
#[derive(Clone, Debug)]
pub enum Told {
    FlowBegan {
        host: HostId,
        facts: FlowFacts,
    },
    FlowEnded {
        host: HostId,
    },
    Asked {
        from: HostId,
        to: Option<HostId>,
        parent: Option<ExchangeId>,
        envelope: Envelope,
    },
    Arrived {
        host: HostId,
        sent: Instant,
        envelope: Envelope,
        wall: WallTime,
    },
    Answered {
        from: HostId,
        envelope: Envelope,
        asked: Instant,
        refusal: Option<Rule>,
        wall: WallTime,
    },
    Failed {
        host: HostId,
        peer: Option<HostId>,
        exchange: ExchangeId,
        kind: Kind,
        failure: Failure,
    },
    Queued {
        host: HostId,
    },
    ServiceBegan {
        host: HostId,
        queued: Instant,
    },
    Worked {
        host: HostId,
        work: Work,
        cost: Duration,
    },
    ServiceEnded {
        host: HostId,
        began: Instant,
    },
    Handshake {
        connection: ConnectionId,
        host: HostId,
        side: Side,
        peer: HostId,
        certificate: Certificate,
        name: NameId,
        staple: Option<OcspAnswer>,
        wall: WallTime,
    },
    Verdict {
        connection: ConnectionId,
        host: HostId,
        side: Side,
        admitted: bool,
        wall: WallTime,
    },
    Noted {
        host: HostId,
        note: Note,
    },
    Host {
        host: HostId,
        change: HostChange,
    },
    NameMoved {
        name: NameId,
        to: Option<HostId>,
    },
    RunEnded,
}

impl Told {
    /// As a driver tells it.
    pub fn event(&self) -> Event<'_> {
        match self {
            Self::FlowBegan { host, facts } => Event::FlowBegan { host: *host, facts },
            Self::FlowEnded { host } => Event::FlowEnded { host: *host, waiting: false },
            &Self::Asked { from, to, parent, ref envelope } => {
                Event::Asked { from, to, parent, envelope }
            }
            &Self::Arrived { host, sent, ref envelope, wall } => {
                Event::Arrived { host, sent, envelope, wall }
            }
            &Self::Answered { from, ref envelope, asked, refusal, wall } => {
                Event::Answered { from, envelope, asked, refusal, wall }
            }
            &Self::Failed { host, peer, exchange, kind, failure } => {
                Event::Failed { host, peer, exchange, kind, failure }
            }
            &Self::Queued { host } => Event::Queued { host },
            &Self::ServiceBegan { host, queued } => Event::ServiceBegan { host, queued },
            &Self::Worked { host, work, cost } => Event::Worked { host, work, cost },
            &Self::ServiceEnded { host, began } => Event::ServiceEnded { host, began },
            &Self::Handshake {
                connection,
                host,
                side,
                peer,
                ref certificate,
                name,
                ref staple,
                wall,
            } => Event::Handshake {
                connection,
                host,
                side,
                peer,
                certificate,
                name,
                staple: staple.as_ref(),
                wall,
            },
            &Self::Verdict { connection, host, side, admitted, wall } => {
                Event::Verdict { connection, host, side, admitted, refusal: None, wall }
            }
            &Self::Noted { host, note } => Event::Noted { host, note },
            &Self::Host { host, change } => Event::Host { host, change },
            &Self::NameMoved { name, to } => Event::NameMoved { name, to },
            Self::RunEnded => Event::RunEnded,
        }
    }
}

/// Changes what is said, when it is said.
type Twist = Box<dyn FnMut(&mut Envelope)>;

/// What happens, as it is written.
pub struct Script {
    /// The network.
    pub directory: Arc<Directory>,
    /// What happened so far.
    pub events: Vec<(Stamp, Told)>,
    /// Now.
    pub now: Instant,
    /// How far the calendar clock of each host is off, in nanoseconds.
    pub skew: Vec<i64>,
    /// Whether every new connection opens with its handshakes.
    pub handshakes: bool,
    /// Whether the OCSP answers are stapled, so that nobody asks for them.
    pub stapled: bool,
    /// What the responder says: from and until when, counted from now, and how.
    pub ocsp: OcspAnswer,
    /// The end of the certificates.
    pub not_after: WallTime,
    /// What is on the lists that are served.
    pub register: Register,
    /// Of the two PGO GWs; then one without TLS, and one of a host that is nobody's.
    pub redirects: [Uri; 4],
    twist: Option<Twist>,
    exchanges: ExchangeIds,
    open: Vec<Open>,
    connections: u32,
    values: u128,
    arrivals: u32,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events until {:?}", self.events.len(), self.now)
    }
}

/// An exchange that waits for its answer.
#[derive(Clone, Copy, Debug)]
struct Open {
    exchange: ExchangeId,
    asker: HostId,
    server: HostId,
    to: NameId,
    kind: Kind,
    connection: ConnectionId,
    arrived: Instant,
    flow: Option<FlowRef>,
    release: Release,
}

/// How long a message is under way, and how long it takes to answer it.
const LINK: Duration = Duration::from_millis(8);
const SERVICE: Duration = Duration::from_millis(3);

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

impl Script {
    /// Nothing happened yet.
    pub fn new() -> Self {
        let directory = Arc::new(directory());
        Self {
            events: Vec::new(),
            now: Instant::START + Duration::from_secs(1),
            skew: vec![0; directory.hosts.len()],
            handshakes: true,
            stapled: false,
            ocsp: OcspAnswer {
                serial: Serial(0),
                status: CertStatus::Good,
                this_update: WallTime::from_nanos(0),
                next_update: WallTime::from_nanos(HOUR.as_nanos() as i64),
                signed: true,
            },
            not_after: WallTime::FAR_FUTURE,
            register: directory.register.clone(),
            redirects: REDIRECTS.map(|text| Names::clone(&directory.names).uri(text)),
            directory,
            twist: None,
            exchanges: ExchangeIds::default(),
            open: Vec::new(),
            connections: 0,
            values: 0,
            arrivals: 0,
        }
    }

    /// Changes what is said from now on.
    pub fn twist(&mut self, twist: impl FnMut(&mut Envelope) + 'static) {
        self.twist = Some(Box::new(twist));
    }

    /// Says it as it is again.
    pub fn untwist(&mut self) {
        self.twist = None;
    }

    /// Lets time pass.
    pub fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
    }

    /// The calendar time that a host believes in.
    pub fn wall(&self, host: HostId) -> WallTime {
        let skew = self.skew.get(host.place()).filter(|_| !host.is_visitor()).copied().unwrap_or(0);
        WallTime::from_nanos(self.now.as_nanos() as i64 + skew)
    }

    /// A new unguessable value.
    pub fn value(&mut self) -> Opaque {
        self.values += 1;
        // Weyl's sequence, so that all bits differ.
        Opaque::uuid_v4(self.values.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
    }

    /// Something happened.
    pub fn tell(&mut self, flow: Option<FlowRef>, told: Told) {
        self.events.push((Stamp { at: self.now, flow }, told));
    }

    /// An actor notes something.
    pub fn note(&mut self, flow: Option<FlowRef>, host: HostId, note: Note) {
        self.tell(flow, Told::Noted { host, note });
    }

    /// Something happens to a host.
    pub fn befalls(&mut self, host: HostId, change: HostChange) {
        if let HostChange::Skewed(skew) = change {
            self.skew[host.place()] = skew;
        }
        self.tell(None, Told::Host { host, change });
    }

    /// The name of a host: what browsers ask for, or its node name.
    pub fn name(&self, host: HostId, back: bool) -> NameId {
        let entry = &self.directory.hosts[host.place()];
        let text = match (entry.role, back) {
            (Role::Za | Role::Digid, false) => format!("front.{}.example.nl", entry.name),
            _ => format!("{}.example.nl", entry.name),
        };
        self.directory.names.find_host(&text).expect("every host has its names")
    }

    fn certificate(&self, host: HostId) -> Certificate {
        Certificate {
            serial: self.directory.hosts[host.place()].serial.unwrap_or(Serial(0)),
            subject: self.name(host, true),
            not_after: self.not_after,
            trusted_chain: true,
        }
    }
}

/// Exchanges.
impl Script {
    /// A request leaves and arrives.
    pub fn ask(
        &mut self,
        flow: Option<FlowRef>,
        asker: HostId,
        to: NameId,
        from: Peer,
        parent: Option<ExchangeId>,
        request: Request,
    ) -> ExchangeId {
        let exchange = self.exchanges.next();
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        let release = self.directory.release;
        let message = Message::Request(request);
        let mut envelope = Envelope { from, to, exchange, connection, release, message };
        if let Some(twist) = &mut self.twist {
            twist(&mut envelope);
        }
        let host = self.directory.name_leads_to[envelope.to.index()];
        let (kind, to, release) = (envelope.message.kind(), envelope.to, envelope.release);
        let asked = Told::Asked { from: asker, to: host, parent, envelope: envelope.clone() };
        self.tell(flow, asked);
        let server = host.unwrap_or(HostId(u32::MAX - 1));
        let sent = self.now;
        self.wait(LINK);
        let arrived = self.now;
        self.open.push(Open {
            exchange,
            asker,
            server,
            to,
            kind,
            connection,
            arrived,
            flow,
            release,
        });
        if host.is_some() {
            let wall = self.wall(server);
            self.tell(flow, Told::Arrived { host: server, sent, envelope, wall });
            self.tell(flow, Told::Queued { host: server });
            self.tell(flow, Told::ServiceBegan { host: server, queued: arrived });
        }
        exchange
    }

    /// Its answer leaves and arrives.
    pub fn answer(&mut self, exchange: ExchangeId, response: Response) {
        let Some(open) = self.close(exchange) else { return };
        let Open { asker, server, to, connection, arrived, flow, release, .. } = open;
        let began = self.now;
        self.tell(flow, Told::Worked { host: server, work: Work::Query, cost: SERVICE });
        self.wait(SERVICE);
        self.tell(flow, Told::ServiceEnded { host: server, began });
        let from = Peer::Node(to);
        let message = Message::Response(response);
        let mut envelope = Envelope { from, to, exchange, connection, release, message };
        if let Some(twist) = &mut self.twist {
            twist(&mut envelope);
        }
        let (wall, sent) = (self.wall(server), self.now);
        let answered = Told::Answered {
            from: server,
            envelope: envelope.clone(),
            asked: arrived,
            refusal: None,
            wall,
        };
        self.tell(flow, answered);
        self.wait(LINK);
        let wall = self.wall(asker);
        self.tell(flow, Told::Arrived { host: asker, sent, envelope, wall });
        self.exchanges.release(exchange);
    }

    /// It gets no answer.
    pub fn fail(&mut self, exchange: ExchangeId, failure: Failure) {
        let Some(open) = self.close(exchange) else { return };
        let Open { asker, server, kind, flow, .. } = open;
        self.wait(Duration::from_secs(10));
        self.tell(flow, Told::Failed { host: asker, peer: Some(server), exchange, kind, failure });
        self.exchanges.release(exchange);
    }

    fn close(&mut self, exchange: ExchangeId) -> Option<Open> {
        let place = self.open.iter().position(|open| open.exchange == exchange)?;
        Some(self.open.swap_remove(place))
    }

    /// A request on the back channel, over a new connection.
    pub fn ask_back(
        &mut self,
        flow: Option<FlowRef>,
        asker: HostId,
        server: HostId,
        parent: Option<ExchangeId>,
        request: Request,
    ) -> ExchangeId {
        if self.handshakes {
            self.connect(flow, asker, server);
        }
        let (to, from) = (self.name(server, true), Peer::Node(self.name(asker, true)));
        self.ask(flow, asker, to, from, parent, request)
    }

    /// Both ends that have to decide look at each other.
    pub fn connect(&mut self, flow: Option<FlowRef>, asker: HostId, server: HostId) {
        let (to_server, to_asker) = (self.certificate(server), self.certificate(asker));
        self.meet(flow, asker, server, Side::Asker, to_server, true);
        if self.directory.hosts[server.place()].role != Role::Digid {
            self.meet(flow, server, asker, Side::Answerer, to_asker, true);
        }
    }

    /// One end looks at the other, asks for its status, and decides.
    pub fn meet(
        &mut self,
        flow: Option<FlowRef>,
        host: HostId,
        peer: HostId,
        side: Side,
        certificate: Certificate,
        admitted: bool,
    ) {
        let connection = ConnectionId(self.connections + 1);
        let (name, wall) = (certificate.subject, self.wall(host));
        let staple = self.stapled.then(|| self.status(certificate.serial));
        self.tell(
            flow,
            Told::Handshake { connection, host, side, peer, certificate, name, staple, wall },
        );
        if staple.is_none() {
            self.ask_status(flow, host, certificate.serial);
        }
        let wall = self.wall(host);
        self.tell(flow, Told::Verdict { connection, host, side, admitted, wall });
    }

    /// A node asks the responder.
    pub fn ask_status(&mut self, flow: Option<FlowRef>, host: HostId, serial: Serial) {
        let (to, from) = (self.name(OCSP, true), Peer::Node(self.name(host, true)));
        let exchange = self.ask(flow, host, to, from, None, Request::OcspQuery(serial));
        let answer = self.status(serial);
        self.answer(exchange, Response::Ocsp(answer));
    }

    fn status(&self, serial: Serial) -> OcspAnswer {
        let from_now =
            |time: WallTime| WallTime::from_nanos(self.now.as_nanos() as i64 + time.as_nanos());
        OcspAnswer {
            serial,
            this_update: from_now(self.ocsp.this_update),
            next_update: from_now(self.ocsp.next_update),
            ..self.ocsp
        }
    }

    /// A node fetches this version of a list.
    pub fn fetch_list(&mut self, node: HostId, list: &Arc<ListVersion>) {
        let exchange = self.ask_back(None, node, STELSELNODE, None, Request::GetList(list.kind));
        self.answer(exchange, Response::List(Arc::clone(list)));
    }

    /// The list as the register has it now.
    pub fn publish(&self, kind: ListKind, number: u32) -> Arc<ListVersion> {
        Arc::new(self.register.publish(kind, number, self.wall(STELSELNODE)))
    }

    /// Beheer changes the register.
    pub fn change(&mut self, change: Change) {
        let to = self.name(STELSELNODE, true);
        let request = Request::ChangeRegister(change);
        let exchange = self.ask(None, STELSELNODE, to, Peer::Operator, None, request);
        self.register.apply(change);
        self.answer(exchange, Response::Done);
    }

    /// The end.
    pub fn end(&mut self) {
        self.tell(None, Told::RunEnded);
    }
}

/// Two PGO GWs, two ZA GWs with a Zorgaanbieder each, DigiD, the stelselnode and an OCSP responder.
fn directory() -> Directory {
    let mut names = Names::default();
    let roles = [
        ("pgo-1", Role::Pgo),
        ("pgo-2", Role::Pgo),
        ("za-1", Role::Za),
        ("za-2", Role::Za),
        ("digid-1", Role::Digid),
        ("stelselnode-1", Role::Stelselnode),
        ("ocsp-1", Role::Ocsp),
        ("xis-1", Role::Xis),
        ("xis-2", Role::Xis),
    ];
    let mut name_leads_to = Vec::new();
    let mut hosts = Vec::new();
    for (place, (name, role)) in roles.into_iter().enumerate() {
        let host = HostId(place as u32);
        let node = names.host(&format!("{name}.example.nl"));
        name_leads_to.push(Some(host));
        if matches!(role, Role::Za | Role::Digid) {
            names.host(&format!("front.{name}.example.nl"));
            name_leads_to.push(Some(host));
        }
        hosts.push(Host {
            name: name.into(),
            role,
            workers: 4,
            node: matches!(role, Role::Pgo | Role::Za | Role::Stelselnode).then_some(node),
            serial: Some(Serial(100 + place as u32)),
            releases: ReleaseSet::only(Release::R1_0),
            zorgaanbieder: (role == Role::Xis).then(|| ZorgaanbiederId(place as u32 - XIS.0)),
        });
    }
    for redirect in REDIRECTS {
        names.uri(redirect);
    }
    name_leads_to.resize(names.host_count(), None);
    let organisations = ["pgo-1", "pgo-2", "za-1", "za-2"].map(|name| names.organisation(name));
    let gateways = (0..4).map(|place| Gateway {
        node: hosts[place].node.unwrap_or(NameId(0)),
        organisation: organisations[place],
        kind: if place < 2 { ParticipantKind::Dvp } else { ParticipantKind::Dvza },
        listed: true,
    });
    let mut addresses = |name: &str, path: &str| Addresses {
        releases: ReleaseSet::only(Release::R1_0),
        authorization: names.uri(&format!("https://front.{name}.example.nl/{path}")),
        token: names.uri(&format!("https://{name}.example.nl/token")),
        resources: vec![names.uri(&format!("https://{name}.example.nl/fhir"))],
    };
    let register = Register {
        gateways: gateways.collect(),
        listings: vec![
            Listing {
                zorgaanbieder: HOSPITAL,
                listed: true,
                offers: vec![
                    Offer { dienst: LAB, addresses: 0 },
                    Offer { dienst: DOCUMENTS, addresses: 0 },
                ],
            },
            Listing {
                zorgaanbieder: GP,
                listed: true,
                offers: vec![Offer { dienst: LAB, addresses: 1 }],
            },
        ],
        addresses: vec![addresses("za-1", "auth"), addresses("za-2", "auth")],
        moves: vec![vec![PreparedMove { place: 0, addresses: addresses("za-2", "moved") }]],
        prepared: vec![PreparedOffer {
            zorgaanbieder: GP,
            offer: Offer { dienst: DOCUMENTS, addresses: 1 },
        }],
    };
    for zorgaanbieder in ["ziekenhuis@medmij", "huisarts@medmij"] {
        names.zorgaanbieder(zorgaanbieder);
    }
    Directory {
        name_leads_to,
        provider_type: vec![0, 1],
        provider_types: vec!["ziekenhuis".into(), "huisarts".into()],
        provider_gateway: vec![ZA, OTHER_ZA],
        names: Arc::new(names),
        lists: register.publish_all(),
        register,
        release: Release::R1_0,
        hosts,
    }
}
