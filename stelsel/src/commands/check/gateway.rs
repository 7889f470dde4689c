//! `stelsel check za` and `stelsel check pgo`.

use std::{cell::Cell, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, ValueHint};
use desk::{desk::Told as OfGateway, probe::Next};
use protocol::role::Role;
use url::Url;

use crate::{
    check::{
        beside,
        gateway::{self, Order, Plan, Told},
        report::Written,
    },
    commands::{self, Ending, Network, Outcome, interrupt},
    console::{CheckEnded, CheckNow, CheckOrder},
    files::Override,
    guest::LOOPBACK,
    problem::{Place, Problem},
    results::shell_word,
    run::wall::told,
};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel check za --host 127.0.0.1:9444
  stelsel check za --host 127.0.0.1:9444 --control http://127.0.0.1:9446/ --junit check.xml --html check.html
  stelsel check za --self
  stelsel check pgo --twin twin        # as --external of a twin that runs

Exit status: 0 nothing was broken, 1 a rule was broken, 2 bad input, 4 the gateway
could not be tested, 130 interrupted (what was seen until then is reported).")]
#[group(skip)]
pub struct Arguments {
    /// Where the gateway is
    #[arg(long, value_name = "HOST:PORT", required_unless_present_any = ["own", "twin", "probes"])]
    host: Option<String>,
    /// Check the gateway of a twin of our own
    #[arg(long = "self", conflicts_with = "host")]
    own: bool,
    /// Check whoever plays a host of a twin that runs already, in this folder, as its --external
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath,
        conflicts_with_all = ["host", "own", "dir", "listen", "port", "topology", "set", "browser"])]
    twin: Option<PathBuf>,
    /// Print each probe with the rules that it judges, and end
    #[arg(long)]
    probes: bool,
    /// With --self: what it breaks on purpose, such as code-honoured-twice
    #[arg(long, value_name = "RULE", requires = "own")]
    deviant: Option<String>,
    #[command(flatten)]
    network: Network,
    /// The network beside the gateway, in place of that of checks
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    topology: Option<PathBuf>,
    /// Set a key of the topology (topology.release=1.1)
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// How to go through the gateway's pages, where their forms do not tell
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    recipe: Option<PathBuf>,
    /// The browser for pages that need script [default: the first Chromium or Chrome that is installed]
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::ExecutablePath)]
    browser: Option<PathBuf>,
    /// Where the gateway's clocks and systems can be steered: it is posted advance=SECONDS, systems=down and systems=up
    #[arg(long, value_name = "URL")]
    control: Option<Url>,
    /// How many seconds may really be waited for what clocks show, where nobody can steer them: 901 for codes and tokens,
    /// 3601 for the Whitelist, 86401 for the ZAL
    #[arg(long, value_name = "S", default_value_t = 0)]
    patience: u64,
    /// Make this probe only; may be given several times
    #[arg(long, value_name = "PROBE")]
    only: Vec<String>,
    /// Write the verdicts as JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    json: Option<PathBuf>,
    /// Write them as JUnit's XML
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    junit: Option<PathBuf>,
    /// Write what is broken as SARIF
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    sarif: Option<PathBuf>,
    /// Write a page for people
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    html: Option<PathBuf>,
}

impl Arguments {
    /// Where each form of the report goes, as [`Written::files`] has them.
    fn files(&self) -> [Option<&PathBuf>; 4] {
        [&self.json, &self.junit, &self.sarif, &self.html].map(Option::as_ref)
    }
}

/// Runs the command.
///
/// # Errors
/// An argument is none, the topology says what cannot be, the folder cannot be used, or a port is taken.
pub fn run(role: Role, arguments: &Arguments) -> Outcome {
    if arguments.probes {
        for probe in desk::check::probes(role) {
            let rules: Vec<&str> = probe.rules.iter().map(|rule| rule.name()).collect();
            let rules = if rules.is_empty() { "-".to_owned() } else { rules.join(",") };
            commands::print(&format!("{} {rules}\n", probe.name))?;
        }
        return Ok(Ending::Done);
    }
    for path in arguments.files().into_iter().flatten() {
        commands::see_that_it_can_be_written(path)?;
    }
    interrupt::catch()?;
    let bar = commands::progress_bar(0, "{msg:32}")?;
    let next = |probe: &str, place: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(place as u64);
        bar.set_message(probe.to_owned());
    };
    let ended = match &arguments.twin {
        Some(dir) => {
            let words = Cell::new(0);
            let say = |now: &CheckNow| {
                for word in now.words.iter().skip(words.get()) {
                    bar.suspend(|| commands::say(word));
                }
                words.set(now.words.len());
                if let Some(probe) = &now.probe {
                    next(probe, now.place, now.of);
                }
                !interrupt::asked()
            };
            beside::check(dir, &asked(role, arguments)?, &say)?
        }
        None => {
            let order = order(role, arguments)?;
            let say = |what: Told<'_>| {
                match what {
                    Told::Word(word) => bar.suspend(|| commands::say(word)),
                    Told::Waiting => {}
                    Told::Probe(Next { probe, place, of }) => next(probe, place, of),
                }
                !interrupt::asked()
            };
            CheckEnded::Verdicts(Box::new(Written::of(&gateway::check(&order, &say)?)))
        }
    };
    bar.finish_and_clear();
    let written = match ended {
        CheckEnded::Verdicts(written) => written,
        CheckEnded::CouldNotTest(why) => return could_not(&why),
    };
    commands::print(&written.text)?;
    for (path, text) in arguments.files().into_iter().zip(written.files()) {
        if let Some(path) = path {
            twin::open::whole(path, text.as_bytes()).map_err(told)?;
        }
    }
    if interrupt::asked() {
        return Ok(Ending::Interrupted);
    }
    if let Some(why) = &written.untested {
        return could_not(why);
    }
    Ok(if written.is_broken { Ending::CheckFailed } else { Ending::Done })
}

fn could_not(why: &str) -> Outcome {
    commands::say(&format!("could not test: {why}"));
    Ok(Ending::CouldNotTest)
}

/// Probes that there are, of those that are named.
fn only(role: Role, arguments: &Arguments) -> Result<Vec<String>, Problem> {
    gateway::are_probes("--only", role, &arguments.only)?;
    Ok(arguments.only.clone())
}

/// Where clocks are steered, if that is said.
fn control(arguments: &Arguments) -> Result<Option<Url>, Problem> {
    gateway::control_is_plain("--control", arguments.control.as_ref())?;
    Ok(arguments.control.clone())
}

/// The program of a browser, if one is named, which must be there.
fn browser(arguments: &Arguments) -> Result<Option<PathBuf>, Problem> {
    let Some(path) = &arguments.browser else { return Ok(None) };
    match desk::chromium::find(Some(path)) {
        Ok(path) => Ok(Some(path)),
        Err(why) => Err(Place::whole("--browser").problem(why)),
    }
}

/// What is asked of a twin that runs already.
fn asked(role: Role, arguments: &Arguments) -> Result<CheckOrder, Problem> {
    let recipe =
        arguments.recipe.as_deref().map(|path| commands::recipe(path).map(|(text, _)| text));
    Ok(CheckOrder {
        role: role.name().to_owned(),
        only: only(role, arguments)?,
        control: control(arguments)?.map(String::from),
        recipe: recipe.transpose()?,
        patience_s: arguments.patience,
        wait_s: arguments.network.wait,
        command: command(role, arguments),
    })
}

fn order(role: Role, arguments: &Arguments) -> Result<Order, Problem> {
    let set = arguments.set.iter().map(|text| Override::parse_set(text));
    let recipe =
        arguments.recipe.as_deref().map(|path| commands::recipe(path).map(|(_, recipe)| recipe));
    Ok(Order {
        plan: Plan {
            role,
            wait: Duration::from_secs(arguments.network.wait),
            told: OfGateway {
                recipe: recipe.transpose()?.unwrap_or_default(),
                control: control(arguments)?,
                patience: Duration::from_secs(arguments.patience),
                browser: browser(arguments)?,
            },
            only: only(role, arguments)?,
            command: command(role, arguments),
        },
        host: arguments.host.as_deref().map(address).transpose()?,
        deviant: arguments.deviant.clone(),
        topology: arguments.topology.clone(),
        set: set.collect::<Result<_, _>>()?,
        dir: arguments.network.dir.clone(),
        listen: arguments.network.listen,
        port: arguments.network.port,
    })
}

/// The command that asks for the same, but for probes and files.
fn command(role: Role, arguments: &Arguments) -> String {
    let mut words = vec!["stelsel".to_owned(), "check".to_owned(), role.name().to_owned()];
    let mut flag = |name: &str, value: Option<String>| {
        words.extend(value.into_iter().flat_map(|value| [name.to_owned(), shell_word(&value)]));
    };
    let path = |path: &PathBuf| path.display().to_string();
    let unusual = |value: String, usual: &str| (value != usual).then_some(value);
    flag("--host", arguments.host.clone());
    flag("--twin", arguments.twin.as_ref().map(path));
    flag("--deviant", arguments.deviant.clone());
    flag("--dir", unusual(path(&arguments.network.dir), "desk"));
    flag("--listen", unusual(arguments.network.listen.to_string(), &LOOPBACK.to_string()));
    flag("--port", unusual(arguments.network.port.to_string(), "8443"));
    flag("--topology", arguments.topology.as_ref().map(path));
    for set in &arguments.set {
        flag("--set", Some(set.clone()));
    }
    flag("--recipe", arguments.recipe.as_ref().map(path));
    flag("--browser", arguments.browser.as_ref().map(path));
    flag("--control", arguments.control.as_ref().map(Url::to_string));
    flag("--patience", unusual(arguments.patience.to_string(), "0"));
    if arguments.own {
        words.insert(3, "--self".to_owned());
    }
    words.join(" ")
}

fn address(text: &str) -> Result<SocketAddr, Problem> {
    commands::resolved(text).map_err(|error| {
        let expected = "a host and a port, such as 127.0.0.1:9444";
        Place::whole("--host").expected(expected, format!("`{text}`: {error}"))
    })
}
