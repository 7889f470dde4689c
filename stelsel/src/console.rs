//! The console of a twin: what goes on in it, to be seen and steered from a browser or a script.
//!
//! A page, the same as JSON (described by /openapi.json), metrics for Prometheus, and switches in the words of
//! scenarios. Serves on an address of its own, without TLS, for whoever runs the twin; it is no host of the network,
//! and no actor knows of it.

mod api;
mod bytes;
mod checks;
mod control;
mod live;
mod metrics;
mod page;
mod record;
mod view;

use std::{net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, task::JoinHandle};
use twin::world::World;

use self::control::Control;
pub(crate) use self::live::Live;
pub use self::{
    bytes::{Http, Passed},
    checks::{CheckEnded, CheckNow, CheckOrder},
    record::{Line, Record, Seen, path_in, read},
};
use crate::{
    plan::Topology,
    problem::{Place, Problems},
    run::wall::Ear,
};

/// An open console.
#[derive(Debug)]
pub(crate) struct Console {
    /// Where it is.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

/// The port that a console asks for.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, Problems> {
    TcpListener::bind(address).await.map_err(|error| {
        Place::whole(address.to_string())
            .problem(format!("the console cannot listen there: {error}"))
            .hint("--console takes another port, 0 any that is free")
            .into()
    })
}

impl Console {
    /// Serves the console of a world.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn open(
        listener: TcpListener,
        world: &Arc<World<Ear>>,
        topology: &Topology,
    ) -> Result<Self, Problems> {
        let address = listener.local_addr().map_err(|error| {
            Place::whole("the console").problem(format!("has no address: {error}"))
        })?;
        let control = Arc::new(Control::new(world, topology));
        let router = api::router(control, address);
        let task = tokio::spawn(async move {
            // It ends with its task only.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, task })
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests;
