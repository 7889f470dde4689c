//! Invented FHIR STU3 resources of every kind that the catalogue asks for, in the manner of the Dutch building blocks
//! (zib 2017): real codes, nobody's data.
//!
//! What a resource says follows from a seed and its place in the answer, so that the same data look the same each time.
//! Claims no conformance to a profile.

use serde_json::{Value, json};

use super::observations;

pub(super) const SNOMED: &str = "http://snomed.info/sct";
pub(super) const LOINC: &str = "http://loinc.org";
const ATC: &str = "http://www.whocc.no/atc";
const ICPC: &str = "http://hl7.org/fhir/sid/icpc-1-nl";

type Coded = (&'static str, &'static str);

const PROBLEMS: [(&str, &str, &str); 8] = [
    ("38341003", "K86", "Hypertensie"),
    ("44054006", "T90.02", "Diabetes mellitus type 2"),
    ("195967001", "R96", "Astma"),
    ("396275006", "L91", "Artrose"),
    ("84757009", "N88", "Epilepsie"),
    ("35489007", "P76", "Depressie"),
    ("64859006", "L95", "Osteoporose"),
    ("40930008", "T86", "Hypothyre\u{ef}die"),
];

const MEDICINES: [(&str, &str, &str); 8] = [
    ("C09AA02", "Enalapril tablet 10 mg", "1 maal per dag 1 tablet"),
    ("A10BA02", "Metformine tablet 500 mg", "2 maal per dag 1 tablet bij de maaltijd"),
    ("C10AA01", "Simvastatine tablet 40 mg", "1 maal per dag 1 tablet voor de nacht"),
    ("R03AC02", "Salbutamol inhalatiepoeder 200 mcg", "zo nodig 1 inhalatie, hoogstens 4 per dag"),
    ("B01AC06", "Acetylsalicylzuur tablet 80 mg", "1 maal per dag 1 tablet"),
    ("H03AA01", "Levothyroxine tablet 50 mcg", "1 maal per dag 1 tablet, nuchter"),
    ("A02BC01", "Omeprazol capsule 20 mg", "1 maal per dag 1 capsule"),
    ("N02BE01", "Paracetamol tablet 500 mg", "zo nodig 1 tablet, hoogstens 6 per dag"),
];

const ALLERGIES: [Coded; 5] = [
    ("91936005", "Allergie voor penicilline"),
    ("91935009", "Allergie voor pinda"),
    ("300916003", "Allergie voor latex"),
    ("424213003", "Allergie voor bijengif"),
    ("418689008", "Allergie voor graspollen"),
];

const VACCINES: [Coded; 4] = [
    ("6142004", "Vaccinatie tegen griep"),
    ("76902006", "Vaccinatie tegen tetanus"),
    ("16584000", "Vaccinatie tegen pneumokokken"),
    ("14189004", "Vaccinatie tegen mazelen"),
];

const PROCEDURES: [Coded; 4] = [
    ("80146002", "Appendectomie"),
    ("52734007", "Totale heupprothese"),
    ("54885007", "Cataractextractie"),
    ("174041007", "Laparoscopische galblaasverwijdering"),
];

const DEVICES: [Coded; 3] =
    [("6012004", "Hoortoestel"), ("58938008", "Rolstoel"), ("360063003", "Knieprothese")];

const VISITS: [Coded; 4] = [
    ("11429006", "Consult"),
    ("439708006", "Huisbezoek"),
    ("185317003", "Telefonisch consult"),
    ("308335008", "Controle na opname"),
];

const DOCUMENTS: [Coded; 4] = [
    ("11488-4", "Specialistenbrief"),
    ("18842-5", "Ontslagbrief"),
    ("18748-4", "Verslag van beeldvormend onderzoek"),
    ("57133-1", "Verwijsbrief"),
];

/// How many resources an answer of that type has at most: what can be fetched one by one is listed once, and there is one
/// person.
pub(super) fn most(kind: &str, documents: u16) -> usize {
    match kind {
        "DocumentReference" | "DocumentManifest" => usize::from(documents),
        "Patient" | "List" => 1,
        _ => usize::MAX,
    }
}

/// A UUID of the n-th resource.
pub(super) fn uuid(seed: u64, number: usize) -> String {
    let bits = u128::from(seed) << 64 | u128::from(mixed(seed, number));
    protocol::id::Opaque::uuid_v4(bits).to_string()
}

/// A narrative with this many bytes of words in it.
pub(super) fn narrative(bytes: usize) -> Value {
    const WORDS: &str = "Deze gegevens zijn verzonnen. ";
    let words: String = WORDS.chars().cycle().take(bytes).collect();
    let div = format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{words}</div>");
    json!({ "status": "generated", "div": div })
}

/// The n-th resource of that type, for that query.
pub(super) fn resource(
    (kind, asked): (&str, &str),
    seed: u64,
    number: usize,
    recorded: &str,
) -> Value {
    let maker = Maker { asked, seed, number, recorded };
    let mut resource = maker.of_type(kind);
    resource["resourceType"] = if kind.is_empty() { "Basic" } else { kind }.into();
    resource["id"] = uuid(seed, number).into();
    resource
}

/// Makes one resource.
pub(super) struct Maker<'a> {
    /// The query of the catalogue.
    pub(super) asked: &'a str,
    seed: u64,
    number: usize,
    /// When the source made it.
    recorded: &'a str,
}

/// The finalizer of SplitMix64: one of its steps is enough to make neighbours differ.
fn mixed(seed: u64, number: usize) -> u64 {
    let value = seed.wrapping_add(number as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (value ^ value >> 31).wrapping_mul(0x94d0_49bb_1331_11eb)
}

pub(super) fn concept(system: &str, code: &str, display: &str) -> Value {
    json!({
        "coding": [{ "system": system, "code": code, "display": display }],
        "text": display,
    })
}

impl Maker<'_> {
    pub(super) fn draw(&self, most: u64) -> u64 {
        mixed(self.seed, self.number) % most
    }

    pub(super) fn pick<'t, T>(&self, table: &'t [T]) -> &'t T {
        &table[(self.seed as usize % table.len() + self.number) % table.len()]
    }

    /// A day in the years before the data were recorded.
    pub(super) fn day(&self) -> String {
        let year = self.recorded.get(..4).and_then(|year| year.parse().ok()).unwrap_or(2018);
        let draw = self.draw(5 * 12 * 28);
        let (year, rest) =
            (i64::saturating_sub(year, 1 + draw as i64 / (12 * 28)), draw % (12 * 28));
        format!("{year:04}-{:02}-{:02}", 1 + rest / 28, 1 + rest % 28)
    }

    pub(super) fn patient(&self) -> Value {
        json!({ "reference": "Patient/patient", "display": "Pati\u{eb}nt" })
    }

    pub(super) fn practitioner(&self) -> Value {
        let name = self.pick(&["J. de Wit", "M. Jansen", "S. Bakker", "A. Visser"]);
        json!({ "display": format!("{name}, arts") })
    }

    fn of_type(&self, kind: &str) -> Value {
        match kind {
            "Patient" => self.person(),
            "Condition" => self.condition(),
            "EpisodeOfCare" => self.episode(),
            "Observation" => observations::observation(self),
            "AllergyIntolerance" => self.allergy(),
            "MedicationRequest" | "MedicationStatement" | "MedicationDispense" => {
                self.medication(kind)
            }
            "Appointment" => self.appointment(),
            "Encounter" => self.encounter(),
            "DocumentReference" => self.document(),
            "DocumentManifest" => self.manifest(),
            "Immunization" => json!({
                "status": "completed",
                "notGiven": false,
                "vaccineCode": self.coded(&VACCINES),
                "patient": self.patient(),
                "date": self.day(),
                "primarySource": true,
            }),
            "Procedure" => json!({
                "status": "completed",
                "code": self.coded(&PROCEDURES),
                "subject": self.patient(),
                "performedPeriod": { "start": self.day() },
            }),
            "List" => json!({
                "status": "current",
                "mode": "snapshot",
                "code": concept(SNOMED, "11181000146103", "Actueel medicatieoverzicht"),
                "subject": self.patient(),
                "date": self.recorded,
                "entry": [{ "item": { "display": self.pick(&MEDICINES).1 } }],
            }),
            "Composition" => json!({
                "status": "final",
                "type": concept(LOINC, "67781-5", "Samenvatting van contact"),
                "subject": self.patient(),
                "date": self.recorded,
                "author": [self.practitioner()],
                "title": format!("Contact van {}", self.day()),
            }),
            "Coverage" => json!({
                "status": "active",
                "beneficiary": self.patient(),
                "period": { "start": self.day() },
                "payor": [{ "display": "Nagebootste Zorgverzekeraar" }],
            }),
            "Consent" => json!({
                "status": "active",
                "category": [concept(SNOMED, "11291000146105", "Behandelaanwijzing")],
                "patient": self.patient(),
                "dateTime": self.day(),
            }),
            "Flag" => json!({
                "status": "active",
                "code": concept(SNOMED, "418038007", "Neiging tot allergische reacties"),
                "subject": self.patient(),
                "period": { "start": self.day() },
            }),
            "NutritionOrder" => json!({
                "status": "active",
                "patient": self.patient(),
                "dateTime": self.day(),
                "oralDiet": { "type": [concept(SNOMED, "386619000", "Zoutarm dieet")] },
            }),
            "DeviceUseStatement" | "DeviceRequest" => json!({
                "status": "active",
                "subject": self.patient(),
                "device": { "display": self.pick(&DEVICES).1 },
                "codeCodeableConcept": self.coded(&DEVICES),
                "recordedOn": self.day(),
            }),
            "ProcedureRequest" => json!({
                "status": "active",
                "intent": "order",
                "code": self.coded(&PROCEDURES),
                "subject": self.patient(),
                "authoredOn": self.day(),
            }),
            "ImmunizationRecommendation" => json!({
                "patient": self.patient(),
                "recommendation": [{
                    "date": self.day(),
                    "vaccineCode": self.coded(&VACCINES),
                    "forecastStatus": { "text": "aan de beurt" },
                }],
            }),
            _ => json!({ "code": { "text": "Nagebootst gegeven" }, "created": self.day() }),
        }
    }

    fn coded(&self, table: &[Coded]) -> Value {
        let (code, display) = self.pick(table);
        concept(SNOMED, code, display)
    }

    /// Without a BSN: between a PGO and a ZA GW nothing says who the person is (APP 5).
    fn person(&self) -> Value {
        json!({
            "active": true,
            "name": [{ "use": "official", "text": "Nagebootste pati\u{eb}nt" }],
            "gender": self.pick(&["female", "male"]),
            "address": [{ "city": self.pick(&["Utrecht", "Zwolle", "Breda"]), "country": "NL" }],
            "generalPractitioner": [self.practitioner()],
        })
    }

    fn condition(&self) -> Value {
        let (snomed, icpc, name) = self.pick(&PROBLEMS);
        let mut code = concept(SNOMED, snomed, name);
        if let Some(codings) = code["coding"].as_array_mut() {
            codings.push(json!({ "system": ICPC, "code": icpc, "display": name }));
        }
        json!({
            "clinicalStatus": self.pick(&["active", "active", "resolved"]),
            "category": [concept(SNOMED, "282291009", "Diagnose")],
            "code": code,
            "subject": self.patient(),
            "onsetDateTime": self.day(),
            "asserter": self.practitioner(),
        })
    }

    fn episode(&self) -> Value {
        let (_, _, name) = self.pick(&PROBLEMS);
        json!({
            "status": "active",
            "type": [{ "text": name }],
            "patient": self.patient(),
            "period": { "start": self.day() },
        })
    }

    fn allergy(&self) -> Value {
        json!({
            "clinicalStatus": "active",
            "verificationStatus": "confirmed",
            "criticality": self.pick(&["low", "high", "unable-to-assess"]),
            "code": self.coded(&ALLERGIES),
            "patient": self.patient(),
            "assertedDate": self.day(),
        })
    }

    fn medication(&self, kind: &str) -> Value {
        let (atc, name, dosage) = self.pick(&MEDICINES);
        let mut resource = json!({
            "status": "active",
            "medicationCodeableConcept": concept(ATC, atc, name),
            "subject": self.patient(),
        });
        let dosage = json!([{ "sequence": 1, "text": dosage }]);
        match kind {
            "MedicationRequest" => {
                resource["intent"] = "order".into();
                resource["authoredOn"] = self.day().into();
                resource["requester"] = json!({ "agent": self.practitioner() });
                resource["dosageInstruction"] = dosage;
            }
            "MedicationDispense" => {
                resource["status"] = "completed".into();
                resource["whenHandedOver"] = self.day().into();
                resource["quantity"] = json!({ "value": 90, "unit": "stuk" });
                resource["dosageInstruction"] = dosage;
            }
            _ => {
                resource["taken"] = "y".into();
                resource["dateAsserted"] = self.day().into();
                resource["dosage"] = dosage;
            }
        }
        resource
    }

    fn appointment(&self) -> Value {
        let day = self.day();
        json!({
            "status": self.pick(&["booked", "booked", "proposed"]),
            "appointmentType": self.coded(&VISITS),
            "description": "Neem uw medicatieoverzicht mee.",
            "start": format!("{day}T09:{}0:00+01:00", self.draw(5)),
            "end": format!("{day}T10:{}0:00+01:00", self.draw(5)),
            "participant": [{ "actor": self.practitioner(), "status": "accepted" }],
        })
    }

    fn encounter(&self) -> Value {
        json!({
            "status": "finished",
            "class": { "system": "http://hl7.org/fhir/v3/ActCode", "code": "AMB" },
            "type": [self.coded(&VISITS)],
            "subject": self.patient(),
            "period": { "start": self.day() },
            "participant": [{ "individual": self.practitioner() }],
        })
    }

    fn document(&self) -> Value {
        let (code, name) = self.pick(&DOCUMENTS);
        json!({
            "status": "current",
            "type": concept(LOINC, code, name),
            "subject": self.patient(),
            "indexed": self.recorded,
            "author": [self.practitioner()],
            "description": name,
            "content": [{
                "attachment": {
                    "contentType": "application/pdf",
                    "url": format!("Binary/{}", self.number),
                    "title": format!("{name} van {}", self.day()),
                },
            }],
        })
    }

    fn manifest(&self) -> Value {
        let (code, name) = self.pick(&DOCUMENTS);
        json!({
            "status": "current",
            "type": concept(LOINC, code, name),
            "subject": self.patient(),
            "created": self.recorded,
            "description": name,
            "content": [{ "pReference": { "reference": format!("DocumentReference/{}", self.number) } }],
        })
    }
}
