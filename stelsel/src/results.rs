//! The result folder: what a study gave, in files that people, notebooks and other commands read.
//!
//! [`write`](write()) makes a folder of an answer, [`Folder`] reads one back, [`terminal`](terminal()) and
//! [`json`] are its closing summary, [`expectations`](expectations()) says what `[expect]` came to. Does not
//! run anything, and estimates nothing: `watch::study` does.

pub(crate) mod columns;
mod expectations;
mod folder;
pub mod lines;
mod manifest;
mod publish;
pub mod shown;
mod summary;
mod terminal;
mod write;

pub use self::{
    expectations::{Checked, expectations},
    folder::{Folder, kind_of},
    manifest::{FORMAT, Flows, FolderKind, Input, Manifest, Replications},
    publish::check_target,
    summary::{BreachEntry, ExpectationEntry, Figure, FirstBreach, MetricEntry, SummaryFile},
    terminal::{json, terminal},
    write::{write, write_with},
};
pub(crate) use self::{
    manifest::{hexadecimal, relative},
    publish::{Draft, MARK},
    terminal::{shell_word, wrapped},
    write::{dictionary, json as write_json, table},
};

#[cfg(test)]
pub(crate) mod tests;
