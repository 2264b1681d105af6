//! The parts of the bench, in the order in which they run.

use crate::bench::registry::{Bench, Part};
use crate::bench::spine::{deploy_loop, journal, memory, overhead, plan, size, start_up};

/// The bench of the spine.
pub(crate) const BENCH: Bench = Bench {
    name: "spine",
    about: "size, start-up, memory, journal, plans, overhead, and two hundred deployments in a row",
    parts: &[
        Part::new("size", size::rows),
        Part::new("start_up", start_up::rows),
        Part::new("memory", memory::rows),
        Part::new("journal", journal::rows),
        Part::new("plan", plan::rows),
        Part::new("overhead", overhead::rows),
        Part::new("deploy_loop", deploy_loop::rows),
    ],
};
