//! What survives a crash. One value for every role, with a facet per kind of standing state: a host may have
//! several roles (semantics 5), and what is of no use to it stays empty and costs nothing.
//!
//! Volatile, and therefore not here: codes, tokens, sessions, lists in use, OCSP answers.

use std::{collections::BTreeSet, sync::Arc};

use protocol::{
    bsn::Bsn,
    catalogue::Gegevensdienst,
    id::{Cookie, NameId, Opaque, Serial, ZorgaanbiederId},
    message::{ConsentAnswer, Fingerprint},
    register::{ListKind, ListVersion, Register},
    time::{Duration, WallTime},
    trace::Stored,
};

use crate::ledger::{Entry, Ledger};

/// What survives a crash.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Durable {
    /// When in its period each list is fetched, in the order of [`ListKind::ALL`]; none before the first start.
    pub phases: [Option<Duration>; ListKind::ALL.len()],
    /// The ZA GW's log of answers to the consent question (step 10 and exception 4).
    pub consents: Ledger<Consent>,
    /// The PGO GW's log of codes, taken as proof of consent (step 11).
    pub proofs: Ledger<ProofOfConsent>,
    /// The PGO GW's Dossiers (step 16).
    pub dossier: Ledger<DossierItem>,
    /// MedMij Registratie's register, and what was published of it.
    pub registration: Registration,
    /// The certificates that a certificate authority revoked.
    pub revoked: BTreeSet<Serial>,
}

impl Durable {
    /// Of a host that keeps nothing.
    pub const NOTHING: Self = Self {
        phases: [None; ListKind::ALL.len()],
        consents: Ledger::new(),
        proofs: Ledger::new(),
        dossier: Ledger::new(),
        registration: Registration {
            register: Register {
                gateways: Vec::new(),
                listings: Vec::new(),
                addresses: Vec::new(),
                moves: Vec::new(),
                prepared: Vec::new(),
            },
            published: Vec::new(),
            previous: Vec::new(),
            numbers: [0; ListKind::ALL.len()],
        },
        revoked: BTreeSet::new(),
    };
}

/// What MedMij Registratie keeps.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Registration {
    /// The register as it stands.
    pub register: Register,
    /// The current version of each list, in the order of [`ListKind::ALL`].
    pub published: Vec<Arc<ListVersion>>,
    /// The version before that of each list which had one, as long as it was not taken back.
    pub previous: Vec<Arc<ListVersion>>,
    /// The highest number given to each list: a number is never used again, taken back or not.
    pub numbers: [u32; ListKind::ALL.len()],
}

impl Registration {
    /// Gives a list another current version.
    pub fn put(&mut self, list: ListVersion) {
        let place = list.kind as usize;
        let Some(current) = self.published.get_mut(place) else { return };
        self.numbers[place] = self.numbers[place].max(list.number);
        let before = std::mem::replace(current, Arc::new(list));
        self.previous.retain(|previous| previous.kind != before.kind);
        self.previous.push(before);
    }

    /// Makes the version before the current one current again. `false`: there is none.
    pub fn take_back(&mut self, kind: ListKind) -> bool {
        let Some(place) = self.previous.iter().position(|previous| previous.kind == kind) else {
            return false;
        };
        let Some(current) = self.published.get_mut(kind as usize) else { return false };
        *current = self.previous.swap_remove(place);
        true
    }

    /// The number that the next version of a list has.
    pub fn next_number(&self, kind: ListKind) -> u32 {
        let current = self.current(kind).map_or(0, |list| list.number);
        current.max(self.numbers[kind as usize]).saturating_add(1)
    }

    /// The current version of a list.
    pub fn current(&self, kind: ListKind) -> Option<&Arc<ListVersion>> {
        self.published.get(kind as usize)
    }
}

/// One answer to the consent question.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Consent {
    /// When.
    pub at: WallTime,
    /// Whose.
    pub bsn: Bsn,
    /// To whom.
    pub zorgaanbieder: ZorgaanbiederId,
    /// For what.
    pub dienst: Gegevensdienst,
    /// For which PGO.
    pub client: NameId,
    /// The answer.
    pub answer: ConsentAnswer,
}

impl Entry for Consent {
    fn words(&self) -> impl IntoIterator<Item = u64> {
        [
            self.at.as_nanos() as u64,
            u64::from(self.bsn.0.0) << 32 | u64::from(self.zorgaanbieder.0),
            u64::from(self.client.0) << 16 | u64::from(self.dienst.0) << 8 | self.answer as u64,
        ]
    }
}

/// One code, taken as proof that the person consented.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ProofOfConsent {
    /// When.
    pub at: WallTime,
    /// The code.
    pub code: Opaque,
    /// To whom.
    pub zorgaanbieder: ZorgaanbiederId,
    /// For what.
    pub dienst: Gegevensdienst,
}

impl Entry for ProofOfConsent {
    fn words(&self) -> impl IntoIterator<Item = u64> {
        [
            self.at.as_nanos() as u64,
            (self.code.0 >> 64) as u64,
            self.code.0 as u64,
            u64::from(self.zorgaanbieder.0) << 8 | u64::from(self.dienst.0),
        ]
    }
}

/// One answer, as it stands in a Dossier (step 16): that it came over MedMij, when, and what. The consent
/// profile is explicit consent for every collection of releases 1.x.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DossierItem {
    /// Of which browser session's Dossier. The PGO knows no person: its own login is not modelled.
    pub session: Cookie,
    /// What came, and when.
    pub stored: Stored,
    /// Fingerprint of the data.
    pub fingerprint: Fingerprint,
}

impl Entry for DossierItem {
    fn words(&self) -> impl IntoIterator<Item = u64> {
        let Stored { zorgaanbieder, dienst, call, bytes, received, version } = self.stored;
        [
            u64::from(self.session.place) << 32 | u64::from(self.session.tag),
            u64::from(zorgaanbieder.0) << 16 | u64::from(dienst.0) << 8 | u64::from(call),
            u64::from(bytes) << 32 | u64::from(version),
            received.as_nanos() as u64,
            self.fingerprint.0,
        ]
    }
}
