//! The controller's end of a shim's socket.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use windlass_control::{ShimReply, ShimRequest, decode_length, encode};
use windlass_edge::EdgeError;

use super::fail::{timeout, unreachable};

/// How long a living shim may take for an answer that needs no waiting.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Longest reply; a status is below one kilobyte.
const LONGEST_REPLY: usize = 64 * 1024;

/// A connection to a shim.
pub(super) struct Link {
    stream: UnixStream,
    inbox: Vec<u8>,
}

/// Who is at the other end.
pub(super) enum Reached {
    /// A shim.
    Shim(Link),
    /// Nobody.
    Nobody,
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// `Unreachable` when there may be a shim that takes in nobody.
    pub(super) async fn connect(socket: &Path) -> Result<Reached, EdgeError> {
        match UnixStream::connect(socket).await {
            Ok(stream) => Ok(Reached::Shim(Self {
                stream,
                inbox: Vec::new(),
            })),
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                Ok(Reached::Nobody)
            }
            Err(e) => Err(unreachable("the shim takes in no connection").because(e)),
        }
    }

    /// Sends a request. An error means that the shim is gone.
    pub(super) async fn send(&mut self, request: &ShimRequest) -> io::Result<()> {
        let frame = encode(request).map_err(io::Error::other)?;
        self.stream.write_all(&frame).await
    }

    /// The next reply. Dropping the future loses nothing. An error means that the shim is gone, or
    /// is none.
    pub(super) async fn receive(&mut self) -> io::Result<ShimReply> {
        loop {
            if let Some((header, rest)) = self.inbox.split_first_chunk::<4>() {
                let length = decode_length(*header).map_err(io::Error::other)?;
                if length > LONGEST_REPLY {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                if let Some(body) = rest.get(..length) {
                    let reply = serde_json::from_slice(body)?;
                    self.inbox.drain(..4 + length);
                    return Ok(reply);
                }
            }
            if self.stream.read_buf(&mut self.inbox).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// One request and its reply; none when the shim went away in between.
    ///
    /// # Errors
    /// `Timeout` when it is there and does not answer `within` its time.
    pub(super) async fn ask(
        &mut self,
        request: &ShimRequest,
        within: Duration,
    ) -> Result<Option<ShimReply>, EdgeError> {
        let exchange = async {
            self.send(request).await?;
            self.receive().await
        };
        match tokio::time::timeout(within, exchange).await {
            Ok(outcome) => Ok(outcome.ok()),
            Err(_elapsed) => Err(timeout(format!(
                "the shim did not answer within {within:?}"
            ))),
        }
    }
}
