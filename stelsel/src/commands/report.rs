//! `stelsel report`: makes report.html of a finished result folder again.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, ValueHint};

use super::{Ending, Outcome};
use crate::{
    capacity::CapacityFolder,
    problem::Place,
    report,
    results::{self, Folder, FolderKind},
    run::wall::told,
    sweep::SweepFolder,
};

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
    let dir = &arguments.dir;
    let page = match results::kind_of(dir)? {
        FolderKind::Sweep => report::sweep(&SweepFolder::open(dir)?),
        FolderKind::Capacity => report::capacity(&CapacityFolder::open(dir)?),
        FolderKind::Comparison => {
            let place = Place::whole(dir.to_string_lossy());
            let found = FolderKind::Comparison.what();
            let problem =
                place.expected("results of a run, a sweep or a search for capacity", found);
            return Err(problem.hint("compare the two results again").into());
        }
        FolderKind::Run => report::html(&Folder::open(dir)?)?,
    };
    let target = arguments.out.clone().unwrap_or_else(|| arguments.dir.join("report.html"));
    twin::open::whole(&target, page.as_bytes()).map_err(told)?;
    // If standard output is gone there is nobody left to tell; the report stands.
    let _ = writeln!(io::stdout(), "{}", target.display());
    Ok(Ending::Done)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::tempdir;

    use super::*;
    use crate::results::tests::answers::busy_answer;

    #[test]
    fn a_report_that_is_made_again_is_the_one_that_the_run_made() {
        let dir = tempdir().unwrap();
        let dir = dir.path().join("results");
        results::write(&busy_answer(), &dir).unwrap();
        let made_by_run = fs::read(dir.join("report.html")).unwrap();
        fs::remove_file(dir.join("report.html")).unwrap();
        let out = dir.join("again.html");
        run(&Arguments { dir: dir.clone(), out: Some(out.clone()) }).unwrap();
        assert!(fs::read(out).unwrap() == made_by_run);
        run(&Arguments { dir: dir.clone(), out: None }).unwrap();
        assert!(fs::read(dir.join("report.html")).unwrap() == made_by_run);
    }

    #[test]
    fn a_folder_of_something_else_is_a_problem_and_stays_as_it_was() {
        let dir = tempdir().unwrap();
        let arguments = Arguments { dir: dir.path().to_owned(), out: None };
        let problems = run(&arguments).unwrap_err().to_string();
        assert!(problems.contains("expected a folder of results"), "{problems}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
