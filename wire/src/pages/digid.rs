//! The pages of the simulated DigiD, which say so.
//!
//! They look like nothing that DigiD has, and ask for no real number or password.

use maud::html;
use protocol::{id::Opaque, message::Assurance};

use super::{Desk, Facts, House, Html, fields};
use crate::{
    front::{PASSWORD, level_text},
    paths,
};

/// The most test persons that one page proposes.
const MAX_PERSONS: usize = 100;

const LEVELS: [(Assurance, &str); 4] = [
    (Assurance::Basis, "Basis (wachtwoord)"),
    (Assurance::Midden, "Midden (sms of app)"),
    (Assurance::Substantieel, "Substantieel (app)"),
    (Assurance::Hoog, "Hoog (identiteitskaart)"),
];

pub(super) fn login(desk: Desk<'_>, csrf: Opaque, again: bool) -> Html {
    let facts = Facts { again, ..Facts::page(fields::LOGIN) };
    let persons = desk.codec.scene.test_persons();
    let title = if again { "Fout: inloggen als testpersoon" } else { "Inloggen als testpersoon" };
    let body = html! {
        h1 { "Inloggen als testpersoon" }
        @if again {
            p.alarm #fout role="alert" {
                strong { "Het wachtwoord klopt niet." }
                " Het wachtwoord van elke testpersoon is ‘" (PASSWORD) "’. Na een paar keer stopt het inloggen."
            }
        }
        form.card method="post" action=(paths::LOG_IN) {
            (desk.csrf(csrf))
            @if persons.is_empty() {
                label for="testpersoon" { "Nummer van de testpersoon" }
                input #testpersoon name="testpersoon" inputmode="numeric" pattern="[0-9]+" autocomplete="off" required;
            } @else {
                fieldset {
                    legend { "Als wie wilt u inloggen?" }
                    div.choices {
                        @for (place, person) in persons.iter().take(MAX_PERSONS).enumerate() {
                            label.choice {
                                input type="radio" name="testpersoon" value=(person.account.0) required
                                    checked[place == 0];
                                span { (person.name) span.hint { "Geboren op " (person.born) } }
                            }
                        }
                    }
                }
            }
            label for="wachtwoord" { "Wachtwoord" }
            p.hint #tip { "Dat is voor alle testpersonen: " (PASSWORD) }
            input #wachtwoord name="wachtwoord" type="password" autocomplete="off" required
                aria-describedby=(if again { "fout tip" } else { "tip" })
                aria-invalid=[again.then_some("true")];
            label for="niveau" { "Hoe logt u in?" }
            select #niveau name="niveau" {
                @for (level, name) in LEVELS {
                    option value=(level_text(level)) selected[level == Assurance::Hoog] { (name) }
                }
            }
            p.actions { button { "Inloggen" } }
        }
        form method="post" action=(paths::CANCEL) {
            (desk.csrf(csrf))
            p.actions { button.other { "Annuleren" } }
        }
    };
    desk.shell(House::Digid, title, &facts, &body)
}

pub(super) fn refuses(desk: Desk<'_>) -> Html {
    let body = html! {
        h1 { "U kunt hier niet inloggen" }
        p { "De organisatie die u hierheen stuurde, is hier niet bekend, of haar handtekening klopt niet." }
        p { "Ga terug naar uw persoonlijke gezondheidsomgeving en begin daar opnieuw. Gaat het weer mis, meld het dan daar." }
    };
    desk.shell(House::Digid, "Niet bekend", &Facts::page(fields::DIGID_REFUSES), &body)
}
