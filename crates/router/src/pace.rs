//! How a client of HTTP/2 takes its answers, one by one.
//!
//! That its connection moves says nothing of an answer: a client whose window stays shut answers pings all
//! the same. So each answer knows how many of its bytes the library has and has not written, and whoever takes
//! none of them for too long loses that answer: its task is dropped, and with it the request's place in its
//! slot and its connection to an instance, and the library resets the stream. The others go on.

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
use crate::limits::{OWED_BYTES, TAKEN_LOOK, WRITE_PAUSE};

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
    owes: Notify,
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
    is_cut: Cell<bool>,
    room: RefCell<Option<Waker>>,
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
            owes: Notify::new(),
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
            is_cut: Cell::new(false),
            room: RefCell::default(),
        });
        let known = Rc::downgrade(&pace);
        self.all.borrow_mut().insert(number, known);
        pace
    }

    /// Passes an answer on to the request whose task begins now.
    pub(crate) fn pace(self: &Rc<Self>, body: AnswerBody, pace: Option<Rc<Pace>>) -> Paced {
        let pace = pace.unwrap_or_else(|| self.begin());
        pace.within.set(body.download());
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
            if self.owes_nothing() {
                self.is_idle.set(true);
                self.owes.notified().await;
            }
            sleep(TAKEN_LOOK).await;
            if self.look(Instant::now()) {
                return;
            }
        }
    }

    fn owes_nothing(&self) -> bool {
        let all = self.all.borrow();
        let mut owed = all.values().filter_map(Weak::upgrade);
        owed.all(|pace| pace.owed.get() == 0)
    }

    /// One look; whether the connection has to end.
    fn look(&self, now: Instant) -> bool {
        let all = self.all.borrow().clone();
        let mut ends = false;
        for pace in all.values().filter_map(Weak::upgrade) {
            ends |= pace.is_late(now) && !pace.cut();
        }
        ends
    }
}

impl Pace {
    fn is_late(&self, now: Instant) -> bool {
        if self.is_cut.get() {
            return false;
        }
        let moved = self.moved.replace(false) || self.owed.get() == 0;
        let since = self.since.get().filter(|_| !moved).unwrap_or(now);
        self.since.set(Some(since));
        now.duration_since(since) >= self.within.get()
    }

    /// Drops its task; false if that has ended.
    fn cut(&self) -> bool {
        tracing::debug!("a client took nothing of its answer");
        self.is_cut.set(true);
        let task = self.task.get().filter(|task| !task.is_finished());
        if let Some(task) = task {
            task.abort();
        }
        task.is_some()
    }

    fn give(self: &Rc<Self>, bytes: Bytes) -> Piece {
        self.owed.set(self.owed.get() + bytes.len());
        self.moved.set(true);
        if self.streams.is_idle.replace(false) {
            self.streams.owes.notify_one();
        }
        Piece {
            bytes,
            pace: self.clone(),
        }
    }

    /// So many bytes are not owed any more.
    fn took(&self, count: usize) {
        self.owed.set(self.owed.get() - count);
        self.moved.set(true);
        self.streams.unsent.written(count);
        if self.owed.get() < OWED_BYTES
            && let Some(waker) = self.room.take()
        {
            waker.wake();
        }
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.owed.get() < OWED_BYTES {
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
        self.pace.took(count);
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
    use super::*;

    const KB: usize = 1024;

    fn streams() -> Rc<Streams> {
        Streams::of(&Unsent::on(&crate::budget::Budget::of(KB)))
    }

    fn piece(pace: &Rc<Pace>) -> Piece {
        pace.give(Bytes::from(vec![0; KB]))
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
            let cut = || [&slow, &still, &quick].map(|pace| pace.is_cut.get());
            for second in 0..=60 {
                assert_eq!(cut(), [false; 3], "after {second} s");
                // A byte now and then is enough, and who is owed nothing is late with nothing.
                if second % 20 == 0 {
                    taken.advance(1);
                    drop(piece(&quick));
                }
                assert!(!streams.look(now + Duration::from_secs(second)));
            }
            assert_eq!(cut(), [false, true, false]);
        });
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
