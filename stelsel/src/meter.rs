//! CPU time of processes and of the machine, as Linux tells it in /proc.
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
    /// Every process of this machine: time in which a core was at work.
    Machine,
}

/// How long a tick is: 100 of them are a second on every Linux, whatever its kernel's own clock (proc(5), USER_HZ).
const TICK: Duration = Duration::from_millis(10);

impl Meter {
    /// The time so far; none where the system does not tell.
    pub fn read(&self) -> Option<Duration> {
        let read = |path: &str| fs::read_to_string(path).ok();
        let ticks = match self {
            Self::Own => ticks(&read("/proc/self/stat")?),
            Self::Process(number) => ticks(&read(&format!("/proc/{number}/stat"))?),
            Self::Machine => ticks_of_machine(&read("/proc/stat")?),
        };
        ticks.map(|ticks| TICK * ticks)
    }
}

/// Ticks of all cores in which they did not idle, from the first line: user, nice, system, idle, iowait, irq, softirq, steal.
fn ticks_of_machine(stat: &str) -> Option<u32> {
    const IDLE: [usize; 2] = [3, 4];
    let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().take(8);
    let at_work = fields.enumerate().filter(|(place, _)| !IDLE.contains(place));
    at_work
        .map(|(_, text)| text.parse::<u32>().ok())
        .try_fold(0_u32, |sum, one| sum.checked_add(one?))
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
        let stat = "cpu  100 1 20 9000 300 4 5 6 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
        assert_eq!(ticks_of_machine(stat), Some(136));
        assert_eq!(ticks_of_machine("cpu"), None);
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
