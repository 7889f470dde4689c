//! The token endpoint: a code for an access token, as RFC 6749 §4.1.3, §5.1 and §5.2 write it.
//!
//! Statuses are those of MedMij's reference implementation, which has more of them than §5.2 asks for. Judges no code
//! and no client.

use http::{HeaderValue, StatusCode, header};
use protocol::{
    id::NameId,
    message::{GrantType, OAuthError, OfferCode, Response, TokenGrant, TokenType},
};
use serde_json::{Value, json};

use crate::{
    codec::{self, Codec, path_of, posted_form},
    fault::Fault,
    form::{self, Form},
    front,
};

const JSON: &str = "application/json";
const AUTHORIZATION_CODE: &str = "authorization_code";
const REFRESH_TOKEN: &str = "refresh_token";
/// A grant type that no gateway takes: what is written for any other.
const PASSWORD: &str = "password";
/// A token type that no gateway takes (RFC 6749 §7.1 names it): what is written for any other.
const MAC: &str = "mac";

pub(crate) fn write_request(
    codec: &Codec<'_>,
    to: NameId,
    offer: &OfferCode,
) -> http::Request<Vec<u8>> {
    let grant_type = match offer.grant_type {
        GrantType::AuthorizationCode => AUTHORIZATION_CODE,
        GrantType::RefreshToken => REFRESH_TOKEN,
        GrantType::Other => PASSWORD,
    };
    let form = Form::default()
        .with("grant_type", grant_type)
        .with("code", codec.places.opaque_text(offer.code))
        .with("client_id", codec.places.host_text(offer.client))
        .with("redirect_uri", front::redirect_text(codec, offer.redirect));
    let address = codec.places.token_address(to);
    let mut request = codec::post(path_of(&address), form::MEDIA, form.text().into_bytes());
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(JSON));
    request
}

/// What is missing stays empty: the actor refuses a code, a client or a URI that it does not know.
pub(crate) fn read_request(
    codec: &Codec<'_>,
    request: &http::Request<Vec<u8>>,
) -> Result<OfferCode, Fault> {
    let form = posted_form(request)?;
    let text = |name| form.get(name).unwrap_or_default();
    Ok(OfferCode {
        grant_type: match form.need("grant_type")? {
            AUTHORIZATION_CODE => GrantType::AuthorizationCode,
            REFRESH_TOKEN => GrantType::RefreshToken,
            _ => GrantType::Other,
        },
        code: codec.places.opaque(text("code")),
        client: codec.places.host(text("client_id")),
        redirect: codec.places.uri(text("redirect_uri")),
    })
}

pub(crate) fn write_grant(codec: &Codec<'_>, grant: &TokenGrant) -> http::Response<Vec<u8>> {
    let token_type = match grant.token_type {
        TokenType::Bearer => "bearer",
        TokenType::Other => MAC,
    };
    // As it was asked for, where it is kept whose it is; else with the name, because the answer stands at an address
    // that tells of no Zorgaanbieder.
    let whose = codec.places.granted(grant.token).map(|scope| scope.zorgaanbieder);
    let mut body = json!({
        "access_token": codec.places.opaque_text(grant.token),
        "token_type": token_type,
        "expires_in": grant.expires_in,
        "scope": front::scope_text(codec, whose, grant.scope),
    });
    if let Some(token) = grant.refresh_token {
        body[REFRESH_TOKEN] = codec.places.opaque_text(token).into();
    }
    answer(StatusCode::OK, &body)
}

pub(crate) fn write_error(error: OAuthError) -> http::Response<Vec<u8>> {
    let status = match error {
        OAuthError::UnauthorizedClient => StatusCode::UNAUTHORIZED,
        OAuthError::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        OAuthError::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        OAuthError::InvalidRequest
        | OAuthError::AccessDenied
        | OAuthError::UnsupportedResponseType
        | OAuthError::InvalidScope
        | OAuthError::InvalidClient
        | OAuthError::InvalidGrant
        | OAuthError::UnsupportedGrantType => StatusCode::BAD_REQUEST,
    };
    answer(status, &json!({ "error": front::error_text(error) }))
}

fn answer(status: StatusCode, body: &Value) -> http::Response<Vec<u8>> {
    let mut answer = codec::answer(status, JSON, body.to_string().into_bytes());
    // RFC 6749 §5.1 asks for it beside Cache-Control, for caches of HTTP 1.0.
    answer.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}

pub(crate) fn read_answer(
    codec: &Codec<'_>,
    response: &http::Response<Vec<u8>>,
) -> Result<Response, Fault> {
    let body = serde_json::from_slice::<Value>(response.body()).unwrap_or_default();
    if let Some(error) = body["error"].as_str() {
        let known = front::error_from(error);
        return known
            .map(Response::TokenError)
            .ok_or_else(|| Fault::malformed("an error code of RFC 6749 §5.2", error));
    }
    if let Some(refused) = codec::refused(response.status()) {
        return refused;
    }
    let text = |name: &str| {
        // What is there instead may be a token, which no fault repeats.
        body[name].as_str().ok_or_else(|| Fault::malformed(format!("{name} in JSON"), "none"))
    };
    let token = codec.places.opaque(text("access_token")?);
    let whose = codec.places.granted(token).map(|scope| scope.zorgaanbieder);
    let token_type = if text("token_type")?.eq_ignore_ascii_case("bearer") {
        TokenType::Bearer
    } else {
        TokenType::Other
    };
    // RFC 6749 §5.1 only recommends the term. Without one the token may be dead at once.
    let expires_in = body["expires_in"].as_u64().unwrap_or(0);
    Ok(Response::Token(TokenGrant {
        token,
        scope: front::scope_from(codec, whose, body["scope"].as_str().unwrap_or_default()),
        expires_in: u32::try_from(expires_in).unwrap_or(u32::MAX),
        token_type,
        refresh_token: body[REFRESH_TOKEN].as_str().map(|text| codec.places.opaque(text)),
    }))
}
