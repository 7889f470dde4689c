//! Keys that sign SAML messages, and keys that show who signed.

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use bergshamra::{DsigContext, KeyUsage, KeysManager, keys::loader};
use kryptering::{HashAlgorithm, SignatureAlgorithm, Signer};

/// Signs. RSA, of 2,048 bits or more.
pub struct SigningKey {
    pub(super) context: DsigContext,
    /// KeyName, as metadata have it too.
    pub(super) name: String,
}

/// Shows whether somebody signed.
pub struct VerifyingKey {
    pub(super) context: DsigContext,
}

/// Why something is no key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyFault(String);

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no key for SAML: {}", self.0)
    }
}

impl std::error::Error for KeyFault {}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.name)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey")
    }
}

/// A key that was read once. The library would read its own anew for every signature, which takes longer than to sign.
struct ReadOnce(RsaKeyPair);

impl Signer for ReadOnce {
    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RsaPkcs1v15(HashAlgorithm::Sha256)
    }

    fn sign(&self, data: &[u8]) -> kryptering::Result<Vec<u8>> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        // These signatures are the same for the same text: nothing random is in them (RFC 8017 §8.2).
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data, &mut signature)
            .map_err(|_| kryptering::Error::Crypto("the text cannot be signed".to_owned()))?;
        Ok(signature)
    }
}

fn fault(error: impl fmt::Display) -> KeyFault {
    KeyFault(error.to_string())
}

impl SigningKey {
    /// The key in PKCS #8, as PEM, by that name.
    ///
    /// # Errors
    /// It is none of RSA.
    pub fn from_pem(pem: &[u8], name: impl Into<String>) -> Result<Self, KeyFault> {
        let key = loader::load_rsa_private_pem(pem).map_err(fault)?;
        let encoded = key.data.export_private().map_err(fault)?;
        let read = RsaKeyPair::from_pkcs8(&encoded).map_err(fault)?;
        let context =
            DsigContext::new(KeysManager::new()).with_hsm_signer(Box::new(ReadOnce(read)));
        Ok(Self { context, name: name.into() })
    }
}

impl VerifyingKey {
    /// The key of a certificate, as DER. Whether that is trusted is not asked: metadata say whose it is.
    ///
    /// # Errors
    /// It is no certificate.
    pub fn from_certificate(der: &[u8]) -> Result<Self, KeyFault> {
        let mut key = loader::load_x509_cert_der(der).map_err(fault)?;
        key.usage = KeyUsage::Verify;
        let mut manager = KeysManager::new();
        manager.add_key(key);
        Ok(Self { context: DsigContext::new(manager).with_insecure(true) })
    }
}
