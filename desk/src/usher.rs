//! Leads people of a load over a gateway's pages: many at once, each with cookies of their own.
//!
//! Finds the way by forms, or by a [`Recipe`], as a check does. Shows no page in a real browser: hundreds of them would be
//! what is measured. Keeps count of the pages that led nowhere.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use http::{StatusCode, header};
use protocol::{contract::Failure, id::HostId, message::ConsentAnswer};
use twin::guide::{Came, Fetch, Guide, Later, Step};
use url::Url;

use crate::{
    browser::{Move, PATIENCE, Page, Question, redirected},
    jar::Jar,
    line::{Answer, Request},
    recipe::Recipe,
};

/// How many pages and redirects may be between two steps.
const HOPS: usize = 20;

/// How many pages that lead nowhere are told apart.
const KINDS: usize = 20;

/// Leads people.
#[derive(Debug, Default)]
pub struct Usher {
    recipe: Recipe,
    visits: Mutex<BTreeMap<HostId, Visit>>,
    ends: Mutex<BTreeMap<String, u32>>,
}

/// What a person's browser holds.
#[derive(Debug, Default)]
struct Visit {
    cookies: Jar,
    question: Option<Arc<Question>>,
}

impl Usher {
    /// Leads people by that recipe, and by forms.
    pub fn new(recipe: Recipe) -> Self {
        Self { recipe, ..Self::default() }
    }

    /// The pages that led nowhere, and how many people came to each.
    pub fn dead_ends(&self) -> BTreeMap<String, u32> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn with<T>(&self, who: HostId, act: impl FnOnce(&mut Visit) -> T) -> T {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        act(visits.entry(who).or_default())
    }

    fn ends_at(&self, what: String, status: StatusCode) -> Came {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let what = match ends.len() < KINDS || ends.contains_key(&what) {
            true => what,
            false => "other pages".to_owned(),
        };
        *ends.entry(what).or_default() += 1;
        Came::Nowhere(status)
    }

    async fn go(
        &self,
        who: HostId,
        host: &str,
        mut request: Request,
        fetch: &dyn Fetch,
    ) -> Result<Came, Failure> {
        let mut status = StatusCode::OK;
        for _ in 0..HOPS {
            if request.url.host_str() != Some(host) {
                return Ok(Came::On(Box::new(whole(request))));
            }
            let (sent, url) = (request.clone(), request.url.clone());
            let cookies = self.with(who, |visit| visit.cookies.text_at(&url));
            let (parts, body) =
                fetch.fetch(travelling(request, host, &cookies)).await?.into_parts();
            status = parts.status;
            let answer = Answer { status, headers: parts.headers, body };
            self.with(who, |visit| visit.cookies.take_all(&url, &answer.headers));
            match redirected(&sent, &answer) {
                Some(Ok(next)) => {
                    request = next;
                    continue;
                }
                Some(Err(why)) => return Ok(self.ends_at(why, status)),
                None => {}
            }
            let page = Page::read(url, answer);
            if let Some((after, next)) =
                page.goes_on.clone().filter(|(after, _)| *after <= PATIENCE)
            {
                tokio::time::sleep(after).await;
                request = Request::get(next);
                continue;
            }
            if let Some(question) = page.question(&self.recipe) {
                self.with(who, |visit| visit.question = Some(Arc::new(question)));
                return Ok(Came::Question);
            }
            let leads_on = status.is_success().then(|| page.leads_on(&self.recipe, &str::to_owned));
            request = match leads_on.flatten() {
                Some(Move::Follow(url)) => Request::get(url),
                Some(Move::Send(form, button, filled)) => form.request_of(button.as_ref(), &filled),
                // No page is shown by a real browser here, so that nothing is pressed in one.
                Some(Move::Press(..)) | None => {
                    let script = match page.needs_script() {
                        true => ", which has script: only check shows pages in a real browser",
                        false => "",
                    };
                    return Ok(self.ends_at(format!("{}{script}", page.named()), status));
                }
            };
        }
        Ok(self.ends_at(format!("sent on more than {HOPS} times at {host}"), status))
    }
}

impl Guide for Usher {
    fn lead<'a>(
        &'a self,
        who: HostId,
        host: &'a str,
        step: Step,
        fetch: &'a dyn Fetch,
    ) -> Later<'a, Came> {
        Box::pin(async move {
            let request = match step {
                Step::Come(request) => arriving(&request, host),
                Step::Answer(answer) => {
                    let question = self.with(who, |visit| visit.question.clone());
                    question.as_deref().map(|question| answers(question, answer))
                }
            };
            match request {
                Some(request) => self.go(who, host, request, fetch).await,
                None => Ok(Came::Nowhere(StatusCode::BAD_REQUEST)),
            }
        })
    }

    fn forget(&self, who: HostId) {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).remove(&who);
    }
}

fn answers(question: &Question, answer: ConsentAnswer) -> Request {
    let (form, button) = match answer {
        ConsentAnswer::Given => (&question.yes.0, Some(&question.yes.1)),
        ConsentAnswer::Refused => (&question.no.0, Some(&question.no.1)),
        ConsentAnswer::Unclear => (&question.yes.0, None),
    };
    form.request(button, &[])
}

/// The request with which somebody comes, as a browser has it.
fn arriving(request: &http::Request<Vec<u8>>, host: &str) -> Option<Request> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let url = Url::parse(&format!("https://{host}{target}")).ok()?;
    let mut headers = request.headers().clone();
    // Cookies are this browser's affair.
    headers.remove(header::COOKIE);
    let (method, body) = (request.method().clone(), request.body().clone());
    Some(Request { method, url, headers, body })
}

/// A request as it travels to a host: its path, and the host by a header.
fn travelling(request: Request, host: &str, cookies: &str) -> http::Request<Vec<u8>> {
    let mut request = request.with(header::HOST, host).with(header::ACCEPT, "text/html");
    if !cookies.is_empty() {
        request = request.with(header::COOKIE, cookies);
    }
    let target = request.target();
    request.into_http(target)
}

/// A request with its whole address.
fn whole(request: Request) -> http::Request<Vec<u8>> {
    let address = request.url.as_str().parse().unwrap_or_default();
    request.into_http(address)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// A gateway of three pages, which remembers what it was asked.
    #[derive(Default)]
    struct Gateway(Mutex<Vec<(String, String, Vec<u8>)>>);

    impl Fetch for Gateway {
        fn fetch(&self, request: http::Request<Vec<u8>>) -> Later<'_, http::Response<Vec<u8>>> {
            let path = request.uri().path().to_owned();
            let cookie = request.headers().get(header::COOKIE);
            let cookie = cookie.map_or("", |cookie| cookie.to_str().unwrap()).to_owned();
            self.0.lock().unwrap().push((path.clone(), cookie, request.body().clone()));
            let question = "<form method=post action=/antwoord><input type=hidden name=t value=7>\
                            <button name=a value=1>Ja</button><button name=a value=0>Nee</button></form>";
            let (status, name, value, body) = match path.as_str() {
                "/authorize" => (302, header::LOCATION, "/welkom", ""),
                "/welkom" => {
                    (200, header::SET_COOKIE, "s=1; Secure", "<a href=/digid>Met DigiD</a>")
                }
                "/digid" => (302, header::LOCATION, "https://digid.example/in", ""),
                "/acs" => (200, header::CONTENT_TYPE, "text/html", question),
                "/antwoord" => (303, header::LOCATION, "https://pgo.example/cb?code=c", ""),
                _ => (404, header::CONTENT_TYPE, "text/html", "<title>Weg</title>"),
            };
            let answer = http::Response::builder().status(status).header(name, value);
            let answer = answer.body(body.as_bytes().to_vec()).unwrap();
            Box::pin(async move { Ok(answer) })
        }
    }

    fn come(path: &str) -> Step {
        Step::Come(Box::new(http::Request::get(path).body(Vec::new()).unwrap()))
    }

    async fn led(usher: &Usher, gateway: &Gateway, who: u32, step: Step) -> Came {
        usher.lead(HostId(who), "za.example", step, gateway).await.unwrap()
    }

    #[tokio::test]
    async fn people_come_to_digid_to_the_question_and_back_each_with_cookies_of_their_own() {
        let (usher, gateway) = (Usher::default(), Gateway::default());
        let on = led(&usher, &gateway, 1, come("/authorize?x=1")).await;
        assert!(matches!(on, Came::On(request) if *request.uri() == "https://digid.example/in"));
        assert!(matches!(led(&usher, &gateway, 1, come("/acs")).await, Came::Question));
        assert!(matches!(led(&usher, &gateway, 2, come("/acs")).await, Came::Question));
        let answer = Step::Answer(ConsentAnswer::Refused);
        let on = led(&usher, &gateway, 1, answer).await;
        assert!(
            matches!(on, Came::On(request) if *request.uri() == "https://pgo.example/cb?code=c")
        );
        let asked = gateway.0.into_inner().unwrap();
        let cookies: Vec<&str> = asked.iter().map(|(_, cookie, _)| cookie.as_str()).collect();
        assert_eq!(cookies, ["", "", "s=1", "s=1", "", "s=1"]);
        assert_eq!(asked[5].2, b"t=7&a=0");
    }

    #[tokio::test]
    async fn a_page_that_leads_nowhere_is_counted_and_a_closed_browser_knows_no_question() {
        let (usher, gateway) = (Usher::default(), Gateway::default());
        for _ in 0..2 {
            let came = led(&usher, &gateway, 1, come("/weg")).await;
            assert!(matches!(came, Came::Nowhere(StatusCode::NOT_FOUND)));
        }
        let ends: Vec<_> = usher.dead_ends().into_iter().collect();
        assert_eq!(ends, [("the page \"Weg\" of za.example (status 404)".to_owned(), 2)]);
        assert!(matches!(led(&usher, &gateway, 1, come("/acs")).await, Came::Question));
        usher.forget(HostId(1));
        let answer = Step::Answer(ConsentAnswer::Given);
        assert!(matches!(led(&usher, &gateway, 1, answer).await, Came::Nowhere(_)));
    }
}
