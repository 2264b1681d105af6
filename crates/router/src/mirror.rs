//! Copies of requests for somebody who looks on. Nobody waits for them: neither their answers nor their
//! failures are seen by anyone.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http_body_util::BodyExt;
use hyper::body::Body as _;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::request;
use hyper::{Method, Request};
use tokio::time::timeout;
use windlass_control::RouterBoot;
use windlass_model::{Instance, InstanceId, Speaks};

use crate::door::Thread;
use crate::headers::{self, Client};
use crate::limits::{CONNECT_TIME, MIRROR_BYTES, MIRROR_TIME, MIRRORED};
use crate::live::InstanceState;
use crate::origin;
use crate::outgoing::Outgoing;
use crate::pool::{Care, Lent};
use crate::upload::Upload;

/// Says that a request is a copy.
pub(crate) const COPY: HeaderName = HeaderName::from_static("windlass-mirror");
/// Says which routers have copied it, each by what stands for its boot.
const COPIED_BY: HeaderName = HeaderName::from_static("windlass-mirror-by");

/// What a request says of copies. Anybody can say that it is one, so only a proxy that is believed is taken at its
/// word; what stands for this router's boot nobody says who has not had a copy of it.
pub(crate) struct Marks {
    is_copy: bool,
    by: Option<HeaderValue>,
}

impl Marks {
    pub(crate) fn of(headers: &HeaderMap, client: &Client) -> Self {
        Self {
            is_copy: client.is_believed && headers.contains_key(&COPY),
            by: headers.get(&COPIED_BY).cloned(),
        }
    }

    /// Whether the router of this boot is among those that have copied it.
    fn name(&self, boot: &RouterBoot) -> bool {
        let by = self.by.as_ref().map_or(&b""[..], HeaderValue::as_bytes);
        let mut all = by.split(|b| *b == b',').map(<[u8]>::trim_ascii);
        all.any(|one| one == boot.0.as_bytes())
    }

    /// The same, with that router.
    fn and(&self, boot: &RouterBoot) -> Option<HeaderValue> {
        let before = self.by.as_ref().map(HeaderValue::as_bytes);
        let all: Vec<&[u8]> = before.into_iter().chain([boot.0.as_bytes()]).collect();
        HeaderValue::from_bytes(&all.join(b", ".as_slice())).ok()
    }
}

/// Who looks on, and at how much.
#[derive(Debug)]
pub(crate) struct Mirror {
    to: Arc<InstanceState>,
    /// Of a hundred requests.
    share: u64,
    seen: AtomicU64,
}

impl Mirror {
    /// `number` is its own among the router's instances.
    pub(crate) fn new(number: u64, wanted: &windlass_model::Mirror) -> Self {
        let to = Instance {
            id: InstanceId::from_tail("mirror").expect("letters are an id"),
            place: "elsewhere".to_owned(),
            address: wanted.to,
        };
        Self {
            to: Arc::new(InstanceState::new(number, &to, Speaks::default())),
            share: u64::from(wanted.share.get()),
            seen: AtomicU64::new(0),
        }
    }

    /// Whether it is what is wanted.
    pub(crate) fn is(&self, wanted: &windlass_model::Mirror) -> bool {
        self.to.address == wanted.to && self.share == u64::from(wanted.share.get())
    }

    /// Whether the next request is copied: of any hundred exactly the share, spread.
    fn takes_next(&self) -> bool {
        let position = self.seen.fetch_add(1, Relaxed) % 100;
        (position + 1) * self.share / 100 != position * self.share / 100
    }
}

/// How many copies a data thread has under way.
#[derive(Default)]
pub(crate) struct Copies(Rc<Cell<usize>>);

/// One of them, until it is dropped.
struct UnderWay(Rc<Cell<usize>>);

impl Copies {
    fn begin(&self) -> Option<UnderWay> {
        let room = self.0.get() < MIRRORED;
        room.then(|| {
            self.0.set(self.0.get() + 1);
            UnderWay(self.0.clone())
        })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Sends a copy of a request that asks for something and has no body, if it is one of the share and not
/// too many are under way.
pub(crate) fn copy(thread: &Rc<Thread>, (mirror, marks): (&Mirror, &Marks), outgoing: &Outgoing) {
    let asks = [Method::GET, Method::HEAD, Method::OPTIONS].contains(&outgoing.head.method);
    let boot = &thread.core.boot;
    // A copy is not copied again: whoever looks on may come back here, also by way of another router.
    let is_copy = marks.is_copy || marks.name(boot);
    if !asks || is_copy || !outgoing.body.is_end_stream() || !mirror.takes_next() {
        return;
    }
    let (Some(by), Some(under_way)) = (marks.and(boot), thread.copies.begin()) else {
        return;
    };
    let (thread, to) = (thread.clone(), mirror.to.clone());
    let mut head = outgoing.head.clone();
    head.headers.insert(COPY, HeaderValue::from_static("yes"));
    head.headers.insert(COPIED_BY, by);
    // Ends with its time at the latest.
    tokio::task::spawn_local(async move {
        let sent = timeout(MIRROR_TIME, send(&thread, &to, head)).await;
        if !matches!(sent, Ok(Some(()))) {
            tracing::debug!(target.addr = %to.address, "a copy got no whole answer");
        }
        drop(under_way);
    });
}

/// Sends it and reads the answer to its end, so that the connection can take the next; none if there is
/// none that is worth it.
async fn send(thread: &Thread, to: &Arc<InstanceState>, mut head: request::Parts) -> Option<()> {
    let mut link = match thread.pool.take(to, Care::Repeatable, None).await {
        Some(link) => link,
        None => origin::connect(to, CONNECT_TIME, &thread.core.outlets)
            .await
            .ok()?,
    };
    let (body, progress) = Upload::nothing();
    headers::speak(&mut head, link.version(), to.address, &body).ok()?;
    let response = link.send(Request::from_parts(head, body)).await.ok()?;
    let mut body = response.into_body();
    let mut room = MIRROR_BYTES;
    while let Some(frame) = body.frame().await {
        let bytes = frame.ok()?.into_data().map_or(0, |data| data.len());
        room = room.checked_sub(bytes)?;
    }
    let lent = Lent {
        pool: thread.pool.clone(),
        instance: to.clone(),
        link,
        unshared: None,
        progress,
        last: false,
        is_bare: false,
    };
    lent.give_back();
    Some(())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use windlass_model::Percent;

    use super::*;

    #[test]
    fn of_any_hundred_requests_exactly_the_share_is_copied() {
        for share in [0, 1, 5, 33, 50, 100] {
            let wanted = windlass_model::Mirror {
                to: SocketAddr::from(([127, 0, 0, 1], 1)),
                share: Percent::new(share).expect("a share"),
            };
            let mirror = Mirror::new(0, &wanted);
            let copied: Vec<bool> = (0..250).map(|_| mirror.takes_next()).collect();
            for window in copied.windows(100) {
                let count = window.iter().filter(|copied| **copied).count();
                assert_eq!(count as u64, share);
            }
        }
    }
}
