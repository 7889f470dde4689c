//! What is said about files that are wrong.

use insta::assert_snapshot;

use super::*;

#[test]
fn a_key_that_is_not_known_brings_the_one_that_was_meant() {
    assert_snapshot!(of_scenario("[persons]\npatiens = \"20s\"\n"), @"");
    assert_snapshot!(of_scenario("[person]\nlogin = \"20s\"\n"), @"");
    assert_snapshot!(of_scenario("[tokens]\nspeed = 3\n"), @"");
    assert_snapshot!(of_topology("[costs]\n\"digit.*\" = \"fixed(1ms)\"\n"), @"");
    assert_snapshot!(of_topology("[costs]\n\"za.sign\" = \"fixed(1ms)\"\n"), @"");
}

#[test]
fn a_wrong_unit_or_kind_of_value_is_named_with_what_would_do() {
    assert_snapshot!(of_scenario("[persons]\nlogin = 25\n"), @"");
    assert_snapshot!(of_scenario("[persons]\nlogin = \"25s\"\nchoose = \"25 parsecs\"\n"), @"");
    assert_snapshot!(of_scenario("[persons]\nlogin = \"exp(median=25s)\"\n"), @"");
    assert_snapshot!(of_scenario("[persons]\nlogin = \"exp(mean=25)\"\n"), @"");
    assert_snapshot!(of_scenario("[persons]\nrefuse_consent = \"2%\"\n"), @"");
    assert_snapshot!(of_scenario("[tokens]\ndetection = \"yes\"\ngenerators = \"clone\"\n"), @"");
    assert_snapshot!(of_topology("[digid]\nworkers = \"8\"\nsession = 2018-01-01\n"), @"");
    assert_snapshot!(of_topology("[links]\ndefault = { bandwidth = \"100MB\" }\n"), @"");
    assert_snapshot!(of_topology("[[pgo]]\nreleases = [1.0]\n"), @"");
    assert_snapshot!(of_topology("[[za]]\nproviders = 4\nservices = [\"49\", \"4711\"]\n"), @"");
}

#[test]
fn absurd_values_are_refused() {
    assert_snapshot!(of_scenario("[persons]\nlogin = \"exp(mean=-2s)\"\nreload = -0.1\ngo_back = 1.5\nretry = { attempts = 0 }\n"), @"");
    assert_snapshot!(of_scenario("[persons]\nreload = nan\nlogin = \"lognormal(median=8s, p95=2s)\"\nconsent = \"uniform(a=3s, b=1s)\"\nchoose = \"exp(mean=0s)\"\n"), @"");
    assert_snapshot!(of_scenario("[[fault]]\nat = \"101d\"\nfor = \"36501d\"\nhost = \"digid\"\nkind = \"slow(x0)\"\n"), @"");
    assert_snapshot!(of_topology("[digid]\nworkers = 0\ntries = 256\nqueue = -1\n"), @"");
    assert_snapshot!(of_topology("[xis]\nworkers = 99999999999999999999\n"), @"");
    assert_snapshot!(of_set(&["replications=0", "arrivals.rate=0/s", "warm_up=2h", "seed=-1"]), @"");
    assert_snapshot!(of_set(&["warm_up=1h", "topology.za.0.providers=0"]), @"");
    assert_snapshot!(of_set(&["warm_up=1h"]), @"");
}

#[test]
fn a_file_that_is_not_there_or_is_no_toml_is_named_with_the_line() {
    assert_snapshot!(of_set(&["topology=nowhere.toml"]), @"");
    assert_snapshot!(of_files(&[("short.toml", SCENARIO.replace("small", "large").as_bytes())]), @"");
    assert_snapshot!(of_files(&[("short.toml", SCENARIO.replace("small.toml", ".").as_bytes())]), @"");
    assert_snapshot!(of_scenario("[persons\nlogin = \n"), @"");
    assert_snapshot!(of_scenario("name = \"again\"\nrate = \"1/s\"\nrate = \"2/s\""), @"");
    assert_snapshot!(of_files(&[("short.toml", b"name = \"x\"\n\n\x7fELF\xff\xfe")]), @"");
    assert_snapshot!(of_files(&[("short.toml", b"")]), @"");
    let large = format!("{SCENARIO}#{}", "x".repeat(16 << 20));
    assert_snapshot!(of_files(&[("short.toml", large.as_bytes())]), @"");
    let gone = super::super::read(Path::new("no/such/scenario.toml"), &[]).unwrap_err();
    assert_snapshot!(gone, @"");
}

#[test]
fn values_of_a_file_are_complained_of_with_the_line_of_that_file() {
    let scenario = format!("{SCENARIO}[persons]\nlogin = \"empirical(login.csv)\"\n");
    let with =
        |csv: &str| of_files(&[("short.toml", scenario.as_bytes()), ("login.csv", csv.as_bytes())]);
    assert_snapshot!(with("login\n20s\n30\n"), @"");
    assert_snapshot!(with("login\n"), @"");
    assert_snapshot!(of_files(&[("short.toml", scenario.as_bytes())]), @"");
    assert_snapshot!(with("login\n20s\n\n30s\n"), @"");
}

#[test]
fn a_network_must_have_somebody_in_it_and_everybody_a_name() {
    let with = |topology: &str| of_files(&[("small.toml", topology.as_bytes())]);
    assert_snapshot!(with("name = \"nobody\""), @"");
    assert_snapshot!(of_topology("[[pgo]]\nhost = \"pgo-1\"\n[[pgo]]\nhost = \"za\"\n"), @"");
    assert_snapshot!(of_topology("[[pgo]]\nhost = \"pgo-1\"\nhostname = \"a.example.nl\"\n[[za]]\nfront = \"a.example.nl\"\nproviders = 1\nservices = [\"49\"]\n"), @"");
    assert_snapshot!(of_topology("[[pgo]]\nhostname = \"Gateway\"\n"), @"");
    assert_snapshot!(of_topology("[[pgo]]\ncount = 3\nhost = \"large\"\n[[za]]\ncount = 5\nproviders = 4\nservices = [\"49\"]\n"), @"");
    assert_snapshot!(of_topology("[services]\n\"49\" = 1\n\"48\" = 3\n"), @"");
    assert_snapshot!(of_topology("[links]\n\"za-9>digid\" = \"fixed(1ms)\"\n"), @"");
    assert_snapshot!(of_topology("[source]\nzal = \"zal.xml\"\n"), @"");
}

#[test]
fn lists_and_invented_zorgaanbieders_exclude_one_another() {
    let topology = format!("{TOPOLOGY}[source]\nzal = \"zal.xml\"\n");
    let files: &[(&str, &[u8])] = &[("small.toml", topology.as_bytes()), ("zal.xml", b"<x/>")];
    assert_snapshot!(of_files(files), @"");
}

#[test]
fn costs_that_come_from_themselves_are_refused() {
    let topology = format!("{TOPOLOGY}[costs]\nfrom = \"one.toml\"\n");
    let files: &[(&str, &[u8])] = &[
        ("small.toml", topology.as_bytes()),
        ("one.toml", b"from = \"two.toml\"\n"),
        ("two.toml", b"from = \"./one.toml\"\n"),
    ];
    assert_snapshot!(of_files(files), @"");
    let files =
        &[files[0], ("one.toml", b"\"za.redirect\" = \"1ms\"\n\n\"za.*/MB\" = \"fixed(1ms)\"\n")];
    assert_snapshot!(of_files(files), @"");
}

#[test]
fn faults_must_find_what_they_can_befall() {
    let fault = |more: &str| of_scenario(&format!("[[fault]]\nat = \"10min\"\n{more}"));
    assert_snapshot!(fault("host = \"za-9\"\nkind = \"down\"\n"), @"");
    assert_snapshot!(fault("host = \"za-1\"\nkind = \"delay(2s)\"\n"), @"");
    assert_snapshot!(fault("link = \"za>digid\"\nkind = \"down\"\n"), @"");
    assert_snapshot!(fault("kind = \"down\"\n"), @"");
    assert_snapshot!(fault("host = \"za\"\nlink = \"za\"\nkind = \"down\"\n"), @"");
    assert_snapshot!(fault("host = \"xis-10\"\nkind = \"revoke\"\n"), @"");
    assert_snapshot!(fault("host = \"xis-11\"\nkind = \"pause\"\n"), @"");
    assert_snapshot!(fault("host = \"person\"\nkind = \"pause\"\n"), @"");
    assert_snapshot!(fault("host = \"za-1\"\nfor = \"1h\"\nkind = \"expire\"\n"), @"");
    assert_snapshot!(fault("link = \"person-*>pgo-7\"\nkind = \"loss(2)\"\n"), @"");
    assert_snapshot!(fault("link = \"person-*>pgo-7\"\nkind = \"loss(0.2)\"\n"), @"");
    assert_snapshot!(of_scenario("[[fault]]\nat = \"3h\"\nhost = \"za\"\nkind = \"drift(-200ppm)\"\n"), @"");
}

#[test]
fn changes_must_have_what_they_need_and_nothing_else() {
    let change = |more: &str| of_scenario(&format!("[[change]]\nat = \"10min\"\n{more}"));
    assert_snapshot!(change("kind = \"remove-gateway\"\n"), @"");
    assert_snapshot!(change("kind = \"remove-gateway\"\nhost = \"digid-1\"\n"), @"");
    assert_snapshot!(change("kind = \"move-endpoint\"\nhost = \"za-1\"\nto = \"za-1\"\n"), @"");
    assert_snapshot!(change("kind = \"move-endpoint\"\nhost = \"pgo-1\"\nto = \"za-1\"\n"), @"");
    assert_snapshot!(change("kind = \"add-provider\"\nhost = \"za-1\"\nzorgaanbieder = \"huisarts\"\n"), @"");
    assert_snapshot!(change("kind = \"add-provider\"\nhost = \"za-1\"\nzorgaanbieder = \"huisarts-1@medmij\"\n"), @"");
    assert_snapshot!(change("kind = \"removal\"\n"), @"");
    assert_snapshot!(change("kind = \"release\"\nhost = \"za-3\"\nrelease = \"1.1\"\n"), @"");
}

#[test]
fn a_deviant_must_be_somebody_who_can_break_that() {
    let deviant = |more: &str| of_scenario(&format!("[[deviant]]\n{more}"));
    assert_snapshot!(deviant("host = \"digid\"\nbreaks = \"CODE_ONCE\"\n"), @"");
    assert_snapshot!(deviant("host = \"ocsp\"\nbreaks = \"CODE_ONCE\"\n"), @"");
    assert_snapshot!(deviant("host = \"pgo-3\"\nbreaks = \"code-offered-twice\"\n"), @"");
}

#[test]
fn what_has_no_effect_is_an_error() {
    assert_snapshot!(of_scenario("[persons]\nretry = { after = \"exp(mean=1min)\" }\n"), @"");
    assert_snapshot!(of_scenario("[tokens]\ncheck_against = \"lag(500ms)\"\n"), @"");
    assert_snapshot!(of_scenario("[tokens]\ninstances = 2\ndetection = false\ncheck_against = \"own\"\n"), @"");
    assert_snapshot!(of_set(&["arrivals.peak=3/s"]), @"");
    assert_snapshot!(of_set(&["arrivals.profile=weekday"]), @"");
    let with = |arrivals: &str| {
        let scenario = SCENARIO.replace("rate = \"2/s\"", arrivals);
        of_files(&[("short.toml", scenario.as_bytes())])
    };
    assert_snapshot!(with("profile = \"week\""), @"");
    assert_snapshot!(with("profile = \"week\"\npeak = \"2/s\"\nfrom = \"90min\""), @"");
    assert_snapshot!(with(""), @"");
    assert_snapshot!(with("burst = { at = \"2h\", people = 5, within = \"0s\" }"), @"");
    assert_snapshot!(with("burst = { at = \"2h\", people = 5, within = \"1s\" }"), @"");
}

#[test]
fn expectations_name_a_metric_and_a_value_in_its_unit() {
    let expect = |more: &str| of_scenario(&format!("[expect]\n{more}"));
    assert_snapshot!(expect("\"flows.completed_ration\" = \">= 0.95\"\n"), @"");
    assert_snapshot!(expect("\"latency.machine.p95\" = \"< 2\"\n"), @"");
    assert_snapshot!(expect("\"flows.completed_ratio\" = \"95\"\n\"flows.started\" = \"> 2s\"\n"), @"");
    assert_snapshot!(expect("\"latency.machine\" = \"< 2s\"\n"), @"");
    assert_snapshot!(expect("\"flows.completed_ratio@pgo\" = \">= 0.95\"\n"), @"");
    assert_snapshot!(expect("\"registry.exposed_bytes\" = \"<= 54kB\"\n\"flows.started\" = \"> 10\"\n"), @"");
}

#[test]
fn what_a_flag_says_is_complained_of_by_the_flag() {
    assert_snapshot!(of_set(&["persons.login=25"]), @"");
    assert_snapshot!(of_set(&["topology.digid.workers=many", "persons.speed=3"]), @"");
    assert_snapshot!(of_set(&["topology.za.7.workers=4"]), @"");
    assert_snapshot!(of_set(&["topology.za.za-2.workers=4"]), @"");
    assert_snapshot!(of_set(&["topology.za.za-5.workers=4"]), @"");
    assert_snapshot!(of_set(&["horizon.hours=4"]), @"");
    assert_snapshot!(of_set(&["a..b=4"]), @"");
    assert_snapshot!(of_set(&["topology.costs.\"digid.*\"=exp(mean=50)"]), @"");
    assert_snapshot!(Override::parse_set("persons.login").unwrap_err(), @"");
    assert_snapshot!(Override::parse_set("\"a=b\"").unwrap_err(), @"");
    let seed = Override { flag: "--seed".into(), path: "seed".into(), value: "one".into() };
    let scenario = root().join("scenarios/first-look.toml");
    assert_snapshot!(super::super::read(&scenario, &[seed]).unwrap_err(), @"");
}

#[test]
fn complaints_come_all_together_but_not_without_end() {
    assert_snapshot!(of_files(&[
        ("short.toml", SCENARIO.replace("1h", "1 hour").as_bytes()),
        ("small.toml", TOPOLOGY.replace("count = 2", "count = 0").as_bytes()),
    ]), @"");
    let many: String = (0..300).map(|n| format!("key{n} = 1\n")).collect();
    let complaints = of_scenario(&format!("[persons]\n{many}"));
    assert_eq!(complaints.lines().count(), 101);
    assert!(complaints.ends_with("and 200 problems more"), "{complaints}");
}
