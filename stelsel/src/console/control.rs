//! The switches of a console: faults and changes in the words of scenarios, applied to a twin that runs.
//!
//! What scenarios refuse is refused here with the same words. Does not read HTTP (`api`).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time,
};

use protocol::{
    time::{Instant, WallTime},
    world::schedule::{Happening, Scheduled},
};
use toml::{Table, Value};
use twin::world::World;

use super::{
    checks::Checks,
    view::{Change, Fault, FaultNow, seconds},
};
use crate::{
    compose::Composed,
    files,
    plan::Topology,
    problem::{Place, Problems},
    run::wall::{Ear, befall},
};

/// What steers a twin.
pub(super) struct Control {
    pub world: Arc<World<Ear>>,
    pub topology: Topology,
    pub checks: Arc<Checks>,
    switched: Mutex<Switched>,
}

#[derive(Default)]
struct Switched {
    last: usize,
    going_on: BTreeMap<usize, (FaultNow, Vec<Happening>)>,
}

/// Changes that a register that was not told of them before can take.
const CHANGES: [&str; 8] = [
    "add-gateway",
    "remove-gateway",
    "add-provider",
    "remove-provider",
    "publish",
    "publish-broken",
    "roll-back",
    "fetch-list",
];

/// Every fault has that many numbers of its own: one for each way of a link.
const NUMBERS: usize = 4;

impl Control {
    pub fn new(world: &Arc<World<Ear>>, topology: &Topology) -> Self {
        let (world, topology) = (Arc::clone(world), topology.clone());
        Self { world, topology, checks: Arc::default(), switched: Mutex::default() }
    }

    fn switched(&self) -> MutexGuard<'_, Switched> {
        self.switched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Faults that go on.
    pub fn faults(&self) -> Vec<FaultNow> {
        self.switched().going_on.values().map(|(fault, _)| fault.clone()).collect()
    }

    /// Has a fault begin.
    ///
    /// # Errors
    /// It is none, or no host of that name is there.
    pub fn begin(self: &Arc<Self>, fault: Fault) -> Result<FaultNow, Problems> {
        let mut table = Table::new();
        table.insert("at".into(), Value::String("0s".into()));
        let mut put = |key: &str, value: &Option<String>| {
            let value = value.clone().map(Value::String);
            value.map(|value| table.insert(key.into(), value));
        };
        put("host", &fault.host);
        put("link", &fault.link);
        put("kind", &Some(fault.kind.clone()));
        let stays = matches!(fault.kind.as_str(), "revoke" | "expire");
        // How one ends is known from one that does.
        let lasts = (!stays).then(|| "1h".to_owned());
        put("for", &fault.lasts.clone().or(lasts));
        let schedule = self.schedule("fault", table)?;
        let lasts = schedule.iter().map(|scheduled| scheduled.at).max();
        let lasts = lasts.filter(|_| fault.lasts.is_some());
        let (begins, ends): (Vec<Scheduled>, Vec<Scheduled>) =
            schedule.into_iter().partition(|scheduled| scheduled.at == Instant::START);
        let mut switched = self.switched();
        switched.last += 1;
        let id = switched.last;
        let now = self.world.now();
        for begins in begins {
            befall(&self.world, numbered(begins.what, id, now));
        }
        let began = FaultNow { id, began_s: seconds(now), fault };
        let ends: Vec<Happening> =
            ends.into_iter().map(|ends| numbered(ends.what, id, now)).collect();
        if stays {
            return Ok(began);
        }
        switched.going_on.insert(id, (began.clone(), ends));
        if let Some(lasts) = lasts {
            let control = Arc::clone(self);
            let lasts = time::Duration::from_nanos(lasts.as_nanos());
            tokio::spawn(async move {
                tokio::time::sleep(lasts).await;
                control.end(id);
            });
        }
        Ok(began)
    }

    /// Ends a fault; says whether it went on.
    pub fn end(&self, id: usize) -> bool {
        let ended = self.switched().going_on.remove(&id);
        let Some((_, ends)) = ended else { return false };
        ends.into_iter().for_each(|what| befall(&self.world, what));
        true
    }

    /// Makes a change.
    ///
    /// # Errors
    /// It is none, must be prepared in a scenario, or names what is not there.
    pub fn change(&self, change: &Change) -> Result<(), Problems> {
        if !CHANGES.contains(&change.kind.as_str()) {
            let known = CHANGES.join(", ");
            return Err(Place::whole("kind").expected(known, &change.kind).into());
        }
        let mut table = Table::new();
        table.insert("at".into(), Value::String("0s".into()));
        let Change { kind, host, provider, list, publish } = change;
        let given = [
            ("kind", Some(kind)),
            ("host", host.as_ref()),
            ("provider", provider.as_ref()),
            ("list", list.as_ref()),
            ("publish", publish.as_ref()),
        ];
        for (key, value) in given {
            value.map(|value| table.insert(key.into(), Value::String(value.clone())));
        }
        for scheduled in self.schedule("change", table)? {
            befall(&self.world, scheduled.what);
        }
        Ok(())
    }

    /// What a scenario with one such table would have happen.
    fn schedule(&self, kind: &str, table: Table) -> Result<Vec<Scheduled>, Problems> {
        let mut scenario = Table::new();
        scenario.insert("name".into(), Value::String("console".into()));
        scenario.insert("topology".into(), Value::String("-".into()));
        scenario.insert("horizon".into(), Value::String("365d".into()));
        let mut arrivals = Table::new();
        arrivals.insert("rate".into(), Value::String("1/h".into()));
        scenario.insert("arrivals".into(), Value::Table(arrivals));
        scenario.insert(kind.into(), Value::Array(vec![Value::Table(table)]));
        let text = scenario.to_string();
        let scenario = files::scenario_of(&text, "console", &self.topology)?;
        Ok(Composed::for_twin(&self.topology, &scenario)?.schedule().to_vec())
    }
}

/// The same under numbers that no other fault has, at this moment.
fn numbered(what: Happening, id: usize, now: Instant) -> Happening {
    let number = |fault: usize| id * NUMBERS + fault;
    match what {
        Happening::Slow { host, fault, factor } => {
            Happening::Slow { host, fault: number(fault), factor }
        }
        Happening::Drift { host, fault, drift } => {
            Happening::Drift { host, fault: number(fault), drift }
        }
        Happening::LinkFails { fault, link } => Happening::LinkFails { fault: number(fault), link },
        Happening::LinkHeals { fault } => Happening::LinkHeals { fault: number(fault) },
        Happening::CertificateEnds(host, _) => {
            Happening::CertificateEnds(host, WallTime::exact(now))
        }
        other => other,
    }
}
