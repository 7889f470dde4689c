//! For a terminal.

use std::fmt::Write as _;

use desk::verdict::{Finding, NOT_ASKED, Report, Verdict};

use super::{again, cited};
use crate::results::wrapped;

/// What is broken first, with what shows it; then what could not be seen, by its reasons, and what was kept.
pub(super) fn text(report: &Report) -> String {
    if report.verdicts.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    // Writing to a string cannot fail.
    for verdict in report.of(Finding::Broken) {
        broken(&mut text, report, verdict);
    }
    let is_asked = |verdict: &Verdict| verdict.why.as_deref() != Some(NOT_ASKED);
    // Whoever asked for a few probes has a few rules in mind.
    let told: &[Finding] = match report.verdicts.iter().all(is_asked) {
        true => &[Finding::NotObservable, Finding::NotReached],
        false => &[Finding::NotReached],
    };
    for finding in told.iter().copied() {
        let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
        for verdict in report.of(finding) {
            let (why, rule) = (verdict.why.as_deref().unwrap_or_default(), verdict.rule);
            let told = format!("{rule} ({})", cited(verdict));
            match reasons.iter_mut().find(|(known, _)| *known == why) {
                Some((_, rules)) => rules.push(told),
                None => reasons.push((why, vec![told])),
            }
        }
        for (why, rules) in reasons {
            text.push_str(&wrapped(&format!("{}: {why}", finding.name()), ""));
            text.push_str(&wrapped(
                &match why {
                    NOT_ASKED => format!("{} rules", rules.len()),
                    _ => rules.join(", "),
                },
                "  ",
            ));
        }
    }
    for verdict in report.of(Finding::Kept) {
        if let Some(why) = &verdict.why {
            let (rule, cited) = (verdict.rule, cited(verdict));
            text.push_str(&wrapped(&format!("kept: {rule} ({cited}), {why}"), ""));
        }
    }
    let kept: Vec<&str> = report.of(Finding::Kept).map(|verdict| verdict.rule).collect();
    if !kept.is_empty() {
        text.push_str("kept:\n");
        text.push_str(&wrapped(&kept.join(", "), "  "));
    }
    for observation in &report.observed {
        text.push_str(&wrapped(&format!("seen: {}: {}", observation.what, observation.seen), ""));
    }
    let counts: Vec<String> = Finding::ALL
        .into_iter()
        .map(|finding| format!("{} {}", report.of(finding).count(), finding.name()))
        .collect();
    let _ = writeln!(
        text,
        "\n{} rules: {}; in {:.0} s",
        report.verdicts.len(),
        counts.join(", "),
        report.took_s
    );
    text
}

fn broken(text: &mut String, report: &Report, verdict: &Verdict) {
    let _ = writeln!(text, "broken: {} ({}): {}", verdict.rule, cited(verdict), verdict.text);
    for judgement in verdict.judgements.iter().filter(|judgement| !judgement.kept) {
        let _ = writeln!(text, "  expected: {}", judgement.expected);
        let _ =
            writeln!(text, "  found:    {}", judgement.found.lines().next().unwrap_or_default());
    }
    let first = verdict.judgements.iter().find(|judgement| !judgement.kept);
    for exchange in first.iter().flat_map(|judgement| &judgement.exchanges) {
        let _ = writeln!(text, "    {}", exchange.line());
    }
    let _ = writeln!(text, "  again:    {}\n", again(report, verdict));
}
