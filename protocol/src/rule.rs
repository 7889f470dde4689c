//! The rulebook: every rule of the Afsprakenstelsel, and a few of our own, as a table.
//!
//! A rule has a stable name of our own, because numbers move between releases. Code that enforces a rule
//! names it where it refuses; a test says which rules it [`covers`]; a checker in `watch` judges every run.
//! `xtask` finds those three places and keeps a snapshot, so that no rule is silently unguarded. Texts are
//! ours; the citation leads to the source, release 1.0 (v0.9), unless another release is named.

mod table;

use std::fmt;

pub use table::*;

/// A rule, by its place in [`RULES`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule(u8);

/// One row of the rulebook.
#[derive(Clone, Copy, Debug)]
pub struct RuleRow {
    /// Stable name.
    pub name: &'static str,
    /// Where it stands: `APP 12`, or `2.x core.tknint.206` for another release than 1.0.
    pub cite: &'static str,
    /// Who must keep it.
    pub duty: Duty,
    /// What kind of rule.
    pub kind: RuleKind,
    /// How it is watched.
    pub watch: Watch,
    /// What it asks, in our words.
    pub text: &'static str,
}

/// The release that rules are cited from where they do not say another.
pub const CITED_RELEASE: &str = "1.0";

impl RuleRow {
    /// The release of the Afsprakenstelsel that is cited, and where it stands there: `1.0` and `APP 12`, `2.x`
    /// and `core.tknint.206`. Rules of our own stand in none and are told with the release that the rest is of.
    pub fn citation(&self) -> (&'static str, &'static str) {
        match self.cite.split_once(' ') {
            Some((release, rest)) if release.starts_with(|first: char| first.is_ascii_digit()) => {
                (release, rest)
            }
            _ => (CITED_RELEASE, self.cite),
        }
    }
}

/// Who must keep a rule.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Duty {
    /// The PGO GW and its Dienstverlener persoon: Uitgever, OAuth client.
    Pgo,
    /// The ZA GW and its Dienstverlener zorgaanbieder: Bron, authorization and resource server, SAML
    /// service provider.
    Za,
    /// Both gateways.
    Gateways,
    /// Every node: both gateways and the stelselnode.
    Nodes,
    /// MedMij Beheer, with MedMij Registratie as stelselnode.
    Beheer,
    /// DigiD.
    Digid,
    /// Everybody.
    All,
}

impl Duty {
    /// As reports name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pgo => "PGO GW (DVP)",
            Self::Za => "ZA GW (DVZA)",
            Self::Gateways => "PGO GW and ZA GW",
            Self::Nodes => "every node",
            Self::Beheer => "MedMij Beheer",
            Self::Digid => "DigiD",
            Self::All => "all",
        }
    }
}

/// Kinds of rules.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RuleKind {
    /// A breach can put a person's data in the wrong hands.
    Safety,
    /// Something must happen before, or end at, a moment.
    Deadline,
    /// A share or a time that a service must reach.
    ServiceLevel,
    /// Who does what, and who is told what.
    Procedure,
    /// How the network is made.
    Structural,
}

impl RuleKind {
    /// As reports name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safety => "safety",
            Self::Deadline => "deadline",
            Self::ServiceLevel => "service level",
            Self::Procedure => "procedure",
            Self::Structural => "structural",
        }
    }
}

/// How a rule is watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Watch {
    /// A checker judges every run by evidence.
    Checked,
    /// A checker judges every run, but only by what the duty holder says of itself; the reason says why.
    Testimony(&'static str),
    /// An actor enforces it where it refuses, and tests show that.
    Enforced,
    /// The model cannot break it; the reason says why.
    Structural(&'static str),
    /// Not simulated; the reason says why.
    Organisational(&'static str),
}

impl Watch {
    /// As reports name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checked => "checked in every run",
            Self::Testimony(_) => "checked in every run, by testimony",
            Self::Enforced => "enforced, tested",
            Self::Structural(_) => "structural",
            Self::Organisational(_) => "organisational: not simulated",
        }
    }

    /// The reason, where the way of watching needs one.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Testimony(reason) | Self::Structural(reason) | Self::Organisational(reason) => {
                Some(reason)
            }
            Self::Checked | Self::Enforced => None,
        }
    }
}

impl Rule {
    /// Every rule, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..RULES.len() as u8).map(Self)
    }

    /// Its row.
    pub fn row(self) -> &'static RuleRow {
        &RULES[usize::from(self.0)]
    }

    /// Its stable name.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Its place in the table.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The rule of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|rule| rule.name() == name)
    }

    /// Whether it is one of the technical rules: Applicatie, Netwerk, or a use case implementation.
    pub fn is_technical(self) -> bool {
        ["APP", "NET", "UCI"].iter().any(|layer| self.row().cite.starts_with(layer))
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Rule {
    /// `CODE_ONCE (APP 12)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.row().cite)
    }
}

/// Says which rules a test covers. The house check reads it from the source; at run time it makes sure
/// that a test names at least one.
pub fn covers(rules: &[Rule]) {
    assert!(!rules.is_empty(), "a test that covers no rule need not say so");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_has_a_name_of_its_own_that_says_no_number() {
        let names: BTreeSet<&str> = RULES.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), RULES.len());
        for rule in Rule::all() {
            assert_eq!(Rule::from_name(rule.name()), Some(rule));
            assert!(!rule.name().contains("900"), "{rule}: the duty, not the number");
        }
    }

    #[test]
    fn every_rule_that_is_not_guarded_has_a_reason() {
        for row in RULES {
            if let Some(reason) = row.watch.reason() {
                assert!(reason.len() > 20, "{}: {reason:?} is no reason", row.name);
            }
        }
    }

    #[test]
    fn at_most_a_quarter_of_the_technical_rules_is_left_unwatched() {
        let technical: Vec<Rule> = Rule::all().filter(|rule| rule.is_technical()).collect();
        let unwatched = technical
            .iter()
            .filter(|rule| {
                matches!(rule.row().watch, Watch::Structural(_) | Watch::Organisational(_))
            })
            .count();
        assert!(4 * unwatched <= technical.len(), "{unwatched} of {}", technical.len());
    }

    #[test]
    fn every_number_of_the_source_has_a_row() {
        let numbered = |layer: &str, last: u32| {
            for number in 1..=last {
                let cite = format!("{layer} {number}");
                assert!(
                    RULES.iter().any(|row| row.cite == cite
                        || row.cite.starts_with(&format!("{cite},"))
                        || row.cite.starts_with(&format!("{cite} "))),
                    "{cite} has no row"
                );
            }
        };
        numbered("PI", 18);
        numbered("APP", 22);
        numbered("NET", 5);
        numbered("UCI Verzamelen step", 16);
        numbered("UCI Verzamelen exception", 8);
        numbered("UC Verzamelen", 6);
    }
}
