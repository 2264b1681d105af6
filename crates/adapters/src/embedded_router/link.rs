//! One connection to a router: requests out, replies in, in order.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::net::RecvFlags;
use tokio::net::UnixStream;
use tokio::time::timeout;
use windlass_control::{
    Generation, ObservedTable, Refusal, RouterBoot, RouterReply, RouterRequest, TableChange, Tick,
    TripwireId, encode,
};
use windlass_edge::{EdgeError, ErrorKind, Retry};
use windlass_model::{Epoch, Millis, ServiceKey, SlotId};

use super::fail::unconnected;
use super::wire;

/// Longest wait for one reply. A raise waits for the router's disk.
const CALL_TIME: Duration = Duration::from_secs(15);

/// When to try again what may go better soon.
const SOON: Retry = Retry::After(Millis::from_secs(1));

/// A connection, on which this controller may have said its epoch.
pub(super) struct Link {
    stream: UnixStream,
    /// None: it only asks here.
    epoch: Option<Epoch>,
}

impl Link {
    /// Connects, and says the epoch if it is to be said.
    ///
    /// # Errors
    /// `Refused` when the router has heard a newer one; `Unreachable` when none answers, also when
    /// it is ending and an epoch is said to it.
    pub(super) async fn connect(socket: &Path, epoch: Option<Epoch>) -> Result<Self, EdgeError> {
        let unreachable = |why: io::Error| {
            let what = format!("no router answers on {}", socket.display());
            EdgeError::new(ErrorKind::Unreachable, SOON, what).because(why)
        };
        let stream = timeout(CALL_TIME, UnixStream::connect(socket))
            .await
            .map_err(io::Error::from)
            .and_then(|connected| connected)
            .map_err(unreachable)?;
        let mut link = Self { stream, epoch };
        let Some(epoch) = epoch else {
            // One that was killed a moment ago takes in a connection and answers nothing.
            link.observe().await?;
            return Ok(link);
        };
        match link.call(&RouterRequest::Hello { epoch }).await? {
            RouterReply::Welcome { .. } => Ok(link),
            other => Err(unexpected(&other)),
        }
    }

    /// Whether this controller's epoch was said here.
    pub(super) fn speaks(&self) -> bool {
        self.epoch.is_some()
    }

    /// The epoch that goes with whatever changes something.
    fn said(&self) -> Result<Epoch, EdgeError> {
        self.epoch.ok_or_else(|| {
            let what = "this connection to the router is only for asking";
            EdgeError::new(ErrorKind::Unreachable, Retry::Now, what)
        })
    }

    /// Whether the router's end is still there.
    pub(super) fn is_open(&self) -> bool {
        let mut byte = [0u8; 1];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        rustix::net::recv(&self.stream, &mut byte, flags).err()
            == Some(rustix::io::Errno::WOULDBLOCK)
    }

    /// Returns when the router's end is gone.
    pub(super) async fn closed(&self) {
        while self.is_open() && self.stream.readable().await.is_ok() {}
    }

    async fn call(&mut self, request: &RouterRequest) -> Result<RouterReply, EdgeError> {
        Ok(self.exchange(request, None).await?.0)
    }

    async fn exchange(
        &mut self,
        request: &RouterRequest,
        descriptor: Option<BorrowedFd<'_>>,
    ) -> Result<(RouterReply, Vec<OwnedFd>), EdgeError> {
        let frame = encode(request).map_err(|why| {
            let what = "the request to the router is too long";
            EdgeError::new(ErrorKind::Rejected, Retry::Never, what).because(why)
        })?;
        in_time(wire::send(&self.stream, &frame, descriptor)).await?;
        let (json, descriptors) = in_time(wire::receive(&self.stream)).await?;
        let reply = serde_json::from_slice(&json).map_err(|why| {
            let what = "the router's reply could not be read";
            EdgeError::new(ErrorKind::Malformed, Retry::Never, what).because(why)
        })?;
        Ok((reply, descriptors))
    }

    /// Hands over a duplicate of a listening socket.
    pub(super) async fn listen(
        &mut self,
        address: SocketAddr,
        listener: &TcpListener,
    ) -> Result<(), EdgeError> {
        let epoch = self.said()?;
        let request = RouterRequest::Listen { epoch, address };
        match self.exchange(&request, Some(listener.as_fd())).await?.0 {
            RouterReply::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Duplicates of the router's listening sockets.
    pub(super) async fn listeners(
        &mut self,
    ) -> Result<BTreeMap<SocketAddr, TcpListener>, EdgeError> {
        match self.exchange(&RouterRequest::Listeners, None).await? {
            (RouterReply::Listeners(addresses), descriptors) => {
                let listeners = descriptors.into_iter().map(TcpListener::from);
                Ok(addresses.into_iter().zip(listeners).collect())
            }
            (other, _) => Err(unexpected(&other)),
        }
    }

    pub(super) async fn apply(
        &mut self,
        change: TableChange,
    ) -> Result<BTreeMap<ServiceKey, Generation>, EdgeError> {
        let epoch = self.said()?;
        match self.call(&RouterRequest::Apply { epoch, change }).await? {
            RouterReply::Applied(generations) => Ok(generations),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) async fn acknowledge(&mut self, trip: &TripwireId) -> Result<(), EdgeError> {
        let (epoch, trip) = (self.said()?, trip.clone());
        match self
            .call(&RouterRequest::Acknowledge { epoch, trip })
            .await?
        {
            RouterReply::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) async fn cut(
        &mut self,
        service: &ServiceKey,
        slot: SlotId,
    ) -> Result<u64, EdgeError> {
        let request = RouterRequest::Cut {
            epoch: self.said()?,
            service: service.clone(),
            slot,
        };
        match self.call(&request).await? {
            RouterReply::Cut(count) => Ok(count),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) async fn observe(&mut self) -> Result<ObservedTable, EdgeError> {
        match self.call(&RouterRequest::Observe).await? {
            RouterReply::Observed(table) => Ok(table),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) async fn ticks(&mut self, after: u64) -> Result<(RouterBoot, Vec<Tick>), EdgeError> {
        match self.call(&RouterRequest::Ticks { after }).await? {
            RouterReply::Ticks { boot, ticks } => Ok((boot, ticks)),
            other => Err(unexpected(&other)),
        }
    }

    pub(super) async fn shutdown(&mut self) -> Result<(), EdgeError> {
        let epoch = self.said()?;
        match self.call(&RouterRequest::Shutdown { epoch }).await? {
            RouterReply::Done => Ok(()),
            other => Err(unexpected(&other)),
        }
    }
}

async fn in_time<T>(exchange: impl Future<Output = io::Result<T>>) -> Result<T, EdgeError> {
    match timeout(CALL_TIME, exchange).await {
        Ok(done) => done.map_err(|why| {
            let what = "the connection to the router broke";
            EdgeError::new(ErrorKind::Unreachable, Retry::Now, what).because(why)
        }),
        Err(_late) => {
            let what = format!("the router did not answer in {CALL_TIME:?}");
            Err(EdgeError::new(ErrorKind::Timeout, Retry::Now, what))
        }
    }
}

/// A reply that is no success, as an error.
fn unexpected(reply: &RouterReply) -> EdgeError {
    let RouterReply::Refused(refusal) = reply else {
        let what = "the router answered something else than it was asked";
        return EdgeError::new(ErrorKind::Malformed, Retry::Never, what);
    };
    match refusal {
        Refusal::OldEpoch(now) => EdgeError::new(
            ErrorKind::Refused,
            Retry::Never,
            format!("the router obeys a newer controller, of epoch {now}"),
        ),
        Refusal::Generation { service, now } => EdgeError::new(
            ErrorKind::Conflict,
            Retry::Never,
            format!(
                "the split of {service} has moved on, to generation {}",
                now.0
            ),
        ),
        Refusal::NoCapacity { service, slot } => EdgeError::new(
            ErrorKind::Conflict,
            SOON,
            format!("slot {slot} of {service} has no ready instance"),
        ),
        Refusal::TakesRequests { service, slot } => EdgeError::new(
            ErrorKind::Conflict,
            Retry::Never,
            format!("slot {slot} of {service} gets traffic and is not cut"),
        ),
        Refusal::Tripped(trip) => EdgeError::new(
            ErrorKind::Conflict,
            SOON,
            format!("the tripwire {} has fired", trip.0),
        ),
        Refusal::Halted(by) => EdgeError::new(
            ErrorKind::Halted,
            SOON,
            format!("nothing is raised: halted by {by}"),
        ),
        Refusal::Invalid(what) => EdgeError::new(
            ErrorKind::Rejected,
            Retry::Never,
            format!("the router refuses the table: {what}"),
        ),
        Refusal::NotKept(what) => EdgeError::new(
            ErrorKind::Rejected,
            SOON,
            format!("the router changed nothing: {what}"),
        ),
        Refusal::NotHandedOver(what) => EdgeError::new(
            ErrorKind::Rejected,
            Retry::Never,
            format!("the router goes on as it is: {what}"),
        ),
        Refusal::Alone => runs_alone(),
        Refusal::Controlled => EdgeError::new(
            ErrorKind::Rejected,
            Retry::Never,
            "the router obeys a controller",
        ),
    }
}

/// Makes one call. The connection is taken out while it runs, so that a call dropped half way
/// leaves no reply behind for the next one to misread; one that broke is not put back.
pub(super) async fn on_link<T>(
    kept: &mut Option<Link>,
    call: impl AsyncFnOnce(&mut Link) -> Result<T, EdgeError>,
) -> Result<T, EdgeError> {
    let Some(mut link) = kept.take() else {
        return Err(unconnected());
    };
    let done = call(&mut link).await;
    if !done.as_ref().is_err_and(ends_link) {
        *kept = Some(link);
    }
    done
}

/// Whether the connection can't be used after this error.
pub(super) fn ends_link(error: &EdgeError) -> bool {
    match error.kind {
        ErrorKind::Unreachable | ErrorKind::Timeout | ErrorKind::Malformed => true,
        ErrorKind::Refused
        | ErrorKind::Rejected
        | ErrorKind::Conflict
        | ErrorKind::Halted
        | ErrorKind::Unsupported => false,
    }
}

/// The router obeys a person.
pub(super) fn runs_alone() -> EdgeError {
    let what = "the router of this state directory runs alone: it obeys no controller";
    EdgeError::new(ErrorKind::Refused, Retry::Never, what)
}
