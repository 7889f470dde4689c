//! The vendor's desk: the other side of every flow, against a gateway that is not ours, and what that shows of each rule.
//!
//! A [`desk::Desk`] stands beside a twin in which somebody else plays one host. It plays people at browsers, PGOs with
//! certificates of the network, and nodes that have none, and has hosts of the twin answer what they should not
//! ([`mischief`]). Its [`probe`]s make a situation each and hold what is seen against the rulebook; [`verdict`] has what
//! came of them. Everything that it says and hears is kept as [`evidence`].
//!
//! Knows nothing of the gateway but its names, its address and, by a [`recipe`], its pages. Writes no reports.

pub mod browser;
pub mod check;
pub mod chromium;
pub mod desk;
pub mod evidence;
mod habits;
pub mod hello;
mod jar;
pub mod ledger;
pub mod line;
mod lists;
pub mod mischief;
mod observe;
pub mod pgo;
pub mod probe;
pub mod recipe;
pub mod stage;
mod tls;
pub mod usher;
pub mod verdict;
pub mod waiting;
mod way;
pub mod za;
