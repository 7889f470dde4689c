//! The page of a load on a gateway: what was measured beside what virtual time predicted, and how the generator did.
//!
//! Estimates nothing.

use maud::{Markup, html};

use super::{
    pictures::figure,
    plot::{self, Bar},
};
use crate::load::{Found, Generator, PUNCTUAL, Row};

/// The body of the page.
pub fn body(rows: &[Row], generator: &Generator, machine: &str, command: &str) -> Markup {
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
                @for (metric, name, least) in [("norm.token.share", "token requests within 10 s", 0.995), ("norm.resource.share", "resource requests within 60 s", 0.985)] {
                    @match share(rows, metric) {
                        None => p.bad { "No " (name) ": nobody got so far." },
                        Some(kept) if kept >= least => p { (percent(kept)) " of " (name) ": the norm of " (percent(least)) " was kept." },
                        Some(kept) => p.bad { (percent(kept)) " of " (name) ": the norm of " (percent(least)) " was not kept." },
                    }
                }
                @if let Some(completed) = share(rows, "flows.completed_ratio") {
                    p { (percent(completed)) " of collections were completed." }
                }
                @match generator.bottleneck() {
                    None => p { "The generator kept its plan: of 100 people 99 were sent off within " (format!("{:.2} ms", generator.late_s[1] * 1e3)) "." },
                    Some(why) => p.bad { (why) },
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
                "People who are not answered count as waiting longer than all others, in every quantile."
            }
            p { "What people met is told in full in " a href="measured/report.html" { "measured/report.html" } ", and the prediction in "
                a href="predicted/report.html" { "predicted/report.html" } "." }
            h2 { "How to repeat it" }
            pre { (command) }
        }
    }
}

fn share(rows: &[Row], metric: &str) -> Option<f64> {
    rows.iter().find(|row| row.metric == metric)?.measured.value()
}

fn percent(share: f64) -> String {
    // Not rounded up: a norm that is just missed must not look kept.
    format!("{:.2} %", (share * 1e4).floor() / 1e2)
}

fn times(rows: &[Row], title: &str, quantile: &str) -> Markup {
    let bars: Vec<Bar> = rows
        .iter()
        .filter(|row| row.metric.ends_with(quantile))
        .flat_map(|row| {
            let what = row.what.split(',').next().unwrap_or(row.what);
            let bar = |which: &str, found: &Found| Bar {
                label: format!("{what}, {which}"),
                value: found.value().unwrap_or(0.0),
                interval: None,
                text: found.text(),
            };
            [bar("predicted", &row.predicted), bar("measured", &row.measured)]
        })
        .collect();
    figure(title, "", plot::bars(&bars, "s", None, |value| format!("{value:.2}")))
}

fn table(rows: &[Row]) -> Markup {
    html! {
        table {
            thead { tr { th { "figure" } th.n { "predicted" } th.n { "measured" } th { "unit" } } }
            tbody {
                @for row in rows {
                    tr {
                        td { (row.what) }
                        td.n { (row.predicted.text()) }
                        td.n { (row.measured.text()) }
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
        };
        let kept = [row("norm.token.share", Some(0.996)), row("norm.resource.share", None)];
        let page = body(&kept, &generator(0.001), "a <machine>", "stelsel load").into_string();
        assert!(
            page.contains("99.60 % of token requests within 10 s: the norm of 99.50 % was kept"),
            "{page}"
        );
        assert!(
            page.contains("No resource requests") && page.contains("a &lt;machine&gt;"),
            "{page}"
        );
        let missed = [row("norm.token.share", Some(0.994_999))];
        let page = body(&missed, &generator(0.1), "m", "c").into_string();
        assert!(page.contains("99.49 %") && page.contains("was not kept"), "{page}");
        assert!(page.contains("itself a bottleneck"), "{page}");
    }
}
