//! What a router which does not run has heard, and whether it has anything to serve: its table
//! remembers both.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use windlass_control::{ObservedConnections, ObservedTable, RouterBoot, RouterProgram};
use windlass_edge::{EdgeError, ErrorKind, Retry};
use windlass_model::{Epoch, Millis};

/// The router's table in its folder.
const TABLE: &str = "table.json";

/// Longest table that is read, in bytes; a router takes up no longer one.
const LONGEST: u64 = 256 * 1024 * 1024;

/// The part that matters here, whatever format the rest has.
#[derive(Deserialize)]
struct Heard {
    epoch: Epoch,
}

/// The part that says whether anything is served.
#[derive(Deserialize)]
struct Rest {
    epoch: Epoch,
    services: BTreeMap<String, Value>,
}

/// The highest epoch in a router's state folder: that of its table, of the second one, and the one that is kept
/// beside both for when they are damaged. What is damaged says nothing: the router refuses it too.
///
/// # Errors
/// `Unreachable` when one of them is there and can't be read.
pub(super) fn on_disk(state: &Path) -> Result<Option<Epoch>, EdgeError> {
    let mut highest = Epoch::default();
    for name in [TABLE, "table.second.json", "epoch.json"] {
        let path = state.join(name);
        let Some(bytes) = kept(&path)? else {
            continue;
        };
        let heard = intact(&bytes).and_then(|json| serde_json::from_slice(json).ok());
        match heard {
            Some(Heard { epoch }) => highest = highest.max(epoch),
            None => {
                tracing::error!(table.path = %path.display(), "a file of the router is damaged; it says nothing");
            }
        }
    }
    Ok(spoken(highest))
}

/// What a router that was started on this folder would show, if that is nothing: it left a table
/// without a route, or none. Of a damaged table nobody knows.
///
/// # Errors
/// The same.
pub(super) fn at_rest(state: &Path) -> Result<Option<ObservedTable>, EdgeError> {
    let nothing = |epoch| ObservedTable {
        boot: RouterBoot(String::new()),
        epoch,
        services: BTreeMap::new(),
        trips: Vec::new(),
        alone: false,
        connections: ObservedConnections::default(),
        // It would be started by who asks.
        program: RouterProgram::own(),
        damaged: None,
        unkept: None,
    };
    let heard = on_disk(state)?.unwrap_or_default();
    let Some(bytes) = kept(&state.join(TABLE))? else {
        return Ok(Some(nothing(heard)));
    };
    let rest: Option<Rest> = intact(&bytes).and_then(|json| serde_json::from_slice(json).ok());
    let rest = rest.filter(|rest| rest.services.is_empty());
    Ok(rest.map(|rest| nothing(heard.max(rest.epoch))))
}

/// What a file of the router holds; none where there is none.
fn kept(path: &Path) -> Result<Option<Vec<u8>>, EdgeError> {
    match read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => {
            let what = format!("the router's file {} can't be read", path.display());
            let retry = Retry::After(Millis::from_secs(1));
            Err(EdgeError::new(ErrorKind::Unreachable, retry, what).because(why))
        }
    }
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

/// The rest of a file whose first line is its SHA-256.
fn intact(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (checksum, rest) = bytes.split_at_checked(end)?;
    let json = rest.get(1..)?;
    (checksum == HEXLOWER.encode(&Sha256::digest(json)).as_bytes()).then_some(json)
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
        let put = |name: &str, json: &str| {
            std::fs::write(folder.path().join(name), written(json)).expect("written");
        };
        put("epoch.json", r#"{"epoch":9}"#);
        assert_eq!(said(), Some(Epoch(9)), "kept beside a damaged table");
        put(
            "table.second.json",
            r#"{"format":1,"epoch":10,"services":{}}"#,
        );
        assert_eq!(said(), Some(Epoch(10)), "the highest counts");
    }

    #[test]
    fn a_table_without_a_route_is_at_rest_and_a_damaged_one_is_not_known_to_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let epoch = || {
            let table = at_rest(folder.path()).expect("readable");
            table.map(|table| table.epoch)
        };
        assert_eq!(epoch(), Some(Epoch::default()), "there is no table");
        let put = |json: &str| {
            std::fs::write(folder.path().join("table.json"), written(json)).expect("written");
        };
        put(r#"{"format":1,"epoch":7,"services":{}}"#);
        assert_eq!(epoch(), Some(Epoch(7)));
        put(r#"{"format":1,"epoch":7,"services":{"shop/default/web":{"any":1}}}"#);
        assert_eq!(epoch(), None, "it has something to serve");
        put(r#"{"format":99,"epoch":8,"ways":{}}"#);
        assert_eq!(epoch(), None, "of a later Windlass");
        std::fs::write(folder.path().join("table.json"), "no table").expect("written");
        assert_eq!(epoch(), None, "damaged");
    }
}
