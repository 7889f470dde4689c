//! One flow in progress: where its time went, how far it came, what its person saw.
//!
//! Every nanosecond between the start of a flow and its end goes to exactly one of four: the person
//! (*human*), a link (*network*), a queue or a peer that is waited for (*wait*), a worker (*service*).
//! A cursor says up to when that is done; each event takes the time from there to itself. While the person
//! is looking at a page all of it is theirs, whatever else still goes on. Does not count anything over
//! flows (`cohort`) and does not know which event completes which step (`steps`).

use protocol::{
    catalogue::Gegevensdienst,
    id::{FlowId, PersonId, ZorgaanbiederId},
    release::Release,
    role::Role,
    time::{Duration, Instant},
    trace::FlowKind,
};

use super::{
    cause::{Cause, Why},
    outcome::{Outcome, Sight, Trouble, after},
    slots::Slots,
    steps::{FIRST_REPEATED, LAST},
};

/// Where machine time can go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// A link.
    Network,
    /// A queue, or a peer that is waited for.
    Wait,
    /// A worker.
    Service,
}

/// Machine time, by where it went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Parts {
    /// On links.
    pub network: Duration,
    /// In queues and waiting for peers.
    pub wait: Duration,
    /// At workers.
    pub service: Duration,
}

impl Parts {
    /// All of it.
    pub fn total(&self) -> Duration {
        self.network + self.wait + self.service
    }
}

/// The time that one step of one flow took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StepTime {
    /// The step, 1 to 16.
    pub step: u8,
    /// When it was over, for the last time if it was repeated.
    pub ended: Instant,
    /// Time that the person took.
    pub human: Duration,
    /// Time that machines took.
    pub parts: Parts,
}

/// Who and what, as places in the tables of a watcher.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subject {
    /// What kind of flow.
    pub kind: FlowKind,
    /// Place among the PGOs; [`Self::NONE`] for none.
    pub pgo: u16,
    /// Place among the ZA gateways; [`Self::NONE`] for none.
    pub za: u16,
    /// At whom.
    pub zorgaanbieder: ZorgaanbiederId,
    /// What.
    pub dienst: Gegevensdienst,
    /// Under which release.
    pub release: Release,
}

impl Subject {
    /// No place.
    pub const NONE: u16 = u16::MAX;
}

/// What is known of a flow in progress.
#[derive(Clone, Debug)]
pub struct Flow {
    started: Instant,
    /// Up to when all time has gone somewhere.
    cursor: Instant,
    /// Time of the person in the steps before the one in progress.
    human_before: Duration,
    /// Time of the person in the step in progress.
    human: Duration,
    /// Machine time of the step in progress.
    parts: Parts,
    /// When the person began to wait for the page that is awaited.
    clicked: Instant,
    /// What went wrong first and was not got over.
    pub cause: Option<Cause>,
    kind: FlowKind,
    arrival: u32,
    person: u32,
    zorgaanbieder: ZorgaanbiederId,
    /// Place of the exchange whose answer the browser waits for: an older one's answer is not shown.
    awaited: u32,
    /// Place of [`Repeated`], from step 14 on.
    repeated: u32,
    /// Place in the sample, or none.
    pub sample: u32,
    attempt: u16,
    /// FHIR queries made.
    pub calls: u16,
    pgo: u16,
    za: u16,
    marks: u16,
    /// The step in progress.
    step: u8,
    dienst: Gegevensdienst,
    release: Release,
    /// Which query of the service was made last.
    pub call: u8,
    /// How it ends, if nothing more is seen.
    seen: Option<Outcome>,
    trouble: Trouble,
}

/// Machine time of the two steps of the repeated three that are not in progress: the next one first.
#[derive(Clone, Debug, Default)]
pub struct Repeated([Parts; 2]);

const _: () = assert!(
    size_of::<Flow>() + size_of::<Repeated>() <= 160,
    "a flow in progress takes at most 160 bytes here, and 48 of those only while data are fetched"
);
const _: () =
    assert!(size_of::<Flow>() <= 112, "most flows wait for their person most of the time");

const _: () = assert!(Role::ALL.len() <= 8, "a role has three bits");

/// What has happened in a flow, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub enum Mark {
    /// It is of the cohort.
    Cohort = 1 << 0,
    /// It has ended; events of it may still come.
    Ended = 1 << 1,
    /// The person is looking at a page, or has not begun.
    AtPage = 1 << 2,
    /// The person waits for a page.
    Waiting = 1 << 3,
    /// The person refused consent.
    SaidNo = 1 << 4,
    /// The source said that there is nothing.
    NothingThere = 1 << 5,
    /// Step 15 was reached.
    Answering = 1 << 6,
    /// Step 16 was reached.
    Storing = 1 << 7,
    /// It was blocked because a peer did not know a newcomer yet.
    Blocked = 1 << 8,
    /// It was sent to an address that is out of date.
    Misdirected = 1 << 9,
    /// Its events are recorded.
    Traced = 1 << 10,
    // The bits above are the role of who met its cause: `Flow::NOTICED`.
}

impl Flow {
    /// No place.
    pub const NOWHERE: u32 = u32::MAX;

    /// The bits of its marks that are a role.
    const NOTICED: u16 = 0b111 << 11;

    /// A flow that begins; without a person if it needs none.
    pub fn begin(id: FlowId, person: Option<PersonId>, subject: Subject, now: Instant) -> Self {
        Self {
            started: now,
            cursor: now,
            human_before: Duration::ZERO,
            human: Duration::ZERO,
            parts: Parts::default(),
            clicked: now,
            cause: None,
            kind: subject.kind,
            arrival: id.arrival,
            person: person.map_or(u32::MAX, |person| person.0),
            zorgaanbieder: subject.zorgaanbieder,
            awaited: Self::NOWHERE,
            repeated: Self::NOWHERE,
            sample: Self::NOWHERE,
            attempt: id.attempt,
            calls: 0,
            pgo: subject.pgo,
            za: subject.za,
            marks: Mark::AtPage as u16,
            step: 1,
            dienst: subject.dienst,
            release: subject.release,
            call: 0,
            seen: None,
            trouble: Trouble::None,
        }
    }

    /// Which flow.
    pub fn id(&self) -> FlowId {
        FlowId { arrival: self.arrival, attempt: self.attempt }
    }

    /// Who and what.
    pub fn subject(&self) -> Subject {
        Subject {
            kind: self.kind,
            pgo: self.pgo,
            za: self.za,
            zorgaanbieder: self.zorgaanbieder,
            dienst: self.dienst,
            release: self.release,
        }
    }

    /// The person, if there is one.
    pub fn person(&self) -> Option<PersonId> {
        (self.person != u32::MAX).then_some(PersonId(self.person))
    }

    /// At whom.
    pub fn zorgaanbieder(&self) -> ZorgaanbiederId {
        self.zorgaanbieder
    }

    /// What.
    pub fn dienst(&self) -> Gegevensdienst {
        self.dienst
    }

    /// Place among the PGOs.
    pub fn pgo(&self) -> u16 {
        self.pgo
    }

    /// When it started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The step in progress.
    pub fn step(&self) -> u8 {
        self.step
    }

    /// How it ends, if nothing more is seen.
    pub fn seen(&self) -> Option<Outcome> {
        self.seen
    }

    /// The trouble that a gateway had last.
    pub fn trouble(&self) -> Trouble {
        self.trouble
    }

    /// All time of the person so far.
    pub fn human(&self) -> Duration {
        self.human_before + self.human
    }

    /// All time so far.
    pub fn total(&self) -> Duration {
        self.cursor.since(self.started)
    }

    /// All machine time so far.
    pub fn machine(&self) -> Duration {
        self.total().saturating_sub(self.human())
    }

    /// Whether this happened.
    pub fn has(&self, mark: Mark) -> bool {
        self.marks & mark as u16 != 0
    }

    /// This happened.
    pub fn mark(&mut self, mark: Mark) {
        self.marks |= mark as u16;
    }

    /// This is over.
    pub fn unmark(&mut self, mark: Mark) {
        self.marks &= !(mark as u16);
    }

    /// Gives the time up to `now` to that part, or to the person who is looking at a page.
    pub fn spend(&mut self, now: Instant, part: Part) {
        let time = now.since(self.cursor);
        if time.is_zero() {
            return;
        }
        self.cursor = now;
        if self.has(Mark::AtPage) {
            self.human += time;
            return;
        }
        match part {
            Part::Network => self.parts.network += time,
            Part::Wait => self.parts.wait += time,
            Part::Service => self.parts.service += time,
        }
    }

    /// A message that left at `sent` arrives.
    pub fn spend_on_the_way(&mut self, sent: Instant, now: Instant) {
        self.spend(sent.min(now), Part::Wait);
        self.spend(now, Part::Network);
    }

    /// The person's browser asks; the answer to this exchange is what it will show.
    pub fn click(&mut self, exchange: u32, now: Instant) {
        // Time with an answer on its way is not the person's, even where the person does not wait for it.
        self.spend(now, Part::Wait);
        self.unmark(Mark::AtPage);
        self.awaited = exchange;
        // A redirect and a reload are part of the same wait.
        if !self.has(Mark::Waiting) {
            self.clicked = now;
            self.mark(Mark::Waiting);
        }
    }

    /// Whether the browser shows what comes of this exchange.
    pub fn shows(&self, exchange: u32) -> bool {
        self.awaited == exchange
    }

    /// The browser shows something that it stays at. Gives how long the person waited for it.
    pub fn show(&mut self, sight: Sight, now: Instant) -> Option<Duration> {
        self.seen = after(self.seen, sight);
        let waited = self.has(Mark::Waiting).then(|| now.since(self.clicked));
        self.unmark(Mark::Waiting);
        self.mark(Mark::AtPage);
        waited
    }

    /// Something went wrong, as a host of that role met it. The first one stays, until the flow gets over it.
    pub fn blame(&mut self, cause: Cause, by: Role) {
        if self.cause.is_none() {
            self.cause = Some(cause);
            self.marks =
                self.marks & !Self::NOTICED | (by as u16) << Self::NOTICED.trailing_zeros();
        }
    }

    /// The role of who met what went wrong first and was not got over; of no meaning without a cause.
    pub fn noticed_by(&self) -> Role {
        let place = (self.marks & Self::NOTICED) >> Self::NOTICED.trailing_zeros();
        Role::ALL.get(usize::from(place)).copied().unwrap_or(Role::Person)
    }

    /// The person decides not to go on, for this reason.
    pub fn decide_against(&mut self, why: Why) {
        if why == Why::SaidNo {
            self.mark(Mark::SaidNo);
        }
        self.blame(Cause::nowhere(why), Role::Person);
    }

    /// The person decides the opposite of that.
    pub fn decide_for(&mut self, why: Why) {
        if why == Why::SaidNo {
            self.unmark(Mark::SaidNo);
        }
        self.cause = self.cause.filter(|cause| cause.why != why);
    }

    /// A gateway of this flow ran into trouble.
    pub fn trouble_is(&mut self, trouble: Trouble) {
        self.trouble = trouble;
    }

    /// A step is completed, at a moment up to which all time has gone somewhere. Gives the time of the step
    /// that this ends, unless it is one of those that repeat: their time is given at the end.
    pub fn complete(&mut self, step: u8, repeated: &mut Slots<Repeated>) -> Option<StepTime> {
        // An earlier step again, by reloading or going back.
        if step < self.step {
            return None;
        }
        // What went wrong before was got over; what the person decided stands.
        self.cause = self.cause.filter(|cause| cause.why.is_decision());
        self.trouble = Trouble::None;
        if self.step < FIRST_REPEATED {
            // Steps that were jumped over have no time of their own.
            let done = self.take_step(step.min(FIRST_REPEATED - 1));
            self.step = done.step + 1;
            if self.step == FIRST_REPEATED {
                self.repeated = repeated.insert(Repeated::default());
            }
            return Some(done);
        }
        while self.step <= step && self.step < LAST {
            self.turn(repeated);
        }
        None
    }

    /// One query more: the repeated steps begin again.
    pub fn repeat(&mut self, repeated: &mut Slots<Repeated>) {
        if self.step == LAST {
            self.turn(repeated);
        }
    }

    /// From a repeated step to the next.
    fn turn(&mut self, repeated: &mut Slots<Repeated>) {
        if let Some(Repeated([next, after])) = repeated.get_mut(self.repeated) {
            let done = std::mem::replace(&mut self.parts, *next);
            (*next, *after) = (*after, done);
        }
        self.step = if self.step == LAST { FIRST_REPEATED } else { self.step + 1 };
        match self.step {
            15 => self.mark(Mark::Answering),
            LAST => self.mark(Mark::Storing),
            _ => {}
        }
    }

    /// The flow ends. Gives the times of the steps that were not given yet: the one in progress, and those
    /// that repeat. Time of the person during the repeated steps is given to the one in progress.
    pub fn end(
        &mut self,
        repeated: &mut Slots<Repeated>,
    ) -> impl Iterator<Item = StepTime> + use<> {
        self.mark(Mark::Ended);
        let current = self.take_step(self.step);
        let mut times = [None; 3];
        if current.step < FIRST_REPEATED {
            times[0] = Some(current);
            return times.into_iter().flatten();
        }
        let others = match repeated.get_mut(self.repeated) {
            Some(Repeated(others)) => std::mem::take(others),
            None => <[Parts; 2]>::default(),
        };
        repeated.release(self.repeated);
        for (distance, parts) in [current.parts, others[0], others[1]].into_iter().enumerate() {
            let place = (usize::from(current.step - FIRST_REPEATED) + distance) % times.len();
            let visited = match place {
                1 => self.has(Mark::Answering),
                2 => self.has(Mark::Storing),
                _ => true,
            };
            let human = if distance == 0 { current.human } else { Duration::ZERO };
            let step = FIRST_REPEATED + place as u8;
            times[place] = visited.then_some(StepTime { step, human, parts, ..current });
        }
        times.into_iter().flatten()
    }

    /// Whether its time in the repeated steps is still with it.
    pub fn is_repeating(&self) -> bool {
        self.step >= FIRST_REPEATED
    }

    fn take_step(&mut self, step: u8) -> StepTime {
        let human = std::mem::take(&mut self.human);
        self.human_before += human;
        StepTime { step, ended: self.cursor, human, parts: std::mem::take(&mut self.parts) }
    }
}
