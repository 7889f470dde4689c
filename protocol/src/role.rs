//! Roles that hosts play. A host, its role and the organisation behind it are separate things: one
//! organisation may run several hosts.

/// A role in the network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Role {
    /// A person behind a browser: a visitor.
    Person,
    /// PGO gateway.
    Pgo,
    /// ZA gateway.
    Za,
    /// DigiD.
    Digid,
    /// MedMij Registratie, which serves the lists.
    Stelselnode,
    /// A certificate authority's OCSP responder.
    Ocsp,
    /// The systems of one Zorgaanbieder, behind a ZA gateway.
    Xis,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] =
        [Self::Person, Self::Pgo, Self::Za, Self::Digid, Self::Stelselnode, Self::Ocsp, Self::Xis];

    /// As files name it; hosts are called after it: `za-2`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Pgo => "pgo",
            Self::Za => "za",
            Self::Digid => "digid",
            Self::Stelselnode => "stelselnode",
            Self::Ocsp => "ocsp",
            Self::Xis => "xis",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}
