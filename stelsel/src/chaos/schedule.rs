//! A schedule: who comes and what befalls the network; and the scenario file that says so.
//!
//! The file is the schedule: what chaos runs is what `stelsel run` reads, so that a schedule that was kept breaks
//! what it broke. Does not draw (`draw`) and does not run anything (`oracle`).

use std::fmt::{self, Write as _};

use actors::deviant::Deviation;
use protocol::{role::Role, time::Duration};

/// How long things befall the network.
pub const RESTLESS: Duration = Duration::from_secs(20 * 60);

/// How long it is left alone afterwards.
pub const QUIET: Duration = Duration::from_secs(10 * 60);

/// The share of people under the age limit, where the topology has none.
pub const UNDER_AGE: &str = "topology.population.under_age=0.05";

/// Who comes and what happens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// The key of the run chaos is of, and the number of the schedule in it.
    pub of: (u64, u32),
    /// Key of all draws of the run.
    pub seed: u64,
    /// Who comes.
    pub crowd: Crowd,
    /// From one fetch of a list to the next, at every node.
    pub fetched_every: Duration,
    /// Whether [`UNDER_AGE`] is set.
    pub under_age: bool,
    /// What befalls hosts and links.
    pub faults: Vec<Fault>,
    /// What changes in the register, or goes wrong with lists.
    pub changes: Vec<Change>,
    /// Who breaks a rule on purpose.
    pub deviants: Vec<(String, Deviation)>,
}

/// When people come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crowd {
    /// About so many in the restless time, evenly; and on at that rate until the run is over.
    Steady {
        /// How many.
        people: u32,
    },
    /// So many at once.
    Burst {
        /// When the first may come.
        at: Duration,
        /// Within this time.
        within: Duration,
        /// How many.
        people: u32,
    },
}

/// Something that befalls hosts or links.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// When it begins.
    pub at: Duration,
    /// How long it lasts; none for what cannot end.
    pub lasts: Option<Duration>,
    /// Hosts, or the two ends of a link: as files name them.
    pub place: String,
    /// The roles of the hosts there.
    pub roles: Vec<Role>,
    /// What.
    pub harm: Harm,
}

/// What can befall.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Harm {
    /// The host is down.
    Down,
    /// It crashes.
    Crash,
    /// Its work costs so many times as much.
    Slow(u32),
    /// It freezes.
    Pause,
    /// Its calendar clock is ahead by so many seconds.
    Skew(i32),
    /// Its clocks run so many parts per million too fast.
    Drift(i32),
    /// Its certificate is revoked.
    Revoke,
    /// Its certificate expires.
    Expire,
    /// Messages take so many milliseconds longer.
    Delay(u32),
    /// So many of a hundred packets are lost.
    Loss(u32),
    /// Nothing passes.
    Partition,
}

/// Kinds of [`Harm`], in the order of the table of coverage.
pub const KINDS: [&str; 11] = [
    "down",
    "crash",
    "slow",
    "pause",
    "skew",
    "drift",
    "revoke",
    "expire",
    "delay",
    "loss",
    "partition",
];

impl Harm {
    /// Its place in [`KINDS`].
    pub const fn kind(self) -> usize {
        match self {
            Self::Down => 0,
            Self::Crash => 1,
            Self::Slow(_) => 2,
            Self::Pause => 3,
            Self::Skew(_) => 4,
            Self::Drift(_) => 5,
            Self::Revoke => 6,
            Self::Expire => 7,
            Self::Delay(_) => 8,
            Self::Loss(_) => 9,
            Self::Partition => 10,
        }
    }

    /// Whether it befalls links.
    pub const fn is_of_links(self) -> bool {
        matches!(self, Self::Delay(_) | Self::Loss(_) | Self::Partition)
    }

    /// Whether it is about the certificate of a host, and for good.
    pub const fn is_of_certificate(self) -> bool {
        matches!(self, Self::Revoke | Self::Expire)
    }
}

impl fmt::Display for Harm {
    /// As scenarios write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slow(times) => write!(f, "slow(x{times})"),
            Self::Skew(seconds) => write!(f, "skew({seconds}s)"),
            Self::Drift(ppm) => write!(f, "drift({ppm}ppm)"),
            Self::Delay(millis) => write!(f, "delay({millis}ms)"),
            Self::Loss(percent) => write!(f, "loss({:.2})", f64::from(*percent) / 100.0),
            Self::Down
            | Self::Crash
            | Self::Pause
            | Self::Revoke
            | Self::Expire
            | Self::Partition => f.write_str(KINDS[self.kind()]),
        }
    }
}

/// A change of the register, or something that goes wrong with a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// When.
    pub at: Duration,
    /// Keys and texts of a `[[change]]`, besides `at`.
    pub keys: Vec<(&'static str, String)>,
}

impl Schedule {
    /// What it is called, and its file.
    pub fn name(&self) -> String {
        let (seed, number) = self.of;
        format!("chaos-{seed}-{number}")
    }

    /// How many things happen.
    pub fn happenings(&self) -> usize {
        self.faults.len() + self.changes.len()
    }

    /// The scenario, for a topology in that file. Without what a reader may want to know first.
    pub fn scenario(&self, topology: &str) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text, topology);
        text
    }

    fn write(&self, to: &mut String, topology: &str) -> fmt::Result {
        writeln!(to, "name = \"{}\"", self.name())?;
        // A text of JSON is one of TOML too.
        writeln!(to, "topology = {}", serde_json::Value::from(topology))?;
        writeln!(to, "horizon = \"{}\"", seconds(RESTLESS))?;
        writeln!(to, "drain = \"{}\"", seconds(QUIET))?;
        writeln!(to, "replications = 1\nseed = {}\n\n[arrivals]", self.seed)?;
        match self.crowd {
            Crowd::Steady { people } => {
                let an_hour = u64::from(people) * 3_600 / (RESTLESS.as_nanos() / 1_000_000_000);
                writeln!(to, "rate = \"{an_hour}/h\"")?;
            }
            Crowd::Burst { at, within, people } => {
                let (at, within) = (seconds(at), seconds(within));
                writeln!(
                    to,
                    "burst = {{ at = \"{at}\", people = {people}, within = \"{within}\" }}"
                )?;
            }
        }
        to.write_str(PERSONS)?;
        let every = seconds(self.fetched_every);
        writeln!(to, "\n[lists]")?;
        for list in ["zal", "whitelist", "ocl", "gnl"] {
            writeln!(to, "{list}_pull = {{ every = \"{every}\" }}")?;
        }
        for fault in &self.faults {
            writeln!(to, "\n[[fault]]\nat = \"{}\"", seconds(fault.at))?;
            if let Some(lasts) = fault.lasts {
                writeln!(to, "for = \"{}\"", seconds(lasts))?;
            }
            let key = if fault.harm.is_of_links() { "link" } else { "host" };
            writeln!(to, "{key} = \"{}\"\nkind = \"{}\"", fault.place, fault.harm)?;
        }
        for change in &self.changes {
            writeln!(to, "\n[[change]]\nat = \"{}\"", seconds(change.at))?;
            for (key, text) in &change.keys {
                writeln!(to, "{key} = \"{text}\"")?;
            }
        }
        for (host, deviation) in &self.deviants {
            writeln!(to, "\n[[deviant]]\nhost = \"{host}\"\nbreaks = \"{deviation}\"")?;
        }
        Ok(())
    }
}

/// People who do everything that people do, and more often than one would expect, so that every way through the
/// network is walked often. None of them takes so long that a flow could outlast the quiet time.
const PERSONS: &str = r#"
[persons]
choose = "uniform(a=1s, b=8s)"
login = "uniform(a=2s, b=20s)"
consent = "uniform(a=1s, b=12s)"
patience = "uniform(a=5s, b=60s)"
refuse_consent = 0.05
cancel_login = 0.03
wrong_password = 0.1
go_back = 0.05
reload = 0.05
double_submit = 0.05
consult_dossier = 0.1
retry = { probability = 0.5, after = "exp(mean=1min)" }
"#;

/// A time as files have it: whole seconds or else milliseconds.
fn seconds(time: Duration) -> String {
    let millis = time.as_nanos() / 1_000_000;
    if millis.is_multiple_of(1_000) {
        format!("{}s", millis / 1_000)
    } else {
        format!("{millis}ms")
    }
}
