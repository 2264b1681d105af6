//! An HTTP/2 client that sends whatever it is told, right or wrong.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RESET: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GO_AWAY: u8 = 7;
pub(crate) const WINDOW: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// A head that any server takes.
pub(crate) const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "shop"),
];

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Status(u16),
    /// For this reason, by its number.
    Reset(u32),
    GoAway(u32),
    Closed,
}

/// A frame of the other side.
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// One connection.
pub(crate) struct Frames(TcpStream);

impl Frames {
    /// One that has said its first words.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        stream.set_write_timeout(Some(PATIENCE)).expect("a limit");
        stream.set_nodelay(true).expect("no delay");
        let mut frames = Self(stream);
        frames.write(PREFACE);
        frames.frame(SETTINGS, 0, 0, &[]);
        frames
    }

    /// The side of an instance, which has heard the first words and says its own with these settings.
    pub(crate) fn accepted(mut stream: TcpStream, settings: &[(u16, u32)]) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        stream.set_nodelay(true).expect("no delay");
        stream.read_exact(&mut [0; PREFACE.len()]).ok();
        let mut frames = Self(stream);
        let pairs = settings.iter();
        let pairs =
            pairs.map(|(name, value)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat());
        frames.frame(SETTINGS, 0, 0, &pairs.collect::<Vec<_>>().concat());
        frames
    }

    /// The same connection for somebody else to write to.
    pub(crate) fn twin(&self) -> Self {
        Self(self.0.try_clone().expect("a descriptor"))
    }

    /// Ends it for all who have it.
    pub(crate) fn close(&self) {
        // It may have ended already.
        self.0.shutdown(std::net::Shutdown::Both).ok();
    }

    /// Answers 200 without a body.
    pub(crate) fn ok(&mut self, stream: u32) {
        self.frame(HEADERS, END_HEADERS | END_STREAM, stream, &[0x88]);
    }

    fn write(&mut self, bytes: &[u8]) {
        // One that was closed on shows in what is heard.
        self.0.write_all(bytes).ok();
    }

    pub(crate) fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.write(&framed((kind, flags), stream, payload));
    }

    /// A whole head.
    pub(crate) fn head(&mut self, stream: u32, fields: &[(&str, &str)], ends: bool) {
        let flags = END_HEADERS | if ends { END_STREAM } else { 0 };
        self.frame(HEADERS, flags, stream, &block(fields));
    }

    /// A request that any server takes.
    pub(crate) fn get(&mut self, stream: u32) {
        self.head(stream, &GET, true);
    }

    /// A head that goes on and on.
    pub(crate) fn endless_head(&mut self, stream: u32, pieces: usize) {
        self.frame(HEADERS, 0, stream, &block(&[(":method", "GET")]));
        for _ in 0..pieces {
            self.frame(CONTINUATION, 0, stream, &block(&[("x", "more of it")]));
        }
    }

    pub(crate) fn body(&mut self, stream: u32, bytes: &[u8], ends: bool) {
        self.frame(DATA, if ends { END_STREAM } else { 0 }, stream, bytes);
    }

    /// One setting.
    pub(crate) fn setting(&mut self, name: u16, value: u32) {
        let pair = [&name.to_be_bytes()[..], &value.to_be_bytes()].concat();
        self.frame(SETTINGS, 0, 0, &pair);
    }

    /// Settings over and over, each of which must be acknowledged.
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

    /// One frame over and over. Stops where nothing more is taken.
    pub(crate) fn flood(&mut self, kind: u8, stream: u32, payload: &[u8], count: usize) {
        const TOGETHER: usize = 1_000;
        let many = framed((kind, 0), stream, payload).repeat(TOGETHER);
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

    /// The next frame; none at the end of the connection.
    pub(crate) fn next(&mut self) -> Option<Frame> {
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
        let [a, b, c, kind, flags, stream @ ..] = header;
        let length = u32::from_be_bytes([0, a, b, c]);
        let mut payload = vec![0; usize::try_from(length).expect("short")];
        fill(&mut payload)?;
        Some(Frame {
            kind,
            flags,
            stream: u32::from_be_bytes(stream),
            payload,
        })
    }

    /// What comes of the request on `stream`.
    pub(crate) fn heard(&mut self, stream: u32) -> Heard {
        loop {
            let Some(frame) = self.next() else {
                return Heard::Closed;
            };
            match frame.kind {
                HEADERS if frame.stream == stream => return Heard::Status(status(&frame.payload)),
                RESET if frame.stream == stream => return Heard::Reset(number(&frame.payload)),
                GO_AWAY => return Heard::GoAway(number(&frame.payload[4..])),
                _other => {}
            }
        }
    }

    /// Whether the other side ends the connection.
    pub(crate) fn is_ended(&mut self) -> bool {
        loop {
            match self.next() {
                None => return true,
                Some(frame) if frame.kind == GO_AWAY => return true,
                Some(_other) => {}
            }
        }
    }
}

/// A frame as it is sent.
fn framed((kind, flags): (u8, u8), stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The first four bytes as a number.
pub(crate) fn number(bytes: &[u8]) -> u32 {
    let four = bytes.first_chunk().expect("four bytes");
    u32::from_be_bytes(*four)
}

/// Fields that are in no table and go into none (RFC 7541, 6.2.2), written out plainly.
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(literal).collect()
}

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

/// The status in a head whose first field is one of the table's (RFC 7541, appendix A); 0 if it is written
/// out, as only those of refusals are.
fn status(block: &[u8]) -> u16 {
    match block.iter().find(|byte| **byte >> 5 != 1) {
        Some(0x88) => 200,
        Some(0x8c) => 400,
        Some(0x48) => 0,
        other => unreachable!("a status that no test expects: {other:x?}"),
    }
}
