//! What a check of a gateway came to, for people and for CI systems.
//!
//! Judges nothing: every format has the same verdicts.

mod html;
mod junit;
mod sarif;
mod text;

use desk::verdict::{Finding, Report, Verdict};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A report in every form.
#[derive(Clone, Serialize, Deserialize, ToSchema, Debug)]
pub struct Written {
    /// For a terminal.
    pub text: String,
    /// As JSON.
    pub json: String,
    /// As JUnit's XML.
    pub junit: String,
    /// As SARIF.
    pub sarif: String,
    /// As a page.
    pub html: String,
    /// Why nothing was really tested, if so it is.
    pub untested: Option<String>,
    /// Whether a rule was broken.
    pub is_broken: bool,
}

impl Written {
    /// A report, written.
    pub fn of(report: &Report) -> Self {
        Self {
            text: text::text(report),
            json: json(report),
            junit: junit::junit(report),
            sarif: sarif::sarif(report),
            html: html::html(report),
            untested: report.untested.clone(),
            is_broken: report.of(Finding::Broken).next().is_some(),
        }
    }

    /// What goes into files: JSON, JUnit's XML, SARIF, a page.
    pub fn files(&self) -> [&str; 4] {
        [&self.json, &self.junit, &self.sarif, &self.html].map(String::as_str)
    }
}

/// The smallest command that shows a rule again.
fn again(report: &Report, verdict: &Verdict) -> String {
    let probe = verdict.judgements.iter().find(|judgement| !judgement.kept);
    let probe = probe.or(verdict.judgements.first()).map_or("", |judgement| judgement.probe);
    format!("{} --only {probe}", report.command)
}

fn json(report: &Report) -> String {
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
