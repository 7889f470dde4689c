//! `cargo xtask tidy`, `cargo xtask rules [--write]` and `cargo xtask bench phold`.

use std::{fs, process::ExitCode};

use xtask::{bench, rules, source::root, tidy};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["tidy"] => tidy::check(),
        ["rules"] => compare_rules(),
        ["rules", "--write"] => write_rules(),
        ["bench", "phold"] => {
            bench::phold();
            Ok(Vec::new())
        }
        _ => Err("usage: cargo xtask tidy | rules [--write] | bench phold".into()),
    };
    match outcome {
        Ok(breaches) if breaches.is_empty() => ExitCode::SUCCESS,
        Ok(breaches) => {
            breaches.iter().for_each(|breach| eprintln!("{breach}"));
            eprintln!("{} found", breaches.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn compare_rules() -> Result<Vec<String>, String> {
    let guards = rules::guards().map_err(|error| format!("cannot read the workspace: {error}"))?;
    let mut breaches = rules::breaches(&guards);
    let committed = fs::read_to_string(root().join("RULES.md")).unwrap_or_default();
    if committed != rules::snapshot(&guards) {
        breaches
            .push("RULES.md is not what the source has: run `cargo xtask rules --write`".into());
    }
    Ok(breaches)
}

fn write_rules() -> Result<Vec<String>, String> {
    let guards = rules::guards().map_err(|error| format!("cannot read the workspace: {error}"))?;
    fs::write(root().join("RULES.md"), rules::snapshot(&guards))
        .map_err(|error| format!("cannot write RULES.md: {error}"))?;
    Ok(rules::breaches(&guards))
}
