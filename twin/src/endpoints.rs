//! What a twin tells of itself in endpoints.json: who is where, with which certificate, and how to get there.
//!
//! Names never carry a port (semantics 3), so whoever comes from outside maps them: the file has the options for curl
//! and Chromium and the lines of a hosts file. Opens nothing.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use protocol::{role::Role, world::network::Door};
use serde::Serialize;

use wire::{PASSWORD, pages::TestPerson};

use crate::{network::Network, world::Doors};

/// Everything that is told.
#[derive(Serialize, Debug)]
pub struct Endpoints {
    /// The certificate that all others hang on.
    pub ca: PathBuf,
    /// Where names with TLS lead.
    pub tls: SocketAddr,
    /// Where names without lead.
    pub plain: SocketAddr,
    /// Where what goes on can be seen and steered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console: Option<String>,
    /// Options for curl: every name, at port 443 and 80, leads here.
    pub curl: Vec<String>,
    /// The option for Chromium that does the same.
    pub chromium: String,
    /// Lines of a hosts file. It maps no ports: that needs the twin to listen on 443.
    pub hosts_file: Vec<String>,
    /// Every host.
    pub hosts: Vec<Host>,
    /// People who can log in at DigiD.
    pub test_persons: Vec<Person>,
}

/// One host.
#[derive(Serialize, Debug)]
pub struct Host {
    /// As files name it: `za-2`.
    pub name: String,
    /// Its role.
    pub role: &'static str,
    /// Its names.
    pub names: Vec<Named>,
    /// For a PGO: where a person begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// For who logs people in or asks that: its SAML metadata.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saml_metadata: Option<PathBuf>,
}

/// One name of a host.
#[derive(Serialize, Debug)]
pub struct Named {
    /// The name.
    pub name: String,
    /// Who enters by it: `front`, `back` (a client certificate is demanded) or `plain` (no TLS).
    pub door: &'static str,
    /// Address.
    pub address: String,
    /// Port.
    pub port: u16,
    /// The number of its certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<u32>,
    /// Its certificate, with the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// The key of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
}

/// Somebody who can log in.
#[derive(Clone, Serialize, Debug)]
pub struct Person {
    /// What to type as account.
    pub account: String,
    /// What to type as password.
    pub password: String,
    /// A name.
    pub name: String,
}

impl Person {
    /// That one, who has proven to be so at the highest level.
    pub(crate) fn of(person: &TestPerson) -> Self {
        let account = person.account.0.to_string();
        Self { account, password: PASSWORD.to_owned(), name: person.name.clone() }
    }
}

/// Files of a name: its certificate with the chain, and its key.
pub type Files = BTreeMap<String, (PathBuf, PathBuf)>;

impl Endpoints {
    /// What is told of a network that listens there.
    pub fn of(
        network: &Network,
        doors: Doors,
        ca: &Path,
        files: &Files,
        metadata: &BTreeMap<String, PathBuf>,
        test_persons: &[Person],
        console: Option<String>,
    ) -> Self {
        let Doors { tls, plain } = doors;
        let text = |name| network.texts.host_text(name).to_owned();
        let mut hosts: Vec<Host> = network
            .hosts
            .iter()
            .map(|host| Host {
                name: host.name.clone(),
                role: host.role().name(),
                names: Vec::new(),
                start: (host.role() == Role::Pgo).then(|| format!("https://{}/", text(host.front))),
                saml_metadata: metadata.get(&host.name).cloned(),
            })
            .collect();
        for (name, entrance) in network.names() {
            let (door, ours) = match entrance.door {
                Door::Front => ("front", tls),
                Door::Mutual { .. } => ("back", tls),
                Door::Plain(_) | Door::Behind => ("plain", plain),
            };
            let address = network.elsewhere.get(&entrance.host).copied().unwrap_or(ours);
            let serial = (!entrance.is_plain()).then(|| network.serial(name).0);
            let name = text(name);
            let (certificate, key) = files.get(&name).cloned().unzip();
            let (port, address) = (address.port(), address.ip().to_string());
            let named = Named { name, door, address, port, serial, certificate, key };
            hosts[entrance.host.place()].names.push(named);
        }
        let names = || hosts.iter().flat_map(|host| &host.names);
        let curl = names()
            .map(|named| {
                let from = if named.door == "plain" { 80 } else { 443 };
                format!("--connect-to {}:{from}:{}:{}", named.name, named.address, named.port)
            })
            .collect();
        let maps: Vec<String> = names()
            .map(|named| format!("MAP {} {}:{}", named.name, named.address, named.port))
            .collect();
        let hosts_file = names().map(|named| format!("{} {}", named.address, named.name)).collect();
        Self {
            ca: ca.to_owned(),
            tls,
            plain,
            console,
            curl,
            chromium: format!("--host-resolver-rules={}", maps.join(",")),
            hosts_file,
            hosts,
            test_persons: test_persons.to_vec(),
        }
    }
}
