//! Health data as FHIR STU3: a Bundle or a Binary of a given size, and what the network has to know of one.
//!
//! The resources in it are invented and repeat themselves; size, version, time and fingerprint are those of the message.
//! What goes in `meta.tag` beside them only we write: of a stranger's data the same is made out from the bytes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::header;
use protocol::{
    bsn::Bsn,
    message::{Content, FhirAnswer, Fingerprint, Request},
    time::WallTime,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{BSN, pdf, resources};
use crate::{
    behind::{bsn_from, fingerprint_from, fingerprint_text},
    codec::Codec,
    fault::Fault,
    list::Timestamp,
};

const FINGERPRINT: &str = "urn:stelsel:vingerafdruk";
const BYTES: &str = "urn:stelsel:omvang";
const DOCUMENTS: &str = "urn:stelsel:documenten";

/// The largest answer that is filled to its size; larger ones say their size and have this.
const MAX_FILL: usize = 8 * 1024 * 1024;

/// Answers that are filled have at most this many entries.
const MAX_ENTRIES: usize = 20_000;

/// The answer to that request.
pub(super) fn write(codec: &Codec<'_>, to: &Request, answer: &FhirAnswer) -> Vec<u8> {
    let asked = asked(to);
    let size = usize::try_from(answer.content.bytes).unwrap_or(MAX_FILL).min(MAX_FILL);
    let mut bytes = match asked.split(['?', '/']).next() {
        Some("Binary") => binary(codec, answer, size),
        kind => bundle(codec, answer, size, kind.unwrap_or_default(), asked),
    };
    // White space after it says nothing in JSON.
    if bytes.len() < size {
        bytes.resize(size, b' ');
    }
    bytes
}

/// The query of the catalogue that is answered.
fn asked(to: &Request) -> &'static str {
    let Request::Fetch(fetch) = to else { return "" };
    let call = fetch.dienst.calls().get(usize::from(fetch.call));
    call.map_or("", |call| call.query)
}

fn meta(codec: &Codec<'_>, content: &Content) -> Value {
    let Content { fingerprint, version, created, bytes, documents } = *content;
    let tag = |system: &str, code: String| json!({ "system": system, "code": code });
    json!({
        "versionId": version.to_string(),
        "lastUpdated": Timestamp::of_run(created, codec.epoch).to_string(),
        "tag": [
            tag(FINGERPRINT, fingerprint_text(fingerprint)),
            tag(BYTES, bytes.to_string()),
            tag(DOCUMENTS, documents.to_string()),
        ],
    })
}

fn identifier(bsn: Bsn) -> Value {
    json!({ "system": BSN, "value": bsn.to_string() })
}

fn bundle(codec: &Codec<'_>, answer: &FhirAnswer, size: usize, kind: &str, asked: &str) -> Vec<u8> {
    let content = &answer.content;
    let Fingerprint(seed) = content.fingerprint;
    let day = Timestamp::of_run(content.created, codec.epoch).to_string();
    let mut entries = Vec::new();
    if let Some(bsn) = answer.bsn {
        let patient = json!({ "resourceType": "Patient", "identifier": [identifier(bsn)] });
        entries.push(json!({ "resource": patient, "search": { "mode": "include" } }));
    }
    let frame = |entries: Vec<Value>, total: usize| {
        json!({
            "resourceType": "Bundle",
            "meta": meta(codec, content),
            "type": "searchset",
            "total": total,
            "link": [{ "relation": "self", "url": asked }],
            "entry": entries,
        })
    };
    // As many as there is room for.
    let most = resources::most(kind, content.documents).min(MAX_ENTRIES);
    let mut used = frame(entries.clone(), MAX_ENTRIES).to_string().len();
    let mut total = 0;
    while total < most {
        let resource = resources::resource((kind, asked), seed, total, &day);
        let entry = json!({
            "fullUrl": format!("urn:uuid:{}", resources::uuid(seed, total)),
            "resource": resource,
            "search": { "mode": "match" },
        });
        used += entry.to_string().len() + 1;
        if used > size {
            break;
        }
        entries.push(entry);
        total += 1;
    }
    let mut bundle = frame(entries, total);
    let written = bundle.to_string();
    // What is left over goes to a narrative, if there is a resource to tell of and room for the words around it.
    let room = size.saturating_sub(written.len() + resources::narrative(0).to_string().len() + 8);
    if total > 0 && room > 0 {
        let last = bundle["entry"].as_array_mut().and_then(|entries| entries.last_mut());
        if let Some(entry) = last {
            entry["resource"]["text"] = resources::narrative(room);
        }
        return bundle.to_string().into_bytes();
    }
    written.into_bytes()
}

fn binary(codec: &Codec<'_>, answer: &FhirAnswer, size: usize) -> Vec<u8> {
    let frame = |document: &[u8]| {
        let mut binary = json!({
            "resourceType": "Binary",
            "meta": meta(codec, &answer.content),
            "contentType": "application/pdf",
            "content": STANDARD.encode(document),
        });
        if let Some(bsn) = answer.bsn {
            binary["securityContext"] = json!({ "identifier": identifier(bsn) });
        }
        binary.to_string().into_bytes()
    };
    let bare = frame(&pdf::with_comment(0));
    // Base64 makes four bytes of three. The number in the document that says how long it is grows too, by less than
    // eight digits.
    let room = size.saturating_sub(bare.len()) / 4 * 3;
    if room > 12 { frame(&pdf::with_comment(room - 12)) } else { bare }
}

/// What the network has to know of an answer.
pub(super) fn read(
    codec: &Codec<'_>,
    response: &http::Response<Vec<u8>>,
    body: &Value,
) -> Result<FhirAnswer, Fault> {
    if !body.is_object() {
        let media = response.headers().get(header::CONTENT_TYPE);
        let media = media.and_then(|media| media.to_str().ok()).unwrap_or_default();
        // A document may come as it is; anything that calls itself JSON or a page is a fault.
        return match media.split(';').next() {
            Some("application/pdf" | "application/octet-stream") => {
                Ok(FhirAnswer { content: of_stranger(codec, response, body), bsn: None })
            }
            _ => Err(Fault::malformed("FHIR in JSON", media)),
        };
    }
    let content = ours(codec, body).unwrap_or_else(|| of_stranger(codec, response, body));
    let identifiers = entries(body)
        .filter(|resource| resource["resourceType"] == "Patient")
        .filter_map(|patient| patient["identifier"].as_array())
        .flatten()
        .chain([&body["securityContext"]["identifier"]]);
    let mut numbers = identifiers.filter(|identifier| identifier["system"] == BSN);
    let bsn = numbers.find_map(|identifier| identifier["value"].as_str());
    Ok(FhirAnswer { content, bsn: bsn.map(bsn_from).transpose()? })
}

fn entries(body: &Value) -> impl Iterator<Item = &Value> {
    let entries = body["entry"].as_array().map_or(&[][..], Vec::as_slice);
    entries.iter().map(|entry| &entry["resource"]).chain([body])
}

/// What stands in `meta`, if we wrote it.
fn ours(codec: &Codec<'_>, body: &Value) -> Option<Content> {
    let tags = body["meta"]["tag"].as_array()?;
    let tag = |system: &str| tags.iter().find(|tag| tag["system"] == system)?["code"].as_str();
    Some(Content {
        fingerprint: fingerprint_from(tag(FINGERPRINT)?)?,
        version: body["meta"]["versionId"].as_str()?.parse().ok()?,
        created: updated(codec, body)?,
        bytes: tag(BYTES)?.parse().ok()?,
        documents: tag(DOCUMENTS)?.parse().ok()?,
    })
}

fn updated(codec: &Codec<'_>, body: &Value) -> Option<WallTime> {
    let text = body["meta"]["lastUpdated"].as_str()?;
    Timestamp::parse(text).ok().map(|time| time.in_run(codec.epoch))
}

/// Of a stranger's data: their bytes are what they are, and they are new.
fn of_stranger(codec: &Codec<'_>, response: &http::Response<Vec<u8>>, body: &Value) -> Content {
    let mut digest = [0; 8];
    digest.copy_from_slice(&Sha256::digest(response.body())[..8]);
    let sent = || {
        let date = response.headers().get(header::DATE)?.to_str().ok()?;
        Some(http_date(date)?.in_run(codec.epoch))
    };
    let listed = entries(body)
        .filter(|resource| resource["resourceType"] == "DocumentReference")
        .filter_map(|reference| reference["content"].as_array())
        .flatten()
        .filter(|content| {
            content["attachment"]["url"].as_str().is_some_and(|url| url.contains("Binary/"))
        })
        .count();
    Content {
        fingerprint: Fingerprint(u64::from_be_bytes(digest)),
        version: 1,
        created: updated(codec, body).or_else(sent).unwrap_or_default(),
        bytes: u32::try_from(response.body().len()).unwrap_or(u32::MAX),
        documents: u16::try_from(listed).unwrap_or(u16::MAX),
    }
}

/// A moment as RFC 9110 §5.6.7 has senders write it: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let mut parts = text.split(' ').skip(1);
    let (day, month, year, time) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.find(month).filter(|place| month.len() == 3 && place % 3 == 0)? / 3 + 1;
    Timestamp::parse(&format!("{year}-{month:02}-{day}T{time}Z")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_is_a_moment() {
        let moment = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(moment.to_string(), "1994-11-06T08:49:37Z");
        for text in ["", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 anF 1994 08:49:37 GMT"] {
            assert!(http_date(text).is_none(), "{text}");
        }
    }
}
