//! The consent question: what it says, and whether another page could hide it.
//!
//! By which name people know a Zorgaanbieder its Dienstverlener decides (UCI Verzamelen). So that of the ZAL need not stand
//! there; it is only judged that no other's stands there in its place.

use http::header::HeaderName;
use protocol::{
    catalogue::{CATALOGUE, Gegevensdienst},
    rule,
};

use super::steps::Walk;
use crate::{browser::Page, probe::Case};

/// Judges the page of the question.
pub(super) fn look_at_question(case: &Case<'_>, walk: &Walk<'_>, page: &Page) {
    let secrets = page.asks_for_secrets();
    let expected = "no page of the gateway asks for credentials";
    let found = if secrets { "the question has a field for a password" } else { "none does" };
    case.judge(rule::NO_EMBEDDED_BROWSER, !secrets, expected, found);
    let header =
        |name: &'static str| page.answer.header(HeaderName::from_static(name)).into_owned();
    let (policy, options) = (header("content-security-policy"), header("x-frame-options"));
    let expected =
        "frame-ancestors in Content-Security-Policy, or X-Frame-Options, that keeps others out";
    let found = format!("Content-Security-Policy: {policy:?}, X-Frame-Options: {options:?}");
    case.judge(rule::NO_CLICKJACKING, is_framed_by_few(&policy, &options), expected, found);
    let names_other = names_other_service(case, walk, page);
    words(case, walk, page, names_other);
}

/// Whether its headers keep a page out of the frames of others. Where a policy speaks of frames, the older header counts for
/// nothing (CSP level 3, §6.4.2).
fn is_framed_by_few(policies: &str, options: &str) -> bool {
    let mut ancestors = policies.split(',').filter_map(ancestors).peekable();
    if ancestors.peek().is_some() {
        return ancestors.any(|sources| !sources.iter().any(|source| is_everybody(source)));
    }
    let mut options = options.split(',').map(|option| option.trim().to_ascii_uppercase());
    options.any(|option| option == "DENY" || option == "SAMEORIGIN")
}

/// Who may frame a page by a policy, if it says that: of a directive that stands there twice the first counts.
fn ancestors(policy: &str) -> Option<Vec<&str>> {
    policy.split(';').find_map(|directive| {
        let mut words = directive.split_ascii_whitespace();
        words.next()?.eq_ignore_ascii_case("frame-ancestors").then(|| words.collect())
    })
}

/// Whether a source of a policy is anybody who has a certificate.
fn is_everybody(source: &str) -> bool {
    let source = source.to_ascii_lowercase();
    matches!(&*source, "*" | "http:" | "https:" | "https://*" | "http://*")
}

/// Judges that the question names the service that was asked, and no other; says whether it names another.
fn names_other_service(case: &Case<'_>, walk: &Walk<'_>, page: &Page) -> bool {
    let service = base_name(walk.offer.dienst);
    let names_it = says(&page.text.to_lowercase(), &service.to_lowercase());
    let all = (0..CATALOGUE.len()).map(|place| base_name(Gegevensdienst(place as u8)));
    // Names of services are common words too, which begin with a capital where they are names.
    let is_other = |other: &&str| {
        !service.contains(other) && !other.contains(service) && says(&page.text, other)
    };
    let other = all.into_iter().find(is_other);
    let expected = format!("the question names {service} and no other service");
    match (names_it, other) {
        (_, Some(other)) => {
            case.judge(rule::SCOPE_SHOWN, false, &expected, format!("it names {other}"));
        }
        (true, None) => {
            case.judge(rule::SCOPE_SHOWN, true, &expected, format!("it names {service}"));
        }
        // What is asked without a name of the catalogue may be anything.
        (false, None) => {}
    }
    other.is_some()
}

/// Judges that the question names the service and the PGO's supplier, and no Zorgaanbieder but the one that was asked. That it
/// has another service in the place of that one is another rule's.
fn words(case: &Case<'_>, walk: &Walk<'_>, page: &Page, names_other: bool) {
    let text = page.text.to_lowercase();
    let says = |what: &str| says(&text, &what.to_lowercase());
    let (service, organisation) = (base_name(walk.offer.dienst), &*walk.pgo.organisation);
    let of_service = (!names_other).then_some(service);
    let missing: Vec<&str> =
        of_service.into_iter().chain([organisation]).filter(|what| !says(what)).collect();
    let naam = bare(&walk.offer.naam);
    let mut others = case.desk.offers.iter().map(|offer| bare(&offer.naam));
    let other = others.find(|other| *other != naam && says(other)).filter(|_| !says(naam));
    let expected =
        format!("the question names {service} and {organisation}, and for {naam} no other");
    let found = match (&*missing, other) {
        ([], None) => "it does".to_owned(),
        ([], Some(other)) => format!("it names {other}"),
        (missing, _) => format!("it does not name {}", missing.join(", ")),
    };
    let kept = missing.is_empty() && other.is_none();
    case.judge(rule::CONSENT_WORDS, kept, &expected, found);
}

/// Whether a text has those words, whole.
fn says(text: &str, words: &str) -> bool {
    let is_part = |around: Option<char>| around.is_some_and(char::is_alphanumeric);
    !words.is_empty()
        && text.match_indices(words).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + words.len()..]);
            !is_part(before.chars().next_back()) && !is_part(after.chars().next())
        })
}

/// A name of a Zorgaanbieder without what all of them end with.
fn bare(naam: &str) -> &str {
    naam.trim_end_matches("@medmij")
}

/// The name of a service without the number of its version, which a question need not say.
fn base_name(dienst: Gegevensdienst) -> &'static str {
    let name = dienst.service().map_or("?", |service| service.name);
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_safe_if_a_header_keeps_the_frames_of_others_away() {
        for (policy, options) in [
            ("default-src 'none'; frame-ancestors 'none'", ""),
            ("default-src *, Frame-Ancestors 'self'", ""),
            ("frame-ancestors", "ALLOWALL"),
            ("frame-ancestors *, frame-ancestors https://portaal.example", ""),
            ("frame-ancestors 'self'; frame-ancestors *", ""),
            ("default-src 'none'", "sameorigin"),
            ("", "DENY"),
        ] {
            assert!(is_framed_by_few(policy, options), "{policy} {options}");
        }
        for (policy, options) in [
            ("", ""),
            ("frame-ancestors *", "DENY"),
            ("frame-ancestors 'self' https:", ""),
            ("default-src 'none'; report-uri /frame-ancestors", ""),
            ("", "ALLOW-FROM https://portaal.example"),
        ] {
            assert!(!is_framed_by_few(policy, options), "{policy} {options}");
        }
    }

    #[test]
    fn words_count_whole() {
        assert!(says("volgens Afspraken.", "Afspraken") && says("a Documenten", "Documenten"));
        assert!(!says("het MedMij Afsprakenstelsel", "Afspraken"));
        assert!(!says("Verzamelafspraken", "afspraken") && !says("", "a") && !says("a", ""));
    }
}
