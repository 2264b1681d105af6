//! What was read of a client's requests and is with no instance yet.
//!
//! An instance that takes nothing of a body leaves it with the router: in the library that reads the client,
//! and in the one that writes to the instance. Each may have a little of that for nothing, and what lies there
//! beyond is charged to the budget of all clients.
//!
//! In HTTP/1.1 nothing but a piece of a body is read before it is passed on. So it counts from then on, and when
//! the budget is used up no more is read of who has more than a little. What opens the way is an instance that
//! takes some, or a request that ends. In HTTP/2 bodies are read whether they are passed on or not: of those
//! that wait for their instances it is also charged what may have been read (`standing.rs`).

use std::io::IoSlice;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};

use crate::budget::{Budget, Charge};
use crate::core::locked;
use crate::limits::{ANSWER_FREE, REQUESTS_FREE, STREAM_WINDOW, WINDOWS};
use crate::standing::Standing;

/// Most that the library has of one body of HTTP/2, and of all of a connection.
const WINDOW: usize = STREAM_WINDOW as usize;
const CONNECTION_WINDOW: usize = WINDOW * WINDOWS as usize;

/// What one client connection has of requests. Shared by what runs on one thread.
pub(crate) struct Inflow {
    charge: Charge,
    /// Bytes of bodies that were passed on and not written to an instance.
    unwritten: AtomicUsize,
    /// Of heads: of one that has not ended, and of those whose answers have not begun; HTTP/2 only.
    heads: AtomicUsize,
    /// Bodies that wait for their instances and are charged; HTTP/2 only.
    standing: AtomicUsize,
    is_waiting: AtomicBool,
    waiting: Mutex<Option<Waker>>,
}

impl Inflow {
    /// Of a connection whose requests come one after the other.
    pub(crate) fn in_turn(budget: &Arc<Budget>) -> Arc<Self> {
        Arc::new(Self::on(Charge::on(budget, ANSWER_FREE)))
    }

    /// Of one that has many at a time.
    pub(crate) fn multiplexed(budget: &Arc<Budget>) -> Arc<Self> {
        Arc::new(Self::on(Charge::on(budget, REQUESTS_FREE)))
    }

    fn on(charge: Charge) -> Self {
        Self {
            charge,
            unwritten: AtomicUsize::new(0),
            heads: AtomicUsize::new(0),
            standing: AtomicUsize::new(0),
            is_waiting: AtomicBool::new(false),
            waiting: Mutex::default(),
        }
    }

    fn bytes(&self) -> usize {
        let windows = self.standing.load(Relaxed).saturating_mul(WINDOW);
        let [unwritten, heads] = [&self.unwritten, &self.heads].map(|part| part.load(Relaxed));
        unwritten + heads + windows.min(CONNECTION_WINDOW)
    }

    /// Whether others have used up what there is, and this one has more than a little.
    pub(crate) fn is_too_much(&self) -> bool {
        self.charge.is_too_much(self.bytes())
    }

    /// Whether its heads alone are.
    pub(crate) fn has_too_many_heads(&self) -> bool {
        self.charge.is_too_much(self.heads.load(Relaxed))
    }

    /// Whether so many bytes of one head are.
    pub(crate) fn is_too_large(&self, head: usize) -> bool {
        self.charge.is_too_much(head)
    }

    /// Ready when more may be read of the client.
    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_too_much() {
            return Poll::Ready(());
        }
        *locked(&self.waiting) = Some(cx.waker().clone());
        self.is_waiting.store(true, Relaxed);
        Poll::Pending
    }

    /// Charges what the library may have of one more body; false if there is no room for it.
    pub(crate) fn charge_window(&self) -> bool {
        let standing = self.standing.load(Relaxed);
        // The others have the window of the connection already.
        let is_more = standing < WINDOWS as usize;
        if is_more && !self.charge.has_room(WINDOW) {
            return false;
        }
        self.set(&self.standing, standing + 1);
        true
    }

    /// Takes that off again.
    pub(crate) fn release_window(&self) {
        self.set(&self.standing, self.standing.load(Relaxed) - 1);
    }

    /// Notes what was passed on to an instance.
    pub(crate) fn passed(&self, count: usize) {
        self.set(&self.unwritten, self.unwritten.load(Relaxed) + count);
    }

    /// Notes how much of that was written, or will not be.
    pub(crate) fn written(&self, count: usize) {
        self.set(&self.unwritten, self.unwritten.load(Relaxed) - count);
    }

    /// Notes that of heads there is so much more, and so much less.
    pub(crate) fn heads(&self, more: usize, less: usize) {
        let heads = self.heads.load(Relaxed) + more;
        self.set(&self.heads, heads - less);
    }

    /// Begins a request of HTTP/2 with a head of so many bytes.
    pub(crate) fn begin(self: &Arc<Self>, head: usize) -> Begun {
        self.heads(head, 0);
        Begun {
            head,
            flow: self.clone(),
        }
    }

    /// Whether a body is still with what takes it to an instance. Of a connection whose requests come one after
    /// the other: nobody else knows its flow then.
    pub(crate) fn has_open(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) > 1
    }

    fn set(&self, part: &AtomicUsize, value: usize) {
        part.store(value, Relaxed);
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
    flow: Arc<Inflow>,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.flow.heads(0, self.head);
    }
}

/// Where a body is counted that goes to an instance.
#[derive(Clone)]
pub(crate) enum Open {
    /// With its connection, which has one at a time.
    InTurn(Arc<Inflow>),
    /// By itself.
    Multiplexed(Arc<Standing>),
}

impl Open {
    /// Ready when more of the body may be passed on. That of HTTP/2 is read already.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::InTurn(flow) => flow.poll_room(cx),
            Self::Multiplexed(standing) => {
                standing.moves();
                Poll::Ready(())
            }
        }
    }

    /// Notes that the client is to send more of it.
    pub(crate) fn awaits_client(&self) {
        if let Self::Multiplexed(standing) = self {
            standing.awaits_client();
        }
    }

    /// Passes on what came of the body, and notes whether that was all of it.
    pub(crate) fn pass(&self, bytes: Bytes, is_all: bool) -> Passed {
        match self {
            Self::InTurn(flow) => flow.passed(bytes.len()),
            Self::Multiplexed(standing) => standing.passed(bytes.len(), is_all),
        }
        Passed {
            bytes,
            open: self.clone(),
        }
    }

    /// Whether its connection has no other before it has come to its end.
    pub(crate) fn is_in_turn(&self) -> bool {
        matches!(self, Self::InTurn(_))
    }

    /// Notes that nothing more of it will be passed on.
    pub(crate) fn ended(&self) {
        if let Self::Multiplexed(standing) = self {
            standing.ended();
        }
    }
}

/// Bytes of a body that say when they are written.
pub(crate) struct Passed {
    bytes: Bytes,
    open: Open,
}

impl Passed {
    fn written(&self, count: usize) {
        if count > 0 {
            match &self.open {
                Open::InTurn(flow) => flow.written(count),
                Open::Multiplexed(standing) => standing.written(count),
            }
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
    use tokio::sync::Notify;

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
        let open = Open::InTurn(flow.clone());
        let (woken, waker) = Woken::and_waker();
        let mut cx = Context::from_waker(&waker);
        let mut passed = open.pass(piece(ANSWER_FREE + SCARCE), false);
        assert!(open.poll_room(&mut cx).is_pending());
        passed.advance(MEMORY_STEP);
        assert!(woken.take(), "there is some of the budget left");
        assert!(open.poll_room(&mut cx).is_ready());
        let more = open.pass(piece(MEMORY_STEP), false);
        assert!(open.poll_room(&mut cx).is_pending());
        drop(more);
        assert!(woken.take() && open.poll_room(&mut cx).is_ready());
        drop(passed);
        assert_eq!((budget.taken(), flow.bytes()), (0, 0));
    }

    #[test]
    fn a_body_of_http_2_is_never_held_back_and_leaves_nothing() {
        let budget = Budget::of(SCARCE);
        let flow = Inflow::multiplexed(&budget);
        let standing = Standing::begin(&flow, &Arc::new(Notify::new()));
        let open = Open::Multiplexed(standing);
        let mut cx = Context::from_waker(Waker::noop());
        let begun = flow.begin(100);
        let passed = open.pass(piece(REQUESTS_FREE + SCARCE), false);
        assert!(flow.is_too_much() && open.poll_room(&mut cx).is_ready());
        drop((begun, passed, open));
        assert_eq!((budget.taken(), flow.bytes()), (0, 0));
    }

    #[test]
    fn modest_requests_go_on_whatever_others_have() {
        let budget = Budget::of(SCARCE);
        let [greedy, modest] = [(); 2].map(|()| Inflow::multiplexed(&budget));
        greedy.heads(REQUESTS_FREE + SCARCE, 0);
        modest.passed(REQUESTS_FREE / 2);
        let _begun = modest.begin(REQUESTS_FREE / 2);
        assert!(greedy.is_too_much() && !modest.is_too_much());
    }
}
