//! References to characters: by number, or by one of the five names that XML has of itself (XML 1.0 §4.1, §4.6).

use super::{XmlFault, chars::is_char};

/// The character that stands for what stands between `&` and `;`.
pub(super) fn character(reference: &str) -> Result<char, XmlFault> {
    let wrong = || XmlFault::Syntax(format!("&{reference}; is no character"));
    let number = match reference.strip_prefix('#') {
        Some(number) => number,
        None => return named(reference),
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // `from_str_radix` would take a sign.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    u32::from_str_radix(digits, radix)
        .ok()
        .and_then(char::from_u32)
        .filter(|character| is_char(*character))
        .ok_or_else(wrong)
}

fn named(name: &str) -> Result<char, XmlFault> {
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(XmlFault::Entity(name.chars().take(60).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_referred_to_by_name_or_by_number() {
        for (reference, expected) in
            [("amp", '&'), ("lt", '<'), ("#65", 'A'), ("#x41", 'A'), ("#x1F600", '\u{1f600}')]
        {
            assert_eq!(character(reference), Ok(expected), "{reference}");
        }
    }

    #[test]
    fn what_is_no_character_is_refused() {
        for bad in [
            "",
            "#",
            "#x",
            "#-5",
            "#+5",
            "#0",
            "#x0",
            "#xD800",
            "#x110000",
            "#xFFFE",
            "#1F",
            "#99999999999999999999",
            "#X41",
        ] {
            assert!(character(bad).is_err(), "{bad}");
        }
        assert_eq!(character("lol9"), Err(XmlFault::Entity("lol9".into())));
    }
}
