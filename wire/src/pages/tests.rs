//! Pages as people get them.

use maud::html;
use protocol::{
    catalogue::Gegevensdienst,
    id::{Opaque, ZorgaanbiederId},
    message::{Assurance, AuthnRequest, Browse, Exception, InvalidCause, Page, Request, Response},
};

use super::{STYLE, scan::tags};
use crate::codec::tests::desk::{Desk, epoch, host, opaque};

fn answered(from: &str, response: &Response) -> String {
    let epoch = epoch();
    let request = Request::Browse(Browse::Open);
    let written = Desk::Own.codec(&epoch).write_response(host(from), &request, response);
    String::from_utf8(written.unwrap().into_body()).unwrap()
}

/// Every page, with a name and the host that shows it.
fn every_page() -> Vec<(&'static str, String)> {
    let csrf = opaque("8b1c9f6e-0000-4000-8000-000000000001");
    let consent = Page::ConsentQuestion {
        csrf,
        zorgaanbieder: ZorgaanbiederId(0),
        dienst: Gegevensdienst(0),
        client: host("pgo.example.nl"),
    };
    let (pgo, za, digid) = ("pgo.example.nl", "za.example.nl", "digid.example.nl");
    let mut pages: Vec<(&str, &str, Page)> = vec![
        ("offer", pgo, Page::Offer { csrf }),
        ("not-offered", pgo, Page::NotOffered),
        ("login", digid, Page::Login { csrf, again: false }),
        ("login-again", digid, Page::Login { csrf, again: true }),
        ("digid-refuses", digid, Page::DigidRefuses),
        ("consent", za, consent),
        ("no-session", za, Page::NoSession),
        ("collected", pgo, Page::Collected { answers: 28 }),
        ("unreachable", pgo, Page::Unreachable),
        ("stopped", pgo, Page::Stopped),
        ("dossier", pgo, Page::Dossier { items: 28 }),
        ("invalid", za, Page::RequestInvalid(InvalidCause::RedirectUri)),
    ];
    use Exception as E;
    let told = [E::Identity, E::NoData, E::Refused, E::NoDataOrRefused];
    let more = [E::Authorization, E::Code, E::Token, E::Delivery];
    pages.extend(told.into_iter().chain(more).map(|why| ("told", pgo, Page::Told(why))));
    use InvalidCause as C;
    let causes = [C::UnknownClient, C::ResponseType, C::NoState, C::Scope, C::Release];
    pages.extend(causes.map(|why| ("invalid-too", za, Page::RequestInvalid(why))));
    let request = AuthnRequest {
        issuer: host(za),
        id: Opaque(1),
        relay_state: csrf,
        level: Assurance::Midden,
        signed: true,
    };
    let request = Browse::Authenticate(request);
    let forward = Response::Redirect { to: host(digid), request, set_cookie: None };
    let responses = [
        ("forward", za, forward),
        ("unavailable", za, Response::Unavailable),
        ("bad-request", za, Response::BadRequest),
    ];
    pages
        .into_iter()
        .map(|(name, from, page)| (name, from, Response::Page { page, set_cookie: None }))
        .chain(responses)
        .map(|(name, from, response)| (name, answered(from, &response)))
        .collect()
}

/// Without the style, which is the same in all.
fn shown(page: &str) -> String {
    page.replace(STYLE, "").replace('>', ">\n")
}

#[test]
fn the_consent_question_reads_as_it_should() {
    let pages = every_page();
    let (_, page) = pages.iter().find(|(name, _)| *name == "consent").unwrap();
    insta::assert_snapshot!("consent", shown(page));
}

#[test]
fn the_login_page_reads_as_it_should() {
    let pages = every_page();
    let (_, page) = pages.iter().find(|(name, _)| *name == "login-again").unwrap();
    insta::assert_snapshot!("login_again", shown(page));
}

#[test]
fn every_page_has_a_language_one_heading_and_one_main_part() {
    for (name, page) in every_page() {
        let count = |wanted: &str| tags(&page).filter(|tag| tag.name == wanted).count();
        assert_eq!((count("h1"), count("main"), count("title")), (1, 1, 1), "{name}");
        let language = tags(&page).find(|tag| tag.name == "html").unwrap();
        assert_eq!(language.get("lang"), Some("nl"), "{name}");
    }
}

#[test]
fn every_field_that_is_seen_has_a_label() {
    for (name, page) in every_page() {
        let labels: Vec<String> = tags(&page)
            .filter(|tag| tag.name == "label")
            .filter_map(|tag| tag.get("for").map(str::to_owned))
            .collect();
        for field in tags(&page).filter(|tag| matches!(tag.name, "input" | "select")) {
            // A radio button stands inside its label.
            if matches!(field.get("type"), Some("hidden" | "radio")) {
                continue;
            }
            let id = field.get("id").unwrap_or_default().to_owned();
            assert!(labels.contains(&id), "{name}: {id}");
        }
    }
}

#[test]
fn ids_are_there_once_and_what_describes_a_field_is_there() {
    for (name, page) in every_page() {
        let ids: Vec<String> =
            tags(&page).filter_map(|tag| tag.get("id").map(str::to_owned)).collect();
        for (place, id) in ids.iter().enumerate() {
            assert!(!ids[..place].contains(id), "{name}: {id} twice");
        }
        for tag in tags(&page) {
            for id in tag.get("aria-describedby").unwrap_or_default().split_whitespace() {
                assert!(ids.iter().any(|known| known == id), "{name}: {id}");
            }
        }
    }
}

#[test]
fn names_of_organisations_are_text_and_no_markup() {
    let (_, page) = every_page().swap_remove(0);
    assert!(page.contains("Mijn &lt;Gezond&gt; Dossier"));
    assert!(!page.contains("<Gezond>"));
    assert_eq!(html! { (crate::PASSWORD) }.into_string(), crate::PASSWORD);
}

#[test]
fn a_policy_names_the_style_and_the_script_that_are_there() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};
    for (name, page) in every_page() {
        let part = |start: &str, end: &str| {
            let rest = &page[page.find(start)? + start.len()..];
            let text = &rest[..rest.find(end)?];
            Some(format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text))))
        };
        let policy: &str = if name == "forward" { &super::SENDING } else { &super::POLICY };
        assert!(policy.contains(&part("<style>", "</style>").unwrap()), "{name}");
        if let Some(script) = part("<script>", "</script>") {
            assert!(policy.contains(&script), "{name}");
        }
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    for (name, page) in every_page() {
        for tag in tags(&page) {
            assert!(tag.get("src").is_none() && tag.name != "link", "{name}: {}", tag.name);
            assert!(tag.get("style").is_none() && tag.get("onclick").is_none(), "{name}");
        }
    }
}

/// The contrast of two colours of the style (WCAG 2.1, 1.4.3).
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |colour: &str| {
        let digits = colour.trim_start_matches('#');
        let doubled: String = match digits.len() {
            3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
            _ => digits.into(),
        };
        let part = |place: usize| {
            let value = u8::from_str_radix(&doubled[place..place + 2], 16).unwrap();
            let value = f64::from(value) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The colours of one scheme, the later declarations before the earlier.
fn colours(style: &str) -> impl Fn(&str) -> Vec<String> {
    let style = style.to_owned();
    move |name| {
        let declared = format!("--{name}:#");
        style
            .match_indices(&declared)
            .map(|(place, _)| {
                let rest = &style[place + declared.len() - 1..];
                rest[..rest.find([';', '}']).unwrap()].to_owned()
            })
            .collect()
    }
}

#[test]
fn text_stands_out_in_the_light_scheme_and_in_the_dark_one() {
    let (light, rest) = STYLE.split_once("@media (prefers-color-scheme:dark)").unwrap();
    let (dark, _) = rest.split_once("*{").unwrap();
    for scheme in [light, dark] {
        let colour = colours(scheme);
        let one = |name: &str| colour(name)[0].clone();
        for ground in ["paper", "ground", "alarm-ground"] {
            assert!(contrast(&one("ink"), &one(ground)) >= 7.0, "ink on {ground}");
        }
        for ground in ["paper", "ground"] {
            assert!(contrast(&one("soft"), &one(ground)) >= 4.5, "soft on {ground}");
            assert!(contrast(&one("line"), &one(ground)) >= 3.0, "line on {ground}");
            assert!(contrast(&one("focus"), &one(ground)) >= 3.0, "focus on {ground}");
            for house in colour("house") {
                assert!(contrast(&house, &one(ground)) >= 4.5, "{house} on {ground}");
            }
        }
        let on = colour("on-house");
        for (place, house) in colour("house").iter().enumerate() {
            let on = on.get(place).or(on.first()).unwrap();
            assert!(contrast(house, on) >= 4.5, "{on} on {house}");
        }
    }
}

#[test]
fn from_the_page_of_a_pgo_a_person_can_have_it_stop() {
    let (_, page) = every_page().swap_remove(0);
    assert!(tags(&page).any(|tag| tag.name == "a" && tag.get("href") == Some("/stop")));
}

/// Writes every page to a folder, for whoever wants to look at them in a browser:
/// `STELSEL_PAGES=folder cargo test -p wire pages_to_look_at`.
#[test]
fn pages_to_look_at() {
    let Ok(folder) = std::env::var("STELSEL_PAGES") else { return };
    for (name, page) in every_page() {
        std::fs::write(format!("{folder}/{name}.html"), page).unwrap();
    }
}
