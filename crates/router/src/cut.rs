//! The end of a drain: what entered a slot before it is over.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;
use windlass_control::Refusal;
use windlass_model::{Epoch, ServiceKey, SlotId};

use crate::apply::Keeper;
use crate::core::locked;

/// Tells the requests of one slot, on every data thread, that their time is over.
#[derive(Debug)]
pub(crate) struct Cuts {
    /// How often it was told. A request is cut by what comes after its entry.
    count: AtomicU64,
    /// One per data thread.
    bells: Box<[Bell]>,
}

/// What the requests of one data thread wait at. Alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Bell(Notify);

impl Cuts {
    /// None so far, for so many data threads.
    pub(crate) fn new(shards: usize) -> Self {
        Self {
            count: AtomicU64::new(0),
            bells: (0..shards.max(1)).map(|_| Bell::default()).collect(),
        }
    }

    /// How often it was told.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Tells all who wait.
    pub(crate) fn ring(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        for bell in &self.bells {
            bell.0.notify_waiters();
        }
    }

    /// Returns at the first cut after so many.
    pub(crate) async fn after(&self, count: u64, shard: usize) {
        // From here on it hears the bell; so whatever rings before the look is seen, and after it heard.
        let rung = self.bells[shard % self.bells.len()].0.notified();
        if self.count() == count {
            rung.await;
        }
    }
}

impl Keeper {
    /// Ends what is open on a slot that gets no traffic; how much that was. Under the one lock of all
    /// changes, so that nothing gives the slot traffic meanwhile.
    pub(crate) fn cut(
        &self,
        epoch: Epoch,
        service: &ServiceKey,
        slot: SlotId,
    ) -> Result<u64, Refusal> {
        let mut held = locked(&self.held);
        held.fence(epoch)?;
        let live = self.core.live.load();
        let entry = live.services.get(service);
        if entry.is_some_and(|entry| entry.open_place(slot).is_some()) {
            let service = service.clone();
            return Err(Refusal::TakesRequests { service, slot });
        }
        let count = self.core.cut(service, slot);
        if count > 0 {
            tracing::info!(%service, %slot, count, "cut what was still open on a drained slot");
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll(future: impl Future<Output = ()>) -> Poll<()> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_cut_is_heard_by_all_who_came_before_it_and_by_nobody_after() {
        let cuts = Cuts::new(2);
        let mut waiting = pin!(cuts.after(cuts.count(), 1));
        assert_eq!(poll(waiting.as_mut()), Poll::Pending);
        let before = cuts.count();
        cuts.ring();
        assert_eq!(poll(waiting), Poll::Ready(()));
        assert_eq!(
            poll(cuts.after(before, 0)),
            Poll::Ready(()),
            "it had not waited yet"
        );
        assert_eq!(poll(cuts.after(cuts.count(), 0)), Poll::Pending);
    }
}
