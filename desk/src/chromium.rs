//! A real browser, for pages that need script: Chromium, by its DevTools protocol.
//!
//! It never comes near the network: whatever it asks for is stopped and asked for here, as for pages without script, so that
//! names, certificates, cookies and evidence are the same. Starts and ends the program, and carries what is said to it;
//! what that is says [`tab`].

pub mod tab;

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

use crate::line::Failure;

/// What it may be called.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// How long it may take to begin.
const BEGINNING: Duration = Duration::from_secs(30);

/// How long it may take to do what it is told.
const LIMIT: Duration = Duration::from_secs(20);

/// The largest message, in bytes: a page and what it carries.
const LARGEST: usize = 64 << 20;

/// A browser that runs, and ends with this.
pub struct Chromium {
    child: Mutex<Child>,
    wire: Arc<Wire>,
    _profile: tempfile::TempDir,
}

impl fmt::Debug for Chromium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chromium").finish_non_exhaustive()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        // It may have ended.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Where a browser is: the program of that path, or the first that is installed.
///
/// # Errors
/// There is none.
pub fn find(path: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(path) = path {
        return match path.is_file() {
            true => Ok(path.to_owned()),
            false => Err(format!("{}: no program is there", path.display())),
        };
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut all =
        std::env::split_paths(&folders).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    all.find(|path| path.is_file())
        .ok_or_else(|| format!("none of {} is installed", NAMES.join(", ")))
}

impl Chromium {
    /// Begins the program.
    ///
    /// # Errors
    /// It does not begin, or says nothing.
    pub async fn begin(program: &Path) -> Result<Self, String> {
        let wrong = |why: String| format!("{}: {why}", program.display());
        let profile = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command
            .args(["--headless", "--remote-debugging-port=0", "--no-first-run", "--disable-gpu"])
            .args(["--disable-quic", "--disable-sync", "--disable-extensions", "--mute-audio"])
            .args(["--disable-background-networking", "--disable-component-update"])
            // Nothing that is not stopped on its way gets anywhere.
            .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", profile.path().display()));
        // It refuses to run as root inside its own sandbox; the pages are the vendor's own.
        if fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
            command.arg("--no-sandbox");
        }
        let child = command
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| wrong(error.to_string()))?;
        let mut begun = Begun(Some(child));
        let (port, path) =
            begun.says(&profile.path().join("DevToolsActivePort")).await.map_err(wrong)?;
        let wire = Wire::open(port, &path).await.map_err(wrong)?;
        let child = begun.0.take().ok_or_else(|| wrong("it ended".to_owned()))?;
        Ok(Self { child: Mutex::new(child), wire, _profile: profile })
    }
}

/// A program that has not said yet where it listens. Without that it ends.
struct Begun(Option<Child>);

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Begun {
    /// Port and path of its protocol, out of the file in which it says that.
    async fn says(&mut self, file: &Path) -> Result<(u16, String), String> {
        let until = Instant::now() + BEGINNING;
        loop {
            let text = fs::read_to_string(file).unwrap_or_default();
            if let Some((port, path)) = text.split_once('\n')
                && let Ok(port) = port.trim().parse()
                && path.starts_with('/')
            {
                return Ok((port, path.trim().to_owned()));
            }
            let Some(child) = &mut self.0 else { return Err("it ended".to_owned()) };
            if let Ok(Some(status)) = child.try_wait() {
                let mut said = String::new();
                if let Some(stderr) = &mut child.stderr {
                    // What it said is a help at most.
                    let _ = stderr.take(1 << 14).read_to_string(&mut said);
                }
                let last = said.lines().last().unwrap_or_default();
                return Err(format!("it ended with {status}: {last}"));
            }
            if Instant::now() > until {
                return Err(format!("it did not begin within {} s", BEGINNING.as_secs()));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// What is said to the program and by it.
struct Wire {
    out: mpsc::UnboundedSender<String>,
    switch: Arc<Mutex<Switch>>,
}

/// Who waits for what.
#[derive(Default)]
struct Switch {
    last: u64,
    calls: BTreeMap<u64, oneshot::Sender<Result<Value, String>>>,
    events: BTreeMap<String, mpsc::UnboundedSender<Value>>,
}

fn lock(switch: &Mutex<Switch>) -> MutexGuard<'_, Switch> {
    switch.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wire {
    async fn open(port: u16, path: &str) -> Result<Arc<Self>, String> {
        let stream =
            TcpStream::connect(("127.0.0.1", port)).await.map_err(|error| error.to_string())?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(LARGEST))
            .max_frame_size(Some(LARGEST));
        let url = format!("ws://127.0.0.1:{port}{path}");
        let opening = client_async_with_config(url, stream, Some(config));
        let opened = timeout(LIMIT, opening).await.map_err(|_| "it does not answer".to_owned())?;
        let (socket, _) = opened.map_err(|error| error.to_string())?;
        let (mut sink, mut stream) = socket.split();
        let (out, mut said) = mpsc::unbounded_channel::<String>();
        let switch = Arc::new(Mutex::new(Switch::default()));
        tokio::spawn(async move {
            while let Some(text) = said.recv().await {
                if sink.send(Message::text(text)).await.is_err() {
                    return;
                }
            }
        });
        let heard = Arc::clone(&switch);
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                if let Message::Text(text) = message
                    && let Ok(value) = serde_json::from_str(&text)
                {
                    lock(&heard).hear(value);
                }
            }
            // Whoever waits learns that nothing will come.
            *lock(&heard) = Switch::default();
        });
        Ok(Arc::new(Self { out, switch }))
    }

    /// Says something; what comes of it is told to `waiting`, if anybody waits.
    fn say(
        &self,
        session: Option<&str>,
        method: &str,
        params: &Value,
        waiting: Option<oneshot::Sender<Result<Value, String>>>,
    ) {
        let mut switch = lock(&self.switch);
        switch.last += 1;
        let mut message = json!({ "id": switch.last, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        if let Some(waiting) = waiting {
            let id = switch.last;
            switch.calls.insert(id, waiting);
        }
        // Whoever waits learns it if the program has ended.
        let _ = self.out.send(message.to_string());
    }

    /// Has it do something.
    async fn call(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Result<Value, Failure> {
        let (sender, receiver) = oneshot::channel();
        self.say(session, method, &params, Some(sender));
        let wrong = |why: String| Failure::Browser(format!("{method}: {why}"));
        match timeout(LIMIT, receiver).await {
            Ok(Ok(answer)) => answer.map_err(wrong),
            Ok(Err(_)) => Err(wrong("the browser ended".to_owned())),
            Err(_) => Err(wrong(format!("no answer within {} s", LIMIT.as_secs()))),
        }
    }

    /// What happens in a session from now on.
    fn listen(&self, session: &str) -> mpsc::UnboundedReceiver<Value> {
        let (sender, receiver) = mpsc::unbounded_channel();
        lock(&self.switch).events.insert(session.to_owned(), sender);
        receiver
    }
}

impl Switch {
    fn hear(&mut self, mut message: Value) {
        if let Some(id) = message.get("id").and_then(Value::as_u64) {
            let Some(waiting) = self.calls.remove(&id) else { return };
            let answer = match message.get("error") {
                Some(error) => Err(error["message"].as_str().unwrap_or("an error").to_owned()),
                None => Ok(message["result"].take()),
            };
            // Whoever waited may be gone.
            let _ = waiting.send(answer);
            return;
        }
        let session = message.get("sessionId").and_then(Value::as_str).unwrap_or_default();
        if let Some(events) = self.events.get(session) {
            let _ = events.send(message);
        }
    }
}
