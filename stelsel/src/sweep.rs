//! Sweeps: the same scenario over a grid of settings, every cell with the same draws.
//!
//! A sweep is a plan (`plan`) of cells, each a study of its own with some replications. A unit is one
//! replication of one cell; units are run in any order, by any number of processes (`units`), and each leaves
//! a file (`store`). When all are there, `folder` makes of them what people read. Cutting a sweep into shards changes
//! no byte of that. Does not draw pictures (`report`) and starts no process: any scheduler does.

mod folder;
mod merge;
mod plan;
mod store;
mod units;

pub use self::{
    folder::{CellRow, SweepFolder, SweepManifest, write},
    merge::{Incomplete, merge},
    plan::{Axis, Cell, Plan, Shard},
    store::{Head, Store},
    units::{Progress, Ran, run},
};
