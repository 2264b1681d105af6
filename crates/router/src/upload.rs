//! A request's body on its way to an instance.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, timeout};

use crate::budget::Budget;
use crate::expectation::Expectation;
use crate::inflow::{Open, Passed};
use crate::kept::Kept;
use crate::limits::{LINGER_BYTES, LINGER_TIME};
use crate::origin::Place;
use crate::trailers::allowed;

/// How far a request's body is.
pub(crate) struct Progress {
    /// None for a request that is sent again without one, and once it was taken back.
    source: RefCell<Option<(Incoming, Open)>>,
    /// What an attempt before this one has taken of it; goes first.
    begun: RefCell<Bytes>,
    /// All that this one has taken, as long as that may be needed for another.
    kept: RefCell<Option<Kept>>,
    /// Some of it may be with an instance.
    taken: Cell<bool>,
    polled: Cell<bool>,
    /// Nobody passes it on any more.
    is_left: Cell<bool>,
    /// Much of it was left when its answer began.
    is_broken_off: Cell<bool>,
    ended: Cell<bool>,
    failed: Cell<bool>,
    too_large: Cell<bool>,
    /// It was asked for more than had come.
    awaited: Cell<bool>,
    /// Nothing of it was asked for, since its client waits to be told.
    held: Cell<bool>,
    /// Its answer has begun.
    answered: Cell<bool>,
    last: Cell<Instant>,
    /// That went out and were not counted yet.
    bytes: Cell<u64>,
}

impl Progress {
    fn begin(begun: Bytes, source: Option<(Incoming, Open)>, last: Instant) -> Rc<Self> {
        let is_empty = source.as_ref().is_none_or(|(body, _)| body.is_end_stream());
        let is_empty = is_empty && begun.is_empty();
        Rc::new(Self {
            source: RefCell::new(source),
            begun: RefCell::new(begun),
            kept: RefCell::new(None),
            taken: Cell::new(false),
            polled: Cell::new(false),
            is_left: Cell::new(false),
            is_broken_off: Cell::new(false),
            ended: Cell::new(is_empty),
            failed: Cell::new(false),
            too_large: Cell::new(false),
            awaited: Cell::new(false),
            held: Cell::new(false),
            answered: Cell::new(false),
            last: Cell::new(last),
            bytes: Cell::new(0),
        })
    }

    /// The body for another attempt, wherever this one is; none if some of it was taken and not kept.
    pub(crate) fn take_back(&self, room: u64) -> Option<(Upload, Rc<Self>)> {
        let kept = self.kept.take();
        let begun = if self.taken.get() {
            kept?.into_bytes()
        } else {
            self.begun.take()
        };
        let Some(source) = self.source.take() else {
            return Some(Upload::nothing());
        };
        let room = room.saturating_sub(begun.len() as u64);
        let progress = Self::begin(begun, Some(source), Instant::now());
        Some(Upload::of(progress, room))
    }

    /// What an attempt before has taken, the first time; all there is of it, or not.
    fn pass_begun(&self, is_all: bool) -> Option<Frame<Bytes>> {
        let begun = self.begun.take();
        if begun.is_empty() {
            return None;
        }
        let frame = Frame::data(begun);
        self.taken.set(true);
        self.ended.set(is_all);
        self.last.set(Instant::now());
        self.keep(&frame);
        Some(frame)
    }

    /// Keeps what is sent now with what was sent before; if it may, and it is not too much.
    fn keep(&self, frame: &Frame<Bytes>) {
        let kept = self.kept.take();
        let kept = kept.and_then(|kept| kept.and(frame.data_ref()?));
        self.kept.replace(kept);
    }

    /// The bytes that went out since the last call.
    pub(crate) fn take_bytes(&self) -> u64 {
        self.bytes.take()
    }

    /// Whether any of it may have gone out: then no other connection can take it.
    pub(crate) fn was_polled(&self) -> bool {
        self.polled.get()
    }

    /// Whether all of it has gone out: only then its connection can take another request.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.get()
    }

    /// Whether it is larger than its service takes.
    pub(crate) fn is_too_large(&self) -> bool {
        self.too_large.get()
    }

    /// Whether the client broke off, or sent too much.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    /// Whether its client is to send more before anything else can happen.
    pub(crate) fn is_awaited(&self) -> bool {
        self.awaited.get()
    }

    /// Whether its client still waits to be told to send it.
    pub(crate) fn is_held(&self) -> bool {
        self.held.get()
    }

    /// Lets go of what is left of it, where it is answered and nobody passes it on any more.
    fn let_go(&self) {
        if !self.is_left.get() || !self.answered.get() {
            return;
        }
        self.is_broken_off.set(self.leaves_much());
        let Some((body, open)) = self.source.take() else {
            return;
        };
        open.ended();
        let is_over = self.ended.get() || self.failed.get() || self.held.get();
        if !is_over && open.is_in_turn() && is_little(&body) {
            read_away(body);
        }
    }

    /// Whether so much of it has not come that the connection can't go on if its instance has no use for that.
    pub(crate) fn leaves_much(&self) -> bool {
        let source = self.source.borrow();
        let is_much = |(body, open): &(Incoming, Open)| open.is_in_turn() && !is_little(body);
        let is_left = !self.ended.get() && source.as_ref().is_some_and(is_much);
        is_left || self.is_broken_off.get()
    }

    /// Notes that its answer has begun. Whose client still waits is not told to send it any more.
    pub(crate) fn answered(&self) {
        self.answered.set(true);
        self.kept.take();
        self.let_go();
    }

    /// When the last of it went out.
    pub(crate) fn last(&self) -> Instant {
        self.last.get()
    }
}

/// Whether little of it is to come.
fn is_little(body: &Incoming) -> bool {
    let most = body.size_hint().upper();
    body.is_end_stream() || most.is_some_and(|most| most <= LINGER_BYTES as u64)
}

/// Reads to its end what nobody has a use for: its connection may go on after that.
fn read_away(mut body: Incoming) {
    // Ends with its time at the latest.
    tokio::task::spawn_local(async move {
        let rest = async { while let Some(Ok(_unused)) = body.frame().await {} };
        timeout(LINGER_TIME, rest).await.ok();
    });
}

/// The body, watched.
pub(crate) struct Upload {
    expectation: Option<Expectation>,
    /// Bytes that may still come.
    room: u64,
    progress: Rc<Progress>,
    /// Its stream counts at its instance until this has ended too.
    place: Option<Rc<Place>>,
}

impl Upload {
    /// A body of at most `room` bytes of a request that entered its slot at `entered`.
    pub(crate) fn new(
        source: (Incoming, Open),
        room: u64,
        entered: Instant,
    ) -> (Self, Rc<Progress>) {
        Self::of(Progress::begin(Bytes::new(), Some(source), entered), room)
    }

    fn of(progress: Rc<Progress>, room: u64) -> (Self, Rc<Progress>) {
        let upload = Self {
            expectation: None,
            room,
            progress: progress.clone(),
            place: None,
        };
        (upload, progress)
    }

    /// Holds it back as long as that says.
    pub(crate) fn hold(&mut self, expectation: Expectation) {
        self.expectation = Some(expectation);
        self.progress.held.set(true);
    }

    /// Holds it back no longer.
    pub(crate) fn let_go(&mut self) {
        if self.expectation.take().is_some() {
            self.progress.held.set(false);
            self.progress.last.set(Instant::now());
        }
    }

    /// Has what is sent of it kept in this budget until its answer begins.
    pub(crate) fn keep(&self, budget: &Arc<Budget>) {
        self.progress.kept.replace(Some(Kept::on(budget)));
    }

    /// Has it hold the place of its request as long as it goes on, also beyond its answer.
    pub(crate) fn hold_place(&mut self, place: Option<Rc<Place>>) {
        self.place = place;
    }

    /// The body of a request without one that is made anew.
    pub(crate) fn nothing() -> (Self, Rc<Progress>) {
        Self::of(Progress::begin(Bytes::new(), None, Instant::now()), 0)
    }
}

impl Drop for Upload {
    /// Lets go of the body with the connection that it goes to, if its answer has begun: else another one may get it,
    /// or it ends with its request.
    fn drop(&mut self) {
        self.progress.is_left.set(true);
        self.progress.let_go();
    }
}

/// Why a request's body breaks off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BrokenUpload {
    #[error("the client broke off")]
    Client(#[from] hyper::Error),
    #[error("the body is larger than its service takes")]
    TooLarge,
}

impl Body for Upload {
    type Data = Passed;
    type Error = BrokenUpload;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Passed>, BrokenUpload>>> {
        let this = &mut *self;
        if let Some(expectation) = &mut this.expectation {
            if this.progress.answered.get() {
                // Dropped with its connection, when that answer has come to its end.
                return Poll::Pending;
            }
            ready!(expectation.poll(cx));
            this.let_go();
        }
        this.progress.polled.set(true);
        let mut source = this.progress.source.borrow_mut();
        let Some((body, open)) = source.as_mut() else {
            return Poll::Ready(None);
        };
        if let Some(begun) = this.progress.pass_begun(body.is_end_stream()) {
            let ended = this.progress.has_ended();
            return Poll::Ready(Some(Ok(begun.map_data(|bytes| open.pass(bytes, ended)))));
        }
        // The instance's turn: it has some of it and takes none.
        if open.poll_room(cx).is_pending() {
            this.progress.awaited.set(false);
            return Poll::Pending;
        }
        let frame = Pin::new(&mut *body).poll_frame(cx);
        let ended = body.is_end_stream();
        this.progress.awaited.set(frame.is_pending());
        this.progress
            .taken
            .set(this.progress.taken.get() || frame.is_ready());
        match &frame {
            Poll::Ready(None) => {
                this.progress.ended.set(true);
                open.ended();
            }
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                let room = this.room.checked_sub(bytes as u64);
                let Some(room) = room else {
                    this.progress.failed.set(true);
                    this.progress.too_large.set(true);
                    return Poll::Ready(Some(Err(BrokenUpload::TooLarge)));
                };
                this.room = room;
                let passed = this.progress.bytes.get() + bytes as u64;
                this.progress.bytes.set(passed);
                this.progress.last.set(Instant::now());
                this.progress.ended.set(ended);
                this.progress.keep(frame);
            }
            Poll::Ready(Some(Err(_))) => {
                this.progress.failed.set(true);
                open.ended();
            }
            Poll::Pending => open.awaits_client(),
        }
        frame.map(|frame| {
            frame.map(|frame| Ok(allowed(frame?).map_data(|bytes| open.pass(bytes, ended))))
        })
    }

    fn is_end_stream(&self) -> bool {
        let source = self.progress.source.borrow();
        let is_end = source.as_ref().is_none_or(|(body, _)| body.is_end_stream());
        is_end && self.progress.begun.borrow().is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let source = self.progress.source.borrow();
        let rest = source
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), |(body, _)| body.size_hint());
        let begun = self.progress.begun.borrow().len() as u64;
        if begun == 0 {
            return rest;
        }
        let mut all = SizeHint::new();
        all.set_lower(rest.lower() + begun);
        if let Some(upper) = rest.upper() {
            all.set_upper(upper + begun);
        }
        all
    }
}
