//! The report: what it says, and what it never holds.

use proptest::prelude::*;
use tempfile::tempdir;

use super::*;
use crate::{
    answer::Answer,
    results::{
        tests::answers::{answer, busy_answer},
        write,
    },
};

fn folder(answer: &Answer) -> Folder {
    let dir = tempdir().unwrap();
    let dir = dir.path().join("results");
    write(answer, &dir).unwrap();
    Folder::open(&dir).unwrap()
}

fn page(answer: &Answer) -> String {
    html(&folder(answer)).unwrap()
}

#[test]
fn the_answer_stands_in_three_sentences_before_any_picture() {
    let page = page(&answer(3));
    let folder = folder(&answer(3));
    assert_eq!(folder.told.sentences.len(), 3);
    let picture = page.find("<svg").unwrap();
    for sentence in &folder.told.sentences {
        let place = page.find(&thin(sentence)).unwrap_or_else(|| panic!("{sentence}"));
        assert!(place < picture);
    }
    assert!(page.contains("27\u{202f}350 wishes"), "thousands have thin spaces");
}

#[test]
fn a_report_refers_to_nothing_outside_itself() {
    let page = page(&busy_answer());
    for outside in ["http:", "https:", "src=", "href=", "url(", "@import", "<script"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"));
}

#[test]
fn a_report_has_every_picture_and_every_table_that_there_are_figures_for() {
    let page = page(&busy_answer());
    for title in [
        "How long it took",
        "Load and what became of it",
        "How flows ended",
        "Why wishes were not served",
        "The busiest hosts",
        "The busiest host of each role",
        "Where the time went",
        "Where the time of the slowest went",
        "Where the time of failed flows went",
        "Faults",
        "By PGO",
        "By ZA gateway",
        "By type of Zorgaanbieder",
        "By Gegevensdienst",
        "By release",
        "Expectations",
        "Changes of the register",
        "Codes and tokens",
        "stelsel run scenarios/first-look.toml --seed 1 --replications 4",
        "Interrupted: 3 of 4 replications",
        "1 rule was broken: CODE_ONCE",
        "First by za-2, replication 1, at 75.2 min, flow 8112.1: a code counted that was offered before",
    ] {
        assert!(page.contains(title), "{title}");
    }
}

#[test]
fn no_picture_has_a_place_that_is_no_number() {
    for page in [page(&busy_answer()), page(&answer(1))] {
        assert!(!page.contains("NaN") && !page.contains("\"inf") && !page.contains(" inf"));
    }
}

#[test]
fn a_study_in_which_nothing_happened_has_a_report() {
    let mut nothing = answer(1);
    let replication = &mut nothing.replications[0];
    replication.figures = watch::study::figures::Figures::new(1, 0);
    replication.hosts.clear();
    replication.timeline.clear();
    replication.tokens.clear();
    nothing.verdicts.clear();
    assert!(page(&nothing).contains("How to repeat it"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_files_say_stays_text(name in "[<>&\"'a-z\n/!=-]{0,40}") {
        let hostile = format!("<script>alert('x')</script>{name}");
        let mut folder = folder(&busy_answer());
        folder.manifest.name.clone_from(&hostile);
        folder.manifest.scenario_file.clone_from(&hostile);
        folder.manifest.inputs[0].name.clone_from(&hostile);
        folder.manifest.topology["name"] = hostile.clone().into();
        folder.manifest.scenario["arrivals"]["rate"] = hostile.clone().into();
        folder.manifest.scenario["fault"][0]["host"] = hostile.clone().into();
        folder.told.sentences[0].clone_from(&hostile);
        folder.told.breaches[0].rule.clone_from(&hostile);
        folder.told.expectations[0].expected.clone_from(&hostile);
        folder.rules[1].citation.clone_from(&hostile);
        folder.registry[0].kind.clone_from(&hostile);
        let page = html(&folder).unwrap();
        prop_assert!(!page.contains("<script"));
        let tags = |page: &str| page.matches('<').count();
        let plain = html(&{ let mut plain = folder.clone(); plain.manifest.name = "plain".into(); plain }).unwrap();
        prop_assert_eq!(tags(&page), tags(&plain), "no name makes a tag");
    }
}
