//! What a scenario and its topology must have in common: the hosts that one names and the other has.
//!
//! Silent about a topology of real lists: who is in it is known only once they are read, by `compose`.

use actors::deviant::Deviation;
use protocol::role::Role;

use super::{forms, hosts::Hosts};
use crate::{
    plan::{ChangeKind, DeviantPlan, FaultKind, HostFault, Scenario, Topology},
    problem::{Located, Problem},
};

/// Adds what is wrong with a scenario in this topology.
pub(super) fn check(topology: &Topology, scenario: &Scenario, problems: &mut Vec<Problem>) {
    let Some(hosts) = Hosts::of(topology) else { return };
    for fault in &scenario.faults {
        match &fault.kind {
            FaultKind::Host(host, fault) => {
                problems.extend(check_fault(&hosts, host, *fault).err())
            }
            FaultKind::Link(ends, _) => problems.extend(hosts.check_ends(ends)),
        }
    }
    for change in &scenario.changes {
        problems.extend(check_change(&hosts, &change.kind).err());
    }
    for deviant in &scenario.deviants {
        problems.extend(check_deviant(&hosts, deviant).err());
    }
}

fn check_fault(hosts: &Hosts<'_>, host: &Located<String>, fault: HostFault) -> Result<(), Problem> {
    let roles = hosts.roles(&host.value);
    if roles.is_empty() || roles.contains(&Role::Person) {
        return Err(hosts.missing(host));
    }
    // Systems behind a gateway and the responder are asked without TLS of their own.
    let bare = roles.iter().find(|role| matches!(role, Role::Xis | Role::Ocsp));
    match (fault, bare) {
        (HostFault::Revoke | HostFault::Expire, Some(role)) => Err(host.place.problem(format!(
            "expected hosts with a certificate; found {:?}, and {} has none",
            host.value,
            role.name()
        ))),
        _ => Ok(()),
    }
}

fn check_change(hosts: &Hosts<'_>, change: &ChangeKind) -> Result<(), Problem> {
    const GATEWAYS: &[Role] = &[Role::Pgo, Role::Za];
    let gateway = |host: &Located<String>, roles: &[Role]| match hosts.role(&host.value) {
        None => Err(hosts.missing(host)),
        Some(role) if !roles.contains(&role) => Err(host.place.expected(
            if roles == GATEWAYS { "a PGO or ZA gateway" } else { "a ZA gateway" },
            format!("{:?}", host.value),
        )),
        Some(_) => Ok(()),
    };
    match change {
        ChangeKind::AddGateway(host)
        | ChangeKind::RemoveGateway(host)
        | ChangeKind::Rename(host, _) => gateway(host, GATEWAYS),
        ChangeKind::Release(host, _) => gateway(host, &[Role::Za]),
        ChangeKind::MoveEndpoint { host, to, .. } => {
            gateway(host, &[Role::Za])?;
            gateway(to, &[Role::Za])?;
            match host.value == to.value {
                true => Err(to.place.expected("another gateway", format!("{:?}", to.value))),
                false => Ok(()),
            }
        }
        ChangeKind::FetchList(host, _) => {
            let roles = hosts.roles(&host.value);
            match roles.iter().any(|role| GATEWAYS.contains(role)) {
                true => Ok(()),
                false if roles.is_empty() => Err(hosts.missing(host)),
                false => {
                    Err(host.place.expected("PGO or ZA gateways", format!("{:?}", host.value)))
                }
            }
        }
        ChangeKind::PublishBroken(_) | ChangeKind::Publish(_) | ChangeKind::RollBack(_) => Ok(()),
        ChangeKind::AddProvider(_) | ChangeKind::RemoveProvider(_) | ChangeKind::AddService(..) => {
            Ok(())
        }
    }
}

fn check_deviant(hosts: &Hosts<'_>, deviant: &DeviantPlan) -> Result<(), Problem> {
    let roles = hosts.roles(&deviant.host.value);
    if roles.is_empty() {
        return Err(hosts.missing(&deviant.host));
    }
    for role in roles {
        if Deviation::find(role, &deviant.breaks.value).is_some() {
            continue;
        }
        let fitting: Vec<String> = Deviation::ALL
            .iter()
            .filter(|one| one.roles().contains(&role))
            .map(|one| one.name())
            .collect();
        let fitting: Vec<&str> = fitting.iter().map(String::as_str).collect();
        let place = &deviant.breaks.place;
        return Err(match fitting.is_empty() {
            true => deviant.host.place.problem(format!(
                "expected hosts that can deviate; found {:?}, and {} cannot",
                deviant.host.value,
                role.name()
            )),
            false => place.expected(
                format!("a rule that {} can break, or {}", role.name(), forms::one_of(&fitting)),
                format!("{:?}", deviant.breaks.value),
            ),
        });
    }
    Ok(())
}
