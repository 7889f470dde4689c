//! Its doors: which TLS, and who is let in at the back (NET 1 to 5, APP 14).

use std::time::Duration;

use http::{StatusCode, header};
use protocol::rule::{self, Rule};

use super::steps::{MADE_UP, Walk, unanswered};
use crate::{
    line::{Failure, Identity},
    mischief::Standing,
    probe::{Case, Going, Probe, Stop},
    tls::{old_and_weak, serves_without},
};

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "door-without-certificate",
        rules: &[rule::MUTUAL_CERTIFICATES, rule::NORM_CRYPTOGRAPHY],
        go: |case| Box::pin(without_certificate(case)) as Going<'_>,
    },
    Probe {
        name: "door-certificate-not-good",
        rules: &[rule::PKIO_CERTIFICATE],
        go: |case| Box::pin(not_good(case)) as Going<'_>,
    },
    Probe {
        name: "door-not-vouched-for",
        rules: &[rule::OCSP_AT_HANDSHAKE, rule::OCSP_FRESH, rule::SEVERAL_CERTIFICATES],
        go: |case| Box::pin(not_vouched_for(case)) as Going<'_>,
    },
    Probe {
        name: "door-not-on-whitelist",
        rules: &[rule::WHITELIST_AT_HANDSHAKE],
        go: |case| Box::pin(not_listed(case)) as Going<'_>,
    },
    Probe {
        name: "tls-old-and-weak",
        rules: &[rule::TLS_BACK_GOOD, rule::TLS_FRONT_SUFFICIENT, rule::TLS_STRONGEST_FIRST],
        go: |case| Box::pin(both_doors(case)) as Going<'_>,
    },
    Probe {
        name: "tls-none",
        rules: &[rule::TLS_EVERYWHERE],
        go: |case| Box::pin(no_tls(case)) as Going<'_>,
    },
];

/// What becomes of somebody who asks at the back door.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Entry {
    /// There is no session.
    Shut,
    /// There is one, and an answer in it of that status and of that media type.
    Answered(StatusCode, String),
}

impl Entry {
    /// Whether it is a refusal, other than what a good PGO gets: some servers finish every handshake, and then say that a
    /// certificate will not do. NET 3 and NET 5 have no session at all, so for them that is none.
    fn is_refusal(&self, good: &Self) -> bool {
        match self {
            Self::Shut => true,
            Self::Answered(status, _) => status.is_client_error() && self != good,
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Shut => "no session".to_owned(),
            Self::Answered(status, media) => {
                format!("an answer: status {}, {media:?}", status.as_u16())
            }
        }
    }
}

async fn entry(case: &Case<'_>, who: &Identity) -> Result<Entry, Stop> {
    let walk = Walk::new(case)?;
    let request = walk.fetch_request(&walk.offer, Some(MADE_UP), 0);
    match case.desk.lines.ask(who, request).await {
        Ok(answer) => {
            let media = answer.header(header::CONTENT_TYPE).into_owned();
            Ok(Entry::Answered(answer.status, media))
        }
        Err(Failure::TooLarge) => Ok(Entry::Answered(StatusCode::OK, String::new())),
        Err(Failure::NoSession(_) | Failure::Closed(_)) => Ok(Entry::Shut),
        // Who says nothing for so long may yet have let somebody in.
        Err(other) => Err(unanswered(case, other)),
    }
}

/// Whether somebody gets an answer at the back door.
pub(super) async fn is_let_in(case: &Case<'_>, who: &Identity) -> Result<bool, Stop> {
    Ok(entry(case, who).await? != Entry::Shut)
}

/// A good PGO is let in; otherwise that others are not says nothing.
pub(super) async fn is_open(case: &Case<'_>) -> Result<(), Stop> {
    good_entry(case).await.map(drop)
}

/// The same, and what it gets.
async fn good_entry(case: &Case<'_>) -> Result<Entry, Stop> {
    let pgo = case.desk.pgos.first().ok_or_else(|| Stop::because("the network has no PGO"))?;
    match entry(case, &pgo.identity).await? {
        Entry::Shut => Err(Stop::because("a PGO of the network is not let in")),
        entry => Ok(entry),
    }
}

/// Judges that somebody is kept out.
async fn is_kept_out(case: &Case<'_>, rule: Rule, what: &str, who: &Identity) -> Result<(), Stop> {
    let entry = entry(case, who).await?;
    let expected = format!("{what}: no session");
    case.judge(rule, entry == Entry::Shut, &expected, entry.told());
    Ok(())
}

/// Judges that somebody is refused, at the handshake or after it.
async fn is_refused(
    case: &Case<'_>,
    rules: &[Rule],
    what: &str,
    who: &Identity,
    good: &Entry,
) -> Result<(), Stop> {
    let entry = entry(case, who).await?;
    let expected = format!("{what}: no session, or a refusal");
    for rule in rules {
        case.judge(*rule, entry.is_refusal(good), &expected, entry.told());
    }
    Ok(())
}

async fn without_certificate(case: &Case<'_>) -> Result<(), Stop> {
    let good = good_entry(case).await?;
    let rules = [rule::MUTUAL_CERTIFICATES, rule::NORM_CRYPTOGRAPHY];
    is_refused(case, &rules, "who shows no certificate", case.desk.lines.nobody(), &good).await
}

async fn not_good(case: &Case<'_>) -> Result<(), Stop> {
    let good = good_entry(case).await?;
    let name = &case.desk.pgos[0].name;
    let foreign = case.desk.foreigner(name).map_err(Stop)?;
    let what = "a PGO's name in a certificate of another chain";
    is_refused(case, &[rule::PKIO_CERTIFICATE], what, &foreign, &good).await?;
    let expired = case.desk.expired(name, Duration::from_secs(3_600)).map_err(Stop)?;
    let what = "a certificate that ended an hour ago";
    is_refused(case, &[rule::PKIO_CERTIFICATE], what, &expired, &good).await
}

async fn not_vouched_for(case: &Case<'_>) -> Result<(), Stop> {
    is_open(case).await?;
    let name = case.desk.pgos[0].name.clone();
    let stranger = |standing| case.desk.stranger(&name, standing).map_err(Stop);
    let is_in = is_let_in(case, &stranger(Standing::Good)?).await?;
    let expected = "a PGO with another good certificate than before: let in";
    let found = if is_in { "an answer" } else { "no session" };
    case.judge(rule::SEVERAL_CERTIFICATES, is_in, expected, found);
    if !is_in {
        return Err(Stop::because("a PGO with a new certificate that is good is not let in"));
    }
    let queried = case.queries() > 0;
    let expected = "the responder is asked about a certificate that was never seen before";
    let found = if queried { "it was asked" } else { "it was not, and who showed it was let in" };
    case.judge(rule::OCSP_AT_HANDSHAKE, queried, expected, found);
    let what = "a PGO whose certificate is revoked";
    is_kept_out(case, rule::OCSP_AT_HANDSHAKE, what, &stranger(Standing::Revoked)?).await?;
    let what = "a PGO about whose certificate the responder says nothing";
    is_kept_out(case, rule::OCSP_AT_HANDSHAKE, what, &stranger(Standing::Silent)?).await?;
    if !queried {
        return Err(Stop::because("the responder is not asked"));
    }
    let what = "a PGO whose certificate was good in an answer whose time is over";
    is_kept_out(case, rule::OCSP_FRESH, what, &stranger(Standing::Old)?).await?;
    let what = "a PGO whose certificate is good in an answer that is wrongly signed";
    is_kept_out(case, rule::OCSP_FRESH, what, &stranger(Standing::Forged)?).await
}

async fn not_listed(case: &Case<'_>) -> Result<(), Stop> {
    is_open(case).await?;
    let stranger = case.desk.stranger("vreemd.example", Standing::Good).map_err(Stop)?;
    let what = "a host with a good certificate that is not on the Whitelist";
    is_kept_out(case, rule::WHITELIST_AT_HANDSHAKE, what, &stranger).await
}

async fn both_doors(case: &Case<'_>) -> Result<(), Stop> {
    let subject = &case.desk.subject;
    old_and_weak(case, "back", &subject.back, rule::TLS_BACK_GOOD, true).await?;
    // At the front what the NCSC calls sufficient will do, which the suites of old mostly are.
    old_and_weak(case, "front", &subject.front, rule::TLS_FRONT_SUFFICIENT, false).await
}

async fn no_tls(case: &Case<'_>) -> Result<(), Stop> {
    let url = Walk::new(case)?.request(&[]);
    serves_without(case, &url[url::Position::BeforePath..]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_after_the_handshake_is_one_if_a_good_pgo_gets_something_else() {
        let answered = |status, media: &str| {
            Entry::Answered(StatusCode::from_u16(status).unwrap(), media.to_owned())
        };
        let good = answered(401, "application/fhir+json");
        assert!(Entry::Shut.is_refusal(&good));
        assert!(answered(400, "text/html").is_refusal(&good));
        assert!(answered(401, "text/html").is_refusal(&good));
        assert!(!answered(401, "application/fhir+json").is_refusal(&good));
        assert!(!answered(200, "text/html").is_refusal(&good));
        assert!(!answered(503, "text/html").is_refusal(&good));
    }
}
