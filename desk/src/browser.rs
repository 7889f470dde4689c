//! A person's browser: cookies, redirects, forms; pages that need script are shown by a real one ([`crate::chromium`]).
//!
//! Finds its way over pages by their forms, as somebody would who only reads what stands on buttons, or by a [`Recipe`].
//! Where it is sent to the halting host, it does not go, but keeps the address.

mod form;

use std::{sync::Arc, time::Duration};

use http::{StatusCode, header};
use scraper::{ElementRef, Html, Selector};
use url::Url;

use crate::{
    chromium::{
        Chromium,
        tab::{Shown, Tab},
    },
    jar::Jar,
    line::{Answer, Failure, Lines, Request},
    recipe::{Consent, Recipe, Step},
};

pub use form::{Button, Form};
use form::{Forms, read_button};

/// How often a browser lets itself be sent on.
const HOPS: usize = 20;

/// How long somebody waits in all for pages that go on by themselves after a while.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// A browser of somebody.
#[derive(Clone, Debug)]
pub struct Browser {
    pub(crate) cookies: Jar,
    /// Where it does not go.
    halt: String,
    /// Every address that it went to or was sent to; not what pages fetched meanwhile.
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
    /// After how long it goes on by itself, and where to, if it does.
    pub(crate) goes_on: Option<(Duration, Url)>,
    /// How often a real browser was looked at that shows it; not at all, if it is as it was fetched.
    pub looks: u32,
    /// What can be pressed where a real browser shows it: text, and what selects it.
    pub pressed: Vec<(String, String)>,
}

impl Browser {
    /// A new one, with no cookies, that does not go to that host.
    pub fn new(halt: impl Into<String>) -> Self {
        Self { cookies: Jar::default(), halt: halt.into(), trail: Vec::new(), person: 1, tab: None }
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
        let mut patience = PATIENCE;
        for _ in 0..HOPS {
            let url = request.url.clone();
            if url.host_str() == Some(self.halt.as_str()) {
                self.trail.push(url.clone());
                return Ok(Stand::SentBack(url));
            }
            let sent = request.clone();
            let answer = self.send_once(lines, request).await?;
            if let Some(next) = redirected(&sent, &answer) {
                request = next.map_err(Failure::Closed)?;
                continue;
            }
            let page = Page::read(url, answer);
            match page.goes_on.clone() {
                Some((after, next)) if after <= patience => {
                    tokio::time::sleep(after).await;
                    // However short it is, it is not gone through without end.
                    patience = patience.saturating_sub(after.max(PATIENCE / HOPS as u32));
                    request = Request::get(next);
                }
                _ => return Ok(Stand::Page(Box::new(page))),
            }
        }
        Err(Failure::Closed(format!("sent on more than {HOPS} times")))
    }

    /// Makes a request and stays where it is, wherever the answer leads.
    ///
    /// # Errors
    /// No answer came.
    pub async fn send_once(&mut self, lines: &Lines, request: Request) -> Result<Answer, Failure> {
        self.trail.push(request.url.clone());
        self.ask(lines, request, "text/html").await
    }

    /// Fetches what a page that is shown asks for: an image, a script, data.
    ///
    /// # Errors
    /// No answer came.
    pub async fn load(&mut self, lines: &Lines, request: Request) -> Result<Answer, Failure> {
        self.ask(lines, request, "*/*").await
    }

    async fn ask(
        &mut self,
        lines: &Lines,
        mut request: Request,
        accepts: &str,
    ) -> Result<Answer, Failure> {
        let url = request.url.clone();
        // A page's own script may have said what it wants.
        if !request.headers.contains_key(header::ACCEPT) {
            request = request.with(header::ACCEPT, accepts);
        }
        let cookies = self.cookies.text_at(&url);
        if !cookies.is_empty() {
            request = request.with(header::COOKIE, &cookies);
        }
        let answer = lines.ask(lines.nobody(), request).await?;
        self.cookies.take_all(&url, &answer.headers);
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
            None => Ok(Shown::Goes(Box::new(form.request_of(button, filled)))),
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
        self.cookies = all.across_sites();
        let stand = self.send(lines, request).await;
        self.cookies = all.with(&self.cookies);
        stand
    }
}

/// The request to which an answer sends a browser on; says what is wrong with where that is. None, if it sends it nowhere.
pub(crate) fn redirected(sent: &Request, answer: &Answer) -> Option<Result<Request, String>> {
    let location = answer.header(header::LOCATION);
    if !answer.status.is_redirection() || location.is_empty() {
        return None;
    }
    let next = match sent.url.join(&location) {
        Ok(next) => next,
        Err(error) => {
            return Some(Err(format!("a redirect to {location:?}, which is no address: {error}")));
        }
    };
    Some(Ok(match answer.status {
        // The same is asked there (RFC 9110 §15.4.8, §15.4.9).
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => {
            Request { url: next, ..sent.clone() }
        }
        _ => Request::get(next),
    }))
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

/// Words on buttons of who leaves, or throws away: none of them leads on, be it the only one.
const LEAVING: &[&str] = &["uit", "afmeld", "logout", "verwijder", "wis", "annul", "stop", "terug"];

/// Whether a word on a button begins like one of these.
fn says(button: &Button, words: &[&str]) -> bool {
    let text = button.text.to_lowercase();
    let mut parts = text.split(|c: char| !c.is_alphanumeric());
    parts.any(|part| words.iter().any(|word| part.starts_with(word)))
}

impl Page {
    /// A page as a real browser shows it, in which all that can be pressed is marked.
    pub fn rendered(url: Url, answer: Answer) -> Self {
        let mut page = Self::read(url, answer);
        page.looks = 1;
        let html = Html::parse_document(&page.answer.text());
        let marked: Vec<ElementRef<'_>> = Selector::parse("[data-stelsel]")
            .map(|of| html.select(&of).collect())
            .unwrap_or_default();
        let forms = Forms::read(&page.url, &html);
        let is_free = |element: &&ElementRef<'_>| {
            element.value().name() != "a" && forms.of(**element).is_none()
        };
        let buttons = marked.iter().filter(is_free).map(|one| read_button(&page.url, *one));
        let buttons = buttons.collect();
        page.forms.push(Form { buttons, ..Form::bare(&page.url) });
        page.pressed = marked
            .iter()
            .map(|one| read_button(&page.url, *one))
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
        let forms = Forms::read(&url, &html).into_forms();
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
        let is_refresh = |one: &&ElementRef<'_>| {
            one.attr("http-equiv").is_some_and(|text| text.eq_ignore_ascii_case("refresh"))
        };
        let meta = all("meta[content]");
        let said = meta.iter().find(is_refresh).and_then(|one| one.attr("content"));
        let header = answer.header(header::REFRESH);
        let goes_on = said.or(Some(&*header)).and_then(|text| refresh(&url, text));
        let (looks, pressed) = (0, Vec::new());
        drop(header);
        Self {
            url,
            answer,
            text,
            title,
            forms,
            links,
            sends_itself,
            has_script,
            goes_on,
            looks,
            pressed,
        }
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
        let no = buttons().find(|(_, button)| says(button, NO))?;
        let yes = buttons().find(|(_, button)| says(button, YES) && !says(button, NO))?;
        let own = |(form, button): (&Form, &Button)| (form.clone(), button.clone());
        Some(Question { yes: own(yes), no: own(no) })
    }

    /// The form and the button that a selector selects.
    fn button_at(&self, selector: &str) -> Option<(Form, Button)> {
        let html = Html::parse_document(&self.answer.text());
        let found = html.select(&Selector::parse(selector).ok()?).next()?;
        let forms = Forms::read(&self.url, &html);
        let form = match forms.of(found) {
            Some(form) => form.clone(),
            // Where a real browser shows it, a button needs none.
            None => self.forms.last().filter(|_| self.looks > 0)?.clone(),
        };
        Some((form, read_button(&self.url, found)))
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
        let leads_on = |form: &Form| match &form.buttons[..] {
            [button] => !says(button, LEAVING),
            _ => false,
        };
        let only = match (plain.next(), plain.next()) {
            (Some(form), None) if self.sends_itself || leads_on(form) => Some(form),
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
            (Some(button), None) if !says(button, LEAVING) => button.mark.as_ref(),
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

    /// What the narrowest element says that says all of these words, whatever can be chosen there left out.
    pub fn narrowest(&self, words: &[&str]) -> Option<String> {
        let html = Html::parse_document(&self.answer.text());
        let mut element = html.select(&Selector::parse("body").ok()?).next()?;
        let says = |element: &ElementRef<'_>| {
            let text = text_without(*element, &["select", "datalist", "label"]).to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        if !says(&element) {
            return None;
        }
        while let Some(narrower) = element.child_elements().find(says) {
            element = narrower;
        }
        Some(text_of(element))
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

/// After how long a page goes on by itself, and where to: `5; url=/klaar` (HTML, "Refresh state").
fn refresh(page: &Url, text: &str) -> Option<(Duration, Url)> {
    let end = text.find([';', ',']).unwrap_or(text.len());
    let seconds: f64 = text[..end].trim().parse().ok()?;
    let after = Duration::try_from_secs_f64(seconds).ok()?;
    let rest = text[end..].trim_start_matches([';', ',']).trim();
    let named = rest.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("url"));
    let address = named.map_or(rest, |(_, address)| address).trim().trim_matches(['"', '\'']);
    Some((after, page.join(address).ok()?))
}

/// The text of an element, spaces narrowed to one.
fn text_of(element: ElementRef<'_>) -> String {
    text_without(element, &[])
}

fn text_without(element: ElementRef<'_>, left_out: &[&str]) -> String {
    let unread = |node: ElementRef<'_>| {
        let name = node.value().name();
        matches!(name, "script" | "style") || left_out.contains(&name)
    };
    let mut words = Vec::new();
    for node in element.descendants() {
        let Some(text) = node.value().as_text() else { continue };
        if !node.ancestors().filter_map(ElementRef::wrap).any(unread) {
            words.extend(text.split_whitespace());
        }
    }
    words.join(" ")
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
        for (text, does) in [("Verder", true), ("Uitloggen", false), ("Log uit", false)] {
            let only = page(&format!("<form action=/x method=post><button>{text}</button></form>"));
            let next = only.leads_on(&Recipe::default(), &str::to_owned);
            assert_eq!(next.is_some(), does, "{text}");
        }
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
    fn a_button_may_say_itself_where_its_form_goes_and_stand_outside_of_it() {
        let found = page(
            "<form id=a action=/x><input name=naam value=Jansen><textarea name=tekst>hallo</textarea>\
             <select name=taal><option value=nl>nl<option value=en selected>en</select></form>\
             <button form=a name=b value=1 formaction=/y formmethod=post>Ja</button><button form=c>Weg</button>",
        );
        let [form] = &found.forms[..] else { panic!("{:?}", found.forms) };
        let [button] = &form.buttons[..] else { panic!("{form:?}") };
        let request = form.request(Some(button), &[("naam", "Pietersen")]);
        assert_eq!(request.url.path(), "/y");
        assert_eq!(request.body, b"tekst=hallo&taal=en&naam=Pietersen&b=1");
        assert_eq!(form.request(None, &[]).url.query(), Some("naam=Jansen&tekst=hallo&taal=en"));
    }

    #[test]
    fn a_page_may_go_on_by_itself() {
        let url =
            |text: &str| Url::parse("https://za.example.nl/start").unwrap().join(text).unwrap();
        let found = page("<meta http-equiv=Refresh content=\"2; URL='/klaar'\">");
        assert_eq!(found.goes_on, Some((Duration::from_secs(2), url("/klaar"))));
        assert_eq!(refresh(&url("/"), "3"), Some((Duration::from_secs(3), url("/"))));
        assert_eq!(refresh(&url("/"), "0;/verder?x=1"), Some((Duration::ZERO, url("/verder?x=1"))));
        assert_eq!((refresh(&url("/"), ""), page("<p>Klaar").goes_on), (None, None));
    }

    #[test]
    fn what_a_field_suggests_can_be_chosen() {
        let found = page(
            "<form><input name=wie list=namen></form><datalist id=namen><option value=a@medmij>A</datalist>",
        );
        let choice = ("wie".to_owned(), "a@medmij".to_owned(), "A".to_owned());
        assert_eq!(found.forms[0].choices, [choice]);
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
