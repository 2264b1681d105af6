//! Connections to instances, kept open per data thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use tokio::time::{Instant, timeout};

use crate::limits::{KEPT_CONNECTIONS, KEPT_TIME, READY_TIME};
use crate::live::InstanceState;
use crate::origin::Link;
use crate::upload::Progress;

/// The kept connections of one data thread, by instance. They die with the instance's place in the
/// table: nothing of a slot that is gone is used again.
#[derive(Default)]
pub(crate) struct Pool(RefCell<BTreeMap<u64, Vec<Kept>>>);

struct Kept {
    link: Link,
    instance: Arc<InstanceState>,
    since: Instant,
}

impl Kept {
    fn is_usable(&self) -> bool {
        !self.link.sender.is_closed()
            && !self.instance.is_retired()
            && self.since.elapsed() < KEPT_TIME
    }
}

/// What may be sent on a kept connection, whose instance may close it at any moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// It can be sent again if the connection was stale.
    Repeatable,
    /// It can't: the kernel is asked first whether the end has come already.
    OnlyOnce,
}

impl Pool {
    /// A kept connection to `instance`, the one used last first.
    pub(crate) async fn take(&self, instance: &InstanceState, care: Care) -> Option<Link> {
        loop {
            let kept = self.0.borrow_mut().get_mut(&instance.number)?.pop()?;
            let stale = !kept.is_usable() || (care == Care::OnlyOnce && !kept.link.wire.is_quiet());
            if stale {
                continue;
            }
            let mut link = kept.link;
            // Given back a moment ago, it may still be putting its last answer away.
            if link.sender.is_ready()
                || matches!(timeout(READY_TIME, link.sender.ready()).await, Ok(Ok(())))
            {
                return Some(link);
            }
        }
    }

    fn put(&self, link: Link, instance: Arc<InstanceState>) {
        let kept = Kept {
            link,
            instance,
            since: Instant::now(),
        };
        if !kept.is_usable() {
            return;
        }
        let mut all = self.0.borrow_mut();
        let of_instance = all.entry(kept.instance.number).or_default();
        if of_instance.len() < KEPT_CONNECTIONS {
            of_instance.push(kept);
        }
    }

    /// Drops what is closed, too old, or of an instance that no table names.
    pub(crate) fn sweep(&self) {
        self.0.borrow_mut().retain(|_, of_instance| {
            of_instance.retain(Kept::is_usable);
            !of_instance.is_empty()
        });
    }
}

/// A connection in use, to be given back when the answer has ended.
pub(crate) struct Lent {
    pub(crate) pool: Rc<Pool>,
    pub(crate) instance: Arc<InstanceState>,
    pub(crate) link: Link,
    pub(crate) progress: Rc<Progress>,
}

impl Lent {
    /// Keeps the connection for the next request. One whose request has not gone out whole can't
    /// take another, and is closed.
    pub(crate) fn give_back(self) {
        if self.progress.has_ended() {
            self.pool.put(self.link, self.instance);
        }
    }
}
