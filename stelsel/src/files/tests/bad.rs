//! What is said about files that are wrong.

use insta::assert_snapshot;

use protocol::{rule, rule::covers};

use super::*;

#[test]
fn no_network_speaks_an_older_tls_than_it_may() {
    covers(&[rule::TLS_BACK_GOOD, rule::TLS_FRONT_SUFFICIENT]);
    assert_snapshot!(of_topology("[tls]\nversions = [\"1.1\", \"1.2\"]\n"), @r#"small.toml:11: tls.versions.0: expected one of "1.2", "1.3"; found "1.1"; did you mean "1.2"?"#);
    assert_snapshot!(of_topology("[tls]\nversions = []\n"), @"small.toml:11: tls.versions: expected a list of at least one; found an empty list");
}

#[test]
fn a_key_that_is_not_known_brings_the_one_that_was_meant() {
    assert_snapshot!(of_scenario("[persons]\npatiens = \"20s\"\n"), @r#"short.toml:8: persons.patiens: unknown key; did you mean "patience"?"#);
    assert_snapshot!(of_scenario("[person]\nlogin = \"20s\"\n"), @r#"short.toml:7: person: unknown key; did you mean "persons"?"#);
    assert_snapshot!(of_scenario("[tokens]\nspeed = 3\n"), @"short.toml:8: tokens.speed: unknown key; known here are entropy_bits, generators, instances, check_against, detection, lifetime");
    assert_snapshot!(of_topology("[costs]\n\"digit.*\" = \"fixed(1ms)\"\n"), @r#"small.toml:11: costs."digit.*": unknown key: expected role.work with a role of one of "pgo", "za", "digid", "stelselnode", "ocsp", "xis", or * for all"#);
    assert_snapshot!(of_topology("[costs]\n\"za.sign\" = \"fixed(1ms)\"\n"), @r#"small.toml:11: costs."za.sign": unknown key: expected role.work with a work of one of "render-page", "redirect", "check-authorization", "sign-authn-request", "verify-signature", "check-credentials", "sign-assertion", "query", "log-consent", "issue-code", "issue-token", "refuse-grant", "check-token", "check-availability", "fetch-dossier", "build-fhir", "store-dossier", "serve-list", "validate-list", "check-certificate", "sign-ocsp", "tls-handshake", "tls-resumption", or * for all"#);
}

#[test]
fn a_wrong_unit_or_kind_of_value_is_named_with_what_would_do() {
    assert_snapshot!(of_scenario("[persons]\nlogin = 25\n"), @r#"short.toml:8: persons.login: expected a duration with a unit, such as "25s", or a distribution of durations, such as "exp(mean=25s)" or "lognormal(median=8s, p95=40s)"; found 25"#);
    assert_snapshot!(of_scenario("[persons]\nlogin = \"25s\"\nchoose = \"25 parsecs\"\n"), @r#"short.toml:9: persons.choose: expected a duration with a unit, such as "25s", or a distribution of durations, such as "exp(mean=25s)" or "lognormal(median=8s, p95=40s)"; found "25 parsecs""#);
    assert_snapshot!(of_scenario("[persons]\nlogin = \"lognormal(median=1s, p95=99d)\"\n"), @r#"short.toml:8: persons.login: expected a mean of at most 100 years; found "lognormal(median=1s, p95=99d)""#);
    assert_snapshot!(of_topology("[xis]\ndocuments = -1\nage = 3\n"), @r#"
    small.toml:11: xis.documents: expected a number or a distribution of numbers, such as "exp(mean=3)" or "lognormal(median=2, p95=8)"; found -1
    small.toml:12: xis.age: expected a duration with a unit, such as "25s", or a distribution of durations, such as "exp(mean=25s)" or "lognormal(median=8s, p95=40s)"; found 3
    "#);
    assert_snapshot!(of_scenario("[persons]\nlogin = \"exp(median=25s)\"\n"), @r#"short.toml:8: persons.login: expected a duration with a unit, such as "25s", or a distribution of durations, such as "exp(mean=25s)" or "lognormal(median=8s, p95=40s)"; found "exp(median=25s)""#);
    assert_snapshot!(of_scenario("[persons]\nlogin = \"exp(mean=25)\"\n"), @r#"short.toml:8: persons.login: expected a duration with a unit, such as "25s", as the mean; found "exp(mean=25)""#);
    assert_snapshot!(of_scenario("[persons]\nrefuse_consent = \"2%\"\n"), @r#"short.toml:8: persons.refuse_consent: expected a share from 0 to 1; found "2%""#);
    assert_snapshot!(of_scenario("[tokens]\ndetection = \"yes\"\ngenerators = \"clone\"\n"), @r#"
    short.toml:8: tokens.detection: expected true or false; found "yes"
    short.toml:9: tokens.generators: expected one of "independent", "cloned"; found "clone"; did you mean "cloned"?
    "#);
    assert_snapshot!(of_topology("[digid]\nworkers = \"8\"\nsession = 2018-01-01\n"), @r#"
    small.toml:11: digid.workers: expected a whole number from 1 to 4294967295; found "8"
    small.toml:12: digid.session: expected a duration with a unit, such as "25s"; found 2018-01-01
    "#);
    assert_snapshot!(of_topology("[links]\ndefault = { bandwidth = \"100MB\" }\n"), @r#"
    small.toml:11: links.default.bandwidth: expected a bandwidth above zero, such as "100Mbit/s"; found "100MB"
    small.toml:11: links.default.latency: missing: one-way latency
    "#);
    assert_snapshot!(of_topology("[[pgo]]\nreleases = [1.0]\n"), @r#"small.toml:11: pgo.1.releases.0: expected one of "1.0", "1.1"; found 1.0"#);
    assert_snapshot!(of_topology("[[za]]\nproviders = 4\nservices = [\"49\", \"4711\"]\n"), @r#"small.toml:12: za.1.services.1: expected a Gegevensdienst of the catalogue, by its id as a text: one of "1", "2", "3", "4", "5", "6", "7", "28", "30", "31", "46", "47", "48", "49", "50", "51", "52", "54", "61"; found "4711""#);
}

#[test]
fn absurd_values_are_refused() {
    assert_snapshot!(of_scenario("[persons]\nlogin = \"exp(mean=-2s)\"\nreload = -0.1\ngo_back = 1.5\nretry = { attempts = 0 }\n"), @r#"
    short.toml:8: persons.login: expected a duration with a unit, such as "25s", as the mean; found "exp(mean=-2s)"
    short.toml:9: persons.reload: expected a share from 0 to 1; found -0.1
    short.toml:10: persons.go_back: expected a share from 0 to 1; found 1.5
    short.toml:11: persons.retry.attempts: expected a whole number from 1 to 255; found 0
    "#);
    assert_snapshot!(of_scenario("[persons]\nreload = nan\nlogin = \"lognormal(median=8s, p95=2s)\"\nconsent = \"uniform(a=3s, b=1s)\"\nchoose = \"exp(mean=0s)\"\n"), @r#"
    short.toml:8: persons.reload: expected a share from 0 to 1; found NaN
    short.toml:9: persons.login: expected a p95 that is not below the median; found "lognormal(median=8s, p95=2s)"
    short.toml:10: persons.consent: expected bounds a and b of which b is not the lower; found "uniform(a=3s, b=1s)"
    short.toml:11: persons.choose: expected a mean above zero; found "exp(mean=0s)"
    "#);
    assert_snapshot!(of_scenario("[[fault]]\nat = \"101d\"\nfor = \"36501d\"\nhost = \"digid\"\nkind = \"slow(x0)\"\n"), @r#"
    short.toml:9: fault.0.for: expected a duration of at most 100 years; found "36501d"
    short.toml:11: fault.0.kind: expected slow(xN) with N above zero, such as "slow(x4)"; found "slow(x0)"
    "#);
    assert_snapshot!(of_topology("[digid]\nworkers = 0\ntries = 256\nqueue = -1\n"), @r#"
    small.toml:11: digid.workers: expected a whole number from 1 to 4294967295; found 0
    small.toml:12: digid.tries: expected a whole number from 1 to 255; found 256
    small.toml:13: digid.queue: expected a whole number from 0 to 4294967295; found -1
    "#);
    assert_snapshot!(of_topology("[xis]\nworkers = 99999999999999999999\n"), @"small.toml:11: xis.workers: expected a whole number from 1 to 4294967295; found 99999999999999999999");
    assert_snapshot!(of_set(&["replications=0", "arrivals.rate=0/s", "warm_up=2h", "seed=-1"]), @r#"
    --set: arrivals.rate: expected a rate above zero, such as "40/s" or "100/h"; found "0/s"
    --set: replications: expected a whole number from 1 to 100000; found 0
    --set: seed: expected a whole number of at least 0; found -1
    "#);
    assert_snapshot!(of_set(&["warm_up=1h", "topology.za.0.providers=0"]), @r#"
    --set: warm_up: expected a warm-up shorter than the horizon; found "1h"
    --set: topology.za.0.providers: expected a whole number from 1 to 1000000; found 0
    "#);
    assert_snapshot!(of_set(&["warm_up=1h"]), @r#"--set: warm_up: expected a warm-up shorter than the horizon; found "1h""#);
}

#[test]
fn a_file_that_is_not_there_or_is_no_toml_is_named_with_the_line() {
    assert_snapshot!(of_set(&["topology=nowhere.toml"]), @"--set: topology: cannot read nowhere.toml: there is no such file");
    assert_snapshot!(of_files(&[("short.toml", SCENARIO.replace("small", "large").as_bytes())]), @"short.toml:3: topology: cannot read large.toml: there is no such file");
    assert_snapshot!(of_files(&[("short.toml", SCENARIO.replace("small.toml", "/").as_bytes())]), @"short.toml:3: topology: cannot read /: it is a folder");
    assert_snapshot!(of_scenario("[persons\nlogin = \n"), @"short.toml:7: not TOML: unclosed table, expected `]`");
    assert_snapshot!(of_scenario("name = \"again\"\nrate = \"1/s\"\nrate = \"2/s\""), @r#"
    short.toml:8: not TOML: duplicate key
    short.toml:9: not TOML: duplicate key
    "#);
    assert_snapshot!(of_files(&[("short.toml", b"name = \"x\"\n\n\x7fELF\xff\xfe")]), @"short.toml: cannot be read: it is no text: line 3 is not UTF-8");
    assert_snapshot!(of_files(&[("short.toml", b"")]), @r#"
    short.toml: name: missing: what the scenario is called; its results are in a folder of that name
    short.toml: topology: missing: file of the topology, from where this file stands
    short.toml: horizon: missing: flows that start from here on are load only
    short.toml: arrivals: missing: when people come: by a rate, a profile or a burst
    "#);
    let large = format!("{SCENARIO}#{}", "x".repeat(16 << 20));
    assert_snapshot!(of_files(&[("short.toml", large.as_bytes())]), @"short.toml: cannot be read: it is larger than 16 MiB");
    let gone = super::super::read(Path::new("no/such/scenario.toml"), &[]).unwrap_err();
    assert_snapshot!(gone, @"no/such/scenario.toml: cannot be read: there is no such file");
}

#[test]
fn values_of_a_file_are_complained_of_with_the_line_of_that_file() {
    let scenario = format!("{SCENARIO}[persons]\nlogin = \"empirical(login.csv)\"\n");
    let with =
        |csv: &str| of_files(&[("short.toml", scenario.as_bytes()), ("login.csv", csv.as_bytes())]);
    assert_snapshot!(with("login\n20s\n30\n"), @r#"login.csv:3: expected a duration with a unit, such as "25s"; found "30""#);
    assert_snapshot!(with("login\n"), @"login.csv: expected at least one value, one to a line");
    assert_snapshot!(of_files(&[("short.toml", scenario.as_bytes())]), @"short.toml:8: persons.login: cannot read login.csv: there is no such file");
    assert_snapshot!(with("login\n20s\n\n30s\n"), @"nothing is wrong");
}

#[test]
fn a_network_must_have_somebody_in_it_and_everybody_a_name() {
    let with = |topology: &str| of_files(&[("small.toml", topology.as_bytes())]);
    assert_snapshot!(with("name = \"nobody\""), @r#"
    small.toml: expected at least one [[pgo]]; found a network without
    small.toml: expected at least one [[za]]; found a network without
    "#);
    assert_snapshot!(of_topology("[[pgo]]\nhost = \"pgo-1\"\n[[pgo]]\nhost = \"za\"\n"), @r#"small.toml:13: pgo.2.host: expected a name for a host: lower-case letters, digits and -, and not that of a role, such as "za-large"; found "za""#);
    assert_snapshot!(of_topology("[[pgo]]\nhost = \"pgo-1\"\nhostname = \"a.example.nl\"\n[[za]]\nfront = \"a.example.nl\"\nproviders = 1\nservices = [\"49\"]\n"), @r#"
    small.toml:10: pgo.1: expected a name of its own; found "pgo-1", which small.toml:4: pgo.0 has
    small.toml:14: za.1.front: expected a hostname of its own; found "a.example.nl", which small.toml:12: pgo.1.hostname has
    "#);
    assert_snapshot!(of_topology("[[pgo]]\nhostname = \"Gateway\"\n"), @r#"small.toml:11: pgo.1.hostname: expected a hostname of at least two labels of a-z, 0-9 and -, such as gateway.example.nl; found "Gateway""#);
    assert_snapshot!(of_topology("[[pgo]]\ncount = 3\nhost = \"large\"\n[[za]]\ncount = 5\nproviders = 4\nservices = [\"49\"]\n"), @r#"
    small.toml:12: pgo.1.host: expected this only in a group of one; found count = 3
    small.toml:13: za.1: expected at least as many providers as its 5 hosts; found 4
    "#);
    assert_snapshot!(of_topology("[services]\n\"49\" = 1\n\"48\" = 3\n"), @"small.toml:12: services.48: expected a Gegevensdienst that a [[za]] offers; nobody offers this one, so its weight has no effect");
    assert_snapshot!(of_topology("[links]\n\"za-9>digid\" = \"fixed(1ms)\"\n"), @r#"small.toml:11: links."za-9>digid": expected a host of the topology: pgo-1, pgo-2, za-1, za-2, digid-1, stelselnode-1, ocsp-1, xis-1 to xis-10; found "za-9""#);
    assert_snapshot!(of_topology(&"[[za]]\nproviders = 1000000\nservices = [\"49\"]\n".repeat(9)), @"small.toml: za: expected at most 1000000 providers over all groups; found 9000010");
    assert_snapshot!(of_topology("[source]\nzal = \"zal.xml\"\n"), @"small.toml:11: source.zal: cannot read zal.xml: there is no such file");
}

#[test]
fn lists_and_invented_zorgaanbieders_exclude_one_another() {
    let topology = format!("{TOPOLOGY}[source]\nzal = \"zal.xml\"\n");
    let files: &[(&str, &[u8])] = &[("small.toml", topology.as_bytes()), ("zal.xml", b"<x/>")];
    assert_snapshot!(of_files(files), @r#"
    small.toml:4: pgo.0.hostname: missing: with [source] it says which PGO gateway of the lists the group is
    small.toml:6: za.0.back: missing, and front too: with [source] one of them says which ZA gateway of the lists the group is
    small.toml:8: za.0.providers: expected nothing here, because [source] says it
    small.toml:9: za.0.services: expected nothing here, because [source] says it
    "#);
}

#[test]
fn costs_that_come_from_themselves_are_refused() {
    let topology = format!("{TOPOLOGY}[costs]\nfrom = \"one.toml\"\n");
    let files: &[(&str, &[u8])] = &[
        ("small.toml", topology.as_bytes()),
        ("one.toml", b"from = \"two.toml\"\n"),
        ("two.toml", b"from = \"./one.toml\"\n"),
    ];
    assert_snapshot!(of_files(files), @r#"two.toml:1: from: expected costs that do not come from themselves; found "./one.toml", which is read already"#);
    let files =
        &[files[0], ("one.toml", b"\"za.redirect\" = \"1ms\"\n\n\"za.*/MB\" = \"fixed(1ms)\"\n")];
    assert_snapshot!(of_files(files), @r#"one.toml:3: "za.*/MB": expected a duration with a unit, such as "25s"; found "fixed(1ms)""#);
}

#[test]
fn faults_must_find_what_they_can_befall() {
    let fault = |more: &str| of_scenario(&format!("[[fault]]\nat = \"10min\"\n{more}"));
    assert_snapshot!(fault("host = \"za-9\"\nkind = \"down\"\n"), @r#"short.toml:9: fault.0.host: expected a host of the topology: pgo-1, pgo-2, za-1, za-2, digid-1, stelselnode-1, ocsp-1, xis-1 to xis-10; found "za-9""#);
    assert_snapshot!(fault("host = \"za-1\"\nkind = \"delay(2s)\"\n"), @r#"short.toml:10: fault.0.kind: expected a fault of a host: down, crash, slow(x4), pause, skew(90s), drift(200ppm), revoke or expire; found "delay(2s)"; delay, loss and partition befall a link: give link = "from>to""#);
    assert_snapshot!(fault("link = \"za>digid\"\nkind = \"down\"\n"), @r#"short.toml:10: fault.0.kind: expected a fault of a link: delay(200ms), loss(0.05) or partition; found "down""#);
    assert_snapshot!(fault("kind = \"down\"\n"), @"short.toml:7: fault.0: expected either host or link; found neither");
    assert_snapshot!(fault("host = \"za\"\nlink = \"za\"\nkind = \"down\"\n"), @"short.toml:7: fault.0: expected either host or link; found both");
    assert_snapshot!(fault("host = \"xis-10\"\nkind = \"revoke\"\n"), @r#"short.toml:9: fault.0.host: expected hosts with a certificate; found "xis-10", and xis has none"#);
    assert_snapshot!(fault("host = \"xis-11\"\nkind = \"pause\"\n"), @r#"short.toml:9: fault.0.host: expected a host of the topology: pgo-1, pgo-2, za-1, za-2, digid-1, stelselnode-1, ocsp-1, xis-1 to xis-10; found "xis-11""#);
    assert_snapshot!(fault("host = \"person\"\nkind = \"pause\"\n"), @r#"short.toml:9: fault.0.host: expected a host of the topology: pgo-1, pgo-2, za-1, za-2, digid-1, stelselnode-1, ocsp-1, xis-1 to xis-10; found "person""#);
    assert_snapshot!(fault("host = \"za-1\"\nfor = \"1h\"\nkind = \"expire\"\n"), @"short.toml:10: fault.0.for: without effect: a certificate that is revoked or has expired stays so");
    assert_snapshot!(fault("link = \"person-*>pgo-7\"\nkind = \"loss(2)\"\n"), @r#"short.toml:10: fault.0.kind: expected loss(p) with p above 0 and at most 1, such as "loss(0.05)"; found "loss(2)""#);
    assert_snapshot!(fault("link = \"person-*>pgo-7\"\nkind = \"loss(0.2)\"\n"), @r#"short.toml:9: fault.0.link: expected a host of the topology: pgo-1, pgo-2, za-1, za-2, digid-1, stelselnode-1, ocsp-1, xis-1 to xis-10; found "pgo-7""#);
    assert_snapshot!(of_scenario("[[fault]]\nat = \"3h\"\nhost = \"za\"\nkind = \"drift(-200ppm)\"\n"), @r#"short.toml:8: fault.0.at: expected a moment before the end of the run, which is at horizon + drain; found "3h"; it would have no effect in this run"#);
}

#[test]
fn changes_must_have_what_they_need_and_nothing_else() {
    let change = |more: &str| of_scenario(&format!("[[change]]\nat = \"10min\"\n{more}"));
    assert_snapshot!(change("kind = \"remove-gateway\"\n"), @"short.toml:7: change.0.host: missing: remove-gateway needs it");
    assert_snapshot!(change("kind = \"remove-gateway\"\nhost = \"digid-1\"\n"), @r#"short.toml:10: change.0.host: expected a PGO or ZA gateway; found "digid-1""#);
    assert_snapshot!(change("kind = \"move-endpoint\"\nhost = \"za-1\"\nto = \"za-1\"\n"), @r#"short.toml:11: change.0.to: expected another gateway; found "za-1""#);
    assert_snapshot!(change("kind = \"move-endpoint\"\nhost = \"pgo-1\"\nto = \"za-1\"\n"), @r#"short.toml:10: change.0.host: expected a ZA gateway; found "pgo-1""#);
    assert_snapshot!(change("kind = \"add-provider\"\nhost = \"za-1\"\nzorgaanbieder = \"huisarts\"\n"), @r#"short.toml:11: change.0.zorgaanbieder: expected a Zorgaanbieder, such as "huisartsbaaa@medmij", or its systems, such as "xis-2"; found "huisarts""#);
    assert_snapshot!(change("kind = \"add-provider\"\nhost = \"za-1\"\nzorgaanbieder = \"huisartsaaaa@medmij\"\n"), @"short.toml:10: change.0.host: without effect: add-provider has zorgaanbieder");
    assert_snapshot!(change("kind = \"removal\"\n"), @r#"short.toml:9: change.0.kind: expected one of "add-gateway", "remove-gateway", "move-endpoint", "add-provider", "remove-provider", "add-service", "rename", "release", "publish", "publish-broken", "roll-back", "fetch-list"; found "removal""#);
    assert_snapshot!(change("kind = \"roll-back\"\n"), @"short.toml:7: change.0.list: missing: roll-back needs it");
    assert_snapshot!(change("kind = \"fetch-list\"\nlist = \"zal\"\nhost = \"digid\"\n"), @r#"short.toml:11: change.0.host: expected PGO or ZA gateways; found "digid""#);
    assert_snapshot!(change("kind = \"publish-broken\"\nlist = \"white\"\n"), @r#"short.toml:10: change.0.list: expected one of "zal", "whitelist", "ocl", "gnl"; found "white""#);
    assert_snapshot!(change("kind = \"release\"\nhost = \"za-3\"\nrelease = \"1.1\"\n"), @r#"short.toml:10: change.0.host: expected a host of the topology: pgo-1, pgo-2, za-1, za-2, digid-1, stelselnode-1, ocsp-1, xis-1 to xis-10; found "za-3""#);
}

#[test]
fn a_deviant_must_be_somebody_who_can_break_that() {
    let deviant = |more: &str| of_scenario(&format!("[[deviant]]\n{more}"));
    assert_snapshot!(deviant("host = \"digid\"\nbreaks = \"CODE_ONCE\"\n"), @r#"short.toml:9: deviant.0.breaks: expected a rule that digid can break, or one of "artifact-honoured-twice", "wrong-password-honoured"; found "CODE_ONCE""#);
    assert_snapshot!(deviant("host = \"ocsp\"\nbreaks = \"CODE_ONCE\"\n"), @r#"short.toml:8: deviant.0.host: expected hosts that can deviate; found "ocsp", and ocsp cannot"#);
    assert_snapshot!(deviant("host = \"pgo-3\"\nbreaks = \"code-offered-twice\"\n"), @r#"short.toml:8: deviant.0.host: expected a host of the topology: pgo-1, pgo-2, za-1, za-2, digid-1, stelselnode-1, ocsp-1, xis-1 to xis-10; found "pgo-3""#);
}

#[test]
fn what_has_no_effect_is_an_error() {
    assert_snapshot!(of_scenario("[persons]\nretry = { after = \"exp(mean=1min)\" }\n"), @"short.toml:8: persons.retry.after: without effect: retry.probability is 0");
    assert_snapshot!(of_scenario("[tokens]\ncheck_against = \"lag(500ms)\"\n"), @"short.toml:8: tokens.check_against: without effect: with one instance all live values are its own; give instances above 1 too");
    assert_snapshot!(of_scenario("[tokens]\ninstances = 2\ndetection = false\ncheck_against = \"own\"\n"), @"short.toml:10: tokens.check_against: without effect: detection is false");
    assert_snapshot!(of_set(&["arrivals.peak=3/s"]), @"--set: arrivals.peak: without effect: it belongs to a profile");
    assert_snapshot!(of_set(&["arrivals.profile=weekday"]), @"short.toml:5: arrivals: expected one of rate, profile and burst; found more than one");
    let with = |arrivals: &str| {
        let scenario = SCENARIO.replace("rate = \"2/s\"", arrivals);
        of_files(&[("short.toml", scenario.as_bytes())])
    };
    assert_snapshot!(with("profile = \"week\""), @"short.toml:6: arrivals.profile: expected either peak or total beside a profile");
    assert_snapshot!(with("profile = \"week\"\npeak = \"2/s\"\nfrom = \"90min\""), @r#"short.toml:8: arrivals.from: expected whole hours, fewer than the 168 of the profile; found "90min""#);
    assert_snapshot!(with(""), @"short.toml:5: arrivals: expected one of rate, profile and burst; found none");
    assert_snapshot!(with("burst = { at = \"2h\", people = 5, within = \"0s\" }"), @r#"short.toml:6: arrivals.burst.within: expected a duration above zero, such as "25s"; found "0s""#);
    assert_snapshot!(with("burst = { at = \"2h\", people = 5, within = \"1s\" }"), @r#"short.toml:6: arrivals.burst.at: expected a beginning before the horizon; found "2h""#);
}

#[test]
fn expectations_name_a_metric_and_a_value_in_its_unit() {
    let expect = |more: &str| of_scenario(&format!("[expect]\n{more}"));
    assert_snapshot!(expect("\"flows.completed_ration\" = \">= 0.95\"\n"), @r#"short.toml:8: expect."flows.completed_ration": there is no metric "flows.completed_ration"; did you mean "flows.completed_ratio"?"#);
    assert_snapshot!(expect("\"latency.machine.p95\" = \"< 2\"\n"), @r#"short.toml:8: expect."latency.machine.p95": expected a comparison with a duration, such as "< 2s", because latency.machine.p95 is in s; found "< 2""#);
    assert_snapshot!(expect("\"flows.completed_ratio\" = \"95\"\n\"flows.started\" = \"> 2s\"\n"), @r#"
    short.toml:8: expect."flows.completed_ratio": expected a comparison, such as ">= 0.95" or "< 2s"; found "95"
    short.toml:9: expect."flows.started": expected a comparison with a number, such as "= 0", because flows.started is in flows; found "> 2s"
    "#);
    assert_snapshot!(expect("\"latency.machine\" = \"< 2s\"\n"), @r#"short.toml:8: expect."latency.machine": latency.machine is a distribution, which has no one value; one of its quantiles has, such as "latency.machine.p95""#);
    assert_snapshot!(expect("\"flows.completed_ratio@pgo\" = \">= 0.95\"\n"), @r#"short.toml:8: expect."flows.completed_ratio@pgo": after @ expected a group, such as "flows.completed_ratio@pgo=pgo-3""#);
    assert_snapshot!(expect("\"registry.exposed_bytes\" = \"<= 54kB\"\n\"flows.started\" = \"> 10\"\n"), @"nothing is wrong");
}

#[test]
fn what_a_flag_says_is_complained_of_by_the_flag() {
    assert_snapshot!(of_set(&["persons.login=25"]), @r#"--set: persons.login: expected a duration with a unit, such as "25s", or a distribution of durations, such as "exp(mean=25s)" or "lognormal(median=8s, p95=40s)"; found 25"#);
    assert_snapshot!(of_set(&["topology.digid.workers=many", "persons.speed=3"]), @r#"
    --set: persons.speed: unknown key; known here are choose, login, consent, patience, refuse_consent, cancel_login, wrong_password, go_back, reload, double_submit, consult_dossier, retry, pace
    --set: topology.digid.workers: expected a whole number from 1 to 4294967295; found "many"
    "#);
    assert_snapshot!(of_set(&["topology.za.7.workers=4"]), @"--set: topology.za.7.workers: expected a number below 1, because za has as many; found 7");
    assert_snapshot!(of_set(&["topology.za.za-2.workers=4"]), @"--set: topology.za.za-2.workers: za-2 is one of 2 hosts that are alike: set za.0 for all of them, or give it a group of its own");
    assert_snapshot!(of_set(&["topology.za.za-5.workers=4"]), @r#"--set: topology.za.za-5.workers: expected a number from 0 or a host of za; found "za-5""#);
    assert_snapshot!(of_set(&["horizon.hours=4"]), @r#"--set: horizon.hours: horizon has no keys: it is "1h""#);
    assert_snapshot!(of_set(&["a..b=4"]), @"--set: a..b: expected keys with dots between them, such as persons.login");
    assert_snapshot!(of_set(&["topology.costs.\"digid.*\"=exp(mean=50)"]), @r#"--set: topology.costs."digid.*": expected a duration with a unit, such as "25s", as the mean; found "exp(mean=50)""#);
    assert_snapshot!(Override::parse_set("persons.login").unwrap_err(), @r#"--set: expected path=value, such as arrivals.rate=3/s; found "persons.login""#);
    assert_snapshot!(Override::parse_set("\"a=b\"").unwrap_err(), @r#"--set: expected path=value, such as arrivals.rate=3/s; found "\"a=b\"""#);
    let seed = Override { flag: "--seed".into(), path: "seed".into(), value: "one".into() };
    let scenario = root().join("scenarios/first-look.toml");
    assert_snapshot!(super::super::read(&scenario, &[seed]).unwrap_err(), @r#"--seed: seed: expected a whole number of at least 0; found "one""#);
}

#[test]
fn complaints_come_all_together_but_not_without_end() {
    assert_snapshot!(of_files(&[
        ("short.toml", SCENARIO.replace("1h", "1 hour").as_bytes()),
        ("small.toml", TOPOLOGY.replace("count = 2", "count = 0").as_bytes()),
    ]), @r#"
    short.toml:4: horizon: expected a duration with a unit, such as "25s"; found "1 hour"
    small.toml:5: pgo.0.count: expected a whole number from 1 to 10000; found 0
    small.toml:7: za.0.count: expected a whole number from 1 to 10000; found 0
    "#);
    let many: String = (0..300).map(|n| format!("key{n} = 1\n")).collect();
    let complaints = of_scenario(&format!("[persons]\n{many}"));
    assert_eq!(complaints.lines().count(), 101);
    assert!(complaints.ends_with("and 200 problems more"), "{complaints}");
}
