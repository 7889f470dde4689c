//! How a care provider's gateway goes about connections and silence, which no rule says.

use protocol::{message::Request as Asked, role::Role};
use url::Url;

use super::{doors::is_let_in, steps::Walk};
use crate::{
    habits::{host, keeps, while_silent},
    line::Request,
    probe::{Case, Going, Probe, Stop},
    way,
};

pub(super) const PROBES: &[Probe] =
    &[Probe { name: "habits", rules: &[], go: |case| Box::pin(look(case)) as Going<'_> }];

async fn look(case: &Case<'_>) -> Result<(), Stop> {
    let desk = case.desk;
    let pgo = desk.pgos.first().ok_or_else(|| Stop::because("the network has no PGO"))?;
    let (front, back) = (desk.subject.front.as_str(), desk.subject.back.as_str());
    tokio::join!(
        keeps(case, "connections of browsers", desk.lines.nobody(), front),
        keeps(case, "connections of nodes", &pgo.identity, back),
    );
    let is_ocsp = |asked: &Asked| matches!(asked, Asked::OcspQuery(_));
    while_silent(case, "a silent OCSP responder", host(case, Role::Ocsp)?, is_ocsp, async {
        // Whether somebody is let in then is judged elsewhere.
        let _ = is_let_in(case, &pgo.identity).await;
    })
    .await;
    let mut walk = Walk::new(case)?;
    let account = walk.somebody().await?;
    let page = walk.reach_digid().await?;
    let answer = walk.browser.send_once(&desk.lines, way::login(desk, &page, &account)?).await?;
    let location = answer.header(http::header::LOCATION);
    let back = Url::parse(location).map_err(|_| Stop::because("DigiD sent nobody back"))?;
    let is_artifact = |asked: &Asked| matches!(asked, Asked::ResolveArtifact { .. });
    while_silent(case, "a silent DigiD", host(case, Role::Digid)?, is_artifact, async {
        let _ = walk.browser.send_once(&desk.lines, Request::get(back)).await;
    })
    .await;
    Ok(())
}
