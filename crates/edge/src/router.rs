//! Splitting traffic.

use std::collections::BTreeMap;

use async_trait::async_trait;
use windlass_control::{Generation, ObservedTable, RouteChange, RouterBoot, Tick};
use windlass_model::ServiceKey;

use crate::EdgeError;

/// Moves live traffic between slots of services.
#[async_trait(?Send)]
pub trait TrafficRouter {
    /// Changes several services in one swap, or none. Binds new listeners and closes those that no
    /// route names any more. Returns once every request sees the change.
    ///
    /// # Errors
    /// `Refused` for an old epoch; `Conflict` for a generation that moved, a slot without a ready
    /// instance, or a listener that someone else holds (the message names it); `Rejected` for a
    /// table that is not valid; `Unreachable` and `Timeout` leave the effect unknown.
    async fn apply(
        &self,
        changes: BTreeMap<ServiceKey, RouteChange>,
    ) -> Result<BTreeMap<ServiceKey, Generation>, EdgeError>;

    /// What is in effect, and what each slot is carrying.
    ///
    /// # Errors
    /// `Unreachable`, `Timeout`, `Malformed`.
    async fn observe(&self) -> Result<ObservedTable, EdgeError>;

    /// Ticks after `after`, oldest first, and the boot they belong to.
    ///
    /// # Errors
    /// `Unreachable`, `Timeout`, `Malformed`.
    async fn ticks(&self, after: u64) -> Result<(RouterBoot, Vec<Tick>), EdgeError>;

    /// Ends the router and frees its listeners. Done when it is gone.
    ///
    /// # Errors
    /// `Refused` for an old epoch; `Timeout` when it stays.
    async fn shutdown(&self) -> Result<(), EdgeError>;
}
