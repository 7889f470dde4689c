//! What befalls hosts, links and names from outside, and when.
//!
//! Faults come by this door only; no actor knows of them. Overlapping faults add up and end apart. Does not
//! read scenarios (`stelsel` does) and draws nothing: a schedule is given whole.

use crate::{
    id::{HostId, NameId},
    message::Request,
    time::{Instant, WallTime},
};

use super::link::LinkFault;

/// One thing that happens at one moment.
#[derive(Clone, Debug)]
pub struct Scheduled {
    /// When.
    pub at: Instant,
    /// What.
    pub what: Happening,
}

/// What can happen from outside. Where a fault begins and ends, both name its `fault` number.
#[derive(Clone, Debug)]
pub enum Happening {
    /// The host refuses connections and keeps its state.
    Down(HostId),
    /// A `Down` ends.
    Up(HostId),
    /// The host loses its queue, its unsent messages, its timers and all that is not durable, and stands
    /// still until its restart.
    Crash(HostId),
    /// A crashed host starts again, from what is durable.
    Restart(HostId),
    /// Services freeze.
    Pause(HostId),
    /// A `Pause` ends.
    Resume(HostId),
    /// Services that begin meanwhile cost this many times as much; none ends it.
    Slow {
        /// Which.
        host: HostId,
        /// Which fault.
        fault: usize,
        /// How many times.
        factor: Option<f64>,
    },
    /// The calendar clock jumps by so many nanoseconds. Its end jumps back.
    Skew(HostId, i64),
    /// Both clocks run this much too fast, 200e-6 for 200 ppm; none ends it.
    Drift {
        /// Which.
        host: HostId,
        /// Which fault.
        fault: usize,
        /// How much.
        drift: Option<f64>,
    },
    /// The certificates of the host end at that time.
    CertificateEnds(HostId, WallTime),
    /// Links fail.
    LinkFails {
        /// Which fault.
        fault: usize,
        /// How.
        link: LinkFault,
    },
    /// A `LinkFails` ends.
    LinkHeals {
        /// Which fault.
        fault: usize,
    },
    /// An operator at the host's console says this.
    Tell(HostId, Request),
    /// The name leads there from now on, or nowhere.
    MoveName(NameId, Option<HostId>),
}

impl Happening {
    /// The host that it befalls; none if it befalls none, or is said to one.
    pub const fn befalls(&self) -> Option<HostId> {
        match self {
            Self::Down(host)
            | Self::Up(host)
            | Self::Crash(host)
            | Self::Restart(host)
            | Self::Pause(host)
            | Self::Resume(host)
            | Self::Slow { host, .. }
            | Self::Skew(host, _)
            | Self::Drift { host, .. }
            | Self::CertificateEnds(host, _) => Some(*host),
            Self::LinkFails { .. }
            | Self::LinkHeals { .. }
            | Self::Tell(..)
            | Self::MoveName(..) => None,
        }
    }
}
