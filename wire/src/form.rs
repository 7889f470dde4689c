//! `application/x-www-form-urlencoded`, in queries and in bodies: fields in, text out, and back.
//!
//! Stricter than a browser in two things: text that is no UTF-8 is refused, because it could not be given back byte
//! for byte, and so are more fields than any message has. Knows no message.

use form_urlencoded::byte_serialize;

use crate::fault::Fault;

/// The media type of such a body.
pub(crate) const MEDIA: &str = "application/x-www-form-urlencoded";

/// The most fields that are read.
const MAX_FIELDS: usize = 64;

/// Fields in their order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// Reads one.
    pub(crate) fn read(text: &str) -> Result<Self, Fault> {
        let mut fields = Vec::new();
        for field in text.split('&').filter(|field| !field.is_empty()) {
            if fields.len() == MAX_FIELDS {
                return Err(Fault::too_large("fields", MAX_FIELDS, text.split('&').count()));
            }
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            fields.push((decoded(name)?, decoded(value)?));
        }
        Ok(Self { fields })
    }

    /// This and one more field.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// As it travels.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.fields {
            if !text.is_empty() {
                text.push('&');
            }
            text.extend(byte_serialize(name.as_bytes()));
            text.push('=');
            text.extend(byte_serialize(value.as_bytes()));
        }
        text
    }

    /// Every field.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Refuses a field that stands there twice, which no message of the network has.
    pub(crate) fn once(self) -> Result<Self, Fault> {
        for (place, (name, _)) in self.fields.iter().enumerate() {
            if self.fields[..place].iter().any(|(earlier, _)| earlier == name) {
                let expected = "each parameter once (RFC 6749 §3.1, §3.2)";
                return Err(Fault::malformed(expected, &format!("{name} twice")));
            }
        }
        Ok(self)
    }

    /// The value of a field. One without a value counts as left out (RFC 6749 §3.1).
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.fields().find(|(field, _)| *field == name);
        found.map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// The value of a field that must be there.
    pub(crate) fn need(&self, name: &str) -> Result<&str, Fault> {
        self.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.fields().map(|(name, _)| name).collect();
            Fault::malformed(format!("a value for {name}"), &names.join(", "))
        })
    }
}

/// What a piece of text stands for. A `%` that no two digits follow stands for itself, as the URL Standard has it.
pub(crate) fn decoded(text: &str) -> Result<String, Fault> {
    let plain = text.as_bytes();
    let digit = |place: usize| plain.get(place).and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(plain.len());
    let mut place = 0;
    while let Some(byte) = plain.get(place) {
        match (byte, digit(place + 1), digit(place + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                place += 2;
            }
            (b'+', ..) => bytes.push(b' '),
            (other, ..) => bytes.push(*other),
        }
        place += 1;
    }
    String::from_utf8(bytes).map_err(|_| Fault::malformed("text in UTF-8", text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_field_that_stands_there_twice_is_refused_by_name() {
        let fault = Form::read("state=a&scope=1&state=b").unwrap().once().unwrap_err();
        assert!(fault.to_string().contains("RFC 6749 §3.1"), "{fault}");
        assert!(fault.found.contains("state"), "{fault}");
    }

    #[test]
    fn a_field_without_a_value_counts_as_left_out() {
        let form = Form::read("state=&code").unwrap();
        assert_eq!((form.get("state"), form.get("code")), (None, None));
        assert!(form.need("state").is_err());
    }

    #[test]
    fn more_fields_than_any_message_has_are_refused() {
        assert!(Form::read(&"a=1&".repeat(MAX_FIELDS)).is_ok());
        let fault = Form::read(&"a=1&".repeat(MAX_FIELDS + 1)).unwrap_err();
        assert_eq!(fault.status, http::StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn what_is_no_text_is_refused_and_a_lone_percent_sign_stands_for_itself() {
        assert!(Form::read("state=%ff%fe").is_err());
        assert_eq!(Form::read("state=100%").unwrap().get("state"), Some("100%"));
    }

    proptest! {
        #[test]
        fn every_form_comes_back_byte_for_byte(fields in prop::collection::vec((".{0,9}", ".{0,99}"), 0..9)) {
            let form = fields.iter().fold(Form::default(), |form, (name, value)| form.with(name, value));
            prop_assert_eq!(Form::read(&form.text()).unwrap(), form);
        }

        #[test]
        fn any_text_is_a_form_or_a_fault(text in "[a-c%&=+0-9]{0,60}|.{0,60}") {
            let _ = Form::read(&text);
        }
    }
}
