//! `stelsel compare`: what a change made, replication by replication.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{Ending, Outcome};
use crate::{comparison::Comparison, results};

/// Compare two results, pair by pair of replications
///
/// Both must have been run with the same seed: then replication n of the one has the same people, wishes and human
/// times as replication n of the other, and their difference shows what the change did and little else. For every
/// metric and group: the difference, its 95 % interval, and whether it is distinguishable from none; and who is hurt.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel run scenarios/digid-outage.toml --set 'fault=[]' --out results/no-outage
  stelsel run scenarios/digid-outage.toml
  stelsel compare results/no-outage results/digid-outage")]
pub struct Arguments {
    /// Results of the first side, the baseline
    #[arg(value_name = "A", value_hint = ValueHint::DirPath)]
    pub before: PathBuf,
    /// Results of the second side
    #[arg(value_name = "B", value_hint = ValueHint::DirPath)]
    pub after: PathBuf,
    /// Compare different scenarios
    #[arg(long)]
    pub across: bool,
    /// Where the comparison goes, in place of results/A-beside-B/
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Print the comparison as JSON
    #[arg(long)]
    pub json: bool,
    /// Print nothing but errors
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// A folder cannot be read, the two cannot be compared, or the comparison cannot be written.
pub fn run(arguments: &Arguments) -> Outcome {
    let comparison = Comparison::open(&arguments.before, &arguments.after, arguments.across)?;
    let dir = arguments.out.clone().unwrap_or_else(|| {
        let [before, after] = &comparison.names;
        PathBuf::from("results").join(format!("{before}-beside-{after}"))
    });
    comparison.write(&dir)?;
    if arguments.quiet {
        return Ok(Ending::Done);
    }
    let text = match arguments.json {
        true => format!("{:#}\n", comparison.json()),
        false => format!("{}\nComparison: {}\n", told(&comparison), dir.display()),
    };
    super::print(&text)?;
    Ok(Ending::Done)
}

/// The answer, for a terminal.
fn told(comparison: &Comparison) -> String {
    let [before, after] = &comparison.names;
    let mut text =
        format!("{after} beside {before}, {} pairs of replications\n\n", comparison.pairs());
    for sentence in comparison.sentences() {
        text.push_str(&results::wrapped(&sentence, ""));
    }
    for (kind, what) in [
        ("pgo", "PGO"),
        ("gateway", "ZA gateway"),
        ("provider_type", "type of Zorgaanbieder"),
        ("service", "Gegevensdienst"),
        ("list_age", "age of the ZAL held"),
    ] {
        let hurt = comparison.hurt(kind);
        let surely =
            |one: &&crate::comparison::Hurt| one.interval.is_some_and(|(low, _)| low > 0.0);
        let worst: Vec<String> = hurt
            .iter()
            .filter(surely)
            .take(3)
            .map(|one| {
                format!("{} ({:.1} points, {:.0} wishes)", one.group, one.share * 100.0, one.wishes)
            })
            .collect();
        if hurt.len() > 1 && !worst.is_empty() {
            text.push_str(&results::wrapped(
                &format!("Hurt most by {what}: {}", worst.join(", ")),
                "",
            ));
        }
    }
    text
}
