//! The steps of UCI Verzamelen at a PGO, from the side of a person; and what it is heard to ask of nodes meanwhile.

use std::time::{Duration, Instant};

use protocol::message::{Fetch, OfferCode, Request as Asked};
use serde_json::Value;
use url::Url;

use crate::{
    browser::{Browser, Move, Page, Stand},
    desk::Offer,
    evidence::{Exchange, Outcome},
    ledger::Heard,
    line::Request,
    probe::{Case, Stop},
    way::{self, Came, login_form, onward, shown, stands_for, step},
};

/// How many pages there may be before somebody is at the care provider's.
const PAGES: usize = 6;

/// A gateway that asked for nothing for so long has done what it does: it may do so after the person has their page.
const QUIET: Duration = Duration::from_secs(2);

/// How long it may take for that.
const WORKING: Duration = Duration::from_secs(15);

/// How often it is looked whether it asked for something.
const LOOK: Duration = Duration::from_millis(50);

/// One person's way, at a browser of their own.
pub(super) struct Walk<'c> {
    case: &'c Case<'c>,
    pub offer: Offer,
    pub browser: Browser,
    heard_before: usize,
    asked_before: usize,
}

impl<'c> Walk<'c> {
    /// For the first service of a gateway of the network.
    pub fn new(case: &'c Case<'c>) -> Result<Self, Stop> {
        let offer = case.desk.offers.first().cloned();
        Ok(Self::of(case, offer.ok_or_else(|| Stop::because("nothing is offered"))?))
    }

    /// For a service.
    pub fn of(case: &'c Case<'c>, offer: Offer) -> Self {
        // There is no host where it does not go.
        let browser = Browser::new("");
        let (heard_before, asked_before) = (case.heard(<[_]>::len), case.desk.lines.count());
        Self { case, offer, browser, heard_before, asked_before }
    }

    /// For somebody else, at a browser of their own.
    pub fn of_another(case: &'c Case<'c>) -> Result<Self, Stop> {
        let recipe = &case.desk.told.recipe;
        if recipe.logs_in() && !recipe.knows_persons() {
            let why =
                "the recipe logs in one person only: {persoon} stands for the number of who it is";
            return Err(Stop::because(why));
        }
        let mut walk = Self::new(case)?;
        walk.browser.person = 2;
        Ok(walk)
    }

    /// The PGO's own pages, as a start.
    pub fn start(&self) -> Result<Url, Stop> {
        let text = format!("https://{}/", self.case.desk.subject.front);
        Url::parse(&text).map_err(|error| Stop(error.to_string()))
    }

    /// Chooses, and comes to whoever is next: DigiD, if all is well.
    pub async fn begin(&mut self) -> Result<Came, Stop> {
        let desk = self.case.desk;
        let mut stand = self.browser.go(&desk.lines, self.start()?).await?;
        for _ in 0..PAGES {
            let page = match stand {
                Stand::Page(page) => page,
                Stand::SentBack(url) => return Ok(Came::Back(url)),
            };
            if page.url.host_str() != Some(desk.subject.front.as_str()) {
                return onward(desk, &mut self.browser, &self.offer, Stand::Page(page)).await;
            }
            stand = match self.chooses(&page) {
                Some(next) => step(desk, &mut self.browser, next).await?,
                None => match shown(desk, &mut self.browser, &page).await? {
                    Some(stand) => stand,
                    None => return Ok(Came::Nowhere(page)),
                },
            };
        }
        Err(Stop::because(format!("more than {PAGES} pages before it leads to a care provider")))
    }

    /// What somebody does on a page of the PGO's who wants this service: as the recipe says; or the form in which the
    /// Zorgaanbieder or the Gegevensdienst can be chosen; or what leads on.
    fn chooses(&self, page: &Page) -> Option<Move> {
        let naam = self.offer.naam.trim_end_matches("@medmij").to_lowercase();
        let (id, service) = (self.offer.dienst.id(), base_name(&self.offer));
        let recipe = &self.case.desk.told.recipe;
        let stands_for = |text: &str| stands_for(text, &self.offer, self.browser.person);
        if !recipe.pages.is_empty()
            && let Some(next) = page.leads_on(recipe, &stands_for)
        {
            return Some(next);
        }
        let is_provider = |(_, value, text): &&(String, String, String)| {
            value.to_lowercase().contains(&naam) || text.to_lowercase().contains(&naam)
        };
        let is_service = |(_, value, text): &&(String, String, String)| {
            value == id || text.to_lowercase().contains(&service)
        };
        for form in &page.forms {
            let provider = form.choices.iter().find(is_provider);
            let service = form.choices.iter().find(is_service);
            if provider.is_none() && service.is_none() {
                continue;
            }
            let chosen = provider.into_iter().chain(service);
            let mut filled: Vec<(String, String)> = Vec::new();
            for (name, value, _) in chosen {
                if filled.iter().all(|(known, _)| known != name) {
                    filled.push((name.clone(), value.clone()));
                }
            }
            return Some(Move::Send(Box::new(form.clone()), form.buttons.first().cloned(), filled));
        }
        let is_theirs = |text: &str| text.to_lowercase().contains(&naam);
        let by_press = page.pressed.iter().find(|(text, _)| is_theirs(text));
        let by_press = by_press.map(|(_, mark)| Move::Press(mark.clone(), Vec::new()));
        let by_link = page.links.iter().find(|(text, _)| is_theirs(text));
        by_press
            .or_else(|| by_link.map(|(_, url)| Move::Follow(url.clone())))
            .or_else(|| page.leads_on(recipe, &stands_for))
    }

    /// Whether what is chosen can be chosen on its first page.
    pub async fn is_offered(&mut self) -> Result<bool, Stop> {
        let desk = self.case.desk;
        let naam = self.offer.naam.trim_end_matches("@medmij").to_lowercase();
        let mut stand = self.browser.go(&desk.lines, self.start()?).await?;
        loop {
            let Stand::Page(page) = stand else { return Ok(false) };
            if page.answer.text().to_lowercase().contains(&naam) {
                return Ok(true);
            }
            match shown(desk, &mut self.browser, &page).await? {
                Some(next) => stand = next,
                None => return Ok(false),
            }
        }
    }

    /// The authorization request with which the PGO sent the browser to a care provider's gateway.
    pub fn request(&self) -> Option<&Url> {
        let offers = &self.case.desk.offers;
        let is_theirs = |url: &&Url| {
            offers.iter().any(|offer| offer.authorization.host_str() == url.host_str())
        };
        self.browser.trail.iter().find(is_theirs)
    }

    pub async fn reach_digid(&mut self) -> Result<Box<Page>, Stop> {
        match self.begin().await? {
            Came::ToDigid(page) if login_form(&page).is_some() => Ok(page),
            other => Err(Stop(format!("it leads to no login at DigiD: {}", other.told()))),
        }
    }

    pub async fn send(&mut self, request: Request) -> Result<Came, Stop> {
        let desk = self.case.desk;
        let stand = self.browser.send(&desk.lines, request).await?;
        onward(desk, &mut self.browser, &self.offer, stand).await
    }

    /// Goes on to the care provider's consent question, as the first of the test persons for whom there is something.
    pub async fn reach_question(&mut self) -> Result<crate::browser::Question, Stop> {
        let desk = self.case.desk;
        for account in &desk.persons {
            let page = self.reach_digid().await?;
            let request = way::login(desk, &page, account)?;
            if let Came::ToQuestion(_, question) = self.send(request).await? {
                return Ok(*question);
            }
            self.browser = Browser::new("");
        }
        Err(Stop::because("for none of the test persons is there anything"))
    }

    /// The way back with a code, on which nobody has gone yet.
    pub async fn way_back(&mut self) -> Result<Url, Stop> {
        let question = self.reach_question().await?;
        let (form, button) = &question.yes;
        let answer =
            self.browser.send_once(&self.case.desk.lines, form.request(Some(button), &[])).await?;
        let location = answer.header(http::header::LOCATION);
        form.action.join(&location).map_err(|_| Stop::because("the care provider sent nobody back"))
    }

    /// Goes to an address of the PGO's and gives the page that it ends at.
    pub async fn ends_at(&mut self, url: Url) -> Result<Box<Page>, Stop> {
        match self.send(Request::get(url)).await? {
            Came::Nowhere(page) | Came::ToDigid(page) | Came::ToQuestion(page, _) => Ok(page),
            Came::Back(url) => Err(Stop(format!("it was sent to {url}"))),
        }
    }

    /// Collects, from the first page to the last.
    pub async fn collect(&mut self) -> Result<Box<Page>, Stop> {
        let back = self.way_back().await?;
        self.ends_at(back).await
    }

    fn heard<T>(&self, look: impl FnOnce(&[Heard]) -> T) -> T {
        self.case.heard(|heard| look(heard.get(self.heard_before..).unwrap_or_default()))
    }

    /// The codes that were offered meanwhile.
    pub fn offered(&self) -> Vec<OfferCode> {
        self.heard(|heard| {
            let offers = heard.iter().filter_map(|one| match one.request {
                Asked::OfferCode(offer) => Some(offer),
                _ => None,
            });
            offers.collect()
        })
    }

    /// Waits until a code is offered, or nothing more is asked for; says whether one is.
    pub async fn offers(&self) -> bool {
        self.works_until(|| !self.offered().is_empty()).await;
        !self.offered().is_empty()
    }

    /// Waits until nothing more is asked for.
    pub async fn settles(&self) {
        self.works_until(|| false).await;
    }

    async fn works_until(&self, is_done: impl Fn() -> bool) {
        let all = || self.case.heard(<[_]>::len) + self.case.strange().len();
        let until = Instant::now() + WORKING;
        let (mut known, mut since) = (all(), Instant::now());
        while !is_done() && since.elapsed() < QUIET && Instant::now() < until {
            tokio::time::sleep(LOOK).await;
            let now = all();
            if now != known {
                (known, since) = (now, Instant::now());
            }
        }
    }

    /// What browsers were told and said meanwhile.
    pub fn browsed(&self) -> Vec<Exchange> {
        let lines = &self.case.desk.lines;
        let mut all = lines.since(self.asked_before);
        all.retain(|exchange| exchange.asker == lines.nobody().name);
        all
    }

    /// The tokens that were given out meanwhile.
    pub fn tokens(&self) -> Vec<String> {
        self.heard(|heard| {
            let tokens =
                heard.iter().filter_map(|one| match (&one.request, &one.exchange.outcome) {
                    (Asked::OfferCode(_), Outcome::Answer { raw, .. }) => {
                        let (_, body) = raw.split_once("\n\n")?;
                        let grant: Value = serde_json::from_str(body).ok()?;
                        grant.get("access_token")?.as_str().map(str::to_owned)
                    }
                    _ => None,
                });
            tokens.collect()
        })
    }

    /// The first query meanwhile that was refused: what follows on that says nothing of the PGO.
    pub fn refused(&self) -> Option<String> {
        self.heard(|heard| {
            let is_refused = |one: &&Heard| {
                let refused = |status: u16| status >= 400;
                let answer = &one.exchange.outcome;
                matches!(one.request, Asked::Fetch(_))
                    && matches!(answer, Outcome::Answer { status, .. } if refused(*status))
            };
            heard.iter().find(is_refused).map(|one| one.exchange.line())
        })
    }

    /// What was asked for with tokens meanwhile, each with the request as it went.
    pub fn fetched(&self) -> Vec<(Fetch, String)> {
        self.heard(|heard| {
            let fetches = heard.iter().filter_map(|one| match one.request {
                Asked::Fetch(fetch) => Some((fetch, one.exchange.request.clone())),
                _ => None,
            });
            fetches.collect()
        })
    }
}

/// The name of a service without the number of its version.
pub(super) fn base_name(offer: &Offer) -> String {
    let name = offer.dienst.service().map_or("?", |service| service.name);
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end().to_lowercase()
}
