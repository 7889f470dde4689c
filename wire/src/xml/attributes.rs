//! The attributes of a tag, in order: names as they stand, values normalised (XML 1.0 §3.1, §3.3.3).
//!
//! Does not compare them with each other and does not know namespaces (`tokens`).

use std::borrow::Cow;

use super::{
    XmlFault,
    chars::{is_space, split_qname},
    references,
};

/// What stands in a tag after its name.
pub(super) struct Attributes<'a> {
    rest: &'a str,
}

/// One attribute.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Attribute<'a> {
    /// Empty if it has none.
    pub(super) prefix: &'a str,
    pub(super) local: &'a str,
    pub(super) value: Cow<'a, str>,
}

impl<'a> Attributes<'a> {
    pub(super) fn of(rest: &'a str) -> Self {
        Self { rest }
    }

    /// Takes white space off the front; whether there was any.
    fn space(&mut self) -> bool {
        let trimmed = self.rest.trim_start_matches(|character: char| {
            character.is_ascii() && is_space(character as u8)
        });
        let any = trimmed.len() < self.rest.len();
        self.rest = trimmed;
        any
    }

    fn attribute(&mut self) -> Result<Attribute<'a>, XmlFault> {
        let wrong = |what: &str| XmlFault::Syntax(what.into());
        let end = self
            .rest
            .find(|character: char| {
                character == '=' || character.is_ascii() && is_space(character as u8)
            })
            .ok_or_else(|| wrong("an attribute without a value"))?;
        let (name, rest) = self.rest.split_at(end);
        let (prefix, local) =
            split_qname(name).ok_or_else(|| wrong("an attribute without a proper name"))?;
        self.rest = rest;
        self.space();
        self.rest =
            self.rest.strip_prefix('=').ok_or_else(|| wrong("an attribute without a value"))?;
        self.space();
        let quote = self
            .rest
            .chars()
            .next()
            .filter(|quote| matches!(quote, '"' | '\''))
            .ok_or_else(|| wrong("an attribute's value without quotes"))?;
        let (value, rest) = self.rest[1..]
            .split_once(quote)
            .ok_or_else(|| wrong("an attribute's value without a closing quote"))?;
        self.rest = rest;
        Ok(Attribute { prefix, local, value: normalised(value)? })
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, XmlFault>;

    fn next(&mut self) -> Option<Self::Item> {
        let spaced = self.space();
        if self.rest.is_empty() {
            return None;
        }
        let attribute = if spaced {
            self.attribute()
        } else {
            Err(XmlFault::Syntax("no white space before an attribute".into()))
        };
        if attribute.is_err() {
            self.rest = "";
        }
        Some(attribute)
    }
}

/// White space becomes spaces and references become what they stand for.
fn normalised(value: &str) -> Result<Cow<'_, str>, XmlFault> {
    if !value.contains(['<', '&', '\t', '\n', '\r']) {
        return Ok(Cow::Borrowed(value));
    }
    let mut normal = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(special) = rest.find(['<', '&', '\t', '\n', '\r']) {
        let (plain, from) = rest.split_at(special);
        normal.push_str(plain);
        if from.starts_with('<') {
            return Err(XmlFault::Syntax("< in an attribute's value".into()));
        }
        rest = match from.strip_prefix('&') {
            Some(reference) => {
                let (reference, after) = reference.split_once(';').ok_or_else(|| {
                    XmlFault::Syntax("& in an attribute's value without ; after it".into())
                })?;
                normal.push(references::character(reference)?);
                after
            }
            None => {
                normal.push(' ');
                from.strip_prefix("\r\n").unwrap_or(&from[1..])
            }
        };
    }
    normal.push_str(rest);
    Ok(Cow::Owned(normal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(rest: &str) -> Result<Vec<(String, String)>, XmlFault> {
        Attributes::of(rest)
            .map(|attribute| {
                let Attribute { prefix, local, value } = attribute?;
                Ok((format!("{prefix}:{local}"), value.into_owned()))
            })
            .collect()
    }

    #[test]
    fn attributes_come_in_order_with_normal_values() {
        let found = all(" a='1'\n xsi:b = \"x&lt;&#33;\ty\r\nz&#10;\" ").unwrap();
        assert_eq!(found, [(":a".into(), "1".into()), ("xsi:b".into(), "x<! y z\n".to_string())]);
        assert_eq!(all(" "), Ok(vec![]));
    }

    #[test]
    fn what_is_no_attribute_is_refused() {
        for bad in [
            " a",
            " a=",
            " a=1",
            " a='1",
            " a='1'b='2'",
            "a='1'",
            " 1='1'",
            " ='1'",
            " a='<'",
            " a='&'",
            " a='&lol;'",
            " a:b:c='1'",
            " a='1' /",
            " \u{e9}\u{301}",
            " a=\u{2019}1\u{2019}",
        ] {
            assert!(all(bad).is_err(), "{bad}");
        }
    }
}
