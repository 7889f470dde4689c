//! The rows of the table of metrics.

use std::collections::BTreeMap;

use protocol::role::Role;

use super::{Metric, MetricId, MetricKind};
use crate::statistics::{
    FAILURES, Outcome,
    breakdown::{MACHINE_PARTS, PARTS},
    cohort::LATENCIES,
    exchanges::Channels,
    steps::{self, STEPS},
};

/// Every row, in the order in which result files have them.
pub fn table() -> Table {
    let mut table = Table::default();
    flows(&mut table);
    times(&mut table);
    steps(&mut table);
    norms(&mut table);
    hosts(&mut table);
    recovery(&mut table);
    tokens(&mut table);
    registry(&mut table);
    totals(&mut table);
    table
}

/// The table in the making.
#[derive(Default)]
pub struct Table {
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// Where they stand.
    pub names: BTreeMap<String, MetricId>,
}

impl Table {
    fn add(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        kind: MetricKind,
        what: impl Into<String>,
    ) -> MetricId {
        let (name, what) = (name.into(), what.into());
        let id = MetricId(self.metrics.len() as u16);
        self.names.insert(name.clone(), id);
        self.metrics.push(Metric { name, unit, kind, what });
        id
    }

    fn count(
        &mut self,
        name: impl Into<String>,
        unit: &'static str,
        what: impl Into<String>,
    ) -> MetricId {
        self.add(name, unit, MetricKind::Count, what)
    }

    fn share(
        &mut self,
        name: impl Into<String>,
        kept: MetricId,
        of: MetricId,
        what: impl Into<String>,
    ) {
        self.add(name, "1", MetricKind::Share { kept, of }, what);
    }

    /// A distribution, its mean and its quantiles.
    fn times(&mut self, name: &str, quantiles: &[(&str, f64)], what: &str) {
        let of = self.add(name, "s", MetricKind::Distribution, what);
        self.add(
            format!("{name}.mean"),
            "s",
            MetricKind::Mean,
            format!("{what}: mean, over those that ended"),
        );
        for (suffix, q) in quantiles {
            self.add(
                format!("{name}.{suffix}"),
                "s",
                MetricKind::Quantile { of, q: *q },
                format!("{what}: {} % take no longer", q * 100.0),
            );
        }
    }
}

const QUANTILES: &[(&str, f64)] = &[("p50", 0.50), ("p95", 0.95), ("p99", 0.99)];

fn flows(table: &mut Table) {
    let started =
        table.count("flows.started", "flows", "flows of the cohort: started in [warm-up, horizon)");
    let completed = table.count(
        "flows.completed",
        "flows",
        "flows in which the person was shown what was collected",
    );
    table.share(
        "flows.completed_ratio",
        completed,
        started,
        "share of the cohort that was completed",
    );
    let proper = table.count(
        "flows.proper",
        "flows",
        "flows completed, or ended by exception 3 or 4 that told the truth",
    );
    table.share(
        "flows.proper_ratio",
        proper,
        started,
        "share of the cohort that ended as the use case means it to",
    );
    for outcome in Outcome::ALL {
        table.count(format!("flows.outcome.{}", outcome.name()), "flows", outcome.what());
    }
    table.count(
        "flows.not_completed",
        "flows",
        "flows that were not completed, by cause: what went wrong first and was not got over",
    );
    let wishes = table.count(
        "wishes.started",
        "wishes",
        "wishes whose first attempt is of the cohort; a wish is one arrival with all its attempts",
    );
    let served = table.count("wishes.served", "wishes", "wishes of which an attempt was completed");
    table.share(
        "wishes.served_ratio",
        served,
        wishes,
        "share of wishes that were served: the headline",
    );
    table.count(
        "wishes.unserved",
        "wishes",
        "wishes that were not served, by the cause of their last attempt",
    );
    table.add("wishes.attempts", "attempts", MetricKind::Mean, "attempts per wish");
    for (name, whose) in [
        ("people", "persons"),
        ("zorgaanbieders", "Zorgaanbieders"),
        ("pgos", "PGOs"),
        ("gateways", "ZA gateways"),
    ] {
        table.count(
            format!("radius.{name}"),
            whose,
            format!("different {whose} with a flow that failed for a technical cause: not by what the person did, not for want of data"),
        );
    }
    table.count(
        "failures.noticed",
        "flows",
        "flows that failed for a technical cause, by the role of who met it first: asked and got no answer, refused, or was refused",
    );
}

fn times(table: &mut Table) {
    for (prefix, whose) in [
        ("latency", "of completed flows; those still running count as longer than all"),
        ("latency.failed", "of flows that were not completed"),
    ] {
        for (part, what) in LATENCIES {
            table.times(&format!("{prefix}.{part}"), QUANTILES, &format!("{what}, {whose}"));
        }
    }
    table.times("page.wait", QUANTILES, "how long persons waited for a page, redirects included");
    for step in 1..=STEPS {
        table.times(
            &format!("step.{step:02}.machine"),
            &[("p50", 0.50), ("p95", 0.95)],
            &format!(
                "machine time of step {step} ({}), until {}",
                steps::TABLE[step - 1].what,
                steps::TABLE[step - 1].completed_by
            ),
        );
    }
}

/// Where time went, step by step: for each step and part seconds per flow, so that they add up to the whole.
fn steps(table: &mut Table) {
    const SLOWEST: &str =
        "one of the slowest 1 % of completed flows, by machine time to its bucket";
    for (prefix, whose, parts) in [
        ("", "a completed flow", &PARTS[..]),
        ("failed.", "a flow that ended otherwise", &PARTS[..]),
        ("slowest.", SLOWEST, &MACHINE_PARTS[..]),
    ] {
        for (step, row) in (1..=STEPS).zip(&steps::TABLE) {
            for part in parts {
                let what =
                    LATENCIES.iter().find(|(name, _)| name == part).map_or("", |(_, what)| what);
                table.add(
                    format!("{prefix}step.{step:02}.{part}.mean"),
                    "s",
                    MetricKind::Mean,
                    format!("{what} in step {step} ({}): mean over flows, of {whose}", row.what),
                );
            }
        }
    }
}

fn norms(table: &mut Table) {
    for (name, request, limit) in
        [("token", "token requests", "10 s"), ("resource", "resource requests", "60 s")]
    {
        table.times(&format!("{name}.answer"), QUANTILES, &format!("{request}: from arrival at the gateway to its answer; no answer counts as longer than all"));
        table.times(&format!("{name}.asked"), QUANTILES, &format!("{request}: from asking to answer, as the asker sees it; no answer counts as longer than all"));
        let requests = table.count(
            format!("norm.{name}.requests"),
            "requests",
            format!("{request} of the window"),
        );
        let kept = table.count(
            format!("norm.{name}.kept"),
            "requests",
            format!("{request} answered within {limit} at the edge of the gateway that answers"),
        );
        table.share(
            format!("norm.{name}.share"),
            kept,
            requests,
            format!("share of {request} that kept the norm; no answer and HTTP 503 miss it"),
        );
        let minutes = table.count(
            format!("norm.{name}.minutes"),
            "minutes",
            format!("minutes of the window with {request}"),
        );
        let kept = table.count(
            format!("norm.{name}.minutes_kept"),
            "minutes",
            format!("minutes in which no such request missed the norm ({request})"),
        );
        table.share(
            format!("norm.{name}.minutes_share"),
            kept,
            minutes,
            format!("share of minutes in which none of the {request} missed the norm"),
        );
        let kept = table.count(
            format!("norm.{name}.asker_kept"),
            "requests",
            format!("{request} answered within {limit}, as the asker sees it"),
        );
        table.share(
            format!("norm.{name}.asker_share"),
            kept,
            requests,
            format!("share of {request} that kept the norm, as the asker sees it"),
        );
    }
    let requests =
        table.count("norm.lists.requests", "requests", "requests for lists, asked in the window");
    let kept = table.count("norm.lists.kept", "requests", "requests for lists that got one");
    table.share("norm.lists.share", kept, requests, "share of requests for lists that got one");
    table.add(
        "norm.lists.up",
        "1",
        MetricKind::Mean,
        "share of the window in which the stelselnode was up",
    );
    table.count(
        "lists.requests",
        "requests",
        "requests for lists that arrived at the stelselnode in the window; also by list",
    );
    table.count("lists.bytes", "B", "bytes of lists that the stelselnode gave in the window");
    table.add(
        "lists.rate.max",
        "1/s",
        MetricKind::Max,
        "requests for lists in the busiest second of the window",
    );
}

fn hosts(table: &mut Table) {
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Person) {
        let name = role.name();
        table.add(format!("hosts.{name}.utilisation.max"), "1", MetricKind::Max, format!("utilisation of the busiest {name}: share of its worker-seconds with a job while it was up"));
        table.add(
            format!("hosts.{name}.utilisation.mean"),
            "1",
            MetricKind::Mean,
            format!("utilisation of all {name} together"),
        );
        table.add(
            format!("hosts.{name}.wait.mean"),
            "s",
            MetricKind::Mean,
            format!("mean wait of a job at a {name} before a worker takes it"),
        );
        table.add(
            format!("hosts.{name}.queue.max"),
            "jobs",
            MetricKind::Max,
            format!("most jobs waiting at one {name}"),
        );
        table.count(
            format!("hosts.{name}.rejected"),
            "jobs",
            format!("jobs that found the queue of a {name} full"),
        );
        table.count(
            format!("hosts.{name}.dropped"),
            "jobs",
            format!("jobs lost in crashes of a {name}"),
        );
        table.add(
            format!("hosts.{name}.down"),
            "s",
            MetricKind::Mean,
            format!("seconds down, over all {name}"),
        );
    }
    table.add("host.utilisation", "1", MetricKind::Mean, "utilisation of one host");
    table.add(
        "host.wait.mean",
        "s",
        MetricKind::Mean,
        "mean wait of a job at one host before a worker takes it",
    );
    table.add(
        "host.queue.mean",
        "jobs",
        MetricKind::Mean,
        "time-averaged number of jobs waiting at one host",
    );
    table.add(
        "host.service.mean",
        "s",
        MetricKind::Mean,
        "mean time that a worker of one host has a job",
    );
    table.add(
        "host.arrivals.rate",
        "1/s",
        MetricKind::Mean,
        "jobs per second that come to one host",
    );
}

fn recovery(table: &mut Table) {
    let what = "from the end of a fault until the queue of every host has been empty at least once, also by fault";
    table.add("recovery.backlog.mean", "s", MetricKind::Mean, format!("{what}: mean over faults"));
    table.add("recovery.backlog.max", "s", MetricKind::Max, format!("{what}: maximum"));
    table.count(
        "recovery.not_emptied",
        "faults",
        "faults that ended and after which some queue never was empty",
    );
    let what = "from the end of the last fault to three minutes running in which, of the flows started, \
        as large a share was completed as before the first fault, less two standard errors";
    table.add(
        "recovery.flows.mean",
        "s",
        MetricKind::Mean,
        format!("{what}: mean over replications"),
    );
    table.add("recovery.flows.max", "s", MetricKind::Max, format!("{what}: maximum"));
    table.count(
        "recovery.not_recovered",
        "runs",
        "replications in which there were no such minutes between the end of the last fault and the horizon",
    );
}

fn tokens(table: &mut Table) {
    table.count("tokens.issued", "values", "codes and access tokens issued in the whole run");
    table.add(
        "tokens.live.max",
        "values",
        MetricKind::Max,
        "most codes and tokens live at once at one authorization server",
    );
    table.count(
        "tokens.collisions",
        "values",
        "new codes and tokens equal to a live one, in the whole run",
    );
    table.count("tokens.detected", "values", "collisions that the gateway detected");
    table.count("tokens.undetected", "values", "collisions that the gateway did not detect");
    table.add(
        "tokens.first_detected",
        "s",
        MetricKind::Mean,
        "from the start of the run to the first collision that a gateway detected, over replications with one; also by gateway",
    );
    table.add(
        "tokens.detected_per_hour",
        "1/h",
        MetricKind::Mean,
        "collisions that gateways detected, per hour of the whole run; also by gateway",
    );
    table.add(
        "tokens.expected_collisions",
        "values",
        MetricKind::Mean,
        "collisions to expect of values drawn one by one: for each one issued, those live divided by 2 to the power of the bits drawn; also by gateway",
    );
    table.count("tokens.cross_person_reads", "answers", "answers with the data of another person");
    table.count("tokens.pairs", "pairs", "pairs of live codes and of live tokens; divided by the number of possible values: expected collisions");
}

fn registry(table: &mut Table) {
    table.count(
        "registry.changes",
        "changes",
        "changes of the register in the whole run; all of `registry` also by kind of change",
    );
    for (name, what) in [
        ("publication_lag", "from a change to the publication of a list that has it"),
        (
            "full_propagation",
            "from a change until the last node that has to know it does, over changes that all come to know",
        ),
    ] {
        table.add(format!("registry.{name}.mean"), "s", MetricKind::Mean, format!("{what}: mean"));
        table.add(format!("registry.{name}.max"), "s", MetricKind::Max, format!("{what}: maximum"));
    }
    let what = "from the publication of a list to its use by a node; also by list";
    table.times("registry.pull_lag", &[("p50", 0.50), ("p95", 0.95)], what);
    table.add("registry.pull_lag.max", "s", MetricKind::Max, format!("{what}: maximum"));
    table.count(
        "registry.unknown_at_end",
        "nodes",
        "changes, lists and nodes that had not come together by the end",
    );
    table.count(
        "registry.blocked_flows",
        "flows",
        "flows blocked because a peer did not know a newcomer yet",
    );
    table.count(
        "registry.misdirected_flows",
        "flows",
        "flows sent to an address that is out of date",
    );
    for (name, unit, what) in [
        ("handshakes", "handshakes", "connections with a gateway that had left, admitted"),
        ("exchanges", "requests", "requests exchanged with a gateway that had left"),
        ("bytes", "B", "bytes exchanged with a gateway that had left"),
    ] {
        table.count(format!("registry.exposed_{name}"), unit, what);
        table.count(
            format!("registry.exposed_{name}.before_publication"),
            unit,
            format!("{what}: before a list said so"),
        );
        table.count(
            format!("registry.exposed_{name}.after_publication"),
            unit,
            format!("{what}: after a list said so"),
        );
    }
}

fn totals(table: &mut Table) {
    table.count("totals.events", "events", "trace events of the whole run");
    table.count("totals.flows", "flows", "flows of the whole run, of the cohort or not");
    table.count("totals.asks", "exchanges", "exchanges begun in the whole run");
    table.count("totals.replies", "exchanges", "exchanges that ended in a response");
    for failure in FAILURES {
        table.count(
            format!("totals.failures.{failure}"),
            "exchanges",
            format!("exchanges that ended without a response: {failure}"),
        );
    }
    table.count(
        "totals.open",
        "exchanges",
        "exchanges open at the end, or when their asker crashed or left",
    );
    table.count("totals.late", "responses", "responses that came for an exchange that had ended");
    for channel in Channels::NAMES {
        table.count(
            format!("totals.bytes.{channel}"),
            "B",
            format!("bytes that arrived by the channel `{channel}`"),
        );
    }
}
