//! Splitting traffic.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use async_trait::async_trait;
use windlass_control::{Generation, ObservedTable, RouterBoot, TableChange, Tick, TripwireId};
use windlass_model::{Epoch, InstanceEnd, ServiceKey, SlotId};

use crate::EdgeError;

/// What befalls a router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouterNews {
    /// It was gone, and another was started from its table.
    Restarted {
        /// How it ended.
        end: InstanceEnd,
        /// Whether it was gone before this controller looked for the first time.
        found: bool,
    },
    /// It is gone, and no other can be started so far. Told again when the reason changes.
    NotRestarted {
        /// Why.
        why: String,
    },
    /// Another one answers, which was not started from here.
    Replaced,
}

/// Moves live traffic between slots of services.
#[async_trait(?Send)]
pub trait TrafficRouter {
    /// Changes several services in one swap, or none. Binds new listeners and closes those that no
    /// route names any more. Returns once every request sees the change.
    ///
    /// # Errors
    /// `Refused` for an old epoch; `Conflict` for a generation that moved, a slot without a ready
    /// instance, a trip that is not journalled yet, or a listener that someone else holds (the
    /// message names it); `Halted` for a raise while a person has halted them; `Rejected` for a table that is not valid; `Unreachable` and `Timeout` leave the effect unknown.
    async fn apply(
        &self,
        change: TableChange,
    ) -> Result<BTreeMap<ServiceKey, Generation>, EdgeError>;

    /// Says that a trip is journalled: what it took back may be raised again. Again is no error.
    ///
    /// # Errors
    /// `Refused` for an old epoch; `Unreachable` and `Timeout`.
    async fn acknowledge(&self, trip: &TripwireId) -> Result<(), EdgeError>;

    /// Whether an address can be listened on: it is already, or nobody has it. Opens nothing, so that
    /// what is free now may be taken by the time that it is opened.
    ///
    /// # Errors
    /// `Conflict`, saying who has it where that can be seen; `Unreachable` and `Timeout`.
    async fn may_listen(&self, address: SocketAddr) -> Result<(), EdgeError>;

    /// Ends what is still open on a slot that takes no requests, and says how much that was. What
    /// enters the slot later is not concerned. Again is no error and ends what came meanwhile.
    ///
    /// # Errors
    /// `Refused` for an old epoch; `Conflict` for a slot that gets traffic; `Unreachable` and `Timeout`.
    async fn cut(&self, service: &ServiceKey, slot: SlotId) -> Result<u64, EdgeError>;

    /// The highest epoch that the router, or the table that it left, has heard; none without either.
    /// Says nothing to the router: a controller asks before it speaks for the first time, because
    /// one whose epoch is not above this has lost its history.
    ///
    /// # Errors
    /// `Unreachable`, `Timeout`, `Malformed`.
    async fn heard(&self) -> Result<Option<Epoch>, EdgeError>;

    /// What is in effect, and what each slot is carrying. Answered whatever the epoch.
    ///
    /// # Errors
    /// `Unreachable`, `Timeout`, `Malformed`.
    async fn observe(&self) -> Result<ObservedTable, EdgeError>;

    /// The router's process, where one lives and that can be seen: it need not answer for that.
    async fn process(&self) -> Option<u32>;

    /// Waits until the router is there again, in another life, and was told all that this controller
    /// holds for it. At once if that was since the last call. Its table is the one that it had kept,
    /// which may be none.
    async fn came_back(&self);

    /// The next thing that befell the router and that nobody asked for. Each is told once, to one listener;
    /// what comes faster than it is heard may be left out.
    async fn news(&self) -> RouterNews;

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
