//! The messages of another world through their bytes: written and read just as a twin writes and reads them.
//!
//! Opens no sockets, and has no clock but what it is told.

use std::{path::Path, sync::Arc};

use protocol::{
    contract::Ask,
    id::NameId,
    message::{OcspAnswer, Request, Response},
    time::WallTime,
};
use wire::fault::Fault as Unreadable;

use crate::{
    network::Network,
    open::{Fault, fault},
    pki::Authority,
    texts::Texts,
    wording::{Beheld, Keys, Reckoning, Wording},
};

/// Signing keys, which runs of one network share.
pub struct Pens {
    keys: Arc<Keys>,
}

impl Pens {
    /// Those of a network; kept in a twin's folder, because it takes long to make them.
    ///
    /// # Errors
    /// The folder cannot be used, or what stands in it is not of a twin.
    pub fn open(network: &Network, dir: &Path) -> Result<Self, Fault> {
        let folder = dir.join("pki");
        let authority = Authority::open(&folder).map_err(|error| fault(dir.display(), error))?;
        let (keys, _) = Keys::of(network, &authority)?;
        Ok(Self { keys: Arc::new(keys) })
    }
}

/// The bytes of one run.
pub struct Bytes {
    wording: Wording,
}

impl Bytes {
    /// Of a run of that network, which begins at that second since the beginning of 1970.
    pub fn new(network: &Network, pens: &Pens, begin: i64) -> Self {
        let texts = Arc::new(Texts::new(network.texts.clone(), &network.register));
        let keys = Arc::clone(&pens.keys);
        Self { wording: Wording::with(network, &texts, keys, Reckoning::told(begin)) }
    }

    /// It is that late for whoever writes next.
    pub fn tell(&self, now: WallTime) {
        self.wording.tell(now);
    }

    /// A request as it is read; none of one that never travels.
    ///
    /// # Errors
    /// It cannot be read, though it was written here.
    pub fn request(&self, ask: &Ask) -> Option<Result<Ask, Unreadable>> {
        let written = self.wording.write_request(ask)?;
        let read = self.wording.understand_request(ask.to, &written);
        Some(read.map(|(request, cookie)| Ask { request, cookie, ..*ask }))
    }

    /// An answer from that name, as it is read; none of one that never travels.
    ///
    /// # Errors
    /// It cannot be read, though it was written here.
    pub fn response(
        &self,
        from: NameId,
        to: &Request,
        response: &Response,
    ) -> Option<Result<Response, Unreadable>> {
        let written = self.wording.write_response(from, to, response, &Beheld::default())?;
        Some(self.wording.understand_response(from, to, &written))
    }

    /// An OCSP answer that is stapled, as it is read.
    ///
    /// # Errors
    /// It cannot be read, though it was written here.
    pub fn staple(&self, answer: &OcspAnswer) -> Result<OcspAnswer, Unreadable> {
        self.wording.read_staple(answer.serial, &self.wording.write_staple(answer))
    }
}
