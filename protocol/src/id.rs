//! Small numbers that stand for things: hosts, names, exchanges, persons.
//!
//! An id says nothing about what it stands for; [`crate::names::Names`] keeps the texts.

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index into a table that is kept by these ids.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    )*};
}

ids! {
    /// A machine that takes part: one actor behind one station. Visitors (people's browsers) come and go
    /// and have the highest bit set.
    HostId, "host-";
    /// A hostname. A host may have several; a name leads to one host at a time.
    NameId, "name-";
    /// One opened connection between two hosts.
    ConnectionId, "connection-";
    /// A Zorgaanbieder, by its place in the run's tables.
    ZorgaanbiederId, "zorgaanbieder-";
    /// A person. What the person is like is a function of the seed and this number.
    PersonId, "person-";
    /// The serial number of a certificate.
    Serial, "serial-";
}

impl HostId {
    const VISITOR: u32 = 1 << 31;

    /// The visitor in that place of a driver's table of visitors.
    pub const fn visitor(place: u32) -> Self {
        Self(place | Self::VISITOR)
    }

    /// Whether this is a visitor: an actor without a station, that exists for a while only.
    pub const fn is_visitor(self) -> bool {
        self.0 & Self::VISITOR != 0
    }

    /// The place in the driver's table of hosts, or of visitors.
    pub const fn place(self) -> usize {
        (self.0 & !Self::VISITOR) as usize
    }
}

/// One exchange: a request and what became of it. `turn` tells apart the exchanges that used the same
/// place one after another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId {
    /// Place in the driver's table of exchanges.
    pub place: u32,
    /// How many exchanges had this place before.
    pub turn: u32,
}

impl fmt::Debug for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exchange-{}.{}", self.place, self.turn)
    }
}

/// One attempt of one person to get one wish served. Known to drivers only: no actor ever sees it (semantics 5).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FlowId {
    /// The arrival: a person with a wish.
    pub arrival: u32,
    /// 1 for the first attempt.
    pub attempt: u16,
}

impl fmt::Display for FlowId {
    /// `17.1`: the first attempt of arrival 17.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.arrival, self.attempt)
    }
}

/// An unguessable 128-bit value whose meaning only its maker knows: `state`, RelayState, artifact, code, token.
///
/// Packed to four bytes, so that an [`crate::message::Envelope`] stays small.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(Rust, packed(4))]
pub struct Opaque(pub u128);

impl Opaque {
    /// The value that `bits` become as a UUID of version 4 (RFC 4122 §4.4): six of its bits are fixed.
    pub const fn uuid_v4(bits: u128) -> Self {
        const VERSION: u128 = 0xf << 76;
        const VARIANT: u128 = 0x3 << 62;
        Self(bits & !VERSION & !VARIANT | 4 << 76 | 2 << 62)
    }

    /// Whether the version and variant bits are those of a UUID of version 4 (APP 11).
    pub const fn is_uuid_v4(self) -> bool {
        self.0 >> 76 & 0xf == 4 && self.0 >> 62 & 0x3 == 2
    }
}

impl fmt::Display for Opaque {
    /// In the form of a UUID.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            value >> 96,
            value >> 80 & 0xffff,
            value >> 64 & 0xffff,
            value >> 48 & 0xffff,
            value & 0xffff_ffff_ffff
        )
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What one host set in one browser, so that it knows that browser again: the place of a session and a
/// tag that cannot be guessed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cookie {
    /// Place in the setter's table of sessions.
    pub place: u32,
    /// Random tag.
    pub tag: u32,
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cookie-{:08x}{:08x}", self.place, self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_opaque_value_shows_itself_as_a_uuid() {
        let value = Opaque::uuid_v4(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(value.to_string(), "01234567-89ab-4def-8123-456789abcdef");
    }

    proptest! {
        #[test]
        fn every_value_can_be_made_a_uuid_of_version_4(bits: u128) {
            prop_assert!(Opaque::uuid_v4(bits).is_uuid_v4());
            prop_assert_eq!(Opaque::uuid_v4(Opaque::uuid_v4(bits).0), Opaque::uuid_v4(bits));
        }
    }
}
