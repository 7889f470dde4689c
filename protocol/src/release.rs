//! Releases of the Afsprakenstelsel and the numbers that each sets.
//!
//! A release is a property of an exchange, not of the network: two run side by side. Numbers are data
//! here; wire shapes are modules of `wire`; a conversation that differs is a session module of an actor.

use std::fmt;

use crate::time::Duration;

/// A release that this network can run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Release {
    /// Release 1.0, of 2018.
    R1_0,
    /// Release 1.1, of 2018 and 2019. Not compatible with 1.0.
    R1_1,
}

impl Release {
    /// Every release, oldest first.
    pub const ALL: [Self; 2] = [Self::R1_0, Self::R1_1];

    /// As files write it: `1.0`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::R1_0 => "1.0",
            Self::R1_1 => "1.1",
        }
    }

    /// The release of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|release| release.name() == name)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Releases that a host can speak.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReleaseSet(u8);

impl ReleaseSet {
    /// Just this one.
    pub const fn only(release: Release) -> Self {
        Self(1 << release as u8)
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, release: Release) -> Self {
        Self(self.0 | 1 << release as u8)
    }

    /// Whether it is among them.
    pub const fn has(self, release: Release) -> bool {
        self.0 & (1 << release as u8) != 0
    }

    /// The newest release in both.
    pub fn newest_common(self, other: Self) -> Option<Release> {
        Release::ALL.into_iter().rev().find(|release| self.has(*release) && other.has(*release))
    }
}

/// What the PGO is told when nothing is given: whether there was nothing, or the person refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DenialDetail {
    /// The description tells "no data" from "refused" (UCI Verzamelen exceptions 3 and 4 of release 1.0).
    Told,
    /// Both look alike, so that the PGO cannot learn whether a treatment relation exists (practice since 1.1).
    Hidden,
}

/// The numbers of one release.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// APP 10: validity of an authorization code; exactly 900 s.
    pub code_validity: Duration,
    /// APP 10: validity of an access token; exactly 900 s.
    pub token_validity: Duration,
    /// APP 9: how many Gegevensdiensten a code or token may cover.
    pub services_per_scope: u32,
    /// Exceptions 3 and 4.
    pub denial_detail: DenialDetail,
    /// APP 21: how old the Whitelist in use may be before a Gateway fetches it again; at most an hour.
    pub whitelist_pull: Duration,
    /// APP 18: the ZAL is refreshed at least daily.
    pub zal_refresh: Duration,
    /// APP 21: the Whitelist is refreshed at least daily.
    pub whitelist_refresh: Duration,
    /// From this age on a person's data are given (agreements: 16 or older), in years.
    pub age_limit: u8,
}

impl Terms {
    /// The numbers of a release.
    pub const fn of(release: Release) -> Self {
        let first = Self {
            code_validity: Duration::from_secs(900),
            token_validity: Duration::from_secs(900),
            services_per_scope: 1,
            denial_detail: DenialDetail::Told,
            whitelist_pull: Duration::from_secs(3_600),
            zal_refresh: Duration::from_secs(24 * 3_600),
            whitelist_refresh: Duration::from_secs(24 * 3_600),
            age_limit: 16,
        };
        match release {
            Release::R1_0 => first,
            Release::R1_1 => Self { denial_detail: DenialDetail::Hidden, ..first },
        }
    }
}

/// The service levels of releases 2.x. Release 1.0 sets none (A.12.1.3, A.17.2.1: no norm yet), so these
/// are what a run of it is measured against, not what it must meet.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Norms {
    /// core.tknint.206: a token answer within this time …
    pub token_answer: Duration,
    /// … in at least this share of requests.
    pub token_share: f64,
    /// core.rscint.202: a resource answer within this time …
    pub resource_answer: Duration,
    /// … in at least this share of requests.
    pub resource_share: f64,
    /// core.lijsten.301: share of time that lists can be had …
    pub lists_available: f64,
    /// … and how long an outage of them may last.
    pub lists_repair: Duration,
}

impl Norms {
    /// As published for 2.x.
    pub const R2: Self = Self {
        token_answer: Duration::from_secs(10),
        token_share: 0.995,
        resource_answer: Duration::from_secs(60),
        resource_share: 0.985,
        lists_available: 0.999,
        lists_repair: Duration::from_secs(480 * 60),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hosts_speak_the_newest_release_that_both_know() {
        let old = ReleaseSet::only(Release::R1_0);
        let both = old.with(Release::R1_1);
        assert_eq!(both.newest_common(both), Some(Release::R1_1));
        assert_eq!(both.newest_common(old), Some(Release::R1_0));
        assert_eq!(old.newest_common(ReleaseSet::only(Release::R1_1)), None);
    }
}
