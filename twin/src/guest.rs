//! What somebody is given who plays a host of the network: certificates and keys, the CA, the lists, DigiD's metadata,
//! and a page that says what to configure where.
//!
//! Everything stands in a folder of the twin's. Opens no connection, and knows nothing of the guest's software.

use std::{fs, path::Path};

use maud::{DOCTYPE, Markup, html};
use protocol::{
    catalogue::Gegevensdienst,
    id::{HostId, Serial},
    register::{Addresses, ListKind},
    role::Role,
};
use wire::{codec::Lists as _, places::Places as _};

use crate::{
    endpoints::{Endpoints, Host},
    open::{Fault, whole},
    wording::Metadata,
    world::{Witness, World},
};

/// A file that is given, and what it is.
type Given = (String, &'static str);

/// Fills the folder of a host that somebody else plays.
///
/// # Errors
/// It cannot be written.
pub(crate) fn tell<S: Witness>(
    world: &World<S>,
    host: HostId,
    dir: &Path,
    told: &Endpoints,
    metadata: &Metadata,
) -> Result<(), Fault> {
    let (network, texts) = (&world.network, &world.texts);
    let entry = &network.hosts[host.place()];
    let folder = dir.join("external").join(&entry.name);
    let fault = |error: std::io::Error| Fault {
        place: folder.display().to_string(),
        reason: error.to_string(),
    };
    fs::create_dir_all(&folder).map_err(fault)?;
    let mut given: Vec<Given> = Vec::new();
    let copy = |from: &Path, name: String, what: &'static str, given: &mut Vec<Given>| {
        let bytes = fs::read(from).map_err(|error| Fault {
            place: from.display().to_string(),
            reason: error.to_string(),
        })?;
        whole(&folder.join(&name), &bytes)?;
        given.push((name, what));
        Ok::<_, Fault>(())
    };
    copy(&told.ca, "ca.pem".to_owned(), "what every certificate hangs on", &mut given)?;
    let own = told.hosts.iter().find(|told| told.name == entry.name);
    for named in own.into_iter().flat_map(|own| &own.names) {
        let (Some(certificate), Some(key)) = (&named.certificate, &named.key) else { continue };
        let name = &named.name;
        copy(
            certificate,
            format!("{name}.pem"),
            "certificate of a name, with its chain",
            &mut given,
        )?;
        copy(key, format!("{name}.key.pem"), "its key", &mut given)?;
    }
    if entry.role() == Role::Za {
        let name = texts.host_text(entry.back);
        let (certificate, key) = world.authority.paths(&name, saml_serial(host));
        copy(&certificate, "saml.pem".to_owned(), "certificate of its SAML messages", &mut given)?;
        copy(&key, "saml.key.pem".to_owned(), "the key that signs them", &mut given)?;
        if let Some(own) = metadata.get(&entry.name) {
            copy(own, "saml.xml".to_owned(), "its SAML metadata, as DigiD knows them", &mut given)?;
        }
        let digid = network.hosts.iter().find(|host| host.role() == Role::Digid);
        if let Some(digid) = digid.and_then(|digid| metadata.get(&digid.name)) {
            copy(digid, "digid.xml".to_owned(), "DigiD's SAML metadata", &mut given)?;
        }
    }
    for (kind, list) in ListKind::ALL.into_iter().zip(&network.lists) {
        let (name, bytes) = (world.wording.path(kind), world.wording.write(list));
        // Release 1.0 has no Gegevensdienstnamenlijst.
        if bytes.is_empty() {
            continue;
        }
        let name = name.trim_start_matches('/').to_owned();
        whole(&folder.join(&name), &bytes)?;
        given.push((name, "a list as it is at the start; the stelselnode serves the newest"));
    }
    whole(&folder.join("README.html"), page(world, host, told, &given).as_bytes())
}

/// The number of the certificate of a host's SAML messages: beyond those of hosts and names.
pub(crate) const fn saml_serial(host: HostId) -> Serial {
    Serial(2 << 24 | host.0)
}

/// The page that says what to configure where.
fn page<S: Witness>(world: &World<S>, host: HostId, told: &Endpoints, given: &[Given]) -> String {
    let (network, texts) = (&world.network, &world.texts);
    let entry = &network.hosts[host.place()];
    let at = network.elsewhere.get(&host);
    let own = told.hosts.iter().find(|told| told.name == entry.name);
    let others = |role: Role| told.hosts.iter().filter(move |host| host.role == role.name());
    let names = |host: &Host| -> Markup {
        html! {
            @for named in &host.names {
                tr { td { code { (named.name) } } td { (named.door) } td { code { (named.address) ":" (named.port) } } }
            }
        }
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Playing " (entry.name) }
                style { "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top;overflow-wrap:anywhere}code{font-size:.9em}" }
            }
            body {
                h1 { "You play " (entry.name) }
                p {
                    "The twin takes your server for " strong { (entry.name) } ", a host of role " (entry.role().name())
                    @if let Some(at) = at { ", and connects to it at " code { (at) } }
                    ". It must be there before anybody asks for it."
                }
                h2 { "Your names" }
                p { "Answer by these names (SNI). At a name of the back channel demand a client certificate; connect by TLS 1.2 or 1.3." }
                table {
                    tr { th { "Name" } th { "Door" } th { "Where the twin finds it" } }
                    @if let Some(own) = own { (names(own)) }
                }
                h2 { "Files beside this page" }
                table { @for (name, what) in given { tr { td { code { (name) } } td { (what) } } } }
                @match entry.role() {
                    Role::Za => { (endpoints_of(world, host)) }
                    _ => { (as_a_client(world, host)) }
                }
                h2 { "Others" }
                p { "Names carry no port. Map them in a hosts file if the twin listens on 443, or in your connector." }
                @for (role, what) in [
                    (Role::Stelselnode, "The stelselnode, which serves the lists on the back channel"),
                    (Role::Digid, "DigiD, simulated"), (Role::Ocsp, "The OCSP responder"),
                    (Role::Za, "ZA gateways"), (Role::Pgo, "PGO gateways"),
                    (Role::Xis, "Systems behind gateways, which no gateway need ask")
                ] {
                    h3 { (what) }
                    table { @for other in others(role).filter(|other| other.name != entry.name).take(20) { (names(other)) } }
                }
                h3 { "Lists" }
                ul { @for kind in ListKind::ALL {
                    @for node in others(Role::Stelselnode).flat_map(|node| &node.names).filter(|named| named.door == "back") {
                        li { code { "https://" (node.name) (world.wording.path(kind)) } }
                    }
                } }
                h2 { "Hosts file" }
                pre { @for line in &told.hosts_file { (line) "\n" } }
                h2 { "People who can log in" }
                table {
                    tr { th { "Account" } th { "Password" } th { "Name" } }
                    @for person in &told.test_persons { tr { td { (person.account) } td { (person.password) } td { (person.name) } } }
                }
                p { "All of them are invented, and so is what is known of them. Back name: " code { (texts.host_text(entry.back)) } "." }
            }
        }
    };
    page.into_string()
}

/// What a ZA gateway must serve, as the ZAL has it.
fn endpoints_of<S: Witness>(world: &World<S>, host: HostId) -> Markup {
    let (network, texts) = (&world.network, &world.texts);
    let here = |addresses: &Addresses| {
        world.entrance(addresses.authorization.host).is_some_and(|found| found.host == host)
    };
    let mut rows: Vec<(String, Gegevensdienst, &Addresses)> = Vec::new();
    for listing in &network.register.listings {
        for offer in &listing.offers {
            if let Some(addresses) = network.register.addresses.get(offer.addresses as usize)
                && here(addresses)
            {
                let naam = texts.zorgaanbieder_text(listing.zorgaanbieder);
                rows.push((naam, offer.dienst, addresses));
            }
        }
    }
    html! {
        h2 { "What you serve" }
        p { "As the ZAL has it. Authorization endpoints are for browsers, the others for PGO gateways." }
        table {
            tr { th { "Zorgaanbieder" } th { "Gegevensdienst" } th { "Authorization" } th { "Token" } th { "Resources" } }
            @for (naam, dienst, addresses) in &rows {
                tr {
                    td { (naam) } td { (dienst.0) }
                    td { code { (texts.uri_text(addresses.authorization)) } }
                    td { code { (texts.uri_text(addresses.token)) } }
                    td { @for uri in &addresses.resources { code { (texts.uri_text(*uri)) } br; } }
                }
            }
        }
    }
}

/// How a PGO gateway is known as a client.
fn as_a_client<S: Witness>(world: &World<S>, host: HostId) -> Markup {
    let (network, texts) = (&world.network, &world.texts);
    let entry = &network.hosts[host.place()];
    let client = texts.host_text(entry.back);
    html! {
        h2 { "You as a client" }
        table {
            tr { td { "client_id" } td { code { (client) } } }
            tr { td { "Name on the OAuth client list" } td { (texts.organisation_text(entry.back)) } }
            tr { td { "redirect_uri" } td { "Any HTTPS address at " code { (client) } " that you serve to browsers" } }
        }
        p { "Where to go for which Gegevensdienst the ZAL says: " code { "MedMij_Zorgaanbiederslijst.xml" } "." }
    }
}
