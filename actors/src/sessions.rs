//! Sessions with browsers: a bounded table whose keys carry their own place, so that nothing is hashed.
//!
//! A session has two names that nobody can guess: a [`Cookie`] for its browser and a key of 96 random
//! bits for what travels in messages (`state`, RelayState, artifact, a form's value). Sessions leave in
//! the order in which they came to their [`Stage`], which is why one timer for the oldest is enough.
//! Does not know what a session is about, nor which rule is broken by one that is missing: its user does.

use protocol::{
    contract::{Outbox, TimerId},
    id::{Cookie, Opaque},
    time::{Duration, Instant},
};

/// How long sessions are kept, and how many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionPolicy {
    /// From its opening (or its renewal) on, a session counts for this long.
    pub lifetime: Duration,
    /// After its end a session is remembered for this long, so that a page that is loaded again or a form
    /// that is sent twice gets the answer that it had.
    pub linger: Duration,
    /// At most this many sessions, in all stages together (RFC 6819 §4.4.1.11).
    pub limit: u32,
}

impl Default for SessionPolicy {
    /// Half an hour, two minutes after the end, a million sessions. The source sets no lifetime (step 3).
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(1_800),
            linger: Duration::from_secs(120),
            limit: 1_000_000,
        }
    }
}

/// How far a session is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// It counts.
    Open,
    /// Its lifetime passed before it ended. It is remembered for one more lifetime, so that its browser
    /// can still be told so.
    Expired,
    /// It ended; remembered for a while.
    Ended,
}

/// A session, found. Good until the next call that changes the table, so never kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place(u32);

/// No slot.
const NONE: u32 = u32::MAX;

/// Sessions with a `T` each.
#[derive(Clone, Debug)]
pub struct Sessions<T> {
    policy: SessionPolicy,
    slots: Vec<Slot<T>>,
    queues: [Queue; 3],
    free: u32,
    used: u32,
    timer_is_armed: bool,
}

#[derive(Clone, Debug)]
struct Slot<T> {
    secret: [u32; 3],
    tag: u32,
    since: Coarse,
    previous: u32,
    /// The next in the queue, or the next free slot.
    next: u32,
    data: Option<T>,
}

/// Slots in the order in which they came to a stage.
#[derive(Clone, Copy, Debug)]
struct Queue {
    oldest: u32,
    newest: u32,
}

/// A moment to the nearest 67 ms before it: four bytes instead of eight. No rule sets a session's lifetime,
/// so nothing hangs on the difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Coarse(u32);

impl Coarse {
    const SHIFT: u32 = 26;

    fn of(at: Instant) -> Self {
        Self((at.as_nanos() >> Self::SHIFT) as u32)
    }

    /// How long ago it was. Right for nine years; wraps around, so that a run may be longer than that.
    fn age(self, now: Instant) -> Duration {
        Duration::from_nanos(u64::from(Self::of(now).0.wrapping_sub(self.0)) << Self::SHIFT)
    }
}

impl<T: Copy> Sessions<T> {
    /// An empty table.
    pub const fn new(policy: SessionPolicy) -> Self {
        let empty = Queue { oldest: NONE, newest: NONE };
        Self {
            policy,
            slots: Vec::new(),
            queues: [empty; 3],
            free: NONE,
            used: 0,
            timer_is_armed: false,
        }
    }

    /// Opens a session. None if there are too many; those that are only remembered make room first.
    pub fn open(&mut self, data: T, now: Instant, out: &mut Outbox) -> Option<Place> {
        if self.used >= self.policy.limit {
            let oldest = |stage: Stage| self.queues[stage as usize].oldest;
            let place =
                [Stage::Ended, Stage::Expired].map(oldest).into_iter().find(|p| *p != NONE)?;
            self.close(Place(place));
        }
        let (tag, secret) = parts(out.draw());
        let fresh =
            Slot { secret, tag, since: Coarse(0), previous: NONE, next: NONE, data: Some(data) };
        let place = self.free;
        let place = match self.slot(place) {
            Some(slot) => {
                let next_free = slot.next;
                *slot = fresh;
                self.free = next_free;
                place
            }
            None => {
                self.slots.push(fresh);
                self.slots.len() as u32 - 1
            }
        };
        self.used += 1;
        self.put(Place(place), Stage::Open, data, now);
        self.arm(now, out);
        Some(Place(place))
    }

    /// The session of the browser that has this cookie.
    pub fn of_browser(&self, cookie: Option<Cookie>) -> Option<Place> {
        let cookie = cookie?;
        let slot = self.slots.get(cookie.place as usize)?;
        (slot.data.is_some() && slot.tag == cookie.tag).then_some(Place(cookie.place))
    }

    /// The session that has this key.
    pub fn of_key(&self, key: Opaque) -> Option<Place> {
        let place = key.0 as u32;
        let slot = self.slots.get(place as usize)?;
        (slot.data.is_some() && key_of(place, slot.secret) == key).then_some(Place(place))
    }

    /// What its browser is given to be known again.
    pub fn cookie(&self, place: Place) -> Cookie {
        let tag = self.slots.get(place.0 as usize).map_or(0, |slot| slot.tag);
        Cookie { place: place.0, tag }
    }

    /// What messages carry.
    pub fn key(&self, place: Place) -> Opaque {
        let secret = self.slots.get(place.0 as usize).map_or([0; 3], |slot| slot.secret);
        key_of(place.0, secret)
    }

    /// What the session is about.
    pub fn get(&self, place: Place) -> Option<&T> {
        self.slots.get(place.0 as usize)?.data.as_ref()
    }

    /// Puts another state in its place.
    pub fn set(&mut self, place: Place, data: T) {
        if let Some(slot) = self.slots.get_mut(place.0 as usize)
            && slot.data.is_some()
        {
            slot.data = Some(data);
        }
    }

    /// How long ago it came to its stage, or was renewed; to the nearest 67 ms.
    pub fn age(&self, place: Place, now: Instant) -> Duration {
        self.slots.get(place.0 as usize).map_or(Duration::MAX, |slot| slot.since.age(now))
    }

    /// Whether its lifetime has passed, for one whose stage is still open. The clock decides, not the timer,
    /// which may come late.
    pub fn is_past_lifetime(&self, place: Place, now: Instant) -> bool {
        self.age(place, now) >= self.policy.lifetime
    }

    /// Bytes per session.
    pub const SLOT: usize = size_of::<Slot<T>>();

    /// The session counts anew from now on, under a new key; its cookie stays.
    pub fn renew(&mut self, place: Place, data: T, now: Instant, out: &mut Outbox) {
        let (_, secret) = parts(out.draw());
        if let Some(slot) = self.slot(place.0) {
            slot.secret = secret;
        }
        self.put(place, Stage::Open, data, now);
    }

    /// The session has ended; this is remembered of it for a while.
    pub fn end(&mut self, place: Place, data: T, now: Instant) {
        self.put(place, Stage::Ended, data, now);
    }

    /// Forgets the session.
    pub fn close(&mut self, place: Place) -> Option<T> {
        let data = self.slot(place.0)?.data.take()?;
        self.unlink(place.0);
        let free = self.free;
        if let Some(slot) = self.slot(place.0) {
            slot.next = free;
        }
        self.free = place.0;
        self.used -= 1;
        Some(data)
    }

    /// For [`TimerId::ForgetSessions`]: forgets what is past remembering. `expire` is given every session
    /// whose lifetime has passed, and says what to remember of it for one more lifetime.
    pub fn forget(
        &mut self,
        now: Instant,
        out: &mut Outbox,
        mut expire: impl FnMut(Cookie, T, &mut Outbox) -> Option<T>,
    ) {
        let SessionPolicy { lifetime, linger, .. } = self.policy;
        while let Some(place) = self.due(Stage::Ended, linger, now) {
            self.close(place);
        }
        while let Some(place) = self.due(Stage::Expired, lifetime, now) {
            self.close(place);
        }
        while let Some(place) = self.due(Stage::Open, lifetime, now) {
            let remembered =
                self.get(place).copied().and_then(|data| expire(self.cookie(place), data, out));
            match remembered {
                Some(tombstone) => self.put(place, Stage::Expired, tombstone, now),
                None => {
                    self.close(place);
                }
            }
        }
        self.timer_is_armed = false;
        if self.used > 0 {
            self.arm(now, out);
        }
    }

    /// How many sessions there are, in all stages.
    pub const fn len(&self) -> usize {
        self.used as usize
    }

    /// Whether there is no session in any stage.
    pub const fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// One timer for all; seldom enough to cost little, often enough to remember little too long.
    fn arm(&mut self, now: Instant, out: &mut Outbox) {
        if !self.timer_is_armed {
            self.timer_is_armed = true;
            let shortest = self.policy.lifetime.min(self.policy.linger).as_nanos();
            let pause = Duration::from_nanos(shortest / 2).max(Duration::from_secs(1));
            out.arm(TimerId::ForgetSessions, now + pause);
        }
    }

    fn slot(&mut self, place: u32) -> Option<&mut Slot<T>> {
        self.slots.get_mut(place as usize)
    }

    /// Moves a session to the end of that stage, with this state.
    fn put(&mut self, place: Place, stage: Stage, data: T, now: Instant) {
        if self.get(place).is_none() {
            return;
        }
        self.unlink(place.0);
        let newest = self.queues[stage as usize].newest;
        if let Some(slot) = self.slot(place.0) {
            (slot.since, slot.data) = (Coarse::of(now), Some(data));
            (slot.previous, slot.next) = (newest, NONE);
        }
        match self.slot(newest) {
            Some(before) => before.next = place.0,
            None => self.queues[stage as usize].oldest = place.0,
        }
        self.queues[stage as usize].newest = place.0;
    }

    /// Takes a session out of its queue. Which queue that is shows where it was the first or the last.
    fn unlink(&mut self, place: u32) {
        let Some(slot) = self.slot(place) else { return };
        let (previous, next) = (slot.previous, slot.next);
        match self.slot(previous) {
            Some(before) => before.next = next,
            None => {
                if let Some(queue) = self.queues.iter_mut().find(|queue| queue.oldest == place) {
                    queue.oldest = next;
                }
            }
        }
        match self.slot(next) {
            Some(after) => after.previous = previous,
            None => {
                if let Some(queue) = self.queues.iter_mut().find(|queue| queue.newest == place) {
                    queue.newest = previous;
                }
            }
        }
    }

    /// The oldest session of a stage, if it has been there that long.
    fn due(&self, stage: Stage, kept: Duration, now: Instant) -> Option<Place> {
        let oldest = self.queues[stage as usize].oldest;
        let slot = self.slots.get(oldest as usize)?;
        (slot.since.age(now) >= kept).then_some(Place(oldest))
    }
}

/// The tag of a cookie and the secret of a key, from one draw.
fn parts(random: u128) -> (u32, [u32; 3]) {
    (random as u32, [(random >> 32) as u32, (random >> 64) as u32, (random >> 96) as u32])
}

fn key_of(place: u32, secret: [u32; 3]) -> Opaque {
    let [low, middle, high] = secret.map(u128::from);
    Opaque(high << 96 | middle << 64 | low << 32 | u128::from(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use protocol::{
        contract::{Action, Chance},
        draw::{Draws, Purpose},
    };

    const POLICY: SessionPolicy = SessionPolicy {
        lifetime: Duration::from_secs(900),
        linger: Duration::from_secs(60),
        limit: 3,
    };

    fn outbox() -> Outbox {
        let draws = Draws::new(1, 0, Purpose::Host);
        Outbox::new(Chance::Keyed { draws, entity: 1, count: 0 })
    }

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_slot_adds_28_bytes_to_what_a_session_is_about() {
        assert_eq!(
            size_of::<Slot<u32>>(),
            28 + 8,
            "the Option of a number without a niche costs 4"
        );
        assert_eq!(size_of::<Slot<Option<bool>>>(), 28 + 4);
    }

    #[test]
    fn a_session_is_found_by_its_cookie_and_by_its_key_and_by_no_other() {
        let (mut sessions, mut out) = (Sessions::new(POLICY), outbox());
        let place = sessions.open('a', at(0), &mut out).unwrap();
        let (cookie, key) = (sessions.cookie(place), sessions.key(place));
        assert_eq!(sessions.of_browser(Some(cookie)), Some(place));
        assert_eq!(sessions.of_key(key), Some(place));
        assert_eq!(sessions.of_browser(Some(Cookie { tag: cookie.tag ^ 1, ..cookie })), None);
        assert_eq!(sessions.of_browser(Some(Cookie { place: 7, ..cookie })), None);
        assert_eq!(sessions.of_browser(None), None);
        assert_eq!(sessions.of_key(Opaque(key.0 ^ 1 << 100)), None);
        assert_eq!(sessions.of_key(Opaque(u128::MAX)), None);
    }

    #[test]
    fn a_place_that_is_used_again_answers_to_new_names_only() {
        let (mut sessions, mut out) = (Sessions::new(POLICY), outbox());
        let first = sessions.open('a', at(0), &mut out).unwrap();
        let (cookie, key) = (sessions.cookie(first), sessions.key(first));
        assert_eq!(sessions.close(first), Some('a'));
        let second = sessions.open('b', at(1), &mut out).unwrap();
        assert_eq!(second, first, "the same place");
        assert_eq!(sessions.of_browser(Some(cookie)), None);
        assert_eq!(sessions.of_key(key), None);
    }

    #[test]
    fn a_renewed_session_keeps_its_cookie_and_changes_its_key() {
        let (mut sessions, mut out) = (Sessions::new(POLICY), outbox());
        let place = sessions.open('a', at(0), &mut out).unwrap();
        let (cookie, key) = (sessions.cookie(place), sessions.key(place));
        sessions.end(place, 'x', at(1));
        sessions.renew(place, 'b', at(800), &mut out);
        assert_eq!(sessions.cookie(place), cookie);
        assert_ne!(sessions.key(place), key);
        assert!(!sessions.is_past_lifetime(place, at(1_600)), "its lifetime began anew");
    }

    #[test]
    fn what_is_only_remembered_makes_room_for_newcomers_and_what_counts_does_not() {
        let (mut sessions, mut out) = (Sessions::new(POLICY), outbox());
        let ended = sessions.open('a', at(0), &mut out).unwrap();
        sessions.open('b', at(0), &mut out).unwrap();
        sessions.open('c', at(0), &mut out).unwrap();
        assert_eq!(sessions.open('d', at(0), &mut out), None);
        sessions.end(ended, 'x', at(1));
        assert!(sessions.open('d', at(1), &mut out).is_some());
        assert_eq!(sessions.open('e', at(1), &mut out), None);
    }

    #[test]
    fn sessions_leave_after_their_lifetime_and_are_remembered_for_one_more() {
        let (mut sessions, mut out) = (Sessions::new(POLICY), outbox());
        let place = sessions.open('a', at(0), &mut out).unwrap();
        assert!(!sessions.is_past_lifetime(place, at(899)));
        assert!(sessions.is_past_lifetime(place, at(901)));
        sessions.forget(at(901), &mut out, |_, data, _| {
            assert_eq!(data, 'a');
            Some('x')
        });
        assert_eq!(sessions.get(place), Some(&'x'));
        sessions.forget(at(1_700), &mut out, |_, _, _| panic!("it expired already"));
        assert_eq!(sessions.get(place), Some(&'x'));
        sessions.forget(at(1_802), &mut out, |_, _, _| panic!("it expired already"));
        assert_eq!(sessions.get(place), None);
        assert!(sessions.is_empty());
    }

    #[test]
    fn one_timer_serves_all_sessions_and_none_is_armed_when_none_is_left() {
        let (mut sessions, mut out) = (Sessions::new(POLICY), outbox());
        let place = sessions.open('a', at(0), &mut out).unwrap();
        sessions.open('b', at(0), &mut out).unwrap();
        sessions.end(place, 'x', at(1));
        let armed = |out: &Outbox| {
            out.actions()
                .iter()
                .filter(|action| matches!(action, Action::Arm(TimerId::ForgetSessions, _)))
                .count()
        };
        assert_eq!(armed(&out), 1);
        sessions.forget(at(2_000), &mut out, |_, _, _| None);
        assert!(sessions.is_empty());
        assert_eq!(armed(&out), 1);
        sessions.open('c', at(2_000), &mut out).unwrap();
        assert_eq!(armed(&out), 2);
    }

    proptest! {
        /// Against a plain list, with every operation in any order.
        #[test]
        fn it_agrees_with_a_plain_list(
            steps in proptest::collection::vec((0u8..5, 0usize..8, 0u64..300), 1..200)
        ) {
            let policy = SessionPolicy { limit: 6, ..POLICY };
            let (mut sessions, mut out) = (Sessions::new(policy), outbox());
            let mut plain: Vec<(Cookie, Stage, u64, u32)> = Vec::new();
            let mut now = 0;
            for (n, (step, which, passed)) in steps.into_iter().enumerate() {
                now += passed;
                let chosen = plain.get(which).copied();
                match (step, chosen) {
                    (0, _) => {
                        let opened = sessions.open(n as u32, at(now), &mut out);
                        if plain.len() == 6 {
                            let remembered = [Stage::Ended, Stage::Expired].into_iter().find_map(|stage| {
                                plain.iter().position(|entry| entry.1 == stage)
                            });
                            prop_assert_eq!(opened.is_some(), remembered.is_some());
                            remembered.map(|place| plain.remove(place));
                        }
                        if let Some(place) = opened {
                            plain.push((sessions.cookie(place), Stage::Open, now, n as u32));
                        }
                    }
                    (1, Some((cookie, ..))) => {
                        let place = sessions.of_browser(Some(cookie)).unwrap();
                        sessions.end(place, n as u32, at(now));
                        plain.remove(which);
                        plain.push((cookie, Stage::Ended, now, n as u32));
                    }
                    (2, Some((cookie, ..))) => {
                        let place = sessions.of_browser(Some(cookie)).unwrap();
                        sessions.close(place);
                        plain.remove(which);
                    }
                    (3, Some((cookie, ..))) => {
                        let place = sessions.of_browser(Some(cookie)).unwrap();
                        sessions.renew(place, n as u32, at(now), &mut out);
                        plain.remove(which);
                        plain.push((cookie, Stage::Open, now, n as u32));
                    }
                    (4, _) => {
                        sessions.forget(at(now), &mut out, |_, data, _| Some(data));
                        let age = |since| Coarse::of(at(since)).age(at(now));
                        plain.retain(|(_, stage, since, _)| match stage {
                            Stage::Open => true,
                            Stage::Expired => age(*since) < policy.lifetime,
                            Stage::Ended => age(*since) < policy.linger,
                        });
                        let (expired, rest): (Vec<_>, Vec<_>) = plain
                            .into_iter()
                            .partition(|entry| entry.1 == Stage::Open && age(entry.2) >= policy.lifetime);
                        plain = rest;
                        plain.extend(expired.into_iter().map(|(cookie, _, _, data)| {
                            (cookie, Stage::Expired, now, data)
                        }));
                    }
                    _ => {}
                }
                prop_assert_eq!(sessions.len(), plain.len());
                for (cookie, _, _, data) in &plain {
                    let place = sessions.of_browser(Some(*cookie)).unwrap();
                    prop_assert_eq!(sessions.get(place), Some(data));
                    prop_assert_eq!(sessions.of_key(sessions.key(place)), Some(place));
                }
            }
        }
    }
}
