//! Metrics for Prometheus: counts of flows, hosts and rules, and how long answers took.
//!
//! Made anew from what is known at each scrape, but for times, which are counted as they happen.

use prometheus_client::{
    encoding::text::encode,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use protocol::{message::Kind, time::Duration};
use watch::rules::Verdict;

use super::live::Live;

/// Labels: names and values.
type Labels = Vec<(&'static str, String)>;

/// How long answers took, by kind of message.
#[derive(Clone, Debug)]
pub(crate) struct Times(Family<Labels, Histogram>);

impl Default for Times {
    fn default() -> Self {
        // 1 ms to 32 s: norms are in seconds.
        let buckets = || Histogram::new(exponential_buckets(0.001, 2.0, 16));
        Self(Family::new_with_constructor(buckets))
    }
}

impl Times {
    /// An answer of that kind took so long.
    pub fn answered(&self, kind: Kind, took: Duration) {
        self.0.get_or_create(&vec![("kind", format!("{kind:?}"))]).observe(took.as_secs_f64());
    }
}

/// Everything, in the format of OpenMetrics 1.0.
pub(super) fn text(live: &Live, verdicts: &[Verdict]) -> String {
    let mut registry = Registry::with_prefix("stelsel");
    let begun: Counter = Counter::default();
    begun.inc_by(live.begun);
    registry.register("flows_begun", "Flows that began", begun);
    let going: Gauge = Gauge::default();
    going.set(live.going.len() as i64);
    registry.register("flows_in_progress", "Flows in progress", going);
    let counted = |registry: &mut Registry, name, help, counts: Vec<(Labels, u64)>| {
        let family = Family::<Labels, Counter>::default();
        for (labels, count) in counts {
            family.get_or_create(&labels).inc_by(count);
        }
        registry.register(name, help, family);
    };
    let measured = |registry: &mut Registry, name, help, values: Vec<(Labels, i64)>| {
        let family = Family::<Labels, Gauge>::default();
        for (labels, value) in values {
            family.get_or_create(&labels).set(value);
        }
        registry.register(name, help, family);
    };
    let outcomes = live.outcomes.iter();
    let outcomes = outcomes.map(|(outcome, count)| (vec![("outcome", (*outcome).into())], *count));
    counted(&mut registry, "flows_ended", "Flows that ended, by outcome", outcomes.collect());
    let refusals = live.not_admitted.iter();
    let refusals = refusals.map(|(rule, count)| (vec![("rule", (*rule).into())], *count));
    let help = "Connections that were not admitted, by the rule named";
    counted(&mut registry, "not_admitted", help, refusals.collect());
    let hosts = || live.directory.hosts.iter().zip(&live.hosts);
    let of = |name: &str| vec![("host", name.to_owned())];
    let up = hosts().map(|(host, now)| (of(&host.name), i64::from(now.is_up)));
    measured(&mut registry, "host_up", "Whether a host takes connections", up.collect());
    let waiting = hosts().map(|(host, now)| (of(&host.name), i64::from(now.waiting)));
    measured(&mut registry, "host_waiting", "Jobs that wait for a worker", waiting.collect());
    let busy = hosts().map(|(host, now)| (of(&host.name), i64::from(now.busy)));
    measured(&mut registry, "host_busy", "Workers at work", busy.collect());
    let done = hosts().map(|(host, now)| (of(&host.name), now.done));
    counted(&mut registry, "jobs_done", "Jobs that were done", done.collect());
    let away = hosts().map(|(host, now)| (of(&host.name), now.turned_away));
    counted(&mut registry, "jobs_turned_away", "Jobs for which the queue was full", away.collect());
    let rule = |verdict: &Verdict| {
        vec![
            ("rule", verdict.rule.name().to_owned()),
            ("citation", verdict.rule.row().cite.to_owned()),
        ]
    };
    let judged = verdicts.iter().map(|verdict| (rule(verdict), verdict.evaluated)).collect();
    counted(&mut registry, "rule_tests", "How often a rule was put to the test", judged);
    let broken = verdicts.iter().map(|verdict| (rule(verdict), verdict.breaches)).collect();
    counted(&mut registry, "rule_breaches", "How often a rule was not kept", broken);
    let help = "Time from the arrival of a request to its answer, by kind of answer";
    registry.register_with_unit(
        "answer",
        help,
        prometheus_client::registry::Unit::Seconds,
        live.times.0.clone(),
    );
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = encode(&mut text, &registry);
    text
}
