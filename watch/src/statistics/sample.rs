//! Which flows are written one by one: all, none, or a uniform sample of a fixed size.
//!
//! A sample keeps the flows with the smallest keyed hashes. So it is uniform, and which flows are in it
//! depends on (seed, replication, flow) alone, not on the order in which they came. A flow that is pushed
//! out gives its place to another; memory is bounded by the size asked for.

use std::collections::BinaryHeap;

use protocol::{
    catalogue::Gegevensdienst,
    draw::{Draws, Purpose},
    id::{FlowId, HostId, PersonId, ZorgaanbiederId},
    release::Release,
    time::{Duration, Instant},
    trace::FlowKind,
};

use super::{
    cause::Cause,
    flow::{Flow, StepTime},
    outcome::Outcome,
    steps::{FIRST_REPEATED, STEPS},
};

/// How many flows to keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FlowsKept {
    /// Every flow.
    All,
    /// None.
    None,
    /// A uniform sample of at most this many.
    AtMost(u32),
}

/// One row of flows.csv.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlowRow {
    /// Arrival and attempt.
    pub flow: FlowId,
    /// What kind of flow.
    pub kind: FlowKind,
    /// Who.
    pub person: Option<PersonId>,
    /// Through which PGO.
    pub pgo: Option<HostId>,
    /// Through which gateway.
    pub za: Option<HostId>,
    /// At whom.
    pub provider: ZorgaanbiederId,
    /// What.
    pub service: Gegevensdienst,
    /// Under which release.
    pub release: Release,
    /// When it started.
    pub started: Instant,
    /// When it ended; none for a flow that was running at the end.
    pub ended: Option<Instant>,
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong first; none if it was completed.
    pub cause: Option<Cause>,
    /// The step in which it ended.
    pub step: u8,
    /// Time that the person took.
    pub human: Duration,
    /// Time that machines took. With the person's it adds up to the whole.
    pub machine: Duration,
    /// FHIR queries made.
    pub calls: u16,
}

/// One row of steps.csv.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StepRow {
    /// The flow.
    pub flow: FlowId,
    /// Its step and where the time went.
    pub time: StepTime,
}

/// The flows that are kept.
#[derive(Clone, Debug)]
pub struct Sample {
    kept: FlowsKept,
    draws: Draws,
    /// Hashes of the flows that are in, the largest on top.
    hashes: BinaryHeap<(u64, u32)>,
    flows: Vec<Kept>,
}

#[derive(Clone, Debug)]
struct Kept {
    flow: FlowId,
    row: Option<FlowRow>,
    steps: Vec<StepTime>,
    /// When the steps that repeat were left, the last time.
    left: [Instant; REPEATED],
}

/// How many steps repeat.
const REPEATED: usize = STEPS - FIRST_REPEATED as usize + 1;

impl Sample {
    /// An empty sample.
    pub fn new(kept: FlowsKept, seed: u64, replication: u32) -> Self {
        Self {
            kept,
            draws: Draws::new(seed, replication, Purpose::Sample),
            hashes: BinaryHeap::new(),
            flows: Vec::new(),
        }
    }

    /// A flow begins. Gives its place in the sample, or [`Flow::NOWHERE`].
    pub fn begin(&mut self, flow: FlowId) -> u32 {
        let limit = match self.kept {
            FlowsKept::All => return self.push(flow),
            FlowsKept::None | FlowsKept::AtMost(0) => return Flow::NOWHERE,
            FlowsKept::AtMost(limit) => limit as usize,
        };
        let entity = u64::from(flow.arrival) << 16 | u64::from(flow.attempt);
        let hash = (self.draws.bits(entity, 0) >> 64) as u64;
        if self.flows.len() < limit {
            let place = self.push(flow);
            self.hashes.push((hash, place));
            return place;
        }
        let Some(mut top) = self.hashes.peek_mut().filter(|top| hash < top.0) else {
            return Flow::NOWHERE;
        };
        let place = top.1;
        *top = (hash, place);
        drop(top);
        let kept = &mut self.flows[place as usize];
        kept.flow = flow;
        kept.row = None;
        kept.steps.clear();
        place
    }

    /// A step that repeats was left, perhaps not for the last time.
    pub fn left(&mut self, place: u32, flow: FlowId, step: u8, now: Instant) {
        let Some(repeated) = step.checked_sub(FIRST_REPEATED) else { return };
        if let Some(kept) = self.kept(place, flow)
            && let Some(left) = kept.left.get_mut(usize::from(repeated))
        {
            *left = now;
        }
    }

    /// The time of a step is known.
    pub fn step(&mut self, place: u32, flow: FlowId, time: StepTime) {
        if let Some(kept) = self.kept(place, flow) {
            kept.steps.push(time);
        }
    }

    /// A flow ended.
    pub fn end(&mut self, place: u32, row: FlowRow) {
        let Some(kept) = self.kept(place, row.flow) else { return };
        for time in kept.steps.iter_mut().filter(|time| time.step != row.step) {
            let repeated = time.step.checked_sub(FIRST_REPEATED);
            if let Some(left) = repeated.and_then(|repeated| kept.left.get(usize::from(repeated))) {
                time.ended = *left;
            }
        }
        kept.row = Some(row);
    }

    /// The rows of flows.csv and steps.csv, in the order of the flows.
    pub fn into_rows(self) -> (Vec<FlowRow>, Vec<StepRow>) {
        let mut flows = self.flows;
        flows.sort_by_key(|kept| kept.flow);
        let steps = flows.iter().flat_map(|kept| {
            kept.steps.iter().map(|time| StepRow { flow: kept.flow, time: *time })
        });
        let steps = steps.collect();
        (flows.into_iter().filter_map(|kept| kept.row).collect(), steps)
    }

    fn push(&mut self, flow: FlowId) -> u32 {
        let place = self.flows.len() as u32;
        let left = [Instant::START; REPEATED];
        self.flows.push(Kept { flow, row: None, steps: Vec::new(), left });
        place
    }

    /// The entry of a flow, unless it was pushed out.
    fn kept(&mut self, place: u32, flow: FlowId) -> Option<&mut Kept> {
        self.flows.get_mut(place as usize).filter(|kept| kept.flow == flow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flows_in(kept: FlowsKept, flows: impl Iterator<Item = u32>, seed: u64) -> Vec<u32> {
        let mut sample = Sample::new(kept, seed, 0);
        for arrival in flows {
            sample.begin(FlowId { arrival, attempt: 1 });
        }
        let mut arrivals: Vec<u32> = sample.flows.iter().map(|kept| kept.flow.arrival).collect();
        arrivals.sort();
        arrivals
    }

    #[test]
    fn a_sample_depends_on_the_flows_and_not_on_their_order() {
        let kept = FlowsKept::AtMost(50);
        let forwards = flows_in(kept, 0..1_000, 1);
        assert_eq!(forwards.len(), 50);
        assert_eq!(forwards, flows_in(kept, (0..1_000).rev(), 1));
        assert_ne!(forwards, flows_in(kept, 0..1_000, 2));
        assert_eq!(flows_in(FlowsKept::All, 0..100, 1).len(), 100);
        assert_eq!(flows_in(FlowsKept::None, 0..100, 1).len(), 0);
        assert_eq!(flows_in(FlowsKept::AtMost(0), 0..100, 1).len(), 0);
    }

    #[test]
    fn every_flow_is_as_likely_to_be_in_as_any_other() {
        let mut first_half = 0;
        for seed in 0..200 {
            let sample = flows_in(FlowsKept::AtMost(20), 0..400, seed);
            first_half += sample.iter().filter(|arrival| **arrival < 200).count();
        }
        // 4,000 draws, half of them expected; a standard deviation is about 31.
        assert!((1_880..2_120).contains(&first_half), "{first_half}");
    }
}
