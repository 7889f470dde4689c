//! Recorded flows of the script's small network, written, read back and drawn.

use std::sync::Arc;

use proptest::prelude::*;
use protocol::time::{Duration, Instant};
use watch::{
    directory::Window,
    rules::script::Script,
    statistics::{Settings, Statistics, Traces as Recorded},
};

use super::*;

/// One person collects over the script's network.
fn traces() -> Traces {
    let mut script = Script::new();
    script.verzamelen(1);
    script.end();
    let window =
        Window { warm_up: Instant::START, horizon: Instant::START + Duration::from_secs(86_400) };
    let settings = Settings { traces: Recorded::First(10), ..Settings::new(window, 1, 0) };
    let mut statistics = Statistics::new(Arc::clone(&script.directory), settings);
    for (stamp, told) in &script.events {
        statistics.event(*stamp, &told.event());
    }
    Traces { replication: 0, flows: statistics.finish().traces }
}

#[test]
fn a_drawing_has_all_sixteen_steps_with_their_rules() {
    let drawing = text(&traces().flows[0]);
    insta::assert_snapshot!(drawing);
    for step in 1..=16 {
        let shown = drawing.lines().any(|line| {
            let column = line.chars().skip(14).take(7).collect::<String>();
            line.chars().nth(11) == Some('s')
                && column.trim().split('-').any(|one| one == step.to_string())
        });
        assert!(shown, "step {step}:\n{drawing}");
    }
    assert!(drawing.lines().all(|line| line.chars().count() <= 80));
    for number in ["APP 3", "APP 5", "APP 6", "APP 10", "APP 12", "APP 13", "NET 3", "PI 9"] {
        assert!(drawing.contains(&number.replace(' ', "\u{a0}")), "{number}:\n{drawing}");
    }
}

#[test]
fn what_was_recorded_is_read_back_and_a_flow_is_found_by_its_name() {
    let traces = traces();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(FILE), traces.json()).unwrap();
    let read = Traces::read(dir.path()).unwrap();
    assert_eq!(read, traces);
    let flow = &traces.flows[0];
    let name = FlowName::parse(&format!("0:{}.{}", flow.arrival, flow.attempt)).unwrap();
    assert_eq!(read.find(name).unwrap(), flow);
    let other = FlowName::parse("7").unwrap();
    assert_eq!(
        read.find(other).unwrap_err().to_string(),
        "traces.json: flow 0:7.1 was not recorded; recorded are 0:0.1"
    );
}

#[test]
fn a_folder_without_traces_is_a_problem_that_says_how_to_get_them() {
    let dir = tempfile::tempdir().unwrap();
    let problem = Traces::read(dir.path()).unwrap_err().to_string();
    assert!(problem.contains("--trace N"), "{problem}");
    fs::write(dir.path().join(FILE), "{").unwrap();
    let problem = Traces::read(dir.path()).unwrap_err().to_string();
    assert!(problem.contains("not a file of traces"), "{problem}");
}

#[test]
fn perfetto_gets_slices_of_service_on_named_tracks() {
    let made = perfetto(&traces().flows[0]);
    let events = made["traceEvents"].as_array().unwrap();
    let named = |name: &str| events.iter().any(|event| event["args"]["name"] == name);
    assert!(named("pgo-1") && named("on its way to pgo-1"));
    for event in events.iter().filter(|event| event["ph"] == "X") {
        assert!(event["dur"].as_f64().unwrap() >= 0.0 && event["ts"].as_f64().unwrap() >= 0.0);
    }
}

proptest! {
    #[test]
    fn any_text_is_the_name_of_a_flow_or_an_error(text in "\\PC*") {
        let _ = FlowName::parse(&text);
    }
}
