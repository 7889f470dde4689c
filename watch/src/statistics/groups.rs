//! The groups that figures are given for: by PGO, gateway, type of provider, service, release, phase of a run
//! with faults, and age of the Zorgaanbiederslijst that the PGO held.
//!
//! A fixed number of places, known before the first event. A flow is of one group of each kind at most.

use protocol::{catalogue::CATALOGUE, release::Release, time::Instant};

use super::{
    faults::{Phase, Phases},
    flow::Subject,
    list_age::ListAges,
    network::Network,
};

/// The groups of a network, each at a place of its own.
#[derive(Clone, Debug)]
pub struct Groups {
    names: Vec<String>,
    /// Where each kind of group begins, and where the last ends.
    starts: [usize; KINDS + 1],
    /// The type of each Zorgaanbieder.
    provider_type: Vec<u8>,
    /// The phases of a run with faults.
    pub phases: Option<Phases>,
    /// How old the lists are that PGOs hold.
    pub ages: ListAges,
}

/// What groups a flow is of by when it started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Start {
    /// In which phase.
    phase: Option<Phase>,
    /// With a list of which age.
    list_age: Option<u8>,
}

const KINDS: usize = 7;

impl Groups {
    /// The groups of this network, in a run with these phases.
    pub fn new(network: &Network, phases: Option<Phases>) -> Self {
        let directory = &network.directory;
        let host = |host: &protocol::id::HostId| {
            directory.host(*host).map_or("?", |entry| entry.name.as_str()).to_owned()
        };
        let phase_names = if phases.is_some() { &Phase::ALL[..] } else { &[] };
        let kinds: [(&str, Vec<String>); KINDS] = [
            ("pgo", network.pgos().iter().map(host).collect()),
            ("gateway", network.zas().iter().map(host).collect()),
            ("provider_type", directory.provider_types.clone()),
            ("service", CATALOGUE.iter().map(|service| service.id.to_owned()).collect()),
            (
                "release",
                Release::ALL.into_iter().map(|release| release.name().to_owned()).collect(),
            ),
            ("phase", phase_names.iter().map(|phase| phase.name().to_owned()).collect()),
            ("list_age", ListAges::names().collect()),
        ];
        let mut starts = [0; KINDS + 1];
        let mut names = Vec::new();
        for (kind, (prefix, members)) in kinds.into_iter().enumerate() {
            names.extend(members.into_iter().map(|member| format!("{prefix}={member}")));
            starts[kind + 1] = names.len();
        }
        Self {
            names,
            starts,
            provider_type: directory.provider_type.clone(),
            phases,
            ages: ListAges::new(network),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Their names, in the order of their places: `pgo=pgo-3`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// What a flow is of that started then.
    pub fn start(&self, subject: &Subject, started: Instant) -> Start {
        Start {
            phase: self.phases.map(|phases| phases.at(started)),
            list_age: self.ages.range(subject.pgo, started),
        }
    }

    /// The groups of a flow that started so.
    pub fn of(
        &self,
        subject: &Subject,
        Start { phase, list_age }: Start,
    ) -> impl Iterator<Item = usize> + use<> {
        let known = |kind: usize, place: usize| {
            let place = self.starts[kind] + place;
            (place < self.starts[kind + 1]).then_some(place)
        };
        let provider_type = self.provider_type.get(subject.zorgaanbieder.index()).copied();
        [
            known(0, subject.pgo.into()),
            known(1, subject.za.into()),
            provider_type.and_then(|provider_type| known(2, provider_type.into())),
            known(3, subject.dienst.0.into()),
            known(4, subject.release as usize),
            phase.and_then(|phase| known(5, phase as usize)),
            list_age.and_then(|range| known(6, range.into())),
        ]
        .into_iter()
        .flatten()
    }
}
