//! XML 1.0 with namespaces, as far as a reader of strangers' bytes wants it: a stream of tokens that is
//! well-formed or ends in an error, and never needs more memory than its limits say.
//!
//! `quick-xml` finds where tokens begin and end. What it leaves open is checked here: characters, names,
//! attributes, namespaces, references, the XML declaration and what may stand outside the root. Document
//! type declarations are refused, and with them every entity that a document could declare. Encodings other
//! than UTF-8 are refused. Knows no schema: that is for its callers.

mod attributes;
mod chars;
mod namespaces;
mod references;
mod source;
mod tokens;

use std::fmt;

pub(crate) use chars::{first_forbidden, is_blank};
pub(crate) use tokens::{Malformed, Token, Tokens};

/// The longest tag, comment, processing instruction or piece of text, in bytes.
pub(crate) const MAX_TOKEN: usize = 64 * 1024;
/// How deep elements may nest.
pub(crate) const MAX_DEPTH: usize = 32;
/// How many attributes one element may have, namespace declarations included.
pub(crate) const MAX_ATTRIBUTES: usize = 32;
/// How many namespace declarations may hold at one place.
pub(crate) const MAX_NAMESPACES: usize = 64;
/// The longest document, in bytes: twice a list of 50,000 Zorgaanbieders with ten Gegevensdiensten each.
pub(crate) const MAX_DOCUMENT: u64 = 1024 * 1024 * 1024;

/// A place in a document: line and column as an editor counts them, from 1, columns in characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// Line, from 1.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
}

impl Place {
    pub(crate) const START: Self = Self { line: 1, column: 1 };

    /// The place after these bytes, which begin at this one.
    pub(crate) fn after(self, bytes: &[u8]) -> Self {
        let characters = |bytes: &[u8]| {
            // Every byte of UTF-8 but a continuation begins a character.
            bytes.iter().filter(|byte| *byte & 0b1100_0000 != 0b1000_0000).count() as u64
        };
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        if lines == 0 {
            return Self { column: self.column + characters(bytes), ..self };
        }
        let last = bytes.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        Self { line: self.line + lines, column: 1 + characters(last) }
    }
}

/// Why bytes are no XML document, or none that this program reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum XmlFault {
    /// Reading failed.
    Io(String),
    /// It is in this encoding; only UTF-8 is read.
    Encoding(String),
    /// These are not the bytes of any text in UTF-8.
    NotUtf8,
    /// It is in this version of XML; only 1.0 is read.
    Version(String),
    /// This character may not stand in any XML document.
    Character(char),
    /// It has a document type declaration. None is read, because it can declare entities that grow without
    /// bound or that lead to other files.
    Doctype,
    /// It refers to an entity of this name, which is not one of the five that XML has of itself.
    Entity(String),
    /// Something in it is longer or deeper than this reader goes.
    Limit {
        /// What is limited, and in which unit.
        what: &'static str,
        /// The most there may be.
        limit: u64,
    },
    /// It is not well-formed.
    Syntax(String),
}

impl fmt::Display for XmlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "it could not be read: {error}"),
            Self::Encoding(found) => write!(f, "expected the encoding UTF-8; found {found}"),
            Self::NotUtf8 => write!(f, "expected the encoding UTF-8; found bytes that are not"),
            Self::Version(found) => write!(f, "expected XML 1.0; found version {found:?}"),
            Self::Character(found) => {
                write!(f, "the character U+{:04X} may not stand in XML", u32::from(*found))
            }
            Self::Doctype => {
                write!(
                    f,
                    "a document type declaration is refused, and so are entities declared in it"
                )
            }
            Self::Entity(name) => write!(
                f,
                "expected one of &amp; &lt; &gt; &apos; &quot; or a character's number; found &{name};"
            ),
            Self::Limit { what, limit } => write!(f, "expected at most {limit} {what}; found more"),
            Self::Syntax(what) => write!(f, "not well-formed XML: {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_as_an_editor_does() {
        let after = |text: &str| Place::START.after(text.as_bytes());
        assert_eq!(after("abc"), Place { line: 1, column: 4 });
        assert_eq!(after("a\n"), Place { line: 2, column: 1 });
        assert_eq!(after("a\r\n\nAllergie\u{eb}n"), Place { line: 3, column: 11 });
    }
}
