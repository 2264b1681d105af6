//! The parts of the bench, in the order in which they run.

use crate::bench::registry::Bench;
use crate::bench::router::{flip, flood, foot, paced, pause, proxy, secure};

/// The bench of the data plane.
pub(crate) const BENCH: Bench = Bench {
    name: "router",
    about: "the data plane beside HAProxy, nginx, Caddy and the bare origin, in turns",
    parts: &[
        foot::part,
        proxy::part,
        secure::part,
        paced::part,
        flip::part,
        pause::part,
        flood::part,
    ],
};
