//! The steps of UCI Verzamelen at a care provider's gateway, from the side of a person and of a PGO that the desk plays.

use std::time::{SystemTime, UNIX_EPOCH};

use protocol::rule;
use serde_json::Value;
use url::Url;
use wire::list::Timestamp;

use crate::{
    browser::{Browser, Page, Question},
    desk::{Offer, Pgo},
    line::{Answer, Failure, Identity, Request},
    probe::{Case, Stop},
    way::{self, Came, login_form, onward, said, sent},
};

/// Has all that must be written otherwise in an address, and is to come back as it was.
const STATE: &str = "kenmerk & é=?/+%20~";

/// Who has something at the gateway and who has not, of those who can log in, as far as it was tried.
#[derive(Clone, Default, Debug)]
pub struct Survey {
    /// Somebody for whom there is something.
    with: Option<String>,
    /// Somebody for whom there is nothing.
    without: Option<String>,
    /// How many of them were tried.
    tried: usize,
    /// Where the last of those came to who came to nothing that was expected.
    astray: Option<String>,
}

/// One person's way, at a browser of their own.
pub(super) struct Walk<'c> {
    case: &'c Case<'c>,
    pub offer: Offer,
    pub pgo: Pgo,
    pub browser: Browser,
    pub state: String,
}

impl<'c> Walk<'c> {
    /// From the first PGO, for the first service of the gateway.
    pub fn new(case: &'c Case<'c>) -> Result<Self, Stop> {
        let offer = case.desk.own_offers().next().cloned();
        Self::of(case, offer.ok_or_else(|| Stop::because("it offers nothing"))?, 0)
    }

    /// For a service, from a PGO.
    pub fn of(case: &'c Case<'c>, offer: Offer, pgo: usize) -> Result<Self, Stop> {
        let pgo = case.desk.pgos.get(pgo).cloned();
        let pgo = pgo.ok_or_else(|| Stop::because("the network has too few PGOs"))?;
        let browser = Browser::new(pgo.name.clone());
        Ok(Self { case, offer, pgo, browser, state: STATE.to_owned() })
    }

    /// The address of the authorization request, with parameters instead; one that is none is left out.
    pub fn request(&self, instead: &[(&str, Option<&str>)]) -> Url {
        let redirect = self.pgo.redirect();
        let usual = [
            ("response_type", "code"),
            ("client_id", &self.pgo.name),
            ("redirect_uri", &redirect),
            ("scope", self.offer.dienst.id()),
            ("state", &self.state),
        ];
        let mut url = self.offer.authorization.clone();
        for (name, value) in usual {
            let other = instead.iter().find(|(other, _)| *other == name);
            if let Some(value) = other.map_or(Some(value), |(_, value)| *value) {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        url
    }

    /// Goes to the authorization endpoint.
    pub async fn begin(&mut self) -> Result<Came, Stop> {
        let url = self.request(&[]);
        self.go(url).await
    }

    pub async fn go(&mut self, url: Url) -> Result<Came, Stop> {
        let desk = self.case.desk;
        let stand = self.browser.go(&desk.lines, url).await?;
        onward(desk, &mut self.browser, &self.offer, stand).await
    }

    pub async fn send(&mut self, request: Request) -> Result<Came, Stop> {
        let desk = self.case.desk;
        let stand = self.browser.send(&desk.lines, request).await?;
        onward(desk, &mut self.browser, &self.offer, stand).await
    }

    /// The same, as a page of another site would have it sent.
    pub async fn send_from_elsewhere(&mut self, request: Request) -> Result<Came, Stop> {
        let desk = self.case.desk;
        let stand = self.browser.send_from_elsewhere(&desk.lines, request).await?;
        onward(desk, &mut self.browser, &self.offer, stand).await
    }

    /// Comes to DigiD, or cannot go on.
    pub async fn reach_digid(&mut self) -> Result<Box<Page>, Stop> {
        match self.begin().await? {
            Came::ToDigid(page) if login_form(&page).is_some() => Ok(page),
            other => Err(Stop::because(format!("no login at DigiD: {}", other.told()))),
        }
    }

    /// Logs in at DigiD and goes back.
    pub async fn log_in(&mut self, page: &Page, account: &str) -> Result<Came, Stop> {
        let request = way::login(self.case.desk, page, account)?;
        self.send(request).await
    }

    /// Cancels at DigiD and goes back.
    pub async fn cancel(&mut self, page: &Page) -> Result<Came, Stop> {
        self.send(way::cancel(page)?).await
    }

    /// Comes to the consent question, or cannot go on.
    pub async fn reach_question(&mut self) -> Result<(Box<Page>, Box<Question>), Stop> {
        let account = self.somebody().await?;
        let page = self.reach_digid().await?;
        match self.log_in(&page, &account).await? {
            Came::ToQuestion(page, question) => Ok((page, question)),
            other => Err(Stop::because(format!("no consent question: {}", other.told()))),
        }
    }

    /// Answers the consent question.
    pub async fn answer(&mut self, question: &Question, yes: bool) -> Result<Came, Stop> {
        let (form, button) = if yes { &question.yes } else { &question.no };
        let desk = self.case.desk;
        let stand = self.browser.choose(&desk.lines, form, Some(button), &[]).await?;
        onward(desk, &mut self.browser, &self.offer, stand).await
    }

    /// Consents, and comes to a code.
    pub async fn consent(&mut self, question: &Question) -> Result<String, Stop> {
        code_of(&self.answer(question, true).await?)
    }

    /// Goes all the way to a code.
    pub async fn reach_code(&mut self) -> Result<String, Stop> {
        let account = self.somebody().await?;
        let page = self.reach_digid().await?;
        match self.log_in(&page, &account).await? {
            Came::ToQuestion(_, question) => self.consent(&question).await,
            other => code_of(&other),
        }
    }

    /// Goes all the way to a token.
    pub async fn reach_token(&mut self) -> Result<String, Stop> {
        let code = self.reach_code().await?;
        let answer = self.offer_code(&code, &[]).await?;
        token_of(&answer).ok_or_else(|| Stop::because(format!("no token: {}", said(&answer))))
    }

    /// Offers a code, with fields of the form instead; one that is none is left out.
    pub async fn offer_code(
        &self,
        code: &str,
        instead: &[(&str, Option<&str>)],
    ) -> Result<Answer, Failure> {
        self.offer_code_as(&self.pgo.identity, code, instead).await
    }

    /// The same, by somebody.
    pub async fn offer_code_as(
        &self,
        who: &Identity,
        code: &str,
        instead: &[(&str, Option<&str>)],
    ) -> Result<Answer, Failure> {
        self.case.desk.lines.ask(who, self.offer_request(code, instead)).await
    }

    /// The request that offers a code.
    pub fn offer_request(&self, code: &str, instead: &[(&str, Option<&str>)]) -> Request {
        let redirect = self.pgo.redirect();
        let usual = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect),
            ("client_id", &self.pgo.name),
        ];
        let fields: Vec<(&str, &str)> = usual
            .into_iter()
            .filter_map(|(name, value)| {
                let other = instead.iter().find(|(other, _)| *other == name);
                Some((name, other.map_or(Some(value), |(_, value)| *value)?))
            })
            .collect();
        Request::form(self.offer.token.clone(), &fields)
            .with(http::header::ACCEPT, "application/json")
    }

    /// Asks for a query of the service that was collected.
    pub async fn fetch(&self, token: Option<&str>, call: usize) -> Result<Answer, Failure> {
        let request = self.fetch_request(&self.offer, token, call);
        self.case.desk.lines.ask(&self.pgo.identity, request).await
    }

    /// A query of some service.
    pub fn fetch_request(&self, of: &Offer, token: Option<&str>, call: usize) -> Request {
        let query = of.dienst.calls().get(call).map_or("", |call| call.query);
        let query = query.replace('|', "%7C").replace("{today}", &today());
        let base = of.resources.get(call).unwrap_or(&of.authorization);
        let text = format!("{}/{query}", base.as_str().trim_end_matches('/'));
        let url = Url::parse(&text).unwrap_or_else(|_| base.clone());
        let request = Request::get(url).with(http::header::ACCEPT, "application/fhir+json");
        match token {
            Some(token) => request.with(http::header::AUTHORIZATION, &format!("Bearer {token}")),
            None => request,
        }
    }

    /// Somebody for whom there is something here.
    pub async fn somebody(&self) -> Result<String, Stop> {
        let why = "for none of the test persons is there anything for this service";
        self.found(|survey| survey.with.clone(), why).await
    }

    /// Somebody for whom there is nothing here.
    pub async fn nobody(&self) -> Result<String, Stop> {
        let why = "for all of the test persons there is something for this service";
        self.found(|survey| survey.without.clone(), why).await
    }

    /// Tries test persons until there is who is looked for, everybody once.
    async fn found(
        &self,
        who: impl Fn(&Survey) -> Option<String>,
        why: &str,
    ) -> Result<String, Stop> {
        let desk = self.case.desk;
        let place = desk.offers.iter().position(|other| {
            other.authorization == self.offer.authorization && other.dienst == self.offer.dienst
        });
        let place = place.unwrap_or_default();
        let mut survey = desk.survey.borrow().get(&place).cloned().unwrap_or_default();
        loop {
            if let Some(account) = who(&survey) {
                return Ok(account);
            }
            let Some(account) = desk.persons.get(survey.tried) else { break };
            let mut walk = Self::of(self.case, self.offer.clone(), 0)?;
            let page = walk.reach_digid().await?;
            let came = walk.log_in(&page, account).await?;
            survey.learn(account, &came);
            desk.survey.borrow_mut().insert(place, survey.clone());
        }
        let astray = survey.astray.map(|astray| format!("; after the login: {astray}"));
        Err(Stop(format!("{why}{}", astray.unwrap_or_default())))
    }
}

impl Survey {
    /// Somebody logged in and came there.
    fn learn(&mut self, account: &str, came: &Came) {
        self.tried += 1;
        let account = || Some(account.to_owned());
        match came {
            Came::ToQuestion(..) => self.with = self.with.take().or_else(account),
            Came::Back(url) if sent(url, "code").is_some() => {
                self.with = self.with.take().or_else(account);
            }
            Came::Back(_) => self.without = self.without.take().or_else(account),
            // A gateway may turn away one person by a page of its own, and serve the next.
            other => self.astray = Some(other.told()),
        }
    }
}

/// The code with which somebody was sent back.
fn code_of(came: &Came) -> Result<String, Stop> {
    let code = match came {
        Came::Back(url) => sent(url, "code"),
        _ => None,
    };
    code.ok_or_else(|| Stop::because(format!("no code: {}", came.told())))
}

/// Whether the person was served on, and not sent to log in anew.
pub(super) fn is_served(came: &Came) -> bool {
    came.goes_on() && !matches!(came, Came::ToDigid(_))
}

/// Where somebody came to, if that can be seen: what a script would show may be anything.
pub(super) fn seen(came: Came) -> Result<Came, Stop> {
    match &came {
        // Whatever script stands on it, a page that is a refusal by its status and by its text is one.
        Came::Nowhere(page)
            if page.needs_script() && (page.answer.status.is_success() || page.text.is_empty()) =>
        {
            Err(Stop(came.told()))
        }
        _ => Ok(came),
    }
}

/// Why a probe cannot go on of which a node got no answer. A gateway's certificate that is not good breaks a rule.
pub(super) fn unanswered(case: &Case<'_>, failure: Failure) -> Stop {
    if matches!(failure, Failure::Certificate(_)) {
        let expected =
            "at the back door, a certificate that is for its name and ends at the network's root";
        case.judge(rule::PKIO_CERTIFICATE, false, expected, failure.to_string());
    }
    failure.into()
}

/// The day, as FHIR writes it.
fn today() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
    let now = Timestamp::from_unix(seconds, 0).to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}

/// The token of an answer, if it is one.
pub(super) fn token_of(answer: &Answer) -> Option<String> {
    let token = answer.json().get("access_token")?.as_str()?.to_owned();
    answer.status.is_success().then_some(token)
}

/// Whether an answer has data: what an OperationOutcome tells of an error is none, whatever its status (FHIR STU3).
pub(super) fn is_data(answer: &Answer) -> bool {
    let body = answer.json();
    let is_outcome = body.get("resourceType").and_then(Value::as_str) == Some("OperationOutcome");
    let is_error = |issue: &Value| {
        let severity = issue.get("severity").and_then(Value::as_str);
        matches!(severity, Some("error" | "fatal"))
    };
    let is_error = body.get("issue").and_then(Value::as_array).into_iter().flatten().any(is_error);
    answer.status.is_success() && !(is_outcome && is_error)
}

/// The code of an OperationOutcome's first issue.
pub(super) fn issue_of(body: &Value) -> Option<&str> {
    let is_outcome = body.get("resourceType")?.as_str()? == "OperationOutcome";
    is_outcome.then(|| body.get("issue")?.get(0)?.get("code")?.as_str())?
}

/// Whether a text is a UUID of version 4 in its canonical form (RFC 4122 §4.4).
pub(super) fn is_uuid_v4(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            14 => *byte == b'4',
            19 => matches!(byte.to_ascii_lowercase(), b'8' | b'9' | b'a' | b'b'),
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A code or a token that nobody has issued.
pub(super) const MADE_UP: &str = "3e7b2c51-9d04-4c8a-b6f3-0a51c7e2d948";
