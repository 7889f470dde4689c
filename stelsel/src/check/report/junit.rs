//! JUnit's XML, as CI systems read it: a test for each rule, and one in error where the gateway could not be tested.

use desk::verdict::{Finding, Report, Verdict};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{again, cited};

/// The report as JUnit's XML.
pub(super) fn junit(report: &Report) -> String {
    let mut suite = TestSuite::new(format!("stelsel check {}", report.role));
    for verdict in &report.verdicts {
        let mut case = TestCase::new(
            format!("{} ({})", verdict.rule, cited(verdict)),
            status(report, verdict),
        );
        case.set_classname(format!("stelsel.check.{}", report.role));
        if let (Finding::Kept, Some(why)) = (verdict.finding, &verdict.why) {
            case.set_system_out(why);
        }
        suite.add_test_case(case);
    }
    if let Some(why) = &report.untested {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(format!("could not test: {why}"));
        let mut case = TestCase::new("the gateway can be tested", status);
        case.set_classname(format!("stelsel.check.{}", report.role));
        suite.add_test_case(case);
    }
    let mut all = quick_junit::Report::new("stelsel check");
    all.add_test_suite(suite);
    // What is written is text that was made here: no writer can refuse it.
    all.to_string().unwrap_or_default()
}

fn status(report: &Report, verdict: &Verdict) -> TestCaseStatus {
    match verdict.finding {
        Finding::Kept => TestCaseStatus::success(),
        Finding::Broken => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(verdict.text).set_description(evidence(report, verdict));
            status
        }
        Finding::NotReached | Finding::NotObservable => {
            let mut status = TestCaseStatus::skipped();
            let why = verdict.why.as_deref().unwrap_or_default();
            status.set_message(format!("{}: {why}", verdict.finding.name()));
            status
        }
    }
}

fn evidence(report: &Report, verdict: &Verdict) -> String {
    let mut lines = Vec::new();
    for judgement in verdict.judgements.iter().filter(|judgement| !judgement.kept) {
        lines.push(format!("expected: {}", judgement.expected));
        lines.push(format!("found: {}", judgement.found));
        lines.extend(judgement.exchanges.iter().map(|exchange| format!("  {}", exchange.line())));
    }
    lines.push(format!("again: {}", again(report, verdict)));
    lines.join("\n")
}
