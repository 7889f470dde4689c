//! Which characters may stand where: XML 1.0 (fifth edition) §2.2 and §2.3, Namespaces in XML 1.0 §3.

/// The first character that may not stand in any XML document (production 2, Char).
pub(crate) fn first_forbidden(text: &str) -> Option<char> {
    // Nearly every text is free of these, which bytes show faster than characters, and all of them faster than
    // one after another.
    let suspect = text
        .bytes()
        .fold(false, |suspect, byte| suspect | (byte < 0x20 && !is_space(byte)) | (byte == 0xef));
    if suspect { text.chars().find(|character| !is_char(*character)) } else { None }
}

/// Production 2, Char.
pub(super) fn is_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Whether it is white space and nothing else, or nothing at all (production 3, S).
pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes().all(is_space)
}

/// White space (production 3, S).
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether it is a name without a colon (Namespaces, production 4, NCName).
pub(super) fn is_ncname(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(is_name_start) && characters.all(is_name_character)
}

/// A prefix, if there is one, and the rest of a qualified name; `None` if it is none (Namespaces, production 7).
pub(super) fn split_qname(name: &str) -> Option<(&str, &str)> {
    match name.split_once(':') {
        Some((prefix, local)) => (is_ncname(prefix) && is_ncname(local)).then_some((prefix, local)),
        None => is_ncname(name).then_some(("", name)),
    }
}

/// Production 4, NameStartChar, without the colon.
fn is_name_start(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphabetic() || character == '_';
    }
    matches!(
        character,
        '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
        | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
        | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}'
    )
}

/// Production 4a, NameChar, without the colon.
fn is_name_character(character: char) -> bool {
    is_name_start(character)
        || matches!(
            character,
            '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_characters_and_noncharacters_are_forbidden_and_white_space_is_not() {
        assert_eq!(first_forbidden("a\u{0}b"), Some('\u{0}'));
        assert_eq!(first_forbidden("\u{1b}"), Some('\u{1b}'));
        assert_eq!(first_forbidden("\u{fffe}"), Some('\u{fffe}'));
        assert_eq!(first_forbidden("\u{ffff}"), Some('\u{ffff}'));
        assert_eq!(first_forbidden("\t\r\n \u{7f}\u{fffd}\u{10ffff}"), None);
    }

    #[test]
    fn a_qualified_name_has_at_most_one_colon_with_a_name_on_either_side() {
        assert_eq!(split_qname("zal:Zorgaanbieder"), Some(("zal", "Zorgaanbieder")));
        assert_eq!(split_qname("Zorgaanbieder"), Some(("", "Zorgaanbieder")));
        assert_eq!(split_qname("_1.2-3"), Some(("", "_1.2-3")));
        for bad in ["", ":a", "a:", "a:b:c", "1a", "-a", "a b", "a:1", "a\u{d7}"] {
            assert_eq!(split_qname(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn bytes_find_the_same_forbidden_character_as_characters_do(text in "\\PC*|[\\x00-\\x20\u{ff00}-\u{ffff}]*") {
            prop_assert_eq!(first_forbidden(&text), text.chars().find(|character| !is_char(*character)));
        }
    }
}
