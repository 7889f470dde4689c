//! The register of MedMij Beheer and the lists that are published from it: Zorgaanbiederslijst (ZAL),
//! Whitelist, OAuth client list and Gegevensdienstnamenlijst.
//!
//! The register changes at once; a list is what it was at its publication. A list is shared content with a
//! number, never copied per reader. Does not know XML (`wire`), who fetches what when (`actors`), or the
//! texts behind ids ([`crate::names::Names`]).

use std::sync::Arc;

use crate::{
    catalogue::{CATALOGUE, Gegevensdienst},
    id::{NameId, ZorgaanbiederId},
    names::OrganisationId,
    release::{Release, ReleaseSet},
    time::{Instant, WallTime},
    uri::Uri,
};

/// The lists of the network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum ListKind {
    /// Zorgaanbiederslijst.
    Zal,
    /// Whitelist.
    Whitelist,
    /// OAuth client list.
    OauthClients,
    /// Gegevensdienstnamenlijst; since release 1.1.
    Gegevensdiensten,
}

impl ListKind {
    /// Every list.
    pub const ALL: [Self; 4] =
        [Self::Zal, Self::Whitelist, Self::OauthClients, Self::Gegevensdiensten];

    /// As result files name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zal => "zal",
            Self::Whitelist => "whitelist",
            Self::OauthClients => "ocl",
            Self::Gegevensdiensten => "gnl",
        }
    }
}

/// What is published of a list at Beheer's console.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edition {
    /// The list as the register has it.
    OfRegister,
    /// The same by mistake in a form that does not fit its schema.
    Broken,
    /// The version before the current one, under its old number: a rollback (APP 19, APP 21, APP 22).
    Previous,
}

/// One published version of a list.
#[derive(Clone, PartialEq, Debug)]
pub struct ListVersion {
    /// Which list.
    pub kind: ListKind,
    /// Volgnummer.
    pub number: u32,
    /// Tijdstempel.
    pub published: WallTime,
    /// Whether it is valid against its XML schema.
    pub fits_schema: bool,
    /// What is on it.
    pub content: ListContent,
}

/// What is on a list.
#[derive(Clone, PartialEq, Debug)]
pub enum ListContent {
    /// Zorgaanbiederslijst.
    Zal(Zal),
    /// Whitelist: the node names of gateways, sorted.
    Whitelist(Vec<NameId>),
    /// OAuth client list, sorted by hostname.
    OauthClients(Vec<OauthClient>),
    /// Gegevensdienstnamenlijst.
    Gegevensdiensten(Vec<Gegevensdienst>),
}

/// One row of the OAuth client list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct OauthClient {
    /// Hostname, which is the client id.
    pub host: NameId,
    /// OAuthclientOrganisatienaam: the friendly name for the consent question.
    pub organisation: OrganisationId,
}

/// Why a receiver must not take a list into use (APP 19, APP 22).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListFault {
    /// It is not valid against its XML schema.
    Schema,
    /// It offers one Gegevensdienst of one Zorgaanbieder more than once (PI 10, PI 11).
    Twice,
    /// It has a name more than once.
    Duplicate,
    /// It has nothing on it where the reader cannot do without.
    Empty,
    /// Its content is of another list.
    OtherKind,
    /// Its number is lower than that of the one in use, and no operator asked for it (APP 21: rollback).
    Older,
}

impl ListVersion {
    /// What a receiver checks before it uses the list: the schema, and what the schema cannot check.
    pub fn check(&self) -> Result<(), ListFault> {
        if !self.fits_schema {
            return Err(ListFault::Schema);
        }
        match (&self.content, self.kind) {
            (ListContent::Zal(zal), ListKind::Zal) => zal.check(),
            (ListContent::Whitelist(nodes), ListKind::Whitelist) => {
                if nodes.is_empty() {
                    return Err(ListFault::Empty);
                }
                strictly_rising(nodes)
            }
            (ListContent::OauthClients(clients), ListKind::OauthClients) => {
                let hosts: Vec<NameId> = clients.iter().map(|client| client.host).collect();
                strictly_rising(&hosts)
            }
            (ListContent::Gegevensdiensten(diensten), ListKind::Gegevensdiensten) => {
                strictly_rising(diensten)
            }
            _ => Err(ListFault::OtherKind),
        }
    }

    /// Its size on the wire, from the number of rows and the mean size of a row in the example lists.
    pub fn bytes(&self) -> u64 {
        const HEAD: u64 = 400;
        HEAD + match &self.content {
            ListContent::Zal(zal) => zal.rows.len() as u64 * 150 + zal.offers.len() as u64 * 900,
            ListContent::Whitelist(nodes) => nodes.len() as u64 * 110,
            ListContent::OauthClients(clients) => clients.len() as u64 * 190,
            ListContent::Gegevensdiensten(diensten) => diensten.len() as u64 * 160,
        }
    }

    /// The ZAL, if it is one.
    pub fn zal(&self) -> Option<&Zal> {
        match &self.content {
            ListContent::Zal(zal) => Some(zal),
            _ => None,
        }
    }

    /// Whether a Whitelist has this node; `false` for other lists.
    pub fn has_node(&self, node: NameId) -> bool {
        matches!(&self.content, ListContent::Whitelist(nodes) if nodes.binary_search(&node).is_ok())
    }

    /// The row of a client, if this is the OAuth client list and has it.
    pub fn client(&self, host: NameId) -> Option<OauthClient> {
        match &self.content {
            ListContent::OauthClients(clients) => clients
                .binary_search_by_key(&host, |client| client.host)
                .ok()
                .map(|place| clients[place]),
            _ => None,
        }
    }
}

fn strictly_rising<T: PartialOrd>(items: &[T]) -> Result<(), ListFault> {
    if items.windows(2).all(|pair| pair[0] < pair[1]) { Ok(()) } else { Err(ListFault::Duplicate) }
}

/// Zorgaanbiederslijst: who offers which service, and where.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Zal {
    rows: Vec<ZalRow>,
    offers: Vec<Offer>,
    addresses: Arc<[Addresses]>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct ZalRow {
    zorgaanbieder: ZorgaanbiederId,
    first: u32,
}

/// One Gegevensdienst that one Zorgaanbieder offers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Offer {
    /// What.
    pub dienst: Gegevensdienst,
    /// Through which gateway and where: a place among the addresses.
    pub addresses: u32,
}

/// The endpoints of one offer. Many offers share them.
#[derive(Clone, PartialEq, Debug)]
pub struct Addresses {
    /// The releases spoken there.
    pub releases: ReleaseSet,
    /// AuthorizationEndpointuri.
    pub authorization: Uri,
    /// TokenEndpointuri.
    pub token: Uri,
    /// ResourceEndpointuri per Systeemrol, in the order of the catalogue's roles.
    pub resources: Vec<Uri>,
}

impl Addresses {
    /// Where the `call`-th query of a service goes: queries are spread over the Systeemrollen in order, the
    /// last role taking what is left.
    pub fn resource(&self, call: u8) -> Option<Uri> {
        self.resources.get(usize::from(call)).or(self.resources.last()).copied()
    }

    /// Every hostname that an offer with these endpoints depends on, some perhaps more than once.
    pub fn hosts(&self) -> impl Iterator<Item = NameId> {
        [self.authorization, self.token]
            .into_iter()
            .chain(self.resources.iter().copied())
            .map(|uri| uri.host)
    }
}

impl Zal {
    /// A ZAL of these rows, which are sorted here.
    pub fn new(
        mut rows: Vec<(ZorgaanbiederId, Vec<Offer>)>,
        addresses: impl Into<Arc<[Addresses]>>,
    ) -> Self {
        rows.sort_by_key(|(zorgaanbieder, _)| *zorgaanbieder);
        let mut zal = Self { addresses: addresses.into(), ..Self::default() };
        for (zorgaanbieder, offers) in rows {
            zal.rows.push(ZalRow { zorgaanbieder, first: zal.offers.len() as u32 });
            zal.offers.extend(offers);
        }
        zal
    }

    /// What a Zorgaanbieder offers; empty if it is not on the list.
    pub fn offers(&self, zorgaanbieder: ZorgaanbiederId) -> &[Offer] {
        // The rows of a whole national list are numbered without gaps: then the place is the number.
        let place = match self.rows.get(zorgaanbieder.index()) {
            Some(row) if row.zorgaanbieder == zorgaanbieder => zorgaanbieder.index(),
            _ => match self.rows.binary_search_by_key(&zorgaanbieder, |row| row.zorgaanbieder) {
                Ok(place) => place,
                Err(_) => return &[],
            },
        };
        self.row(place)
    }

    /// Where a service of a Zorgaanbieder is to be had.
    pub fn find(
        &self,
        zorgaanbieder: ZorgaanbiederId,
        dienst: Gegevensdienst,
    ) -> Option<&Addresses> {
        let offer = self.offers(zorgaanbieder).iter().find(|offer| offer.dienst == dienst)?;
        self.addresses.get(offer.addresses as usize)
    }

    /// Every Zorgaanbieder with its offers, in order.
    pub fn rows(&self) -> impl Iterator<Item = (ZorgaanbiederId, &[Offer])> {
        (0..self.rows.len()).map(|place| (self.rows[place].zorgaanbieder, self.row(place)))
    }

    /// How many Zorgaanbieders are on it.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nobody is on it.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The endpoints at that place.
    pub fn addresses(&self, place: u32) -> Option<&Addresses> {
        self.addresses.get(place as usize)
    }

    fn row(&self, place: usize) -> &[Offer] {
        let end = self.rows.get(place + 1).map_or(self.offers.len(), |next| next.first as usize);
        &self.offers[self.rows[place].first as usize..end]
    }

    fn check(&self) -> Result<(), ListFault> {
        if self.is_empty() {
            return Err(ListFault::Empty);
        }
        if self.rows.windows(2).any(|pair| pair[0].zorgaanbieder >= pair[1].zorgaanbieder) {
            return Err(ListFault::Duplicate);
        }
        for place in 0..self.rows.len() {
            let mut seen = 0u64;
            for offer in self.row(place) {
                let bit = 1u64 << (offer.dienst.0 & 63);
                if seen & bit != 0 {
                    return Err(ListFault::Twice);
                }
                seen |= bit;
                if offer.addresses as usize >= self.addresses.len() {
                    return Err(ListFault::Schema);
                }
            }
        }
        Ok(())
    }
}

/// What participates on which side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParticipantKind {
    /// Dienstverlener persoon: runs a PGO GW.
    Dvp,
    /// Dienstverlener zorgaanbieder: runs a ZA GW.
    Dvza,
}

/// A gateway in the register.
#[derive(Clone, PartialEq, Debug)]
pub struct Gateway {
    /// Its node name: the subject of its certificate, and what the Whitelist holds.
    pub node: NameId,
    /// The participant that runs it.
    pub organisation: OrganisationId,
    /// What kind of participant.
    pub kind: ParticipantKind,
    /// Whether it takes part now.
    pub listed: bool,
}

/// A Zorgaanbieder in the register.
#[derive(Clone, PartialEq, Debug)]
pub struct Listing {
    /// The Zorgaanbieder.
    pub zorgaanbieder: ZorgaanbiederId,
    /// Whether it is offered now.
    pub listed: bool,
    /// What it offers, through which place of the register's addresses. An offer that is not listed yet is
    /// kept among [`Register::prepared`].
    pub offers: Vec<Offer>,
}

/// A service that a Zorgaanbieder is ready to offer, but does not yet.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PreparedOffer {
    /// At whom.
    pub zorgaanbieder: ZorgaanbiederId,
    /// What, and through which addresses.
    pub offer: Offer,
}

/// Other addresses that are ready to take the place of some.
#[derive(Clone, PartialEq, Debug)]
pub struct PreparedMove {
    /// The place among the register's addresses.
    pub place: u32,
    /// What will stand there.
    pub addresses: Addresses,
}

/// What MedMij Beheer knows: participants, gateways, Zorgaanbieders and what they offer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Register {
    /// Gateways of both kinds.
    pub gateways: Vec<Gateway>,
    /// Zorgaanbieders.
    pub listings: Vec<Listing>,
    /// Endpoints; offers point into these.
    pub addresses: Vec<Addresses>,
    /// Moves of endpoints that can still come, by number.
    pub moves: Vec<Vec<PreparedMove>>,
    /// Offers that can still come, by number.
    pub prepared: Vec<PreparedOffer>,
}

/// A change of the register, as Beheer makes it at its console.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// A gateway joins.
    AddGateway(NameId),
    /// A gateway leaves or is removed; what it offered goes with it.
    RemoveGateway(NameId),
    /// The endpoints of a gateway move: that prepared move is made.
    MoveEndpoint(u32),
    /// A Zorgaanbieder is added.
    AddProvider(ZorgaanbiederId),
    /// A Zorgaanbieder is withdrawn.
    RemoveProvider(ZorgaanbiederId),
    /// A Zorgaanbieder offers one service more: that prepared offer is made.
    AddService(u32),
    /// The friendly name of a participant changes.
    Rename(NameId, OrganisationId),
    /// The gateways behind these addresses speak one release more.
    EnableRelease(u32, Release),
}

impl Register {
    /// Makes a change. `false`: it names what the register does not have, and nothing changed.
    pub fn apply(&mut self, change: Change) -> bool {
        match change {
            Change::AddGateway(node) => self.list_gateway(node, true),
            Change::RemoveGateway(node) => self.list_gateway(node, false),
            Change::MoveEndpoint(number) => {
                let Some(moves) = self.moves.get(number as usize).cloned() else { return false };
                for PreparedMove { place, addresses } in moves {
                    self.addresses[place as usize] = addresses;
                }
                true
            }
            Change::AddProvider(zorgaanbieder) => self.list_provider(zorgaanbieder, true),
            Change::RemoveProvider(zorgaanbieder) => self.list_provider(zorgaanbieder, false),
            Change::AddService(number) => {
                let Some(prepared) = self.prepared.get(number as usize).copied() else {
                    return false;
                };
                let Some(listing) = self.listing(prepared.zorgaanbieder) else { return false };
                // At most one Bron per Zorgaanbieder and Gegevensdienst (PI 11).
                if listing.offers.iter().any(|offer| offer.dienst == prepared.offer.dienst) {
                    return false;
                }
                listing.offers.push(prepared.offer);
                true
            }
            Change::Rename(node, organisation) => match self.gateway(node) {
                Some(gateway) => {
                    gateway.organisation = organisation;
                    true
                }
                None => false,
            },
            Change::EnableRelease(place, release) => match self.addresses.get_mut(place as usize) {
                Some(addresses) => {
                    addresses.releases = addresses.releases.with(release);
                    true
                }
                None => false,
            },
        }
    }

    /// The list as the register has it now.
    pub fn publish(&self, kind: ListKind, number: u32, published: WallTime) -> ListVersion {
        let content = match kind {
            ListKind::Zal => ListContent::Zal(self.zal()),
            ListKind::Whitelist => {
                let mut nodes: Vec<NameId> = self.listed().map(|gateway| gateway.node).collect();
                nodes.sort();
                ListContent::Whitelist(nodes)
            }
            ListKind::OauthClients => {
                let mut clients: Vec<OauthClient> = self
                    .listed()
                    .filter(|gateway| gateway.kind == ParticipantKind::Dvp)
                    .map(|gateway| OauthClient {
                        host: gateway.node,
                        organisation: gateway.organisation,
                    })
                    .collect();
                clients.sort();
                ListContent::OauthClients(clients)
            }
            ListKind::Gegevensdiensten => ListContent::Gegevensdiensten(
                (0..CATALOGUE.len() as u8).map(Gegevensdienst).collect(),
            ),
        };
        ListVersion { kind, number, published, fits_schema: true, content }
    }

    /// Every list as it is known to all at the start of a run (semantics 10), with number 1.
    pub fn publish_all(&self) -> [Arc<ListVersion>; 4] {
        let published = WallTime::exact(Instant::START);
        ListKind::ALL.map(|kind| Arc::new(self.publish(kind, 1, published)))
    }

    /// Whether a gateway with this node name takes part now.
    pub fn takes_part(&self, node: NameId) -> bool {
        self.listed().any(|gateway| gateway.node == node)
    }

    fn listed(&self) -> impl Iterator<Item = &Gateway> {
        self.gateways.iter().filter(|gateway| gateway.listed)
    }

    fn zal(&self) -> Zal {
        let away: Vec<NameId> = self
            .gateways
            .iter()
            .filter(|gateway| gateway.kind == ParticipantKind::Dvza && !gateway.listed)
            .map(|gateway| gateway.node)
            .collect();
        let served = |offer: &Offer| {
            self.addresses
                .get(offer.addresses as usize)
                .is_some_and(|addresses| !addresses.hosts().any(|host| away.contains(&host)))
        };
        let rows = self
            .listings
            .iter()
            .filter(|listing| listing.listed)
            .map(|listing| {
                let offers = listing.offers.iter().filter(|offer| served(offer)).copied().collect();
                (listing.zorgaanbieder, offers)
            })
            .filter(|(_, offers): &(_, Vec<Offer>)| !offers.is_empty())
            .collect();
        Zal::new(rows, self.addresses.clone())
    }

    fn gateway(&mut self, node: NameId) -> Option<&mut Gateway> {
        self.gateways.iter_mut().find(|gateway| gateway.node == node)
    }

    fn listing(&mut self, zorgaanbieder: ZorgaanbiederId) -> Option<&mut Listing> {
        self.listings.iter_mut().find(|listing| listing.zorgaanbieder == zorgaanbieder)
    }

    fn list_gateway(&mut self, node: NameId, listed: bool) -> bool {
        match self.gateway(node) {
            Some(gateway) => {
                gateway.listed = listed;
                true
            }
            None => false,
        }
    }

    fn list_provider(&mut self, zorgaanbieder: ZorgaanbiederId, listed: bool) -> bool {
        match self.listing(zorgaanbieder) {
            Some(listing) => {
                listing.listed = listed;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rule, rule::covers, uri::UriFlags};

    const GP: ZorgaanbiederId = ZorgaanbiederId(0);
    const HOSPITAL: ZorgaanbiederId = ZorgaanbiederId(1);
    const PGO: NameId = NameId(1);
    const GATEWAY: NameId = NameId(2);
    const OTHER: NameId = NameId(3);

    fn uri(place: u32, host: NameId) -> Uri {
        let flags = UriFlags { https: true, full: true, ..UriFlags::default() };
        Uri::new(place, host, flags)
    }

    fn addresses(host: NameId) -> Addresses {
        Addresses {
            releases: ReleaseSet::only(Release::R1_0),
            authorization: uri(host.0 * 3, host),
            token: uri(host.0 * 3 + 1, host),
            resources: vec![uri(host.0 * 3 + 2, host)],
        }
    }

    fn register() -> Register {
        let gateway =
            |node, kind| Gateway { node, organisation: OrganisationId(node.0), kind, listed: true };
        let lab = Offer { dienst: Gegevensdienst(3), addresses: 0 };
        Register {
            gateways: vec![
                gateway(PGO, ParticipantKind::Dvp),
                gateway(GATEWAY, ParticipantKind::Dvza),
                gateway(OTHER, ParticipantKind::Dvza),
            ],
            listings: vec![
                Listing { zorgaanbieder: GP, listed: true, offers: vec![lab] },
                Listing {
                    zorgaanbieder: HOSPITAL,
                    listed: true,
                    offers: vec![Offer { addresses: 1, ..lab }],
                },
            ],
            addresses: vec![addresses(GATEWAY), addresses(OTHER)],
            moves: vec![vec![PreparedMove { place: 0, addresses: addresses(OTHER) }]],
            prepared: vec![
                PreparedOffer {
                    zorgaanbieder: GP,
                    offer: Offer { dienst: Gegevensdienst(5), addresses: 0 },
                },
                PreparedOffer { zorgaanbieder: GP, offer: lab },
            ],
        }
    }

    fn zal(register: &Register) -> ListVersion {
        register.publish(ListKind::Zal, 2, WallTime::default())
    }

    #[test]
    fn a_gateway_that_leaves_takes_its_offers_along() {
        covers(&[rule::ZAL_UPDATED, rule::WHITELIST_UPDATED]);
        let mut register = register();
        assert!(register.apply(Change::RemoveGateway(GATEWAY)));
        let list = zal(&register);
        assert!(list.zal().unwrap().offers(GP).is_empty());
        assert_eq!(list.zal().unwrap().offers(HOSPITAL).len(), 1);
        let whitelist = register.publish(ListKind::Whitelist, 2, WallTime::default());
        assert!(!whitelist.has_node(GATEWAY));
        assert!(whitelist.has_node(OTHER) && whitelist.has_node(PGO));
        assert!(register.apply(Change::AddGateway(GATEWAY)));
        assert_eq!(zal(&register).zal().unwrap().offers(GP).len(), 1);
    }

    #[test]
    fn every_other_change_shows_in_the_next_list() {
        let mut register = register();
        assert!(register.apply(Change::MoveEndpoint(0)));
        assert_eq!(
            zal(&register).zal().unwrap().find(GP, Gegevensdienst(3)).unwrap().token.host,
            OTHER
        );
        assert!(register.apply(Change::AddService(0)));
        assert_eq!(zal(&register).zal().unwrap().offers(GP).len(), 2);
        assert!(register.apply(Change::RemoveProvider(GP)));
        assert_eq!(zal(&register).zal().unwrap().len(), 1);
        assert!(register.apply(Change::Rename(PGO, OrganisationId(77))));
        let clients = register.publish(ListKind::OauthClients, 2, WallTime::default());
        assert_eq!(clients.client(PGO).unwrap().organisation, OrganisationId(77));
        assert_eq!(clients.client(GATEWAY), None, "a ZA GW is no OAuth client");
        assert!(register.apply(Change::EnableRelease(1, Release::R1_1)));
        let list = zal(&register);
        assert!(
            list.zal()
                .unwrap()
                .find(HOSPITAL, Gegevensdienst(3))
                .unwrap()
                .releases
                .has(Release::R1_1)
        );
    }

    #[test]
    fn a_change_that_names_what_is_not_there_changes_nothing() {
        let mut changed = register();
        for change in [
            Change::AddGateway(NameId(99)),
            Change::MoveEndpoint(9),
            Change::AddProvider(ZorgaanbiederId(99)),
            Change::AddService(9),
            Change::EnableRelease(9, Release::R1_1),
        ] {
            assert!(!changed.apply(change), "{change:?}");
        }
        assert_eq!(changed, register());
    }

    #[test]
    fn a_second_bron_for_the_same_service_is_refused() {
        covers(&[rule::ONE_BRON]);
        assert!(!register().apply(Change::AddService(1)));
    }

    #[test]
    fn a_receiver_finds_what_is_wrong_with_a_list() {
        covers(&[rule::ZAL_VALIDATED, rule::WHITELIST_VALIDATED]);
        let register = register();
        for list in register.publish_all() {
            assert_eq!(list.check(), Ok(()), "{:?}", list.kind);
        }
        let whitelist = |nodes| ListVersion {
            content: ListContent::Whitelist(nodes),
            ..register.publish(ListKind::Whitelist, 2, WallTime::default())
        };
        assert_eq!(whitelist(vec![PGO, PGO]).check(), Err(ListFault::Duplicate));
        assert_eq!(whitelist(vec![]).check(), Err(ListFault::Empty));
        assert_eq!(
            ListVersion { fits_schema: false, ..zal(&register) }.check(),
            Err(ListFault::Schema)
        );
        assert_eq!(
            ListVersion { kind: ListKind::Whitelist, ..zal(&register) }.check(),
            Err(ListFault::OtherKind)
        );
        let offer = Offer { dienst: Gegevensdienst(3), addresses: 0 };
        let twice = Zal::new(vec![(GP, vec![offer, offer])], [addresses(GATEWAY)]);
        assert_eq!(
            ListVersion { content: ListContent::Zal(twice), ..zal(&register) }.check(),
            Err(ListFault::Twice)
        );
    }
}
