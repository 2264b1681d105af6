//! Waiting until no request is left on a slot.

use windlass_model::{Millis, ServiceKey, ServiceName, SlotId};

use crate::controller::Shared;
use crate::perform::{Hands, TRIES, TRY_AGAIN, may_pass};
use windlass_engine::rollout::Event;

/// Time between two looks at a draining slot.
const DRAIN_LOOK: Millis = Millis::from_millis(10);

impl Hands {
    pub(crate) async fn drain(&self, service: ServiceName, slot: SlotId, within: Millis) {
        let key = self.service_key(&service);
        let is_awaited = || self.awaits(&service, |rollout| rollout.awaits_drain(slot));
        let open = left(&self.shared, &key, (slot, within), is_awaited).await;
        if !is_awaited() {
            return;
        }
        let cut = cut(&self.shared, &key, slot, open).await;
        let drained = Event::SlotDrained { slot, cut };
        self.inbox.rollout(&service, drained).await;
    }
}

/// Waits until a slot that nobody decides on any more has no request left, and cuts what is left when
/// its time is over.
pub(crate) async fn drained(shared: &Shared, service: &ServiceKey, slot: (SlotId, Millis)) {
    let open = left(shared, service, slot, || true).await;
    cut(shared, service, slot.0, open).await;
}

/// Requests that are open on a slot when the wait is over: none, its time, or nobody waits any more.
async fn left(
    shared: &Shared,
    service: &ServiceKey,
    (slot, within): (SlotId, Millis),
    is_awaited: impl Fn() -> bool,
) -> u64 {
    let border = &shared.border;
    let until = border.clock.work().plus(within);
    loop {
        // A router that can't be asked holds nothing open that could be waited for longer.
        let open = match border.router.observe().await {
            Ok(table) => table
                .services
                .get(service)
                .and_then(|entry| entry.slots.get(&slot))
                .map_or(0, |slot| slot.in_flight),
            Err(_) => 1,
        };
        if open == 0 || border.clock.work() >= until || !is_awaited() {
            return open;
        }
        border.clock.sleep(DRAIN_LOOK).await;
    }
}

/// Ends what is still open on a drained slot; says how much that was, by what was seen `open` where no
/// router could be told. Then the router is gone, and what it carried with it, or it is nobody's to cut
/// any more.
async fn cut(shared: &Shared, service: &ServiceKey, slot: SlotId, open: u64) -> u64 {
    if open == 0 {
        return 0;
    }
    let mut tries = 0;
    loop {
        tries += 1;
        match shared.border.router.cut(service, slot).await {
            Ok(count) => return count,
            Err(error) if tries >= TRIES || !may_pass(&error) => {
                tracing::warn!("slot {slot} of {service} was not cut: {}", error.chain());
                return open;
            }
            Err(_) => shared.border.clock.sleep(TRY_AGAIN).await,
        }
    }
}
