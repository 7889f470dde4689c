//! The certificates of a network: a chain shaped like PKIoverheid Private, made here and trusted nowhere else.
//!
//! Root, domain CA, TSP CA, and below that a certificate per name and a signer of OCSP answers. Kept in a folder and
//! used again. Does not open sockets and does not decide whom to trust: that is for TLS and the actors.

mod store;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    thread,
};

use protocol::id::Serial;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256,
    SerialNumber,
};
use time::OffsetDateTime;

use self::store::Store;

/// What makes a certificate of the twin.
pub struct Authority {
    store: Store,
    /// Of the certificates of hosts.
    issuer: Issuer<'static, KeyPair>,
    /// The certificates above those of hosts, the nearest first, as DER. The last is the root.
    above: Vec<Vec<u8>>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority with {} certificates above", self.above.len())
    }
}

/// Why certificates cannot be made or kept.
#[derive(Debug)]
pub enum PkiFault {
    /// A file or folder cannot be used.
    Io(String, io::Error),
    /// What stands in a file is no certificate or key of a twin.
    Damaged(String, String),
    /// Something cannot be put into a certificate.
    Made(rcgen::Error),
}

impl fmt::Display for PkiFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{path}: {error}"),
            Self::Damaged(path, why) => {
                write!(f, "{path}: {why}; remove the folder, and another is made")
            }
            Self::Made(error) => write!(f, "no certificate can be made: {error}"),
        }
    }
}

impl std::error::Error for PkiFault {}

impl From<rcgen::Error> for PkiFault {
    fn from(error: rcgen::Error) -> Self {
        Self::Made(error)
    }
}

/// A certificate that is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    name: String,
    serial: Serial,
    /// End of its validity, in seconds since 1970; none for as long as its issuer's.
    not_after: Option<i64>,
    purpose: Purpose,
}

/// What a certificate is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Purpose {
    /// Both ends of TLS.
    Host,
    /// Signing OCSP answers (RFC 6960 §4.2.2.2).
    Ocsp,
    /// Signing SAML messages; of RSA, as DigiD's are.
    Saml,
}

/// A certificate, its chain without the root, and its key.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Certificates as DER, its own first.
    pub certificate_chain_der: Vec<Vec<u8>>,
    /// Its key, as PKCS #8 DER.
    pub key_der: Vec<u8>,
}

impl Issued {
    /// The certificate with its chain and the key, as PEM.
    pub fn pem(&self) -> (String, String) {
        let chain = self.certificate_chain_der.iter();
        let chain: Vec<pem::Pem> =
            chain.map(|der| pem::Pem::new("CERTIFICATE", der.as_slice())).collect();
        let key = pem::Pem::new("PRIVATE KEY", self.key_der.as_slice());
        (pem::encode_many(&chain), pem::encode(&key))
    }
}

impl Wanted {
    /// For a host, by that name.
    pub fn server(name: String, serial: Serial) -> Self {
        Self { name, serial, not_after: None, purpose: Purpose::Host }
    }

    /// For who signs SAML messages, by that name.
    pub fn saml(name: String, serial: Serial) -> Self {
        Self { purpose: Purpose::Saml, ..Self::server(name, serial) }
    }

    /// For whoever signs OCSP answers.
    fn ocsp() -> Self {
        let name = "ocsp-signer.invalid".to_owned();
        // Beyond every number of a host or a name.
        Self { name, serial: Serial(0xffff_0000), not_after: None, purpose: Purpose::Ocsp }
    }

    /// Whose validity ends at that time, in seconds since 1970.
    #[must_use]
    pub fn until(self, not_after: i64) -> Self {
        Self { not_after: Some(not_after), ..self }
    }
}

/// How long certificates are valid: longer than anybody keeps a folder.
const YEARS: i64 = 10;
const DAY: i64 = 86_400;

impl Authority {
    /// The authority that is kept in that folder; a new one if there is none.
    ///
    /// # Errors
    /// The folder cannot be used, or what stands in it is not of a twin.
    pub fn open(folder: &Path) -> Result<Self, PkiFault> {
        let store = Store::open(folder)?;
        let levels = match store.chain()? {
            Some(levels) => levels,
            None => store.keep_chain(&new_chain()?)?,
        };
        let (above, key) = levels;
        let issuer_der = above[0].clone().into();
        let issuer = Issuer::from_ca_cert_der(&issuer_der, KeyPair::try_from(key.as_slice())?)?;
        Ok(Self { store, issuer, above })
    }

    /// Where the certificate of a name and its key are kept.
    pub fn paths(&self, name: &str, serial: Serial) -> (PathBuf, PathBuf) {
        self.store.paths(name, serial)
    }

    /// Where the root is kept.
    pub fn root_path(&self) -> PathBuf {
        self.store.root()
    }

    /// The root, which has signed itself.
    pub fn root_der(&self) -> &[u8] {
        self.above.last().map_or(&[], Vec::as_slice)
    }

    /// Who issues certificates of hosts.
    pub fn issuer_der(&self) -> &[u8] {
        &self.above[0]
    }

    /// What stands between a host's certificate and the root.
    fn between(&self) -> &[Vec<u8>] {
        self.above.split_last().map_or(&[], |(_, between)| between)
    }

    /// Who signs OCSP answers.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn ocsp_signer(&self) -> Result<Issued, PkiFault> {
        self.issue(&Wanted::ocsp())
    }

    /// A certificate; one that is kept and still fits, or a new one.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn issue(&self, wanted: &Wanted) -> Result<Issued, PkiFault> {
        // What ends early is not for another time.
        let (certificate, key) = match wanted.not_after {
            Some(_) => self.make(wanted)?,
            None => match self.store.leaf(&wanted.name, wanted.serial)? {
                Some(kept) => kept,
                None => {
                    let made = self.make(wanted)?;
                    self.store.keep_leaf(&wanted.name, wanted.serial, &made, self.between())?;
                    made
                }
            },
        };
        let between = self.between().iter().cloned();
        let certificate_chain_der = [certificate].into_iter().chain(between).collect();
        Ok(Issued { certificate_chain_der, key_der: key })
    }

    /// Many certificates, in the order in which they are wanted.
    ///
    /// # Errors
    /// One of them cannot be kept.
    pub fn issue_all(&self, wanted: &[Wanted]) -> Result<Vec<Issued>, PkiFault> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let share = wanted.len().div_ceil(threads).max(1);
        let parts: Vec<Result<Vec<Issued>, PkiFault>> = thread::scope(|scope| {
            let issue = |part: &'_ [Wanted]| part.iter().map(|one| self.issue(one)).collect();
            let running: Vec<_> =
                wanted.chunks(share).map(|part| scope.spawn(move || issue(part))).collect();
            let done = |thread: thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            running.into_iter().map(done).collect()
        });
        let mut all = Vec::with_capacity(wanted.len());
        for part in parts {
            all.extend(part?);
        }
        Ok(all)
    }

    fn make(&self, wanted: &Wanted) -> Result<(Vec<u8>, Vec<u8>), PkiFault> {
        let key = match wanted.purpose {
            Purpose::Saml => KeyPair::generate_for(&PKCS_RSA_SHA256)?,
            Purpose::Host | Purpose::Ocsp => KeyPair::generate()?,
        };
        let mut params = CertificateParams::new(vec![wanted.name.clone()])?;
        params.distinguished_name = named(&wanted.name);
        params.serial_number = Some(number(u64::from(wanted.serial.0)));
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let (not_before, not_after) = match wanted.not_after {
            // It has been valid once, and if its end is to come it is so now.
            Some(end) => (end.min(now) - DAY, end),
            None => (now - DAY, now + (YEARS - 1) * 365 * DAY),
        };
        (params.not_before, params.not_after) = (moment(not_before), moment(not_after));
        match wanted.purpose {
            Purpose::Host => {
                params.extended_key_usages =
                    vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
                params.custom_extensions = vec![authority_information()];
            }
            // Whose it is, metadata say.
            Purpose::Saml => {}
            Purpose::Ocsp => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
                params.custom_extensions = vec![ocsp_no_check()];
            }
        }
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate.der().to_vec(), key.serialize_der()))
    }
}

/// Three levels: root, domain, TSP. Gives the certificates, the lowest first, and the key of that.
fn new_chain() -> Result<(Vec<Vec<u8>>, Vec<u8>), PkiFault> {
    let level = |name: &str, serial| -> Result<(CertificateParams, KeyPair), PkiFault> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.serial_number = Some(number(serial));
        params.use_authority_key_identifier_extension = true;
        let now = OffsetDateTime::now_utc().unix_timestamp();
        (params.not_before, params.not_after) =
            (moment(now - DAY), moment(now + YEARS * 365 * DAY));
        Ok((params, KeyPair::generate()?))
    };
    // Beyond every number of a host or a name.
    let (params, key) = level("stelsel TEST Private Root CA (niet vertrouwd)", 0xffff_0001)?;
    let root = CertifiedIssuer::self_signed(params, key)?;
    let (params, key) = level("stelsel TEST Private Services CA (niet vertrouwd)", 0xffff_0002)?;
    let domain = CertifiedIssuer::signed_by(params, key, &root)?;
    let (params, key) =
        level("stelsel TEST TSP Private Services CA (niet vertrouwd)", 0xffff_0003)?;
    let tsp = CertifiedIssuer::signed_by(params, key, &domain)?;
    let above = [tsp.der().to_vec(), domain.der().to_vec(), root.der().to_vec()];
    Ok((above.to_vec(), tsp.key().serialize_der()))
}

fn named(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "NL");
    name.push(DnType::OrganizationName, "stelsel TEST");
    // A common name has at most 64 characters; the whole name stands among the alternative names.
    name.push(DnType::CommonName, common.chars().take(64).collect::<String>());
    name
}

/// A serial number that is positive and has no more bytes than it takes.
fn number(serial: u64) -> SerialNumber {
    let bytes = serial.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
    let mut shortest = bytes[first..].to_vec();
    if shortest[0] & 0x80 != 0 {
        shortest.insert(0, 0);
    }
    SerialNumber::from(shortest)
}

fn moment(seconds: i64) -> OffsetDateTime {
    let epoch = OffsetDateTime::UNIX_EPOCH;
    epoch.checked_add(time::Duration::seconds(seconds)).unwrap_or(epoch)
}

/// Where to ask for the status of a certificate (RFC 5280 §4.2.2.1): `http://ocsp.stelsel.example/ocsp`.
fn authority_information() -> CustomExtension {
    const URL: &[u8] = b"http://ocsp.stelsel.example/ocsp";
    const OCSP: [u8; 10] = [0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01];
    let url = der(0x86, URL);
    let description = der(0x30, &[&OCSP[..], &url].concat());
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], der(0x30, &description))
}

/// Nobody asks for the status of who signs statuses (RFC 6960 §4.2.2.2.1).
fn ocsp_no_check() -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 5], vec![0x05, 0x00])
}

/// One value of DER, of fewer than 128 bytes.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    debug_assert!(content.len() < 128, "a length of one byte");
    [&[tag, content.len() as u8], content].concat()
}
