//! How old the Zorgaanbiederslijst was that a PGO held when a flow started: from its publication until then.
//!
//! All hold the lists of the start of the run, as if published then.

use protocol::{
    id::HostId,
    register::ListKind,
    time::{Duration, Instant},
};

use super::network::Network;

/// The lists that PGOs held. As many entries as lists were fetched: some per day and PGO.
#[derive(Clone, Debug)]
pub struct ListAges {
    /// Number and moment of each publication of the ZAL in the run.
    published: Vec<(u32, Instant)>,
    /// For each PGO, since when it held a list, and when that was published; rising.
    held: Vec<Vec<(Instant, Instant)>>,
}

/// A range of ages.
struct Range {
    /// As result files name it.
    name: &'static str,
    /// Ages below this, and not below that of the range before.
    below: Duration,
}

/// The ranges, rising; the last has no end.
const RANGES: [Range; 4] = [
    Range { name: "0-1h", below: Duration::from_secs(3_600) },
    Range { name: "1-6h", below: Duration::from_secs(6 * 3_600) },
    Range { name: "6-24h", below: Duration::from_secs(24 * 3_600) },
    Range { name: "24h+", below: Duration::MAX },
];

impl ListAges {
    /// As they are at the start.
    pub fn new(network: &Network) -> Self {
        Self { published: Vec::new(), held: vec![Vec::new(); network.pgos().len()] }
    }

    /// The names of the ranges.
    pub fn names() -> impl Iterator<Item = String> {
        RANGES.iter().map(|range| range.name.to_owned())
    }

    /// A version of a list was published.
    pub fn published(&mut self, list: ListKind, number: u32, now: Instant) {
        if list == ListKind::Zal {
            self.published.push((number, now));
        }
    }

    /// A host uses a version of a list from now on.
    pub fn in_use(
        &mut self,
        host: HostId,
        list: ListKind,
        number: u32,
        now: Instant,
        network: &Network,
    ) {
        let pgo = network.pgos().iter().position(|pgo| *pgo == host);
        if let (ListKind::Zal, Some(pgo)) = (list, pgo) {
            let known = self.published.iter().rev().find(|(published, _)| *published == number);
            self.held[pgo].push((now, known.map_or(Instant::START, |(_, at)| *at)));
        }
    }

    /// The place of the range of the list that a PGO held then; none for no PGO.
    pub fn range(&self, pgo: u16, then: Instant) -> Option<u8> {
        let held = self.held.get(usize::from(pgo))?;
        let before = held.partition_point(|(since, _)| *since <= then).checked_sub(1);
        let age = then.since(before.map_or(Instant::START, |place| held[place].1));
        RANGES.iter().position(|range| age < range.below).map(|place| place as u8)
    }
}
