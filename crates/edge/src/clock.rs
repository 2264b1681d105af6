//! Time, ids, addresses and tasks: what a simulation replaces.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use async_trait::async_trait;
use windlass_model::{DeploymentId, InstanceId, Millis};

use crate::EdgeError;

/// Both kinds of time.
#[async_trait(?Send)]
pub trait Clock {
    /// Work time: monotonic milliseconds since this controller's start. Never goes back.
    fn work(&self) -> Millis;

    /// Calendar time: microseconds since 1970 UTC. May jump; decides nothing.
    fn calendar_us(&self) -> i64;

    /// Returns after so much work time. Dropping it cancels the wait.
    async fn sleep(&self, after: Millis);
}

/// Mints ids; a seeded one makes a run repeatable.
pub trait Ids {
    /// For a new deployment. Later ones sort behind earlier ones.
    fn deployment(&self) -> DeploymentId;

    /// For a new instance.
    fn instance(&self) -> InstanceId;
}

/// Allots addresses for instances.
pub trait Addresses {
    /// An address that was free a moment ago, outside the kernel's ephemeral range, and not in
    /// `taken` (addresses the journal or a table on disk still names).
    ///
    /// # Errors
    /// `Conflict` when the range is exhausted.
    fn allot(&self, taken: &dyn Fn(SocketAddr) -> bool) -> Result<SocketAddr, EdgeError>;
}

/// Starts tasks on the runtime's one thread.
pub trait Spawner {
    /// Runs `task` beside the caller until it ends. Tasks end when the runtime does.
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()>>>);
}
