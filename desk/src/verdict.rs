//! What probes came to, rule by rule.

use std::collections::BTreeMap;

use protocol::rule::{Duty, Rule, RuleKind, Watch};
use serde::Serialize;

use crate::evidence::Exchange;

/// What a check comes to for a rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// It was broken at least once.
    Broken,
    /// It was put to the test and kept.
    Kept,
    /// What would put it to the test could not be brought about.
    NotReached,
    /// Whether it is kept cannot be seen from outside.
    NotObservable,
}

impl Finding {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Broken, Self::Kept, Self::NotReached, Self::NotObservable];

    /// As reports name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Kept => "kept",
            Self::NotReached => "not reached",
            Self::NotObservable => "not observable",
        }
    }
}

/// One time that a rule was put to the test.
#[derive(Clone, Serialize, Debug)]
pub struct Judgement {
    /// The rule.
    #[serde(skip)]
    pub rule: Rule,
    /// The probe that did.
    pub probe: &'static str,
    /// Whether it was kept.
    pub kept: bool,
    /// What the rule asks there.
    pub expected: String,
    /// What was seen.
    pub found: String,
    /// What went before it, for one that was broken.
    pub exchanges: Vec<Exchange>,
}

/// A probe that could not be made, or not to its end.
#[derive(Clone, Serialize, Debug)]
pub struct Unreached {
    /// The probe.
    pub probe: &'static str,
    /// Why.
    pub why: String,
}

/// A rule, and what the check shows of it.
#[derive(Clone, Serialize, Debug)]
pub struct Verdict {
    /// Its stable name.
    pub rule: &'static str,
    /// The release, and where it stands there.
    pub cite: (&'static str, &'static str),
    /// What it asks.
    pub text: &'static str,
    /// What the check shows.
    pub finding: Finding,
    /// Why it could not be put to the test, or not to all of it.
    pub why: Option<String>,
    /// Every time that it was put to the test.
    pub judgements: Vec<Judgement>,
}

/// A fact about the gateway that no rule judges.
#[derive(Clone, Serialize, Debug)]
pub struct Observation {
    /// About what.
    pub what: &'static str,
    /// What was seen.
    pub seen: String,
}

/// All that a check came to.
#[derive(Clone, Serialize, Debug)]
pub struct Report {
    /// What was checked: `za` or `pgo`.
    pub role: &'static str,
    /// Where it is.
    pub host: String,
    /// The command that makes it again, but for the names of probes.
    pub command: String,
    /// How long it took, in seconds.
    pub took_s: f64,
    /// A verdict on each rule that such a gateway has a duty in, in the order of the rulebook.
    pub verdicts: Vec<Verdict>,
    /// What the gateway does by itself.
    pub observed: Vec<Observation>,
    /// Probes that could not be made to their end.
    pub unreached: Vec<Unreached>,
    /// Why the gateway could not be tested, if so it is: nobody answered, or not to the end, or nothing was judged.
    pub untested: Option<String>,
}

impl Report {
    /// Of a gateway that could not be tested, for that reason.
    pub fn nothing(role: &'static str, host: String, command: String, why: String) -> Self {
        Self {
            role,
            host,
            command,
            took_s: 0.0,
            verdicts: Vec::new(),
            observed: Vec::new(),
            unreached: Vec::new(),
            untested: Some(why),
        }
    }

    /// The verdicts that come to that.
    pub fn of(&self, finding: Finding) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(move |verdict| verdict.finding == finding)
    }
}

/// Why a check showed nothing, though nothing was found broken: the gateway is `silent` in the end, and has kept nothing by
/// that; no probe came to judge anything; or, where all were to be made, not even the first, the straight way of which all
/// others are variations.
pub(crate) fn untested(
    verdicts: &[Verdict],
    unreached: &[Unreached],
    first: Option<&'static str>,
    silent: Option<String>,
) -> Option<String> {
    if verdicts.iter().any(|verdict| verdict.finding == Finding::Broken) {
        return None;
    }
    if let Some(why) = silent {
        return Some(format!("it does not answer any more: {why}"));
    }
    let why = |one: &Unreached| format!("{}: {}", one.probe, one.why);
    let stopped = first.and_then(|first| unreached.iter().find(|one| one.probe == first));
    let is_silent = || verdicts.iter().all(|verdict| verdict.judgements.is_empty());
    match stopped {
        Some(one) => Some(why(one)),
        None => is_silent()
            .then(|| unreached.first().map_or_else(|| "no probe was made".to_owned(), why)),
    }
}

/// Whose duty a rule is.
fn binds(duty: Duty, role: &str) -> bool {
    match duty {
        Duty::Za => role == "za",
        Duty::Pgo => role == "pgo",
        Duty::Gateways | Duty::Nodes | Duty::All => true,
        Duty::Beheer | Duty::Digid => false,
    }
}

/// Puts what probes found together: a verdict on every rule that binds such a gateway.
///
/// `planned` has for each rule the probes that would judge it, `made` the probes that were to be made, and `hidden` says of
/// rules why they cannot be seen from outside.
pub(crate) fn verdicts(
    role: &str,
    judgements: Vec<Judgement>,
    unreached: &[Unreached],
    planned: &BTreeMap<Rule, Vec<&'static str>>,
    made: &[&'static str],
    hidden: &dyn Fn(Rule) -> Option<&'static str>,
) -> Vec<Verdict> {
    let mut by_rule: BTreeMap<Rule, Vec<Judgement>> = BTreeMap::new();
    for judgement in judgements {
        by_rule.entry(judgement.rule).or_default().push(judgement);
    }
    let of_rule = |rule: Rule| {
        let row = rule.row();
        let judgements = by_rule.get(&rule).cloned().unwrap_or_default();
        let probes = planned.get(&rule).map(Vec::as_slice).unwrap_or_default();
        let (finding, why) = if judgements.iter().any(|judgement| !judgement.kept) {
            (Finding::Broken, None)
        } else if !judgements.is_empty() {
            (Finding::Kept, in_part(&judgements, unreached, probes))
        } else if !probes.is_empty() {
            let why = unreached.iter().find(|unreached| probes.contains(&unreached.probe));
            let why = match (why, probes.iter().find(|probe| made.contains(probe))) {
                (Some(unreached), _) => unreached.why.clone(),
                (None, Some(probe)) => format!("the probe {probe} did not come to it"),
                (None, None) => NOT_ASKED.to_owned(),
            };
            (Finding::NotReached, Some(why))
        } else {
            let why = hidden(rule).or(row.watch.reason());
            (Finding::NotObservable, Some(why.unwrap_or(UNSEEN).to_owned()))
        };
        let (name, cite, text) = (row.name, row.citation(), row.text);
        Verdict { rule: name, cite, text, finding, why, judgements }
    };
    Rule::all()
        .filter(|rule| binds(rule.row().duty, role) || planned.contains_key(rule))
        // What people do among each other is nobody's gateway's.
        .filter(|rule| {
            by_rule.contains_key(rule)
                || planned.contains_key(rule)
                || !matches!(rule.row().watch, Watch::Organisational(_))
        })
        .filter(|rule| rule.row().kind != RuleKind::ServiceLevel || planned.contains_key(rule))
        .map(of_rule)
        .collect()
}

/// What of a rule that was kept was not put to the test, if anything was not.
fn in_part(
    judgements: &[Judgement],
    unreached: &[Unreached],
    probes: &[&'static str],
) -> Option<String> {
    let told = unreached.iter().filter(|one| probes.contains(&one.probe)).map(|one| {
        let has_judged = judgements.iter().any(|judgement| judgement.probe == one.probe);
        let how = if has_judged { "did not come to its end" } else { "was not made" };
        format!("{} {how}: {}", one.probe, one.why)
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| format!("in part: {}", told.join("; ")))
}

/// Why a rule is not reached of which no probe was to be made.
pub const NOT_ASKED: &str = "it was not asked for (--only)";

const UNSEEN: &str = "what would show it happens inside the gateway";

#[cfg(test)]
mod tests {
    use protocol::rule;

    use super::*;

    #[test]
    fn a_rule_of_which_a_probe_was_not_made_is_kept_in_part() {
        let (made, missed) = ("whitelist-obeyed", "door-not-on-whitelist");
        let rule = rule::WHITELIST_AT_HANDSHAKE;
        let judgement = Judgement {
            rule,
            probe: made,
            kept: true,
            expected: String::new(),
            found: String::new(),
            exchanges: Vec::new(),
        };
        let planned = BTreeMap::from([(rule, vec![made, missed])]);
        let finds = |unreached: &[Unreached]| {
            let judgements = vec![judgement.clone()];
            let all = verdicts("za", judgements, unreached, &planned, &[made, missed], &|_| None);
            let verdict = all.into_iter().find(|verdict| verdict.rule == rule.row().name);
            verdict.map(|verdict| (verdict.finding, verdict.why)).unwrap()
        };
        assert_eq!(finds(&[]), (Finding::Kept, None));
        let unreached = [Unreached { probe: missed, why: "nobody is let in".to_owned() }];
        let why = "in part: door-not-on-whitelist was not made: nobody is let in".to_owned();
        assert_eq!(finds(&unreached), (Finding::Kept, Some(why)));
    }
    #[test]
    fn what_showed_nothing_is_no_test() {
        let of = |finding, judged: bool| {
            let row = rule::CODE_ONCE.row();
            let judgement = Judgement {
                rule: rule::CODE_ONCE,
                probe: "code-twice",
                kept: finding == Finding::Kept,
                expected: String::new(),
                found: String::new(),
                exchanges: Vec::new(),
            };
            let judgements = if judged { vec![judgement] } else { Vec::new() };
            let (rule, cite, text) = (row.name, row.citation(), row.text);
            vec![Verdict { rule, cite, text, finding, why: None, judgements }]
        };
        let stopped = |probe| [Unreached { probe, why: "nobody logs in".to_owned() }];
        let (kept, broken) = (of(Finding::Kept, true), of(Finding::Broken, true));
        let none = of(Finding::NotReached, false);
        let why = Some("collect: nobody logs in".to_owned());
        let untested = |verdicts: &[Verdict], unreached: &[Unreached], first| {
            super::untested(verdicts, unreached, first, None)
        };
        assert_eq!(untested(&kept, &[], Some("collect")), None);
        assert_eq!(untested(&kept, &stopped("collect"), Some("collect")), why);
        // Of a few probes that were asked for, one is as good as another.
        assert_eq!(untested(&kept, &stopped("collect"), None), None);
        assert_eq!(untested(&none, &stopped("collect"), None), why);
        assert_eq!(untested(&none, &[], None), Some("no probe was made".to_owned()));
        assert_eq!(untested(&broken, &stopped("collect"), Some("collect")), None);
        // One that fell over on the way.
        let silent = |verdicts| super::untested(verdicts, &[], None, Some("refused".to_owned()));
        assert_eq!(silent(&kept), Some("it does not answer any more: refused".to_owned()));
        assert_eq!(silent(&broken), None);
    }
}
