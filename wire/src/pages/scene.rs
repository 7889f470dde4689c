//! What people see on pages beside what the messages say: names, what is on offer, who can log in, what was collected.
//!
//! Shapes no message: a page with an empty scene has the same meaning as one with a full one.

use protocol::{
    catalogue::Gegevensdienst,
    id::{NameId, PersonId, ZorgaanbiederId},
};

/// What people see beside the messages. Whoever knows nothing of it shows plain pages: [`Bare`].
pub trait Scene {
    /// The name of the organisation behind a host; none: as the lists have it.
    fn organisation_name(&self, _host: NameId) -> Option<String> {
        None
    }
    /// The name of a Zorgaanbieder; none: its Zorgaanbiedernaam.
    fn zorgaanbieder_name(&self, _zorgaanbieder: ZorgaanbiederId) -> Option<String> {
        None
    }
    /// What a PGO has on offer, in the order in which it shows it.
    fn offers(&self, _pgo: NameId) -> Vec<Offering> {
        Vec::new()
    }
    /// Who can log in.
    fn test_persons(&self) -> Vec<TestPerson> {
        Vec::new()
    }
    /// What a PGO keeps of the person who looks, newest first.
    fn dossier(&self, _pgo: NameId) -> Vec<DossierItem> {
        Vec::new()
    }
}

/// A scene with nothing in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bare;

impl Scene for Bare {}

/// A Zorgaanbieder and its services.
#[derive(Clone, PartialEq, Debug)]
pub struct Offering {
    /// Zorgaanbiedernaam.
    pub naam: String,
    /// Its name as people know it.
    pub name: String,
    /// What it offers.
    pub services: Vec<Gegevensdienst>,
}

/// An invented person who can log in at the simulated DigiD.
#[derive(Clone, PartialEq, Debug)]
pub struct TestPerson {
    /// Which.
    pub account: PersonId,
    /// Name.
    pub name: String,
    /// Date of birth as people read it.
    pub born: String,
}

/// One item of a Dossier.
#[derive(Clone, PartialEq, Debug)]
pub struct DossierItem {
    /// What it is.
    pub what: String,
    /// From whom it came.
    pub from: String,
    /// When it came, as people read it.
    pub when: String,
    /// Whether it is still as it came (PI 3).
    pub unchanged: bool,
}
