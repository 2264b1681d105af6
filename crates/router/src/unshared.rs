//! Requests that share no connection where their instance speaks HTTP/2.
//!
//! What an instance does not take of one request may end all of a connection: nginx ends it for one field that is
//! longer than its buffers. Whoever else is on it would lose its answer, and that would be held against the release.
//! So whoever asks for something unusual gets a connection of its own, which ends with it.
//!
//! The other way round, what others asked may end it for a long body: an instance says that it has not looked at
//! it, and it can't be sent again. So that has a connection of its own too, which the next one may have after it.

use hyper::body::Body as _;
use hyper::header::TRAILER;
use windlass_model::Speaks;

use crate::head::size;
use crate::limits::{KEPT_BODY, SHARED_HEAD};
use crate::live::InstanceState;
use crate::outgoing::Outgoing;
use crate::outlets::Outlets;

/// Why a request shares no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unshared {
    /// Its head is large: an instance may find it too large.
    LargeHead,
    /// It says that trailers will come.
    Trailers,
    /// It says that more of a body will come than is kept to be sent again.
    LongBody,
}

impl Unshared {
    /// Why this request does so at an instance, if it does. A long body does as long as there are plenty of
    /// connections: clients of HTTP/2 can begin a great many for the price of their heads.
    pub(crate) fn at(
        instance: &InstanceState,
        request: &Outgoing,
        outlets: &Outlets,
    ) -> Option<Self> {
        if instance.speaks == Speaks::Http1 {
            return None;
        }
        let (head, body) = (&request.head, request.body.size_hint().exact());
        if size(&head.uri, &head.headers) > SHARED_HEAD {
            Some(Self::LargeHead)
        } else if head.headers.contains_key(TRAILER) {
            Some(Self::Trailers)
        } else {
            let is_long = body.is_some_and(|bytes| bytes > KEPT_BODY as u64);
            (is_long && outlets.are_plenty()).then_some(Self::LongBody)
        }
    }
}
