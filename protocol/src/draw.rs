//! Keyed random draws: every draw is a pure function of (seed, replication, purpose, entity, n).
//!
//! Nothing here holds a state that two users could share, so that a fault, a rule or one more draw
//! somewhere moves no other draw (semantics 6). The generator is Philox4x32-10 of Salmon, Moraes, Dror
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
    key: [u32; 2],
}

impl Draws {
    /// Draws for this purpose.
    pub fn new(seed: u64, replication: u32, purpose: Purpose) -> Self {
        let block = philox(halves(seed), [replication, purpose as u32, 0, 0]);
        Self { key: [block[0], block[1]] }
    }

    /// The random words that belong to the `n`-th draw of one entity.
    pub fn of(&self, entity: u64, n: u32) -> Words {
        let [low, high] = halves(entity);
        Words { key: self.key, counter: [0, n, low, high], block: [0; 4], left: 0 }
    }

    /// A number of 128 bits: the `n`-th draw of one entity.
    pub fn bits(&self, entity: u64, n: u32) -> u128 {
        let [low, high] = halves(entity);
        let [a, b, c, d] = philox(self.key, [0, n, low, high]);
        u128::from(a) << 96 | u128::from(b) << 64 | u128::from(c) << 32 | u128::from(d)
    }

    /// A number in [0, 1): the `n`-th draw of one entity.
    pub fn unit(&self, entity: u64, n: u32) -> f64 {
        unit((self.bits(entity, n) >> 64) as u64)
    }
}

/// The words of one draw. A draw that needs more than one word, as rejection methods do, takes the next
/// ones from here and from nowhere else.
#[derive(Clone, Debug)]
pub struct Words {
    key: [u32; 2],
    counter: [u32; 4],
    block: [u32; 4],
    left: u8,
}

impl Words {
    /// A number in [0, 1).
    pub fn unit(&mut self) -> f64 {
        let Ok(word) = self.try_next_u64();
        unit(word)
    }

    fn next_word(&mut self) -> u32 {
        if self.left == 0 {
            self.block = philox(self.key, self.counter);
            self.counter[0] = self.counter[0].wrapping_add(1);
            self.left = 4;
        }
        self.left -= 1;
        self.block[3 - usize::from(self.left)]
    }
}

impl TryRng for Words {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next_word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from(self.next_word()) << 32 | u64::from(self.next_word()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            let word = self.next_word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

/// The 53 upper bits of a word as a number in [0, 1).
fn unit(word: u64) -> f64 {
    (word >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

fn halves(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

/// Philox4x32-10: ten rounds of multiply, cross over and add the key.
fn philox(mut key: [u32; 2], mut counter: [u32; 4]) -> [u32; 4] {
    for _ in 0..10 {
        let a = 0xD251_1F53_u64 * u64::from(counter[0]);
        let b = 0xCD9E_8D57_u64 * u64::from(counter[2]);
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that the authors publish with their Random123 library (kat_vectors).
    #[test]
    fn philox_gives_the_published_known_answers() {
        assert_eq!(philox([0; 2], [0; 4]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([u32::MAX; 2], [u32::MAX; 4]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox(
                [0xa409_3822, 0x299f_31d0],
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
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
