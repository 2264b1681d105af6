//! The parts of the bench, in the order in which they run.

use crate::bench::registry::Bench;
use crate::bench::spine::{deploy_loop, journal, memory, overhead, plan, size, start_up};

/// The bench of the spine.
pub(crate) const BENCH: Bench = Bench {
    name: "spine",
    about: "size, start-up, memory, journal, plans, overhead, and two hundred deployments in a row",
    parts: &[
        size::rows,
        start_up::rows,
        memory::rows,
        journal::rows,
        plan::rows,
        overhead::rows,
        deploy_loop::rows,
    ],
};
