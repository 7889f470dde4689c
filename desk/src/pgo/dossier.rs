//! The Dossier: what was collected is there, with where it came from, for its person only (step 16, PI 2, PI 3).
//!
//! Where it is, a recipe says; else the page at which a collection ends, or a link there or on the first page.

use protocol::rule;
use scraper::{Html, Selector};
use url::Url;

use super::steps::{Walk, base_name};
use crate::{
    browser::Page,
    probe::{Case, Stop},
    way::sent,
};

/// How many pages are looked at for it.
const PAGES: usize = 8;

/// What is said of links to it.
const WORDS: [&str; 4] = ["dossier", "gegevens", "overzicht", "mijn"];

/// What was collected, as it stands on pages: by whom, and what.
struct Collected {
    naam: String,
    service: String,
}

impl Collected {
    /// Where a page shows it, in the words there.
    fn on(&self, page: &Page) -> Option<String> {
        page.narrowest(&[&self.naam, &self.service])
    }

    /// Whether a page shows something of it, and not all.
    fn is_partly_on(&self, page: &Page) -> bool {
        let shown = page.text.to_lowercase();
        shown.contains(&self.naam) || shown.contains(&self.service)
    }
}

/// Looks at the Dossier after a collection that ended at that page.
pub(super) async fn look_at_dossier(
    case: &Case<'_>,
    walk: &mut Walk<'_>,
    end: Box<Page>,
) -> Result<(), Stop> {
    let collected = Collected {
        naam: walk.offer.naam.trim_end_matches("@medmij").to_lowercase(),
        service: base_name(&walk.offer),
    };
    let Collected { naam, service } = &collected;
    let dossier = find(case, walk, end, &collected).await?;
    let item = collected.on(&dossier);
    if item.is_none() && collected.is_partly_on(&dossier) {
        let text = format!(
            "{} shows not both {service} and {naam} (--recipe tells where)",
            dossier.named()
        );
        return Err(Stop(text));
    }
    let expected = format!("the Dossier shows {service} of {naam}");
    for rule in [rule::STEP_STORE, rule::OFFERS_DOSSIER] {
        case.judge(rule, item.is_some(), &expected, dossier.named());
    }
    let Some(item) = item else { return Ok(()) };
    let expected = format!("the Dossier says beside {naam} that it came over MedMij");
    let says = says_medmij(&dossier, naam);
    case.judge(rule::PROVENANCE_VISIBLE, says, &expected, dossier.named());
    let mut other = Walk::of_another(case)?;
    let seen = other.ends_at(dossier.url.clone()).await?;
    let expected = format!("another browser does not see: {item}");
    case.judge(rule::NO_CROSS_READ, !seen.text.contains(&item), &expected, seen.named());
    Ok(())
}

/// The page that shows what was collected; or else the one that says that it is the Dossier.
async fn find(
    case: &Case<'_>,
    walk: &mut Walk<'_>,
    end: Box<Page>,
    collected: &Collected,
) -> Result<Box<Page>, Stop> {
    let start = walk.start()?;
    if let Some(told) = &case.desk.told.recipe.dossier {
        let url = start.join(told).map_err(|error| Stop(format!("{told:?}: {error}")))?;
        return walk.ends_at(url).await;
    }
    let mut todo = Vec::new();
    // What is told there once may be gone when it is looked at again. An address that a code came to is not opened again.
    if collected.on(&end).is_some() && sent(&end.url, "state").is_none() {
        todo.push(end.url.clone());
    }
    todo.extend(links(&end));
    let first = walk.ends_at(start.clone()).await?;
    todo.extend(links(&first));
    todo.extend(start.join("/dossier"));
    let own = case.desk.subject.front.as_str();
    let mut seen: Vec<Url> = Vec::new();
    let mut called_so = None;
    for url in todo.into_iter().filter(|url| url.host_str() == Some(own)) {
        if seen.contains(&url) || seen.len() == PAGES {
            continue;
        }
        seen.push(url.clone());
        let page = walk.ends_at(url).await?;
        if !page.answer.status.is_success() {
            continue;
        }
        if collected.on(&page).is_some() {
            return Ok(page);
        }
        let named = format!("{} {}", page.title, page.url.path()).to_lowercase();
        if called_so.is_none() && named.contains("dossier") {
            called_so = Some(page);
        }
    }
    called_so.ok_or_else(|| Stop::because("its Dossier is not found (--recipe tells where it is)"))
}

/// Links that may lead to the Dossier, the likeliest first.
fn links(page: &Page) -> Vec<Url> {
    let rank = |(text, url): &(String, Url)| {
        let said = format!("{} {}", text.to_lowercase(), url.path().to_lowercase());
        WORDS.iter().position(|word| said.contains(word))
    };
    let mut ranked: Vec<(usize, Url)> =
        page.links.iter().filter_map(|link| Some((rank(link)?, link.1.clone()))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, url)| url).collect()
}

/// Whether a page says of what a Zorgaanbieder gave that it came over MedMij, in words or by what stands for a picture:
/// an address at which MedMij is reached says nothing.
fn says_medmij(page: &Page, naam: &str) -> bool {
    let html = Html::parse_document(&page.answer.text());
    let pictured = Selector::parse("[alt], [title], [aria-label]").ok();
    let mut told: Vec<String> = vec![page.text.clone()];
    for element in pictured.iter().flat_map(|of| html.select(of)) {
        let all = ["alt", "title", "aria-label"].map(|name| element.attr(name));
        told.extend(all.into_iter().flatten().map(str::to_owned));
    }
    let whole = format!("{naam}@medmij");
    let says = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word == whole || word.split('-').any(|part| part == "medmij")
    };
    told.iter().any(|text| text.to_lowercase().split_whitespace().any(says))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::line::Answer;

    fn page(text: &str) -> Page {
        let url = Url::parse("https://pgo.example.nl/mijn").unwrap();
        let body = text.as_bytes().to_vec();
        Page::rendered(url, Answer { status: StatusCode::OK, headers: HeaderMap::new(), body })
    }

    #[test]
    fn where_to_reach_medmij_does_not_say_where_data_came_from() {
        for says in ["Ontvangen via MedMij.", "via MedMij-verkeer", "van huisarts@medmij"] {
            assert!(says_medmij(&page(&format!("<p>{says}</p>")), "huisarts"), "{says}");
        }
        assert!(says_medmij(&page("<img alt=MedMij>"), "huisarts"));
        for silent in ["info@medmij.nl", "https://www.medmij.nl/", "www.medmij.nl", "Niets"] {
            assert!(!says_medmij(&page(&format!("<p>{silent}</p>")), "huisarts"), "{silent}");
        }
    }

    #[test]
    fn what_was_collected_is_what_stands_there_and_not_what_can_be_chosen() {
        let (naam, service) = ("huisartsaaaa".to_owned(), "huisartsgegevens".to_owned());
        let collected = Collected { naam, service };
        let chosen = "<form><select><option>huisartsaaaa</select><select><option>Huisartsgegevens</select></form>";
        assert_eq!(collected.on(&page(chosen)), None);
        let kept =
            format!("{chosen}<ul><li>Huisartsgegevens van <b>huisartsaaaa</b>, 3<li>Niets</ul>");
        let shown = collected.on(&page(&kept));
        assert_eq!(shown.as_deref(), Some("Huisartsgegevens van huisartsaaaa , 3"));
        assert!(page(&kept).text.contains(&shown.unwrap()));
    }

    #[test]
    fn the_likeliest_link_comes_first() {
        let found = links(&page(
            "<a href=/mijn>Mijn pagina</a><a href=/x>Uw dossier</a><a href=/uit>Uit</a>",
        ));
        assert_eq!(found.iter().map(Url::path).collect::<Vec<_>>(), ["/x", "/mijn"]);
    }
}
