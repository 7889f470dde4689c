//! What every host is made of: the configuration of its actor, at the start and after every crash.

use std::{collections::BTreeMap, sync::Arc};

use actors::{
    admission::{OcspCache, OcspPolicy, Stapling},
    deviant::Deviation,
    digid::{DigidConfig, ServiceProvider},
    lists::{ListPolicy, OnMiss, Phase},
    node::NodeConfig,
    ocsp::OcspConfig,
    party::{Blueprint, Party},
    pgo::PgoConfig,
    sessions::SessionPolicy,
    stelselnode::StelselnodeConfig,
    xis::Records,
    za::{
        Behind, CheckAgainst, Detection, Generators, GuessPolicy, Issuance, TermsByRelease,
        ZaConfig,
    },
};
use protocol::{
    catalogue::{Gegevensdienst, Scope},
    draw::{Draws, Purpose},
    id::{HostId, ZorgaanbiederId},
    register::{ListKind, Register},
    release::{Release, ReleaseSet},
    role::Role,
    time::Duration,
};
use sim::simulation::Cast;

use super::{network, roster::Roster};
use crate::plan::{self, Lists, Scenario, Tokens, Topology};

/// Who plays whom.
#[derive(Clone, Debug)]
pub struct Company(Arc<[Blueprint]>);

impl Company {
    /// What each host is made of, in the order of their ids.
    pub fn blueprints(&self) -> &[Blueprint] {
        &self.0
    }

    /// The actors of a replication, as they begin.
    pub fn begin(&self, register: &Register) -> Vec<Party> {
        let lists = register.publish_all();
        self.0.iter().map(|blueprint| Party::begin(blueprint, &lists)).collect()
    }
}

impl Cast for Company {
    type Actor = Party;

    fn rebuild(
        &self,
        host: HostId,
        durable: &<Party as protocol::contract::Actor>::Durable,
    ) -> Party {
        Party::rebuild(&self.0[host.place()], durable.clone())
    }
}

/// Everything from which parties are made that no single host has of its own.
#[derive(Clone, Copy, Debug)]
pub struct Grounds<'a> {
    /// Who is in the network.
    pub topology: &'a Topology,
    /// What happens in it.
    pub scenario: &'a Scenario,
    /// Who is who.
    pub roster: &'a Roster,
    /// The register, with everything prepared that the scenario changes.
    pub register: &'a Register,
    /// What ZA gateways will serve, beside what they do at the start.
    pub later: &'a Later,
    /// Who breaks which rules.
    pub deviants: &'a [(HostId, Deviation)],
}

/// What ZA gateways will be able to serve some time in a run.
#[derive(Clone, Debug, Default)]
pub struct Later {
    /// Services of Zorgaanbieders, per gateway.
    pub offers: Vec<(HostId, ZorgaanbiederId, Gegevensdienst)>,
    /// Releases, per gateway.
    pub releases: Vec<(HostId, Release)>,
}

impl Later {
    /// The releases that a host will speak.
    pub fn releases(&self, roster: &Roster, host: HostId) -> ReleaseSet {
        let own = roster.host(host).releases;
        let later = self.releases.iter().filter(|(of, _)| *of == host);
        later.fold(own, |releases, (_, release)| releases.with(*release))
    }
}

/// The company of one replication.
pub fn company(grounds: Grounds<'_>, replication: u32) -> Company {
    let Grounds { topology, scenario, roster, .. } = grounds;
    let draws = |purpose| Draws::new(scenario.seed, replication, purpose);
    let records = Arc::new(Records {
        no_data: topology.xis.no_data,
        under_age: topology.population.under_age,
        documents: topology.xis.documents.clone(),
        size_sigma: topology.xis.size_sigma,
        age: topology.xis.age.clone(),
        draws: draws(Purpose::Data),
    });
    let behind = behind(grounds);
    let mut company: Vec<Blueprint> = (0..roster.hosts.len() as u32)
        .map(HostId)
        .map(|host| match roster.host(host).role {
            Role::Za => {
                let served = behind.get(&host).cloned().unwrap_or_default();
                Blueprint::Za(Arc::new(za(grounds, host, served, draws(Purpose::Host))))
            }
            Role::Pgo => Blueprint::Pgo(Arc::new(pgo(grounds, host))),
            Role::Digid => Blueprint::Digid(Arc::new(digid(grounds, host))),
            Role::Stelselnode => Blueprint::Stelselnode(Arc::new(StelselnodeConfig {
                register: grounds.register.clone(),
                zal_publish: topology.stelselnode.zal_publish,
                whitelist_publish: topology.stelselnode.whitelist_publish,
                ocsp: ocsp_policy(grounds, host),
                release: topology.release,
            })),
            Role::Ocsp => Blueprint::Ocsp(Arc::new(OcspConfig {
                answer_valid: topology.ocsp.answer_valid,
                issued: network::serial(HostId(roster.hosts.len() as u32)).0,
            })),
            Role::Xis | Role::Person => {
                let zorgaanbieder = ZorgaanbiederId(host.0 - roster.ocsp().0 - 1);
                Blueprint::Xis(Arc::clone(&records), zorgaanbieder)
            }
        })
        .collect();
    for (host, deviation) in grounds.deviants.iter().filter(|(host, _)| !host.is_visitor()) {
        let place = &mut company[host.place()];
        *place = Blueprint::Deviant(Box::new(place.clone()), *deviation);
    }
    Company(company.into())
}

fn pgo(grounds: Grounds<'_>, host: HostId) -> PgoConfig {
    let Grounds { topology, roster, .. } = grounds;
    let entry = roster.host(host);
    let group = &topology.pgos[entry.group];
    PgoConfig {
        name: entry.front,
        redirect: roster.redirects[host.place()],
        releases: entry.releases,
        node: node(grounds, host, &[ListKind::Zal, ListKind::Whitelist]),
        sessions: SessionPolicy { lifetime: group.session, ..SessionPolicy::default() },
        max_documents: group.max_documents,
    }
}

fn za(grounds: Grounds<'_>, host: HostId, behind: Vec<Behind>, draws: Draws) -> ZaConfig {
    let Grounds { topology, scenario, roster, later, .. } = grounds;
    let entry = roster.host(host);
    let group = &topology.zas[entry.group];
    let digid = roster.host(roster.digid());
    let mut terms = TermsByRelease::default();
    for terms in &mut terms.0 {
        terms.code_validity = scenario.tokens.lifetime;
        terms.token_validity = scenario.tokens.lifetime;
    }
    ZaConfig {
        front: entry.front,
        back: entry.back,
        digid_front: digid.front,
        digid_back: digid.back,
        releases: later.releases(roster, host),
        terms,
        node: node(grounds, host, &[ListKind::Whitelist, ListKind::OauthClients]),
        behind,
        sessions: SessionPolicy {
            lifetime: group.session,
            limit: group.max_sessions,
            ..SessionPolicy::default()
        },
        issuance: issuance(&scenario.tokens, host, draws),
        guesses: GuessPolicy::default(),
    }
}

fn issuance(tokens: &Tokens, host: HostId, draws: Draws) -> Issuance {
    Issuance {
        entropy_bits: tokens.entropy_bits,
        generators: if tokens.cloned {
            Generators::Cloned { draws, family: host.0 }
        } else {
            Generators::Independent
        },
        instances: tokens.instances,
        check_against: match tokens.check_against {
            plan::CheckAgainst::All => CheckAgainst::All,
            plan::CheckAgainst::Own => CheckAgainst::Own,
            plan::CheckAgainst::Lag(lag) => CheckAgainst::Lag(lag),
        },
        detection: if tokens.detection { Detection::On } else { Detection::Off },
    }
}

fn digid(grounds: Grounds<'_>, host: HostId) -> DigidConfig {
    let Grounds { topology, roster, .. } = grounds;
    let entry = roster.host(host);
    let plan = &topology.digid;
    let base = DigidConfig::new(entry.front, entry.back, topology.release);
    let service_provider = |za: HostId| {
        let za = roster.host(za);
        ServiceProvider { issuer: za.back, return_to: za.front }
    };
    DigidConfig {
        providers: roster.za_hosts().map(service_provider).collect(),
        tries: plan.tries,
        sessions: SessionPolicy { lifetime: plan.session, ..base.sessions },
        artifact_validity: plan.artifact_validity,
        window: plan.window,
        ocsp: topology.ocsp.stapling.then(|| ocsp_policy(grounds, host)),
        ..base
    }
}

fn node(grounds: Grounds<'_>, host: HostId, kinds: &[ListKind]) -> NodeConfig {
    let Grounds { topology, scenario, roster, .. } = grounds;
    // The Gegevensdienstnamenlijst came with release 1.1.
    let names = (topology.release > Release::R1_0).then_some(ListKind::Gegevensdiensten);
    NodeConfig {
        stelselnode: roster.host(roster.stelselnode()).back,
        configured: vec![roster.host(roster.digid()).back],
        ocsp: ocsp_policy(grounds, host),
        lists: kinds
            .iter()
            .copied()
            .chain(names)
            .map(|kind| list_policy(&scenario.lists, kind))
            .collect(),
        release: topology.release,
    }
}

fn list_policy(lists: &Lists, kind: ListKind) -> ListPolicy {
    let pull = lists.pulls[kind as usize];
    ListPolicy {
        every: pull.every,
        phase: if pull.synchronised { Phase::Synchronised } else { Phase::Spread },
        jitter: pull.jitter,
        on_miss: match lists.pull_on_miss {
            Some(at_most_every) => OnMiss::Pull { at_most_every },
            None => OnMiss::Refuse,
        },
        retry: Some(Duration::from_secs(60)),
        ..ListPolicy::hourly(kind)
    }
}

fn ocsp_policy(grounds: Grounds<'_>, host: HostId) -> OcspPolicy {
    let Grounds { topology, roster, .. } = grounds;
    OcspPolicy {
        responder: roster.host(roster.ocsp()).back,
        cache: if topology.ocsp.cache { OcspCache::Node } else { OcspCache::None },
        stapling: match topology.ocsp.stapling {
            true => Stapling::Own(network::serial(host)),
            false => Stapling::Off,
        },
    }
}

/// Whom each ZA gateway serves, sorted by Zorgaanbieder: now and later in the run.
fn behind(grounds: Grounds<'_>) -> BTreeMap<HostId, Vec<Behind>> {
    let Grounds { roster, later, .. } = grounds;
    let now = roster.providers.iter().enumerate().flat_map(|(place, provider)| {
        let zorgaanbieder = ZorgaanbiederId(place as u32);
        provider.offers.iter().map(move |offer| (offer.gateway, zorgaanbieder, offer.dienst))
    });
    let mut scopes: BTreeMap<HostId, BTreeMap<ZorgaanbiederId, Scope>> = BTreeMap::new();
    for (gateway, zorgaanbieder, dienst) in now.chain(later.offers.iter().copied()) {
        let scope = scopes.entry(gateway).or_default().entry(zorgaanbieder);
        scope
            .and_modify(|scope| *scope = scope.with(dienst))
            .or_insert(Scope::single(zorgaanbieder, dienst));
    }
    let behind = |(zorgaanbieder, scope): (ZorgaanbiederId, Scope)| Behind {
        scope,
        xis: roster.host(roster.xis(zorgaanbieder)).back,
        level: roster.providers[zorgaanbieder.index()].level,
    };
    scopes
        .into_iter()
        .map(|(gateway, scopes)| (gateway, scopes.into_iter().map(behind).collect()))
        .collect()
}
