//! `stelsel load`: people at a vendor's gateway, as many as it can bear.

use std::{
    cell::RefCell,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time,
};

use clap::{Args, ValueHint};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use desk::recipe::Recipe;
use indicatif::ProgressBar;
use protocol::time::Duration;
use serde_json::json;

use super::{Ending, Network, Outcome, capacity::share, interrupt, run::flag_overrides};
use crate::{
    answer::{Answer, Study},
    calibrate,
    capacity::{self, Norm},
    files,
    load::{self, Arrivals, Fired, Judged, Mishap, Order, Row},
    meter::Meter,
    problem::{Place, Problem, Problems},
    report, results,
    run::{Progress, wall::told},
};

/// Put load on a gateway, as hundreds of PGOs and thousands of people do
///
/// People come at planned moments whatever becomes of those before them, from hundreds of PGOs with certificates of their own,
/// log in at DigiD, consent, and have their data collected. What they meet is written as `run` writes it, beside what
/// virtual time predicts for such a gateway, with how much the generator itself took. The gateway must know the test
/// persons: whoever has DigiD's BSN 9999… of this network.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel load --against za=127.0.0.1:9444 --rate 50/s --for 5min
  stelsel load --against za=127.0.0.1:9444 --burst 500 --for 1min
  stelsel load --against za=127.0.0.1:9444 --rate 20/s --for 3min --while ocsp-silent
  stelsel load --against za=127.0.0.1:9444 --rate 10/s --for 30s --search
  stelsel load --self --rate 20/s --for 1min

Exit status: 0 the published norms were kept, 1 one was not, or fewer than half
as many were completed as predicted, 2 bad input, 4 the gateway does not answer,
or of the ten people who come first nobody got as far as a token request, 130
interrupted. With --while a norm counts as kept where no more was missed than
predicted, and a hundredth; and always where of few requests one was missed.
With --search it is 1 if no rate keeps a norm.")]
pub struct Arguments {
    /// A scenario file, in place of the flags that say who comes when; it names the network
    #[arg(value_name = "SCENARIO", value_hint = ValueHint::FilePath,
        conflicts_with_all = ["rate", "lasts", "profile", "from", "burst", "mishaps"])]
    scenario: Option<PathBuf>,
    /// The gateway: za and where it is
    #[arg(long, value_name = "za=HOST:PORT", required_unless_present = "own")]
    against: Option<String>,
    /// Put load on the gateway of a twin of our own
    #[arg(long = "self", conflicts_with = "against")]
    own: bool,
    /// How many collections begin, on average: 50/s. With --profile, in its busiest hour
    #[arg(long, value_name = "RATE", default_value = "10/s", value_parser = rate)]
    rate: String,
    /// How long people come, of which the first tenth, or half a minute, is not counted
    #[arg(long = "for", value_name = "DURATION", default_value = "1min", value_parser = lasting)]
    lasts: Duration,
    /// Spread over the day as people are: flat, weekday or week
    #[arg(long, value_name = "NAME", value_parser = ["flat", "weekday", "week"], conflicts_with = "burst")]
    profile: Option<String>,
    /// With --profile: where in it the load begins
    #[arg(long, value_name = "HOURS", default_value_t = 9, value_parser = clap::value_parser!(u8).range(0..168), requires = "profile")]
    from: u8,
    /// So many people within one second, in place of a rate
    #[arg(long, value_name = "PEOPLE", value_parser = clap::value_parser!(u32).range(1..),
        conflicts_with_all = ["rate", "mishaps"])]
    burst: Option<u32>,
    /// What happens in the second third of it; may be repeated
    #[arg(long = "while", value_name = "MISHAP", value_enum)]
    mishaps: Vec<Mishap>,
    /// Search for the highest rate that keeps the norms; each probe takes as long as --for says
    #[arg(long, conflicts_with = "burst")]
    search: bool,
    /// With --search: token, resource, or a metric and a comparison; may be repeated
    #[arg(long, value_name = "NORM", default_values = ["token", "resource"], requires = "search")]
    norm: Vec<Norm>,
    /// With --search: how far a rate that breaks a norm may be above one that keeps it
    #[arg(long, value_name = "SHARE%", default_value = "20%", value_parser = share, requires = "search")]
    within: f64,
    /// How to go through the gateway's pages, where their forms do not tell
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    recipe: Option<PathBuf>,
    /// The number of the gateway's process, if it is on this machine: what CPU time it takes is told too
    #[arg(long, value_name = "PID", conflicts_with = "own")]
    pid: Option<u32>,
    /// Set a key of the scenario, or after `topology.` of the network; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Key of all random draws
    #[arg(long, value_name = "N")]
    seed: Option<String>,
    #[command(flatten)]
    network: Network,
    /// Where the results go [default: results/load, with --search results/load-search]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: Option<PathBuf>,
    /// Print the figures as JSON
    #[arg(long, conflicts_with = "search")]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// The files or flags say what cannot be, a port is taken, or the results cannot be written.
pub fn run(arguments: &Arguments) -> Outcome {
    let out = out(arguments);
    see_that_results_can_be_written(arguments, &out)?;
    let study = study(arguments)?;
    let order = Order {
        topology: PathBuf::from(&*study.topology.place.source),
        set: topology_settings(&arguments.set),
        at: arguments.against.as_deref().map(gateway).transpose()?,
        process: arguments.pid,
        dir: arguments.network.dir.clone(),
        listen: arguments.network.listen,
        port: arguments.network.port,
        wait: time::Duration::from_secs(arguments.network.wait),
        recipe: match &arguments.recipe {
            Some(path) => super::recipe(path)?.1,
            None => Recipe::default(),
        },
    };
    if let Some(number) = arguments.pid.filter(|number| Meter::Process(*number).read().is_none()) {
        let expected = "the number of a process of this machine";
        return Err(Place::whole("--pid").expected(expected, format!("{number}")).into());
    }
    super::hold_many_sockets();
    let bar = Bar::new()?;
    let range = match load::open(&order, &study, &super::say, &|| !interrupt::asked())? {
        Ok(range) => range,
        Err(_) if interrupt::asked() => return Ok(interrupted("nothing was written")),
        Err(why) => return Ok(could_not(&why)),
    };
    match range.try_out(&study, &Unshown)? {
        None => return Ok(interrupted("nothing was written")),
        Some(Err(why)) => return Ok(could_not(&why)),
        Some(Ok(())) => {}
    }
    if arguments.search {
        return search(arguments, study, &range, &bar, &out);
    }
    let fired = range.fire(&study, &bar)?;
    bar.0.finish_and_clear();
    let Some(fired) = fired else { return Ok(interrupted("nothing was written")) };
    // What was measured took its time, and is not lost by what comes after.
    results::write_with(&fired.answer, &out.join(MEASURED), &[])?;
    let Some(predicted) = load::predict(&study, &Unshown)? else {
        let kept = out.join(MEASURED);
        return Ok(interrupted(&format!("what was measured is in {}", kept.display())));
    };
    let rows = load::rows(&predicted, &fired.answer);
    let judged = Judged::of(&rows, !arguments.mishaps.is_empty());
    super::print(&match arguments.json {
        true => format!("{:#}\n", figures(&fired, &rows)),
        false => text(&out, &fired, &rows, &judged),
    })?;
    write(&out, &fired, &predicted, &rows, &judged)?;
    if !fired.has_tokens() {
        let flows = out.join(MEASURED).join("flows.csv");
        return Ok(could_not(&format!(
            "nobody got as far as a token request; {} says of each why not",
            flows.display()
        )));
    }
    Ok(if judged.is_good() { Ending::Done } else { Ending::CheckFailed })
}

fn could_not(why: &str) -> Ending {
    super::say(&format!("could not test: {why}"));
    Ending::CouldNotTest
}

fn interrupted(what: &str) -> Ending {
    super::say(&format!("interrupted: {what}"));
    Ending::Interrupted
}

fn out(arguments: &Arguments) -> PathBuf {
    let usual = if arguments.search { "results/load-search" } else { "results/load" };
    arguments.out.clone().unwrap_or_else(|| PathBuf::from(usual))
}

/// Before anything takes time.
fn see_that_results_can_be_written(arguments: &Arguments, out: &Path) -> Result<(), Problem> {
    if arguments.search {
        results::check_target(out)?;
        return super::see_that_it_can_be_written(out);
    }
    for folder in [MEASURED, PREDICTED] {
        results::check_target(&out.join(folder))?;
    }
    super::see_that_it_can_be_written(&out.join("load.html"))
}

/// What is set otherwise in the network.
fn topology_settings(set: &[String]) -> Vec<String> {
    set.iter().filter(|set| set.trim_start().starts_with("topology.")).cloned().collect()
}

/// The folders of results beside each other.
const MEASURED: &str = "measured";
const PREDICTED: &str = "predicted";

/// What is asked: a file, or what flags say, which is written as one.
fn study(arguments: &Arguments) -> Result<Study, Problems> {
    let set = flag_overrides(&arguments.set, &arguments.seed, &None, &None)?;
    if let Some(path) = &arguments.scenario {
        return files::read(path, &set);
    }
    let arrivals = match (&arguments.profile, arguments.burst) {
        (Some(name), _) => Arrivals::Profile {
            name: name.clone(),
            from: format!("{}h", arguments.from),
            peak: arguments.rate.clone(),
        },
        (None, Some(people)) => Arrivals::Burst(people),
        (None, None) => Arrivals::Rate(arguments.rate.clone()),
    };
    let dir = &arguments.network.dir;
    fs::create_dir_all(dir)
        .map_err(|error| Place::whole(dir.display().to_string()).problem(error.to_string()))?;
    let path = dir.join("load.toml");
    let text = load::scenario("peers.toml", &arrivals, arguments.lasts, &arguments.mishaps);
    for (path, text) in [(&dir.join("peers.toml"), load::TOPOLOGY), (&path, text.as_str())] {
        twin::open::whole(path, text.as_bytes()).map_err(told)?;
    }
    files::read(&path, &set)
}

fn rate(text: &str) -> Result<String, String> {
    files::rate(text).map(|_| text.to_owned())
}

fn lasting(text: &str) -> Result<Duration, String> {
    const LEAST: Duration = Duration::from_secs(5);
    files::duration(text).and_then(|lasts| match lasts < LEAST {
        true => Err("expected at least 5s".to_owned()),
        false => Ok(lasts),
    })
}

fn gateway(text: &str) -> Result<SocketAddr, Problem> {
    let wrong = |why: &str| {
        let expected = "za and where it is, such as za=127.0.0.1:9444";
        Place::whole("--against").expected(expected, format!("`{text}`{why}"))
    };
    let address = text.strip_prefix("za=").ok_or_else(|| wrong(""))?;
    super::resolved(address).map_err(|error| wrong(&format!(": {error}")))
}

fn figures(fired: &Fired, rows: &[Row]) -> serde_json::Value {
    json!({ "rows": rows, "generator": fired.generator, "dead_ends": fired.dead_ends })
}

fn write(
    out: &Path,
    fired: &Fired,
    predicted: &Answer,
    rows: &[Row],
    judged: &Judged,
) -> Result<(), Problems> {
    results::write_with(predicted, &out.join(PREDICTED), &[])?;
    let page = report::load(rows, fired, judged, &calibrate::machine(), &command());
    let figures = format!("{:#}\n", figures(fired, rows));
    for (name, text) in [("load.json", figures), ("load.html", page)] {
        twin::open::whole(&out.join(name), text.as_bytes()).map_err(told)?;
    }
    Ok(())
}

/// How this was asked for.
fn command() -> String {
    let words: Vec<String> =
        std::env::args().skip(1).map(|word| results::shell_word(&word)).collect();
    format!("stelsel {}", words.join(" "))
}

fn text(out: &Path, fired: &Fired, rows: &[Row], judged: &Judged) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["", "predicted", "measured", ""]);
    for row in rows {
        table.add_row([
            row.what.to_owned(),
            row.text(&row.predicted),
            row.text(&row.measured),
            row.unit.to_owned(),
        ]);
    }
    for column in [1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text: String = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let judged = judged.sentences.iter().map(|(_, sentence)| sentence.clone());
    let sentences =
        judged.chain(load::dead_ends(&fired.dead_ends)).chain(fired.generator.sentences());
    for sentence in sentences {
        text.push_str(&results::wrapped(&sentence, ""));
    }
    text.push_str(&format!("Results: {}\n", out.join("load.html").display()));
    text
}

fn search(
    arguments: &Arguments,
    study: Study,
    range: &load::Range,
    bar: &Bar,
    out: &Path,
) -> Outcome {
    let Some(usual) = load::usual(&study, &Unshown)? else {
        return Ok(interrupted("nothing was written"));
    };
    let remarks = RefCell::new(Vec::new());
    let fire = |study: Study| {
        let fired = range.fire(&study, bar)?;
        Ok(fired.map(|fired| {
            let came = format!(
                "{} people came within {:.0} s",
                fired.generator.people, fired.generator.took_s
            );
            let bottlenecks = fired.generator.bottlenecks().into_iter();
            remarks.borrow_mut().extend(bottlenecks.map(|what| format!("When {came}: {what}")));
            fired.answer
        }))
    };
    let mut found = capacity::search(study, &arguments.norm, arguments.within, Some(usual), &fire)?;
    for probe in &mut found.probes {
        // How busy the gateway is, which is played elsewhere, is not seen; the others are not what limits.
        probe.busiest = None;
    }
    bar.0.finish_and_clear();
    if found.probes.is_empty() {
        return Ok(interrupted("before any probe was done, nothing was written"));
    }
    let folder = capacity::write(&found, out)?;
    let mut text: String =
        folder.sentences().iter().map(|sentence| results::wrapped(sentence, "")).collect();
    for sentence in remarks.into_inner() {
        text.push_str(&results::wrapped(&sentence, ""));
    }
    super::print(&format!("{text}Results, of {} probes: {}\n", found.probes.len(), out.display()))?;
    Ok(match (found.is_whole, found.answers.iter().all(|answer| answer.kept.is_some())) {
        (false, _) => Ending::Interrupted,
        (true, true) => Ending::Done,
        (true, false) => Ending::CheckFailed,
    })
}

/// No bar, but Ctrl-C: what is soon over.
struct Unshown;

impl Progress for Unshown {
    fn expects(&self, _: u32) {}
    fn at(&self, _: u32, _: f64) {}
    fn finished(&self, _: u32) {}
    fn stopped(&self) -> bool {
        interrupt::asked()
    }
}

/// A progress bar on standard error, if that is a terminal; and Ctrl-C.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Result<Self, Problem> {
        interrupt::catch()?;
        Ok(Self(super::progress_bar(1_000, "{percent} %")?))
    }
}

impl Progress for Bar {
    fn expects(&self, _: u32) {
        self.0.reset();
    }

    fn at(&self, _: u32, share: f64) {
        self.0.set_position((share * 1_000.0) as u64);
    }

    fn finished(&self, _: u32) {}

    fn stopped(&self) -> bool {
        interrupt::asked()
    }
}
