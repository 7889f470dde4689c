//! The product: reads topologies and scenarios, runs them, and writes results and reports.
//!
//! Everything behind the command line is here, so that tests reach it without a process.

pub mod answer;
pub mod calibrate;
pub mod capacity;
pub mod chaos;
pub mod check;
pub mod commands;
pub mod comparison;
pub mod compose;
pub mod console;
pub mod diagram;
pub mod files;
pub mod guest;
pub mod lists;
pub mod load;
pub mod meter;
pub mod plan;
pub mod problem;
pub mod report;
pub mod results;
pub mod run;
pub mod sweep;
pub mod validate;
