//! Events on their way to one watcher.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_channel::mpsc;
use futures_util::Stream;
use futures_util::stream::{FusedStream, StreamExt as _};
use windlass_api::Event;

/// Events as they are committed. It ends when its watcher is too slow, who resumes by sequence; that of one
/// deployment also ends with it, and then [`is_whole`](Self::is_whole).
#[derive(Debug)]
pub struct EventStream {
    events: mpsc::Receiver<Event>,
    whole: Arc<AtomicBool>,
}

/// The near end, by which a stream learns that nothing more will come.
#[derive(Debug)]
pub struct Whole(Arc<AtomicBool>);

impl EventStream {
    /// What arrives here, and the way to say that it was all.
    pub fn of(events: mpsc::Receiver<Event>) -> (Self, Whole) {
        let whole = Arc::new(AtomicBool::new(false));
        let near = Whole(Arc::clone(&whole));
        (Self { events, whole }, near)
    }

    /// Whether it ended with its deployment, and all of that has come.
    pub fn is_whole(&self) -> bool {
        self.events.is_terminated() && self.whole.load(Ordering::Acquire)
    }
}

impl Stream for EventStream {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.events.poll_next_unpin(context)
    }
}

impl Whole {
    /// Nothing more comes: to be said before the sender is dropped.
    pub fn say(self) {
        self.0.store(true, Ordering::Release);
    }
}
