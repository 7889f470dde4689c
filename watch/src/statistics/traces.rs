//! All events of a few chosen flows, as values of their own: for sequence diagrams and for viewers of
//! traces.
//!
//! Texts are written out, so that a trace can be read without the run. Does not draw anything.

use protocol::{
    id::{ExchangeId, FlowId, HostId},
    message::Envelope,
    time::Instant,
    trace::Event,
};
use serde::{Deserialize, Serialize};

use super::{describe::Describe, network::Network};
use crate::directory::Directory;

/// Which flows to record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Traces {
    /// None.
    None,
    /// The first of the cohort, this many.
    First(u32),
    /// These.
    Flows(Vec<FlowId>),
}

/// Everything that happened in one flow.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Trace {
    /// Number of the arrival.
    pub arrival: u32,
    /// Number of the attempt, from 1.
    pub attempt: u16,
    /// What happened, in order.
    pub records: Vec<TraceRecord>,
}

/// One event.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TraceRecord {
    /// Nanoseconds since the start of the run.
    pub at_ns: u64,
    /// What happened.
    pub event: TraceEvent,
}

/// What happened. Hosts by their names in files, persons as `person`; times are nanoseconds since the start
/// of the run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum TraceEvent {
    /// The flow began.
    Began {
        /// What it is about.
        about: String,
    },
    /// The flow ended.
    Ended {
        /// Whether the person left while waiting for an answer.
        waiting: bool,
    },
    /// A request left.
    Asked {
        /// Who asks.
        from: String,
        /// The host behind the name; none if there is none.
        to: Option<String>,
        /// The message.
        message: TraceMessage,
    },
    /// A message arrived.
    Arrived {
        /// Where.
        at: String,
        /// When it left.
        sent_ns: u64,
        /// The message.
        message: TraceMessage,
    },
    /// A response left.
    Answered {
        /// Who answers.
        from: String,
        /// When the request arrived there.
        asked_ns: u64,
        /// The rule named for a refusal.
        refusal: Option<String>,
        /// The message.
        message: TraceMessage,
    },
    /// An exchange ended without a response.
    Failed {
        /// The asker.
        at: String,
        /// Who should have answered.
        peer: Option<String>,
        /// Exchange, as in [`TraceMessage`].
        exchange: String,
        /// The request that got no answer.
        request: String,
        /// How it ended.
        failure: String,
    },
    /// A worker took a job.
    ServiceBegan {
        /// Where.
        at: String,
        /// Since when the job waited.
        queued_ns: u64,
    },
    /// One work of a job.
    Worked {
        /// Where.
        at: String,
        /// What.
        work: String,
        /// For how long.
        cost_ns: u64,
    },
    /// A worker finished a job.
    ServiceEnded {
        /// Where.
        at: String,
        /// Since when the worker was at it.
        began_ns: u64,
    },
    /// A job was turned away: the queue was full.
    TurnedAway {
        /// Where.
        at: String,
    },
    /// A connection was opened, but for the verdicts.
    Handshake {
        /// The end that sees the certificate.
        at: String,
        /// The other end.
        peer: String,
        /// Which end `at` is: `asker` or `answerer`.
        side: String,
    },
    /// One end of a connection gave its verdict.
    Verdict {
        /// The end that decided.
        at: String,
        /// Whether it admits the other.
        admitted: bool,
        /// The rule named, if it does not.
        refusal: Option<String>,
    },
    /// An actor noted something.
    Noted {
        /// Who.
        at: String,
        /// The steps of UCI Verzamelen that it belongs to.
        steps: Vec<u8>,
        /// What.
        note: String,
    },
    /// A response came for an exchange that had ended; it was dropped.
    TooLate {
        /// Where.
        at: String,
        /// The exchange.
        exchange: String,
    },
}

/// A message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TraceMessage {
    /// Which exchange; the same for a request and its response.
    pub exchange: String,
    /// Which kind of message, as the table of all messages names it.
    pub kind: String,
    /// What it says, in one line.
    pub text: String,
    /// The steps of UCI Verzamelen that it belongs to.
    pub steps: Vec<u8>,
    /// The rules that bear on it, by their stable names.
    pub rules: Vec<String>,
    /// Where it travels.
    pub channel: String,
    /// Its size on the wire.
    pub bytes: u64,
}

/// Records chosen flows.
#[derive(Clone, Debug)]
pub struct Recorder {
    wanted: Traces,
    traces: Vec<Trace>,
}

impl Recorder {
    /// Events of one flow that are kept; a flow that goes on for longer is cut off.
    const RECORDS: usize = 100_000;

    /// Nothing recorded yet.
    pub fn new(wanted: Traces) -> Self {
        Self { wanted, traces: Vec::new() }
    }

    /// Whether a flow that begins is to be recorded; if so, it is from now on.
    pub fn begin(&mut self, flow: FlowId, cohort: bool) -> bool {
        let wanted = match &self.wanted {
            Traces::None => false,
            Traces::First(count) => cohort && self.traces.len() < *count as usize,
            Traces::Flows(flows) => flows.contains(&flow),
        };
        if wanted {
            let FlowId { arrival, attempt } = flow;
            self.traces.push(Trace { arrival, attempt, records: Vec::new() });
        }
        wanted
    }

    /// Whether any flow is recorded.
    pub fn is_at_work(&self) -> bool {
        !self.traces.is_empty()
    }

    /// Records an event of a flow that is recorded.
    pub fn record(&mut self, flow: FlowId, now: Instant, event: &Event<'_>, network: &Network) {
        let same =
            |trace: &&mut Trace| (trace.arrival, trace.attempt) == (flow.arrival, flow.attempt);
        let Some(trace) = self.traces.iter_mut().rev().find(same) else { return };
        if trace.records.len() < Self::RECORDS
            && let Some(event) = TraceEvent::of(event, &network.directory)
        {
            trace.records.push(TraceRecord { at_ns: now.as_nanos(), event });
        }
    }

    /// What was recorded.
    pub fn into_traces(self) -> Vec<Trace> {
        self.traces
    }
}

impl TraceEvent {
    /// The event as a value of its own; none for what says nothing about a flow.
    pub fn of(event: &Event<'_>, directory: &Directory) -> Option<Self> {
        let name = |host: HostId| match directory.host(host) {
            Some(entry) => entry.name.clone(),
            None => "person".to_owned(),
        };
        let message = |envelope: &Envelope| {
            let row = envelope.message.kind().row();
            let bound = envelope.message.bound();
            TraceMessage {
                exchange: exchange_text(envelope.exchange),
                kind: format!("{:?}", row.kind),
                text: Describe::new(directory).message(&envelope.message),
                steps: bound.steps.to_vec(),
                rules: bound.rules.iter().map(|rule| rule.name().to_owned()).collect(),
                channel: format!("{:?}", row.channel).to_lowercase(),
                bytes: envelope.message.bytes(),
            }
        };
        let ns = Instant::as_nanos;
        let rule =
            |refusal: &Option<protocol::rule::Rule>| refusal.map(|rule| rule.name().to_owned());
        Some(match event {
            Event::FlowBegan { facts, .. } => {
                Self::Began { about: Describe::new(directory).facts(facts) }
            }
            Event::FlowEnded { waiting, .. } => Self::Ended { waiting: *waiting },
            Event::Asked { from, to, envelope, .. } => {
                Self::Asked { from: name(*from), to: to.map(name), message: message(envelope) }
            }
            Event::Arrived { host, sent, envelope, .. } => {
                Self::Arrived { at: name(*host), sent_ns: ns(*sent), message: message(envelope) }
            }
            Event::Answered { from, envelope, asked, refusal, .. } => Self::Answered {
                from: name(*from),
                asked_ns: ns(*asked),
                refusal: rule(refusal),
                message: message(envelope),
            },
            Event::Failed { host, peer, exchange, kind, failure } => Self::Failed {
                at: name(*host),
                peer: peer.map(name),
                exchange: exchange_text(*exchange),
                request: format!("{kind:?}"),
                failure: format!("{failure:?}"),
            },
            Event::ServiceBegan { host, queued } => {
                Self::ServiceBegan { at: name(*host), queued_ns: ns(*queued) }
            }
            Event::Worked { host, work, cost } => Self::Worked {
                at: name(*host),
                work: work.name().to_owned(),
                cost_ns: cost.as_nanos(),
            },
            Event::ServiceEnded { host, began } => {
                Self::ServiceEnded { at: name(*host), began_ns: ns(*began) }
            }
            Event::TurnedAway { host } => Self::TurnedAway { at: name(*host) },
            Event::Handshake { host, side, peer, .. } => Self::Handshake {
                at: name(*host),
                peer: name(*peer),
                side: format!("{side:?}").to_lowercase(),
            },
            Event::Verdict { host, admitted, refusal, .. } => {
                Self::Verdict { at: name(*host), admitted: *admitted, refusal: rule(refusal) }
            }
            Event::Noted { host, note } => {
                let (steps, note) = Describe::new(directory).note(note);
                Self::Noted { at: name(*host), steps: steps.to_vec(), note }
            }
            Event::TooLate { host, exchange } => {
                Self::TooLate { at: name(*host), exchange: exchange_text(*exchange) }
            }
            Event::Queued { .. }
            | Event::Dropped { .. }
            | Event::VisitorLeft { .. }
            | Event::Host { .. }
            | Event::Link { .. }
            | Event::NameMoved { .. }
            | Event::HorizonReached
            | Event::RunEnded => return None,
        })
    }
}

/// An exchange as traces name it.
pub fn exchange_text(exchange: ExchangeId) -> String {
    format!("{}.{}", exchange.place, exchange.turn)
}
