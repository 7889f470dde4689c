//! Somebody who leads people of a scenario over pages that no host of this network wrote: those of a gateway that somebody
//! else plays.
//!
//! People are actors, who know what they mean to do and nothing of pages. A guide has their browser ask for what is on
//! the way, however many pages that are, and tells where they came. Redirects to other hosts are not the guide's.

use std::{
    pin::Pin,
    sync::{Arc, PoisonError},
};

use http::StatusCode;
use protocol::{
    contract::Failure,
    id::{HostId, NameId},
    message::{Browse, ConsentAnswer, Page, Request, Response},
    trace::FlowFacts,
};
use wire::places::Places as _;

use crate::{
    network::Entrance,
    world::{Witness, World, secret},
};

/// What comes of something, later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// Who makes requests at the gateway for a person's browser.
pub trait Fetch: Send + Sync {
    /// Makes one.
    fn fetch(&self, request: http::Request<Vec<u8>>) -> Later<'_, http::Response<Vec<u8>>>;
}

/// What somebody does at a gateway.
#[derive(Clone, Debug)]
pub enum Step {
    /// Comes there with a request: from the PGO, or from DigiD.
    Come(Box<http::Request<Vec<u8>>>),
    /// Answers the consent question that was shown last.
    Answer(ConsentAnswer),
}

/// Where somebody came.
#[derive(Clone, Debug)]
pub enum Came {
    /// To a request at another host, whole address included, which is not made yet.
    On(Box<http::Request<Vec<u8>>>),
    /// To the consent question.
    Question,
    /// To a page that leads nowhere.
    Nowhere(StatusCode),
}

/// Who leads people.
pub trait Guide: Send + Sync {
    /// Leads a visitor's browser from there to where there is something to decide, or to another host than that.
    fn lead<'a>(
        &'a self,
        who: HostId,
        host: &'a str,
        step: Step,
        fetch: &'a dyn Fetch,
    ) -> Later<'a, Came>;

    /// A visitor closed the browser.
    fn forget(&self, who: HostId);
}

impl<S: Witness> World<S> {
    /// From now on this one leads people over the pages of hosts that somebody else plays.
    pub fn be_guided(&self, guide: Arc<dyn Guide>) {
        *self.guide.write().unwrap_or_else(PoisonError::into_inner) = Some(guide);
    }

    /// Whoever leads a visitor there, if anybody does.
    pub(crate) fn guide(&self, asker: HostId, entrance: Entrance) -> Option<Arc<dyn Guide>> {
        let leads = asker.is_visitor() && self.network.elsewhere.contains_key(&entrance.host);
        let guide = || self.guide.read().unwrap_or_else(PoisonError::into_inner).clone();
        leads.then(guide).flatten()
    }

    /// A visitor closed the browser.
    pub(crate) fn browser_closed(&self, who: HostId) {
        let guide = self.guide.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(guide) = &*guide {
            guide.forget(who);
        }
    }

    /// Has a visitor led, and tells where that came to in the words of the network.
    pub(crate) async fn led(
        &self,
        guide: &dyn Guide,
        who: HostId,
        (to, asked): (NameId, &Request),
        request: http::Request<Vec<u8>>,
        fetch: &dyn Fetch,
    ) -> Result<Response, Failure> {
        let host = self.texts.with(|names| names.host_text(to).to_owned());
        let step = match asked {
            Request::Browse(Browse::AnswerConsent { answer, .. }) => Step::Answer(*answer),
            _ => Step::Come(Box::new(request)),
        };
        Ok(match guide.lead(who, &host, step, fetch).await? {
            Came::On(request) => self.sent_on(&request),
            Came::Question => self.asked_for_consent(who),
            Came::Nowhere(status) if status.is_server_error() => Response::Unavailable,
            Came::Nowhere(_) => Response::BadRequest,
        })
    }

    fn sent_on(&self, request: &http::Request<Vec<u8>>) -> Response {
        let to = self.texts.host(request.uri().host().unwrap_or_default());
        match self.wording.understand_request(to, request) {
            Ok((Request::Browse(request), _)) => {
                Response::Redirect { to, request, set_cookie: None }
            }
            Ok(_) | Err(_) => Response::BadRequest,
        }
    }

    /// What the question says is not looked at here: it counts as one about what the visitor wishes.
    fn asked_for_consent(&self, who: HostId) -> Response {
        let facts = self.core().visitors.get(&who).map(|visitor| visitor.facts);
        let Some(FlowFacts { pgo, zorgaanbieder, dienst, .. }) = facts else {
            return Response::BadRequest;
        };
        let csrf = protocol::id::Opaque::uuid_v4(secret());
        let client = self.network.hosts[pgo.place()].back;
        let page = Page::ConsentQuestion { csrf, zorgaanbieder, dienst, client };
        Response::Page { page, set_cookie: None }
    }
}
