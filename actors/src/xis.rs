//! The systems of one Zorgaanbieder, behind a ZA gateway: whether there is anything, and the data.
//!
//! A black box outside the network. What it holds is a pure function of the seed, the person and the
//! Zorgaanbieder, so that every PGO that asks for the same gets the same. Holds no health data: an answer is
//! a size, a version and a fingerprint.

use std::sync::Arc;

use protocol::{
    bsn::fingerprint,
    catalogue::Gegevensdienst,
    contract::{Actor, Input, Outbox, Work},
    distribution::Distribution,
    draw::Draws,
    id::{PersonId, ZorgaanbiederId},
    message::{Availability, Content, Envelope, Message, Request, Response, Subject},
    time::{Duration, Instant, Now, WallTime},
    trace::Note,
};

use crate::durable::Durable;

/// What the systems behind all gateways hold.
#[derive(Clone, Debug)]
pub struct Records {
    /// Share of (person, Zorgaanbieder, Gegevensdienst) for which there is nothing.
    pub no_data: f64,
    /// Share of persons who are under the age limit.
    pub under_age: f64,
    /// How many documents a list of documents names.
    pub documents: Distribution,
    /// Spread of sizes around the catalogue's mean: sigma of a log-normal factor with mean 1.
    pub size_sigma: f64,
    /// How long ago the current version of a record was made, in seconds.
    pub age: Distribution,
    /// Draws for [`protocol::draw::Purpose::Data`].
    pub draws: Draws,
}

/// What a draw is about: the `n` of a keyed draw is made of one of these, a service, a query and a document.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Question {
    NoData = 0,
    Age = 1,
    Size = 2,
    Documents = 3,
}

/// In place of a Zorgaanbieder, for what is true of a person everywhere.
const EVERYWHERE: u32 = u32::MAX;

impl Records {
    /// Whether there is anything (step 8).
    pub fn availability(&self, subject: Subject) -> Availability {
        let Subject { bsn, zorgaanbieder, dienst } = subject;
        if self.draws.unit(entity(bsn.0, ZorgaanbiederId(EVERYWHERE)), 0) < self.under_age {
            return Availability::UnderAge;
        }
        let n = number(Question::NoData, dienst, 0, 0);
        if self.draws.unit(entity(bsn.0, zorgaanbieder), n) < self.no_data {
            return Availability::Nothing;
        }
        Availability::Available
    }

    /// What the answer to one query holds. None for a query that the catalogue does not have.
    pub fn content(&self, subject: Subject, call: u8, document: u16) -> Option<Content> {
        /// Nothing is changed while a run goes on.
        const VERSION: u32 = 1;
        let Subject { bsn, zorgaanbieder, dienst } = subject;
        let calls = dienst.calls();
        let asked = calls.get(usize::from(call))?;
        let draw = |question| {
            self.draws.of(entity(bsn.0, zorgaanbieder), number(question, dienst, call, document))
        };
        let sigma = self.size_sigma;
        let factor = Distribution::Lognormal { mu: -sigma * sigma / 2.0, sigma }
            .sample(&mut draw(Question::Size));
        let lists_documents =
            calls.get(usize::from(call) + 1).is_some_and(|next| next.per_document);
        let documents = if lists_documents {
            // To the nearest whole number, which a cast then cuts off to.
            (self.documents.sample(&mut draw(Question::Documents)) + 0.5)
                .clamp(0.0, f64::from(u16::MAX))
        } else {
            0.0
        };
        let age: Duration = self.age.duration(&mut draw(Question::Age));
        Some(Content {
            fingerprint: fingerprint(bsn.0, zorgaanbieder, dienst, call, VERSION),
            version: VERSION,
            created: WallTime::exact(Instant::START) - age,
            bytes: (f64::from(asked.mean_bytes) * factor) as u32,
            documents: documents as u16,
        })
    }
}

fn entity(person: PersonId, zorgaanbieder: ZorgaanbiederId) -> u64 {
    u64::from(person.0) << 32 | u64::from(zorgaanbieder.0)
}

/// Every (question, service, query, document) has a number of its own: a service has at most 32 queries, and
/// documents beyond 16,384 repeat their sizes.
fn number(question: Question, dienst: Gegevensdienst, call: u8, document: u16) -> u32 {
    (question as u32) << 30
        | u32::from(dienst.0 & 63) << 24
        | u32::from(call & 31) << 19
        | u32::from(document & 0x3fff)
}

/// The systems of one Zorgaanbieder.
#[derive(Clone, Debug)]
pub struct Xis {
    records: Arc<Records>,
    zorgaanbieder: ZorgaanbiederId,
}

impl Xis {
    /// The systems of this Zorgaanbieder.
    pub const fn new(records: Arc<Records>, zorgaanbieder: ZorgaanbiederId) -> Self {
        Self { records, zorgaanbieder }
    }

    fn answer(&self, request: &Request) -> Option<(Response, Work)> {
        match request {
            Request::CheckAvailability(subject) if self.is_here(*subject) => {
                let availability = self.records.availability(*subject);
                Some((Response::Availability(availability), Work::CheckAvailability))
            }
            Request::FetchDossier { subject, call, document } if self.is_here(*subject) => {
                let content = self.records.content(*subject, *call, *document)?;
                Some((Response::Dossier(content), Work::FetchDossier))
            }
            _ => None,
        }
    }

    fn is_here(&self, subject: Subject) -> bool {
        subject.zorgaanbieder == self.zorgaanbieder
    }
}

impl Actor for Xis {
    type Durable = Durable;

    fn durable(&self) -> &Durable {
        const { &Durable::NOTHING }
    }

    fn handle(&mut self, input: Input<'_>, _: Now, out: &mut Outbox) {
        match input {
            Input::Start => {}
            Input::Timer(stale) => out.note(Note::StaleTimer(stale)),
            Input::Failed(_, failure) => out.note(Note::PeerLost(failure)),
            Input::Deliver(Envelope { exchange, message: Message::Request(request), .. }) => {
                match self.answer(request) {
                    Some((response, work)) => out.reply(*exchange, response, work),
                    None => {
                        out.note(Note::Unexpected(request.kind()));
                        out.reply(*exchange, Response::BadRequest, Work::Query);
                    }
                }
            }
            Input::Deliver(Envelope { message, .. }) => out.note(Note::Unexpected(message.kind())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{bsn::Bsn, draw::Purpose, rule, rule::covers};

    fn records() -> Records {
        Records {
            no_data: 0.1,
            under_age: 0.05,
            documents: Distribution::Uniform { a: 0.0, b: 6.0 },
            size_sigma: 0.8,
            age: Distribution::Exp { mean: 86_400.0 },
            draws: Draws::new(1, 0, Purpose::Data),
        }
    }

    fn subject(person: u32, zorgaanbieder: u32) -> Subject {
        Subject {
            bsn: Bsn(PersonId(person)),
            zorgaanbieder: ZorgaanbiederId(zorgaanbieder),
            dienst: Gegevensdienst(5),
        }
    }

    #[test]
    fn availability_comes_in_the_shares_that_were_asked_for() {
        let count = |wanted| {
            (0..20_000)
                .filter(|person| records().availability(subject(*person, 3)) == wanted)
                .count() as f64
                / 20_000.0
        };
        assert!((count(Availability::UnderAge) - 0.05).abs() < 0.005);
        assert!((count(Availability::Nothing) - 0.95 * 0.1).abs() < 0.007);
    }

    #[test]
    fn a_person_is_as_old_at_one_zorgaanbieder_as_at_another() {
        covers(&[rule::AGE_LIMIT]);
        for person in 0..500 {
            let is_under_age = |zorgaanbieder| {
                records().availability(subject(person, zorgaanbieder)) == Availability::UnderAge
            };
            assert_eq!(is_under_age(1), is_under_age(2));
        }
    }

    #[test]
    fn whoever_asks_for_the_same_gets_the_same() {
        let content = |person, call| records().content(subject(person, 3), call, 0).unwrap();
        assert_eq!(content(1, 0), content(1, 0));
        assert_ne!({ content(1, 0).fingerprint }, { content(2, 0).fingerprint });
        assert_ne!({ content(1, 0).fingerprint }, { content(1, 1).fingerprint });
        assert_eq!(records().content(subject(1, 3), 3, 0), None, "no such query");
    }

    #[test]
    fn sizes_have_the_mean_of_the_catalogue_and_documents_are_listed_where_they_can_be_fetched() {
        let contents: Vec<[Content; 3]> = (0..20_000)
            .map(|person| {
                [0, 1, 2].map(|call| records().content(subject(person, 3), call, 0).unwrap())
            })
            .collect();
        for call in 0..3 {
            let mean =
                contents.iter().map(|all| f64::from(all[call].bytes)).sum::<f64>() / 20_000.0;
            let said = f64::from(Gegevensdienst(5).calls()[call].mean_bytes);
            assert!((mean / said - 1.0).abs() < 0.03, "query {call}: {mean} against {said}");
        }
        assert!(contents.iter().all(|all| all[0].documents == 0 && all[2].documents == 0));
        let listed: f64 = contents.iter().map(|all| f64::from(all[1].documents)).sum();
        assert!((listed / 20_000.0 - 3.0).abs() < 0.05, "whole documents of 0 to 6");
    }
}
