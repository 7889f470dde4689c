//! Trace events: the only thing that leaves a run. Statistics, checkers, traces and reports all read these.
//!
//! Most events are evidence: what a driver saw on the wire, at a station or at a clock. A [`Note`] is
//! testimony: what an actor says of itself, which no checker of that actor's duties believes (semantics 8).

use crate::{
    catalogue::Gegevensdienst,
    contract::{Failure, TimerId, Work},
    id::{ConnectionId, ExchangeId, FlowId, HostId, NameId, PersonId, ZorgaanbiederId},
    message::{Certificate, Envelope, Kind, OcspAnswer, Side},
    register::{ListFault, ListKind},
    release::Release,
    rule::Rule,
    time::{Duration, Instant, WallTime},
};

/// Whoever reads the events of a run.
pub trait Sink {
    /// Takes one event. Events come in the order in which they happened.
    fn event(&mut self, stamp: Stamp, event: Event<'_>);
}

/// When, and whose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// When it happened.
    pub at: Instant,
    /// The flow that caused it; none if no flow did.
    pub flow: Option<FlowRef>,
}

/// A flow, and the place that it has among those in progress. Places are used again once every trace of
/// a flow is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlowRef {
    /// Place.
    pub place: u32,
    /// The flow.
    pub id: FlowId,
}

/// What a flow is about. Known to the driver, which made the arrival or recognised the flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlowFacts {
    /// What kind of flow.
    pub kind: FlowKind,
    /// The flow that caused this one, if one did.
    pub parent: Option<FlowId>,
    /// Who, if a person is behind it.
    pub person: Option<PersonId>,
    /// Through which PGO.
    pub pgo: HostId,
    /// Through which gateway, as the topology has it at the start.
    pub za: HostId,
    /// At whom.
    pub zorgaanbieder: ZorgaanbiederId,
    /// What.
    pub dienst: Gegevensdienst,
    /// Under which release.
    pub release: Release,
}

/// Kinds of flows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FlowKind {
    /// UC Verzamelen.
    Verzamelen,
}

impl FlowKind {
    /// As result files name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verzamelen => "verzamelen",
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A flow begins.
    FlowBegan {
        /// The visitor whose flow it is.
        host: HostId,
        /// What it is about.
        facts: &'a FlowFacts,
    },
    /// Its person is done with it: served, told an exception, or gone.
    FlowEnded {
        /// The visitor.
        host: HostId,
        /// Whether its person left while still waiting for an answer.
        waiting: bool,
    },
    /// A visitor left for good; with it, its wish ends.
    VisitorLeft {
        /// The visitor.
        host: HostId,
    },
    /// A request leaves its asker.
    Asked {
        /// Who asks.
        from: HostId,
        /// The host behind the name, if there is one.
        to: Option<HostId>,
        /// The exchange that waits for this one.
        parent: Option<ExchangeId>,
        /// The request.
        envelope: &'a Envelope,
    },
    /// A request or a response arrives at a host, before any queue.
    Arrived {
        /// Where.
        host: HostId,
        /// When it left.
        sent: Instant,
        /// The message.
        envelope: &'a Envelope,
        /// The calendar time that this host believes in.
        wall: WallTime,
    },
    /// A response leaves the host that was asked.
    Answered {
        /// Who answers.
        from: HostId,
        /// The response.
        envelope: &'a Envelope,
        /// When the request arrived there.
        asked: Instant,
        /// The rule that was given as the reason, for a refusal.
        refusal: Option<Rule>,
        /// The calendar time that this host believes in.
        wall: WallTime,
    },
    /// An exchange ended without a response, as its asker is about to learn.
    Failed {
        /// The asker.
        host: HostId,
        /// Who should have answered, if there was anybody.
        peer: Option<HostId>,
        /// The exchange.
        exchange: ExchangeId,
        /// The request that got no answer.
        kind: Kind,
        /// How it ended.
        failure: Failure,
    },
    /// A response came for an exchange that had ended; it was dropped.
    TooLate {
        /// Where.
        host: HostId,
        /// The exchange.
        exchange: ExchangeId,
    },
    /// A job found the queue full: it was turned away.
    TurnedAway {
        /// Where.
        host: HostId,
    },
    /// A job joined the queue or went straight to a worker.
    Queued {
        /// Where.
        host: HostId,
    },
    /// A worker took a job.
    ServiceBegan {
        /// Where.
        host: HostId,
        /// Since when the job waited.
        queued: Instant,
    },
    /// One work of a job, and what it costs.
    Worked {
        /// Where.
        host: HostId,
        /// What.
        work: Work,
        /// For how long.
        cost: Duration,
    },
    /// A worker finished a job; what it sends leaves now.
    ServiceEnded {
        /// Where.
        host: HostId,
        /// Since when the worker was at it.
        began: Instant,
    },
    /// Jobs were lost: their host crashed.
    Dropped {
        /// Where.
        host: HostId,
        /// Jobs that waited.
        waiting: u32,
        /// Jobs in service.
        in_service: u32,
    },
    /// A connection is being opened: the handshake is done but for the verdicts.
    Handshake {
        /// The connection.
        connection: ConnectionId,
        /// The end that sees the certificate.
        host: HostId,
        /// Which end that is.
        side: Side,
        /// The other end.
        peer: HostId,
        /// What it shows.
        certificate: &'a Certificate,
        /// The name that was dialled, or the certificate's subject.
        name: NameId,
        /// The OCSP answer that the other end stapled, if it did.
        staple: Option<&'a OcspAnswer>,
        /// The calendar time that this host believes in.
        wall: WallTime,
    },
    /// One end gave its verdict on the other.
    Verdict {
        /// The connection.
        connection: ConnectionId,
        /// The end that decided.
        host: HostId,
        /// Which end that is.
        side: Side,
        /// Whether it admits the other.
        admitted: bool,
        /// The rule it named, if it does not.
        refusal: Option<Rule>,
        /// The calendar time that this host believes in.
        wall: WallTime,
    },
    /// An actor noted something.
    Noted {
        /// Who.
        host: HostId,
        /// What.
        note: Note,
    },
    /// Something happened to a host.
    Host {
        /// Which.
        host: HostId,
        /// What.
        change: HostChange,
    },
    /// Something happened to a link.
    Link {
        /// From.
        from: HostId,
        /// To.
        to: HostId,
        /// Whether a fault began there, or ended.
        faulty: bool,
    },
    /// A name leads to another host from now on, or to none.
    NameMoved {
        /// The name.
        name: NameId,
        /// The host.
        to: Option<HostId>,
    },
    /// The horizon: flows that begin from now on are load only.
    HorizonReached,
    /// The run is over.
    RunEnded,
}

/// What can happen to a host from outside.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum HostChange {
    /// It refuses connections.
    Down,
    /// It takes them again.
    Up,
    /// It lost everything but what is durable, and started again.
    Crashed,
    /// Its services freeze.
    Paused,
    /// They go on.
    Resumed,
    /// Services that begin from now on cost this many times as much; 1 is normal.
    Slowed(f64),
    /// Its calendar clock is off by this many nanoseconds.
    Skewed(i64),
    /// Its clocks run off by this many parts per million.
    Drifts(f64),
    /// Its certificate ends at that time.
    CertificateEnds(WallTime),
}

/// What an actor says of itself.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Note {
    /// An input did not fit: it was ignored.
    Unexpected(Kind),
    /// A timer came that nobody waited for.
    StaleTimer(TimerId),
    /// A peer that this actor needs did not answer.
    PeerLost(Failure),
    /// The ZA GW logged the person's consent (step 10).
    ConsentLogged,
    /// The ZA GW logged the person's refusal (exception 4).
    RefusalLogged,
    /// The PGO GW took the code as proof of consent and logged it (step 11).
    CodeTakenAsConsent,
    /// The PGO GW stored an answer in the Dossier, with what belongs to it (step 16).
    Stored(Stored),
    /// A list is in use from now on.
    ListInUse(ListKind, u32),
    /// A list was not taken into use.
    ListRejected(ListKind, u32, ListFault),
    /// A list that was fetched is the one in use already.
    ListUnchanged(ListKind, u32),
    /// A list was published.
    Published(ListKind, u32),
    /// The register changed.
    RegisterChanged,
    /// A new code or token was equal to a live one; another was made.
    CollisionDetected(Secret),
    /// A new code or token was equal to a live one that this instance could not see.
    CollisionUndetected(Secret),
    /// A code or token was issued.
    Issued(Secret),
    /// A code or token is past its validity.
    Expired(Secret),
    /// A limit was reached, so something was turned away or forgotten before its time.
    LimitReached(Limit),
    /// The person gave up waiting.
    PatienceEnded,
    /// The person went back to an earlier page.
    WentBack,
    /// The person loaded a page again.
    Reloaded,
    /// The person sent a form twice.
    SentTwice,
    /// The person looked at the Dossier.
    DossierConsulted,
    /// An operator of a participant was told of a code that was offered twice (APP 12).
    BreachSuspected,
}

/// Which kind of secret value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Secret {
    /// An authorization code.
    Code,
    /// An access token.
    Token,
}

/// Limits that actors keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// Sessions at one host.
    Sessions,
    /// Wrong codes or tokens from one client in a while (RFC 6819 §4.4.1.3, §4.4.1.12).
    Guesses,
    /// Tries to make a value that is not live.
    Tries,
    /// Documents of one collection.
    Documents,
}

/// What the PGO GW keeps with an answer (step 16, PI 3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stored {
    /// At whom.
    pub zorgaanbieder: ZorgaanbiederId,
    /// What.
    pub dienst: Gegevensdienst,
    /// Which query of the service.
    pub call: u8,
    /// Size in bytes.
    pub bytes: u32,
    /// When it came.
    pub received: WallTime,
    /// Version of the source's record.
    pub version: u32,
}
