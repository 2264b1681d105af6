//! A client that asks for an answer that takes its time.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// Bytes that the origin's long answer has.
const LENGTH: usize = 64 * 1_024;
/// Longest wait for the next of them.
const NEXT_WITHIN: Duration = Duration::from_secs(5);

/// When the last byte of a whole answer came.
///
/// # Errors
/// It broke off, or came to something else.
pub(crate) fn ask(target: SocketAddr) -> anyhow::Result<Instant> {
    let mut stream = TcpStream::connect(target).context("reach the router")?;
    stream
        .set_read_timeout(Some(NEXT_WITHIN))
        .context("limit the wait for an answer")?;
    stream
        .write_all(b"GET /long HTTP/1.1\r\nhost: bench\r\n\r\n")
        .context("ask")?;
    let mut heard = Vec::with_capacity(2 * LENGTH);
    let mut piece = [0; 16 * 1_024];
    loop {
        let count = stream.read(&mut piece).context("hear an answer")?;
        let now = Instant::now();
        anyhow::ensure!(count > 0, "an answer broke off");
        heard.extend_from_slice(piece.get(..count).unwrap_or_default());
        if body(&heard).is_some_and(|body| body.len() >= LENGTH) {
            anyhow::ensure!(heard.starts_with(b"HTTP/1.1 200 "), "it was refused");
            return Ok(now);
        }
    }
}

/// What follows the head, once that is whole.
fn body(heard: &[u8]) -> Option<&[u8]> {
    let end = heard.windows(4).position(|four| four == b"\r\n\r\n")?;
    heard.get(end + 4..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_begins_after_the_head() {
        assert_eq!(body(b"HTTP/1.1 200 OK\r\nA: b\r\n\r"), None);
        assert_eq!(body(b"HTTP/1.1 200 OK\r\n\r\nxx"), Some(&b"xx"[..]));
    }
}
