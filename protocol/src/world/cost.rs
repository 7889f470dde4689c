//! What work costs: a table of distributions by class of host and kind of work.
//!
//! Does not know what the work is for. Where a cost comes from (a file, a calibration) is its maker's
//! affair.

use crate::{contract::Work, distribution::Distribution, draw::Words, time::Duration};

/// Hosts whose work costs alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CostClass(pub u8);

/// Costs of all classes.
#[derive(Clone, Debug, Default)]
pub struct Costs {
    classes: Vec<[Option<Cost>; Work::ALL.len()]>,
}

/// What one kind of work costs at one class of host.
#[derive(Clone, PartialEq, Debug)]
pub struct Cost {
    /// Seconds, whatever the size of what is sent.
    pub base: Distribution,
    /// More, for each megabyte (10⁶ bytes) of what is sent.
    pub per_megabyte: Duration,
}

impl Cost {
    /// What it costs this time, when so many bytes that vary are sent.
    #[inline]
    pub fn draw(&self, bytes: u64, words: &mut Words) -> Duration {
        let base = self.base.duration(words);
        match self.per_megabyte.is_zero() {
            true => base,
            false => base + self.per_megabyte.mul_f64(bytes as f64 / 1e6),
        }
    }
}

impl Costs {
    /// Adds a class; `cost` says what each work costs there, none for nothing.
    pub fn add(&mut self, cost: impl FnMut(Work) -> Option<Cost>) -> CostClass {
        self.classes.push(Work::ALL.map(cost));
        CostClass(self.classes.len() as u8 - 1)
    }

    /// What a work costs at a class of hosts; none for nothing.
    pub fn of(&self, class: CostClass, work: Work) -> Option<&Cost> {
        self.classes.get(usize::from(class.0))?[work as usize].as_ref()
    }
}
