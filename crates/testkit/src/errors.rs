//! What the fakes say when they can't.

use windlass_edge::{EdgeError, ErrorKind, Retry};

fn error(kind: ErrorKind, retry: Retry, what: impl Into<String>) -> EdgeError {
    EdgeError::new(kind, retry, what)
}

pub(crate) fn unreachable(what: impl Into<String>) -> EdgeError {
    error(ErrorKind::Unreachable, Retry::Now, what)
}

pub(crate) fn timeout(what: impl Into<String>) -> EdgeError {
    error(ErrorKind::Timeout, Retry::Now, what)
}

pub(crate) fn refused(what: impl Into<String>) -> EdgeError {
    error(ErrorKind::Refused, Retry::Never, what)
}

pub(crate) fn rejected(what: impl Into<String>) -> EdgeError {
    error(ErrorKind::Rejected, Retry::Never, what)
}

pub(crate) fn conflict(what: impl Into<String>) -> EdgeError {
    error(ErrorKind::Conflict, Retry::Never, what)
}

pub(crate) fn halted(what: impl Into<String>) -> EdgeError {
    error(ErrorKind::Halted, Retry::Now, what)
}
