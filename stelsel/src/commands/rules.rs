//! `stelsel rules`: the rulebook with its guards.
//!
//! What a rule asks is the table of `protocol`. Where it is enforced, checked and tested is the snapshot that the
//! house check makes of the source, RULES.md, which is built in. Judges nothing.

use clap::{Args, builder::PossibleValuesParser};
use protocol::rule::{CITED_RELEASE, Rule};
use serde::Serialize;
use serde_json::json;

use super::{Ending, Outcome};

/// Print the rulebook: every rule, how it is watched, and where
///
/// Rules are cited from release 1.0, and 1.1 keeps them; norms for which 1.0 has no number are cited from 2.x.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel rules
  stelsel rules --release 2.x
  stelsel rules --json | jq '.[] | select(.watched == \"structural\")'")]
pub struct Arguments {
    /// Only the rules of this release
    #[arg(long, value_name = "R", value_parser = PossibleValuesParser::new(RELEASES))]
    release: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// Releases of which there are rules; 1.1 keeps those of 1.0.
const RELEASES: [&str; 3] = [CITED_RELEASE, "1.1", "2.x"];

/// RULES.md, as `cargo xtask rules --write` made it.
const SNAPSHOT: &str = include_str!("../../../RULES.md");

/// A rule as it is printed.
#[derive(Clone, PartialEq, Debug, Serialize)]
struct Entry {
    rule: &'static str,
    release: &'static str,
    citation: &'static str,
    duty: &'static str,
    kind: &'static str,
    watched: &'static str,
    reason: Option<&'static str>,
    text: &'static str,
    enforced: Vec<&'static str>,
    checker: Vec<&'static str>,
    tests: Vec<&'static str>,
}

impl Entry {
    fn of(rule: Rule) -> Self {
        let row = rule.row();
        let (release, citation) = row.citation();
        let section = section(row.name);
        Self {
            rule: row.name,
            release,
            citation,
            duty: row.duty.name(),
            kind: row.kind.name(),
            watched: row.watch.name(),
            reason: row.watch.reason(),
            text: row.text,
            enforced: places(section, "enforced"),
            checker: places(section, "checker"),
            tests: places(section, "tests"),
        }
    }

    fn text(&self) -> String {
        let Self { rule, release, citation, duty, kind, watched, text, .. } = self;
        let release = if *release == CITED_RELEASE { "" } else { release };
        let cite = format!("{release} {citation}");
        let mut told = format!("{rule}  {}\n  {text}\n", cite.trim_start());
        told.push_str(&format!("  {duty} · {kind} · {watched}\n"));
        if let Some(reason) = self.reason {
            told.push_str(&format!("  because {reason}\n"));
        }
        let lists =
            [("enforced", &self.enforced), ("checker", &self.checker), ("test", &self.tests)];
        for (what, places) in lists {
            for place in places {
                told.push_str(&format!("  {what:8}  {place}\n"));
            }
        }
        told
    }
}

/// What the snapshot says of a rule; nothing if it does not know it.
fn section(rule: &str) -> &'static str {
    let mut sections = SNAPSHOT.split("\n## ").skip(1);
    sections.find_map(|section| section.strip_prefix(rule)?.strip_prefix('\n')).unwrap_or("")
}

/// The places of a list in a section.
fn places(section: &'static str, list: &str) -> Vec<&'static str> {
    let head = format!("- {list}:");
    let lines = section.lines().skip_while(|line| *line != head).skip(1);
    lines.map_while(|line| line.strip_prefix("  - ")).collect()
}

/// Prints it to the standard output.
///
/// # Errors
/// If nothing can be written there.
pub fn run(arguments: &Arguments) -> Outcome {
    let cited = match arguments.release.as_deref() {
        Some("1.1") => Some(CITED_RELEASE),
        other => other,
    };
    let entries = Rule::all().map(Entry::of);
    let entries: Vec<Entry> =
        entries.filter(|entry| cited.is_none_or(|release| entry.release == release)).collect();
    let text = match arguments.json {
        true => format!("{:#}\n", json!(entries)),
        false => {
            let mut text: Vec<String> = entries.iter().map(Entry::text).collect();
            text.push(counts(&entries));
            text.join("\n")
        }
    };
    super::print(&text)?;
    Ok(Ending::Done)
}

/// How many there are, by how they are watched.
fn counts(entries: &[Entry]) -> String {
    let mut ways: Vec<&str> = Vec::new();
    for entry in entries {
        if !ways.contains(&entry.watched) {
            ways.push(entry.watched);
        }
    }
    let each = ways.iter().map(|way| {
        let count = entries.iter().filter(|entry| entry.watched == *way).count();
        format!("  {count:>3}  {way}\n")
    });
    format!("{} rules\n{}", entries.len(), each.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::rule::{self, Watch};

    #[test]
    fn every_rule_is_told_with_the_guards_that_it_needs() {
        for rule in Rule::all() {
            let entry = Entry::of(rule);
            let guarded = match rule.row().watch {
                Watch::Checked | Watch::Testimony(_) => !entry.checker.is_empty(),
                Watch::Enforced => !entry.enforced.is_empty(),
                Watch::Structural(_) | Watch::Organisational(_) => {
                    assert!(entry.reason.is_some(), "{rule}");
                    continue;
                }
            };
            assert!(guarded && !entry.tests.is_empty(), "{rule}: {entry:?}");
        }
    }

    #[test]
    fn a_rule_is_told_on_a_few_lines() {
        let entry = Entry { tests: Vec::new(), ..Entry::of(rule::NORM_TOKEN_ANSWER) };
        insta::assert_snapshot!(entry.text(), @r"
        NORM_TOKEN_ANSWER  2.x core.tknint.206
          a token request is answered within 10 s, 99.5 % of them
          ZA GW (DVZA) · service level · checked in every run
          checker   watch/src/rules/verdict.rs
        ");
    }

    #[test]
    fn every_release_that_is_cited_can_be_asked_for() {
        for rule in Rule::all() {
            assert!(RELEASES.contains(&rule.row().citation().0), "{rule}");
        }
    }
}
