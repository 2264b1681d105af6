//! How a client of HTTP/2 takes its answers, one by one.
//!
//! That its connection moves says nothing of an answer: a client whose window stays shut answers pings all
//! the same. So each answer knows how many of its bytes the library has and has not written, and whoever takes
//! none of them for too long loses that answer: its task is dropped, and with it the request's place in its
//! slot and its connection to an instance, and the library resets the stream. The others go on.
//!
//! A client that takes all it can may be slow, and then its answers take turns: of one nothing is written for
//! long, and that is no fault of its client. The library does not tell whose window is shut, but it keeps the
//! turns, of frames and of what the window of the connection lets go: whoever had one stands behind those who
//! wait. So an answer was passed over if a piece of another one was given after its last turn and written, and
//! then a next piece of that one. One is late if it was passed over, or if nothing moves at all.
//!
//! The same looks see whose body waits for its instance (`standing.rs`).

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::io::IoSlice;
use std::pin::{Pin, pin};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, SizeHint};
use hyper::rt::Executor;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use crate::answer::{AnswerBody, BrokenBody};
use crate::budget::Unsent;
use crate::inflow::Inflow;
use crate::limits::{OWED_BYTES, TAKEN_LOOK, WRITE_PAUSE};
use crate::standing::Standing;

/// The requests of one connection.
pub(crate) struct Streams {
    /// What the whole connection has of answers.
    unsent: Arc<Unsent>,
    all: RefCell<BTreeMap<u64, Weak<Pace>>>,
    begun: Cell<u64>,
    /// That of the task which is polled for the first time now.
    first: Cell<Option<Rc<Pace>>>,
    /// Nothing is owed to anybody, so nobody looks.
    is_idle: Cell<bool>,
    /// Something is owed, or was passed on of a body.
    looks: Arc<Notify>,
    /// How often something of an answer was written: the order of all that happens to them.
    written: Cell<u64>,
    /// Who had its last turn before that was passed over.
    passed: Cell<u64>,
    /// Something was written since the last look.
    moved: Cell<bool>,
    /// The last look at which that was so; none before the first.
    since: Cell<Option<Instant>>,
}

/// How an answer is taken.
pub(crate) struct Pace {
    streams: Rc<Streams>,
    number: u64,
    task: OnceCell<AbortHandle>,
    /// How long its client may take nothing.
    within: Cell<Duration>,
    /// Bytes that the library has and has not written.
    owed: Cell<usize>,
    /// Some were given to it, or written, since the last look.
    moved: Cell<bool>,
    /// The last look at which they had moved; none before the first.
    since: Cell<Option<Instant>>,
    /// Where in the order of its connection it had its last turn, or came to wait for one.
    turn: Cell<u64>,
    /// When the last of its pieces that are written whole was given, or the first of all.
    whole: Cell<Option<u64>>,
    stage: Cell<Stage>,
    room: RefCell<Option<Waker>>,
    /// The body of its request.
    standing: RefCell<std::sync::Weak<Standing>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Asked,
    /// Its head was given to the library.
    Begun,
    Cut,
}

impl Streams {
    /// None yet.
    pub(crate) fn of(unsent: &Arc<Unsent>) -> Rc<Self> {
        Rc::new(Self {
            unsent: unsent.clone(),
            all: RefCell::default(),
            begun: Cell::default(),
            first: Cell::default(),
            is_idle: Cell::default(),
            looks: Arc::default(),
            written: Cell::default(),
            passed: Cell::default(),
            moved: Cell::default(),
            since: Cell::default(),
        })
    }

    fn begin(self: &Rc<Self>) -> Rc<Pace> {
        let number = self.begun.get();
        self.begun.set(number + 1);
        let pace = Rc::new(Pace {
            streams: self.clone(),
            number,
            task: OnceCell::new(),
            within: Cell::new(WRITE_PAUSE),
            owed: Cell::new(0),
            moved: Cell::new(false),
            since: Cell::new(None),
            turn: Cell::new(0),
            whole: Cell::new(None),
            stage: Cell::new(Stage::Asked),
            room: RefCell::default(),
            standing: RefCell::default(),
        });
        let known = Rc::downgrade(&pace);
        self.all.borrow_mut().insert(number, known);
        pace
    }

    /// Passes an answer on to the request whose task begins now.
    pub(crate) fn pace(self: &Rc<Self>, mut body: AnswerBody, pace: Option<Rc<Pace>>) -> Paced {
        body.one_of_several();
        let pace = pace.unwrap_or_else(|| self.begin());
        pace.within.set(body.download());
        pace.stage.set(Stage::Begun);
        Paced { body, pace }
    }

    /// The pace of the task that is polled for the first time: to be taken before anything is awaited.
    pub(crate) fn first(&self) -> Option<Rc<Pace>> {
        self.first.take()
    }

    /// Breaks off what is not taken. Returns when the connection has to end for that: the last of an answer
    /// is with the library alone, which takes nothing back.
    pub(crate) async fn look_after(&self) {
        loop {
            if self.has_nothing_to_see() {
                self.is_idle.set(true);
                self.looks.notified().await;
            }
            sleep(TAKEN_LOOK).await;
            if self.look(Instant::now()) {
                return;
            }
        }
    }

    fn has_nothing_to_see(&self) -> bool {
        let all = self.all.borrow();
        let mut all = all.values().filter_map(Weak::upgrade);
        all.all(|pace| {
            let standing = pace.standing.borrow().upgrade();
            pace.owed.get() == 0 && standing.is_none_or(|standing| !standing.concerns())
        })
    }

    /// One look; whether the connection has to end.
    fn look(&self, now: Instant) -> bool {
        if self.moved.replace(false) || self.since.get().is_none() {
            self.since.set(Some(now));
        }
        let all = self.all.borrow().clone();
        let mut ends = false;
        for pace in all.values().filter_map(Weak::upgrade) {
            ends |= pace.is_late(now) && !pace.cut("took nothing of its answer");
            pace.look_at_body();
            // Others may have left what there is for all.
            pace.wake_if_room();
        }
        ends
    }

    /// Whether nothing was written for so long.
    fn is_still(&self, now: Instant, within: Duration) -> bool {
        let since = self.since.get();
        since.is_none_or(|since| now.duration_since(since) >= within)
    }
}

impl Pace {
    fn is_late(&self, now: Instant) -> bool {
        if self.stage.get() == Stage::Cut {
            return false;
        }
        let moved = self.moved.replace(false) || self.owed.get() == 0;
        let since = self.since.get().filter(|_| !moved).unwrap_or(now);
        self.since.set(Some(since));
        let within = self.within.get();
        now.duration_since(since) >= within
            && (self.was_passed_over() || self.streams.is_still(now, within))
    }

    fn was_passed_over(&self) -> bool {
        self.turn.get() < self.streams.passed.get()
    }

    /// Notes that its request has a body, which is looked at from now on as long as it is there.
    pub(crate) fn takes_body(&self, flow: &Arc<Inflow>) -> Arc<Standing> {
        let standing = Standing::begin(flow, &self.streams.looks);
        self.standing.replace(Arc::downgrade(&standing));
        standing
    }

    /// Ends its request alone if there is no room for what its instance does not take.
    fn look_at_body(&self) {
        let standing = self.standing.borrow().upgrade();
        let Some(standing) = standing.filter(|standing| standing.look()) else {
            return;
        };
        match self.stage.get() {
            Stage::Asked => standing.end(),
            // If its task has ended, it is read no more.
            Stage::Begun => {
                self.cut("has a body that its instance does not take");
            }
            Stage::Cut => {}
        }
    }

    /// Drops its task; false if that has ended.
    fn cut(&self, why: &str) -> bool {
        tracing::debug!("a request was broken off: its client {why}");
        self.stage.set(Stage::Cut);
        let task = self.task.get().filter(|task| !task.is_finished());
        if let Some(task) = task {
            task.abort();
        }
        task.is_some()
    }

    fn give(self: &Rc<Self>, bytes: Bytes) -> Piece {
        let given = self.streams.written.get();
        if self.owed.get() == 0 {
            self.turn.set(given);
        }
        // A first one stands behind all who waited before.
        let after = self.whole.get().unwrap_or(given);
        self.whole.set(Some(after));
        self.owed.set(self.owed.get() + bytes.len());
        self.moved.set(true);
        if self.streams.is_idle.replace(false) {
            self.streams.looks.notify_one();
        }
        Piece {
            bytes,
            given,
            after,
            pace: self.clone(),
        }
    }

    /// So many bytes are not owed any more.
    fn took(&self, count: usize) {
        self.owed.set(self.owed.get() - count);
        self.moved.set(true);
        self.streams.unsent.written(count);
        self.wake_if_room();
    }

    /// So many bytes were written.
    fn wrote(&self, count: usize) {
        let streams = &self.streams;
        streams.moved.set(true);
        streams.written.set(streams.written.get() + 1);
        self.turn.set(streams.written.get());
        self.took(count);
    }

    /// A piece was written whole; when it was given, and what came before it.
    fn wrote_whole(&self, given: u64, after: u64) {
        self.whole.set(Some(given));
        let passed = &self.streams.passed;
        passed.set(passed.get().max(after));
    }

    /// Whether more of it may be read. When there is no more for all, an answer still may have a piece: it does
    /// not wait for what the client owes to another one, whose window may be shut.
    fn has_room(&self) -> bool {
        let owed = self.owed.get();
        owed < OWED_BYTES && (owed == 0 || !self.streams.unsent.is_too_much())
    }

    fn wake_if_room(&self) {
        if self.has_room()
            && let Some(waker) = self.room.take()
        {
            waker.wake();
        }
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_room() {
            return Poll::Ready(());
        }
        self.room.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.streams.all.borrow_mut().remove(&self.number);
    }
}

/// Runs each request of a connection on the thread that it is on, so that it can be dropped alone.
#[derive(Clone)]
pub(crate) struct Apart(pub(crate) Rc<Streams>);

impl<F: Future<Output: 'static> + 'static> Executor<F> for Apart {
    fn execute(&self, task: F) {
        let streams = self.0.clone();
        let pace = streams.begin();
        let mut first = Some(pace.clone());
        // Ends with the connection or the request that started it; both are counted.
        let running = tokio::task::spawn_local(async move {
            let mut task = pin!(task);
            poll_fn(|cx| {
                streams.first.set(first.take());
                let polled = task.as_mut().poll(cx);
                streams.first.set(None);
                polled
            })
            .await
        });
        // It is set once.
        drop(pace.task.set(running.abort_handle()));
    }
}

/// An answer that is given only as fast as it is taken.
pub(crate) struct Paced {
    body: AnswerBody,
    pace: Rc<Pace>,
}

impl Body for Paced {
    type Data = Piece;
    type Error = BrokenBody;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, BrokenBody>>> {
        ready!(self.pace.poll_room(cx));
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let pace = &self.pace;
        let piece = |frame: Frame<Bytes>| frame.map_data(|bytes| pace.give(bytes));
        Poll::Ready(frame.map(|frame| frame.map(piece)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Bytes of an answer that say when they are written.
pub(crate) struct Piece {
    bytes: Bytes,
    /// When, in the order of the connection.
    given: u64,
    /// When that was given which had been written whole by then.
    after: u64,
    pace: Rc<Pace>,
}

impl Buf for Piece {
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
        if count > 0 {
            self.pace.wrote(count);
            if self.bytes.is_empty() {
                self.pace.wrote_whole(self.given, self.after);
            }
        }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        // The rest of a stream that was reset.
        self.pace.took(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::budget::Budget;
    use crate::limits::ANSWER_FREE;
    use crate::woken::Woken;

    const KB: usize = 1024;

    fn streams() -> Rc<Streams> {
        Streams::of(&Unsent::on(&Budget::of(usize::MAX)))
    }

    fn piece(pace: &Rc<Pace>) -> Piece {
        pace.give(Bytes::from(vec![0; KB]))
    }

    fn write(mut piece: Piece) {
        piece.advance(piece.remaining());
    }

    /// A task that runs until it is dropped.
    fn running(pace: &Pace) {
        let task = tokio::task::spawn_local(std::future::pending::<()>());
        pace.task.set(task.abort_handle()).expect("once");
    }

    fn here(test: impl FnOnce()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("a runtime");
        tokio::task::LocalSet::new().block_on(&runtime, async { test() });
    }

    #[test]
    fn an_answer_is_cut_when_nothing_of_it_is_taken_and_others_are_not() {
        here(|| {
            let streams = streams();
            let [slow, still, quick] = [(); 3].map(|()| streams.begin());
            for pace in [&slow, &still, &quick] {
                running(pace);
            }
            let mut taken = piece(&slow);
            let _stuck = piece(&still);
            let now = Instant::now();
            let cut = || [&slow, &still, &quick].map(|pace| pace.stage.get() == Stage::Cut);
            for second in 0..=60 {
                assert_eq!(cut(), [false; 3], "after {second} s");
                // A byte now and then is enough, and who is owed nothing is late with nothing.
                if second % 20 == 0 {
                    taken.advance(1);
                    write(piece(&quick));
                }
                assert!(!streams.look(now + Duration::from_secs(second)));
            }
            assert_eq!(cut(), [false, true, false]);
        });
    }

    /// Looks at each second of a quarter of an hour, while the answers take turns of two seconds each, but for
    /// those whose windows are shut. Which are cut then.
    fn taking_turns(count: usize, shut: &[usize]) -> Vec<usize> {
        let mut cut = Vec::new();
        here(|| {
            let streams = streams();
            let all: Vec<_> = (0..count).map(|_| streams.begin()).collect();
            for pace in &all {
                running(pace);
            }
            let mut owed: VecDeque<_> = (0..).zip(all.iter().map(piece)).collect();
            let now = Instant::now();
            let mut stuck = Vec::new();
            for second in 0..900 {
                assert!(!streams.look(now + Duration::from_secs(second)));
                if second % 2 > 0 {
                    continue;
                }
                while let Some((number, given)) = owed.pop_front() {
                    if shut.contains(&number) {
                        stuck.push(given);
                        continue;
                    }
                    write(given);
                    owed.push_back((number, piece(&all[number])));
                    break;
                }
            }
            cut = (0..count)
                .filter(|at| all[*at].stage.get() == Stage::Cut)
                .collect();
        });
        cut
    }

    #[test]
    fn an_answer_that_waits_for_its_turn_for_minutes_is_not_cut_and_one_that_was_passed_over_is() {
        assert_eq!(taking_turns(100, &[]), [0; 0]);
        assert_eq!(taking_turns(100, &[7]), [7]);
        assert_eq!(taking_turns(3, &[0, 2]), [0, 2]);
    }

    #[test]
    fn an_answer_waits_for_its_own_client_alone_and_for_nobody_when_others_have_left() {
        let budget = Budget::of(KB);
        let unsent = Unsent::on(&budget);
        let streams = Streams::of(&unsent);
        let given = |pace: &Rc<Pace>, count| {
            unsent.given(count);
            pace.give(Bytes::from(vec![0; count]))
        };
        let others = Unsent::on(&budget);
        others.given(10 * ANSWER_FREE);
        let [still, quick] = [(); 2].map(|()| streams.begin());
        let stuck = given(&still, 2 * ANSWER_FREE);
        let (woken, waker) = Woken::and_waker();
        let mut cx = Context::from_waker(&waker);
        assert!(quick.poll_room(&mut cx).is_ready(), "it owes nothing");
        let one = given(&quick, KB);
        assert!(quick.poll_room(&mut cx).is_pending() && !woken.take());
        write(one);
        assert!(woken.take() && quick.poll_room(&mut cx).is_ready());
        let _one = given(&quick, KB);
        assert!(quick.poll_room(&mut cx).is_pending());
        drop((others, stuck));
        streams.look(Instant::now());
        assert!(woken.take() && quick.poll_room(&mut cx).is_ready());
    }

    #[test]
    fn what_only_the_library_has_ends_the_connection() {
        let streams = streams();
        // Its task has ended.
        let pace = streams.begin();
        let left = piece(&pace);
        let now = Instant::now();
        assert!(!streams.look(now));
        assert!(!streams.look(now + WRITE_PAUSE / 2));
        let late = |streams: &Streams| streams.look(now + WRITE_PAUSE * 2);
        assert!(late(&streams));
        drop((pace, left));
        assert!(!late(&streams) && streams.all.borrow().is_empty());
    }

    #[test]
    fn no_more_is_taken_of_an_instance_until_most_is_written() {
        let streams = streams();
        let pace = streams.begin();
        let has_room = || {
            let mut cx = Context::from_waker(Waker::noop());
            pace.poll_room(&mut cx).is_ready()
        };
        let mut given = pace.give(Bytes::from(vec![0; OWED_BYTES]));
        assert!(!has_room());
        given.advance(1);
        assert!(has_room());
    }
}
