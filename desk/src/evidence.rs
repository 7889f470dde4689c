//! What was said and heard: every exchange as it went over the line, and in words.
//!
//! Judges nothing. Keys and passwords never come here but those of invented people.

use http::{HeaderMap, Method, StatusCode, Uri};
use serde::Serialize;

/// How much of a body is kept, in bytes.
const KEPT: usize = 16 << 10;

/// An exchange.
#[derive(Clone, Serialize, Debug)]
pub struct Exchange {
    /// When it began, in seconds since the network did.
    pub at_s: f64,
    /// Who asked: `a browser`, `pgo-1`, `the gateway`.
    pub asker: String,
    /// Whom: a hostname.
    pub asked: String,
    /// The request as it went.
    pub request: String,
    /// What its address and its form say, a name and a value on each line.
    pub meaning: Vec<(String, String)>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Clone, Serialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// An answer, as it came.
    Answer {
        /// Its status.
        status: u16,
        /// All of it.
        raw: String,
    },
    /// None, and why.
    Failure(String),
}

impl Exchange {
    /// `POST /token -> 400`, for a line of text. A long query is in [`Exchange::meaning`].
    pub fn line(&self) -> String {
        const LONG: usize = 60;
        let first = self.request.lines().next().unwrap_or_default();
        let first = first.strip_suffix(" HTTP/1.1").unwrap_or(first);
        let first = match first.split_once('?') {
            Some((path, query)) if query.len() > LONG => format!("{path}?…"),
            _ => first.to_owned(),
        };
        let outcome = match &self.outcome {
            Outcome::Answer { status, .. } => status.to_string(),
            Outcome::Failure(why) => why.clone(),
        };
        let (asker, asked) = (&self.asker, &self.asked);
        format!("{asker} to {asked}: {first} -> {outcome}")
    }
}

/// A request as it goes over the line.
pub(crate) fn raw_request(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> String {
    raw(format!("{method} {uri} HTTP/1.1"), headers, body)
}

/// An answer as it came.
pub(crate) fn raw_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> String {
    raw(format!("HTTP/1.1 {status}"), headers, body)
}

fn raw(first: String, headers: &HeaderMap, body: &[u8]) -> String {
    let mut text = first;
    for (name, value) in headers {
        text.push('\n');
        text.push_str(name.as_str());
        text.push_str(": ");
        text.push_str(&String::from_utf8_lossy(value.as_bytes()));
    }
    text.push_str("\n\n");
    text.push_str(&String::from_utf8_lossy(&body[..body.len().min(KEPT)]));
    if body.len() > KEPT {
        text.push_str(&format!("\n({} bytes in all)", body.len()));
    }
    text
}

/// The fields of an address and of a form, decoded.
pub(crate) fn meaning(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Vec<(String, String)> {
    let is_form = headers
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|of| of.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let form = form_urlencoded::parse(if is_form { body } else { b"" });
    query.chain(form).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}
