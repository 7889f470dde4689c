//! The page of a comparison: what differs in what was asked and in what came out, and who is hurt.
//!
//! Estimates nothing.

use maud::{Markup, html};

use super::{
    pictures::{course, figure, plain, time_picture},
    plot::{self, Bar, Line},
    words::thin,
};
use crate::comparison::{Comparison, Hurt, MAIN, difference_shown, is_distinguishable, is_no_news};

/// How many groups a picture has at most.
const MOST_BARS: usize = 12;

/// The kinds of groups of people that may be hurt, and what they are called.
const KINDS: [(&str, &str); 5] = [
    ("pgo", "By PGO"),
    ("gateway", "By ZA gateway"),
    ("provider_type", "By type of Zorgaanbieder"),
    ("service", "By Gegevensdienst"),
    ("list_age", "By age of the ZAL that the PGO held"),
];

/// The body of the page.
pub fn body(comparison: &Comparison) -> Markup {
    let [before, after] = &comparison.names;
    let hurt: Vec<(&str, Vec<Hurt>)> = KINDS
        .into_iter()
        .map(|(kind, title)| (title, comparison.hurt(kind)))
        .filter(|(_, hurt)| hurt.len() > 1 && hurt.iter().any(|one| one.wishes != 0.0))
        .collect();
    html! {
        header {
            h1 { (after) " beside " (before) }
            p.asked {
                (comparison.pairs()) " pairs of replications with the same people, wishes and human times, seed "
                (comparison.before.manifest.seed) ". Asked differently: "
                @if comparison.changed.is_empty() { strong { "nothing" } "." }
                @for changed in comparison.changed.iter().take(6) {
                    strong { (changed.key) } " " (shown(&changed.before)) " → " (shown(&changed.after)) "; "
                }
                @if comparison.changed.len() > 6 { "and " (comparison.changed.len() - 6) " more." }
            }
        }
        main {
            section.answer aria-label="Answer" {
                @for sentence in comparison.sentences().iter().take(4) { p { (thin(sentence)) } }
                (most_hurt(&hurt))
            }
            div.plots {
                @for (title, hurt) in &hurt { (who(title, hurt)) }
                (over_time(comparison).unwrap_or_default())
            }
            h2 { "The main figures" }
            (main_figures(comparison))
            h2 { "How to repeat it" }
            pre { "stelsel compare " (before) " " (after) }
            p.small {
                "Differences are the second minus the first, replication by replication; intervals are 95 % Student-t intervals of the paired "
                "differences, of quantiles by sectioning. Every metric and group is in comparison.csv."
            }
            @if !comparison.changed.is_empty() {
                details {
                    summary { "Everything that was asked differently (" (comparison.changed.len()) ")" }
                    div.wide { table {
                        tr { th { "key" } th { (before) } th { (after) } }
                        @for changed in &comparison.changed {
                            tr {
                                td { code { (changed.key) } }
                                td { (shown(&changed.before)) }
                                td { (shown(&changed.after)) }
                            }
                        }
                    } }
                }
            }
        }
    }
}

/// A value of a file, as a person writes it.
fn shown(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => "nothing".to_owned(),
        serde_json::Value::Object(table) => table
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| format!("{key} {}", shown(value)))
            .collect::<Vec<String>>()
            .join(", "),
        other => other.to_string(),
    }
}

fn most_hurt(hurt: &[(&str, Vec<Hurt>)]) -> Markup {
    let worst = |hurt: &[Hurt]| {
        let first = hurt.first().filter(|one| one.interval.is_some_and(|(low, _)| low > 0.0))?;
        Some((first.group.clone(), first.share * 100.0))
    };
    let parts: Vec<String> = hurt
        .iter()
        .filter_map(|(title, hurt)| {
            let (group, share) = worst(hurt)?;
            let title = title.replacen("By", "by", 1);
            Some(format!("{title} {group} ({share:.1} points)"))
        })
        .take(3)
        .collect();
    html! {
        @if !parts.is_empty() { p { "Hurt most: " (super::words::listed(&parts)) "." } }
    }
}

/// Who is no longer served.
fn who(title: &str, hurt: &[Hurt]) -> Markup {
    let bars: Vec<Bar> = hurt
        .iter()
        .take(MOST_BARS)
        .map(|one| {
            // From wishes to points of the group's wishes.
            let factor = if one.wishes == 0.0 { 0.0 } else { one.share / one.wishes * 100.0 };
            let interval = one.interval.map(|(low, high)| (low * factor, high * factor));
            let between = interval
                .map_or_else(String::new, |(low, high)| format!(" ({low:.1} to {high:.1})"));
            Bar {
                label: one.group.clone(),
                value: one.share * 100.0,
                interval,
                text: format!("{:.1}{between}", one.share * 100.0),
            }
        })
        .collect();
    let caption = match hurt.len() {
        many if many > MOST_BARS => {
            format!("Wishes no longer served; the {MOST_BARS} worst of {many}.")
        }
        _ => "Wishes no longer served.".to_owned(),
    };
    let picture = plot::bars(&bars, "points of the group's wishes (%)", None, plain);
    figure(&format!("Who is hurt: {}", title.replacen("By", "by", 1)), &caption, picture)
}

/// What was not completed over time, on both sides.
fn over_time(comparison: &Comparison) -> Option<Markup> {
    let sides = [&comparison.before, &comparison.after].into_iter().zip(&comparison.names);
    let lines: Vec<Line> = sides
        .map(|(folder, name)| {
            let course = course(folder, "flows.not_completed", "", true);
            Line {
                label: name.clone(),
                points: course.points,
                band: course.band,
                companions: Vec::new(),
            }
        })
        .filter(|line| line.points.len() > 1)
        .collect();
    time_picture(
        &comparison.after,
        "Flows that were not completed",
        "Flows per hour: mean over replications, with their range. Faults are those of the second.",
        lines,
        "flows per hour (1/h)",
        None,
        &plain,
    )
}

fn main_figures(comparison: &Comparison) -> Markup {
    let [before, after] = &comparison.names;
    let rows =
        MAIN.iter().filter_map(|(name, _)| comparison.overall(name)).filter(|row| !is_no_news(row));
    html! {
        div.wide { table {
            tr {
                th { "metric" } th.n { (before) } th.n { (after) } th.n { "difference" } th { "interval" }
                th { "distinguishable from none" }
            }
            @for row in rows {
                @let unit = row.metric.metric().unit;
                @let side = |estimate| thin(&crate::results::shown::Shown::figure(estimate, None, unit).with_unit());
                @let (difference, interval) = row.difference.map(|difference| difference_shown(row, difference)).unwrap_or_default();
                tr {
                    td { code { (row.metric.name()) } }
                    td.n { (side(row.before)) }
                    td.n { (side(row.after)) }
                    td.n { (thin(&difference)) }
                    td { (thin(interval.trim())) }
                    td {
                        @match is_distinguishable(row) {
                            Some(true) => { "yes" }
                            Some(false) => { "no" }
                            None => { "no interval" }
                        }
                    }
                }
            }
        } }
    }
}
