//! Why nothing was said to the router.

use windlass_edge::{EdgeError, ErrorKind, Retry};
use windlass_model::Epoch;

pub(super) fn lost(heard: Epoch, own: Epoch) -> EdgeError {
    let what = format!(
        "the router has heard a controller of epoch {heard}, and this one's is {own}: it was \
         overtaken, or its journal is lost or older"
    );
    EdgeError::new(ErrorKind::Refused, Retry::Never, what)
}

/// Whoever still asks, while the controller ends, must not bring the router back.
pub(super) fn told_to_end() -> EdgeError {
    let what = "the router was told to end";
    EdgeError::new(ErrorKind::Unreachable, Retry::Never, what)
}

pub(super) fn unconnected() -> EdgeError {
    let what = "the connection to the router broke";
    EdgeError::new(ErrorKind::Unreachable, Retry::Now, what)
}
