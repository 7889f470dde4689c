//! From a plan to a run: who is who, what they are made of, and what happens when.

pub mod intensity;
