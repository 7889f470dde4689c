//! The page of both worlds side by side: what virtual time predicted and what a twin gave, by load.
//!
//! Estimates nothing.

use maud::{Markup, html};

use super::{
    pictures::figure,
    plot::{self, Axis, BOTTOM, Bar, LEFT, Line, RIGHT, TOP},
    scale::Scale,
};
use crate::validate::worlds::{ALLOWED, IN_AN_OUTAGE, LOADS, MACHINE, Row, Within};

/// The body of the page.
pub fn body(rows: &[Row], machine: &str) -> Markup {
    let judged = || rows.iter().filter(|row| row.within.is_some());
    let failed = judged().filter(|row| !row.passes()).count();
    let worst = judged()
        .filter(|row| row.of != IN_AN_OUTAGE)
        .map(|row| row.error().abs())
        .fold(0.0, f64::max);
    html! {
        header {
            h1 { "Two worlds side by side" }
            p.asked {
                "One scenario in virtual time and in a twin on this machine (" (machine) "), the same people at the same moments. "
                strong { "Predicted" } " is virtual time, " strong { "measured" } " the twin."
            }
        }
        main {
            section.answer aria-label="Answer" {
                p {
                    "At 30, 50 and 70 % load medians and 95th percentiles are off by " (percent(worst)) " at most; "
                    (percent(ALLOWED)) " are allowed."
                }
                @if failed == 0 {
                    p { "All " (judged().count()) " figures that are judged are near enough." }
                } @else {
                    p.bad { (failed) " of " (judged().count()) " figures that are judged are too far off." }
                }
            }
            div.plots {
                (by_load(rows, "median of machine time", "machine time, median (s)"))
                (by_load(rows, "95th percentile of it", "machine time, 95 % take no longer (s)"))
                (by_load(rows, "utilisation of za-1", "utilisation of the busiest host (1)"))
                (outage(rows))
            }
            h2 { "Every figure" }
            (table(rows))
            p.small {
                "Costs of stations are fixed, so that what differs is the world. In the outage the twin is one more replication: it "
                "must be where 95 of 100 such would be. The rows of the " (MACHINE)
                " are what its own costs, measured first, predict for a twin that charges nothing: virtual time knows nothing of sockets, HTTP and shared "
                "cores, and that error is told and not judged."
            }
            h2 { "How to repeat it" }
            pre { "stelsel validate --twin --report worlds.html" }
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn by_load(rows: &[Row], quantity: &'static str, name: &str) -> Markup {
    let of = |value: fn(&Row) -> f64| -> Vec<(f64, f64)> {
        let at = |(label, load): (&'static str, f64)| {
            let row = rows.iter().find(|row| row.of == label && row.quantity == quantity)?;
            Some((load * 100.0, value(row))).filter(|(_, value)| value.is_finite())
        };
        LOADS.into_iter().filter_map(at).collect()
    };
    let line = |label: &str, points| Line {
        label: label.to_owned(),
        points,
        band: Vec::new(),
        companions: Vec::new(),
    };
    let lines =
        [line("predicted", of(|row| row.predicted)), line("measured", of(|row| row.measured))];
    let high = lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y).fold(0.0, f64::max);
    let loads = LOADS.map(|(_, load)| load * 100.0);
    let x = Axis {
        name: "load of the busiest host (%)",
        scale: Scale::between(loads[0], loads[2], LEFT, RIGHT),
        ticks: Some(&loads),
        show: &|load| format!("{load:.0}"),
    };
    let y = Axis {
        name,
        scale: Scale::linear(high, BOTTOM, TOP),
        ticks: None,
        show: &|value| format!("{value:.1}"),
    };
    figure(quantity, "", plot::lines(&lines, &x, &y, &[]))
}

/// What became of people while DigiD was down for a while.
fn outage(rows: &[Row]) -> Markup {
    let bars: Vec<Bar> = rows
        .iter()
        .filter(|row| row.of == IN_AN_OUTAGE)
        .flat_map(|row| {
            let interval = match row.within {
                Some(Within::Interval(low, high)) => Some((low, high)),
                _ => None,
            };
            let bar = |what: &str, value: f64, interval| Bar {
                label: format!("{}, {what}", row.quantity),
                value,
                interval,
                text: format!("{value:.0}"),
            };
            [bar("predicted", row.predicted, interval), bar("measured", row.measured, None)]
        })
        .collect();
    let picture = plot::bars(&bars, "flows", None, |value| format!("{value:.0}"));
    figure("An outage of DigiD", "Whiskers: where 95 of 100 replications would be.", picture)
}

fn table(rows: &[Row]) -> Markup {
    html! {
        table {
            thead { tr { th { "load" } th { "figure" } th.n { "predicted" } th.n { "measured" } th.n { "error" } th { "unit" } th { "verdict" } } }
            tbody {
                @for row in rows {
                    tr {
                        td { (row.of) }
                        td { (row.quantity) }
                        td.n { (format!("{:.4}", row.predicted)) }
                        td.n { (format!("{:.4}", row.measured)) }
                        td.n { (format!("{:+.1} %", row.error() * 100.0)) }
                        td { (row.unit) }
                        td { @match (row.within, row.passes()) {
                            (None, _) => {}
                            (Some(_), true) => { "passed" }
                            (Some(_), false) => { "failed" }
                        } }
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
    fn the_page_says_how_many_figures_are_too_far_off_and_draws_both_worlds() {
        let row = |of, measured| Row {
            of,
            quantity: "median of machine time",
            unit: "s",
            predicted: 1.0,
            measured,
            within: Some(Within::Share(ALLOWED)),
        };
        let rows = |last| LOADS.map(|(of, load)| row(of, if load > 0.6 { last } else { 1.05 }));
        let near = body(&rows(1.1), "a machine").into_string();
        assert!(near.contains("All 3 figures that are judged are near enough"), "{near}");
        assert!(near.contains("off by 10.0 % at most"), "{near}");
        let far = body(&rows(1.2), "<a machine>").into_string();
        assert!(far.contains("1 of 3 figures that are judged are too far off"), "{far}");
        assert!(
            far.contains("&lt;a machine&gt;") && far.matches("<polyline").count() >= 2,
            "{far}"
        );
    }
}
