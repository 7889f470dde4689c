//! Deviations of a PGO gateway.

use protocol::{
    bsn::Bsn,
    catalogue::{CATALOGUE, Gegevensdienst},
    contract::{Action, Ask, Outbox, TimerId},
    id::{Opaque, PersonId},
    message::{
        Authorize, Browse, Envelope, Fetch, GrantType, Message, OfferCode, Page, Request, Response,
        ResponseType,
    },
    time::{Duration, Now},
    trace::Note,
    uri::{Uri, UriFlags},
};

use super::{
    Deviation,
    wrapper::{Alters, AsksAgain, Forgets, Hearing, Restores, Says, Scheme},
};

/// How many codes are made up for every real one: more than are forgiven (RFC 6819 §4.4.1.3).
const MADE_UP: usize = 12;

/// Long enough for a code to be dead, and not for one that lives a second longer.
const LATE: Duration = Duration::from_millis(900_500);

pub(super) fn scheme(deviation: Deviation) -> Option<Box<dyn Scheme>> {
    Some(match deviation {
        Deviation::CodeOfferedTwice => Box::new(AsksAgain::new(|request, _| match request {
            Request::OfferCode(_) => vec![*request],
            _ => Vec::new(),
        })),
        Deviation::CodesMadeUp => Box::new(AsksAgain::new(|request, out| match request {
            Request::OfferCode(offer) => (0..MADE_UP)
                .map(|_| {
                    let code = Opaque::uuid_v4(out.draw());
                    Request::OfferCode(OfferCode { code, ..*offer })
                })
                .collect(),
            _ => Vec::new(),
        })),
        Deviation::CodeOfferedLate => Box::new(OffersLate::default()),
        Deviation::StateNotChecked => Box::new(Restores {
            given: |response| match response {
                Response::Redirect { request: Browse::Authorize(request), .. } => request.state,
                _ => None,
            },
            brought: |browse| match browse {
                Browse::Callback { state, .. } | Browse::CallbackError { state, .. } => Some(state),
                _ => None,
            },
            known: Vec::new(),
            waiting: Vec::new(),
        }),
        Deviation::OtherClientNamed => Box::new(Says(|action| {
            if let Action::Ask(_, Ask { to, request: Request::OfferCode(offer), .. }) = action {
                // Of all names, that of the gateway itself is surely no client's.
                offer.client = *to;
            }
        })),
        Deviation::OtherGrantType => Box::new(Says(|action| {
            if let Action::Ask(_, Ask { request: Request::OfferCode(offer), .. }) = action {
                offer.grant_type = GrantType::RefreshToken;
            }
        })),
        Deviation::StateDropped => authorizes(|request| request.state = None),
        Deviation::ImplicitGrantAsked => {
            authorizes(|request| request.response_type = ResponseType::Token)
        }
        Deviation::RedirectNotHttps => authorizes(|request| {
            let Uri { host, .. } = request.redirect;
            let flags = UriFlags { https: false, ..request.redirect.flags() };
            request.redirect = Uri::new(request.redirect.place() as u32, host, flags);
        }),
        Deviation::TwoServicesAsked => authorizes(|request| {
            if let Some(dienst) = request.scope.only() {
                request.scope = request.scope.with(other(dienst));
            }
        }),
        Deviation::BsnInRequest => fetches(|fetch| fetch.bsn = Some(Bsn(PersonId(0)))),
        Deviation::TokensMadeUp => {
            fetches(|fetch| fetch.token = Opaque::uuid_v4(fetch.token.0.rotate_left(32)))
        }
        Deviation::OtherServiceFetched => fetches(|fetch| fetch.dienst = other(fetch.dienst)),
        Deviation::ProofNotLogged => Box::new(Forgets(|note| note == Note::CodeTakenAsConsent)),
        Deviation::NothingStored => Box::new(Forgets(|note| matches!(note, Note::Stored(_)))),
        Deviation::ExceptionKept => Box::new(Says(|action| {
            if let Action::Reply(_, Response::Page { page: page @ Page::Told(_), .. }, _) = action {
                *page = Page::Unreachable;
            }
        })),
        _ => return None,
    })
}

/// Another service of the catalogue.
pub(super) fn other(dienst: Gegevensdienst) -> Gegevensdienst {
    Gegevensdienst(((usize::from(dienst.0) + 1) % CATALOGUE.len()) as u8)
}

/// Alters every authorization request.
fn authorizes(alter: fn(&mut Authorize)) -> Box<dyn Scheme> {
    Box::new(Alters {
        find: |action| match action {
            Action::Reply(_, Response::Redirect { request: Browse::Authorize(found), .. }, _) => {
                Some(found)
            }
            _ => None,
        },
        alter,
    })
}

/// Alters every resource request.
fn fetches(alter: fn(&mut Fetch)) -> Box<dyn Scheme> {
    Box::new(Alters {
        find: |action| match action {
            Action::Ask(_, Ask { request: Request::Fetch(found), .. }) => Some(found),
            _ => None,
        },
        alter,
    })
}

/// Lets every code lie before it is offered.
#[derive(Debug, Default)]
struct OffersLate {
    lying: Vec<(Now, Envelope)>,
}

impl Scheme for OffersLate {
    fn hear(&mut self, envelope: &mut Envelope, now: Now, out: &mut Outbox) -> Hearing {
        if let Message::Request(Request::Browse(Browse::Callback { .. })) = envelope.message {
            if self.lying.is_empty() {
                // A timer that no PGO uses.
                out.arm(TimerId::TryAgain, now.monotonic + LATE);
            }
            self.lying.push((now, envelope.clone()));
            return Hearing::Withheld;
        }
        Hearing::Pass
    }

    fn on_timer(&mut self, timer: TimerId, now: Now, out: &mut Outbox) -> Option<Envelope> {
        if timer != TimerId::TryAgain || self.lying.is_empty() {
            return None;
        }
        let (_, envelope) = self.lying.remove(0);
        if let Some((next, _)) = self.lying.first() {
            out.arm(timer, (next.monotonic + LATE).max(now.monotonic));
        }
        Some(envelope)
    }
}
