//! Queues and networks of queues whose closed forms are in every textbook.
//!
//! References: L. Kleinrock, *Queueing Systems* I, §3.2 (M/M/1), §3.5 (M/M/1/K), §3.4 (Erlang's C), §5.6 and 5.7
//! (Pollaczek–Khinchine); J. R. Jackson, Operations Research 5 (1957) 518; R. W. Wolff, Operations Research 30
//! (1982) 223 (arrivals see time averages); S. M. Ross, *Stochastic Processes*, §3.4 (alternating renewal).

use protocol::distribution::Distribution;
use watch::statistics::HostRow;

use super::{
    Case, Quantity, Sample,
    toy::{Model, Observed, Outage, Outages, Place},
};

/// How many customers come in a replication of most models.
pub const CUSTOMERS: f64 = 250_000.0;

/// Every case.
pub fn cases(customers: f64) -> Vec<Case> {
    vec![
        mm1(1.0, customers),
        mmc(4, 1.0, 2.0 * customers),
        mg1(customers),
        md1(customers),
        mm1k(customers),
        jackson(customers),
        renewal(customers),
        erlang(2, 0.5, customers),
        erlang(3, 0.8, 2.0 * customers),
        erlang(8, 0.75, 3.0 * customers),
        erlang(16, 0.8, 3.0 * customers),
        backlog(0.5, 100.0, customers),
        backlog(0.7, 20.0, 1.5 * customers),
        backlog(0.7, 100.0, customers),
        backlog(0.8, 60.0, 2.0 * customers),
        backlog(0.3, 300.0, customers),
    ]
}

const fn exp(mean: f64) -> Distribution {
    Distribution::Exp { mean }
}

/// A figure of a station's row. There is none where nothing was served: no interval holds that.
fn of(row: &HostRow, figure: fn(&HostRow) -> Option<f64>) -> Sample {
    Sample::Value(figure(row).unwrap_or(f64::NAN))
}

fn case(
    name: &'static str,
    model: Model,
    quantities: Vec<Quantity>,
    read: impl Fn(&Observed) -> Vec<Sample> + Sync + Send + 'static,
) -> Case {
    Case {
        name,
        quantities,
        run: Box::new(move |seed, replication| read(&model.observe(seed, replication))),
    }
}

/// M/M/1 at 70 %, of which each service takes `longer` times as long as theory is told.
pub fn mm1(longer: f64, customers: f64) -> Case {
    let load = 0.7;
    let model = Model::single(load, Place::new(1, exp(longer)), customers);
    let quantities = vec![
        Quantity::mean("utilisation", "", load),
        Quantity::mean("mean wait", "s", load / (1.0 - load)),
        Quantity::mean("mean number waiting", "", load * load / (1.0 - load)),
        Quantity::tail("95th percentile of the wait", "s", (load / 0.05).ln() / (1.0 - load)),
        Quantity::mean("Little's law, L over λW", "", 1.0),
    ];
    case("M/M/1", model, quantities, |seen| {
        let row = &seen.hosts[0];
        let little = row.little.map_or(f64::NAN, |little| little.waiting / little.rate_times_wait);
        vec![
            of(row, |row| row.utilisation),
            of(row, |row| row.mean_wait),
            of(row, |row| row.mean_queue),
            Sample::Times(seen.waits.clone()),
            Sample::Value(little),
        ]
    })
}

/// Erlang's C: how likely a job has to wait for one of `servers`, of which `load` are busy on average.
fn erlang_c(servers: u32, load: f64) -> f64 {
    // By the recursion of Erlang's B, which loses no digits.
    let blocked = (1..=servers).fold(1.0, |b, n| load * b / (f64::from(n) + load * b));
    let servers = f64::from(servers);
    servers * blocked / (servers - load * (1.0 - blocked))
}

/// M/M/c at 70 %, with `workers` in the station and four in theory, and services as in [`mm1`].
pub fn mmc(workers: u32, longer: f64, customers: f64) -> Case {
    let (servers, load) = (4, 2.8);
    let model = Model::single(load, Place::new(workers, exp(longer)), customers);
    let waits = erlang_c(servers, load);
    let rest = f64::from(servers) - load;
    let quantities = vec![
        Quantity::mean("utilisation", "", load / f64::from(servers)),
        Quantity::mean("mean wait (Erlang C)", "s", waits / rest),
        Quantity::mean("mean number waiting", "", load * waits / rest),
        Quantity::tail("95th percentile of the wait", "s", (waits / 0.05).ln() / rest),
    ];
    case("M/M/4", model, quantities, |seen| {
        let row = &seen.hosts[0];
        vec![
            of(row, |row| row.utilisation),
            of(row, |row| row.mean_wait),
            of(row, |row| row.mean_queue),
            Sample::Times(seen.waits.clone()),
        ]
    })
}

/// The mean wait of M/M/c at other numbers of servers and loads of each.
fn erlang(servers: u32, each: f64, customers: f64) -> Case {
    let load = each * f64::from(servers);
    let model = Model::single(load, Place::new(servers, exp(1.0)), customers);
    let theory = erlang_c(servers, load) / (f64::from(servers) - load);
    let name = format!("mean wait, {servers} servers at {:.0} %", each * 100.0);
    case("Erlang C", model, vec![Quantity::mean(name, "s", theory)], |seen| {
        vec![of(&seen.hosts[0], |row| row.mean_wait)]
    })
}

/// The backlog of an outage: an M/M/1 queue whose server stands still for a while has work V + ρD when it goes on,
/// where V is the work of the stationary queue, ρ/(1 − ρ) on average, and works it off at a rate of 1 − ρ
/// (Kleinrock I, §5.8: the delay cycle).
fn backlog(load: f64, pause: f64, customers: f64) -> Case {
    let theory = (load / (1.0 - load) + load * pause) / (1.0 - load);
    // Long enough to be stationary again.
    let far = 3.0 * (theory + pause);
    let model = Model {
        outages: Some(Outages {
            kind: Outage::Pause,
            up: Distribution::Uniform { a: far, b: 1.5 * far },
            down: Distribution::Fixed(pause),
        }),
        ..Model::single(load, Place::new(1, exp(1.0)), customers)
    };
    let name = format!("time to recover, {pause} s at {:.0} %", load * 100.0);
    case("Backlog of a pause", model, vec![Quantity::mean(name, "s", theory)], |seen| {
        vec![Sample::Value(seen.recovery)]
    })
}

fn mg1(customers: f64) -> Case {
    let (rate, sigma) = (0.6, 0.8_f64);
    let service = Distribution::Lognormal { mu: -sigma * sigma / 2.0, sigma };
    let second_moment = (sigma * sigma).exp();
    let wait = rate * second_moment / (2.0 * (1.0 - rate));
    let model = Model::single(rate, Place::new(1, service), customers);
    let quantities = vec![
        Quantity::mean("mean wait (Pollaczek–Khinchine)", "s", wait),
        Quantity::mean("mean number waiting", "", rate * wait),
    ];
    case("M/G/1, log-normal", model, quantities, |seen| {
        let row = &seen.hosts[0];
        vec![of(row, |row| row.mean_wait), of(row, |row| row.mean_queue)]
    })
}

fn md1(customers: f64) -> Case {
    let load = 0.7;
    let model = Model::single(load, Place::new(1, Distribution::Fixed(1.0)), customers);
    let quantities = vec![
        Quantity::mean("mean wait", "s", load / (2.0 * (1.0 - load))),
        Quantity::mean("mean service", "s", 1.0),
    ];
    case("M/D/1", model, quantities, |seen| {
        let row = &seen.hosts[0];
        vec![of(row, |row| row.mean_wait), of(row, |row| row.mean_service)]
    })
}

fn mm1k(customers: f64) -> Case {
    let (load, room) = (0.9_f64, 4);
    let most = room + 1;
    let blocked = (1.0 - load) * load.powi(most) / (1.0 - load.powi(most + 1));
    let place = Place { room: room as u32, ..Place::new(1, exp(1.0)) };
    let quantities = vec![
        Quantity::mean("share turned away", "", blocked),
        Quantity::mean("utilisation", "", load * (1.0 - blocked)),
    ];
    case("M/M/1/5", Model::single(load, place, customers), quantities, |seen| {
        let row = &seen.hosts[0];
        let share = |row: &HostRow| Some(row.rejected? as f64 / row.arrivals as f64);
        vec![of(row, share), of(row, |row| row.utilisation)]
    })
}

/// Three stations with feedback, links with exponential delays between.
fn jackson(customers: f64) -> Case {
    let rate = 0.5;
    let latency = 0.25;
    let routes = [vec![0.0, 0.5, 0.3], vec![0.4, 0.0, 0.0], vec![0.5, 0.0, 0.0]];
    // How often a customer visits each: the traffic equations of these routes.
    let first = 1.0 / (1.0 - 0.5 * 0.4 - 0.3 * 0.5);
    let visits = [first, 0.5 * first, 0.3 * first];
    let places = [
        Place::new(1, exp(0.6 / (rate * visits[0]))),
        Place::new(1, exp(0.55 / (rate * visits[1]))),
        Place::new(1, exp(0.5 / (rate * visits[2]))),
    ];
    let waiting = |load: f64| load * load / (1.0 - load);
    let at = [waiting(0.6), waiting(0.55), waiting(0.5)];
    let under_way = rate * visits.iter().sum::<f64>() * 2.0 * latency;
    let present = at.iter().sum::<f64>() + 0.6 + 0.55 + 0.5 + under_way;
    let model = Model {
        rate,
        places: places.into(),
        routes: routes.into(),
        latency: exp(latency),
        outages: None,
        customers,
    };
    let quantities = vec![
        Quantity::mean("mean number waiting, station 1", "", at[0]),
        Quantity::mean("mean number waiting, station 2", "", at[1]),
        Quantity::mean("mean number waiting, station 3", "", at[2]),
        Quantity::mean("mean number in it, links included", "", present),
    ];
    case("Jackson network", model, quantities, |seen| {
        let mut samples: Vec<Sample> =
            seen.hosts.iter().map(|row| of(row, |row| row.mean_queue)).collect();
        samples.push(Sample::Value(seen.present));
        samples
    })
}

/// A host that fails and is repaired: arrivals see it down for the share of time that it is.
fn renewal(customers: f64) -> Case {
    let (up, down) = (30.0, Distribution::Uniform { a: 1.0, b: 5.0 });
    let share = down.mean() / (up + down.mean());
    let seconds = customers;
    let model = Model {
        outages: Some(Outages { kind: Outage::Down, up: exp(up), down }),
        ..Model::single(1.0, Place::new(1, Distribution::Fixed(0.0)), customers)
    };
    let quantities = vec![
        Quantity::mean("share of time down", "", share),
        Quantity::mean("share of arrivals refused", "", share),
    ];
    case("Outages (renewal)", model, quantities, move |seen| {
        let measured = seconds * 0.9;
        let down = seen.hosts[0].down.map_or(f64::NAN, |down| down / measured);
        vec![Sample::Value(down), Sample::Value(seen.refused)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erlangs_c_is_that_of_the_tables() {
        // One server: its load. Two: 2ρ²/(1+ρ). Ten at 80 %: as tables of Erlang's C print it.
        assert!((erlang_c(1, 0.7) - 0.7).abs() < 1e-12);
        assert!((erlang_c(2, 1.2) - 0.45).abs() < 1e-12);
        assert!((erlang_c(10, 8.0) - 0.4092).abs() < 5e-5);
    }
}
