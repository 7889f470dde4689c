//! A check beside a twin that runs already, which its console makes: asked for, followed, and stopped, over HTTP.
//!
//! Makes no probe.

use std::{fs, net::SocketAddr, path::Path, time::Duration};

use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};
use url::Url;

use crate::{
    console::{CheckEnded, CheckNow, CheckOrder},
    problem::{Place, Problem, Problems},
};

/// How often it is looked how a check goes on.
const LOOK: Duration = Duration::from_millis(200);

/// How long the console may take to answer.
const LIMIT: Duration = Duration::from_secs(20);

/// The largest answer of a console: reports have exchanges in them.
const LARGEST: usize = 256 << 20;

/// Has a twin check whoever plays a host of it. `dir` is its folder; `say` is told how it goes on, and says whether to go on.
///
/// # Errors
/// No twin runs in that folder, or it does not take the order.
pub fn check(
    dir: &Path,
    order: &CheckOrder,
    say: &dyn Fn(&CheckNow) -> bool,
) -> Result<CheckEnded, Problems> {
    let console = console(dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime
        .map_err(|error| Place::whole("threads").problem(format!("cannot be had: {error}")))?;
    runtime.block_on(async {
        let body = serde_json::to_vec(order).unwrap_or_default();
        console.ask(Method::POST, body).await?;
        let mut is_stopped = false;
        loop {
            let answer = console.ask(Method::GET, Vec::new()).await?;
            let now: CheckNow = serde_json::from_slice(&answer)
                .map_err(|error| console.place.problem(format!("its answer: {error}")))?;
            let goes_on = say(&now);
            if let Some(ended) = now.ended {
                return Ok(ended);
            }
            if !goes_on && !is_stopped {
                is_stopped = true;
                console.ask(Method::DELETE, Vec::new()).await?;
            }
            tokio::time::sleep(LOOK).await;
        }
    })
}

struct Console {
    at: SocketAddr,
    place: Place,
}

/// The console of the twin in a folder.
fn console(dir: &Path) -> Result<Console, Problem> {
    let path = dir.join("endpoints.json");
    let place = Place::whole(path.display().to_string());
    let text = fs::read_to_string(&path).map_err(|error| {
        place
            .problem(format!("cannot read: {error}"))
            .hint("is this the --dir of a twin that runs?")
    })?;
    let told: Value =
        serde_json::from_str(&text).map_err(|error| place.problem(error.to_string()))?;
    let url = told.get("console").and_then(Value::as_str).unwrap_or_default();
    let at = Url::parse(url).ok().and_then(|url| url.socket_addrs(|| None).ok()?.first().copied());
    match at {
        Some(at) => Ok(Console { at, place: Place::whole(url.to_owned()) }),
        None => Err(place.expected("where the console of a twin is", format!("`{url}`"))),
    }
}

impl Console {
    async fn ask(&self, method: Method, body: Vec<u8>) -> Result<Bytes, Problem> {
        let request = Request::builder()
            .method(method)
            .uri("/api/checks")
            .header(header::HOST, self.at.to_string())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| self.place.problem(error.to_string()))?;
        let talk = async {
            let stream = TcpStream::connect(self.at).await.map_err(|error| error.to_string())?;
            let (mut sender, connection) =
                http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
            // Why it ended, the exchange on it learns by itself.
            tokio::spawn(async move { drop(connection.await) });
            let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, LARGEST).collect().await;
            let body = body.map_err(|error| error.to_string())?.to_bytes();
            Ok::<_, String>((head.status, body))
        };
        let answered = timeout(LIMIT, talk).await;
        let answered =
            answered.unwrap_or_else(|_| Err(format!("no answer within {} s", LIMIT.as_secs())));
        let (status, body) = answered.map_err(|why| {
            self.place.problem(why).hint("does the twin of that folder still run?")
        })?;
        match status.is_success() {
            true => Ok(body),
            false => Err(self.refused(status, &body)),
        }
    }

    fn refused(&self, status: StatusCode, body: &[u8]) -> Problem {
        let told: Value = serde_json::from_slice(body).unwrap_or_default();
        let problems = told.get("problems").and_then(Value::as_array);
        let problems: Vec<&str> =
            problems.into_iter().flatten().filter_map(Value::as_str).collect();
        match problems.is_empty() {
            true => self.place.problem(format!("answered {status}")),
            false => self.place.problem(problems.join("; ")),
        }
    }
}
