//! Flows from their events: outcomes, causes, steps, and where the time goes.

mod script;

use script::*;
use watch::statistics::{FlowsKept, Settings, Statistics};

fn statistics() -> Statistics {
    let settings =
        Settings { flows_kept: FlowsKept::All, ..Settings::new(window(0.0, 1_000.0), 1, 0) };
    Statistics::new(directory(), settings)
}

#[test]
fn try_it() {
    let mut s = statistics();
    let mut a = Script::flow(0, at(1.0));
    a.verzamelen(5, 3);
    let spent = a.spent;
    println!("{} events", a.events.len());
    play(&mut s, [a]);
    let r = s.finish();
    println!("{:#?} {:?}", r.flows, spent);
    for s in &r.steps {
        println!("{:?}", s.time);
    }
    println!("{:?}", r.conservation);
    for h in &r.hosts {
        println!("{:?}", h);
    }
}
