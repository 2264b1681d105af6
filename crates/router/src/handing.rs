//! What a router and the one that takes its place say to each other: frames as on the control socket, on
//! a pair of sockets that nobody else has.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use windlass_control::encode;
use windlass_model::{InstanceId, ServiceKey, SlotId};

use crate::limits::{CONTROL_TIME, HANDING_LOOK};
use crate::wire;

/// Set for a router that is started to take another one's place; its standard input is the way to that.
pub(crate) const TAKES_PLACE: &str = "WINDLASS_ROUTER_TAKES_PLACE";

/// What the router says that is there.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FromOld {
    /// Be ready. Comes with the lock, then with the listening sockets in the order of the addresses.
    Prove {
        addresses: Vec<SocketAddr>,
        /// Instances whose probes are good.
        ready: BTreeSet<InstanceId>,
    },
    /// The table and the trips on disk are yours, and so are these sockets and no others.
    Begin { addresses: Vec<SocketAddr> },
    /// What is open here still, of each slot that has anything.
    Carries(Vec<(ServiceKey, SlotId, u64)>),
}

/// What the one says that takes its place.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FromNew {
    /// It has the table, and its probes saw what the other one's saw.
    Ready,
    /// It can't; holds why.
    Unable(String),
    /// It accepts.
    Serves,
    /// Do as I do, and say what you carry.
    Follow {
        /// The table, if it has changed. As it lies on disk: the other one may be of a version that does
        /// not read it, and ends what it carries all the same.
        table: Option<Value>,
        /// Slots that are cut.
        cuts: Vec<(ServiceKey, SlotId)>,
    },
}

/// Says one thing.
pub(crate) fn say(
    stream: &UnixStream,
    what: &impl Serialize,
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let frame = encode(what).map_err(io::Error::other)?;
    wire::send(stream, &frame, descriptors)
}

/// Hears one thing; an error where the other side is gone.
pub(crate) fn hear<T: DeserializeOwned>(stream: &UnixStream) -> io::Result<(T, Vec<OwnedFd>)> {
    let heard = wire::receive(stream).map_err(io::Error::other)?;
    let (json, descriptors) = heard.ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok((serde_json::from_slice(&json)?, descriptors))
}

/// Waits for something to be heard until `until`, as long as `goes_on`; whether there is something.
pub(crate) fn hears(
    stream: &UnixStream,
    until: Instant,
    goes_on: impl Fn() -> bool,
) -> io::Result<bool> {
    while goes_on() && Instant::now() < until {
        let mut sources = [PollFd::new(stream, PollFlags::IN)];
        match poll(&mut sources, Some(&HANDING_LOOK)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(why) => return Err(why.into()),
        }
    }
    Ok(false)
}

/// Whether there is something to be heard now, be it the end.
pub(crate) fn is_heard(stream: &UnixStream) -> io::Result<bool> {
    let mut sources = [PollFd::new(stream, PollFlags::IN)];
    Ok(poll(&mut sources, Some(&Timespec::default()))? > 0)
}

/// Bounds whatever is said and heard in one go.
pub(crate) fn bounded(stream: &UnixStream) -> io::Result<()> {
    stream.set_read_timeout(Some(CONTROL_TIME))?;
    stream.set_write_timeout(Some(CONTROL_TIME))
}
