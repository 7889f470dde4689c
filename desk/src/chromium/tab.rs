//! One person's pages in a real browser: a page that was fetched is shown, what is on it is pressed, and where the browser
//! would go next is given back, before it goes.
//!
//! Decides nothing, and judges nothing.

use std::{
    fmt,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, mpsc},
    time::timeout,
};
use url::Url;

use super::{Chromium, Wire};
use crate::{
    browser::{Browser, Page},
    line::{Answer, Failure, Lines, Request},
};

/// Nothing more comes of a page on which nothing happened for so long.
const QUIET: Duration = Duration::from_millis(500);

/// How long a page may go on changing.
const LIMIT: Duration = Duration::from_secs(15);

/// Marks whatever can be pressed, so that it can be pressed later, and gives the page as it is now.
const READ: &str = "(() => {
  let number = 0;
  const all = 'button, input[type=submit], input[type=button], input[type=image], a, [role=button]';
  for (const one of document.querySelectorAll(all)) {
    one.removeAttribute('data-stelsel');
    if (one.getClientRects().length > 0 && !one.disabled) one.setAttribute('data-stelsel', String(number++));
  }
  return document.documentElement.outerHTML;
})()";

/// Fills in fields as a person does, and presses something; gives what is wrong, if anything is.
const PRESS: &str = "(({ press, fill }) => {
  for (const [at, value] of fill) {
    const all = [...document.querySelectorAll(at)];
    if (all.length === 0) return 'nothing is at ' + at;
    const chosen = all.find((one) => ['radio', 'checkbox'].includes(one.type) && one.value === value);
    if (chosen) { if (!chosen.checked) chosen.click(); continue; }
    const field = all[0];
    const set = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value')?.set;
    if (set) set.call(field, value); else field.value = value;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.dispatchEvent(new Event('change', { bubbles: true }));
  }
  const found = document.querySelector(press);
  if (!found) return 'nothing is at ' + press;
  found.click();
  return '';
})";

/// One person's pages.
pub struct Tab {
    wire: Arc<Wire>,
    session: String,
    frame: String,
    events: Mutex<mpsc::UnboundedReceiver<Value>>,
    /// The page that is shown, as it was fetched.
    shows: std::sync::Mutex<Option<(Url, Answer)>>,
}

impl fmt::Debug for Tab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tab").field("frame", &self.frame).finish_non_exhaustive()
    }
}

/// What came of showing or pressing.
pub enum Shown {
    /// The page stands there, as it is now.
    Page(Box<Page>),
    /// The browser would ask for this now.
    Goes(Box<Request>),
}

fn text(value: &Value, at: &str) -> String {
    value.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl Tab {
    /// Opens one, with cookies and storage of its own.
    ///
    /// # Errors
    /// The browser does not do it.
    pub async fn open(chromium: &Chromium) -> Result<Self, Failure> {
        let wire = &chromium.wire;
        let context = wire.call(None, "Target.createBrowserContext", json!({})).await?;
        let context = text(&context, "/browserContextId");
        let wanted = json!({ "url": "about:blank", "browserContextId": context });
        let target = wire.call(None, "Target.createTarget", wanted).await?;
        let target = text(&target, "/targetId");
        let wanted = json!({ "targetId": target, "flatten": true });
        let attached = wire.call(None, "Target.attachToTarget", wanted).await?;
        let session = text(&attached, "/sessionId");
        let events = Mutex::new(wire.listen(&session));
        // The frame of a page is called as the page.
        let tab = Self {
            wire: Arc::clone(wire),
            session,
            frame: target,
            events,
            shows: Default::default(),
        };
        for method in ["Page.enable", "Network.enable"] {
            tab.call(method, json!({})).await?;
        }
        tab.call("Fetch.enable", json!({ "patterns": [{ "urlPattern": "*" }] })).await?;
        Ok(tab)
    }

    async fn call(&self, method: &str, params: Value) -> Result<Value, Failure> {
        self.wire.call(Some(&self.session), method, params).await
    }

    fn say(&self, method: &str, params: &Value) {
        self.wire.say(Some(&self.session), method, params, None);
    }

    /// Shows a page that was fetched.
    ///
    /// # Errors
    /// The browser does not do it.
    pub async fn show(
        &self,
        browser: &mut Browser,
        lines: &Lines,
        page: &Page,
    ) -> Result<Shown, Failure> {
        let cookies: Vec<Value> = browser
            .cookies
            .at(&page.url)
            .into_iter()
            .map(|cookie| {
                json!({
                    "name": cookie.name(),
                    "value": cookie.value(),
                    "path": &*cookie.path,
                    "url": page.url.as_str(),
                    "secure": true,
                    "httpOnly": cookie.http_only().unwrap_or(false),
                })
            })
            .collect();
        self.call("Network.setCookies", json!({ "cookies": cookies })).await?;
        *self.shows.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((page.url.clone(), page.answer.clone()));
        // It ends when the page has come, which happens meanwhile.
        self.say("Page.navigate", &json!({ "url": page.url.as_str() }));
        if let Some(request) = self.settles(browser, lines, Some(page)).await? {
            return Ok(Shown::Goes(Box::new(request)));
        }
        self.read(browser).await
    }

    /// Presses what a selector selects, when fields were filled in.
    ///
    /// # Errors
    /// Nothing is there, or the browser does not do it.
    pub async fn press(
        &self,
        browser: &mut Browser,
        lines: &Lines,
        press: &str,
        fill: &[(String, String)],
    ) -> Result<Shown, Failure> {
        let script = format!("{PRESS}({})", json!({ "press": press, "fill": fill }));
        let wanted = json!({ "expression": script, "returnByValue": true, "userGesture": true });
        let (pressed, settled) =
            tokio::join!(self.call("Runtime.evaluate", wanted), self.settles(browser, lines, None));
        if let Some(request) = settled? {
            return Ok(Shown::Goes(Box::new(request)));
        }
        let why = text(&pressed?, "/result/value");
        if !why.is_empty() {
            return Err(Failure::Browser(why));
        }
        self.read(browser).await
    }

    /// Looks again at what is shown, when it had some more time.
    ///
    /// # Errors
    /// The browser does not do it.
    pub async fn look(&self, browser: &mut Browser, lines: &Lines) -> Result<Shown, Failure> {
        match self.settles(browser, lines, None).await? {
            Some(request) => Ok(Shown::Goes(Box::new(request))),
            None => self.read(browser).await,
        }
    }

    /// The page as it is now.
    async fn read(&self, browser: &mut Browser) -> Result<Shown, Failure> {
        let shows = self.shows.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (url, answer) = shows.ok_or_else(|| Failure::Browser("it shows no page".to_owned()))?;
        let wanted = json!({ "expression": READ, "returnByValue": true });
        let html = text(&self.call("Runtime.evaluate", wanted).await?, "/result/value");
        let wanted = json!({ "urls": [url.as_str()] });
        let cookies = self.call("Network.getCookies", wanted).await?;
        for cookie in cookies.get("cookies").and_then(Value::as_array).into_iter().flatten() {
            // Script can set these only; the others are as they were given.
            if cookie.get("httpOnly").and_then(Value::as_bool) == Some(false) {
                let of = |name: &str| text(cookie, &format!("/{name}"));
                let text = format!("{}={}; Path={}", of("name"), of("value"), of("path"));
                browser.cookies.take(&url, &text);
            }
        }
        let answer = Answer { body: html.into_bytes(), ..answer };
        Ok(Shown::Page(Box::new(Page::rendered(url, answer))))
    }

    /// Waits until nothing happens any more, and makes meanwhile whatever requests the page makes. `first` is what is to
    /// be shown. Gives the request with which it would leave the page.
    async fn settles(
        &self,
        browser: &mut Browser,
        lines: &Lines,
        first: Option<&Page>,
    ) -> Result<Option<Request>, Failure> {
        let mut events = self.events.lock().await;
        let until = Instant::now() + LIMIT;
        let (mut first, mut is_loaded) = (first, first.is_none());
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // What is queued already is handed out however late it is: a page that goes on asking ends here.
            if left.is_zero() {
                return if is_loaded { Ok(None) } else { Err(Failure::TimedOut(LIMIT)) };
            }
            let wait = if is_loaded { QUIET.min(left) } else { left };
            let event = match timeout(wait, events.recv()).await {
                Ok(Some(event)) => event,
                Ok(None) => return Err(Failure::Browser("it ended".to_owned())),
                Err(_) if is_loaded => return Ok(None),
                Err(_) => return Err(Failure::TimedOut(LIMIT)),
            };
            match event.get("method").and_then(Value::as_str).unwrap_or_default() {
                "Fetch.requestPaused" => {
                    let id = text(&event, "/params/requestId");
                    let is_page = text(&event, "/params/resourceType") == "Document"
                        && text(&event, "/params/frameId") == self.frame;
                    let Some(request) = request_of(&event) else {
                        self.fails(&id, "InvalidResponse");
                        continue;
                    };
                    match first.take_if(|_| is_page) {
                        Some(page) => self.answers(&id, &page.answer),
                        None if is_page => {
                            self.fails(&id, "Aborted");
                            return Ok(Some(request));
                        }
                        None => match browser.load(lines, request).await {
                            Ok(answer) => self.answers(&id, &answer),
                            Err(_) => self.fails(&id, "ConnectionFailed"),
                        },
                    }
                }
                "Page.loadEventFired" => is_loaded = true,
                "Page.javascriptDialogOpening" => {
                    self.say("Page.handleJavaScriptDialog", &json!({ "accept": true }));
                }
                _ => {}
            }
        }
    }

    fn fails(&self, id: &str, why: &str) {
        self.say("Fetch.failRequest", &json!({ "requestId": id, "errorReason": why }));
    }

    fn answers(&self, id: &str, answer: &Answer) {
        const LEFT_OUT: [HeaderName; 3] =
            [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION];
        let headers: Vec<Value> = answer
            .headers
            .iter()
            .filter(|(name, _)| !LEFT_OUT.contains(name))
            .map(|(name, value)| {
                json!({ "name": name.as_str(), "value": String::from_utf8_lossy(value.as_bytes()) })
            })
            .collect();
        let fulfilled = json!({
            "requestId": id,
            "responseCode": answer.status.as_u16(),
            "responseHeaders": headers,
            "body": STANDARD.encode(&answer.body),
        });
        self.say("Fetch.fulfillRequest", &fulfilled);
    }
}

/// What the browser asks for; none if it is not over HTTPS.
fn request_of(event: &Value) -> Option<Request> {
    let asked = event.pointer("/params/request")?;
    let url = Url::parse(&text(asked, "/url")).ok().filter(|url| url.scheme() == "https")?;
    let method = Method::from_bytes(text(asked, "/method").as_bytes()).ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in asked.get("headers")?.as_object()? {
        // Cookies are kept here.
        if !name.eq_ignore_ascii_case("cookie")
            && let Ok(name) = HeaderName::from_bytes(name.as_bytes())
            && let Ok(value) = HeaderValue::from_str(value.as_str()?)
        {
            headers.insert(name, value);
        }
    }
    let body = text(asked, "/postData").into_bytes();
    Some(Request { method, url, headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_a_page_is_made_as_the_browser_would_make_it() {
        let event = json!({ "params": { "request": {
            "url": "https://za.example.nl/toestemming?x=1", "method": "POST",
            "headers": { "Content-Type": "application/x-www-form-urlencoded", "Cookie": "a=1", "X-CSRF-Token": "7" },
            "postData": "antwoord=ja",
        } } });
        let request = request_of(&event).unwrap();
        assert_eq!((request.method, request.body), (Method::POST, b"antwoord=ja".to_vec()));
        assert_eq!(request.headers.len(), 2);
        assert!(request.headers.get(header::COOKIE).is_none());
        for (at, value) in [("url", "http://za.example.nl/"), ("url", "chrome://x"), ("method", "")]
        {
            let mut event = event.clone();
            event["params"]["request"][at] = value.into();
            assert!(request_of(&event).is_none(), "{at} {value}");
        }
    }
}
