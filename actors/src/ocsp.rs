//! The OCSP responder of a certificate authority (RFC 6960): says whether a certificate was revoked.
//!
//! Does not judge the one who asks, and does not decide what follows from its answers: nodes do (NET 3).

use std::sync::Arc;

use protocol::{
    contract::{Actor, Input, Outbox, Work},
    id::Serial,
    message::{CertStatus, Envelope, Message, OcspAnswer, Peer, Request, Response},
    time::{Duration, Now, WallTime},
    trace::Note,
};

use crate::durable::Durable;

/// How a certificate authority answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OcspConfig {
    /// How long an answer may be used.
    pub answer_valid: Duration,
    /// Certificates with a serial number from here on were never issued.
    pub issued: u32,
}

/// An OCSP responder.
#[derive(Clone, Debug)]
pub struct Ocsp {
    config: Arc<OcspConfig>,
    durable: Durable,
}

impl Ocsp {
    /// A responder that knows of these revocations.
    pub const fn rebuild(config: Arc<OcspConfig>, durable: Durable) -> Self {
        Self { config, durable }
    }

    fn status(&self, serial: Serial) -> CertStatus {
        if serial.0 >= self.config.issued {
            CertStatus::Unknown
        } else if self.durable.revoked.contains(&serial) {
            CertStatus::Revoked
        } else {
            CertStatus::Good
        }
    }

    fn answer(&self, serial: Serial, wall: WallTime) -> OcspAnswer {
        OcspAnswer {
            serial,
            status: self.status(serial),
            // Times of answers have whole seconds (RFC 6960 §4.2.2.1, GeneralizedTime of RFC 5280).
            this_update: wall.whole_second(),
            next_update: (wall + self.config.answer_valid).whole_second(),
            signed: true,
        }
    }
}

impl Actor for Ocsp {
    type Durable = Durable;

    fn durable(&self) -> &Durable {
        &self.durable
    }

    fn handle(&mut self, input: Input<'_>, now: Now, out: &mut Outbox) {
        match input {
            Input::Start => {}
            Input::Timer(stale) => out.note(Note::StaleTimer(stale)),
            Input::Failed(_, failure) => out.note(Note::PeerLost(failure)),
            Input::Deliver(Envelope { from, exchange, message, .. }) => match message {
                Message::Request(Request::OcspQuery(serial)) => {
                    let answer = self.answer(*serial, now.wall);
                    out.reply(*exchange, Response::Ocsp(answer), Work::SignOcsp);
                }
                Message::Request(Request::Revoke(serial)) if *from == Peer::Operator => {
                    self.durable.revoked.insert(*serial);
                    out.reply(*exchange, Response::Done, Work::Query);
                }
                Message::Request(request) => {
                    out.note(Note::Unexpected(request.kind()));
                    out.reply(*exchange, Response::BadRequest, Work::Query);
                }
                Message::Response(response) => out.note(Note::Unexpected(response.kind())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_good_revoked_or_unknown_for_as_long_as_it_may_be_used() {
        let config = OcspConfig { answer_valid: Duration::from_secs(3_600), issued: 10 };
        let mut durable = Durable::NOTHING;
        durable.revoked.insert(Serial(3));
        let ocsp = Ocsp::rebuild(Arc::new(config), durable);
        let second = WallTime::from_nanos(7_000_000_000);
        let wall = WallTime::from_nanos(7_900_000_000);
        for (serial, status) in
            [(2, CertStatus::Good), (3, CertStatus::Revoked), (10, CertStatus::Unknown)]
        {
            let answer = ocsp.answer(Serial(serial), wall);
            assert_eq!((answer.serial, answer.status), (Serial(serial), status));
            assert_eq!({ answer.this_update }, second);
            assert_eq!({ answer.next_update }, second + config.answer_valid);
        }
    }
}
