//! What is wrong with a list, and where.

use std::{error, fmt};

use super::{document::ListFormat, tag::Tag, value::Facet};
use crate::xml::{Malformed, Place, XmlFault};

/// How many problems of one list are kept; of the others only how many there were.
const KEPT: usize = 20;
/// How many characters of what was found are shown.
const SHOWN: usize = 100;

/// Why a list was not read: at least one problem.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ListError {
    /// The first problems, in the order of the document, and the one that ended the reading, if one did.
    pub problems: Vec<Problem>,
    /// How many more there were.
    pub more: usize,
}

/// One thing that is wrong with a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Where in the text.
    pub place: Place,
    /// In which element; empty outside the root.
    pub path: Path,
    /// What.
    pub fault: Fault,
}

/// What can be wrong with a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It is no XML that this program reads.
    Xml(XmlFault),
    /// Its root element is of no list; found this one.
    UnknownList(String),
    /// It is a Zorgaanbiederskoppellijst, which this program does not use yet.
    NotUsedYet,
    /// It was to be in this format, in which it is not known how such a list looks.
    NoSuchFormat(ListFormat),
    /// It was to be in this format, but its namespace is that of another.
    OtherFormat(ListFormat),
    /// Something else stands where an element should, or where nothing should.
    Element {
        /// The element that should stand there; none where the element around it should end.
        expected: Option<&'static str>,
        /// What does.
        found: Found,
    },
    /// An attribute that the schema does not have; its name.
    Attribute(String),
    /// A value that its element cannot have.
    Value {
        /// What it should have been.
        expected: Facet,
        /// What it is.
        found: String,
    },
    /// A value that stands on the list before, where each may stand once.
    Twice {
        /// The value.
        found: String,
        /// The line where it stands first.
        first: u64,
    },
}

/// What stands where something else should.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// The beginning of this element; with its namespace in braces if that is another than the list's.
    Element(String),
    /// This text.
    Text(String),
    /// The end of the element around it.
    End,
}

impl Fault {
    /// Whether the schema would take the list all the same: then the demand is this program's own.
    pub fn beyond_schema(&self) -> bool {
        matches!(self, Self::Value { expected, .. } if !expected.is_of_schema())
    }
}

impl ListError {
    pub(super) fn push(&mut self, problem: Problem) {
        if self.problems.len() < KEPT {
            self.problems.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// The reason why reading stops is always kept.
    pub(super) fn push_last(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// How many there are, kept or not.
    pub(super) fn count(&self) -> usize {
        self.problems.len() + self.more
    }

    pub(super) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }
}

impl From<Malformed> for ListError {
    fn from(malformed: Malformed) -> Self {
        let Malformed { place, fault } = malformed;
        let problem = Problem { place, path: Path::default(), fault: Fault::Xml(fault) };
        Self { problems: vec![problem], more: 0 }
    }
}

impl error::Error for ListError {}

impl fmt::Display for ListError {
    /// A line for each problem that was kept, and one for the number of others.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.problems.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.place.line, self.place.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        self.fault.fmt(f)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xml(fault) => fault.fmt(f),
            Self::UnknownList(found) => write!(
                f,
                "expected a Zorgaanbiederslijst, Whitelist, OAuthclientlist or Gegevensdienstnamenlijst in its \
                 namespace; found <{}>",
                clipped(found)
            ),
            Self::NotUsedYet => f.write_str(
                "expected a Zorgaanbiederslijst, Whitelist, OAuthclientlist or Gegevensdienstnamenlijst; found a \
                 Zorgaanbiederskoppellijst, which this program does not use yet",
            ),
            Self::NoSuchFormat(asked) => {
                write!(f, "it is not known how this list looks in the format of release {asked}")
            }
            Self::OtherFormat(asked) => {
                write!(f, "expected the format of release {asked}; found the namespace of another")
            }
            Self::Element { expected: Some(expected), found } => {
                write!(f, "expected <{expected}>; found {found}")
            }
            Self::Element { expected: None, found } => {
                write!(f, "expected nothing more in here; found {found}")
            }
            Self::Attribute(name) => write!(
                f,
                "expected no attribute but xsi:schemaLocation; found {}",
                quoted(name)
            ),
            Self::Value { expected, found } => {
                write!(f, "expected {expected}; found {}", quoted(found))
            }
            Self::Twice { found, first } => {
                write!(f, "expected each one once; found {} again, first on line {first}", quoted(found))
            }
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Element(name) => write!(f, "<{}>", clipped(name)),
            Self::Text(text) => write!(f, "the text {}", quoted(text)),
            Self::End => f.write_str("the end of the element around it"),
        }
    }
}

/// As much of a stranger's text as an error keeps.
pub(super) fn kept(text: &str) -> String {
    text.chars().take(SHOWN + 1).collect()
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text.into(),
    }
}

fn quoted(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}\u{2026}", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The way from the root of a list to one of its elements.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Path(Vec<Step>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Step {
    tag: Tag,
    /// Its number among its like, from 1; none where there is only one.
    number: Option<usize>,
}

impl Path {
    pub(super) fn enter(&mut self, tag: Tag, number: Option<usize>) {
        self.0.push(Step { tag, number });
    }

    pub(super) fn leave(&mut self) {
        self.0.pop();
    }

    pub(super) fn depth(&self) -> usize {
        self.0.len()
    }

    /// Whether it leads nowhere: outside the root.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Path {
    /// `Zorgaanbieders/Zorgaanbieder[3]/Zorgaanbiedernaam`; the root is named only where it is all there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below_root = if self.0.len() > 1 { &self.0[1..] } else { &self.0 };
        for (place, step) in below_root.iter().enumerate() {
            if place > 0 {
                f.write_str("/")?;
            }
            f.write_str(step.tag.name())?;
            if let Some(number) = step.number {
                write!(f, "[{number}]")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::names::NameFault;

    fn problem(line: u64) -> Problem {
        let mut path = Path::default();
        path.enter(Tag::Zorgaanbiederslijst, None);
        path.enter(Tag::Zorgaanbieders, None);
        path.enter(Tag::Zorgaanbieder, Some(3));
        path.enter(Tag::Zorgaanbiedernaam, None);
        let expected = Facet::Name(NameFault::ZorgaanbiedernaamLength);
        let fault = Fault::Value { expected, found: "ab@medmij".into() };
        Problem { place: Place { line, column: 7 }, path, fault }
    }

    #[test]
    fn a_problem_says_where_it_is_what_was_expected_and_what_was_found() {
        assert_eq!(
            problem(12).to_string(),
            "line 12, column 7: Zorgaanbieders/Zorgaanbieder[3]/Zorgaanbiedernaam: \
             expected 10 to 57 characters, @medmij included; found \"ab@medmij\""
        );
    }

    #[test]
    fn only_the_first_problems_are_kept_and_the_others_counted() {
        let mut error = ListError::default();
        for line in 1..=50 {
            error.push(problem(line));
        }
        let told = error.to_string();
        assert_eq!(told.lines().count(), KEPT + 1);
        assert!(told.ends_with("\nand 30 more"), "{told}");
    }

    #[test]
    fn a_long_text_is_cut_short_and_an_odd_one_is_made_visible() {
        let fault = Fault::Attribute("\u{eb}".repeat(200));
        assert!(fault.to_string().chars().count() < 180);
        let fault = Fault::Value { expected: Facet::Positive, found: "1\n\u{7}".into() };
        assert_eq!(fault.to_string(), "expected a whole number from 1; found \"1\\n\\u{7}\"");
    }
}
