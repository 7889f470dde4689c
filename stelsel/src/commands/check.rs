//! `stelsel check`: what others made, held against the rules.

mod gateway;
mod lists;

use clap::{Args, Subcommand};
use protocol::role::Role;

use super::Outcome;

/// Hold what others made against the rules
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// A care provider's gateway: which rules it keeps, with what shows it
    ///
    /// Opens a network in which the gateway plays `za-1`, drives the other side of every flow, by peers that keep the rules
    /// and by peers that do not, and gives a verdict on every rule: kept, broken, not reached, or not observable from
    /// outside. What the gateway needs to take part (certificates, keys, lists, DigiD's metadata) is put into
    /// DIR/external/za-1 at the start, and stays the same from one check to the next.
    Za(Box<gateway::Arguments>),
    /// A PGO's gateway: which rules it keeps, with what shows it
    ///
    /// As `check za`, for a gateway that plays `pgo-1`: people come to its pages, choose and collect from care providers
    /// that keep the rules and from some that do not.
    Pgo(Box<gateway::Arguments>),
    /// Lists: schema, metamodel and naming policy, line by line
    ///
    /// Any of the four lists, of each kind one at most; which it is follows from the file. What is between lists is looked
    /// at where both are given: hostnames of the ZAL and of clients must be on the Whitelist, and Gegevensdiensten on the
    /// Gegevensdienstnamenlijst. Ends with 1 if a rule is broken.
    Lists(lists::Arguments),
}

/// Runs the command.
///
/// # Errors
/// As of each.
pub fn run(arguments: &Arguments) -> Outcome {
    match &arguments.what {
        What::Za(arguments) => gateway::run(Role::Za, arguments),
        What::Pgo(arguments) => gateway::run(Role::Pgo, arguments),
        What::Lists(arguments) => lists::run(arguments),
    }
}
