//! Requests that share no connection where their instance speaks HTTP/2.
//!
//! What an instance does not take of one request may end all of a connection: nginx ends it for one field that is
//! longer than its buffers. Whoever else is on it would lose its answer, and that would be held against the release.
//! So whoever asks for something unusual gets a connection of its own, which ends with it.

use hyper::header::TRAILER;
use hyper::http::request;
use windlass_model::Speaks;

use crate::head::size;
use crate::limits::SHARED_HEAD;
use crate::live::InstanceState;

/// Why a request shares no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unshared {
    /// Its head is large: an instance may find it too large.
    LargeHead,
    /// It says that trailers will come.
    Trailers,
}

impl Unshared {
    /// Why a request with this head does so at an instance, if it does.
    pub(crate) fn at(instance: &InstanceState, head: &request::Parts) -> Option<Self> {
        match instance.speaks {
            Speaks::Http1 => None,
            Speaks::Http2 if size(&head.uri, &head.headers) > SHARED_HEAD => Some(Self::LargeHead),
            Speaks::Http2 => head.headers.contains_key(TRAILER).then_some(Self::Trailers),
        }
    }
}
