//! The page of a sweep: a curve per metric with its interval, small multiples, and the table behind them.
//!
//! Estimates nothing. What lies along the lower axis is the axis of the sweep with most steps that are numbers.

use maud::{Markup, html};
use watch::study::metrics::MetricId;

use super::{
    pictures::{figure, plain},
    plot::{self, Axis, BOTTOM, LEFT, Line, RIGHT, TOP},
    scale::Scale,
    words::{self, text_of, thin},
};
use crate::{
    files,
    results::{shell_word, shown::Shown},
    sweep::{SweepFolder, SweepManifest},
};

/// How many lines a picture has at most; there are as many colours.
const MOST_LINES: usize = 6;
/// How many pictures a metric has at most.
const MOST_MULTIPLES: usize = 12;
/// Tables of more cells than this are folded.
const FOLDED: u32 = 30;

/// The body of the page.
pub fn body(folder: &SweepFolder) -> Markup {
    let manifest = &folder.manifest;
    let layout = Layout::of(manifest);
    let metrics = folder.shown();
    html! {
        header {
            h1 { (manifest.name) ", swept" }
            p.asked {
                "Asked of " strong { (text_of(&manifest.topology, "name").unwrap_or_default()) } ": "
                @for (place, axis) in manifest.axes.iter().enumerate() {
                    @if place > 0 { " by " }
                    strong { (axis.paths.join(" with ")) } " (" (axis.rows.len()) " values)"
                }
                ", " (manifest.cells()) " cells of " (manifest.replications) " replications each, seed " (manifest.seed)
                ". All cells have the same people, wishes and human times."
                @for (path, value) in &manifest.set { " " strong { (path) " = " (value) } "." }
            }
        }
        main {
            section.answer aria-label="Answer" {
                @for metric in metrics.iter().take(4) {
                    @if let Some(sentence) = sentence(folder, metric) { p { (thin(&sentence)) } }
                }
                (breaches(folder))
            }
            div.plots {
                @for metric in &metrics { (multiples(folder, &layout, metric)) }
            }
            h2 { "The table behind the pictures" }
            (cells(folder, &metrics))
            h2 { "How to repeat it" }
            pre { (again(manifest)) }
            p.small {
                "Bands and figures in brackets are 95 % confidence intervals over replications; of a maximum, the range of the replications. "
                "summary.csv has every metric and group of each cell, differences.csv each cell beside cell 0, paired by replication."
            }
            dl.facts {
                dt { "program" } dd { (manifest.program) " " (manifest.version) }
                dt { "plan, SHA-256" } dd { code { (manifest.plan_sha256) } }
                @for input in &manifest.inputs { dt { (input.name) } dd { code { (input.sha256) } } }
            }
        }
    }
}

fn again(manifest: &SweepManifest) -> String {
    let mut words = vec!["stelsel sweep".to_owned(), manifest.scenario_file.clone()];
    for (path, value) in &manifest.set {
        words.push(format!("--set {}", shell_word(&format!("{path}={value}"))));
    }
    for axis in &manifest.axes {
        let flag = if axis.paths.len() > 1 { "--list" } else { "--vary" };
        for (place, path) in axis.paths.iter().enumerate() {
            let values: Vec<&str> = axis.rows.iter().map(|row| row[place].as_str()).collect();
            words.push(format!("{flag} {}", shell_word(&format!("{path}={}", values.join(",")))));
        }
    }
    words.join(" ")
}

/// From which value to which a metric goes over the cells.
fn sentence(folder: &SweepFolder, metric: &str) -> Option<String> {
    let known = MetricId::of(metric)?;
    let mut cells: Vec<(u32, f64)> = (0..folder.manifest.cells())
        .filter_map(|cell| Some((cell, folder.figure(cell, metric)?.estimate()?.value()?)))
        .collect();
    cells.sort_by(|one, other| one.1.total_cmp(&other.1));
    let (low, high) = (cells.first()?, cells.last()?);
    let shown = |cell: u32| {
        let line = folder.figure(cell, metric)?;
        let shown = Shown::figure(line.estimate()?, line.interval(), known.metric().unit);
        let interval = shown.interval.as_ref().map(|interval| format!(" ({interval})"));
        Some(format!("{}{}", shown.with_unit(), interval.unwrap_or_default()))
    };
    let at = |cell: u32| {
        let settings = folder.manifest.paths().zip(folder.manifest.settings(cell));
        let parts: Vec<String> =
            settings.map(|(path, value)| format!("{} {value}", last(path))).collect();
        words::listed(&parts)
    };
    if low.1 == high.1 {
        return Some(format!("{metric} is {} in every cell.", shown(low.0)?));
    }
    Some(format!(
        "{metric} goes from {} with {} to {} with {}.",
        shown(low.0)?,
        at(low.0),
        shown(high.0)?,
        at(high.0)
    ))
}

fn breaches(folder: &SweepFolder) -> Markup {
    let mut rules: Vec<(&str, u32)> = Vec::new();
    for row in &folder.breaches {
        match rules.iter_mut().find(|(rule, _)| *rule == row.line.rule) {
            Some((_, cells)) => *cells += 1,
            None => rules.push((&row.line.rule, 1)),
        }
    }
    let parts: Vec<String> = rules
        .iter()
        .take(6)
        .map(|(rule, cells)| format!("{rule} in {cells} of {} cells", folder.manifest.cells()))
        .collect();
    html! {
        @if !parts.is_empty() { p.bad { "Broken: " (words::listed(&parts)) "." } }
    }
}

/// The last key of a path: `workers` of `topology.digid.workers`.
pub fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// Which axis of the sweep goes where.
struct Layout {
    /// Along the lower axis.
    along: usize,
    /// A line each.
    lines: Option<usize>,
    /// A picture each, in all combinations.
    multiples: Vec<usize>,
    /// Where each step of `along` stands.
    places: Vec<f64>,
    /// Its name and unit.
    name: String,
    /// Whether the places are numbers rather than positions.
    is_number: bool,
}

impl Layout {
    fn of(manifest: &SweepManifest) -> Self {
        let numbers = |axis: usize| -> Option<(Vec<f64>, &'static str)> {
            let rows = &manifest.axes[axis].rows;
            let read: Option<Vec<(f64, &'static str)>> =
                rows.iter().map(|row| files::magnitude(&row[0])).collect();
            let read = read?;
            let unit = read.first()?.1;
            read.iter()
                .all(|(_, other)| *other == unit)
                .then(|| (read.iter().map(|(value, _)| *value).collect(), unit))
        };
        let mut order: Vec<usize> = (0..manifest.axes.len()).collect();
        order.sort_by_key(|axis| {
            let steps = manifest.axes[*axis].rows.len();
            (std::cmp::Reverse(numbers(*axis).is_some() && steps > 1), std::cmp::Reverse(steps))
        });
        let along = order.remove(0);
        // The one with fewest steps is told apart by colour, if there are colours enough.
        order.sort_by_key(|axis| manifest.axes[*axis].rows.len());
        let fits = order.iter().rposition(|axis| manifest.axes[*axis].rows.len() <= MOST_LINES);
        let lines = fits.map(|place| order.remove(place));
        order.sort_unstable();
        let path = &manifest.axes[along].paths[0];
        let (places, name, is_number) = match numbers(along) {
            Some((places, "")) => (places, path.clone(), true),
            Some((places, unit)) => (places, format!("{path} ({unit})"), true),
            None => {
                let steps = manifest.axes[along].rows.len();
                ((0..steps).map(|step| step as f64).collect(), path.clone(), false)
            }
        };
        Self { along, lines, multiples: order, places, name, is_number }
    }
}

/// The pictures of a metric.
fn multiples(folder: &SweepFolder, layout: &Layout, metric: &str) -> Markup {
    let manifest = &folder.manifest;
    let combinations: usize =
        layout.multiples.iter().map(|axis| manifest.axes[*axis].rows.len()).product();
    let Some(range) = range(folder, metric) else { return html! {} };
    html! {
        @for number in 0..combinations.min(MOST_MULTIPLES) {
            @let fixed = fixed(manifest, layout, number);
            (picture(folder, layout, metric, &fixed, range))
        }
        @if combinations > MOST_MULTIPLES {
            p.small { (metric) ": the first " (MOST_MULTIPLES) " of " (combinations) " pictures; the table has all." }
        }
    }
}

/// The steps of the axes that have a picture each.
fn fixed(manifest: &SweepManifest, layout: &Layout, number: usize) -> Vec<(usize, usize)> {
    let mut rest = number;
    let step = |axis: &usize| {
        let steps = manifest.axes[*axis].rows.len();
        let step = rest % steps;
        rest /= steps;
        (*axis, step)
    };
    layout.multiples.iter().map(step).collect()
}

/// The lowest and the highest end of all intervals of a metric, so that all its pictures have the same axis.
fn range(folder: &SweepFolder, metric: &str) -> Option<(f64, f64)> {
    let mut range: Option<(f64, f64)> = None;
    for cell in 0..folder.manifest.cells() {
        let Some(line) = folder.figure(cell, metric) else { continue };
        let Some(value) = line.estimate().and_then(|estimate| estimate.value()) else { continue };
        let interval = line.interval().filter(|interval| interval.high.is_finite());
        let (low, high) = interval.map_or((value, value), |known| (known.low, known.high));
        range = Some(range.map_or((low, high), |(least, most)| (least.min(low), most.max(high))));
    }
    range
}

fn picture(
    folder: &SweepFolder,
    layout: &Layout,
    metric: &str,
    fixed: &[(usize, usize)],
    (low, high): (f64, f64),
) -> Markup {
    let manifest = &folder.manifest;
    let Some(known) = MetricId::of(metric).map(|metric| metric.metric()) else { return html! {} };
    let steps_of_lines = layout.lines.map_or(1, |axis| manifest.axes[axis].rows.len());
    let lines: Vec<Line> = (0..steps_of_lines)
        .map(|line| {
            let wanted = |cell: &u32| {
                let steps = manifest.steps(*cell);
                fixed.iter().all(|(axis, step)| steps[*axis] == *step)
                    && layout.lines.is_none_or(|axis| steps[axis] == line)
            };
            let mut points: Vec<((f64, f64), (f64, f64))> = (0..manifest.cells())
                .filter(wanted)
                .filter_map(|cell| {
                    let found = folder.figure(cell, metric)?;
                    let value = found.estimate()?.value()?;
                    let interval = found.interval().filter(|known| known.high.is_finite());
                    let band = interval.map_or((value, value), |known| (known.low, known.high));
                    Some(((layout.places[manifest.steps(cell)[layout.along]], value), band))
                })
                .collect();
            points.sort_by(|one, other| one.0.0.total_cmp(&other.0.0));
            let label = layout.lines.map_or_else(String::new, |axis| {
                format!(
                    "{} {}",
                    last(&manifest.axes[axis].paths[0]),
                    manifest.axes[axis].rows[line][0]
                )
            });
            let (points, band) = points.into_iter().unzip();
            Line { label, points, band, companions: Vec::new() }
        })
        .filter(|line| !line.points.is_empty())
        .collect();
    if lines.is_empty() {
        return html! {};
    }
    let label = |place: f64| {
        let step = layout.places.iter().position(|other| *other == place).unwrap_or(0);
        match layout.is_number {
            true => plain(place),
            false => manifest.axes[layout.along].rows[step][0].clone(),
        }
    };
    let (factor, unit) = match known.unit {
        "1" => (100.0, "%"),
        unit => (1.0, unit),
    };
    let name = format!("{metric} ({unit})");
    let show = |value: f64| plain((value * factor * 1e9).round() / 1e9);
    let x = Axis {
        name: &layout.name,
        scale: along(&layout.places),
        ticks: (layout.places.len() <= 12).then_some(&layout.places),
        show: &label,
    };
    let y = Axis { name: &name, scale: upwards(low, high, known.unit), ticks: None, show: &show };
    let title = match fixed {
        [] => metric.to_owned(),
        fixed => {
            let parts: Vec<String> = fixed
                .iter()
                .map(|(axis, step)| {
                    let axis = &manifest.axes[*axis];
                    format!("{} {}", last(&axis.paths[0]), axis.rows[*step][0])
                })
                .collect();
            format!("{metric}, {}", words::listed(&parts))
        }
    };
    figure(&title, &known.what, plot::lines(&lines, &x, &y, &[]))
}

/// The lower axis: logarithmic where the largest is more than thirty times the smallest.
fn along(places: &[f64]) -> Scale {
    let low = places.iter().copied().fold(f64::INFINITY, f64::min);
    let high = places.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match low > 0.0 && high / low > 30.0 {
        true => Scale::logarithmic(low, high, LEFT + 8.0, RIGHT - 8.0),
        false => Scale::between(low, high, LEFT + 8.0, RIGHT - 8.0),
    }
}

/// The upright axis: from nought, unless all values are far above it.
fn upwards(low: f64, high: f64, unit: &str) -> Scale {
    let margin = ((high - low) * 0.08).max(high.abs() * 1e-3).max(1e-9);
    let top = if unit == "1" { (high + margin).min(1.0) } else { high + margin };
    match low > high * 0.5 {
        true => Scale::between(low - margin, top, BOTTOM, TOP),
        false => Scale::linear(top, BOTTOM, TOP),
    }
}

fn cells(folder: &SweepFolder, metrics: &[String]) -> Markup {
    let manifest = &folder.manifest;
    let figure = |cell, metric: &str| {
        let line = folder.figure(cell, metric)?;
        let unit = MetricId::of(metric)?.metric().unit;
        Some(Shown::figure(line.estimate()?, line.interval(), unit))
    };
    let table = html! {
        div.wide { table {
            tr {
                th.n { "cell" }
                @for path in manifest.paths() { th { (path) } }
                @for metric in metrics { th.n { (metric) } }
            }
            @for cell in 0..manifest.cells() {
                tr {
                    td.n { (cell) }
                    @for value in manifest.settings(cell) { td { (value) } }
                    @for metric in metrics {
                        td.n {
                            @if let Some(shown) = figure(cell, metric) {
                                (thin(&shown.with_unit()))
                                @if let Some(interval) = &shown.interval { span.ci { (thin(interval)) } }
                            } @else { "–" }
                        }
                    }
                }
            }
        } }
    };
    html! {
        @if manifest.cells() > FOLDED {
            details { summary { "Every cell (" (manifest.cells()) ")" } (table) }
        } @else { (table) }
    }
}
