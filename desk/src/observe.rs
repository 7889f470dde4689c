//! What a gateway does by itself, which no rule judges: printed, so that its maker sees it.

use std::collections::BTreeMap;

use protocol::message::Request as Asked;

use crate::{
    desk::Desk,
    hello::{self, Said},
    verdict::Observation,
};

/// What was seen of a gateway in all that went before.
pub async fn observe(desk: &Desk) -> Vec<Observation> {
    let mut seen = vec![Observation { what: "TLS", seen: versions(desk).await }];
    let heard: Vec<Asked> =
        desk.ledger.look(|ledger| ledger.since(0).iter().map(|one| one.request).collect());
    let mut certificates: BTreeMap<u32, usize> = BTreeMap::new();
    let mut lists: BTreeMap<&'static str, usize> = BTreeMap::new();
    let (mut artifacts, mut codes, mut fetches) = (0, 0, 0);
    for asked in &heard {
        match asked {
            Asked::OcspQuery(serial) => *certificates.entry(serial.0).or_default() += 1,
            Asked::GetList(kind) => *lists.entry(kind.name()).or_default() += 1,
            Asked::ResolveArtifact { .. } => artifacts += 1,
            Asked::OfferCode(_) => codes += 1,
            Asked::Fetch(_) => fetches += 1,
            _ => {}
        }
    }
    let queries: usize = certificates.values().sum();
    seen.push(Observation {
        what: "OCSP",
        seen: format!("{queries} queries about {} certificates", certificates.len()),
    });
    let fetched: Vec<String> =
        lists.iter().map(|(name, times)| format!("{name} {times} times")).collect();
    let fetched = if fetched.is_empty() { "none".to_owned() } else { fetched.join(", ") };
    seen.push(Observation { what: "lists fetched", seen: fetched });
    for (what, times, how) in [
        ("artifacts", artifacts, "brought to DigiD"),
        ("codes", codes, "offered"),
        ("queries", fetches, "made"),
    ] {
        if times > 0 {
            seen.push(Observation { what, seen: format!("{times} {how}") });
        }
    }
    if let Some(begun) = desk.browser() {
        let shown = match begun {
            Ok(()) => "shown by a real browser".to_owned(),
            Err(why) => format!("not shown, because there is no browser: {why}"),
        };
        seen.push(Observation { what: "pages with script", seen: shown });
    }
    seen
}

async fn versions(desk: &Desk) -> String {
    let mut spoken = Vec::new();
    for (what, version) in [
        ("1.0", hello::TLS_1_0),
        ("1.1", hello::TLS_1_1),
        ("1.2", hello::TLS_1_2),
        ("1.3", hello::TLS_1_3),
    ] {
        let suites = [hello::OF_1_3, hello::GOOD, hello::WEAK].concat();
        let said = hello::say(desk.subject.at, &desk.subject.front, &[version], &suites).await;
        if matches!(said, Ok(Said::Agreed { .. })) {
            spoken.push(what);
        }
    }
    spoken.join(", ")
}
