//! OCSP (RFC 6960): requests for the status of one certificate, and answers.
//!
//! Whole seconds only, as the standard has them: a moment is written as the second that it is in. Whether an answer is
//! signed by the issuer, or by a delegate that the issuer named for that, is a value that is read; whether it is in
//! time is for the actors to say. Keys are lent by closures. Knows no clock.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use der::{
    Decode as _, Encode as _,
    asn1::{BitString, GeneralizedTime, Null, ObjectIdentifier, OctetString},
};
use protocol::{
    id::Serial,
    message::{CertStatus, OcspAnswer},
    time::WallTime,
};
use sha1::{Digest as _, Sha1};
use x509_cert::{
    Certificate, ext::pkix::ExtendedKeyUsage, serial_number::SerialNumber,
    spki::AlgorithmIdentifierOwned,
};
use x509_ocsp::{
    BasicOcspResponse, CertId, CertStatus as Told, OcspGeneralizedTime, OcspRequest, OcspResponse,
    OcspResponseStatus, Request, ResponderId, ResponseData, RevokedInfo, SingleResponse,
    TbsRequest, Version,
};

use crate::{fault::Fault, form, list::Timestamp};

/// The largest message, in bytes.
const LARGEST: usize = 64 << 10;

const SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");

/// Who issued the certificates that are asked about.
#[derive(Clone, Debug)]
pub struct Issuer {
    certificate: Certificate,
    name_hash: [u8; 20],
    key_hash: [u8; 20],
}

/// Signs bytes by ECDSA over P-256 with SHA-256; the signature is DER.
pub type Sign<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

/// Whether the key of a certificate (DER) made that signature over these bytes.
pub type Verify<'a> = &'a dyn Fn(&[u8], &[u8], &[u8]) -> bool;

impl Issuer {
    /// The issuer with that certificate, as DER.
    ///
    /// # Errors
    /// It is none.
    pub fn from_certificate(der: &[u8]) -> Result<Self, Fault> {
        let certificate =
            Certificate::from_der(der).map_err(|error| malformed("a certificate", &error))?;
        let tbs = &certificate.tbs_certificate;
        let name = tbs.subject.to_der().map_err(|error| malformed("a name", &error))?;
        let key = tbs.subject_public_key_info.subject_public_key.raw_bytes();
        let (name_hash, key_hash) = (Sha1::digest(name).into(), Sha1::digest(key).into());
        Ok(Self { certificate, name_hash, key_hash })
    }

    fn cert_id(&self, serial: Serial) -> Result<CertId, der::Error> {
        Ok(CertId {
            hash_algorithm: AlgorithmIdentifierOwned { oid: SHA_1, parameters: Some(Null.into()) },
            issuer_name_hash: OctetString::new(self.name_hash)?,
            issuer_key_hash: OctetString::new(self.key_hash)?,
            serial_number: serial_number(serial)?,
        })
    }

    fn issued(&self, id: &CertId) -> bool {
        id.issuer_name_hash.as_bytes() == self.name_hash
            && id.issuer_key_hash.as_bytes() == self.key_hash
    }
}

fn malformed(expected: &'static str, error: &der::Error) -> Fault {
    Fault::malformed(expected, &error.to_string())
}

fn serial_number(serial: Serial) -> Result<SerialNumber, der::Error> {
    let bytes = serial.0.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
    SerialNumber::new(&bytes[first..])
}

/// A number of ours; what is longer is none of our certificates.
fn serial(number: &SerialNumber) -> Result<Serial, Fault> {
    let bytes = number.as_bytes();
    let value = bytes.iter().try_fold(0u32, |sum, byte| {
        sum.checked_mul(256).and_then(|sum| sum.checked_add((*byte).into()))
    });
    value.map(Serial).ok_or_else(|| {
        Fault::malformed("a serial number of at most 32 bits", &format!("{} bytes", bytes.len()))
    })
}

/// A request for the status of one certificate.
pub fn write_query(issuer: &Issuer, serial: Serial) -> Vec<u8> {
    let write = || -> Result<Vec<u8>, der::Error> {
        let one = Request { req_cert: issuer.cert_id(serial)?, single_request_extensions: None };
        let tbs_request = TbsRequest {
            version: Version::V1,
            requestor_name: None,
            request_list: vec![one],
            request_extensions: None,
        };
        OcspRequest { tbs_request, optional_signature: None }.to_der()
    };
    // Numbers and hashes of fixed length always fit.
    write().unwrap_or_default()
}

/// A request out of an address, where it stands in base64 with its signs escaped or not (RFC 6960 §A.1).
///
/// # Errors
/// It is no base64.
pub(crate) fn read_encoded(text: &str) -> Result<Vec<u8>, Fault> {
    // What is escaped in a path is so in a form too, but for the plus.
    let text = form::decoded(&text.replace('+', "%2B"))?;
    STANDARD
        .decode(text)
        .map_err(|error| Fault::malformed("an OCSP request in base64", &error.to_string()))
}

/// The certificate that a request asks of.
///
/// # Errors
/// It is no request, asks of several, or of another's certificates.
pub fn read_query(issuer: &Issuer, body: &[u8]) -> Result<Serial, Fault> {
    within(body)?;
    let request =
        OcspRequest::from_der(body).map_err(|error| malformed("an OCSP request", &error))?;
    match request.tbs_request.request_list.as_slice() {
        [one] if issuer.issued(&one.req_cert) => serial(&one.req_cert.serial_number),
        [_] => Err(Fault::malformed("a certificate of this issuer", "another's")),
        all => Err(Fault::malformed("one certificate", &all.len().to_string())),
    }
}

/// Who answers: the delegate's certificate, as DER, and its key.
#[derive(Clone, Copy)]
pub struct Responder<'a> {
    /// Its certificate.
    pub certificate: &'a [u8],
    /// Its key.
    pub sign: Sign<'a>,
}

/// The DER of an answer, in a run whose calendar begins at `epoch`. One that is not to be signed carries a signature
/// that is not right.
///
/// # Errors
/// The responder's certificate is none, or a moment is beyond what a certificate can name.
pub fn write_answer(
    issuer: &Issuer,
    responder: Responder<'_>,
    answer: &OcspAnswer,
    epoch: &Timestamp,
) -> Result<Vec<u8>, Fault> {
    let write = || -> Result<Vec<u8>, der::Error> {
        let certificate = Certificate::from_der(responder.certificate)?;
        let (this_update, next_update) =
            (moment(answer.this_update, epoch)?, moment(answer.next_update, epoch)?);
        let cert_status = match answer.status {
            CertStatus::Good => Told::good(),
            CertStatus::Revoked => {
                Told::revoked(RevokedInfo { revocation_time: this_update, revocation_reason: None })
            }
            CertStatus::Unknown => Told::unknown(),
        };
        let one = SingleResponse {
            cert_id: issuer.cert_id(answer.serial)?,
            cert_status,
            this_update,
            next_update: Some(next_update),
            single_extensions: None,
        };
        let tbs_response_data = ResponseData {
            version: Version::V1,
            responder_id: ResponderId::ByName(certificate.tbs_certificate.subject.clone()),
            produced_at: this_update,
            responses: vec![one],
            response_extensions: None,
        };
        let mut signature = (responder.sign)(&tbs_response_data.to_der()?);
        if !answer.signed
            && let Some(last) = signature.last_mut()
        {
            *last ^= 1;
        }
        let basic = BasicOcspResponse {
            tbs_response_data,
            signature_algorithm: AlgorithmIdentifierOwned { oid: ECDSA_SHA256, parameters: None },
            signature: BitString::from_bytes(&signature)?,
            certs: Some(vec![certificate]),
        };
        OcspResponse::successful(basic)?.to_der()
    };
    write().map_err(|error| malformed("an answer that can be written", &error))
}

/// What an answer says of that certificate.
///
/// # Errors
/// It is no answer, or of another certificate, or says no end of its validity.
pub fn read_answer(
    issuer: &Issuer,
    verify: Verify<'_>,
    asked: Serial,
    body: &[u8],
    epoch: &Timestamp,
) -> Result<OcspAnswer, Fault> {
    within(body)?;
    let wrong = |error: der::Error| malformed("an OCSP response", &error);
    let response = OcspResponse::from_der(body).map_err(wrong)?;
    let bytes = match (response.response_status, response.response_bytes) {
        (OcspResponseStatus::Successful, Some(bytes)) if bytes.response_type == BASIC => bytes,
        (status, _) => {
            return Err(Fault::malformed("a basic response", &format!("{status:?}")));
        }
    };
    let basic = BasicOcspResponse::from_der(bytes.response.as_bytes()).map_err(wrong)?;
    let of_it = |one: &&SingleResponse| {
        issuer.issued(&one.cert_id)
            && serial(&one.cert_id.serial_number).is_ok_and(|serial| serial == asked)
    };
    let one = basic
        .tbs_response_data
        .responses
        .iter()
        .find(of_it)
        .ok_or_else(|| Fault::malformed("the certificate that was asked of", "another"))?;
    let next = one.next_update.ok_or_else(|| Fault::malformed("nextUpdate", "none"))?;
    Ok(OcspAnswer {
        serial: asked,
        status: match one.cert_status {
            Told::Good(_) => CertStatus::Good,
            Told::Revoked(_) => CertStatus::Revoked,
            Told::Unknown(_) => CertStatus::Unknown,
        },
        this_update: in_run(one.this_update, epoch),
        next_update: in_run(next, epoch),
        signed: is_signed(issuer, verify, &basic).unwrap_or(false),
    })
}

/// Whether the issuer signed it, or a delegate did that the issuer named.
fn is_signed(
    issuer: &Issuer,
    verify: Verify<'_>,
    basic: &BasicOcspResponse,
) -> Result<bool, der::Error> {
    let told = basic.tbs_response_data.to_der()?;
    let signature = basic.signature.raw_bytes();
    let issuer_der = issuer.certificate.to_der()?;
    if verify(&issuer_der, &told, signature) {
        return Ok(true);
    }
    for delegate in basic.certs.iter().flatten() {
        let tbs = &delegate.tbs_certificate;
        let may_sign = tbs
            .get::<ExtendedKeyUsage>()?
            .is_some_and(|(_, usage)| usage.0.contains(&OCSP_SIGNING));
        if may_sign
            && verify(&issuer_der, &tbs.to_der()?, delegate.signature.raw_bytes())
            && verify(&delegate.to_der()?, &told, signature)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn within(body: &[u8]) -> Result<(), Fault> {
    match body.len() > LARGEST {
        true => Err(Fault::too_large("bytes of OCSP", LARGEST, body.len())),
        false => Ok(()),
    }
}

fn moment(at: WallTime, epoch: &Timestamp) -> Result<OcspGeneralizedTime, der::Error> {
    let seconds = u64::try_from(Timestamp::of_run(at, epoch).unix_seconds()).unwrap_or(0);
    let since = core::time::Duration::from_secs(seconds);
    Ok(OcspGeneralizedTime(GeneralizedTime::from_unix_duration(since)?))
}

fn in_run(at: OcspGeneralizedTime, epoch: &Timestamp) -> WallTime {
    let seconds = i64::try_from(at.0.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_unix(seconds, 0).in_run(epoch)
}

#[cfg(test)]
mod tests;
