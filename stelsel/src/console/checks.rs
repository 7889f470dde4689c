//! Checks of whoever plays a host of a twin that runs: one at a time, each on a thread of its own.
//!
//! While one goes on, hosts of the twin misbehave as its probes want. Does not read HTTP (`api`), and judges nothing (`desk`).

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use desk::{desk::Told as OfGateway, ledger::Ledger, probe::Next, recipe::Recipe, stage::Stage};
use protocol::role::Role;
use serde::{Deserialize, Serialize};
use tokio::runtime;
use twin::world::World;
use url::Url;
use utoipa::ToSchema;

use crate::{
    check::{
        gateway::{Plan, Told, are_probes, control_is_plain, examine},
        report::Written,
    },
    problem::{Place, Problem},
    run::wall::Ear,
};

/// What is to be seen of a gateway that plays a host of this twin.
#[derive(Clone, Serialize, Deserialize, ToSchema, Debug)]
#[serde(deny_unknown_fields)]
pub struct CheckOrder {
    /// The role that it plays: `za` or `pgo`.
    #[schema(example = "za")]
    pub role: String,
    /// The probes that are made; all, where none is named.
    #[serde(default)]
    pub only: Vec<String>,
    /// Where its clocks and systems can be steered.
    #[serde(default)]
    pub control: Option<String>,
    /// How to go through its pages, as TOML.
    #[serde(default)]
    pub recipe: Option<String>,
    /// How many seconds may really be waited for what clocks show.
    #[serde(default)]
    pub patience_s: u64,
    /// How many seconds it may take to answer at all.
    #[serde(default)]
    pub wait_s: u64,
    /// The command that asks for the same, but for probes: reports have it.
    pub command: String,
}

/// The latest check.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema, Debug)]
pub struct CheckNow {
    /// What was said of it for people.
    pub words: Vec<String>,
    /// The probe that is being made.
    pub probe: Option<String>,
    /// How many were made before it.
    pub place: usize,
    /// How many there are in all.
    pub of: usize,
    /// What came of it, when it is over.
    pub ended: Option<CheckEnded>,
}

/// What came of a check.
#[derive(Clone, Serialize, Deserialize, ToSchema, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum CheckEnded {
    /// Verdicts, in every form.
    Verdicts(Box<Written>),
    /// The gateway could not be tested: why.
    CouldNotTest(String),
}

/// Why a check does not begin.
pub(super) enum NotBegun {
    /// The order is none.
    Wrong(Problem),
    /// Another one goes on.
    Busy,
}

/// The checks of a twin.
#[derive(Default)]
pub(super) struct Checks {
    going: Mutex<Going>,
}

#[derive(Default)]
struct Going {
    now: Option<CheckNow>,
    is_stopped: bool,
}

impl Checks {
    fn going(&self) -> MutexGuard<'_, Going> {
        self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The latest check; none if there was none yet.
    pub fn now(&self) -> Option<CheckNow> {
        self.going().now.clone()
    }

    /// Has the check that goes on end.
    pub fn stop(&self) {
        self.going().is_stopped = true;
    }

    /// Has a check begin.
    pub fn begin(
        self: &Arc<Self>,
        world: &Arc<World<Ear>>,
        order: &CheckOrder,
    ) -> Result<(), NotBegun> {
        let (plan, host, at) = planned(world, order).map_err(NotBegun::Wrong)?;
        let mut going = self.going();
        if going.now.as_ref().is_some_and(|now| now.ended.is_none()) {
            return Err(NotBegun::Busy);
        }
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| {
            NotBegun::Wrong(Place::whole("threads").problem(format!("cannot be had: {error}")))
        })?;
        *going = Going { now: Some(CheckNow::default()), is_stopped: false };
        drop(going);
        let (checks, world) = (Arc::clone(self), Arc::clone(world));
        thread::spawn(move || {
            let ends = Ends { checks: &checks, world: &world };
            let ledger = Ledger::of(&world.network);
            world.look(|ear| ear.lend(Some(ledger.clone())));
            let stage = Arc::clone(&world) as Arc<dyn Stage>;
            let say = |told: Told<'_>| checks.told(told);
            let checked = runtime.block_on(examine(&plan, stage, ledger, (host, at), &say));
            ends.by(match checked {
                Ok(report) => CheckEnded::Verdicts(Box::new(Written::of(&report))),
                Err(why) => CheckEnded::CouldNotTest(why),
            });
        });
        Ok(())
    }

    fn told(&self, told: Told<'_>) -> bool {
        let mut going = self.going();
        let is_stopped = going.is_stopped;
        if let Some(now) = &mut going.now {
            match told {
                Told::Word(word) => now.words.push(word.to_owned()),
                Told::Waiting => {}
                Told::Probe(Next { probe, place, of }) => {
                    (now.probe, now.place, now.of) = (Some(probe.to_owned()), place, of);
                }
            }
        }
        !is_stopped
    }
}

/// The end of a check, which comes whatever happens: who follows it waits for that.
struct Ends<'c> {
    checks: &'c Checks,
    world: &'c World<Ear>,
}

impl Ends<'_> {
    fn by(&self, ended: CheckEnded) {
        // Before the next may begin.
        self.world.look(|ear| ear.lend(None));
        if let Some(now) = &mut self.checks.going().now {
            now.ended = Some(ended);
        }
    }
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        let is_over = self.checks.now().is_some_and(|now| now.ended.is_some());
        if !is_over {
            self.by(CheckEnded::CouldNotTest("the check broke off".to_owned()));
        }
    }
}

type Planned = (Plan, protocol::id::HostId, std::net::SocketAddr);

/// What an order comes to: whoever plays a host of that role, which must be one.
fn planned(world: &World<Ear>, order: &CheckOrder) -> Result<Planned, Problem> {
    let network = &world.network;
    let role = [Role::Za, Role::Pgo].into_iter().find(|role| role.name() == order.role);
    let role = role.ok_or_else(|| {
        Place::whole("role").expected("`za` or `pgo`", format!("`{}`", order.role))
    })?;
    let mut others = network.elsewhere.iter();
    let (Some((host, at)), None) = (others.next(), others.next()) else {
        let found = format!("{} that somebody else plays", network.elsewhere.len());
        let place = Place::whole("this twin");
        return Err(place
            .expected("one host that is checked", found)
            .hint("see `--external` of `stelsel twin`"));
    };
    let played = network.hosts[host.place()].role();
    if played != role {
        let expected = format!("somebody else who plays a {}", role.name());
        return Err(Place::whole("this twin").expected(expected, format!("a {}", played.name())));
    }
    let recipe = order.recipe.as_deref().map(Recipe::read).transpose();
    let recipe = recipe
        .map_err(|bad| Place { line: bad.line, ..Place::whole("recipe") }.problem(bad.text))?;
    let control = order.control.as_deref().map(Url::parse).transpose();
    let control = control.map_err(|error| Place::whole("control").problem(error.to_string()))?;
    control_is_plain("control", control.as_ref())?;
    are_probes("only", role, &order.only)?;
    let plan = Plan {
        role,
        wait: Duration::from_secs(order.wait_s),
        told: OfGateway {
            recipe: recipe.unwrap_or_default(),
            control,
            patience: Duration::from_secs(order.patience_s),
            // Whoever asks says no program that is to be begun here.
            browser: None,
        },
        only: order.only.clone(),
        command: order.command.clone(),
    };
    Ok((plan, *host, *at))
}
