//! How a PGO's gateway goes about connections, silence and answers of the responder, which no rule says.

use protocol::message::Request as Asked;

use super::{peers::node, steps::Walk};
use crate::{
    desk::Disguise,
    habits::{keeps, remembers, waits, while_silent},
    mischief::{Standing, Trouble},
    probe::{Case, Going, Probe, Stop},
};

pub(super) const PROBES: &[Probe] =
    &[Probe { name: "habits", rules: &[], go: |case| Box::pin(look(case)) as Going<'_> }];

async fn look(case: &Case<'_>) -> Result<(), Stop> {
    let desk = case.desk;
    let (nobody, front) = (desk.lines.nobody(), desk.subject.front.as_str());
    tokio::join!(
        keeps(case, "connections of browsers", nobody, front),
        waits(case, "patience with browsers", nobody, front),
    );
    let za = node(case)?;
    let shows = |standing| desk.disguise(za, Some(Disguise::New(standing))).map_err(Stop);
    shows(Standing::Good)?;
    let before = case.queries();
    for _ in 0..2 {
        Walk::new(case)?.collect().await?;
    }
    // Every request of a collection is over a connection of its own, on which the certificate is shown.
    remembers(case, case.queries() - before);
    let mut walk = Walk::new(case)?;
    let back = walk.way_back().await?;
    shows(Standing::Withheld)?;
    let is_ocsp = |asked: &Asked| matches!(asked, Asked::OcspQuery(_));
    while_silent(case, "a silent OCSP responder", is_ocsp, async {
        // What the person is told then is judged elsewhere.
        let _ = walk.ends_at(back).await;
    })
    .await;
    desk.disguise(za, None).map_err(Stop)?;
    let mut walk = Walk::new(case)?;
    let back = walk.way_back().await?;
    let is_code = |asked: &Asked| matches!(asked, Asked::OfferCode(_));
    desk.mischief.make_trouble(Some(Trouble::Silence));
    while_silent(case, "a silent gateway of a care provider", is_code, async {
        let _ = walk.ends_at(back).await;
    })
    .await;
    Ok(())
}
