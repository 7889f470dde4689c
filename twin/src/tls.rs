//! TLS of a twin: what each name shows, what each host shows when it asks, and what is seen of the other end.
//!
//! Nothing is refused here but what cannot be read: whether a peer is admitted is for actors to say, so that chain,
//! name and validity are told them as what they are (semantics 3). Only TLS 1.2 and 1.3, with the cipher suites that
//! the NCSC calls good (NET 1).

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use protocol::{
    time::WallTime,
    world::network::{Door, Resumption as Reuse, Tls as Settings, TlsVersion},
};
use rustls::{
    CipherSuite, ClientConfig, DigitallySignedStruct, DistinguishedName, ServerConfig,
    SignatureScheme, SupportedCipherSuite,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, TrustAnchor, UnixTime},
    server::{
        ClientHello, NoServerSessionStorage, ResolvesServerCert,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
};

use crate::network::Entrance;

/// What a name shows: its chain, the leaf first, and its key.
#[derive(Debug)]
pub struct Shown {
    /// Certificates, as DER.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key of the first.
    pub key: PrivateKeyDer<'static>,
}

/// Keys and certificates of a twin.
pub struct Tls {
    names: Arc<Names>,
    front: Arc<ServerConfig>,
    mutual: Arc<ServerConfig>,
    either: Arc<ServerConfig>,
    provider: Arc<CryptoProvider>,
    settings: Settings,
    anchors: Vec<TrustAnchor<'static>>,
    /// What was read in chains that were shown before: whether one ends at our root depends on nothing else.
    looked_at: Mutex<BTreeMap<Vec<u8>, Seen>>,
}

/// How many chains are remembered; more than a network has names.
const REMEMBERED: usize = 4_096;

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Which key is shown by which name.
#[derive(Debug)]
struct Names(RwLock<BTreeMap<String, Arc<CertifiedKey>>>);

/// What can be read in a certificate that the other end showed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Its serial number, if it is one of ours: a number of 32 bits.
    pub serial: Option<u32>,
    /// The hostnames it is for.
    pub names: Vec<String>,
    /// End of its validity, in seconds since 1970.
    pub not_after: i64,
    /// Whether its chain ends at the root of this network.
    pub trusted_chain: bool,
}

/// What cannot be made of keys and certificates.
#[derive(Debug)]
pub struct TlsFault(pub String);

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsFault {}

impl Tls {
    /// The TLS of a network, in which each of these names shows what stands with it.
    ///
    /// # Errors
    /// A key is none that can sign, or the root is no certificate.
    pub fn new(
        shown: BTreeMap<String, Shown>,
        root: &CertificateDer<'_>,
        settings: Settings,
    ) -> Result<Self, TlsFault> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let anchor = webpki::anchor_from_trusted_cert(root)
            .map_err(|error| TlsFault(format!("the root certificate: {error}")))?
            .to_owned();
        let names = Arc::new(Names(RwLock::default()));
        let algorithms = provider.signature_verification_algorithms;
        let versions = versions(settings);
        let wrong = |error: rustls::Error| TlsFault(error.to_string());
        let builder = || {
            ServerConfig::builder_with_provider(Arc::clone(&provider))
                .with_protocol_versions(versions)
                .map_err(wrong)
        };
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(&names) as _;
        let front = builder()?.with_no_client_auth().with_cert_resolver(Arc::clone(&resolver));
        let with_client = |is_demanded| {
            let verifier = Arc::new(AnyClient { algorithms, is_demanded });
            let builder = builder()?.with_client_cert_verifier(verifier);
            Ok::<_, TlsFault>(builder.with_cert_resolver(Arc::clone(&resolver)))
        };
        let (mutual, either) = (with_client(true)?, with_client(false)?);
        let settle = |mut config: ServerConfig| {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            if settings.resumption == Reuse::Off {
                config.session_storage = Arc::new(NoServerSessionStorage {});
                config.send_tls13_tickets = 0;
            }
            Arc::new(config)
        };
        let (front, mutual, either) = (settle(front), settle(mutual), settle(either));
        let (anchors, looked_at) = (vec![anchor], Mutex::default());
        let tls = Self { names, front, mutual, either, provider, settings, anchors, looked_at };
        shown.into_iter().try_for_each(|(name, shown)| tls.show(&name, shown))?;
        Ok(tls)
    }

    /// What is spoken at a door. Who has one name for browsers and hosts asks for a certificate and does not demand it.
    pub(crate) fn server(&self, entrance: Entrance) -> Arc<ServerConfig> {
        Arc::clone(match entrance.door {
            Door::Mutual { .. } if entrance.for_browsers => &self.either,
            Door::Mutual { .. } => &self.mutual,
            Door::Front | Door::Plain(_) | Door::Behind => &self.front,
        })
    }

    /// What an asker speaks that shows what this name has, if it shows anything; and what it will have seen.
    pub(crate) fn client(
        &self,
        shows: Option<&str>,
    ) -> Result<(ClientConfig, Arc<AnyServer>), TlsFault> {
        let wrong = |error: rustls::Error| TlsFault(error.to_string());
        let algorithms = self.provider.signature_verification_algorithms;
        let seen = Arc::new(AnyServer { algorithms, staple: Mutex::default() });
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(versions(self.settings))
            .map_err(wrong)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&seen) as _);
        let shown = shows.and_then(|name| self.names.get(name));
        let mut config = match shown {
            Some(key) => builder.with_client_cert_resolver(Arc::new(Always(key))),
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::disabled();
        Ok((config, seen))
    }

    /// From now on a name shows this.
    ///
    /// # Errors
    /// Its key is none that can sign.
    pub fn show(&self, name: &str, shown: Shown) -> Result<(), TlsFault> {
        let key = self
            .provider
            .key_provider
            .load_private_key(shown.key)
            .map_err(|error| TlsFault(format!("the key of {name}: {error}")))?;
        let key = Arc::new(CertifiedKey::new(shown.chain, key));
        let mut names = self.names.0.write().unwrap_or_else(PoisonError::into_inner);
        names.insert(name.to_owned(), key);
        Ok(())
    }

    /// From now on a name staples this answer, as DER (RFC 6066 §8).
    pub fn staple(&self, name: &str, answer: Vec<u8>) {
        let mut names = self.names.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = names.get_mut(name) {
            let mut new = CertifiedKey::clone(key);
            new.ocsp = Some(answer);
            *key = Arc::new(new);
        }
    }

    /// What can be read in what the other end showed; none if it is no certificate.
    pub(crate) fn look(&self, chain: &[CertificateDer<'_>]) -> Option<Seen> {
        let shown: Vec<u8> = chain.iter().flat_map(|one| one.iter().copied()).collect();
        let known = || self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = known().get(&shown) {
            return Some(seen.clone());
        }
        let seen = self.read(chain)?;
        let mut known = known();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(shown, seen.clone());
        Some(seen)
    }

    fn read(&self, chain: &[CertificateDer<'_>]) -> Option<Seen> {
        let (leaf, rest) = chain.split_first()?;
        let (_, parsed) = x509_parser::parse_x509_certificate(leaf).ok()?;
        let names = parsed
            .subject_alternative_name()
            .ok()
            .flatten()
            .map(|names| {
                let host = |name: &x509_parser::extensions::GeneralName<'_>| match name {
                    x509_parser::extensions::GeneralName::DNSName(name) => Some((*name).to_owned()),
                    _ => None,
                };
                names.value.general_names.iter().filter_map(host).collect()
            })
            .unwrap_or_default();
        let not_after = parsed.validity().not_after.timestamp();
        let serial: u128 = parsed
            .raw_serial()
            .iter()
            .try_fold(0u128, |sum, byte| sum.checked_mul(256)?.checked_add((*byte).into()))
            .unwrap_or(u128::MAX);
        Some(Seen {
            serial: u32::try_from(serial).ok(),
            names,
            not_after,
            trusted_chain: self.trusts(leaf, rest, not_after),
        })
    }

    /// Whether the chain ends at our root. That it has expired is another matter, which actors judge: so it is looked
    /// at as it was in its last second.
    fn trusts(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        not_after: i64,
    ) -> bool {
        let Ok(leaf) = webpki::EndEntityCert::try_from(leaf) else { return false };
        let at = u64::try_from(not_after).unwrap_or(0);
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at));
        let algorithms = self.provider.signature_verification_algorithms.all;
        let usage = webpki::KeyUsage::client_auth();
        leaf.verify_for_usage(algorithms, &self.anchors, rest, at, usage, None, None).is_ok()
    }
}

impl Names {
    fn get(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.get(hello.server_name()?)
    }
}

static ONLY_1_2: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];

/// The versions that are spoken.
fn versions(settings: Settings) -> &'static [&'static rustls::SupportedProtocolVersion] {
    match settings.version {
        TlsVersion::V1_2 => ONLY_1_2,
        TlsVersion::V1_3 => rustls::ALL_VERSIONS,
    }
}

/// Whether the NCSC calls a cipher suite good (its guideline for TLS, 2.1): all of TLS 1.3, and of 1.2 those with
/// ECDHE and authenticated encryption.
pub fn is_good(suite: CipherSuite) -> bool {
    let all: &[SupportedCipherSuite] = rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES;
    all.iter().any(|known| known.suite() == suite)
}

/// One key, whatever is asked for.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl rustls::client::ResolvesClientCert for Always {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Takes any server that holds the key of the certificate it shows, and keeps what it staples.
#[derive(Debug)]
pub(crate) struct AnyServer {
    algorithms: WebPkiSupportedAlgorithms,
    staple: Mutex<Vec<u8>>,
}

impl AnyServer {
    /// The OCSP answer that came with the handshake.
    pub fn staple(&self) -> Option<Vec<u8>> {
        let staple = self.staple.lock().unwrap_or_else(PoisonError::into_inner);
        (!staple.is_empty()).then(|| staple.clone())
    }
}

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp_response: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.staple.lock().unwrap_or_else(PoisonError::into_inner) = ocsp_response.to_vec();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Takes any certificate whose key the client holds.
#[derive(Debug)]
struct AnyClient {
    algorithms: WebPkiSupportedAlgorithms,
    is_demanded: bool,
}

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        self.is_demanded
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The moment of a run at which a certificate ends, in a world whose time zero was that many nanoseconds after the
/// beginning of 1970.
pub(crate) fn in_run(seconds: i64, epoch: i64) -> WallTime {
    WallTime::from_nanos(seconds.saturating_mul(1_000_000_000).saturating_sub(epoch))
}
