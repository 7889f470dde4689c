//! A document as a stream of tokens: elements begin and end, text stands between.
//!
//! Comments and processing instructions are checked and passed over. An element without content is one that
//! begins and ends. Text may come in pieces, and white space is text.

use std::io::BufRead;

use quick_xml::{Error, errors::SyntaxError, events::Event, reader::Reader};

use super::{
    MAX_ATTRIBUTES, MAX_DEPTH, Place, XmlFault,
    attributes::Attributes,
    chars::{first_forbidden, is_blank, is_ncname, split_qname},
    namespaces::Namespaces,
    references,
    source::{Exhausted, Source},
};

/// What comes next in a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Token {
    /// An element begins: [`Tokens::namespace`], [`Tokens::local`] and [`Tokens::attributes`] describe it.
    Start,
    /// The innermost element ends.
    End,
    /// A piece of its text: [`Tokens::text`].
    Text,
    /// The document has ended, and was well-formed.
    Eof,
}

/// Where and why a document cannot be read any further.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Malformed {
    pub(crate) place: Place,
    pub(crate) fault: XmlFault,
}

/// An attribute that declares no namespace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Attribute {
    /// Empty if it has none.
    pub(crate) namespace: String,
    pub(crate) local: String,
}

/// The tokens of one document.
pub(crate) struct Tokens<R> {
    reader: Reader<Source<R>>,
    /// The bytes of one token, as they stand.
    raw: Vec<u8>,
    /// Where the current token begins.
    place: Place,
    /// Where the next one begins.
    next_place: Place,
    state: State,
}

/// All that reading tokens leaves behind.
#[derive(Default)]
struct State {
    /// Whether anything stood before, if only white space: then it is too late for an XML declaration.
    begun: bool,
    root_seen: bool,
    /// How many elements are open.
    depth: usize,
    /// The current element has no content; its end is still to be told.
    empty: bool,
    namespaces: Namespaces,
    namespace: String,
    local: String,
    attributes: Vec<Attribute>,
    text: String,
}

impl<R: BufRead> Tokens<R> {
    /// The tokens of the document that these bytes are.
    pub(crate) fn of(bytes: R) -> Result<Self, Malformed> {
        let place = Place::START;
        let source = Source::new(bytes).map_err(|fault| Malformed { place, fault })?;
        Ok(Self {
            reader: Reader::from_reader(source),
            raw: Vec::new(),
            place,
            next_place: place,
            state: State::default(),
        })
    }

    /// The next token. After an error there is no more to be had from the document.
    pub(crate) fn next(&mut self) -> Result<Token, Malformed> {
        if self.state.empty {
            self.state.empty = false;
            self.state.end();
            return Ok(Token::End);
        }
        loop {
            self.place = self.next_place;
            self.raw.clear();
            self.reader.get_mut().begin_token();
            let read = match self.reader.read_event_into(&mut self.raw) {
                Ok(event) => self.state.take(&event),
                Err(error) => Err(explained(error)),
            };
            match read {
                Ok(token) => {
                    self.next_place = self.place.after(&self.raw);
                    if let Some(token) = token {
                        return Ok(token);
                    }
                }
                Err(fault) => return Err(self.malformed(fault)),
            }
        }
    }

    /// Where the current token begins.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// The namespace of the element that began last; empty if it has none.
    pub(crate) fn namespace(&self) -> &str {
        &self.state.namespace
    }

    /// The name, without prefix, of the element that began last.
    pub(crate) fn local(&self) -> &str {
        &self.state.local
    }

    /// The attributes of the element that began last.
    pub(crate) fn attributes(&self) -> &[Attribute] {
        &self.state.attributes
    }

    /// The current piece of text, with line ends and references as what they stand for.
    pub(crate) fn text(&self) -> &str {
        &self.state.text
    }

    /// Points as exactly as it can: at the byte or the character that is wrong, else at the token.
    fn malformed(&self, fault: XmlFault) -> Malformed {
        // A document type declaration may be longer than a token: then that is the better thing to say.
        if self.raw.starts_with(b"<!DOCTYPE") {
            return Malformed { place: self.place, fault: XmlFault::Doctype };
        }
        let before = match (&fault, std::str::from_utf8(&self.raw)) {
            (XmlFault::NotUtf8, Err(error)) => error.valid_up_to(),
            (XmlFault::Character(found), Ok(text)) => text.find(*found).unwrap_or(0),
            _ => 0,
        };
        Malformed { place: self.place.after(&self.raw[..before]), fault }
    }
}

/// What the tokenizer's error means to a reader of the document.
fn explained(error: Error) -> XmlFault {
    match error {
        Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(exhausted) => Exhausted::fault(*exhausted),
            None => XmlFault::Io(error.to_string()),
        },
        Error::Encoding(_) => XmlFault::NotUtf8,
        Error::Syntax(SyntaxError::UnclosedDoctype) => XmlFault::Doctype,
        Error::Syntax(error) => XmlFault::Syntax(error.to_string()),
        Error::IllFormed(error) => XmlFault::Syntax(error.to_string()),
        error => XmlFault::Syntax(error.to_string()),
    }
}

fn wrong(what: impl Into<String>) -> XmlFault {
    XmlFault::Syntax(what.into())
}

impl State {
    /// Takes one event of the tokenizer; `None` if it is nothing that callers want to know.
    fn take(&mut self, event: &Event<'_>) -> Result<Option<Token>, XmlFault> {
        let first = !self.begun;
        self.begun = true;
        match event {
            Event::Start(tag) => self.start(tag, tag.name().as_ref()).map(Some),
            Event::Empty(tag) => {
                self.empty = true;
                self.start(tag, tag.name().as_ref()).map(Some)
            }
            Event::End(_) => {
                self.end();
                Ok(Some(Token::End))
            }
            Event::Text(text) => self.character_data(text),
            Event::CData(text) => {
                self.inside_root("a CDATA section")?;
                allowed(text)?;
                self.set_text(text);
                Ok(Some(Token::Text))
            }
            Event::GeneralRef(reference) => {
                self.inside_root("a reference")?;
                self.text.clear();
                self.text.push(references::character(reference)?);
                Ok(Some(Token::Text))
            }
            Event::Comment(text) => {
                allowed(text)?;
                if text.contains("--") || text.ends_with('-') {
                    return Err(wrong("-- in a comment"));
                }
                Ok(None)
            }
            Event::PI(instruction) => {
                allowed(instruction)?;
                let target = instruction.target();
                if !is_ncname(target) || target.eq_ignore_ascii_case("xml") {
                    return Err(wrong("a processing instruction without a proper target"));
                }
                Ok(None)
            }
            Event::Decl(declaration) if first => {
                allowed(declaration)?;
                check_declaration(declaration)?;
                Ok(None)
            }
            Event::Decl(_) => Err(wrong("an XML declaration that is not at the very beginning")),
            Event::DocType(_) => Err(XmlFault::Doctype),
            Event::Eof if self.depth > 0 => Err(wrong("the document ends before its elements do")),
            Event::Eof if !self.root_seen => Err(wrong("a document without any element")),
            Event::Eof => Ok(Some(Token::Eof)),
        }
    }

    fn start(&mut self, tag: &str, name: &str) -> Result<Token, XmlFault> {
        allowed(tag)?;
        if self.depth == 0 && self.root_seen {
            return Err(wrong("a second element beside the root"));
        }
        self.root_seen = true;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(XmlFault::Limit {
                what: "elements within each other",
                limit: MAX_DEPTH as u64,
            });
        }
        let (prefix, local) =
            split_qname(name).ok_or_else(|| wrong("an element without a proper name"))?;
        self.attributes.clear();
        if tag.len() > name.len() {
            self.read_attributes(&tag[name.len()..])?;
        }
        let namespace = self.namespaces.of(prefix).ok_or_else(|| undeclared(prefix))?;
        if self.namespace != namespace {
            self.namespace = namespace.into();
        }
        self.local.clear();
        self.local.push_str(local);
        Ok(Token::Start)
    }

    fn read_attributes(&mut self, rest: &str) -> Result<(), XmlFault> {
        let mut plain: Vec<(&str, &str)> = Vec::new();
        let mut declared: Vec<&str> = Vec::new();
        for attribute in Attributes::of(rest) {
            let attribute = attribute?;
            if plain.len() + declared.len() == MAX_ATTRIBUTES {
                return Err(XmlFault::Limit {
                    what: "attributes of one element",
                    limit: MAX_ATTRIBUTES as u64,
                });
            }
            let prefix_declared = match (attribute.prefix, attribute.local) {
                ("xmlns", prefix) => Some(prefix),
                ("", "xmlns") => Some(""),
                _ => None,
            };
            match prefix_declared {
                Some(prefix) => {
                    if declared.contains(&prefix) {
                        return Err(twice("xmlns"));
                    }
                    declared.push(prefix);
                    self.namespaces.declare(self.depth, prefix, &attribute.value)?;
                }
                None => plain.push((attribute.prefix, attribute.local)),
            }
        }
        // Only now, because a declaration may stand after what it is meant for.
        for (prefix, local) in plain {
            // The default namespace is for elements only.
            let namespace = match prefix {
                "" => "",
                prefix => self.namespaces.of(prefix).ok_or_else(|| undeclared(prefix))?,
            };
            let attribute = Attribute { namespace: namespace.into(), local: local.into() };
            if self.attributes.contains(&attribute) {
                return Err(twice(local));
            }
            self.attributes.push(attribute);
        }
        Ok(())
    }

    fn end(&mut self) {
        self.namespaces.leave(self.depth);
        // The tokenizer has refused an end without a beginning.
        self.depth = self.depth.saturating_sub(1);
    }

    fn character_data(&mut self, text: &str) -> Result<Option<Token>, XmlFault> {
        allowed(text)?;
        if text.contains("]]>") {
            return Err(wrong("]]> in text"));
        }
        if self.depth == 0 {
            return if is_blank(text) { Ok(None) } else { Err(wrong("text outside the root")) };
        }
        self.set_text(text);
        Ok(Some(Token::Text))
    }

    fn inside_root(&self, what: &str) -> Result<(), XmlFault> {
        if self.depth > 0 { Ok(()) } else { Err(wrong(format!("{what} outside the root"))) }
    }

    /// Keeps a piece of text, every line end as one line feed (XML 1.0 §2.11).
    fn set_text(&mut self, text: &str) {
        self.text.clear();
        let mut rest = text;
        while let Some((line, after)) = rest.split_once('\r') {
            self.text.push_str(line);
            self.text.push('\n');
            rest = after.strip_prefix('\n').unwrap_or(after);
        }
        self.text.push_str(rest);
    }
}

fn allowed(text: &str) -> Result<(), XmlFault> {
    first_forbidden(text).map_or(Ok(()), |character| Err(XmlFault::Character(character)))
}

fn undeclared(prefix: &str) -> XmlFault {
    wrong(format!("the prefix {prefix:?} is not declared"))
}

fn twice(name: &str) -> XmlFault {
    wrong(format!("the attribute {name:?} twice"))
}

/// `xml version="1.0" encoding="UTF-8" standalone="no"`, the last two of which may be left out (XML 1.0 §2.8).
fn check_declaration(declaration: &str) -> Result<(), XmlFault> {
    let rest = declaration.strip_prefix("xml").unwrap_or(declaration);
    let mut parts = Attributes::of(rest).peekable();
    let mut part = |wanted: &str| match parts.peek() {
        Some(Ok(found)) if found.prefix.is_empty() && found.local == wanted => {
            parts.next().and_then(Result::ok).map(|found| found.value.into_owned())
        }
        _ => None,
    };
    let version = part("version").ok_or_else(|| wrong("an XML declaration without a version"))?;
    if version != "1.0" {
        return Err(XmlFault::Version(version.chars().take(60).collect()));
    }
    if let Some(encoding) = part("encoding")
        && !encoding.eq_ignore_ascii_case("UTF-8")
    {
        return Err(XmlFault::Encoding(encoding.chars().take(60).collect()));
    }
    if let Some(standalone) = part("standalone")
        && !matches!(standalone.as_str(), "yes" | "no")
    {
        return Err(wrong("standalone is yes or no"));
    }
    match parts.next() {
        None => Ok(()),
        Some(Err(fault)) => Err(fault),
        Some(Ok(_)) => {
            Err(wrong("an XML declaration with more than version, encoding, standalone"))
        }
    }
}

#[cfg(test)]
mod tests;
