//! CPU time of processes, as Linux tells it in /proc.
//!
//! Where the system tells nothing there is nothing: figures that need it say so.

use std::{fs, time::Duration};

/// Whose time is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meter {
    /// This process.
    Own,
    /// Another process, by its number.
    Process(u32),
}

/// How long a tick is: 100 of them are a second on every Linux, whatever its kernel's own clock (proc(5), USER_HZ).
const TICK: Duration = Duration::from_millis(10);

impl Meter {
    /// The time so far; none where the system does not tell.
    pub fn read(&self) -> Option<Duration> {
        let stat = match self {
            Self::Own => fs::read_to_string("/proc/self/stat"),
            Self::Process(number) => fs::read_to_string(format!("/proc/{number}/stat")),
        };
        ticks(&stat.ok()?).map(|ticks| TICK * ticks)
    }
}

/// Ticks in user and in kernel mode: fields 14 and 15, counted from behind the name, in which anything may stand.
fn ticks(stat: &str) -> Option<u32> {
    let (_, behind) = stat.rsplit_once(')')?;
    let mut fields = behind.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u32>().ok();
    next()?.checked_add(next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 3 4 20 0 9 0 100 1 1";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(ticks("7 (a) S 1"), None);
        assert_eq!(ticks(""), None);
    }

    #[test]
    fn the_time_of_a_process_that_works_grows() {
        let Some(before) = Meter::Own.read() else {
            // Another system.
            return;
        };
        // Some seconds at most, on any machine.
        for round in 0..10_000_000_u64 {
            std::hint::black_box((0..1_000).fold(round, |sum, n| std::hint::black_box(sum ^ n)));
            if Meter::Own.read().unwrap() > before {
                break;
            }
        }
        assert!(Meter::Own.read().unwrap() > before);
        assert!(Meter::Process(std::process::id()).read().unwrap() > before);
    }

    #[test]
    fn a_process_that_is_not_there_has_no_time() {
        assert_eq!(Meter::Process(u32::MAX).read(), None);
    }
}
