//! The highest epoch that a router which does not run has heard: its table remembers it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use windlass_edge::{EdgeError, ErrorKind, Retry};
use windlass_model::{Epoch, Millis};

/// Longest table that is read, in bytes; a router takes up no longer one.
const LONGEST: u64 = 256 * 1024 * 1024;

/// The part that matters here, whatever format the rest has.
#[derive(Deserialize)]
struct Heard {
    epoch: Epoch,
}

/// What the table in a router's state folder says; none without one. A damaged table says nothing:
/// the router refuses it too, and starts empty.
///
/// # Errors
/// `Unreachable` when it is there and can't be read.
pub(super) fn on_disk(state: &Path) -> Result<Option<Epoch>, EdgeError> {
    let path = state.join("table.json");
    let bytes = match read(&path) {
        Ok(bytes) => bytes,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(why) => {
            let what = format!("the router's table {} can't be read", path.display());
            let retry = Retry::After(Millis::from_secs(1));
            return Err(EdgeError::new(ErrorKind::Unreachable, retry, what).because(why));
        }
    };
    let heard = epoch(&bytes);
    if heard.is_none() {
        tracing::error!(table.path = %path.display(), "the router's table is damaged; it says nothing");
    }
    Ok(heard.and_then(spoken))
}

/// An epoch that somebody said: a router to which nobody ever spoke has the one before all.
pub(super) fn spoken(epoch: Epoch) -> Option<Epoch> {
    (epoch > Epoch::default()).then_some(epoch)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Of a file whose first line is the SHA-256 of the rest.
fn epoch(bytes: &[u8]) -> Option<Epoch> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (checksum, rest) = bytes.split_at_checked(end)?;
    let json = rest.get(1..)?;
    let intact = checksum == HEXLOWER.encode(&Sha256::digest(json)).as_bytes();
    let heard: Heard = intact.then(|| serde_json::from_slice(json).ok())??;
    Some(heard.epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(json: &str) -> Vec<u8> {
        let sum = HEXLOWER.encode(&Sha256::digest(json.as_bytes()));
        format!("{sum}\n{json}").into_bytes()
    }

    #[test]
    fn only_an_intact_table_says_what_was_heard() {
        let folder = tempfile::tempdir().expect("a folder");
        let said = || on_disk(folder.path()).expect("readable");
        assert_eq!(said(), None, "there is no table");
        let put = |bytes: &[u8]| {
            std::fs::write(folder.path().join("table.json"), bytes).expect("written");
        };
        let whole = written(r#"{"format":1,"epoch":7,"services":{}}"#);
        put(&whole);
        assert_eq!(said(), Some(Epoch(7)));
        put(&written(r#"{"format":99,"epoch":8,"ways":{}}"#));
        assert_eq!(said(), Some(Epoch(8)), "of a later Windlass");
        put(&written(r#"{"format":1,"epoch":0,"services":{}}"#));
        assert_eq!(said(), None, "nobody ever spoke");
        let mut flipped = whole.clone();
        flipped[80] ^= 1;
        for damaged in [&flipped[..], &whole[..90], b"", b"\n"] {
            put(damaged);
            assert_eq!(said(), None);
        }
    }
}
