//! Follows where one request of a connection ends and the next begins.
//!
//! Pure: bytes in, how many of them may pass on. A head passes whole and judged, or not at all, so
//! that the parser behind never sees one that could be read in two ways.

use memchr::memchr_iter;

use crate::head::{BodyLength, Fault, judge};
use crate::limits::{BLANK_LINES, CHUNK_LINE, HEAD_BYTES, TRAILER_BYTES};

/// Where in the stream of requests a connection is.
#[derive(Debug)]
pub(crate) struct Framing {
    phase: Phase,
    /// What comes after this request's body.
    upgrade: bool,
    /// Heads passed on so far.
    heads: u64,
    /// Trailer bytes of this request so far.
    trailers: usize,
    /// Empty lines before this request so far.
    blanks: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// In a head, of which so many bytes were searched for its end.
    Head { searched: usize },
    /// In a body of known length, so many bytes before its end.
    Sized(u64),
    /// Before a chunk's size.
    ChunkSize,
    /// In a chunk, so many bytes before its end, the CR LF included.
    Chunk(u64),
    /// In the lines after the last chunk.
    Trailers,
    /// After a request that asked for another protocol: whether what follows is HTTP is the
    /// origin's to say.
    Undecided,
    /// Not HTTP any more.
    Tunnel,
}

/// What a connection is in the middle of, for its time limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Between requests, or in a head.
    Head,
    /// In a request's body.
    Body,
    /// Waits for the origin's word on an upgrade.
    Undecided,
    /// Not HTTP any more.
    Tunnel,
}

/// Bytes that look like no request at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// This head, the so-manieth of the connection, is refused: answer so.
    Head(u64, Fault),
    /// The body can't be read on: the connection is lost.
    Body,
}

impl Framing {
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Head { searched: 0 },
            upgrade: false,
            heads: 0,
            trailers: 0,
            blanks: 0,
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.phase {
            Phase::Head { .. } => Stage::Head,
            Phase::Sized(_) | Phase::ChunkSize | Phase::Chunk(_) | Phase::Trailers => Stage::Body,
            Phase::Undecided => Stage::Undecided,
            Phase::Tunnel => Stage::Tunnel,
        }
    }

    /// Heads passed on so far; the next one's number.
    pub(crate) fn heads(&self) -> u64 {
        self.heads
    }

    /// Ends the wait after a request for another protocol.
    pub(crate) fn decide(&mut self, tunnel: bool) {
        if self.phase == Phase::Undecided {
            self.phase = if tunnel {
                Phase::Tunnel
            } else {
                Phase::Head { searched: 0 }
            };
        }
    }

    /// How many of `bytes`, which follow what passed before, may pass on now. A fault is told only
    /// once everything before it has passed.
    pub(crate) fn advance(&mut self, bytes: &[u8]) -> Result<usize, Stop> {
        let mut passed = 0;
        loop {
            let rest = bytes.get(passed..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(passed);
            }
            let more = match self.phase {
                Phase::Head { searched } => self.head(rest, searched),
                Phase::Sized(left) => Ok(self.sized(rest, left)),
                Phase::ChunkSize => self.chunk_size(rest),
                Phase::Chunk(left) => self.chunk(rest, left),
                Phase::Trailers => self.trailer(rest),
                Phase::Undecided => Ok(0),
                Phase::Tunnel => Ok(rest.len()),
            };
            match more {
                Ok(0) => return Ok(passed),
                Ok(more) => passed += more,
                // What came before the fault is still good; the next call meets the fault again.
                Err(_) if passed > 0 => return Ok(passed),
                Err(stop) => return Err(stop),
            }
        }
    }

    fn head(&mut self, bytes: &[u8], searched: usize) -> Result<usize, Stop> {
        // Empty lines before a request are skipped (RFC 9112, 2.2).
        if bytes.starts_with(b"\r\n") && self.blanks < BLANK_LINES {
            self.blanks += 1;
            self.phase = Phase::Head { searched: 0 };
            return Ok(2);
        }
        let from = searched.saturating_sub(3);
        let tail = bytes.get(from..).unwrap_or_default();
        let ends = |line: &usize| {
            tail.get(..=*line)
                .is_some_and(|head| head.ends_with(b"\r\n\r\n"))
        };
        let Some(end) = memchr_iter(b'\n', tail).find(ends) else {
            // Without this, a client that ends lines with LF alone would wait for its answer.
            let bare = |pair: &[u8]| pair[1] == b'\n' && pair[0] != b'\r';
            if bytes.starts_with(b"\n") || tail.windows(2).any(bare) {
                return Err(Stop::Head(self.heads, Fault::Malformed));
            }
            if bytes.len() > HEAD_BYTES {
                return Err(Stop::Head(self.heads, Fault::TooLarge));
            }
            self.phase = Phase::Head {
                searched: bytes.len(),
            };
            return Ok(0);
        };
        let length = from + end + 1;
        let head = bytes.get(..length).unwrap_or_default();
        let follows = judge(head).map_err(|fault| Stop::Head(self.heads, fault))?;
        self.heads += 1;
        self.trailers = 0;
        self.blanks = 0;
        self.upgrade = follows.upgrade;
        match follows.body {
            BodyLength::Sized(0) => self.end(),
            BodyLength::Sized(left) => self.phase = Phase::Sized(left),
            BodyLength::Chunked => self.phase = Phase::ChunkSize,
        }
        Ok(length)
    }

    fn end(&mut self) {
        self.phase = if self.upgrade {
            Phase::Undecided
        } else {
            Phase::Head { searched: 0 }
        };
    }

    fn sized(&mut self, bytes: &[u8], left: u64) -> usize {
        let (passed, left) = within(bytes, left);
        self.phase = Phase::Sized(left);
        if left == 0 {
            self.end();
        }
        passed
    }

    fn chunk_size(&mut self, bytes: &[u8]) -> Result<usize, Stop> {
        let Some(line) = line(bytes)? else {
            return Ok(0);
        };
        let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let (size, extension) = line.split_at(digits);
        let fine = extension.first().is_none_or(|b| *b == b';')
            && extension.iter().all(|b| *b == b'\t' || *b >= b' ');
        let size = std::str::from_utf8(size)
            .ok()
            .and_then(|text| u64::from_str_radix(text, 16).ok())
            // Room for the CR LF, and nothing any server would take anyway.
            .filter(|size| fine && *size <= u64::MAX / 4)
            .ok_or(Stop::Body)?;
        self.phase = if size == 0 {
            Phase::Trailers
        } else {
            Phase::Chunk(size + 2)
        };
        Ok(line.len() + 2)
    }

    fn chunk(&mut self, bytes: &[u8], left: u64) -> Result<usize, Stop> {
        if left > 2 {
            let (passed, rest) = within(bytes, left - 2);
            self.phase = Phase::Chunk(rest + 2);
            return Ok(passed);
        }
        match bytes {
            [b'\r', b'\n', ..] => {
                self.phase = Phase::ChunkSize;
                Ok(2)
            }
            [b'\r'] => Ok(0),
            _other => Err(Stop::Body),
        }
    }

    fn trailer(&mut self, bytes: &[u8]) -> Result<usize, Stop> {
        let Some(line) = line(bytes)? else {
            return Ok(0);
        };
        self.trailers += line.len() + 2;
        let fine = line.iter().all(|b| *b == b'\t' || *b >= b' ');
        if !fine || self.trailers > TRAILER_BYTES {
            return Err(Stop::Body);
        }
        if line.is_empty() {
            self.end();
        }
        Ok(line.len() + 2)
    }
}

/// How many of `bytes` lie before an end that is `left` away, and what is left then.
fn within(bytes: &[u8], left: u64) -> (usize, u64) {
    let passed = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
    let passed_wide = u64::try_from(passed).unwrap_or(left);
    (passed, left - passed_wide)
}

/// The first whole line, without its CR LF; none if it has not come whole.
fn line(bytes: &[u8]) -> Result<Option<&[u8]>, Stop> {
    match bytes.iter().position(|b| *b == b'\n') {
        Some(end) => {
            let line = bytes.get(..end).unwrap_or_default();
            // A bare LF, or a CR inside, is where two readers part.
            let line = line.strip_suffix(b"\r").ok_or(Stop::Body)?;
            if line.contains(&b'\r') || line.len() > CHUNK_LINE {
                return Err(Stop::Body);
            }
            Ok(Some(line))
        }
        None if bytes.len() > CHUNK_LINE => Err(Stop::Body),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `text` in pieces of `step` bytes; what passed, and how it stopped.
    fn fed(text: &str, step: usize) -> (Framing, usize, Option<Stop>) {
        let mut framing = Framing::new();
        let mut passed = 0;
        let mut come = 0;
        while come < text.len() {
            come = (come + step).min(text.len());
            loop {
                match framing.advance(&text.as_bytes()[passed..come]) {
                    Ok(0) => break,
                    Ok(more) => passed += more,
                    Err(stop) => return (framing, passed, Some(stop)),
                }
            }
        }
        (framing, passed, None)
    }

    const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
        5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n";

    #[test]
    fn requests_in_a_row_pass_whole_however_they_are_cut() {
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nGET ";
        let text = format!("{GET}{CHUNKED}\r\n{post}{GET}");
        for step in 1..text.len() {
            let (framing, passed, stop) = fed(&text, step);
            assert_eq!((passed, stop), (text.len(), None), "step {step}");
            assert_eq!(framing.heads(), 4);
            assert_eq!(framing.stage(), Stage::Head);
        }
    }

    #[test]
    fn half_a_head_does_not_pass() {
        let most = GET.strip_suffix('\n').expect("a line");
        let (_, passed, stop) = fed(most, 3);
        assert_eq!((passed, stop), (0, None));
    }

    #[test]
    fn lines_ended_by_a_bare_lf_are_refused_at_once() {
        for text in [
            "GET / HTTP/1.1\nHost",
            "\nGET",
            "GET / HTTP/1.1\r\nHost: a\n",
        ] {
            for step in 1..=text.len() {
                let (_, _, stop) = fed(text, step);
                assert_eq!(stop, Some(Stop::Head(0, Fault::Malformed)), "{text:?}");
            }
        }
        let (_, _, stop) = fed(&"\r\n".repeat(20), 3);
        assert_eq!(stop, Some(Stop::Head(0, Fault::Malformed)));
    }

    #[test]
    fn a_bad_head_stops_with_its_number() {
        let text = format!("{GET}GET / HTTP/1.1\nHost: a\n\n\r\n\r\n{GET}");
        for step in 1..text.len() {
            let (_, passed, stop) = fed(&text, step);
            assert_eq!(passed, GET.len());
            assert_eq!(stop, Some(Stop::Head(1, Fault::Malformed)), "step {step}");
        }
    }

    #[test]
    fn chunks_that_two_readers_would_cut_differently_stop() {
        let start = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        for bad in [
            "5\nhello\r\n0\r\n\r\n",
            "5\r\nhelloX\r\n0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "-5\r\nhello\r\n0\r\n\r\n",
            " 5\r\nhello\r\n0\r\n\r\n",
            "5 \r\nhello\r\n0\r\n\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            "ffffffffffffffff\r\n",
            "fffffffffffffffffffff\r\n",
            "\r\n",
            "5;a\rb\r\nhello\r\n0\r\n\r\n",
            "0\r\nX: y\n\r\n",
        ] {
            let text = format!("{start}{bad}");
            for step in [1, 2, 7, text.len()] {
                let (_, _, stop) = fed(&text, step);
                assert_eq!(stop, Some(Stop::Body), "{bad:?} by {step}");
            }
        }
    }

    #[test]
    fn nothing_passes_after_an_upgrade_until_it_is_decided() {
        let ask = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n";
        let text = format!("{ask}GET /smuggled");
        let (mut framing, passed, stop) = fed(&text, 5);
        assert_eq!((passed, stop), (ask.len(), None));
        assert_eq!(framing.stage(), Stage::Undecided);
        framing.decide(true);
        assert_eq!(framing.advance(b"\x81\x05hello"), Ok(7));
        let (mut framing, _, _) = fed(&text, 5);
        framing.decide(false);
        assert_eq!(framing.advance(b"GET /smuggled"), Ok(0));
        assert_eq!(framing.stage(), Stage::Head);
    }
}
