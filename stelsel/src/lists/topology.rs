//! A topology that names real lists: the folder with copies of them and the file that says who is in the network.
//!
//! Everything that lists do not say and that is assumed stands in the file as a comment. Does not read topologies
//! (`files`) and composes nothing.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use protocol::{catalogue::Gegevensdienst, id::NameId, names::check_hostname};
use wire::list::ListFormat;

use super::{Clients, Imported, gateways::Found};
use crate::{
    plan::Source,
    problem::{Place, Problem},
};

/// What was made of lists, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// What is in it: one sentence.
    pub content: String,
    /// What was left out, what was assumed and what does not fit together: one line each.
    pub remarks: Vec<String>,
}

/// A list: its name in the folder, and where it is read from, if it was given.
type Copy = (&'static str, fn(&Source) -> Option<&Path>);

/// The lists that a folder gets copies of.
const COPIES: [Copy; 4] = [
    ("Zorgaanbiederslijst.xml", |source| Some(&source.zal.value)),
    ("Whitelist.xml", |source| source.whitelist.as_ref().map(|file| &*file.value)),
    ("OAuthclientlist.xml", |source| source.ocl.as_ref().map(|file| &*file.value)),
    ("Gegevensdienstnamenlijst.xml", |source| source.gnl.as_ref().map(|file| &*file.value)),
];

/// Says what was made of lists.
pub fn tell(imported: &Imported) -> Told {
    let names = &imported.names;
    let services: std::collections::BTreeSet<Gegevensdienst> =
        imported.gateways.iter().flat_map(|gateway| gateway.services.iter().copied()).collect();
    let offers: usize = imported.zal.rows().map(|(_, offers)| offers.len()).sum();
    let pgos = match &imported.clients {
        Clients::Listed(clients) => clients.len(),
        Clients::Nodes(nodes) => nodes.len(),
        Clients::Assumed => 1,
    };
    let content = format!(
        "{} with {} of {}, behind {}; {}; release {}",
        counted(imported.zal.len(), "Zorgaanbieder", "Zorgaanbieders"),
        counted(offers, "offer", "offers"),
        counted(services.len(), "Gegevensdienst", "Gegevensdiensten"),
        counted(imported.gateways.len(), "ZA gateway", "ZA gateways"),
        counted(pgos, "PGO gateway", "PGO gateways"),
        imported.release.name(),
    );
    let mut remarks: Vec<String> =
        imported.left_out.to_string().lines().map(str::to_owned).collect();
    if imported.format == ListFormat::R1_4 {
        remarks.push(
            "the ZAL has the shape of release 1.4 and later; assumed: it is run as release 1.1, the newest that this \
             program runs"
                .to_owned(),
        );
    }
    if imported.moved > 0 {
        remarks.push(format!(
            "authorization endpoints at a second name of their gateway, assumed to be at its first: {}",
            imported.moved
        ));
    }
    match &imported.whitelist {
        None => remarks.push("no Whitelist was given; assumed: every gateway is on it".to_owned()),
        Some(whitelist) => {
            let nodes = |gateway: &Found| -> Vec<NameId> {
                [gateway.back].into_iter().chain(gateway.others.iter().copied()).collect()
            };
            let mut known: Vec<NameId> = imported.gateways.iter().flat_map(nodes).collect();
            if let Clients::Listed(clients) = &imported.clients {
                known.extend(clients.iter().map(|client| client.host));
            }
            for host in known.iter().filter(|host| !whitelist.contains(host)) {
                let host = names.host_text(*host);
                remarks.push(format!("not on the Whitelist, so nobody will deal with it: {host}"));
            }
            if let Clients::Listed(_) = imported.clients {
                let in_zal = |node: &NameId| {
                    imported.gateways.iter().any(|gateway| gateway.hosts.contains(node))
                };
                let strange = |node: &&NameId| !known.contains(node) && !in_zal(node);
                for node in whitelist.iter().filter(strange) {
                    let node = names.host_text(*node);
                    remarks
                        .push(format!("on the Whitelist and on no other list; left out: {node}"));
                }
            }
        }
    }
    match imported.clients {
        Clients::Listed(_) => {}
        Clients::Nodes(_) => remarks.push(
            "no OAuth client list was given; assumed: who is on the Whitelist and not in the ZAL is a PGO gateway"
                .to_owned(),
        ),
        Clients::Assumed => remarks.push(
            "no OAuth client list was given; assumed: one PGO gateway, which is on the Whitelist".to_owned(),
        ),
    }
    if let Some(diensten) = &imported.diensten {
        for service in services.iter().filter(|service| !diensten.contains(service)) {
            let id = service.id();
            remarks.push(format!("offered, but not on the Gegevensdienstnamenlijst; kept: {id}"));
        }
    }
    for gateway in imported.gateways.iter().filter(|gateway| !gateway.others.is_empty()) {
        let text = |host: &NameId| names.host_text(*host).to_owned();
        let others: Vec<String> = gateway.others.iter().map(text).collect();
        remarks.push(format!(
            "taken for one gateway, because offers name them together: {} and {}",
            names.host_text(gateway.back),
            others.join(", ")
        ));
    }
    Told { content, remarks }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The text of `topology.toml`.
fn text(name: &str, source: &Source, imported: &Imported, told: &Told) -> String {
    let mut text = String::new();
    let mut line = |args: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{args}");
    };
    line(format_args!("# Made from real lists by `stelsel topology import`: {}.", told.content));
    for remark in &told.remarks {
        line(format_args!("# - {remark}"));
    }
    line(format_args!(
        "# Workers, times, costs and what people want are not on any list: defaults, assumed."
    ));
    line(format_args!("name = {}", quoted(name)));
    line(format_args!("release = {}\n", quoted(imported.release.name())));
    line(format_args!("[source]"));
    let keys = ["zal", "whitelist", "ocl", "gnl"];
    for (key, (file, path)) in keys.iter().zip(COPIES) {
        if path(source).is_some() {
            line(format_args!("{key} = {}", quoted(file)));
        }
    }
    match &imported.clients {
        Clients::Listed(clients) => {
            for client in clients {
                line(format_args!("\n[[pgo]]"));
                line(format_args!("hostname = {}", quoted(imported.names.host_text(client.host))));
                let organisation = imported.names.organisation_text(client.organisation);
                line(format_args!("organisation = {}", quoted(organisation)));
            }
        }
        Clients::Nodes(nodes) => {
            for node in nodes {
                line(format_args!("\n[[pgo]]"));
                line(format_args!("hostname = {}", quoted(imported.names.host_text(*node))));
            }
        }
        Clients::Assumed => {
            line(format_args!("\n[[pgo]]                       # assumed"));
            line(format_args!("hostname = {}", quoted(ASSUMED_PGO)));
        }
    }
    for gateway in &imported.gateways {
        line(format_args!("\n[[za]]"));
        // The schema lets a front-channel host end in one letter, of which topologies make no hostname.
        let front = imported.names.host_text(gateway.front);
        if check_hostname(front).is_ok() {
            line(format_args!("front = {}", quoted(front)));
        }
        if gateway.back != gateway.front {
            line(format_args!("back = {}", quoted(imported.names.host_text(gateway.back))));
        }
        let services: Vec<String> =
            gateway.services.iter().map(|service| service.id().to_string()).collect();
        let (count, services) = (gateway.zorgaanbieders, services.join(", "));
        line(format_args!(
            "weight = {:<22}# Zorgaanbieders whose first offer is there; Gegevensdiensten {services}",
            count.max(1)
        ));
    }
    text
}

/// The PGO of a network whose lists name none.
const ASSUMED_PGO: &str = "pgo-1.stelsel.example";

/// A string of TOML: one of JSON, but for the one character that JSON leaves as it is.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// Writes the folder: all of it, or nothing.
///
/// # Errors
/// It is there already, or cannot be written.
pub fn write(
    dir: &Path,
    name: &str,
    source: &Source,
    imported: &Imported,
    told: &Told,
) -> Result<PathBuf, Problem> {
    let place = Place::whole(dir.display().to_string());
    if dir.symlink_metadata().is_ok() {
        return Err(place
            .problem("expected a folder that is not there yet; found one")
            .hint("--out names another, --name gives it another name"));
    }
    let cannot = |error: io::Error| place.problem(format!("cannot write: {error}"));
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(cannot)?;
    let draft = tempfile::Builder::new().prefix(".import-").tempdir_in(parent).map_err(cannot)?;
    for (file, path) in COPIES {
        if let Some(path) = path(source) {
            let mut to = fs::File::create(draft.path().join(file)).map_err(cannot)?;
            let mut from = fs::File::open(path).map_err(cannot)?;
            io::copy(&mut from, &mut to).and_then(|_| to.sync_all()).map_err(cannot)?;
        }
    }
    let file = draft.path().join("topology.toml");
    fs::write(&file, text(name, source, imported, told)).map_err(cannot)?;
    fs::rename(draft.path(), dir).map_err(cannot)?;
    // It has another name now, and stays.
    let _ = draft.keep();
    Ok(dir.join("topology.toml"))
}
