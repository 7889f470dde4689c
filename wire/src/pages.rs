//! Every page of the network as HTML, in Dutch, for people: of a PGO, of a ZA GW and of the simulated DigiD.
//!
//! Pages follow WCAG 2.1 AA and work by keyboard, without script and at a width of 320 px. What a simulated browser
//! reads back stands in `data-` attributes of `<main>` and in the forms' own hidden fields ([`read`]); what only people
//! see comes from [`Scene`]. Nothing is loaded from elsewhere, and the policy that goes with a page allows nothing
//! that is not in it.

mod digid;
mod fields;
mod pgo;
mod read;
mod scan;
mod scene;
#[cfg(test)]
mod tests;
mod za;

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use protocol::{
    catalogue::Gegevensdienst,
    id::{NameId, Opaque, ZorgaanbiederId},
    message::Page,
};
use sha2::{Digest as _, Sha256};

pub(crate) use read::{Seen, read};
pub use scene::{Bare, DossierItem, Offering, Scene, TestPerson};

use crate::{codec::Codec, form::Form};

const STYLE: &str = include_str!("pages/style.css");

/// Sends the only form of a page.
const SEND: &str = "document.forms[0].submit()";

/// A page, and what a browser may do with it.
pub(crate) struct Html {
    pub(crate) text: String,
    /// Content-Security-Policy.
    pub(crate) policy: &'static str,
}

/// A policy that lets a page use its own style, and post to any host over TLS: a form of one host ends, by redirects, at
/// another, which browsers count as posting there.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; form-action https:; base-uri 'none'; frame-ancestors 'none'",
        digest(STYLE)
    )
});

/// The same, for a page with a form that sends itself.
static SENDING: LazyLock<String> =
    LazyLock::new(|| format!("{}; script-src 'sha256-{}'", *POLICY, digest(SEND)));

fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

/// The kinds of hosts that show pages.
#[derive(Clone, Copy, PartialEq, Debug)]
enum House {
    Pgo,
    Za,
    Digid,
    /// Any of these: the page does not know.
    Any,
}

impl House {
    const fn class(self) -> &'static str {
        match self {
            Self::Pgo => "pgo",
            Self::Za | Self::Any => "za",
            Self::Digid => "digid",
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Pgo => "persoonlijke gezondheidsomgeving",
            Self::Za => "toestemming geven aan uw zorgaanbieder",
            Self::Digid => "nagebootst inloggen",
            Self::Any => "onderdeel van een nagebootst netwerk",
        }
    }
}

/// What stands in `<main>` for whoever reads a page back.
#[derive(Clone, Default)]
struct Facts {
    page: &'static str,
    cause: Option<&'static str>,
    number: Option<u32>,
    again: bool,
    zorgaanbieder: Option<String>,
    dienst: Option<&'static str>,
    client: Option<String>,
}

impl Facts {
    fn page(page: &'static str) -> Self {
        Self { page, ..Self::default() }
    }
}

/// What a writer of pages has at hand.
#[derive(Clone, Copy)]
struct Desk<'a> {
    codec: &'a Codec<'a>,
    from: NameId,
}

impl Desk<'_> {
    /// The name of a host or of the organisation behind it.
    fn organisation(&self, host: NameId) -> String {
        let named = self.codec.scene.organisation_name(host);
        named.unwrap_or_else(|| self.codec.places.organisation_text(host))
    }

    fn zorgaanbieder(&self, zorgaanbieder: ZorgaanbiederId) -> String {
        let named = self.codec.scene.zorgaanbieder_name(zorgaanbieder);
        named.unwrap_or_else(|| crate::front::zorgaanbieder_text(self.codec, zorgaanbieder))
    }

    /// What goes back with a form, to show that the form was this host's.
    fn csrf(&self, csrf: Opaque) -> Markup {
        html! { input type="hidden" name="csrf" value=(self.codec.places.opaque_text(csrf)); }
    }

    fn shell(&self, house: House, title: &str, facts: &Facts, body: &Markup) -> Html {
        let name = self.organisation(self.from);
        let text = html! {
            (DOCTYPE)
            html lang="nl" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    title { (title) " – " (name) }
                    style { (PreEscaped(STYLE)) }
                }
                body class=(house.class()) {
                    a.skip href="#inhoud" { "Naar de inhoud" }
                    header {
                        @if house == House::Digid {
                            p.sim { strong { "Nagebootst: dit is niet de echte DigiD." } " Vul hier nooit echte gegevens in." }
                        } @else {
                            p.sim { "Nagebootst netwerk: hier zijn geen echte gegevens." }
                        }
                        div.bar { p { (name) small { (house.what()) } } }
                    }
                    main #inhoud
                        tabindex="-1"
                        data-page=(facts.page)
                        data-cause=[facts.cause]
                        data-number=[facts.number]
                        data-again[facts.again]
                        data-zorgaanbieder=[facts.zorgaanbieder.as_deref()]
                        data-dienst=[facts.dienst]
                        data-client=[facts.client.as_deref()]
                    { (body) }
                    footer { p { "Onderdeel van stelsel, een nabootsing van MedMij. Alle namen en gegevens zijn verzonnen." } }
                }
            }
        };
        Html { text: text.into_string(), policy: &POLICY }
    }
}

/// The name of a service as people know it.
fn service_name(dienst: Gegevensdienst) -> &'static str {
    dienst.service().map_or("onbekende gegevens", |service| service.name)
}

/// A page that a host shows.
pub(crate) fn page(codec: &Codec<'_>, from: NameId, page: &Page) -> Html {
    let desk = Desk { codec, from };
    match page {
        Page::Login { csrf, again } => digid::login(desk, *csrf, *again),
        Page::DigidRefuses => digid::refuses(desk),
        Page::ConsentQuestion { csrf, zorgaanbieder, dienst, client } => {
            za::consent(desk, *csrf, *zorgaanbieder, *dienst, *client)
        }
        Page::RequestInvalid(cause) => za::invalid(desk, *cause),
        Page::Offer { csrf } => pgo::offer(desk, *csrf),
        Page::NotOffered => pgo::not_offered(desk),
        Page::NoSession => pgo::no_session(desk),
        Page::Collected { answers } => pgo::collected(desk, *answers),
        Page::Told(exception) => pgo::told(desk, *exception),
        Page::Unreachable => pgo::unreachable(desk),
        Page::Stopped => pgo::stopped(desk),
        Page::Dossier { items } => pgo::dossier(desk, *items),
    }
}

/// HTTP 503, for people.
pub(crate) fn unavailable(codec: &Codec<'_>, from: NameId) -> Html {
    let body = html! {
        h1 { "Het is te druk" }
        p { "Wij kunnen uw vraag nu niet beantwoorden. Er is niets mis met uw gegevens." }
        p { "Wacht een halve minuut en laad deze pagina dan opnieuw." }
    };
    let desk = Desk { codec, from };
    desk.shell(House::Any, "Te druk", &Facts::page(fields::UNAVAILABLE), &body)
}

/// HTTP 400, for people.
pub(crate) fn bad_request(codec: &Codec<'_>, from: NameId) -> Html {
    let body = html! {
        h1 { "Deze pagina is er niet" }
        p { "Wij begrijpen de vraag van uw browser niet. Er is niets verstuurd." }
        p { "Ga terug naar uw persoonlijke gezondheidsomgeving en begin daar opnieuw." }
    };
    let desk = Desk { codec, from };
    desk.shell(House::Any, "Niet gevonden", &Facts::page(fields::BAD_REQUEST), &body)
}

/// A page that sends a form to another host by itself.
pub(crate) fn forward(
    codec: &Codec<'_>,
    from: NameId,
    there: &str,
    action: &str,
    form: &Form,
) -> Html {
    let body = html! {
        h1 { "U gaat verder naar " (there) }
        p { "Dit gaat vanzelf. Gebeurt er niets? Kies dan Verder." }
        form method="post" action=(action) {
            @for (name, value) in form.fields() { input type="hidden" name=(name) value=(value); }
            p.actions { button { "Verder" } }
        }
        script { (PreEscaped(SEND)) }
    };
    let desk = Desk { codec, from };
    let page = desk.shell(House::Any, "Verder", &Facts::page(fields::FORWARD), &body);
    Html { policy: &SENDING, ..page }
}
