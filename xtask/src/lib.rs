//! Checks of the house itself. Not shipped, and nothing shipped stands on it.
//!
//! [`tidy`] holds the source against what ARCHITECTURE.md promises; [`rules`] finds where each rule of the
//! rulebook is enforced, tested and checked, and holds that against the committed snapshot; [`bench`] measures
//! what the kernel costs beside what it is measured against.

pub mod bench;
pub mod phold;
pub mod rules;
pub mod source;
pub mod tidy;
