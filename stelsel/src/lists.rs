//! Real lists of MedMij Registratie: who they say is in the network.
//!
//! Reads lists (`wire` judges them), finds the gateways behind the addresses of a ZAL ([`gateways`]), and writes a
//! topology that names them ([`topology`]) or the lists of a topology ([`export`]). Does not run anything and fetches
//! nothing.

pub mod export;
pub mod gateways;
pub mod topology;

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead, BufReader, Read as _},
    path::Path,
    sync::Arc,
};

use protocol::{
    id::NameId,
    names::Names,
    register::{ListContent, ListKind, OauthClient, Zal},
    release::{Release, ReleaseSet},
};
use wire::list::{
    ListDocument, ListError, ListFormat,
    version::{Assumed, LeftOut, to_version},
};

use self::gateways::Found;
use crate::{
    plan::Source,
    problem::{Located, Place, Problem, Problems},
};

/// A larger list is refused: the national one, of 50,000 Zorgaanbieders, is a third of this.
const LARGEST: u64 = 512 << 20;

/// What lists say.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The texts behind ids. Zorgaanbieders are numbered without gaps.
    pub names: Names,
    /// In which format the ZAL is.
    pub format: ListFormat,
    /// The release that a network with such lists runs: that of the oldest of them, or the newest that this program
    /// knows.
    pub release: Release,
    /// The ZAL, in which every authorization endpoint is at the first name of its gateway.
    pub zal: Zal,
    /// The ZA gateways, in the order in which the ZAL first names them.
    pub gateways: Vec<Found>,
    /// The nodes of the Whitelist, if there is one.
    pub whitelist: Option<BTreeSet<NameId>>,
    /// The PGO gateways.
    pub clients: Clients,
    /// The Gegevensdiensten of the Gegevensdienstnamenlijst, if there is one.
    pub diensten: Option<Vec<protocol::catalogue::Gegevensdienst>>,
    /// What of the ZAL this program does not know.
    pub left_out: LeftOut,
    /// How many places of the ZAL had an authorization endpoint at another name of their gateway than the first.
    pub moved: usize,
}

/// How the PGO gateways are known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Clients {
    /// The OAuth client list has them.
    Listed(Vec<OauthClient>),
    /// There is no such list: these are on the Whitelist and nowhere in the ZAL.
    Nodes(Vec<NameId>),
    /// There is nothing that could say: one is assumed.
    Assumed,
}

/// Reads the lists that a topology names.
///
/// # Errors
/// One cannot be read, is another list than it should be, or is not as its schema demands: each with its line.
pub fn read(source: &Source) -> Result<Imported, Problems> {
    let mut problems = Vec::new();
    let mut of = |file: Option<&Located<std::path::PathBuf>>, kind| {
        let file = file?;
        document(&file.value, &file.place, kind).map_err(|found| problems.extend(found.0)).ok()
    };
    let zal = of(Some(&source.zal), ListKind::Zal);
    let whitelist = of(source.whitelist.as_ref(), ListKind::Whitelist);
    let clients = of(source.ocl.as_ref(), ListKind::OauthClients);
    let diensten = of(source.gnl.as_ref(), ListKind::Gegevensdiensten);
    let Some(zal) = zal.filter(|_| problems.is_empty()) else { return Err(Problems(problems)) };

    let mut names = Names::default();
    let format = zal.header().format;
    // The ZAL of 1.0 and 1.1 are often alike; their Whitelists never are.
    let others = [&whitelist, &clients, &diensten].into_iter().flatten();
    let formats = others.map(|list| list.header().format).chain([format]);
    let release = formats.map(release).min().unwrap_or(Release::R1_1);
    let assumed =
        Assumed { epoch: zal.header().published.clone(), releases: ReleaseSet::only(release) };
    let (version, left_out) = to_version(&zal, &assumed, &mut names);
    let ListContent::Zal(zal) = version.content else {
        return Err(source.zal.place.problem("no Zorgaanbiederslijst").into());
    };
    if zal.is_empty() {
        let none = "expected a list with an offer of a known Gegevensdienst; found none";
        return Err(source.zal.place.problem(none).into());
    }
    let mut content = |document: Option<ListDocument>| {
        document.map(|document| to_version(&document, &assumed, &mut names).0.content)
    };
    let whitelist = content(whitelist).and_then(|content| match content {
        ListContent::Whitelist(nodes) => Some(nodes.into_iter().collect::<BTreeSet<_>>()),
        _ => None,
    });
    let clients = content(clients).and_then(|content| match content {
        ListContent::OauthClients(clients) => Some(clients.to_vec()),
        _ => None,
    });
    let diensten = content(diensten).and_then(|content| match content {
        ListContent::Gegevensdiensten(diensten) => Some(diensten.to_vec()),
        _ => None,
    });
    if let Some(name) =
        (0..names.host_count() as u32).map(NameId).find(|name| is_own(&names, *name))
    {
        let expected = "no hostname of a host that no list names (DigiD, stelselnode, OCSP, xIS)";
        return Err(source.zal.place.expected(expected, names.host_text(name)).into());
    }
    let gateways = gateways::find(&zal, whitelist.as_ref());
    let (zal, moved) = gateways::with_one_front_each(&zal, &gateways, &mut names);
    let clients = match (clients, &whitelist) {
        (Some(clients), _) => Clients::Listed(clients),
        (None, Some(whitelist)) => {
            let in_zal = |node: &&NameId| gateways.iter().any(|one| one.hosts.contains(*node));
            let nodes: Vec<NameId> =
                whitelist.iter().filter(|node| !in_zal(node)).copied().collect();
            if nodes.is_empty() { Clients::Assumed } else { Clients::Nodes(nodes) }
        }
        (None, None) => Clients::Assumed,
    };
    Ok(Imported {
        names,
        format,
        release,
        zal,
        gateways,
        whitelist,
        clients,
        diensten,
        left_out,
        moved,
    })
}

/// The release that has lists of this format, or the newest that this program runs.
fn release(format: ListFormat) -> Release {
    match format {
        ListFormat::R1_0 => Release::R1_0,
        ListFormat::R1_1 | ListFormat::R1_4 => Release::R1_1,
    }
}

/// Whether a hostname is one that every network here has, whatever its lists say.
fn is_own(names: &Names, name: NameId) -> bool {
    let Some(host) = names.host_text(name).strip_suffix(".stelsel.example") else { return false };
    matches!(host, "digid" | "was.digid" | "stelselnode" | "ocsp") || host.starts_with("xis-")
}

/// Opens a list that somebody named at that place.
///
/// # Errors
/// It cannot be read, is a folder, or is larger than any list.
pub(crate) fn open(path: &Path, place: &Place) -> Result<impl BufRead + use<>, Problem> {
    let name = path.to_string_lossy();
    let cannot = |error: std::io::Error| match *place.source == *name {
        true => place.problem(format!("cannot read: {error}")),
        false => place.problem(format!("cannot read {name}: {error}")),
    };
    let file = File::open(path).map_err(cannot)?;
    let about = file.metadata().map_err(cannot)?;
    if about.is_dir() {
        return Err(place.expected("a list, which is a file", format!("the folder {name}")));
    }
    if about.len() > LARGEST {
        let expected = format!("a list of at most {} MB", LARGEST >> 20);
        return Err(Place::whole(name).expected(expected, "a larger file"));
    }
    // A pipe has no length: one that goes on for longer is cut off, which is an error of the XML.
    Ok(BufReader::with_capacity(1 << 16, file.take(LARGEST)))
}

/// Reads one list, going through its bytes once.
fn document(path: &Path, place: &Place, kind: ListKind) -> Result<ListDocument, Problems> {
    let name: Arc<str> = path.to_string_lossy().into();
    let read = wire::list::read(open(path, place)?).map_err(|error| told(&error, &name))?;
    if read.kind() != kind {
        let (expected, found) = (kind.name(), read.kind().name());
        return Err(Place::whole(name)
            .expected(format!("a list of kind {expected}"), found)
            .into());
    }
    Ok(read)
}

/// What is wrong with a list, in the words of everybody's complaints.
pub(crate) fn told(error: &ListError, name: &Arc<str>) -> Problems {
    let mut problems: Vec<Problem> = error
        .problems
        .iter()
        .map(|problem| {
            let place = Place {
                source: Arc::clone(name),
                line: u32::try_from(problem.place.line).ok(),
                key: problem.path.to_string(),
            };
            place.problem(problem.fault.to_string())
        })
        .collect();
    if error.more > 0 {
        let more = format!("and {} problems more", error.more);
        problems.push(Place::whole(Arc::clone(name)).problem(more));
    }
    Problems(problems)
}

#[cfg(test)]
mod tests;
