//! Handshakes: who admits whom (NET 2, NET 3, NET 5).
//!
//! A node gives its verdict at some moment between the handshake and the event that shows it. It is judged by
//! every OCSP answer and every list that it may have gone by in between; a breach is one that no such moment
//! excuses. Refusing too much is no breach of these rules, except where an invalid list is the reason.

use protocol::{
    id::{ConnectionId, ExchangeId, HostId, NameId, Serial},
    message::{CertStatus, Certificate, Kind, OcspAnswer, Side},
    register::ListKind,
    role::Role,
    rule,
    time::{Duration, Instant, WallTime},
};

use super::{Checkers, verdict::Why};

/// Longer than any limit on opening a connection: an opening without a verdict by then has none.
const LONGEST: Duration = Duration::from_secs(600);

/// The most openings that are remembered at once.
const LIMIT: usize = 1 << 20;

/// The most certificates that are remembered per node.
const CERTIFICATES: usize = 1 << 16;

/// What one end saw at the opening of a connection.
#[derive(Clone, Copy, Debug)]
struct Opening {
    at: Instant,
    connection: ConnectionId,
    host: HostId,
    peer: HostId,
    serial: Serial,
    /// The name that was dialled, or the certificate's subject.
    name: NameId,
    wall: WallTime,
    side: Side,
    /// Whether the certificate is of PKIoverheid and not past its end.
    good_certificate: bool,
    /// Whether it is for that name.
    right_name: bool,
    staple: Staple,
}

const _: () = assert!(size_of::<Opening>() <= 40, "two per connection that is being opened");

/// What a node knows by OCSP of one certificate.
#[derive(Clone, Copy, Debug)]
struct Known {
    serial: Serial,
    /// The last two answers to queries that counted when they came, newest first.
    counted: [Option<Status>; 2],
    /// The last answer that was stapled and counted, which a node may keep as well.
    stapled: Option<Status>,
    /// Answers that say good and were out of time when they came: the last that was over, and of those that had yet
    /// to begin the one that begins first. A node may have taken one into use when it looked, by a clock that was
    /// set right meanwhile; if not, it went on with what it had, so that these replace nothing.
    doubtful: [Option<Status>; 2],
    /// Whether an answer came that says good and did not count.
    uncounted: bool,
}

/// An answer.
#[derive(Clone, Copy, Debug)]
struct Status {
    good: bool,
    since: WallTime,
    until: WallTime,
    arrived: Instant,
}

impl Status {
    /// Whether it was in time for a verdict that was given between the opening and that time.
    fn in_time(&self, opening: &Opening, verdict: WallTime) -> bool {
        // At the earliest it was used when it came, or at the opening if it was there before.
        let earliest = opening.wall + self.arrived.since(opening.at);
        earliest <= self.until && self.since <= verdict
    }
}

/// How an answer came.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    Query,
    Staple,
}

/// What an OCSP answer that was stapled says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Staple {
    None,
    Good,
    NotGood,
    /// It says good, and is unsigned or another's.
    Uncounted,
}

impl Staple {
    fn of(answer: Option<&OcspAnswer>, serial: Serial, wall: WallTime) -> Self {
        match answer {
            None => Self::None,
            // What it is worth when it is looked at is for the verdict to say.
            Some(answer) if counts(answer, serial) && !in_time(answer, wall) => Self::None,
            Some(answer) if counts(answer, serial) => {
                if answer.status == CertStatus::Good {
                    Self::Good
                } else {
                    Self::NotGood
                }
            }
            Some(answer) if answer.status == CertStatus::Good => Self::Uncounted,
            Some(_) => Self::None,
        }
    }
}

/// Whether an answer is signed and of that certificate.
fn counts(answer: &OcspAnswer, serial: Serial) -> bool {
    answer.signed && answer.serial == serial
}

/// Whether it is between its times when it comes.
fn in_time(answer: &OcspAnswer, wall: WallTime) -> bool {
    answer.this_update <= wall && wall <= answer.next_update
}

#[derive(Debug)]
pub(super) struct Admission {
    /// By the last bits of connection and side.
    openings: Vec<Option<Opening>>,
    /// Per host, sorted by serial number.
    known: Vec<Vec<Known>>,
}

impl Admission {
    pub fn new(hosts: usize) -> Self {
        Self { openings: vec![None; 256], known: vec![Vec::new(); hosts] }
    }

    /// An answer about this certificate reached a node, to a query or stapled.
    pub fn answered(
        &mut self,
        host: HostId,
        serial: Serial,
        answer: &OcspAnswer,
        wall: WallTime,
        origin: Origin,
        now: Instant,
    ) {
        let Some(known) = (!host.is_visitor()).then(|| self.known.get_mut(host.place())).flatten()
        else {
            return;
        };
        let place = match known.binary_search_by_key(&serial, |known| known.serial) {
            Ok(place) => place,
            Err(_) if known.len() >= CERTIFICATES => return,
            Err(place) => {
                let blank = Known {
                    serial,
                    counted: [None; 2],
                    stapled: None,
                    doubtful: [None; 2],
                    uncounted: false,
                };
                known.insert(place, blank);
                place
            }
        };
        let known = &mut known[place];
        let good = answer.status == CertStatus::Good;
        if counts(answer, serial) {
            let (since, until) = (answer.this_update, answer.next_update);
            let status = Status { good, since, until, arrived: now };
            match origin {
                _ if !in_time(answer, wall) => {
                    let slot = &mut known.doubtful[usize::from(since > wall)];
                    let replaces = slot.is_none_or(|it| it.until < wall || since < it.since);
                    if good && replaces {
                        *slot = Some(status);
                    }
                }
                Origin::Query => known.counted = [Some(status), known.counted[0]],
                Origin::Staple => known.stapled = Some(status),
            }
        } else {
            known.uncounted |= good;
        }
    }

    fn known(&self, host: HostId, serial: Serial) -> Option<&Known> {
        let known = self.known.get(host.place())?;
        known.binary_search_by_key(&serial, |known| known.serial).ok().map(|place| &known[place])
    }

    fn open(&mut self, opening: Opening) {
        loop {
            let place = self.place(opening.connection, opening.side);
            let free = match &self.openings[place] {
                None => true,
                Some(other) => {
                    (other.connection, other.side) == (opening.connection, opening.side)
                        || other.at + LONGEST < opening.at
                }
            };
            // Beyond the limit the older one is forgotten, and its verdict is not judged.
            if free || self.openings.len() >= LIMIT {
                self.openings[place] = Some(opening);
                return;
            }
            let openings = std::mem::take(&mut self.openings);
            self.openings = vec![None; 2 * openings.len()];
            for other in openings.into_iter().flatten() {
                let place = self.place(other.connection, other.side);
                self.openings[place] = Some(other);
            }
        }
    }

    fn close(&mut self, connection: ConnectionId, side: Side, host: HostId) -> Option<Opening> {
        let place = self.place(connection, side);
        self.openings[place].take_if(|opening| {
            (opening.connection, opening.side, opening.host) == (connection, side, host)
        })
    }

    fn place(&self, connection: ConnectionId, side: Side) -> usize {
        let number = connection.index() * 2 + usize::from(side == Side::Answerer);
        number & (self.openings.len() - 1)
    }
}

/// One end of a connection that is being opened, as its event has it.
pub(super) struct Seen<'a> {
    pub connection: ConnectionId,
    pub host: HostId,
    pub side: Side,
    pub peer: HostId,
    pub certificate: &'a Certificate,
    pub name: NameId,
    pub staple: Option<&'a OcspAnswer>,
    pub wall: WallTime,
}

impl Checkers {
    pub(super) fn handshake(&mut self, seen: &Seen<'_>) {
        let now = self.now;
        let Seen { connection, host, side, peer, certificate, name, staple, wall } = *seen;
        if let Some(answer) = staple {
            let serial = certificate.serial;
            self.admission.answered(host, serial, answer, wall, Origin::Staple, now);
        }
        self.admission.open(Opening {
            at: now,
            connection,
            host,
            peer,
            serial: certificate.serial,
            name,
            wall,
            side,
            good_certificate: certificate.trusted_chain && wall <= certificate.not_after,
            right_name: certificate.subject == name,
            staple: Staple::of(staple, certificate.serial, wall),
        });
    }

    /// The answer to a query reaches a node.
    pub(super) fn status_arrives(
        &mut self,
        host: HostId,
        exchange: ExchangeId,
        answer: &OcspAnswer,
        wall: WallTime,
    ) {
        let Some(open) = self.exchanges.get(exchange) else { return };
        if open.kind == Kind::OcspQuery {
            let (serial, now) = (Serial(open.detail), self.now);
            self.admission.answered(host, serial, answer, wall, Origin::Query, now);
        }
    }

    pub(super) fn verdict(
        &mut self,
        connection: ConnectionId,
        host: HostId,
        side: Side,
        admitted: bool,
        wall: WallTime,
    ) {
        let Some(opening) = self.admission.close(connection, side, host) else { return };
        let sure_of_time = !self.cast.clock_changed_since(host, opening.at);
        if sure_of_time {
            let kept = !admitted || opening.good_certificate;
            self.docket.judge(rule::PKIO_CERTIFICATE, host, kept, Why::BadCertificateAdmitted);
        }
        let by_ocsp = self.judge_ocsp(&opening, admitted, sure_of_time.then_some(wall));
        let else_good = by_ocsp && opening.good_certificate && opening.right_name;
        self.judge_whitelist(&opening, admitted, else_good);
    }

    /// Gives whether there is no doubt that by OCSP the other end could be admitted.
    fn judge_ocsp(&mut self, opening: &Opening, admitted: bool, wall: Option<WallTime>) -> bool {
        let host = opening.host;
        let known = self.admission.known(host, opening.serial);
        let [newest, before] = known.map_or([None, None], |known| known.counted);
        // What was stapled before a later answer is no better than that.
        let outdone = |it: &Status| newest.is_some_and(|newest| newest.arrived > it.arrived);
        let stands = |it: &Status| {
            !(outdone(it)
                && newest.is_some_and(|newest| !newest.good && newest.arrived < opening.at))
        };
        let stapled = known.and_then(|known| known.stapled).filter(stands);
        // One that came while the verdict was being reached may have come too late for it.
        let before = before.filter(|_| newest.is_some_and(|newest| newest.arrived >= opening.at));
        let in_time = |status: &Status| wall.is_none_or(|verdict| status.in_time(opening, verdict));
        let sure = || [newest, before, stapled].into_iter().flatten().filter(|status| status.good);
        let doubtful = known.map_or([None; 2], |known| known.doubtful);
        let good = || sure().chain(doubtful.into_iter().flatten().filter(stands));
        let said_good = good().next().is_some() && opening.staple != Staple::NotGood;
        let fresh = opening.staple == Staple::Good || said_good && good().any(|it| in_time(&it));
        let uncounted = opening.staple == Staple::Uncounted || known.is_some_and(|it| it.uncounted);

        let docket = &mut self.docket;
        let kept = !admitted || fresh || said_good || newest.is_none() && uncounted;
        docket.judge(rule::OCSP_AT_HANDSHAKE, host, kept, Why::AdmittedWithoutOcsp);
        if fresh || said_good || uncounted {
            let kept = !admitted || fresh || !kept;
            docket.judge(rule::OCSP_FRESH, host, kept, Why::StaleOcspUsed);
        }
        // Its own query said so, so that nothing can have been wrong with it.
        let of_now = |status: &Status| {
            status.arrived >= opening.at && wall.is_some_and(|verdict| verdict <= status.until)
        };
        sure().any(|status| in_time(&status) && of_now(&status))
    }

    fn judge_whitelist(&mut self, opening: &Opening, admitted: bool, else_good: bool) {
        let Opening { at, host, peer, name, side, .. } = *opening;
        let rule = match (side, self.cast.role(host), self.cast.role(peer)) {
            (Side::Answerer, Role::Stelselnode, _) => {
                let kept = !admitted || self.registry.has_node(name, at);
                let why = Why::AdmittedUnlisted;
                return self.docket.judge(rule::WHITELIST_AT_HANDSHAKE, host, kept, why);
            }
            (Side::Answerer, Role::Za | Role::Pgo, _) => rule::WHITELIST_AT_HANDSHAKE,
            (Side::Asker, Role::Pgo | Role::Za, Role::Pgo | Role::Za) => rule::WHITELIST_OF_ASKED,
            _ => return,
        };
        let kind = ListKind::Whitelist;
        let on_all = self.lists.surely_holds(host, kind, at)
            && self.lists.possible(host, kind, at).all(|list| list.has_node(name));
        let on_any = self.lists.possible(host, kind, at).any(|list| list.has_node(name));
        let mut invalid = self.lists.invalid(host, kind).map(|list| list.has_node(name)).peekable();
        if invalid.peek().is_some() {
            // Let in, or kept out, by nothing but a list that must not be used.
            let misled = if admitted {
                !on_any && invalid.any(|there| there)
            } else {
                on_all && else_good && invalid.any(|there| !there)
            };
            self.docket.judge(rule::WHITELIST_VALIDATED, host, !misled, Why::InvalidListUsed);
            if misled {
                return;
            }
        }
        self.docket.judge(rule, host, !admitted || on_any, Why::AdmittedUnlisted);
    }
}
