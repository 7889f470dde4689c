//! Flows that end otherwise (exceptions 2 to 5 and 8): what the PGO is told, and in which form.

use http::Method;
use protocol::{
    release::{DenialDetail, Terms},
    rule::{self, Rule},
};
use url::Url;

use super::steps::{Walk, is_data, issue_of, seen};
use crate::{
    chromium::tab::Shown,
    line::Request,
    probe::{Case, Going, Probe, Stop},
    way::{Came, asks, said, sent},
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "cancelled-at-digid",
        rules: &[rule::EXCEPTION_IDENTITY, rule::UC_IDENTITY, rule::STEP_CODE],
        go: |case| Box::pin(cancelled(case)) as Going<'_>,
    },
    Probe {
        name: "nothing-there",
        rules: &[rule::EXCEPTION_NO_DATA, rule::UC_NO_DATA, rule::STEP_AVAILABILITY],
        go: |case| Box::pin(nothing_there(case)) as Going<'_>,
    },
    Probe {
        name: "consent-refused",
        rules: &[rule::EXCEPTION_REFUSED, rule::UC_REFUSED],
        go: |case| Box::pin(refused(case)) as Going<'_>,
    },
    Probe {
        name: "form-of-another",
        rules: &[rule::OWNER_PRESENT, rule::EXCEPTION_AUTHORIZATION, rule::UC_NO_ANSWER],
        go: |case| Box::pin(form_of_another(case)) as Going<'_>,
    },
    Probe {
        name: "systems-down",
        rules: &[rule::EXCEPTION_DELIVERY, rule::UC_NOT_SUPPLIED],
        go: |case| Box::pin(systems_down(case)) as Going<'_>,
    },
];

/// What somebody should be sent back with.
struct Ending {
    rule: Rule,
    error: &'static str,
    description: Option<&'static str>,
}

impl Ending {
    /// Judges where somebody was sent back to.
    fn judge(&self, case: &Case<'_>, walk: &Walk<'_>, back: &Url) {
        let is_error = sent(back, "error").as_deref() == Some(self.error);
        let description = sent(back, "error_description");
        let is_described = self.description.is_none_or(|of| description.as_deref() == Some(of));
        let is_state = sent(back, "state").as_deref() == Some(&walk.state);
        let found = format!("sent back to {back}");
        case.judge(rule::STEP_CODE, is_state, "the state as it was given", found.clone());
        let kept = is_error && is_described && sent(back, "code").is_none();
        let described =
            self.description.map(|of| format!(", described as {of:?}")).unwrap_or_default();
        let expected = format!("sent back with error {}{described}", self.error);
        case.judge(self.rule, kept, &expected, found);
    }
}

/// The description of exception 3.
pub(super) const NOTHING_THERE: &str = "No such resources.";

/// What the description says where the release has the PGO told apart what there is.
pub(super) fn told_as(case: &Case<'_>, description: &'static str) -> Option<&'static str> {
    let terms = Terms::of(case.desk.world.network().release);
    (terms.denial_detail == DenialDetail::Told).then_some(description)
}

/// Where somebody was sent back to; anything else is not told the PGO, which breaks the rule of the use case.
fn back_of<'u>(case: &Case<'_>, rule: Rule, came: &'u Came) -> Option<&'u Url> {
    let back = match came {
        Came::Back(url) => Some(url),
        _ => None,
    };
    case.judge(rule, back.is_some(), "the PGO is told", came.told());
    back
}

async fn cancelled(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    let page = walk.reach_digid().await?;
    let came = seen(walk.cancel(&page).await?)?;
    let ending =
        Ending { rule: rule::EXCEPTION_IDENTITY, error: "unauthorized_client", description: None };
    if let Some(back) = back_of(case, rule::UC_IDENTITY, &came) {
        ending.judge(case, &walk, back);
    }
    Ok(())
}

async fn nothing_there(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    let account = match walk.nobody().await {
        Ok(account) => account,
        Err(why) => return told_late(case, why).await,
    };
    let page = walk.reach_digid().await?;
    let came = seen(walk.log_in(&page, &account).await?)?;
    if let Some(back) = back_of(case, rule::UC_NO_DATA, &came) {
        // What else somebody may be sent back for shows nothing of what was looked up.
        if is_denied(back) {
            let found = "sent back right after the login";
            case.judge(rule::STEP_AVAILABILITY, true, asks(rule::STEP_AVAILABILITY), found);
        }
        without_data(case).judge(case, &walk, back);
    }
    Ok(())
}

/// Where everybody is asked for consent, somebody may be told only after they gave it that there is nothing. If nobody is,
/// nothing is known of people without data.
async fn told_late(case: &Case<'_>, why: Stop) -> Result<(), Stop> {
    for account in &case.desk.persons {
        let mut walk = Walk::new(case)?;
        let page = walk.reach_digid().await?;
        let Came::ToQuestion(_, question) = walk.log_in(&page, account).await? else { continue };
        let came = walk.answer(&question, true).await?;
        let Came::Back(back) = &came else { continue };
        if is_denied(back) {
            let found = format!("asked for consent, and upon a yes {}", came.told());
            case.judge(rule::STEP_AVAILABILITY, false, asks(rule::STEP_AVAILABILITY), found);
            case.judge(rule::UC_NO_DATA, true, "the PGO is told", came.told());
            without_data(case).judge(case, &walk, back);
            return Ok(());
        }
    }
    Err(why)
}

fn is_denied(back: &Url) -> bool {
    sent(back, "error").as_deref() == Some("access_denied")
}

/// Exception 3.
fn without_data(case: &Case<'_>) -> Ending {
    let description = told_as(case, NOTHING_THERE);
    Ending { rule: rule::EXCEPTION_NO_DATA, error: "access_denied", description }
}

async fn refused(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    let (_, question) = walk.reach_question().await?;
    let came = seen(walk.answer(&question, false).await?)?;
    let description = told_as(case, "Authorization denied.");
    let ending = Ending { rule: rule::EXCEPTION_REFUSED, error: "access_denied", description };
    if let Some(back) = back_of(case, rule::UC_REFUSED, &came) {
        ending.judge(case, &walk, back);
    }
    Ok(())
}

/// The form that one browser was shown is sent by another, which was shown one too: as a page of an attacker's would have
/// it sent (RFC 6819 §4.4.1.10), and, for exception 5, as if it were its own.
async fn form_of_another(case: &Case<'_>) -> Result<(), Stop> {
    let (mut own, mut other) = (Walk::new(case)?, Walk::new(case)?);
    let (_, question) = own.reach_question().await?;
    other.reach_question().await?;
    let (form, button) = &question.yes;
    let asked = own.browser.asks(&case.desk.lines, form, Some(button), &[]).await?;
    let host = Some(case.desk.subject.front.as_str());
    let is_form =
        |request: &Request| request.method == Method::POST && request.url.host_str() == host;
    let request = match asked {
        Shown::Goes(request) if is_form(&request) => request,
        _ => return Err(Stop::because("the question is answered by script, not by a form")),
    };
    let forged = || Request::clone(&request);
    let came = seen(other.send_from_elsewhere(forged()).await?)?;
    let has_code = |came: &Came| matches!(came, Came::Back(back) if sent(back, "code").is_some());
    let expected =
        "a form of another browser's, sent by a page of another site, counts for nothing";
    case.judge(rule::OWNER_PRESENT, !has_code(&came), expected, came.told());
    if has_code(&came) {
        return Ok(());
    }
    // Where its cookie stayed behind, the gateway knows nobody whom it could send back.
    let came = if matches!(came, Came::Back(_)) { came } else { other.send(forged()).await? };
    match &came {
        Came::Back(back) if !has_code(&came) => {
            let (error, description) = ("access_denied", Some("Authorization failed."));
            case.judge(rule::UC_NO_ANSWER, true, "the PGO is told", came.told());
            Ending { rule: rule::EXCEPTION_AUTHORIZATION, error, description }
                .judge(case, &other, back);
            Ok(())
        }
        Came::Back(_) => Err(Stop::because("its forms are alike, so that no answer fails")),
        other => Err(Stop(format!("an answer that is not established ends at {}", other.told()))),
    }
}

async fn systems_down(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    let token = walk.reach_token().await?;
    let good = walk.fetch(Some(&token), 0).await?;
    if !is_data(&good) {
        return Err(Stop(format!("no data for a good token: {}", said(&good))));
    }
    if !case.desk.fail_systems().await.map_err(Stop)? {
        return Err(Stop::because(
            "nobody told how to have the systems behind it fail (--control)",
        ));
    }
    let answer = walk.fetch(Some(&token), 0).await?;
    let body = answer.json();
    let issue = issue_of(&body);
    let kept = !answer.status.is_success() && issue == Some("incomplete");
    let expected = "systems behind it are down: an OperationOutcome with issue incomplete";
    case.judge(rule::EXCEPTION_DELIVERY, kept, expected, said(&answer));
    let expected = "systems behind it are down: the PGO is told so";
    case.judge(rule::UC_NOT_SUPPLIED, issue.is_some(), expected, said(&answer));
    Ok(())
}
