//! What goes on in a twin, kept as it is told: hosts, the latest flows event by event, and counts.
//!
//! Bounded: of flows that ended the latest are kept, of long bodies the beginning. Judges nothing (`watch` does) and
//! answers nobody (`api` does).

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use protocol::{
    id::NameId,
    message::{Browse, Envelope, Message, Request},
    rule::Rule,
    time::{Duration, Instant},
    trace::{Event, FlowFacts, FlowRef, HostChange, Stamp},
};
use twin::world::Passage;
use watch::{
    directory::Directory,
    statistics::{Outcome, Trace, TraceEvent, TraceRecord, exchange_text, steps},
};

use super::{
    bytes::{self, Passed},
    metrics::Times,
    record::{Line, Record, Seen},
};

/// Flows that ended are kept so many.
const ENDED: usize = 200;

/// Exchanges of no flow are kept so many.
const APART: usize = 200;

/// So much of a body is kept where nothing is recorded.
const BODY: usize = 16 << 10;

/// Events of one flow that are kept.
const RECORDS: usize = 20_000;

/// What goes on.
#[derive(Debug)]
pub(crate) struct Live {
    pub directory: Arc<Directory>,
    /// Every host.
    pub hosts: Vec<HostNow>,
    /// Flows in progress, by their places.
    pub going: BTreeMap<u32, FlowNow>,
    /// Flows that ended, the latest last.
    pub ended: VecDeque<FlowNow>,
    /// What passed outside flows, the latest last.
    pub apart: VecDeque<Passed>,
    /// How many flows began.
    pub begun: u64,
    /// How many flows ended so.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// How often a connection was not admitted, by the rule that was named.
    pub not_admitted: BTreeMap<&'static str, u64>,
    /// How long answers took.
    pub times: Times,
    record: Option<Record>,
}

/// A host as it stands now.
#[derive(Clone, Debug)]
pub(crate) struct HostNow {
    pub is_up: bool,
    pub is_paused: bool,
    /// Services cost so many times as much.
    pub slowed: f64,
    pub waiting: u32,
    pub busy: u32,
    pub done: u64,
    pub turned_away: u64,
}

/// A flow, and all that was seen of it.
#[derive(Clone, Debug)]
pub(crate) struct FlowNow {
    pub facts: FlowFacts,
    pub began: Instant,
    /// When it ended, and how.
    pub ended: Option<(Instant, Outcome)>,
    /// The steps of UCI Verzamelen that are done, by bit.
    pub steps: u32,
    pub trace: Trace,
    pub bytes: Vec<Passed>,
}

impl FlowNow {
    /// The steps that are done.
    pub fn steps(&self) -> Vec<u8> {
        (1..=steps::STEPS as u8).filter(|step| self.steps & (1 << step) != 0).collect()
    }

    /// As a recording keeps it.
    fn line(&self) -> Line {
        Line::Flow(Box::new(Seen { trace: self.trace.clone(), bytes: self.bytes.clone() }))
    }

    fn done(&mut self, step: Option<u8>) {
        self.steps |= step.map_or(0, |step| 1 << step);
    }
}

impl Live {
    /// Nothing has happened yet.
    pub fn new(directory: &Arc<Directory>, record: Option<Record>) -> Self {
        let host = HostNow {
            is_up: true,
            is_paused: false,
            slowed: 1.0,
            waiting: 0,
            busy: 0,
            done: 0,
            turned_away: 0,
        };
        Self {
            hosts: vec![host; directory.hosts.len()],
            going: BTreeMap::new(),
            ended: VecDeque::new(),
            apart: VecDeque::new(),
            begun: 0,
            outcomes: BTreeMap::new(),
            not_admitted: BTreeMap::new(),
            times: Times::default(),
            directory: Arc::clone(directory),
            record,
        }
    }

    /// Takes an event. `outcome` is how the flow ended that it ends.
    pub fn event(&mut self, stamp: Stamp, event: &Event<'_>, outcome: Option<Outcome>) {
        self.of_host(event);
        match event {
            Event::Answered { envelope, asked, .. } => self.answered(envelope, *asked, stamp.at),
            Event::Verdict { admitted: false, refusal, .. } => {
                let rule = refusal.map_or("none", Rule::name);
                *self.not_admitted.entry(rule).or_default() += 1;
            }
            _ => {}
        }
        if let Some(flow) = stamp.flow {
            self.of_flow(flow, stamp.at, event, outcome);
        }
    }

    /// Takes what passes as bytes.
    pub fn passed(&mut self, stamp: Stamp, passage: Passage<'_>, host: &str) {
        let most = if self.record.is_some() { usize::MAX } else { BODY };
        let at_ns = stamp.at.as_nanos();
        let exchange = passage.exchange.map(exchange_text);
        let is_open = |passed: &&mut Passed| {
            passed.exchange == exchange && passed.host == host && passed.response.is_none()
        };
        let flow = stamp.flow.and_then(|flow| {
            let latest = self.ended.iter_mut().rev().find(|ended| is_flow(ended, flow));
            self.going.get_mut(&flow.place).filter(|going| is_flow(going, flow)).or(latest)
        });
        if let Some(flow) = flow {
            let mut new = Vec::new();
            let open = flow.bytes.iter_mut().rev().find(is_open);
            bytes::put(&mut new, open, at_ns, host, passage, most);
            flow.bytes.append(&mut new);
            return;
        }
        let mut new = Vec::new();
        let open = self.apart.iter_mut().rev().find(is_open);
        let answered = open.is_some();
        bytes::put(&mut new, open, at_ns, host, passage, most);
        self.apart.extend(new);
        if answered
            && let Some(record) = &self.record
            && let Some(whole) = self.apart.iter().rev().find(|passed| {
                passed.exchange == exchange && passed.host == host && passed.response.is_some()
            })
        {
            record.keep(Line::Apart(Box::new(whole.clone())));
        }
        while self.apart.len() > APART {
            self.apart.pop_front();
        }
    }

    /// Ends the recording, if one goes on: flows in progress are written as far as they came.
    pub fn end_record(&mut self) -> Option<Record> {
        let record = self.record.take()?;
        for flow in self.going.values() {
            record.keep(flow.line());
        }
        Some(record)
    }

    fn of_host(&mut self, event: &Event<'_>) {
        let (Event::Queued { host }
        | Event::ServiceBegan { host, .. }
        | Event::ServiceEnded { host, .. }
        | Event::Dropped { host, .. }
        | Event::TurnedAway { host }
        | Event::Host { host, .. }) = event
        else {
            return;
        };
        if host.is_visitor() {
            return;
        }
        let Some(now) = self.hosts.get_mut(host.place()) else { return };
        match event {
            Event::Queued { .. } => now.waiting += 1,
            Event::ServiceBegan { .. } => {
                now.waiting = now.waiting.saturating_sub(1);
                now.busy += 1;
            }
            Event::ServiceEnded { .. } => {
                now.busy = now.busy.saturating_sub(1);
                now.done += 1;
            }
            Event::Dropped { waiting, in_service, .. } => {
                now.waiting = now.waiting.saturating_sub(*waiting);
                now.busy = now.busy.saturating_sub(*in_service);
            }
            Event::TurnedAway { .. } => now.turned_away += 1,
            Event::Host { change, .. } => match change {
                HostChange::Up => now.is_up = true,
                HostChange::Down => now.is_up = false,
                HostChange::Paused => now.is_paused = true,
                HostChange::Resumed => now.is_paused = false,
                HostChange::Slowed(factor) => now.slowed = *factor,
                HostChange::Crashed
                | HostChange::Skewed(_)
                | HostChange::Drifts(_)
                | HostChange::CertificateEnds(_) => {}
            },
            _ => {}
        }
    }

    fn answered(&mut self, envelope: &Envelope, asked: Instant, now: Instant) {
        let took: Duration = now.since(asked);
        self.times.answered(envelope.message.kind(), took);
    }

    fn of_flow(
        &mut self,
        flow: FlowRef,
        now: Instant,
        event: &Event<'_>,
        outcome: Option<Outcome>,
    ) {
        if let Event::FlowBegan { facts, .. } = event {
            self.begun += 1;
            let new = FlowNow {
                facts: **facts,
                began: now,
                ended: None,
                steps: 0,
                trace: Trace {
                    arrival: flow.id.arrival,
                    attempt: flow.id.attempt,
                    records: Vec::new(),
                },
                bytes: Vec::new(),
            };
            // Whoever had the place before has ended, or was never heard of again.
            self.going.insert(flow.place, new);
        }
        let Some(known) = self.going.get_mut(&flow.place).filter(|known| is_flow(known, flow))
        else {
            return;
        };
        known.done(match event {
            Event::Arrived { envelope, .. } => steps::completed_by_arrival(&envelope.message),
            // Whoever chooses was offered something, be it before the flow began.
            Event::Asked { envelope, .. } => match &envelope.message {
                Message::Request(Request::Browse(Browse::Choose { .. })) => Some(1),
                Message::Request(request) => steps::completed_by_asking(request),
                Message::Response(_) => None,
            },
            Event::Answered { envelope, .. } => match &envelope.message {
                Message::Response(response) => steps::completed_by_answer(response),
                Message::Request(_) => None,
            },
            _ => None,
        });
        if known.trace.records.len() < RECORDS
            && let Some(event) = TraceEvent::of(event, &self.directory)
        {
            known.trace.records.push(TraceRecord { at_ns: now.as_nanos(), event });
        }
        if let (Event::FlowEnded { .. }, Some(outcome)) = (event, outcome) {
            self.end(flow, now, outcome);
        }
    }

    fn end(&mut self, flow: FlowRef, now: Instant, outcome: Outcome) {
        *self.outcomes.entry(outcome.name()).or_default() += 1;
        let Some(mut known) = self.going.remove(&flow.place) else { return };
        known.ended = Some((now, outcome));
        if outcome == Outcome::Completed {
            known.done(Some(steps::LAST));
        }
        if let Some(record) = &self.record {
            record.keep(known.line());
        }
        self.ended.push_back(known);
        if self.ended.len() > ENDED {
            self.ended.pop_front();
        }
    }

    /// The flow of that number, in progress or ended.
    pub fn flow(&self, arrival: u32, attempt: u16) -> Option<&FlowNow> {
        let is = |flow: &&FlowNow| (flow.trace.arrival, flow.trace.attempt) == (arrival, attempt);
        self.going.values().find(is).or_else(|| self.ended.iter().rev().find(is))
    }

    /// The text of a name that was known at the start.
    pub fn name(&self, name: NameId) -> Option<&str> {
        let names = &self.directory.names;
        (name.index() < names.host_count()).then(|| names.host_text(name))
    }
}

fn is_flow(known: &FlowNow, flow: FlowRef) -> bool {
    (known.trace.arrival, known.trace.attempt) == (flow.id.arrival, flow.id.attempt)
}
