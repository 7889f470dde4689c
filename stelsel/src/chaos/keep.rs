//! Writes what a hunt kept: scenario files that `stelsel run` reads.
//!
//! A file appears whole or not at all; the topology is named from where the file stands. Copies nothing.

use std::{
    ffi::OsString,
    fs, io,
    io::Write as _,
    path::{Component, Path, PathBuf},
};

use super::{Kept, oracle::Broken, schedule::UNDER_AGE};
use crate::problem::{Place, Problem};

/// Where files are kept: a folder that is there and can be written to.
#[derive(Clone, Debug)]
pub struct Folder {
    dir: PathBuf,
    /// The topology, from there.
    topology: String,
}

impl Folder {
    /// Makes the folder if it is not there, and tries to write to it.
    ///
    /// # Errors
    /// It cannot be written to, or the way from there to the topology is no text.
    pub fn open(dir: &Path, topology: &Path) -> Result<Self, Problem> {
        let failed = |error: io::Error| cannot(dir, &error);
        fs::create_dir_all(dir).map_err(failed)?;
        tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
        let from = dir.canonicalize().map_err(failed)?;
        let to = topology.canonicalize().map_err(|error| cannot(topology, &error))?;
        let way = relative(&from, &to);
        let topology = way.to_str().map(|way| way.replace('\\', "/")).ok_or_else(|| {
            Place::whole(way.to_string_lossy()).expected("a path that is text", "other bytes")
        })?;
        Ok(Self { dir: dir.to_owned(), topology })
    }

    /// Writes a schedule; gives the file. `command` is what found it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, kept: &Kept, command: &str) -> Result<PathBuf, Problem> {
        let path = self.dir.join(format!("{}.toml", kept.schedule.name()));
        let text = self.text(kept, command, &path);
        let write = || -> io::Result<()> {
            let mut draft = tempfile::NamedTempFile::new_in(&self.dir)?;
            draft.write_all(text.as_bytes())?;
            draft.as_file().sync_all()?;
            draft.persist(&path)?;
            Ok(())
        };
        write().map_err(|error| cannot(&path, &error))?;
        Ok(path)
    }

    /// The file, with what a reader wants to know first.
    fn text(&self, kept: &Kept, command: &str, path: &Path) -> String {
        let Kept { found, schedule, drawn } = kept;
        let young = if schedule.under_age { format!(" --set {UNDER_AGE}") } else { String::new() };
        let what = match found.broken {
            Broken::Rule(rule) => format!("{rule}: {}", rule.row().text),
            other => other.to_string(),
        };
        let expect = match found.broken {
            Broken::FlowRuns => "\n[expect]\n\"flows.outcome.running\" = \"= 0\"\n",
            _ => "",
        };
        format!(
            "# Breaks {what}.\n# First: {}.\n# Found by: {command}\n# in its schedule {}, which had {drawn} faults and changes; {} are left.\n# Run it by: stelsel run {}{young}\n{}{expect}",
            found.evidence,
            schedule.of.1,
            schedule.happenings(),
            path.display(),
            schedule.scenario(&self.topology),
        )
    }
}

fn cannot(path: &Path, error: &io::Error) -> Problem {
    Place::whole(path.to_string_lossy()).problem(format!("cannot be used: {error}"))
}

/// The way from a folder to a file; both as the system names them. Absolute where they have no root in common.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (from.components().collect(), to.components().collect());
    let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    if common == 0 {
        return to.iter().collect();
    }
    let up = from[common..].iter().map(|_| OsString::from(".."));
    up.chain(to[common..].iter().map(|part| part.as_os_str().to_owned())).collect()
}
