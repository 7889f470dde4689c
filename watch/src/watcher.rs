//! Whoever watches a run: statistics and, if they are wanted, the checkers of rules, over the same events.
//!
//! Does nothing of its own. A run without checkers is for measuring what they cost.

use std::sync::Arc;

use protocol::{
    id::HostId,
    trace::{Event, Sink, Stamp},
};

use crate::{
    directory::Directory,
    rules::{self, Checkers, Verdict},
    statistics::{Outcome, Replication, Settings, Statistics},
};

/// Statistics and checkers.
#[derive(Debug)]
pub struct Watcher {
    statistics: Statistics,
    checkers: Option<Checkers>,
}

/// What a watcher saw.
#[derive(Clone, Debug)]
pub struct Sight {
    /// What was measured.
    pub replication: Replication,
    /// A verdict on every judged rule; none without checkers.
    pub verdicts: Vec<Verdict>,
}

/// Whether rules are judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Judged {
    /// They are.
    Yes,
    /// They are not.
    No,
}

impl Watcher {
    /// Ready for the first event of a run in this network.
    pub fn new(directory: &Arc<Directory>, settings: Settings, judged: Judged) -> Self {
        let mut watcher = Self::of_strangers(directory, settings, Vec::new());
        if judged == Judged::No {
            watcher.checkers = None;
        }
        watcher
    }

    /// The same where somebody else plays some hosts: these alone are judged, by what crosses their edge. Without any,
    /// all are.
    pub fn of_strangers(
        directory: &Arc<Directory>,
        settings: Settings,
        strangers: Vec<HostId>,
    ) -> Self {
        let replication = settings.replication;
        let checkers = Checkers::new(directory, rules::Settings { replication, strangers });
        Self {
            checkers: Some(checkers),
            statistics: Statistics::new(Arc::clone(directory), settings),
        }
    }

    /// A verdict on every judged rule, as far as the run has come; none without checkers.
    pub fn verdicts(&self) -> Vec<Verdict> {
        self.checkers.as_ref().map(Checkers::verdicts).unwrap_or_default()
    }

    /// How the flow that the last event ended came to its end; none if it ended none.
    pub fn last_end(&self) -> Option<Outcome> {
        self.statistics.last_end()
    }

    /// The run is over.
    pub fn finish(self) -> Sight {
        Sight {
            replication: self.statistics.finish(),
            verdicts: self.checkers.map(Checkers::finish).unwrap_or_default(),
        }
    }
}

impl Sink for Watcher {
    #[inline]
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        self.statistics.event(stamp, &event);
        if let Some(checkers) = &mut self.checkers {
            checkers.event(stamp, &event);
        }
    }
}
