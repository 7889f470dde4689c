//! A person's way over pages, of whoever they are: on to DigiD, through it, to the consent question and back.
//!
//! Decides nothing that a person decides: stops where there is something to decide.

use protocol::{bsn::Bsn, id::PersonId, rule::Rule};
use url::Url;

use crate::{
    browser::{Browser, Form, Move, Page, Question, Stand},
    desk::{Desk, Offer},
    line::{Answer, Request},
    probe::Stop,
};

/// How many pages may stand between two steps.
const PAGES: usize = 8;

/// Where somebody came.
#[derive(Clone, Debug)]
pub(crate) enum Came {
    /// To DigiD's login page.
    ToDigid(Box<Page>),
    /// To the consent question.
    ToQuestion(Box<Page>, Box<Question>),
    /// Back to the PGO.
    Back(Url),
    /// To a page that leads nowhere.
    Nowhere(Box<Page>),
}

impl Came {
    pub fn told(&self) -> String {
        match self {
            Self::ToDigid(_) => "DigiD asks to log in".to_owned(),
            Self::ToQuestion(page, _) => format!("the consent question: {}", page.named()),
            Self::Back(url) => format!("sent back to {url}"),
            Self::Nowhere(page) if page.needs_script() => {
                format!("{}, which has script (--browser)", page.named())
            }
            Self::Nowhere(page) => page.named(),
        }
    }

    /// Whether the person was served on: asked for consent, or sent back with a code.
    pub fn goes_on(&self) -> bool {
        match self {
            Self::ToDigid(_) | Self::ToQuestion(..) => true,
            Self::Back(url) => sent(url, "code").is_some(),
            Self::Nowhere(_) => false,
        }
    }
}

/// A parameter with which somebody was sent back.
pub(crate) fn sent(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

/// What a recipe fills in, with what is meant in place of what stands for it.
pub(crate) fn stands_for(text: &str, offer: &Offer, person: u32) -> String {
    text.replace("{zorgaanbieder}", &offer.naam)
        .replace("{gegevensdienst}", offer.dienst.id())
        .replace("{persoon}", &person.to_string())
}

/// Goes over pages until there is something to decide.
pub(crate) async fn onward(
    desk: &Desk,
    browser: &mut Browser,
    offer: &Offer,
    stand: Stand,
) -> Result<Came, Stop> {
    let person = browser.person;
    let stands_for = |text: &str| stands_for(text, offer, person);
    let mut stand = stand;
    for _ in 0..PAGES {
        let page = match stand {
            Stand::SentBack(url) => return Ok(Came::Back(url)),
            Stand::Page(page) => page,
        };
        if page.url.host_str() == Some(desk.digid.as_str()) {
            return Ok(Came::ToDigid(page));
        }
        if let Some(question) = page.question(&desk.told.recipe) {
            return Ok(Came::ToQuestion(page, Box::new(question)));
        }
        let leads_on = match page.answer.status.is_success() {
            true => page.leads_on(&desk.told.recipe, &stands_for),
            false => None,
        };
        stand = match leads_on {
            Some(next) => step(desk, browser, next).await?,
            None => match shown(desk, browser, &page).await? {
                Some(stand) => stand,
                None => return Ok(Came::Nowhere(page)),
            },
        };
    }
    Err(Stop::because(format!("more than {PAGES} pages before anything is to be decided")))
}

/// A page as a real browser shows it, or where that goes; none of one that has no script, or where no browser is.
pub(crate) async fn shown(
    desk: &Desk,
    browser: &mut Browser,
    page: &Page,
) -> Result<Option<Stand>, Stop> {
    if !page.needs_script() {
        return Ok(None);
    }
    match desk.chromium().await {
        Ok(chromium) => Ok(Some(browser.render(&desk.lines, chromium, page).await?)),
        Err(_) => Ok(None),
    }
}

/// Does what is next on a page.
pub(crate) async fn step(desk: &Desk, browser: &mut Browser, next: Move) -> Result<Stand, Stop> {
    Ok(match next {
        Move::Follow(url) => browser.go(&desk.lines, url).await?,
        Move::Send(form, button, filled) => {
            browser.choose(&desk.lines, &form, button.as_ref(), &filled).await?
        }
        Move::Press(press, fill) => browser.press(&desk.lines, &press, &fill).await?,
    })
}

/// The request that logs somebody in at DigiD.
pub(crate) fn login(desk: &Desk, page: &Page, account: &str) -> Result<Request, Stop> {
    let form = login_form(page).ok_or_else(|| Stop::because("DigiD has no login form"))?;
    let filled = [("testpersoon", account), ("wachtwoord", desk.password()), ("niveau", "hoog")];
    Ok(form.request(form.buttons.first(), &filled))
}

/// The request that cancels at DigiD.
pub(crate) fn cancel(page: &Page) -> Result<Request, Stop> {
    let form = page.forms.iter().find(|form| form.action.path().contains("annuleren"));
    let form = form.ok_or_else(|| Stop::because("DigiD has no form to cancel"))?;
    Ok(form.request(form.buttons.first(), &[]))
}

pub(crate) fn login_form(page: &Page) -> Option<Form> {
    page.forms.iter().find(|form| form.typed.iter().any(|(_, kind)| kind == "password")).cloned()
}

/// The BSN behind an account of the network's DigiD.
pub(crate) fn bsn_of(account: &str) -> Option<Bsn> {
    account.parse().ok().map(|number| Bsn(PersonId(number)))
}

/// An answer in a few words.
pub(crate) fn said(answer: &Answer) -> String {
    let text: String = answer.text().chars().take(160).collect();
    format!("status {}: {text}", answer.status.as_u16())
}

/// What a rule asks.
pub(crate) fn asks(rule: Rule) -> &'static str {
    rule.row().text
}
