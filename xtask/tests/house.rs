//! The house keeps its promises: what CI asks of it, as tests.

use std::fs;

use xtask::{rules, source::root, tidy};

#[test]
fn the_house_is_tidy() {
    assert_eq!(tidy::check().unwrap(), [""; 0]);
}

#[test]
fn every_rule_has_the_guards_that_its_row_promises_and_the_snapshot_says_so() {
    let guards = rules::guards().unwrap();
    assert_eq!(rules::breaches(&guards), [""; 0]);
    let committed = fs::read_to_string(root().join("RULES.md")).unwrap();
    assert!(committed == rules::snapshot(&guards), "run `cargo xtask rules --write`");
}
