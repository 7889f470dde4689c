//! What a gateway does where no rule says how: how long it keeps connections, how long it waits for who is silent, and
//! how often it asks again. For its maker; judges nothing.

use std::time::{Duration, Instant};

use http::Uri;
use protocol::{id::HostId, message::Request as Asked, role::Role};

use crate::{
    line::{Identity, Kept},
    probe::{Case, Stop},
};

/// How long an idle connection is looked at.
const IDLE: Duration = Duration::from_secs(10);

/// Tells how long connections are kept after an answer.
pub(crate) async fn keeps(case: &Case<'_>, what: &'static str, who: &Identity, name: &str) {
    let seen = match case.desk.lines.linger(who, name, Uri::from_static("/"), IDLE).await {
        Ok(Kept::Closed(after)) if after < Duration::from_millis(200) => {
            "closed after each answer".to_owned()
        }
        Ok(Kept::Closed(after)) => {
            format!("closed after {:.1} s without a request", after.as_secs_f64())
        }
        Ok(Kept::Open) => format!("kept for more than {} s without a request", IDLE.as_secs()),
        Err(failure) => failure.to_string(),
    };
    case.observe(what, seen);
}

/// A host of the network by its role.
pub(crate) fn host(case: &Case<'_>, role: Role) -> Result<HostId, Stop> {
    let hosts = &case.desk.world.network.hosts;
    let place = hosts.iter().position(|host| host.role() == role);
    place
        .map(|place| HostId(place as u32))
        .ok_or_else(|| Stop(format!("the network has no {}", role.name())))
}

/// Has a host say nothing while something goes on; tells how long that took and how often the host was asked.
pub(crate) async fn while_silent(
    case: &Case<'_>,
    what: &'static str,
    silent: HostId,
    is_one: fn(&Asked) -> bool,
    goes_on: impl Future<Output = ()>,
) {
    let count = || case.heard(|heard| heard.iter().filter(|one| is_one(&one.request)).count());
    let (before, began) = (count(), Instant::now());
    case.desk.world.pause(silent, true);
    goes_on.await;
    case.desk.world.pause(silent, false);
    let (asked, took) = (count() - before, began.elapsed().as_secs_f64());
    let seen = match asked {
        0 => format!("nothing was asked of it; it went on after {took:.1} s"),
        1 => format!("asked once, given up after {took:.1} s"),
        more => format!("asked {more} times, given up after {took:.1} s"),
    };
    case.observe(what, seen);
}
