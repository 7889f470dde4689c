//! What is written of changes of the register: the rows of registry.csv, and figures over all of them, over
//! those of one kind, and over those that show in one list.

use std::collections::BTreeMap;

use protocol::{
    id::HostId,
    register::{Change, ListKind},
    role::Role,
    time::{Duration, Instant},
};

use super::{Harm, Made, Network, Registry, Spread};
use crate::statistics::times::{Precision, Times};

/// One row of registry.csv: one change, one list that it shows in, one node that has to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegistryRow {
    /// Number of the change, from 0, in the order in which they were made.
    pub change: u32,
    /// What changed.
    pub kind: &'static str,
    /// The list.
    pub list: ListKind,
    /// The node.
    pub node: HostId,
    /// When the register changed.
    pub changed: Instant,
    /// When the list that has it was published; none if it was not by the end.
    pub published: Option<Instant>,
    /// When the node used that list or a later one; none if it did not by the end.
    pub known: Option<Instant>,
    /// What went wrong there because of it.
    pub harm: Harm,
}

/// Figures over changes of a run: all, or those of one kind. Times are seconds.
#[derive(Clone, Debug)]
pub struct RegistryFigures {
    /// How many changes were made.
    pub changes: u64,
    /// From change to publication, per change and list.
    pub publication_lag: Lags,
    /// From publication to use, per change, list and node. The stelselnode has none.
    pub pull_lag: PullLag,
    /// From a change until the last node knows it; over changes that all nodes know.
    pub full_propagation: Lags,
    /// Changes, lists and nodes that did not come together by the end.
    pub unknown_at_end: u64,
    /// What went wrong, over all changes, lists and nodes.
    pub harm: Harm,
}

/// From publication to use, per change, list and node.
#[derive(Clone, Debug)]
pub struct PullLag {
    /// As a distribution; what is not known by the end takes longer than everything that is.
    pub times: Times,
    /// The maximum of those that are known.
    pub known: Lags,
}

/// Mean and maximum of some times, in seconds.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Lags {
    count: u64,
    sum: f64,
    max: f64,
}

impl Lags {
    /// One more.
    pub fn add(&mut self, lag: Duration) {
        let seconds = lag.as_secs_f64();
        self.count += 1;
        self.sum += seconds;
        self.max = self.max.max(seconds);
    }

    /// The mean; none of nothing.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// The maximum; none of nothing.
    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max)
    }
}

/// What changed, as scenarios and result files name it.
pub const fn change_name(change: Change) -> &'static str {
    match change {
        Change::AddGateway(_) => "add-gateway",
        Change::RemoveGateway(_) => "remove-gateway",
        Change::MoveEndpoint(_) => "move-endpoint",
        Change::AddProvider(_) => "add-provider",
        Change::RemoveProvider(_) => "remove-provider",
        Change::AddService(_) => "add-service",
        Change::Rename(..) => "rename",
        Change::EnableRelease(..) => "release",
    }
}

impl Registry {
    /// The rows of registry.csv.
    pub fn rows(&self) -> Vec<RegistryRow> {
        let mut rows = Vec::new();
        for (number, made) in self.changes.iter().enumerate() {
            for spread in &made.spreads {
                rows.extend(spread.nodes.iter().map(|node| RegistryRow {
                    change: number as u32,
                    kind: change_name(made.change),
                    list: spread.list,
                    node: node.host,
                    changed: made.at,
                    published: spread.published.map(|(at, _)| at),
                    known: node.known,
                    harm: node.harm,
                }));
            }
        }
        rows
    }

    /// Figures over all changes, and over those of each kind that there was.
    pub fn figures(
        &self,
        network: &Network,
    ) -> (RegistryFigures, BTreeMap<&'static str, RegistryFigures>) {
        let mut all = RegistryFigures::new();
        let mut by_kind = BTreeMap::new();
        for made in &self.changes {
            all.add(made, network);
            let kind = by_kind.entry(change_name(made.change)).or_insert_with(RegistryFigures::new);
            kind.add(made, network);
        }
        (all, by_kind)
    }

    /// From publication to use, by list, for those in which a change showed.
    pub fn pull_lag_by_list(&self, network: &Network) -> BTreeMap<ListKind, PullLag> {
        let mut by_list = BTreeMap::new();
        for spread in self.changes.iter().flat_map(|made| &made.spreads) {
            by_list.entry(spread.list).or_insert_with(PullLag::new).add(spread, network);
        }
        by_list
    }
}

impl RegistryFigures {
    fn new() -> Self {
        Self {
            changes: 0,
            publication_lag: Lags::default(),
            pull_lag: PullLag::new(),
            full_propagation: Lags::default(),
            unknown_at_end: 0,
            harm: Harm::default(),
        }
    }

    fn add(&mut self, made: &Made, network: &Network) {
        self.changes += 1;
        // The moment when the last one knows; none once somebody never does.
        let mut all_know = Some(made.at);
        for spread in &made.spreads {
            if let Some((at, _)) = spread.published {
                self.publication_lag.add(at.since(made.at));
            }
            for node in &spread.nodes {
                self.harm.add(&node.harm);
                all_know = all_know.zip(node.known).map(|(last, known)| last.max(known));
            }
            self.unknown_at_end += self.pull_lag.add(spread, network);
        }
        if let Some(last) = all_know.filter(|_| !made.spreads.is_empty()) {
            self.full_propagation.add(last.since(made.at));
        }
    }
}

impl PullLag {
    fn new() -> Self {
        Self { times: Times::new(Precision::Fine), known: Lags::default() }
    }

    /// How a change spread with one list. Gives how many nodes did not know it by the end.
    fn add(&mut self, spread: &Spread, network: &Network) -> u64 {
        let mut unknown = 0;
        for node in &spread.nodes {
            let Some(((published, _), known)) = spread.published.zip(node.known) else {
                unknown += 1;
                continue;
            };
            if network.role(node.host) != Role::Stelselnode {
                self.known.add(known.since(published));
                self.times.record(known.since(published));
            }
        }
        self.times.record_beyond(unknown);
        unknown
    }
}

impl Harm {
    fn add(&mut self, other: &Self) {
        self.blocked_flows += other.blocked_flows;
        self.misdirected_flows += other.misdirected_flows;
        for published in 0..2 {
            self.exposed_handshakes[published] += other.exposed_handshakes[published];
            self.exposed_exchanges[published] += other.exposed_exchanges[published];
            self.exposed_bytes[published] += other.exposed_bytes[published];
        }
    }
}
