//! The control door of a gateway of our own that is checked: as a vendor's test build may have one.
//!
//! Is posted forms, as `stelsel check --control` does: `advance=SECONDS`, `systems=down` and `systems=up`. The gateway's
//! actor knows nothing of it: its host's clock jumps, and the hosts of systems behind it are down.

use std::{net::SocketAddr, sync::Arc};

use axum::{Form, Router, http::StatusCode, routing::post};
use protocol::{id::HostId, role::Role, time::Duration};
use serde::Deserialize;
use tokio::{net::TcpListener, task::JoinHandle};
use twin::world::{Witness, World};
use url::Url;

use crate::{
    guest::{Deaf, LOOPBACK},
    problem::{Place, Problem},
};

/// An open door, which closes with this.
pub(super) struct ControlDoor {
    /// Where it is.
    pub url: Url,
    task: JoinHandle<()>,
}

/// What it is told.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    advance: Option<u64>,
    systems: Option<Systems>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Systems {
    Down,
    Up,
}

impl ControlDoor {
    /// Opens one for a host that `guest` plays, in the network of `world`.
    ///
    /// # Errors
    /// No port is free.
    pub async fn open<S: Witness>(
        guest: &Arc<World<Deaf>>,
        host: HostId,
        world: &Arc<World<S>>,
    ) -> Result<Self, Problem> {
        let wrong = |why: String| Place::whole("the control door").problem(why);
        let listener = TcpListener::bind(SocketAddr::new(LOOPBACK, 0));
        let listener = listener.await.map_err(|error| wrong(error.to_string()))?;
        let address = listener.local_addr().map_err(|error| wrong(error.to_string()))?;
        let url =
            Url::parse(&format!("http://{address}/")).map_err(|error| wrong(error.to_string()))?;
        let (guest, world) = (Arc::clone(guest), Arc::clone(world));
        let steer = move |Form(told): Form<Told>| {
            if let Some(seconds) = told.advance {
                guest.hasten(host, Duration::from_secs(seconds));
            }
            if let Some(systems) = told.systems {
                let all = world.network.hosts.iter().enumerate();
                for (place, _) in all.filter(|(_, host)| host.role() == Role::Xis) {
                    world.down(HostId(place as u32), systems == Systems::Down);
                }
            }
            std::future::ready(StatusCode::NO_CONTENT)
        };
        let router = Router::new().route("/", post(steer));
        let task = tokio::spawn(async move {
            // It ends with its task only.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, task })
    }
}

impl Drop for ControlDoor {
    fn drop(&mut self) {
        self.task.abort();
    }
}
