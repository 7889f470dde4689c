//! What the checkers found: per rule how often it was put to the test, how often it was broken, and where first.
//!
//! Decides nothing about a rule: that is what the other modules of this folder do. Texts are for output only.

use protocol::{
    id::{FlowId, HostId},
    release::Norms,
    rule::{self, RULES, Rule, Watch},
    time::Instant,
    trace::Stamp,
};

pub use super::why::Why;

/// What a run shows of one rule.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    /// The rule.
    pub rule: Rule,
    /// How often it was put to the test.
    pub evaluated: u64,
    /// How often it was not kept. For a service level: how often the service came too late or not at all.
    pub breaches: u64,
    /// The first time that it was not kept.
    pub first: Option<Breach>,
    /// Whether the evidence that it takes can be seen in this world.
    pub observable: bool,
}

/// One time that a rule was not kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Breach {
    /// In which replication.
    pub replication: u32,
    /// When it showed.
    pub at: Instant,
    /// In which flow, if in any.
    pub flow: Option<FlowId>,
    /// Who did not keep it.
    pub host: HostId,
    /// What was seen.
    pub why: Why,
}

/// What a verdict comes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Finding {
    /// It was put to the test and kept.
    Kept,
    /// It was broken.
    Broken,
    /// Nothing happened that put it to the test.
    DidNotArise,
    /// What would show it cannot be seen in this world.
    NotObservable,
}

impl Finding {
    /// As reports name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::DidNotArise => "did not arise",
            Self::NotObservable => "not observable",
        }
    }
}

impl Verdict {
    /// The share of services that must be in time, for a rule that is a service level.
    pub fn norm(&self) -> Option<f64> {
        norm(self.rule)
    }

    /// Whether the rule was broken: any breach, or for a service level more of them than it allows.
    pub fn broken(&self) -> bool {
        let allowed = match self.norm() {
            Some(share) => (1.0 - share) * self.evaluated as f64,
            None => 0.0,
        };
        self.breaches as f64 > allowed
    }

    /// What the verdict comes to. A breach that was seen counts, however little else could be seen.
    pub fn finding(&self) -> Finding {
        if self.broken() {
            Finding::Broken
        } else if !self.observable {
            Finding::NotObservable
        } else if self.evaluated == 0 {
            Finding::DidNotArise
        } else {
            Finding::Kept
        }
    }

    /// Adds what another replication shows of the same rule. What is of another rule is left alone.
    pub fn merge(&mut self, other: &Self) {
        if self.rule != other.rule {
            return;
        }
        self.evaluated += other.evaluated;
        self.breaches += other.breaches;
        self.observable &= other.observable;
        self.first = match (self.first, other.first) {
            (Some(one), Some(two)) => {
                let order = |breach: &Breach| (breach.replication, breach.at);
                Some(if order(&two) < order(&one) { two } else { one })
            }
            (one, two) => one.or(two),
        };
    }
}

fn norm(rule: Rule) -> Option<f64> {
    match rule {
        rule::NORM_TOKEN_ANSWER => Some(Norms::R2.token_share),
        rule::NORM_RESOURCE_ANSWER => Some(Norms::R2.resource_share),
        rule::NORM_LISTS => Some(Norms::R2.lists_available),
        _ => None,
    }
}

/// Whether a checker judges this rule in every run.
pub fn is_judged(rule: Rule) -> bool {
    matches!(rule.row().watch, Watch::Checked | Watch::Testimony(_))
}

/// Whether what shows this rule happens inside the network of its duty holder, where only the holder's own
/// organisation looks: notes, the systems behind a gateway, and what health data are made of.
fn shows_inside_only(rule: Rule) -> bool {
    matches!(
        rule,
        rule::STEP_PGO_LOGS
            | rule::STEP_STORE
            | rule::NORM_LOGGING
            | rule::STEP_AVAILABILITY
            | rule::UC_NO_DATA
            | rule::EXCEPTION_NO_DATA
            | rule::AGE_LIMIT
            | rule::EXCEPTION_DELIVERY
            | rule::STEP_ANSWER
            | rule::NO_CROSS_READ
    )
}

/// Counts per rule while a run goes on.
#[derive(Debug)]
pub(super) struct Docket {
    counts: Box<[Count; RULES.len()]>,
    first: Vec<(Rule, Breach)>,
    replication: u32,
    now: Stamp,
    /// If strangers take part, they alone are judged, by the places of their hosts.
    strangers: Option<Vec<bool>>,
}

#[derive(Clone, Copy, Default, Debug)]
struct Count {
    evaluated: u64,
    breaches: u64,
}

impl Docket {
    pub fn new(replication: u32, strangers: Option<Vec<bool>>) -> Self {
        Self {
            counts: Box::new([Count::default(); RULES.len()]),
            first: Vec::new(),
            replication,
            now: Stamp { at: Instant::START, flow: None },
            strangers,
        }
    }

    /// What is judged from now on happened at this moment, in this flow.
    pub fn open(&mut self, now: Stamp) {
        self.now = now;
    }

    /// One test of one rule: whether that host kept it, and if not, what was seen.
    #[inline]
    pub fn judge(&mut self, rule: Rule, host: HostId, kept: bool, why: Why) {
        if self.strangers.is_some() && !self.is_on_trial(host) {
            return;
        }
        let count = &mut self.counts[rule.index()];
        count.evaluated += 1;
        if !kept {
            count.breaches += 1;
            self.keep_first(rule, host, why);
        }
    }

    #[cold]
    fn is_on_trial(&self, host: HostId) -> bool {
        let strangers = self.strangers.as_deref().unwrap_or_default();
        !host.is_visitor() && strangers.get(host.place()).copied().unwrap_or(false)
    }

    #[cold]
    fn keep_first(&mut self, rule: Rule, host: HostId, why: Why) {
        if self.first.iter().all(|(known, _)| *known != rule) {
            let (at, flow) = (self.now.at, self.now.flow.map(|flow| flow.id));
            self.first.push((rule, Breach { replication: self.replication, at, flow, host, why }));
        }
    }

    /// A verdict for every rule that is judged, in the order of the rulebook.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let all_see = self.strangers.is_none();
        let first = |rule| self.first.iter().find(|(known, _)| *known == rule).map(|found| found.1);
        Rule::all()
            .filter(|rule| is_judged(*rule))
            .map(|rule| Verdict {
                rule,
                evaluated: self.counts[rule.index()].evaluated,
                breaches: self.counts[rule.index()].breaches,
                first: first(rule),
                observable: all_see || !shows_inside_only(rule),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(evaluated: u64, breaches: u64) -> Verdict {
        let first = Breach {
            replication: 1,
            at: Instant::START,
            flow: None,
            host: HostId(3),
            why: Why::HonouredTwice,
        };
        let first = (breaches > 0).then_some(first);
        Verdict { rule: rule::CODE_ONCE, evaluated, breaches, first, observable: true }
    }

    #[test]
    fn a_rule_that_nothing_put_to_the_test_is_not_called_kept() {
        assert_eq!(verdict(0, 0).finding(), Finding::DidNotArise);
        assert_eq!(verdict(5, 0).finding(), Finding::Kept);
        assert_eq!(verdict(5, 1).finding(), Finding::Broken);
        let hidden = Verdict { observable: false, ..verdict(5, 0) };
        assert_eq!(hidden.finding(), Finding::NotObservable);
        assert_eq!(Verdict { breaches: 1, ..hidden }.finding(), Finding::Broken);
    }

    #[test]
    fn a_service_level_is_broken_only_beyond_the_share_that_it_allows() {
        let of = |breaches| Verdict { rule: rule::NORM_TOKEN_ANSWER, ..verdict(1_000, breaches) };
        assert!(!of(5).broken(), "99.5 % in time is what the norm asks");
        assert!(of(6).broken());
    }

    #[test]
    fn merging_adds_up_and_keeps_the_earliest_replication_s_first_breach() {
        let mut sum = verdict(10, 2);
        let mut other = verdict(5, 1);
        other.first = other.first.map(|breach| Breach { replication: 0, ..breach });
        sum.merge(&other);
        assert_eq!((sum.evaluated, sum.breaches), (15, 3));
        assert_eq!(sum.first.map(|breach| breach.replication), Some(0));
        let before = sum.clone();
        sum.merge(&Verdict { rule: rule::CODE_KNOWN, ..other });
        assert_eq!(sum, before, "another rule's counts are not taken");
    }
}
