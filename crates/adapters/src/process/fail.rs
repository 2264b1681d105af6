//! Failures in the border's words.

use std::io;

use windlass_control::ShimRefusal;
use windlass_edge::{EdgeError, ErrorKind, Retry};
use windlass_model::{InstanceId, Millis};

/// When a failure of the machine itself (disk, memory) may be over.
const SOON: Retry = Retry::After(Millis::from_secs(1));

/// What was asked is not valid; only a change by a person helps.
pub(super) fn rejected(what: impl Into<String>) -> EdgeError {
    EdgeError::new(ErrorKind::Rejected, Retry::Never, what)
}

/// The machine did not do it.
pub(crate) fn machine(what: impl Into<String>, source: io::Error) -> EdgeError {
    EdgeError::new(ErrorKind::Unreachable, SOON, what).because(source)
}

/// The shim is there and does not answer as it should.
pub(super) fn unreachable(what: impl Into<String>) -> EdgeError {
    EdgeError::new(ErrorKind::Unreachable, SOON, what)
}

/// No answer in time: the effect is unknown.
pub(super) fn timeout(what: impl Into<String>) -> EdgeError {
    EdgeError::new(ErrorKind::Timeout, SOON, what)
}

/// No shim lives that could be told. Asking again tells nobody either: look at the instance. One
/// that has ended can be started again; one that runs was adopted, and its end must be watched for.
pub(super) fn unkept(instance: &InstanceId) -> EdgeError {
    let what = format!("no shim keeps instance {instance} any more");
    EdgeError::new(ErrorKind::Unsupported, Retry::Never, what)
}

/// Something else has it.
pub(super) fn conflict(what: impl Into<String>) -> EdgeError {
    EdgeError::new(ErrorKind::Conflict, Retry::Now, what)
}

/// A file of ours, or an answer, that can't be read.
pub(super) fn malformed(what: impl Into<String>, source: serde_json::Error) -> EdgeError {
    EdgeError::new(ErrorKind::Malformed, Retry::Never, what).because(source)
}

/// A shim's no.
pub(super) fn refused(refusal: &ShimRefusal) -> EdgeError {
    match refusal {
        ShimRefusal::OldEpoch(newer) => EdgeError::new(
            ErrorKind::Refused,
            Retry::Never,
            format!("a newer controller has spoken: epoch {newer}"),
        ),
        ShimRefusal::Malformed(what) => EdgeError::new(
            ErrorKind::Malformed,
            Retry::Never,
            format!("the shim could not read the request: {what}"),
        ),
    }
}
