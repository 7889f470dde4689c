//! `stelsel check`: what others made, held against the rules.

use std::{
    fmt::Write as _,
    fs::File,
    io::{BufReader, Read as _},
    path::PathBuf,
};

use clap::{Args, Subcommand, ValueHint};
use serde_json::json;

use super::{Ending, Outcome};
use crate::{
    check::{
        Verdict,
        lists::{self, Judged},
    },
    problem::{Place, Problem},
};

/// Hold what others made against the rules
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Lists: schema, metamodel and naming policy, line by line
    ///
    /// Any of the four lists, of each kind one at most; which it is follows from the file. What is between lists is looked
    /// at where both are given: hostnames of the ZAL and of clients must be on the Whitelist, and Gegevensdiensten on the
    /// Gegevensdienstnamenlijst. Ends with 1 if a rule is broken.
    Lists(Lists),
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel check lists MedMij_Zorgaanbiederslijst.xml
  stelsel check lists zal.xml whitelist.xml ocl.xml --json")]
struct Lists {
    /// The lists
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// A file cannot be read, or two are of the same kind.
pub fn run(arguments: &Arguments) -> Outcome {
    let What::Lists(arguments) = &arguments.what;
    let read = arguments.files.iter().map(read).collect::<Result<Vec<_>, Problem>>()?;
    let judged = lists::judge(read)?;
    let text = match arguments.json {
        true => format!("{:#}\n", as_json(&judged)),
        false => as_text(&judged),
    };
    super::print(&text)?;
    let is_broken = judged.findings.iter().any(|finding| finding.verdict == Verdict::Broken);
    Ok(if is_broken { Ending::CheckFailed } else { Ending::Done })
}

fn read(path: &PathBuf) -> Result<lists::Read, Problem> {
    let name = path.display().to_string();
    let cannot =
        |error: std::io::Error| Place::whole(name.clone()).problem(format!("cannot read: {error}"));
    let file = File::open(path).map_err(cannot)?;
    if file.metadata().map_err(cannot)?.is_dir() {
        return Err(Place::whole(name.clone()).expected("a list, which is a file", "a folder"));
    }
    // What goes on for longer is cut off, which is a fault of the XML.
    let bytes = BufReader::with_capacity(1 << 16, file.take(crate::lists::LARGEST));
    Ok(lists::read(bytes, &name))
}

fn as_text(judged: &Judged) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for list in &judged.lists {
        let _ = writeln!(text, "{list}");
    }
    for finding in &judged.findings {
        let verdict = finding.verdict.name();
        let _ = writeln!(text, "{}: {verdict}: {} ({})", finding.place, finding.text, finding.rule);
    }
    for (kind, count) in &judged.more {
        let _ = writeln!(text, "and {count} more {kind}");
    }
    let count = |verdict: Verdict| {
        judged.findings.iter().filter(|finding| finding.verdict == verdict).count()
    };
    let _ = writeln!(
        text,
        "\n{} broken, {} to look at. Not to be seen from lists:",
        count(Verdict::Broken),
        count(Verdict::Look)
    );
    for unseen in lists::NOT_TO_BE_SEEN {
        let _ = writeln!(text, "- {unseen}");
    }
    text
}

fn as_json(judged: &Judged) -> serde_json::Value {
    json!({
        "lists": judged.lists,
        "findings": judged.findings,
        "more": judged.more,
        "not_to_be_seen": lists::NOT_TO_BE_SEEN,
    })
}
