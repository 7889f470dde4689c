//! Messages as they passed: lines, headers and bodies of HTTP, kept as text where they are text.
//!
//! Knows nothing of what they mean. Keys are never in them: TLS is outside.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use twin::world::{Passage, Whole};
use utoipa::ToSchema;
use watch::statistics::exchange_text;

/// A request and its answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Passed {
    /// When the request passed: nanoseconds since the twin began.
    pub at_ns: u64,
    /// The exchange, as in the decoded messages; none for what no actor was asked, because it could not be understood.
    pub exchange: Option<String>,
    /// The name that was asked.
    pub host: String,
    /// The request.
    pub request: Http,
    /// Its answer; none if none came.
    pub response: Option<Http>,
}

/// A message of HTTP.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Http {
    /// Its first line: `POST /token HTTP/1.1` or `HTTP/1.1 200 OK`.
    pub line: String,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body, if it is text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// The body as Base64, if it is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub base64: Option<String>,
    /// How many bytes the body had; more than are kept if it was cut.
    pub bytes: usize,
}

impl Http {
    /// A message, with at most so many bytes of its body.
    pub(super) fn of(whole: Whole<'_>, most: usize) -> Self {
        let (line, headers, body) = match whole {
            Whole::Request(request) => (
                format!("{} {} HTTP/1.1", request.method(), request.uri()),
                request.headers(),
                request.body(),
            ),
            Whole::Response(response) => {
                let status = response.status();
                let reason = status.canonical_reason().unwrap_or_default();
                let line = format!("HTTP/1.1 {} {reason}", status.as_u16());
                (line.trim_end().to_owned(), response.headers(), response.body())
            }
        };
        let headers = headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        let kept = &body[..body.len().min(most)];
        // A text that was cut may end within a character.
        let (text, base64) = match std::str::from_utf8(kept) {
            Ok(text) => (Some(text.to_owned()), None),
            Err(error) if error.error_len().is_none() && kept.len() < body.len() => {
                let whole = &kept[..error.valid_up_to()];
                (Some(String::from_utf8_lossy(whole).into_owned()), None)
            }
            Err(_) => (None, Some(STANDARD.encode(kept))),
        };
        Self { line, headers, text, base64, bytes: body.len() }
    }

    /// As it stood on the wire, as far as it is text.
    pub fn as_text(&self) -> String {
        let mut text = format!("{}\n", self.line);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text.push('\n');
        match (&self.text, &self.base64) {
            (Some(body), _) => {
                text.push_str(body);
                let missing = self.bytes - body.len().min(self.bytes);
                if missing > 0 {
                    text.push_str(&format!("… and {missing} bytes more"));
                }
            }
            (None, Some(_)) => text.push_str(&format!("({} bytes that are no text)", self.bytes)),
            (None, None) => {}
        }
        text.trim_end().to_owned() + "\n"
    }
}

/// Puts what passed with what passed before: an answer to its request.
pub(super) fn put(
    into: &mut impl Extend<Passed>,
    open: Option<&mut Passed>,
    at_ns: u64,
    host: &str,
    passage: Passage<'_>,
    most: usize,
) {
    let http = Http::of(passage.whole, most);
    match (passage.whole, open) {
        (Whole::Response(_), Some(open)) => open.response = Some(http),
        // An answer whose request is gone already is not told.
        (Whole::Response(_), None) => {}
        (Whole::Request(_), _) => into.extend([Passed {
            at_ns,
            exchange: passage.exchange.map(exchange_text),
            host: host.to_owned(),
            request: http,
            response: None,
        }]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(body: &[u8]) -> http::Response<Vec<u8>> {
        http::Response::builder().header("X-Known", "by name").body(body.to_vec()).unwrap()
    }

    #[test]
    fn text_is_kept_as_text_and_all_else_as_base64() {
        let text = Http::of(Whole::Response(&response("één".as_bytes())), 100);
        assert_eq!(text.text.as_deref(), Some("één"));
        assert_eq!(text.as_text(), "HTTP/1.1 200 OK\nx-known: by name\n\néén\n");
        let binary = Http::of(Whole::Response(&response(&[0xff, 0xfe, 0])), 100);
        assert_eq!((binary.text, binary.base64.as_deref()), (None, Some("//4A")));
    }

    #[test]
    fn what_is_long_is_cut_between_characters_and_says_so() {
        let cut = Http::of(Whole::Response(&response("één".as_bytes())), 1);
        assert_eq!((cut.text.as_deref(), cut.bytes), (Some(""), 5));
        assert!(cut.as_text().contains("5 bytes more"), "{}", cut.as_text());
    }
}
