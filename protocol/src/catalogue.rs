//! The Gegevenscatalogus: which Gegevensdiensten there are, and what a PGO asks to collect one.
//!
//! Numbers 1 to 7 are those of the Gegevensdienstnamenlijst of release 1.1; from 28 on those of later
//! years, which the topologies of 2023 use. Does not say who offers what: that is the ZAL.
//! Sizes are means of public test data, not of production.

use std::fmt;

use crate::id::ZorgaanbiederId;

/// A Gegevensdienst, by its place in [`CATALOGUE`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gegevensdienst(pub u8);

/// One row of the catalogue.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Service {
    /// GegevensdienstId, as lists and scopes write it.
    pub id: &'static str,
    /// Weergavenaam.
    pub name: &'static str,
    /// Systeemrolcodes of the care provider's side, as the ZAL names them.
    pub roles: &'static [&'static str],
    /// The FHIR STU3 queries that a PGO makes to collect it, in order.
    pub calls: &'static [Call],
}

/// One FHIR query of a service.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Call {
    /// The query below the resource endpoint.
    pub query: &'static str,
    /// Mean size of the answer in bytes.
    pub mean_bytes: u32,
    /// Whether it is made once for each document that an earlier answer listed.
    pub per_document: bool,
}

const fn call(query: &'static str, mean_bytes: u32) -> Call {
    Call { query, mean_bytes, per_document: false }
}

/// Basisgegevens Zorg: 28 queries. Sizes: bundles of public fixtures, mean 8.7 kB.
const BASISGEGEVENS_ZORG: &[Call] = &[
    call("Patient?_include=Patient:general-practitioner", 9_000),
    call("Coverage?_include=Coverage:payor:Patient&_include=Coverage:payor:Organization", 8_000),
    call("Consent?category=http://snomed.info/sct|11291000146105", 4_000),
    call("Consent?category=http://snomed.info/sct|11341000146107", 4_000),
    call(
        "Observation/$lastn?category=http://snomed.info/sct|118228005,http://snomed.info/sct|384821006",
        12_000,
    ),
    call("Condition", 20_000),
    call("Observation/$lastn?code=http://snomed.info/sct|365508006", 5_000),
    call("Observation?code=http://snomed.info/sct|228366006", 5_000),
    call("Observation?code=http://snomed.info/sct|228273003", 5_000),
    call("Observation?code=http://snomed.info/sct|365980008", 5_000),
    call("NutritionOrder", 4_000),
    call("Flag", 5_000),
    call("AllergyIntolerance", 8_000),
    call(
        "MedicationStatement?category=urn:oid:2.16.840.1.113883.2.4.3.11.60.20.77.5.3|6&_include=MedicationStatement:medication",
        20_000,
    ),
    call(
        "MedicationRequest?category=http://snomed.info/sct|16076005&_include=MedicationRequest:medication",
        20_000,
    ),
    call(
        "MedicationDispense?category=http://snomed.info/sct|422037009&_include=MedicationDispense:medication",
        20_000,
    ),
    call("DeviceUseStatement?_include=DeviceUseStatement:device", 6_000),
    call("Immunization?status=completed", 6_000),
    call("Observation/$lastn?code=http://loinc.org|85354-9", 5_000),
    call("Observation/$lastn?code=http://loinc.org|29463-7", 4_000),
    call(
        "Observation/$lastn?code=http://loinc.org|8302-2,http://loinc.org|8306-3,http://loinc.org|8308-9",
        4_000,
    ),
    call(
        "Observation/$lastn?category=http://snomed.info/sct|275711006&_include=Observation:related-target&_include=Observation:specimen",
        20_000,
    ),
    call("Procedure?category=http://snomed.info/sct|387713003", 10_000),
    call("Encounter?class=http://hl7.org/fhir/v3/ActCode|IMP,ACUTE,NONAC", 12_000),
    call("ProcedureRequest?status=active", 5_000),
    call("ImmunizationRecommendation", 4_000),
    call("DeviceRequest?status=active&_include=DeviceRequest:device", 4_000),
    call("Appointment?status=booked,pending,proposed", 6_000),
];

/// Huisartsgegevens: 7 queries. Sizes: mean 54 kB in all.
const HUISARTSGEGEVENS: &[Call] = &[
    call("Patient", 4_000),
    call("EpisodeOfCare", 6_000),
    call(
        "MedicationRequest?periodofuse=ge{today}&category=http://snomed.info/sct|16076005&_include=MedicationRequest:medication",
        9_000,
    ),
    call("AllergyIntolerance?category=medication", 4_000),
    call(
        "Observation?code=https://referentiemodel.nhg.org/tabellen/nhg-tabel-45-diagnostische-bepalingen|&_include=Observation:related-target&_include=Observation:specimen",
        14_000,
    ),
    call("Composition?type=http://loinc.org|67781-5", 12_000),
    call("Encounter", 5_000),
];

/// Documenten, PDF/A: two lists, then each document.
const DOCUMENTEN: &[Call] = &[
    call("DocumentManifest?status=current", 4_000),
    call("DocumentReference?status=current", 6_000),
    Call { query: "Binary/{id}", mean_bytes: 131_000, per_document: true },
];

/// Medicatiegegevens: the five kinds of medication building blocks.
const MEDICATIEGEGEVENS: &[Call] = &[
    call(
        "MedicationRequest?category=http://snomed.info/sct|16076005&_include=MedicationRequest:medication",
        20_000,
    ),
    call(
        "MedicationRequest?category=http://snomed.info/sct|52711000146108&_include=MedicationRequest:medication",
        15_000,
    ),
    call(
        "MedicationDispense?category=http://snomed.info/sct|422037009&_include=MedicationDispense:medication",
        20_000,
    ),
    call(
        "MedicationDispense?category=http://snomed.info/sct|373784005&_include=MedicationDispense:medication",
        20_000,
    ),
    call(
        "MedicationStatement?category=urn:oid:2.16.840.1.113883.2.4.3.11.60.20.77.5.3|6&_include=MedicationStatement:medication",
        20_000,
    ),
];

const MEDICATIEOVERZICHT: &[Call] =
    &[call("List?code=http://snomed.info/sct|11181000146103", 30_000)];
const LABORATORIUM: &[Call] = &[call(
    "Observation?category=http://snomed.info/sct|49581000146104&_include=Observation:related-target&_include=Observation:specimen",
    20_000,
)];
const LABORATORIUM_1_0: &[Call] = &[call(
    "Observation?category=http://snomed.info/sct|275711006&_include=Observation:related-target&_include=Observation:specimen",
    20_000,
)];
const VITALE_FUNCTIES: &[Call] = &[call(
    "Observation?code=http://loinc.org|85354-9,http://loinc.org|29463-7,http://loinc.org|8302-2",
    8_000,
)];
const AFSPRAKEN: &[Call] = &[call("Appointment?status=booked,pending,proposed", 6_000)];
const ALLERGIEEN: &[Call] = &[call("AllergyIntolerance", 8_000)];

/// GGZ: 18 queries, of the kinds of the Basisgegevens Zorg.
const GGZ: &[Call] = BASISGEGEVENS_ZORG.split_at(18).0;
/// Basisgegevens Langdurige Zorg: 9 queries, mean 23 kB.
const LANGDURIGE_ZORG: &[Call] = BASISGEGEVENS_ZORG.split_at(9).0;

/// Every Gegevensdienst that this network knows.
pub const CATALOGUE: &[Service] = &[
    Service {
        id: "1",
        name: "Basisgegevens Zorg",
        roles: &["MM-1.0.0-BZB-FHIR"],
        calls: BASISGEGEVENS_ZORG,
    },
    Service {
        id: "2",
        name: "Medicatieoverzichten",
        roles: &["MM-1.0.0-MOB-FHIR"],
        calls: MEDICATIEOVERZICHT,
    },
    Service {
        id: "3",
        name: "Medicatiegegevens",
        roles: &["MM-1.0.0-MGB-FHIR"],
        calls: MEDICATIEGEGEVENS,
    },
    Service {
        id: "4",
        name: "Laboratoriumresultaten",
        roles: &["LAB-1.0.0-LRB-FHIR"],
        calls: LABORATORIUM_1_0,
    },
    Service {
        id: "5",
        name: "Meetwaarden vitale functies",
        roles: &["MM-1.0.0-VSB-FHIR"],
        calls: VITALE_FUNCTIES,
    },
    Service {
        id: "6",
        name: "Documenten",
        roles: &["MM-1.0.0-PLB-FHIR", "MM-1.0.0-PDB-FHIR"],
        calls: DOCUMENTEN,
    },
    Service { id: "7", name: "Afspraken", roles: &["MM-1.0.0-AFB-FHIR"], calls: AFSPRAKEN },
    Service {
        id: "28",
        name: "Huisartsgegevens 1.0",
        roles: &["MM-1.2-HGB-FHIR"],
        calls: HUISARTSGEGEVENS,
    },
    Service {
        id: "30",
        name: "Medicatieoverzicht",
        roles: &["MP-9.0-MOB-FHIR"],
        calls: MEDICATIEOVERZICHT,
    },
    Service {
        id: "31",
        name: "Medicatiegegevens 2.0",
        roles: &["MP-9.0-MGB-FHIR"],
        calls: MEDICATIEGEGEVENS,
    },
    Service {
        id: "46",
        name: "Laboratoriumresultaten 2.0",
        roles: &["LAB-2.0-LRB-FHIR"],
        calls: LABORATORIUM,
    },
    Service { id: "47", name: "Afspraken 2.0", roles: &["MM-2.0-AFB-FHIR"], calls: AFSPRAKEN },
    Service {
        id: "48",
        name: "Basisgegevens Zorg 3.0",
        roles: &["MM-3.0-BZB-FHIR"],
        calls: BASISGEGEVENS_ZORG,
    },
    Service {
        id: "49",
        name: "Huisartsgegevens 2.0",
        roles: &["MM-2.0-HGB-FHIR"],
        calls: HUISARTSGEGEVENS,
    },
    Service { id: "50", name: "Basisgegevens GGZ 2.0", roles: &["MM-2.0-GGB-FHIR"], calls: GGZ },
    Service {
        id: "51",
        name: "Documenten 3.0",
        roles: &["MM-3.0-PLB-FHIR", "MM-3.0-PDB-FHIR"],
        calls: DOCUMENTEN,
    },
    Service {
        id: "52",
        name: "Meetwaarden vitale functies 2.0",
        roles: &["MM-2.0-VSB-FHIR"],
        calls: VITALE_FUNCTIES,
    },
    Service { id: "54", name: "Allergie\u{eb}n", roles: &["MM-1.0-ALB-FHIR"], calls: ALLERGIEEN },
    Service {
        id: "61",
        name: "Basisgegevens Langdurige Zorg",
        roles: &["MM-1.0-LZB-FHIR"],
        calls: LANGDURIGE_ZORG,
    },
];

const _: () = assert!(CATALOGUE.len() <= 64, "a set of services is 64 bits");

impl Gegevensdienst {
    /// The Gegevensdienst of this GegevensdienstId.
    pub fn from_id(id: &str) -> Option<Self> {
        CATALOGUE.iter().position(|service| service.id == id).map(|place| Self(place as u8))
    }

    /// Its row of the catalogue, if it is in it: a stranger may name another.
    pub fn service(self) -> Option<&'static Service> {
        CATALOGUE.get(usize::from(self.0))
    }

    /// GegevensdienstId, as lists write it.
    pub fn id(self) -> &'static str {
        self.service().map_or("?", |service| service.id)
    }

    /// The FHIR queries to collect it; none for one outside the catalogue.
    pub fn calls(self) -> &'static [Call] {
        self.service().map_or(&[], |service| service.calls)
    }
}

impl fmt::Debug for Gegevensdienst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gegevensdienst {}", self.id())
    }
}

/// The scope of a request, a code or a token: a set of (Zorgaanbieder, Gegevensdienst). In every release
/// up to 2.x all of one scope are of the same Zorgaanbieder, which is why it is named once.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(Rust, packed(4))]
pub struct Scope {
    /// The Zorgaanbieder.
    pub zorgaanbieder: ZorgaanbiederId,
    services: u64,
}

impl Scope {
    /// One Gegevensdienst at one Zorgaanbieder: the only scope of releases 1.x (APP 9). A service outside
    /// the catalogue gives an empty set.
    pub const fn single(zorgaanbieder: ZorgaanbiederId, dienst: Gegevensdienst) -> Self {
        Self { zorgaanbieder, services: 0 }.with(dienst)
    }

    /// This and one more service of the same Zorgaanbieder.
    #[must_use]
    pub const fn with(self, dienst: Gegevensdienst) -> Self {
        let bit = if (dienst.0 as usize) < CATALOGUE.len() { 1 << dienst.0 } else { 0 };
        Self { services: self.services | bit, ..self }
    }

    /// The same services at that Zorgaanbieder.
    #[must_use]
    pub const fn at(self, zorgaanbieder: ZorgaanbiederId) -> Self {
        Self { zorgaanbieder, ..self }
    }

    /// Whether it covers this service at this Zorgaanbieder.
    pub const fn covers(self, zorgaanbieder: ZorgaanbiederId, dienst: Gegevensdienst) -> bool {
        self.zorgaanbieder.0 == zorgaanbieder.0
            && dienst.0 < 64
            && self.services & (1 << dienst.0) != 0
    }

    /// How many services it covers.
    pub const fn len(self) -> u32 {
        self.services.count_ones()
    }

    /// Whether it covers nothing.
    pub const fn is_empty(self) -> bool {
        self.services == 0
    }

    /// Its services, in the order of the catalogue.
    pub fn services(self) -> impl Iterator<Item = Gegevensdienst> {
        let services = self.services;
        (0..64).filter(move |place| services & (1 << place) != 0).map(Gegevensdienst)
    }

    /// Its only service, if it has exactly one.
    pub fn only(self) -> Option<Gegevensdienst> {
        (self.len() == 1).then(|| Gegevensdienst(self.services.trailing_zeros() as u8))
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:", { self.zorgaanbieder })?;
        f.debug_set().entries(self.services()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_gegevensdienst_is_found_by_its_id_and_fits_the_list_schema() {
        let ids: BTreeSet<&str> = CATALOGUE.iter().map(|service| service.id).collect();
        assert_eq!(ids.len(), CATALOGUE.len());
        for (place, service) in CATALOGUE.iter().enumerate() {
            assert_eq!(Gegevensdienst::from_id(service.id), Some(Gegevensdienst(place as u8)));
            assert!((3..=50).contains(&service.name.chars().count()), "{}", service.name);
            assert!(service.roles.iter().all(|role| role.len() <= 30));
            assert!(!service.calls.is_empty());
        }
    }

    #[test]
    fn the_calls_per_service_are_as_many_as_published() {
        let calls = |id| Gegevensdienst::from_id(id).unwrap().calls().len();
        assert_eq!((calls("48"), calls("49"), calls("50"), calls("61")), (28, 7, 18, 9));
    }

    #[test]
    fn a_scope_covers_what_was_put_in_and_nothing_else() {
        let (one, two) = (Gegevensdienst(0), Gegevensdienst(5));
        let scope = Scope::single(ZorgaanbiederId(7), two);
        assert_eq!(scope.only(), Some(two));
        assert!(scope.covers(ZorgaanbiederId(7), two));
        assert!(!scope.covers(ZorgaanbiederId(8), two));
        assert!(!scope.covers(ZorgaanbiederId(7), one));
        assert!(!scope.covers(ZorgaanbiederId(7), Gegevensdienst(200)));
        assert_eq!(scope.with(one).services().collect::<Vec<_>>(), [one, two]);
        assert_eq!(scope.with(one).only(), None);
        assert!(Scope::single(ZorgaanbiederId(7), Gegevensdienst(99)).is_empty());
    }
}
