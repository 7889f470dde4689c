//! Reading a list: which one it is, and the judgement that all of them share.
//!
//! [`ListReader`] goes through the elements in the order that a schema gives them. What stands in the wrong
//! place is reported and passed over, so that one fault does not hide the next; only where the XML itself
//! breaks off does reading stop. What each list has on it is said in the modules of the lists.

use std::{collections::BTreeMap, io::BufRead};

use protocol::register::ListKind;

use super::{
    document::{Header, ListDocument, ListFormat},
    fault::{Fault, Found, ListError, Path, Problem, kept},
    gnl, ocl,
    tag::{SCHEMA_INSTANCE, Tag, namespace, root},
    timestamp::Timestamp,
    value::{check, positive},
    whitelist, zal,
};
use crate::xml::{Malformed, Place, Token, Tokens, XmlFault, is_blank};

/// The longest value of an element, in bytes. The schemas set no limit to URIs, and that of release 1.0 none to
/// identifiers.
const MAX_VALUE: usize = 8 * 1024;

/// Reads a list, whichever it is and in whichever format. Where its namespace and shape fit those of release 1.0
/// and 1.1 alike, it is judged as one of 1.1, or of 1.0 if only that takes the lengths of its identifiers.
///
/// # Errors
///
/// Everything that is wrong with it, the first twenty problems in full.
pub fn read(bytes: impl BufRead) -> Result<ListDocument, ListError> {
    ListReader::of(bytes)?.read(None)
}

/// Reads a list, whichever it is, and judges it by the schema of this format.
///
/// # Errors
///
/// Everything that is wrong with it, the first twenty problems in full.
pub fn read_as(format: ListFormat, bytes: impl BufRead) -> Result<ListDocument, ListError> {
    ListReader::of(bytes)?.read(Some(format))
}

/// Reads a list as [`read`] does. Gives also the values that stand on it with their lines, in the order of the
/// document, as far as it was read.
pub fn read_with_values(bytes: impl BufRead) -> (Result<ListDocument, ListError>, Vec<Value>) {
    let mut list = match ListReader::of(bytes) {
        Ok(list) => list,
        Err(error) => return (Err(error), Vec::new()),
    };
    list.values = Some(Vec::new());
    let read = list.document(None);
    let values = list.values.take().unwrap_or_default();
    match read {
        Ok(document) if list.problems.is_empty() => (Ok(document), values),
        Ok(_) | Err(Stop) => (Err(list.problems), values),
    }
}

/// A value on a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Value {
    /// The element that has it: `Zorgaanbiedernaam`.
    pub element: &'static str,
    /// The value.
    pub text: String,
    /// The line where it begins.
    pub line: u64,
}

/// What a reader that validates nothing makes of a list: what its elements say, and whether it fits its schema. None
/// where it is no known list or its XML breaks off.
pub(super) fn read_unvalidated(bytes: impl BufRead) -> Option<(ListDocument, bool)> {
    let mut list = ListReader::of(bytes).ok()?;
    let document = list.document(None).ok()?;
    Some((document, list.problems.is_empty()))
}

/// Reading cannot go on; the reason is the last of the problems.
pub(super) struct Stop;

/// The elements that may stand in another, in their order.
pub(super) type Sequence = [Tag];

/// Values of which each may stand on the list once (`xs:unique`), with the lines where they stand.
#[derive(Default)]
pub(super) struct Seen(BTreeMap<String, u64>);

/// A list while it is read.
pub(super) struct ListReader<R> {
    tokens: Tokens<R>,
    /// The token that is looked at, not yet taken.
    token: Token,
    namespace: &'static str,
    format: ListFormat,
    /// What `format` may still become, when a value shows it.
    fallback: Option<ListFormat>,
    path: Path,
    problems: ListError,
    /// Where the value that was read last begins.
    value_place: Place,
    /// All values, if somebody wants them.
    values: Option<Vec<Value>>,
}

impl<R: BufRead> ListReader<R> {
    fn of(bytes: R) -> Result<Self, ListError> {
        let mut tokens = Tokens::of(bytes)?;
        let token = tokens.next()?;
        Ok(Self {
            tokens,
            token,
            namespace: "",
            format: ListFormat::R1_1,
            fallback: None,
            path: Path::default(),
            problems: ListError::default(),
            value_place: Place::START,
            values: None,
        })
    }

    fn read(mut self, asked: Option<ListFormat>) -> Result<ListDocument, ListError> {
        match self.document(asked) {
            Ok(document) if self.problems.is_empty() => Ok(document),
            Ok(_) | Err(Stop) => Err(self.problems),
        }
    }

    fn document(&mut self, asked: Option<ListFormat>) -> Result<ListDocument, Stop> {
        let kind = self.settle(asked)?;
        self.open(root(kind), None)?;
        let document = match kind {
            ListKind::Zal => ListDocument::Zal(zal::read(self)?),
            ListKind::Whitelist => ListDocument::Whitelist(whitelist::read(self, asked)?),
            ListKind::OauthClients => ListDocument::OauthClients(ocl::read(self)?),
            ListKind::Gegevensdiensten => ListDocument::Gegevensdiensten(gnl::read(self)?),
        };
        // Then nothing can follow: a document that goes on after its root is not well-formed.
        self.close()?;
        Ok(document)
    }

    /// Which list this is, and in which format it is to be judged.
    fn settle(&mut self, asked: Option<ListFormat>) -> Result<ListKind, Stop> {
        let (found, local) = (self.tokens.namespace(), self.tokens.local());
        if local == "Zorgaanbiederskoppellijst" {
            return Err(self.stop(Fault::NotUsedYet));
        }
        let is_of = |kind, format| {
            local == root(kind).name() && found == namespace(kind, format) && format.has(kind)
        };
        // The newest first, but that of 1.1 before that of 1.4 where nothing tells them apart.
        let known = [ListFormat::R1_1, ListFormat::R1_4, ListFormat::R1_0]
            .into_iter()
            .flat_map(|format| ListKind::ALL.map(|kind| (kind, format)))
            .find(|(kind, format)| is_of(*kind, *format));
        let Some((kind, newest)) = known else {
            return Err(self.stop(Fault::UnknownList(self.element_name())));
        };
        self.format = asked.unwrap_or(newest);
        if !self.format.has(kind) {
            return Err(self.stop(Fault::NoSuchFormat(self.format)));
        }
        self.namespace = namespace(kind, self.format);
        if self.tokens.namespace() != self.namespace {
            return Err(self.stop(Fault::OtherFormat(self.format)));
        }
        let undecided = asked.is_none() && kind == ListKind::Zal && newest == ListFormat::R1_1;
        self.fallback = undecided.then_some(ListFormat::R1_0);
        Ok(kind)
    }

    /// Tijdstempel and Volgnummer, with which every list begins; `sequence` has what comes after them too.
    pub(super) fn header(&mut self, sequence: &Sequence) -> Result<(Timestamp, u32), Stop> {
        let published = self.value(sequence, Tag::Tijdstempel)?;
        let number = self.value(sequence, Tag::Volgnummer)?;
        // Where they were no good that is among the problems, and the list will not be used.
        let published = Timestamp::parse(&published).unwrap_or(Timestamp::from_unix(0, 0));
        Ok((published, positive(&number).unwrap_or(1)))
    }

    /// The header of a list whose end was reached: only then is its format known for sure.
    pub(super) fn headed(&self, (published, number): (Timestamp, u32)) -> Header {
        Header { format: self.format, published, number }
    }

    /// The format by which the list is judged, as far as is known by now.
    pub(super) fn format(&self) -> ListFormat {
        self.format
    }

    /// The list has shown in which format it is.
    pub(super) fn set_format(&mut self, format: ListFormat) {
        self.format = format;
    }

    /// The next element must be this one. Its content is read by `read`; without it the default takes its place.
    pub(super) fn one<T: Default>(
        &mut self,
        sequence: &Sequence,
        tag: Tag,
        read: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let before = self.problems.count();
        match self.optional(sequence, tag, read)? {
            Some(content) => Ok(content),
            None => {
                self.missing(tag, before);
                Ok(T::default())
            }
        }
    }

    /// The next element may be this one.
    pub(super) fn optional<T>(
        &mut self,
        sequence: &Sequence,
        tag: Tag,
        read: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<Option<T>, Stop> {
        if !self.finds(sequence, tag)? {
            return Ok(None);
        }
        self.open(tag, None)?;
        let content = read(self)?;
        self.close()?;
        Ok(Some(content))
    }

    /// From here to the end of the element stand these, any number of them.
    pub(super) fn many<T>(
        &mut self,
        tag: Tag,
        mut read: impl FnMut(&mut Self) -> Result<T, Stop>,
    ) -> Result<Vec<T>, Stop> {
        let mut all = Vec::new();
        while self.finds(&[tag], tag)? {
            self.open(tag, Some(all.len() + 1))?;
            all.push(read(self)?);
            self.close()?;
        }
        Ok(all)
    }

    /// From here to the end of the element stand these, one or more.
    pub(super) fn at_least_one<T>(
        &mut self,
        tag: Tag,
        read: impl FnMut(&mut Self) -> Result<T, Stop>,
    ) -> Result<Vec<T>, Stop> {
        let before = self.problems.count();
        let all = self.many(tag, read)?;
        if all.is_empty() {
            self.missing(tag, before);
        }
        Ok(all)
    }

    /// The next element must be this one, and hold a value that it may have.
    pub(super) fn value(&mut self, sequence: &Sequence, tag: Tag) -> Result<String, Stop> {
        self.one(sequence, tag, |list| list.text(tag))
    }

    /// As [`Self::value`], and not one that was seen before.
    pub(super) fn value_once(
        &mut self,
        sequence: &Sequence,
        tag: Tag,
        seen: &mut Seen,
    ) -> Result<String, Stop> {
        self.one(sequence, tag, |list| {
            let text = list.text(tag)?;
            list.once(&text, seen);
            Ok(text)
        })
    }

    /// The text of the element that was entered, which must be a value that `tag` may have.
    pub(super) fn text(&mut self, tag: Tag) -> Result<String, Stop> {
        let place = self.tokens.place();
        let text = self.leading_text()?;
        self.text_from(text, tag, place)
    }

    /// The text from here to the next element, or to the end of the one that was entered.
    pub(super) fn leading_text(&mut self) -> Result<String, Stop> {
        let mut text = String::new();
        while self.token == Token::Text {
            self.take_text(&mut text)?;
        }
        Ok(text)
    }

    /// As [`Self::text`], where its beginning was read already.
    pub(super) fn text_from(
        &mut self,
        mut text: String,
        tag: Tag,
        place: Place,
    ) -> Result<String, Stop> {
        let before = self.problems.count();
        loop {
            match self.token {
                Token::Text => self.take_text(&mut text)?,
                Token::Start => self.pass_over(None)?,
                Token::End | Token::Eof => break,
            }
        }
        // With elements in it, it is no value to judge.
        if self.problems.count() == before {
            self.judge(tag, &text, place);
        }
        Ok(text)
    }

    fn take_text(&mut self, text: &mut String) -> Result<(), Stop> {
        text.push_str(self.tokens.text());
        if text.len() > MAX_VALUE {
            let limit = MAX_VALUE as u64;
            return Err(
                self.stop(Fault::Xml(XmlFault::Limit { what: "bytes in one value", limit }))
            );
        }
        self.advance()
    }

    /// Reports a value that its element cannot have.
    fn judge(&mut self, tag: Tag, text: &str, place: Place) {
        self.value_place = place;
        if let Some(values) = &mut self.values {
            values.push(Value { element: tag.name(), text: text.into(), line: place.line });
        }
        let Err(expected) = check(tag, text, self.format) else { return };
        if let Some(older) = self.fallback
            && check(tag, text, older).is_ok()
        {
            self.format = older;
            self.fallback = None;
            return;
        }
        self.report(place, Fault::Value { expected, found: kept(text) });
    }

    /// Reports a value that stands on the list before. None of these may be empty, which was reported already.
    pub(super) fn once(&mut self, text: &str, seen: &mut Seen) {
        if text.is_empty() {
            return;
        }
        let line = self.value_place.line;
        match seen.0.get(text) {
            Some(first) => {
                let fault = Fault::Twice { found: kept(text), first: *first };
                self.report(self.value_place, fault);
            }
            None => {
                seen.0.insert(text.into(), line);
            }
        }
    }

    /// Reports that this element does not stand where it must, unless it was said already that something else
    /// stands there: then there are more problems than `before` it was looked for.
    fn missing(&mut self, tag: Tag, before: usize) {
        if self.problems.count() > before {
            return;
        }
        let found = match self.token {
            Token::Start => Found::Element(kept(&self.element_name())),
            Token::Text | Token::End | Token::Eof => Found::End,
        };
        let fault = Fault::Element { expected: Some(tag.name()), found };
        self.report(self.tokens.place(), fault);
    }

    /// Whether the next element is this one. What stands before it and belongs nowhere behind it is reported and
    /// passed over.
    fn finds(&mut self, sequence: &Sequence, tag: Tag) -> Result<bool, Stop> {
        loop {
            match self.token {
                Token::End | Token::Eof => return Ok(false),
                Token::Text if is_blank(self.tokens.text()) => self.advance()?,
                Token::Text => {
                    let place = self.tokens.place();
                    let text = self.leading_text()?;
                    self.expect_blank(&text, place, Some(tag));
                }
                Token::Start if self.is_at(tag) => return Ok(true),
                Token::Start => {
                    let behind = sequence.iter().skip_while(|one| **one != tag).skip(1);
                    if behind.into_iter().any(|one| self.is_at(*one)) {
                        return Ok(false);
                    }
                    self.pass_over(Some(tag))?;
                }
            }
        }
    }

    fn is_at(&self, tag: Tag) -> bool {
        self.tokens.local() == tag.name() && self.tokens.namespace() == self.namespace
    }

    /// Goes into the element that begins here.
    fn open(&mut self, tag: Tag, number: Option<usize>) -> Result<(), Stop> {
        self.path.enter(tag, number);
        self.check_attributes();
        self.advance()
    }

    /// Goes out of the element that was entered, and reports what still stands in it.
    fn close(&mut self) -> Result<(), Stop> {
        loop {
            match self.token {
                Token::Text if is_blank(self.tokens.text()) => self.advance()?,
                Token::Text => {
                    let place = self.tokens.place();
                    let text = self.leading_text()?;
                    self.expect_blank(&text, place, None);
                }
                Token::Start => self.pass_over(None)?,
                Token::End => break,
                Token::Eof => return Ok(()),
            }
        }
        self.path.leave();
        self.advance()
    }

    /// Schemas have no attributes on lists. Every element may say where its schema is, but not that it has no
    /// value, for none is nillable, nor another type, for none has one derived.
    fn check_attributes(&mut self) {
        let odd = self.tokens.attributes().iter().find(|attribute| {
            attribute.namespace != SCHEMA_INSTANCE
                || !matches!(
                    attribute.local.as_str(),
                    "schemaLocation" | "noNamespaceSchemaLocation"
                )
        });
        if let Some(odd) = odd {
            let fault = Fault::Attribute(kept(&full_name(&odd.namespace, &odd.local)));
            self.report(self.tokens.place(), fault);
        }
    }

    /// Between elements stands white space only: reports other text, that began at this place.
    pub(super) fn expect_blank(&mut self, text: &str, place: Place, expected: Option<Tag>) {
        if is_blank(text) {
            return;
        }
        let found = text.trim_start();
        let blank = &text.as_bytes()[..text.len() - found.len()];
        let found = Found::Text(kept(found.trim_end()));
        let fault = Fault::Element { expected: expected.map(Tag::name), found };
        self.report(place.after(blank), fault);
    }

    /// Reports the element that begins here and goes on behind it.
    fn pass_over(&mut self, expected: Option<Tag>) -> Result<(), Stop> {
        let found = Found::Element(kept(&self.element_name()));
        let fault = Fault::Element { expected: expected.map(Tag::name), found };
        self.report(self.tokens.place(), fault);
        let mut depth = 0usize;
        loop {
            match self.token {
                Token::Start => depth += 1,
                Token::End => depth = depth.saturating_sub(1),
                Token::Text => {}
                Token::Eof => return Ok(()),
            }
            self.advance()?;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn advance(&mut self) -> Result<(), Stop> {
        match self.tokens.next() {
            Ok(token) => {
                self.token = token;
                Ok(())
            }
            Err(Malformed { place, fault }) => {
                self.problems.push_last(Problem {
                    place,
                    path: self.path.clone(),
                    fault: Fault::Xml(fault),
                });
                Err(Stop)
            }
        }
    }

    fn element_name(&self) -> String {
        if self.tokens.namespace() == self.namespace {
            self.tokens.local().into()
        } else {
            full_name(self.tokens.namespace(), self.tokens.local())
        }
    }

    fn report(&mut self, place: Place, fault: Fault) {
        self.problems.push(Problem { place, path: self.path.clone(), fault });
    }

    fn stop(&mut self, fault: Fault) -> Stop {
        let (place, path) = (self.tokens.place(), self.path.clone());
        self.problems.push_last(Problem { place, path, fault });
        Stop
    }

    /// Where the token that is looked at begins.
    pub(super) fn place(&self) -> Place {
        self.tokens.place()
    }

    /// Whether an element begins here.
    pub(super) fn at_element(&self) -> bool {
        self.token == Token::Start
    }
}

fn full_name(namespace: &str, local: &str) -> String {
    if namespace.is_empty() { local.into() } else { format!("{{{namespace}}}{local}") }
}
