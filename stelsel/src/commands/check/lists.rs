//! `stelsel check lists`.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use clap::{Args, ValueHint};
use serde_json::json;

use crate::{
    check::{
        Verdict,
        lists::{self, Judged},
    },
    commands::{self, Ending, Outcome},
    problem::{Place, Problem},
};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel check lists MedMij_Zorgaanbiederslijst.xml
  stelsel check lists zal.xml whitelist.xml ocl.xml --json")]
pub struct Arguments {
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
    let read =
        arguments.files.iter().map(|file| read(file)).collect::<Result<Vec<_>, Problem>>()?;
    let judged = lists::judge(read)?;
    let text = match arguments.json {
        true => format!("{:#}\n", as_json(&judged)),
        false => as_text(&judged),
    };
    commands::print(&text)?;
    let is_broken = judged.findings.iter().any(|finding| finding.verdict == Verdict::Broken);
    Ok(if is_broken { Ending::CheckFailed } else { Ending::Done })
}

fn read(path: &Path) -> Result<lists::Read, Problem> {
    let place = Place::whole(path.to_string_lossy());
    Ok(lists::read(crate::lists::open(path, &place)?, &place.source))
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
