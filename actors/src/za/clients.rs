//! What authorization requests have in common, each once: clients with where they want to be redirected to, and
//! sets of services. A session or a grant then needs two or one byte for what would take twenty.
//!
//! Does not decide which client or service counts (`authorize.rs`): only what counted is put in here, and
//! a limit per client keeps one of them from filling the table.

use std::collections::BTreeMap;

use protocol::{
    catalogue::{Gegevensdienst, Scope},
    id::{NameId, ZorgaanbiederId},
    release::Release,
    uri::Uri,
};

/// A client, where it wants to be redirected to, and the release that it speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Client {
    pub name: NameId,
    pub release: Release,
    pub redirect: Uri,
}

/// A [`Client`], by its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ClientId(u16);

/// A set of services, without the Zorgaanbieder: a place in the catalogue, or from 64 on in the table of sets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Services(u8);

/// At most this many redirect URIs of one client under one release.
const REDIRECTS: usize = 64;

/// In a set of services no Zorgaanbieder is meant.
const NOBODY: ZorgaanbiederId = ZorgaanbiederId(0);

/// The tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Clients {
    rows: Vec<Client>,
    places: BTreeMap<Client, ClientId>,
    sets: Vec<Scope>,
}

impl Clients {
    /// The place of a client, new or known. None if this client has too many already.
    pub fn intern(&mut self, client: Client) -> Option<ClientId> {
        if let Some(place) = self.places.get(&client) {
            return Some(*place);
        }
        let same = |other: &&Client| other.name == client.name && other.release == client.release;
        if self.rows.iter().filter(same).count() >= REDIRECTS {
            return None;
        }
        let place = ClientId(u16::try_from(self.rows.len()).ok()?);
        self.rows.push(client);
        self.places.insert(client, place);
        Some(place)
    }

    /// The client at that place.
    pub fn get(&self, place: ClientId) -> Option<Client> {
        self.rows.get(usize::from(place.0)).copied()
    }

    /// The place of a set of services, new or known. None if there are too many different ones.
    pub fn intern_services(&mut self, scope: Scope) -> Option<Services> {
        if let Some(dienst) = scope.only() {
            return Some(Services(dienst.0));
        }
        let set =
            scope.services().fold(Scope::single(NOBODY, Gegevensdienst(u8::MAX)), Scope::with);
        let place = match self.sets.iter().position(|known| *known == set) {
            Some(place) => place,
            None => {
                self.sets.push(set);
                self.sets.len() - 1
            }
        };
        let Ok(place) = u8::try_from(place + 64) else {
            self.sets.pop();
            return None;
        };
        Some(Services(place))
    }

    /// The scope of these services at a Zorgaanbieder.
    pub fn scope(&self, zorgaanbieder: ZorgaanbiederId, services: Services) -> Scope {
        match services.0.checked_sub(64) {
            None => Scope::single(zorgaanbieder, Gegevensdienst(services.0)),
            Some(place) => {
                let empty = Scope::single(zorgaanbieder, Gegevensdienst(u8::MAX));
                match self.sets.get(usize::from(place)) {
                    Some(set) => set.services().fold(empty, Scope::with),
                    None => empty,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use protocol::{catalogue::CATALOGUE, uri::UriFlags};

    fn client(name: u32, uri: u32) -> Client {
        let redirect = Uri::new(uri, NameId(name), UriFlags::default());
        Client { name: NameId(name), release: Release::R1_0, redirect }
    }

    #[test]
    fn a_client_has_one_place_and_no_client_can_fill_the_table() {
        let mut clients = Clients::default();
        let place = clients.intern(client(1, 0)).unwrap();
        for uri in 0..1_000 {
            clients.intern(client(1, uri));
        }
        assert_eq!(clients.intern(client(1, 0)), Some(place));
        assert_eq!(clients.intern(client(1, 999)), None);
        let other = clients.intern(client(2, 999)).unwrap();
        assert_eq!(clients.get(other), Some(client(2, 999)));
    }

    proptest! {
        #[test]
        fn a_scope_comes_back_as_it_went_in(
            sets in proptest::collection::vec(
                (0u32..50, proptest::collection::vec(0u8..CATALOGUE.len() as u8, 0..4)), 1..50
            )
        ) {
            let mut clients = Clients::default();
            for (zorgaanbieder, diensten) in sets {
                let zorgaanbieder = ZorgaanbiederId(zorgaanbieder);
                let empty = Scope::single(zorgaanbieder, Gegevensdienst(u8::MAX));
                let scope = diensten.into_iter().map(Gegevensdienst).fold(empty, Scope::with);
                let place = clients.intern_services(scope).unwrap();
                prop_assert_eq!(clients.scope(zorgaanbieder, place), scope);
            }
        }
    }
}
