//! How a PGO's gateway goes about connections and silence, which no rule says.

use protocol::{message::Request as Asked, role::Role};

use super::steps::Walk;
use crate::{
    habits::{host, keeps, while_silent},
    line::Request,
    probe::{Case, Going, Probe, Stop},
};

pub(super) const PROBES: &[Probe] =
    &[Probe { name: "habits", rules: &[], go: |case| Box::pin(look(case)) as Going<'_> }];

async fn look(case: &Case<'_>) -> Result<(), Stop> {
    let desk = case.desk;
    keeps(case, "connections of browsers", desk.lines.nobody(), &desk.subject.front).await;
    let is_ocsp = |asked: &Asked| matches!(asked, Asked::OcspQuery(_));
    let is_code = |asked: &Asked| matches!(asked, Asked::OfferCode(_));
    for (what, role, is_one) in [
        ("a silent OCSP responder", Role::Ocsp, is_ocsp as fn(&Asked) -> bool),
        ("a silent gateway of a care provider", Role::Za, is_code),
    ] {
        let mut walk = Walk::new(case)?;
        let back = walk.way_back().await?;
        let silent = match role {
            Role::Za => walk.offer.host,
            other => host(case, other)?,
        };
        while_silent(case, what, silent, is_one, async {
            // What the person is told then is judged elsewhere.
            let _ = walk.browser.send_once(&desk.lines, Request::get(back)).await;
        })
        .await;
    }
    Ok(())
}
