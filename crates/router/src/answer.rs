//! What goes back to the client: an origin's answer, or one of the router's own.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::sleep;

use crate::access::Told;
use crate::budget::Ahead;
use crate::connection::Busy;
use crate::limits::WRITE_PAUSE;
use crate::pool::Lent;
use crate::ticket::Ticket;
use crate::trailers::allowed;

/// A body on its way to the client. Dropping it ends the request.
pub(crate) struct AnswerBody {
    kind: Kind,
    busy: Option<Busy>,
    /// What the access log is told when this is dropped.
    told: Option<Box<Told>>,
    /// Who passes it on knows when more of it may be read.
    is_paced: bool,
}

enum Kind {
    Own(Full<Bytes>),
    Origin(Box<Origin>),
}

struct Origin {
    body: Incoming,
    ticket: Ticket,
    lent: Option<Lent>,
    /// What ends this while the instance says nothing.
    patience: Option<Pin<Box<dyn Future<Output = BrokenBody>>>>,
}

/// Why an answer's body breaks off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BrokenBody {
    #[error("the instance broke off")]
    Origin(#[from] hyper::Error),
    #[error("the instance said nothing for too long")]
    Silent,
    #[error("the time of its slot to drain is over")]
    Cut,
}

/// Lasts until the instance has said nothing for too long, or its slot is cut.
async fn patience(cut: impl Future<Output = ()>, silence: Duration) -> BrokenBody {
    tokio::select! {
        biased;
        () = cut => BrokenBody::Cut,
        () = sleep(silence) => BrokenBody::Silent,
    }
}

/// Whether no bytes of it are to come: its end was seen, or it has given as many as its head promised.
fn is_all(body: &Incoming) -> bool {
    body.is_end_stream() || body.size_hint().exact() == Some(0)
}

impl AnswerBody {
    /// The router's own.
    pub(crate) fn own(bytes: Bytes) -> Self {
        Self {
            kind: Kind::Own(Full::new(bytes)),
            busy: None,
            told: None,
            is_paced: false,
        }
    }

    /// No body at all, such as that of a 101.
    pub(crate) fn none() -> Self {
        Self::own(Bytes::new())
    }

    /// An origin's body: holds the request's ticket to its end, and gives the connection back then.
    pub(crate) fn origin(body: Incoming, ticket: Ticket, lent: Lent) -> Self {
        let mut origin = Origin {
            body,
            ticket,
            lent: Some(lent),
            patience: None,
        };
        if is_all(&origin.body) {
            origin.give_back();
        }
        Self {
            kind: Kind::Origin(Box::new(origin)),
            busy: None,
            told: None,
            is_paced: false,
        }
    }

    /// Whether it is the router's own, or there is none.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self.kind, Kind::Own(_))
    }

    /// Has the access log told of it to its last byte.
    pub(crate) fn tell(&mut self, mut told: Box<Told>) {
        if self.is_whole() {
            told.ended();
        }
        self.told = Some(told);
    }

    /// Whether all of its bytes were taken.
    fn is_whole(&self) -> bool {
        match &self.kind {
            Kind::Own(own) => own.is_end_stream(),
            Kind::Origin(origin) => is_all(&origin.body),
        }
    }

    /// How long its client may take nothing of it.
    pub(crate) fn download(&self) -> Duration {
        match &self.kind {
            Kind::Own(_) => WRITE_PAUSE,
            Kind::Origin(origin) => origin.ticket.terms().download,
        }
    }

    /// Has it wait for no room: it is one of several, and whoever passes it on does.
    pub(crate) fn one_of_several(&mut self) {
        self.is_paced = true;
    }

    /// Marks the client's connection as busy until this is dropped.
    pub(crate) fn keep_busy(&mut self, busy: Busy) {
        self.busy = Some(busy);
    }
}

impl Origin {
    /// Whether the request's own body broke off.
    fn was_spoilt(&self) -> bool {
        let lent = self.lent.as_ref();
        lent.is_some_and(|lent| lent.progress.has_failed())
    }

    fn ahead(&self) -> Option<&Ahead> {
        self.lent.as_ref().and_then(|lent| lent.link.ahead())
    }

    /// Whether nothing of the body comes after `frame`, which was taken from it. Whoever sends it on may not
    /// ask again: neither after trailers, nor once it has as many bytes as were promised. An instance that
    /// speaks HTTP/2 may end its stream in a frame of its own.
    fn ends_with(&self, frame: &Frame<Bytes>) -> bool {
        frame.is_trailers() || is_all(&self.body)
    }

    /// Ends the request. Its connection is given back, too, unless its stream goes on: then whoever drops the
    /// body has to see to that.
    fn give_back(&mut self) {
        self.ticket.told();
        if let Some(lent) = self.lent.take_if(|lent| !lent.goes_on(&self.body)) {
            lent.give_back();
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        if self.ticket.is_cut() {
            self.ticket.told();
            return Poll::Ready(Some(Err(BrokenBody::Cut)));
        }
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                if let Some(ahead) = self.ahead() {
                    ahead.all_passed();
                }
                return self.poll_patience(cx);
            }
        };
        self.patience = None;
        if let Some(Ok(frame)) = &frame {
            let count = frame.data_ref().map_or(0, Bytes::len);
            self.ticket.passed(count);
            if let Some(ahead) = self.ahead() {
                ahead.passed(count);
            }
        }
        match &frame {
            None => self.give_back(),
            Some(Ok(frame)) if self.ends_with(frame) => self.give_back(),
            // What the client sent may have ended it: no evidence against the instance.
            Some(Err(_)) if self.was_spoilt() => {}
            Some(Err(_)) => {
                self.ticket.broke();
                if let Some(lent) = &self.lent {
                    lent.instance.resting.failed(self.ticket.terms());
                }
            }
            Some(Ok(_)) => {}
        }
        Poll::Ready(frame.map(|frame| Ok(allowed(frame?))))
    }

    fn poll_patience<T>(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, BrokenBody>>> {
        let ticket = &self.ticket;
        let patience = self
            .patience
            .get_or_insert_with(|| Box::pin(patience(ticket.cut_apart(), ticket.terms().silence)));
        let why = ready!(patience.as_mut().poll(cx));
        match why {
            BrokenBody::Origin(_) | BrokenBody::Silent => self.ticket.broke(),
            // Its time was over: no evidence against the instance.
            BrokenBody::Cut => self.ticket.told(),
        }
        Poll::Ready(Some(Err(why)))
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        let kind = std::mem::replace(&mut self.kind, Kind::Own(Full::default()));
        if let Kind::Origin(origin) = kind
            && is_all(&origin.body)
            && let Origin {
                body,
                lent: Some(lent),
                ..
            } = *origin
        {
            lent.see_end(body);
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BrokenBody;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenBody>>> {
        let me = &mut *self;
        if let Some(busy) = me.busy.as_ref().filter(|_| !me.is_paced) {
            ready!(busy.unsent().poll_room(cx));
        }
        let frame = match &mut me.kind {
            Kind::Own(own) => Pin::new(own)
                .poll_frame(cx)
                .map_err(|never: Infallible| match never {}),
            Kind::Origin(origin) => origin.poll(cx),
        };
        let is_whole = self.is_whole();
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                let count = frame.data_ref().map_or(0, Bytes::len);
                if let Some(busy) = &self.busy {
                    busy.unsent().given(count);
                }
                if let Some(told) = &mut self.told {
                    told.passed(count);
                    if is_whole || frame.is_trailers() {
                        told.ended();
                    }
                }
            }
            Poll::Ready(None) => {
                if let Some(told) = &mut self.told {
                    told.ended();
                }
            }
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Own(own) => own.is_end_stream(),
            Kind::Origin(origin) => origin.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Own(own) => own.size_hint(),
            Kind::Origin(origin) => origin.body.size_hint(),
        }
    }
}
