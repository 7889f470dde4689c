//! Runs a schedule and judges it: rules by evidence, conservation, and health at the end.
//!
//! Keeps no rows, no histograms over time and no traces: a schedule is one of thousands. Does not draw schedules
//! (`draw`) or make them smaller (`shrink`).

use std::{fmt, sync::Arc};

use protocol::{
    id::HostId,
    message::{Message, Peer},
    role::Role,
    rule::{Rule, RuleKind},
    time::{Duration, Instant},
    trace::{Event, HostChange, Sink, Stamp},
};
use watch::{
    directory::Directory,
    rules::{Breach, Verdict},
    statistics::{FlowsKept, Settings},
    study::{figures::Group, metrics::MetricId},
    watcher::{Judged, Watcher},
};

use super::{
    coverage::{Coverage, Progress},
    schedule::{QUIET, RESTLESS, Schedule},
};
use crate::{compose::Composed, plan::moment};

/// Who was asked this long before the end must have answered something since the quiet began.
const SETTLED: Duration = Duration::from_secs(60);

/// What a schedule broke.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Broken {
    /// A rule.
    Rule(Rule),
    /// Something that began is not accounted for.
    Conservation,
    /// A flow of the restless time is still running when the quiet time is over.
    FlowRuns,
    /// A host does not serve after the last fault.
    HostSilent,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rule(rule) => rule.name(),
            Self::Conservation => "conservation",
            Self::FlowRuns => "health: a flow runs on",
            Self::HostSilent => "health: a host does not serve",
        })
    }
}

/// Something broken, with its first evidence in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// What.
    pub broken: Broken,
    /// Where, when and why.
    pub evidence: String,
}

/// What the oracle says of one schedule.
#[derive(Clone, PartialEq, Debug)]
pub struct Judgement {
    /// What it broke, the first breach first.
    pub found: Vec<Found>,
    /// How many flows were run.
    pub flows: u64,
    /// How often a rule was put to the test.
    pub evaluated: u64,
    /// Where flows were when faults began, if that was asked.
    pub coverage: Option<Coverage>,
}

/// Whether to look where flows are when faults begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// Yes.
    AtSteps,
    /// No: it costs.
    Away,
}

/// Runs a schedule that was composed and judges it; none if `stop` said so first.
pub fn judge(
    composed: &Composed,
    schedule: &Schedule,
    look: Look,
    stop: impl Fn() -> bool,
) -> Option<Judgement> {
    let directory = &composed.directory;
    let settings = Settings {
        flows_kept: FlowsKept::None,
        timeline_step: Duration::ZERO,
        ..Settings::new(composed.window(), schedule.seed, 0)
    };
    let sink = Oracle {
        watcher: Watcher::new(directory, settings, Judged::Yes),
        health: Health::new(directory, schedule),
        progress: (look == Look::AtSteps).then(|| Progress::new(schedule)),
    };
    let (oracle, ending) = composed.replicate(0, sink).run(|_| stop());
    match ending {
        sim::simulation::Ending::Over(_) => Some(oracle.verdict(directory, schedule)),
        sim::simulation::Ending::Interrupted => None,
    }
}

/// Whoever reads the events of a schedule.
struct Oracle {
    watcher: Watcher,
    health: Health,
    progress: Option<Progress>,
}

impl Sink for Oracle {
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        if let Some(progress) = &mut self.progress {
            progress.event(stamp, &event);
        }
        self.health.event(stamp, &event);
        self.watcher.event(stamp, event);
    }
}

impl Oracle {
    fn verdict(self, directory: &Directory, schedule: &Schedule) -> Judgement {
        let sight = self.watcher.finish();
        let conservation = &sight.replication.conservation;
        // What somebody was planted to break counts, whatever kind of rule it is.
        let planted: Vec<Rule> =
            schedule.deviants.iter().flat_map(|(_, one)| one.rules()).copied().collect();
        let counts = |verdict: &&Verdict| {
            let rule = verdict.rule;
            verdict.broken() && (rule.row().kind == RuleKind::Safety || planted.contains(&rule))
        };
        let mut breaches: Vec<(Instant, Found)> = sight
            .verdicts
            .iter()
            .filter(counts)
            .filter_map(|verdict| Some((verdict.rule, verdict.first?)))
            .map(|(rule, breach)| (breach.at, found(rule, &breach, directory)))
            .collect();
        // Stable: what broke at one moment stays in the order of the rulebook.
        breaches.sort_by_key(|(at, _)| *at);
        let mut found: Vec<Found> = breaches.into_iter().map(|(_, found)| found).collect();
        if !conservation.holds() {
            let evidence = format!("{conservation:?}");
            found.push(Found { broken: Broken::Conservation, evidence });
        }
        let running = MetricId::of("flows.outcome.running")
            .and_then(|metric| sight.replication.figures.value(metric, &Group::all()))
            .unwrap_or(0.0);
        if running > 0.0 {
            let evidence = format!("{running} of the flows that began before minute 20 still run");
            found.push(Found { broken: Broken::FlowRuns, evidence });
        }
        let silent = self.health.silent(directory);
        found.extend(silent.map(|evidence| Found { broken: Broken::HostSilent, evidence }));
        Judgement {
            found,
            flows: conservation.flows,
            evaluated: sight.verdicts.iter().map(|verdict| verdict.evaluated).sum(),
            coverage: self.progress.map(Progress::into_coverage),
        }
    }
}

fn found(rule: Rule, breach: &Breach, directory: &Directory) -> Found {
    let who = match directory.host(breach.host) {
        Some(host) => host.name.as_str(),
        None => Role::Person.name(),
    };
    let flow = breach.flow.map(|flow| format!(", in flow {flow}")).unwrap_or_default();
    let (at, why) = (breach.at.as_secs_f64(), breach.why.text());
    let evidence = format!("{who} after {at:.3} s{flow}: {why}");
    Found { broken: Broken::Rule(rule), evidence }
}

/// Whether every host serves again once nothing befalls it any more.
#[derive(Debug)]
struct Health {
    hosts: Vec<Pulse>,
    now: Instant,
}

#[derive(Clone, Default, Debug)]
struct Pulse {
    is_down: bool,
    is_paused: bool,
    is_slow: bool,
    /// When it began what it is at and what takes longer because it was slow: that may be hours.
    long_work: Vec<Instant>,
    /// Its certificate was revoked or has expired: nobody deals with it.
    is_exempt: bool,
    /// The first time that it was asked something in the quiet time.
    asked: Option<Instant>,
    has_answered: bool,
}

impl Health {
    fn new(directory: &Arc<Directory>, schedule: &Schedule) -> Self {
        let is_exempt = |name: &String| {
            let of_it = |fault: &&super::schedule::Fault| fault.place == *name;
            schedule.faults.iter().filter(of_it).any(|fault| fault.harm.is_of_certificate())
        };
        let pulse = |host: &watch::directory::Host| Pulse {
            is_exempt: is_exempt(&host.name),
            ..Pulse::default()
        };
        Self { hosts: directory.hosts.iter().map(pulse).collect(), now: Instant::START }
    }

    #[inline]
    fn event(&mut self, stamp: Stamp, event: &Event<'_>) {
        self.now = stamp.at;
        match event {
            Event::Host { host, change } => {
                let Some(pulse) = self.pulse(*host) else { return };
                match change {
                    HostChange::Down => pulse.is_down = true,
                    HostChange::Up => pulse.is_down = false,
                    HostChange::Paused => pulse.is_paused = true,
                    HostChange::Resumed => pulse.is_paused = false,
                    HostChange::Slowed(factor) => pulse.is_slow = *factor > 1.0,
                    HostChange::Crashed => pulse.long_work.clear(),
                    _ => {}
                }
            }
            Event::ServiceBegan { host, .. } => {
                if let Some(pulse) = self.pulse(*host).filter(|pulse| pulse.is_slow) {
                    pulse.long_work.push(stamp.at);
                }
            }
            Event::ServiceEnded { host, began } => {
                if let Some(pulse) = self.pulse(*host).filter(|pulse| !pulse.long_work.is_empty())
                    && let Some(place) = pulse.long_work.iter().position(|long| long == began)
                {
                    pulse.long_work.swap_remove(place);
                }
            }
            Event::Arrived { host, envelope, .. } if stamp.at >= moment(RESTLESS) => {
                // What its own driver or operator says is no sign that it can be reached.
                let is_asked = matches!(envelope.message, Message::Request(_))
                    && envelope.from != Peer::Operator;
                if is_asked && let Some(pulse) = self.pulse(*host) {
                    pulse.asked.get_or_insert(stamp.at);
                }
            }
            Event::Answered { from, .. } if stamp.at >= moment(RESTLESS) => {
                if let Some(pulse) = self.pulse(*from) {
                    pulse.has_answered = true;
                }
            }
            _ => {}
        }
    }

    fn pulse(&mut self, host: HostId) -> Option<&mut Pulse> {
        if host.is_visitor() { None } else { self.hosts.get_mut(host.place()) }
    }

    /// What is wrong with the first host that does not serve.
    fn silent(&self, directory: &Directory) -> Option<String> {
        let long_ago = |asked: Instant| self.now.since(asked) >= SETTLED;
        let wrong = |pulse: &Pulse| match pulse {
            Pulse { is_exempt: true, .. } => None,
            Pulse { is_down: true, .. } => Some("is down"),
            Pulse { is_paused: true, .. } => Some("stands still"),
            Pulse { asked: Some(asked), has_answered: false, long_work, .. }
                if long_ago(*asked) && long_work.is_empty() =>
            {
                Some("was asked and has answered nobody")
            }
            _ => None,
        };
        let mut hosts = self.hosts.iter().zip(&directory.hosts);
        let found = hosts.find_map(|(pulse, host)| Some((host, wrong(pulse)?)));
        let minutes = QUIET.as_nanos() / 60_000_000_000;
        found.map(|(host, what)| {
            format!("{} {what}, in the {minutes} minutes after the last fault", host.name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::{Arena, schedule::Crowd};

    fn arena() -> Arena {
        let topologies = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../topologies");
        Arena::read(topologies.join("minimal.toml")).unwrap()
    }

    #[test]
    fn what_is_not_accounted_for_is_found() {
        let arena = arena();
        let mut schedule = arena.schedule(1, 0, &[]);
        schedule.faults.clear();
        schedule.crowd = Crowd::Steady { people: 10 };
        let composed = arena.compose(&schedule).unwrap();
        let broken = |extra: Option<Event<'_>>| {
            let settings = Settings::new(composed.window(), 1, 0);
            let mut oracle = Oracle {
                watcher: Watcher::new(&composed.directory, settings, Judged::Yes),
                health: Health::new(&composed.directory, &schedule),
                progress: None,
            };
            let stamp = Stamp { at: Instant::START, flow: None };
            extra.into_iter().for_each(|event| oracle.event(stamp, event));
            let judgement = oracle.verdict(&composed.directory, &schedule);
            judgement.found.into_iter().map(|found| found.broken).collect::<Vec<_>>()
        };
        let host = HostId(0);
        let stray = Event::ServiceEnded { host, began: Instant::START };
        assert_eq!(broken(None), []);
        assert_eq!(broken(Some(stray)), [Broken::Conservation]);
        let change = HostChange::Paused;
        assert_eq!(broken(Some(Event::Host { host, change })), [Broken::HostSilent]);
    }
}
