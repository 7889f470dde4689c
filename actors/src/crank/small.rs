//! The smallest network in which everything happens: two PGO gateways, two ZA gateways, DigiD, the stelselnode,
//! an OCSP responder, and three Zorgaanbieders, the third behind the second ZA gateway.
//!
//! Everything can be altered before it is built.

use std::{collections::BTreeMap, sync::Arc};

use protocol::{
    catalogue::{Gegevensdienst, Scope},
    distribution::Distribution,
    draw::{Draws, Purpose},
    id::{HostId, NameId, PersonId, Serial, ZorgaanbiederId},
    message::{Assurance, Certificate},
    names::Names,
    register::{
        Addresses, Gateway, ListKind, Listing, Offer, ParticipantKind, PreparedMove, PreparedOffer,
        Register,
    },
    release::{Release, ReleaseSet},
    time::{Duration, WallTime},
    trace::{FlowFacts, FlowKind, Sink},
};

use super::{Crank, HostSpec};
use crate::{
    admission::{OcspCache, OcspPolicy, Stapling},
    deviant::Deviation,
    digid::{DigidConfig, ServiceProvider},
    lists::ListPolicy,
    node::NodeConfig,
    ocsp::OcspConfig,
    party::{Blueprint, Party},
    person::{Habits, HumanDraws, Person, Wish},
    pgo::PgoConfig,
    sessions::SessionPolicy,
    stelselnode::StelselnodeConfig,
    xis::Records,
    za::{Behind, GuessPolicy, Issuance, TermsByRelease, ZaConfig},
};

/// The hosts, in the order in which they are added.
pub const PGO: HostId = HostId(0);
/// Another PGO gateway.
pub const OTHER_PGO: HostId = HostId(1);
/// A ZA gateway, of the first two Zorgaanbieders.
pub const ZA: HostId = HostId(2);
/// Another ZA gateway, of the third.
pub const OTHER_ZA: HostId = HostId(3);
/// DigiD.
pub const DIGID: HostId = HostId(4);
/// The stelselnode.
pub const STELSELNODE: HostId = HostId(5);
/// The OCSP responder.
pub const OCSP: HostId = HostId(6);
/// The systems of the first Zorgaanbieder; those of the others follow.
pub const XIS: HostId = HostId(7);

/// A Zorgaanbieder behind the first ZA gateway.
pub const GP: ZorgaanbiederId = ZorgaanbiederId(0);
/// Another one behind it.
pub const HOSPITAL: ZorgaanbiederId = ZorgaanbiederId(1);
/// One behind the other ZA gateway.
pub const PHARMACY: ZorgaanbiederId = ZorgaanbiederId(2);

/// Laboratoriumresultaten: one query.
pub const LABORATORIUM: Gegevensdienst = Gegevensdienst(3);
/// Documenten: two lists, then each document.
pub const DOCUMENTEN: Gegevensdienst = Gegevensdienst(5);
/// Afspraken: one query; only prepared, until the register says otherwise.
pub const AFSPRAKEN: Gegevensdienst = Gegevensdienst(6);

/// The smallest network, before it is built.
#[derive(Debug)]
pub struct Small {
    /// The texts behind ids.
    pub names: Names,
    /// The two PGO gateways.
    pub pgos: [PgoConfig; 2],
    /// The two ZA gateways.
    pub zas: [ZaConfig; 2],
    /// DigiD.
    pub digid: DigidConfig,
    /// The stelselnode.
    pub stelselnode: StelselnodeConfig,
    /// The OCSP responder.
    pub ocsp: OcspConfig,
    /// What the systems behind hold.
    pub records: Records,
    /// What people are like.
    pub habits: Habits,
    /// Who breaks which rule.
    pub deviants: BTreeMap<HostId, Deviation>,
    /// The release that is spoken.
    pub release: Release,
    stelselnode_name: NameId,
    ocsp_name: NameId,
    xis_names: [NameId; 3],
}

impl Default for Small {
    fn default() -> Self {
        Self::new(Release::R1_0)
    }
}

impl Small {
    /// The network under one release, in which nothing goes wrong.
    pub fn new(release: Release) -> Self {
        let mut names = Names::default();
        for naam in ["huisartsjansen@medmij", "umcharderwijk@medmij", "apotheekdebrug@medmij"] {
            names.zorgaanbieder(naam);
        }
        let pgo_names = ["pgo1.example.nl", "pgo2.example.nl"].map(|name| names.host(name));
        let za_fronts = ["za1.example.nl", "za2.example.nl"].map(|name| names.host(name));
        let za_backs = ["node.za1.example.nl", "node.za2.example.nl"].map(|name| names.host(name));
        let digid_front = names.host("digid.example.nl");
        let digid_back = names.host("was.digid.example.nl");
        let stelselnode_name = names.host("stelselnode.medmij.example.nl");
        let ocsp_name = names.host("ocsp.example.nl");
        let xis_names =
            ["xis1.example.nl", "xis2.example.nl", "xis3.example.nl"].map(|name| names.host(name));
        let node = |lists: &[ListKind]| NodeConfig {
            stelselnode: stelselnode_name,
            configured: vec![digid_back],
            ocsp: OcspPolicy {
                responder: ocsp_name,
                cache: OcspCache::None,
                stapling: Stapling::Off,
            },
            lists: lists.iter().map(|kind| ListPolicy::hourly(*kind)).collect(),
            release,
        };
        let releases = ReleaseSet::only(release);
        let pgos = pgo_names.map(|name| PgoConfig {
            name,
            redirect: names.uri(&format!("https://{}/callback", names.host_text(name).to_owned())),
            releases,
            node: node(&[ListKind::Zal, ListKind::Whitelist]),
            sessions: SessionPolicy::default(),
            max_documents: 20,
        });
        let behind = |zorgaanbieder: ZorgaanbiederId| Behind {
            scope: Scope::single(zorgaanbieder, LABORATORIUM).with(DOCUMENTEN).with(AFSPRAKEN),
            xis: xis_names[zorgaanbieder.index()],
            level: Assurance::Midden,
        };
        let za = |place: usize, behind: Vec<Behind>| ZaConfig {
            front: za_fronts[place],
            back: za_backs[place],
            digid_front,
            digid_back,
            releases,
            terms: TermsByRelease::default(),
            node: node(&[ListKind::Whitelist, ListKind::OauthClients]),
            behind,
            sessions: SessionPolicy {
                lifetime: Duration::from_secs(900),
                ..SessionPolicy::default()
            },
            issuance: Issuance::default(),
            guesses: GuessPolicy::default(),
        };
        // The second gateway can serve everybody, in case endpoints move to it.
        let zas = [
            za(0, vec![behind(GP), behind(HOSPITAL)]),
            za(1, vec![behind(GP), behind(HOSPITAL), behind(PHARMACY)]),
        ];
        let mut digid = DigidConfig::new(digid_front, digid_back, release);
        digid.providers = (0..2)
            .map(|place| ServiceProvider { issuer: za_backs[place], return_to: za_fronts[place] })
            .collect();
        let register = register(&mut names, pgo_names, za_fronts, za_backs, releases);
        let stelselnode = StelselnodeConfig {
            register,
            zal_publish: Duration::from_secs(24 * 3_600),
            whitelist_publish: Duration::from_secs(24 * 3_600),
            ocsp: node(&[]).ocsp,
            release,
        };
        let draws = Draws::new(1, 0, Purpose::Data);
        let records = Records {
            no_data: 0.0,
            under_age: 0.0,
            documents: Distribution::Fixed(2.0),
            size_sigma: 0.5,
            age: Distribution::Exp { mean: 86_400.0 },
            draws,
        };
        let mut habits = Habits::without_fail(HumanDraws::new(1, 0));
        habits.choose = Distribution::Fixed(5.0);
        habits.login = Distribution::Fixed(20.0);
        habits.consent = Distribution::Fixed(10.0);
        Self {
            pgos,
            zas,
            digid,
            stelselnode,
            ocsp: OcspConfig { answer_valid: Duration::from_secs(3_600), issued: u32::MAX },
            records,
            habits,
            deviants: BTreeMap::new(),
            release,
            stelselnode_name,
            ocsp_name,
            xis_names,
            names,
        }
    }

    /// With that deviation at that host.
    #[must_use]
    pub fn deviant(mut self, host: HostId, deviation: Deviation) -> Self {
        self.deviants.insert(host, deviation);
        self
    }

    /// The name of a host for people.
    pub fn host_name(host: HostId) -> String {
        const NAMES: [&str; 10] = [
            "pgo-1",
            "pgo-2",
            "za-1",
            "za-2",
            "digid",
            "stelselnode",
            "ocsp",
            "xis-1",
            "xis-2",
            "xis-3",
        ];
        match NAMES.get(host.place()) {
            Some(name) if !host.is_visitor() => (*name).to_owned(),
            _ => format!("person-{}", host.place() + 1),
        }
    }

    /// The certificate of a host; its serial number is the host's.
    pub fn certificate(host: HostId, subject: NameId) -> Certificate {
        Certificate {
            serial: Serial(host.0),
            subject,
            not_after: WallTime::FAR_FUTURE,
            trusted_chain: true,
        }
    }

    /// Builds it. Every host has been started.
    pub fn build<S: Sink>(&self, sink: S) -> Crank<S> {
        let mut crank = Crank::new(1, self.release, sink);
        let lists = self.stelselnode.register.publish_all();
        let mut add = |blueprint: Blueprint, names: Vec<NameId>, subject: Option<NameId>| {
            let id = HostId(crank.hosts.len() as u32);
            let blueprint = match self.deviants.get(&id) {
                Some(deviation) => Blueprint::Deviant(Box::new(blueprint), *deviation),
                None => blueprint,
            };
            let certificate = subject.map(|subject| Self::certificate(id, subject));
            let party = Party::begin(&blueprint, &lists);
            crank.add(HostSpec { blueprint, names, certificate }, party);
        };
        for pgo in &self.pgos {
            add(Blueprint::Pgo(Arc::new(pgo.clone())), vec![pgo.name], Some(pgo.name));
        }
        for za in &self.zas {
            add(Blueprint::Za(Arc::new(za.clone())), vec![za.front, za.back], Some(za.back));
        }
        let DigidConfig { front, back, .. } = self.digid;
        add(Blueprint::Digid(Arc::new(self.digid.clone())), vec![front, back], Some(back));
        let name = self.stelselnode_name;
        let blueprint = Blueprint::Stelselnode(Arc::new(self.stelselnode.clone()));
        add(blueprint, vec![name], Some(name));
        add(Blueprint::Ocsp(Arc::new(self.ocsp)), vec![self.ocsp_name], None);
        let records = Arc::new(self.records.clone());
        for (place, name) in self.xis_names.into_iter().enumerate() {
            let zorgaanbieder = ZorgaanbiederId(place as u32);
            add(Blueprint::Xis(Arc::clone(&records), zorgaanbieder), vec![name], None);
        }
        crank.settle();
        crank
    }

    /// What a person wants: laboratory results of their general practitioner, through the first PGO.
    pub fn wish(&self, person: u32) -> Wish {
        Wish {
            pgo: self.pgos[0].name,
            zorgaanbieder: GP,
            dienst: LABORATORIUM,
            account: PersonId(person),
            level: Assurance::Midden,
            release: self.release,
        }
    }

    /// A person with this wish comes now.
    pub fn visit<S: Sink>(&self, crank: &mut Crank<S>, wish: Wish) -> HostId {
        let arrival = crank.visitors.len() as u32;
        let person = Person::new(Arc::new(self.habits.clone()), arrival, wish);
        self.visit_as(crank, Party::Person(person), wish)
    }

    /// Somebody with this wish comes now.
    pub fn visit_as<S: Sink>(&self, crank: &mut Crank<S>, party: Party, wish: Wish) -> HostId {
        let arrival = crank.visitors.len() as u32;
        let za = if wish.zorgaanbieder == PHARMACY { OTHER_ZA } else { ZA };
        let pgo = if wish.pgo == self.pgos[1].name { OTHER_PGO } else { PGO };
        let facts = FlowFacts {
            kind: FlowKind::Verzamelen,
            parent: None,
            person: Some(wish.account),
            pgo,
            za,
            zorgaanbieder: wish.zorgaanbieder,
            dienst: wish.dienst,
            release: wish.release,
        };
        crank.visit(party, arrival, facts)
    }
}

/// Everybody is in it and listed, but for one prepared service and one prepared move to the second gateway.
fn register(
    names: &mut Names,
    pgos: [NameId; 2],
    za_fronts: [NameId; 2],
    za_backs: [NameId; 2],
    releases: ReleaseSet,
) -> Register {
    let mut addresses = |place: usize| {
        let mut uri = |host: NameId, path: &str| {
            let host = names.host_text(host).to_owned();
            names.uri(&format!("https://{host}/{path}"))
        };
        Addresses {
            releases,
            authorization: uri(za_fronts[place], "authorize"),
            token: uri(za_backs[place], "token"),
            resources: vec![uri(za_backs[place], "fhir")],
        }
    };
    let addresses = [addresses(0), addresses(1)];
    let mut gateway = |node: NameId, name: &str, kind| Gateway {
        node,
        organisation: names.organisation(name),
        kind,
        listed: true,
    };
    let gateways = vec![
        gateway(pgos[0], "De Enige Echte PGO", ParticipantKind::Dvp),
        gateway(pgos[1], "De Andere PGO", ParticipantKind::Dvp),
        gateway(za_backs[0], "Zorgbrug", ParticipantKind::Dvza),
        gateway(za_backs[1], "Zorgpont", ParticipantKind::Dvza),
    ];
    let listing = |zorgaanbieder, place| Listing {
        zorgaanbieder,
        listed: true,
        offers: [LABORATORIUM, DOCUMENTEN]
            .map(|dienst| Offer { dienst, addresses: place })
            .to_vec(),
    };
    Register {
        gateways,
        listings: vec![listing(GP, 0), listing(HOSPITAL, 0), listing(PHARMACY, 1)],
        moves: vec![vec![PreparedMove { place: 0, addresses: addresses[1].clone() }]],
        prepared: vec![PreparedOffer {
            zorgaanbieder: GP,
            offer: Offer { dienst: AFSPRAKEN, addresses: 0 },
        }],
        addresses: addresses.to_vec(),
    }
}
