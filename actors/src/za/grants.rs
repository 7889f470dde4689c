//! The store of codes and tokens of one authorization server, and how their values are made (APP 10 to 13).
//!
//! One store for all instances of the gateway; what differs is which live values a new one is checked
//! against (semantics 9). Volatile: a crash forgets every code and token. Does not know what a grant is good
//! for: `token.rs` and `resource.rs` do.

use std::{collections::BTreeMap, mem, num::NonZeroU32};

use protocol::{
    bsn::Bsn,
    contract::{Outbox, TimerId},
    draw::Draws,
    id::{Opaque, ZorgaanbiederId},
    live_set::LiveSet,
    rule::{self, Rule},
    time::{Duration, Instant},
    trace::{Limit, Note, Secret},
};

use super::clients::{ClientId, Services};

/// How codes and tokens are made.
#[derive(Clone, Copy, Debug)]
pub struct Issuance {
    /// How many bits of a value are drawn; the others are fixed. All that a UUID of version 4 has: 122.
    pub entropy_bits: u8,
    /// Where the bits come from.
    pub generators: Generators,
    /// How many instances the gateway has; they serve in turn.
    pub instances: u8,
    /// Which live values a new one is checked against.
    pub check_against: CheckAgainst,
    /// Whether it is checked at all.
    pub detection: Detection,
}

impl Default for Issuance {
    /// As the rules want it: one instance, everything drawn, checked against all.
    fn default() -> Self {
        Self {
            entropy_bits: 122,
            generators: Generators::Independent,
            instances: 1,
            check_against: CheckAgainst::All,
            detection: Detection::On,
        }
    }
}

/// Where the bits of a value come from.
#[derive(Clone, Copy, Debug)]
pub enum Generators {
    /// Every host draws for itself.
    Independent,
    /// Every instance begins at the same point of the same sequence, after every start: machines made from
    /// one image. Gateways of one family share it.
    Cloned {
        /// The sequences.
        draws: Draws,
        /// Which of them.
        family: u32,
    },
}

/// Which live values a new one is checked against.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckAgainst {
    /// All of the gateway (APP 11).
    All,
    /// Those that the same instance made.
    Own,
    /// Its own, and those of the others once they are this old: a copy that lags behind.
    Lag(Duration),
}

/// Whether a new value is checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detection {
    /// It is; a value that is seen to be live is made again.
    On,
    /// It is not.
    Off,
}

/// After this many tries the gateway gives up (semantics 9).
const TRIES: u32 = 64;

/// What a person allowed a client.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Grant {
    pub bsn: Bsn,
    pub zorgaanbieder: ZorgaanbiederId,
    pub client: ClientId,
    pub services: Services,
    /// Which instance made the value that stands for it.
    pub instance: u8,
}

/// A code.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Code {
    AwaitsOffer(Grant),
    /// A tombstone, kept for one more lifetime, so that the rule named is the true one.
    Spent {
        instance: u8,
        /// The token that it led to.
        token: Option<TokenNumber>,
    },
}

/// An access token.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Token {
    grant: Grant,
    number: TokenNumber,
}

/// Tokens are numbered, so that one can be taken back without keeping its value beside its code.
type TokenNumber = NonZeroU32;

const _: () = assert!(size_of::<Code>() <= 16 && size_of::<Token>() <= 16);

/// The store.
#[derive(Clone, Debug)]
pub(super) struct Grants {
    issuance: Issuance,
    codes: Store<Code>,
    tokens: Store<Token>,
    newest_token: TokenNumber,
    /// Tokens that were taken back (RFC 6749 §4.1.2), and when.
    revoked: BTreeMap<TokenNumber, Instant>,
    /// Requests served so far; instances take turns.
    served: u32,
    /// For cloned generators: how many values each instance drew.
    drawn: Vec<u32>,
}

impl Grants {
    pub fn new(issuance: Issuance) -> Self {
        Self {
            issuance,
            codes: Store::new(TimerId::ForgetCodes),
            tokens: Store::new(TimerId::ForgetTokens),
            newest_token: TokenNumber::MIN,
            revoked: BTreeMap::new(),
            served: 0,
            drawn: vec![0; usize::from(issuance.instances.max(1))],
        }
    }

    /// Step 10: a code for this grant, valid for that long. None after too many tries.
    pub fn issue_code(
        &mut self,
        grant: Grant,
        validity: Duration,
        now: Instant,
        out: &mut Outbox,
    ) -> Option<Opaque> {
        let instance = self.next_instance();
        let mut maker = Maker {
            issuance: &self.issuance,
            instance,
            drawn: self.drawn.get_mut(usize::from(instance)),
        };
        let code =
            maker.make(&self.codes.live, Secret::Code, validity, now, out, |code| match code {
                Code::AwaitsOffer(grant) => grant.instance,
                Code::Spent { instance, .. } => *instance,
            })?;
        self.codes.insert(code, Code::AwaitsOffer(Grant { instance, ..grant }), validity, now, out);
        Some(code)
    }

    /// Step 12: a code is offered. `is_for` says whether the offer is of the client that the grant names;
    /// `validity`, how long its code is valid.
    pub fn redeem(
        &mut self,
        code: Opaque,
        is_for: impl FnOnce(&Grant) -> bool,
        validity: impl FnOnce(&Grant) -> Duration,
        now: Instant,
        out: &mut Outbox,
    ) -> Result<Grant, Rule> {
        let (since, state) = self.codes.live.get_mut(code).ok_or(rule::CODE_KNOWN)?;
        let instance = match state {
            Code::AwaitsOffer(grant) => grant.instance,
            Code::Spent { instance, .. } => *instance,
        };
        // The first offer retires the code even when it is refused below (APP 12).
        match mem::replace(state, Code::Spent { instance, token: None }) {
            Code::Spent { token, .. } => {
                // RFC 6749 §4.1.2: what the code led to is taken back. The operator hears of it (APP 12).
                if let Some(token) = token {
                    self.revoked.insert(token, now);
                }
                out.note(Note::BreachSuspected);
                Err(rule::CODE_ONCE)
            }
            Code::AwaitsOffer(grant) if !is_for(&grant) => Err(rule::CODE_OWN_CLIENT),
            // The clock decides, not the timer, which may come late. Exactly 900 s is dead.
            Code::AwaitsOffer(grant) if now.since(since) >= validity(&grant) => {
                out.note(Note::Expired(Secret::Code));
                Err(rule::CODE_VALIDITY)
            }
            Code::AwaitsOffer(grant) => Ok(grant),
        }
    }

    /// Step 13: a token for what this code stood for. None after too many tries.
    pub fn issue_token(
        &mut self,
        code: Opaque,
        grant: Grant,
        validity: Duration,
        now: Instant,
        out: &mut Outbox,
    ) -> Option<Opaque> {
        let instance = self.next_instance();
        let mut maker = Maker {
            issuance: &self.issuance,
            instance,
            drawn: self.drawn.get_mut(usize::from(instance)),
        };
        let token = maker.make(&self.tokens.live, Secret::Token, validity, now, out, |token| {
            token.grant.instance
        })?;
        self.newest_token = self.newest_token.checked_add(1).unwrap_or(TokenNumber::MIN);
        let number = self.newest_token;
        if let Some((_, Code::Spent { token, .. })) = self.codes.live.get_mut(code) {
            *token = Some(number);
        }
        let grant = Grant { instance, ..grant };
        self.tokens.insert(token, Token { grant, number }, validity, now, out);
        Some(token)
    }

    /// Step 15: what a token stands for.
    pub fn check(
        &self,
        token: Opaque,
        validity: impl FnOnce(&Grant) -> Duration,
        now: Instant,
        out: &mut Outbox,
    ) -> Result<Grant, Rule> {
        let (since, Token { grant, number }) =
            self.tokens.live.get(token).ok_or(rule::TOKEN_KNOWN)?;
        if now.since(since) >= validity(grant) {
            out.note(Note::Expired(Secret::Token));
            return Err(rule::TOKEN_VALIDITY);
        }
        // Its code was offered twice, which ended the flow (APP 12).
        if self.revoked.contains_key(number) {
            return Err(rule::CODE_ONCE);
        }
        Ok(*grant)
    }

    /// For [`TimerId::ForgetCodes`].
    pub fn forget_codes(&mut self, now: Instant, out: &mut Outbox) {
        self.codes.forget(now, out);
    }

    /// For [`TimerId::ForgetTokens`].
    pub fn forget_tokens(&mut self, now: Instant, out: &mut Outbox) {
        self.tokens.forget(now, out);
        let kept = self.tokens.kept;
        self.revoked.retain(|_, since| now.since(*since) < kept);
    }

    fn next_instance(&mut self) -> u8 {
        self.served = self.served.wrapping_add(1);
        (self.served % u32::from(self.issuance.instances.max(1))) as u8
    }
}

/// Live values and tombstones of one kind.
#[derive(Clone, Debug)]
struct Store<T> {
    live: LiveSet<T>,
    timer: TimerId,
    timer_is_armed: bool,
    /// How long values are kept: their validity and one more lifetime as tombstones.
    kept: Duration,
}

impl<T> Store<T> {
    fn new(timer: TimerId) -> Self {
        Self { live: LiveSet::default(), timer, timer_is_armed: false, kept: Duration::ZERO }
    }

    fn insert(
        &mut self,
        value: Opaque,
        data: T,
        validity: Duration,
        now: Instant,
        out: &mut Outbox,
    ) {
        self.live.insert(value, now, data);
        self.kept = self.kept.max(validity.saturating_mul(2));
        if !self.timer_is_armed {
            self.timer_is_armed = true;
            out.arm(self.timer, now + self.kept);
        }
    }

    /// One timer for the oldest, and not more than sixteen times in the time that a value is kept.
    fn forget(&mut self, now: Instant, out: &mut Outbox) {
        if let Some(limit) = now.as_nanos().checked_sub(self.kept.as_nanos()) {
            self.live.forget_before(Instant::from_nanos(limit + 1), |_, _| {});
        }
        let oldest = self.live.oldest();
        self.timer_is_armed = oldest.is_some();
        if let Some(oldest) = oldest {
            let pause = Duration::from_nanos(self.kept.as_nanos() / 16);
            out.arm(self.timer, (oldest + self.kept).max(now + pause));
        }
    }
}

/// Makes one value at one instance.
struct Maker<'a> {
    issuance: &'a Issuance,
    instance: u8,
    drawn: Option<&'a mut u32>,
}

impl Maker<'_> {
    /// A value that, as far as this instance can see, is not live (APP 11).
    fn make<T>(
        &mut self,
        live: &LiveSet<T>,
        secret: Secret,
        validity: Duration,
        now: Instant,
        out: &mut Outbox,
        made_by: impl Fn(&T) -> u8,
    ) -> Option<Opaque> {
        for _ in 0..TRIES {
            let candidate = self.candidate(out);
            let equal = live.get(candidate).filter(|(since, _)| now.since(*since) < validity);
            match equal {
                Some((since, other)) if self.sees(made_by(other), since, now) => {
                    out.note(Note::CollisionDetected(secret));
                }
                Some(_) => {
                    out.note(Note::CollisionUndetected(secret));
                    out.note(Note::Issued(secret));
                    return Some(candidate);
                }
                None => {
                    out.note(Note::Issued(secret));
                    return Some(candidate);
                }
            }
        }
        out.note(Note::LimitReached(Limit::Tries));
        None
    }

    fn candidate(&mut self, out: &mut Outbox) -> Opaque {
        let random = match (self.issuance.generators, self.drawn.as_deref_mut()) {
            (Generators::Cloned { draws, family }, Some(drawn)) => {
                *drawn = drawn.wrapping_add(1);
                draws.bits(u64::from(family), *drawn)
            }
            _ => out.draw(),
        };
        uuid(random, self.issuance.entropy_bits)
    }

    /// Whether this instance sees a live value that that one made.
    fn sees(&self, made_by: u8, since: Instant, now: Instant) -> bool {
        let is_own = made_by == self.instance;
        self.issuance.detection == Detection::On
            && match self.issuance.check_against {
                CheckAgainst::All => true,
                CheckAgainst::Own => is_own,
                CheckAgainst::Lag(lag) => is_own || now.since(since) >= lag,
            }
    }
}

/// A UUID of version 4 of which only that many bits vary.
fn uuid(random: u128, entropy_bits: u8) -> Opaque {
    const ALL: u128 = (1 << 122) - 1;
    let random = random & ALL & (1u128 << entropy_bits.min(122)).wrapping_sub(1);
    // Around the six bits that say version and variant: bits 62 to 63 and 76 to 79.
    let low = random & ((1 << 62) - 1);
    let middle = random >> 62 & 0xfff;
    let high = random >> 74;
    Opaque::uuid_v4(high << 80 | middle << 64 | low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_live_value_takes_at_most_48_bytes_with_what_finds_it() {
        // Value, moment, what is known; and eight bytes for its place in a hash table that is half full.
        assert!(size_of::<Opaque>() + size_of::<Instant>() + size_of::<Code>() + 8 <= 48);
        assert!(size_of::<Opaque>() + size_of::<Instant>() + size_of::<Token>() + 8 <= 48);
    }

    proptest! {
        #[test]
        fn as_many_bits_of_a_value_vary_as_were_asked_for(random: u128, bits in 0u8..=122) {
            let value = uuid(random, bits);
            prop_assert!(value.is_uuid_v4());
            let fixed = uuid(0, bits);
            let most = uuid(u128::MAX, bits);
            prop_assert_eq!((most.0 ^ fixed.0).count_ones(), u32::from(bits));
            prop_assert_eq!((value.0 ^ fixed.0) & !(most.0 ^ fixed.0), 0);
        }

        #[test]
        fn different_bits_give_different_values(one: u128, other: u128) {
            const ALL: u128 = (1 << 122) - 1;
            prop_assert_eq!(uuid(one, 122) == uuid(other, 122), one & ALL == other & ALL);
        }
    }
}
