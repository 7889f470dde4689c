//! Every message of the network as HTTP: a request or response of [`protocol::message`] in, HTTP out, and back.
//!
//! One place says which reader and which writer a message has. SAML, OCSP and the lists have formats of their own:
//! whoever has a codec lends it those by [`Saml`], [`Ocsp`] and [`Lists`]. What people see beside the message comes
//! from [`Scene`], and none of it is ever read back.
//!
//! Sends nothing, knows no clock and decides nothing. Bytes may come from a stranger: readers have limits, and answer
//! every input with a value or a [`Fault`].

mod hooks;
#[cfg(test)]
pub(crate) mod tests;

use http::{HeaderValue, Method, StatusCode, header};
use protocol::{
    id::{Cookie, NameId},
    message::{Request, Response},
    time::WallTime,
};

pub use hooks::{Lists, Ocsp, Saml};

use crate::{
    behind, fault::Fault, fhir, form, form::Form, front, list::Timestamp, oauth, ocsp,
    pages::Scene, paths, places::Endpoint, places::Places,
};

/// The largest body of a request, in bytes.
pub const MAX_REQUEST: usize = 1024 * 1024;
/// The largest body of a response that is no list, in bytes.
pub const MAX_RESPONSE: usize = 32 * 1024 * 1024;
/// The largest page, in bytes.
pub(crate) const MAX_PAGE: usize = 1024 * 1024;
/// The longest path and query, in bytes.
const MAX_TARGET: usize = 16 * 1024;
/// The most header fields.
const MAX_HEADERS: usize = 64;
/// The most bytes of all header fields together.
const MAX_HEADER_BYTES: usize = 32 * 1024;

const SOAP: &str = "text/xml";
const OCSP_REQUEST: &str = "application/ocsp-request";
const OCSP_RESPONSE: &str = "application/ocsp-response";
const LIST: &str = "application/xml";

/// Every message as HTTP, with what it has to borrow for that.
#[derive(Clone, Copy)]
pub struct Codec<'a> {
    /// The texts behind ids, and what is served where.
    pub places: &'a dyn Places,
    /// What people see beside the messages.
    pub scene: &'a dyn Scene,
    /// SAML, with its keys.
    pub saml: &'a dyn Saml,
    /// OCSP, with its keys.
    pub ocsp: &'a dyn Ocsp,
    /// The lists.
    pub lists: &'a dyn Lists,
    /// The moment that calendar time zero of the run is.
    pub epoch: &'a Timestamp,
    /// The day from which a query asks that asks from today on.
    pub today: WallTime,
}

impl Codec<'_> {
    /// A request to that host; none if it is one that never travels. A browser's carries the cookie.
    pub fn write_request(
        &self,
        to: NameId,
        request: &Request,
        cookie: Option<Cookie>,
    ) -> Option<http::Request<Vec<u8>>> {
        let mut written = match request {
            Request::Browse(browse) => {
                let target = front::write(self, to, browse);
                match target.form {
                    None => get(&target.path),
                    Some(form) => post(&target.path, form::MEDIA, form.text().into_bytes()),
                }
            }
            Request::OfferCode(offer) => oauth::write_request(self, to, offer),
            Request::Fetch(fetch) => fhir::write_request(self, to, fetch),
            Request::ResolveArtifact { artifact, issuer, signed } => {
                let body = self.saml.write_artifact_resolve(to, *artifact, *issuer, *signed);
                post(paths::RESOLVE_ARTIFACT, SOAP, body)
            }
            Request::GetList(kind) => get(&self.lists.path(*kind)),
            Request::OcspQuery(serial) => {
                post(paths::OCSP, OCSP_REQUEST, self.ocsp.write_query(*serial))
            }
            Request::CheckAvailability(subject) => behind::write_check(self, subject),
            Request::FetchDossier { subject, call, document } => {
                behind::write_fetch(self, subject, *call, *document)
            }
            Request::Hello(_)
            | Request::ChangeRegister(_)
            | Request::Publish(..)
            | Request::FetchListNow(_)
            | Request::Revoke(_) => return None,
        };
        let headers = written.headers_mut();
        headers.insert(header::HOST, value(&self.places.host_text(to)));
        if let (Request::Browse(_), Some(cookie)) = (request, cookie) {
            headers.insert(header::COOKIE, value(&front::cookie::write(cookie)));
        }
        Some(written)
    }

    /// What a request to that host says, and the cookie that came with it.
    ///
    /// # Errors
    /// It is none that a host of the network serves, or is malformed, or there is too much of it.
    pub fn read_request(
        &self,
        to: NameId,
        request: &http::Request<Vec<u8>>,
    ) -> Result<(Request, Option<Cookie>), Fault> {
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        within("bytes of path and query", MAX_TARGET, target.len())?;
        within("bytes of body", MAX_REQUEST, request.body().len())?;
        check_headers(request.headers())?;
        let read = self.read_by_path(to, request)?;
        let cookie = matches!(read, Request::Browse(_))
            .then(|| front::cookie::read(request.headers(), &header::COOKIE))
            .flatten();
        Ok((read, cookie))
    }

    fn read_by_path(&self, to: NameId, request: &http::Request<Vec<u8>>) -> Result<Request, Fault> {
        let path = request.uri().path();
        match self.places.place(to, path) {
            Some(place) if place.endpoint == Endpoint::Token && place.length == path.len() => {
                return oauth::read_request(self, request).map(Request::OfferCode);
            }
            Some(place) if place.endpoint == Endpoint::Resource => {
                return fhir::read_request(self, to, place, request).map(Request::Fetch);
            }
            _ => {}
        }
        match path {
            paths::RESOLVE_ARTIFACT => {
                let (artifact, issuer, signed) =
                    self.saml.read_artifact_resolve(to, posted(request, SOAP)?)?;
                Ok(Request::ResolveArtifact { artifact, issuer, signed })
            }
            paths::OCSP => {
                self.ocsp.read_query(posted(request, OCSP_REQUEST)?).map(Request::OcspQuery)
            }
            paths::AVAILABILITY => behind::read_check(self, posted(request, behind::JSON)?),
            paths::RECORDS => behind::read_fetch(self, posted(request, behind::JSON)?),
            _ => {
                if let Some(encoded) = path.strip_prefix(paths::OCSP_GET) {
                    expect_get(request.method())?;
                    return self
                        .ocsp
                        .read_query(&ocsp::read_encoded(encoded)?)
                        .map(Request::OcspQuery);
                }
                if let Some(kind) = self.lists.kind(path) {
                    expect_get(request.method())?;
                    return Ok(Request::GetList(kind));
                }
                let form = match *request.method() {
                    Method::POST => Some(posted_form(request)?),
                    _ => None,
                };
                let query = request.uri().query().unwrap_or_default();
                let sent = front::Sent { method: request.method(), path, query, form };
                front::read(self, to, &sent).map(Request::Browse)
            }
        }
    }

    /// What that host answers; none if it is one that never travels.
    pub fn write_response(
        &self,
        from: NameId,
        to: &Request,
        response: &Response,
    ) -> Option<http::Response<Vec<u8>>> {
        let written = match response {
            Response::Page { page, set_cookie } => {
                front::answer::write_page(self, from, page, *set_cookie)
            }
            Response::Redirect { to: there, request, set_cookie } => {
                front::answer::write_redirect(self, from, to, (*there, request), *set_cookie)
            }
            Response::Token(grant) => oauth::write_grant(self, grant),
            Response::TokenError(error) => oauth::write_error(*error),
            Response::Fhir(answer) => fhir::write_answer(self, to, answer),
            Response::OperationOutcome(issue) => fhir::write_outcome(*issue),
            Response::ArtifactResponse(assertion) => {
                let body = self.saml.write_artifact_response(from, to, assertion);
                answer(StatusCode::OK, SOAP, body)
            }
            Response::List(list) => answer(StatusCode::OK, LIST, self.lists.write(list)),
            Response::Ocsp(verdict) => {
                answer(StatusCode::OK, OCSP_RESPONSE, self.ocsp.write_answer(to, verdict))
            }
            Response::Availability(availability) => behind::write_availability(*availability),
            Response::Dossier(content) => behind::write_content(self, content),
            Response::Unavailable => match to {
                Request::Browse(_) => front::answer::write_unavailable(self, from),
                _ => refusal(StatusCode::SERVICE_UNAVAILABLE),
            },
            Response::BadRequest => match to {
                Request::Browse(_) => front::answer::write_bad_request(self, from),
                _ => refusal(StatusCode::BAD_REQUEST),
            },
            Response::Admit | Response::Deny | Response::Done | Response::NotDone => return None,
        };
        Some(written)
    }

    /// What that host answers to a request in which there is no message: what a resource server can, for whoever asks that of
    /// FHIR; a page for whoever looks at pages; or else a line that says what was expected.
    pub fn write_fault(
        &self,
        from: NameId,
        to: &http::Request<Vec<u8>>,
        fault: &Fault,
    ) -> http::Response<Vec<u8>> {
        if fhir::asks_what_it_can(self, from, to) {
            return fhir::write_what_it_can();
        }
        let accepted = to.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        if accepted.is_some_and(|accept| accept.contains("text/html")) {
            front::answer::write_fault(self, from, fault)
        } else {
            fault.response()
        }
    }

    /// What that host's answer to a request says.
    ///
    /// # Errors
    /// It is no answer to that request, or is malformed, or there is too much of it.
    pub fn read_response(
        &self,
        from: NameId,
        to: &Request,
        response: &http::Response<Vec<u8>>,
    ) -> Result<Response, Fault> {
        check_headers(response.headers())?;
        if !matches!(to, Request::GetList(_)) {
            within("bytes of body", MAX_RESPONSE, response.body().len())?;
        }
        match to {
            Request::Browse(_) => front::answer::read(self, response),
            Request::OfferCode(_) => oauth::read_answer(self, response),
            Request::Fetch(_) => fhir::read_answer(self, response),
            Request::ResolveArtifact { artifact, .. } => served(response, |body| {
                self.saml
                    .read_artifact_response(from, *artifact, body)
                    .map(Response::ArtifactResponse)
            }),
            Request::GetList(kind) => {
                served(response, |body| self.lists.read(*kind, body).map(Response::List))
            }
            Request::OcspQuery(serial) => {
                served(response, |body| self.ocsp.read_answer(*serial, body).map(Response::Ocsp))
            }
            Request::CheckAvailability(_) => served(response, behind::read_availability),
            Request::FetchDossier { .. } => {
                served(response, |body| behind::read_content(self, body))
            }
            Request::Hello(_)
            | Request::ChangeRegister(_)
            | Request::Publish(..)
            | Request::FetchListNow(_)
            | Request::Revoke(_) => {
                Err(Fault::malformed("an answer to a request that travels", "another"))
            }
        }
    }
}

/// What the body of an answer says, if the answer is one at all.
fn served(
    response: &http::Response<Vec<u8>>,
    read: impl FnOnce(&[u8]) -> Result<Response, Fault>,
) -> Result<Response, Fault> {
    match refused(response.status()) {
        Some(refused) => refused,
        None => read(response.body()),
    }
}

/// What a status says by itself; nothing if the body says it.
pub(crate) fn refused(status: StatusCode) -> Option<Result<Response, Fault>> {
    match status {
        StatusCode::OK => None,
        StatusCode::SERVICE_UNAVAILABLE => Some(Ok(Response::Unavailable)),
        status if status.is_client_error() => Some(Ok(Response::BadRequest)),
        status => Some(Err(Fault::malformed("status 200", status.as_str()))),
    }
}

/// An answer between machines that says no more than its status.
fn refusal(status: StatusCode) -> http::Response<Vec<u8>> {
    let mut refusal = answer(status, "text/plain", Vec::new());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        refusal.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    refusal
}

/// Seconds after which it may be worth while to ask again.
pub(crate) const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// A GET of this path and query.
pub(crate) fn get(target: &str) -> http::Request<Vec<u8>> {
    let mut request = http::Request::new(Vec::new());
    *request.uri_mut() = uri(target);
    request
}

/// A POST to this path.
pub(crate) fn post(target: &str, media: &'static str, body: Vec<u8>) -> http::Request<Vec<u8>> {
    let mut request = http::Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri(target);
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    request
}

/// An answer with this body, of which nobody keeps a copy.
pub(crate) fn answer(
    status: StatusCode,
    media: &'static str,
    body: Vec<u8>,
) -> http::Response<Vec<u8>> {
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What cannot stand in a request line leads nowhere, which the other end will say.
fn uri(target: &str) -> http::Uri {
    target.parse().unwrap_or_else(|_| http::Uri::from_static("/onbekend"))
}

/// A header's value; of a text that cannot be one, what can.
pub(crate) fn value(text: &str) -> HeaderValue {
    let plain: String = text.chars().filter(|c| matches!(c, ' '..='~')).collect();
    HeaderValue::from_str(&plain).unwrap_or(HeaderValue::from_static(""))
}

/// The path of a URI.
pub(crate) fn path_of(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.find('/').map_or("/", |place| &rest[place..])
}

fn within(what: &'static str, limit: usize, found: usize) -> Result<(), Fault> {
    if found > limit { Err(Fault::too_large(what, limit, found)) } else { Ok(()) }
}

fn check_headers(headers: &http::HeaderMap) -> Result<(), Fault> {
    within("header fields", MAX_HEADERS, headers.len())?;
    let bytes = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    within("bytes of header fields", MAX_HEADER_BYTES, bytes)
}

/// Nothing but GET is served here.
pub(crate) fn expect_get(method: &Method) -> Result<(), Fault> {
    if *method == Method::GET { Ok(()) } else { Err(Fault::method("GET", method)) }
}

/// The body of a POST of this media type: nothing else is served here.
fn posted<'r>(request: &'r http::Request<Vec<u8>>, media: &'static str) -> Result<&'r [u8], Fault> {
    if request.method() != Method::POST {
        return Err(Fault::method("POST", request.method()));
    }
    let found = request.headers().get(header::CONTENT_TYPE).map_or(&b""[..], |t| t.as_bytes());
    let essence = found.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if !essence.eq_ignore_ascii_case(media.as_bytes()) {
        return Err(Fault::media(media, &String::from_utf8_lossy(found)));
    }
    Ok(request.body())
}

/// The form that was posted.
pub(crate) fn posted_form(request: &http::Request<Vec<u8>>) -> Result<Form, Fault> {
    let body = posted(request, form::MEDIA)?;
    let text = str::from_utf8(body)
        .map_err(|_| Fault::malformed("text in UTF-8", &String::from_utf8_lossy(body)))?;
    Form::read(text)?.once()
}
