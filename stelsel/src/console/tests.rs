//! The console of a twin that runs: what it shows is what happened, and what it switches happens.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use sim::visitor::Arrivals as _;
use tokio::runtime::Runtime;
use twin::{
    open::{Options, Twin},
    visit::Visit,
};
use watch::{
    directory::Window,
    statistics::Settings,
    watcher::{Judged, Watcher},
};

use super::*;
use crate::{compose::Composed, files};

struct Running {
    runtime: Runtime,
    composed: Composed,
    twin: Twin<Ear>,
    console: Console,
    dir: tempfile::TempDir,
}

fn running(record: bool) -> Running {
    let dir = tempfile::tempdir().unwrap();
    let (topology, ..) =
        files::read_topology(Path::new("../topologies/minimal.toml"), &[]).unwrap();
    let scenario = "name = \"x\"\ntopology = \"-\"\nhorizon = \"1h\"\n[arrivals]\nrate = \"5/s\"\n\
                    [persons]\nchoose = \"fixed(10ms)\"\nlogin = \"fixed(10ms)\"\nconsent = \"fixed(10ms)\"\n";
    let scenario = files::scenario_of(scenario, "x", &topology).unwrap();
    let composed = Composed::for_twin(&topology, &scenario).unwrap();
    let Window { warm_up, horizon } = composed.window();
    let settings = Settings::new(Window { warm_up, horizon }, 1, 0);
    let watcher = Watcher::new(&composed.directory, settings, Judged::Yes);
    let record = record.then(|| Record::begin(&dir.path().join("seen")).unwrap());
    let ear = Ear::new(watcher, Some(Live::new(&composed.directory, record)));
    let listen = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let options = Options {
        dir: dir.path().to_owned(),
        listen,
        port: 0,
        seed: 1,
        console: None,
        tells: true,
    };
    let runtime = Runtime::new().unwrap();
    let (twin, console) = runtime.block_on(async {
        let twin = Twin::open(composed.twin(0), &options, ear).await.unwrap();
        let listener = bind(SocketAddr::new(listen, 0)).await.unwrap();
        let console = Console::open(listener, &twin.world, &topology).unwrap();
        (twin, console)
    });
    Running { runtime, composed, twin, console, dir }
}

impl Running {
    /// The status of an answer, and its body.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, String) {
        let host = self.console.address;
        let body = body.map(Value::to_string).unwrap_or_default();
        let length = body.len();
        self.send(&format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    fn send(&self, request: &str) -> (u16, String) {
        Self::send_to(self.console.address, request)
    }

    fn send_to(address: SocketAddr, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn json(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, None);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// So many people come, and are waited for.
    fn visits(&self, people: u32) {
        let mut crowd = self.composed.crowd(0);
        let world = Arc::clone(&self.twin.world);
        self.runtime.block_on(async {
            for _ in 0..people {
                let arrival = crowd.next().unwrap();
                let (number, party, facts) = (arrival.number, arrival.actor, arrival.facts);
                world.come(Visit { number, party, facts });
            }
            for _ in 0..1_000 {
                if (0..people).all(|number| !world.is_here(number)) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("somebody is still there");
        });
    }
}

#[test]
fn what_it_shows_is_what_happened_and_is_as_described() {
    let twin = running(true);
    twin.visits(4);
    let garbage = "POST /ocsp HTTP/1.1\r\nHost: ocsp.stelsel.example\r\nConnection: close\r\n\
                   Content-Length: 7\r\n\r\ngarbage";
    let (status, _) = Running::send_to(twin.twin.world.doors.plain, garbage);
    assert!((400..500).contains(&status), "{status}");
    let overview = twin.json("/api/overview");
    assert_eq!(overview["flows_begun"], 4);
    assert_eq!(overview["rules_broken"], 0);
    let flows = twin.json("/api/flows");
    assert_eq!(flows.as_array().unwrap().len(), 4);
    let completed =
        flows.as_array().unwrap().iter().find(|flow| flow["outcome"] == "completed").unwrap();
    assert_eq!(completed["steps"].as_array().unwrap().len(), 16);
    let id = completed["id"].as_str().unwrap();
    let whole = twin.json(&format!("/api/flows/{id}"));
    let messages = whole["messages"].as_array().unwrap();
    assert!(messages.iter().any(|told| told["text"].as_str().unwrap().contains("token request")));
    let bytes = whole["bytes"].as_array().unwrap();
    let of_token = |passed: &&Value| passed["request"]["line"].as_str().unwrap().contains("/token");
    let token = bytes.iter().find(of_token).unwrap();
    assert!(token["request"]["text"].as_str().unwrap().contains("grant_type=authorization_code"));
    assert_eq!(token["response"]["line"], "HTTP/1.1 200 OK");
    let (status, diagram) = twin.ask("GET", &format!("/api/flows/{id}/diagram"), None);
    assert!(status == 200 && diagram.contains("za-1"), "{diagram}");

    let described = twin.json("/openapi.json");
    let get = |path: &str| twin.json(path);
    let shapes = [
        ("Overview", vec![overview]),
        ("Host", get("/api/hosts").as_array().unwrap().clone()),
        ("Flow", flows.as_array().unwrap().clone()),
        ("WholeFlow", vec![whole]),
        ("RuleNow", get("/api/rules").as_array().unwrap().clone()),
        ("Passed", get("/api/exchanges").as_array().unwrap().clone()),
    ];
    for (name, values) in shapes {
        let schema = json!({
            "$ref": format!("#/components/schemas/{name}"),
            "components": described["components"],
        });
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(!values.is_empty(), "{name}");
        for value in values {
            let errors: Vec<_> =
                validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
        }
    }
    let (_, metrics) = twin.ask("GET", "/metrics", None);
    for line in ["stelsel_flows_begun_total 4", "stelsel_host_up{host=\"za-1\"} 1", "# EOF"] {
        assert!(metrics.lines().any(|found| found == line), "{line} in {metrics}");
    }

    let Running { runtime, twin, dir, .. } = twin;
    let world = Arc::clone(&twin.world);
    runtime.block_on(twin.close(Duration::from_secs(1)));
    world.look(Ear::end_record).unwrap().end().unwrap();
    let lines = read(&path_in(&dir.path().join("seen")).unwrap()).unwrap();
    assert_eq!(lines.iter().filter_map(Line::trace).count(), 4);
    let text = format!("{lines:?}");
    assert!(lines.iter().any(|line| matches!(line, Line::Apart(_))));
    assert!(!text.contains("PRIVATE KEY"));
}

#[test]
fn what_it_switches_happens_and_ends() {
    let twin = running(false);
    let is_up = || {
        let hosts = twin.json("/api/hosts");
        let za = hosts.as_array().unwrap().iter().find(|host| host["name"] == "za-1").unwrap();
        (za["up"].as_bool().unwrap(), za["slowed"].as_f64().unwrap())
    };
    let begin = |fault: Value| twin.ask("POST", "/api/faults", Some(&fault));
    let (status, began) = begin(json!({ "host": "za-1", "kind": "down" }));
    assert_eq!(status, 201, "{began}");
    let (status, _) = begin(json!({ "host": "za-1", "kind": "slow(x3)" }));
    assert_eq!((status, is_up()), (201, (false, 3.0)));
    assert_eq!(twin.json("/api/faults").as_array().unwrap().len(), 2);
    assert_eq!(twin.ask("DELETE", "/api/faults/1", None).0, 204);
    assert_eq!(is_up(), (true, 3.0));
    assert_eq!(twin.ask("DELETE", "/api/faults/1", None).0, 404);
    // One that ends by itself.
    begin(json!({ "host": "za-1", "kind": "down", "for": "100ms" }));
    assert!(!is_up().0);
    std::thread::sleep(Duration::from_millis(400));
    assert!(is_up().0);
    // A gateway that is taken off the lists is not found at the PGO's any more.
    let change = json!({ "kind": "remove-gateway", "host": "pgo-1", "publish": "at-once" });
    assert_eq!(twin.ask("POST", "/api/changes", Some(&change)).0, 204);
}

#[test]
fn what_is_wrong_is_said_and_changes_nothing() {
    let twin = running(false);
    let wrong = [
        ("/api/faults", json!({ "host": "za-9", "kind": "down" }), "za-9"),
        ("/api/faults", json!({ "host": "za-1", "kind": "slow" }), "slow"),
        ("/api/faults", json!({ "kind": "down" }), "neither"),
        ("/api/faults", json!({ "host": "za-1\"\nx", "kind": "down" }), "host"),
        ("/api/changes", json!({ "kind": "move-endpoint", "host": "za-1" }), "remove-gateway"),
        ("/api/changes", json!({ "kind": "publish", "list": "none" }), "none"),
        ("/api/checks", json!({ "role": "xis", "command": "x" }), "`za` or `pgo`"),
        ("/api/checks", json!({ "role": "za", "command": "x" }), "one host that is checked"),
    ];
    for (path, body, said) in wrong {
        let (status, answer) = twin.ask("POST", path, Some(&body));
        assert!(status == 400 && answer.contains(said), "{body}: {status} {answer}");
    }
    assert_eq!(twin.ask("POST", "/api/faults", Some(&json!([1]))).0, 422);
    assert_eq!(twin.json("/api/faults"), json!([]));
    assert_eq!(twin.ask("GET", "/api/flows/7.1", None).0, 404);
    assert_eq!(twin.ask("GET", "/api/checks", None).0, 404);
    assert_eq!(twin.ask("GET", "/nothing", None).0, 404);
    // A name that was made to lead here is not served.
    let (status, _) =
        twin.send("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert_eq!(status, 403);
}
