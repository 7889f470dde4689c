//! What happened, on record: for tests to look up, and as text for people to read.

use protocol::{
    contract::Failure,
    id::{ExchangeId, HostId},
    message::{Browse, Envelope, Kind, Message, Page, Request, Response, Side},
    rule::Rule,
    trace::Note,
};

/// One thing that happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Record {
    /// A message left its sender. Nobody is an operator, or a stranger.
    Said {
        /// Who.
        from: Option<HostId>,
        /// To whom.
        to: Option<HostId>,
        /// What.
        envelope: Envelope,
        /// For a refusal, its rule.
        refusal: Option<Rule>,
    },
    /// One end of a new connection gave its verdict on the other.
    Verdict {
        /// Who.
        host: HostId,
        /// Which end.
        side: Side,
        /// Whether it admits the other.
        admitted: bool,
        /// The rule by which it does not.
        refusal: Option<Rule>,
    },
    /// An exchange ended without a response.
    Failed {
        /// Who asked.
        host: HostId,
        /// What.
        kind: Kind,
        /// How it ended.
        failure: Failure,
    },
    /// An actor noted something.
    Noted {
        /// Who.
        host: HostId,
        /// What.
        note: Note,
    },
    /// An attempt of a visitor is over.
    Ended {
        /// Who.
        host: HostId,
        /// Whether an answer was still awaited.
        waiting: bool,
    },
}

/// Everything that happened, in order.
#[derive(Clone, Debug, Default)]
pub struct Records(Vec<Record>);

impl Records {
    pub(super) fn push(&mut self, record: Record) {
        self.0.push(record);
    }

    /// Everything.
    pub fn all(&self) -> &[Record] {
        &self.0
    }

    /// Forgets what happened so far.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The rules that a host named when it refused, in messages and at its door.
    pub fn refusals(&self, by: HostId) -> Vec<Rule> {
        let refusal = |record: &Record| match record {
            Record::Said { from, refusal, .. } if *from == Some(by) => *refusal,
            Record::Verdict { host, refusal, .. } if *host == by => *refusal,
            _ => None,
        };
        self.0.iter().filter_map(refusal).collect()
    }

    /// What a host noted.
    pub fn notes(&self, of: HostId) -> impl Iterator<Item = Note> {
        self.0.iter().filter_map(move |record| match record {
            Record::Noted { host, note } if *host == of => Some(*note),
            _ => None,
        })
    }

    /// Every message that left a host.
    pub fn said(&self, by: HostId) -> impl Iterator<Item = &Envelope> {
        self.0.iter().filter_map(move |record| match record {
            Record::Said { from, envelope, .. } if *from == Some(by) => Some(envelope),
            _ => None,
        })
    }

    /// Every request of a host.
    pub fn requests(&self, by: HostId) -> impl Iterator<Item = &Request> {
        self.said(by).filter_map(|envelope| match &envelope.message {
            Message::Request(request) => Some(request),
            Message::Response(_) => None,
        })
    }

    /// Every page that was sent to a host.
    pub fn pages(&self, to: HostId) -> Vec<Page> {
        let page = |record: &Record| match record {
            Record::Said {
                to: receiver,
                envelope: Envelope { message: Message::Response(Response::Page { page, .. }), .. },
                ..
            } if *receiver == Some(to) => Some(*page),
            _ => None,
        };
        self.0.iter().filter_map(page).collect()
    }

    /// The answer to an exchange; for a refusal, with its rule.
    pub fn answer(&self, to: ExchangeId) -> Option<(&Response, Option<Rule>)> {
        self.0.iter().rev().find_map(|record| match record {
            Record::Said {
                envelope: Envelope { exchange, message: Message::Response(response), .. },
                refusal,
                ..
            } if *exchange == to => Some((response, *refusal)),
            _ => None,
        })
    }

    /// Everything as text, a line each, with hosts called by these names.
    pub fn transcript(&self, name: impl Fn(HostId) -> String) -> String {
        let of = |host: &Option<HostId>| host.map_or("nobody".to_owned(), &name);
        let mut text = String::new();
        for record in &self.0 {
            let line = match record {
                Record::Said { from, to, envelope, refusal } => {
                    let why = refusal.map_or(String::new(), |rule| format!(" ({rule})"));
                    format!("{} -> {}: {}{why}", of(from), of(to), said(&envelope.message))
                }
                Record::Verdict { host, admitted: true, .. } => format!("{} admits", name(*host)),
                Record::Verdict { host, refusal, .. } => {
                    let why = refusal.map_or(String::new(), |rule| format!(" ({rule})"));
                    format!("{} closes the connection{why}", name(*host))
                }
                Record::Failed { host, kind, failure } => {
                    format!("{} has no answer to {kind:?}: {failure:?}", name(*host))
                }
                Record::Noted { host, note: Note::Stored(stored) } => {
                    format!(
                        "{} notes: Stored call {} of {:?}",
                        name(*host),
                        stored.call,
                        stored.dienst
                    )
                }
                Record::Noted { host, note } => format!("{} notes: {note:?}", name(*host)),
                Record::Ended { host, .. } => format!("{} is done", name(*host)),
            };
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

/// A message in a few words, without values that differ from run to run.
pub fn said(message: &Message) -> String {
    match message {
        Message::Request(Request::Browse(browse)) => browsed(browse),
        Message::Request(Request::GetList(kind)) => format!("GetList {}", kind.name()),
        Message::Request(Request::Fetch(fetch)) => {
            format!("Fetch call {} document {}", fetch.call, fetch.document)
        }
        Message::Request(Request::FetchDossier { call, document, .. }) => {
            format!("FetchDossier call {call} document {document}")
        }
        Message::Request(request) => format!("{:?}", request.kind()),
        Message::Response(Response::Page { page, .. }) => match page {
            Page::Offer { .. } => "page Offer".to_owned(),
            Page::Login { again, .. } => format!("page Login again={again}"),
            Page::ConsentQuestion { dienst, .. } => format!("page ConsentQuestion on {dienst:?}"),
            page => format!("page {page:?}"),
        },
        Message::Response(Response::Redirect { request, .. }) => {
            format!("redirect to {}", browsed(request))
        }
        Message::Response(Response::TokenError(error)) => format!("TokenError {error:?}"),
        Message::Response(Response::OperationOutcome(issue)) => {
            format!("OperationOutcome {issue:?}")
        }
        Message::Response(Response::ArtifactResponse(assertion)) => {
            format!("ArtifactResponse {:?}", assertion.status)
        }
        Message::Response(Response::Availability(found)) => format!("Availability {found:?}"),
        Message::Response(Response::Ocsp(answer)) => format!("Ocsp {:?}", answer.status),
        Message::Response(response) => format!("{:?}", response.kind()),
    }
}

fn browsed(browse: &Browse) -> String {
    match browse {
        Browse::CallbackError { error, description, .. } => {
            format!("CallbackError {error:?} {description:?}")
        }
        Browse::AnswerConsent { answer, .. } => format!("AnswerConsent {answer:?}"),
        Browse::LogIn { secret, .. } => format!("LogIn {secret:?}"),
        browse => format!("{:?}", browse.kind()),
    }
}
