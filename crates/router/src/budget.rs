//! How much memory the clients of a router may take, all of them together.
//!
//! What one connection may have is bounded, and thousands of them could still have a great deal: of heads that
//! do not end, of bodies that no instance takes (`inflow.rs`), of answers that nobody reads. So each may have a
//! little for nothing, and whatever lies there beyond that is charged to one budget of the process. When that is
//! used up, large heads are refused, and no more is read of a body or of an answer until most of what there is
//! was taken; of HTTP/2, requests whose bodies no instance takes end (`standing.rs`). Who never has more than a little touches none of this.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use crate::core::locked;
use crate::limits::{ANSWER_BYTES, ANSWER_FREE, MEMORY_STEP};

/// What there is for all.
pub(crate) struct Budget {
    most: usize,
    /// What it is charged in, so that few of the changes touch what all threads share.
    step: usize,
    taken: AtomicUsize,
}

impl Budget {
    /// One of so many bytes.
    pub(crate) fn of(most: usize) -> Arc<Self> {
        Self::in_steps(most, MEMORY_STEP)
    }

    /// One of so many things, each of which counts.
    pub(crate) fn of_single(most: usize) -> Arc<Self> {
        Self::in_steps(most, 1)
    }

    fn in_steps(most: usize, step: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            step,
            taken: AtomicUsize::new(0),
        })
    }

    /// What is charged to it now.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Relaxed)
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.taken.load(Relaxed) >= self.most
    }

    /// How much may be read of an instance, or of a client's body, in one turn, before it is known whether its client takes it: little
    /// once half of the budget is gone, for many may read in the same moment.
    pub(crate) fn at_once(&self) -> usize {
        if self.taken.load(Relaxed) < self.most / 2 {
            usize::MAX
        } else {
            ANSWER_FREE / 2
        }
    }
}

/// What one has of it.
pub(crate) struct Charge {
    budget: Arc<Budget>,
    /// What it may have anyway.
    free: usize,
    charged: AtomicUsize,
}

impl Charge {
    pub(crate) fn on(budget: &Arc<Budget>, free: usize) -> Self {
        Self {
            budget: budget.clone(),
            free,
            charged: AtomicUsize::new(0),
        }
    }

    /// Charges so many bytes, instead of those before.
    pub(crate) fn hold(&self, bytes: usize) {
        let above = bytes.saturating_sub(self.free);
        let above = above.next_multiple_of(self.budget.step);
        let was = self.charged.load(Relaxed);
        if above == was {
            return;
        }
        self.charged.store(above, Relaxed);
        if above > was {
            self.budget.taken.fetch_add(above - was, Relaxed);
        } else {
            self.budget.taken.fetch_sub(was - above, Relaxed);
        }
    }

    /// How many may be read in one turn; see [`Budget::at_once`].
    pub(crate) fn at_once(&self) -> usize {
        self.budget.at_once()
    }

    /// Whether there is still so much for anybody.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.budget.taken.load(Relaxed) + bytes <= self.budget.most
    }

    /// Whether nobody may have so many now.
    pub(crate) fn is_too_much(&self, bytes: usize) -> bool {
        bytes > self.free && self.budget.is_used_up()
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.hold(0);
    }
}

/// What was read of an instance's answer and was not passed on.
///
/// Charged as soon as it is read: many may be read before one is passed on.
pub(crate) struct Ahead {
    charge: Charge,
    bytes: AtomicUsize,
    /// An answer is awaited, or under way; what a tunnel brings is its own.
    counts: AtomicBool,
}

impl Ahead {
    pub(crate) fn on(budget: &Arc<Budget>) -> Self {
        Self {
            charge: Charge::on(budget, ANSWER_FREE),
            bytes: AtomicUsize::new(0),
            counts: AtomicBool::new(false),
        }
    }

    /// Begins with the next answer.
    pub(crate) fn begin(&self) {
        self.set(0);
        self.counts.store(true, Relaxed);
    }

    /// Notes that the answer has come to its end, or that the connection is a tunnel's now.
    pub(crate) fn end(&self) {
        self.counts.store(false, Relaxed);
        self.set(0);
    }

    /// Notes what may have been read: never more than the library lets lie, and once more what it holds of
    /// what it has read.
    pub(crate) fn came(&self, count: usize) {
        if self.counts.load(Relaxed) {
            let bytes = self.bytes.load(Relaxed) + count;
            self.set(bytes.min(2 * ANSWER_BYTES));
        }
    }

    /// Notes what was passed on.
    pub(crate) fn passed(&self, count: usize) {
        self.set(self.bytes.load(Relaxed).saturating_sub(count));
    }

    /// Notes that nothing of it is left to be passed on.
    pub(crate) fn all_passed(&self) {
        self.set(0);
    }

    fn set(&self, bytes: usize) {
        self.bytes.store(bytes, Relaxed);
        self.charge.hold(bytes);
    }
}

/// What a connection has of answers and has not written. Shared by what runs on one thread.
pub(crate) struct Unsent {
    charge: Charge,
    bytes: AtomicUsize,
    /// The connection itself, which passes on one answer at a time; those of HTTP/2 wait by themselves.
    waiting: Mutex<Option<Waker>>,
}

impl Unsent {
    pub(crate) fn on(budget: &Arc<Budget>) -> Arc<Self> {
        Arc::new(Self {
            charge: Charge::on(budget, ANSWER_FREE),
            bytes: AtomicUsize::new(0),
            waiting: Mutex::default(),
        })
    }

    /// Whether others have used up what there is, and this one has more than a little.
    pub(crate) fn is_too_much(&self) -> bool {
        self.charge.is_too_much(self.bytes.load(Relaxed))
    }

    /// Ready when more of the answer may be read. What opens the way is the client: it takes what was given,
    /// or its connection ends for that.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_too_much() {
            return Poll::Ready(());
        }
        *locked(&self.waiting) = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Notes what is to be written.
    pub(crate) fn given(&self, count: usize) {
        self.set(self.bytes.load(Relaxed) + count);
    }

    /// Notes what was.
    pub(crate) fn written(&self, count: usize) {
        let was = self.bytes.load(Relaxed);
        let left = was.saturating_sub(count);
        self.set(left);
        let free = self.charge.free;
        if was > free && left <= free {
            let waiting = locked(&self.waiting).take();
            if let Some(waker) = waiting {
                waker.wake();
            }
        }
    }

    /// Notes that nothing is left to be written.
    pub(crate) fn all_written(&self) {
        self.written(self.bytes.load(Relaxed));
    }

    fn set(&self, bytes: usize) {
        self.bytes.store(bytes, Relaxed);
        self.charge.hold(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::woken::Woken;

    const MUCH: usize = 4 * MEMORY_STEP;

    #[test]
    fn little_costs_nothing_and_what_is_beyond_comes_back_whole() {
        let budget = Budget::of(MUCH);
        let charge = Charge::on(&budget, ANSWER_FREE);
        charge.hold(ANSWER_FREE);
        assert_eq!(budget.taken(), 0);
        for bytes in [ANSWER_FREE + 1, MUCH, MUCH / 2, MUCH * 10] {
            charge.hold(bytes);
            let beyond = bytes - ANSWER_FREE;
            assert!(budget.taken() >= beyond, "{bytes}");
            assert!(budget.taken() < beyond + MEMORY_STEP, "{bytes}");
        }
        drop(charge);
        assert_eq!(budget.taken(), 0);
    }

    #[test]
    fn what_is_read_of_an_answer_counts_until_it_is_passed_on_and_a_tunnel_does_not() {
        let budget = Budget::of(MUCH);
        let ahead = Ahead::on(&budget);
        ahead.begin();
        ahead.came(MUCH);
        assert_ne!(budget.taken(), 0);
        ahead.passed(MUCH - 1);
        assert_eq!(budget.taken(), 0);
        // Less comes than there is room for.
        for _ in 0..100 {
            ahead.came(MUCH);
        }
        assert!(budget.taken() <= 2 * ANSWER_BYTES);
        ahead.all_passed();
        assert_eq!(budget.taken(), 0);
        ahead.came(MUCH);
        ahead.end();
        ahead.came(MUCH);
        assert_eq!(budget.taken(), 0);
    }

    #[test]
    fn when_it_is_used_up_much_waits_until_little_is_left_and_little_does_not() {
        let budget = Budget::of(MUCH);
        let [greedy, modest] = [(); 2].map(|()| Unsent::on(&budget));
        let (woken, waker) = Woken::and_waker();
        let mut cx = Context::from_waker(&waker);
        assert_eq!(budget.at_once(), usize::MAX);
        greedy.given(MUCH * 2);
        modest.given(ANSWER_FREE);
        assert!(budget.at_once() < ANSWER_FREE);
        assert!(modest.poll_room(&mut cx).is_ready());
        assert!(greedy.poll_room(&mut cx).is_pending());
        greedy.written(MUCH);
        assert!(!woken.take());
        greedy.written(MUCH - ANSWER_FREE);
        assert!(woken.take() && greedy.poll_room(&mut cx).is_ready());
        greedy.all_written();
        assert_eq!(budget.taken(), 0);
    }
}
