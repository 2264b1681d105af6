//! Where a controller is reached. Every request and every stream begins here.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;
use hyper::{HeaderMap, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;

use crate::{ClientError, Remote, StatePaths};

/// Longest wait for the first answer of a controller on this machine.
const GREETING_WITHIN: Duration = Duration::from_secs(5);

/// Longest wait for the first answer over the network: a name, a few addresses and TLS come before it.
const REMOTE_GREETING_WITHIN: Duration = Duration::from_secs(15);

/// The name that requests over a private socket carry: it has none of its own.
const HOST_NAME: &str = "windlass";

/// A connection of whatever kind.
pub(crate) trait Io: AsyncRead + AsyncWrite + Debug + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Debug + Send + Unpin> Io for T {}

/// One connection to a controller.
pub(crate) type Stream = Box<dyn Io>;

/// Where a controller is reached.
#[derive(Clone, Debug)]
pub enum Reach {
    /// On this machine, by the private socket of a state directory.
    Here(Arc<StatePaths>),
    /// Elsewhere, over the network.
    Elsewhere(Arc<Remote>),
}

impl Reach {
    /// The state directory; none of a controller elsewhere.
    pub fn paths(&self) -> Option<&StatePaths> {
        match self {
            Self::Here(paths) => Some(paths),
            Self::Elsewhere(_) => None,
        }
    }

    /// Opens a connection. [`ClientError::NotRunning`] when nobody listens on the private socket.
    pub(crate) async fn open(&self) -> Result<Stream, ClientError> {
        match self {
            Self::Here(paths) => Ok(Box::new(open(paths).await?)),
            Self::Elsewhere(remote) => Ok(remote.open().await?),
        }
    }

    /// What requests say as their `Host`.
    pub(crate) fn host(&self) -> &str {
        match self {
            Self::Here(_) => HOST_NAME,
            Self::Elsewhere(remote) => remote.authority(),
        }
    }

    /// What requests say of who sends them.
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        match self {
            Self::Here(_) => None,
            Self::Elsewhere(remote) => remote.authorization(),
        }
    }

    pub(crate) fn greeting_within(&self) -> Duration {
        match self {
            Self::Here(_) => GREETING_WITHIN,
            Self::Elsewhere(_) => REMOTE_GREETING_WITHIN,
        }
    }

    /// Nothing came for so long.
    pub(crate) fn silent(&self, within: Duration) -> ClientError {
        let seconds = within.as_secs();
        match self {
            Self::Here(_) => ClientError::Silent { pid: None, seconds },
            Self::Elsewhere(remote) => remote.silent(seconds).into(),
        }
    }

    /// A connection that ended before the head of an answer.
    pub(crate) fn broken(&self, why: hyper::Error) -> ClientError {
        match self {
            Self::Here(_) => ClientError::broken(why),
            Self::Elsewhere(remote) => remote.broken(why),
        }
    }

    /// Over the network anybody may answer: refuses what no controller of our version has said.
    pub(crate) fn is_windlass(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<(), ClientError> {
        match self {
            Self::Here(_) => Ok(()),
            Self::Elsewhere(remote) => remote.is_windlass(status, headers),
        }
    }
}

impl From<&Self> for Reach {
    fn from(reach: &Self) -> Self {
        reach.clone()
    }
}

impl From<&StatePaths> for Reach {
    fn from(paths: &StatePaths) -> Self {
        Self::Here(Arc::new(paths.clone()))
    }
}

impl From<Remote> for Reach {
    fn from(remote: Remote) -> Self {
        Self::Elsewhere(Arc::new(remote))
    }
}

async fn open(paths: &StatePaths) -> Result<UnixStream, ClientError> {
    let socket = &paths.controller_socket;
    let stream = UnixStream::connect(socket).await.map_err(|source| {
        use std::io::ErrorKind::{ConnectionRefused, NotFound};
        match source.kind() {
            NotFound | ConnectionRefused => ClientError::NotRunning,
            _ => ClientError::Connect {
                path: socket.clone(),
                source,
            },
        }
    })?;
    let pid = stream.peer_cred().ok().and_then(|peer| peer.pid());
    match pid.and_then(|pid| u32::try_from(pid).ok()) {
        Some(pid) if crate::lock::is_stopped(pid) => Err(ClientError::Stopped { pid }),
        Some(_) | None => Ok(stream),
    }
}
