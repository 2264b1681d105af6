//! Whatever bytes come as a body, they are read or refused. Also what `fuzz/` runs.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use windlass_api::{
    AdoptRequest, CheckRequest, CommandRequest, DeployRequest, DownRequest, FileRequest,
    FinalizeRequest, RemoveRequest, RepairRequest, ReportRequest, RollbackRequest, TokenRequest,
};

/// Whether bytes are a body of some kind.
type IsRead = fn(&[u8]) -> bool;

/// What a body may be, by the path that it is sent to.
pub(crate) const KINDS: [(&str, IsRead); 12] = [
    ("adoptions", is_read::<AdoptRequest>),
    ("checks", is_read::<CheckRequest>),
    ("commands", is_read::<CommandRequest>),
    ("deployments", is_read::<DeployRequest>),
    ("down", is_read::<DownRequest>),
    ("finalize", is_read::<FinalizeRequest>),
    ("plans", is_read::<FileRequest>),
    ("removals", is_read::<RemoveRequest>),
    ("repair", is_read::<RepairRequest>),
    ("reports", is_read::<ReportRequest>),
    ("rollbacks", is_read::<RollbackRequest>),
    ("tokens", is_read::<TokenRequest>),
];

/// Reads bytes as a body of every kind. May never panic but for a broken promise.
pub(crate) fn read_anything(bytes: &[u8]) {
    for (_, read) in KINDS {
        read(bytes);
    }
}

/// Whether bytes are a body of this kind: one that is can be sent on, and is the same then.
fn is_read<B: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<B>(bytes) else {
        return false;
    };
    let written = serde_json::to_vec(&body).expect("plain data");
    let again = serde_json::from_slice::<B>(&written).expect("what we write can be read");
    assert_eq!(again, body);
    true
}
