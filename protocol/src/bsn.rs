//! The BSN, invented ones only, and the fingerprint by which health data can be told apart.
//!
//! Holds no real number: every BSN printed here begins with 9999, which is not issued, and passes the
//! eleven-check. There are 9,091 of those, so the printed number of a person is not unique in a large
//! population; comparisons are always made between persons, never between printed numbers.

use std::{fmt, sync::LazyLock};

use crate::{
    catalogue::Gegevensdienst,
    id::{PersonId, ZorgaanbiederId},
    message::Fingerprint,
};

/// The BSN of a person, as the care providers' side works with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bsn(pub PersonId);

impl Bsn {
    /// How many different numbers can be printed.
    pub const PRINTABLE: u32 = 9_091;

    /// The nine digits.
    pub fn digits(self) -> u32 {
        INVENTED[(self.0.0 % Self::PRINTABLE) as usize]
    }

    /// The BSN of these digits, if it is an invented one.
    pub fn from_digits(digits: u32) -> Option<Self> {
        INVENTED.binary_search(&digits).ok().map(|n| Self(PersonId(n as u32)))
    }
}

/// Every number that begins with 9999 and passes the eleven-check, in order.
static INVENTED: LazyLock<Vec<u32>> = LazyLock::new(|| {
    (999_900_000..=999_999_999).filter(|digits| passes_eleven_check(*digits)).collect()
});

impl fmt::Display for Bsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:09}", self.digits())
    }
}

impl fmt::Debug for Bsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bsn {self} of {:?}", self.0)
    }
}

/// The eleven-check on a BSN: digits weighted 9, 8, … 2, −1 add up to a multiple of eleven.
pub fn passes_eleven_check(digits: u32) -> bool {
    let (mut rest, mut sum) = (digits, 0i64);
    for weight in [-1, 2, 3, 4, 5, 6, 7, 8, 9] {
        sum += weight * i64::from(rest % 10);
        rest /= 10;
    }
    rest == 0 && sum % 11 == 0
}

/// The fingerprint of one person's data of one service at one Zorgaanbieder, in one version of the
/// source, for one query of the service.
pub fn fingerprint(
    person: PersonId,
    zorgaanbieder: ZorgaanbiederId,
    dienst: Gegevensdienst,
    call: u8,
    version: u32,
) -> Fingerprint {
    let mut value = u64::from(person.0) << 32 | u64::from(zorgaanbieder.0);
    for part in [u64::from(dienst.0) << 8 | u64::from(call), u64::from(version)] {
        // The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a bijection, so that two
        // persons at one Zorgaanbieder never share a fingerprint.
        value = value.wrapping_add(part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^= value >> 31;
    }
    Fingerprint(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_printed_bsn_is_invented_different_and_passes_the_eleven_check() {
        let all: BTreeSet<u32> = (0..Bsn::PRINTABLE).map(|n| Bsn(PersonId(n)).digits()).collect();
        assert_eq!(all.len(), Bsn::PRINTABLE as usize);
        for digits in all {
            assert!(passes_eleven_check(digits), "{digits}");
            assert_eq!(digits / 100_000, 9_999, "{digits}");
        }
    }

    #[test]
    fn a_printed_bsn_leads_back_to_its_person() {
        for n in [0, 1, 17, 9_090] {
            let bsn = Bsn(PersonId(n));
            assert_eq!(Bsn::from_digits(bsn.digits()), Some(bsn));
        }
        assert_eq!(Bsn::from_digits(123_456_782), None, "a number that may be real is refused");
        assert_eq!(Bsn::from_digits(999_900_001), None, "this one fails the eleven-check");
    }

    #[test]
    fn persons_services_and_versions_have_fingerprints_of_their_own() {
        let of = |person, dienst, call, version| {
            fingerprint(PersonId(person), ZorgaanbiederId(3), Gegevensdienst(dienst), call, version)
        };
        let all: BTreeSet<u64> = [of(1, 1, 0, 1), of(2, 1, 0, 1), of(1, 2, 0, 1), of(1, 1, 1, 1)]
            .into_iter()
            .chain([of(1, 1, 0, 2)])
            .map(|print| print.0)
            .collect();
        assert_eq!(all.len(), 5);
    }
}
