//! The parts of the bench, in the order in which they run.

use crate::bench::registry::Bench;
use crate::bench::router::{
    dead, drain, flip, flood, foot, multiplexed, paced, pause, proxy, secure, sockets,
};

/// The bench of the data plane.
pub(crate) const BENCH: Bench = Bench {
    name: "router",
    about: "the data plane beside HAProxy, nginx, Caddy and the bare origin, in turns",
    parts: &[
        foot::part,
        proxy::part,
        secure::part,
        multiplexed::part,
        sockets::part,
        paced::part,
        flip::part,
        drain::part,
        pause::part,
        dead::with_controller,
        dead::alone,
        flood::part,
    ],
};
