//! What is found in things that others made: which rule, where, and what was seen.
//!
//! [`lists`] looks at lists, [`gateway`] at gateways, and [`report`] writes of these.

pub mod beside;
mod door;
pub mod gateway;
pub mod lists;
pub mod report;

use serde::{Serialize, Serializer};

use crate::problem::Place;

/// One thing that was found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub verdict: Verdict,
    /// The rule, by its number in the Afsprakenstelsel.
    pub rule: &'static str,
    /// Where.
    #[serde(serialize_with = "as_text")]
    pub place: Place,
    /// What: one sentence without a full stop.
    pub text: String,
}

/// How bad something is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A rule is broken.
    Broken,
    /// It may be right; somebody should look.
    Look,
}

impl Verdict {
    /// As it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Look => "look",
        }
    }
}

fn as_text<S: Serializer>(place: &Place, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(place)
}
