//! Frames on the control socket, with descriptors beside them.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use tokio::io::Interest;
use tokio::net::UnixStream;
use windlass_control::decode_length;

/// Descriptors that one message of the kernel can carry.
const MESSAGE_DESCRIPTORS: usize = 253;

/// Descriptors that one frame may bring.
const FRAME_DESCRIPTORS: usize = 1_024;

/// Writes one whole frame, with at most one descriptor beside it.
pub(super) async fn send(
    stream: &UnixStream,
    frame: &[u8],
    descriptor: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let mut sent = 0;
    while sent < frame.len() {
        let rest = frame.get(sent..).unwrap_or_default();
        // Goes with the first bytes, and only with them.
        let with = descriptor.filter(|_| sent == 0);
        sent += stream
            .async_io(Interest::WRITABLE, || send_some(stream, rest, with))
            .await?;
    }
    Ok(())
}

fn send_some(
    stream: &UnixStream,
    bytes: &[u8],
    descriptor: Option<BorrowedFd<'_>>,
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = descriptor.as_slice();
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::other("the descriptor does not fit"));
    }
    let bytes = [IoSlice::new(bytes)];
    Ok(sendmsg(stream, &bytes, &mut control, SendFlags::NOSIGNAL)?)
}

/// Reads one whole frame's JSON, and the descriptors that came with it, in order.
pub(super) async fn receive(stream: &UnixStream) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let mut descriptors = Vec::new();
    let mut header = [0; 4];
    fill(stream, &mut header, &mut descriptors).await?;
    let length = decode_length(header).map_err(io::Error::other)?;
    let mut json = vec![0; length];
    fill(stream, &mut json, &mut descriptors).await?;
    Ok((json, descriptors))
}

async fn fill(
    stream: &UnixStream,
    bytes: &mut [u8],
    descriptors: &mut Vec<OwnedFd>,
) -> io::Result<()> {
    let mut filled = 0;
    while filled < bytes.len() {
        let rest = bytes.get_mut(filled..).unwrap_or_default();
        let count = stream
            .async_io(Interest::READABLE, || fill_some(stream, rest, descriptors))
            .await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += count;
    }
    Ok(())
}

fn fill_some(
    stream: &UnixStream,
    bytes: &mut [u8],
    descriptors: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MESSAGE_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut into = [IoSliceMut::new(bytes)];
    let received = recvmsg(stream, &mut into, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(came) = message {
            descriptors.extend(came);
        }
    }
    let cut = received.flags.contains(ReturnFlags::CTRUNC);
    if cut || descriptors.len() > FRAME_DESCRIPTORS {
        return Err(io::Error::other("too many descriptors in one message"));
    }
    Ok(received.bytes)
}
