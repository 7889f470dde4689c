//! The texts behind ids, of ours and of strangers: what a twin lends to its codecs.
//!
//! A stranger's text gets an id, so that actors see values only; it is kept byte for byte, at most
//! [`LONGEST`] of each and [`MOST`] in all. Does not resolve names to addresses.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
};

use protocol::{
    catalogue::{Gegevensdienst, Scope},
    id::{NameId, Opaque, ZorgaanbiederId},
    names::{Names, OrganisationId},
    register::{Addresses, Register},
    uri::Uri,
};
use sha2::{Digest as _, Sha256};
use wire::places::{Endpoint, Place, Places};

/// The longest text of a stranger that is kept, in bytes (semantics 4). What is longer is one text like any other
/// that is too long.
pub const LONGEST: usize = 2_048;

/// How many texts of strangers are kept of each kind.
pub const MOST: usize = 100_000;

const TOO_LONG: &str = "too-long.invalid";

/// The texts of a twin.
#[derive(Debug)]
pub struct Texts {
    known: RwLock<Names>,
    /// How many hostnames and URIs there were before any stranger came.
    own: (usize, usize),
    strange: Mutex<Kept<Opaque, Box<str>>>,
    /// Where browsers go back to, by PGO and `state`.
    redirects: Mutex<Kept<(NameId, Opaque), Uri>>,
    /// What tokens give access to.
    granted: Mutex<Kept<Opaque, Scope>>,
    places: BTreeMap<(NameId, String), (Endpoint, Option<ZorgaanbiederId>)>,
    register: Register,
    organisations: BTreeMap<NameId, OrganisationId>,
}

/// The newest [`MOST`] of what is kept of one kind.
#[derive(Debug)]
struct Kept<K, V> {
    values: BTreeMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self { values: BTreeMap::new(), order: VecDeque::new() }
    }
}

impl<K: Copy + Ord, V> Kept<K, V> {
    fn keep(&mut self, key: K, value: V) {
        if self.values.insert(key, value).is_none() {
            self.order.push_back(key);
            if self.order.len() > MOST
                && let Some(oldest) = self.order.pop_front()
            {
                self.values.remove(&oldest);
            }
        }
    }
}

/// A panic elsewhere leaves what is kept as it was.
fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Texts {
    /// The texts of a network, with what its register says is served where.
    pub fn new(names: Names, register: &Register) -> Self {
        let mut names = names;
        // Known from the start, so that there is always room for it.
        names.uri(TOO_LONG);
        let organisations =
            register.gateways.iter().map(|gateway| (gateway.node, gateway.organisation)).collect();
        let mut places = BTreeMap::new();
        for listing in &register.listings {
            for offer in &listing.offers {
                let Some(addresses) = register.addresses.get(offer.addresses as usize) else {
                    continue;
                };
                for (endpoint, uri) in ends(addresses) {
                    let key = (uri.host, path_of(names.uri_text(uri)).to_owned());
                    places
                        .entry(key)
                        .and_modify(|(_, whose)| {
                            if *whose != Some(listing.zorgaanbieder) {
                                *whose = None;
                            }
                        })
                        .or_insert((endpoint, Some(listing.zorgaanbieder)));
                }
            }
        }
        Self {
            own: (names.host_count(), names.uri_count()),
            known: RwLock::new(names),
            strange: Mutex::default(),
            redirects: Mutex::default(),
            granted: Mutex::default(),
            places,
            register: register.clone(),
            organisations,
        }
    }

    /// Reads the names. A panic elsewhere leaves them as they were: texts are only ever added.
    pub fn with<T>(&self, read: impl FnOnce(&Names) -> T) -> T {
        read(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads and adds to the names.
    pub fn with_mut<T>(&self, write: impl FnOnce(&mut Names) -> T) -> T {
        write(&mut self.known.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// A browser is to be sent back there: a stranger has its redirect URI where it likes.
    pub fn keep_redirect(&self, state: Opaque, redirect: Uri) {
        lock(&self.redirects).keep((redirect.host, state), redirect);
    }

    /// A token is given out: the query of a stranger does not say for which service it is.
    pub fn keep_granted(&self, token: Opaque, scope: Scope) {
        lock(&self.granted).keep(token, scope);
    }

    fn addresses(&self, whose: ZorgaanbiederId, dienst: Gegevensdienst) -> Option<&Addresses> {
        let listing = self.register.listings.get(whose.index())?;
        let offer = listing.offers.iter().find(|offer| offer.dienst == dienst);
        // What is not offered has no address; whoever asks for it all the same knocks at another's door.
        let offer = offer.or(listing.offers.first())?;
        self.register.addresses.get(offer.addresses as usize)
    }
}

fn ends(addresses: &Addresses) -> impl Iterator<Item = (Endpoint, Uri)> {
    let resources = addresses.resources.iter().map(|uri| (Endpoint::Resource, *uri));
    [(Endpoint::Authorization, addresses.authorization), (Endpoint::Token, addresses.token)]
        .into_iter()
        .chain(resources)
}

/// The path of a URI, without query and fragment; `/` where it has none.
fn path_of(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |place| &rest[place..]);
    path.split(['?', '#']).next().unwrap_or(path)
}

/// The number that a UUID in canonical form writes.
fn uuid(text: &str) -> Option<Opaque> {
    let canonical = text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
    if !canonical {
        return None;
    }
    let digits: String = text.chars().filter(|digit| *digit != '-').collect();
    u128::from_str_radix(&digits, 16).ok().map(Opaque)
}

impl Places for Texts {
    fn host(&self, text: &str) -> NameId {
        if let Some(host) = self.with(|names| names.find_host(text)) {
            return host;
        }
        let text = if text.len() > LONGEST { TOO_LONG } else { text };
        self.with_mut(|names| {
            let full = names.host_count() >= self.own.0 + MOST;
            names.host(if full { TOO_LONG } else { text })
        })
    }

    fn host_text(&self, host: NameId) -> String {
        self.with(|names| names.host_text(host).to_owned())
    }

    fn uri(&self, text: &str) -> Uri {
        self.with_mut(|names| {
            let full = text.len() > LONGEST || names.uri_count() >= self.own.1 + MOST;
            names.uri(if full { TOO_LONG } else { text })
        })
    }

    fn uri_text(&self, uri: Uri) -> String {
        self.with(|names| names.uri_text(uri).to_owned())
    }

    fn opaque(&self, text: &str) -> Opaque {
        if let Some(value) = uuid(text) {
            return value;
        }
        let text = if text.len() > LONGEST { TOO_LONG } else { text };
        let digest = Sha256::digest(text.as_bytes());
        let mut bits = [0; 16];
        bits.copy_from_slice(&digest[..16]);
        // Not a UUID of version 4, whatever the digest: it is no value of ours.
        let value = Opaque(u128::from_be_bytes(bits) & !(0xf << 76));
        lock(&self.strange).keep(value, text.into());
        value
    }

    fn opaque_text(&self, value: Opaque) -> String {
        let kept = lock(&self.strange).values.get(&value).map(ToString::to_string);
        kept.unwrap_or_else(|| value.to_string())
    }

    fn zorgaanbieder(&self, naam: &str) -> Option<ZorgaanbiederId> {
        self.with(|names| names.find_zorgaanbieder(naam))
    }

    fn zorgaanbieder_text(&self, zorgaanbieder: ZorgaanbiederId) -> String {
        self.with(|names| names.zorgaanbieder_text(zorgaanbieder).to_owned())
    }

    fn organisation_text(&self, client: NameId) -> String {
        match self.organisations.get(&client) {
            Some(organisation) => {
                self.with(|names| names.organisation_text(*organisation).to_owned())
            }
            None => self.host_text(client),
        }
    }

    fn address(
        &self,
        host: NameId,
        endpoint: Endpoint,
        zorgaanbieder: ZorgaanbiederId,
        dienst: Gegevensdienst,
        call: u8,
    ) -> String {
        let uri = self.addresses(zorgaanbieder, dienst).and_then(|found| match endpoint {
            Endpoint::Authorization => Some(found.authorization),
            Endpoint::Token => Some(found.token),
            Endpoint::Resource => found.resource(call),
        });
        let text = uri.map_or_else(|| "/".into(), |uri| self.uri_text(uri));
        // The host is the one that is asked: an actor may still use the address of yesterday's list.
        format!("https://{}{}", self.host_text(host), path_of(&text))
    }

    fn token_address(&self, host: NameId) -> String {
        let mut at_host = self.places.range((host, String::new())..);
        let found = at_host
            .by_ref()
            .take_while(|((at, _), _)| *at == host)
            .find(|(_, (endpoint, _))| *endpoint == Endpoint::Token);
        let path = found.map_or("/", |((_, path), _)| path);
        format!("https://{}{path}", self.host_text(host))
    }

    fn granted(&self, token: Opaque) -> Option<Scope> {
        lock(&self.granted).values.get(&token).copied()
    }

    fn redirect_text(&self, to: NameId, state: Opaque) -> Option<String> {
        let kept = lock(&self.redirects).values.get(&(to, state)).copied();
        kept.map(|uri| self.uri_text(uri))
    }

    fn place(&self, host: NameId, path: &str) -> Option<Place> {
        let mut length = path.len();
        loop {
            if let Some((endpoint, whose)) = self.places.get(&(host, path[..length].to_owned())) {
                return Some(Place { endpoint: *endpoint, zorgaanbieder: *whose, length });
            }
            length = path[..length].rfind('/').filter(|place| *place > 0)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts() -> Texts {
        Texts::new(Names::default(), &Register::default())
    }

    #[test]
    fn a_uuid_is_its_number_and_any_other_text_comes_back_byte_for_byte() {
        let texts = texts();
        let uuid = "01234567-89ab-4def-8123-456789abcdef";
        assert_eq!(texts.opaque(uuid), Opaque(0x0123_4567_89ab_4def_8123_4567_89ab_cdef));
        assert_eq!(texts.opaque_text(texts.opaque(uuid)), uuid);
        let shouted = uuid.to_uppercase();
        assert_ne!(texts.opaque(&shouted), texts.opaque(uuid));
        assert_eq!(texts.opaque_text(texts.opaque(&shouted)), shouted);
        assert!(!texts.opaque(&shouted).is_uuid_v4());
    }

    #[test]
    fn texts_of_strangers_are_bounded() {
        let texts = texts();
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(texts.opaque(&long), texts.opaque(&"y".repeat(LONGEST + 1)));
        assert_eq!(texts.uri_text(texts.uri(&long)), TOO_LONG);
        let first = texts.opaque("first");
        for number in 0..MOST {
            texts.opaque(&format!("later {number}"));
        }
        assert_eq!(lock(&texts.strange).values.len(), MOST);
        assert_ne!(texts.opaque_text(first), "first");
    }

    #[test]
    fn a_stranger_has_its_callback_where_it_likes_and_a_token_says_what_it_is_for() {
        let texts = texts();
        let uri = texts.uri("https://vreemd.example/terug");
        let (state, token) = (texts.opaque("kenmerk"), Opaque::uuid_v4(1));
        let scope = Scope::single(ZorgaanbiederId(2), Gegevensdienst(3));
        texts.keep_redirect(state, uri);
        texts.keep_granted(token, scope);
        let back = texts.redirect_text(uri.host, state);
        assert_eq!(back.as_deref(), Some("https://vreemd.example/terug"));
        assert_eq!(texts.granted(token), Some(scope));
        let other = texts.opaque("ander kenmerk");
        assert_eq!(texts.redirect_text(uri.host, other), None);
        assert_eq!(texts.redirect_text(texts.host("elders.example"), state), None);
        assert_eq!(texts.granted(Opaque::uuid_v4(2)), None);
    }

    proptest! {
        #[test]
        fn every_text_that_is_not_too_long_comes_back(text in ".{0,300}") {
            let texts = texts();
            prop_assert_eq!(texts.opaque_text(texts.opaque(&text)), text.clone());
            prop_assert_eq!(texts.uri_text(texts.uri(&text)), text);
        }
    }
}
