//! SARIF 2.1.0, as code hosts read it: a result for each rule that was broken.

use desk::verdict::{Finding, Report};
use serde_json::{Value, json};

use super::{again, cited};

/// The report as SARIF.
pub(super) fn sarif(report: &Report) -> String {
    let rules: Vec<Value> = report
        .verdicts
        .iter()
        .map(|verdict| {
            json!({
                "id": verdict.rule,
                "name": verdict.rule,
                "shortDescription": { "text": format!("{}: {}", cited(verdict), verdict.text) },
            })
        })
        .collect();
    let results: Vec<Value> = report
        .verdicts
        .iter()
        .enumerate()
        .filter(|(_, verdict)| verdict.finding == Finding::Broken)
        .map(|(place, verdict)| {
            let first = verdict.judgements.iter().find(|judgement| !judgement.kept);
            let text = first.map_or_else(String::new, |of| {
                format!("{}. Expected: {}. Found: {}", verdict.text, of.expected, of.found)
            });
            json!({
                "ruleId": verdict.rule,
                "ruleIndex": place,
                "level": "error",
                "message": { "text": text },
                "locations": [{
                    // Hosts of code show a result by a file. A gateway has none here, so one stands for it.
                    "physicalLocation": {
                        "artifactLocation": { "uri": format!("{}-gateway", report.role) },
                        "region": { "startLine": 1 },
                    },
                    "logicalLocations": [{ "name": report.host, "kind": "resource" }],
                }],
                "properties": { "again": again(report, verdict) },
            })
        })
        .collect();
    let all = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "stelsel",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "invocations": [invocation(report)],
            "results": results,
        }],
    });
    format!("{all:#}\n")
}

/// Whether the gateway could be tested: without that, no results are no good news.
fn invocation(report: &Report) -> Value {
    let why = report.untested.iter();
    let notifications: Vec<Value> = why
        .map(|why| json!({ "level": "error", "message": { "text": format!("could not test: {why}") } }))
        .collect();
    json!({
        "executionSuccessful": report.untested.is_none(),
        "toolExecutionNotifications": notifications,
    })
}
