//! How much of a service's requests is taken, and how long what may take.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::Uri;
use hyper::header::HeaderMap;
use windlass_model::{Millis, Percent, Retries, Traffic};

use crate::limits::{
    ANSWER_SILENCE, BODY_PAUSE, CONNECT_TIME, EJECT_AFTER, EJECT_TIME, FIRST_BYTE_TIME,
    TUNNEL_SILENCE, WRITE_PAUSE,
};
use crate::live::ServiceState;
use crate::refused::Refused;

/// The terms of one entry. What nobody has said is what the router does for anybody.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Requests at once; none: not counted.
    in_flight: Option<u64>,
    /// Bytes of a body.
    pub(crate) body: u64,
    /// Bytes of target and headers; none: not counted.
    head: Option<u64>,
    pub(crate) connect: Duration,
    pub(crate) answer: Duration,
    /// Of an instance inside its answer.
    pub(crate) silence: Duration,
    /// Of both sides of a tunnel.
    pub(crate) tunnel_silence: Duration,
    /// Of a client inside its request's body.
    pub(crate) upload: Duration,
    /// Of a client that takes nothing of its answer.
    pub(crate) download: Duration,
    /// Failures in a row after which an instance rests.
    pub(crate) eject_after: u32,
    /// How long it does.
    pub(crate) eject_for: Duration,
    /// How requests are sent again that an instance may have had; none: never.
    pub(crate) retries: Option<Retries>,
}

/// What is judged of a request before it is taken.
#[derive(Clone, Copy)]
pub(crate) struct Size<'r> {
    pub(crate) uri: &'r Uri,
    pub(crate) headers: &'r HeaderMap,
    /// What is said of the body's length.
    pub(crate) body: Option<u64>,
}

impl Terms {
    pub(crate) fn new(traffic: &Traffic) -> Self {
        let (limits, times) = (&traffic.limits, &traffic.timeouts);
        let time = |said: Option<Millis>, usual| said.map_or(usual, Millis::duration);
        Self {
            in_flight: limits.in_flight.map(u64::from),
            body: limits.body.unwrap_or(u64::MAX),
            head: limits.head,
            connect: time(times.connect, CONNECT_TIME),
            answer: time(times.answer, FIRST_BYTE_TIME),
            silence: time(times.silence, ANSWER_SILENCE),
            tunnel_silence: time(times.silence, TUNNEL_SILENCE),
            upload: time(times.upload, BODY_PAUSE),
            download: time(times.download, WRITE_PAUSE),
            eject_after: traffic.eject.after.map_or(EJECT_AFTER, u32::from),
            eject_for: time(traffic.eject.within, EJECT_TIME),
            retries: traffic.retries,
        }
    }

    /// How many of all requests may be sent again, beside a few.
    pub(crate) fn again(&self) -> Percent {
        self.retries.unwrap_or_default().budget
    }

    /// Refuses what is too large.
    pub(crate) fn judge(&self, size: Size<'_>) -> Result<(), Refused> {
        if size.body.is_some_and(|length| length > self.body) {
            return Err(Refused::BodyTooLarge);
        }
        if self.head.is_some_and(|limit| head(size) > limit) {
            return Err(Refused::HeadTooLarge);
        }
        Ok(())
    }

    /// Counts one request more; nothing is counted where there is no limit.
    pub(crate) fn admit(&self, service: &Arc<ServiceState>) -> Result<Option<Admitted>, Refused> {
        let Some(limit) = self.in_flight else {
            return Ok(None);
        };
        let below = |count: u64| (count < limit).then_some(count + 1);
        let counted = service
            .admitted
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, below);
        counted.map_err(|_count| Refused::AtLimit)?;
        Ok(Some(Admitted(service.clone())))
    }
}

/// The bytes of a head as they would stand in HTTP/1.1, but for its first and last line.
fn head(size: Size<'_>) -> u64 {
    let target = size
        .uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    let lines = size.headers.iter();
    let lines = lines.map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    u64::try_from(target + lines.sum::<usize>()).unwrap_or(u64::MAX)
}

/// One request of those that its service may have at once, until it is dropped.
pub(crate) struct Admitted(Arc<ServiceState>);

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.admitted.fetch_sub(1, Ordering::Relaxed);
    }
}
