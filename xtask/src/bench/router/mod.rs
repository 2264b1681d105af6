//! `router`: the data plane beside HAProxy, nginx, Caddy and the bare origin, all on loopback, all
//! with the same two origins, in turns.
//!
//! | module | holds |
//! |---|---|
//! | `bed` | the origins and every proxy in front of them, started and ended |
//! | `anchors` | how the other proxies are started: their files lie beside |
//! | `ours` | how our router is started and told its table |
//! | `control` | the controller's side of its socket |
//! | `wrk`, `h2load` | the closed-loop loads |
//! | `runtime` | what a switch is with HAProxy |
//! | `streams` | the even load over HTTP/2 |
//! | `heirs` | the routers that took another one's place, ended |
//! | `name`, `long` | clients that ask which origin they meet, and for an answer that takes its time |
//! | `turns` | whoever is measured has its turn in each round |
//! | `pairs` | figures judged round by round |
//! | `cpu` | what a process has used, from the scheduler |
//! | `foot`, `proxy`, `features`, `secure`, `multiplexed`, `sockets`, `paced`, `flip`, `drain`, `pause`, `upgrade`, `dead`, `flood` | the parts |

mod anchors;
mod bed;
mod control;
mod cpu;
mod dead;
mod drain;
mod features;
mod flip;
mod flood;
mod foot;
mod h2load;
mod heirs;
mod long;
mod multiplexed;
mod name;
mod ours;
mod paced;
mod pairs;
mod parts;
mod pause;
mod proxy;
mod runtime;
mod secure;
mod sockets;
mod streams;
mod turns;
mod upgrade;
mod wrk;

pub(crate) use parts::BENCH;
