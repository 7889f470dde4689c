//! What browsers ask: which path, query and form each request of the front channel has.
//!
//! The same serves for a request and for a redirect, which is the next request as a value. Does not know which kind of
//! host is asked: no two kinds serve the same path, and the actor behind it answers what it does not serve.

pub(crate) mod answer;
pub(crate) mod cookie;
pub(crate) mod words;

use http::Method;
use protocol::{
    catalogue::{Gegevensdienst, Scope},
    id::{NameId, Opaque, PersonId, ZorgaanbiederId},
    message::{Authorize, Browse, ConsentAnswer, Description, Secret},
    uri::Uri,
};

use crate::{
    codec::{Codec, path_of},
    fault::Fault,
    form::Form,
    paths,
    places::{Endpoint, NOBODY, Place},
};

pub(crate) use words::{error_from, error_text, level_from, level_text};

/// The password of every test person. Together with the level that was chosen it is a right secret; anything else is
/// a wrong one.
pub const PASSWORD: &str = "welkom";
/// What a simulated person types who types it wrongly.
const WRONG_PASSWORD: &str = "vergeten";

/// Where a browser goes, and the form that it posts there, if it posts one.
pub(crate) struct Target {
    /// Path and query.
    pub(crate) path: String,
    pub(crate) form: Option<Form>,
}

/// What a browser sent.
pub(crate) struct Sent<'r> {
    pub(crate) method: &'r Method,
    pub(crate) path: &'r str,
    pub(crate) query: &'r str,
    /// Of a POST.
    pub(crate) form: Option<Form>,
}

/// Whether a browser posts it: what carries a password, a choice or a signature.
pub(crate) const fn is_posted(browse: &Browse) -> bool {
    matches!(
        browse,
        Browse::Choose { .. }
            | Browse::Authenticate(_)
            | Browse::LogIn { .. }
            | Browse::CancelLogin { .. }
            | Browse::AnswerConsent { .. }
    )
}

fn get(path: &str) -> Target {
    Target { path: path.into(), form: None }
}

fn query(path: &str, form: &Form) -> Target {
    Target { path: format!("{path}?{}", form.text()), form: None }
}

fn post(path: &str, form: Form) -> Target {
    Target { path: path.into(), form: Some(form) }
}

/// How a browser asks it of that host.
pub(crate) fn write(codec: &Codec<'_>, to: NameId, browse: &Browse) -> Target {
    let form = Form::default();
    let opaque = |value| codec.places.opaque_text(value);
    match browse {
        Browse::Open => get(paths::OPEN),
        Browse::StopFlow => get(paths::STOP),
        Browse::ConsultDossier => get(paths::DOSSIER),
        Browse::Choose { zorgaanbieder, dienst, csrf } => post(
            paths::CHOOSE,
            form.with("zorgaanbieder", zorgaanbieder_text(codec, *zorgaanbieder))
                .with("gegevensdienst", dienst.id())
                .with("csrf", opaque(*csrf)),
        ),
        Browse::Authorize(request) => write_authorize(codec, to, request),
        Browse::Authenticate(request) => post(
            paths::AUTHENTICATE,
            form.with("SAMLRequest", codec.saml.write_authn_request(to, request))
                .with("RelayState", opaque(request.relay_state)),
        ),
        Browse::LogIn { account, secret, csrf } => {
            let (password, level) = match secret {
                Secret::Right(level) => (PASSWORD, level_text(*level)),
                Secret::Wrong => (WRONG_PASSWORD, ""),
            };
            let form = form
                .with("testpersoon", account.0.to_string())
                .with("wachtwoord", password)
                .with("niveau", level);
            post(paths::LOG_IN, form.with("csrf", opaque(*csrf)))
        }
        Browse::CancelLogin { csrf } => post(paths::CANCEL, form.with("csrf", opaque(*csrf))),
        Browse::ReturnArtifact { artifact, relay_state } => query(
            paths::ASSERTION_CONSUMER,
            &form
                .with("SAMLart", codec.saml.write_artifact(*artifact))
                .with("RelayState", opaque(*relay_state)),
        ),
        Browse::AnswerConsent { answer, csrf } => {
            let answer = match answer {
                ConsentAnswer::Given => "ja",
                ConsentAnswer::Refused => "nee",
                ConsentAnswer::Unclear => "",
            };
            post(paths::CONSENT, form.with("antwoord", answer).with("csrf", opaque(*csrf)))
        }
        Browse::Callback { code, state } => {
            let form = form.with("code", opaque(*code)).with("state", opaque(*state));
            query(&callback(codec, to, *state), &form)
        }
        Browse::CallbackError { error, description, state } => {
            let form = form.with("error", error_text(*error));
            let form = match words::description_text(*description) {
                "" => form,
                text => form.with("error_description", text),
            };
            query(&callback(codec, to, *state), &form.with("state", opaque(*state)))
        }
    }
}

/// The path to which a browser goes back with that `state`.
fn callback(codec: &Codec<'_>, to: NameId, state: Opaque) -> String {
    match codec.places.redirect_text(to, state) {
        Some(uri) => path_of(&uri).to_owned(),
        None => paths::CALLBACK.into(),
    }
}

/// What a browser asks of that host.
pub(crate) fn read(codec: &Codec<'_>, to: NameId, sent: &Sent<'_>) -> Result<Browse, Fault> {
    match codec.places.place(to, sent.path) {
        Some(place) if place.length == sent.path.len() => {
            return match place.endpoint {
                Endpoint::Authorization => read_authorize(codec, place, &asked(sent)?),
                Endpoint::Token | Endpoint::Resource => Err(Fault::nothing_at(sent.path)),
            };
        }
        _ => {}
    }
    let opaque = |text: &str| codec.places.opaque(text);
    match sent.path {
        paths::OPEN => asked(sent).map(|_| Browse::Open),
        paths::STOP => asked(sent).map(|_| Browse::StopFlow),
        paths::DOSSIER => asked(sent).map(|_| Browse::ConsultDossier),
        paths::CHOOSE => {
            let form = posted(sent)?;
            Ok(Browse::Choose {
                zorgaanbieder: zorgaanbieder_from(codec, form.need("zorgaanbieder")?),
                dienst: dienst_from(form.need("gegevensdienst")?),
                csrf: opaque(form.need("csrf")?),
            })
        }
        paths::AUTHENTICATE => {
            let form = posted(sent)?;
            let relay_state = opaque(form.get("RelayState").unwrap_or_default());
            let text = form.need("SAMLRequest")?;
            codec.saml.read_authn_request(to, text, relay_state).map(Browse::Authenticate)
        }
        paths::LOG_IN => {
            let form = posted(sent)?;
            let account = form.need("testpersoon")?;
            let number = account.parse();
            let account =
                number.map_err(|_| Fault::malformed("the number of a test person", account))?;
            // A browser sends no level if the person made none of it: that is the lowest.
            let level = level_from(form.get("niveau").unwrap_or("basis"));
            let secret = match level {
                Some(level) if form.get("wachtwoord") == Some(PASSWORD) => Secret::Right(level),
                _ => Secret::Wrong,
            };
            Ok(Browse::LogIn {
                account: PersonId(account),
                secret,
                csrf: opaque(form.need("csrf")?),
            })
        }
        paths::CANCEL => Ok(Browse::CancelLogin { csrf: opaque(posted(sent)?.need("csrf")?) }),
        paths::ASSERTION_CONSUMER => {
            let form = asked(sent)?;
            Ok(Browse::ReturnArtifact {
                artifact: codec.saml.read_artifact(form.need("SAMLart")?)?,
                relay_state: opaque(form.get("RelayState").unwrap_or_default()),
            })
        }
        paths::CONSENT => {
            let form = posted(sent)?;
            let answer = match form.get("antwoord") {
                Some("ja") => ConsentAnswer::Given,
                Some("nee") => ConsentAnswer::Refused,
                _ => ConsentAnswer::Unclear,
            };
            Ok(Browse::AnswerConsent { answer, csrf: opaque(form.need("csrf")?) })
        }
        paths::CALLBACK => {
            let form = asked(sent)?;
            let state = opaque(form.need("state")?);
            let Some(error) = form.get("error") else {
                return Ok(Browse::Callback { code: opaque(form.need("code")?), state });
            };
            let error = error_from(error)
                .ok_or_else(|| Fault::malformed("an error code of RFC 6749 §4.1.2.1", error))?;
            let description = form.get("error_description");
            let description = description.map_or(Description::None, words::description_from);
            Ok(Browse::CallbackError { error, description, state })
        }
        other => Err(Fault::nothing_at(other)),
    }
}

/// The query of a GET.
fn asked(sent: &Sent<'_>) -> Result<Form, Fault> {
    match *sent.method {
        Method::GET => Form::read(sent.query)?.once(),
        _ => Err(Fault::method("GET", sent.method)),
    }
}

/// The form of a POST.
fn posted<'s>(sent: &'s Sent<'_>) -> Result<&'s Form, Fault> {
    sent.form.as_ref().ok_or_else(|| Fault::method("POST", sent.method))
}

fn write_authorize(codec: &Codec<'_>, to: NameId, request: &Authorize) -> Target {
    let Authorize { client, redirect, scope, state, response_type } = request;
    let dienst = scope.services().next().unwrap_or(UNKNOWN);
    let address = codec.places.address(to, Endpoint::Authorization, scope.zorgaanbieder, dienst, 0);
    let path = path_of(&address);
    let place = codec.places.place(to, path);
    let form = Form::default()
        .with("response_type", words::response_type_text(*response_type))
        .with("client_id", codec.places.host_text(*client))
        .with("redirect_uri", redirect_text(codec, *redirect))
        .with("scope", scope_text(codec, place.and_then(|place| place.zorgaanbieder), *scope));
    match state {
        Some(state) => query(path, &form.with("state", codec.places.opaque_text(*state))),
        None => query(path, &form),
    }
}

/// The text of a redirect URI. A deviant says of its own that it is not over TLS: then what is written is not either.
pub(crate) fn redirect_text(codec: &Codec<'_>, redirect: Uri) -> String {
    let text = codec.places.uri_text(redirect);
    match text.strip_prefix("https://") {
        Some(rest) if !redirect.flags().https => format!("http://{rest}"),
        _ => text,
    }
}

/// What is missing or unknown stays so: it is the actor that judges an authorization request, in an order that the
/// rules prescribe.
fn read_authorize(codec: &Codec<'_>, place: Place, form: &Form) -> Result<Browse, Fault> {
    let text = |name| form.get(name).unwrap_or_default();
    Ok(Browse::Authorize(Authorize {
        client: codec.places.host(text("client_id")),
        redirect: codec.places.uri(text("redirect_uri")),
        scope: scope_from(codec, place.zorgaanbieder, text("scope")),
        state: form.get("state").map(|state| codec.places.opaque(state)),
        response_type: words::response_type_from(text("response_type")),
    }))
}

/// A service that no catalogue has.
const UNKNOWN: Gegevensdienst = Gegevensdienst(u8::MAX);

pub(crate) fn dienst_from(id: &str) -> Gegevensdienst {
    Gegevensdienst::from_id(id).unwrap_or(UNKNOWN)
}

/// `@medmij` may be left out, as people do and as scopes of release 1.4 do.
pub(crate) fn zorgaanbieder_from(codec: &Codec<'_>, naam: &str) -> ZorgaanbiederId {
    let naam = naam.trim();
    let known = codec.places.zorgaanbieder(naam);
    known.or_else(|| codec.places.zorgaanbieder(&format!("{naam}{MEDMIJ}"))).unwrap_or(NOBODY)
}

pub(crate) fn zorgaanbieder_text(codec: &Codec<'_>, zorgaanbieder: ZorgaanbiederId) -> String {
    match zorgaanbieder {
        NOBODY => "niemand".into(),
        somebody => codec.places.zorgaanbieder_text(somebody),
    }
}

const MEDMIJ: &str = "@medmij";

/// The services by their ids, as in release 1.0, where the address says whose they are; where several Zorgaanbieders
/// share it, each as `naam~id`, as since release 1.4.
pub(crate) fn scope_text(
    codec: &Codec<'_>,
    known: Option<ZorgaanbiederId>,
    scope: Scope,
) -> String {
    let whose = (known != Some(scope.zorgaanbieder)).then(|| {
        let naam = zorgaanbieder_text(codec, scope.zorgaanbieder);
        naam.strip_suffix(MEDMIJ).map(str::to_owned).unwrap_or(naam)
    });
    let ids: Vec<&str> = scope.services().map(Gegevensdienst::id).collect();
    match (whose, ids.as_slice()) {
        (None, ids) => ids.join(" "),
        // A Zorgaanbieder and nothing of it, which only a deviant asks.
        (Some(naam), []) => format!("{naam}~"),
        (Some(naam), ids) => {
            ids.iter().map(|id| format!("{naam}~{id}")).collect::<Vec<_>>().join(" ")
        }
    }
}

/// A scope with anything in it that this network does not know covers nothing.
pub(crate) fn scope_from(codec: &Codec<'_>, known: Option<ZorgaanbiederId>, text: &str) -> Scope {
    let mut whose = known;
    let mut services = Vec::new();
    for part in text.split(' ').filter(|part| !part.is_empty()) {
        let id = match part.split_once('~') {
            None => part,
            Some((naam, id)) => {
                let named = zorgaanbieder_from(codec, naam);
                if whose.is_some_and(|whose| whose != named) {
                    return Scope::single(named, UNKNOWN);
                }
                whose = Some(named);
                id
            }
        };
        services.push(dienst_from(id));
    }
    let nothing = Scope::single(whose.unwrap_or(NOBODY), UNKNOWN);
    if services.contains(&UNKNOWN) {
        return nothing;
    }
    services.into_iter().fold(nothing, Scope::with)
}
