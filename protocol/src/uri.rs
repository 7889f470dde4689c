//! URIs as the network passes them along: an id of the text, and what the rules ask of it.
//!
//! Does not keep the text ([`crate::names::Names`]) and does not parse it (`names`, `wire`).

use crate::id::NameId;

/// A URI: endpoint, redirect URI or location. A stranger's text is one too, hostile or not; its flags then
/// say what is wrong with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Uri {
    /// The host it leads to.
    pub host: NameId,
    /// Place of the text in the run's table, and the flags in the upper byte.
    packed: u32,
}

/// What the rules ask of a URI (APP 15; the list schemas).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct UriFlags {
    /// Its scheme is `https`.
    pub https: bool,
    /// It is absolute: scheme, host, path, nothing left to fill in.
    pub full: bool,
    /// It has a query or a fragment.
    pub query_or_fragment: bool,
    /// It names a port.
    pub port: bool,
}

impl Uri {
    /// How many texts a run can tell apart.
    pub const LIMIT: u32 = 1 << 24;

    /// The URI whose text has this place; below [`Self::LIMIT`].
    pub const fn new(place: u32, host: NameId, flags: UriFlags) -> Self {
        assert!(place < Self::LIMIT, "more URIs than a run can tell apart");
        let bits = flags.https as u32
            | (flags.full as u32) << 1
            | (flags.query_or_fragment as u32) << 2
            | (flags.port as u32) << 3;
        Self { host, packed: place | bits << 24 }
    }

    /// Place of the text in the run's table.
    pub const fn place(self) -> usize {
        (self.packed & (Self::LIMIT - 1)) as usize
    }

    /// What the rules ask of it.
    pub const fn flags(self) -> UriFlags {
        let bits = self.packed >> 24;
        UriFlags {
            https: bits & 1 != 0,
            full: bits & 2 != 0,
            query_or_fragment: bits & 4 != 0,
            port: bits & 8 != 0,
        }
    }

    /// Whether a redirect to it is allowed at all: full, over HTTPS (APP 15), without query or fragment
    /// (RFC 6749 §3.1.2) and without a port (the list schemas).
    pub const fn may_be_redirected_to(self) -> bool {
        let flags = self.flags();
        flags.https && flags.full && !flags.query_or_fragment && !flags.port
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_and_flags_come_back_as_they_went_in() {
        let flags = UriFlags { https: true, full: true, query_or_fragment: false, port: true };
        let uri = Uri::new(Uri::LIMIT - 1, NameId(4), flags);
        assert_eq!((uri.place(), uri.flags(), uri.host), (0xff_ffff, flags, NameId(4)));
        assert!(!uri.may_be_redirected_to());
    }
}
