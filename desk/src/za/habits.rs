//! How a care provider's gateway goes about connections, silence and answers of the responder, which no rule says.

use protocol::message::Request as Asked;
use url::Url;

use super::{doors::is_let_in, steps::Walk};
use crate::{
    habits::{keeps, remembers, waits, while_silent},
    line::Request,
    mischief::{Spoilt, Standing},
    probe::{Case, Going, Probe, Stop},
    way,
};

pub(super) const PROBES: &[Probe] =
    &[Probe { name: "habits", rules: &[], go: |case| Box::pin(look(case)) as Going<'_> }];

async fn look(case: &Case<'_>) -> Result<(), Stop> {
    let desk = case.desk;
    let pgo = desk.pgos.first().ok_or_else(|| Stop::because("the network has no PGO"))?;
    let (front, back) = (desk.subject.front.as_str(), desk.subject.back.as_str());
    let nobody = desk.lines.nobody();
    tokio::join!(
        keeps(case, "connections of browsers", nobody, front),
        keeps(case, "connections of nodes", &pgo.identity, back),
        waits(case, "patience with browsers", nobody, front),
        waits(case, "patience with nodes", &pgo.identity, back),
    );
    let new = |standing| desk.stranger(&pgo.name, standing).map_err(Stop);
    let (known, before) = (new(Standing::Good)?, case.queries());
    for _ in 0..2 {
        is_let_in(case, &known).await?;
    }
    remembers(case, case.queries() - before);
    let is_ocsp = |asked: &Asked| matches!(asked, Asked::OcspQuery(_));
    let silent = new(Standing::Withheld)?;
    while_silent(case, "a silent OCSP responder", is_ocsp, async {
        // Whether somebody is let in then is judged elsewhere.
        let _ = is_let_in(case, &silent).await;
    })
    .await;
    let mut walk = Walk::new(case)?;
    let account = walk.somebody().await?;
    let page = walk.reach_digid().await?;
    let answer = walk.browser.send_once(&desk.lines, way::login(desk, &page, &account)?).await?;
    let location = answer.header(http::header::LOCATION);
    let back = Url::parse(&location).map_err(|_| Stop::because("DigiD sent nobody back"))?;
    let is_artifact = |asked: &Asked| matches!(asked, Asked::ResolveArtifact { .. });
    desk.mischief.spoil_logins(Some(Spoilt::Withheld));
    while_silent(case, "a silent DigiD", is_artifact, async {
        let _ = walk.browser.send_once(&desk.lines, Request::get(back)).await;
    })
    .await;
    Ok(())
}
