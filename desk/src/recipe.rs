//! A vendor's pages in a small file: which button, which field.
//!
//! Without one, pages are gone through by their forms ([`crate::browser`]); a recipe is for pages on which that does not
//! find its way. Selectors are those of CSS.

use std::collections::BTreeMap;

use scraper::Selector;
use serde::Deserialize;

/// How to go through pages.
#[derive(Clone, Default, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Pages on the way, in any order: the first that fits is taken.
    #[serde(default, rename = "page")]
    pub pages: Vec<Step>,
    /// The consent question of a care provider's gateway.
    pub consent: Option<Consent>,
    /// Where a PGO shows the Dossier: an address, or its path.
    pub dossier: Option<String>,
}

/// What to do on a page.
#[derive(Clone, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The page is the one that has this.
    pub has: String,
    /// Fields, by selector, and what to put into them. `{zorgaanbieder}` and `{gegevensdienst}` stand for what is asked, and
    /// `{persoon}` for the number of who asks: 1, or 2 for somebody else.
    #[serde(default)]
    pub fill: BTreeMap<String, String>,
    /// The button or link to press.
    pub press: String,
}

/// Where the consent question has what.
#[derive(Clone, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The page is the one that has this.
    pub has: String,
    /// The button of who gives consent.
    pub yes: String,
    /// The button of who refuses.
    pub no: String,
}

/// Why a recipe is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadRecipe {
    /// The line, where it is known.
    pub line: Option<u32>,
    /// What is wrong.
    pub text: String,
}

impl Recipe {
    /// Reads one.
    ///
    /// # Errors
    /// It is no TOML, has a key that no recipe has, or a selector that is none.
    pub fn read(text: &str) -> Result<Self, BadRecipe> {
        let recipe: Self = toml::from_str(text).map_err(|error| BadRecipe {
            line: error.span().map(|span| 1 + text[..span.start].matches('\n').count() as u32),
            text: error.message().to_owned(),
        })?;
        let is_address = |text: &str| text.starts_with('/') || text.starts_with("https://");
        if let Some(other) = recipe.dossier.as_deref().filter(|text| !is_address(text)) {
            let line = text.lines().position(|line| line.contains(other));
            return Err(BadRecipe {
                line: line.map(|line| line as u32 + 1),
                text: format!("expected an address or a path, found {other:?}"),
            });
        }
        for selector in recipe.selectors() {
            Selector::parse(selector).map_err(|error| {
                let line = text.lines().position(|line| line.contains(selector));
                BadRecipe {
                    line: line.map(|line| line as u32 + 1),
                    text: format!("expected a CSS selector, found {selector:?}: {error}"),
                }
            })?;
        }
        Ok(recipe)
    }

    /// Whether it fills in anything, as who logs in does.
    pub fn logs_in(&self) -> bool {
        self.pages.iter().any(|step| !step.fill.is_empty())
    }

    /// Whether it knows more than one person.
    pub fn knows_persons(&self) -> bool {
        self.pages.iter().flat_map(|step| step.fill.values()).any(|text| text.contains("{persoon}"))
    }

    fn selectors(&self) -> impl Iterator<Item = &str> {
        let pages = self.pages.iter().flat_map(|step| {
            [step.has.as_str(), step.press.as_str()]
                .into_iter()
                .chain(step.fill.keys().map(String::as_str))
        });
        let consent = self.consent.iter();
        pages.chain(consent.flat_map(|of| [of.has.as_str(), of.yes.as_str(), of.no.as_str()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_says_what_to_press_and_what_is_wrong_with_it_is_said_with_its_line() {
        let good = "[[page]]\nhas = \"#digid\"\npress = \"a.login\"\n[consent]\nhas = \"form\"\nyes = \".ja\"\nno = \".nee\"\n";
        let recipe = Recipe::read(good).unwrap();
        assert_eq!((recipe.pages.len(), recipe.consent.is_some()), (1, true));
        let bad = Recipe::read("[[page]]\nhas = \"p[\"\npress = \"a\"\n").unwrap_err();
        assert_eq!(bad.line, Some(2));
        let nowhere = Recipe::read("dossier = \"mijn\"\n").unwrap_err();
        assert_eq!(nowhere.line, Some(1));
        let unknown = Recipe::read("[[page]]\nhas = \"p\"\nclick = \"a\"\n").unwrap_err();
        assert!(unknown.text.contains("click"), "{unknown:?}");
    }
}
