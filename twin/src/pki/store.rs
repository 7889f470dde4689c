//! The folder in which certificates and keys are kept, so that thousands of hosts are ready at once the next time.
//!
//! Files appear whole or not at all; keys are for their owner's eyes. Makes nothing.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use protocol::id::Serial;

use super::PkiFault;

/// The folder.
#[derive(Debug)]
pub(super) struct Store {
    dir: PathBuf,
}

/// A certificate and its key, both DER.
pub(super) type Leaf = (Vec<u8>, Vec<u8>);

/// Certificates of authorities, the lowest first, and the key of that.
pub(super) type Chain = (Vec<Vec<u8>>, Vec<u8>);

const LEVELS: [&str; 3] = ["tsp", "domain", "root"];

impl Store {
    pub fn open(dir: &Path) -> Result<Self, PkiFault> {
        let hosts = dir.join("hosts");
        fs::create_dir_all(&hosts).map_err(|error| io_fault(&hosts, error))?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// The authorities, if they are kept here.
    pub fn chain(&self) -> Result<Option<Chain>, PkiFault> {
        let key = self.dir.join("tsp.key.pem");
        if !key.exists() {
            return Ok(None);
        }
        let above = LEVELS
            .iter()
            .map(|level| read(&self.dir.join(format!("{level}.pem")), "CERTIFICATE"))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Some((above, read(&key, "PRIVATE KEY")?)))
    }

    /// Keeps the authorities. What was kept of older ones is of no use then.
    pub fn keep_chain(&self, chain: &Chain) -> Result<Chain, PkiFault> {
        let hosts = self.dir.join("hosts");
        fs::remove_dir_all(&hosts)
            .and_then(|()| fs::create_dir_all(&hosts))
            .map_err(|error| io_fault(&hosts, error))?;
        for (level, certificate) in LEVELS.iter().zip(&chain.0) {
            write(&self.dir.join(format!("{level}.pem")), "CERTIFICATE", &[certificate])?;
        }
        // Last: with it the rest is complete.
        write(&self.dir.join("tsp.key.pem"), "PRIVATE KEY", &[&chain.1])?;
        Ok(chain.clone())
    }

    /// A certificate and its key, if they are kept here.
    pub fn leaf(&self, name: &str, serial: Serial) -> Result<Option<Leaf>, PkiFault> {
        let (certificate, key) = self.paths(name, serial);
        if !key.exists() || !certificate.exists() {
            return Ok(None);
        }
        Ok(Some((read(&certificate, "CERTIFICATE")?, read(&key, "PRIVATE KEY")?)))
    }

    pub fn keep_leaf(
        &self,
        name: &str,
        serial: Serial,
        (certificate, key): &Leaf,
        between: &[Vec<u8>],
    ) -> Result<(), PkiFault> {
        let (certificate_file, key_file) = self.paths(name, serial);
        // With what stands between it and the root, as servers and clients want to be given it.
        let chain: Vec<&[u8]> =
            [certificate].into_iter().chain(between).map(Vec::as_slice).collect();
        write(&certificate_file, "CERTIFICATE", &chain)?;
        write(&key_file, "PRIVATE KEY", &[key])
    }

    pub fn root(&self) -> PathBuf {
        self.dir.join("root.pem")
    }

    /// Where a certificate and its key are kept. A hostname is a file name.
    pub fn paths(&self, name: &str, serial: Serial) -> (PathBuf, PathBuf) {
        let file = |end: &str| self.dir.join("hosts").join(format!("{name}-{}{end}", serial.0));
        (file(".pem"), file(".key.pem"))
    }
}

fn io_fault(path: &Path, error: io::Error) -> PkiFault {
    PkiFault::Io(path.display().to_string(), error)
}

/// The first of what stands in a file.
fn read(path: &Path, tag: &str) -> Result<Vec<u8>, PkiFault> {
    let text = fs::read(path).map_err(|error| io_fault(path, error))?;
    let damaged = |why: String| PkiFault::Damaged(path.display().to_string(), why);
    let all = pem::parse_many(&text).map_err(|error| damaged(error.to_string()))?;
    let first = all.into_iter().next();
    let pem = first.ok_or_else(|| damaged(format!("expected {tag}, found nothing")))?;
    match pem.tag() == tag {
        true => Ok(pem.into_contents()),
        false => Err(damaged(format!("expected {tag}, found {}", pem.tag()))),
    }
}

fn write(path: &Path, tag: &str, contents: &[&[u8]]) -> Result<(), PkiFault> {
    let all: Vec<pem::Pem> = contents.iter().map(|one| pem::Pem::new(tag, *one)).collect();
    let text = pem::encode_many(&all);
    let dir = path.parent().unwrap_or(Path::new("."));
    let keep = || -> io::Result<()> {
        // A temporary file is for its owner alone, and stays so.
        let mut draft = tempfile::NamedTempFile::new_in(dir)?;
        io::Write::write_all(&mut draft, text.as_bytes())?;
        draft.persist(path)?;
        Ok(())
    };
    keep().map_err(|error| io_fault(path, error))
}
