//! Where flows were when faults began: counts by kind of fault, role and step in progress.
//!
//! Reads the events that complete steps (`watch::statistics::steps`) and nothing else. Judges nothing.

use std::collections::BTreeMap;

use protocol::{
    message::Message,
    role::Role,
    time::Instant,
    trace::{Event, Stamp},
};
use watch::statistics::steps::{self, FIRST_REPEATED, LAST, STEPS};

use super::{
    draw::{CERTIFIED, HOST_ROLES},
    schedule::{KINDS, Schedule},
};
use crate::plan::moment;

/// The steps that flows were in when faults of one kind began at one role.
pub type Cell = [u64; STEPS];

/// Counts of all cells that can be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Coverage {
    cells: BTreeMap<(usize, Role), Cell>,
}

impl Default for Coverage {
    /// Nothing seen yet.
    fn default() -> Self {
        let of_kind = |kind: usize| {
            let roles: &[Role] = match KINDS[kind] {
                "revoke" | "expire" => &CERTIFIED,
                "delay" | "loss" | "partition" => &Role::ALL,
                _ => &HOST_ROLES,
            };
            roles.iter().map(move |role| ((kind, *role), [0; STEPS]))
        };
        Self { cells: (0..KINDS.len()).flat_map(of_kind).collect() }
    }
}

impl Coverage {
    /// Adds what another schedule covered.
    pub fn add(&mut self, other: &Self) {
        for (key, counts) in &other.cells {
            let cell = self.cells.entry(*key).or_default();
            cell.iter_mut().zip(counts).for_each(|(all, one)| *all += one);
        }
    }

    /// Kind of fault, role and counts by step.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, Role, &Cell)> {
        self.cells.iter().map(|((kind, role), cell)| (KINDS[*kind], *role, cell))
    }

    /// How many cells nothing was seen in, and how many there are.
    pub fn empty(&self) -> (usize, usize) {
        let empty = self.cells.values().flatten().filter(|count| **count == 0).count();
        (empty, self.cells.len() * STEPS)
    }
}

/// Follows the flows of one run.
#[derive(Debug)]
pub struct Progress {
    /// When faults begin, the latest first, with their kinds and roles.
    due: Vec<(Instant, usize, Vec<Role>)>,
    /// The step that the flow at each place is in; 0 for none.
    step_at: Vec<u8>,
    /// How many flows are in each step.
    flows_in: Cell,
    coverage: Coverage,
}

impl Progress {
    /// Before the first event of a schedule.
    pub fn new(schedule: &Schedule) -> Self {
        let faults = schedule.faults.iter();
        let mut due: Vec<_> = faults
            .map(|fault| (moment(fault.at), fault.harm.kind(), fault.roles.clone()))
            .collect();
        due.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
        Self { due, step_at: Vec::new(), flows_in: [0; STEPS], coverage: Coverage::default() }
    }

    /// What was seen.
    pub fn into_coverage(self) -> Coverage {
        self.coverage
    }

    /// Takes one event.
    pub fn event(&mut self, stamp: Stamp, event: &Event<'_>) {
        while self.due.last().is_some_and(|(at, ..)| *at <= stamp.at) {
            let Some((_, kind, roles)) = self.due.pop() else { break };
            for role in roles {
                let cell = self.coverage.cells.entry((kind, role)).or_default();
                cell.iter_mut().zip(&self.flows_in).for_each(|(all, one)| *all += one);
            }
        }
        let Some(flow) = stamp.flow else { return };
        let place = flow.place as usize;
        let completed = match event {
            Event::FlowBegan { .. } => return self.enter(place, 1),
            Event::FlowEnded { .. } => return self.enter(place, 0),
            Event::Arrived { envelope, .. } => steps::completed_by_arrival(&envelope.message),
            Event::Answered { envelope, .. } => match &envelope.message {
                Message::Response(response) => steps::completed_by_answer(response),
                Message::Request(_) => None,
            },
            Event::Asked { envelope, .. } => match &envelope.message {
                Message::Request(request) => steps::completed_by_asking(request),
                Message::Response(_) => None,
            },
            _ => None,
        };
        let now_in = self.step_at.get(place).copied().unwrap_or(0);
        if let Some(step) = completed
            && now_in > 0
            // A step that is seen again completes nothing, but for those that repeat with every query.
            && (step >= now_in || step >= FIRST_REPEATED)
        {
            self.enter(place, (step + 1).min(LAST));
        }
    }

    fn enter(&mut self, place: usize, step: u8) {
        if self.step_at.len() <= place {
            self.step_at.resize(place + 1, 0);
        }
        let left = std::mem::replace(&mut self.step_at[place], step);
        let mut add = |step: u8, change: i64| {
            if let Some(count) =
                usize::from(step).checked_sub(1).and_then(|n| self.flows_in.get_mut(n))
            {
                *count = count.saturating_add_signed(change);
            }
        };
        add(left, -1);
        add(step, 1);
    }
}

#[cfg(test)]
mod tests {
    use protocol::{
        catalogue::Gegevensdienst,
        id::{FlowId, HostId, ZorgaanbiederId},
        release::Release,
        time::Duration,
        trace::{FlowFacts, FlowKind, FlowRef},
    };

    use super::*;
    use crate::chaos::schedule::{Crowd, Fault, Harm};

    fn fault(second: u64) -> Fault {
        Fault {
            at: Duration::from_secs(second),
            lasts: None,
            place: "za-1".into(),
            roles: vec![Role::Za],
            harm: Harm::Pause,
        }
    }

    #[test]
    fn a_flow_counts_in_the_step_that_it_is_in_when_a_fault_begins_and_not_once_it_has_ended() {
        let schedule = Schedule {
            of: (1, 0),
            seed: 1,
            crowd: Crowd::Steady { people: 1 },
            fetched_every: Duration::from_secs(60),
            under_age: false,
            faults: vec![fault(30), fault(10), fault(20)],
            changes: Vec::new(),
            deviants: Vec::new(),
        };
        let mut progress = Progress::new(&schedule);
        let facts = FlowFacts {
            kind: FlowKind::Verzamelen,
            parent: None,
            person: None,
            pgo: HostId(0),
            za: HostId(1),
            zorgaanbieder: ZorgaanbiederId(0),
            dienst: Gegevensdienst(0),
            release: Release::R1_0,
        };
        let host = HostId::visitor(0);
        let mut happens = |second: u64, place: u32, event: Event<'_>| {
            let at = moment(Duration::from_secs(second));
            let id = FlowId { arrival: place, attempt: 1 };
            progress.event(Stamp { at, flow: Some(FlowRef { place, id }) }, &event);
        };
        happens(1, 0, Event::FlowBegan { host, facts: &facts });
        happens(15, 3, Event::FlowBegan { host, facts: &facts });
        happens(25, 0, Event::FlowEnded { host, waiting: false });
        happens(26, 3, Event::FlowEnded { host, waiting: false });
        happens(31, 0, Event::RunEnded);
        let coverage = progress.into_coverage();
        let (_, _, cell) = coverage
            .rows()
            .find(|(kind, role, _)| (*kind, *role) == ("pause", Role::Za))
            .expect("a cell that can be");
        // One flow at second 10, two at 20, none at 30; all in their first step.
        assert_eq!(cell[0], 3);
        assert_eq!(cell.iter().sum::<u64>(), 3);
        let (empty, all) = coverage.empty();
        assert_eq!((empty, all), (65 * STEPS - 1, 65 * STEPS));
    }
}
