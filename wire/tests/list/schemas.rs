//! Our judgement beside that of a validator that reads the published schemas themselves (`uppsala`): of what we
//! write, and of the published examples with one thing changed in each.

use proptest::{
    prelude::*,
    test_runner::{TestCaseResult, TestRunner},
};
use uppsala::XsdValidator;
use wire::list::{Fault, ListDocument, ListFormat, read_as, write};

use crate::{
    documents::{gegevensdiensten_namen, oauth_clients, whitelist, zal},
    published::file,
};

/// A schema, as a judge of documents.
struct Judge(XsdValidator);

impl Judge {
    fn of(name: &str) -> Option<Self> {
        let schema = file(name)?;
        let schema = uppsala::parse(&schema).expect("a published schema is XML");
        Some(Self(XsdValidator::from_schema(&schema).expect("a published schema is a schema")))
    }

    /// Why a document is not valid; empty if it is.
    fn faults(&self, document: &[u8]) -> Vec<String> {
        let parsed = match uppsala::parse_bytes(document) {
            Ok(parsed) => parsed,
            Err(error) => return vec![error.to_string()],
        };
        self.0.validate(&parsed).iter().map(ToString::to_string).collect()
    }
}

/// Why the schema of this format does not take a document, as we see it; empty if it does. What we refuse beyond
/// the schema is no reason.
fn our_faults(format: ListFormat, document: &[u8]) -> Vec<String> {
    match read_as(format, document) {
        Ok(_) => Vec::new(),
        Err(error) => error
            .problems
            .iter()
            .filter(|problem| !problem.fault.beyond_schema())
            .map(ToString::to_string)
            .collect(),
    }
}

/// One list of one release: its schema and its example.
#[derive(Clone, Copy)]
struct List {
    format: ListFormat,
    schema: &'static str,
    example: &'static str,
}

macro_rules! list {
    ($format:ident, $folder:literal, $name:literal) => {
        List {
            format: ListFormat::$format,
            schema: concat!($folder, "/MedMij_", $name, ".xsd"),
            example: concat!($folder, "/MedMij_", $name, "_example.xml"),
        }
    };
}

const ZAL_1_0: List = list!(R1_0, "release-1.0", "Zorgaanbiederslijst");
const ZAL_1_1: List = list!(R1_1, "release-1.1", "Zorgaanbiederslijst");
const WHITELIST_1_0: List = list!(R1_0, "release-1.0", "Whitelist");
const WHITELIST_1_1: List = list!(R1_1, "release-1.1", "Whitelist");
const WHITELIST_LATER: List = List {
    format: ListFormat::R1_4,
    schema: "later-1.4-to-2.x/MedMij_Whitelist.v13.xsd",
    example: "later-1.4-to-2.x/MedMij_Whitelist_example.xml",
};
const OCL_1_0: List = list!(R1_0, "release-1.0", "OAuthclientlist");
const OCL_1_1: List = list!(R1_1, "release-1.1", "OAuthclientlist");
const GNL_1_1: List = list!(R1_1, "release-1.1", "Gegevensdienstnamenlijst");

const VALID: bool = true;
const INVALID: bool = false;

/// What is changed in an example: the first of the one text becomes the other; and whether it is valid then.
type Mutation = (List, &'static str, &'static str, bool);

const STAMP: &str = "<Tijdstempel>2018-04-16T12:56:33Z<";
const OCL_STAMP: &str = "<Tijdstempel>2018-04-16T11:41:59Z<";
const SIX: &str = "<Volgnummer>6<";
const TOKEN: &str = "https://medmij.xisbridge.net/oauth/token";
const AUTHORIZE: &str = "https://medmij.za982.xisbridge.net/oauth/authorize";
const UMC: &str = "umcharderwijk@medmij";
const LONG_CODE: &str = "LAB-1.0.0-LRB-FHIR-AND-MUCH-MORE";

#[rustfmt::skip]
const MUTATIONS: &[Mutation] = &[
    // Tijdstempel: dateTime of 20 characters or more.
    (ZAL_1_0, STAMP, "<Tijdstempel>2018-04-16T12:56:33<", INVALID),
    (ZAL_1_0, STAMP, "<Tijdstempel>2018-04-16 12:56:33Z<", INVALID),
    (ZAL_1_0, STAMP, "<Tijdstempel>2018-02-30T12:56:33Z<", INVALID),
    (ZAL_1_0, STAMP, "<Tijdstempel>2018-13-16T12:56:33Z<", INVALID),
    (ZAL_1_0, STAMP, "<Tijdstempel>2018-04-16T25:56:33Z<", INVALID),
    (ZAL_1_0, STAMP, "<Tijdstempel>2018-04-16T12:56:33+14:30<", INVALID),
    (ZAL_1_0, STAMP, "<Tijdstempel>0000-04-16T12:56:33Z<", INVALID),
    (ZAL_1_0, STAMP, "<Tijdstempel><", INVALID),
    (ZAL_1_0, STAMP, "<Tijdstempel>\n 2018-04-16T12:56:33Z\t<", VALID),
    (ZAL_1_0, STAMP, "<Tijdstempel>2016-02-29T24:00:00.000-14:00<", VALID),
    (ZAL_1_0, STAMP, "<Tijdstempel>-2018-04-16T12:56:33Z<", VALID),
    // Without a zone, yet long enough: valid, and refused by us as beyond the schema.
    (ZAL_1_0, STAMP, "<Tijdstempel>2018-04-16T12:56:33.5<", VALID),
    // Volgnummer: positiveInteger.
    (ZAL_1_1, SIX, "<Volgnummer>0<", INVALID),
    (ZAL_1_1, SIX, "<Volgnummer>-6<", INVALID),
    (ZAL_1_1, SIX, "<Volgnummer>6.0<", INVALID),
    (ZAL_1_1, SIX, "<Volgnummer>six<", INVALID),
    (ZAL_1_1, SIX, "<Volgnummer><", INVALID),
    (ZAL_1_1, SIX, "<Volgnummer>6 6<", INVALID),
    (ZAL_1_1, SIX, "<Volgnummer> +006\n<", VALID),
    // Greater than we count to: valid, and refused by us as beyond the schema.
    (ZAL_1_1, SIX, "<Volgnummer>99999999999999999999<", VALID),
    // Zorgaanbiedernaam: letters and @medmij, 10 to 57 characters, once.
    (ZAL_1_0, UMC, "ab@medmij", INVALID),
    (ZAL_1_0, UMC, "abc@medmij", VALID),
    (ZAL_1_0, UMC, "Umcharderwijk@medmij", INVALID),
    (ZAL_1_0, UMC, "umc.harderwijk@medmij", INVALID),
    (ZAL_1_0, UMC, "umcharderwijk@medmij ", INVALID),
    (ZAL_1_0, UMC, "umcharderwijk", INVALID),
    (ZAL_1_0, UMC, "abcdefghijklmnopqrstuvwxyabcdefghijklmnopqrstuvwxy@medmij", VALID),
    (ZAL_1_0, UMC, "abcdefghijklmnopqrstuvwxyabcdefghijklmnopqrstuvwxyz@medmij", INVALID),
    (ZAL_1_0, UMC, "radiologencentraalflevoland@medmij", INVALID),
    // GegevensdienstId and Systeemrolcode: not empty, in 1.1 at most 30 characters, once where they belong.
    (ZAL_1_0, "<GegevensdienstId>4<", "<GegevensdienstId><", INVALID),
    (ZAL_1_0, "<GegevensdienstId>4<", "<GegevensdienstId> <", VALID),
    (ZAL_1_0, "<GegevensdienstId>4<", "<GegevensdienstId>6<", INVALID),
    (ZAL_1_0, "<GegevensdienstId>4<", "<GegevensdienstId>1<", VALID),
    (ZAL_1_0, "<GegevensdienstId>4<", "<GegevensdienstId>0123456789012345678901234567890<", VALID),
    (ZAL_1_1, "<GegevensdienstId>4<", "<GegevensdienstId>0123456789012345678901234567890<", INVALID),
    (ZAL_1_1, "<GegevensdienstId>4<", "<GegevensdienstId>012345678901234567890123456789<", VALID),
    (ZAL_1_0, "LAB-1.0.0-LRB-FHIR", LONG_CODE, VALID),
    (ZAL_1_1, "LAB-1.0.0-LRB-FHIR", LONG_CODE, INVALID),
    (ZAL_1_1, "LAB-1.0.0-LRB-FHIR", "", INVALID),
    (ZAL_1_1, "LAB-1.0.0-LRB-FHIR", "MM-1.0.0-PDB-FHIR", VALID),
    (ZAL_1_1, "MM-1.0.0-PLB-FHIR", "MM-1.0.0-PDB-FHIR", INVALID),
    // Front-channel URIs: https, no port, no query, no fragment, nothing empty in the path.
    (ZAL_1_1, AUTHORIZE, "http://medmij.za982.xisbridge.net/oauth/authorize", INVALID),
    (ZAL_1_1, AUTHORIZE, "https://medmij.za982.xisbridge.net:443/oauth/authorize", INVALID),
    (ZAL_1_1, AUTHORIZE, "https://medmij.za982.xisbridge.net/oauth/authorize?x=y", INVALID),
    (ZAL_1_1, AUTHORIZE, "https://medmij.za982.xisbridge.net/oauth/authorize#x", INVALID),
    (ZAL_1_1, AUTHORIZE, "https://medmij.za982.xisbridge.net/oauth/", INVALID),
    (ZAL_1_1, AUTHORIZE, "https://medmij.za982.xisbridge.net//authorize", INVALID),
    (ZAL_1_1, AUTHORIZE, "https://MEDMIJ.nl/oauth/authorize", INVALID),
    (ZAL_1_1, AUTHORIZE, "https://localhost/oauth/authorize", INVALID),
    (ZAL_1_1, AUTHORIZE, "https://user@medmij.nl/oauth/authorize", INVALID),
    (ZAL_1_1, AUTHORIZE, "https://medmij.nl", VALID),
    (ZAL_1_1, AUTHORIZE, "https://medmij.n", VALID),
    (ZAL_1_1, AUTHORIZE, "https://medmij.nl-/\u{eb} :;[]\n\\x", VALID),
    // Back-channel URIs: the same, with a port of one to five digits.
    (ZAL_1_1, TOKEN, "https://medmij.xisbridge.net:1/oauth/token", VALID),
    (ZAL_1_1, TOKEN, "https://medmij.xisbridge.net:/oauth/token", INVALID),
    (ZAL_1_1, TOKEN, "https://medmij.xisbridge.net:123456/oauth/token", INVALID),
    (ZAL_1_1, TOKEN, "https://medmij.xisbridge.net:80:80/oauth/token", INVALID),
    (ZAL_1_1, TOKEN, "https://medmij.n/oauth/token", INVALID),
    (ZAL_1_1, TOKEN, "https://medmij.nl-/oauth/token", INVALID),
    (ZAL_1_1, TOKEN, "https://medmij.nl/oauth/token?", INVALID),
    // No such port: valid, and refused by us as beyond the schema.
    (ZAL_1_1, TOKEN, "https://medmij.xisbridge.net:99999/oauth/token", VALID),
    (ZAL_1_1, TOKEN, "https://medmij.xisbridge.net:0/oauth/token", VALID),
    // Order and number of elements.
    (ZAL_1_1, "<Volgnummer>6</Volgnummer>", "", INVALID),
    (ZAL_1_1, "<Volgnummer>6</Volgnummer>", "<Volgnummer>6</Volgnummer><Volgnummer>6</Volgnummer>", INVALID),
    (ZAL_1_1, "<Volgnummer>6</Volgnummer>", "<Versie>6</Versie>", INVALID),
    (ZAL_1_1, "<Volgnummer>6</Volgnummer>", "<Volgnummer xmlns=''>6</Volgnummer>", INVALID),
    (ZAL_1_1, "<Volgnummer>6</Volgnummer>", "<Volgnummer>6<b/></Volgnummer>", INVALID),
    (ZAL_1_1, "<Zorgaanbieders>", "<Zorgaanbieders>text", INVALID),
    (ZAL_1_1, "<Zorgaanbieders>", "<Zorgaanbieders><![CDATA[ ]]>&#32;<!-- --><?p i?>", VALID),
    (ZAL_1_1, "<Zorgaanbieders>", "<Zorgaanbieders><Zorgaanbieder/>", INVALID),
    (WHITELIST_1_0, "<MedMijNode>rcf-rso.nl</MedMijNode>", "<MedMijNode><Hostname>rcf-rso.nl</Hostname></MedMijNode>", INVALID),
    (WHITELIST_1_1, "<Hostname>rcf-rso.nl</Hostname>", "rcf-rso.nl", INVALID),
    (WHITELIST_1_1, "<Hostname>rcf-rso.nl</Hostname>", "", INVALID),
    (WHITELIST_1_1, "<Hostname>rcf-rso.nl</Hostname>", "<Hostname>rcf-rso.nl</Hostname><Hostname>rcf.nl</Hostname>", INVALID),
    // Hostnames, once each.
    (WHITELIST_1_0, "rcf-rso.nl", "rcf-rso", INVALID),
    (WHITELIST_1_0, "rcf-rso.nl", "rcf-rso.n", INVALID),
    (WHITELIST_1_0, "rcf-rso.nl", "rcf_rso.nl", INVALID),
    (WHITELIST_1_0, "rcf-rso.nl", "-rcf.nl", INVALID),
    (WHITELIST_1_0, "rcf-rso.nl", "rcf-.nl", VALID),
    (WHITELIST_1_0, "rcf-rso.nl", "rcf..nl", INVALID),
    (WHITELIST_1_0, "rcf-rso.nl", "rcf-rso.nl.", INVALID),
    (WHITELIST_1_0, "rcf-rso.nl", " rcf-rso.nl", INVALID),
    (WHITELIST_1_0, "rcf-rso.nl", "rcf-rso.nl\n", INVALID),
    (WHITELIST_1_0, "rcf-rso.nl", "rcf<!-- -->-rso<![CDATA[.n]]>&#108;", VALID),
    (WHITELIST_1_0, "rcf-rso.nl", "medmij.xisbridge.net", INVALID),
    (WHITELIST_1_1, "rcf-rso.nl", "medmij.xisbridge.net", INVALID),
    (WHITELIST_LATER, "rcf-rso.nl", "medmij.xisbridge.net", INVALID),
    (WHITELIST_LATER, "rcf-rso.nl", "RCF.nl", INVALID),
    (OCL_1_1, "medmij.deenigeechtepgo.nl", "pgocluster68.personalhealthprovider.net", INVALID),
    (OCL_1_0, "medmij.deenigeechtepgo.nl", "pgocluster68.personalhealthprovider.net", INVALID),
    // Names that people read: 3 to 50 characters.
    (OCL_1_0, "De Enige Echte PGO", "PG", INVALID),
    (OCL_1_0, "De Enige Echte PGO", "PGO", VALID),
    (OCL_1_0, "De Enige Echte PGO", "   ", VALID),
    (OCL_1_1, "De Enige Echte PGO", "01234567890123456789012345678901234567890123456789", VALID),
    (OCL_1_1, "De Enige Echte PGO", "012345678901234567890123456789012345678901234567890", INVALID),
    (OCL_1_1, "De Enige Echte PGO", "A &amp; B &lt;C&gt; &#x20AC;", VALID),
    (OCL_1_1, "De Enige Echte PGO", "A & B", INVALID),
    (GNL_1_1, "Documenten", "Do", INVALID),
    (GNL_1_1, "Documenten", "Allergie\u{eb}n", VALID),
    (GNL_1_1, "<GegevensdienstId>2<", "<GegevensdienstId>1<", INVALID),
    (GNL_1_1, "<GegevensdienstId>2<", "<GegevensdienstId>0123456789012345678901234567890<", INVALID),
    // Attributes, and what XML asks.
    (OCL_1_1, "<OAuthclients>", "<OAuthclients since='2018'>", INVALID),
    (OCL_1_1, "<OAuthclients>", "<OAuthclients xml:lang='nl'>", INVALID),
    (OCL_1_1, "<OAuthclients>", "<OAuthclients xsi:nil='true'>", INVALID),
    (OCL_1_1, "<OAuthclients>", "<OAuthclients xsi:noNamespaceSchemaLocation='none.xsd'>", VALID),
    (OCL_1_1, "<OAuthclients>", "<OAuthclients xmlns:p='urn:p'>", VALID),
    (OCL_1_1, "<OAuthclients>", "<OAuthclients p:since='2018'>", INVALID),
    (OCL_1_1, OCL_STAMP, "<Tijdstempel >2018-04-16T11:41:59Z<", VALID),
    (OCL_1_1, "</OAuthclients>", "</Oauthclients>", INVALID),
    (OCL_1_1, "</OAuthclientlist>", "</OAuthclientlist><more/>", INVALID),
    (OCL_1_1, "</OAuthclientlist>", "</OAuthclientlist><!-- more -->", VALID),
    (OCL_1_1, "</OAuthclientlist>", "", INVALID),
    (OCL_1_1, "oauthclientlist/release2/\" xmlns:xsi", "oauthclientlist/release3/\" xmlns:xsi", INVALID),
    (OCL_1_1, "<!--File version: 2-->", "<!--File -- version: 2-->", INVALID),
    (OCL_1_1, "<!--File version: 2-->", "<?xml version='1.0'?>", INVALID),
];

/// Where the two judges differ, with the reason. What stands last in each change is what the validator says.
#[rustfmt::skip]
const DIFFERENCES: &[(Mutation, &str)] = &[
    ((OCL_1_1, "<OAuthclients>", "<OAuthclients xsi:type='ocl:OAuthclients' xmlns:ocl='xmlns://afsprakenstelsel.medmij.nl/oauthclientlist/release2/'>", VALID),
     "a type's name is the schema's own business and differs between releases, so we take no xsi:type"),
    ((OCL_1_1, "<!--File version: 2-->", "<!DOCTYPE OAuthclientlist>", VALID),
     "we take no document type declaration, as it could declare entities"),
    ((OCL_1_0, "De Enige Echte PGO", "\u{eb}\u{eb}", VALID),
     "length is in characters (XML Schema 1.0 part 2, 4.3.1); this validator counts bytes"),
    ((OCL_1_1, "De Enige Echte PGO", "\u{1f600}1234567890123456789012345678901234567890123456789", INVALID),
     "length is in characters (XML Schema 1.0 part 2, 4.3.1); this validator counts bytes"),
    ((GNL_1_1, "<GegevensdienstId>2<", "<GegevensdienstId> 1<", INVALID),
     "strings keep their spaces (4.3.6), so that these are two; this validator compares them without"),
];

fn mutated((list, from, to, _): &Mutation) -> Option<(Judge, String)> {
    let (judge, example) = (Judge::of(list.schema)?, file(list.example)?);
    assert!(example.contains(from), "{} has no {from:?}", list.example);
    Some((judge, example.replacen(from, to, 1)))
}

#[test]
fn both_judges_agree_on_every_example_with_one_thing_changed() {
    let mut wrong = Vec::new();
    for mutation in MUTATIONS {
        let Some((judge, document)) = mutated(mutation) else { return };
        let (list, from, to, valid) = mutation;
        let theirs = judge.faults(document.as_bytes());
        let ours = our_faults(list.format, document.as_bytes());
        if theirs.is_empty() != *valid || ours.is_empty() != *valid {
            wrong.push(format!(
                "{}: {from:?} to {to:?}, expected valid = {valid}\n  theirs: {theirs:?}\n  ours: {ours:?}",
                list.example
            ));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
    let invalid = MUTATIONS.iter().filter(|(.., valid)| !valid).count();
    assert!(invalid >= 25, "{invalid} mutations violate a constraint");
}

#[test]
fn an_invalid_example_has_its_fault_told_once_or_twice_not_over_and_over() {
    for mutation in MUTATIONS.iter().filter(|(.., valid)| !valid) {
        let Some((_, document)) = mutated(mutation) else { return };
        let error = read_as(mutation.0.format, document.as_bytes()).unwrap_err();
        assert!(error.problems.len() <= 3, "{:?} to {:?}:\n{error}", mutation.1, mutation.2);
    }
}

#[test]
fn where_the_judges_differ_there_is_a_reason() {
    for (mutation, reason) in DIFFERENCES {
        let Some((judge, document)) = mutated(mutation) else { return };
        let theirs = judge.faults(document.as_bytes());
        let ours = our_faults(mutation.0.format, document.as_bytes());
        assert_eq!(theirs.is_empty(), mutation.3, "no difference any more: {theirs:?}; {reason}");
        assert_eq!(ours.is_empty(), !mutation.3, "no difference any more: {ours:?}; {reason}");
    }
}

#[test]
fn what_we_refuse_beyond_the_schema_is_refused_for_that_reason_alone() {
    let beyond = MUTATIONS.iter().filter(|(.., valid)| *valid).filter_map(|mutation| {
        let (_, document) = mutated(mutation)?;
        read_as(mutation.0.format, document.as_bytes()).err()
    });
    let mut seen = 0;
    for error in beyond {
        assert!(error.problems.iter().all(|problem| problem.fault.beyond_schema()), "{error}");
        assert!(matches!(error.problems[0].fault, Fault::Value { .. }));
        seen += 1;
    }
    if file(OCL_1_1.schema).is_some() {
        assert_eq!(seen, 4, "a time without zone, a number too great, two ports");
    }
}

/// Whether the published schema takes what we write.
fn is_taken(list: List, documents: impl Strategy<Value = ListDocument>) {
    let Some(judge) = Judge::of(list.schema) else { return };
    let taken = |document: ListDocument| -> TestCaseResult {
        let mut written = Vec::new();
        write(&document, list.format, &mut written)
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        let faults = judge.faults(&written);
        prop_assert!(faults.is_empty(), "{:?}\n{}", faults, String::from_utf8_lossy(&written));
        Ok(())
    };
    let mut runner = TestRunner::new(ProptestConfig::with_cases(128));
    runner.run(&documents, taken).unwrap_or_else(|error| panic!("{}: {error}", list.schema));
}

#[test]
fn what_we_write_is_valid_by_the_published_schemas() {
    is_taken(ZAL_1_0, zal(ListFormat::R1_0));
    is_taken(ZAL_1_1, zal(ListFormat::R1_1));
    is_taken(WHITELIST_1_0, whitelist(ListFormat::R1_0));
    is_taken(WHITELIST_1_1, whitelist(ListFormat::R1_1));
    is_taken(WHITELIST_LATER, whitelist(ListFormat::R1_1));
    is_taken(OCL_1_0, oauth_clients(ListFormat::R1_0));
    is_taken(OCL_1_1, oauth_clients(ListFormat::R1_1));
    is_taken(GNL_1_1, gegevensdiensten_namen());
}
