//! What a number of replications say together: estimates with intervals, for every metric and group.
//!
//! Works from the figures of replications alone, which can be written to files and read back, so that what
//! was run in pieces can be merged and compared. Does not see a single event.

pub mod compare;
pub mod estimate;
pub mod figures;
pub mod headline;
pub mod metrics;
pub mod summary;
pub mod tally;
