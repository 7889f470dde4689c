//! The live set: unguessable values that are valid for a while, each with what its maker knows of it.
//!
//! The one hash table allowed below `twin` (semantics 7). It offers no iterator, so that the order of
//! its hashes can never show in a result. Values leave in the order in which they came, which is why one
//! timer for the oldest is enough. Does not decide whether a value is still valid: that is its user's clock.

use std::{collections::VecDeque, hash::BuildHasher};

use foldhash::fast::FixedState;
use hashbrown::{HashTable, hash_table::Entry};

use crate::{id::Opaque, time::Instant};

/// Values kept together: small enough that growing copies little, large enough that finding is quick.
const CHUNK: usize = 1024;

/// Values with a `T` each, in the order in which they were put in.
#[derive(Clone, Debug)]
pub struct LiveSet<T> {
    index: HashTable<u32>,
    chunks: VecDeque<Chunk<T>>,
    /// Ticket of the first place of the first chunk. Tickets count on and may wrap around.
    first: u32,
    /// Places of the first chunk that were forgotten already.
    forgotten: usize,
    next: u32,
}

/// Side by side instead of one struct, because padding would cost eight bytes a value.
#[derive(Clone, Debug)]
struct Chunk<T> {
    values: Vec<Opaque>,
    since: Vec<Instant>,
    data: Vec<T>,
}

/// Where a value stands in a [`LiveSet`]: leads back to it without a search, until it is forgotten. Who kept
/// one longer than that finds nothing, or after four billion more values another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ticket(pub u32);

impl<T> Default for LiveSet<T> {
    fn default() -> Self {
        Self { index: HashTable::new(), chunks: VecDeque::new(), first: 0, forgotten: 0, next: 0 }
    }
}

impl<T> LiveSet<T> {
    /// Whether the value is here.
    pub fn contains(&self, value: Opaque) -> bool {
        self.ticket(value).is_some()
    }

    /// What is known of the value, and since when it is here.
    pub fn get(&self, value: Opaque) -> Option<(Instant, &T)> {
        let (chunk, offset) = self.place(self.ticket(value)?);
        Some((chunk.since[offset], &chunk.data[offset]))
    }

    /// What is known of the value, to change it, and since when it is here.
    pub fn get_mut(&mut self, value: Opaque) -> Option<(Instant, &mut T)> {
        let ticket = self.ticket(value)?;
        let distance = ticket.wrapping_sub(self.first) as usize;
        let chunk = &mut self.chunks[distance / CHUNK];
        let offset = distance % CHUNK;
        Some((chunk.since[offset], &mut chunk.data[offset]))
    }

    /// Where the value stands, if it is here.
    pub fn ticket_of(&self, value: Opaque) -> Option<Ticket> {
        self.ticket(value).map(Ticket)
    }

    /// What is known of the value that stands there, and since when it is here. A value that came again
    /// stands in a new place; what was known of its earlier coming stays where it was.
    pub fn at(&self, ticket: Ticket) -> Option<(Instant, &T)> {
        let (chunk, offset) = self.offset(ticket)?;
        let chunk = &self.chunks[chunk];
        Some((chunk.since[offset], &chunk.data[offset]))
    }

    /// The same, to change it.
    pub fn at_mut(&mut self, ticket: Ticket) -> Option<(Instant, &mut T)> {
        let (chunk, offset) = self.offset(ticket)?;
        let chunk = &mut self.chunks[chunk];
        Some((chunk.since[offset], &mut chunk.data[offset]))
    }

    /// Puts a value in. If it is here already, the later one takes its place from now on, and `true` comes
    /// back: a collision. `now` must not be before that of an earlier call.
    pub fn insert(&mut self, value: Opaque, now: Instant, data: T) -> bool {
        let ticket = self.next;
        self.next = self.next.wrapping_add(1);
        if self.chunks.back().is_none_or(|chunk| chunk.values.len() == CHUNK) {
            self.chunks.push_back(Chunk {
                values: Vec::with_capacity(CHUNK),
                since: Vec::with_capacity(CHUNK),
                data: Vec::with_capacity(CHUNK),
            });
        }
        let chunk = self.chunks.back_mut().expect("a chunk with room was made above");
        chunk.values.push(value);
        chunk.since.push(now);
        chunk.data.push(data);
        let (chunks, first) = (&self.chunks, self.first);
        let value_at = |ticket: &u32| {
            let distance = ticket.wrapping_sub(first) as usize;
            chunks[distance / CHUNK].values[distance % CHUNK]
        };
        match self.index.entry(
            hash(value),
            |ticket| value_at(ticket) == value,
            |ticket| hash(value_at(ticket)),
        ) {
            Entry::Occupied(mut entry) => {
                *entry.get_mut() = ticket;
                true
            }
            Entry::Vacant(entry) => {
                entry.insert(ticket);
                false
            }
        }
    }

    /// Since when the oldest value is here.
    pub fn oldest(&self) -> Option<Instant> {
        self.chunks.front().and_then(|chunk| chunk.since.get(self.forgotten)).copied()
    }

    /// Forgets every value that came before `limit`, and gives what was known of each to `leaving`.
    pub fn forget_before(&mut self, limit: Instant, mut leaving: impl FnMut(Opaque, &T)) {
        while self.oldest().is_some_and(|since| since < limit) {
            let ticket = self.first.wrapping_add(self.forgotten as u32);
            let chunk = &self.chunks[0];
            let value = chunk.values[self.forgotten];
            // A value that was overwritten is indexed under its later ticket: that one stays.
            if let Ok(entry) = self.index.find_entry(hash(value), |found| *found == ticket) {
                entry.remove();
                leaving(value, &chunk.data[self.forgotten]);
            }
            self.forgotten += 1;
            if self.forgotten == CHUNK {
                self.chunks.pop_front();
                self.first = self.first.wrapping_add(CHUNK as u32);
                self.forgotten = 0;
            }
        }
    }

    /// How many different values are here.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether nothing is here.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    fn ticket(&self, value: Opaque) -> Option<u32> {
        self.index
            .find(hash(value), |ticket| {
                let (chunk, offset) = self.place(*ticket);
                chunk.values[offset] == value
            })
            .copied()
    }

    fn offset(&self, Ticket(ticket): Ticket) -> Option<(usize, usize)> {
        let distance = ticket.wrapping_sub(self.first) as usize;
        let there = self.forgotten..self.next.wrapping_sub(self.first) as usize;
        there.contains(&distance).then_some((distance / CHUNK, distance % CHUNK))
    }

    fn place(&self, ticket: u32) -> (&Chunk<T>, usize) {
        let distance = ticket.wrapping_sub(self.first) as usize;
        (&self.chunks[distance / CHUNK], distance % CHUNK)
    }
}

/// The seed is fixed, so that the same run takes the same memory and time everywhere.
fn hash(value: Opaque) -> u64 {
    FixedState::with_seed(0).hash_one(value.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_value_that_came_twice_stays_until_its_later_coming_is_old() {
        let mut set = LiveSet::default();
        assert!(!set.insert(Opaque(7), at(1), 'a'));
        assert!(set.insert(Opaque(7), at(5), 'b'));
        assert_eq!(set.get(Opaque(7)), Some((at(5), &'b')));
        set.forget_before(at(3), |_, _| panic!("nothing that is still here may leave"));
        assert_eq!(set.len(), 1);
        let mut left = Vec::new();
        set.forget_before(at(6), |value, data| left.push((value, *data)));
        assert_eq!(left, [(Opaque(7), 'b')]);
        assert!(set.is_empty());
    }

    #[test]
    fn a_ticket_leads_to_its_value_until_that_is_forgotten() {
        let mut set = LiveSet::default();
        assert_eq!(set.at(Ticket(0)), None);
        set.insert(Opaque(7), at(1), 'a');
        let early = set.ticket_of(Opaque(7)).unwrap();
        set.insert(Opaque(7), at(5), 'b');
        let late = set.ticket_of(Opaque(7)).unwrap();
        *set.at_mut(late).unwrap().1 = 'c';
        assert_eq!((set.at(early), set.at(late)), (Some((at(1), &'a')), Some((at(5), &'c'))));
        set.forget_before(at(3), |_, _| {});
        assert_eq!((set.at(early), set.at(late)), (None, Some((at(5), &'c'))));
        assert_eq!(set.at(Ticket(late.0 + 1)), None);
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_plain_list(
            steps in proptest::collection::vec((0u128..50, 0u64..3, any::<bool>()), 1..3000)
        ) {
            let mut set = LiveSet::default();
            let mut list: Vec<(Opaque, Instant, usize)> = Vec::new();
            let mut now = 0;
            for (n, (value, passed, forget)) in steps.into_iter().enumerate() {
                now += passed;
                let value = Opaque(value);
                if forget {
                    let limit = at(now.saturating_sub(20));
                    set.forget_before(limit, |_, _| {});
                    list.retain(|(_, since, _)| *since >= limit);
                } else {
                    let known = list.iter().any(|(other, ..)| *other == value);
                    prop_assert_eq!(set.insert(value, at(now), n), known);
                    list.retain(|(other, ..)| *other != value);
                    list.push((value, at(now), n));
                }
                prop_assert_eq!(set.len(), list.len());
                for (value, since, data) in &list {
                    prop_assert_eq!(set.get(*value), Some((*since, data)));
                }
            }
        }
    }
}
