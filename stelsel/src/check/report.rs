//! What a check of a gateway came to, for people and for CI systems.
//!
//! Judges nothing: every format has the same verdicts.

mod html;
mod junit;
mod sarif;
mod text;

use desk::verdict::{Finding, Report, Verdict};

pub use self::{html::html, junit::junit, sarif::sarif, text::text};

/// The smallest command that shows a rule again.
pub fn again(report: &Report, verdict: &Verdict) -> String {
    let probe = verdict.judgements.iter().find(|judgement| !judgement.kept);
    let probe = probe.or(verdict.judgements.first()).map_or("", |judgement| judgement.probe);
    format!("{} --only {probe}", report.command)
}

/// As JSON.
pub fn json(report: &Report) -> String {
    let counts: serde_json::Map<String, serde_json::Value> = Finding::ALL
        .into_iter()
        .map(|finding| (finding.name().replace(' ', "_"), report.of(finding).count().into()))
        .collect();
    let all = serde_json::json!({ "counts": counts, "report": report });
    format!("{all:#}\n")
}

/// `APP 12`, with the release where it is another than the one that rules are cited from.
fn cited(verdict: &Verdict) -> String {
    let (release, place) = verdict.cite;
    match release == protocol::rule::CITED_RELEASE {
        true => place.to_owned(),
        false => format!("{release} {place}"),
    }
}
