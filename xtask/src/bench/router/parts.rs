//! The parts of the bench, in the order in which they run.

use crate::bench::registry::{Bench, Part};
use crate::bench::router::{
    dead, drain, effect, features, flip, flood, foot, multiplexed, paced, pause, polled, proxy,
    secure, sockets, upgrade,
};

/// The bench of the data plane.
pub(crate) const BENCH: Bench = Bench {
    name: "router",
    about: "the data plane beside HAProxy, nginx, Caddy and the bare origin, in turns",
    parts: &[
        Part::new("foot", foot::part),
        Part::new("proxy", proxy::part),
        Part::new("features", features::part),
        Part::new("secure", secure::part),
        Part::new("multiplexed", multiplexed::part),
        Part::new("sockets", sockets::part),
        Part::new("paced", paced::part),
        Part::new("flip", flip::part),
        Part::new("effect", effect::part),
        Part::new("drain", drain::part),
        Part::new("pause", pause::part),
        Part::new("upgrade", upgrade::part),
        Part::new("dead", dead::with_controller),
        Part::new("dead_alone", dead::alone),
        Part::new("hang", polled::hang),
        Part::new("worse", polled::errors),
        Part::new("flood", flood::part),
    ],
};
