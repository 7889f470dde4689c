//! Changes of the register, and how they spread: published, known to each node, and what goes wrong until
//! then.
//!
//! A change is made when the stelselnode carries it out; it is published with the first version of a list
//! after that; a node knows it when it uses that version or a later one. Follows the register on a copy of
//! its own, so that it knows which lists a change shows in. Load on the stelselnode is in `lists`.

mod rows;

use std::collections::VecDeque;

use protocol::{
    id::{ConnectionId, ExchangeId, HostId, NameId},
    message::{Peer, Side},
    register::{Change, ListKind, Register},
    role::Role,
    rule::{self, Rule},
    time::Instant,
};

use super::{
    flow::{Flow, Mark},
    network::Network,
};

pub use rows::{Lags, PullLag, RegistryFigures, RegistryRow};

/// The changes of one run.
#[derive(Clone, Debug)]
pub struct Registry {
    register: Register,
    changes: Vec<Made>,
    /// Nodes that left and did not come back.
    gone: Vec<NameId>,
    /// Changes asked of the stelselnode that it has not made yet.
    asked: Vec<(ExchangeId, Change)>,
    /// Newest number of each list.
    newest: [u32; ListKind::ALL.len()],
    /// Openings of connections by gateways that joined or left, until the verdict.
    hellos: VecDeque<(ConnectionId, Side, NameId)>,
}

/// A change that was made.
#[derive(Clone, Debug)]
struct Made {
    change: Change,
    at: Instant,
    effect: Effect,
    spreads: Vec<Spread>,
}

/// What a change means to traffic.
#[derive(Clone, Debug)]
enum Effect {
    /// That node joins.
    Joins(NameId),
    /// That node leaves.
    Leaves(NameId),
    /// Offers at these places of the addresses are no longer to be had under these names.
    Moves { places: Vec<u32>, names: Vec<NameId> },
    /// Something else.
    Other,
}

/// How a change spreads with one list.
#[derive(Clone, Debug)]
struct Spread {
    list: ListKind,
    published: Option<(Instant, u32)>,
    nodes: Vec<Node>,
}

/// One node that has to know.
#[derive(Clone, Debug)]
struct Node {
    host: HostId,
    known: Option<Instant>,
    harm: Harm,
}

/// What went wrong at a node for a change. Exposure is counted before and after publication.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Harm {
    /// Flows blocked because this node did not know a newcomer yet.
    pub blocked_flows: u64,
    /// Connections with a gateway that had left, admitted by this node.
    pub exposed_handshakes: [u64; 2],
    /// Requests exchanged with a gateway that had left.
    pub exposed_exchanges: [u64; 2],
    /// Bytes exchanged with a gateway that had left.
    pub exposed_bytes: [u64; 2],
    /// Flows sent to an old address.
    pub misdirected_flows: u64,
}

impl Registry {
    /// Openings of connections that are remembered until their verdict.
    const HELLOS: usize = 4_096;

    /// The register at the start.
    pub fn new(network: &Network) -> Self {
        let directory = &network.directory;
        let mut newest = [0; ListKind::ALL.len()];
        for list in &directory.lists {
            newest[list.kind as usize] = list.number;
        }
        Self {
            register: directory.register.clone(),
            changes: Vec::new(),
            gone: Vec::new(),
            asked: Vec::new(),
            newest,
            hellos: VecDeque::new(),
        }
    }

    /// Whether nothing has changed yet, so that no event of a flow can matter here.
    pub fn is_quiet(&self) -> bool {
        self.changes.is_empty()
    }

    /// A change is asked of the stelselnode.
    pub fn change_asked(&mut self, exchange: ExchangeId, change: Change) {
        self.asked.push((exchange, change));
    }

    /// The stelselnode says that it made the change that it was asked first. Those before it that cannot
    /// be made are not what it means.
    pub fn change_noted(&mut self, now: Instant, network: &Network) {
        while !self.asked.is_empty() {
            let (_, change) = self.asked.remove(0);
            if self.make(change, now, network) {
                break;
            }
        }
    }

    /// The stelselnode answers that it made a change, or that it did not.
    pub fn change_answered(
        &mut self,
        exchange: ExchangeId,
        made: bool,
        now: Instant,
        network: &Network,
    ) {
        let Some(place) = self.asked.iter().position(|(asked, _)| *asked == exchange) else {
            return;
        };
        let (_, change) = self.asked.remove(place);
        if made {
            self.make(change, now, network);
        }
    }

    /// A version of a list was published, or is seen for the first time.
    pub fn published(&mut self, list: ListKind, number: u32, at: Instant, network: &Network) {
        if number <= self.newest[list as usize] {
            return;
        }
        self.newest[list as usize] = number;
        for made in &mut self.changes {
            for spread in made.spreads.iter_mut().filter(|spread| spread.list == list) {
                if spread.published.is_some() {
                    continue;
                }
                let at = at.max(made.at);
                spread.published = Some((at, number));
                // It publishes from the register itself, and admits by what it published.
                for node in &mut spread.nodes {
                    if network.role(node.host) == Role::Stelselnode {
                        node.known = Some(at);
                    }
                }
            }
        }
    }

    /// A node uses a version of a list from now on.
    pub fn in_use(&mut self, host: HostId, list: ListKind, number: u32, now: Instant) {
        for made in &mut self.changes {
            for spread in made.spreads.iter_mut().filter(|spread| spread.list == list) {
                if spread.published.is_none_or(|(_, published)| number < published) {
                    continue;
                }
                if let Some(node) = spread.nodes.iter_mut().find(|node| node.host == host) {
                    node.known = node.known.or(Some(now));
                }
            }
        }
    }

    /// A connection is being opened by, or to, the host with this node name.
    pub fn handshake(&mut self, connection: ConnectionId, side: Side, subject: NameId) {
        let concerned = |made: &Made| matches!(made.effect, Effect::Joins(node) | Effect::Leaves(node) if node == subject);
        if self.changes.iter().any(concerned) {
            if self.hellos.len() == Self::HELLOS {
                self.hellos.pop_front();
            }
            self.hellos.push_back((connection, side, subject));
        }
    }

    /// A host gave its verdict on a connection.
    pub fn verdict(
        &mut self,
        connection: ConnectionId,
        side: Side,
        host: HostId,
        refusal: Option<Rule>,
        admitted: bool,
        flow: Option<&mut Flow>,
    ) {
        let same = |hello: &(ConnectionId, Side, NameId)| (hello.0, hello.1) == (connection, side);
        let Some(place) = self.hellos.iter().position(same) else { return };
        let Some((.., subject)) = self.hellos.remove(place) else { return };
        if admitted {
            self.exposed(subject, host, |harm, published| harm.exposed_handshakes[published] += 1);
        } else if refusal.is_some_and(|rule| {
            rule == rule::WHITELIST_AT_HANDSHAKE || rule == rule::WHITELIST_OF_ASKED
        }) {
            self.blocked(
                flow,
                ListKind::Whitelist,
                host,
                |made, _| matches!(made.effect, Effect::Joins(node) if node == subject),
            );
        }
    }

    /// A ZA gateway told a person that it does not know the PGO.
    pub fn client_unknown(&mut self, za: HostId, pgo: NameId, flow: Option<&mut Flow>) {
        self.blocked(
            flow,
            ListKind::OauthClients,
            za,
            |made, _| matches!(made.effect, Effect::Joins(node) if node == pgo),
        );
    }

    /// A PGO told a person that it does not offer what the flow is about.
    pub fn not_offered(&mut self, pgo: HostId, flow: Option<&mut Flow>, network: &Network) {
        let Some(flow) = flow else { return };
        let (wanted, dienst) = (flow.zorgaanbieder(), flow.dienst());
        let gateway = network.directory.provider_gateway.get(wanted.index()).copied();
        self.blocked(Some(flow), ListKind::Zal, pgo, |made, register| match made.change {
            Change::AddProvider(added) => added == wanted,
            Change::AddService(number) => register
                .prepared
                .get(number as usize)
                .is_some_and(|added| added.zorgaanbieder == wanted && added.offer.dienst == dienst),
            Change::AddGateway(node) => gateway.is_some() && network.node(node) == gateway,
            _ => false,
        });
    }

    /// A message between two nodes arrives.
    pub fn arrived(
        &mut self,
        host: HostId,
        from: Peer,
        is_request: bool,
        bytes: u64,
        network: &Network,
    ) {
        let Peer::Node(sender) = from else { return };
        let count = |harm: &mut Harm, published: usize| {
            harm.exposed_exchanges[published] += u64::from(is_request);
            harm.exposed_bytes[published] += bytes;
        };
        self.exposed(sender, host, count);
        let receiver = network.directory.host(host).and_then(|entry| entry.node);
        if let (Some(receiver), Some(sender)) = (receiver, network.node(sender)) {
            self.exposed(receiver, sender, count);
        }
    }

    /// A request of a flow leaves for that name.
    pub fn asked(&mut self, to: NameId, flow: &mut Flow, network: &Network) {
        if flow.has(Mark::Misdirected) {
            return;
        }
        let Some(pgo) = network.pgos().get(usize::from(flow.pgo())).copied() else { return };
        let register = &self.register;
        for made in &mut self.changes {
            let Effect::Moves { places, names } = &made.effect else { continue };
            if !names.contains(&to) {
                continue;
            }
            let moved = offer_place(register, flow).is_some_and(|place| places.contains(&place));
            if moved && let Some(node) = made.node(ListKind::Zal, pgo) {
                node.harm.misdirected_flows += 1;
                flow.mark(Mark::Misdirected);
                return;
            }
        }
    }

    /// Makes a change on the copy of the register. `false`: it could not be made.
    fn make(&mut self, change: Change, now: Instant, network: &Network) -> bool {
        let before = self.register.clone();
        if !self.register.apply(change) {
            return false;
        }
        let effect = Effect::of(change, &before, &self.register);
        match effect {
            Effect::Joins(node) => self.gone.retain(|gone| *gone != node),
            Effect::Leaves(node) => self.gone.push(node),
            Effect::Moves { .. } | Effect::Other => {}
        }
        let spreads = ListKind::ALL
            .into_iter()
            .filter(|list| shows_in(*list, &before, &self.register))
            .map(|list| Spread { list, published: None, nodes: self.nodes(list, change, network) })
            .collect();
        self.changes.push(Made { change, at: now, effect, spreads });
        true
    }

    /// The nodes that have to know a change that shows in this list: those that use the list and take
    /// part, but for the one that the change is about.
    fn nodes(&self, list: ListKind, change: Change, network: &Network) -> Vec<Node> {
        let users: &[Role] = match list {
            ListKind::Zal => &[Role::Pgo],
            ListKind::Whitelist => &[Role::Pgo, Role::Za, Role::Stelselnode],
            ListKind::OauthClients => &[Role::Za],
            ListKind::Gegevensdiensten => &[Role::Pgo, Role::Za],
        };
        let about = match change {
            Change::AddGateway(node) | Change::RemoveGateway(node) | Change::Rename(node, _) => {
                Some(node)
            }
            _ => None,
        };
        let hosts = network.directory.hosts.iter().enumerate();
        hosts
            .filter(|(_, host)| users.contains(&host.role))
            .filter(|(_, host)| match host.node {
                Some(node) if Some(node) == about => false,
                Some(node) => host.role == Role::Stelselnode || self.register.takes_part(node),
                None => false,
            })
            .map(|(place, _)| Node {
                host: HostId(place as u32),
                known: None,
                harm: Harm::default(),
            })
            .collect()
    }

    /// Counts a flow that is blocked at `host`, once, for the first such change that `host` did not know.
    fn blocked(
        &mut self,
        flow: Option<&mut Flow>,
        list: ListKind,
        host: HostId,
        concerns: impl Fn(&Made, &Register) -> bool,
    ) {
        let Some(flow) = flow.filter(|flow| !flow.has(Mark::Blocked)) else { return };
        let register = &self.register;
        for made in self.changes.iter_mut().filter(|made| concerns(made, register)) {
            let node = made.node(list, host).filter(|node| node.known.is_none());
            if let Some(node) = node {
                node.harm.blocked_flows += 1;
                flow.mark(Mark::Blocked);
                return;
            }
        }
    }

    /// Counts at `host` what it had to do with a node that has left and not come back.
    fn exposed(&mut self, with: NameId, host: HostId, count: impl Fn(&mut Harm, usize)) {
        if !self.gone.contains(&with) {
            return;
        }
        let left = |made: &&mut Made| matches!(made.effect, Effect::Leaves(node) if node == with);
        if let Some(made) = self.changes.iter_mut().rev().find(left) {
            let spread = made.spreads.iter_mut().find(|spread| spread.list == ListKind::Whitelist);
            let Some(spread) = spread else { return };
            let published = usize::from(spread.published.is_some());
            if let Some(node) = spread.nodes.iter_mut().find(|node| node.host == host) {
                count(&mut node.harm, published);
            }
        }
    }
}

impl Made {
    fn node(&mut self, list: ListKind, host: HostId) -> Option<&mut Node> {
        let spread = self.spreads.iter_mut().find(|spread| spread.list == list)?;
        spread.nodes.iter_mut().find(|node| node.host == host)
    }
}

impl Effect {
    fn of(change: Change, before: &Register, after: &Register) -> Self {
        match change {
            Change::AddGateway(node) => Self::Joins(node),
            Change::RemoveGateway(node) => Self::Leaves(node),
            Change::MoveEndpoint(number) => {
                let moves = before.moves.get(number as usize).map_or(&[][..], Vec::as_slice);
                let places: Vec<u32> = moves.iter().map(|step| step.place).collect();
                let of = |register: &Register| -> Vec<NameId> {
                    let addresses =
                        places.iter().filter_map(|place| register.addresses.get(*place as usize));
                    addresses.flat_map(|addresses| addresses.hosts()).collect()
                };
                let now = of(after);
                let mut names: Vec<NameId> =
                    of(before).into_iter().filter(|name| !now.contains(name)).collect();
                names.sort();
                names.dedup();
                Self::Moves { places, names }
            }
            _ => Self::Other,
        }
    }
}

/// Whether two states of the register differ in what this list would hold.
fn shows_in(list: ListKind, before: &Register, after: &Register) -> bool {
    let of = |register: &Register| register.publish(list, 1, Default::default()).content;
    of(before) != of(after)
}

/// The place among the addresses of what a flow wants.
fn offer_place(register: &Register, flow: &Flow) -> Option<u32> {
    let wanted = flow.zorgaanbieder();
    // Listings usually stand in the order of their numbers.
    let listing = register
        .listings
        .get(wanted.index())
        .filter(|listing| listing.zorgaanbieder == wanted)
        .or_else(|| register.listings.iter().find(|listing| listing.zorgaanbieder == wanted))?;
    let offer = listing.offers.iter().find(|offer| offer.dienst == flow.dienst())?;
    Some(offer.addresses)
}
