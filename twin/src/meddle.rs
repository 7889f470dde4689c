//! Somebody who changes what hosts of a twin answer: as a peer that breaks the rules would, or whoever sits on the way.
//!
//! No actor knows of it. What an answer says is changed before it is written, and so rightly signed where it still says
//! that it is; its bytes are changed after. Events tell what left. Does not touch requests, nor what a host's own driver
//! is answered.

use std::sync::{Arc, PoisonError};

use protocol::{
    id::HostId,
    message::{Envelope, Response},
};

use crate::world::{Witness, World};

/// Who changes answers.
pub trait Meddler: Send + Sync {
    /// A host is about to answer this.
    fn alter(&self, from: HostId, asked: &Envelope, response: &mut Response);

    /// Whether that answer never leaves, so that whoever asked waits in vain.
    fn withholds(&self, from: HostId, asked: &Envelope) -> bool;

    /// The same in bytes.
    fn spoil(&self, from: HostId, asked: &Envelope, answer: &mut http::Response<Vec<u8>>);
}

impl<S: Witness> World<S> {
    /// From now on this one changes answers.
    pub fn meddle(&self, meddler: Arc<dyn Meddler>) {
        *self.meddler.write().unwrap_or_else(PoisonError::into_inner) = Some(meddler);
    }

    pub(crate) fn meddler(&self) -> Option<Arc<dyn Meddler>> {
        self.meddler.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
