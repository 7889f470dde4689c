//! report.html: the answer of a run, a sweep or a comparison as one page that needs no network.
//!
//! Made of result folders alone, so that it can be made again at any time. Estimates nothing. Every text
//! that comes from files is escaped: by `maud`, which leaves nothing as it is unless told to.

mod capacity;
mod comparison;
mod load;
mod pictures;
mod plot;
mod scale;
mod sweep;
mod tables;
mod words;
mod worlds;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use self::sweep::last as last_key;
use self::words::{text_of, thin};
use crate::{
    capacity::CapacityFolder,
    comparison::Comparison,
    problem::Problems,
    results::{Folder, Manifest, shown::Shown},
    sweep::SweepFolder,
    validate::worlds::Row,
};

/// How pages look.
pub(crate) const STYLE: &str = include_str!("report/page.css");

/// The page.
///
/// # Errors
/// None that are known: a folder that can be read can be reported.
pub fn html(folder: &Folder) -> Result<String, Problems> {
    let manifest = &folder.manifest;
    Ok(page(
        &manifest.name,
        &html! {
            (asked(folder))
            main {
                (answer(folder))
                (pictures::pictures(folder))
                (tables::expectations(&folder.told.expectations))
                (tables::rules(folder))
                (tables::faults(folder))
                h2 { "Norms and waiting" }
                (tables::norms(&folder.summary))
                h2 { "By group" }
                (tables::groups(&folder.summary))
                h2 { "Hosts" }
                (tables::hosts(folder))
                (tables::registry(folder))
                (tables::tokens(folder))
                (again(manifest))
            }
        },
    ))
}

/// The page of a sweep.
pub fn sweep(folder: &SweepFolder) -> String {
    page(&folder.manifest.name, &sweep::body(folder))
}

/// The page of a comparison.
pub fn comparison(comparison: &Comparison) -> String {
    let [before, after] = &comparison.names;
    page(&format!("{after} beside {before}"), &comparison::body(comparison))
}

/// The page of a search for capacity.
pub fn capacity(folder: &CapacityFolder) -> String {
    page(&format!("Capacity of {}", folder.manifest.name), &capacity::body(folder))
}

/// The page of both worlds side by side, measured on that machine.
pub fn worlds(rows: &[Row], machine: &str) -> String {
    page("Two worlds side by side", &worlds::body(rows, machine))
}

/// The page of a load on a gateway.
pub fn load(
    rows: &[crate::load::Row],
    fired: &crate::load::Fired,
    judged: &crate::load::Judged,
    machine: &str,
    command: &str,
) -> String {
    let crate::load::Fired { generator, dead_ends, .. } = fired;
    let parts = self::load::Parts { rows, generator, dead_ends, judged };
    page("Load on a gateway", &self::load::body(&parts, machine, command))
}

/// A page around a body.
pub(crate) fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – stelsel" }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

/// What was asked: the network, the load and what befell it.
fn asked(folder: &Folder) -> Markup {
    let Manifest { scenario, topology, seed, replications, .. } = &folder.manifest;
    let horizon = text_of(scenario, "horizon");
    let warm_up = text_of(scenario, "warm_up").filter(|warm_up| warm_up != "0s");
    let events = words::events(scenario);
    html! {
        header {
            h1 { (folder.manifest.name) }
            p.asked {
                "Asked of "
                strong { (text_of(topology, "name").unwrap_or_else(|| "the network".to_owned())) }
                @if let Some(release) = text_of(topology, "release") { ", release " (release) }
                ": " strong { (words::network(folder)) }
                @if let Some(horizon) = &horizon {
                    ", for " strong { (horizon) }
                    @if let Some(warm_up) = &warm_up { ", the first " (warm_up) " to fill it" }
                }
                ". " (words::load(scenario)) " "
                (replications.done) @if replications.done == 1 { " replication" } @else { " replications" }
                ", seed " (seed) "."
                @for event in events.iter().take(4) { " " strong { (event) } }
                @if events.len() > 4 { " And " (events.len() - 4) " more." }
            }
            @if let Some(stopped) = &folder.manifest.until {
                p.asked {
                    "Replications were added until " code { (stopped.until) } ", at most " (stopped.most) ": "
                    @if stopped.is_reached { "reached" } @else { strong { "not reached" } }
                    @if let Some(half) = stopped.half_width { " with ±" (format!("{:.2}", half * 100.0)) " %" }
                    ", at look " (stopped.looks) ". Looking repeatedly makes a 95 % interval cover the truth in some 93 of 100 cases."
                }
            }
            @if replications.done < replications.asked {
                p.warning {
                    "Interrupted: " (replications.done) " of " (replications.asked)
                    " replications were done."
                }
            }
        }
    }
}

/// The answer: sentences, and the figures that people look for first.
fn answer(folder: &Folder) -> Markup {
    let tiles = [
        ("wishes.served_ratio", "wishes served"),
        ("flows.completed_ratio", "flows completed"),
        ("latency.machine.p50", "machine time, median"),
        ("latency.machine.p95", "machine time, 95 % take no longer"),
        ("norm.token.share", "token requests within the norm"),
    ];
    let broken: Vec<&str> = folder
        .told
        .breaches
        .iter()
        .filter(|entry| entry.broken)
        .map(|entry| entry.rule.as_str())
        .collect();
    html! {
        section.answer aria-label="Answer" {
            @for sentence in &folder.told.sentences { p { (thin(sentence)) } }
            @if !broken.is_empty() {
                p.bad {
                    (broken.len()) @if broken.len() == 1 { " rule was broken: " } @else { " rules were broken: " }
                    (broken.iter().take(5).copied().collect::<Vec<_>>().join(", "))
                    @if broken.len() > 5 { " and others" } "."
                }
            }
        }
        dl.tiles {
            @for (name, label) in tiles {
                @if let Some(row) = folder.summary.overall(name) {
                    @let shown = Shown::of(row);
                    div.tile {
                        dt { (label) }
                        dd {
                            (thin(&shown.with_unit()))
                            span.ci { (thin(shown.interval.as_deref().unwrap_or("one replication: no interval"))) }
                        }
                    }
                }
            }
        }
        p.small {
            "Intervals are " (folder.summary.confidence * 100.0)
            " % confidence intervals over replications; of a maximum, the range of the replications. Human time is never part of machine time."
        }
    }
}

/// How to do it again, and with what.
fn again(manifest: &Manifest) -> Markup {
    let resolved = |value| serde_json::to_string_pretty(value).unwrap_or_default();
    html! {
        h2 { "How to repeat it" }
        pre {
            "stelsel run " (manifest.scenario_file) " --seed " (manifest.seed)
            " --replications " (manifest.replications.asked)
        }
        p {
            "Same files, seed and version give the same bytes in every file. What a "
            code { "--set" } " or " code { "--horizon" }
            " changed is in the scenario and topology below, which are as they were used."
        }
        dl.facts {
            dt { "program" } dd { (manifest.program) " " (manifest.version) }
            dt { "study, SHA-256" } dd { code { (manifest.study_sha256) } }
            @for input in &manifest.inputs { dt { (input.name) } dd { code { (input.sha256) } } }
            dt { "flows.csv" }
            dd { (manifest.flows.sample) ": " (words::whole(manifest.flows.kept)) " of " (words::whole(manifest.flows.of)) " flows" }
        }
        details { summary { "The scenario, every default filled in" } pre { (resolved(&manifest.scenario)) } }
        details { summary { "The topology, every default filled in" } pre { (resolved(&manifest.topology)) } }
    }
}

#[cfg(test)]
mod tests;
