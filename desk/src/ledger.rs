//! What a twin tells of the gateway that somebody else plays: what it asks of nodes of the network, in values and in bytes.
//!
//! People's browsers, which are ours, are kept by [`crate::line`]. Judges nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{
    id::{ExchangeId, HostId, NameId},
    message::{Message, Request},
    time::Instant,
    trace::{Event, Sink, Stamp},
    world::network::Door,
};
use twin::{
    network::Network,
    world::{Passage, Whole, Witness},
};

use crate::evidence::{Exchange, Outcome, meaning, raw_answer, raw_request};

/// How many requests may be between their arrival and the passing of their bytes.
const BETWEEN: usize = 256;

/// How many requests are kept that nobody understood.
const STRANGE: usize = 10_000;

/// Listens to a twin. Every copy is of the same book.
#[derive(Clone)]
pub struct Ledger(Arc<Mutex<Book>>);

/// What was heard.
pub struct Book {
    /// Names that only nodes ask.
    back: Vec<NameId>,
    names: Vec<String>,
    arrived: Vec<(ExchangeId, HostId, Request)>,
    heard: Vec<Heard>,
    strange: Vec<Exchange>,
}

/// Something that the gateway asked.
#[derive(Clone, Debug)]
pub struct Heard {
    /// When.
    pub at: Instant,
    /// Which host was asked.
    pub host: HostId,
    /// What.
    pub request: Request,
    id: ExchangeId,
    /// As it went.
    pub exchange: Exchange,
}

impl Ledger {
    /// Has heard nothing yet of what happens in a network.
    pub fn of(network: &Network) -> Self {
        let is_back = |door: Door| !matches!(door, Door::Front);
        let back = network.names().filter(|(_, entrance)| is_back(entrance.door));
        let back = back.map(|(name, _)| name).collect();
        let names = (0..network.told.names.len() as u32)
            .map(|name| network.texts.host_text(NameId(name)).to_owned())
            .collect();
        let (arrived, heard, strange) = (Vec::new(), Vec::new(), Vec::new());
        Self(Arc::new(Mutex::new(Book { back, names, arrived, heard, strange })))
    }

    /// Reads what was heard so far.
    pub fn look<T>(&self, look: impl FnOnce(&Book) -> T) -> T {
        look(&self.book())
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// How much was heard.
    pub fn count(&self) -> usize {
        self.heard.len()
    }

    /// What was heard from that one on.
    pub fn since(&self, first: usize) -> &[Heard] {
        self.heard.get(first..).unwrap_or_default()
    }

    /// Requests in which no host of the network saw a message that it knows.
    pub fn strange(&self) -> &[Exchange] {
        &self.strange
    }

    fn exchange(&self, stamp: Stamp, name: NameId, request: &http::Request<Vec<u8>>) -> Exchange {
        let (method, uri, headers) = (request.method(), request.uri(), request.headers());
        Exchange {
            at_s: stamp.at.as_secs_f64(),
            asker: "the gateway".to_owned(),
            asked: self.names.get(name.index()).cloned().unwrap_or_default(),
            request: raw_request(method, uri, headers, request.body()),
            meaning: meaning(uri, headers, request.body()),
            outcome: Outcome::Failure("no answer".to_owned()),
        }
    }

    fn passed(&mut self, stamp: Stamp, passage: Passage<'_>) {
        let Passage { exchange, name, whole } = passage;
        if !self.back.contains(&name) {
            return;
        }
        match (whole, exchange) {
            (Whole::Request(request), Some(id)) => {
                let place = self.arrived.iter().position(|(exchange, ..)| *exchange == id);
                let Some((_, host, asked)) = place.map(|place| self.arrived.swap_remove(place))
                else {
                    return;
                };
                let exchange = self.exchange(stamp, name, request);
                self.heard.push(Heard { at: stamp.at, host, request: asked, id, exchange });
            }
            (Whole::Response(response), Some(id)) => {
                let heard = self.heard.iter_mut().rev().find(|heard| heard.id == id);
                if let Some(heard) = heard {
                    heard.exchange.outcome = outcome(response);
                }
            }
            (Whole::Request(request), None) => {
                let exchange = self.exchange(stamp, name, request);
                if self.strange.len() < STRANGE {
                    self.strange.push(exchange);
                }
            }
            // The answer follows on the request.
            (Whole::Response(response), None) => {
                if let Some(exchange) = self.strange.last_mut() {
                    exchange.outcome = outcome(response);
                }
            }
        }
    }
}

fn outcome(response: &http::Response<Vec<u8>>) -> Outcome {
    Outcome::Answer {
        status: response.status().as_u16(),
        raw: raw_answer(response.status(), response.headers(), response.body()),
    }
}

impl Sink for Ledger {
    fn event(&mut self, _: Stamp, event: Event<'_>) {
        if let Event::Arrived { host, envelope, .. } = &event
            && let Message::Request(request) = &envelope.message
        {
            let mut book = self.book();
            if book.arrived.len() == BETWEEN {
                book.arrived.remove(0);
            }
            book.arrived.push((envelope.exchange, *host, *request));
        }
    }
}

impl Witness for Ledger {
    fn passed(&mut self, stamp: Stamp, passage: Passage<'_>) {
        self.book().passed(stamp, passage);
    }
}
