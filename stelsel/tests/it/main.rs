//! Whole runs, from files to what watchers saw.

mod bytes;
mod capacity;
mod chaos;
mod checks;
mod deviants;
mod draws;
mod guest;
mod lists;
mod recognition;
mod registry;
mod sweep;
mod tools;
mod twin;
mod walks;
mod world;
