//! Has certificates ordered, on a thread of its own beside all that serves.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::SystemTime;

use tokio::sync::watch;
use tokio::time::sleep;
use windlass_acme::Wanted;
use windlass_model::Tls;

use crate::core::{Core, locked};
use crate::limits::{ORDER_EVERY, ORDER_STOP};
use crate::live::Live;

/// Lets orders be made, or not: of a router and the one that takes its place only one orders.
pub(crate) struct Gate {
    is_shut: watch::Sender<bool>,
    /// Whether the thread that orders is at it.
    is_at_it: Mutex<bool>,
    stopped: Condvar,
}

/// Orders are being made as long as this is held.
struct AtIt<'a>(&'a Gate);

impl Drop for AtIt<'_> {
    fn drop(&mut self) {
        *locked(&self.0.is_at_it) = false;
        self.0.stopped.notify_all();
    }
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            is_shut: watch::Sender::new(false),
            is_at_it: Mutex::new(false),
            stopped: Condvar::new(),
        }
    }

    /// Has no order made from now on. One that is under way is left; returns when nothing of it is written
    /// any more.
    pub(crate) fn shut(&self) -> Result<(), String> {
        self.is_shut.send_replace(true);
        let is_at_it = locked(&self.is_at_it);
        let waited = self
            .stopped
            .wait_timeout_while(is_at_it, ORDER_STOP, |is_at_it| *is_at_it);
        let (is_at_it, _late) = waited.unwrap_or_else(PoisonError::into_inner);
        if *is_at_it {
            return Err(format!(
                "the order of a certificate did not stop in {ORDER_STOP:?}"
            ));
        }
        Ok(())
    }

    /// Has orders made again.
    pub(crate) fn open(&self) {
        self.is_shut.send_replace(false);
    }

    /// None while it is shut.
    fn begin(&self) -> Option<AtIt<'_>> {
        // Looked at under the lock: whoever shuts it afterwards sees that somebody is at it.
        let mut is_at_it = locked(&self.is_at_it);
        if *self.is_shut.borrow() {
            return None;
        }
        *is_at_it = true;
        Some(AtIt(self))
    }

    /// Returns when it is shut, or when it is not.
    async fn until(&self, shut: bool) {
        let mut is_shut = self.is_shut.subscribe();
        // An error is a router that is gone.
        drop(is_shut.wait_for(|is| *is == shut).await);
    }
}

/// Orders what the table in effect wants, until the router ends. An order that is under way then is
/// left.
pub(crate) fn run(core: &Arc<Core>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut ending = core.ending();
    runtime.block_on(async {
        tokio::select! {
            // An error is a router that is gone.
            _over = ending.wait_for(|ending| *ending) => {}
            () = orders(core) => {}
        }
    });
    // Nobody waits for the name of an authority that is still being looked up.
    runtime.shutdown_background();
    Ok(())
}

async fn orders(core: &Core) {
    let mut swapped = core.swapped.subscribe();
    loop {
        let Some(at_it) = core.ordering.begin() else {
            core.ordering.until(false).await;
            continue;
        };
        tokio::select! {
            biased;
            () = core.ordering.until(true) => {}
            () = rounds(core, &mut swapped) => return,
        }
        // Not before what was under way is gone: until then it may write.
        drop(at_it);
    }
}

/// Begins what is due again and again, whatever is still under way; returns when the router is gone.
async fn rounds(core: &Core, swapped: &mut watch::Receiver<u64>) {
    let mut round = core.orders.round(|_| core.certificates.renew());
    loop {
        swapped.mark_unchanged();
        let wanted = wanted(&core.live.load());
        round.begin(&wanted, SystemTime::now());
        let changed = swapped.changed();
        tokio::select! {
            () = round.ended() => {}
            changed = changed => if changed.is_err() {
                return;
            },
            // By the calendar, which may jump: it is looked at again and again.
            () = sleep(ORDER_EVERY), if !wanted.is_empty() => {}
        }
    }
}

/// Every certificate that a table has ordered.
fn wanted(live: &Live) -> BTreeSet<Wanted> {
    let listeners = live.services.values().flat_map(|it| &it.route.listeners);
    let ordered = listeners.filter_map(|listen| match listen.tls.as_ref()? {
        Tls::Acme { acme } => Some(acme),
        Tls::Files(_) => None,
    });
    ordered.flat_map(Wanted::all).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_shuts_it_waits_for_what_is_under_way_and_nothing_begins_until_it_is_open() {
        let gate = Gate::new();
        let at_it = gate.begin().expect("it is open");
        std::thread::scope(|scope| {
            let shuts = scope.spawn(|| gate.shut());
            while !*gate.is_shut.borrow() {
                std::thread::yield_now();
            }
            assert!(!shuts.is_finished());
            assert!(gate.begin().is_none());
            drop(at_it);
            assert_eq!(shuts.join().expect("no panic"), Ok(()));
        });
        assert!(gate.begin().is_none());
        gate.open();
        assert!(gate.begin().is_some());
    }
}
