//! What the tokeniser makes of documents, good ones and bad ones.

use super::*;
use proptest::prelude::*;

/// The tokens of a document in one line: `<ns|name @attribute "text" >`.
fn told(document: impl AsRef<[u8]>) -> Result<String, Malformed> {
    let mut tokens = Tokens::of(document.as_ref())?;
    let mut told = Vec::new();
    loop {
        match tokens.next()? {
            Token::Start => {
                told.push(format!("<{}|{}", tokens.namespace(), tokens.local()));
                for attribute in tokens.attributes() {
                    told.push(format!("@{}|{}", attribute.namespace, attribute.local));
                }
            }
            Token::End => told.push(">".into()),
            Token::Text => told.push(format!("{:?}", tokens.text())),
            Token::Eof => return Ok(told.join(" ")),
        }
    }
}

fn fault(document: impl AsRef<[u8]>) -> XmlFault {
    told(document).expect_err("this document is no good").fault
}

fn place(document: impl AsRef<[u8]>) -> (u64, u64) {
    let place = told(document).expect_err("this document is no good").place;
    (place.line, place.column)
}

#[test]
fn elements_text_references_and_cdata_come_as_tokens() {
    assert_eq!(
        told("<?xml version='1.0'?><!-- c --><a>x&amp;&#65;<![CDATA[<&]]><?p i?><b/></a> "),
        Ok("<|a \"x\" \"&\" \"A\" \"<&\" <|b > >".into())
    );
}

#[test]
fn namespaces_hold_where_they_are_declared_and_prefixes_may_be_any() {
    assert_eq!(
        told("<p:a xmlns:p='one' xmlns='two' p:x='' y=''><b xmlns='three'/><b/></p:a>"),
        Ok("<one|a @one|x @|y <three|b > <two|b > >".into())
    );
    assert_eq!(told("<a xmlns='o&#110;e'/>"), Ok("<one|a >".into()));
}

#[test]
fn line_ends_are_one_line_feed_each() {
    assert_eq!(told("<a>1\r\n2\r3\n\r\n</a>"), Ok("<|a \"1\\n2\\n3\\n\\n\" >".into()));
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for bad in [
        "",
        " ",
        "<a>",
        "<a></b>",
        "</a>",
        "<a/><b/>",
        "<a/>text",
        "text<a/>",
        "&amp;<a/>",
        "<a/><![CDATA[x]]>",
        "<a>]]></a>",
        "<a>&</a>",
        "<a>& b</a>",
        "<a><!-- -- --></a>",
        "<a><!-- ---></a>",
        "<a><?xml version='1.0'?></a>",
        " <?xml version='1.0'?><a/>",
        "<a/><?xml version='1.0'?>",
        "<a><?XML x?></a>",
        "<a><? x?></a>",
        "<?xml?><a/>",
        "<?xml encoding='UTF-8' version='1.0'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<?xml version='1.0' extra='1'?><a/>",
        "<a x='1' x='2'/>",
        "<a xmlns='1' xmlns='2'/>",
        "<a xmlns:p='1' xmlns:q='1' p:x='' q:x=''/>",
        "<a x='1'y='2'/>",
        "<a x=1/>",
        "<a x/>",
        "<p:a/>",
        "<a p:x=''/>",
        "<a xmlns:p=''/>",
        "<xmlns:a/>",
        "<1a/>",
        "<a:b:c xmlns:a='x'/>",
        "< a/>",
        "<a",
        "<a><",
        "<a><!",
        "<a><!x></a>",
        "<a><![cdata[x]]></a>",
        "<a><?p",
        "<?>",
        "<a></a b>",
    ] {
        assert!(matches!(fault(bad), XmlFault::Syntax(_)), "{bad}: {:?}", fault(bad));
    }
}

#[test]
fn other_versions_and_encodings_are_refused_by_name() {
    assert_eq!(fault("<?xml version='1.1'?><a/>"), XmlFault::Version("1.1".into()));
    assert_eq!(
        fault("<?xml version='1.0' encoding='ISO-8859-1'?><a/>"),
        XmlFault::Encoding("ISO-8859-1".into())
    );
    assert!(told("<?xml version='1.0' encoding='utf-8' standalone='yes'?><a/>").is_ok());
    let utf16: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(fault(utf16), XmlFault::Encoding("UTF-16".into()));
    assert_eq!(fault(b"<a>\xff</a>"), XmlFault::NotUtf8);
}

#[test]
fn a_document_type_declaration_is_refused_before_it_can_do_harm() {
    for bad in [
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a [<!ENTITY lol 'lol'><!ENTITY lol2 '&lol;&lol;'>]><a>&lol2;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<!DOCTYPE a [",
        "<a><!DOCTYPE a></a>",
    ] {
        assert_eq!(fault(bad), XmlFault::Doctype, "{bad}");
    }
    let endless = format!("<!DOCTYPE a [{}", "<!ENTITY a 'a'>".repeat(100_000));
    assert_eq!(fault(endless), XmlFault::Doctype);
    assert_eq!(fault("<a>&lol;</a>"), XmlFault::Entity("lol".into()));
}

#[test]
fn forbidden_characters_are_refused_wherever_they_stand() {
    for bad in [
        "<a>\0</a>",
        "<a x='\0'/>",
        "<a><!--\0--></a>",
        "<a><![CDATA[\0]]></a>",
        "<a><?p \0?></a>",
        "<a\0/>",
    ] {
        assert_eq!(fault(bad), XmlFault::Character('\0'), "{bad:?}");
    }
    assert_eq!(place("<a>\n\u{eb}\u{1}</a>"), (2, 2));
    assert_eq!(place(b"<a>\nxy\xffz</a>"), (2, 3));
}

#[test]
fn everything_has_a_limit() {
    let limited = |document: String| match fault(&document) {
        XmlFault::Limit { what, .. } => what,
        other => panic!("{other}"),
    };
    assert_eq!(limited("<a>".repeat(1_000_000)), "elements within each other");
    assert_eq!(
        limited(format!("<a x='{}'/>", "x".repeat(1_000_000))),
        "bytes in one tag, comment or piece of text"
    );
    assert_eq!(
        limited(format!("<a>{}</a>", "x".repeat(1_000_000))),
        "bytes in one tag, comment or piece of text"
    );
    let attributes: String = (0..33).map(|n| format!(" x{n}=''")).collect();
    assert_eq!(limited(format!("<a{attributes}/>")), "attributes of one element");
    let declarations: String = (0..30).map(|n| format!(" xmlns:x{n}='x'")).collect();
    assert_eq!(limited(format!("<a{declarations}>").repeat(3)), "namespace declarations in force");
}

#[test]
fn a_token_begins_where_an_editor_says_it_does() {
    let mut tokens = Tokens::of(&b"\xef\xbb\xbf<a>\n  <b>Allergie\xc3\xabn</b></a>"[..]).unwrap();
    let mut places = Vec::new();
    loop {
        let token = tokens.next().unwrap();
        places.push((token, tokens.place().line, tokens.place().column));
        if token == Token::Eof {
            break;
        }
    }
    assert_eq!(
        places,
        [
            (Token::Start, 1, 1),
            (Token::Text, 1, 4),
            (Token::Start, 2, 3),
            (Token::Text, 2, 6),
            (Token::End, 2, 16),
            (Token::End, 2, 20),
            (Token::Eof, 2, 24),
        ]
    );
}

proptest! {
    #[test]
    fn any_bytes_are_tokens_or_an_error(bytes: Vec<u8>) {
        let _ = told(bytes);
    }

    #[test]
    fn anything_that_looks_like_xml_is_tokens_or_an_error(
        pieces in proptest::collection::vec("[<>/&;!?'\"=\\[\\]\\-: a-cx#]{0,6}|<a>|</a>|<!--|-->|<!\\[CDATA\\[|\\]\\]>|<\\?|<!DOCTYPE", 0..30)
    ) {
        let _ = told(pieces.concat());
    }

    #[test]
    fn how_the_bytes_arrive_makes_no_difference(document in "<a>[a-b&;<>/ \r\n]{0,30}</a>", size in 1usize..9) {
        let mut slow = Tokens::of(std::io::BufReader::with_capacity(size, document.as_bytes())).unwrap();
        let mut fast = Tokens::of(document.as_bytes()).unwrap();
        loop {
            let (left, right) = (slow.next(), fast.next());
            prop_assert_eq!(&left, &right);
            prop_assert_eq!(slow.text(), fast.text());
            if matches!(left, Ok(Token::Eof) | Err(_)) {
                break;
            }
        }
    }
}
