//! Login, availability, consent and the code (steps 7 to 10), and what the PGO GW is told instead of a code
//! (exceptions 2 to 5).
//!
//! The situation is what came back to the ZA GW from DigiD, from the source and from the browser. Where it is
//! not certain, because something failed or a page was sent twice, nothing is judged.

use protocol::{
    bsn::Bsn,
    catalogue::Gegevensdienst,
    id::{ExchangeId, HostId, NameId, Opaque, PersonId, ZorgaanbiederId},
    message::{
        Assertion, Availability, Browse, ConsentAnswer, Description, Kind, OAuthError, Page,
        Response, SamlStatus, Subject,
    },
    release::{DenialDetail, Release, Terms},
    rule::{self, Rule},
    time::Duration,
};

use super::{
    Checkers,
    exchanges::Answer,
    flows::{Flow, Handle, tag},
    verdict::Why,
};

// Of an artifact that came back.
/// Its RelayState is one that was given to this browser.
const RELAY_OURS: u16 = 1;
/// DigiD vouches for the person.
const ESTABLISHED: u16 = 1 << 1;
/// DigiD does not.
const NOT_ESTABLISHED: u16 = 1 << 2;
/// The source has something.
const AVAILABLE: u16 = 1 << 3;
/// The source has nothing.
const NOTHING: u16 = 1 << 4;
/// The source says that the person is under the age limit.
const UNDER_AGE: u16 = 1 << 5;
/// The source did not say.
const LOOKUP_FAILED: u16 = 1 << 6;

// Of an answer to the consent question.
const GIVEN: u16 = 1;
const REFUSED: u16 = 1 << 1;
const UNCLEAR: u16 = 1 << 2;
/// It carries the value of a question that was put to this browser.
const QUESTION_OURS: u16 = 1 << 3;
/// And it is the first answer to the one that was put last.
const FIRST_ANSWER: u16 = 1 << 4;

/// A session with a browser lives longer than this. The source sets no lifetime (step 3).
const SESSION: Duration = Duration::from_secs(300);

/// What comes in.
impl Checkers {
    /// The browser brings an artifact.
    pub(super) fn artifact_returns(
        &mut self,
        exchange: ExchangeId,
        flow: Handle,
        relay_state: Opaque,
    ) {
        let ours = self.flows.get(flow).is_none_or(|flow| flow.relays.may_be(relay_state));
        if let Some(open) = self.exchanges.get_mut(exchange) {
            open.mark(RELAY_OURS, ours);
        }
    }

    /// The browser brings an answer to the consent question.
    pub(super) fn consent_answer_arrives(
        &mut self,
        exchange: ExchangeId,
        flow: Handle,
        answer: ConsentAnswer,
        csrf: Opaque,
    ) {
        let (Some(flow), Some(open)) = (self.flows.get(flow), self.exchanges.get_mut(exchange))
        else {
            return;
        };
        let ours = flow.has(Flow::QUESTION) && flow.questions.may_be(csrf);
        let first = ours && flow.has(Flow::QUESTION_OPEN);
        if first {
            flow.forget(Flow::QUESTION_OPEN);
            flow.saw(Flow::REFUSED, answer == ConsentAnswer::Refused);
        }
        open.mark(QUESTION_OURS, ours);
        // After several questions the value may be of an earlier one, which need not count any more, or of none.
        open.mark(FIRST_ANSWER, first && flow.questions.is_last(csrf));
        open.marks |= match answer {
            ConsentAnswer::Given => GIVEN,
            ConsentAnswer::Refused => REFUSED,
            ConsentAnswer::Unclear => UNCLEAR,
        };
    }

    /// DigiD's word reached the ZA GW.
    pub(super) fn assertion_arrives(
        &mut self,
        exchange: ExchangeId,
        flow: Handle,
        assertion: &Assertion,
    ) {
        let established = assertion.status == SamlStatus::Success && assertion.signed;
        if let Some(flow) = self.flows.get(flow) {
            flow.saw(Flow::IDENTIFIED, established);
        }
        if let Some(parent) = self.exchanges.parent_of(exchange) {
            parent.marks |= if established { ESTABLISHED } else { NOT_ESTABLISHED };
        }
    }

    /// The ZA GW asks the source whether there is anything.
    pub(super) fn asks_availability(&mut self, za: HostId, flow: Handle, subject: &Subject) {
        let Some(flow) = self.flows.get(flow) else { return };
        // Persons can share a printed number, which is all that a wire carries.
        let printed = |person: PersonId| person.0 % Bsn::PRINTABLE;
        let same_person =
            flow.person().is_none_or(|person| printed(person) == printed(subject.bsn.0));
        let kept = same_person
            && subject.zorgaanbieder == flow.zorgaanbieder
            && subject.dienst == flow.dienst;
        self.docket.judge(rule::STEP_AVAILABILITY, za, kept, Why::AskedForOther);
    }

    /// The source's word reached the ZA GW.
    pub(super) fn availability_arrives(
        &mut self,
        exchange: ExchangeId,
        flow: Handle,
        availability: Availability,
    ) {
        if let Some(flow) = self.flows.get(flow) {
            flow.saw(Flow::LOOKED_UP, true);
            flow.saw(Flow::UNDER_AGE, availability == Availability::UnderAge);
        }
        if let Some(parent) = self.exchanges.parent_of(exchange) {
            parent.marks |= match availability {
                Availability::Available => AVAILABLE,
                Availability::Nothing => NOTHING,
                Availability::UnderAge => UNDER_AGE,
            };
        }
    }

    /// The source did not say.
    pub(super) fn lookup_failed(&mut self, exchange: ExchangeId) {
        if let Some(parent) = self.exchanges.parent_of(exchange) {
            parent.mark(LOOKUP_FAILED, parent.kind == Kind::ReturnArtifact);
        }
    }
}

/// What goes out to the browser.
impl Checkers {
    /// The ZA GW answers a browser that brought an artifact or an answer to the consent question, or that
    /// asked for authorization.
    pub(super) fn answers_browser(&mut self, answer: &Answer<'_>) {
        let Answer { flow, response, release, from: za, .. } = *answer;
        match response {
            Response::Page {
                page: Page::ConsentQuestion { csrf, zorgaanbieder, dienst, client },
                ..
            } => self.puts_question(answer, *csrf, (*zorgaanbieder, *dienst), *client),
            Response::Redirect { to, request: Browse::Callback { code, state }, .. } => {
                let is_allowed = self.issues_code(za, flow, *to, *code, release);
                if is_allowed {
                    self.gives_code(answer, *to, *state);
                }
            }
            Response::Redirect {
                to,
                request: Browse::CallbackError { error, description, state },
                ..
            } => {
                let told = (*error, *description);
                let to_asker = self.leads_back(flow, *to, *state);
                self.tells_pgo(answer, told, to_asker);
            }
            Response::Redirect { request: Browse::Authenticate(request), .. } => {
                if let Some(flow) = self.flows.get(flow) {
                    flow.relays.give(request.relay_state);
                }
            }
            Response::Page { page, .. } => self.shows_other_page(answer, *page),
            _ => {}
        }
    }

    /// Step 9.
    fn puts_question(
        &mut self,
        answer: &Answer<'_>,
        csrf: Opaque,
        named: (ZorgaanbiederId, Gegevensdienst),
        client: NameId,
    ) {
        let Answer { from: za, ref open, flow, .. } = *answer;
        let (zorgaanbieder, dienst) = named;
        let Some(flow) = self.flows.get(flow) else { return };
        let docket = &mut self.docket;
        let stranger = self.cast.is_stranger(za);
        let identified = flow.has(Flow::IDENTIFIED);
        docket.judge(rule::IDENTITY_FIRST, za, identified, Why::NotIdentified);
        let looked_up = flow.has(Flow::LOOKED_UP);
        if !stranger {
            docket.judge(rule::STEP_AVAILABILITY, za, looked_up, Why::NotLookedUp);
        }
        let (in_order, why) = match identified {
            true => (looked_up || stranger, Why::NotLookedUp),
            false => (false, Why::NotIdentified),
        };
        docket.judge(rule::COLLECTS_BY_UCI, za, in_order, why);
        let at_whom = zorgaanbieder == flow.zorgaanbieder;
        let fits = at_whom && dienst == flow.dienst && client == flow.client;
        docket.judge(rule::CONSENT_WORDS, za, fits, Why::QuestionOfOther);
        docket.judge(rule::STEP_CONSENT, za, true, Why::NotAskedConsent);
        if open.kind == Kind::ReturnArtifact {
            let ours = open.has(RELAY_OURS);
            docket.judge(rule::SESSION_OF_BROWSER, za, ours, Why::RelayStateOfOther);
            docket.judge(rule::GOES_ON_AT_ONCE, za, true, Why::StoppedAfterLogin);
            if open.has(NOTHING) {
                docket.judge(rule::UC_NO_DATA, za, false, Why::NotToldPgo);
            }
            if open.has(NOT_ESTABLISHED) && !identified {
                docket.judge(rule::UC_IDENTITY, za, false, Why::NotToldPgo);
            }
        }
        flow.questions.give(csrf);
        flow.shown = dienst;
        flow.forget(Flow::QUESTION_FITS);
        flow.saw(Flow::QUESTION | Flow::QUESTION_OPEN, true);
        flow.saw(Flow::QUESTION_FITS, at_whom);
    }

    /// Step 10.
    fn gives_code(&mut self, answer: &Answer<'_>, to: NameId, state: Opaque) {
        let Answer { from: za, ref open, flow, .. } = *answer;
        let back = self.leads_back(flow, to, state);
        let stranger = self.cast.is_stranger(za);
        let Some(flow) = self.flows.get(flow) else { return };
        let docket = &mut self.docket;
        let answered = open.kind == Kind::AnswerConsent;
        let given = answered && open.has(GIVEN);
        docket.judge(rule::CONSENT_FIRST, za, given, Why::NoConsent);
        docket.judge(rule::COLLECTS_BY_UCI, za, answered, Why::NoConsent);
        let put = flow.has(Flow::QUESTION);
        docket.judge(rule::STEP_CONSENT, za, put, Why::NotAskedConsent);
        let identified = flow.has(Flow::IDENTIFIED);
        docket.judge(rule::IDENTITY_FIRST, za, identified, Why::NotIdentified);
        if flow.has(Flow::UNDER_AGE) {
            docket.judge(rule::AGE_LIMIT, za, false, Why::UnderAgeServed);
        }
        let redirect_safe = !flow.has(Flow::REDIRECT_BAD);
        docket.judge(rule::REDIRECT_FULL_HTTPS, za, redirect_safe, Why::RedirectNotHttps);
        if answered {
            let present = open.has(QUESTION_OURS);
            docket.judge(rule::OWNER_PRESENT, za, present, Why::AnswerOfOther);
        }
        if given {
            docket.judge(rule::STEP_CODE, za, back, Why::OtherWayBack);
            if !stranger {
                let logged = flow.has(Flow::CONSENT_LOGGED);
                docket.judge(rule::NORM_LOGGING, za, logged, Why::NotLogged);
            }
        }
        if open.kind == Kind::ReturnArtifact && open.has(NOTHING) {
            docket.judge(rule::UC_NO_DATA, za, false, Why::NotToldPgo);
        }
        if answered && open.has(FIRST_ANSWER) && !given {
            let rule = if open.has(REFUSED) { rule::UC_REFUSED } else { rule::UC_NO_ANSWER };
            docket.judge(rule, za, false, Why::NotToldPgo);
        }
    }

    /// Exceptions 2 to 5. A session that ended while the person thought makes exception 5 of every answer.
    fn tells_pgo(&mut self, answer: &Answer<'_>, told: (OAuthError, Description), to_asker: bool) {
        let Answer { from: za, ref open, flow, release, .. } = *answer;
        let stranger = self.cast.is_stranger(za);
        let Some(flow) = self.flows.get(flow) else { return };
        let docket = &mut self.docket;
        let redirect_safe = !flow.has(Flow::REDIRECT_BAD);
        docket.judge(rule::REDIRECT_FULL_HTTPS, za, redirect_safe, Why::RedirectNotHttps);
        let own_trouble =
            matches!(told.0, OAuthError::ServerError | OAuthError::TemporarilyUnavailable);
        let mut rightly = |uc: Option<Rule>, exception: Rule, form: bool| {
            if let Some(uc) = uc {
                docket.judge(uc, za, true, Why::NotToldPgo);
            }
            docket.judge(exception, za, form && to_asker, Why::ToldPgoOther);
        };
        let failed = (OAuthError::AccessDenied, Description::AuthorizationFailed);
        match open.kind {
            Kind::ReturnArtifact => {
                if open.has(NOT_ESTABLISHED) && !flow.has(Flow::IDENTIFIED) {
                    let form = told.0 == OAuthError::UnauthorizedClient;
                    rightly(Some(rule::UC_IDENTITY), rule::EXCEPTION_IDENTITY, form);
                } else if open.has(NOTHING) {
                    let form = is_denial(told, Description::NoSuchResources, release);
                    rightly(Some(rule::UC_NO_DATA), rule::EXCEPTION_NO_DATA, form);
                } else if open.has(UNDER_AGE) {
                    let form = is_denial(told, Description::NoSuchResources, release);
                    rightly(Some(rule::AGE_LIMIT), rule::EXCEPTION_NO_DATA, form);
                } else if open.has(AVAILABLE) && !own_trouble {
                    docket.judge(rule::STEP_CONSENT, za, false, Why::NotAskedConsent);
                } else if open.has(LOOKUP_FAILED) {
                    rightly(None, rule::EXCEPTION_AUTHORIZATION, told == failed || own_trouble);
                }
                if open.has(ESTABLISHED) {
                    self.docket.judge(rule::GOES_ON_AT_ONCE, za, true, Why::StoppedAfterLogin);
                }
            }
            Kind::AnswerConsent if open.has(FIRST_ANSWER) => {
                let may_have_ended = told == failed && flow.session_age(self.now) > SESSION;
                if may_have_ended {
                    rightly(None, rule::EXCEPTION_AUTHORIZATION, true);
                } else if open.has(REFUSED) {
                    let form = is_denial(told, Description::AuthorizationDenied, release);
                    rightly(Some(rule::UC_REFUSED), rule::EXCEPTION_REFUSED, form);
                    if !stranger {
                        let logged = flow.has(Flow::REFUSAL_LOGGED);
                        docket.judge(rule::NORM_LOGGING, za, logged, Why::NotLogged);
                    }
                } else if open.has(UNCLEAR) {
                    rightly(
                        Some(rule::UC_NO_ANSWER),
                        rule::EXCEPTION_AUTHORIZATION,
                        told == failed,
                    );
                } else if !own_trouble {
                    docket.judge(rule::STEP_CODE, za, false, Why::ToldPgoOther);
                }
            }
            _ => {}
        }
    }

    /// A page instead of what the protocol has.
    fn shows_other_page(&mut self, answer: &Answer<'_>, page: Page) {
        let Answer { from: za, ref open, flow, .. } = *answer;
        let Some(flow) = self.flows.get(flow) else { return };
        let docket = &mut self.docket;
        match open.kind {
            Kind::ReturnArtifact => {
                if open.has(ESTABLISHED) {
                    docket.judge(rule::GOES_ON_AT_ONCE, za, false, Why::StoppedAfterLogin);
                }
                if open.has(NOT_ESTABLISHED) && !flow.has(Flow::IDENTIFIED) {
                    docket.judge(rule::UC_IDENTITY, za, false, Why::NotToldPgo);
                }
                if open.has(NOTHING) {
                    docket.judge(rule::UC_NO_DATA, za, false, Why::NotToldPgo);
                }
            }
            // The session may have ended while the person thought.
            Kind::AnswerConsent if open.has(FIRST_ANSWER) && page != Page::NoSession => {
                let rule = match open.marks & (GIVEN | REFUSED) {
                    GIVEN => rule::STEP_CODE,
                    REFUSED => rule::UC_REFUSED,
                    _ => rule::UC_NO_ANSWER,
                };
                docket.judge(rule, za, false, Why::NotToldPgo);
            }
            _ => {}
        }
    }

    /// Whether a redirect leads back to the client that asked, with the `state` that it gave.
    fn leads_back(&mut self, flow: Handle, to: NameId, state: Opaque) -> bool {
        self.flows.get(flow).is_none_or(|flow| {
            let its_state = flow.has(Flow::STATE) && flow.asked_state == tag(state);
            its_state && (to == flow.client || !flow.has(Flow::REDIRECT_AT_CLIENT))
        })
    }
}

/// Whether that is how a release tells that nothing is given. Where the reason is hidden, it may not show in
/// the description either.
fn is_denial(told: (OAuthError, Description), reason: Description, release: Release) -> bool {
    let (error, description) = told;
    error == OAuthError::AccessDenied
        && match Terms::of(release).denial_detail {
            DenialDetail::Told => description == reason,
            DenialDetail::Hidden => {
                matches!(description, Description::None | Description::AuthorizationDenied)
            }
        }
}
