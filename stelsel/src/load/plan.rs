//! The scenario of a load: who comes when, and what happens meanwhile.
//!
//! A file like any other, which can be kept, changed and given back.

use std::fmt::Write as _;

use clap::ValueEnum;
use protocol::time::Duration;

/// When people come.
#[derive(Clone, PartialEq, Debug)]
pub enum Arrivals {
    /// At a rate, as files have it: `50/s`.
    Rate(String),
    /// By a profile from an hour on, whose busiest hour has that rate.
    Profile {
        /// Its name: `weekday`.
        name: String,
        /// Where in it the load begins: `7h`.
        from: String,
        /// The rate of its busiest hour.
        peak: String,
    },
    /// So many people within a second, when the measured part begins.
    Burst(u32),
}

/// What happens in the second third of the measured part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Mishap {
    /// Everything that DigiD does takes two seconds more
    DigidSlow,
    /// The OCSP responder says nothing
    OcspSilent,
    /// What the gateway answers PGOs never comes, until they hang up
    PgosDisconnect,
    /// A PGO is taken off the lists, and comes back
    ListsChange,
}

impl Mishap {
    fn text(self, at: Duration, third: Duration) -> String {
        let (at, lasts, end) = (text(at), text(third), text(at + third));
        let fault = |whose: &str, kind: &str| {
            format!("\n[[fault]]\nat = \"{at}\"\nfor = \"{lasts}\"\n{whose}\nkind = \"{kind}\"\n")
        };
        match self {
            Self::DigidSlow => fault("host = \"digid\"", "slow(x2000)"),
            Self::OcspSilent => fault("host = \"ocsp\"", "pause"),
            Self::PgosDisconnect => fault("link = \"za-1>pgo\"", "partition"),
            Self::ListsChange => [("remove", &at), ("add", &end)]
                .map(|(kind, at)| {
                    format!(
                        "\n[[change]]\nat = \"{at}\"\nkind = \"{kind}-gateway\"\nhost = \"pgo-2\"\npublish = \"at-once\"\n"
                    )
                })
                .concat(),
        }
    }
}

/// A length of time, as files have it.
fn text(time: Duration) -> String {
    format!("{}ms", time.as_nanos() / 1_000_000)
}

/// The longest that the network is filled before anything is counted.
const WARM_UP: Duration = Duration::from_secs(30);

/// The scenario; `lasts` is all of it, of which the first tenth is not counted.
pub fn scenario(
    topology: &str,
    arrivals: &Arrivals,
    lasts: Duration,
    mishaps: &[Mishap],
) -> String {
    let warm_up = lasts.mul_f64(0.1).min(WARM_UP);
    let third = lasts.saturating_sub(warm_up).mul_f64(1.0 / 3.0);
    let mut text = format!(
        "# What `stelsel load` was asked for: it can be changed and given back as a file.\n\
         name = \"load\"\ntopology = \"{topology}\"\nhorizon = \"{}\"\nwarm_up = \"{}\"\n\
         drain = \"60s\"\nreplications = 1\nseed = 1\n\n[arrivals]\n",
        self::text(lasts),
        self::text(warm_up),
    );
    // Writing to a string cannot fail.
    let _ = match arrivals {
        Arrivals::Rate(rate) => writeln!(text, "rate = \"{rate}\""),
        Arrivals::Profile { name, from, peak } => {
            writeln!(text, "profile = \"{name}\"\nfrom = \"{from}\"\npeak = \"{peak}\"")
        }
        Arrivals::Burst(people) => writeln!(
            text,
            "burst = {{ at = \"{}\", within = \"1s\", people = {people} }}",
            self::text(warm_up)
        ),
    };
    // People who know the way: it is the gateway that is looked at.
    text.push_str(
        "\n[persons]\nchoose = \"exp(mean=1s)\"\nlogin = \"exp(mean=1s)\"\nconsent = \"exp(mean=1s)\"\n\
         patience = \"fixed(20s)\"\nrefuse_consent = 0.02\ncancel_login = 0.03\nwrong_password = 0.05\n",
    );
    for mishap in mishaps {
        text.push_str(&mishap.text(warm_up + third, third));
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::{files, load::TOPOLOGY};

    #[test]
    fn what_is_written_can_be_read_whatever_happens_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("peers.toml"), TOPOLOGY).unwrap();
        let profile = Arrivals::Profile {
            name: "weekday".to_owned(),
            from: "7h".to_owned(),
            peak: "5/s".to_owned(),
        };
        for arrivals in [Arrivals::Rate("50/s".to_owned()), profile, Arrivals::Burst(500)] {
            let lasts = Duration::from_secs(300);
            let text = scenario("peers.toml", &arrivals, lasts, Mishap::value_variants());
            let path = folder.path().join("load.toml");
            std::fs::write(&path, &text).unwrap();
            let study =
                files::read(&path, &[]).unwrap_or_else(|problems| panic!("{text}{problems}"));
            assert_eq!(study.scenario.warm_up, WARM_UP);
            assert_eq!((study.scenario.faults.len(), study.scenario.changes.len()), (3, 2));
            assert_eq!(study.scenario.faults[0].at, Duration::from_secs(120));
        }
    }
}
