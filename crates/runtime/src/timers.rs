//! How far running waits have come: the journal hears of it only at the end of each slice.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use windlass_engine::rollout::{Rollout, Wait};
use windlass_model::{Millis, ServiceName, TimerId};

use crate::controller::Shared;
use crate::drive::Driven;

/// The timers of one deployment that this controller has started: of each service the newest, the only
/// one that its rollout may wait for.
#[derive(Clone, Default)]
pub(crate) struct Timers {
    newest: Rc<RefCell<BTreeMap<ServiceName, Timer>>>,
}

#[derive(Clone, Copy)]
struct Timer {
    id: TimerId,
    /// Work time at which it was started.
    since: Millis,
}

impl Timers {
    pub(crate) fn start(&self, service: &ServiceName, id: TimerId, since: Millis) {
        let mut newest = self.newest.borrow_mut();
        newest.insert(service.clone(), Timer { id, since });
    }

    /// How long the timer of a wait has run; not at all where it stands still.
    fn ran(&self, service: &ServiceName, wait: &Wait, now: Millis) -> Millis {
        let newest = self.newest.borrow();
        let of_it = newest.get(service);
        let of_it = of_it.filter(|timer| wait.timer == Some(timer.id));
        of_it.map_or(Millis::ZERO, |timer| now.less(timer.since))
    }
}

/// Work time left of the present wait of a rollout, at this moment.
pub(crate) fn left(shared: &Shared, driven: Option<&Driven>, rollout: &Rollout) -> Option<Millis> {
    let wait = rollout.wait()?;
    let now = shared.border.clock.work();
    let ran = driven.map(|driven| driven.timers.ran(&rollout.service, wait, now));
    Some(wait.left_after(ran.unwrap_or_default()))
}
