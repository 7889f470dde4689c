//! What is wrong with what somebody gave us, and where.
//!
//! Every complaint about a file, a flag or a value names the place, what was found and what would do. Does
//! not decide how a program ends.

use std::{fmt, sync::Arc};

/// Where something was written: a line of a file, or a flag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file as its reader named it, or the flag: `scenarios/peak.toml`, `--set`.
    pub source: Arc<str>,
    /// Line, from 1; none where a line says nothing.
    pub line: Option<u32>,
    /// The key: `persons.login`, `fault.0.host`; empty for the file as a whole.
    pub key: String,
}

/// A value, and where it was written.
#[derive(Clone, PartialEq, Debug)]
pub struct Located<T> {
    /// What.
    pub value: T,
    /// Where.
    pub place: Place,
}

/// One complaint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What would do, and what was found instead: one sentence without a full stop.
    pub text: String,
    /// What was probably meant.
    pub hint: Option<String>,
}

/// Everything that is wrong: at least one complaint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problems(pub Vec<Problem>);

impl Place {
    /// A file or a flag as a whole.
    pub fn whole(source: impl Into<Arc<str>>) -> Self {
        Self { source: source.into(), line: None, key: String::new() }
    }

    /// The problem that something else was expected here.
    pub fn expected(&self, expected: impl fmt::Display, found: impl fmt::Display) -> Problem {
        self.problem(format!("expected {expected}; found {found}"))
    }

    /// A problem here.
    pub fn problem(&self, text: impl Into<String>) -> Problem {
        Problem { place: self.clone(), text: text.into(), hint: None }
    }
}

impl Problem {
    /// The same, with what was probably meant.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
impl std::error::Error for Problems {}
