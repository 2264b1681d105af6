//! Whether the kernel holds something of a socket that nobody has read.

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tokio::net::TcpStream;

/// Whether it holds nothing: neither bytes nor the end. Asked of the kernel itself: the runtime hears of what came
/// a moment later.
pub(crate) fn is_quiet(stream: &TcpStream) -> bool {
    let mut byte = [0u8; 1];
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    recv(stream, &mut byte, flags).err() == Some(Errno::WOULDBLOCK)
}
