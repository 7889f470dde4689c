//! The opening of a connection, as the actor at one of its ends judges it: certificate, name and OCSP
//! (NET 2, NET 3). Fails closed.
//!
//! Does not open connections (drivers do) and does not look at the Whitelist (`node.rs` does, NET 5). One
//! query per certificate is under way at a time: every opening that needs it waits for it.

use protocol::{
    contract::{Ask, Failure, Outbox, TimerId, Work},
    id::{ExchangeId, NameId, Serial},
    message::{CertStatus, Hello, OcspAnswer, Request, Response, Side},
    release::Release,
    rule::{self, Rule},
    time::{Duration, Now, WallTime},
    trace::Note,
};

/// How a node deals with OCSP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OcspPolicy {
    /// The responder.
    pub responder: NameId,
    /// Whether answers are used again while they are fresh.
    pub cache: OcspCache,
    /// Whether this node presents an answer on its own certificate.
    pub stapling: Stapling,
}

/// Whether OCSP answers are used again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OcspCache {
    /// Every opening asks.
    None,
    /// An answer serves every opening of this node until its time is over.
    Node,
}

/// Whether a node presents an OCSP answer on its own certificate (RFC 6066 §8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stapling {
    /// No.
    Off,
    /// Yes, on this one.
    Own(Serial),
}

/// How long after a failed query for its own certificate a node asks again.
const STAPLE_RETRY: Duration = Duration::from_secs(60);

/// The door of one node.
#[derive(Clone, Debug)]
pub struct Gate {
    policy: OcspPolicy,
    release: Release,
    /// Fresh answers, sorted by certificate. As many as there are certificates of the trusted chain.
    answers: Vec<OcspAnswer>,
    queries: Vec<Query>,
    waiting: Vec<Waiting>,
    staple: Option<ExchangeId>,
}

#[derive(Clone, Copy, Debug)]
struct Query {
    exchange: ExchangeId,
    serial: Serial,
}

/// An opening that waits for an OCSP answer.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    hello: ExchangeId,
    shown: Hello,
}

/// How an opening stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Standing {
    /// The other end is who its certificate says it is.
    Trusted,
    /// It is not, by this rule.
    Refused(Rule),
    /// An OCSP answer must come first; the opening will be given back.
    Waits,
}

/// An opening whose OCSP answer came, or will not come.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// The opening.
    pub hello: ExchangeId,
    /// What the other end showed.
    pub shown: Hello,
    /// What came of it.
    pub verdict: Result<(), Rule>,
}

impl Gate {
    /// A door with this policy.
    pub const fn new(policy: OcspPolicy, release: Release) -> Self {
        Self {
            policy,
            release,
            answers: Vec::new(),
            queries: Vec::new(),
            waiting: Vec::new(),
            staple: None,
        }
    }

    /// The host begins.
    pub fn start(&mut self, out: &mut Outbox) {
        self.renew_staple(out);
    }

    /// For [`TimerId::RenewStaple`].
    pub fn renew_staple(&mut self, out: &mut Outbox) {
        if let Stapling::Own(serial) = self.policy.stapling
            && self.staple.is_none()
        {
            self.staple = Some(self.query(serial, None, out));
        }
    }

    /// The other end of a new connection shows this.
    pub fn judge(
        &mut self,
        exchange: ExchangeId,
        hello: &Hello,
        now: Now,
        out: &mut Outbox,
    ) -> Standing {
        let certificate = hello.certificate;
        // By name, whatever the serial number: an organisation may hold several certificates
        // (rule::SEVERAL_CERTIFICATES).
        if hello.side == Side::Asker && certificate.subject != hello.name {
            return Standing::Refused(rule::CERTIFICATE_OF_NAME);
        }
        if !certificate.trusted_chain || now.wall > certificate.not_after {
            return Standing::Refused(rule::PKIO_CERTIFICATE);
        }
        let known = [hello.staple, self.remembered(certificate.serial)];
        for answer in known.into_iter().flatten() {
            match verdict(&answer, certificate.serial, now.wall) {
                Ok(()) => return Standing::Trusted,
                // A stapled answer that does not count is as good as none: ask.
                Err(rule::OCSP_FRESH) => {}
                Err(rule) => return Standing::Refused(rule),
            }
        }
        if !self.queries.iter().any(|query| query.serial == certificate.serial) {
            let query = self.query(certificate.serial, Some(exchange), out);
            self.queries.push(Query { exchange: query, serial: certificate.serial });
        }
        self.waiting.push(Waiting { hello: exchange, shown: *hello });
        Standing::Waits
    }

    /// A response came. `false`: it is not to a query of this door. What waited for it is put into `ready`.
    pub fn on_response(
        &mut self,
        exchange: ExchangeId,
        response: &Response,
        now: Now,
        out: &mut Outbox,
        ready: &mut Vec<Answered>,
    ) -> bool {
        let answer = match response {
            Response::Ocsp(answer) => Some(*answer),
            _ => None,
        };
        if self.staple == Some(exchange) {
            self.staple = None;
            self.present(answer, now, out);
            return true;
        }
        let Some(serial) = self.end_query(exchange) else { return false };
        if let Some(answer) = answer {
            self.remember(answer, serial, now.wall);
        }
        // No answer: no session (NET 3).
        let verdict = answer
            .map_or(Err(rule::OCSP_AT_HANDSHAKE), |answer| verdict(&answer, serial, now.wall));
        self.release(serial, verdict, ready);
        true
    }

    /// An ask failed. `false`: it is not a query of this door. What waited for it is put into `ready`.
    pub fn on_failed(
        &mut self,
        exchange: ExchangeId,
        failure: Failure,
        now: Now,
        out: &mut Outbox,
        ready: &mut Vec<Answered>,
    ) -> bool {
        if self.staple == Some(exchange) {
            self.staple = None;
            self.present(None, now, out);
        } else {
            let Some(serial) = self.end_query(exchange) else { return false };
            self.release(serial, Err(rule::OCSP_AT_HANDSHAKE), ready);
        }
        out.note(Note::PeerLost(failure));
        true
    }

    fn query(&self, serial: Serial, parent: Option<ExchangeId>, out: &mut Outbox) -> ExchangeId {
        let request = Request::OcspQuery(serial);
        let ask = Ask::for_the_sake_of(parent, self.policy.responder, self.release, request);
        out.ask(ask, Work::Query)
    }

    fn end_query(&mut self, exchange: ExchangeId) -> Option<Serial> {
        let place = self.queries.iter().position(|query| query.exchange == exchange)?;
        Some(self.queries.remove(place).serial)
    }

    fn release(&mut self, serial: Serial, verdict: Result<(), Rule>, ready: &mut Vec<Answered>) {
        self.waiting.retain(|Waiting { hello, shown }| {
            let waits_on = shown.certificate.serial != serial;
            if !waits_on {
                ready.push(Answered { hello: *hello, shown: *shown, verdict });
            }
            waits_on
        });
    }

    fn remembered(&self, serial: Serial) -> Option<OcspAnswer> {
        let place = self.answers.binary_search_by_key(&serial, |answer| answer.serial).ok()?;
        Some(self.answers[place])
    }

    fn remember(&mut self, answer: OcspAnswer, serial: Serial, wall: WallTime) {
        if self.policy.cache == OcspCache::None
            || verdict(&answer, serial, wall) == Err(rule::OCSP_FRESH)
        {
            return;
        }
        match self.answers.binary_search_by_key(&serial, |answer| answer.serial) {
            Ok(place) => self.answers[place] = answer,
            Err(place) => self.answers.insert(place, answer),
        }
    }

    /// Presents an answer on the own certificate, and renews it halfway.
    fn present(&self, answer: Option<OcspAnswer>, now: Now, out: &mut Outbox) {
        let Stapling::Own(serial) = self.policy.stapling else { return };
        let pause = match answer {
            Some(answer) if verdict(&answer, serial, now.wall).is_ok() => {
                out.staple(answer);
                let left = answer.next_update.as_nanos().saturating_sub(now.wall.as_nanos());
                Duration::from_nanos(left.unsigned_abs() / 2).max(STAPLE_RETRY)
            }
            _ => STAPLE_RETRY,
        };
        out.arm(TimerId::RenewStaple, now.monotonic + pause);
    }
}

/// What an OCSP answer says of a certificate at a time: good, or the rule by which it is not.
fn verdict(answer: &OcspAnswer, serial: Serial, wall: WallTime) -> Result<(), Rule> {
    let in_time = answer.this_update <= wall && wall <= answer.next_update;
    if !answer.signed || answer.serial != serial || !in_time {
        return Err(rule::OCSP_FRESH);
    }
    match answer.status {
        CertStatus::Good => Ok(()),
        CertStatus::Revoked | CertStatus::Unknown => Err(rule::OCSP_AT_HANDSHAKE),
    }
}
