//! Keys of scenarios.

use super::{count, maybe, needed, or};
use crate::files::kinds::{Key, Kind, Line};

/// Keys of a scenario.
pub(in crate::files) const SCENARIO: &[Key] = &[
    needed(
        "name",
        Kind::StudyName,
        "what the scenario is called; its results are in a folder of that name",
    ),
    needed("topology", Kind::Path, "file of the topology, from where this file stands"),
    needed("horizon", Kind::Length, "flows that start from here on are load only"),
    or(
        "0s",
        "warm_up",
        Kind::Duration,
        "flows that start before this fill the network and are not counted",
    ),
    or(
        "1h",
        "drain",
        Kind::Duration,
        "how long after the horizon the run waits for flows that count",
    ),
    or(
        "1",
        "replications",
        Kind::Count { least: 1, most: 100_000 },
        "how many independent replications",
    ),
    or("1", "seed", Kind::Count { least: 0, most: i64::MAX }, "key of all draws"),
    needed("arrivals", Kind::Table(ARRIVALS), "when people come: by a rate, a profile or a burst"),
    or("{}", "persons", Kind::Table(PERSONS), "what people are like"),
    or("{}", "lists", Kind::Table(LISTS), "how nodes fetch lists"),
    or("{}", "tokens", Kind::Table(TOKENS), "how codes and tokens are made"),
    or("[]", "fault", Kind::Tables(FAULT), "something that befalls hosts or links"),
    or("[]", "change", Kind::Tables(CHANGE), "a change of the register"),
    or("[]", "deviant", Kind::Tables(DEVIANT), "somebody breaks a rule"),
    or(
        "{}",
        "expect",
        Kind::Lines(&[], Line::Expectation),
        "what must hold of the result: a metric and a comparison in its unit",
    ),
];

const ARRIVALS: &[Key] = &[
    maybe("rate", Kind::Rate, "the same number of arrivals per time throughout"),
    maybe(
        "profile",
        Kind::Word(crate::files::profiles::NAMES),
        "how arrivals are spread over the hours of a day or a week",
    ),
    maybe("peak", Kind::Rate, "with a profile: the rate in its busiest hour"),
    maybe(
        "total",
        Kind::PositiveNumber,
        "with a profile: how many arrivals are expected before the horizon",
    ),
    maybe(
        "from",
        Kind::Duration,
        "with a profile: where in it the run begins, in whole hours; without it at its beginning",
    ),
    maybe("burst", Kind::Table(BURST), "so many people within a window"),
];

const BURST: &[Key] = &[
    needed("at", Kind::Duration, "beginning of the window"),
    needed("people", count(1), "how many people"),
    needed("within", Kind::Length, "length of the window"),
];

// Times and shares of people are assumed: no measurement is public.
const PERSONS: &[Key] = &[
    or(
        "lognormal(median=8s, p95=40s)",
        "choose",
        Kind::Durations,
        "time on the PGO's page of offers",
    ),
    or("lognormal(median=25s, p95=90s)", "login", Kind::Durations, "time on DigiD's login page"),
    or(
        "lognormal(median=12s, p95=60s)",
        "consent",
        Kind::Durations,
        "time on the consent question",
    ),
    or(
        "lognormal(median=20s, p95=60s)",
        "patience",
        Kind::Durations,
        "how long a person waits for a page",
    ),
    or("0", "refuse_consent", Kind::Share, "share of consent questions that are answered with no"),
    or("0", "cancel_login", Kind::Share, "share of login pages on which a person cancels"),
    or("0", "wrong_password", Kind::Share, "share of logins with a wrong password"),
    or("0", "go_back", Kind::Share, "share of pages from which a person goes back"),
    or("0", "reload", Kind::Share, "share of pages that are loaded again"),
    or("0", "double_submit", Kind::Share, "share of forms that are sent twice"),
    or(
        "0",
        "consult_dossier",
        Kind::Share,
        "share of persons who look at their Dossier afterwards",
    ),
    or("{}", "retry", Kind::Table(RETRY), "whether people try again"),
    or(
        "1",
        "pace",
        Kind::PositiveNumber,
        "how many times as fast people choose, log in, consent and try again; how long they wait for a page stays as it is",
    ),
];

const RETRY: &[Key] = &[
    or(
        "0",
        "probability",
        Kind::Share,
        "share of failed attempts after which a person tries again",
    ),
    or("exp(mean=5min)", "after", Kind::Durations, "how much later"),
    or(
        "3",
        "attempts",
        Kind::Count { least: 1, most: 255 },
        "how many attempts at most, the first included",
    ),
];

const LISTS: &[Key] = &[
    or("{}", "zal_pull", Kind::Table(DAILY), "how PGO gateways fetch the Zorgaanbiederslijst"),
    or(
        "{}",
        "whitelist_pull",
        Kind::Table(HOURLY),
        "how gateways fetch the Whitelist; APP 21 wants it at least hourly",
    ),
    or("{}", "ocl_pull", Kind::Table(HOURLY), "how ZA gateways fetch the OAuth client list"),
    or("{}", "gnl_pull", Kind::Table(DAILY), "how gateways fetch the Gegevensdienstnamenlijst"),
    maybe(
        "pull_on_miss",
        Kind::Length,
        "a node also fetches a list when something is not on it, at most once in this time; without it it does not",
    ),
];

const DAILY: &[Key] = &pull("24h");
const HOURLY: &[Key] = &pull("1h");

const fn pull(every: &'static str) -> [Key; 3] {
    [
        or(every, "every", Kind::Length, "from one fetch to the next"),
        or(
            "spread",
            "phase",
            Kind::Word(&["spread", "synchronised"]),
            "whether each node fetches at a moment of its own, or all at the same",
        ),
        or("0s", "jitter", Kind::Duration, "each fetch is later by up to this"),
    ]
}

const TOKENS: &[Key] = &[
    or(
        "122",
        "entropy_bits",
        Kind::Count { least: 1, most: 122 },
        "how many bits of a value are drawn",
    ),
    or(
        "independent",
        "generators",
        Kind::Word(&["independent", "cloned"]),
        "whether all instances of a gateway begin at the same point of the same sequence",
    ),
    or("1", "instances", Kind::Count { least: 1, most: 255 }, "instances of each gateway"),
    or(
        "all",
        "check_against",
        Kind::CheckAgainst,
        "which live values a new one is checked against: all, those of its own instance, or others too once they are this old",
    ),
    or("true", "detection", Kind::Boolean, "whether a new value is checked at all"),
    or("900s", "lifetime", Kind::Length, "how long a code or token is valid; APP 10 sets 900 s"),
];

const FAULT: &[Key] = &[
    needed("at", Kind::Duration, "when it begins"),
    maybe("for", Kind::Length, "how long it lasts; without it for the rest of the run"),
    maybe("host", Kind::Hosts, "hosts that it befalls: a name, a role, or a pattern with *"),
    maybe("link", Kind::Ends, "links that it befalls: ends, or from>to"),
    needed(
        "kind",
        Kind::Fault,
        "down, crash, slow(x4), pause, skew(90s), drift(200ppm), revoke or expire for a host; delay(200ms), loss(0.05) or partition for a link",
    ),
];

const CHANGE: &[Key] = &[
    needed("at", Kind::Duration, "when it happens"),
    needed("kind", Kind::Word(crate::files::changes::KINDS), "what changes"),
    maybe(
        "host",
        Kind::Hosts,
        "gateway that it is about; for fetch-list a role or a pattern with * as well",
    ),
    maybe(
        "list",
        Kind::Word(crate::files::changes::LISTS),
        "for publish, publish-broken (a version that does not fit its schema), roll-back (the version before, under its old number) and fetch-list: the list",
    ),
    maybe("to", Kind::HostName, "for move-endpoint: the ZA gateway that serves from then on"),
    maybe(
        "old",
        Kind::Word(&["serves", "closes"]),
        "for move-endpoint: whether the old address serves on or leads nowhere; without it it serves",
    ),
    maybe("zorgaanbieder", Kind::Provider, "Zorgaanbieder that it is about"),
    maybe("service", Kind::Service, "for add-service: id of the Gegevensdienst"),
    maybe("organisation", Kind::Organisation, "for rename: the new name"),
    maybe(
        "release",
        Kind::Release,
        "for release: the release that the gateway speaks too from then on",
    ),
    or(
        "scheduled",
        "publish",
        Kind::Word(&["scheduled", "at-once"]),
        "whether the lists are published when it is their time, or at once",
    ),
];

const DEVIANT: &[Key] = &[
    needed("host", Kind::Hosts, "hosts that deviate: a name, a role, or a pattern with *"),
    needed("breaks", Kind::Deviation, "rule that they break, or a deviation by its name"),
];
