//! Probes: a situation each, and what the rulebook asks in it.
//!
//! A probe judges by what it saw, never by what it could not: where something in its way went otherwise than it needs, it
//! stops and says so. Probes run one after another, because some make the whole network behave otherwise.

use std::{cell::RefCell, collections::BTreeMap, future::Future, pin::Pin, time::Duration};

use protocol::{message::Request as Asked, rule::Rule};

use crate::{
    desk::Desk,
    line::Failure,
    verdict::{Judgement, Observation, Unreached},
    waiting::Wait,
};

/// How many exchanges are told of a rule that was broken: those that went before it.
const TOLD: usize = 12;

/// The longest that a probe may take, real waiting aside.
const LIMIT: Duration = Duration::from_secs(240);

/// What a probe does, until it ends.
pub type Going<'d> = Pin<Box<dyn Future<Output = Result<(), Stop>> + 'd>>;

/// A probe.
#[derive(Clone, Copy)]
pub struct Probe {
    /// Its name, for `--only`.
    pub name: &'static str,
    /// The rules that it judges if it comes to its end; none, if it only looks.
    pub rules: &'static [Rule],
    /// Does it.
    pub go: for<'d> fn(&'d Case<'d>) -> Going<'d>,
}

/// Why a probe cannot go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stop(pub String);

impl Stop {
    /// For that reason.
    pub fn because(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self(failure.to_string())
    }
}

/// A probe that goes on.
pub struct Case<'d> {
    /// Where it stands.
    pub desk: &'d Desk,
    probe: &'static str,
    judged: RefCell<Vec<Judgement>>,
    observed: RefCell<Vec<Observation>>,
    asked_before: usize,
    heard_before: usize,
    strange_before: usize,
}

impl<'d> Case<'d> {
    fn new(desk: &'d Desk, probe: &'static str) -> Self {
        let (heard_before, strange_before) =
            desk.ledger.look(|ledger| (ledger.count(), ledger.strange().len()));
        let asked_before = desk.lines.count();
        let (judged, observed) = (RefCell::default(), RefCell::default());
        Self { desk, probe, judged, observed, asked_before, heard_before, strange_before }
    }

    /// Says that a rule was kept or not.
    pub fn judge(&self, rule: Rule, kept: bool, expected: &str, found: impl Into<String>) {
        let exchanges = if kept { Vec::new() } else { self.exchanges() };
        let judgement = Judgement {
            rule,
            probe: self.probe,
            kept,
            expected: expected.to_owned(),
            found: found.into(),
            exchanges,
        };
        self.judged.borrow_mut().push(judgement);
    }

    /// Says what the gateway does, which no rule judges.
    pub fn observe(&self, what: &'static str, seen: String) {
        self.observed.borrow_mut().push(Observation { what, seen });
    }

    /// What the gateway asked of nodes of the network since this began.
    pub fn heard<T>(&self, look: impl FnOnce(&[crate::ledger::Heard]) -> T) -> T {
        self.desk.ledger.look(|ledger| look(ledger.since(self.heard_before)))
    }

    /// How often the gateway asked the responder about certificates that were issued here, since this began.
    pub fn queries(&self) -> usize {
        let is_one = |one: &&crate::ledger::Heard| {
            let asked = one.request;
            matches!(asked, Asked::OcspQuery(serial) if self.desk.has_issued(serial))
        };
        self.heard(|heard| heard.iter().filter(is_one).count())
    }

    /// Requests of the gateway since this began in which no host of the network saw a message.
    pub fn strange(&self) -> Vec<crate::evidence::Exchange> {
        self.desk
            .ledger
            .look(|ledger| ledger.strange().get(self.strange_before..).unwrap_or_default().to_vec())
    }

    /// All that was said since this began, in the order of time; of many the last.
    fn exchanges(&self) -> Vec<crate::evidence::Exchange> {
        let mut all = self.desk.lines.since(self.asked_before);
        all.extend(
            self.heard(|heard| {
                heard.iter().map(|heard| heard.exchange.clone()).collect::<Vec<_>>()
            }),
        );
        all.extend(self.strange());
        all.sort_by(|one, other| one.at_s.total_cmp(&other.at_s));
        all.split_off(all.len().saturating_sub(TOLD))
    }
}

/// What probes came to.
#[derive(Default)]
pub struct Ran {
    /// Every time that a rule was put to the test.
    pub judgements: Vec<Judgement>,
    /// Probes that could not be made to their end.
    pub unreached: Vec<Unreached>,
    /// What the gateway does, which no rule judges.
    pub observed: Vec<Observation>,
    /// Whether nobody had it end before its time.
    pub is_whole: bool,
}

/// A probe that is about to be made.
#[derive(Clone, Copy, Debug)]
pub struct Next {
    /// Its name.
    pub probe: &'static str,
    /// How many were made before it.
    pub place: usize,
    /// How many there are in all.
    pub of: usize,
}

/// Runs probes one after another. `say` is told of each before it begins and now and then while it goes on, and says
/// whether to go on.
pub async fn run(
    desk: &Desk,
    probes: &[&Probe],
    waits: &[Wait],
    say: &dyn Fn(Next) -> bool,
) -> Ran {
    let mut ran = Ran { is_whole: true, ..Ran::default() };
    for (place, probe) in probes.iter().enumerate() {
        let next = Next { probe: probe.name, place, of: probes.len() };
        if !say(next) {
            ran.is_whole = false;
            break;
        }
        let case = Case::new(desk, probe.name);
        let waits = waits.iter().filter(|wait| wait.probe == probe.name).map(Wait::whole);
        let limit = LIMIT + waits.sum::<Duration>();
        let ended = tokio::select! {
            ended = (probe.go)(&case) => ended,
            () = tokio::time::sleep(limit) => {
                Err(Stop::because(format!("it took longer than {} s", limit.as_secs())))
            }
            () = stops(next, say) => Err(Stop::because("interrupted")),
        };
        let calmed = desk.calm().await.map_err(Stop);
        if let Err(Stop(why)) = ended.and(calmed) {
            ran.unreached.push(Unreached { probe: probe.name, why });
        }
        ran.judgements.append(&mut case.judged.borrow_mut());
        ran.observed.append(&mut case.observed.borrow_mut());
    }
    ran
}

/// Ends when whoever is told says so.
async fn stops(next: Next, say: &dyn Fn(Next) -> bool) {
    const LOOK: Duration = Duration::from_millis(200);
    loop {
        tokio::time::sleep(LOOK).await;
        if !say(next) {
            return;
        }
    }
}

/// The probes that judge each rule.
pub fn planned(probes: &[Probe]) -> BTreeMap<Rule, Vec<&'static str>> {
    let mut planned: BTreeMap<Rule, Vec<&'static str>> = BTreeMap::new();
    for probe in probes {
        for rule in probe.rules {
            planned.entry(*rule).or_default().push(probe.name);
        }
    }
    planned
}
