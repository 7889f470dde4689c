//! Benches that hold two things side by side, so that their ratio means something on a shared machine.
//!
//! Rounds alternate, and the median of the rounds' ratios is what counts.

use crate::phold::{self, Speed};

/// PHOLD: the event queue, and stations, against a plain binary heap.
pub fn phold() {
    for entities in [10_000, 1_000_000] {
        let events = if entities == 10_000 { 4_000_000 } else { 3_000_000 };
        let seconds = if entities == 10_000 { 150 } else { 2 };
        let rounds = 7;
        println!("PHOLD, {entities} entities, {rounds} rounds side by side");
        let heap = || phold::binary_heap(entities, events);
        compare("event queue", rounds, heap, || phold::event_queue(entities, events));
        compare("stations, links, contract", rounds, heap, || phold::stations(entities, seconds));
    }
    nexosim();
}

#[cfg(feature = "nexosim")]
fn nexosim() {
    println!("PHOLD, 10000 entities, against NeXosim 1.0 on one thread");
    let nexosim = || phold::nexosim_model::run(10_000, 10);
    compare("stations, links, contract", 3, nexosim, || phold::stations(10_000, 150));
}

#[cfg(not(feature = "nexosim"))]
fn nexosim() {
    println!("NeXosim is compared too with `cargo xtask-bench` (feature nexosim)");
}

/// Prints the median speed of both and the median ratio of `other` to `floor`.
fn compare(name: &str, rounds: usize, floor: impl Fn() -> Speed, other: impl Fn() -> Speed) {
    let pairs: Vec<(f64, f64)> =
        (0..rounds).map(|_| (floor().per_second(), other().per_second())).collect();
    let median = |of: &dyn Fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = pairs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    println!(
        "  {name}: {:.2} M events/s against {:.2} M: {:.2} times",
        median(&|pair| pair.1) / 1e6,
        median(&|pair| pair.0) / 1e6,
        median(&|pair| pair.1 / pair.0),
    );
}
