//! Walks through a running twin by programs that know nothing of us: a client written from the standards, and a person at
//! Chromium (`tests/walk`); and through a gateway that is not ours (`examples/gateways`). Starts the command itself, and ends
//! it as whoever runs one does.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

const WALKS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/walk");

/// The command, with the network of the walks.
struct Running {
    child: Child,
    said: BufReader<ChildStdout>,
    dir: tempfile::TempDir,
}

impl Running {
    fn start(options: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_stelsel"))
            .args(["twin", &format!("{WALKS}/walk.toml"), "--port", "0", "--console", "0"])
            .arg("--dir")
            .arg(dir.path())
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut running = Self { child, said, dir };
        let mut line = String::new();
        while !line.starts_with("ready ") {
            line.clear();
            assert_ne!(
                running.said.read_line(&mut line).unwrap(),
                0,
                "it ended before it was ready"
            );
        }
        running
    }

    /// Has a script walk, which ends well only if it saw what the rulebook has.
    fn walk(&self, script: &str, options: &[&OsStr]) {
        let output = Command::new("python3")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(format!("{WALKS}/{script}"))
            .arg(self.dir.path().join("endpoints.json"))
            .args(options)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (seen, wrong) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{script}: {seen}{wrong}");
    }

    /// Ends it. What it says of the rules, and how it ended.
    fn end(mut self) -> (Option<i32>, Vec<String>) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let mut said = String::new();
        self.said.read_to_string(&mut said).unwrap();
        let code = self.child.wait().unwrap().code();
        let broken = said.lines().filter(|line| line.contains("broken"));
        (code, broken.map(str::to_owned).collect())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says aloud what is not there. Where nothing may be skipped that is wrong.
fn skipped(missing: &str) {
    assert!(std::env::var_os("STELSEL_NO_SKIP").is_none(), "not there: {missing}");
    eprintln!("skipped, not there: {missing}");
}

/// Whether programs and Python's modules are there.
fn are_there(programs: &[&str], modules: &str) -> bool {
    let runs = |program: &str, argument: &str| {
        let mut command = Command::new(program);
        command.arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    let missing = programs.iter().find(|program| !runs(program, "--version"));
    if let Some(program) = missing {
        skipped(program);
        return false;
    }
    let import = Command::new("python3").args(["-c", &format!("import {modules}")]).output();
    if !import.is_ok_and(|output| output.status.success()) {
        skipped(&format!("python3 with {modules}"));
        return false;
    }
    true
}

/// axe-core, as `npm install axe-core` has it in `node_modules/axe-core/axe.min.js`.
fn axe() -> Option<PathBuf> {
    let axe = std::env::var_os("STELSEL_AXE").map(PathBuf::from).filter(|path| path.is_file());
    if axe.is_none() {
        skipped("axe-core, a file that STELSEL_AXE names");
    }
    axe
}

fn rules(broken: &[String]) -> Vec<&str> {
    broken.iter().filter_map(|line| line.split_whitespace().next()).collect()
}

const CLIENT: &str = "requests, oauthlib";

#[test]
fn a_client_from_the_standards_sees_all_eight_exceptions_and_breaks_no_rule() {
    if !are_there(&["python3", "kill"], CLIENT) {
        return;
    }
    let twin = Running::start(&[]);
    twin.walk("walk.py", &[]);
    let (code, said) = twin.end();
    assert_eq!(code, Some(0), "{said:?}");
    assert!(said.iter().any(|line| line.contains("none of the")), "{said:?}");
}

#[test]
fn a_client_that_offers_codes_twice_gets_nothing_for_it_and_is_named() {
    if !are_there(&["python3", "kill"], CLIENT) {
        return;
    }
    let twin = Running::start(&[]);
    twin.walk("walk.py", &[OsStr::new("--offer-twice")]);
    let (code, said) = twin.end();
    assert_eq!((code, rules(&said).as_slice()), (Some(1), &["CODE_OFFERED_ONCE"][..]), "{said:?}");
}

#[test]
fn a_person_at_a_browser_is_told_of_all_eight_exceptions_on_pages_that_axe_finds_good() {
    let programs = ["python3", "kill", "chromium", "chromedriver", "certutil"];
    if !are_there(&programs, "requests, oauthlib, selenium") {
        return;
    }
    let Some(axe) = axe() else { return };
    let deviants = ["pgo-2=other-client-named", "pgo-3=other-service-fetched"];
    let twin = Running::start(&["--deviant", deviants[0], "--deviant", deviants[1]]);
    twin.walk("browser.py", &[OsStr::new("--axe"), axe.as_os_str()]);
    let (code, said) = twin.end();
    // By the third PGO; of the second it is the other end that must refuse.
    assert_eq!((code, rules(&said).as_slice()), (Some(1), &["STEP_REQUEST"][..]), "{said:?}");
}

/// A gateway in another language, in place of one of the network's. What it says goes on being taken, or it could say no
/// more.
struct Partner {
    child: Child,
    _said: BufReader<ChildStdout>,
}

impl Partner {
    fn start(folder: &Path, at: &str, faults: &[&str]) -> Self {
        let gateway = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/gateways/za.py");
        let mut command = Command::new("python3");
        command.env("PYTHONDONTWRITEBYTECODE", "1").arg(gateway).arg(folder).args(["--listen", at]);
        command.args(faults.iter().flat_map(|fault| ["--fault", *fault]));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let partner = Self { child, _said: said };
        assert!(line.starts_with("ready "), "{line}");
        partner
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the twin says of a gateway in another language that breaks those rules on purpose.
fn said_of_a_partner(faults: &[&str]) -> Option<(Option<i32>, Vec<String>)> {
    if !are_there(&["python3", "kill"], "requests, oauthlib, signxml, cryptography, lxml") {
        return None;
    }
    // A port that is free now.
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let at = format!("127.0.0.1:{port}");
    let twin = Running::start(&["--external", &format!("za-1={at}")]);
    let partner = Partner::start(&twin.dir.path().join("external/za-1"), &at, faults);
    twin.walk("partner.py", &[OsStr::new("za-1")]);
    let said = twin.end();
    drop(partner);
    Some(said)
}

#[test]
fn a_gateway_in_another_language_serves_people_and_breaks_no_rule() {
    let Some((code, said)) = said_of_a_partner(&[]) else { return };
    assert_eq!(code, Some(0), "{said:?}");
    assert!(said.iter().any(|line| line.contains("none of the")), "{said:?}");
}

#[test]
fn what_a_gateway_in_another_language_does_wrong_is_named() {
    let faults = ["bsn-in-answer", "refresh-token", "code-no-uuid", "token-lives-longer"];
    let Some((code, said)) = said_of_a_partner(&faults) else { return };
    let mut found = rules(&said);
    found.sort_unstable();
    let should =
        ["NO_IDENTITY_BETWEEN", "NO_REFRESH_TOKENS", "STEP_BSN", "TOKEN_VALIDITY", "UUID_V4"];
    assert_eq!((code, found.as_slice()), (Some(1), &should[..]), "{said:?}");
}
