//! How messages look: the codecs of `wire`, with the keys, texts and scenes of a twin.
//!
//! Knows no sockets. What cannot be read is answered by what one host tells another, or a person.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use protocol::{
    contract::Ask,
    id::{Cookie, HostId, NameId, Opaque, PersonId, Serial, ZorgaanbiederId},
    message::{Assertion, AuthnRequest, Authorize, Browse, OcspAnswer, Request, Response},
    register::{ListKind, ListVersion, Offer},
    release::ReleaseSet,
    role::Role,
    time::WallTime,
    trace::Stored,
};
use rustls::pki_types::CertificateDer;
use wire::{
    codec::{Codec, Lists, Ocsp, Saml},
    fault::Fault,
    list::{ListFormat, Timestamp, served, version::Assumed},
    ocsp::{self, Issuer, Responder},
    pages::{DossierItem, Offering, Scene, TestPerson},
    places::{NOBODY, Places as _},
    saml::{self, Reader, SigningKey, VerifyingKey, Writer},
};

use crate::{
    guest::saml_serial,
    network::{Host, Network},
    open::{self, Issued, whole},
    pki::{Authority, Wanted},
    texts::Texts,
};

/// The codecs of a twin, with what they borrow.
pub struct Wording {
    texts: Arc<Texts>,
    reckoning: Reckoning,
    keys: Arc<Keys>,
    format: ListFormat,
    releases: ReleaseSet,
    /// What hosts are called on their pages.
    houses: BTreeMap<NameId, String>,
    persons: Vec<TestPerson>,
    /// The back name of DigiD, whose artifacts these are.
    digid: NameId,
    /// The newest versions of lists as they were written.
    written: Mutex<Written>,
}

/// What time it is, and how calendar time is counted.
#[derive(Debug)]
pub(crate) struct Reckoning {
    /// The moment that calendar time zero of the run is.
    epoch: Timestamp,
    /// The same, in nanoseconds since the beginning of 1970.
    epoch_nanos: i64,
    clock: Clock,
}

#[derive(Debug)]
enum Clock {
    /// Of this machine, since then.
    Machine(Instant),
    /// Whatever it was told last, in nanoseconds.
    Told(AtomicI64),
}

impl Reckoning {
    /// Time begins now, and goes on by itself.
    pub(crate) fn of_machine() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        Self {
            epoch: Timestamp::from_unix(seconds, since.subsec_nanos()),
            epoch_nanos: i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
            clock: Clock::Machine(Instant::now()),
        }
    }

    /// Time begins at that second since the beginning of 1970, and goes on as it is told.
    pub(crate) fn told(second: i64) -> Self {
        Self {
            epoch: Timestamp::from_unix(second, 0),
            epoch_nanos: second.saturating_mul(1_000_000_000),
            clock: Clock::Told(AtomicI64::new(0)),
        }
    }

    /// It is that late. A machine's clock needs not to be told.
    pub(crate) fn tell(&self, now: WallTime) {
        if let Clock::Told(nanos) = &self.clock {
            nanos.store(now.as_nanos(), Ordering::Relaxed);
        }
    }

    fn now(&self) -> WallTime {
        WallTime::from_nanos(match &self.clock {
            Clock::Machine(since) => i64::try_from(since.elapsed().as_nanos()).unwrap_or(i64::MAX),
            Clock::Told(nanos) => nanos.load(Ordering::Relaxed),
        })
    }
}

/// Keys beside those of TLS.
pub(crate) struct Keys {
    /// Of who signs SAML messages, by the name they are known by.
    signing: BTreeMap<NameId, SigningKey>,
    verifying: BTreeMap<NameId, VerifyingKey>,
    issuer: Issuer,
    ocsp_certificate: Vec<u8>,
    ocsp_key: EcdsaKeyPair,
}

/// Who speaks SAML, and the certificate that says so, as DER.
pub(crate) struct Speaker<'a> {
    host: &'a Host,
    certificate: Vec<u8>,
}

impl Keys {
    /// The keys of a network, and who speaks SAML there.
    pub(crate) fn of<'a>(
        network: &'a Network,
        authority: &Authority,
    ) -> Result<(Self, Vec<Speaker<'a>>), open::Fault> {
        let issuer = Issuer::from_certificate(authority.issuer_der())
            .map_err(|error| fault("OCSP", error))?;
        let signer = authority.ocsp_signer().map_err(|error| fault("OCSP", error))?;
        let signer = Issued::from(signer);
        let ocsp_key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &signer.key)
            .map_err(|error| fault("OCSP", error))?;
        let mut keys = Self {
            signing: BTreeMap::new(),
            verifying: BTreeMap::new(),
            issuer,
            ocsp_certificate: signer.chain.into_iter().next().unwrap_or_default(),
            ocsp_key,
        };
        let speakers = keys.of_speakers(network, authority)?;
        Ok((keys, speakers))
    }

    /// Gives everybody who speaks SAML a key.
    fn of_speakers<'a>(
        &mut self,
        network: &'a Network,
        authority: &Authority,
    ) -> Result<Vec<Speaker<'a>>, open::Fault> {
        let speakers: Vec<_> = network
            .hosts
            .iter()
            .enumerate()
            .filter(|(_, host)| matches!(host.role(), Role::Za | Role::Digid))
            .collect();
        let name = |host: &Host| network.texts.host_text(host.back).to_owned();
        let wanted: Vec<Wanted> = speakers
            .iter()
            .map(|(place, host)| Wanted::saml(name(host), saml_serial(HostId(*place as u32))))
            .collect();
        let issued = authority.issue_all(&wanted).map_err(|error| fault("SAML", error))?;
        let mut known = Vec::with_capacity(speakers.len());
        for ((_, host), issued) in speakers.into_iter().zip(issued) {
            let issued = Issued::from(issued);
            let certificate = issued.chain.into_iter().next().unwrap_or_default();
            let pem = pem::encode(&pem::Pem::new("PRIVATE KEY", issued.key));
            let name = name(host);
            let signing = SigningKey::from_pem(pem.as_bytes(), name.clone())
                .map_err(|error| fault(&name, error))?;
            let verifying = VerifyingKey::from_certificate(&certificate)
                .map_err(|error| fault(&name, error))?;
            self.signing.insert(host.back, signing);
            self.verifying.insert(host.back, verifying);
            known.push(Speaker { host, certificate });
        }
        Ok(known)
    }
}

/// What the sender of a request is told that is none.
pub(crate) type Refusal = Box<http::Response<Vec<u8>>>;

/// Lists as bytes, by kind and number.
type Written = BTreeMap<(u8, u32), Vec<u8>>;

/// What a twin keeps in its folder of each party's SAML: its metadata, by the name of its host.
pub(crate) type Metadata = BTreeMap<String, PathBuf>;

/// How many people there are to choose from at DigiD.
const PERSONS: u32 = 12;

fn fault(place: &str, reason: impl std::fmt::Display) -> open::Fault {
    open::Fault { place: place.to_owned(), reason: reason.to_string() }
}

impl Wording {
    /// The codecs of a network; metadata go to the folder.
    pub(crate) fn new(
        network: &Network,
        texts: &Arc<Texts>,
        authority: &Authority,
        dir: &std::path::Path,
        reckoning: Reckoning,
    ) -> Result<(Self, Metadata), open::Fault> {
        let (keys, speakers) = Keys::of(network, authority)?;
        let wording = Self::with(network, texts, Arc::new(keys), reckoning);
        let metadata = wording.metadata(speakers, dir)?;
        Ok((wording, metadata))
    }

    /// The codecs of a network whose keys are there.
    pub(crate) fn with(
        network: &Network,
        texts: &Arc<Texts>,
        keys: Arc<Keys>,
        reckoning: Reckoning,
    ) -> Self {
        let digid = network.hosts.iter().find(|host| host.role() == Role::Digid);
        Self {
            texts: Arc::clone(texts),
            reckoning,
            keys,
            format: ListFormat::of(network.release),
            releases: ReleaseSet::only(network.release),
            houses: houses(network),
            persons: persons(),
            digid: digid.map_or(NameId(0), |host| host.back),
            written: Mutex::default(),
        }
    }

    /// Writes the metadata of everybody who speaks SAML.
    fn metadata(
        &self,
        speakers: Vec<Speaker<'_>>,
        dir: &std::path::Path,
    ) -> Result<Metadata, open::Fault> {
        let folder = dir.join("saml");
        std::fs::create_dir_all(&folder)
            .map_err(|error| fault(&folder.display().to_string(), error))?;
        let mut metadata = Metadata::new();
        for Speaker { host, certificate } in speakers {
            let Some(writer) = self.writer(host.back) else { continue };
            let write = match host.role() {
                Role::Digid => saml::identity_provider,
                _ => saml::service_provider,
            };
            let text = write(writer, host.front, host.back, &certificate);
            let path = folder.join(format!("{}.xml", host.name));
            whole(&path, text.as_bytes())?;
            metadata.insert(host.name.clone(), path);
        }
        Ok(metadata)
    }

    /// When the time of this world began, in nanoseconds since the beginning of 1970.
    pub(crate) fn epoch(&self) -> i64 {
        self.reckoning.epoch_nanos
    }

    /// It is that late, where time goes on as it is told.
    pub(crate) fn tell(&self, now: WallTime) {
        self.reckoning.tell(now);
    }

    /// People who can log in.
    pub(crate) fn persons(&self) -> &[TestPerson] {
        &self.persons
    }

    fn codec(&self) -> Codec<'_> {
        Codec {
            places: &*self.texts,
            scene: self,
            saml: self,
            ocsp: self,
            lists: self,
            epoch: &self.reckoning.epoch,
            today: self.reckoning.now(),
        }
    }

    /// A request as bytes; none of one that cannot travel.
    pub(crate) fn write_request(&self, ask: &Ask) -> Option<http::Request<Vec<u8>>> {
        self.codec().write_request(ask.to, &ask.request, ask.cookie)
    }

    /// What a request to that name says, or what its sender is told.
    pub(crate) fn read_request(
        &self,
        name: NameId,
        request: &http::Request<Vec<u8>>,
    ) -> Result<(Request, Option<Cookie>), Refusal> {
        self.understand_request(name, request)
            .map_err(|fault| Box::new(self.codec().write_fault(name, request, &fault)))
    }

    /// What a request to that name says.
    pub(crate) fn understand_request(
        &self,
        name: NameId,
        request: &http::Request<Vec<u8>>,
    ) -> Result<(Request, Option<Cookie>), Fault> {
        let read = self.codec().read_request(name, request)?;
        if let Request::Browse(Browse::Authorize(Authorize {
            redirect, state: Some(state), ..
        })) = &read.0
        {
            self.texts.keep_redirect(*state, *redirect);
        }
        Ok(read)
    }

    /// An answer as bytes; none of one that cannot travel.
    pub(crate) fn write_response(
        &self,
        from: NameId,
        to: &Request,
        response: &Response,
        beheld: &Beheld,
    ) -> Option<http::Response<Vec<u8>>> {
        if let Response::Token(grant) = response {
            self.texts.keep_granted(grant.token, grant.scope);
        }
        let looking = Looking { wording: self, beheld };
        Codec { scene: &looking, ..self.codec() }.write_response(from, to, response)
    }

    /// What an answer says. One that cannot be understood is as if the request had not been.
    pub(crate) fn read_response(
        &self,
        from: NameId,
        to: &Request,
        response: &http::Response<Vec<u8>>,
    ) -> Response {
        self.understand_response(from, to, response).unwrap_or(Response::BadRequest)
    }

    /// What an answer says.
    pub(crate) fn understand_response(
        &self,
        from: NameId,
        to: &Request,
        response: &http::Response<Vec<u8>>,
    ) -> Result<Response, Fault> {
        self.codec().read_response(from, to, response)
    }

    /// An OCSP answer that was stapled for that certificate, if it is one.
    pub(crate) fn read_staple(&self, serial: Serial, bytes: &[u8]) -> Result<OcspAnswer, Fault> {
        self.read_answer(serial, bytes)
    }

    /// An OCSP answer to be stapled.
    pub(crate) fn write_staple(&self, answer: &OcspAnswer) -> Vec<u8> {
        self.write_answer(&Request::OcspQuery(answer.serial), answer)
    }

    fn item(&self, stored: &Stored, unchanged: bool) -> DossierItem {
        let Stored { zorgaanbieder, dienst, call, received, .. } = *stored;
        let name = dienst.service().map_or("onbekende gegevens", |service| service.name);
        let when = Timestamp::of_run(received, &self.reckoning.epoch).to_string();
        DossierItem {
            what: format!("{name}, deel {}", u16::from(call) + 1),
            from: self.zorgaanbieder_name(zorgaanbieder).unwrap_or_default(),
            when: as_people_read(&when),
            unchanged,
        }
    }

    fn writer(&self, who: NameId) -> Option<Writer<'_>> {
        let key = self.keys.signing.get(&who)?;
        let (places, now) = (&*self.texts as _, self.reckoning.now());
        let epoch = &self.reckoning.epoch;
        Some(Writer { places, key, epoch, now, id: Opaque::uuid_v4(crate::world::secret()) })
    }

    fn key(&self, of: NameId) -> Option<&VerifyingKey> {
        self.keys.verifying.get(&of)
    }

    fn verify(certificate: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let der = CertificateDer::from(certificate);
        webpki::EndEntityCert::try_from(&der).is_ok_and(|certificate| {
            let algorithm = webpki::aws_lc_rs::ECDSA_P256_SHA256;
            certificate.verify_signature(algorithm, message, signature).is_ok()
        })
    }
}

impl Saml for Wording {
    fn write_authn_request(&self, to: NameId, request: &AuthnRequest) -> String {
        // Whoever has no key here is no service provider, and signs nothing.
        let (who, signed) = match self.keys.signing.contains_key(&request.issuer) {
            true => (request.issuer, request.signed),
            false => (self.digid, false),
        };
        let request = AuthnRequest { signed, ..*request };
        let written = self
            .writer(who)
            .map(|writer| saml::write_authn_request(writer, to, &request))
            .unwrap_or_default();
        STANDARD.encode(written)
    }

    fn read_authn_request(
        &self,
        _: NameId,
        text: &str,
        relay_state: Opaque,
    ) -> Result<AuthnRequest, Fault> {
        let xml = STANDARD.decode(text).map_err(|_| Fault::malformed("Base64", text))?;
        let key = |of| self.key(of);
        let reader = Reader { places: &*self.texts, key: &key, epoch: &self.reckoning.epoch };
        saml::read_authn_request(reader, &xml, relay_state)
    }

    fn write_artifact(&self, artifact: Opaque) -> String {
        saml::write_artifact(&saml::entity_id(&*self.texts, self.digid), artifact)
    }

    fn read_artifact(&self, text: &str) -> Result<Opaque, Fault> {
        saml::read_artifact(&saml::entity_id(&*self.texts, self.digid), text)
    }

    fn write_artifact_resolve(
        &self,
        to: NameId,
        artifact: Opaque,
        issuer: NameId,
        signed: bool,
    ) -> Vec<u8> {
        let artifact = self.write_artifact(artifact);
        self.writer(issuer)
            .map(|writer| saml::write_artifact_resolve(writer, to, &artifact, issuer, signed))
            .unwrap_or_default()
    }

    fn read_artifact_resolve(
        &self,
        _: NameId,
        body: &[u8],
    ) -> Result<(Opaque, NameId, bool), Fault> {
        let key = |of| self.key(of);
        let reader = Reader { places: &*self.texts, key: &key, epoch: &self.reckoning.epoch };
        let (artifact, issuer, signed) = saml::read_artifact_resolve(reader, body)?;
        Ok((self.read_artifact(&artifact)?, issuer, signed))
    }

    fn write_artifact_response(&self, from: NameId, _: &Request, answer: &Assertion) -> Vec<u8> {
        self.writer(from)
            .map(|writer| saml::write_artifact_response(writer, from, answer))
            .unwrap_or_default()
    }

    fn read_artifact_response(
        &self,
        from: NameId,
        _: Opaque,
        body: &[u8],
    ) -> Result<Assertion, Fault> {
        let key = |of| self.key(of);
        let reader = Reader { places: &*self.texts, key: &key, epoch: &self.reckoning.epoch };
        saml::read_artifact_response(reader, from, body)
    }
}

impl Ocsp for Wording {
    fn write_query(&self, serial: Serial) -> Vec<u8> {
        ocsp::write_query(&self.keys.issuer, serial)
    }

    fn read_query(&self, body: &[u8]) -> Result<Serial, Fault> {
        ocsp::read_query(&self.keys.issuer, body)
    }

    fn write_answer(&self, _: &Request, answer: &OcspAnswer) -> Vec<u8> {
        let random = SystemRandom::new();
        let sign = |bytes: &[u8]| {
            let signature = self.keys.ocsp_key.sign(&random, bytes);
            signature.map(|signature| signature.as_ref().to_vec()).unwrap_or_default()
        };
        let responder = Responder { certificate: &self.keys.ocsp_certificate, sign: &sign };
        // An answer that cannot be written is none, which whoever asked refuses.
        ocsp::write_answer(&self.keys.issuer, responder, answer, &self.reckoning.epoch)
            .unwrap_or_default()
    }

    fn read_answer(&self, asked: Serial, body: &[u8]) -> Result<OcspAnswer, Fault> {
        ocsp::read_answer(&self.keys.issuer, &Self::verify, asked, body, &self.reckoning.epoch)
    }
}

impl Lists for Wording {
    fn path(&self, kind: ListKind) -> String {
        format!("/{}", served::file(kind))
    }

    fn kind(&self, path: &str) -> Option<ListKind> {
        served::kind_at(path)
    }

    fn write(&self, list: &ListVersion) -> Vec<u8> {
        let key = (list.kind as u8, list.number);
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = written.get(&key).filter(|_| list.fits_schema) {
            return bytes.clone();
        }
        // What does not fit its format is no list, which its receiver refuses.
        let bytes = self
            .texts
            .with(|names| served::to_bytes(list, self.format, &self.reckoning.epoch, names))
            .unwrap_or_default();
        if list.fits_schema {
            written.retain(|(kind, _), _| *kind != key.0);
            written.insert(key, bytes.clone());
        }
        bytes
    }

    fn read(&self, kind: ListKind, body: &[u8]) -> Result<Arc<ListVersion>, Fault> {
        let assumed = Assumed { epoch: self.reckoning.epoch.clone(), releases: self.releases };
        let list = self.texts.with_mut(|names| served::from_bytes(kind, body, &assumed, names));
        Ok(Arc::new(list))
    }
}

impl Scene for Wording {
    /// Of a ZA GW and of DigiD too, whose front names no list has.
    fn organisation_name(&self, host: NameId) -> Option<String> {
        self.houses.get(&host).cloned()
    }

    fn zorgaanbieder_name(&self, zorgaanbieder: ZorgaanbiederId) -> Option<String> {
        // Nobody has no text.
        (zorgaanbieder != NOBODY)
            .then(|| plain(&self.texts.zorgaanbieder_text(zorgaanbieder)).to_owned())
    }

    fn test_persons(&self) -> Vec<TestPerson> {
        self.persons.clone()
    }
}

/// What people see on one page.
struct Looking<'a> {
    wording: &'a Wording,
    beheld: &'a Beheld,
}

/// What people see on a page beside what its message says.
#[derive(Default)]
pub(crate) struct Beheld {
    /// Of the page of a Dossier: what is kept, newest first, and whether it is as it came.
    pub kept: Vec<(Stored, bool)>,
    /// Of a PGO's first page: the list from which it offers.
    pub zal: Option<Arc<ListVersion>>,
}

impl Scene for Looking<'_> {
    fn organisation_name(&self, host: NameId) -> Option<String> {
        self.wording.organisation_name(host)
    }

    fn zorgaanbieder_name(&self, zorgaanbieder: ZorgaanbiederId) -> Option<String> {
        self.wording.zorgaanbieder_name(zorgaanbieder)
    }

    fn offers(&self, _: NameId) -> Vec<Offering> {
        let zal = self.beheld.zal.as_ref().and_then(|list| list.zal());
        let offering = |(zorgaanbieder, offers): (ZorgaanbiederId, &[Offer])| {
            let naam = self.wording.texts.zorgaanbieder_text(zorgaanbieder);
            let name = plain(&naam).to_owned();
            let services = offers.iter().map(|offer| offer.dienst).collect();
            Offering { naam, name, services }
        };
        zal.into_iter().flat_map(|zal| zal.rows().map(offering)).collect()
    }

    fn test_persons(&self) -> Vec<TestPerson> {
        self.wording.test_persons()
    }

    fn dossier(&self, _: NameId) -> Vec<DossierItem> {
        self.beheld
            .kept
            .iter()
            .map(|(stored, unchanged)| self.wording.item(stored, *unchanged))
            .collect()
    }
}

/// A Zorgaanbiedernaam as people read it.
fn plain(naam: &str) -> &str {
    naam.strip_suffix("@medmij").unwrap_or(naam)
}

/// A moment of a list, `2026-11-23T14:58:02Z`, as people read it. The world of a twin knows no zone but UTC.
fn as_people_read(moment: &str) -> String {
    let (date, clock) = moment.split_once('T').unwrap_or((moment, ""));
    let mut date: Vec<&str> = date.split('-').collect();
    date.reverse();
    let clock = clock.get(..5).unwrap_or_default();
    format!("{} om {clock} UTC", date.join("-"))
}

/// How a host that shows pages is called there, if its name is on no list.
fn houses(network: &Network) -> BTreeMap<NameId, String> {
    let name = |host: &Host| match host.role() {
        Role::Digid => Some("DigiD, nagebootst".to_owned()),
        Role::Za => {
            let mut gateways = network.register.gateways.iter();
            let gateway = gateways.find(|gateway| gateway.node == host.back)?;
            Some(network.texts.organisation_text(gateway.organisation).to_owned())
        }
        _ => None,
    };
    network.hosts.iter().filter_map(|host| Some((host.front, name(host)?))).collect()
}

/// Invented people: the first ones of the population.
fn persons() -> Vec<TestPerson> {
    const NAMES: [&str; 12] = [
        "Anna de Verzonnen",
        "Bram Bedacht",
        "Carla van Nergens",
        "Daan Dromer",
        "Eva Proef",
        "Farid Voorbeeld",
        "Greet Gissing",
        "Henk Hypothese",
        "Iris Idee",
        "Jaap Maarschijn",
        "Kim Karton",
        "Lotte Loos",
    ];
    (0..PERSONS)
        .map(|number| TestPerson {
            account: PersonId(number),
            name: NAMES[number as usize % NAMES.len()].to_owned(),
            born: format!("{}-{}-{}", 1 + number * 2, 1 + number, 1950 + number * 4),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_and_a_name_read_as_people_write_them() {
        assert_eq!(as_people_read("2026-11-03T04:58:02.8Z"), "03-11-2026 om 04:58 UTC");
        assert_eq!(plain("huisartsbaaa@medmij"), "huisartsbaaa");
        assert_eq!(plain("huisartsbaaa"), "huisartsbaaa");
    }
}
