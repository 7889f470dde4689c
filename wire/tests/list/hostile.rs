//! Bytes of strangers who mean no good, and bytes that were damaged: an error, in bounded time and memory.

use std::{
    fs,
    io::{BufReader, Read},
    path::PathBuf,
};

use proptest::prelude::*;
use wire::list::{Fault, ListError, XmlFault, read, write};

const WHITELIST: &str =
    r#"<Whitelist xmlns="xmlns://afsprakenstelsel.medmij.nl/whitelist/release2/">"#;
const GIGABYTE: u64 = 1 << 30;

/// Gives `head` and then `rest` over and over, up to a length, and counts how much was taken.
struct Endless<'a> {
    head: &'a [u8],
    rest: &'a [u8],
    at: u64,
    end: u64,
}

impl<'a> Endless<'a> {
    fn new(head: &'a str, rest: &'a str) -> Self {
        Self { head: head.as_bytes(), rest: rest.as_bytes(), at: 0, end: GIGABYTE }
    }
}

impl Read for Endless<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let (head, length) = (self.head.len() as u64, self.rest.len() as u64);
        let from = match self.at {
            at if at >= self.end => &[],
            at if at < head => &self.head[at as usize..],
            at => &self.rest[((at - head) % length) as usize..],
        };
        let count = from.len().min(out.len());
        out[..count].copy_from_slice(&from[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

/// The error of a gigabyte of this, and how many bytes it took to find it.
fn endless(head: &str, rest: &str) -> (ListError, u64) {
    let mut bytes = Endless::new(head, rest);
    let error = read(BufReader::with_capacity(4096, &mut bytes)).unwrap_err();
    (error, bytes.at)
}

fn xml_fault(error: &ListError) -> &XmlFault {
    match error.problems.last().map(|problem| &problem.fault) {
        Some(Fault::Xml(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_gigabyte_that_is_no_list_is_given_up_within_its_first_tokens() {
    let long = "x".repeat(50);
    for (head, rest) in [
        ("", " "),
        ("", "x"),
        ("", "<a>"),
        ("", "<x"),
        ("", "<!--"),
        (WHITELIST, long.as_str()),
        (WHITELIST, "<Tijdstempel>"),
        ("<Whitelist a='", "x"),
        ("<!DOCTYPE a [", "<!ENTITY a 'b'>"),
        (&format!("{WHITELIST}<Tijdstempel>"), "9"),
        (&format!("{WHITELIST}<Tijdstempel>"), "<![CDATA[9]]>"),
        (&format!("{WHITELIST}<Tijdstempel>"), "&#57;"),
        (&format!("{WHITELIST}<Tijdstempel>"), "9<!-- -->"),
    ] {
        let (error, taken) = endless(head, rest);
        assert!(taken < 200_000, "{head} {rest}: {taken} bytes, {error}");
    }
}

#[test]
fn memory_does_not_grow_with_what_is_passed_over() {
    // A million faults, of which twenty are kept; and a subtree without end that is not kept at all.
    let fault = "<Tijdstempel>no</Tijdstempel>";
    let mut bytes = Endless { end: 32 << 20, ..Endless::new(WHITELIST, fault) };
    let error = read(BufReader::new(&mut bytes)).unwrap_err();
    assert!(error.problems.len() <= 21);
    assert!(error.more > 1_000_000, "{}", error.more);
    assert!(error.problems.iter().map(|problem| problem.to_string().len()).sum::<usize>() < 10_000);
}

#[test]
fn billion_laughs_are_refused_before_the_first() {
    let mut bomb = String::from("<?xml version='1.0'?>\n<!DOCTYPE lolz [<!ENTITY lol 'lol'>");
    for level in 1..10 {
        let previous = if level == 1 { "lol".into() } else { format!("lol{}", level - 1) };
        let many = format!("&{previous};").repeat(10);
        bomb.push_str(&format!("<!ENTITY lol{level} '{many}'>"));
    }
    bomb.push_str("]>\n<Whitelist>&lol9;</Whitelist>");
    let error = read(bomb.as_bytes()).unwrap_err();
    assert_eq!(xml_fault(&error), &XmlFault::Doctype);
    assert_eq!(
        error.to_string(),
        "line 2, column 1: a document type declaration is refused, and so are entities declared in it"
    );
}

#[test]
fn an_external_entity_is_never_looked_up() {
    let document =
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd' [<!ENTITY % x SYSTEM 'http://127.0.0.1/'>%x;]>";
    assert_eq!(xml_fault(&read(document.as_bytes()).unwrap_err()), &XmlFault::Doctype);
    let document = format!("{WHITELIST}<Tijdstempel>&passwd;</Tijdstempel>");
    let error = read(document.as_bytes()).unwrap_err();
    assert_eq!(xml_fault(&error), &XmlFault::Entity("passwd".into()));
}

#[test]
fn other_encodings_and_characters_that_are_none_are_refused_by_name() {
    let text = format!("{WHITELIST}<Tijdstempel>");
    let utf16 = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(to_bytes).collect()
    };
    for bytes in [utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)] {
        let error = read(&bytes[..]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 1, column 1: expected the encoding UTF-8; found UTF-16"
        );
    }
    let nul = read(format!("{text}\0").as_bytes()).unwrap_err();
    assert_eq!(xml_fault(&nul), &XmlFault::Character('\0'));
    let latin: Vec<u8> = [text.as_bytes(), b"\xe9</Tijdstempel>"].concat();
    assert_eq!(xml_fault(&read(&latin[..]).unwrap_err()), &XmlFault::NotUtf8);
    assert!(read(&b""[..]).is_err());
    assert!(read(&[0; 100_000][..]).is_err());
}

#[test]
fn a_byte_order_mark_is_welcome() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/valid/gnl-1.1.xml");
    let plain = fs::read(path).unwrap();
    let marked = [b"\xef\xbb\xbf", &plain[..]].concat();
    assert_eq!(read(&marked[..]), read(&plain[..]));
}

#[test]
fn reading_that_fails_is_an_error_of_its_own() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the line went dead"))
        }
    }
    let error = read(BufReader::new(WHITELIST.as_bytes().chain(Broken))).unwrap_err();
    assert!(error.to_string().ends_with("it could not be read: the line went dead"), "{error}");
}

fn fixtures() -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/valid");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// What can happen to bytes on their way.
#[derive(Clone, Debug)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Remove(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
    CutOff(prop::sample::Index),
    Repeat(prop::sample::Index, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        (at(), 1usize..40).prop_map(|(at, count)| Damage::Remove(at, count)),
        (
            at(),
            prop_oneof![
                prop::collection::vec(any::<u8>(), 1..8),
                prop::sample::select(vec![
                    "<",
                    ">",
                    "&",
                    "]]>",
                    "<!--",
                    "-->",
                    "<![CDATA[",
                    "<?",
                    "<a>",
                    "</a>",
                    "\"",
                    " x=''",
                    "&#0;"
                ])
                .prop_map(|text| text.as_bytes().to_vec()),
            ]
        )
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        at().prop_map(Damage::CutOff),
        (at(), 1usize..200).prop_map(|(at, count)| Damage::Repeat(at, count)),
    ]
}

fn damaged(mut bytes: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match damage {
            Damage::Flip(at, byte) => bytes[at.index(length)] ^= byte,
            Damage::Remove(at, count) => {
                let at = at.index(length);
                bytes.drain(at..(at + count).min(length));
            }
            Damage::Insert(at, more) => {
                let at = at.index(length);
                bytes.splice(at..at, more.iter().copied());
            }
            Damage::CutOff(at) => bytes.truncate(at.index(length)),
            Damage::Repeat(at, count) => {
                let at = at.index(length);
                let again = bytes[at..(at + count).min(length)].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_an_error(bytes: Vec<u8>) {
        prop_assert!(read(&bytes[..]).is_err());
    }

    #[test]
    fn a_damaged_list_is_a_list_or_an_error_and_a_list_can_be_written(
        which in any::<prop::sample::Index>(),
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        let bytes = damaged(which.get(&fixtures()).clone(), &damages);
        match read(&bytes[..]) {
            Ok(document) => {
                let mut written = Vec::new();
                prop_assert!(write(&document, document.header().format, &mut written).is_ok());
            }
            Err(error) => {
                prop_assert!(!error.problems.is_empty());
                prop_assert!(error.to_string().len() < 20_000);
            }
        }
    }
}
