//! The examples that MedMij published.

use std::{fs, path::PathBuf};

use protocol::{
    names::Names,
    release::{Release, ReleaseSet},
};
use wire::list::{
    ListDocument, ListFormat, Timestamp, read, read_as,
    version::{Assumed, LeftOut, to_version},
    write,
};

/// The published file of this name; none, said aloud, where they are absent.
pub fn file(name: &str) -> Option<String> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/xsd"));
    if !folder.is_dir() {
        eprintln!("skipped: {} is absent, so {name} is not tested", folder.display());
        return None;
    }
    let path = folder.join(name);
    Some(fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

const EXAMPLES: [(&str, ListFormat); 9] = [
    ("release-1.0/MedMij_OAuthclientlist_example.xml", ListFormat::R1_1),
    ("release-1.0/MedMij_Whitelist_example.xml", ListFormat::R1_0),
    ("release-1.0/MedMij_Zorgaanbiederslijst_example.xml", ListFormat::R1_1),
    ("release-1.1/MedMij_Gegevensdienstnamenlijst_example.xml", ListFormat::R1_1),
    ("release-1.1/MedMij_OAuthclientlist_example.xml", ListFormat::R1_1),
    ("release-1.1/MedMij_Whitelist_example.xml", ListFormat::R1_1),
    ("release-1.1/MedMij_Zorgaanbiederslijst_example.xml", ListFormat::R1_1),
    ("later-1.4-to-2.x/MedMij_Whitelist_example.xml", ListFormat::R1_1),
    ("later-1.4-to-2.x/MedMij_Zorgaanbiederslijst_example.9.3.xml", ListFormat::R1_4),
];

#[test]
fn every_published_example_is_read_in_its_format_and_written_to_the_same_document() {
    for (name, format) in EXAMPLES {
        let Some(text) = file(name) else { return };
        let document = read(text.as_bytes()).unwrap_or_else(|error| panic!("{name}:\n{error}"));
        assert_eq!(document.header().format, format, "{name}");
        let mut written = Vec::new();
        write(&document, format, &mut written).unwrap();
        assert_eq!(read(&written[..]).as_ref(), Ok(&document), "{name}");
    }
}

#[test]
fn the_examples_of_release_1_0_fit_release_1_0() {
    for (name, _) in EXAMPLES.iter().filter(|(name, _)| name.starts_with("release-1.0")) {
        let Some(text) = file(name) else { return };
        let document = read_as(ListFormat::R1_0, text.as_bytes()).unwrap();
        assert_eq!(document.header().format, ListFormat::R1_0);
    }
}

#[test]
fn the_examples_say_what_they_are_known_to_say() {
    let Some(zal) = file("release-1.0/MedMij_Zorgaanbiederslijst_example.xml") else { return };
    let ListDocument::Zal(zal) = read(zal.as_bytes()).unwrap() else { panic!("no ZAL") };
    assert_eq!((zal.header.number, zal.zorgaanbieders.len()), (6, 2));
    assert_eq!(zal.zorgaanbieders[1].naam, "radiologencentraalflevoland@medmij");
    let Some(whitelist) = file("release-1.0/MedMij_Whitelist_example.xml") else { return };
    let ListDocument::Whitelist(whitelist) = read(whitelist.as_bytes()).unwrap() else { panic!() };
    assert_eq!(whitelist.nodes.len(), 8);
    assert_eq!(whitelist.nodes[7], "rcf-rso.nl");
    // 10:43:41 at one hour east of Greenwich.
    assert_eq!(whitelist.header.published.unix_seconds(), 1_523_871_821);
}

#[test]
fn the_examples_of_releases_1_0_and_1_1_become_values_without_anything_left_out() {
    let assumed = Assumed {
        epoch: Timestamp::parse("2018-01-01T00:00:00Z").unwrap(),
        releases: ReleaseSet::only(Release::R1_0),
    };
    let mut names = Names::default();
    for (name, _) in EXAMPLES.iter().filter(|(name, _)| name.starts_with("release")) {
        let Some(text) = file(name) else { return };
        let (version, left_out) = to_version(&read(text.as_bytes()).unwrap(), &assumed, &mut names);
        assert_eq!(left_out, LeftOut::default(), "{name}: {left_out}");
        assert_eq!(version.check(), Ok(()), "{name}");
    }
}

#[test]
fn the_koppellijst_is_recognised_and_not_used_yet() {
    let name = "later-1.4-to-2.x/MedMij_Zorgaanbiederskoppellijst_example.5.1.xml";
    let Some(text) = file(name) else { return };
    let error = read(text.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("which this program does not use yet"), "{error}");
}
