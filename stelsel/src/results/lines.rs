//! The lines of the tables of a result folder: one type per file, whose fields are its columns in order.
//!
//! The same types write the files and read them back. Times are seconds; names of hosts, works and lists are
//! those of topologies and scenarios; what has no value is an empty field. Does not open a file (`write`,
//! `folder`).

use std::fmt;

use protocol::{
    rule::Rule,
    time::{Duration, Instant},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use watch::{
    directory::Directory,
    rules::Verdict,
    statistics::{FlowRow, HostRow, RegistryRow, StepRow, TimelineRow, TokensRow},
    study::{
        estimate::{Estimate, Interval},
        figures::{BucketRow, ValueRow},
        summary::SummaryRow,
    },
};

/// A number as files have it: the shortest decimals that are read back as the same number, and never an
/// exponent; `inf` for what has no end.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub struct Number(pub f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = text.parse::<f64>().ok().filter(|number| !number.is_nan());
        number
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("expected a number; found {text:?}")))
    }
}

impl From<Duration> for Number {
    fn from(duration: Duration) -> Self {
        Self(duration.as_secs_f64())
    }
}

impl From<Instant> for Number {
    fn from(instant: Instant) -> Self {
        Self(instant.as_secs_f64())
    }
}

/// A line of summary.csv.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SummaryLine {
    /// Name of the metric.
    pub metric: String,
    /// Group; empty for all.
    pub group: String,
    /// Unit of estimate and interval; `1` for shares.
    pub unit: String,
    /// The estimate: a number, `> 3600` or `too few (17)`.
    pub estimate: String,
    /// Lower end of its interval.
    pub ci_low: Option<Number>,
    /// Upper end of its interval.
    pub ci_high: Option<Number>,
    /// How many replications have a value.
    pub replications: u32,
}

impl From<&SummaryRow> for SummaryLine {
    fn from(row: &SummaryRow) -> Self {
        Self {
            metric: row.metric.name().to_owned(),
            group: row.group.name().to_owned(),
            unit: row.metric.metric().unit.to_owned(),
            estimate: match row.estimate {
                Estimate::Value(value) => Number(value).to_string(),
                other => other.to_string(),
            },
            ci_low: row.interval.map(|interval| Number(interval.low)),
            ci_high: row.interval.map(|interval| Number(interval.high)),
            replications: row.replications,
        }
    }
}

impl SummaryLine {
    /// The estimate as it was before it became a text. None for a text that says no estimate.
    pub fn estimate(&self) -> Option<Estimate> {
        let text = self.estimate.as_str();
        let inside = || text.strip_prefix("too few (")?.strip_suffix(')')?.parse().ok();
        if let Some(value) = text.strip_prefix("> ") {
            return value.parse().ok().map(Estimate::MoreThan);
        }
        text.parse().ok().map(Estimate::Value).or_else(|| inside().map(Estimate::TooFew))
    }

    /// Its interval.
    pub fn interval(&self) -> Option<Interval> {
        Some(Interval { low: self.ci_low?.0, high: self.ci_high?.0 })
    }
}

/// A line of replications.csv.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ValueLine {
    /// Name of the metric.
    pub metric: String,
    /// Group; empty for all.
    pub group: String,
    /// Unit of the value.
    pub unit: String,
    /// Which replication.
    pub replication: u32,
    /// The value.
    pub value: Number,
}

impl From<ValueRow> for ValueLine {
    fn from(ValueRow { metric, group, unit, replication, value }: ValueRow) -> Self {
        Self { metric, group, unit, replication, value: Number(value) }
    }
}

impl From<ValueLine> for ValueRow {
    fn from(ValueLine { metric, group, unit, replication, value }: ValueLine) -> Self {
        Self { metric, group, unit, replication, value: value.0 }
    }
}

/// A line of histograms.csv.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BucketLine {
    /// Name of the distribution.
    pub metric: String,
    /// Group; empty for all.
    pub group: String,
    /// Which replication.
    pub replication: u32,
    /// The shortest time in the bucket, in seconds.
    pub bucket_low: Number,
    /// The shortest time not in it any more; `inf` for what never ended.
    pub bucket_high: Number,
    /// How many.
    pub count: u64,
}

impl From<BucketRow> for BucketLine {
    fn from(row: BucketRow) -> Self {
        let BucketRow { metric, group, replication, bucket_low, bucket_high, count } = row;
        let (bucket_low, bucket_high) = (Number(bucket_low), Number(bucket_high));
        Self { metric, group, replication, bucket_low, bucket_high, count }
    }
}

impl From<BucketLine> for BucketRow {
    fn from(line: BucketLine) -> Self {
        let BucketLine { metric, group, replication, bucket_low, bucket_high, count } = line;
        let (bucket_low, bucket_high) = (bucket_low.0, bucket_high.0);
        Self { metric, group, replication, bucket_low, bucket_high, count }
    }
}

/// A line of flows.csv.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FlowLine {
    /// Which replication.
    pub replication: u32,
    /// Arrival and attempt: `17.1`.
    pub flow: String,
    /// Which arrival.
    pub arrival: u32,
    /// Which attempt, from 1.
    pub attempt: u16,
    /// Kind of flow.
    pub kind: String,
    /// The person, by number.
    pub person: Option<u32>,
    /// The PGO.
    pub pgo: Option<String>,
    /// The ZA gateway.
    pub za: Option<String>,
    /// The Zorgaanbieder.
    pub provider: String,
    /// The Gegevensdienst.
    pub service: String,
    /// The release that was spoken.
    pub release: String,
    /// When it started.
    pub started_s: Number,
    /// When it ended; empty for one that was running at the end.
    pub ended_s: Option<Number>,
    /// How it ended.
    pub outcome: String,
    /// What went wrong first; empty if it was completed.
    pub cause: Option<String>,
    /// The step in which it ended.
    pub step: u8,
    /// Time that the person took.
    pub human_s: Number,
    /// Time that machines took.
    pub machine_s: Number,
    /// FHIR queries made.
    pub calls: u16,
}

impl FlowLine {
    pub(super) fn new(replication: u32, row: &FlowRow, directory: &Directory) -> Self {
        let host = |host| Some(directory.host(host)?.name.clone());
        Self {
            replication,
            flow: row.flow.to_string(),
            arrival: row.flow.arrival,
            attempt: row.flow.attempt,
            kind: row.kind.name().to_owned(),
            person: row.person.map(|person| person.0),
            pgo: row.pgo.and_then(host),
            za: row.za.and_then(host),
            provider: directory.names.zorgaanbieder_text(row.provider).to_owned(),
            service: row.service.id().to_owned(),
            release: row.release.name().to_owned(),
            started_s: row.started.into(),
            ended_s: row.ended.map(Number::from),
            outcome: row.outcome.name().to_owned(),
            cause: row.cause.map(|cause| cause.text(directory)),
            step: row.step,
            human_s: row.human.into(),
            machine_s: row.machine.into(),
            calls: row.calls,
        }
    }
}

/// A line of steps.csv. The four times add up to what the step took.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StepLine {
    /// Which replication.
    pub replication: u32,
    /// The flow, as in flows.csv.
    pub flow: String,
    /// The step, 1 to 16.
    pub step: u8,
    /// When it was over, for the last time if it was repeated.
    pub ended_s: Number,
    /// Time that the person took.
    pub human_s: Number,
    /// Time on links.
    pub network_s: Number,
    /// Time in queues and waiting for peers.
    pub wait_s: Number,
    /// Time at workers.
    pub service_s: Number,
}

impl StepLine {
    pub(super) fn new(replication: u32, row: &StepRow) -> Self {
        Self {
            replication,
            flow: row.flow.to_string(),
            step: row.time.step,
            ended_s: row.time.ended.into(),
            human_s: row.time.human.into(),
            network_s: row.time.parts.network.into(),
            wait_s: row.time.parts.wait.into(),
            service_s: row.time.parts.service.into(),
        }
    }
}

/// A line of hosts.csv.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HostLine {
    /// Which replication.
    pub replication: u32,
    /// The host.
    pub host: String,
    /// Its role.
    pub role: String,
    /// The work; `*` for the host's total.
    pub work: String,
    /// Its workers.
    pub workers: u32,
    /// Jobs that came; for a work: how often it was done.
    pub arrivals: u64,
    /// Jobs that a worker finished.
    pub served: u64,
    /// Jobs that found the queue full.
    pub rejected: Option<u64>,
    /// Jobs lost in a crash.
    pub dropped: Option<u64>,
    /// Share of the worker-seconds up with a job.
    pub utilisation: Option<Number>,
    /// Mean time before a worker took a job.
    pub mean_wait_s: Option<Number>,
    /// 95 % of jobs waited no longer.
    pub p95_wait_s: Option<Number>,
    /// Mean time that a worker had a job; for a work: its mean cost.
    pub mean_service_s: Option<Number>,
    /// Time-averaged number of jobs waiting.
    pub mean_queue: Option<Number>,
    /// Most jobs waiting.
    pub max_queue: Option<u32>,
    /// Time down.
    pub down_s: Option<Number>,
    /// Time paused.
    pub paused_s: Option<Number>,
}

/// What [`HostLine::work`] is for the host's total.
pub const TOTAL: &str = "*";

impl HostLine {
    pub(super) fn new(replication: u32, row: &HostRow, directory: &Directory) -> Self {
        let host = directory.host(row.host);
        let number = |value: Option<f64>| value.map(Number);
        Self {
            replication,
            host: host.map_or_else(String::new, |host| host.name.clone()),
            role: directory.role(row.host).name().to_owned(),
            work: row.work.map_or(TOTAL, |work| work.name()).to_owned(),
            workers: row.workers,
            arrivals: row.arrivals,
            served: row.served,
            rejected: row.rejected,
            dropped: row.dropped,
            utilisation: number(row.utilisation),
            mean_wait_s: number(row.mean_wait),
            p95_wait_s: number(row.p95_wait),
            mean_service_s: number(row.mean_service),
            mean_queue: number(row.mean_queue),
            max_queue: row.max_queue,
            down_s: number(row.down),
            paused_s: number(row.paused),
        }
    }
}

/// A line of timeline.csv.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TimelineLine {
    /// Which replication.
    pub replication: u32,
    /// The end of the step that it is about.
    pub t_s: Number,
    /// What.
    pub metric: String,
    /// Group; empty for the whole network.
    pub group: String,
    /// The value.
    pub value: Number,
}

impl TimelineLine {
    pub(super) fn new(replication: u32, row: &TimelineRow) -> Self {
        Self {
            replication,
            t_s: row.at.into(),
            metric: row.series.metric().to_owned(),
            group: row.series.group(),
            value: Number(row.value),
        }
    }
}

/// A line of tokens.csv.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TokensLine {
    /// Which replication.
    pub replication: u32,
    /// The ZA gateway.
    pub authorization_server: String,
    /// Codes and access tokens issued.
    pub issued: u64,
    /// Most of them live at once.
    pub live_max: u64,
    /// New values equal to a live one.
    pub collisions: u64,
    /// Those that the gateway detected.
    pub detected: u64,
    /// Those that it did not.
    pub undetected: u64,
    /// Answers with the data of another person.
    pub cross_person_reads: u64,
}

impl TokensLine {
    pub(super) fn new(replication: u32, row: &TokensRow, directory: &Directory) -> Self {
        let host = directory.host(row.authorization_server);
        Self {
            replication,
            authorization_server: host.map_or_else(String::new, |host| host.name.clone()),
            issued: row.issued(),
            live_max: row.live_max,
            collisions: row.collisions(),
            detected: row.detected,
            undetected: row.undetected,
            cross_person_reads: row.cross_person_reads,
        }
    }
}

/// A line of registry.csv.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RegistryLine {
    /// Which replication.
    pub replication: u32,
    /// Number of the change, from 0.
    pub change: u32,
    /// What changed.
    pub kind: String,
    /// A list that it shows in.
    pub list: String,
    /// A node that has to know.
    pub node: String,
    /// When the register changed.
    pub changed_s: Number,
    /// When the list that has it was published.
    pub published_s: Option<Number>,
    /// When the node used that list.
    pub known_s: Option<Number>,
    /// Flows blocked there because a newcomer was not known yet.
    pub blocked_flows: u64,
    /// Connections with a gateway that had left, admitted there.
    pub exposed_handshakes: u64,
    /// Requests exchanged with it.
    pub exposed_exchanges: u64,
    /// Bytes exchanged with it.
    pub exposed_bytes: u64,
    /// Flows sent to an old address.
    pub misdirected_flows: u64,
}

impl RegistryLine {
    pub(super) fn new(replication: u32, row: &RegistryRow, directory: &Directory) -> Self {
        let both = |[before, after]: [u64; 2]| before + after;
        Self {
            replication,
            change: row.change,
            kind: row.kind.to_owned(),
            list: row.list.name().to_owned(),
            node: directory.host(row.node).map_or_else(String::new, |host| host.name.clone()),
            changed_s: row.changed.into(),
            published_s: row.published.map(Number::from),
            known_s: row.known.map(Number::from),
            blocked_flows: row.harm.blocked_flows,
            exposed_handshakes: both(row.harm.exposed_handshakes),
            exposed_exchanges: both(row.harm.exposed_exchanges),
            exposed_bytes: both(row.harm.exposed_bytes),
            misdirected_flows: row.harm.misdirected_flows,
        }
    }
}

/// A line of rules.csv.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RuleLine {
    /// Its stable name.
    pub rule: String,
    /// Where it stands in its release.
    pub citation: String,
    /// Kind of rule.
    pub kind: String,
    /// The release of the Afsprakenstelsel that is cited.
    pub release: String,
    /// How often it was put to the test.
    pub evaluated: u64,
    /// How often it was not kept.
    pub breaches: u64,
    /// The first replication in which it was not kept.
    pub first_replication: Option<u32>,
    /// The flow in which that was, if it was in any.
    pub first_flow: Option<String>,
}

impl From<&Verdict> for RuleLine {
    fn from(verdict: &Verdict) -> Self {
        let row = verdict.rule.row();
        let (release, citation) = row.citation();
        Self {
            rule: row.name.to_owned(),
            citation: citation.to_owned(),
            kind: row.kind.name().to_owned(),
            release: release.to_owned(),
            evaluated: verdict.evaluated,
            breaches: verdict.breaches,
            first_replication: verdict.first.map(|breach| breach.replication),
            first_flow: verdict.first.and_then(|breach| Some(breach.flow?.to_string())),
        }
    }
}

impl RuleLine {
    /// What the line says, as a verdict: without where it was first not kept. None for a rule that this
    /// program does not know.
    pub fn verdict(&self) -> Option<Verdict> {
        let rule = Rule::from_name(&self.rule)?;
        let (evaluated, breaches) = (self.evaluated, self.breaches);
        Some(Verdict { rule, evaluated, breaches, first: None, observable: true })
    }
}
