//! `stelsel topology`: real lists become a topology, and a topology becomes lists.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use protocol::release::Release;
use serde_json::json;

use super::{Ending, Outcome};
use crate::{
    compose, files,
    lists::{self, export, topology},
    plan::Source,
    problem::{Located, Place},
};

/// Make a topology of real MedMij lists, or the lists of a topology
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    direction: Direction,
}

#[derive(Subcommand, Debug)]
enum Direction {
    /// Make a topology of real MedMij lists
    ///
    /// Reads lists of release 1.0 and 1.1, and the ZAL as it is since release 1.4, and checks them as their schemas
    /// do. The folder that is written holds topology.toml and copies of the lists; what no list says is assumed, and
    /// stands there as a comment.
    Import(Import),
    /// Write the lists of a topology as XML
    Export(Export),
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel topology import --zal Zorgaanbiederslijst.xml
  stelsel topology import --zal zal.xml --whitelist whitelist.xml --ocl ocl.xml --name acceptance")]
struct Import {
    /// The Zorgaanbiederslijst
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    zal: PathBuf,
    /// The Whitelist; without it every gateway is taken to be on it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    whitelist: Option<PathBuf>,
    /// The OAuth client list; without it one PGO is assumed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ocl: Option<PathBuf>,
    /// The Gegevensdienstnamenlijst
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    gnl: Option<PathBuf>,
    /// What the topology is called
    #[arg(long, value_name = "NAME", default_value = "imported", value_parser = name)]
    name: String,
    /// The folder to write, in place of topologies/NAME/
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: Option<PathBuf>,
    /// Print what was made as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel topology export topologies/beta-2018.toml /tmp/lists
  stelsel topology export topologies/national-2023.toml /tmp/lists --release 1.1")]
struct Export {
    /// The topology file
    #[arg(value_name = "TOPOLOGY", value_hint = ValueHint::FilePath)]
    topology: PathBuf,
    /// The folder to write into
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// The release in whose shape lists are written, in place of the topology's
    #[arg(long, value_name = "R", value_parser = release)]
    release: Option<Release>,
}

fn name(text: &str) -> Result<String, String> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    match !text.is_empty() && text.chars().all(fits) {
        true => Ok(text.to_owned()),
        false => Err("expected letters, digits, - and _".to_owned()),
    }
}

fn release(text: &str) -> Result<Release, String> {
    let known: Vec<&str> = Release::ALL.iter().map(|release| release.name()).collect();
    Release::from_name(text).ok_or_else(|| format!("expected one of {}", known.join(", ")))
}

/// Runs the command.
///
/// # Errors
/// A list or topology says what cannot be, or something cannot be written.
pub fn run(arguments: &Arguments) -> Outcome {
    let text = match &arguments.direction {
        Direction::Import(import) => import.run(),
        Direction::Export(export) => export.run(),
    }?;
    super::print(&text)?;
    Ok(Ending::Done)
}

impl Import {
    fn run(&self) -> Result<String, crate::problem::Problems> {
        let file = |path: &PathBuf| Located {
            place: Place::whole(path.display().to_string()),
            value: path.clone(),
        };
        let source = Source {
            zal: file(&self.zal),
            whitelist: self.whitelist.as_ref().map(file),
            ocl: self.ocl.as_ref().map(file),
            gnl: self.gnl.as_ref().map(file),
        };
        let dir = match &self.out {
            Some(dir) => dir.clone(),
            None => PathBuf::from("topologies").join(&self.name),
        };
        let imported = lists::read(&source)?;
        let told = topology::tell(&imported);
        let path = topology::write(&dir, &self.name, &source, &imported, &told)?;
        let path = path.display();
        if self.json {
            let made = json!({
                "topology": path.to_string(), "content": told.content, "remarks": told.remarks,
            });
            return Ok(format!("{made:#}\n"));
        }
        let remarks: String = told.remarks.iter().map(|remark| format!("- {remark}\n")).collect();
        Ok(format!("{}.\n{remarks}Topology: {path}\n", told.content))
    }
}

impl Export {
    fn run(&self) -> Result<String, crate::problem::Problems> {
        let (topology, ..) = files::read_topology(&self.topology, &[])?;
        let (names, register) = compose::register_of(&topology)?;
        let release = self.release.unwrap_or(topology.release);
        let written = export::export(&names, &register, release, &self.dir)?;
        Ok(written.iter().map(|path| format!("{}\n", path.display())).collect())
    }
}
