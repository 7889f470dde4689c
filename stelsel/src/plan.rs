//! What a topology and a scenario mean, every default filled in: what `files` makes of TOML and `compose`
//! makes a run of.
//!
//! Plain data in the units of the kernel. Host patterns stay as they were written, because how many hosts
//! there are may depend on lists that are read later. Does not parse anything and does not check what only
//! the whole network can tell (`compose` does).

use std::path::PathBuf;

use protocol::world::{
    cost::Cost,
    link::Link,
    network::{Limits, Tls},
};
use protocol::{
    catalogue::Gegevensdienst,
    contract::Work,
    distribution::Distribution,
    message::Assurance,
    register::ListKind,
    release::{Release, ReleaseSet},
    role::Role,
    time::{Duration, Instant},
};

use crate::problem::{Located, Place};

/// Who is in the network.
#[derive(Clone, Debug)]
pub struct Topology {
    /// Its name.
    pub name: String,
    /// The release that is spoken where nothing else is said.
    pub release: Release,
    /// PGO gateways.
    pub pgos: Vec<PgoGroup>,
    /// ZA gateways and the Zorgaanbieders behind them.
    pub zas: Vec<ZaGroup>,
    /// The systems of each Zorgaanbieder.
    pub xis: XisPlan,
    /// DigiD.
    pub digid: DigidPlan,
    /// The stelselnode.
    pub stelselnode: StelselnodePlan,
    /// The OCSP responder.
    pub ocsp: OcspPlan,
    /// Links between hosts.
    pub links: LinkPlan,
    /// How connections are opened and kept.
    pub tls: Tls,
    /// How long an asker waits.
    pub limits: Limits,
    /// What work costs, for each role and work that costs anything.
    pub costs: Vec<(Role, Work, Cost)>,
    /// How often people want each service, as weights above zero; empty for all alike.
    pub services: Vec<(Gegevensdienst, f64)>,
    /// The people.
    pub population: Population,
    /// Real lists that say who is there; none for an invented network.
    pub source: Option<Source>,
    /// The topology file as a whole, for complaints about it.
    pub place: Place,
}

/// The station of a host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StationPlan {
    /// Parallel servers; at least one.
    pub workers: u32,
    /// How many jobs may wait.
    pub queue: u32,
    /// How many requests it may have begun without having answered; none for as many as come.
    pub open: Option<u32>,
}

/// PGO gateways that are alike.
#[derive(Clone, Debug)]
pub struct PgoGroup {
    /// What files call them: `pgo-1`, `pgo-2`. At least one.
    pub hosts: Vec<String>,
    /// Their stations.
    pub station: StationPlan,
    /// The releases that they speak.
    pub releases: ReleaseSet,
    /// The participant that runs them; none for an invented one each.
    pub organisation: Option<String>,
    /// The hostname, for a group of one; none for an invented one.
    pub hostname: Option<Located<String>>,
    /// Weight of each among all PGO gateways when people choose one.
    pub share: f64,
    /// How long a session with a browser lasts.
    pub session: Duration,
    /// At most this many documents of one collection are fetched.
    pub max_documents: u16,
    /// Where the group is written.
    pub place: Place,
}

/// ZA gateways that are alike, and the Zorgaanbieders behind them.
#[derive(Clone, Debug)]
pub struct ZaGroup {
    /// What files call them: `za-1`, `za-2`. At least one.
    pub hosts: Vec<String>,
    /// Their stations.
    pub station: StationPlan,
    /// The releases that they speak.
    pub releases: ReleaseSet,
    /// The participant that runs them; none for an invented one each.
    pub organisation: Option<String>,
    /// The hostname for browsers, for a group of one; none for an invented one.
    pub front: Option<Located<String>>,
    /// The hostname for gateways, for a group of one; none for an invented one.
    pub back: Option<Located<String>>,
    /// How many Zorgaanbieders the group serves; none where lists say it.
    pub providers: Option<u32>,
    /// How they are spread over the hosts.
    pub providers_over_hosts: Spread,
    /// What each of them offers.
    pub services: Vec<Gegevensdienst>,
    /// What kind of Zorgaanbieders they are.
    pub provider_type: String,
    /// Weight of all Zorgaanbieders of the group together when people choose one.
    pub weight: f64,
    /// How often each of them is chosen.
    pub popularity: Spread,
    /// How long a session with a browser lasts.
    pub session: Duration,
    /// At most this many sessions.
    pub max_sessions: u32,
    /// The level of assurance that is wanted of a login.
    pub level: Assurance,
    /// Where the group is written.
    pub place: Place,
}

/// How things are spread over others.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Spread {
    /// All alike.
    Even,
    /// The k-th has a weight of k to the power of minus this.
    Zipf(f64),
}

impl Spread {
    /// Weights of `n` things, which are together 1.
    pub fn weights(self, n: usize) -> Vec<f64> {
        let weight = |k: usize| match self {
            Self::Even => 1.0,
            Self::Zipf(s) => libm::pow((k + 1) as f64, -s),
        };
        let total: f64 = (0..n).map(weight).sum();
        (0..n).map(|k| weight(k) / total).collect()
    }
}

/// The systems of each Zorgaanbieder.
#[derive(Clone, Debug)]
pub struct XisPlan {
    /// Their stations.
    pub station: StationPlan,
    /// Share of (person, Zorgaanbieder, Gegevensdienst) for which there is nothing.
    pub no_data: f64,
    /// How many documents a list of documents names.
    pub documents: Distribution,
    /// Spread of sizes: sigma of a log-normal factor with mean 1.
    pub size_sigma: f64,
    /// How long ago the current version of a record was made, in seconds.
    pub age: Distribution,
}

/// DigiD.
#[derive(Clone, Debug)]
pub struct DigidPlan {
    /// Its station.
    pub station: StationPlan,
    /// How long an artifact can be resolved.
    pub artifact_validity: Duration,
    /// An assertion counts from this long before it is made until this long after.
    pub window: Duration,
    /// How long a login may take.
    pub session: Duration,
    /// After this many wrong tries a login has failed.
    pub tries: u8,
}

/// The stelselnode.
#[derive(Clone, Debug)]
pub struct StelselnodePlan {
    /// Its station.
    pub station: StationPlan,
    /// From one publication of the ZAL to the next.
    pub zal_publish: Duration,
    /// The same for the other lists.
    pub whitelist_publish: Duration,
}

/// The OCSP responder.
#[derive(Clone, Debug)]
pub struct OcspPlan {
    /// Its station.
    pub station: StationPlan,
    /// How long an answer may be used.
    pub answer_valid: Duration,
    /// Whether nodes use answers again.
    pub cache: bool,
    /// Whether nodes present an answer on their own certificate.
    pub stapling: bool,
}

/// Links between hosts.
#[derive(Clone, Debug)]
pub struct LinkPlan {
    /// Every link that no line is about.
    pub default: Link,
    /// Links that differ; the most specific line wins, and of equals the last.
    pub lines: Vec<LinkLine>,
}

/// Links that differ from the default.
#[derive(Clone, Debug)]
pub struct LinkLine {
    /// Which.
    pub ends: LinkEnds,
    /// How they are.
    pub link: Link,
}

/// Which links: host names, roles, or patterns with `*`; `person` and `person-*` are people's browsers.
#[derive(Clone, Debug)]
pub enum LinkEnds {
    /// `za-2`: from and to these.
    Either(Located<String>),
    /// `za-2>digid`: from the first to the second.
    Directed(Located<String>, Located<String>),
}

/// The people.
#[derive(Clone, Debug)]
pub struct Population {
    /// How many.
    pub people: u32,
    /// Share that is under the age limit.
    pub under_age: f64,
    /// How PGO gateways share them, on top of each one's own share.
    pub over_pgos: Spread,
}

/// Real lists, as paths of files that can be opened.
#[derive(Clone, Debug)]
pub struct Source {
    /// Zorgaanbiederslijst.
    pub zal: Located<PathBuf>,
    /// Whitelist.
    pub whitelist: Option<Located<PathBuf>>,
    /// OAuth client list.
    pub ocl: Option<Located<PathBuf>>,
    /// Gegevensdienstnamenlijst.
    pub gnl: Option<Located<PathBuf>>,
}

/// What happens in it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, which is that of its folder of results.
    pub name: String,
    /// Flows that start from here on are load only.
    pub horizon: Duration,
    /// Flows that start before this fill the network and are not counted.
    pub warm_up: Duration,
    /// How long after the horizon the run waits for the cohort.
    pub drain: Duration,
    /// How many independent replications.
    pub replications: u32,
    /// Key of all draws.
    pub seed: u64,
    /// When people come.
    pub arrivals: ArrivalPlan,
    /// What they are like.
    pub persons: Persons,
    /// How nodes fetch lists.
    pub lists: Lists,
    /// How codes and tokens are made.
    pub tokens: Tokens,
    /// What befalls hosts and links.
    pub faults: Vec<Fault>,
    /// Changes of the register.
    pub changes: Vec<RegisterChange>,
    /// Who breaks which rule.
    pub deviants: Vec<DeviantPlan>,
    /// What must hold of the result.
    pub expect: Vec<Expectation>,
    /// The scenario file as a whole, for complaints about it.
    pub place: Place,
}

/// When people come.
#[derive(Clone, PartialEq, Debug)]
pub enum ArrivalPlan {
    /// So many per second.
    Rate(f64),
    /// By the hour: arrivals per second in each hour, repeated for ever.
    Hours(Vec<f64>),
    /// So many people within a window.
    Burst {
        /// Its beginning.
        at: Duration,
        /// Its length.
        within: Duration,
        /// How many.
        people: u32,
    },
}

impl ArrivalPlan {
    /// So many times as many people.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        match self {
            Self::Rate(rate) => Self::Rate(rate * factor),
            Self::Hours(hours) => Self::Hours(hours.iter().map(|rate| rate * factor).collect()),
            Self::Burst { at, within, people } => {
                let people = (f64::from(*people) * factor).round().clamp(1.0, f64::from(u32::MAX));
                Self::Burst { at: *at, within: *within, people: people as u32 }
            }
        }
    }
}

/// What people are like. Shares are between 0 and 1, times in seconds.
#[derive(Clone, Debug)]
pub struct Persons {
    /// Time on the PGO's Offer page.
    pub choose: Distribution,
    /// Time on DigiD's login page.
    pub login: Distribution,
    /// Time on the consent question.
    pub consent: Distribution,
    /// How long a person waits for a page.
    pub patience: Distribution,
    /// Share of consent questions that are answered with no.
    pub refuse_consent: f64,
    /// Share of login pages on which a person cancels.
    pub cancel_login: f64,
    /// Share of logins with a wrong password.
    pub wrong_password: f64,
    /// Share of pages from which a person goes back.
    pub go_back: f64,
    /// Share of pages that are loaded again.
    pub reload: f64,
    /// Share of forms that are sent twice.
    pub double_submit: f64,
    /// Share of persons who look at their Dossier afterwards.
    pub consult_dossier: f64,
    /// Share of failed attempts after which a person tries again.
    pub retry_probability: f64,
    /// How much later.
    pub retry_after: Distribution,
    /// At most this many attempts, the first included.
    pub attempts: u8,
}

/// How nodes fetch lists.
#[derive(Clone, Debug)]
pub struct Lists {
    /// In the order of [`ListKind::ALL`].
    pub pulls: [Pull; ListKind::ALL.len()],
    /// Whether a node fetches a list when something is not on it, at most once in this time.
    pub pull_on_miss: Option<Duration>,
}

/// How one list is fetched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pull {
    /// From one fetch to the next.
    pub every: Duration,
    /// Whether all nodes fetch at the same moment; else each at its own.
    pub synchronised: bool,
    /// Each fetch is later by up to this.
    pub jitter: Duration,
}

/// How codes and tokens are made (semantics 9).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tokens {
    /// How many bits of a value are drawn; 1 to 122.
    pub entropy_bits: u8,
    /// Whether all instances of a gateway begin at the same point of the same sequence.
    pub cloned: bool,
    /// Instances of each gateway.
    pub instances: u8,
    /// Which live values a new one is checked against.
    pub check_against: CheckAgainst,
    /// Whether it is checked at all.
    pub detection: bool,
    /// How long a code or token is valid.
    pub lifetime: Duration,
}

/// Which live values a new one is checked against.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckAgainst {
    /// All.
    All,
    /// Those of the same instance.
    Own,
    /// Those of the same instance, and of others once they are this old.
    Lag(Duration),
}

/// Something that befalls hosts or links.
#[derive(Clone, Debug)]
pub struct Fault {
    /// When it begins.
    pub at: Duration,
    /// How long it lasts; none for the rest of the run.
    pub lasts: Option<Duration>,
    /// What.
    pub kind: FaultKind,
    /// Where it is written.
    pub place: Place,
}

/// What can befall hosts and links.
#[derive(Clone, Debug)]
pub enum FaultKind {
    /// Of hosts.
    Host(Located<String>, HostFault),
    /// Of links.
    Link(LinkEnds, protocol::world::link::LinkFaultKind),
}

/// What can befall a host.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum HostFault {
    /// It refuses connections and keeps its state.
    Down,
    /// It loses all that is not durable, and is down until the fault ends.
    Crash,
    /// Services that begin meanwhile cost this many times as much.
    Slow(f64),
    /// Services freeze.
    Pause,
    /// Its calendar clock is ahead by so many nanoseconds.
    Skew(i64),
    /// Its clocks run this much too fast: 200e-6 for 200 ppm.
    Drift(f64),
    /// Its certificate is revoked, for good.
    Revoke,
    /// Its certificate expires, for good.
    Expire,
}

/// A change of the register.
#[derive(Clone, Debug)]
pub struct RegisterChange {
    /// When.
    pub at: Duration,
    /// What.
    pub kind: ChangeKind,
    /// Whether the lists are published at once; else when it is their time.
    pub publish_at_once: bool,
    /// Where it is written.
    pub place: Place,
}

/// What can change in the register. Texts are names of hosts or Zorgaanbieders as they were written.
#[derive(Clone, Debug)]
pub enum ChangeKind {
    /// A gateway joins. Until then it is not on the lists.
    AddGateway(Located<String>),
    /// A gateway is removed.
    RemoveGateway(Located<String>),
    /// What a ZA gateway serves moves to another.
    MoveEndpoint {
        /// From this one,
        host: Located<String>,
        /// to this one.
        to: Located<String>,
        /// Whether the old address leads nowhere from then on; else it serves on.
        closes: bool,
    },
    /// A Zorgaanbieder joins. Until then it is not on the ZAL.
    AddProvider(Located<String>),
    /// A Zorgaanbieder is withdrawn.
    RemoveProvider(Located<String>),
    /// A Zorgaanbieder offers one service more. Until then it does not.
    AddService(Located<String>, Located<Gegevensdienst>),
    /// The friendly name of a participant changes.
    Rename(Located<String>, String),
    /// A ZA gateway speaks one release more.
    Release(Located<String>, Release),
    /// A list is published in a form that does not fit its schema.
    PublishBroken(ListKind),
    /// A list is published as the register has it.
    Publish(ListKind),
    /// The version of a list before the current one is published again.
    RollBack(ListKind),
    /// Hosts fetch a list at once, and take it even if it is older than the one that they use.
    FetchList(Located<String>, ListKind),
}

/// Somebody breaks a rule.
#[derive(Clone, Debug)]
pub struct DeviantPlan {
    /// Hosts.
    pub host: Located<String>,
    /// A rule or a deviation by name.
    pub breaks: Located<String>,
}

/// What must hold of a result.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The metric, and after `@` perhaps the group: `flows.completed_ratio@pgo=pgo-3`.
    pub metric: Located<String>,
    /// How it must compare.
    pub comparison: Comparison,
    /// With what, in the metric's unit.
    pub value: f64,
}

/// How two numbers compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `=`
    Equal,
}

impl Comparison {
    /// As files write it.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
            Self::Equal => "=",
        }
    }

    /// Whether it holds.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
            Self::Equal => left == right,
        }
    }
}

/// A moment of a run, from its start.
pub fn moment(since_start: Duration) -> Instant {
    Instant::START + since_start
}
