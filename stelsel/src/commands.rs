//! The commands of the command line: one module each.
//!
//! Each reads its arguments, does its work by the other modules and says how the program ends. Errors are
//! [`Problems`], which `main` prints.

pub mod report;
pub mod rules;
pub mod run;
pub mod schema;
pub mod topology;
pub mod trace;
pub mod validate;

use std::process::ExitCode;

use crate::problem::Problems;

/// How a command ended well enough to have a result (semantics 12). Bad input is [`Problems`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Done: 0.
    Done,
    /// A check failed or a rule broke: 1.
    CheckFailed,
    /// An expectation is not met, or a set is incomplete: 3.
    Unmet,
    /// Interrupted; what was finished is kept: 130.
    Interrupted,
}

/// What a command gives.
pub type Outcome = Result<Ending, Problems>;

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Done => 0,
            Ending::CheckFailed => 1,
            Ending::Unmet => 3,
            Ending::Interrupted => 130,
        })
    }
}
