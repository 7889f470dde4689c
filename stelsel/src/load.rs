//! Load on a gateway of a Zorgaanbieder that somebody else plays: people come at planned moments whatever becomes of those
//! before them, and what they meet is held beside what virtual time predicts for such a gateway.
//!
//! The peers are a twin: PGOs with certificates of their own, DigiD, OCSP, lists; what they ask each other needs no socket,
//! so that they cost little. How late people were sent off, and what that took, is told too, because a generator that
//! cannot keep up measures itself. Does not judge one exchange (`check`).

mod plan;

use std::{
    collections::BTreeMap,
    fs::File,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    pin::Pin,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread, time,
};

use desk::{recipe::Recipe, usher::Usher};
use protocol::{id::HostId, role::Role, time::Duration, world::schedule::Scheduled};
use serde::Serialize;
use tokio::runtime::Runtime;
use twin::{network::Network, open::Twin};
use watch::{
    statistics::outcome::Outcome,
    study::{estimate::Estimate, summary::Summary},
    watcher::Watcher,
};

pub use self::plan::{Arrivals, Mishap, scenario};
use crate::{
    answer::{Answer, Study},
    capacity::{COLLAPSED, Norm},
    compose::Composed,
    guest::{self, Deaf, LOOPBACK},
    meter::Meter,
    plan::ArrivalPlan,
    problem::{Place, Problem, Problems},
    run::{
        self, Options, Progress,
        wall::{self, BUSY_SECONDS, Played, Site, told},
    },
};

/// The network of a load, where no other is named.
pub const TOPOLOGY: &str = include_str!("../../topologies/load.toml");

/// People are to come no later than this after their moment, 99 of 100 of them.
pub const PUNCTUAL: Duration = Duration::from_millis(5);

/// Above this share of all cores there was nothing left for anybody.
const BUSY: f64 = 0.9;

/// On what load is put, and from where.
#[derive(Clone, Debug)]
pub struct Order {
    /// The gateway; none for one of our own, that another twin plays.
    pub at: Option<SocketAddr>,
    /// The number of its process, if it is on this machine and is to be looked at.
    pub process: Option<u32>,
    /// The folder of the twin.
    pub dir: PathBuf,
    /// The network, for a gateway of our own: its file, and what is set otherwise in it, as flags have it.
    pub topology: PathBuf,
    /// The same.
    pub set: Vec<String>,
    /// Where the twin listens.
    pub listen: IpAddr,
    /// Its port; 0 for any.
    pub port: u16,
    /// How long to wait for the gateway.
    pub wait: time::Duration,
    /// How to go through its pages, where their forms do not tell.
    pub recipe: Recipe,
}

/// Peers and a gateway that answers.
pub struct Range {
    site: Site,
    gateway: HostId,
    recipe: Recipe,
    meters: [Option<Meter>; 2],
    /// Its process ends with it.
    _own: Option<Own>,
}

/// A gateway of our own, in a process of its own, which ends with this.
struct Own(Child);

impl Drop for Own {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Fired {
    /// What people met.
    pub answer: Answer,
    /// How the generator did.
    pub generator: Generator,
    /// Pages of the gateway that led nowhere, and how many people came to each.
    pub dead_ends: BTreeMap<String, u32>,
}

impl Fired {
    /// Whether anybody got as far as a token request.
    pub fn has_tokens(&self) -> bool {
        const BEYOND: [Outcome; 4] = [
            Outcome::Completed,
            Outcome::CodeRefused,
            Outcome::TokenRefused,
            Outcome::NotDelivered,
        ];
        self.outcomes().iter().any(|(outcome, _)| BEYOND.contains(outcome))
    }

    /// What became of people, and of how many, the most frequent first.
    fn outcomes(&self) -> Vec<(Outcome, u64)> {
        let summary = self.answer.summary();
        let of = |outcome: Outcome| {
            let row = summary.overall(&format!("flows.outcome.{}", outcome.name()))?;
            let count = row.estimate.value().filter(|count| *count > 0.0)?;
            Some((outcome, count as u64))
        };
        let mut all: Vec<_> = Outcome::ALL.into_iter().filter_map(of).collect();
        all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        all
    }
}

/// Pages that led nowhere, in sentences.
pub fn dead_ends(ends: &BTreeMap<String, u32>) -> Vec<String> {
    let sentence =
        |(page, people): (&String, &u32)| format!("Led nowhere, {people} times: {page}.");
    ends.iter().map(sentence).collect()
}

/// How the generator did.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Generator {
    /// How many people were sent off.
    pub people: usize,
    /// How late, in seconds: median, 99th percentile, most.
    pub late_s: [f64; 3],
    /// How long it took, in seconds.
    pub took_s: f64,
    /// How many cores this machine has.
    pub cores: usize,
    /// CPU time of the generator, in seconds; none where the system does not tell.
    pub cpu_s: Option<f64>,
    /// That of the gateway; none where it is not known which process it is.
    pub gateway_cpu_s: Option<f64>,
    /// The share of all cores that was at work in the busiest seconds, whoever's; none where the system does not tell.
    pub busiest: Option<f64>,
    /// Connections for which this machine had no socket or port left.
    pub no_sockets: u64,
}

/// The values that 50, 99 and 100 of a hundred do not exceed, in seconds.
fn lateness(late: &[Duration]) -> [f64; 3] {
    let mut late = late.to_vec();
    late.sort_unstable();
    [50, 99, 100].map(|hundredths: usize| {
        let place = (late.len() * hundredths).div_ceil(100).max(1) - 1;
        late.get(place).map_or(0.0, |late| late.as_secs_f64())
    })
}

impl Generator {
    fn of(played: &Played) -> Self {
        let seconds = |place: usize| {
            let spent = played.spent.get(place).copied().flatten();
            spent.map(|spent| spent.as_secs_f64())
        };
        Self {
            people: played.late.len(),
            late_s: lateness(&played.late),
            took_s: played.took.as_secs_f64(),
            cores: thread::available_parallelism().map_or(1, usize::from),
            cpu_s: seconds(0),
            gateway_cpu_s: seconds(1),
            busiest: played.busiest,
            no_sockets: played.no_sockets,
        }
    }

    /// Whether people came in time.
    pub fn is_punctual(&self) -> bool {
        self.late_s[1] <= PUNCTUAL.as_secs_f64()
    }

    /// What it did, in sentences.
    pub fn sentences(&self) -> Vec<String> {
        let [median, most, last] = self.late_s.map(|late| late * 1e3);
        let mut all = vec![format!(
            "{} people were sent off within {:.0} s, late by {median:.2} ms (median), {most:.2} ms (99 of 100 by no more) and \
             {last:.2} ms (at most).",
            self.people, self.took_s
        )];
        all.push(match (self.cpu_s, self.gateway_cpu_s) {
            (Some(own), Some(gateway)) => {
                format!("CPU time: the generator {own:.1} s, the gateway {gateway:.1} s.")
            }
            (Some(own), None) => {
                format!("CPU time: the generator {own:.1} s; the gateway's is not known (--pid tells which process it is).")
            }
            (None, _) => "This system does not tell CPU times.".to_owned(),
        });
        all.extend(self.busiest.map(|share| {
            format!(
                "In its busiest {BUSY_SECONDS} seconds, {:.0} % of this machine's {} cores were at work.",
                share * 100.0,
                self.cores
            )
        }));
        all.extend(self.bottlenecks());
        all
    }

    /// What of it was a bottleneck; nothing, if it was none.
    pub fn bottlenecks(&self) -> Vec<String> {
        let late = (!self.is_punctual()).then(|| {
            format!(
                "The generator was itself a bottleneck: of 100 people one was sent off more than {:.1} ms late.",
                self.late_s[1] * 1e3
            )
        });
        let sockets = (self.no_sockets > 0).then(|| {
            format!(
                "The generator was itself a bottleneck: {} connections were not opened because this machine had no socket or port left.",
                self.no_sockets
            )
        });
        let busy = self.busiest.filter(|share| *share > BUSY).map(|share| {
            format!(
                "This machine was itself a bottleneck: {:.0} % of its cores were at work in the busiest {BUSY_SECONDS} seconds, and \
                 what people waited may be for it.",
                share * 100.0
            )
        });
        late.into_iter().chain(sockets).chain(busy).collect()
    }
}

/// Opens the peers once, has the gateway come, and sees that it answers; says why, if it does not. `say` is told where
/// what the gateway needs is; `goes_on` says whether to go on waiting.
///
/// # Errors
/// The network has no ZA gateway, the folder cannot be used, or a port is taken.
pub fn open(
    order: &Order,
    study: &Study,
    say: &dyn Fn(&str),
    goes_on: &dyn Fn() -> bool,
) -> Result<Result<Range, String>, Problems> {
    let composed = Composed::for_twin(&study.topology, &study.scenario)?;
    let gateway = gateway_of(study, &composed)?;
    let own = order.at.is_none().then(guest::two_free_ports).transpose()?;
    let at = order.at.or(own).unwrap_or_else(|| SocketAddr::new(LOOPBACK, 0));
    let port = match order.port {
        0 => guest::two_free_ports()?.port(),
        port => port,
    };
    let site = Site {
        elsewhere: BTreeMap::from([(gateway, at)]),
        beside: true,
        port,
        listen: order.listen,
        ..Site::here(&order.dir)
    };
    let name = &composed.directory.hosts[gateway.place()].name;
    let folder = order.dir.join("external").join(name);
    let answers = with_peers(&composed, &site, || {
        if own.is_none() {
            say(&format!("what the gateway needs is in {}", folder.join("README.html").display()));
        }
        let (own, wait) =
            (own.map(|at| begin(order, name, SocketAddr::new(order.listen, port), at)), order.wait);
        Box::pin(async move {
            let own = own.transpose()?;
            desk::desk::wait_for(at, wait, goes_on).await.map(|()| own)
        })
    })?;
    let recipe = order.recipe.clone();
    let answers = answers.map(|own| {
        let process = own.as_ref().map(|own| own.0.id()).or(order.process);
        let meters = [Some(Meter::Own), process.map(Meter::Process)];
        Range { site, gateway, recipe, meters, _own: own }
    });
    Ok(answers.map_err(|why| format!("nobody answers at {at}: {why}")))
}

/// The only gateway of a Zorgaanbieder in a network, which nothing of the scenario befalls: somebody else plays it.
fn gateway_of(study: &Study, composed: &Composed) -> Result<HostId, Problem> {
    let hosts = composed.directory.hosts.iter().enumerate();
    let all: Vec<usize> =
        hosts.filter(|(_, host)| host.role == Role::Za).map(|(place, _)| place).collect();
    let [only] = all[..] else {
        return Err(Place::whole(&*study.topology.place.source).expected(
            "one gateway of a Zorgaanbieder, which is the one that load is put on",
            format!("{}", all.len()),
        ));
    };
    let gateway = HostId(only as u32);
    let befalls = |scheduled: &Scheduled| scheduled.what.befalls() == Some(gateway);
    match composed.schedule().iter().any(befalls) {
        true => Err(study.scenario.place.expected(
            "faults of hosts that this network plays",
            format!("one of `{}`, which somebody else plays", composed.directory.hosts[only].name),
        )),
        false => Ok(gateway),
    }
}

type Waiting<'a> = Pin<Box<dyn Future<Output = Result<Option<Own>, String>> + 'a>>;

/// Does something while the peers are there.
fn with_peers<'a>(
    composed: &Composed,
    site: &Site,
    act: impl FnOnce() -> Waiting<'a>,
) -> Result<Result<Option<Own>, String>, Problems> {
    let runtime = Runtime::new().map_err(no_threads)?;
    runtime.block_on(async {
        let network = Network { elsewhere: site.elsewhere.clone(), ..composed.twin(0) };
        let options = guest::options(&site.dir, site.listen, site.port);
        let twin = Twin::open(network, &options, Deaf).await.map_err(told)?;
        let done = act().await;
        twin.close(time::Duration::from_secs(1)).await;
        Ok(done)
    })
}

fn no_threads(error: std::io::Error) -> Problems {
    Place::whole("threads").problem(format!("cannot be had: {error}")).into()
}

/// Begins a gateway of our own, whose peers will be there.
fn begin(order: &Order, name: &str, peers: SocketAddr, at: SocketAddr) -> Result<Own, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let log = order.dir.join(format!("{name}.log"));
    let wrong = |error: std::io::Error| format!("{}: {error}", log.display());
    let log = File::create(&log).map_err(wrong)?;
    let child = Command::new(program)
        .arg("twin")
        .arg(&order.topology)
        .args(order.set.iter().flat_map(|set| ["--set", set]))
        .args(["--only", name, "--peers", &peers.to_string()])
        .args(["--port", &at.port().to_string(), "--console", "0", "--dir"])
        .arg(&order.dir)
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(wrong)?)
        .stderr(log)
        .spawn();
    child.map(Own).map_err(|error| error.to_string())
}

impl Range {
    /// Puts a study's load on the gateway; none if it was stopped.
    ///
    /// # Errors
    /// The peers cannot be opened.
    pub fn fire(&self, study: &Study, progress: &dyn Progress) -> Result<Option<Fired>, Problems> {
        let composed = Composed::for_twin(&study.topology, &study.scenario)?;
        let options = Options::default();
        let settings = run::settings(&composed, &study.scenario, &options, 0);
        let watcher = Watcher::of_strangers(&composed.directory, settings, vec![self.gateway]);
        let meters: Vec<Meter> = self.meters.iter().flatten().copied().collect();
        let usher = Arc::new(Usher::new(self.recipe.clone()));
        let site = Site { usher: Some(Arc::clone(&usher)), ..self.site.clone() };
        progress.expects(1);
        let played =
            wall::replicate(&composed, &study.scenario, &site, 0, watcher, &meters, progress)?;
        let Some(played) = played else { return Ok(None) };
        progress.finished(0);
        let generator = Generator::of(&played);
        let answer =
            run::answer(study.clone(), &composed, vec![(0, played.sight)], options.flows, None);
        let dead_ends = usher.dead_ends();
        Ok(answer.map(|answer| Fired { answer, generator, dead_ends }))
    }

    /// Has a few people come first, who make no mistakes: says why, if none of them gets as far as a token request. None
    /// if it was stopped.
    ///
    /// # Errors
    /// The peers cannot be opened.
    pub fn try_out(
        &self,
        study: &Study,
        progress: &dyn Progress,
    ) -> Result<Option<Result<(), String>>, Problems> {
        const PEOPLE: u32 = 10;
        let within = Duration::from_secs(2);
        let mut study = study.clone();
        let scenario = &mut study.scenario;
        scenario.arrivals = ArrivalPlan::Burst { at: Duration::ZERO, within, people: PEOPLE };
        (scenario.warm_up, scenario.horizon) = (Duration::ZERO, within);
        scenario.faults.clear();
        scenario.changes.clear();
        let persons = &mut scenario.persons;
        (persons.refuse_consent, persons.cancel_login, persons.wrong_password) = (0.0, 0.0, 0.0);
        let Some(fired) = self.fire(&study, progress)? else { return Ok(None) };
        if fired.has_tokens() {
            return Ok(Some(Ok(())));
        }
        let became = fired.outcomes().into_iter();
        let became: Vec<String> =
            became.map(|(outcome, count)| format!("{count}: {}", outcome.what())).collect();
        let mut why = format!(
            "of {PEOPLE} people nobody got as far as a token request ({})",
            became.join("; ")
        );
        for sentence in dead_ends(&fired.dead_ends) {
            why.push_str(&format!("\n  {sentence}"));
        }
        why.push_str(
            "\n  A gateway that was running before may still have lists of another network: begin it again. `stelsel check za` \
             says what is wrong with one exchange.",
        );
        Ok(Some(Err(why)))
    }
}

/// What virtual time says of the same people before such a gateway; none if it was stopped.
///
/// # Errors
/// The network cannot be composed, or threads cannot be had.
pub fn predict(study: &Study, progress: &dyn Progress) -> Result<Option<Answer>, Problems> {
    let mut study = study.clone();
    study.set_replications(PREDICTIONS);
    Ok(match run::run(study, &Options::default(), progress)? {
        run::Ran::Whole(answer) => Some(*answer),
        run::Ran::Part(_) | run::Ran::Nothing => None,
    })
}

/// The share of collections that is completed where nothing is in anybody's way: at a tenth of the load; none if it was
/// stopped.
///
/// # Errors
/// As of [`predict`].
pub fn usual(study: &Study, progress: &dyn Progress) -> Result<Option<f64>, Problems> {
    let mut study = study.clone();
    study.scenario.arrivals = study.scenario.arrivals.times(0.1);
    Ok(predict(&study, progress)?.map(|answer| {
        let summary = answer.summary();
        let row = summary.overall("flows.completed_ratio");
        row.and_then(|row| row.estimate.value()).unwrap_or(1.0)
    }))
}

/// How many replications a prediction has.
const PREDICTIONS: u32 = 5;

/// A figure that was measured, beside the one that was predicted.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    /// The metric.
    pub metric: &'static str,
    /// In words.
    pub what: &'static str,
    /// Its unit; empty for a share.
    pub unit: &'static str,
    /// What virtual time says.
    pub predicted: Found,
    /// What was measured.
    pub measured: Found,
}

impl Row {
    /// That of a metric.
    fn of<'r>(rows: &'r [Self], metric: &str) -> Option<&'r Self> {
        rows.iter().find(|row| row.metric == metric)
    }

    fn is_share(&self) -> bool {
        self.metric.ends_with("share") || self.metric.ends_with("ratio")
    }

    /// A figure of it, for people.
    pub fn text(&self, found: &Found) -> String {
        match (found.value(), self.unit.is_empty()) {
            (Some(count), true) if !self.is_share() => format!("{count:.0}"),
            (Some(share), true) => Found::share(share),
            _ => found.text(),
        }
    }
}

/// A figure, if there is one.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum Found {
    /// This.
    Value(f64),
    /// More than this.
    MoreThan {
        /// That much.
        more_than: f64,
    },
    /// None, and why.
    Not(String),
}

impl Found {
    /// The figure; none if there is none.
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(*value),
            Self::MoreThan { .. } | Self::Not(_) => None,
        }
    }

    /// As much as it is at least; nought if there is none.
    pub fn least(&self) -> f64 {
        match self {
            Self::Value(value) | Self::MoreThan { more_than: value } => *value,
            Self::Not(_) => 0.0,
        }
    }

    /// A share as people read it. Not rounded up: a norm that is just missed must not look kept.
    fn share(share: f64) -> String {
        format!("{:.2} %", (share * 1e4).floor() / 1e2)
    }

    /// For people.
    pub fn text(&self) -> String {
        match self {
            Self::Value(value) => format!("{value:.4}"),
            Self::MoreThan { more_than } => format!("more than {more_than:.3}"),
            Self::Not(why) => why.clone(),
        }
    }
}

/// What is held side by side.
const COMPARED: [(&str, &str, &str); 16] = [
    ("flows.started", "collections begun", ""),
    ("flows.completed_ratio", "completed, as a share of them", ""),
    ("norm.token.requests", "token requests", ""),
    ("norm.token.share", "token requests answered within 10 s (norm: 99.5 %)", ""),
    ("norm.resource.requests", "resource requests", ""),
    ("norm.resource.share", "resource requests answered within 60 s (norm: 98.5 %)", ""),
    ("latency.machine.p50", "machine time of a collection, median", "s"),
    ("latency.machine.p95", "machine time of a collection, 95 % take no longer", "s"),
    ("page.wait.p50", "waiting for a page, median", "s"),
    ("page.wait.p95", "waiting for a page, 95 % take no longer", "s"),
    ("token.asked.p50", "a token, as the PGO sees it, median", "s"),
    ("token.asked.p95", "a token, 95 % take no longer", "s"),
    ("token.asked.p99", "a token, 99 % take no longer", "s"),
    ("resource.asked.p50", "an answer of the resource server, median", "s"),
    ("resource.asked.p95", "an answer of the resource server, 95 % take no longer", "s"),
    ("resource.asked.p99", "an answer of the resource server, 99 % take no longer", "s"),
];

/// Whether what was measured is as it should be, in sentences.
#[derive(Clone, PartialEq, Debug)]
pub struct Judged {
    /// Each with whether it is.
    pub sentences: Vec<(bool, String)>,
}

/// How much more may be missed than predicted where mishaps were asked for.
const MORE_MISSED: f64 = 0.01;

impl Judged {
    /// Norms are kept, where mishaps were asked for as far as predicted, and people get on about as well as predicted.
    pub fn of(rows: &[Row], has_mishaps: bool) -> Self {
        let mut sentences = Vec::new();
        for (name, metric, least, _) in Norm::PUBLISHED {
            let Some(row) = Row::of(rows, metric) else { continue };
            let requests = Row::of(rows, &metric.replace("share", "requests"));
            let requests = requests.and_then(|row| row.measured.value());
            let predicted = row.predicted.value().filter(|_| has_mishaps);
            sentences.push(match row.measured.value() {
                None => {
                    (false, format!("No figure for the norm of {name} requests: nobody got so far."))
                }
                Some(kept) => {
                    let (is_good, verdict) = of_norm(kept, least, requests, predicted);
                    let [kept, least] = [kept, least].map(Found::share);
                    let text = format!(
                        "{kept} of {name} requests were answered in time: the norm of {least} {verdict}."
                    );
                    (is_good, text)
                }
            });
        }
        let completed = Row::of(rows, "flows.completed_ratio");
        let figures = completed.map(|row| (row.measured.value(), row.predicted.value()));
        if let Some((Some(measured), Some(predicted))) = figures {
            let is_good = measured >= COLLAPSED * predicted;
            let verdict = if is_good { "" } else { ": traffic collapsed" };
            let [measured, predicted] = [measured, predicted].map(Found::share);
            let sentence = format!(
                "{measured} of collections were completed, {predicted} were predicted{verdict}."
            );
            sentences.push((is_good, sentence));
        }
        Self { sentences }
    }

    /// Whether all of it is.
    pub fn is_good(&self) -> bool {
        self.sentences.iter().all(|(is_good, _)| *is_good)
    }
}

/// Whether a share of so many requests is good enough for a norm, and what is said of that. `predicted` is what befell the
/// network leaves of it.
fn of_norm(
    kept: f64,
    least: f64,
    requests: Option<f64>,
    predicted: Option<f64>,
) -> (bool, &'static str) {
    // Of so few, one that is missed breaks the norm, and says nothing.
    let is_one = requests.is_some_and(|all| all * (1.0 - least) < 1.0 && all * (1.0 - kept) < 1.5);
    if kept >= least {
        (true, "was kept")
    } else if predicted.is_some_and(|predicted| kept >= predicted - MORE_MISSED) {
        (true, "was missed, by no more than what befell the network takes")
    } else if is_one {
        (true, "was missed by one, of too few to judge it")
    } else {
        (false, "was not kept")
    }
}

/// What was measured beside what was predicted.
pub fn rows(predicted: &Answer, measured: &Answer) -> Vec<Row> {
    let [predicted, measured] = [predicted, measured].map(Answer::summary);
    let value = |summary: &Summary, metric: &str| match summary.overall(metric) {
        Some(row) => match row.estimate {
            Estimate::Value(value) => Found::Value(value),
            Estimate::MoreThan(more_than) => Found::MoreThan { more_than },
            Estimate::TooFew(_) => Found::Not("too few".to_owned()),
        },
        None => Found::Not("none".to_owned()),
    };
    let row = |(metric, what, unit)| Row {
        metric,
        what,
        unit,
        predicted: value(&predicted, metric),
        measured: value(&measured, metric),
    };
    COMPARED.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generator(late_ms: f64, busiest: f64) -> Generator {
        Generator {
            people: 100,
            late_s: [0.0, late_ms / 1e3, late_ms / 1e3],
            took_s: 10.0,
            cores: 2,
            cpu_s: Some(4.0),
            gateway_cpu_s: Some(4.0),
            busiest: Some(busiest),
            no_sockets: 0,
        }
    }

    #[test]
    fn lateness_is_of_all_people() {
        let late: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(lateness(&late), [0.05, 0.099, 0.1]);
        assert_eq!(lateness(&[]), [0.0; 3]);
    }

    #[test]
    fn a_norm_is_held_against_what_was_to_be_expected() {
        let is_good = |kept, requests, predicted| of_norm(kept, 0.985, requests, predicted).0;
        assert!(is_good(0.985, None, None) && !is_good(0.98, None, None));
        assert!(is_good(64.0 / 65.0, Some(65.0), None) && !is_good(63.0 / 65.0, Some(65.0), None));
        assert!(!is_good(0.98, Some(1_000.0), None));
        assert!(
            is_good(0.66, Some(1_000.0), Some(0.67)) && !is_good(0.66, Some(1_000.0), Some(0.68))
        );
    }

    #[test]
    fn it_says_when_it_was_itself_the_bottleneck() {
        let says = |generator: Generator, what: &str| {
            let all = generator.bottlenecks();
            assert!(matches!(&all[..], [one] if one.contains(what)), "{all:?}");
        };
        assert_eq!(generator(4.9, 0.89).bottlenecks(), [""; 0]);
        says(generator(5.1, 0.1), "sent off more than 5.1 ms late");
        says(generator(1.0, 0.95), "95 % of its cores");
        says(Generator { no_sockets: 3, ..generator(1.0, 0.5) }, "3 connections");
    }
}
