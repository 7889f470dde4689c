//! All flows in progress: hands each event to the flow that it is of, and what comes of it to the counts.
//!
//! Flows stand at the places that the driver gives them. Events of a flow that has ended are ignored here:
//! its person is done with it.

use std::collections::BTreeMap;

use protocol::{
    contract::Failure,
    id::{ExchangeId, FlowId, HostId},
    message::{
        Availability, Browse, ConsentAnswer, Envelope, Message, Page, Request, Response, Secret,
    },
    role::Role,
    rule::Rule,
    time::Instant,
    trace::{FlowFacts, FlowRef},
};

use super::{
    breakdown::{Front, Steps},
    cause::{Cause, Why},
    cohort::Cohort,
    flow::{Flow, Mark, Part, Repeated, Subject},
    groups::Groups,
    network::Network,
    outcome::{self, End, Outcome, Sight, Trouble},
    sample::{FlowRow, FlowsKept, Sample, StepRow},
    slots::Slots,
    steps::{self, FIRST_REPEATED},
    wishes::Wishes,
};
use crate::directory::Window;

/// A flow and a moment of it, in the network as it stands then.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The flow.
    pub flow: FlowRef,
    /// The moment.
    pub now: Instant,
    /// The network.
    pub network: &'a Network,
}

/// The flows of one replication.
#[derive(Clone, Debug)]
pub struct Flows {
    table: Vec<Flow>,
    /// What the steps took that the flow at each place has completed, if it is of the cohort.
    fronts: Vec<Front>,
    repeated: Slots<Repeated>,
    wishes: Wishes,
    sample: Sample,
    window: Window,
    /// What became of the cohort.
    pub cohort: Cohort,
    /// Flows started, of the cohort or not.
    pub started: u64,
    /// All flows by outcome, of the cohort or not.
    pub outcomes: [u64; Outcome::COUNT],
    /// Events of flows that never began, and flows that began at a place where another had not ended. None
    /// in a run whose driver keeps its word.
    pub strays: u64,
}

impl Flows {
    /// No flows yet.
    pub fn new(
        groups: Groups,
        window: Window,
        kept: FlowsKept,
        seed: u64,
        replication: u32,
    ) -> Self {
        Self {
            table: Vec::new(),
            fronts: Vec::new(),
            repeated: Slots::default(),
            wishes: Wishes::default(),
            sample: Sample::new(kept, seed, replication),
            window,
            cohort: Cohort::new(groups, window),
            started: 0,
            outcomes: [0; Outcome::COUNT],
            strays: 0,
        }
    }

    /// The flow at that place, ended or not, if it is this one.
    pub fn get_mut(&mut self, flow: FlowRef) -> Option<&mut Flow> {
        self.table.get_mut(flow.place as usize).filter(|known| known.id() == flow.id)
    }

    /// The flow at that place, if it is this one and has not ended.
    fn going_on(&mut self, flow: FlowRef) -> Option<&mut Flow> {
        self.get_mut(flow).filter(|known| !known.has(Mark::Ended))
    }

    /// A flow begins. Gives whether it is of the cohort; none if it cannot be followed.
    pub fn began(
        &mut self,
        moment: Moment<'_>,
        visitor: HostId,
        facts: &FlowFacts,
    ) -> Option<bool> {
        let Moment { flow, now, network } = moment;
        let place = flow.place as usize;
        // Places are given out densely; one far beyond the rest is no place of this driver's.
        if place > self.table.len() + (1 << 16) {
            self.strays += 1;
            return None;
        }
        let subject = Subject {
            kind: facts.kind,
            pgo: network.place(facts.pgo, Role::Pgo),
            za: network.place(facts.za, Role::Za),
            zorgaanbieder: facts.zorgaanbieder,
            dienst: facts.dienst,
            release: facts.release,
        };
        let mut new = Flow::begin(flow.id, facts.person, subject, now);
        self.started += 1;
        let cohort = self.window.has(now);
        if cohort {
            new.mark(Mark::Cohort);
            self.cohort.started(&subject, now);
        }
        new.sample = self.sample.begin(flow.id);
        self.wishes.began(visitor, flow.id, subject, now, self.window, &mut self.cohort);
        if place >= self.table.len() {
            // Places that were skipped hold what has ended already.
            let mut nobody = new.clone();
            nobody.mark(Mark::Ended);
            self.table.resize(place + 1, nobody);
            self.fronts.resize(place + 1, Front::default());
        } else if !self.table[place].has(Mark::Ended) {
            self.strays += 1;
            if self.table[place].is_repeating() {
                // Its memory, not its outcome: conservation must show that it has none.
                let _ = self.table[place].end(&mut self.repeated);
            }
        }
        self.table[place] = new;
        Some(cohort)
    }

    /// The person of a flow is done with it. Gives the outcome.
    pub fn ended(&mut self, moment: Moment<'_>, visitor: HostId, waiting: bool) -> Option<Outcome> {
        let Moment { flow, now, network } = moment;
        let Some(known) = self.going_on(flow) else {
            self.strays += 1;
            return None;
        };
        known.spend(now, Part::Wait);
        // An answer to an older click may still be on its way while the person looks at a page.
        let end = match (known.has(Mark::Waiting), waiting) {
            (false, _) => End::Done,
            (true, true) => End::Waiting,
            (true, false) => End::Nowhere,
        };
        let outcome = outcome::outcome(known.seen(), end);
        if outcome == Outcome::Abandoned {
            known.blame(Cause::nowhere(Why::Left), Role::Person);
        }
        let cause = known.cause;
        self.close(flow.place as usize, outcome, Some(now), network);
        self.wishes.ended(visitor, flow.id, outcome, cause);
        Some(outcome)
    }

    /// A visitor left for good.
    pub fn visitor_left(&mut self, visitor: HostId) {
        self.wishes.left(visitor, &mut self.cohort);
    }

    /// A request of a flow leaves.
    pub fn asked(&mut self, moment: Moment<'_>, from: HostId, envelope: &Envelope) {
        let Moment { flow, now, .. } = moment;
        let Message::Request(request) = &envelope.message else { return };
        // Its gateway may go on collecting when the person is gone; whose data come is watched all the same.
        if let (Request::Fetch(fetch), Some(known)) = (request, self.get_mut(flow)) {
            known.call = fetch.call;
        }
        let Some(place) = self.place(flow) else { return };
        let known = &mut self.table[place];
        if from.is_visitor() {
            known.click(envelope.exchange.place, now);
            match said(request) {
                Some(Said::No(why)) => known.decide_against(why),
                Some(Said::Yes(why)) => known.decide_for(why),
                None => {}
            }
            return;
        }
        // What a service sends leaves at its end.
        known.spend(now, Part::Service);
        if let Request::Fetch(_) = request {
            known.calls = known.calls.saturating_add(1);
            let left = known.step();
            known.repeat(&mut self.repeated);
            self.left(place, left, now);
        }
        if let Some(step) = steps::completed_by_asking(request) {
            self.complete(place, step, now);
        }
    }

    /// A message of a flow arrives.
    pub fn arrived(
        &mut self,
        moment: Moment<'_>,
        host: HostId,
        envelope: &Envelope,
        sent: Instant,
    ) {
        let Moment { flow, now, network } = moment;
        let Some(place) = self.place(flow) else { return };
        let known = &mut self.table[place];
        known.spend_on_the_way(sent, now);
        if let Message::Response(response) = &envelope.message {
            let sender = network.sender(envelope.from);
            if let Some(cause) = blame(known, response, host, sender, network) {
                known.blame(cause, network.role(host));
            }
            if !host.is_visitor() {
                match response {
                    Response::Unavailable | Response::BadRequest => {
                        known.trouble_is(Trouble::Other);
                    }
                    Response::Availability(Availability::Nothing | Availability::UnderAge) => {
                        known.mark(Mark::NothingThere);
                    }
                    _ => {}
                }
            } else if known.shows(envelope.exchange.place)
                && let Some(sight) = sight(known, response)
            {
                let waited = known.show(sight, now);
                let is_page = matches!(response, Response::Page { .. });
                if let Some(waited) = waited.filter(|_| is_page && known.has(Mark::Cohort)) {
                    self.cohort.page(waited);
                }
            }
        }
        if let Some(step) = steps::completed_by_arrival(&envelope.message) {
            self.complete(place, step, now);
        }
    }

    /// A response of a flow leaves.
    pub fn answered(
        &mut self,
        moment: Moment<'_>,
        from: HostId,
        response: &Response,
        refusal: Option<Rule>,
    ) {
        let Moment { flow, now, network } = moment;
        let Some(place) = self.place(flow) else { return };
        let known = &mut self.table[place];
        // What a service sends leaves at its end.
        known.spend(now, Part::Service);
        if let Some(rule) = refusal {
            known.blame(Cause::at(Why::Rule(rule), from), network.role(from));
        }
        if let Some(step) = steps::completed_by_answer(response) {
            self.complete(place, step, now);
        }
    }

    /// An exchange of a flow ends without a response.
    pub fn failed(
        &mut self,
        moment: Moment<'_>,
        host: HostId,
        peer: Option<HostId>,
        exchange: ExchangeId,
        failure: Failure,
    ) {
        let Moment { flow, now, network } = moment;
        let Some(known) = self.going_on(flow) else { return };
        known.spend(now, Part::Wait);
        let down = peer.is_some_and(|peer| network.is_down(peer));
        let crashed = peer.is_some_and(|peer| network.crashed_since(peer, known.started()));
        known.blame(Cause::of_failure(failure, peer, down, crashed), network.role(host));
        if !host.is_visitor() {
            known.trouble_is(Trouble::of(failure));
        } else if known.shows(exchange.place) {
            known.show(outcome::of_failure(failure), now);
        }
    }

    /// A job of a flow was turned away.
    pub fn turned_away(&mut self, moment: Moment<'_>, host: HostId) {
        if let Some(known) = self.going_on(moment.flow) {
            known.blame(Cause::at(Why::QueueFull, host), moment.network.role(host));
        }
    }

    /// A connection of a flow was not admitted.
    pub fn not_admitted(&mut self, moment: Moment<'_>, host: HostId, refusal: Option<Rule>) {
        let Some(known) = self.going_on(moment.flow) else { return };
        known.trouble_is(Trouble::Tls);
        let cause = Cause::at(refusal.map_or(Why::TlsAlert, Why::Rule), host);
        known.blame(cause, moment.network.role(host));
    }

    /// Time of a flow up to now went there.
    pub fn spent(&mut self, moment: Moment<'_>, part: Part) {
        if let Some(known) = self.going_on(moment.flow) {
            known.spend(moment.now, part);
        }
    }

    /// The run is over: what has not ended never will.
    pub fn close_all(&mut self, now: Instant, network: &Network) {
        let mut running = BTreeMap::new();
        for place in 0..self.table.len() {
            let known = &mut self.table[place];
            if known.has(Mark::Ended) {
                continue;
            }
            // Up to the end of the run it was under way, if its person was not looking at a page.
            known.spend(now, Part::Wait);
            let outcome = outcome::outcome(known.seen(), End::Never);
            running.insert(known.id().arrival, (outcome, known.cause));
            self.close(place, outcome, None, network);
        }
        self.wishes.close(&running, &mut self.cohort);
    }

    /// The rows of flows.csv and steps.csv.
    pub fn take_rows(&mut self) -> (Vec<FlowRow>, Vec<StepRow>) {
        std::mem::replace(&mut self.sample, Sample::new(FlowsKept::None, 0, 0)).into_rows()
    }

    /// The place of a flow that has not ended.
    fn place(&mut self, flow: FlowRef) -> Option<usize> {
        self.going_on(flow).map(|_| flow.place as usize)
    }

    fn complete(&mut self, place: usize, step: u8, now: Instant) {
        let known = &mut self.table[place];
        let left = known.step();
        if let Some(time) = known.complete(step, &mut self.repeated) {
            if known.has(Mark::Cohort) {
                self.cohort.step(&time);
                self.fronts[place].completed(left, &time);
            }
            if known.sample != Flow::NOWHERE {
                self.sample.step(known.sample, known.id(), time);
            }
        } else {
            self.left(place, left, now);
        }
    }

    /// A step that repeats may have been left.
    fn left(&mut self, place: usize, step: u8, now: Instant) {
        let known = &self.table[place];
        if known.sample != Flow::NOWHERE && step >= FIRST_REPEATED && known.step() != step {
            self.sample.left(known.sample, known.id(), step, now);
        }
    }

    fn close(&mut self, place: usize, outcome: Outcome, ended: Option<Instant>, network: &Network) {
        let known = &mut self.table[place];
        let completed = outcome == Outcome::Completed;
        if completed {
            known.cause = None;
        }
        let step = known.step();
        let mut steps = Steps::before(step, &self.fronts[place]);
        for time in known.end(&mut self.repeated) {
            steps.add(&time);
            if completed && time.step >= FIRST_REPEATED && known.has(Mark::Cohort) {
                self.cohort.step(&time);
            }
            if known.sample != Flow::NOWHERE {
                self.sample.step(known.sample, known.id(), time);
            }
        }
        self.outcomes[outcome as usize] += 1;
        if known.has(Mark::Cohort) {
            self.cohort.ended(known, outcome, &steps);
        }
        if known.sample != Flow::NOWHERE {
            self.sample.end(known.sample, row(known, outcome, ended, step, network));
        }
    }
}

/// What a person says by asking something.
enum Said {
    /// That it does not go on, for this reason.
    No(Why),
    /// The opposite of that reason.
    Yes(Why),
}

fn said(request: &Request) -> Option<Said> {
    let Request::Browse(browse) = request else { return None };
    match browse {
        Browse::AnswerConsent { answer: ConsentAnswer::Refused, .. } => Some(Said::No(Why::SaidNo)),
        Browse::AnswerConsent { answer: ConsentAnswer::Given, .. } => Some(Said::Yes(Why::SaidNo)),
        Browse::CancelLogin { .. } => Some(Said::No(Why::Cancelled)),
        Browse::LogIn { secret: Secret::Right(_), .. } => Some(Said::Yes(Why::Cancelled)),
        Browse::LogIn { secret: Secret::Wrong, .. } => Some(Said::No(Why::WrongCredentials)),
        _ => None,
    }
}

/// What a response that arrives at `host` says of what went wrong.
fn blame(
    flow: &Flow,
    response: &Response,
    host: HostId,
    sender: Option<HostId>,
    network: &Network,
) -> Option<Cause> {
    let at = |why| Some(sender.map_or(Cause::nowhere(why), |sender| Cause::at(why, sender)));
    match response {
        Response::Unavailable => at(Why::Unavailable),
        Response::BadRequest => at(Why::BadRequest),
        Response::Availability(Availability::Nothing) => at(Why::NothingThere),
        Response::Availability(Availability::UnderAge) => at(Why::UnderAge),
        Response::Page { page: Page::NotOffered, .. } if host.is_visitor() => at(Why::NotOffered),
        Response::Page { page: Page::NoSession, .. } if host.is_visitor() => {
            let crashed =
                sender.is_some_and(|sender| network.crashed_since(sender, flow.started()));
            at(if crashed { Why::Crashed } else { Why::NoSession })
        }
        _ => None,
    }
}

/// What a response means to the person who sees it; none for a redirect, which nobody sees.
fn sight(flow: &Flow, response: &Response) -> Option<Sight> {
    match response {
        Response::Redirect { .. } => None,
        Response::Page { page, .. } => {
            Some(outcome::of_page(page, flow.has(Mark::SaidNo), flow.trouble()))
        }
        Response::Unavailable | Response::BadRequest => Some(outcome::of_error_page()),
        _ => Some(Sight::Aside),
    }
}

fn row(
    flow: &Flow,
    outcome: Outcome,
    ended: Option<Instant>,
    step: u8,
    network: &Network,
) -> FlowRow {
    let subject = flow.subject();
    let id: FlowId = flow.id();
    FlowRow {
        flow: id,
        kind: subject.kind,
        person: flow.person(),
        pgo: network.pgos().get(usize::from(subject.pgo)).copied(),
        za: network.zas().get(usize::from(subject.za)).copied(),
        provider: subject.zorgaanbieder,
        service: subject.dienst,
        release: subject.release,
        started: flow.started(),
        ended,
        outcome,
        cause: flow.cause,
        step,
        human: flow.human(),
        machine: flow.machine(),
        calls: flow.calls,
    }
}
