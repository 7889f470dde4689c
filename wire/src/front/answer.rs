//! What a browser gets: a page, or a redirect to the next request, and a cookie.
//!
//! A redirect to a GET is a `Location`; one to a POST is a page with a form that sends itself, as SAML's POST binding has
//! it, and that a person without script sends with a button. Says nothing in a header that a page could not take.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response as HttpResponse, StatusCode, header,
};
use protocol::{
    id::{Cookie, NameId},
    message::{Browse, Page, Request, Response},
};

use super::{Sent, cookie, is_posted, read as read_browse, write as write_browse};
use crate::{
    codec::{self, Codec, value},
    fault::Fault,
    pages::{self, Seen},
};

const HTML: &str = "text/html; charset=utf-8";

pub(crate) fn write_page(
    codec: &Codec<'_>,
    from: NameId,
    page: &Page,
    set_cookie: Option<Cookie>,
) -> HttpResponse<Vec<u8>> {
    let status = match page {
        Page::RequestInvalid(_) => StatusCode::BAD_REQUEST,
        Page::NoSession => StatusCode::FORBIDDEN,
        // As DigiD answers a service provider that it does not know, or whose signature is wrong.
        Page::DigidRefuses => StatusCode::NOT_FOUND,
        Page::Offer { .. }
        | Page::NotOffered
        | Page::Login { .. }
        | Page::ConsentQuestion { .. }
        | Page::Collected { .. }
        | Page::Told(_)
        | Page::Unreachable
        | Page::Stopped
        | Page::Dossier { .. } => StatusCode::OK,
    };
    let mut response = html(status, pages::page(codec, from, page), set_cookie);
    if matches!(page, Page::Login { .. }) {
        // It comes of a POST. A browser that kept nothing of it has nothing to go back to but a warning; and nothing
        // stands there that is anybody's.
        let keep = HeaderValue::from_static("private, no-cache");
        response.headers_mut().insert(header::CACHE_CONTROL, keep);
    }
    response
}

pub(crate) fn write_unavailable(codec: &Codec<'_>, from: NameId) -> HttpResponse<Vec<u8>> {
    let page = pages::unavailable(codec, from);
    let mut response = html(StatusCode::SERVICE_UNAVAILABLE, page, None);
    response.headers_mut().insert(header::RETRY_AFTER, codec::RETRY_AFTER);
    response
}

pub(crate) fn write_bad_request(codec: &Codec<'_>, from: NameId) -> HttpResponse<Vec<u8>> {
    html(StatusCode::BAD_REQUEST, pages::bad_request(codec, from), None)
}

/// What a browser gets that sent what is not taken.
pub(crate) fn write_fault(codec: &Codec<'_>, from: NameId, fault: &Fault) -> HttpResponse<Vec<u8>> {
    html(fault.status, pages::bad_request(codec, from), None)
}

pub(crate) fn write_redirect(
    codec: &Codec<'_>,
    from: NameId,
    to: &Request,
    (there, request): (NameId, &Browse),
    set_cookie: Option<Cookie>,
) -> HttpResponse<Vec<u8>> {
    let target = write_browse(codec, there, request);
    let location = format!("https://{}{}", codec.places.host_text(there), target.path);
    if let Some(form) = target.form {
        let there = codec.places.host_text(there);
        let page = pages::forward(codec, from, &there, &location, &form);
        return html(StatusCode::OK, page, set_cookie);
    }
    let posted = matches!(to, Request::Browse(browse) if is_posted(browse));
    // After a POST, 303 has the browser ask with GET; 302 leaves that open (RFC 9110 §15.4).
    let status = if posted { StatusCode::SEE_OTHER } else { StatusCode::FOUND };
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, value(&location));
    protect(headers, set_cookie);
    response
}

fn html(
    status: StatusCode,
    page: pages::Html,
    set_cookie: Option<Cookie>,
) -> HttpResponse<Vec<u8>> {
    let mut response = codec::answer(status, HTML, page.text.into_bytes());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, value(page.policy));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    protect(headers, set_cookie);
    response
}

/// Codes and artifacts stand in addresses: nobody keeps them, and no other site is told where a browser came from.
fn protect(headers: &mut HeaderMap, set_cookie: Option<Cookie>) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Some(cookie) = set_cookie {
        headers.insert(header::SET_COOKIE, value(&cookie::write_set(cookie)));
    }
}

pub(crate) fn read(codec: &Codec<'_>, response: &HttpResponse<Vec<u8>>) -> Result<Response, Fault> {
    let set_cookie = cookie::read(response.headers(), &header::SET_COOKIE);
    if response.status().is_redirection() {
        let location = text(response.headers(), &header::LOCATION);
        let (to, request) = follow(codec, location, Method::GET, None)?;
        return Ok(Response::Redirect { to, request, set_cookie });
    }
    let status = response.status();
    match pages::read(codec, response.body()) {
        Ok(Seen::Page(page)) => Ok(Response::Page { page, set_cookie }),
        Ok(Seen::Forward { action, form }) => {
            let (to, request) = follow(codec, &action, Method::POST, Some(form))?;
            Ok(Response::Redirect { to, request, set_cookie })
        }
        Ok(Seen::Unavailable) => Ok(Response::Unavailable),
        Ok(Seen::BadRequest) => Ok(Response::BadRequest),
        Err(fault) => codec::refused(status).unwrap_or(Err(fault)),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The request that a browser makes at an address. Ports are the connector's, so none stands there.
fn follow(
    codec: &Codec<'_>,
    address: &str,
    method: Method,
    form: Option<crate::form::Form>,
) -> Result<(NameId, Browse), Fault> {
    let fault = || Fault::malformed("an address that begins with https:// and a hostname", address);
    let uri: http::Uri = address.parse().map_err(|_| fault())?;
    let host = uri.host().filter(|host| uri.authority().is_some_and(|whole| whole == host));
    let (Some("https"), Some(host)) = (uri.scheme_str(), host) else { return Err(fault()) };
    let to = codec.places.host(host);
    let query = uri.query().unwrap_or_default();
    let sent = Sent { method: &method, path: uri.path(), query, form };
    Ok((to, read_browse(codec, to, &sent)?))
}
