//! One flow in the Trace Event Format (JSON), which Perfetto and Chrome's viewer open.
//!
//! A track per host, with a slice for each time that it waited for a worker and that a worker was at it, and a track for
//! what is on its way to the host. Times are microseconds since the flow began.

use serde_json::{Value, json};
use watch::statistics::{Trace, TraceEvent};

use super::is_on_a_wire;

/// The flow as JSON.
pub fn perfetto(trace: &Trace) -> Value {
    let began = trace.records.first().map_or(0, |record| record.at_ns);
    let mut writer = Writer { began, hosts: Vec::new(), events: Vec::new() };
    for record in &trace.records {
        writer.event(record.at_ns, &record.event);
    }
    let names = writer.hosts.iter().enumerate().map(|(place, host)| {
        json!({ "ph": "M", "name": "thread_name", "pid": 1, "tid": place, "args": { "name": host } })
    });
    let mut events: Vec<Value> = names.collect();
    events.push(json!({
        "ph": "M", "name": "process_name", "pid": 1,
        "args": { "name": format!("flow {}.{}", trace.arrival, trace.attempt) }
    }));
    events.append(&mut writer.events);
    json!({ "displayTimeUnit": "ms", "traceEvents": events })
}

struct Writer {
    began: u64,
    hosts: Vec<String>,
    events: Vec<Value>,
}

impl Writer {
    fn event(&mut self, at: u64, event: &TraceEvent) {
        match event {
            TraceEvent::Arrived { at: host, sent_ns, message } if is_on_a_wire(message) => {
                let tid = self.host(&format!("on its way to {host}"));
                let args = json!({
                    "text": message.text, "steps": message.steps, "rules": message.rules,
                    "bytes": message.bytes,
                });
                let under_way = at.saturating_sub(*sent_ns) as f64 / 1e3;
                self.events.push(json!({
                    "ph": "X", "cat": "network", "name": format!("{} under way", message.kind), "pid": 1,
                    "tid": tid, "ts": self.microseconds(*sent_ns), "dur": under_way, "args": args,
                }));
            }
            TraceEvent::ServiceEnded { at: host, began_ns } => {
                let tid = self.host(host);
                self.events.push(json!({
                    "ph": "X", "cat": "service", "name": "service", "pid": 1, "tid": tid,
                    "ts": self.microseconds(*began_ns),
                    "dur": at.saturating_sub(*began_ns) as f64 / 1e3,
                }));
            }
            TraceEvent::ServiceBegan { at: host, queued_ns } if at > *queued_ns => {
                let tid = self.host(host);
                self.events.push(json!({
                    "ph": "X", "cat": "wait", "name": "waits for a worker", "pid": 1, "tid": tid,
                    "ts": self.microseconds(*queued_ns),
                    "dur": at.saturating_sub(*queued_ns) as f64 / 1e3,
                }));
            }
            TraceEvent::Noted { at: host, note, .. } => self.instant(at, host, note),
            TraceEvent::Failed { at: host, request, failure, .. } => {
                self.instant(at, host, &format!("{request} failed: {failure}"));
            }
            TraceEvent::Verdict { at: host, admitted: false, refusal } => {
                let rule = refusal.as_deref().unwrap_or("no rule");
                self.instant(at, host, &format!("does not admit: {rule}"));
            }
            TraceEvent::TurnedAway { at: host } => self.instant(at, host, "queue full"),
            _ => {}
        }
    }

    fn instant(&mut self, at: u64, host: &str, name: &str) {
        let tid = self.host(host);
        self.events.push(json!({
            "ph": "i", "s": "t", "name": name, "pid": 1, "tid": tid, "ts": self.microseconds(at),
        }));
    }

    fn host(&mut self, name: &str) -> usize {
        match self.hosts.iter().position(|known| known == name) {
            Some(place) => place,
            None => {
                self.hosts.push(name.to_owned());
                self.hosts.len() - 1
            }
        }
    }

    fn microseconds(&self, at: u64) -> f64 {
        at.saturating_sub(self.began) as f64 / 1e3
    }
}
