//! The protocol between a request that enters a slot and whoever drains it.
//!
//! Store, then load, on both sides: a request is counted, then reads the table again; a change is
//! published, then the count is read. So either the request sees the new table, or the drainer sees
//! the request. Written apart from the rest so that a model checker can try every order of it.

use std::sync::atomic::{AtomicI64, Ordering, fence};

/// Where the requests of one slot are counted.
pub(crate) trait Count {
    fn add(&self, by: i64);

    /// What is before it is seen by all before what is after it is read.
    fn fence();
}

impl Count for AtomicI64 {
    fn add(&self, by: i64) {
        self.fetch_add(by, Ordering::SeqCst);
    }

    fn fence() {
        fence(Ordering::SeqCst);
    }
}

/// Counts one request in a slot that it was given by a table. It stays counted only if the table,
/// read again, still has it there.
pub(crate) fn enter<C: Count, T, P>(
    count: &C,
    table: impl FnOnce() -> T,
    stays: impl FnOnce(&T) -> Option<P>,
) -> Option<P> {
    count.add(1);
    C::fence();
    let place = stays(&table());
    if place.is_none() {
        count.add(-1);
    }
    place
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use loom::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, fence};
    use loom::thread;

    use super::*;

    /// A count whose every order is tried.
    struct Tried<const FENCED: bool>(AtomicI64);

    impl<const FENCED: bool> Count for Tried<FENCED> {
        fn add(&self, by: i64) {
            self.0.fetch_add(by, Ordering::SeqCst);
        }

        fn fence() {
            if FENCED {
                fence(Ordering::SeqCst);
            }
        }
    }

    /// A table that gives requests to the old slot, or to the new one.
    const OLD: usize = 0;
    const NEW: usize = 1;

    /// Two requests enter while the table is swapped and the old slot is drained.
    fn requests_meet_a_drain<const FENCED: bool>() {
        let table = Arc::new(AtomicUsize::new(OLD));
        let count = Arc::new(Tried::<FENCED>(AtomicI64::new(0)));
        let drained = Arc::new(AtomicBool::new(false));
        let request = || {
            let (table, count, drained) = (table.clone(), count.clone(), drained.clone());
            move || {
                if table.load(Ordering::Acquire) != OLD {
                    return;
                }
                let read = || table.load(Ordering::Acquire);
                let place = enter(&*count, read, |now| (*now == OLD).then_some(()));
                if place.is_some() {
                    assert!(!drained.load(Ordering::Acquire), "drained too early");
                    count.add(-1);
                }
            }
        };
        let requests = [thread::spawn(request()), thread::spawn(request())];
        table.swap(NEW, Ordering::AcqRel);
        Tried::<FENCED>::fence();
        if count.0.load(Ordering::SeqCst) == 0 {
            drained.store(true, Ordering::Release);
        }
        for request in requests {
            request.join().expect("no panic");
        }
        assert_eq!(
            count.0.load(Ordering::SeqCst),
            0,
            "the drain would never end"
        );
    }

    #[test]
    fn in_no_order_is_a_slot_drained_too_early_or_never() {
        loom::model(requests_meet_a_drain::<true>);
    }

    /// The test can fail: without the fences there is such an order.
    #[test]
    fn without_its_fences_some_order_drains_too_early() {
        let found = std::panic::catch_unwind(|| loom::model(requests_meet_a_drain::<false>));
        assert!(found.is_err());
    }
}
