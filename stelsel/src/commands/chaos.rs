//! `stelsel chaos`: random schedules of faults, each judged; and what broke, as small scenario files.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::json;

use super::{Ending, Outcome, interrupt};
use crate::{
    chaos::{Arena, Bag, Hunt, Progress, keep::Folder, oracle::Look, planted},
    problem::{Problem, Problems},
};

/// Loose random faults on a network, and keep what breaks a rule
///
/// Each schedule has 1 to 8 faults of hosts and links in 20 minutes of the topology at half its capacity (never more
/// than 300 people, evenly or all at once), and changes of the register now and then; then 10 quiet minutes. It must
/// break no safety rule, account for every flow, exchange and job, and leave no flow running and no host silent. What
/// breaks is made as small as it gets and kept as a scenario file, one for each thing that broke.
///
/// Schedules are a function of --seed and their number alone. Where the topology has nobody under the age limit, one
/// in twenty is.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  stelsel chaos topologies/beta-2018.toml
  stelsel chaos topologies/beta-2018.toml --schedules 20000 --coverage
  stelsel chaos topologies/beta-2018.toml --deviant code-honoured-twice --schedules 500

Exit status: 0 nothing broke, 1 something did, 2 bad input, 130 interrupted
(what was found is kept).")]
pub struct Arguments {
    /// The topology file
    #[arg(value_name = "TOPOLOGY", value_hint = ValueHint::FilePath)]
    pub topology: PathBuf,
    /// How many schedules
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub schedules: u32,
    /// Key of all schedules
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Where files are kept
    #[arg(long, value_name = "DIR", default_value = "results/chaos", value_hint = ValueHint::DirPath)]
    pub out: PathBuf,
    /// Have somebody break this rule in every schedule: a rule, or a deviation by its name
    #[arg(long, value_name = "RULE")]
    pub deviant: Option<String>,
    /// How many schedules run at a time; without it, as many as there are cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Print how often flows were in each step when each kind of fault began at each role
    #[arg(long)]
    pub coverage: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// Print nothing but errors
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// The topology or a flag says what cannot be, or files cannot be kept.
pub fn run(arguments: &Arguments) -> Outcome {
    let planted = match &arguments.deviant {
        Some(name) => planted::find("--deviant", name)?,
        None => Vec::new(),
    };
    let arena = Arena::read(arguments.topology.clone())?;
    let folder = Folder::open(&arguments.out, &arguments.topology)?;
    let hunt = Hunt {
        schedules: arguments.schedules,
        seed: arguments.seed,
        planted,
        jobs: arguments.jobs.map(usize::from),
        look: if arguments.coverage { Look::AtSteps } else { Look::Away },
    };
    let bar = Bar::new(hunt.schedules, arguments.quiet)?;
    let bag = arena.hunt(&hunt, &bar)?;
    bar.0.finish_and_clear();
    let command = command(arguments);
    let mut files = Vec::new();
    let kept = bag.kept.iter().try_for_each(|kept| {
        files.push(folder.keep(kept, &command)?);
        Ok::<(), Problem>(())
    });
    // What was found is told even where it cannot be kept.
    if !arguments.quiet {
        let text = match arguments.json {
            true => format!("{:#}\n", as_json(arguments, &bag, &files)),
            false => tell(arguments, &bag, &files),
        };
        super::print(&text)?;
    }
    kept?;
    if bag.is_part {
        let (done, asked) = (bag.schedules, arguments.schedules);
        super::say(&format!("interrupted: {done} of {asked} schedules were run"));
        return Ok(Ending::Interrupted);
    }
    Ok(if bag.broken.is_empty() { Ending::Done } else { Ending::CheckFailed })
}

/// What finds the same schedules again.
fn command(arguments: &Arguments) -> String {
    let Arguments { topology, seed, deviant, schedules, .. } = arguments;
    let deviant = deviant.as_ref().map(|name| format!(" --deviant {name}")).unwrap_or_default();
    format!("stelsel chaos {} --seed {seed} --schedules {schedules}{deviant}", topology.display())
}

fn table(rows: &[Vec<String>], header: &[&str], texts: usize) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if !header.is_empty() {
        table.set_header(header);
    }
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(texts) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The answer for a terminal.
fn tell(arguments: &Arguments, bag: &Bag, files: &[PathBuf]) -> String {
    let breaches: u32 = bag.broken.iter().map(|(_, times, _)| times).sum();
    let rows: Vec<Vec<String>> = counts(bag, breaches)
        .into_iter()
        .map(|(what, count)| vec![what.to_owned(), count.to_string()])
        .collect();
    let mut text = table(&rows, &[], 1);
    for (broken, times, first) in &bag.broken {
        text.push_str(&format!(
            "{broken}: broken in {times} of {} schedules, first in {first}\n",
            bag.schedules
        ));
    }
    for (kept, file) in bag.kept.iter().zip(files) {
        text.push_str(&format!(
            "Kept: {} ({}, {} of {} faults and changes left)\n",
            file.display(),
            kept.found.broken,
            kept.schedule.happenings(),
            kept.drawn
        ));
    }
    if arguments.coverage {
        let rows: Vec<Vec<String>> = bag
            .coverage
            .rows()
            .map(|(kind, role, cell)| {
                let names = [kind.to_owned(), role.name().to_owned()];
                names.into_iter().chain(cell.iter().map(u64::to_string)).collect()
            })
            .collect();
        let steps: Vec<String> = (1..=16).map(|step: u8| step.to_string()).collect();
        let header: Vec<&str> =
            ["fault", "at"].into_iter().chain(steps.iter().map(String::as_str)).collect();
        let (empty, all) = bag.coverage.empty();
        text.push_str("\nFlows by the step that they were in when a fault began:\n");
        text.push_str(&table(&rows, &header, 2));
        text.push_str(&format!("{empty} of {all} cells are empty\n"));
    }
    text
}

fn counts(bag: &Bag, breaches: u32) -> [(&'static str, u64); 7] {
    [
        ("schedules", bag.schedules.into()),
        ("faults", bag.faults),
        ("changes of register and lists", bag.changes),
        ("flows", bag.flows),
        ("rules put to the test", bag.evaluated),
        ("breaches", breaches.into()),
        ("files kept", bag.kept.len() as u64),
    ]
}

fn as_json(arguments: &Arguments, bag: &Bag, files: &[PathBuf]) -> serde_json::Value {
    let broken = |(broken, times, first): &(crate::chaos::oracle::Broken, u32, u32)| json!({ "what": broken.to_string(), "schedules": times, "first": first });
    let kept = |(kept, file): (&crate::chaos::Kept, &PathBuf)| {
        json!({
            "file": shown(file),
            "breaks": kept.found.broken.to_string(),
            "evidence": kept.found.evidence,
            "drawn": kept.drawn,
            "left": kept.schedule.happenings(),
        })
    };
    let mut told = json!({
        "seed": arguments.seed,
        "schedules": bag.schedules,
        "faults": bag.faults,
        "changes": bag.changes,
        "flows": bag.flows,
        "evaluated": bag.evaluated,
        "broken": bag.broken.iter().map(broken).collect::<Vec<_>>(),
        "kept": bag.kept.iter().zip(files).map(kept).collect::<Vec<_>>(),
    });
    if arguments.coverage {
        let row = |(kind, role, cell): (
            &str,
            protocol::role::Role,
            &crate::chaos::coverage::Cell,
        )| { json!({ "fault": kind, "at": role.name(), "steps": cell }) };
        told["coverage"] = bag.coverage.rows().map(row).collect();
    }
    told
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A progress bar on standard error, if that is a terminal; and Ctrl-C.
struct Bar(ProgressBar);

impl Bar {
    fn new(schedules: u32, quiet: bool) -> Result<Self, Problems> {
        interrupt::catch()?;
        let bar = super::progress_bar(schedules.into(), "{pos} of {len} schedules {msg}")?;
        if quiet {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Ok(Self(bar))
    }
}

impl Progress for Bar {
    fn finished(&self) {
        self.0.inc(1);
    }

    fn shrinking(&self, number: u32) {
        self.0.set_message(format!("(shrinking {number})"));
    }

    fn stopped(&self) -> bool {
        interrupt::asked()
    }
}

#[cfg(test)]
mod tests {
    use actors::deviant::Deviation;
    use clap::Args as _;
    use protocol::rule;

    use super::*;
    use crate::chaos::{
        Kept, MOST_PEOPLE,
        oracle::{Broken, Found},
    };

    fn arguments() -> Arguments {
        Arguments {
            topology: "topologies/beta-2018.toml".into(),
            schedules: 500,
            seed: 7,
            out: "results/chaos".into(),
            deviant: Some("code-honoured-twice".into()),
            jobs: None,
            coverage: false,
            json: false,
            quiet: false,
        }
    }

    fn bag() -> Bag {
        let topologies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../topologies");
        let arena = Arena::read(topologies.join("minimal.toml")).unwrap();
        let broken = Broken::Rule(rule::CODE_ONCE);
        let found = Found { broken, evidence: "za-1 after 3.000 s".into() };
        let schedule = arena.schedule(7, 4, &[Deviation::CodeHonouredTwice]);
        let kept = vec![Kept { found, schedule, drawn: 9 }];
        Bag { schedules: 500, flows: 9_000, broken: vec![(broken, 12, 4)], kept, ..Bag::default() }
    }

    #[test]
    fn the_answer_says_what_broke_how_often_and_where_it_is_kept() {
        let files = ["results/chaos/chaos-7-4.toml".into()];
        let text = tell(&arguments(), &bag(), &files);
        for line in [
            "flows 9000 ",
            "breaches 12 ",
            "broken in 12 of 500 schedules, first in 4",
            "Kept: results/chaos/chaos-7-4.toml (",
        ] {
            let words: Vec<&str> = text.split_whitespace().collect();
            assert!(words.join(" ").contains(line), "{line} in\n{text}");
        }
        assert!(!text.contains("cells"), "nobody asked for coverage: {text}");
        let covered = Arguments { coverage: true, ..arguments() };
        let text = tell(&covered, &bag(), &files);
        assert!(text.ends_with("1040 of 1040 cells are empty\n"), "{text}");
        let told = as_json(&covered, &bag(), &files);
        assert_eq!(told["broken"][0]["schedules"], 12);
        assert_eq!(told["kept"][0]["file"], "results/chaos/chaos-7-4.toml");
        assert_eq!(told["coverage"].as_array().map(Vec::len), Some(65));
        assert!(as_json(&arguments(), &bag(), &files)["coverage"].is_null());
    }

    #[test]
    fn the_command_in_a_file_finds_the_same_schedules() {
        assert_eq!(
            command(&arguments()),
            "stelsel chaos topologies/beta-2018.toml --seed 7 --schedules 500 --deviant code-honoured-twice"
        );
    }

    #[test]
    fn the_help_says_how_many_people_come() {
        let help = Arguments::augment_args(clap::Command::new("chaos")).render_long_help();
        assert!(help.to_string().contains(&format!("than {MOST_PEOPLE} people")), "{help}");
    }
}
