//! One party of the network, whatever its role: what a driver holds per host.
//!
//! A closed set, so one enum and no trait object. A person is small and stays in place, because there are many
//! of them; what is large is boxed.

use std::sync::Arc;

use protocol::{
    contract::{Actor, Input, Outbox},
    id::ZorgaanbiederId,
    register::ListVersion,
    role::Role,
    time::Now,
};

use crate::{
    deviant::{Deviant, Deviation},
    digid::{Digid, DigidConfig},
    durable::Durable,
    ocsp::{Ocsp, OcspConfig},
    person::Person,
    pgo::{Pgo, PgoConfig},
    stelselnode::{Stelselnode, StelselnodeConfig},
    xis::{Records, Xis},
    za::{Za, ZaConfig},
};

/// One party of the network.
#[derive(Debug)]
pub enum Party {
    /// A person behind a browser.
    Person(Person),
    /// A PGO gateway.
    Pgo(Box<Pgo>),
    /// A ZA gateway.
    Za(Box<Za>),
    /// DigiD.
    Digid(Box<Digid>),
    /// The stelselnode.
    Stelselnode(Box<Stelselnode>),
    /// An OCSP responder.
    Ocsp(Box<Ocsp>),
    /// The systems of a Zorgaanbieder.
    Xis(Xis),
    /// One of these, wrapped so that it breaks a rule.
    Deviant(Box<Deviant>),
}

const _: () = assert!(size_of::<Party>() <= 208, "as large as a person");

/// What a party with a station is made from, at the start of a run and after every crash.
#[derive(Clone, Debug)]
pub enum Blueprint {
    /// A PGO gateway.
    Pgo(Arc<PgoConfig>),
    /// A ZA gateway.
    Za(Arc<ZaConfig>),
    /// DigiD.
    Digid(Arc<DigidConfig>),
    /// The stelselnode.
    Stelselnode(Arc<StelselnodeConfig>),
    /// An OCSP responder.
    Ocsp(Arc<OcspConfig>),
    /// The systems of a Zorgaanbieder.
    Xis(Arc<Records>, ZorgaanbiederId),
    /// One of these that breaks a rule.
    Deviant(Box<Blueprint>, Deviation),
}

impl Blueprint {
    /// The role that its party plays.
    pub fn role(&self) -> Role {
        match self {
            Self::Pgo(_) => Role::Pgo,
            Self::Za(_) => Role::Za,
            Self::Digid(_) => Role::Digid,
            Self::Stelselnode(_) => Role::Stelselnode,
            Self::Ocsp(_) => Role::Ocsp,
            Self::Xis(..) => Role::Xis,
            Self::Deviant(inner, _) => inner.role(),
        }
    }
}

impl Party {
    /// A party at the very start, which knows these lists (semantics 10).
    pub fn begin(blueprint: &Blueprint, lists: &[Arc<ListVersion>]) -> Self {
        match blueprint {
            Blueprint::Pgo(config) => Self::Pgo(Box::new(Pgo::new(Arc::clone(config), lists))),
            Blueprint::Za(config) => Self::Za(Box::new(Za::new(Arc::clone(config), lists))),
            Blueprint::Stelselnode(config) => {
                Self::Stelselnode(Box::new(Stelselnode::new(Arc::clone(config), lists)))
            }
            Blueprint::Deviant(inner, deviation) => {
                Self::begin(&deviation.alter(inner), lists).deviant(*deviation)
            }
            Blueprint::Digid(_) | Blueprint::Ocsp(_) | Blueprint::Xis(..) => {
                Self::rebuild(blueprint, Durable::NOTHING)
            }
        }
    }

    /// A party after a crash, from what survived it.
    pub fn rebuild(blueprint: &Blueprint, durable: Durable) -> Self {
        match blueprint {
            Blueprint::Pgo(config) => {
                Self::Pgo(Box::new(Pgo::rebuild(Arc::clone(config), durable)))
            }
            Blueprint::Za(config) => Self::Za(Box::new(Za::rebuild(Arc::clone(config), durable))),
            Blueprint::Digid(config) => Self::Digid(Box::new(Digid::new(Arc::clone(config)))),
            Blueprint::Stelselnode(config) => {
                Self::Stelselnode(Box::new(Stelselnode::rebuild(Arc::clone(config), durable)))
            }
            Blueprint::Ocsp(config) => {
                Self::Ocsp(Box::new(Ocsp::rebuild(Arc::clone(config), durable)))
            }
            Blueprint::Xis(records, zorgaanbieder) => {
                Self::Xis(Xis::new(Arc::clone(records), *zorgaanbieder))
            }
            Blueprint::Deviant(inner, deviation) => {
                Self::rebuild(&deviation.alter(inner), durable).deviant(*deviation)
            }
        }
    }

    /// The ZAL from which a PGO offers now; none of who offers nothing.
    pub fn zal(&self) -> Option<&Arc<ListVersion>> {
        match self {
            Self::Pgo(pgo) => pgo.zal(),
            Self::Deviant(deviant) => deviant.zal(),
            _ => None,
        }
    }

    /// This party, wrapped so that it breaks a rule.
    #[must_use]
    pub fn deviant(self, deviation: Deviation) -> Self {
        Self::Deviant(Box::new(Deviant::new(self, deviation)))
    }
}

impl Actor for Party {
    type Durable = Durable;

    fn durable(&self) -> &Durable {
        match self {
            Self::Person(person) => person.durable(),
            Self::Pgo(pgo) => pgo.durable(),
            Self::Za(za) => za.durable(),
            Self::Digid(digid) => digid.durable(),
            Self::Stelselnode(stelselnode) => stelselnode.durable(),
            Self::Ocsp(ocsp) => ocsp.durable(),
            Self::Xis(xis) => xis.durable(),
            Self::Deviant(deviant) => deviant.durable(),
        }
    }

    fn handle(&mut self, input: Input<'_>, now: Now, out: &mut Outbox) {
        match self {
            Self::Person(person) => person.handle(input, now, out),
            Self::Pgo(pgo) => pgo.handle(input, now, out),
            Self::Za(za) => za.handle(input, now, out),
            Self::Digid(digid) => digid.handle(input, now, out),
            Self::Stelselnode(stelselnode) => stelselnode.handle(input, now, out),
            Self::Ocsp(ocsp) => ocsp.handle(input, now, out),
            Self::Xis(xis) => xis.handle(input, now, out),
            Self::Deviant(deviant) => deviant.handle(input, now, out),
        }
    }
}
