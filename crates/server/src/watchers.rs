//! Places for event streams: nobody elsewhere takes those of the controller's own user.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Limits;
use crate::access::Caller;
use crate::places::{Place, Places};

/// The places of one server.
pub(crate) struct Watchers {
    here: Arc<Semaphore>,
    elsewhere: Arc<Semaphore>,
    each: Places<String>,
    most: usize,
}

/// One event stream's place, until it is dropped.
pub(crate) struct Watcher {
    _place: OwnedSemaphorePermit,
    _own: Option<Place<String>>,
}

impl Watchers {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            here: Arc::new(Semaphore::new(limits.watchers)),
            elsewhere: Arc::new(Semaphore::new(limits.watchers)),
            each: Places::new(limits.watchers_each),
            most: limits.watchers,
        }
    }

    /// A place for whoever asks; none if all that they may have are taken.
    pub(crate) fn take(&self, caller: &Caller) -> Option<Watcher> {
        let (places, own) = match caller {
            Caller::Owner => (&self.here, None),
            Caller::Token { id, .. } => (&self.elsewhere, Some(self.each.take(id.clone())?)),
            // The route is not open to them.
            Caller::Run(_) | Caller::Stranger(_) => return None,
        };
        let place = Arc::clone(places).try_acquire_owned().ok()?;
        Some(Watcher {
            _place: place,
            _own: own,
        })
    }

    /// Returns once every stream has said its goodbye; then no place is free any more.
    pub(crate) async fn all_gone(&self) {
        let most = u32::try_from(self.most).unwrap_or(u32::MAX);
        for places in [&self.here, &self.elsewhere] {
            // The semaphores are never closed.
            if let Ok(all) = places.acquire_many(most).await {
                all.forget();
            }
        }
    }
}
