//! Which page a page is: what a simulated browser makes of HTML.
//!
//! Reads what [`super::page`] wrote for programs and nothing that it wrote for people.

use protocol::message::Page;

use super::{
    fields,
    scan::{Tag, tags},
};
use crate::{
    codec::{Codec, MAX_PAGE},
    fault::Fault,
    form::Form,
    front::{self, words},
};

/// What a browser has before it.
#[derive(Debug)]
pub(crate) enum Seen {
    /// A page to look at.
    Page(Page),
    /// A form that sends itself.
    Forward { action: String, form: Form },
    /// HTTP 503 as a page.
    Unavailable,
    /// HTTP 400 as a page.
    BadRequest,
}

/// Reads a page.
pub(crate) fn read(codec: &Codec<'_>, body: &[u8]) -> Result<Seen, Fault> {
    if body.len() > MAX_PAGE {
        return Err(Fault::too_large("bytes of page", MAX_PAGE, body.len()));
    }
    let text = str::from_utf8(body).map_err(|_| Fault::malformed("a page in UTF-8", "another"))?;
    let mut main = None;
    let mut action = None;
    let mut hidden = Form::default();
    for tag in tags(text) {
        match tag.name {
            "main" if main.is_none() => main = Some(tag),
            // The first form of a page has all that goes back.
            "form" if action.is_none() => action = tag.get("action").map(str::to_owned),
            "input"
                if tag.get("type") == Some("hidden") && hidden.fields().count() < MAX_HIDDEN =>
            {
                let part = |name| tag.get(name).unwrap_or_default();
                hidden = hidden.with(part("name"), part("value"));
            }
            _ => {}
        }
    }
    let fault = || Fault::malformed("a page of this network", text);
    let main = main.ok_or_else(fault)?;
    match main.get("data-page").ok_or_else(fault)? {
        fields::FORWARD => {
            Ok(Seen::Forward { action: action.unwrap_or_default(), form: hidden.once()? })
        }
        fields::UNAVAILABLE => Ok(Seen::Unavailable),
        fields::BAD_REQUEST => Ok(Seen::BadRequest),
        name => page(codec, name, &main, &hidden).map(Seen::Page),
    }
}

/// The most hidden fields of a page that are read.
const MAX_HIDDEN: usize = 16;

fn page(codec: &Codec<'_>, name: &str, main: &Tag<'_>, hidden: &Form) -> Result<Page, Fault> {
    let csrf = || hidden.need("csrf").map(|text| codec.places.opaque(text));
    let text = |name: &'static str| {
        main.get(name).ok_or_else(|| Fault::malformed(format!("a page with {name}"), "none"))
    };
    let unknown = |found: &str| Fault::malformed("a page that this network has", found);
    Ok(match name {
        fields::OFFER => Page::Offer { csrf: csrf()? },
        fields::NOT_OFFERED => Page::NotOffered,
        fields::LOGIN => Page::Login { csrf: csrf()?, again: main.get("data-again").is_some() },
        fields::DIGID_REFUSES => Page::DigidRefuses,
        fields::CONSENT => Page::ConsentQuestion {
            csrf: csrf()?,
            zorgaanbieder: front::zorgaanbieder_from(codec, text("data-zorgaanbieder")?),
            dienst: front::dienst_from(text("data-dienst")?),
            client: codec.places.host(text("data-client")?),
        },
        fields::INVALID => {
            let cause = text("data-cause")?;
            let known = words::meaning(&fields::CAUSES, cause);
            Page::RequestInvalid(known.ok_or_else(|| unknown(cause))?)
        }
        fields::NO_SESSION => Page::NoSession,
        fields::COLLECTED => Page::Collected { answers: number(text("data-number")?)? },
        fields::TOLD => {
            let exception = text("data-cause")?;
            let known = words::meaning(&fields::EXCEPTIONS, exception);
            Page::Told(known.ok_or_else(|| unknown(exception))?)
        }
        fields::UNREACHABLE => Page::Unreachable,
        fields::STOPPED => Page::Stopped,
        fields::DOSSIER => Page::Dossier { items: number(text("data-number")?)? },
        other => return Err(unknown(other)),
    })
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| Fault::malformed("a number", text))
}
