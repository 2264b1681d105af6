//! Frames on the control socket, with descriptors beside them.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use windlass_control::{BadFrame, decode_length};

use crate::limits::{LISTENERS, MESSAGE_DESCRIPTORS};

const SPACE: usize = rustix::cmsg_space!(ScmRights(MESSAGE_DESCRIPTORS));

/// Why a message could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadMessage {
    #[error("reading failed: {0}")]
    Read(#[from] io::Error),
    #[error("{0}")]
    Frame(BadFrame),
    #[error("more than {LISTENERS} descriptors in one message")]
    Descriptors,
}

/// A message's JSON and the descriptors that came with it.
pub(crate) type Message = (Vec<u8>, Vec<OwnedFd>);

/// Reads one message; none when the peer has closed between two.
pub(crate) fn receive(stream: &UnixStream) -> Result<Option<Message>, BadMessage> {
    let mut descriptors = Vec::new();
    let mut header = [0; 4];
    if !fill(stream, &mut header, &mut descriptors)? {
        return Ok(None);
    }
    let length = decode_length(header).map_err(BadMessage::Frame)?;
    let mut json = vec![0; length];
    if length > 0 && !fill(stream, &mut json, &mut descriptors)? {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(Some((json, descriptors)))
}

/// Fills `bytes`, and not more: descriptors travel with the bytes of their own message. False if
/// the peer closed before the first byte.
fn fill(
    stream: &UnixStream,
    bytes: &mut [u8],
    descriptors: &mut Vec<OwnedFd>,
) -> Result<bool, BadMessage> {
    let mut filled = 0;
    while filled < bytes.len() {
        let mut space = [MaybeUninit::uninit(); SPACE];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut into = [IoSliceMut::new(&mut bytes[filled..])];
        let received = match recvmsg(stream, &mut into, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Ok(received) => received,
            Err(rustix::io::Errno::INTR) => continue,
            Err(why) => return Err(io::Error::from(why).into()),
        };
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(came) = message {
                descriptors.extend(came);
            }
        }
        if received.flags.contains(ReturnFlags::CTRUNC) || descriptors.len() > LISTENERS {
            return Err(BadMessage::Descriptors);
        }
        if received.bytes == 0 {
            if filled == 0 {
                return Ok(false);
            }
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        filled += received.bytes;
    }
    Ok(true)
}

/// Writes one whole frame. Descriptors beyond what one message of the kernel can carry travel with
/// later bytes of the frame, in order.
pub(crate) fn send(
    stream: &UnixStream,
    frame: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let mut chunks = descriptors.chunks(MESSAGE_DESCRIPTORS).peekable();
    let mut sent = 0;
    while sent < frame.len() {
        let chunk = chunks.next().unwrap_or_default();
        // One byte is enough to carry a chunk when more chunks must follow.
        let until = if chunks.peek().is_some() {
            sent + 1
        } else {
            frame.len()
        };
        sent += send_some(stream, &frame[sent..until], chunk)?;
    }
    Ok(())
}

fn send_some(
    stream: &UnixStream,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::other("descriptors do not fit into a message"));
    }
    loop {
        match sendmsg(
            stream,
            &[IoSlice::new(bytes)],
            &mut control,
            SendFlags::NOSIGNAL,
        ) {
            Ok(sent) => return Ok(sent),
            Err(rustix::io::Errno::INTR) => {}
            Err(why) => return Err(why.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn a_frame_arrives_with_all_its_descriptors_in_order() {
        let (here, there) = UnixStream::pair().expect("a pair");
        let sockets: Vec<_> = (0..300)
            .map(|_| std::net::TcpListener::bind("127.0.0.1:0").expect("a listener"))
            .collect();
        let frame = windlass_control::encode(&"x".repeat(100_000)).expect("a frame");
        let reader = std::thread::spawn(move || receive(&there));
        let borrowed: Vec<_> = sockets.iter().map(AsFd::as_fd).collect();
        send(&here, &frame, &borrowed).expect("sent");
        let (json, came) = reader
            .join()
            .expect("joined")
            .expect("received")
            .expect("a message");
        assert_eq!(json.len(), 100_002);
        assert_eq!(came.len(), 300);
        for (socket, descriptor) in sockets.iter().zip(came) {
            let twin = std::net::TcpListener::from(descriptor);
            assert_eq!(twin.local_addr().ok(), socket.local_addr().ok());
        }
    }

    #[test]
    fn the_end_between_two_messages_is_no_error_and_inside_one_is() {
        let (here, there) = UnixStream::pair().expect("a pair");
        drop(here);
        assert!(receive(&there).expect("an end").is_none());
        let (here, there) = UnixStream::pair().expect("a pair");
        send(&here, &[9, 0, 0, 0, b'x'], &[]).expect("sent");
        drop(here);
        assert!(receive(&there).is_err());
    }
}
