//! Whatever bytes come from a client, they pass or are refused, and the same of them however they are cut.
//! Also what `fuzz/` runs.

#[cfg(test)]
#[path = "../../../fuzz/damage.rs"]
pub(crate) mod damage;

use crate::framing::{Framing, Stage, Stop};

/// Pieces in which a connection may come, in bytes.
const PIECES: [usize; 2] = [1, 7];
/// Longer streams are tried whole only: one byte at a time a long head is searched very often.
const CUT_UP_TO: usize = 8 * 1024;

/// Reads bytes as a connection of HTTP/1.1. May never panic but for a broken promise.
pub(crate) fn read_anything(bytes: &[u8]) {
    let whole = pass(bytes, bytes.len().max(1));
    if bytes.len() <= CUT_UP_TO {
        for piece in PIECES {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(pass(bytes, piece), whole, "in pieces of {piece}: {text:?}");
        }
    }
}

/// How many bytes and heads pass, and why no more do.
fn pass(bytes: &[u8], piece: usize) -> (usize, u64, Option<Stop>) {
    let mut framing = Framing::new();
    let mut passed = 0;
    let mut came = 0;
    while came < bytes.len() {
        came = bytes.len().min(came + piece);
        loop {
            if framing.stage() == Stage::Undecided {
                framing.decide(false);
            }
            let rest = bytes.get(passed..came).unwrap_or_default();
            match framing.advance(rest) {
                Ok(0) => break,
                Ok(more) => passed += more,
                Err(stop) => return (passed, framing.heads(), Some(stop)),
            }
            assert!(passed <= came, "nothing passes that has not come");
        }
    }
    (passed, framing.heads(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many damaged streams are read.
    const MUTATIONS: u64 = 20_000;

    /// Streams that pass whole.
    const GOOD: [&str; 5] = [
        "GET /a?b HTTP/1.1\r\nHost: shop\r\n\r\n",
        "\r\nPOST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\n\r\nbodyGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nbody\r\n0\r\nA: b\r\n\r\n",
        "GET /chat HTTP/1.1\r\nHost: shop\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "OPTIONS * HTTP/1.0\r\nHost: [::1]:80\r\nX: \t y \r\n\r\n",
    ];

    #[test]
    fn a_good_stream_passes_whole_however_it_is_cut() {
        for good in GOOD {
            let (passed, heads, stop) = pass(good.as_bytes(), good.len());
            assert_eq!((passed, stop), (good.len(), None), "{good:?}");
            assert!(heads >= 1);
            read_anything(good.as_bytes());
        }
    }

    #[test]
    fn a_damaged_stream_passes_or_is_refused_and_the_same_however_it_is_cut() {
        let good: Vec<_> = GOOD.iter().map(|text| text.as_bytes().to_vec()).collect();
        for seed in 0..MUTATIONS {
            read_anything(&damage::damaged(&good, seed));
        }
    }
}
