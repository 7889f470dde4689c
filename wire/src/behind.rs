//! What a ZA GW asks of the systems behind it: plain JSON of our own, because it is outside the network and no standard
//! says how.
//!
//! The BSN goes in the body, never in a path, where logs and proxies would keep it. An answer says what the source has
//! of the data, not the data themselves: those are made where they go over the network (`fhir`).

use http::StatusCode;
use protocol::{
    bsn::Bsn,
    message::{Availability, Content, Fingerprint, Request, Response, Subject},
};
use serde_json::{Value, json};

use crate::{
    codec::{self, Codec},
    fault::Fault,
    front,
    list::Timestamp,
    paths,
};

pub(crate) const JSON: &str = "application/json";

const AVAILABILITIES: [(Availability, &str); 3] = [
    (Availability::Available, "aanwezig"),
    (Availability::Nothing, "niets"),
    (Availability::UnderAge, "te jong"),
];

pub(crate) fn write_check(codec: &Codec<'_>, subject: &Subject) -> http::Request<Vec<u8>> {
    codec::post(paths::AVAILABILITY, JSON, subject_json(codec, subject).to_string().into_bytes())
}

pub(crate) fn write_fetch(
    codec: &Codec<'_>,
    subject: &Subject,
    call: u8,
    document: u16,
) -> http::Request<Vec<u8>> {
    let mut body = subject_json(codec, subject);
    body["vraag"] = call.into();
    body["document"] = document.into();
    codec::post(paths::RECORDS, JSON, body.to_string().into_bytes())
}

fn subject_json(codec: &Codec<'_>, subject: &Subject) -> Value {
    json!({
        "bsn": subject.bsn.to_string(),
        "zorgaanbieder": front::zorgaanbieder_text(codec, subject.zorgaanbieder),
        "gegevensdienst": subject.dienst.id(),
    })
}

pub(crate) fn read_check(codec: &Codec<'_>, body: &[u8]) -> Result<Request, Fault> {
    subject_from(codec, &parsed(body)?).map(Request::CheckAvailability)
}

pub(crate) fn read_fetch(codec: &Codec<'_>, body: &[u8]) -> Result<Request, Fault> {
    let body = parsed(body)?;
    Ok(Request::FetchDossier {
        subject: subject_from(codec, &body)?,
        call: number(&body, "vraag")?,
        document: number(&body, "document")?,
    })
}

fn subject_from(codec: &Codec<'_>, body: &Value) -> Result<Subject, Fault> {
    Ok(Subject {
        bsn: bsn_from(text(body, "bsn")?)?,
        zorgaanbieder: front::zorgaanbieder_from(codec, text(body, "zorgaanbieder")?),
        dienst: front::dienst_from(text(body, "gegevensdienst")?),
    })
}

/// An invented BSN. One that may be somebody's is not taken, and not repeated either.
pub(crate) fn bsn_from(text: &str) -> Result<Bsn, Fault> {
    let digits = text.parse().ok().filter(|_| text.len() == 9);
    digits
        .and_then(Bsn::from_digits)
        .ok_or_else(|| Fault::malformed("an invented BSN, which begins with 9999", "another"))
}

pub(crate) fn write_availability(availability: Availability) -> http::Response<Vec<u8>> {
    let word = front::words::word(&AVAILABILITIES, &availability);
    answer(&json!({ "beschikbaarheid": word }))
}

pub(crate) fn read_availability(body: &[u8]) -> Result<Response, Fault> {
    let body = parsed(body)?;
    let word = text(&body, "beschikbaarheid")?;
    front::words::meaning(&AVAILABILITIES, word)
        .map(Response::Availability)
        .ok_or_else(|| Fault::malformed("aanwezig, niets or te jong", word))
}

pub(crate) fn write_content(codec: &Codec<'_>, content: &Content) -> http::Response<Vec<u8>> {
    let Content { fingerprint, version, created, bytes, documents } = *content;
    answer(&json!({
        "vingerafdruk": fingerprint_text(fingerprint),
        "versie": version,
        "gemaakt": Timestamp::of_run(created, codec.epoch).to_string(),
        "omvang": bytes,
        "documenten": documents,
    }))
}

pub(crate) fn read_content(codec: &Codec<'_>, body: &[u8]) -> Result<Response, Fault> {
    let body = parsed(body)?;
    let fingerprint = text(&body, "vingerafdruk")?;
    let created = text(&body, "gemaakt")?;
    Ok(Response::Dossier(Content {
        fingerprint: fingerprint_from(fingerprint)
            .ok_or_else(|| Fault::malformed("sixteen hexadecimal digits", fingerprint))?,
        version: number(&body, "versie")?,
        created: Timestamp::parse(created)
            .map_err(|_| Fault::malformed("a date and time", created))?
            .in_run(codec.epoch),
        bytes: number(&body, "omvang")?,
        documents: number(&body, "documenten")?,
    }))
}

pub(crate) fn fingerprint_text(fingerprint: Fingerprint) -> String {
    format!("{:016x}", { fingerprint.0 })
}

pub(crate) fn fingerprint_from(text: &str) -> Option<Fingerprint> {
    (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok().map(Fingerprint))?
}

fn answer(body: &Value) -> http::Response<Vec<u8>> {
    codec::answer(StatusCode::OK, JSON, body.to_string().into_bytes())
}

fn parsed(body: &[u8]) -> Result<Value, Fault> {
    serde_json::from_slice(body).map_err(|error| Fault::malformed("JSON", &error.to_string()))
}

fn text<'b>(body: &'b Value, name: &'static str) -> Result<&'b str, Fault> {
    // What else it is may be somebody's number, which no fault repeats.
    let found = body[name].as_str();
    found.ok_or_else(|| Fault::malformed(format!("a text {name}"), "none"))
}

fn number<T: TryFrom<u64>>(body: &Value, name: &'static str) -> Result<T, Fault> {
    let found = body[name].as_u64().and_then(|number| T::try_from(number).ok());
    found.ok_or_else(|| Fault::malformed(format!("a number {name}"), &body[name].to_string()))
}
