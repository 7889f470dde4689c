//! When the faults of a run are, as scheduled, and which part of the run a flow belongs to by them.
//!
//! What a fault does shows in events; what it was planned to be does not, so that whoever makes the run says
//! it. Does not look at what becomes of flows (`recovery`).

use protocol::time::Instant;

/// One fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FaultSpan {
    /// When it begins.
    pub begins: Instant,
    /// When it ends; none if it lasts for the rest of the run.
    pub ends: Option<Instant>,
}

/// A part of a run that has faults, told by when a flow started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Phase {
    /// Before the first fault began.
    Before,
    /// From then until the last fault ended.
    During,
    /// From then on.
    After,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];

    /// As groups of figures name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::During => "during",
            Self::After => "after",
        }
    }
}

/// The phases of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Phases {
    /// When the first fault begins.
    pub begin: Instant,
    /// When the last one ends; [`Instant::NEVER`] if one lasts for the rest of the run.
    pub end: Instant,
}

impl Phases {
    /// The phases that these faults make; none without faults.
    pub fn of(faults: &[FaultSpan]) -> Option<Self> {
        let begin = faults.iter().map(|fault| fault.begins).min()?;
        let end = faults.iter().map(|fault| fault.ends.unwrap_or(Instant::NEVER)).max()?;
        Some(Self { begin, end })
    }

    /// The phase of a flow that started then.
    pub fn at(&self, started: Instant) -> Phase {
        if started < self.begin {
            Phase::Before
        } else if started < self.end {
            Phase::During
        } else {
            Phase::After
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::time::Duration;

    #[test]
    fn a_run_is_before_its_first_fault_until_it_begins_and_after_its_last_once_it_has_ended() {
        let at = |seconds| Instant::START + Duration::from_secs(seconds);
        let fault =
            |begins, ends: Option<u64>| FaultSpan { begins: at(begins), ends: ends.map(at) };
        assert_eq!(Phases::of(&[]), None);
        let phases = Phases::of(&[fault(20, Some(25)), fault(10, Some(12))]).unwrap();
        let names = [9, 10, 15, 24, 25].map(|seconds| phases.at(at(seconds)).name());
        assert_eq!(names, ["before", "during", "during", "during", "after"]);
        let endless = Phases::of(&[fault(10, Some(12)), fault(11, None)]).unwrap();
        assert_eq!(endless.at(at(1 << 30)), Phase::During);
    }
}
