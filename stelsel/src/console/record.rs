//! `twin --record DIR`: what passed, decoded and as bytes, kept in a folder while the twin runs.
//!
//! One line of JSON for each flow that ended, and for each exchange that belongs to none. `stelsel trace` reads them.
//! Keys are never written. Does not decide what is told (`live` does).

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::mpsc::{self, Sender},
    thread::{self, JoinHandle},
};

use serde::{Deserialize, Serialize};
use watch::statistics::Trace;

use super::bytes::Passed;
use crate::problem::{Place, Problem, Problems};

/// The file in the folder.
pub const FILE: &str = "exchanges.jsonl";

/// A line of the file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// A flow that ended: what happened in it, and what passed.
    Flow(Box<Seen>),
    /// An exchange that belongs to no flow: lists, OCSP answers fetched ahead, and what could not be understood.
    Apart(Box<Passed>),
}

impl Line {
    /// What happened in the flow that it is of, if it is of one.
    pub fn trace(&self) -> Option<&Trace> {
        match self {
            Self::Flow(seen) => Some(&seen.trace),
            Self::Apart(_) => None,
        }
    }
}

/// A flow that was seen.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// What happened in it.
    pub trace: Trace,
    /// What passed, as bytes.
    pub bytes: Vec<Passed>,
}

/// A recording that goes on. What is told it is written by a thread of its own.
#[derive(Debug)]
pub struct Record {
    lines: Option<Sender<Line>>,
    writer: Option<JoinHandle<Result<(), Problem>>>,
}

impl Record {
    /// Begins a recording in a folder.
    ///
    /// # Errors
    /// The folder cannot be used.
    pub fn begin(dir: &Path) -> Result<Self, Problems> {
        let path = dir.join(FILE);
        let fault = |error: std::io::Error| {
            Place::whole(path.display().to_string()).problem(format!("cannot write: {error}"))
        };
        fs::create_dir_all(dir).map_err(fault)?;
        let mut file = BufWriter::new(File::create(&path).map_err(fault)?);
        let (lines, told) = mpsc::channel::<Line>();
        let to = path.clone();
        let writer = thread::spawn(move || {
            for line in told {
                write(&mut file, &line).map_err(|error| {
                    Place::whole(to.display().to_string())
                        .problem(format!("cannot write: {error}; what came later is not recorded"))
                })?;
            }
            Ok(())
        });
        Ok(Self { lines: Some(lines), writer: Some(writer) })
    }

    /// Keeps a line.
    pub(super) fn keep(&self, line: Line) {
        if let Some(lines) = &self.lines {
            // A writer that could not go on says so at the end.
            let _ = lines.send(line);
        }
    }

    /// Ends the recording, when all is written.
    ///
    /// # Errors
    /// Something could not be written.
    pub fn end(mut self) -> Result<(), Problem> {
        drop(self.lines.take());
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(written)) => written,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Ok(()),
        }
    }
}

fn write(file: &mut BufWriter<File>, line: &Line) -> std::io::Result<()> {
    serde_json::to_writer(&mut *file, line)?;
    file.write_all(b"\n")?;
    // Whoever reads along sees whole lines.
    file.flush()
}

/// Where the recording of a folder is, if it has one.
pub fn path_in(dir: &Path) -> Option<PathBuf> {
    Some(dir.join(FILE)).filter(|path| path.is_file())
}

/// Reads a recording. A last line that was not finished, because the twin still writes or was killed, is left out.
///
/// # Errors
/// It cannot be read, or a line is something else.
pub fn read(path: &Path) -> Result<Vec<Line>, Problems> {
    let place = |line: usize| Place::whole(format!("{}:{line}", path.display()));
    let cannot = |error: std::io::Error| {
        Place::whole(path.display().to_string()).problem(format!("cannot read: {error}"))
    };
    let mut reader = BufReader::new(File::open(path).map_err(cannot)?);
    let (mut lines, mut text) = (Vec::new(), Vec::new());
    loop {
        text.clear();
        if reader.read_until(b'\n', &mut text).map_err(cannot)? == 0 || !text.ends_with(b"\n") {
            return Ok(lines);
        }
        lines.push(serde_json::from_slice(&text).map_err(|error| {
            place(lines.len() + 1).problem(format!("not a line of a recording: {error}"))
        })?);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(arrival: u32) -> Line {
        let trace = Trace { arrival, attempt: 1, records: Vec::new() };
        Line::Flow(Box::new(Seen { trace, bytes: Vec::new() }))
    }

    #[test]
    fn what_was_recorded_is_read_and_half_a_line_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let record = Record::begin(dir.path()).unwrap();
        (0..3).for_each(|arrival| record.keep(line(arrival)));
        record.end().unwrap();
        let path = path_in(dir.path()).unwrap();
        assert_eq!(read(&path).unwrap(), [line(0), line(1), line(2)]);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, &text[..text.len() - 4]).unwrap();
        assert_eq!(read(&path).unwrap(), [line(0), line(1)]);
    }

    #[test]
    fn what_is_no_recording_is_said_by_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        fs::write(&path, "{}\n").unwrap();
        let problems = read(&path).unwrap_err().to_string();
        assert!(problems.contains(":1") && problems.contains("recording"), "{problems}");
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(Record::begin(&file.join("below")).is_err());
    }
}
