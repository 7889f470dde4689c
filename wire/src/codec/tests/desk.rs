//! What a codec borrows, for tests: texts that are kept for as long as a test runs, and plain doubles of the formats with
//! keys.
//!
//! Keeps texts per thread, so that strategies can make values of texts before any codec is there.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use http::StatusCode;
use protocol::{
    bsn::Bsn,
    catalogue::{Gegevensdienst, Scope},
    id::{NameId, Opaque, PersonId, Serial, ZorgaanbiederId},
    message::{Assertion, Assurance, AuthnRequest, CertStatus, OcspAnswer, Request, SamlStatus},
    register::{ListKind, ListVersion},
    time::WallTime,
    uri::{Uri, UriFlags},
};
use sha2::{Digest as _, Sha256};

use crate::{
    codec::{Codec, Lists, Ocsp, Saml},
    fault::Fault,
    list::Timestamp,
    pages::{DossierItem, Offering, Scene, TestPerson},
    places::{Endpoint, Place, Places},
};

#[derive(Default)]
struct Kept {
    hosts: Vec<String>,
    uris: Vec<String>,
    opaques: BTreeMap<Opaque, String>,
    assertions: Vec<Assertion>,
    answers: Vec<OcspAnswer>,
    lists: Vec<Arc<ListVersion>>,
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::default();
}

fn kept<T>(read: impl FnOnce(&mut Kept) -> T) -> T {
    KEPT.with(|kept| read(&mut kept.borrow_mut()))
}

fn place_of<T: PartialEq>(items: &mut Vec<T>, item: T) -> usize {
    items.iter().position(|known| *known == item).unwrap_or_else(|| {
        items.push(item);
        items.len() - 1
    })
}

fn hexadecimal(text: &str) -> Fault {
    Fault::malformed("what the double wrote", text)
}

pub(crate) const ZORGAANBIEDERS: [&str; 3] =
    ["huisartsdevries@medmij", "ziekenhuisoost@medmij", "apotheekaandesluis@medmij"];

/// Whether Zorgaanbieders have addresses of their own, or share them.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Desk {
    Own,
    Shared,
}

impl Desk {
    pub(crate) fn codec<'a>(&'a self, epoch: &'a Timestamp) -> Codec<'a> {
        Codec {
            places: self,
            scene: self,
            saml: self,
            ocsp: self,
            lists: self,
            epoch,
            today: WallTime::from_nanos(86_400_000_000_000),
        }
    }
}

pub(crate) fn epoch() -> Timestamp {
    Timestamp::parse("2018-06-01T00:00:00Z").unwrap()
}

pub(crate) fn host(text: &str) -> NameId {
    kept(|kept| NameId(place_of(&mut kept.hosts, text.into()) as u32))
}

pub(crate) fn uri(text: &str) -> Uri {
    let flags = UriFlags {
        https: text.starts_with("https://"),
        full: text.len() > 12,
        query_or_fragment: text.contains(['?', '#']),
        port: false,
    };
    let authority = text.split('/').nth(2).unwrap_or_default().to_owned();
    let host = host(&authority);
    kept(|kept| Uri::new(place_of(&mut kept.uris, text.into()) as u32, host, flags))
}

pub(crate) fn opaque(text: &str) -> Opaque {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if let Ok(number) = u128::from_str_radix(&digits, 16)
        && Opaque(number).to_string() == text
    {
        return Opaque(number);
    }
    let mut bits = [0; 16];
    bits.copy_from_slice(&Sha256::digest(text.as_bytes())[..16]);
    let value = Opaque(u128::from_be_bytes(bits));
    kept(|kept| kept.opaques.insert(value, text.into()));
    value
}

impl Places for Desk {
    fn host(&self, text: &str) -> NameId {
        host(text)
    }

    fn host_text(&self, host: NameId) -> String {
        kept(|kept| kept.hosts[host.index()].clone())
    }

    fn uri(&self, text: &str) -> Uri {
        uri(text)
    }

    fn uri_text(&self, uri: Uri) -> String {
        kept(|kept| kept.uris[uri.place()].clone())
    }

    fn opaque(&self, text: &str) -> Opaque {
        opaque(text)
    }

    fn opaque_text(&self, value: Opaque) -> String {
        kept(|kept| kept.opaques.get(&value).cloned()).unwrap_or_else(|| value.to_string())
    }

    fn zorgaanbieder(&self, naam: &str) -> Option<ZorgaanbiederId> {
        let place = ZORGAANBIEDERS.iter().position(|known| *known == naam)?;
        Some(ZorgaanbiederId(place as u32))
    }

    fn zorgaanbieder_text(&self, zorgaanbieder: ZorgaanbiederId) -> String {
        ZORGAANBIEDERS[zorgaanbieder.index()].into()
    }

    fn organisation_text(&self, client: NameId) -> String {
        self.host_text(client)
    }

    fn address(
        &self,
        host: NameId,
        endpoint: Endpoint,
        zorgaanbieder: ZorgaanbiederId,
        dienst: Gegevensdienst,
        _call: u8,
    ) -> String {
        let host = self.host_text(host);
        match (endpoint, self) {
            (Endpoint::Token, _) => format!("https://{host}/token"),
            (Endpoint::Authorization, Self::Shared) => format!("https://{host}/authorize"),
            (Endpoint::Resource, Self::Shared) => format!("https://{host}/fhir"),
            (Endpoint::Authorization, Self::Own) => {
                format!("https://{host}/za/{}/authorize", zorgaanbieder.0)
            }
            (Endpoint::Resource, Self::Own) => {
                format!("https://{host}/za/{}/fhir/{}", zorgaanbieder.0, dienst.0)
            }
        }
    }

    fn place(&self, _host: NameId, path: &str) -> Option<Place> {
        let found =
            |endpoint, zorgaanbieder, length| Some(Place { endpoint, zorgaanbieder, length });
        if path == "/token" {
            return found(Endpoint::Token, None, path.len());
        }
        if *self == Self::Shared {
            return match path {
                "/authorize" => found(Endpoint::Authorization, None, path.len()),
                _ if path.starts_with("/fhir/") => found(Endpoint::Resource, None, 5),
                _ => None,
            };
        }
        let mut parts = path.strip_prefix("/za/")?.split('/');
        let number = parts.next()?;
        let whose = number.parse().ok().filter(|id| *id < ZORGAANBIEDERS.len() as u32)?;
        match parts.next()? {
            "authorize" => found(Endpoint::Authorization, Some(ZorgaanbiederId(whose)), path.len()),
            "fhir" => {
                let length = "/za//fhir/".len() + number.len() + parts.next()?.len();
                found(Endpoint::Resource, Some(ZorgaanbiederId(whose)), length)
            }
            _ => None,
        }
    }

    fn redirect_text(&self, _to: NameId, state: Opaque) -> Option<String> {
        let known = state == Opaque::uuid_v4(9);
        known.then(|| "https://vreemd.example.nl/oauth/terug".into())
    }

    fn granted(&self, token: Opaque) -> Option<Scope> {
        let scope = Scope::single(ZorgaanbiederId(1), Gegevensdienst::from_id("48")?);
        (token == Opaque::uuid_v4(48)).then_some(scope)
    }
}

impl Scene for Desk {
    fn organisation_name(&self, host: NameId) -> Option<String> {
        Some(match self.host_text(host).as_str() {
            "pgo.example.nl" => "Mijn <Gezond> Dossier".into(),
            "digid.example.nl" => "Inloggen".into(),
            other => other.into(),
        })
    }

    fn zorgaanbieder_name(&self, zorgaanbieder: ZorgaanbiederId) -> Option<String> {
        ["Huisarts De Vries", "Ziekenhuis Oost", "Apotheek aan de Sluis"]
            .get(zorgaanbieder.index())
            .map(|name| (*name).into())
    }

    fn offers(&self, _pgo: NameId) -> Vec<Offering> {
        let services = vec![Gegevensdienst(0), Gegevensdienst(3), Gegevensdienst(5)];
        let offering = |(place, naam): (usize, &&str)| Offering {
            naam: (*naam).into(),
            name: self.zorgaanbieder_name(ZorgaanbiederId(place as u32)).unwrap_or_default(),
            services: services.clone(),
        };
        ZORGAANBIEDERS.iter().enumerate().map(offering).collect()
    }

    fn test_persons(&self) -> Vec<TestPerson> {
        let person = |(account, name): (u32, &str)| TestPerson {
            account: PersonId(account),
            name: name.into(),
            born: "3 mei 1957".into(),
        };
        [(0, "Anna van den Berg"), (1, "Youssef El Amrani"), (2, "Sanne Mulder, 15 jaar")]
            .map(person)
            .into()
    }

    fn dossier(&self, _pgo: NameId) -> Vec<DossierItem> {
        vec![DossierItem {
            what: "Basisgegevens Zorg".into(),
            from: "Huisarts De Vries".into(),
            when: "23 november 2026 om 14:05".into(),
            unchanged: true,
        }]
    }
}

const LEVELS: [Assurance; 4] =
    [Assurance::Basis, Assurance::Midden, Assurance::Substantieel, Assurance::Hoog];

impl Saml for Desk {
    fn write_authn_request(&self, _to: NameId, request: &AuthnRequest) -> String {
        let AuthnRequest { issuer, id, level, signed, .. } = *request;
        format!("{}.{:x}.{}.{}", issuer.0, { id.0 }, level as u8, u8::from(signed))
    }

    fn read_authn_request(
        &self,
        _to: NameId,
        text: &str,
        relay_state: Opaque,
    ) -> Result<AuthnRequest, Fault> {
        let parts: Vec<&str> = text.split('.').collect();
        let [issuer, id, level, signed] = parts[..] else { return Err(hexadecimal(text)) };
        Ok(AuthnRequest {
            issuer: NameId(issuer.parse().map_err(|_| hexadecimal(text))?),
            id: Opaque(u128::from_str_radix(id, 16).map_err(|_| hexadecimal(text))?),
            relay_state,
            level: *level
                .parse()
                .ok()
                .and_then(|place: usize| LEVELS.get(place))
                .ok_or_else(|| hexadecimal(text))?,
            signed: signed == "1",
        })
    }

    fn write_artifact(&self, artifact: Opaque) -> String {
        self.opaque_text(artifact)
    }

    fn read_artifact(&self, text: &str) -> Result<Opaque, Fault> {
        Ok(opaque(text))
    }

    fn write_artifact_resolve(
        &self,
        _to: NameId,
        artifact: Opaque,
        issuer: NameId,
        signed: bool,
    ) -> Vec<u8> {
        format!("{:x}.{}.{}", { artifact.0 }, issuer.0, u8::from(signed)).into_bytes()
    }

    fn read_artifact_resolve(
        &self,
        _to: NameId,
        body: &[u8],
    ) -> Result<(Opaque, NameId, bool), Fault> {
        let text = String::from_utf8_lossy(body);
        let parts: Vec<&str> = text.split('.').collect();
        let [artifact, issuer, signed] = parts[..] else { return Err(hexadecimal(&text)) };
        let artifact = u128::from_str_radix(artifact, 16).map_err(|_| hexadecimal(&text))?;
        let issuer = issuer.parse().map_err(|_| hexadecimal(&text))?;
        Ok((Opaque(artifact), NameId(issuer), signed == "1"))
    }

    fn write_artifact_response(
        &self,
        _from: NameId,
        _to: &Request,
        assertion: &Assertion,
    ) -> Vec<u8> {
        kept(|kept| place_of(&mut kept.assertions, *assertion)).to_string().into_bytes()
    }

    fn read_artifact_response(
        &self,
        _from: NameId,
        _artifact: Opaque,
        body: &[u8],
    ) -> Result<Assertion, Fault> {
        numbered(body, |kept, place| kept.assertions.get(place).copied())
    }
}

fn numbered<T>(body: &[u8], find: impl FnOnce(&Kept, usize) -> Option<T>) -> Result<T, Fault> {
    let text = String::from_utf8_lossy(body);
    let found = text.parse().ok().and_then(|place| kept(|kept| find(kept, place)));
    found.ok_or_else(|| hexadecimal(&text))
}

impl Ocsp for Desk {
    fn write_query(&self, serial: Serial) -> Vec<u8> {
        serial.0.to_be_bytes().into()
    }

    fn read_query(&self, body: &[u8]) -> Result<Serial, Fault> {
        let bytes = body.try_into().map_err(|_| Fault::malformed("four bytes", "others"))?;
        Ok(Serial(u32::from_be_bytes(bytes)))
    }

    fn write_answer(&self, _to: &Request, answer: &OcspAnswer) -> Vec<u8> {
        kept(|kept| place_of(&mut kept.answers, *answer)).to_string().into_bytes()
    }

    fn read_answer(&self, _asked: Serial, body: &[u8]) -> Result<OcspAnswer, Fault> {
        numbered(body, |kept, place| kept.answers.get(place).copied())
    }
}

impl Lists for Desk {
    fn path(&self, kind: ListKind) -> String {
        format!("/lijst/{}", kind as u8)
    }

    fn kind(&self, path: &str) -> Option<ListKind> {
        ListKind::ALL.into_iter().find(|kind| self.path(*kind) == path)
    }

    fn write(&self, list: &ListVersion) -> Vec<u8> {
        kept(|kept| place_of(&mut kept.lists, Arc::new(list.clone()))).to_string().into_bytes()
    }

    fn read(&self, _kind: ListKind, body: &[u8]) -> Result<Arc<ListVersion>, Fault> {
        numbered(body, |kept, place| kept.lists.get(place).cloned())
    }
}

/// An assertion about a person.
pub(crate) fn assertion(person: u32) -> Assertion {
    Assertion {
        status: SamlStatus::Success,
        signed: true,
        level: Assurance::Midden,
        bsn: Bsn(PersonId(person)),
        audience: host("za.example.nl"),
        in_response_to: Opaque(5),
        not_before: WallTime::from_nanos(1),
        not_on_or_after: WallTime::from_nanos(2),
    }
}

/// A verdict on a certificate.
pub(crate) fn verdict(serial: u32) -> OcspAnswer {
    OcspAnswer {
        serial: Serial(serial),
        status: CertStatus::Good,
        this_update: WallTime::from_nanos(1),
        next_update: WallTime::from_nanos(2),
        signed: true,
    }
}

/// The status that a fault deserves.
pub(crate) fn status<T>(result: Result<T, Fault>) -> Option<StatusCode> {
    result.err().map(|fault| fault.status)
}
