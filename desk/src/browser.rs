//! A person's browser: cookies, redirects, forms; pages that need script are shown by a real one ([`crate::chromium`]).
//!
//! Finds its way over pages by their forms, as somebody would who only reads what stands on buttons, or by a [`Recipe`].
//! Where it is sent to the halting host, it does not go, but keeps the address.

use std::{convert::Infallible, sync::Arc};

use cookie_store::{Cookie, CookieStore};

use http::{StatusCode, header};
use scraper::{ElementRef, Html, Selector};
use url::Url;

use crate::{
    chromium::{
        Chromium,
        tab::{Shown, Tab},
    },
    line::{Answer, Failure, Lines, Request},
    recipe::{Consent, Recipe, Step},
};

/// How often a browser lets itself be sent on.
const HOPS: usize = 20;

/// A browser of somebody.
#[derive(Clone, Debug)]
pub struct Browser {
    cookies: CookieStore,
    /// Where it does not go.
    halt: String,
    /// Every address that it was sent to.
    pub trail: Vec<Url>,
    /// Which person it is of whom a recipe knows how they log in.
    pub person: u32,
    /// Its pages in a real browser, once there was one that needs script.
    tab: Option<Arc<Tab>>,
}

/// Where a browser came to stand.
#[derive(Clone, Debug)]
pub enum Stand {
    /// At a page.
    Page(Box<Page>),
    /// It would go to the halting host now.
    SentBack(Url),
}

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its address.
    pub url: Url,
    /// The answer that it was.
    pub answer: Answer,
    /// What people read on it, spaces narrowed to one.
    pub text: String,
    /// Its title.
    pub title: String,
    /// Its forms.
    pub forms: Vec<Form>,
    /// Its links: text and address.
    pub links: Vec<(String, Url)>,
    /// Whether it has script that sends a form.
    sends_itself: bool,
    /// Whether it has script at all.
    has_script: bool,
    /// How often a real browser was looked at that shows it; not at all, if it is as it was fetched.
    pub looks: u32,
    /// What can be pressed where a real browser shows it: text, and what selects it.
    pub pressed: Vec<(String, String)>,
}

/// A form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Form {
    /// The origin of its page (RFC 6454).
    pub origin: String,
    /// Where it goes.
    pub action: Url,
    /// Whether it is posted.
    pub is_post: bool,
    /// What it holds before anybody fills in anything: hidden fields, and those with a value.
    pub fields: Vec<(String, String)>,
    /// Fields in which people type, and how they are of type.
    pub typed: Vec<(String, String)>,
    /// What can be chosen from: the name of the field, the value, and the text beside it.
    pub choices: Vec<(String, String, String)>,
    /// Its buttons.
    pub buttons: Vec<Button>,
}

/// A button of a form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Button {
    /// What stands on it.
    pub text: String,
    /// What it adds to the form.
    pub adds: Option<(String, String)>,
    /// What selects it where a real browser shows it.
    pub mark: Option<String>,
}

impl Browser {
    /// A new one, with no cookies, that does not go to that host.
    pub fn new(halt: impl Into<String>) -> Self {
        Self {
            cookies: CookieStore::default(),
            halt: halt.into(),
            trail: Vec::new(),
            person: 1,
            tab: None,
        }
    }

    /// Goes to an address.
    ///
    /// # Errors
    /// No answer came, or it was sent on without end.
    pub async fn go(&mut self, lines: &Lines, url: Url) -> Result<Stand, Failure> {
        self.send(lines, Request::get(url)).await
    }

    /// Makes a request and follows where it leads.
    ///
    /// # Errors
    /// As of [`Browser::go`].
    pub async fn send(&mut self, lines: &Lines, request: Request) -> Result<Stand, Failure> {
        let mut request = request;
        for _ in 0..HOPS {
            let url = request.url.clone();
            if url.host_str() == Some(self.halt.as_str()) {
                self.trail.push(url.clone());
                return Ok(Stand::SentBack(url));
            }
            let answer = self.send_once(lines, request).await?;
            let location = answer.header(header::LOCATION);
            if !answer.status.is_redirection() || location.is_empty() {
                return Ok(Stand::Page(Box::new(Page::read(url, answer))));
            }
            let next = url.join(location).map_err(|error| {
                Failure::Closed(format!("a redirect to {location:?}, which is no address: {error}"))
            })?;
            request = Request::get(next);
        }
        Err(Failure::Closed(format!("sent on more than {HOPS} times")))
    }

    /// Makes a request and stays where it is, wherever the answer leads.
    ///
    /// # Errors
    /// No answer came.
    pub async fn send_once(&mut self, lines: &Lines, request: Request) -> Result<Answer, Failure> {
        let (url, mut request) = (request.url.clone(), request.with(header::ACCEPT, "text/html"));
        self.trail.push(url.clone());
        let cookies = self.cookies_for(&url);
        if !cookies.is_empty() {
            request = request.with(header::COOKIE, &cookies);
        }
        let answer = lines.ask(lines.nobody(), request).await?;
        for text in answer.headers.get_all(header::SET_COOKIE) {
            if let Ok(text) = text.to_str() {
                self.take_cookie(&url, text);
            }
        }
        Ok(answer)
    }

    /// Presses a button of a form, when something was filled in.
    ///
    /// # Errors
    /// As of [`Browser::go`].
    pub async fn choose(
        &mut self,
        lines: &Lines,
        form: &Form,
        button: Option<&Button>,
        filled: &[(String, String)],
    ) -> Result<Stand, Failure> {
        let shown = self.asks(lines, form, button, filled).await?;
        self.stands(lines, shown).await
    }

    /// What it would ask for if it pressed a button of a form, or the page that comes of that.
    ///
    /// # Errors
    /// Nothing is there, or a real browser does not do it.
    pub async fn asks(
        &mut self,
        lines: &Lines,
        form: &Form,
        button: Option<&Button>,
        filled: &[(String, String)],
    ) -> Result<Shown, Failure> {
        let marked = button.and_then(|button| button.mark.as_deref());
        match marked.zip(self.tab.clone()) {
            Some((mark, tab)) => {
                let fill: Vec<(String, String)> = filled
                    .iter()
                    .map(|(name, value)| (format!("[name={name:?}]"), value.clone()))
                    .collect();
                tab.press(self, lines, mark, &fill).await
            }
            None => {
                let filled: Vec<(&str, &str)> =
                    filled.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                Ok(Shown::Goes(Box::new(form.request(button, &filled))))
            }
        }
    }

    /// Presses what a selector selects on the page that a real browser shows.
    ///
    /// # Errors
    /// Nothing is there, or as of [`Browser::go`].
    pub async fn press(
        &mut self,
        lines: &Lines,
        press: &str,
        fill: &[(String, String)],
    ) -> Result<Stand, Failure> {
        let tab =
            self.tab.clone().ok_or_else(|| Failure::Browser("it shows no page".to_owned()))?;
        let shown = tab.press(self, lines, press, fill).await?;
        self.stands(lines, shown).await
    }

    /// Has a real browser show a page that was fetched, or looks again if it does.
    ///
    /// # Errors
    /// As of [`Browser::go`].
    pub async fn render(
        &mut self,
        lines: &Lines,
        chromium: &Chromium,
        page: &Page,
    ) -> Result<Stand, Failure> {
        let tab = match &self.tab {
            Some(tab) => Arc::clone(tab),
            None => Arc::clone(self.tab.insert(Arc::new(Tab::open(chromium).await?))),
        };
        let shown = match page.looks {
            0 => tab.show(self, lines, page).await?,
            _ => tab.look(self, lines).await?,
        };
        let mut stand = self.stands(lines, shown).await?;
        if let Stand::Page(shown) = &mut stand
            && shown.looks > 0
        {
            shown.looks = page.looks + 1;
        }
        Ok(stand)
    }

    async fn stands(&mut self, lines: &Lines, shown: Shown) -> Result<Stand, Failure> {
        match shown {
            Shown::Page(page) => Ok(Stand::Page(page)),
            Shown::Goes(request) => self.send(lines, *request).await,
        }
    }

    /// Sends a form as a page of another site would have it sent: what stays behind then stays.
    ///
    /// # Errors
    /// As of [`Browser::go`].
    pub async fn send_from_elsewhere(
        &mut self,
        lines: &Lines,
        request: Request,
    ) -> Result<Stand, Failure> {
        const ELSEWHERE: &str = "https://vreemd.example";
        let request = request.with(header::ORIGIN, ELSEWHERE).with(header::REFERER, ELSEWHERE);
        let site = header::HeaderName::from_static("sec-fetch-site");
        let request = request.with(site, "cross-site");
        let all = self.cookies.clone();
        let goes = |cookie: &&Cookie<'static>| cookie.same_site().is_none_or(|site| site.is_none());
        self.cookies = jar(all.iter_unexpired().filter(goes));
        let stand = self.send(lines, request).await;
        // What was set meanwhile is newer.
        self.cookies = jar(all.iter_unexpired().chain(self.cookies.iter_unexpired()));
        stand
    }

    /// The cookies that go with a request there.
    pub fn cookies_at(&self, url: &Url) -> Vec<&Cookie<'static>> {
        self.cookies.matches(url)
    }

    /// A page there set a cookie, by script or by an answer, as the header says it (RFC 6265 §4.1).
    pub fn take_cookie(&mut self, url: &Url, text: &str) {
        // One that is none is as if it had not been.
        let _ = self.cookies.parse(text, url);
    }

    fn cookies_for(&self, url: &Url) -> String {
        let pairs: Vec<String> = self
            .cookies
            .get_request_values(url)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }
}

/// A jar of these cookies, of which the last of each name counts.
fn jar<'c>(cookies: impl Iterator<Item = &'c Cookie<'static>>) -> CookieStore {
    let all = cookies.cloned().map(Ok::<_, Infallible>);
    CookieStore::from_cookies(all, false).unwrap_or_default()
}

impl Form {
    /// The request that sends it.
    pub fn request(&self, button: Option<&Button>, filled: &[(&str, &str)]) -> Request {
        let added = button.and_then(|button| button.adds.clone());
        let is_filled = |name: &str| filled.iter().any(|(other, _)| *other == name);
        let kept = self.fields.iter().filter(|(name, _)| !is_filled(name));
        let all: Vec<(&str, &str)> = kept
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain(filled.iter().copied())
            .chain(added.as_ref().map(|(name, value)| (name.as_str(), value.as_str())))
            .collect();
        if self.is_post {
            return Request::form(self.action.clone(), &all).with(header::ORIGIN, &self.origin);
        }
        let mut url = self.action.clone();
        url.query_pairs_mut().clear().extend_pairs(all);
        Request::get(url)
    }
}

/// What one does next on a page.
#[derive(Clone, Debug)]
pub enum Move {
    /// Sends a form.
    Send(Box<Form>, Option<Button>, Vec<(String, String)>),
    /// Follows a link.
    Follow(Url),
    /// Presses what a selector selects on a page that a real browser shows, when fields were filled in.
    Press(String, Vec<(String, String)>),
}

/// The consent question, as it was found on a page.
#[derive(Clone, Debug)]
pub struct Question {
    /// How consent is given.
    pub yes: (Form, Button),
    /// How it is refused.
    pub no: (Form, Button),
}

/// Words on buttons of who refuses.
const NO: &[&str] = &["nee", "geen", "niet", "weiger", "afwijz", "annul", "terug", "stop"];
/// Words on buttons of who consents.
const YES: &[&str] = &["ja", "akkoord", "toestemming", "toestaan", "geef", "goed", "delen", "deel"];

impl Page {
    /// A page as a real browser shows it, in which all that can be pressed is marked.
    pub fn rendered(url: Url, answer: Answer) -> Self {
        let mut page = Self::read(url, answer);
        page.looks = 1;
        let html = Html::parse_document(&page.answer.text());
        let marked: Vec<ElementRef<'_>> = Selector::parse("[data-stelsel]")
            .map(|of| html.select(&of).collect())
            .unwrap_or_default();
        let is_free = |element: &ElementRef<'_>| {
            let mut around = element.ancestors().filter_map(ElementRef::wrap);
            element.value().name() != "a" && around.all(|of| of.value().name() != "form")
        };
        let buttons = marked.iter().filter(|one| is_free(one)).map(|one| read_button(*one));
        page.forms.push(Form {
            origin: page.url.origin().ascii_serialization(),
            action: page.url.clone(),
            is_post: false,
            fields: Vec::new(),
            typed: Vec::new(),
            choices: Vec::new(),
            buttons: buttons.collect(),
        });
        page.pressed = marked
            .iter()
            .map(|one| read_button(*one))
            .filter_map(|button| Some((button.text, button.mark?)))
            .collect();
        page
    }

    /// Whether more may be seen of it by a real browser.
    pub const fn needs_script(&self) -> bool {
        const LOOKS: u32 = 3;
        self.has_script && self.looks < LOOKS
    }

    /// A page as it was fetched.
    pub fn read(url: Url, answer: Answer) -> Self {
        let source = answer.text();
        let html = Html::parse_document(&source);
        let all = |selector: &str| -> Vec<ElementRef<'_>> {
            Selector::parse(selector).map(|of| html.select(&of).collect()).unwrap_or_default()
        };
        let text = all("body").first().map(|body| text_of(*body)).unwrap_or_default();
        let title = all("title").first().map(|title| text_of(*title)).unwrap_or_default();
        let forms = all("form").into_iter().map(|form| read_form(&url, form, &html)).collect();
        let links = all("a[href]")
            .into_iter()
            .filter_map(|link| Some((text_of(link), url.join(link.attr("href")?).ok()?)))
            .collect();
        let sends_itself = all("script, body[onload]").iter().any(|script| {
            script.attr("onload").is_some_and(|text| text.contains("submit"))
                || script.inner_html().contains("submit(")
                || script.attr("src").is_some()
        });
        let has_script = !all("script").is_empty();
        let (looks, pressed) = (0, Vec::new());
        Self { url, answer, text, title, forms, links, sends_itself, has_script, looks, pressed }
    }

    /// Whether it has what that selector selects.
    fn has(&self, selector: &str) -> bool {
        let html = Html::parse_document(&self.answer.text());
        Selector::parse(selector).is_ok_and(|of| html.select(&of).next().is_some())
    }

    /// Whether somebody could type a secret into it.
    pub fn asks_for_secrets(&self) -> bool {
        self.forms.iter().any(|form| form.typed.iter().any(|(_, kind)| kind == "password"))
    }

    /// The consent question, if this page is one.
    pub fn question(&self, recipe: &Recipe) -> Option<Question> {
        if let Some(Consent { has, yes, no }) = &recipe.consent {
            let at = |selector: &str| self.button_at(selector);
            return self.has(has).then(|| Some(Question { yes: at(yes)?, no: at(no)? }))?;
        }
        let buttons = || {
            self.forms.iter().flat_map(|form| form.buttons.iter().map(move |button| (form, button)))
        };
        let says = |button: &Button, words: &[&str]| {
            let text = button.text.to_lowercase();
            let mut parts = text.split(|c: char| !c.is_alphanumeric());
            parts.any(|part| words.iter().any(|word| part.starts_with(word)))
        };
        let no = buttons().find(|(_, button)| says(button, NO))?;
        let yes = buttons().find(|(_, button)| says(button, YES) && !says(button, NO))?;
        let own = |(form, button): (&Form, &Button)| (form.clone(), button.clone());
        Some(Question { yes: own(yes), no: own(no) })
    }

    /// The form and the button that a selector selects.
    fn button_at(&self, selector: &str) -> Option<(Form, Button)> {
        let html = Html::parse_document(&self.answer.text());
        let found = html.select(&Selector::parse(selector).ok()?).next()?;
        let form =
            found.ancestors().filter_map(ElementRef::wrap).find(|of| of.value().name() == "form");
        let form = match form {
            Some(form) => read_form(&self.url, form, &html),
            // Where a real browser shows it, a button needs none.
            None => self.forms.last().filter(|_| self.looks > 0)?.clone(),
        };
        Some((form, read_button(found)))
    }

    /// What leads on from a page that asks nothing of anybody: what the recipe says, a form that sends itself, the only
    /// button that there is, or a link with DigiD in its text.
    pub fn leads_on(&self, recipe: &Recipe, stands_for: &dyn Fn(&str) -> String) -> Option<Move> {
        if let Some(step) = recipe.pages.iter().find(|step| self.has(&step.has)) {
            return self.by_recipe(step, stands_for);
        }
        if self.looks > 0 {
            return self.presses_on();
        }
        let is_plain = |form: &&Form| form.typed.is_empty() && form.choices.is_empty();
        let carries_saml = |form: &&Form| form.fields.iter().any(|(name, _)| name == "SAMLRequest");
        let mut plain = self.forms.iter().filter(is_plain);
        let saml = self.forms.iter().find(carries_saml);
        let only = match (plain.next(), plain.next()) {
            (Some(form), None) if self.sends_itself || form.buttons.len() == 1 => Some(form),
            _ => None,
        };
        if let Some(form) = saml.or(only) {
            return Some(Move::Send(
                Box::new(form.clone()),
                form.buttons.first().cloned(),
                Vec::new(),
            ));
        }
        let link = self.links.iter().find(|(text, _)| text.to_lowercase().contains("digid"))?;
        Some(Move::Follow(link.1.clone()))
    }

    /// The same where a real browser shows it: what has DigiD in its text, or the only button.
    fn presses_on(&self) -> Option<Move> {
        let to_digid = self.pressed.iter().find(|(text, _)| text.to_lowercase().contains("digid"));
        let mut buttons = self.forms.iter().flat_map(|form| &form.buttons);
        let only = match (buttons.next(), buttons.next()) {
            (Some(button), None) => button.mark.as_ref(),
            _ => None,
        };
        let mark = to_digid.map(|(_, mark)| mark).or(only)?;
        Some(Move::Press(mark.clone(), Vec::new()))
    }

    fn by_recipe(&self, step: &Step, stands_for: &dyn Fn(&str) -> String) -> Option<Move> {
        if self.looks > 0 {
            let fill = step.fill.iter().map(|(at, value)| (at.clone(), stands_for(value)));
            return Some(Move::Press(step.press.clone(), fill.collect()));
        }
        let html = Html::parse_document(&self.answer.text());
        let at = |selector: &str| html.select(&Selector::parse(selector).ok()?).next();
        let pressed = at(&step.press)?;
        if let Some(href) = pressed.attr("href") {
            return Some(Move::Follow(self.url.join(href).ok()?));
        }
        let (form, button) = self.button_at(&step.press)?;
        let filled = step
            .fill
            .iter()
            .filter_map(|(selector, value)| {
                Some((at(selector)?.attr("name")?.to_owned(), stands_for(value)))
            })
            .collect();
        Some(Move::Send(Box::new(form), Some(button), filled))
    }

    /// How it is called in a sentence.
    pub fn named(&self) -> String {
        let status = match self.answer.status {
            StatusCode::OK => String::new(),
            status => format!(" (status {})", status.as_u16()),
        };
        format!("the page {:?} of {}{status}", self.title, self.url.host_str().unwrap_or_default())
    }
}

/// The text of an element, spaces narrowed to one.
fn text_of(element: ElementRef<'_>) -> String {
    let unread = |node: &ElementRef<'_>| matches!(node.value().name(), "script" | "style");
    let mut words = Vec::new();
    for node in element.descendants() {
        let Some(text) = node.value().as_text() else { continue };
        if !node.ancestors().filter_map(ElementRef::wrap).any(|of| unread(&of)) {
            words.extend(text.split_whitespace());
        }
    }
    words.join(" ")
}

fn read_button(element: ElementRef<'_>) -> Button {
    let text = match element.value().name() {
        "input" => element.attr("value").unwrap_or("").to_owned(),
        _ => text_of(element),
    };
    let value = element.attr("value").unwrap_or("").to_owned();
    let adds = element.attr("name").map(|name| (name.to_owned(), value));
    let mark = element.attr("data-stelsel").map(|number| format!("[data-stelsel={number:?}]"));
    Button { text, adds, mark }
}

fn read_form(url: &Url, form: ElementRef<'_>, html: &Html) -> Form {
    let select = |selector: &str| -> Vec<ElementRef<'_>> {
        Selector::parse(selector).map(|of| form.select(&of).collect()).unwrap_or_default()
    };
    let action = form.attr("action").filter(|text| !text.is_empty());
    let action = action.and_then(|text| url.join(text).ok()).unwrap_or_else(|| url.clone());
    let is_post = form.attr("method").is_some_and(|text| text.eq_ignore_ascii_case("post"));
    let mut read = Form {
        origin: url.origin().ascii_serialization(),
        action,
        is_post,
        fields: Vec::new(),
        typed: Vec::new(),
        choices: Vec::new(),
        buttons: Vec::new(),
    };
    let label = |element: ElementRef<'_>| {
        let around = element.ancestors().filter_map(ElementRef::wrap);
        let around = around.clone().find(|of| of.value().name() == "label").map(text_of);
        let by_id = element.attr("id").and_then(|id| {
            let selector = Selector::parse(&format!("label[for={id:?}]")).ok()?;
            html.select(&selector).next().map(text_of)
        });
        around.or(by_id).unwrap_or_default()
    };
    for element in select("input, button, textarea, select") {
        let name = element.attr("name").unwrap_or("").to_owned();
        let value = element.attr("value").unwrap_or("").to_owned();
        let kind = element.attr("type").unwrap_or("").to_ascii_lowercase();
        match (element.value().name(), kind.as_str()) {
            ("button", "button" | "reset") | ("input", "button" | "reset") => {}
            ("button", _) | ("input", "submit" | "image") => {
                read.buttons.push(read_button(element));
            }
            _ if name.is_empty() => {}
            ("select", _) => {
                let options = Selector::parse("option").map(|of| element.select(&of).collect());
                let options: Vec<ElementRef<'_>> = options.unwrap_or_default();
                for option in options {
                    let text = text_of(option);
                    let value = option.attr("value").map_or_else(|| text.clone(), str::to_owned);
                    read.choices.push((name.clone(), value, text));
                }
            }
            ("input", "radio" | "checkbox") => {
                if element.attr("checked").is_some() {
                    read.fields.push((name.clone(), value.clone()));
                }
                read.choices.push((name, value, label(element)));
            }
            ("input", "hidden") => read.fields.push((name, value)),
            ("input", _) if element.attr("list").is_some() => {
                let id = element.attr("list").unwrap_or_default();
                let text = format!("datalist[id={id:?}] option");
                let selector = Selector::parse(&text).ok();
                for option in selector.iter().flat_map(|of| html.select(of)) {
                    let value = option.attr("value").unwrap_or_default().to_owned();
                    read.choices.push((name.clone(), value, text_of(option)));
                }
            }
            ("input", _) => read.typed.push((name, kind)),
            _ => read.typed.push((name, "text".to_owned())),
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use proptest::prelude::*;

    use super::*;

    fn page(text: &str) -> Page {
        let url = Url::parse("https://za.example.nl/start").unwrap();
        let body = text.as_bytes().to_vec();
        Page::read(url, Answer { status: StatusCode::OK, headers: HeaderMap::new(), body })
    }

    #[test]
    fn the_consent_question_is_known_by_its_buttons() {
        let found = page(
            "<form action=/a method=post><input type=hidden name=csrf value=1>\
             <button name=antwoord value=ja>Ja, ik geef toestemming</button>\
             <button name=antwoord value=nee>Nee, ik geef geen toestemming</button></form>",
        );
        let question = found.question(&Recipe::default()).unwrap();
        let request = question.yes.0.request(Some(&question.yes.1), &[]);
        assert_eq!(request.body, b"csrf=1&antwoord=ja");
        assert_eq!(question.no.1.adds, Some(("antwoord".into(), "nee".into())));
        assert!(
            page("<form><button>Verder</button></form>").question(&Recipe::default()).is_none()
        );
    }

    #[test]
    fn a_recipe_finds_what_words_do_not() {
        let text = "[consent]\nhas = \"#q\"\nyes = \"#a\"\nno = \"#b\"\n";
        let recipe = Recipe::read(text).unwrap();
        let found = page(
            "<form id=q><button id=a name=x value=1>✓</button><button id=b name=x value=0>✗</button></form>",
        );
        let question = found.question(&recipe).unwrap();
        assert_eq!(question.yes.1.adds, Some(("x".into(), "1".into())));
        assert!(found.question(&Recipe::default()).is_none());
    }

    #[test]
    fn a_form_that_sends_itself_leads_on_and_one_that_asks_does_not() {
        let itself = page("<form action=/x><input type=hidden name=SAMLRequest value=abc></form>");
        assert!(itself.leads_on(&Recipe::default(), &str::to_owned).is_some());
        let asks = page("<form><input name=naam><button>Verder</button></form>");
        assert!(asks.leads_on(&Recipe::default(), &str::to_owned).is_none());
    }

    #[test]
    fn what_a_real_browser_shows_is_pressed_there() {
        let Page { url, answer, .. } = page(
            "<p>Wie bent u?</p><a data-stelsel=0>Inloggen met DigiD</a>\
             <div><button data-stelsel=1>Ja, ik geef toestemming</button><button data-stelsel=2>Nee</button></div>",
        );
        let shown = Page::rendered(url, answer);
        let question = shown.question(&Recipe::default()).unwrap();
        let marks = [&question.yes.1.mark, &question.no.1.mark].map(|mark| mark.clone().unwrap());
        assert_eq!(marks, ["[data-stelsel=\"1\"]", "[data-stelsel=\"2\"]"]);
        let next = shown.leads_on(&Recipe::default(), &str::to_owned);
        assert!(matches!(next, Some(Move::Press(mark, _)) if mark == "[data-stelsel=\"0\"]"));
        let recipe = Recipe::read(
            "[[page]]\nhas = \"p\"\nfill = { \"#wie\" = \"{persoon}\" }\npress = \"a\"\n",
        );
        let next = shown.leads_on(&recipe.unwrap(), &|text| text.replace("{persoon}", "2"));
        let filled = [("#wie".to_owned(), "2".to_owned())];
        assert!(matches!(next, Some(Move::Press(press, fill)) if press == "a" && fill == filled));
        assert!(!page("<p>Klaar</p>").needs_script());
        assert!(page("<p>Klaar</p><script>1</script>").needs_script());
    }

    #[test]
    fn what_a_field_suggests_can_be_chosen() {
        let found = page(
            "<form><input name=wie list=namen></form><datalist id=namen><option value=a@medmij>A</datalist>",
        );
        let choice = ("wie".to_owned(), "a@medmij".to_owned(), "A".to_owned());
        assert_eq!(found.forms[0].choices, [choice]);
    }

    #[test]
    fn cookies_go_back_where_they_came_from_until_they_are_taken_away() {
        let mut browser = Browser::new("pgo.example.nl");
        let at = |text: &str| Url::parse(text).unwrap();
        for text in ["a=1; Path=/; Secure", "b=2; Path=/deep", "c=3; Domain=elsewhere.nl", "=x; ;;"]
        {
            browser.take_cookie(&at("https://za.example.nl/"), text);
        }
        assert_eq!(browser.cookies_for(&at("https://za.example.nl/")), "a=1");
        assert_eq!(browser.cookies_for(&at("https://za.example.nl/deep/er")), "a=1; b=2");
        assert_eq!(browser.cookies_for(&at("https://za.example.nl/deeper")), "a=1");
        assert_eq!(browser.cookies_for(&at("https://other.example.nl/")), "");
        let gone = "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        browser.take_cookie(&at("https://za.example.nl/x"), gone);
        assert_eq!(browser.cookies_for(&at("https://za.example.nl/")), "");
    }

    #[test]
    fn of_two_jars_the_later_counts() {
        let (mut one, mut other) = (CookieStore::default(), CookieStore::default());
        let url = Url::parse("https://za.example.nl/").unwrap();
        for text in ["a=1", "b=1"] {
            one.parse(text, &url).unwrap();
        }
        other.parse("a=2", &url).unwrap();
        let both = jar(one.iter_unexpired().chain(other.iter_unexpired()));
        let mut values: Vec<_> = both.get_request_values(&url).collect();
        values.sort_unstable();
        assert_eq!(values, [("a", "2"), ("b", "1")]);
    }

    proptest! {
        #[test]
        fn any_text_is_a_page(text in ".{0,300}") {
            let found = page(&text);
            let _ = found.question(&Recipe::default());
            let _ = found.leads_on(&Recipe::default(), &str::to_owned);
        }
    }
}
