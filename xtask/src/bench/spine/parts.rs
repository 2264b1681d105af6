//! The parts of the bench, in the order in which they run.

use crate::bench::registry::Bench;
use crate::bench::spine::{size, start_up};

/// The bench of the spine.
pub(crate) const BENCH: Bench = Bench {
    name: "spine",
    about: "size and start-up of the binary",
    parts: &[size::rows, start_up::rows],
};
