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
}

const _: () = assert!(size_of::<Opening>() <= 40, "two per connection that is being opened");

/// What a node knows by OCSP of one certificate.
#[derive(Clone, Copy, Debug)]
struct Known {
    serial: Serial,
    /// The last answer that says good, whatever else is wrong with it.
    good: Option<Good>,
    /// The first answer since then that does not.
    not_good: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Good {
    since: WallTime,
    until: WallTime,
    /// Signed, and of the certificate that was asked about.
    sound: bool,
    /// When this node had it.
    arrived: Instant,
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

    /// An OCSP answer on this certificate reached a node, by a query or stapled.
    pub fn answered(
        &mut self,
        host: HostId,
        asked: Serial,
        answer: &OcspAnswer,
        wall: WallTime,
        now: Instant,
    ) {
        let Some(known) = (!host.is_visitor()).then(|| self.known.get_mut(host.place())).flatten()
        else {
            return;
        };
        let place = match known.binary_search_by_key(&asked, |known| known.serial) {
            Ok(place) => place,
            Err(_) if known.len() >= CERTIFICATES => return,
            Err(place) => {
                known.insert(place, Known { serial: asked, good: None, not_good: None });
                place
            }
        };
        let known = &mut known[place];
        let sound = answer.signed && answer.serial == asked;
        let counts = sound && wall <= answer.next_update;
        let (since, until) = (answer.this_update, answer.next_update);
        if answer.status != CertStatus::Good {
            known.not_good = known.not_good.or(counts.then_some(now));
            return;
        }
        // One that counts for longer is as good as a newer one, and better than one that does not count.
        let better = known
            .good
            .is_none_or(|good| !good.sound || good.until < wall || sound && good.until <= until);
        if better {
            known.good = Some(Good { since, until, sound, arrived: now });
        }
        if counts {
            known.not_good = None;
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
            self.admission.answered(host, certificate.serial, answer, wall, now);
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
            self.admission.answered(host, Serial(open.detail), answer, wall, self.now);
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
        let good = known.and_then(|known| {
            // An answer that came while the verdict was being reached may have come too late for it.
            let revoked_before = known.not_good.is_some_and(|at| at < opening.at);
            known.good.filter(|_| !revoked_before)
        });
        let kept = !admitted || good.is_some();
        self.docket.judge(rule::OCSP_AT_HANDSHAKE, host, kept, Why::AdmittedWithoutOcsp);
        let (Some(good), Some(wall)) = (good, wall) else { return false };
        // At the earliest it was used when it came, or at the handshake if it was there before: an answer
        // that had ended by then, or has not begun by the verdict, was out of time.
        let earliest = opening.wall + good.arrived.since(opening.at);
        let fresh = good.sound && earliest <= good.until && good.since <= wall;
        self.docket.judge(rule::OCSP_FRESH, host, !admitted || fresh, Why::StaleOcspUsed);
        fresh && wall <= good.until && good.arrived >= opening.at
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
