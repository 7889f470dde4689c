//! The tables of a report. Every figure has its unit and its interval.

use maud::{Markup, html};
use watch::{
    rules::Finding,
    study::{
        figures::Group,
        metrics::MetricId,
        summary::{Summary, SummaryRow},
    },
};

use super::words::{thin, whole};
use crate::results::{
    BreachEntry, ExpectationEntry, Folder,
    lines::{RegistryLine, RuleLine, TOTAL},
    shown::{Shown, brief},
};

/// Tables of more lines than this are folded.
const FOLDED: usize = 12;

/// A figure with its interval below it.
fn figure(row: Option<&SummaryRow>) -> Markup {
    let shown = row.map(Shown::of);
    html! {
        @match shown {
            Some(shown) => {
                (thin(&shown.with_unit()))
                @if let Some(interval) = shown.interval { span.ci { (thin(&interval)) } }
            }
            None => { span.ci { "–" } }
        }
    }
}

/// A table in a box that scrolls, folded if it is long.
fn boxed(summary: &str, lines: usize, table: &Markup) -> Markup {
    html! {
        @if lines > FOLDED {
            details { summary { (summary) " (" (lines) ")" } div.wide { (table) } }
        } @else {
            div.wide { (table) }
        }
    }
}

/// What `[expect]` came to.
pub fn expectations(entries: &[ExpectationEntry]) -> Markup {
    let interval = |entry: &ExpectationEntry| match (entry.ci_low, entry.ci_high) {
        (Some(low), Some(high)) => format!("{} to {}", brief(low), brief(high)),
        (Some(low), None) => format!("{} or more", brief(low)),
        _ => String::new(),
    };
    html! {
        @if !entries.is_empty() {
            h2 { "Expectations" }
            div.wide { table {
                tr { th { "expected" } th.n { "found" } th { "unit" } th { "interval" } th { "" } }
                @for entry in entries {
                    tr {
                        td { code { (entry.expected) } }
                        td.n { (entry.found_briefly()) }
                        td { (entry.unit) }
                        td { (interval(entry)) }
                        td { @if entry.holds { span.good { "met" } } @else { span.bad { "not met" } } }
                    }
                }
            } }
        }
    }
}

/// Figures by PGO, gateway, type of Zorgaanbieder, service and release.
pub fn groups(summary: &Summary) -> Markup {
    let kinds = [
        ("pgo", "By PGO", "PGO"),
        ("gateway", "By ZA gateway", "gateway"),
        ("provider_type", "By type of Zorgaanbieder", "type"),
        ("service", "By Gegevensdienst", "service"),
        ("release", "By release", "release"),
    ];
    html! {
        @for (kind, title, head) in kinds {
            @let members = members(summary, kind);
            @if !members.is_empty() {
                h3 { (title) }
                (boxed(title, members.len(), &group_table(summary, kind, head, &members)))
            }
        }
    }
}

fn members<'a>(summary: &'a Summary, kind: &str) -> Vec<&'a Group> {
    summary
        .groups("flows.started")
        .map(|row| &row.group)
        .filter(|group| group.member(kind).is_some())
        .collect()
}

fn group_table(summary: &Summary, kind: &str, head: &str, members: &[&Group]) -> Markup {
    let columns = [
        ("flows.started", "flows"),
        ("flows.completed_ratio", "completed"),
        ("wishes.served_ratio", "wishes served"),
        ("latency.machine.p50", "machine time, median"),
        ("latency.machine.p95", "machine time, 95 %"),
    ];
    let of = |name: &str, group: &Group| {
        MetricId::of(name).and_then(|metric| summary.row(metric, group))
    };
    let service = |member: &str| {
        let known = protocol::catalogue::Gegevensdienst::from_id(member)?.service()?;
        (kind == "service").then_some(known.name)
    };
    html! {
        table {
            tr { th { (head) } @for (_, name) in columns { th.n { (name) } } }
            @for group in members {
                @let member = group.member(kind).unwrap_or_default();
                tr {
                    td { (member) @if let Some(name) = service(member) { " " (name) } }
                    @for (metric, _) in columns { td.n { (figure(of(metric, group))) } }
                }
            }
        }
    }
}

/// Hosts, and the systems of Zorgaanbieders together.
pub fn hosts(folder: &Folder) -> Markup {
    let summary = &folder.summary;
    let columns = [
        ("host.utilisation", "utilisation"),
        ("host.arrivals.rate", "jobs"),
        ("host.wait.mean", "mean wait"),
        ("host.service.mean", "mean service"),
        ("host.queue.mean", "mean queue"),
    ];
    let groups: Vec<&Group> = summary.groups("host.arrivals.rate").map(|row| &row.group).collect();
    let workers = |group: &Group| {
        let host = group.member("host");
        let line = |line: &&crate::results::lines::HostLine| {
            Some(line.host.as_str()) == host && line.work == TOTAL
        };
        folder.hosts.iter().find(line).map(|line| line.workers)
    };
    let table = html! {
        table {
            tr { th { "host" } th.n { "workers" } @for (_, name) in columns { th.n { (name) } } }
            @for group in &groups {
                tr {
                    td { (group.member("host").unwrap_or_default()) }
                    td.n { @if let Some(workers) = workers(group) { (workers) } }
                    @for (metric, _) in columns {
                        td.n { (figure(MetricId::of(metric).and_then(|metric| summary.row(metric, group)))) }
                    }
                }
            }
        }
    };
    html! {
        h3 { "By role" }
        div.wide { (roles(summary)) }
        h3 { "By host" }
        (boxed("Every host", groups.len(), &table))
    }
}

fn roles(summary: &Summary) -> Markup {
    let columns = [
        ("utilisation.mean", "utilisation"),
        ("utilisation.max", "of the busiest"),
        ("wait.mean", "mean wait"),
        ("queue.max", "longest queue"),
        ("rejected", "turned away"),
        ("dropped", "lost in crashes"),
        ("down", "down"),
    ];
    let roles = ["pgo", "za", "digid", "stelselnode", "ocsp", "xis"];
    html! {
        table {
            tr { th { "role" } @for (_, name) in columns { th.n { (name) } } }
            @for role in roles {
                @let of = |what: &str| summary.overall(&format!("hosts.{role}.{what}"));
                @if of("queue.max").is_some() {
                    tr { td { (role) } @for (what, _) in columns { td.n { (figure(of(what))) } } }
                }
            }
        }
        p.small { "Of what is a maximum, the interval is the range of the replications." }
    }
}

/// Rules: broken ones first, the rest folded.
pub fn rules(folder: &Folder) -> Markup {
    let finding = |line: &RuleLine| line.verdict().map(|verdict| verdict.finding());
    let of = |wanted: Finding| -> Vec<&RuleLine> {
        folder.rules.iter().filter(|line| finding(line) == Some(wanted)).collect()
    };
    let (broken, kept) = (of(Finding::Broken), of(Finding::Kept));
    let (idle, unknown) =
        (of(Finding::DidNotArise), folder.rules.iter().filter(|line| finding(line).is_none()));
    let unknown: Vec<&RuleLine> = unknown.collect();
    html! {
        h2 { "Rules" }
        p {
            @if broken.is_empty() { span.good { "No rule was broken." } }
            @else { span.bad { (broken.len()) " of " (folder.rules.len()) " judged rules were broken." } }
            " " (kept.len()) " were put to the test and kept; for " (idle.len()) " nothing arose that would test them."
            " Rules without another release before their citation are those of release "
            (folder.manifest.rules_release) "."
        }
        @if !broken.is_empty() { div.wide { (rule_table(folder, &broken)) } }
        @for (title, lines) in [
            ("Rules that were put to the test and kept", &kept),
            ("Rules that nothing put to the test", &idle),
            ("Rules that this version does not know", &unknown),
        ] {
            @if !lines.is_empty() {
                details { summary { (title) " (" (lines.len()) ")" }
                    div.wide { (rule_table(folder, lines)) } }
            }
        }
    }
}

fn rule_table(folder: &Folder, lines: &[&RuleLine]) -> Markup {
    let breach = |line: &RuleLine| -> Option<&BreachEntry> {
        folder.told.breaches.iter().find(|entry| entry.rule == line.rule)
    };
    html! {
        table {
            tr { th { "rule" } th { "citation" } th { "kind" } th.n { "tested" } th.n { "not kept" } th { "what it asks" } }
            @for line in lines {
                tr {
                    td { code { (line.rule) } }
                    td { (line.citation) @if line.release != folder.manifest.rules_release { span.ci { "release " (line.release) } } }
                    td { (line.kind) }
                    td.n { (whole(line.evaluated)) }
                    td.n { (whole(line.breaches)) }
                    td.words {
                        @if let Some(verdict) = line.verdict() { (verdict.rule.row().text) }
                        @if let Some(first) = breach(line).and_then(|entry| entry.first.as_ref()) {
                            span.ci {
                                "First by " (first.host) ", replication " (first.replication)
                                ", at " (Shown::plain(first.at_s, "s").with_unit())
                                @if let Some(flow) = &first.flow { ", flow " (flow) }
                                ": " (first.why)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Changes of the register, if there were any.
pub fn registry(folder: &Folder) -> Markup {
    let metrics = [
        ("registry.publication_lag.mean", "from change to publication, mean"),
        ("registry.pull_lag.mean", "from publication to use by a node, mean"),
        ("registry.pull_lag.max", "from publication to use by a node, longest"),
        ("registry.full_propagation.max", "until every node knew, longest"),
        ("registry.unknown_at_end", "not known by the end"),
        ("registry.blocked_flows", "flows blocked: a newcomer was not known yet"),
        ("registry.misdirected_flows", "flows sent to an old address"),
        ("registry.exposed_handshakes", "connections admitted from a gateway that had left"),
        ("registry.exposed_exchanges", "requests exchanged with it"),
        ("registry.exposed_bytes", "bytes exchanged with it"),
    ];
    html! {
        @if !folder.registry.is_empty() {
            h2 { "Changes of the register" }
            div.wide { (metric_table(&folder.summary, &metrics)) }
            (boxed("Change by change", changes(&folder.registry).len(), &change_table(&folder.registry)))
        }
    }
}

/// One change in one list, over replications and nodes.
struct Spread<'a> {
    change: u32,
    kind: &'a str,
    list: &'a str,
    nodes: usize,
    unknown: usize,
    known_after: Vec<f64>,
}

fn changes(lines: &[RegistryLine]) -> Vec<Spread<'_>> {
    let mut spreads: Vec<Spread<'_>> = Vec::new();
    for line in lines {
        let known = |spread: &Spread<'_>| spread.change == line.change && spread.list == line.list;
        let place = spreads.iter().position(known).unwrap_or_else(|| {
            spreads.push(Spread {
                change: line.change,
                kind: &line.kind,
                list: &line.list,
                nodes: 0,
                unknown: 0,
                known_after: Vec::new(),
            });
            spreads.len() - 1
        });
        let spread = &mut spreads[place];
        spread.nodes += 1;
        match line.known_s {
            Some(known) => spread.known_after.push(known.0 - line.changed_s.0),
            None => spread.unknown += 1,
        }
    }
    spreads
}

fn change_table(lines: &[RegistryLine]) -> Markup {
    let span = |spread: &Spread<'_>| {
        let least = spread.known_after.iter().copied().fold(f64::INFINITY, f64::min);
        let most = spread.known_after.iter().copied().fold(0.0, f64::max);
        let shown = |value| Shown::plain(value, "s").with_unit();
        match spread.known_after.is_empty() {
            true => "–".to_owned(),
            false => thin(&format!("{} to {}", shown(least), shown(most))),
        }
    };
    html! {
        table {
            tr { th.n { "change" } th { "what" } th { "list" } th.n { "nodes × replications" } th { "knew after" } th.n { "not by the end" } }
            @for spread in changes(lines) {
                tr {
                    td.n { (spread.change) } td { (spread.kind) } td { (spread.list) }
                    td.n { (spread.nodes) } td { (span(&spread)) } td.n { (spread.unknown) }
                }
            }
        }
    }
}

/// Codes and tokens, if a gateway issued any.
pub fn tokens(folder: &Folder) -> Markup {
    let metrics = [
        ("tokens.issued", "codes and tokens issued"),
        ("tokens.live.max", "most live at once at one gateway"),
        ("tokens.collisions", "equal to a live one"),
        ("tokens.undetected", "of these not detected"),
        ("tokens.cross_person_reads", "answers with the data of another person"),
    ];
    html! {
        @if !folder.tokens.is_empty() {
            h2 { "Codes and tokens" }
            div.wide { (metric_table(&folder.summary, &metrics)) }
        }
    }
}

/// Norms: what gateways answered in time.
pub fn norms(summary: &Summary) -> Markup {
    let metrics = [
        ("norm.token.share", "token requests that kept the norm, at the gateway's edge"),
        ("norm.token.minutes_share", "minutes in which all token requests did"),
        ("norm.token.asker_share", "token requests that kept it, as the asker sees it"),
        ("norm.resource.share", "resource requests that kept the norm, at the gateway's edge"),
        ("norm.resource.minutes_share", "minutes in which all resource requests did"),
        ("norm.resource.asker_share", "resource requests that kept it, as the asker sees it"),
        ("norm.lists.share", "requests for lists that got one"),
        ("page.wait.p95", "wait of a person for a page: 95 % wait no longer"),
        ("wishes.attempts", "attempts for one wish"),
    ];
    html! { div.wide { (metric_table(summary, &metrics)) } }
}

fn metric_table(summary: &Summary, metrics: &[(&str, &str)]) -> Markup {
    html! {
        table {
            tr { th { "figure" } th.n { "value" } th.n { "interval" } th { "name in summary.csv" } }
            @for (name, what) in metrics {
                @if let Some(row) = summary.overall(name) {
                    @let shown = Shown::of(row);
                    tr {
                        td.words { (what) }
                        td.n { (thin(&shown.with_unit())) }
                        td.n { (thin(shown.interval.as_deref().unwrap_or("none"))) }
                        td { code { (name) } }
                    }
                }
            }
        }
    }
}

/// How far failures reached, who noticed, and how long recovery took; nothing without faults.
pub fn faults(folder: &Folder) -> Markup {
    let summary = &folder.summary;
    let scenario = &folder.manifest.scenario;
    if scenario["fault"].as_array().is_none_or(Vec::is_empty) {
        return html! {};
    }
    let phases = ["before", "during", "after"];
    let of_phase = |name: &str, phase: &str| {
        MetricId::of(name)
            .and_then(|metric| summary.row(metric, &Group::from(format!("phase={phase}").as_str())))
    };
    let single = [
        ("people with a flow that failed for a technical cause", "radius.people"),
        ("Zorgaanbieders with one", "radius.zorgaanbieders"),
        ("PGOs with one", "radius.pgos"),
        ("ZA gateways with one", "radius.gateways"),
        ("from the end of a fault until every queue was empty once", "recovery.backlog.max"),
        ("from the end of the last fault until flows end as before it", "recovery.flows.mean"),
        ("replications in which they did not", "recovery.not_recovered"),
    ];
    let noticed: Vec<&SummaryRow> = summary.groups("failures.noticed").collect();
    html! {
        h2 { "Faults" }
        div.wide { table {
            tr { th { "flows started" } th.n { "flows" } th.n { "completed" } th.n { "wishes served" } }
            @for phase in phases {
                tr {
                    td { (phase) " faults" }
                    td.n { (figure(of_phase("flows.started", phase))) }
                    td.n { (figure(of_phase("flows.completed_ratio", phase))) }
                    td.n { (figure(of_phase("wishes.served_ratio", phase))) }
                }
            }
        } }
        div.wide { table {
            tr { th { "how far and how long" } th.n { "figure" } th { "metric" } }
            @for (what, name) in single {
                @if let Some(row) = summary.overall(name) {
                    tr { td.words { (what) } td.n { (figure(Some(row))) } td { code { (name) } } }
                }
            }
            @for row in noticed {
                tr {
                    td.words { "first noticed by " (row.group.member("by").unwrap_or_default()) }
                    td.n { (figure(Some(row))) }
                    td { code { "failures.noticed" } }
                }
            }
        } }
    }
}
