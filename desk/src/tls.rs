//! Which TLS a door speaks, and whether it speaks without (NET 1).

use std::time::Duration;

use protocol::rule::{self, Rule};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    hello::{self, Said},
    probe::{Case, Stop},
};

/// Judges the door of that name: old versions are refused, and where `only_good` suites that the NCSC does not call good.
pub(crate) async fn old_and_weak(
    case: &Case<'_>,
    door: &str,
    name: &str,
    rule: Rule,
    only_good: bool,
) -> Result<(), Stop> {
    let at = case.desk.subject.at;
    let hello = async |versions: &[u16], suites: &[u16]| {
        hello::say(at, name, versions, suites).await.map_err(Stop)
    };
    let both = [hello::OF_1_3, hello::GOOD].concat();
    let Said::Agreed { version, .. } = hello(&[hello::TLS_1_3, hello::TLS_1_2], &both).await?
    else {
        return Err(Stop(format!("the {door} door agrees to no TLS that the NCSC calls good")));
    };
    let all = [hello::GOOD, hello::WEAK].concat();
    for (what, old) in [("TLS 1.0", hello::TLS_1_0), ("TLS 1.1", hello::TLS_1_1)] {
        let said = hello(&[old], &all).await?;
        let expected = format!("{what} at the {door} door: refused");
        case.judge(rule, said == Said::Refused, &expected, told(said));
    }
    let said = hello(&[hello::TLS_1_2], hello::INSUFFICIENT).await?;
    let expected =
        format!("only suites that the NCSC calls insufficient at the {door} door: refused");
    case.judge(rule, said == Said::Refused, &expected, told(said));
    if only_good {
        let said = hello(&[hello::TLS_1_2], hello::WEAK).await?;
        let expected =
            format!("only suites that the NCSC does not call good at the {door} door: refused");
        case.judge(rule, said == Said::Refused, &expected, told(said));
    }
    let only = hello(&[hello::TLS_1_3], hello::OF_1_3).await?;
    let best = if only == Said::Refused { hello::TLS_1_2 } else { hello::TLS_1_3 };
    let expected = format!("the newest version that the {door} door has, where it is offered");
    let found = format!("version {version:#06x}");
    case.judge(rule::TLS_STRONGEST_FIRST, version == best, &expected, found);
    Ok(())
}

fn told(said: Said) -> String {
    match said {
        Said::Agreed { version, suite } => {
            format!("agreed to version {version:#06x} with suite {suite:#06x}")
        }
        Said::Refused => "refused".to_owned(),
    }
}

/// How long a door without TLS may take to answer.
const PLAIN: Duration = Duration::from_secs(5);

/// A request for that path without TLS is not served, and neither is SSL.
pub(crate) async fn serves_without(case: &Case<'_>, path: &str) -> Result<(), Stop> {
    let subject = &case.desk.subject;
    let text =
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", subject.front);
    let talk = async {
        let mut stream = TcpStream::connect(subject.at).await?;
        stream.write_all(text.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(1 << 14).read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = match timeout(PLAIN, talk).await {
        Ok(Ok(answer)) => String::from_utf8_lossy(&answer).into_owned(),
        // Whoever closes or says nothing has not served.
        Ok(Err(_)) | Err(_) => String::new(),
    };
    let status =
        answer.strip_prefix("HTTP/").and_then(|rest| rest.split(' ').nth(1)?.parse::<u16>().ok());
    let to_https = answer.to_lowercase().contains("\nlocation: https://");
    // A server may say that it wants TLS, and that in plain.
    let serves = status.is_some_and(|status| status < 400) && !to_https;
    let found = answer.lines().next().unwrap_or("nothing").to_owned();
    case.judge(rule::TLS_EVERYWHERE, !serves, "a request without TLS is not served", found);
    let suites = [hello::WEAK, hello::INSUFFICIENT].concat();
    let said = hello::say(subject.at, &subject.front, &[hello::SSL_3_0], &suites).await;
    // What is no TLS is no SSL either.
    let said = said.unwrap_or(Said::Refused);
    case.judge(rule::TLS_EVERYWHERE, said == Said::Refused, "SSL 3.0: refused", told(said));
    Ok(())
}
