//! A folder that appears whole or not at all: written beside its place, then renamed into it.
//!
//! Knows no file of results; only how to write some, and that an older result may stand in the way.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::problem::{Place, Problem};

/// The file that makes a folder one of results. It is written last.
pub const MARK: &str = "manifest.json";

/// A folder in the making. Dropped before it is published, it leaves nothing behind.
#[derive(Debug)]
pub struct Draft {
    target: PathBuf,
    /// Where everything is until it is published. Beside the target, for a rename works on one disk only.
    beside: TempDir,
    folder: PathBuf,
}

impl Draft {
    /// Begins a folder that is to stand at `target`, which must be free, empty, or an older result.
    pub fn begin(target: &Path) -> Result<Self, Problem> {
        check_target(target)?;
        let failed = |error| problem(target, "made", &error);
        let name = target.file_name().ok_or_else(|| {
            Place::whole(target.to_string_lossy()).expected("the name of a folder", "none")
        })?;
        let parent = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).map_err(|error| problem(parent, "made", &error))?;
        let prefix = format!(".{}.unfinished-", name.to_string_lossy());
        let beside = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent).map_err(failed)?;
        let folder = beside.path().join("new");
        fs::create_dir(&folder).map_err(failed)?;
        Ok(Self { target: target.to_owned(), beside, folder })
    }

    /// Where the files are until the folder is published.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Writes one file of it.
    pub fn file(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Problem> {
        let write_all = || -> io::Result<()> {
            let mut file = BufWriter::with_capacity(1 << 16, File::create(self.folder.join(name))?);
            write(&mut file)?;
            file.flush()?;
            // Some file systems tell only now that there was no room.
            file.get_ref().sync_all()
        };
        write_all().map_err(|error| problem(&self.target.join(name), "written", &error))
    }

    /// Puts the folder in its place. An older one is gone afterwards; if this fails, it still stands.
    pub fn publish(self) -> Result<(), Problem> {
        let failed = |error| problem(&self.target, "put in place", &error);
        // Once more, for a run may have taken hours.
        check_target(&self.target)?;
        let old = self.beside.path().join("old");
        let replaces = self.target.symlink_metadata().is_ok();
        if replaces {
            fs::rename(&self.target, &old).map_err(failed)?;
        }
        if let Err(error) = fs::rename(&self.folder, &self.target) {
            if replaces {
                fs::rename(&old, &self.target).map_err(failed)?;
            }
            return Err(failed(error));
        }
        Ok(())
    }
}

/// Whether results may be written at `target`: nothing is there, or an empty folder, or an older result.
/// Does not try to write.
pub fn check_target(target: &Path) -> Result<(), Problem> {
    let entries = match fs::read_dir(target) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(problem(target, "used for results", &error)),
    };
    if entries.count() == 0 || target.join(MARK).is_file() {
        return Ok(());
    }
    let found = format!("one that holds something else (no {MARK})");
    Err(Place::whole(target.to_string_lossy())
        .expected("a new or an empty folder, or one of results", found))
}

fn problem(path: &Path, what: &str, error: &io::Error) -> Problem {
    Place::whole(path.to_string_lossy()).problem(format!("cannot be {what}: {error}"))
}
