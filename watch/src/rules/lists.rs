//! Lists at the nodes: which versions each may be using, and whether it asks for new ones in time.
//!
//! A version is in use once its node handled the answer that brought it, which is later than its arrival and
//! cannot be seen. So a node is judged by every version that it may have been using. What the lists must hold
//! is judged where they are served (`registry.rs`).

use std::sync::Arc;

use protocol::{
    id::{ExchangeId, HostId, NameId},
    message::{Peer, Response},
    register::{ListKind, ListVersion},
    release::Terms,
    role::Role,
    rule,
    time::{Duration, Instant},
};

use super::{
    Checkers,
    cast::Cast,
    exchanges::{Answer, Exchange},
    registry::Serving,
    verdict::{Docket, Why},
};
use crate::directory::Directory;

/// Two jobs of one host may change places by no more than this: the twin decodes before it locks. List
/// times on the wire are whole seconds, which is within it too.
pub(super) const SLACK: Duration = Duration::from_secs(2);

/// How late a deadline of an hour or more may be met: work that a timer names waits in its host's queue,
/// a request that is under way is not made again, and a timer of the twin fires when it can.
pub(super) const LATE: Duration = Duration::from_secs(120);

/// Versions that are kept per node and list, of those that were found valid and of those that were not.
const KEPT: usize = 4;

#[derive(Debug)]
pub(super) struct Lists {
    /// Per host its place among the nodes.
    places: Vec<Option<u16>>,
    nodes: Vec<Node>,
    /// APP 21: how often a gateway asks for the Whitelist.
    pull: Duration,
    /// Whether the version that was looked at last is valid, per list: nodes share versions.
    checked: [Option<(Arc<ListVersion>, bool)>; 4],
}

#[derive(Debug, Default)]
struct Node {
    valid: [Vec<Delivered>; 4],
    invalid: [Vec<Delivered>; 4],
    /// Since when it holds a version again, after a crash made it forget all: none if it never did.
    regained: [Option<Instant>; 4],
    /// Since when it owes the next request for the Whitelist, and how long it had been away by then.
    due_since: Option<(Instant, Duration)>,
}

#[derive(Debug)]
struct Delivered {
    list: Arc<ListVersion>,
    arrived: Instant,
    /// Whether every version before it has a lower number: then it replaces them. An older one that an
    /// operator went back to does so for as long as that operator says.
    replaces: bool,
}

impl Lists {
    pub fn new(directory: &Directory) -> Self {
        let mut lists = Self {
            places: Vec::new(),
            nodes: Vec::new(),
            pull: Terms::of(directory.release).whitelist_pull,
            checked: Default::default(),
        };
        for host in &directory.hosts {
            let is_node = matches!(host.role, Role::Pgo | Role::Za | Role::Stelselnode);
            lists.places.push(is_node.then_some(lists.nodes.len() as u16));
            if is_node {
                let takes_part = host.node.is_some_and(|node| directory.register.takes_part(node));
                let gateway = matches!(host.role, Role::Pgo | Role::Za);
                let due_since = (gateway && takes_part).then_some((Instant::START, Duration::ZERO));
                lists.nodes.push(Node { due_since, ..Node::default() });
            }
        }
        // At the start everybody knows the lists of the start (semantics 10).
        for place in 0..lists.places.len() {
            for list in &directory.lists {
                lists.delivered(HostId(place as u32), list, Instant::START);
            }
        }
        lists
    }

    fn node(&self, host: HostId) -> Option<&Node> {
        if host.is_visitor() {
            return None;
        }
        self.nodes.get(usize::from((*self.places.get(host.place())?)?))
    }

    fn node_mut(&mut self, host: HostId) -> Option<&mut Node> {
        if host.is_visitor() {
            return None;
        }
        self.nodes.get_mut(usize::from((*self.places.get(host.place())?)?))
    }

    /// A version reached a node.
    pub fn delivered(&mut self, host: HostId, list: &Arc<ListVersion>, now: Instant) {
        let kind = list.kind as usize;
        if self.node(host).is_none() {
            return;
        }
        let valid = self.is_valid(list);
        let Some(node) = self.node_mut(host) else { return };
        if let Some(regained) = node.regained[kind].as_mut().filter(|_| valid) {
            *regained = now.min(*regained);
        }
        let known = if valid { &mut node.valid[kind] } else { &mut node.invalid[kind] };
        if known.iter().any(|known| Arc::ptr_eq(&known.list, list) || known.list == *list) {
            return;
        }
        let replaces = known.iter().all(|known| known.list.number < list.number);
        known.insert(0, Delivered { list: Arc::clone(list), arrived: now, replaces });
        known.truncate(KEPT);
    }

    fn is_valid(&mut self, list: &Arc<ListVersion>) -> bool {
        let checked = &mut self.checked[list.kind as usize];
        match checked {
            Some((known, valid)) if Arc::ptr_eq(known, list) => *valid,
            _ => {
                let valid = list.check().is_ok();
                *checked = Some((Arc::clone(list), valid));
                valid
            }
        }
    }

    /// The valid versions that a node may have been using at some moment from `from` until now, newest
    /// first.
    pub fn possible(
        &self,
        host: HostId,
        kind: ListKind,
        from: Instant,
    ) -> impl Iterator<Item = &ListVersion> {
        let mut settled = false;
        self.kept(host, kind)
            .take_while(move |known| {
                let may_be_used = !settled;
                settled |= known.replaces && known.arrived + SLACK <= from;
                may_be_used
            })
            .map(|known| &*known.list)
    }

    /// The valid versions that a node was given lately, used or not.
    pub fn lately(&self, host: HostId, kind: ListKind) -> impl Iterator<Item = &ListVersion> {
        self.kept(host, kind).map(|known| &*known.list)
    }

    /// Whether a node surely had a version in use from that moment on: a crash makes it forget all.
    pub fn surely_holds(&self, host: HostId, kind: ListKind, from: Instant) -> bool {
        self.node(host).is_some_and(|node| {
            node.regained[kind as usize]
                .is_none_or(|since| since != Instant::NEVER && since + SLACK <= from)
        })
    }

    /// A host forgot everything that is not durable.
    pub fn crashed(&mut self, host: HostId) {
        if let Some(node) = self.node_mut(host) {
            node.regained = [Some(Instant::NEVER); 4];
        }
    }

    /// The versions that a node was given lately and must not use.
    pub fn invalid(&self, host: HostId, kind: ListKind) -> impl Iterator<Item = &ListVersion> {
        let node = self.node(host);
        node.into_iter()
            .flat_map(move |node| &node.invalid[kind as usize])
            .map(|known| &*known.list)
    }

    fn kept(&self, host: HostId, kind: ListKind) -> impl Iterator<Item = &Delivered> {
        self.node(host).into_iter().flat_map(move |node| &node.valid[kind as usize])
    }

    /// Whether a client is on every OAuth client list that the node may have been using since `from`, and
    /// whether it is on any.
    pub fn knows_client(&self, host: HostId, client: NameId, from: Instant) -> (bool, bool) {
        let sure = self.surely_holds(host, ListKind::OauthClients, from);
        self.possible(host, ListKind::OauthClients, from).fold((sure, false), |(all, any), list| {
            let there = list.client(client).is_some();
            (all && there, any || there)
        })
    }

    /// A gateway joins or leaves: from now on it owes requests for the Whitelist, or no more.
    pub fn takes_part(&mut self, host: HostId, so: bool, cast: &Cast, now: Instant) {
        if !matches!(cast.role(host), Role::Pgo | Role::Za) {
            return;
        }
        if let Some(node) = self.node_mut(host) {
            let since = node.due_since.unwrap_or((now, cast.away(host, now)));
            node.due_since = so.then_some(since);
        }
    }

    /// APP 21: whether a gateway asks for the Whitelist in time. It asked now, or the run ends.
    fn judge_pull(
        &mut self,
        host: HostId,
        asked: bool,
        cast: &Cast,
        docket: &mut Docket,
        now: Instant,
    ) {
        let (away, limit) = (cast.away(host, now), self.pull + LATE);
        let Some(node) = self.node_mut(host) else { return };
        let Some((since, was_away)) = node.due_since else { return };
        let in_time = now.since(since) <= limit + away.saturating_sub(was_away);
        if asked {
            node.due_since = Some((now, away));
        }
        // At the end a request that is not due yet shows nothing.
        if asked || !in_time {
            docket.judge(rule::WHITELIST_PULLED, host, in_time, Why::NotAskedInTime);
        }
    }
}

/// Whoever asks for a list showed a certificate.
const NODE: u16 = 1;

/// What the exchanges with the stelselnode show.
impl Checkers {
    /// A request for a list reaches the stelselnode.
    pub(super) fn list_is_asked(&mut self, exchange: ExchangeId, kind: ListKind, from: Peer) {
        if let Some(open) = self.exchanges.get_mut(exchange) {
            open.small = kind as u8;
            open.mark(NODE, matches!(from, Peer::Node(_)));
        }
    }

    /// A node asks for a list.
    pub(super) fn asks_list(&mut self, node: HostId, stelselnode: Option<HostId>, kind: ListKind) {
        let there = stelselnode.is_some_and(|host| self.cast.role(host) == Role::Stelselnode);
        match (kind, self.cast.role(node)) {
            (ListKind::Whitelist, Role::Pgo | Role::Za) => {
                self.docket.judge(rule::WHITELIST_BY_UCI, node, there, Why::AskedElsewhere);
                self.docket.judge(rule::UCI_WHITELIST, node, there, Why::AskedElsewhere);
                self.lists.judge_pull(node, true, &self.cast, &mut self.docket, self.now);
            }
            (ListKind::Zal, Role::Pgo) => {
                self.docket.judge(rule::UCI_ZAL, node, there, Why::AskedElsewhere);
            }
            _ => {}
        }
    }

    /// The stelselnode answers a node that asked for a list.
    pub(super) fn answers_list(&mut self, answer: &Answer<'_>) {
        let Answer { from: stelselnode, exchange, response, asked, wall, .. } = *answer;
        let Some(open) = self.exchanges.get_mut(exchange) else { return };
        let Some(kind) = ListKind::ALL.get(usize::from(open.small)).copied() else { return };
        let counted = open.has(Exchange::OVER);
        open.marks |= Exchange::OVER;
        // Who shows no certificate gets no list.
        let node = open.has(NODE);
        let served = matches!(response, Response::List(list) if list.kind == kind);
        if !counted && node {
            self.docket.judge(rule::NORM_LISTS, stelselnode, served, Why::ListNotServed);
        }
        let (by_uci, may_be_had) = match kind {
            ListKind::Zal => (Some(rule::UCI_ZAL), Some(rule::ZAL_SERVED)),
            ListKind::Whitelist => (Some(rule::UCI_WHITELIST), Some(rule::WHITELIST_SERVED)),
            ListKind::OauthClients | ListKind::Gegevensdiensten => (None, None),
        };
        // Lack of capacity is measured (`NORM_LISTS`), it is no refusal.
        if !node {
            return;
        }
        if let Some(rule) = may_be_had.filter(|_| !matches!(response, Response::Unavailable)) {
            self.docket.judge(rule, stelselnode, served, Why::ListNotServed);
        }
        let Response::List(list) = response else { return };
        if let Some(rule) = by_uci {
            let current = self.registry.is_current(list, asked);
            self.docket.judge(rule, stelselnode, served && current, Why::OldVersionServed);
        }
        if served {
            let serving = Serving { stelselnode, wall, now: self.now };
            self.registry.served(list, serving, &self.cast, &mut self.docket);
        }
    }

    /// A request for a list got no answer.
    pub(super) fn list_failed(&mut self, stelselnode: Option<HostId>, exchange: ExchangeId) {
        let Some(open) = self.exchanges.get_mut(exchange) else { return };
        if !open.has(Exchange::OVER) {
            open.marks |= Exchange::OVER;
            let host = stelselnode.unwrap_or(open.server);
            self.docket.judge(rule::NORM_LISTS, host, false, Why::ListNotServed);
        }
    }

    /// The run is over: what was still due, and late.
    pub(super) fn judge_pulls_due(&mut self) {
        for place in 0..self.cast.count() {
            let host = HostId(place as u32);
            self.lists.judge_pull(host, false, &self.cast, &mut self.docket, self.now);
        }
    }
}
