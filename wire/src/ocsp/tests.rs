//! Requests and answers there and back, answers of who may not give them, and what an independent program says of them.

use std::{fs, process::Command, sync::LazyLock};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
    },
};
use proptest::prelude::*;

use super::*;

const ISSUER: &[u8] = include_bytes!("tests/issuer.der");
const SIGNER: &[u8] = include_bytes!("tests/signer.der");
/// Of the same key, and not for OCSP.
const NOBODY: &[u8] = include_bytes!("tests/nobody.der");
const KEY: &[u8] = include_bytes!("tests/signer.key.der");

static EPOCH: LazyLock<Timestamp> = LazyLock::new(|| Timestamp::from_unix(1_790_000_000, 0));

fn issuer() -> Issuer {
    Issuer::from_certificate(ISSUER).unwrap()
}

fn sign(bytes: &[u8]) -> Vec<u8> {
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, KEY).unwrap();
    key.sign(&SystemRandom::new(), bytes).unwrap().as_ref().to_vec()
}

fn verify(certificate: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let certificate = Certificate::from_der(certificate).unwrap();
    let key = certificate.tbs_certificate.subject_public_key_info.subject_public_key;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.raw_bytes())
        .verify(message, signature)
        .is_ok()
}

fn said(answer: &OcspAnswer, certificate: &[u8]) -> Vec<u8> {
    let responder = Responder { certificate, sign: &sign };
    write_answer(&issuer(), responder, answer, &EPOCH).unwrap()
}

fn heard(asked: Serial, bytes: &[u8]) -> Result<OcspAnswer, Fault> {
    read_answer(&issuer(), &verify, asked, bytes, &EPOCH)
}

fn answers() -> impl Strategy<Value = OcspAnswer> {
    let status =
        prop::sample::select(vec![CertStatus::Good, CertStatus::Revoked, CertStatus::Unknown]);
    (any::<u32>(), status, -100_000i64..100_000, 0i64..100_000, any::<bool>()).prop_map(
        |(serial, status, this, length, signed)| OcspAnswer {
            serial: Serial(serial),
            status,
            this_update: WallTime::from_nanos(this * 1_000_000_000),
            next_update: WallTime::from_nanos((this + length) * 1_000_000_000),
            signed,
        },
    )
}

proptest! {
    #[test]
    fn a_question_is_read_as_what_it_is(serial: u32) {
        let bytes = write_query(&issuer(), Serial(serial));
        prop_assert_eq!(read_query(&issuer(), &bytes), Ok(Serial(serial)));
    }

    #[test]
    fn an_answer_is_read_as_what_it_is(answer in answers()) {
        prop_assert_eq!(heard(answer.serial, &said(&answer, SIGNER)), Ok(answer));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes: Vec<u8>, answer in answers(), place: u16, byte: u8) {
        let _ = read_query(&issuer(), &bytes);
        let _ = heard(Serial(1), &bytes);
        let mut message = said(&answer, SIGNER);
        let place = usize::from(place) % message.len();
        message[place] ^= byte;
        if let Ok(read) = heard(answer.serial, &message)
            && read.signed
        {
            // What a signature is over says what it said.
            prop_assert_eq!(read, answer);
        }
    }
}

fn good() -> OcspAnswer {
    OcspAnswer {
        serial: Serial(7),
        status: CertStatus::Good,
        this_update: WallTime::from_nanos(0),
        next_update: WallTime::from_nanos(3_600_000_000_000),
        signed: true,
    }
}

#[test]
fn who_is_not_named_for_it_does_not_sign_answers() {
    assert!(heard(Serial(7), &said(&good(), SIGNER)).unwrap().signed);
    assert!(!heard(Serial(7), &said(&good(), NOBODY)).unwrap().signed);
}

#[test]
fn an_answer_of_another_certificate_is_none() {
    assert!(heard(Serial(8), &said(&good(), SIGNER)).is_err());
}

#[test]
fn a_moment_is_the_second_that_it_is_in() {
    let answer = OcspAnswer { this_update: WallTime::from_nanos(1_999_999_999), ..good() };
    let read = heard(Serial(7), &said(&answer, SIGNER)).unwrap();
    assert_eq!(read.this_update, WallTime::from_nanos(1_000_000_000));
}

#[test]
fn an_independent_program_reads_the_question_and_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let question = file("question.der", &write_query(&issuer(), Serial(7)));
    let answer = file("answer.der", &said(&good(), SIGNER));
    let root = folder.path().join("issuer.pem");
    let run =
        |arguments: &[&std::ffi::OsStr]| match Command::new("openssl").args(arguments).output() {
            Ok(done) => Some(done),
            Err(_) if std::env::var_os("STELSEL_NO_SKIP").is_none() => {
                eprintln!("skipped: openssl is not installed");
                None
            }
            Err(error) => panic!("openssl: {error}"),
        };
    let der = file("issuer.der", ISSUER);
    let words = |text: &'static str| text.split(' ').map(std::ffi::OsStr::new);
    let convert: Vec<_> = words("x509 -inform der -in")
        .chain([der.as_os_str()])
        .chain(words("-out"))
        .chain([root.as_os_str()])
        .collect();
    if run(&convert).is_none() {
        return;
    }
    let read: Vec<_> = words("ocsp -reqin")
        .chain([question.as_os_str()])
        .chain(words("-respin"))
        .chain([answer.as_os_str()])
        .chain(words("-CAfile"))
        .chain([root.as_os_str()])
        .chain(words("-issuer"))
        .chain([root.as_os_str()])
        .chain(words("-serial 7 -no_nonce -validity_period 999999999 -req_text -resp_text"))
        .collect();
    let done = run(&read).unwrap();
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(told.contains("Response verify OK") && told.contains("7: good"), "{told}");
}
