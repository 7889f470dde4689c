//! Requests over real connections, by whoever is to seem to make them.
//!
//! One connection an exchange, so that each shows what a handshake comes to. Every wait has a limit and every answer a
//! greatest size. Chains of servers are verified as a browser or a node would. Does not follow redirects.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Barrier,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use url::Url;

use crate::evidence::{Exchange, Outcome, meaning, raw_answer, raw_request};

/// The largest answer that is read, in bytes.
pub const LARGEST: usize = 16 << 20;

/// How long a connection may take to come about, handshake included.
pub const CONNECT: Duration = Duration::from_secs(10);

/// How long an answer may take from then on.
pub const ANSWER: Duration = Duration::from_secs(30);

/// After so many answers in a row that did not come in time, a name is waited for no longer than that: first as long as one
/// that is slow and alive needs, which is waited for as at first when it answered, and then hardly.
const SILENT: [(u32, Duration); 2] = [(6, Duration::from_secs(1)), (3, Duration::from_secs(5))];

/// What a node shows of itself.
#[derive(Clone)]
pub struct Identity {
    /// As evidence names it.
    pub name: String,
    config: Arc<ClientConfig>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A request that is to be made.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Where to: `https` and a name without a port.
    pub url: Url,
    /// Headers beside Host.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Request {
    /// A GET without a body.
    pub fn get(url: Url) -> Self {
        Self { method: Method::GET, url, headers: HeaderMap::new(), body: Vec::new() }
    }

    /// A form that is posted.
    pub fn form(url: Url, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request =
            Self { method: Method::POST, url, headers: HeaderMap::new(), body: body.into_bytes() };
        request.with(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
    }

    /// The path and query that it asks for.
    pub(crate) fn target(&self) -> http::Uri {
        let path = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        path.parse().unwrap_or_default()
    }

    /// As it is written, for that target.
    pub(crate) fn into_http(self, target: http::Uri) -> http::Request<Vec<u8>> {
        let mut made = http::Request::new(self.body);
        (*made.method_mut(), *made.uri_mut()) = (self.method, target);
        *made.headers_mut() = self.headers;
        made
    }

    /// With a header. One that no header can be is left out.
    #[must_use]
    pub fn with(mut self, name: header::HeaderName, value: &str) -> Self {
        if let Ok(value) = header::HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header as text; empty if there is none. Several of a name, but for Set-Cookie, say the same as one with all of
    /// their values (RFC 9110 §5.3).
    pub fn header(&self, name: header::HeaderName) -> Cow<'_, str> {
        let mut values = self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let first = values.next().unwrap_or_default();
        values.fold(Cow::Borrowed(first), |all, more| Cow::Owned(format!("{all}, {more}")))
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// No host of the network has that name.
    NoSuchName(String),
    /// Nobody listens there, or what listens does not speak TLS to us.
    NoSession(String),
    /// The server's certificate is not good: by whom it is, for which name, or until when.
    Certificate(String),
    /// The session was there and was closed without an answer.
    Closed(String),
    /// Too long.
    TimedOut(Duration),
    /// More than is read.
    TooLarge,
    /// A browser that was to show a page did not: why.
    Browser(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchName(name) => write!(f, "no host of the network is called {name}"),
            Self::NoSession(why) => write!(f, "no session: {why}"),
            Self::Certificate(why) => write!(f, "the server's certificate is not good: {why}"),
            Self::Closed(why) => write!(f, "closed without an answer: {why}"),
            Self::TimedOut(limit) => write!(f, "no answer within {} s", limit.as_secs()),
            Self::Browser(why) => write!(f, "the browser: {why}"),
            Self::TooLarge => write!(f, "more than {} MB", LARGEST >> 20),
        }
    }
}

impl std::error::Error for Failure {}

/// What became of a connection on which nobody said anything more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// It was closed after so long.
    Closed(Duration),
    /// It was still open after so long.
    Open(Duration),
}

impl Kept {
    /// In words, of a connection on which nothing but that was said.
    pub fn told(self, with: &str) -> String {
        match self {
            Self::Closed(after) => format!("closed after {:.1} s {with}", after.as_secs_f64()),
            Self::Open(after) => format!("kept for more than {} s {with}", after.as_secs()),
        }
    }
}

/// What comes of a request.
pub type Result = std::result::Result<Answer, Failure>;

/// Where names lead, and who may ask there.
pub struct Lines {
    places: BTreeMap<String, SocketAddr>,
    roots: Arc<RootCertStore>,
    nobody: Identity,
    began: Instant,
    /// How long the network had been going on then, in seconds.
    going_on_s: f64,
    kept: Mutex<Vec<Exchange>>,
    /// How often in a row each name let a limit pass.
    silent: Mutex<BTreeMap<String, u32>>,
}

impl Lines {
    /// For a network whose names lead there and whose chains end at that root, and which has been going on for so long.
    ///
    /// # Errors
    /// The root is no certificate.
    pub fn new(
        places: BTreeMap<String, SocketAddr>,
        root: CertificateDer<'static>,
        going_on_s: f64,
    ) -> std::result::Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(root)?;
        let roots = Arc::new(roots);
        let config = builder(&roots).with_no_client_auth();
        let nobody = Identity { name: "a browser".to_owned(), config: Arc::new(config) };
        Ok(Self {
            places,
            roots,
            nobody,
            began: Instant::now(),
            going_on_s,
            kept: Mutex::default(),
            silent: Mutex::default(),
        })
    }

    /// Somebody who shows that certificate.
    ///
    /// # Errors
    /// The key is none, or not that of the certificate.
    pub fn identity(
        &self,
        name: impl Into<String>,
        chain: &[Vec<u8>],
        key: &[u8],
    ) -> std::result::Result<Identity, rustls::Error> {
        let chain = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let key = PrivateKeyDer::try_from(key.to_vec())
            .map_err(|error| rustls::Error::General(error.to_owned()))?;
        let config = builder(&self.roots).with_client_auth_cert(chain, key)?;
        Ok(Identity { name: name.into(), config: Arc::new(config) })
    }

    /// Somebody who shows nothing.
    pub fn nobody(&self) -> &Identity {
        &self.nobody
    }

    /// Where a name leads.
    pub fn place(&self, name: &str) -> Option<SocketAddr> {
        self.places.get(name).copied()
    }

    /// How long the network has been going on, in seconds.
    pub fn now_s(&self) -> f64 {
        self.going_on_s + self.began.elapsed().as_secs_f64()
    }

    /// How many exchanges there have been.
    pub fn count(&self) -> usize {
        self.kept().len()
    }

    /// The exchanges from that one on.
    pub fn since(&self, first: usize) -> Vec<Exchange> {
        self.kept().get(first..).unwrap_or_default().to_vec()
    }

    fn keep(&self, exchange: Exchange) {
        self.kept().push(exchange);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<Exchange>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a request.
    ///
    /// # Errors
    /// No answer came.
    pub async fn ask(&self, who: &Identity, request: Request) -> Result {
        self.ask_when(who, request, None).await
    }

    /// Makes a request over a connection that is there already when everybody else's is who waits at that barrier.
    ///
    /// # Errors
    /// No answer came.
    pub async fn ask_at(&self, who: &Identity, request: Request, moment: &Barrier) -> Result {
        self.ask_when(who, request, Some(moment)).await
    }

    async fn ask_when(&self, who: &Identity, request: Request, moment: Option<&Barrier>) -> Result {
        let at_s = self.now_s();
        let name = request.url.host_str().unwrap_or_default().to_owned();
        let request = request.with(header::HOST, &name);
        let uri = request.target();
        let said = raw_request(&request.method, &uri, &request.headers, &request.body);
        let meaning = meaning(&uri, &request.headers, &request.body);
        let going = request.into_http(uri).map(|body| Full::new(Bytes::from(body)));
        let result = self.carry(who, &name, going, moment).await;
        self.note(&name, matches!(result, Err(Failure::TimedOut(_))));
        let outcome = match &result {
            Ok(answer) => Outcome::Answer {
                status: answer.status.as_u16(),
                raw: raw_answer(answer.status, &answer.headers, &answer.body),
            },
            Err(failure) => Outcome::Failure(failure.to_string()),
        };
        let asker = who.name.clone();
        self.keep(Exchange { at_s, asker, asked: name, request: said, meaning, outcome });
        result
    }

    /// Whoever was silent for long is not waited for as long again: there are many probes.
    fn note(&self, name: &str, was_silent: bool) {
        let mut silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        match was_silent {
            true => *silent.entry(name.to_owned()).or_default() += 1,
            false => drop(silent.remove(name)),
        }
    }

    fn limit(&self, name: &str, usual: Duration) -> Duration {
        let silent = self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        let times = silent.get(name).copied().unwrap_or_default();
        SILENT.iter().find(|(least, _)| times >= *least).map_or(usual, |(_, limit)| *limit)
    }

    async fn open(
        &self,
        who: &Identity,
        name: &str,
    ) -> std::result::Result<TlsStream<TcpStream>, Failure> {
        let at = self.place(name).ok_or_else(|| Failure::NoSuchName(name.to_owned()))?;
        let dialled = ServerName::try_from(name.to_owned())
            .map_err(|error| Failure::NoSuchName(error.to_string()))?;
        let open = async {
            let stream = TcpStream::connect(at)
                .await
                .map_err(|error| Failure::NoSession(format!("{at}: {error}")))?;
            // A failure to do so costs time and nothing else.
            let _ = stream.set_nodelay(true);
            let connector = TlsConnector::from(Arc::clone(&who.config));
            connector.connect(dialled, stream).await.map_err(|error| session_failure(&error))
        };
        let limit = self.limit(name, CONNECT);
        timeout(limit, open).await.map_err(|_| Failure::TimedOut(limit))?
    }

    /// Asks for something and then says nothing more: tells when the connection is closed, if it is by then.
    ///
    /// # Errors
    /// No answer came.
    pub async fn linger(
        &self,
        who: &Identity,
        name: &str,
        path: http::Uri,
        limit: Duration,
    ) -> std::result::Result<Kept, Failure> {
        let stream = self.open(who, name).await?;
        let closed = |error: hyper::Error| Failure::Closed(error.to_string());
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(closed)?;
        let mut connection = tokio::spawn(connection);
        let mut request = http::Request::new(Full::new(Bytes::new()));
        *request.uri_mut() = path;
        if let Ok(host) = header::HeaderValue::from_str(name) {
            request.headers_mut().insert(header::HOST, host);
        }
        let talk = async {
            let answer = sender.send_request(request).await.map_err(closed)?;
            let body = Limited::new(answer.into_body(), LARGEST).collect().await;
            body.map(drop).map_err(|_| Failure::TooLarge)
        };
        timeout(ANSWER, talk).await.map_err(|_| Failure::TimedOut(ANSWER))??;
        let began = Instant::now();
        let ended = timeout(limit, &mut connection).await;
        connection.abort();
        drop(sender);
        Ok(ended.map_or(Kept::Open(limit), |_| Kept::Closed(began.elapsed())))
    }

    /// Begins a request and never ends it: tells when the connection is closed, if it is by then.
    ///
    /// # Errors
    /// There is no session.
    pub async fn dawdle(
        &self,
        who: &Identity,
        name: &str,
        limit: Duration,
    ) -> std::result::Result<Kept, Failure> {
        let mut stream = self.open(who, name).await?;
        let head = format!("GET / HTTP/1.1\r\nHost: {name}\r\n");
        let closed = |error: std::io::Error| Failure::Closed(error.to_string());
        stream.write_all(head.as_bytes()).await.map_err(closed)?;
        stream.flush().await.map_err(closed)?;
        let began = Instant::now();
        let mut all = Vec::new();
        let mut stream = stream.take(LARGEST as u64);
        // However it ends, it is closed: by a word, or without one.
        let ended = timeout(limit, stream.read_to_end(&mut all)).await;
        Ok(ended.map_or(Kept::Open(limit), |_| Kept::Closed(began.elapsed())))
    }

    async fn carry(
        &self,
        who: &Identity,
        name: &str,
        going: http::Request<Full<Bytes>>,
        moment: Option<&Barrier>,
    ) -> Result {
        let stream = self.open(who, name).await;
        if let Some(moment) = moment {
            // Whoever has no connection is not waited for.
            moment.wait().await;
        }
        let stream = stream?;
        let closed = |error: hyper::Error| Failure::Closed(error.to_string());
        let talk = async {
            let (mut sender, connection) =
                http1::handshake(TokioIo::new(stream)).await.map_err(closed)?;
            // Why it ended, the exchange on it learns by itself.
            tokio::spawn(async move { drop(connection.await) });
            let answer = sender.send_request(going).await.map_err(closed)?;
            let (head, body) = answer.into_parts();
            let body =
                Limited::new(body, LARGEST).collect().await.map_err(|error| match error
                    .downcast_ref::<LengthLimitError>(
                ) {
                    Some(_) => Failure::TooLarge,
                    None => Failure::Closed(error.to_string()),
                })?;
            let body = Vec::from(body.to_bytes());
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        let limit = self.limit(name, ANSWER);
        timeout(limit, talk).await.map_err(|_| Failure::TimedOut(limit))?
    }
}

/// Both versions that the NCSC calls good (its guidelines 2.0 of 2019).
fn builder(
    roots: &Arc<RootCertStore>,
) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .expect("the provider has suites of both versions")
        .with_root_certificates(Arc::clone(roots))
}

fn session_failure(error: &std::io::Error) -> Failure {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(why)) => Failure::Certificate(why.to_string()),
        _ => Failure::NoSession(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_headers_of_a_name_are_one_with_all_of_their_values() {
        let mut headers = HeaderMap::new();
        for policy in ["default-src 'self'", "frame-ancestors 'none'"] {
            headers.append(header::CONTENT_SECURITY_POLICY, policy.parse().unwrap());
        }
        let answer = Answer { status: StatusCode::OK, headers, body: Vec::new() };
        let policy = answer.header(header::CONTENT_SECURITY_POLICY);
        assert_eq!(policy, "default-src 'self', frame-ancestors 'none'");
        assert_eq!(answer.header(header::LOCATION), "");
    }
}
