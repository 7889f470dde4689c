//! Opening a twin: listeners, certificates, actors; and what is told of it in endpoints.json.
//!
//! Everything that can be wrong from outside is looked at before anything is said to be ready. Does not decide when
//! it ends: whoever opened it does.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Write as _},
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time,
};

use protocol::id::HostId;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};

use crate::{
    endpoints::{Endpoints, Files, Person},
    guest,
    network::Network,
    pki::{Authority, Wanted},
    texts::Texts,
    tls::{Shown, Tls},
    wording::{Reckoning, Wording},
    world::{Doors, Making, Witness, World},
};

/// How a twin is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its folder: certificates, keys, and what it tells of itself.
    pub dir: PathBuf,
    /// Where it listens.
    pub listen: IpAddr,
    /// The port for TLS; for what has none, the next. 0 takes two that are free.
    pub port: u16,
    /// Key of all draws but secret ones.
    pub seed: u64,
    /// Where its console is, if it has one.
    pub console: Option<String>,
    /// Whether what is where, and what whoever plays hosts elsewhere needs, is written into the folder; else another twin
    /// of the same network has done so.
    pub tells: bool,
}

/// Why a twin cannot be opened.
#[derive(Debug)]
pub struct Fault {
    /// What was in the way: a folder, an address.
    pub place: String,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

impl std::error::Error for Fault {}

pub(crate) fn fault(place: impl fmt::Display, reason: impl fmt::Display) -> Fault {
    Fault { place: place.to_string(), reason: reason.to_string() }
}

/// An open twin. Its tasks end when it is dropped.
pub struct Twin<S> {
    /// Its world.
    pub world: Arc<World<S>>,
    /// The file that says what is where.
    pub endpoints: PathBuf,
    tasks: JoinSet<()>,
    clock: JoinHandle<()>,
}

impl<S: Witness> Twin<S> {
    /// Opens a network, whose events go to `sink`.
    ///
    /// # Errors
    /// The folder cannot be used, a port is taken, or the certificates in the folder are none.
    pub async fn open(network: Network, options: &Options, sink: S) -> Result<Self, Fault> {
        let Options { dir, listen, port, seed, console, tells } = options;
        fs::create_dir_all(dir).map_err(|error| fault(dir.display(), error))?;
        // Whoever reads of its files may be elsewhere.
        let dir = &dir.canonicalize().map_err(|error| fault(dir.display(), error))?;
        let authority =
            Authority::open(&dir.join("pki")).map_err(|error| fault(dir.display(), error))?;
        let bind = async |port: u16| {
            let address = SocketAddr::new(*listen, port);
            let listener = TcpListener::bind(address).await;
            let listener = listener.map_err(|error| match error.kind() {
                io::ErrorKind::AddrInUse => {
                    fault(address, "somebody else listens there: choose another port by --port")
                }
                io::ErrorKind::PermissionDenied => fault(
                    address,
                    "only a privileged user may listen there: choose a port above 1023 by --port",
                ),
                _ => fault(address, error),
            })?;
            let address = listener.local_addr().map_err(|error| fault(address, error))?;
            Ok::<_, Fault>((listener, address))
        };
        let (tls_listener, tls_address) = bind(*port).await?;
        let plain_port = if *port == 0 { 0 } else { port.saturating_add(1) };
        let (plain_listener, plain_address) = bind(plain_port).await?;

        let texts = Arc::new(Texts::new(network.texts.clone(), &network.register));
        let certificates = certificates(&network, &authority)?;
        let root = CertificateDer::from(authority.root_der().to_vec());
        let (wording, metadata) =
            Wording::new(&network, &texts, &authority, dir, Reckoning::of_machine())?;
        let shown = certificates
            .iter()
            .map(|(name, certificate)| Ok((name.clone(), certificate.shown(name)?)))
            .collect::<Result<BTreeMap<String, Shown>, Fault>>()?;
        let tls = Tls::new(shown, &root, network.told.tls).map_err(|error| fault("TLS", error))?;
        let world = World::new(Making {
            doors: Doors { tls: tls_address, plain: plain_address },
            started: time::Instant::now(),
            seed: *seed,
            network,
            texts,
            wording,
            authority,
            tls,
            sink,
        });
        let endpoints = dir.join("endpoints.json");
        let files = network_files(&world.network, &world.authority);
        let persons: Vec<Person> = world.wording.persons().iter().map(Person::of).collect();
        let told = Endpoints::of(
            &world.network,
            world.doors,
            &world.authority.root_path(),
            &files,
            &metadata,
            &persons,
            console.clone(),
        );
        let text =
            serde_json::to_string_pretty(&told).map_err(|error| fault("endpoints", error))?;
        if *tells {
            whole(&endpoints, text.as_bytes())?;
        }
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&world).listen_tls(tls_listener));
        tasks.spawn(Arc::clone(&world).listen_plain(plain_listener));
        let clock = tokio::spawn(Arc::clone(&world).keep_time());
        tasks.spawn(Arc::clone(&world).forget());
        for host in (0..world.network.hosts.len() as u32).map(HostId) {
            match world.network.elsewhere.contains_key(&host) {
                true if *tells => guest::tell(&world, host, dir, &told, &metadata)?,
                true => {}
                false => world.start(host),
            }
        }
        Ok(Self { world, endpoints, tasks, clock })
    }

    /// Ends it: takes no more connections, and waits until flows that are being served are, but no longer than that.
    pub async fn close(mut self, patience: time::Duration) {
        // Nobody begins anything new, of their own accord or from outside; what goes on is brought to its end.
        self.world.ending.store(true, Ordering::Relaxed);
        self.clock.abort();
        let until = time::Instant::now() + patience;
        while self.world.is_busy() && time::Instant::now() < until {
            tokio::time::sleep(time::Duration::from_millis(20)).await;
        }
        self.tasks.abort_all();
        self.tasks.shutdown().await;
    }
}

/// A certificate of the twin, as its authority issued it.
pub(crate) struct Issued {
    pub chain: Vec<Vec<u8>>,
    pub key: Vec<u8>,
}

impl From<crate::pki::Issued> for Issued {
    fn from(issued: crate::pki::Issued) -> Self {
        Self { chain: issued.certificate_chain_der, key: issued.key_der }
    }
}

impl Issued {
    /// As TLS shows it.
    pub fn shown(&self, name: &str) -> Result<Shown, Fault> {
        let chain = self.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let key = PrivateKeyDer::try_from(self.key.clone()).map_err(|error| fault(name, error))?;
        Ok(Shown { chain, key })
    }
}

/// A certificate for every name that has TLS.
fn certificates(
    network: &Network,
    authority: &Authority,
) -> Result<BTreeMap<String, Issued>, Fault> {
    let wanted: Vec<(String, Wanted)> = network
        .names()
        .filter(|(_, entrance)| !entrance.is_plain())
        .map(|(name, _)| {
            let text = network.texts.host_text(name).to_owned();
            (text.clone(), Wanted::server(text, network.serial(name)))
        })
        .collect();
    authority
        .issue_all(&wanted.iter().map(|(_, wanted)| wanted.clone()).collect::<Vec<_>>())
        .map_err(|error| fault("certificates", error))
        .map(|issued| {
            let issued = issued
                .into_iter()
                .map(|issued| Issued { chain: issued.certificate_chain_der, key: issued.key_der });
            wanted.into_iter().map(|(text, _)| text).zip(issued).collect()
        })
}

/// Where the certificate and the key of each name are kept.
fn network_files(network: &Network, authority: &Authority) -> Files {
    network
        .names()
        .filter(|(_, entrance)| !entrance.is_plain())
        .map(|(name, _)| {
            let text = network.texts.host_text(name).to_owned();
            let paths = authority.paths(&text, network.serial(name));
            (text, paths)
        })
        .collect()
}

/// Writes a file that is there whole or not at all.
///
/// # Errors
/// It cannot be written.
pub fn whole(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    let dir = dir.unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        let mut draft = tempfile::NamedTempFile::new_in(dir)?;
        draft.write_all(bytes)?;
        draft.as_file().sync_all()?;
        draft.persist(path)?;
        Ok(())
    };
    write().map_err(|error| fault(path.display(), error))
}
