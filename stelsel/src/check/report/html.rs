//! A page for people: what is broken first, each with the exchanges that show it.

use desk::{
    evidence::{Exchange, Outcome},
    verdict::{Finding, NOT_ASKED, Report, Verdict},
};
use maud::{Markup, html};

use super::{again, cited};

/// The report as a page that needs no network.
pub(super) fn html(report: &Report) -> String {
    let count = |finding| report.of(finding).count();
    let broken = count(Finding::Broken);
    let body = html! {
        header {
            h1 { "Rules kept by the gateway at " (report.host) }
            p.asked {
                "Played the " strong { (report.role) } " of a network beside it, for " (format!("{:.0}", report.took_s)) " s. "
                @if let Some(why) = &report.untested { strong { "It could not be tested: " (why) "." } " " }
                @else if broken == 0 { strong { "Nothing was found broken." } }
                @if broken > 0 { strong { (broken) @if broken == 1 { " rule was" } @else { " rules were" } " broken." } }
                " " (count(Finding::Kept)) " were kept, " (count(Finding::NotReached)) " not reached, "
                (count(Finding::NotObservable)) " cannot be seen from outside."
            }
        }
        main {
            @if broken > 0 {
                section.answer aria-label="Broken" {
                    @for verdict in report.of(Finding::Broken) {
                        p.bad { a href={ "#" (verdict.rule) } { (cited(verdict)) } " " (verdict.text) }
                    }
                }
            }
            @for verdict in report.of(Finding::Broken) { (of_broken(report, verdict)) }
            (table(report, Finding::NotReached, "Why not"))
            (kept(report))
            (table(report, Finding::NotObservable, "Why not"))
            h2 { "What it does by itself" }
            table {
                thead { tr { th { "About" } th { "Seen" } } }
                tbody { @for observation in &report.observed {
                    tr { td { (observation.what) } td { (observation.seen) } }
                } }
            }
        }
    };
    crate::report::page(&format!("check {}", report.role), &body)
}

fn of_broken(report: &Report, verdict: &Verdict) -> Markup {
    html! {
        section id=(verdict.rule) {
            h2 { (cited(verdict)) ": broken" }
            p { (verdict.text) " (" code { (verdict.rule) } ")" }
            @for judgement in verdict.judgements.iter().filter(|judgement| !judgement.kept) {
                dl.facts {
                    dt { "Expected" } dd { (judgement.expected) }
                    dt { "Found" } dd { (judgement.found) }
                }
            }
            p { "Again: " code { (again(report, verdict)) } }
            @if let Some(judgement) = verdict.judgements.iter().find(|judgement| !judgement.kept) {
                @for exchange in &judgement.exchanges { (of_exchange(exchange)) }
            }
        }
    }
}

fn of_exchange(exchange: &Exchange) -> Markup {
    html! {
        details {
            summary { (exchange.line()) }
            @if !exchange.meaning.is_empty() {
                table {
                    tbody { @for (name, value) in &exchange.meaning {
                        tr { td { (name) } td { code { (value) } } }
                    } }
                }
            }
            pre { (exchange.request) }
            @match &exchange.outcome {
                Outcome::Answer { raw, .. } => { pre { (raw) } }
                Outcome::Failure(why) => { p { (why) } }
            }
        }
    }
}

fn table(report: &Report, finding: Finding, reason: &str) -> Markup {
    let is_asked = |verdict: &&Verdict| verdict.why.as_deref() != Some(NOT_ASKED);
    let asked: Vec<&Verdict> = report.of(finding).filter(is_asked).collect();
    let others = report.of(finding).count() - asked.len();
    html! {
        @if report.of(finding).next().is_some() {
            h2 { (capital(finding.name())) }
            @if others > 0 { p { "Of " (others) " rules: " (NOT_ASKED) "." } }
        }
        @if !asked.is_empty() {
            table {
                thead { tr { th { "Rule" } th { "What it asks" } th { (reason) } } }
                tbody { @for verdict in asked {
                    tr {
                        td { (cited(verdict)) }
                        td { (verdict.text) }
                        td { (verdict.why.as_deref().unwrap_or_default()) }
                    }
                } }
            }
        }
    }
}

fn kept(report: &Report) -> Markup {
    html! {
        h2 { "Kept" }
        table {
            thead { tr { th { "Rule" } th { "What it asks" } th { "How often" } th { "By" } } }
            tbody { @for verdict in report.of(Finding::Kept) {
                tr {
                    td { (cited(verdict)) }
                    td { (verdict.text) }
                    td { (verdict.judgements.len()) }
                    td {
                        (probes(verdict))
                        @if let Some(why) = &verdict.why { "; " (why) }
                    }
                }
            } }
        }
    }
}

fn probes(verdict: &Verdict) -> String {
    let mut names: Vec<&str> = verdict.judgements.iter().map(|judgement| judgement.probe).collect();
    names.dedup();
    names.join(", ")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
