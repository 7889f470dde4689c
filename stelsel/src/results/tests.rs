//! Result folders: columns, reading back, what stands in the way, and the closing summary.

pub mod answers;

use std::{fs, io, path::Path};

use insta::assert_snapshot;
use tempfile::tempdir;
use watch::study::{figures::Figures, summary::summarise};

use self::answers::{answer, busy_answer};
use super::*;

/// The columns of DESIGN §6.
const DESIGN: &str = "\
summary.csv | metric, group, unit, estimate, ci_low, ci_high, replications
replications.csv | metric, group, unit, replication, value
histograms.csv | metric, group, replication, bucket_low, bucket_high, count
flows.csv | replication, flow, arrival, attempt, kind, person, pgo, za, provider, service, release, started_s, ended_s, outcome, cause, step, human_s, machine_s, calls
steps.csv | replication, flow, step, ended_s, human_s, network_s, wait_s, service_s
hosts.csv | replication, host, role, work, workers, arrivals, served, rejected, dropped, utilisation, mean_wait_s, p95_wait_s, mean_service_s, mean_queue, max_queue, down_s, paused_s
timeline.csv | replication, t_s, metric, group, value
tokens.csv | replication, authorization_server, issued, live_max, collisions, detected, undetected, cross_person_reads
registry.csv | replication, change, kind, list, node, changed_s, published_s, known_s, blocked_flows, exposed_handshakes, exposed_exchanges, exposed_bytes, misdirected_flows
rules.csv | rule, citation, kind, release, evaluated, breaches, first_replication, first_flow";

/// Every file of a folder, by name.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

fn figures(answer: &crate::answer::Answer) -> Vec<Figures> {
    answer.replications.iter().map(|done| done.figures.clone()).collect()
}

#[test]
fn every_table_has_the_columns_of_the_design_and_the_same_in_every_line() {
    let dir = tempdir().unwrap();
    let dir = dir.path().join("results");
    write(&busy_answer(), &dir).unwrap();
    for line in DESIGN.lines() {
        let (name, columns) = line.split_once(" | ").unwrap();
        let mut table = csv::Reader::from_path(dir.join(name)).unwrap();
        let header: Vec<&str> = columns.split(", ").collect();
        assert_eq!(table.headers().unwrap(), header, "{name}");
        let lines: Vec<_> = table.records().map(|line| line.unwrap()).collect();
        assert!(!lines.is_empty(), "{name} has lines");
    }
    let package: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.join("datapackage.json")).unwrap()).unwrap();
    let resources = package["resources"].as_array().unwrap();
    assert_eq!(resources.len(), 10);
    for resource in resources {
        let path = resource["path"].as_str().unwrap();
        let mut table = csv::Reader::from_path(dir.join(path)).unwrap();
        let fields = resource["schema"]["fields"].as_array().unwrap();
        let names: Vec<&str> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
        assert_eq!(table.headers().unwrap(), names, "{path} is as the dictionary says");
    }
    let names: Vec<String> = files(&dir).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names.len(),
        10 + 5,
        "and manifest, summary.json, report, dictionary, citation: {names:?}"
    );
}

#[test]
fn the_fields_of_a_line_stand_under_their_own_names() {
    // The header is written apart from the lines; this is what serde would write.
    fn named<L: serde::Serialize>(line: &L) -> String {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.serialize(line).unwrap();
        let text = String::from_utf8(table.into_inner().unwrap()).unwrap();
        text.lines().next().unwrap().replace(',', ", ")
    }
    let answer = busy_answer();
    let (done, directory) = (&answer.replications[0], &*answer.directory);
    let (values, buckets) = done.figures.to_rows();
    let summary = summarise(&figures(&answer));
    let lines = [
        named(&lines::SummaryLine::from(&summary.rows[0])),
        named(&lines::ValueLine::from(values[0].clone())),
        named(&lines::BucketLine::from(buckets[0].clone())),
        named(&lines::FlowLine::new(0, &done.flows[0], directory)),
        named(&lines::StepLine::new(0, &done.steps[0])),
        named(&lines::HostLine::new(0, &done.hosts[0], directory)),
        named(&lines::TimelineLine::new(0, &done.timeline[0])),
        named(&lines::TokensLine::new(0, &done.tokens[0], directory)),
        named(&lines::RegistryLine::new(0, &done.registry[0], directory)),
        named(&lines::RuleLine::from(&answer.verdicts[0])),
    ];
    let design: Vec<&str> = DESIGN.lines().map(|line| line.split_once(" | ").unwrap().1).collect();
    assert_eq!(lines.each_ref().map(String::as_str).as_slice(), design);
}

#[test]
fn a_folder_that_is_read_back_says_what_was_written() {
    let dir = tempdir().unwrap();
    let dir = dir.path().join("results");
    let answer = busy_answer();
    write(&answer, &dir).unwrap();
    let folder = Folder::open(&dir).unwrap();
    assert_eq!(folder.figures, figures(&answer));
    assert_eq!(folder.summary, summarise(&figures(&answer)));
    assert_eq!(folder.manifest, Manifest::of(&answer));
    assert_eq!(folder.told, SummaryFile::of(&answer, &folder.summary));
    let rules: Vec<lines::RuleLine> = answer.verdicts.iter().map(Into::into).collect();
    assert_eq!(folder.rules, rules);
    let done = || answer.replications.iter().zip(0..);
    let directory = &*answer.directory;
    let timeline: Vec<_> = done()
        .flat_map(|(done, n)| done.timeline.iter().map(move |row| lines::TimelineLine::new(n, row)))
        .collect();
    assert_eq!(folder.timeline, timeline);
    let registry: Vec<_> = done()
        .flat_map(|(done, n)| {
            done.registry.iter().map(move |row| lines::RegistryLine::new(n, row, directory))
        })
        .collect();
    assert_eq!(folder.registry, registry);
    let hosts: Vec<_> = done()
        .flat_map(|(done, n)| {
            done.hosts.iter().map(move |row| lines::HostLine::new(n, row, directory))
        })
        .filter(|line| line.role != "xis")
        .collect();
    assert_eq!(folder.hosts, hosts);
    assert_eq!(folder.manifest.zorgaanbieders, directory.provider_gateway.len() as u64);
    assert_eq!(folder.tokens.len(), 2 * answer.replications.len());
}

#[test]
fn the_same_answer_gives_the_same_bytes() {
    let dir = tempdir().unwrap();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    write(&busy_answer(), &one).unwrap();
    write(&busy_answer(), &other).unwrap();
    assert!(files(&one) == files(&other), "every file is the same");
}

#[test]
fn numbers_are_exact_decimals_and_what_has_no_value_is_empty() {
    let dir = tempdir().unwrap();
    let dir = dir.path().join("results");
    write(&busy_answer(), &dir).unwrap();
    let text = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    let first = |name: &str| text(name).lines().nth(1).unwrap().to_owned();
    assert_snapshot!(
    first("flows.csv"),
    @"0,0.1,0,1,verzamelen,0,pgo-1,za-1,ziekenhuis@medmij,4,1.0,1,48.342,completed,,16,47,0.342,1"
    );
    assert_snapshot!(first("steps.csv"), @"0,0.1,1,1.019,0,0.016,0,0.003");
    assert!(text("histograms.csv").lines().any(|line| line.contains(",inf,")));
    for (name, content) in files(&dir).into_iter().filter(|(name, _)| name.ends_with(".csv")) {
        let content = String::from_utf8(content).unwrap();
        assert!(!content.contains("NaN") && !content.contains('\r'), "{name}");
    }
}

#[test]
fn the_manifest_says_how_to_do_it_again_and_not_where_or_when() {
    let mut answer = answer(3);
    answer.study.inputs[0].name = "/home/somebody/topology.toml".to_owned();
    let manifest = Manifest::of(&answer);
    assert_eq!(manifest.inputs[0].name, "topology.toml");
    assert_snapshot!(serde_json::to_string_pretty(&manifest).unwrap());
}

#[test]
fn an_older_result_is_replaced_and_anything_else_is_left_alone() {
    let dir = tempdir().unwrap();
    let target = dir.path().join("results");
    write(&answer(1), &target).unwrap();
    fs::write(target.join("notes.txt"), "of the older result").unwrap();
    write(&answer(2), &target).unwrap();
    assert!(!target.join("notes.txt").exists());
    assert_eq!(Folder::open(&target).unwrap().manifest.replications.done, 2);
    assert_eq!(files_beside(dir.path()), ["results"], "nothing is left beside it");

    let empty = dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    write(&answer(1), &empty).unwrap();

    let other = dir.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("thesis.tex"), "years of work").unwrap();
    let problems = write(&answer(1), &other).unwrap_err().to_string();
    assert!(
        problems.contains("expected a new or an empty folder, or one of results"),
        "{problems}"
    );
    assert_eq!(files(&other), [("thesis.tex".to_owned(), b"years of work".to_vec())]);
}

fn files_beside(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_fails_half_way_leaves_the_older_result_as_it_was() {
    let dir = tempdir().unwrap();
    let target = dir.path().join("results");
    write(&answer(1), &target).unwrap();
    let before = files(&target);
    let draft = publish::Draft::begin(&target).unwrap();
    draft.file("flows.csv", |file| file.write_all(b"half a li")).unwrap();
    let full = |_: &mut dyn io::Write| Err(io::Error::from(io::ErrorKind::StorageFull));
    let problem = draft.file("steps.csv", full).unwrap_err().to_string();
    assert!(
        problem.contains("results/steps.csv: cannot be written: no storage space"),
        "{problem}"
    );
    drop(draft);
    assert!(files(&target) == before);
    assert_eq!(files_beside(dir.path()), ["results"]);
}

#[test]
fn a_disk_that_is_full_is_noticed_even_if_all_fits_in_memory() {
    let mut full = match fs::OpenOptions::new().write(true).open("/dev/full") {
        Ok(full) => full,
        // Only some systems have such a device.
        Err(_) => return,
    };
    let lines = [lines::Number(1.0)];
    let error = super::write::table(&mut full, ["value"], lines.map(|number| (number,)));
    assert_eq!(error.unwrap_err().kind(), io::ErrorKind::StorageFull);
}

#[test]
fn a_folder_that_cannot_be_written_is_a_problem_that_names_it() {
    let dir = tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "no folder").unwrap();
    let problems = write(&answer(1), &file.join("results")).unwrap_err().to_string();
    assert!(problems.contains("/file") && problems.contains("cannot be"), "{problems}");
    let problems = write(&answer(1), &file).unwrap_err().to_string();
    assert!(problems.contains("/file: cannot be used for results"), "{problems}");
    // Of a folder that is always there and never to be written, whoever asks.
    let problems = write(&answer(1), Path::new("/proc/results")).unwrap_err().to_string();
    assert!(problems.starts_with("/proc/results: cannot be made"), "{problems}");
    assert!(write(&answer(1), Path::new("/")).is_err());
    assert!(write(&answer(1), Path::new("..")).is_err());
}

#[test]
fn a_damaged_folder_is_a_problem_that_names_file_and_line() {
    let dir = tempdir().unwrap();
    let target = dir.path().join("results");
    let of = |target: &Path| Folder::open(target).unwrap_err().to_string();
    assert!(of(&target).contains("expected a folder of results; found none with a manifest.json"));
    write(&answer(2), &target).unwrap();
    let rules = fs::read_to_string(target.join("rules.csv")).unwrap();
    fs::write(target.join("rules.csv"), rules.replacen(",0,", ",many,", 1)).unwrap();
    let problem = of(&target);
    assert!(problem.contains("rules.csv:") && problem.contains("cannot be read"), "{problem}");
    fs::remove_file(target.join("rules.csv")).unwrap();
    assert!(of(&target).contains("rules.csv: cannot be read"));
    let manifest = fs::read_to_string(target.join("manifest.json")).unwrap();
    let later = manifest.replacen("\"format\": 2", "\"format\": 99", 1);
    fs::write(target.join("manifest.json"), later).unwrap();
    assert!(of(&target).contains("manifest.json: expected format 2; found 99"));
    fs::write(target.join("manifest.json"), "{").unwrap();
    assert!(of(&target).contains("manifest.json:1: cannot be read"));
}

#[test]
fn the_closing_summary_of_a_study_whose_figures_are_known() {
    let answer = busy_answer();
    let text = terminal(&answer, &summarise(&figures(&answer)));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert_snapshot!(text);
}

#[test]
fn the_closing_summary_of_one_replication_has_no_intervals_and_of_three_has() {
    let one = answer(1);
    assert_snapshot!(terminal(&one, &summarise(&figures(&one))));
    let three = answer(3);
    assert_snapshot!(terminal(&three, &summarise(&figures(&three))));
}

#[test]
fn the_closing_summary_as_json_says_the_same() {
    let answer = busy_answer();
    let json = json(&answer, &summarise(&figures(&answer)));
    assert_snapshot!(serde_json::to_string_pretty(&json).unwrap());
}

#[test]
fn expectations_hold_where_the_estimate_is_on_their_side_and_never_without_one() {
    let mut answer = answer(3);
    let expect = |metric: &str, comparison, value| answers::expectation(metric, comparison, value);
    use crate::plan::Comparison::{AtLeast, AtMost, Less, More};
    answer.study.scenario.expect = vec![
        expect("flows.completed_ratio", AtLeast, 0.5),
        expect("flows.completed_ratio", Less, 0.5),
        expect("flows.completed_ratio@pgo=pgo-1", More, 0.5),
        expect("flows.completed_ratio@pgo=pgo-99", AtMost, 1.0),
        expect("flows.not_completed@cause=down@digid-1", AtMost, 0.0),
        expect("flows.not_completed@cause=said-no", AtMost, 1e9),
        expect("latency.failed.machine.p99", AtMost, 1e9),
        expect("no.such.metric", AtMost, 1.0),
    ];
    let checked = expectations(&answer, &summarise(&figures(&answer)));
    let holds: Vec<bool> = checked.iter().map(|checked| checked.holds).collect();
    assert_eq!(holds, [true, false, true, false, true, true, false, false]);
    assert_eq!(checked[0].text(), "flows.completed_ratio >= 0.5");

    // One page in seven never came.
    let mut answer = busy_answer();
    answer.study.scenario.expect =
        vec![expect("page.wait.p95", AtLeast, 2.0), expect("page.wait.p95", AtMost, 1e9)];
    let checked = expectations(&answer, &summarise(&figures(&answer)));
    assert_eq!([checked[0].holds, checked[1].holds], [true, false]);
}
