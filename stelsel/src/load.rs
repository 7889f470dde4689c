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
    thread, time,
};

use protocol::{id::HostId, role::Role, time::Duration};
use serde::Serialize;
use tokio::runtime::Runtime;
use twin::{network::Network, open::Twin};
use watch::{
    study::{
        estimate::Estimate,
        summary::{Summary, summarise},
    },
    watcher::Watcher,
};

pub use self::plan::{Arrivals, Mishap, scenario};
use crate::{
    answer::{Answer, Study},
    compose::Composed,
    guest::{self, Deaf, LOOPBACK},
    meter::Meter,
    problem::{Place, Problems},
    run::{
        self, Options, Progress,
        wall::{self, Played, Site, told},
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
}

/// Peers and a gateway that answers.
pub struct Range {
    site: Site,
    gateway: HostId,
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
        }
    }

    /// Whether people came in time.
    pub fn is_punctual(&self) -> bool {
        self.late_s[1] <= PUNCTUAL.as_secs_f64()
    }

    /// The share of this machine's cores that it and, as far as known, the gateway took.
    pub fn share(&self) -> Option<f64> {
        let all = self.cpu_s? + self.gateway_cpu_s.unwrap_or(0.0);
        Some(all / (self.took_s * self.cores as f64))
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
            (Some(own), Some(gateway)) => format!(
                "CPU time: the generator {own:.1} s, the gateway {gateway:.1} s ({:.2} times as much).",
                gateway / own
            ),
            (Some(own), None) => {
                format!("CPU time: the generator {own:.1} s; the gateway's is not known (--pid tells which process it is).")
            }
            (None, _) => "This system does not tell CPU times.".to_owned(),
        });
        all.extend(self.bottleneck());
        all
    }

    /// What of it was the bottleneck, if anything was; else nothing.
    pub fn bottleneck(&self) -> Option<String> {
        let late = self.late_s[1] * 1e3;
        if !self.is_punctual() {
            return Some(format!(
                "The generator was itself a bottleneck: of 100 people one was sent off more than {late:.1} ms late."
            ));
        }
        let share = self.share().filter(|share| *share > BUSY)?;
        Some(format!(
            "This machine was itself a bottleneck: its cores were busy for {:.0} % of the time.",
            share * 100.0
        ))
    }
}

/// Opens the peers once, has the gateway come, and sees that it answers; says why, if it does not. `say` is told where
/// what the gateway needs is.
///
/// # Errors
/// The network has no ZA gateway, the folder cannot be used, or a port is taken.
pub fn open(
    order: &Order,
    study: &Study,
    say: &dyn Fn(&str),
) -> Result<Result<Range, String>, Problems> {
    let composed = Composed::for_twin(&study.topology, &study.scenario)?;
    let place = composed.directory.hosts.iter().position(|host| host.role == Role::Za);
    let gateway = HostId(place.unwrap_or_default() as u32);
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
            desk::desk::wait_for(at, wait).await.map(|()| own)
        })
    })?;
    let answers = answers.map(|own| {
        let process = own.as_ref().map(|own| own.0.id()).or(order.process);
        let meters = [Some(Meter::Own), process.map(Meter::Process)];
        Range { site, gateway, meters, _own: own }
    });
    Ok(answers.map_err(|why| format!("nobody answers at {at}: {why}")))
}

type Waiting = Pin<Box<dyn Future<Output = Result<Option<Own>, String>>>>;

/// Does something while the peers are there.
fn with_peers(
    composed: &Composed,
    site: &Site,
    act: impl FnOnce() -> Waiting,
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
    pub fn fire(&self, study: &Study, progress: &impl Progress) -> Result<Option<Fired>, Problems> {
        let composed = Composed::for_twin(&study.topology, &study.scenario)?;
        let options = Options::default();
        let settings = run::settings(&composed, &study.scenario, &options, 0);
        let watcher = Watcher::of_strangers(&composed.directory, settings, vec![self.gateway]);
        let meters: Vec<Meter> = self.meters.iter().flatten().copied().collect();
        progress.expects(1);
        let played =
            wall::replicate(&composed, &study.scenario, &self.site, 0, watcher, &meters, progress)?;
        let Some(played) = played else { return Ok(None) };
        progress.finished(0);
        let generator = Generator::of(&played);
        let answer =
            run::answer(study.clone(), &composed, vec![(0, played.sight)], options.flows, None);
        Ok(answer.map(|answer| Fired { answer, generator }))
    }
}

/// What virtual time says of the same people before such a gateway; none if it was stopped.
///
/// # Errors
/// The network cannot be composed, or threads cannot be had.
pub fn predict(study: &Study, progress: &impl Progress) -> Result<Option<Answer>, Problems> {
    let mut study = study.clone();
    study.set_replications(PREDICTIONS);
    Ok(match run::run(study, &Options::default(), progress)? {
        run::Ran::Whole(answer) => Some(*answer),
        run::Ran::Part(_) | run::Ran::Nothing => None,
    })
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

/// A figure, if there is one.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum Found {
    /// This.
    Value(f64),
    /// None, and why, or how much it is at least.
    Not(String),
}

impl Found {
    /// The figure; none if there is none.
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Value(value) => Some(*value),
            Self::Not(_) => None,
        }
    }

    /// For people.
    pub fn text(&self) -> String {
        match self {
            Self::Value(value) => format!("{value:.4}"),
            Self::Not(why) => why.clone(),
        }
    }
}

/// What is held side by side.
const COMPARED: [(&str, &str, &str); 14] = [
    ("flows.started", "collections begun", ""),
    ("flows.completed_ratio", "completed, as a share of them", ""),
    ("norm.token.share", "token requests answered within 10 s (norm: 99.5 %)", ""),
    ("norm.resource.share", "resource requests answered within 60 s (norm: 98.5 %)", ""),
    ("latency.machine.p50", "machine time of a collection, median", "s"),
    ("latency.machine.p95", "machine time of a collection, 95 % take no longer", "s"),
    ("page.wait.p50", "waiting for a page, median", "s"),
    ("page.wait.p95", "waiting for a page, 95 % wait no longer", "s"),
    ("token.asked.p50", "a token, as the PGO sees it, median", "s"),
    ("token.asked.p95", "a token, 95 % take no longer", "s"),
    ("token.asked.p99", "a token, 99 % take no longer", "s"),
    ("resource.asked.p50", "an answer of the resource server, median", "s"),
    ("resource.asked.p95", "an answer of it, 95 % take no longer", "s"),
    ("resource.asked.p99", "an answer of it, 99 % take no longer", "s"),
];

/// What was measured beside what was predicted.
pub fn rows(predicted: &Answer, measured: &Answer) -> Vec<Row> {
    let [predicted, measured] = [predicted, measured].map(|answer| {
        let figures: Vec<_> = answer.replications.iter().map(|one| one.figures.clone()).collect();
        summarise(&figures)
    });
    let value = |summary: &Summary, metric: &str| match summary.overall(metric) {
        Some(row) => match row.estimate {
            Estimate::Value(value) => Found::Value(value),
            Estimate::MoreThan(value) => Found::Not(format!("more than {value:.3}")),
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

    fn generator(late_ms: f64, cpu_s: f64) -> Generator {
        Generator {
            people: 100,
            late_s: [0.0, late_ms / 1e3, late_ms / 1e3],
            took_s: 10.0,
            cores: 2,
            cpu_s: Some(cpu_s),
            gateway_cpu_s: Some(4.0),
        }
    }

    #[test]
    fn lateness_is_of_all_people() {
        let late: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(lateness(&late), [0.05, 0.099, 0.1]);
        assert_eq!(lateness(&[]), [0.0; 3]);
    }

    #[test]
    fn it_says_when_it_was_itself_the_bottleneck() {
        assert_eq!(generator(4.9, 10.0).bottleneck(), None);
        assert!(
            generator(5.1, 1.0).bottleneck().unwrap().contains("sent off more than 5.1 ms late")
        );
        assert!(generator(1.0, 15.0).bottleneck().unwrap().contains("95 % of the time"));
    }
}
