//! `stelsel report`: makes report.html of a finished result folder again.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, ValueHint};

use super::{Ending, Outcome};
use crate::{problem::Place, report, results::Folder};

/// Make the report of a result folder again.
///
/// Reads the folder's tables and writes report.html into it, or elsewhere with --out. A report is made by
/// every run; this is for folders of an older version, and for those that were merged.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel report results/morning-peak
  stelsel report results/morning-peak --out answer.html")]
pub struct Arguments {
    /// The result folder
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: PathBuf,
    /// Where the report goes, in place of DIR/report.html
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// The folder is none of results, or cannot be read; or the report cannot be written.
pub fn run(arguments: &Arguments) -> Outcome {
    let page = report::html(&Folder::open(&arguments.dir)?)?;
    let target = arguments.out.clone().unwrap_or_else(|| arguments.dir.join("report.html"));
    replace(&target, &page).map_err(|error| {
        Place::whole(target.to_string_lossy()).problem(format!("cannot be written: {error}"))
    })?;
    // If standard output is gone there is nobody left to tell; the report stands.
    let _ = writeln!(io::stdout(), "{}", target.display());
    Ok(Ending::Done)
}

/// Puts a file in its place as a whole, by a rename.
fn replace(target: &std::path::Path, page: &str) -> io::Result<()> {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut draft = tempfile::NamedTempFile::new_in(parent.unwrap_or(".".as_ref()))?;
    draft.write_all(page.as_bytes())?;
    draft.as_file().sync_all()?;
    draft.persist(target)?;
    Ok(())
}
