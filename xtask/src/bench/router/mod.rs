//! `router`: the data plane beside HAProxy, nginx, Caddy and the bare origin, all on loopback, all
//! with the same two origins, in turns.
//!
//! | module | holds |
//! |---|---|
//! | `bed` | the origins and every proxy in front of them, started and ended |
//! | `anchors` | how the other proxies are started: their files lie beside |
//! | `ours` | how our router is started and told its table |
//! | `control` | the controller's side of its socket |
//! | `wrk`, `name` | the closed-loop load, and a client that asks which origin it meets |
//! | `pairs` | figures judged round by round |
//! | `cpu` | what a process has used, from the scheduler |
//! | `proxy`, `secure`, `paced`, `flip`, `pause`, `flood`, `foot` | the parts |

mod anchors;
mod bed;
mod control;
mod cpu;
mod flip;
mod flood;
mod foot;
mod name;
mod ours;
mod paced;
mod pairs;
mod parts;
mod pause;
mod proxy;
mod secure;
mod wrk;

pub(crate) use parts::BENCH;
