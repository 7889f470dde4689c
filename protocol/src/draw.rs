//! Keyed random draws: every draw is a pure function of (seed, replication, purpose, entity, n).
//!
//! Nothing here holds a state that two users could share, so that a fault, a rule or one more draw
//! somewhere moves no other draw (semantics 6). The generator is Philox2x64-10 of Salmon, Moraes, Dror
//! and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). Secret values of the twin do not
//! come from here but from the operating system.

use std::convert::Infallible;

use rand::TryRng;

/// What a draw is for. Draws for one purpose never move those for another. The numbers are part of the
/// key and therefore of every result: never reuse one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Purpose {
    /// When people arrive.
    Arrival = 1,
    /// Who arrives, and what that person is like.
    Person = 2,
    /// What the person wants: Zorgaanbieder and Gegevensdienst.
    Wish = 3,
    /// How long a person takes: choosing, logging in, answering.
    HumanTime = 4,
    /// What a person does: refuse, cancel, go back, retry.
    Behaviour = 5,
    /// How long a person waits for a page.
    Patience = 6,
    /// Cost of work done for a flow.
    Service = 7,
    /// Delay on a link, for a flow.
    Link = 8,
    /// Cost of work that no flow caused.
    HostService = 9,
    /// Delay on a link, of a message that no flow caused.
    HostLink = 10,
    /// Values that hosts draw for themselves: codes, tokens, cookies, polling phases.
    Host = 11,
    /// Health data behind a Zorgaanbieder: whether there are any, how many, how large.
    Data = 12,
    /// Which flows a result file keeps.
    Sample = 13,
    /// Random fault schedules.
    Chaos = 14,
    /// Toy models: validation and tests of the kernel.
    Toy = 15,
}

/// The draws for one purpose in one replication.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    key: u64,
}

impl Draws {
    /// Draws for this purpose.
    pub fn new(seed: u64, replication: u32, purpose: Purpose) -> Self {
        let counter = [u64::from(replication), purpose as u64];
        Self { key: philox(seed, counter)[0] }
    }

    /// The random words that belong to the `n`-th draw of one entity.
    #[inline]
    pub fn of(&self, entity: u64, n: u32) -> Words {
        let counter = [entity, u64::from(n) << 32];
        Words { key: self.key, counter, block: philox(self.key, counter), used: 0 }
    }

    /// A number of 128 bits: the `n`-th draw of one entity.
    #[inline]
    pub fn bits(&self, entity: u64, n: u32) -> u128 {
        let words = self.of(entity, n);
        u128::from(words.block[0]) << 64 | u128::from(words.block[1])
    }

    /// A number in [0, 1): the `n`-th draw of one entity.
    #[inline]
    pub fn unit(&self, entity: u64, n: u32) -> f64 {
        self.of(entity, n).unit()
    }
}

/// The words of one draw. A draw that needs more than one word, as rejection methods do, takes the next
/// ones from here and from nowhere else.
#[derive(Clone, Debug)]
pub struct Words {
    key: u64,
    counter: [u64; 2],
    block: [u64; 2],
    used: u8,
}

impl Words {
    /// A number in [0, 1).
    #[inline]
    pub fn unit(&mut self) -> f64 {
        unit(self.next_word())
    }

    #[inline]
    fn next_word(&mut self) -> u64 {
        if self.used == 2 {
            self.counter[1] = self.counter[1].wrapping_add(1);
            self.block = philox(self.key, self.counter);
            self.used = 0;
        }
        self.used += 1;
        self.block[usize::from(self.used - 1)]
    }
}

impl TryRng for Words {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next_word() >> 32) as u32)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next_word())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next_word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

/// The 53 upper bits of a word as a number in [0, 1).
#[inline]
fn unit(word: u64) -> f64 {
    (word >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// Philox2x64-10: ten rounds of multiply, cross over and bump the key.
#[inline]
fn philox(mut key: u64, mut counter: [u64; 2]) -> [u64; 2] {
    for _ in 0..10 {
        let product = 0xD2B7_4407_B1CE_6E93_u128 * u128::from(counter[0]);
        counter = [(product >> 64) as u64 ^ key ^ counter[1], product as u64];
        key = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that the authors publish with their Random123 library (kat_vectors).
    #[test]
    fn philox_gives_the_published_known_answers() {
        assert_eq!(philox(0, [0; 2]), [0xca00_a045_9843_d731, 0x66c2_4222_c9a8_45b5]);
        assert_eq!(philox(u64::MAX, [u64::MAX; 2]), [0x65b0_21d6_0cd8_310f, 0x4d02_f322_2f86_df20]);
        assert_eq!(
            philox(0xa409_3822_299f_31d0, [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344]),
            [0x0a5e_742c_2997_341c, 0xb0f8_83d3_8000_de5d]
        );
    }

    #[test]
    fn a_draw_depends_on_its_key_alone() {
        let draws = Draws::new(1, 0, Purpose::Link);
        let first = draws.unit(7, 3);
        draws.of(8, 3).unit();
        assert_eq!(draws.unit(7, 3), first);
        assert_ne!(draws.unit(7, 4), first);
        assert_ne!(draws.unit(8, 3), first);
        assert_ne!(Draws::new(2, 0, Purpose::Link).unit(7, 3), first);
        assert_ne!(Draws::new(1, 1, Purpose::Link).unit(7, 3), first);
        assert_ne!(Draws::new(1, 0, Purpose::Service).unit(7, 3), first);
    }

    #[test]
    fn the_words_of_a_draw_begin_with_its_bits() {
        let draws = Draws::new(5, 2, Purpose::Toy);
        assert_eq!(draws.of(1, 2).unit(), draws.unit(1, 2));
    }
}
