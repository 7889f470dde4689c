//! What files that are right come to mean.

use protocol::world::network::TlsVersion;
use protocol::{
    catalogue::Gegevensdienst, contract::Work, distribution::Distribution, role::Role, rule,
    rule::covers, time::Duration,
};

use super::*;
use crate::plan::{ArrivalPlan, FaultKind, HostFault, Persons, Spread};

#[test]
fn every_shipped_file_is_read_without_a_complaint() {
    let mut read = Vec::new();
    for (folder, is_scenario) in [("topologies", false), ("scenarios", true)] {
        let files = std::fs::read_dir(root().join(folder)).unwrap();
        // Folders beside them are what somebody imported.
        for file in files.map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
            let found = match is_scenario {
                true => super::super::read(&file, &[]).map(|study| study.scenario.name),
                false => read_topology(&file, &[]).map(|(topology, ..)| topology.name),
            };
            let name = found.map_err(|problems| problems.to_string()).unwrap();
            assert_eq!(Some(name.as_str()), file.file_stem().and_then(|stem| stem.to_str()));
            read.push(name);
        }
    }
    for name in ["minimal", "beta-2018", "national-2023", "national-full", "first-look"] {
        assert!(read.iter().any(|one| one == name), "{name}");
    }
}

#[test]
fn the_national_topology_is_as_large_as_published() {
    let (topology, ..) = read_topology(&root().join("topologies/national-2023.toml"), &[]).unwrap();
    let hosts = |groups: Vec<usize>| groups.iter().sum::<usize>();
    assert_eq!(hosts(topology.pgos.iter().map(|group| group.hosts.len()).collect()), 20);
    assert_eq!(hosts(topology.zas.iter().map(|group| group.hosts.len()).collect()), 15);
    let providers: u32 = topology.zas.iter().filter_map(|group| group.providers).sum();
    assert_eq!(providers, 5_000);
    assert_eq!(topology.zas[3].hosts, ["za-15"]);
}

#[test]
fn the_strongest_tls_that_a_network_has_is_spoken() {
    covers(&[rule::TLS_STRONGEST_FIRST]);
    for (versions, spoken) in [
        (r#"["1.2"]"#, TlsVersion::V1_2),
        (r#"["1.2", "1.3"]"#, TlsVersion::V1_3),
        (r#"["1.3", "1.2"]"#, TlsVersion::V1_3),
    ] {
        let set = Override::parse_set(&format!("topology.tls.versions={versions}")).unwrap();
        let (topology, ..) =
            read_topology(&root().join("topologies/minimal.toml"), &[set]).unwrap();
        assert_eq!(topology.tls.version, spoken);
    }
}

#[test]
fn people_in_a_hurry_wait_as_long_for_a_page_as_ever() {
    let set = |text: &str| Override::parse_set(text).unwrap();
    let persons = |sets: &[Override]| {
        let study = super::super::read(&root().join("scenarios/first-look.toml"), sets).unwrap();
        study.scenario.persons
    };
    let (usual, hurried) = (persons(&[]), persons(&[set("persons.pace=10")]));
    let times = |persons: &Persons| {
        [&persons.choose, &persons.login, &persons.consent, &persons.retry_after]
            .map(|of| of.mean())
    };
    for (usual, hurried) in times(&usual).into_iter().zip(times(&hurried)) {
        assert!((usual / hurried - 10.0).abs() < 1e-9, "{usual} and {hurried}");
    }
    assert_eq!(usual.patience, hurried.patience);
}

/// As DESIGN.md shows topologies.
const DESIGN_TOPOLOGY: &str = r#"
name = "beta-2018"
release = "1.0"
[[pgo]]                       # a group: `count` hosts alike; or one host by `host = "…"`
count = 3
workers = 4                   # parallel servers of each host's station
[[za]]
count = 3
workers = 4
providers = 300               # Zorgaanbieders behind this group
providers_over_hosts = "zipf(1.0)"
services = ["1", "4", "6"]    # Gegevensdiensten
[xis]                         # one per Zorgaanbieder
fetch = "lognormal(median=400ms, p95=2s)"
workers = 2
[digid]
workers = 16
[stelselnode]
zal_publish = "24h"
whitelist_publish = "24h"
[ocsp]
workers = 4
[links]
default = "lognormal(median=8ms, p95=25ms)"
"person-*" = "lognormal(median=25ms, p95=90ms)"
[costs]                       # cost of each Work at each role; default: the shipped calibration
from = "default"              # or a file written by `stelsel calibrate`
"digid.*" = "exp(mean=50ms)"  # role.work, * for all; the most specific line wins
"#;

/// As DESIGN.md shows scenarios.
const DESIGN_SCENARIO: &str = r#"
name = "digid-outage"
topology = "small.toml"
horizon = "4h"
warm_up = "20min"
replications = 10
seed = 1
[arrivals]
rate = "2/s"                  # or profile = "weekday", peak = "3/s"; or burst = { at = "1h", people = 20000, within = "10min" }
[persons]
login = "lognormal(median=25s, p95=90s)"
consent = "lognormal(median=12s, p95=60s)"
refuse_consent = 0.02
patience = "lognormal(median=20s, p95=60s)"
retry = { probability = 0.5, after = "exp(mean=5min)" }
[lists]
whitelist_pull = { every = "1h", phase = "spread" }   # spread | synchronised
[tokens]
entropy_bits = 122
[[fault]]
at = "1h"
for = "20min"
host = "digid"
kind = "down"                 # down | crash | slow(x4) | pause | skew(90s) | revoke | expire ; links: delay | loss | partition
[[change]]                    # register changes
at = "2h"
kind = "remove-gateway"       # add-gateway | remove-gateway | move-endpoint | add-provider | remove-provider | release
host = "za-2"
[[deviant]]
host = "pgo-3"
breaks = "CODE_OFFERED_ONCE"
[expect]                      # the run fails (exit 3) where it does not hold
"flows.completed_ratio" = ">= 0.95"
"#;

fn design() -> Study {
    read_beside(
        &[("short.toml", DESIGN_SCENARIO.as_bytes()), ("small.toml", DESIGN_TOPOLOGY.as_bytes())],
        &[],
    )
    .unwrap()
}

#[test]
fn the_files_that_the_design_shows_mean_what_they_say() {
    let Study { topology, scenario, resolved, inputs } = design();
    assert_eq!(topology.pgos[0].hosts, ["pgo-1", "pgo-2", "pgo-3"]);
    assert_eq!(topology.zas[0].providers_over_hosts, Spread::Zipf(1.0));
    assert_eq!(topology.zas[0].services[1], Gegevensdienst::from_id("4").unwrap());
    assert_eq!(topology.links.lines.len(), 1);
    assert_eq!(scenario.horizon, Duration::from_secs(4 * 3_600));
    assert_eq!(scenario.arrivals, ArrivalPlan::Rate(2.0));
    assert_eq!((scenario.persons.retry_probability, scenario.persons.attempts), (0.5, 3));
    assert!(matches!(&scenario.faults[0].kind, FaultKind::Host(host, HostFault::Down)
        if host.value == "digid" && host.place.line == Some(23)));
    assert_eq!(scenario.expect[0].value, 0.95);
    assert_eq!(resolved["topology"]["digid"]["tries"], 3);
    assert_eq!(resolved["topology"]["za"][0]["releases"][0], "1.0");
    assert_eq!(resolved["topology"]["za"][0]["weight"], 300);
    assert_eq!(resolved["scenario"]["lists"]["zal_pull"]["every"], "24h");
    assert_eq!(resolved["scenario"]["lists"]["whitelist_pull"]["jitter"], "0s");
    assert_eq!(inputs.len(), 2);
    assert!(inputs.iter().all(|input| input.sha256.len() == 64));
}

#[test]
fn the_most_specific_line_of_costs_wins_and_the_topology_wins_from_what_it_rests_on() {
    let costs = |lines: &str| {
        let topology = format!("{TOPOLOGY}[xis]\nfetch = \"fixed(3s)\"\n[costs]\n{lines}");
        let files: &[(&str, &[u8])] = &[
            ("small.toml", topology.as_bytes()),
            ("costs.toml", b"\"za.*\" = \"fixed(9ms)\"\n\"xis.*/MB\" = \"7ms\"\n"),
        ];
        let costs = read_beside(files, &[]).unwrap().topology.costs;
        move |role, work| {
            let found = costs.iter().find(|(r, w, _)| (*r, *w) == (role, work))?;
            Some((found.2.base.mean(), found.2.per_megabyte))
        }
    };
    let none = Duration::ZERO;
    let own = costs(
        "from = \"none\"\n\"*\" = \"fixed(1ms)\"\n\"za.*\" = \"fixed(2ms)\"\n\"za.redirect\" = \"fixed(3ms)\"\n\"*.redirect\" = \"fixed(4ms)\"\n",
    );
    assert_eq!(own(Role::Za, Work::Redirect), Some((0.003, none)));
    assert_eq!(own(Role::Za, Work::Query), Some((0.002, none)));
    assert_eq!(own(Role::Pgo, Work::Redirect), Some((0.004, none)));
    assert_eq!(own(Role::Pgo, Work::Query), Some((0.001, none)));
    assert_eq!(own(Role::Xis, Work::FetchDossier), Some((0.001, none)));
    assert_eq!(own(Role::Person, Work::RenderPage), None);

    let files = costs("from = \"costs.toml\"\n\"za.redirect/MB\" = \"5ms\"\n");
    assert_eq!(files(Role::Za, Work::Redirect), Some((0.009, Duration::from_millis(5))));
    assert_eq!(files(Role::Xis, Work::FetchDossier), Some((3.0, Duration::from_millis(7))));
    // Below the file are the shipped ones.
    assert_eq!(files(Role::Digid, Work::SignAssertion), Some((0.0026, none)));
    assert_eq!(costs("from = \"none\"")(Role::Digid, Work::SignAssertion), None);
}

#[test]
fn flags_reach_into_both_files() {
    let study = read_beside(
        &[(
            "short.toml",
            format!("{SCENARIO}[[fault]]\nat = \"1min\"\nhost = \"za-1\"\nkind = \"down\"\n")
                .as_bytes(),
        )],
        &[
            "arrivals.rate=3/s",
            "persons.login=fixed(2s)",
            "persons.retry={ probability = 0.5 }",
            "name=other",
            "fault.0.kind=\"pause\"",
            "topology.digid.workers=9",
            "topology.za.0.workers=4",
            "topology.release=1.0",
            "topology.za.0.services=[\"1\"]",
            "topology.costs.\"digid.*\"=exp(mean=50ms)",
        ],
    )
    .unwrap();
    assert_eq!(study.scenario.arrivals, ArrivalPlan::Rate(3.0));
    assert_eq!(study.scenario.persons.login, Distribution::Fixed(2.0));
    assert_eq!(study.scenario.persons.retry_probability, 0.5);
    assert_eq!(study.scenario.name, "other");
    assert!(matches!(study.scenario.faults[0].kind, FaultKind::Host(_, HostFault::Pause)));
    assert_eq!(study.topology.digid.station.workers, 9);
    assert_eq!(study.topology.zas[0].station.workers, 4);
    assert_eq!(study.topology.release.name(), "1.0");
    assert_eq!(study.topology.zas[0].services.len(), 1);
    assert_eq!(study.resolved["topology"]["costs"]["digid.*"], "exp(mean=50ms)");
}

#[test]
fn a_group_of_one_is_found_by_its_host() {
    let path = root().join("topologies/national-2023.toml");
    let set = [Override::parse_set("za.za-15.workers=3").unwrap()];
    let (topology, ..) = read_topology(&path, &set).unwrap();
    assert_eq!(topology.zas[3].station.workers, 3);
    let (topology, ..) =
        read_topology(&path, &[Override::parse_set("topology.za.3.host=za-rest").unwrap()])
            .unwrap();
    assert_eq!(topology.zas[3].hosts, ["za-rest"]);
}

#[test]
fn a_profile_gives_its_peak_or_its_total_and_begins_where_it_is_told_to() {
    let hours = |arrivals: &str, horizon: &str| {
        let scenario = SCENARIO
            .replace("rate = \"2/s\"", arrivals)
            .replace("\"1h\"", &format!("\"{horizon}\""));
        match read_beside(&[("short.toml", scenario.as_bytes())], &[]).unwrap().scenario.arrivals {
            ArrivalPlan::Hours(hours) => hours,
            other => panic!("{other:?}"),
        }
    };
    let peak = hours("profile = \"weekday\"\npeak = \"3/s\"\nfrom = \"9h\"", "1h");
    assert_eq!((peak.len(), peak[0]), (24, 3.0));
    assert!(peak.iter().all(|rate| *rate <= 3.0));
    let total = hours("profile = \"week\"\ntotal = 1000000", "364d");
    assert!((total.iter().sum::<f64>() * 3_600.0 * 52.0 / 1e6 - 1.0).abs() < 1e-9);
    assert_eq!(hours("profile = \"flat\"\ntotal = 7200", "1h"), [2.0]);
    let part = hours("profile = \"weekday\"\ntotal = 100\nfrom = \"8h\"", "90min");
    assert!((part[0] * 3_600.0 + part[1] * 1_800.0 - 100.0).abs() < 1e-9);
}

#[test]
fn values_of_a_file_are_drawn_from_and_the_file_is_an_input() {
    let scenario = format!(
        "{SCENARIO}[persons]\nlogin = \"empirical(login.csv)\"\nconsent = \"empirical(login.csv)\"\n"
    );
    let files: &[(&str, &[u8])] =
        &[("short.toml", scenario.as_bytes()), ("login.csv", b"login\n20s\n1min\n")];
    let study = read_beside(files, &[]).unwrap();
    assert_eq!(study.scenario.persons.login, Distribution::Empirical([20.0, 60.0].into()));
    assert_eq!(study.inputs.len(), 3);
}
