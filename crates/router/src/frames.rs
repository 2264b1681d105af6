//! Where one WebSocket frame ends and the next begins (RFC 6455, 5.2).

use hyper::HeaderMap;
use hyper::header::UPGRADE;

/// Says that whoever sends it is going away: a close frame with status 1001, as servers send it.
pub(crate) const GOING_AWAY: [u8; 4] = [0x88, 0x02, 0x03, 0xe9];

/// The most bytes before a frame's payload.
const HEAD: usize = 14;

/// Frames as they pass, of which nothing is kept.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    head: [u8; HEAD],
    /// Bytes of a head that is not whole yet.
    got: usize,
    /// Bytes of the payload that are to come.
    left: u64,
    /// Whoever sends these has closed.
    closed: bool,
}

/// To be told what follows the head of a 101; none if that is no WebSocket.
pub(crate) fn of(switched: &HeaderMap) -> Option<Frames> {
    let to = switched.get(UPGRADE)?;
    to.as_bytes()
        .eq_ignore_ascii_case(b"websocket")
        .then(Frames::default)
}

impl Frames {
    /// Notes what has passed.
    pub(crate) fn passed(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let here = usize::try_from(self.left).map_or(bytes.len(), |l| l.min(bytes.len()));
                self.left -= here as u64;
                bytes = &bytes[here..];
                continue;
            }
            self.head[self.got] = *first;
            self.got += 1;
            bytes = rest;
            if let Some(length) = payload(&self.head[..self.got]) {
                self.closed |= self.head[0] & 0x0f == 0x8;
                (self.got, self.left) = (0, length);
            }
        }
    }

    /// Whether a close frame may come next: between two frames, and after no other.
    pub(crate) fn may_close(&self) -> bool {
        self.got == 0 && self.left == 0 && !self.closed
    }
}

/// How many bytes follow a frame's head, once it is whole.
fn payload(head: &[u8]) -> Option<u64> {
    let short = u64::from(head.get(1)? & 0x7f);
    let masked = head.get(1)? & 0x80 != 0;
    let long = match short {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let long = head.get(2..2 + long)?;
    let whole = head.len() == 2 + long.len() + if masked { 4 } else { 0 };
    let length = if long.is_empty() {
        short
    } else {
        long.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    };
    whole.then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text frame with so many bytes in it, in the given form of its length.
    fn frame(length: &[u8], payload: usize) -> Vec<u8> {
        let mut frame = vec![0x81];
        frame.extend(length);
        frame.resize(frame.len() + payload, b'x');
        frame
    }

    #[test]
    fn every_form_of_frame_ends_where_it_ends_however_it_is_sliced() {
        let all = [
            frame(&[0], 0),
            frame(&[5], 5),
            frame(&[0x80 | 5, 1, 2, 3, 4], 5),
            frame(&[126, 1, 0], 256),
            frame(&[127, 0, 0, 0, 0, 0, 1, 0, 0], 65_536),
            frame(&[0x80 | 0x7e, 0, 200, 1, 2, 3, 4], 200),
        ];
        for slice in [1, 2, 3, 7, 4_096, usize::MAX] {
            let mut frames = Frames::default();
            for frame in &all {
                let (last, most) = frame.split_last().expect("a frame");
                for part in most.chunks(slice.min(most.len())) {
                    frames.passed(part);
                    assert!(!frames.may_close(), "inside {:?}", &frame[..2]);
                }
                frames.passed(&[*last]);
                assert!(frames.may_close(), "after {:?}", &frame[..2]);
            }
        }
        let mut frames = Frames::default();
        frames.passed(&all.concat());
        assert!(frames.may_close());
    }

    #[test]
    fn no_length_overflows() {
        let mut frames = Frames::default();
        let mut longest = frame(&[127], 0);
        longest.extend([0xff; 8]);
        frames.passed(&longest);
        frames.passed(&[0; 4_096]);
        assert!(!frames.may_close());
    }

    #[test]
    fn nobody_closes_twice_and_only_a_websocket_has_frames() {
        let mut frames = Frames::default();
        frames.passed(&GOING_AWAY);
        assert!(!frames.may_close());
        let switched = |to: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(UPGRADE, to.parse().expect("a value"));
            of(&headers).is_some()
        };
        assert!(switched("WebSocket") && !switched("chat") && of(&HeaderMap::new()).is_none());
    }
}
