//! Where each rule of the rulebook is enforced, tested and checked, found in the source.
//!
//! A rule is *enforced* where product code of `protocol`, `actors` or `stelsel` names it, *checked* where
//! `watch` does, *probed* where a probe of the desk does, and *tested* where a test says that it `covers` it. The snapshot of all that is committed as
//! RULES.md and CI compares it, so that no rule is silently unguarded. Line numbers are left out: they move.

use std::{collections::BTreeSet, fmt::Write, io};

use protocol::rule::{Rule, Watch};

use crate::source::{File, files};

/// What the source has on one rule.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Files that enforce it.
    pub enforced: BTreeSet<String>,
    /// Files that check it in runs.
    pub checked: BTreeSet<String>,
    /// Files that probe gateways for it.
    pub probed: BTreeSet<String>,
    /// Tests that cover it, as `file: test`.
    pub tests: BTreeSet<String>,
}

/// Lists of rules, that guard none.
const LISTS: [&str; 2] = ["protocol/src/rule", "protocol/src/message/bound.rs"];

/// The guards of all rules, in the order of the table.
pub fn guards() -> io::Result<Vec<(Rule, Guard)>> {
    let sources = files(&[".rs"])?;
    Ok(Rule::all().map(|rule| (rule, guard(rule, &sources))).collect())
}

fn guard(rule: Rule, sources: &[File]) -> Guard {
    let mut guard = Guard::default();
    for file in sources.iter().filter(|file| !LISTS.iter().any(|list| file.path.starts_with(list)))
    {
        if names(file.product(), rule) {
            match file.house() {
                "watch" => guard.checked.insert(file.path.clone()),
                // Beside its probes the desk says of rules why it has none.
                "desk" => {
                    file.product().contains("Probe {") && guard.probed.insert(file.path.clone())
                }
                "xtask" => false,
                _ => guard.enforced.insert(file.path.clone()),
            };
        }
        guard
            .tests
            .extend(covering(file.tests(), rule).map(|test| format!("{}: {test}", file.path)));
    }
    guard
}

/// Whether a text names the rule as code does.
fn names(text: &str, rule: Rule) -> bool {
    let name = format!("rule::{}", rule.name());
    text.match_indices(&name).any(|(at, _)| {
        !text[at + name.len()..]
            .starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_')
    })
}

/// The tests in a text that say that they cover the rule.
fn covering(text: &str, rule: Rule) -> impl Iterator<Item = &str> {
    text.match_indices("covers(&[").filter_map(move |(at, _)| {
        let list = &text[at..][..text[at..].find("])")? + 2];
        let before = &text[..at];
        let test = before[before.rfind("fn ")? + 3..].split(['(', '<']).next()?;
        names(list, rule).then_some(test)
    })
}

/// What is missing: rules that the table calls guarded and the source does not guard.
pub fn breaches(guards: &[(Rule, Guard)]) -> Vec<String> {
    let mut breaches = Vec::new();
    for (rule, guard) in guards {
        let wanted: &[(&str, bool)] = match rule.row().watch {
            Watch::Checked | Watch::Testimony(_) => {
                &[("a checker", guard.checked.is_empty()), ("a test", guard.tests.is_empty())]
            }
            Watch::Enforced => &[
                ("a line that enforces it", guard.enforced.is_empty()),
                ("a test", guard.tests.is_empty()),
            ],
            Watch::Structural(_) | Watch::Organisational(_) => &[],
        };
        for (what, missing) in wanted {
            if *missing {
                breaches
                    .push(format!("{rule} is `{}` but has not {what}", rule.row().watch.name()));
            }
        }
    }
    breaches
}

/// The snapshot, as RULES.md has it.
pub fn snapshot(guards: &[(Rule, Guard)]) -> String {
    let mut text = String::from(
        "# Rules and their guards\n\n\
         Made by `cargo xtask rules --write` and compared by CI. For each rule of the Afsprakenstelsel, release 1.0\n\
         (v0.9), and for ours: where it is enforced, which checker judges it in every run, which probes of `stelsel check`\n\
         look for it, and which tests cover it.\n",
    );
    for (rule, guard) in guards {
        let row = rule.row();
        let _ = write!(
            text,
            "\n## {}\n\n{} · {} · {} · {}\n\n{}.\n",
            row.name,
            row.cite,
            row.duty.name(),
            row.kind.name(),
            row.watch.name(),
            capital(row.text)
        );
        if let Some(reason) = row.watch.reason() {
            let _ = write!(text, "\nReason: {reason}.\n");
        }
        for (title, places) in [
            ("enforced", &guard.enforced),
            ("checker", &guard.checked),
            ("probes", &guard.probed),
            ("tests", &guard.tests),
        ] {
            if !places.is_empty() {
                let _ = write!(text, "\n- {title}:\n");
                for place in places {
                    let _ = writeln!(text, "  - {place}");
                }
            }
        }
    }
    text
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::rule;

    #[test]
    fn a_rule_is_found_by_its_whole_name_only() {
        assert!(names("out.refuse(rule::CODE_ONCE, x)", rule::CODE_ONCE));
        assert!(!names("out.refuse(rule::CODE_ONCE_MORE, x)", rule::CODE_ONCE));
        assert!(!names("CODE_ONCE", rule::CODE_ONCE));
    }

    #[test]
    fn a_test_is_found_by_what_it_covers() {
        let text = "#[test]\nfn one() {\n covers(&[rule::CODE_ONCE,\n rule::BEARER]);\n}\nfn two() { covers(&[rule::BEARER]); }";
        assert_eq!(covering(text, rule::CODE_ONCE).collect::<Vec<_>>(), ["one"]);
        assert_eq!(covering(text, rule::BEARER).collect::<Vec<_>>(), ["one", "two"]);
    }

    #[test]
    fn a_rule_that_nobody_guards_is_a_breach() {
        assert_eq!(breaches(&[(rule::CODE_ONCE, Guard::default())]).len(), 2);
        assert_eq!(breaches(&[(rule::NORM_TRAINING, Guard::default())]).len(), 0);
    }
}
