//! What a reader of HTTP says of bytes that it does not take: which status they deserve, what was expected and what
//! was found.
//!
//! Does not decide what becomes of whoever sent them; [`Fault::response`] is what one host tells another.

use std::{borrow::Cow, fmt};

use http::{HeaderValue, Response, StatusCode, header};

/// The longest piece of what was found that a fault repeats, in characters.
const SHOWN: usize = 80;

/// Why a message was not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The status that an answer to it has.
    pub status: StatusCode,
    /// What was expected.
    pub expected: Cow<'static, str>,
    /// What was found, shortened.
    pub found: String,
    /// The methods that are served there, where another one was used.
    allow: Option<&'static str>,
}

impl Fault {
    fn new(status: StatusCode, expected: impl Into<Cow<'static, str>>, found: &str) -> Self {
        let mut shown: String = found.chars().take(SHOWN).collect();
        if shown.len() < found.len() {
            shown.push('…');
        }
        Self { status, expected: expected.into(), found: shown, allow: None }
    }

    /// 400: it is malformed.
    pub fn malformed(expected: impl Into<Cow<'static, str>>, found: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, expected, found)
    }

    /// 404: there is nothing at that path.
    pub fn nothing_at(path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "a path that this host serves", path)
    }

    /// 405: something is there, but not for that method.
    pub fn method(allow: &'static str, found: &http::Method) -> Self {
        let fault = Self::new(StatusCode::METHOD_NOT_ALLOWED, allow, found.as_str());
        Self { allow: Some(allow), ..fault }
    }

    /// 413: there is too much of something.
    pub fn too_large(what: &'static str, limit: usize, found: usize) -> Self {
        let expected = format!("at most {limit} {what}");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, expected, &found.to_string())
    }

    /// 415: the body is of another kind.
    pub fn media(expected: &'static str, found: &str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, expected, found)
    }

    /// What the sender is told.
    pub fn response(&self) -> Response<Vec<u8>> {
        let mut response = Response::new(format!("{self}\n").into_bytes());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, plain);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // It repeats what a stranger sent, so nothing may take it for a page.
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}; found {:?}", self.status.as_u16(), self.expected, self.found)
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_what_was_expected_and_shortens_what_was_found() {
        let fault = Fault::malformed("a service", &"é".repeat(500));
        let said = fault.to_string();
        assert!(said.starts_with("400: expected a service; found \"éé"), "{said}");
        assert!(said.chars().count() < 150, "{said}");
    }

    #[test]
    fn a_wrong_method_is_told_which_are_right() {
        let response = Fault::method("GET", &http::Method::PUT).response();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()[header::ALLOW], "GET");
    }
}
