//! The commands of the command line: one module each.
//!
//! Each reads its arguments, does its work by the other modules and says how the program ends. Errors are
//! [`Problems`], which `main` prints.

pub mod calibrate;
pub mod capacity;
pub mod chaos;
pub mod check;
pub mod compare;
pub(crate) mod interrupt;
pub mod load;
pub mod merge;
pub mod pki;
pub mod report;
pub mod rules;
pub mod run;
pub mod schema;
pub mod sweep;
pub mod topology;
pub mod trace;
pub mod twin;
pub mod validate;

use std::{
    fs,
    io::{IsTerminal as _, Write as _},
    net::{IpAddr, SocketAddr, ToSocketAddrs as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, ValueHint};
use desk::recipe::Recipe;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    guest::LOOPBACK,
    problem::{Place, Problem, Problems},
};

/// The network beside a gateway that somebody else plays, which is opened for it.
#[derive(Args, Debug)]
#[group(skip)]
pub(crate) struct Network {
    /// The folder of the network: certificates, keys, what the gateway needs
    #[arg(long, value_name = "DIR", default_value = "desk", value_hint = ValueHint::DirPath)]
    pub dir: PathBuf,
    /// The port of the network; what has no TLS has the next. 0 takes two that are free
    #[arg(long, value_name = "P", default_value_t = 8443)]
    pub port: u16,
    /// The address on which the network listens, which the gateway must be able to reach
    #[arg(long, value_name = "IP", default_value_t = LOOPBACK)]
    pub listen: IpAddr,
    /// How many seconds the gateway may take to answer at all
    #[arg(long, value_name = "S", default_value_t = 20, value_parser = clap::value_parser!(u64).range(..=86_400))]
    pub wait: u64,
}

/// How a command ended well enough to have a result (semantics 12). Bad input is [`Problems`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// Done: 0.
    Done,
    /// A check failed or a rule broke: 1.
    CheckFailed,
    /// An expectation is not met, or a set is incomplete: 3.
    Unmet,
    /// What was to be tested could not be: 4.
    CouldNotTest,
    /// Interrupted; what was finished is kept: 130.
    Interrupted,
}

/// What a command gives.
pub type Outcome = Result<Ending, Problems>;

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Done => 0,
            Ending::CheckFailed => 1,
            Ending::Unmet => 3,
            Ending::CouldNotTest => 4,
            Ending::Interrupted => 130,
        })
    }
}

/// Prints a text on standard output.
fn print(text: &str) -> Result<(), Problem> {
    let mut to = std::io::stdout().lock();
    to.write_all(text.as_bytes())
        .and_then(|()| to.flush())
        .map_err(|error| Place::whole("standard output").problem(format!("cannot write: {error}")))
}

/// Says something to whoever sits at the terminal.
fn say(text: &str) {
    // If standard error is gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A progress bar of so many steps on standard error; hidden if that is no terminal. `before` is what stands before
/// the bar, in the words of `indicatif`.
fn progress_bar(steps: u64, before: &str) -> Result<ProgressBar, Problem> {
    let bar = ProgressBar::new(steps);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template(&format!(
        "{before} [{{bar:32}}] {{percent:>3}} % {{eta}} left"
    ))
    .map_err(|error| Place::whole("progress bar").problem(error.to_string()))?;
    bar.set_style(style.progress_chars("=> "));
    Ok(bar)
}

/// Where `host:port` is.
///
/// # Errors
/// Nowhere: why.
pub(crate) fn resolved(address: &str) -> Result<SocketAddr, String> {
    let mut all = address.to_socket_addrs().map_err(|error| error.to_string())?;
    all.next().ok_or_else(|| "no address".to_owned())
}

/// The text of a recipe, and what it says.
pub(crate) fn recipe(path: &Path) -> Result<(String, Recipe), Problem> {
    let place = Place::whole(path.to_string_lossy());
    let text =
        fs::read_to_string(path).map_err(|error| place.problem(format!("cannot read: {error}")))?;
    match Recipe::read(&text) {
        Ok(recipe) => Ok((text, recipe)),
        Err(bad) => Err(Place { line: bad.line, ..place }.problem(bad.text)),
    }
}

/// Sees that a file or folder can be made there, before anything takes time; makes the folders in which it is to be.
pub(crate) fn see_that_it_can_be_written(path: &Path) -> Result<(), Problem> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let tried = fs::create_dir_all(dir).and_then(|()| tempfile::NamedTempFile::new_in(dir));
    tried.map(drop).map_err(|error| {
        Place::whole(path.display().to_string()).problem(format!("cannot be written: {error}"))
    })
}

/// Has this process hold as many sockets at once as the system lets it: the usual limit is for programs that need a few.
pub(crate) fn hold_many_sockets() {
    // Where it cannot be raised, connections that are not opened for it are counted.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
}
