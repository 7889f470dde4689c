//! Where the time of the whole cohort went: by step, and in each step by the person, links, waiting and work.
//!
//! What a step took counts among completed flows or among the others, and which of them is known only when its
//! flow ends. Until then it is kept with the flow ([`Front`]). The slowest flows are found without keeping
//! any: sums are kept by bucket of machine time ([`Slowest`]). Does not decide where time goes (`flow`).

use protocol::time::Duration;

use super::{
    flow::{Parts, StepTime},
    steps::{FIRST_REPEATED, STEPS},
};

/// Time that one step of some flows took, in nanoseconds, by [`PARTS`].
pub type Spent = [u128; PARTS.len()];

/// What time is told apart into, as metrics name it. All but the first is machine time.
pub const PARTS: [&str; 4] = ["human", "network", "wait", "service"];

/// Those of them that are machine time.
pub const MACHINE_PARTS: [&str; 3] = ["network", "wait", "service"];

/// How many steps come before those that repeat.
const FRONT: usize = FIRST_REPEATED as usize - 1;

/// The steps that a flow in progress has completed and that do not repeat.
///
/// Nanoseconds in 24 bits of precision: no time is off by more than one part in 16 million, and a flow that
/// waits for its person costs half of what exact times would.
#[derive(Clone, Copy, Debug, Default)]
pub struct Front([[f32; PARTS.len()]; FRONT]);

const _: () = assert!(size_of::<Front>() <= 208, "there is one of these per flow in progress");

impl Front {
    /// A step was completed. `from`: the step that was in progress; what lies between was jumped over.
    pub fn completed(&mut self, from: u8, time: &StepTime) {
        let (first, last) = (usize::from(from) - 1, usize::from(time.step) - 1);
        if let Some(steps) = self.0.get_mut(first..=last)
            && let Some((last, jumped)) = steps.split_last_mut()
        {
            jumped.fill(Default::default());
            *last = nanos(time).map(|nanos| nanos as f32);
        }
    }
}

fn nanos(time: &StepTime) -> [u64; PARTS.len()] {
    let Parts { network, wait, service } = time.parts;
    [time.human, network, wait, service].map(Duration::as_nanos)
}

/// The times of every step of one flow that has ended, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Steps([[u64; PARTS.len()]; STEPS]);

impl Steps {
    /// The steps before `step`, in which the flow ended. Those that [`Self::add`] gives come with it.
    pub fn before(step: u8, front: &Front) -> Self {
        let mut steps = Self([[0; PARTS.len()]; STEPS]);
        let done = FRONT.min(usize::from(step).saturating_sub(1));
        for (step, kept) in steps.0.iter_mut().zip(&front.0[..done]) {
            *step = kept.map(|nanos| nanos as u64);
        }
        steps
    }

    /// A step that was given when the flow ended.
    pub fn add(&mut self, time: &StepTime) {
        if let Some(step) = self.0.get_mut(usize::from(time.step).wrapping_sub(1)) {
            *step = nanos(time);
        }
    }

    /// Machine time, by where it went.
    pub fn parts(&self) -> Parts {
        let sum = |part: usize| Duration::from_nanos(self.0.iter().map(|step| step[part]).sum());
        Parts { network: sum(1), wait: sum(2), service: sum(3) }
    }
}

/// Where the time of some flows went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Breakdown {
    flows: u64,
    steps: [Spent; STEPS],
}

impl Breakdown {
    /// A flow ended.
    pub fn record(&mut self, steps: &Steps) {
        self.flows += 1;
        for (sums, times) in self.steps.iter_mut().zip(&steps.0) {
            for (sum, time) in sums.iter_mut().zip(times) {
                *sum += u128::from(*time);
            }
        }
    }

    /// Mean seconds per flow, by step and part; none without flows.
    pub fn means(&self) -> Option<[[f64; PARTS.len()]; STEPS]> {
        let mean = |sum: u128| sum as f64 / (1e9 * self.flows as f64);
        (self.flows > 0).then(|| self.steps.map(|step| step.map(mean)))
    }
}

/// Where the time of completed flows went, by bucket of machine time at most 1/16 wide. 200 kB.
#[derive(Clone, Debug)]
pub struct Slowest {
    flows: u64,
    buckets: Vec<Bucket>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    flows: u64,
    /// Machine time in nanoseconds.
    steps: [[u64; MACHINE_PARTS.len()]; STEPS],
}

impl Slowest {
    /// The share of flows that are the slowest.
    pub const SHARE: f64 = 0.01;

    /// Buckets per doubling, as a power of two.
    const FINE: u32 = 4;
    /// Shorter times than a millisecond, 2²⁰ ns, share a bucket.
    const SHORTEST: u32 = 20;
    /// Longer times than thirteen days, 2⁵⁰ ns, share another.
    const LONGEST: u32 = 50;

    /// No flows yet.
    pub fn new() -> Self {
        let buckets = ((Self::LONGEST - Self::SHORTEST) << Self::FINE) + 2;
        Self { flows: 0, buckets: vec![Bucket::default(); buckets as usize] }
    }

    /// A flow was completed; machines took that long.
    pub fn record(&mut self, machine: Duration, steps: &Steps) {
        self.flows += 1;
        let Some(bucket) = self.buckets.get_mut(Self::place(machine.as_nanos())) else { return };
        bucket.flows += 1;
        for (sums, [_, machine @ ..]) in bucket.steps.iter_mut().zip(&steps.0) {
            for (sum, time) in sums.iter_mut().zip(machine) {
                *sum = sum.saturating_add(*time);
            }
        }
    }

    /// Mean seconds of machine time over the slowest flows, by step and by part from the second on; none
    /// without flows. Buckets count from the slowest; the one in which the share is reached counts as much as
    /// it takes, as if its flows were alike. Of fewer than 100 flows that is less than one flow: the mean of
    /// the slowest bucket.
    pub fn means(&self) -> Option<[[f64; MACHINE_PARTS.len()]; STEPS]> {
        let wanted = Self::SHARE * self.flows as f64;
        let mut means = [[0.0; MACHINE_PARTS.len()]; STEPS];
        let mut missing = wanted;
        for bucket in self.buckets.iter().rev().filter(|bucket| bucket.flows > 0) {
            let share = (missing / bucket.flows as f64).min(1.0);
            for (mean, sum) in means.as_flattened_mut().iter_mut().zip(bucket.steps.as_flattened())
            {
                *mean += share * *sum as f64 / (1e9 * wanted);
            }
            missing -= bucket.flows as f64;
            if missing <= 0.0 {
                break;
            }
        }
        (self.flows > 0).then_some(means)
    }

    fn place(nanos: u64) -> usize {
        let octave = nanos.max(1).ilog2();
        if octave < Self::SHORTEST {
            return 0;
        }
        if octave >= Self::LONGEST {
            return ((Self::LONGEST - Self::SHORTEST) as usize) << Self::FINE | 1;
        }
        let within = (nanos >> (octave - Self::FINE)) as usize & ((1 << Self::FINE) - 1);
        1 + (((octave - Self::SHORTEST) as usize) << Self::FINE | within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use protocol::time::Instant;

    fn time(step: u8, millis: [u64; 4]) -> StepTime {
        let [human, network, wait, service] = millis.map(Duration::from_millis);
        StepTime { step, ended: Instant::START, human, parts: Parts { network, wait, service } }
    }

    /// A flow whose machine time all is service in step 7.
    fn service(nanos: u64) -> (Duration, Steps) {
        let service = Duration::from_nanos(nanos);
        let mut steps = Steps::before(1, &Front::default());
        steps.add(&StepTime { parts: Parts { service, ..Parts::default() }, ..time(7, [0; 4]) });
        (service, steps)
    }

    #[test]
    fn what_an_earlier_flow_left_at_a_place_is_no_time_of_the_next() {
        let mut front = Front::default();
        for step in 1..=13 {
            front.completed(step, &time(step, [9; 4]));
        }
        // The next flow jumps from step 2 to step 5, and ends in step 6.
        front.completed(1, &time(1, [1, 2, 3, 4]));
        front.completed(2, &time(5, [10, 20, 30, 40]));
        let mut steps = Steps::before(6, &front);
        steps.add(&time(6, [100, 200, 300, 400]));
        let ms = Duration::from_millis;
        let parts = Parts { network: ms(222), wait: ms(333), service: ms(444) };
        assert_eq!(steps.parts(), parts);
    }

    #[test]
    fn the_slowest_hundredth_is_counted_from_the_top_and_the_last_bucket_in_proportion() {
        let mut slowest = Slowest::new();
        assert_eq!(slowest.means(), None);
        let mut record = |flows: u32, seconds: u64| {
            for _ in 0..flows {
                let (machine, steps) = service(seconds * 1_000_000_000);
                slowest.record(machine, &steps);
            }
            slowest.means().map(|means| means[6][2]).unwrap_or_default()
        };
        assert_eq!(record(50, 1), 1.0, "less than one flow");
        assert_eq!(record(145, 1), 1.0);
        // Of 200 flows 2 are the slowest: 1 of 100 seconds, and 1 of the 4 of 10 seconds.
        record(1, 100);
        assert!((record(4, 10) - 55.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn a_time_is_off_by_less_than_a_part_in_ten_million(nanos in any::<u64>()) {
            let mut front = Front::default();
            let human = Duration::from_nanos(nanos);
            front.completed(1, &StepTime { human, ..time(1, [0; 4]) });
            let kept = Steps::before(2, &front).0[0][0];
            prop_assert!(kept.abs_diff(nanos) as f64 <= nanos as f64 * 1e-7);
        }

        #[test]
        fn buckets_rise_with_time_and_none_is_wider_than_a_sixteenth(
            nanos in 1u64 << Slowest::SHORTEST..1 << Slowest::LONGEST,
            more in 0u64..1 << 50,
        ) {
            let place = Slowest::place;
            prop_assert!(place(nanos) <= place(nanos + more));
            prop_assert!(place(nanos) < place(nanos + nanos / 16 + 1));
        }

        #[test]
        fn every_time_has_a_bucket_and_the_slowest_are_no_faster_than_the_rest(
            times in proptest::collection::vec(any::<u64>(), 1..200),
        ) {
            let mut slowest = Slowest::new();
            let mut all = Breakdown::default();
            for nanos in &times {
                let (machine, steps) = service(*nanos >> 8);
                slowest.record(machine, &steps);
                all.record(&steps);
            }
            prop_assert_eq!(slowest.buckets.iter().map(|bucket| bucket.flows).sum::<u64>(), times.len() as u64);
            let (slow, mean) = (slowest.means().unwrap()[6][2], all.means().unwrap()[6][3]);
            prop_assert!(slow >= mean * (1.0 - 1e-9), "{} {}", slow, mean);
        }
    }
}
