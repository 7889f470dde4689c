//! The event queue: what happens next.
//!
//! Order is total: (at, class, sequence). Two events at the same moment and of the same class come in the
//! order in which they were put in, so that a run is the same on every machine; the order of the classes
//! is part of the model (semantics 7). Does not know what an event means: a payload is a number.
//!
//! A radix queue (Ahuja, Mehlhorn, Orlin and Tarjan, JACM 1990) in the form of nested wheels. Time never
//! goes back, so an event is filed under the highest digit in which its moment differs from the wheels'
//! position, where it costs one write to memory that was just used. Only the events of the next small
//! bucket are ever sorted. What is put in before the end of that bucket waits in a heap beside it.

use std::{cmp::Reverse, collections::BinaryHeap};

use protocol::time::Instant;

/// Classes of events, in the order in which events of one moment happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Class {
    /// Hosts and links change, and so does the phase of the run.
    Host,
    /// Messages arrive.
    Delivery,
    /// Services end.
    ServiceEnd,
    /// Timers, limits and arrivals of visitors.
    Timer,
}

impl Class {
    const fn from_bits(bits: u64) -> Self {
        match bits & 3 {
            0 => Self::Host,
            1 => Self::Delivery,
            2 => Self::ServiceEnd,
            _ => Self::Timer,
        }
    }
}

/// What may go with an event: a number below this.
pub const PAYLOAD_LIMIT: u32 = 1 << 31;

const PAYLOAD_BITS: u32 = 31;
const SEQUENCE_BITS: u32 = 31;
/// Bits of time that one wheel tells apart.
const DIGIT: u32 = 6;
const SLOTS: usize = 1 << DIGIT;
const WHEELS: usize = 64usize.div_ceil(DIGIT as usize);
/// A bucket with at most so many events is sorted as it is. Measured on PHOLD with 10,000 entities.
const SORTED_AS_IT_IS: u32 = 256;

/// An event and its place in the order, in one number: moment, class, sequence, payload.
///
/// The sequence is counted modulo 2³¹. Two events that agree in moment and class and were put in more
/// than 2³¹ events apart would change places, as they would in every run of the same seed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u128);

impl Entry {
    fn at(self) -> u64 {
        (self.0 >> 64) as u64
    }

    fn class(self) -> Class {
        Class::from_bits(self.0 as u64 >> (SEQUENCE_BITS + PAYLOAD_BITS))
    }

    fn payload(self) -> u32 {
        self.0 as u32 & (PAYLOAD_LIMIT - 1)
    }
}

/// The queue.
pub struct EventQueue {
    /// The next events, the first one last.
    near: Vec<Entry>,
    /// Events before `near_end` that were put in after `near` was sorted.
    inbox: BinaryHeap<Reverse<Entry>>,
    /// Events from this moment on are in the wheels.
    near_end: u64,
    /// The wheels' position: not after any event in them, and not after `near_end`.
    position: u64,
    wheels: [Wheel; WHEELS],
    chunks: Chunks,
    sequence: u64,
    len: usize,
    last: u64,
}

#[derive(Clone, Copy)]
struct Wheel {
    /// Which buckets have events.
    filled: u64,
    buckets: [Bucket; SLOTS],
}

#[derive(Clone, Copy)]
struct Bucket {
    newest: u32,
    len: u32,
}

const EMPTY: Bucket = Bucket { newest: Chunks::NONE, len: 0 };

impl Default for EventQueue {
    fn default() -> Self {
        Self {
            near: Vec::new(),
            inbox: BinaryHeap::new(),
            near_end: 0,
            position: 0,
            wheels: [Wheel { filled: 0, buckets: [EMPTY; SLOTS] }; WHEELS],
            chunks: Chunks::default(),
            sequence: 0,
            len: 0,
            last: 0,
        }
    }
}

impl EventQueue {
    /// Puts an event in. A moment that has passed counts as now; `payload` must be below
    /// [`PAYLOAD_LIMIT`].
    pub fn push(&mut self, at: Instant, class: Class, payload: u32) {
        debug_assert!(payload < PAYLOAD_LIMIT);
        let at = at.as_nanos().clamp(self.last, u64::MAX - 1);
        let order = (class as u64) << (SEQUENCE_BITS + PAYLOAD_BITS)
            | (self.sequence & ((1 << SEQUENCE_BITS) - 1)) << PAYLOAD_BITS
            | u64::from(payload);
        self.sequence += 1;
        self.len += 1;
        let entry = Entry(u128::from(at) << 64 | u128::from(order));
        if at < self.near_end {
            self.inbox.push(Reverse(entry));
        } else {
            self.file(entry);
        }
    }

    /// Takes the next event out.
    pub fn pop(&mut self) -> Option<(Instant, Class, u32)> {
        loop {
            let entry = match (self.near.last(), self.inbox.peek()) {
                (Some(near), Some(Reverse(inbox))) if inbox < near => self.pop_inbox(),
                (Some(_), _) => self.near.pop(),
                (None, Some(_)) => self.pop_inbox(),
                (None, None) => {
                    if !self.refill() {
                        return None;
                    }
                    continue;
                }
            };
            let entry = entry?;
            self.len -= 1;
            self.last = entry.at();
            return Some((Instant::from_nanos(entry.at()), entry.class(), entry.payload()));
        }
    }

    /// The class and payload of the event that is `ahead` places behind the next one, if it is among those
    /// that are sorted already. One may still come in between.
    #[inline]
    pub fn peek(&self, ahead: usize) -> Option<(Class, u32)> {
        let entry = self.near.get(self.near.len().checked_sub(ahead + 1)?)?;
        Some((entry.class(), entry.payload()))
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many events were ever put in.
    pub fn count(&self) -> u64 {
        self.sequence
    }

    fn pop_inbox(&mut self) -> Option<Entry> {
        self.inbox.pop().map(|Reverse(entry)| entry)
    }

    /// Files an event under the highest digit in which it differs from the position.
    fn file(&mut self, entry: Entry) {
        let differing = (entry.at() ^ self.position) | 1;
        let wheel = (63 - differing.leading_zeros()) / DIGIT;
        let slot = (entry.at() >> (wheel * DIGIT)) as usize % SLOTS;
        let wheel = &mut self.wheels[wheel as usize];
        wheel.filled |= 1 << slot;
        self.chunks.add(&mut wheel.buckets[slot], entry);
    }

    /// Makes `near` of the next bucket that has events. `false`: there is none.
    fn refill(&mut self) -> bool {
        loop {
            // A lower wheel holds what comes before everything in a higher one.
            let Some(wheel) = self.wheels.iter().position(|wheel| wheel.filled != 0) else {
                return false;
            };
            let slot = self.wheels[wheel].filled.trailing_zeros() as usize;
            self.wheels[wheel].filled &= !(1 << slot);
            let mut bucket = std::mem::replace(&mut self.wheels[wheel].buckets[slot], EMPTY);
            let low = wheel as u32 * DIGIT;
            // The position moves to the beginning of the bucket: its digit, and nothing below it.
            let above = low + DIGIT;
            let kept = if above >= 64 { 0 } else { self.position >> above << above };
            self.position = kept | (slot as u64) << low;
            if bucket.len <= SORTED_AS_IT_IS || wheel == 0 {
                self.near_end = self.position.saturating_add(1 << low);
                while let Some((chunk, len)) = self.chunks.take(&mut bucket) {
                    self.near.extend_from_slice(&self.chunks.chunks[chunk as usize].entries[..len]);
                }
                self.near.sort_unstable_by(|a, b| b.cmp(a));
                return true;
            }
            while let Some((chunk, len)) = self.chunks.take(&mut bucket) {
                for offset in 0..len {
                    self.file(self.chunks.chunks[chunk as usize].entries[offset]);
                }
            }
        }
    }
}

/// Memory of all buckets, in small pieces that are used again: it grows with the events that wait, not
/// with how they are spread over buckets.
#[derive(Default)]
struct Chunks {
    chunks: Vec<Chunk>,
    free: Vec<u32>,
}

struct Chunk {
    entries: [Entry; Chunks::SIZE],
    older: u32,
}

impl Chunks {
    const NONE: u32 = u32::MAX;
    const SIZE: usize = 16;

    fn add(&mut self, bucket: &mut Bucket, entry: Entry) {
        let offset = bucket.len as usize % Self::SIZE;
        if offset == 0 {
            let older = bucket.newest;
            bucket.newest = match self.free.pop() {
                Some(free) => {
                    self.chunks[free as usize].older = older;
                    free
                }
                None => {
                    self.chunks.push(Chunk { entries: [Entry(0); Self::SIZE], older });
                    self.chunks.len() as u32 - 1
                }
            };
        }
        self.chunks[bucket.newest as usize].entries[offset] = entry;
        bucket.len += 1;
    }

    /// The newest chunk of a bucket and how many events it has. It may be used again at once, but only
    /// by events that are filed after those in it were read.
    fn take(&mut self, bucket: &mut Bucket) -> Option<(u32, usize)> {
        let len = (bucket.len.checked_sub(1)? as usize % Self::SIZE) + 1;
        bucket.len -= len as u32;
        let chunk = bucket.newest;
        bucket.newest = self.chunks[chunk as usize].older;
        self.free.push(chunk);
        Some((chunk, len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    #[test]
    fn events_of_one_moment_come_by_class_and_then_as_they_were_put_in() {
        let mut queue = EventQueue::default();
        for (class, payload) in [
            (Class::Timer, 1),
            (Class::Delivery, 2),
            (Class::Delivery, 3),
            (Class::Host, 4),
            (Class::ServiceEnd, 5),
        ] {
            queue.push(at(7), class, payload);
        }
        let order: Vec<u32> =
            std::iter::from_fn(|| queue.pop()).map(|(.., payload)| payload).collect();
        assert_eq!(order, [4, 2, 3, 5, 1]);
    }

    #[test]
    fn a_moment_that_has_passed_counts_as_now() {
        let mut queue = EventQueue::default();
        queue.push(at(100), Class::Timer, 1);
        queue.pop();
        queue.push(at(3), Class::Timer, 2);
        assert_eq!(queue.pop(), Some((at(100), Class::Timer, 2)));
    }

    #[test]
    fn the_end_of_time_comes_last() {
        let mut queue = EventQueue::default();
        queue.push(Instant::NEVER, Class::Timer, 1);
        queue.push(at(0), Class::Timer, 2);
        queue.push(Instant::NEVER, Class::Host, 3);
        let order: Vec<u32> =
            std::iter::from_fn(|| queue.pop()).map(|(.., payload)| payload).collect();
        assert_eq!(order, [2, 3, 1]);
    }

    fn moments() -> impl Strategy<Value = u64> {
        prop_oneof![0..4u64, 0..1_000u64, 0..10_000_000_000u64, Just(1 << 40), any::<u64>()]
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_sorted_list(
            steps in proptest::collection::vec((moments(), 0u8..4, 0usize..4), 1..600)
        ) {
            let mut queue = EventQueue::default();
            let mut list: Vec<(u64, u8, u32)> = Vec::new();
            let mut now = 0u64;
            for (n, (ahead, class, pops)) in steps.into_iter().enumerate() {
                let moment = now.saturating_add(ahead).min(u64::MAX - 1);
                queue.push(at(moment), Class::from_bits(class.into()), n as u32);
                list.push((moment, class, n as u32));
                for _ in 0..pops {
                    list.sort();
                    let expected = (!list.is_empty()).then(|| list.remove(0));
                    let found = queue.pop().map(|(at, class, payload)| (at.as_nanos(), class as u8, payload));
                    prop_assert_eq!(found, expected);
                    now = found.map_or(now, |(at, ..)| at);
                }
                prop_assert_eq!(queue.len(), list.len());
            }
            list.sort();
            for expected in list {
                let found = queue.pop().map(|(at, class, payload)| (at.as_nanos(), class as u8, payload));
                prop_assert_eq!(found, Some(expected));
            }
            prop_assert_eq!(queue.pop(), None);
        }
    }
}
