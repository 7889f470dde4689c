//! Invented Observations, of the kind that a query asks for: laboratory results, vital signs, or how somebody lives.
//!
//! Which kind that is stands in the codes of the query.

use serde_json::{Value, json};

use super::resources::{LOINC, Maker, SNOMED, concept};

const UCUM: &str = "http://unitsofmeasure.org";

/// LOINC, name, unit, lowest and highest, in tenths of the unit.
type Measured = (&'static str, &'static str, &'static str, u64, u64);

const LABORATORY: [Measured; 6] = [
    ("718-7", "Hemoglobine", "mmol/L", 72, 105),
    ("2160-0", "Kreatinine", "umol/L", 550, 1_100),
    ("2339-0", "Glucose", "mmol/L", 42, 89),
    ("4548-4", "HbA1c", "mmol/mol", 350, 640),
    ("2823-3", "Kalium", "mmol/L", 35, 51),
    ("2951-2", "Natrium", "mmol/L", 1_350, 1_450),
];

const WEIGHT: Measured = ("29463-7", "Lichaamsgewicht", "kg", 540, 980);
const LENGTH: Measured = ("8302-2", "Lichaamslengte", "cm", 1_550, 1_940);
const SYSTOLIC: Measured = ("8480-6", "Systolische bloeddruk", "mm[Hg]", 1_100, 1_600);
const DIASTOLIC: Measured = ("8462-4", "Diastolische bloeddruk", "mm[Hg]", 650, 950);
const BLOOD_PRESSURE: &str = "85354-9";

/// What is asked by one SNOMED CT code: the code, its name, and what is found.
const LIFE: [(&str, &str, [&str; 2]); 5] = [
    ("228366006", "Alcoholgebruik", ["Drinkt geen alcohol", "Drinkt af en toe alcohol"]),
    ("228273003", "Drugsgebruik", ["Gebruikt geen drugs", "Gebruikte vroeger drugs"]),
    ("365980008", "Tabaksgebruik", ["Rookt niet", "Is gestopt met roken"]),
    ("365508006", "Woonsituatie", ["Eengezinswoning", "Appartement met lift"]),
    ("118228005", "Functionele status", ["Zelfstandig", "Zelfstandig met hulpmiddel"]),
];

/// One that such a query asks for.
pub(super) fn observation(maker: &Maker<'_>) -> Value {
    let asked = maker.asked;
    let vital: Vec<&str> = [BLOOD_PRESSURE, WEIGHT.0, LENGTH.0]
        .into_iter()
        .filter(|code| asked.contains(code))
        .collect();
    let mut observation = json!({
        "status": "final",
        "subject": maker.patient(),
        "effectiveDateTime": maker.day(),
        "performer": [maker.practitioner()],
    });
    let (category, what) = if let Some(found) = LIFE.iter().find(|(code, ..)| asked.contains(code))
    {
        let (code, name, values) = found;
        let value = maker.pick(values);
        (
            concept(SNOMED, "365949003", "Bevinding over leefwijze"),
            json!({
                "code": concept(SNOMED, code, name),
                "valueCodeableConcept": { "text": value },
            }),
        )
    } else if vital.is_empty() {
        let (code, name, unit, lowest, highest) = *maker.pick(&LABORATORY);
        (
            concept(SNOMED, "49581000146104", "Laboratoriumonderzoek"),
            json!({
                "code": concept(LOINC, code, name),
                "valueQuantity": drawn(maker, (code, name, unit, lowest, highest)),
                "referenceRange": [{ "low": quantity(lowest, unit), "high": quantity(highest, unit) }],
            }),
        )
    } else {
        let what = match *maker.pick(&vital) {
            code if code == WEIGHT.0 => json!({
                "code": concept(LOINC, code, WEIGHT.1),
                "valueQuantity": drawn(maker, WEIGHT),
            }),
            code if code == LENGTH.0 => json!({
                "code": concept(LOINC, code, LENGTH.1),
                "valueQuantity": drawn(maker, LENGTH),
            }),
            code => json!({
                "code": concept(LOINC, code, "Bloeddruk"),
                "component": [component(maker, SYSTOLIC), component(maker, DIASTOLIC)],
            }),
        };
        let system = "http://hl7.org/fhir/observation-category";
        (concept(system, "vital-signs", "Vitale functies"), what)
    };
    observation["category"] = json!([category]);
    if let (Some(observation), Value::Object(what)) = (observation.as_object_mut(), what) {
        observation.extend(what);
    }
    observation
}

fn component(maker: &Maker<'_>, measured: Measured) -> Value {
    json!({
        "code": concept(LOINC, measured.0, measured.1),
        "valueQuantity": drawn(maker, measured),
    })
}

fn drawn(maker: &Maker<'_>, (_, _, unit, lowest, highest): Measured) -> Value {
    quantity(lowest + maker.draw(highest - lowest + 1), unit)
}

fn quantity(tenths: u64, unit: &str) -> Value {
    json!({ "value": tenths as f64 / 10.0, "unit": unit, "system": UCUM, "code": unit })
}
