//! The pages of a ZA GW: the consent question, and what is wrong with a request that no PGO can be told of.
//!
//! The question says in our own words what the prescribed text says: to whom consent is given, for what, to share with
//! whom, to keep where, and for how long.

use maud::html;
use protocol::{
    catalogue::Gegevensdienst,
    id::{NameId, Opaque, ZorgaanbiederId},
    message::InvalidCause,
};

use super::{Desk, Facts, House, Html, fields, service_name};
use crate::{
    front::{self, words},
    paths,
};

pub(super) fn consent(
    desk: Desk<'_>,
    csrf: Opaque,
    zorgaanbieder: ZorgaanbiederId,
    dienst: Gegevensdienst,
    client: NameId,
) -> Html {
    let facts = Facts {
        zorgaanbieder: Some(front::zorgaanbieder_text(desk.codec, zorgaanbieder)),
        dienst: Some(dienst.id()),
        client: Some(desk.codec.places.host_text(client)),
        ..Facts::page(fields::CONSENT)
    };
    let (whose, what) = (desk.zorgaanbieder(zorgaanbieder), service_name(dienst));
    let pgo = desk.organisation(client);
    let body = html! {
        h1 { "Mag " (whose) " uw gegevens delen?" }
        p {
            "U wilt gegevens bewaren in uw eigen persoonlijke gezondheidsomgeving. Daarvoor heeft "
            (whose) " uw toestemming nodig."
        }
        div.card {
            dl {
                dt { "Zorgaanbieder die de gegevens deelt" }
                dd { (whose) }
                dt { "Welke gegevens" }
                dd { (what) }
                dt { "Met de leverancier van uw omgeving" }
                dd { (pgo) }
                dt { "Hoe lang" }
                dd { "Alleen voor dit ene verzoek" }
            }
            form method="post" action=(paths::CONSENT) {
                (desk.csrf(csrf))
                p.actions {
                    button name="antwoord" value="ja" { "Ja, ik geef toestemming" }
                    button.other name="antwoord" value="nee" { "Nee, ik geef geen toestemming" }
                }
            }
        }
        details {
            summary { "Lees de volledige tekst" }
            p {
                "Uw zorgaanbieder heeft een beroepsgeheim. De leverancier van uw persoonlijke gezondheidsomgeving, "
                (pgo) ", heeft met uw behandeling niets te maken en is daarom volgens de Wet op de geneeskundige \
                 behandelingsovereenkomst (WGBO) een derde. Zonder uw uitdrukkelijke toestemming mogen uw gegevens niet \
                 met een derde worden gedeeld."
            }
            p {
                "Met ‘ja’ geeft u " (whose) " toestemming om " strong { (what) } " uit te wisselen met " (pgo)
                ", om ze te bewaren in uw eigen persoonlijke gezondheidsomgeving."
            }
            p {
                "De toestemming geldt alleen voor dit verzoek. Haalt u later opnieuw gegevens op, dan vragen wij het \
                 opnieuw. Wij leggen uw antwoord vast."
            }
            p { "Met ‘nee’ worden er geen gegevens gedeeld. Dat heeft geen gevolgen voor uw behandeling." }
        }
    };
    desk.shell(House::Za, "Toestemming", &facts, &body)
}

pub(super) fn invalid(desk: Desk<'_>, cause: InvalidCause) -> Html {
    let facts =
        Facts { cause: Some(words::word(&fields::CAUSES, &cause)), ..Facts::page(fields::INVALID) };
    let because = match cause {
        InvalidCause::UnknownClient => {
            "De omgeving waar u vandaan komt, staat niet op de lijst van MedMij."
        }
        InvalidCause::RedirectUri => {
            "Het adres waarheen wij u terug zouden sturen, hoort niet bij een omgeving van MedMij, of is niet veilig."
        }
        InvalidCause::ResponseType => {
            "De omgeving vraagt om een soort antwoord dat bij MedMij niet is toegestaan."
        }
        InvalidCause::NoState => {
            "In het verzoek ontbreekt het kenmerk waarmee uw omgeving ons antwoord zou herkennen."
        }
        InvalidCause::Scope => "De omgeving vraagt om gegevens die wij niet aanbieden.",
        InvalidCause::Release => {
            "De omgeving gebruikt een versie van de afspraken die wij niet kennen."
        }
    };
    let body = html! {
        h1 { "Dit verzoek klopt niet" }
        p.alarm { (because) }
        p { "Er zijn geen gegevens gedeeld. Wij sturen u niet vanzelf terug, omdat wij niet zeker weten van wie dit verzoek kwam." }
        h2 { "Wat kunt u doen?" }
        ul {
            li { "Ga zelf terug naar uw persoonlijke gezondheidsomgeving en laat die stoppen met dit verzoek." }
            li { "Begin daarna opnieuw. Gaat het weer mis, meld het dan aan de leverancier van uw omgeving." }
        }
        p { "Voor de leverancier: " code { "invalid_request" } ", oorzaak " code { (words::word(&fields::CAUSES, &cause)) } "." }
    };
    desk.shell(House::Za, "Ongeldig verzoek", &facts, &body)
}
