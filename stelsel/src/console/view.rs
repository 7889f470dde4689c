//! What the console answers: plain data, the same for the page and for scripts.
//!
//! Times are seconds since the twin began. Decides nothing.

use std::collections::BTreeMap;

use protocol::{rule::Rule, time::Instant};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watch::{
    rules::Verdict,
    statistics::{Trace, TraceEvent, TraceMessage},
};

use super::{
    bytes::Passed,
    live::{FlowNow, Live},
};

/// The twin at a glance.
#[derive(Serialize, ToSchema, Debug)]
pub(super) struct Overview {
    /// Name of the topology.
    pub network: String,
    /// The release that is spoken where nothing else is agreed.
    pub release: String,
    /// How long the twin has been going on.
    pub now_s: f64,
    /// Flows that began.
    pub flows_begun: u64,
    /// Flows in progress.
    pub flows_in_progress: usize,
    /// Flows that ended, by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Rules that were put to the test and kept.
    pub rules_kept: usize,
    /// Rules that were broken.
    pub rules_broken: usize,
    /// Rules that nothing put to the test yet.
    pub rules_not_arisen: usize,
}

/// A host.
#[derive(Serialize, ToSchema, Debug)]
pub(super) struct Host {
    /// As files name it: `za-2`.
    pub name: String,
    /// Its role.
    pub role: String,
    /// Whether it takes connections.
    pub up: bool,
    /// Whether its services are frozen.
    pub paused: bool,
    /// Services cost so many times as much as they should.
    pub slowed: f64,
    /// Parallel servers.
    pub workers: u32,
    /// Jobs that wait for one.
    pub waiting: u32,
    /// Jobs in service.
    pub busy: u32,
    /// Jobs that were done.
    pub done: u64,
    /// Jobs for which the queue was full.
    pub turned_away: u64,
}

/// A flow.
#[derive(Serialize, ToSchema, Debug)]
pub(super) struct Flow {
    /// Arrival and attempt: `17.1`.
    pub id: String,
    /// The PGO.
    pub pgo: String,
    /// The ZA gateway.
    pub za: String,
    /// The Zorgaanbieder.
    pub zorgaanbieder: String,
    /// The Gegevensdienst.
    pub gegevensdienst: String,
    /// When it began.
    pub began_s: f64,
    /// When it ended.
    pub ended_s: Option<f64>,
    /// How it ended.
    pub outcome: Option<String>,
    /// What that means.
    pub meaning: Option<String>,
    /// The steps of UCI Verzamelen that are done.
    pub steps: Vec<u8>,
}

/// A flow with all that was seen of it.
#[derive(Serialize, ToSchema, Debug)]
pub(super) struct WholeFlow {
    /// The flow.
    pub flow: Flow,
    /// What was said and noted, in order.
    pub messages: Vec<Told>,
    /// The same as bytes.
    pub bytes: Vec<Passed>,
}

/// A message of a flow, or something that a host did.
#[derive(Serialize, ToSchema, PartialEq, Debug)]
pub(super) struct Told {
    /// When it left, or happened.
    pub at_s: f64,
    /// Who.
    pub from: String,
    /// To whom; none for what a host does for itself.
    pub to: Option<String>,
    /// The exchange, as in the bytes.
    pub exchange: Option<String>,
    /// Kind of message.
    pub kind: String,
    /// What it says.
    pub text: String,
    /// The steps of UCI Verzamelen that it belongs to.
    pub steps: Vec<u8>,
    /// The rules that bear on it.
    pub rules: Vec<RuleName>,
    /// Whether something went wrong: a failure, a refusal.
    pub is_trouble: bool,
}

/// A rule by name and number.
#[derive(Serialize, ToSchema, PartialEq, Debug)]
pub(super) struct RuleName {
    /// Its stable name.
    pub name: String,
    /// Where it stands: `APP 12`.
    pub citation: String,
}

/// What is known of a rule.
#[derive(Serialize, ToSchema, Debug)]
pub(super) struct RuleNow {
    /// Its stable name.
    pub name: String,
    /// Where it stands.
    pub citation: String,
    /// What it asks, in a few words of our own.
    pub text: String,
    /// `kept`, `broken`, `did not arise` or `not observable`.
    pub finding: String,
    /// How often it was put to the test.
    pub tests: u64,
    /// How often it was not kept.
    pub breaches: u64,
    /// The first breach.
    pub first: Option<Breach>,
}

/// One breach.
#[derive(Serialize, ToSchema, Debug)]
pub(super) struct Breach {
    /// When.
    pub at_s: f64,
    /// Who.
    pub host: String,
    /// In which flow.
    pub flow: Option<String>,
    /// What was seen.
    pub why: String,
}

/// What goes wrong, or goes otherwise, from now on: in the words of `[[fault]]` in scenarios.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    /// Hosts: `za-2`, `za-*`, `xis`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(example = "xis-1")]
    pub host: Option<String>,
    /// Or links: `za-1>digid`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub link: Option<String>,
    /// `down`, `crash`, `slow(x4)`, `pause`, `skew(90s)`, `drift(200ppm)`, `revoke`, `expire`; of links `delay(200ms)`,
    /// `loss(0.05)`, `partition`.
    #[schema(example = "down")]
    pub kind: String,
    /// For how long; none until it is ended.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none", default)]
    pub lasts: Option<String>,
}

/// A fault that goes on.
#[derive(Clone, PartialEq, Serialize, ToSchema, Debug)]
pub(super) struct FaultNow {
    /// Its number.
    pub id: usize,
    /// When it began.
    pub began_s: f64,
    /// What it is.
    #[serde(flatten)]
    pub fault: Fault,
}

/// A change of the register or of its lists, in the words of `[[change]]` in scenarios.
#[derive(Clone, Serialize, Deserialize, ToSchema, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// `remove-gateway`, `add-gateway`, `remove-provider`, `publish`, `publish-broken`, `roll-back` or `fetch-list`.
    #[schema(example = "remove-gateway")]
    pub kind: String,
    /// A host, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub host: Option<String>,
    /// A Zorgaanbieder, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider: Option<String>,
    /// A list, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub list: Option<String>,
    /// When lists are published: `at-once` or `scheduled`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub publish: Option<String>,
}

/// What was wrong with a request.
#[derive(Serialize, ToSchema, Debug)]
pub(super) struct Wrong {
    /// Each problem, with its place and what would do.
    pub problems: Vec<String>,
}

pub(super) fn seconds(at: Instant) -> f64 {
    at.as_secs_f64()
}

impl Host {
    /// Every host.
    pub fn all(live: &Live) -> Vec<Self> {
        let hosts = live.directory.hosts.iter().zip(&live.hosts);
        hosts
            .map(|(host, now)| Self {
                name: host.name.clone(),
                role: host.role.name().to_owned(),
                up: now.is_up,
                paused: now.is_paused,
                slowed: now.slowed,
                workers: host.workers,
                waiting: now.waiting,
                busy: now.busy,
                done: now.done,
                turned_away: now.turned_away,
            })
            .collect()
    }
}

impl Flow {
    pub fn of(flow: &FlowNow, live: &Live) -> Self {
        let host = |host| live.directory.host(host).map_or("?", |host| host.name.as_str());
        let facts = &flow.facts;
        let names = &live.directory.names;
        let dienst = facts.dienst;
        Self {
            id: format!("{}.{}", flow.trace.arrival, flow.trace.attempt),
            pgo: host(facts.pgo).to_owned(),
            za: host(facts.za).to_owned(),
            zorgaanbieder: names.zorgaanbieder_text(facts.zorgaanbieder).to_owned(),
            gegevensdienst: dienst
                .service()
                .map_or_else(|| "?".to_owned(), |service| service.name.to_owned()),
            began_s: seconds(flow.began),
            ended_s: flow.ended.map(|(at, _)| seconds(at)),
            outcome: flow.ended.map(|(_, outcome)| outcome.name().to_owned()),
            meaning: flow.ended.map(|(_, outcome)| outcome.what().to_owned()),
            steps: flow.steps(),
        }
    }
}

impl RuleName {
    fn of(name: &str) -> Self {
        let citation = Rule::from_name(name).map_or("", |rule| rule.row().cite);
        Self { name: name.to_owned(), citation: citation.to_owned() }
    }
}

impl RuleNow {
    pub fn of(verdict: &Verdict, live: &Live) -> Self {
        let row = verdict.rule.row();
        Self {
            name: verdict.rule.name().to_owned(),
            citation: row.cite.to_owned(),
            text: row.text.to_owned(),
            finding: verdict.finding().name().to_owned(),
            tests: verdict.evaluated,
            breaches: verdict.breaches,
            first: verdict.first.map(|breach| Breach {
                at_s: seconds(breach.at),
                host: live
                    .directory
                    .host(breach.host)
                    .map_or_else(|| "person".to_owned(), |host| host.name.clone()),
                flow: breach.flow.map(|flow| flow.to_string()),
                why: breach.why.text().to_owned(),
            }),
        }
    }
}

/// What was said in a flow, in order: requests and answers as they left, failures, and what hosts noted.
pub(super) fn told(trace: &Trace) -> Vec<Told> {
    let mut askers: BTreeMap<&str, &str> = BTreeMap::new();
    let mut all = Vec::new();
    for record in &trace.records {
        let at_s = record.at_ns as f64 / 1e9;
        let message = |from: &str, to: Option<&str>, message: &TraceMessage, is_trouble| Told {
            at_s,
            from: from.to_owned(),
            to: to.map(str::to_owned),
            exchange: Some(message.exchange.clone()),
            kind: message.kind.clone(),
            text: message.text.clone(),
            steps: message.steps.clone(),
            rules: message.rules.iter().map(|rule| RuleName::of(rule)).collect(),
            is_trouble,
        };
        let alone = |from: &str, to: Option<&str>, kind: &str, text: String, rules| Told {
            at_s,
            from: from.to_owned(),
            to: to.map(str::to_owned),
            exchange: None,
            kind: kind.to_owned(),
            text,
            steps: Vec::new(),
            rules,
            is_trouble: true,
        };
        match &record.event {
            TraceEvent::Asked { from, to, message: asked } if asked.channel != "local" => {
                askers.insert(&asked.exchange, from);
                all.push(message(from, Some(to.as_deref().unwrap_or("nobody")), asked, false));
            }
            TraceEvent::Answered { from, message: answer, refusal, .. }
                if answer.channel != "local" =>
            {
                let to = askers.get(answer.exchange.as_str()).copied();
                let mut told = message(from, to, answer, refusal.is_some());
                told.rules.extend(refusal.as_deref().map(RuleName::of));
                all.push(told);
            }
            TraceEvent::Failed { at, peer, exchange, request, failure }
                if askers.contains_key(exchange.as_str()) =>
            {
                let text = format!("no answer to {request}: {failure}");
                all.push(alone(at, peer.as_deref(), "failed", text, Vec::new()));
            }
            TraceEvent::TurnedAway { at } => {
                let text = "the queue is full".to_owned();
                all.push(alone(at, None, "turned away", text, Vec::new()));
            }
            TraceEvent::Verdict { at, admitted: false, refusal } => {
                let rules = refusal.iter().map(|rule| RuleName::of(rule)).collect();
                let text = "does not admit the other end".to_owned();
                all.push(alone(at, None, "not admitted", text, rules));
            }
            TraceEvent::Noted { at, steps, note } => all.push(Told {
                is_trouble: false,
                steps: steps.clone(),
                ..alone(at, None, "note", note.clone(), Vec::new())
            }),
            _ => {}
        }
    }
    all
}
