//! Writing a list: indented, without prefixes, in UTF-8, as the published examples are.
//!
//! What the schema of the format does not take is an error before anything is written. What stands on each list
//! is said in the modules of the lists.

use std::{collections::BTreeSet, error, fmt, io};

use protocol::register::ListKind;

use super::{
    document::{Header, ListDocument, ListFormat},
    fault::{Path, kept},
    gnl, ocl,
    tag::{SCHEMA_INSTANCE, Tag, namespace, root},
    value::{Facet, check},
    whitelist, zal,
};
use crate::xml::first_forbidden;

/// Writes a list in this format, whichever it was read as.
///
/// # Errors
///
/// What stands on it and does not fit the format; then nothing was written. Or that writing failed.
pub fn write(
    document: &ListDocument,
    format: ListFormat,
    out: impl io::Write,
) -> Result<(), WriteError> {
    emit(document, &mut Emitter::new(io::sink(), format))?;
    emit(document, &mut Emitter::new(io::BufWriter::new(out), format))
}

fn emit<W: io::Write>(document: &ListDocument, out: &mut Emitter<W>) -> Result<(), WriteError> {
    let kind = document.kind();
    if !out.format.has(kind) {
        return Err(WriteError::NoSuchFormat { kind, format: out.format });
    }
    out.root(kind, |out| match document {
        ListDocument::Zal(zal) => zal::write(zal, out),
        ListDocument::Whitelist(whitelist) => whitelist::write(whitelist, out),
        ListDocument::OauthClients(clients) => ocl::write(clients, out),
        ListDocument::Gegevensdiensten(diensten) => gnl::write(diensten, out),
    })
}

/// Why a list was not written.
#[derive(Debug)]
pub enum WriteError {
    /// Writing failed; a part may have been written.
    Io(io::Error),
    /// It is not known how this list looks in this format.
    NoSuchFormat {
        /// The list.
        kind: ListKind,
        /// The format.
        format: ListFormat,
    },
    /// A value that its element cannot have.
    Value {
        /// In which element.
        path: Path,
        /// What it should have been.
        expected: Facet,
        /// What it is.
        found: String,
    },
    /// A character that may stand in no XML.
    Character {
        /// In which element.
        path: Path,
        /// The character.
        found: char,
    },
    /// A value that stands on the list before, where each may stand once.
    Twice {
        /// In which element.
        path: Path,
        /// The value.
        found: String,
    },
    /// The format demands an element that the document does not have.
    Lacks {
        /// Within which element.
        path: Path,
        /// The element.
        element: &'static str,
    },
    /// The document has an element that the format does not have.
    HasNo {
        /// Within which element.
        path: Path,
        /// The element.
        element: &'static str,
    },
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl error::Error for WriteError {}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the list could not be written: {error}"),
            Self::NoSuchFormat { kind, format } => write!(
                f,
                "it is not known how the list {:?} looks in the format of release {format}",
                kind.name()
            ),
            Self::Value { path, expected, found } => {
                write!(f, "{path}: expected {expected}; found {found:?}")
            }
            Self::Character { path, found } => {
                write!(f, "{path}: the character U+{:04X} may not stand in XML", u32::from(*found))
            }
            Self::Twice { path, found } => {
                write!(f, "{path}: expected each one once; found {found:?} again")
            }
            Self::Lacks { path, element } => {
                write!(f, "{path}: expected <{element}>; the document has none")
            }
            Self::HasNo { path, element } => {
                write!(f, "{path}: the format has no <{element}>; the document has")
            }
        }
    }
}

/// Values of which each may be written once.
#[derive(Default)]
pub(super) struct Unique<'a>(BTreeSet<&'a str>);

/// A list while it is written.
pub(super) struct Emitter<W> {
    out: W,
    format: ListFormat,
    path: Path,
}

impl<W: io::Write> Emitter<W> {
    fn new(out: W, format: ListFormat) -> Self {
        Self { out, format, path: Path::default() }
    }

    /// The format that is written.
    pub(super) fn format(&self) -> ListFormat {
        self.format
    }

    fn root(
        &mut self,
        kind: ListKind,
        content: impl FnOnce(&mut Self) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let (tag, namespace) = (root(kind), namespace(kind, self.format));
        let name = tag.name();
        writeln!(self.out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(
            self.out,
            r#"<{name} xmlns="{namespace}" xmlns:xsi="{SCHEMA_INSTANCE}" xsi:schemaLocation="{namespace} MedMij_{name}.xsd">"#
        )?;
        self.path.enter(tag, None);
        content(self)?;
        self.path.leave();
        writeln!(self.out, "</{name}>")?;
        Ok(self.out.flush()?)
    }

    /// Tijdstempel and Volgnummer.
    pub(super) fn header(&mut self, header: &Header) -> Result<(), WriteError> {
        self.value(Tag::Tijdstempel, &header.published.to_string())?;
        self.value(Tag::Volgnummer, &header.number.to_string())
    }

    /// An element with elements in it.
    pub(super) fn element(
        &mut self,
        tag: Tag,
        content: impl FnOnce(&mut Self) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        self.numbered(tag, None, content)
    }

    /// An element with elements in it for each of these.
    pub(super) fn each<'a, T>(
        &mut self,
        tag: Tag,
        all: &'a [T],
        mut content: impl FnMut(&mut Self, &'a T) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        for (place, one) in all.iter().enumerate() {
            self.numbered(tag, Some(place + 1), |out| content(out, one))?;
        }
        Ok(())
    }

    /// The format demands at least one of these.
    pub(super) fn demand_one<T>(&self, tag: Tag, all: &[T]) -> Result<(), WriteError> {
        if all.is_empty() { Err(self.lacks(tag)) } else { Ok(()) }
    }

    /// An element with a value in it.
    pub(super) fn value(&mut self, tag: Tag, text: &str) -> Result<(), WriteError> {
        self.numbered_value(tag, None, text, None)
    }

    /// An element with a value in it that stands on the list once.
    pub(super) fn value_once<'a>(
        &mut self,
        tag: Tag,
        text: &'a str,
        unique: &mut Unique<'a>,
    ) -> Result<(), WriteError> {
        self.numbered_value(tag, None, text, Some(unique))
    }

    /// An element with a value in it for each of these, each of which stands on the list once.
    pub(super) fn each_value_once(&mut self, tag: Tag, all: &[String]) -> Result<(), WriteError> {
        let mut unique = Unique::default();
        for (place, text) in all.iter().enumerate() {
            self.numbered_value(tag, Some(place + 1), text, Some(&mut unique))?;
        }
        Ok(())
    }

    /// The format demands this element, which the document does not have.
    pub(super) fn lacks(&self, tag: Tag) -> WriteError {
        WriteError::Lacks { path: self.path.clone(), element: tag.name() }
    }

    /// The document has this element, which the format does not have.
    pub(super) fn has_no(&self, tag: Tag) -> WriteError {
        WriteError::HasNo { path: self.path.clone(), element: tag.name() }
    }

    fn numbered(
        &mut self,
        tag: Tag,
        number: Option<usize>,
        content: impl FnOnce(&mut Self) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        self.indent()?;
        writeln!(self.out, "<{}>", tag.name())?;
        self.path.enter(tag, number);
        content(self)?;
        self.path.leave();
        self.indent()?;
        Ok(writeln!(self.out, "</{}>", tag.name())?)
    }

    fn numbered_value<'a>(
        &mut self,
        tag: Tag,
        number: Option<usize>,
        text: &'a str,
        unique: Option<&mut Unique<'a>>,
    ) -> Result<(), WriteError> {
        self.path.enter(tag, number);
        self.judge(tag, text)?;
        if let Some(unique) = unique
            && !unique.0.insert(text)
        {
            return Err(WriteError::Twice { path: self.path.clone(), found: kept(text) });
        }
        self.path.leave();
        self.indent()?;
        write!(self.out, "<{}>", tag.name())?;
        self.escape(text)?;
        Ok(writeln!(self.out, "</{}>", tag.name())?)
    }

    fn judge(&self, tag: Tag, text: &str) -> Result<(), WriteError> {
        let path = || self.path.clone();
        if let Some(found) = first_forbidden(text) {
            return Err(WriteError::Character { path: path(), found });
        }
        check(tag, text, self.format).map_err(|expected| WriteError::Value {
            path: path(),
            expected,
            found: kept(text),
        })
    }

    fn indent(&mut self) -> io::Result<()> {
        (0..self.path.depth()).try_for_each(|_| self.out.write_all(b"    "))
    }

    fn escape(&mut self, text: &str) -> io::Result<()> {
        let mut rest = text;
        while let Some(special) = rest.find(['&', '<', '>', '\r']) {
            let (plain, from) = rest.split_at(special);
            self.out.write_all(plain.as_bytes())?;
            self.out.write_all(match from.as_bytes()[0] {
                b'&' => b"&amp;",
                b'<' => b"&lt;",
                // Because of ]]>, which may not stand in text.
                b'>' => b"&gt;",
                // Bare, a reader would take it for a line end.
                _ => b"&#13;",
            })?;
            rest = &from[1..];
        }
        self.out.write_all(rest.as_bytes())
    }
}
