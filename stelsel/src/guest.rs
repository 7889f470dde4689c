//! A gateway of our own that another twin plays: it knows the first by its sockets alone, as a vendor's does.
//!
//! For `check --self`, and for a twin that plays one host only. Judges nothing.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
};

use protocol::{
    id::HostId,
    role::Role,
    trace::{Event, Sink, Stamp},
};
use twin::{
    network::Network,
    open::{Options, Twin},
    world::{Doors, Witness},
};
use watch::directory::Directory;

use crate::{
    compose::Composed,
    problem::{Place, Problem, Problems},
    run::wall::told,
};

/// Where it is, and the network beside it.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Nobody listens to it.
#[derive(Debug)]
pub struct Deaf;

impl Sink for Deaf {
    fn event(&mut self, _: Stamp, _: Event<'_>) {}
}

impl Witness for Deaf {}

/// How twins are opened on this machine.
pub(crate) fn options(dir: &Path, listen: IpAddr, port: u16) -> Options {
    Options { dir: dir.to_owned(), listen, port, seed: 1, console: None, tells: true }
}

/// Two ports after each other that are free now, as a twin needs them.
///
/// # Errors
/// None are.
pub fn two_free_ports() -> Result<SocketAddr, Problem> {
    let free = |port: u16| TcpListener::bind((LOOPBACK, port)).and_then(|bound| bound.local_addr());
    let next = |at: &SocketAddr| at.port().checked_add(1).is_some_and(|port| free(port).is_ok());
    let found = (0..100).filter_map(|_| free(0).ok()).find(next);
    found.ok_or_else(|| Place::whole("ports").problem("no two ports are free on this machine"))
}

/// Where the hosts are that another twin of the same network plays, which listens at those doors: all but one. With its
/// own systems, those behind a gateway are not there either.
pub fn all_but(
    directory: &Directory,
    host: HostId,
    has_systems: bool,
    doors: Doors,
) -> BTreeMap<HostId, SocketAddr> {
    let hosts = directory.hosts.iter().enumerate();
    let others = hosts.filter(|(place, entry)| {
        *place != host.place() && !(has_systems && entry.role == Role::Xis)
    });
    others
        .map(|(place, entry)| {
            let is_plain = matches!(entry.role, Role::Ocsp | Role::Xis);
            (HostId(place as u32), if is_plain { doors.plain } else { doors.tls })
        })
        .collect()
}

/// Has another twin play a host of the network that listens at those doors, in the folder of that.
///
/// # Errors
/// The folder cannot be used, or the ports are taken.
pub(crate) async fn play(
    composed: &Composed,
    dir: &Path,
    doors: Doors,
    host: HostId,
    at: SocketAddr,
) -> Result<Twin<Deaf>, Problems> {
    let elsewhere = all_but(&composed.directory, host, false, doors);
    let network = Network { elsewhere, ..composed.twin(0) };
    let options = Options { tells: false, ..options(dir, at.ip(), at.port()) };
    Twin::open(network, &options, Deaf).await.map_err(told)
}
