//! Between the documents of lists and the values that the network works with ([`ListVersion`]).
//!
//! A document says what a list says, letter by letter; a version knows only what this program can act on. So the
//! way there may leave something out, and tells what ([`LeftOut`]); the way back gives what the catalogue has
//! for it. Judges nothing: whether a document fits a schema was asked when it was read or will be when it is
//! written, and whether a version is of use is asked by its receiver.

use std::{collections::BTreeMap, fmt};

use protocol::{
    catalogue::{self, Service},
    id::{NameId, ZorgaanbiederId},
    names::Names,
    register::{self, Addresses, ListContent, ListVersion, Offer, Zal},
    release::{Release, ReleaseSet},
    uri::Uri,
};

use super::{
    document::{
        Aanbiedertype, Gegevensdienst, GegevensdienstenDocument, Gegevensdienstnaam, Header,
        Interfaceversie, ListDocument, ListFormat, OauthClient, OauthClientsDocument, Offers,
        Systeemrol, WhitelistDocument, ZalDocument, Zorgaanbieder,
    },
    timestamp::Timestamp,
};

/// What lists do not say themselves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assumed {
    /// The moment at which the calendar of the run begins.
    pub epoch: Timestamp,
    /// The releases that are spoken at an address whose list does not say, or says one that this program does
    /// not run.
    pub releases: ReleaseSet,
}

/// What of a document is not in the version that was made of it, with how often it stood there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LeftOut {
    /// Offers of Gegevensdiensten that are not in the catalogue, by GegevensdienstId.
    pub gegevensdiensten: BTreeMap<String, usize>,
    /// Systeemrolcodes that the catalogue does not have for their Gegevensdienst. Their endpoints are kept.
    pub systeemrolcodes: BTreeMap<String, usize>,
    /// Interfaceversies of releases that this program does not run. Their offers are kept as of the assumed ones.
    pub interfaceversies: BTreeMap<String, usize>,
    /// Offers that stood in another Interfaceversie too, with other endpoints: those of the newest are kept.
    pub older_endpoints: usize,
    /// Offers that one can subscribe to. They are kept, without that.
    pub abonneren: usize,
    /// Zorgaanbieders of whose offers nothing was left.
    pub zorgaanbieders: usize,
}

impl LeftOut {
    /// Whether all that the document says is in the version.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for LeftOut {
    /// A line for each kind of thing, none for what did not occur.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by_id = |f: &mut fmt::Formatter<'_>, what: &str, ids: &BTreeMap<String, usize>| {
            if ids.is_empty() {
                return Ok(());
            }
            let all: Vec<String> =
                ids.iter().map(|(id, count)| format!("{id} ({count})")).collect();
            writeln!(f, "{what}: {}", all.join(", "))
        };
        by_id(f, "offers of unknown Gegevensdiensten, left out", &self.gegevensdiensten)?;
        by_id(f, "unknown Systeemrolcodes, endpoints kept", &self.systeemrolcodes)?;
        by_id(f, "unknown Interfaceversies, offers kept", &self.interfaceversies)?;
        for (what, count) in [
            (
                "offers with other endpoints in an older Interfaceversie, left out",
                self.older_endpoints,
            ),
            ("offers that one can subscribe to, kept without that", self.abonneren),
            ("Zorgaanbieders without any known offer, left out", self.zorgaanbieders),
        ] {
            if count > 0 {
                writeln!(f, "{what}: {count}")?;
            }
        }
        Ok(())
    }
}

/// The values of a list. Texts that `names` does not know yet are added to it.
pub fn to_version(
    document: &ListDocument,
    assumed: &Assumed,
    names: &mut Names,
) -> (ListVersion, LeftOut) {
    let mut left_out = LeftOut::default();
    let content = match document {
        ListDocument::Zal(zal) => {
            let mut builder = ZalBuilder { assumed, names, addresses: Shared::default() };
            ListContent::Zal(builder.build(zal, &mut left_out))
        }
        ListDocument::Whitelist(whitelist) => {
            let mut nodes: Vec<NameId> =
                whitelist.nodes.iter().map(|node| names.host(node)).collect();
            nodes.sort();
            ListContent::Whitelist(nodes)
        }
        ListDocument::OauthClients(document) => {
            let row = |client: &OauthClient| register::OauthClient {
                host: names.host(&client.hostname),
                organisation: names.organisation(&client.organisatienaam),
            };
            let mut clients: Vec<register::OauthClient> =
                document.clients.iter().map(row).collect();
            clients.sort();
            ListContent::OauthClients(clients)
        }
        ListDocument::Gegevensdiensten(document) => {
            let mut diensten: Vec<catalogue::Gegevensdienst> = document
                .diensten
                .iter()
                .filter_map(|dienst| known(&dienst.id, &mut left_out))
                .collect();
            diensten.sort();
            ListContent::Gegevensdiensten(diensten)
        }
    };
    let Header { published, number, .. } = document.header();
    let version = ListVersion {
        kind: document.kind(),
        number: *number,
        published: published.in_run(&assumed.epoch),
        fits_schema: true,
        content,
    };
    (version, left_out)
}

fn known(id: &str, left_out: &mut LeftOut) -> Option<catalogue::Gegevensdienst> {
    let dienst = catalogue::Gegevensdienst::from_id(id);
    if dienst.is_none() {
        count(&mut left_out.gegevensdiensten, id);
    }
    dienst
}

fn count(counts: &mut BTreeMap<String, usize>, id: &str) {
    match counts.get_mut(id) {
        Some(times) => *times += 1,
        None => {
            counts.insert(id.into(), 1);
        }
    }
}

/// The offers of one Zorgaanbieder while they are gathered.
type Gathered = BTreeMap<catalogue::Gegevensdienst, Addresses>;

struct ZalBuilder<'a> {
    assumed: &'a Assumed,
    names: &'a mut Names,
    addresses: Shared,
}

impl ZalBuilder<'_> {
    fn build(&mut self, zal: &ZalDocument, left_out: &mut LeftOut) -> Zal {
        let mut rows = Vec::with_capacity(zal.zorgaanbieders.len());
        for zorgaanbieder in &zal.zorgaanbieders {
            let offers = self.known_offers(&zorgaanbieder.offers, left_out);
            if offers.is_empty() {
                left_out.zorgaanbieders += 1;
            } else {
                rows.push((self.names.zorgaanbieder(&zorgaanbieder.naam), offers));
            }
        }
        Zal::new(rows, std::mem::take(&mut self.addresses.all))
    }

    fn known_offers(&mut self, offered: &Offers, left_out: &mut LeftOut) -> Vec<Offer> {
        let mut gathered = Gathered::new();
        match offered {
            Offers::Plain(diensten) => {
                self.gather(diensten, self.assumed.releases, &mut gathered, left_out);
            }
            Offers::Versioned { versies, .. } => {
                let mut versies: Vec<&Interfaceversie> = versies.iter().collect();
                // The newest last, so that it has the last word.
                versies.sort_by_key(|versie| numbers(&versie.id));
                for versie in versies {
                    let releases = match release(&versie.id) {
                        Some(release) => ReleaseSet::only(release),
                        None => {
                            count(&mut left_out.interfaceversies, &versie.id);
                            self.assumed.releases
                        }
                    };
                    self.gather(&versie.diensten, releases, &mut gathered, left_out);
                }
            }
        }
        let addresses = &mut self.addresses;
        gathered
            .into_iter()
            .map(|(dienst, found)| Offer { dienst, addresses: addresses.place(found) })
            .collect()
    }

    fn gather(
        &mut self,
        diensten: &[Gegevensdienst],
        releases: ReleaseSet,
        gathered: &mut Gathered,
        left_out: &mut LeftOut,
    ) {
        for offered in diensten {
            let Some(dienst) = known(&offered.id, left_out) else { continue };
            left_out.abonneren += usize::from(offered.abonneren.is_some());
            let found = Addresses {
                releases,
                authorization: self.names.uri(&offered.authorization),
                token: self.names.uri(&offered.token),
                resources: self.resources(offered, dienst.service(), left_out),
            };
            match gathered.get_mut(&dienst) {
                None => {
                    gathered.insert(dienst, found);
                }
                Some(older) if endpoints(older) == endpoints(&found) => {
                    older.releases = both(older.releases, releases);
                }
                Some(older) => {
                    left_out.older_endpoints += 1;
                    *older = found;
                }
            }
        }
    }

    /// The resource endpoints in the order of the catalogue's roles, then those of roles that it does not have.
    fn resources(
        &mut self,
        offered: &Gegevensdienst,
        service: Option<&Service>,
        left_out: &mut LeftOut,
    ) -> Vec<Uri> {
        let roles = service.map_or(&[][..], |service| service.roles);
        let place = |rol: &Systeemrol| roles.iter().position(|role| *role == rol.code);
        let mut rollen: Vec<&Systeemrol> = offered.rollen.iter().collect();
        // Stable, so that roles without a place keep the order of the list.
        rollen.sort_by_key(|rol| place(rol).unwrap_or(roles.len()));
        rollen
            .into_iter()
            .map(|rol| {
                if place(rol).is_none() {
                    count(&mut left_out.systeemrolcodes, &rol.code);
                }
                self.names.uri(&rol.resource)
            })
            .collect()
    }
}

type Endpoints<'a> = (Uri, Uri, &'a [Uri]);

fn endpoints(addresses: &Addresses) -> Endpoints<'_> {
    (addresses.authorization, addresses.token, &addresses.resources)
}

fn both(one: ReleaseSet, other: ReleaseSet) -> ReleaseSet {
    Release::ALL.into_iter().filter(|release| other.has(*release)).fold(one, ReleaseSet::with)
}

/// The release that an InterfaceversieId names: `1.1`, or a patch of it such as `1.1.2`.
fn release(id: &str) -> Option<Release> {
    Release::ALL.into_iter().find(|release| {
        let rest = id.strip_prefix(release.name());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// The numbers of an InterfaceversieId, so that 1.10.0 comes after 1.4.0.
fn numbers(id: &str) -> Vec<u64> {
    id.split('.').map(|part| part.parse().unwrap_or(u64::MAX)).collect()
}

/// Addresses, each kept once however many offers share them.
#[derive(Default)]
struct Shared {
    all: Vec<Addresses>,
    places: BTreeMap<(Uri, Uri, Vec<Uri>, [bool; Release::ALL.len()]), u32>,
}

impl Shared {
    fn place(&mut self, addresses: Addresses) -> u32 {
        let key = (
            addresses.authorization,
            addresses.token,
            addresses.resources.clone(),
            Release::ALL.map(|release| addresses.releases.has(release)),
        );
        *self.places.entry(key).or_insert_with(|| {
            self.all.push(addresses);
            self.all.len() as u32 - 1
        })
    }
}

/// The document of a version, in the shape of this format. What the version says of things that are nowhere to
/// be found, such as a Gegevensdienst outside the catalogue, becomes text that no schema takes.
pub fn of_version(
    version: &ListVersion,
    format: ListFormat,
    epoch: &Timestamp,
    names: &Names,
) -> ListDocument {
    let published = Timestamp::of_run(version.published, epoch);
    let header = Header { format, published, number: version.number };
    match &version.content {
        ListContent::Zal(zal) => {
            let zorgaanbieders = zal
                .rows()
                .map(|(zorgaanbieder, offers)| {
                    written_row(zal, zorgaanbieder, offers, format, names)
                })
                .collect();
            ListDocument::Zal(ZalDocument { header, zorgaanbieders })
        }
        ListContent::Whitelist(nodes) => {
            let nodes = nodes.iter().map(|node| names.host_text(*node).into()).collect();
            ListDocument::Whitelist(WhitelistDocument { header, nodes })
        }
        ListContent::OauthClients(clients) => {
            let row = |client: &register::OauthClient| OauthClient {
                hostname: names.host_text(client.host).into(),
                organisatienaam: names.organisation_text(client.organisation).into(),
            };
            let clients = clients.iter().map(row).collect();
            ListDocument::OauthClients(OauthClientsDocument { header, clients })
        }
        ListContent::Gegevensdiensten(diensten) => {
            let row = |dienst: &catalogue::Gegevensdienst| Gegevensdienstnaam {
                id: dienst.id().into(),
                weergavenaam: dienst.service().map_or("?", |service| service.name).into(),
            };
            let diensten = diensten.iter().map(row).collect();
            ListDocument::Gegevensdiensten(GegevensdienstenDocument { header, diensten })
        }
    }
}

fn written_row(
    zal: &Zal,
    zorgaanbieder: ZorgaanbiederId,
    offers: &[Offer],
    format: ListFormat,
    names: &Names,
) -> Zorgaanbieder {
    let written = |offer: &Offer| written_offer(zal, offer, names);
    let offers = match format {
        ListFormat::R1_0 | ListFormat::R1_1 => Offers::Plain(offers.iter().map(written).collect()),
        ListFormat::R1_4 => {
            let speaks = |offer: &&Offer, release| {
                zal.addresses(offer.addresses).is_some_and(|found| found.releases.has(release))
            };
            let versies = Release::ALL
                .into_iter()
                .map(|release| Interfaceversie {
                    id: release.name().into(),
                    diensten: offers.iter().filter(|o| speaks(o, release)).map(written).collect(),
                })
                .filter(|versie| !versie.diensten.is_empty())
                .collect();
            Offers::Versioned { aanbiedertype: Aanbiedertype::Za, versies }
        }
    };
    Zorgaanbieder { naam: names.zorgaanbieder_text(zorgaanbieder).into(), offers }
}

fn written_offer(zal: &Zal, offer: &Offer, names: &Names) -> Gegevensdienst {
    let id = offer.dienst.id().into();
    let Some(found) = zal.addresses(offer.addresses) else {
        return Gegevensdienst { id, ..Gegevensdienst::default() };
    };
    let text = |uri| names.uri_text(uri).to_string();
    let roles = offer.dienst.service().map_or(&[][..], |service| service.roles);
    // The place of a role is the number of its query, as actors take it too.
    let rollen = (0u8..)
        .zip(roles)
        .filter_map(|(place, role)| {
            let resource = text(found.resource(place)?);
            Some(Systeemrol { code: (*role).into(), resource })
        })
        .collect();
    let (authorization, token) = (text(found.authorization), text(found.token));
    Gegevensdienst { id, authorization, token, abonneren: None, rollen }
}

#[cfg(test)]
mod tests;
