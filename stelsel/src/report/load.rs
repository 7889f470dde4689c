//! The page of a load on a gateway: what was measured beside what virtual time predicted, and how the generator did.
//!
//! Estimates nothing.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{
    pictures::figure,
    plot::{self, Bar},
};
use crate::load::{Found, Generator, Judged, PUNCTUAL, Row, dead_ends};

/// What the page tells.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// What was measured beside what was predicted.
    pub rows: &'a [Row],
    /// How the generator did.
    pub generator: &'a Generator,
    /// Pages of the gateway that led nowhere.
    pub dead_ends: &'a BTreeMap<String, u32>,
    /// Whether it is as it should be.
    pub judged: &'a Judged,
}

/// The body of the page.
pub fn body(parts: &Parts<'_>, machine: &str, command: &str) -> Markup {
    let Parts { rows, generator, dead_ends: ends, judged } = *parts;
    html! {
        header {
            h1 { "Load on a gateway" }
            p.asked {
                strong { (generator.people) " people" } " came within " strong { (format!("{:.0} s", generator.took_s)) }
                ", each at a planned moment, whatever became of those before. " strong { "Measured" } " is what they met, "
                strong { "predicted" } " what virtual time says of a gateway as the network's file has it. Peers ran on this machine ("
                (machine) ")."
            }
        }
        main {
            section.answer aria-label="Answer" {
                @for (is_good, sentence) in &judged.sentences {
                    p.bad[!is_good] { (sentence) }
                }
                @for sentence in dead_ends(ends) { p.bad { (sentence) } }
                @match generator.bottlenecks() {
                    all if all.is_empty() => p { "The generator kept its plan: of 100 people 99 were sent off within " (format!("{:.2} ms", generator.late_s[1] * 1e3)) "." },
                    all => @for why in all { p.bad { (why) } },
                }
            }
            div.plots {
                (times(rows, "Medians", "p50"))
                (times(rows, "95th percentiles: 95 of 100 take no longer", "p95"))
            }
            h2 { "Every figure" }
            (table(rows))
            h2 { "The generator" }
            ul { @for sentence in generator.sentences() { li { (sentence) } } }
            p.small {
                "It is punctual while of 100 people 99 are sent off within " (PUNCTUAL.as_secs_f64() * 1e3) " ms of their moment. "
                "Token and resource requests that are not answered count as longer than all others, in every quantile. Waiting for a "
                "page is of pages that came, and machine time of collections that were completed or were still going on: read both beside "
                "the share that was completed."
            }
            p { "What people met is told in full in " a href="measured/report.html" { "measured/report.html" } ", and the prediction in "
                a href="predicted/report.html" { "predicted/report.html" } "." }
            h2 { "How to repeat it" }
            pre { (command) }
        }
    }
}

fn times(rows: &[Row], title: &str, quantile: &str) -> Markup {
    let bars: Vec<Bar> = rows
        .iter()
        .filter(|row| row.metric.ends_with(quantile))
        .flat_map(|row| {
            let bar = |which: &str, found: &Found| Bar {
                label: format!("{}, {which}", short(row.metric)),
                value: found.least(),
                interval: None,
                text: found.text(),
            };
            [bar("predicted", &row.predicted), bar("measured", &row.measured)]
        })
        .collect();
    figure(title, "", plot::bars(&bars, "s", None, |value| format!("{value:.2}")))
}

/// What a time is of, in a word that fits beside a bar.
fn short(metric: &str) -> &'static str {
    match metric.split('.').next() {
        Some("latency") => "a collection",
        Some("page") => "a page",
        Some("token") => "a token",
        _ => "an answer",
    }
}

fn table(rows: &[Row]) -> Markup {
    html! {
        table {
            thead { tr { th { "figure" } th.n { "predicted" } th.n { "measured" } th { "unit" } } }
            tbody {
                @for row in rows {
                    tr {
                        td { (row.what) }
                        td.n { (row.text(&row.predicted)) }
                        td.n { (row.text(&row.measured)) }
                        td { (row.unit) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_whether_norms_were_kept_and_whether_the_generator_was_in_the_way() {
        let row = |metric, measured: Option<f64>| Row {
            metric,
            what: "what",
            unit: "",
            predicted: Found::Value(1.0),
            measured: measured.map_or(Found::Not("too few".to_owned()), Found::Value),
        };
        let generator = |late: f64| Generator {
            people: 10,
            late_s: [0.0, late, late],
            took_s: 5.0,
            cores: 2,
            cpu_s: None,
            gateway_cpu_s: None,
            busiest: None,
            no_sockets: 0,
        };
        let page = |rows: &[Row], late: f64| {
            let judged = &Judged::of(rows, false);
            let dead_ends = &BTreeMap::from([("the page \"Fout\"".to_owned(), 3)]);
            let parts = Parts { rows, generator: &generator(late), dead_ends, judged };
            (judged.is_good(), body(&parts, "a <machine>", "stelsel load").into_string())
        };
        let kept = [row("norm.token.share", Some(0.996)), row("flows.completed_ratio", Some(0.6))];
        let (is_good, text) = page(&kept, 0.001);
        assert!(is_good && text.contains("the norm of 99.50 % was kept"), "{text}");
        assert!(
            text.contains("a &lt;machine&gt;") && text.contains("Led nowhere, 3 times"),
            "{text}"
        );
        let none = [row("norm.token.share", None)];
        assert!(page(&none, 0.001).1.contains("nobody got so far"));
        let missed = [row("norm.token.share", Some(0.994_999))];
        let (is_good, text) = page(&missed, 0.1);
        assert!(!is_good && text.contains("99.49 %") && text.contains("was not kept"), "{text}");
        assert!(text.contains("itself a bottleneck"), "{text}");
        let collapsed =
            [row("norm.token.share", Some(1.0)), row("flows.completed_ratio", Some(0.4))];
        let (is_good, text) = page(&collapsed, 0.001);
        assert!(!is_good && text.contains("traffic collapsed"), "{text}");
    }
}
