//! Metadata: what a party tells the others of its addresses and its key.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use protocol::{id::NameId, time::Duration};

use super::{
    ARTIFACT_RESOLUTION, ASSERTION_CONSUMER, SINGLE_SIGN_ON, entity_id,
    write::{Writer, escaped},
};

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const PROTOCOL: &str = super::PROTOCOL;
const VALID: Duration = Duration::from_secs(365 * 86_400);

/// Metadata of DigiD: browsers come to `front`, gateways to `back`. Signed.
pub fn identity_provider(
    writer: Writer<'_>,
    front: NameId,
    back: NameId,
    certificate: &[u8],
) -> String {
    let host = |host| writer.places.host_text(host);
    let xml = open(writer, back)
        + &format!(
            "<md:IDPSSODescriptor WantAuthnRequestsSigned=\"true\" protocolSupportEnumeration=\"{PROTOCOL}\">{key}<md:ArtifactResolutionService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\" Location=\"https://{back}{ARTIFACT_RESOLUTION}\" index=\"0\"/><md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://{front}{SINGLE_SIGN_ON}\"/></md:IDPSSODescriptor></md:EntityDescriptor>",
            key = key(writer, certificate),
            back = escaped(&host(back)),
            front = escaped(&host(front)),
        );
    writer.sign(xml, true)
}

/// Metadata of a ZA GW: browsers bring artifacts to `front`; it is known by `back`. Signed.
pub fn service_provider(
    writer: Writer<'_>,
    front: NameId,
    back: NameId,
    certificate: &[u8],
) -> String {
    let xml = open(writer, back)
        + &format!(
            "<md:SPSSODescriptor AuthnRequestsSigned=\"true\" WantAssertionsSigned=\"true\" protocolSupportEnumeration=\"{PROTOCOL}\">{key}<md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact\" Location=\"https://{front}{ASSERTION_CONSUMER}\" index=\"0\" isDefault=\"true\"/></md:SPSSODescriptor></md:EntityDescriptor>",
            key = key(writer, certificate),
            front = escaped(&writer.places.host_text(front)),
        );
    writer.sign(xml, true)
}

fn open(writer: Writer<'_>, host: NameId) -> String {
    let entity = entity_id(writer.places, host);
    let id = super::id_text(writer.places, writer.id);
    format!(
        "<md:EntityDescriptor xmlns:md=\"{METADATA}\" ID=\"{id}\" entityID=\"{entity}\" validUntil=\"{until}\">{signature}",
        id = escaped(&id),
        entity = escaped(&entity),
        until = writer.later(VALID),
        signature = writer.template(&id, true),
    )
}

fn key(writer: Writer<'_>, certificate: &[u8]) -> String {
    format!(
        "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:KeyName>{}</ds:KeyName><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
        escaped(&writer.key.name),
        STANDARD.encode(certificate),
    )
}
