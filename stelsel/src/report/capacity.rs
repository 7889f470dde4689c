//! The page of a search for capacity: the answer for each norm, and every probe.
//!
//! Estimates nothing.

use maud::{Markup, html};
use watch::study::{
    estimate::{Estimate, Interval},
    metrics::MetricId,
};

use super::{
    pictures::{figure, plain},
    plot::{self, Axis, BOTTOM, LEFT, Line, Mark, RIGHT, TOP},
    scale::Scale,
    words::{text_of, thin},
};
use crate::{
    capacity::{AnswerEntry, CapacityFolder, ProbeLine},
    results::shown::Shown,
};

/// The body of the page.
pub fn body(folder: &CapacityFolder) -> Markup {
    let manifest = &folder.manifest;
    html! {
        header {
            h1 { "Capacity of " (manifest.name) }
            p.asked {
                "Asked of " strong { (text_of(&manifest.topology, "name").unwrap_or_default()) }
                ": how much load before a norm breaks, within " (format!("{:.1}", manifest.within * 100.0)) " %. "
                (manifest.replications) " replications a probe, seed " (manifest.seed) "."
            }
            @if !manifest.is_whole { p.warning { "Interrupted: the search did not come to its end." } }
        }
        main {
            section.answer aria-label="Answer" {
                @for sentence in folder.sentences() { p { (thin(&sentence)) } }
            }
            div.plots {
                @for answer in &manifest.answers { (norm(folder, answer)) }
                (busiest(folder))
            }
            h2 { "Every probe" }
            (probes(folder))
            h2 { "How to repeat it" }
            pre {
                "stelsel capacity " (manifest.scenario_file)
                @for answer in &manifest.answers {
                    " --norm " @if answer.norm.contains(['<', '>', '=']) { "'" (answer.norm) "'" } @else { (answer.norm) }
                }
            }
            p.small {
                "A norm counts as kept where its estimate keeps it and traffic has not collapsed: less than half of the usual share completed; bands and brackets are 95 % confidence intervals over replications. "
                "The bound is workers divided by the measured demand of a collection: no queue, however long, lets more through."
            }
        }
    }
}

/// The lines of a norm, by rising load.
fn of_norm<'a>(folder: &'a CapacityFolder, norm: &'a str) -> impl Iterator<Item = &'a ProbeLine> {
    folder.probes.iter().filter(move |line| line.norm == norm)
}

fn norm(folder: &CapacityFolder, answer: &AnswerEntry) -> Markup {
    let Some(metric) = MetricId::of(&answer.metric).map(|metric| metric.metric()) else {
        return html! {};
    };
    // What is far beyond the answer would leave no room for what is near it.
    let most = answer.broken_per_hour.map_or(f64::INFINITY, |broken| broken * 2.5);
    let lines = || of_norm(folder, &answer.norm).filter(move |line| line.per_hour.0 <= most);
    let value = |line: &ProbeLine| Some((line.per_hour.0, line.estimate?.0));
    let points: Vec<(f64, f64)> = lines().filter_map(value).collect();
    let band: Vec<(f64, f64)> = lines()
        .filter(|line| line.estimate.is_some())
        .map(|line| {
            let middle = line.estimate.map_or(0.0, |estimate| estimate.0);
            let ends = line.ci_low.zip(line.ci_high);
            ends.map_or((middle, middle), |(low, high)| (low.0, high.0.min(1e12)))
        })
        .collect();
    let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else {
        return html! {};
    };
    let asked = Line {
        label: "the norm".to_owned(),
        points: vec![(*first, answer.value), (*last, answer.value)],
        band: Vec::new(),
        companions: Vec::new(),
    };
    let ends = band.iter().flat_map(|(low, high)| [*low, *high]).chain([answer.value]);
    let (low, high) = ends
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), end| (low.min(end), high.max(end)));
    let factor = if metric.unit == "1" { 100.0 } else { 1.0 };
    let unit = if metric.unit == "1" { "%" } else { metric.unit };
    let show = |value: f64| plain((value * factor * 1e9).round() / 1e9);
    let name = format!("{} ({unit})", metric.name);
    let x = Axis {
        name: "collections begun per hour (1/h)",
        scale: Scale::between(*first, *last, LEFT, RIGHT),
        ticks: None,
        show: &plain,
    };
    let margin = (high - low).max(high.abs() * 1e-3) * 0.06;
    let y = Axis {
        name: &name,
        scale: Scale::between(low - margin, high + margin, BOTTOM, TOP),
        ticks: None,
        show: &show,
    };
    let bound = answer.bottleneck.as_ref().filter(|busiest| busiest.bound_per_hour <= *last);
    let mut marks: Vec<Mark> = Vec::new();
    marks.extend(answer.kept_per_hour.map(|kept| Mark::At(kept, "kept up to here".to_owned())));
    marks.extend(
        bound.map(|busiest| Mark::At(busiest.bound_per_hour, format!("bound of {}", busiest.host))),
    );
    let found = Line { label: "found".to_owned(), points, band, companions: Vec::new() };
    let picture = plot::lines(&[found, asked], &x, &y, &marks);
    figure(&answer.text, &metric.what, picture)
}

fn busiest(folder: &CapacityFolder) -> Markup {
    let Some(first) = folder.manifest.answers.first() else { return html! {} };
    let points: Vec<(f64, f64)> = of_norm(folder, &first.norm)
        .filter_map(|line| Some((line.per_hour.0, line.utilisation?.0)))
        .collect();
    let (Some((low, _)), Some((high, _))) = (points.first(), points.last()) else {
        return html! {};
    };
    let x = Axis {
        name: "collections begun per hour (1/h)",
        scale: Scale::between(*low, *high, LEFT, RIGHT),
        ticks: None,
        show: &plain,
    };
    let y = Axis {
        name: "utilisation (%)",
        scale: Scale::linear(1.0, BOTTOM, TOP),
        ticks: None,
        show: &|share| format!("{:.0}", share * 100.0),
    };
    let line = Line { label: String::new(), points, band: Vec::new(), companions: Vec::new() };
    let caption = "Mean over replications; which host it is may change with load.";
    figure("The busiest host", caption, plot::lines(&[line], &x, &y, &[]))
}

fn probes(folder: &CapacityFolder) -> Markup {
    let shown = |line: &ProbeLine| {
        let unit = MetricId::of(&line.metric)?.metric().unit;
        let interval = line.ci_low.zip(line.ci_high);
        let interval = interval.map(|(low, high)| Interval { low: low.0, high: high.0 });
        Some(Shown::figure(Estimate::Value(line.estimate?.0), interval, unit))
    };
    html! {
        div.wide { table {
            tr {
                th.n { "collections per hour" } th.n { "completed" } th.n { "arrivals ×" } th { "norm" } th.n { "found" } th { "kept" }
                th { "busiest host" } th.n { "utilisation" } th.n { "its bound per hour" }
            }
            @for line in &folder.probes {
                tr {
                    td.n { (plain(line.per_hour.0.round())) }
                    td.n { (plain(line.completed_per_hour.0.round())) }
                    td.n { (format!("{:.4}", line.factor.0)) }
                    td { code { (line.norm) } }
                    td.n {
                        @if let Some(shown) = shown(line) {
                            (thin(&shown.with_unit()))
                            @if let Some(interval) = &shown.interval { span.ci { (thin(interval)) } }
                        } @else { "no figure" }
                    }
                    td { @if line.kept == "yes" { span.good { "kept" } } @else { span.bad { "broken" } } }
                    td { @if let Some(host) = &line.busiest { (host) } }
                    td.n { @if let Some(share) = line.utilisation { (format!("{:.1} %", share.0 * 100.0)) } }
                    td.n { @if let Some(bound) = line.bound_per_hour { (plain(bound.0.round())) } }
                }
            }
        } }
    }
}
