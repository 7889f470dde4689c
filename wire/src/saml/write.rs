//! Writing messages. What is to be signed is signed as it is written; what is not to be carries no signature.

use std::fmt::Write as _;

use protocol::{
    id::{NameId, Opaque},
    message::{Assertion, AuthnRequest, SamlStatus},
    time::{Duration, WallTime},
};

use super::{
    ARTIFACT_RESOLUTION, ASSERTION, ASSERTION_CONSUMER, BSN_SECTOR, PROTOCOL, SINGLE_SIGN_ON, SOAP,
    STATUS, class, entity_id, id_text, key::SigningKey,
};
use crate::{list::Timestamp, places::Places};

/// What a writer has at hand.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    /// Texts.
    pub places: &'a dyn Places,
    /// Its own key.
    pub key: &'a SigningKey,
    /// The moment at which the calendar of the run begins.
    pub epoch: &'a Timestamp,
    /// What time it is.
    pub now: WallTime,
    /// A number that no other message has: the ID of what is written.
    pub id: Opaque,
}

/// An AuthnRequest to that host, as the form of the POST binding carries it before Base64.
pub fn write_authn_request(writer: Writer<'_>, to: NameId, request: &AuthnRequest) -> String {
    let Writer { places, .. } = writer;
    let id = id_text(places, request.id);
    let destination = format!("https://{}{SINGLE_SIGN_ON}", places.host_text(to));
    let xml = format!(
        "<samlp:AuthnRequest xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" ID=\"{id}\" Version=\"2.0\" IssueInstant=\"{instant}\" Destination=\"{destination}\" ForceAuthn=\"true\" AssertionConsumerServiceIndex=\"0\"><saml:Issuer>{issuer}</saml:Issuer>{signature}<samlp:RequestedAuthnContext Comparison=\"minimum\"><saml:AuthnContextClassRef>{class}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext></samlp:AuthnRequest>",
        id = escaped(&id),
        instant = writer.moment(writer.now),
        destination = escaped(&destination),
        issuer = escaped(&entity_id(places, request.issuer)),
        signature = writer.template(&id, request.signed),
        class = class(request.level),
    );
    writer.sign(xml, request.signed)
}

/// A SOAP envelope with an ArtifactResolve to that host. The artifact is a text already.
pub fn write_artifact_resolve(
    writer: Writer<'_>,
    to: NameId,
    artifact: &str,
    issuer: NameId,
    signed: bool,
) -> Vec<u8> {
    let Writer { places, .. } = writer;
    let id = id_text(places, writer.id);
    let destination = format!("https://{}{ARTIFACT_RESOLUTION}", places.host_text(to));
    let xml = format!(
        "<samlp:ArtifactResolve xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" ID=\"{id}\" Version=\"2.0\" IssueInstant=\"{instant}\" Destination=\"{destination}\"><saml:Issuer>{issuer}</saml:Issuer>{signature}<samlp:Artifact>{artifact}</samlp:Artifact></samlp:ArtifactResolve>",
        id = escaped(&id),
        instant = writer.moment(writer.now),
        destination = escaped(&destination),
        issuer = escaped(&entity_id(places, issuer)),
        signature = writer.template(&id, signed),
        artifact = escaped(artifact),
    );
    soap(&writer.sign(xml, signed))
}

/// A SOAP envelope with the ArtifactResponse of that host.
pub fn write_artifact_response(writer: Writer<'_>, from: NameId, answer: &Assertion) -> Vec<u8> {
    let Writer { places, .. } = writer;
    let issuer = escaped(&entity_id(places, from));
    let request = id_text(places, answer.in_response_to);
    let id = id_text(places, writer.id);
    let instant = writer.moment(writer.now);
    // An artifact that was not found leads to no message; all else has one inside.
    let (outer, inside) = match answer.status {
        SamlStatus::RequestDenied => (status(answer.status), String::new()),
        _ => (status(SamlStatus::Success), response(writer, &issuer, &request, answer)),
    };
    let xml = format!(
        "<samlp:ArtifactResponse xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" ID=\"{id}\" Version=\"2.0\" IssueInstant=\"{instant}\" InResponseTo=\"{request}\"><saml:Issuer>{issuer}</saml:Issuer>{signature}{outer}{inside}</samlp:ArtifactResponse>",
        id = escaped(&id),
        request = escaped(&request),
        signature = writer.template(&id, answer.signed),
    );
    soap(&writer.sign(xml, answer.signed))
}

/// The message that an artifact stood for.
fn response(writer: Writer<'_>, issuer: &str, request: &str, answer: &Assertion) -> String {
    let id = format!("{}-response", id_text(writer.places, writer.id));
    let inside = match answer.status {
        SamlStatus::Success => assertion(writer, issuer, request, answer),
        _ => String::new(),
    };
    format!(
        "<samlp:Response ID=\"{id}\" Version=\"2.0\" IssueInstant=\"{instant}\" InResponseTo=\"{request}\"><saml:Issuer>{issuer}</saml:Issuer>{status}{inside}</samlp:Response>",
        id = escaped(&id),
        instant = writer.moment(writer.now),
        request = escaped(request),
        status = status(answer.status),
    )
}

/// What DigiD vouches for: signed by itself, because it is kept by itself.
fn assertion(writer: Writer<'_>, issuer: &str, request: &str, answer: &Assertion) -> String {
    let Writer { places, .. } = writer;
    let id = format!("{}-assertion", id_text(places, writer.id));
    let consumer = format!("https://{}{ASSERTION_CONSUMER}", places.host_text(answer.audience));
    let xml = format!(
        "<saml:Assertion xmlns:saml=\"{ASSERTION}\" ID=\"{id}\" Version=\"2.0\" IssueInstant=\"{instant}\"><saml:Issuer>{issuer}</saml:Issuer>{signature}<saml:Subject><saml:NameID>{BSN_SECTOR}{bsn}</saml:NameID><saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData InResponseTo=\"{request}\" Recipient=\"{consumer}\" NotOnOrAfter=\"{end}\"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore=\"{begin}\" NotOnOrAfter=\"{end}\"><saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant=\"{instant}\" SessionIndex=\"{id}\"><saml:SubjectLocality Address=\"127.0.0.1\"/><saml:AuthnContext><saml:AuthnContextClassRef>{class}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement></saml:Assertion>",
        id = escaped(&id),
        instant = writer.moment(writer.now),
        signature = writer.template(&id, answer.signed),
        bsn = answer.bsn,
        request = escaped(request),
        consumer = escaped(&consumer),
        begin = writer.moment(answer.not_before),
        end = writer.moment(answer.not_on_or_after),
        audience = escaped(&entity_id(places, answer.audience)),
        class = class(answer.level),
    );
    writer.sign(xml, answer.signed)
}

fn status(status: SamlStatus) -> String {
    let (top, below) = match status {
        SamlStatus::Success => ("Success", None),
        SamlStatus::AuthnFailed => ("Responder", Some("AuthnFailed")),
        SamlStatus::NoAuthnContext => ("Responder", Some("NoAuthnContext")),
        SamlStatus::RequestDenied => ("Requester", Some("RequestDenied")),
    };
    let mut text = format!("<samlp:Status><samlp:StatusCode Value=\"{STATUS}{top}\"");
    // Writing to a string cannot fail.
    let _ = match below {
        Some(below) => {
            write!(text, "><samlp:StatusCode Value=\"{STATUS}{below}\"/></samlp:StatusCode>")
        }
        None => write!(text, "/>"),
    };
    text + "</samlp:Status>"
}

fn soap(message: &str) -> Vec<u8> {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    format!(
        "{head}<soapenv:Envelope xmlns:soapenv=\"{SOAP}\"><soapenv:Body>{message}</soapenv:Body></soapenv:Envelope>"
    )
    .into_bytes()
}

/// Text and attribute values alike.
pub(super) fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

impl Writer<'_> {
    fn moment(&self, at: WallTime) -> Timestamp {
        Timestamp::of_run(at, self.epoch)
    }

    /// The place of a signature over the element with that ID, to be filled in.
    pub(super) fn template(&self, id: &str, signed: bool) -> String {
        const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
        const CANONICAL: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
        if !signed {
            return String::new();
        }
        format!(
            "<ds:Signature xmlns:ds=\"{DSIG}\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"{CANONICAL}\"/><ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/><ds:Reference URI=\"#{id}\"><ds:Transforms><ds:Transform Algorithm=\"{DSIG}enveloped-signature\"/><ds:Transform Algorithm=\"{CANONICAL}\"/></ds:Transforms><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue></ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue></ds:SignatureValue><ds:KeyInfo><ds:KeyName>{name}</ds:KeyName></ds:KeyInfo></ds:Signature>",
            id = escaped(id),
            name = escaped(&self.key.name),
        )
    }

    /// Fills in the first signature of a message.
    pub(super) fn sign(&self, xml: String, signed: bool) -> String {
        if !signed {
            return xml;
        }
        match bergshamra::sign(&self.key.context, &xml) {
            Ok(done) => match done.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) {
                Some((_, rest)) => rest.trim_start().to_owned(),
                None => done,
            },
            // A message that cannot be signed goes unsigned, which its reader refuses.
            Err(_) => xml,
        }
    }

    /// So long after now.
    pub(super) fn later(&self, length: Duration) -> Timestamp {
        self.moment(self.now + length)
    }
}
