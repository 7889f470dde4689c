//! What a gateway does where no rule says how: how long it keeps connections, how long it waits for who is silent, how
//! often it asks again, and what it remembers. For its maker; judges nothing.

use std::time::{Duration, Instant};

use http::Uri;
use protocol::{id::HostId, message::Request as Asked, role::Role};

use crate::{
    line::{Identity, Kept},
    probe::{Case, Stop},
};

/// How long a connection is looked at on which nobody says anything.
const IDLE: Duration = Duration::from_secs(30);

/// Tells how long connections are kept after an answer.
pub(crate) async fn keeps(case: &Case<'_>, what: &'static str, who: &Identity, name: &str) {
    let seen = match case.desk.lines.linger(who, name, Uri::from_static("/"), IDLE).await {
        Ok(Kept::Closed(after)) if after < Duration::from_millis(200) => {
            "closed after each answer".to_owned()
        }
        Ok(kept) => kept.told("without a request"),
        Err(failure) => failure.to_string(),
    };
    case.observe(what, seen);
}

/// Tells how long a request may take that never comes to its end.
pub(crate) async fn waits(case: &Case<'_>, what: &'static str, who: &Identity, name: &str) {
    let seen = match case.desk.lines.dawdle(who, name, IDLE).await {
        Ok(kept) => kept.told("with half a request"),
        Err(failure) => failure.to_string(),
    };
    case.observe(what, seen);
}

/// A host of the network by its role.
pub(crate) fn host(case: &Case<'_>, role: Role) -> Result<HostId, Stop> {
    let hosts = &case.desk.world.network().hosts;
    let place = hosts.iter().position(|host| host.role() == role);
    place
        .map(|place| HostId(place as u32))
        .ok_or_else(|| Stop(format!("the network has no {}", role.name())))
}

/// Tells how long something took in which whoever is asked that says nothing, and how often they were asked.
pub(crate) async fn while_silent(
    case: &Case<'_>,
    what: &'static str,
    is_one: fn(&Asked) -> bool,
    goes_on: impl Future<Output = ()>,
) {
    let count = || case.heard(|heard| heard.iter().filter(|one| is_one(&one.request)).count());
    let (before, began) = (count(), Instant::now());
    goes_on.await;
    let (asked, took) = (count() - before, began.elapsed().as_secs_f64());
    let seen = match asked {
        0 => format!("nothing was asked of it; it went on after {took:.1} s"),
        1 => format!("asked once, given up after {took:.1} s"),
        more => format!("asked {more} times, given up after {took:.1} s"),
    };
    case.observe(what, seen);
}

/// Tells whether an answer of the responder is used again, of which a certificate was shown twice.
pub(crate) fn remembers(case: &Case<'_>, queries: usize) {
    let seen = match queries {
        0 => "the responder was not asked about a certificate that was shown twice",
        1 => "asked once about a certificate that was shown twice: answers are used again",
        _ => "asked each time that a certificate is shown: answers are not used again",
    };
    case.observe("OCSP answers", seen.to_owned());
}
