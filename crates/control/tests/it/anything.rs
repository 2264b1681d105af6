//! Whatever bytes come from a peer, they are read or refused. Also what `fuzz/` runs.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use windlass_control::{
    RouterReply, RouterRequest, ShimReply, ShimRequest, ShimSpec, ShimStatus, Table, Tick,
    decode_length, encode,
};

/// Whether bytes are a message of some kind.
type IsRead = fn(&[u8]) -> bool;

/// What a message may be, by the name of its corpus.
pub(crate) const KINDS: [(&str, IsRead); 8] = [
    ("router-request", is_read::<RouterRequest>),
    ("router-reply", is_read::<RouterReply>),
    ("shim-request", is_read::<ShimRequest>),
    ("shim-reply", is_read::<ShimReply>),
    ("shim-spec", is_read::<ShimSpec>),
    ("shim-status", is_read::<ShimStatus>),
    ("table", is_read::<Table>),
    ("ticks", are_ticks),
];

/// Reads bytes as a stream of frames of every kind. May never panic but for a broken promise.
pub(crate) fn read_anything(mut bytes: &[u8]) {
    while let Some((header, rest)) = bytes.split_first_chunk::<4>() {
        let Ok(length) = decode_length(*header) else {
            return;
        };
        let Some((message, rest)) = rest.split_at_checked(length) else {
            return;
        };
        for (_, read) in KINDS {
            read(message);
        }
        bytes = rest;
    }
}

/// Whether bytes are a message of this kind: one that is can be sent on, and is the same then.
fn is_read<M: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> bool {
    let Ok(message) = serde_json::from_slice::<M>(bytes) else {
        return false;
    };
    let frame = encode(&message).expect("it is no longer than what was read");
    let again = serde_json::from_slice::<M>(&frame[4..]).expect("what we write can be read");
    assert_eq!(again, message);
    true
}

/// Figures of any size can be added up.
fn are_ticks(bytes: &[u8]) -> bool {
    let Ok(ticks) = serde_json::from_slice::<Vec<Tick>>(bytes) else {
        return false;
    };
    let counts = ticks
        .iter()
        .flat_map(|tick| tick.services.values().flatten());
    let sum = counts.fold(0_u64, |sum, counts| sum.saturating_add(counts.answered()));
    let largest = ticks
        .iter()
        .flat_map(|tick| tick.services.values().flatten());
    let largest = largest.flat_map(|counts| counts.answers).max();
    assert!(largest.is_none_or(|largest| sum >= largest));
    true
}
