//! Deviations of a ZA gateway.

use protocol::{
    bsn::{Bsn, fingerprint},
    catalogue::{Gegevensdienst, Scope},
    contract::{Action, Ask, Outbox, Work},
    id::{ExchangeId, Opaque, PersonId, ZorgaanbiederId},
    message::{
        Availability, Browse, ConsentAnswer, Content, Description, Envelope, FhirAnswer, Issue,
        Message, OAuthError, OfferCode, Page, Peer, Request, Response, TokenGrant, TokenType,
    },
    rule,
    time::Now,
    trace::Note,
    uri::{Uri, UriFlags},
};

use super::{
    Deviation,
    pgo::other,
    wrapper::{
        Alters, Around, AsksAgain, Forgets, Hearing, Hears, Restores, Says, Scheme, remember,
    },
};

pub(super) fn scheme(deviation: Deviation) -> Option<Box<dyn Scheme>> {
    Some(match deviation {
        Deviation::CodeHonouredTwice => Box::new(HonoursAgain::default()),
        Deviation::UnknownCodeHonoured => Box::new(HonoursEverything),
        Deviation::OtherClientHonoured => Box::new(HonoursEverybody::default()),
        Deviation::TwoServicesGranted => grants(|grant| {
            if let Some(dienst) = grant.scope.only() {
                grant.scope = grant.scope.with(other(dienst));
            }
        }),
        Deviation::NotUuidV4 => Box::new(NoUuids),
        Deviation::RefreshTokenIssued => {
            grants(|grant| grant.refresh_token = Some(Opaque(!grant.token.0)))
        }
        Deviation::OtherTokenType => grants(|grant| grant.token_type = TokenType::Other),
        Deviation::UnknownTokenHonoured => Box::new(Says(|action| {
            if let Action::Reply(_, response, why @ Some(rule::TOKEN_KNOWN)) = action {
                (*response, *why) = (Response::Fhir(made_up()), None);
            }
        })),
        Deviation::TokenBeyondScope => Box::new(ServesEverything::default()),
        Deviation::RedirectNotHttpsHonoured => Box::new(Hears(|envelope, _| {
            if let Message::Request(Request::Browse(Browse::Authorize(request))) =
                &mut envelope.message
            {
                let Uri { host, .. } = request.redirect;
                let flags = UriFlags { https: true, full: true, ..UriFlags::default() };
                request.redirect = Uri::new(request.redirect.place() as u32, host, flags);
            }
        })),
        Deviation::InvalidRequestRedirected => Box::new(Redirects),
        Deviation::LoginAfterConsent => Box::new(AsksFirst::default()),
        Deviation::RelayStateNotChecked => Box::new(Restores {
            given: |response| match response {
                Response::Redirect { request: Browse::Authenticate(request), .. } => {
                    Some(request.relay_state)
                }
                _ => None,
            },
            brought: |browse| match browse {
                Browse::ReturnArtifact { relay_state, .. } => Some(relay_state),
                _ => None,
            },
            known: Vec::new(),
            waiting: Vec::new(),
        }),
        Deviation::AvailabilitySkipped => Box::new(Presumes),
        Deviation::UnderAgeServed => Box::new(Hears(|envelope, _| {
            if let Message::Response(Response::Availability(found @ Availability::UnderAge)) =
                &mut envelope.message
            {
                *found = Availability::Available;
            }
        })),
        Deviation::NoDataMistold => Box::new(Says(|action| {
            if let Action::Reply(_, Response::Redirect { request, .. }, _) = action
                && let Browse::CallbackError { error, description, .. } = request
                && *description == Description::NoSuchResources
            {
                (*error, *description) = (OAuthError::ServerError, Description::None);
            }
        })),
        Deviation::OtherServiceShown => Box::new(Says(|action| {
            if let Action::Reply(_, Response::Page { page, .. }, _) = action
                && let Page::ConsentQuestion { dienst, .. } = page
            {
                *dienst = other(*dienst);
            }
        })),
        Deviation::ConsentSkipped => Box::new(Consents::default()),
        Deviation::FormNotChecked => Box::new(Restores {
            given: |response| match response {
                Response::Page { page: Page::ConsentQuestion { csrf, .. }, .. } => Some(*csrf),
                _ => None,
            },
            brought: |browse| match browse {
                Browse::AnswerConsent { csrf, .. } => Some(csrf),
                _ => None,
            },
            known: Vec::new(),
            waiting: Vec::new(),
        }),
        Deviation::AnswersNotLogged => {
            Box::new(Forgets(|note| matches!(note, Note::ConsentLogged | Note::RefusalLogged)))
        }
        Deviation::StateAltered => Box::new(Says(|action| {
            if let Action::Reply(_, Response::Redirect { request, .. }, _) = action
                && let Browse::Callback { state, .. } = request
            {
                *state = Opaque(!state.0);
            }
        })),
        Deviation::BsnInAnswer => Box::new(NamesThePerson::default()),
        Deviation::OtherPersonServed => Box::new(Says(|action| {
            if let Action::Ask(_, Ask { request: Request::FetchDossier { subject, .. }, .. }) =
                action
            {
                subject.bsn = Bsn(PersonId(subject.bsn.0.0.wrapping_add(1)));
            }
        })),
        Deviation::DeliveryMistold => Box::new(Says(|action| {
            if let Action::Reply(_, Response::OperationOutcome(issue), None) = action {
                *issue = Issue::Suppressed;
            }
        })),
        Deviation::ArtifactResolvedTwice => Box::new(AsksAgain::new(|request, _| match request {
            Request::ResolveArtifact { .. } => vec![*request],
            _ => Vec::new(),
        })),
        _ => return None,
    })
}

/// Alters every token answer.
fn grants(alter: fn(&mut TokenGrant)) -> Box<dyn Scheme> {
    Box::new(Alters {
        find: |action| match action {
            Action::Reply(_, Response::Token(found), _) => Some(found),
            _ => None,
        },
        alter,
    })
}

/// The code that is offered, if the message is an offer.
fn offered(envelope: &Envelope) -> Option<&OfferCode> {
    match &envelope.message {
        Message::Request(Request::OfferCode(offer)) => Some(offer),
        _ => None,
    }
}

/// Data of nobody.
fn made_up() -> FhirAnswer {
    let nobody = fingerprint(PersonId(u32::MAX), ZorgaanbiederId(0), Gegevensdienst(0), 0, 1);
    let created = protocol::time::WallTime::default();
    let content = Content { fingerprint: nobody, version: 1, created, bytes: 1_000, documents: 0 };
    FhirAnswer { content, bsn: None }
}

/// Answers a code every time with the token that it led to the first time.
#[derive(Debug, Default)]
struct HonoursAgain {
    tokens: Vec<(Opaque, TokenGrant)>,
}

impl Scheme for HonoursAgain {
    fn hear(&mut self, envelope: &mut Envelope, _: Now, out: &mut Outbox) -> Hearing {
        if let Some(offer) = offered(envelope)
            && let Some((_, grant)) = self.tokens.iter().find(|(code, _)| *code == offer.code)
        {
            out.reply(envelope.exchange, Response::Token(*grant), Work::IssueToken);
            return Hearing::Withheld;
        }
        Hearing::Pass
    }

    fn say(&mut self, action: Action, around: &mut Around<'_>) {
        if let Action::Reply(_, Response::Token(grant), _) = &action
            && let Some(offer) = around.cause.and_then(offered)
        {
            remember(&mut self.tokens, (offer.code, *grant));
        }
        around.want(action);
    }
}

/// Answers codes that it never issued, too.
#[derive(Debug)]
struct HonoursEverything;

impl Scheme for HonoursEverything {
    fn say(&mut self, mut action: Action, around: &mut Around<'_>) {
        if let Action::Reply(_, response, why @ Some(rule::CODE_KNOWN)) = &mut action {
            let token = Opaque::uuid_v4(around.out.draw());
            let scope = Scope::single(ZorgaanbiederId(0), Gegevensdienst(0));
            let token_type = TokenType::Bearer;
            let grant =
                TokenGrant { token, scope, expires_in: 900, token_type, refresh_token: None };
            (*response, *why) = (Response::Token(grant), None);
        }
        around.want(action);
    }
}

/// Takes whoever offers a code for the client that it was issued to.
#[derive(Debug, Default)]
struct HonoursEverybody {
    /// Redirect URIs that clients named.
    redirects: Vec<Uri>,
    codes: Vec<(Opaque, Uri)>,
}

impl Scheme for HonoursEverybody {
    fn hear(&mut self, envelope: &mut Envelope, _: Now, _: &mut Outbox) -> Hearing {
        match &mut envelope.message {
            Message::Request(Request::Browse(Browse::Authorize(request)))
                if !self.redirects.contains(&request.redirect) =>
            {
                remember(&mut self.redirects, request.redirect);
            }
            Message::Request(Request::OfferCode(offer)) => {
                if let Some((_, redirect)) = self.codes.iter().find(|(code, _)| *code == offer.code)
                {
                    offer.redirect = *redirect;
                    offer.client = redirect.host;
                    envelope.from = Peer::Node(redirect.host);
                }
            }
            _ => {}
        }
        Hearing::Pass
    }

    fn say(&mut self, action: Action, around: &mut Around<'_>) {
        if let Action::Reply(
            _,
            Response::Redirect { to, request: Browse::Callback { code, .. }, .. },
            _,
        ) = &action
            && let Some(redirect) = self.redirects.iter().rev().find(|uri| uri.host == *to)
        {
            remember(&mut self.codes, (*code, *redirect));
        }
        around.want(action);
    }
}

/// Values that are no UUIDs of version 4: the version is another one, on the way out and on the way back.
#[derive(Debug)]
struct NoUuids;

impl NoUuids {
    fn change(value: &mut Opaque) {
        const VERSION_4_TO_1: u128 = 5 << 76;
        *value = Opaque(value.0 ^ VERSION_4_TO_1);
    }
}

impl Scheme for NoUuids {
    fn hear(&mut self, envelope: &mut Envelope, _: Now, _: &mut Outbox) -> Hearing {
        match &mut envelope.message {
            Message::Request(Request::OfferCode(offer)) => Self::change(&mut offer.code),
            Message::Request(Request::Fetch(fetch)) => Self::change(&mut fetch.token),
            _ => {}
        }
        Hearing::Pass
    }

    fn say(&mut self, mut action: Action, around: &mut Around<'_>) {
        match &mut action {
            Action::Reply(
                _,
                Response::Redirect { request: Browse::Callback { code, .. }, .. },
                _,
            ) => Self::change(code),
            Action::Reply(_, Response::Token(grant), _) => Self::change(&mut grant.token),
            _ => {}
        }
        around.want(action);
    }
}

/// Serves what is asked for, whatever the token is for.
#[derive(Debug, Default)]
struct ServesEverything {
    tokens: Vec<(Opaque, Scope)>,
}

impl Scheme for ServesEverything {
    fn hear(&mut self, envelope: &mut Envelope, _: Now, _: &mut Outbox) -> Hearing {
        if let Message::Request(Request::Fetch(fetch)) = &mut envelope.message
            && let Some((_, scope)) = self.tokens.iter().find(|(token, _)| *token == fetch.token)
            && let Some(dienst) = scope.services().next()
        {
            fetch.zorgaanbieder = scope.zorgaanbieder;
            fetch.dienst = dienst;
        }
        Hearing::Pass
    }

    fn say(&mut self, action: Action, around: &mut Around<'_>) {
        if let Action::Reply(_, Response::Token(grant), _) = &action {
            remember(&mut self.tokens, (grant.token, grant.scope));
        }
        around.want(action);
    }
}

/// Sends an invalid request back by a redirect.
#[derive(Debug)]
struct Redirects;

impl Scheme for Redirects {
    fn say(&mut self, mut action: Action, around: &mut Around<'_>) {
        if let Action::Reply(_, response, _) = &mut action
            && let Response::Page { page: Page::RequestInvalid(_), .. } = response
            && let Some(Envelope {
                message: Message::Request(Request::Browse(Browse::Authorize(request))),
                ..
            }) = around.cause
        {
            let back = Browse::CallbackError {
                error: OAuthError::InvalidRequest,
                description: Description::None,
                state: request.state.unwrap_or(Opaque(0)),
            };
            let to = request.redirect.host;
            *response = Response::Redirect { to, request: back, set_cookie: None };
        }
        around.want(action);
    }
}

/// Asks for consent first, and sends the person to DigiD after that.
#[derive(Debug, Default)]
struct AsksFirst {
    /// Redirects to DigiD that wait, by the value of the form that was shown instead.
    waiting: Vec<(Opaque, Response)>,
}

impl Scheme for AsksFirst {
    fn hear(&mut self, envelope: &mut Envelope, _: Now, out: &mut Outbox) -> Hearing {
        if let Message::Request(Request::Browse(Browse::AnswerConsent { csrf, .. })) =
            envelope.message
            && let Some(place) = self.waiting.iter().position(|(form, _)| *form == csrf)
        {
            let (_, redirect) = self.waiting.swap_remove(place);
            out.reply(envelope.exchange, redirect, Work::Redirect);
            return Hearing::Withheld;
        }
        Hearing::Pass
    }

    fn say(&mut self, mut action: Action, around: &mut Around<'_>) {
        if let Action::Reply(_, response, _) = &mut action
            && let Response::Redirect { request: Browse::Authenticate(_), set_cookie, .. } =
                response
            && let Some(Envelope {
                message: Message::Request(Request::Browse(Browse::Authorize(request))),
                ..
            }) = around.cause
            && let Some(dienst) = request.scope.only()
        {
            let csrf = Opaque(around.out.draw());
            let set_cookie = *set_cookie;
            let page = Page::ConsentQuestion {
                csrf,
                zorgaanbieder: request.scope.zorgaanbieder,
                dienst,
                client: request.client,
            };
            let question = Response::Page { page, set_cookie };
            remember(&mut self.waiting, (csrf, std::mem::replace(response, question)));
        }
        around.want(action);
    }
}

/// Does not ask the systems behind, and goes on as if there were something.
#[derive(Debug)]
struct Presumes;

impl Scheme for Presumes {
    fn say(&mut self, action: Action, around: &mut Around<'_>) {
        match (&action, around.cause) {
            (Action::Ask(exchange, ask), Some(cause))
                if matches!(ask.request, Request::CheckAvailability(_)) =>
            {
                let exchange = *exchange;
                let message = Message::Response(Response::Availability(Availability::Available));
                let answer = Envelope { exchange, message, ..cause.clone() };
                around.out.exchanges().release(exchange);
                around.whisper(&answer);
            }
            _ => around.want(action),
        }
    }
}

/// Answers the consent question itself, as soon as it would be shown.
#[derive(Debug, Default)]
struct Consents {
    /// Browsers whose artifacts came.
    browsers: Vec<Envelope>,
}

impl Scheme for Consents {
    fn hear(&mut self, envelope: &mut Envelope, _: Now, _: &mut Outbox) -> Hearing {
        if let Message::Request(Request::Browse(Browse::ReturnArtifact { .. })) = envelope.message {
            remember(&mut self.browsers, envelope.clone());
        }
        Hearing::Pass
    }

    fn say(&mut self, action: Action, around: &mut Around<'_>) {
        if let Action::Reply(exchange, Response::Page { page, .. }, _) = &action
            && let Page::ConsentQuestion { csrf, .. } = page
            && let Some(browser) = self.browsers.iter().find(|known| known.exchange == *exchange)
        {
            let answer = Browse::AnswerConsent { answer: ConsentAnswer::Given, csrf: *csrf };
            let message = Message::Request(Request::Browse(answer));
            around.whisper(&Envelope { message, ..browser.clone() });
            return;
        }
        around.want(action);
    }
}

/// Puts the BSN that it fetched data for into the answer.
#[derive(Debug, Default)]
struct NamesThePerson {
    /// Of whom, for which request of a PGO.
    subjects: Vec<(ExchangeId, Bsn)>,
}

impl Scheme for NamesThePerson {
    fn say(&mut self, mut action: Action, around: &mut Around<'_>) {
        match &mut action {
            Action::Ask(
                _,
                Ask {
                    parent: Some(parent), request: Request::FetchDossier { subject, .. }, ..
                },
            ) => remember(&mut self.subjects, (*parent, subject.bsn)),
            Action::Reply(exchange, Response::Fhir(answer), _) => {
                let of = self.subjects.iter().rev().find(|(known, _)| known == exchange);
                answer.bsn = of.map(|(_, bsn)| *bsn);
            }
            _ => {}
        }
        around.want(action);
    }
}
