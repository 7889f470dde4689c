//! How far failures reached: how many persons, Zorgaanbieders and gateways had a flow that failed for a
//! technical cause, and which party met each failure first.
//!
//! A technical cause is one that neither the person decided nor the data ([`super::cause::Why::is_technical`]); a flow that
//! was not completed without any failure in it has none. By evidence: whoever asked in an exchange that
//! failed, or refused, or got the answer that the flow broke off over, met it. Does not say how a flow ended.

use std::collections::BTreeMap;

use protocol::role::Role;

use super::flow::{Flow, Subject};

/// How far failures reached.
#[derive(Clone, Debug, Default)]
pub struct Radius {
    /// Persons.
    pub people: Distinct,
    /// Zorgaanbieders.
    pub zorgaanbieders: Distinct,
    /// PGOs, by place.
    pub pgos: Distinct,
    /// ZA gateways, by place.
    pub gateways: Distinct,
    /// Flows, by the role of who met the failure first.
    pub noticed: [u64; Role::ALL.len()],
}

impl Radius {
    /// A flow of the cohort was not completed.
    pub fn failed(&mut self, flow: &Flow) {
        if !flow.cause.is_some_and(|cause| cause.why.is_technical()) {
            return;
        }
        let subject = flow.subject();
        if let Some(person) = flow.person() {
            self.people.add(person.0);
        }
        self.zorgaanbieders.add(subject.zorgaanbieder.0);
        for (place, gateways) in [(subject.pgo, &mut self.pgos), (subject.za, &mut self.gateways)] {
            if place != Subject::NONE {
                gateways.add(place.into());
            }
        }
        self.noticed[flow.noticed_by() as usize] += 1;
    }
}

/// How many different numbers there were: a bit for each, in pages that exist once a number falls in them.
#[derive(Clone, Debug, Default)]
pub struct Distinct {
    pages: BTreeMap<u32, [u64; 16]>,
    count: u64,
}

impl Distinct {
    /// There was this one.
    pub fn add(&mut self, number: u32) {
        let page = self.pages.entry(number >> 10).or_default();
        let (word, bit) = (&mut page[number as usize >> 6 & 15], 1 << (number & 63));
        self.count += u64::from(*word & bit == 0);
        *word |= bit;
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn a_number_counts_once_however_often_it_comes(
            numbers in proptest::collection::vec(prop_oneof![0u32..3_000, any::<u32>()], 0..300),
        ) {
            let mut distinct = Distinct::default();
            for number in &numbers {
                distinct.add(*number);
                distinct.add(*number);
            }
            let expected: BTreeSet<_> = numbers.iter().collect();
            prop_assert_eq!(distinct.count(), expected.len() as u64);
        }
    }
}
