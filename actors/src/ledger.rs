//! A durable journal that does not grow: the newest entries, how many there ever were, and a running digest
//! over all of them.
//!
//! What decisions need stays; the full log leaves as trace events (semantics 8). Does not know what is
//! written in it. The digest tells two journals apart and shows a changed entry; it is no cryptographic seal.

use std::collections::VecDeque;

/// An entry of a journal.
pub trait Entry {
    /// Its content as words, in a fixed order.
    fn words(&self) -> impl IntoIterator<Item = u64>;

    /// A digest of its content.
    fn digest(&self) -> u64 {
        self.words().into_iter().fold(0, mix)
    }
}

/// The newest entries of a journal.
#[derive(Clone, PartialEq, Debug)]
pub struct Ledger<T> {
    entries: VecDeque<Sealed<T>>,
    count: u64,
    digest: u64,
}

/// An entry as it was written, with its digest at that moment.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Sealed<T> {
    entry: T,
    seal: u64,
}

impl<T> Default for Ledger<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Ledger<T> {
    /// How many entries are kept in full.
    pub const KEPT: usize = 256;

    /// A journal in which nothing was written yet.
    pub const fn new() -> Self {
        Self { entries: VecDeque::new(), count: 0, digest: 0 }
    }

    /// How many entries were ever written.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The digest over all that was ever written.
    pub const fn digest(&self) -> u64 {
        self.digest
    }

    /// The newest entry.
    pub fn newest(&self) -> Option<&T> {
        self.entries.back().map(|sealed| &sealed.entry)
    }
}

impl<T: Entry> Ledger<T> {
    /// Writes an entry.
    pub fn write(&mut self, entry: T) {
        if self.entries.len() == Self::KEPT {
            self.entries.pop_front();
        }
        let seal = entry.digest();
        self.entries.push_back(Sealed { entry, seal });
        self.count += 1;
        self.digest = mix(self.digest, seal);
    }

    /// The newest entries, newest first, each with whether it has not changed since it was written.
    pub fn newest_first(&self) -> impl Iterator<Item = (&T, bool)> {
        self.entries
            .iter()
            .rev()
            .map(|sealed| (&sealed.entry, sealed.entry.digest() == sealed.seal))
    }

    /// Changes the newest entry behind the journal's back.
    #[cfg(test)]
    pub(crate) fn tamper(&mut self, change: impl FnOnce(&mut T)) {
        if let Some(sealed) = self.entries.back_mut() {
            change(&mut sealed.entry);
        }
    }
}

/// One more word in a digest: the finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
fn mix(digest: u64, word: u64) -> u64 {
    let mut value = (digest.rotate_left(5) ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Entry for u64 {
        fn words(&self) -> impl IntoIterator<Item = u64> {
            [*self]
        }
    }

    #[test]
    fn a_journal_keeps_its_newest_entries_and_counts_all() {
        let mut ledger = Ledger::new();
        for entry in 0..1_000u64 {
            ledger.write(entry);
        }
        assert_eq!(ledger.count(), 1_000);
        assert_eq!(ledger.newest(), Some(&999));
        let kept: Vec<u64> = ledger.newest_first().map(|(entry, _)| *entry).collect();
        assert_eq!(kept.len(), Ledger::<u64>::KEPT);
        assert_eq!((kept[0], kept[255]), (999, 744));
    }

    #[test]
    fn an_entry_that_was_left_out_shows_in_the_digest_for_ever() {
        let (mut all, mut some) = (Ledger::new(), Ledger::new());
        for entry in 0..1_000u64 {
            all.write(entry);
            if entry != 3 {
                some.write(entry);
            }
        }
        assert_ne!(all.digest(), some.digest());
    }

    #[test]
    fn an_entry_that_was_changed_later_is_found() {
        let mut ledger = Ledger::new();
        ledger.write(1u64);
        ledger.write(2u64);
        ledger.tamper(|entry| *entry = 7);
        assert_eq!(ledger.newest_first().collect::<Vec<_>>(), [(&7, false), (&1, true)]);
    }
}
