//! A connection to a router's control socket: one request, one reply.

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use windlass_api::Exit;
use windlass_client::StatePaths;
use windlass_control::{ObservedTable, RouterReply, RouterRequest, decode_length, encode};

use crate::diagnostic::Diagnostic;

/// Longest wait for one reply. A raise waits for the router's disk.
const CALL_TIME: Duration = Duration::from_secs(15);

/// No router answers.
const NO_ROUTER: &str = "WL0420";

/// The way to one router.
#[derive(Debug)]
pub(crate) struct Link {
    stream: UnixStream,
    socket: PathBuf,
}

impl Link {
    /// Reaches the router of a state directory; starts none.
    pub(crate) fn reach(paths: &StatePaths) -> Result<Self, Diagnostic> {
        let socket = paths.router_socket.clone();
        let reached = UnixStream::connect(&socket).and_then(|stream| {
            stream.set_read_timeout(Some(CALL_TIME))?;
            stream.set_write_timeout(Some(CALL_TIME))?;
            Ok(stream)
        });
        match reached {
            Ok(stream) => Ok(Self { stream, socket }),
            Err(why) => {
                let what = format!("no router answers on {}", socket.display());
                Err(Diagnostic::new(Exit::Unreachable, what)
                    .code(NO_ROUTER)
                    .detail(why.to_string())
                    .hint("start one: windlass router --config FILE; a controller's is started by windlass status"))
            }
        }
    }

    /// What the router serves now.
    pub(crate) fn observe(&self) -> Result<ObservedTable, Diagnostic> {
        match self.call(&RouterRequest::Observe)? {
            RouterReply::Observed(table) => Ok(table),
            other => Err(self.unexpected(&other)),
        }
    }

    /// Asks once.
    pub(crate) fn call(&self, request: &RouterRequest) -> Result<RouterReply, Diagnostic> {
        self.asked(request, None)
    }

    /// Asks once, and hands a file over with it.
    pub(crate) fn hand(
        &self,
        request: &RouterRequest,
        file: &File,
    ) -> Result<RouterReply, Diagnostic> {
        self.asked(request, Some(file))
    }

    fn asked(
        &self,
        request: &RouterRequest,
        file: Option<&File>,
    ) -> Result<RouterReply, Diagnostic> {
        self.exchange(request, file).map_err(|why| {
            let what = format!("the router on {} gave no answer", self.socket.display());
            Diagnostic::new(Exit::Unreachable, what)
                .code(NO_ROUTER)
                .detail(why.to_string())
                .hint("see whether its process lives, or is stopped by a signal: windlass doctor")
        })
    }

    fn exchange(&self, request: &RouterRequest, file: Option<&File>) -> io::Result<RouterReply> {
        let frame = encode(request).map_err(io::Error::other)?;
        let mut stream = &self.stream;
        let sent = match file {
            Some(file) => send_with(stream, &frame, file)?,
            None => 0,
        };
        stream.write_all(frame.get(sent..).unwrap_or_default())?;
        let mut header = [0; 4];
        stream.read_exact(&mut header)?;
        let length = decode_length(header).map_err(io::Error::other)?;
        let mut json = vec![0; length];
        stream.read_exact(&mut json)?;
        Ok(serde_json::from_slice(&json)?)
    }

    /// A reply that does not fit what was asked.
    pub(crate) fn unexpected(&self, reply: &RouterReply) -> Diagnostic {
        let what = format!(
            "the router on {} answered something else",
            self.socket.display()
        );
        Diagnostic::new(Exit::Bug, what).detail(format!("{reply:?}"))
    }
}

/// Sends as much of a frame as goes with a descriptor; how many bytes that is.
fn send_with(stream: &UnixStream, frame: &[u8], file: &File) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    let descriptor = [file.as_fd()];
    if !beside.push(SendAncillaryMessage::ScmRights(&descriptor)) {
        return Err(io::Error::other("the descriptor does not fit"));
    }
    let bytes = [IoSlice::new(frame)];
    Ok(sendmsg(stream, &bytes, &mut beside, SendFlags::NOSIGNAL)?)
}
