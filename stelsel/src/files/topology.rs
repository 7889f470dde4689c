//! From the tree of a topology to what it means.
//!
//! The tree has been checked against the table of keys: what is checked here is what keys mean together.

use protocol::world::{
    link::Link,
    network::{Limits, Resumption, Tls, TlsVersion},
};
use protocol::{message::Assurance, release::ReleaseSet, role::Role};

use super::{
    costs,
    field::Field,
    forms,
    hosts::{Hosts, duplicates},
    kinds, opened,
    tree::{Node, Value},
    units::{self, Dimension},
};
use crate::{
    plan::{
        DigidPlan, LinkEnds, LinkLine, LinkPlan, OcspPlan, PgoGroup, Population, Source,
        StationPlan, StelselnodePlan, Topology, XisPlan, ZaGroup,
    },
    problem::{Located, Place, Problem},
};

/// Levels of assurance, lowest first.
pub(super) const LEVELS: &[&str] = &["basis", "midden", "substantieel", "hoog"];

/// Fills in what follows from other keys: the releases of gateways and the weights of groups.
pub(super) fn derive(root: &mut Node) {
    let Value::Table(table) = &mut root.value else { return };
    let Some(release) = table.get("release").cloned() else { return };
    for role in ["pgo", "za"] {
        let Some(Node { value: Value::List(groups), .. }) = table.get_mut(role) else { continue };
        for group in groups {
            kinds::derive(group, "releases", Value::List(vec![release.clone()]));
            let Value::Table(keys) = &group.value else { continue };
            if let Some(providers) = keys.get("providers").map(|providers| providers.value.clone())
            {
                kinds::derive(group, "weight", providers);
            }
        }
    }
}

/// What a topology means. What is wrong is added to `problems`.
pub(super) fn read(root: &Field<'_>, problems: &mut Vec<Problem>) -> Option<Topology> {
    let before = problems.len();
    match assemble(root, problems) {
        Ok(topology) => {
            check(root, &topology, problems);
            (problems.len() == before).then_some(topology)
        }
        Err(problem) => {
            problems.push(problem);
            None
        }
    }
}

fn assemble(root: &Field<'_>, problems: &mut Vec<Problem>) -> Result<Topology, Problem> {
    let (xis, fetch) = {
        let table = root.need("xis")?;
        (xis(&table)?, table.need("fetch")?.distribution(Dimension::Time)?)
    };
    let source = root.child("source").map(|table| source(&table)).transpose()?;
    let has_source = source.is_some();
    check_size(root)?;
    let mut hosts = Numbered::default();
    let mut pgos = Vec::new();
    for group in root.items("pgo") {
        pgos.push(pgo(&group, has_source, &mut hosts, problems)?);
    }
    let mut hosts = Numbered::default();
    let mut zas = Vec::new();
    for group in root.items("za") {
        zas.push(za(&group, has_source, &mut hosts, problems)?);
    }
    let mut services = Vec::new();
    for (id, weight) in root.need("services")?.children() {
        let service = forms::service(id).map_err(|expected| weight.expected(&expected))?;
        services.push((service, weight.number()?));
    }
    Ok(Topology {
        name: root.need("name")?.string()?,
        release: root.need("release")?.release()?,
        pgos,
        zas,
        xis,
        digid: digid(&root.need("digid")?)?,
        stelselnode: stelselnode(&root.need("stelselnode")?)?,
        ocsp: ocsp(&root.need("ocsp")?)?,
        links: links(&root.need("links")?)?,
        tls: tls(&root.need("tls")?)?,
        limits: limits(&root.need("timeouts")?)?,
        costs: costs::read(&root.need("costs")?, fetch, problems)?,
        services,
        population: population(&root.need("population")?)?,
        source,
        place: root.place(),
    })
}

/// Refuses more hosts than a run can have: groups may each be small enough and together not.
fn check_size(root: &Field<'_>) -> Result<(), Problem> {
    for (role, key, most) in
        [("pgo", "count", 10_000), ("za", "count", 10_000), ("za", "providers", 1_000_000)]
    {
        let counts = root.items(role).into_iter().filter_map(|group| group.child(key));
        let total = counts.map(|count| count.integer().unwrap_or(0)).fold(0, i64::saturating_add);
        if total > most {
            let place = root.place_of(role);
            return Err(place.expected(format!("at most {most} {key} over all groups"), total));
        }
    }
    Ok(())
}

/// The numbers of hosts of one role, over its groups.
#[derive(Default)]
struct Numbered(u32);

impl Numbered {
    /// The hosts of a group, of which `named` says the name or how many there are.
    fn hosts(&mut self, role: Role, group: &Field<'_>) -> Result<Vec<String>, Problem> {
        let count: u32 = group.need("count")?.count()?;
        let first = self.0 + 1;
        self.0 += count;
        match group.child("host") {
            Some(host) => Ok(vec![host.string()?]),
            None => Ok((first..=self.0).map(|n| format!("{}-{n}", role.name())).collect()),
        }
    }
}

/// Adds that keys for a group of one stand in a larger one.
fn check_names(group: &Field<'_>, keys: &[&str], problems: &mut Vec<Problem>) {
    let count = group.child("count");
    if count.as_ref().is_some_and(|count| count.integer() == Ok(1)) {
        return;
    }
    for name in keys.iter().filter_map(|key| group.child(key)) {
        let found = count.as_ref().map_or(String::new(), |count| count.node.value.to_string());
        problems
            .push(name.place().expected("this only in a group of one", format!("count = {found}")));
    }
}

fn pgo(
    group: &Field<'_>,
    has_source: bool,
    hosts: &mut Numbered,
    problems: &mut Vec<Problem>,
) -> Result<PgoGroup, Problem> {
    check_names(group, &["host", "hostname"], problems);
    if has_source && group.child("hostname").is_none() {
        problems.push(
            group.place_of("hostname").problem(
                "missing: with [source] it says which PGO gateway of the lists the group is",
            ),
        );
    }
    Ok(PgoGroup {
        hosts: hosts.hosts(Role::Pgo, group)?,
        station: station(group)?,
        releases: releases(group)?,
        organisation: group.child("organisation").map(|name| name.string()).transpose()?,
        hostname: located(group, "hostname")?,
        share: group.need("share")?.number()?,
        session: group.need("session")?.duration()?,
        max_documents: group.need("max_documents")?.count()?,
        place: group.place(),
    })
}

fn za(
    group: &Field<'_>,
    has_source: bool,
    hosts: &mut Numbered,
    problems: &mut Vec<Problem>,
) -> Result<ZaGroup, Problem> {
    check_names(group, &["host", "front", "back"], problems);
    if has_source {
        if group.child("front").is_none() && group.child("back").is_none() {
            problems.push(group.place_of("back").problem(
                "missing, and front too: with [source] one of them says which ZA gateway of the lists the group is",
            ));
        }
        for key in ["providers", "services"] {
            problems.extend(group.child(key).map(|field| {
                field.place().problem("expected nothing here, because [source] says it")
            }));
        }
    } else {
        for key in ["providers", "services"].into_iter().filter(|key| group.child(key).is_none()) {
            problems.push(group.place_of(key).problem(match key {
                "providers" => "missing: how many Zorgaanbieders the group serves",
                _ => "missing: ids of the Gegevensdiensten that each of the Zorgaanbieders offers",
            }));
        }
    }
    let services: Result<Vec<_>, _> =
        group.items("services").iter().map(|service| service.service()).collect();
    Ok(ZaGroup {
        hosts: hosts.hosts(Role::Za, group)?,
        station: station(group)?,
        releases: releases(group)?,
        organisation: group.child("organisation").map(|name| name.string()).transpose()?,
        front: located(group, "front")?,
        back: located(group, "back")?,
        providers: group.child("providers").map(|providers| providers.count()).transpose()?,
        providers_over_hosts: group.need("providers_over_hosts")?.spread()?,
        services: services?,
        provider_type: group.need("provider_type")?.string()?,
        weight: group.child("weight").map_or(Ok(1.0), |weight| weight.number())?,
        popularity: group.need("popularity")?.spread()?,
        session: group.need("session")?.duration()?,
        max_sessions: group.need("max_sessions")?.count()?,
        level: match group.need("level")?.word(LEVELS)? {
            "basis" => Assurance::Basis,
            "midden" => Assurance::Midden,
            "substantieel" => Assurance::Substantieel,
            _ => Assurance::Hoog,
        },
        place: group.place(),
    })
}

fn located(group: &Field<'_>, key: &str) -> Result<Option<Located<String>>, Problem> {
    group.child(key).map(|name| Ok(name.located(name.string()?))).transpose()
}

fn releases(group: &Field<'_>) -> Result<ReleaseSet, Problem> {
    let mut releases = ReleaseSet::default();
    for release in group.items("releases") {
        releases = releases.with(release.release()?);
    }
    Ok(releases)
}

fn station(table: &Field<'_>) -> Result<StationPlan, Problem> {
    Ok(StationPlan {
        workers: table.need("workers")?.count()?,
        queue: table.need("queue")?.count()?,
        open: table.child("open").map(|open| open.count()).transpose()?,
    })
}

fn xis(table: &Field<'_>) -> Result<XisPlan, Problem> {
    Ok(XisPlan {
        station: station(table)?,
        no_data: table.need("no_data")?.number()?,
        documents: table.need("documents")?.distribution(Dimension::Plain)?,
        size_sigma: table.need("size_sigma")?.number()?,
        age: table.need("age")?.distribution(Dimension::Time)?,
    })
}

fn digid(table: &Field<'_>) -> Result<DigidPlan, Problem> {
    Ok(DigidPlan {
        station: station(table)?,
        artifact_validity: table.need("artifact_validity")?.duration()?,
        window: table.need("window")?.duration()?,
        session: table.need("session")?.duration()?,
        tries: table.need("tries")?.count()?,
    })
}

fn stelselnode(table: &Field<'_>) -> Result<StelselnodePlan, Problem> {
    Ok(StelselnodePlan {
        station: station(table)?,
        zal_publish: table.need("zal_publish")?.duration()?,
        whitelist_publish: table.need("whitelist_publish")?.duration()?,
    })
}

fn ocsp(table: &Field<'_>) -> Result<OcspPlan, Problem> {
    Ok(OcspPlan {
        station: station(table)?,
        answer_valid: table.need("answer_valid")?.duration()?,
        cache: table.need("cache")?.text() == Some("node"),
        stapling: table.need("stapling")?.text() == Some("on"),
    })
}

fn links(table: &Field<'_>) -> Result<LinkPlan, Problem> {
    let mut lines = Vec::new();
    for (key, field) in table.children().filter(|(key, _)| *key != "default") {
        lines.push(LinkLine { ends: ends(&field, key), link: link(&field)? });
    }
    Ok(LinkPlan { default: link(&table.need("default")?)?, lines })
}

/// The ends of a link that a text names.
pub(super) fn ends(field: &Field<'_>, text: &str) -> LinkEnds {
    let end = |text: &str| field.located(text.trim().to_owned());
    match text.split_once('>') {
        Some((from, to)) => LinkEnds::Directed(end(from), end(to)),
        None => LinkEnds::Either(end(text)),
    }
}

fn link(field: &Field<'_>) -> Result<Link, Problem> {
    let (latency, bandwidth) = match field.child("latency") {
        Some(latency) => (latency, field.child("bandwidth")),
        None => (field.clone(), None),
    };
    Ok(Link {
        latency: latency.distribution(Dimension::Time)?,
        bandwidth: bandwidth.map(|field| field.read(units::bandwidth)).transpose()?,
    })
}

/// Of the versions that the network has, the strongest is spoken ([`protocol::rule::TLS_STRONGEST_FIRST`]).
fn tls(table: &Field<'_>) -> Result<Tls, Problem> {
    let strongest = table.items("versions").iter().any(|version| version.text() == Some("1.3"));
    Ok(Tls {
        version: if strongest { TlsVersion::V1_3 } else { TlsVersion::V1_2 },
        resumption: match table.need("resumption")?.text() {
            Some("off") => Resumption::Off,
            _ => Resumption::On,
        },
        keep_alive: table.need("keep_alive")?.duration()?,
    })
}

fn limits(table: &Field<'_>) -> Result<Limits, Problem> {
    let limit = |key| table.need(key).and_then(|limit| limit.duration());
    Ok(Limits {
        connect: limit("connect")?,
        front: limit("front")?,
        back: limit("back")?,
        ocsp: limit("ocsp")?,
        list: limit("list")?,
    })
}

fn population(table: &Field<'_>) -> Result<Population, Problem> {
    Ok(Population {
        people: table.need("people")?.count()?,
        under_age: table.need("under_age")?.number()?,
        over_pgos: table.need("over_pgos")?.spread()?,
    })
}

fn source(table: &Field<'_>) -> Result<Source, Problem> {
    let file = |field: Field<'_>| {
        let path = opened::beside(&field.node.origin.source, &field.string()?);
        field.opened.remember(&path, &field.place())?;
        Ok(field.located(path))
    };
    let optional = |key| table.child(key).map(file).transpose();
    Ok(Source {
        zal: file(table.need("zal")?)?,
        whitelist: optional("whitelist")?,
        ocl: optional("ocl")?,
        gnl: optional("gnl")?,
    })
}

/// Adds what is wrong with the whole of it.
fn check(root: &Field<'_>, topology: &Topology, problems: &mut Vec<Problem>) {
    if topology.source.is_none() {
        for (role, none) in [("pgo", topology.pgos.is_empty()), ("za", topology.zas.is_empty())] {
            if none {
                problems.push(
                    root.place().problem(format!(
                        "expected at least one [[{role}]]; found a network without"
                    )),
                );
            }
        }
    }
    let hosts: Vec<(String, Place)> =
        (topology.pgos.iter())
            .flat_map(|group| group.hosts.iter().map(|host| (host.clone(), group.place.clone())))
            .chain(topology.zas.iter().flat_map(|group| {
                group.hosts.iter().map(|host| (host.clone(), group.place.clone()))
            }))
            .collect();
    problems.extend(duplicates(&hosts, "a name"));
    let names: Vec<(String, Place)> = (topology.pgos.iter().map(|group| &group.hostname))
        .chain(topology.zas.iter().flat_map(|group| [&group.front, &group.back]))
        .flatten()
        .map(|name| (name.value.clone(), name.place.clone()))
        .collect();
    problems.extend(duplicates(&names, "a hostname"));
    for group in &topology.zas {
        // More hosts than Zorgaanbieders leave hosts that nobody is ever sent to.
        if let Some(providers) = group.providers.filter(|n| (*n as usize) < group.hosts.len()) {
            problems.push(group.place.expected(
                format!("at least as many providers as its {} hosts", group.hosts.len()),
                providers,
            ));
        }
    }
    let offered = |service| topology.zas.iter().any(|group| group.services.contains(&service));
    if topology.source.is_none() {
        for (id, weight) in
            root.child("services").iter().flat_map(|table| table.children().collect::<Vec<_>>())
        {
            let known = forms::service(id).is_ok_and(&offered);
            if !known {
                problems.push(weight.place().problem(
                    "expected a Gegevensdienst that a [[za]] offers; nobody offers this one, so its weight has no effect",
                ));
            }
        }
    }
    if let Some(known) = Hosts::of(topology) {
        problems.extend(topology.links.lines.iter().flat_map(|line| known.check_ends(&line.ends)));
    }
}
