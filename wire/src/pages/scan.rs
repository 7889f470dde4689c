//! Tags and their attributes in a page, as far as forms and `data-` attributes go.
//!
//! Builds no tree and runs nothing. Goes once through a page from front to back, takes what is malformed for text, and
//! stops at its limits, so that a stranger's page costs no more than its length.

/// The most tags of a page that are looked at.
const MAX_TAGS: usize = 20_000;
/// The most attributes of a tag.
const MAX_ATTRIBUTES: usize = 32;

/// A tag that opens an element.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Tag<'p> {
    pub(super) name: &'p str,
    attributes: Vec<(&'p str, String)>,
}

impl Tag<'_> {
    /// The value of an attribute; empty if it has none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str())
    }
}

/// The opening tags of a page, in order.
pub(super) fn tags(page: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut rest = page;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find('<')?;
            rest = &rest[start + 1..];
            if let Some(comment) = rest.strip_prefix("!--") {
                rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
                continue;
            }
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            if length == 0 {
                continue;
            }
            let (name, after) = rest.split_at(length);
            let (attributes, after) = attributes(after);
            rest = after;
            // What stands in these is no markup.
            if matches!(name, "script" | "style") {
                rest = rest.find("</").map_or("", |end| &rest[end..]);
            }
            return Some(Tag { name, attributes });
        }
    })
    .take(MAX_TAGS)
}

/// The attributes of a tag, and what comes after it.
fn attributes(mut rest: &str) -> (Vec<(&str, String)>, &str) {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return (found, after);
        }
        let length = rest
            .find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/' | '<'))
            .unwrap_or(rest.len());
        if length == 0 {
            // The page ends, or the tag is malformed: what follows is text.
            let skip = rest.chars().next().map_or(0, char::len_utf8);
            return (found, &rest[skip..]);
        }
        let (name, after) = rest.split_at(length);
        let (value, after) = match after.strip_prefix('=') {
            None => ("", after),
            Some(after) => value(after),
        };
        rest = after;
        if found.len() < MAX_ATTRIBUTES {
            found.push((name, unescaped(value)));
        }
    }
}

/// The value that an attribute has here, and what comes after it.
fn value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(text.len());
    text.split_at(end)
}

/// What a text stands for, of the references that pages of ours have.
fn unescaped(text: &str) -> String {
    const REFERENCES: [(&str, char); 6] = [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("&#39;", '\''),
        ("&#x27;", '\''),
    ];
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        let known = REFERENCES.iter().find(|(reference, _)| rest.starts_with(reference));
        let (length, character) = known.map_or((1, '&'), |(reference, c)| (reference.len(), *c));
        plain.push(character);
        rest = &rest[length..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn attributes_are_found_however_they_are_quoted() {
        let page =
            "<p><INPUT><input type=hidden name='a' value=\"&lt;b&gt; &amp;amp; &quot;\" required/>";
        let input = tags(page).find(|tag| tag.name == "input").unwrap();
        assert_eq!(input.get("type"), Some("hidden"));
        assert_eq!(input.get("value"), Some("<b> &amp; \""));
        assert_eq!(input.get("required"), Some(""));
        assert_eq!(input.get("other"), None);
    }

    #[test]
    fn what_stands_in_scripts_and_comments_is_no_tag() {
        let page = "<!-- <main> --><script>if (a<main) {}</script><main>";
        let names: Vec<&str> = tags(page).map(|tag| tag.name).collect();
        assert_eq!(names, ["script", "main"]);
    }

    #[test]
    fn a_page_of_very_many_tags_is_read_to_the_limit() {
        assert_eq!(tags(&"<p>".repeat(MAX_TAGS * 2)).count(), MAX_TAGS);
    }

    proptest! {
        #[test]
        fn any_text_is_some_tags(page in "[<>a=\"'&;/! -]{0,80}|.{0,80}") {
            let _ = tags(&page).count();
        }
    }
}
