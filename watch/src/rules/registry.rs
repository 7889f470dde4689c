//! The register of Beheer and what is published from it, as it crosses the wire.
//!
//! A list is judged when it is served for the first time: against the register as it stood when the list
//! says that it was published. A change is made at some moment between its arrival and its answer; a list
//! of that moment may have it or not. Which versions nodes use is kept in `lists.rs`.

use std::sync::Arc;

use protocol::{
    catalogue::Gegevensdienst,
    id::{ExchangeId, HostId, NameId, ZorgaanbiederId},
    message::Response,
    register::{
        Addresses, Change, ListContent, ListKind, ListVersion, OauthClient, ParticipantKind,
        Register, Zal,
    },
    release::Terms,
    rule::{self, Rule},
    time::{Duration, Instant, WallTime},
};

use super::{
    cast::Cast,
    lists::{LATE, SLACK},
    verdict::{Docket, Why},
};
use crate::directory::Directory;

/// Changes that are remembered; a run with more is no longer judged by them.
const LIMIT: usize = 1 << 16;

#[derive(Debug)]
pub(super) struct Registry {
    directory: Arc<Directory>,
    /// As it is now.
    register: Register,
    changes: Vec<Changed>,
    /// Changes that arrived and have no answer yet.
    open: Vec<(ExchangeId, Change)>,
    /// Whether a change was left without an answer: it may have been made or not.
    unsure: bool,
    /// What was served last, per list.
    newest: [Served; 4],
}

/// A change that was made between those moments.
#[derive(Clone, Copy, Debug)]
struct Changed {
    change: Change,
    from: Instant,
    until: Instant,
}

#[derive(Debug)]
struct Served {
    list: Arc<ListVersion>,
    first: Instant,
    /// When it was published, if the clocks tell; else the earliest that it can have been.
    published: Instant,
    /// The version before it.
    before: Option<Arc<ListVersion>>,
    /// How long the stelselnode had been away by then.
    away: Duration,
}

/// What is on a list, next to what was in the register.
enum Content {
    /// That of the register at its publication.
    Current,
    /// That of the register before.
    Outdated,
    /// That of the register at no moment.
    Other,
    /// Not known: what is in the register is not.
    NotKnown,
}

impl Content {
    fn judge(self, content: Rule, updated: Rule, stelselnode: HostId, docket: &mut Docket) {
        if !matches!(self, Self::NotKnown) {
            let (other, outdated) = (matches!(self, Self::Other), matches!(self, Self::Outdated));
            docket.judge(content, stelselnode, !other, Why::NotInRegister);
            docket.judge(updated, stelselnode, !outdated, Why::ChangeMissing);
        }
    }
}

/// One answer of the stelselnode.
#[derive(Clone, Copy)]
pub(super) struct Serving {
    pub stelselnode: HostId,
    /// The calendar time that it believes in.
    pub wall: WallTime,
    pub now: Instant,
}

impl Registry {
    pub fn new(directory: Arc<Directory>) -> Self {
        let newest = directory.lists.each_ref().map(|list| Served {
            list: Arc::clone(list),
            first: Instant::START,
            published: Instant::START,
            before: None,
            away: Duration::ZERO,
        });
        Self {
            register: directory.register.clone(),
            directory,
            changes: Vec::new(),
            open: Vec::new(),
            unsure: false,
            newest,
        }
    }

    /// Whether a gateway may be taken for one that takes part: it does, or a change that is under way says so.
    pub fn takes_part(&self, node: NameId) -> bool {
        self.register.takes_part(node)
            || self.open.iter().any(|(_, change)| *change == Change::AddGateway(node))
    }

    /// The newest ZAL that was served, or that of the start.
    pub fn zal(&self) -> Option<&Zal> {
        self.newest[ListKind::Zal as usize].list.zal()
    }

    /// Whether a node may be on the Whitelist that the stelselnode itself goes by.
    pub fn has_node(&self, node: NameId, from: Instant) -> bool {
        let newest = &self.newest[ListKind::Whitelist as usize];
        // What was published since shows only once somebody fetches it; the register has it already, or had
        // it at the time.
        let left_since = |changed: &Changed| {
            changed.change == Change::RemoveGateway(node)
                && changed.until + SLACK >= newest.published
        };
        newest.list.has_node(node)
            || self.takes_part(node)
            || self.changes.iter().any(left_since)
            || newest.first + SLACK > from
                && newest.before.as_ref().is_some_and(|list| list.has_node(node))
    }

    /// A change reached the stelselnode.
    pub fn change_arrived(&mut self, exchange: ExchangeId, change: Change) {
        self.open.retain(|(known, _)| *known != exchange);
        self.open.push((exchange, change));
        if self.open.len() > LIMIT {
            self.open.clear();
            self.unsure = true;
        }
    }

    /// What became of it. Gives the gateway that joined or left.
    pub fn change_answered(
        &mut self,
        exchange: ExchangeId,
        response: &Response,
        from: Instant,
        until: Instant,
    ) -> Option<NameId> {
        let place = self.open.iter().position(|(known, _)| *known == exchange)?;
        let (_, change) = self.open.swap_remove(place);
        if !matches!(response, Response::Done) || !self.register.apply(change) {
            return None;
        }
        if self.changes.len() < LIMIT {
            self.changes.push(Changed { change, from, until });
        } else {
            self.unsure = true;
        }
        match change {
            Change::AddGateway(node) | Change::RemoveGateway(node) => Some(node),
            _ => None,
        }
    }

    /// A change will have no answer.
    pub fn changes_lost(&mut self) {
        self.unsure |= !self.open.is_empty();
        self.open.clear();
    }

    /// Whether no newer version was served before that moment.
    pub fn is_current(&self, list: &ListVersion, asked: Instant) -> bool {
        let newest = &self.newest[list.kind as usize];
        list.number >= newest.list.number || newest.first > asked
    }

    /// The stelselnode serves a version.
    pub fn served(
        &mut self,
        list: &Arc<ListVersion>,
        serving: Serving,
        cast: &Cast,
        docket: &mut Docket,
    ) {
        let newest = &self.newest[list.kind as usize];
        let is_new = list.number > newest.list.number;
        self.judge_age(list, is_new, serving, cast, docket);
        if !is_new {
            return;
        }
        let Serving { stelselnode, now, .. } = serving;
        // The lists' times are those of the stelselnode's own clock.
        let published = (!cast.clock_changed_since(stelselnode, newest.first)).then(|| {
            let age = serving.wall.as_nanos().saturating_sub(list.published.as_nanos()).max(0);
            Instant::from_nanos(now.as_nanos().saturating_sub(age as u64))
        });
        match &list.content {
            ListContent::Zal(zal) => self.judge_zal(zal, published, stelselnode, cast, docket),
            ListContent::Whitelist(nodes) => {
                self.judge_whitelist(nodes, published, stelselnode, docket);
            }
            ListContent::OauthClients(clients) => {
                self.judge_clients(clients, published, stelselnode, docket);
            }
            ListContent::Gegevensdiensten(_) => {}
        }
        let newest = &mut self.newest[list.kind as usize];
        newest.before = Some(std::mem::replace(&mut newest.list, Arc::clone(list)));
        newest.first = now;
        newest.published = published.unwrap_or(Instant::START);
        newest.away = cast.away(stelselnode, now);
    }

    /// APP 18, APP 21: no version is older than a day while it is served, nor was when the next one came.
    fn judge_age(
        &self,
        list: &ListVersion,
        is_new: bool,
        serving: Serving,
        cast: &Cast,
        docket: &mut Docket,
    ) {
        let terms = Terms::of(self.directory.release);
        let (rule, limit) = match list.kind {
            ListKind::Zal => (rule::ZAL_REFRESHED, terms.zal_refresh),
            ListKind::Whitelist => (rule::WHITELIST_REFRESHED, terms.whitelist_refresh),
            ListKind::OauthClients | ListKind::Gegevensdiensten => return,
        };
        let Serving { stelselnode, wall, now } = serving;
        let newest = &self.newest[list.kind as usize];
        if cast.clock_changed_since(stelselnode, newest.first) {
            return;
        }
        // What was in use until this version came grew as old as the time between the two. If there were others
        // between them, which nobody asked for, it is not known when.
        let is_next = is_new && list.number == newest.list.number.saturating_add(1);
        let (from, until) =
            if is_next { (newest.list.published, list.published) } else { (list.published, wall) };
        let excused = cast.away(stelselnode, now).saturating_sub(newest.away);
        let in_time = until <= from + limit + LATE + excused;
        docket.judge(rule, stelselnode, in_time, Why::ListTooOld);
    }

    fn judge_zal(
        &self,
        zal: &Zal,
        published: Option<Instant>,
        stelselnode: HostId,
        cast: &Cast,
        docket: &mut Docket,
    ) {
        let once = zal.rows().all(|(_, offers)| {
            offers.iter().enumerate().all(|(place, offer)| {
                offers[..place].iter().all(|earlier| earlier.dienst != offer.dienst)
            })
        });
        docket.judge(rule::ONE_BRON, stelselnode, once, Why::OfferedTwice);
        docket.judge(rule::ONCE_PER_PAIR, stelselnode, once, Why::OfferedTwice);
        let names: Vec<ZorgaanbiederId> =
            zal.rows().map(|(zorgaanbieder, _)| zorgaanbieder).collect();
        let unique = names.windows(2).all(|pair| pair[0] < pair[1]);
        docket.judge(rule::NAAM_UNIQUE, stelselnode, unique, Why::NameTwice);

        let is_zal_of = |register: &Register| {
            let expected = register.publish(ListKind::Zal, 0, WallTime::default());
            expected.zal().is_some_and(|expected| same_offers(expected, zal))
        };
        let content = self.compare(published, is_zal_of);
        content.judge(rule::ZAL_CONTENT, rule::ZAL_UPDATED, stelselnode, docket);
        if self.unsure {
            return;
        }
        let alive = self.states(published).any(|register| every_end_lives(&register, zal));
        docket.judge(rule::ENDS_WITH_EITHER, stelselnode, alive, Why::EndIsGone);

        for gateway in &self.register.gateways {
            let node = gateway.node;
            let takes_part = self.states(published).all(|register| register.takes_part(node));
            if gateway.kind == ParticipantKind::Dvza && takes_part {
                let host = cast.leads_to(node).unwrap_or(stelselnode);
                let offers =
                    self.states(published).any(|register| offers_something(&register, node));
                docket.judge(rule::BRON_OFFERS_SERVICE, host, offers, Why::OffersNothing);
            }
        }
    }

    fn judge_whitelist(
        &self,
        nodes: &[NameId],
        published: Option<Instant>,
        stelselnode: HostId,
        docket: &mut Docket,
    ) {
        let mut sorted = nodes.to_vec();
        sorted.sort();
        let once = sorted.windows(2).all(|pair| pair[0] < pair[1]);
        docket.judge(rule::ONCE_PER_PAIR, stelselnode, once, Why::NameTwice);
        sorted.dedup();
        let known = |node: &NameId| self.register.gateways.iter().any(|known| known.node == *node);
        let registered = sorted.iter().all(known);
        docket.judge(rule::GATEWAY_REGISTERED, stelselnode, registered, Why::NotInRegister);

        let is_list_of = |register: &Register| {
            let expected = register.publish(ListKind::Whitelist, 0, WallTime::default());
            matches!(expected.content, ListContent::Whitelist(expected) if expected == sorted)
        };
        let content = self.compare(published, is_list_of);
        content.judge(rule::WHITELIST_CONTENT, rule::WHITELIST_UPDATED, stelselnode, docket);
    }

    fn judge_clients(
        &self,
        clients: &[OauthClient],
        published: Option<Instant>,
        stelselnode: HostId,
        docket: &mut Docket,
    ) {
        let mut hosts: Vec<NameId> = clients.iter().map(|client| client.host).collect();
        hosts.sort();
        let once = hosts.windows(2).all(|pair| pair[0] < pair[1]);
        docket.judge(rule::ONCE_PER_PAIR, stelselnode, once, Why::NameTwice);
        if self.unsure {
            return;
        }
        let named = self.states(published).any(|register| {
            clients.iter().all(|client| {
                register.gateways.iter().any(|gateway| {
                    gateway.kind == ParticipantKind::Dvp
                        && gateway.node == client.host
                        && gateway.organisation == client.organisation
                })
            })
        });
        docket.judge(rule::FRIENDLY_NAME, stelselnode, named, Why::OtherFriendlyName);
    }

    /// Whether a list is that of the register as it may have been at its publication, and else whether it is
    /// that of an earlier one.
    fn compare(
        &self,
        published: Option<Instant>,
        is_list_of: impl Fn(&Register) -> bool,
    ) -> Content {
        if self.unsure {
            return Content::NotKnown;
        }
        if self.states(published).any(|register| is_list_of(&register)) {
            return Content::Current;
        }
        let mut register = self.directory.register.clone();
        let outdated = is_list_of(&register)
            || self.changes.iter().any(|Changed { change, .. }| {
                register.apply(*change);
                is_list_of(&register)
            });
        if outdated { Content::Outdated } else { Content::Other }
    }

    /// The register in every state that it may have been in at that moment; any since the last publication
    /// that was judged, if the moment is not known.
    fn states(&self, at: Option<Instant>) -> impl Iterator<Item = Register> {
        let mut register = self.directory.register.clone();
        let surely = |changed: &&Changed| at.is_some_and(|at| changed.until + SLACK < at);
        let perhaps = move |changed: &&Changed| at.is_none_or(|at| changed.from <= at + SLACK);
        let sure = self.changes.iter().take_while(surely).count();
        for Changed { change, .. } in &self.changes[..sure] {
            register.apply(*change);
        }
        let rest = self.changes[sure..].iter().take_while(perhaps).map(|changed| changed.change);
        let under_way = self.open.iter().map(|(_, change)| *change);
        std::iter::once(None).chain(rest.chain(under_way).map(Some)).map(move |change| {
            if let Some(change) = change {
                register.apply(change);
            }
            register.clone()
        })
    }
}

/// Whether two ZALs offer the same, whatever the order of their rows, offers and addresses.
fn same_offers(one: &Zal, two: &Zal) -> bool {
    one.len() == two.len()
        && one.rows().all(|(zorgaanbieder, offers)| {
            let others = two.offers(zorgaanbieder);
            offers.len() == others.len()
                && offers.iter().all(|offer| same_addresses(one, two, zorgaanbieder, offer.dienst))
        })
}

fn same_addresses(one: &Zal, two: &Zal, at: ZorgaanbiederId, dienst: Gegevensdienst) -> bool {
    // The releases spoken there are not on the lists of 1.x.
    let uris = |addresses: &Addresses| (addresses.authorization, addresses.token);
    match (one.find(at, dienst), two.find(at, dienst)) {
        (Some(one), Some(two)) => uris(one) == uris(two) && one.resources == two.resources,
        _ => false,
    }
}

/// Whether the register has an offer through that gateway. What of it is on the list is Beheer's doing.
fn offers_something(register: &Register, node: NameId) -> bool {
    register
        .listings
        .iter()
        .filter(|listing| listing.listed)
        .flat_map(|listing| &listing.offers)
        .any(|offer| {
            let addresses = register.addresses.get(offer.addresses as usize);
            addresses.is_some_and(|addresses| addresses.hosts().any(|host| host == node))
        })
}

/// Whether each offer's Zorgaanbieder and gateway take part.
fn every_end_lives(register: &Register, zal: &Zal) -> bool {
    let away: Vec<NameId> = register
        .gateways
        .iter()
        .filter(|gateway| gateway.kind == ParticipantKind::Dvza && !gateway.listed)
        .map(|gateway| gateway.node)
        .collect();
    let gone: Vec<ZorgaanbiederId> = register
        .listings
        .iter()
        .filter(|listing| !listing.listed)
        .map(|listing| listing.zorgaanbieder)
        .collect();
    zal.rows().all(|(zorgaanbieder, offers)| {
        !gone.contains(&zorgaanbieder)
            && offers.iter().all(|offer| {
                zal.addresses(offer.addresses)
                    .is_none_or(|addresses| !addresses.hosts().any(|host| away.contains(&host)))
            })
    })
}
