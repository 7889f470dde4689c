//! Artifacts of type 0x0004 (SAML bindings §3.6.4): two bytes of type, two of index, the SHA-1 of who made it, and twenty
//! by which that finds the message again.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use protocol::id::Opaque;
use sha1::{Digest as _, Sha1};

use crate::fault::Fault;

const LENGTH: usize = 44;
const TYPE: [u8; 4] = [0, 4, 0, 0];

/// An artifact of that party, as a query carries it.
pub fn write_artifact(entity: &str, artifact: Opaque) -> String {
    let mut bytes = TYPE.to_vec();
    bytes.extend(Sha1::digest(entity));
    bytes.extend(artifact.0.to_be_bytes());
    bytes.extend(check(artifact));
    STANDARD.encode(bytes)
}

/// The artifact that this text is, made by that party.
///
/// # Errors
/// It is none, or another's.
pub fn read_artifact(entity: &str, text: &str) -> Result<Opaque, Fault> {
    let wrong = |found: &str| Fault::malformed("an artifact of type 0x0004 of this DigiD", found);
    if text.len() > 2 * LENGTH {
        return Err(wrong(text));
    }
    let bytes = STANDARD.decode(text).map_err(|_| wrong(text))?;
    if bytes.len() != LENGTH || bytes[..4] != TYPE || bytes[4..24] != *Sha1::digest(entity) {
        return Err(wrong(text));
    }
    let mut handle = [0; 16];
    handle.copy_from_slice(&bytes[24..40]);
    let artifact = Opaque(u128::from_be_bytes(handle));
    if bytes[40..] == check(artifact) { Ok(artifact) } else { Err(wrong(text)) }
}

/// The last four bytes, which show that nobody mistyped it.
fn check(artifact: Opaque) -> [u8; 4] {
    let digest = Sha1::digest(artifact.0.to_be_bytes());
    [digest[0], digest[1], digest[2], digest[3]]
}
