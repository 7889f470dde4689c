//! Draws a schedule: a pure function of the key and the number.
//!
//! Knows which harm is possible where, and no rule. Does not run anything.

use actors::deviant::Deviation;
use protocol::{
    draw::{Draws, Purpose, Words},
    role::Role,
    time::Duration,
};

use super::schedule::{Change, Crowd, Fault, Harm, RESTLESS, Schedule};

/// Who can be befallen: hosts by role, in the order of [`Role::ALL`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Targets {
    /// Names of hosts.
    pub hosts: [Vec<String>; Role::ALL.len()],
    /// Ids of services, as texts.
    pub services: Vec<String>,
    /// How many people a schedule has.
    pub people: u32,
    /// Whether the topology leaves it to us how many are under the age limit.
    pub under_age: bool,
}

/// Roles whose hosts can be befallen.
pub const HOST_ROLES: [Role; 6] =
    [Role::Pgo, Role::Za, Role::Digid, Role::Stelselnode, Role::Ocsp, Role::Xis];

/// Roles whose hosts have a certificate.
pub const CERTIFIED: [Role; 4] = [Role::Pgo, Role::Za, Role::Digid, Role::Stelselnode];

/// Who talks to whom, the asker first.
const CONVERSATIONS: [(Role, Role); 11] = [
    (Role::Person, Role::Pgo),
    (Role::Person, Role::Za),
    (Role::Person, Role::Digid),
    (Role::Pgo, Role::Za),
    (Role::Za, Role::Digid),
    (Role::Za, Role::Xis),
    (Role::Pgo, Role::Stelselnode),
    (Role::Za, Role::Stelselnode),
    (Role::Pgo, Role::Ocsp),
    (Role::Za, Role::Ocsp),
    (Role::Stelselnode, Role::Ocsp),
];

/// The last fault ends by then: with the restless time a run may be over, if everybody has left.
const LAST_ENDS: Duration = Duration::from_secs(20 * 60 - 1);

/// And begins before this.
const LAST_BEGINS: Duration = Duration::from_secs(20 * 60 - 10);

const _: () = assert!(LAST_ENDS.as_nanos() < RESTLESS.as_nanos());

/// A schedule has at most this many faults, and at least one.
pub const MOST_FAULTS: u32 = 8;

/// What one part of a schedule is made of: words of its own, so that no part moves another.
struct Dice(Words);

impl Dice {
    /// A number below `n`.
    fn below(&mut self, n: u32) -> u32 {
        ((self.0.unit() * f64::from(n)) as u32).min(n.saturating_sub(1))
    }

    /// Whether something happens that does so in `percent` of all cases.
    fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of them; there is at least one.
    fn of<'a, T>(&mut self, options: &'a [T]) -> &'a T {
        &options[self.below(options.len() as u32) as usize]
    }

    /// A moment in a span, in whole milliseconds.
    fn moment(&mut self, from: Duration, length: Duration) -> Duration {
        let millis = (length.as_nanos() / 1_000_000).min(u64::from(u32::MAX)) as u32;
        from + Duration::from_millis(self.below(millis).into())
    }

    /// Between a second and ten minutes, each scale as often as the next.
    fn length(&mut self) -> Duration {
        let scale = libm::pow(600.0, self.0.unit());
        Duration::from_millis((scale * 1_000.0) as u64)
    }

    fn signed(&mut self, sizes: &[i32]) -> i32 {
        let size = *self.of(sizes);
        if self.chance(50) { size } else { -size }
    }
}

impl Targets {
    fn of(&self, role: Role) -> &[String] {
        &self.hosts[role as usize]
    }

    /// The schedule of that number.
    pub fn schedule(&self, seed: u64, number: u32, planted: &[Deviation]) -> Schedule {
        let draws = Draws::new(seed, number, Purpose::Chaos);
        let part = |part: u64, n: u32| Dice(draws.of(part, n));
        let whole = &mut part(0, 0);
        let crowd = self.crowd(whole);
        let fetched_every = *whole.of(&[1, 5, 15, 60]);
        let faults = 1 + whole.below(MOST_FAULTS);
        // Half of all schedules leave the register alone: a list that lacks a gateway hides much else.
        let changes = if whole.chance(50) { 1 + whole.below(3) } else { 0 };
        Schedule {
            of: (seed, number),
            seed: (draws.bits(4, 0) as u32).into(),
            crowd,
            fetched_every: Duration::from_secs(fetched_every * 60),
            under_age: self.under_age,
            faults: (0..faults).map(|n| self.fault(crowd, &mut part(1, n))).collect(),
            changes: (0..changes).map(|n| self.change(&mut part(2, n))).collect(),
            deviants: self.deviants(planted, &mut part(3, 0)),
        }
    }

    fn crowd(&self, dice: &mut Dice) -> Crowd {
        let people = self.people;
        if dice.chance(40) {
            return Crowd::Steady { people };
        }
        let within = Duration::from_secs(*dice.of(&[1, 5, 30, 120]));
        // Up to the end, so that many are still there in the quiet time.
        Crowd::Burst { at: dice.moment(Duration::ZERO, LAST_BEGINS), within, people }
    }

    /// When something happens: where a crowd comes at once, mostly while it is there.
    fn when(crowd: Crowd, dice: &mut Dice) -> Duration {
        match crowd {
            Crowd::Burst { at, within, .. } if dice.chance(75) => {
                let length = within + Duration::from_secs(*dice.of(&[1, 10, 120]));
                dice.moment(at, length).min(LAST_BEGINS)
            }
            _ => dice.moment(Duration::ZERO, LAST_BEGINS),
        }
    }

    fn fault(&self, crowd: Crowd, dice: &mut Dice) -> Fault {
        let at = Self::when(crowd, dice);
        let harm = harm(dice);
        let (place, roles) =
            if harm.is_of_links() { self.link(dice) } else { self.host(harm, dice) };
        let lasts = match harm {
            Harm::Revoke | Harm::Expire => None,
            _ => Some(dice.length().min(LAST_ENDS.saturating_sub(at))),
        };
        Fault { at, lasts, place, roles, harm }
    }

    /// Mostly one host, now and then all of a role; of the many systems behind gateways mostly all, because one is
    /// hardly ever missed.
    fn host(&self, harm: Harm, dice: &mut Dice) -> (String, Vec<Role>) {
        let roles: &[Role] = if harm.is_of_certificate() { &CERTIFIED } else { &HOST_ROLES };
        let role = *dice.of(roles);
        let all = if role == Role::Xis { 70 } else { 15 };
        let place = match dice.chance(all) && !harm.is_of_certificate() {
            true => role.name().to_owned(),
            false => dice.of(self.of(role)).clone(),
        };
        (place, vec![role])
    }

    fn link(&self, dice: &mut Dice) -> (String, Vec<Role>) {
        let (asker, server) = *dice.of(&CONVERSATIONS);
        let mut end = |role: Role| match role {
            Role::Person | Role::Xis => role.name().to_owned(),
            _ if dice.chance(20) => role.name().to_owned(),
            _ => dice.of(self.of(role)).clone(),
        };
        let ends = [end(asker), end(server)];
        let place = match dice.chance(50) {
            true => format!("{}>{}", ends[0], ends[1]),
            false => format!("{}>{}", ends[1], ends[0]),
        };
        (place, vec![asker, server])
    }

    /// In the first half of the restless time, because it takes a fetch of a list until anybody knows.
    fn change(&self, dice: &mut Dice) -> Change {
        let at = dice.moment(Duration::ZERO, RESTLESS.mul_f64(0.5));
        let list = (*dice.of(&["zal", "whitelist", "ocl"])).to_owned();
        let role = *dice.of(&[Role::Pgo, Role::Za]);
        let gateway = dice.of(self.of(role)).clone();
        let zas = self.of(Role::Za);
        let behind = dice.of(self.of(Role::Xis)).clone();
        let mut keys = match dice.below(12) {
            0 | 11 => vec![("kind", "add-gateway".to_owned()), ("host", gateway)],
            1 | 2 => vec![("kind", "remove-gateway".to_owned()), ("host", gateway)],
            3 if zas.len() > 1 => {
                let from = dice.below(zas.len() as u32) as usize;
                let to = (from + 1 + dice.below(zas.len() as u32 - 1) as usize) % zas.len();
                vec![
                    ("kind", "move-endpoint".to_owned()),
                    ("host", zas[from].clone()),
                    ("to", zas[to].clone()),
                    ("old", (*dice.of(&["serves", "closes"])).to_owned()),
                ]
            }
            4 => vec![("kind", "add-provider".to_owned()), ("zorgaanbieder", behind)],
            5 => vec![("kind", "remove-provider".to_owned()), ("zorgaanbieder", behind)],
            6 if !self.services.is_empty() => vec![
                ("kind", "add-service".to_owned()),
                ("zorgaanbieder", behind),
                ("service", dice.of(&self.services).clone()),
            ],
            7 => vec![
                ("kind", "rename".to_owned()),
                ("host", gateway),
                ("organisation", "Renamed in Chaos".to_owned()),
            ],
            8 => {
                return Change {
                    at,
                    keys: vec![("kind", "publish-broken".to_owned()), ("list", list)],
                };
            }
            9 => {
                return Change { at, keys: vec![("kind", "roll-back".to_owned()), ("list", list)] };
            }
            _ => {
                let keys = vec![
                    ("kind", "fetch-list".to_owned()),
                    ("host", role.name().to_owned()),
                    ("list", list),
                ];
                return Change { at, keys };
            }
        };
        keys.push(("publish", "at-once".to_owned()));
        Change { at, keys }
    }

    /// A host for each deviation, of a role that it fits.
    fn deviants(&self, planted: &[Deviation], dice: &mut Dice) -> Vec<(String, Deviation)> {
        let mut host = |deviation: &Deviation| match *dice.of(deviation.roles()) {
            Role::Person => Role::Person.name().to_owned(),
            role => dice.of(self.of(role)).clone(),
        };
        planted.iter().map(|deviation| (host(deviation), *deviation)).collect()
    }
}

fn harm(dice: &mut Dice) -> Harm {
    match dice.below(11) {
        0 => Harm::Down,
        1 => Harm::Crash,
        2 => Harm::Slow(*dice.of(&[2, 8, 40, 200])),
        3 => Harm::Pause,
        4 => Harm::Skew(dice.signed(&[1, 90, 600, 7_200])),
        5 => Harm::Drift(dice.signed(&[50, 1_000, 50_000])),
        6 => Harm::Revoke,
        7 => Harm::Expire,
        8 => Harm::Delay(*dice.of(&[50, 1_000, 8_000, 40_000])),
        9 => Harm::Loss(*dice.of(&[1, 20, 60, 100])),
        _ => Harm::Partition,
    }
}
