//! The pages of a PGO: what is on offer, what came of a collection, and the Dossier.
//!
//! Every page that ends something says what happened and what the person can do.

use maud::{Markup, html};
use protocol::{
    catalogue::{CATALOGUE, Gegevensdienst},
    id::Opaque,
    message::Exception,
};

use super::{Desk, Facts, House, Html, fields, scene::Offering, service_name};
use crate::{front::words, paths};

/// The most Zorgaanbieders that the search field proposes; people can name any other too.
const MAX_PROPOSED: usize = 500;

/// The most items of a Dossier that one page shows.
const MAX_ITEMS: usize = 200;

pub(super) fn offer(desk: Desk<'_>, csrf: Opaque) -> Html {
    let offers = desk.codec.scene.offers(desk.from);
    let body = html! {
        h1 { "Gegevens verzamelen" }
        p { "Haal gegevens op bij uw zorgaanbieder en bewaar ze hier in uw eigen dossier." }
        form.card method="post" action=(paths::CHOOSE) {
            (desk.csrf(csrf))
            label for="zorgaanbieder" { "Zorgaanbieder" }
            p.hint #uitleg { "Typ een deel van de naam en kies uit de lijst, bijvoorbeeld uw huisarts." }
            input #zorgaanbieder name="zorgaanbieder" type="search" list="zorgaanbieders" autocomplete="off" required
                aria-describedby="uitleg";
            datalist #zorgaanbieders {
                @for offer in offers.iter().take(MAX_PROPOSED) {
                    option value=(offer.naam) { (offer.name) }
                }
            }
            label for="gegevensdienst" { "Welke gegevens?" }
            select #gegevensdienst name="gegevensdienst" required {
                option value="" { "Maak een keuze" }
                @for dienst in services(&offers) {
                    option value=(dienst.id()) { (service_name(dienst)) }
                }
            }
            p.actions { button { "Verder" } }
        }
        details {
            summary { "Wat gebeurt er hierna?" }
            ol {
                li { "U logt in met DigiD, zodat uw zorgaanbieder weet wie u bent." }
                li { "Uw zorgaanbieder vraagt of uw gegevens gedeeld mogen worden." }
                li { "Zegt u ja, dan staan de gegevens daarna in uw dossier." }
            }
        }
        ul {
            li { a href=(paths::DOSSIER) { "Naar mijn dossier" } }
            // Exception 1: a ZA GW has the person come here to stop.
            li { a href=(paths::STOP) { "Stop met een verzoek dat nog loopt" } }
        }
    };
    desk.shell(House::Pgo, "Gegevens verzamelen", &Facts::page(fields::OFFER), &body)
}

/// What anyone has on offer, or all there is if nobody said.
fn services(offers: &[Offering]) -> Vec<Gegevensdienst> {
    let offered = |dienst: &Gegevensdienst| {
        offers.is_empty() || offers.iter().any(|offer| offer.services.contains(dienst))
    };
    (0..CATALOGUE.len()).map(|place| Gegevensdienst(place as u8)).filter(offered).collect()
}

/// Where a person can go from a page that ends something.
fn onward() -> Markup {
    html! {
        p.actions {
            a.button href="/" { "Opnieuw verzamelen" }
            a.button.other href=(paths::DOSSIER) { "Naar mijn dossier" }
        }
    }
}

fn result(desk: Desk<'_>, title: &str, facts: &Facts, said: &Markup) -> Html {
    let body = html! { h1 { (title) } (said) (onward()) };
    desk.shell(House::Pgo, title, facts, &body)
}

pub(super) fn not_offered(desk: Desk<'_>) -> Html {
    let said = html! {
        p { "Deze zorgaanbieder biedt deze gegevens niet aan, of staat niet op de lijst van MedMij." }
        p { "Controleer de naam, of kies andere gegevens." }
    };
    result(desk, "Dit is niet op te halen", &Facts::page(fields::NOT_OFFERED), &said)
}

pub(super) fn collected(desk: Desk<'_>, answers: u16) -> Html {
    let facts = Facts { number: Some(answers.into()), ..Facts::page(fields::COLLECTED) };
    let said = html! {
        p {
            @match answers {
                0 => "Uw zorgaanbieder had niets om te bewaren.",
                1 => "E\u{e9}n antwoord van uw zorgaanbieder staat nu in uw dossier.",
                more => { (more) " antwoorden van uw zorgaanbieder staan nu in uw dossier." }
            }
        }
        p { "Bij elk gegeven staat van wie en wanneer het kwam, en dat u er uitdrukkelijk toestemming voor gaf." }
    };
    result(desk, "Uw gegevens zijn opgehaald", &facts, &said)
}

pub(super) fn told(desk: Desk<'_>, exception: Exception) -> Html {
    let (title, happened, then) = match exception {
        Exception::Identity => (
            "Het inloggen is niet gelukt",
            "Uw zorgaanbieder kon niet vaststellen wie u bent, of u hebt het inloggen afgebroken. Er zijn geen gegevens gedeeld.",
            "Probeer het opnieuw en log in met DigiD op het niveau dat wordt gevraagd.",
        ),
        Exception::NoData => (
            "Er zijn geen gegevens",
            "Deze zorgaanbieder heeft voor u geen gegevens van deze soort beschikbaar.",
            "Kies andere gegevens, of vraag het na bij uw zorgaanbieder.",
        ),
        Exception::Refused => (
            "U hebt geen toestemming gegeven",
            "Daarom heeft uw zorgaanbieder geen gegevens gedeeld.",
            "Wilt u ze toch ophalen? Begin dan opnieuw en geef toestemming.",
        ),
        Exception::NoDataOrRefused => (
            "Er zijn geen gegevens opgehaald",
            "Er zijn geen gegevens beschikbaar, of u hebt geen toestemming gegeven. Uw zorgaanbieder zegt ons niet welk van de twee: ook dat is priv\u{e9}.",
            "Begin opnieuw als u alsnog toestemming wilt geven, of vraag het na bij uw zorgaanbieder.",
        ),
        Exception::Authorization => (
            "De toestemming is niet vastgelegd",
            "Bij uw zorgaanbieder ging iets mis met uw toestemming. Er zijn geen gegevens gedeeld.",
            "Probeer het later opnieuw.",
        ),
        Exception::Code => (
            "Het ophalen is niet gelukt",
            "Uw zorgaanbieder herkende de code niet waarmee wij uw gegevens zouden ophalen. Zo'n code is kort geldig, en maar \u{e9}\u{e9}n keer.",
            "Begin opnieuw; dan krijgen wij een nieuwe code.",
        ),
        Exception::Token => (
            "Het ophalen is halverwege gestopt",
            "Onze toegang bij uw zorgaanbieder is verlopen of werd niet herkend.",
            "Begin opnieuw. Wat al is opgehaald, staat in uw dossier.",
        ),
        Exception::Delivery => (
            "Uw zorgaanbieder kan nu niet leveren",
            "De systemen waarin uw gegevens staan, geven geen volledig antwoord.",
            "Probeer het later opnieuw. Lukt het dan nog niet, neem dan contact op met uw zorgaanbieder.",
        ),
    };
    let cause = Some(words::word(&fields::EXCEPTIONS, &exception));
    let facts = Facts { cause, ..Facts::page(fields::TOLD) };
    result(desk, title, &facts, &html! { p { (happened) } p { (then) } })
}

pub(super) fn unreachable(desk: Desk<'_>) -> Html {
    let said = html! {
        p { "Een partij die wij nodig hebben, antwoordt niet. Er zijn geen gegevens opgehaald." }
        p { "Probeer het over een paar minuten opnieuw." }
    };
    result(desk, "Uw zorgaanbieder is niet bereikbaar", &Facts::page(fields::UNREACHABLE), &said)
}

pub(super) fn stopped(desk: Desk<'_>) -> Html {
    let said = html! {
        p { "Wij zijn gestopt met ophalen, zoals u vroeg. Er gebeurt verder niets met dit verzoek." }
    };
    result(desk, "Het ophalen is gestopt", &Facts::page(fields::STOPPED), &said)
}

/// Any host can lose a session, so that this page leads nowhere in particular.
pub(super) fn no_session(desk: Desk<'_>) -> Html {
    let body = html! {
        h1 { "Deze pagina is verlopen" }
        p { "U was te lang weg, of u hebt deze pagina vanuit een andere browser of een bladwijzer geopend. Voor de veiligheid gaan wij dan niet verder." }
        p { "Ga terug naar uw persoonlijke gezondheidsomgeving en begin daar opnieuw." }
    };
    desk.shell(House::Any, "Verlopen", &Facts::page(fields::NO_SESSION), &body)
}

pub(super) fn dossier(desk: Desk<'_>, items: u32) -> Html {
    let facts = Facts { number: Some(items), ..Facts::page(fields::DOSSIER) };
    let shown = desk.codec.scene.dossier(desk.from);
    let body = html! {
        h1 { "Mijn dossier" }
        @match items {
            0 => p { "Er staat nog niets in uw dossier." },
            1 => p { "Er staat \u{e9}\u{e9}n gegeven in uw dossier dat via MedMij kwam en niet is gewijzigd." },
            more => p { "Er staan " (more) " gegevens in uw dossier die via MedMij kwamen en niet zijn gewijzigd." },
        }
        @if !shown.is_empty() {
            ul.items.card {
                @for item in shown.iter().take(MAX_ITEMS) {
                    li {
                        strong { (item.what) }
                        span.hint { "Van " (item.from) ", " (item.when) }
                        @if item.unchanged { span.hint { "Via MedMij, ongewijzigd" } }
                    }
                }
            }
        }
        p.actions { a.button href="/" { "Gegevens verzamelen" } }
    };
    desk.shell(House::Pgo, "Mijn dossier", &facts, &body)
}
