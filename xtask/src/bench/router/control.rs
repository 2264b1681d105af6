//! The controller's side of a router's socket, for a bench.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{IoSlice, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use windlass_control::{
    Direction, Generation, ObservedRoute, Passage, RouteChange, RouterReply, RouterRequest,
    decode_length, encode,
};
use windlass_model::{
    Epoch, Instance, InstanceId, Label, Millis, Percent, Probe, ProbeKind, Route, RouteMode,
    RouteSlot, ServiceKey, SlotId, Speaks, Version,
};

use crate::bench::router::guard::Polled;

/// Longest wait for a reply.
const REPLY_WITHIN: Duration = Duration::from_secs(10);
/// The only controller there is.
const EPOCH: Epoch = Epoch(1);

/// A connection to a router.
pub(crate) struct Control {
    socket: PathBuf,
    stream: UnixStream,
    generation: Generation,
    /// The last tick that was read.
    ticked: u64,
}

impl Control {
    /// # Errors
    /// Nobody listens there.
    pub(crate) fn connect(socket: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            socket: socket.to_owned(),
            stream: reached(socket)?,
            generation: Generation(0),
            ticked: 0,
        })
    }

    fn call(&mut self, request: &RouterRequest) -> anyhow::Result<RouterReply> {
        let frame = encode(request).context("write a message")?;
        self.stream.write_all(&frame).context("tell the router")?;
        self.reply()
    }

    fn reply(&mut self) -> anyhow::Result<RouterReply> {
        let mut header = [0; 4];
        self.stream
            .read_exact(&mut header)
            .context("hear the router")?;
        let mut json = vec![0; decode_length(header).context("hear the router")?];
        self.stream
            .read_exact(&mut json)
            .context("hear the router")?;
        serde_json::from_slice(&json).context("read a reply")
    }

    /// The same with a descriptor that comes along.
    fn call_with(
        &mut self,
        request: &RouterRequest,
        descriptor: BorrowedFd<'_>,
    ) -> anyhow::Result<RouterReply> {
        let frame = encode(request).context("write a message")?;
        let descriptors = [descriptor];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        anyhow::ensure!(
            ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)),
            "no room for a descriptor"
        );
        let bytes = [IoSlice::new(&frame)];
        let sent = sendmsg(&self.stream, &bytes, &mut ancillary, SendFlags::empty())
            .context("hand a descriptor over")?;
        let rest = frame.get(sent..).unwrap_or_default();
        self.stream.write_all(rest).context("tell the router")?;
        self.reply()
    }

    /// Hands a listening socket over.
    pub(crate) fn listen(&mut self, listener: &TcpListener) -> anyhow::Result<SocketAddr> {
        let address = listener.local_addr().context("read a listener's address")?;
        let request = RouterRequest::Listen {
            epoch: EPOCH,
            address,
        };
        match self.call_with(&request, listener.as_fd())? {
            RouterReply::Done => Ok(address),
            other => anyhow::bail!("the router did not take a listener: {other:?}"),
        }
    }

    /// Has another process of `program` take the router's place; this speaks to that one from then on.
    pub(crate) fn upgrade(&mut self, program: &File, within: Millis) -> anyhow::Result<()> {
        match self.call_with(&RouterRequest::Upgrade { within }, program.as_fd())? {
            RouterReply::Upgraded { .. } => self.stream = reached(&self.socket)?,
            other => anyhow::bail!("no other router took its place: {other:?}"),
        }
        Ok(())
    }

    /// Opens or shuts the way to the bench's service.
    pub(crate) fn pass(&mut self, passage: Passage) -> anyhow::Result<()> {
        let request = RouterRequest::Passage {
            epoch: EPOCH,
            service: Some(service()?),
            passage,
            until_us: None,
        };
        match self.call(&request)? {
            RouterReply::Done => Ok(()),
            other => anyhow::bail!("the router did not pause: {other:?}"),
        }
    }

    /// Requests that wait for the bench's service.
    pub(crate) fn waiting(&mut self) -> anyhow::Result<u64> {
        Ok(self.observe()?.waiting)
    }

    /// Requests that are open on one of its slots.
    pub(crate) fn open(&mut self, slot: u32) -> anyhow::Result<u64> {
        let observed = self.observe()?;
        let slot = observed.slots.get(&SlotId(slot));
        Ok(slot.context("the slot is gone")?.in_flight)
    }

    fn observe(&mut self) -> anyhow::Result<ObservedRoute> {
        match self.call(&RouterRequest::Observe)? {
            RouterReply::Observed(mut table) => {
                let entry = table.services.remove(&service()?);
                entry.context("the service is gone")
            }
            other => anyhow::bail!("the router shows nothing: {other:?}"),
        }
    }

    /// What came to a slot since it was asked last, as somebody sees it who watches from beside: also what the
    /// router answered in its place.
    pub(crate) fn polled(&mut self, slot: u32) -> anyhow::Result<Polled> {
        let mut polled = Polled::default();
        loop {
            let asked = RouterRequest::Ticks { after: self.ticked };
            let ticks = match self.call(&asked)? {
                RouterReply::Ticks { ticks, .. } => ticks,
                other => anyhow::bail!("the router tells no figures: {other:?}"),
            };
            let Some(last) = ticks.last() else {
                return Ok(polled);
            };
            self.ticked = last.number;
            let all = ticks.iter().flat_map(|tick| tick.services.values());
            for counts in all.flatten() {
                if counts.slot.is_none_or(|own| own == SlotId(slot)) {
                    polled.answers += counts.answered() + counts.broken;
                    polled.errors += counts.answers[4] + counts.broken;
                }
            }
        }
    }

    /// Puts a route in effect.
    pub(crate) fn route(&mut self, route: Route) -> anyhow::Result<()> {
        let key = service()?;
        let change = RouteChange {
            direction: Direction::Raise,
            decided_on: self.generation,
            route: Some(route),
        };
        let request = RouterRequest::Apply {
            epoch: EPOCH,
            change: BTreeMap::from([(key.clone(), change)]).into(),
        };
        match self.call(&request)? {
            RouterReply::Applied(generations) => {
                self.generation = *generations.get(&key).context("a generation is missing")?;
                Ok(())
            }
            other => anyhow::bail!("the router did not take a route: {other:?}"),
        }
    }
}

fn reached(socket: &Path) -> anyhow::Result<UnixStream> {
    let stream = UnixStream::connect(socket).context("reach the router")?;
    stream
        .set_read_timeout(Some(REPLY_WITHIN))
        .context("limit the wait for the router")?;
    Ok(stream)
}

/// The bench's only one.
fn service() -> anyhow::Result<ServiceKey> {
    ServiceKey::try_from("bench/default/web".to_owned()).context("name a service")
}

/// One slot of the bench's service.
pub(crate) fn slot(number: u32, weight: u64, origins: &[SocketAddr]) -> anyhow::Result<RouteSlot> {
    let mut instances = Vec::new();
    for (at, address) in origins.iter().enumerate() {
        instances.push(Instance {
            id: InstanceId::parse(&format!("ins_{number}x{at}")).context("name an instance")?,
            place: "local".to_owned(),
            address: *address,
        });
    }
    Ok(RouteSlot {
        slot: SlotId(number),
        label: if number.is_multiple_of(2) {
            Label::Green
        } else {
            Label::Blue
        },
        version: Version(format!("v{number}")),
        weight: Percent::new(weight).context("give a share")?,
        instances,
        probe: Probe {
            kind: ProbeKind::Alive {
                at_least: Millis::ZERO,
            },
            ..Probe::default()
        },
        speaks: Speaks::default(),
    })
}

/// A route of these slots.
pub(crate) fn serving(listener: SocketAddr, slots: Vec<RouteSlot>) -> Route {
    Route {
        listeners: vec![listener.into()],
        mode: RouteMode::Serve,
        slots,
        traffic: Box::default(),
        thresholds: Vec::new(),
    }
}
