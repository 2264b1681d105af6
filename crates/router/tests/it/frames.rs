//! An HTTP/2 client that sends whatever it is told, right or wrong.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GO_AWAY: u8 = 7;
const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Status(u16),
    Reset,
    GoAway,
    Closed,
}

/// One connection.
pub(crate) struct Frames(TcpStream);

impl Frames {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        stream.set_write_timeout(Some(PATIENCE)).expect("a limit");
        let mut frames = Self(stream);
        frames.write(PREFACE);
        frames.frame(SETTINGS, 0, 0, &[]);
        frames
    }

    fn write(&mut self, bytes: &[u8]) {
        // One that was closed on shows in what is heard.
        self.0.write_all(bytes).ok();
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
        let mut bytes = length[1..].to_vec();
        bytes.extend([kind, flags]);
        bytes.extend(stream.to_be_bytes());
        bytes.extend(payload);
        self.write(&bytes);
    }

    /// A whole head.
    pub(crate) fn head(&mut self, stream: u32, fields: &[(&str, &str)], ends: bool) {
        let flags = END_HEADERS | if ends { END_STREAM } else { 0 };
        let block: Vec<u8> = fields.iter().flat_map(literal).collect();
        self.frame(HEADERS, flags, stream, &block);
    }

    /// A head that goes on and on.
    pub(crate) fn endless_head(&mut self, stream: u32, pieces: usize) {
        self.frame(HEADERS, 0, stream, &literal(&(":method", "GET")));
        for _ in 0..pieces {
            self.frame(CONTINUATION, 0, stream, &literal(&("x", "more of it")));
        }
    }

    pub(crate) fn body(&mut self, stream: u32, bytes: &[u8], ends: bool) {
        self.frame(DATA, if ends { END_STREAM } else { 0 }, stream, bytes);
    }

    /// Settings over and over, each of which must be acknowledged. Stops where nothing more is taken.
    pub(crate) fn settings(&mut self, count: usize) {
        self.flood(SETTINGS, 0, &[], count);
    }

    /// Questions whether the other side is there, each of which must be answered.
    pub(crate) fn pings(&mut self, count: usize) {
        self.flood(PING, 0, &[7; 8], count);
    }

    /// Pieces of a body with nothing in them.
    pub(crate) fn nothings(&mut self, stream: u32, count: usize) {
        self.flood(DATA, stream, &[], count);
    }

    fn flood(&mut self, kind: u8, stream: u32, payload: &[u8], count: usize) {
        const TOGETHER: usize = 1_000;
        let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
        let mut one = length[1..].to_vec();
        one.extend([kind, 0]);
        one.extend(stream.to_be_bytes());
        one.extend(payload);
        let many = one.repeat(TOGETHER);
        let patience = Some(Duration::from_millis(500));
        self.0.set_write_timeout(patience).expect("a limit");
        for _ in 0..count / TOGETHER {
            if self.0.write_all(&many).is_err() {
                break;
            }
        }
    }

    pub(crate) fn reset(&mut self, stream: u32) {
        self.frame(RESET, 0, stream, &8u32.to_be_bytes());
    }

    pub(crate) fn window(&mut self, stream: u32, more: u32) {
        self.frame(WINDOW, 0, stream, &more.to_be_bytes());
    }

    /// The next frame: its kind, its stream, its payload.
    fn next(&mut self) -> Option<(u8, u32, Vec<u8>)> {
        let mut header = [0; 9];
        let mut fill = |into: &mut [u8]| match self.0.read_exact(into) {
            Ok(()) => Some(()),
            Err(why) => {
                let silent = matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                assert!(!silent, "the connection is still open");
                None
            }
        };
        fill(&mut header)?;
        let [a, b, c, kind, _flags, stream @ ..] = header;
        let length = u32::from_be_bytes([0, a, b, c]);
        let mut payload = vec![0; usize::try_from(length).expect("short")];
        fill(&mut payload)?;
        Some((kind, u32::from_be_bytes(stream), payload))
    }

    /// What comes of the request on `stream`.
    pub(crate) fn heard(&mut self, stream: u32) -> Heard {
        loop {
            match self.next() {
                None => return Heard::Closed,
                Some((HEADERS, on, block)) if on == stream => return Heard::Status(status(&block)),
                Some((RESET, on, _)) if on == stream => return Heard::Reset,
                Some((GO_AWAY, _, _)) => return Heard::GoAway,
                Some(_other) => {}
            }
        }
    }

    /// Whether the other side ends the connection.
    pub(crate) fn is_ended(&mut self) -> bool {
        loop {
            match self.next() {
                None | Some((GO_AWAY, _, _)) => return true,
                Some(_other) => {}
            }
        }
    }
}

/// A field that is in no table and goes into none (RFC 7541, 6.2.2), written out plainly.
fn literal((name, value): &(&str, &str)) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        bytes.push(
            u8::try_from(text.len())
                .ok()
                .filter(|n| *n < 127)
                .expect("short"),
        );
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// The status in a head whose first field is one of the table's (RFC 7541, appendix A).
fn status(block: &[u8]) -> u16 {
    match block.iter().find(|byte| **byte >> 5 != 1) {
        Some(0x88) => 200,
        Some(0x8c) => 400,
        other => unreachable!("a status that no test expects: {other:x?}"),
    }
}
