//! stelsel
