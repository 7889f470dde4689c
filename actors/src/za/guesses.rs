//! Holds off whoever tries codes that were never issued (RFC 6819 §4.4.1.3, §4.4.1.12).
//!
//! Does not look up codes: it counts what the token endpoint found unknown.

use protocol::{
    id::NameId,
    rule::{self, Rule},
    time::{Duration, Instant},
};

/// How many unknown codes are too many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GuessPolicy {
    /// From one client, within the window.
    pub per_client: u32,
    /// From all clients together, within the window.
    pub in_all: u32,
    /// The window, which begins with the first unknown code. Whoever is held off is so until its end.
    pub window: Duration,
}

impl Default for GuessPolicy {
    /// Ten from one client and a hundred in all within a minute. With 122 bits to guess, a code would be
    /// found after some 10^29 years.
    fn default() -> Self {
        Self { per_client: 10, in_all: 100, window: Duration::from_secs(60) }
    }
}

/// Unknown codes that were offered lately.
#[derive(Clone, Debug)]
pub(super) struct Guesses {
    policy: GuessPolicy,
    in_all: Option<Count>,
    /// Only clients that offered an unknown code within the window.
    clients: Vec<(NameId, Count)>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    since: Instant,
    guesses: u32,
}

impl Guesses {
    pub const fn new(policy: GuessPolicy) -> Self {
        Self { policy, in_all: None, clients: Vec::new() }
    }

    /// The rule by which a client is held off now, if one does.
    pub fn hold_off(&self, client: NameId, now: Instant) -> Option<Rule> {
        let counts = |count: Count| {
            if now.since(count.since) < self.policy.window { count.guesses } else { 0 }
        };
        let of_client = self.clients.iter().find(|(name, _)| *name == client);
        if of_client.is_some_and(|(_, count)| counts(*count) > self.policy.per_client) {
            return Some(rule::CODE_NOT_GUESSED);
        }
        if self.in_all.is_some_and(|count| counts(count) > self.policy.in_all) {
            return Some(rule::MADE_UP_CODES_BOUNDED);
        }
        None
    }

    /// A client offered a code that was never issued. `true`: from now on it is held off.
    pub fn count(&mut self, client: NameId, now: Instant) -> bool {
        let window = self.policy.window;
        let one_more = |count: Option<Count>| match count {
            Some(Count { since, guesses }) if now.since(since) < window => {
                Count { since, guesses: guesses.saturating_add(1) }
            }
            _ => Count { since: now, guesses: 1 },
        };
        self.in_all = Some(one_more(self.in_all));
        self.clients.retain(|(_, count)| now.since(count.since) < window);
        match self.clients.iter_mut().find(|(name, _)| *name == client) {
            Some((_, count)) => *count = one_more(Some(*count)),
            None => self.clients.push((client, one_more(None))),
        }
        self.hold_off(client, now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::rule::covers;

    const POLICY: GuessPolicy =
        GuessPolicy { per_client: 2, in_all: 5, window: Duration::from_secs(60) };

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_client_that_guesses_is_held_off_for_the_rest_of_the_minute_and_others_are_not() {
        covers(&[rule::CODE_NOT_GUESSED]);
        let mut guesses = Guesses::new(POLICY);
        let (one, other) = (NameId(1), NameId(2));
        assert!(!guesses.count(one, at(0)));
        assert!(!guesses.count(one, at(1)));
        assert!(guesses.count(one, at(2)));
        assert_eq!(guesses.hold_off(one, at(59)), Some(rule::CODE_NOT_GUESSED));
        assert_eq!(guesses.hold_off(other, at(59)), None);
        assert_eq!(guesses.hold_off(one, at(60)), None);
    }

    #[test]
    fn many_clients_together_are_held_off_too() {
        covers(&[rule::MADE_UP_CODES_BOUNDED]);
        let mut guesses = Guesses::new(POLICY);
        for client in 0..6 {
            guesses.count(NameId(client), at(0));
        }
        assert_eq!(guesses.hold_off(NameId(77), at(1)), Some(rule::MADE_UP_CODES_BOUNDED));
        assert_eq!(guesses.hold_off(NameId(77), at(60)), None);
    }
}
