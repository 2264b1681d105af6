//! What was read of a client's requests and is with no instance yet.
//!
//! An instance that takes nothing of a body leaves it with the router: in the library that reads the client,
//! and in the one that writes to the instance. Each may have a little of that for nothing, and what lies there
//! beyond is charged to the budget of all clients. When that is used up, no more is read of who has more than a
//! little. What opens the way is an instance that takes some, or a request that ends.
//!
//! In HTTP/1.1 a body is counted when it is passed on, since nothing but a piece of it is read before. In HTTP/2
//! the library reads as much as it has promised to, so its frames are counted as they come in. What it still
//! has of a body that was broken off it does not tell: that is forgotten as soon as it can't be so much any more.

use std::io::IoSlice;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};

use crate::budget::{Budget, Charge};
use crate::core::locked;
use crate::limits::{ANSWER_FREE, REQUESTS_FREE, STREAM_WINDOW};

/// Most that the library has of one body of HTTP/2.
const WINDOW: usize = STREAM_WINDOW as usize;

/// What one client connection has of requests. Shared by what runs on one thread.
pub(crate) struct Inflow {
    charge: Charge,
    /// Bytes are counted before they are passed on: as they are read.
    is_multiplexed: bool,
    /// Bytes of bodies that were read of the connection and not passed on; HTTP/2 only.
    unread: AtomicUsize,
    /// Those that were passed on and not written to an instance.
    unwritten: AtomicUsize,
    /// Of heads: of one that has not ended, and of those whose answers have not begun; HTTP/2 only.
    heads: AtomicUsize,
    /// Requests that may still have a body with the library.
    open: AtomicUsize,
    is_waiting: AtomicBool,
    waiting: Mutex<Option<Waker>>,
}

impl Inflow {
    /// Of a connection whose requests come one after the other.
    pub(crate) fn in_turn(budget: &Arc<Budget>) -> Arc<Self> {
        Arc::new(Self::on(Charge::on(budget, ANSWER_FREE), false))
    }

    /// Of one that has many at a time.
    pub(crate) fn multiplexed(budget: &Arc<Budget>) -> Arc<Self> {
        Arc::new(Self::on(Charge::on(budget, REQUESTS_FREE), true))
    }

    fn on(charge: Charge, is_multiplexed: bool) -> Self {
        Self {
            charge,
            is_multiplexed,
            unread: AtomicUsize::new(0),
            unwritten: AtomicUsize::new(0),
            heads: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            is_waiting: AtomicBool::new(false),
            waiting: Mutex::default(),
        }
    }

    fn bytes(&self) -> usize {
        let all = [&self.unread, &self.unwritten, &self.heads];
        all.map(|part| part.load(Relaxed)).into_iter().sum()
    }

    /// Whether others have used up what there is, and this one has more than a little.
    pub(crate) fn is_too_much(&self) -> bool {
        self.charge.is_too_much(self.bytes())
    }

    /// Whether its heads alone are.
    pub(crate) fn has_too_many_heads(&self) -> bool {
        self.charge.is_too_much(self.heads.load(Relaxed))
    }

    /// Ready when more may be read of the client.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_too_much() {
            return Poll::Ready(());
        }
        *locked(&self.waiting) = Some(cx.waker().clone());
        self.is_waiting.store(true, Relaxed);
        Poll::Pending
    }

    /// Notes what was read of bodies of HTTP/2.
    pub(crate) fn came(&self, count: usize) {
        let unread = self.unread.load(Relaxed) + count;
        // No more than the window of the connection lets come.
        self.set(&self.unread, unread.min(WINDOW * 4));
    }

    /// Notes that of heads there is so much more, and so much less.
    pub(crate) fn heads(&self, more: usize, less: usize) {
        let heads = self.heads.load(Relaxed) + more;
        self.set(&self.heads, heads.saturating_sub(less));
    }

    /// Begins a request of HTTP/2 with a head of so many bytes.
    pub(crate) fn begin(self: &Arc<Self>, head: usize) -> Begun {
        self.heads(head, 0);
        let open = self.open();
        Begun { head, open }
    }

    /// Marks that a request may have a body with the library.
    pub(crate) fn open(self: &Arc<Self>) -> Open {
        self.open.fetch_add(1, Relaxed);
        Open(self.clone())
    }

    /// Whether any request may have a body with the library, or with the one that speaks to an instance.
    pub(crate) fn has_open(&self) -> bool {
        self.open.load(Relaxed) > 0
    }

    fn set(&self, part: &AtomicUsize, bytes: usize) {
        part.store(bytes, Relaxed);
        let all = self.bytes();
        self.charge.hold(all);
        if self.is_waiting.load(Relaxed) && !self.charge.is_too_much(all) {
            self.is_waiting.store(false, Relaxed);
            let waiting = locked(&self.waiting).take();
            if let Some(waker) = waiting {
                waker.wake();
            }
        }
    }
}

/// A request whose answer has not begun: until then its head is kept.
pub(crate) struct Begun {
    head: usize,
    open: Open,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.open.0.heads(0, self.head);
    }
}

/// A request that may have a body with the library.
pub(crate) struct Open(Arc<Inflow>);

impl Open {
    /// Ready when more of the body may be passed on. That of HTTP/2 is read already.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.is_multiplexed {
            return Poll::Ready(());
        }
        self.0.poll_room(cx)
    }

    /// Passes on what came of the body.
    pub(crate) fn pass(&self, bytes: Bytes) -> Passed {
        let flow = &self.0;
        if flow.is_multiplexed {
            let unread = flow.unread.load(Relaxed);
            flow.unread
                .store(unread.saturating_sub(bytes.len()), Relaxed);
        }
        let unwritten = flow.unwritten.load(Relaxed) + bytes.len();
        flow.set(&flow.unwritten, unwritten);
        Passed {
            bytes,
            flow: flow.clone(),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let flow = &self.0;
        let others = flow.open.fetch_sub(1, Relaxed) - 1;
        let unread = flow.unread.load(Relaxed);
        flow.set(&flow.unread, unread.min(others.saturating_mul(WINDOW)));
    }
}

/// Bytes of a body that say when they are written.
pub(crate) struct Passed {
    bytes: Bytes,
    flow: Arc<Inflow>,
}

impl Passed {
    fn written(&self, count: usize) {
        if count > 0 {
            let unwritten = self.flow.unwritten.load(Relaxed);
            let left = unwritten.saturating_sub(count);
            self.flow.set(&self.flow.unwritten, left);
        }
    }
}

impl Buf for Passed {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn chunks_vectored<'b>(&'b self, into: &mut [IoSlice<'b>]) -> usize {
        self.bytes.chunks_vectored(into)
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.written(count);
    }
}

impl Drop for Passed {
    fn drop(&mut self) {
        // What is not written any more.
        self.written(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MEMORY_STEP;
    use crate::woken::Woken;

    /// Less than what one connection would take.
    const SCARCE: usize = 2 * MEMORY_STEP;

    fn piece(length: usize) -> Bytes {
        Bytes::from(vec![b'x'; length])
    }

    #[test]
    fn a_body_counts_until_its_instance_has_taken_it_and_then_more_may_come() {
        let budget = Budget::of(SCARCE);
        let flow = Inflow::in_turn(&budget);
        let open = flow.open();
        let (woken, waker) = Woken::and_waker();
        let mut cx = Context::from_waker(&waker);
        let mut passed = open.pass(piece(ANSWER_FREE + SCARCE));
        assert!(open.poll_room(&mut cx).is_pending());
        passed.advance(MEMORY_STEP);
        assert!(woken.take(), "there is some of the budget left");
        assert!(open.poll_room(&mut cx).is_ready());
        let more = open.pass(piece(MEMORY_STEP));
        assert!(open.poll_room(&mut cx).is_pending());
        drop(more);
        assert!(woken.take() && open.poll_room(&mut cx).is_ready());
        drop(passed);
        assert!(!budget.is_used_up() && flow.bytes() == 0);
    }

    #[test]
    fn a_body_of_http_2_counts_from_its_frames_on_and_is_never_held_back() {
        let budget = Budget::of(SCARCE);
        let flow = Inflow::multiplexed(&budget);
        let mut cx = Context::from_waker(Waker::noop());
        flow.came(REQUESTS_FREE + SCARCE);
        let begun = flow.begin(100);
        assert!(flow.poll_room(&mut cx).is_pending());
        let open = flow.open();
        assert!(open.poll_room(&mut cx).is_ready(), "it is read already");
        drop(begun);
        let passed = open.pass(piece(REQUESTS_FREE + SCARCE));
        assert!(flow.poll_room(&mut cx).is_pending());
        drop(passed);
        assert!(flow.poll_room(&mut cx).is_ready());
        assert_eq!(flow.bytes(), 0);
    }

    #[test]
    fn what_a_broken_off_body_left_is_forgotten_once_it_can_t_be_there() {
        let budget = Budget::of(SCARCE);
        let flow = Inflow::multiplexed(&budget);
        let all: Vec<Begun> = (0..3).map(|_| flow.begin(10)).collect();
        flow.came(WINDOW * 9);
        assert_eq!(flow.bytes(), WINDOW * 4 + 30, "more can't come");
        for (left, begun) in [2, 1, 0].into_iter().zip(all) {
            drop(begun);
            assert_eq!(flow.bytes(), WINDOW * left + 10 * left);
        }
    }

    #[test]
    fn modest_requests_go_on_whatever_others_have() {
        let budget = Budget::of(SCARCE);
        let [greedy, modest] = [(); 2].map(|()| Inflow::multiplexed(&budget));
        greedy.heads(REQUESTS_FREE + SCARCE, 0);
        modest.came(REQUESTS_FREE / 2);
        let _begun = modest.begin(REQUESTS_FREE / 2);
        assert!(greedy.is_too_much() && !modest.is_too_much());
    }
}
