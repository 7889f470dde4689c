//! Whole runs, from files to what watchers saw.

mod deviants;
mod draws;
mod recognition;
mod world;
