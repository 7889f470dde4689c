//! Pictures in SVG: bars that lie, and lines.
//!
//! Colours are classes of page.css, so that a picture fits a light and a dark page. Knows nothing of what it
//! shows.

use std::fmt::Write;

use maud::{Markup, html};

use super::scale::Scale;

/// How wide a picture is in its own units; the page scales it.
const WIDTH: f64 = 560.0;

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What it is of.
    pub label: String,
    /// How long it is.
    pub value: f64,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// The figure in digits, with its unit.
    pub text: String,
}

/// Bars that lie below each other. `axis` names what their length is, and its unit; `show` writes a value
/// beside the axis.
pub fn bars(
    bars: &[Bar],
    axis: &str,
    highest: Option<f64>,
    show: impl Fn(f64) -> String,
) -> Markup {
    const ROW: f64 = 21.0;
    let bottom = bars.len() as f64 * ROW + 4.0;
    // Labels and figures take what they need, within limits; the bars have the rest.
    let widest =
        |text: fn(&Bar) -> &str| bars.iter().map(|bar| width_of(text(bar))).fold(0.0, f64::max);
    let left = (widest(|bar| &bar.label) + 12.0).clamp(60.0, 235.0);
    let right = WIDTH - (widest(|bar| &bar.text) + 12.0).clamp(60.0, 205.0);
    let ends = bars.iter().map(|bar| bar.interval.map_or(bar.value, |(_, high)| high));
    let high = highest.unwrap_or_else(|| ends.fold(0.0, f64::max));
    let lows = bars.iter().map(|bar| bar.interval.map_or(bar.value, |(low, _)| low));
    let scale = match lows.fold(0.0, f64::min) {
        low if low < 0.0 => Scale::between(low, high, left, right),
        _ => Scale::linear(high, left, right),
    };
    let nought = scale.at(0.0);
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {}", bottom + 36.0)) role="img" aria-label=(axis) {
            @for tick in scale.ticks() {
                @let x = place(scale.at(tick));
                line.grid x1=(x) x2=(x) y1="0" y2=(bottom) {}
                text.dim.mid x=(x) y=(bottom + 14.0) { (show(tick)) }
            }
            line.axis x1=(place(nought)) x2=(place(nought)) y1="0" y2=(bottom) {}
            text.dim.mid x=((left + right) / 2.0) y=(bottom + 31.0) { (axis) }
            @for (row, bar) in bars.iter().enumerate() {
                @let y = row as f64 * ROW + 4.0;
                text.end x=(left - 6.0) y=(y + 11.5) { (shortened(&bar.label, left - 12.0)) title { (bar.label) } }
                @let end = scale.at(bar.value);
                rect.fill1 x=(place(end.min(nought))) y=(y) height="13"
                    width=(place((end - nought).abs().max(0.5))) {}
                @if let Some((low, high)) = bar.interval {
                    line.whisker x1=(place(scale.at(low))) x2=(place(scale.at(high)))
                        y1=(y + 6.5) y2=(y + 6.5) {}
                }
                text x=(right + 8.0) y=(y + 11.5) { (bar.text) }
            }
        }
    }
}

/// One bar of parts that lie behind each other.
#[derive(Clone, Debug)]
pub struct Stack {
    /// What it is of.
    pub label: String,
    /// How long each part is, in the order of the key.
    pub parts: Vec<f64>,
    /// The whole in digits, with its unit.
    pub text: String,
}

/// Bars of parts below each other, with a key of what the parts are above them.
pub fn stacks(
    stacks: &[Stack],
    parts: &[(&str, u8)],
    axis: &str,
    show: impl Fn(f64) -> String,
) -> Markup {
    const ROW: f64 = 20.0;
    const KEY: f64 = 24.0;
    let bottom = KEY + stacks.len() as f64 * ROW + 4.0;
    let widest = |text: fn(&Stack) -> &str| {
        stacks.iter().map(|stack| width_of(text(stack))).fold(0.0, f64::max)
    };
    let left = (widest(|stack| &stack.label) + 12.0).clamp(60.0, 235.0);
    let right = WIDTH - (widest(|stack| &stack.text) + 12.0).clamp(50.0, 160.0);
    let whole = |stack: &Stack| stack.parts.iter().sum::<f64>();
    let scale = Scale::linear(stacks.iter().map(whole).fold(0.0, f64::max), left, right);
    let key_at = |number: usize| {
        let before = parts[..number].iter().map(|(name, _)| 30.0 + width_of(name));
        left + before.sum::<f64>()
    };
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {}", bottom + 36.0)) role="img" aria-label=(axis) {
            @for (number, (name, colour)) in parts.iter().enumerate() {
                rect class=(format!("fill{colour}")) x=(place(key_at(number))) y="3" height="11" width="14" {}
                text x=(place(key_at(number) + 19.0)) y="13" { (name) }
            }
            @for tick in scale.ticks() {
                @let x = place(scale.at(tick));
                line.grid x1=(x) x2=(x) y1=(KEY) y2=(bottom) {}
                text.dim.mid x=(x) y=(bottom + 14.0) { (show(tick)) }
            }
            line.axis x1=(left) x2=(left) y1=(KEY) y2=(bottom) {}
            text.dim.mid x=((left + right) / 2.0) y=(bottom + 31.0) { (axis) }
            @for (row, stack) in stacks.iter().enumerate() {
                @let y = KEY + row as f64 * ROW + 4.0;
                text.end x=(left - 6.0) y=(y + 11.0) { (shortened(&stack.label, left - 12.0)) title { (stack.label) } }
                @for (number, ((_, colour), part)) in parts.iter().zip(&stack.parts).enumerate() {
                    @let from = scale.at(stack.parts[..number].iter().sum());
                    @let to = scale.at(stack.parts[..number].iter().sum::<f64>() + part);
                    rect class=(format!("fill{colour}")) x=(place(from)) y=(y) height="12" width=(place(to - from)) {}
                }
                text x=(place(scale.at(whole(stack)) + 6.0)) y=(y + 11.0) { (stack.text) }
            }
        }
    }
}

/// One line of a picture, with the band of what its value is between.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it is, for the key.
    pub label: String,
    /// Its points.
    pub points: Vec<(f64, f64)>,
    /// Lower and upper edge at each point; empty for none.
    pub band: Vec<(f64, f64)>,
    /// Thinner ones that belong to it: one per replication.
    pub companions: Vec<Vec<(f64, f64)>>,
}

/// What lies along an axis.
pub struct Axis<'a> {
    /// Name and unit.
    pub name: &'a str,
    /// Where values stand, on a line from [`LEFT`] to [`RIGHT`] or from [`BOTTOM`] to [`TOP`].
    pub scale: Scale,
    /// The values that are written beside it; none for round ones.
    pub ticks: Option<&'a [f64]>,
    /// Writes a value beside it.
    pub show: &'a dyn Fn(f64) -> String,
}

impl Axis<'_> {
    fn ticks(&self) -> Vec<f64> {
        self.ticks.map_or_else(|| self.scale.ticks(), <[f64]>::to_vec)
    }
}

/// Something along the lower axis of a picture with lines.
#[derive(Clone, Debug)]
pub enum Mark {
    /// From one moment to another.
    Span(f64, f64, String),
    /// One value.
    At(f64, String),
}

/// Left edge of the lines.
pub const LEFT: f64 = 58.0;
/// Their right edge.
pub const RIGHT: f64 = WIDTH - 14.0;
/// Their upper edge.
pub const TOP: f64 = 40.0;
/// Their lower edge.
pub const BOTTOM: f64 = 262.0;

/// Lines over a common axis.
pub fn lines(lines: &[Line], x: &Axis<'_>, y: &Axis<'_>, marks: &[Mark]) -> Markup {
    let point = |(px, py): &(f64, f64)| (x.scale.at(*px), y.scale.at(*py));
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {}", BOTTOM + 40.0)) role="img"
            aria-label=(format!("{} by {}", y.name, x.name)) {
            @for tick in y.ticks() {
                @let at = place(y.scale.at(tick));
                line.grid x1=(LEFT) x2=(RIGHT) y1=(at) y2=(at) {}
                text.dim.end x=(LEFT - 6.0) y=(place(y.scale.at(tick) + 4.0)) { ((y.show)(tick)) }
            }
            @for tick in x.ticks() {
                @let at = place(x.scale.at(tick));
                line.grid x1=(at) x2=(at) y1=(TOP) y2=(BOTTOM) {}
                text.dim.mid x=(at) y=(BOTTOM + 16.0) { ((x.show)(tick)) }
            }
            line.axis x1=(LEFT) x2=(RIGHT) y1=(BOTTOM) y2=(BOTTOM) {}
            text.dim.mid x=((LEFT + RIGHT) / 2.0) y=(BOTTOM + 34.0) { (x.name) }
            text.dim x="2" y=(TOP - 8.0) { (y.name) }
            @for (mark, number) in marks.iter().zip(0..) { (marked(mark, number, x.scale)) }
            @for (line, number) in lines.iter().zip(1..) {
                @if !line.band.is_empty() {
                    polygon class=(format!("band fill{number}")) points=(band(line, x.scale, y.scale)) {}
                }
                @for companion in &line.companions {
                    polyline class=(format!("line thin stroke{number}"))
                        points=(points(companion.iter().map(point))) {}
                }
                polyline class=(format!("line stroke{number} dash{number}"))
                    points=(points(line.points.iter().map(point))) {}
            }
            (key(lines))
        }
    }
}

fn marked(mark: &Mark, number: u32, scale: Scale) -> Markup {
    // Two that are close together are told apart by their height.
    let foot = BOTTOM - 6.0 - 15.0 * f64::from(number % 2);
    html! {
        @match mark {
            Mark::Span(from, to, label) => {
                @let (from, to) = (scale.at(*from), scale.at(*to));
                rect.span x=(place(from)) y=(TOP) width=(place((to - from).max(1.5)))
                    height=(BOTTOM - TOP) { title { (label) } }
                text.dim x=(place(from + 3.0)) y=(TOP + 13.0) { (shortened(label, 160.0)) }
            }
            Mark::At(value, label) => {
                @let at = scale.at(*value);
                line.mark x1=(place(at)) x2=(place(at)) y1=(TOP) y2=(BOTTOM) {}
                // On the side where there is room for it.
                @if at > (LEFT + RIGHT) * 0.7 {
                    text.dim.end x=(place(at - 4.0)) y=(foot) { (label) }
                } @else {
                    text.dim x=(place(at + 4.0)) y=(foot) { (label) }
                }
            }
        }
    }
}

/// Which line is which, along the upper edge on the right.
fn key(lines: &[Line]) -> Markup {
    if lines.len() < 2 {
        return html! {};
    }
    let width = |line: &Line| 38.0 + width_of(&line.label);
    let left = |number: usize| RIGHT - lines[number..].iter().map(width).sum::<f64>();
    html! {
        @for (number, line) in lines.iter().enumerate() {
            line class=(format!("line stroke{0} dash{0}", number + 1)) x1=(place(left(number)))
                x2=(place(left(number) + 20.0)) y1="10" y2="10" {}
            text x=(place(left(number) + 25.0)) y="14" { (line.label) }
        }
    }
}

fn band(line: &Line, x: Scale, y: Scale) -> String {
    let edges = || line.points.iter().zip(&line.band);
    let upper = edges().map(|((at, _), (_, high))| (x.at(*at), y.at(*high)));
    let lower = edges().rev().map(|((at, _), (low, _))| (x.at(*at), y.at(*low)));
    points(upper.chain(lower))
}

fn points(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut text = String::new();
    for (x, y) in points {
        let _ = write!(text, "{} {} ", place(x), place(y));
    }
    text.truncate(text.trim_end().len());
    text
}

/// A place in a picture, to a tenth of a unit.
fn place(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// A label that is about so wide at most.
fn shortened(label: &str, most: f64) -> String {
    if width_of(label) <= most {
        return label.to_owned();
    }
    let mut short = String::new();
    for letter in label.chars() {
        if width_of(&short) + width_of("m…") > most {
            break;
        }
        short.push(letter);
    }
    short.trim_end().to_owned() + "…"
}

/// About how wide a text is. Fonts differ; this is on the wide side.
fn width_of(text: &str) -> f64 {
    let letter = |letter: char| match letter {
        'm' | 'w' | 'M' | 'W' | '_' | '…' | '–' => 11.0,
        'i' | 'l' | 'j' | 't' | 'f' | 'r' | ' ' | '.' | '-' | '(' | ')' => 5.5,
        'A'..='Z' => 9.3,
        _ => 7.8,
    };
    text.chars().map(letter).sum()
}
