//! What the checkers remember of each flow in progress.
//!
//! Values that must come back as they were given are kept as tags of 16 bits. Two values can share a tag, so
//! that one forgery in 65,536 is missed; a tag that differs is certain. Where it is the same value that accuses, a
//! tag has 32 bits. Nothing here outlives its flow.

use protocol::{
    catalogue::Gegevensdienst,
    id::{FlowId, NameId, Opaque, PersonId, ZorgaanbiederId},
    time::{Duration, Instant},
    trace::{FlowFacts, FlowRef},
};

use super::{exchanges::NONE, places::Places};

/// What is left of an unguessable value.
pub(super) fn tag(value: Opaque) -> u16 {
    (wide_tag(value) >> 16) as u16
}

/// What is left of a value that nobody may use twice: people who log in again and again have several, and in
/// millions of flows 16 bits of two of them are the same.
pub(super) fn wide_tag(value: Opaque) -> u32 {
    // Values may hold a place and fixed bits, and a forger may turn all bits over: so every bit must count,
    // and not by parity. The factors are those of SplitMix64 and of xxHash.
    let (low, high) = (value.0 as u64, (value.0 >> 64) as u64);
    let mixed = low
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(high.wrapping_mul(0xc2b2_ae3d_27d4_eb4f));
    (mixed >> 32) as u32
}

/// A value that a host gave to a browser, to come back with what the browser does next.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Given {
    last: u16,
    times: u8,
}

impl Given {
    pub fn give(&mut self, value: Opaque) {
        let value = tag(value);
        if self.times == 0 || value != self.last {
            self.times = self.times.saturating_add(1);
        }
        self.last = value;
    }

    /// Whether the value may be one that was given. Only the last one is remembered, so that after several
    /// any value may be: a person who goes back sends earlier ones.
    pub fn may_be(self, value: Opaque) -> bool {
        self.times > 1 || self.is_last(value)
    }

    /// Whether the value is the one that was given last.
    pub fn is_last(self, value: Opaque) -> bool {
        self.times > 0 && self.last == tag(value)
    }
}

/// Which flow: its place, and enough of its number to tell whether it still has that place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Handle {
    pub place: u32,
    pub tag: u16,
}

impl Handle {
    /// No flow.
    pub const NONE: Self = Self { place: NONE, tag: 0 };

    pub fn of(flow: Option<FlowRef>) -> Self {
        flow.map_or(Self::NONE, |FlowRef { place, id: FlowId { arrival, attempt } }| Self {
            place,
            tag: arrival as u16 ^ attempt.rotate_right(4),
        })
    }
}

/// One flow in progress.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    tag: u16,
    person: u32,
    /// When an authorization request arrived last, in [`Flow::TICK`]s.
    session: u32,
    /// Of the authorization request that arrived last; before that, what the flow is about.
    pub zorgaanbieder: ZorgaanbiederId,
    /// `client_id` of the authorization request that arrived last.
    pub client: NameId,
    /// Which queries of the service the PGO GW made, one bit each.
    pub calls: u32,
    /// What happened so far.
    pub seen: u32,
    /// `state` values that the PGO GW gave.
    pub states: Given,
    /// RelayState values that the ZA GW gave.
    pub relays: Given,
    /// Values that the ZA GW's consent questions carried.
    pub questions: Given,
    /// `state` of the authorization request that arrived last.
    pub asked_state: u16,
    /// Tokens that came to the PGO GW.
    pub tokens: Given,
    /// The code that came to the PGO GW last.
    pub code: u16,
    /// The artifact that was resolved last.
    pub artifact: u32,
    /// Like `zorgaanbieder`.
    pub dienst: Gegevensdienst,
    /// What the consent question named.
    pub shown: Gegevensdienst,
    /// Answers that came to the PGO GW and are not stored yet.
    pub unstored: u8,
}

const _: () = assert!(size_of::<Flow>() <= 56, "one per flow in progress");
const _: () = assert!(
    {
        let mut place = 0;
        while place < protocol::catalogue::CATALOGUE.len() {
            assert!(protocol::catalogue::CATALOGUE[place].calls.len() <= 32);
            place += 1;
        }
        true
    },
    "the queries of a service are 32 bits"
);

/// What can have happened in a flow.
impl Flow {
    /// Right credentials reached DigiD.
    pub const CREDENTIALS: u32 = 1;
    /// DigiD's word on who the person is reached the ZA GW.
    pub const IDENTIFIED: u32 = 1 << 1;
    /// The source's word on whether there is anything reached the ZA GW.
    pub const LOOKED_UP: u32 = 1 << 2;
    /// The source said that the person is under the age limit.
    pub const UNDER_AGE: u32 = 1 << 3;
    /// The ZA GW put the consent question.
    pub const QUESTION: u32 = 1 << 4;
    /// The question waits for its first answer.
    pub const QUESTION_OPEN: u32 = 1 << 5;
    /// What the question named at whom, and for whom, is what was asked.
    pub const QUESTION_FITS: u32 = 1 << 6;
    /// The person answered no.
    pub const REFUSED: u32 = 1 << 7;
    /// The authorization request that arrived last had a redirect URI that is not full and HTTPS.
    pub const REDIRECT_BAD: u32 = 1 << 8;
    /// An authorization request arrived, and its redirect URI is at its client's host.
    pub const REDIRECT_AT_CLIENT: u32 = 1 << 9;
    /// It had a `state`.
    pub const STATE: u32 = 1 << 10;
    /// A code came back that the browser was not due: its `state` was never given to it.
    pub const FORGED: u32 = 1 << 11;
    /// A code reached the PGO GW.
    pub const CODE: u32 = 1 << 12;
    /// A token for it did.
    pub const TOKEN: u32 = 1 << 13;
    /// An artifact was resolved.
    pub const RESOLVED: u32 = 1 << 14;
    /// The PGO GW was told that the code was not accepted.
    pub const TOLD_CODE: u32 = 1 << 15;
    /// … that the token was not accepted.
    pub const TOLD_TOKEN: u32 = 1 << 16;
    /// … that the data cannot be delivered.
    pub const TOLD_DELIVERY: u32 = 1 << 17;
    /// A request of the PGO GW got no answer that it could use.
    pub const LOST: u32 = 1 << 18;
    /// Testimony: the ZA GW says that it logged the consent.
    pub const CONSENT_LOGGED: u32 = 1 << 19;
    /// Testimony: the ZA GW says that it logged the refusal.
    pub const REFUSAL_LOGGED: u32 = 1 << 20;
    /// Testimony: the PGO GW says that it logged the code as proof of consent.
    pub const CODE_LOGGED: u32 = 1 << 21;

    const BLANK: Self = Self {
        tag: 0,
        person: NONE,
        session: 0,
        zorgaanbieder: ZorgaanbiederId(u32::MAX),
        client: NameId(u32::MAX),
        calls: 0,
        seen: 0,
        states: Given { last: 0, times: 0 },
        relays: Given { last: 0, times: 0 },
        questions: Given { last: 0, times: 0 },
        asked_state: 0,
        code: 0,
        tokens: Given { last: 0, times: 0 },
        artifact: 0,
        dienst: Gegevensdienst(u8::MAX),
        shown: Gegevensdienst(u8::MAX),
        unstored: 0,
    };

    /// About a millisecond, so that a run of seven weeks fits.
    const TICK: u64 = 1 << 20;

    /// The person behind it, if one is.
    pub fn person(&self) -> Option<PersonId> {
        (self.person != NONE).then_some(PersonId(self.person))
    }

    /// The same as a number; [`NONE`] for nobody.
    pub const fn person_number(&self) -> u32 {
        self.person
    }

    /// An authorization request arrives now.
    pub const fn begin_session(&mut self, now: Instant) {
        self.session = (now.as_nanos() / Self::TICK) as u32;
    }

    /// How long ago an authorization request arrived last.
    pub const fn session_age(&self, now: Instant) -> Duration {
        let ticks = ((now.as_nanos() / Self::TICK) as u32).wrapping_sub(self.session);
        Duration::from_nanos(ticks as u64 * Self::TICK)
    }

    pub const fn has(&self, what: u32) -> bool {
        self.seen & what != 0
    }

    /// Remembers that this happened, if it did.
    pub const fn saw(&mut self, what: u32, happened: bool) {
        if happened {
            self.seen |= what;
        }
    }

    pub const fn forget(&mut self, what: u32) {
        self.seen &= !what;
    }
}

/// All flows in progress.
#[derive(Debug)]
pub(super) struct Flows {
    places: Places<Flow>,
}

impl Flows {
    pub const fn new() -> Self {
        Self { places: Places::new(Flow::BLANK) }
    }

    pub fn begin(&mut self, flow: FlowRef, facts: &FlowFacts) {
        if let Some(place) = self.places.at(flow.place) {
            *place = Flow {
                tag: Handle::of(Some(flow)).tag,
                person: facts.person.map_or(NONE, |person| person.0),
                zorgaanbieder: facts.zorgaanbieder,
                dienst: facts.dienst,
                ..Flow::BLANK
            };
        }
    }

    /// The flow, if it has begun and its place was not used again.
    #[inline]
    pub fn get(&mut self, flow: Handle) -> Option<&mut Flow> {
        self.places.get_mut(flow.place).filter(|place| place.tag == flow.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_was_never_given_is_known_as_long_as_one_was_given() {
        let mut given = Given::default();
        assert!(!given.may_be(Opaque(1)), "nothing was given");
        given.give(Opaque(7));
        given.give(Opaque(7));
        assert!(given.may_be(Opaque(7)) && !given.may_be(Opaque(8)));
        given.give(Opaque(9));
        assert!(given.may_be(Opaque(7)), "a person who goes back sends an earlier one");
        assert!(given.is_last(Opaque(9)) && !given.is_last(Opaque(7)));
    }

    #[test]
    fn every_quarter_of_a_value_counts_in_its_tag() {
        for shift in [0, 16, 32, 48, 64, 80, 96, 112] {
            let value = Opaque::uuid_v4(7);
            assert_ne!(tag(Opaque(value.0 ^ 1 << shift)), tag(value), "bit {shift}");
            assert_ne!(tag(Opaque(!value.0)), tag(value));
        }
    }

    #[test]
    fn values_that_share_a_tag_differ_in_the_wide_one() {
        let value = Opaque::uuid_v4(7);
        let others = (8..u128::MAX).map(Opaque::uuid_v4);
        let like = others.filter(|other| tag(*other) == tag(value)).take(20);
        assert!(like.into_iter().all(|other| wide_tag(other) != wide_tag(value)));
    }
}
