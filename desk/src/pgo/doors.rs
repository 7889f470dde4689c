//! Its door for browsers: certificate and TLS (NET 1, NET 2).

use protocol::rule;

use super::steps::Walk;
use crate::{
    probe::{Case, Going, Probe, Stop},
    tls::{old_and_weak, serves_without},
    way::asks,
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "door-certificate",
        rules: &[rule::PKIO_CERTIFICATE],
        go: |case| Box::pin(certificate(case)) as Going<'_>,
    },
    Probe {
        name: "tls-old-and-weak",
        rules: &[rule::TLS_FRONT_SUFFICIENT, rule::TLS_STRONGEST_FIRST],
        go: |case| {
            let front = case.desk.subject.front.clone();
            Box::pin(async move {
                old_and_weak(case, "front", &front, rule::TLS_FRONT_SUFFICIENT, false).await
            }) as Going<'_>
        },
    },
    Probe {
        name: "tls-none",
        rules: &[rule::TLS_EVERYWHERE],
        go: |case| Box::pin(serves_without(case, "/")) as Going<'_>,
    },
];

async fn certificate(case: &Case<'_>) -> Result<(), Stop> {
    let mut walk = Walk::new(case)?;
    let start = walk.start()?;
    let (is_good, found) = match walk.ends_at(start).await {
        Ok(_) => (
            true,
            "its certificate is for its name, and its chain ends at the network's root".to_owned(),
        ),
        Err(Stop(why)) if why.contains("certificate is not good") => (false, why),
        Err(other) => return Err(other),
    };
    case.judge(rule::PKIO_CERTIFICATE, is_good, asks(rule::PKIO_CERTIFICATE), found);
    Ok(())
}
