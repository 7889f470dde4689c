//! Why a flow did not get what its person wanted: the first thing that went wrong and was not got over.
//!
//! A failure that is followed by a completed step was got over, and is no cause; what the person decided is
//! one until the person decides otherwise. Says nothing about how
//! the flow ended (`outcome`).

use protocol::{contract::Failure, id::HostId, rule::Rule};

use crate::directory::Directory;

/// What went wrong first, and where.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cause {
    /// What.
    pub why: Why,
    host: HostId,
}

const _: () = assert!(size_of::<Option<Cause>>() <= 12, "a cause is kept with every flow");

/// What can go wrong first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Why {
    /// That rule was named as the reason for a refusal.
    Rule(Rule),
    /// A host took no connection, though it was up.
    Refused,
    /// A host broke the exchange off, though no crash was seen.
    Reset,
    /// A host did not answer in time.
    TimedOut,
    /// A host closed a connection at its opening and named no rule.
    ClosedByPeer,
    /// A connection to a host was closed at its opening and no rule was named.
    TlsAlert,
    /// A name led to no host.
    Nowhere,
    /// A host was down.
    Down,
    /// A host crashed.
    Crashed,
    /// The queue of a host was full.
    QueueFull,
    /// A host answered that it has no capacity (HTTP 503).
    Unavailable,
    /// A host does not serve such a request (HTTP 400).
    BadRequest,
    /// A host no longer had a session with the browser.
    NoSession,
    /// There are no data for this person and service.
    NothingThere,
    /// The person is under the age limit, so no data are given.
    UnderAge,
    /// The PGO does not offer what the person wants.
    NotOffered,
    /// The person gave wrong credentials.
    WrongCredentials,
    /// The person cancelled at DigiD.
    Cancelled,
    /// The person refused consent.
    SaidNo,
    /// The person left.
    Left,
}

impl Why {
    /// As result files name it; rules by their own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rule(rule) => rule.name(),
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::TimedOut => "timed-out",
            Self::ClosedByPeer => "closed-by-peer",
            Self::TlsAlert => "tls-alert",
            Self::Nowhere => "nowhere",
            Self::Down => "down",
            Self::Crashed => "crashed",
            Self::QueueFull => "queue-full",
            Self::Unavailable => "unavailable",
            Self::BadRequest => "bad-request",
            Self::NoSession => "no-session",
            Self::NothingThere => "nothing-there",
            Self::UnderAge => "under-age",
            Self::NotOffered => "not-offered",
            Self::WrongCredentials => "wrong-credentials",
            Self::Cancelled => "cancelled",
            Self::SaidNo => "said-no",
            Self::Left => "left",
        }
    }

    /// The end of a sentence about a host: `za-2 …`. Rules and what the person did need another sentence.
    pub const fn of_host(self) -> Option<&'static str> {
        Some(match self {
            Self::Refused => "took no connections",
            Self::Reset => "broke off",
            Self::TimedOut => "did not answer in time",
            Self::ClosedByPeer | Self::TlsAlert => "did not agree on a connection",
            Self::Nowhere => "could not be found under its name",
            Self::Down => "was down",
            Self::Crashed => "crashed",
            Self::QueueFull => "had a full queue",
            Self::Unavailable => "had no capacity",
            Self::BadRequest => "did not understand",
            Self::NoSession => "had no session with the browser any more",
            Self::NotOffered => "did not offer what was wanted",
            Self::NothingThere => "had nothing for the person",
            _ => return None,
        })
    }

    /// Whether the person decided it, so that no progress gets over it.
    pub const fn is_decision(self) -> bool {
        matches!(self, Self::Cancelled | Self::SaidNo)
    }

    /// Whether something in the network failed or refused: neither the person's doing nor for want of data.
    pub const fn is_technical(self) -> bool {
        !matches!(
            self,
            Self::NothingThere
                | Self::UnderAge
                | Self::WrongCredentials
                | Self::Cancelled
                | Self::SaidNo
                | Self::Left
        )
    }

    /// Every reason that is not a rule.
    pub const PLAIN: [Self; 19] = [
        Self::Refused,
        Self::Reset,
        Self::TimedOut,
        Self::ClosedByPeer,
        Self::TlsAlert,
        Self::Nowhere,
        Self::Down,
        Self::Crashed,
        Self::QueueFull,
        Self::Unavailable,
        Self::BadRequest,
        Self::NoSession,
        Self::NothingThere,
        Self::UnderAge,
        Self::NotOffered,
        Self::WrongCredentials,
        Self::Cancelled,
        Self::SaidNo,
        Self::Left,
    ];

    /// The reason of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::PLAIN
            .into_iter()
            .find(|why| why.name() == name)
            .or_else(|| Rule::from_name(name).map(Self::Rule))
    }
}

impl Cause {
    const NOBODY: HostId = HostId(u32::MAX);

    /// That went wrong at that host.
    pub const fn at(why: Why, host: HostId) -> Self {
        Self { why, host }
    }

    /// That went wrong at no host in particular, or at the person.
    pub const fn nowhere(why: Why) -> Self {
        Self { why, host: Self::NOBODY }
    }

    /// An exchange with `peer` ended so; `down` and `crashed` say what is known of the peer.
    pub fn of_failure(failure: Failure, peer: Option<HostId>, down: bool, crashed: bool) -> Self {
        let Some(peer) = peer else { return Self::nowhere(Why::Nowhere) };
        let why = match failure {
            Failure::Refused if down => Why::Down,
            Failure::Refused => Why::Refused,
            Failure::Reset if crashed => Why::Crashed,
            Failure::Reset => Why::Reset,
            Failure::TimedOut => Why::TimedOut,
            Failure::ClosedByPeer => Why::ClosedByPeer,
            Failure::TlsAlert => Why::TlsAlert,
        };
        Self::at(why, peer)
    }

    /// The host where it went wrong, if it did at one that has a station.
    pub fn host(&self) -> Option<HostId> {
        (!self.host.is_visitor()).then_some(self.host)
    }

    /// As result files write it: `down@digid-1`, `CODE_ONCE@za-2`, `said-no`.
    pub fn text(&self, directory: &Directory) -> String {
        match self.host().and_then(|host| directory.host(host)) {
            Some(host) => format!("{}@{}", self.why.name(), host.name),
            None => self.why.name().to_owned(),
        }
    }

    /// As groups of figures name it: like [`Self::text`], but with all xIS taken together, for there are
    /// as many of them as Zorgaanbieders.
    pub fn group(&self, directory: &Directory) -> String {
        match self.host().and_then(|host| directory.host(host)) {
            Some(host) if host.zorgaanbieder.is_some() => {
                format!("{}@{}", self.why.name(), host.role.name())
            }
            _ => self.text(directory),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::rule;

    #[test]
    fn every_reason_can_be_read_back_from_its_name() {
        for why in Why::PLAIN.into_iter().chain(Rule::all().map(Why::Rule)) {
            assert_eq!(Why::from_name(why.name()), Some(why));
        }
    }

    #[test]
    fn a_refused_connection_is_blamed_on_the_outage_that_is_known() {
        let peer = Some(HostId(3));
        let why = |failure, down, crashed| Cause::of_failure(failure, peer, down, crashed).why;
        assert_eq!(why(Failure::Refused, true, false), Why::Down);
        assert_eq!(why(Failure::Refused, false, false), Why::Refused);
        assert_eq!(why(Failure::Reset, false, true), Why::Crashed);
        assert_eq!(why(Failure::TimedOut, true, true), Why::TimedOut);
        assert_eq!(Cause::of_failure(Failure::Refused, None, false, false).why, Why::Nowhere);
    }

    #[test]
    fn a_cause_at_the_person_names_no_host() {
        assert_eq!(Cause::nowhere(Why::SaidNo).host(), None);
        assert_eq!(Cause::at(Why::Left, HostId::visitor(4)).host(), None);
        assert_eq!(Cause::at(Why::Rule(rule::CODE_ONCE), HostId(2)).host(), Some(HostId(2)));
    }
}
