//! Codes and access tokens per authorization server: how many were issued, how many were live at once,
//! how often two were equal, and what came of that.
//!
//! What was issued is evidence: the redirect with a code, the answer with a token. A collision that was
//! detected leaves no evidence, so collisions are what gateways note. A cross-person read is evidence: the
//! fingerprint of the data is not one of the person whose flow it is. Counts are of the whole run, because
//! a breach before the window is a breach too. Does not keep values: that two issued ones are equal is for
//! the checkers to see.

use std::collections::VecDeque;

use protocol::{
    bsn::fingerprint,
    catalogue::Gegevensdienst,
    id::{HostId, PersonId, ZorgaanbiederId},
    message::{Browse, Content, Response},
    time::{Duration, Instant},
    trace::{Note, Secret},
};

use super::network::Network;

/// All authorization servers.
#[derive(Clone, Debug)]
pub struct Tokens {
    servers: Vec<Server>,
}

#[derive(Clone, Debug, Default)]
struct Server {
    codes: Space,
    tokens: Space,
    live_max: u64,
    detected: u64,
    first_detected: Option<Instant>,
    undetected: u64,
    cross_person_reads: u64,
}

/// Values of one kind at one server.
#[derive(Clone, Debug, Default)]
struct Space {
    issued: u64,
    live: u64,
    /// Sum over the values issued of how many others were live: the number of pairs that could be equal.
    pairs: u64,
    /// How many were issued per second of those whose values still live. Bounded by the lifetime.
    recent: VecDeque<(u64, u32)>,
}

/// One row of tokens.csv.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokensRow {
    /// The ZA gateway.
    pub authorization_server: HostId,
    /// Codes issued.
    pub codes: u64,
    /// Access tokens issued.
    pub tokens: u64,
    /// Most codes and tokens live at once, spent or not; to the second.
    pub live_max: u64,
    /// Collisions that the gateway detected; another value was made.
    pub detected: u64,
    /// When it detected the first one.
    pub first_detected: Option<Instant>,
    /// Collisions that it did not.
    pub undetected: u64,
    /// Answers with the data of another person than the one whose PGO asked.
    pub cross_person_reads: u64,
    /// Pairs of live codes, and of live tokens, that could have been equal. Divided by the number of
    /// possible values this is the expected number of collisions.
    pub pairs: u64,
}

impl TokensRow {
    /// Codes and tokens issued.
    pub const fn issued(&self) -> u64 {
        self.codes + self.tokens
    }

    /// Collisions to expect: for each value issued, the number live divided by the number of possible values.
    /// That is for values that are drawn one by one; generators that are clones of each other give more.
    pub fn expected_collisions(&self, entropy_bits: u8) -> f64 {
        self.pairs as f64 / f64::from(entropy_bits).exp2()
    }

    /// Collisions, detected or not.
    pub const fn collisions(&self) -> u64 {
        self.detected + self.undetected
    }
}

/// What a flow says about whose data it may get.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Whose PGO asks.
    pub person: PersonId,
    /// At whom.
    pub zorgaanbieder: ZorgaanbiederId,
    /// What.
    pub dienst: Gegevensdienst,
    /// Which query of the service.
    pub call: u8,
}

impl Tokens {
    /// Nothing issued yet.
    pub fn new(network: &Network) -> Self {
        Self { servers: vec![Server::default(); network.zas().len()] }
    }

    /// A response leaves a host; `lifetime` is how long codes and tokens live.
    pub fn answered(
        &mut self,
        from: HostId,
        response: &Response,
        asked: Option<Asked>,
        lifetime: Duration,
        now: Instant,
        network: &Network,
    ) {
        let Some(server) = self.server(from, network) else { return };
        match response {
            Response::Redirect { request: Browse::Callback { .. }, .. } => {
                server.issue(Secret::Code, now, lifetime);
            }
            Response::Token(_) => server.issue(Secret::Token, now, lifetime),
            Response::Fhir(answer) => {
                let other = asked.is_some_and(|asked| asked.is_of_another(&answer.content));
                server.cross_person_reads += u64::from(other);
            }
            _ => {}
        }
    }

    /// A gateway noted something.
    pub fn noted(&mut self, host: HostId, note: &Note, now: Instant, network: &Network) {
        let Some(server) = self.server(host, network) else { return };
        match note {
            Note::CollisionDetected(_) => {
                server.detected += 1;
                server.first_detected = server.first_detected.or(Some(now));
            }
            Note::CollisionUndetected(_) => server.undetected += 1,
            _ => {}
        }
    }

    /// The rows of tokens.csv.
    pub fn rows(&self, network: &Network) -> Vec<TokensRow> {
        let row = |(server, za): (&Server, &HostId)| TokensRow {
            authorization_server: *za,
            codes: server.codes.issued,
            tokens: server.tokens.issued,
            live_max: server.live_max,
            detected: server.detected,
            first_detected: server.first_detected,
            undetected: server.undetected,
            cross_person_reads: server.cross_person_reads,
            pairs: server.codes.pairs + server.tokens.pairs,
        };
        self.servers.iter().zip(network.zas()).map(row).collect()
    }

    fn server(&mut self, host: HostId, network: &Network) -> Option<&mut Server> {
        self.servers.get_mut(network.za(host)?)
    }
}

impl Server {
    fn issue(&mut self, secret: Secret, now: Instant, lifetime: Duration) {
        self.codes.forget_dead(now, lifetime);
        self.tokens.forget_dead(now, lifetime);
        match secret {
            Secret::Code => self.codes.issue(now),
            Secret::Token => self.tokens.issue(now),
        }
        self.live_max = self.live_max.max(self.codes.live + self.tokens.live);
    }
}

impl Asked {
    fn is_of_another(&self, content: &Content) -> bool {
        let own =
            fingerprint(self.person, self.zorgaanbieder, self.dienst, self.call, content.version);
        own != content.fingerprint
    }
}

impl Space {
    fn forget_dead(&mut self, now: Instant, lifetime: Duration) {
        let (second, lifetime) = (now.as_nanos() / SECOND, lifetime.as_nanos() / SECOND);
        while let Some((issued, count)) = self.recent.front().copied() {
            if issued.saturating_add(lifetime) > second {
                break;
            }
            self.live -= u64::from(count);
            self.recent.pop_front();
        }
    }

    fn issue(&mut self, now: Instant) {
        self.issued += 1;
        self.pairs += self.live;
        self.live += 1;
        let second = now.as_nanos() / SECOND;
        match self.recent.back_mut() {
            Some((issued, count)) if *issued == second => *count += 1,
            _ => self.recent.push_back((second, 1)),
        }
    }
}

const SECOND: u64 = Duration::from_secs(1).as_nanos();

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_value_is_live_for_its_lifetime_and_no_longer() {
        let mut server = Server::default();
        let lifetime = Duration::from_secs(900);
        server.issue(Secret::Code, at(0), lifetime);
        server.issue(Secret::Token, at(10), lifetime);
        server.issue(Secret::Code, at(899), lifetime);
        assert_eq!((server.codes.live, server.codes.pairs, server.live_max), (2, 1, 3));
        server.issue(Secret::Code, at(900), lifetime);
        assert_eq!((server.codes.live, server.codes.pairs), (2, 2), "the first code is dead");
        assert_eq!(server.live_max, 3);
        server.issue(Secret::Code, at(5_000), lifetime);
        assert_eq!((server.codes.live, server.tokens.live), (1, 0));
        assert_eq!((server.codes.issued, server.codes.pairs), (4, 2));
        assert_eq!(server.codes.recent.len(), 1);
    }
}
