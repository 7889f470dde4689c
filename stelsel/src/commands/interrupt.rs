//! Ctrl-C and SIGTERM: the first asks a command to stop and keep what is done, the second ends it at once.
//!
//! Does not stop anything itself: whoever works looks here now and then.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::problem::{Place, Problem};

/// Whether somebody asked to stop.
static ASKED: AtomicBool = AtomicBool::new(false);

/// From here on the program stops when it is ready to, not when it is told to. Called once per process.
///
/// # Errors
/// The system does not let us.
pub fn catch() -> Result<(), Problem> {
    let handler = || {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    };
    ctrlc::set_handler(handler).map_err(|error| Place::whole("Ctrl-C").problem(error.to_string()))
}

/// Whether somebody asked to stop.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
