//! Keys of topologies.

use super::{count, maybe, needed, or};
use crate::files::kinds::{Key, Kind, Line};

/// Keys of a topology.
pub(in crate::files) const TOPOLOGY: &[Key] = &[
    needed("name", Kind::StudyName, "what the topology is called"),
    or(
        "\"1.1\"",
        "release",
        Kind::Release,
        "release of the Afsprakenstelsel that is spoken where nothing else is said",
    ),
    or("[]", "pgo", Kind::Tables(PGO), "a group of PGO gateways that are alike"),
    or(
        "[]",
        "za",
        Kind::Tables(ZA),
        "a group of ZA gateways that are alike, and the Zorgaanbieders behind them",
    ),
    or("{}", "xis", Kind::Table(XIS), "the systems of each Zorgaanbieder"),
    or("{}", "digid", Kind::Table(DIGID), "DigiD"),
    or("{}", "stelselnode", Kind::Table(STELSELNODE), "the stelselnode, which serves the lists"),
    or("{}", "ocsp", Kind::Table(OCSP), "the OCSP responder"),
    or(
        "{}",
        "links",
        Kind::Lines(LINKS, Line::Link),
        "links between hosts; the most specific line wins, and of equals the last",
    ),
    or("{}", "tls", Kind::Table(TLS), "how connections are opened and kept"),
    or("{}", "timeouts", Kind::Table(TIMEOUTS), "how long whoever asks waits"),
    or(
        "{}",
        "costs",
        Kind::Lines(COSTS, Line::Cost),
        "what each work costs at each role; the most specific line wins, and any line here wins from those of `from`",
    ),
    or(
        "{}",
        "services",
        Kind::Lines(&[], Line::Service),
        "how often people want each Gegevensdienst, as weights; none for all alike",
    ),
    or("{}", "population", Kind::Table(POPULATION), "the people"),
    maybe(
        "source",
        Kind::Table(SOURCE),
        "real lists that say who is there; without it the network is invented",
    ),
];

const RELEASES: &str = "releases that they speak; without it the topology's";

const PGO: &[Key] = &[
    or("1", "count", Kind::Count { least: 1, most: 10_000 }, "how many gateways"),
    maybe(
        "host",
        Kind::HostName,
        "name of the host, for a group of one; without it hosts are pgo-1, pgo-2 and so on over all groups",
    ),
    or("8", "workers", count(1), "parallel servers of each host"),
    or("1000", "queue", count(0), "how many jobs may wait at each host"),
    maybe(
        "open",
        count(1),
        "how many requests a host may have begun without having answered; without it as many as come",
    ),
    maybe("releases", Kind::List(&Kind::Release), RELEASES),
    maybe(
        "organisation",
        Kind::Organisation,
        "participant that runs them; without it an invented one for each",
    ),
    maybe("hostname", Kind::Hostname, "hostname, for a group of one; without it an invented one"),
    or(
        "1",
        "share",
        Kind::PositiveNumber,
        "weight of each among all PGO gateways when people choose one",
    ),
    or("30min", "session", Kind::Length, "how long a session with a browser lasts"),
    or(
        "50",
        "max_documents",
        Kind::Count { least: 1, most: 10_000 },
        "how many documents of one collection are fetched at most",
    ),
];

const ZA: &[Key] = &[
    or("1", "count", Kind::Count { least: 1, most: 10_000 }, "how many gateways"),
    maybe(
        "host",
        Kind::HostName,
        "name of the host, for a group of one; without it hosts are za-1, za-2 and so on over all groups",
    ),
    or("8", "workers", count(1), "parallel servers of each host"),
    or("1000", "queue", count(0), "how many jobs may wait at each host"),
    maybe(
        "open",
        count(1),
        "how many requests a host may have begun without having answered; without it as many as come",
    ),
    maybe(
        "providers",
        Kind::Count { least: 1, most: 1_000_000 },
        "how many Zorgaanbieders the group serves; needed unless [source] says it",
    ),
    or(
        "even",
        "providers_over_hosts",
        Kind::Spread,
        "how the Zorgaanbieders are spread over the hosts",
    ),
    maybe(
        "services",
        Kind::List(&Kind::Service),
        "ids of the Gegevensdiensten that each of the Zorgaanbieders offers; needed unless [source] says it",
    ),
    or(
        "zorgaanbieder",
        "provider_type",
        Kind::ProviderType,
        "what kind of Zorgaanbieders they are, for figures by kind",
    ),
    maybe(
        "weight",
        Kind::PositiveNumber,
        "weight of all Zorgaanbieders of the group together when people choose one; without it their number",
    ),
    or("even", "popularity", Kind::Spread, "how often each of the Zorgaanbieders is chosen"),
    maybe("releases", Kind::List(&Kind::Release), RELEASES),
    or("15min", "session", Kind::Length, "how long a session with a browser lasts"),
    or("1000000", "max_sessions", count(1), "how many sessions a host keeps at most"),
    or(
        "midden",
        "level",
        Kind::Word(super::super::topology::LEVELS),
        "level of assurance that is wanted of a login",
    ),
    maybe(
        "organisation",
        Kind::Organisation,
        "participant that runs them; without it an invented one for each",
    ),
    maybe(
        "front",
        Kind::Hostname,
        "hostname for browsers, for a group of one; without it an invented one",
    ),
    maybe(
        "back",
        Kind::Hostname,
        "hostname for gateways, for a group of one; without it an invented one",
    ),
];

const XIS: &[Key] = &[
    // Assumed: no measurement is public. What DESIGN.md has as its example.
    or(
        "lognormal(median=400ms, p95=2s)",
        "fetch",
        Kind::Durations,
        "time to look up whether there are data, and to fetch them",
    ),
    or("2", "workers", count(1), "parallel servers of each Zorgaanbieder's systems"),
    or("1000", "queue", count(0), "how many jobs may wait there"),
    or(
        "0.05",
        "no_data",
        Kind::Share,
        "share of (person, Zorgaanbieder, Gegevensdienst) for which there is nothing",
    ),
    or(
        "lognormal(median=3, p95=12)",
        "documents",
        Kind::Numbers,
        "how many documents a list of documents names",
    ),
    or(
        "0.8",
        "size_sigma",
        Kind::Number { least: 0.0, most: 4.0 },
        "spread of sizes: sigma of a log-normal factor with mean 1",
    ),
    or(
        "exp(mean=30d)",
        "age",
        Kind::Durations,
        "how long ago the current version of a record was made",
    ),
];

const DIGID: &[Key] = &[
    or("16", "workers", count(1), "parallel servers"),
    or("10000", "queue", count(0), "how many jobs may wait"),
    maybe(
        "open",
        count(1),
        "how many requests it may have begun without having answered; without it as many as come",
    ),
    or("2min", "artifact_validity", Kind::Length, "how long an artifact can be resolved"),
    or(
        "2min",
        "window",
        Kind::Length,
        "an assertion counts from this long before it is made until this long after",
    ),
    or("15min", "session", Kind::Length, "how long a login may take"),
    or(
        "3",
        "tries",
        Kind::Count { least: 1, most: 255 },
        "after how many wrong tries a login has failed",
    ),
];

const STELSELNODE: &[Key] = &[
    or("4", "workers", count(1), "parallel servers"),
    or("1000", "queue", count(0), "how many jobs may wait"),
    or(
        "24h",
        "zal_publish",
        Kind::Length,
        "from one publication of the Zorgaanbiederslijst to the next; APP 18 wants it daily",
    ),
    or(
        "24h",
        "whitelist_publish",
        Kind::Length,
        "the same for the other lists; APP 21 wants it daily",
    ),
];

const OCSP: &[Key] = &[
    or("4", "workers", count(1), "parallel servers"),
    or("1000", "queue", count(0), "how many jobs may wait"),
    or("1h", "answer_valid", Kind::Length, "how long an answer may be used"),
    or("node", "cache", Kind::Word(&["none", "node"]), "who keeps answers to use them again"),
    or(
        "off",
        "stapling",
        Kind::Word(&["on", "off"]),
        "whether nodes present an answer on their own certificate",
    ),
];

const LINKS: &[Key] = &[or(
    "lognormal(median=8ms, p95=25ms)",
    "default",
    Kind::Link,
    "every link that no line is about: a distribution of one-way latencies, or a table with a bandwidth too",
)];

/// Keys of a link that is written as a table.
pub(in crate::files) const LINK: &[Key] = &[
    needed("latency", Kind::Durations, "one-way latency"),
    maybe(
        "bandwidth",
        Kind::Bandwidth,
        "size over this is added to the latency; without it no limit",
    ),
];

/// Versions that the NCSC called good when release 1.0 was written, 1.2, or later, 1.3: a topology with older ones
/// is refused ([`protocol::rule::TLS_BACK_GOOD`], [`protocol::rule::TLS_FRONT_SUFFICIENT`]).
const TLS: &[Key] = &[
    or(
        "[\"1.2\", \"1.3\"]",
        "versions",
        Kind::List(&Kind::Word(&["1.2", "1.3"])),
        "versions of TLS; the strongest is spoken",
    ),
    or(
        "on",
        "resumption",
        Kind::Word(&["on", "off"]),
        "whether a peer that was met before is met by an abbreviated handshake",
    ),
    or("0s", "keep_alive", Kind::Duration, "how long a connection is kept after an exchange"),
];

const TIMEOUTS: &[Key] = &[
    or("5s", "connect", Kind::Length, "for a connection to be opened"),
    or("60s", "front", Kind::Length, "for an answer in the browser"),
    or("10s", "back", Kind::Length, "for an answer between gateways, or from a system behind one"),
    or("5s", "ocsp", Kind::Length, "for an OCSP answer"),
    or("30s", "list", Kind::Length, "for a list"),
];

/// Keys of a table of costs that are no lines.
pub(in crate::files) const COSTS: &[Key] = &[or(
    "default",
    "from",
    Kind::PathOr,
    "costs that hold where no line here does: \"default\" for the shipped ones, \"none\", or a file of such lines",
)];

const POPULATION: &[Key] = &[
    or("100000", "people", count(1), "how many people"),
    or("0", "under_age", Kind::Share, "share of them that is under the age limit"),
    or(
        "even",
        "over_pgos",
        Kind::Spread,
        "how PGO gateways share them, on top of each one's own share",
    ),
];

const SOURCE: &[Key] = &[
    needed("zal", Kind::Path, "file of the Zorgaanbiederslijst"),
    maybe("whitelist", Kind::Path, "file of the Whitelist"),
    maybe("ocl", Kind::Path, "file of the OAuth client list"),
    maybe("gnl", Kind::Path, "file of the Gegevensdienstnamenlijst"),
];
