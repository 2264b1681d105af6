//! Whether a request's body of HTTP/2 waits for its instance.
//!
//! The library that reads a client takes what it has promised to take, whether an instance takes it or not, and
//! a connection that is not read is dead for all that it carries. So what lies there is bounded from the other
//! end: a body that goes to an instance knows whether it waits for the client, and then the library has none of
//! it, or for the instance. One that has waited for its instance from one look to the next (`pace.rs`) is
//! charged to the budget of all clients, by the most that the library may have of it. If there is no room for
//! that, this request ends, and nothing else does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::Relaxed};

use tokio::sync::Notify;

use crate::inflow::Inflow;
use crate::limits::ANSWER_FREE;

/// For the client: it was asked for more than has come.
const CLIENT: u8 = 0;
/// For the instance: it was not asked for, or has given some and was not asked again.
const INSTANCE: u8 = 1;
/// For nobody: nothing of it is to come.
const ENDED: u8 = 2;

/// One body, from the head of its request on. Shared by what runs on one thread.
pub(crate) struct Standing {
    flow: Arc<Inflow>,
    waits_for: AtomicU8,
    /// Bytes of it that were passed on and not written to the instance.
    unwritten: AtomicUsize,
    /// Nothing of it has moved since the last look.
    is_still: AtomicBool,
    /// The most that the library may have of it is charged.
    is_charged: AtomicBool,
    is_ended: AtomicBool,
    end: Notify,
    /// Who looks is told that there is something to look at.
    looks: Arc<Notify>,
}

impl Standing {
    pub(crate) fn begin(flow: &Arc<Inflow>, looks: &Arc<Notify>) -> Arc<Self> {
        looks.notify_one();
        Arc::new(Self {
            flow: flow.clone(),
            waits_for: AtomicU8::new(INSTANCE),
            unwritten: AtomicUsize::new(0),
            is_still: AtomicBool::new(false),
            is_charged: AtomicBool::new(false),
            is_ended: AtomicBool::new(false),
            end: Notify::new(),
            looks: looks.clone(),
        })
    }

    /// Notes that the instance takes some.
    pub(crate) fn moves(&self) {
        self.is_still.store(false, Relaxed);
        if self.is_charged.swap(false, Relaxed) {
            self.flow.release_window();
        }
    }

    /// Notes that the client is to send more.
    pub(crate) fn awaits_client(&self) {
        self.waits_for.store(CLIENT, Relaxed);
    }

    /// Notes that some was passed on, and whether that was all of it.
    pub(crate) fn passed(&self, count: usize, is_all: bool) {
        self.flow.passed(count);
        self.unwritten.fetch_add(count, Relaxed);
        let waits_for = if is_all { ENDED } else { INSTANCE };
        self.waits_for.store(waits_for, Relaxed);
        self.looks.notify_one();
    }

    /// Notes that so many of the bytes were written, or will not be.
    pub(crate) fn written(&self, count: usize) {
        self.flow.written(count);
        self.unwritten.fetch_sub(count, Relaxed);
        self.is_still.store(false, Relaxed);
    }

    /// Notes that nothing more of it will be passed on.
    pub(crate) fn ended(&self) {
        self.waits_for.store(ENDED, Relaxed);
        self.moves();
    }

    fn waits_for_instance(&self) -> bool {
        self.waits_for.load(Relaxed) == INSTANCE
    }

    /// Whether the next look may find anything to charge or to end.
    pub(crate) fn concerns(&self) -> bool {
        self.waits_for_instance() || self.unwritten.load(Relaxed) > 0
    }

    /// One look; whether its request has to end since there is no room for what lies there.
    pub(crate) fn look(&self) -> bool {
        if !self.concerns() || !self.is_still.swap(true, Relaxed) {
            return false;
        }
        if self.waits_for_instance() && !self.is_charged.load(Relaxed) {
            let is_charged = self.flow.charge_window();
            self.is_charged.store(is_charged, Relaxed);
            return !is_charged;
        }
        // Nothing of it is with the library any more, or that is charged; this is as it was passed on.
        self.unwritten.load(Relaxed) > ANSWER_FREE && self.flow.is_too_much()
    }

    /// Has its request end before its answer has begun.
    pub(crate) fn end(&self) {
        self.is_ended.store(true, Relaxed);
        self.end.notify_one();
    }

    /// Returns when it has to.
    pub(crate) async fn has_to_end(&self) {
        while !self.is_ended.load(Relaxed) {
            self.end.notified().await;
        }
    }
}

/// Returns when there is no memory left for a body that its instance does not take: for none never.
pub(crate) async fn has_no_room(standing: Option<&Standing>) {
    match standing {
        Some(standing) => standing.has_to_end().await,
        None => std::future::pending().await,
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.moves();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use crate::limits::{STREAM_WINDOW, WINDOWS};

    const WINDOW: usize = STREAM_WINDOW as usize;

    fn of(windows: usize) -> (Arc<Budget>, impl Fn() -> Arc<Standing>) {
        let budget = Budget::of(windows * WINDOW);
        let flow = Inflow::multiplexed(&budget);
        let looks = Arc::new(Notify::new());
        (budget, move || Standing::begin(&flow, &looks))
    }

    #[test]
    fn a_body_is_charged_once_it_waits_for_its_instance_from_one_look_to_the_next() {
        let (budget, begin) = of(10);
        let body = begin();
        assert!(!body.look());
        assert_eq!(budget.taken(), 0, "it has only come");
        assert!(!body.look());
        assert!(budget.taken() > WINDOW / 2, "{}", budget.taken());
        body.moves();
        assert_eq!(budget.taken(), 0, "it was asked for more");
        body.passed(100, false);
        assert!(!body.look());
        body.written(100);
        assert!(!body.look());
        assert_eq!(budget.taken(), 0, "some was written");
        assert!(!body.look());
        assert_ne!(budget.taken(), 0);
        body.ended();
        assert_eq!(budget.taken(), 0);
        assert!(!body.look() && !body.concerns());
    }

    #[test]
    fn one_that_waits_for_its_client_costs_nothing_however_long_that_is() {
        let (budget, begin) = of(0);
        let body = begin();
        body.moves();
        body.passed(10, false);
        body.written(10);
        body.moves();
        body.awaits_client();
        assert!((0..10).all(|_| !body.look()));
        assert_eq!(budget.taken(), 0);
        assert!(!body.concerns());
    }

    #[test]
    fn bodies_of_one_connection_cost_no_more_than_its_window_and_leave_nothing() {
        let (budget, begin) = of(100);
        let all: Vec<_> = (0..50).map(|_| begin()).collect();
        for _ in 0..3 {
            assert!(all.iter().all(|body| !body.look()));
        }
        assert!(budget.taken() <= WINDOW * WINDOWS as usize);
        assert!(budget.taken() > WINDOW * (WINDOWS - 1) as usize);
        drop(all);
        assert_eq!(budget.taken(), 0);
    }

    #[test]
    fn one_for_which_there_is_no_room_has_to_end_and_those_that_are_charged_stay() {
        let (_budget, begin) = of(2);
        let all: Vec<_> = (0..3).map(|_| begin()).collect();
        assert!(all.iter().all(|body| !body.look()));
        for _ in 0..3 {
            let ends: Vec<bool> = all.iter().map(|body| body.look()).collect();
            assert_eq!(ends, [false, false, true]);
        }
        all[0].moves();
        assert!(!all[2].look(), "another one has left its room");
    }

    #[test]
    fn one_that_was_passed_on_whole_ends_too_if_it_is_not_written_and_there_is_no_room() {
        let (budget, begin) = of(1);
        let body = begin();
        body.passed(WINDOW * 2, true);
        assert!(!body.look());
        assert!(budget.is_used_up());
        assert!(body.look());
        body.written(WINDOW * 2 - 1);
        assert!(!body.look() && !body.look());
        body.written(1);
        assert_eq!(budget.taken(), 0);
    }
}
