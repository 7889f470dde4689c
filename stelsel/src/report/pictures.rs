//! The pictures of a report, from the values of a result folder.
//!
//! Lays nothing out (`plot`). A picture of which there is nothing to see is left out.

use std::collections::BTreeMap;

use maud::{Markup, html};
use watch::{
    statistics::{Outcome, steps},
    study::{
        estimate::Estimate, figures::Group, metrics::MetricId, summary::SummaryRow, tally::Tally,
    },
};

use super::{
    plot::{self, Axis, BOTTOM, Bar, LEFT, Line, Mark, RIGHT, Stack, TOP},
    scale::Scale,
    words::{seconds, text_of, thin},
};
use crate::results::{Folder, lines::TimelineLine, shown::Shown};

/// How many hosts and causes a picture has at most.
const MOST_BARS: usize = 12;
/// How many points a line over values has at most.
const MOST_POINTS: usize = 240;
/// How many points a line over time has at most: more are noise at the width of a page.
const MOST_MOMENTS: usize = 72;

/// Every picture that has something to show.
pub fn pictures(folder: &Folder) -> Markup {
    html! {
        div.plots {
            (machine_time(folder).unwrap_or_default())
            (over_time(folder).unwrap_or_default())
            (outcomes(folder).unwrap_or_default())
            (causes(folder).unwrap_or_default())
            (busiest(folder).unwrap_or_default())
            (busy_over_time(folder).unwrap_or_default())
            (by_step(folder))
            (welch(folder).unwrap_or_default())
        }
    }
}

pub(super) fn figure(title: &str, caption: &str, picture: Markup) -> Markup {
    html! {
        figure {
            h3 { (title) }
            @if !caption.is_empty() { figcaption { (caption) } }
            (picture)
        }
    }
}

/// Share of completed collections that took no longer, over time on a logarithmic axis.
fn machine_time(folder: &Folder) -> Option<Markup> {
    let merged = |name: &str| -> Option<Tally> {
        let metric = MetricId::of(name)?;
        let mut merged = Tally::default();
        for figures in &folder.figures {
            if let Some(tally) = figures.tally(metric, &Group::all()) {
                merged.merge(tally);
            }
        }
        (!merged.buckets().is_empty()).then_some(merged)
    };
    let (machine, human) = (merged("latency.machine")?, merged("latency.human"));
    let metric = MetricId::of("latency.machine")?;
    let each = folder.figures.iter().filter_map(|figures| figures.tally(metric, &Group::all()));
    let companions = match folder.figures.len() {
        2.. => each.take(20).map(cumulative).collect(),
        _ => Vec::new(),
    };
    let mut lines = vec![Line {
        label: "machines".to_owned(),
        points: cumulative(&machine),
        band: Vec::new(),
        companions,
    }];
    let person = human.as_ref().map(cumulative).filter(|points| points.len() > 1);
    lines.extend(person.map(|points| Line {
        label: "the person".to_owned(),
        points,
        band: Vec::new(),
        companions: Vec::new(),
    }));
    let all = || lines.iter().flat_map(|line| &line.points).filter(|(at, _)| *at > 0.0);
    let low = all().map(|(at, _)| *at).fold(f64::INFINITY, f64::min);
    let high = all().map(|(at, _)| *at).fold(0.0, f64::max);
    let axis = Axis {
        name: "time (s, logarithmic)",
        scale: Scale::logarithmic(low, high, LEFT, RIGHT),
        ticks: None,
        show: &plain,
    };
    let share = Axis {
        name: "share that took no longer (%)",
        scale: Scale::linear(1.0, BOTTOM, TOP),
        ticks: None,
        show: &|share| format!("{:.0}", share * 100.0),
    };
    let marks: Vec<Mark> = [("latency.machine.p50", "median"), ("latency.machine.p95", "95 %")]
        .into_iter()
        .filter_map(|(name, label)| {
            let row = folder.summary.overall(name)?;
            let shown = thin(&Shown::of(row).with_unit());
            Some(Mark::At(row.estimate.value()?, format!("{label}: {shown}")))
        })
        .collect();
    let beyond = machine.beyond();
    let mut caption = "Completed collections.".to_owned();
    if folder.figures.len() > 1 {
        caption.push_str(" Thin lines: one replication each.");
    }
    if beyond > 0 {
        caption.push_str(&format!(" {beyond} were still running at the end."));
    }
    Some(figure("How long it took", &caption, plot::lines(&lines, &axis, &share, &marks)))
}

/// Shares of all observations at the upper edge of each bucket.
fn cumulative(tally: &Tally) -> Vec<(f64, f64)> {
    let all = tally.count() as f64;
    let mut below = 0;
    let first = tally.buckets().first().map(|bucket| (bucket.low.as_secs_f64(), 0.0));
    let mut points: Vec<(f64, f64)> = first.into_iter().collect();
    for bucket in tally.buckets() {
        below += bucket.count;
        points.push((bucket.high.as_secs_f64(), below as f64 / all));
    }
    // Between many points that are close together nobody can see a difference.
    let every = points.len().div_ceil(MOST_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    let seen = |(place, _): &(usize, (f64, f64))| place % every == 0 || *place == last;
    points.into_iter().enumerate().filter(seen).map(|(_, point)| point).collect()
}

/// Mean over replications of one series of the timeline, and its extremes.
#[derive(Default)]
pub(super) struct Course {
    pub(super) points: Vec<(f64, f64)>,
    pub(super) band: Vec<(f64, f64)>,
}

/// A series, points taken together until they are few enough. `per_hour`: values of points that are taken
/// together are added up and divided by their time; else their mean is taken.
pub(super) fn course(folder: &Folder, metric: &str, group: &str, per_hour: bool) -> Course {
    let is_it = |line: &&TimelineLine| line.metric == metric && line.group == group;
    let mut at: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for line in folder.timeline.iter().filter(is_it) {
        // Moments are multiples of a step of some seconds; as keys they are milliseconds.
        at.entry((line.t_s.0 * 1e3) as u64).or_default().push(line.value.0);
    }
    // Replications end at their own moments: only what all of them have can be compared.
    let most = at.values().map(Vec::len).max().unwrap_or(0);
    at.retain(|_, values| values.len() == most);
    let every = at.len().div_ceil(MOST_MOMENTS).max(1);
    let moments: Vec<(u64, Vec<f64>)> = at.into_iter().collect();
    let mut course = Course::default();
    let mut before = 0;
    for chunk in moments.chunks(every) {
        let Some((end, _)) = chunk.last() else { continue };
        let hours = (end - before) as f64 / 3.6e6;
        before = *end;
        let divisor = if per_hour { hours } else { chunk.len() as f64 };
        let sums: Vec<f64> = (0..most)
            .map(|n| chunk.iter().map(|(_, values)| values[n]).sum::<f64>() / divisor)
            .collect();
        if sums.is_empty() || divisor <= 0.0 {
            continue;
        }
        let mean = sums.iter().sum::<f64>() / sums.len() as f64;
        let low = sums.iter().copied().fold(f64::INFINITY, f64::min);
        let high = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        course.points.push((*end as f64 / 3.6e6, mean));
        course.band.push((low, high));
    }
    course
}

fn over_time(folder: &Folder) -> Option<Markup> {
    let series = [
        ("flows.started", "started"),
        ("flows.completed", "completed"),
        ("flows.not_completed", "not completed"),
    ];
    let lines: Vec<Line> = series
        .into_iter()
        .map(|(metric, label)| {
            let Course { points, band } = course(folder, metric, "", true);
            Line { label: label.to_owned(), points, band, companions: Vec::new() }
        })
        .filter(|line| line.points.len() > 1)
        .collect();
    time_picture(
        folder,
        "Load and what became of it",
        match folder.figures.len() {
            1 => "Flows per hour, in one replication.",
            _ => "Flows per hour: mean over replications, with the range of the replications.",
        },
        lines,
        "flows per hour (1/h)",
        None,
        &plain,
    )
}

fn busy_over_time(folder: &Folder) -> Option<Markup> {
    let roles = [
        ("pgo", "PGO"),
        ("za", "ZA gateway"),
        ("digid", "DigiD"),
        ("xis", "xIS"),
        ("ocsp", "OCSP"),
        ("stelselnode", "stelselnode"),
    ];
    let lines: Vec<Line> = roles
        .into_iter()
        .map(|(role, label)| {
            let group = format!("role={role}");
            let Course { points, .. } = course(folder, "hosts.utilisation.max", &group, false);
            Line { label: label.to_owned(), points, band: Vec::new(), companions: Vec::new() }
        })
        .filter(|line| line.points.len() > 1)
        .collect();
    time_picture(
        folder,
        "The busiest host of each role",
        "Share of its workers at work; mean over replications.",
        lines,
        "utilisation (%)",
        Some(1.0),
        &|share| format!("{:.0}", share * 100.0),
    )
}

pub(super) fn time_picture(
    folder: &Folder,
    title: &str,
    caption: &str,
    lines: Vec<Line>,
    name: &str,
    highest: Option<f64>,
    show: &dyn Fn(f64) -> String,
) -> Option<Markup> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let end = points().map(|(at, _)| *at).fold(0.0, f64::max);
    if end <= 0.0 {
        return None;
    }
    let edges = lines.iter().flat_map(|line| &line.band).map(|(_, high)| *high);
    let high = points().map(|(_, value)| *value).chain(edges).fold(0.0, f64::max);
    let high = highest.unwrap_or(high);
    let x = Axis {
        name: "time since the start of the run (h)",
        scale: Scale::between(0.0, end, LEFT, RIGHT),
        ticks: None,
        show: &plain,
    };
    let y = Axis { name, scale: Scale::linear(high, BOTTOM, TOP), ticks: None, show };
    Some(figure(title, caption, plot::lines(&lines, &x, &y, &moments(folder, end))))
}

/// Faults as spans, and where measuring begins and ends, in hours.
fn moments(folder: &Folder, end: f64) -> Vec<Mark> {
    let scenario = &folder.manifest.scenario;
    let hours = |table, key| Some(seconds(&text_of(table, key)?)? / 3_600.0);
    let mut marks = Vec::new();
    for fault in scenario["fault"].as_array().into_iter().flatten() {
        let Some(from) = hours(fault, "at") else { continue };
        let to = hours(fault, "for").map_or(end, |lasts| from + lasts);
        let what = ["host", "link", "kind"].map(|key| text_of(fault, key)).into_iter().flatten();
        let label = what.collect::<Vec<String>>().join(" ");
        marks.push(Mark::Span(from, to.min(end), label));
    }
    let warm_up = hours(scenario, "warm_up").filter(|at| *at > 0.0);
    marks.extend(warm_up.map(|at| Mark::At(at, "measured from here".to_owned())));
    let horizon = hours(scenario, "horizon").filter(|at| *at < end);
    marks.extend(horizon.map(|at| Mark::At(at, "to here".to_owned())));
    marks
}

fn outcomes(folder: &Folder) -> Option<Markup> {
    let summary = &folder.summary;
    let started = summary.overall("flows.started")?.estimate.value().filter(|all| *all > 0.0)?;
    let row = |outcome: Outcome| {
        summary.overall(&format!("flows.outcome.{}", outcome.name())).map(|row| (outcome, row))
    };
    let (first, rest) = (row(Outcome::Completed)?, Outcome::ALL.into_iter().skip(1));
    let bars: Vec<Bar> = rest
        .filter_map(row)
        .filter(|(_, row)| row.estimate != Estimate::Value(0.0))
        .filter_map(|(outcome, row)| bar(outcome_label(outcome), row, 100.0 / started))
        .collect();
    let completed = Shown::of(summary.overall("flows.completed_ratio").unwrap_or(first.1));
    let caption = thin(&format!(
        "{}{} of the flows were completed. The others:",
        completed.with_unit(),
        completed.interval.map(|interval| format!(" ({interval})")).unwrap_or_default()
    ));
    if bars.is_empty() {
        return Some(figure("How flows ended", "Every flow was completed.", html! {}));
    }
    let picture = plot::bars(&bars, "share of all flows (%)", None, plain);
    Some(figure("How flows ended", &caption, picture))
}

fn outcome_label(outcome: Outcome) -> String {
    let what = match outcome {
        Outcome::InvalidRequest => " invalid request",
        Outcome::NoIdentity => " no identity",
        Outcome::NoData => " nothing there",
        Outcome::ConsentRefused => " consent refused",
        Outcome::NoAuthorization => " not authorised",
        Outcome::CodeRefused => " code refused",
        Outcome::TokenRefused => " token refused",
        Outcome::NotDelivered => " not delivered",
        _ => "",
    };
    format!("{}{what}", outcome.name())
}

fn causes(folder: &Folder) -> Option<Markup> {
    let summary = &folder.summary;
    let wishes = summary.overall("wishes.started")?.estimate.value().filter(|all| *all > 0.0)?;
    let mut rows: Vec<&SummaryRow> = summary.groups("wishes.unserved").collect();
    rows.retain(|row| row.estimate.value().unwrap_or(0.0) > 0.0);
    sort_by_value(&mut rows);
    let name = |row: &SummaryRow| row.group.member("cause").unwrap_or_default().to_owned();
    let bars: Vec<Bar> = rows
        .iter()
        .take(MOST_BARS)
        .filter_map(|row| bar(name(row).replace('@', " at "), row, 100.0 / wishes))
        .collect();
    if bars.is_empty() {
        return None;
    }
    let caption = match rows.len() {
        many if many > MOST_BARS => format!("The {MOST_BARS} most frequent of {many} causes."),
        _ => "The first thing that went wrong, and where.".to_owned(),
    };
    let picture = plot::bars(&bars, "share of all wishes (%)", None, plain);
    Some(figure("Why wishes were not served", &caption, picture))
}

fn busiest(folder: &Folder) -> Option<Markup> {
    let mut rows: Vec<&SummaryRow> = folder.summary.groups("host.utilisation").collect();
    sort_by_value(&mut rows);
    let name = |row: &SummaryRow| row.group.member("host").unwrap_or_default().to_owned();
    let bars: Vec<Bar> =
        rows.iter().take(MOST_BARS).filter_map(|row| bar(name(row), row, 100.0)).collect();
    if bars.is_empty() {
        return None;
    }
    let caption = "Share of its workers at work while it was up, over the measured time.";
    // The whole axis, unless all bars would be too short to be told apart.
    let highest = bars.iter().any(|bar| bar.value > 30.0).then_some(100.0);
    let picture = plot::bars(&bars, "utilisation (%)", highest, plain);
    Some(figure("The busiest hosts", caption, picture))
}

/// The parts of time, and their colours.
const PARTS: [(&str, u8); 4] = [("human", 4), ("network", 6), ("wait", 2), ("service", 1)];

/// Time by step and part: of completed flows, of the slowest of them, of those that ended otherwise.
fn by_step(folder: &Folder) -> Markup {
    let completed =
        "Mean time in each of the sixteen steps, of completed flows; queries of one flow added up.";
    let slowest = "The slowest 1 % of completed flows by machine time: one thing after another, so all of it is on \
                   the critical path.";
    let failed = "Mean time in each step of flows that were not completed.";
    html! {
        (steps_of(folder, "", &PARTS, "Where the time went", completed).unwrap_or_default())
        (steps_of(folder, "slowest.", &PARTS[1..], "Where the time of the slowest went", slowest).unwrap_or_default())
        (steps_of(folder, "failed.", &PARTS, "Where the time of failed flows went", failed).unwrap_or_default())
    }
}

fn steps_of(
    folder: &Folder,
    prefix: &str,
    parts: &[(&str, u8)],
    title: &str,
    caption: &str,
) -> Option<Markup> {
    let stacks: Vec<Stack> = (1..)
        .zip(&steps::TABLE)
        .filter_map(|(step, known)| {
            let value = |part: &str| {
                let name = format!("{prefix}step.{step:02}.{part}.mean");
                folder.summary.overall(&name)?.estimate.value()
            };
            let parts: Option<Vec<f64>> = parts.iter().map(|(part, _)| value(part)).collect();
            let parts = parts?;
            let whole: f64 = parts.iter().sum();
            let text = thin(&Shown::plain(whole, "s").with_unit());
            Some(Stack { label: format!("{step} {}", known.what), parts, text })
        })
        .collect();
    if stacks.is_empty() {
        return None;
    }
    Some(figure(title, caption, plot::stacks(&stacks, parts, "mean per flow (s)", plain)))
}

/// Is the warm-up long enough? Welch's plot: the mean over replications at each moment, and its moving average
/// (Law, *Simulation Modeling and Analysis*, 5th ed., §9.5.1).
fn welch(folder: &Folder) -> Option<Markup> {
    let Course { points, .. } = course(folder, "flows.in_flight", "", false);
    if points.len() < 8 || folder.figures.len() < 2 {
        return None;
    }
    let window = (points.len() / 8).max(2);
    let moving = (0..points.len()).map(|at| {
        // Near the ends as wide as there is room for on both sides.
        let width = window.min(at).min(points.len() - 1 - at);
        let around = &points[at - width..=at + width];
        (points[at].0, around.iter().map(|(_, value)| value).sum::<f64>() / around.len() as f64)
    });
    let line = |label: &str, points: Vec<(f64, f64)>| Line {
        label: label.to_owned(),
        points,
        band: Vec::new(),
        companions: Vec::new(),
    };
    let lines = vec![line("moving average", moving.collect()), line("mean", points.clone())];
    time_picture(
        folder,
        "Is the warm-up long enough?",
        "Flows in flight, mean over replications. The warm-up is long enough if the moving average has levelled off \
         where measuring begins, or follows the load from there.",
        lines,
        "flows in flight",
        None,
        &plain,
    )
}

/// The bar of a row whose values are multiplied by `factor`. The figure beside it has its own unit.
fn bar(label: String, row: &SummaryRow, factor: f64) -> Option<Bar> {
    let value = row.estimate.value()?;
    let interval = row.interval.filter(|known| known.high.is_finite());
    let text = match row.metric.metric().unit {
        // Counts are shown as shares of something, which is what their bars are.
        "flows" | "wishes" => {
            let scaled = interval.map(|known| watch::study::estimate::Interval {
                low: known.low * factor / 100.0,
                high: known.high * factor / 100.0,
            });
            Shown::figure(Estimate::Value(value * factor / 100.0), scaled, "1")
        }
        _ => Shown::of(row),
    };
    let ends = text.interval.as_ref().map(|interval| format!(" ({interval})")).unwrap_or_default();
    Some(Bar {
        label,
        value: value * factor,
        interval: interval.map(|known| (known.low * factor, known.high * factor)),
        text: thin(&format!("{}{}", text.with_unit(), ends)),
    })
}

/// The largest first; of equal ones the first in the order of groups.
fn sort_by_value(rows: &mut [&SummaryRow]) {
    let value = |row: &SummaryRow| row.estimate.value().unwrap_or(0.0);
    rows.sort_by(|one, other| value(other).total_cmp(&value(one)));
}

/// A value beside an axis: no more digits than it needs.
pub(super) fn plain(value: f64) -> String {
    // Ticks are sums of round steps, whose last bits differ.
    let rounded = (value * 1e6).round() / 1e6;
    thin(&crate::results::shown::grouped(&rounded.to_string()))
}
