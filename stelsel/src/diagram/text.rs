//! A sequence diagram in text: one arrow per message as it arrives, with its step and rules, on lifelines.

use std::{collections::BTreeMap, fmt::Write as _};

use protocol::rule::Rule;
use watch::statistics::{Trace, TraceEvent, TraceMessage};

use super::is_on_a_wire;

/// Where the first lifeline stands, after time and step.
const FIRST: usize = 22;
/// From one lifeline to the next.
const APART: usize = 9;
/// Columns of the whole.
const WIDTH: usize = 80;
/// A silence that is worth telling, in nanoseconds.
const SILENCE: u64 = 1_000_000_000;

/// Draws one flow, in 80 columns unless more than seven parties took part.
pub fn text(trace: &Trace) -> String {
    let mut drawing = Drawing::new(trace);
    for record in &trace.records {
        drawing.event(record.at_ns, &record.event);
    }
    drawing.text
}

/// An exchange under way: who asked whom, and the rule named in a refusal.
struct Under {
    asker: String,
    asked: Option<String>,
    refusal: Option<String>,
}

struct Drawing {
    text: String,
    parties: Vec<String>,
    exchanges: BTreeMap<String, Under>,
    began: u64,
    last: u64,
}

impl Drawing {
    fn new(trace: &Trace) -> Self {
        let parties = parties(trace);
        let began = trace.records.first().map_or(0, |record| record.at_ns);
        let mut drawing =
            Self { text: String::new(), parties, exchanges: BTreeMap::new(), began, last: began };
        let about = trace.records.iter().find_map(|record| match &record.event {
            TraceEvent::Began { about } => Some(about.as_str()),
            _ => None,
        });
        let (arrival, attempt) = (trace.arrival, trace.attempt);
        let title = format!("Flow {arrival}.{attempt}: {}", about.unwrap_or("began earlier"));
        for line in wrapped(&title, WIDTH) {
            drawing.line(&line);
        }
        drawing.line("");
        let mut head = format!("{:>12}  {:<4}", "time", "step");
        for (place, party) in drawing.parties.iter().enumerate() {
            // Each name stands around its lifeline.
            let at = (FIRST + place * APART).saturating_sub(party.chars().count() / 2);
            let gap = at.saturating_sub(head.chars().count()).max(usize::from(place > 0));
            head.push_str(&" ".repeat(gap));
            head.push_str(party);
        }
        drawing.line(&head);
        drawing
    }

    fn event(&mut self, at: u64, event: &TraceEvent) {
        match event {
            TraceEvent::Asked { from, to, message } if is_on_a_wire(message) => {
                let under = Under { asker: from.clone(), asked: to.clone(), refusal: None };
                self.exchanges.insert(message.exchange.clone(), under);
            }
            TraceEvent::Answered { refusal, message, .. } if is_on_a_wire(message) => {
                if let Some(under) = self.exchanges.get_mut(&message.exchange) {
                    under.refusal.clone_from(refusal);
                }
            }
            TraceEvent::Arrived { at: host, message, .. } if is_on_a_wire(message) => {
                self.arrived(at, host, message);
            }
            // What a driver asks of its own host is no message of the network.
            TraceEvent::Failed { at: host, exchange, request, failure, peer }
                if self.exchanges.contains_key(exchange) =>
            {
                let peer = peer.as_deref().unwrap_or("nobody");
                let told = format!("{request} to {peer}: {failure}");
                self.event_line(at, host, 'x', &[], &told);
            }
            TraceEvent::TurnedAway { at: host } => {
                self.event_line(at, host, 'x', &[], "turned away: the queue is full");
            }
            TraceEvent::Handshake { at: host, peer, side } if side == "asker" => {
                let told = format!(
                    "TLS with {peer}, certificates on both sides · NET\u{a0}1; NET\u{a0}2; NET\u{a0}3"
                );
                self.event_line(at, host, '=', &[], &told);
            }
            TraceEvent::Verdict { at: host, admitted: false, refusal } => {
                let rule = refusal.as_deref().map_or_else(|| "no rule".to_owned(), named);
                self.event_line(
                    at,
                    host,
                    'x',
                    &[],
                    &format!("does not admit the other end: {rule}"),
                );
            }
            TraceEvent::Noted { at: host, steps, note } => {
                self.event_line(at, host, 'o', steps, note);
            }
            TraceEvent::Ended { waiting } => {
                let how = if *waiting { ", waiting for an answer" } else { "" };
                self.event_line(at, "person", 'o', &[], &format!("the flow ends{how}"));
            }
            _ => {}
        }
    }

    fn arrived(&mut self, at: u64, host: &str, message: &TraceMessage) {
        let Some(under) = self.exchanges.get(&message.exchange) else { return };
        // A request arrives at another than its asker, a response at the asker.
        let from = match under.asker == host {
            true => under.asked.clone().unwrap_or_default(),
            false => under.asker.clone(),
        };
        let mut told = message.text.clone();
        let rules = rules(message);
        if !rules.is_empty() {
            let _ = write!(told, " · {rules}");
        }
        if let (true, Some(refusal)) = (under.asker == host, under.refusal.as_deref()) {
            let _ = write!(told, " · refused by {}", named(refusal));
        }
        let (Some(left), Some(right)) = (self.place(&from), self.place(host)) else { return };
        self.silence(at);
        let mut cells = self.lifelines();
        let (low, high) = (left.min(right), left.max(right));
        for (column, cell) in cells.iter_mut().enumerate().take(high * APART).skip(low * APART + 1)
        {
            *cell = if column % APART == 0 { '┼' } else { '─' };
        }
        let tip = if right > left { right * APART - 1 } else { right * APART + 1 };
        if let Some(cell) = cells.get_mut(tip) {
            *cell = if right > left { '▶' } else { '◀' };
        }
        self.row(at, &message.steps, cells, &told);
    }

    /// Something that happens at one party.
    fn event_line(&mut self, at: u64, host: &str, mark: char, steps: &[u8], told: &str) {
        self.silence(at);
        let mut cells = self.lifelines();
        if let Some(cell) = self.place(host).and_then(|place| cells.get_mut(place * APART)) {
            *cell = mark;
        }
        self.row(at, steps, cells, told);
    }

    fn lifelines(&self) -> Vec<char> {
        let width = (self.parties.len().saturating_sub(1)) * APART + 1;
        (0..width).map(|column| if column % APART == 0 { '│' } else { ' ' }).collect()
    }

    fn row(&mut self, at: u64, steps: &[u8], cells: Vec<char>, told: &str) {
        let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
        let steps = steps.join("-");
        let seconds = (at - self.began) as f64 / 1e9;
        let lines: String = cells.into_iter().collect();
        self.line(&format!("{seconds:>10.3} s  {steps:<FILL$}{lines}", FILL = FIRST - 14));
        for line in wrapped(told, WIDTH - FIRST) {
            self.line(&format!("{:FIRST$}{line}", ""));
        }
    }

    /// Where nothing happened for long, says so: that is where people are at work.
    fn silence(&mut self, at: u64) {
        let passed = at.saturating_sub(self.last);
        if passed >= SILENCE {
            let lines: String = self
                .lifelines()
                .into_iter()
                .map(|cell| if cell == '│' { '⋮' } else { cell })
                .collect();
            let told = format!("{:.1} s later", passed as f64 / 1e9);
            self.line(&format!("{told:>12}{:FILL$}{lines}", "", FILL = FIRST - 12));
        }
        self.last = at;
    }

    fn place(&self, party: &str) -> Option<usize> {
        self.parties.iter().position(|known| known == party)
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

/// Who took part: the person first, then by role as flows go.
fn parties(trace: &Trace) -> Vec<String> {
    const ORDER: [&str; 7] = ["person", "pgo", "za", "digid", "xis", "ocsp", "stelselnode"];
    let mut parties: Vec<String> = Vec::new();
    let mut add = |party: &str| {
        if !parties.iter().any(|known| known == party) {
            parties.push(party.to_owned());
        }
    };
    for record in &trace.records {
        if let TraceEvent::Asked { from, to, message } = &record.event
            && is_on_a_wire(message)
        {
            add(from);
            to.iter().for_each(|to| add(to));
        }
    }
    let rank = |party: &String| {
        let role = party.split('-').next().unwrap_or_default();
        ORDER.iter().position(|known| *known == role).unwrap_or(ORDER.len())
    };
    parties.sort_by_key(rank);
    parties
}

/// The numbers of the rules that bear on a message; that of its step stands before it already.
fn rules(message: &TraceMessage) -> String {
    let mut told: Vec<String> = Vec::new();
    for rule in message.rules.iter().filter_map(|name| Rule::from_name(name)) {
        let cite = rule.row().cite;
        let cite = cite.strip_prefix("own, ").unwrap_or(cite);
        let number = match cite.strip_prefix("APP 8, ") {
            Some(_) => cite,
            None => cite.split(',').next().unwrap_or(cite),
        };
        // Numbers stay whole at the end of a line.
        let whole = number.replace(' ', "\u{a0}").replace(",\u{a0}", ", ");
        if !number.starts_with("UCI Verzamelen step") && !told.contains(&whole) {
            told.push(whole);
        }
    }
    told.join("; ")
}

/// A rule by name and number.
fn named(rule: &str) -> String {
    Rule::from_name(rule).map_or_else(|| rule.to_owned(), |rule| rule.to_string())
}

/// Lines of at most so many characters, broken at spaces.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().filter(|line| {
            line.is_empty() || line.chars().count() + 1 + word.chars().count() <= width
        });
        match last {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}
