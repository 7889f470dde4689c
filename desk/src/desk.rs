//! The desk: a twin beside it, the gateway in front of it, and all that is needed to speak to both.
//!
//! Knows the network as everybody does who takes part: names, addresses, lists, certificates. Judges nothing.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::header;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use protocol::{
    catalogue::Gegevensdienst,
    id::{HostId, NameId, Serial},
    role::Role,
    world::network::Door,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::{net::TcpStream, sync::OnceCell};
use twin::pki::{Authority, Wanted};
use url::Url;
use wire::{PASSWORD, places::Places as _};

use crate::{
    chromium::{self, Chromium},
    ledger::Ledger,
    line::{Identity, Lines, Request},
    mischief::{Mischief, Standing},
    recipe::Recipe,
    stage::Stage,
};

/// What is told of the gateway beside its address.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// How to go through its pages.
    pub recipe: Recipe,
    /// Where its clocks and systems can be steered, if they can.
    pub control: Option<Url>,
    /// How long may really be waited for what its clocks would have to show.
    pub patience: Duration,
    /// The browser for pages that need script; none for the first that is installed.
    pub browser: Option<PathBuf>,
}

/// The desk.
pub struct Desk {
    /// The network.
    pub world: Arc<dyn Stage>,
    /// What is heard in it of the gateway.
    pub ledger: Ledger,
    /// The gateway.
    pub subject: Subject,
    /// The ways to it and to the network.
    pub lines: Lines,
    /// What is told of it.
    pub told: Told,
    /// PGOs of the network.
    pub pgos: Vec<Pgo>,
    /// What is offered in the network, by whom.
    pub offers: Vec<Offer>,
    /// What hosts of the network are made to answer.
    pub mischief: Arc<Mischief>,
    /// Accounts of who can log in.
    pub persons: Vec<String>,
    /// The name for browsers of DigiD.
    pub digid: String,
    chromium: OnceCell<Result<Chromium, String>>,
    foreign: Authority,
    /// A folder of what is not of the network.
    _foreign_dir: tempfile::TempDir,
    serials: RefCell<u32>,
    used: RefCell<Vec<Serial>>,
    disguised: RefCell<Vec<NameId>>,
    /// Whether systems behind the gateway were told to fail.
    has_failed_systems: Cell<bool>,
    /// Who of the test persons has something at the gateway, once that is known.
    pub(crate) survey: RefCell<BTreeMap<usize, crate::za::Survey>>,
}

/// The gateway that is looked at.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The host that it plays.
    pub host: HostId,
    /// As files name that: `za-1`.
    pub name: String,
    /// Its name for browsers.
    pub front: String,
    /// Its name for nodes.
    pub back: String,
    /// Where it is.
    pub at: SocketAddr,
}

/// A PGO of the network.
#[derive(Clone, Debug)]
pub struct Pgo {
    /// Its hostname, and so its client_id.
    pub name: String,
    /// That, as actors know it.
    pub id: NameId,
    /// Its friendly name on the OAuth client list.
    pub organisation: String,
    /// Its certificate.
    pub identity: Identity,
}

impl Pgo {
    /// Where it has browsers sent back.
    pub fn redirect(&self) -> String {
        format!("https://{}/callback", self.name)
    }
}

/// A Gegevensdienst at a Zorgaanbieder.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The host that serves it.
    pub host: HostId,
    /// Zorgaanbiedernaam, whole.
    pub naam: String,
    /// What.
    pub dienst: Gegevensdienst,
    /// Authorization endpoint.
    pub authorization: Url,
    /// Token endpoint.
    pub token: Url,
    /// Resource endpoint of each query.
    pub resources: Vec<Url>,
}

/// Serials of certificates that the desk has issued begin here: beyond all of a network's.
const OWN_SERIALS: u32 = 3 << 24;

/// What a host may show in place of its certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disguise {
    /// One of a chain that does not end at the network's root.
    OfAnotherChain,
    /// A good one of another name.
    OfAnotherName,
    /// One that ended so long ago.
    Ended(Duration),
    /// One that nobody has seen before, of which the responder says this.
    New(Standing),
}

/// The second since the beginning of 1970 that was so long ago.
fn seconds_ago(ago: Duration) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.saturating_sub(ago).as_secs()).unwrap_or_default()
}

/// How long a control door may take.
const STEERING: Duration = Duration::from_secs(60);

impl Desk {
    /// A desk beside a twin, in front of the gateway that plays that host.
    ///
    /// # Errors
    /// Certificates cannot be had, or no host of the network is played by somebody else.
    pub fn new(
        world: Arc<dyn Stage>,
        ledger: Ledger,
        host: HostId,
        told: Told,
    ) -> Result<Self, String> {
        let network = world.network();
        let at = *network.elsewhere.get(&host).ok_or("nobody else plays that host")?;
        let text = |name: NameId| world.texts().host_text(name);
        let entry = &network.hosts[host.place()];
        let subject = Subject {
            host,
            name: entry.name.clone(),
            front: text(entry.front),
            back: text(entry.back),
            at,
        };
        let mut places = BTreeMap::new();
        for (name, entrance) in network.names() {
            let ours = match entrance.door {
                Door::Front | Door::Mutual { .. } => world.doors().tls,
                Door::Plain(_) | Door::Behind => world.doors().plain,
            };
            let at = network.elsewhere.get(&entrance.host).copied().unwrap_or(ours);
            places.insert(text(name), at);
        }
        let root = CertificateDer::from(world.authority().root_der().to_vec());
        let lines = Lines::new(places, root, world.now().as_secs_f64())
            .map_err(|error| error.to_string())?;
        let mut pgos = Vec::new();
        for host in network.hosts.iter().filter(|host| host.role() == Role::Pgo) {
            let name = text(host.back);
            let wanted = Wanted::server(name.clone(), network.serial(host.back));
            let issued = world.authority().issue(&wanted).map_err(|error| error.to_string())?;
            let (chain, key) = (&issued.certificate_chain_der, &issued.key_der);
            let identity =
                lines.identity(&host.name, chain, key).map_err(|error| error.to_string())?;
            let organisation = world.texts().organisation_text(host.back);
            pgos.push(Pgo { name, id: host.back, organisation, identity });
        }
        let digid = network.hosts.iter().find(|host| host.role() == Role::Digid);
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let foreign = Authority::open(dir.path()).map_err(|error| error.to_string())?;
        let mischief = Arc::new(Mischief::default());
        world.meddle(Arc::clone(&mischief) as _);
        Ok(Self {
            subject,
            lines,
            told,
            pgos,
            offers: offers(&*world),
            mischief,
            persons: world.accounts(),
            digid: digid.map(|host| text(host.front)).unwrap_or_default(),
            chromium: OnceCell::new(),
            foreign,
            _foreign_dir: dir,
            serials: RefCell::new(OWN_SERIALS),
            used: RefCell::default(),
            disguised: RefCell::default(),
            has_failed_systems: Cell::default(),
            survey: RefCell::default(),
            world,
            ledger,
        })
    }

    /// The password of every test person.
    pub const fn password(&self) -> &'static str {
        PASSWORD
    }

    /// How long may really be waited.
    pub const fn patience(&self) -> Duration {
        self.told.patience
    }

    /// What the gateway that is looked at offers.
    pub fn own_offers(&self) -> impl Iterator<Item = &Offer> {
        self.offers.iter().filter(|offer| offer.host == self.subject.host)
    }

    /// A real browser, which begins when the first page needs one.
    ///
    /// # Errors
    /// None is installed, or it does not begin.
    pub async fn chromium(&self) -> Result<&Chromium, &str> {
        let begin = || async {
            let program = chromium::find(self.told.browser.as_deref())?;
            Chromium::begin(&program).await
        };
        self.chromium.get_or_init(begin).await.as_ref().map_err(String::as_str)
    }

    /// What became of the real browser; none if no page needed one.
    pub fn browser(&self) -> Option<Result<(), &str>> {
        let begun = self.chromium.get()?;
        Some(begun.as_ref().map(|_| ()).map_err(String::as_str))
    }

    /// A node of that name with a certificate that nobody has seen before, of which the responder says this.
    ///
    /// # Errors
    /// It cannot be issued.
    pub fn stranger(&self, name: &str, standing: Standing) -> Result<Identity, String> {
        let serial = self.serial(standing);
        self.issued(self.world.authority(), &Wanted::server(name.to_owned(), serial), name)
    }

    /// A node of that name whose certificate ended so long ago, and was good.
    ///
    /// # Errors
    /// It cannot be issued.
    pub fn expired(&self, name: &str, ago: Duration) -> Result<Identity, String> {
        let serial = self.serial(Standing::Good);
        let wanted = Wanted::server(name.to_owned(), serial).until(seconds_ago(ago));
        self.issued(self.world.authority(), &wanted, &format!("{name}, expired"))
    }

    /// A node of that name with a certificate of another chain.
    ///
    /// # Errors
    /// It cannot be issued.
    pub fn foreigner(&self, name: &str) -> Result<Identity, String> {
        let serial = self.serial(Standing::Good);
        let wanted = Wanted::server(name.to_owned(), serial);
        self.issued(&self.foreign, &wanted, &format!("{name}, of another chain"))
    }

    /// A number that no certificate has had yet, of which the responder says this.
    fn serial(&self, standing: Standing) -> Serial {
        let mut next = self.serials.borrow_mut();
        // A gateway may remember certificates of an earlier check, of a moment ago too, by their numbers.
        if *next == OWN_SERIALS {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            *next += (now.as_micros() & 0x00ff_fff0) as u32;
        }
        *next += 1;
        let serial = Serial(*next);
        self.mischief.say_of(serial, Some(standing));
        self.used.borrow_mut().push(serial);
        serial
    }

    /// Whether a certificate of that number is one that was issued here.
    pub const fn has_issued(&self, serial: Serial) -> bool {
        serial.0 > OWN_SERIALS
    }

    fn issued(&self, by: &Authority, wanted: &Wanted, name: &str) -> Result<Identity, String> {
        let issued = by.issue(wanted).map_err(|error| error.to_string())?;
        self.lines
            .identity(name, &issued.certificate_chain_der, &issued.key_der)
            .map_err(|error| error.to_string())
    }

    /// Has everybody behave again.
    ///
    /// # Errors
    /// The control door does not have the systems behind the gateway work again.
    pub async fn calm(&self) -> Result<(), String> {
        use protocol::register::ListKind;
        for serial in self.used.borrow_mut().drain(..) {
            self.mischief.say_of(serial, None);
        }
        self.mischief.spoil_logins(None);
        self.mischief.make_trouble(None);
        for host in self.disguised.take() {
            // It has shown its own before.
            let _ = self.disguise(host, None);
        }
        for kind in ListKind::ALL {
            self.mischief.spoil_list(kind, None);
        }
        if self.has_failed_systems.take() {
            self.steer("systems", "up").await?;
        }
        Ok(())
    }

    /// From now on a host shows such a certificate by that name to nodes; none for its own.
    ///
    /// # Errors
    /// It cannot be issued.
    pub fn disguise(&self, host: NameId, disguise: Option<Disguise>) -> Result<(), String> {
        if disguise.is_some() {
            self.disguised.borrow_mut().push(host);
        }
        let network = self.world.network();
        let (name, serial) = (self.world.texts().host_text(host), network.serial(host));
        let own = || Wanted::server(name.clone(), serial);
        let issued = match disguise {
            None => self.world.authority().issue(&own()),
            Some(Disguise::OfAnotherChain) => self.foreign.issue(&own()),
            Some(Disguise::OfAnotherName) => {
                let serial = self.serial(Standing::Good);
                self.world.authority().issue(&Wanted::server(format!("elders.{name}"), serial))
            }
            Some(Disguise::New(standing)) => {
                let serial = self.serial(standing);
                self.world.authority().issue(&Wanted::server(name.clone(), serial))
            }
            Some(Disguise::Ended(ago)) => {
                self.world.authority().issue(&own().until(seconds_ago(ago)))
            }
        };
        let issued = issued.map_err(|error| error.to_string())?;
        let chain =
            issued.certificate_chain_der.iter().cloned().map(CertificateDer::from).collect();
        let key = PrivateKeyDer::try_from(issued.key_der).map_err(str::to_owned)?;
        let shown = twin::tls::Shown { chain, key };
        self.world.tls().show(&name, shown).map_err(|error| error.to_string())
    }

    /// Has the systems behind the gateway fail until everybody is to behave again; says whether it has a control door.
    ///
    /// # Errors
    /// As of [`Desk::steer`].
    pub async fn fail_systems(&self) -> Result<bool, String> {
        // It may have been heard even if no answer comes.
        self.has_failed_systems.set(self.told.control.is_some());
        self.steer("systems", "down").await
    }

    /// Tells the gateway's control door something; says whether it has one.
    ///
    /// # Errors
    /// It does not do it.
    pub async fn steer(&self, key: &str, value: &str) -> Result<bool, String> {
        let Some(control) = &self.told.control else { return Ok(false) };
        steer(control, key, value).await.map(|()| true)
    }
}

/// Posts a form to a control door, which is plain HTTP.
async fn steer(control: &Url, key: &str, value: &str) -> Result<(), String> {
    let wrong = |what: String| format!("the control door {control}: {what}");
    let host = control.host_str().unwrap_or_default();
    let port = control.port_or_known_default().unwrap_or(80);
    let form = Request::form(control.clone(), &[(key, value)])
        .with(header::HOST, &format!("{host}:{port}"));
    let target = control.path().parse().unwrap_or_default();
    let going = form.into_http(target).map(|body| Full::new(Bytes::from(body)));
    let talk = async {
        let stream = TcpStream::connect((host, port)).await.map_err(|error| error.to_string())?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        // Why it ended, the exchange on it learns by itself.
        tokio::spawn(async move { drop(connection.await) });
        let answer = sender.send_request(going).await.map_err(|error| error.to_string())?;
        Ok::<_, String>(answer.status())
    };
    let status = tokio::time::timeout(STEERING, talk)
        .await
        .map_err(|_| wrong(format!("no answer within {} s", STEERING.as_secs())))?
        .map_err(wrong)?;
    match status.is_success() {
        true => Ok(()),
        false => Err(wrong(format!("{key}={value} was answered by {status}"))),
    }
}

/// Everything that is offered, and where.
fn offers(world: &dyn Stage) -> Vec<Offer> {
    let network = world.network();
    let mut offers = Vec::new();
    for listing in network.register.listings.iter().filter(|listing| listing.listed) {
        let naam = world.texts().zorgaanbieder_text(listing.zorgaanbieder);
        for offer in &listing.offers {
            let Some(addresses) = network.register.addresses.get(offer.addresses as usize) else {
                continue;
            };
            let url = |uri| Url::parse(&world.texts().uri_text(uri)).ok();
            let resources = (0..offer.dienst.calls().len())
                .map(|call| url(addresses.resource(call as u8)?))
                .collect::<Option<Vec<Url>>>();
            let host = network.entrance(addresses.authorization.host).map(|found| found.host);
            let all = (host, url(addresses.authorization), url(addresses.token), resources);
            if let (Some(host), Some(authorization), Some(token), Some(resources)) = all {
                let (naam, dienst) = (naam.clone(), offer.dienst);
                offers.push(Offer { host, naam, dienst, authorization, token, resources });
            }
        }
    }
    offers
}

/// Waits until somebody listens there, for as long as `goes_on` says so.
///
/// # Errors
/// Nobody does in that time: why not.
pub async fn wait_for(
    at: SocketAddr,
    patience: Duration,
    goes_on: &dyn Fn() -> bool,
) -> Result<(), String> {
    let until = Instant::now() + patience;
    loop {
        let limit = Duration::from_secs(5);
        let tried = tokio::time::timeout(limit, tokio::net::TcpStream::connect(at)).await;
        let why = match tried {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no connection within {} s", limit.as_secs()),
        };
        if Instant::now() >= until || !goes_on() {
            return Err(why);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
