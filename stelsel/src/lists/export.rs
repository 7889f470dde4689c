//! The lists of a topology, as MedMij Registratie would publish them at the start of a run.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use protocol::{names::Names, register::Register, release::Release};
use wire::list::{ListFormat, Timestamp, WriteError, served::file, version::of_version, write};

use crate::problem::{Place, Problem};

/// When a run begins: lists must have a date, and a simulated one must not depend on today. The day from which
/// release 1.0 was (1 July 2018).
pub(crate) const EPOCH: i64 = 1_530_403_200;

/// Writes the lists that the release has into a folder: all, or none. Gives the files.
///
/// # Errors
/// Something on a list does not fit the schema of that release, one of the files is there already, or the folder
/// cannot be written.
pub fn export(
    names: &Names,
    register: &Register,
    release: Release,
    dir: &Path,
) -> Result<Vec<PathBuf>, Problem> {
    let format = match release {
        Release::R1_0 => ListFormat::R1_0,
        Release::R1_1 => ListFormat::R1_1,
    };
    let epoch = Timestamp::from_unix(EPOCH, 0);
    let mut texts = Vec::new();
    for version in register.publish_all() {
        if !format.has(version.kind) {
            continue;
        }
        let mut text = Vec::new();
        write(&of_version(&version, format, &epoch, names), format, &mut text).map_err(
            |error| {
                let place = Place::whole(file(version.kind));
                match error {
                    WriteError::Io(error) => place.problem(format!("cannot write: {error}")),
                    other => {
                        place.problem(other.to_string()).hint("--release names another release")
                    }
                }
            },
        )?;
        texts.push((dir.join(file(version.kind)), text));
    }
    let place = |path: &Path| Place::whole(path.display().to_string());
    for (path, _) in &texts {
        if path.symlink_metadata().is_ok() {
            return Err(place(path).problem("expected no such file yet; found one"));
        }
    }
    let cannot =
        |path: &Path, error: &io::Error| place(path).problem(format!("cannot write: {error}"));
    fs::create_dir_all(dir).map_err(|error| cannot(dir, &error))?;
    let mut written: Vec<PathBuf> = Vec::new();
    for (path, text) in texts {
        if let Err(error) = fs::write(&path, text) {
            // None of them, rather than some.
            for path in written.iter().chain([&path]) {
                let _ = fs::remove_file(path);
            }
            return Err(cannot(&path, &error));
        }
        written.push(path);
    }
    Ok(written)
}
