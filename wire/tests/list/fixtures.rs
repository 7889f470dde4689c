//! Small lists of our own with invented names: valid ones, and ones with one fault each, whose second line says
//! what reading them must say.

use std::{fs, path::PathBuf};

use protocol::{rule, rule::covers};
use wire::list::{ListDocument, ListFormat, Offers, Timestamp, read, read_as, write};

fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn valid(name: &str) -> ListDocument {
    read(&fixture(&format!("valid/{name}"))[..]).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn a_valid_list_is_recognised_by_its_root_and_shape() {
    for (name, kind, format) in [
        ("zal-1.0.xml", "zal", ListFormat::R1_0),
        ("zal-1.1.xml", "zal", ListFormat::R1_1),
        ("zal-1.4.xml", "zal", ListFormat::R1_4),
        ("whitelist-1.0.xml", "whitelist", ListFormat::R1_0),
        ("whitelist-1.1.xml", "whitelist", ListFormat::R1_1),
        ("ocl-1.1.xml", "ocl", ListFormat::R1_1),
        ("gnl-1.1.xml", "gnl", ListFormat::R1_1),
    ] {
        let document = valid(name);
        assert_eq!((document.kind().name(), document.header().format), (kind, format), "{name}");
    }
}

#[test]
fn a_zal_is_read_letter_by_letter_in_its_order() {
    let ListDocument::Zal(zal) = valid("zal-1.1.xml") else { panic!("no ZAL") };
    assert_eq!(zal.header.number, 12);
    assert_eq!(zal.header.published, Timestamp::parse("2018-10-01T09:30:00+02:00").unwrap());
    let namen: Vec<&str> = zal.zorgaanbieders.iter().map(|one| one.naam.as_str()).collect();
    assert_eq!(namen, ["ziekenhuisveldzicht@medmij", "huisartsdeboer@medmij"]);
    let Offers::Plain(diensten) = &zal.zorgaanbieders[0].offers else { panic!("versions") };
    assert_eq!(diensten[1].id, "6");
    assert_eq!(diensten[1].authorization, "https://inlog.veldzicht.example/oauth/authorize");
    assert_eq!(diensten[1].token, "https://gateway.veldzicht.example:8443/oauth/token");
    assert_eq!(diensten[1].rollen[0].code, "MM-1.0.0-PLB-FHIR");
    assert_eq!(diensten[1].rollen[1].resource, "https://gateway.veldzicht.example:8443/documenten");
}

#[test]
fn a_later_zal_has_its_offers_per_interfaceversie() {
    let ListDocument::Zal(zal) = valid("zal-1.4.xml") else { panic!("no ZAL") };
    assert_eq!(zal.zorgaanbieders[0].naam, "huisarts.deboer@medmij");
    let Offers::Versioned { versies, .. } = &zal.zorgaanbieders[0].offers else { panic!("none") };
    assert_eq!(versies[0].id, "1.4.0");
    assert_eq!(versies[0].diensten[0].abonneren.as_ref().unwrap().maximale_duur, 180);
    assert_eq!(versies[1].diensten[0].abonneren, None);
}

#[test]
fn how_xml_is_written_makes_no_difference() {
    let ListDocument::Whitelist(whitelist) = valid("whitelist-1.1.xml") else { panic!("none") };
    assert_eq!(whitelist.header.number, 12);
    assert_eq!(whitelist.header.published.to_string(), "2018-10-01T09:30:00Z");
    assert_eq!(whitelist.nodes, ["gateway.zorgbrug.example", "mijndossier.example"]);
}

#[test]
fn a_list_is_judged_by_another_format_when_that_is_asked() {
    let as_format = |name, format| read_as(format, &fixture(name)[..]);
    assert!(as_format("valid/zal-1.1.xml", ListFormat::R1_0).is_ok());
    assert!(as_format("valid/whitelist-1.1.xml", ListFormat::R1_4).is_ok());
    for (name, format, says) in [
        ("valid/zal-1.0.xml", ListFormat::R1_1, "expected 1 to 30 characters"),
        ("valid/zal-1.1.xml", ListFormat::R1_4, "expected the format of release 1.4"),
        ("valid/zal-1.4.xml", ListFormat::R1_1, "expected the format of release 1.1"),
        ("valid/gnl-1.1.xml", ListFormat::R1_0, "not known how this list looks"),
        ("valid/ocl-1.1.xml", ListFormat::R1_4, "not known how this list looks"),
        ("valid/whitelist-1.0.xml", ListFormat::R1_1, "expected <Hostname>"),
        ("valid/whitelist-1.1.xml", ListFormat::R1_0, "expected nothing more in here"),
    ] {
        let error = as_format(name, format).unwrap_err().to_string();
        assert!(error.contains(says), "{name} as {format}: {error}");
    }
}

#[test]
fn a_faulty_list_says_where_and_what_its_one_fault_is() {
    covers(&[rule::ZAL_VALIDATED, rule::WHITELIST_VALIDATED]);
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/faulty");
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 30);
    let mut wrong = Vec::new();
    for name in names {
        let bytes = fixture(&format!("faulty/{name}"));
        let text = String::from_utf8_lossy(&bytes);
        let (_, says) = text.split_once("<!--").expect("a comment with the expected error");
        let (says, _) = says.split_once("-->").expect("a comment with the expected error");
        let error = match read(&bytes[..]) {
            Ok(_) => "nothing".into(),
            Err(error) => error.to_string(),
        };
        if error != says {
            wrong.push(format!("{name}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_fault_does_not_hide_the_next() {
    let text = String::from_utf8(fixture("valid/zal-1.1.xml")).unwrap();
    let text = text
        .replace("<Volgnummer>12<", "<Volgnummer>0<")
        .replace("<GegevensdienstId>6<", "<GegevensdienstId>4<")
        .replace("huisartsdeboer@", "Huisarts@")
        .replace("example/token", "example/token?");
    let error = read(text.as_bytes()).unwrap_err();
    let lines: Vec<u64> = error.problems.iter().map(|problem| problem.place.line).collect();
    assert_eq!(lines, [5, 28, 53, 61], "{error}");
}

#[test]
fn a_list_with_a_thousand_faults_tells_twenty_and_counts_the_others() {
    let nodes: String = (0..1_000).map(|n| format!("<MedMijNode>-{n}</MedMijNode>\n")).collect();
    let text = String::from_utf8(fixture("valid/whitelist-1.0.xml")).unwrap();
    let error =
        read(text.replace("</MedMijNodes>", &(nodes + "</MedMijNodes>")).as_bytes()).unwrap_err();
    assert_eq!(error.problems.len(), 20, "{error}");
    assert_eq!(error.more, 980);
    assert!(error.to_string().ends_with("\nand 980 more"));
}

#[test]
fn what_is_written_looks_like_the_published_examples() {
    let mut written = Vec::new();
    write(&valid("zal-1.1.xml"), ListFormat::R1_1, &mut written).unwrap();
    let expected = String::from_utf8(fixture("valid/zal-1.1.xml")).unwrap();
    let without_comment: String = expected
        .lines()
        .filter(|line| !line.starts_with("<!--"))
        .flat_map(|line| [line, "\n"])
        .collect();
    assert_eq!(String::from_utf8(written).unwrap(), without_comment);
}

#[test]
fn a_whitelist_is_written_in_the_shape_of_either_release() {
    let document = valid("whitelist-1.0.xml");
    let written = |format| {
        let mut bytes = Vec::new();
        write(&document, format, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    assert!(written(ListFormat::R1_0).contains("<MedMijNode>mijndossier.example</MedMijNode>"));
    assert!(written(ListFormat::R1_1).contains("<Hostname>mijndossier.example</Hostname>"));
    assert_eq!(written(ListFormat::R1_1), written(ListFormat::R1_4));
}

#[test]
fn what_a_format_does_not_take_is_not_written_at_all() {
    let refused = |name, change: &dyn Fn(&mut ListDocument), format| {
        let (mut document, mut bytes) = (valid(name), Vec::new());
        change(&mut document);
        let error = write(&document, format, &mut bytes).unwrap_err().to_string();
        assert!(bytes.is_empty(), "{error}");
        error
    };
    let nothing = |_: &mut ListDocument| {};
    assert_eq!(
        refused("zal-1.4.xml", &nothing, ListFormat::R1_1),
        "Zorgaanbieders/Zorgaanbieder[1]/Zorgaanbiedernaam: expected lower-case letters followed by @medmij, such \
         as huisartsdevries@medmij; found \"huisarts.deboer@medmij\""
    );
    assert_eq!(
        refused("zal-1.1.xml", &nothing, ListFormat::R1_4),
        "Zorgaanbieders/Zorgaanbieder[1]: expected <Interfaceversies>; the document has none"
    );
    assert_eq!(
        refused("gnl-1.1.xml", &nothing, ListFormat::R1_0),
        "it is not known how the list \"gnl\" looks in the format of release 1.0"
    );
    let change = |change: &'static dyn Fn(&mut Vec<String>)| {
        move |document: &mut ListDocument| match document {
            ListDocument::Whitelist(whitelist) => change(&mut whitelist.nodes),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        refused("whitelist-1.0.xml", &change(&|nodes| nodes.clear()), ListFormat::R1_0),
        "MedMijNodes: expected <MedMijNode>; the document has none"
    );
    assert_eq!(
        refused(
            "whitelist-1.0.xml",
            &change(&|nodes| nodes.push(nodes[0].clone())),
            ListFormat::R1_1
        ),
        "MedMijNodes/MedMijNode[3]/Hostname: expected each one once; found \"gateway.zorgbrug.example\" again"
    );
    let rename = |document: &mut ListDocument| match document {
        ListDocument::OauthClients(clients) => {
            clients.clients[0].organisatienaam = "a\u{b}c".into()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused("ocl-1.1.xml", &rename, ListFormat::R1_1),
        "OAuthclients/OAuthclient[1]/OAuthclientOrganisatienaam: the character U+000B may not stand in XML"
    );
    let number = |document: &mut ListDocument| match document {
        ListDocument::OauthClients(clients) => clients.header.number = 0,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused("ocl-1.1.xml", &number, ListFormat::R1_0),
        "Volgnummer: expected a whole number from 1; found \"0\""
    );
}
