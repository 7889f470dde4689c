//! Changes of the register, as scenarios write them.
//!
//! Whether hosts exist is asked in `across`, whether Zorgaanbieders do in `compose`.

use protocol::{register::ListKind, time::Duration};

use super::{field::Field, scenario::check_moment};
use crate::{
    plan::{ChangeKind, RegisterChange},
    problem::{Located, Problem},
};

/// Kinds of changes.
pub(super) const KINDS: &[&str] = &[
    "add-gateway",
    "remove-gateway",
    "move-endpoint",
    "add-provider",
    "remove-provider",
    "add-service",
    "rename",
    "release",
    "publish",
    "publish-broken",
    "roll-back",
    "fetch-list",
];

/// What scenarios call the lists, in the order of [`ListKind::ALL`].
pub(super) const LISTS: &[&str] = &["zal", "whitelist", "ocl", "gnl"];

/// Keys that not every kind of change has.
const KEYS: &[&str] =
    &["host", "to", "old", "zorgaanbieder", "service", "organisation", "release", "list"];

/// A change; `end` is when the run is over.
pub(super) fn read(table: &Field<'_>, end: Duration) -> Result<RegisterChange, Problem> {
    let kind = table.need("kind")?.word(KINDS)?;
    let fitting: &[&str] = match kind {
        "add-gateway" | "remove-gateway" => &["host"],
        "move-endpoint" => &["host", "to", "old"],
        "add-provider" | "remove-provider" => &["zorgaanbieder"],
        "add-service" => &["zorgaanbieder", "service"],
        "rename" => &["host", "organisation"],
        "publish" | "publish-broken" | "roll-back" => &["list"],
        "fetch-list" => &["host", "list"],
        _ => &["host", "release"],
    };
    let mut others = KEYS.iter().filter(|key| !fitting.contains(key));
    if let Some(field) = others.find_map(|key| table.child(key)) {
        return Err(field
            .place()
            .problem(format!("without effect: {kind} has {}", fitting.join(", "))));
    }
    let text = |key: &str| -> Result<Located<String>, Problem> {
        let field = table
            .child(key)
            .ok_or_else(|| table.place_of(key).problem(format!("missing: {kind} needs it")))?;
        Ok(field.located(field.string()?))
    };
    let field = |key: &str| text(key).and_then(|_| table.need(key));
    let list = || -> Result<ListKind, Problem> {
        let word = field("list")?.word(LISTS)?;
        let known = ListKind::ALL.into_iter().find(|list| list.name() == word);
        known.ok_or_else(|| table.place_of("list").expected("a list", word))
    };
    let kind = match kind {
        "add-gateway" => ChangeKind::AddGateway(text("host")?),
        "remove-gateway" => ChangeKind::RemoveGateway(text("host")?),
        "move-endpoint" => ChangeKind::MoveEndpoint {
            host: text("host")?,
            to: text("to")?,
            closes: table.child("old").and_then(|old| old.text()) == Some("closes"),
        },
        "add-provider" => ChangeKind::AddProvider(text("zorgaanbieder")?),
        "remove-provider" => ChangeKind::RemoveProvider(text("zorgaanbieder")?),
        "add-service" => {
            let service = field("service")?;
            ChangeKind::AddService(text("zorgaanbieder")?, service.located(service.service()?))
        }
        "rename" => ChangeKind::Rename(text("host")?, text("organisation")?.value),
        "publish" => ChangeKind::Publish(list()?),
        "publish-broken" => ChangeKind::PublishBroken(list()?),
        "roll-back" => ChangeKind::RollBack(list()?),
        "fetch-list" => ChangeKind::FetchList(text("host")?, list()?),
        _ => ChangeKind::Release(text("host")?, field("release")?.release()?),
    };
    Ok(RegisterChange {
        at: check_moment(&table.need("at")?, end)?,
        kind,
        publish_at_once: table.need("publish")?.text() == Some("at-once"),
        place: table.place(),
    })
}
