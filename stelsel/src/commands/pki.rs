//! `stelsel pki`: certificates of a twin's own authority for servers of others.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand, ValueHint};
use protocol::{id::Serial, names::check_hostname};
use serde_json::Value;
use twin::pki::{Authority, PkiFault, Wanted};

use super::{Ending, Outcome};
use crate::{
    problem::{Place, Problem, Problems},
    run::wall::told,
};

/// Issue certificates of a twin's authority
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Issue a certificate for a name
    Issue(Issue),
}

/// Issue a certificate for a name, by the authority of a twin's folder
///
/// For a server of your own: one that expires soon or has expired, or another for a name that has one (NET 4). It has the
/// number by which the network's OCSP responder knows the name; of a name that is of no host it says "unknown".
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel pki issue za-1.stelsel.example
  stelsel pki issue za-1.stelsel.example --dir twin --out certificates --expired

Exit status: 0 written, 2 bad input.")]
struct Issue {
    /// The name, as a host of the network has it
    #[arg(value_name = "NAME")]
    name: String,
    /// The twin's folder
    #[arg(long, value_name = "DIR", default_value = "twin", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// Where NAME.pem and NAME.key.pem are written
    #[arg(long, value_name = "FOLDER", default_value = ".", value_hint = ValueHint::DirPath)]
    out: PathBuf,
    /// It is valid for so many days from now
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=3_000))]
    days: i64,
    /// It was valid until an hour ago
    #[arg(long, conflicts_with = "days")]
    expired: bool,
}

/// Runs the command.
///
/// # Errors
/// There is no authority in the folder, the name is none, or nothing can be written.
pub fn run(arguments: &Arguments) -> Outcome {
    let Command::Issue(issue) = &arguments.command;
    let pki = issue.dir.join("pki");
    if !pki.join("tsp.key.pem").is_file() {
        let problem = Place::whole(pki.display().to_string())
            .problem("no authority is there")
            .hint("`stelsel twin TOPOLOGY --dir DIR` makes one");
        return Err(problem.into());
    }
    let name = &issue.name;
    check_hostname(name)
        .map_err(|fault| Place::whole("NAME").expected(fault, format!("`{name}`")))?;
    let known = serial(&issue.dir, name)?;
    let authority = Authority::open(&pki).map_err(fault)?;
    let hour = 3_600;
    let now = now();
    let until = if issue.expired { now - hour } else { now + issue.days * 24 * hour };
    let wanted = Wanted::server(name.clone(), known.unwrap_or(UNKNOWN)).until(until);
    let (certificate, key) = authority.issue(&wanted).map_err(fault)?.pem();
    fs::create_dir_all(&issue.out).map_err(|error| -> Problem {
        Place::whole(issue.out.display().to_string()).problem(format!("cannot be made: {error}"))
    })?;
    let file = |end: &str| issue.out.join(format!("{name}{end}"));
    let (certificate_file, key_file) = (file(".pem"), file(".key.pem"));
    // The key first: a certificate without one is of no use to anybody.
    twin::open::whole(&key_file, key.as_bytes()).map_err(told)?;
    twin::open::whole(&certificate_file, certificate.as_bytes()).map_err(told)?;
    if known.is_none() {
        super::say(
            "no host of this network has that name: its OCSP responder will say \"unknown\"",
        );
    }
    let root = pki.join("root.pem");
    super::print(&format!(
        "{}\n{}\nopenssl verify -CAfile {} -untrusted {} {}\n",
        certificate_file.display(),
        key_file.display(),
        root.display(),
        certificate_file.display(),
        certificate_file.display()
    ))?;
    Ok(Ending::Done)
}

/// A number that no host and no name has.
const UNKNOWN: Serial = Serial(0xfffe_0000);

#[expect(clippy::disallowed_methods, reason = "certificates are valid in wall time")]
fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs() as i64)
}

fn fault(fault: PkiFault) -> Problems {
    Place::whole("certificates").problem(fault.to_string()).into()
}

/// The number under which the twin of that folder knows a name.
fn serial(dir: &Path, name: &str) -> Result<Option<Serial>, Problem> {
    let path = dir.join("endpoints.json");
    let place = Place::whole(path.display().to_string());
    let text = fs::read(&path).map_err(|error| {
        place
            .problem(format!("cannot read: {error}"))
            .hint("`stelsel twin TOPOLOGY --dir DIR` writes it")
    })?;
    let told: Value = serde_json::from_slice(&text)
        .map_err(|error| place.problem(format!("not what a twin tells of itself: {error}")))?;
    let hosts = told["hosts"].as_array().into_iter().flatten();
    let mut names = hosts.flat_map(|host| host["names"].as_array().into_iter().flatten());
    let found = names.find(|named| named["name"] == name);
    Ok(found.and_then(|named| u32::try_from(named["serial"].as_u64()?).ok()).map(Serial))
}
