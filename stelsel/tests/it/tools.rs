//! Programs that know nothing of us judge what a running twin shows: openssl its TLS and its OCSP answers, xmllint the
//! lists that its stelselnode serves, by the published schemas.

use std::{
    fs,
    io::Write as _,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use protocol::trace::{Event, Sink, Stamp};
use serde_json::Value;
use stelsel::compose::Composed;
use tokio::runtime::Runtime;
use twin::{
    open::{Options, Twin},
    world::Witness,
};

use crate::world;

const NETWORK: &str = r#"
name = "tools"
release = "1.1"
[[pgo]]
[[za]]
providers = 3
services = ["46", "51"]
[costs]
from = "none"
"#;

struct Deaf;

impl Sink for Deaf {
    fn event(&mut self, _: Stamp, _: Event<'_>) {}
}

impl Witness for Deaf {}

/// A twin that runs, and what it tells of itself.
struct Running {
    _runtime: Runtime,
    _twin: Twin<Deaf>,
    dir: tempfile::TempDir,
    told: Value,
}

fn running() -> Running {
    let dir = tempfile::tempdir().unwrap();
    let study = world::study(NETWORK, "horizon = \"1min\"\n[arrivals]\nrate = \"1/s\"\n", &[]);
    let composed = Composed::for_twin(&study.topology, &study.scenario).unwrap();
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
    let twin = runtime.block_on(Twin::open(composed.twin(0), &options, Deaf)).unwrap();
    let told = serde_json::from_slice(&fs::read(&twin.endpoints).unwrap()).unwrap();
    Running { _runtime: runtime, _twin: twin, dir, told }
}

impl Running {
    fn text(&self, key: &str) -> String {
        self.told[key].as_str().unwrap().to_owned()
    }

    /// A name of a host at a door: the name, its certificate and its key.
    fn name(&self, host: &str, door: &str) -> (String, String, String) {
        let hosts = self.told["hosts"].as_array().unwrap();
        let host = hosts.iter().find(|found| found["name"] == host).unwrap();
        let names = host["names"].as_array().unwrap();
        let name = names.iter().find(|name| name["door"] == door).unwrap();
        let text = |key: &str| name[key].as_str().unwrap_or_default().to_owned();
        (text("name"), text("certificate"), text("key"))
    }

    /// A host's page by `openssl s_client`, with whatever options.
    fn s_client(&self, name: &str, options: &[&str], request: &str) -> Output {
        let (tls, ca) = (self.text("tls"), self.text("ca"));
        let common = [
            "s_client",
            "-connect",
            &tls,
            "-servername",
            name,
            "-CAfile",
            &ca,
            "-verify_return_error",
            "-verify_hostname",
            name,
            "-ign_eof",
        ];
        let all: Vec<&str> = common.into_iter().chain(options.iter().copied()).collect();
        run("openssl", &all, request)
    }
}

/// Whether a program is there. Where it is not that is said aloud, and where nothing may be skipped it is wrong.
fn is_there(program: &str) -> bool {
    let asked =
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_there = asked.is_ok();
    if !is_there {
        assert!(std::env::var_os("STELSEL_NO_SKIP").is_none(), "{program} is not installed");
        eprintln!("skipped: {program} is not installed");
    }
    is_there
}

fn run(program: &str, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may hang up before it has read all.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&text).into_owned()
}

fn get(name: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n")
}

#[test]
fn openssl_takes_the_chain_and_both_versions_of_tls_and_nothing_weaker() {
    if !is_there("openssl") {
        return;
    }
    let twin = running();
    let (front, ..) = twin.name("pgo-1", "front");
    for (version, known) in [("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2")] {
        let answer = said(&twin.s_client(&front, &[version], &get(&front, "/")));
        assert!(answer.contains("Verify return code: 0 (ok)"), "{answer}");
        assert!(answer.contains(known) && answer.contains("HTTP/1.1 200 OK"), "{answer}");
    }
    for weaker in [
        &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"][..],
        &["-tls1_2", "-cipher", "AES128-SHA"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
    ] {
        let answer = said(&twin.s_client(&front, weaker, &get(&front, "/")));
        assert!(!answer.contains("HTTP/1.1"), "{weaker:?}: {answer}");
    }
}

#[test]
fn nobody_enters_the_back_channel_without_a_certificate_of_the_network() {
    if !is_there("openssl") {
        return;
    }
    let twin = running();
    let (node, ..) = twin.name("stelselnode-1", "back");
    let (_, certificate, key) = twin.name("pgo-1", "front");
    let list = get(&node, "/MedMij_Whitelist.xml");
    let own = ["-cert", &certificate, "-cert_chain", &certificate, "-key", &key];
    let admitted = said(&twin.s_client(&node, &own, &list));
    assert!(admitted.contains("HTTP/1.1 200 OK"), "{admitted}");
    let nothing = said(&twin.s_client(&node, &[], &list));
    assert!(!nothing.contains("HTTP/1.1"), "{nothing}");
    // One that signed itself.
    let foreign = twin.dir.path().join("foreign");
    let (cert, key) = (foreign.with_extension("pem"), foreign.with_extension("key"));
    let (cert, key) = (cert.to_str().unwrap(), key.to_str().unwrap());
    let (name, ..) = twin.name("pgo-1", "front");
    let subject = format!("/CN={name}");
    let alternative = format!("subjectAltName=DNS:{name}");
    let made = run(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            key,
            "-out",
            cert,
            "-subj",
            &subject,
            "-addext",
            &alternative,
            "-days",
            "1",
        ],
        "",
    );
    assert!(made.status.success(), "{}", said(&made));
    let refused = said(&twin.s_client(&node, &["-cert", cert, "-key", key], &list));
    assert!(!refused.contains("HTTP/1.1"), "{refused}");
}

#[test]
fn openssl_takes_ocsp_answers_over_the_wire() {
    if !is_there("openssl") {
        return;
    }
    let twin = running();
    let (_, certificate, _) = twin.name("za-1", "back");
    let plain = twin.text("plain");
    // With what stands between the root and whoever signs.
    let above = ["root", "domain", "tsp"]
        .map(|level| fs::read_to_string(twin.dir.path().join(format!("pki/{level}.pem"))).unwrap());
    let ca = twin.dir.path().join("above.pem");
    fs::write(&ca, above.concat()).unwrap();
    let ca = ca.to_str().unwrap();
    let issuer = twin.dir.path().join("pki/tsp.pem");
    let issuer = issuer.to_str().unwrap();
    let url = format!("http://{plain}/ocsp");
    let (responder, ..) = twin.name("ocsp-1", "plain");
    let host = format!("Host={responder}");
    let answer = run(
        "openssl",
        &[
            "ocsp",
            "-issuer",
            issuer,
            "-cert",
            &certificate,
            "-url",
            &url,
            "-header",
            &host,
            "-CAfile",
            ca,
            "-no_nonce",
        ],
        "",
    );
    let text = said(&answer);
    assert!(text.contains("Response verify OK"), "{text}");
    assert!(text.contains(": good"), "{text}");
}

#[test]
fn served_lists_fit_the_published_schemas() {
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/xsd/release-1.1");
    if !published.is_dir() {
        eprintln!("not tested: the published schemas are not beside the project");
        return;
    }
    if !is_there("openssl") || !is_there("xmllint") {
        return;
    }
    let twin = running();
    let (node, ..) = twin.name("stelselnode-1", "back");
    let (_, certificate, key) = twin.name("pgo-1", "front");
    let own = ["-quiet", "-cert", &certificate, "-cert_chain", &certificate, "-key", &key];
    for list in ["Zorgaanbiederslijst", "Whitelist", "OAuthclientlist", "Gegevensdienstnamenlijst"]
    {
        let file = format!("MedMij_{list}.xml");
        let answer = twin.s_client(&node, &own, &get(&node, &format!("/{file}")));
        let body = String::from_utf8(answer.stdout).unwrap();
        let (_, body) = body.split_once("\r\n\r\n").unwrap();
        let path: PathBuf = twin.dir.path().join(&file);
        fs::write(&path, body).unwrap();
        let schema = published.join(format!("MedMij_{list}.xsd"));
        let (schema, path) = (schema.to_str().unwrap(), path.to_str().unwrap());
        let judged = run("xmllint", &["--noout", "--nonet", "--schema", schema, path], "");
        assert!(judged.status.success(), "{list}: {}", said(&judged));
        // A list without its end is none.
        fs::write(path, &body[..body.len() / 2]).unwrap();
        let judged = run("xmllint", &["--noout", "--nonet", "--schema", schema, path], "");
        assert!(!judged.status.success(), "{list}");
    }
}

fn pki(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stelsel"));
    command.args(["pki", "issue", "--dir"]).arg(dir).args(arguments).output().unwrap()
}

#[test]
fn openssl_takes_what_pki_issues_and_hosts_refuse_what_has_expired() {
    if !is_there("openssl") {
        return;
    }
    let twin = running();
    let (name, _, _) = twin.name("pgo-1", "front");
    let (node, ..) = twin.name("stelselnode-1", "back");
    let list = get(&node, "/MedMij_Whitelist.xml");
    for (how, is_good) in [(&[][..], true), (&["--expired"], false)] {
        let out = twin.dir.path().join(if is_good { "good" } else { "expired" });
        let out = out.to_str().unwrap();
        let issued = pki(twin.dir.path(), &[&[name.as_str(), "--out", out], how].concat());
        assert!(issued.status.success(), "{}", said(&issued));
        let file = |end: &str| format!("{out}/{name}{end}");
        let (certificate, key) = (file(".pem"), file(".key.pem"));
        let ca = twin.text("ca");
        let judged = run(
            "openssl",
            &["verify", "-CAfile", &ca, "-untrusted", &certificate, &certificate],
            "",
        );
        assert_eq!(judged.status.success(), is_good, "{}", said(&judged));
        let own = ["-cert", &certificate, "-cert_chain", &certificate, "-key", &key];
        let answer = said(&twin.s_client(&node, &own, &list));
        assert_eq!(answer.contains("HTTP/1.1 200 OK"), is_good, "{answer}");
        assert_eq!(answer.contains("HTTP/1.1"), is_good, "{answer}");
    }
}

#[test]
fn pki_says_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let nothing = said(&pki(dir.path(), &["za-1.stelsel.example"]));
    assert!(nothing.contains("no authority is there"), "{nothing}");
    let twin = running();
    let no_name = said(&pki(twin.dir.path(), &["za 1"]));
    assert!(no_name.contains("NAME") && no_name.contains("`za 1`"), "{no_name}");
    let out = dir.path().join("out");
    let out = out.to_str().unwrap();
    let unknown = said(&pki(twin.dir.path(), &["vendor.example", "--out", out]));
    assert!(unknown.contains("unknown"), "{unknown}");
    fs::write(twin.dir.path().join("pki/tsp.pem"), "nothing").unwrap();
    let damaged = said(&pki(twin.dir.path(), &["za-1.stelsel.example", "--out", out]));
    assert!(damaged.contains("tsp.pem"), "{damaged}");
}
