//! The bytes of one document, doled out within limits.
//!
//! Stands between a stranger's bytes and the tokenizer, which would buffer a token of any length. Finds
//! encodings that are not UTF-8 by their first bytes (XML 1.0 appendix F) and takes a byte order mark away.

use std::{
    error, fmt,
    io::{self, BufRead, Read},
};

use super::{MAX_DOCUMENT, MAX_TOKEN, XmlFault};

/// Bytes of one document.
pub(super) struct Source<R> {
    inner: R,
    /// The first bytes, which were looked at and are still to be given.
    head: [u8; 4],
    head_at: usize,
    head_end: usize,
    /// Bytes that the token being read may still take.
    token_left: usize,
    /// Bytes that the document may still take.
    document_left: u64,
}

impl<R: BufRead> Source<R> {
    /// The document that these bytes are, without a byte order mark.
    pub(super) fn new(inner: R) -> Result<Self, XmlFault> {
        let mut source = Self {
            inner,
            head: [0; 4],
            head_at: 0,
            head_end: 0,
            token_left: MAX_TOKEN,
            document_left: MAX_DOCUMENT,
        };
        // A reader may give its bytes one at a time.
        while source.head_end < source.head.len() {
            match source.inner.read(&mut source.head[source.head_end..]) {
                Ok(0) => break,
                Ok(count) => source.head_end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(XmlFault::Io(error.to_string())),
            }
        }
        let head = &source.head[..source.head_end];
        if let Some(encoding) = foreign_encoding(head) {
            return Err(XmlFault::Encoding(encoding.into()));
        }
        if head.starts_with(b"\xef\xbb\xbf") {
            source.head_at = 3;
        }
        Ok(source)
    }

    /// Gives the next token its full length to use.
    pub(super) fn begin_token(&mut self) {
        self.token_left = MAX_TOKEN;
    }
}

/// The encoding that a document cannot have here, if its first bytes show one.
fn foreign_encoding(head: &[u8]) -> Option<&'static str> {
    match head {
        [0, 0, 0xfe, 0xff] | [0xff, 0xfe, 0, 0] | [0, 0, 0, b'<'] | [b'<', 0, 0, 0] => {
            Some("UTF-32")
        }
        [0xfe, 0xff, ..] | [0xff, 0xfe, ..] | [0, b'<', ..] | [b'<', 0, ..] => Some("UTF-16"),
        [0x4c, 0x6f, 0xa7, 0x94] => Some("EBCDIC"),
        _ => None,
    }
}

/// What a [`Source`] says instead of giving more bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Exhausted {
    Token,
    Document,
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.fault(), f)
    }
}

impl error::Error for Exhausted {}

impl Exhausted {
    pub(super) fn fault(self) -> XmlFault {
        match self {
            Self::Token => XmlFault::Limit {
                what: "bytes in one tag, comment or piece of text",
                limit: MAX_TOKEN as u64,
            },
            Self::Document => {
                XmlFault::Limit { what: "bytes in one document", limit: MAX_DOCUMENT }
            }
        }
    }
}

impl<R: BufRead> Read for Source<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(out.len());
        out[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let available = if self.head_at < self.head_end {
            &self.head[self.head_at..self.head_end]
        } else {
            self.inner.fill_buf()?
        };
        if available.is_empty() {
            return Ok(available);
        }
        let left = (self.token_left as u64).min(self.document_left);
        if left == 0 {
            let exhausted =
                if self.document_left == 0 { Exhausted::Document } else { Exhausted::Token };
            return Err(io::Error::other(exhausted));
        }
        Ok(&available[..available.len().min(left as usize)])
    }

    fn consume(&mut self, count: usize) {
        self.token_left = self.token_left.saturating_sub(count);
        self.document_left = self.document_left.saturating_sub(count as u64);
        if self.head_at < self.head_end {
            self.head_at += count;
        } else {
            self.inner.consume(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_taken_away_however_the_bytes_come() {
        let one_by_one = io::BufReader::with_capacity(1, &b"\xef\xbb\xbf<a/>"[..]);
        let mut text = String::new();
        Source::new(one_by_one).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "<a/>");
    }

    #[test]
    fn encodings_of_two_and_four_bytes_are_recognised_with_and_without_a_mark() {
        for (bytes, encoding) in [
            (&b"\xff\xfe<\0a\0"[..], "UTF-16"),
            (b"\xfe\xff\0<\0a", "UTF-16"),
            (b"<\0a\0", "UTF-16"),
            (b"\0<\0a", "UTF-16"),
            (b"\xff\xfe\0\0<\0\0\0", "UTF-32"),
            (b"\0\0\0<\0\0\0a", "UTF-32"),
            (b"\x4c\x6f\xa7\x94", "EBCDIC"),
        ] {
            assert_eq!(
                Source::new(bytes).err(),
                Some(XmlFault::Encoding(encoding.into())),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn a_token_gets_its_full_length_and_no_more() {
        let mut source = Source::new(io::BufReader::new(io::repeat(b'a'))).unwrap();
        let mut taken = 0;
        while let Ok(available) = source.fill_buf() {
            let count = available.len();
            taken += count;
            source.consume(count);
        }
        assert_eq!(taken, MAX_TOKEN);
        source.begin_token();
        assert!(source.fill_buf().is_ok());
    }
}
