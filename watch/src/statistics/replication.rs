//! What comes out of one replication.
//!
//! Gathers the figures of all parts under the names of the table of metrics, and the rows of the result
//! files. Does not estimate anything.

use protocol::{register::ListKind, role::Role};

use super::{
    Statistics,
    breakdown::{MACHINE_PARTS, PARTS},
    cause::Cause,
    cohort::{Causes, Cohort, Counts, Latency},
    exchanges::{Channels, FAILURES, Norm, Totals},
    lists::Load,
    network::Network,
    outcome::Outcome,
    radius::Radius,
    recovery::{Backlogs, FlowRecovery},
    registry::{Lags, PullLag, RegistryFigures, RegistryRow},
    sample::{FlowRow, StepRow},
    stations::{HostRow, Stations},
    steps::STEPS,
    timeline::TimelineRow,
    times::Times,
    tokens::TokensRow,
    traces::Trace,
};
use crate::study::{
    figures::{Figures, Group},
    metrics::MetricId,
};

/// One replication, measured.
#[derive(Clone, PartialEq, Debug)]
pub struct Replication {
    /// The figures that estimates are made of.
    pub figures: Figures,
    /// Whether everything that began is accounted for.
    pub conservation: Conservation,
    /// Rows of flows.csv: all flows or a uniform sample, in the order of their ids.
    pub flows: Vec<FlowRow>,
    /// Rows of steps.csv, of the same flows.
    pub steps: Vec<StepRow>,
    /// Rows of hosts.csv.
    pub hosts: Vec<HostRow>,
    /// Rows of timeline.csv.
    pub timeline: Vec<TimelineRow>,
    /// Rows of tokens.csv.
    pub tokens: Vec<TokensRow>,
    /// Rows of registry.csv.
    pub registry: Vec<RegistryRow>,
    /// Flows that were recorded event by event.
    pub traces: Vec<Trace>,
}

/// What began and what became of it, over a whole run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conservation {
    /// Flows started.
    pub flows: u64,
    /// Flows by outcome, in the order of [`Outcome::ALL`].
    pub outcomes: [u64; Outcome::COUNT],
    /// Exchanges begun, and how they ended.
    pub exchanges: Totals,
    /// Exchanges open at the end, or when their asker was gone.
    pub open: u64,
    /// Hosts whose jobs of the window do not add up, as places in the rows of hosts.
    pub unbalanced_hosts: Vec<usize>,
    /// Events that fit no state.
    pub strays: u64,
}

impl Conservation {
    /// Whether every flow has one outcome, every exchange ended once or is open, every job of every host is
    /// accounted for, and no event came that fits no state.
    pub fn holds(&self) -> bool {
        let Totals { asks, replies, failures, left, strays, .. } = self.exchanges;
        self.flows == self.outcomes.iter().sum::<u64>()
            && asks == replies + failures.iter().sum::<u64>() + left + self.open
            && self.unbalanced_hosts.is_empty()
            && strays == 0
            && self.strays == 0
    }
}

/// Everything that was measured. `open`: exchanges that were open at the end.
pub(super) fn of(mut statistics: Statistics, open: u64) -> Replication {
    let network = &statistics.network;
    let settings = &statistics.settings;
    let hosts = statistics.stations.rows();
    let tokens = statistics.tokens.rows(network);
    let totals = statistics.exchanges.totals;
    let unbalanced = hosts.iter().enumerate().filter(|(_, row)| !row.balances());
    let conservation = Conservation {
        flows: statistics.flows.started,
        outcomes: statistics.flows.outcomes,
        exchanges: totals,
        open,
        unbalanced_hosts: unbalanced.map(|(place, _)| place).collect(),
        strays: statistics.flows.strays + statistics.stations.strays(),
    };

    let mut sheet = Sheet(Figures::new(settings.seed, settings.replication));
    sheet.cohort(&statistics.flows.cohort, network);
    sheet.norm("token", &statistics.exchanges.token, network);
    sheet.norm("resource", &statistics.exchanges.resource, network);
    sheet.lists(&statistics);
    sheet.hosts(&statistics.stations, &hosts, &statistics);
    sheet.recovery(&statistics.backlogs, &statistics.flows.cohort.recovery);
    sheet.tokens(&tokens, &statistics);
    sheet.registry(&statistics);
    sheet.totals(&conservation, statistics.events);

    let (flows, steps) = statistics.flows.take_rows();
    Replication {
        figures: sheet.0,
        conservation,
        flows,
        steps,
        hosts,
        timeline: statistics.timeline.into_rows(),
        tokens,
        registry: statistics.registry.rows(),
        traces: statistics.recorder.into_traces(),
    }
}

/// Writes figures under their names.
struct Sheet(Figures);

impl Sheet {
    fn set(&mut self, name: &str, group: &Group, value: f64) {
        let metric = MetricId::of(name);
        debug_assert!(metric.is_some(), "{name} is in no row of the table of metrics");
        if let Some(metric) = metric {
            self.0.set(metric, group.clone(), value);
        }
    }

    fn count(&mut self, name: &str, value: u64) {
        self.set(name, &Group::all(), value as f64);
    }

    fn mean(&mut self, name: &str, value: Option<f64>) {
        self.mean_of(name, &Group::all(), value);
    }

    fn mean_of(&mut self, name: &str, group: &Group, value: Option<f64>) {
        if let Some(value) = value {
            self.set(name, group, value);
        }
    }

    fn times(&mut self, name: &str, group: &Group, times: &Times) {
        let metric = MetricId::of(name);
        debug_assert!(metric.is_some(), "{name} is in no row of the table of metrics");
        if let Some(metric) = metric {
            self.0.set_tally(metric, group.clone(), times.tally());
        }
        if let Some(mean) = times.mean() {
            self.set(&format!("{name}.mean"), group, mean);
        }
    }

    fn cohort(&mut self, cohort: &Cohort, network: &Network) {
        self.counts(&Group::all(), &cohort.all);
        let groups = cohort.groups.names().zip(&cohort.by_group).zip(&cohort.machine_by_group);
        for ((name, counts), machine) in groups {
            // A group that no flow of the cohort was of has no row at all.
            if counts.started + counts.wishes > 0 {
                let group = Group::from(name);
                self.counts(&group, counts);
                self.times("latency.machine", &group, machine);
            }
        }
        self.causes("flows.not_completed", &cohort.flow_causes, network);
        self.causes("wishes.unserved", &cohort.wish_causes, network);
        self.radius(&cohort.radius);
        self.latency("latency", &cohort.completed);
        self.latency("latency.failed", &cohort.failed);
        self.steps("", &PARTS, cohort.completed_steps.means());
        self.steps("failed.", &PARTS, cohort.failed_steps.means());
        self.steps("slowest.", &MACHINE_PARTS, cohort.slowest.means());
        self.times("page.wait", &Group::all(), &cohort.pages);
        for (step, times) in (1..=STEPS).zip(&cohort.steps) {
            self.times(&format!("step.{step:02}.machine"), &Group::all(), times);
        }
    }

    fn counts(&mut self, group: &Group, counts: &Counts) {
        let Counts { started, outcomes, proper, wishes, served, attempts } = *counts;
        self.set("flows.started", group, started as f64);
        self.set("flows.completed", group, outcomes[Outcome::Completed as usize] as f64);
        self.set("flows.proper", group, proper as f64);
        for (outcome, count) in Outcome::ALL.into_iter().zip(outcomes) {
            self.set(&format!("flows.outcome.{}", outcome.name()), group, count as f64);
        }
        self.set("wishes.started", group, wishes as f64);
        self.set("wishes.served", group, served as f64);
        if wishes > 0 {
            self.set("wishes.attempts", group, attempts as f64 / wishes as f64);
        }
    }

    fn causes(&mut self, name: &str, causes: &Causes, network: &Network) {
        let all: u64 = causes.values().sum();
        self.count(name, all);
        let mut by_group = std::collections::BTreeMap::<Group, u64>::new();
        for ((cause, how), count) in causes {
            let cause = cause.as_ref().map(|cause: &Cause| cause.group(&network.directory));
            let how = || how.map_or("unknown", Outcome::name).to_owned();
            let group = format!("cause={}", cause.unwrap_or_else(how));
            *by_group.entry(group.as_str().into()).or_default() += count;
        }
        for (group, count) in by_group {
            self.set(name, &group, count as f64);
        }
    }

    fn radius(&mut self, radius: &Radius) {
        self.count("radius.people", radius.people.count());
        self.count("radius.zorgaanbieders", radius.zorgaanbieders.count());
        self.count("radius.pgos", radius.pgos.count());
        self.count("radius.gateways", radius.gateways.count());
        self.count("failures.noticed", radius.noticed.iter().sum());
        for (role, count) in Role::ALL.into_iter().zip(radius.noticed) {
            if count > 0 {
                let group = Group::from(format!("by={}", role.name()).as_str());
                self.set("failures.noticed", &group, count as f64);
            }
        }
    }

    fn recovery(&mut self, backlogs: &Backlogs, flows: &FlowRecovery) {
        let mut all = Lags::default();
        for (fault, lasted) in backlogs.lasted.iter().enumerate() {
            let Some(lasted) = *lasted else { continue };
            all.add(lasted);
            let group = Group::from(format!("fault={fault}").as_str());
            self.set("recovery.backlog.mean", &group, lasted.as_secs_f64());
            self.set("recovery.backlog.max", &group, lasted.as_secs_f64());
        }
        self.mean("recovery.backlog.mean", all.mean());
        self.mean("recovery.backlog.max", all.max());
        self.count("recovery.not_emptied", backlogs.open());
        let recovered = flows.recovered();
        self.count("recovery.not_recovered", u64::from(recovered == Some(None)));
        let seconds = recovered.flatten().map(|lasted| lasted.as_secs_f64());
        self.mean("recovery.flows.mean", seconds);
        self.mean("recovery.flows.max", seconds);
    }

    fn latency(&mut self, name: &str, latency: &Latency) {
        for (part, times) in latency.by_name() {
            self.times(&format!("{name}.{part}"), &Group::all(), times);
        }
    }

    /// Mean seconds by step and part, where there were flows.
    fn steps<const N: usize>(
        &mut self,
        prefix: &str,
        parts: &[&str; N],
        means: Option<[[f64; N]; STEPS]>,
    ) {
        for (step, means) in (1..=STEPS).zip(means.iter().flatten()) {
            for (part, mean) in parts.iter().zip(means) {
                self.set(&format!("{prefix}step.{step:02}.{part}.mean"), &Group::all(), *mean);
            }
        }
    }

    fn norm(&mut self, name: &str, norm: &Norm, network: &Network) {
        self.times(&format!("{name}.answer"), &Group::all(), &norm.answer);
        self.times(&format!("{name}.asked"), &Group::all(), &norm.asked);
        let requests = format!("norm.{name}.requests");
        let kept = format!("norm.{name}.kept");
        self.count(&requests, norm.edge.of);
        self.count(&kept, norm.edge.kept);
        self.count(&format!("norm.{name}.asker_kept"), norm.asker.kept);
        let minutes = norm.minutes();
        self.count(&format!("norm.{name}.minutes"), minutes.of);
        self.count(&format!("norm.{name}.minutes_kept"), minutes.kept);
        for (za, share) in network.zas().iter().zip(&norm.by_gateway) {
            if let Some(host) = network.directory.host(*za).filter(|_| share.of > 0) {
                let group = Group::from(format!("gateway={}", host.name).as_str());
                self.set(&requests, &group, share.of as f64);
                self.set(&kept, &group, share.kept as f64);
            }
        }
    }

    fn lists(&mut self, statistics: &Statistics) {
        let share = statistics.exchanges.lists;
        self.count("norm.lists.requests", share.of);
        self.count("norm.lists.kept", share.kept);
        self.mean("norm.lists.up", statistics.stations.share_up(Role::Stelselnode));
        let load = &statistics.lists;
        self.list_load(&Group::all(), &load.all);
        for (list, load) in ListKind::ALL.into_iter().zip(&load.by_list) {
            // A list that nobody asked for has no row at all.
            if load.requests > 0 || load.bytes > 0 {
                self.list_load(&Group::from(format!("list={}", list.name()).as_str()), load);
            }
        }
    }

    fn list_load(&mut self, group: &Group, load: &Load) {
        self.set("lists.requests", group, load.requests as f64);
        self.set("lists.bytes", group, load.bytes as f64);
        self.set("lists.rate.max", group, load.busiest_second as f64);
    }

    fn hosts(&mut self, stations: &Stations, rows: &[HostRow], statistics: &Statistics) {
        for role in Role::ALL {
            let Some(totals) = stations.role(role) else { continue };
            let name = |what: &str| format!("hosts.{}.{what}", role.name());
            self.mean(&name("utilisation.max"), totals.utilisation_max);
            self.mean(&name("utilisation.mean"), totals.utilisation);
            self.mean(&name("wait.mean"), totals.mean_wait);
            self.count(&name("queue.max"), totals.max_queue.into());
            self.count(&name("rejected"), totals.rejected);
            self.count(&name("dropped"), totals.dropped);
            self.mean(&name("down"), Some(totals.down));
        }
        let window = stations.measured().as_secs_f64();
        for row in rows.iter().filter(|row| row.work.is_none()) {
            let host = statistics.network.directory.host(row.host);
            // There are as many xIS as Zorgaanbieders: they have rows in hosts.csv, and figures together.
            let Some(host) = host.filter(|host| host.role != Role::Xis) else { continue };
            let group = Group::from(format!("host={}", host.name).as_str());
            let rate = (window > 0.0).then(|| row.arrivals as f64 / window);
            for (name, value) in [
                ("host.utilisation", row.utilisation),
                ("host.wait.mean", row.mean_wait),
                ("host.queue.mean", row.mean_queue),
                ("host.service.mean", row.mean_service),
                ("host.arrivals.rate", rate),
            ] {
                if let Some(value) = value {
                    self.set(name, &group, value);
                }
            }
        }
    }

    fn tokens(&mut self, rows: &[TokensRow], statistics: &Statistics) {
        let sum = |of: fn(&TokensRow) -> u64| rows.iter().map(of).sum();
        self.count("tokens.issued", sum(TokensRow::issued));
        self.count("tokens.collisions", sum(TokensRow::collisions));
        self.count("tokens.detected", sum(|row| row.detected));
        self.count("tokens.undetected", sum(|row| row.undetected));
        self.count("tokens.pairs", sum(|row| row.pairs));
        if !rows.is_empty() {
            self.count("tokens.live.max", rows.iter().map(|row| row.live_max).max().unwrap_or(0));
        }
        self.gateways_tokens(&Group::all(), rows, statistics);
        for row in rows.iter().filter(|row| row.issued() + row.collisions() > 0) {
            if let Some(host) = statistics.network.directory.host(row.authorization_server) {
                let group = Group::from(format!("gateway={}", host.name).as_str());
                self.gateways_tokens(&group, std::slice::from_ref(row), statistics);
            }
        }
    }

    /// What is given of all gateways together and of each.
    fn gateways_tokens(&mut self, group: &Group, rows: &[TokensRow], statistics: &Statistics) {
        let cross_person_reads: u64 = rows.iter().map(|row| row.cross_person_reads).sum();
        self.set("tokens.cross_person_reads", group, cross_person_reads as f64);
        let bits = statistics.settings.entropy_bits;
        let expected: f64 = rows.iter().map(|row| row.expected_collisions(bits)).sum();
        self.set("tokens.expected_collisions", group, expected);
        let first = rows.iter().filter_map(|row| row.first_detected).min();
        self.mean_of("tokens.first_detected", group, first.map(|at| at.as_secs_f64()));
        let detected: u64 = rows.iter().map(|row| row.detected).sum();
        let hours = statistics.now.as_secs_f64() / 3_600.0;
        let per_hour = (hours > 0.0).then(|| detected as f64 / hours);
        self.mean_of("tokens.detected_per_hour", group, per_hour);
    }

    fn registry(&mut self, statistics: &Statistics) {
        let network = &statistics.network;
        let (all, by_kind) = statistics.registry.figures(network);
        self.changes(&Group::all(), &all);
        for (kind, figures) in &by_kind {
            self.changes(&Group::from(format!("change={kind}").as_str()), figures);
        }
        for (list, lag) in &statistics.registry.pull_lag_by_list(network) {
            self.pull_lag(&Group::from(format!("list={}", list.name()).as_str()), lag);
        }
    }

    fn changes(&mut self, group: &Group, figures: &RegistryFigures) {
        let RegistryFigures { publication_lag, full_propagation, harm, .. } = figures;
        self.set("registry.changes", group, figures.changes as f64);
        for (name, lags) in
            [("publication_lag", publication_lag), ("full_propagation", full_propagation)]
        {
            self.mean_of(&format!("registry.{name}.mean"), group, lags.mean());
            self.mean_of(&format!("registry.{name}.max"), group, lags.max());
        }
        self.pull_lag(group, &figures.pull_lag);
        self.set("registry.unknown_at_end", group, figures.unknown_at_end as f64);
        self.set("registry.blocked_flows", group, harm.blocked_flows as f64);
        self.set("registry.misdirected_flows", group, harm.misdirected_flows as f64);
        for (name, [before, after]) in [
            ("handshakes", harm.exposed_handshakes),
            ("exchanges", harm.exposed_exchanges),
            ("bytes", harm.exposed_bytes),
        ] {
            let name = format!("registry.exposed_{name}");
            self.set(&name, group, (before + after) as f64);
            self.set(&format!("{name}.before_publication"), group, before as f64);
            self.set(&format!("{name}.after_publication"), group, after as f64);
        }
    }

    fn pull_lag(&mut self, group: &Group, lag: &PullLag) {
        self.times("registry.pull_lag", group, &lag.times);
        self.mean_of("registry.pull_lag.max", group, lag.known.max());
    }

    fn totals(&mut self, conservation: &Conservation, events: u64) {
        let totals = &conservation.exchanges;
        self.count("totals.events", events);
        self.count("totals.flows", conservation.flows);
        self.count("totals.asks", totals.asks);
        self.count("totals.replies", totals.replies);
        self.count("totals.open", totals.left + conservation.open);
        self.count("totals.late", totals.late);
        for (name, count) in FAILURES.iter().zip(totals.failures) {
            self.count(&format!("totals.failures.{name}"), count);
        }
        for (name, bytes) in Channels::NAMES.iter().zip(totals.bytes) {
            self.count(&format!("totals.bytes.{name}"), bytes);
        }
    }
}
