//! Frames: a length of four bytes, little-endian, then that much JSON.

use std::fmt;

use serde::Serialize;

/// Longest message, in bytes. A table of a thousand services is about one megabyte.
pub const MAX_FRAME: u32 = 16 * 1024 * 1024;

/// Why bytes are no frame.
#[derive(Debug)]
pub enum BadFrame {
    /// Longer than [`MAX_FRAME`]; holds the length.
    TooLong(usize),
    /// Not JSON of the expected shape; holds the parser's words.
    Malformed(String),
}

impl fmt::Display for BadFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(length) => {
                write!(
                    f,
                    "a message of {length} bytes is over the limit of {MAX_FRAME}"
                )
            }
            Self::Malformed(what) => write!(f, "a message could not be read: {what}"),
        }
    }
}

impl std::error::Error for BadFrame {}

/// A whole frame for `message`: length and JSON.
///
/// # Errors
/// [`BadFrame::TooLong`] over [`MAX_FRAME`].
pub fn encode<M: Serialize>(message: &M) -> Result<Vec<u8>, BadFrame> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message).map_err(|e| BadFrame::Malformed(e.to_string()))?;
    let length = bytes.len() - 4;
    match u32::try_from(length) {
        Ok(small) if small <= MAX_FRAME => {
            bytes[..4].copy_from_slice(&small.to_le_bytes());
            Ok(bytes)
        }
        Ok(_) | Err(_) => Err(BadFrame::TooLong(length)),
    }
}

/// The length that the first four bytes announce.
///
/// # Errors
/// [`BadFrame::TooLong`] over [`MAX_FRAME`]: stop reading, the peer is not one of ours.
pub fn decode_length(header: [u8; 4]) -> Result<usize, BadFrame> {
    let length = u32::from_le_bytes(header);
    let size = usize::try_from(length).unwrap_or(usize::MAX);
    if length > MAX_FRAME {
        Err(BadFrame::TooLong(size))
    } else {
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RouterRequest, ShimReply, ShimRequest};
    use windlass_model::Epoch;

    #[test]
    fn a_frame_is_its_length_and_its_json() {
        let bytes = encode(&RouterRequest::Hello { epoch: Epoch(7) }).expect("short enough");
        let (header, body) = bytes.split_at(4);
        let header: [u8; 4] = header.try_into().expect("four bytes");
        assert_eq!(decode_length(header).expect("ours"), body.len());
        assert_eq!(body, br#"{"hello":{"epoch":7}}"#);
        let back: RouterRequest = serde_json::from_slice(body).expect("the same request");
        assert_eq!(back, RouterRequest::Hello { epoch: Epoch(7) });
    }

    #[test]
    fn a_length_that_no_peer_of_ours_sends_ends_the_reading() {
        assert!(decode_length(MAX_FRAME.to_le_bytes()).is_ok());
        assert!(matches!(
            decode_length([0xff; 4]),
            Err(BadFrame::TooLong(_))
        ));
        let huge = "x".repeat(usize::try_from(MAX_FRAME).expect("fits"));
        assert!(matches!(encode(&huge), Err(BadFrame::TooLong(_))));
    }

    #[test]
    fn what_a_newer_peer_adds_to_a_message_is_passed_over() {
        let newer = r#"{"keep":{"epoch":3,"restart":"back_off","since":"later"}}"#;
        let read: ShimRequest = serde_json::from_str(newer).expect("an older reader");
        assert!(matches!(
            read,
            ShimRequest::Keep {
                epoch: Epoch(3),
                ..
            }
        ));
        assert!(
            serde_json::from_str::<ShimReply>(r#"{"sung":{}}"#).is_err(),
            "no message of ours"
        );
    }
}
