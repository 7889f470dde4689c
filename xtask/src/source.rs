//! The workspace as text: its files, read once, tests told apart from the rest.
//!
//! Understands no Rust. A test module is what follows `#[cfg(test)]` in a file; that a file under `tests/`
//! or `benches/` is no product code is told by its path.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the workspace").into()
}

/// A file of the workspace.
#[derive(Clone, Debug)]
pub struct File {
    /// Relative to the root, with forward slashes.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl File {
    /// The crate or folder that it stands in.
    pub fn house(&self) -> &str {
        self.path.split('/').next().unwrap_or("")
    }

    /// Whether none of it is product code.
    pub fn is_test(&self) -> bool {
        ["/tests/", "/benches/"].iter().any(|folder| self.path.contains(folder))
    }

    /// The part that is product code.
    pub fn product(&self) -> &str {
        if self.is_test() { "" } else { self.split().0 }
    }

    /// The part that is tests.
    pub fn tests(&self) -> &str {
        if self.is_test() { &self.text } else { self.split().1 }
    }

    fn split(&self) -> (&str, &str) {
        self.text.split_at(self.text.find("\n#[cfg(test)]").unwrap_or(self.text.len()))
    }
}

/// Every tracked kind of file in the workspace with one of these endings, sorted by path.
pub fn files(endings: &[&str]) -> io::Result<Vec<File>> {
    let mut files = Vec::new();
    collect(&root(), &root(), endings, &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(root: &Path, folder: &Path, endings: &[&str], files: &mut Vec<File>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            let skipped = matches!(name, "target" | "results" | ".git" | "snapshots");
            if !skipped {
                collect(root, &path, endings, files)?;
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let relative = relative.to_string_lossy().replace('\\', "/");
            files.push(File { path: relative, text: fs::read_to_string(&path)? });
        }
    }
    Ok(())
}
