//! Temporary.
#![allow(missing_docs)]
use protocol::id::Serial;
use std::path::Path;
pub struct Authority {
    root: rcgen::Certificate,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}
#[derive(Clone)]
pub struct Wanted {
    pub name: String,
    pub serial: Serial,
}
impl Wanted {
    pub fn server(name: String, serial: Serial) -> Self {
        Self { name, serial }
    }
}
pub struct Issued {
    pub certificate_chain_der: Vec<Vec<u8>>,
    pub key_der: Vec<u8>,
}
impl Authority {
    pub fn open(_: &Path) -> Result<Self, String> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut p = rcgen::CertificateParams::new(vec![]).unwrap();
        p.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root = p.self_signed(&key).unwrap();
        let issuer = rcgen::Issuer::new(p, key);
        Ok(Self { root, issuer })
    }
    pub fn root_der(&self) -> &[u8] {
        self.root.der()
    }
    pub fn issue_all(&self, w: &[Wanted]) -> Result<Vec<Issued>, String> {
        Ok(w.iter()
            .map(|w| {
                let key = rcgen::KeyPair::generate().unwrap();
                let mut p = rcgen::CertificateParams::new(vec![w.name.clone()]).unwrap();
                p.serial_number = Some(rcgen::SerialNumber::from_slice(&w.serial.0.to_be_bytes()));
                p.extended_key_usages = vec![
                    rcgen::ExtendedKeyUsagePurpose::ServerAuth,
                    rcgen::ExtendedKeyUsagePurpose::ClientAuth,
                ];
                let c = p.signed_by(&key, &self.issuer).unwrap();
                Issued {
                    certificate_chain_der: vec![c.der().to_vec()],
                    key_der: key.serialize_der(),
                }
            })
            .collect())
    }
}
