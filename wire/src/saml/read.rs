//! Reading messages: what they say, and whether who is said to have made them signed just that.

use bergshamra::{VerifyResult, dsig::verify::verify_all_document};
use protocol::{
    bsn::Bsn,
    id::{NameId, Opaque, PersonId},
    message::{Assertion, Assurance, AuthnRequest, SamlStatus},
    time::WallTime,
};
use uppsala::{Document, NodeId, NodeKind};

use super::{
    ASSERTION, BSN_SECTOR, PROTOCOL, SOAP, STATUS, host_of, id_of, key::VerifyingKey, level,
};
use crate::{fault::Fault, list::Timestamp, places::Places};

/// The largest message, in bytes.
const LARGEST: usize = 256 << 10;
/// How deep elements may stand in one another.
const DEEPEST: usize = 64;

/// What a reader has at hand.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Texts.
    pub places: &'a dyn Places,
    /// The key of a host, if its metadata are known.
    pub key: &'a dyn Fn(NameId) -> Option<&'a VerifyingKey>,
    /// The moment at which the calendar of the run begins.
    pub epoch: &'a Timestamp,
}

/// What an AuthnRequest says, which came with that RelayState.
///
/// # Errors
/// It is none.
pub fn read_authn_request(
    reader: Reader<'_>,
    xml: &[u8],
    relay_state: Opaque,
) -> Result<AuthnRequest, Fault> {
    let message = Message::open(xml)?;
    let root = message.root(PROTOCOL, "AuthnRequest")?;
    let issuer = message.issuer(reader.places, root)?;
    let context = message.child(root, PROTOCOL, "RequestedAuthnContext")?;
    let asked = message.text(message.child(context, ASSERTION, "AuthnContextClassRef")?)?;
    let level = level(&asked)
        .ok_or_else(|| Fault::malformed("an AuthnContextClassRef of DigiD", &asked))?;
    Ok(AuthnRequest {
        issuer,
        id: id_of(reader.places, message.attribute(root, "ID")?),
        relay_state,
        level,
        signed: message.is_signed(reader, root, issuer),
    })
}

/// The artifact's text, the issuer, and whether the signature of an ArtifactResolve is right.
///
/// # Errors
/// It is none.
pub fn read_artifact_resolve(
    reader: Reader<'_>,
    xml: &[u8],
) -> Result<(String, NameId, bool), Fault> {
    let message = Message::open(xml)?;
    let root = message.in_soap("ArtifactResolve")?;
    let issuer = message.issuer(reader.places, root)?;
    let artifact = message.text(message.child(root, PROTOCOL, "Artifact")?)?;
    Ok((artifact, issuer, message.is_signed(reader, root, issuer)))
}

/// What an ArtifactResponse of that host says. Of who failed to log in nothing is said but that.
///
/// # Errors
/// It is none.
pub fn read_artifact_response(
    reader: Reader<'_>,
    from: NameId,
    xml: &[u8],
) -> Result<Assertion, Fault> {
    let message = Message::open(xml)?;
    let root = message.in_soap("ArtifactResponse")?;
    let signed = message.is_signed(reader, root, from)
        && message.issuer(reader.places, root).is_ok_and(|issuer| issuer == from);
    let in_response_to = id_of(reader.places, message.attribute(root, "InResponseTo")?);
    let without = |status, signed| Assertion {
        status,
        signed,
        level: Assurance::Basis,
        bsn: Bsn(PersonId(0)),
        audience: from,
        in_response_to,
        not_before: WallTime::default(),
        not_on_or_after: WallTime::default(),
    };
    let outer = message.status(root)?;
    if outer != SamlStatus::Success {
        return Ok(without(outer, signed));
    }
    let Ok(response) = message.child(root, PROTOCOL, "Response") else {
        // Success without a message: the artifact has expired (DigiD 3.x).
        return Ok(without(SamlStatus::RequestDenied, signed));
    };
    let inner = message.status(response)?;
    if inner != SamlStatus::Success {
        return Ok(without(inner, signed));
    }
    let assertion = message.child(response, ASSERTION, "Assertion")?;
    let subject = message.child(assertion, ASSERTION, "Subject")?;
    let name = message.text(message.child(subject, ASSERTION, "NameID")?)?;
    let bsn = name
        .strip_prefix(BSN_SECTOR)
        .filter(|digits| digits.len() == 9)
        .and_then(|digits| Bsn::from_digits(digits.parse().ok()?))
        .ok_or_else(|| Fault::malformed("a NameID with an invented BSN", &name))?;
    let conditions = message.child(assertion, ASSERTION, "Conditions")?;
    let restriction = message.child(conditions, ASSERTION, "AudienceRestriction")?;
    let audience = message.text(message.child(restriction, ASSERTION, "Audience")?)?;
    let statement = message.child(assertion, ASSERTION, "AuthnStatement")?;
    let context = message.child(statement, ASSERTION, "AuthnContext")?;
    let reached = message.text(message.child(context, ASSERTION, "AuthnContextClassRef")?)?;
    let confirmation = message.child(subject, ASSERTION, "SubjectConfirmation")?;
    let data = message.child(confirmation, ASSERTION, "SubjectConfirmationData")?;
    let moment = |name| -> Result<WallTime, Fault> {
        let text = message.attribute(conditions, name)?;
        let at = Timestamp::parse(text).map_err(|_| Fault::malformed("a moment", text))?;
        Ok(at.in_run(reader.epoch))
    };
    Ok(Assertion {
        status: SamlStatus::Success,
        // Both: an assertion is kept by itself.
        signed: signed && message.is_signed(reader, assertion, from),
        level: level(&reached)
            .ok_or_else(|| Fault::malformed("an AuthnContextClassRef of DigiD", &reached))?,
        bsn,
        audience: host_of(reader.places, &audience)
            .ok_or_else(|| Fault::malformed("an entity id", &audience))?,
        in_response_to: id_of(reader.places, message.attribute(data, "InResponseTo")?),
        not_before: moment("NotBefore")?,
        not_on_or_after: moment("NotOnOrAfter")?,
    })
}

/// A document that holds a message.
struct Message<'a> {
    document: Document<'a>,
}

impl<'a> Message<'a> {
    /// Everything that could make a reader see another message than its signer meant is refused here.
    fn open(xml: &'a [u8]) -> Result<Self, Fault> {
        if xml.len() > LARGEST {
            return Err(Fault::too_large("bytes of SAML", LARGEST, xml.len()));
        }
        let text = str::from_utf8(xml)
            .map_err(|_| Fault::malformed("SAML in UTF-8", &String::from_utf8_lossy(xml)))?;
        if text.contains("<!DOCTYPE") || text.contains("<!ENTITY") {
            return Err(Fault::malformed("SAML without a DOCTYPE", "one"));
        }
        if depth(text) > DEEPEST {
            return Err(Fault::malformed("elements that do not stand so deep", "deeper ones"));
        }
        let document = uppsala::parse(text)
            .map_err(|error| Fault::malformed("well-formed XML", &error.to_string()))?;
        let mut ids: Vec<&str> = document
            .descendants(document.root())
            .into_iter()
            .filter_map(|node| document.get_attribute(node, "ID"))
            .collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() < count {
            return Err(Fault::malformed("an ID of its own for each element", "one twice"));
        }
        Ok(Self { document })
    }

    fn root(&self, namespace: &str, name: &str) -> Result<NodeId, Fault> {
        let root = self.document.document_element();
        root.filter(|root| self.is(*root, namespace, name))
            .ok_or_else(|| Fault::malformed(name.to_owned(), "another element"))
    }

    /// The message of that name in a SOAP envelope.
    fn in_soap(&self, name: &str) -> Result<NodeId, Fault> {
        let envelope = self.root(SOAP, "Envelope")?;
        let body = self.child(envelope, SOAP, "Body")?;
        self.child(body, PROTOCOL, name)
    }

    fn is(&self, node: NodeId, namespace: &str, name: &str) -> bool {
        self.document.element(node).is_some_and(|element| element.matches_name_ns(namespace, name))
    }

    /// The only child element of that name.
    fn child(&self, of: NodeId, namespace: &str, name: &str) -> Result<NodeId, Fault> {
        let mut found =
            self.document.children_iter(of).filter(|node| self.is(*node, namespace, name));
        match (found.next(), found.next()) {
            (Some(child), None) => Ok(child),
            (None, _) => Err(Fault::malformed(name.to_owned(), "none")),
            (Some(_), Some(_)) => Err(Fault::malformed(format!("one {name}"), "several")),
        }
    }

    /// What stands in an element that holds nothing but text. A comment in it would be seen by one reader and not by
    /// another.
    fn text(&self, of: NodeId) -> Result<String, Fault> {
        let mut text = String::new();
        for node in self.document.children_iter(of) {
            match self.document.node_kind(node) {
                Some(NodeKind::Text(part)) => text.push_str(part),
                _ => return Err(Fault::malformed("text and nothing else", "more in it")),
            }
        }
        Ok(text.trim().to_owned())
    }

    fn attribute(&self, of: NodeId, name: &str) -> Result<&str, Fault> {
        self.document
            .get_attribute(of, name)
            .ok_or_else(|| Fault::malformed(format!("an attribute {name}"), "none"))
    }

    fn issuer(&self, places: &dyn Places, of: NodeId) -> Result<NameId, Fault> {
        let text = self.text(self.child(of, ASSERTION, "Issuer")?)?;
        host_of(places, &text).ok_or_else(|| Fault::malformed("an entity id as Issuer", &text))
    }

    fn status(&self, of: NodeId) -> Result<SamlStatus, Fault> {
        let status = self.child(of, PROTOCOL, "Status")?;
        let top = self.child(status, PROTOCOL, "StatusCode")?;
        let value = |node| -> Result<&str, Fault> {
            let value = self.attribute(node, "Value")?;
            value.strip_prefix(STATUS).ok_or_else(|| Fault::malformed("a status of SAML", value))
        };
        let below = self.child(top, PROTOCOL, "StatusCode").ok();
        Ok(match (value(top)?, below.map(value).transpose()?) {
            ("Success", _) => SamlStatus::Success,
            ("Responder", Some("NoAuthnContext")) => SamlStatus::NoAuthnContext,
            ("Responder", _) => SamlStatus::AuthnFailed,
            _ => SamlStatus::RequestDenied,
        })
    }

    /// Whether that host signed that element.
    fn is_signed(&self, reader: Reader<'_>, node: NodeId, by: NameId) -> bool {
        let Some(key) = (reader.key)(by) else { return false };
        let results = verify_all_document(&key.context, &self.document).unwrap_or_default();
        results.iter().any(|result| match result {
            VerifyResult::Valid { references, signature_node, .. } => {
                let over_it = |reference: &bergshamra::VerifiedReference| {
                    reference.digest_verified && reference.resolved_node == Some(node)
                };
                // Enveloped: the signature stands in what it is over.
                let within = self.document.parent(*signature_node) == Some(node);
                within && references.len() == 1 && references.iter().all(over_it)
            }
            VerifyResult::Invalid { .. } => false,
        })
    }
}

/// How deep elements stand in one another at most, as far as a glance can tell: never less than it is.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let bytes = text.as_bytes();
    for (place, byte) in bytes.iter().enumerate() {
        match (byte, bytes.get(place + 1)) {
            (b'<', Some(b'/')) => depth = depth.saturating_sub(1),
            (b'<', Some(b'!' | b'?')) => {}
            (b'<', _) => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (b'/', Some(b'>')) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
