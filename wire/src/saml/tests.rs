//! Messages there and back, messages that somebody meddled with, and what an independent program says of them.

use std::{fs, process::Command, sync::LazyLock};

use proptest::prelude::*;
use protocol::{
    bsn::Bsn,
    id::{NameId, Opaque, PersonId},
    message::{Assertion, Assurance, AuthnRequest, SamlStatus},
    time::WallTime,
};

use super::*;
use crate::{codec::tests::desk, list::Timestamp};

struct Party {
    signing: SigningKey,
    verifying: VerifyingKey,
}

fn party(pem: &[u8], der: &[u8], name: &str) -> Party {
    let signing = SigningKey::from_pem(pem, name).unwrap();
    Party { signing, verifying: VerifyingKey::from_certificate(der).unwrap() }
}

/// Keys that nobody trusts, made for these tests.
static DIGID: LazyLock<Party> = LazyLock::new(|| {
    party(include_bytes!("tests/digid.key.pem"), include_bytes!("tests/digid.der"), "digid")
});
static GATEWAY: LazyLock<Party> = LazyLock::new(|| {
    party(include_bytes!("tests/gateway.key.pem"), include_bytes!("tests/gateway.der"), "gateway")
});

static EPOCH: LazyLock<Timestamp> = LazyLock::new(|| Timestamp::from_unix(1_700_000_000, 5));

fn digid() -> NameId {
    desk::host("was.digid.example")
}

fn gateway() -> NameId {
    desk::host("node.za-1.example")
}

fn writer(party: &'static Party) -> Writer<'static> {
    Writer {
        places: &desk::Desk::Own,
        key: &party.signing,
        epoch: &EPOCH,
        now: WallTime::from_nanos(60_000_000_001),
        id: Opaque::uuid_v4(99),
    }
}

fn key_of(host: NameId) -> Option<&'static VerifyingKey> {
    if host == digid() {
        Some(&DIGID.verifying)
    } else if host == gateway() {
        Some(&GATEWAY.verifying)
    } else {
        None
    }
}

fn reader() -> Reader<'static> {
    Reader { places: &desk::Desk::Own, key: &key_of, epoch: &EPOCH }
}

fn levels() -> impl Strategy<Value = Assurance> {
    prop::sample::select(vec![
        Assurance::Basis,
        Assurance::Midden,
        Assurance::Substantieel,
        Assurance::Hoog,
    ])
}

fn success(signed: bool) -> Assertion {
    Assertion {
        status: SamlStatus::Success,
        signed,
        level: Assurance::Substantieel,
        bsn: Bsn(PersonId(7)),
        audience: gateway(),
        in_response_to: Opaque::uuid_v4(3),
        not_before: WallTime::from_nanos(-120_000_000_003),
        not_on_or_after: WallTime::from_nanos(120_000_000_007),
    }
}

fn said(answer: &Assertion) -> String {
    String::from_utf8(write_artifact_response(writer(&DIGID), digid(), answer)).unwrap()
}

fn heard(text: &str) -> Result<Assertion, crate::fault::Fault> {
    read_artifact_response(reader(), digid(), text.as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn an_authn_request_is_read_as_what_it_is(
        id: u128, relay: u128, level in levels(), signed: bool,
    ) {
        let (id, relay_state) = (Opaque::uuid_v4(id), Opaque(relay));
        let request = AuthnRequest { issuer: gateway(), id, relay_state, level, signed };
        let xml = write_authn_request(writer(&GATEWAY), digid(), &request);
        prop_assert_eq!(read_authn_request(reader(), xml.as_bytes(), relay_state), Ok(request));
    }

    #[test]
    fn an_artifact_resolve_is_read_as_what_it_is(artifact: u128, signed: bool) {
        let artifact = write_artifact("https://was.digid.example/saml/metadata", Opaque(artifact));
        let xml = write_artifact_resolve(writer(&GATEWAY), digid(), &artifact, gateway(), signed);
        prop_assert_eq!(read_artifact_resolve(reader(), &xml), Ok((artifact, gateway(), signed)));
    }

    #[test]
    fn an_artifact_response_is_read_as_what_it_is(
        level in levels(), person in 0..Bsn::PRINTABLE, id: u128, signed: bool,
        begin: i32, end: i32,
    ) {
        let answer = Assertion {
            level,
            bsn: Bsn(PersonId(person)),
            in_response_to: Opaque::uuid_v4(id),
            not_before: WallTime::from_nanos(i64::from(begin) * 1_001),
            not_on_or_after: WallTime::from_nanos(i64::from(end) * 1_001),
            ..success(signed)
        };
        prop_assert_eq!(heard(&said(&answer)), Ok(answer));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes: Vec<u8>, place: u16, byte: u8) {
        let state = Opaque(1);
        let _ = read_authn_request(reader(), &bytes, state);
        let _ = read_artifact("x", &String::from_utf8_lossy(&bytes));
        let mut message = said(&success(true)).into_bytes();
        let place = usize::from(place) % message.len();
        message[place] = byte;
        let _ = read_artifact_response(reader(), digid(), &message);
        let _ = read_artifact_resolve(reader(), &message[..place]);
    }

    #[test]
    fn an_artifact_is_read_by_whom_it_is_of(value: u128) {
        let text = write_artifact("https://a.example/saml/metadata", Opaque(value));
        let read = read_artifact("https://a.example/saml/metadata", &text);
        prop_assert_eq!(read, Ok(Opaque(value)));
        prop_assert!(read_artifact("https://b.example/saml/metadata", &text).is_err());
    }
}

#[test]
fn who_did_not_log_in_is_nobody() {
    for status in [SamlStatus::AuthnFailed, SamlStatus::NoAuthnContext, SamlStatus::RequestDenied] {
        let read = heard(&said(&Assertion { status, ..success(true) })).unwrap();
        assert_eq!((read.status, read.signed), (status, true));
        assert_eq!(read.in_response_to, Opaque::uuid_v4(3));
    }
}

#[test]
fn whatever_is_meddled_with_is_not_signed() {
    let message = said(&success(true));
    assert!(heard(&message).unwrap().signed);
    let other = Bsn(PersonId(8)).to_string();
    for (from, to) in [
        (Bsn(PersonId(7)).to_string().as_str(), other.as_str()),
        ("ac:classes:Smartcard<", "ac:classes:SmartcardPKI<"),
        ("<ds:DigestValue>", "<ds:DigestValue>AA"),
        ("<saml:Audience>https://node", "<saml:Audience>https://nodf"),
    ] {
        let meddled = message.replace(from, to);
        assert_ne!(meddled, message, "{from}");
        assert!(!heard(&meddled).unwrap().signed, "{from}");
    }
    // By another's key.
    let other = write_artifact_response(writer(&GATEWAY), digid(), &success(true));
    assert!(!read_artifact_response(reader(), digid(), &other).unwrap().signed);
}

/// The signed assertion is moved into a corner, and another stands where it stood (XSW).
#[test]
fn an_assertion_that_wraps_a_signed_one_is_not_signed() {
    let message = said(&success(true));
    let begin = message.find("<saml:Assertion ").unwrap();
    let end = message.find("</saml:Assertion>").unwrap() + "</saml:Assertion>".len();
    let signed = &message[begin..end];
    let forged = signed
        .replace(&Bsn(PersonId(7)).to_string(), &Bsn(PersonId(8)).to_string())
        .replacen(" ID=\"", " ID=\"forged", 1);
    let corner = forged.replacen(
        "<saml:Subject>",
        &format!("<saml:Advice>{signed}</saml:Advice><saml:Subject>"),
        1,
    );
    let wrapped = format!("{}{corner}{}", &message[..begin], &message[end..]);
    assert!(!heard(&wrapped).is_ok_and(|read| read.signed), "wrapped");
    // And one beside the other is not one.
    let beside = format!("{}{forged}{signed}{}", &message[..begin], &message[end..]);
    assert!(heard(&beside).is_err());
}

#[test]
fn what_two_readers_could_read_differently_is_no_message() {
    let message = said(&success(true));
    let bsn = Bsn(PersonId(7)).to_string();
    let comment = message.replace(&bsn, &format!("{}<!-- -->{}", &bsn[..4], &bsn[4..]));
    assert!(heard(&comment).is_err());
    let doctype = message.replacen("?>", "?><!DOCTYPE a [<!ENTITY b \"c\">]>", 1);
    assert!(heard(&doctype).is_err());
    let deep = "<a>".repeat(100_000);
    assert!(heard(&deep).is_err());
    assert!(heard(&" ".repeat(300 << 10)).is_err());
    let twice = message.replace("-response\"", "\"");
    assert!(heard(&twice).is_err(), "one ID twice");
}

#[test]
fn an_independent_program_finds_every_signature_right() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.pem");
    let check = |name: &str, xml: &[u8], pem: &[u8], ids: &[&str]| {
        fs::write(&key, pem).unwrap();
        let file = folder.path().join(name);
        fs::write(&file, xml).unwrap();
        for id in ids {
            let (name, of) = id.split_once('|').unwrap_or((id, ""));
            let mut command = Command::new("xmlsec1");
            command.args(["--verify", "--enabled-key-data", "rsa,key-name", "--privkey-pem"]);
            command.arg(&key).arg("--id-attr:ID");
            command.arg(format!("{of}:{name}"));
            if !of.is_empty() && *id != ids[0] {
                command
                    .arg("--node-xpath")
                    .arg(format!("//*[local-name()='{name}']/*[local-name()='Signature']"));
            }
            let done = match command.arg(&file).output() {
                Ok(done) => done,
                Err(_) if std::env::var_os("STELSEL_NO_SKIP").is_none() => {
                    eprintln!("skipped: xmlsec1 is not installed");
                    return;
                }
                Err(error) => panic!("xmlsec1: {error}"),
            };
            let told = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "{name}: {told}");
        }
    };
    let request = AuthnRequest {
        issuer: gateway(),
        id: Opaque::uuid_v4(1),
        relay_state: Opaque(2),
        level: Assurance::Midden,
        signed: true,
    };
    let xml = write_authn_request(writer(&GATEWAY), digid(), &request);
    let gateway_key = include_bytes!("tests/gateway.key.pem");
    check("request.xml", xml.as_bytes(), gateway_key, &[&format!("AuthnRequest|{PROTOCOL}")]);
    let xml = said(&success(true));
    let ids = [format!("ArtifactResponse|{PROTOCOL}"), format!("Assertion|{ASSERTION}")];
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    check("response.xml", xml.as_bytes(), include_bytes!("tests/digid.key.pem"), &ids);
    let xml =
        identity_provider(writer(&DIGID), digid(), digid(), include_bytes!("tests/digid.der"));
    let id = "EntityDescriptor|urn:oasis:names:tc:SAML:2.0:metadata";
    check("metadata.xml", xml.as_bytes(), include_bytes!("tests/digid.key.pem"), &[id]);
}
