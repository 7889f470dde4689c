//! Files on disk: each is opened once, is text, is not too large, and is remembered with its digest.
//!
//! Does not know what is in them, but for the values of empirical distributions.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    io::Read as _,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};

use super::{
    field::Field,
    tree::{self, Node, Source},
    units::{self, Dimension},
};
use crate::{
    answer::InputFile,
    problem::{Place, Problem},
};

/// A larger file is refused.
const LARGEST: u64 = 16 << 20;

/// The files that were opened.
#[derive(Default)]
pub(super) struct Opened {
    inputs: RefCell<Vec<InputFile>>,
    values: RefCell<BTreeMap<(PathBuf, Dimension), Values>>,
}

/// What reading the values of an empirical distribution gave.
type Values = Result<Arc<[f64]>, Problem>;

impl Opened {
    /// Every file that was opened, in the order in which they were.
    pub fn into_inputs(self) -> Vec<InputFile> {
        self.inputs.into_inner()
    }

    /// The tree of a file of TOML. `place` is where it was named.
    pub fn tree(&self, path: &Path, place: &Place) -> Result<Node, Vec<Problem>> {
        let text = self.text(path, place).map_err(|problem| vec![problem])?;
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let source = Source { name: path.to_string_lossy().into(), prefix: "", folder };
        tree::parse(&text, &Arc::new(source))
    }

    /// The values of an empirical distribution that this field names.
    pub fn values(&self, field: &Field<'_>, file: &str, dimension: Dimension) -> Values {
        let path = beside(&field.node.origin.source, file);
        let key = (path, dimension);
        if let Some(known) = self.values.borrow().get(&key) {
            return known.clone();
        }
        let values = self.text(&key.0, &field.place()).and_then(|text| {
            units::values(&text, dimension).map_err(|(line, expected)| {
                let name: Arc<str> = key.0.to_string_lossy().into();
                Place { line, ..Place::whole(name) }.problem(format!("expected {expected}"))
            })
        });
        self.values.borrow_mut().insert(key, values.clone());
        values
    }

    /// Remembers a file that others read, with its digest. `place` is where it was named.
    pub fn remember(&self, path: &Path, place: &Place) -> Result<(), Problem> {
        let name = path.to_string_lossy();
        let cannot =
            |error: std::io::Error| place.problem(format!("cannot read {name}: {}", said(&error)));
        let mut file = File::open(path).map_err(cannot)?;
        if !file.metadata().map_err(cannot)?.is_file() {
            return Err(place.expected("a file that can be opened", &name));
        }
        let mut sha256 = Sha256::new();
        let mut piece = vec![0; 1 << 16];
        loop {
            match file.read(&mut piece).map_err(cannot)? {
                0 => break,
                read => sha256.update(&piece[..read]),
            }
        }
        self.add(&name, &sha256.finalize());
        Ok(())
    }

    fn add(&self, name: &str, digest: &[u8]) {
        let mut sha256 = String::new();
        for byte in digest {
            // Writing to a string cannot fail.
            let _ = write!(sha256, "{byte:02x}");
        }
        let input = InputFile { name: name.to_owned(), sha256 };
        let mut inputs = self.inputs.borrow_mut();
        if !inputs.contains(&input) {
            inputs.push(input);
        }
    }

    fn text(&self, path: &Path, place: &Place) -> Result<String, Problem> {
        let name = path.to_string_lossy();
        let cannot = |why: &str| match *place.source == *name {
            true => place.problem(format!("cannot be read: {why}")),
            false => place.problem(format!("cannot read {name}: {why}")),
        };
        let mut bytes = Vec::new();
        let size = File::open(path)
            .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
            .map_err(|error| cannot(&said(&error)))?;
        if size as u64 > LARGEST {
            return Err(cannot("it is larger than 16 MiB"));
        }
        let digest = Sha256::digest(&bytes);
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = 1 + error.as_bytes()[..error.utf8_error().valid_up_to()]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
            cannot(&format!("it is no text: line {line} is not UTF-8"))
        })?;
        self.add(&name, &digest);
        Ok(text)
    }
}

/// Why a file could not be opened.
pub(super) fn said(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::IsADirectory => "it is a folder".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string(),
    }
}

/// The path of a file that is named in another: from where that one stands.
pub(super) fn beside(source: &Source, file: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for part in source.folder.join(file).components() {
        match (part, path.components().next_back()) {
            (Component::ParentDir, Some(Component::Normal(_))) => {
                path.pop();
            }
            (Component::CurDir, _) => {}
            _ => path.push(part),
        }
    }
    path
}
